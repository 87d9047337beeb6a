/*
 * bus_arbiter.c - who is granted a lane, and when.
 *
 * Model    Fixed priority: lowest MemoryPort.priority, then lowest id. Round
 *          robin: the next initiator id after the one that won when there was
 *          last a choice. TDM: bus cycle c is in slot (c / slot_cycles) of a
 *          frame of `slots`, for ever; a grant is made in a slot of the
 *          initiator, and what is granted runs to its end, also beyond it. With
 *          `spare` a slot that its owner leaves, or that is nobody's, goes to
 *          the one whose slot comes next; without, nothing is granted then. An
 *          initiator without any slot takes what slots' owners leave.
 */
#include <string.h>

#include "soc/bus_private.h"

static const uint64_t NOT_NOW = UINT64_MAX;

/* Is slot n that port's? "cpu0" owns ports cpu0, cpu0.data, ... */
static bool owns(const Bus *bus, uint32_t n, const MemoryPort *port)
{
    const char *owner = bus->owner[n];
    size_t len = owner ? strlen(owner) : 0;
    return len && !strncmp(port->name, owner, len) &&
           (port->name[len] == '\0' || port->name[len] == '.');
}

/* Slots from the one of bus cycle c to the port's next, 0: it is its own;
 * bus->slots: it has none. */
static uint32_t slots_until(const Bus *bus, const MemoryPort *port, uint64_t c)
{
    uint32_t now = (uint32_t)(c / bus->slot_cycles % bus->slots), n = 0;
    while (n < bus->slots && !owns(bus, (now + n) % bus->slots, port)) {
        n++;
    }
    return n;
}

/* The lowest wins. */
static uint64_t rank(const BusLane *lane, const MemoryPort *port, uint64_t at)
{
    const Bus *bus = lane->bus;
    switch (bus->arbitration) {
    case BUS_FIXED: return (uint64_t)port->priority << 16 | port->id;
    case BUS_ROUND_ROBIN: return (uint16_t)(port->id - lane->last_winner - 1);
    case BUS_TDM: break;
    }
    uint32_t n = slots_until(bus, port, clock_cycle_at(bus->clock, at));
    return n == 0 || n == bus->slots || bus->spare
               ? (uint64_t)n << 16 | port->id
               : NOT_NOW;
}

TimingRequest *bus_pick(BusLane *lane, TimingRequest *rq, uint64_t at)
{
    unsigned asking = rq != NULL;
    TimingRequest *best = NULL;
    uint64_t lowest = NOT_NOW;
    if (rq) {
        lowest = rank(lane, rq->port, at);
        best = lowest == NOT_NOW ? NULL : rq;
    }
    for (TimingRequest *w = lane->waiting; w; w = w->next) {
        if (w->asked > at) {
            continue;
        }
        asking++;
        uint64_t r = rank(lane, w->port, at);
        if (r < lowest) {
            best = w;
            lowest = r;
        }
    }
    if (asking > 1 && best) {
        lane->last_winner = best->port->id;
    }
    return best;
}

static uint64_t slot_of(const Bus *bus, const TimingRequest *rq, uint64_t at)
{
    if (rq->asked > at) {
        at = bus_edge(bus, rq->asked);
    }
    if (bus->arbitration != BUS_TDM || bus->spare) {
        return at;
    }
    uint64_t c = clock_cycle_at(bus->clock, at);
    uint32_t n = slots_until(bus, rq->port, c);
    if (n == 0 || n == bus->slots) {
        return at;
    }
    return clock_time(bus->clock,
                      (c / bus->slot_cycles + n) * bus->slot_cycles);
}

uint64_t bus_next_grant(BusLane *lane, const TimingRequest *rq, uint64_t at)
{
    const Bus *bus = lane->bus;
    uint64_t first = rq ? slot_of(bus, rq, at) : TIME_NEVER;
    for (const TimingRequest *w = lane->waiting; w; w = w->next) {
        uint64_t t = slot_of(bus, w, at);
        first = t < first ? t : first;
    }
    return first;
}

uint64_t bus_free_at(const BusLane *lane)
{
    if (!lane->calendar || lane->open || lane->free_at < lane->data_end) {
        return lane->free_at; /* the last: data of several pass in order */
    }
    const ClockDomain *clk = lane->bus->clock;
    const uint64_t cycle = clock_cycle_at(clk, lane->free_at);
    return clock_time(clk, bus_calendar_free(lane->calendar, cycle));
}

/* From which edge on, at or after `at`, there is a free cycle for rq. */
static uint64_t first_free(const BusLane *lane, const TimingRequest *rq,
                           uint64_t at)
{
    const ClockDomain *clk = lane->bus->clock;
    for (;;) {
        const uint64_t slot = slot_of(lane->bus, rq, at);
        const uint64_t cycle = clock_cycle_at(clk, slot);
        at = clock_time(clk, bus_calendar_free(lane->calendar, cycle));
        if (at == slot) {
            return at;
        }
    }
}

uint64_t bus_first_grant(BusLane *lane, const TimingRequest *rq, uint64_t asked)
{
    const uint64_t free_at = bus_free_at(lane);
    if (lane->calendar) {
        const uint64_t at = first_free(lane, rq, asked);
        if (at < free_at || !lane->waiting) {
            return at;
        }
    }
    return bus_next_grant(lane, rq, free_at > asked ? free_at : asked);
}

bool bus_take_free(BusLane *lane, const MemoryPort *port, uint64_t issue,
                   const TimingCost *cost)
{
    const uint64_t begin = clock_cycle_at(lane->bus->clock, issue);
    if (bus_calendar_free(lane->calendar, begin) > begin) {
        return false;
    }
    bus_calendar_take(lane->calendar, begin, cost->cycles, port->id);
    if (issue + cost->ps >= lane->data_end) {
        lane->data_end = lane->free_at = issue + cost->ps;
        lane->holder = port->id;
    }
    return true;
}
