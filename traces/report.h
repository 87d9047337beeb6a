/*
 * report.h - what the files of the terminal report share.
 */
#ifndef TRACES_REPORT_H
#define TRACES_REPORT_H

#include <stdio.h>

#include "traces/store.h"

enum {
    REPORT_CELL = 72,
    REPORT_WIDTH = 100,     /* columns of a terminal that sections fit into */
    REPORT_ALL_ROWS = 10000 /* of a section, with --all */
};

typedef struct Report {
    sqlite3 *db;
    const char *path;
    FILE *out;
    bool ascii, colour, all;
    bool recorded; /* transactions were */
    bool complete, recovered;
    bool printed; /* something was: a section keeps its distance */
    Error **errp;
} Report;

typedef struct Section Section;
struct Section {
    const char *name, *title, *metric;
    const char *columns; /* of the metric; NULL: all */
    const char *empty;   /* why there are no rows; NULL: hidden then */
    unsigned rows;       /* at most so many are shown */
    bool from_records;   /* empty unless transactions were recorded */
    bool of_harts;       /* left out where traffic ran without them */
    bool brief;          /* no word of those that are left out */
    /* NULL: report_grid(). */
    bool (*print)(Report *r, const Section *s);
};

/* -- report_grid.c -------------------------------------------------------- */
/* The metric's SQL, prepared; NULL: *errp is set. */
sqlite3_stmt *report_metric(Report *r, const char *name, char *unit,
                            size_t unit_size);
bool report_metric_failed(Report *r, const char *name, int rc);
/* A column's value for a person; `column` is its name, or the unit. */
void report_cell(sqlite3_stmt *stmt, int c, const char *column, char *text,
                 size_t size);
/* A number with thousands separators. */
void report_number(double v, int digits, char *text, size_t size);
/* As much of a name as there is room for. */
void report_name(const char *name, char *text, size_t size);
/* The index of a column, -1: there is none, which reads as null. */
int report_column(sqlite3_stmt *stmt, const char *name);
/* Columns initiator and part of a row: "cpu0 fetch". */
void report_initiator(sqlite3_stmt *stmt, char *text, size_t size);
void report_style(const Report *r, const char *code);
void report_title(Report *r, const char *title, const char *metric);
void report_empty(Report *r, const Section *s);
/* How many rows are not shown, and what shows them. */
void report_more(Report *r, const Section *s, uint64_t more);
/* A metric as a table. */
bool report_grid(Report *r, const Section *s);

/* -- report_traffic.c ----------------------------------------------------- */
/* traffic_over_time as a line per initiator. */
bool report_traffic(Report *r, const Section *s);

/* -- report_json.c -------------------------------------------------------- */
bool report_json(Report *r);

#endif
