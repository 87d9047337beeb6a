/*
 * diff_walk.h - both sides while their transactions are walked: dictionaries,
 * and cursors over rows. Private to traces/diff_*.c.
 */
#ifndef TRACES_DIFF_WALK_H
#define TRACES_DIFF_WALK_H

#include "traces/diff.h"
#include "traces/reader.h"

enum { KINDS = 32, NO_NAME = 0, INITIATORS = 1 << 16 };

typedef struct WalkSite {
    uint32_t region; /* name, as the side's names know it */
    uint32_t symbol; /* name */
    uint64_t offset; /* of pc in the symbol, or pc itself */
    uint64_t pc;
    uint32_t size;
    uint32_t initiator; /* name */
    uint16_t initiator_id;
    uint8_t kind, dir; /* dir: DIR_* */
    bool has_pc, there;
} WalkSite;

/* Names of both sides, each once: equal names have equal numbers. */
typedef struct Names {
    char **text;
    uint32_t count;
    uint32_t *hash, hash_size;
} Names;

typedef struct WalkSide {
    WalkSite *site; /* by id */
    int64_t sites;
    bool recorded[KINDS];
    TraceReader *reader; /* NULL: tx is a plain table */
    uint32_t result[RECORD_RESULT_MASK + 1], flags[ROW_FLAGS]; /* names */
} WalkSide;

typedef struct Walk {
    Diff *d;
    Names names;
    WalkSide side[DIFF_SIDES];
    char kind_name[KINDS][16];
    bool common[KINDS]; /* recorded on both sides */
    bool seen[KINDS];   /* there are such transactions on a side */
    /* Of the rows equal from the first on, by A's initiator_id: the last one's
     * issue, and how many there are of kinds in common. */
    uint64_t last_cycle[INITIATORS], equal[INITIATORS];
} Walk;

/* A row of tx. What a cursor was not asked for is 0. */
typedef struct DiffRow {
    int64_t rowid, time;
    uint64_t cycle, pa, va, offset, value, wait, bus, target, beats;
    int64_t blocker;
    uint32_t result, flags; /* names */
} DiffRow;

/* Rows in their order: of all initiators, or of one and of kinds in common. */
typedef struct DiffCursor {
    Walk *w;
    int side;
    int64_t initiator; /* -1: all */
    bool there;        /* it is at a row */
    const WalkSite *site;
    DiffRow row;
    /* private: plain tables */
    sqlite3_stmt *stmt;
    /* private: chunks */
    unsigned fields;
    size_t chunk; /* number of the next to enter */
    uint64_t end; /* rowid behind the chunk */
    ReaderRecords records;
    RowReader rows;
    uint8_t *mine;              /* by record site: it is of this initiator */
    const MemoryRecord *record; /* its head */
    TxRow tx;
    /* The fetch run the row is in, if it was met as a whole; else NULL. */
    const RowSite *run;
    uint32_t step, last;
    uint64_t begin;
} DiffCursor;

/* -- diff_sites.c --------------------------------------------------------- */
/* Reads kinds and sites of both sides. False: *d->errp is set. */
bool walk_dictionaries(Walk *w);
/* The number of a name; NULL has none. */
uint32_t walk_name(Walk *w, const char *text);
void walk_free(Walk *w);
/* An empty one, if there is none. */
const WalkSite *walk_site(const Walk *w, int side, int64_t id);

/* -- diff_cursor.c -------------------------------------------------------- */
/* At the first row behind `after`. fields: CODEC_* that row must have; of one
 * initiator, beside those that tell which instruction or access it is. */
bool cursor_open(DiffCursor *c, Walk *w, int side, int64_t initiator,
                 uint64_t after, unsigned fields);
void cursor_close(DiffCursor *c);
/* On by n rows (> 1: within the run). False: *d->errp is set. */
bool cursor_next(DiffCursor *c, uint32_t n);
/* Fills in `site` and `row`, of which a step of a run has the cycle only. */
void cursor_fill(DiffCursor *c);
/* All of the row that the cursor is at. */
bool cursor_whole(DiffCursor *c, DiffRow *row);
/* An error of the reader gets the path of its database. */
bool cursor_fail(Walk *w, int side);

/* -- diff_prefix.c -------------------------------------------------------- */
/* How many rows are equal from the first on: sets equal_rows and rows_equal of
 * the Diff, and unless all are equal, last_cycle and equal. */
bool walk_prefix(Walk *w);

#endif
