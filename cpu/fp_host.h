/*
 * fp_host.h - the entries of cpu/fp.h that ask the host's FPU first.
 *
 * Its answer is taken when it is the same by proof: rounding to nearest even,
 * NX already set (the host's flags are never read), a finite result, and for
 * what can underflow one above the least normal number. Comparisons and
 * conversions that cannot raise anything but NX need less. All else goes to the
 * integer code. The host must be in its default state: nothing in this program
 * changes rounding or flushes to zero.
 */
#ifndef CPU_FP_HOST_H
#define CPU_FP_HOST_H

#include <float.h>

#include "cpu/fp.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#if FLT_EVAL_METHOD == 0 && !defined(__FAST_MATH__)
#define FP_HOST 1
#else
#define FP_HOST 0
#endif

static inline bool fp_host_may(unsigned rm, uint8_t flags)
{
    return __builtin_expect(FP_HOST && rm == FP_RNE && (flags & FP_NX), 1);
}

static inline float fp32_host(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}
static inline uint32_t fp32_bits(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}
static inline double fp64_host(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}
static inline uint64_t fp64_bits(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

/* Is the biased exponent in [lowest, that of infinity)? */
static inline bool fp32_within(uint32_t bits, unsigned lowest)
{
    return __builtin_expect((bits >> 23 & 0xff) - lowest < 0xff - lowest, 1);
}
static inline bool fp64_within(uint64_t bits, unsigned lowest)
{
    return __builtin_expect((bits >> 52 & 0x7ff) - lowest < 0x7ff - lowest, 1);
}

/* A finite sum had finite operands, and is never both subnormal and inexact:
 * any exponent will do. A product or quotient that is no subnormal and not the
 * least normal number was not tiny. */
#define FP_HOST_OP(T, f, name, op, lowest)                                     \
    static inline T f##_##name(T a, T b, unsigned rm, uint8_t *flags)          \
    {                                                                          \
        if (fp_host_may(rm, *flags)) {                                         \
            T r = f##_bits(f##_host(a) op f##_host(b));                        \
            if (f##_within(r, lowest)) {                                       \
                return r;                                                      \
            }                                                                  \
        }                                                                      \
        return f##_##name##_soft(a, b, rm, flags);                             \
    }
FP_HOST_OP(uint32_t, fp32, add, +, 0u)
FP_HOST_OP(uint32_t, fp32, sub, -, 0u)
FP_HOST_OP(uint32_t, fp32, mul, *, 2u)
FP_HOST_OP(uint32_t, fp32, div, /, 2u)
FP_HOST_OP(uint64_t, fp64, add, +, 0u)
FP_HOST_OP(uint64_t, fp64, sub, -, 0u)
FP_HOST_OP(uint64_t, fp64, mul, *, 2u)
FP_HOST_OP(uint64_t, fp64, div, /, 2u)
#undef FP_HOST_OP

/* By instruction: sqrt() of the C library sets errno. The root of a positive
 * finite number is a normal number. */
static inline uint32_t fp32_sqrt(uint32_t a, unsigned rm, uint8_t *flags)
{
#ifdef __SSE2__
    if (fp_host_may(rm, *flags)) {
        uint32_t r =
            fp32_bits(_mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(fp32_host(a)))));
        if (fp32_within(r, 1u)) {
            return r;
        }
    }
#endif
    return fp32_sqrt_soft(a, rm, flags);
}
static inline uint64_t fp64_sqrt(uint64_t a, unsigned rm, uint8_t *flags)
{
#ifdef __SSE2__
    if (fp_host_may(rm, *flags)) {
        __m128d v = _mm_set_sd(fp64_host(a));
        uint64_t r = fp64_bits(_mm_cvtsd_f64(_mm_sqrt_sd(v, v)));
        if (fp64_within(r, 1u)) {
            return r;
        }
    }
#endif
    return fp64_sqrt_soft(a, rm, flags);
}

/* By the host's instruction, if it has one. */
uint64_t fp64_fma(uint64_t a, uint64_t b, uint64_t c, unsigned rm,
                  uint8_t *flags);

/* The product of two singles is exact as a double. Their sum with c is rounded
 * to odd (the error of the sum, exact by TwoSum, tells which way), so that
 * rounding it again to a single rounds once in effect: 53 >= 24 + 2. */
static inline uint32_t fp32_fma(uint32_t a, uint32_t b, uint32_t c, unsigned rm,
                                uint8_t *flags)
{
    if (fp_host_may(rm, *flags)) {
        double p = (double)fp32_host(a) * (double)fp32_host(b);
        double z = fp32_host(c);
        double s = p + z, t = s - p;
        double error = (p - (s - t)) + (z - t);
        uint64_t odd = fp64_bits(s);
        if (error != 0 && !(odd & 1)) {
            odd += (error > 0) == (s > 0) ? 1u : UINT64_MAX;
        }
        uint32_t r = fp32_bits((float)fp64_host(odd));
        if (fp32_within(r, 2u)) {
            return r;
        }
    }
    return fp32_fma_soft(a, b, c, rm, flags);
}

/* -- comparisons: in order, and no NaN ---------------------------------------
 */

