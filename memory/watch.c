/*
 * watch.c - the watches of a world (see watch.h).
 *
 * Model    A list; an access that comes by call looks through it when there is
 *          one. Regions are known by their ids, so one that ends leaves nothing
 *          behind but a watch that never meets anything.
 * Units    bytes.
 * Missing  see watch.h.
 */
#include "memory/watch.h"

#include <stdlib.h>

#include "memory/internal.h"
#include "memory/port_private.h"

typedef struct Watch {
    uint32_t region;
    uint8_t dir;
    hwaddr first, last; /* in the region */
    uint64_t address;   /* of `first` */
} Watch;

struct MemoryWatches {
    MemoryWatchFn *fn;
    void *opaque;
    unsigned count, capacity;
    Watch *watch;
};

void watches_free(MemoryWorld *world)
{
    if (world->watches) {
        free(world->watches->watch);
        free(world->watches);
        world->watches = NULL;
    }
}

void memory_watch_tell(MemoryWatchFn *fn, void *opaque)
{
    MemoryWorld *world = memory_world_current();
    memory_watch_clear();
    watches_free(world);
    if (fn) {
        world->watches = memory_alloc(1, sizeof(*world->watches));
        world->watches->fn = fn;
        world->watches->opaque = opaque;
    }
}

static void set_pages(MemoryWorld *world, const MemoryRegion *mr,
                      const Watch *w)
{
    for (hwaddr page = w->first >> PAGE_BITS; page <= w->last >> PAGE_BITS;
         page++) {
        ram_block_set_state(world, mr->ram_block, page << PAGE_BITS,
                            PAGE_WATCHED);
    }
}

static bool add(MemoryWorld *world, const MemoryPiece *p, uint8_t dir,
                uint64_t address)
{
    struct MemoryWatches *ws = world->watches;
    if (ws->count == ws->capacity) {
        unsigned capacity = 2 * ws->capacity + 8;
        Watch *grown = realloc(ws->watch, capacity * sizeof(*grown));
        if (!grown) {
            return false;
        }
        ws->watch = grown;
        ws->capacity = capacity;
    }
    Watch *w = &ws->watch[ws->count++];
    *w = (Watch){.region = p->mr->id,
                 .dir = dir,
                 .first = p->offset,
                 .last = p->offset + (p->len - 1),
                 .address = address};
    if (p->direct) {
        set_pages(world, p->mr, w);
    }
    return true;
}

bool memory_watch_add(AddressSpace *as, hwaddr addr, uint64_t len, uint8_t dir,
                      uint64_t address)
{
    MemoryWorld *world = as->world;
    if (!world->watches || !len || len - 1 > UINT64_MAX - addr) {
        return false;
    }
    FlatView *fv = flatview_ref(address_space_to_flatview(as));
    bool all = true;
    for (uint64_t at = 0; at < len && all;) {
        MemoryPiece p = memory_piece_at(fv, addr + at, len - at, false,
                                        MEMTXATTRS_UNSPECIFIED);
        if (!p.direct) { /* a device may end before that */
            const FlatPiece *f = flatview_piece(fv, addr + at);
            uint64_t room = f ? f->last - (addr + at) + 1 : 1;
            p.len = room && p.len > room ? room : p.len;
        }
        all = p.mr != &world->unassigned && add(world, &p, dir, address + at);
        at += p.len;
    }
    flatview_unref(fv);
    memory_world_flush_ports(world);
    return all;
}

void memory_watch_clear(void)
{
    MemoryWorld *world = memory_world_current();
    struct MemoryWatches *ws = world->watches;
    if (!ws || !ws->count) {
        return;
    }
    for (RAMBlock *b = world->first_block; b; b = b->next) {
        for (unsigned i = 0; i < ws->count; i++) {
            const Watch *w = &ws->watch[i];
            hwaddr end = b->size;
            for (hwaddr at = w->first & ~(hwaddr)(PAGE_SIZE_BYTES - 1);
                 b->mr && b->mr->id == w->region && at <= w->last && at < end;
                 at += PAGE_SIZE_BYTES) {
                ram_block_clear_state(b, at, PAGE_WATCHED);
            }
        }
    }
    free(ws->watch);
    ws->watch = NULL;
    ws->count = ws->capacity = 0;
}

bool memory_watched(const MemoryRegion *mr)
{
    const struct MemoryWatches *ws = mr->world->watches;
    for (unsigned i = 0; ws && i < ws->count; i++) {
        if (ws->watch[i].region == mr->id) {
            return true;
        }
    }
    return false;
}

void watch_access(MemoryPort *port, const MemoryRegion *mr, hwaddr offset,
                  uint64_t len, uint8_t dir, const void *bytes)
{
    const struct MemoryWatches *ws = port->world->watches;
    for (unsigned i = 0; mr && len && i < ws->count; i++) {
        const Watch *w = &ws->watch[i];
        if (w->region == mr->id && (w->dir & dir) && offset <= w->last &&
            w->first <= offset + (len - 1)) {
            hwaddr at = offset > w->first ? offset : w->first;
            hwaddr end =
                offset + len - 1 < w->last ? offset + len - 1 : w->last;
            const uint8_t *written = dir == DIR_WRITE ? bytes : NULL;
            const MemoryWatchHit hit = {
                .address = w->address + (at - w->first),
                .watched = w->dir,
                .dir = dir,
                .bytes = written ? written + (at - offset) : NULL,
                .len = end - at + 1,
                .port = port};
            ws->fn(ws->opaque, &hit);
        }
    }
}
