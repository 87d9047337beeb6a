/*
 * diff_where.c - where the cycles between two runs went: what each hart spent
 * more or less, by cause. The causes of a hart sum to the change of its cycles.
 *
 * Model    Loads, stores and atomics: per region the cycles that waited, were
 *          on the bus and in the target (`traffic`), beyond the one that is in
 *          the instruction's class. Fetches and page walks: what they cost the
 *          hart (`hart_cycles`), shared out among the regions as the cycles of
 *          their accesses changed. Executing: more or fewer instructions at
 *          A's cost, and the rest. With one profile at level pipeline on both
 *          sides the rest is what fetches took, less what overlapped.
 * Units    cycles of the hart.
 * Missing  At level pipeline an access that overlaps with execution counts in
 *          full, and what it hid is missing from what fetches took.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/diff.h"

enum { EXECUTING, WAIT, BUS, TARGET, FETCH, WALK, IDLE, CATEGORIES };

static const char *const category_name[] = {
    "executing", "wait", "bus", "target", "fetch_stall", "walk", "idle"};

/* One hart on one side. */
typedef struct Side {
    bool there;
    int64_t cycles, instructions;
    int64_t spent[CATEGORIES];
    int64_t accesses, bus; /* of its data port, all regions */
    char profile[96], level[16];
} Side;

/* What one of a hart's ports did in one region. */
typedef struct Place {
    char *region;
    const char *what; /* "fetch", "data", "walk" */
    int64_t accesses[DIFF_SIDES];
    int64_t count[DIFF_SIDES][TARGET + 1]; /* [WAIT], [BUS], [TARGET] */
} Place;

typedef struct Work {
    Diff *d;
    DiffHart *hart;
    Side side[DIFF_SIDES];
    Place *place;
    size_t places;
} Work;

/* Counts of a damaged database may be any numbers. */
static int64_t less(int64_t b, int64_t a)
{
    return (int64_t)((uint64_t)b - (uint64_t)a);
}

static int64_t plus(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t times(int64_t n, double factor)
{
    double product = (double)n * factor;
    return product > -1e18 && product < 1e18 ? (int64_t)product : 0;
}

/* -- reading -------------------------------------------------------------- */

static const char *text_at(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    return text ? text : "";
}

static sqlite3_stmt *of_hart(Work *w, int side, const char *sql)
{
    sqlite3_stmt *stmt = diff_prepare(w->d, side, sql);
    if (stmt) {
        sqlite3_bind_text(stmt, 1, w->hart->name, -1, SQLITE_STATIC);
    }
    return stmt;
}

static bool read_hart(Work *w, int side)
{
    Side *s = &w->side[side];
    sqlite3_stmt *stmt =
        of_hart(w, side,
                "select cycles, instructions, coalesce(profile, ''),"
                " coalesce(timing_level, '') from hart where name = ?1");
    int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
    if (rc == SQLITE_ROW) {
        s->there = true;
        s->cycles = sqlite3_column_int64(stmt, 0);
        s->instructions = sqlite3_column_int64(stmt, 1);
        snprintf(s->profile, sizeof(s->profile), "%s", text_at(stmt, 2));
        snprintf(s->level, sizeof(s->level), "%s", text_at(stmt, 3));
        rc = SQLITE_DONE;
    }
    bool ok = stmt && diff_done(w->d, side, rc);
    sqlite3_finalize(stmt);
    return ok;
}

static bool read_categories(Work *w, int side)
{
    sqlite3_stmt *stmt = of_hart(
        w, side, "select category, cycles from hart_cycles where hart = ?1");
    int rc = SQLITE_ERROR;
    while (stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (int i = 0; i < CATEGORIES; i++) {
            if (!strcmp(text_at(stmt, 0), category_name[i])) {
                w->side[side].spent[i] = sqlite3_column_int64(stmt, 1);
            }
        }
    }
    bool ok = stmt && diff_done(w->d, side, rc);
    sqlite3_finalize(stmt);
    return ok;
}

static Place *place_of(Work *w, const char *what, const char *region)
{
    static const char *const known[] = {"fetch", "data", "walk"};
    for (size_t i = 0; i < w->places; i++) {
        if (!strcmp(w->place[i].what, what) &&
            !strcmp(w->place[i].region, region)) {
            return &w->place[i];
        }
    }
    Place *list = diff_grow(w->d, w->place, w->places, sizeof(*list));
    if (!list) {
        return NULL;
    }
    w->place = list;
    Place *p = &list[w->places];
    *p = (Place){.region = strdup(region)};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        p->what = strcmp(known[i], what) ? p->what : known[i];
    }
    if (!p->region) {
        error_set(w->d->errp, "the host has no memory left");
        return NULL;
    }
    w->places++;
    return p;
}

