/*
 * report_traffic.c - traffic over time: a line of blocks per initiator.
 *
 * Model    The windows of the metric traffic_over_time fall into at most SLOTS
 *          slots of equal width; a slot shows the busiest of its windows, as a
 *          share of the initiator's own peak, which stands beside it. A slot
 *          in which anything moved is not blank.
 * Units    MB/s (10^6 bytes of simulated seconds); percent of what the bus
 *          could move.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "traces/report.h"

enum { SLOTS = 52, LEVELS = 8, NAME = 20, MAX_WINDOWS = 1 << 20 };

typedef struct Window {
    char initiator[NAME];
    double begin, rate, percent; /* us, MB/s, of peak; NAN: not known */
} Window;

typedef struct Windows {
    Window *window;
    size_t count, room;
    double end, width; /* us */
} Windows;

static double number_at(sqlite3_stmt *stmt, int c)
{
    return sqlite3_column_type(stmt, c) == SQLITE_NULL
               ? NAN
               : sqlite3_column_double(stmt, c);
}

static bool add_window(Windows *w, sqlite3_stmt *stmt)
{
    if (w->count == w->room) {
        size_t room = 2 * w->room + 256;
        Window *grown = realloc(w->window, room * sizeof(*grown));
        if (!grown) {
            return false;
        }
        w->window = grown;
        w->room = room;
    }
    Window *to = &w->window[w->count];
    report_initiator(stmt, to->initiator, NAME);
    to->begin = number_at(stmt, report_column(stmt, "begin_us"));
    to->rate = number_at(stmt, report_column(stmt, "mb_per_s"));
    to->percent = number_at(stmt, report_column(stmt, "of_peak_percent"));
    w->count += to->begin >= 0 && isfinite(to->begin) && to->rate >= 0 &&
                isfinite(to->rate);
    return true;
}

/* SQLITE_DONE, or why not. */
static int read_windows(Windows *w, sqlite3_stmt *stmt)
{
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && w->count < MAX_WINDOWS) {
        if (!add_window(w, stmt)) {
            return SQLITE_NOMEM;
        }
    }
    return rc == SQLITE_ROW ? SQLITE_DONE : rc;
}

/* Windows of one initiator follow each other in time. */
static bool is_next(const Window *before, const Window *w)
{
    return !strcmp(before->initiator, w->initiator) && before->begin < w->begin;
}

/* The time that is shown, and the width of a window. */
static bool find_scale(Report *r, Windows *w)
{
    char unit[REPORT_CELL];
    sqlite3_stmt *stmt = report_metric(r, "simulated_time", unit, sizeof(unit));
    if (!stmt) {
        return false;
    }
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        w->end = number_at(stmt, 0);
    }
    sqlite3_finalize(stmt);
    w->width = INFINITY;
    for (size_t i = 0; i < w->count; i++) {
        if (!(w->end > w->window[i].begin)) {
            w->end = w->window[i].begin;
        }
        if (i && is_next(&w->window[i - 1], &w->window[i])) {
            double gap = w->window[i].begin - w->window[i - 1].begin;
            w->width = gap < w->width ? gap : w->width;
        }
    }
    return true;
}

static void print_level(const Report *r, double share)
{
    int level = share > 0 ? (int)(share * LEVELS) : 0;
    level += level < share * LEVELS; /* rounded up */
    if (r->ascii) {
        putc(" _-~=+*%#"[level], r -> out);
    } else if (level) { /* U+2581 is one eighth, U+2588 eight */
        fprintf(r->out, "\xe2\x96%c", 0x80 + level);
    } else {
        putc(' ', r->out);
    }
}

/* One initiator: windows [0, n). */
static void print_line(const Report *r, const Windows *all, const Window *w,
                       size_t n, unsigned slots)
{
    double slot[SLOTS] = {0};
    const Window *peak = w;
    for (size_t i = 0; i < n; i++) {
        double share = all->end > 0 ? w[i].begin / all->end : 0;
        unsigned at = (unsigned)(share * slots);
        at = at < slots ? at : slots - 1;
        slot[at] = w[i].rate > slot[at] ? w[i].rate : slot[at];
        peak = w[i].rate > peak->rate ? &w[i] : peak;
    }
    fprintf(r->out, "  %-*s  |", NAME - 1, w->initiator);
    report_style(r, "36");
    for (unsigned i = 0; i < slots; i++) {
        print_level(r, peak->rate > 0 ? slot[i] / peak->rate : 0);
    }
    report_style(r, "0");
    char rate[REPORT_CELL], percent[REPORT_CELL] = "-";
    report_number(peak->rate, 2, rate, sizeof(rate));
    if (isfinite(peak->percent)) {
        report_number(peak->percent, 1, percent, sizeof(percent));
    }
    fprintf(r->out, "|%*s  %9s  %9s\n", (int)(SLOTS - slots), "", rate,
            percent);
}

static void print_windows(Report *r, const Section *s, const Windows *w)
{
    double windows = w->end / w->width;
    unsigned slots = windows < SLOTS ? (unsigned)windows : SLOTS;
    slots += slots < SLOTS && (slots == 0 || slots < windows);
    char end[REPORT_CELL], text[SLOTS + 3];
    report_number(w->end, 3, end, sizeof(end));
    snprintf(text, sizeof(text), "0 to %.40s us", end);
    report_title(r, s->title, s->metric);
    report_style(r, "2");
    fprintf(r->out, "  %-*s  %-*s  %9s  %9s\n", NAME - 1, "initiator",
            SLOTS + 2, text, "peak MB/s", "of peak %");
    report_style(r, "0");
    size_t most = r->all ? REPORT_ALL_ROWS : s->rows, lines = 0;
    for (size_t i = 0, next; i < w->count; i = next, lines++) {
        next = i + 1;
        while (next < w->count &&
               is_next(&w->window[next - 1], &w->window[next])) {
            next++;
        }
        if (lines < most) {
            print_line(r, w, &w->window[i], next - i, slots);
        }
    }
    if (lines > most) {
        report_more(r, s, lines - most);
    }
}

bool report_traffic(Report *r, const Section *s)
{
    char unit[REPORT_CELL];
    sqlite3_stmt *stmt = report_metric(r, s->metric, unit, sizeof(unit));
    if (!stmt) {
        return false;
    }
    Windows w = {0};
    int rc = read_windows(&w, stmt);
    bool ok = rc == SQLITE_DONE || report_metric_failed(r, s->metric, rc);
    sqlite3_finalize(stmt);
    if (ok && !w.count) {
        report_empty(r, s);
    } else if (ok) {
        ok = find_scale(r, &w);
        if (ok) {
            print_windows(r, s, &w);
        }
    }
    free(w.window);
    return ok;
}
