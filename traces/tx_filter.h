/*
 * tx_filter.h - which rows of tx a query can be interested in, decided before
 * they are read: per site once, per chunk, per row.
 *
 * What it is asked with the type of the column is decided to the letter; the
 * rest it lets through, and SQLite checks it.
 */
#ifndef TRACES_TX_FILTER_H
#define TRACES_TX_FILTER_H

#include "traces/reader.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Columns of tx, in the order of its declaration. */
typedef enum TxColumn {
    TX_ROWID,
    TX_TIME,
    TX_CYCLE,
    TX_INITIATOR,
    TX_KIND,
    TX_DIR,
    TX_VA,
    TX_PA,
    TX_SIZE,
    TX_VALUE,
    TX_REGION,
    TX_OFFSET,
    TX_RESULT,
    TX_WAIT,
    TX_BUS,
    TX_TARGET,
    TX_BLOCKER,
    TX_PC,
    TX_SYMBOL,
    TX_BEATS,
    TX_FLAGS,
    TX_SITE,
    TX_INITIATOR_ID,
    TX_REGION_ID,
    TX_SYMBOL_ID,
    TX_BLOCKER_ID,
    TX_COLUMNS
} TxColumn;

/* An integer or a text (or null) of a transaction. */
typedef struct TxValue {
    bool null;
    const char *text; /* NULL: an integer */
    int64_t i;
} TxValue;

/* What a site says of column; false: it is not the site that says it. */
bool tx_site_value(const TraceReader *reader, uint32_t site_row,
                   TxColumn column, TxValue *value);
/* What row number `rowid` has in column. */
TxValue tx_value(const TraceReader *reader, const TxRow *row, uint64_t rowid,
                 TxColumn column);
/* Fields (CODEC_*) that a row's column needs, beside those that order rows. */
unsigned tx_column_fields(TxColumn column);
enum { TX_ORDER_FIELDS = CODEC_CYCLE | CODEC_INFO };

enum { TX_CONSTRAINTS = 12 };
typedef struct TxConstraint {
    TxColumn column;
    int op; /* SQLITE_INDEX_CONSTRAINT_EQ, _LT, _LE, _GT, _GE */
    bool is_text;
    bool of_site; /* what the site says */
    int64_t i;
    char *text; /* owned */
} TxConstraint;

typedef struct TxFilter {
    TxConstraint constraint[TX_CONSTRAINTS];
    unsigned constraints;
    bool by_site; /* some constraint is on a site's column */
    bool by_row;  /* some other is */
    bool by_data; /* some is on what records say, but for when */
    uint64_t first_row, last_row; /* rowid */
    int64_t first_time, last_time;
    uint64_t first_pa, last_pa; /* if by_pa */
    bool by_pa;
    uint8_t *want;        /* by row of site, if by_site */
    uint8_t *want_record; /* by record site: some row of it */
    /* By record site, if by_site or by_data: can some instruction of the fetch
     * run be wanted? ROW_SKIP: no; 0: not known yet. */
    uint8_t *run_answer;
    uint32_t wants, want_records, run_answers;
    /* What records say is asked of values and addresses alone: within these,
     * first + span the last. */
    bool quick;
    bool never; /* they contradict themselves */
    bool by_value;
    uint64_t value_first, value_span, pa_first, pa_span;
} TxFilter;

/* Can a constraint of this operator on this column be used? */
bool tx_filter_can(int column, int op);
/* Is it used to the letter, if it compares with this (NULL: not known)? */
bool tx_filter_exact(int column, sqlite3_value *value);
void tx_filter_begin(TxFilter *f);
/* Ignores what it cannot use. False: no memory. */
bool tx_filter_add(TxFilter *f, int column, int op, sqlite3_value *value);
/* Call when all are added, and the reader is refreshed. False: no memory. */
bool tx_filter_ready(TxFilter *f, const TraceReader *reader);
void tx_filter_free(TxFilter *f);

/* Can there be a row of the chunk? Not decided by its data. */
bool tx_filter_chunk(const TxFilter *f, const ReaderChunk *chunk);
/* Are all rows of the chunk wanted whose sites are? */
bool tx_filter_inside(const TxFilter *f, const ReaderChunk *chunk);
/* The same by its dictionary; *runs: some of a fetch run. */
bool tx_filter_sites(TxFilter *f, const TraceReader *reader,
                     const CodecSiteUse *use, uint32_t sites, bool *runs);
/* If `quick`: fields of records that tell, and what they tell of accesses. */
unsigned tx_filter_quick_fields(const TxFilter *f);
bool tx_filter_quick(const TxFilter *f, const TraceReader *reader,
                     const MemoryRecord *r, size_t n);
/* The same by all fields. */
bool tx_filter_any(TxFilter *f, const TraceReader *reader,
                   const MemoryRecord *r, size_t n);
bool tx_filter_row(const TxFilter *f, const TraceReader *reader,
                   const TxRow *row, uint64_t rowid);
/* If `quick`, what is asked of its value and address, but for null. */
static inline bool tx_filter_near(const TxFilter *f, uint64_t value,
                                  uint64_t pa)
{
    return value - f->value_first <= f->value_span &&
           pa - f->pa_first <= f->pa_span;
}
/* Only rows of sites? Asked first: most rows end here. */
static inline bool tx_filter_site(const TxFilter *f, uint32_t site_row)
{
    return !f->by_site || (site_row < f->wants && f->want[site_row]);
}

#ifdef __cplusplus
}
#endif
#endif
