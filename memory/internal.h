/*
 * internal.h - what the files of memory/ share: flat views and the plan of one
 * access. Nobody outside memory/ and its tests includes this.
 */
#ifndef MEMORY_INTERNAL_H
#define MEMORY_INTERNAL_H

#include <stdio.h>

#include "memory/port.h"
#include "memory/posted_buffer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One piece of a flat view: [start, start + size) shows mr from `offset`. */
struct FlatRange {
    MemoryRegion *mr;
    hwaddr offset;
    Int128 start, size;
    bool romd, readonly, nonvolatile;
    uint8_t dirty_log_mask;
    bool ram, owned; /* mr is; has an owner */
    uint32_t id;     /* of mr: tells apart two regions made in one struct */
};

/* What an access looks up: a range, or, of RAM that starts or ends inside a
 * page, its head, whole pages or tail. */
typedef struct FlatPiece {
    hwaddr first, last; /* addresses, both included */
    MemoryRegion *mr;
    hwaddr offset; /* of `first` in mr */
    uint8_t *host; /* of `first`, if mr is RAM or ROM; NULL: ask mr */
    const MemoryRegionOps *ops; /* of mr, once learnt: a quick access */
    void *opaque;               /* finds all it needs in this cache line */
    uint32_t quick;             /* see quick_step() */
    uint32_t range;             /* index */
} FlatPiece;

struct FlatView {
    unsigned refs;    /* held by spaces, and by accesses under way */
    FlatRange *range; /* sorted, disjoint */
    unsigned count;
    unsigned pieces;
    unsigned last; /* index of the piece found last: a hint for lookup */
    unsigned range_capacity, piece_capacity;
    unsigned hint_bits;  /* log2 of the hints */
    unsigned hint_shift; /* log2 of the smallest range, a page at most */
    FlatPiece *piece;    /* sorted, disjoint */
    uint32_t *hint;      /* piece found last, by a hash of the page */
    Object **owner;      /* kept alive: owners of what is visible */
    unsigned owners;
    MemoryRegion *root; /* whose tree it shows; not followed after the draw */
    MemoryWorld *world;
    FlatView *next; /* in a list of those to be freed */
};

/* What one region would show if nothing lay above it. */
typedef struct FlatStroke {
    Int128 start, end;
    Int128 base; /* address of the region's offset 0; may be negative */
    MemoryRegion *mr;
    const MemoryRegion *via; /* the outermost alias looked through, or NULL */
    bool romd, readonly, nonvolatile; /* as in a range */
    uint8_t dirty_log_mask;
    bool ram, owned;
    uint32_t id;
} FlatStroke;

/* All strokes of the tree below root in drawing order: the first one at an
 * address is the one that is visible. Free with free(); may be NULL. */
FlatStroke *flatview_strokes(MemoryRegion *root, size_t *count);
/* Draws the tree below root. O(n log n) in the number of pieces. */
FlatView *flatview_render(MemoryRegion *root);
void flatview_free(FlatView *fv); /* nobody holds it */
/* Lets go what drawing keeps for the next time. */
void flatview_trim(MemoryWorld *world);
static inline FlatView *flatview_ref(FlatView *fv)
{
    fv->refs++;
    return fv;
}
static inline void flatview_unref(FlatView *fv)
{
    if (fv && !--fv->refs) {
        flatview_free(fv);
    }
}
static inline bool flatpiece_holds(const FlatPiece *p, hwaddr addr)
{
    return addr - p->first <= p->last - p->first;
}
FlatPiece *flatview_search(FlatView *fv, hwaddr addr);
/* The piece, and the range, that holds addr, or NULL. */
static inline FlatPiece *flatview_piece(FlatView *fv, hwaddr addr)
{
    FlatPiece *p = &fv->piece[fv->last];
    return fv->pieces && flatpiece_holds(p, addr) ? p
                                                  : flatview_search(fv, addr);
}
FlatRange *flatview_lookup(FlatView *fv, hwaddr addr);
/* The first range that ends behind addr; fv->count when there is none. */
unsigned flatview_first(const FlatView *fv, Int128 addr);
/* Same region, place, offset and flags. */
bool flatrange_equal(const FlatRange *a, const FlatRange *b);
/* A range as listeners are told of it. */
MemoryRegionSection flatrange_section(FlatView *fv, const FlatRange *r);

