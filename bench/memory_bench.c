/*
 * memory_bench.c - what the memory API costs, beside two yardsticks of the same
 * run: a pointer chase in the L1 cache and an indirect call of the test device.
 *
 * usage: memory_bench [--quick] [--check] [--only TEXT] [--json FILE]
 *
 * Model    An operation runs in many short windows; the least of them is what
 *          it costs without disturbance from outside. All operations take turns
 *          in several rounds. Allocations of the library during all windows are
 *          counted (the linker wraps the allocator's functions).
 * Units    ns, us or s per operation, as each table says.
 * Missing  nothing
 */
#include "bench/memory_bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OPS_PER_WINDOW = 1000, COMMIT_ROWS = 5, ADD_ROWS = 3 };

/* A goal is missed when the least time is above it by more than this; a growth
 * is one when it is above that of n log n by more than that: the larger boards
 * do not fit the caches in which the smaller ones lie. Quadratic growth is 7.5
 * times that of n log n from one row to the next. */
static const double noise = 1.1, growth_noise = 4;

typedef struct Options {
    bool quick, check;
    const char *only; /* rows whose name holds it */
    const char *json;
} Options;

typedef struct Report {
    OpRow *op;
    void *board;
    CommitRow commit[COMMIT_ROWS];
    AddRow add[ADD_ROWS];
    unsigned missed;
} Report;

/* -- counting allocations ------------------------------------------------- */

/* The allocator has no context to keep it in. */
static unsigned long allocations;

unsigned long bench_allocations(void)
{
    return allocations;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
int __real_posix_memalign(void **block, size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
int __wrap_posix_memalign(void **block, size_t align, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    allocations++;
    return __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    allocations++;
    return __real_aligned_alloc(align, size);
}

int __wrap_posix_memalign(void **block, size_t align, size_t size)
{
    allocations++;
    return __real_posix_memalign(block, align, size);
}

/* -- measuring ------------------------------------------------------------ */

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void measure_op(OpRow *op, void *board, double seconds)
{
    op->run(board, OPS_PER_WINDOW); /* warms up */
    unsigned long before = bench_allocations();
    double end = bench_now() + seconds * 1e9;
    for (unsigned window = 0; window < 3 || bench_now() < end; window++) {
        double start = bench_now();
        op->run(board, OPS_PER_WINDOW);
        double took = (bench_now() - start) / OPS_PER_WINDOW;
        op->ns = op->ns > 0 && op->ns < took ? op->ns : took;
    }
    op->allocations += bench_allocations() - before;
}

static bool is_wanted(const Options *opt, const char *name)
{
    return !opt->only || strstr(name, opt->only);
}

static bool is_missed(double value, double goal)
{
    return goal > 0 && value > goal * noise;
}

/* Those that miss their goal get more rounds: others may use the machine. */
static void measure_ops(Report *r, const Options *opt)
{
    unsigned rounds = opt->quick ? 1 : 10;
    double seconds = opt->quick ? 0.001 : 0.03;
    for (unsigned round = 0; round < rounds; round++) {
        for (OpRow *op = r->op; op->name; op++) {
            bool again = round < 5 || is_missed(op->ns, op->goal);
            if (again && is_wanted(opt, op->name)) {
                measure_op(op, r->board, seconds);
            }
        }
    }
}

static void measure_commits(Report *r, const Options *opt)
{
    static const CommitRow rows[COMMIT_ROWS] = {
        {.regions = 10, .goal = 2},
        {.regions = 100},
        {.regions = 1000, .goal = 60},
        {.regions = 10000, .goal = 1000},
        {.regions = 100000}};
    memcpy(r->commit, rows, sizeof(rows));
    unsigned rounds = opt->quick ? 1 : 6;
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < COMMIT_ROWS; i++) {
            CommitRow *row = &r->commit[i];
            bool again = round < 2 || is_missed(row->us[0], row->goal);
            char name[32];
            snprintf(name, sizeof(name), "commit %u.", row->regions);
            if (again && is_wanted(opt, name) &&
                !(opt->quick && row->regions > 1000)) {
                commits_measure(row, opt->quick ? 0.001 : 0.1);
            }
        }
    }
}

static void measure_adds(Report *r, const Options *opt)
{
    unsigned regions = opt->quick ? 200 : 10000;
    r->add[0] = (AddRow){"no access between", regions, .goal = 2};
    r->add[1] =
        (AddRow){"an access after each", regions, .access = true, .goal = 2};
    r->add[2] = (AddRow){"a listener told of each", regions, .listener = true};
    for (unsigned i = 0; i < ADD_ROWS; i++) {
        if (!is_wanted(opt, r->add[i].name)) {
            continue;
        }
        adds_measure(&r->add[i]);
        if (is_missed(r->add[i].seconds, r->add[i].goal)) {
            adds_measure(&r->add[i]);
        }
    }
}

/* -- what came out -------------------------------------------------------- */

static const char *verdict(Report *r, double value, double goal)
{
    if (goal <= 0 || value <= 0) {
        return "";
    }
    r->missed += is_missed(value, goal);
    return value <= goal            ? "  met"
           : is_missed(value, goal) ? "  MISSED"
                                    : "  met within noise";
}

/* Blank when it is 0. */
static void print_number(const char *format, double number, int width)
{
    if (number > 0) {
        printf(format, number);
    } else {
        printf("%*s", width, "");
    }
}

