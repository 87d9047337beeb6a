/*
 * check.c - does a database agree with itself: the invariants, computed anew
 * from the rows.
 *
 * Model    tx and beat are walked once: through their chunks, or in the order
 *          of rows where they are plain tables. What is kept are sums per site
 *          and per initiator, and of plain tables two bits per transaction. Of
 *          these, that the beats of every transaction add up is seen from sums
 *          weighted with a hash of the transaction's number, which no order of
 *          the beats changes; only when they differ is the first transaction
 *          looked for.
 * Units    times are ps, cycles those of the initiator's clock.
 * Missing  That a value read is the one written before.
 */
#include "traces/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* -- results --------------------------------------------------------------- */

void check_say(Check *c, const char *name, Verdict v, const char *detail)
{
    static const char *const word[] = {"ok", "FAILED", "skipped"};
    static const char *const json[] = {"true", "false", "null"};
    c->failed += v == FAILS;
    if (c->json) {
        fprintf(c->out, "%s\n  {\"name\": ", c->printed ? "," : "[");
        format_json_string(c->out, name, strlen(name));
        fprintf(c->out, ", \"ok\": %s, \"detail\": ", json[v]);
        format_json_string(c->out, detail, strlen(detail));
        putc('}', c->out);
    } else {
        fprintf(c->out, "%-7s  %s%s", word[v], name, *detail ? ": " : "");
        for (const char *p = detail; *p; p++) {
            putc((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p, c->out);
        }
        putc('\n', c->out);
    }
    c->printed++;
}

void check_holds_unless(Check *c, const char *name, const char *bad)
{
    check_say(c, name, *bad ? FAILS : HOLDS, bad);
}

/* Keeps the first text. */
void check_bad(char *to, const char *fmt, ...)
{
    if (!*to) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(to, 128, fmt, ap);
        va_end(ap);
    }
}

sqlite3_stmt *check_prepare(Check *c, const char *sql)
{
    return query_prepare(c->db, c->path, sql, c->errp);
}

bool check_done(Check *c, int rc)
{
    return rc == SQLITE_DONE || query_fail(c->errp, c->path, c->db, rc);
}

bool check_no_memory(Check *c)
{
    return error_set(c->errp, "the host has no memory left");
}

/* Holds when the SQL has no row; else the first says why not. */
static bool check_sql(Check *c, const char *name, const char *sql)
{
    sqlite3_stmt *stmt = check_prepare(c, sql);
    if (!stmt) {
        return false;
    }
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        check_say(c, name, FAILS, text ? text : "?");
    } else if (rc == SQLITE_DONE) {
        check_say(c, name, HOLDS, "");
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW || check_done(c, rc);
}

/* -- dictionaries ---------------------------------------------------------- */

static bool read_initiators(Check *c)
{
    sqlite3_stmt *stmt =
        check_prepare(c, "select i.id, coalesce(c.hz, 0) from initiator i"
                         " left join clock c on c.id = i.clock_id");
    int rc = SQLITE_ERROR;
    while (stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(stmt, 0);
        int64_t hz = sqlite3_column_int64(stmt, 1);
        if (id > 0 && id < MAX_IDS) {
            c->initiator[id].there = true;
            if (hz > 0 && hz <= INT64_C(1000000000000)) {
                clock_init(&c->initiator[id].clock, "", (uint64_t)hz);
            }
        }
    }
    sqlite3_finalize(stmt);
    return stmt && check_done(c, rc);
}

static bool read_regions(Check *c)
{
    sqlite3_stmt *stmt = check_prepare(c, "select id, type = 'io' from region");
    int rc = SQLITE_ERROR;
    while (stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(stmt, 0);
        if (id > 0 && id < MAX_IDS) {
            c->region[id] = sqlite3_column_int64(stmt, 1) ? 3 : 1;
        }
    }
    sqlite3_finalize(stmt);
    return stmt && check_done(c, rc);
}

uint32_t check_id(sqlite3_stmt *stmt, int column)
{
    int64_t id = sqlite3_column_int64(stmt, column);
    return id > 0 && id < MAX_IDS ? (uint32_t)id : 0;
}

static bool read_sites(Check *c)
{
    sqlite3_stmt *stmt = check_prepare(
        c, "select id, initiator_id, kind_id, coalesce(region_id, 0), size,"
           " dir from site order by id");
    int rc = SQLITE_ERROR;
    int64_t capacity = 0;
    bool ok = stmt != NULL;
    while (ok && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(stmt, 0);
        if (id < 1 || id > 4 * c->sites + (1 << 20)) {
            check_bad(c->bad_id, "site %" PRId64 " is no number of a site", id);
            continue;
        }
        if (id >= capacity) {
            capacity = 2 * id + 1024;
            CheckSite *grown =
                realloc(c->site, (size_t)capacity * sizeof(*grown));
            ok = grown || check_no_memory(c);
            c->site = grown ? grown : c->site;
        }
        for (; ok && c->sites <= id; c->sites++) {
            c->site[c->sites] = (CheckSite){0};
        }
        if (ok) {
            CheckSite *s = &c->site[id];
            const char *dir = (const char *)sqlite3_column_text(stmt, 5);
            s->there = true;
            s->initiator = check_id(stmt, 1);
            s->kind = (uint32_t)sqlite3_column_int64(stmt, 2);
            s->region = check_id(stmt, 3);
            s->size = (uint32_t)sqlite3_column_int64(stmt, 4);
            snprintf(s->dir, sizeof(s->dir), "%s", dir ? dir : "");
        }
    }
    sqlite3_finalize(stmt);
    return ok && check_done(c, rc);
}

