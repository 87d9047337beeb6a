/*
 * internal.h - what the files of memory/ share: flat views and the plan of one
 * access. Nobody outside memory/ and its tests includes this.
 */
#ifndef MEMORY_INTERNAL_H
#define MEMORY_INTERNAL_H

#include "memory/port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One piece of a flat view: [start, start + size) shows mr from `offset`. */
typedef struct FlatRange {
    MemoryRegion *mr;
    hwaddr offset;
    Int128 start, size;
    bool romd, readonly, nonvolatile;
} FlatRange;

struct FlatView {
    unsigned refs; /* held by spaces, and by accesses under way */
    FlatRange *range; /* sorted, disjoint */
    unsigned count;
    unsigned last; /* index of the range found last: a hint for lookup */
};

/* Draws the tree below root. O(n log n) in the number of pieces. */
FlatView *flatview_render(MemoryRegion *root);
FlatView *flatview_ref(FlatView *fv);
void flatview_unref(FlatView *fv);
/* The range that holds addr, or NULL. */
FlatRange *flatview_lookup(FlatView *fv, hwaddr addr);

/* What the rules make of one dispatched access. memory_region_dispatch_* runs
 * this plan and `map --explain` prints it. */
typedef struct AccessPlan {
    MemoryRegion *mr; /* aliases resolved */
    hwaddr offset;    /* in mr */
    unsigned size;    /* bytes asked */
    bool valid;
    const char *reason; /* why not valid: "accepts", "unaligned", "max size",
                           "min size", "nothing there", "read-only"; NULL */
    unsigned step;  /* bytes of one callback */
    unsigned pieces; /* callbacks */
} AccessPlan;
void access_plan(MemoryRegion *mr, hwaddr offset, unsigned size, bool is_write,
                 MemTxAttrs attrs, AccessPlan *plan);

/* Bytes of the first piece the rw rule cuts from `len` at `offset` of a
 * region that is not direct. A power of two, <= 8 unless the ops say more. */
unsigned access_size(MemoryRegion *mr, uint64_t len, hwaddr offset);

/* Notes one piece for the port, if anybody looks. */
void beats_note(MemoryWorld *world, MemoryRegion *mr, hwaddr offset,
                unsigned size, uint64_t value, BeatCause cause);

/* A store changed [offset, offset + len) of block: ends reservations of other
 * ports and tells harts about code, as far as page states ask for it. self may
 * be NULL. Every store that is not through an open entry calls this. */
void ram_written(MemoryWorld *world, MemoryPort *self, RAMBlock *block,
                 ram_addr_t offset, uint64_t len);

/* The functional part of the public calls, without port. */
MemTxResult memory_rw(AddressSpace *as, FlatView *fv, hwaddr addr,
                      MemTxAttrs attrs, void *buf, hwaddr len, bool is_write);

#ifdef __cplusplus
}
#endif
#endif
