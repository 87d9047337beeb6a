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
/* The first edge at or after `at` at which one of those that wait on the lane,
 * or rq (may be NULL), can be granted; TIME_NEVER: nobody asks. */
uint64_t bus_next_grant(BusLane *lane, const TimingRequest *rq, uint64_t at);

/* From which edge on nobody has the lane, or was promised it. */
uint64_t bus_free_at(const BusLane *lane);
/* The first edge at or after `asked` at which the lane is granted to rq, which
 * is synchronous, or to one of those that wait. */
uint64_t bus_first_grant(BusLane *lane, const TimingRequest *rq,
                         uint64_t asked);
/* TimingModel.take() where initiators take turns. */
bool bus_take_free(BusLane *lane, const MemoryPort *port, uint64_t issue,
                   const TimingCost *cost);

/* -- bus_calendar.c: which cycles of a lane are taken, where initiators take
 * turns. All in bus cycles. */

BusCalendar *bus_calendar_new(void); /* NULL: no memory; to be freed */
/* The first free cycle at or after `cycle`. */
uint64_t bus_calendar_free(const BusCalendar *c, uint64_t cycle);
/* Whose `cycle` is; 0: nobody's. */
uint16_t bus_calendar_owner(const BusCalendar *c, uint64_t cycle);
/* The first so many free cycles from `begin` on are id's from now on. */
void bus_calendar_take(BusCalendar *c, uint64_t begin, uint64_t cycles,
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
