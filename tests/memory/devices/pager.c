/*
 * pager.c - an IOMMU: addresses are translated by two levels of tables in
 * memory.
 *
 * Model    Bits 31..22 of an address choose one of 1024 entries (32 bits,
 *          little-endian) of the first table, bits 21..12 one of the second; an
 *          entry of the first that is a leaf is a page of 4 MiB. Tables are
 *          walked at every translation, so nothing is stale here; whoever
 *          remembers translations is told when software writes DROP.
 * Missing  faults as interrupts: only the last refused address is kept.
 */
#include <string.h>

#include "memory/memory.h"
#include "tests/memory/devices/devices.h"

enum { PAGE_MASK = 0xfff, LARGE_MASK = 0x3fffff };

static IOMMUTLBEntry pager_page(const PagerState *s, hwaddr addr, hwaddr to,
                                hwaddr mask, IOMMUAccessFlags perm)
{
    return (IOMMUTLBEntry){
        .target_as = s->target,
        .iova = addr & ~mask,
        .translated_addr = to & ~mask,
        .addr_mask = mask,
        .perm = perm,
    };
}

static IOMMUTLBEntry pager_walk(const PagerState *s, hwaddr addr)
{
    if (!s->on) {
        return pager_page(s, addr, addr, PAGE_MASK, IOMMU_RW);
    }
    hwaddr mask = LARGE_MASK;
    uint32_t entry = ldl_le_phys(s->tables, s->root + (addr >> 22 & 0x3ff) * 4);
    if ((entry & PAGER_VALID) && !(entry & PAGER_LEAF)) {
        hwaddr table = entry & ~(uint32_t)PAGE_MASK;
        mask = PAGE_MASK;
        entry = ldl_le_phys(s->tables, table + (addr >> 12 & 0x3ff) * 4);
    }
    if (!(entry & PAGER_VALID)) {
        return pager_page(s, addr, 0, PAGE_MASK, IOMMU_NONE);
    }
    return pager_page(
        s, addr, entry, mask,
        IOMMU_ACCESS_FLAG(entry & PAGER_READ, entry & PAGER_WRITE));
}

static IOMMUTLBEntry pager_translate(IOMMUMemoryRegion *iommu, hwaddr addr,
                                     IOMMUAccessFlags flag, int iommu_idx)
{
    PagerState *s = (PagerState *)iommu; /* its first member */
    IOMMUTLBEntry entry = pager_walk(s, addr);
    if (flag & ~entry.perm) {
        s->fault = (uint32_t)addr;
    }
    return entry;
}

static void pager_class_init(ObjectClass *klass, void *data)
{
    IOMMU_MEMORY_REGION_CLASS(klass)->translate = pager_translate;
}

static const TypeInfo pager_info = {
    .name = TYPE_PAGER,
    .parent = TYPE_IOMMU_MEMORY_REGION,
    .instance_size = sizeof(IOMMUMemoryRegion),
    .class_init = pager_class_init,
};

/* Nothing that was known of these addresses holds any more. */
static void pager_tell_unmap(PagerState *s, hwaddr addr, hwaddr mask)
{
    IOMMUTLBEvent event = {
        .type = IOMMU_NOTIFIER_UNMAP,
        .entry = pager_page(s, addr, 0, mask, IOMMU_NONE),
    };
    memory_region_notify_iommu(&s->iommu, 0, event);
}

/* What holds now. */
static void pager_tell_map(PagerState *s, hwaddr addr)
{
    IOMMUTLBEvent event = {
        .type = IOMMU_NOTIFIER_MAP,
        .entry = pager_walk(s, addr),
    };
    if (event.entry.perm != IOMMU_NONE) {
        memory_region_notify_iommu(&s->iommu, 0, event);
    }
}

static uint64_t pager_read(void *opaque, hwaddr addr, unsigned size)
{
    const PagerState *s = opaque;
    switch (addr) {
    case PAGER_ROOT: return s->root;
    case PAGER_CTRL: return s->on;
    case PAGER_FAULT: return s->fault;
    default: return 0;
    }
}

static void pager_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    PagerState *s = opaque;
    switch (addr) {
    case PAGER_ROOT:
        s->root = (uint32_t)data & ~(uint32_t)PAGE_MASK;
        pager_tell_unmap(s, 0, UINT32_MAX);
        break;
    case PAGER_CTRL:
        s->on = data & 1;
        pager_tell_unmap(s, 0, UINT32_MAX);
        break;
    case PAGER_DROP:
        pager_tell_unmap(s, data, data & PAGER_LEAF ? LARGE_MASK : PAGE_MASK);
        pager_tell_map(s, data & ~(uint64_t)PAGE_MASK);
        break;
    default: break;
    }
}

static const MemoryRegionOps pager_ops = {
    .read = pager_read,
    .write = pager_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid.min_access_size = 4,
    .valid.max_access_size = 4,
};

void pager_init(PagerState *s, Object *owner, AddressSpace *tables,
                AddressSpace *target)
{
    memset(s, 0, sizeof(*s));
    type_register_static(&pager_info);
    memory_region_init_iommu(&s->iommu, sizeof(s->iommu), TYPE_PAGER, owner,
                             "pager", UINT64_C(1) << 32);
    memory_region_init_io(&s->iomem, owner, &pager_ops, s, "pager-regs",
                          PAGER_SIZE);
    s->tables = tables;
    s->target = target;
}
