// The decoder against its own table, and against capstone: every 16-bit word
// and a few hundred thousand 32-bit words per width.
#include <capstone/capstone.h>
#include <cstdint>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "cpu/insn.h"

namespace
{

std::string hex(uint64_t v)
{
    std::ostringstream os;
    os << "0x" << std::hex << v;
    return os.str();
}

struct Decoder {
    explicit Decoder(const std::string &text)
    {
        EXPECT_TRUE(hart_isa_parse(text.c_str(), &isa, nullptr)) << text;
        d = insn_decoder_new(&isa);
        EXPECT_NE(d, nullptr);
    }
    ~Decoder() { insn_decoder_free(d); }
    Decoder(const Decoder &) = delete;
    Decoder &operator=(const Decoder &) = delete;
    Insn operator()(uint32_t word) const { return insn_decode(d, word); }
    HartIsa isa;
    InsnDecoder *d;
};

std::string isa_of(unsigned xlen, const char *rest = "imac_zicsr_zifencei")
{
    return "rv" + std::to_string(xlen) + rest;
}

// -- the table by itself ------------------------------------------------------

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

TEST(InsnTable, NoTwoLinesOverlap)
{
    for (unsigned i = 0; i < INSN_NUM; i++) {
        for (unsigned j = 0; j < i; j++) {
            uint32_t mi, vi, mj, vj;
            insn_pattern(insn_table[i].encoding, &mi, &vi);
            insn_pattern(insn_table[j].encoding, &mj, &vj);
            uint32_t isa = insn_table[i].isa | insn_table[j].isa;
            bool apart = (isa & ISA_RV32) && (isa & ISA_RV64);
            EXPECT_TRUE(((vi ^ vj) & mi & mj) || apart)
                << insn_table[i].name << " and " << insn_table[j].name;
        }
    }
}

TEST(InsnTable, NamesAreUnique)
{
    std::map<std::string, int> seen;
    for (unsigned i = 0; i < INSN_NUM; i++) {
        EXPECT_EQ(seen[insn_table[i].name]++, 0) << insn_table[i].name;
    }
}

TEST(InsnTable, BlocksEndWhereControlMayLeave)
{
    for (unsigned i = 0; i < INSN_NUM; i++) {
        uint8_t t = insn_table[i].time;
        bool leaves = t == TIME_BRANCH || t == TIME_JUMP || t == TIME_CSR ||
                      t == TIME_SYSTEM ||
                      std::string(insn_table[i].name) == "fence_i";
        EXPECT_EQ(insn_ends_block(i), leaves) << insn_table[i].name;
    }
    EXPECT_TRUE(insn_ends_block(INSN_ILLEGAL));
    EXPECT_TRUE(insn_ends_block(INSN_FAULT));
}

// -- 16 bits
// ----------------------------------------------------------------------

bool same_operation(const Insn &a, const Insn &b)
{
    return a.code == b.code && a.rd == b.rd && a.rs1 == b.rs1 &&
           a.rs2 == b.rs2 && a.imm == b.imm && a.reads_rs1 == b.reads_rs1 &&
           a.reads_rs2 == b.reads_rs2 && a.writes_rd == b.writes_rd;
}

TEST(Compressed, StandForTheirExpansion)
{
    for (unsigned xlen : {32u, 64u}) {
        Decoder decode(isa_of(xlen));
        unsigned legal = 0;
        for (uint32_t half = 0; half < 65536; half++) {
            if ((half & 3) == 3) {
                continue;
            }
            Insn in = decode(0xabcd0000 | half); // the next bytes do not matter
            uint32_t word = insn_expand(decode.d, static_cast<uint16_t>(half));
            ASSERT_EQ(in.size, 2) << hex(half);
            ASSERT_EQ(in.word, half);
            ASSERT_EQ(word == 0, in.code == INSN_ILLEGAL) << hex(half);
            if (word) {
                legal++;
                ASSERT_EQ(word & 3, 3u) << hex(half);
                ASSERT_TRUE(same_operation(in, decode(word))) << hex(half);
            }
        }
        EXPECT_GT(legal, 20000u);
    }
}

TEST(Compressed, IllegalWithoutC)
{
    for (unsigned xlen : {32u, 64u}) {
        Decoder decode(isa_of(xlen, "ima_zicsr_zifencei"));
        for (uint32_t half = 0; half < 65536; half++) {
            if ((half & 3) != 3) {
                ASSERT_EQ(decode(half).code, INSN_ILLEGAL) << hex(half);
            }
        }
    }
}

// -- words to try
// -----------------------------------------------------------------

// Half of them random, half near an instruction of the table: its fixed bits,
// fields that like 0 and small numbers, and sometimes one bit wrong.
class Words
{
  public:
    uint32_t next()
    {
        uint32_t word = rng() | 3;
        if (rng() & 1) {
            return word;
        }
        uint32_t mask, match;
        insn_pattern(insn_table[rng() % INSN_NUM].encoding, &mask, &match);
        if (rng() & 1) {
            word = tame();
        }
        word = (word & ~mask) | match;
        if (rng() % 8 == 0) {
            word ^= UINT32_C(4) << rng() % 30;
        }
        return word;
    }

