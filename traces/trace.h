/*
 * trace.h - the trace store: one SQLite file per run.
 *
 * sim/ opens a store, describes the machine in its dictionaries, attaches the
 * store's recorder to the world, and closes it with the summaries. Nothing in
 * here runs while a machine runs except when a record buffer is full.
 *
 * The tables are those of traces/schema.sql; docs/database.md explains them.
 */
#ifndef TRACES_TRACE_H
#define TRACES_TRACE_H

#include "cpu/hart.h"
#include "memory/port.h"
#include "memory/posted_buffer.h"
#include "soc/bridge.h"
#include "soc/device.h"
#include "soc/l1.h"
#include "soc/traffic.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct TraceStore TraceStore;

/* Encoder threads, before trace_recorder(); 0 (the default): the caller's
 * thread encodes. Results do not depend on it. */
enum { TRACE_THREADS = 8 };
void trace_set_threads(TraceStore *ts, unsigned n);
/* Losing power costs nothing that was committed, at the price of waiting for
 * the disk with each chunk. Before trace_recorder(). */
void trace_set_durable(TraceStore *ts);

/* Creates PATH anew (an existing file is replaced when the store opens
 * well). */
TraceStore *trace_open(const char *path, Error **errp);

/* -- dictionaries, before the run ----------------------------------------- */
void trace_set_run(TraceStore *ts, const char *key, const char *value);
void trace_set_run_number(TraceStore *ts, const char *key, uint64_t value);
/* Direct pointers into memory that were given away, for the statement of what
 * was not seen; "": none. Copied. */
void trace_set_grants(TraceStore *ts, const char *text);
void trace_add_clock(TraceStore *ts, const ClockDomain *clk);
/* kind: "hart", the type of a device, "tlm", "api"; part: "fetch", "data", ...
 */
void trace_add_initiator(TraceStore *ts, const MemoryPort *port,
                         const char *kind, const char *owner, const char *part);
/* type: "ram", "rom", "io", ...; address is where it is mapped at time 0;
 * cls: the device's, NULL for memories (names the registers). */
void trace_add_region(TraceStore *ts, const MemoryRegion *mr, const char *type,
                      const char *bus, uint64_t address,
                      const DeviceClass *cls);
void trace_add_bus(TraceStore *ts, const Bus *bus);
/* Sorted by address by the store; size 0: up to the next symbol. */
void trace_add_symbol(TraceStore *ts, uint64_t address, uint64_t size,
                      const char *name);
/* Code [address, address + size) comes from this line. Only what ran or
 * accessed something gets into the file. */
void trace_add_line(TraceStore *ts, uint64_t address, uint64_t size,
                    const char *file, unsigned line);

/* -- what is recorded (filter.c) ------------------------------------------ */
typedef struct TraceRange {
    uint64_t first, last; /* both belong to it */
} TraceRange;
enum { TRACE_FILTER_NAMES = 16, TRACE_FILTER_RANGES = 8 };
/* What is wanted of the kinds that are recorded. Alternatives in a list; all
 * that is set must hold. All zero: everything. */
typedef struct TraceFilter {
    uint32_t device_kinds; /* mask of 1 << AccessKind: only of devices */
    unsigned dir;          /* DIR_READ, DIR_WRITE; 0: any; an amo is both */
    unsigned initiators, regions, ranges;      /* 0: any */
    const char *initiator[TRACE_FILTER_NAMES]; /* or its owner; borrowed */
    const char *region[TRACE_FILTER_NAMES];    /* borrowed */
    TraceRange range[TRACE_FILTER_RANGES];     /* physical */
} TraceFilter;
bool trace_filter_is_open(const TraceFilter *f); /* everything? */
/* May transactions of a site be wanted? owner: of its initiator; region: NULL
 * where nothing answers; device: it is one. */
bool trace_filter_site(const TraceFilter *f, const MemorySite *s,
                       const char *owner, const char *region, bool device);
/* Is this transaction wanted, one of such a site? */
bool trace_filter_wants(const TraceFilter *f, bool site_wanted,
                        uint64_t address, uint32_t size);
/* All before trace_recorder(). */
void trace_set_filter(TraceStore *ts, const TraceFilter *filter);
/* Keeps only the last n transactions before trace_keep_now(), or before the
 * end. */
void trace_keep_last(TraceStore *ts, uint64_t n);
void trace_keep_now(TraceStore *ts);
/* Recording was switched; cause in the user's words. */
void trace_window(TraceStore *ts, bool begins, uint64_t time_ps, uint64_t cycle,
                  const char *cause);
/* How many transactions of the recorded kinds the ports counted while it was
 * on, for the invariants. */
void trace_set_counted(TraceStore *ts, uint64_t transactions);

/* -- during the run ------------------------------------------------------- */
/* The recorder to give to the world; kinds is a mask of 1 << AccessKind. */
MemoryRecorder *trace_recorder(TraceStore *ts, uint32_t kinds, bool beats);
void trace_phase(TraceStore *ts, unsigned id, bool begins, uint64_t time_ps,
                 uint64_t cycle);
