/* bus.c - see bus.h for the model, its source and what is missing. */
#include "soc/bus.h"

#include <stdlib.h>

/* -- wait states of a target
 * ------------------------------------------------------ */

static void wait_states_access(TimingModel *model, TimingRequest *rq)
{
    WaitStates *ws = (WaitStates *)model;
    uint64_t first = rq->is_write ? ws->write_first : ws->read_first;
    uint64_t next = rq->is_write ? ws->write_next : ws->read_next;
    uint64_t begin = clock_cycle_at(ws->clock, rq->issue);
    uint64_t end = begin + first + (rq->pieces - 1) * next;
    rq->granted = rq->issue;
    rq->done = clock_time(ws->clock, end);
    rq->target_ps = rq->done - rq->issue;
    rq->beats = rq->pieces;
    rq->beat_first = clock_time(ws->clock, begin + first) - rq->issue;
    rq->beat_next = clock_time(ws->clock, next);
}

static bool wait_states_inline(TimingModel *model, const TimingRequest *rq,
                               TimingInline *form)
{
    WaitStates *ws = (WaitStates *)model;
    uint64_t first = rq->is_write ? ws->write_first : ws->read_first;
    uint64_t next = rq->is_write ? ws->write_next : ws->read_next;
    form->first = form->target_first = clock_time(ws->clock, first);
    form->next = form->target_next = clock_time(ws->clock, next);
    form->beats = rq->pieces;
    return true;
}

void wait_states_init(WaitStates *ws, const char *name,
                      const ClockDomain *clock)
{
    *ws = (WaitStates){.model = {.name = name,
                                 .access = wait_states_access,
                                 .inline_form = wait_states_inline},
                       .clock = clock};
}

/* -- one grant
 * ------------------------------------------------------------------------ */

/* How many bus words the pieces of rq touch. */
static uint32_t count_beats(const Bus *bus, const TimingRequest *rq)
{
    uint32_t beats = 0;
    for (uint32_t i = 0; i < rq->pieces; i++) {
        hwaddr first = rq->addr + (uint64_t)i * rq->size;
        hwaddr last = first + rq->size - 1;
        beats += (uint32_t)(last / bus->width - first / bus->width) + 1;
        if (i == 0 && rq->pieces > 1 && rq->size <= bus->width &&
            rq->addr % rq->size == 0) {
            return rq->pieces; /* aligned pieces no wider than the bus */
        }
    }
    return beats;
}

static void note_wait(Bus *bus, uint16_t initiator, uint16_t blocker,
                      uint64_t cycles)
{
    bus->wait_cycles += cycles;
    for (uint32_t i = 0; i < bus->waits; i++) {
        BusWait *w = &bus->wait[i];
        if (w->initiator == initiator && w->blocker == blocker) {
            w->waits++;
            w->cycles += cycles;
            return;
        }
    }
    if (bus->waits == bus->wait_capacity) {
        uint32_t capacity = bus->wait_capacity ? 2 * bus->wait_capacity : 16;
        BusWait *wait = realloc(bus->wait, capacity * sizeof(*wait));
        if (!wait) {
            abort(); /* the host has no memory for a small table */
        }
        bus->wait = wait;
        bus->wait_capacity = capacity;
    }
    bus->wait[bus->waits++] = (BusWait){initiator, blocker, 1, cycles};
}

/* The bus's own wait states for such a transaction, in its cycles. */
static uint64_t own_first(const Bus *bus, bool is_write)
{
    return is_write ? bus->target_waits.write_first
                    : bus->target_waits.read_first;
}
static uint64_t own_next(const Bus *bus, bool is_write)
{
    return is_write ? bus->target_waits.write_next
                    : bus->target_waits.read_next;
}

