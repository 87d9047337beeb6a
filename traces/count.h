/*
 * count.h - what is counted of recorded transactions while they are encoded,
 * for the summaries of rows: tx_site, traffic_window, latency_histogram,
 * hot_address, hot_page.
 *
 * Model    An access that went the way its site says (a plain one) is one more
 *          of its site and one more of the memory line it touches; what all
 *          that comes to is multiplied when the initiator enters another window
 *          of time, and at the end. A fetch run that was executed as a whole is
 *          one plain access of its site. Only the others are added up one by
 *          one. Nothing here needs the order of rows inside a chunk, but for
 *          each initiator's own.
 * Units    cycles of the initiator's clock; windows of 2^shift ps.
 */
#ifndef TRACES_COUNT_H
#define TRACES_COUNT_H

#include "traces/rows.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    COUNT_WINDOWS = 256,
    COUNT_WINDOW_SHIFT = 20, /* ps, as a power of two; at first */
    HOT_LINE = 64,           /* bytes of memory that share one hot_address */
    HOT_PAGE = 4096,
    HOT_TIMED_PAGE = 1024, /* of accesses that are added up one by one */
    HOT_ROWS = 1000,
};

/* Sums of accesses. */
typedef struct CountSums {
    uint64_t accesses, bytes, moved, wait, bus, target;
} CountSums;

/* From 64-bit keys to numbers below 2^32 - 1. Zeros: empty. */
typedef struct KeyIndex {
    uint64_t *key;
    uint32_t *value; /* + 1; 0: free */
    uint32_t used, capacity;
} KeyIndex;

/* Of one record site: what each record of it reads. */
typedef struct CountSite {
    uint64_t plain;     /* accesses or whole runs that are not settled */
    uint64_t unaligned; /* of all plain accesses */
    uint64_t page;      /* address of the last page touched */
    uint64_t *line;     /* accesses of its lines */
    uint32_t reach;     /* HOT_PAGE; 0: `line` is not known */
    uint32_t align;     /* address & align: unaligned */
    uint32_t initiator;
    uint16_t steps; /* of a fetch run */
    uint16_t first_cycle, last_cycle;
    bool in_order; /* no step is before the one before */
    uint32_t next; /* site that is not settled, + 1 */
} CountSite;

/* The rest of it. */
typedef struct CountPlain {
    uint64_t accesses;      /* settled, or whole runs */
    CountSums unit;         /* what one of them adds */
    uint32_t window_group;  /* of traffic_window.c */
    uint32_t latency_group; /* of latency.c */
    uint32_t hot_sort, hot_timed_sort;
    uint64_t timed_page;  /* its offset */
    uint64_t *timed_line; /* of that page, of accesses with timing */
} CountPlain;

/* Of one row of `site`. */
typedef struct SiteTotals {
    uint64_t accesses, errors, beats, wait, bus, target;
    uint64_t unaligned, split, unaligned_beats, unaligned_cycles;
    uint32_t size; /* bytes of each access */
} SiteTotals;

typedef struct WindowCell {
    uint32_t window;
    CountSums sums;
} WindowCell;

/* Initiator x region x kind x direction: its windows in order of time. */
typedef struct WindowGroup {
    uint32_t initiator, region;
    uint8_t kind, dir;
    WindowCell *cell;
    uint32_t cells, capacity;
} WindowGroup;

enum {
    LATENCY_TOTAL,
    LATENCY_WAIT,
    LATENCY_BUS,
    LATENCY_TARGET,
    LATENCY_PARTS
};

typedef struct LatencyCell {
    uint64_t accesses, cycles, most;
} LatencyCell;

/* Initiator x region x direction: cells by class of latency. */
typedef struct LatencyGroup {
    uint32_t initiator, region;
    uint8_t dir;
    LatencyCell *cell[LATENCY_PARTS];
    uint32_t cells[LATENCY_PARTS];
} LatencyGroup;

/* A register of a device in one direction, or what is written of a memory. */
typedef struct HotEntry {
    uint32_t region; /* id; 0: a free slot */
    uint8_t dir;
    uint32_t reg; /* id in `register`; 0: has no name */
    uint64_t offset;
    uint64_t accesses, bytes, wait, bus, target;
} HotEntry;

typedef struct HotPage HotPage;

typedef struct HotSlot {
    uint64_t begin; /* offset of its first line */
    uint32_t sort;  /* of accesses that are counted alike */
    HotPage *page;
} HotSlot;

typedef struct Counts {
    uint32_t sites; /* that there is room for */
    CountSite *site;
    CountPlain *plain;
    uint32_t site_capacity, plain_capacity;
    SiteTotals *totals; /* by id of `site` */
    uint32_t totals_capacity;
    unsigned window_doubled; /* times */
    WindowGroup *window_group;
    KeyIndex window_index;
    uint32_t window_groups, window_group_capacity;
    LatencyGroup *latency_group;
    KeyIndex latency_index;
    uint32_t latency_groups, latency_group_capacity;
    HotEntry *reg;
    size_t regs, reg_capacity; /* capacity: a power of two */
    KeyIndex hot_where, hot_sort;
    HotSlot *page;
    size_t pages, page_capacity;
    uint64_t beats_missing; /* of transactions that were completed */
    uint64_t beat_bytes;
} Counts;

#ifdef __cplusplus
}
#endif
#endif
