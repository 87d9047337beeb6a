/*
 * diff_walk.c - where did two runs part: the first different instruction, the
 * first different device access, the first different timing.
 *
 * Model    All rows of tx are walked in step until the first that differs. From
 *          there each initiator is walked by itself, because a cycle more or
 *          less changes how initiators interleave and not what they do. What
 *          two builds have in common is an address as symbol + offset.
 * Units    times are ps, cycles are those of the initiator's clock.
 * Missing  Functions with one name are taken for one.
 */
#include "traces/diff_walk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* -- sites ------------------------------------------------------------------
 */

static const WalkSite no_site;

static const WalkSite *site_of(const Walk *w, int side, int64_t id)
{
    const WalkSide *s = &w->side[side];
    return id >= 0 && id < s->sites ? &s->site[id] : &no_site;
}

/* -- all rows in step ------------------------------------------------------ */

enum { ROW_COLUMNS = 10 };
static const char rows_sql[] =
    "select rowid, cycle, site, pa, value, wait_cycles, bus_cycles,"
    " target_cycles, beats, blocker_id, va, result, flags from tx"
    " order by rowid";

static bool same_text_column(sqlite3_stmt *a, sqlite3_stmt *b, int c)
{
    const char *x = (const char *)sqlite3_column_text(a, c);
    const char *y = (const char *)sqlite3_column_text(b, c);
    return x && y ? !strcmp(x, y) : x == y;
}

static bool same_site(const WalkSite *a, const WalkSite *b)
{
    return a->initiator == b->initiator && a->kind == b->kind &&
           a->dir == b->dir && a->size == b->size && a->pc == b->pc &&
           a->has_pc == b->has_pc && a->region == b->region &&
           a->symbol == b->symbol && a->offset == b->offset;
}

static bool same_row(const Walk *w, sqlite3_stmt *const s[DIFF_SIDES])
{
    for (int c = 0; c <= ROW_COLUMNS; c++) {
        if (c == 2) {
            if (!same_site(site_of(w, 0, sqlite3_column_int64(s[0], c)),
                           site_of(w, 1, sqlite3_column_int64(s[1], c)))) {
                return false;
            }
        } else if (sqlite3_column_int64(s[0], c) !=
                   sqlite3_column_int64(s[1], c)) {
            return false;
        }
    }
    return same_text_column(s[0], s[1], 11) && same_text_column(s[0], s[1], 12);
}

/* Sets equal_rows and rows_equal. */
static bool walk_all(Walk *w)
{
    Diff *d = w->d;
    sqlite3_stmt *s[DIFF_SIDES] = {diff_prepare(d, 0, rows_sql), NULL};
    s[1] = s[0] ? diff_prepare(d, 1, rows_sql) : NULL;
    int rc[DIFF_SIDES] = {SQLITE_ERROR, SQLITE_ERROR};
    while (s[1]) {
        rc[0] = sqlite3_step(s[0]);
        rc[1] = sqlite3_step(s[1]);
        if (rc[0] != SQLITE_ROW || rc[1] != SQLITE_ROW || !same_row(w, s)) {
            break;
        }
        d->equal_rows = (uint64_t)sqlite3_column_int64(s[0], 0);
        const WalkSite *site = site_of(w, 0, sqlite3_column_int64(s[0], 2));
        w->equal[site->initiator_id] += w->common[site->kind];
        w->last_cycle[site->initiator_id] =
            (uint64_t)sqlite3_column_int64(s[0], 1);
    }
    d->rows_equal = rc[0] == SQLITE_DONE && rc[1] == SQLITE_DONE;
    bool ok = s[1] != NULL;
    for (int side = 0; ok && side < DIFF_SIDES; side++) {
        ok = rc[side] == SQLITE_ROW || diff_done(d, side, rc[side]);
    }
    sqlite3_finalize(s[0]);
    sqlite3_finalize(s[1]);
    return ok;
}

/* -- the same storage ------------------------------------------------------ */

/* Expanded databases have none. */
static bool has_chunks(Walk *w, int side)
{
    char *name = query_text(w->d->side[side].db,
                            "select name from sqlite_schema where name ="
                            " 'chunk_data'",
                            NULL);
    bool has = name != NULL;
    free(name);
    return has;
}

/* Rows are equal when what they are made of is: a fraction of the work, where
 * it is so. Sets *same; false when a table cannot be read. */
