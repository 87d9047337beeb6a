/*
 * posted_buffer.h - coalesced writes with a cost: a buffer between initiators
 * and the bus, in which stores into coalesced ranges wait and are combined.
 *
 * Model    A sized store by a port of the buffer's space that lies wholly in a
 *          coalesced range of a region of the buffer, and that its rules take,
 *          is *posted*: it costs `accept` cycles and is an entry of the buffer,
 *          or joins the youngest one by the merge rule. Memory changes at once,
 *          because whoever could see the difference makes the entry drain
 *          first; a device sees each store, in order and as it was made, when
 *          its entry drains. Entries drain one after the other, oldest first:
 *          each run of bus words that an entry touches is one transaction of
 *          the buffer's own port, which waits for the bus like anybody else.
 *          What makes them drain is a PostedCause. A store that finds the
 *          buffer full waits until the oldest entry has drained; an access that
 *          flushes goes on when all have. A buffer holds stores of one
 *          initiator at a time.
 * Order    Within a buffer, that of the stores. Between buffers: none.
 * Source   the flush rules of memory/posted.h and those of PostedCause; AMBA
 *          AXI (ARM IHI 0022), bufferable writes, for early completion.
 * Units    picoseconds; cycles of the buffer's port where it says so.
 * Missing  Stores by port_transfer() and port_request() are not posted: they
 *          flush, as do atomics. Fetches from posted memory do not flush: they
 *          see it as it is. A posted store cannot fail: what the device answers
 *          later is counted, and nobody is told.
 */
#ifndef MEMORY_POSTED_BUFFER_H
#define MEMORY_POSTED_BUFFER_H

#include "memory/port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which stores become one entry, with the youngest only. */
typedef enum PostedMerge {
    POSTED_NONE,
    POSTED_WORD, /* in the same bus word */
    POSTED_LINE, /* in the same `line` bytes, aligned */
    POSTED_RUN,  /* beginning where it ends, up to `line` bytes */
    POSTED_MERGES
} PostedMerge;
extern const char *const posted_merge_name[POSTED_MERGES];

/* Why entries drain. */
typedef enum PostedCause {
    POSTED_FULL,      /* a store found no room; only the oldest entry */
    POSTED_TIMEOUT,   /* the oldest one is older than `timeout` */
    POSTED_ACCESS,    /* an access by the same initiator that is not posted, to
                         the range or to a region with the flush flag */
    POSTED_OTHER,     /* an access by another initiator, to the same */
    POSTED_FENCE,     /* port_settle() */
    POSTED_INTERRUPT, /* the same, as an interrupt is taken */
    POSTED_MAP,       /* a transaction of the memory API, the end of coalescing
                         or of a space */
    POSTED_EXPLICIT,  /* qemu_flush_coalesced_mmio_buffer() */
    POSTED_STOP,      /* the run is over */
    POSTED_CAUSES
} PostedCause;
extern const char *const posted_cause_name[POSTED_CAUSES];

enum { POSTED_LINE_MAX = 256, POSTED_ENTRIES_MAX = 64, POSTED_STORES = 64 };

typedef struct PostedStore {
    hwaddr addr;
    uint64_t value, pc;
    MemTxAttrs attrs;
    uint8_t size;
} PostedStore;

typedef struct PostedEntry {
    struct PostedRegion *region;
    hwaddr base;    /* of data[0] */
    uint64_t issue; /* of its first store, ps */
    uint16_t span;  /* bytes of data that it may use */
    uint16_t end;   /* POSTED_RUN: behind the last store, from base */
    uint16_t stores;
    bool performed;      /* the device has seen them, or memory has them */
    uint8_t step;        /* of a single store: bytes of a piece, ... */
    uint8_t pieces;      /* ... and how many the device takes; else 0 */
    uint8_t result;      /* MemTxResult */
    uint64_t touched[4]; /* bit per byte of data */
    uint8_t data[POSTED_LINE_MAX];
    PostedStore store[POSTED_STORES]; /* of devices */
} PostedEntry; /* takes no more than POSTED_STORES stores */

