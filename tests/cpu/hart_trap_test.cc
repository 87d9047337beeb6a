// Traps and interrupts: Volume II, chapter 3; what an exception leaves behind.
#include <gtest/gtest.h>

#include "tests/cpu/hart_kit.h"

namespace
{

using namespace rv;

class HartTrap : public testing::TestWithParam<Axis>
{
  protected:
    HartTrap()
        : xlen(GetParam().xlen), top(UINT64_C(1) << (xlen - 1)),
          b(axis_options(GetParam()))
    {
        b.catch_traps();
    }
    void write(Board &board, unsigned number, uint64_t value)
    {
        board.set(30, value);
        board.run_at(RAM + 0x400, {csrw(number, 30)});
    }
    void write(unsigned number, uint64_t value) { write(b, number, value); }
    // Goes on at `at` in the mode of mstatus.MPP.
    void go(uint64_t at, unsigned mode, uint64_t bits = 0)
    {
        write(MSTATUS, mode << 11 | bits);
        write(MEPC, at);
        b.run_at(RAM + 0x400, {MRET});
    }
    // The one instruction at `at` traps like this.
    void expect_trap(uint64_t at, uint32_t word, Trap want)
    {
        uint64_t begun = hart_counters(b.hart).traps;
        b.traps.clear();
        b.run_at(at, {word}, 1); // one of the handler's jumps retires
        ASSERT_EQ(b.traps.size(), 1u);
        EXPECT_EQ(b.traps[0], want);
        EXPECT_EQ(b.csr(MCAUSE), want.cause);
        EXPECT_EQ(b.csr(MTVAL), want.tval);
        EXPECT_EQ(b.csr(MEPC), want.pc);
        EXPECT_EQ(hart_pc(b.hart), uint64_t{HANDLER});
        EXPECT_EQ(hart_counters(b.hart).traps, begun + 1);
    }
    unsigned xlen;
    uint64_t top; // the interrupt bit of mcause
    Board b;
};
ON_ALL_AXES(HartTrap);

// -- exceptions
// ----------------------------------------------------------------------

TEST_P(HartTrap, Causes)
{
    expect_trap(RAM + 8, ECALL, {11, 0, RAM + 8});
    expect_trap(RAM + 8, EBREAK, {3, RAM + 8, RAM + 8});
    for (uint32_t word : {0xffffffffu, 0x0000007fu, 0x00000057u, 0x10200073u,
                          0x12000073u, 0x00200073u, 0x7b200073u}) {
        expect_trap(RAM + 8, word, {2, word, RAM + 8});
    }
    b.set(1, HOLE);
    expect_trap(RAM + 8, load(W, 2, 16, 1), {5, HOLE + 16, RAM + 8});
    expect_trap(RAM + 8, store(W, 2, 16, 1), {7, HOLE + 16, RAM + 8});
    b.set(1, HOLE + 64);
    expect_trap(RAM + 8, lr(4, 2, 1), {5, HOLE + 64, RAM + 8});
    expect_trap(RAM + 8, amo(0, 4, 2, 3, 1), {7, HOLE + 64, RAM + 8});
}

TEST_P(HartTrap, EbreakLeavesItsAddress)
{
    // 3.1.16 allows 0 too; the architecture tests' signatures have the address.
    b.run_code({nop(), EBREAK}, 3);
    EXPECT_EQ(b.csr(MCAUSE), 3u);
    EXPECT_EQ(b.csr(MTVAL), RAM + 4);
}

TEST_P(HartTrap, IllegalHalfwordsShowTheirBits)
{
    uint16_t zero16 = 0, reserved = 0x8002; // c.jr x0
    b.put(RAM + 0x10, &zero16, 2);
    b.put(RAM + 0x12, &reserved, 2);
    b.put(RAM + 0x20, &reserved, 2);
    hart_set_pc(b.hart, RAM + 0x10);
    b.run(1);
    EXPECT_EQ(b.traps.back(), (Trap{2, 0, RAM + 0x10}));
    hart_set_pc(b.hart, RAM + 0x12);
    b.run(1);
    EXPECT_EQ(b.traps.back(), (Trap{2, 0x8002, RAM + 0x12}));
}

TEST_P(HartTrap, AFaultingAccessChangesNothing)
{
    b.set(1, HOLE);
    b.set(2, 99);
    b.run_code({load(W, 2, 0, 1)}, 1);
    EXPECT_EQ(b.x(2), 99u);
    b.run_code({amo(1, 4, 2, 1, 1)}, 1);
    EXPECT_EQ(b.x(2), 99u);
    b.device.refuse = true;
    b.set(1, IO);
    expect_trap(RAM, load(W, 2, 4, 1), {5, IO + 4, RAM});
    expect_trap(RAM, store(W, 2, 4, 1), {7, IO + 4, RAM});
    EXPECT_EQ(b.x(2), 99u);
}

TEST_P(HartTrap, RomIsNotWritten)
{
    b.put32(ROM + 8, 0x11111111);
    b.set(1, ROM + 8);
    b.set(2, 5);
    b.traps.clear();
    b.run_code({store(W, 2, 0, 1)}, 1);
    EXPECT_EQ(b.get(ROM + 8, 4), 0x11111111u);
    expect_trap(RAM, amo(0, 4, 3, 2, 1), {7, ROM + 8, RAM});
    b.run_code({load(W, 3, 0, 1)});
    EXPECT_EQ(b.x(3), 0x11111111u);
}

TEST_P(HartTrap, FetchFaults)
{
    b.put_code(RAM, {jal(1, 0x100)});
    b.set(5, HOLE + 2);
    b.traps.clear();
    b.run_code({jalr(1, 5, 0)}, 2);
    ASSERT_EQ(b.traps.size(), 1u);
    EXPECT_EQ(b.traps[0], (Trap{1, HOLE + 2, HOLE + 2}));
    EXPECT_EQ(b.x(1), RAM + 4); // the jump itself was fine
    b.set(5, IO);               // nobody executes a device
    b.traps.clear();
    b.run_code({jalr(1, 5, 0)}, 2);
    ASSERT_EQ(b.traps.size(), 1u);
    EXPECT_EQ(b.traps[0].cause, 1u);
    EXPECT_TRUE(b.device.calls.empty());
    // running off the end of memory
    uint64_t last = RAM + RAM_SIZE - 4;
    b.put_code(last, {addi(7, 0, 9)});
    hart_set_pc(b.hart, last);
    b.traps.clear();
    b.run(2);
    EXPECT_EQ(b.x(7), 9u);
    ASSERT_EQ(b.traps.size(), 1u);
    EXPECT_EQ(b.traps[0], (Trap{1, RAM + RAM_SIZE, RAM + RAM_SIZE}));
}

TEST_P(HartTrap, HalfAnInstructionAtTheEnd)
{
    // 3.1.16: mtval holds the address of the portion that faulted
    uint64_t last = RAM + RAM_SIZE - 2;
    uint16_t half = static_cast<uint16_t>(addi(7, 7, 1));
    b.put(last, &half, 2);
    hart_set_pc(b.hart, last);
    b.traps.clear();
    b.run(1);
    ASSERT_EQ(b.traps.size(), 1u);
    EXPECT_EQ(b.traps[0], (Trap{1, RAM + RAM_SIZE, last}));
    uint16_t whole = 0x0385; // c.addi x7, 1
    b.put(last, &whole, 2);
    b.set(7, 0);
    hart_set_pc(b.hart, last);
    b.run(1);
    EXPECT_EQ(b.x(7), 1u);
}

TEST_P(HartTrap, MisalignedTargetsWithoutC)
{
    BoardOptions o = axis_options(GetParam());
    o.isa = "ima_zicsr_zifencei";
    Board p(o);
    p.catch_traps();
    struct Case {
        uint32_t word;
        uint64_t target;
    };
    p.set(5, RAM + 0x101);
    p.set(6, RAM + 0x102);
    const Case bad[] = {{jal(1, 6), RAM + 0x46},
                        {jalr(1, 6, 0), RAM + 0x102},
                        {jalr(1, 5, 1), RAM + 0x102},
                        {branch(EQ, 0, 0, -2), RAM + 0x3e}};
    for (const Case &c : bad) { // on the jump itself: Volume I, 2.5
        p.set(1, 77);
        p.traps.clear();
        p.run_at(RAM + 0x40, {c.word}, 1);
        ASSERT_EQ(p.traps.size(), 1u);
        EXPECT_EQ(p.traps[0], (Trap{0, c.target, RAM + 0x40}));
        EXPECT_EQ(p.x(1), 77u);
        EXPECT_EQ(p.csr(MEPC), RAM + 0x40);
    }
    p.traps.clear();
    p.run_at(RAM + 0x40, {branch(NE, 0, 0, -2)}); // not taken: no matter
    EXPECT_TRUE(p.traps.empty());
    p.run_at(RAM + 0x40, {jalr(1, 5, 0)}, 1); // bit 0 goes away
    EXPECT_TRUE(p.traps.empty());
    EXPECT_EQ(hart_pc(p.hart), RAM + 0x100);
}

TEST_P(HartTrap, CounterOfNoneIsFine)
{
    // A handler that traps forever uses up time and returns at the horizon.
    Board p(axis_options(GetParam()));
    p.set(31, HOLE);
    p.run_code({csrw(MTVEC, 31)});
    uint64_t until = hart_time(p.hart) + 1000 * p.clock.period;
    hart_limit(p.hart, UINT64_MAX);
    hart_run(p.hart, until);
    EXPECT_GE(hart_time(p.hart), until);
    p.put32(HANDLER, 0);
    write(p, MTVEC, HANDLER);
}

// -- the stack of mstatus
// -----------------------------------------------------------------

TEST_P(HartTrap, TrapsStackModeAndEnable)
{
    for (unsigned mode : {0u, 3u}) {
        for (uint64_t mie : {0u, 8u}) {
            b.put_code(RAM + 0x800, {ECALL, self()});
            go(RAM + 0x800, mode, mie << 4); // MPIE becomes MIE
            EXPECT_EQ(hart_privilege(b.hart), mode);
            EXPECT_EQ(b.csr(MSTATUS) & 0x1888, 0x80 | mie); // MPP is U now
            b.traps.clear();
            b.run(1);
            ASSERT_EQ(b.traps.size(), 1u);
            EXPECT_EQ(b.traps[0], (Trap{mode == 3 ? 11u : 8u, 0, RAM + 0x800}));
            EXPECT_EQ(hart_privilege(b.hart), 3u);
            EXPECT_EQ(b.csr(MSTATUS) & 0x1888, mode << 11 | mie << 4);
        }
    }
}

TEST_P(HartTrap, MretDropsMprvOnTheWayDown)
{
    go(RAM + 0x800, 3, 1 << 17);
    EXPECT_EQ(b.csr(MSTATUS) >> 17 & 1, 1u); // 3.1.6.3
    go(RAM + 0x800, 0, 1 << 17);
    EXPECT_EQ(b.csr(MSTATUS) >> 17 & 1, 0u);
}

TEST_P(HartTrap, HandlersReturn)
{
    // skip the faulting instruction, count traps in x20
    b.put_code(RAM + 0x1000,
               {csrw(MSCRATCH, 5), csrr(5, MEPC), addi(5, 5, 4), csrw(MEPC, 5),
                csrr(5, MSCRATCH), addi(20, 20, 1), MRET});
    write(MTVEC, RAM + 0x1000);
    b.set(5, 1234);
    b.run_code({ECALL, addi(6, 0, 1), 0xffffffff, addi(6, 6, 1), EBREAK,
                addi(6, 6, 1)},
               3 * 8);
    EXPECT_EQ(b.x(20), 3u);
    EXPECT_EQ(b.x(6), 3u);
    EXPECT_EQ(b.x(5), 1234u);
    EXPECT_EQ(hart_pc(b.hart), RAM + 24);
}

// -- interrupts
// ---------------------------------------------------------------------------

TEST_P(HartTrap, InterruptsWaitForTheirEnables)
{
    hart_set_irq(b.hart, HART_MTI, true);
    b.run(3);
    EXPECT_EQ(hart_counters(b.hart).interrupts, 0u);
    write(MIE, 0x808); // not the timer
    write(MSTATUS, 8);
    b.run(3);
    EXPECT_EQ(hart_counters(b.hart).interrupts, 0u);
    b.put_code(RAM + 0x100, {csrw(MIE, 5), addi(6, 0, 1), self()});
    b.set(5, 0x80);
    b.set(6, 0);
    hart_set_pc(b.hart, RAM + 0x100);
    b.run(2);
    // taken between the write and what follows it
    EXPECT_EQ(hart_counters(b.hart).interrupts, 1u);
    EXPECT_EQ(b.csr(MEPC), RAM + 0x104);
    EXPECT_EQ(b.x(6), 0u);
    EXPECT_EQ(b.csr(MCAUSE), top | 7);
    EXPECT_EQ(b.csr(MTVAL), 0u);
    EXPECT_EQ(b.csr(MSTATUS) & 0x1888, 0x1880u);
    EXPECT_EQ(hart_pc(b.hart), uint64_t{HANDLER});
    b.run(5); // masked now
    EXPECT_EQ(hart_counters(b.hart).interrupts, 1u);
}

TEST_P(HartTrap, UserModeIsAlwaysInterrupted)
{
    write(MIE, 0x888);
    b.put_code(RAM + 0x800, {nop(), nop(), self()});
    go(RAM + 0x800, 0, 0); // MIE = 0
    b.run(1);
    hart_set_irq(b.hart, HART_MSI, true);
    b.run(1);
    EXPECT_EQ(b.csr(MCAUSE), top | 3);
    EXPECT_EQ(b.csr(MEPC), RAM + 0x804);
    EXPECT_EQ(b.csr(MSTATUS) & 0x1888, 0u); // from U, MIE was 0
    EXPECT_EQ(hart_privilege(b.hart), 3u);
}

TEST_P(HartTrap, PriorityIsExternalSoftwareTimer)
{
    for (unsigned set = 1; set < 8; set++) {
        const unsigned lines[] = {HART_MEI, HART_MSI, HART_MTI}; // 3.1.9
        unsigned want = 0;
        for (unsigned i = 3; i-- > 0;) {
            hart_set_irq(b.hart, lines[i], set >> i & 1);
            want = set >> i & 1 ? lines[i] : want;
        }
        for (uint64_t mode : {0u, 1u}) { // direct, vectored
            write(MTVEC, HANDLER | mode);
            write(MIE, 0x888);
            b.put_code(HANDLER, std::vector<uint32_t>(12, self()));
            b.put_code(RAM + 0x100, {csrw(MSTATUS, 5), nop(), self()});
            b.set(5, 8);
            hart_set_pc(b.hart, RAM + 0x100);
            b.run(2);
            EXPECT_EQ(b.csr(MCAUSE), top | want);
            EXPECT_EQ(hart_pc(b.hart), HANDLER + mode * 4 * want);
            write(MIE, 0);
        }
    }
    // exceptions go to the base in vectored mode too
    b.put_code(RAM + 0x100, {ECALL});
    hart_set_pc(b.hart, RAM + 0x100);
    b.run(1);
    EXPECT_EQ(hart_pc(b.hart), uint64_t{HANDLER});
}

TEST_P(HartTrap, MretToAPendingInterrupt)
{
    write(MIE, 0x80);
    hart_set_irq(b.hart, HART_MTI, true);
    write(MSTATUS, 0x1880);
    write(MEPC, RAM + 0x900);
    b.put_code(RAM + 0x100, {MRET});
    b.put_code(RAM + 0x900, {addi(6, 0, 5), self()});
    b.set(6, 0);
    hart_set_pc(b.hart, RAM + 0x100);
    b.run(2);
    EXPECT_EQ(b.csr(MEPC), RAM + 0x900);
    EXPECT_EQ(b.csr(MCAUSE), top | 7);
    EXPECT_EQ(b.x(6), 0u);
}

TEST_P(HartTrap, AnInterruptIsNotLate)
{
    // A store that raises a line is followed by the interrupt at once.
    b.device.told = [this](const Listener::Call &c) {
        hart_set_irq(b.hart, HART_MEI, c.value != 0);
    };
    write(MIE, 0x800);
    b.set(1, IO);
    b.set(2, 1);
    b.set(6, 0);
    b.set(5, 8);
    b.run_code({csrw(MSTATUS, 5), nop(), store(W, 2, 0, 1), addi(6, 0, 1)}, 4);
    EXPECT_EQ(b.csr(MEPC), RAM + 12);
    EXPECT_EQ(b.x(6), 0u);
    EXPECT_EQ(hart_counters(b.hart).interrupts, 1u);
}

// -- sleep
// ---------------------------------------------------------------------------------

TEST_P(HartTrap, WfiSleepsUntilAnEnabledLine)
{
    write(MIE, 0x80);
    b.put_code(RAM + 0x100, {WFI, addi(6, 6, 1), self()});
    b.set(6, 0);
    hart_set_pc(b.hart, RAM + 0x100);
    hart_limit(b.hart, UINT64_MAX);
    uint64_t until = hart_time(b.hart) + 500 * b.clock.period;
    HartCounters before = hart_counters(b.hart);
    hart_run(b.hart, until);
    EXPECT_TRUE(hart_asleep(b.hart));
    EXPECT_EQ(hart_time(b.hart), until);
    HartCounters after = hart_counters(b.hart);
    EXPECT_EQ(after.cycles - before.cycles, 500u);
    EXPECT_EQ(after.idle - before.idle, 499u); // wfi itself takes one
    EXPECT_EQ(after.instructions - before.instructions, 1u);
    hart_set_irq(b.hart, HART_MEI, true); // not enabled
    EXPECT_TRUE(hart_asleep(b.hart));
    hart_set_irq(b.hart, HART_MTI, true); // enabled in mie, not in mstatus
    EXPECT_FALSE(hart_asleep(b.hart));
    b.run(2);
    EXPECT_EQ(b.x(6), 1u); // goes on behind wfi, without a trap
    EXPECT_EQ(hart_counters(b.hart).interrupts, 0u);
}

TEST_P(HartTrap, WfiIsInterruptedBehindItself)
{
    write(MIE, 0x80);
    b.put_code(RAM + 0x100, {csrw(MSTATUS, 5), WFI, nop(), self()});
    b.set(5, 8);
    hart_set_pc(b.hart, RAM + 0x100);
    b.run(3);
    EXPECT_TRUE(hart_asleep(b.hart));
    hart_set_irq(b.hart, HART_MTI, true);
    b.run(1);
    EXPECT_EQ(b.csr(MCAUSE), top | 7);
    EXPECT_EQ(b.csr(MEPC), RAM + 0x108); // 3.3.3: pc + 4
    // with the line up already it does not sleep at all
    write(MSTATUS, 0);
    b.run_at(RAM + 0x100, {WFI, addi(7, 0, 3)});
    EXPECT_EQ(b.x(7), 3u);
}

} // namespace
