// harts_test.cc - programs of several harts: counters they share, a bus they
// contend for, interrupts they send each other. Exact, the same again, and the
// same without the fast path.

#include <gtest/gtest.h>

#include "tests/cpu/record_kit.h"
#include "tests/sim/machine_kit.h"

namespace
{

using namespace kit;

const uint32_t CLINT = 0x02000000, COUNTERS = 0x80008000;

// harts with software interrupts and a quantum
std::string harts(unsigned n, const char *quantum = "1us")
{
    std::string last = std::to_string(n - 1), wires;
    for (unsigned i = 0; i < n; i++) {
        wires += (i ? ", cpu" : "cpu") + std::to_string(i) + ".msi";
    }
    return board("  - {name: 'cpu[0-" + last +
                     "]', isa: rv32imac_zicsr_zifencei, bus: main, reset: "
                     "0x80000000}\n",
                 "  - {name: clint0, type: clint, bus: main, at: 0x02000000, "
                 "soft: [" +
                     wires + "]}\n") +
           "quantum: " + quantum + "\n";
}

uint32_t atomic(unsigned f5, int rd, int rs2, int rs1)
{
    return f5 << 27 | static_cast<uint32_t>(rs2) << 20 |
           static_cast<uint32_t>(rs1) << 15 | 2 << 12 |
           static_cast<uint32_t>(rd) << 7 | 0x2f;
}
uint32_t amoadd(int rd, int rs2, int rs1)
{
    return atomic(0, rd, rs2, rs1);
}
uint32_t slli(int rd, int rs1, int by)
{
    return itype(by, rs1, 1, rd, 0x13);
}
uint32_t add(int rd, int rs1, int rs2)
{
    return static_cast<uint32_t>(rs2) << 20 | static_cast<uint32_t>(rs1) << 15 |
           static_cast<uint32_t>(rd) << 7 | 0x33;
}

uint32_t word_at(Kit &k, uint32_t address)
{
    uint32_t v = 0;
    MachineMemory *ram = machine_memory(k.m, 0);
    std::memcpy(
        &v,
        static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram->region)) +
            (address - 0x80000000),
        4);
    return v;
}

// -- shared counters ----------------------------------------------------------

enum : uint32_t { BY_LR = 0, BY_AMO = 64, FAILED = 128, DONE = 192 };

// Each hart adds `rounds` to one counter by LR and SC, to another by an AMO;
// hart 0 ends the run when all are done.
Code counting(uint32_t rounds, unsigned n)
{
    Code code = li(s0, COUNTERS) + li(s1, rounds) + li(a0, 1);
    code = code + Code{addi(t2, s0, BY_AMO), addi(a2, s0, FAILED)};
    code = code + Code{atomic(2, t0, zero, s0), // lr
                       addi(t0, t0, 1),
                       atomic(3, t1, t0, s0), // sc
                       beq(t1, zero, 12),
                       amoadd(zero, a0, a2),
                       j(-20),
                       amoadd(zero, a0, t2),
                       addi(s1, s1, -1),
                       bne(s1, zero, -32),
                       addi(t2, s0, DONE),
                       amoadd(zero, a0, t2),
                       csrr(a1, MHARTID),
                       beq(a1, zero, 12),
                       wfi, // asleep for good
                       j(-4)};
    code = code + li(a1, n) + Code{lw(t0, 0, t2), bne(t0, a1, -4)};
    return code + finish(0);
}

struct Counted {
    Outcome outcome;
    std::vector<Seen> rows;
    uint32_t by_lr, by_amo, failed;
};

Counted count(unsigned n, const char *quantum, bool slow, bool recorded,
              uint32_t rounds)
{
    Kit k(harts(n, quantum), counting(rounds, n), slow);
    EXPECT_EQ(k.error, "");
    Counted c = {};
    std::unique_ptr<Recording> recording;
    if (recorded) {
        recording = std::make_unique<Recording>(machine_world(k.m), KIND_ALL);
    }
    c.outcome = k.run(PS_PER_SECOND);
    if (recording) {
        c.rows = recording->rows();
        EXPECT_EQ(c.rows.size(), c.outcome.transactions);
        recording.reset();
    }
    EXPECT_EQ(c.outcome.stop, MACHINE_FINISHED);
    c.by_lr = word_at(k, COUNTERS + BY_LR);
    c.by_amo = word_at(k, COUNTERS + BY_AMO);
    c.failed = word_at(k, COUNTERS + FAILED);
    return c;
}

