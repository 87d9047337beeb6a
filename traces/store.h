/*
 * store.h - what the files of traces/ share. Nobody outside includes this,
 * but its tests.
 *
 * A TraceStore keeps the first error it meets and does nothing from then on;
 * trace_error() and trace_close() tell.
 */
#ifndef TRACES_STORE_H
#define TRACES_STORE_H

#include <pthread.h>
#include <sqlite3.h>

#include "traces/codec.h"
#include "traces/count.h"
#include "traces/fields.h"
#include "traces/lines.h"
#include "traces/polling.h"
#include "traces/registers.h"
#include "traces/rows.h"
#include "traces/tail.h"
#include "traces/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TRACE_SCHEMA_VERSION = 2,
    TRACE_APPLICATION_ID = 0x534f4353, /* "SOCS" */
    STORE_BUFFER = TAIL_RECORDS,       /* records of a buffer, and a chunk */
    STORE_THREADS = TRACE_THREADS,
    BATCH_ROWS = 32,
    BATCH_COLUMNS = 8,
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
    char *name, *owner;
    const ClockDomain *clock;
    uint64_t last_cycle;
    uint64_t backwards; /* transactions issued before the one recorded before */
    uint64_t chunk_first, chunk_last; /* cycles; first > last: none */
    uint32_t unsettled;               /* record site with plain accesses, + 1 */
    /* The window its plain accesses count in, and the cycle before which they
     * still do; not after last_cycle: to be found out. */
    uint32_t window;
    uint64_t window_end;
} StoreInitiator;

typedef struct CachedStatement {
    const char *sql; /* compared by address: string literals only */
    sqlite3_stmt *stmt;
} CachedStatement;

/* A record buffer on its way from the recorder to the file. */
typedef struct StoreBuffer StoreBuffer;
struct StoreBuffer {
    MemoryRecord *record;   /* STORE_BUFFER */
    size_t records, handed; /* now, and when it was handed over */
    uint32_t sites;         /* that its records may name: ids below it */
    bool filtered;          /* some of its records may be unwanted */
    uint64_t left_out;      /* transactions, by the filter */
    bool damaged;           /* records of no known site followed */
    uint64_t number;        /* order of hand-over */
    StoreBuffer *next;
};

/* Who encodes: a thread, or the one that runs the machine. */
typedef struct StoreEncoder {
    TraceStore *ts;
    Codec *codec;
    CodecSite *site;
    uint32_t sites, capacity;
    pthread_t thread;
} StoreEncoder;

/* The last transactions, as records. */
typedef struct TraceRing {
    uint64_t keep;    /* transactions; 0: the ring is not in use */
    uint64_t count;   /* transactions in it */
    uint64_t dropped; /* that were in it */
    MemoryRecord *record;
    size_t capacity, first, used; /* records; capacity: a power of two */
} TraceRing;

struct TraceStore {
    /* Held by whoever uses what is between here and `recorder`. */
    pthread_mutex_t lock; /* recursive */
    sqlite3 *db;
    char *path;
    Error *error; /* set once */
    bool failed;  /* it is; atomic */
    CachedStatement cached[64];
    unsigned cached_count;
    RowBatch mmio;
    uint64_t rows;         /* of tx */
    uint64_t uncommitted;  /* rows of any table */
    uint64_t committed_at; /* seconds of the host's steady clock */
    uint64_t chunks;
    uint32_t written_sites; /* record sites that are in the file */
    Counts counts;
    uint64_t left_out; /* by the filter */
    unsigned windows;  /* rows of trace_window */
    bool has_counted;
    uint64_t counted; /* while recording was on, by the ports */
    /* the recorder's side */
    MemoryRecorder recorder;
    bool recording;
    bool recovered; /* the run was killed */
    RowSites sites;
    uint32_t site_rows;
    TraceFilter filter;
    bool filtered; /* some site is not wanted, or addresses decide */
    TraceRing ring;
    char grants[1024]; /* direct pointers that were given away, in words */
    uint64_t kept_of;  /* trace_keep_last(); 0: all are kept */
    Tail tail;
    StoreBuffer buffer[TAIL_BUFFERS];
    StoreBuffer *filling;
    /* hand-over */
    pthread_mutex_t queue_lock;
    pthread_cond_t queue_changed;
    StoreBuffer *queue, *free;
    uint64_t handed_over, taken_in; /* buffers */
    bool closing;
    StoreEncoder encoder[STORE_THREADS];
    unsigned threads; /* 0: encoder[0] is the recorder's thread */
    unsigned running; /* threads */
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
    TraceLines *lines; /* NULL: none are known */
    Polling *polling;  /* NULL: no device was accessed */
    Fields *fields;    /* the same */
    /* phases */
    bool phase_open;
    unsigned phases;
    uint64_t phase_begin;
    uint64_t end_ps;
};

