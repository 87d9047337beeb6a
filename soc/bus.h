/*
 * bus.h - an interconnect: width, clock, wait states of its targets,
 * arbitration; shared, or a crossbar; bursts, several under way.
 *
 * Model    A lane is what one transaction at a time is granted: a shared bus
 *          has one, a crossbar one for each target, so that transactions to
 *          different targets pass each other. A transaction holds its lane from
 *          its grant to its last beat. A beat moves up to `width` bytes in one
 *          bus cycle plus the target's wait states; a transaction adds
 *          `overhead` cycles before its first beat. Grants begin on bus clock
 *          edges. One of more than `burst` beats is several bursts, each of
 *          them asks anew and pays overhead and first wait states; others get
 *          in between. What is one access of the initiator is performed whole,
 *          with the grant of its last burst. An atomic access is one
 *          transaction, so the lane is locked from its read to its write.
 * Arbiter  bus_arbiter.c: fixed priority, round robin, TDM.
 * Several  With outstanding N a lane grants the next transaction once the last
 *          one's address has passed (`overhead` cycles, at least one), while
 *          less than N are under way. Data phases are in order: overhead and
 *          first wait states pass while the data of earlier ones move. The time
 *          until the data of earlier ones have moved counts as waiting for the
 *          last one before; an access is performed behind it.
 * Time     A synchronous initiator (a hart) asks with access(): events due
 *          before its grant are run first, so a split-phase initiator that gets
 *          there earlier is served earlier. A split-phase one (DMA) asks with
 *          request() and is granted by a late event, when every initiator has
 *          reached that time. With one hart this is exact.
 * Turns    Several harts take turns, each for as long as a quantum, so one asks
 *          for times at which others have been granted already. Such a bus
 *          (bus_take_turns()) keeps a calendar of the cycles that are taken
 *          (bus_calendar.c): a synchronous access is granted the first free one
 *          at or after the time it asks for, and waits for who has those
 *          before; a split-phase one comes behind all that was granted. Who has
 *          the first turn waits for nobody of later turns; the machine lets
 * them have it one after the other. With a quantum of a cycle this is exact but
 * for who is first when two ask at once. Inside   An access made from inside an
 * event that runs while another access waits behind a bridge does not wait for
 * that one: it could not go on. Clocks   An initiator or target may have
 * another clock: a request is seen at the next bus edge (the time until then
 * counts as the bus's), edges are computed from their number and never drift.
 * Source   AMBA AHB-Lite (ARM IHI 0033): address and data phases, one
 * outstanding transfer; the overlap of the next address phase with the last
 * data cycle is what makes a zero-wait beat cost one cycle. AXI4 (ARM IHI
 * 0022): bursts, outstanding transactions of one id in order. Missing
 * Out-of-order completion, separate read and write channels. With turns:
 * synchronous accesses have their address and data phases apart from others'
 * (outstanding 1); arbitration among those that ask in different turns.
 */
#ifndef SOC_BUS_H
#define SOC_BUS_H

#include "memory/port.h"
#include "soc/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Wait states of a target, in cycles of its bus: a TimingModel for
 * MemoryRegion.timing. With a prefetch buffer (prefetch.c) a read costs what is
 * left until its bytes are there. */
typedef struct WaitStates {
    TimingModel model;
    const ClockDomain *clock;
    uint32_t read_first, read_next, write_first, write_next;
    uint32_t prefetch; /* bytes of the buffer; 0: none */
    uint32_t width;    /* bytes that read_next cycles bring into it */
    /* its state: it has [tail, head); the last read ended at `end` */
    bool streams;
    hwaddr tail, head, end;
    uint64_t head_cycle; /* when the last byte before head came */
} WaitStates;
void wait_states_init(WaitStates *ws, const char *name,
                      const ClockDomain *clock);
/* From now on with a prefetch buffer of so many bytes, multiples of width. */
void wait_states_prefetch(WaitStates *ws, uint32_t bytes, uint32_t width);
void wait_states_reset(WaitStates *ws);

typedef enum BusArbitration {
    BUS_FIXED,
    BUS_ROUND_ROBIN,
    BUS_TDM
} BusArbitration;

enum { BUS_OUTSTANDING = 16, BUS_SLOTS = 64 };

