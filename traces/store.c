/*
 * store.c - a run's database: making the file, writing rows, closing it.
 *
 * Model    One SQLite file, filled by one connection that has a write-ahead log
 *          while the machine runs, so that others can read meanwhile; committed
 *          with every chunk of transactions, else after COMMIT_SECONDS. The log
 *          is kept short (its size adds to the file's on a small disk) and
 *          folded in when the store is closed. A full disk costs the open
 *          transaction, never the file. synchronous=off: losing power may cost
 *          what the host had not written.
 *          An existing database of ours is set aside until the new one opened
 *          well, then removed; any other file is refused.
 * Units    rows.
 */
#include "traces/store.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "traces/schema_sql.h"

enum { COMMIT_ROWS = 1 << 16, COMMIT_SECONDS = 2 }; /* besides chunks */

/* -- errors -------------------------------------------------------------------
 */

bool store_fail_text(TraceStore *ts, const char *text)
{
    if (!ts->error) {
        error_set(&ts->error, "%s: %s", ts->path, text);
        __atomic_store_n(&ts->failed, true, __ATOMIC_RELEASE);
    }
    return false;
}

static bool refuse(TraceStore *ts, const char *why)
{
    if (!ts->error) {
        error_set(&ts->error,
                  "%s: cannot write the database (%s); give another place "
                  "with -o",
                  ts->path, why);
        __atomic_store_n(&ts->failed, true, __ATOMIC_RELEASE);
    }
    return false;
}

bool store_fail_host(TraceStore *ts, int why)
{
    return why == ENOSPC ? store_fail(ts, SQLITE_FULL)
                         : refuse(ts, strerror(why));
}

bool store_fail(TraceStore *ts, int rc)
{
    if (ts->error) {
        return false;
    }
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return store_fail_text(ts, "the disk is full; free some space or give "
                                   "another place with -o");
    case SQLITE_NOMEM: return store_fail_text(ts, "the host has no memory");
    default: break;
    }
    int host = sqlite3_system_errno(ts->db);
    if ((rc & 0xff) == SQLITE_IOERR && host) {
        return store_fail_host(ts, host);
    }
    return refuse(ts, sqlite3_errmsg(ts->db));
}

const Error *trace_error(TraceStore *ts)
{
    /* Asked between any two stretches of the run: without the lock. */
    return __atomic_load_n(&ts->failed, __ATOMIC_ACQUIRE) ? ts->error : NULL;
}

void *store_grow(TraceStore *ts, void *old, size_t n, size_t size)
{
    void *new = n <= SIZE_MAX / size ? realloc(old, n * size) : NULL;
    if (!new) {
        store_fail(ts, SQLITE_NOMEM);
    }
    return new;
}

/* -- statements ----------------------------------------------------------- */

bool store_script(TraceStore *ts, const char *sql)
{
    pthread_mutex_lock(&ts->lock);
    bool ok = !ts->error;
    if (ok) {
        int rc = sqlite3_exec(ts->db, sql, NULL, NULL, NULL);
        ok = rc == SQLITE_OK || store_fail(ts, rc);
    }
    pthread_mutex_unlock(&ts->lock);
    return ok;
}

static sqlite3_stmt *prepare(TraceStore *ts, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v3(ts->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                &stmt, NULL);
    if (rc != SQLITE_OK) {
        store_fail(ts, rc);
    }
    return stmt;
}

static sqlite3_stmt *cached(TraceStore *ts, const char *sql)
{
    for (unsigned i = 0; i < ts->cached_count; i++) {
        if (ts->cached[i].sql == sql) {
            return ts->cached[i].stmt;
        }
    }
    size_t room = sizeof(ts->cached) / sizeof(ts->cached[0]);
    unsigned slot = ts->cached_count;
    if (slot == room) {
        slot = (unsigned)room - 1;
        sqlite3_finalize(ts->cached[slot].stmt);
        ts->cached_count--;
    }
    sqlite3_stmt *stmt = prepare(ts, sql);
    if (stmt) {
        ts->cached[slot] = (CachedStatement){sql, stmt};
        ts->cached_count++;
    }
    return stmt;
}

static int bind_one(sqlite3_stmt *stmt, int i, char type, va_list *args)
{
    switch (type) {
    case 'i': return sqlite3_bind_int64(stmt, i, va_arg(*args, int64_t));
    case 'u':
        return sqlite3_bind_int64(stmt, i, (int64_t)va_arg(*args, uint64_t));
    case 'r': return sqlite3_bind_double(stmt, i, va_arg(*args, double));
    case 't':
        return sqlite3_bind_text(stmt, i, va_arg(*args, const char *), -1,
                                 SQLITE_STATIC);
    case 'b': {
        const void *bytes = va_arg(*args, const void *);
        size_t len = va_arg(*args, size_t);
        return sqlite3_bind_blob64(stmt, i, bytes, len, SQLITE_STATIC);
    }
    default: (void)va_arg(*args, uint64_t); return sqlite3_bind_null(stmt, i);
    }
}

