/*
 * report.c - the terminal report: where did the cycles go.
 *
 * Model    One screen first, then sections, each a metric; a section that has
 *          no rows says why, or is left out. Every number printed is a cell of
 *          a metric: the report runs the metric's SQL, as the database has it,
 *          when it prints. JSON gives the same cells unrounded.
 * Units    in the metric's unit or the column's name; numbers have thousands
 *          separators.
 */
#include "traces/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void printable(char *text)
{
    for (; *text; text++) {
        unsigned char ch = (unsigned char)*text;
        *text = ch < 0x20 || ch == 0x7f ? ' ' : *text;
    }
}

/* A value of `run` as one printable line; "" when it is not there. */
static void run_text(const Report *r, const char *key, char *text, size_t size)
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
    printable(text);
}

static bool run_flag(const Report *r, const char *sql)
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

/* Generators and players, but no hart: what is of harts says nothing. */
static bool only_traffic(const Report *r)
{
    return run_flag(r, "select count(*) > 0 and not exists (select 1 from hart)"
                       " from traffic_source");
}

/* -- the first screen ----------------------------------------------------- */

static bool print_scalar(Report *r, const char *before, const char *name,
                         const char *unit)
{
    char own[REPORT_CELL], text[REPORT_CELL];
    sqlite3_stmt *stmt = report_metric(r, name, own, sizeof(own));
    if (!stmt) {
        return false;
    }
    int rc = sqlite3_step(stmt);
    bool ok = rc == SQLITE_ROW;
    if (ok) {
        report_cell(stmt, 0, own, text, sizeof(text));
        fputs(before, r->out);
        report_style(r, "1");
        fputs(text, r->out);
        report_style(r, "0");
        fprintf(r->out, " %s", unit ? unit : own);
    } else {
        report_metric_failed(r, name, rc);
    }
    sqlite3_finalize(stmt);
    return ok;
}

/* Lines of at most REPORT_WIDTH. */
static void print_words(const Report *r, const char *text)
{
    while (*text) {
        size_t n = strlen(text);
        if (n > REPORT_WIDTH - 2) {
            n = REPORT_WIDTH - 2;
            while (n > 1 && text[n] != ' ') {
                n--;
            }
        }
        fprintf(r->out, "  %.*s\n", (int)n, text);
        text += n;
        text += strspn(text, " ");
    }
}

/* How time was worked out: profile, level; source; what is an estimate. */
static bool print_timing(Report *r, bool source)
{
    char unit[REPORT_CELL], line[2600];
    sqlite3_stmt *stmt = report_metric(r, "timing", unit, sizeof(unit));
    if (!stmt) {
        return false;
    }
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *cell[4];
        for (int c = 0; c < 4; c++) {
            const char *text = (const char *)sqlite3_column_text(stmt, c);
            cell[c] = text ? text : "";
        }
        const bool same = !strcmp(cell[0], cell[1]);
        snprintf(line, sizeof(line), "timing: %s%s%s%s%s%s%s", cell[0],
                 same ? "" : ", ", same ? "" : cell[1], source ? "; " : "",
                 source ? cell[2] : "", *cell[3] ? "; estimate: " : "",
                 cell[3]);
        printable(line);
        print_words(r, line);
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE || report_metric_failed(r, "timing", rc);
}

static bool print_head(Report *r)
{
    char firmware[256], config[256], status[64];
    run_text(r, "firmware", firmware, sizeof(firmware));
    run_text(r, "machine", config, sizeof(config));
    run_text(r, "exit_status", status, sizeof(status));
    report_style(r, "1");
    const char *what = *firmware ? firmware : *config ? "" : r->path;
    fprintf(r->out, "%s%s%s", what, *what && *config ? " on " : "", config);
    report_style(r, "0");
    fprintf(r->out, "%s%s\n", *status ? ", exit status " : "", status);
    if (!r->complete) {
        fprintf(r->out,
                "INCOMPLETE: the run did not end by itself; tx has what was "
                "recorded,\n  %s are missing.\n",
                r->recovered ? "totals of harts and buses" : "summaries");
    }
    r->printed = true;
    if (only_traffic(r)) {
        return print_scalar(r, "  ", "simulated_time", NULL) &&
               print_scalar(r, "  ", "transactions", NULL) &&
               print_scalar(r, "  ", "bytes", NULL) &&
               print_scalar(r, "  ", "wait_cycles", "wait cycles") &&
               print_scalar(r, "  ", "failed_transactions", "failed") &&
               fputs("\n", r->out) >= 0;
    }
    return print_scalar(r, "  ", "cycles", NULL) &&
           print_scalar(r, "  ", "simulated_time", NULL) &&
           print_scalar(r, "  ", "instructions", NULL) &&
           print_scalar(r, "  ", "cpi", NULL) &&
           print_scalar(r, "\n  ", "transactions", NULL) &&
           print_scalar(r, "  ", "bytes", NULL) &&
           print_scalar(r, "  ", "wait_cycles", "wait cycles") &&
           print_scalar(r, "  ", "failed_transactions", "failed") &&
           print_scalar(r, "  ", "traps", NULL) &&
           print_scalar(r, "  ", "interrupts", NULL) &&
           fputs("\n", r->out) >= 0 && print_timing(r, false);
}

