// What a programmer could learn about the timer from outside: registers, the
// interrupt wire and time. Only the oracle knows that a timer could tick.
#include <random>

#include "soc/timer.h"
#include "tests/soc/bench.h"

namespace
{

constexpr uint64_t CYCLE = 1000; // ps, of the bench's 1 GHz

struct TimerBench : Bench<Timer> {
    explicit TimerBench(uint64_t hz = 1000000000) : Bench(timer_class, hz)
    {
        watch(&model->irq);
    }
    void set(unsigned reg, uint32_t value) { write(reg * 4, value); }
    uint32_t get(unsigned reg) { return static_cast<uint32_t>(read(reg * 4)); }
};

TEST(Timer, PeriodicKeepsItsPeriodAndStops)
{
    TimerBench b;
    b.set(TIMER_LOAD, 3);
    b.set(TIMER_CTRL, 7);
    EXPECT_EQ(3u, b.get(TIMER_COUNT));
    b.run(3 * CYCLE);
    EXPECT_EQ(0u, b.get(TIMER_COUNT));
    EXPECT_EQ(0u, b.get(TIMER_STATUS));
    b.run(CYCLE);
    EXPECT_EQ(1u, b.get(TIMER_STATUS));
    EXPECT_EQ(3u, b.get(TIMER_COUNT));
    b.set(TIMER_STATUS, 1);
    b.run(10 * CYCLE); // 4 -> 14: expired at 8 and, unseen, at 12
    EXPECT_EQ(1u, b.get(TIMER_STATUS));
    EXPECT_EQ(1u, b.get(TIMER_COUNT));
    b.set(TIMER_CTRL, 4); // stop
    b.run(100 * CYCLE);
    EXPECT_EQ(1u, b.get(TIMER_COUNT));
    b.set(TIMER_STATUS, 1);
    EXPECT_EQ(" 4000:1 4000:0 8000:1 114000:0", b.scope);
}

TEST(Timer, OneShotStopsItselfAndStartsAgain)
{
    TimerBench b;
    b.set(TIMER_LOAD, 2);
    b.set(TIMER_CTRL, 5);
    b.run(10 * CYCLE);
    EXPECT_EQ(4u, b.get(TIMER_CTRL));
    EXPECT_EQ(0u, b.get(TIMER_COUNT));
    EXPECT_EQ(1u, b.get(TIMER_STATUS));
    b.set(TIMER_STATUS, 1);
    b.run(50 * CYCLE);
    EXPECT_EQ(0u, b.get(TIMER_STATUS));
    b.set(TIMER_CTRL, 5);
    b.run(3 * CYCLE);
    EXPECT_EQ(1u, b.get(TIMER_STATUS));
    EXPECT_EQ(" 3000:1 10000:0 63000:1", b.scope);
}

TEST(Timer, AForgottenPeriodicTimerCostsNothing)
{
    TimerBench b;
    b.set(TIMER_CTRL, 3); // expires every cycle
    b.run(1 * CYCLE);
    EXPECT_EQ(TIME_NEVER, event_next(&b.queue));
    b.run(1000000 * CYCLE);
    b.set(TIMER_STATUS, 1);
    EXPECT_EQ(b.now() + CYCLE, event_next(&b.queue));
}

TEST(Timer, FullPeriodOfACrookedClock)
{
    TimerBench b(3000000000u); // a cycle is 333 1/3 ps
    b.set(TIMER_LOAD, UINT32_MAX);
    b.set(TIMER_CTRL, 5);
    EXPECT_EQ(UINT32_MAX, b.get(TIMER_COUNT));
    b.run_to(1431655765332u); // floor(2^32 / 3e9 s) - 1 ps
    EXPECT_EQ("", b.scope);
    EXPECT_EQ(0u, b.get(TIMER_COUNT));
    b.run(1);
    EXPECT_EQ(" 1431655765333:1", b.scope);
}

// A timer that does tick, one cycle at a time.
struct Ticking {
    uint32_t ctrl = 0, load = 0, count = 0, status = 0;
    void tick()
    {
        if (!(ctrl & 1)) {
            return;
        }
        if (count-- != 0) {
            return;
        }
        status = 1;
        count = ctrl & 2 ? load : 0;
        ctrl &= ctrl & 2 ? 7u : 6u;
    }
    void set(unsigned reg, uint32_t value)
    {
        if (reg == TIMER_CTRL) {
            count = value & ~ctrl & 1 ? load : count;
            ctrl = value & 7;
        } else if (reg == TIMER_LOAD) {
            load = value;
        } else if (reg == TIMER_STATUS) {
            status &= ~value;
        }
    }
    uint32_t get(unsigned reg) const
    {
        const uint32_t all[] = {ctrl, load, count, status};
        return all[reg];
    }
    bool irq() const { return ctrl & 4 && status; }
};

TEST(TimerProperty, AgreesWithOneThatTicks)
{
    for (unsigned seed = 0; seed < 300; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        auto pick = [&](unsigned n) {
            return static_cast<unsigned>(rng() % n);
        };
        TimerBench b;
        Ticking model;
        for (int step = 0; step < 60; step++) {
            unsigned reg = pick(TIMER_NUM_REGS), value = pick(12);
            b.set(reg, value);
            model.set(reg, value);
            for (unsigned gap = pick(30); gap > 0; gap--) {
                b.run(CYCLE);
                model.tick();
                ASSERT_EQ(model.irq(), b.model->irq.level);
            }
            // Reading catches up, so read only now and then.
            for (unsigned r = 0; pick(2) && r < TIMER_NUM_REGS; r++) {
                ASSERT_EQ(model.get(r), b.get(r)) << "register " << r;
            }
        }
    }
}

// How time is cut into slices must not be visible to software. This is the
// property that makes the quantum a speed knob.
TEST(TimerProperty, TimeSlicesAreInvisible)
{
    for (unsigned seed = 0; seed < 300; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        auto pick = [&](unsigned n) {
            return static_cast<unsigned>(rng() % n);
        };
        TimerBench whole(700000000), sliced(700000000);
        for (int step = 0; step < 40; step++) {
            unsigned reg = pick(TIMER_NUM_REGS), value = pick(20);
            whole.set(reg, value);
            sliced.set(reg, value);
            unsigned gap = pick(50000);
            whole.run(gap);
            for (unsigned left = gap; left > 0;) {
                unsigned slice = 1 + pick(left);
                sliced.run(slice);
                left -= slice;
                sliced.get(pick(TIMER_NUM_REGS)); // looking changes nothing
            }
            for (unsigned r = 0; r < TIMER_NUM_REGS; r++) {
                ASSERT_EQ(whole.get(r), sliced.get(r)) << "register " << r;
            }
        }
        ASSERT_EQ(whole.scope, sliced.scope);
    }
}

TEST(TimerProperty, ResetForgetsEverything)
{
    TimerBench used, fresh;
    used.set(TIMER_LOAD, 9);
    used.set(TIMER_CTRL, 7);
    used.run(25 * CYCLE);
    used.reset();
    used.run(100 * CYCLE);
    for (unsigned r = 0; r < TIMER_NUM_REGS; r++) {
        EXPECT_EQ(fresh.get(r), used.get(r));
    }
    EXPECT_EQ(" 10000:1 25000:0", used.scope);
    EXPECT_EQ(TIME_NEVER, event_next(&used.queue));
}

TEST(TimerAccess, OnlyWords)
{
    TimerBench b;
    uint64_t value;
    for (unsigned size : {1u, 2u, 8u}) {
        EXPECT_EQ(static_cast<MemTxResult>(MEMTX_DECODE_ERROR),
                  b.try_read(0, size, &value));
        EXPECT_EQ(static_cast<MemTxResult>(MEMTX_DECODE_ERROR),
                  b.try_write(0, 7, size));
    }
    EXPECT_EQ(static_cast<MemTxResult>(MEMTX_DECODE_ERROR),
              b.try_write(2, 7, 4));
    EXPECT_EQ(0u, b.get(TIMER_CTRL));
    EXPECT_TRUE(b.errors.empty());
}

TEST(TimerAccess, GuestErrorsAreToldAndHarmless)
{
    TimerBench b;
    EXPECT_EQ(0u, b.read(0x10));
    EXPECT_EQ(0u, b.read(0xffc));
    b.write(0x10, 7);
    b.set(TIMER_COUNT, 7);
    ASSERT_EQ(4u, b.errors.size());
    EXPECT_EQ("no register at offset 0x10 to read", b.errors[0]);
    EXPECT_EQ("no register at offset 0x10 to write", b.errors[2]);
    EXPECT_EQ("COUNT is read-only", b.errors[3]);
    EXPECT_EQ(0u, b.get(TIMER_COUNT));
}

} // namespace