#define FP_HOST_ORDER(T, f, H)                                                 \
    static inline T f##_min(T a, T b, uint8_t *flags)                          \
    {                                                                          \
        H x = f##_host(a), y = f##_host(b);                                    \
        return x < y ? a : x > y ? b : f##_min_soft(a, b, flags);              \
    }                                                                          \
    static inline T f##_max(T a, T b, uint8_t *flags)                          \
    {                                                                          \
        H x = f##_host(a), y = f##_host(b);                                    \
        return x < y ? b : x > y ? a : f##_max_soft(a, b, flags);              \
    }                                                                          \
    static inline bool f##_eq(T a, T b, uint8_t *flags)                        \
    {                                                                          \
        H x = f##_host(a), y = f##_host(b);                                    \
        return __builtin_isunordered(x, y) ? f##_eq_soft(a, b, flags)          \
                                           : x == y;                           \
    }                                                                          \
    static inline bool f##_lt(T a, T b, uint8_t *flags)                        \
    {                                                                          \
        H x = f##_host(a), y = f##_host(b);                                    \
        return __builtin_isunordered(x, y) ? f##_lt_soft(a, b, flags) : x < y; \
    }                                                                          \
    static inline bool f##_le(T a, T b, uint8_t *flags)                        \
    {                                                                          \
        H x = f##_host(a), y = f##_host(b);                                    \
        return __builtin_isunordered(x, y) ? f##_le_soft(a, b, flags)          \
                                           : x <= y;                           \
    }
FP_HOST_ORDER(uint32_t, fp32, float)
FP_HOST_ORDER(uint64_t, fp64, double)
#undef FP_HOST_ORDER

/* -- conversions --------------------------------------------------------------
 */

/* What C does: cut off. In range, the only flag is NX. */
#define FP_HOST_INTEGER(T, f, H, I, i, low, high)                              \
    static inline I f##_to_##i(T a, unsigned rm, uint8_t *flags)               \
    {                                                                          \
        H x = f##_host(a);                                                     \
        if (FP_HOST && rm == FP_RTZ && x > (low) && x < (high)) {              \
            int64_t v = (int64_t)x;                                            \
            *flags |= (H)v != x ? FP_NX : 0;                                   \
            return (I)v;                                                       \
        }                                                                      \
        return f##_to_##i##_soft(a, rm, flags);                                \
    }
FP_HOST_INTEGER(uint32_t, fp32, float, uint32_t, i32, -0x1p31f, 0x1p31f)
FP_HOST_INTEGER(uint32_t, fp32, float, uint32_t, u32, -1.0f, 0x1p32f)
FP_HOST_INTEGER(uint32_t, fp32, float, uint64_t, i64, -0x1p63f, 0x1p63f)
FP_HOST_INTEGER(uint64_t, fp64, double, uint32_t, i32, -0x1p31, 0x1p31)
FP_HOST_INTEGER(uint64_t, fp64, double, uint32_t, u32, -1.0, 0x1p32)
FP_HOST_INTEGER(uint64_t, fp64, double, uint64_t, i64, -0x1p63, 0x1p63)
#undef FP_HOST_INTEGER

/* Always exact. */
static inline uint64_t fp64_from_i32(uint32_t v, unsigned rm, uint8_t *flags)
{
    return FP_HOST ? fp64_bits((int32_t)v) : fp64_from_i32_soft(v, rm, flags);
}
static inline uint64_t fp64_from_u32(uint32_t v, unsigned rm, uint8_t *flags)
{
    return FP_HOST ? fp64_bits(v) : fp64_from_u32_soft(v, rm, flags);
}
/* Never tiny or too large. */
static inline uint64_t fp64_from_i64(uint64_t v, unsigned rm, uint8_t *flags)
{
    return fp_host_may(rm, *flags) ? fp64_bits((double)(int64_t)v)
                                   : fp64_from_i64_soft(v, rm, flags);
}
static inline uint32_t fp32_from_i32(uint32_t v, unsigned rm, uint8_t *flags)
{
    return fp_host_may(rm, *flags) ? fp32_bits((float)(int32_t)v)
                                   : fp32_from_i32_soft(v, rm, flags);
}
static inline uint32_t fp32_from_u32(uint32_t v, unsigned rm, uint8_t *flags)
{
    return fp_host_may(rm, *flags) ? fp32_bits((float)v)
                                   : fp32_from_u32_soft(v, rm, flags);
}
static inline uint32_t fp32_from_i64(uint64_t v, unsigned rm, uint8_t *flags)
{
    return fp_host_may(rm, *flags) ? fp32_bits((float)(int64_t)v)
                                   : fp32_from_i64_soft(v, rm, flags);
}

static inline uint64_t fp32_to_fp64(uint32_t a, uint8_t *flags)
{
    return FP_HOST && fp32_within(a, 1u) ? fp64_bits(fp32_host(a))
                                         : fp32_to_fp64_soft(a, flags);
}
static inline uint32_t fp64_to_fp32(uint64_t a, unsigned rm, uint8_t *flags)
{
    if (fp_host_may(rm, *flags)) {
        uint32_t r = fp32_bits((float)fp64_host(a));
        if (fp32_within(r, 2u)) {
            return r;
        }
    }
    return fp64_to_fp32_soft(a, rm, flags);
}

#ifdef __cplusplus
}
#endif
#endif
