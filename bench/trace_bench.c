/*
 * trace_bench.c - what a trace costs: chunks, files, and runs.
 *
 * Usage: trace_bench [--check] [--rounds N] [--stream NAME] CONFIG ELF
 *
 * --stream: only that one, and no runs. Streams: all that ELF does on CONFIG,
 * its loads and stores alone, a large program, and noise (trace_streams.h).
 * Each goes through the codec, then through the whole store into a file; rows
 * of it by plain INSERTs; last, whole runs. Rows are transactions: a fetch run
 * is as many as it has fetches. The least CPU time of N rounds (5) counts, of
 * each chunk; between two rounds of a chunk are all others, so nothing has
 * learnt it. Every line has its goal and whether it was met; with --check the
 * exit status is 1 when one was not. Every chunk is decoded and compared; a
 * difference is exit status 1 at once.
 */
#include "bench/trace_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { RECORDS = 1 << 22, SKIP = 48, STREAMS = 4 };

/* Of a chunk, the least seconds of all rounds. */
typedef struct ChunkTime {
    double encode, decode, cycles;
} ChunkTime;

/* What is measured of a stream; seconds are of all its chunks. */
typedef struct Result {
    size_t bytes, most_sites;
    ChunkTime time;
} Result;

double bench_thread_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool decode_chunk(Codec *c, const void *blob, size_t len,
                         unsigned fields, MemoryRecord *out, size_t n,
                         double *seconds)
{
    Error *err = NULL;
    double before = bench_thread_seconds();
    bool ok = codec_decode(c, blob, len, fields, out, n, &err);
    *seconds = bench_least(*seconds, bench_thread_seconds() - before);
    if (!ok) {
        fprintf(stderr, "trace_bench: error: %s\n", error_message(err));
        error_free(err);
    }
    return ok;
}

static bool measure_chunk(Codec *c, Codec *d, const Stream *s, size_t first,
                          size_t n, MemoryRecord *out, ChunkTime *t,
                          Result *result)
{
    const MemoryRecord *r = s->record + first;
    const void *blob = NULL;
    double before = bench_thread_seconds();
    size_t len = codec_encode(c, r, n, s->site, s->sites, &blob);
    t->encode = bench_least(t->encode, bench_thread_seconds() - before);
    if (len == 0 ||
        !decode_chunk(d, blob, len, CODEC_CYCLE, out, n, &t->cycles) ||
        !decode_chunk(d, blob, len, CODEC_ALL, out, n, &t->decode)) {
        return false;
    }
    if (memcmp(out, r, n * sizeof(*r)) != 0) {
        fprintf(stderr, "trace_bench: error: %s: not what was encoded\n",
                s->name);
        return false;
    }
    const CodecSiteUse *use;
    uint32_t sites;
    if (codec_sites(d, blob, len, &use, &sites, NULL) &&
        sites > result->most_sites) {
        result->most_sites = sites;
    }
    result->bytes += len;
    return true;
}

static bool measure(const Stream *s, unsigned rounds, Result *result)
{
    Codec *c = codec_new(), *d = codec_new();
    MemoryRecord *out = malloc(STREAM_CHUNK * sizeof(*out));
    ChunkTime *time = malloc((s->chunks + 1) * sizeof(*time));
    bool ok = c && d && out && time;
    for (size_t i = 0; ok && i < s->chunks; i++) {
        time[i] = (ChunkTime){1e9, 1e9, 1e9};
    }
    for (unsigned round = 0; ok && round < rounds; round++) {
        result->bytes = 0;
        for (size_t i = 0; ok && i < s->chunks; i++) {
            ok = measure_chunk(c, d, s, s->chunk[i],
                               s->chunk[i + 1] - s->chunk[i], out, &time[i],
                               result);
        }
    }
    for (size_t i = 0; ok && i < s->chunks; i++) {
        result->time.encode += time[i].encode;
        result->time.decode += time[i].decode;
        result->time.cycles += time[i].cycles;
    }
    codec_free(c);
    codec_free(d);
    free(out);
    free(time);
    return ok;
}

/* -- what is printed --------------------------------------------------------
 */

static void print_line(Bench *bench, const char *what, double value,
                       const char *unit, const char *relation, double goal,
                       bool met)
{
    printf("  %-26s %8.3f %-8s", what, value, unit);
    if (goal > 0) {
        printf(" %s %6.2f  %s", relation, goal, met ? "ok" : "MISSED");
        bench->missed |= !met;
    }
    printf("\n");
    fflush(stdout);
}

void bench_at_least(Bench *bench, const char *what, double value,
                    const char *unit, double goal)
{
    print_line(bench, what, value, unit, ">=", goal, value >= goal);
}

void bench_at_most(Bench *bench, const char *what, double value,
                   const char *unit, double goal)
{
    print_line(bench, what, value, unit, "<=", goal, value <= goal);
}

