/*
 * check_totals.c - what the walks added up, against what the summaries say.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "traces/check.h"

/* -- rows against totals --------------------------------------------------- */

static const char *const sum_name[SUMS] = {"accesses",   "errors",
                                           "beats",      "wait cycles",
                                           "bus cycles", "target cycles"};

static bool check_tx_site(Check *c)
{
    sqlite3_stmt *s = check_prepare(
        c, "select site, accesses, errors, beats, wait_cycles, bus_cycles,"
           " target_cycles, bytes from tx_site");
    int rc = SQLITE_ERROR;
    uint64_t seen = 0;
    char wrong[128] = "";
    while (s && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(s, 0);
        if (id < 1 || id >= c->sites || !c->site[id].there) {
            check_bad(wrong, "tx_site has site %" PRId64 ", which is not there",
                      id);
            continue;
        }
        const CheckSite *site = &c->site[id];
        seen += site->sum[ACCESSES];
        for (int k = 0; k < SUMS; k++) {
            uint64_t says = (uint64_t)sqlite3_column_int64(s, k + 1);
            if (says != site->sum[k]) {
                check_bad(wrong,
                          "site %" PRId64 " has %" PRIu64
                          " %s, its rows %" PRIu64,
                          id, says, sum_name[k], site->sum[k]);
            }
        }
        if ((uint64_t)sqlite3_column_int64(s, 7) !=
            site->sum[ACCESSES] * site->size) {
            check_bad(wrong, "site %" PRId64 " has other bytes than its rows",
                      id);
        }
    }
    sqlite3_finalize(s);
    if (!s || !check_done(c, rc)) {
        return false;
    }
    uint64_t all = 0;
    for (int64_t id = 1; id < c->sites; id++) {
        all += c->site[id].sum[ACCESSES];
    }
    if (seen != all) {
        check_bad(wrong, "tx_site leaves out %" PRIu64 " rows", all - seen);
    }
    check_holds_unless(c, "tx_site = rows", wrong);
    return true;
}

/* What one row of traffic, or one site, adds to a key. */
typedef struct Part {
    uint32_t initiator, kind, region, size;
    char dir[4];
    int64_t sum[SUMS];
} Part;

static int by_key(const void *pa, const void *pb)
{
    const Part *a = pa, *b = pb;
    return memcmp(a, b, offsetof(Part, sum));
}

static bool read_traffic(Check *c, Part *part, size_t room, size_t *count)
{
    sqlite3_stmt *s = check_prepare(
        c, "select t.initiator_id, k.id, coalesce(t.region_id, 0), t.size,"
           " t.dir, accesses, errors, beats, wait_cycles, bus_cycles,"
           " target_cycles from traffic t join kind k on k.name = t.kind"
           " where k.recorded");
    int rc = SQLITE_ERROR;
    while (s && (rc = sqlite3_step(s)) == SQLITE_ROW && *count < room) {
        Part *p = &part[(*count)++];
        memset(p, 0, sizeof(*p));
        const char *dir = (const char *)sqlite3_column_text(s, 4);
        p->initiator = check_id(s, 0);
        p->kind = (uint32_t)sqlite3_column_int64(s, 1);
        p->region = check_id(s, 2);
        p->size = (uint32_t)sqlite3_column_int64(s, 3);
        snprintf(p->dir, sizeof(p->dir), "%.2s", dir ? dir : "");
        for (int k = 0; k < SUMS; k++) {
            p->sum[k] = (int64_t)(0 - (uint64_t)sqlite3_column_int64(s, 5 + k));
        }
    }
    sqlite3_finalize(s);
    return s && check_done(c, rc);
}

static void compare_parts(Check *c, Part *part, size_t count)
{
    char wrong[SUMS][128] = {{0}};
    qsort(part, count, sizeof(*part), by_key);
    for (size_t i = 0; i < count;) {
        size_t from = i;
        int64_t sum[SUMS] = {0};
        for (; i < count && by_key(&part[from], &part[i]) == 0; i++) {
            for (int k = 0; k < SUMS; k++) {
                sum[k] = (int64_t)((uint64_t)sum[k] + (uint64_t)part[i].sum[k]);
            }
        }
        const Part *p = &part[from];
        for (int k = 0; k < SUMS; k++) {
            if (sum[k]) {
                check_bad(wrong[k],
                          "tx %+" PRId64 " against traffic, of initiator "
                          "%u, kind %u, region %u, %s, size %u",
                          sum[k], p->initiator, p->kind, p->region, p->dir,
                          p->size);
            }
        }
    }
    for (int k = 0; k < SUMS; k++) {
        char name[64];
        snprintf(name, sizeof(name), "rows = counters, %s", sum_name[k]);
        check_holds_unless(c, name, wrong[k]);
    }
}