static bool one_hart(const Report *r)
{
    return !run_flag(r, "select count(*) > 1 from hart");
}

/* A few lines of each: what fits on a screen. */
static const Section overview[] = {
    {.title = "Where did the cycles go",
     .metric = "cycles_by_category",
     .rows = 7,
     .empty = "no hart ran",
     .of_harts = true},
    {.title = "Where did the cycles go",
     .metric = "cycles_by_hart",
     .rows = 8,
     .empty = "no hart ran",
     .of_harts = true},
    {.title = "Functions",
     .metric = "cycles_by_function",
     .columns = "function cycles share_percent",
     .rows = 4,
     .empty = "no code ran",
     .of_harts = true},
    {.title = "Traffic sources",
     .metric = "traffic_sources",
     .columns = "initiator pace requests mb_per_s asked_mb_per_s late "
                "missed longest_cycles",
     .rows = 8},
    {.title = "Memories and devices",
     .metric = "cycles_by_region",
     .columns = "region what accesses cycles share_percent",
     .rows = 4,
     .empty = "no accesses"},
};

static bool print_overview(Report *r, const Section *s)
{
    bool one = one_hart(r), none = only_traffic(r);
    if (!print_head(r)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(overview) / sizeof(overview[0]); i++) {
        Section part = overview[i];
        part.brief = true;
        if (none && part.of_harts) {
            continue;
        }
        if (i != (one ? 1 : 0) && !report_grid(r, &part)) {
            return false;
        }
    }
    return true;
}

/* -- the last words ------------------------------------------------------- */

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
        char name[REPORT_CELL], detail[REPORT_CELL];
        report_cell(stmt, 0, "", name, sizeof(name));
        report_cell(stmt, 1, "", detail, sizeof(detail));
        report_style(r, "31");
        fprintf(r->out, "  BROKEN %s: %s\n", name, detail);
        report_style(r, "0");
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE || query_fail(r->errp, r->path, r->db, rc);
}

static bool print_trust(Report *r, const Section *s)
{
    report_title(r, s->title, s->metric);
    if (!print_scalar(r, "  invariants: ", "checks_run", NULL) ||
        !print_scalar(r, ", failed: ", "checks_failed", NULL) ||
        !print_scalar(r, "\n  recorded: ", "tx_rows", NULL)) {
        return false;
    }
    putc('\n', r->out);
    if (!print_timing(r, true)) {
        return false;
    }
    char text[1400];
    run_text(r, "completeness", text, sizeof(text));
    print_words(r, text);
    return print_broken(r);
}

/* -- sections ------------------------------------------------------------- */

