/*
 * check_walk.c - one walk over each of tx, beat and mmio, and what it adds up:
 * where tx and beat are plain tables, row by row.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/check.h"

/* -- the walk over tx ------------------------------------------------------ */

/* SplitMix64's finaliser. */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

uint64_t check_mmio_hash(int64_t tx, int64_t time, int64_t offset,
                         int64_t value, int64_t size)
{
    uint64_t h = mix((uint64_t)tx);
    h = mix(h ^ (uint64_t)time);
    h = mix(h ^ (uint64_t)offset);
    h = mix(h ^ (uint64_t)value);
    return mix(h ^ (uint64_t)size);
}

static bool bits_room(Check *c, int64_t row)
{
    if (row < c->bits) {
        return true;
    }
    int64_t bits = 2 * row + (1 << 16);
    uint8_t *odd = realloc(c->odd, (size_t)(bits / 8));
    c->odd = odd ? odd : c->odd;
    uint8_t *single = odd ? realloc(c->single, (size_t)(bits / 8)) : NULL;
    c->single = single ? single : c->single;
    if (!odd || !single) {
        return check_no_memory(c);
    }
    size_t from = (size_t)(c->bits / 8), n = (size_t)(bits / 8) - from;
    memset(c->odd + from, 0, n);
    memset(c->single + from, 0, n);
    c->bits = bits;
    return true;
}

static bool bit(const uint8_t *bits, int64_t row)
{
    return bits[row / 8] >> (row % 8) & 1;
}

static const char tx_sql[] =
    "select rowid, time, cycle, site, size, wait_cycles, bus_cycles,"
    " target_cycles, beats, blocker_id, result, flags, offset, value,"
    " initiator_id, region_id from tx order by rowid";
enum {
    T_ROWID,
    T_TIME,
    T_CYCLE,
    T_SITE,
    T_SIZE,
    T_WAIT,
    T_BUS,
    T_TARGET,
    T_BEATS,
    T_BLOCKER,
    T_RESULT,
    T_FLAGS,
    T_OFFSET,
    T_VALUE,
    T_INITIATOR,
    T_REGION
};

static void check_time(Check *c, CheckInitiator *i, int64_t row, int64_t time,
                       int64_t cycle)
{
    if (i->seen && (time < i->time || cycle < i->cycle)) {
        check_bad(c->bad_time,
                  "tx %" PRId64 " is earlier than the one before it of "
                  "its initiator",
                  row);
    }
    if (i->clock.hz &&
        (int64_t)clock_time(&i->clock, (uint64_t)cycle) != time) {
        check_bad(c->bad_clock,
                  "tx %" PRId64 " at cycle %" PRId64 " has time %" PRId64 " ps",
                  row, cycle, time);
    }
    i->seen = true;
    i->time = time;
    i->cycle = cycle;
}

static void check_ids(Check *c, sqlite3_stmt *s, const CheckSite *site,
                      int64_t row)
{
    int64_t blocker = sqlite3_column_int64(s, T_BLOCKER);
    if (blocker < 0 || blocker >= MAX_IDS ||
        (blocker && !c->initiator[blocker].there)) {
        check_bad(c->bad_id,
                  "tx %" PRId64 " waited for initiator %" PRId64
                  ", which is not there",
                  row, blocker);
    }
    if (sqlite3_column_int64(s, T_INITIATOR) != site->initiator ||
        sqlite3_column_int64(s, T_REGION) != site->region ||
        sqlite3_column_int64(s, T_SIZE) != site->size) {
        check_bad(c->bad_id, "tx %" PRId64 " is not what its site says", row);
    }
}

