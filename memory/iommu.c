/*
 * iommu.c - IOMMU regions: translation, notifiers (see iommu.h).
 *
 * Model    An access that lands in an IOMMU region is translated page by page
 *          and looked up again in the target space, until it lands elsewhere. A
 *          missing permission ends it at the unassigned region. Notifiers are
 *          told newest first.
 * Units    masks are page size - 1.
 * Source   memory-api semantics, sections 10 and 11.
 * Missing  chains of more than MAX_CHAIN IOMMUs answer as unassigned.
 */
#include <assert.h>

#include "memory/internal.h"
#include "memory/port.h"

enum { MAX_CHAIN = 64 };

/* -- making and asking ---------------------------------------------------- */

/* memory_region_fini() of an IOMMU ends the object, in memory of the caller. */
static void end_object(MemoryRegion *mr)
{
    mr->destructor = NULL;
    mr->parent_obj.free = NULL;
    object_unref(mr);
}

void memory_region_init_iommu(void *_iommu_mr, size_t instance_size,
                              const char *mrtypename, Object *owner,
                              const char *name, uint64_t size)
{
    object_initialize(_iommu_mr, instance_size, mrtypename);
    IOMMUMemoryRegion *iommu = IOMMU_MEMORY_REGION(_iommu_mr);
    Object object = iommu->parent_obj.parent_obj;
    memory_region_init(&iommu->parent_obj, owner, name, size);
    iommu->parent_obj.parent_obj = object;
    iommu->parent_obj.is_iommu = true;
    iommu->parent_obj.terminates = true;
    iommu->parent_obj.destructor = end_object;
    iommu->iommu_notify = NULL;
    iommu->iommu_notify_flags = IOMMU_NOTIFIER_NONE;
}

IOMMUMemoryRegion *memory_region_get_iommu(MemoryRegion *mr)
{
    while (mr->alias) {
        mr = mr->alias;
    }
    return mr->is_iommu ? (IOMMUMemoryRegion *)(void *)mr : NULL;
}

static const IOMMUMemoryRegionClass *class_of(IOMMUMemoryRegion *iommu)
{
    return memory_region_get_iommu_class_nocheck(iommu);
}

uint64_t memory_region_iommu_get_min_page_size(IOMMUMemoryRegion *iommu_mr)
{
    const IOMMUMemoryRegionClass *c = class_of(iommu_mr);
    return c->get_min_page_size ? c->get_min_page_size(iommu_mr)
                                : PAGE_SIZE_BYTES;
}

int memory_region_iommu_attrs_to_index(IOMMUMemoryRegion *iommu_mr,
                                       MemTxAttrs attrs)
{
    const IOMMUMemoryRegionClass *c = class_of(iommu_mr);
    return c->attrs_to_index ? c->attrs_to_index(iommu_mr, attrs) : 0;
}

int memory_region_iommu_num_indexes(IOMMUMemoryRegion *iommu_mr)
{
    const IOMMUMemoryRegionClass *c = class_of(iommu_mr);
    return c->num_indexes ? c->num_indexes(iommu_mr) : 1;
}

int memory_region_iommu_get_attr(IOMMUMemoryRegion *iommu_mr,
                                 enum IOMMUMemoryRegionAttr attr, void *data)
{
    const IOMMUMemoryRegionClass *c = class_of(iommu_mr);
    return c->get_attr ? c->get_attr(iommu_mr, attr, data) : -EINVAL;
}

int memory_region_iommu_set_page_size_mask(IOMMUMemoryRegion *iommu_mr,
                                           uint64_t page_size_mask,
                                           Error **errp)
{
    const IOMMUMemoryRegionClass *c = class_of(iommu_mr);
    return c->iommu_set_page_size_mask
               ? c->iommu_set_page_size_mask(iommu_mr, page_size_mask, errp)
               : 0;
}

/* -- translation ---------------------------------------------------------- */