static void print_ops(Report *r)
{
    printf("%-46s %8s %9s %11s\n", "operation", "ns", "goal <=", "allocations");
    for (const OpRow *op = r->op; op->name; op++) {
        if (op->ns <= 0) {
            continue;
        }
        printf("%-46s %8.2f ", op->name, op->ns);
        print_number("%9.0f", op->goal, 9);
        printf(" %11lu%s%s\n", op->allocations, verdict(r, op->ns, op->goal),
               op->allocations ? "  ALLOCATES" : "");
        r->missed += op->allocations != 0;
    }
}

/* How much slower than the row before, in units of n log n; 0: no row. */
static double growth(const CommitRow *row, unsigned kind)
{
    const CommitRow *before = row - 1;
    double n = row->regions, p = before->regions;
    if (row->us[kind] <= 0 || before->us[kind] <= 0) {
        return 0;
    }
    return row->us[kind] / before->us[kind] / (n * log(n) / (p * log(p)));
}

static void print_commits(Report *r)
{
    printf("\none region switched, then one access: us per commit, and the "
           "growth from the row\nbefore over that of n log n\n");
    printf("%9s %12s %8s %14s %8s %9s\n", "regions", "no listener", "growth",
           "one listener", "growth", "goal <=");
    for (unsigned i = 0; i < COMMIT_ROWS; i++) {
        const CommitRow *row = &r->commit[i];
        if (row->us[0] <= 0) {
            continue;
        }
        printf("%9u", row->regions);
        for (unsigned kind = 0; kind < 2; kind++) {
            double g = i ? growth(row, kind) : 0;
            printf(kind ? " %14.2f" : " %12.2f", row->us[kind]);
            print_number(" %8.2f", g, 9);
            r->missed += g > growth_noise;
        }
        putchar(' ');
        print_number("%9.0f", row->goal, 9);
        printf("%s\n", verdict(r, row->us[0], row->goal));
    }
}

static void print_adds(Report *r)
{
    printf("\n%u regions added one by one, each in a transaction of its own\n",
           r->add[0].regions);
    for (unsigned i = 0; i < ADD_ROWS; i++) {
        const AddRow *row = &r->add[i];
        if (row->seconds <= 0) {
            continue;
        }
        printf("%-46s %8.3f s", row->name, row->seconds);
        print_number(", goal <= %.0f s", row->goal, 0);
        printf("%s\n", verdict(r, row->seconds, row->goal));
    }
}

static bool write_json(const Report *r, const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out) {
        return false;
    }
    fputs("{\n  \"operations\": [\n", out);
    for (const OpRow *op = r->op; op->name; op++) {
        fprintf(out,
                "    {\"name\": \"%s\", \"ns\": %.3f, \"goal\": %.0f, "
                "\"allocations\": %lu}%s\n",
                op->name, op->ns, op->goal, op->allocations,
                op[1].name ? "," : "");
    }
    fputs("  ],\n  \"commits\": [\n", out);
    for (unsigned i = 0; i < COMMIT_ROWS; i++) {
        const CommitRow *row = &r->commit[i];
        fprintf(out,
                "    {\"regions\": %u, \"us\": %.3f, \"us_listener\": %.3f, "
                "\"goal\": %.0f, \"growth\": %.3f, \"growth_listener\": "
                "%.3f}%s\n",
                row->regions, row->us[0], row->us[1], row->goal,
                i ? growth(row, 0) : 0, i ? growth(row, 1) : 0,
                i + 1 < COMMIT_ROWS ? "," : "");
    }
    fputs("  ],\n  \"adds\": [\n", out);
    for (unsigned i = 0; i < ADD_ROWS; i++) {
        const AddRow *row = &r->add[i];
        fprintf(out,
                "    {\"name\": \"%s\", \"regions\": %u, \"seconds\": %.4f, "
                "\"goal\": %.0f}%s\n",
                row->name, row->regions, row->seconds, row->goal,
                i + 1 < ADD_ROWS ? "," : "");
    }
    fprintf(out, "  ],\n  \"missed\": %u\n}\n", r->missed);
    return fclose(out) == 0;
}

/* -- the program ---------------------------------------------------------- */

static bool parse(int argc, char **argv, Options *opt)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--quick")) {
            opt->quick = true;
        } else if (!strcmp(argv[i], "--check")) {
            opt->check = true;
        } else if (!strcmp(argv[i], "--only") && i + 1 < argc) {
            opt->only = argv[++i];
        } else if (!strcmp(argv[i], "--json") && i + 1 < argc) {
            opt->json = argv[++i];
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    Options opt = {.quick = false};
    if (!parse(argc, argv, &opt)) {
        fputs("usage: memory_bench [--quick] [--check] [--only TEXT] "
              "[--json FILE]\n"
              "  --quick      a glance: too short to judge by\n"
              "  --check      exit 1 when a goal is missed by more than 10 %\n"
              "  --only TEXT  measures rows with TEXT in their names, \"commit "
              "1000.\" for example\n"
              "  --json FILE  writes the numbers to FILE as well\n",
              stderr);
        return 2;
    }
    MemoryWorld *world = memory_world_new();
    MemoryWorld *outer = memory_world_enter(world);
    Report r = {.missed = 0};
    r.op = ops_begin(&r.board);
    measure_ops(&r, &opt);
    print_ops(&r);
    fflush(stdout);
    bool written = true;
    measure_commits(&r, &opt);
    print_commits(&r);
    fflush(stdout);
    measure_adds(&r, &opt);
    print_adds(&r);
    if (opt.json && !write_json(&r, opt.json)) {
        fprintf(stderr, "memory_bench: error: cannot write %s\n", opt.json);
        written = false;
    }
    ops_end(r.board);
    memory_world_enter(outer);
    memory_world_free(world);
    if (opt.check && r.missed) {
        printf("\n%u goals missed\n", r.missed);
    }
    return !written || (opt.check && r.missed);
}
