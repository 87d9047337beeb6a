/*
 * bus.h - a shared bus: width, clock, wait states of its targets, arbitration.
 *
 * Model    One transaction at a time holds the bus from its grant to its last
 *          beat. A beat moves up to `width` bytes in one bus cycle plus the
 *          target's wait states; a transaction adds `overhead` cycles before
 *          its first beat. Grants begin on bus clock edges. When several wait,
 *          the arbiter picks: fixed priority (lowest MemoryPort.priority, then
 *          lowest id), or round robin (the next initiator id after the one that
 *          won when there was last a choice).
 * Time     A synchronous initiator (a hart) asks with access(): events due
 *          before its grant are run first, so a split-phase initiator that gets
 *          there earlier is served earlier. A split-phase one (DMA) asks with
 *          request() and is granted by a late event, when every initiator has
 *          reached that time. With one hart this is exact; two harts may pass
 *          each other by a quantum.
 * Source   AMBA AHB-Lite (ARM IHI 0033): address and data phases, one
 *          outstanding transfer; the overlap of the next address phase with the
 *          last data cycle is what makes a zero-wait beat cost one cycle.
 * Missing  Bridges, outstanding transactions, TDM, bursts with early stop.
 */
#ifndef SOC_BUS_H
#define SOC_BUS_H

#include "memory/port.h"
#include "soc/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Wait states of a target, in cycles of its bus: a TimingModel for
 * MemoryRegion.timing. */
typedef struct WaitStates {
    TimingModel model;
    const ClockDomain *clock;
    uint32_t read_first, read_next, write_first, write_next;
} WaitStates;
void wait_states_init(WaitStates *ws, const char *name,
                      const ClockDomain *clock);

typedef enum BusArbitration { BUS_FIXED, BUS_ROUND_ROBIN } BusArbitration;

/* Who waited for whom, and how long. */
typedef struct BusWait {
    uint16_t initiator, blocker;
    uint64_t waits, cycles; /* bus cycles */
} BusWait;

typedef struct Bus {
    TimingModel model;
    const ClockDomain *clock;
    EventQueue *events;
    uint32_t width;          /* bytes: 1, 2, 4, 8, 16, ... 128 */
    uint32_t overhead;       /* cycles per transaction */
    WaitStates target_waits; /* of every target, besides its own */
    BusArbitration arbitration;
    /* state */
    uint64_t free_at;       /* ps: when the last grant's last beat ends */
    uint16_t holder;        /* initiator of that grant */
    uint16_t last_winner;   /* of the last grant with more than one asking */
    TimingRequest *waiting; /* split-phase requests, in order of issue */
    Event arbitrate;
    /* totals, exact */
    uint64_t transactions, beats, bytes, busy_cycles, wait_cycles;
    BusWait *wait;
    uint32_t waits, wait_capacity;
} Bus;

/* width in bytes, a power of two. Everything is borrowed. */
bool bus_init(Bus *bus, const char *name, const ClockDomain *clock,
              EventQueue *events, uint32_t width, Error **errp);
void bus_reset(Bus *bus); /* state, not totals */
void bus_fini(Bus *bus);

#ifdef __cplusplus
}
#endif
#endif
