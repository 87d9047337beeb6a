/*
 * traffic.c - see traffic.h for the model.
 */
#include "soc/traffic.h"

#include <stdlib.h>
#include <string.h>

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static uint64_t now_cycle(const Traffic *t)
{
    return clock_cycle_at(t->master.clock, event_now(t->dev.events));
}

uint64_t traffic_start(const Traffic *t)
{
    return clock_cycle_at(t->master.clock, t->start_ps);
}

void traffic_pattern(const Traffic *t, hwaddr addr, uint8_t *bytes,
                     uint32_t len)
{
    const uint32_t word = (uint32_t)t->master.id << 24 | (t->issued & 0xffffff);
    uint8_t two[8]; /* as it lies in memory from addr on, twice */
    for (unsigned i = 0; i < sizeof(two); i++) {
        two[i] = (uint8_t)(word >> 8 * (unsigned)((addr + i) % 4));
    }
    for (; len >= 8; bytes += 8, len -= 8) {
        memcpy(bytes, two, sizeof(two));
    }
    memcpy(bytes, two, len);
}

/* -- when ------------------------------------------------------------------ */

/* The slot that is free first; NULL: all wait for their grant. */
static TrafficSlot *free_slot(Traffic *t)
{
    TrafficSlot *best = NULL;
    for (uint64_t i = 0; i < t->outstanding; i++) {
        TrafficSlot *s = &t->slot[i];
        if (!s->asked && (!best || s->ready < best->ready)) {
            best = s;
        }
    }
    return best;
}

/* The first cycle from `cycle` on that lies in an active part of a period. */
static uint64_t in_active(const Traffic *t, uint64_t cycle)
{
    uint64_t start = traffic_start(t);
    cycle = later(cycle, start);
    if (!t->period_ps) {
        return cycle;
    }
    uint64_t period = clock_cycle_at(t->master.clock, t->period_ps);
    uint64_t active = clock_cycle_at(t->master.clock, t->active_ps);
    uint64_t into = (cycle - start) % period;
    return into < active ? cycle : sum(cycle, period - into);
}

/* When the head can be issued by slot s. */
static uint64_t issue_cycle(const Traffic *t, const TrafficSlot *s)
{
    uint64_t cycle = later(t->next_cycle, s->ready);
    if (s->used) {
        cycle = later(cycle, sum(s->ready, t->head.gap));
    }
    if (t->head.timed) {
        cycle = later(cycle, t->head.due);
    }
    return in_active(t, cycle);
}

/* -- issue and completion -------------------------------------------------- */

static void schedule(Traffic *t, uint64_t ps)
{
    if (!event_pending(&t->step) || ps < t->step.when) {
        event_schedule(t->dev.events, &t->step, ps);
    }
}

/* Granted, and the data has moved; the request is complete at tx.done. */
static void moved(PortRequest *rq)
{
    TrafficSlot *s = rq->opaque;
    Traffic *t = s->traffic;
    const ClockDomain *clk = t->master.clock;
    uint64_t issued = clock_cycle_at(clk, rq->tx.issue);
    s->asked = false;
    s->ready = later(clock_cycle_at(clk, rq->tx.done), issued + 1);
    if (s->stale) {
        s->stale = false;
    } else {
        TrafficTotals *n = &t->totals;
        n->requests++;
        n->bytes += rq->len;
        n->errors += rq->tx.result != MEMTX_OK;
        n->longest = later(n->longest, s->ready - s->due);
        n->last_ps = later(n->last_ps, clock_time(clk, s->ready));
    }
    schedule(t, clock_time(clk, s->ready));
}

/* Issues the head, or as much of it as lies before a boundary. */
static void issue(Traffic *t, TrafficSlot *s, uint64_t cycle)
{
    TrafficAccess *a = &t->head;
    TrafficTotals *n = &t->totals;
    uint32_t room = TRAFFIC_BYTES - (uint32_t)(a->addr % TRAFFIC_BYTES);
    uint32_t len = a->len < room ? a->len : room;
    uint64_t now = event_now(t->dev.events);
    n->first_ps = t->issued ? n->first_ps : now;
    s->due = a->timed ? a->due : cycle;
    if (s->due < cycle) {
        n->late++;
        n->late_cycles += cycle - s->due;
        n->late_most = later(n->late_most, cycle - s->due);
    }
    if (a->is_write) {
        t->fill(t, a->addr, s->data, len);
    }
    s->asked = s->used = true;
    s->rq = (PortRequest){
        .tx = {.addr = a->addr,
               .va = a->addr,
               .issue = now,
               .attrs = {.requester_id = t->master.id},
               .kind = ACCESS_DMA},
        .buf = s->data,
        .len = len,
        .is_write = a->is_write,
        .done = moved,
        .opaque = s,
    };
    t->issued++;
    t->next_cycle = cycle + 1;
    a->addr += len;
    a->len -= len;
    a->gap = 0; /* the rest follows at once */
    t->has_head = a->len > 0;
    port_request(&t->master, &s->rq);
}

