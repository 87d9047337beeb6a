/*
 * trace_bench_store.c - streams through the whole store, and what a plain
 * INSERT makes of the same rows.
 *
 * Model    The store has no threads: what a hand-over takes is encoding,
 *          counting and writing one chunk. Opening and closing are not timed.
 *          One file holds the stream once, another several times: what that is
 *          longer by is the price of rows, the rest that of tables and sites,
 *          which are there once.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/trace_bench.h"
#include "traces/trace.h"

/* -- streams -------------------------------------------------------------- */

/* The stream's sites, under the same ids. */
static bool make_sites(MemoryRecorder *rec, const Stream *s)
{
    for (uint32_t i = 0; i < s->sites; i++) {
        const MemorySite *key = &s->recorder.site[i];
        uint32_t id =
            key->run ? recorder_fetch_site(rec, key) : recorder_site(rec, key);
        if (id != i) {
            return false;
        }
    }
    return true;
}

/* Cycles that a stream takes. */
static uint64_t span_of(const Stream *s)
{
    uint64_t most = 0;
    for (size_t i = 0; i < s->records; i++) {
        const MemoryRecord *r = &s->record[i];
        most = r->site < RECORD_SITE_MAX && r->cycle > most ? r->cycle : most;
    }
    return most + UINT16_MAX; /* more than a run of fetches */
}

/* later: cycles, so that time goes on when a stream comes again. */
static void hand_over(MemoryRecorder *rec, const Stream *s, size_t chunk,
                      uint64_t later, double *least)
{
    size_t first = s->chunk[chunk], n = s->chunk[chunk + 1] - first;
    memcpy(rec->next, s->record + first, n * sizeof(*s->record));
    for (size_t i = 0; i < n; i++) {
        rec->next[i].cycle += rec->next[i].site < RECORD_SITE_MAX ? later : 0;
    }
    rec->next += n;
    double before = bench_thread_seconds();
    rec->full(rec);
    *least = bench_least(*least, bench_thread_seconds() - before);
}

/* The stream `rounds` times into a new file. */
static bool write_stream(const Bench *bench, const Stream *s, unsigned rounds,
                         double *least, uint64_t *rows, double *bytes,
                         Error **errp)
{
    TraceStore *ts = trace_open(bench->path, errp);
    if (!ts) {
        return false;
    }
    MemoryRecorder *rec = trace_recorder(ts, (1u << ACCESS_KINDS) - 1, true);
    if (rec && !make_sites(rec, s)) {
        trace_close(ts, NULL);
        return error_set(errp, "%s: its sites are not apart", s->name);
    }
    const uint64_t span = span_of(s);
    for (unsigned round = 0; rec && round < rounds; round++) {
        for (size_t i = 0; i < s->chunks; i++) {
            hand_over(rec, s, i, round * span, &least[i]);
        }
    }
    *rows = trace_rows(ts);
    struct stat st = {0};
    bool ok = trace_close(ts, errp) && stat(bench->path, &st) == 0;
    *bytes = (double)st.st_size;
    return ok;
}

bool bench_store(Bench *bench, const Stream *s, const StoreGoal *goal,
                 double *speed, Error **errp)
{
    double *least = calloc(s->chunks + 1, sizeof(*least)), seconds = 0;
    if (!least) {
        return error_set(errp, "no memory");
    }
    for (size_t i = 0; i < s->chunks; i++) {
        least[i] = 1e9;
    }
    uint64_t once, rows;
    double once_bytes, bytes;
    bool ok =
        write_stream(bench, s, 1, least, &once, &once_bytes, errp) &&
        write_stream(bench, s, bench->rounds + 2, least, &rows, &bytes, errp);
    for (size_t i = 0; i < s->chunks; i++) {
        seconds += least[i];
    }
    free(least);
    if (!ok) {
        return false;
    }
    double each = (bytes - once_bytes) / (double)(rows - once);
    *speed = (double)once / seconds / 1e6;
    bench_at_least(bench, "into the file", *speed, "M rows/s", goal->rows);
    bench_at_most(bench, "size in the file", each, "B/row", goal->bytes);
    bench_at_most(bench, "and once", (bytes - each * (double)rows) / 1024,
                  "KiB", 0);
    return true;
}