/* *number: what the first column of the first row is, if there is one. */
static int run_statement(TraceStore *ts, sqlite3_stmt *stmt, const char *types,
                         va_list *args, int64_t *number)
{
    int rc = SQLITE_OK;
    for (int i = 1; types[i - 1] && rc == SQLITE_OK; i++) {
        rc = bind_one(stmt, i, types[i - 1], args);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
    }
    if (rc == SQLITE_ROW) {
        *number = sqlite3_column_int64(stmt, 0);
    }
    int reset = sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    return rc != SQLITE_DONE && rc != SQLITE_ROW ? rc : reset;
}

static bool run_cached(TraceStore *ts, const char *sql, const char *types,
                       va_list *args, int64_t *number)
{
    pthread_mutex_lock(&ts->lock);
    sqlite3_stmt *stmt = ts->error ? NULL : cached(ts, sql);
    if (stmt) {
        int rc = run_statement(ts, stmt, types, args, number);
        ts->uncommitted++;
        if (rc != SQLITE_OK) {
            store_fail(ts, rc);
        }
    }
    bool ok = !ts->error;
    pthread_mutex_unlock(&ts->lock);
    return ok;
}

bool store_run(TraceStore *ts, const char *sql, const char *types, ...)
{
    int64_t number;
    va_list args;
    va_start(args, types);
    bool ok = run_cached(ts, sql, types, &args, &number);
    va_end(args);
    return ok;
}

int64_t store_number(TraceStore *ts, const char *sql, const char *types, ...)
{
    int64_t number = 0;
    va_list args;
    va_start(args, types);
    run_cached(ts, sql, types, &args, &number);
    va_end(args);
    return number;
}

/* -- batches -------------------------------------------------------------- */

static sqlite3_stmt *batch_prepare(TraceStore *ts, const RowBatch *b,
                                   unsigned rows)
{
    char sql[64 + BATCH_ROWS * (2 * BATCH_COLUMNS + 2)];
    size_t n =
        (size_t)snprintf(sql, sizeof(sql), "insert into %s values", b->table);
    for (unsigned r = 0; r < rows; r++) {
        sql[n++] = r ? ',' : ' ';
        for (unsigned c = 0; c < b->columns; c++) {
            sql[n++] = c ? ',' : '(';
            sql[n++] = '?';
        }
        sql[n++] = ')';
    }
    sql[n] = 0;
    return prepare(ts, sql);
}

static bool batch_insert(TraceStore *ts, RowBatch *b, sqlite3_stmt *stmt,
                         unsigned from, unsigned rows)
{
    int i = 1;
    for (unsigned r = from; r < from + rows; r++) {
        for (unsigned c = 0; c < b->columns; c++, i++) {
            if (b->null[r] >> c & 1) {
                sqlite3_bind_null(stmt, i);
            } else {
                sqlite3_bind_int64(stmt, i, b->value[r][c]);
            }
        }
    }
    int rc = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    ts->uncommitted += rows;
    return rc == SQLITE_DONE || store_fail(ts, rc);
}

bool batch_flush(TraceStore *ts, RowBatch *b)
{
    unsigned rows = b->rows;
    b->rows = 0;
    if (ts->error) {
        return false;
    }
    if (rows == BATCH_ROWS) {
        if (!b->many && !(b->many = batch_prepare(ts, b, BATCH_ROWS))) {
            return false;
        }
        return batch_insert(ts, b, b->many, 0, BATCH_ROWS);
    }
    for (unsigned r = 0; r < rows; r++) {
        if (!b->one && !(b->one = batch_prepare(ts, b, 1))) {
            return false;
        }
        if (!batch_insert(ts, b, b->one, r, 1)) {
            return false;
        }
    }
    return true;
}

int64_t *batch_row(TraceStore *ts, RowBatch *b, uint32_t **null)
{
    if (b->rows == BATCH_ROWS) {
        batch_flush(ts, b);
    }
    unsigned r = b->rows++;
    *null = &b->null[r];
    b->null[r] = 0;
    return b->value[r];
}

static void batch_free(RowBatch *b)
{
    sqlite3_finalize(b->many);
    sqlite3_finalize(b->one);
}

/* -- commits -------------------------------------------------------------- */

static uint64_t seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec;
}

