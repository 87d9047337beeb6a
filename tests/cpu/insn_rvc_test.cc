// The 16-bit words: what each stands for, whether it is one for each set of
// {C, F, D, width}, and agreement with the assembler's encodings. (Operands of
// all of them are compared with capstone in insn_capstone_test.cc.)
#include "tests/cpu/insn_kit.h"

namespace
{

// Volume I, tables 16.5 to 16.7, as one choice by bits 1..0 and 15..13. What is
// reserved there, or custom (NSE), is illegal; HINTs are legal.
bool is_legal(uint32_t c, unsigned xlen, bool f, bool d)
{
    bool wide = xlen == 64;
    unsigned rd = c >> 7 & 31, rs2 = c >> 2 & 31, bit12 = c >> 12 & 1;
    switch ((c & 3) << 4 | c >> 13) {
    case 0x00: return (c >> 5 & 0xff) != 0; // c.addi4spn
    case 0x01: return d;                    // c.fld
    case 0x02: return true;                 // c.lw
    case 0x03: return wide || f;            // c.ld, c.flw
    case 0x04: return false;
    case 0x05: return d;
    case 0x06: return true;
    case 0x07: return wide || f;
    case 0x10: return true;              // c.addi
    case 0x11: return !wide || rd != 0;  // c.jal, c.addiw
    case 0x12: return true;              // c.li
    case 0x13: return bit12 || rs2 != 0; // c.lui, c.addi16sp: not by 0
    case 0x14:
        switch (c >> 10 & 3) {
        case 0:
        case 1: return wide || !bit12; // c.srli, c.srai
        case 2: return true;
        default: return !bit12 || (wide && (c >> 5 & 3) < 2);
        }
    case 0x15:
    case 0x16:
    case 0x17: return true;
    case 0x20: return wide || !bit12; // c.slli
    case 0x21: return d;              // c.fldsp
    case 0x22: return rd != 0;        // c.lwsp
    case 0x23: return wide ? rd != 0 : f;
    case 0x24: return bit12 || rd != 0 || rs2 != 0; // c.jr of x0
    case 0x25: return d;
    case 0x26: return true;
    case 0x27: return wide || f;
    default: return false;
    }
}

struct Set {
    unsigned xlen;
    bool c, f, d;
};
std::string set_name(const testing::TestParamInfo<Set> &info)
{
    const Set &s = info.param;
    return "rv" + std::to_string(s.xlen) + "i" + (s.f ? "f" : "") +
           (s.d ? "d" : "") + (s.c ? "c" : "");
}

class Compressed : public testing::TestWithParam<Set>
{
  protected:
    Compressed()
    {
        const Set &s = GetParam();
        isa = isa_of(s.xlen, "ima_zicsr");
        isa.extensions |= (s.c ? ISA_C : 0) | (s.f ? ISA_F : 0);
        isa.extensions |= s.d ? ISA_D : 0;
    }
    HartIsa isa;
};

TEST_P(Compressed, LegalAsTheTablesSayAndStandForTheirExpansion)
{
    Decoder decode(isa);
    const Set &s = GetParam();
    bool d = s.f && s.d; // D is nothing without F
    unsigned legal = 0;
    for (uint32_t half = 0; half < 65536; half++) {
        if ((half & 3) == 3) {
            continue;
        }
        Insn in = decode(0xabcd0000 | half); // the next bytes do not matter
        bool is = in.code != INSN_ILLEGAL;
        ASSERT_EQ(in.size, 2) << hex(half);
        ASSERT_EQ(in.word, half);
        ASSERT_EQ(is, s.c && is_legal(half, s.xlen, s.f, d)) << hex(half);
        legal += is;
        uint32_t word = insn_expand(decode.d, static_cast<uint16_t>(half));
        ASSERT_EQ(word != 0, is) << hex(half);
        if (word) {
            ASSERT_EQ(word & 3, 3u) << hex(half);
            ASSERT_TRUE(same_operation(in, decode(word))) << hex(half);
        }
    }
    EXPECT_EQ(legal > 20000, s.c);
}

INSTANTIATE_TEST_SUITE_P(
    Sets, Compressed,
    testing::Values(Set{32, true, false, false}, Set{32, true, true, false},
                    Set{32, true, false, true}, Set{32, true, true, true},
                    Set{32, false, true, true}, Set{32, false, false, false},
                    Set{64, true, false, false}, Set{64, true, true, false},
                    Set{64, true, false, true}, Set{64, true, true, true},
                    Set{64, false, true, true}, Set{64, false, false, false}),
    set_name);

// Words by hand, as `as` of binutils assembles them.
TEST(CompressedWords, FloatLoadsAndStores)
{
    struct Case {
        uint16_t half;
        const char *rv32, *rv64;
        unsigned reg, base; // where it is a float
        int imm;
    };
    const Case cases[] = {
        {0x6144, "flw", "ld", 9, 10, 4},     // c.flw fs1, 4(a0)
        {0x7d7c, "flw", "ld", 15, 10, 124},  // c.flw fa5, 124(a0)
        {0x2504, "fld", "fld", 9, 10, 8},    // c.fld fs1, 8(a0)
        {0xe15c, "fsw", "sd", 15, 10, 4},    // c.fsw fa5, 4(a0)
        {0xbd7c, "fsd", "fsd", 15, 10, 248}, // c.fsd fa5, 248(a0)
        {0x6092, "flw", "ld", 1, 2, 4},      // c.flwsp ft1, 4(sp)
        {0x6002, "flw", "", 0, 2, 0},        // c.flwsp ft0, 0(sp)
        {0x71fe, "flw", "ld", 3, 2, 252},    // c.flwsp ft3, 252(sp)
        {0x20a2, "fld", "fld", 1, 2, 8},     // c.fldsp ft1, 8(sp)
        {0x2002, "fld", "fld", 0, 2, 0},     // c.fldsp ft0, 0(sp)
        {0xe206, "fsw", "sd", 1, 2, 4},      // c.fswsp ft1, 4(sp)
        {0x307e, "fld", "fld", 0, 2, 504},   // c.fldsp ft0, 504(sp)
        {0xfffe, "fsw", "sd", 31, 2, 252},   // c.fswsp ft11, 252(sp)
        {0xbf86, "fsd", "fsd", 1, 2, 504},   // c.fsdsp ft1, 504(sp)
    };
    for (unsigned xlen : {32u, 64u}) {
        Decoder decode(isa_full(xlen));
        for (const Case &c : cases) {
            Insn in = decode(c.half);
            std::string name = xlen == 32 ? c.rv32 : c.rv64;
            EXPECT_EQ(insn_name(in), name) << hex(c.half);
            if (name.empty() || name[0] != 'f') {
                continue;
            }
            bool store = name[1] == 's';
            EXPECT_EQ(store ? in.rs2 : in.rd, c.reg) << hex(c.half);
            EXPECT_EQ(in.rs1, c.base) << hex(c.half);
            EXPECT_EQ(in.f, store ? INSN_F_RS2 : INSN_F_RD) << hex(c.half);
            EXPECT_EQ(in.imm, c.imm) << hex(c.half);
        }
    }
}

} // namespace
