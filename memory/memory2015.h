/*
 * memory2015.h - the memory API as its headers were about 2015. Including this,
 * after every other header, selects that generation for a translation unit: the
 * names whose type or meaning changed since become those declared here, by the
 * macros at the end. Units of both generations work together on one tree.
 *
 * Model    Thin adaptors onto memory/memory.h; the rules of an access are the
 *          same. What is different:
 *          - old_mmio: callbacks per size (1, 2, 4 bytes), for a direction that
 *            has neither of the newer ones; wider accesses are split.
 *          - accepts is not told the attributes.
 *          - A listener has one space or, with filter NULL, all there are and
 *            all to come: of a new one it is told as if it registered then. It
 *            is told nothing when it unregisters. log_start and log_stop say
 *            that the first client came and the last one went.
 *          - set_log is a switch per client, not a count.
 *          - An IOMMU is a table of one callback. The region of the caller is
 *            an alias of one that is made here; sections show the caller's.
 *          - Lengths are int: a negative one transfers nothing.
 * Source   the published memory header of 2015.
 * Missing  a device that uses old_mmio for one direction only: its other
 *          callbacks are given at most 4 bytes, too.
 */
#ifndef MEMORY_MEMORY2015_H
#define MEMORY_MEMORY2015_H

#include <stdio.h>

#include "memory/port.h"
#include "memory/posted.h"
#include "memory/world.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- devices -------------------------------------------------------------- */

typedef uint32_t CPUReadMemoryFunc(void *opaque, hwaddr addr);
typedef void CPUWriteMemoryFunc(void *opaque, hwaddr addr, uint32_t value);

/* Callbacks for 1, 2 and 4 bytes. */
typedef struct MemoryRegionMmio {
    CPUReadMemoryFunc *read[3];
    CPUWriteMemoryFunc *write[3];
} MemoryRegionMmio;

typedef struct MemoryRegionOps2015 {
    uint64_t (*read)(void *opaque, hwaddr addr, unsigned size);
    void (*write)(void *opaque, hwaddr addr, uint64_t data, unsigned size);
    MemTxResult (*read_with_attrs)(void *opaque, hwaddr addr, uint64_t *data,
                                   unsigned size, MemTxAttrs attrs);
    MemTxResult (*write_with_attrs)(void *opaque, hwaddr addr, uint64_t data,
                                    unsigned size, MemTxAttrs attrs);
    enum device_endian endianness;
    struct {
        unsigned min_access_size;
        unsigned max_access_size;
        bool unaligned;
        bool (*accepts)(void *opaque, hwaddr addr, unsigned size,
                        bool is_write);
    } valid;
    struct {
        unsigned min_access_size;
        unsigned max_access_size;
        bool unaligned;
    } impl;
    MemoryRegionMmio old_mmio;
} MemoryRegionOps2015;

/* ops are borrowed. */
void memory_region_init_io_2015(MemoryRegion *mr, Object *owner,
                                const MemoryRegionOps2015 *ops, void *opaque,
                                const char *name, uint64_t size);
void memory_region_init_rom_device_2015(MemoryRegion *mr, Object *owner,
                                        const MemoryRegionOps2015 *ops,
                                        void *opaque, const char *name,
                                        uint64_t size, Error **errp);
/* Space that somebody outside answers for. An access that gets here all the
 * same has no effect, reads as ones, and is logged, once per region. */
void memory_region_init_reservation(MemoryRegion *mr, Object *owner,
                                    const char *name, uint64_t size);
void memory_region_init_ram_from_file_2015(MemoryRegion *mr, Object *owner,
                                           const char *name, uint64_t size,
                                           bool share, const char *path,
                                           Error **errp);
/* Kept for whoever writes dumps. */
bool memory_region_is_skip_dump(MemoryRegion *mr);
void memory_region_set_skip_dump(MemoryRegion *mr);

/* size in bytes: 1, 2, 4 or 8; values in the target's order. */
MemTxResult memory_region_dispatch_read_2015(MemoryRegion *mr, hwaddr addr,
                                             uint64_t *pval, unsigned size,
                                             MemTxAttrs attrs);
MemTxResult memory_region_dispatch_write_2015(MemoryRegion *mr, hwaddr addr,
                                              uint64_t data, unsigned size,
                                              MemTxAttrs attrs);

/* -- IOMMUs --------------------------------------------------------------- */

typedef struct MemoryRegionIOMMUOps {
    IOMMUTLBEntry (*translate)(MemoryRegion *iommu, hwaddr addr, bool is_write);
} MemoryRegionIOMMUOps;

/* data: an IOMMUTLBEntry, valid during the call. */
typedef struct Notifier {
    void (*notify)(struct Notifier *notifier, void *data);
    struct NotifierBridge *bridge; /* private */
} Notifier;

