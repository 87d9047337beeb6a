/*
 * fp.c - IEEE 754 arithmetic in integers: add, sub, mul, div, sqrt, fma.
 *
 * Model    Numbers are taken apart into sign, exponent and a 64-bit significand
 *          with its leading one on top, computed with exactly (or with all that
 *          was cut off ORed into the last bit), and rounded once by fp_round().
 * Source   IEEE 754-2008; see cpu/fp.h.
 */
#include "cpu/fp_private.h"

__extension__ typedef unsigned __int128 FpWide;

/* sig * 2^(exp - 126); bit 126 of sig is set, and its last 20 bits are 0. */
typedef struct FpTerm {
    bool sign;
    int exp;
    FpWide sig;
} FpTerm;

/* The upper half, with the rest ORed into its last bit. */
static uint64_t upper_jammed(FpWide v)
{
    return (uint64_t)(v >> 64) | ((uint64_t)v != 0);
}

static FpWide shift_jammed(FpWide v, unsigned n)
{
    if (n == 0) {
        return v;
    }
    return n > 127 ? v != 0 : v >> n | (v << (128 - n) != 0);
}

static int leading_zeros(FpWide v)
{
    uint64_t high = (uint64_t)(v >> 64);
    return high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)v);
}

static FpTerm term_of(FpParts p)
{
    return (FpTerm){p.sign, p.exp, (FpWide)p.sig << 63};
}

static FpTerm product(FpParts a, FpParts b)
{
    FpTerm t = {a.sign != b.sign, a.exp + b.exp, (FpWide)a.sig * b.sig};
    if (t.sig >> 127) {
        t.sig >>= 1;
        t.exp++;
    }
    return t;
}

static uint64_t round_term(const FpFormat *f, FpTerm t, unsigned rm,
                           uint8_t *flags)
{
    return fp_round(f, t.sign, t.exp, upper_jammed(t.sig << 1), rm, flags);
}

/* What is cut off the smaller term lies 20 places below its last digit at
 * least, where the difference cancels one bit at most. */
static uint64_t sum(const FpFormat *f, FpTerm a, FpTerm b, unsigned rm,
                    uint8_t *flags)
{
    if (a.exp < b.exp || (a.exp == b.exp && a.sig < b.sig)) {
        FpTerm t = a;
        a = b;
        b = t;
    }
    b.sig = shift_jammed(b.sig, (unsigned)(a.exp - b.exp));
    FpWide sig = a.sign == b.sign ? a.sig + b.sig : a.sig - b.sig;
    if (!sig) {
        return fp_signed(f, rm == FP_RDN, 0);
    }
    int n = leading_zeros(sig);
    return fp_round(f, a.sign, a.exp + 1 - n, upper_jammed(sig << n), rm,
                    flags);
}

/* Some operand is a NaN. */
static uint64_t nan_of(const FpFormat *f, FpParts a, FpParts b, uint8_t *flags)
{
    if (a.kind == KIND_SIGNALING || b.kind == KIND_SIGNALING) {
        *flags |= FP_NV;
    }
    return fp_nan(f);
}

static uint64_t zero_sum(const FpFormat *f, bool a, bool b, unsigned rm)
{
    return fp_signed(f, a == b ? a : rm == FP_RDN, 0);
}

static uint64_t add(const FpFormat *f, uint64_t av, uint64_t bv, unsigned rm,
                    uint8_t *flags)
{
    FpParts a = fp_unpack(f, av), b = fp_unpack(f, bv);

    if (a.kind == KIND_FINITE && b.kind == KIND_FINITE) {
        return sum(f, term_of(a), term_of(b), rm, flags);
    }
    if (fp_is_nan(&a) || fp_is_nan(&b)) {
        return nan_of(f, a, b, flags);
    }
    if (a.kind == KIND_INF) {
        return b.kind == KIND_INF && a.sign != b.sign ? fp_invalid(f, flags)
                                                      : av;
    }
    if (b.kind == KIND_ZERO) {
        return a.kind == KIND_ZERO ? zero_sum(f, a.sign, b.sign, rm) : av;
    }
    return bv;
}

static uint64_t mul(const FpFormat *f, uint64_t av, uint64_t bv, unsigned rm,
                    uint8_t *flags)
{
    FpParts a = fp_unpack(f, av), b = fp_unpack(f, bv);

    if (a.kind == KIND_FINITE && b.kind == KIND_FINITE) {
        return round_term(f, product(a, b), rm, flags);
    }
    if (fp_is_nan(&a) || fp_is_nan(&b)) {
        return nan_of(f, a, b, flags);
    }
    if (a.kind == KIND_INF || b.kind == KIND_INF) {
        return a.kind == KIND_ZERO || b.kind == KIND_ZERO
                   ? fp_invalid(f, flags)
                   : fp_signed(f, a.sign != b.sign, fp_inf(f));
    }
    return fp_signed(f, a.sign != b.sign, 0);
}

static uint64_t divide(const FpFormat *f, uint64_t av, uint64_t bv, unsigned rm,
                       uint8_t *flags)
{
    FpParts a = fp_unpack(f, av), b = fp_unpack(f, bv);
    bool sign = a.sign != b.sign;

    if (a.kind == KIND_FINITE && b.kind == KIND_FINITE) {
        bool less = a.sig < b.sig;
        FpWide n = (FpWide)a.sig << (less ? 64 : 63);
        uint64_t q = (uint64_t)(n / b.sig);
        bool exact = (FpWide)q * b.sig == n;
        return fp_round(f, sign, a.exp - b.exp - less, q | !exact, rm, flags);
    }
    if (fp_is_nan(&a) || fp_is_nan(&b)) {
        return nan_of(f, a, b, flags);
    }
    if (a.kind == b.kind) { /* 0 / 0, inf / inf */
        return fp_invalid(f, flags);
    }
    if (a.kind == KIND_INF || b.kind == KIND_ZERO) {
        if (a.kind != KIND_INF) {
            *flags |= FP_DZ;
        }
        return fp_signed(f, sign, fp_inf(f));
    }
    return fp_signed(f, sign, 0);
}

