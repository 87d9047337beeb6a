/*
 * port.h - how an initiator enters memory: every access, timed and observed.
 *
 * A MemoryPort is one initiator's window onto an address space: a hart's
 * fetches, a hart's data, a DMA channel, a TLM socket, a debugger. One call is
 * one transaction (tx); what reaches memories and devices after splitting are
 * its beats. Every call does, in this order:
 *
 *   1 look up   the region at the address, and what its rules make of the
 * access 2 time      ask the port's TimingModel: granted, done, who was in the
 * way 3 perform   load, store or device callbacks, at the time it was granted
 *   4 count     accesses, bytes, cycles per region, always
 *   5 record    into the world's recorder, when there is one
 *
 * A hart does not call for each access to RAM: it keeps PortEntries, one per
 * page, with a host pointer, the page's constant cost and counters. An access
 * through an entry and the same access by call give the same counts, cycles
 * and records. An entry holds while the map, the page's state, the timing and
 * the recorder stay as they are; memory/ drops it otherwise. For devices the
 * port keeps such entries by itself: port_quick_load(), port_quick_store(),
 * port_quick_move().
 *
 * Time is picoseconds here; what is counted and recorded is cycles of the
 * port's clock. Users: tests/port_sketches_test.cc shows five.
 *
 * Missing  the time of IOMMU look-ups.
 */
#ifndef MEMORY_PORT_H
#define MEMORY_PORT_H

#include "memory/clock.h"
#include "memory/world.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- timing: models chain, from the initiator to the memory -------------------
 */

/* Bytes that a cache moves for an access, in one transaction of its bus. */
typedef struct TimingMove {
    hwaddr addr;
    uint32_t size;
    uint8_t cause; /* BeatCause: fill, write-back, or the access itself */
    uint32_t beats, width;
    uint64_t begin;       /* ps from the issue of the access to the grant */
    uint64_t first, next; /* ps of the first / each later beat */
} TimingMove;

typedef struct TimingRequest TimingRequest;
struct TimingRequest {
    /* asked */
    MemoryPort *port;
    hwaddr addr;
    uint32_t size;   /* bytes of one piece */
    uint32_t pieces; /* how many of them, at rising addresses */
    bool is_write;
    bool direct;         /* it is memory: what caches keep */
    TimingModel *target; /* the region's own time; NULL: zero wait */
    uint64_t issue;      /* ps */
    /* answered; issue <= granted <= done; issue..done includes target_ps. It is
     * performed at `granted`: on the last bus of its way, in its last burst. */
    uint64_t granted, done, target_ps;
    uint64_t moving_ps; /* of issue..granted: not waiting for others, but on its
                           way to the last bus, or moving earlier bursts */
    uint64_t beat_first, beat_next; /* ps of the first / each later beat */
    uint32_t beats;                 /* >= pieces */
    uint32_t width;                 /* bytes of a beat at most; 0: no limit */
    uint16_t bus;                   /* id of the model that made the beats */
    uint16_t blocker; /* initiator that was waited for; 0: nobody */
    /* Not NULL: a cache took the access, and its beats are those of `moves`
     * transactions. The model's, until it is asked again. */
    const TimingMove *move;
    uint32_t moves;
    /* split-phase: called once, at the time it is granted */
    void (*on_grant)(TimingRequest *rq);
    /* private to the model while it is pending */
    TimingRequest *next;
    uint64_t asked; /* ps: when the burst that is next asked for the bus */
    uint64_t moved; /* bytes of earlier bursts */
};

/* ps that others were in the way. */
static inline uint64_t timing_waited(const TimingRequest *rq)
{
    return rq->granted - rq->issue - rq->moving_ps;
}

/* One inline form: constant cost for a first and for later beats. */
typedef struct TimingInline {
    uint64_t first, next;               /* ps */
    uint64_t target_first, target_next; /* ps of these that are the target's */
    uint32_t beats; /* 0: a cache has it, when TimingModel.lines says so */
    uint32_t width; /* as in a request */
    uint16_t bus;   /* as in a request; 0: the port's own model */
} TimingInline;

/* All of one access that costs what its inline form says. */
typedef struct TimingCost {
    uint64_t ps;
    uint32_t cycles; /* of the port's clock, which is the model's then */
    uint32_t beats, bytes;
    TimingModel *target;
} TimingCost;

/* What a cache has, for those who look themselves: an access of line (address
 * >> shift) needs no call while hint[is write][line & mask] is that line. It is
 * there, was the last one used of its set (so that using it again changes
 * nothing) and, for writes, is dirty already. */
typedef struct TimingLines {
    const uint64_t *hint[2];
    unsigned shift;
    uint64_t mask;
} TimingLines;
#define TIMING_NO_LINE UINT64_MAX

