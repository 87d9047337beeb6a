/*
 * report.c - the terminal report: where did the cycles go.
 *
 * Model    Every number printed is a cell of a metric: the report runs the
 *          metric's SQL, as the database has it, when it prints. JSON gives the
 *          same cells unrounded. A section that has no rows says why.
 * Units    in the metric's unit or the column's name; numbers have thousands
 *          separators.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traces/store.h"

enum { MAX_COLUMNS = 16, CELL = 72, BAR = 20 };
/* Well under a second; ours need a thousandth of it. */
#define QUERY_STEPS UINT64_C(10000000)

typedef struct Report {
    sqlite3 *db;
    const char *path;
    FILE *out;
    bool ascii, colour;
    bool recorded; /* transactions were */
    bool complete;
    Error **errp;
} Report;

/* -- metrics -------------------------------------------------------------- */

/* The metric's SQL, prepared; NULL: *errp is set. */
static sqlite3_stmt *metric_open(Report *r, const char *name, char *unit,
                                 size_t unit_size)
{
    sqlite3_stmt *find =
        query_prepare(r->db, r->path,
                      "select sql, unit from metric where name = ?1", r->errp);
    if (!find) {
        return NULL;
    }
    sqlite3_stmt *stmt = NULL;
    sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(find);
    const char *sql =
        rc == SQLITE_ROW ? (const char *)sqlite3_column_text(find, 0) : NULL;
    if (sql) {
        const char *u = (const char *)sqlite3_column_text(find, 1);
        snprintf(unit, unit_size, "%s", u ? u : "");
        stmt = query_prepare(r->db, r->path, sql, r->errp);
        if (!stmt) {
            error_prepend(r->errp, "metric %s: ", name);
        }
    } else if (rc == SQLITE_ROW || rc == SQLITE_DONE) {
        error_set(r->errp, "%s: has no metric %s; run the simulation again",
                  r->path, name);
    } else {
        query_fail(r->errp, r->path, r->db, rc);
    }
    sqlite3_finalize(find);
    return stmt;
}

static bool metric_failed(Report *r, const char *name, int rc)
{
    query_fail(r->errp, r->path, r->db, rc);
    return error_prepend(r->errp, "metric %s: ", name);
}

/* -- cells ---------------------------------------------------------------- */

/* 1234567.5 as 1,234,567.5: commas into the digits before the point. */
static void group_digits(char *to, size_t size, const char *number)
{
    const char *digits = number + (*number == '-');
    size_t whole = strspn(digits, "0123456789");
    size_t n = 0;
    if (*number == '-' && n + 1 < size) {
        to[n++] = '-';
    }
    for (size_t i = 0; digits[i] && n + 2 < size; i++) {
        if (i && i < whole && (whole - i) % 3 == 0) {
            to[n++] = ',';
        }
        to[n++] = digits[i];
    }
    to[n] = 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* The value for a person. `column` is the column's name. */
static void cell_format(sqlite3_stmt *stmt, int c, const char *column,
                        char *text, size_t size)
{
    char plain[CELL];
    switch (sqlite3_column_type(stmt, c)) {
    case SQLITE_INTEGER:
        snprintf(plain, sizeof(plain), "%" PRId64,
                 (int64_t)sqlite3_column_int64(stmt, c));
        group_digits(text, size, plain);
        break;
    case SQLITE_FLOAT: {
        double v = sqlite3_column_double(stmt, c);
        int digits = ends_with(column, "percent")       ? 1
                     : ends_with(column, "us")          ? 3
                     : ends_with(column, "mhz")         ? 3
                     : ends_with(column, "instruction") ? 3
                                                        : 2;
        snprintf(plain, sizeof(plain), "%.*f", digits, v);
        group_digits(text, size, plain);
        break;
    }
    case SQLITE_NULL: snprintf(text, size, "-"); break;
    default: {
        const char *s = (const char *)sqlite3_column_text(stmt, c);
        snprintf(text, size, "%.*s", CELL - 24, s ? s : "");
        for (char *p = text; *p; p++) {
            unsigned char ch = (unsigned char)*p;
            *p = ch < 0x20 || ch >= 0x7f ? '?' : *p; /* names are ASCII */
        }
        break;
    }
    }
}

/* share_percent as "share %", wait_cycles as "wait cycles". */
static void heading_format(const char *column, char *text, size_t size)
{
    static const char *const units[][2] = {
        {"percent", "%"}, {"us", "us"}, {"mhz", "MHz"}};
    snprintf(text, size, "%.*s", CELL - 24, column);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t n = strlen(text), m = strlen(units[i][0]);
        if (n > m && text[n - m - 1] == '_' && ends_with(text, units[i][0])) {
            snprintf(text + n - m, size - (n - m), "%s", units[i][1]);
        }
    }
    for (char *p = text; *p; p++) {
        unsigned char ch = (unsigned char)*p;
        *p = *p == '_' || ch < 0x20 || ch >= 0x7f ? ' ' : *p;
    }
}

