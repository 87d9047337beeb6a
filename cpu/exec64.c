/* exec64.c - the RV64 interpreter: unobserved, and recording what is wanted. */
#include "cpu/exec_common.h"

#ifndef CACHED /* see exec64_cached.c */
#define CACHED 0
#define EXEC_VARIANT(name) name
#endif

/* Threaded dispatch takes addresses of labels, which ISO C does not have. */
#pragma GCC diagnostic ignored "-Wpedantic"

__extension__ typedef __int128 Wide;
__extension__ typedef unsigned __int128 UnsignedWide;

static inline uint64_t mulh(uint64_t a, uint64_t b)
{
    return (uint64_t)((UnsignedWide)((Wide)(int64_t)a * (int64_t)b) >> 64);
}
static inline uint64_t mulhsu(uint64_t a, uint64_t b)
{
    return (uint64_t)((UnsignedWide)((Wide)(int64_t)a * (Wide)b) >> 64);
}
static inline uint64_t mulhu(uint64_t a, uint64_t b)
{
    return (uint64_t)((UnsignedWide)a * b >> 64);
}
static inline uint64_t div_signed(uint64_t a, uint64_t b)
{
    if (b == 0) {
        return UINT64_MAX;
    }
    return a == UINT64_C(1) << 63 && b == UINT64_MAX
               ? a
               : (uint64_t)((int64_t)a / (int64_t)b);
}
static inline uint64_t rem_signed(uint64_t a, uint64_t b)
{
    if (b == 0) {
        return a;
    }
    return a == UINT64_C(1) << 63 && b == UINT64_MAX
               ? 0
               : (uint64_t)((int64_t)a % (int64_t)b);
}
#define XLEN 64

#define EXEC_NAME EXEC_VARIANT(exec64)
#define OBSERVED 0
#include "cpu/exec.inc"
#undef EXEC_NAME
#undef OBSERVED

#define EXEC_NAME EXEC_VARIANT(exec64_data)
#define OBSERVED OBSERVE_DATA_ONLY
#include "cpu/exec.inc"
#undef EXEC_NAME
#undef OBSERVED

#define EXEC_NAME EXEC_VARIANT(exec64_all)
#define OBSERVED OBSERVE_ALL
#include "cpu/exec.inc"
