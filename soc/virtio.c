/*
 * virtio.c - the MMIO transport of virtio devices, and the empty slot.
 *
 * Model    Registers of version 2, or of version 1 (legacy): feature
 *          negotiation, set-up of queues, notifications, interrupts, status and
 *          reset. What a driver must not do is a guest error and ignored, or
 *          marks the device NEEDS_RESET where it concerns queues.
 * Source   VIRTIO 1.2: 2.1, 2.2, 3.1, 4.2.2 (registers), 4.2.4 (legacy), 6.
 * Missing  Shared memory, notification data, RING_RESET, packed queues.
 */
#include "soc/virtio.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAGIC = 0x74726976, VENDOR = 0x6f636f73 };

static bool legacy(const Virtio *v)
{
    return v->version == 1;
}

static uint64_t offered(const Virtio *v)
{
    uint64_t all = v->offered | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
    return legacy(v) ? (all & UINT32_MAX) | VIRTIO_F_ANY_LAYOUT
                     : all | VIRTIO_F_VERSION_1;
}

/* The queue that QUEUE_SEL names; NULL: there is none. */
static VirtioQueue *selected(Virtio *v)
{
    return v->queue_sel < v->type->queues ? &v->queue[v->queue_sel] : NULL;
}

/* -- outputs -------------------------------------------------------------- */

void virtio_settle(Virtio *v)
{
    irq_set(&v->irq, v->interrupts != 0);
    virtio_queue_settle(v);
}

void virtio_broken(Virtio *v, const char *fmt, ...)
{
    char text[128];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    device_guest_error(&v->dev, "%s: the device needs a reset", text);
    v->broken = true;
    virtio_queue_reset(v);
    if (!legacy(v)) {
        v->status |= VIRTIO_NEEDS_RESET;
        if (v->status & VIRTIO_DRIVER_OK) {
            v->interrupts |= VIRTIO_INT_CONFIG;
        }
    }
    virtio_settle(v);
}

/* The driver's reset. GUEST_PAGE_SIZE stays: drivers write it once, first. */
static void restart(Virtio *v)
{
    virtio_queue_reset(v);
    memset(v->queue, 0, sizeof(v->queue));
    v->features = 0;
    v->offered_sel = v->features_sel = v->queue_sel = 0;
    v->status = v->interrupts = 0;
    v->broken = false;
    if (v->type->reset) {
        v->type->reset(v);
    }
}

/* -- the device's own fields ---------------------------------------------- */

static uint64_t config_read(Virtio *v, hwaddr offset, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size && offset + i < v->config_size; i++) {
        value |= (uint64_t)v->config[offset + i] << 8 * i;
    }
    return value;
}

static void config_write(Virtio *v, hwaddr offset, uint32_t value)
{
    if (v->type->config_written && offset < v->config_size) {
        v->type->config_written(v, (unsigned)offset, value);
    } else {
        device_guest_error(&v->dev, "offset 0x%x is read-only",
                           (unsigned)offset + VIRTIO_CONFIG);
    }
}

/* -- registers ------------------------------------------------------------ */

static uint32_t queue_read(Virtio *v, hwaddr addr)
{
    const VirtioQueue *q = selected(v);
    switch (addr) {
    case VIRTIO_QUEUE_NUM_MAX: return q ? (uint32_t)v->queue_size : 0;
    case VIRTIO_QUEUE_PFN: return q ? q->pfn : 0;
    default: return q && q->ready;
    }
}