static bool read_places(Work *w, int side)
{
    sqlite3_stmt *stmt = of_hart(
        w, side,
        "select i.part, coalesce(t.region, '(nothing there)'),"
        " sum(t.accesses), sum(t.wait_cycles), sum(t.bus_cycles),"
        " sum(t.target_cycles) from traffic t"
        " join initiator i on i.id = t.initiator_id where i.kind = 'hart'"
        " and i.owner = ?1 and i.part in ('fetch', 'data', 'walk')"
        " group by 1, 2 order by 1, 2");
    int rc = SQLITE_ERROR;
    bool ok = stmt != NULL;
    while (ok && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        Place *p = place_of(w, text_at(stmt, 0), text_at(stmt, 1));
        ok = p != NULL;
        if (ok) {
            p->accesses[side] = sqlite3_column_int64(stmt, 2);
            p->count[side][WAIT] = sqlite3_column_int64(stmt, 3);
            p->count[side][BUS] = sqlite3_column_int64(stmt, 4);
            p->count[side][TARGET] = sqlite3_column_int64(stmt, 5);
        }
        if (ok && !strcmp(p->what, "data")) {
            Side *s = &w->side[side];
            s->accesses = plus(s->accesses, p->accesses[side]);
            s->bus = plus(s->bus, p->count[side][BUS]);
        }
    }
    ok = ok && diff_done(w->d, side, rc);
    sqlite3_finalize(stmt);
    return ok;
}

/* "cpu0.dcache: 120 -> 8 misses", into text. */
static bool read_misses(Work *w, const char *part, char *text, size_t size)
{
    int64_t misses[DIFF_SIDES] = {0};
    bool there[DIFF_SIDES] = {false};
    char cache[48] = "";
    for (int side = 0; side < DIFF_SIDES; side++) {
        sqlite3_stmt *stmt =
            of_hart(w, side,
                    "select max(cache), sum(misses) from cache_level"
                    " where hart = ?1 and part = ?2 having count(*) > 0");
        if (stmt) {
            sqlite3_bind_text(stmt, 2, part, -1, SQLITE_STATIC);
        }
        int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
        if (rc == SQLITE_ROW) {
            there[side] = true;
            misses[side] = sqlite3_column_int64(stmt, 1);
            snprintf(cache, sizeof(cache), "%s", text_at(stmt, 0));
            rc = SQLITE_DONE;
        }
        bool ok = stmt && diff_done(w->d, side, rc);
        sqlite3_finalize(stmt);
        if (!ok) {
            return false;
        }
    }
    char n[DIFF_SIDES][48];
    for (int side = 0; side < DIFF_SIDES; side++) {
        diff_number(n[side], sizeof(n[side]), (double)misses[side], true,
                    false);
    }
    *text = 0;
    if (there[0] || there[1]) {
        snprintf(text, size, "%s: %s -> %s misses", cache,
                 there[0] ? n[0] : "(none)", there[1] ? n[1] : "(none)");
    }
    return true;
}

/* -- causes --------------------------------------------------------------- */

static int64_t change_of(const Work *w, int category)
{
    return less(w->side[1].spent[category], w->side[0].spent[category]);
}

static bool add(Work *w, const char *what, const char *region, const char *part,
                int64_t change, const char *why)
{
    DiffHart *h = w->hart;
    if (!change) {
        return true;
    }
    DiffCause *list = diff_grow(w->d, h->cause, h->causes, sizeof(*list));
    if (!list) {
        return false;
    }
    h->cause = list;
    DiffCause *c = &list[h->causes++];
    *c = (DiffCause){
        .what = what, .part = part, .region = strdup(region), .change = change};
    snprintf(c->why, sizeof(c->why), "%s", why);
    h->unexplained = less(h->unexplained, change);
    return c->region || error_set(w->d->errp, "the host has no memory left");
}

static int64_t cycles_at(const Place *p, int side)
{
    uint64_t n = 0;
    for (int part = WAIT; part <= TARGET; part++) {
        n += (uint64_t)p->count[side][part];
    }
    return (int64_t)n;
}

/* Shares `change` out among the regions, as the cycles of such accesses
 * changed; all of it to none in particular where they did not. */
