/*
 * diff.c - what changed between two runs: are they comparable, what was
 * configured otherwise, what did it cost where, and where did they part.
 *
 * Model    Two databases are read side by side; summaries are merged by name,
 *          transactions walked in step. What is kept grows with the names of
 *          functions and regions, never with the transactions.
 */
#include "traces/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* -- lists ---------------------------------------------------------------- */

void *diff_grow(Diff *d, void *list, size_t count, size_t size)
{
    if (count & (count - 1)) {
        return list; /* grows at 0, 1, 2, 4, 8, ... */
    }
    void *grown = realloc(list, (count ? 2 * count : 1) * size);
    if (!grown) {
        error_set(d->errp, "the host has no memory left");
    }
    return grown;
}

static char *copy_of(const char *text)
{
    return text ? strdup(text) : NULL;
}

bool diff_add(Diff *d, DiffTexts *list, const char *name, const char *a,
              const char *b, const char *why)
{
    DiffText *item = diff_grow(d, list->item, list->count, sizeof(*item));
    if (!item) {
        return false;
    }
    list->item = item;
    item[list->count++] =
        (DiffText){strdup(name), {copy_of(a), copy_of(b)}, why};
    return true;
}

static void free_texts(DiffTexts *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->item[i].name);
        free(list->item[i].side[0]);
        free(list->item[i].side[1]);
    }
    free(list->item);
}

static void free_costs(DiffCosts *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->item[i].name);
        free(list->item[i].what);
    }
    free(list->item);
}

/* -- statements ----------------------------------------------------------- */

sqlite3_stmt *diff_prepare(Diff *d, int side, const char *sql)
{
    return query_prepare(d->side[side].db, d->side[side].path, sql, d->errp);
}

bool diff_done(Diff *d, int side, int rc)
{
    return rc == SQLITE_DONE ||
           query_fail(d->errp, d->side[side].path, d->side[side].db, rc);
}

char *diff_run_value(Diff *d, int side, const char *key)
{
    return query_text(d->side[side].db, "select value from run where key = ?1",
                      key);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : !a && !b;
}

/* -- are they comparable -------------------------------------------------- */

/* Compares one value of `run`. */
static bool compare_key(Diff *d, DiffTexts *list, const char *key,
                        const char *name, const char *why)
{
    char *a = diff_run_value(d, 0, key), *b = diff_run_value(d, 1, key);
    bool ok = same_text(a, b) || diff_add(d, list, name, a, b, why);
    free(a);
    free(b);
    return ok;
}

/* All keys of `run` that say what was recorded: they begin with "trace". */
static bool compare_trace_keys(Diff *d)
{
    bool ok = true;
    for (int side = 0; ok && side < DIFF_SIDES; side++) {
        sqlite3_stmt *stmt = diff_prepare(
            d, side,
            "select key from run where key like 'trace%' order by key");
        int rc = SQLITE_ERROR;
        while (stmt && ok && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
            const char *key = (const char *)sqlite3_column_text(stmt, 0);
            char *first = side ? diff_run_value(d, 0, key ? key : "") : NULL;
            ok = first ||
                 compare_key(d, &d->hindrances, key ? key : "", key ? key : "",
                             "transactions are compared where both "
                             "recorded them");
            free(first);
        }
        ok = ok && stmt && diff_done(d, side, rc);
        sqlite3_finalize(stmt);
    }
    return ok;
}

/* The options of a command line that limit a run: "--limit-time 2ms". */
static char *limits_of(const char *command)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        return NULL;
    }
    const char *p = command;
    while (p && (p = strstr(p, "--limit-")) != NULL) {
        size_t n = strcspn(p, " =");
        n += p[n] ? 1 + strcspn(p + n + 1, " ") : 0;
        fprintf(out, "%s%.*s", p == command ? "" : " ", (int)n, p);
        p += n;
    }
    fclose(out);
    return text;
}

