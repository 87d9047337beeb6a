/*
 * trace_bench.h - what the parts of trace_bench share: a line with its goal,
 * and what each part measures.
 */
#ifndef BENCH_TRACE_BENCH_H
#define BENCH_TRACE_BENCH_H

#include "bench/trace_streams.h"

typedef struct Bench {
    unsigned rounds;
    const char *config, *elf;
    const char *stream; /* NULL: all */
    char *path;         /* of a database that may be written */
    bool missed;        /* some goal was */
} Bench;

/* "  WHAT  VALUE UNIT >= GOAL ok". A goal of 0: none. */
void bench_at_least(Bench *bench, const char *what, double value,
                    const char *unit, double goal);
void bench_at_most(Bench *bench, const char *what, double value,
                   const char *unit, double goal);

/* CPU seconds, user's and system's, of the calling thread. */
double bench_thread_seconds(void);
static inline double bench_least(double a, double b)
{
    return a < b ? a : b;
}

/* -- trace_bench_store.c -------------------------------------------------- */
typedef struct StoreGoal {
    double rows, bytes; /* M rows/s, B/row */
} StoreGoal;
/* The stream through a store without threads, into the file at bench->path;
 * *speed: M rows/s. */
bool bench_store(Bench *bench, const Stream *s, const StoreGoal *goal,
                 double *speed, Error **errp);
/* Rows of that file by a plain INSERT each, against it. */
bool bench_insert(Bench *bench, double speed, Error **errp);

/* -- trace_bench_run.c ---------------------------------------------------- */
/* What a run costs that is counted, or recorded. */
bool bench_runs(Bench *bench, Error **errp);

#endif
