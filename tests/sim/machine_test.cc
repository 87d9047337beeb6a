// machine_test.cc - the run loop: limits, sleep, slices, quanta, two machines.

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "sim/machine.h"
#include "tests/sim/machine_kit.h"

using namespace kit;

namespace
{

MachineLimits limits(uint64_t insns, uint64_t cycles = UINT64_MAX,
                     uint64_t time = TIME_NEVER)
{
    return {insns, cycles, time};
}

const Code forever = li(sp, 0x80000100) + Code{addi(t0, t0, 1), sw(t0, 0, sp),
                                               lw(t1, 0, sp), j(-12)};

} // namespace

// -- ends -----------------------------------------------------------------

TEST(Machine, GuestEndsTheRunWithItsStatus)
{
    for (unsigned status : {0u, 1u, 7u, 255u}) {
        Kit k(board(one_cpu), finish(status));
        ASSERT_EQ(k.error, "");
        Outcome o = k.run();
        EXPECT_EQ(o.stop, MACHINE_FINISHED);
        EXPECT_EQ(o.status, static_cast<int>(status));
        // lui addi lui addi sw, and not one more
        EXPECT_EQ(k.instructions(), 5u);
    }
}

TEST(Machine, FinishedStaysFinished)
{
    Kit k(board(one_cpu), finish(3));
    Outcome first = k.run();
    EXPECT_EQ(k.run(), first);
}

TEST(Machine, HostMayFinishToo)
{
    Kit k(board(one_cpu), forever);
    machine_finish(k.m, 9);
    machine_finish(k.m, 1); // the first counts
    Outcome o = k.run();
    EXPECT_EQ(o.stop, MACHINE_FINISHED);
    EXPECT_EQ(o.status, 9);
    EXPECT_EQ(k.instructions(), 0u);
}

TEST(Machine, ResetRequestStartsAgain)
{
    Kit k(board(one_cpu),
          li(t0, 0x00100000) + li(t1, 0x7777) + Code{sw(t1, 0, t0), j(0)});
    machine_limit_resets(k.m, 2);
    EXPECT_EQ(k.run().stop, MACHINE_LIMIT_RESETS);
    const uint64_t once = k.instructions() / 3;
    EXPECT_GE(once, 5u);
    EXPECT_LE(once, 6u) << "none behind the store";
    EXPECT_EQ(k.instructions(), 3 * once);
    EXPECT_EQ(k.run().stop, MACHINE_LIMIT_RESETS) << "and nothing goes on";
    EXPECT_EQ(k.instructions(), 3 * once);
    machine_limit_resets(k.m, 3);
    EXPECT_EQ(k.run().stop, MACHINE_LIMIT_RESETS);
    EXPECT_EQ(k.instructions(), 4 * once);
}

// -- limits ---------------------------------------------------------------

TEST(Machine, InstructionLimitIsExact)
{
    std::mt19937 random(1);
    for (int i = 0; i < 30; i++) {
        uint64_t n = i < 4 ? static_cast<uint64_t>(i) : random() % 20000;
        for (const char *cpus : {one_cpu, two_cpus}) {
            Kit k(board(cpus), forever);
            ASSERT_EQ(k.error, "");
            MachineLimits l = limits(n);
            machine_set_limits(k.m, &l);
            EXPECT_EQ(k.run().stop, MACHINE_LIMIT_INSNS);
            EXPECT_EQ(k.instructions(), n);
        }
    }
}

TEST(Machine, CycleLimitStopsAtTheFirstInstructionThatBeginsThere)
{
    std::mt19937 random(2);
    for (int i = 0; i < 30; i++) {
        uint64_t n = random() % 20000;
        Kit k(board(one_cpu), forever);
        MachineLimits l = limits(UINT64_MAX, n);
        machine_set_limits(k.m, &l);
        EXPECT_EQ(k.run().stop, MACHINE_LIMIT_CYCLES);
        uint64_t cycles = hart_counters(machine_hart(k.m, 0)).cycles;
        EXPECT_GE(cycles, n);
        // The one before began earlier: replay to one instruction less.
        uint64_t executed = k.instructions();
        if (executed == 0) {
            EXPECT_EQ(n, 0u);
            continue;
        }
        Kit before(board(one_cpu), forever);
        l = limits(executed - 1);
        machine_set_limits(before.m, &l);
        before.run();
        EXPECT_LT(hart_counters(machine_hart(before.m, 0)).cycles, n);
    }
}