static bool compare_limits(Diff *d)
{
    char *command[2], *limits[2];
    for (int side = 0; side < DIFF_SIDES; side++) {
        command[side] = diff_run_value(d, side, "command");
        limits[side] = limits_of(command[side]);
    }
    bool ok = same_text(limits[0], limits[1]) ||
              diff_add(d, &d->hindrances, "limits",
                       limits[0] && *limits[0] ? limits[0] + 1 : "none",
                       limits[1] && *limits[1] ? limits[1] + 1 : "none",
                       "they may end at different places of the program");
    for (int side = 0; side < DIFF_SIDES; side++) {
        free(command[side]);
        free(limits[side]);
    }
    return ok;
}

static bool check_complete(Diff *d)
{
    if (d->side[0].complete && d->side[1].complete) {
        return true;
    }
    return diff_add(d, &d->hindrances, "the run ended properly",
                    d->side[0].complete ? "yes" : "no",
                    d->side[1].complete ? "yes" : "no",
                    "its rows are good, summaries are missing");
}

static bool compare_runs(Diff *d)
{
    static const struct {
        const char *key, *name, *why;
    } must[] = {
        {"schema_version", "schema version", "counted by other rules, maybe"},
        {"quantum_ps", "quantum (ps)",
         "harts and devices may meet in another order"},
        {"harts", "harts", NULL},
        {"seeds", "seeds", "random choices differ"},
        {"stop", "stopped by",
         "they may end at different places of the program"},
    };
    static const struct {
        const char *key, *name;
    } may[] = {
        {"socscope_version", "socscope"},
        {"machine", "machine"},
        {"firmware", "firmware"},
        {"firmware_xxh3_128", "firmware hash"},
        {"exit_status", "exit status"},
    };
    bool ok = check_complete(d);
    for (size_t i = 0; ok && i < sizeof(must) / sizeof(must[0]); i++) {
        ok = compare_key(d, &d->hindrances, must[i].key, must[i].name,
                         must[i].why);
    }
    ok = ok && compare_limits(d) && compare_trace_keys(d);
    for (size_t i = 0; ok && i < sizeof(may) / sizeof(may[0]); i++) {
        ok = compare_key(d, &d->facts, may[i].key, may[i].name, NULL);
    }
    char *a = diff_run_value(d, 0, "firmware_xxh3_128");
    char *b = diff_run_value(d, 1, "firmware_xxh3_128");
    d->same_firmware = same_text(a, b);
    free(a);
    free(b);
    return ok;
}

/* -- what it cost where --------------------------------------------------- */

static const char *const functions_sql =
    "select coalesce(symbol, '(no symbol)') as name, '', sum(cycles),"
    " sum(instructions), sum(entries) from function_cost group by 1 order by 1";

static const char *const regions_sql =
    "select coalesce(region, '(nothing there)') as name,"
    " iif(kind = 'fetch', 'fetch', 'data') as what, sum(accesses), sum(bytes),"
    " sum(wait_cycles), sum(bus_cycles), sum(target_cycles)"
    " from traffic group by 1, 2 order by 1, 2";

static const char *const sources_sql =
    "select initiator, '', sum(requests), sum(bytes), sum(late + missed),"
    " max(late_cycles_max), max(longest_cycles) from traffic_source"
    " group by 1 order by 1";

static const char *const phases_sql =
    "select coalesce(name, 'phase ' || id) as name, '', sum(cycles), count(*),"
    " min(seq) from phase group by 1 order by 1";

typedef struct CostReader {
    sqlite3_stmt *stmt;
    int rc;
    const char *name, *what;
} CostReader;

static void reader_next(CostReader *r)
{
    r->rc = sqlite3_step(r->stmt);
    r->name = r->what = "";
    if (r->rc == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(r->stmt, 0);
        const char *what = (const char *)sqlite3_column_text(r->stmt, 1);
        r->name = name ? name : "";
        r->what = what ? what : "";
    }
}

static int reader_order(const CostReader *r)
{
    if (r[0].rc != SQLITE_ROW || r[1].rc != SQLITE_ROW) {
        return r[0].rc == SQLITE_ROW ? -1 : 1;
    }
    int order = strcmp(r[0].name, r[1].name);
    return order ? order : strcmp(r[0].what, r[1].what);
}

