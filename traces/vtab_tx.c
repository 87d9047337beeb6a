/*
 * vtab_tx.c - tx and beat as virtual tables over the chunks of a database.
 *
 * Model    Both walk transactions in the order of recording and leave out, by
 *          what the query asks, chunks, sites and rows (tx_filter.h); beat
 * walks the beats of each. Constraints on beat's `tx` are those on rowid.
 *          Eponymous: a connection that has them needs no `create`.
 * Units    as in docs/database.md.
 */
#include <stdlib.h>
#include <string.h>

#include "traces/tx_group.h"

static const char tx_schema[] =
    "create table tx(rowid integer, time integer, cycle integer,"
    " initiator text, kind text, dir text, va integer, pa integer,"
    " size integer, value integer, region text, offset integer, result text,"
    " wait_cycles integer, bus_cycles integer, target_cycles integer,"
    " blocker text, pc integer, symbol text, beats integer, flags text,"
    " site integer, initiator_id integer, region_id integer,"
    " symbol_id integer, blocker_id integer)";

enum {
    BEAT_TX,
    BEAT_SEQ,
    BEAT_BUS,
    BEAT_REGION,
    BEAT_OFFSET,
    BEAT_SIZE,
    BEAT_DIR,
    BEAT_VALUE,
    BEAT_TIME,
    BEAT_CYCLES,
    BEAT_CAUSE,
    BEAT_BUS_ID,
    BEAT_REGION_ID,
    BEAT_STROBES
};
static const char beat_schema[] =
    "create table beat(tx integer, seq integer, bus text, region text,"
    " offset integer, size integer, dir text, value integer, time integer,"
    " cycles integer, cause text, bus_id integer, region_id integer,"
    " strobes text)";

static bool has_beats(const ReaderTable *table)
{
    return table->schema == beat_schema;
}

typedef struct TxCursor {
    sqlite3_vtab_cursor base;
    TxFilter filter;
    unsigned fields;
    size_t chunk; /* number of the next one to enter */
    bool end;
    bool count_only; /* nothing of a row is asked but that it is there */
    bool found;      /* the last chunk asked quickly had some */
    bool inside;     /* all rows of this chunk are wanted whose sites are */
    ReaderRecords records;
    RowReader rows;
    TxRow row;
    uint64_t rowid, chunk_end;
    TxBeats beats;
    TxBeat beat;
} TxCursor;

/* -- planning ------------------------------------------------------------- */

/* The column of tx that a constraint on the table's is about, or -1. */
static int tx_column(const ReaderTable *table, int column)
{
    if (!has_beats(table)) {
        return column < 0 ? TX_ROWID : column;
    }
    return column == BEAT_TX ? TX_ROWID : -1;
}

/* idxStr is a letter pair per argument: column, operator; idxNum the fields
 * that are needed, plus PLAN_COUNT. */
enum { PLAN_COUNT = 256, PLAN_LETTER = '0' };

static unsigned fields_used(const ReaderTable *table, sqlite3_uint64 used)
{
    if (has_beats(table)) {
        return CODEC_ALL;
    }
    unsigned fields = 0;
    for (int c = 0; c < TX_COLUMNS; c++) {
        if (used >> c & 1) {
            fields |= tx_column_fields((TxColumn)c);
        }
    }
    return fields;
}

static bool usable(const ReaderTable *table, sqlite3_index_info *info, int i)
{
    int column = tx_column(table, info->aConstraint[i].iColumn);
    return info->aConstraint[i].usable && column >= 0 &&
           tx_filter_can(column, info->aConstraint[i].op) &&
           strcmp(sqlite3_vtab_collation(info, i), "BINARY") == 0;
}

/* What a constraint compares with, if that is known; else NULL. */
static sqlite3_value *right(sqlite3_index_info *info, int i)
{
    sqlite3_value *value = NULL;
    return sqlite3_vtab_rhs_value(info, i, &value) == SQLITE_OK ? value : NULL;
}

