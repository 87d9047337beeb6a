/*
 * bus_calendar.c - which cycles of a lane are taken, and by whom, where
 * initiators take turns in time.
 *
 * Model    A bit per bus cycle of the last CALENDAR_CYCLES up to the latest one
 *          taken, so that who comes later in the turns, but earlier in time,
 *          finds what is left. It begins in the first free cycle. Where that
 *          and the next ones are less than it needs, who has those behind them
 *          would have had to wait for it, but has been served: so it takes the
 *          rest from the next that are free, and no cycle is given away twice.
 *          What is further back is not known any more: nobody is in the way
 *          there.
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

uint64_t bus_calendar_free(const BusCalendar *c, uint64_t cycle)
{
    uint64_t bits = taken_from(c, cycle);
    while (!~bits) {
        cycle += 64;
        bits = taken_from(c, cycle);
    }
    return cycle + (uint64_t)__builtin_ctzll(~bits);
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

void bus_calendar_take(BusCalendar *c, uint64_t begin, uint64_t cycles,
                       uint16_t id)
{
    if (cycles > CALENDAR_CYCLES) { /* all that is known, and beyond */
        begin += cycles - CALENDAR_CYCLES;
        cycles = CALENDAR_CYCLES;
    }
    for (uint64_t cycle = begin; cycles > 0; cycle++, cycles--) {
        cycle = bus_calendar_free(c, cycle);
        if (cycle >= c->end) {
            extend(c, cycle + cycles);
        }
        if (is_known(c, cycle)) {
            *word_of(c, cycle) |= UINT64_C(1) << cycle % 64;
            c->owner[cycle % CALENDAR_CYCLES] = id;
        }
    }
}