static bool share(Work *w, const char *what, const char *part, int64_t change,
                  const char *why)
{
    double all = 0, seen = 0;
    int64_t given = 0;
    for (size_t i = 0; i < w->places; i++) {
        const Place *p = &w->place[i];
        if (!strcmp(p->what, what)) {
            all += (double)less(cycles_at(p, 1), cycles_at(p, 0));
        }
    }
    if (!(all < 0) && !(all > 0)) {
        return add(w, what, "", part, change, why);
    }
    for (size_t i = 0; i < w->places; i++) {
        const Place *p = &w->place[i];
        double of_it = (double)less(cycles_at(p, 1), cycles_at(p, 0));
        if (strcmp(p->what, what) || (!(of_it < 0) && !(of_it > 0))) {
            continue;
        }
        seen += of_it; /* the last one's share ends at `change` exactly */
        int64_t upto = change;
        if (seen < all || seen > all) {
            upto = times(change, seen / all);
        }
        if (!add(w, what, p->region, part, less(upto, given), why)) {
            return false;
        }
        given = upto;
    }
    return true;
}

/* The first cycle on the bus is the instruction's, if the bus has a timing. */
static int64_t own_bus(const Work *w, const Place *p, int side)
{
    const Side *s = &w->side[side];
    bool first = less(s->bus, s->accesses) == s->spent[BUS];
    return less(p->count[side][BUS], first ? p->accesses[side] : 0);
}

static bool explain_data(Work *w, const char *why)
{
    bool ok = true;
    int64_t waited = 0;
    for (size_t i = 0; ok && i < w->places; i++) {
        const Place *p = &w->place[i];
        if (strcmp(p->what, "data") != 0) {
            continue;
        }
        int64_t wait = less(p->count[1][WAIT], p->count[0][WAIT]);
        waited = plus(waited, wait);
        ok = add(w, "data", p->region, "wait", wait, "") &&
             add(w, "data", p->region, "bus",
                 less(own_bus(w, p, 1), own_bus(w, p, 0)), why) &&
             add(w, "data", p->region, "target",
                 less(p->count[1][TARGET], p->count[0][TARGET]), why);
    }
    return ok && add(w, "posted stores", "", "wait",
                     less(change_of(w, WAIT), waited), "");
}

static bool explain_executing(Work *w, const char *misses)
{
    const Side *a = &w->side[0], *b = &w->side[1];
    const int64_t more = less(b->instructions, a->instructions);
    int64_t rest = change_of(w, EXECUTING);
    if (more && a->instructions > 0) {
        char why[64], n[48];
        diff_number(n, sizeof(n), (double)more, true, true);
        snprintf(why, sizeof(why), "%s instructions", n);
        int64_t theirs =
            times(more, (double)a->spent[EXECUTING] / (double)a->instructions);
        rest = less(rest, theirs);
        if (!add(w, "instructions", "", "", theirs, why)) {
            return false;
        }
    }
    if (strcmp(a->profile, b->profile) != 0 ||
        strcmp(a->level, b->level) != 0) {
        char why[96];
        snprintf(why, sizeof(why), "%.30s:%.12s -> %.30s:%.12s", a->profile,
                 a->level, b->profile, b->level);
        return add(w, "core", "", "", rest, why);
    }
    if (!strcmp(a->level, "pipeline") && !more) {
        return share(w, "fetch", "less overlap", rest, misses);
    }
    return add(w, "core", "", "", rest, more ? "other instructions" : "");
}

static int by_size(const void *pa, const void *pb)
{
    const DiffCause *a = pa, *b = pb;
    uint64_t x = a->change < 0 ? -(uint64_t)a->change : (uint64_t)a->change;
    uint64_t y = b->change < 0 ? -(uint64_t)b->change : (uint64_t)b->change;
    int order = x != y ? (x > y ? -1 : 1) : strcmp(a->what, b->what);
    order = order ? order : strcmp(a->region, b->region);
    return order ? order : strcmp(a->part, b->part);
}

static bool explain_hart(Diff *d, DiffHart *h)
{
    Work w = {.d = d, .hart = h};
    char fetch[sizeof(h->cause->why)], data[sizeof(h->cause->why)];
    bool ok = true;
    for (int side = 0; ok && side < DIFF_SIDES; side++) {
        ok = read_hart(&w, side) && read_categories(&w, side) &&
             read_places(&w, side);
        h->cycles[side] = w.side[side].cycles;
    }
    h->unexplained = less(h->cycles[1], h->cycles[0]);
    if (ok && w.side[0].there && w.side[1].there) {
        ok = read_misses(&w, "fetch", fetch, sizeof(fetch)) &&
             read_misses(&w, "data", data, sizeof(data)) &&
             explain_data(&w, data) &&
             share(&w, "fetch", "stall", change_of(&w, FETCH), fetch) &&
             share(&w, "walk", "stall", change_of(&w, WALK), data) &&
             add(&w, "asleep", "", "", change_of(&w, IDLE), "") &&
             explain_executing(&w, fetch);
    }
    if (ok && h->causes) {
        qsort(h->cause, h->causes, sizeof(*h->cause), by_size);
    }
    for (size_t i = 0; i < w.places; i++) {
        free(w.place[i].region);
    }
    free(w.place);
    return ok;
}