/* Version 1 has some registers of its own, and lacks some. */
static bool other_version(const Virtio *v, hwaddr addr)
{
    switch (addr) {
    case VIRTIO_GUEST_PAGE_SIZE:
    case VIRTIO_QUEUE_ALIGN:
    case VIRTIO_QUEUE_PFN: return !legacy(v);
    case VIRTIO_QUEUE_READY:
    case VIRTIO_QUEUE_DESC:
    case VIRTIO_QUEUE_DESC + 4:
    case VIRTIO_QUEUE_DRIVER:
    case VIRTIO_QUEUE_DRIVER + 4:
    case VIRTIO_QUEUE_DEVICE:
    case VIRTIO_QUEUE_DEVICE + 4:
    case VIRTIO_SHM_SEL:
    case VIRTIO_SHM_LEN:
    case VIRTIO_SHM_LEN + 4:
    case VIRTIO_SHM_BASE:
    case VIRTIO_SHM_BASE + 4:
    case VIRTIO_CONFIG_GENERATION: return legacy(v);
    default: return false;
    }
}

static uint32_t offered_word(const Virtio *v)
{
    return v->offered_sel < 2 ? (uint32_t)(offered(v) >> 32 * v->offered_sel)
                              : 0;
}

static uint32_t register_read(Virtio *v, hwaddr addr)
{
    switch (addr) {
    case VIRTIO_MAGIC: return MAGIC;
    case VIRTIO_VERSION: return (uint32_t)v->version;
    case VIRTIO_DEVICE_ID: return v->type->id;
    case VIRTIO_VENDOR_ID: return VENDOR;
    default: break;
    }
    if (!v->type->id || other_version(v, addr)) {
        return 0; /* nothing else is defined of an empty slot */
    }
    switch (addr) {
    case VIRTIO_DEVICE_FEATURES: return offered_word(v);
    case VIRTIO_QUEUE_NUM_MAX:
    case VIRTIO_QUEUE_PFN:
    case VIRTIO_QUEUE_READY: return queue_read(v, addr);
    case VIRTIO_INTERRUPT_STATUS: return v->interrupts;
    case VIRTIO_STATUS: return v->status;
    case VIRTIO_SHM_LEN:
    case VIRTIO_SHM_LEN + 4:
    case VIRTIO_SHM_BASE:
    case VIRTIO_SHM_BASE + 4: return UINT32_MAX;
    case VIRTIO_CONFIG_GENERATION: return 0;
    default: break;
    }
    device_guest_error(&v->dev, "no register at offset 0x%x to read",
                       (unsigned)addr);
    return 0;
}

static uint64_t mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    Virtio *v = opaque;
    if (addr >= VIRTIO_CONFIG) {
        return config_read(v, addr - VIRTIO_CONFIG, size);
    }
    if (size != 4) {
        device_guest_error(&v->dev,
                           "read of %u bytes at offset 0x%x; its "
                           "registers are 4 bytes wide",
                           size, (unsigned)addr);
        return 0;
    }
    return register_read(v, addr);
}

static void features_write(Virtio *v, uint32_t word)
{
    if (v->features_sel > 1 || v->status & VIRTIO_FEATURES_OK) {
        device_guest_error(&v->dev, "DRIVER_FEATURES written %s",
                           v->features_sel > 1 ? "of a word that is not there"
                                               : "after FEATURES_OK");
        return;
    }
    unsigned shift = 32 * v->features_sel;
    uint64_t kept = v->features & ~((uint64_t)UINT32_MAX << shift);
    v->features = kept | (uint64_t)word << shift;
    if (legacy(v)) {
        v->features &= offered(v); /* there is no FEATURES_OK to refuse it */
    }
}

static void status_write(Virtio *v, uint32_t word)
{
    word &= UINT8_MAX;
    if (!word) {
        restart(v);
        return;
    }
    bool asks = word & ~v->status & VIRTIO_FEATURES_OK;
    if (asks && !legacy(v) &&
        (v->features & ~offered(v) || !(v->features & VIRTIO_F_VERSION_1))) {
        device_guest_error(&v->dev,
                           "features 0x%llx are refused; 0x%llx are offered, "
                           "with VERSION_1",
                           (unsigned long long)v->features,
                           (unsigned long long)offered(v));
        word &= ~(uint32_t)VIRTIO_FEATURES_OK;
    }
    v->status = word & ~(uint32_t)VIRTIO_NEEDS_RESET;
    if (v->broken && !legacy(v)) {
        v->status |= VIRTIO_NEEDS_RESET;
    }
}