MemoryRegion *iommu_resolve(MemoryRegion *mr, hwaddr *xlat, hwaddr *len,
                            hwaddr *page_mask, bool is_write,
                            AddressSpace **target_as, MemTxAttrs attrs)
{
    MemoryRegion *unassigned = &mr->world->unassigned;
    const IOMMUAccessFlags want = is_write ? IOMMU_WO : IOMMU_RO;
    for (unsigned turn = 0; turn < MAX_CHAIN; turn++) {
        IOMMUMemoryRegion *iommu = memory_region_get_iommu(mr);
        if (!iommu) {
            return mr;
        }
        int index = memory_region_iommu_attrs_to_index(iommu, attrs);
        IOMMUTLBEntry e = class_of(iommu)->translate(iommu, *xlat, want, index);
        if (!(e.perm & want) || !e.target_as) {
            return unassigned;
        }
        hwaddr addr =
            (e.translated_addr & ~e.addr_mask) | (*xlat & e.addr_mask);
        hwaddr more = (addr | e.addr_mask) - addr; /* bytes behind */
        *len = *len > more ? more + 1 : *len;
        if (page_mask) {
            *page_mask &= e.addr_mask;
        }
        if (target_as) {
            *target_as = e.target_as;
        }
        mr = flatview_place(address_space_to_flatview(e.target_as), addr, xlat,
                            len);
    }
    return unassigned;
}

/* -- the entry for a device's own cache ------------------------------------ */

/* Is all of the page in the range? Only then does the region itself decide. */
static bool covers_page(const FlatRange *r, hwaddr page)
{
    return r && r->start <= (Int128)page &&
           (Int128)page + PAGE_SIZE_BYTES <= r->start + r->size;
}

static bool touches_page(const FlatView *fv, hwaddr page)
{
    unsigned i = flatview_first(fv, page);
    return i < fv->count && fv->range[i].start < (Int128)page + PAGE_SIZE_BYTES;
}

IOMMUTLBEntry address_space_get_iotlb_entry(AddressSpace *as, hwaddr addr,
                                            bool is_write, MemTxAttrs attrs)
{
    const IOMMUTLBEntry nothing = {.perm = IOMMU_NONE};
    const IOMMUAccessFlags want = is_write ? IOMMU_WO : IOMMU_RO;
    hwaddr at = addr, mask = UINT64_MAX;
    for (unsigned turn = 0; turn < MAX_CHAIN; turn++) {
        FlatView *fv = address_space_to_flatview(as);
        hwaddr page = at & ~(hwaddr)(PAGE_SIZE_BYTES - 1);
        const FlatRange *r = flatview_lookup(fv, at);
        if (!covers_page(r, page) || !r->mr->is_iommu) {
            if (!touches_page(fv, page)) {
                return nothing;
            }
            mask = mask == UINT64_MAX ? PAGE_SIZE_BYTES - 1 : mask;
            return (IOMMUTLBEntry){.target_as = as,
                                   .iova = addr & ~mask,
                                   .translated_addr = at & ~mask,
                                   .addr_mask = mask,
                                   .perm = IOMMU_RW};
        }
        IOMMUMemoryRegion *iommu = memory_region_get_iommu(r->mr);
        hwaddr offset = r->offset + (at - int128_get64(r->start));
        IOMMUTLBEntry e = class_of(iommu)->translate(
            iommu, offset, want,
            memory_region_iommu_attrs_to_index(iommu, attrs));
        if (!(e.perm & want) || !e.target_as) {
            return nothing;
        }
        at = (e.translated_addr & ~e.addr_mask) | (offset & e.addr_mask);
        mask &= e.addr_mask;
        as = e.target_as;
    }
    return nothing;
}

/* -- notifiers ------------------------------------------------------------ */

