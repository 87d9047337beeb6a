// The decoder as a table, and against capstone, which did not read insn.def.
#include <capstone/capstone.h>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <string>

#include "cpu/insn.h"

namespace
{

HartIsa isa_of(unsigned xlen)
{
    HartIsa isa = {};
    std::string text = "rv" + std::to_string(xlen) + "imac_zicsr_zifencei";
    EXPECT_TRUE(hart_isa_parse(text.c_str(), &isa, nullptr));
    return isa;
}

struct Decoder {
    InsnDecoder *d;
    explicit Decoder(unsigned xlen)
    {
        HartIsa isa = isa_of(xlen);
        d = insn_decoder_new(&isa);
    }
    ~Decoder() { insn_decoder_free(d); }
};

TEST(InsnTable, EveryEncodingIs32BitsAndNoTwoOverlap)
{
    for (unsigned i = 0; i < INSN_NUM; i++) {
        uint32_t mi, vi, mj, vj;
        EXPECT_EQ(32u, insn_pattern(insn_table[i].encoding, &mi, &vi))
            << insn_table[i].name;
        for (unsigned j = 0; j < i; j++) {
            insn_pattern(insn_table[j].encoding, &mj, &vj);
            EXPECT_NE(0u, mi & mj & (vi ^ vj))
                << insn_table[i].name << " / " << insn_table[j].name;
        }
    }
}

TEST(InsnDecode, ReservedIsIllegal)
{
    Decoder rv32(32), rv64(64);
    EXPECT_EQ(INSN_ILLEGAL, insn_decode(rv32.d, 0x02109093).code); // shamt 33
    EXPECT_EQ(INSN_slli, insn_decode(rv64.d, 0x02109093).code);
    for (auto *d : {rv32.d, rv64.d}) {
        EXPECT_EQ(INSN_ILLEGAL, insn_decode(d, 0).code);
        EXPECT_EQ(INSN_ILLEGAL, insn_decode(d, 0xffffffff).code);
        EXPECT_EQ(2, insn_decode(d, 0).size);
    }
    for (auto *d : {rv32.d, rv64.d}) {
        EXPECT_EQ(INSN_ILLEGAL, insn_decode(d, 0x6f81).code); // c.lui of 0
        EXPECT_EQ(INSN_ILLEGAL, insn_decode(d, 0x6101).code); // c.addi16sp 0
    }
    EXPECT_EQ(INSN_ILLEGAL, insn_decode(rv32.d, 0x1282).code); // c.slli 32
    EXPECT_EQ(INSN_slli, insn_decode(rv64.d, 0x1282).code);
    EXPECT_EQ(INSN_ILLEGAL, insn_decode(rv32.d, 0x00003003).code); // ld
    EXPECT_EQ(INSN_ld, insn_decode(rv64.d, 0x00003003).code);
}

// -- capstone ---------------------------------------------------------------

struct Capstone {
    csh handle = 0;
    cs_insn *insn = nullptr;
    explicit Capstone(unsigned xlen)
    {
        int mode =
            CS_MODE_RISCVC | (xlen == 32 ? CS_MODE_RISCV32 : CS_MODE_RISCV64);
        EXPECT_EQ(CS_ERR_OK,
                  cs_open(CS_ARCH_RISCV, static_cast<cs_mode>(mode), &handle));
        insn = cs_malloc(handle);
    }
    ~Capstone()
    {
        cs_free(insn, 1);
        cs_close(&handle);
    }
    // Name without aliases and `.`; empty: not an instruction.
    std::string name(uint32_t word)
    {
        uint8_t bytes[4];
        memcpy(bytes, &word, 4);
        const uint8_t *code = bytes;
        size_t size = 4;
        uint64_t address = 0;
        if (!cs_disasm_iter(handle, &code, &size, &address, insn)) {
            return "";
        }
        std::string full = cs_insn_name(handle, insn->id);
        for (char &c : full) {
            c = c == '.' ? '_' : c;
        }
        for (const char *order : {"_aqrl", "_aq_rl", "_aq", "_rl"}) {
            size_t at = full.find(order);
            if (at != std::string::npos) {
                full.erase(at);
            }
        }
        return full;
    }
};

bool ours(const std::string &name)
{
    for (const InsnSpec &spec : insn_table) {
        if (name == spec.name) {
            return true;
        }
    }
    return false;
}

// 32-bit words: capstone and we name the same instruction, or both none of
// ours. Exceptions, by the manual: capstone accepts rd and rs1 of fence,
// fence.i with fields that are reserved, and calls csr accesses by their plain
// names only through the id; unimp (csrrw x0, cycle, x0) is a name of an
// assembler.
TEST(InsnDecode, CapstoneAgreesOnRandomWords)
{
    for (unsigned xlen : {32u, 64u}) {
        Decoder decoder(xlen);
        Capstone capstone(xlen);
        std::mt19937 rng(xlen);
        std::map<std::string, std::pair<unsigned, uint32_t>> wrong;
        unsigned agreed = 0;
        for (unsigned n = 0; n < 400000; n++) {
            uint32_t word = static_cast<uint32_t>(rng()) | 3;
            if (n % 2) { // near a line of the table: mostly valid
                const InsnSpec &spec = insn_table[rng() % INSN_NUM];
                uint32_t mask, match;
                insn_pattern(spec.encoding, &mask, &match);
                word = match | (word & ~mask);
                word ^= n % 16 == 1 ? 1u << (2 + rng() % 30) : 0;
            }
            Insn in = insn_decode(decoder.d, word);
            std::string mine =
                in.code == INSN_ILLEGAL ? "" : insn_table[in.code].name;
            std::string theirs = capstone.name(word);
            if (mine == theirs || (mine.empty() && !ours(theirs)) ||
                mine == "fence" || mine == "fence_i" || theirs == "unimp" ||
                (xlen == 32 && mine.empty() && (word >> 25 & 1) &&
                 (theirs == "slli" || theirs == "srli" || theirs == "srai"))) {
                agreed += !mine.empty();
                continue;
            }
            auto &w = wrong[mine + " / " + theirs];
            w.first++;
            w.second = word;
        }
        EXPECT_GT(agreed, 100000u);
        for (const auto &w : wrong) {
            ADD_FAILURE() << "rv" << xlen << " ours / capstone: " << w.first
                          << ", " << w.second.first << " times, e.g. "
                          << std::hex << w.second.second;
        }
    }
}

// All 16-bit words: both valid or both not, apart from what needs F or D, and
// hints, which capstone partly refuses though the manual defines them as legal.
// The manual reserves c.lui of 0 and, on RV32, shift amounts over 31.
TEST(InsnDecode, CapstoneAgreesOnAllCompressedWords)
{
    for (unsigned xlen : {32u, 64u}) {
        Decoder decoder(xlen);
        Capstone capstone(xlen);
        unsigned valid = 0, refused = 0, invented = 0;
        uint32_t example = 0;
        for (uint32_t half = 0; half < 65536; half++) {
            if ((half & 3) == 3) {
                continue;
            }
            bool mine = insn_decode(decoder.d, half).code != INSN_ILLEGAL;
            std::string theirs = capstone.name(half);
            bool floats = theirs.rfind("c_f", 0) == 0;
            unsigned rd = half >> 7 & 31;
            bool hint = mine && theirs.empty() && (half & 3) != 0 &&
                        (rd == 0 || (half & 0x107c) == 0);
            valid += mine;
            refused += mine && theirs.empty() && !hint;
            bool reserved = (theirs == "c_lui" && (half & 0x107c) == 0) ||
                            (xlen == 32 && (half & 0x1000) &&
                             (theirs == "c_slli" || theirs == "c_srli" ||
                              theirs == "c_srai"));
            if (!mine && !theirs.empty() && !floats && !reserved &&
                theirs != "c_unimp") {
                invented++;
                example = half;
            }
        }
        EXPECT_GT(valid, 25000u);
        EXPECT_EQ(0u, refused) << "rv" << xlen;
        EXPECT_EQ(0u, invented) << "rv" << xlen << " e.g. " << std::hex
                                << example << " " << capstone.name(example);
    }
}

} // namespace
