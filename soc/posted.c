/* posted.c - see posted.h. */
#include "soc/posted.h"

static void ring(void *opaque, uint64_t when)
{
    PostedTimer *t = opaque;
    posted_buffer_alarm(&t->buffer, when);
}

static void set_alarm(PostedBuffer *b, uint64_t when)
{
    PostedTimer *t = (PostedTimer *)b; /* its first member */
    event_schedule(t->events, &t->alarm, when);
}

static bool wait_for_grant(PostedBuffer *b)
{
    PostedTimer *t = (PostedTimer *)b;
    EventQueue *events = t->events;
    for (unsigned passed = 1; b->pending && event_next(events) != TIME_NEVER;
         passed++) {
        event_run_one(events);
        if (passed % EVENT_WAIT_LOOK == 0) {
            if (events->waits) {
                events->waits(events->opaque);
            }
            if (event_next(events) >= events->end) {
                break; /* others starve it, beyond the end of the run */
            }
        }
    }
    return !b->pending;
}

bool posted_timer_init(PostedTimer *t, AddressSpace *as, const char *name,
                       const ClockDomain *clock, TimingModel *timing,
                       EventQueue *events, Error **errp)
{
    t->buffer.alarm = set_alarm;
    t->buffer.wait = wait_for_grant;
    t->events = events;
    if (!posted_buffer_init(&t->buffer, as, name, clock, timing, errp)) {
        return false;
    }
    event_init(events, &t->alarm, name, EVENT_NORMAL, ring, t);
    return true;
}

void posted_timer_reset(PostedTimer *t)
{
    event_cancel(t->events, &t->alarm);
    posted_buffer_reset(&t->buffer);
}

void posted_timer_fini(PostedTimer *t)
{
    if (t->buffer.entry) {
        event_cancel(t->events, &t->alarm);
        posted_buffer_fini(&t->buffer);
    }
}
