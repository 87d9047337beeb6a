/*
 * diff_cursor.c - the rows of one side in their order, from plain tables or
 * from chunks: all of them, or those of one initiator.
 *
 * Model    Rows of one initiator lie in its records in their order, so the
 *          cursor of one needs neither when they were nor the records of
 *          others, and meets a fetch run as a whole. What a row is in full, its
 *          number included, is found by walking its chunk again: that is only
 *          done for what is printed.
 */
#include <stdlib.h>
#include <string.h>

#include "traces/diff_walk.h"

/* -- plain tables --------------------------------------------------------- */

#define COLUMNS                                                                \
    "select rowid, time, cycle, site, pa, va, offset, value, wait_cycles,"     \
    " bus_cycles, target_cycles, beats, blocker_id, result, flags from tx"
static const char all_sql[] = COLUMNS " where rowid > ?1 order by rowid";
static const char one_sql[] =
    COLUMNS " where rowid > ?1 and initiator_id = ?2 order by rowid";

static uint64_t column(const DiffCursor *c, int column)
{
    return (uint64_t)sqlite3_column_int64(c->stmt, column);
}

static bool next_plain(DiffCursor *c)
{
    const Walk *w = c->w;
    int rc;
    do {
        rc = sqlite3_step(c->stmt);
        c->there = rc == SQLITE_ROW;
        if (!c->there) {
            return diff_done(w->d, c->side, rc);
        }
        c->site = walk_site(w, c->side, (int64_t)column(c, 3));
    } while (c->initiator >= 0 && !w->common[c->site->kind]);
    c->row = (DiffRow){.rowid = (int64_t)column(c, 0),
                       .time = (int64_t)column(c, 1),
                       .cycle = column(c, 2),
                       .pa = column(c, 4),
                       .va = column(c, 5),
                       .offset = column(c, 6),
                       .value = column(c, 7),
                       .wait = column(c, 8),
                       .bus = column(c, 9),
                       .target = column(c, 10),
                       .beats = column(c, 11),
                       .blocker = (int64_t)column(c, 12)};
    if (c->initiator < 0) {
        const char *text = (const char *)sqlite3_column_text(c->stmt, 13);
        c->row.result = walk_name(c->w, text);
        text = (const char *)sqlite3_column_text(c->stmt, 14);
        c->row.flags = walk_name(c->w, text);
    }
    return true;
}

/* -- chunks --------------------------------------------------------------- */

bool cursor_fail(Walk *w, int side)
{
    const DiffSide *s = &w->d->side[side];
    return query_read_fail(w->d->errp, s->path, s->db, s->steps);
}

static bool damaged(DiffCursor *c)
{
    error_set(c->w->d->errp, "%s; the database is damaged", c->rows.wrong);
    return cursor_fail(c->w, c->side);
}

static bool is_mine(const DiffCursor *c, const RowSite *s)
{
    const WalkSite *site = walk_site(c->w, c->side, s->row);
    return s->initiator == (uint64_t)c->initiator && c->w->common[site->kind];
}

static bool find_mine(DiffCursor *c)
{
    const RowSites *sites = &c->w->side[c->side].reader->record_site;
    c->mine = calloc((size_t)sites->count + 1, 1);
    for (uint32_t id = 0; c->mine && id < sites->count; id++) {
        const RowSite *s = row_site(sites, id);
        c->mine[id] = s && is_mine(c, s);
    }
    return c->mine || error_set(c->w->d->errp, "the host has no memory left");
}

/* Which fields the cursor's rows in a chunk need; 0: there are none. */
static bool chunk_fields(DiffCursor *c, const ReaderChunk *chunk,
                         unsigned *fields)
{
    TraceReader *reader = c->w->side[c->side].reader;
    const void *blob;
    size_t len;
    const CodecSiteUse *use;
    uint32_t sites;
    if (!reader_body(reader, chunk, &blob, &len, c->w->d->errp) ||
        !codec_sites(reader->codec, blob, len, &use, &sites, c->w->d->errp)) {
        return cursor_fail(c->w, c->side);
    }
    *fields = 0;
    for (uint32_t i = 0; i < sites; i++) {
        const RowSite *s = row_site(&reader->record_site, use[i].site);
        if (!s) {
            *fields |= CODEC_INFO; /* who walks it says what is wrong */
        } else if (c->mine[use[i].site]) {
            bool fetch = s->kind == ACCESS_FETCH;
            *fields |= CODEC_INFO | c->fields;
            *fields |= fetch && !s->steps ? CODEC_VALUE : 0u; /* the word */
            *fields |= !fetch && c->w->d->same_firmware ? CODEC_ADDRESS : 0u;
        }
    }
    return true;
}