TEST(Harts, CountTogetherExactly)
{
    const uint32_t rounds = 200;
    for (unsigned n = 1; n <= 4; n++) {
        for (const char *quantum : {"60ns", "1us", "7us"}) {
            SCOPED_TRACE(testing::Message() << n << " harts, " << quantum);
            const Counted c = count(n, quantum, false, false, rounds);
            EXPECT_EQ(c.by_lr, n * rounds);
            EXPECT_EQ(c.by_amo, n * rounds);
            // They do get in each other's way.
            EXPECT_EQ(c.failed > 0, n > 1);
            const Counted again = count(n, quantum, false, false, rounds);
            EXPECT_EQ(again.outcome, c.outcome);
            const Counted slow = count(n, quantum, true, true, rounds);
            EXPECT_EQ(slow.outcome, c.outcome);
            EXPECT_EQ(slow.failed, c.failed);
            const Counted recorded = count(n, quantum, false, true, rounds);
            EXPECT_EQ(recorded.outcome, c.outcome);
            expect_same_rows(slow.rows, recorded.rows, "without the fast path");
        }
    }
}

// -- one bus
// --------------------------------------------------------------------

const int MCYCLE = 0xb00;

// Each hart walks its own memory, notes how long that took, and sleeps.
Code walking(uint32_t rounds)
{
    Code code = li(s0, COUNTERS) + li(s1, rounds) +
                Code{csrr(a0, MHARTID), slli(t0, a0, 12), add(s0, s0, t0)};
    code = code + Code{lw(t0, 0, s0), addi(t0, t0, 1),  sw(t0, 0, s0),
                       lw(t1, 4, s0), addi(s1, s1, -1), bne(s1, zero, -20)};
    return code + Code{csrr(t0, MCYCLE), sw(t0, 64, s0), wfi, j(-4)};
}

// Harts whose memory is behind a bridge; they are fetched from aside.
std::string over_a_bridge(unsigned n, const char *quantum)
{
    return "version: 1\nname: bridged\nclock: 50MHz\nquantum: " +
           std::string(quantum) + "\ncpus:\n  - {name: 'cpu[0-" +
           std::to_string(n - 1) +
           "]', isa: rv32imac_zicsr_zifencei, bus: main, fetch: code, reset: "
           "0x80000000}\nbuses:\n  main: {width: 32}\n  code: {width: 32}\n"
           "  far: {width: 32, parent: main, latency: {request: 2, response: "
           "1}}\nmemories:\n  - {name: ram, bus: [far, code], at: 0x80000000, "
           "size: 1MiB, kind: ram}\n";
}

// The mean of the harts' cycles; they differ by `apart` at most.
uint64_t walk(bool bridged, unsigned n, const char *quantum, uint64_t apart,
              bool slow, bool recorded)
{
    const char *const set[] = {"main.arbitration=round-robin", nullptr};
    Kit k(bridged ? over_a_bridge(n, quantum) : harts(n, quantum),
          walking(4000), slow, set);
    EXPECT_EQ(k.error, "");
    std::unique_ptr<Recording> recording;
    if (recorded) {
        recording = std::make_unique<Recording>(machine_world(k.m), KIND_ALL);
    }
    k.run(PS_PER_SECOND / 10); // all sleep
    uint64_t sum = 0, most = 0, least = UINT64_MAX;
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t cycles = word_at(k, COUNTERS + (i << 12) + 64);
        most = std::max(most, cycles);
        least = std::min(least, cycles);
        sum += cycles;
    }
    EXPECT_GT(least, 4000u);
    EXPECT_LE(most - least, apart);
    const BusTotals totals = bus_totals(&machine_find_bus(k.m, "main")->bus);
    EXPECT_LE(totals.busy_cycles, most + 100);
    return sum / n;
}

void contend(bool bridged, unsigned n)
{
    const uint64_t exact = walk(bridged, n, "20ns", 20, false, false);
    struct {
        const char *quantum;
        uint64_t cycles;
    } const coarse[] = {{"200ns", 10}, {"1us", 50}, {"20us", 1000}};
    for (const auto &c : coarse) {
        SCOPED_TRACE(testing::Message() << n << " harts, " << c.quantum
                                        << (bridged ? ", a bridge" : ""));
        const uint64_t apart = c.cycles + exact / (n < 3 ? 100 : 10);
        const double off = n < 3 ? 0.01 : 0.12;
        const uint64_t cycles =
            walk(bridged, n, c.quantum, apart, false, false);
        EXPECT_NEAR(double(cycles), double(exact),
                    off * double(exact) + double(c.cycles));
        EXPECT_EQ(walk(bridged, n, c.quantum, apart, true, false), cycles);
        EXPECT_EQ(walk(bridged, n, c.quantum, apart, false, true), cycles);
    }
}