static void style(const Report *r, const char *code)
{
    if (r->colour) {
        fprintf(r->out, "\033[%sm", code);
    }
}

static void print_bar(const Report *r, double percent)
{
    double share = percent < 0 ? 0 : percent > 100 ? 100 : percent;
    int eighths = (int)(share / 100 * BAR * 8 + 0.5);
    if (eighths < (r->ascii ? 4 : 1)) {
        return;
    }
    fputs("  ", r->out);
    style(r, "36");
    if (r->ascii) {
        for (int i = 0; i < (eighths + 4) / 8; i++) {
            putc('#', r->out);
        }
    } else {
        for (int i = 0; i < eighths / 8; i++) {
            fputs("\u2588", r->out);
        }
        if (eighths % 8) { /* U+2589 is seven eighths, U+258F one */
            fprintf(r->out, "\xe2\x96%c", 0x90 - eighths % 8);
        }
    }
    style(r, "0");
}

/* -- sections ------------------------------------------------------------- */

typedef struct Section {
    const char *title, *metric;
    unsigned rows;     /* at most so many are shown */
    bool from_records; /* empty unless transactions were recorded */
    bool may_hide;     /* not even a hint when empty */
    const char *empty;
    const char *more; /* SQL with all of them */
} Section;

static const Section sections[] = {
    {"Where did the cycles go", "cycles_by_category", 24, false, false,
     "no hart ran", "select * from hart_cycles"},
    {"Functions", "cycles_by_function", 12, false, false, "no code ran",
     "select * from function_cost"},
    {"Memories and devices", "cycles_by_region", 14, false, false,
     "no accesses", "select * from traffic"},
    {"Buses", "bus_utilisation", 8, false, false, "no bus is timed",
     "select * from bus_load"},
    {"Who blocked whom", "bus_contention", 8, false, false, "nobody waited",
     "select * from contention"},
    {"Hottest registers", "hot_registers", 10, true, false,
     "no register was accessed", "select * from hot_address"},
    {"Access-size splits", "size_splits", 8, false, false,
     "no access was split", "select * from split_cost"},
    {"Phases", "phase_cycles", 16, false, true, "", "select * from phase"},
    {"Failed accesses", "failures", 8, false, true, "",
     "select * from traffic where errors > 0"},
};

typedef struct Grid {
    int columns, share; /* share: the column of a bar, -1: none */
    unsigned shown;
    uint64_t rows;
    size_t width[MAX_COLUMNS];
    char heading[MAX_COLUMNS][CELL];
    bool number[MAX_COLUMNS];
    char (*cell)[MAX_COLUMNS][CELL];
    double *percent;
} Grid;

static void grid_begin(Grid *g, sqlite3_stmt *stmt)
{
    g->columns = sqlite3_column_count(stmt);
    g->columns = g->columns < MAX_COLUMNS ? g->columns : MAX_COLUMNS;
    g->share = -1;
    for (int c = 0; c < g->columns; c++) {
        const char *name = sqlite3_column_name(stmt, c);
        heading_format(name ? name : "", g->heading[c], CELL);
        g->width[c] = strlen(g->heading[c]);
        if (name && strcmp(name, "share_percent") == 0) {
            g->share = c;
        }
    }
}

