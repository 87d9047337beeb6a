// smode_kit.h - a board whose hart has S mode, and one-instruction experiments
// in each of the modes.
#ifndef TESTS_CPU_SMODE_KIT_H
#define TESTS_CPU_SMODE_KIT_H

#include "tests/cpu/hart_kit.h"

// More CSR numbers, encodings and fields: Volume II, tables 2.2 to 2.5, 3.1.6,
// 4.1; Sstc 1.0.0.
enum : unsigned {
    FFLAGS = 0x001,
    FRM = 0x002,
    FCSR = 0x003,
    SSTATUS = 0x100,
    SIE = 0x104,
    STVEC = 0x105,
    SCOUNTEREN = 0x106,
    SENVCFG = 0x10a,
    SSCRATCH = 0x140,
    SEPC = 0x141,
    SCAUSE = 0x142,
    STVAL = 0x143,
    SIP = 0x144,
    STIMECMP = 0x14d,
    STIMECMPH = 0x15d,
    SATP = 0x180,
    MEDELEG = 0x302,
    MIDELEG = 0x303,
    MENVCFG = 0x30a,
    MENVCFGH = 0x31a,
    MCOUNTINHIBIT = 0x320,
};
enum : uint32_t {
    SRET = 0x10200073,
    SFENCE_VMA = 0x12000073,
};
constexpr uint64_t bit(unsigned n)
{
    return UINT64_C(1) << n;
}
enum : uint64_t {
    F_SIE = bit(1),
    F_MIE = bit(3),
    F_SPIE = bit(5),
    F_MPIE = bit(7),
    F_SPP = bit(8),
    F_MPP = bit(11) | bit(12),
    F_FS = bit(13) | bit(14),
    F_MPRV = bit(17),
    F_SUM = bit(18),
    F_MXR = bit(19),
    F_TVM = bit(20),
    F_TW = bit(21),
    F_TSR = bit(22),
};
enum : uint64_t { S_HANDLER = RAM + 0x3e000, CODE = RAM + 0x800 };

// A board whose hart is made anew with S mode and whatever `change` sets.
class SuperBoard : public Board
{
  public:
    using Change = std::function<void(HartConfig *)>;
    explicit SuperBoard(const BoardOptions &o, const Change &change = {})
        : Board(with_timer(o)), xlen(o.xlen),
          top(UINT64_C(1) << (options.xlen - 1))
    {
        HartConfig c = *hart_config(hart);
        c.isa.extensions |= ISA_S;
        c.mmu = xlen == 32 ? HART_MMU_SV32 : HART_MMU_SV48;
        c.write_stimecmp = [](void *self, Hart *, uint64_t value) {
            static_cast<SuperBoard *>(static_cast<Board *>(self))
                ->stimecmps.push_back(value);
        };
        if (change) {
            change(&c);
        }
        hart = hart_new(&c, nullptr);
        EXPECT_NE(hart, nullptr);
        harts.push_back(hart);
        for (uint64_t at : {uint64_t{HANDLER}, uint64_t{S_HANDLER}}) {
            put_code(at, std::vector<uint32_t>(16, rv::self()));
        }
        write(MTVEC, HANDLER);
        if (c.isa.extensions & ISA_S) {
            write(STVEC, S_HANDLER);
        }
    }
    // In M mode.
    void write(unsigned number, uint64_t value)
    {
        ASSERT_EQ(hart_privilege(hart), 3u);
        set(30, value);
        EXPECT_FALSE(illegal(3, rv::csrw(number, 30))) << std::hex << number;
    }
    uint64_t write_and_read(unsigned number, uint64_t value)
    {
        write(number, value);
        EXPECT_FALSE(illegal(3, rv::csrr(29, number)));
        EXPECT_EQ(csr(number), x(29)) << std::hex << number;
        return x(29);
    }
    // From M mode to `at` in a mode, with more bits of mstatus.
    void go(unsigned mode, uint64_t at, uint64_t bits = 0)
    {
        ASSERT_EQ(hart_privilege(hart), 3u);
        uint64_t m = csr(MSTATUS) & ~(F_MPP | F_MPIE | F_MIE);
        set(28, at);
        set(29, m | uint64_t{mode} << 11 | bits);
        put_code(RAM + 0x400,
                 {rv::csrw(MEPC, 28), rv::csrw(MSTATUS, 29), rv::MRET});
        hart_set_pc(hart, RAM + 0x400);
        run(3);
        ASSERT_EQ(hart_privilege(hart), mode);
        ASSERT_EQ(hart_pc(hart), at);
    }
    // One instruction in a mode, then back to M mode (by an ecall, which must
    // not be delegated). True if it was illegal.
    bool illegal(unsigned mode, uint32_t word)
    {
        put_code(CODE, {word, rv::ECALL, rv::self()});
        if (mode == 3) {
            hart_set_pc(hart, CODE);
        } else {
            go(mode, CODE);
        }
        traps.clear();
        run(1);
        bool was = !traps.empty();
        if (was) {
            EXPECT_EQ(traps[0], (Trap{2, word, CODE}));
        }
        if (hart_privilege(hart) != 3) {
            run(1);
        }
        EXPECT_EQ(hart_privilege(hart), 3u);
        return was;
    }
    // The instruction at CODE traps to `handler` and leaves this behind.
    void expect_trap(unsigned from, uint32_t word, const Trap &want,
                     unsigned to)
    {
        put_code(CODE, {word, rv::self()});
        if (from == 3) {
            hart_set_pc(hart, CODE);
        } else {
            go(from, CODE);
        }
        traps.clear();
        run(want.pc == CODE ? 1 : 2); // the handler's jump, and one before
        ASSERT_EQ(traps.size(), 1u);
        EXPECT_EQ(traps[0], want);
        ASSERT_EQ(hart_privilege(hart), to);
        EXPECT_EQ(hart_pc(hart),
                  to == 3 ? uint64_t(HANDLER) : uint64_t(S_HANDLER));
        EXPECT_EQ(csr(to == 3 ? unsigned(MCAUSE) : unsigned(SCAUSE)),
                  want.cause);
        EXPECT_EQ(csr(to == 3 ? unsigned(MTVAL) : unsigned(STVAL)), want.tval);
        EXPECT_EQ(csr(to == 3 ? unsigned(MEPC) : unsigned(SEPC)), want.pc);
        uint64_t m = csr(MSTATUS);
        EXPECT_EQ(to == 3 ? m >> 11 & 3 : m >> 8 & 1, from);
    }
    unsigned xlen;
    uint64_t top; // the interrupt bit of xcause
    std::vector<uint64_t> stimecmps;

  private:
    static BoardOptions with_timer(BoardOptions o)
    {
        o.timer = true;
        return o;
    }
};

#endif
