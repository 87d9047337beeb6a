/*
 * query.c - reading a run's database: opening what a user names, one SELECT at
 * a time.
 *
 * Model    The file may be anything: missing, foreign, damaged, hostile. It is
 *          opened read-only; statements may not write, attach or change
 *          settings.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "traces/reader.h"
#include "traces/store.h"

/* -- errors --------------------------------------------------------------- */

/* Copies text without line ends and control characters. */
static void one_line(char *to, size_t size, const char *text)
{
    size_t n = 0;
    for (; *text && n + 1 < size; text++) {
        unsigned char c = (unsigned char)*text;
        to[n++] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    to[n] = 0;
}

bool query_fail(Error **errp, const char *path, sqlite3 *db, int rc)
{
    char text[512];
    one_line(text, sizeof(text), db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return error_set(errp,
                         "%s: the database is damaged (%s); run the simulation "
                         "again",
                         path, text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(
            errp, "%s: a run is writing it; wait until it has ended", path);
    case SQLITE_INTERRUPT:
        return error_set(errp,
                         "%s: a query takes too long for a database that "
                         "socscope wrote; run the simulation again",
                         path);
    case SQLITE_AUTH:
        return error_set(errp,
                         "%s: the database is open for reading only; give one "
                         "SELECT statement",
                         path);
    case SQLITE_ERROR:
        if (strncmp(text, "tx_group: ", 10) == 0) { /* says what to give */
            return error_set(errp, "%s: %s", path, text);
        }
        return error_set(errp,
                         "%s: %s; the tables are listed by \"select name from "
                         "sqlite_schema\"",
                         path, text);
    default: return error_set(errp, "%s: %s; is it readable?", path, text);
    }
}

/* -- endless queries ------------------------------------------------------- */

enum { STEPS_AT_ONCE = 1000, STEPS_TO_OPEN = 1000000 };

static int count_steps(void *opaque)
{
    uint64_t *left = opaque;
    if (*left < STEPS_AT_ONCE) {
        return 1;
    }
    *left -= STEPS_AT_ONCE;
    return 0;
}

void query_limit(sqlite3 *db, uint64_t *steps)
{
    sqlite3_progress_handler(db, STEPS_AT_ONCE, count_steps, steps);
}

uint64_t query_steps(const char *path)
{
    enum { ANY = 1000000, PER_BYTE = 4 }; /* measured: 70000, 0.5 */
    struct stat st;
    uint64_t bytes = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    return ANY + PER_BYTE * bytes;
}

bool query_within(Error **errp, const char *path, sqlite3 *db, uint64_t steps)
{
    return steps >= STEPS_AT_ONCE ||
           query_fail(errp, path, db, SQLITE_INTERRUPT);
}

bool query_read_fail(Error **errp, const char *path, sqlite3 *db,
                     uint64_t steps)
{
    if (steps >= STEPS_AT_ONCE) {
        return error_prepend(errp, "%s: ", path);
    }
    error_free(*errp);
    *errp = NULL;
    return query_fail(errp, path, db, SQLITE_INTERRUPT);
}

/* -- opening -------------------------------------------------------------- */

/* The head of the file: 1 ours, 0 another SQLite database, -1 something else.
 */
static int file_sort(const char *path)
{
    unsigned char head[100];
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(head, 1, sizeof(head), f) : 0;
    if (f) {
        fclose(f);
    }
    if (n < sizeof(head) || memcmp(head, "SQLite format 3", 16) != 0) {
        return -1;
    }
    uint32_t id = (uint32_t)head[68] << 24 | (uint32_t)head[69] << 16 |
                  (uint32_t)head[70] << 8 | head[71];
    return id == TRACE_APPLICATION_ID;
}

bool query_is_ours(const char *path)
{
    return file_sort(path) == 1;
}

static bool check_file(const char *path, Error **errp)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return error_set(errp,
                         "%s: %s; give the run.db of a run made by `socscope "
                         "run -o DIR`",
                         path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return error_set(
            errp, "%s: is %s; give the run.db inside the folder of a run", path,
            S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
    }
    FILE *f = fopen(path, "rb");
    if (!f) {
        return error_set(errp, "%s: %s; make it readable", path,
                         strerror(errno));
    }
    fclose(f);
    int sort = file_sort(path);
    if (sort < 0) {
        return error_set(errp,
                         "%s: is not a SQLite database; give the run.db of a "
                         "run",
                         path);
    }
    if (sort == 0) {
        return error_set(errp,
                         "%s: is a SQLite database that socscope did not "
                         "write; give the run.db of a run",
                         path);
    }
    return true;
}

static int may_read(void *opaque, int action, const char *a, const char *b,
                    const char *database, const char *trigger)
{
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION:
        return b && strcmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA: {
        static const char *const harmless[] = {
            "table_info",     "table_xinfo",     "table_list",
            "database_list",  "integrity_check", "quick_check",
            "application_id", "user_version",    "schema_version",
            "page_count",     "page_size",       "function_list"};
        for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
            bool takes_table = i < 3 || i == 4 || i == 5;
            if (a && strcmp(a, harmless[i]) == 0 && (!b || takes_table)) {
                return SQLITE_OK;
            }
        }
        return SQLITE_DENY;
    }
    default: return SQLITE_DENY;
    }
}

