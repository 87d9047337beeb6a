/* exec_common.h - the arithmetic that both widths of the interpreter use. */
#ifndef CPU_EXEC_COMMON_H
#define CPU_EXEC_COMMON_H

#include <string.h>

#include "cpu/hart_private.h"

static inline uint32_t divw_signed(uint32_t a, uint32_t b)
{
    if (b == 0) {
        return UINT32_MAX;
    }
    return a == 0x80000000u && b == UINT32_MAX
               ? a
               : (uint32_t)((int32_t)a / (int32_t)b);
}

static inline uint32_t remw_signed(uint32_t a, uint32_t b)
{
    if (b == 0) {
        return a;
    }
    return a == 0x80000000u && b == UINT32_MAX
               ? 0
               : (uint32_t)((int32_t)a % (int32_t)b);
}

#define AMO_FUNCTIONS(width)                                                   \
    static uint64_t amo##width##_swap(uint64_t old, uint64_t operand)          \
    {                                                                          \
        return operand;                                                        \
    }                                                                          \
    static uint64_t amo##width##_add(uint64_t old, uint64_t operand)           \
    {                                                                          \
        return old + operand;                                                  \
    }                                                                          \
    static uint64_t amo##width##_xor(uint64_t old, uint64_t operand)           \
    {                                                                          \
        return old ^ operand;                                                  \
    }                                                                          \
    static uint64_t amo##width##_and(uint64_t old, uint64_t operand)           \
    {                                                                          \
        return old & operand;                                                  \
    }                                                                          \
    static uint64_t amo##width##_or(uint64_t old, uint64_t operand)            \
    {                                                                          \
        return old | operand;                                                  \
    }                                                                          \
    static uint64_t amo##width##_min(uint64_t old, uint64_t operand)           \
    {                                                                          \
        return (int##width##_t)old < (int##width##_t)operand ? old : operand;  \
    }                                                                          \
    static uint64_t amo##width##_max(uint64_t old, uint64_t operand)           \
    {                                                                          \
        return (int##width##_t)old > (int##width##_t)operand ? old : operand;  \
    }                                                                          \
    static uint64_t amo##width##_minu(uint64_t old, uint64_t operand)          \
    {                                                                          \
        return (uint##width##_t)old < (uint##width##_t)operand ? old           \
                                                               : operand;      \
    }                                                                          \
    static uint64_t amo##width##_maxu(uint64_t old, uint64_t operand)          \
    {                                                                          \
        return (uint##width##_t)old > (uint##width##_t)operand ? old           \
                                                               : operand;      \
    }
AMO_FUNCTIONS(32)
AMO_FUNCTIONS(64)
#undef AMO_FUNCTIONS

#endif
