/* bus.c - see bus.h for the model, its source and what is missing. */
#include "soc/bus.h"

#include <stdlib.h>

#include "soc/bus_private.h"

/* -- beats and bursts ------------------------------------------------------ */

uint64_t bus_edge(const Bus *bus, uint64_t ps)
{
    return clock_time(bus->clock, clock_cycle_at(bus->clock, ps));
}

static uint32_t words(const Bus *bus, hwaddr addr, uint64_t size)
{
    const unsigned shift = (unsigned)__builtin_ctz(bus->width);
    return (uint32_t)(((addr + size - 1) >> shift) - (addr >> shift)) + 1;
}

uint32_t bus_beats(const Bus *bus, const TimingRequest *rq)
{
    if (rq->pieces > 1 && rq->size <= bus->width && rq->addr % rq->size == 0) {
        return rq->pieces; /* aligned pieces no wider than the bus */
    }
    uint32_t beats = 0;
    for (uint32_t i = 0; i < rq->pieces; i++) {
        beats += words(bus, rq->addr + (uint64_t)i * rq->size, rq->size);
    }
    return beats;
}

static uint64_t bytes_of(const TimingRequest *rq)
{
    return (uint64_t)rq->size * rq->pieces;
}

static bool all_moved(const TimingRequest *rq)
{
    return rq->moved >= bytes_of(rq);
}

/* What of rq is moved next. */
static TimingRequest next_part(const Bus *bus, const TimingRequest *rq)
{
    TimingRequest part = {.port = rq->port,
                          .addr = rq->addr,
                          .size = rq->size,
                          .pieces = rq->pieces,
                          .is_write = rq->is_write,
                          .direct = rq->direct,
                          .target = rq->target,
                          .issue = rq->issue};
    if (!bus->burst || (!rq->moved && bus_beats(bus, rq) <= bus->burst)) {
        return part;
    }
    uint64_t inside = rq->moved % rq->size; /* of a piece */
    part.addr = rq->addr + rq->moved;
    part.pieces = 0;
    uint32_t left = rq->pieces - (uint32_t)(rq->moved / rq->size), beats = 0;
    while (!inside && part.pieces < left) {
        beats +=
            words(bus, part.addr + (uint64_t)part.pieces * rq->size, rq->size);
        if (beats > bus->burst) {
            break;
        }
        part.pieces++;
    }
    if (!part.pieces) { /* a part of a piece */
        hwaddr room =
            (uint64_t)bus->burst * bus->width - part.addr % bus->width;
        part.pieces = 1;
        part.size = rq->size - (uint32_t)inside;
        part.size = part.size < room ? part.size : (uint32_t)room;
    }
    return part;
}

