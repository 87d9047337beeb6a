/*
 * l1.h - a first-level cache of a hart: tags only.
 *
 * Model    A TimingModel between a hart's port and its bus. Data always lives
 *          in memory; the cache knows which lines it would have, and when it
 *          would be asked for others. An access looks its lines up (`hit`
 *          cycles, once); for each that is missing and is to be kept, a victim
 *          is chosen, written back if it is dirty (`writeback_overhead` cycles,
 *          then one write of the line to the bus), and the line is fetched
 *          (`fill_overhead` cycles, then one read of it). At last the bus is
 *          written to by stores that are not kept: all with `write through`,
 *          else those that missed and do not allocate. All of it is waited for.
 *          What is no memory, lies in an uncached range, or is longer than
 *          L1_LONGEST bytes passes through as if there were no cache.
 * Victims  The first way that is free; else lru: the one used longest ago;
 *          plru: where the bits of a binary tree point, each of which points
 *          away from the half used last; random: x % ways, with x the next of
 *          a xorshift generator (13, 7, 17) that begins with the seed. Round
 *          robin asks a counter, of the cache or of the set, also while ways
 *          are free; it goes on by one with each fill.
 * Units    bytes; cycles of the hart's clock.
 * Source   Hennessy and Patterson, Computer Architecture, appendix B; round
 *          robin by one counter: docs/timing.md, ue-riscv.
 * Missing  Coherence: what other initiators write stays in the tags (data is
 *          right in any case). Write buffers, prefetches, critical word first,
 *          misses under misses; writing back by fence.i or cbo.
 */
#ifndef SOC_L1_H
#define SOC_L1_H

#include "memory/port.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    L1_LINE_MIN = 8,
    L1_LINE_MAX = 128,
    L1_WAYS_MAX = 64,
    L1_LONGEST = 256, /* bytes; no access of a hart is longer */
    L1_SIZE_MAX = 64 << 20,
};

typedef enum L1Replacement {
    L1_LRU,
    L1_PLRU,            /* ways: a power of two */
    L1_ROUND_ROBIN,     /* one counter for all sets */
    L1_ROUND_ROBIN_SET, /* one for each */
    L1_RANDOM,
} L1Replacement;

/* As configurations write it; ends with NULL. */
extern const char *const l1_replacement_name[];

typedef struct L1Range {
    hwaddr first, last; /* of whole pages */
} L1Range;

typedef struct L1Config {
    uint64_t size; /* bytes: ways * line * a power of two */
    uint32_t ways, line;
    L1Replacement replacement;
    uint64_t seed; /* of random; not 0 */
    bool write_through;
    bool write_allocate;  /* a store that misses fetches the line */
    bool keep_on_fence_i; /* else the instruction empties the cache */
    uint32_t hit;         /* cycles of an access that hits, at least 1 */
    uint32_t fill_overhead, writeback_overhead;
    const L1Range *uncached; /* borrowed */
    uint32_t uncacheds;
} L1Config;

/* Exact; look-ups of lines: an access that crosses into another has two. */
typedef struct L1Counters {
    uint64_t accesses, hits, misses;
    uint64_t fills, writebacks, throughs; /* transactions on the bus */
    uint64_t bytes;                       /* of these */
    uint64_t passed;                      /* accesses that passed through */
    uint64_t invalidations;               /* of the whole cache */
} L1Counters;

typedef struct L1 {
    TimingModel model; /* name and id are the bus's: where its beats are */
    const char *name;
    TimingModel *next; /* NULL: accesses of memory take no time */
    const ClockDomain *clock;
    L1Config config;
    L1Counters counters;
    /* state */
    uint32_t sets;
    uint64_t *tag;   /* [set * ways + way]: line, or TIMING_NO_LINE */
    uint64_t *stamp; /* [set * ways + way]: lru: when last used */
    uint64_t *order; /* [set]: plru: bits of the tree; round robin: counter */
    bool *dirty;     /* [set * ways + way] */
    uint64_t *hint;  /* [is write * sets + set]: of `lines` */
    uint64_t used, random;
    TimingLines lines;
    TimingMove *move; /* of the last access */
} L1;

/* Is that a cache? Else the error says what would be right. */
bool l1_config_check(const L1Config *config, Error **errp);
/* A free cache. name, next and clock are borrowed. */
bool l1_init(L1 *l1, const char *name, const L1Config *config,
             const ClockDomain *clock, TimingModel *next, Error **errp);
void l1_reset(L1 *l1); /* state, not counters */
void l1_fini(L1 *l1);

#ifdef __cplusplus
}
#endif
#endif
