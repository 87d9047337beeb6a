/*
 * store.h - what the files of traces/ share. Nobody outside includes this,
 * but its tests.
 *
 * A TraceStore keeps the first error it meets and does nothing from then on;
 * trace_error() and trace_close() tell.
 */
#ifndef TRACES_STORE_H
#define TRACES_STORE_H

#include <sqlite3.h>

#include "traces/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TRACE_SCHEMA_VERSION = 1,
    TRACE_APPLICATION_ID = 0x534f4353, /* "SOCS" */
    STORE_BUFFER = 1 << 16,            /* records */
    BATCH_ROWS = 32,
    BATCH_COLUMNS = 14,
    HOT_MEMORY_GRANULE = 64, /* bytes of memory that share one hot_address */
    HOT_ROWS = 1000,
};

/* Rows of integers (or null) on their way into one table: many rows by one
 * statement are twice as fast as one by one. */
typedef struct RowBatch {
    const char *table;
    unsigned columns, rows;
    sqlite3_stmt *many, *one;
    int64_t value[BATCH_ROWS][BATCH_COLUMNS];
    uint32_t null[BATCH_ROWS]; /* bit per column */
} RowBatch;

typedef struct StoreSymbol {
    uint64_t address, size;
    uint64_t reach; /* the largest end of this and all before it */
    char *name;
    uint32_t order; /* of trace_add_symbol */
} StoreSymbol;

typedef struct StoreRegion {
    bool known, io;
    const DeviceClass *cls;
    char *name;
} StoreRegion;

typedef struct StoreInitiator {
    bool known;
    char *name;
    uint64_t last_cycle;
    uint64_t backwards; /* transactions issued before the one recorded before */
} StoreInitiator;

/* A recorder's site as rows of `site`: one, or one per fetch step. */
typedef struct StoreSite {
    uint32_t row;        /* 0: not written yet */
    StoreRegion *region; /* NULL: nothing answers there */
} StoreSite;

typedef struct SiteTotals {
    uint64_t accesses, errors, beats, wait, bus, target;
} SiteTotals;

typedef struct HotEntry {
    uint32_t region; /* id; 0: a free slot */
    uint8_t dir;
    char *reg; /* NULL: not asked yet */
    uint64_t offset;
    uint64_t accesses, bytes, wait, bus, target;
} HotEntry;

typedef struct CachedStatement {
    const char *sql; /* compared by address: string literals only */
    sqlite3_stmt *stmt;
} CachedStatement;

struct TraceStore {
    sqlite3 *db;
    char *path;
    Error *error;
    CachedStatement cached[48];
    unsigned cached_count;
    RowBatch tx, beat;
    uint64_t rows;         /* of tx */
    uint64_t uncommitted;  /* rows of any table */
    uint64_t committed_at; /* seconds of the host's steady clock */
    /* recording */
    MemoryRecorder recorder;
    MemoryRecord *buffer;
    bool recording;
    StoreSite *site;
    uint32_t sites;
    SiteTotals *totals; /* by id of `site` */
    uint32_t site_rows, totals_capacity;
    HotEntry *hot;
    size_t hot_count, hot_capacity; /* capacity: a power of two */
    uint64_t beats_missing;         /* of transactions that were completed */
    uint64_t beat_bytes;
    /* dictionaries */
    StoreRegion **region;
    uint32_t regions;
    StoreInitiator *initiator;
    uint32_t initiators;
    const ClockDomain **clock;
    uint32_t clocks;
    StoreSymbol *symbol;
    uint32_t symbols, symbol_capacity;
    bool symbols_sorted;
    /* phases */
    bool phase_open;
    unsigned phases;
    uint64_t phase_begin;
    uint64_t end_ps;
};

/* -- store.c -------------------------------------------------------------- */
/* Keeps the first error: sqlite's message for rc. Returns false. */
bool store_fail(TraceStore *ts, int rc);
/* The same in our own words. */
bool store_fail_text(TraceStore *ts, const char *text);
/* realloc() to n elements that cannot fail quietly: NULL is an error kept. */
void *store_grow(TraceStore *ts, void *old, size_t n, size_t size);
/* Runs one statement, a string literal, with values by letter: i int64_t,
 * u uint64_t, r double, t text (NULL: null), n null in place of a uint64_t,
 * b blob (pointer, size_t). */
