/*
 * diff_walk.h - the dictionaries of both sides while their rows are walked.
 * Private to traces/diff_walk.c and traces/diff_sites.c.
 */
#ifndef TRACES_DIFF_WALK_H
#define TRACES_DIFF_WALK_H

#include "traces/diff.h"

enum { KINDS = 32, NO_NAME = 0 };

typedef struct WalkSite {
    uint32_t region; /* name, as the side's names know it */
    uint32_t symbol; /* name */
    uint64_t offset; /* of pc in the symbol, or pc itself */
    uint64_t pc;
    uint32_t size;
    uint32_t initiator; /* name */
    uint8_t initiator_id;
    uint8_t kind, dir; /* dir: DIR_* */
    bool has_pc, there;
} WalkSite;

/* Names of both sides, each once: equal names have equal numbers. */
typedef struct Names {
    char **text;
    uint32_t count;
    uint32_t *hash, hash_size;
} Names;

typedef struct WalkSide {
    WalkSite *site; /* by id */
    int64_t sites;
    bool recorded[KINDS];
} WalkSide;

typedef struct Walk {
    Diff *d;
    Names names;
    WalkSide side[DIFF_SIDES];
    char kind_name[KINDS][16];
    bool common[KINDS]; /* recorded on both sides */
    bool seen[KINDS];   /* there are such transactions on a side */
    /* Of the rows equal from the first on, by A's initiator_id modulo 256: the
     * last one's issue, and how many there are of kinds in common. */
    uint64_t last_cycle[256], equal[256];
} Walk;

/* Reads kinds and sites of both sides. False: *d->errp is set. */
bool walk_dictionaries(Walk *w);
void walk_free(Walk *w);

#endif