static void pfn_write(Virtio *v, VirtioQueue *q, uint32_t word)
{
    virtio_queue_stop(v, v->queue_sel);
    q->pfn = word;
    if (!word) {
        return;
    }
    uint64_t align = q->align ? q->align : 1;
    if (align & (align - 1)) {
        virtio_broken(v, "QUEUE_ALIGN of queue %u is 0x%x, not a power of two",
                      v->queue_sel, q->align);
        return;
    }
    q->desc = (uint64_t)word * v->page_size;
    q->driver = q->desc + UINT64_C(16) * q->num;
    q->device =
        (q->driver + 2 * (UINT64_C(3) + q->num) + align - 1) & ~(align - 1);
    virtio_queue_start(v, v->queue_sel);
}

static void put_word(uint64_t *at, bool high, uint32_t word)
{
    *at = high ? (*at & UINT32_MAX) | (uint64_t)word << 32
               : (*at & ~(uint64_t)UINT32_MAX) | word;
}

/* A register of the selected queue. */
static void queue_write(Virtio *v, hwaddr addr, uint32_t word)
{
    VirtioQueue *q = selected(v);
    if (!q) {
        device_guest_error(&v->dev, "queue %u does not exist", v->queue_sel);
        return;
    }
    if (q->ready && addr != VIRTIO_QUEUE_PFN && addr != VIRTIO_QUEUE_READY) {
        device_guest_error(&v->dev,
                           "offset 0x%x written while queue %u is in "
                           "use",
                           (unsigned)addr, v->queue_sel);
        return;
    }
    bool high = addr & 4;
    switch (addr) {
    case VIRTIO_QUEUE_NUM: q->num = word; break;
    case VIRTIO_QUEUE_ALIGN: q->align = word; break;
    case VIRTIO_QUEUE_PFN: pfn_write(v, q, word); break;
    case VIRTIO_QUEUE_READY:
        virtio_queue_stop(v, v->queue_sel);
        if (word & 1) {
            virtio_queue_start(v, v->queue_sel);
        }
        break;
    case VIRTIO_QUEUE_DESC:
    case VIRTIO_QUEUE_DESC + 4: put_word(&q->desc, high, word); break;
    case VIRTIO_QUEUE_DRIVER:
    case VIRTIO_QUEUE_DRIVER + 4: put_word(&q->driver, high, word); break;
    default: put_word(&q->device, high, word); break;
    }
}

static void notify(Virtio *v, uint32_t word)
{
    if (word >= v->type->queues || !v->queue[word].ready) {
        device_guest_error(&v->dev,
                           "QUEUE_NOTIFY of queue %u, which is not "
                           "ready",
                           word);
        return;
    }
    v->queue[word].pending = true;
}

static void register_write(Virtio *v, hwaddr addr, uint32_t word)
{
    switch (addr) {
    case VIRTIO_DEVICE_FEATURES_SEL: v->offered_sel = word; break;
    case VIRTIO_DRIVER_FEATURES: features_write(v, word); break;
    case VIRTIO_DRIVER_FEATURES_SEL: v->features_sel = word; break;
    case VIRTIO_GUEST_PAGE_SIZE: v->page_size = word; break;
    case VIRTIO_QUEUE_SEL: v->queue_sel = word; break;
    case VIRTIO_QUEUE_NUM:
    case VIRTIO_QUEUE_ALIGN:
    case VIRTIO_QUEUE_PFN:
    case VIRTIO_QUEUE_READY:
    case VIRTIO_QUEUE_DESC:
    case VIRTIO_QUEUE_DESC + 4:
    case VIRTIO_QUEUE_DRIVER:
    case VIRTIO_QUEUE_DRIVER + 4:
    case VIRTIO_QUEUE_DEVICE:
    case VIRTIO_QUEUE_DEVICE + 4: queue_write(v, addr, word); break;
    case VIRTIO_QUEUE_NOTIFY: notify(v, word); break;
    case VIRTIO_INTERRUPT_ACK: v->interrupts &= ~word; break;
    case VIRTIO_STATUS: status_write(v, word); break;
    case VIRTIO_SHM_SEL: break;
    default:
        device_guest_error(&v->dev, "no register at offset 0x%x to write",
                           (unsigned)addr);
        break;
    }
}

