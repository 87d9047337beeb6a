// Cycles and picoseconds: the conversions against plain division.
#include <gtest/gtest.h>
#include <random>

#include "memory/clock.h"

namespace
{

uint64_t plain_cycle_at(uint64_t ps, uint64_t period)
{
    return ps / period + (ps % period != 0);
}

TEST(Clock, AWholePeriodDividesAsDivisionDoes)
{
    std::mt19937_64 random(7);
    for (uint64_t hz : {UINT64_C(1), UINT64_C(2), UINT64_C(1000),
                        UINT64_C(32000), UINT64_C(50000000), UINT64_C(64000000),
                        UINT64_C(100000000), UINT64_C(1000000000),
                        UINT64_C(500000000000), UINT64_C(1000000000000)}) {
        ClockDomain clk;
        clock_init(&clk, "clk", hz);
        ASSERT_NE(clk.period, 0u) << hz;
        for (uint64_t ps : {UINT64_C(0), UINT64_C(1), clk.period - 1,
                            clk.period, clk.period + 1, UINT64_MAX - clk.period,
                            UINT64_MAX - 1, UINT64_MAX}) {
            ASSERT_EQ(clock_cycle_at(&clk, ps), plain_cycle_at(ps, clk.period))
                << hz << " Hz, " << ps << " ps";
        }
        for (int i = 0; i < 20000; i++) {
            uint64_t ps = random() >> random() % 64;
            uint64_t edge = ps - ps % clk.period;
            ASSERT_EQ(clock_cycle_at(&clk, ps), plain_cycle_at(ps, clk.period))
                << hz << " Hz, " << ps << " ps";
            ASSERT_EQ(clock_cycle_at(&clk, edge), edge / clk.period);
            ASSERT_EQ(clock_time(&clk, clock_cycle_at(&clk, edge)), edge);
        }
    }
}

TEST(Clock, AnyFrequencyFindsTheFirstCycleThatBeginsByThen)
{
    std::mt19937_64 random(9);
    for (uint64_t hz : {UINT64_C(3), UINT64_C(32768), UINT64_C(33333333),
                        UINT64_C(999999937)}) {
        ClockDomain clk;
        clock_init(&clk, "clk", hz);
        ASSERT_EQ(clk.period, 0u);
        for (int i = 0; i < 20000; i++) {
            uint64_t ps = random() >> (8 + random() % 56);
            uint64_t n = clock_cycle_at(&clk, ps);
            ASSERT_GE(clock_time(&clk, n), ps);
            ASSERT_TRUE(n == 0 || clock_time(&clk, n - 1) < ps)
                << hz << " Hz, " << ps << " ps";
        }
    }
}

} // namespace
