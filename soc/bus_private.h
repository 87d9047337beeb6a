/* bus_private.h - what bus*.c and bridge.c share. */
#ifndef SOC_BUS_PRIVATE_H
#define SOC_BUS_PRIVATE_H

#include "soc/bridge.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- bus.c: lanes and bursts */

uint64_t bus_edge(const Bus *bus, uint64_t ps); /* at or after ps */
/* How many bus words the pieces of rq touch. */
uint32_t bus_beats(const Bus *bus, const TimingRequest *rq);
/* One more lane; NULL: no memory. */
BusLane *bus_add_lane(Bus *bus, const char *name);

/* A burst of rq is over at burst->end. */
void bus_burst_end(BusLane *lane, TimingRequest *rq, const BusBurst *burst);
/* A split-phase request's burst is over: it is told, or asks again. */
void bus_burst_done(BusLane *lane, TimingRequest *rq);
void bus_schedule(BusLane *lane);

/* -- bus_arbiter.c */

/* The winner at edge `at` among those that asked by then and rq (may be NULL);
 * NULL: nobody may. */
TimingRequest *bus_pick(BusLane *lane, TimingRequest *rq, uint64_t at);
/* The first edge at or after the edge `at` at which rq may be granted. */
uint64_t bus_slot(const Bus *bus, const TimingRequest *rq, uint64_t at);
/* The first edge at or after `at` at which one of those that wait on the lane,
 * or rq (may be NULL), can be granted; TIME_NEVER: nobody asks. */
uint64_t bus_next_grant(BusLane *lane, const TimingRequest *rq, uint64_t at);

/* -- bus_calendar.c: which cycles of a lane are taken, where initiators take
 * turns. All in bus cycles; `cycles` is not 0. */

BusCalendar *bus_calendar_new(void); /* NULL: no memory; to be freed */
/* The first of so many free cycles, at or after `cycle`. */
uint64_t bus_calendar_gap(const BusCalendar *c, uint64_t cycle,
                          uint64_t cycles);
/* Whose `cycle` is; 0: nobody's. */
uint16_t bus_calendar_owner(const BusCalendar *c, uint64_t cycle);
/* [begin, end) is id's from now on, but for what is taken already. Returns how
 * many cycles were free. */
uint64_t bus_calendar_take(BusCalendar *c, uint64_t begin, uint64_t end,
                           uint16_t id);
/* The same, if all of them are free; else false, and nothing is done. */
bool bus_calendar_fit(BusCalendar *c, uint64_t begin, uint32_t cycles,
                      uint16_t id);

/* -- bridge.c */

/* Takes a burst of rq over, to bus_burst_end(). `part` is the burst; it is
 * issued when the overhead of the near bus has passed. */
void bridge_access(Bridge *b, TimingRequest *rq, const TimingRequest *part,
                   const BusBurst *burst);
/* Later, by bus_burst_end() and bus_burst_done(). */
void bridge_request(Bridge *b, TimingRequest *rq, const TimingRequest *part,
                    const BusBurst *burst);
/* What it costs over the bridge, when nobody is in the way on either bus. */
bool bridge_inline_form(Bridge *b, const TimingRequest *rq, uint32_t near_beats,
                        TimingInline *form);

#ifdef __cplusplus
}
#endif
#endif
