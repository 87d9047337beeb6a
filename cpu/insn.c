/*
 * insn.c - the decoder, built from insn.def and rvc.def.
 *
 * Model    32-bit words are looked up in 256 buckets by opcode (bits 6..2) and
 *          funct3; a bucket holds the lines that can match there. 16-bit words
 *          are expanded by one lookup in a table of all 65,536, made per
 *          decoder from the lines of rvc.def.
 * Source   see insn.def and rvc.def.
 */
#include "cpu/insn.h"

#include <stdlib.h>
#include <string.h>

#include "memory/bits.h"

enum {
    OPERANDS_NONE,
    OPERANDS_R,
    OPERANDS_RR,  /* reads rs1 and rs2, no more */
    OPERANDS_R1,  /* reads rs1, no more */
    OPERANDS_R1D, /* rd and rs1 */
    OPERANDS_I,
    OPERANDS_SH,
    OPERANDS_SHW,
    OPERANDS_L,
    OPERANDS_S,
    OPERANDS_B,
    OPERANDS_U,
    OPERANDS_J,
    OPERANDS_A,
    OPERANDS_C,
    OPERANDS_CI,
    /* Floating point: the letters after F tell what is unlike FR. */
    OPERANDS_FR,  /* f rd, rs1, rs2; rounds */
    OPERANDS_FR1, /* f rd, rs1; rounds */
    OPERANDS_FR4, /* f rd, rs1, rs2, rs3; rounds */
    OPERANDS_FRN, /* f rd, rs1, rs2 */
    OPERANDS_FXR, /* x rd, f rs1; rounds */
    OPERANDS_FXN, /* x rd, f rs1 */
    OPERANDS_FXC, /* x rd, f rs1, rs2 */
    OPERANDS_XFR, /* f rd, x rs1; rounds */
    OPERANDS_XFN, /* f rd, x rs1 */
    OPERANDS_FL,  /* f rd, I immediate */
    OPERANDS_FST, /* f rs2, S immediate */
    OPERANDS_NUM
};

/* What is read and written, and which of it are f registers: the bits of
 * INSN_F_*. */
enum {
    RD_ = INSN_F_RD,
    RS1_ = INSN_F_RS1,
    RS2_ = INSN_F_RS2,
    RS3_ = INSN_F_RS3
};
static const struct {
    uint8_t used, f;
} operand_use[OPERANDS_NUM] = {
    [OPERANDS_R] = {RD_ | RS1_ | RS2_, 0},
    [OPERANDS_RR] = {RS1_ | RS2_, 0},
    [OPERANDS_R1] = {RS1_, 0},
    [OPERANDS_R1D] = {RD_ | RS1_, 0},
    [OPERANDS_I] = {RD_ | RS1_, 0},
    [OPERANDS_SH] = {RD_ | RS1_, 0},
    [OPERANDS_SHW] = {RD_ | RS1_, 0},
    [OPERANDS_L] = {RD_ | RS1_, 0},
    [OPERANDS_S] = {RS1_ | RS2_, 0},
    [OPERANDS_B] = {RS1_ | RS2_, 0},
    [OPERANDS_U] = {RD_, 0},
    [OPERANDS_J] = {RD_, 0},
    [OPERANDS_A] = {RD_ | RS1_ | RS2_, 0},
    [OPERANDS_C] = {RD_ | RS1_, 0},
    [OPERANDS_CI] = {RD_, 0},
    [OPERANDS_FR] = {RD_ | RS1_ | RS2_, RD_ | RS1_ | RS2_},
    [OPERANDS_FR1] = {RD_ | RS1_, RD_ | RS1_},
    [OPERANDS_FR4] = {RD_ | RS1_ | RS2_ | RS3_, RD_ | RS1_ | RS2_ | RS3_},
    [OPERANDS_FRN] = {RD_ | RS1_ | RS2_, RD_ | RS1_ | RS2_},
    [OPERANDS_FXR] = {RD_ | RS1_, RS1_},
    [OPERANDS_FXN] = {RD_ | RS1_, RS1_},
    [OPERANDS_FXC] = {RD_ | RS1_ | RS2_, RS1_ | RS2_},
    [OPERANDS_XFR] = {RD_ | RS1_, RD_},
    [OPERANDS_XFN] = {RD_ | RS1_, RD_},
    [OPERANDS_FL] = {RD_ | RS1_, RD_},
    [OPERANDS_FST] = {RS1_ | RS2_, RS2_},
};