static bool any_asked(const Traffic *t)
{
    for (uint64_t i = 0; i < t->outstanding; i++) {
        if (t->slot[i].asked) {
            return true;
        }
    }
    return false;
}

/* Tells the host when the last request is complete. */
static void end(Traffic *t)
{
    uint64_t last = 0;
    if (any_asked(t)) {
        return; /* moved() comes */
    }
    for (uint64_t i = 0; i < t->outstanding; i++) {
        last = later(last, t->slot[i].used ? t->slot[i].ready : 0);
    }
    if (last > now_cycle(t)) {
        schedule(t, clock_time(t->master.clock, last));
    } else if (!t->told) {
        t->told = true;
        if (t->dev.host->traffic_ended) {
            t->dev.host->traffic_ended(t->dev.host->opaque, &t->dev);
        }
    }
}

static void step(void *opaque, uint64_t when)
{
    Traffic *t = opaque;
    uint64_t cycle = clock_cycle_at(t->master.clock, when);
    while (!t->ended) {
        if (!t->has_head) {
            t->head = (TrafficAccess){.len = 1};
            t->has_head = t->next(t, &t->head);
            t->named += t->has_head;
            t->ended = !t->has_head;
            continue;
        }
        TrafficSlot *s = free_slot(t);
        if (!s) {
            return;
        }
        uint64_t at = issue_cycle(t, s);
        uint64_t at_ps = clock_time(t->master.clock, at);
        if (at_ps >= t->until_ps) {
            if (any_asked(t)) {
                return; /* that slot may be free before */
            }
            t->ended = true;
        } else if (at > cycle) {
            schedule(t, at_ps);
            return;
        } else {
            issue(t, s, cycle);
        }
    }
    end(t);
}

TrafficTotals traffic_totals(const Traffic *t, uint64_t end_ps)
{
    TrafficTotals n = t->totals;
    uint64_t end = clock_cycle_at(t->master.clock,
                                  end_ps < t->until_ps ? end_ps : t->until_ps);
    uint64_t due = t->due ? t->due(t, end) : 0;
    uint64_t begun = t->named - t->has_head;
    if (due > begun) {
        n.missed = due - begun;
        n.late_most = later(n.late_most, end - t->head.due);
    }
    return n;
}

/* -- life ------------------------------------------------------------------ */

bool traffic_init(Traffic *t, Error **errp)
{
    Device *dev = &t->dev;
    if (t->outstanding < 1 || t->outstanding > TRAFFIC_SLOTS) {
        return error_set(errp, "outstanding of %s is out of range; 1 to %d",
                         dev->name, TRAFFIC_SLOTS);
    }
    t->slot = calloc(t->outstanding, sizeof(*t->slot));
    if (!t->slot) {
        return error_set(errp, "the host has no memory left for %s", dev->name);
    }
    for (uint64_t i = 0; i < t->outstanding; i++) {
        t->slot[i].traffic = t;
    }
    event_init(dev->events, &t->step, dev->name, EVENT_NORMAL, step, t);
    return true;
}

/* A request under way comes back later and is dropped then. */
void traffic_reset(Traffic *t)
{
    uint64_t now = now_cycle(t);
    for (uint64_t i = 0; i < t->outstanding; i++) {
        TrafficSlot *s = &t->slot[i];
        s->stale = s->asked;
        s->used = false;
        s->ready = now;
    }
    t->master.priority = (uint8_t)t->priority;
    t->has_head = t->ended = t->told = false;
    t->named = t->issued = 0;
    t->next_cycle = now;
    t->totals = (TrafficTotals){0};
    event_cancel(t->dev.events, &t->step);
    schedule(t, clock_time(t->master.clock, now));
}

void traffic_fini(Device *dev)
{
    Traffic *t = (Traffic *)dev;
    free(t->slot);
    t->slot = NULL;
}
