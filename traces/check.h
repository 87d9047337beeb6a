/*
 * check.h - what the files of `socscope check` share. Private to
 * traces/check*.c.
 */
#ifndef TRACES_CHECK_H
#define TRACES_CHECK_H

#include <stdio.h>

#include "traces/store.h"

enum { MAX_IDS = 1 << 16, SUMS = 6 };
/* the sums of a site or of a row of traffic */
enum { ACCESSES, ERRORS, BEATS, WAIT, BUS, TARGET };

typedef struct CheckSite {
    uint32_t initiator, kind, region; /* region 0: none */
    uint32_t size;
    char dir[3];
    bool there;
    uint64_t sum[SUMS];
} CheckSite;

typedef struct CheckInitiator {
    bool there, seen;
    ClockDomain clock; /* hz 0: unknown */
    int64_t time, cycle;
    int64_t chunk;        /* the last it was seen in, */
    uint64_t first, last; /* at these cycles */
} CheckInitiator;

typedef struct Check {
    sqlite3 *db;
    uint64_t steps; /* that queries may still take */
    const char *path;
    FILE *out;
    bool json;
    unsigned printed, failed;
    Error **errp;
    CheckSite *site;
    int64_t sites;
    CheckInitiator *initiator; /* MAX_IDS */
    uint8_t *region;           /* MAX_IDS; 1: there, 2: a device */
    bool complete, whole, beats;
    bool damaged; /* SQLite itself says so */
    /* sums over tx, and the same over beat and mmio */
    int64_t rows;
    uint64_t count[2], seq[2], bytes[2], cycles[2], mmio[2], mmio_rows[2];
    uint64_t moved;
    uint8_t *odd, *single; /* a bit per row of tx */
    int64_t bits;
    /* the first thing found wrong by a walk; "": nothing */
    char bad_rowid[128], bad_time[128], bad_clock[128], bad_id[128];
    char bad_sum[128], bad_beat[128];
} Check;

/* -- check.c -------------------------------------------------------------- */
typedef enum Verdict { HOLDS, FAILS, SKIPPED } Verdict;
/* Prints one line of the answer. */
void check_say(Check *c, const char *name, Verdict v, const char *detail);
/* The same: it holds when `bad` is empty. */
void check_holds_unless(Check *c, const char *name, const char *bad);
/* Keeps the first text, of at most 127 bytes. */
void check_bad(char *to, const char *fmt, ...) PRINTF_LIKE(2, 3);
sqlite3_stmt *check_prepare(Check *c, const char *sql);
/* False, with sqlite's message, unless rc is SQLITE_DONE. */
bool check_done(Check *c, int rc);
bool check_no_memory(Check *c);
/* An id of an initiator or a region; 0: null, or beyond what there can be. */
uint32_t check_id(sqlite3_stmt *stmt, int column);

/* -- check_walk.c --------------------------------------------------------- */
/* Walks tx, beat and mmio once each. */
bool check_walk(Check *c);
/* Of a row of mmio; the sum over rows knows no order. */
uint64_t check_mmio_hash(int64_t tx, int64_t time, int64_t offset,
                         int64_t value, int64_t size);

/* -- check_chunks.c ------------------------------------------------------- */
/* Walks tx and beat through the chunks. */
bool check_chunks(Check *c);

/* -- check_totals.c ------------------------------------------------------- */
/* Says what the walks found, and holds it against the totals. */
bool check_walked(Check *c);
/* Why rows cannot be held against the ports' counters. */
const char *check_why_not_whole(const Check *c);

#endif
