/*
 * exec_fp.h - the words insn_fp.def is written in, for cpu/exec.inc, which has
 * h, o, ux, sx, RD, LOAD_TO, STORE_FROM and the label `illegal`.
 *
 * With mstatus.FS off every floating-point instruction is illegal. FS becomes
 * dirty when an f register is written or a flag is raised, never else. The
 * words without X write an f register and cost one compare for it.
 */
#ifndef CPU_EXEC_FP_H
#define CPU_EXEC_FP_H

#include "cpu/fp.h"
#include "cpu/hart_private.h"

/* An f register as a narrower format: what is not NaN-boxed is a NaN. */
static inline uint32_t fp_unbox32(uint64_t f)
{
    return __builtin_expect(f >> 32 == UINT32_MAX, 1) ? (uint32_t)f : FP32_NAN;
}
static inline uint16_t fp_unbox16(uint64_t f)
{
    return __builtin_expect(f >> 16 == UINT64_MAX >> 16, 1) ? (uint16_t)f
                                                            : FP16_NAN;
}
static inline uint64_t fp_box32(uint32_t v)
{
    return UINT64_MAX << 32 | v;
}
static inline uint64_t fp_box16(uint16_t v)
{
    return UINT64_MAX << 16 | v;
}

/* The rounding mode of an op; above 4: reserved. */
static inline unsigned fp_rounding(const Hart *h, const Op *o)
{
    unsigned rm = (unsigned)o->imm & 7;
    return rm == 7 ? h->frm : rm;
}

#define FD1 (h->f[o->rs1])
#define FD2 (h->f[o->rs2])
#define FD3 (h->f[o->rs3])
#define FS1 fp_unbox32(FD1)
#define FS2 fp_unbox32(FD2)
#define FS3 fp_unbox32(FD3)
#define FH1 fp_unbox16(FD1)
#define FH2 fp_unbox16(FD2)
#define FH3 fp_unbox16(FD3)
#define FRD_D(v) (h->f[o->rd] = (v))
#define FRD_S(v) (h->f[o->rd] = fp_box32(v))
#define FRD_H(v) (h->f[o->rd] = fp_box16(v))
#define FLAGS (&h->fflags)
#define RM rm_

#define FP_OFF() __builtin_expect(!(h->mstatus & MSTATUS_FS), 0)
#define FP_DIRTY() (h->mstatus |= MSTATUS_FS)

/* The statement writes an f register. */
#define FP(statement)                                                          \
    do {                                                                       \
        if (__builtin_expect((h->mstatus & MSTATUS_FS) != MSTATUS_FS, 0)) {    \
            if (FP_OFF()) {                                                    \
                goto illegal;                                                  \
            }                                                                  \
            FP_DIRTY();                                                        \
        }                                                                      \
        statement;                                                             \
    } while (0)
#define FP_RM(statement)                                                       \
    do {                                                                       \
        unsigned rm_ = fp_rounding(h, o);                                      \
        if (__builtin_expect(rm_ > FP_RMM, 0)) {                               \
            goto illegal;                                                      \
        }                                                                      \
        FP(statement);                                                         \
    } while (0)

/* The statement writes an x register. */
#define FPX(statement)                                                         \
    do {                                                                       \
        uint8_t before_ = h->fflags;                                           \
        if (FP_OFF()) {                                                        \
            goto illegal;                                                      \
        }                                                                      \
        statement;                                                             \
        if (__builtin_expect(h->fflags != before_, 0)) {                       \
            FP_DIRTY();                                                        \
        }                                                                      \
    } while (0)
#define FPX_RM(statement)                                                      \
    do {                                                                       \
        unsigned rm_ = fp_rounding(h, o);                                      \
        if (__builtin_expect(rm_ > FP_RMM, 0)) {                               \
            goto illegal;                                                      \
        }                                                                      \
        FPX(statement);                                                        \
    } while (0)

/* A load writes its register, and FS, only when it did not trap. type is
 * uint16_t, uint32_t or uint64_t; what is narrower than f is boxed. */
#define FLOAD(type)                                                            \
    do {                                                                       \
        if (FP_OFF()) {                                                        \
            goto illegal;                                                      \
        }                                                                      \
        LOAD_TO(type, (FRD_D((uint64_t)v_ | FP_BOX(type)), FP_DIRTY()));       \
    } while (0)
#define FSTORE(type)                                                           \
    do {                                                                       \
        if (FP_OFF()) {                                                        \
            goto illegal;                                                      \
        }                                                                      \
        STORE_FROM(type, FD2);                                                 \
    } while (0)
#define FP_BOX(type)                                                           \
    (sizeof(type) == 8 ? 0 : UINT64_MAX << (8 * sizeof(type) % 64))

#endif