/* Enters the next chunk with rows; at the end the cursor is nowhere. */
static bool enter_chunk(DiffCursor *c)
{
    TraceReader *reader = c->w->side[c->side].reader;
    for (; c->chunk < reader->chunks; c->chunk++) {
        const ReaderChunk *chunk = &reader->chunk[c->chunk];
        unsigned fields = c->fields;
        if (c->mine && !chunk_fields(c, chunk, &fields)) {
            return false;
        }
        if (!fields || !chunk->rows) {
            continue;
        }
        if (!reader_load(reader, chunk, fields, &c->records, c->w->d->errp)) {
            return cursor_fail(c->w, c->side);
        }
        rows_begin(&c->rows, &reader->record_site, c->records.record,
                   c->records.records);
        c->row.rowid = (int64_t)chunk->row0 - 1;
        c->end = chunk->row0 + chunk->rows;
        c->chunk++;
        c->there = true;
        return true;
    }
    c->there = false;
    return true;
}

static void fill(const DiffCursor *c, const TxRow *from, DiffRow *to)
{
    const WalkSide *side = &c->w->side[c->side];
    const RowSite *s = from->site;
    to->time = (int64_t)reader_time(side->reader, s->initiator, from->cycle);
    to->cycle = from->cycle;
    to->pa = from->pa;
    to->va = from->pa + s->va_offset;
    to->offset = s->region ? from->pa - s->base : 0;
    to->value = from->size > 8 ? 0 : from->value;
    to->wait = from->wait;
    to->bus = from->bus;
    to->target = from->target;
    to->beats = from->beats;
    to->blocker = from->blocker;
    to->result = side->result[from->status & RECORD_RESULT_MASK];
    to->flags = side->flags[row_flags(from->status)];
}

/* The chunk's rows are over: on to the next one. */
static bool leave_chunk(DiffCursor *c)
{
    return c->rows.wrong ? damaged(c) : enter_chunk(c);
}

static bool next_of_all(DiffCursor *c)
{
    while (c->there) {
        if ((uint64_t)c->row.rowid + 1 < c->end &&
            rows_next(&c->rows, &c->tx)) {
            c->row.rowid++;
            c->site = walk_site(c->w, c->side, c->tx.site_row);
            fill(c, &c->tx, &c->row);
            return true;
        }
        if (!leave_chunk(c)) {
            return false;
        }
    }
    return true;
}

/* On to the next record of the initiator in the chunk; false: there is none. */
static bool next_record(DiffCursor *c)
{
    const RowSites *known = &c->w->side[c->side].reader->record_site;
    const uint8_t *mine = c->mine;
    const uint32_t sites = known->count;
    const MemoryRecord *r = c->rows.r, *end = c->rows.end;
    while (r < end &&
           (r->site < sites ? !mine[r->site] : r->site >= RECORD_SITE_MAX)) {
        r++;
    }
    c->rows.r = c->record = r;
    const RowSite *s = r < end ? row_site(known, r->site) : NULL;
    c->run = s && s->steps ? s : NULL;
    if (c->run) {
        row_run_steps(s, r, &c->step, &c->last);
        c->begin = r->cycle;
        c->rows.r++;
        return true;
    }
    return rows_next(&c->rows, &c->tx); /* or what is wrong */
}

static inline void at_step(DiffCursor *c)
{
    c->row.cycle = c->begin + c->run->step[c->step].cycle;
}

void cursor_fill(DiffCursor *c)
{
    if (c->run) {
        row_step(c->run, c->step, c->begin, &c->tx);
        c->site = walk_site(c->w, c->side, c->tx.site_row);
        fill(c, &c->tx, &c->row);
    }
}

static bool next_of_one(DiffCursor *c, uint32_t n)
{
    if (c->run && c->step + n < c->last) {
        c->step += n;
        at_step(c);
        return true;
    }
    while (c->there) {
        while (next_record(c)) {
            if (c->run && c->step < c->last) {
                at_step(c);
                return true;
            }
            if (!c->run) {
                c->site = walk_site(c->w, c->side, c->tx.site_row);
                fill(c, &c->tx, &c->row);
                return true;
            }
        }
        if (!leave_chunk(c)) {
            return false;
        }
    }
    return true;
}