/* From an IOMMU region (or an alias of one) at offset *xlat to what lies behind
 * it, over chains of IOMMUs, as an access would: *len is cut to what one page
 * of each and one piece of the last view hold. Where nothing answers, the
 * world's unassigned region with *xlat the last offset not translated.
 * page_mask (may be NULL) is ANDed with the masks met; target_as (may be NULL)
 * gets the last space. In iommu.c. */
MemoryRegion *iommu_resolve(MemoryRegion *mr, hwaddr *xlat, hwaddr *len,
                            hwaddr *page_mask, bool is_write,
                            AddressSpace **target_as, MemTxAttrs attrs);
/* Region and offset (*xlat) at addr without following IOMMUs; where nothing
 * is, world->unassigned at offset addr. *len is cut to the piece if that is
 * RAM: a range that starts or ends inside a page is cut at its first and last
 * page border. */
MemoryRegion *flatview_place(FlatView *fv, hwaddr addr, hwaddr *xlat,
                             hwaddr *len);

/* A transaction of that world, current or not. */
void world_begin(MemoryWorld *world);
void world_commit(MemoryWorld *world);
/* Draws all views anew, tells the listeners, puts the views in place. */
void listener_update(MemoryWorld *world);
/* The event bindings visible in one space compared with those its listeners
 * know; a commit asks it space by space. In ioeventfd.c. */
void ioeventfd_update(AddressSpace *as);
/* Does a binding of mr take this write (data in the device's order)? If so it
 * is signalled. In ioeventfd.c. */
bool ioeventfd_signal(MemoryRegion *mr, hwaddr addr, unsigned size,
                      uint64_t data);
/* The region's coalesced ranges that touch the section, told to the listeners
 * of the space: added (in order), or deleted (last listener first). In
 * coalesce.c. */
void coalesce_tell(AddressSpace *as, MemoryRegionSection *section, bool added);
/* Does a coalesced range of the region hold all of it? */
bool coalesce_holds(const MemoryRegion *mr, hwaddr offset, unsigned size);
/* At the end of a region. */
void coalesce_free(MemoryRegion *mr);
void ioeventfd_free(MemoryRegion *mr);
/* A space came, and is about to go: listeners of the 2015 generation to all
 * spaces join and leave it. In compat2015_listener.c. */
void compat2015_space_came(AddressSpace *as);
void compat2015_space_goes(AddressSpace *as);
/* Performs the world's posted writes, also those in buffers; nothing while a
 * flush is running. In posted.c. */
void posted_flush(MemoryWorld *world, PostedCause cause);
/* The same before an access to a region with the flush flag that is not memory.
 */
void posted_flush_for(MemoryRegion *mr);
/* One call per listener of the space: rising priority, or falling. */
#define LISTENERS_FORWARD(l, as)                                               \
    for (MemoryListener *l = (as)->first_listener; l; l = l->next_as)
#define LISTENERS_REVERSE(l, as)                                               \
    for (MemoryListener *l = (as)->last_listener; l; l = l->prev_as)
/* Ends a change of the tree: a transaction of its own, after which, if
 * `visible`, all views are drawn anew. In tree.c. */
void region_changed(MemoryRegion *mr, bool visible);

/* The callbacks of a region that has none: they accept nothing. */
extern const MemoryRegionOps memory_none_ops;
/* Those of a RAM device: sized accesses to its memory; opaque is the region. */
extern const MemoryRegionOps memory_ram_device_ops;