/* -- store.c -------------------------------------------------------------- */
/* Keeps the first error: sqlite's message for rc. Returns false. */
bool store_fail(TraceStore *ts, int rc);
/* The same for an errno. */
bool store_fail_host(TraceStore *ts, int why);
/* The same in our own words. */
bool store_fail_text(TraceStore *ts, const char *text);
/* realloc() to n elements that cannot fail quietly: NULL is an error kept. */
void *store_grow(TraceStore *ts, void *old, size_t n, size_t size);
/* Runs one statement, a string literal, with values by letter: i int64_t,
 * u uint64_t, r double, t text (NULL: null), n null in place of a uint64_t,
 * b blob (pointer, size_t). */
bool store_run(TraceStore *ts, const char *sql, const char *types, ...);
/* The same for a query: the first column of its first row, 0 if it has none. */
int64_t store_number(TraceStore *ts, const char *sql, const char *types, ...);
/* Runs statements without parameters. */
bool store_script(TraceStore *ts, const char *sql);
/* The next row of a batch, to be filled; bits of *null mark null columns. */
int64_t *batch_row(TraceStore *ts, RowBatch *batch, uint32_t **null);
bool batch_flush(TraceStore *ts, RowBatch *batch);
/* Commits when enough has come together. */
void store_commit_some(TraceStore *ts);

/* A store without a file; NULL: no memory. store_free() takes it back. */
TraceStore *store_new(const char *path);
void store_free(TraceStore *ts);
/* Summaries, then the log is folded in: the end of a database. */
bool store_finish(TraceStore *ts, Error **errp);

/* -- dictionary.c --------------------------------------------------------- */
void dictionary_write_constants(TraceStore *ts);
void dictionary_seal_symbols(TraceStore *ts);
/* Entries that are in the file already (recover.c); symbols come in order and
 * end with dictionary_known_symbols(). */
bool dictionary_known_region(TraceStore *ts, uint32_t id, const char *name,
                             bool io, const DeviceClass *cls);
bool dictionary_known_initiator(TraceStore *ts, uint32_t id, const char *name);
void dictionary_known_symbols(TraceStore *ts);
/* Id of the symbol that holds address, 0 if none; and its name. */
uint32_t dictionary_symbol(TraceStore *ts, uint64_t address);
const char *dictionary_symbol_name(const TraceStore *ts, uint32_t id);
/* Entries made on the fly when nobody added them. */
StoreRegion *dictionary_region(TraceStore *ts, uint32_t id,
                               const MemoryRegion *mr);
void dictionary_initiator(TraceStore *ts, const MemoryPort *port);
const char *dictionary_initiator_name(const TraceStore *ts, uint32_t id);
const char *dictionary_owner(const TraceStore *ts, uint32_t id);
const char *dictionary_dir(unsigned dir);
uint32_t dictionary_clock(TraceStore *ts, const ClockDomain *clk);
void dictionary_free(TraceStore *ts);

/* -- handover.c ----------------------------------------------------------- */
/* Buffers, encoders and their threads; false: the error is kept. */
bool handover_start(TraceStore *ts);
/* Hands over what the recorder holds, and waits until all is in the file (or
 * the error is kept). */
void handover_drain(TraceStore *ts);
/* The same, and ends the threads. */
void handover_stop(TraceStore *ts);
void handover_free(TraceStore *ts);
/* Takes a buffer in that no recorder has filled: recover.c. */
void handover_take(TraceStore *ts, StoreBuffer *b);

/* -- filter.c ------------------------------------------------------------- */
/* Makes *to what is wanted of b; its records are the caller's to free, unless
 * they are those of b. False: no memory. */
bool filter_buffer(TraceStore *ts, const StoreBuffer *b, StoreBuffer *to);
/* Takes a buffer's records into the ring. */
void ring_take(TraceStore *ts, const StoreBuffer *b);
void ring_free(TraceStore *ts);

/* -- consume.c ------------------------------------------------------------ */
/* Tells the store of the recorder's site: MemoryRecorder.site_made. */
void consume_site_made(MemoryRecorder *rec, uint32_t id);
/* Counts the records of a buffer and writes them, encoded, as a chunk. Buffers
 * come in the order of hand-over. */
void consume(TraceStore *ts, const StoreBuffer *buffer, const void *blob,
             size_t len);
/* Only counts what is a chunk already; returns its rows. */
uint64_t consume_count(TraceStore *ts, const StoreBuffer *buffer);
/* -- count.c -------------------------------------------------------------- */
/* Room to count the record sites below `sites`; false: the error is kept. */
bool count_room(TraceStore *ts, uint32_t sites);
/* Counts the records of a buffer; *devices: some accessed a device. Returns how
 * many rows they are. */