// How they contend for a bus hardly depends on how often they take turns. Where
// it is rather full (here 79 and 95 %), who has an early turn waits less than
// if they went step by step.
TEST(Harts, ContendAlikeAtAnyQuantum)
{
    for (unsigned n = 1; n <= 4; n++) {
        contend(false, n);
    }
}

TEST(Harts, ContendAlikeOverABridge)
{
    for (unsigned n : {1u, 2u, 4u}) {
        contend(true, n);
    }
}

// Who is preferred waits for nobody, in whatever order the file has them.
TEST(Harts, PreferredOnesComeFirstOnABusWithPriorities)
{
    for (const char *quantum : {"20ns", "1us", "20us"}) {
        const char *const set[] = {"main.arbitration=fixed", "cpu0.priority=9",
                                   "cpu1.priority=7",        "cpu2.priority=8",
                                   "cpu3.priority=1",        nullptr};
        Kit k(harts(4, quantum), walking(4000), false, set);
        ASSERT_EQ(k.error, "");
        k.run(PS_PER_SECOND / 10);
        uint64_t wait[4];
        for (uint32_t i = 0; i < 4; i++) {
            wait[i] = hart_counters(machine_hart(k.m, i)).data_wait;
        }
        SCOPED_TRACE(quantum);
        // Of its 12,000 accesses each waits for one that has begun, at most.
        EXPECT_LT(wait[3], 24000u);
        EXPECT_LT(wait[3], wait[1]);
        EXPECT_LT(wait[1], wait[2]);
        EXPECT_LT(wait[2], wait[0]);
    }
}

// A DMA writes the word that a hart counts in: no write of it may come between
// an LR and the SC that succeeds, also while the SC waits for the bus.
TEST(Harts, NoWriteOfADmaComesBetweenLrAndSc)
{
    const uint32_t dma = 0x18004000;
    Code code = li(s0, COUNTERS) + li(s1, dma) + li(t0, COUNTERS + 256);
    // Another one's long bursts let the first one's write and the SC wait for
    // the bus together.
    code = code + li(t1, dma - 0x1000) + li(t2, COUNTERS + 0x1000) +
           Code{sw(t2, 0, t1)} + li(t2, COUNTERS + 0x4000) +
           Code{sw(t2, 8, t1)} + li(t2, 0x3000) + Code{sw(t2, 16, t1)} +
           li(t2, 0x61) + Code{sw(t2, 20, t1)};
    code =
        code + Code{sw(t0, 0, s1), sw(s0, 8, s1)} + li(t0, 16000) +
        Code{sw(t0, 16, s1)} + li(a0, 0x2d) + li(a1, 1000) +
        Code{sw(a0, 20, s1),        atomic(2, t0, zero, s0), addi(t0, t0, 1),
             atomic(3, t1, t0, s0), add(a2, a2, t1),         addi(a1, a1, -1),
             bne(a1, zero, -20)} +
        finish(0);
    const char *const set[] = {"main.arbitration=round-robin", nullptr};
    for (bool slow : {false, true}) {
        Kit k(board(one_cpu, "  - {name: dma0, type: dma, bus: main, at: "
                             "0x18003000, master: main}\n"
                             "  - {name: dma1, type: dma, bus: main, at: "
                             "0x18004000, master: main}\n"),
              code, slow, set);
        ASSERT_EQ(k.error, "");
        Recording recording(machine_world(k.m), KIND_ALL);
        ASSERT_EQ(k.run(PS_PER_SECOND).stop, MACHINE_FINISHED);
        std::vector<uint64_t> writes; // of the DMA: when they were granted
        for (const Seen &s : recording.rows()) {
            if (s.kind == ACCESS_DMA && s.dir == DIR_WRITE &&
                s.pa == COUNTERS) {
                writes.push_back(s.cycle + s.wait);
            }
        }
        uint64_t loaded = 0;
        unsigned stored = 0, between = 0;
        for (const Seen &s : recording.rows()) {
            if (s.kind != ACCESS_AMO) {
                continue;
            }
            const uint64_t granted = s.cycle + s.wait;
            if (s.dir == DIR_READ) {
                loaded = granted;
                continue;
            }
            stored++;
            for (uint64_t at : writes) {
                between += at > loaded && at < granted;
            }
        }
        EXPECT_EQ(between, 0u);
        EXPECT_GT(writes.size(), 100u);
        EXPECT_GT(stored, 10u);
        EXPECT_EQ(hart_x(machine_hart(k.m, 0), a2), 1000 - stored);
        EXPECT_LT(stored, 990u); // some do fail
    }
}