/* Zeroed memory for tables; ends the program when the host has none. */
void *memory_alloc(size_t count, size_t size);
/* As memory_alloc(), not zeroed, in whole cache lines. */
void *memory_lines(size_t bytes);
/* Bytes of `old` (from memory_alloc, may be NULL) kept in a larger table. */
void *memory_grow(void *old, size_t count, size_t size);

/* Zero-filled host memory of max_size bytes; NULL with *errp when the host has
 * none. All ram_block_* are in ram.c. */
RAMBlock *ram_block_new(uint64_t size, uint64_t max_size, uint32_t flags,
                        Error **errp);
RAMBlock *ram_block_of(void *host, uint64_t size); /* borrowed memory */
/* Before it is in use: every byte of it. */
bool ram_block_fill(RAMBlock *block, uint8_t byte, Error **errp);
/* Gives the block a place in the world's numbering, and its region. */
void ram_block_bind(RAMBlock *block, MemoryRegion *mr);
void ram_block_free(RAMBlock *block); /* NULL is fine */

/* What dispatch must look at beyond the callbacks: MemoryRegion.special. */
enum {
    REGION_FLUSHES = 1 << 0,  /* flush_coalesced_mmio */
    REGION_EVENTFDS = 1 << 1, /* has event bindings */
    REGION_GUARDED = 1 << 2,  /* re-entrancy is not simply allowed */
};

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

