/*
 * bus_calendar.c - which cycles of a lane are taken, and by whom, where
 * initiators take turns in time.
 *
 * Model    A bit per bus cycle of the last CALENDAR_CYCLES up to the latest one
 *          taken, so that who comes later in the turns, but earlier in time,
 *          finds what is left. What is further back is not known any more:
 *          nobody is in the way there.
 * Units    bus cycles.
 * Source   Own; the words of `docs/architecture.md`, Time.
 * Missing  Requests of those that have their turn later: who comes first in the
 *          turns never waits for them.
 */
#include <stdlib.h>
#include <string.h>

#include "soc/bus_private.h"

enum { CALENDAR_CYCLES = 1 << 16, CALENDAR_WORDS = CALENDAR_CYCLES / 64 };

struct BusCalendar {
    uint64_t end; /* the first cycle that is not known yet, of a word */
    uint64_t taken[CALENDAR_WORDS];
    uint16_t owner[CALENDAR_CYCLES];
};

BusCalendar *bus_calendar_new(void)
{
    BusCalendar *c = calloc(1, sizeof(*c));
    if (c) {
        c->end = CALENDAR_CYCLES;
    }
    return c;
}

static bool is_known(const BusCalendar *c, uint64_t cycle)
{
    return cycle < c->end && c->end - cycle <= CALENDAR_CYCLES;
}

static uint64_t *word_of(BusCalendar *c, uint64_t cycle)
{
    return &c->taken[cycle / 64 % CALENDAR_WORDS];
}

/* Bits of taken cycles from `cycle` on, up to 64, the first one lowest. */
static uint64_t taken_from(const BusCalendar *c, uint64_t cycle)
{
    if (!is_known(c, cycle)) {
        return 0;
    }
    const unsigned shift = cycle % 64;
    const uint64_t next = cycle - shift + 64;
    uint64_t bits = c->taken[cycle / 64 % CALENDAR_WORDS] >> shift;
    if (shift && is_known(c, next)) {
        bits |= c->taken[next / 64 % CALENDAR_WORDS] << (64 - shift);
    }
    return bits;
}

/* How many cycles from `cycle` on are free, at most `most`. */
static uint64_t free_from(const BusCalendar *c, uint64_t cycle, uint64_t most)
{
    uint64_t n = 0;
    while (n < most) {
        const uint64_t bits = taken_from(c, cycle + n);
        if (bits) {
            n += (uint64_t)__builtin_ctzll(bits);
            break;
        }
        n += 64;
    }
    return n < most ? n : most;
}

uint64_t bus_calendar_gap(const BusCalendar *c, uint64_t cycle, uint64_t cycles)
{
    for (;;) {
        const uint64_t n = free_from(c, cycle, cycles);
        if (n == cycles) {
            return cycle;
        }
        cycle += n;
        uint64_t bits = taken_from(c, cycle);
        while (!~bits) {
            cycle += 64;
            bits = taken_from(c, cycle);
        }
        cycle += (uint64_t)__builtin_ctzll(~bits);
    }
}

uint16_t bus_calendar_owner(const BusCalendar *c, uint64_t cycle)
{
    return taken_from(c, cycle) & 1 ? c->owner[cycle % CALENDAR_CYCLES] : 0;
}

/* The calendar reaches beyond `end` from now on. */
static void extend(BusCalendar *c, uint64_t end)
{
    if (end - c->end >= CALENDAR_CYCLES) {
        memset(c->taken, 0, sizeof(c->taken));
        c->end = end - end % 64;
    }
    for (; c->end <= end; c->end += 64) {
        *word_of(c, c->end) = 0;
    }
}

uint64_t bus_calendar_take(BusCalendar *c, uint64_t begin, uint64_t end,
                           uint16_t id)
{
    uint64_t fresh = 0;
    if (end >= c->end) {
        extend(c, end);
    }
    if (end - begin > CALENDAR_CYCLES) {
        fresh = end - begin - CALENDAR_CYCLES;
        begin += fresh;
    }
    for (uint64_t cycle = begin; cycle < end; cycle++) {
        uint64_t *word = word_of(c, cycle), bit = UINT64_C(1) << cycle % 64;
        if (!is_known(c, cycle)) {
            fresh++;
        } else if (!(*word & bit)) {
            *word |= bit;
            c->owner[cycle % CALENDAR_CYCLES] = id;
            fresh++;
        }
    }
    return fresh;
}

bool bus_calendar_fit(BusCalendar *c, uint64_t begin, uint32_t cycles,
                      uint16_t id)
{
    if (free_from(c, begin, cycles) < cycles) {
        return false;
    }
    bus_calendar_take(c, begin, begin + cycles, id);
    return true;
}