TEST(Machine, TimeLimitIsTheSameAsCycles)
{
    Kit by_time(board(one_cpu), forever), by_cycle(board(one_cpu), forever);
    MachineLimits l = limits(UINT64_MAX, UINT64_MAX, 1234 * 20000);
    machine_set_limits(by_time.m, &l);
    l = limits(UINT64_MAX, 1234);
    machine_set_limits(by_cycle.m, &l);
    Outcome a = by_time.run(), b = by_cycle.run();
    EXPECT_EQ(a.stop, MACHINE_LIMIT_TIME);
    EXPECT_EQ(b.stop, MACHINE_LIMIT_CYCLES);
    EXPECT_EQ(a.counters, b.counters);
}

TEST(Machine, LimitsCanBeRaisedAndTheRunGoesOn)
{
    Kit direct(board(one_cpu), chatter(50)),
        halves(board(one_cpu), chatter(50));
    MachineLimits l = limits(20000);
    machine_set_limits(direct.m, &l);
    Outcome whole = direct.run();
    for (uint64_t n : {1, 777, 778, 13001, 20000}) {
        l = limits(n);
        machine_set_limits(halves.m, &l);
        EXPECT_EQ(halves.run().stop, MACHINE_LIMIT_INSNS);
    }
    EXPECT_EQ(halves.outcome(MACHINE_LIMIT_INSNS), whole);
}

// -- sleep ----------------------------------------------------------------

TEST(Machine, SleepThatNothingEndsIsStuck)
{
    Kit k(board(one_cpu), Code{wfi, j(-4)});
    Outcome o = k.run();
    EXPECT_EQ(o.stop, MACHINE_STUCK);
    EXPECT_LE(o.time, PS_PER_SECOND / 1000); // it did not run on
    MachineLimits l = limits(UINT64_MAX, UINT64_MAX, 3600 * PS_PER_SECOND);
    machine_set_limits(k.m, &l);
    EXPECT_EQ(k.run().stop, MACHINE_STUCK);
}

TEST(Machine, TrapHandlerThatCannotRunIsStuck)
{
    // mtvec is 0, and nothing is there: a trap for each fetch, for ever.
    Kit k(board(one_cpu), Code{0});
    EXPECT_EQ(k.run().stop, MACHINE_STUCK);
    EXPECT_LE(machine_time(k.m), 10 * (PS_PER_SECOND / 1000));
    // A handler that runs is none of this, however often it is entered.
    Code code =
        li(t0, 0x80000010) + Code{csrw(MTVEC, t0), 0, addi(a0, a0, 1), 0};
    Kit busy(board(one_cpu), code);
    EXPECT_EQ(busy.run(20 * (PS_PER_SECOND / 1000)).stop, MACHINE_RUNNING);
    EXPECT_GT(hart_counters(machine_hart(busy.m, 0)).traps, 10000u);
}

TEST(Machine, SleepRunsToTheEndOfTheCall)
{
    Kit k(board(one_cpu), Code{wfi, j(-4)});
    Outcome o = k.run(5 * PS_PER_SECOND);
    EXPECT_EQ(o.stop, MACHINE_RUNNING);
    EXPECT_EQ(o.time, 5 * PS_PER_SECOND);
    EXPECT_EQ(hart_counters(machine_hart(k.m, 0)).cycles, 250000000u);
    EXPECT_EQ(machine_next_activity(k.m), TIME_NEVER);
}