static const Section sections[] = {
    {.name = "overview", .print = print_overview},
    {.name = "cycles",
     .title = "Cycles by category",
     .metric = "cycles_by_category",
     .rows = 24,
     .empty = "no hart ran",
     .of_harts = true},
    {.name = "functions",
     .title = "Functions",
     .metric = "cycles_by_function",
     .rows = 12,
     .empty = "no code ran",
     .of_harts = true},
    {.name = "lines",
     .title = "Source lines",
     .metric = "cycles_by_line",
     .columns = "source function cycles share_percent instructions accesses "
                "stall_cycles",
     .rows = 12,
     .empty = "no line is known; compile the firmware with -g",
     .of_harts = true},
    {.name = "regions",
     .title = "Memories and devices",
     .metric = "cycles_by_region",
     .rows = 14,
     .empty = "no accesses"},
    {.name = "latency",
     .title = "Latency",
     .metric = "latency",
     .rows = 12,
     .from_records = true,
     .empty = "no accesses"},
    {.name = "traffic",
     .title = "Traffic over time",
     .metric = "traffic_over_time",
     .rows = 12,
     .from_records = true,
     .empty = "no accesses",
     .print = report_traffic},
    {.name = "sources",
     .title = "Traffic sources",
     .metric = "traffic_sources",
     .rows = 16},
    {.name = "mix",
     .title = "Reads and writes",
     .metric = "read_write_mix",
     .rows = 12,
     .empty = "no accesses"},
    {.name = "buses",
     .title = "Buses",
     .metric = "bus_utilisation",
     .rows = 8,
     .empty = "no bus is timed"},
    {.name = "caches", .title = "Caches", .metric = "caches", .rows = 16},
    {.name = "contention",
     .title = "Who blocked whom",
     .metric = "bus_contention",
     .rows = 8,
     .empty = "nobody waited"},
    {.name = "polling",
     .title = "Polling loops",
     .metric = "polling_loops",
     .columns = "register function pc loops reads cycles of_run_percent value "
                "ended_by",
     .rows = 8,
     .from_records = true,
     .empty = "no register was read again and again"},
    {.name = "registers",
     .title = "Hottest registers",
     .metric = "hot_registers",
     .rows = 10,
     .from_records = true,
     .empty = "no register was accessed"},
    {.name = "registers",
     .title = "Fields written",
     .metric = "register_fields",
     .rows = 10,
     .from_records = true,
     .empty = "no register with fields was written"},
    {.name = "pages",
     .title = "Hottest pages",
     .metric = "hot_pages",
     .rows = 8,
     .from_records = true,
     .empty = "no memory was accessed"},
    {.name = "pcs",
     .title = "Hottest instructions",
     .metric = "hot_pcs",
     .rows = 10,
     .from_records = true,
     .empty = "no instruction accessed anything",
     .of_harts = true},
    {.name = "sizes",
     .title = "Access sizes",
     .metric = "access_sizes",
     .rows = 10,
     .empty = "no accesses"},
    {.name = "splits",
     .title = "Access-size splits",
     .metric = "size_splits",
     .rows = 8,
     .empty = "no access was split"},
    {.name = "posted",
     .title = "Posted writes",
     .metric = "posted_writes",
     .columns = "region stores bursts beats beats_saved stalls stall_cycles "
                "avoided_cycles",
     .rows = 8},
    {.name = "posted",
     .title = "What made them drain",
     .metric = "posted_flush_causes",
     .columns = "region cause flushes stores stores_per_flush wait_cycles",
     .rows = 16},
    {.name = "alignment",
     .title = "Unaligned accesses",
     .metric = "alignment",
     .rows = 8,
     .from_records = true,
     .empty = "none"},
    {.name = "phases", .title = "Phases", .metric = "phase_cycles", .rows = 16},
    {.name = "failures",
     .title = "Failed accesses",
     .metric = "failures",
     .rows = 8},
    {.name = "untouched",
     .title = "Untouched regions",
     .metric = "regions_untouched",
     .rows = 12,
     .empty = "every region was accessed"},
    {.name = "untouched",
     .title = "Untouched registers",
     .metric = "registers_untouched",
     .rows = 12,
     .from_records = true,
     .empty = "none, of devices that were accessed"},
    {.name = "trust",
     .title = "Can this be trusted",
     .metric = "",
     .print = print_trust},
};
enum { SECTIONS = sizeof(sections) / sizeof(sections[0]) };

static bool print_section(Report *r, const Section *s)
{
    return s->print ? s->print(r, s) : report_grid(r, s);
}

/* False: *errp names those there are. */
static bool check_names(const TraceReport *what, Error **errp)
{
    for (size_t i = 0; i < what->sections; i++) {
        bool found = false;
        char names[400] = "";
        for (size_t k = 0; k < SECTIONS; k++) {
            const char *name = sections[k].name;
            found |= !strcmp(what->section[i], name);
            if (k == 0 || strcmp(sections[k - 1].name, name) != 0) {
                size_t n = strlen(names);
                snprintf(names + n, sizeof(names) - n, "%s%s", k ? ", " : "",
                         name);
            }
        }
        if (!found) {
            return error_set(errp, "no section \"%.40s\"; there are %s",
                             what->section[i], names);
        }
    }
    return true;
}

static bool print_named(Report *r, const char *name)
{
    for (size_t k = 0; k < SECTIONS; k++) {
        if (!strcmp(sections[k].name, name) &&
            !print_section(r, &sections[k])) {
            return false;
        }
    }
    return true;
}

static bool print_text(Report *r, const TraceReport *what)
{
    bool ok = true, one = one_hart(r), none = only_traffic(r);
    for (size_t i = 0; ok && i < what->sections; i++) {
        ok = print_named(r, what->section[i]);
    }
    for (size_t k = 0; ok && !what->sections && k < SECTIONS; k++) {
        bool again = !strcmp(sections[k].name, "cycles") && one;
        again |= none && sections[k].of_harts;
        ok = again || print_section(r, &sections[k]); /* overview has it all */
    }
    return ok;
}

bool trace_report(const char *path, const TraceReport *what, FILE *out,
                  Error **errp)
{
    Report r = {.path = path, .out = out, .all = what->all, .errp = errp};
    if (!check_names(what, errp)) {
        return false;
    }
    r.db = trace_open_existing(path, errp);
    if (!r.db) {
        return false;
    }
    uint64_t steps = query_steps(path);
    query_limit(r.db, &steps);
    bool terminal = !what->plain && isatty(fileno(out));
    const char *no_colour = getenv("NO_COLOR");
    r.ascii = !terminal;
    r.colour = terminal && !(no_colour && *no_colour);
    r.recorded = run_flag(&r, "select sum(recorded) from kind");
    r.recovered = run_flag(&r, "select value from run where key = 'recovered'");
    r.complete = run_flag(&r, "select value from run where key = 'complete'");
    Error *local = NULL;
    r.errp = &local;
    bool ok = what->json ? report_json(&r) : print_text(&r, what);
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
