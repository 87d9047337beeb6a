/*
 * bridge.h - from one bus to another: latency, width and clock conversion.
 *
 * Model    One transaction at a time, and it holds the near bus until the
 *          answer is back: writes are not posted. The request leaves the near
 *          bus after its overhead, takes `request` cycles of the far bus from
 *          the far edge at or after that, asks for the far bus as the initiator
 *          it came from, and its answer takes `response` cycles back. Data
 *          streams through: where far beats are the narrower or slower ones,
 *          near beats pass below them; where they are wider, the near beats of
 *          one of them are collected first (write) or follow it (read). At
 *          least, the near bus is held for its own beats.
 * Time     cycles(far edge) + request + far bus + response + collected beats,
 *          rounded up to near edges.
 * Source   AMBA AHB to APB bridges as commonly built: non-posted, one at a
 * time. Missing  Posted writes, several transactions under way, accesses from
 * the far bus to the near one.
 */
#ifndef SOC_BRIDGE_H
#define SOC_BRIDGE_H

#include "soc/bus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A burst on its way over a bridge. */
typedef struct BridgeCrossing {
    TimingRequest far;      /* what is asked of the far bus */
    TimingRequest *request; /* whose burst it is, on the near bus */
    BusBurst burst;         /* there */
    uint64_t head;          /* near cycle behind its overhead */
    uint32_t collect;       /* near beats of one wider far beat, less one */
} BridgeCrossing;

struct Bridge {
    const char *name; /* borrowed */
    Bus *near_bus, *far_bus;
    uint32_t request, response;   /* cycles of the far bus */
    BusLane *lane;                /* of the near bus */
    BridgeCrossing split;         /* the split-phase request under way */
    uint64_t transactions, bytes; /* totals, exact */
    Bridge *next;
};

/* Everything is borrowed. On a crossbar it is a target of its own. */
bool bridge_init(Bridge *bridge, const char *name, Bus *near_bus, Bus *far_bus,
                 uint32_t request, uint32_t response, Error **errp);

#ifdef __cplusplus
}
#endif
#endif
