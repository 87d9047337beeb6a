/*
 * int128.h - sizes and addresses beyond 64 bits: a region may span all 2^64
 * bytes, and an alias may start before address 0.
 */
#ifndef MEMORY_INT128_H
#define MEMORY_INT128_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

__extension__ typedef __int128 Int128;

static inline Int128 int128_make64(uint64_t v)
{
    return (Int128)v;
}
static inline Int128 int128_2_64(void)
{
    return (Int128)1 << 64;
}
static inline Int128 int128_zero(void)
{
    return 0;
}
static inline Int128 int128_one(void)
{
    return 1;
}

/* The value, which must fit; 2^64 comes back as 0, like its low half. */
static inline uint64_t int128_get64(Int128 v)
{
    return (uint64_t)v;
}
static inline uint64_t int128_getlo(Int128 v)
{
    return (uint64_t)v;
}
static inline Int128 int128_add(Int128 a, Int128 b)
{
    return a + b;
}
static inline Int128 int128_sub(Int128 a, Int128 b)
{
    return a - b;
}
static inline bool int128_eq(Int128 a, Int128 b)
{
    return a == b;
}
static inline bool int128_ne(Int128 a, Int128 b)
{
    return a != b;
}
static inline bool int128_lt(Int128 a, Int128 b)
{
    return a < b;
}
static inline bool int128_le(Int128 a, Int128 b)
{
    return a <= b;
}
static inline bool int128_gt(Int128 a, Int128 b)
{
    return a > b;
}
static inline bool int128_ge(Int128 a, Int128 b)
{
    return a >= b;
}
static inline bool int128_nz(Int128 a)
{
    return a != 0;
}
static inline Int128 int128_min(Int128 a, Int128 b)
{
    return a < b ? a : b;
}
static inline Int128 int128_max(Int128 a, Int128 b)
{
    return a > b ? a : b;
}

#ifdef __cplusplus
}
#endif
#endif
