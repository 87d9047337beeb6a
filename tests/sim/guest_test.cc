// guest_test.cc - what the guest does wrong, and where a run stopped.

#include <algorithm>
#include <gtest/gtest.h>

#include "tests/sim/machine_kit.h"

using namespace kit;

namespace
{

struct Log {
    std::vector<std::string> lines;
    static void add(void *opaque, uint64_t, const char *device,
                    const char *text)
    {
        static_cast<Log *>(opaque)->lines.push_back(std::string(device) + ": " +
                                                    text);
    }
    unsigned with(const std::string &text) const
    {
        return static_cast<unsigned>(
            std::count_if(lines.begin(), lines.end(), [&](const auto &line) {
                return line.find(text) != std::string::npos;
            }));
    }
};

// mtvec steps over the instruction that trapped (4 bytes).
const Code step_over = li(t0, 0x80000200) + Code{csrw(MTVEC, t0)};
Code with_handler(Code code)
{
    const unsigned mepc = 0x341;
    code.resize(0x200 / 4, j(0));
    return code +
           Code{csrr(t1, mepc), addi(t1, t1, 4), csrw(mepc, t1), 0x30200073};
}

std::string stop_text(Machine *m)
{
    char buf[400];
    machine_describe_stop(m, buf, sizeof(buf));
    return buf;
}

} // namespace

TEST(Guest, RefusedAccessesOncePerPlaceAndCounted)
{
    // Five loads at one pc, all over the hole; one at another.
    Code code = step_over + li(s0, 0x40000000) + li(t2, 5) +
                Code{lw(a0, 0, s0), addi(s0, s0, 4), addi(t2, t2, -1),
                     bne(t2, zero, -12), lw(a0, 0, s0)} +
                finish(0);
    Kit k(board(one_cpu), with_handler(code));
    ASSERT_EQ(k.error, "");
    Log log;
    machine_set_log(k.m, Log::add, &log);
    EXPECT_EQ(k.run().stop, MACHINE_FINISHED);
    ASSERT_EQ(log.lines.size(), 2u);
    EXPECT_EQ(
        log.lines[0],
        "cpu0: load access fault at 0x40000000: nothing is there (cpu0 pc "
        "0x8000001c in M mode: lw a0, 0(s0))");
    machine_log_counts(k.m);
    ASSERT_EQ(log.lines.size(), 3u);
    EXPECT_EQ(log.lines[2].rfind("5 times in all: cpu0: load access fault", 0),
              0u)
        << log.lines[2];
}

TEST(Guest, ADeviceThatRefusesIsNamed)
{
    Code code =
        step_over + li(s0, 0x0c000000) + Code{sb(a0, 0, s0)} + finish(0);
    Kit k(board(one_cpu,
                "  - {name: plic0, type: plic, bus: main, at: 0x0c000000}\n"),
          with_handler(code));
    ASSERT_EQ(k.error, "");
    Log log;
    machine_set_log(k.m, Log::add, &log);
    k.run();
    EXPECT_EQ(log.with("store access fault at 0xc000000: refused in plic0"),
              1u);
}

TEST(Guest, NobodyListensNothingIsKept)
{
    Code code =
        step_over + li(s0, 0x40000000) + Code{lw(a0, 0, s0)} + finish(0);
    Kit k(board(one_cpu), with_handler(code));
    EXPECT_EQ(k.run().stop, MACHINE_FINISHED);
    Log log;
    machine_set_log(k.m, Log::add, &log);
    machine_log_counts(k.m);
    EXPECT_TRUE(log.lines.empty());
}

TEST(Guest, ManyPlacesEndInOneLine)
{
    // 1100 different pcs that load from nowhere.
    Code code = step_over + li(s0, 0x40000000);
    code.resize(0x200 / 4, j(0));
    code[5] = j(0x300 - 20);
    code = with_handler(code);
    code.resize(0x300 / 4, addi(0, 0, 0));
    for (int i = 0; i < 1100; i++) {
        code.push_back(lw(a0, 0, s0));
    }
    Kit k(board(one_cpu), code + finish(0));
    Log log;
    machine_set_log(k.m, Log::add, &log);
    EXPECT_EQ(k.run().stop, MACHINE_FINISHED);
    EXPECT_EQ(log.lines.size(), 1025u);
    EXPECT_EQ(log.with("further guest errors are not reported"), 1u);
}

TEST(Guest, StoppedByALimitSaysWhere)
{
    Kit k(board(one_cpu), {addi(a0, a0, 1), j(-4)});
    MachineLimits l = {1000, UINT64_MAX, TIME_NEVER};
    machine_set_limits(k.m, &l);
    EXPECT_EQ(k.run().stop, MACHINE_LIMIT_INSNS);
    EXPECT_EQ(stop_text(k.m),
              "cpu0 at pc 0x80000000 in M mode: addi a0, a0, 1");
}

TEST(Guest, ATrapHandlerThatCannotBeFetchedIsNamedWithWhatLedThere)
{
    Kit k(board(one_cpu), li(t0, 0x40000000) + Code{csrw(MTVEC, t0), 0});
    EXPECT_EQ(k.run().stop, MACHINE_STUCK);
    EXPECT_EQ(
        stop_text(k.m),
        "traps in its trap handler, cpu0 at pc 0x40000000: instruction "
        "access fault (tval 0x40000000); before that, illegal instruction "
        "at pc 0x8000000c");
}

TEST(Guest, AsleepForGood)
{
    Kit k(board(one_cpu), {wfi, j(-4)});
    EXPECT_EQ(k.run().stop, MACHINE_STUCK);
    EXPECT_EQ(stop_text(k.m).rfind("asleep, and nothing is due", 0), 0u);
}