/* A region whose coalesced ranges are posted, and what came of it. */
typedef struct PostedRegion {
    struct PostedBuffer *buffer;
    MemoryRegion *mr; /* NULL: gone */
    uint32_t region_id;
    struct PostedRegion *next; /* of the buffer */
    /* totals, exact */
    uint64_t stores, bytes;
    uint64_t drains, beats; /* transactions, and beats they took */
    uint64_t lone_beats;    /* that the stores would have taken unposted */
    uint64_t lone_ps;       /* the same, time on an idle bus */
    uint64_t spent_ps; /* that they took their initiators, stalls included */
    uint64_t stalls, stall_ps; /* stores that found the buffer full */
    uint64_t errors;           /* stores that the device refused */
    struct {
        uint64_t flushes, stores, wait_ps;
    } cause[POSTED_CAUSES];
} PostedRegion;

typedef struct PostedBuffer PostedBuffer;
struct PostedBuffer {
    MemoryPort port; /* the initiator that drains */
    /* configuration; not changed while entries wait */
    unsigned depth; /* entries, 1 .. POSTED_ENTRIES_MAX */
    PostedMerge merge;
    unsigned line;    /* bytes, a power of two, 8 .. POSTED_LINE_MAX */
    unsigned word;    /* bytes of a bus word, up to `line`; 0: no limit */
    uint64_t timeout; /* cycles; 0: never */
    uint64_t accept;  /* cycles of the initiator that a store takes; >= 1 */
    /* The owner gives it time: calls posted_buffer_alarm() at `when` (in place
     * of the time asked for before; TIME_NEVER: not at all), and runs what is
     * due until b->pending is over, false if nothing is. */
    void (*alarm)(PostedBuffer *b, uint64_t when);
    bool (*wait)(PostedBuffer *b);
    /* state */
    PostedEntry *entry; /* depth of them: a ring */
    unsigned first, count;
    unsigned drain;     /* of them are to drain: the oldest ones */
    unsigned at, run;   /* of the oldest: bytes that drain now; before them all
                           have */
    uint16_t owner;     /* port id of whose they are */
    bool pending;       /* the bus was asked for the oldest */
    bool busy;          /* a synchronous access is under way for it */
    bool performing;    /* a device is being told */
    uint64_t popped;    /* entries that have drained, since ever */
    uint64_t last_done; /* ps: end of the last transaction */
    uint64_t last_issue;
    TimingRequest timing;
    TimingRequest *waiting; /* of PortRequests that go on when `drain` is 0 */
    PostedRegion *region;   /* in the order they came */
    PostedRegion *last;     /* whose entry drained last */
    PostedBuffer *next;     /* of the world */
};

/* depth, merge, line, word, timeout, accept, alarm and wait are set; everything
 * is borrowed. */
bool posted_buffer_init(PostedBuffer *b, AddressSpace *as, const char *name,
                        const ClockDomain *clock, TimingModel *timing,
                        Error **errp);
/* Stores into the region's coalesced ranges (memory_region_add_coalescing) go
 * through b from now on. `pr` lives until posted_buffer_fini(). */
void posted_buffer_add(PostedBuffer *b, PostedRegion *pr, MemoryRegion *mr);
/* The time asked for has come. */
void posted_buffer_alarm(PostedBuffer *b, uint64_t when);
void posted_buffer_reset(PostedBuffer *b); /* what waits is lost; not totals */
/* Its regions are ordinary again, and what waits is lost. */
void posted_buffer_fini(PostedBuffer *b);

/* Waits at `now` (ps) until what the port has posted has drained; returns when
 * that is: fences, and interrupts that are taken. */
uint64_t port_settle(MemoryPort *port, uint64_t now, PostedCause cause);
static inline bool port_may_post(const MemoryPort *port)
{
    return port->world->posted_buffers != NULL;
}
/* All buffers of the world, at the end of a run; returns when all has drained,
 * not before `now`. */
uint64_t memory_world_settle(MemoryWorld *world, uint64_t now,
                             PostedCause cause);

#ifdef __cplusplus
}
#endif
#endif