const char *check_why_not_whole(const Check *c)
{
    return c->complete ? "the run did not record everything"
                       : "the run did not end, there are no totals";
}

static bool check_traffic(Check *c)
{
    if (!c->whole) {
        check_say(c, "rows = counters", SKIPPED, check_why_not_whole(c));
        return true;
    }
    char *text = query_text(c->db, "select count(*) from traffic", NULL);
    size_t rows = text ? (size_t)strtoull(text, NULL, 10) : 0, count = 0;
    free(text);
    size_t room = (size_t)c->sites + rows + 1;
    Part *part = malloc(room * sizeof(*part));
    if (!part) {
        return check_no_memory(c);
    }
    for (int64_t id = 1; id < c->sites; id++) {
        const CheckSite *s = &c->site[id];
        if (s->sum[ACCESSES]) {
            Part *p = &part[count++];
            memset(p, 0, sizeof(*p));
            p->initiator = s->initiator;
            p->kind = s->kind;
            p->region = s->region;
            p->size = s->size;
            snprintf(p->dir, sizeof(p->dir), "%s", s->dir);
            for (int k = 0; k < SUMS; k++) {
                p->sum[k] = (int64_t)s->sum[k];
            }
        }
    }
    bool ok = read_traffic(c, part, room, &count);
    if (ok) {
        compare_parts(c, part, count);
    }
    free(part);
    return ok;
}

static void check_beats(Check *c)
{
    if (!c->beats) {
        check_say(c, "beats", SKIPPED, "the run did not record them");
        return;
    }
    check_holds_unless(c, "beats resolve", c->bad_beat);
    check_holds_unless(
        c, "beats of every tx",
        c->count[0] != c->count[1]
            ? "a transaction has more or fewer beats than it says"
        : c->seq[0] != c->seq[1]
            ? "beats of a transaction are not numbered 0, 1, 2, ..."
            : "");
    check_holds_unless(
        c, "bytes of beats",
        c->bytes[0] != c->bytes[1]
            ? "beats of a transaction moved more or fewer bytes than "
              "it has"
            : "");
    check_holds_unless(
        c, "cycles of beats",
        c->cycles[0] != c->cycles[1]
            ? "the beat of a transaction took other cycles than its "
              "bus and target cycles"
            : "");
}

static void check_moved(Check *c)
{
    if (!c->whole || !c->beats) {
        check_say(c, "bytes moved", SKIPPED,
                  c->beats ? check_why_not_whole(c)
                           : "the run did not record beats");
        return;
    }
    char *text = query_text(c->db,
                            "select coalesce(sum(bytes_moved), 0) from traffic "
                            "t join kind k on k.name = t.kind where k.recorded "
                            "and region_id is not null",
                            NULL);
    uint64_t says = text ? strtoull(text, NULL, 10) : 0;
    free(text);
    char wrong[128] = "";
    if (says != c->moved) {
        check_bad(wrong,
                  "beats moved %" PRIu64 " bytes, the ports counted %" PRIu64,
                  c->moved, says);
    }
    check_holds_unless(c, "bytes moved", wrong);
}

static void check_mmio(Check *c)
{
    char wrong[128] = "";
    if (c->mmio_rows[0] != c->mmio_rows[1]) {
        check_bad(wrong,
                  "mmio has %" PRIu64 " rows, tx has %" PRIu64 " with a device",
                  c->mmio_rows[1], c->mmio_rows[0]);
    } else if (c->mmio[0] != c->mmio[1]) {
        check_bad(wrong, "a row of mmio is not what its tx says");
    }
    check_holds_unless(c, "mmio = rows", wrong);
}

bool check_walked(Check *c)
{
    char *text =
        query_text(c->db, "select value from run where key = 'tx_rows'", NULL);
    if (text && strtoll(text, NULL, 10) != c->rows) {
        check_bad(c->bad_rowid, "tx has %" PRId64 " rows, run says %s", c->rows,
                  text);
    }
    free(text);
    check_holds_unless(c, "rows numbered", c->bad_rowid);
    check_holds_unless(c, "ids resolve", c->bad_id);
    check_holds_unless(c, "time per initiator", c->bad_time);
    check_holds_unless(c, "time = cycle of its clock", c->bad_clock);
    check_holds_unless(c, "wait + bus + target", c->bad_sum);
    if (c->complete ? !check_tx_site(c) : false) {
        return false;
    }
    if (!check_traffic(c)) {
        return false;
    }
    check_beats(c);
    check_moved(c);
    check_mmio(c);
    return true;
}