  private:
    uint32_t field(uint32_t bits)
    {
        static const uint32_t likes[] = {0, 1, 2, ~0u, 5};
        return likes[rng() % 5] & ((1u << bits) - 1);
    }
    uint32_t tame() // funct7, rs2, rs1, rd
    {
        return field(7) << 25 | field(5) << 20 | field(5) << 15 | field(5) << 7;
    }
    std::mt19937 rng{20191213};
};

TEST(Decoder, AnExtensionLessIsItsInstructionsLess)
{
    struct Less {
        const char *rest;
        uint32_t gone;
    };
    const Less cases[] = {
        {"iac_zicsr_zifencei", ISA_M},
        {"imc_zicsr_zifencei", ISA_A},
        {"imac_zifencei", ISA_ZICSR},
        {"imac_zicsr", ISA_ZIFENCEI},
    };
    for (unsigned xlen : {32u, 64u}) {
        Decoder all(isa_of(xlen));
        for (const Less &c : cases) {
            Decoder some(isa_of(xlen, c.rest));
            Words words;
            unsigned lost = 0;
            for (int i = 0; i < 50000; i++) {
                uint32_t word = words.next();
                Insn a = all(word), b = some(word);
                if (a.code != INSN_ILLEGAL &&
                    (insn_table[a.code].isa & c.gone)) {
                    ASSERT_EQ(b.code, INSN_ILLEGAL) << hex(word);
                    lost++;
                } else {
                    ASSERT_TRUE(a.code == b.code) << hex(word);
                }
            }
            EXPECT_GT(lost, 100u) << c.rest;
        }
    }
}

// -- capstone
// ---------------------------------------------------------------------

// How capstone shows an instruction: the base instruction it is, which field
// each of its operands is (d rd, 1 rs1, 2 rs2, a rd and rs1, i immediate, u the
// 20 bits of lui), and fields an alias leaves out (`1=0`: rs1 is x0).
struct Form {
    const char *name;
    const char *operands;
    const char *left_out;
};

std::map<std::string, Form> forms()
{
    std::map<std::string, Form> m = {
        {"lui", {"lui", "du", ""}},
        {"auipc", {"auipc", "du", ""}},
        {"jal", {"jal", "di", ""}},
        {"jalr", {"jalr", "d1i", ""}},
        {"lr.w", {"lr_w", "d1", "2=0"}},
        {"lr.d", {"lr_d", "d1", "2=0"}},
        {"ecall", {"ecall", "", ""}},
        {"ebreak", {"ebreak", "", ""}},
        {"mret", {"mret", "", ""}},
        {"wfi", {"wfi", "", ""}},
        {"fence", {"fence", "", ""}},
        {"fence.i", {"fence_i", "", ""}},
        // aliases: Volume I, tables 25.2 and 25.3
        {"nop", {"addi", "", "d=0 1=0 i=0"}},
        {"li", {"addi", "di", "1=0"}},
        {"mv", {"addi", "d1", "i=0"}},
        {"not", {"xori", "d1", "i=-1"}},
        {"neg", {"sub", "d2", "1=0"}},
        {"negw", {"subw", "d2", "1=0"}},
        {"sext.w", {"addiw", "d1", "i=0"}},
        {"seqz", {"sltiu", "d1", "i=1"}},
        {"snez", {"sltu", "d2", "1=0"}},
        {"sltz", {"slt", "d1", "2=0"}},
        {"sgtz", {"slt", "d2", "1=0"}},
        {"beqz", {"beq", "1i", "2=0"}},
        {"bnez", {"bne", "1i", "2=0"}},
        {"blez", {"bge", "2i", "1=0"}},
        {"bgez", {"bge", "1i", "2=0"}},
        {"bltz", {"blt", "1i", "2=0"}},
        {"bgtz", {"blt", "2i", "1=0"}},
        {"jal alone", {"jal", "i", "d=1"}},
        {"jalr alone", {"jalr", "1", "d=1 i=0"}},
        {"j", {"jal", "i", "d=0"}},
        {"jr", {"jalr", "1i", "d=0"}},
        {"jr alone", {"jalr", "1", "d=0 i=0"}},
        {"ret", {"jalr", "", "d=0 1=1 i=0"}},
        {"csrr", {"csrrs", "d", "1=0"}},
        {"csrw", {"csrrw", "1", "d=0"}},
        {"csrs", {"csrrs", "1", "d=0"}},
        {"csrc", {"csrrc", "1", "d=0"}},
        {"csrwi", {"csrrwi", "z", "d=0"}},
        {"csrsi", {"csrrsi", "z", "d=0"}},
        {"csrci", {"csrrci", "z", "d=0"}},
        {"rdcycle", {"csrrs", "d", "1=0 i=3072"}},
        {"rdtime", {"csrrs", "d", "1=0 i=3073"}},
        {"rdinstret", {"csrrs", "d", "1=0 i=3074"}},
        {"rdcycleh", {"csrrs", "d", "1=0 i=3200"}},
        {"rdtimeh", {"csrrs", "d", "1=0 i=3201"}},
        {"rdinstreth", {"csrrs", "d", "1=0 i=3202"}},
        {"unimp", {"csrrw", "", "d=0 1=0 i=3072"}},
        // the CSRs of F: Volume I, section 11.2; without rd it is x0
        {"frflags", {"csrrs", "d", "1=0 i=1"}},
        {"frrm", {"csrrs", "d", "1=0 i=2"}},
        {"frcsr", {"csrrs", "d", "1=0 i=3"}},
        {"fsflags", {"csrrw", "d1", "i=1"}},
        {"fsrm", {"csrrw", "d1", "i=2"}},
        {"fscsr", {"csrrw", "d1", "i=3"}},
        {"fsflagsi", {"csrrwi", "dz", "i=1"}},
        {"fsrmi", {"csrrwi", "dz", "i=2"}},
        {"fsflags alone", {"csrrw", "1", "d=0 i=1"}},
        {"fsrm alone", {"csrrw", "1", "d=0 i=2"}},
        {"fscsr alone", {"csrrw", "1", "d=0 i=3"}},
        {"fsflagsi alone", {"csrrwi", "z", "d=0 i=1"}},
        {"fsrmi alone", {"csrrwi", "z", "d=0 i=2"}},
        // compressed: Volume I, tables 16.5 to 16.7
        {"c.addi4spn", {"addi", "d1i", ""}},
        {"c.lw", {"lw", "di1", ""}},
        {"c.ld", {"ld", "di1", ""}},
        {"c.sw", {"sw", "2i1", ""}},
        {"c.sd", {"sd", "2i1", ""}},
        {"c.nop", {"addi", "", "d=0 1=0"}}, // HINTs too
        {"c.addi", {"addi", "ai", ""}},
        {"c.jal", {"jal", "i", "d=1"}},
        {"c.addiw", {"addiw", "ai", ""}},
        {"c.li", {"addi", "di", "1=0"}},
        {"c.addi16sp", {"addi", "ai", ""}},
        {"c.lui", {"lui", "du", ""}},
        {"c.srli", {"srli", "ai", ""}},
        {"c.srai", {"srai", "ai", ""}},
        {"c.andi", {"andi", "ai", ""}},
        {"c.sub", {"sub", "a2", ""}},
        {"c.xor", {"xor", "a2", ""}},
        {"c.or", {"or", "a2", ""}},
        {"c.and", {"and", "a2", ""}},
        {"c.subw", {"subw", "a2", ""}},
        {"c.addw", {"addw", "a2", ""}},
        {"c.j", {"jal", "i", "d=0"}},
        {"c.beqz", {"beq", "1i", "2=0"}},
        {"c.bnez", {"bne", "1i", "2=0"}},
        {"c.slli", {"slli", "ai", ""}},
        {"c.lwsp", {"lw", "di1", "1=2"}},
        {"c.ldsp", {"ld", "di1", "1=2"}},
        {"c.jr", {"jalr", "1", "d=0 i=0"}},
        {"c.mv", {"add", "d2", "1=0"}},
        {"c.ebreak", {"ebreak", "", ""}},
        {"c.jalr", {"jalr", "1", "d=1 i=0"}},
        {"c.add", {"add", "a2", ""}},
        {"c.swsp", {"sw", "2i1", "1=2"}},
        {"c.sdsp", {"sd", "2i1", "1=2"}},
    };
    auto group = [&m](const char *names, const char *operands) {
        std::istringstream is(names);
        for (std::string cs; is >> cs;) {
            static std::vector<std::unique_ptr<std::string>> kept;
            kept.push_back(std::make_unique<std::string>(cs));
            for (char &c : *kept.back()) {
                c = c == '.' ? '_' : c;
            }
            m[cs] = {kept.back()->c_str(), operands, ""};
        }
    };
    group("add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw "
          "mul mulh mulhsu mulhu div divu rem remu mulw divw divuw remw remuw",
          "d12");
    group(
        "addi slti sltiu xori ori andi slli srli srai addiw slliw srliw sraiw",
        "d1i");
    group("lb lh lw ld lbu lhu lwu", "d1i"); // of `imm(rs1)`
    group("sb sh sw sd", "21i");
    group("beq bne blt bge bltu bgeu", "12i");
    group("csrrw csrrs csrrc", "d1");
    group("csrrwi csrrsi csrrci", "dz");
    group("amoswap.w amoadd.w amoxor.w amoand.w amoor.w amomin.w amomax.w "
          "amominu.w amomaxu.w sc.w amoswap.d amoadd.d amoxor.d amoand.d "
          "amoor.d amomin.d amomax.d amominu.d amomaxu.d sc.d",
          "d21");
    return m;
}

// Words about which the two are right to differ, or capstone is wrong. Each
// reason must be met at least once, so none stays here by mistake.
const char *difference(unsigned xlen, uint32_t w, const std::string &capstone)
{
    bool half = (w & 3) != 3;
    if (!capstone.empty()) { // capstone knows it, we must not
        if (capstone[0] == 'f' || capstone.compare(0, 3, "c.f") == 0) {
            return capstone.compare(0, 5, "fence") ? "F and D" : nullptr;
        }
        if (capstone == "sret" || capstone == "sfence.vma") {
            return "S mode";
        }
        if (capstone == "uret") {
            return "N, an extension that was withdrawn";
        }
        if (w == 0) {
            return "the all-zero word, named c.unimp, is illegal";
        }
        if (half && (w & 0xf07c) == 0x6000 && (w & 3) == 1) {
            return "capstone: c.lui with immediate 0 is reserved (16.5)";
        }
        if (xlen == 32 && half && (w & 0x1000) &&
            (capstone == "c.slli" || capstone == "c.srli" ||
             capstone == "c.srai")) {
            return "capstone: c.slli/c.srli/c.srai with shamt[5] are custom "
                   "space on RV32 (16.5)";
        }
        if (xlen == 32 && !half && (w & 1u << 25) &&
            (capstone == "slli" || capstone == "srli" || capstone == "srai")) {
            return "capstone: RV32 shifts by more than 31 (2.4.1)";
        }
        return nullptr;
    }
    bool no_rd = (w >> 7 & 31) == 0; // we know it, capstone does not
    unsigned op = (w >> 13 & 7) << 2 | (w & 3);
    if (half && no_rd) {
        switch (op) {
        case 0x01: return "capstone: c.nop with an immediate is a HINT";
        case 0x09: return "capstone: c.li to x0 is a HINT";
        case 0x0d: return "capstone: c.lui to x0 is a HINT";
        case 0x02: return "capstone: c.slli of x0 is a HINT";
        case 0x12: return "capstone: c.mv and c.add to x0 are HINTs";
        default: return nullptr;
        }
    }
    if (!half && (w & 0x707f) == 0x0f) {
        return "capstone: fence ignores its other fields (2.7)";
    }
    if (!half && (w & 0x707f) == 0x100f) {
        return "capstone: fence.i ignores its other fields (3)";
    }
    return nullptr;
}

class Capstone
{
  public:
    explicit Capstone(unsigned width) : xlen(width), decode(isa_of(width))
    {
        int mode =
            (xlen == 32 ? CS_MODE_RISCV32 : CS_MODE_RISCV64) | CS_MODE_RISCVC;
        EXPECT_EQ(cs_open(CS_ARCH_RISCV, static_cast<cs_mode>(mode), &handle),
                  CS_ERR_OK);
        cs_option(handle, CS_OPT_DETAIL, CS_OPT_ON);
        out = cs_malloc(handle);
    }
    ~Capstone()
    {
        cs_free(out, 1);
        cs_close(&handle);
    }
    Capstone(const Capstone &) = delete;
    Capstone &operator=(const Capstone &) = delete;