#define NEED_I ISA_I
#define NEED_I64 (ISA_I | ISA_RV64)
#define NEED_M ISA_M
#define NEED_M64 (ISA_M | ISA_RV64)
#define NEED_A ISA_A
#define NEED_A64 (ISA_A | ISA_RV64)
#define NEED_F ISA_F
#define NEED_F64 (ISA_F | ISA_RV64)
#define NEED_D (ISA_F | ISA_D)
#define NEED_D64 (ISA_F | ISA_D | ISA_RV64)
#define NEED_ZFH (ISA_F | ISA_ZFH)
#define NEED_ZFH64 (ISA_F | ISA_ZFH | ISA_RV64)
#define NEED_ZFHD (ISA_F | ISA_D | ISA_ZFH)
#define NEED_S ISA_S
#define NEED_SVINVAL (ISA_S | ISA_SVINVAL)
#define NEED_CSR ISA_ZICSR
#define NEED_FENCEI ISA_ZIFENCEI
#define NEED_ZBA ISA_ZBA
#define NEED_ZBA64 (ISA_ZBA | ISA_RV64)
#define NEED_ZBB ISA_ZBB
#define NEED_ZBB32 (ISA_ZBB | ISA_RV32)
#define NEED_ZBB64 (ISA_ZBB | ISA_RV64)
#define NEED_ZBS ISA_ZBS
#define NEED_ZBC ISA_ZBC
#define NEED_ZICOND ISA_ZICOND
#define NEED_ZICBOZ ISA_ZICBOZ