static bool add_cost(Diff *d, DiffCosts *to, CostReader *r, int order)
{
    DiffCost c = {0};
    bool equal = true;
    for (int side = 0; side < DIFF_SIDES; side++) {
        bool there = side ? order >= 0 : order <= 0;
        int columns = sqlite3_column_count(r[side].stmt) - 2;
        for (int i = 0; there && i < columns && i < DIFF_COUNTS; i++) {
            c.count[side][i] = sqlite3_column_int64(r[side].stmt, i + 2);
        }
    }
    for (int i = 0; i < DIFF_COUNTS; i++) {
        equal &= c.count[0][i] == c.count[1][i];
    }
    if (equal) {
        to->equal++;
        return true;
    }
    DiffCost *list = diff_grow(d, to->item, to->count, sizeof(*list));
    c.name = strdup(r[order > 0].name);
    c.what = strdup(r[order > 0].what);
    if (!list || !c.name || !c.what) {
        free(c.name);
        free(c.what);
        to->item = list ? list : to->item;
        return error_set(d->errp, "the host has no memory left");
    }
    to->item = list;
    list[to->count++] = c;
    return true;
}

static uint64_t distance(int64_t a, int64_t b)
{
    return a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
}

static int by_name(const DiffCost *a, const DiffCost *b)
{
    int order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->what, b->what);
}

/* Most changed first, by the counts in that order. */
static int by_change(const DiffCost *a, const DiffCost *b, const int *order,
                     int n)
{
    for (int i = 0; i < n; i++) {
        uint64_t x = distance(a->count[0][order[i]], a->count[1][order[i]]);
        uint64_t y = distance(b->count[0][order[i]], b->count[1][order[i]]);
        if (x != y) {
            return x > y ? -1 : 1;
        }
    }
    return by_name(a, b);
}

static int by_function_change(const void *a, const void *b)
{
    static const int order[] = {0, 1, 2};
    return by_change(a, b, order, 3);
}

static int64_t region_cycles(const DiffCost *c, int side)
{
    return (int64_t)((uint64_t)c->count[side][2] + (uint64_t)c->count[side][3] +
                     (uint64_t)c->count[side][4]);
}

static int by_region_change(const void *pa, const void *pb)
{
    static const int order[] = {1, 0};
    const DiffCost *a = pa, *b = pb;
    uint64_t x = distance(region_cycles(a, 0), region_cycles(a, 1));
    uint64_t y = distance(region_cycles(b, 0), region_cycles(b, 1));
    return x != y ? (x > y ? -1 : 1) : by_change(a, b, order, 2);
}

static int by_source_change(const void *a, const void *b)
{
    static const int order[] = {1, 3, 4, 2, 0};
    return by_change(a, b, order, 5);
}

/* In their order in A, those that only B has behind. */
static int by_phase_order(const void *pa, const void *pb)
{
    const DiffCost *a = pa, *b = pb;
    for (int side = 0; side < DIFF_SIDES; side++) {
        int64_t x = a->count[side][2], y = b->count[side][2];
        if (x != y) {
            return !x || (y && y < x) ? 1 : -1;
        }
    }
    return by_name(a, b);
}

static bool compare_costs(Diff *d, DiffCosts *to, const char *sql,
                          int (*order)(const void *, const void *))
{
    CostReader r[DIFF_SIDES] = {{.rc = SQLITE_ERROR}, {.rc = SQLITE_ERROR}};
    bool ok = true;
    for (int side = 0; ok && side < DIFF_SIDES; side++) {
        r[side].stmt = diff_prepare(d, side, sql);
        ok = r[side].stmt != NULL;
        if (ok) {
            reader_next(&r[side]);
        }
    }
    while (ok && (r[0].rc == SQLITE_ROW || r[1].rc == SQLITE_ROW)) {
        int which = reader_order(r);
        ok = add_cost(d, to, r, which);
        if (which <= 0) {
            reader_next(&r[0]);
        }
        if (which >= 0) {
            reader_next(&r[1]);
        }
    }
    ok = ok && diff_done(d, 0, r[0].rc) && diff_done(d, 1, r[1].rc);
    sqlite3_finalize(r[0].stmt);
    sqlite3_finalize(r[1].stmt);
    if (ok && to->count) {
        qsort(to->item, to->count, sizeof(*to->item), order);
    }
    return ok;
}