bool store_run(TraceStore *ts, const char *sql, const char *types, ...);
/* Runs statements without parameters. */
bool store_script(TraceStore *ts, const char *sql);
/* The next row of a batch, to be filled; bits of *null mark null columns. */
int64_t *batch_row(TraceStore *ts, RowBatch *batch, uint32_t **null);
bool batch_flush(TraceStore *ts, RowBatch *batch);
/* Commits when enough has come together. */
void store_commit_some(TraceStore *ts);

/* -- dictionary.c --------------------------------------------------------- */
void dictionary_write_constants(TraceStore *ts);
void dictionary_seal_symbols(TraceStore *ts);
/* Id of the symbol that holds address, 0 if none; and its name. */
uint32_t dictionary_symbol(TraceStore *ts, uint64_t address);
const char *dictionary_symbol_name(const TraceStore *ts, uint32_t id);
/* Entries made on the fly when nobody added them. */
StoreRegion *dictionary_region(TraceStore *ts, uint32_t id,
                               const MemoryRegion *mr);
StoreInitiator *dictionary_initiator(TraceStore *ts, const MemoryPort *port);
const char *dictionary_initiator_name(const TraceStore *ts, uint32_t id);
const char *dictionary_dir(unsigned dir);
uint32_t dictionary_clock(TraceStore *ts, const ClockDomain *clk);
void dictionary_free(TraceStore *ts);

/* -- decode.c ------------------------------------------------------------- */
/* Turns records into rows. */
void decode_records(TraceStore *ts, const MemoryRecord *r,
                    const MemoryRecord *end);
/* Hands over what the recorder holds. */
void decode_flush(TraceStore *ts);

/* -- hot.c ---------------------------------------------------------------- */
HotEntry *hot_count(TraceStore *ts, uint32_t region, const StoreRegion *info,
                    uint64_t offset, uint8_t dir);
void hot_write(TraceStore *ts);
void hot_free(TraceStore *ts);

/* -- summary.c ------------------------------------------------------------ */
/* What a hart's totals are made of (hart_totals.c fills it from a Hart). */
typedef struct HartFigures {
    const char *name, *profile, *profile_source;
    uint64_t clock_hz;
    HartCounters counters;
} HartFigures;
void summary_hart(TraceStore *ts, const HartFigures *h);
void summary_block(TraceStore *ts, const char *hart, uint64_t pc,
                   uint64_t bytes, uint64_t entries, uint64_t instructions,
                   uint64_t cycles);
/* What the totals of ports, harts and buses must satisfy among themselves: the
 * SQL has no row, else its first says why not. */
typedef struct Invariant {
    const char *name, *sql;
} Invariant;
extern const Invariant total_invariants[]; /* ends with a NULL name */
/* Derived tables, metric values, invariants, completeness. */
void summary_finish(TraceStore *ts);

/* -- metrics.c ------------------------------------------------------------ */
/* A number, if its SQL has one column; else a table. */
typedef struct Metric {
    const char *name, *unit, *definition, *sql, *exactness;
} Metric;
extern const Metric metrics[]; /* ends with a NULL name */

/* -- query.c -------------------------------------------------------------- */
/* Is there a database of ours at path, as far as its first page tells? */
bool query_is_ours(const char *path);
/* One line from sqlite: "PATH: message". */
bool query_fail(Error **errp, const char *path, sqlite3 *db, int rc);
/* Prepares one read-only statement. */
sqlite3_stmt *query_prepare(sqlite3 *db, const char *path, const char *sql,
                            Error **errp);
/* Is a table how tx and beat are stored, which is nobody's business? */
bool query_is_private(const char *table);
/* The first column of the first row as text, which the caller frees; NULL:
 * there is none, or it is null. ?1 of the SQL is arg, unless NULL. */
char *query_text(sqlite3 *db, const char *sql, const char *arg);
/* From now on statements of db stop after so many virtual machine steps in
 * all: a foreign database may hold endless ones. */
void query_limit(sqlite3 *db, uint64_t *steps);

/* -- format.c ------------------------------------------------------------- */
void format_json_string(struct _IO_FILE *out, const char *text, size_t len);
void format_json_value(struct _IO_FILE *out, sqlite3_stmt *stmt, int column);
/* All rows of stmt; the code sqlite ended with, SQLITE_DONE when all is well.*/
/* units: headings have them, as the table column_unit says. */
int format_csv(sqlite3_stmt *stmt, bool units, struct _IO_FILE *out);
int format_json(sqlite3_stmt *stmt, struct _IO_FILE *out);
int format_jsonl(sqlite3_stmt *stmt, struct _IO_FILE *out);
int format_table(sqlite3_stmt *stmt, struct _IO_FILE *out);

#ifdef __cplusplus
}
#endif
#endif
