/*
 * recover.c - a database whose run was killed: brings in the transactions that
 * were handed over but had not become a chunk, and writes the summaries that
 * can be made of transactions.
 *
 * Model    Each step can be interrupted and done again: what is a chunk is
 *          known by its buffer's number. The buffer that was being filled ends
 *          where the process did, perhaps amid a transaction or a fetch run,
 *          which are cut to what is known to have happened.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/reader.h"
#include "traces/store.h"

typedef struct Recovery {
    TraceStore *ts;
    TraceReader *reader;
    Tail tail;
    bool has_tail;
    uint64_t next_number; /* of the first buffer that is not a chunk */
} Recovery;

/* -- what the database knows ---------------------------------------------- */

static bool read_region(TraceStore *ts, sqlite3_stmt *row)
{
    uint32_t id = (uint32_t)sqlite3_column_int64(row, 0);
    const char *name = (const char *)sqlite3_column_text(row, 1);
    const char *type = (const char *)sqlite3_column_text(row, 2);
    const char *device = (const char *)sqlite3_column_text(row, 3);
    return dictionary_known_region(ts, id, name, type && !strcmp(type, "io"),
                                   device ? device_class_find(device) : NULL);
}

static bool read_initiator(TraceStore *ts, sqlite3_stmt *row)
{
    uint32_t id = (uint32_t)sqlite3_column_int64(row, 0);
    const char *name = (const char *)sqlite3_column_text(row, 1);
    return dictionary_known_initiator(ts, id, name);
}

static bool read_symbol(TraceStore *ts, sqlite3_stmt *row)
{
    const char *name = (const char *)sqlite3_column_text(row, 3);
    trace_add_symbol(ts, (uint64_t)sqlite3_column_int64(row, 1),
                     (uint64_t)sqlite3_column_int64(row, 2), name ? name : "");
    return !ts->error;
}

static bool read_all(TraceStore *ts, const char *sql,
                     bool (*take)(TraceStore *ts, sqlite3_stmt *row))
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(ts->db, sql, -1, &stmt, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW && !take(ts, stmt)) {
            break;
        }
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE || (ts->error ? false : store_fail(ts, rc));
}

static bool read_state(Recovery *r)
{
    TraceStore *ts = r->ts;
    static const char ids[] = " where id between 0 and 16777215 order by id";
    char regions[160], initiators[160];
    snprintf(regions, sizeof(regions),
             "select id, name, type, device from"
             " region%s",
             ids);
    snprintf(initiators, sizeof(initiators), "select id, name from initiator%s",
             ids);
    if (!read_all(ts, regions, read_region) ||
        !read_all(ts, initiators, read_initiator) ||
        !read_all(ts, "select * from symbol order by id", read_symbol)) {
        return false;
    }
    dictionary_known_symbols(ts);
    for (uint32_t i = 0; i < ts->initiators && i < r->reader->clocks; i++) {
        ts->initiator[i].clock = &r->reader->clock[i];
    }
    ts->recording = true;
    ts->recorder.beats = r->reader->beats;
    ts->recorder.kinds = (uint32_t)store_number(
        ts, "select sum(1 << id) from kind where recorded and id < 32", "");
    ts->chunks = (uint64_t)store_number(ts, "select max(id) from chunk", "");
    ts->rows = (uint64_t)store_number(ts, "select sum(rows) from chunk", "");
    r->next_number = (uint64_t)store_number(
        ts, "select coalesce(max(buffer) + 1, 0) from chunk", "");
    ts->written_sites = r->reader->record_site.count;
    ts->site_rows = r->reader->sites ? r->reader->sites - 1 : 0;
    return !ts->error;
}

/* Sites are in the order of ids; false: this cannot be one. */
static bool take_site(void *opaque, RowSite *s)
{
    Recovery *r = opaque;
    TraceStore *ts = r->ts;
    if (s->id < ts->sites.count) {
        return true; /* the database has it */
    }
    if (s->id != ts->sites.count || s->row != ts->site_rows + 1 ||
        s->initiator >= ts->initiators || !ts->initiator[s->initiator].clock ||
        s->kind >= ACCESS_KINDS) {
        return false;
    }
    if (s->region && (s->region >= ts->regions || !ts->region[s->region])) {
        s->region = 0;
    }
    ts->site_rows += row_site_rows(s);
    ts->filtered |= !s->wanted;
    return row_sites_add(&ts->sites, s);
}

/* Sites of the database, then those only the tail has. */
static bool read_sites(Recovery *r)
{
    for (uint32_t id = 0; id < r->reader->record_site.count; id++) {
        const RowSite *s = row_site(&r->reader->record_site, id);
        if (s && (s->initiator >= r->ts->initiators ||
                  !r->ts->initiator[s->initiator].clock ||
                  (s->region && (s->region >= r->ts->regions ||
                                 !r->ts->region[s->region])))) {
            return store_fail_text(r->ts, "a site names no initiator or region;"
                                          " the database is damaged");
        }
        if (s && !row_sites_add(&r->ts->sites, s)) {
            return store_fail(r->ts, SQLITE_NOMEM);
        }
    }
    if (r->has_tail) {
        tail_sites(&r->tail, take_site, r);
    }
    return true;
}

/* -- what was written and not ---------------------------------------------- */

static bool count_chunks(Recovery *r, Error **errp)
{
    ReaderRecords records = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < r->reader->chunks; i++) {
        ok = reader_load(r->reader, &r->reader->chunk[i], CODEC_ALL, &records,
                         errp);
        StoreBuffer b = {.record = records.record,
                         .records = records.records,
                         .sites = r->ts->sites.count};
        if (ok) {
            consume_count(r->ts, &b);
        }
    }
    free(records.record);
    return ok;
}

