/*
 * report_json.c - the report as JSON: every metric with its SQL and its cells,
 * unrounded, what `run` says, and the invariants.
 */
#include <string.h>

#include "traces/report.h"

static bool json_metric(Report *r, sqlite3_stmt *row)
{
    const char *name = (const char *)sqlite3_column_text(row, 0);
    const char *sql = (const char *)sqlite3_column_text(row, 3);
    sqlite3_stmt *stmt = query_prepare(r->db, r->path, sql ? sql : "", r->errp);
    if (!stmt) {
        return error_prepend(r->errp, "metric %s: ", name ? name : "?");
    }
    static const char *const keys[] = {"name", "unit", "definition", "sql",
                                       "exactness"};
    for (int c = 0; c < 5; c++) {
        fprintf(r->out, "%s\"%s\": ", c ? ", " : "", keys[c]);
        format_json_value(r->out, row, c);
    }
    int columns = sqlite3_column_count(stmt), rc;
    if (columns == 1) {
        rc = sqlite3_step(stmt);
        fputs(", \"value\": ", r->out);
        if (rc == SQLITE_ROW) {
            format_json_value(r->out, stmt, 0);
            rc = SQLITE_DONE;
        } else {
            fputs("null", r->out);
        }
    } else {
        fputs(", \"columns\": [", r->out);
        for (int c = 0; c < columns; c++) {
            const char *column = sqlite3_column_name(stmt, c);
            fputs(c ? ", " : "", r->out);
            format_json_string(r->out, column ? column : "",
                               column ? strlen(column) : 0);
        }
        fputs("], \"rows\": [", r->out);
        const char *between = "";
        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
            fprintf(r->out, "%s\n      [", between);
            between = ",";
            for (int c = 0; c < columns; c++) {
                fputs(c ? ", " : "", r->out);
                format_json_value(r->out, stmt, c);
            }
            putc(']', r->out);
        }
        putc(']', r->out);
    }
    bool ok =
        rc == SQLITE_DONE || report_metric_failed(r, name ? name : "?", rc);
    sqlite3_finalize(stmt);
    return ok;
}

static bool json_metrics(Report *r)
{
    sqlite3_stmt *row = query_prepare(
        r->db, r->path,
        "select name, unit, definition, sql, exactness from metric "
        "order by name",
        r->errp);
    if (!row) {
        return false;
    }
    fputs("  \"metrics\": [", r->out);
    const char *between = "";
    bool ok = true;
    int rc = SQLITE_DONE;
    while (ok && (rc = sqlite3_step(row)) == SQLITE_ROW) {
        fprintf(r->out, "%s\n    {", between);
        between = ",";
        ok = json_metric(r, row);
        putc('}', r->out);
    }
    fputs("\n  ]", r->out);
    sqlite3_finalize(row);
    return ok && (rc == SQLITE_DONE || query_fail(r->errp, r->path, r->db, rc));
}

/* "title": [rows of sql as objects] */
static bool json_rows(Report *r, const char *title, const char *sql)
{
    sqlite3_stmt *stmt = query_prepare(r->db, r->path, sql, r->errp);
    if (!stmt) {
        return false;
    }
    fprintf(r->out, "  \"%s\": ", title);
    int rc = format_json(stmt, r->out);
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE || query_fail(r->errp, r->path, r->db, rc);
}

bool report_json(Report *r)
{
    fputs("{\n", r->out);
    bool ok = json_rows(r, "run", "select key, value from run order by key");
    fputs(",\n", r->out);
    ok = ok && json_metrics(r);
    fputs(",\n", r->out);
    ok = ok && json_rows(r, "checks",
                         "select name, ok, detail from "
                         "check_result");
    fputs("}\n", r->out);
    return ok;
}
