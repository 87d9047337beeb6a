// Modes: delegation, interrupts and their order, the returns, what S and U may
// execute, wfi, MPRV, Sstc, semihosting. Volume II, chapters 3 and 4.
#include <gtest/gtest.h>

#include "tests/cpu/smode_kit.h"

namespace
{

using namespace rv;

class HartSmode : public testing::TestWithParam<Axis>
{
  protected:
    HartSmode() : xlen(GetParam().xlen), b(options()) {}
    static BoardOptions options()
    {
        BoardOptions o = axis_options(GetParam());
        o.isa = "imafdc_zicsr_zifencei_sstc";
        o.misaligned = HART_TRAP;
        return o;
    }
    unsigned xlen;
    SuperBoard b;
};
ON_ALL_AXES(HartSmode);

// -- exceptions
// ------------------------------------------------------------------------------

struct Exception {
    uint32_t word;
    uint64_t cause, tval;
};

// Each from `mode`; x1 is HOLE, x2 is RAM + 2.
std::vector<Exception> exceptions(unsigned mode)
{
    return {{ECALL, 8 + mode, 0},
            {EBREAK, 3, CODE},
            {0xffffffff, 2, 0xffffffff},
            {csrr(5, 0x7a0), 2, csrr(5, 0x7a0)},
            {load(W, 5, 4, 1), 5, HOLE + 4},
            {store(W, 5, 8, 1), 7, HOLE + 8},
            {load(W, 5, 1, 2), 4, RAM + 3},
            {store(W, 5, 1, 2), 6, RAM + 3},
            {amo(0, 4, 5, 6, 1), 7, HOLE},
            {jalr(5, 1, 0), 1, HOLE}};
}

TEST_P(HartSmode, ExceptionsAreDelegatedByCause)
{
    b.set(1, HOLE);
    b.set(2, RAM + 2);
    for (unsigned mode : {0u, 1u, 3u}) {
        for (const Exception &e : exceptions(mode)) {
            SCOPED_TRACE(e.cause);
            SCOPED_TRACE(mode);
            const uint64_t pc = e.cause == 1 ? e.tval : uint64_t{CODE};
            const uint64_t one = bit(static_cast<unsigned>(e.cause));
            for (uint64_t delegated : {uint64_t{0}, one, ~one & 0xb3ff}) {
                hart_reset(b.hart);
                b.set(1, HOLE);
                b.set(2, RAM + 2);
                b.write(MTVEC, HANDLER);
                b.write(STVEC, S_HANDLER | 1); // exceptions go to the base
                b.write(MEDELEG, delegated);
                b.write(MSTATUS, F_SIE);
                b.write(e.cause == 11 || mode == 3 ? unsigned(SEPC)
                                                   : unsigned(MEPC),
                        0x44);
                const unsigned to = delegated == one && mode != 3 ? 1 : 3;
                b.expect_trap(mode, e.word, {e.cause, e.tval, pc}, to);
                // the other mode's registers are left alone
                EXPECT_EQ(b.csr(to == 3 ? unsigned(SCAUSE) : unsigned(MCAUSE)),
                          0u);
                EXPECT_EQ(b.csr(to == 3 ? unsigned(STVAL) : unsigned(MTVAL)),
                          0u);
                uint64_t m = b.csr(MSTATUS);
                EXPECT_EQ(m & F_SIE, to == 1 ? 0 : uint64_t{F_SIE});
                EXPECT_EQ(m & F_SPIE, to == 1 ? uint64_t{F_SPIE} : 0);
            }
        }
    }
}

TEST_P(HartSmode, TheStackOfSupervisorMode)
{
    b.write(MEDELEG, 0x300);
    for (unsigned from : {0u, 1u}) {
        for (uint64_t sie : {uint64_t{0}, uint64_t{F_SIE}}) {
            b.write(MSTATUS, sie | (sie ? 0 : uint64_t{F_SPIE}));
            b.expect_trap(from, ECALL, {8 + from, 0, CODE}, 1);
            uint64_t s = b.csr(SSTATUS);
            EXPECT_EQ(s & F_SIE, 0u);
            EXPECT_EQ(s & F_SPIE, sie << 4);
            // and back
            b.put_code(S_HANDLER, {SRET});
            b.run(1);
            b.put_code(S_HANDLER, {self()});
            EXPECT_EQ(hart_privilege(b.hart), from);
            EXPECT_EQ(hart_pc(b.hart), uint64_t{CODE});
            s = b.csr(SSTATUS);
            EXPECT_EQ(s & F_SIE, sie);
            EXPECT_EQ(s & F_SPIE, uint64_t{F_SPIE});
            EXPECT_EQ(s & F_SPP, 0u);
            hart_reset(b.hart);
            b.write(MTVEC, HANDLER);
            b.write(STVEC, S_HANDLER);
            b.write(MEDELEG, 0x300);
        }
    }
}

TEST_P(HartSmode, ValuesFitTheRegisters)
{
    if (xlen == 64) {
        return;
    }
    // Addresses wrap at 32 bits, in tval too.
    b.set(1, 0xfffffffc);
    b.expect_trap(3, load(W, 5, 0x7fc, 1), {5, 0x7f8, CODE}, 3);
}

// -- interrupts
// -------------------------------------------------------------------------------

TEST_P(HartSmode, EveryPendingSetInEveryMode)
{
    // The rules of 3.1.9 and 4.1.3, case by case: enables by destination mode,
    // machine first, then by kind.
    const unsigned order[] = {11, 3, 7, 9, 1, 5};
    const unsigned lines[] = {1, 3, 5, 7, 9, 11};
    for (unsigned n = 0; n < 64 * 8 * 12; n += 11) { // prime to each factor
        const unsigned set = n % 64, delegated = n / 64 % 8, how = n / 512;
        const unsigned mode = how % 3 == 2 ? 3 : how % 3;
        const bool mie = how / 3 & 1, sie = how / 6 & 1;
        const bool vectored = n / 3 & 1;
        uint64_t pending = 0, mideleg = 0;
        for (unsigned i = 0; i < 6; i++) {
            pending |= set >> i & 1 ? bit(lines[i]) : 0;
        }
        for (unsigned i = 0; i < 3; i++) {
            mideleg |= delegated >> i & 1 ? bit(1 + 4 * i) : 0;
        }
        const bool m_on = mode < 3 || mie,
                   s_on = mode < 1 || (mode == 1 && sie);
        unsigned want = 0, to = mode;
        for (unsigned pass = 0; pass < 2 && !want; pass++) {
            uint64_t take = pass == 0 ? (m_on ? pending & ~mideleg : 0)
                                      : (s_on ? pending & mideleg : 0);
            for (unsigned i = 6; i-- > 0;) {
                if (take >> order[i] & 1) {
                    want = order[i];
                    to = pass == 0 ? 3 : 1;
                }
            }
        }
        SCOPED_TRACE(n);
        hart_reset(b.hart);
        for (unsigned line : lines) {
            hart_set_irq(b.hart, line, pending >> line & 1);
        }
        b.set(5, HANDLER | (vectored ? 1 : 0));
        b.set(6, S_HANDLER | (vectored ? 1 : 0));
        b.set(7, mideleg);
        b.set(8, 0xaaa);
        b.set(9, uint64_t{mode} << 11 | (mie ? uint64_t{F_MPIE} : 0) |
                     (sie ? uint64_t{F_SIE} : 0));
        b.set(10, CODE);
        b.set(11, b.top); // STCE
        b.put_code(
            RAM, {csrw(MTVEC, 5), csrw(STVEC, 6), csrw(MIDELEG, 7),
                  csrw(xlen == 32 ? unsigned{MENVCFGH} : unsigned{MENVCFG}, 11),
                  csrw(MIE, 8), csrw(MSTATUS, 9), csrw(MEPC, 10), MRET});
        b.put_code(CODE, {self()});
        hart_set_pc(b.hart, RAM);
        b.run(8);
        uint64_t begun = hart_counters(b.hart).interrupts;
        b.run(1);
        ASSERT_EQ(hart_counters(b.hart).interrupts - begun, want ? 1u : 0u);
        ASSERT_EQ(hart_privilege(b.hart), to);
        if (!want) {
            ASSERT_EQ(hart_pc(b.hart), uint64_t{CODE});
            continue;
        }
        ASSERT_EQ(b.csr(to == 3 ? unsigned(MCAUSE) : unsigned(SCAUSE)),
                  b.top | want);
        ASSERT_EQ(b.csr(to == 3 ? unsigned(MEPC) : unsigned(SEPC)),
                  uint64_t{CODE});
        ASSERT_EQ(b.csr(to == 3 ? unsigned(MTVAL) : unsigned(STVAL)), 0u);
        ASSERT_EQ(hart_pc(b.hart),
                  (to == 3 ? uint64_t(HANDLER) : uint64_t(S_HANDLER)) +
                      (vectored ? 4 * want : 0));
        uint64_t m = b.csr(MSTATUS);
        if (to == 3) {
            EXPECT_EQ(m & (F_MPP | F_MPIE | F_MIE),
                      uint64_t{mode} << 11 | (mie ? uint64_t{F_MPIE} : 0));
            EXPECT_EQ(m & F_SIE, sie ? uint64_t{F_SIE} : 0);
        } else {
            EXPECT_EQ(m & (F_SPP | F_SPIE | F_SIE),
                      uint64_t{mode} << 8 | (sie ? uint64_t{F_SPIE} : 0));
            EXPECT_EQ(m & F_MIE, mie ? uint64_t{F_MIE} : 0);
        }
    }
}

TEST_P(HartSmode, SoftwareInterruptsItself)
{
    b.write(MIDELEG, 2);
    b.write(MIE, 2);
    b.put_code(CODE, {csr(6, 0, SIP, 2), addi(6, 0, 1), self()});
    b.set(6, 0);
    b.go(1, CODE, F_SIE);
    b.run(2); // taken right behind the write
    EXPECT_EQ(b.csr(SCAUSE), b.top | 1);
    EXPECT_EQ(b.csr(SEPC), CODE + 4);
    EXPECT_EQ(b.x(6), 0u);
}

TEST_P(HartSmode, TimerOfSupervisorMode)
{
    // The comparison raises HART_STI; STCE lets it through.
    b.write(MIDELEG, 0x20);
    b.write(MIE, 0x20);
    b.put_code(CODE, {nop(), addi(6, 6, 1), self()});
    b.set(6, 0);
    b.go(1, CODE, F_SIE);
    hart_set_irq(b.hart, HART_STI, true);
    b.run(2);
    EXPECT_EQ(b.x(6), 1u); // without STCE it is nothing
    hart_reset(b.hart);
    b.write(MTVEC, HANDLER);
    b.write(STVEC, S_HANDLER);
    b.write(MIDELEG, 0x20);
    b.write(MIE, 0x20);
    b.write(xlen == 32 ? unsigned{MENVCFGH} : unsigned{MENVCFG}, b.top);
    b.go(1, CODE, F_SIE);
    b.run(1);
    EXPECT_EQ(b.csr(SCAUSE), b.top | 5);
    EXPECT_EQ(b.csr(SEPC), uint64_t{CODE});
}

TEST_P(HartSmode, StceLetsAPendingOneInAtOnce)
{
    b.write(MIE, 0x20);
    hart_set_irq(b.hart, HART_STI, true);
    b.write(MSTATUS, F_MIE);
    b.set(5, b.top);
    b.set(6, 0);
    b.run_code({csrw(xlen == 32 ? unsigned{MENVCFGH} : unsigned{MENVCFG}, 5),
                addi(6, 0, 1)});
    EXPECT_EQ(b.csr(MCAUSE), b.top | 5); // not delegated: M's
    EXPECT_EQ(b.csr(MEPC), RAM + 4);
    EXPECT_EQ(b.x(6), 0u);
}

// -- returns
// ----------------------------------------------------------------------------------

TEST_P(HartSmode, MretGoesWhereMppSays)
{
    for (unsigned mode : {0u, 1u, 3u}) {
        for (uint64_t mpie : {uint64_t{0}, uint64_t{F_MPIE}}) {
            hart_reset(b.hart);
            b.put_code(CODE, {self()});
            b.go(mode, CODE, F_MPRV | mpie);
            uint64_t m = b.csr(MSTATUS);
            EXPECT_EQ(m & F_MPP, 0u); // the least one there is
            EXPECT_EQ(m & F_MPIE, uint64_t{F_MPIE});
            EXPECT_EQ(m & F_MIE, mpie >> 4);
            EXPECT_EQ(m & F_MPRV, mode == 3 ? uint64_t{F_MPRV} : 0);
        }
    }
}

TEST_P(HartSmode, SretFromMachineAndSupervisorMode)
{
    for (unsigned from : {1u, 3u}) {
        for (uint64_t spp : {uint64_t{0}, uint64_t{F_SPP}}) {
            hart_reset(b.hart);
            b.write(SEPC, RAM + 0x900);
            b.put_code(RAM + 0x900, {self()});
            b.put_code(CODE, {SRET});
            b.go(from, CODE, spp | F_SPIE | F_MPRV);
            b.run(1);
            EXPECT_EQ(hart_privilege(b.hart), spp ? 1u : 0u);
            EXPECT_EQ(hart_pc(b.hart), RAM + 0x900);
            uint64_t m = b.csr(MSTATUS);
            EXPECT_EQ(m & (F_SPP | F_SPIE | F_SIE | F_MPRV), F_SPIE | F_SIE);
        }
    }
}

TEST_P(HartSmode, ReturnsOfModesAbove)
{
    for (unsigned mode : {0u, 1u}) {
        EXPECT_TRUE(b.illegal(mode, MRET));
    }
    EXPECT_TRUE(b.illegal(0, SRET));
    b.write(MSTATUS, F_TSR);
    EXPECT_TRUE(b.illegal(1, SRET));
    EXPECT_TRUE(b.illegal(0, SRET));
    b.write(SEPC, HANDLER);
    b.put_code(CODE, {SRET}); // TSR is not for M mode
    hart_set_pc(b.hart, CODE);
    b.traps.clear();
    b.run(1);
    EXPECT_TRUE(b.traps.empty());
    EXPECT_EQ(hart_privilege(b.hart), 0u);
}

TEST_P(HartSmode, WithoutSupervisorModeNothingOfIt)
{
    SuperBoard m(options(), [](HartConfig *c) { c->isa.extensions &= ~ISA_S; });
    m.traps.clear();
    for (uint32_t word : {uint32_t{SRET}, uint32_t{SFENCE_VMA}}) {
        EXPECT_TRUE(m.illegal(3, word));
        EXPECT_TRUE(m.illegal(0, word));
    }
}

// -- wfi
// --------------------------------------------------------------------------------------

TEST_P(HartSmode, WhoMayWait)
{
    hart_set_irq(b.hart, HART_MEI, true); // so that nobody sleeps
    b.write(MIE, 0);
    for (uint64_t tw : {uint64_t{0}, uint64_t{F_TW}}) {
        b.write(MSTATUS, tw);
        EXPECT_TRUE(b.illegal(0, WFI)); // 3.3.3
        if (tw) {
            EXPECT_TRUE(b.illegal(1, WFI));
        } else {
            b.put_code(CODE, {WFI, self()});
            b.go(1, CODE);
            b.traps.clear();
            b.run(1);
            EXPECT_TRUE(b.traps.empty());
            EXPECT_TRUE(hart_asleep(b.hart));
            hart_reset(b.hart);
            b.write(MTVEC, HANDLER);
        }
    }
    b.write(MSTATUS, F_TW);
    b.write(MIE, 0x800);
    EXPECT_FALSE(b.illegal(3, WFI)); // TW is not for M mode
}

TEST_P(HartSmode, WfiWakesForWhatIsDisabledAbove)
{
    // Pending and enabled in mie, but in no mode's mstatus: it goes on, no
    // trap.
    struct Case {
        unsigned line, mode;
        uint64_t mideleg, status;
        bool trap;
    };
    const Case cases[] = {
        {HART_MTI, 3, 0, 0, false},     {HART_SEI, 3, 0x222, F_MPIE, false},
        {HART_SEI, 1, 0x222, 0, false}, {HART_SSI, 1, 0x222, F_SIE, true},
        {HART_SEI, 1, 0, 0, true},      {HART_MEI, 1, 0x222, 0, true},
    };
    for (const Case &c : cases) {
        SCOPED_TRACE(testing::Message() << c.line << " " << c.mode);
        hart_reset(b.hart);
        b.write(MTVEC, HANDLER);
        b.write(STVEC, S_HANDLER);
        b.write(MIDELEG, c.mideleg);
        b.write(MIE, bit(c.line));
        b.put_code(CODE, {WFI, addi(6, 6, 1), self()});
        b.set(6, 0);
        b.go(c.mode, CODE, c.status);
        b.run(2);
        EXPECT_TRUE(hart_asleep(b.hart));
        hart_set_irq(b.hart, c.line == HART_MEI ? HART_MTI : HART_MEI, true);
        b.run(2);
        EXPECT_TRUE(hart_asleep(b.hart)); // not one it waits for
        hart_set_irq(b.hart, c.line, true);
        EXPECT_FALSE(hart_asleep(b.hart));
        uint64_t begun = hart_counters(b.hart).interrupts;
        b.run(1);
        EXPECT_EQ(hart_counters(b.hart).interrupts - begun, c.trap ? 1u : 0u);
        EXPECT_EQ(b.x(6), c.trap ? 0u : 1u);
        for (unsigned line : {1u, 3u, 5u, 7u, 9u, 11u}) {
            hart_set_irq(b.hart, line, false);
        }
    }
}

// -- MPRV
// ------------------------------------------------------------------------------------

TEST_P(HartSmode, MprvLoadsThroughTheTables)
{
    // One leaf of the root table: HOLE leads to RAM. Bits: D A U X W R V.
    const uint64_t root = RAM + 0x20000;
    const bool sv32 = xlen == 32;
    for (uint64_t user : {uint64_t{0}, uint64_t{0x10}}) {
        const uint64_t pte = RAM >> 12 << 10 | 0xcf | user;
        if (sv32) {
            b.put32(root + 4 * (HOLE >> 22), static_cast<uint32_t>(pte));
        } else {
            b.put64(root + 8 * (HOLE >> 30), pte);
        }
        b.write(SATP, (sv32 ? bit(31) : UINT64_C(8) << 60) | root >> 12);
        b.run_code({SFENCE_VMA});
        b.put32(RAM + 0x700, 0x12345678);
        b.set(1, HOLE + 0x700);
        b.write(MEDELEG, 0);
        struct Case {
            uint64_t status;
            bool works;
        };
        const uint64_t s = 1 << 11;
        const Case cases[] = {
            {0, false},          {F_MPP, false},
            {s, false},          {F_MPRV | F_MPP, false}, // M: no translation
            {F_MPRV | s, !user}, {F_MPRV | s | F_SUM, true},
            {F_MPRV, user != 0}, {F_MPRV | F_SUM, user != 0},
        };
        for (const Case &c : cases) {
            SCOPED_TRACE(testing::Message() << std::hex << c.status << user);
            b.write(MSTATUS, c.status);
            b.set(5, 0);
            b.traps.clear();
            b.put_code(CODE, {load(W, 5, 0, 1), self()});
            hart_set_pc(b.hart, CODE); // fetched without translation
            b.run(1);
            if (c.works) {
                EXPECT_TRUE(b.traps.empty());
                EXPECT_EQ(b.x(5), 0x12345678u);
            } else {
                ASSERT_EQ(b.traps.size(), 1u);
                EXPECT_EQ(b.traps[0].cause,
                          (c.status & F_MPRV) && (c.status & F_MPP) != F_MPP
                              ? 13u
                              : 5u);
                EXPECT_EQ(b.csr(MSTATUS) & F_MPRV, c.status & F_MPRV);
            }
        }
        b.write(MSTATUS, 0);
    }
}

// -- semihosting
// ------------------------------------------------------------------------------

class Semihosted : public HartSmode
{
  protected:
    enum : uint32_t { BEFORE = 0x01f01013, BEHIND = 0x40705013 };
    Semihosted()
        : s(options(), [](HartConfig *c) {
              c->semihosting = [](void *, Hart *hart) {
                  hart_set_x(hart, a0, hart_x(hart, a0) + hart_x(hart, a1));
              };
          })
    {
    }
    SuperBoard s;
};
ON_ALL_AXES(Semihosted);

TEST_P(Semihosted, AMarkedEbreakCallsTheHost)
{
    s.set(a0, 0x20);
    s.set(a1, 3);
    s.traps.clear();
    s.set(5, 0);
    uint64_t before = s.csr(MINSTRET);
    uint64_t traps = hart_counters(s.hart).traps;
    uint64_t cycles = hart_counters(s.hart).cycles;
    s.run_code({BEFORE, EBREAK, BEHIND, addi(5, 5, 7)});
    EXPECT_EQ(s.x(a0), 0x23u);
    EXPECT_EQ(s.x(5), 7u);
    EXPECT_EQ(hart_pc(s.hart), RAM + 16);
    EXPECT_TRUE(s.traps.empty());
    EXPECT_EQ(hart_counters(s.hart).traps, traps);
    EXPECT_EQ(s.csr(MINSTRET) - before, 4u);
    EXPECT_EQ(hart_counters(s.hart).cycles - cycles, 4u);
    // in a loop, by the same block
    s.set(6, 10);
    s.set(a0, 0);
    s.run_code(
        {BEFORE, EBREAK, BEHIND, addi(6, 6, -1), branch(NE, 6, zero, -16)}, 50);
    EXPECT_EQ(s.x(a0), 30u);
    EXPECT_EQ(hart_pc(s.hart), RAM + 20);
}

TEST_P(Semihosted, OthersTrap)
{
    const uint32_t cases[][3] = {{nop(), EBREAK, BEHIND},
                                 {BEFORE, EBREAK, nop()},
                                 {BEFORE, ECALL, BEHIND}};
    for (const auto &c : cases) {
        s.traps.clear();
        s.run_code({c[0], c[1], c[2]}, 2);
        ASSERT_EQ(s.traps.size(), 1u);
        EXPECT_EQ(s.traps[0], (Trap{c[1] == EBREAK ? 3u : 11u,
                                    c[1] == EBREAK ? RAM + 4 : 0, RAM + 4}));
    }
    // compressed: c.ebreak, then the rest of the marker behind it
    s.put_code(RAM, {BEFORE, 0x9002u | (BEHIND & 0xffff) << 16, BEHIND >> 16});
    hart_set_pc(s.hart, RAM);
    s.traps.clear();
    s.run(2);
    ASSERT_EQ(s.traps.size(), 1u);
    EXPECT_EQ(s.traps[0], (Trap{3, RAM + 4, RAM + 4}));
    // at the first and the last word of memory
    s.put_code(ROM, {EBREAK, BEHIND});
    s.put_code(RAM + RAM_SIZE - 8, {BEFORE, EBREAK});
    for (uint64_t at : {uint64_t{ROM}, RAM + RAM_SIZE - 4}) {
        hart_set_pc(s.hart, at);
        s.traps.clear();
        s.run(1);
        ASSERT_EQ(s.traps.size(), 1u);
        EXPECT_EQ(s.traps[0], (Trap{3, at, at}));
    }
    // nobody offers it
    b.traps.clear();
    b.run_code({BEFORE, EBREAK, BEHIND}, 2);
    ASSERT_EQ(b.traps.size(), 1u);
}

} // namespace