    // One word; reports through gtest.
    void check(uint32_t word)
    {
        bool half = (word & 3) != 3;
        word = half ? word & 0xffff : word;
        Insn in = decode(word);
        const uint8_t *code = reinterpret_cast<const uint8_t *>(&word);
        size_t size = half ? 2 : 4;
        uint64_t address = 0x1000;
        ASSERT_EQ(in.size, size);
        bool known = cs_disasm_iter(handle, &code, &size, &address, out);
        bool legal = in.code != INSN_ILLEGAL;
        std::string theirs = known ? out->mnemonic : "";
        if (known == legal) {
            if (known) {
                compare(word, in);
                agreed++;
            }
            return;
        }
        const char *reason = difference(xlen, word, theirs);
        ASSERT_NE(reason, nullptr)
            << hex(word) << " is "
            << (legal ? insn_table[in.code].name : "illegal")
            << " for us; capstone: " << (known ? theirs : "illegal");
        if (legal && half) { // a HINT: may write nothing
            EXPECT_TRUE(in.writes_rd && in.rd == 0) << hex(word);
        }
        reasons[reason]++;
    }

    unsigned xlen;
    Decoder decode;
    uint64_t agreed = 0, csr_numbers = 0;
    std::map<std::string, uint64_t> reasons = {};
    std::map<std::string, uint64_t> met = {}; // mnemonics that were compared