// -- interrupts between harts -------------------------------------------------

enum : uint32_t { TOKEN = 0x80008000, ORDER = 0x80008100 };

// A token goes round by software interrupts: who gets it notes its number and
// wakes the next. Hart 0 begins, and ends the run after `rounds`. With a
// handler the interrupt is taken; else it only ends the wfi.
Code ring(unsigned n, uint32_t rounds, bool handled)
{
    const uint32_t entry = 0x80000800;
    Code code = li(s0, CLINT) + li(s1, TOKEN) + li(a2, ORDER);
    code = code + Code{csrr(a0, MHARTID), slli(t0, a0, 2), add(s0, s0, t0)};
    code = code + li(t0, entry) +
           Code{csrw(MTVEC, t0), addi(t0, zero, 8), csrw(MIE, t0)};
    if (handled) {
        code.push_back(csrw(MSTATUS, t0)); // MIE is bit 3, too
    }
    // hart 0 sends itself the first
    code = code +
           Code{addi(t1, zero, 1), bne(a0, zero, 8), sw(t1, 0, s0), wfi, j(-4)};
    // The entry: the handler of all, and where a hart that only woke goes.
    if (!handled) {
        code.back() = j(static_cast<int>(0x800 - 4 * (code.size() - 1)));
    }
    code.resize(0x800 / 4, addi(zero, zero, 0));
    Code work = {sw(zero, 0, s0), lw(t0, 0, s1)};
    // order[token] = hart id, token + 1
    work = work + Code{slli(t1, t0, 2), add(t1, t1, a2), sw(a0, 0, t1),
                       addi(t0, t0, 1), sw(t0, 0, s1)};
    work = work + li(t1, n * rounds);
    const Code end = finish(0);
    work.push_back(bne(t0, t1, 4 + 4 * static_cast<int>(end.size())));
    work = work + end;
    // the next hart's msip: 4 bytes on, or the first
    work = work + li(t1, CLINT + 4 * (n - 1)) +
           Code{addi(t2, s0, 4), bne(s0, t1, 12)} + li(t2, CLINT) +
           Code{addi(t1, zero, 1), sw(t1, 0, t2)};
    if (handled) {
        work.push_back(0x30200073); // mret: behind the wfi
    } else {
        work.push_back(wfi);
        work.push_back(j(-4 * static_cast<int>(work.size())));
    }
    return code + work;
}

void goes_round(unsigned n, bool handled)
{
    SCOPED_TRACE(testing::Message()
                 << n << " harts" << (handled ? ", handled" : ""));
    const uint32_t rounds = 5;
    Outcome first = {};
    for (bool slow : {false, false, true}) {
        Kit k(harts(n), ring(n, rounds, handled), slow);
        ASSERT_EQ(k.error, "");
        const Outcome o = k.run(PS_PER_SECOND);
        ASSERT_EQ(o.stop, MACHINE_FINISHED);
        ASSERT_EQ(word_at(k, TOKEN), n * rounds);
        for (uint32_t i = 0; i < n * rounds; i++) {
            ASSERT_EQ(word_at(k, ORDER + 4 * i), i % n) << i;
        }
        uint64_t interrupts = 0;
        for (unsigned i = 0; i < n; i++) {
            const HartCounters c = hart_counters(machine_hart(k.m, i));
            interrupts += c.interrupts;
            EXPECT_TRUE(c.idle > 0 || n == 1) << "hart " << i;
        }
        EXPECT_EQ(interrupts, handled ? n * rounds : 0);
        if (first.counters.empty()) {
            first = o;
        }
        EXPECT_EQ(o, first);
    }
}

TEST(Harts, WakeEachOther)
{
    for (unsigned n : {1u, 2u, 4u, 16u, 40u}) {
        goes_round(n, false);
        goes_round(n, true);
    }
}

} // namespace
