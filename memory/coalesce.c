/*
 * coalesce.c - coalesced ranges: which writes into a region may be posted.
 *
 * Model    A region has a list of ranges of its own. Where they are visible is
 *          told, clipped and in addresses of the space, to the listeners and to
 *          the posted-write queue (posted.c): at once when a range is added or
 *          removed, and by commits when the region comes into view or goes.
 *          No transaction is involved.
 * Units    bytes; offsets relative to the region.
 * Source   memory-api semantics, section 7.
 * Missing  nothing known.
 */
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/port.h"
#include "memory/posted_private.h"

struct CoalescedMemoryRange {
    Int128 offset, size; /* in the region */
};

/* -- telling -------------------------------------------------------------- */

static void tell_added(AddressSpace *as, MemoryRegionSection *section,
                       hwaddr addr, hwaddr len)
{
    posted_range(as, addr, len, true);
    LISTENERS_FORWARD(l, as)
    {
        if (l->coalesced_io_add) {
            l->coalesced_io_add(l, section, addr, len);
        }
    }
}

static void tell_removed(AddressSpace *as, MemoryRegionSection *section,
                         hwaddr addr, hwaddr len)
{
    posted_range(as, addr, len, false);
    LISTENERS_REVERSE(l, as)
    {
        if (l->coalesced_io_del) {
            l->coalesced_io_del(l, section, addr, len);
        }
    }
}

/* The part of one range that the section shows, if any. */
static void tell_range(AddressSpace *as, MemoryRegionSection *section,
                       const CoalescedMemoryRange *range, bool added)
{
    Int128 shown = (Int128)section->offset_within_region;
    Int128 start = int128_max(range->offset, shown);
    Int128 end = int128_min(range->offset + range->size, shown + section->size);
    if (start >= end) {
        return;
    }
    hwaddr addr =
        section->offset_within_address_space + int128_get64(start - shown);
    hwaddr len = int128_get64(end - start);
    if (added) {
        tell_added(as, section, addr, len);
    } else {
        tell_removed(as, section, addr, len);
    }
}

void coalesce_tell(AddressSpace *as, MemoryRegionSection *section, bool added)
{
    MemoryRegion *mr = section->mr;
    for (unsigned i = 0; i < mr->coalesced_nb; i++) {
        CoalescedMemoryRange range = mr->coalesced[i];
        tell_range(as, section, &range, added);
    }
}

/* Wherever the region is visible now. */
static void tell_everywhere(MemoryRegion *mr, const CoalescedMemoryRange *range,
                            bool added)
{
    for (AddressSpace *as = mr->world->first_space; as; as = as->next) {
        FlatView *fv = flatview_ref(address_space_to_flatview(as));
        for (unsigned i = 0; i < fv->count; i++) {
            if (fv->range[i].mr == mr) {
                MemoryRegionSection section =
                    flatrange_section(fv, &fv->range[i]);
                tell_range(as, &section, range, added);
            }
        }
        flatview_unref(fv);
    }
}

/* -- ranges --------------------------------------------------------------- */

static void set_flushes(MemoryRegion *mr, bool flushes)
{
    mr->flush_coalesced_mmio = flushes;
    mr->special &= (uint8_t)~REGION_FLUSHES;
    if (flushes) {
        mr->special |= REGION_FLUSHES;
    }
    region_update_quick(mr);
}

static void add_range(MemoryRegion *mr, CoalescedMemoryRange range)
{
    posted_enable(mr->world);
    mr->coalesced = memory_grow(mr->coalesced, mr->coalesced_nb + 1,
                                sizeof(*mr->coalesced));
    mr->coalesced[mr->coalesced_nb++] = range;
    tell_everywhere(mr, &range, true);
    set_flushes(mr, true);
    memory_world_flush_ports(mr->world); /* pointers were given away */
}

void memory_region_add_coalescing(MemoryRegion *mr, hwaddr offset,
                                  uint64_t size)
{
    add_range(
        mr, (CoalescedMemoryRange){int128_make64(offset), int128_make64(size)});
}

void memory_region_set_coalescing(MemoryRegion *mr)
{
    memory_region_clear_coalescing(mr);
    add_range(mr, (CoalescedMemoryRange){.size = mr->size});
}

void memory_region_clear_coalescing(MemoryRegion *mr)
{
    if (!mr->coalesced_nb) {
        return;
    }
    posted_flush(mr->world, POSTED_MAP);
    set_flushes(mr, false);
    while (mr->coalesced_nb) {
        CoalescedMemoryRange range = mr->coalesced[0];
        mr->coalesced_nb--;
        memmove(&mr->coalesced[0], &mr->coalesced[1],
                mr->coalesced_nb * sizeof(range));
        tell_everywhere(mr, &range, false);
    }
    coalesce_free(mr);
    memory_world_flush_ports(mr->world);
}

void memory_region_set_flush_coalesced(MemoryRegion *mr)
{
    set_flushes(mr, true);
}

void memory_region_clear_flush_coalesced(MemoryRegion *mr)
{
    posted_flush(mr->world, POSTED_MAP);
    if (!mr->coalesced_nb) {
        set_flushes(mr, false);
    }
}

bool coalesce_holds(const MemoryRegion *mr, hwaddr offset, unsigned size)
{
    Int128 first = int128_make64(offset), end = first + size;
    for (unsigned i = 0; i < mr->coalesced_nb; i++) {
        const CoalescedMemoryRange *r = &mr->coalesced[i];
        if (first >= r->offset && end <= r->offset + r->size) {
            return true;
        }
    }
    return false;
}

void coalesce_free(MemoryRegion *mr)
{
    free(mr->coalesced);
    mr->coalesced = NULL;
    mr->coalesced_nb = 0;
}