static void note_wait(Bus *bus, uint16_t initiator, uint16_t blocker,
                      uint64_t cycles)
{
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

/* Does it share cycles with those before? */
static bool overlaps(const BusLane *lane, const BusBurst *burst)
{
    return lane->bus->outstanding > 1 && !burst->aside && !burst->in_turn;
}

/* The lane was granted to `holder` at bus cycle `begin`, its data end then. */
static void hold(BusLane *lane, uint16_t holder, uint64_t begin, uint64_t end)
{
    const Bus *bus = lane->bus;
    lane->open = false;
    if (end < lane->data_end) { /* others were served ahead of their time */
        lane->free_at = lane->data_end;
        return;
    }
    lane->holder = holder;
    lane->data_end = lane->free_at = end;
    if (bus->outstanding > 1) {
        lane->turn = (lane->turn + 1) % bus->outstanding;
        lane->end[lane->turn] = end;
        uint64_t oldest = lane->end[(lane->turn + 1) % bus->outstanding];
        uint64_t passed =
            clock_time(bus->clock, begin + (bus->overhead ? bus->overhead : 1));
        lane->free_at = passed > oldest ? passed : oldest;
    }
}

/* Who was in the way of a burst, asked for at `edge`, that had to wait. */
static uint16_t blocker_of(const BusLane *lane, const BusBurst *burst,
                           uint64_t edge)
{
    if (burst->in_turn) {
        return bus_calendar_owner(lane->calendar, burst->begin - 1);
    }
    return lane->data_end > edge ? lane->holder : 0;
}

void bus_burst_end(BusLane *lane, TimingRequest *rq, const BusBurst *burst)
{
    const Bus *bus = lane->bus;
    const ClockDomain *clk = bus->clock;
    uint64_t edge = clock_time(clk, burst->asked);
    uint64_t done = clock_time(clk, burst->end);
    uint64_t moving = edge - rq->asked + burst->moving_ps;
    if (burst->waited) {
        uint16_t blocker = blocker_of(lane, burst, edge);
        rq->blocker = blocker;
        lane->wait_cycles += burst->waited;
        note_wait(lane->bus, rq->port->id, blocker, burst->waited);
    }
    if (burst->last->blocker) {
        rq->blocker = burst->last->blocker;
    }
    if (!rq->moved) {
        lane->transactions++;
        rq->bus = burst->last->bus;
        rq->width = burst->last->width;
        rq->beat_first = burst->last->beat_first;
        rq->beat_next = burst->last->beat_next;
    }
    rq->moved += burst->bytes;
    rq->beats += burst->last->beats;
    rq->target_ps += burst->last->target_ps;
    rq->granted = burst->granted;
    rq->done = done;
    rq->moving_ps += moving + (all_moved(rq) ? 0 : done - rq->granted);
    rq->asked = done;
    lane->beats += burst->beats;
    lane->bytes += all_moved(rq) ? rq->moved : 0; /* as its initiator counts */
    if (!burst->aside) {
        uint64_t before = burst->begin;
        if (overlaps(lane,
                     burst)) { /* its address passed during others' data */
            uint64_t data = clock_cycle_at(clk, lane->data_end);
            before = data > before ? data : before;
        }
        lane->busy_cycles += burst->end - before;
        if (lane->calendar) {
            bus_calendar_take(lane->calendar, before, burst->end - before,
                              rq->port->id);
        }
        hold(lane, rq->port->id, burst->begin, done);
    }
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

/* One whose target is on this bus; part becomes what came of it. */
static void burst_here(BusLane *lane, TimingRequest *rq, TimingRequest *part,
                       BusBurst *burst)
{
    const Bus *bus = lane->bus;
    const ClockDomain *clk = bus->clock;
    uint64_t head = burst->begin + bus->overhead;
    part->pieces = burst->beats;
    part->done = part->issue;
    if (part->target) {
        part->target->access(part->target, part);
    }
    const uint64_t first = own_first(bus, rq->is_write);
    const uint64_t next = own_next(bus, rq->is_write);
    const uint64_t own = first + (burst->beats - 1) * next;
    uint64_t waits = clock_cycle_at(clk, part->done) - head + own;
    if (overlaps(lane, burst)) {
        uint64_t data = head + first + clock_cycle_at(clk, part->beat_first);
        uint64_t before = clock_cycle_at(clk, lane->data_end);
        uint64_t shift = before > data ? before - data : 0;
        burst->granted = clock_time(clk, burst->begin + shift);
        burst->waited += shift;
        waits += shift;
    }
    burst->end = head + burst->beats + waits;
    part->bus = bus->model.id;
    part->width = bus->width;
    part->blocker = 0;
    part->beats = burst->beats;
    part->target_ps += clock_time(clk, own);
    part->beat_first += clock_time(clk, bus->overhead + 1 + first);
    part->beat_next += clock_time(clk, 1 + next);
    burst->last = part;
    bus_burst_end(lane, rq, burst);
}

/* -- lanes ----------------------------------------------------------------- */

static const BusRoute *route_of(const Bus *bus, const TimingModel *target)
{
    for (uint32_t i = 0; i < bus->routes; i++) {
        if (bus->route[i].target == target) {
            return &bus->route[i];
        }
    }
    return NULL;
}

static BusLane *lane_of(Bus *bus, const TimingModel *target)
{
    const BusRoute *route = route_of(bus, target);
    return route ? route->lane : &bus->lane;
}

static void take_out(BusLane *lane, TimingRequest *rq)
{
    for (TimingRequest **p = &lane->waiting; *p; p = &(*p)->next) {
        if (*p == rq) {
            *p = rq->next;
            return;
        }
    }
}

static void put_in(BusLane *lane, TimingRequest *rq)
{
    TimingRequest **p = &lane->waiting;
    while (*p && (*p)->asked <= rq->asked) {
        p = &(*p)->next;
    }
    rq->next = *p;
    *p = rq;
}

void bus_schedule(BusLane *lane)
{
    EventQueue *events = lane->bus->events;
    if (!lane->waiting || lane->open) {
        event_cancel(events, &lane->arbitrate);
        return;
    }
    event_schedule(events, &lane->arbitrate,
                   bus_next_grant(lane, NULL, bus_free_at(lane)));
}

/* Grants the next burst of rq at the edge `at`. False: a split-phase one is on
 * its way over a bridge, and its end is told later. */
static bool grant(BusLane *lane, TimingRequest *rq, uint64_t at, bool split)
{
    Bus *bus = lane->bus;
    const BusRoute *route = route_of(bus, rq->target);
    TimingRequest part = next_part(bus, rq);
    uint64_t begin = clock_cycle_at(bus->clock, at);
    uint64_t asked = clock_cycle_at(bus->clock, rq->asked);
    BusBurst burst = {.asked = asked,
                      .begin = begin,
                      .granted = at,
                      .waited = begin - asked,
                      .bytes = bytes_of(&part),
                      .beats = bus_beats(bus, &part),
                      .aside = lane->open,
                      .in_turn = lane->calendar && !split};
    part.issue = clock_time(bus->clock, begin + bus->overhead);
    if (!route || !route->via) {
        burst_here(lane, rq, &part, &burst);
        return true;
    }
    if (!burst.aside) {
        lane->open = true;
        lane->free_at = TIME_NEVER;
        event_cancel(bus->events, &lane->arbitrate);
    }
    if (split) {
        bridge_request(route->via, rq, &part, &burst);
    } else {
        bridge_access(route->via, rq, &part, &burst);
    }
    return !split;
}

static void bus_deliver(void *opaque, uint64_t when)
{
    BusLane *lane = opaque;
    while (lane->granted && lane->granted->granted <= when) {
        TimingRequest *rq = lane->granted;
        lane->granted = rq->next;
        rq->on_grant(rq);
    }
    event_schedule(lane->bus->events, &lane->deliver,
                   lane->granted ? lane->granted->granted : TIME_NEVER);
}

void bus_burst_done(BusLane *lane, TimingRequest *rq)
{
    EventQueue *events = lane->bus->events;
    if (!all_moved(rq)) {
        put_in(lane, rq);
    } else if (rq->granted > event_now(events)) {
        TimingRequest **p = &lane->granted;
        while (*p && (*p)->granted <= rq->granted) {
            p = &(*p)->next;
        }
        rq->next = *p;
        *p = rq;
        event_schedule(events, &lane->deliver, lane->granted->granted);
    } else {
        rq->on_grant(rq);
    }
}

static void grant_split(BusLane *lane, TimingRequest *rq, uint64_t at)
{
    take_out(lane, rq);
    if (grant(lane, rq, at, true)) {
        bus_burst_done(lane, rq);
    }
}

static void bus_arbitrate(void *opaque, uint64_t when)
{
    BusLane *lane = opaque;
    TimingRequest *rq =
        bus_free_at(lane) > when ? NULL : bus_pick(lane, NULL, when);
    if (rq) {
        grant_split(lane, rq, when);
    }
    bus_schedule(lane);
}

/* -- asking ---------------------------------------------------------------- */

static void begin_request(TimingRequest *rq)
{
    rq->asked = rq->issue;
    rq->moved = rq->moving_ps = rq->target_ps = 0;
    rq->beats = 0;
    rq->blocker = 0;
}

static void run_event(EventQueue *events)
{
    events->waiting++;
    event_run_one(events);
    events->waiting--;
}

/* A synchronous initiator waits here: whatever is due before its grant happens
 * first, and may be granted first. Returns the time of its grant. */
static uint64_t wait_for_grant(BusLane *lane, TimingRequest *rq)
{
    Bus *bus = lane->bus;
    EventQueue *events = bus->events;
    const uint64_t asked = bus_edge(bus, rq->asked);
    for (unsigned passed = 1;; passed++) {
        if (passed % EVENT_WAIT_LOOK == 0 && events->waits) {
            events->waits(events->opaque);
        }
        uint64_t at = TIME_NEVER;
        if (lane->open && (events->waiting || !events->count)) {
            return asked; /* what holds it cannot go on before this one has */
        }
        if (!lane->open) {
            at = bus_first_grant(lane, rq, asked);
            if (at >= events->end) {
                return at;
            }
        }
        if (event_horizon(events) <= at) {
            run_event(events);
            continue;
        }
        TimingRequest *winner =
            at < bus_free_at(lane) ? rq : bus_pick(lane, rq, at);
        if (winner == rq) {
            return at;
        }
        events->world->now = at;
        grant_split(lane, winner, at);
    }
}

static void bus_access(TimingModel *model, TimingRequest *rq)
{
    Bus *bus = (Bus *)model;
    BusLane *lane = lane_of(bus, rq->target);
    begin_request(rq);
    do {
        grant(lane, rq, wait_for_grant(lane, rq), false);
    } while (!all_moved(rq));
    bus_schedule(lane);
    while (bus->outstanding > 1 && event_horizon(bus->events) <= rq->granted) {
        run_event(bus->events);
    }
}

static void bus_request(TimingModel *model, TimingRequest *rq)
{
    BusLane *lane = lane_of((Bus *)model, rq->target);
    begin_request(rq);
    put_in(lane, rq);
    bus_schedule(lane);
}

/* -- inline forms ---------------------------------------------------------- */

/* Can a grant be had at any time? */
static bool any_time(const Bus *bus)
{
    return bus->arbitration != BUS_TDM || bus->spare;
}

static bool bus_inline_form(TimingModel *model, const TimingRequest *rq,
                            TimingInline *form)
{
    Bus *bus = (Bus *)model;
    if (rq->port->clock->hz != bus->clock->hz || !bus->clock->period) {
        return false; /* the cost would depend on where the edges fall */
    }
    uint32_t beats = bus_beats(bus, rq);
    if (bus->burst && beats > bus->burst) {
        return false;
    }
    const BusRoute *route = route_of(bus, rq->target);
    if (route && route->via) {
        return bridge_inline_form(route->via, rq, beats, form);
    }
    TimingRequest target = *rq;
    target.pieces = beats;
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
    form->beats = beats;
    form->width = bus->width;
    form->bus = bus->model.id;
    return true;
}

/* Out of line, so that a plain bus_take() saves no registers. */
static __attribute__((noinline)) bool take_piped(BusLane *lane, uint16_t holder,
                                                 uint64_t issue, uint64_t ps)
{
    hold(lane, holder, clock_cycle_at(lane->bus->clock, issue), issue + ps);
    return true;
}

/* The lane of a take(); NULL: the far bus decides. */
static BusLane *own_lane(Bus *bus, const TimingModel *target)
{
    const BusRoute *route = route_of(bus, target);
    return !route ? &bus->lane : route->via ? NULL : route->lane;
}

/* An inline form is had only where this bus's clock is the port's. */
static bool bus_take(TimingModel *model, const MemoryPort *port, uint64_t issue,
                     const TimingCost *cost)
{
    Bus *bus = (Bus *)model;
    const EventQueue *events = bus->events;
    BusLane *lane = bus->routes ? own_lane(bus, cost->target) : &bus->lane;
    if (!lane || lane->open || lane->waiting || !any_time(bus) ||
        (events->count && events->heap[0]->when <= issue)) {
        return false; /* or perhaps not: access() knows */
    }
    if (lane->calendar) {
        return bus_take_free(lane, port, issue, cost);
    }
    if (issue < lane->data_end) {
        return false;
    }
    if (bus->outstanding > 1) {
        return take_piped(lane, port->id, issue, cost->ps);
    }
    lane->data_end = lane->free_at = issue + cost->ps;
    lane->holder = port->id;
    return true;
}

static uint64_t bus_clear_at(TimingModel *model)
{
    const Bus *bus = (const Bus *)model;
    uint64_t clear = any_time(bus) ? 0 : TIME_NEVER;
    for (const BusLane *l = &bus->lane; l; l = l->next) {
        bool others = l->waiting || l->granted || l->open;
        uint64_t at = others || l->calendar ? TIME_NEVER : l->data_end;
        clear = at > clear ? at : clear;
    }
    for (const Bridge *b = bus->bridges; b; b = b->next) {
        uint64_t at = bus_clear_at(&b->far_bus->model);
        clear = at > clear ? at : clear;
    }
    return clear;
}

static void bus_account(TimingModel *model, const TimingRequest *rq, uint64_t n)
{
    Bus *bus = (Bus *)model;
    const BusRoute *route = route_of(bus, rq->target);
    BusLane *lane = route ? route->lane : &bus->lane;
    TimingInline form;
    if (!bus_inline_form(model, rq, &form)) {
        return; /* then none went inline */
    }
    uint64_t ps = form.first + (form.beats - 1) * form.next;
    lane->transactions += n;
    lane->beats += n * bus_beats(bus, rq);
    lane->bytes += n * bytes_of(rq);
    lane->busy_cycles += n * (ps / bus->clock->period);
    if (route && route->via) {
        route->via->transactions += n;
        route->via->bytes += n * bytes_of(rq);
        bus_account(&route->via->far_bus->model, rq, n);
    }
}

/* -- life ------------------------------------------------------------------ */

static void lane_init(Bus *bus, BusLane *lane, const char *name)
{
    *lane = (BusLane){.bus = bus, .name = name};
    event_init(bus->events, &lane->arbitrate, bus->model.name, EVENT_LATE,
               bus_arbitrate, lane);
    event_init(bus->events, &lane->deliver, bus->model.name, EVENT_LATE,
               bus_deliver, lane);
}

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
                 .outstanding = 1,
                 .slot_cycles = 1,
                 .arbitration = BUS_ROUND_ROBIN};
    lane_init(bus, &bus->lane, NULL);
    return true;
}