void store_commit_some(TraceStore *ts)
{
    pthread_mutex_lock(&ts->lock);
    uint64_t now = seconds_now();
    if (ts->uncommitted >= COMMIT_ROWS ||
        (ts->uncommitted && now - ts->committed_at >= COMMIT_SECONDS)) {
        ts->committed_at = now;
        ts->uncommitted = 0;
        store_script(ts, "commit; begin");
    }
    pthread_mutex_unlock(&ts->lock);
}

/* -- the file ------------------------------------------------------------- */

static const char *const suffixes[] = {"", "-journal", "-wal", "-shm", "-tail"};

/* Renames a database with its side files; to NULL: removes them. */
static bool move_database(const char *from, const char *to)
{
    bool ok = true;
    for (unsigned i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        char *a = sqlite3_mprintf("%s%s", from, suffixes[i]);
        char *b = to ? sqlite3_mprintf("%s%s", to, suffixes[i]) : NULL;
        if (!a || (to && !b)) {
            ok = false;
        } else if (to) {
            ok &= rename(a, b) == 0 || errno == ENOENT;
        } else {
            ok &= unlink(a) == 0 || errno == ENOENT;
        }
        sqlite3_free(a);
        sqlite3_free(b);
    }
    return ok;
}

/* May what is at path be replaced? *exists: something is there. */
static bool may_replace(const char *path, bool *exists, Error **errp)
{
    struct stat st;
    *exists = stat(path, &st) == 0;
    if (!*exists) {
        return errno == ENOENT ||
               error_set(errp, "%s: %s; give another place with -o", path,
                         strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return error_set(errp, "%s: is a directory; give the name of a file",
                         path);
    }
    if (!S_ISREG(st.st_mode)) {
        return error_set(errp, "%s: is not a regular file; give another name",
                         path);
    }
    if (st.st_size == 0 || query_is_ours(path)) {
        return true;
    }
    return error_set(errp,
                     "%s: exists and is not a socscope database; remove it or "
                     "give another place with -o",
                     path);
}

static bool create(TraceStore *ts)
{
    /* No symbolic link is followed to a file that may_replace() did not see. */
    int rc = sqlite3_open_v2(
        ts->path, &ts->db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        int host = ts->db ? sqlite3_system_errno(ts->db) : 0;
        error_set(&ts->error,
                  "%s: cannot be created (%s); give another place with -o",
                  ts->path, host ? strerror(host) : sqlite3_errstr(rc));
        return false;
    }
    sqlite3_busy_timeout(ts->db, 10000); /* nobody else should write */
    char pragmas[320];
    snprintf(pragmas, sizeof(pragmas),
             "pragma page_size = 8192; pragma journal_mode = wal;"
             "pragma wal_autocheckpoint = 64;"
             "pragma journal_size_limit = 1048576; pragma synchronous = off;"
             "pragma application_id = %d; pragma user_version = %d; begin",
             TRACE_APPLICATION_ID, TRACE_SCHEMA_VERSION);
    if (!store_script(ts, pragmas) || !store_script(ts, schema_sql)) {
        return false;
    }
    trace_set_run_number(ts, "schema_version", TRACE_SCHEMA_VERSION);
    trace_set_run(ts, "socscope_version", SOCSCOPE_VERSION);
    trace_set_run(ts, "sqlite_version", sqlite3_libversion());
    trace_set_run_number(ts, "complete", 0);
    trace_set_run_number(ts, "dropped", 0);
    dictionary_write_constants(ts);
    for (const Metric *m = metrics; m->name; m++) {
        store_run(ts, "insert into metric values(?,?,?,?,?,null)", "ttttt",
                  m->name, m->unit, m->definition, m->sql, m->exactness);
    }
    /* From here on the file itself says whose it is, not only its log. */
    return store_script(ts, "commit; pragma wal_checkpoint(truncate); begin");
}

void store_free(TraceStore *ts)
{
    for (unsigned i = 0; i < ts->cached_count; i++) {
        sqlite3_finalize(ts->cached[i].stmt);
    }
    batch_free(&ts->mmio);
    sqlite3_close(ts->db);
    handover_free(ts);
    recorder_fini(&ts->recorder);
    dictionary_free(ts);
    count_free(ts);
    lines_free(ts->lines);
    polling_free(ts->polling);
    fields_free(ts->fields);
    ring_free(ts);
    free(ts->path);
    error_free(ts->error);
    pthread_mutex_destroy(&ts->lock);
    pthread_mutex_destroy(&ts->queue_lock);
    pthread_cond_destroy(&ts->queue_changed);
    free(ts);
}

/* Hands ts->error over to the caller. */
static void pass_error(TraceStore *ts, Error **errp)
{
    error_set(errp, "%s", error_message(ts->error));
}

static void init_locks(TraceStore *ts)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&ts->lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
    pthread_mutex_init(&ts->queue_lock, NULL);
    pthread_cond_init(&ts->queue_changed, NULL);
}