void memory_region_init_iommu_2015(MemoryRegion *mr, Object *owner,
                                   const MemoryRegionIOMMUOps *ops,
                                   const char *name, uint64_t size);
bool memory_region_is_iommu_2015(MemoryRegion *mr);
/* perm IOMMU_NONE: the translation went. */
void memory_region_notify_iommu_2015(MemoryRegion *mr, IOMMUTLBEntry entry);
/* mr may also be an IOMMU of the later generation. */
void memory_region_register_iommu_notifier_2015(MemoryRegion *mr, Notifier *n);
void memory_region_unregister_iommu_notifier_2015(Notifier *n);

/* -- sections and listeners ----------------------------------------------- */

typedef struct MemoryRegionSection2015 {
    MemoryRegion *mr;
    AddressSpace *address_space;
    hwaddr offset_within_region;
    Int128 size;
    hwaddr offset_within_address_space;
    bool readonly;
} MemoryRegionSection2015;

MemoryRegionSection2015 memory_region_find_2015(MemoryRegion *mr, hwaddr addr,
                                                uint64_t size);

typedef struct MemoryListener2015 MemoryListener2015;
struct MemoryListener2015 {
    void (*begin)(MemoryListener2015 *listener);
    void (*commit)(MemoryListener2015 *listener);
    void (*region_add)(MemoryListener2015 *listener,
                       MemoryRegionSection2015 *section);
    void (*region_del)(MemoryListener2015 *listener,
                       MemoryRegionSection2015 *section);
    void (*region_nop)(MemoryListener2015 *listener,
                       MemoryRegionSection2015 *section);
    void (*log_start)(MemoryListener2015 *listener,
                      MemoryRegionSection2015 *section);
    void (*log_stop)(MemoryListener2015 *listener,
                     MemoryRegionSection2015 *section);
    void (*log_sync)(MemoryListener2015 *listener,
                     MemoryRegionSection2015 *section);
    void (*log_global_start)(MemoryListener2015 *listener);
    void (*log_global_stop)(MemoryListener2015 *listener);
    void (*eventfd_add)(MemoryListener2015 *listener,
                        MemoryRegionSection2015 *section, bool match_data,
                        uint64_t data, EventNotifier *e);
    void (*eventfd_del)(MemoryListener2015 *listener,
                        MemoryRegionSection2015 *section, bool match_data,
                        uint64_t data, EventNotifier *e);
    void (*coalesced_mmio_add)(MemoryListener2015 *listener,
                               MemoryRegionSection2015 *section, hwaddr addr,
                               hwaddr len);
    void (*coalesced_mmio_del)(MemoryListener2015 *listener,
                               MemoryRegionSection2015 *section, hwaddr addr,
                               hwaddr len);
    unsigned priority; /* lower is called earlier on add, later on delete */
    AddressSpace *address_space_filter;
    struct ListenerHead *head; /* private */
};

/* filter NULL: all spaces of the current world, also future ones. */
void memory_listener_register_2015(MemoryListener2015 *listener,
                                   AddressSpace *filter);
void memory_listener_unregister_2015(MemoryListener2015 *listener);

/* -- dirty logging -------------------------------------------------------- */

/* client: DIRTY_MEMORY_VGA or DIRTY_MEMORY_MIGRATION. */
void memory_region_set_log_2015(MemoryRegion *mr, bool log, unsigned client);
/* For any client. */
bool memory_region_is_logging_2015(MemoryRegion *mr);
/* Was any page that touches the range dirty? They are clean now. */
bool memory_region_test_and_clear_dirty(MemoryRegion *mr, hwaddr addr,
                                        hwaddr size, unsigned client);
/* Listeners' log_sync: of every place where the region is visible, and of all
 * that is visible in the space. */
void memory_region_sync_dirty_bitmap(MemoryRegion *mr);
void address_space_sync_dirty_bitmap(AddressSpace *as);

/* -- address spaces ------------------------------------------------------- */

