/*
 * diff_walk.c - where did two runs part: the first different instruction, the
 * first different device access, the first different timing.
 *
 * Model    From the first row on that differs (diff_prefix.c) each initiator is
 *          walked by itself, because a cycle more or less changes how
 *          initiators interleave and not what they do. What two builds have in
 *          common is an address as symbol + offset. Of one program, pairs of
 *          fetch runs that were found equal once are equal ever after.
 * Units    times are ps, cycles are those of the initiator's clock.
 * Missing  Functions with one name are taken for one.
 */
#include "traces/diff_walk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* Are these steps of two runs the same, in what is fetched and when? */
typedef struct RunPair {
    const RowSite *run[DIFF_SIDES];
    uint32_t step[DIFF_SIDES], count;
    InsnState insn, after; /* before these steps, and behind them */
    bool access, timing;
    bool addresses; /* some differ in operands that may hold addresses */
} RunPair;
enum { PAIRS = 1 << 12 };

typedef struct Stream {
    Walk *w;
    DiffCursor c[DIFF_SIDES];
    uint64_t last[DIFF_SIDES]; /* issue of the row before */
    InsnState insn;
    uint64_t equal;
    DiffDivergence access, timing;
    RunPair *pair; /* by hash */
} Stream;

/* On by n rows: of a run, if more than one. */
static bool stream_next(Stream *s, uint32_t n)
{
    for (int side = 0; side < DIFF_SIDES; side++) {
        DiffCursor *c = &s->c[side];
        s->last[side] = n > 1 ? c->begin + c->run->step[c->step + n - 1].cycle
                              : c->row.cycle;
        if (!cursor_next(c, n)) {
            return false;
        }
    }
    return true;
}

static bool is_fetch(const Walk *w, const WalkSite *site)
{
    return !strcmp(w->kind_name[site->kind], "fetch");
}

static bool stream_point(Stream *s, int side, DiffPoint *p, bool timing)
{
    DiffCursor *c = &s->c[side];
    DiffRow row;
    *p = (DiffPoint){.there = c->there};
    if (!p->there) {
        return true;
    }
    if (!cursor_whole(c, &row)) {
        return false;
    }
    const WalkSite *site = c->site;
    p->tx = row.rowid;
    p->time = row.time;
    p->has_pc = site->has_pc;
    p->pc = site->pc;
    if (site->symbol) {
        point_symbol(p, s->w->names.text[site->symbol], site->offset);
    }
    const char *region =
        site->region ? s->w->names.text[site->region] : "(nothing there)";
    int n = is_fetch(s->w, site) && !timing
                ? snprintf(p->what, sizeof(p->what), "word 0x%0*" PRIx64,
                           2 * (int)site->size, row.value)
                : snprintf(p->what, sizeof(p->what),
                           "%s %" PRIu32 " at %.40s+0x%" PRIx64,
                           s->w->kind_name[site->kind], site->size, region,
                           row.offset);
    if (timing && n > 0 && (size_t)n < sizeof(p->what)) {
        snprintf(p->what + n, sizeof(p->what) - (size_t)n,
                 ", wait %" PRIu64 ", bus %" PRIu64 ", target %" PRIu64
                 ", %" PRIu64 " cycles after the one before",
                 row.wait, row.bus, row.target, row.cycle - s->last[side]);
    }
    return true;
}

static bool found(Stream *s, DiffDivergence *to, bool timing)
{
    to->found = true;
    to->before = s->equal;
    return stream_point(s, 0, &to->side[0], timing) &&
           stream_point(s, 1, &to->side[1], timing);
}

/* Is it the same place in the program, apart from what was fetched? */
static bool same_place(const Walk *w, const WalkSite *a, const WalkSite *b)
{
    bool moved = !w->d->same_firmware;
    if (a->kind != b->kind || a->dir != b->dir || a->size != b->size ||
        a->has_pc != b->has_pc || a->region != b->region) {
        return false;
    }
    bool symbols = moved && a->symbol && b->symbol;
    return symbols ? a->symbol == b->symbol && a->offset == b->offset
                   : a->pc == b->pc;
}

