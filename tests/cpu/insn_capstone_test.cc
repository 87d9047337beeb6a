// The decoder against capstone, which did not read insn.def: every 16-bit word
// and a few hundred thousand 32-bit words per width, with their operands.
// Capstone 5 knows I M A F D C, Zicsr, Zifencei and some of S; for the rest see
// insn_reserved_test.cc.
#include <capstone/capstone.h>
#include <map>
#include <memory>

#include "tests/cpu/insn_kit.h"

namespace
{

// How capstone shows an instruction: the base instruction it is, which field
// each of its operands is (d rd, 1 rs1, 2 rs2, a rd and rs1, i immediate, u the
// 20 bits of lui; f registers: D, A rs1, B rs2, C rs3), and fields an alias
// leaves out (`1=0`: rs1 is x0, `B=A`: rs2 is rs1).
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
        {"sret", {"sret", "", ""}},
        {"sfence.vma", {"sfence_vma", "12", ""}},
        {"sfence.vma alone", {"sfence_vma", "1", "2=0"}},
        {"sfence.vma bare", {"sfence_vma", "", "1=0 2=0"}},
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
        // aliases of F and D: Volume I, table 25.2
        {"fmv.s", {"fsgnj_s", "DA", "B=A"}},
        {"fneg.s", {"fsgnjn_s", "DA", "B=A"}},
        {"fabs.s", {"fsgnjx_s", "DA", "B=A"}},
        {"fmv.d", {"fsgnj_d", "DA", "B=A"}},
        {"fneg.d", {"fsgnjn_d", "DA", "B=A"}},
        {"fabs.d", {"fsgnjx_d", "DA", "B=A"}},
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
        {"c.flw", {"flw", "Di1", ""}},
        {"c.fld", {"fld", "Di1", ""}},
        {"c.fsw", {"fsw", "Bi1", ""}},
        {"c.fsd", {"fsd", "Bi1", ""}},
        {"c.flwsp", {"flw", "Di1", "1=2"}},
        {"c.fldsp", {"fld", "Di1", "1=2"}},
        {"c.fswsp", {"fsw", "Bi1", "1=2"}},
        {"c.fsdsp", {"fsd", "Bi1", "1=2"}},
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
    group("flw fld", "D1i");
    group("fsw fsd", "B1i");
    group("fadd.s fsub.s fmul.s fdiv.s fsgnj.s fsgnjn.s fsgnjx.s fmin.s fmax.s "
          "fadd.d fsub.d fmul.d fdiv.d fsgnj.d fsgnjn.d fsgnjx.d fmin.d fmax.d",
          "DAB");
    group("fmadd.s fmsub.s fnmsub.s fnmadd.s fmadd.d fmsub.d fnmsub.d fnmadd.d",
          "DABC");
    group("fsqrt.s fsqrt.d fcvt.s.d fcvt.d.s", "DA");
    group("feq.s flt.s fle.s feq.d flt.d fle.d", "dAB");
    group("fclass.s fclass.d fmv.x.w fmv.x.d fcvt.w.s fcvt.wu.s fcvt.l.s "
          "fcvt.lu.s fcvt.w.d fcvt.wu.d fcvt.l.d fcvt.lu.d",
          "dA");
    group("fmv.w.x fmv.d.x fcvt.s.w fcvt.s.wu fcvt.s.l fcvt.s.lu fcvt.d.w "
          "fcvt.d.wu fcvt.d.l fcvt.d.lu",
          "D1");
    return m;
}

// Words about which the two are right to differ, or capstone is wrong. Each
// reason must be met at least once, so none stays here by mistake.
const char *difference(unsigned xlen, uint32_t w, const std::string &capstone)
{
    bool half = (w & 3) != 3;
    if (!capstone.empty()) { // capstone knows it, we must not
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
    unsigned opcode = w & 0x7f, rm = w >> 12 & 7;
    if (opcode >= 0x43 && opcode <= 0x53 && (rm == 5 || rm == 6)) {
        return "rounding modes 5 and 6 trap when it executes (11.2)";
    }
    uint32_t convert = w & 0xfff0007f;
    if (rm != 0 && (convert == 0xd2000053 || convert == 0xd2100053 ||
                    convert == 0x42000053)) {
        return "capstone: fcvt.d.w, fcvt.d.wu and fcvt.d.s, which are exact, "
               "have a rounding mode too (12.5)";
    }
    return nullptr;
}

class Capstone
{
  public:
    explicit Capstone(unsigned width)
        : xlen(width), decode(isa_of(width, "imafdc_zicsr_zifencei", true))
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
    uint64_t agreed = 0, csr_numbers = 0, roundings = 0;
    std::map<std::string, uint64_t> reasons = {};
    std::map<std::string, uint64_t> met = {}; // mnemonics that were compared

  private:
    // Capstone numbers x0 to x31, then f0 as a single, as a double, f1, ...
    enum { f_register = 32 };
    static int64_t number(unsigned reg)
    {
        return reg < RISCV_REG_F0_32
                   ? static_cast<int64_t>(reg) - RISCV_REG_X0
                   : f_register |
                         (static_cast<int64_t>(reg) - RISCV_REG_F0_32) / 2;
    }
    static int64_t field(const Insn &in, char which)
    {
        switch (which) {
        case 'd': return in.rd;
        case '1':
        case 'z': return in.rs1; // z: a number in the place of rs1
        case '2': return in.rs2;
        case 'D': return f_register | in.rd;
        case 'A': return f_register | in.rs1;
        case 'B': return f_register | in.rs2;
        case 'C': return f_register | in.rs3;
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
                v.push_back(number(op.reg));
            } else if (op.type == RISCV_OP_IMM) {
                v.push_back(op.imm);
            } else {
                v.push_back(number(op.mem.base));
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
        if (theirs == "sfence.vma" && !out->detail->riscv.op_count) {
            theirs += " bare";
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
            if (f[2] == 'A') {
                ASSERT_EQ(field(in, 'A'), field(in, *f)) << where;
                f += 3;
            } else {
                char *end;
                ASSERT_EQ(std::strtol(f + 2, &end, 0), field(in, *f)) << where;
                f = end;
            }
            if (!*f) {
                break;
            }
        }
        if (theirs.compare(0, 3, "csr") == 0) {
            compare_csr(word, in);
        }
        compare_rounding(word, in);
    }
    // capstone prints a rounding mode other than dynamic behind the operands.
    void compare_rounding(uint32_t word, const Insn &in)
    {
        static const char *const modes[] = {"rne", "rtz", "rdn", "rup", "rmm"};
        std::string text = out->op_str;
        size_t comma = text.rfind(", ");
        std::string last =
            comma == std::string::npos ? "" : text.substr(comma + 2);
        for (int64_t i = 0; i < 5; i++) {
            if (last == modes[i]) {
                ASSERT_EQ(in.imm, i) << hex(word) << " " << text;
                roundings++;
            }
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
    EXPECT_EQ(cs.reasons.size(), cs.xlen == 32 ? 8u : 7u);
}

TEST_P(AgainstCapstone, RandomWords)
{
    Capstone cs(GetParam());
    Words words(cs.decode.isa.extensions);
    for (int i = 0; i < 400000; i++) {
        ASSERT_NO_FATAL_FAILURE(cs.check(words.next()));
    }
    ASSERT_NO_FATAL_FAILURE(cs.check(0x0000100f)); // capstone's only fence.i
    EXPECT_GT(cs.agreed, 150000u);
    EXPECT_GT(cs.csr_numbers, 1000u);
    EXPECT_GT(cs.roundings, 10000u);
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

} // namespace
