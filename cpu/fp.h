/*
 * fp.h - IEEE 754 arithmetic as RISC-V has it: binary16, binary32, binary64.
 *
 * Operands and results are bit patterns. `rm` is a rounding mode, 0..4; flags
 * are ORed into *flags (bits of fflags). A NaN result is the canonical NaN,
 * tininess is detected after rounding.
 *
 * Everything exists in integer code of our own (fp.c, fp_convert.c); fp_host.h
 * has the entries that let the host's FPU answer where it is the same by proof.
 *
 * Source   IEEE 754-2008; The RISC-V Instruction Set Manual, Volume I
 *          (20191213), chapters 11 and 12; the Zfh document 1.0.
 */
#ifndef CPU_FP_H
#define CPU_FP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { FP_RNE, FP_RTZ, FP_RDN, FP_RUP, FP_RMM }; /* as in frm */
enum { FP_NX = 1, FP_UF = 2, FP_OF = 4, FP_DZ = 8, FP_NV = 16 };

#define FP16_NAN UINT16_C(0x7e00)
#define FP32_NAN UINT32_C(0x7fc00000)
#define FP64_NAN UINT64_C(0x7ff8000000000000)

#define FP_SIGNS(T, f, bit)                                                    \
    static inline T f##_neg(T a)                                               \
    {                                                                          \
        return (T)(a ^ (bit));                                                 \
    }                                                                          \
    static inline T f##_sgnj(T a, T b)                                         \
    {                                                                          \
        return (T)((a & ~(bit)) | (b & (bit)));                                \
    }                                                                          \
    static inline T f##_sgnjn(T a, T b)                                        \
    {                                                                          \
        return (T)((a & ~(bit)) | (~b & (bit)));                               \
    }                                                                          \
    static inline T f##_sgnjx(T a, T b)                                        \
    {                                                                          \
        return (T)(a ^ (b & (bit)));                                           \
    }
FP_SIGNS(uint16_t, fp16, 0x8000u)
FP_SIGNS(uint32_t, fp32, UINT32_C(1) << 31)
FP_SIGNS(uint64_t, fp64, UINT64_C(1) << 63)
#undef FP_SIGNS

/* In integer code, per format; `_soft` is at the end of the names that
 * fp_host.h has a quicker entry for. fma is a * b + c rounded once. min and max
 * are minimumNumber and maximumNumber with -0 < +0. eq is quiet; lt and le
 * signal on any NaN. class is the mask of fclass. to_i32 and the like saturate
 * with NV; 32-bit results are not extended. */
#define FP_DECLARE(T, f, soft)                                                 \
    T f##_add##soft(T a, T b, unsigned rm, uint8_t *flags);                    \
    T f##_sub##soft(T a, T b, unsigned rm, uint8_t *flags);                    \
    T f##_mul##soft(T a, T b, unsigned rm, uint8_t *flags);                    \
    T f##_div##soft(T a, T b, unsigned rm, uint8_t *flags);                    \
    T f##_sqrt##soft(T a, unsigned rm, uint8_t *flags);                        \
    T f##_fma##soft(T a, T b, T c, unsigned rm, uint8_t *flags);               \
    T f##_min##soft(T a, T b, uint8_t *flags);                                 \
    T f##_max##soft(T a, T b, uint8_t *flags);                                 \
    bool f##_eq##soft(T a, T b, uint8_t *flags);                               \
    bool f##_lt##soft(T a, T b, uint8_t *flags);                               \
    bool f##_le##soft(T a, T b, uint8_t *flags);                               \
    unsigned f##_class(T a);                                                   \
    uint32_t f##_to_i32##soft(T a, unsigned rm, uint8_t *flags);               \
    uint32_t f##_to_u32##soft(T a, unsigned rm, uint8_t *flags);               \
    uint64_t f##_to_i64##soft(T a, unsigned rm, uint8_t *flags);               \
    uint64_t f##_to_u64(T a, unsigned rm, uint8_t *flags);                     \
    T f##_from_i32##soft(uint32_t v, unsigned rm, uint8_t *flags);             \
    T f##_from_u32##soft(uint32_t v, unsigned rm, uint8_t *flags);             \
    T f##_from_i64##soft(uint64_t v, unsigned rm, uint8_t *flags);             \
    T f##_from_u64(uint64_t v, unsigned rm, uint8_t *flags);
FP_DECLARE(uint16_t, fp16, )
FP_DECLARE(uint32_t, fp32, _soft)
FP_DECLARE(uint64_t, fp64, _soft)
#undef FP_DECLARE

uint16_t fp32_to_fp16(uint32_t a, unsigned rm, uint8_t *flags);
uint16_t fp64_to_fp16(uint64_t a, unsigned rm, uint8_t *flags);
uint32_t fp64_to_fp32_soft(uint64_t a, unsigned rm, uint8_t *flags);
uint32_t fp16_to_fp32(uint16_t a, uint8_t *flags);
uint64_t fp16_to_fp64(uint16_t a, uint8_t *flags);
uint64_t fp32_to_fp64_soft(uint32_t a, uint8_t *flags);

#ifdef __cplusplus
}
#endif

#include "cpu/fp_host.h"

#endif