static void grid_row(Grid *g, sqlite3_stmt *stmt)
{
    for (int c = 0; c < g->columns; c++) {
        char *text = g->cell[g->shown][c];
        const char *name = sqlite3_column_name(stmt, c);
        cell_format(stmt, c, name ? name : "", text, CELL);
        int type = sqlite3_column_type(stmt, c);
        g->number[c] |= type == SQLITE_INTEGER || type == SQLITE_FLOAT;
        g->width[c] = strlen(text) > g->width[c] ? strlen(text) : g->width[c];
    }
    g->percent[g->shown++] =
        g->share >= 0 ? sqlite3_column_double(stmt, g->share) : 0;
}

static void grid_line(const Report *r, const Grid *g, const char (*cell)[CELL],
                      bool heading)
{
    fputs("  ", r->out);
    for (int c = 0; c < g->columns; c++) {
        int w = (int)g->width[c];
        bool last = c + 1 == g->columns && g->share < 0 && !g->number[c];
        if (g->number[c]) {
            fprintf(r->out, "%s%*s", c ? "  " : "", w, cell[c]);
        } else {
            fprintf(r->out, "%s%-*s", c ? "  " : "", last ? 0 : w, cell[c]);
        }
    }
    if (heading) {
        putc('\n', r->out);
    }
}

static void grid_print(const Report *r, const Grid *g, const Section *s)
{
    style(r, "2");
    grid_line(r, g, (const char(*)[CELL])g->heading, true);
    style(r, "0");
    for (unsigned i = 0; i < g->shown; i++) {
        grid_line(r, g, (const char(*)[CELL])g->cell[i], false);
        if (g->share >= 0) {
            print_bar(r, g->percent[i]);
        }
        putc('\n', r->out);
    }
    if (g->rows > g->shown) {
        char count[CELL], text[CELL];
        snprintf(count, sizeof(count), "%" PRIu64, g->rows - g->shown);
        group_digits(text, sizeof(text), count);
        fprintf(r->out, "  (+%s more: socscope sql %s \"%s\")\n", text, r->path,
                s->more);
    }
}

static void print_title(const Report *r, const Section *s)
{
    putc('\n', r->out);
    style(r, "1");
    fputs(s->title, r->out);
    style(r, "0");
    style(r, "2");
    fprintf(r->out, "  [%s]\n", s->metric);
    style(r, "0");
}

static void print_empty(const Report *r, const Section *s)
{
    if (s->may_hide) {
        return;
    }
    const char *why = s->from_records && !r->recorded
                          ? "not recorded; run with --trace"
                      : !r->complete ? "not written: the run did not end"
                                     : s->empty;
    fprintf(r->out, "\n%s: %s  [%s]\n", s->title, why, s->metric);
}

static bool print_section(Report *r, const Section *s)
{
    char unit[CELL];
    sqlite3_stmt *stmt = metric_open(r, s->metric, unit, sizeof(unit));
    if (!stmt) {
        return false;
    }
    Grid g = {0};
    g.cell = calloc(s->rows, sizeof(*g.cell));
    g.percent = calloc(s->rows, sizeof(*g.percent));
    bool ok = g.cell && g.percent;
    int rc = SQLITE_NOMEM;
    if (ok) {
        grid_begin(&g, stmt);
        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
            g.rows++;
            if (g.shown < s->rows) {
                grid_row(&g, stmt);
            }
        }
        ok = rc == SQLITE_DONE;
    }
    if (!ok) {
        metric_failed(r, s->metric, rc);
    } else if (!g.rows) {
        print_empty(r, s);
    } else {
        print_title(r, s);
        grid_print(r, &g, s);
    }
    free(g.cell);
    free(g.percent);
    sqlite3_finalize(stmt);
    return ok;
}

/* -- the head ------------------------------------------------------------- */

/* A value of `run` as one printable line; "" when it is not there. */
static void run_text(Report *r, const char *key, char *text, size_t size)
{
    *text = 0;
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(r->db, "select value from run where key = ?1", -1,
                           &stmt, NULL) == SQLITE_OK) {
        sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
        if (sqlite3_step(stmt) == SQLITE_ROW) {
            const char *s = (const char *)sqlite3_column_text(stmt, 0);
            snprintf(text, size, "%s", s ? s : "");
        }
    }
    sqlite3_finalize(stmt);
    for (char *p = text; *p; p++) {
        unsigned char ch = (unsigned char)*p;
        *p = ch < 0x20 || ch == 0x7f ? ' ' : *p;
    }
}