/* 0, or the errno with which the IOMMU refuses what is wanted now. */
static int update_flags(IOMMUMemoryRegion *iommu, Error **errp)
{
    unsigned wanted = IOMMU_NOTIFIER_NONE;
    IOMMUNotifier *n;
    IOMMU_NOTIFIER_FOREACH(n, iommu)
    {
        wanted |= n->notifier_flags;
    }
    IOMMUNotifierFlag flags = (IOMMUNotifierFlag)wanted;
    const IOMMUMemoryRegionClass *c = class_of(iommu);
    if (flags != iommu->iommu_notify_flags && c->notify_flag_changed) {
        int refused = c->notify_flag_changed(iommu, iommu->iommu_notify_flags,
                                             flags, errp);
        if (refused) {
            return refused;
        }
    }
    iommu->iommu_notify_flags = flags;
    return 0;
}

static void unlink_notifier(IOMMUMemoryRegion *iommu, const IOMMUNotifier *n)
{
    IOMMUNotifier **at = &iommu->iommu_notify;
    while (*at && *at != n) {
        at = &(*at)->next;
    }
    assert(*at); /* it is registered here */
    *at = n->next;
}

int memory_region_register_iommu_notifier(MemoryRegion *mr, IOMMUNotifier *n,
                                          Error **errp)
{
    IOMMUMemoryRegion *iommu = memory_region_get_iommu(mr);
    assert(iommu && n->notifier_flags != IOMMU_NOTIFIER_NONE);
    assert(n->start <= n->end);
    assert(n->iommu_idx >= 0 &&
           n->iommu_idx < memory_region_iommu_num_indexes(iommu));
    n->next = iommu->iommu_notify;
    iommu->iommu_notify = n;
    int refused = update_flags(iommu, errp);
    if (refused) {
        unlink_notifier(iommu, n);
    }
    return refused;
}

void memory_region_unregister_iommu_notifier(MemoryRegion *mr, IOMMUNotifier *n)
{
    IOMMUMemoryRegion *iommu = memory_region_get_iommu(mr);
    unlink_notifier(iommu, n);
    update_flags(iommu, NULL);
}

void memory_region_notify_iommu_one(IOMMUNotifier *notifier,
                                    IOMMUTLBEvent *event)
{
    IOMMUTLBEntry e = event->entry;
    hwaddr last = e.iova + e.addr_mask;
    if (notifier->start > last || notifier->end < e.iova) {
        return;
    }
    if (notifier->notifier_flags & IOMMU_NOTIFIER_DEVIOTLB_UNMAP) {
        e.iova = e.iova > notifier->start ? e.iova : notifier->start;
        last = last < notifier->end ? last : notifier->end;
        e.addr_mask = last - e.iova;
    } else {
        assert(e.iova >= notifier->start && last <= notifier->end);
    }
    if (event->type & notifier->notifier_flags) {
        notifier->notify(notifier, &e);
    }
}

void memory_region_notify_iommu(IOMMUMemoryRegion *iommu_mr, int iommu_idx,
                                IOMMUTLBEvent event)
{
    memory_world_flush_ports(iommu_mr->parent_obj.world);
    for (IOMMUNotifier *n = iommu_mr->iommu_notify, *next; n; n = next) {
        next = n->next; /* it may unregister itself */
        if (n->iommu_idx == iommu_idx) {
            memory_region_notify_iommu_one(n, &event);
        }
    }
}

void memory_region_iommu_replay(IOMMUMemoryRegion *iommu_mr, IOMMUNotifier *n)
{
    const IOMMUMemoryRegionClass *c = class_of(iommu_mr);
    if (c->replay) {
        c->replay(iommu_mr, n);
        return;
    }
    uint64_t page = memory_region_iommu_get_min_page_size(iommu_mr);
    Int128 end = iommu_mr->parent_obj.size;
    for (Int128 addr = 0; page && addr < end; addr += (Int128)page) {
        IOMMUTLBEntry e = c->translate(iommu_mr, int128_get64(addr), IOMMU_NONE,
                                       n->iommu_idx);
        if (e.perm != IOMMU_NONE) {
            n->notify(n, &e);
        }
    }
}