BusLane *bus_add_lane(Bus *bus, const char *name)
{
    if (!bus->crossbar) {
        return &bus->lane;
    }
    BusLane *lane = calloc(1, sizeof(*lane));
    if (lane) {
        BusLane **last = &bus->lane.next;
        while (*last) {
            last = &(*last)->next;
        }
        lane_init(bus, lane, name);
        *last = lane;
    }
    return lane;
}

bool bus_add_target(Bus *bus, const TimingModel *target, const char *name,
                    Bridge *via, Error **errp)
{
    if (!bus->crossbar && !via) {
        return true;
    }
    BusRoute *route = realloc(bus->route, (bus->routes + 1) * sizeof(*route));
    if (route) {
        bus->route = route;
    }
    BusLane *lane = !route ? NULL : via ? via->lane : bus_add_lane(bus, name);
    if (!lane) {
        return error_set(errp, "the host has no memory left for bus %s",
                         bus->model.name);
    }
    bus->route[bus->routes++] = (BusRoute){target, lane, via};
    return true;
}

bool bus_take_turns(Bus *bus, Error **errp)
{
    for (BusLane *l = &bus->lane; l; l = l->next) {
        l->calendar = l->calendar ? l->calendar : bus_calendar_new();
        if (!l->calendar) {
            return error_set(errp, "the host has no memory left for bus %s",
                             bus->model.name);
        }
    }
    return true;
}