/* Grants rq at the clock edge `at`, when the bus is free. */
static void grant(Bus *bus, TimingRequest *rq, uint64_t at)
{
    const ClockDomain *clk = bus->clock;
    uint64_t begin = clock_cycle_at(clk, at);
    uint64_t asked = clock_cycle_at(clk, rq->issue);
    rq->granted = at;
    rq->bus = bus->model.id;
    rq->width = bus->width;
    rq->beats = count_beats(bus, rq);
    rq->blocker = 0;
    if (begin > asked) {
        rq->blocker = bus->holder;
        note_wait(bus, rq->port->id, bus->holder, begin - asked);
    }
    uint64_t head = begin + bus->overhead;
    TimingRequest target = *rq;
    target.issue = clock_time(clk, head);
    target.pieces = rq->beats;
    target.done = target.issue;
    target.target_ps = target.beat_first = target.beat_next = 0;
    if (rq->target) {
        rq->target->access(rq->target, &target);
    }
    const uint64_t first = own_first(bus, rq->is_write);
    const uint64_t next = own_next(bus, rq->is_write);
    const uint64_t own = first + (rq->beats - 1) * next;
    uint64_t waits = clock_cycle_at(clk, target.done) - head + own;
    uint64_t end = head + rq->beats + waits;
    uint64_t cycle = clock_time(clk, 1);
    rq->done = clock_time(clk, end);
    rq->target_ps = target.target_ps + clock_time(clk, own);
    rq->beat_first =
        clock_time(clk, bus->overhead + 1 + first) + target.beat_first;
    rq->beat_next = cycle + clock_time(clk, next) + target.beat_next;
    bus->free_at = rq->done;
    bus->holder = rq->port->id;
    bus->transactions++;
    bus->beats += rq->beats;
    bus->bytes += (uint64_t)rq->size * rq->pieces;
    bus->busy_cycles += end - begin;
}

/* -- arbitration
 * ------------------------------------------------------------------------- */

/* Does a win over b? */
static bool beats_other(const Bus *bus, const TimingRequest *a,
                        const TimingRequest *b)
{
    if (bus->arbitration == BUS_FIXED) {
        if (a->port->priority != b->port->priority) {
            return a->port->priority < b->port->priority;
        }
        return a->port->id < b->port->id;
    }
    /* Round robin: the first after the last winner, going round. */
    uint16_t da = (uint16_t)(a->port->id - bus->last_winner - 1);
    uint16_t db = (uint16_t)(b->port->id - bus->last_winner - 1);
    return da < db;
}

/* The winner among those that asked by `at` and `best` (may be NULL). */
static TimingRequest *pick(Bus *bus, TimingRequest *best, uint64_t at)
{
    unsigned asking = best != NULL;
    for (TimingRequest *rq = bus->waiting; rq; rq = rq->next) {
        if (rq->issue <= at) {
            asking++;
            best = !best || beats_other(bus, rq, best) ? rq : best;
        }
    }
    if (asking > 1) {
        bus->last_winner = best->port->id;
    }
    return best;
}

static void take_out(Bus *bus, TimingRequest *rq)
{
    for (TimingRequest **p = &bus->waiting; *p; p = &(*p)->next) {
        if (*p == rq) {
            *p = rq->next;
            return;
        }
    }
}

static uint64_t edge_at(const Bus *bus, uint64_t ps)
{
    return clock_time(bus->clock, clock_cycle_at(bus->clock, ps));
}

static void schedule_arbitration(Bus *bus)
{
    if (!bus->waiting) {
        event_cancel(bus->events, &bus->arbitrate);
        return;
    }
    uint64_t at = bus->waiting->issue;
    for (TimingRequest *rq = bus->waiting; rq; rq = rq->next) {
        at = rq->issue < at ? rq->issue : at;
    }
    at = edge_at(bus, at > bus->free_at ? at : bus->free_at);
    event_schedule(bus->events, &bus->arbitrate, at);
}

static void bus_arbitrate(void *opaque, uint64_t when)
{
    Bus *bus = opaque;
    TimingRequest *rq = bus->free_at > when ? NULL : pick(bus, NULL, when);
    if (rq) {
        take_out(bus, rq);
        grant(bus, rq, when);
        rq->on_grant(rq);
    }
    schedule_arbitration(bus);
}

/* A synchronous initiator waits here: whatever is due before its grant happens
 * first, and may be granted first. */