struct TimingModel {
    const char *name; /* borrowed */
    uint16_t id;      /* unique in the machine, from 1: `bus` of beats */
    /* Answers at once. May run events that are due before the grant. */
    void (*access)(TimingModel *model, TimingRequest *rq);
    /* Answers later, through on_grant. NULL: access() answers. */
    void (*request)(TimingModel *model, TimingRequest *rq);
    /* The cost of such an access when nobody is in the way. False: none. */
    bool (*inline_form)(TimingModel *model, const TimingRequest *rq,
                        TimingInline *form);
    /* From which time on nobody is in the way (until the next event);
     * TIME_NEVER while another initiator waits or holds. NULL: always. */
    uint64_t (*clear_at)(TimingModel *model);
    /* n accesses like rq (its address is one of that alignment) went through
     * inline entries, each at the cost of its inline form; told when they are
     * folded. direct: a cache had their lines. May be NULL. */
    void (*account)(TimingModel *model, const TimingRequest *rq, uint64_t n);
    /* Does what access() would with an access of that cost, issued by `port`
     * at `issue` (an edge of its clock), if that would be granted then and
     * nothing else happen before; account() is told of it later. Else false,
     * and nothing is done. Its bus is `id`. NULL: never. */
    bool (*take)(TimingModel *model, const MemoryPort *port, uint64_t issue,
                 const TimingCost *cost);
    /* Caches only. `lines` does not move. */
    const TimingLines *lines;
    /* May it keep memory at addr? The answer holds for all of a page. */
    bool (*keeps)(const TimingModel *model, hwaddr addr);
    /* Does what access() would, if that needs its inline cost only; account()
     * is told of each of its lines later. False: nothing is done. */
    bool (*touch)(TimingModel *model, hwaddr addr, uint32_t size,
                  bool is_write);
    void (*fence_i)(TimingModel *model); /* the instruction */
};

static inline bool timing_has_line(const TimingLines *lines, hwaddr addr,
                                   bool is_write)
{
    uint64_t line = addr >> lines->shift;
    return lines->hint[is_write][line & lines->mask] == line;
}

/* -- inline entries
 * ------------------------------------------------------------ */

enum { PORT_ENTRIES = 256 };
/* No (address & mask) has a bit between the size and the page. */
#define PORT_NO_TAG UINT64_C(0x800)

/* One page of RAM, open for direct access. An access of `size` bytes at `va`
 * hits if (va & (~(PAGE - 1) | (size - 1))) == tag: misaligned ones never do.
 */
typedef struct PortEntry {
    uint64_t read_tag, write_tag; /* page address, or PORT_NO_TAG */
    uintptr_t host;               /* host address = host + va (wraps) */
    uint8_t extra[2][4];  /* [is write][log2 size]: cycles beyond the first */
    uint32_t count[2][4]; /* accesses since they were last folded */
    const MemoryPlace *place;
    uint64_t pa_offset; /* pa = va + pa_offset (wraps) */
    RAMBlock *block;
    ram_addr_t page;   /* offset of the page in the block */
    uint32_t place_id; /* place->id */
    uint8_t pad[28];
} PortEntry; /* two cache lines; the first is all an unobserved access needs */

/* -- the port
 * ------------------------------------------------------------------- */

/* Exact totals per region, kind, direction and size; always on. */
typedef struct PortTraffic {
    const MemoryRegion *mr; /* NULL: nothing answered */
    uint32_t region_id;     /* 0: nothing answered */
    uint32_t size;          /* bytes of one access */
    uint8_t kind, dir;
    uint64_t accesses, errors;
    uint64_t beats, bytes_moved; /* bytes_moved: over all beats */
    uint64_t wait, bus, target;  /* cycles */
} PortTraffic;

/* Pages that no cache keeps; those that one does, by owners who look whether it
 * has the line. */
enum { PORT_OPENS_PLAIN = 1, PORT_OPENS_CACHED = 2 };