/* Databases that are older have no such table. */
static bool compare_sources(Diff *d)
{
    for (int side = 0; side < DIFF_SIDES; side++) {
        sqlite3_stmt *stmt = diff_prepare(
            d, side,
            "select 1 from sqlite_schema where name = 'traffic_source'");
        int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
        sqlite3_finalize(stmt);
        if (rc != SQLITE_ROW) {
            return stmt && diff_done(d, side, rc);
        }
    }
    return compare_costs(d, &d->sources, sources_sql, by_source_change);
}

/* -- events and other tables ---------------------------------------------- */

static bool same_value(sqlite3_stmt *a, sqlite3_stmt *b, int c)
{
    int type = sqlite3_column_type(a, c);
    if (type != sqlite3_column_type(b, c)) {
        return false;
    }
    if (type == SQLITE_INTEGER) {
        return sqlite3_column_int64(a, c) == sqlite3_column_int64(b, c);
    }
    if (type == SQLITE_NULL) {
        return true;
    }
    const void *x = sqlite3_column_blob(a, c), *y = sqlite3_column_blob(b, c);
    int n = sqlite3_column_bytes(a, c);
    return n == sqlite3_column_bytes(b, c) &&
           (n == 0 || (x && y && !memcmp(x, y, (size_t)n)));
}

bool diff_same_rows(Diff *d, const char *sql, bool *same, int64_t *row)
{
    sqlite3_stmt *s[DIFF_SIDES] = {diff_prepare(d, 0, sql), NULL};
    s[1] = s[0] ? diff_prepare(d, 1, sql) : NULL;
    bool ok = s[1] != NULL;
    int columns = ok ? sqlite3_column_count(s[0]) : 0;
    bool equal = ok && columns == sqlite3_column_count(s[1]);
    int rc[DIFF_SIDES] = {SQLITE_ROW, SQLITE_ROW};
    *row = 0;
    while (equal) {
        ++*row;
        rc[0] = sqlite3_step(s[0]);
        rc[1] = sqlite3_step(s[1]);
        if (rc[0] != SQLITE_ROW || rc[1] != SQLITE_ROW) {
            equal = rc[0] == rc[1];
            break;
        }
        for (int c = 0; equal && c < columns; c++) {
            equal = same_value(s[0], s[1], c);
        }
    }
    for (int side = 0; ok && side < DIFF_SIDES; side++) {
        ok = rc[side] == SQLITE_ROW || diff_done(d, side, rc[side]);
    }
    sqlite3_finalize(s[0]);
    sqlite3_finalize(s[1]);
    *same = equal;
    return ok;
}

static bool compare_table(Diff *d, const char *table)
{
    char sql[160], where[64];
    bool same;
    int64_t row;
    /* The fields of a register follow from its value. */
    const char *columns = strcmp(table, "mmio")
                              ? "*"
                              : "tx, time, cycle, initiator, region, offset,"
                                " register, dir, size, value, result, pc,"
                                " symbol";
    snprintf(sql, sizeof(sql), "select %s from %s", columns, table);
    if (!diff_same_rows(d, sql, &same, &row)) {
        return false;
    }
    snprintf(where, sizeof(where), "first at row %lld", (long long)row);
    return same || diff_add(d, &d->tables, table, where, where, NULL);
}

static bool compare_tables(Diff *d)
{
    static const char *const tables[] = {
        "initiator",   "region",     "bus",    "clock",       "region_map",
        "symbol",      "fault",      "irq",    "input",       "log",
        "phase",       "traffic",    "hart",   "hart_cycles", "pc_cost",
        "bus_load",    "bus_target", "bridge", "contention",  "mmio",
        "cache_level",
    };
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (!compare_table(d, tables[i])) {
            return false;
        }
    }
    return true;
}