/* Is it the same instruction or access? Addresses of data move with a build. */
static bool same_access(Stream *s, InsnSame *how)
{
    const Walk *w = s->w;
    const WalkSite *site = s->c[0].site;
    const DiffRow *a = &s->c[0].row, *b = &s->c[1].row;
    bool moved = !w->d->same_firmware;
    *how = INSN_EQUAL;
    if (!same_place(w, site, s->c[1].site)) {
        return false;
    }
    if (!is_fetch(w, site)) {
        return moved || a->pa == b->pa;
    }
    uint32_t x = (uint32_t)a->value, y = (uint32_t)b->value;
    if (!moved) {
        return x == y;
    }
    *how = insn_compare(&s->insn, x, y, site->size);
    return *how != INSN_OTHER;
}

static bool same_timing(const Stream *s)
{
    const DiffRow *a = &s->c[0].row, *b = &s->c[1].row;
    return a->wait == b->wait && a->bus == b->bus && a->target == b->target &&
           a->cycle - s->last[0] == b->cycle - s->last[1];
}

static bool same_step(const Walk *w, RunPair *p, uint32_t i)
{
    const FetchStep *a = &p->run[0]->step[p->step[0] + i];
    const FetchStep *b = &p->run[1]->step[p->step[1] + i];
    InsnSame how = w->d->same_firmware
                       ? (a->word == b->word ? INSN_EQUAL : INSN_OTHER)
                       : insn_compare(&p->after, a->word, b->word, a->size);
    p->addresses |= how == INSN_MOVED;
    return how != INSN_OTHER &&
           same_place(w, walk_site(w, 0, p->run[0]->row + p->step[0] + i),
                      walk_site(w, 1, p->run[1]->row + p->step[1] + i));
}

static void compare_runs(const Walk *w, RunPair *p)
{
    p->access = p->timing = true;
    p->after = p->insn;
    for (uint32_t i = 0; i < p->count; i++) {
        const FetchStep *a = &p->run[0]->step[p->step[0] + i];
        const FetchStep *b = &p->run[1]->step[p->step[1] + i];
        const InlineCost *m = row_cost(p->run[0], a->size);
        const InlineCost *n = row_cost(p->run[1], b->size);
        p->access &= same_step(w, p, i);
        p->timing &=
            m->bus == n->bus && m->target == n->target &&
            (!i || a->cycle - (a - 1)->cycle == b->cycle - (b - 1)->cycle);
    }
}

static bool same_key(const RunPair *a, const RunPair *b)
{
    return a->run[0] == b->run[0] && a->run[1] == b->run[1] &&
           a->step[0] == b->step[0] && a->step[1] == b->step[1] &&
           a->count == b->count && a->insn.address == b->insn.address;
}

/* How many instructions of the runs that both sides are in are known to be
 * equal; 0: ask one by one. */
static uint32_t same_runs(Stream *s)
{
    const DiffCursor *a = &s->c[0], *b = &s->c[1];
    if (!s->pair || !a->run || !b->run) {
        return 0;
    }
    uint32_t left[DIFF_SIDES] = {a->last - a->step, b->last - b->step};
    RunPair key = {.run = {a->run, b->run},
                   .step = {a->step, b->step},
                   .count = left[0] < left[1] ? left[0] : left[1],
                   .insn = s->insn};
    uint32_t at = a->run->id * 31 + b->run->id * 17 + a->step * 7 + b->step +
                  (s->insn.address * UINT32_C(0x9e3779b1) >> 20);
    RunPair *p = &s->pair[at % PAIRS];
    if (!same_key(p, &key)) {
        *p = key;
        compare_runs(s->w, p);
    }
    bool timing =
        s->timing.found ||
        (p->timing && a->row.cycle - s->last[0] == b->row.cycle - s->last[1]);
    if (!p->access || !timing || (p->addresses && !s->access.found)) {
        return 0;
    }
    s->insn = p->after;
    return p->count;
}

