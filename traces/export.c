/*
 * export.c - the rows of a table as text, and a whole database as plain tables
 * for tools that do not know ours.
 *
 * Model    Rows are copied as they come: memory does not grow with them, but
 *          for a bit per transaction when only some are wanted. A new database
 *          is written beside its place and moved there when it is whole.
 * Missing  Summaries of the chosen transactions alone: they stay those of the
 *          whole run, but for tx_site.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "traces/store.h"

/* -- tables ---------------------------------------------------------------- */

/* Steps to the next table; NULL at the end. */
static const char *next_table(sqlite3_stmt *list)
{
    while (sqlite3_step(list) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(list, 1);
        const char *type = (const char *)sqlite3_column_text(list, 2);
        if (name && type && strcmp(type, "shadow") != 0 &&
            !query_is_private(name)) {
            return name;
        }
    }
    return NULL;
}

/* Virtual tables, which no list of tables has; plain ones once expanded. */
static bool is_rows(const char *table)
{
    return !strcmp(table, "tx") || !strcmp(table, "beat");
}

static const char tables_sql[] = "pragma table_list";

/* False: there is none of that name; *errp names those there are. */
static bool find_table(sqlite3 *db, const char *path, const char *table,
                       Error **errp)
{
    sqlite3_stmt *list = query_prepare(db, path, tables_sql, errp);
    if (!list) {
        return false;
    }
    char names[1024] = "tx, beat";
    bool found = is_rows(table);
    for (const char *name; !found && (name = next_table(list));) {
        size_t n = strlen(names);
        if (!is_rows(name)) {
            snprintf(names + n, sizeof(names) - n, ", %s", name);
        }
        found = !strcmp(name, table);
    }
    sqlite3_finalize(list);
    return found ||
           error_set(errp, "%s: there is no table %s; the tables are %s", path,
                     table, names);
}

/* Is rowid among the columns that * gives of tx? */
static bool shows_rowid(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    bool shows = false;
    sqlite3_prepare_v2(db, "select * from tx", -1, &stmt, NULL);
    for (int c = 0; stmt && c < sqlite3_column_count(stmt); c++) {
        const char *name = sqlite3_column_name(stmt, c);
        shows |= name && !strcmp(name, "rowid");
    }
    sqlite3_finalize(stmt);
    return shows;
}

/* The SELECT of the rows that are wanted; NULL: *errp is set. */
static sqlite3_stmt *open_rows(sqlite3 *db, const char *path, const char *table,
                               const char *where, Error **errp)
{
    bool is_tx = !strcmp(table, "tx");
    const char *columns = is_tx && !shows_rowid(db) ? "rowid, *" : "*";
    char *sql =
        sqlite3_mprintf("select %s from \"%w\"%s%s%s%s", columns, table,
                        where ? " where (" : "", where ? where : "",
                        where ? "\n)" : "", is_tx ? " order by rowid" : "");
    Error *local = NULL;
    sqlite3_stmt *stmt = sql ? query_prepare(db, path, sql, &local) : NULL;
    sqlite3_free(sql);
    if (!stmt && where) {
        error_free(local);
        error_set(errp,
                  "--where \"%s\": %s; give an SQL expression over the columns "
                  "of %s",
                  where,
                  sqlite3_errcode(db) ? sqlite3_errmsg(db)
                                      : "is more than an expression",
                  table);
    } else if (!stmt) {
        error_set(errp, "%s",
                  local ? error_message(local) : "the host has no memory left");
        error_free(local);
    }
    return stmt;
}

/* -- export ---------------------------------------------------------------- */

