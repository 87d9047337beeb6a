/*
 * diff_prefix.c - how many rows of two runs are equal from the first on.
 *
 * Model    Chunks whose bytes are equal and whose sites mean the same are equal
 *          without being decoded; from the first other chunk on, rows are
 *          walked in step until the first that differs.
 */
#include <stdlib.h>
#include <string.h>

#include "traces/diff_walk.h"

/* -- the same sites ------------------------------------------------------- */

static bool same_site(const WalkSite *a, const WalkSite *b)
{
    return a->initiator == b->initiator && a->kind == b->kind &&
           a->dir == b->dir && a->size == b->size && a->pc == b->pc &&
           a->has_pc == b->has_pc && a->region == b->region &&
           a->symbol == b->symbol && a->offset == b->offset;
}

static bool same_cost(const InlineCost *a, const InlineCost *b)
{
    return a->bus == b->bus && a->target == b->target && a->beats == b->beats &&
           a->beat_first == b->beat_first && a->beat_next == b->beat_next;
}

static bool same_step(const FetchStep *a, const FetchStep *b)
{
    return a->offset == b->offset && a->cycle == b->cycle &&
           a->word == b->word && a->size == b->size;
}

/* Are records with this site the same rows on both sides? */
static bool same_record_site(const Walk *w, uint32_t id)
{
    const RowSite *a = row_site(&w->side[0].reader->record_site, id);
    const RowSite *b = row_site(&w->side[1].reader->record_site, id);
    if (!a || !b || a->steps != b->steps || a->size != b->size ||
        a->pc != b->pc || a->base != b->base || a->va_offset != b->va_offset ||
        !a->region != !b->region || !same_cost(&a->cost[0], &b->cost[0]) ||
        !same_cost(&a->cost[1], &b->cost[1])) {
        return false;
    }
    for (uint32_t i = 0; i < a->steps; i++) {
        if (!same_step(&a->step[i], &b->step[i])) {
            return false;
        }
    }
    for (uint32_t i = 0; i < row_site_rows(a); i++) {
        if (!same_site(walk_site(w, 0, a->row + i),
                       walk_site(w, 1, b->row + i))) {
            return false;
        }
    }
    return true;
}

/* -- the same chunks ------------------------------------------------------ */

static bool same_chunk(Walk *w, size_t number, bool *same)
{
    Error **errp = w->d->errp;
    TraceReader *const reader[DIFF_SIDES] = {w->side[0].reader,
                                             w->side[1].reader};
    const ReaderChunk *a = &reader[0]->chunk[number];
    const ReaderChunk *b = &reader[1]->chunk[number];
    const void *blob[DIFF_SIDES];
    size_t len[DIFF_SIDES];
    *same = false;
    if (a->row0 != b->row0 || a->rows != b->rows || a->records != b->records) {
        return true;
    }
    for (int side = 0; side < DIFF_SIDES; side++) {
        if (!reader_body(reader[side], &reader[side]->chunk[number],
                         &blob[side], &len[side], errp)) {
            return cursor_fail(w, side);
        }
    }
    if (len[0] != len[1] || memcmp(blob[0], blob[1], len[0]) != 0) {
        return true;
    }
    const CodecSiteUse *use;
    uint32_t sites;
    if (!codec_sites(reader[0]->codec, blob[0], len[0], &use, &sites, errp)) {
        return cursor_fail(w, 0);
    }
    *same = true;
    for (uint32_t i = 0; *same && i < sites; i++) {
        *same = same_record_site(w, use[i].site);
    }
    return true;
}

/* Counts the rows of equal chunks in equal_rows. */
static bool walk_chunks(Walk *w)
{
    const TraceReader *a = w->side[0].reader, *b = w->side[1].reader;
    if (!a || !b ||
        memcmp(w->side[0].result, w->side[1].result,
               sizeof(w->side[0].result)) != 0) {
        return true;
    }
    bool same = true;
    for (size_t i = 0; i < a->chunks && i < b->chunks; i++) {
        if (!same_chunk(w, i, &same)) {
            return false;
        }
        if (!same) {
            break;
        }
        w->d->equal_rows += a->chunk[i].rows;
    }
    return true;
}

