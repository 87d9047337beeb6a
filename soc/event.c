/*
 * event.c - the event queue: a binary heap in the order (when, phase, id).
 *
 * Model    An event knows its slot in the heap, so moving and cancelling cost
 *          log n. Ids are unique, so the order is total: it depends neither on
 *          the order of scheduling nor on the shape of the heap.
 * Units    picoseconds.
 * Source   DESIGN.md section 2, soc/.
 * Missing  Leaving the queue for good: an event lives as long as its queue.
 */
#include "soc/event.h"

#include <stdlib.h>

void event_queue_init(EventQueue *q, MemoryWorld *world)
{
    *q = (EventQueue){.world = world, .end = TIME_NEVER};
}

void event_queue_clear(EventQueue *q)
{
    while (q->count) {
        q->heap[--q->count]->slot = 0;
    }
}

void event_queue_fini(EventQueue *q)
{
    free(q->heap);
    q->heap = NULL;
    q->count = q->capacity = 0;
}

void event_init(EventQueue *q, Event *ev, const char *name, EventPhase phase,
                void (*fn)(void *opaque, uint64_t when), void *opaque)
{
    *ev = (Event){.fn = fn,
                  .opaque = opaque,
                  .name = name,
                  .id = ++q->last_id,
                  .phase = phase};
    if (q->last_id > q->capacity) {
        size_t capacity = q->capacity ? 2 * q->capacity : 16;
        Event **heap = realloc(q->heap, capacity * sizeof(*heap));
        if (!heap) {
            abort(); /* the host has no memory for a table of pointers */
        }
        q->heap = heap;
        q->capacity = capacity;
    }
}

/* -- the heap: heap[0] is the earliest ------------------------------------ */

static bool is_before(const Event *a, const Event *b)
{
    if (a->when != b->when) {
        return a->when < b->when;
    }
    return a->phase != b->phase ? a->phase < b->phase : a->id < b->id;
}

static void put(EventQueue *q, Event *ev, size_t at)
{
    q->heap[at] = ev;
    ev->slot = at + 1;
}

static void rise(EventQueue *q, Event *ev, size_t at)
{
    while (at > 0 && is_before(ev, q->heap[(at - 1) / 2])) {
        put(q, q->heap[(at - 1) / 2], at);
        at = (at - 1) / 2;
    }
    put(q, ev, at);
}

static void sink(EventQueue *q, Event *ev, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= q->count) {
            break;
        }
        if (child + 1 < q->count &&
            is_before(q->heap[child + 1], q->heap[child])) {
            child++;
        }
        if (!is_before(q->heap[child], ev)) {
            break;
        }
        put(q, q->heap[child], at);
        at = child;
    }
    put(q, ev, at);
}

/* ev may have to go up or down from `at`. */
static void settle_at(EventQueue *q, Event *ev, size_t at)
{
    if (at > 0 && is_before(ev, q->heap[(at - 1) / 2])) {
        rise(q, ev, at);
    } else {
        sink(q, ev, at);
    }
}

/* -- use ------------------------------------------------------------------- */

void event_cancel(EventQueue *q, Event *ev)
{
    if (!ev->slot) {
        return;
    }
    size_t at = ev->slot - 1;
    ev->slot = 0;
    Event *last = q->heap[--q->count];
    if (last != ev) {
        settle_at(q, last, at);
    }
}

void event_schedule(EventQueue *q, Event *ev, uint64_t when)
{
    if (when == TIME_NEVER) {
        event_cancel(q, ev);
        return;
    }
    uint64_t before = event_horizon(q);
    ev->when = when > event_now(q) ? when : event_now(q);
    if (ev->slot) {
        settle_at(q, ev, ev->slot - 1);
    } else {
        rise(q, ev, q->count++);
    }
    uint64_t after = event_horizon(q);
    if (after < before && q->shortened) {
        q->shortened(q->opaque, after);
    }
}

uint64_t event_next(const EventQueue *q)
{
    return q->count ? q->heap[0]->when : TIME_NEVER;
}

uint64_t event_horizon(const EventQueue *q)
{
    if (!q->count) {
        return TIME_NEVER;
    }
    return q->heap[0]->when + (q->heap[0]->phase == EVENT_LATE);
}

void event_run_one(EventQueue *q)
{
    if (!q->count) {
        return;
    }
    Event *ev = q->heap[0];
    event_cancel(q, ev);
    if (q->world->now < ev->when) {
        q->world->now = ev->when;
    }
    ev->fn(ev->opaque, ev->when);
}

void event_run_until(EventQueue *q, uint64_t until)
{
    while (q->count && event_horizon(q) <= until) {
        event_run_one(q);
    }
}