static bool same_storage(Walk *w, bool *same)
{
    static const char *const what[] = {
        "select * from initiator",
        "select * from region",
        "select * from symbol",
        "select * from clock",
        "select * from bus",
        "select * from site",
        "select * from kind",
        "select * from cause",
        "select * from result_name",
        "select * from flag_name",
        "select * from record_site",
        "select c.row0, c.rows, c.first_time, c.last_time, d.codec, d.body"
        " from chunk c join chunk_data d on d.id = c.id order by c.row0"};
    Diff *d = w->d;
    bool ok = true;
    int64_t row;
    *same = has_chunks(w, 0) && has_chunks(w, 1);
    for (size_t i = 0; ok && *same && i < sizeof(what) / sizeof(what[0]); i++) {
        ok = diff_same_rows(d, what[i], same, &row);
    }
    return ok;
}

static bool count_rows(Walk *w)
{
    Diff *d = w->d;
    char *text = diff_run_value(d, 0, "tx_rows");
    text = text ? text
                : query_text(d->side[0].db, "select count(*) from tx", NULL);
    d->equal_rows = text ? strtoull(text, NULL, 10) : 0;
    d->rows_equal = text != NULL;
    free(text);
    return d->rows_equal || query_fail(d->errp, d->side[0].path, d->side[0].db,
                                       sqlite3_errcode(d->side[0].db));
}

/* -- points ---------------------------------------------------------------- */

static void point_symbol(DiffPoint *p, const char *symbol, uint64_t offset)
{
    if (symbol && offset) {
        snprintf(p->symbol, sizeof(p->symbol), "%.70s+0x%" PRIx64, symbol,
                 offset);
    } else {
        snprintf(p->symbol, sizeof(p->symbol), "%.90s", symbol ? symbol : "");
    }
}

/* Keeps the divergence that comes first in simulated time. */
static void keep_first(DiffDivergence *to, const DiffDivergence *one)
{
    to->compared += one->compared;
    to->parted |= one->parted;
    if (!one->found) {
        return;
    }
    int64_t time = one->side[!one->side[0].there].time;
    int64_t kept = to->side[!to->side[0].there].time;
    if (!to->found || (to->addresses && !one->addresses) ||
        (to->addresses == one->addresses && time < kept)) {
        to->found = true;
        to->addresses = one->addresses;
        to->before = one->before;
        snprintf(to->initiator, sizeof(to->initiator), "%s", one->initiator);
        memcpy(to->side, one->side, sizeof(to->side));
    }
}

/* -- one initiator --------------------------------------------------------- */

static const char stream_sql[] =
    "select rowid, time, cycle, site, pa, value, offset, wait_cycles,"
    " bus_cycles, target_cycles from tx where initiator_id = ?1"
    " and rowid > ?2 order by rowid";
enum {
    S_ROWID,
    S_TIME,
    S_CYCLE,
    S_SITE,
    S_PA,
    S_VALUE,
    S_OFFSET,
    S_WAIT,
    S_BUS,
    S_TARGET
};

typedef struct Stream {
    Walk *w;
    sqlite3_stmt *stmt[DIFF_SIDES];
    int rc[DIFF_SIDES];
    const WalkSite *site[DIFF_SIDES];
    uint64_t cycle[DIFF_SIDES],
        last[DIFF_SIDES]; /* of issue; of the one before */
    InsnState insn;
    uint64_t equal;
    DiffDivergence access, timing;
} Stream;

static uint64_t column(const Stream *s, int side, int c)
{
    return (uint64_t)sqlite3_column_int64(s->stmt[side], c);
}

/* The next row of a kind that both sides recorded. */
static void stream_next(Stream *s, int side)
{
    s->last[side] = s->cycle[side];
    do {
        s->rc[side] = sqlite3_step(s->stmt[side]);
        if (s->rc[side] == SQLITE_ROW) {
            s->site[side] =
                site_of(s->w, side, (int64_t)column(s, side, S_SITE));
            s->cycle[side] = column(s, side, S_CYCLE);
        }
    } while (s->rc[side] == SQLITE_ROW && !s->w->common[s->site[side]->kind]);
}

static bool is_fetch(const Stream *s, int side)
{
    return !strcmp(s->w->kind_name[s->site[side]->kind], "fetch");
}