static void mmio_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Virtio *v = opaque;
    if (!v->type->id ||
        (addr < VIRTIO_CONFIG && (size != 4 || other_version(v, addr)))) {
        device_guest_error(&v->dev, "%u bytes written at offset 0x%x: %s", size,
                           (unsigned)addr,
                           !v->type->id ? "the slot is empty"
                           : size != 4  ? "its registers are 4 bytes wide"
                                        : "not in this version");
        return;
    }
    if (addr >= VIRTIO_CONFIG) {
        config_write(v, addr - VIRTIO_CONFIG, (uint32_t)data);
    } else {
        register_write(v, addr, (uint32_t)data);
    }
    virtio_settle(v);
}

static const MemoryRegionOps mmio_ops = {
    .read = mmio_read,
    .write = mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = 4},
};

/* -- life ----------------------------------------------------------------- */

bool virtio_init(Virtio *v, Error **errp)
{
    if (v->type->id && v->queue_size & (v->queue_size - 1)) {
        return error_set(errp,
                         "queue_size: %llu is not a power of two; write 2 to "
                         "%d, usual is 256",
                         (unsigned long long)v->queue_size, VIRTIO_QUEUE_MAX);
    }
    if (!virtio_queue_init(v, errp)) {
        return false;
    }
    memory_region_init_io(&v->dev.mmio, NULL, &mmio_ops, v, v->dev.name,
                          v->dev.cls->mmio_size);
    return true;
}

void virtio_fini(Device *dev)
{
    virtio_queue_fini((Virtio *)dev);
}

void virtio_drop(Virtio *v)
{
    virtio_queue_fini(v);
    memory_region_fini(&v->dev.mmio);
}

void virtio_reset(Device *dev)
{
    Virtio *v = (Virtio *)dev;
    v->page_size = 0;
    restart(v);
    virtio_settle(v);
}

const PinSpec virtio_pins[] = {
    {"irq", offsetof(Virtio, irq), 1, "high while INTERRUPT_STATUS is not 0"},
    {NULL, 0, 0, NULL},
};

/* -- the empty slot ------------------------------------------------------- */

static const VirtioType empty_type = {.id = 0};

static bool empty_init(Device *dev, Error **errp)
{
    Virtio *v = (Virtio *)dev;
    v->type = &empty_type;
    return virtio_init(v, errp);
}

static const ParamSpec empty_params[] = {
    {.name = "version",
     .type = PARAM_UINT,
     .offset = offsetof(Virtio, version),
     .preset = 2,
     .low = 1,
     .high = 2,
     .doc = "of the transport: 1 legacy, 2 (VIRTIO 1.0 and later)"},
    {.name = NULL},
};

static const RegName empty_registers[] = {
    VIRTIO_REGISTERS,
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

const DeviceClass virtio_mmio_class = {
    .name = "virtio-mmio",
    .summary = "an empty virtio slot: DEVICE_ID is 0",
    .source = "VIRTIO 1.2, 4.2",
    .size = sizeof(Virtio),
    .pins = virtio_pins,
    .params = empty_params,
    .registers = empty_registers,
    .mmio_size = VIRTIO_MMIO_SIZE,
    .init = empty_init,
    .reset = virtio_reset,
    .fini = virtio_fini,
};
