/*
 * iommu.h - IOMMU regions: addresses inside them are translated, then looked up
 * in another address space. Included by memory/memory.h.
 *
 * Model    A region of a class derived from TYPE_IOMMU_MEMORY_REGION. Only
 *          translate() is required. Users that remember translations register
 *          an IOMMUNotifier and are told of changes; every change also drops
 *          what ports remember.
 */
#ifndef MEMORY_IOMMU_H
#define MEMORY_IOMMU_H

#ifndef MEMORY_MEMORY_H
#error "include memory/memory.h"
#endif

#include <errno.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TYPE_IOMMU_MEMORY_REGION "iommu-memory-region"

/* Bit 0: read, bit 1: write. */
typedef enum IOMMUAccessFlags {
    IOMMU_NONE = 0,
    IOMMU_RO = 1,
    IOMMU_WO = 2,
    IOMMU_RW = 3,
} IOMMUAccessFlags;
#define IOMMU_ACCESS_FLAG(r, w)                                                \
    ((IOMMUAccessFlags)(((r) ? IOMMU_RO : 0) | ((w) ? IOMMU_WO : 0)))

struct IOMMUTLBEntry {
    AddressSpace *target_as; /* NULL: no translation */
    hwaddr iova;
    hwaddr translated_addr;
    hwaddr addr_mask; /* 0xfff: a page of 4 KiB */
    IOMMUAccessFlags perm;
};

typedef enum IOMMUNotifierFlag {
    IOMMU_NOTIFIER_NONE = 0,
    IOMMU_NOTIFIER_UNMAP = 1,          /* a translation went */
    IOMMU_NOTIFIER_MAP = 2,            /* a translation came or changed */
    IOMMU_NOTIFIER_DEVIOTLB_UNMAP = 4, /* a device's own cache must forget */
} IOMMUNotifierFlag;
#define IOMMU_NOTIFIER_IOTLB_EVENTS                                            \
    ((IOMMUNotifierFlag)(IOMMU_NOTIFIER_MAP | IOMMU_NOTIFIER_UNMAP))
#define IOMMU_NOTIFIER_DEVIOTLB_EVENTS IOMMU_NOTIFIER_DEVIOTLB_UNMAP
#define IOMMU_NOTIFIER_ALL                                                     \
    ((IOMMUNotifierFlag)(IOMMU_NOTIFIER_IOTLB_EVENTS |                         \
                         IOMMU_NOTIFIER_DEVIOTLB_EVENTS))

typedef struct IOMMUNotifier IOMMUNotifier;
typedef void (*IOMMUNotify)(IOMMUNotifier *notifier, IOMMUTLBEntry *data);

/* Kept by its owner while it is registered. */
struct IOMMUNotifier {
    IOMMUNotify notify;
    IOMMUNotifierFlag notifier_flags;
    hwaddr start, end; /* both included */
    int iommu_idx;
    IOMMUNotifier *next; /* private */
};

typedef struct IOMMUTLBEvent {
    IOMMUNotifierFlag type; /* one of them */
    IOMMUTLBEntry entry;
} IOMMUTLBEvent;

static inline void iommu_notifier_init(IOMMUNotifier *n, IOMMUNotify fn,
                                       IOMMUNotifierFlag flags, hwaddr start,
                                       hwaddr end, int iommu_idx)
{
    n->notify = fn;
    n->notifier_flags = flags;
    n->start = start;
    n->end = end;
    n->iommu_idx = iommu_idx;
    n->next = NULL;
}

enum IOMMUMemoryRegionAttr {
    IOMMU_ATTR_SPAPR_TCE_FD,
};

struct IOMMUMemoryRegion {
    MemoryRegion parent_obj;
    IOMMUNotifier *iommu_notify; /* newest first */
    IOMMUNotifierFlag iommu_notify_flags;
};

#define IOMMU_NOTIFIER_FOREACH(n, mr)                                          \
    for ((n) = (mr)->iommu_notify; (n); (n) = (n)->next)

