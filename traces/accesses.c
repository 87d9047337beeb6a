/*
 * accesses.c - see accesses.h. The database is read as a reader does it
 * (reader.h), not through SQL: every number is checked, and a chunk has an end.
 *
 * Units    ps, bytes.
 * Missing  Databases of version 1, and those that were expanded: their rows
 *          are plain tables.
 */
#include "traces/accesses.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/reader.h"
#include "traces/store.h"

typedef struct Walk {
    TraceReader *reader;
    const char *path;
    uint32_t initiator;
    uint8_t *skip; /* by record site */
    uint64_t found, last;
    TraceAccessFn *fn;
    void *opaque;
    uint8_t bytes[TRACE_ACCESS_BYTES];
    Error **errp;
} Walk;

/* -- whose ----------------------------------------------------------------- */

/* The initiator that the user means; false: *errp says which there are. */
static bool find_initiator(Walk *w, const char *wanted)
{
    sqlite3_stmt *stmt = query_prepare(
        w->reader->db, w->path,
        "select id, iif(instr(name, part), name, name || '.' || part), owner"
        " from initiator i where exists (select 1 from site s where"
        " s.initiator_id = i.id) order by id",
        w->errp);
    if (!stmt) {
        return false;
    }
    char known[300] = "";
    unsigned matches = 0;
    bool exact = false;
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(stmt, 0);
        const char *name = (const char *)sqlite3_column_text(stmt, 1);
        const char *owner = (const char *)sqlite3_column_text(stmt, 2);
        bool same = wanted && name && !strcmp(name, wanted);
        size_t n = strlen(known);
        snprintf(known + n, sizeof(known) - n, "%s%.60s", n ? ", " : "",
                 name ? name : "?");
        if (!exact && id > 0 && id < UINT16_MAX &&
            (same || !wanted || (owner && !strcmp(owner, wanted)))) {
            matches = same ? 1 : matches + 1;
            exact = same;
            w->initiator = (uint32_t)id;
        }
    }
    sqlite3_finalize(stmt);
    if (rc != SQLITE_DONE) {
        return query_fail(w->errp, w->path, w->reader->db, rc);
    }
    for (char *p = known; *p; p++) {
        *p = (unsigned char)*p < 0x20 || *p == 0x7f ? ' ' : *p;
    }
    if (matches == 1) {
        return true;
    }
    if (!*known) {
        return error_set(w->errp,
                         "%s: no transactions were recorded; run it again with "
                         "--trace",
                         w->path);
    }
    if (!wanted) {
        return error_set(w->errp,
                         "%s: several initiators have transactions; name one "
                         "of %s",
                         w->path, known);
    }
    return error_set(w->errp, "%s: %s \"%.60s\"; name one of %s", w->path,
                     matches ? "several initiators are of"
                             : "there are no transactions of",
                     wanted, known);
}

static bool find_sites(Walk *w)
{
    const RowSites *sites = &w->reader->record_site;
    w->skip = calloc((size_t)sites->count + 1, 1);
    for (uint32_t id = 0; w->skip && id < sites->count; id++) {
        const RowSite *s = row_site(sites, id);
        w->skip[id] = s && s->initiator != w->initiator ? ROW_SKIP : 0;
    }
    return w->skip || error_set(w->errp, "the host has no memory left");
}

/* -- rows ------------------------------------------------------------------ */

/* The bytes of a write by its beats; NULL: not all were recorded. */
static const uint8_t *bytes_of(Walk *w, const TxRow *row)
{
    TxBeats beats;
    TxBeat beat;
    uint32_t used = 0;
    row_beats_begin(&beats, row);
    while (row_beats_next(&beats, w->reader->beats, &beat)) {
        if (beat.size < 1 || beat.size > 8 || beat.size > row->size - used) {
            return NULL;
        }
        memcpy(w->bytes + used, &beat.value, beat.size);
        used += beat.size;
    }
    return used == row->size ? w->bytes : NULL;
}

