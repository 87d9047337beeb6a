// CSRs, privilege and counters: Volume II, chapters 2 and 3; Volume I, chapters
// 9 (Zicsr) and 10 (counters).
#include <gtest/gtest.h>
#include <set>

#include "tests/cpu/hart_kit.h"

namespace
{

using namespace rv;

enum : unsigned { RW = 1, RS = 2, RC = 3, RWI = 5, RSI = 6, RCI = 7 };

class HartCsr : public testing::TestWithParam<Axis>
{
  protected:
    HartCsr() : xlen(GetParam().xlen), b(options()) { b.catch_traps(); }
    static BoardOptions options()
    {
        BoardOptions o = axis_options(GetParam());
        o.timer = true;
        return o;
    }
    // Runs one instruction at RAM + 0x400; true if it was illegal.
    bool illegal(uint32_t word)
    {
        b.traps.clear();
        b.run_at(RAM + 0x400, {word});
        if (b.traps.empty()) {
            return false;
        }
        EXPECT_EQ(b.traps[0], (Trap{2, word, RAM + 0x400}));
        return true;
    }
    void write(unsigned number, uint64_t value)
    {
        b.set(30, value);
        ASSERT_FALSE(illegal(csrw(number, 30))) << std::hex << number;
    }
    uint64_t write_and_read(unsigned number, uint64_t value)
    {
        write(number, value);
        EXPECT_FALSE(illegal(csrr(29, number)));
        EXPECT_EQ(b.csr(number), b.x(29)) << std::hex << number;
        return b.x(29);
    }
    // Goes on in U mode at `at`.
    void to_user(uint64_t at)
    {
        write(MSTATUS, b.csr(MSTATUS) & ~UINT64_C(0x1800));
        write(MEPC, at);
        b.run_at(RAM + 0x400, {MRET});
        ASSERT_EQ(hart_privilege(b.hart), 0u);
        ASSERT_EQ(hart_pc(b.hart), at);
    }
    // One instruction in U mode; true if it was illegal.
    bool illegal_in_user(uint32_t word)
    {
        b.put_code(RAM + 0x800, {word, ECALL}); // which leads back to M
        to_user(RAM + 0x800);
        b.traps.clear();
        b.run(1);
        bool was = !b.traps.empty() && b.traps[0].cause == 2;
        b.run(1);
        EXPECT_EQ(hart_privilege(b.hart), 3u);
        return was;
    }
    unsigned xlen;
    Board b;
};
ON_ALL_AXES(HartCsr);

// -- the instructions
// ----------------------------------------------------------------

TEST_P(HartCsr, ReadModifyWrite)
{
    struct Case {
        unsigned f3, rs1; // a register or an immediate
        uint64_t want;
    };
    const Case cases[] = {
        {RW, 5, 0x0ff0},   {RS, 5, 0xfff0},   {RC, 5, 0xf000}, {RWI, 21, 21},
        {RSI, 21, 0xff15}, {RCI, 21, 0xff00}, {RS, 0, 0xff00}, {RC, 0, 0xff00},
        {RSI, 0, 0xff00},  {RCI, 0, 0xff00},  {RW, 0, 0},      {RWI, 0, 0},
        {RW, 6, b.sx(-1)}, {RC, 6, 0},
    };
    for (const Case &c : cases) {
        write(MSCRATCH, 0xff00);
        b.set(5, 0x0ff0);
        b.set(6, b.sx(-1));
        b.run_code({csr(c.f3, 7, MSCRATCH, c.rs1)});
        EXPECT_EQ(b.x(7), 0xff00u) << c.f3 << " " << c.rs1;
        EXPECT_EQ(b.csr(MSCRATCH), c.want) << c.f3 << " " << c.rs1;
        write(MSCRATCH, 0xff00); // to x0 the same happens
        b.run_code({csr(c.f3, 0, MSCRATCH, c.rs1)});
        EXPECT_EQ(b.csr(MSCRATCH), c.want);
    }
    write(MSCRATCH, 0xaa); // source and destination the same
    b.set(5, 0x55);
    b.run_code({csr(RW, 5, MSCRATCH, 5)});
    EXPECT_EQ(b.x(5), 0xaau);
    EXPECT_EQ(b.csr(MSCRATCH), 0x55u);
}

TEST_P(HartCsr, ReadOnlyOnes)
{
    for (unsigned n :
         {0xf11u, 0xf12u, 0xf13u, 0xf14u, 0xf15u, 0xc00u, 0xc02u}) {
        EXPECT_FALSE(illegal(csrr(5, n))) << std::hex << n;
        EXPECT_FALSE(illegal(csr(RC, 5, n, 0)));
        EXPECT_FALSE(illegal(csr(RSI, 5, n, 0)));
        EXPECT_FALSE(illegal(csr(RCI, 5, n, 0)));
        b.set(6, 0);
        EXPECT_TRUE(illegal(csr(RW, 5, n, 0))); // writes whatever is written
        EXPECT_TRUE(illegal(csr(RWI, 5, n, 0)));
        EXPECT_TRUE(illegal(csr(RS, 5, n, 6))); // x6 is 0, but is not x0
        EXPECT_TRUE(illegal(csr(RCI, 5, n, 1)));
    }
}

TEST_P(HartCsr, AnIllegalOneChangesNothing)
{
    b.set(5, 123);
    EXPECT_TRUE(illegal(csr(RW, 5, 0x180, 5))); // satp: there is no S mode
    EXPECT_EQ(b.x(5), 123u);
}

TEST_P(HartCsr, OnlyTheseExist)
{
    std::set<unsigned> exist = {0xf11, 0xf12, 0xf13, 0xf14, 0xf15, 0x300,
                                0x301, 0x304, 0x305, 0x306, 0x320, 0x340,
                                0x341, 0x342, 0x343, 0x344, 0xb00, 0xb02,
                                0xc00, 0xc01, 0xc02, 0x30a};
    for (unsigned i = 3; i < 32; i++) {
        exist.insert({0xb00 + i, 0xc00 + i, 0x320 + i});
    }
    if (xlen == 32) { // no PMP: it has no entries
        exist.insert({0x310, 0xb80, 0xb82, 0xc80, 0xc81, 0xc82, 0x31a});
        for (unsigned i = 3; i < 32; i++) {
            exist.insert({0xb80 + i, 0xc80 + i});
        }
    }
    for (unsigned n = 0; n < 4096; n++) {
        EXPECT_EQ(!illegal(csrr(5, n)), exist.count(n) > 0) << std::hex << n;
        uint64_t v;
        EXPECT_EQ(hart_read_csr(b.hart, n, &v), exist.count(n) > 0);
    }
}

// -- what each holds
// ---------------------------------------------------------------------

TEST_P(HartCsr, AfterReset)
{
    EXPECT_EQ(hart_privilege(b.hart), 3u);
    write(MSTATUS, 0x1888);
    write(MIE, 0x888);
    hart_reset(b.hart);
    EXPECT_EQ(hart_privilege(b.hart), 3u);
    EXPECT_EQ(hart_pc(b.hart), RAM);
    EXPECT_EQ(b.csr(MSTATUS) & 0x20008, 0u); // MIE and MPRV: Volume II, 3.4
    EXPECT_EQ(b.csr(MCAUSE), 0u);
    EXPECT_EQ(b.csr(MHARTID), 0u);
    uint64_t second = 9;
    EXPECT_TRUE(hart_read_csr(b.make_hart(RAM), MHARTID, &second));
    EXPECT_EQ(second, 1u);
}

TEST_P(HartCsr, Misa)
{
    uint64_t want = 1 << 0 | 1 << 2 | 1 << 8 | 1 << 12 | 1 << 20; // A C I M U
    want |= xlen == 32 ? UINT64_C(1) << 30 : UINT64_C(2) << 62;
    EXPECT_EQ(b.csr(MISA), want);
    EXPECT_EQ(write_and_read(MISA, 0), want);
    BoardOptions o = options();
    o.isa = "i_zicsr";
    Board small(o);
    EXPECT_EQ(small.csr(MISA) & 0x3ffffff, 1u << 8 | 1 << 20);
}

TEST_P(HartCsr, MstatusKeepsWhatItHas)
{
    uint64_t fixed = xlen == 64 ? UINT64_C(2) << 32 : 0; // UXL is 64
    // MIE, MPIE, MPP, MPRV, TW; no S mode, no F, little-endian
    EXPECT_EQ(write_and_read(MSTATUS, b.sx(-1)), 0x221888 | fixed);
    EXPECT_EQ(write_and_read(MSTATUS, 0), fixed);
    for (uint64_t mpp : {0u, 3u}) {
        EXPECT_EQ(write_and_read(MSTATUS, mpp << 11), mpp << 11 | fixed);
        for (uint64_t other : {1u, 2u}) { // WARL: any legal value may follow
            uint64_t got = write_and_read(MSTATUS, other << 11) >> 11 & 3;
            EXPECT_TRUE(got == 0 || got == 3) << got;
        }
    }
    if (xlen == 32) {
        EXPECT_EQ(write_and_read(0x310, b.sx(-1)), 0u); // mstatush
    }
}

TEST_P(HartCsr, MtvecMepcMcauseMtval)
{
    EXPECT_EQ(write_and_read(MTVEC, 0x80001000), 0x80001000u);
    EXPECT_EQ(write_and_read(MTVEC, 0x80002001), 0x80002001u);
    for (uint64_t mode : {2u, 3u}) { // reserved modes do not stay
        EXPECT_LE(write_and_read(MTVEC, 0x80003000 | mode) & 3, 1u);
    }
    EXPECT_EQ(write_and_read(MTVEC, HANDLER), uint64_t{HANDLER});
    EXPECT_EQ(write_and_read(MEPC, 0x80001003), 0x80001002u); // IALIGN is 16
    EXPECT_EQ(write_and_read(MEPC, b.sx(-1)), b.sx(-2));
    EXPECT_EQ(write_and_read(MTVAL, b.sx(-1)), b.sx(-1));
    EXPECT_EQ(write_and_read(MSCRATCH, b.sx(-1)), b.sx(-1));
    uint64_t top = UINT64_C(1) << (xlen - 1);
    for (uint64_t cause :
         {uint64_t{0}, uint64_t{7}, uint64_t{11}, top | 3, top | 7, top | 11}) {
        EXPECT_EQ(write_and_read(MCAUSE, cause), cause);
    }
}

TEST_P(HartCsr, MepcWithoutC)
{
    BoardOptions o = options();
    o.isa = "ima_zicsr";
    Board plain(o);
    plain.set(5, 0x80001007);
    plain.run_code({csrw(MEPC, 5), csrr(6, MEPC)});
    EXPECT_EQ(plain.x(6), 0x80001004u); // IALIGN is 32
}

TEST_P(HartCsr, InterruptRegisters)
{
    EXPECT_EQ(write_and_read(MIE, b.sx(-1)), 0x888u);
    write(MIE, 0);
    write(MIP, b.sx(-1)); // M-level bits are read-only in mip
    EXPECT_EQ(b.csr(MIP), 0u);
    hart_set_irq(b.hart, HART_MTI, true);
    hart_set_irq(b.hart, HART_MSI, true);
    EXPECT_EQ(b.csr(MIP), 0x88u);
    write(MIP, 0);
    EXPECT_EQ(b.csr(MIP), 0x88u);
    hart_set_irq(b.hart, HART_MTI, false);
    hart_set_irq(b.hart, HART_MEI, true);
    EXPECT_EQ(b.csr(MIP), 0x808u);
}

TEST_P(HartCsr, ThoseThatReadZero)
{
    for (unsigned n : {0x323u, 0x33fu, 0xb03u, 0xb1fu}) {
        EXPECT_EQ(write_and_read(n, b.sx(-1)), 0u) << std::hex << n;
    }
}

// -- counters
// ------------------------------------------------------------------------------

TEST_P(HartCsr, InstretCountsRetired)
{
    b.put_code(RAM + 0x40, {self()});
    b.set(8, RAM + 0x40);
    // read, 3 instructions, read: the second counts the first
    b.run_code({csrr(5, MINSTRET), nop(), nop(), nop(), csrr(6, MINSTRET)});
    EXPECT_EQ(b.x(6) - b.x(5), 4u);
    uint64_t before = b.csr(MINSTRET);
    b.traps.clear();
    b.run_code({ECALL}, 1); // traps, then one jump of the handler retires
    EXPECT_EQ(b.traps.size(), 1u);
    EXPECT_EQ(b.csr(MINSTRET) - before, 1u); // 3.3.1: ecall does not retire
    EXPECT_EQ(b.csr(MINSTRET), hart_counters(b.hart).instructions);
}

TEST_P(HartCsr, CountersAreWritten)
{
    // Volume II, 3.1.10: the write takes effect behind the instruction
    b.set(5, 1000);
    b.run_code({csrw(MINSTRET, 5), csrr(6, MINSTRET), csrr(7, INSTRET)});
    EXPECT_EQ(b.x(6), 1000u);
    EXPECT_EQ(b.x(7), 1001u);
    b.run_code({csrw(MCYCLE, 5), csrr(6, MCYCLE), nop(), csrr(7, CYCLE)});
    EXPECT_EQ(b.x(6), 1000u); // profile `none`: a cycle each
    EXPECT_EQ(b.x(7), 1002u);
    uint64_t old = hart_counters(b.hart).instructions;
    b.run(10);
    EXPECT_EQ(hart_counters(b.hart).instructions, old + 10); // ours stay ours
    if (xlen == 32) {
        b.set(5, 7);
        b.set(6, UINT32_MAX - 1);
        b.run_code({csrw(MCYCLEH, 5), csrw(MCYCLE, 6), csrr(7, MCYCLE),
                    csrr(8, MCYCLEH), csrr(9, MCYCLE), csrr(10, MCYCLEH),
                    csrr(11, CYCLEH)});
        EXPECT_EQ(b.x(7), UINT32_MAX - 1);
        EXPECT_EQ(b.x(8), 7u);
        EXPECT_EQ(b.x(9), 0u);
        EXPECT_EQ(b.x(10), 8u); // carried
        EXPECT_EQ(b.x(11), 8u);
        b.run_code({csrw(MINSTRETH, 5), csrr(8, MINSTRETH), csrr(9, 0xc82)});
        EXPECT_EQ(b.x(8), 7u);
        EXPECT_EQ(b.x(9), 7u);
    }
}

TEST_P(HartCsr, TimeComesFromOutside)
{
    b.time = 0x123456789abcdef0;
    b.run_code({csrr(5, TIME)});
    EXPECT_EQ(b.x(5), b.time & b.mask());
    if (xlen == 32) {
        b.run_code({csrr(5, TIMEH)});
        EXPECT_EQ(b.x(5), b.time >> 32);
    }
    BoardOptions o = options();
    o.timer = false;
    Board bare(o);
    bare.catch_traps();
    bare.run_code({csrr(5, TIME)});
    ASSERT_EQ(bare.traps.size(), 1u);
    EXPECT_EQ(bare.traps[0].cause, 2u);
}

// -- U mode
// ------------------------------------------------------------------------------------

TEST_P(HartCsr, UserModeHasNoMachineCsrs)
{
    for (unsigned n :
         {0x300u, 0x304u, 0x340u, 0x344u, 0xb00u, 0xf14u, 0x105u}) {
        EXPECT_TRUE(illegal_in_user(csrr(5, n))) << std::hex << n;
    }
    EXPECT_TRUE(illegal_in_user(MRET));
    EXPECT_EQ(hart_privilege(b.hart), 3u); // in the handler
}

TEST_P(HartCsr, McounterenGates)
{
    for (unsigned i = 0; i < 32; i++) {
        EXPECT_EQ(write_and_read(MCOUNTEREN, UINT64_C(1) << i) >> i, 1u);
        for (unsigned j : {0u, 1u, 2u, 3u, 31u}) {
            EXPECT_EQ(!illegal_in_user(csrr(5, CYCLE + j)), i == j);
            EXPECT_EQ(!illegal_in_user(csrr(5, CYCLEH + j)),
                      i == j && xlen == 32);
        }
        EXPECT_FALSE(illegal(csrr(5, CYCLE))); // not in M mode
    }
}

TEST_P(HartCsr, WfiInUserMode)
{
    hart_set_irq(b.hart, HART_MTI, true); // so that it does not sleep
    write(MIE, 0x80);
    write(MSTATUS, 0);
    b.put_code(RAM + 0x800, {WFI, self()});
    write(MSTATUS, 1 << 21); // TW
    hart_set_irq(b.hart, HART_MTI, false);
    EXPECT_TRUE(illegal_in_user(WFI));
    write(MSTATUS, 0);
    to_user(RAM + 0x800);
    b.traps.clear();
    b.run(1);
    EXPECT_EQ(b.traps.size(), 0u);
    EXPECT_TRUE(hart_asleep(b.hart));
}

TEST_P(HartCsr, AttributesOfAccesses)
{
    b.set(1, IO);
    b.run_code({load(W, 2, 0, 1)});
    ASSERT_EQ(b.device.calls.size(), 1u);
    EXPECT_FALSE(b.device.calls[0].user);
    b.put_code(RAM + 0x800, {load(W, 2, 0, 1), self()});
    to_user(RAM + 0x800);
    b.run(1);
    ASSERT_EQ(b.device.calls.size(), 2u);
    EXPECT_TRUE(b.device.calls[1].user);
}

TEST_P(HartCsr, MprvLoadsAsMppSays)
{
    b.set(1, IO);
    write(MSTATUS, 1 << 17); // MPRV, MPP is U
    b.run_code({load(W, 2, 0, 1), store(W, 2, 0, 1)});
    ASSERT_EQ(b.device.calls.size(), 2u);
    EXPECT_TRUE(b.device.calls[0].user); // Volume II, 3.1.6.3
    EXPECT_TRUE(b.device.calls[1].user);
    write(MSTATUS, 1 << 17 | 3 << 11);
    b.run_code({load(W, 2, 0, 1)});
    EXPECT_FALSE(b.device.calls[2].user);
}

} // namespace
