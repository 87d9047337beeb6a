/*
 * fp_private.h - numbers taken apart, and rounding: what fp.c and fp_convert.c
 * share. One code serves all formats; a format is three numbers.
 */
#ifndef CPU_FP_PRIVATE_H
#define CPU_FP_PRIVATE_H

#include "cpu/fp.h"

typedef struct FpFormat {
    unsigned bits; /* of a number */
    unsigned frac; /* of its fraction */
    int bias;      /* of its exponent */
} FpFormat;

static const FpFormat fp16_format = {16, 10, 15};
static const FpFormat fp32_format = {32, 23, 127};
static const FpFormat fp64_format = {64, 52, 1023};

typedef enum FpKind {
    KIND_ZERO,
    KIND_FINITE, /* and not zero */
    KIND_INF,
    KIND_QUIET, /* NaN */
    KIND_SIGNALING
} FpKind;

/* A finite number is sig * 2^(exp - 63); bit 63 of sig is set. */
typedef struct FpParts {
    FpKind kind;
    bool sign;
    int exp;
    uint64_t sig;
} FpParts;

static inline uint64_t fp_inf(const FpFormat *f)
{
    return (uint64_t)(2 * f->bias + 1) << f->frac;
}
static inline uint64_t fp_nan(const FpFormat *f)
{
    return fp_inf(f) | UINT64_C(1) << (f->frac - 1);
}
static inline uint64_t fp_signed(const FpFormat *f, bool sign, uint64_t bits)
{
    return (uint64_t)sign << (f->bits - 1) | bits;
}
static inline uint64_t fp_invalid(const FpFormat *f, uint8_t *flags)
{
    *flags |= FP_NV;
    return fp_nan(f);
}
static inline bool fp_is_nan(const FpParts *p)
{
    return p->kind >= KIND_QUIET;
}

static inline FpParts fp_unpack(const FpFormat *f, uint64_t v)
{
    uint64_t frac = v & ((UINT64_C(1) << f->frac) - 1);
    unsigned exp_max = 2u * (unsigned)f->bias + 1;
    unsigned exp = (unsigned)(v >> f->frac) & exp_max;
    FpParts p = {KIND_FINITE, v >> (f->bits - 1) & 1, 0, 0};

    if (exp == exp_max) {
        p.kind = !frac                       ? KIND_INF
                 : frac >> (f->frac - 1) & 1 ? KIND_QUIET
                                             : KIND_SIGNALING;
    } else if (exp) {
        p.sig = (UINT64_C(1) << f->frac | frac) << (63 - f->frac);
        p.exp = (int)exp - f->bias;
    } else if (frac) {
        int n = __builtin_clzll(frac);
        p.sig = frac << n;
        p.exp = 64 - f->bias - (int)f->frac - n;
    } else {
        p.kind = KIND_ZERO;
    }
    return p;
}

/* Is a magnitude rounded up, away from zero? `rest` is what was cut off, in a
 * unit in which one half of the last place is `half`. */
static inline bool fp_rounds_up(unsigned rm, bool sign, bool odd, uint64_t rest,
                                uint64_t half)
{
    switch (rm) {
    case FP_RNE: return rest > half || (rest == half && odd);
    case FP_RTZ: return false;
    case FP_RDN: return sign && rest;
    case FP_RUP: return !sign && rest;
    default: return rest >= half;
    }
}

/* The number sig * 2^(exp - 63), bit 63 of sig set, rounded to the format. What
 * lies below bit 0 of sig must have been ORed into it. */
static inline uint64_t fp_round(const FpFormat *f, bool sign, int exp,
                                uint64_t sig, unsigned rm, uint8_t *flags)
{
    unsigned cut = 63 - f->frac;
    uint64_t half = UINT64_C(1) << (cut - 1), mask = 2 * half - 1;
    uint64_t kept = sig >> cut, rest = sig & mask;
    bool up = fp_rounds_up(rm, sign, kept & 1, rest, half);
    int biased = exp + f->bias;
    uint64_t bits;

    if (biased > 2 * f->bias) {
        bits = fp_inf(f);
    } else if (biased > 0) {
        /* The leading one adds 1 to the exponent, and so does a carry. */
        bits = ((uint64_t)(biased - 1) << f->frac) + kept + up;
    } else {
        bool least = biased == 0 && kept + up == UINT64_C(2) << f->frac;
        unsigned n = 1u - (unsigned)biased;
        sig = n > 63 ? 1 : sig >> n | (sig << (64 - n) != 0);
        kept = sig >> cut;
        rest = sig & mask;
        bits = kept + fp_rounds_up(rm, sign, kept & 1, rest, half);
        if (rest && !least) {
            *flags |= FP_UF;
        }
    }
    if (rest) {
        *flags |= FP_NX;
    }
    if (bits >= fp_inf(f)) {
        bool to_inf =
            rm == FP_RNE || rm == FP_RMM || rm == (sign ? FP_RDN : FP_RUP);
        *flags |= FP_OF | FP_NX;
        bits = fp_inf(f) - !to_inf;
    }
    return fp_signed(f, sign, bits);
}

#endif
