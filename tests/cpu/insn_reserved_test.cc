// Every word is either the instruction the opcode maps say or illegal. The maps
// are written out here a second time, as nested choices by opcode, funct3 and
// funct7 (Volume I, chapter 24; the documents of Zb*, Zicond, Zfh, Zicboz and
// Svinval), and compared with the decoder over all values of those fields.
#include "tests/cpu/insn_kit.h"

namespace
{

struct Maps {
    HartIsa isa;

    bool has(uint64_t bits) const { return (isa.extensions & bits) == bits; }
    bool wide() const { return isa.xlen == 64; }
    static std::string one_of(const char *const (&names)[8], unsigned f3)
    {
        return names[f3];
    }

    std::string op_imm(uint32_t w, unsigned f3) const
    {
        const char *const plain[8] = {"addi", "", "slti", "sltiu",
                                      "xori", "", "ori",  "andi"};
        if (f3 != 1 && f3 != 5) {
            return plain[f3];
        }
        unsigned imm = w >> 20;
        if (has(ISA_ZBB)) {
            unsigned rev8 = wide() ? 0x6b8 : 0x698;
            switch (f3 << 12 | imm) {
            case 0x1600: return "clz";
            case 0x1601: return "ctz";
            case 0x1602: return "cpop";
            case 0x1604: return "sext_b";
            case 0x1605: return "sext_h";
            case 0x5287: return "orc_b";
            default:
                if (f3 == 5 && imm == rev8) {
                    return wide() ? "rev8" : "rev8_rv32";
                }
            }
        }
        if (!wide() && (imm & 0x20)) {
            return "";
        }
        switch (f3 << 12 | (imm & ~0x3fu)) {
        case 0x1000: return "slli";
        case 0x5000: return "srli";
        case 0x5400: return "srai";
        case 0x5600: return has(ISA_ZBB) ? "rori" : "";
        case 0x1280: return has(ISA_ZBS) ? "bseti" : "";
        case 0x1480: return has(ISA_ZBS) ? "bclri" : "";
        case 0x1680: return has(ISA_ZBS) ? "binvi" : "";
        case 0x5480: return has(ISA_ZBS) ? "bexti" : "";
        default: return "";
        }
    }
    std::string op_imm_32(uint32_t w, unsigned f3) const
    {
        unsigned imm = w >> 20, f7 = w >> 25;
        if (f3 == 0) {
            return "addiw";
        }
        if (f3 == 1 && imm >> 6 == 2) {
            return has(ISA_ZBA) ? "slli_uw" : "";
        }
        if (f3 == 1 && f7 == 0x30 && has(ISA_ZBB)) {
            const char *const names[] = {"clzw", "ctzw", "cpopw"};
            return (imm & 31) < 3 ? names[imm & 31] : "";
        }
        switch (f3 << 8 | f7) {
        case 0x100: return "slliw";
        case 0x500: return "srliw";
        case 0x520: return "sraiw";
        case 0x530: return has(ISA_ZBB) ? "roriw" : "";
        default: return "";
        }
    }
    std::string op(unsigned f7, unsigned f3, unsigned rs2) const
    {
        switch (f7) {
        case 0x00:
            return one_of(
                {"add", "sll", "slt", "sltu", "xor", "srl", "or", "and"}, f3);
        case 0x01:
            return has(ISA_M) ? one_of({"mul", "mulh", "mulhsu", "mulhu", "div",
                                        "divu", "rem", "remu"},
                                       f3)
                              : "";
        case 0x04:
            return f3 == 4 && rs2 == 0 && !wide() && has(ISA_ZBB)
                       ? "zext_h_rv32"
                       : "";
        case 0x05:
            if (f3 < 4) {
                return has(ISA_ZBC) ? one_of({"", "clmul", "clmulr", "clmulh",
                                              "", "", "", ""},
                                             f3)
                                    : "";
            }
            return has(ISA_ZBB)
                       ? one_of({"", "", "", "", "min", "minu", "max", "maxu"},
                                f3)
                       : "";
        case 0x07:
            return has(ISA_ZICOND) ? one_of({"", "", "", "", "", "czero_eqz",
                                             "", "czero_nez"},
                                            f3)
                                   : "";
        case 0x10:
            return has(ISA_ZBA) ? one_of({"", "", "sh1add", "", "sh2add", "",
                                          "sh3add", ""},
                                         f3)
                                : "";
        case 0x14: return f3 == 1 && has(ISA_ZBS) ? "bset" : "";
        case 0x20:
            if (f3 == 0 || f3 == 5) {
                return f3 ? "sra" : "sub";
            }
            return has(ISA_ZBB)
                       ? one_of({"", "", "", "", "xnor", "", "orn", "andn"}, f3)
                       : "";
        case 0x24:
            return has(ISA_ZBS)
                       ? one_of({"", "bclr", "", "", "", "bext", "", ""}, f3)
                       : "";
        case 0x30:
            return has(ISA_ZBB)
                       ? one_of({"", "rol", "", "", "", "ror", "", ""}, f3)
                       : "";
        case 0x34: return f3 == 1 && has(ISA_ZBS) ? "binv" : "";
        default: return "";
        }
    }
    std::string op_32(unsigned f7, unsigned f3, unsigned rs2) const
    {
        switch (f7) {
        case 0x00:
            return one_of({"addw", "sllw", "", "", "", "srlw", "", ""}, f3);
        case 0x01:
            return has(ISA_M) ? one_of({"mulw", "", "", "", "divw", "divuw",
                                        "remw", "remuw"},
                                       f3)
                              : "";
        case 0x04:
            if (f3 == 0) {
                return has(ISA_ZBA) ? "add_uw" : "";
            }
            return f3 == 4 && rs2 == 0 && has(ISA_ZBB) ? "zext_h" : "";
        case 0x10:
            return has(ISA_ZBA) ? one_of({"", "", "sh1add_uw", "", "sh2add_uw",
                                          "", "sh3add_uw", ""},
                                         f3)
                                : "";
        case 0x20: return one_of({"subw", "", "", "", "", "sraw", "", ""}, f3);
        case 0x30:
            return has(ISA_ZBB)
                       ? one_of({"", "rolw", "", "", "", "rorw", "", ""}, f3)
                       : "";
        default: return "";
        }
    }
    std::string amo(uint32_t w, unsigned f3) const
    {
        if (!has(ISA_A) || (f3 != 2 && (f3 != 3 || !wide()))) {
            return "";
        }
        std::string name;
        switch (w >> 27) {
        case 0: name = "amoadd"; break;
        case 1: name = "amoswap"; break;
        case 2: name = (w >> 20 & 31) ? "" : "lr"; break;
        case 3: name = "sc"; break;
        case 4: name = "amoxor"; break;
        case 8: name = "amoor"; break;
        case 12: name = "amoand"; break;
        case 16: name = "amomin"; break;
        case 20: name = "amomax"; break;
        case 24: name = "amominu"; break;
        case 28: name = "amomaxu"; break;
        default: break;
        }
        return name.empty() ? "" : name + (f3 == 2 ? "_w" : "_d");
    }
    std::string system(uint32_t w, unsigned f3) const
    {
        if (f3 != 0) {
            return has(ISA_ZICSR) ? one_of({"", "csrrw", "csrrs", "csrrc", "",
                                            "csrrwi", "csrrsi", "csrrci"},
                                           f3)
                                  : "";
        }
        switch (w) {
        case 0x00000073: return "ecall";
        case 0x00100073: return "ebreak";
        case 0x10200073: return has(ISA_S) ? "sret" : "";
        case 0x10500073: return "wfi";
        case 0x18000073:
            return has(ISA_S | ISA_SVINVAL) ? "sfence_w_inval" : "";
        case 0x18100073:
            return has(ISA_S | ISA_SVINVAL) ? "sfence_inval_ir" : "";
        case 0x30200073: return "mret";
        default: break;
        }
        if ((w >> 7 & 31) == 0 && w >> 25 == 9) {
            return has(ISA_S) ? "sfence_vma" : "";
        }
        if ((w >> 7 & 31) == 0 && w >> 25 == 11) {
            return has(ISA_S | ISA_SVINVAL) ? "sinval_vma" : "";
        }
        return "";
    }
    // Is there this format? 0 single, 1 double, 2 half.
    bool format(unsigned fmt) const
    {
        return fmt != 3 && has(ISA_F) &&
               has(fmt == 0   ? ISA_F
                   : fmt == 1 ? ISA_D
                              : ISA_ZFH);
    }
    std::string memory_fp(const char *letter, unsigned f3) const
    {
        std::string op = std::string("f") + letter;
        switch (f3) {
        case 1: return format(2) ? op + "h" : "";
        case 2: return format(0) ? op + "w" : "";
        case 3: return format(1) ? op + "d" : "";
        default: return "";
        }
    }
    std::string op_fp(uint32_t w, unsigned f3) const
    {
        static const std::string suffix[] = {"_s", "_d", "_h"};
        static const std::string whole[] = {"_w", "_wu", "_l", "_lu"};
        unsigned fmt = w >> 25 & 3, rs2 = w >> 20 & 31;
        if (!format(fmt)) {
            return "";
        }
        const std::string &s = suffix[fmt];
        std::string x = fmt == 0 ? "_w" : s; // fmv.x.w moves a single
        bool moves = rs2 == 0 && (fmt != 1 || wide());
        switch (w >> 27) {
        case 0x00: return "fadd" + s;
        case 0x01: return "fsub" + s;
        case 0x02: return "fmul" + s;
        case 0x03: return "fdiv" + s;
        case 0x0b: return rs2 ? "" : "fsqrt" + s;
        case 0x04:
            return f3 == 0   ? "fsgnj" + s
                   : f3 == 1 ? "fsgnjn" + s
                   : f3 == 2 ? "fsgnjx" + s
                             : "";
        case 0x05: return f3 == 0 ? "fmin" + s : f3 == 1 ? "fmax" + s : "";
        case 0x14:
            return f3 == 0   ? "fle" + s
                   : f3 == 1 ? "flt" + s
                   : f3 == 2 ? "feq" + s
                             : "";
        case 0x08:
            return rs2 < 3 && rs2 != fmt && format(rs2)
                       ? "fcvt" + s + suffix[rs2]
                       : "";
        case 0x18:
            return rs2 < (wide() ? 4u : 2u) ? "fcvt" + whole[rs2] + s : "";
        case 0x1a:
            return rs2 < (wide() ? 4u : 2u) ? "fcvt" + s + whole[rs2] : "";
        case 0x1c:
            if (f3 == 1 && rs2 == 0) {
                return "fclass" + s;
            }
            return f3 == 0 && moves ? "fmv_x" + x : "";
        case 0x1e: return f3 == 0 && moves ? "fmv" + x + "_x" : "";
        default: return "";
        }
    }
    std::string fused(const char *name, uint32_t w) const
    {
        static const char *const suffix[] = {"_s", "_d", "_h"};
        unsigned fmt = w >> 25 & 3;
        return format(fmt) ? std::string(name) + suffix[fmt] : "";
    }