TraceStore *store_new(const char *path)
{
    TraceStore *ts = calloc(1, sizeof(*ts));
    if (!ts || !(ts->path = strdup(path))) {
        free(ts);
        return NULL;
    }
    init_locks(ts);
    recorder_init(&ts->recorder);
    ts->recorder.site_made = consume_site_made;
    ts->recorder.opaque = ts;
    ts->tail.fd = -1;
    ts->mmio.table = "mmio_row";
    ts->mmio.columns = 8;
    ts->committed_at = seconds_now();
    return ts;
}

TraceStore *trace_open(const char *path, Error **errp)
{
    bool exists;
    if (!may_replace(path, &exists, errp)) {
        return NULL;
    }
    TraceStore *ts = store_new(path);
    char *aside = sqlite3_mprintf("%s.old", path);
    if (!ts || !aside) {
        sqlite3_free(aside);
        if (ts) {
            store_free(ts);
        }
        error_set(errp, "the host has no memory for the trace store");
        return NULL;
    }
    bool moved = exists && move_database(path, aside);
    if (exists && !moved) {
        error_set(&ts->error,
                  "%s: cannot be replaced (%s); give another place with -o",
                  path, strerror(errno));
    }
    if (ts->error || !create(ts)) {
        pass_error(ts, errp);
        store_free(ts);
        ts = NULL;
        if (moved) {
            move_database(path, NULL);
            move_database(aside, path);
        }
    } else if (moved) {
        move_database(aside, NULL);
    }
    sqlite3_free(aside);
    return ts;
}

void trace_set_threads(TraceStore *ts, unsigned n)
{
    ts->threads = n < STORE_THREADS ? n : STORE_THREADS;
}

void trace_set_durable(TraceStore *ts)
{
    store_script(ts, "commit; pragma synchronous = full; begin");
    trace_set_run_number(ts, "durable", 1);
}

MemoryRecorder *trace_recorder(TraceStore *ts, uint32_t kinds, bool beats)
{
    ts->recording = true;
    ts->recorder.kinds = kinds;
    ts->recorder.beats = beats;
    dictionary_seal_symbols(ts);
    for (unsigned k = 0; k < ACCESS_KINDS; k++) {
        store_run(ts, "update kind set recorded = ? where id = ?", "ii",
                  (int64_t)(kinds >> k & 1), (int64_t)k);
    }
    trace_set_run_number(ts, "beats_recorded", beats);
    store_script(ts, "commit; begin");
    return ts->filling || handover_start(ts) ? &ts->recorder : NULL;
}

uint64_t trace_rows(TraceStore *ts)
{
    pthread_mutex_lock(&ts->lock);
    uint64_t rows = ts->rows;
    pthread_mutex_unlock(&ts->lock);
    return rows;
}

/* A failed write may leave the last transaction to be rolled back by the next
 * who opens the file; that is us. */
static void leave_whole(const char *path)
{
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) == SQLITE_OK) {
        sqlite3_exec(db,
                     "select count(*) from sqlite_schema;"
                     "pragma journal_mode = delete",
                     NULL, NULL, NULL);
    }
    sqlite3_close(db);
}

/* One file is left, unless somebody reads it just now and goes on doing so: it
 * is valid with its log, too. */
static void fold_log(TraceStore *ts)
{
    enum { PATIENCE_MS = 2000 };
    sqlite3_busy_timeout(ts->db, PATIENCE_MS);
    int rc =
        sqlite3_exec(ts->db, "pragma journal_mode = delete", NULL, NULL, NULL);
    if ((rc & 0xff) != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY &&
        (rc & 0xff) != SQLITE_LOCKED) {
        store_fail(ts, rc);
    }
}

bool store_finish(TraceStore *ts, Error **errp)
{
    summary_finish(ts);
    store_script(ts, "commit");
    bool ok = !ts->error;
    if (ok) {
        fold_log(ts);
        ok = !ts->error;
    }
    char *path = NULL;
    if (!ok) {
        sqlite3_exec(ts->db, "rollback", NULL, NULL, NULL);
        pass_error(ts, errp);
        path = ts->path;
        ts->path = NULL;
    }
    store_free(ts);
    if (path) {
        leave_whole(path);
        free(path);
    }
    return ok;
}

bool trace_close(TraceStore *ts, Error **errp)
{
    trace_keep_now(ts);
    handover_stop(ts);
    dictionary_seal_symbols(ts);
    trace_set_run_number(ts, "complete", 1);
    return store_finish(ts, errp);
}
