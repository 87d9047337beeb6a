/*
 * rows.h - how records (memory/record.h) become rows of tx and beat.
 *
 * Model    A RowSite is what a recorder's site says, without pointers to a
 *          machine: a writer makes it from the site, a reader from the
 *          database. A RowReader walks records in the order of recording and
 *          puts each transaction together from its records; a fetch run is one
 *          row per instruction, with its accesses between them. What a head
 *          leaves out (cycles, beats, flags) is what its site says.
 * Units    cycles of the initiator's clock; bytes.
 */
#ifndef TRACES_ROWS_H
#define TRACES_ROWS_H

#include "memory/record.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct RowSite {
    uint32_t id;        /* of the recorder's site */
    uint32_t row;       /* id in table `site`, of the first step of a run */
    uint32_t initiator; /* port id */
    uint32_t region;    /* 0: nothing answers there */
    uint32_t bus;       /* 0: none */
    uint32_t size;      /* bytes; runs: 4 */
    uint8_t kind, dir;  /* AccessKind, DIR_* */
    uint8_t wanted;     /* writers: some of its transactions may be rows */
    uint16_t steps;     /* instructions of a fetch run; 0: one access */
    uint64_t pc;        /* 0 and no fetch: not known */
    uint64_t base;      /* address of the region's offset 0 */
    uint64_t va_offset; /* va - pa, modulo 2^64 */
    InlineCost cost[2]; /* the way of least resistance; [1]: 4-byte fetches */
    FetchStep step[];
} RowSite;

/* RowSites by id, which never move: one thread may add while others read those
 * they know of. */
enum { ROW_SITE_SEGMENT = 4096, ROW_SITE_SEGMENTS = 4096 };
typedef struct RowSites {
    const RowSite **segment[ROW_SITE_SEGMENTS];
    uint32_t count; /* ids below it may be there */
} RowSites;

static inline const RowSite *row_site(const RowSites *sites, uint32_t id)
{
    if (id >= ROW_SITE_SEGMENT * ROW_SITE_SEGMENTS) {
        return NULL;
    }
    const RowSite **segment = sites->segment[id / ROW_SITE_SEGMENT];
    return segment ? segment[id % ROW_SITE_SEGMENT] : NULL;
}
/* False: no memory, or too many. Takes no ownership of site. */
bool row_sites_add(RowSites *sites, const RowSite *site);
/* Frees the table, and what is in it with `each`, if that is not NULL. */
void row_sites_free(RowSites *sites, void (*each)(void *));

/* Fills in what the recorder's site says; to->step has room for its run. */
void row_site_fill(RowSite *to, const MemorySite *from, uint32_t id,
                   uint32_t row);
static inline uint32_t row_site_rows(const RowSite *s)
{
    return s->steps ? s->steps : 1;
}

/* status of a row: bits 0..7 MemTxResult, and */
enum {
    ROW_STATUS = RECORD_RESULT_MASK | RECORD_UNALIGNED | RECORD_SPLIT |
                 RECORD_WIDENED | RECORD_COALESCED | RECORD_STROBED,
    ROW_OWN_BEATS = 1 << 16, /* its beats are not simply itself */
};

enum { ROW_FLAGS = 32 };
/* As in table flag_name, by row_flags(). */
extern const char *const row_flag_name[ROW_FLAGS];
static inline unsigned row_flags(uint32_t status)
{
    return status >> 8 & (ROW_FLAGS - 1);
}

/* One transaction. */
typedef struct TxRow {
    const RowSite *site;
    uint32_t site_row; /* id in table `site` */
    uint32_t status, size, blocker;
    uint64_t cycle, pa, value, pc;
    uint64_t wait, bus, target, beats;
    const MemoryRecord *beat, *beat_end; /* those row_is_beat() */
} TxRow;

/* Is it one of what comes behind a head and its timing? */
static inline bool row_is_beat(const MemoryRecord *r)
{
    return r->site == RECORD_BEAT || r->site == RECORD_PLACE ||
           r->site == RECORD_STROBES;
}

typedef struct TxBeat {
    uint32_t bus, region, size, cause;
    uint64_t offset, value;
    uint64_t begin; /* cycles from the transaction's issue */
    uint64_t cycles;
    const MemoryRecord *strobes; /* RECORD_STROBES; NULL: all are enabled */
} TxBeat;

typedef struct RowReader {
    const RowSites *sites;
    const MemoryRecord *r, *end;
    const char *wrong; /* what is wrong with the records; set once */
    /* For who wants few rows: by record site (< skips), ROW_SKIP: rows of that
     * fetch run are passed over by rows_next(), and counted in `passed`. */
    const uint8_t *skip;
    uint32_t skips;
    uint64_t passed;
    /* private: the run that r is in */
    const RowSite *run;
    const MemoryRecord *head, *accesses;
    uint32_t step, first, last;
    bool passing;
} RowReader;
enum { ROW_SKIP = 1 };

/* Walks r[0..n). Any records are safe to walk; what cannot be is `wrong`. */
void rows_begin(RowReader *reader, const RowSites *sites, const MemoryRecord *r,
                size_t n);
/* False: that was the last one. */
bool rows_next(RowReader *reader, TxRow *row);
/* Which steps of run s were fetched, as its head says: [*first, *last). */
static inline void row_run_steps(const RowSite *s, const MemoryRecord *head,
                                 uint32_t *first, uint32_t *last)
{
    uint64_t count = head->value >> 32, from = head->value & 0xffffffff;
    from = from < s->steps ? from : s->steps;
    *first = (uint32_t)from;
    *last = (uint32_t)(from + count < s->steps ? from + count : s->steps);
}
/* The row of an instruction of a run that begins at cycle `begin`. */
void row_step(const RowSite *s, uint32_t step, uint64_t begin, TxRow *row);
/* The same, but a fetch run is met once ((*site)->steps != 0): its steps
 * [*first, *last) were fetched; of row, only the cycle of step 0 is filled in.
 * Accesses come where their records are. */
bool rows_next_head(RowReader *reader, TxRow *row, const RowSite **site,
                    uint32_t *first, uint32_t *last);

typedef struct TxBeats {
    const TxRow *row;
    uint32_t seq, region;
    uint64_t begin;
    const MemoryRecord *r;
} TxBeats;
/* The beats of a row, as rows of beat. `recorded`: beats were. */
void row_beats_begin(TxBeats *beats, const TxRow *row);
bool row_beats_next(TxBeats *beats, bool recorded, TxBeat *beat);
/* Bytes that they move, also when they were not recorded. */
uint64_t row_beat_bytes(const TxRow *row);

/* What an access costs that went the way of least resistance. */
static inline const InlineCost *row_cost(const RowSite *s, uint32_t size)
{
    return &s->cost[s->steps && size == 4];
}

#ifdef __cplusplus
}
#endif
#endif
