/*
 * ioeventfd.c - event bindings: writes that signal an event instead of calling
 * the device.
 *
 * Model    A region has a sorted list of bindings; a write of the whole
 *          dispatched access is compared with them after it was turned into the
 *          device's byte order, and the first that matches is signalled. Each
 *          space keeps the list its listeners know: bindings of visible regions
 *          in the order of the view; commits tell the difference.
 * Units    bytes; data as the device would see it.
 * Source   memory-api semantics, section 8, order of events included.
 * Missing  nothing known.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"

struct MemoryRegionIoeventfd {
    Int128 start;  /* offset in the region; in a space's list an address */
    unsigned size; /* 0: any */
    bool match_data;
    uint64_t data;
    EventNotifier *e;
    uint32_t id; /* of e: the order of events among bindings */
};

/* -- order ---------------------------------------------------------------- */

static bool comes_before(const MemoryRegionIoeventfd *a,
                         const MemoryRegionIoeventfd *b)
{
    if (a->start != b->start) {
        return a->start < b->start;
    }
    if (a->size != b->size) {
        return a->size < b->size;
    }
    if (a->match_data != b->match_data) {
        return a->match_data < b->match_data;
    }
    if (a->match_data && a->data != b->data) {
        return a->data < b->data;
    }
    return a->id < b->id;
}

/* Would both be the same write? A size of 0 is like any. */
static bool same_write(const MemoryRegionIoeventfd *a, Int128 start,
                       unsigned size, bool match_data, uint64_t data)
{
    return a->start == start &&
           (!a->size || !size ||
            (a->size == size && a->match_data == match_data &&
             (!match_data || a->data == data)));
}

/* -- bindings ------------------------------------------------------------- */

/* Data comes in the target's order. */
static uint64_t device_data(const MemoryRegion *mr, unsigned size,
                            uint64_t data)
{
    bool swap = region_is_big(mr) != mr->world->target_big_endian;
    bool has_order = size == 2 || size == 4 || size == 8;
    return swap && has_order ? swap_bytes(data, size) : data;
}

static void set_has_bindings(MemoryRegion *mr)
{
    mr->special &= (uint8_t)~REGION_EVENTFDS;
    if (mr->ioeventfd_nb) {
        mr->special |= REGION_EVENTFDS;
    }
    region_update_quick(mr);
}

/* Ends the transaction of a change. */
static void bindings_changed(MemoryRegion *mr)
{
    set_has_bindings(mr);
    mr->world->eventfds_pending |= mr->enabled;
    world_commit(mr->world);
}

void memory_region_add_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size,
                               bool match_data, uint64_t data, EventNotifier *e)
{
    MemoryWorld *world = mr->world;
    MemoryRegionIoeventfd binding = {
        int128_make64(addr),         size, match_data,
        device_data(mr, size, data), e,    e->id};
    world_begin(world);
    /* An event may come from another world; see ioeventfd_update(). */
    world->last_event = e->id > world->last_event ? e->id : world->last_event;
    unsigned at = 0;
    while (at < mr->ioeventfd_nb &&
           !comes_before(&binding, &mr->ioeventfds[at])) {
        at++;
    }
    mr->ioeventfds = memory_grow(mr->ioeventfds, mr->ioeventfd_nb + 1,
                                 sizeof(*mr->ioeventfds));
    memmove(&mr->ioeventfds[at + 1], &mr->ioeventfds[at],
            (mr->ioeventfd_nb - at) * sizeof(binding));
    mr->ioeventfds[at] = binding;
    mr->ioeventfd_nb++;
    bindings_changed(mr);
}

void memory_region_del_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size,
                               bool match_data, uint64_t data, EventNotifier *e)
{
    world_begin(mr->world);
    data = device_data(mr, size, data);
    unsigned at = 0;
    while (at < mr->ioeventfd_nb) {
        const MemoryRegionIoeventfd *b = &mr->ioeventfds[at];
        bool any_size = !b->size || !size;
        if (same_write(b, int128_make64(addr), size, match_data, data) &&
            (any_size || b->id == e->id)) {
            break;
        }
        at++;
    }
    assert(at < mr->ioeventfd_nb);
    mr->ioeventfd_nb--;
    memmove(&mr->ioeventfds[at], &mr->ioeventfds[at + 1],
            (mr->ioeventfd_nb - at) * sizeof(*mr->ioeventfds));
    bindings_changed(mr);
}