/* -- plain rows ----------------------------------------------------------- */

enum { SAMPLE = 100000 };

typedef struct Sample {
    int columns;
    size_t rows;
    sqlite3_value **value; /* rows x columns */
} Sample;

static bool read_sample(Sample *sample, const char *path, Error **errp)
{
    sqlite3 *db = trace_open_existing(path, errp);
    sqlite3_stmt *stmt = NULL;
    if (!db) {
        return false;
    }
    bool ok = sqlite3_prepare_v2(db, "select * from tx", -1, &stmt, NULL) ==
              SQLITE_OK;
    sample->columns = sqlite3_column_count(stmt);
    sample->value = calloc((size_t)SAMPLE * (size_t)sample->columns + 1,
                           sizeof(sqlite3_value *));
    size_t n = 0;
    while (ok && sample->value && sample->rows < SAMPLE &&
           sqlite3_step(stmt) == SQLITE_ROW) {
        for (int c = 0; c < sample->columns; c++) {
            sample->value[n++] =
                sqlite3_value_dup(sqlite3_column_value(stmt, c));
        }
        sample->rows++;
    }
    ok =
        sample->rows > 0 || error_set(errp, "%s: %s", path, sqlite3_errmsg(db));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return ok;
}

static int insert_rows(sqlite3_stmt *stmt, const Sample *sample)
{
    int rc = SQLITE_DONE;
    sqlite3_value **v = sample->value;
    for (size_t r = 0; r < sample->rows && rc == SQLITE_DONE; r++) {
        for (int c = 0; c < sample->columns; c++) {
            sqlite3_bind_value(stmt, c + 1, *v++);
        }
        rc = sqlite3_step(stmt);
        sqlite3_reset(stmt);
    }
    return rc;
}

/* All of the sample into a new file, in one transaction; *seconds: of it. */
static bool insert_sample(const Sample *sample, const char *path,
                          double *seconds, Error **errp)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    char *sql = sqlite3_mprintf("insert into plain values(?");
    char *table = sqlite3_mprintf("create table plain(c0");
    for (int c = 1; c < sample->columns; c++) {
        sql = sqlite3_mprintf("%z,?", sql);
        table = sqlite3_mprintf("%z,c%d", table, c);
    }
    sql = sqlite3_mprintf("%z)", sql);
    table = sqlite3_mprintf("%z)", table);
    remove(path);
    int rc = sqlite3_open(path, &db);
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(db, "pragma synchronous = off", NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(db, table, NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    }
    double before = bench_thread_seconds();
    if (rc == SQLITE_OK) {
        sqlite3_exec(db, "begin", NULL, NULL, NULL);
        rc = insert_rows(stmt, sample);
        sqlite3_exec(db, "commit", NULL, NULL, NULL);
    }
    *seconds = bench_least(*seconds, bench_thread_seconds() - before);
    bool ok = rc == SQLITE_DONE ||
              error_set(errp, "%s: %s", path, sqlite3_errmsg(db));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    sqlite3_free(sql);
    sqlite3_free(table);
    return ok;
}

bool bench_insert(Bench *bench, double speed, Error **errp)
{
    Sample sample = {0};
    double seconds = 1e9;
    bool ok = read_sample(&sample, bench->path, errp);
    for (unsigned round = 0; ok && round < bench->rounds; round++) {
        ok = insert_sample(&sample, bench->path, &seconds, errp);
    }
    remove(bench->path); /* it is none of the store's */
    if (ok) {
        double plain = (double)sample.rows / seconds / 1e6;
        bench_at_least(bench, "a plain INSERT each", plain, "M rows/s", 0);
        bench_at_least(bench, "into the file / INSERT", speed / plain, "x", 25);
    }
    for (size_t i = 0; i < sample.rows * (size_t)sample.columns; i++) {
        sqlite3_value_free(sample.value[i]);
    }
    free(sample.value);
    return ok;
}