bool trace_export(const char *path, const char *table, const char *where,
                  TraceExportFormat format, FILE *out, Error **errp)
{
    sqlite3 *db = trace_open_existing(path, errp);
    if (!db) {
        return false;
    }
    sqlite3_stmt *stmt = NULL;
    bool ok = find_table(db, path, table, errp);
    if (ok) {
        stmt = open_rows(db, path, table, where, errp);
        ok = stmt != NULL;
    }
    if (ok) {
        int rc = format == TRACE_EXPORT_CSV ? format_csv(stmt, false, out)
                                            : format_jsonl(stmt, out);
        ok = query_printed(errp, path, db, rc, out);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return ok;
}

/* -- expand ---------------------------------------------------------------- */

typedef struct Expand {
    const char *path, *to, *where;
    char *part; /* beside `to` */
    sqlite3 *from, *db;
    uint8_t *wanted; /* a bit per row of tx; NULL: all are */
    int64_t bits;
    Error **errp;
} Expand;

static bool cannot_write(Expand *e, int rc)
{
    return error_set(e->errp,
                     "%s: cannot be written (%s); is the disk full, or the "
                     "folder read-only?",
                     e->to, e->db ? sqlite3_errmsg(e->db) : sqlite3_errstr(rc));
}

static bool write_sql(Expand *e, const char *sql)
{
    int rc = sql ? sqlite3_exec(e->db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
    return rc == SQLITE_OK || cannot_write(e, rc);
}

static bool want(Expand *e, int64_t row)
{
    if (row < 0 || row > INT64_C(1) << 40) {
        return error_set(e->errp,
                         "%s: the database is damaged (a row has "
                         "number %lld); run the simulation again",
                         e->path, (long long)row);
    }
    if (row >= e->bits) {
        int64_t bits = 2 * row + (1 << 16);
        uint8_t *grown = realloc(e->wanted, (size_t)(bits / 8));
        if (!grown) {
            return error_set(e->errp, "the host has no memory left");
        }
        memset(grown + e->bits / 8, 0, (size_t)((bits - e->bits) / 8));
        e->wanted = grown;
        e->bits = bits;
    }
    e->wanted[row / 8] |= (uint8_t)(1u << (row % 8));
    return true;
}

static bool is_wanted(const Expand *e, int64_t row)
{
    return row >= 0 && row < e->bits && (e->wanted[row / 8] >> (row % 8) & 1);
}

/* create table NAME(columns as `rows` has them); the INSERT in *insert. */
static bool create(Expand *e, const char *table, sqlite3_stmt *rows,
                   sqlite3_stmt **insert)
{
    sqlite3_str *make = sqlite3_str_new(NULL), *put = sqlite3_str_new(NULL);
    sqlite3_str_appendf(make, "create table \"%w\"(", table);
    sqlite3_str_appendf(put, "insert into \"%w\" values(", table);
    for (int c = 0; c < sqlite3_column_count(rows); c++) {
        const char *name = sqlite3_column_name(rows, c);
        const char *type = sqlite3_column_decltype(rows, c);
        bool rowid = name && !strcmp(name, "rowid");
        sqlite3_str_appendf(make, "%s\"%w\" %s", c ? ", " : "",
                            name ? name : "",
                            rowid  ? "integer primary key"
                            : type ? type
                                   : "");
        sqlite3_str_appendall(put, c ? ",?" : "?");
    }
    sqlite3_str_appendall(make, ")");
    sqlite3_str_appendall(put, ")");
    char *make_sql = sqlite3_str_finish(make);
    char *put_sql = sqlite3_str_finish(put);
    bool ok = write_sql(e, make_sql);
    if (ok) {
        int rc = put_sql ? sqlite3_prepare_v2(e->db, put_sql, -1, insert, NULL)
                         : SQLITE_NOMEM;
        ok = rc == SQLITE_OK || cannot_write(e, rc);
    }
    sqlite3_free(make_sql);
    sqlite3_free(put_sql);
    return ok;
}

static bool put_row(Expand *e, sqlite3_stmt *rows, sqlite3_stmt *insert)
{
    for (int c = 0; c < sqlite3_column_count(rows); c++) {
        sqlite3_bind_value(insert, c + 1, sqlite3_column_value(rows, c));
    }
    int rc = sqlite3_step(insert);
    sqlite3_reset(insert);
    return rc == SQLITE_DONE || cannot_write(e, rc);
}

/* Which column of `rows` is the number of a transaction; -1: none. */
static int tx_column(const char *table, sqlite3_stmt *rows)
{
    const char *number = !strcmp(table, "tx") ? "rowid" : "tx";
    for (int c = 0; c < sqlite3_column_count(rows); c++) {
        const char *name = sqlite3_column_name(rows, c);
        if (name && !strcmp(name, number)) {
            return c;
        }
    }
    return -1;
}

/* Somebody wants us to end: a signal that is held back has come. */
static bool interrupted(void)
{
    sigset_t set;
    return sigpending(&set) == 0 &&
           (sigismember(&set, SIGINT) || sigismember(&set, SIGTERM));
}

static bool copy_table(Expand *e, const char *table)
{
    bool is_tx = !strcmp(table, "tx");
    sqlite3_stmt *insert = NULL;
    sqlite3_stmt *rows =
        open_rows(e->from, e->path, table, is_tx ? e->where : NULL, e->errp);
    bool ok = rows && create(e, table, rows, &insert);
    int number = ok && e->where ? tx_column(table, rows) : -1;
    int rc = SQLITE_DONE;
    for (uint64_t n = 0; ok && (rc = sqlite3_step(rows)) == SQLITE_ROW; n++) {
        int64_t row = number >= 0 ? sqlite3_column_int64(rows, number) : 0;
        if (number >= 0 && !is_tx && !is_wanted(e, row)) {
            continue;
        }
        ok = (number < 0 || !is_tx || want(e, row)) && put_row(e, rows, insert);
        if (ok && n % 4096 == 0 && interrupted()) {
            ok = error_set(e->errp, "%s: interrupted; nothing was written",
                           e->to);
        }
    }
    sqlite3_finalize(rows);
    sqlite3_finalize(insert);
    return ok &&
           (rc == SQLITE_DONE || query_fail(e->errp, e->path, e->from, rc));
}

static const char site_totals[] =
    "delete from tx_site;"
    "insert into tx_site(site, accesses, errors, bytes, beats, wait_cycles,"
    " bus_cycles, target_cycles, unaligned, split, unaligned_beats,"
    " unaligned_cycles) select site, count(*), sum(result <> 'ok'),"
    " sum(size), sum(beats), sum(wait_cycles), sum(bus_cycles),"
    " sum(target_cycles), sum(u), sum(instr(flags, 'split') > 0),"
    " sum(beats * u), sum((wait_cycles + bus_cycles + target_cycles) * u)"
    " from (select *, instr(flags, 'unaligned') > 0 as u from tx)"
    " group by site";

static bool copy_tables(Expand *e)
{
    if (!copy_table(e, "tx") || !copy_table(e, "beat")) {
        return false;
    }
    sqlite3_stmt *list = query_prepare(e->from, e->path, tables_sql, e->errp);
    bool ok = list != NULL;
    for (const char *name; ok && (name = next_table(list));) {
        ok = is_rows(name) || copy_table(e, name);
    }
    sqlite3_finalize(list);
    return ok;
}

/* What the file says of itself. */
static bool mark(Expand *e)
{
    char *sql =
        sqlite3_mprintf("insert or replace into run values('expanded', '%q');"
                        "pragma application_id = %d; pragma user_version = %d",
                        e->where ? e->where : "all", TRACE_APPLICATION_ID,
                        TRACE_SCHEMA_VERSION);
    bool ok = write_sql(e, sql) && (!e->where || write_sql(e, site_totals));
    sqlite3_free(sql);
    return ok;
}

static bool write_part(Expand *e)
{
    int rc = sqlite3_open_v2(
        e->part, &e->db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        return cannot_write(e, rc);
    }
    /* Nobody sees the file before it is whole: a journal would protect nothing.
     */
    return write_sql(e, "pragma page_size = 16384; pragma journal_mode = off;"
                        " pragma synchronous = off; begin") &&
           copy_tables(e) && mark(e) && write_sql(e, "commit");
}

static bool expand(Expand *e)
{
    e->part = sqlite3_mprintf("%s.part-%d", e->to, (int)getpid());
    if (!e->part) {
        return error_set(e->errp, "the host has no memory left");
    }
    bool ok = write_part(e);
    sqlite3_close(e->db);
    e->db = NULL;
    if (ok && rename(e->part, e->to) != 0) {
        ok = error_set(e->errp, "%s: %s; give a file that can be written",
                       e->to, strerror(errno));
    }
    if (!ok) {
        unlink(e->part);
    }
    return ok;
}

/* Two names of one file. */
static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

bool trace_expand(const char *path, const char *to, const char *where,
                  Error **errp)
{
    if (same_file(path, to)) {
        return error_set(errp, "%s: is what is expanded; give another name",
                         to);
    }
    Expand e = {.path = path, .to = to, .where = where, .errp = errp};
    e.from = trace_open_existing(path, errp);
    if (!e.from) {
        return false;
    }
    sigset_t hold, before;
    sigemptyset(&hold);
    sigaddset(&hold, SIGINT);
    sigaddset(&hold, SIGTERM);
    sigprocmask(SIG_BLOCK, &hold, &before);
    bool ok = expand(&e);
    sigprocmask(SIG_SETMASK, &before, NULL); /* now it ends us, if it came */
    sqlite3_close(e.from);
    sqlite3_free(e.part);
    free(e.wanted);
    return ok;
}