/* Cuts what was not complete: a transaction whose timing or beats are not all
 * there, and of the last fetch run what no access proves to have begun. */
static void cut_end(const TraceStore *ts, StoreBuffer *b)
{
    size_t run = SIZE_MAX, heads = 0;
    for (size_t i = 0; i < b->records; i++) {
        const MemoryRecord *r = &b->record[i];
        const RowSite *s =
            r->site <= RECORD_SITE_MAX ? row_site(&ts->sites, r->site) : NULL;
        if (s && s->steps) {
            run = i;
            heads = 0;
        } else if (s) {
            heads++;
        }
    }
    if (run == SIZE_MAX || b->record[run].info <= heads) {
        return;
    }
    MemoryRecord *head = &b->record[run];
    const RowSite *s = row_site(&ts->sites, head->site);
    uint32_t first = (uint32_t)head->value, last = first + 1;
    uint64_t cycle = heads ? b->record[b->records - 1].cycle : 0;
    while (heads && last < s->steps &&
           head->cycle + s->step[last].cycle <= cycle) {
        last++;
    }
    head->info = (uint32_t)heads;
    head->value = (uint64_t)(last - first) << 32 | first;
}

static size_t records_there(const TraceStore *ts, const MemoryRecord *r)
{
    size_t n = 0;
    while (n < TAIL_RECORDS &&
           (r[n].site > RECORD_SITE_MAX || row_site(&ts->sites, r[n].site))) {
        n++;
    }
    return n;
}

/* The buffer whose number is the least above `number`; -1: none. */
static int next_buffer(const Tail *tail, uint64_t number)
{
    int next = -1;
    for (unsigned i = 0; i < tail->buffers; i++) {
        uint64_t n = tail->head->number[i];
        if (n > number && (next < 0 || n < tail->head->number[next])) {
            next = (int)i;
        }
    }
    return next;
}

static void take_buffers(Recovery *r)
{
    TraceStore *ts = r->ts;
    uint64_t number = r->next_number; /* in the tail, one is added */
    for (int i; (i = next_buffer(&r->tail, number)) >= 0;) {
        number = r->tail.head->number[i];
        StoreBuffer b = {.record = tail_buffer(&r->tail, (unsigned)i),
                         .sites = ts->sites.count,
                         .filtered = ts->filtered,
                         .number = number - 1};
        b.records = records_there(ts, b.record);
        if (next_buffer(&r->tail, number) < 0) {
            cut_end(ts, &b);
        }
        handover_take(ts, &b);
    }
}

/* -- the whole ------------------------------------------------------------ */

static bool open_store(Recovery *r, const char *path, Error **errp)
{
    TraceStore *ts = store_new(path);
    if (!ts) {
        return error_set(errp, "the host has no memory");
    }
    r->ts = ts;
    int rc = sqlite3_open_v2(path, &ts->db,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        store_fail(ts, rc);
    }
    store_script(ts, "pragma synchronous = off; begin immediate");
    r->reader = ts->error ? NULL : reader_new(ts->db);
    return !ts->error && r->reader && reader_refresh(r->reader, errp);
}

/* Tables of what was counted; the ports' own counters are gone. */
static void write_summaries(TraceStore *ts)
{
    store_script(ts, "delete from tx_site; delete from hot_address;"
                     "delete from hot_page; delete from latency_histogram;"
                     "delete from traffic_window;"
                     "delete from traffic; delete from split_cost;"
                     "delete from polling_loop; delete from field_change;"
                     "delete from check_result");
}

static bool do_recover(Recovery *r, const char *path, Error **errp)
{
    /* The tail first: its lock says whether the run is still going on. */
    if (!tail_open(&r->tail, path, &r->has_tail, errp) ||
        !open_store(r, path, errp) || !read_state(r) || !read_sites(r) ||
        !count_chunks(r, errp)) {
        return false;
    }
    if (r->has_tail) {
        take_buffers(r);
    }
    write_summaries(r->ts);
    r->ts->recovered = true;
    trace_set_run_number(r->ts, "recovered", 1);
    return !r->ts->error;
}

/* Is there anything to do? */
static bool needs_it(const char *path, bool *needs, Error **errp)
{
    *needs = false;
    sqlite3 *db = trace_open_existing(path, errp);
    if (!db) {
        return false;
    }
    sqlite3_stmt *stmt = query_prepare(
        db, path,
        "select value from run where key in ('complete', 'recovered')"
        " order by value desc",
        errp);
    int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
    *needs = !(rc == SQLITE_ROW && sqlite3_column_int(stmt, 0) == 1);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return stmt != NULL;
}

bool trace_recover(const char *path, uint64_t *rows, bool *done, Error **errp)
{
    *rows = 0;
    *done = false;
    bool needs;
    if (!needs_it(path, &needs, errp)) {
        return false;
    }
    if (!needs) {
        return true;
    }
    Recovery r = {.tail = {.fd = -1}};
    bool ok = do_recover(&r, path, errp);
    TraceStore *ts = r.ts;
    if (!ok && ts && ts->error && (!errp || !*errp)) {
        error_set(errp, "%s", error_message(ts->error));
    } else if (!ok) {
        error_prepend(errp, "%s: ", path);
    }
    if (ok) {
        *rows = ts->rows;
        reader_rest(r.reader); /* its statement is the connection's */
        ok = store_finish(ts, errp);
    } else if (ts) {
        if (r.reader) {
            reader_rest(r.reader);
        }
        store_free(ts);
    }
    reader_free(r.reader);
    tail_close(&r.tail, ok);
    *done = ok;
    return ok;
}