static int best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
    ReaderTable *table = (ReaderTable *)vtab;
    char plan[2 * TX_CONSTRAINTS + 1];
    int n = 0;
    unsigned fields = fields_used(table, info->colUsed);
    double cost = 1e9;
    for (int i = 0; i < info->nConstraint && n < TX_CONSTRAINTS; i++) {
        if (!usable(table, info, i)) {
            continue;
        }
        int column = tx_column(table, info->aConstraint[i].iColumn);
        bool equal = info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ;
        plan[2 * n] = (char)(PLAN_LETTER + column);
        plan[2 * n + 1] = (char)(info->aConstraint[i].op + PLAN_LETTER);
        info->aConstraintUsage[i].argvIndex = ++n;
        info->aConstraintUsage[i].omit =
            tx_filter_exact(column, right(info, i));
        fields |= tx_column_fields((TxColumn)column);
        cost /= column == TX_ROWID && equal ? 1e4 : equal ? 20 : 4;
    }
    plan[2 * n] = 0;
    info->idxStr = sqlite3_mprintf("%s", plan);
    if (!info->idxStr) {
        return SQLITE_NOMEM;
    }
    info->needToFreeIdxStr = 1;
    bool count_only =
        !has_beats(table) && !n && (info->colUsed & ~UINT64_C(1)) == 0;
    info->idxNum = (int)(fields | (count_only ? PLAN_COUNT : 0));
    info->estimatedCost = cost;
    info->estimatedRows = (sqlite3_int64)(cost < 1 ? 1 : cost);
    if (info->nOrderBy == 1 && !info->aOrderBy[0].desc &&
        tx_column(table, info->aOrderBy[0].iColumn) == TX_ROWID) {
        info->orderByConsumed = 1;
    }
    return SQLITE_OK;
}

/* -- walking -------------------------------------------------------------- */

static int cursor_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
    TxCursor *cursor = calloc(1, sizeof(*cursor));
    if (!cursor) {
        return SQLITE_NOMEM;
    }
    *out = &cursor->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
    TxCursor *cursor = (TxCursor *)base;
    tx_filter_free(&cursor->filter);
    free(cursor->records.record);
    free(cursor);
    return SQLITE_OK;
}

static int cursor_fail(TxCursor *cursor, Error *err)
{
    sqlite3_vtab *vtab = cursor->base.pVtab;
    sqlite3_free(vtab->zErrMsg);
    vtab->zErrMsg =
        sqlite3_mprintf("%s", err ? error_message(err) : "no memory");
    error_free(err);
    cursor->end = true;
    return SQLITE_ERROR;
}

/* Can the chunk hold a row that is wanted? 1, 0, or -1: *errp. As little of it
 * is decoded as tells. */
static int can_hold(TxCursor *cursor, const ReaderChunk *chunk, Error **errp)
{
    TraceReader *reader = ((ReaderTable *)cursor->base.pVtab)->reader;
    TxFilter *f = &cursor->filter;
    const void *blob;
    size_t len;
    const CodecSiteUse *use;
    uint32_t sites;
    bool runs;
    if (!f->by_site && !f->by_pa && !f->by_data) {
        return 1;
    }
    if (!reader_body(reader, chunk, &blob, &len, errp) ||
        !codec_sites(reader->codec, blob, len, &use, &sites, errp)) {
        return -1;
    }
    if (!tx_filter_sites(f, reader, use, sites, &runs)) {
        return 0;
    }
    if (!f->quick || runs) {
        return 1;
    }
    /* Where the chunk before had some this one will: all at once then. */
    unsigned fields = tx_filter_quick_fields(f);
    fields |= cursor->found ? cursor->fields | TX_ORDER_FIELDS : 0;
    if (!reader_load(reader, chunk, fields, &cursor->records, errp)) {
        return -1;
    }
    cursor->found = tx_filter_quick(f, reader, cursor->records.record,
                                    cursor->records.records);
    return cursor->found;
}

/* Enters the next chunk that can hold a row; at the end, sets `end`. */
static int enter_chunk(TxCursor *cursor)
{
    TraceReader *reader = ((ReaderTable *)cursor->base.pVtab)->reader;
    TxFilter *f = &cursor->filter;
    Error *err = NULL;
    while (cursor->chunk < reader->chunks) {
        const ReaderChunk *chunk = &reader->chunk[cursor->chunk++];
        if (!tx_filter_chunk(f, chunk)) {
            continue;
        }
        cursor->rowid = chunk->row0 - 1;
        cursor->chunk_end = chunk->row0 + chunk->rows;
        if (cursor->count_only) {
            return SQLITE_OK;
        }
        int can = can_hold(cursor, chunk, &err);
        if (can == 0) {
            continue;
        }
        if (can < 0 ||
            !reader_load(reader, chunk, cursor->fields | TX_ORDER_FIELDS,
                         &cursor->records, &err)) {
            return cursor_fail(cursor, err);
        }
        if (!f->quick && !tx_filter_any(f, reader, cursor->records.record,
                                        cursor->records.records)) {
            continue;
        }
        cursor->inside = tx_filter_inside(f, chunk);
        rows_begin(&cursor->rows, &reader->record_site, cursor->records.record,
                   cursor->records.records);
        cursor->rows.skip = f->run_answer;
        cursor->rows.skips = f->run_answers;
        return SQLITE_OK;
    }
    cursor->end = true;
    return SQLITE_OK;
}