/* -- rows in step --------------------------------------------------------- */

static bool same_row(const DiffCursor *a, const DiffCursor *b)
{
    const DiffRow *x = &a->row, *y = &b->row;
    return x->rowid == y->rowid && x->cycle == y->cycle && x->pa == y->pa &&
           x->value == y->value && x->wait == y->wait && x->bus == y->bus &&
           x->target == y->target && x->beats == y->beats &&
           x->blocker == y->blocker && x->va == y->va &&
           x->result == y->result && x->flags == y->flags &&
           same_site(a->site, b->site);
}

static bool walk_rows(Walk *w)
{
    Diff *d = w->d;
    DiffCursor a = {0}, b = {0};
    bool ok = cursor_open(&a, w, 0, -1, d->equal_rows, CODEC_ALL) &&
              cursor_open(&b, w, 1, -1, d->equal_rows, CODEC_ALL);
    while (ok && a.there && b.there && same_row(&a, &b)) {
        d->equal_rows = (uint64_t)a.row.rowid;
        ok = cursor_next(&a, 1) && cursor_next(&b, 1);
    }
    d->rows_equal = ok && !a.there && !b.there;
    cursor_close(&a);
    cursor_close(&b);
    return ok;
}

/* -- what was equal ------------------------------------------------------- */

static const char count_sql[] =
    "select site, count(*), max(cycle) from tx where rowid <= ?1 group by site";

static void count(Walk *w, uint32_t site_row, uint64_t rows, uint64_t cycle)
{
    const WalkSite *site = walk_site(w, 0, site_row);
    uint64_t *last = &w->last_cycle[site->initiator_id];
    w->equal[site->initiator_id] += w->common[site->kind] ? rows : 0;
    *last = cycle > *last ? cycle : *last;
}

static bool count_plain(Walk *w)
{
    sqlite3_stmt *stmt = diff_prepare(w->d, 0, count_sql);
    int rc = SQLITE_ERROR;
    if (stmt) {
        sqlite3_bind_int64(stmt, 1, (int64_t)w->d->equal_rows);
    }
    while (stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        count(w, (uint32_t)sqlite3_column_int64(stmt, 0),
              (uint64_t)sqlite3_column_int64(stmt, 1),
              (uint64_t)sqlite3_column_int64(stmt, 2));
    }
    sqlite3_finalize(stmt);
    return stmt && diff_done(w->d, 0, rc);
}

/* A chunk that is equal to its end, in any order. */
static void count_heads(Walk *w, RowReader *rows)
{
    TxRow tx;
    const RowSite *s;
    uint32_t first, last;
    while (rows_next_head(rows, &tx, &s, &first, &last)) {
        if (!s->steps) {
            count(w, tx.site_row, 1, tx.cycle);
        } else if (first < last) {
            count(w, s->row + first, last - first,
                  tx.cycle + s->step[last - 1].cycle);
        }
    }
}

static bool count_chunks(Walk *w)
{
    TraceReader *reader = w->side[0].reader;
    const uint64_t equal = w->d->equal_rows;
    ReaderRecords records = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < reader->chunks; i++) {
        const ReaderChunk *chunk = &reader->chunk[i];
        if (chunk->row0 > equal) {
            break;
        }
        ok = reader_load(reader, chunk, CODEC_CYCLE | CODEC_INFO, &records,
                         w->d->errp) ||
             cursor_fail(w, 0);
        if (!ok) {
            break;
        }
        RowReader rows;
        TxRow tx;
        rows_begin(&rows, &reader->record_site, records.record,
                   records.records);
        if (chunk->row0 + chunk->rows - 1 <= equal) {
            count_heads(w, &rows);
            continue;
        }
        for (uint64_t row = chunk->row0; row <= equal && rows_next(&rows, &tx);
             row++) {
            count(w, tx.site_row, 1, tx.cycle);
        }
    }
    free(records.record);
    return ok;
}

bool walk_prefix(Walk *w)
{
    if (!walk_chunks(w) || !walk_rows(w)) {
        return false;
    }
    return w->d->rows_equal ||
           (w->side[0].reader ? count_chunks(w) : count_plain(w));
}