static void stream_point(const Stream *s, int side, DiffPoint *p, bool timing)
{
    *p = (DiffPoint){.there = s->rc[side] == SQLITE_ROW};
    if (!p->there) {
        return;
    }
    const WalkSite *site = s->site[side];
    p->tx = (int64_t)column(s, side, S_ROWID);
    p->time = (int64_t)column(s, side, S_TIME);
    p->has_pc = site->has_pc;
    p->pc = site->pc;
    if (site->symbol) {
        point_symbol(p, s->w->names.text[site->symbol], site->offset);
    }
    const char *region =
        site->region ? s->w->names.text[site->region] : "(nothing there)";
    int n = is_fetch(s, side) && !timing
                ? snprintf(p->what, sizeof(p->what), "word 0x%0*" PRIx64,
                           2 * (int)site->size, column(s, side, S_VALUE))
                : snprintf(p->what, sizeof(p->what),
                           "%s %" PRIu32 " at %.40s+0x%" PRIx64,
                           s->w->kind_name[site->kind], site->size, region,
                           column(s, side, S_OFFSET));
    if (timing && n > 0 && (size_t)n < sizeof(p->what)) {
        snprintf(p->what + n, sizeof(p->what) - (size_t)n,
                 ", wait %" PRIu64 ", bus %" PRIu64 ", target %" PRIu64
                 ", %" PRIu64 " cycles after the one before",
                 column(s, side, S_WAIT), column(s, side, S_BUS),
                 column(s, side, S_TARGET), s->cycle[side] - s->last[side]);
    }
}

static void found(Stream *s, DiffDivergence *to, bool timing)
{
    to->found = true;
    to->before = s->equal;
    stream_point(s, 0, &to->side[0], timing);
    stream_point(s, 1, &to->side[1], timing);
}

/* Is it the same instruction or access? Addresses of data move with a build. */
static bool same_access(Stream *s)
{
    const WalkSite *a = s->site[0], *b = s->site[1];
    bool moved = !s->w->d->same_firmware;
    if (a->kind != b->kind || a->dir != b->dir || a->size != b->size ||
        a->has_pc != b->has_pc || a->region != b->region) {
        return false;
    }
    bool symbols = moved && a->symbol && b->symbol;
    if (symbols ? a->symbol != b->symbol || a->offset != b->offset
                : a->pc != b->pc) {
        return false;
    }
    if (!is_fetch(s, 0)) {
        return moved || column(s, 0, S_PA) == column(s, 1, S_PA);
    }
    uint32_t x = (uint32_t)column(s, 0, S_VALUE);
    uint32_t y = (uint32_t)column(s, 1, S_VALUE);
    if (!moved) {
        return x == y;
    }
    InsnSame same = insn_compare(&s->insn, x, y, a->size);
    if (same == INSN_MOVED && !s->access.found) {
        found(s, &s->access, false);
        s->access.addresses = true;
    }
    return same != INSN_OTHER;
}

static bool same_timing(const Stream *s)
{
    return column(s, 0, S_WAIT) == column(s, 1, S_WAIT) &&
           column(s, 0, S_BUS) == column(s, 1, S_BUS) &&
           column(s, 0, S_TARGET) == column(s, 1, S_TARGET) &&
           s->cycle[0] - s->last[0] == s->cycle[1] - s->last[1];
}

/* Walks until both questions are answered; to the first one the answer counts
 * only when `accesses`. */
static void stream_walk(Stream *s, bool accesses)
{
    while (s->rc[0] == SQLITE_ROW && s->rc[1] == SQLITE_ROW) {
        if (!same_access(s)) {
            break;
        }
        if (!s->timing.found && !same_timing(s)) {
            found(s, &s->timing, true);
            if (!accesses) {
                break;
            }
        }
        s->equal++;
        stream_next(s, 0);
        stream_next(s, 1);
    }
    bool ended = s->rc[0] != SQLITE_ROW && s->rc[1] != SQLITE_ROW;
    s->timing.parted = !ended && !s->timing.found;
    if (accesses && !ended) {
        s->access.addresses = false;
        found(s, &s->access, false);
    }
    s->access.compared = s->equal;
    s->timing.compared = s->timing.found ? s->timing.before : s->equal;
}

typedef struct Initiator {
    int64_t id[DIFF_SIDES];
    const char *name; /* a hart's parts share it */
    char label[128];  /* name and part */
    bool fetch, data; /* part of a hart */
} Initiator;