static bool take_tx(Check *c, sqlite3_stmt *s)
{
    int64_t row = sqlite3_column_int64(s, T_ROWID);
    int64_t id = sqlite3_column_int64(s, T_SITE);
    if (row != ++c->rows) {
        check_bad(c->bad_rowid,
                  "tx %" PRId64 " stands where %" PRId64 " should be", row,
                  c->rows);
        c->rows = row;
    }
    if (row < 1 || row > INT64_C(1) << 40 || id < 1 || id >= c->sites ||
        !c->site[id].there) {
        check_bad(c->bad_id,
                  "tx %" PRId64 " has site %" PRId64 ", which is not there",
                  row, id);
        return true;
    }
    if (!bits_room(c, row)) {
        return false;
    }
    CheckSite *site = &c->site[id];
    int64_t wait = sqlite3_column_int64(s, T_WAIT);
    int64_t bus = sqlite3_column_int64(s, T_BUS);
    int64_t target = sqlite3_column_int64(s, T_TARGET);
    int64_t beats = sqlite3_column_int64(s, T_BEATS);
    const char *result = (const char *)sqlite3_column_text(s, T_RESULT);
    const char *flags = (const char *)sqlite3_column_text(s, T_FLAGS);
    bool failed = !result || strcmp(result, "ok") != 0;
    bool widened = flags && strstr(flags, "widened");
    bool strobed = flags && strstr(flags, "strobed");
    if (wait < 0 || bus < 0 || target < 0 || beats < 0 ||
        (sqlite3_column_int64(s, T_BLOCKER) && !wait)) {
        check_bad(c->bad_sum,
                  "tx %" PRId64 " took %" PRId64 " + %" PRId64 " + %" PRId64
                  " cycles",
                  row, wait, bus, target);
    }
    check_time(c, &c->initiator[site->initiator], row,
               sqlite3_column_int64(s, T_TIME),
               sqlite3_column_int64(s, T_CYCLE));
    check_ids(c, s, site, row);
    const uint64_t sum[SUMS] = {1,
                                failed,
                                (uint64_t)beats,
                                (uint64_t)wait,
                                (uint64_t)bus,
                                (uint64_t)target};
    for (int k = 0; k < SUMS; k++) {
        site->sum[k] += sum[k];
    }
    uint64_t n = (uint64_t)beats, weight = mix((uint64_t)row);
    c->count[0] += weight * n;
    c->seq[0] += weight * (n * (n + 1) / 2);
    if (widened || strobed || failed || !n) {
        c->odd[row / 8] |= (uint8_t)(1u << (row % 8));
    } else {
        c->bytes[0] += weight * site->size;
    }
    if (n == 1 && !widened && !(flags && strstr(flags, "split"))) {
        c->single[row / 8] |= (uint8_t)(1u << (row % 8));
        c->cycles[0] += weight * (uint64_t)(bus + target);
    }
    if ((c->region[site->region] & 2) && site->kind != ACCESS_FETCH) {
        c->mmio_rows[0]++;
        c->mmio[0] +=
            check_mmio_hash(row, sqlite3_column_int64(s, T_TIME),
                            sqlite3_column_int64(s, T_OFFSET),
                            sqlite3_column_int64(s, T_VALUE), site->size);
    }
    return true;
}

static bool walk_tx(Check *c)
{
    sqlite3_stmt *s = check_prepare(c, tx_sql);
    int rc = SQLITE_ERROR;
    bool ok = s != NULL;
    while (ok && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        ok = take_tx(c, s);
    }
    sqlite3_finalize(s);
    return ok && check_done(c, rc);
}

/* -- the walks over beat and mmio ------------------------------------------ */

static bool walk_beats(Check *c)
{
    sqlite3_stmt *s = check_prepare(
        c, "select tx, seq, size, cycles, coalesce(region_id, 0) from beat");
    int rc = SQLITE_ERROR;
    while (s && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        int64_t tx = sqlite3_column_int64(s, 0);
        uint64_t weight = mix((uint64_t)tx);
        uint64_t size = (uint64_t)sqlite3_column_int64(s, 2);
        int64_t region = sqlite3_column_int64(s, 4);
        if (tx < 1 || tx >= c->bits || tx > c->rows) {
            check_bad(c->bad_beat,
                      "a beat is of tx %" PRId64 ", which is not there", tx);
            continue;
        }
        if (region < 0 || region >= MAX_IDS || (region && !c->region[region])) {
            check_bad(c->bad_beat,
                      "a beat of tx %" PRId64 " is in region %" PRId64
                      ", which is not there",
                      tx, region);
        }
        c->moved += size;
        c->count[1] += weight;
        c->seq[1] += weight * (uint64_t)(sqlite3_column_int64(s, 1) + 1);
        if (!bit(c->odd, tx)) {
            c->bytes[1] += weight * size;
        }
        if (bit(c->single, tx)) {
            c->cycles[1] += weight * (uint64_t)sqlite3_column_int64(s, 3);
        }
    }
    sqlite3_finalize(s);
    return s && check_done(c, rc);
}

static bool walk_mmio(Check *c)
{
    sqlite3_stmt *s =
        check_prepare(c, "select tx, time, offset, value, size from mmio");
    int rc = SQLITE_ERROR;
    while (s && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        c->mmio_rows[1]++;
        c->mmio[1] += check_mmio_hash(
            sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
            sqlite3_column_int64(s, 2), sqlite3_column_int64(s, 3),
            sqlite3_column_int64(s, 4));
    }
    sqlite3_finalize(s);
    return s && check_done(c, rc);
}

bool check_walk(Check *c)
{
    bool ok = query_has_chunks(c->db)
                  ? check_chunks(c)
                  : bits_room(c, 0) && walk_tx(c) && walk_beats(c);
    return ok && walk_mmio(c);
}
