/*
 * record.h - the record buffer: how every transaction is observed.
 *
 * A producer (a port, or a hart's inline path) writes 32-byte records into a
 * buffer; when it is full the owner takes the whole buffer and hands over the
 * next. There is no call per record. What is the same each time an instruction
 * touches a region is stored once, as a *site*: who, from which pc, what kind,
 * how wide, which region, at what cost when nobody is in the way.
 *
 * One transaction is one head record, followed, only where the site does not
 * already say it, by a timing record and beat records (same tx, in order):
 *
 *   head    site = id       address, value, cycle    info = RECORD_INFO(...)
 *   timing  site = RECORD_TIMING   address = wait cycles << 32 | bus cycles,
 *                                  value = target cycles, info = blocker,
 *                                  cycle = number of beats
 *   beat    site = RECORD_BEAT     address = offset in region, value,
 *                                  info = size | cause << 8 | bus << 16,
 *                                  cycle = (cycle begun - tx issue) << 32 |
 * cost place   site = RECORD_PLACE    value = region id; before the first beat
 *                                  that lies in another region than the one
 *                                  before (initially the site's)
 *   strobes site = RECORD_STROBES  value, address = bit n, n + 64: byte n of
 * the next beat is enabled; none: all are
 *
 * A head with info 0 went the way its site says: result ok, no wait, the
 * site's beats and cycles. A fetch-run site (`run` not NULL) covers several
 * instructions with one head: value = count << 32 | index of the first, and
 * the cycle is that of index 0 of the run. Its info is how many of the heads
 * behind it (without timing) are accesses that its instructions made: each
 * comes behind the last fetch that is not later.
 *
 * Times are cycles of the initiator's clock domain. Not thread-safe.
 */
#ifndef MEMORY_RECORD_H
#define MEMORY_RECORD_H

#include <string.h>

#include "memory/memory.h"

