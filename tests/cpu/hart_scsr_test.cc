// CSRs of a hart with S mode, F and Sstc: which exist, who may name them, what
// they hold. Volume II, chapters 2 to 4; Sstc; Volume I, chapter 11.
#include <gtest/gtest.h>
#include <set>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" // C11's flexible array members
#include "cpu/hart_private.h"
#pragma GCC diagnostic pop
#include "tests/cpu/smode_kit.h"

namespace
{

using namespace rv;

constexpr const char *EVERYTHING = "imafdc_zicsr_zifencei_sstc_svadu_zicboz";

enum : unsigned { RW = 1, RS = 2, RC = 3 };

class HartScsr : public testing::TestWithParam<Axis>
{
  protected:
    HartScsr()
        : xlen(GetParam().xlen),
          b(options(), [](HartConfig *c) { c->pmp_entries = 16; })
    {
        // without an entry that matches, S and U may touch nothing
        b.write(0x3b0, b.sx(-1));
        b.write(0x3a0, 0x1f);
    }
    static BoardOptions options(const char *isa = EVERYTHING)
    {
        BoardOptions o = axis_options(GetParam());
        o.isa = isa;
        return o;
    }
    unsigned xlen;
    SuperBoard b;
};
ON_ALL_AXES(HartScsr);

// -- which there are
// -----------------------------------------------------------------------

std::set<unsigned> existing(unsigned xlen, bool f, bool s, bool sstc, bool pmp)
{
    std::set<unsigned> n = {0xf11, 0xf12, 0xf13, 0xf14, 0xf15, 0x300,
                            0x301, 0x304, 0x305, 0x306, 0x30a, 0x320,
                            0x340, 0x341, 0x342, 0x343, 0x344, 0xb00,
                            0xb02, 0xc00, 0xc01, 0xc02};
    for (unsigned i = 3; i < 32; i++) {
        n.insert({0xb00 + i, 0xc00 + i, 0x320 + i});
    }
    if (f) {
        n.insert({1, 2, 3});
    }
    if (s) {
        n.insert({0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143,
                  0x144, 0x180, 0x302, 0x303});
    }
    if (sstc) {
        n.insert(0x14d);
    }
    if (pmp) {
        n.insert({0x3a0, 0x3a2});
        for (unsigned i = 0; i < 16; i++) {
            n.insert(0x3b0 + i);
        }
    }
    if (xlen == 32) {
        n.insert({0x310, 0x31a, 0xb80, 0xb82, 0xc80, 0xc81, 0xc82});
        for (unsigned i = 3; i < 32; i++) {
            n.insert({0xb80 + i, 0xc80 + i});
        }
        if (sstc) {
            n.insert(0x15d);
        }
        if (pmp) {
            n.insert({0x3a1, 0x3a3});
        }
    }
    return n;
}

void expect_exactly(SuperBoard *b, const std::set<unsigned> &there)
{
    if (there.count(FCSR)) {
        b->write(MSTATUS, F_FS);
    }
    for (unsigned n = 0; n < 4096; n++) {
        uint64_t v;
        EXPECT_EQ(csr_access(b->hart, n, CSR_SET, 0, false, 0, 0, &v),
                  there.count(n) > 0)
            << std::hex << n;
        EXPECT_EQ(hart_read_csr(b->hart, n, &v), there.count(n) > 0)
            << std::hex << n;
    }
}

TEST_P(HartScsr, OnlyTheseExist)
{
    expect_exactly(&b, existing(xlen, true, true, true, true));
}

TEST_P(HartScsr, AndFewerWithoutTheExtensions)
{
    SuperBoard none(options("imac_zicsr"));
    expect_exactly(&none, existing(xlen, false, true, false, false));
    // named in the isa string, but nobody compares stimecmp with the time
    SuperBoard deaf(options("imac_zicsr_sstc"),
                    [](HartConfig *c) { c->write_stimecmp = nullptr; });
    EXPECT_TRUE(deaf.illegal(3, csrr(5, STIMECMP)));
    EXPECT_EQ(deaf.write_and_read(MENVCFG, b.sx(-1)) >> 63, 0u);
}

// What firmware asks for, hoping for a trap or an answer.
TEST_P(HartScsr, ProbedByFirmwareAndAbsent)
{
    const unsigned absent[] = {
        0x747, 0x757,                                               // mseccfg
        0x7a0, 0x7a1, 0x7a2, 0x7a3, 0x7a4, 0x7a5,                   // triggers
        0x7a8, 0x7aa, 0x7b0, 0x7b1, 0x7b2, 0x7b3,                   // and debug
        0x30c, 0x30d, 0x30e, 0x30f, 0x31c, 0x31d,     0x31e, 0x31f, // mstateen
        0x10c, 0x10d, 0x10e, 0x10f, 0x60c, 0x61c,
        0xda0,                                               // scountovf
        0x350, 0x351, 0x35c, 0xfb0, 0xdb0, 0x15c,            // AIA: mtopi, ...
        0x308, 0x309, 0x318, 0x319, 0x114, 0x154,            // mvien, mieh, ...
        0x312, 0x321, 0x322, 0x721, 0x723, 0x724,     0x73f, // Smcntrpmf, hpm
        0x600, 0x602, 0x603, 0x604, 0x605, 0x606,     0x607, 0x643, 0x680,
        0x24d, 0x008, 0x009, 0x00a, 0x00f, 0xc20,     0xc21, 0xc22, 0x015,
        0x017, 0x3a4, 0x3a6, 0x3ae, 0x3af, 0x3c0,     0x3ef, // PMP beyond 16
        0x5a8, 0x7c0, 0x7ff, 0xbc0, 0xfc0, 0x180 + 1, 0xb01, 0x000, 0x34a,
        0x34b, 0x740, 0x741, 0x744, // mtinst, resumable NMI
    };
    for (unsigned n : absent) {
        EXPECT_TRUE(b.illegal(3, csrr(5, n))) << std::hex << n;
        EXPECT_TRUE(b.illegal(3, csr(RS, 5, n, 6))) << std::hex << n;
        EXPECT_TRUE(b.illegal(3, csrw(n, 5))) << std::hex << n;
    }
    if (xlen == 64) { // high halves, odd pmpcfg
        for (unsigned n : {0x310u, 0x31au, 0x15du, 0x3a1u, 0x3a3u, 0xb80u,
                           0xb82u, 0xb83u, 0xc80u, 0xc81u, 0xc82u, 0xc9fu}) {
            EXPECT_TRUE(b.illegal(3, csrr(5, n))) << std::hex << n;
        }
    }
}

TEST_P(HartScsr, TheNumberSaysWhoMayNameIt)
{
    b.write(MSTATUS, F_FS);
    b.write(MCOUNTEREN, UINT32_MAX);
    b.write(SCOUNTEREN, UINT32_MAX);
    b.write(xlen == 32 ? unsigned{MENVCFGH} : unsigned{MENVCFG}, b.top);
    for (unsigned n : existing(xlen, true, true, true, true)) {
        for (unsigned mode : {0u, 1u}) {
            b.hart->priv = static_cast<uint8_t>(mode);
            uint64_t v;
            EXPECT_EQ(csr_access(b.hart, n, CSR_SET, 0, false, 0, 0, &v),
                      (n >> 8 & 3) <= mode)
                << std::hex << n << " in " << mode;
        }
    }
}

// -- mstatus and sstatus
// -------------------------------------------------------------------

TEST_P(HartScsr, MstatusFields)
{
    const uint64_t fixed = xlen == 64 ? UINT64_C(0xa) << 32 : 0;
    EXPECT_EQ(b.write_and_read(MSTATUS, 0), fixed);
    EXPECT_EQ(b.write_and_read(MSTATUS, b.sx(-1)), 0x7e79aa | b.top | fixed);
    for (uint64_t fs : {0u, 1u, 2u, 3u}) { // SD: FS is dirty
        EXPECT_EQ(b.write_and_read(MSTATUS, b.top | fs << 13),
                  fixed | fs << 13 | (fs == 3 ? b.top : 0));
    }
    for (uint64_t mpp : {3u, 1u, 0u}) {
        EXPECT_EQ(b.write_and_read(MSTATUS, mpp << 11) >> 11 & 3, mpp);
        EXPECT_NE(b.write_and_read(MSTATUS, 2 << 11) >> 11 & 3, 2u);
    }
}

TEST_P(HartScsr, FieldsNeedTheirExtensions)
{
    SuperBoard small(options("imac_zicsr"),
                     [](HartConfig *c) { c->mmu = HART_MMU_BARE; });
    const uint64_t fixed = xlen == 64 ? UINT64_C(0xa) << 32 : 0;
    // no FS; SUM is 0 where satp is: 3.1.6.3
    EXPECT_EQ(small.write_and_read(MSTATUS, b.sx(-1)), 0x7a19aa | fixed);
}

TEST_P(HartScsr, SstatusIsAViewOfMstatus)
{
    const uint64_t fixed = xlen == 64 ? UINT64_C(2) << 32 : 0;
    b.write(MSTATUS, b.sx(-1));
    EXPECT_EQ(b.csr(SSTATUS), 0xc6122 | b.top | fixed);
    b.write(SSTATUS, 0);
    EXPECT_EQ(b.csr(SSTATUS), fixed);
    EXPECT_EQ(b.csr(MSTATUS) & 0xffffffff, 0x721888u);
    EXPECT_EQ(b.write_and_read(SSTATUS, b.sx(-1)), 0xc6122 | b.top | fixed);
    b.write(MSTATUS, 0);
    b.write(SSTATUS, b.sx(-1));
    EXPECT_EQ(b.csr(MSTATUS) & 0x7fffffff, 0xc6122u);
    b.set(6, F_MPP | F_MIE | F_TVM | F_SPP);
    EXPECT_FALSE(b.illegal(1, csr(RC, 5, SSTATUS, 6)));
    EXPECT_EQ(b.csr(SSTATUS) & F_SPP, 0u);
}

// -- interrupts: who may set what
// ----------------------------------------------------------

TEST_P(HartScsr, DelegationRegisters)
{
    EXPECT_EQ(b.write_and_read(MEDELEG, b.sx(-1)), 0xb3ffu); // no ecall from M
    EXPECT_EQ(b.write_and_read(MEDELEG, 0), 0u);
    EXPECT_EQ(b.write_and_read(MIDELEG, b.sx(-1)), 0x222u);
    EXPECT_EQ(b.write_and_read(MIDELEG, 0x20), 0x20u);
}

TEST_P(HartScsr, SieIsWhatIsDelegatedOfMie)
{
    EXPECT_EQ(b.write_and_read(MIE, b.sx(-1)), 0xaaau);
    EXPECT_EQ(b.csr(SIE), 0u);
    b.write(MIDELEG, 0x202);
    EXPECT_EQ(b.csr(SIE), 0x202u);
    b.write(SIE, 0);
    EXPECT_EQ(b.csr(MIE), 0x8a8u);
    b.write(SIE, b.sx(-1));
    EXPECT_EQ(b.csr(MIE), 0xaaau);
    b.write(MIE, 0);
    b.write(SIE, b.sx(-1));
    EXPECT_EQ(b.csr(MIE), 0x202u);
}

TEST_P(HartScsr, MipSoftwareBits)
{
    EXPECT_EQ(b.write_and_read(MIP, b.sx(-1)), 0x222u);
    EXPECT_EQ(b.csr(SIP), 0u);
    b.write(MIDELEG, 0x222);
    EXPECT_EQ(b.csr(SIP), 0x222u);
    b.write(SIP, 0); // only SSIP is S mode's to write: 4.1.3
    EXPECT_EQ(b.csr(MIP), 0x220u);
    b.write(SIP, b.sx(-1));
    EXPECT_EQ(b.csr(MIP), 0x222u);
    b.write(MIDELEG, 0x220);
    b.write(SIP, 0);
    EXPECT_EQ(b.csr(MIP), 0x222u);
    EXPECT_EQ(b.csr(SIP), 0x220u);
    b.write(MIP, 0);
    EXPECT_EQ(b.csr(MIP), 0u);
    b.write(MIP, 0x222);
    hart_reset(b.hart);
    EXPECT_EQ(b.csr(MIP), 0u);
}

// 3.1.9: mip reads software's SEIP or the input; set and clear start from
// software's alone.
TEST_P(HartScsr, SeipIsTwoBits)
{
    hart_set_irq(b.hart, HART_SEI, true);
    b.set(6, 2);
    EXPECT_FALSE(b.illegal(3, csr(RS, 5, MIP, 6)));
    EXPECT_EQ(b.x(5), 0x200u);
    hart_set_irq(b.hart, HART_SEI, false);
    EXPECT_EQ(b.csr(MIP), 2u); // the input was not written back
    hart_set_irq(b.hart, HART_SEI, true);
    EXPECT_FALSE(b.illegal(3, csr(RC, 5, MIP, 6)));
    hart_set_irq(b.hart, HART_SEI, false);
    EXPECT_EQ(b.csr(MIP), 0u);
    b.set(6, 0x200);
    EXPECT_FALSE(b.illegal(3, csr(RS, 5, MIP, 6)));
    EXPECT_EQ(b.csr(MIP), 0x200u); // software's own
    hart_set_irq(b.hart, HART_SEI, true);
    EXPECT_FALSE(b.illegal(3, csr(RC, 5, MIP, 6)));
    EXPECT_EQ(b.csr(MIP), 0x200u); // the input
    hart_set_irq(b.hart, HART_SEI, false);
    EXPECT_EQ(b.csr(MIP), 0u);
    hart_set_irq(b.hart, HART_SEI, true);
    b.write(MIP, 0x200); // swap writes what it says
    hart_set_irq(b.hart, HART_SEI, false);
    EXPECT_EQ(b.csr(MIP), 0x200u);
}

// -- plain ones
// ---------------------------------------------------------------------------

TEST_P(HartScsr, SupervisorTrapRegisters)
{
    EXPECT_EQ(b.write_and_read(STVEC, 0x80001000), 0x80001000u);
    EXPECT_EQ(b.write_and_read(STVEC, 0x80002001), 0x80002001u);
    for (uint64_t mode : {2u, 3u}) {
        EXPECT_LE(b.write_and_read(STVEC, 0x80003000 | mode) & 3, 1u);
    }
    EXPECT_EQ(b.write_and_read(SEPC, b.sx(-1)), b.sx(-2));
    EXPECT_EQ(b.write_and_read(STVAL, b.sx(-1)), b.sx(-1));
    EXPECT_EQ(b.write_and_read(SSCRATCH, b.sx(-1)), b.sx(-1));
    for (uint64_t cause :
         {uint64_t{0}, uint64_t{15}, b.top | 1, b.top | 5, b.top | 9}) {
        EXPECT_EQ(b.write_and_read(SCAUSE, cause), cause);
    }
    SuperBoard plain(options("ima_zicsr"));
    EXPECT_EQ(plain.write_and_read(SEPC, 0x80001007), 0x80001004u);
}

TEST_P(HartScsr, EnvironmentConfigurationByExtension)
{
    auto all = [this](SuperBoard *board) {
        board->write(MENVCFG, b.sx(-1));
        if (xlen == 32) {
            board->write(MENVCFGH, b.sx(-1));
            return board->csr(MENVCFGH) << 32 | board->csr(MENVCFG);
        }
        return board->csr(MENVCFG);
    };
    EXPECT_EQ(all(&b), bit(63) | bit(61) | bit(7) | bit(0));
    EXPECT_EQ(b.write_and_read(SENVCFG, b.sx(-1)), 0x81u);
    EXPECT_EQ(b.write_and_read(SENVCFG, 0), 0u);
    if (xlen == 32) { // the halves are apart
        b.write(MENVCFG, 0);
        EXPECT_EQ(b.csr(MENVCFGH), 0xa0000000u);
        b.write(MENVCFGH, 0);
        EXPECT_EQ(b.write_and_read(MENVCFG, b.sx(-1)), 0x81u);
    }
    SuperBoard plain(options("imac_zicsr"));
    EXPECT_EQ(all(&plain), 1u);
    EXPECT_EQ(plain.write_and_read(SENVCFG, b.sx(-1)), 1u);
    // ADUE begins as the machine's walker does
    for (bool hardware : {false, true}) {
        SuperBoard w(options(),
                     [=](HartConfig *c) { c->hardware_ad = hardware; });
        uint64_t high = xlen == 32 ? w.csr(MENVCFGH) : w.csr(MENVCFG) >> 32;
        EXPECT_EQ(high, hardware ? bit(29) : 0);
    }
}

// -- satp
// ----------------------------------------------------------------------------------

TEST_P(HartScsr, SatpTakesItsModesOnly)
{
    struct Case {
        HartMmu mmu;
        unsigned modes; // a bit per legal mode
    };
    const Case on32[] = {{HART_MMU_BARE, 1}, {HART_MMU_SV32, 3}};
    const Case on64[] = {
        {HART_MMU_BARE, 1}, {HART_MMU_SV39, 0x101}, {HART_MMU_SV48, 0x301}};
    for (unsigned i = 0; i < (xlen == 32 ? 2 : 3); i++) {
        const Case &c = xlen == 32 ? on32[i] : on64[i];
        SuperBoard s(options(), [&](HartConfig *h) { h->mmu = c.mmu; });
        for (unsigned mode = 0; mode < (xlen == 32 ? 2u : 16u); mode++) {
            uint64_t kept = 0x1234;
            ASSERT_EQ(s.write_and_read(SATP, kept), kept);
            // all bits of ASID and PPN are kept
            uint64_t want = (xlen == 32 ? uint64_t{mode} << 31 | 0x7fffffff
                                        : uint64_t{mode} << 60 | (bit(60) - 1));
            EXPECT_EQ(s.write_and_read(SATP, want),
                      c.modes >> mode & 1 ? want : kept)
                << c.mmu << " " << mode;
            s.write(SATP, 0);
        }
    }
}

TEST_P(HartScsr, TvmKeepsSupervisorsFromSatp)
{
    for (uint64_t tvm : {uint64_t{0}, uint64_t{F_TVM}}) {
        b.write(MSTATUS, tvm);
        for (uint32_t word : {csrr(5, SATP), csrw(SATP, 0),
                              static_cast<uint32_t>(SFENCE_VMA)}) {
            EXPECT_FALSE(b.illegal(3, word));
            EXPECT_EQ(b.illegal(1, word), tvm != 0) << std::hex << word;
            EXPECT_TRUE(b.illegal(0, word));
        }
        EXPECT_FALSE(b.illegal(1, csrr(5, SEPC))); // that one alone
    }
}

// -- counters
// ------------------------------------------------------------------------------

TEST_P(HartScsr, CountersNeedBothEnables)
{
    EXPECT_EQ(b.write_and_read(MCOUNTEREN, b.sx(-1)), UINT32_MAX);
    EXPECT_EQ(b.write_and_read(SCOUNTEREN, b.sx(-1)), UINT32_MAX);
    for (unsigned i : {0u, 1u, 2u, 3u, 31u}) {
        for (unsigned enables = 0; enables < 4; enables++) {
            bool m = enables & 1, s = enables & 2;
            b.write(MCOUNTEREN, m ? bit(i) : ~bit(i) & UINT32_MAX);
            b.write(SCOUNTEREN, s ? bit(i) : ~bit(i) & UINT32_MAX);
            EXPECT_FALSE(b.illegal(3, csrr(5, CYCLE + i)));
            EXPECT_EQ(b.illegal(1, csrr(5, CYCLE + i)), !m);
            EXPECT_EQ(b.illegal(0, csrr(5, CYCLE + i)), !(m && s));
            if (xlen == 32) {
                EXPECT_EQ(b.illegal(0, csrr(5, CYCLEH + i)), !(m && s));
            }
        }
    }
}

TEST_P(HartScsr, InhibitedCountersStand)
{
    EXPECT_EQ(b.write_and_read(MCOUNTINHIBIT, b.sx(-1)), 5u);
    b.set(5, 5);
    b.set(6, 1000);
    b.set(7, 4);
    b.run_code({csrw(MCOUNTINHIBIT, 0), csrw(MCYCLE, 6), csrw(MINSTRET, 6),
                nop(), csrw(MCOUNTINHIBIT, 5), nop(), nop(), csrr(8, MCYCLE),
                csrr(9, MINSTRET), csrr(10, CYCLE), csrr(11, INSTRET),
                csrw(MCOUNTINHIBIT, 7), nop(), csrr(12, MCYCLE),
                csrr(13, MINSTRET)});
    // MCYCLE is 1000 at the write of MINSTRET; the write that stops counts
    EXPECT_EQ(b.x(8), 1003u);
    EXPECT_EQ(b.x(9), 1002u);
    EXPECT_EQ(b.x(10), 1003u);
    EXPECT_EQ(b.x(11), 1002u);
    EXPECT_EQ(b.x(12), 1004u); // on again behind the write
    EXPECT_EQ(b.x(13), 1002u);
    // written while they stand
    b.run_code({csrw(MCOUNTINHIBIT, 5), csrw(MCYCLE, 6), csrw(MINSTRET, 6),
                nop(), csrr(8, MCYCLE), csrr(9, MINSTRET),
                csrw(MCOUNTINHIBIT, 0), nop(), csrr(10, MCYCLE),
                csrr(11, MINSTRET)});
    EXPECT_EQ(b.x(8), 1000u);
    EXPECT_EQ(b.x(9), 1000u);
    EXPECT_EQ(b.x(10), 1001u);
    EXPECT_EQ(b.x(11), 1002u);
    if (xlen == 32) {
        b.run_code({csrw(MCOUNTINHIBIT, 5), csrw(MCYCLEH, 6), nop(),
                    csrr(8, MCYCLEH), csrr(9, MCYCLE)});
        EXPECT_EQ(b.x(8), 1000u);
        EXPECT_LT(b.x(9), 2000u);
    }
}

// -- Sstc
// ----------------------------------------------------------------------------------

TEST_P(HartScsr, StimecmpIsTold)
{
    b.write(STIMECMP, 0x12345678);
    if (xlen == 32) {
        b.write(STIMECMPH, 0x9abcdef0);
        EXPECT_EQ(b.csr(STIMECMPH), 0x9abcdef0u);
        EXPECT_EQ(b.csr(STIMECMP), 0x12345678u);
        EXPECT_EQ(b.stimecmps, (std::vector<uint64_t>{0xffffffff12345678,
                                                      0x9abcdef012345678}));
    } else {
        EXPECT_EQ(b.write_and_read(STIMECMP, 0x9abcdef012345678),
                  0x9abcdef012345678u);
        EXPECT_EQ(b.stimecmps,
                  (std::vector<uint64_t>{0x12345678, 0x9abcdef012345678}));
    }
}

TEST_P(HartScsr, StimecmpNeedsStceAndTm)
{
    const unsigned high = xlen == 32 ? unsigned{MENVCFGH} : unsigned{MENVCFG};
    for (unsigned enables = 0; enables < 4; enables++) {
        b.write(high, enables & 1 ? b.top : 0);
        b.write(MCOUNTEREN, enables & 2 ? 2 : ~UINT64_C(2) & UINT32_MAX);
        EXPECT_FALSE(b.illegal(3, csrr(5, STIMECMP)));
        EXPECT_EQ(b.illegal(1, csrr(5, STIMECMP)), enables != 3);
        EXPECT_EQ(b.illegal(1, csrw(STIMECMP, 5)), enables != 3);
        EXPECT_TRUE(b.illegal(0, csrr(5, STIMECMP)));
        if (xlen == 32) {
            EXPECT_EQ(b.illegal(1, csrr(5, STIMECMPH)), enables != 3);
        }
    }
}

TEST_P(HartScsr, StipIsTheComparisonOrSoftwares)
{
    const unsigned high = xlen == 32 ? unsigned{MENVCFGH} : unsigned{MENVCFG};
    b.write(MIP, 0x20);
    EXPECT_EQ(b.csr(MIP), 0x20u); // STCE is clear: as without Sstc
    b.write(high, b.top);
    EXPECT_EQ(b.csr(MIP), 0u);
    b.write(MIP, 0x20); // read-only now
    EXPECT_EQ(b.csr(MIP), 0u);
    hart_set_irq(b.hart, HART_STI, true);
    EXPECT_EQ(b.csr(MIP), 0x20u);
    b.write(MIP, 0);
    EXPECT_EQ(b.csr(MIP), 0x20u);
    b.write(high, 0); // software's bit is back; the comparison is nobody's
    EXPECT_EQ(b.csr(MIP), 0x20u);
    b.write(MIP, 0);
    EXPECT_EQ(b.csr(MIP), 0u);
    // without Sstc the input is a wire like others
    SuperBoard plain(options("imac_zicsr"));
    hart_set_irq(plain.hart, HART_STI, true);
    EXPECT_EQ(plain.csr(MIP), 0x20u);
}

// -- fcsr
// ----------------------------------------------------------------------------------

TEST_P(HartScsr, FcsrIsTwoFields)
{
    b.write(MSTATUS, bit(13));
    EXPECT_EQ(b.write_and_read(FCSR, b.sx(-1)), 0xffu);
    EXPECT_EQ(b.csr(FFLAGS), 0x1fu);
    EXPECT_EQ(b.csr(FRM), 7u);
    EXPECT_EQ(b.write_and_read(FFLAGS, 0xff5), 0x15u);
    EXPECT_EQ(b.write_and_read(FRM, 0xffa), 2u);
    EXPECT_EQ(b.csr(FCSR), 0x55u);
    for (uint64_t rm : {5u, 6u, 4u, 0u}) { // reserved ones may be written
        EXPECT_EQ(b.write_and_read(FRM, rm), rm);
    }
}

TEST_P(HartScsr, FsGatesAndBecomesDirty)
{
    for (unsigned n : {FFLAGS, FRM, FCSR}) {
        b.write(MSTATUS, 0);
        EXPECT_TRUE(b.illegal(3, csrr(5, n)));
        EXPECT_TRUE(b.illegal(3, csrw(n, 5)));
        uint64_t v;
        EXPECT_TRUE(hart_read_csr(b.hart, n, &v)); // a debugger may look
        for (uint64_t fs : {1u, 2u, 3u}) {
            b.write(MSTATUS, fs << 13);
            for (unsigned mode : {0u, 1u, 3u}) {
                EXPECT_FALSE(b.illegal(mode, csrr(5, n)));
                EXPECT_EQ(b.csr(MSTATUS) >> 13 & 3, fs); // reading does not
            }
            EXPECT_FALSE(b.illegal(0, csrw(n, 0)));
            EXPECT_EQ(b.csr(MSTATUS) >> 13 & 3, 3u);
            EXPECT_EQ(b.csr(SSTATUS) & b.top, b.top);
        }
    }
}

// -- the commit log
// -----------------------------------------------------------------------

TEST_P(HartScsr, CommitsNameWhatChanged)
{
    using Written = std::vector<std::pair<unsigned, uint64_t>>;
    static Written seen;
    SuperBoard s(options(), [](HartConfig *c) {
        c->commit = [](void *, Hart *, const HartCommit *commit) {
            for (unsigned i = 0; i < commit->csrs; i++) {
                seen.push_back({commit->csr[i].number, commit->csr[i].value});
            }
        };
    });
    auto did = [&](uint32_t word, uint64_t x5) {
        seen.clear();
        s.set(5, x5);
        s.run_code({word});
        return seen;
    };
    const uint64_t fixed = xlen == 64 ? UINT64_C(0xa) << 32 : 0;
    EXPECT_EQ(did(csrw(MSCRATCH, 5), 7), (Written{{MSCRATCH, 7}}));
    EXPECT_EQ(did(csrw(MEPC, 5), 7), (Written{{MEPC, 6}})); // as read back
    EXPECT_EQ(did(csrr(6, MEPC), 7), Written{});
    EXPECT_EQ(did(csrw(0xb03, 5), 7), Written{});
    EXPECT_EQ(did(csrw(SSTATUS, 5), F_SUM),
              (Written{{MSTATUS, F_SUM | fixed}}));
    EXPECT_EQ(did(csrw(MIDELEG, 5), 0x222), (Written{{MIDELEG, 0x222}}));
    EXPECT_EQ(did(csrw(SIE, 5), 0x20), (Written{{MIE, 0x20}}));
    EXPECT_EQ(did(csrw(SIP, 5), 2), (Written{{MIP, 2}}));
    did(csrw(MSTATUS, 5), bit(13));
    EXPECT_EQ(
        did(csrw(FCSR, 5), 0x65),
        (Written{{FFLAGS, 5}, {FRM, 3}, {MSTATUS, b.top | F_FS | fixed}}));
    EXPECT_EQ(did(csrw(FRM, 5), 1), (Written{{FRM, 1}}));
    did(csrw(MEPC, 5), RAM + 0x100);
    s.put32(RAM + 0x100, self());
    did(csrw(MSTATUS, 5), F_MPP);
    EXPECT_EQ(did(MRET, 0), (Written{{MSTATUS, F_MPIE | fixed}}));
}

// -- does the interpreter go on?
// -----------------------------------------------------------

TEST_P(HartScsr, OnlyWhatMattersStopsTheInterpreter)
{
    struct Case {
        unsigned number;
        uint64_t value;
        bool stops;
    };
    const uint64_t sv = xlen == 32 ? bit(31) : bit(63);
    const Case cases[] = {
        {MSCRATCH, 1, false},
        {MEPC, 8, false},
        {SEPC, 8, false},
        {MCYCLE, 5, false},
        {MINSTRET, 5, false},
        {MTVEC, RAM, false},
        {MCOUNTEREN, 7, false},
        {MEDELEG, 8, false},
        {MIDELEG, 0x222, false},
        {MIE, 0x2aa, false},
        {SIE, 0x222, false},
        {SENVCFG, 1, false},
        {MSTATUS, 0x88, false},
        {MSTATUS, F_FS, false},
        {FFLAGS, 3, false},
        {FRM, 1, false},
        {MSTATUS, F_FS | 1 << 11, false},
        {SSTATUS, 0x22, false},
        {SATP, 0, false},
        {SATP, sv, true},
        {SATP, sv | 1, true},
        {SATP, sv | 1, false},
        {MSTATUS, F_MPRV, true},
        {SSTATUS, F_MXR, true},
        {SATP, 0, true},
        {0x3a0, 0x1f00, true},
        {0x3a0, 0x1f00, false},
        {MSTATUS, 0, true},
    };
    for (const Case &c : cases) {
        uint64_t old;
        b.hart->fast_until = 1000;
        ASSERT_TRUE(csr_access(b.hart, c.number, CSR_SWAP, c.value, true,
                               b.hart->cycle, 0, &old));
        EXPECT_EQ(b.hart->fast_until == 0, c.stops)
            << std::hex << c.number << " = " << c.value;
    }
    // with an interrupt waiting, its enables do
    hart_set_irq(b.hart, HART_MEI, true);
    for (const Case &c : {Case{MIE, 0, false}, Case{MSTATUS, 8, false},
                          Case{MIE, 0x800, true}, Case{MSTATUS, 0, false},
                          Case{MSTATUS, 8, true}, Case{MSCRATCH, 2, false}}) {
        uint64_t old;
        b.hart->fast_until = 1000;
        ASSERT_TRUE(csr_access(b.hart, c.number, CSR_SWAP, c.value, true,
                               b.hart->cycle, 0, &old));
        EXPECT_EQ(b.hart->fast_until == 0, c.stops)
            << std::hex << c.number << " = " << c.value;
    }
}

} // namespace