TEST(Machine, NoHartNoEventIsStuckAndEmptyTimePasses)
{
    std::string text = "version: 1\nclock: 1MHz\nbuses: {main: {width: 32}}\n";
    Kit k(text);
    ASSERT_EQ(k.error, "");
    EXPECT_EQ(k.run(1000).stop, MACHINE_RUNNING);
    EXPECT_EQ(machine_time(k.m), 1000u);
    EXPECT_EQ(k.run().stop, MACHINE_STUCK);
}

TEST(Machine, TimerEndsSleepAtTheFirstCycleAfterIt)
{
    // mtimecmp = 12345 ticks; wake by MTIE with interrupts off, then finish.
    Code code = li(s0, 0x02004000) + li(t0, 12345) +
                Code{sw(zero, 4, s0), sw(t0, 0, s0)} + li(t0, 1 << HART_MTI) +
                Code{csrw(MIE, t0), wfi} + finish(0);
    Kit k(board(one_cpu, clint_for_one), code);
    ASSERT_EQ(k.error, "");
    Outcome o = k.run();
    EXPECT_EQ(o.stop, MACHINE_FINISHED);
    uint64_t tick = 12345 * (PS_PER_SECOND / 10000000); // 10 MHz
    HartCounters c = hart_counters(machine_hart(k.m, 0));
    EXPECT_GT(o.time, tick);
    EXPECT_LT(o.time, tick + 40 * 20000); // a few instructions later
    EXPECT_GT(c.idle, 60000u);
    EXPECT_LT(c.instructions, 30u);
}

TEST(Machine, EventScheduledOnTheWayIsInTime)
{
    // Sets the timer 5 us ahead, enables its interrupt, and counts until the
    // handler ends the run: a horizon that is not shortened would let it count
    // to the end of the slice.
    Code code = li(t0, 0x80000100) + Code{csrw(MTVEC, t0)} +
                li(s0, 0x02004000) + li(t0, 50) +
                Code{sw(zero, 4, s0), sw(t0, 0, s0)} + li(t0, 1 << HART_MTI) +
                Code{csrw(MIE, t0)} + li(t0, 1 << 3) +
                Code{csrw(MSTATUS, t0), addi(a0, a0, 1), j(-4)};
    code.resize(0x100 / 4, j(0));
    code = code + finish(0);
    for (bool slow : {false, true}) {
        Kit k(board(one_cpu, clint_for_one), code, slow);
        Outcome o = k.run();
        EXPECT_EQ(o.stop, MACHINE_FINISHED);
        EXPECT_EQ(hart_counters(machine_hart(k.m, 0)).interrupts, 1u);
        EXPECT_GT(o.time, 5000000u);
        EXPECT_LT(o.time, 5000000u + 40 * 20000);
        EXPECT_GT(hart_x(machine_hart(k.m, 0), a0), 20u);
    }
}

// -- slices, quanta, fast path --------------------------------------------

TEST(Machine, SlicesOfACallDoNotChangeTheRun)
{
    std::mt19937_64 random(3);
    Kit whole(board(one_cpu), chatter(37));
    const uint64_t end = PS_PER_SECOND / 2000;
    Outcome expected = whole.run(end);
    ASSERT_GT(whole.output.size(), 50u);
    for (uint64_t longest : {50000u, 1000000u, 500000000u}) {
        Kit k(board(one_cpu), chatter(37));
        for (uint64_t t = 0; t < end;) {
            t = std::min(t + random() % longest, end);
            k.run(t);
        }
        EXPECT_EQ(k.outcome(MACHINE_RUNNING), expected);
    }
}

TEST(Machine, QuantumMeansNothingToOneHart)
{
    const char *const quanta[] = {"quantum=20ns", "quantum=1us", "quantum=1ms"};
    Outcome first = {};
    for (const char *quantum : quanta) {
        const char *const set[] = {quantum, nullptr};
        Kit k(board(one_cpu, clint_for_one), chatter(11), false, set);
        ASSERT_EQ(k.error, "");
        Outcome o = k.run(PS_PER_SECOND / 1000);
        if (quantum == quanta[0]) {
            first = o;
        }
        EXPECT_EQ(o, first) << quantum;
    }
}