/* Begins one that has a name and no number. */
void trace_phase_named(TraceStore *ts, const char *name, uint64_t time_ps,
                       uint64_t cycle);
void trace_fault(TraceStore *ts, const char *hart, uint64_t time_ps,
                 uint64_t cycle, uint64_t pc, uint64_t cause, uint64_t tval);
/* What mcause says: "load access fault". */
const char *trace_cause_name(uint64_t cause);
void trace_log(TraceStore *ts, uint64_t time_ps, const char *level,
               const char *text);
void trace_input(TraceStore *ts, const char *device, uint64_t time_ps,
                 const void *bytes, size_t len);
/* An interrupt line changed. */
void trace_irq(TraceStore *ts, uint64_t time_ps, const char *source,
               unsigned line, bool level);
/* Bytes [address, address + size) of a region appeared or went. */
void trace_map(TraceStore *ts, uint64_t time_ps, const MemoryRegion *mr,
               uint64_t address, uint64_t size, bool mapped);
/* The first error met (disk full, ...), or NULL. The run should end then. */
const Error *trace_error(TraceStore *ts);

/* -- summaries, at the end ------------------------------------------------ */
void trace_add_port_totals(TraceStore *ts, MemoryPort *port);
void trace_add_hart_totals(TraceStore *ts, Hart *hart);
/* A cache of the hart that owns the port; part: "fetch", "data". */
void trace_add_cache_totals(TraceStore *ts, const L1 *l1, const char *hart,
                            const char *part, const MemoryPort *port);
void trace_add_source(TraceStore *ts, const Traffic *traffic, uint64_t end_ps);
void trace_add_bus_totals(TraceStore *ts, const Bus *bus, uint64_t end_ps);
void trace_add_posted_totals(TraceStore *ts, const PostedRegion *pr);

/* Hands over the last records, writes the summaries and metrics, checks the
 * invariants, marks the run complete, closes. False: *errp says why (the file
 * is valid and holds what was committed). Frees ts in any case. */
bool trace_close(TraceStore *ts, Error **errp);
uint64_t trace_rows(TraceStore *ts);     /* rows of tx in the file */
uint64_t trace_left_out(TraceStore *ts); /* by the filter, so far */

/* Brings in what a killed run left beside its database; *rows: of tx now. *done
 * is false when there was nothing to do. */
bool trace_recover(const char *path, uint64_t *rows, bool *done, Error **errp);

/* -- reading (socscope report, sql) --------------------------------------- */
/* Opens a database read-only and checks that it is one of ours and not newer
 * than this program. */
struct sqlite3;
struct sqlite3 *trace_open_existing(const char *path, Error **errp);

typedef enum TraceFormat {
    TRACE_TABLE, /* headings have the columns' units: "time [ps]" */
    TRACE_CSV,
    TRACE_CSV_UNITS, /* so have these */
    TRACE_JSON
} TraceFormat;
/* Runs one SELECT and prints its rows to `out`. */
struct _IO_FILE;
bool trace_sql(const char *path, const char *sql, TraceFormat format,
               struct _IO_FILE *out, Error **errp);
typedef struct TraceReport {
    bool plain; /* ASCII only, no colours */
    bool all;   /* rows, not only the first of each section */
    bool json;  /* every metric, as JSON; sections mean nothing then */
    const char *const *section;
    size_t sections; /* 0: all of them */
} TraceReport;
/* The terminal report. */
bool trace_report(const char *path, const TraceReport *what,
                  struct _IO_FILE *out, Error **errp);

typedef struct TraceDiff {
    bool json;
    const char *junit;          /* a file to write; NULL: none */
    const char *const *fail_on; /* thresholds: "cycles > +2%" */
    size_t fail_ons;
} TraceDiff;
/* What changed from run a to run b. Prints to `out`, and one line to `failures`
 * per threshold that failed; *failed says whether one did. */
bool trace_diff(const char *a, const char *b, const TraceDiff *options,
                struct _IO_FILE *out, struct _IO_FILE *failures, bool *failed,
                Error **errp);

/* Computes the invariants of docs/database.md from the rows; a line each.
 * *failed says whether one does not hold. */
bool trace_check(const char *path, bool json, struct _IO_FILE *out,
                 bool *failed, Error **errp);

typedef enum TraceExportFormat {
    TRACE_EXPORT_CSV,
    TRACE_EXPORT_JSONL
} TraceExportFormat;
/* Prints the rows of a table where an SQL expression (NULL: any) holds. */
bool trace_export(const char *path, const char *table, const char *where,
                  TraceExportFormat format, struct _IO_FILE *out, Error **errp);
/* Writes plain tables to `to`, which is there only when all went well.
 * `where`: of tx, with what belongs to those transactions; NULL: all. */
bool trace_expand(const char *path, const char *to, const char *where,
                  Error **errp);

#ifdef __cplusplus
}
#endif
#endif
