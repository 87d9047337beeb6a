/* exec32.c - the RV32 interpreter: unobserved, and recording what is wanted. */
#include "cpu/exec_common.h"

#ifndef CACHED /* see exec32_cached.c */
#define CACHED 0
#define EXEC_VARIANT(name) name
#endif

/* Threaded dispatch takes addresses of labels, which ISO C does not have. */
#pragma GCC diagnostic ignored "-Wpedantic"

static inline uint32_t mulh(uint32_t a, uint32_t b)
{
    return (uint32_t)((uint64_t)((int64_t)(int32_t)a * (int32_t)b) >> 32);
}
static inline uint32_t mulhsu(uint32_t a, uint32_t b)
{
    return (uint32_t)((uint64_t)((int64_t)(int32_t)a * (int64_t)b) >> 32);
}
static inline uint32_t mulhu(uint32_t a, uint32_t b)
{
    return (uint32_t)((uint64_t)a * b >> 32);
}
#define div_signed divw_signed
#define rem_signed remw_signed
#define XLEN 32

#define EXEC_NAME EXEC_VARIANT(exec32)
#define OBSERVED 0
#include "cpu/exec.inc"
#undef EXEC_NAME
#undef OBSERVED

#define EXEC_NAME EXEC_VARIANT(exec32_data)
#define OBSERVED OBSERVE_DATA_ONLY
#include "cpu/exec.inc"
#undef EXEC_NAME
#undef OBSERVED

#define EXEC_NAME EXEC_VARIANT(exec32_all)
#define OBSERVED OBSERVE_ALL
#include "cpu/exec.inc"