TEST(Machine, FastPathChangesNothing)
{
    for (const char *cpus : {one_cpu, two_cpus}) {
        Kit fast(board(cpus), chatter(23)),
            slow(board(cpus), chatter(23), true);
        EXPECT_EQ(fast.run(PS_PER_SECOND / 1000),
                  slow.run(PS_PER_SECOND / 1000));
    }
}

TEST(Machine, QuantumBoundsHowFarHartsAreApart)
{
    for (uint64_t us : {3, 10}) {
        std::string quantum = "quantum=" + std::to_string(us) + "us";
        const char *const set[] = {quantum.c_str(), nullptr};
        Kit k(board(two_cpus), chatter(5), false, set);
        ASSERT_EQ(k.error, "");
        // A byte's time may lie before one already seen by a quantum at most.
        k.run(PS_PER_SECOND / 1000);
        uint64_t latest = 0, worst = 0;
        for (const Byte &b : k.output) {
            worst = std::max(worst, latest > b.time ? latest - b.time : 0);
            latest = std::max(latest, b.time);
        }
        EXPECT_LE(worst, us * 1000000 + 20 * 20000) << us;
        EXPECT_GT(worst, 0u); // they do take turns
    }
}

// -- independence ---------------------------------------------------------

TEST(Machine, TwoMachinesInterleavedAreEachAsAlone)
{
    const uint64_t end = PS_PER_SECOND / 500;
    Kit a_alone(board(one_cpu, clint_for_one), chatter(19));
    Kit b_alone(board(two_cpus), chatter(3));
    Outcome a = a_alone.run(end), b = b_alone.run(end);
    Kit a_mixed(board(one_cpu, clint_for_one), chatter(19));
    Kit b_mixed(board(two_cpus), chatter(3));
    for (uint64_t t = 1; t <= 200; t++) {
        // Slices end where quanta do: those of two harts must stay the same.
        a_mixed.run(t * (end / 200));
        b_mixed.run(t * (end / 200));
    }
    EXPECT_EQ(a_mixed.outcome(MACHINE_RUNNING), a);
    EXPECT_EQ(b_mixed.outcome(MACHINE_RUNNING), b);
}

TEST(Machine, ItsWorldIsCurrentWhileItRuns)
{
    struct Seen {
        MemoryWorld *world;
        static void byte(void *opaque, const char *, uint8_t, uint64_t)
        {
            static_cast<Seen *>(opaque)->world = memory_world_current();
        }
    } seen = {nullptr};
    MemoryWorld *outside = memory_world_current();
    Kit a(board(one_cpu), chatter(3)), b(board(one_cpu), chatter(3));
    for (Kit *k : {&a, &b, &a}) {
        machine_set_serial(k->m, Seen::byte, &seen);
        k->run(machine_time(k->m) + 10000000);
        EXPECT_EQ(seen.world, machine_world(k->m));
        EXPECT_EQ(memory_world_current(), outside);
    }
}