typedef struct IOMMUMemoryRegionClass {
    MemoryRegionClass parent_class;
    /* The entry that holds addr (an offset in the region); perm IOMMU_NONE:
     * none. flag: the access asked for; IOMMU_NONE: the full entry. */
    IOMMUTLBEntry (*translate)(IOMMUMemoryRegion *iommu, hwaddr addr,
                               IOMMUAccessFlags flag, int iommu_idx);
    /* The rest may be NULL. Bytes; default 4096. */
    uint64_t (*get_min_page_size)(IOMMUMemoryRegion *iommu);
    /* What registered notifiers want has changed. 0, or a negative errno with
     * *errp set to refuse. */
    int (*notify_flag_changed)(IOMMUMemoryRegion *iommu,
                               IOMMUNotifierFlag old_flags,
                               IOMMUNotifierFlag new_flags, Error **errp);
    /* Tells the notifier of every translation; default: page by page. */
    void (*replay)(IOMMUMemoryRegion *iommu, IOMMUNotifier *notifier);
    /* 0, or -EINVAL (also the default). */
    int (*get_attr)(IOMMUMemoryRegion *iommu, enum IOMMUMemoryRegionAttr attr,
                    void *data);
    /* 0 .. num_indexes - 1; default 0. */
    int (*attrs_to_index)(IOMMUMemoryRegion *iommu, MemTxAttrs attrs);
    int (*num_indexes)(IOMMUMemoryRegion *iommu); /* default 1 */
    int (*iommu_set_page_size_mask)(IOMMUMemoryRegion *iommu,
                                    uint64_t page_size_mask, Error **errp);
} IOMMUMemoryRegionClass;

#define IOMMU_MEMORY_REGION(obj)                                               \
    OBJECT_CHECK(IOMMUMemoryRegion, (obj), TYPE_IOMMU_MEMORY_REGION)
#define IOMMU_MEMORY_REGION_CLASS(klass)                                       \
    OBJECT_CLASS_CHECK(IOMMUMemoryRegionClass, (klass),                        \
                       TYPE_IOMMU_MEMORY_REGION)
#define IOMMU_MEMORY_REGION_GET_CLASS(obj)                                     \
    OBJECT_GET_CLASS(IOMMUMemoryRegionClass, (obj), TYPE_IOMMU_MEMORY_REGION)

/* _iommu_mr: instance_size bytes that start with an IOMMUMemoryRegion;
 * mrtypename: a registered type derived from TYPE_IOMMU_MEMORY_REGION. */
void memory_region_init_iommu(void *_iommu_mr, size_t instance_size,
                              const char *mrtypename, Object *owner,
                              const char *name, uint64_t size);

/* The region, or the one its aliases lead to, if that is an IOMMU's; or NULL.*/
IOMMUMemoryRegion *memory_region_get_iommu(MemoryRegion *mr);
#define memory_region_is_iommu(mr) (memory_region_get_iommu(mr) != NULL)
static inline IOMMUMemoryRegionClass *
memory_region_get_iommu_class_nocheck(IOMMUMemoryRegion *iommu_mr)
{
    return IOMMU_MEMORY_REGION_GET_CLASS(iommu_mr);
}

uint64_t memory_region_iommu_get_min_page_size(IOMMUMemoryRegion *iommu_mr);
int memory_region_iommu_attrs_to_index(IOMMUMemoryRegion *iommu_mr,
                                       MemTxAttrs attrs);
int memory_region_iommu_num_indexes(IOMMUMemoryRegion *iommu_mr);
int memory_region_iommu_get_attr(IOMMUMemoryRegion *iommu_mr,
                                 enum IOMMUMemoryRegionAttr attr, void *data);
int memory_region_iommu_set_page_size_mask(IOMMUMemoryRegion *iommu_mr,
                                           uint64_t page_size_mask,
                                           Error **errp);

/* mr may be an alias of an IOMMU region. 0, or the negative errno with which
 * the IOMMU refused (then it is not registered). */
int memory_region_register_iommu_notifier(MemoryRegion *mr, IOMMUNotifier *n,
                                          Error **errp);
void memory_region_unregister_iommu_notifier(MemoryRegion *mr,
                                             IOMMUNotifier *n);
/* Tells every notifier of that index. Also drops what ports remember. */
void memory_region_notify_iommu(IOMMUMemoryRegion *iommu_mr, int iommu_idx,
                                IOMMUTLBEvent event);
/* Tells one notifier, by its range and flags. */
void memory_region_notify_iommu_one(IOMMUNotifier *notifier,
                                    IOMMUTLBEvent *event);
/* Tells the notifier of every translation there is. */
void memory_region_iommu_replay(IOMMUMemoryRegion *iommu_mr, IOMMUNotifier *n);

/* Where a device that caches translations finds addr: the final space, with
 * pages as large as all IOMMUs on the way allow; perm IOMMU_NONE: nowhere. */
IOMMUTLBEntry address_space_get_iotlb_entry(AddressSpace *as, hwaddr addr,
                                            bool is_write, MemTxAttrs attrs);

#ifdef __cplusplus
}
#endif
#endif