typedef int (*fprintf_function)(FILE *f, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
/* Line by line to mon_printf, whose first argument is f. */
void mtree_info_2015(fprintf_function mon_printf, void *f);

static inline MemTxResult address_space_rw_2015(AddressSpace *as, hwaddr addr,
                                                MemTxAttrs attrs, uint8_t *buf,
                                                int len, bool is_write)
{
    return address_space_rw(as, addr, attrs, buf, len > 0 ? (hwaddr)len : 0,
                            is_write);
}

static inline MemTxResult address_space_read_2015(AddressSpace *as, hwaddr addr,
                                                  MemTxAttrs attrs,
                                                  uint8_t *buf, int len)
{
    return address_space_read(as, addr, attrs, buf, len > 0 ? (hwaddr)len : 0);
}

static inline MemTxResult address_space_write_2015(AddressSpace *as,
                                                   hwaddr addr,
                                                   MemTxAttrs attrs,
                                                   const uint8_t *buf, int len)
{
    return address_space_write(as, addr, attrs, buf, len > 0 ? (hwaddr)len : 0);
}

static inline MemoryRegion *
address_space_translate_2015(AddressSpace *as, hwaddr addr, hwaddr *xlat,
                             hwaddr *len, bool is_write)
{
    return address_space_translate(as, addr, xlat, len, is_write,
                                   MEMTXATTRS_UNSPECIFIED);
}

static inline bool address_space_access_valid_2015(AddressSpace *as,
                                                   hwaddr addr, int len,
                                                   bool is_write)
{
    return address_space_access_valid(as, addr, len > 0 ? (hwaddr)len : 0,
                                      is_write, MEMTXATTRS_UNSPECIFIED);
}

static inline void *address_space_map_2015(AddressSpace *as, hwaddr addr,
                                           hwaddr *plen, bool is_write)
{
    return address_space_map(as, addr, plen, is_write, MEMTXATTRS_UNSPECIFIED);
}

static inline void address_space_unmap_2015(AddressSpace *as, void *buffer,
                                            hwaddr len, int is_write,
                                            hwaddr access_len)
{
    address_space_unmap(as, buffer, len, is_write != 0, access_len);
}

/* Narrow values travel as 32 bits. */
#define MEMORY2015_NARROW(letter, form, bits, suffix)                          \
    static inline uint32_t address_space_ld##form##suffix##_2015(              \
        AddressSpace *as, hwaddr addr, MemTxAttrs attrs, MemTxResult *result)  \
    {                                                                          \
        return address_space_ld##form##suffix(as, addr, attrs, result);        \
    }                                                                          \
    static inline void address_space_st##letter##suffix##_2015(                \
        AddressSpace *as, hwaddr addr, uint32_t val, MemTxAttrs attrs,         \
        MemTxResult *result)                                                   \
    {                                                                          \
        address_space_st##letter##suffix(as, addr, (uint##bits##_t)val, attrs, \
                                         result);                              \
    }
MEMORY2015_NARROW(b, ub, 8, )
MEMORY2015_NARROW(w, uw, 16, )
MEMORY2015_NARROW(w, uw, 16, _le)
MEMORY2015_NARROW(w, uw, 16, _be)
#undef MEMORY2015_NARROW

#ifdef __cplusplus
}
#endif

/* -- the names ------------------------------------------------------------ */

#ifndef MEMORY2015_DECLARE_ONLY /* both generations in one unit: compat2015.c  \
                                 */

#define MemoryRegionOps MemoryRegionOps2015
#define MemoryRegionSection MemoryRegionSection2015
#define MemoryListener MemoryListener2015
#define memory_region_init_io memory_region_init_io_2015
#define memory_region_init_rom_device memory_region_init_rom_device_2015
#define memory_region_init_ram_from_file memory_region_init_ram_from_file_2015
#define memory_region_dispatch_read memory_region_dispatch_read_2015
#define memory_region_dispatch_write memory_region_dispatch_write_2015
#define memory_region_init_iommu memory_region_init_iommu_2015
#undef memory_region_is_iommu
#define memory_region_is_iommu memory_region_is_iommu_2015
#define memory_region_notify_iommu memory_region_notify_iommu_2015
#define memory_region_register_iommu_notifier                                  \
    memory_region_register_iommu_notifier_2015
#define memory_region_unregister_iommu_notifier                                \
    memory_region_unregister_iommu_notifier_2015
#define memory_region_find memory_region_find_2015
#define memory_listener_register memory_listener_register_2015
#define memory_listener_unregister memory_listener_unregister_2015
#define memory_region_set_log memory_region_set_log_2015
#define memory_region_is_logging memory_region_is_logging_2015
#define mtree_info mtree_info_2015
#define address_space_rw address_space_rw_2015
#define address_space_read address_space_read_2015
#define address_space_write address_space_write_2015
#define address_space_translate address_space_translate_2015
#define address_space_access_valid address_space_access_valid_2015
#define address_space_map address_space_map_2015
#define address_space_unmap address_space_unmap_2015
#define address_space_ldub address_space_ldub_2015
#define address_space_lduw address_space_lduw_2015
#define address_space_lduw_le address_space_lduw_le_2015
#define address_space_lduw_be address_space_lduw_be_2015
#define address_space_stb address_space_stb_2015
#define address_space_stw address_space_stw_2015
#define address_space_stw_le address_space_stw_le_2015
#define address_space_stw_be address_space_stw_be_2015

#endif
#endif
