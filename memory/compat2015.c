/*
 * compat2015.c - the memory API of 2015 on top of that of 2021.
 *
 * Model    memory2015.h says what the generations differ in. A device's ops are
 *          copied into ops of the later form, which the region owns. An IOMMU
 *          is a region of the later form made here, of which the caller's is
 *          an alias. Listeners are in compat2015_listener.c.
 * Source   the published memory header of 2015; what it leaves open, from the
 *          memory API semantics, "2015 header against 2021".
 * Missing  a device with old_mmio in one direction only is split at 4 bytes in
 *          the other, too.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory/compat2015_private.h"

/* -- devices -------------------------------------------------------------- */

typedef struct Device2015 {
    MemoryRegionOps ops; /* what the region's `ops` point to */
    const MemoryRegionOps2015 *old;
    void *opaque; /* the device's own */
} Device2015;

static uint64_t device_read(void *opaque, hwaddr addr, unsigned size)
{
    const Device2015 *d = opaque;
    return d->old->read(d->opaque, addr, size);
}

static void device_write(void *opaque, hwaddr addr, uint64_t data,
                         unsigned size)
{
    const Device2015 *d = opaque;
    d->old->write(d->opaque, addr, data, size);
}

static MemTxResult device_read_with_attrs(void *opaque, hwaddr addr,
                                          uint64_t *data, unsigned size,
                                          MemTxAttrs attrs)
{
    const Device2015 *d = opaque;
    return d->old->read_with_attrs(d->opaque, addr, data, size, attrs);
}

static MemTxResult device_write_with_attrs(void *opaque, hwaddr addr,
                                           uint64_t data, unsigned size,
                                           MemTxAttrs attrs)
{
    const Device2015 *d = opaque;
    return d->old->write_with_attrs(d->opaque, addr, data, size, attrs);
}

static bool device_accepts(void *opaque, hwaddr addr, unsigned size,
                           bool is_write, MemTxAttrs attrs)
{
    const Device2015 *d = opaque;
    return d->old->valid.accepts(d->opaque, addr, size, is_write);
}

/* Which of the callbacks for 1, 2 and 4 bytes. */
static unsigned mmio_index(unsigned size)
{
    assert(size == 1 || size == 2 || size == 4); /* impl says so */
    return size / 2;
}

static MemTxResult mmio_read(void *opaque, hwaddr addr, uint64_t *data,
                             unsigned size, MemTxAttrs attrs)
{
    const Device2015 *d = opaque;
    CPUReadMemoryFunc *read = d->old->old_mmio.read[mmio_index(size)];
    if (!read) {
        return MEMTX_DECODE_ERROR;
    }
    *data = read(d->opaque, addr);
    return MEMTX_OK;
}

static MemTxResult mmio_write(void *opaque, hwaddr addr, uint64_t data,
                              unsigned size, MemTxAttrs attrs)
{
    const Device2015 *d = opaque;
    CPUWriteMemoryFunc *write = d->old->old_mmio.write[mmio_index(size)];
    if (!write) {
        return MEMTX_DECODE_ERROR;
    }
    write(d->opaque, addr, (uint32_t)data);
    return MEMTX_OK;
}

static bool has_mmio_read(const MemoryRegionOps2015 *old)
{
    CPUReadMemoryFunc *const *read = old->old_mmio.read;
    return !old->read && !old->read_with_attrs &&
           (read[0] || read[1] || read[2]);
}

static bool has_mmio_write(const MemoryRegionOps2015 *old)
{
    CPUWriteMemoryFunc *const *write = old->old_mmio.write;
    return !old->write && !old->write_with_attrs &&
           (write[0] || write[1] || write[2]);
}

/* old_mmio is asked for 1 to 4 bytes, whatever impl says. */
static void fit_mmio(MemoryRegionOps *ops, bool read, bool write)
{
    if (read) {
        ops->read_with_attrs = mmio_read;
    }
    if (write) {
        ops->write_with_attrs = mmio_write;
    }
    unsigned max = ops->impl.max_access_size;
    ops->impl.max_access_size = max && max < 4 ? max : 4;
    if (read && write) {
        ops->impl.min_access_size = 1;
        ops->impl.max_access_size = 4;
    } else if (ops->impl.min_access_size > 4) {
        ops->impl.min_access_size = 4;
    }
}