uint64_t count_buffer(TraceStore *ts, const StoreBuffer *buffer, bool *devices);
/* The same for a chunk, with the time of its first and of its last row; *first
 * > *last: it has none. */
uint64_t count_chunk(TraceStore *ts, const StoreBuffer *buffer, bool *devices,
                     uint64_t *first, uint64_t *last);
/* Writes the tables of what was counted, once. */
void count_write(TraceStore *ts);
void count_free(TraceStore *ts);

/* -- key_index.c ---------------------------------------------------------- */
/* The number of a key, `fresh` if it is new; UINT32_MAX: the error is kept. */
uint32_t key_index(TraceStore *ts, KeyIndex *index, uint64_t key,
                   uint32_t fresh);
void key_free(KeyIndex *index);
/* Room in an array of zeros for index n; false: the error is kept. */
bool grow_zeros(TraceStore *ts, void **array, uint32_t *capacity, uint32_t n,
                size_t size);

/* -- traffic_window.c ----------------------------------------------------- */
/* The group of a site; UINT32_MAX: the error is kept. */
uint32_t window_group(TraceStore *ts, const RowSite *s);
/* The window of a time; windows become wider when it is beyond them. */
uint32_t window_at(TraceStore *ts, uint64_t ps);
/* The time at which a window ends. */
uint64_t window_end(const TraceStore *ts, uint32_t window);
/* Adds n times `sums`. */
void window_add(TraceStore *ts, uint32_t group, uint32_t window,
                const CountSums *sums, uint64_t n);
void window_write(TraceStore *ts);
void window_free(TraceStore *ts);

/* -- latency.c ------------------------------------------------------------ */
uint32_t latency_group(TraceStore *ts, const RowSite *s);
/* n accesses that took so many cycles each. */
void latency_add(TraceStore *ts, uint32_t group, uint64_t wait, uint64_t bus,
                 uint64_t target, uint64_t n);
void latency_write(TraceStore *ts);
void latency_free(TraceStore *ts);

/* -- hot.c ---------------------------------------------------------------- */
/* A register's counts, valid until the next call; NULL: the error is kept. */
HotEntry *hot_register(TraceStore *ts, const RowSite *s, uint64_t offset);
/* The sort of a site's accesses, with timing or plain: accesses of one sort
 * are counted together. UINT32_MAX: the error is kept. */
uint32_t hot_sort(TraceStore *ts, const RowSite *s, bool timed);
/* The counters of the lines of a page of memory for a sort of this site; the
 * page begins at an offset that is a multiple of HOT_PAGE, with timing of
 * HOT_TIMED_PAGE. One for each plain access; those with timing hot_timed()
 * adds. NULL: the error is kept. */
uint64_t *hot_page(TraceStore *ts, const RowSite *s, uint32_t sort, bool timed,
                   uint64_t begin);
void hot_timed(uint64_t *page, uint64_t offset, const TxRow *row);
void hot_write(TraceStore *ts);
void hot_free(TraceStore *ts);

/* -- summary.c ------------------------------------------------------------ */
/* What a hart's totals are made of (hart_totals.c fills it from a Hart). */
typedef struct HartFigures {
    const char *name, *profile, *profile_source;
    const char *timing_level, *timing_estimates; /* NULL: none are */
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
/* Rows were printed to out, and sqlite ended with rc: was all well? */
bool query_printed(Error **errp, const char *path, sqlite3 *db, int rc,
                   struct _IO_FILE *out);
/* Prepares one read-only statement. */
sqlite3_stmt *query_prepare(sqlite3 *db, const char *path, const char *sql,
                            Error **errp);
/* Is tx the virtual table over chunks, not a plain table (of `expand`)? */
bool query_has_chunks(sqlite3 *db);
/* Is a table how tx and beat are stored, which is nobody's business? */
bool query_is_private(const char *table);
/* The first column of the first row as text, which the caller frees; NULL:
 * there is none, or it is null. ?1 of the SQL is arg, unless NULL. */
char *query_text(sqlite3 *db, const char *sql, const char *arg);
/* From now on statements of db stop after so many virtual machine steps in
 * all: a foreign database may hold endless ones. */
void query_limit(sqlite3 *db, uint64_t *steps);
/* More steps than reading all of the file a few times takes. */
uint64_t query_steps(const char *path);
/* False, with the error of a query that takes too long: none are left. */
bool query_within(Error **errp, const char *path, sqlite3 *db, uint64_t steps);
/* Says in *errp, an error of a TraceReader, which database it is of, or that a
 * query took too long. Returns false. */
bool query_read_fail(Error **errp, const char *path, sqlite3 *db,
                     uint64_t steps);

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