/* The square root rounded down, digit by digit; n >= 2^126. */
static uint64_t root(FpWide n)
{
    uint64_t r = 0;
    for (unsigned bit = 64; bit-- > 0;) {
        uint64_t more = r | UINT64_C(1) << bit;
        if ((FpWide)more * more <= n) {
            r = more;
        }
    }
    return r;
}

static uint64_t square_root(const FpFormat *f, uint64_t av, unsigned rm,
                            uint8_t *flags)
{
    FpParts a = fp_unpack(f, av);

    if (fp_is_nan(&a)) {
        return nan_of(f, a, a, flags);
    }
    if (a.kind == KIND_ZERO) {
        return av;
    }
    if (a.sign) {
        return fp_invalid(f, flags);
    }
    if (a.kind == KIND_INF) {
        return av;
    }
    bool odd = a.exp & 1;
    FpWide n = (FpWide)a.sig << (odd ? 64 : 63);
    uint64_t r = root(n);
    bool exact = (FpWide)r * r == n;
    return fp_round(f, false, (a.exp - odd) / 2, r | !exact, rm, flags);
}

static uint64_t fma_of(const FpFormat *f, uint64_t av, uint64_t bv, uint64_t cv,
                       unsigned rm, uint8_t *flags)
{
    FpParts a = fp_unpack(f, av), b = fp_unpack(f, bv), c = fp_unpack(f, cv);
    bool sign = a.sign != b.sign;

    if (a.kind == KIND_FINITE && b.kind == KIND_FINITE) {
        if (c.kind == KIND_FINITE) {
            return sum(f, product(a, b), term_of(c), rm, flags);
        }
        if (c.kind == KIND_ZERO) {
            return round_term(f, product(a, b), rm, flags);
        }
    }
    /* inf * 0 is invalid even if c is a quiet NaN. */
    if ((a.kind == KIND_INF && b.kind == KIND_ZERO) ||
        (a.kind == KIND_ZERO && b.kind == KIND_INF)) {
        return fp_invalid(f, flags);
    }
    if (fp_is_nan(&a) || fp_is_nan(&b) || fp_is_nan(&c)) {
        nan_of(f, a, b, flags);
        return nan_of(f, c, c, flags);
    }
    if (a.kind == KIND_INF || b.kind == KIND_INF) {
        return c.kind == KIND_INF && c.sign != sign
                   ? fp_invalid(f, flags)
                   : fp_signed(f, sign, fp_inf(f));
    }
    /* c is infinite, or the product is 0. */
    return c.kind == KIND_ZERO ? zero_sum(f, sign, c.sign, rm) : cv;
}

#define FP_DEFINE(T, fp, soft)                                                 \
    T fp##_add##soft(T a, T b, unsigned rm, uint8_t *flags)                    \
    {                                                                          \
        return (T)add(&fp##_format, a, b, rm, flags);                          \
    }                                                                          \
    T fp##_sub##soft(T a, T b, unsigned rm, uint8_t *flags)                    \
    {                                                                          \
        T minus = (T)(b ^ fp_signed(&fp##_format, true, 0));                   \
        return (T)add(&fp##_format, a, minus, rm, flags);                      \
    }                                                                          \
    T fp##_mul##soft(T a, T b, unsigned rm, uint8_t *flags)                    \
    {                                                                          \
        return (T)mul(&fp##_format, a, b, rm, flags);                          \
    }                                                                          \
    T fp##_div##soft(T a, T b, unsigned rm, uint8_t *flags)                    \
    {                                                                          \
        return (T)divide(&fp##_format, a, b, rm, flags);                       \
    }                                                                          \
    T fp##_sqrt##soft(T a, unsigned rm, uint8_t *flags)                        \
    {                                                                          \
        return (T)square_root(&fp##_format, a, rm, flags);                     \
    }                                                                          \
    T fp##_fma##soft(T a, T b, T c, unsigned rm, uint8_t *flags)               \
    {                                                                          \
        return (T)fma_of(&fp##_format, a, b, c, rm, flags);                    \
    }
FP_DEFINE(uint16_t, fp16, )
FP_DEFINE(uint32_t, fp32, _soft)
FP_DEFINE(uint64_t, fp64, _soft)

#if FP_HOST && defined(__x86_64__)
__attribute__((target("fma"))) static double host_fma(double a, double b,
                                                      double c)
{
    return __builtin_fma(a, b, c);
}
static bool host_has_fma(void)
{
    return __builtin_cpu_supports("fma");
}
#elif FP_HOST && defined(__FP_FAST_FMA)
static double host_fma(double a, double b, double c)
{
    return __builtin_fma(a, b, c);
}
static bool host_has_fma(void)
{
    return true;
}
#else
static double host_fma(double a, double b, double c)
{
    return 0;
}
static bool host_has_fma(void)
{
    return false;
}
#endif

uint64_t fp64_fma(uint64_t a, uint64_t b, uint64_t c, unsigned rm,
                  uint8_t *flags)
{
    if (fp_host_may(rm, *flags) && host_has_fma()) {
        uint64_t r =
            fp64_bits(host_fma(fp64_host(a), fp64_host(b), fp64_host(c)));
        if (fp64_within(r, 2u)) {
            return r;
        }
    }
    return fp64_fma_soft(a, b, c, rm, flags);
}
