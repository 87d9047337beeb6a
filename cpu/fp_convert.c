/*
 * fp_convert.c - what does not compute: min, max, comparisons, classes, and
 * conversions between formats and to and from integers.
 *
 * Source   see cpu/fp.h.
 */
#include "cpu/fp_private.h"

static bool either_nan(const FpFormat *f, uint64_t a, uint64_t b,
                       bool quiet_is_invalid, uint8_t *flags)
{
    FpParts p = fp_unpack(f, a), q = fp_unpack(f, b);

    if (!fp_is_nan(&p) && !fp_is_nan(&q)) {
        return false;
    }
    if (quiet_is_invalid || p.kind == KIND_SIGNALING ||
        q.kind == KIND_SIGNALING) {
        *flags |= FP_NV;
    }
    return true;
}

/* Bit patterns of numbers as integers in the same order, -0 below +0. */
static int64_t order_of(const FpFormat *f, uint64_t v)
{
    uint64_t sign = fp_signed(f, true, 0);
    return v & sign ? -(int64_t)(v ^ sign) - 1 : (int64_t)v;
}

static bool less(const FpFormat *f, uint64_t a, uint64_t b)
{
    return order_of(f, a) < order_of(f, b);
}

static bool both_zero(const FpFormat *f, uint64_t a, uint64_t b)
{
    return ((a | b) & ~fp_signed(f, true, 0)) == 0;
}

static uint64_t lesser_or_greater(const FpFormat *f, uint64_t a, uint64_t b,
                                  bool greater, uint8_t *flags)
{
    if (either_nan(f, a, b, false, flags)) {
        FpParts p = fp_unpack(f, a), q = fp_unpack(f, b);
        return !fp_is_nan(&p) ? a : !fp_is_nan(&q) ? b : fp_nan(f);
    }
    return less(f, a, b) != greater ? a : b;
}

static unsigned class_of(const FpFormat *f, uint64_t v)
{
    FpParts p = fp_unpack(f, v);

    switch (p.kind) {
    case KIND_QUIET: return 1u << 9;
    case KIND_SIGNALING: return 1u << 8;
    case KIND_INF: return p.sign ? 1u << 0 : 1u << 7;
    case KIND_ZERO: return p.sign ? 1u << 3 : 1u << 4;
    default: break;
    }
    bool subnormal = p.exp < 1 - f->bias;
    return p.sign ? 1u << (subnormal ? 2 : 1) : 1u << (subnormal ? 5 : 6);
}

/* To an integer whose largest magnitudes are these. */
static uint64_t to_integer(const FpFormat *f, uint64_t v, uint64_t most,
                           uint64_t most_negative, unsigned rm, uint8_t *flags)
{
    FpParts p = fp_unpack(f, v);
    uint64_t kept = 0, rest = 0; /* half of the last place: 2^63 */
    uint64_t limit = p.sign ? most_negative : most;
    bool fits = true;

    if (fp_is_nan(&p)) {
        *flags |= FP_NV;
        return most;
    }
    if (p.kind == KIND_ZERO) {
        return 0;
    }
    if (p.kind == KIND_INF || p.exp > 63) {
        fits = false;
    } else if (p.exp >= 0) {
        kept = p.sig >> (63 - p.exp);
        rest = p.exp == 63 ? 0 : p.sig << (p.exp + 1);
    } else {
        rest = p.exp == -1 ? p.sig : 1;
    }
    kept += fp_rounds_up(rm, p.sign, kept & 1, rest, UINT64_C(1) << 63);
    if (!fits || kept > limit) {
        *flags |= FP_NV;
        kept = limit;
    } else if (rest) {
        *flags |= FP_NX;
    }
    return p.sign ? 0 - kept : kept;
}

static uint64_t from_integer(const FpFormat *f, bool sign, uint64_t magnitude,
                             unsigned rm, uint8_t *flags)
{
    if (!magnitude) {
        return 0;
    }
    int n = __builtin_clzll(magnitude);
    return fp_round(f, sign, 63 - n, magnitude << n, rm, flags);
}

static uint64_t from_signed(const FpFormat *f, int64_t v, unsigned rm,
                            uint8_t *flags)
{
    return from_integer(f, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, rm,
                        flags);
}

static uint64_t convert(const FpFormat *to, const FpFormat *from, uint64_t v,
                        unsigned rm, uint8_t *flags)
{
    FpParts p = fp_unpack(from, v);

    switch (p.kind) {
    case KIND_FINITE: return fp_round(to, p.sign, p.exp, p.sig, rm, flags);
    case KIND_ZERO: return fp_signed(to, p.sign, 0);
    case KIND_INF: return fp_signed(to, p.sign, fp_inf(to));
    case KIND_SIGNALING: return fp_invalid(to, flags);
    default: return fp_nan(to);
    }
}

