// The table by itself: encodings apart from each other, extensions, and which
// operands the kinds of instructions read and write.
#include <map>
#include <set>

#include "tests/cpu/insn_kit.h"

namespace
{

TEST(InsnTable, PicturesHave32Bits)
{
    for (unsigned i = 0; i < INSN_NUM; i++) {
        uint32_t mask, match;
        EXPECT_EQ(insn_pattern(insn_table[i].encoding, &mask, &match), 32u)
            << insn_table[i].name;
        EXPECT_EQ(match & ~mask, 0u) << insn_table[i].name;
        EXPECT_EQ(match & 3, 3u) << insn_table[i].name; // a 32-bit encoding
        EXPECT_EQ(mask & 0x7f, 0x7fu) << insn_table[i].name;
    }
}

// Two lines may share a word only if no hart has both, which nothing but the
// width can say; so this holds for every set of extensions.
TEST(InsnTable, NoTwoLinesOverlap)
{
    for (unsigned i = 0; i < INSN_NUM; i++) {
        for (unsigned j = 0; j < i; j++) {
            uint32_t mi, vi, mj, vj;
            insn_pattern(insn_table[i].encoding, &mi, &vi);
            insn_pattern(insn_table[j].encoding, &mj, &vj);
            uint64_t isa = insn_table[i].isa | insn_table[j].isa;
            bool apart = (isa & ISA_RV32) && (isa & ISA_RV64);
            EXPECT_TRUE(((vi ^ vj) & mi & mj) || apart)
                << insn_table[i].name << " and " << insn_table[j].name;
        }
    }
}

TEST(InsnTable, NamesAreUnique)
{
    std::set<std::string> seen;
    for (const InsnSpec &spec : insn_table) {
        EXPECT_TRUE(seen.insert(spec.name).second) << spec.name;
    }
}

TEST(InsnTable, EveryLineNeedsAnExtension)
{
    for (const InsnSpec &spec : insn_table) {
        EXPECT_NE(spec.isa & ~(ISA_RV32 | ISA_RV64), 0u) << spec.name;
        EXPECT_NE(spec.isa & (ISA_RV32 | ISA_RV64), ISA_RV32 | ISA_RV64)
            << spec.name;
        EXPECT_LT(spec.time, TIME_NUM) << spec.name;
    }
}

TEST(InsnTable, BlocksEndWhereControlMayLeave)
{
    const std::set<std::string> leaving = {"jal",
                                           "jalr",
                                           "beq",
                                           "bne",
                                           "blt",
                                           "bge",
                                           "bltu",
                                           "bgeu",
                                           "fence_i",
                                           "csrrw",
                                           "csrrs",
                                           "csrrc",
                                           "csrrwi",
                                           "csrrsi",
                                           "csrrci",
                                           "ecall",
                                           "ebreak",
                                           "mret",
                                           "sret",
                                           "wfi",
                                           "sfence_vma",
                                           "sinval_vma",
                                           "sfence_w_inval",
                                           "sfence_inval_ir"};
    unsigned found = 0;
    for (unsigned i = 0; i < INSN_NUM; i++) {
        EXPECT_EQ(insn_ends_block(i), leaving.count(insn_table[i].name) == 1)
            << insn_table[i].name;
        found += insn_ends_block(i);
    }
    EXPECT_EQ(found, leaving.size());
    EXPECT_TRUE(insn_ends_block(INSN_ILLEGAL));
}

TEST(InsnTable, AnExtensionLessIsItsInstructionsLess)
{
    const uint64_t extensions[] = {
        ISA_M,   ISA_A,      ISA_F,      ISA_D,      ISA_S,   ISA_ZICSR,
        ISA_ZBA, ISA_ZBB,    ISA_ZBS,    ISA_ZBC,    ISA_ZFH, ISA_ZIFENCEI,
        ISA_I,   ISA_ZICOND, ISA_ZICBOZ, ISA_SVINVAL};
    for (unsigned xlen : {32u, 64u}) {
        Decoder all(isa_full(xlen));
        uint64_t tried = ISA_RV32 | ISA_RV64;
        for (uint64_t gone : extensions) {
            HartIsa isa = isa_full(xlen);
            EXPECT_TRUE(isa.extensions & gone);
            isa.extensions &= ~gone;
            tried |= gone;
            Decoder some(isa);
            Words words;
            unsigned lost = 0;
            for (int i = 0; i < 40000; i++) {
                uint32_t word = words.next();
                Insn a = all(word), b = some(word);
                if (a.code != INSN_ILLEGAL && (insn_table[a.code].isa & gone)) {
                    ASSERT_EQ(b.code, INSN_ILLEGAL) << hex(word);
                    lost++;
                } else {
                    ASSERT_TRUE(same_operation(a, b)) << hex(word);
                }
            }
            EXPECT_GT(lost, 20u) << gone;
        }
        for (const InsnSpec &spec : insn_table) { // none was forgotten
            EXPECT_EQ(spec.isa & ~tried, 0u) << spec.name;
        }
    }
}

// -- operands -----------------------------------------------------------------

// Registers a line names, by the fields of its picture that are free, and which
// of them are f registers, written down per mnemonic: "d12" is add, capitals
// are f registers, r is a rounding mode, i an immediate.
const std::map<std::string, const char *> &operands_of()
{
    static std::map<std::string, const char *> m;
    auto group = [](const char *operands, const char *names) {
        std::istringstream is(names);
        for (std::string name; is >> name;) {
            EXPECT_TRUE(m.emplace(name, operands).second) << name;
        }
    };
    if (!m.empty()) {
        return m;
    }
    group("di", "lui auipc jal csrrwi csrrsi csrrci");
    group("d1i",
          "jalr lb lh lw lbu lhu lwu ld addi slti sltiu xori ori andi slli "
          "srli srai addiw slliw srliw sraiw csrrw csrrs csrrc slli_uw rori "
          "roriw bclri bexti binvi bseti");
    group("12i", "beq bne blt bge bltu bgeu sb sh sw sd");
    group("d12",
          "add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw "
          "mul mulh mulhsu mulhu div divu rem remu mulw divw divuw remw remuw "
          "lr_w sc_w amoswap_w amoadd_w amoxor_w amoand_w amoor_w amomin_w "
          "amomax_w amominu_w amomaxu_w lr_d sc_d amoswap_d amoadd_d amoxor_d "
          "amoand_d amoor_d amomin_d amomax_d amominu_d amomaxu_d sh1add "
          "sh2add sh3add add_uw sh1add_uw sh2add_uw sh3add_uw andn orn xnor "
          "max maxu min minu rol ror rolw rorw bclr bext binv bset clmul "
          "clmulr clmulh czero_eqz czero_nez");
    group("d1", "clz ctz cpop clzw ctzw cpopw sext_b sext_h zext_h "
                "zext_h_rv32 orc_b rev8 rev8_rv32");
    group("12", "sfence_vma sinval_vma");
    group("1", "cbo_zero");
    group("", "fence fence_i ecall ebreak mret wfi sret sfence_w_inval "
              "sfence_inval_ir");
    group("D1i", "flh flw fld");
    group("1Bi", "fsh fsw fsd");
    for (const char *fmt : {"_s", "_d", "_h"}) {
        auto add = [&](const char *operands, const char *names) {
            std::istringstream is(names);
            for (std::string name; is >> name;) {
                group(operands, (name + fmt).c_str());
            }
        };
        add("DABCr", "fmadd fmsub fnmsub fnmadd");
        add("DABr", "fadd fsub fmul fdiv");
        add("DAr", "fsqrt");
        add("DAB", "fsgnj fsgnjn fsgnjx fmin fmax");
        add("dAB", "fle flt feq");
        add("dA", "fclass");
        add("dAr", "fcvt_w fcvt_wu fcvt_l fcvt_lu");
    }
    group("dA", "fmv_x_w fmv_x_d fmv_x_h");
    group("D1", "fmv_w_x fmv_d_x fmv_h_x");
    group("D1r", "fcvt_s_w fcvt_s_wu fcvt_s_l fcvt_s_lu fcvt_d_w fcvt_d_wu "
                 "fcvt_d_l fcvt_d_lu fcvt_h_w fcvt_h_wu fcvt_h_l fcvt_h_lu");
    group("DAr", "fcvt_s_d fcvt_d_s fcvt_s_h fcvt_h_s fcvt_d_h fcvt_h_d");
    return m;
}

TEST(InsnTable, OperandsOfEachLine)
{
    const auto &known = operands_of();
    EXPECT_EQ(known.size(), static_cast<size_t>(INSN_NUM));
    std::mt19937 rng(4);
    for (unsigned xlen : {32u, 64u}) {
        Decoder decode(isa_full(xlen));
        for (unsigned i = 0; i < INSN_NUM; i++) {
            if (insn_table[i].isa & ~decode.isa.extensions) {
                continue;
            }
            auto at = known.find(insn_table[i].name);
            ASSERT_NE(at, known.end()) << insn_table[i].name;
            std::string operands = at->second;
            auto has = [&operands](char c) {
                return operands.find(c) != std::string::npos;
            };
            uint32_t mask, match;
            insn_pattern(insn_table[i].encoding, &mask, &match);
            for (unsigned n = 0; n < 50; n++) {
                uint32_t w = match | (static_cast<uint32_t>(rng()) & ~mask);
                Insn in = decode(w);
                if (in.code == INSN_ILLEGAL && xlen == 32 && (w >> 25 & 1)) {
                    continue; // a shift by more than 31
                }
                ASSERT_EQ(insn_name(in), insn_table[i].name) << hex(w);
                ASSERT_EQ(in.writes_rd, has('d') || has('D')) << hex(w);
                ASSERT_EQ(in.reads_rs1, has('1') || has('A')) << hex(w);
                ASSERT_EQ(in.reads_rs2, has('2') || has('B')) << hex(w);
                ASSERT_EQ(in.reads_rs3, has('C')) << hex(w);
                unsigned f = has('D') * INSN_F_RD | has('A') * INSN_F_RS1 |
                             has('B') * INSN_F_RS2 | has('C') * INSN_F_RS3;
                ASSERT_EQ(in.f, f) << hex(w);
                ASSERT_EQ(in.rd, w >> 7 & 31);
                ASSERT_EQ(in.rs1, w >> 15 & 31);
                ASSERT_EQ(in.rs2, w >> 20 & 31);
                ASSERT_EQ(in.rs3, w >> 27);
                if (has('r')) {
                    ASSERT_EQ(in.imm, w >> 12 & 7) << hex(w);
                } else if (!has('i')) {
                    ASSERT_EQ(in.imm, 0) << hex(w);
                }
            }
        }
    }
}

TEST(InsnTable, ImmediatesOfFloatLoadsAndStores)
{
    Decoder decode(isa_full(32));
    for (int imm : {0, 1, -1, 2047, -2048, 0x555, -1366, 32, 31}) {
        uint32_t u = static_cast<uint32_t>(imm) & 0xfff;
        for (uint32_t f3 : {1u, 2u, 3u}) {
            EXPECT_EQ(decode(u << 20 | f3 << 12 | 0x07).imm, imm);
            EXPECT_EQ(
                decode(u >> 5 << 25 | f3 << 12 | (u & 31) << 7 | 0x27).imm,
                imm);
        }
    }
}

} // namespace