/* -- what SQL says --------------------------------------------------------- */

static const char integrity_sql[] = "pragma integrity_check(1)";

static bool check_file(Check *c)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(c->db, integrity_sql, -1, &s, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(s) : rc;
    bool row = rc == SQLITE_ROW;
    c->damaged = true;
    const char *text = row ? (const char *)sqlite3_column_text(s, 0) : NULL;
    if (row) {
        c->damaged = !text || strcmp(text, "ok") != 0;
        check_holds_unless(c, "file", !c->damaged ? "" : text ? text : "?");
    }
    sqlite3_finalize(s);
    return row || query_fail(c->errp, c->path, c->db, rc);
}

static const char sites_sql[] =
    "select printf('site %d names %s that is not there', s.id,"
    " case when i.id is null then 'an initiator' when k.id is null then"
    " 'a kind' when r.id is null and s.region_id is not null then 'a region'"
    " when b.id is null and s.bus_id is not null then 'a bus'"
    " else 'a symbol' end) from site s"
    " left join initiator i on i.id = s.initiator_id"
    " left join kind k on k.id = s.kind_id"
    " left join region r on r.id = s.region_id"
    " left join bus b on b.id = s.bus_id"
    " left join symbol y on y.id = s.symbol_id"
    " where i.id is null or k.id is null"
    " or (r.id is null and s.region_id is not null)"
    " or (b.id is null and s.bus_id is not null)"
    " or (y.id is null and s.symbol_id is not null)";

static bool check_summaries(Check *c)
{
    if (!c->complete) {
        check_say(c, "totals", SKIPPED, check_why_not_whole(c));
        return true;
    }
    for (const Invariant *i = total_invariants; i->name; i++) {
        if (!check_sql(c, i->name, i->sql)) {
            return false;
        }
    }
    return check_sql(c, "checks at close",
                     "select name || ': ' || detail from check_result"
                     " where not ok") &&
           check_sql(c, "nothing dropped",
                     "select value || ' transactions were dropped' from run"
                     " where key = 'dropped' and value <> 0");
}

/* -- entry ----------------------------------------------------------------- */

static bool flag(Check *c, const char *sql)
{
    char *text = query_text(c->db, sql, NULL);
    bool set = text && strcmp(text, "0") != 0;
    free(text);
    return set;
}

static bool check(Check *c)
{
    c->initiator = calloc(MAX_IDS, sizeof(*c->initiator));
    c->region = calloc(MAX_IDS, 1);
    if (!c->initiator || !c->region) {
        return check_no_memory(c);
    }
    c->complete = flag(c, "select value from run where key = 'complete'");
    c->beats = flag(c, "select value from run where key = 'beats_recorded'");
    c->whole = c->complete &&
               flag(c, "select count(*) from check_result"
                       " where name = 'rows = counters' and ok is not null");
    if (!check_file(c) || c->damaged) {
        return c->damaged && c->printed; /* said; the rest would be noise */
    }
    return read_initiators(c) && read_regions(c) && read_sites(c) &&
           check_sql(c, "dictionaries", sites_sql) && check_walk(c) &&
           check_walked(c) && check_summaries(c);
}

static void print_end(Check *c)
{
    if (c->json) {
        fputs(c->printed ? "\n]\n" : "[]\n", c->out);
    } else {
        fprintf(c->out, "%u of %u do not hold\n", c->failed, c->printed);
    }
}

bool trace_check(const char *path, bool json, FILE *out, bool *failed,
                 Error **errp)
{
    Error *local = NULL;
    char *text = NULL;
    size_t size = 0;
    Check c = {.path = path, .json = json, .errp = &local};
    c.db = trace_open_existing(path, &local);
    c.out = c.db ? open_memstream(&text, &size) : NULL;
    if (c.db) {
        c.steps = query_steps(path);
        query_limit(c.db, &c.steps);
    }
    bool ok = c.db && (c.out || check_no_memory(&c)) && check(&c) &&
              query_within(&local, path, c.db, c.steps);
    if (ok) {
        print_end(&c);
    }
    if (c.out) {
        fclose(c.out);
    }
    if (ok) { /* all or, where a file cannot be read to its end, nothing */
        fwrite(text, 1, size, out);
        ok = (fflush(out) == 0 && !ferror(out)) ||
             error_set(&local, "the output cannot be written: %s",
                       strerror(errno));
    }
    *failed = c.failed > 0;
    if (!ok) {
        error_set(errp, "%s", error_message(local));
        error_free(local);
    }
    free(text);
    free(c.site);
    free(c.initiator);
    free(c.region);
    free(c.odd);
    free(c.single);
    sqlite3_close(c.db);
    return ok;
}
