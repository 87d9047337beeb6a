/*
 * fp.c - every F and D instruction in every rounding mode, as hashes.
 *
 * Model    Per instruction and mode, ROUNDS operand triples: pairs of special
 *          values first, then values of a pseudo-random generator that likes
 *          close exponents, cancellation, subnormals and halfway cases. Results
 *          (all 64 bits of the f register) and flags are hashed and printed:
 *          two simulators that print the same computed the same. In the mode
 *          `sticky` (rounding to nearest) NX is set beforehand and the flags
 *          are looked at after every 16th instruction only.
 *          Compiled for the build machine it computes with cpu/fp.h instead,
 *          and prints what a hart of that width must print.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODES = 5, STICKY = MODES };

#ifdef __riscv
#include "plat.h"
#define XLEN __riscv_xlen
#else
#include <stdio.h>

#include "cpu/fp.h"
#endif

/* -- operands ---------------------------------------------------------------
 */

typedef struct Operands {
    uint64_t v[3], result;
} Operands;

static const uint64_t special_d[] = {
    0x0000000000000000, 0x8000000000000000, 0x0000000000000001,
    0x800fffffffffffff, 0x0010000000000000, 0x8010000000000001,
    0x3ff0000000000000, 0xbff0000000000000, 0x3fefffffffffffff,
    0x3fe0000000000000, 0xbfe0000000000001, 0x3ff8000000000000,
    0x41dfffffffc00000, 0xc1e0000000200000, 0x41efffffffefffff,
    0x43dfffffffffffff, 0xc3e0000000000000, 0x43f0000000000000,
    0x7fefffffffffffff, 0xffe0000000000000, 0x7ff0000000000000,
    0xfff0000000000000, 0x7ff8000000000000, 0x7ff0000000000001,
    0x380fffffffffffff, 0xb6a0000000000001, 0x47efffffefffffff,
    0x47effffff0000000,
};
#define BOXED(v) (UINT64_C(0xffffffff00000000) | (v))
static const uint64_t special_s[] = {
    BOXED(0x00000000),  BOXED(0x80000000), BOXED(0x00000001), BOXED(0x807fffff),
    BOXED(0x00800000),  BOXED(0x80800001), BOXED(0x3f800000), BOXED(0xbf800000),
    BOXED(0x3f7fffff),  BOXED(0x3f000000), BOXED(0xbf000001), BOXED(0x3fc00000),
    BOXED(0x4effffff),  BOXED(0xcf000000), BOXED(0x4f7fffff), BOXED(0x5effffff),
    BOXED(0xdf000000),  BOXED(0x5f800000), BOXED(0x7f7fffff), BOXED(0xff000000),
    BOXED(0x7f800000),  BOXED(0xff800000), BOXED(0x7fc00000), BOXED(0x7f800001),
    0x000000003f800000,
};
enum {
    SPECIALS_D = sizeof special_d / sizeof *special_d,
    SPECIALS_S = sizeof special_s / sizeof *special_s
};

static uint32_t state;