static bool walk_initiator(Walk *w, const Initiator *i)
{
    Diff *d = w->d;
    Stream s = {.w = w, .equal = w->equal[i->id[0] & 255]};
    bool ok = true;
    for (int side = 0; ok && side < DIFF_SIDES; side++) {
        s.stmt[side] = diff_prepare(d, side, stream_sql);
        ok = s.stmt[side] != NULL;
        if (ok) {
            sqlite3_bind_int64(s.stmt[side], 1, i->id[side]);
            sqlite3_bind_int64(s.stmt[side], 2, (int64_t)d->equal_rows);
            stream_next(&s, side);
            s.last[side] = w->last_cycle[i->id[0] & 255];
        }
    }
    if (ok) {
        bool fetches = !*d->instruction.subject ||
                       !strcmp(d->instruction.subject, "instructions");
        bool accesses = fetches ? i->fetch : i->data;
        snprintf(s.access.initiator, sizeof(s.access.initiator), "%s",
                 i->label);
        snprintf(s.timing.initiator, sizeof(s.timing.initiator), "%s",
                 i->label);
        stream_walk(&s, accesses);
        if (accesses) {
            keep_first(&d->instruction, &s.access);
        }
        keep_first(&d->timing, &s.timing);
        for (int side = 0; ok && side < DIFF_SIDES; side++) {
            ok = s.rc[side] == SQLITE_ROW || diff_done(d, side, s.rc[side]);
        }
    }
    sqlite3_finalize(s.stmt[0]);
    sqlite3_finalize(s.stmt[1]);
    return ok;
}

/* -- device accesses --------------------------------------------------------
 */

static const char mmio_sql[] =
    "select tx, time, region, offset, dir, size, value, result, register, pc,"
    " symbol from mmio where initiator = ?1 and tx > ?2";

static void mmio_point(sqlite3_stmt *stmt, int rc, DiffPoint *p)
{
    *p = (DiffPoint){.there = rc == SQLITE_ROW};
    if (!p->there) {
        return;
    }
    const char *text[3];
    static const int columns[] = {2, 4, 8};
    for (int i = 0; i < 3; i++) {
        text[i] = (const char *)sqlite3_column_text(stmt, columns[i]);
        text[i] = text[i] ? text[i] : "";
    }
    p->tx = sqlite3_column_int64(stmt, 0);
    p->time = sqlite3_column_int64(stmt, 1);
    p->has_pc = sqlite3_column_type(stmt, 9) != SQLITE_NULL;
    p->pc = (uint64_t)sqlite3_column_int64(stmt, 9);
    point_symbol(p, (const char *)sqlite3_column_text(stmt, 10), 0);
    snprintf(p->what, sizeof(p->what),
             "%s %lld at %.40s+0x%llx%s%.24s%s, value 0x%llx",
             *text[1] == 'w' ? "write" : "read",
             (long long)sqlite3_column_int64(stmt, 5), text[0],
             (unsigned long long)sqlite3_column_int64(stmt, 3),
             *text[2] ? " (" : "", text[2], *text[2] ? ")" : "",
             (unsigned long long)sqlite3_column_int64(stmt, 6));
}

static bool same_mmio(sqlite3_stmt *const s[DIFF_SIDES])
{
    return same_text_column(s[0], s[1], 2) && same_text_column(s[0], s[1], 4) &&
           same_text_column(s[0], s[1], 7) &&
           sqlite3_column_int64(s[0], 3) == sqlite3_column_int64(s[1], 3) &&
           sqlite3_column_int64(s[0], 5) == sqlite3_column_int64(s[1], 5) &&
           sqlite3_column_int64(s[0], 6) == sqlite3_column_int64(s[1], 6);
}

/* Of those among the rows equal from the first on. */
static uint64_t equal_mmio(Walk *w, const Initiator *i)
{
    char *sql = sqlite3_mprintf("select count(*) from mmio where initiator = ?1"
                                " and tx <= %llu",
                                (unsigned long long)w->d->equal_rows);
    char *text = sql ? query_text(w->d->side[0].db, sql, i->name) : NULL;
    uint64_t n = text ? strtoull(text, NULL, 10) : 0;
    sqlite3_free(sql);
    free(text);
    return n;
}

static bool walk_mmio(Walk *w, const Initiator *i)
{
    Diff *d = w->d;
    sqlite3_stmt *s[DIFF_SIDES] = {0};
    int rc[DIFF_SIDES] = {SQLITE_ERROR, SQLITE_ERROR};
    DiffDivergence one = {.compared = equal_mmio(w, i)};
    snprintf(one.initiator, sizeof(one.initiator), "%.60s", i->name);
    bool ok = true;
    for (int side = 0; ok && side < DIFF_SIDES; side++) {
        s[side] = diff_prepare(d, side, mmio_sql);
        ok = s[side] != NULL;
        sqlite3_bind_text(s[side], 1, i->name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s[side], 2, (int64_t)d->equal_rows);
    }
    while (ok) {
        rc[0] = sqlite3_step(s[0]);
        rc[1] = sqlite3_step(s[1]);
        if (rc[0] != SQLITE_ROW || rc[1] != SQLITE_ROW || !same_mmio(s)) {
            break;
        }
        one.compared++;
    }
    for (int side = 0; ok && side < DIFF_SIDES; side++) {
        ok = rc[side] == SQLITE_ROW || diff_done(d, side, rc[side]);
        mmio_point(s[side], rc[side], &one.side[side]);
    }
    one.found = one.side[0].there || one.side[1].there;
    one.before = one.compared;
    keep_first(&d->mmio, &one);
    sqlite3_finalize(s[0]);
    sqlite3_finalize(s[1]);
    return ok;
}