TEST(Machine, OrderOfEntriesChangesNothing)
{
    std::vector<std::string> memories = {
        "  - {name: ram, bus: [main, side], at: 0x80000000, size: 64KiB}\n",
        "  - {name: boot, bus: side, at: 0x1000, size: 4KiB, kind: rom}\n",
        "  - {name: tcm, bus: main, at: 0x90000000, size: 4KiB}\n"};
    std::vector<std::string> devices = {
        "  - {name: uart0, type: ns16550a, bus: main, at: 0x10000000}\n",
        "  - {name: uart1, type: ns16550a, bus: side, at: 0x20000000}\n",
        "  - {name: test0, type: sifive-test, bus: main, at: 0x100000}\n",
        "  - {name: clint0, type: clint, bus: main, at: 0x2000000, timer: "
        "[cpu0.mti]}\n"};
    std::vector<std::string> buses = {"  main: {width: 32}\n",
                                      "  side: {width: 64, clock: 100MHz}\n"};
    std::mt19937 random(4);
    std::vector<std::string> names;
    Outcome first = {};
    for (int round = 0; round < 6; round++) {
        std::string text = "version: 1\nclock: 50MHz\ncpus:\n";
        text += one_cpu;
        text += "memories:\n";
        for (const std::string &s : memories)
            text += s;
        text += "devices:\n";
        for (const std::string &s : devices)
            text += s;
        text += "buses:\n";
        for (const std::string &s : buses)
            text += s;
        Kit k(text, chatter(7));
        ASSERT_EQ(k.error, "");
        std::vector<std::string> now;
        for (MemoryPort *p = machine_world(k.m)->first_port; p; p = p->next) {
            now.push_back(std::to_string(p->id) + " " + p->name);
        }
        for (unsigned i = 0; i < machine_devices(k.m); i++) {
            Device *dev = machine_device(k.m, i)->dev;
            now.push_back(std::to_string(dev->mmio.id) + " " + dev->name);
        }
        for (unsigned i = 0; i < machine_memories(k.m); i++) {
            now.push_back(std::to_string(machine_memory(k.m, i)->region.id) +
                          machine_memory(k.m, i)->name);
        }
        for (unsigned i = 0; i < machine_buses(k.m); i++) {
            now.push_back(std::to_string(machine_bus(k.m, i)->bus.model.id) +
                          machine_bus(k.m, i)->name);
        }
        Outcome o = k.run(PS_PER_SECOND / 2000);
        if (round == 0) {
            names = now;
            first = o;
        }
        EXPECT_EQ(now, names);
        EXPECT_EQ(o, first);
        std::shuffle(memories.begin(), memories.end(), random);
        std::shuffle(devices.begin(), devices.end(), random);
        std::shuffle(buses.begin(), buses.end(), random);
    }
}

TEST(Machine, ResetStartsTheSameRunAgainLater)
{
    Kit k(board(one_cpu, clint_for_one), chatter(29));
    k.run(PS_PER_SECOND / 1000);
    std::vector<Byte> output = k.output;
    k.output.clear();
    uint64_t begin = machine_time(k.m);
    machine_reset(k.m);
    k.run(begin + PS_PER_SECOND / 1000);
    for (Byte &b : k.output) {
        b.time -= begin;
    }
    EXPECT_GT(output.size(), 100u);
    EXPECT_TRUE(k.output == output);
}

// -- what the guest does wrong --------------------------------------------

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
};
} // namespace

TEST(Machine, UnmappedIgnoredReadsZeroAndIsLoggedOncePerPlace)
{
    Code code = li(s0, 0x40000000) + li(a0, 0x55) + li(t2, 3) +
                Code{lw(a0, 8, s0), sw(a0, 8, s0), addi(t2, t2, -1),
                     bne(t2, zero, -12)} +
                finish(0);
    Kit k(board(one_cpu, "limits: {unmapped: ignore}\n"), code);
    ASSERT_EQ(k.error, "");
    Log log;
    machine_set_log(k.m, Log::add, &log);
    EXPECT_EQ(k.run().stop, MACHINE_FINISHED);
    EXPECT_EQ(hart_x(machine_hart(k.m, 0), a0), 0u);
    ASSERT_EQ(log.lines.size(), 2u) << log.lines[1] << log.lines[2];
    EXPECT_NE(log.lines[0].find("read of 4 bytes at 0x40000008"),
              std::string::npos)
        << log.lines[0];
    EXPECT_NE(log.lines[0].find("cpu0 pc 0x80000018"), std::string::npos)
        << log.lines[0];
}

TEST(Machine, UnmappedFaultTraps)
{
    Code code = li(t0, 0x80000100) + Code{csrw(MTVEC, t0)} +
                li(s0, 0x40000000) + Code{lw(a0, 8, s0), j(0)};
    code.resize(0x100 / 4, j(0));
    code = code + Code{csrr(a1, MCAUSE)} + finish(1);
    Kit k(board(one_cpu, "limits: {unmapped: fault}\n"), code);
    EXPECT_EQ(k.run().stop, MACHINE_FINISHED);
    EXPECT_EQ(hart_x(machine_hart(k.m, 0), a1), 5u);
}