/* A killed run leaves a journal behind; rolling it back needs to write. */
static sqlite3 *open_rolled_back(const char *path, int *rc)
{
    sqlite3 *db = NULL;
    int flags[] = {SQLITE_OPEN_READONLY, SQLITE_OPEN_READWRITE};
    for (unsigned i = 0; i < 2; i++) {
        *rc = sqlite3_open_v2(path, &db, flags[i] | SQLITE_OPEN_NOMUTEX, NULL);
        if (*rc == SQLITE_OK) {
            sqlite3_busy_timeout(db, 2000); /* its run is just being closed */
            *rc = sqlite3_exec(db, "select count(*) from sqlite_schema", NULL,
                               NULL, NULL);
        }
        bool again = i == 0 && (*rc == SQLITE_READONLY_ROLLBACK ||
                                (*rc & 0xff) == SQLITE_READONLY ||
                                (*rc & 0xff) == SQLITE_CANTOPEN);
        if (!again) {
            break;
        }
        sqlite3_close(db);
        db = NULL;
    }
    return db;
}

/* The version of the schema: -1 when there is none. */
static int64_t schema_version(sqlite3 *db, int *rc)
{
    sqlite3_stmt *stmt = NULL;
    int64_t version = -1;
    *rc = sqlite3_prepare_v2(
        db, "select value from run where key = 'schema_version'", -1, &stmt,
        NULL);
    if (*rc == SQLITE_OK) {
        *rc = sqlite3_step(stmt);
        if (*rc == SQLITE_ROW) {
            version = sqlite3_column_int64(stmt, 0);
            *rc = SQLITE_OK;
        } else if (*rc == SQLITE_DONE) {
            *rc = SQLITE_OK;
        }
    }
    sqlite3_finalize(stmt);
    return version;
}

static bool check_version(const char *path, sqlite3 *db, Error **errp)
{
    int rc;
    int64_t version = schema_version(db, &rc);
    if ((rc & 0xff) != SQLITE_OK && (rc & 0xff) != SQLITE_ERROR) {
        return query_fail(errp, path, db, rc);
    }
    if (version < 1) {
        return error_set(errp,
                         "%s: has no table `run` with a schema version; run "
                         "the simulation again",
                         path);
    }
    if (version > TRACE_SCHEMA_VERSION) {
        return error_set(errp,
                         "%s: is of schema version %lld, this program reads up "
                         "to %d; use a newer socscope",
                         path, (long long)version, TRACE_SCHEMA_VERSION);
    }
    return true;
}

/* A table that older files do not have is an empty one. */
static void add_missing(sqlite3 *db)
{
    if (sqlite3_table_column_metadata(db, "main", "cache_level", NULL, NULL,
                                      NULL, NULL, NULL, NULL) != SQLITE_OK) {
        sqlite3_exec(db,
                     "create temp table cache_level(cache text, part text,"
                     " accesses integer, hits integer, misses integer,"
                     " bytes integer, initiator_id integer)",
                     NULL, NULL, NULL);
    }
}