/* -- entry ---------------------------------------------------------------- */

static bool add_hart(Diff *d, const char *name)
{
    DiffHart *list = diff_grow(d, d->hart, d->harts, sizeof(*list));
    if (!list) {
        return false;
    }
    d->hart = list;
    list[d->harts] = (DiffHart){.name = strdup(name)};
    return list[d->harts++].name ||
           error_set(d->errp, "the host has no memory left");
}

bool diff_where(Diff *d)
{
    sqlite3_stmt *stmt =
        diff_prepare(d, 0, "select name from hart order by rowid");
    int rc = SQLITE_ERROR;
    bool ok = stmt != NULL;
    while (ok && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        ok = add_hart(d, text_at(stmt, 0));
    }
    ok = ok && diff_done(d, 0, rc);
    sqlite3_finalize(stmt);
    for (size_t i = 0; ok && i < d->harts; i++) {
        ok = explain_hart(d, &d->hart[i]);
    }
    return ok;
}

void diff_where_free(Diff *d)
{
    for (size_t i = 0; i < d->harts; i++) {
        for (size_t k = 0; k < d->hart[i].causes; k++) {
            free(d->hart[i].cause[k].region);
        }
        free(d->hart[i].cause);
        free(d->hart[i].name);
    }
    free(d->hart);
}

/* -- printing ------------------------------------------------------------- */

static void print_row(FILE *out, const DiffCause *c, int64_t total)
{
    char name[64], by[48], share_of[32] = "";
    snprintf(name, sizeof(name), "%s%s%.24s%s%s", c->what,
             *c->region ? " " : "", c->region, *c->part ? ", " : "", c->part);
    for (char *p = name; *p; p++) {
        *p = (unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p;
    }
    diff_number(by, sizeof(by), (double)c->change, true, true);
    if (total) {
        snprintf(share_of, sizeof(share_of), "%.1f %%",
                 100.0 * (double)c->change / (double)total);
    }
    fprintf(out, "  %-40s %15s %9s%s%s\n", name, by, share_of,
            *c->why ? "  " : "", c->why);
}

void diff_where_print(const Diff *d, FILE *out)
{
    for (size_t i = 0; i < d->harts; i++) {
        const DiffHart *h = &d->hart[i];
        const int64_t total = less(h->cycles[1], h->cycles[0]);
        char a[48], b[48], by[48];
        if (!h->causes && !h->unexplained) {
            continue;
        }
        diff_number(a, sizeof(a), (double)h->cycles[0], true, false);
        diff_number(b, sizeof(b), (double)h->cycles[1], true, false);
        diff_number(by, sizeof(by), (double)total, true, true);
        fprintf(out,
                "\nWhere the cycles between them went: %s, %s -> %s (%s)\n",
                h->name, a, b, by);
        DiffCause rest = {.what = "(smaller ones)", .region = "", .part = ""};
        for (size_t k = 0; k < h->causes; k++) {
            if (k < DIFF_TEXT_ROWS) {
                print_row(out, &h->cause[k], total);
            } else {
                rest.change = plus(rest.change, h->cause[k].change);
            }
        }
        if (rest.change) {
            print_row(out, &rest, total);
        }
        print_row(out,
                  &(DiffCause){.what = "unexplained",
                               .region = "",
                               .part = "",
                               .change = h->unexplained},
                  total);
    }
}

void diff_where_json(const Diff *d, FILE *out)
{
    fputs("  \"where\": [", out);
    for (size_t i = 0; i < d->harts; i++) {
        const DiffHart *h = &d->hart[i];
        fprintf(out, "%s\n    {\"hart\": ", i ? "," : "");
        format_json_string(out, h->name, strlen(h->name));
        fprintf(out, ", \"cycles\": [%" PRId64 ", %" PRId64 "], \"causes\": [",
                h->cycles[0], h->cycles[1]);
        for (size_t k = 0; k < h->causes; k++) {
            const DiffCause *c = &h->cause[k];
            fprintf(out,
                    "%s\n      {\"what\": \"%s\", \"region\": ", k ? "," : "",
                    c->what);
            format_json_string(out, c->region, strlen(c->region));
            fprintf(out,
                    ", \"part\": \"%s\", \"cycles\": %" PRId64 ", \"why\": ",
                    c->part, c->change);
            format_json_string(out, c->why, strlen(c->why));
            putc('}', out);
        }
        fprintf(out, "], \"unexplained\": %" PRId64 "}", h->unexplained);
    }
    fputs(d->harts ? "\n  ],\n" : "],\n", out);
}