#ifdef __cplusplus
extern "C" {
#endif

struct MemoryPort;

typedef enum AccessKind {
    ACCESS_FETCH,
    ACCESS_LOAD,
    ACCESS_STORE,
    ACCESS_AMO,  /* read-modify-write, load-reserved, store-conditional */
    ACCESS_WALK, /* a page-table walker */
    ACCESS_DMA,
    ACCESS_TLM,
    ACCESS_API, /* a device called address_space_* itself */
    ACCESS_KINDS
} AccessKind;
extern const char *const access_kind_name[ACCESS_KINDS];

enum { DIR_READ = 1, DIR_WRITE = 2, DIR_BOTH = 3 };

typedef enum BeatCause {
    BEAT_ACCESS,    /* the access itself */
    BEAT_SPLIT,     /* the access was wider than the device or the bus */
    BEAT_WIDEN,     /* the access was narrower than the device takes */
    BEAT_FLUSH,     /* posted stores that arrive, perhaps several */
    BEAT_FILL,      /* a cache fetched a line for it */
    BEAT_WRITEBACK, /* a cache wrote a line back that had to go for it */
    BEAT_CAUSES
} BeatCause;
extern const char *const beat_cause_name[BEAT_CAUSES];

typedef struct MemoryRecord {
    uint32_t site;
    uint32_t info;
    uint64_t address; /* physical */
    uint64_t value;   /* up to 8 bytes, first byte lowest */
    uint64_t cycle;   /* at issue */
} MemoryRecord;

#define RECORD_TIMING UINT32_C(0xffffffff)
#define RECORD_BEAT UINT32_C(0xfffffffe)
#define RECORD_PLACE UINT32_C(0xfffffffd)
#define RECORD_STROBES UINT32_C(0xfffffffc)
#define RECORD_SITE_MAX UINT32_C(0xfffffff0)
/* info of a head: result bits, flags, and that a timing record follows. */
enum {
    RECORD_RESULT_MASK = 0xff,
    RECORD_UNALIGNED = 1 << 8,
    RECORD_SPLIT = 1 << 9,
    RECORD_WIDENED = 1 << 10,
    RECORD_COALESCED = 1 << 11, /* posted: its beats are of a transaction of the
                                   buffer's own port, later */
    RECORD_STROBED = 1 << 12, /* bytes in between were left alone: 0 in value */
};
#define RECORD_HAS_TIMING (UINT32_C(1) << 31)

/* What an inline access costs at one place, in the initiator's cycles. */
typedef struct InlineCost {
    uint16_t bus, target; /* bus + target = all cycles from issue to done */
    uint16_t beats;       /* how many the bus makes of it; 0: see below */
    uint16_t beat_first, beat_next; /* cycles of the first / a later beat */
} InlineCost;

/* Without beats: a cache serves it at that cost when it has the line, or, if
 * it costs nothing, it is not inline. */
static inline bool inline_cost_cached(const InlineCost *cost)
{
    return !cost->beats && cost->bus;
}

/* Where accesses of one port land: a region seen at one address, and the
 * inline cost there (devices have one where they take the access whole).
 * Interned per port, anew where a cost has changed; valid as long as the port.
 */
typedef struct MemoryPlace MemoryPlace;
struct MemoryPlace {
    MemoryRegion *mr;
    uint32_t region_id;
    uint32_t id;                /* index in the port's table, from 1 */
    hwaddr base;                /* address of the region's offset 0 */
    uint64_t va_offset;         /* va - pa, modulo 2^64 */
    uint16_t bus;               /* TimingModel id, 0: none */
    struct TimingModel *target; /* the region's own time, or NULL */
    bool cached;                /* a cache of the port may keep what is here */
    InlineCost cost[2][4];      /* [is write][log2 size] */
    uint32_t checked;  /* private: flush of the port since which cost holds */
    MemoryPlace *next; /* private: of the port's hash */
};

/* One instruction of a fetch run. */
typedef struct FetchStep {
    uint16_t offset; /* bytes from the run's pc */
    uint16_t cycle;  /* cycles from the run's begin to this issue */
    uint32_t word;   /* the instruction, 16 or 32 bits */
    uint8_t size;    /* 2 or 4 */
} FetchStep;

typedef struct MemorySite {
    struct MemoryPort *port;
    const MemoryPlace *place;
    uint64_t pc;
    uint32_t size;        /* bytes */
    uint8_t kind;         /* AccessKind */
    uint8_t dir;          /* DIR_* */
    uint16_t run_length;  /* fetch runs: instructions; else 0 */
    const FetchStep *run; /* owned by the recorder; NULL: a single access */
} MemorySite;

typedef struct MemoryRecorder MemoryRecorder;
struct MemoryRecorder {
    MemoryRecord *next, *end; /* room for producers: [next, end) */
    MemoryRecord *buffer;     /* records not handed over: [buffer, next) */
    /* Bit per AccessKind that is wanted. A hart's inline path records loads
     * and stores when fetches or one of the two are wanted; who wants less
     * leaves them out by their sites. */
    uint32_t kinds;
    bool beats; /* beats are wanted */
    /* Set by each producer that may write many records, for those that count on
     * the room they have seen. */
    bool crowded;
    /* Takes [buffer, next) and sets all three pointers to a buffer with at
     * least RECORD_ROOM free. Called by record_room() only; cannot fail: the
     * owner keeps its error for later and takes records no further. */
    void (*full)(MemoryRecorder *rec);
    /* Told of each new site, before a record names it; may be NULL. */
    void (*site_made)(MemoryRecorder *rec, uint32_t id);
    void *opaque;
    /* private: the site table */
    MemorySite *site;
    uint32_t sites, site_capacity;
    uint32_t *hash;
    uint32_t hash_size;
};

/* The most records one transaction can take: a head, its timing, and for each
 * byte of 4 KiB at worst a beat, its strobes and a place. */
enum { RECORD_ROOM = 3 * 4096 + 2 };

/* Sets up an empty site table; pointers and `full` are the owner's to set. */
void recorder_init(MemoryRecorder *rec);
void recorder_fini(MemoryRecorder *rec);

/* The id of the site equal to *key (run NULL), made if it is new. */
uint32_t recorder_site(MemoryRecorder *rec, const MemorySite *key);
/* A new fetch-run site; run[0..run_length) is copied. */
uint32_t recorder_fetch_site(MemoryRecorder *rec, const MemorySite *key);

/* Room for n <= RECORD_ROOM records at rec->next. A producer that cannot look
 * for it each time asks for more before. */
static inline MemoryRecord *record_room(MemoryRecorder *rec, unsigned n)
{
    if ((size_t)(rec->end - rec->next) < n) {
        rec->full(rec);
    }
    return rec->next;
}

/* Puts v at *r, its site last: where a buffer outlives its process, a record is
 * there whole or not at all. */
static inline void record_put(MemoryRecord *r, MemoryRecord v)
{
    const bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    uint64_t site_and_info =
        big ? (uint64_t)v.site << 32 | v.info : (uint64_t)v.info << 32 | v.site;
    r->address = v.address;
    r->value = v.value;
    r->cycle = v.cycle;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    memcpy(r, &site_and_info, sizeof(site_and_info)); /* one store */
}

/* Puts the head of an access that went the way its site says. */
static inline void record_plain(MemoryRecord *r, uint32_t site, hwaddr address,
                                uint64_t value, uint64_t cycle)
{
    const MemoryRecord head = {site, 0, address, value, cycle};
    record_put(r, head);
}

#ifdef __cplusplus
}
#endif
#endif