/* -- one row in full ------------------------------------------------------ */

bool cursor_whole(DiffCursor *c, DiffRow *row)
{
    cursor_fill(c);
    *row = c->row;
    if (c->stmt || c->initiator < 0) {
        return true;
    }
    TraceReader *reader = c->w->side[c->side].reader;
    const ReaderChunk *chunk = &reader->chunk[c->chunk - 1];
    ReaderRecords all = {0};
    if (!reader_load(reader, chunk, CODEC_ALL, &all, c->w->d->errp)) {
        free(all.record);
        return cursor_fail(c->w, c->side);
    }
    const MemoryRecord *head = all.record + (c->record - c->records.record);
    RowReader rows;
    TxRow tx;
    rows_begin(&rows, &reader->record_site, all.record, all.records);
    row->rowid = (int64_t)chunk->row0 - 1;
    for (bool found = false; !found;) {
        const MemoryRecord *before = rows.r;
        if (!rows_next(&rows, &tx)) {
            break;
        }
        row->rowid++;
        found = c->run ? tx.site == c->run && rows.head == head &&
                             tx.site_row == c->run->row + c->step
                       : !tx.site->steps && before <= head && head < rows.r;
        if (found) {
            fill(c, &tx, row);
        }
    }
    free(all.record);
    return true;
}

/* -- cursors -------------------------------------------------------------- */

bool cursor_next(DiffCursor *c, uint32_t n)
{
    return c->stmt            ? next_plain(c)
           : c->initiator < 0 ? next_of_all(c)
                              : next_of_one(c, n);
}

/* How many rows of the initiator the chunk has, up to row number `after`. */
static bool count_before(DiffCursor *c, const ReaderChunk *chunk,
                         uint64_t after, uint64_t *n)
{
    TraceReader *reader = c->w->side[c->side].reader;
    ReaderRecords records = {0};
    bool ok = reader_load(reader, chunk, CODEC_CYCLE | CODEC_INFO, &records,
                          c->w->d->errp);
    if (ok) {
        RowReader rows;
        TxRow tx;
        rows_begin(&rows, &reader->record_site, records.record,
                   records.records);
        for (uint64_t row = chunk->row0; row <= after && rows_next(&rows, &tx);
             row++) {
            *n += c->mine[tx.site->id];
        }
    }
    free(records.record);
    return ok || cursor_fail(c->w, c->side);
}

/* Puts the cursor at the first row behind `after`. */
static bool open_chunks(DiffCursor *c, uint64_t after)
{
    const TraceReader *reader = c->w->side[c->side].reader;
    const ReaderChunk *chunk = reader->chunk;
    uint64_t n = 0; /* rows of the chunk that lie before */
    while (c->chunk < reader->chunks &&
           after >= chunk->row0 + chunk->rows - 1) {
        c->chunk++;
        chunk++;
    }
    if (c->chunk < reader->chunks && after >= chunk->row0) {
        n = after - chunk->row0 + 1;
    }
    if (c->initiator >= 0) {
        bool partial = n != 0;
        n = 0;
        if (!find_mine(c) || (partial && !count_before(c, chunk, after, &n))) {
            return false;
        }
    }
    bool ok = enter_chunk(c) && cursor_next(c, 1);
    for (; ok && n; n--) {
        ok = cursor_next(c, 1);
    }
    return ok;
}

bool cursor_open(DiffCursor *c, Walk *w, int side, int64_t initiator,
                 uint64_t after, unsigned fields)
{
    *c = (DiffCursor){
        .w = w, .side = side, .initiator = initiator, .fields = fields};
    if (w->side[side].reader) {
        return open_chunks(c, after);
    }
    c->stmt = diff_prepare(w->d, side, initiator < 0 ? all_sql : one_sql);
    if (!c->stmt) {
        return false;
    }
    sqlite3_bind_int64(c->stmt, 1, (int64_t)after);
    if (initiator >= 0) {
        sqlite3_bind_int64(c->stmt, 2, initiator);
    }
    return next_plain(c);
}

void cursor_close(DiffCursor *c)
{
    sqlite3_finalize(c->stmt);
    free(c->records.record);
    free(c->mine);
    *c = (DiffCursor){0};
}