sqlite3 *trace_open_existing(const char *path, Error **errp)
{
    if (!check_file(path, errp)) {
        return NULL;
    }
    int rc;
    sqlite3 *db = open_rolled_back(path, &rc);
    bool ok = rc == SQLITE_OK && (rc = vtab_register(db)) == SQLITE_OK;
    uint64_t steps = STEPS_TO_OPEN;
    if (ok) {
        query_limit(db, &steps);
    }
    if (!ok) {
        query_fail(errp, path, db, rc);
    } else {
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        add_missing(db);
        sqlite3_exec(db, "pragma query_only = on", NULL, NULL, NULL);
        sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 64 << 20);
        /* The authorizer would take the making of these tables for a change of
         * the database: they are made now. */
        sqlite3_exec(db, "select 1 from tx, beat, tx_group limit 0", NULL, NULL,
                     NULL);
        sqlite3_set_authorizer(db, may_read, NULL);
        ok = check_version(path, db, errp);
        sqlite3_progress_handler(db, 0, NULL, NULL);
    }
    if (!ok) {
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

/* -- statements ----------------------------------------------------------- */

sqlite3_stmt *query_prepare(sqlite3 *db, const char *path, const char *sql,
                            Error **errp)
{
    sqlite3_stmt *stmt = NULL, *second = NULL;
    const char *rest = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, &rest);
    if (rc != SQLITE_OK) {
        query_fail(errp, path, db, rc);
        return NULL;
    }
    if (!stmt) {
        error_set(errp, "%s: the SQL is empty; give one SELECT statement",
                  path);
        return NULL;
    }
    bool more = sqlite3_prepare_v2(db, rest, -1, &second, NULL) != SQLITE_OK ||
                second != NULL;
    sqlite3_finalize(second);
    if (more) {
        error_set(errp,
                  "%s: more than one statement; give one SELECT statement",
                  path);
    } else if (!sqlite3_stmt_readonly(stmt) || !sqlite3_column_count(stmt)) {
        error_set(errp,
                  "%s: the statement gives no rows; give one SELECT statement",
                  path);
    } else {
        return stmt;
    }
    sqlite3_finalize(stmt);
    return NULL;
}

bool query_is_private(const char *table)
{
    return !strcmp(table, "record_site") || !strcmp(table, "mmio_row") ||
           !strncmp(table, "chunk", 5) || !strncmp(table, "sqlite_", 7);
}

bool query_has_chunks(sqlite3 *db)
{
    char *tx = query_text(db,
                          "select 1 from sqlite_schema where lower(name) ="
                          " 'tx'",
                          NULL);
    char *chunks = query_text(db,
                              "select 1 from sqlite_schema where name ="
                              " 'chunk_data'",
                              NULL);
    bool has = !tx && chunks;
    free(tx);
    free(chunks);
    return has;
}

char *query_text(sqlite3 *db, const char *sql, const char *arg)
{
    sqlite3_stmt *stmt = NULL;
    char *text = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) {
        if (arg) {
            sqlite3_bind_text(stmt, 1, arg, -1, SQLITE_STATIC);
        }
        if (sqlite3_step(stmt) == SQLITE_ROW &&
            sqlite3_column_type(stmt, 0) != SQLITE_NULL) {
            const char *value = (const char *)sqlite3_column_text(stmt, 0);
            text = value ? strdup(value) : NULL;
        }
    }
    sqlite3_finalize(stmt);
    return text;
}

bool query_printed(Error **errp, const char *path, sqlite3 *db, int rc,
                   FILE *out)
{
    if (fflush(out) != 0 || ferror(out)) {
        return error_set(errp, "the output cannot be written: %s",
                         strerror(errno));
    }
    return rc == SQLITE_DONE || query_fail(errp, path, db, rc);
}

/* -- one SELECT --------------------------------------------------------------
 */

bool trace_sql(const char *path, const char *sql, TraceFormat format, FILE *out,
               Error **errp)
{
    sqlite3 *db = trace_open_existing(path, errp);
    if (!db) {
        return false;
    }
    sqlite3_stmt *stmt = query_prepare(db, path, sql, errp);
    bool ok = stmt != NULL;
    if (ok) {
        int rc = format == TRACE_TABLE ? format_table(stmt, out)
                 : format == TRACE_JSON
                     ? format_json(stmt, out)
                     : format_csv(stmt, format == TRACE_CSV_UNITS, out);
        ok = query_printed(errp, path, db, rc, out);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return ok;
}