// -- serial input ---------------------------------------------------------

TEST(Machine, InputEntersAtItsTimeAndComesBack)
{
    std::string text = "twelve or more bytes, more than a FIFO holds; q";
    const uint64_t when = PS_PER_SECOND / 1000;
    for (bool slow : {false, true}) {
        Kit k(board(one_cpu), echo(), slow);
        ASSERT_TRUE(machine_serial_input(k.m, "", when, text.data(),
                                         text.size(), nullptr));
        Outcome o = k.run();
        EXPECT_EQ(o.stop, MACHINE_FINISHED);
        EXPECT_EQ(o.status, 5);
        EXPECT_EQ(k.text(), text);
        EXPECT_GE(k.output.front().time, when);
        EXPECT_LT(k.output.front().time, when + 100 * 20000);
    }
}

TEST(Machine, InputTooLateEntersAfterWhatIsQueued)
{
    Kit k(board(one_cpu), echo());
    machine_serial_input(k.m, "uart0", 2000000, "ab", 2, nullptr);
    machine_serial_input(k.m, "uart0", 1000000, "cq", 2, nullptr);
    k.run();
    EXPECT_EQ(k.text(), "abcq");
}

TEST(Machine, InputForNobodyIsAnError)
{
    Kit k(board(one_cpu), echo());
    Error *err = nullptr;
    EXPECT_FALSE(machine_serial_input(k.m, "uart9", 0, "x", 1, &err));
    ASSERT_NE(err, nullptr);
    EXPECT_NE(std::string(error_message(err)).find("uart9"), std::string::npos);
    error_free(err);
}

// -- host side ------------------------------------------------------------

TEST(Machine, PauseEndsTheCallAndTheRunGoesOn)
{
    Kit direct(board(one_cpu), chatter(13)),
        paused(board(one_cpu), chatter(13));
    const uint64_t end = PS_PER_SECOND / 200;
    Outcome whole = direct.run(end);
    struct Watch {
        Machine *m;
        int calls;
        static void call(void *opaque)
        {
            Watch *w = static_cast<Watch *>(opaque);
            w->calls++;
            machine_pause(w->m);
        }
    } watch = {paused.m, 0};
    machine_set_watch(paused.m, Watch::call, &watch);
    int returns = 0;
    while (machine_time(paused.m) < end) {
        EXPECT_EQ(machine_run(paused.m, end), MACHINE_RUNNING);
        ASSERT_LT(++returns, 100);
    }
    EXPECT_GE(watch.calls, 4);
    EXPECT_EQ(paused.outcome(MACHINE_RUNNING), whole);
}

TEST(Machine, PollIsCalledEveryPeriodUntilItSaysNo)
{
    struct Poll {
        std::vector<uint64_t> times;
        static bool call(void *opaque, bool, uint64_t time)
        {
            Poll *p = static_cast<Poll *>(opaque);
            p->times.push_back(time);
            return p->times.size() < 3;
        }
    } poll;
    Kit k(board(one_cpu), Code{wfi, j(-4)});
    machine_set_poll(k.m, Poll::call, &poll, 1000000);
    EXPECT_EQ(k.run().stop, MACHINE_STUCK);
    EXPECT_EQ(poll.times, (std::vector<uint64_t>{1000000, 2000000, 3000000}));
}

TEST(Machine, PortsCanBeAdded)
{
    Kit k(board(one_cpu), forever);
    Error *err = nullptr;
    MemoryPort *port = machine_add_port(k.m, "probe", "main", "tlm", &err);
    ASSERT_NE(port, nullptr);
    PortTx tx = {};
    tx.addr = tx.va = 0x80000000;
    tx.kind = ACCESS_TLM;
    EXPECT_EQ(port_load(port, &tx, 4), forever[0]);
    EXPECT_EQ(machine_transactions(k.m), 1u);
    EXPECT_EQ(machine_add_port(k.m, "probe", "nowhere", "tlm", &err), nullptr);
    ASSERT_NE(err, nullptr);
    error_free(err);
}