static Device2015 *device_new(const MemoryRegionOps2015 *old, void *opaque)
{
    Device2015 *d = memory_alloc(1, sizeof(*d));
    MemoryRegionOps *ops = &d->ops;
    d->old = old;
    d->opaque = opaque;
    ops->endianness = old->endianness;
    ops->valid.min_access_size = old->valid.min_access_size;
    ops->valid.max_access_size = old->valid.max_access_size;
    ops->valid.unaligned = old->valid.unaligned;
    ops->valid.accepts = old->valid.accepts ? device_accepts : NULL;
    ops->impl.min_access_size = old->impl.min_access_size;
    ops->impl.max_access_size = old->impl.max_access_size;
    ops->impl.unaligned = old->impl.unaligned;
    ops->read = old->read ? device_read : NULL;
    ops->write = old->write ? device_write : NULL;
    ops->read_with_attrs = old->read_with_attrs ? device_read_with_attrs : NULL;
    ops->write_with_attrs =
        old->write_with_attrs ? device_write_with_attrs : NULL;
    bool read = has_mmio_read(old), write = has_mmio_write(old);
    if (read || write) {
        fit_mmio(ops, read, write);
    }
    return d;
}

static void device_free(MemoryRegion *mr)
{
    free(mr->opaque);
}

/* After init: the region owns d, unless it did not take it. */
static void device_bind(MemoryRegion *mr, Device2015 *d)
{
    if (mr->ops == &d->ops) {
        mr->destructor = device_free;
    } else {
        mr->opaque = NULL;
        free(d);
    }
}

void memory_region_init_io_2015(MemoryRegion *mr, Object *owner,
                                const MemoryRegionOps2015 *ops, void *opaque,
                                const char *name, uint64_t size)
{
    if (!ops) {
        memory_region_init_io(mr, owner, NULL, opaque, name, size);
        return;
    }
    Device2015 *d = device_new(ops, opaque);
    memory_region_init_io(mr, owner, &d->ops, d, name, size);
    device_bind(mr, d);
}

void memory_region_init_rom_device_2015(MemoryRegion *mr, Object *owner,
                                        const MemoryRegionOps2015 *ops,
                                        void *opaque, const char *name,
                                        uint64_t size, Error **errp)
{
    Device2015 *d = device_new(ops, opaque);
    memory_region_init_rom_device(mr, owner, &d->ops, d, name, size, errp);
    device_bind(mr, d);
}

void memory_region_init_ram_from_file_2015(MemoryRegion *mr, Object *owner,
                                           const char *name, uint64_t size,
                                           bool share, const char *path,
                                           Error **errp)
{
    memory_region_init_ram_from_file(mr, owner, name, size, 0,
                                     share ? RAM_SHARED : 0, path, false, errp);
}

static MemOp target_op(const MemoryRegion *mr, unsigned size)
{
    assert(size && size <= 8 && !(size & (size - 1)));
    MemOp order = mr->world->target_big_endian ? MO_BE : MO_LE;
    return (MemOp)((unsigned)__builtin_ctz(size) | order);
}

MemTxResult memory_region_dispatch_read_2015(MemoryRegion *mr, hwaddr addr,
                                             uint64_t *pval, unsigned size,
                                             MemTxAttrs attrs)
{
    return memory_region_dispatch_read(mr, addr, pval, target_op(mr, size),
                                       attrs);
}

MemTxResult memory_region_dispatch_write_2015(MemoryRegion *mr, hwaddr addr,
                                              uint64_t data, unsigned size,
                                              MemTxAttrs attrs)
{
    return memory_region_dispatch_write(mr, addr, data, target_op(mr, size),
                                        attrs);
}

bool memory_region_is_skip_dump(MemoryRegion *mr)
{
    return mr->skip_dump;
}

void memory_region_set_skip_dump(MemoryRegion *mr)
{
    mr->skip_dump = true;
}

/* -- reservations --------------------------------------------------------- */

static void reservation_warn(MemoryRegion *mr, hwaddr addr, const char *what)
{
    if (!mr->warning_printed) {
        mr->warning_printed = true;
        memory_log(mr->world,
                   "%s at offset 0x%llx of %s, which is only reserved: ignored",
                   what, (unsigned long long)addr, memory_region_name(mr));
    }
}

static uint64_t reservation_read(void *opaque, hwaddr addr, unsigned size)
{
    reservation_warn(opaque, addr, "read");
    return UINT64_MAX;
}

static void reservation_write(void *opaque, hwaddr addr, uint64_t data,
                              unsigned size)
{
    reservation_warn(opaque, addr, "write");
}

static const MemoryRegionOps reservation_ops = {
    .read = reservation_read,
    .write = reservation_write,
    .valid.unaligned = true,
    .impl.max_access_size = 8,
    .impl.unaligned = true,
};

void memory_region_init_reservation(MemoryRegion *mr, Object *owner,
                                    const char *name, uint64_t size)
{
    memory_region_init_io(mr, owner, &reservation_ops, mr, name, size);
}

/* -- IOMMUs --------------------------------------------------------------- */

#define TYPE_IOMMU_2015 "iommu-memory-region-2015"

typedef struct Iommu2015 {
    IOMMUMemoryRegion iommu;
    MemoryRegion *mr; /* the caller's, an alias of this */
    const MemoryRegionIOMMUOps *iommu_ops;
} Iommu2015;