/* The next row of the chunk that is wanted; false: there is none. */
static bool next_in_chunk(TxCursor *cursor)
{
    const TraceReader *reader = ((ReaderTable *)cursor->base.pVtab)->reader;
    const TxFilter *f = &cursor->filter;
    while (cursor->rowid + 1 < cursor->chunk_end &&
           rows_next(&cursor->rows, &cursor->row)) {
        cursor->rowid += cursor->rows.passed + 1;
        cursor->rows.passed = 0;
        if (f->quick && !tx_filter_near(f, cursor->row.value, cursor->row.pa)) {
            continue;
        }
        if (tx_filter_site(f, cursor->row.site_row) &&
            (cursor->inside ||
             tx_filter_row(f, reader, &cursor->row, cursor->rowid))) {
            return cursor->rowid < cursor->chunk_end;
        }
    }
    return false;
}

static int next_tx(TxCursor *cursor)
{
    while (!cursor->end) {
        if (cursor->count_only) {
            if (++cursor->rowid < cursor->chunk_end) {
                return SQLITE_OK;
            }
        } else if (next_in_chunk(cursor)) {
            return SQLITE_OK;
        } else if (cursor->rows.wrong) {
            Error *err = NULL;
            error_set(&err, "%s; the database is damaged", cursor->rows.wrong);
            return cursor_fail(cursor, err);
        }
        int rc = enter_chunk(cursor);
        if (rc != SQLITE_OK) {
            return rc;
        }
    }
    return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
    TxCursor *cursor = (TxCursor *)base;
    const ReaderTable *table = (ReaderTable *)base->pVtab;
    if (!has_beats(table)) {
        return next_tx(cursor);
    }
    while (
        !row_beats_next(&cursor->beats, table->reader->beats, &cursor->beat)) {
        int rc = next_tx(cursor);
        if (rc != SQLITE_OK || cursor->end) {
            return rc;
        }
        row_beats_begin(&cursor->beats, &cursor->row);
    }
    return SQLITE_OK;
}

static int cursor_filter(sqlite3_vtab_cursor *base, int plan_number,
                         const char *plan, int argc, sqlite3_value **argv)
{
    TxCursor *cursor = (TxCursor *)base;
    ReaderTable *table = (ReaderTable *)base->pVtab;
    TxFilter *f = &cursor->filter;
    Error *err = NULL;
    if (!reader_refresh(table->reader, &err)) {
        return cursor_fail(cursor, err);
    }
    tx_filter_free(f);
    tx_filter_begin(f);
    bool ok = true;
    for (int i = 0; i < argc && ok; i++) {
        ok = tx_filter_add(f, plan[2 * i] - PLAN_LETTER,
                           plan[2 * i + 1] - PLAN_LETTER, argv[i]);
    }
    if (!ok || !tx_filter_ready(f, table->reader)) {
        return SQLITE_NOMEM;
    }
    cursor->fields = (unsigned)plan_number & CODEC_ALL;
    cursor->count_only = plan_number & PLAN_COUNT;
    cursor->chunk = 0;
    cursor->end = cursor->found = false;
    cursor->rowid = cursor->chunk_end = 0;
    cursor->rows = (RowReader){0};
    int rc = next_tx(cursor);
    if (rc == SQLITE_OK && has_beats(table) && !cursor->end) {
        row_beats_begin(&cursor->beats, &cursor->row);
        rc = cursor_next(base);
    }
    return rc;
}

static int cursor_eof(sqlite3_vtab_cursor *base)
{
    return ((TxCursor *)base)->end;
}

/* -- columns -------------------------------------------------------------- */

