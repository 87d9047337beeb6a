/*
 * inputs.c - see inputs.h.
 *
 * Units    ps.
 */
#include "traces/inputs.h"

#include "traces/store.h"

static bool read_rows(sqlite3 *db, sqlite3_stmt *stmt, const char *path,
                      TraceInputFn *fn, void *opaque, Error **errp)
{
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t time_ps = sqlite3_column_int64(stmt, 0);
        const char *device = (const char *)sqlite3_column_text(stmt, 1);
        const void *bytes = sqlite3_column_blob(stmt, 2);
        int len = sqlite3_column_bytes(stmt, 2);
        if (time_ps < 0 || !device) {
            return error_set(errp,
                             "%s: its table input has a row without a time or "
                             "device; name a database of `socscope run`",
                             path);
        }
        if (!fn(opaque, (uint64_t)time_ps, device, bytes, (size_t)len, errp)) {
            return false;
        }
    }
    return rc == SQLITE_DONE || query_fail(errp, path, db, rc);
}

bool trace_inputs(const char *path, TraceInputFn *fn, void *opaque,
                  Error **errp)
{
    sqlite3 *db = trace_open_existing(path, errp);
    if (!db) {
        return false;
    }
    uint64_t steps = query_steps(path);
    query_limit(db, &steps);
    sqlite3_stmt *stmt = query_prepare(
        db, path, "select time, device, bytes from input order by rowid", errp);
    bool ok = stmt && read_rows(db, stmt, path, fn, opaque, errp);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return ok;
}