/* Looks at the row that both sides are at; *on: it is to go on. */
static bool compare_rows(Stream *s, bool accesses, bool *on)
{
    InsnSame how;
    cursor_fill(&s->c[0]);
    cursor_fill(&s->c[1]);
    *on = same_access(s, &how);
    if (!*on) {
        return true;
    }
    if (how == INSN_MOVED && !s->access.found) {
        if (!found(s, &s->access, false)) {
            return false;
        }
        s->access.addresses = true;
    }
    if (!s->timing.found && !same_timing(s)) {
        if (!found(s, &s->timing, true)) {
            return false;
        }
        *on = accesses;
    }
    return true;
}

/* Walks until both questions are answered; to the first one the answer counts
 * only when `accesses`. */
static bool stream_walk(Stream *s, bool accesses)
{
    bool on = true;
    while (on && s->c[0].there && s->c[1].there) {
        uint32_t n = same_runs(s);
        if (!n) {
            n = 1;
            if (!compare_rows(s, accesses, &on)) {
                return false;
            }
        }
        if (s->timing.found) { /* nobody asks for cycles any more */
            s->c[0].fields = s->c[1].fields = 0;
        }
        if (on) {
            s->equal += n;
            if (!stream_next(s, n)) {
                return false;
            }
        }
    }
    bool ended = !s->c[0].there && !s->c[1].there;
    s->timing.parted = !ended && !s->timing.found;
    if (accesses && !ended) {
        s->access.addresses = false;
        if (!found(s, &s->access, false)) {
            return false;
        }
    }
    s->access.compared = s->equal;
    s->timing.compared = s->timing.found ? s->timing.before : s->equal;
    return true;
}

typedef struct Initiator {
    int64_t id[DIFF_SIDES];
    const char *name; /* a hart's parts share it */
    char label[128];  /* name and part */
    bool fetch, data; /* part of a hart */
} Initiator;

static bool stream_open(Stream *s, const Initiator *i)
{
    Walk *w = s->w;
    for (int side = 0; side < DIFF_SIDES; side++) {
        if (!cursor_open(&s->c[side], w, side, i->id[side], w->d->equal_rows,
                         CODEC_CYCLE)) {
            return false;
        }
        s->last[side] = w->last_cycle[(uint64_t)i->id[0] % INITIATORS];
    }
    /* without the table, runs are compared one instruction at a time */
    s->pair = calloc(PAIRS, sizeof(*s->pair));
    return true;
}

static bool walk_initiator(Walk *w, const Initiator *i)
{
    Diff *d = w->d;
    Stream s = {.w = w, .equal = w->equal[(uint64_t)i->id[0] % INITIATORS]};
    bool fetches = !*d->instruction.subject ||
                   !strcmp(d->instruction.subject, "instructions");
    bool accesses = fetches ? i->fetch : i->data;
    snprintf(s.access.initiator, sizeof(s.access.initiator), "%s", i->label);
    snprintf(s.timing.initiator, sizeof(s.timing.initiator), "%s", i->label);
    bool ok = stream_open(&s, i) && stream_walk(&s, accesses);
    if (ok) {
        if (accesses) {
            keep_first(&d->instruction, &s.access);
        }
        keep_first(&d->timing, &s.timing);
    }
    cursor_close(&s.c[0]);
    cursor_close(&s.c[1]);
    free(s.pair);
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

static bool same_text_column(sqlite3_stmt *a, sqlite3_stmt *b, int c)
{
    const char *x = (const char *)sqlite3_column_text(a, c);
    const char *y = (const char *)sqlite3_column_text(b, c);
    return x && y ? !strcmp(x, y) : x == y;
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
    " id = min(id) over (partition by name)"
    " from initiator where name is not null order by id";

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
        ok = (i.id[0] < 0 || i.id[1] < 0 || walk_initiator(w, &i)) &&
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
    Walk *w = calloc(1, sizeof(*w));
    if (!w) {
        return error_set(d->errp, "the host has no memory left");
    }
    w->d = d;
    bool ok = walk_dictionaries(w);
    if (ok) {
        choose(w);
        ok = walk_prefix(w);
    }
    if (ok) {
        ok = d->rows_equal || *d->timing.why_not || walk_initiators(w);
    }
    walk_free(w);
    return ok;
}