static void give(sqlite3_context *to, TxValue v)
{
    if (v.null) {
        sqlite3_result_null(to);
    } else if (v.text) {
        sqlite3_result_text(to, v.text, -1, SQLITE_STATIC);
    } else {
        sqlite3_result_int64(to, v.i);
    }
}

/* "1011": byte 1 was left alone. */
static void give_strobes(sqlite3_context *to, const TxBeat *b)
{
    char text[129];
    uint32_t i = 0;
    if (!b->strobes) {
        sqlite3_result_null(to);
        return;
    }
    for (; i < b->size && i < sizeof(text) - 1; i++) {
        uint64_t bits = i < 64 ? b->strobes->value : b->strobes->address;
        text[i] = bits >> i % 64 & 1 ? '1' : '0';
    }
    sqlite3_result_text(to, text, (int)i, SQLITE_TRANSIENT);
}

static int beat_column(const ReaderTable *table, const TxCursor *cursor,
                       sqlite3_context *to, int column)
{
    const TraceReader *reader = table->reader;
    const TxBeat *b = &cursor->beat;
    const TxRow *row = &cursor->row;
    uint64_t initiator = row->site->initiator;
    TxValue v = {0};
    switch (column) {
    case BEAT_TX: v.i = (int64_t)cursor->rowid; break;
    case BEAT_SEQ: v.i = (int64_t)cursor->beats.seq - 1; break;
    case BEAT_BUS:
        v.text = b->bus ? reader_name(&reader->bus, b->bus) : NULL;
        v.null = !v.text;
        break;
    case BEAT_REGION:
        v.text = b->region ? reader_name(&reader->region, b->region) : NULL;
        v.null = !v.text;
        break;
    case BEAT_OFFSET:
        v.i = (int64_t)b->offset;
        v.null = !b->region && b->cause == BEAT_ACCESS;
        break;
    case BEAT_SIZE: v.i = b->size; break;
    case BEAT_DIR: v = tx_value(reader, row, cursor->rowid, TX_DIR); break;
    case BEAT_VALUE:
        v.i = (int64_t)b->value;
        v.null = b->size > 8;
        break;
    case BEAT_TIME:
        v.i = (int64_t)reader_time(reader, (uint32_t)initiator,
                                   row->cycle + b->begin);
        break;
    case BEAT_CYCLES: v.i = (int64_t)b->cycles; break;
    case BEAT_CAUSE:
        v.text = reader_name(&reader->cause, b->cause);
        v.null = !v.text;
        break;
    case BEAT_BUS_ID:
        v.i = b->bus;
        v.null = !b->bus;
        break;
    case BEAT_STROBES: give_strobes(to, b); return SQLITE_OK;
    default:
        v.i = b->region;
        v.null = !b->region;
        break;
    }
    give(to, v);
    return SQLITE_OK;
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *to,
                         int column)
{
    const TxCursor *cursor = (TxCursor *)base;
    const ReaderTable *table = (ReaderTable *)base->pVtab;
    if (has_beats(table)) {
        return beat_column(table, cursor, to, column);
    }
    if (column == TX_ROWID) {
        sqlite3_result_int64(to, (int64_t)cursor->rowid);
    } else {
        give(to, tx_value(table->reader, &cursor->row, cursor->rowid,
                          (TxColumn)column));
    }
    return SQLITE_OK;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
    const TxCursor *cursor = (TxCursor *)base;
    *rowid = (sqlite3_int64)cursor->rowid;
    return SQLITE_OK;
}

/* -- the module ----------------------------------------------------------- */

int vtab_register(sqlite3 *db)
{
    /* eponymous only: no xCreate */
    static const sqlite3_module module = {.xConnect = reader_connect,
                                          .xBestIndex = best_index,
                                          .xDisconnect = reader_disconnect,
                                          .xOpen = cursor_open,
                                          .xClose = cursor_close,
                                          .xFilter = cursor_filter,
                                          .xNext = cursor_next,
                                          .xEof = cursor_eof,
                                          .xColumn = cursor_column,
                                          .xRowid = cursor_rowid};
    int rc = sqlite3_create_module_v2(db, "tx", &module,
                                      (void *)(uintptr_t)tx_schema, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_create_module_v2(db, "beat", &module,
                                      (void *)(uintptr_t)beat_schema, NULL);
    }
    return rc == SQLITE_OK ? vtab_group_register(db) : rc;
}