typedef struct Goal {
    double rows, bytes, decode; /* M rows/s, B/row, ns/row; 0: none */
    StoreGoal file;
} Goal;

static void print(Bench *bench, const Stream *s, const Result *r,
                  const Goal *goal)
{
    double rows = (double)stream_rows(s, 0, s->records);
    printf("%s: %zu records, %.2f rows/record, at most %zu sites in a chunk\n",
           s->name, s->records, rows / (double)s->records, r->most_sites);
    bench_at_least(bench, "encode", rows / r->time.encode / 1e6, "M rows/s",
                   goal->rows);
    bench_at_most(bench, "size", (double)r->bytes / rows, "B/row", goal->bytes);
    bench_at_most(bench, "decode", r->time.decode * 1e9 / rows, "ns/row",
                  goal->decode);
    bench_at_most(bench, "sites and cycles", r->time.cycles * 1e9 / rows,
                  "ns/row", 0);
}

static int usage(void)
{
    fprintf(stderr, "usage: trace_bench [--check] [--rounds N] [--stream NAME] "
                    "CONFIG ELF\n");
    return 2;
}

static int fail(Error *err)
{
    fprintf(stderr, "trace_bench: error: %s\n",
            err ? error_message(err) : "no memory");
    error_free(err);
    return 2;
}

static const char *const names[STREAMS] = {"fetches and data", "data",
                                           "large program", "noise"};

/* Makes stream i; the caller frees it. */
static bool make_stream(Stream *s, unsigned i, const Bench *bench, Error **errp)
{
    const uint32_t data =
        1u << ACCESS_LOAD | 1u << ACCESS_STORE | 1u << ACCESS_AMO;
    s->name = names[i];
    switch (i) {
    case 0:
        return stream_of_machine(s, bench->config, bench->elf,
                                 data | 1u << ACCESS_FETCH, SKIP, RECORDS,
                                 errp);
    case 1:
        return stream_of_machine(s, bench->config, bench->elf, data, SKIP,
                                 RECORDS, errp);
    case 2: return stream_of_program(s, RECORDS / 2);
    default: return stream_of_noise(s, RECORDS / 8);
    }
}

/* Measures stream k; 0, or an exit status. */
static int bench_stream(Bench *bench, unsigned k)
{
    static const Goal goals[STREAMS] = {{50, 0.35, 10, {50, 0.35}},
                                        {35, 1.2, 0, {35, 1.2}},
                                        {25, 0.6, 0, {25, 0.6}},
                                        {5, 21, 0, {5, 21}}};
    Stream stream = {0};
    Error *err = NULL;
    Result result = {0};
    double speed;
    int status = 0;
    if (!make_stream(&stream, k, bench, &err)) {
        status = fail(err);
    } else if (!measure(&stream, bench->rounds, &result)) {
        status = 1;
    } else {
        print(bench, &stream, &result, &goals[k]);
        if (!bench_store(bench, &stream, &goals[k].file, &speed, &err) ||
            (k == 0 && !bench_insert(bench, speed, &err))) {
            status = fail(err);
        }
    }
    stream_fini(&stream);
    return status;
}

static int bench_all(Bench *bench)
{
    printf("least CPU seconds of %u rounds, chunks of at most %d records\n",
           bench->rounds, STREAM_CHUNK);
    for (unsigned k = 0; k < STREAMS; k++) {
        int status = !bench->stream || !strcmp(bench->stream, names[k])
                         ? bench_stream(bench, k)
                         : 0;
        if (status) {
            return status;
        }
    }
    if (bench->stream) {
        return 0;
    }
    Error *err = NULL;
    return bench_runs(bench, &err) ? 0 : fail(err);
}

int main(int argc, char **argv)
{
    bool check = false;
    Bench bench = {.rounds = 5};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (!strcmp(argv[i], "--check")) {
            check = true;
        } else if (!strcmp(argv[i], "--rounds") && i + 1 < argc) {
            bench.rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (!strcmp(argv[i], "--stream") && i + 1 < argc) {
            bench.stream = argv[++i];
        } else {
            return usage();
        }
    }
    if (argc - i != 2 || bench.rounds == 0) {
        return usage();
    }
    bench.config = argv[i];
    bench.elf = argv[i + 1];
    const char *folder = getenv("TMPDIR");
    char dir[512], path[528];
    snprintf(dir, sizeof(dir), "%s/trace_bench.XXXXXX",
             folder ? folder : P_tmpdir);
    if (!mkdtemp(dir)) {
        fprintf(stderr, "trace_bench: error: %s cannot be made; set TMPDIR\n",
                dir);
        return 2;
    }
    snprintf(path, sizeof(path), "%s/bench.db", dir);
    bench.path = path;
    int status = bench_all(&bench);
    remove(path);
    rmdir(dir);
    return status ? status : check && bench.missed;
}
