/*
 * posted.h - time for a posted-write buffer (memory/posted_buffer.h).
 *
 * Model    The buffer's alarm is an event; an initiator that waits for an entry
 *          which is under way runs what is due until the bus has granted it.
 * Units    picoseconds.
 * Missing  nothing known.
 */
#ifndef SOC_POSTED_H
#define SOC_POSTED_H

#include "memory/posted_buffer.h"
#include "soc/event.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct PostedTimer {
    PostedBuffer buffer;
    EventQueue *events;
    Event alarm;
} PostedTimer;

/* Configuration of the buffer (depth, merge, line, word, timeout, accept) is
 * set; everything is borrowed. */
bool posted_timer_init(PostedTimer *t, AddressSpace *as, const char *name,
                       const ClockDomain *clock, TimingModel *timing,
                       EventQueue *events, Error **errp);
void posted_timer_reset(PostedTimer *t); /* what waits is lost */
void posted_timer_fini(PostedTimer *t);  /* after a failed init, too */

#ifdef __cplusplus
}
#endif
#endif