static bool print_scalar(Report *r, const char *name, const char *before)
{
    char unit[CELL], text[CELL];
    sqlite3_stmt *stmt = metric_open(r, name, unit, sizeof(unit));
    if (!stmt) {
        return false;
    }
    int rc = sqlite3_step(stmt);
    bool ok = rc == SQLITE_ROW;
    if (ok) {
        cell_format(stmt, 0, unit, text, sizeof(text));
        fputs(before, r->out);
        style(r, "1");
        fputs(text, r->out);
        style(r, "0");
        fprintf(r->out, " %s", unit);
        style(r, "2");
        fprintf(r->out, " [%s]", name);
        style(r, "0");
    } else {
        metric_failed(r, name, rc);
    }
    sqlite3_finalize(stmt);
    return ok;
}

static bool print_head(Report *r)
{
    char firmware[256], config[256], status[64];
    run_text(r, "firmware", firmware, sizeof(firmware));
    run_text(r, "machine", config, sizeof(config));
    run_text(r, "exit_status", status, sizeof(status));
    style(r, "1");
    fprintf(r->out, "%s%s%s", *firmware ? firmware : r->path,
            *config ? " on " : "", config);
    style(r, "0");
    fprintf(r->out, "%s%s\n", *status ? ", exit status " : "", status);
    if (!r->complete) {
        fputs("INCOMPLETE: the run did not end by itself; tx holds what was "
              "committed, summaries are missing.\n",
              r->out);
    }
    return print_scalar(r, "simulated_time", "  ") &&
           print_scalar(r, "cycles", "\n  ") &&
           print_scalar(r, "instructions", "\n  ") &&
           print_scalar(r, "cpi", "\n  ") &&
           print_scalar(r, "transactions", "\n  ") &&
           print_scalar(r, "bytes", "\n  ") &&
           print_scalar(r, "wait_cycles", "\n  ") &&
           print_scalar(r, "failed_transactions", "\n  ") &&
           print_scalar(r, "traps", "\n  ") &&
           print_scalar(r, "interrupts", ", ") && fputs("\n", r->out) >= 0;
}

/* Which invariants do not hold. */
static bool print_broken(Report *r)
{
    sqlite3_stmt *stmt = query_prepare(
        r->db, r->path, "select name, detail from check_result where not ok",
        r->errp);
    if (!stmt) {
        return false;
    }
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        char name[CELL], detail[CELL];
        cell_format(stmt, 0, "", name, sizeof(name));
        cell_format(stmt, 1, "", detail, sizeof(detail));
        style(r, "31");
        fprintf(r->out, "  BROKEN %s: %s\n", name, detail);
        style(r, "0");
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE || query_fail(r->errp, r->path, r->db, rc);
}

static bool print_tail(Report *r)
{
    putc('\n', r->out);
    style(r, "1");
    fputs("Can this be trusted\n", r->out);
    style(r, "0");
    if (!print_scalar(r, "checks_run", "  invariants: ") ||
        !print_scalar(r, "checks_failed", ", failed: ") ||
        !print_scalar(r, "tx_rows", "\n  recorded: ")) {
        return false;
    }
    putc('\n', r->out);
    char text[1024];
    run_text(r, "completeness", text, sizeof(text));
    fprintf(r->out, "%s%s%s", *text ? "  " : "", text, *text ? "\n" : "");
    return print_broken(r);
}

static bool print_text(Report *r)
{
    if (!print_head(r)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (!print_section(r, &sections[i])) {
            return false;
        }
    }
    return print_tail(r);
}

/* -- JSON ----------------------------------------------------------------- */

