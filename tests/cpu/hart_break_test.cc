// hart_break_test.cc - breaks: where a run stops, how often, and that nothing
// else changes.

#include "tests/cpu/record_kit.h"
#include "tests/cpu/smode_kit.h"

namespace
{

using namespace rv;

class HartBreak : public testing::TestWithParam<Axis>
{
};
ON_ALL_AXES(HartBreak);

constexpr uint64_t LONG = PS_PER_SECOND;

HartStop go_on(Hart *h, uint64_t insns = 1000)
{
    hart_limit(h, hart_progress(h).instructions + insns);
    return hart_run(h, hart_time(h) + LONG);
}

void put_loop(Board *b, uint64_t at, std::vector<uint32_t> code)
{
    b->put_code(at, code);
    hart_set_pc(b->hart, at);
}

// Falls into it in the middle of what was one block, decoded before.
TEST_P(HartBreak, IsFallenInto)
{
    Board b(axis_options(GetParam()));
    b.run_code({addi(a0, 0, 1), addi(a0, a0, 1), addi(a0, a0, 1)});
    hart_set_pc(b.hart, RAM);
    ASSERT_TRUE(hart_set_break(b.hart, RAM + 8));
    EXPECT_EQ(go_on(b.hart), HART_STOP_BREAK);
    EXPECT_EQ(hart_pc(b.hart), uint64_t{RAM + 8});
    EXPECT_EQ(b.x(a0), 2u);
    // The next run executes it, and comes there no more.
    EXPECT_EQ(go_on(b.hart, 5), HART_STOP_LIMIT);
    EXPECT_EQ(b.x(a0), 3u);
}

TEST_P(HartBreak, StopsEachTimeAndInEachPlace)
{
    Board b(axis_options(GetParam()));
    // 0: a0++, 4: bne a0, a1, 0 (back), 8: jal 0
    put_loop(&b, RAM,
             {addi(a0, a0, 1), branch(NE, a0, a1, -4), jal(0, -8), self()});
    b.set(a1, 3);
    hart_set_break(b.hart, RAM);
    hart_set_break(b.hart, RAM + 4);
    hart_set_break(b.hart, RAM + 4); // no second one
    std::vector<uint64_t> seen;
    for (int i = 0; i < 9; i++) {
        ASSERT_EQ(go_on(b.hart), HART_STOP_BREAK) << i;
        seen.push_back(hart_pc(b.hart) - RAM);
    }
    EXPECT_EQ(seen, (std::vector<uint64_t>{0, 4, 0, 4, 0, 4, 0, 4, 0}));
    hart_clear_breaks(b.hart);
    EXPECT_EQ(go_on(b.hart), HART_STOP_LIMIT);
}

// The time and the limit count as without.
TEST_P(HartBreak, TellsWhyItStopped)
{
    Board b(axis_options(GetParam()));
    put_loop(&b, RAM, {nop(), nop(), jal(0, -8)});
    hart_set_break(b.hart, RAM + 8);
    hart_limit(b.hart, UINT64_MAX);
    EXPECT_EQ(hart_run(b.hart, hart_time(b.hart)), HART_STOP_TIME);
    EXPECT_EQ(hart_run(b.hart, hart_time(b.hart) + 1), HART_STOP_TIME);
    EXPECT_EQ(hart_pc(b.hart), uint64_t{RAM + 4});
    EXPECT_EQ(go_on(b.hart, 0), HART_STOP_LIMIT);
    EXPECT_EQ(go_on(b.hart), HART_STOP_BREAK);
    hart_step(b.hart, 3); // does not look
    EXPECT_EQ(hart_pc(b.hart), uint64_t{RAM + 8});
    EXPECT_EQ(go_on(b.hart), HART_STOP_BREAK);
}

TEST_P(HartBreak, FirstInstructionAndWhereTheHartIs)
{
    Board b(axis_options(GetParam()));
    put_loop(&b, RAM, {nop(), nop(), self()});
    hart_set_break(b.hart, RAM);
    EXPECT_EQ(go_on(b.hart), HART_STOP_BREAK);
    EXPECT_EQ(hart_pc(b.hart), uint64_t{RAM});
    EXPECT_EQ(go_on(b.hart, 1), HART_STOP_LIMIT);
    ASSERT_EQ(hart_pc(b.hart), uint64_t{RAM + 4});
    hart_set_break(b.hart, RAM + 4); // where it is, inside a block
    EXPECT_EQ(go_on(b.hart), HART_STOP_BREAK);
    EXPECT_EQ(hart_pc(b.hart), uint64_t{RAM + 4});
    hart_set_break(b.hart, RAM + 16); // one more: not told of again
    EXPECT_EQ(go_on(b.hart, 3), HART_STOP_LIMIT);
    hart_set_pc(b.hart, RAM); // comes there anew
    EXPECT_EQ(go_on(b.hart), HART_STOP_BREAK);
    EXPECT_EQ(hart_pc(b.hart), uint64_t{RAM});
}

// From inside an access of the very block, by the device that is written.
TEST_P(HartBreak, SetWhileItRuns)
{
    Board b(axis_options(GetParam()));
    b.device.told = [&](const Listener::Call &) {
        hart_set_break(b.hart, RAM + 8);
    };
    b.set(t0, IO);
    put_loop(&b, RAM,
             {nop(), store(W, 0, 0, t0), addi(a0, a0, 1), jal(0, -12)});
    EXPECT_EQ(go_on(b.hart), HART_STOP_BREAK);
    EXPECT_EQ(hart_pc(b.hart), uint64_t{RAM + 8});
    EXPECT_EQ(b.x(a0), 0u);
    b.device.told = [&](const Listener::Call &) { hart_clear_breaks(b.hart); };
    EXPECT_EQ(go_on(b.hart), HART_STOP_LIMIT);
    EXPECT_GT(b.x(a0), 100u);
}

TEST_P(HartBreak, CodeThatChanges)
{
    Board b(axis_options(GetParam()));
    // Writes `addi a0, a0, 16` over the instruction with the break, twice.
    b.set(t0, RAM);
    b.set(t1, addi(a0, a0, 16));
    put_loop(&b, RAM,
             {nop(), store(W, t1, 16, t0), FENCE_I, nop(), addi(a0, a0, 1),
              jal(0, -20)});
    hart_set_break(b.hart, RAM + 16);
    for (uint64_t i = 0; i < 3; i++) {
        ASSERT_EQ(go_on(b.hart), HART_STOP_BREAK);
        EXPECT_EQ(hart_pc(b.hart), uint64_t{RAM + 16});
        EXPECT_EQ(b.x(a0), 16 * i);
    }
}

// A trap's handler, an interrupt before the instruction, and after it.
TEST_P(HartBreak, TrapsAndInterrupts)
{
    Board b(axis_options(GetParam()));
    b.catch_traps();
    put_loop(&b, RAM, {nop(), ECALL, self()});
    hart_set_break(b.hart, HANDLER);
    EXPECT_EQ(go_on(b.hart), HART_STOP_BREAK);
    EXPECT_EQ(hart_pc(b.hart), uint64_t{HANDLER});
    ASSERT_EQ(b.traps.size(), 1u);
    hart_clear_breaks(b.hart);

    b.put_code(HANDLER, {csrw(MIE, 0), MRET});
    b.set(t0, bit(HART_MEI));
    b.set(t1, F_MIE);
    b.run_at(RAM, {csrw(MIE, t0), csr(2, 0, MSTATUS, t1)});
    b.put_code(HANDLER, {csrw(MIE, 0), MRET});
    put_loop(&b, RAM, {nop(), addi(a0, a0, 1), self()});
    hart_set_break(b.hart, RAM + 4);
    EXPECT_EQ(go_on(b.hart), HART_STOP_BREAK);
    hart_set_irq(b.hart, HART_MEI, true);
    EXPECT_EQ(go_on(b.hart), HART_STOP_BREAK); // comes back by mret
    EXPECT_EQ(hart_progress(b.hart).interrupts, 1u);
    EXPECT_EQ(hart_pc(b.hart), uint64_t{RAM + 4});
    EXPECT_EQ(b.x(a0), 0u);
    EXPECT_EQ(go_on(b.hart, 2), HART_STOP_LIMIT);
    EXPECT_EQ(b.x(a0), 1u);
}

TEST_P(HartBreak, IsOfOneHart)
{
    Board b(axis_options(GetParam()));
    Hart *other = b.make_hart(RAM);
    put_loop(&b, RAM, {nop(), nop(), jal(0, -8)});
    hart_set_break(other, RAM + 4);
    EXPECT_EQ(go_on(b.hart), HART_STOP_LIMIT);
    EXPECT_EQ(go_on(other), HART_STOP_BREAK);
    EXPECT_EQ(hart_pc(other), uint64_t{RAM + 4});
    hart_set_break(b.hart, RAM + 8);
    EXPECT_EQ(go_on(b.hart), HART_STOP_BREAK);
    EXPECT_EQ(hart_pc(b.hart), uint64_t{RAM + 8});
}

// A break is a virtual address: user code on a page that lies elsewhere; an
// instruction across two pages; and an instruction behind it.
TEST_P(HartBreak, PagedCode)
{
    SuperBoard b(axis_options(GetParam()));
    const bool rv32 = GetParam().xlen == 32;
    const uint64_t root = RAM + 0x10000, size = rv32 ? 4 : 8;
    const uint64_t pages = rv32 ? 1u << 22 : 1u << 30; // a leaf at the root
    const uint64_t leaf = (RAM >> 12) << 10 | 0xdf;    // U, X, W, R, A, D
    const uint64_t va = pages;                         // onto RAM
    b.put(root + size, &leaf, size);
    b.write(SATP, (rv32 ? UINT64_C(1) << 31 : UINT64_C(8) << 60) | root >> 12);
    const uint64_t at = 0x2ffa; // the third instruction lies across a page
    const uint16_t c_nop = 1;
    b.put(RAM + at, &c_nop, 2);
    b.put(RAM + at + 2, &c_nop, 2);
    const std::vector<uint32_t> code{addi(a0, a0, 1), addi(a0, a0, 2), self()};
    b.put_code(RAM + at + 4, code);
    b.go(HART_U, va + at);
    for (uint64_t offset : {2, 4, 8}) {
        hart_set_break(b.hart, va + at + offset);
    }
    hart_set_break(b.hart, RAM + at + 2); // physical: nobody comes there
    const uint64_t a0_there[] = {0, 0, 1}, where[] = {2, 4, 8};
    for (int i = 0; i < 3; i++) {
        ASSERT_EQ(go_on(b.hart), HART_STOP_BREAK) << i;
        EXPECT_EQ(hart_pc(b.hart), va + at + where[i]);
        EXPECT_EQ(b.x(a0), a0_there[i]);
    }
    EXPECT_EQ(go_on(b.hart, 4), HART_STOP_LIMIT);
    EXPECT_EQ(b.x(a0), 3u);
}

// Loads with their hazards, branches, slow fetches, a device, compressed code:
// whatever breaks there are, and whenever they come and go, time, counters and
// records are those of a run without.
struct Result {
    std::vector<uint64_t> counts;
    std::vector<Seen> rows;
    uint64_t stops;
};

Result program(const Axis &axis, uint64_t seed)
{
    BoardOptions o = axis_options(axis);
    o.profile = "generic-table";
    o.bus = 2;
    o.read_first = 3;
    o.read_next = 1;
    Board b(o);
    b.catch_traps();
    Recording rec(b.world, KIND_ALL, RECORD_ROOM);
    b.set(t0, RAM + 0x8000);
    b.set(t1, IO);
    b.set(a1, 25);
    const std::vector<uint32_t> code{
        load(W, a2, 0, t0), addi(a2, a2, 3),        store(W, a2, 0, t0),
        0x00010001, // c.nop, c.nop
        load(W, a3, 0, t1), add(a0, a0, a2),        branch(NE, a0, a3, 8),
        addi(a0, a0, 7),    muldiv(0, a2, a0, a2),  store(W, a2, 4, t0),
        addi(a1, a1, -1),   branch(NE, a1, 0, -44), self(),
    };
    put_loop(&b, RAM, code);
    uint64_t random = seed;
    if (seed) {
        hart_set_break(b.hart, RAM + 24);
    }
    Result r{};
    hart_limit(b.hart, hart_progress(b.hart).instructions + 400);
    while (hart_run(b.hart, PS_PER_SECOND) == HART_STOP_BREAK) {
        r.stops++;
        random = random * UINT64_C(6364136223846793005) + 1;
        if (random >> 60 == 0) {
            hart_clear_breaks(b.hart);
        }
        hart_set_break(b.hart, RAM + (random >> 33) % 28 * 2);
    }
    HartCounters c = hart_counters(b.hart);
    r.counts = {c.cycles,   c.instructions, c.fetch_stall, c.data_wait,
                c.data_bus, c.data_target,  b.x(a0),       hart_pc(b.hart)};
    r.rows = rec.rows();
    return r;
}

TEST_P(HartBreak, ChangesNothingElse)
{
    const Result want = program(GetParam(), 0);
    EXPECT_EQ(want.stops, 0u);
    EXPECT_GT(want.rows.size(), 400u);
    uint64_t stops = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const Result got = program(GetParam(), seed);
        stops += got.stops;
        EXPECT_EQ(want.counts, got.counts) << seed;
        expect_same_rows(want.rows, got.rows, std::to_string(seed));
    }
    EXPECT_GT(stops, 200u);
}

} // namespace
