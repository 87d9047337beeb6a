// insn_kit.h - what the tests of the decoder share: a decoder that frees
// itself, and words to try.
#ifndef TESTS_CPU_INSN_KIT_H
#define TESTS_CPU_INSN_KIT_H

#include <cstdint>
#include <gtest/gtest.h>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "cpu/insn.h"

inline std::string hex(uint64_t v)
{
    std::ostringstream os;
    os << "0x" << std::hex << v;
    return os.str();
}

// All that cpu/insn.def has, for one width.
inline HartIsa isa_full(unsigned xlen)
{
    uint64_t all = 0;
    for (const InsnSpec &spec : insn_table) {
        all |= spec.isa;
    }
    all &= ~(ISA_RV32 | ISA_RV64);
    return {xlen, all | ISA_C | (xlen == 32 ? ISA_RV32 : ISA_RV64)};
}

// "imac_zicsr" of one width; S mode besides, when asked.
inline HartIsa isa_of(unsigned xlen, const std::string &rest, bool s = false)
{
    HartIsa isa = {};
    std::string text = "rv" + std::to_string(xlen) + rest;
    EXPECT_TRUE(hart_isa_parse(text.c_str(), &isa, nullptr)) << text;
    isa.extensions |= s ? ISA_S : 0;
    return isa;
}

struct Decoder {
    explicit Decoder(const HartIsa &of) : isa(of), d(insn_decoder_new(&of))
    {
        EXPECT_NE(d, nullptr);
    }
    ~Decoder() { insn_decoder_free(d); }
    Decoder(const Decoder &) = delete;
    Decoder &operator=(const Decoder &) = delete;
    Insn operator()(uint32_t word) const { return insn_decode(d, word); }
    HartIsa isa;
    InsnDecoder *d;
};

// "" when it is none.
inline std::string insn_name(const Insn &in)
{
    return in.code < INSN_NUM ? insn_table[in.code].name : "";
}

inline bool same_operation(const Insn &a, const Insn &b)
{
    return a.code == b.code && a.rd == b.rd && a.rs1 == b.rs1 &&
           a.rs2 == b.rs2 && a.rs3 == b.rs3 && a.imm == b.imm && a.f == b.f &&
           a.reads_rs1 == b.reads_rs1 && a.reads_rs2 == b.reads_rs2 &&
           a.reads_rs3 == b.reads_rs3 && a.writes_rd == b.writes_rd;
}

// Half of them random, half near an instruction of the table: its fixed bits,
// fields that like 0 and small numbers, and sometimes one bit wrong.
class Words
{
  public:
    // Near instructions of a hart with these extensions only.
    explicit Words(uint64_t extensions = UINT64_MAX)
    {
        for (const InsnSpec &spec : insn_table) {
            if (!(spec.isa & ~extensions)) {
                lines.push_back(spec.encoding);
            }
        }
    }
    uint32_t next()
    {
        uint32_t word = static_cast<uint32_t>(rng()) | 3;
        if (rng() & 1) {
            return word;
        }
        uint32_t mask, match;
        insn_pattern(lines[rng() % lines.size()], &mask, &match);
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
    std::vector<const char *> lines = {};
    std::mt19937 rng{20191213};
};

#endif