const InsnSpec insn_table[INSN_NUM] = {
#define INSN(name, isa, encoding, operands, time, ...)                         \
    {#name, encoding, NEED_##isa, OPERANDS_##operands, TIME_##time},
#include "cpu/insn.def"
#undef INSN
};

struct InsnDecoder {
    HartIsa isa;
    uint32_t mask[INSN_NUM], match[INSN_NUM];
    uint16_t bucket[257]; /* bucket b is line[bucket[b] .. bucket[b + 1]) */
    uint16_t *line;
    uint32_t *expanded; /* 65,536 words, or NULL without C */
};

unsigned insn_pattern(const char *encoding, uint32_t *mask, uint32_t *match)
{
    unsigned count = 0;
    *mask = *match = 0;
    for (const char *c = encoding; *c; c++) {
        if (*c == ' ') {
            continue;
        }
        *mask = *mask << 1 | (*c != '.');
        *match = *match << 1 | (*c == '1');
        count++;
    }
    return count;
}

/* -- compressed
 * --------------------------------------------------------------------- */

static uint32_t enc_r(uint32_t f7, uint32_t rs2, uint32_t rs1, uint32_t f3,
                      uint32_t rd, uint32_t op)
{
    return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op;
}
static uint32_t enc_i(int32_t imm, uint32_t rs1, uint32_t f3, uint32_t rd,
                      uint32_t op)
{
    return (uint32_t)imm << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op;
}
static uint32_t enc_s(int32_t imm, uint32_t rs2, uint32_t rs1, uint32_t f3)
{
    uint32_t u = (uint32_t)imm;
    return bits(u, 11, 5) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 |
           bits(u, 4, 0) << 7 | 0x23;
}
static uint32_t enc_fs(int32_t imm, uint32_t rs2, uint32_t rs1, uint32_t f3)
{
    return enc_s(imm, rs2, rs1, f3) | 0x04; /* 0x27 */
}
static uint32_t enc_b(int32_t imm, uint32_t rs2, uint32_t rs1, uint32_t f3)
{
    uint32_t u = (uint32_t)imm;
    return bits(u, 12, 12) << 31 | bits(u, 10, 5) << 25 | rs2 << 20 |
           rs1 << 15 | f3 << 12 | bits(u, 4, 1) << 8 | bits(u, 11, 11) << 7 |
           0x63;
}
static uint32_t enc_j(int32_t imm, uint32_t rd)
{
    uint32_t u = (uint32_t)imm;
    return bits(u, 20, 20) << 31 | bits(u, 10, 1) << 21 |
           bits(u, 11, 11) << 20 | bits(u, 19, 12) << 12 | rd << 7 | 0x6f;
}
static uint32_t enc_u(int32_t imm, uint32_t rd)
{
    return (uint32_t)imm << 12 | rd << 7 | 0x37;
}

/* The words rvc.def is written in; c is the halfword. */
#define F(hi, lo) bits(c, hi, lo)
#define SX(value, width) ((int32_t)sign_extend((value), (width)))
#define RD F(11, 7)
#define R2 F(6, 2)
#define RS1P (8 + F(9, 7))
#define RS2P (8 + F(4, 2))
#define IMM_CI SX(F(12, 12) << 5 | F(6, 2), 6)
#define IMM_4SPN                                                               \
    ((int32_t)(F(10, 7) << 6 | F(12, 11) << 4 | F(5, 5) << 3 | F(6, 6) << 2))
#define IMM_LW ((int32_t)(F(5, 5) << 6 | F(12, 10) << 3 | F(6, 6) << 2))
#define IMM_LD ((int32_t)(F(6, 5) << 6 | F(12, 10) << 3))
#define IMM_16SP                                                               \
    SX(F(12, 12) << 9 | F(4, 3) << 7 | F(5, 5) << 6 | F(2, 2) << 5 |           \
           F(6, 6) << 4,                                                       \
       10)
#define IMM_CJ                                                                 \
    SX(F(12, 12) << 11 | F(8, 8) << 10 | F(10, 9) << 8 | F(6, 6) << 7 |        \
           F(7, 7) << 6 | F(2, 2) << 5 | F(11, 11) << 4 | F(5, 3) << 1,        \
       12)
#define IMM_CB                                                                 \
    SX(F(12, 12) << 8 | F(6, 5) << 6 | F(2, 2) << 5 | F(11, 10) << 3 |         \
           F(4, 3) << 1,                                                       \
       9)
#define IMM_LWSP ((int32_t)(F(3, 2) << 6 | F(12, 12) << 5 | F(6, 4) << 2))
#define IMM_LDSP ((int32_t)(F(4, 2) << 6 | F(12, 12) << 5 | F(6, 5) << 3))
#define IMM_SWSP ((int32_t)(F(8, 7) << 6 | F(12, 9) << 2))
#define IMM_SDSP ((int32_t)(F(9, 7) << 6 | F(12, 10) << 3))
#define SHAMT ((int32_t)(F(12, 12) << 5 | F(6, 2)))
#define SHAMT_OK (isa->xlen == 64 || !F(12, 12))
#define HAS_F ((isa->extensions & NEED_F) == NEED_F)
#define HAS_D ((isa->extensions & NEED_D) == NEED_D)
#define WIDTH_ANY true
#define WIDTH_32 (isa->xlen == 32)
#define WIDTH_64 (isa->xlen == 64)

static uint32_t expand(uint32_t c, const HartIsa *isa)
{
    uint32_t mask, match;
#define R enc_r
#define I enc_i
#define S enc_s
#define FS enc_fs
#define B enc_b
#define J enc_j
#define U enc_u
#define RVC(name, width, encoding, condition, expansion)                       \
    insn_pattern(encoding, &mask, &match);                                     \
    if ((c & mask) == match && (WIDTH_##width) && (condition)) {               \
        return expansion;                                                      \
    }
#include "cpu/rvc.def"
#undef RVC
#undef R
#undef I
#undef S
#undef FS
#undef B
#undef J
#undef U
    return 0;
}

uint32_t insn_expand(const InsnDecoder *d, uint16_t half)
{
    if (!d->expanded) {
        return 0;
    }
    uint32_t *word = &d->expanded[half];
    if (*word == UINT32_MAX) { /* not asked before */
        *word = expand(half, &d->isa);
    }
    return *word;
}

/* -- 32 bits
 * ---------------------------------------------------------------------------
 */

static unsigned bucket_of(uint32_t word)
{
    return bits(word, 6, 2) << 3 | bits(word, 14, 12);
}

/* Counts each line of `isa` in bucket[b + 1] of every bucket that it fits; when
 * `line` is there, puts it at bucket[b], which moves on. */
static void fill_buckets(InsnDecoder *d)
{
    for (unsigned i = 0; i < INSN_NUM; i++) {
        if (insn_table[i].isa & ~d->isa.extensions) {
            continue;
        }
        unsigned fixed = bucket_of(d->match[i]);
        unsigned any = ~bucket_of(d->mask[i]) & 255, some = any;
        do {
            if (d->line) {
                d->line[d->bucket[fixed | some]++] = (uint16_t)i;
            } else {
                d->bucket[(fixed | some) + 1]++;
            }
            some = (some - 1) & any;
        } while (some != any);
    }
}

InsnDecoder *insn_decoder_new(const HartIsa *isa)
{
    InsnDecoder *d = calloc(1, sizeof(*d));
    if (!d) {
        return NULL;
    }
    d->isa = *isa;
    for (unsigned i = 0; i < INSN_NUM; i++) {
        insn_pattern(insn_table[i].encoding, &d->mask[i], &d->match[i]);
    }
    fill_buckets(d);
    for (unsigned b = 0; b < 256; b++) {
        d->bucket[b + 1] = (uint16_t)(d->bucket[b + 1] + d->bucket[b]);
    }
    d->line = calloc(d->bucket[256], sizeof(*d->line));
    bool compressed = isa->extensions & ISA_C;
    if (compressed) {
        d->expanded = malloc(65536 * sizeof(*d->expanded));
    }
    if (!d->line || (compressed && !d->expanded)) {
        insn_decoder_free(d);
        return NULL;
    }
    fill_buckets(d);
    memmove(d->bucket + 1, d->bucket, 256 * sizeof(*d->bucket));
    d->bucket[0] = 0;
    if (compressed) {
        memset(d->expanded, 0xff, 65536 * sizeof(*d->expanded));
    }
    return d;
}

void insn_decoder_free(InsnDecoder *d)
{
    if (d) {
        free(d->line);
        free(d->expanded);
        free(d);
    }
}

static int64_t immediate(uint32_t w, unsigned operands)
{
    switch (operands) {
    case OPERANDS_I:
    case OPERANDS_FL:
    case OPERANDS_L: return sign_extend(bits(w, 31, 20), 12);
    case OPERANDS_C:
    case OPERANDS_CI: return bits(w, 31, 20);
    case OPERANDS_SH: return bits(w, 25, 20);
    case OPERANDS_SHW: return bits(w, 24, 20);
    case OPERANDS_FR:
    case OPERANDS_FR1:
    case OPERANDS_FR4:
    case OPERANDS_FXR:
    case OPERANDS_XFR: return bits(w, 14, 12);
    case OPERANDS_FST:
    case OPERANDS_S:
        return sign_extend(bits(w, 31, 25) << 5 | bits(w, 11, 7), 12);
    case OPERANDS_B:
        return sign_extend(bits(w, 31, 31) << 12 | bits(w, 7, 7) << 11 |
                               bits(w, 30, 25) << 5 | bits(w, 11, 8) << 1,
                           13);
    case OPERANDS_U: return sign_extend((uint64_t)bits(w, 31, 12) << 12, 32);
    case OPERANDS_J:
        return sign_extend(bits(w, 31, 31) << 20 | bits(w, 19, 12) << 12 |
                               bits(w, 20, 20) << 11 | bits(w, 30, 21) << 1,
                           21);
    default: return 0;
    }
}

Insn insn_decode(const InsnDecoder *d, uint32_t word)
{
    bool compressed = (word & 3) != 3;
    Insn in = {.code = INSN_ILLEGAL, .size = compressed ? 2 : 4, .word = word};
    if (compressed) {
        in.word = word & 0xffff;
        word = insn_expand(d, (uint16_t)word);
        if ((word & 3) != 3) {
            return in;
        }
    }
    unsigned b = bucket_of(word);
    for (unsigned n = d->bucket[b]; n < d->bucket[b + 1]; n++) {
        unsigned i = d->line[n];
        if ((word & d->mask[i]) != d->match[i]) {
            continue;
        }
        unsigned operands = insn_table[i].operands;
        int64_t imm = immediate(word, operands);
        if (operands == OPERANDS_SH && d->isa.xlen == 32 && imm > 31) {
            break; /* RV32 reserves shamt[5] */
        }
        in.code = (uint16_t)i;
        in.rd = (uint8_t)bits(word, 11, 7);
        in.rs1 = (uint8_t)bits(word, 19, 15);
        in.rs2 = (uint8_t)bits(word, 24, 20);
        in.rs3 = (uint8_t)bits(word, 31, 27);
        uint8_t used = operand_use[operands].used;
        in.reads_rs1 = used & RS1_;
        in.reads_rs2 = used & RS2_;
        in.reads_rs3 = used & RS3_;
        in.writes_rd = used & RD_;
        in.f = operand_use[operands].f;
        in.imm = imm;
        break;
    }
    return in;
}

bool insn_ends_block(unsigned code)
{
    if (code >= INSN_NUM) {
        return true;
    }
    switch (insn_table[code].time) {
    case TIME_BRANCH:
    case TIME_JUMP:
    case TIME_CSR:
    case TIME_SYSTEM: return true;
    default: return code == INSN_fence_i;
    }
}