static void bus_access(TimingModel *model, TimingRequest *rq)
{
    Bus *bus = (Bus *)model;
    for (;;) {
        uint64_t at = rq->issue > bus->free_at ? rq->issue : bus->free_at;
        at = edge_at(bus, at);
        if (event_horizon(bus->events) <= at) {
            event_run_one(bus->events);
            continue;
        }
        TimingRequest *winner = pick(bus, rq, at);
        if (winner == rq) {
            grant(bus, rq, at);
            break;
        }
        take_out(bus, winner);
        bus->events->world->now = at;
        grant(bus, winner, at);
        winner->on_grant(winner);
    }
    schedule_arbitration(bus);
}

static void bus_request(TimingModel *model, TimingRequest *rq)
{
    Bus *bus = (Bus *)model;
    TimingRequest **p = &bus->waiting;
    while (*p && (*p)->issue <= rq->issue) {
        p = &(*p)->next;
    }
    rq->next = *p;
    *p = rq;
    schedule_arbitration(bus);
}

static bool bus_inline_form(TimingModel *model, const TimingRequest *rq,
                            TimingInline *form)
{
    Bus *bus = (Bus *)model;
    if (rq->port->clock->hz != bus->clock->hz || !bus->clock->period) {
        return false; /* the cost would depend on where the edges fall */
    }
    TimingRequest target = *rq;
    target.pieces = count_beats(bus, rq);
    TimingInline inner = {0};
    if (rq->target && (!rq->target->inline_form ||
                       !rq->target->inline_form(rq->target, &target, &inner))) {
        return false;
    }
    uint64_t cycle = bus->clock->period;
    form->target_first =
        inner.target_first + own_first(bus, rq->is_write) * cycle;
    form->target_next = inner.target_next + own_next(bus, rq->is_write) * cycle;
    form->first = (bus->overhead + 1) * cycle + form->target_first;
    form->next = cycle + form->target_next;
    form->beats = target.pieces;
    form->width = bus->width;
    return true;
}

/* An inline form is had only where this bus's clock is the port's. */
static bool bus_take(TimingModel *model, const MemoryPort *port, uint64_t issue,
                     const TimingCost *cost)
{
    Bus *bus = (Bus *)model;
    const EventQueue *events = bus->events;
    if (issue < bus->free_at || bus->waiting ||
        (events->count && events->heap[0]->when <= issue)) {
        return false; /* or perhaps not: access() knows */
    }
    bus->free_at = issue + cost->ps;
    bus->holder = port->id;
    return true;
}

static uint64_t bus_clear_at(TimingModel *model)
{
    const Bus *bus = (const Bus *)model;
    return bus->waiting ? TIME_NEVER : bus->free_at;
}

static void bus_account(TimingModel *model, uint64_t transactions,
                        uint64_t beats, uint64_t bytes, uint64_t cycles)
{
    Bus *bus = (Bus *)model;
    bus->transactions += transactions;
    bus->beats += beats;
    bus->bytes += bytes;
    bus->busy_cycles += cycles;
}

/* -- life
 * -----------------------------------------------------------------------------------
 */

bool bus_init(Bus *bus, const char *name, const ClockDomain *clock,
              EventQueue *events, uint32_t width, Error **errp)
{
    if (width < 1 || width > 128 || (width & (width - 1))) {
        return error_set(
            errp,
            "bus %s is %u bytes wide; a power of two from 1 to 128 "
            "is needed",
            name, width);
    }
    *bus = (Bus){.model = {.name = name,
                           .access = bus_access,
                           .request = bus_request,
                           .inline_form = bus_inline_form,
                           .clear_at = bus_clear_at,
                           .account = bus_account,
                           .take = bus_take},
                 .clock = clock,
                 .events = events,
                 .width = width,
                 .arbitration = BUS_ROUND_ROBIN};
    event_init(events, &bus->arbitrate, name, EVENT_LATE, bus_arbitrate, bus);
    return true;
}

void bus_reset(Bus *bus)
{
    bus->free_at = 0;
    bus->holder = bus->last_winner = 0;
    bus->waiting = NULL;
    event_cancel(bus->events, &bus->arbitrate);
}

void bus_fini(Bus *bus)
{
    event_cancel(bus->events, &bus->arbitrate);
    free(bus->wait);
    bus->wait = NULL;
}