static IOMMUTLBEntry iommu_translate(IOMMUMemoryRegion *iommu, hwaddr addr,
                                     IOMMUAccessFlags flag, int iommu_idx)
{
    const Iommu2015 *i = (const Iommu2015 *)iommu;
    return i->iommu_ops->translate(i->mr, addr, flag & IOMMU_WO);
}

static void iommu_class_init(ObjectClass *klass, void *data)
{
    IOMMU_MEMORY_REGION_CLASS(klass)->translate = iommu_translate;
}

static const TypeInfo iommu_type = {
    .name = TYPE_IOMMU_2015,
    .parent = TYPE_IOMMU_MEMORY_REGION,
    .instance_size = sizeof(Iommu2015),
    .class_init = iommu_class_init,
};

static void iommu_free(MemoryRegion *mr)
{
    memory_region_fini(mr->alias);
    free(mr->alias);
}

void memory_region_init_iommu_2015(MemoryRegion *mr, Object *owner,
                                   const MemoryRegionIOMMUOps *ops,
                                   const char *name, uint64_t size)
{
    type_register_static(&iommu_type);
    Iommu2015 *i = memory_alloc(1, sizeof(*i));
    memory_region_init_iommu(i, sizeof(*i), TYPE_IOMMU_2015, owner, name, size);
    i->mr = mr;
    i->iommu_ops = ops;
    memory_region_init_alias(mr, owner, name, &i->iommu.parent_obj, 0, size);
    mr->destructor = iommu_free;
}

bool memory_region_is_iommu_2015(MemoryRegion *mr)
{
    return memory_region_is_iommu(mr);
}

MemoryRegion *compat2015_region(MemoryRegion *mr)
{
    if (mr && mr->is_iommu &&
        IOMMU_MEMORY_REGION_GET_CLASS(mr)->translate == iommu_translate) {
        return ((Iommu2015 *)mr)->mr;
    }
    return mr;
}

typedef struct NotifierBridge {
    IOMMUNotifier notifier;
    MemoryRegion *mr;
    Notifier *old;
} NotifierBridge;

static void bridge_notify(IOMMUNotifier *notifier, IOMMUTLBEntry *entry)
{
    Notifier *old = ((NotifierBridge *)notifier)->old;
    old->notify(old, entry);
}

void memory_region_register_iommu_notifier_2015(MemoryRegion *mr, Notifier *n)
{
    NotifierBridge *b = memory_alloc(1, sizeof(*b));
    Error *err = NULL;
    b->mr = mr;
    b->old = n;
    n->bridge = b;
    iommu_notifier_init(&b->notifier, bridge_notify,
                        IOMMU_NOTIFIER_IOTLB_EVENTS, 0, UINT64_MAX, 0);
    if (memory_region_register_iommu_notifier(mr, &b->notifier, &err)) {
        memory_log(mr->world, "%s: the IOMMU takes no notifier: %s",
                   memory_region_name(mr), error_message(err));
        error_free(err);
        free(b);
        n->bridge = NULL;
    }
}

void memory_region_unregister_iommu_notifier_2015(Notifier *n)
{
    NotifierBridge *b = n->bridge;
    if (b) {
        memory_region_unregister_iommu_notifier(b->mr, &b->notifier);
        free(b);
        n->bridge = NULL;
    }
}

void memory_region_notify_iommu_2015(MemoryRegion *mr, IOMMUTLBEntry entry)
{
    IOMMUTLBEvent event = {
        .type = entry.perm == IOMMU_NONE ? IOMMU_NOTIFIER_UNMAP
                                         : IOMMU_NOTIFIER_MAP,
        .entry = entry,
    };
    memory_region_notify_iommu(memory_region_get_iommu(mr), 0, event);
}

/* -- dirty logging -------------------------------------------------------- */

void memory_region_set_log_2015(MemoryRegion *mr, bool log, unsigned client)
{
    bool logs = mr->dirty_log_mask >> client & 1;
    if (logs != log) {
        memory_region_set_log(mr, log, client);
    }
}

bool memory_region_is_logging_2015(MemoryRegion *mr)
{
    return memory_region_get_dirty_log_mask(mr) != 0;
}

bool memory_region_test_and_clear_dirty(MemoryRegion *mr, hwaddr addr,
                                        hwaddr size, unsigned client)
{
    bool dirty = memory_region_get_dirty(mr, addr, size, client);
    memory_region_reset_dirty(mr, addr, size, client);
    return dirty;
}

/* -- printing ------------------------------------------------------------- */

void mtree_info_2015(fprintf_function mon_printf, void *f)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out) {
        return;
    }
    mtree_write(memory_world_current(), out, false, false, false, false);
    fclose(out);
    for (char *line = text, *end; *line; line = end) {
        end = line + strcspn(line, "\n");
        end += *end == '\n';
        mon_printf(f, "%.*s", (int)(end - line), line);
    }
    free(text);
}
