/*
 * trace_bench.c - what it costs to encode and decode chunks of a trace.
 *
 * Usage: trace_bench [--check] [--rounds N] CONFIG ELF
 *
 * Streams: all that ELF does on CONFIG, its loads and stores alone, a large
 * program, and noise (trace_streams.h). Rows are transactions: a fetch run is
 * as many as it has fetches. Each chunk's least CPU time of N rounds (5)
 * counts, which other work on the machine disturbs least. Every line has its
 * goal and whether it was met; with --check the exit status is 1 when one was
 * not. Every chunk is decoded and compared; a difference is exit status 1 at
 * once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/trace_streams.h"

enum { CHUNK = 1 << 17, RECORDS = 32 * CHUNK, SKIP = 32, STREAMS = 4 };

/* What is measured of a stream; seconds are of all its chunks. */
typedef struct Result {
    uint64_t rows;
    size_t records, bytes, most_sites;
    double encode, decode, cycles;
} Result;

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static bool decode_chunk(Codec *c, const void *blob, size_t len,
                         unsigned fields, MemoryRecord *out, size_t n,
                         double *seconds)
{
    Error *err = NULL;
    double before = cpu_seconds();
    bool ok = codec_decode(c, blob, len, fields, out, n, &err);
    *seconds = least(*seconds, cpu_seconds() - before);
    if (!ok) {
        fprintf(stderr, "trace_bench: error: %s\n", error_message(err));
        error_free(err);
    }
    return ok;
}

/* One chunk, `rounds` times. */
static bool measure_chunk(Codec *c, Codec *d, const Stream *s, size_t first,
                          size_t n, unsigned rounds, MemoryRecord *out,
                          Result *result)
{
    const MemoryRecord *r = s->record + first;
    double encode = 1e9, decode = 1e9, cycles = 1e9;
    size_t len = 0;
    for (unsigned round = 0; round < rounds; round++) {
        const void *blob = NULL;
        double before = cpu_seconds();
        len = codec_encode(c, r, n, s->site, s->sites, &blob);
        encode = least(encode, cpu_seconds() - before);
        if (len == 0 ||
            !decode_chunk(d, blob, len, CODEC_CYCLE, out, n, &cycles) ||
            !decode_chunk(d, blob, len, CODEC_ALL, out, n, &decode)) {
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
    }
    result->encode += encode;
    result->decode += decode;
    result->cycles += cycles;
    result->bytes += len;
    result->records += n;
    result->rows += stream_rows(s, first, n);
    return true;
}

static bool measure(const Stream *s, unsigned rounds, Result *result)
{
    Codec *c = codec_new(), *d = codec_new();
    MemoryRecord *out = malloc(CHUNK * sizeof(*out));
    bool ok = c && d && out;
    for (size_t i = 0; ok && i < s->records; i += CHUNK) {
        size_t n = s->records - i < CHUNK ? s->records - i : CHUNK;
        ok = measure_chunk(c, d, s, i, n, rounds, out, result);
    }
    codec_free(c);
    codec_free(d);
    free(out);
    return ok;
}

/* -- what is printed --------------------------------------------------------
 */

typedef struct Goal {
    double rows, bytes, decode; /* M rows/s, B/row, ns/row; 0: none */
} Goal;

static const char *verdict(bool met, bool *missed)
{
    *missed |= !met;
    return met ? "ok" : "MISSED";
}

static bool print(const Stream *s, const Result *r, const Goal *goal)
{
    bool missed = false;
    double rows = (double)r->rows;
    double speed = rows / r->encode / 1e6, bytes = (double)r->bytes / rows;
    double decode = r->decode * 1e9 / rows;
    printf("%s: %zu records, %.2f rows/record, at most %zu sites in a chunk\n",
           s->name, r->records, rows / (double)r->records, r->most_sites);
    printf("  encode           %8.2f M rows/s >= %5.2f  %s\n", speed,
           goal->rows, verdict(speed >= goal->rows, &missed));
    printf("  size             %8.3f B/row    <= %5.2f  %s\n", bytes,
           goal->bytes, verdict(bytes <= goal->bytes, &missed));
    if (goal->decode > 0) {
        printf("  decode           %8.2f ns/row   <= %5.2f  %s\n", decode,
               goal->decode, verdict(decode <= goal->decode, &missed));
    } else {
        printf("  decode           %8.2f ns/row\n", decode);
    }
    printf("  sites and cycles %8.2f ns/row\n", r->cycles * 1e9 / rows);
    return missed;
}

static int usage(void)
{
    fprintf(stderr, "usage: trace_bench [--check] [--rounds N] CONFIG ELF\n");
    return 2;
}

static int fail(Error *err)
{
    fprintf(stderr, "trace_bench: error: %s\n",
            err ? error_message(err) : "no memory");
    error_free(err);
    return 2;
}

/* Makes stream i; the caller frees it. */
static bool make_stream(Stream *s, unsigned i, char **file, Error **errp)
{
    static const char *const names[STREAMS] = {"fetches and data", "data",
                                               "large program", "noise"};
    const uint32_t data =
        1u << ACCESS_LOAD | 1u << ACCESS_STORE | 1u << ACCESS_AMO;
    s->name = names[i];
    switch (i) {
    case 0:
        return stream_of_machine(s, file[0], file[1], data | 1u << ACCESS_FETCH,
                                 SKIP, RECORDS, CHUNK, errp);
    case 1:
        return stream_of_machine(s, file[0], file[1], data, SKIP, RECORDS,
                                 CHUNK, errp);
    case 2: return stream_of_program(s, RECORDS);
    default: return stream_of_noise(s, RECORDS / 8);
    }
}

int main(int argc, char **argv)
{
    static const Goal goals[STREAMS] = {
        {50, 0.35, 10}, {35, 1.2, 0}, {25, 0.6, 0}, {5, 21, 0}};
    bool check = false, missed = false;
    unsigned rounds = 5;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (!strcmp(argv[i], "--check")) {
            check = true;
        } else if (!strcmp(argv[i], "--rounds") && i + 1 < argc) {
            rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        } else {
            return usage();
        }
    }
    if (argc - i != 2 || rounds == 0) {
        return usage();
    }
    printf("least CPU seconds of %u rounds, chunks of %d records\n", rounds,
           CHUNK);
    for (unsigned k = 0; k < STREAMS; k++) {
        Stream stream = {0};
        Error *err = NULL;
        Result result = {0};
        if (!make_stream(&stream, k, argv + i, &err)) {
            stream_fini(&stream);
            return fail(err);
        }
        if (!measure(&stream, rounds, &result)) {
            return 1;
        }
        missed |= print(&stream, &result, &goals[k]);
        stream_fini(&stream);
    }
    return check && missed;
}