#define FP_DEFINE(T, fp, soft)                                                 \
    T fp##_min##soft(T a, T b, uint8_t *flags)                                 \
    {                                                                          \
        return (T)lesser_or_greater(&fp##_format, a, b, false, flags);         \
    }                                                                          \
    T fp##_max##soft(T a, T b, uint8_t *flags)                                 \
    {                                                                          \
        return (T)lesser_or_greater(&fp##_format, a, b, true, flags);          \
    }                                                                          \
    bool fp##_eq##soft(T a, T b, uint8_t *flags)                               \
    {                                                                          \
        return !either_nan(&fp##_format, a, b, false, flags) &&                \
               (a == b || both_zero(&fp##_format, a, b));                      \
    }                                                                          \
    bool fp##_lt##soft(T a, T b, uint8_t *flags)                               \
    {                                                                          \
        return !either_nan(&fp##_format, a, b, true, flags) &&                 \
               less(&fp##_format, a, b) && !both_zero(&fp##_format, a, b);     \
    }                                                                          \
    bool fp##_le##soft(T a, T b, uint8_t *flags)                               \
    {                                                                          \
        return !either_nan(&fp##_format, a, b, true, flags) &&                 \
               (!less(&fp##_format, b, a) || both_zero(&fp##_format, a, b));   \
    }                                                                          \
    unsigned fp##_class(T a)                                                   \
    {                                                                          \
        return class_of(&fp##_format, a);                                      \
    }                                                                          \
    uint32_t fp##_to_i32##soft(T a, unsigned rm, uint8_t *flags)               \
    {                                                                          \
        return (uint32_t)to_integer(&fp##_format, a, INT32_MAX,                \
                                    UINT64_C(1) << 31, rm, flags);             \
    }                                                                          \
    uint32_t fp##_to_u32##soft(T a, unsigned rm, uint8_t *flags)               \
    {                                                                          \
        return (uint32_t)to_integer(&fp##_format, a, UINT32_MAX, 0, rm,        \
                                    flags);                                    \
    }                                                                          \
    uint64_t fp##_to_i64##soft(T a, unsigned rm, uint8_t *flags)               \
    {                                                                          \
        return to_integer(&fp##_format, a, INT64_MAX, UINT64_C(1) << 63, rm,   \
                          flags);                                              \
    }                                                                          \
    uint64_t fp##_to_u64(T a, unsigned rm, uint8_t *flags)                     \
    {                                                                          \
        return to_integer(&fp##_format, a, UINT64_MAX, 0, rm, flags);          \
    }                                                                          \
    T fp##_from_i32##soft(uint32_t v, unsigned rm, uint8_t *flags)             \
    {                                                                          \
        return (T)from_signed(&fp##_format, (int32_t)v, rm, flags);            \
    }                                                                          \
    T fp##_from_u32##soft(uint32_t v, unsigned rm, uint8_t *flags)             \
    {                                                                          \
        return (T)from_integer(&fp##_format, false, v, rm, flags);             \
    }                                                                          \
    T fp##_from_i64##soft(uint64_t v, unsigned rm, uint8_t *flags)             \
    {                                                                          \
        return (T)from_signed(&fp##_format, (int64_t)v, rm, flags);            \
    }                                                                          \
    T fp##_from_u64(uint64_t v, unsigned rm, uint8_t *flags)                   \
    {                                                                          \
        return (T)from_integer(&fp##_format, false, v, rm, flags);             \
    }
FP_DEFINE(uint16_t, fp16, )
FP_DEFINE(uint32_t, fp32, _soft)
FP_DEFINE(uint64_t, fp64, _soft)

uint16_t fp32_to_fp16(uint32_t a, unsigned rm, uint8_t *flags)
{
    return (uint16_t)convert(&fp16_format, &fp32_format, a, rm, flags);
}
uint16_t fp64_to_fp16(uint64_t a, unsigned rm, uint8_t *flags)
{
    return (uint16_t)convert(&fp16_format, &fp64_format, a, rm, flags);
}
uint32_t fp64_to_fp32_soft(uint64_t a, unsigned rm, uint8_t *flags)
{
    return (uint32_t)convert(&fp32_format, &fp64_format, a, rm, flags);
}
uint32_t fp16_to_fp32(uint16_t a, uint8_t *flags)
{
    return (uint32_t)convert(&fp32_format, &fp16_format, a, FP_RNE, flags);
}
uint64_t fp16_to_fp64(uint16_t a, uint8_t *flags)
{
    return convert(&fp64_format, &fp16_format, a, FP_RNE, flags);
}
uint64_t fp32_to_fp64_soft(uint32_t a, uint8_t *flags)
{
    return convert(&fp64_format, &fp32_format, a, FP_RNE, flags);
}
