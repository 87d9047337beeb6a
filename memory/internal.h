/*
 * internal.h - what the files of memory/ share: flat views and the plan of one
 * access. Nobody outside memory/ and its tests includes this.
 */
#ifndef MEMORY_INTERNAL_H
#define MEMORY_INTERNAL_H

#include <stdio.h>

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
    uint32_t id; /* of mr: tells apart two regions made in one struct */
} FlatRange;

struct FlatView {
    unsigned refs;    /* held by spaces, and by accesses under way */
    FlatRange *range; /* sorted, disjoint */
    unsigned count;
    unsigned last;      /* index of the range found last: a hint for lookup */
    MemoryRegion *root; /* whose tree it shows; not followed after the draw */
    MemoryWorld *world;
};

/* What one region would show if nothing lay above it. */
typedef struct FlatStroke {
    Int128 start, end;
    Int128 base; /* address of the region's offset 0; may be negative */
    MemoryRegion *mr;
    const MemoryRegion *via; /* the outermost alias looked through, or NULL */
    bool readonly, nonvolatile;
} FlatStroke;

/* All strokes of the tree below root in drawing order: the first one at an
 * address is the one that is visible. Free with free(); may be NULL. */
FlatStroke *flatview_strokes(MemoryRegion *root, size_t *count);
/* Draws the tree below root. O(n log n) in the number of pieces. */
FlatView *flatview_render(MemoryRegion *root);
FlatView *flatview_ref(FlatView *fv);
void flatview_unref(FlatView *fv);
/* The range that holds addr, or NULL. */
FlatRange *flatview_lookup(FlatView *fv, hwaddr addr);
/* Same region, place, offset and flags. */
bool flatrange_equal(const FlatRange *a, const FlatRange *b);
/* Region and offset (*xlat) at addr; where nothing is, world->unassigned at
 * offset addr. *len is cut to the piece of the range if that is RAM: a range
 * that starts or ends inside a page is cut at its first and last page border.*/
MemoryRegion *flatview_translate(FlatView *fv, hwaddr addr, hwaddr *xlat,
                                 hwaddr *len, bool is_write, MemTxAttrs attrs);

/* A transaction of that world, current or not. */
void world_begin(MemoryWorld *world);
void world_commit(MemoryWorld *world);
/* Draws all views anew, tells the listeners, puts the views in place. */
void listener_update(MemoryWorld *world);

/* The callbacks of a region that has none: they accept nothing. */
extern const MemoryRegionOps memory_none_ops;
/* Those of a RAM device: sized accesses to its memory; opaque is the region. */
extern const MemoryRegionOps memory_ram_device_ops;

/* Zeroed memory for tables; ends the program when the host has none. */
void *memory_alloc(size_t count, size_t size);
/* Bytes of `old` (from memory_alloc, may be NULL) kept in a larger table. */
void *memory_grow(void *old, size_t count, size_t size);

/* Zero-filled host memory; NULL with *errp when the host has none. */
RAMBlock *ram_block_new(uint64_t size, Error **errp);
RAMBlock *ram_block_of(void *host, uint64_t size); /* borrowed memory */
void ram_block_free(RAMBlock *block);              /* NULL is fine */

/* What the rules make of one dispatched access. memory_region_dispatch_* runs
 * this plan and `map --explain` prints it. */
typedef struct AccessPlan {
    MemoryRegion *mr; /* aliases resolved */
    hwaddr offset;    /* in mr */
    unsigned size;    /* bytes asked */
    bool valid;
    const char *reason; /* why not valid: "accepts", "unaligned", "max size",
                           "min size", "nothing there", "read-only",
                           "not a device", "no callback"; NULL */
    unsigned step;      /* bytes of one callback */
    unsigned pieces;    /* callbacks */
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

/* What of an access at one address goes one way. */
typedef struct MemoryPiece {
    MemoryRegion *mr;
    hwaddr offset; /* in mr */
    hwaddr len;    /* bytes that lie in one piece of memory */
    bool direct;   /* by pointer; else by access_size() and dispatch */
} MemoryPiece;
MemoryPiece memory_piece_at(FlatView *fv, hwaddr addr, hwaddr len,
                            bool is_write, MemTxAttrs attrs);

/* The functional part of the public calls, without port: byte strings by the rw
 * rule on the view fv, and one dispatch of 1, 2, 4 or 8 bytes. */
MemTxResult memory_rw(AddressSpace *as, FlatView *fv, hwaddr addr,
                      MemTxAttrs attrs, void *buf, hwaddr len, bool is_write);
uint64_t memory_ld(AddressSpace *as, hwaddr addr, MemOp op, MemTxAttrs attrs,
                   MemTxResult *result);
void memory_st(AddressSpace *as, hwaddr addr, uint64_t value, MemOp op,
               MemTxAttrs attrs, MemTxResult *result);
MemTxResult memory_write_rom(AddressSpace *as, FlatView *fv, hwaddr addr,
                             MemTxAttrs attrs, const void *buf, hwaddr len);
bool memory_access_valid(AddressSpace *as, FlatView *fv, hwaddr addr,
                         hwaddr len, bool is_write, MemTxAttrs attrs);

/* mtree_info() to a file, of any world. */
void mtree_write(MemoryWorld *world, FILE *out, bool flatview, bool disabled);
/* Children by rising address, then falling priority; memory_alloc()ed. */
MemoryRegion **mtree_children(const MemoryRegion *mr, size_t *count);

/* -- byte order ----------------------------------------------------------- */

/* `size` bytes in the opposite order, cut to that size; 1 byte stays whole. */
static inline uint64_t swap_bytes(uint64_t value, unsigned size)
{
    return size > 1 ? __builtin_bswap64(value) >> (64 - 8 * size) : value;
}

/* The low `size` bytes (0..8) of value. */
static inline uint64_t cut_bytes(uint64_t value, unsigned size)
{
    return size >= 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

/* Is the region's own order big-endian? */
static inline bool region_is_big(const MemoryRegion *mr)
{
    return mr->ops->endianness == DEVICE_BIG_ENDIAN ||
           (mr->ops->endianness == DEVICE_NATIVE_ENDIAN &&
            mr->world->target_big_endian);
}

#ifdef __cplusplus
}
#endif
#endif
