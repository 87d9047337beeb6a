/*
 * clock.h - clock domains: between cycles of a clock and global picoseconds.
 *
 * Global time is uint64_t picoseconds since power-on. Cycle n of a domain
 * begins at floor(n * 10^12 / hz), computed from n each time and never
 * accumulated, so two domains never drift apart. All domains start at 0.
 */
#ifndef MEMORY_CLOCK_H
#define MEMORY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PS_PER_SECOND UINT64_C(1000000000000)
#define TIME_NEVER UINT64_MAX

typedef struct ClockDomain {
    uint64_t hz;
    uint64_t period;  /* ps; 0 when 10^12 / hz is not a whole number */
    uint64_t inverse; /* 2^64 / period, rounded down */
    const char *name; /* borrowed; for the `clock` dictionary */
} ClockDomain;

__extension__ typedef unsigned __int128 ClockWide;

/* hz: 1 .. 10^12. */
static inline void clock_init(ClockDomain *clk, const char *name, uint64_t hz)
{
    clk->hz = hz;
    clk->period = PS_PER_SECOND % hz ? 0 : PS_PER_SECOND / hz;
    clk->inverse = clk->period ? UINT64_MAX / clk->period : 0;
    clk->name = name;
}

/* The time at which cycle n begins; TIME_NEVER when beyond 64 bits. */
static inline uint64_t clock_time(const ClockDomain *clk, uint64_t cycle)
{
    ClockWide ps;
    if (clk->period) {
        ps = (ClockWide)cycle * clk->period;
    } else {
        ps = (ClockWide)cycle * PS_PER_SECOND / clk->hz;
    }
    return ps >= TIME_NEVER ? TIME_NEVER : (uint64_t)ps;
}

/* The first cycle that begins at or after `ps`. */
static inline uint64_t clock_cycle_at(const ClockDomain *clk, uint64_t ps)
{
    if (clk->period) { /* the product is the quotient, or 1 less */
        uint64_t n = (uint64_t)((ClockWide)ps * clk->inverse >> 64);
        uint64_t rest = ps - n * clk->period;
        return n + (rest > 0) + (rest > clk->period);
    }
    /* begin(n) = floor(n * 10^12 / hz) >= ps  <=>  n * 10^12 >= ps * hz */
    ClockWide product = (ClockWide)ps * clk->hz;
    return (uint64_t)((product + PS_PER_SECOND - 1) / PS_PER_SECOND);
}

/* The cycle running at `ps`: the last one that began at or before it. */
static inline uint64_t clock_cycle_in(const ClockDomain *clk, uint64_t ps)
{
    uint64_t next = clock_cycle_at(clk, ps);
    return clock_time(clk, next) == ps ? next : next - 1;
}

#ifdef __cplusplus
}
#endif
#endif