    // The name of a 32-bit word; "" when it is reserved.
    std::string name(uint32_t w) const
    {
        unsigned f3 = w >> 12 & 7, f7 = w >> 25, rs2 = w >> 20 & 31;
        switch (w & 0x7f) {
        case 0x03:
            if ((f3 == 3 || f3 == 6) && !wide()) {
                return "";
            }
            return one_of({"lb", "lh", "lw", "ld", "lbu", "lhu", "lwu", ""},
                          f3);
        case 0x07: return memory_fp("l", f3);
        case 0x0f:
            if (f3 == 2 && (w >> 7 & 31) == 0 && w >> 20 == 4) {
                return has(ISA_ZICBOZ) ? "cbo_zero" : "";
            }
            return f3 == 0                        ? "fence"
                   : f3 == 1 && has(ISA_ZIFENCEI) ? "fence_i"
                                                  : "";
        case 0x13: return op_imm(w, f3);
        case 0x17: return "auipc";
        case 0x1b: return wide() ? op_imm_32(w, f3) : "";
        case 0x23:
            if (f3 == 3 && !wide()) {
                return "";
            }
            return one_of({"sb", "sh", "sw", "sd", "", "", "", ""}, f3);
        case 0x27: return memory_fp("s", f3);
        case 0x2f: return amo(w, f3);
        case 0x33: return op(f7, f3, rs2);
        case 0x37: return "lui";
        case 0x3b: return wide() ? op_32(f7, f3, rs2) : "";
        case 0x43: return fused("fmadd", w);
        case 0x47: return fused("fmsub", w);
        case 0x4b: return fused("fnmsub", w);
        case 0x4f: return fused("fnmadd", w);
        case 0x53: return op_fp(w, f3);
        case 0x63:
            return one_of({"beq", "bne", "", "", "blt", "bge", "bltu", "bgeu"},
                          f3);
        case 0x67: return f3 == 0 ? "jalr" : "";
        case 0x6f: return "jal";
        case 0x73: return system(w, f3);
        default: return "";
        }
    }
};

class Reserved : public testing::TestWithParam<unsigned>
{
};

TEST_P(Reserved, EveryOpcodeAndFunct)
{
    Decoder decode(isa_full(GetParam()));
    Maps maps{decode.isa};
    const uint32_t registers[] = {0, 5u << 7, 6u << 15, 31u << 7 | 31u << 15};
    for (uint32_t regs : registers) {
        for (uint32_t fields = 0; fields < 1u << 20; fields++) {
            uint32_t w = (fields >> 8) << 20 | (fields >> 5 & 7) << 12 |
                         (fields & 31) << 2 | 3 | regs;
            ASSERT_EQ(insn_name(decode(w)), maps.name(w)) << hex(w);
        }
    }
}

TEST_P(Reserved, EverySetOfExtensions)
{
    const uint64_t choices[] = {ISA_M,   ISA_A,        ISA_F,     ISA_ZBA,
                                ISA_ZBB, ISA_ZBS,      ISA_ZBC,   ISA_ZICOND,
                                ISA_ZFH, ISA_ZIFENCEI, ISA_ZICSR, ISA_ZICBOZ,
                                ISA_S,   ISA_SVINVAL,  ISA_D};
    std::mt19937 rng(GetParam());
    Words words;
    for (unsigned n = 0; n < 300; n++) {
        HartIsa isa = isa_full(GetParam());
        for (uint64_t e : choices) {
            if (rng() % 2) {
                isa.extensions &= ~e;
            }
        }
        Decoder decode(isa);
        Maps maps{isa};
        for (unsigned i = 0; i < 2000; i++) {
            uint32_t w = words.next();
            ASSERT_EQ(insn_name(decode(w)), maps.name(w))
                << hex(w) << " with " << hex(isa.extensions);
        }
    }
}

TEST_P(Reserved, ByHand)
{
    Decoder decode(isa_full(GetParam()));
    bool wide = GetParam() == 64;
    struct Case {
        uint32_t word;
        const char *rv32, *rv64;
    };
    const Case cases[] = {
        {0x00000000, "", ""},
        {0xffffffff, "", ""},
        {0x02109093, "", "slli"}, // by 33
        {0x6210d093, "", "rori"},
        {0x28109093, "bseti", "bseti"},
        {0x2a109093, "", "bseti"},
        {0x00003003, "", "ld"},
        {0x1282, "", "slli"},  // c.slli by 32
        {0x6f81, "", ""},      // c.lui of 0
        {0x6101, "", ""},      // c.addi16sp of 0
        {0x2021, "jal", ""},   // c.addiw of x0
        {0x6000, "flw", "ld"}, // c.flw, c.ld
        {0x2000, "fld", "fld"},
        {0x081fc133, "", ""}, // pack of Zbkb: zext.h has rs2 0 only
        {0x080140b3, "zext_h_rv32", ""},
        {0x080140bb, "", "zext_h"},
        {0x69815093, "rev8_rv32", ""},
        {0x6b815093, "", "rev8"},
        {0x60c11093, "", ""},
        {0x10200073, "sret", "sret"},
        {0x102000f3, "", ""},
        {0x00200073, "", ""}, // uret: withdrawn
        {0x70200073, "", ""}, // mnret
        {0x7b200073, "", ""}, // dret
        {0x0041200f, "cbo_zero", "cbo_zero"},
        {0x0001200f, "", ""}, // cbo.inval
        {0xe2010053, "", "fmv_x_d"},
        {0x42208053, "fcvt_d_h", "fcvt_d_h"},
    };
    for (const Case &c : cases) {
        EXPECT_EQ(insn_name(decode(c.word)), wide ? c.rv64 : c.rv32)
            << hex(c.word);
    }
}

INSTANTIATE_TEST_SUITE_P(Widths, Reserved, testing::Values(32u, 64u),
                         [](const auto &info) {
                             return "rv" + std::to_string(info.param);
                         });

} // namespace