/* The low `size` bytes (0..8) of value. */
static inline uint64_t cut_bytes(uint64_t value, unsigned size)
{
    return size >= 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

/* Callbacks of one region under way, on the stack of their dispatch. */
typedef struct DispatchFrame {
    MemoryRegion *mr;
    hwaddr offset;
    struct DispatchFrame *outer;
} DispatchFrame;

/* The region lives until dispatch_leave(): its owner is kept by the view of the
 * access, or, behind an IOMMU, by who enters. */
static inline void dispatch_enter(MemoryWorld *world, DispatchFrame *frame,
                                  MemoryRegion *mr, hwaddr offset)
{
    frame->mr = mr;
    frame->offset = offset;
    frame->outer = world->frame;
    world->frame = frame;
}

void dispatch_unlink(MemoryWorld *world, const DispatchFrame *frame);
static inline void dispatch_leave(MemoryWorld *world, DispatchFrame *frame)
{
    if (__builtin_expect(world->frame == frame, 1)) {
        world->frame = frame->outer;
    } else {
        dispatch_unlink(world, frame);
    }
}

/* Quick accesses: aligned, and, by the ops, plain callbacks of `step` bytes in
 * little-endian order with nothing to look at besides. FlatPiece.quick has four
 * bits per direction and log2 of the size: 0, not known yet; else 8 + code,
 * where code is 0, not quick, or 1 + log2(step). */
static inline unsigned quick_step(uint32_t quick, bool is_write, unsigned log2)
{
    unsigned at = 4 * (4 * (unsigned)is_write + log2);
    return (1u << (quick >> at & 7)) >> 1;
}
/* Fills what a quick access needs from the region as it is now. */
void dispatch_learn(FlatPiece *p);
uint64_t dispatch_quick_read_split(const FlatPiece *p, hwaddr offset,
                                   unsigned size, unsigned step);
void dispatch_quick_write_split(const FlatPiece *p, hwaddr offset,
                                unsigned size, unsigned step, uint64_t value);
static inline uint64_t dispatch_quick_read(MemoryWorld *world,
                                           const FlatPiece *p, hwaddr offset,
                                           unsigned size, unsigned step)
{
    uint64_t value;
    DispatchFrame frame;
    dispatch_enter(world, &frame, p->mr, offset);
    if (step == size) {
        value = cut_bytes(p->ops->read(p->opaque, offset, size), size);
    } else {
        value = dispatch_quick_read_split(p, offset, size, step);
    }
    dispatch_leave(world, &frame);
    return value;
}
static inline void dispatch_quick_write(MemoryWorld *world, const FlatPiece *p,
                                        hwaddr offset, unsigned size,
                                        unsigned step, uint64_t value)
{
    DispatchFrame frame;
    dispatch_enter(world, &frame, p->mr, offset);
    if (step == size) {
        p->ops->write(p->opaque, offset, cut_bytes(value, size), size);
    } else {
        dispatch_quick_write_split(p, offset, size, step, value);
    }
    dispatch_leave(world, &frame);
}
/* Has views and ports forget what they know of mr: its special has changed. */
void region_update_quick(MemoryRegion *mr);

/* Notes one piece for the port, if anybody looks. */
void beats_note(MemoryWorld *world, MemoryRegion *mr, hwaddr offset,
                unsigned size, uint64_t value, BeatCause cause);

/* A store changed [offset, offset + len) of mr's memory: ends reservations of
 * other ports, tells harts about code and marks pages dirty, as far as page
 * states ask for it. self may be NULL. Every store that is not through an open
 * entry calls this. */
void ram_written(MemoryPort *self, MemoryRegion *mr, ram_addr_t offset,
                 uint64_t len);

/* At the end of a world. */
void watches_free(MemoryWorld *world);

/* What of an access at one address goes one way. */
typedef struct MemoryPiece {
    MemoryRegion *mr;
    hwaddr offset; /* in mr */
    hwaddr len;    /* bytes that lie in one piece of memory */
    bool direct;   /* by pointer; else by access_size() and dispatch */
} MemoryPiece;
MemoryPiece memory_piece_at(FlatView *fv, hwaddr addr, hwaddr len,
                            bool is_write, MemTxAttrs attrs);

/* Cuts a direct piece to the memory there is. */
void memory_piece_cut(MemoryPiece *p);
/* Moves the head of a piece, *done bytes of it; `whole`: the transfer's. */
MemTxResult memory_move(const MemoryPiece *p, uint8_t *buf, hwaddr whole,
                        bool is_write, MemTxAttrs attrs, hwaddr *done);
/* 1, 2, 4 or 8 bytes at a piece; one dispatch unless it is direct and holds
 * all. */
uint64_t memory_load(const MemoryPiece *p, MemOp op, MemTxAttrs attrs,
                     MemTxResult *result);
void memory_store(const MemoryPiece *p, uint64_t value, MemOp op,
                  MemTxAttrs attrs, MemTxResult *result);

/* The functional part of the public calls, without port: byte strings by the rw
 * rule on the view fv, and one dispatch of 1, 2, 4 or 8 bytes. */
MemTxResult memory_rw(FlatView *fv, hwaddr addr, MemTxAttrs attrs, void *buf,
                      hwaddr len, bool is_write);
uint64_t memory_ld(FlatView *fv, hwaddr addr, MemOp op, MemTxAttrs attrs,
                   MemTxResult *result);
void memory_st(FlatView *fv, hwaddr addr, uint64_t value, MemOp op,
               MemTxAttrs attrs, MemTxResult *result);
MemTxResult memory_write_rom(FlatView *fv, hwaddr addr, MemTxAttrs attrs,
                             const void *buf, hwaddr len);
bool memory_access_valid(FlatView *fv, hwaddr addr, hwaddr len, bool is_write,
                         MemTxAttrs attrs);

/* mtree_info() to a file, of any world. */
void mtree_write(MemoryWorld *world, FILE *out, bool flatview,
                 bool dispatch_tree, bool owner, bool disabled);
/* Children by rising address, then falling priority; memory_alloc()ed. */
MemoryRegion **mtree_children(const MemoryRegion *mr, size_t *count);

/* -- byte order ----------------------------------------------------------- */

/* `size` bytes in the opposite order, cut to that size; 1 byte stays whole. */
static inline uint64_t swap_bytes(uint64_t value, unsigned size)
{
    return size > 1 ? __builtin_bswap64(value) >> (64 - 8 * size) : value;
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