static bool json_metric(Report *r, sqlite3_stmt *row)
{
    const char *name = (const char *)sqlite3_column_text(row, 0);
    const char *sql = (const char *)sqlite3_column_text(row, 3);
    sqlite3_stmt *stmt = query_prepare(r->db, r->path, sql ? sql : "", r->errp);
    if (!stmt) {
        return error_prepend(r->errp, "metric %s: ", name ? name : "?");
    }
    static const char *const keys[] = {"name", "unit", "definition", "sql",
                                       "exactness"};
    for (int c = 0; c < 5; c++) {
        fprintf(r->out, "%s\"%s\": ", c ? ", " : "", keys[c]);
        format_json_value(r->out, row, c);
    }
    int columns = sqlite3_column_count(stmt), rc;
    if (columns == 1) {
        rc = sqlite3_step(stmt);
        fputs(", \"value\": ", r->out);
        if (rc == SQLITE_ROW) {
            format_json_value(r->out, stmt, 0);
            rc = SQLITE_DONE;
        } else {
            fputs("null", r->out);
        }
    } else {
        fputs(", \"columns\": [", r->out);
        for (int c = 0; c < columns; c++) {
            const char *column = sqlite3_column_name(stmt, c);
            fputs(c ? ", " : "", r->out);
            format_json_string(r->out, column ? column : "",
                               column ? strlen(column) : 0);
        }
        fputs("], \"rows\": [", r->out);
        const char *between = "";
        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
            fprintf(r->out, "%s\n      [", between);
            between = ",";
            for (int c = 0; c < columns; c++) {
                fputs(c ? ", " : "", r->out);
                format_json_value(r->out, stmt, c);
            }
            putc(']', r->out);
        }
        putc(']', r->out);
    }
    bool ok = rc == SQLITE_DONE || metric_failed(r, name ? name : "?", rc);
    sqlite3_finalize(stmt);
    return ok;
}

static bool json_metrics(Report *r)
{
    sqlite3_stmt *row = query_prepare(
        r->db, r->path,
        "select name, unit, definition, sql, exactness from metric "
        "order by name",
        r->errp);
    if (!row) {
        return false;
    }
    fputs("  \"metrics\": [", r->out);
    const char *between = "";
    bool ok = true;
    int rc = SQLITE_DONE;
    while (ok && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        fprintf(r->out, "%s\n    {", between);
        between = ",";
        ok = json_metric(r, row);
        putc('}', r->out);
    }
    fputs("\n  ]", r->out);
    sqlite3_finalize(row);
    return ok && (rc == SQLITE_DONE || query_fail(r->errp, r->path, r->db, rc));
}

/* "title": [rows of sql as objects] */
static bool json_rows(Report *r, const char *title, const char *sql)
{
    sqlite3_stmt *stmt = query_prepare(r->db, r->path, sql, r->errp);
    if (!stmt) {
        return false;
    }
    fprintf(r->out, "  \"%s\": ", title);
    int rc = format_json(stmt, r->out);
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE || query_fail(r->errp, r->path, r->db, rc);
}

static bool print_json(Report *r)
{
    fputs("{\n", r->out);
    bool ok = json_rows(r, "run", "select key, value from run order by key");
    fputs(",\n", r->out);
    ok = ok && json_metrics(r);
    fputs(",\n", r->out);
    ok = ok && json_rows(r, "checks",
                         "select name, ok, detail from "
                         "check_result");
    fputs("}\n", r->out);
    return ok;
}

/* -- entry ---------------------------------------------------------------- */

static bool run_flag(Report *r, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    bool set = false;
    if (sqlite3_prepare_v2(r->db, sql, -1, &stmt, NULL) == SQLITE_OK) {
        set = sqlite3_step(stmt) == SQLITE_ROW &&
              sqlite3_column_int64(stmt, 0) != 0;
    }
    sqlite3_finalize(stmt);
    return set;
}

bool trace_report(const char *path, bool plain, bool json, FILE *out,
                  Error **errp)
{
    Report r = {.path = path, .out = out, .errp = errp};
    r.db = trace_open_existing(path, errp);
    if (!r.db) {
        return false;
    }
    uint64_t steps = QUERY_STEPS;
    query_limit(r.db, &steps);
    bool terminal = !plain && isatty(fileno(out));
    const char *no_colour = getenv("NO_COLOR");
    r.ascii = !terminal;
    r.colour = terminal && !(no_colour && *no_colour);
    r.recorded = run_flag(&r, "select sum(recorded) from kind");
    r.complete = run_flag(&r, "select value from run where key = 'complete'");
    Error *local = NULL;
    r.errp = &local;
    bool ok = json ? print_json(&r) : print_text(&r);
    if (!ok) {
        error_set(errp, "%s", error_message(local));
        error_free(local);
    } else if (fflush(out) != 0 || ferror(out)) {
        ok = error_set(errp, "the output cannot be written: %s",
                       strerror(errno));
    }
    sqlite3_close(r.db);
    return ok;
}