/* Who waited for whom, and how long. */
typedef struct BusWait {
    uint16_t initiator, blocker; /* blocker 0: it waited for its own slot */
    uint64_t waits, cycles;      /* bus cycles */
} BusWait;

typedef struct Bus Bus;
typedef struct Bridge Bridge;
typedef struct BusCalendar BusCalendar;

typedef struct BusLane {
    Bus *bus;
    const char *name; /* of its target, borrowed; NULL: of those without one */
    bool open;        /* one is under way, until when is not known yet */
    uint64_t free_at; /* an edge: from when on it can grant; open: TIME_NEVER */
    uint64_t data_end; /* an edge: when the last grant's data ends */
    uint64_t
        end[BUS_OUTSTANDING]; /* of the last grants; the last one's is in */
    unsigned turn;            /* this place */
    uint16_t holder;          /* initiator of the last grant */
    uint16_t last_winner;     /* of the last grant with more than one asking */
    BusCalendar *calendar;    /* where initiators take turns; else NULL */
    TimingRequest *waiting;   /* split-phase requests, in order of asking */
    TimingRequest *granted;   /* to be told of it, in order of time */
    Event arbitrate, deliver;
    /* totals, exact */
    uint64_t transactions, beats, bytes, busy_cycles, wait_cycles;
    struct BusLane *next;
} BusLane;

/* How a burst went. */
typedef struct BusBurst {
    uint64_t asked, begin, end; /* bus cycles: granted, last beat over */
    uint64_t waited;            /* bus cycles that others were in the way */
    uint64_t granted;           /* ps: when it may be performed */
    uint64_t moving_ps;         /* from `begin` to `granted`, not waiting */
    uint64_t bytes;
    uint32_t beats; /* on this bus */
    bool in_turn;   /* placed by the calendar */
    bool aside;     /* made while the lane was open, which it leaves as it is */
    const TimingRequest *last; /* as on the last bus */
} BusBurst;

/* How a bus gets to a target. */
typedef struct BusRoute {
    const TimingModel *target;
    BusLane *lane;
    Bridge *via; /* NULL: it is on this bus */
} BusRoute;

struct Bus {
    TimingModel model;
    const ClockDomain *clock;
    EventQueue *events;
    uint32_t width;          /* bytes: 1, 2, 4, 8, 16, ... 128 */
    uint32_t overhead;       /* cycles per transaction */
    WaitStates target_waits; /* of every target on it, besides its own */
    uint32_t burst;          /* beats at most; 0: any number */
    uint32_t outstanding;    /* 1 .. BUS_OUTSTANDING */
    bool crossbar;
    BusArbitration arbitration;
    /* TDM: slot n of a frame is owner[n]'s; NULL: nobody's. An initiator is its
     * port's name up to the dot. */
    const char *owner[BUS_SLOTS]; /* borrowed */
    uint32_t slots, slot_cycles;
    bool spare; /* a slot that its owner leaves goes to the next who asks */
    /* state */
    BusLane lane; /* of a shared bus; of targets that are in no route */
    BusRoute *route;
    uint32_t routes;
    Bridge *bridges; /* that lead away from it */
    BusWait *wait;   /* totals, exact */
    uint32_t waits, wait_capacity;
};

/* width in bytes, a power of two. Everything is borrowed. */
bool bus_init(Bus *bus, const char *name, const ClockDomain *clock,
              EventQueue *events, uint32_t width, Error **errp);
/* A region's timing model, so that a crossbar tells it from others, or a bus
 * finds its bridge (via; NULL: it is on this bus). Before the first access;
 * `name` is borrowed. Needless for targets of a shared bus. */
bool bus_add_target(Bus *bus, const TimingModel *target, const char *name,
                    Bridge *via, Error **errp);
/* Its synchronous initiators take turns in time; after all targets. */
bool bus_take_turns(Bus *bus, Error **errp);
/* State, not totals; requests under way are served still. */
void bus_reset(Bus *bus);
void bus_fini(Bus *bus);

/* Over all lanes, as far as they are known: inline accesses count when they are
 * folded. busy_cycles is of the busiest one. */
typedef struct BusTotals {
    uint64_t transactions, beats, bytes, busy_cycles, wait_cycles;
    uint64_t end; /* ps: when the last data ends */
    uint32_t lanes;
} BusTotals;
BusTotals bus_totals(const Bus *bus);

#ifdef __cplusplus
}
#endif
#endif