struct MemoryPort {
    AddressSpace *as;
    MemoryWorld *world;
    const ClockDomain *clock;
    TimingModel *timing;  /* NULL: accesses take no time */
    const char *name;     /* borrowed */
    uint16_t id;          /* initiator id, from 1 */
    uint8_t priority;     /* for fixed-priority arbitration: lower wins */
    bool slow;            /* keep no inline entries (fast path off) */
    bool lends;           /* gives direct pointers away: `invalidated` is told
                             when the state of a page changes, too */
    uint8_t opens;        /* which pages get inline entries: PORT_OPENS_* */
    uint8_t kind[2];      /* AccessKind of what goes through inline entries and
                             port_quick_*(), [is write]; a hart's by default */
    PortEntry *entry;     /* entry_sets * PORT_ENTRIES, or NULL */
    uint32_t entry_sets;  /* one for each translation an owner keeps apart */
    uint32_t entry_set;   /* that port_open() opens in: the owner's to set */
    uint32_t worst_extra; /* the largest `extra` of any entry made so far */
    /* Told when inline entries in [first, last] were dropped (all of them:
     * 0..UINT64_MAX); for DMI grants and decoded code. May be NULL. */
    void (*invalidated)(void *opaque, hwaddr first, hwaddr last);
    /* Told when bytes of a page that holds code change. May be NULL. */
    void (*code_written)(void *opaque, RAMBlock *block, ram_addr_t offset,
                         uint64_t len);
    /* Asked before the totals are read: the owner adds, with port_count(), what
     * it counted by itself. May be NULL. */
    void (*fold)(void *opaque);
    void *opaque;
    /* private */
    struct {
        RAMBlock *block; /* NULL: none */
        ram_addr_t offset;
        unsigned size;
    } reservation;
    MemoryPlace **place;
    MemoryPlace *place_hash[256];
    uint32_t places;
    uint32_t flushes; /* places seen before the last one are checked anew */
    PortTraffic *traffic;
    uint32_t traffics, traffic_last;
    struct PortQuickEntry *quick; /* NULL: none yet */
    struct PortRamEntry *ram;     /* NULL: none yet */
    uint32_t quick_changes;       /* of what entries of `quick` there are */
    MemoryBeats beats;
    MemoryListener listener;
    MemoryPort *next;
};

/* One access: what is asked, and what came of it. */
typedef struct PortTx {
    /* asked */
    hwaddr addr;
    uint64_t va;    /* as the initiator computed it; = addr without an MMU */
    uint64_t pc;    /* instruction that caused it; 0: none */
    uint64_t issue; /* ps */
    MemTxAttrs attrs;
    uint8_t kind; /* AccessKind */
    /* One for each byte of a port_transfer(), 0: it is left alone; borrowed.
     * NULL: all move, as with every other call. */
    const uint8_t *strobes;
    /* answered */
    bool posted; /* waits in a buffer (posted_buffer.h); no beats of its own */
    MemTxResult result;
    uint16_t blocker;
    uint32_t beats;
    uint64_t granted, done;     /* ps */
    uint64_t wait, bus, target; /* cycles of the port's clock; their sum is the
                                   time from issue to done */
} PortTx;

/* `name` and `clock` are borrowed. entry_sets: of inline entries, which the
 * owner uses; 0: none. Fails only when the host has no memory. */
bool port_init(MemoryPort *port, AddressSpace *as, const char *name,
               const ClockDomain *clock, TimingModel *timing,
               unsigned entry_sets, Error **errp);
void port_fini(MemoryPort *port);
/* Gives a port that has none such sets of entries. False: no memory. */
bool port_add_entries(MemoryPort *port, unsigned entry_sets, Error **errp);

/* 1, 2, 4 or 8 bytes, little-endian: one dispatch of the whole size. A hart
 * splits misaligned accesses first, by its policy. */
uint64_t port_load(MemoryPort *port, PortTx *tx, unsigned size);
void port_store(MemoryPort *port, PortTx *tx, unsigned size, uint64_t value);

/* What most accesses to devices are: aligned, by one plain callback of that
 * size, of constant cost, granted at once. For a hart's loads and stores with
 * the default attributes; `cycle`: of the port's clock, at issue. Does exactly
 * what port_load() or port_store() would, result MEMTX_OK, in a fraction of the
 * time; or nothing, and `cycles` is negative: make the call. */
typedef struct PortQuick {
    uint64_t value;
    int64_t cycles; /* from issue to done: tx.wait + tx.bus + tx.target */
} PortQuick;
PortQuick port_quick_load(MemoryPort *port, hwaddr pa, uint64_t va, uint64_t pc,
                          uint64_t cycle, unsigned size);
/* Returns the cycles. */
int64_t port_quick_store(MemoryPort *port, hwaddr pa, uint64_t va, uint64_t pc,
                         uint64_t cycle, unsigned size, uint64_t value);

/* Both, of who has neither a pc nor virtual addresses: moves bytes. */
int64_t port_quick_move(MemoryPort *port, hwaddr addr, uint64_t cycle,
                        void *bytes, unsigned size, bool is_write);

/* The same of reads of memory, in which a pc and a va are not recorded: page
 * tables. */
PortQuick port_quick_ram(MemoryPort *port, hwaddr pa, uint64_t cycle,
                         unsigned size, uint8_t kind);

/* Read-modify-write as one tx: stores fn(old, operand), returns old. Only
 * memory takes it; a device answers with MEMTX_ACCESS_ERROR. On the bus it is
 * one locked transaction whose read and write share the beats. */