  private:
    static int64_t field(const Insn &in, char which)
    {
        switch (which) {
        case 'd': return in.rd;
        case '1':
        case 'z': return in.rs1; // z: a number in the place of rs1
        case '2': return in.rs2;
        case 'u': return in.imm >> 12 & 0xfffff;
        default: return in.imm;
        }
    }
    std::vector<int64_t> operands() const
    {
        std::vector<int64_t> v;
        const cs_riscv &r = out->detail->riscv;
        for (unsigned i = 0; i < r.op_count; i++) {
            const cs_riscv_op &op = r.operands[i];
            if (op.type == RISCV_OP_REG) {
                v.push_back(static_cast<int64_t>(op.reg) - RISCV_REG_X0);
            } else if (op.type == RISCV_OP_IMM) {
                v.push_back(op.imm);
            } else {
                v.push_back(static_cast<int64_t>(op.mem.base) - RISCV_REG_X0);
                v.push_back(op.mem.disp);
            }
        }
        return v;
    }
    // capstone prints a CSR it has no name for as a number.
    void compare_csr(uint32_t word, const Insn &in)
    {
        std::istringstream is(out->op_str);
        std::string token;
        bool rd_first = std::string(out->mnemonic).compare(0, 4, "csrr") == 0;
        std::getline(is, token, ',');
        if (rd_first) {
            std::getline(is, token, ',');
        }
        token.erase(0, token.find_first_not_of(' '));
        if (!token.empty() && token[0] >= '0' && token[0] <= '9') {
            ASSERT_EQ(std::stoll(token, nullptr, 0), in.imm) << hex(word);
            csr_numbers++;
        }
    }
    void compare(uint32_t word, const Insn &in)
    {
        static const std::map<std::string, Form> known = forms();
        std::string theirs = out->mnemonic;
        size_t order = theirs.find(".aq");
        order = order == std::string::npos ? theirs.find(".rl") : order;
        if (order != std::string::npos) {
            theirs.erase(order);
        }
        if (out->detail->riscv.op_count == 1 &&
            known.count(theirs + " alone")) {
            theirs += " alone"; // rd is left out, and so is a 0 of jalr
        }
        auto at = known.find(theirs);
        ASSERT_NE(at, known.end())
            << hex(word) << " is " << theirs << " for capstone, "
            << insn_table[in.code].name << " for us";
        const Form &form = at->second;
        ASSERT_STREQ(form.name, insn_table[in.code].name) << hex(word);
        met[theirs]++;
        std::string where =
            hex(word) + " " + theirs + " " + std::string(out->op_str);
        std::vector<int64_t> v = operands();
        size_t n = 0;
        for (const char *f = form.operands; *f; f++, n++) {
            ASSERT_LT(n, v.size()) << where;
            int64_t value = *f == 'u' ? v[n] & 0xfffff : v[n];
            ASSERT_EQ(value, field(in, *f == 'a' ? 'd' : *f)) << where;
            if (*f == 'a') {
                ASSERT_EQ(value, field(in, '1')) << where;
            }
        }
        ASSERT_EQ(n, v.size()) << where;
        for (const char *f = form.left_out; *f; f++) {
            char *end;
            ASSERT_EQ(std::strtol(f + 2, &end, 0), field(in, *f)) << where;
            f = end;
            if (!*f) {
                break;
            }
        }
        if (theirs.compare(0, 3, "csr") == 0) {
            compare_csr(word, in);
        }
    }

