/*
 * diff.h - what the files of `socscope diff` share: the two sides, and what was
 * found between them. Private to traces/diff*.c.
 *
 * Everything found is kept and printed at the end, so that a database that
 * turns out to be damaged leaves one line and no half page.
 */
#ifndef TRACES_DIFF_H
#define TRACES_DIFF_H

#include <stdio.h>

#include "traces/store.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { DIFF_COUNTS = 5, DIFF_SIDES = 2, DIFF_TEXT_ROWS = 12 };

typedef struct DiffSide {
    const char *path;
    sqlite3 *db;
    uint64_t steps; /* that queries may still take */
    bool complete;  /* the run was closed properly: there are summaries */
} DiffSide;

/* One text on both sides: a key of the configuration, or a reason why two runs
 * are not comparable. */
typedef struct DiffText {
    char *name;
    char *side[DIFF_SIDES]; /* NULL: not there */
    const char *why;        /* what follows from it; borrowed, may be NULL */
} DiffText;

typedef struct DiffTexts {
    DiffText *item;
    size_t count;
} DiffTexts;

typedef struct DiffMetric {
    char *name, *unit, *exactness;
    bool has[DIFF_SIDES], whole[DIFF_SIDES]; /* whole: an integer */
    double value[DIFF_SIDES];
} DiffMetric;

/* A function or a region, and what it cost. */
typedef struct DiffCost {
    char *name, *what; /* what: "fetch" or "data" of a region, else "" */
    int64_t count[DIFF_SIDES][DIFF_COUNTS];
} DiffCost;

typedef struct DiffCosts {
    DiffCost *item;
    size_t count;
    size_t equal; /* that cost the same on both sides; not in item */
} DiffCosts;

/* Something that cost a hart more or fewer cycles. */
typedef struct DiffCause {
    const char *what; /* "fetch", "data", "walk", "core", ... */
    const char *part; /* "wait", "bus", "target", "stall", ... or "" */
    char *region;     /* "": none in particular */
    int64_t change;   /* cycles of B less those of A; not 0 */
    char why[160];    /* what else changed with it; may be "" */
} DiffCause;

/* A hart; its causes, the largest first, and `unexplained` sum to the change
 * of its cycles. */
typedef struct DiffHart {
    char *name;
    int64_t cycles[DIFF_SIDES];
    DiffCause *cause;
    size_t causes;
    int64_t unexplained;
} DiffHart;

typedef struct DiffThreshold {
    const char *text;
    char name[128], op[3];
    double limit;
    bool percent, failed;
    char result[160];
} DiffThreshold;

/* Where one side left the way of the other. */
typedef struct DiffPoint {
    bool there; /* false: this side had ended */
    int64_t tx, time;
    bool has_pc;
    uint64_t pc;
    char symbol[96]; /* with +offset; "": none */
    char what[160];
} DiffPoint;

typedef struct DiffDivergence {
    const char *key, *title;
    char subject[32];  /* what was compared: "instructions" */
    char why_not[160]; /* "": was compared */
    uint64_t compared; /* equal ones, of all initiators */
    bool found;
    bool parted;    /* not found before an initiator did something else */
    bool addresses; /* only in operands that may hold addresses */
    char initiator[128];
    uint64_t before; /* equal ones of this initiator before it */
    DiffPoint side[DIFF_SIDES];
} DiffDivergence;

typedef struct Diff {
    DiffSide side[DIFF_SIDES];
    bool same_firmware;
    DiffTexts hindrances, facts, config, tables;
    DiffMetric *metric;
    size_t metrics;
    DiffCosts functions, regions, sources, phases;
    DiffHart *hart; /* of A, in its order */
    size_t harts;
    DiffThreshold *threshold;
    size_t thresholds;
    bool rows_equal;     /* of tx, all of them */
    uint64_t equal_rows; /* of tx, from the first on */
    DiffDivergence instruction, mmio, timing;
    bool identical;
    Error **errp;
} Diff;

/* -- diff.c --------------------------------------------------------------- */
/* realloc() for one more element; NULL is an error set. */
void *diff_grow(Diff *d, void *list, size_t count, size_t size);
/* Appends; the texts are copied. False: *d->errp is set. */
bool diff_add(Diff *d, DiffTexts *list, const char *name, const char *a,
              const char *b, const char *why);
/* Prepares on one side; NULL: *d->errp is set. */
sqlite3_stmt *diff_prepare(Diff *d, int side, const char *sql);
/* False, with sqlite's message, unless rc is SQLITE_DONE. */
bool diff_done(Diff *d, int side, int rc);
/* Does one SELECT give the same rows, in the same order, on both sides? *row:
 * the first that differs, from 1. */
bool diff_same_rows(Diff *d, const char *sql, bool *same, int64_t *row);
/* A value of `run`; the caller frees it; NULL: not there. */
char *diff_run_value(Diff *d, int side, const char *key);

/* -- diff_config.c -------------------------------------------------------- */
/* Fills d->config from the resolved descriptions. */
bool diff_config(Diff *d);

/* -- diff_metric.c -------------------------------------------------------- */
bool diff_metrics(Diff *d);
/* Takes the expressions apart, before anything is read. */
bool diff_thresholds_parse(Diff *d, const char *const *text, size_t count);
bool diff_thresholds(Diff *d);
/* Writes FILE; one test case per threshold. */
bool diff_junit(Diff *d, const char *path);

/* -- diff_where.c --------------------------------------------------------- */
/* Says of each hart where the cycles between the runs went. */
bool diff_where(Diff *d);
void diff_where_free(Diff *d);
void diff_where_print(const Diff *d, FILE *out);
void diff_where_json(const Diff *d, FILE *out);

/* -- diff_walk.c ---------------------------------------------------------- */
/* Compares the rows of tx, and finds the three divergences. */
bool diff_walk(Diff *d);

/* -- diff_insn.c ---------------------------------------------------------- */
/* Compares the words of one instruction of two builds of a program. */
typedef enum InsnSame { INSN_EQUAL, INSN_MOVED, INSN_OTHER } InsnSame;
/* Registers that hold part of an address; one per stream, start with {0}. */
typedef struct InsnState {
    uint32_t address;
} InsnState;
InsnSame insn_compare(InsnState *s, uint32_t a, uint32_t b, unsigned size);

/* -- diff_print.c --------------------------------------------------------- */
void diff_print_text(const Diff *d, FILE *out);
void diff_print_json(const Diff *d, FILE *out);
/* 1234.5 with commas; of a whole number no digits after the point. */
void diff_number(char *text, size_t size, double value, bool whole, bool sign);

#ifdef __cplusplus
}
#endif
#endif