void ioeventfd_free(MemoryRegion *mr)
{
    free(mr->ioeventfds);
    mr->ioeventfds = NULL;
    mr->ioeventfd_nb = 0;
}

bool ioeventfd_signal(MemoryRegion *mr, hwaddr addr, unsigned size,
                      uint64_t data)
{
    for (unsigned i = 0; i < mr->ioeventfd_nb; i++) {
        const MemoryRegionIoeventfd *b = &mr->ioeventfds[i];
        if (same_write(b, int128_make64(addr), size, b->match_data, data)) {
            event_notifier_set(b->e);
            return true;
        }
    }
    return false;
}

/* -- what listeners know -------------------------------------------------- */

/* Does a binding at that address touch the range? */
static bool touches(const FlatRange *r, const MemoryRegionIoeventfd *b)
{
    Int128 end = r->start + r->size;
    return b->start < end &&
           (b->start >= r->start || b->start + b->size > r->start);
}

static unsigned count_bindings(const FlatView *fv)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fv->count; i++) {
        count += fv->range[i].mr->ioeventfd_nb;
    }
    return count;
}

/* All that are visible, in the order of the view, with addresses. */
static MemoryRegionIoeventfd *visible_bindings(const FlatView *fv,
                                               unsigned *count)
{
    *count = 0;
    unsigned most = count_bindings(fv);
    if (!most) {
        return NULL;
    }
    MemoryRegionIoeventfd *all = memory_alloc(most, sizeof(*all));
    for (unsigned i = 0; i < fv->count; i++) {
        const FlatRange *r = &fv->range[i];
        for (unsigned k = 0; k < r->mr->ioeventfd_nb; k++) {
            MemoryRegionIoeventfd b = r->mr->ioeventfds[k];
            b.start += r->start - (Int128)r->offset;
            if (touches(r, &b)) {
                all[(*count)++] = b;
            }
        }
    }
    return all;
}

static MemoryRegionSection binding_section(FlatView *fv,
                                           const MemoryRegionIoeventfd *b)
{
    return (MemoryRegionSection){.fv = fv,
                                 .offset_within_address_space =
                                     int128_get64(b->start),
                                 .size = int128_make64(b->size)};
}

static void tell_del(AddressSpace *as, FlatView *fv,
                     const MemoryRegionIoeventfd *b)
{
    MemoryRegionSection section = binding_section(fv, b);
    LISTENERS_FORWARD(l, as)
    {
        if (l->eventfd_del) {
            l->eventfd_del(l, &section, b->match_data, b->data, b->e);
        }
    }
}

static void tell_add(AddressSpace *as, FlatView *fv,
                     const MemoryRegionIoeventfd *b)
{
    MemoryRegionSection section = binding_section(fv, b);
    LISTENERS_REVERSE(l, as)
    {
        if (l->eventfd_add) {
            l->eventfd_add(l, &section, b->match_data, b->data, b->e);
        }
    }
}

/* Walks both lists in their order; neither need be sorted. */
static void tell_difference(AddressSpace *as, FlatView *fv,
                            const MemoryRegionIoeventfd *old, unsigned old_nb,
                            const MemoryRegionIoeventfd *new, unsigned new_nb)
{
    unsigned i = 0, k = 0;
    while (i < old_nb || k < new_nb) {
        if (i < old_nb && (k == new_nb || comes_before(&old[i], &new[k]))) {
            tell_del(as, fv, &old[i++]);
        } else if (i == old_nb || comes_before(&new[k], &old[i])) {
            tell_add(as, fv, &new[k++]);
        } else {
            i++;
            k++;
        }
    }
}

void ioeventfd_update(AddressSpace *as)
{
    if (!as->world->last_event) {
        return; /* no event, no binding: spares the walk and the drawing */
    }
    /* Also without listeners: one that comes later is told of changes since. */
    FlatView *fv = flatview_ref(address_space_to_flatview(as));
    MemoryRegionIoeventfd *old = as->ioeventfds;
    unsigned old_nb = as->ioeventfd_nb;
    unsigned new_nb;
    MemoryRegionIoeventfd *new = visible_bindings(fv, &new_nb);
    tell_difference(as, fv, old, old_nb, new, new_nb);
    as->ioeventfds = new;
    as->ioeventfd_nb = new_nb;
    free(old);
    flatview_unref(fv);
}
