// machine_debug_test.cc - a debugger in the run loop: what stops, what waits,
// and that nothing else comes of it.

#include <gtest/gtest.h>

#include "sim/machine_debug.h"
#include "tests/sim/machine_kit.h"

namespace
{

using namespace kit;

const uint64_t BASE = 0x80000000, LOOP = BASE + 20, STORE = BASE + 28;

// Each hart counts 400 in its own word; the first one ends the run.
Code counting()
{
    return Code{csrr(t0, MHARTID),   lui(s0, 0x80008000u), addi(s0, s0, 0x100),
                addi(a1, zero, 400), bne(t0, zero, 0), // see both()
                lw(a0, 0, s0),                         // LOOP
                addi(a0, a0, 1),     sw(a0, 0, s0),    // STORE
                bne(a0, a1, -12)} +
           finish(9);
}

// The loop of the second hart is behind the end of the first one's.
Code both()
{
    Code code = counting();
    const int begin = static_cast<int>(code.size());
    code[4] = bne(t0, zero, 4 * (begin - 4));
    return code + Code{lw(a0, 4, s0), addi(a0, a0, 1),
                       sw(a0, 4, s0), bne(a0, a1, -12),
                       wfi,           j(-4)};
}

struct Debugged : Kit {
    Debugged() : Kit(board(two_cpus, "quantum: 1us\n"), both())
    {
        EXPECT_EQ(error, "");
        EXPECT_TRUE(machine_debug_begin(m, nullptr));
    }
    ~Debugged() { machine_debug_end(m); }
    void breaks(std::vector<uint64_t> pcs)
    {
        EXPECT_TRUE(machine_debug_set_breaks(
            m, pcs.data(), static_cast<unsigned>(pcs.size())));
    }
    // Goes on until it stops.
    MachineDebugStop go()
    {
        machine_debug_go(m);
        stop = machine_run(m, TIME_NEVER);
        return *machine_debug_stop(m);
    }
    HartCounters counters(unsigned i)
    {
        return hart_progress(machine_hart(m, i));
    }
    MachineStop stop = MACHINE_RUNNING;
};

const uint64_t SECOND = BASE + 4 * counting().size();

TEST(MachineDebug, StopsChangeNothing)
{
    Kit alone(board(two_cpus, "quantum: 1us\n"), both());
    Outcome expected = alone.run();
    EXPECT_EQ(expected.status, 9);
    Debugged d;
    d.breaks({STORE, SECOND + 8});
    unsigned stops[2] = {0, 0};
    for (;;) {
        MachineDebugStop s = d.go();
        if (s.why == DEBUG_NONE) {
            break;
        }
        ASSERT_EQ(s.why, DEBUG_BREAK);
        ASSERT_EQ(hart_pc(machine_hart(d.m, s.hart)),
                  s.hart ? SECOND + 8 : STORE);
        stops[s.hart]++;
    }
    EXPECT_EQ(stops[0], 400u);
    EXPECT_GT(stops[1], 10u);
    EXPECT_EQ(d.outcome(d.stop), expected);
}

TEST(MachineDebug, WatchesAndStepsChangeNothing)
{
    Kit alone(board(two_cpus, "quantum: 1us\n"), both());
    Outcome expected = alone.run();
    Debugged d;
    ASSERT_TRUE(machine_debug_add_watch(d.m, 0, 0x80008104, 4, DIR_READ));
    for (unsigned i = 0; i < 5; i++) {
        MachineDebugStop s = d.go();
        ASSERT_EQ(s.why, DEBUG_WATCH);
        EXPECT_EQ(s.hart, 1u);
        EXPECT_EQ(s.address, 0x80008104u);
        EXPECT_EQ(s.initiator, nullptr);
        EXPECT_EQ(hart_pc(machine_hart(d.m, 1)), SECOND + 4); // behind it
    }
    machine_debug_clear_watches(d.m);
    machine_debug_move(d.m, 0, DEBUG_STEP, 0, 0);
    for (unsigned i = 0; i < 200; i++) {
        uint64_t before = d.counters(0).instructions;
        MachineDebugStop s = d.go();
        ASSERT_EQ(s.why, DEBUG_STEPPED);
        ASSERT_EQ(s.hart, 0u);
        ASSERT_EQ(d.counters(0).instructions, before + 1);
    }
    machine_debug_move(d.m, 0, DEBUG_RUN, 0, 0);
    EXPECT_EQ(d.go().why, DEBUG_NONE);
    EXPECT_EQ(d.outcome(d.stop), expected);
}

TEST(MachineDebug, AStepMayHaveARange)
{
    Debugged d;
    d.breaks({LOOP});
    ASSERT_EQ(d.go().why, DEBUG_BREAK);
    uint64_t before = d.counters(0).instructions;
    machine_debug_move(d.m, 0, DEBUG_STEP, LOOP, STORE);
    EXPECT_EQ(d.go().why, DEBUG_STEPPED);
    EXPECT_EQ(hart_pc(machine_hart(d.m, 0)), STORE);
    EXPECT_EQ(d.counters(0).instructions, before + 2);
    machine_debug_move(d.m, 0, DEBUG_STEP, BASE, BASE + 0x1000);
    EXPECT_EQ(d.go().why, DEBUG_BREAK); // it counts in the range, too
    EXPECT_EQ(hart_pc(machine_hart(d.m, 0)), LOOP);
}

TEST(MachineDebug, HeldHartsAreIdle)
{
    Debugged d;
    d.breaks({SECOND + 8});
    ASSERT_EQ(d.go().hart, 1u);
    HartCounters held = d.counters(1);
    // One instruction of the other: the round is not over, no time goes by.
    machine_debug_move(d.m, 1, DEBUG_HOLD, 0, 0);
    machine_debug_move(d.m, 0, DEBUG_STEP, 0, 0);
    d.breaks({});
    uint64_t time = 0;
    for (unsigned i = 0; i < 300; i++) {
        MachineDebugStop s = d.go();
        ASSERT_EQ(s.why, DEBUG_STEPPED);
        ASSERT_EQ(s.hart, 0u);
        ASSERT_GE(machine_time(d.m), time);
        time = machine_time(d.m);
    }
    HartCounters c = d.counters(1);
    EXPECT_EQ(c.instructions, held.instructions);
    EXPECT_GT(c.idle, held.idle);
    EXPECT_EQ(c.cycles - held.cycles, c.idle - held.idle);
    EXPECT_EQ(hart_pc(machine_hart(d.m, 1)), SECOND + 8);
    // They are never more than a quantum apart.
    EXPECT_LE(d.counters(0).cycles, c.cycles + 60);
    EXPECT_LE(c.cycles, d.counters(0).cycles + 60);
    machine_debug_end(d.m);
    EXPECT_EQ(d.run().status, 9);
}

TEST(MachineDebug, TheEndIsNoStop)
{
    Debugged d;
    ASSERT_TRUE(machine_debug_add_watch(d.m, 0, 0x00100000, 4, DIR_WRITE));
    d.go();
    EXPECT_EQ(d.stop, MACHINE_FINISHED);
    EXPECT_EQ(machine_exit_status(d.m), 9);
}

} // namespace