/* -- which initiators -------------------------------------------------------
 */

/* What is compared depends on what both recorded. */
static void choose(Walk *w)
{
    Diff *d = w->d;
    bool any = false, fetch = false, same_data = true;
    for (int k = 0; k < KINDS; k++) {
        bool a = w->side[0].recorded[k], b = w->side[1].recorded[k];
        bool is_fetch_kind = !strcmp(w->kind_name[k], "fetch");
        w->common[k] = a && b;
        any |= w->common[k];
        fetch |= w->common[k] && is_fetch_kind;
        same_data &= is_fetch_kind || a == b || !w->seen[k];
    }
    snprintf(d->instruction.subject, sizeof(d->instruction.subject), "%s",
             fetch ? "instructions" : "loads and stores");
    if (!any) {
        const char *why = "not both runs recorded transactions; run with "
                          "--trace";
        snprintf(d->instruction.why_not, sizeof(d->instruction.why_not), "%s",
                 why);
        snprintf(d->timing.why_not, sizeof(d->timing.why_not), "%s", why);
        snprintf(d->mmio.why_not, sizeof(d->mmio.why_not), "%s", why);
    } else if (!same_data) {
        snprintf(d->mmio.why_not, sizeof(d->mmio.why_not),
                 "the runs recorded different kinds of transactions");
    }
}

static const char initiator_sql[] =
    "select id, name, part = 'fetch', part = 'data', coalesce(part, ''),"
    " id = (select min(j.id) from initiator j where j.name = i.name)"
    " from initiator i where name is not null order by id";

static int64_t id_in_b(Walk *w, const char *label)
{
    char *text = query_text(w->d->side[1].db,
                            "select id from initiator where name || ' ' ||"
                            " coalesce(part, '') = ?1",
                            label);
    int64_t id = text ? strtoll(text, NULL, 10) : -1;
    free(text);
    return id;
}

static bool walk_initiators(Walk *w)
{
    Diff *d = w->d;
    sqlite3_stmt *stmt = diff_prepare(d, 0, initiator_sql);
    int rc = SQLITE_ERROR;
    bool ok = stmt != NULL;
    while (ok && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        Initiator i = {.id[0] = sqlite3_column_int64(stmt, 0),
                       .fetch = sqlite3_column_int64(stmt, 2) != 0,
                       .data = sqlite3_column_int64(stmt, 3) != 0};
        i.name = (const char *)sqlite3_column_text(stmt, 1);
        snprintf(i.label, sizeof(i.label), "%s %s", i.name,
                 (const char *)sqlite3_column_text(stmt, 4));
        bool first_of_name = sqlite3_column_int64(stmt, 5) != 0;
        i.id[1] = id_in_b(w, i.label);
        ok = (i.id[1] < 0 || walk_initiator(w, &i)) &&
             (!first_of_name || *d->mmio.why_not || walk_mmio(w, &i));
    }
    sqlite3_finalize(stmt);
    return ok && diff_done(d, 0, rc);
}

bool diff_walk(Diff *d)
{
    d->instruction.key = "instruction";
    d->instruction.title = "First different instruction";
    d->mmio.key = "mmio";
    d->mmio.title = "First different device access";
    d->timing.key = "timing";
    d->timing.title = "First different timing";
    snprintf(d->mmio.subject, sizeof(d->mmio.subject), "device accesses");
    snprintf(d->timing.subject, sizeof(d->timing.subject), "transactions");
    Walk w = {.d = d};
    bool ok = walk_dictionaries(&w);
    if (ok) {
        choose(&w);
        bool same = false;
        ok = same_storage(&w, &same) && (same ? count_rows(&w) : walk_all(&w));
    }
    if (ok) {
        ok = d->rows_equal || *d->timing.why_not || walk_initiators(&w);
    }
    walk_free(&w);
    return ok;
}
