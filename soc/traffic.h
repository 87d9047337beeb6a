/*
 * traffic.h - an initiator without a program: the part that a generator and a
 * player share. It issues what its source says, when it says, with up to
 * `outstanding` requests under way.
 *
 * Model    The source names one access after the other. An access waits until
 *          it is due and a slot is free: the one that is free first, and the
 *          access's gap after that slot's last request was complete. At most
 *          one request is issued per cycle; one that would cross a multiple of
 *          4096 is two. Everything happens in one event, whose order among
 *          others is that of device names.
 * Units    cycles of the master port's clock, from 0; bytes.
 * Source   AMBA AXI (ARM IHI 0022): outstanding transactions, the 4 KiB rule.
 * Missing  Atomics; errors that change what comes next.
 */
#ifndef SOC_TRAFFIC_H
#define SOC_TRAFFIC_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TRAFFIC_SLOTS = 64, TRAFFIC_BYTES = 4096 };

typedef struct TrafficAccess {
    bool timed;   /* it has a time of its own, `due`, and can be late */
    uint64_t due; /* cycle; not before it; UINT64_MAX: never */
    uint64_t gap; /* cycles from its slot's last completion; 0 at first */
    hwaddr addr;
    uint32_t len; /* any, from 1 */
    bool is_write;
} TrafficAccess;

/* What was done so far. */
typedef struct TrafficTotals {
    uint64_t requests, bytes, errors; /* completed */
    uint64_t late, late_cycles;       /* issued after they were due */
    uint64_t missed;                  /* due, and not issued at all */
    uint64_t late_most;               /* cycles, of both */
    uint64_t longest;                 /* from due, or from issue, to done */
    uint64_t first_ps, last_ps;       /* first issue, last completion */
} TrafficTotals;

typedef struct Traffic Traffic;

typedef struct TrafficSlot {
    PortRequest rq;
    Traffic *traffic;
    bool asked; /* not granted yet */
    bool stale; /* of before a reset: dropped when it comes back */
    bool used;
    uint64_t due;   /* cycle of what is under way */
    uint64_t ready; /* cycle: its last request is complete */
    uint8_t data[TRAFFIC_BYTES];
} TrafficSlot;

/* First member of the devices that are such initiators: DeviceClass.traffic. */
struct Traffic {
    Device dev;
    MemoryPort master;
    /* parameters */
    uint64_t outstanding; /* 1..TRAFFIC_SLOTS */
    uint64_t priority;    /* of master on a bus of fixed priorities */
    /* set by the owner's init */
    uint64_t start_ps, until_ps;   /* TIME_NEVER: for ever */
    uint64_t active_ps, period_ps; /* issues in the first part of each period;
                                      period 0: always */
    bool endless;                  /* it never ends by itself */
    const char *pace;              /* for reports: "open", "closed", ... */
    uint64_t rate;                 /* bytes per second asked for; 0: none */
    /* The next access; false: there is none. Asked in order of issue. */
    bool (*next)(Traffic *t, TrafficAccess *access);
    /* How many accesses are due before that cycle; NULL: none ever is. */
    uint64_t (*due)(const Traffic *t, uint64_t cycle);
    /* The bytes of a write: len of them, for the access last named. */
    void (*fill)(Traffic *t, hwaddr addr, uint8_t *bytes, uint32_t len);
    /* state */
    TrafficSlot *slot;
    TrafficAccess head; /* what is issued next */
    bool has_head, ended, told;
    uint64_t named;       /* accesses, the head included */
    uint64_t issued;      /* requests */
    uint64_t next_cycle;  /* the first cycle that has issued none */
    TrafficTotals totals; /* but for `missed`: traffic_totals() */
    Event step;
};

/* Allocates slots; `outstanding` and the owner's fields are set. */
bool traffic_init(Traffic *t, Error **errp);
void traffic_reset(Traffic *t);
void traffic_fini(Device *dev);

/* Of a run that has come to end_ps. */
TrafficTotals traffic_totals(const Traffic *t, uint64_t end_ps);
/* The cycle of the master's clock at or after start_ps. */
uint64_t traffic_start(const Traffic *t);
/* The documented pattern: each aligned word is the initiator's id (8 bits) and
 * the request's number (24 bits). */
void traffic_pattern(const Traffic *t, hwaddr addr, uint8_t *bytes,
                     uint32_t len);

#ifdef __cplusplus
}
#endif
#endif
