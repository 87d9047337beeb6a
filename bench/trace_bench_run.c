/*
 * trace_bench_run.c - what it costs a run to be counted and recorded.
 *
 * Model    The same machine runs the same instructions four times a round: on
 *          its own, with a database beside it, recording data, recording all;
 *          one thread encodes. Producer: user seconds of the thread that runs
 *          the machine. End to end: seconds by the clock from the first
 *          instruction to the closed file, which mean something only where
 *          nobody else has work for the processors.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench/trace_bench.h"
#include "traces/trace.h"

enum { INSTRUCTIONS = 60 * 1000 * 1000 };

typedef enum How { ALONE, COUNTED, DATA, ALL, HOWS } How;

typedef struct Cost {
    double producer, all, encoder; /* seconds; encoder: of its CPU */
    uint64_t rows;
} Cost;

static double user_seconds(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
}

static double clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void ignore_byte(void *opaque, const char *device, uint8_t byte,
                        uint64_t time_ps)
{
}

static TraceStore *attach(const Bench *bench, Machine *m, How how, Error **errp)
{
    const uint32_t data =
        1u << ACCESS_LOAD | 1u << ACCESS_STORE | 1u << ACCESS_AMO;
    MachineTrace what = {.enabled = how >= DATA,
                         .kinds = how == ALL ? (1u << ACCESS_KINDS) - 1 : data,
                         .beats = true};
    TraceStore *ts = trace_open(bench->path, errp);
    if (ts) {
        trace_set_threads(ts, 1);
    }
    if (ts && !machine_attach_trace(m, ts, &what, errp)) {
        trace_close(ts, NULL);
        return NULL;
    }
    return ts;
}

static bool measure(const Bench *bench, Machine *m, How how, Cost *cost,
                    Error **errp)
{
    const MachineLimits limits = {INSTRUCTIONS, UINT64_MAX, TIME_NEVER};
    machine_set_serial(m, ignore_byte, NULL);
    machine_set_limits(m, &limits);
    TraceStore *ts = how == ALONE ? NULL : attach(bench, m, how, errp);
    if (how != ALONE && !ts) {
        return false;
    }
    double thread = user_seconds(RUSAGE_THREAD),
           self = user_seconds(RUSAGE_SELF);
    double begin = clock_seconds();
    machine_run(m, TIME_NEVER);
    cost->producer =
        bench_least(cost->producer, user_seconds(RUSAGE_THREAD) - thread);
    bool ok = true;
    if (ts) {
        machine_detach_trace(m);
        cost->rows = trace_rows(ts);
        ok = trace_close(ts, errp);
    }
    cost->all = bench_least(cost->all, clock_seconds() - begin);
    double beside = user_seconds(RUSAGE_SELF) - self -
                    (user_seconds(RUSAGE_THREAD) - thread);
    cost->encoder = bench_least(cost->encoder, beside);
    return ok;
}

static bool run_once(const Bench *bench, How how, Cost *cost, Error **errp)
{
    const char *const none[] = {NULL};
    Config *cfg = config_load(bench->config, none, errp);
    Machine *m = cfg ? machine_new(cfg, errp) : NULL;
    bool ok = m && machine_load_elf(m, bench->elf, errp) &&
              measure(bench, m, how, cost, errp);
    machine_free(m);
    config_free(cfg);
    return ok;
}

static void print(Bench *bench, const char *what, const Cost *c,
                  const Cost *alone, double goal)
{
    double encoder = c->encoder / alone->producer;
    double bound = c->producer / alone->producer;
    bound = bound > 1.1 * encoder ? bound : 1.1 * encoder;
    printf("%s: %.1f M rows\n", what, (double)c->rows / 1e6);
    bench_at_most(bench, "simulating thread", c->producer / alone->producer,
                  "x", goal);
    bench_at_most(bench, "encoding thread", encoder, "x", 0);
    bench_at_most(bench, "from begin to closed file", c->all / alone->producer,
                  "x", bound);
}

bool bench_runs(Bench *bench, Error **errp)
{
    Cost cost[HOWS];
    for (How how = ALONE; how < HOWS; how++) {
        cost[how] = (Cost){1e9, 1e9, 1e9, 0};
    }
    for (unsigned round = 0; round < bench->rounds; round++) {
        for (How how = ALONE; how < HOWS; how++) {
            if (!run_once(bench, how, &cost[how], errp)) {
                return false;
            }
        }
    }
    const Cost *alone = &cost[ALONE];
    printf("a run of %d M instructions: %.3f s; times of it\n",
           INSTRUCTIONS / 1000000, alone->producer);
    bench_at_most(bench, "with its counters in a file",
                  cost[COUNTED].producer / alone->producer, "x", 1.10);
    print(bench, "recording data", &cost[DATA], alone, 1.6);
    print(bench, "recording data and fetches", &cost[ALL], alone, 2.5);
    return true;
}