static bool row_fail(Walk *w, const char *what)
{
    return error_set(w->errp,
                     "%s: the database is damaged (transaction %llu of "
                     "initiator %u %s); run the simulation again",
                     w->path, (unsigned long long)w->found, w->initiator, what);
}

static bool take_row(Walk *w, const TxRow *row)
{
    const TraceReader *r = w->reader;
    if (row->site->initiator != w->initiator) {
        return true;
    }
    w->found++;
    uint64_t cycles = row->wait + row->bus + row->target;
    if (w->initiator >= r->clocks || !r->clock[w->initiator].hz) {
        return row_fail(w, "has no clock");
    }
    if (row->size < 1 || row->size > TRACE_ACCESS_BYTES ||
        row->size - 1 > UINT64_MAX - row->pa) {
        return row_fail(w, "has no such size");
    }
    if (cycles < row->wait || cycles > UINT64_MAX - row->cycle) {
        return row_fail(w, "never ends");
    }
    TraceAccess a = {.time_ps = reader_time(r, w->initiator, row->cycle),
                     .addr = row->pa,
                     .size = row->size,
                     .is_write = row->site->dir == DIR_WRITE,
                     .value = row->value};
    a.done_ps = reader_time(r, w->initiator, row->cycle + cycles);
    if (a.time_ps < w->last || a.time_ps == TIME_NEVER) {
        return row_fail(w, "goes back in time");
    }
    w->last = a.time_ps;
    if (a.is_write && a.size > 8) {
        a.bytes = bytes_of(w, row);
    }
    return w->fn(w->opaque, &a, w->errp);
}

static bool take_chunk(Walk *w, const ReaderChunk *chunk, ReaderRecords *to)
{
    if (!reader_load(w->reader, chunk, CODEC_ALL, to, w->errp)) {
        return query_read_fail(w->errp, w->path, w->reader->db, UINT64_MAX);
    }
    RowReader rows;
    TxRow row;
    rows_begin(&rows, &w->reader->record_site, to->record, to->records);
    rows.skip = w->skip;
    rows.skips = w->reader->record_site.count;
    while (rows_next(&rows, &row)) {
        if (!take_row(w, &row)) {
            return false;
        }
    }
    return !rows.wrong || row_fail(w, rows.wrong);
}

static bool walk(Walk *w, const char *initiator)
{
    if (!reader_refresh(w->reader, w->errp)) {
        return query_read_fail(w->errp, w->path, w->reader->db, UINT64_MAX);
    }
    if (!find_initiator(w, initiator) || !find_sites(w)) {
        return false;
    }
    ReaderRecords records = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < w->reader->chunks; i++) {
        ok = take_chunk(w, &w->reader->chunk[i], &records);
    }
    free(records.record);
    if (ok && !w->found) {
        return error_set(w->errp,
                         "%s: its transactions are not stored as a run does; "
                         "give the run.db of a run",
                         w->path);
    }
    return ok;
}

bool trace_accesses(const char *path, const char *initiator, TraceAccessFn *fn,
                    void *opaque, Error **errp)
{
    sqlite3 *db = trace_open_existing(path, errp);
    if (!db) {
        return false;
    }
    uint64_t steps = query_steps(path);
    query_limit(db, &steps);
    Error *local = NULL;
    Walk *w = calloc(1, sizeof(*w));
    TraceReader *reader = w ? reader_new(db) : NULL;
    bool ok = false;
    if (reader) {
        *w = (Walk){.reader = reader,
                    .path = path,
                    .fn = fn,
                    .opaque = opaque,
                    .errp = &local};
        ok = walk(w, initiator);
    } else {
        error_set(&local, "the host has no memory left");
    }
    if (!ok) {
        error_set(errp, "%s", error_message(local));
        error_free(local);
    }
    if (w) {
        free(w->skip);
    }
    free(w);
    reader_free(reader);
    sqlite3_close(db);
    return ok;
}