    csh handle;
    cs_insn *out;
};

class AgainstCapstone : public testing::TestWithParam<unsigned>
{
};

TEST_P(AgainstCapstone, EveryHalfword)
{
    Capstone cs(GetParam());
    for (uint32_t half = 0; half < 65536; half++) {
        if ((half & 3) != 3) {
            ASSERT_NO_FATAL_FAILURE(cs.check(half));
        }
    }
    EXPECT_GT(cs.agreed, 20000u);
    EXPECT_EQ(cs.reasons.size(), cs.xlen == 32 ? 9u : 8u);
}

TEST_P(AgainstCapstone, RandomWords)
{
    Capstone cs(GetParam());
    Words words;
    for (int i = 0; i < 400000; i++) {
        ASSERT_NO_FATAL_FAILURE(cs.check(words.next()));
    }
    EXPECT_GT(cs.agreed, 150000u);
    EXPECT_GT(cs.csr_numbers, 1000u);
    EXPECT_EQ(cs.reasons.size(), cs.xlen == 32 ? 6u : 5u);
    for (unsigned i = 0; i < INSN_NUM; i++) { // none was left out
        if (insn_table[i].isa & ~cs.decode.isa.extensions) {
            continue;
        }
        std::string name = insn_table[i].name;
        for (size_t at; (at = name.find('_')) != std::string::npos;) {
            name[at] = '.';
        }
        EXPECT_GT(cs.met[name], 0u) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(Widths, AgainstCapstone, testing::Values(32u, 64u),
                         [](const auto &info) {
                             return "rv" + std::to_string(info.param);
                         });

// -- the strings of configurations
// ------------------------------------------------

TEST(Isa, Parses)
{
    HartIsa isa;
    ASSERT_TRUE(hart_isa_parse("rv64imac_zicsr_zifencei", &isa, nullptr));
    EXPECT_EQ(isa.xlen, 64u);
    EXPECT_EQ(isa.extensions,
              static_cast<uint32_t>(ISA_I | ISA_M | ISA_A | ISA_C | ISA_ZICSR |
                                    ISA_ZIFENCEI | ISA_RV64));
    ASSERT_TRUE(hart_isa_parse("rv32i", &isa, nullptr));
    EXPECT_EQ(isa.xlen, 32u);
    EXPECT_EQ(isa.extensions, static_cast<uint32_t>(ISA_I | ISA_RV32));
}

TEST(Isa, NamesWhatItDoesNotKnow)
{
    const char *bad[] = {"",        "rv",           "rv16i",        "rv32",
                         "rv32mac", "rv64imafd",    "rv32imac_zba", "rv32i_",
                         "RV32I",   "rv32i_zicsr_", "rv32i__zicsr"};
    for (const char *text : bad) {
        HartIsa isa;
        Error *err = nullptr;
        EXPECT_FALSE(hart_isa_parse(text, &isa, &err)) << text;
        ASSERT_NE(err, nullptr) << text;
        EXPECT_NE(std::string(error_message(err)).find(text),
                  std::string::npos);
        error_free(err);
    }
}

} // namespace