/* -- entry ---------------------------------------------------------------- */

static bool open_sides(Diff *d)
{
    for (int side = 0; side < DIFF_SIDES; side++) {
        DiffSide *s = &d->side[side];
        s->db = trace_open_existing(s->path, d->errp);
        if (!s->db) {
            return false;
        }
        s->steps = query_steps(s->path);
        query_limit(s->db, &s->steps);
        char *complete = diff_run_value(d, side, "complete");
        s->complete = complete && !strcmp(complete, "1");
        free(complete);
    }
    return true;
}

static bool compare(Diff *d)
{
    bool ok =
        open_sides(d) && compare_runs(d) && diff_config(d) && diff_metrics(d) &&
        diff_thresholds(d) &&
        compare_costs(d, &d->functions, functions_sql, by_function_change) &&
        compare_costs(d, &d->regions, regions_sql, by_region_change) &&
        compare_costs(d, &d->phases, phases_sql, by_phase_order) &&
        compare_sources(d) && diff_where(d) && compare_tables(d) &&
        diff_walk(d);
    for (int side = 0; ok && side < DIFF_SIDES; side++) {
        const DiffSide *s = &d->side[side];
        ok = query_within(d->errp, s->path, s->db, s->steps);
    }
    if (!ok) {
        return false;
    }
    bool metrics_equal = true;
    for (size_t i = 0; i < d->metrics; i++) {
        const DiffMetric *m = &d->metric[i];
        metrics_equal &= m->has[0] == m->has[1] &&
                         !(m->value[0] < m->value[1]) &&
                         !(m->value[0] > m->value[1]);
    }
    d->identical = !d->hindrances.count && !d->facts.count &&
                   !d->config.count && metrics_equal && !d->functions.count &&
                   !d->regions.count && !d->sources.count && !d->tables.count &&
                   d->rows_equal;
    return true;
}

static void diff_free(Diff *d)
{
    for (int side = 0; side < DIFF_SIDES; side++) {
        sqlite3_close(d->side[side].db);
    }
    DiffTexts *texts[] = {&d->hindrances, &d->facts, &d->config, &d->tables};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        free_texts(texts[i]);
    }
    for (size_t i = 0; i < d->metrics; i++) {
        free(d->metric[i].name);
        free(d->metric[i].unit);
        free(d->metric[i].exactness);
    }
    free(d->metric);
    free_costs(&d->functions);
    free_costs(&d->regions);
    free_costs(&d->sources);
    free_costs(&d->phases);
    diff_where_free(d);
    free(d->threshold);
}

static void print_failed(const Diff *d, FILE *failures, bool *failed)
{
    for (size_t i = 0; i < d->thresholds; i++) {
        const DiffThreshold *t = &d->threshold[i];
        if (t->failed) {
            fprintf(failures, "socscope: failed: %s: %s\n", t->text, t->result);
            *failed = true;
        }
    }
}

bool trace_diff(const char *a, const char *b, const TraceDiff *options,
                FILE *out, FILE *failures, bool *failed, Error **errp)
{
    Error *local = NULL;
    Diff d = {.side = {{.path = a}, {.path = b}}, .errp = &local};
    *failed = false;
    bool ok = diff_thresholds_parse(&d, options->fail_on, options->fail_ons) &&
              compare(&d) &&
              (!options->junit || diff_junit(&d, options->junit));
    if (ok) {
        options->json ? diff_print_json(&d, out) : diff_print_text(&d, out);
        ok = (fflush(out) == 0 && !ferror(out)) ||
             error_set(&local, "the output cannot be written: %s",
                       strerror(errno));
        print_failed(&d, failures, failed);
    }
    if (!ok) {
        error_set(errp, "%s", error_message(local));
        error_free(local);
    }
    diff_free(&d);
    return ok;
}
