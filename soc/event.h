/*
 * event.h - simulated time: "call me at that time".
 *
 * Events live inside their device; the queue never allocates on the way (its
 * heap grows when an event is added, once per event). Events due at the same
 * time run by phase, then by id: never by the order in which they were
 * scheduled or configured.
 *
 * Phases: EVENT_NORMAL runs before any initiator acts at that time, so a hart
 * sees an interrupt raised at T at its first instruction boundary at or after
 * T. EVENT_LATE runs when every initiator has done what it does at T: a bus
 * decides there who is granted.
 *
 * Units    picoseconds.
 */
#ifndef SOC_EVENT_H
#define SOC_EVENT_H

#include "memory/clock.h"
#include "memory/world.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum EventPhase { EVENT_NORMAL, EVENT_LATE } EventPhase;

typedef struct Event {
    void (*fn)(void *opaque, uint64_t when);
    void *opaque;
    const char *name; /* borrowed; breaks ties after id */
    uint32_t id;      /* unique in the queue; set by event_init */
    EventPhase phase;
    uint64_t when; /* ps; meaningful while pending */
    size_t slot;   /* private: index in the heap + 1; 0: not pending */
} Event;

typedef struct EventQueue {
    MemoryWorld *world; /* whose `now` is the time */
    Event **heap;
    size_t count, capacity;
    uint32_t last_id;
    unsigned waiting; /* accesses that run events until they are granted */
    /* Told when the earliest pending event became earlier, with the time a
     * hart may run up to (exclusive). Set by the run loop; may be NULL. */
    void (*shortened)(void *opaque, uint64_t horizon);
    void *opaque;
    /* ps: the run's limit. An access that others keep waiting for ever gives up
     * there. */
    uint64_t end;
    /* Told now and then while one access waits and events pass: it may look
     * whether the run is to go on, and set `end`. May be NULL. */
    void (*waits)(void *opaque);
} EventQueue;

/* Events that pass during one wait between two calls of waits(). */
enum { EVENT_WAIT_LOOK = 4096 };

void event_queue_init(EventQueue *q, MemoryWorld *world);
/* Forgets all events; before the first of them is freed. */
void event_queue_clear(EventQueue *q);
void event_queue_fini(EventQueue *q);

/* The time, ps: of the access or event under way. */
static inline uint64_t event_now(const EventQueue *q)
{
    return q->world->now;
}

/* Ids are given in the order of these calls; the composer makes that order the
 * one of device names. Room in the heap is reserved here. */
void event_init(EventQueue *q, Event *ev, const char *name, EventPhase phase,
                void (*fn)(void *opaque, uint64_t when), void *opaque);
/* Schedules ev at `when` (a time before now counts as now), moving it if it was
 * pending. TIME_NEVER cancels. */
void event_schedule(EventQueue *q, Event *ev, uint64_t when);
void event_cancel(EventQueue *q, Event *ev); /* not pending is fine */
static inline bool event_pending(const Event *ev)
{
    return ev->slot != 0;
}

/* When the earliest event is due; TIME_NEVER if none. */
uint64_t event_next(const EventQueue *q);
/* Up to which time (exclusive) initiators may run before the next event: its
 * time, or 1 ps after it for a late one. */
uint64_t event_horizon(const EventQueue *q);
/* Runs the one earliest event, with now = its time (now never goes back). */
void event_run_one(EventQueue *q);
/* Runs every event due at or before `until`, late ones at `until` excluded. */
void event_run_until(EventQueue *q, uint64_t until);

#ifdef __cplusplus
}
#endif
#endif