static uint32_t random_32(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

/* A number of the format with `frac` bits of fraction below exponents up to
 * `top`; the one before it is `near`. */
static uint64_t random_number(unsigned frac, uint32_t top, uint64_t near)
{
    const uint64_t one = 1;
    const uint32_t r = random_32();
    const unsigned place = (r >> 8 & 63) % frac;
    uint64_t v =
        ((uint64_t)random_32() << 32 | random_32()) & ((one << frac) - 1);
    uint32_t exponent = random_32() & top;

    switch (r & 15) {
    case 0:
    case 1: break; /* anything */
    case 2: exponent &= 3; break;
    case 3: exponent = top - 1 - (exponent & 3); break;
    case 4:
        exponent = top / 2 + frac - 2 + (exponent & 3);
        break; /* near whole */
    case 5:
    case 6: v &= ~UINT64_C(0) << place; break; /* short */
    case 7: v |= (one << place) - 1; break;    /* a run of ones */
    case 8: v = one << place; break;
    case 9: return near ^ (one << (r >> 16 & 7));
    case 10: return near ^ (one << place);
    case 11: /* the opposite, nearly */
        return (near ^ (one << frac) * (top + 1)) + (r >> 14 & 3);
    case 12: /* as long a way off as the fraction */
        exponent = ((uint32_t)(near >> frac) + frac + (exponent & 3)) & top;
        break;
    default: exponent = top / 2 - 4 + (exponent & 7); break;
    }
    if ((r & 15) >= 5 && (r & 15) <= 8) {
        exponent = top / 2 - 8 + (exponent & 15);
    }
    v |= (uint64_t)exponent << frac;
    return r >> 31 ? v | (one << frac) * (top + 1) : v;
}

static void next_operands(Operands *o, uint32_t round, bool is_double)
{
    const uint64_t *special = is_double ? special_d : special_s;
    const uint32_t specials = is_double ? SPECIALS_D : SPECIALS_S;
    uint64_t near = o->v[2];

    for (unsigned i = 0; i < 3; i++) {
        near = is_double ? random_number(52, 0x7ff, near)
                         : BOXED(random_number(23, 0xff, near & 0xffffffff));
        o->v[i] = near;
    }
    if (round < specials * specials) {
        o->v[0] = special[round / specials];
        o->v[1] = special[round % specials];
        o->v[2] = special[random_32() % specials];
    } else if (random_32() % 32 == 0) {
        o->v[random_32() % 3] = special[random_32() % specials];
    }
}

/* -- instructions ------------------------------------------------------------
 */

#ifdef __riscv
#if XLEN == 64
#define LOADX "ld"
#define STOREX "sd"
#else
#define LOADX "lw"
#define STOREX "sw"
#endif
#define STORE_F "fsd fa0, 24(a1)"
#define STORE_X STOREX " a0, 24(a1)"
#define FP_OP(name, out, assembler, value)                                     \
    static void do_##name(Operands *o)                                         \
    {                                                                          \
        register Operands *at __asm__("a1") = o;                               \
        __asm__ volatile(                                                      \
            "fld fa0, 0(a1); fld fa1, 8(a1); fld fa2, 16(a1);" LOADX           \
            " a0, 0(a1);" assembler ";" STORE_##out ::"r"(at)                  \
            : "a0", "fa0", "fa1", "fa2", "memory");                            \
    }
#if XLEN == 64
#define FP_OP64 FP_OP
#else
#define FP_OP64(...)
#endif
#else
static inline uint32_t unboxed(uint64_t v)
{
    return v >> 32 == 0xffffffff ? (uint32_t)v : FP32_NAN;
}
#define D0 (o->v[0])
#define D1 (o->v[1])
#define D2 (o->v[2])
#define S0 unboxed(D0)
#define S1 unboxed(D1)
#define S2 unboxed(D2)
#define BOX(v) BOXED((uint64_t)(v))
#define SEXT(v) ((uint64_t)(int64_t)(int32_t)(v))
#define FP_OP(name, out, assembler, value)                                     \
    static void do_##name(Operands *o, unsigned rm, uint8_t *flags)            \
    {                                                                          \
        o->result = (value);                                                   \
    }
#define FP_OP64 FP_OP
#endif
#include "fp_ops.def"
#undef FP_OP
#undef FP_OP64

static const struct {
    const char *name;
#ifdef __riscv
    void (*run)(Operands *o);
#else
    void (*run)(Operands *o, unsigned rm, uint8_t *flags);
#endif
    bool is_x, only_64;
} ops[] = {
#define RESULT_F false
#define RESULT_X true
#define FP_OP(name, out, assembler, value)                                     \
    {#name, do_##name, RESULT_##out, false},
#if !defined(__riscv) || XLEN == 64
#define FP_OP64(name, out, assembler, value)                                   \
    {#name, do_##name, RESULT_##out, true},
#else
#define FP_OP64(...)
#endif
#include "fp_ops.def"
};
enum { OPS = sizeof ops / sizeof *ops };

static uint32_t mix(uint32_t hash, uint32_t v)
{
    return (hash ^ v) * 16777619 ^ hash >> 15;
}

static uint32_t hash_of(unsigned op, unsigned mode, uint32_t rounds)
{
    const char *name = ops[op].name;
    char last = 0; /* of the name: s when operands are singles */
    uint32_t hash = 2166136261;
    Operands o = {{0}, 0};
#ifndef __riscv
    uint8_t flags = 0;
#endif

    state = 2463534242 + mode;
    for (unsigned i = 0; name[i]; i++) {
        last = name[i];
        state = state * 31 + (uint32_t)last;
    }
    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t raised = 0;

        next_operands(&o, i, last != 's');
#ifdef __riscv
        if (mode == STICKY && i % 16 == 0) {
            __asm__ volatile("csrwi fflags, 1");
        }
        ops[op].run(&o);
        if (mode != STICKY || i % 16 == 15) {
            __asm__ volatile("csrrw %0, fflags, x0" : "=r"(raised));
        }
        if (ops[op].is_x && XLEN == 32) {
            o.result = (uint64_t)(int64_t)(int32_t)(uint32_t)o.result;
        }
#else
        if (mode == STICKY && i % 16 == 0) {
            flags = 1;
        }
        ops[op].run(&o, mode % MODES, &flags);
        if (mode != STICKY || i % 16 == 15) {
            raised = flags;
            flags = 0;
        }
#endif
        hash = mix(hash, (uint32_t)o.result);
        hash = mix(hash, (uint32_t)(o.result >> 32));
        hash = mix(hash, raised);
    }
    return hash;
}

static const char *const mode_name[] = {"rne", "rtz", "rdn",
                                        "rup", "rmm", "sticky"};

#ifdef __riscv
int main(void)
{
    trap_enable();
    __asm__ volatile("csrs mstatus, %0" ::"r"(0x6000));
    for (unsigned op = 0; op < OPS; op++) {
        put_text(ops[op].name);
        for (unsigned mode = 0; mode <= STICKY; mode++) {
            __asm__ volatile("csrw fcsr, %0" ::"r"(mode % MODES << 5));
            put_char(' ');
            put_text(mode_name[mode]);
            put_char(' ');
            put_hex(hash_of(op, mode, ROUNDS), 8);
        }
        put_char('\n');
    }
    put_text("fp: done\n");
    return 0;
}
#else
#include <stdlib.h>

int main(int argc, char **argv)
{
    const bool is_64 = argc > 1 && atoi(argv[1]) == 64;
    const uint32_t rounds = argc > 2 ? (uint32_t)atol(argv[2]) : 1000;

    for (unsigned op = 0; op < OPS; op++) {
        if (ops[op].only_64 && !is_64) {
            continue;
        }
        printf("%s", ops[op].name);
        for (unsigned mode = 0; mode <= STICKY; mode++) {
            printf(" %s %08x", mode_name[mode], hash_of(op, mode, rounds));
        }
        printf("\n");
    }
    printf("fp: done\n");
    return 0;
}
#endif