void bus_reset(Bus *bus)
{
    for (BusLane *l = &bus->lane; l; l = l->next) {
        l->holder = l->last_winner = 0;
    }
}

void bus_fini(Bus *bus)
{
    while (bus->lane.next) {
        BusLane *lane = bus->lane.next;
        bus->lane.next = lane->next;
        event_cancel(bus->events, &lane->arbitrate);
        event_cancel(bus->events, &lane->deliver);
        free(lane->calendar);
        free(lane);
    }
    event_cancel(bus->events, &bus->lane.arbitrate);
    event_cancel(bus->events, &bus->lane.deliver);
    free(bus->lane.calendar);
    bus->lane.calendar = NULL;
    free(bus->wait);
    free(bus->route);
    bus->wait = NULL;
    bus->route = NULL;
}

BusTotals bus_totals(const Bus *bus)
{
    BusTotals sum = {0};
    for (const BusLane *l = &bus->lane; l; l = l->next) {
        sum.transactions += l->transactions;
        sum.beats += l->beats;
        sum.bytes += l->bytes;
        sum.wait_cycles += l->wait_cycles;
        sum.busy_cycles =
            l->busy_cycles > sum.busy_cycles ? l->busy_cycles : sum.busy_cycles;
        sum.end = l->data_end > sum.end ? l->data_end : sum.end;
        sum.lanes++;
    }
    return sum;
}