typedef uint64_t PortAmo(uint64_t old, uint64_t operand);
uint64_t port_amo(MemoryPort *port, PortTx *tx, unsigned size, PortAmo *fn,
                  uint64_t operand);
/* LR and SC. The reservation covers the bytes loaded; any other port's store to
 * them ends it, and so does the port's own next port_store_conditional(). */
uint64_t port_load_reserved(MemoryPort *port, PortTx *tx, unsigned size);
bool port_store_conditional(MemoryPort *port, PortTx *tx, unsigned size,
                            uint64_t value);

/* A byte string of any length, cut into the pieces that each region takes. Like
 * an AXI burst, a transaction does not cross a 4 KiB boundary: a longer
 * transfer is several, one after the other; tx has the sums. With strobes, a
 * transaction is from the first enabled byte of its 4 KiB to the last: memory
 * moves in as many beats as if all were enabled, of devices the runs of enabled
 * bytes do (port_strobes.c). */
void port_transfer(MemoryPort *port, PortTx *tx, void *buf, uint64_t len,
                   bool is_write);

/* Split-phase: asks now, moves the data when granted, then calls done(). The
 * caller owns rq and buf until then. One transaction; len 1..4096. A request
 * that reaches into a second region is timed as if it stayed in the first. */
typedef struct PortRequest PortRequest;
struct PortRequest {
    PortTx tx;
    void *buf;
    uint64_t len;
    bool is_write;
    void (*done)(PortRequest *rq); /* called when the data has moved; it is
                                      complete at rq->tx.done */
    void *opaque;
    /* private */
    MemoryPort *port;
    TimingRequest timing;
    struct PostedBuffer *held; /* the last one that it waited for */
    uint16_t blocker;          /* its port */
};
void port_request(MemoryPort *port, PortRequest *rq);

/* An access that others performed to what lies in the port's space: issue, done
 * and result are given, all of the time is the target's. */
void port_witness(MemoryPort *port, PortTx *tx, const void *buf, uint64_t len,
                  bool is_write);

/* Debugger and loader: memory only, no side effects, not timed, not counted,
 * not recorded. Returns how many leading bytes could be reached. */
uint64_t port_debug(MemoryPort *port, hwaddr addr, void *buf, uint64_t len,
                    bool is_write);

/* Opens the entry of va's page in the port's entry_set for direct access, if
 * all of the page at `pa` is memory of constant cost; else leaves it closed and
 * returns NULL. */
PortEntry *port_open(MemoryPort *port, uint64_t va, hwaddr pa, bool is_write);

/* Where an access of this port at pa lands (never NULL; nothing there: a place
 * with mr NULL). */
const MemoryPlace *port_place(MemoryPort *port, hwaddr pa, uint64_t va_offset);

/* The direct window around addr: host pointer of addr, and the range of
 * addresses around it that it extends to. False: nothing direct there, or
 * accesses of it must be seen (watches) or may be held back (coalesced). */
typedef struct PortWindow {
    hwaddr first, last;
    uint8_t *host; /* of `first` */
    MemoryRegion *mr;
    bool writable;
} PortWindow;
bool port_window(MemoryPort *port, hwaddr addr, PortWindow *window);

/* From when on the port's inline costs hold; see TimingModel.clear_at. */
static inline uint64_t port_clear_at(const MemoryPort *port)
{
    return port->timing && port->timing->clear_at
               ? port->timing->clear_at(port->timing)
               : 0;
}

/* Drops all inline entries (their counts are folded first). */
void port_flush(MemoryPort *port);
/* Those of one set, or one. Nobody is told. */
void port_close_set(MemoryPort *port, unsigned set);
void port_close_entry(MemoryPort *port, unsigned set, uint64_t va);
/* Adds the entries' counts to the totals. */
void port_fold(MemoryPort *port);
/* n accesses that went around the port's calls (fetches), to its totals. */
void port_count(MemoryPort *port, const MemoryPlace *place, uint8_t kind,
                uint8_t dir, unsigned size, uint64_t n);
/* The totals, folded: array of *n entries, valid until the next access. */
const PortTraffic *port_traffic(MemoryPort *port, uint32_t *n);
uint64_t port_transactions(MemoryPort *port); /* sum of accesses */

/* Flushes the entries of all ports of the world: the map, a timing model or the
 * recorder changed. Before a timing model changes, too: what went through
 * entries is accounted for at the costs of this moment. */
void memory_world_flush_ports(MemoryWorld *world);
/* Sets or, with NULL, takes away the recorder of a world. */
void memory_world_set_recorder(MemoryWorld *world, MemoryRecorder *rec);

#ifdef __cplusplus
}
#endif
#endif
