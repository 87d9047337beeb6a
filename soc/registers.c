/*
 * registers.c - a peripheral nobody has modelled: its registers store.
 *
 * Model    Bytes that keep what is written to them. With an SVD file (sim/svd.c
 *          makes a class of it) registers begin with their reset values,
 *          read-only ones ignore writes, write-only ones read 0, and those
 *          whose ones clear do; what is none reads 0 and ignores writes. All of
 *          that is reported as guest errors. An access belongs to the register
 *          in which it begins.
 * Source   CMSIS-SVD 1.3 for the meaning of access and modifiedWriteValues.
 * Missing  Everything else the peripheral does: interrupts, flags that change
 * by themselves, side effects of reads.
 */
#include "soc/registers.h"

#include <stdlib.h>
#include <string.h>

/* The register at addr; NULL: none. */
static const RegName *register_at(const DeviceClass *cls, hwaddr addr)
{
    for (const RegName *r = cls->registers; r && r->name; r++) {
        unsigned stride = r->stride ? r->stride : r->size;
        if (addr >= r->offset && stride &&
            (addr - r->offset) / stride < (r->count ? r->count : 1) &&
            (addr - r->offset) % stride < r->size) {
            return r;
        }
    }
    return NULL;
}

/* What it does, or NULL with a guest error; without a table: everything. */
static const RegPlain *plain_at(Registers *p, hwaddr addr, const char *verb)
{
    static const RegPlain store = {.readable = true, .writable = true};
    const DeviceClass *cls = p->dev.cls;
    if (!cls->plain) {
        return &store;
    }
    const RegName *r = register_at(cls, addr);
    if (!r) {
        device_guest_error(&p->dev, "no register at offset 0x%x to %s",
                           (unsigned)addr, verb);
        return NULL;
    }
    const RegPlain *plain = &cls->plain[r - cls->registers];
    bool reads = *verb == 'r';
    if (reads ? plain->readable : plain->writable) {
        return plain;
    }
    device_guest_error(&p->dev, "%s is %s-only", r->name,
                       reads ? "write" : "read");
    return NULL;
}

static uint64_t registers_read(void *opaque, hwaddr addr, unsigned size)
{
    Registers *p = opaque;
    uint64_t value = 0;
    if (addr + size > p->dev.cls->mmio_size || !plain_at(p, addr, "read")) {
        return 0;
    }
    memcpy(&value, p->bytes + addr, size);
    return value;
}

static void registers_write(void *opaque, hwaddr addr, uint64_t data,
                            unsigned size)
{
    Registers *p = opaque;
    uint64_t old = 0;
    const RegPlain *plain =
        addr + size > p->dev.cls->mmio_size ? NULL : plain_at(p, addr, "write");
    if (!plain) {
        return;
    }
    memcpy(&old, p->bytes + addr, size);
    data = plain->w1c ? old & ~data : data;
    memcpy(p->bytes + addr, &data, size);
}

static const MemoryRegionOps registers_ops = {
    .read = registers_read,
    .write = registers_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = 8},
};

static bool registers_init(Device *dev, Error **errp)
{
    Registers *p = (Registers *)dev;
    p->bytes = calloc(1, dev->cls->mmio_size);
    if (!p->bytes) {
        return error_set(errp, "the host has no memory left");
    }
    memory_region_init_io(&dev->mmio, NULL, &registers_ops, p, dev->name,
                          dev->cls->mmio_size);
    return true;
}

static void registers_reset(Device *dev)
{
    Registers *p = (Registers *)dev;
    const DeviceClass *cls = dev->cls;
    memset(p->bytes, 0, cls->mmio_size);
    for (unsigned i = 0; cls->plain && cls->registers[i].name; i++) {
        const RegName *r = &cls->registers[i];
        unsigned stride = r->stride ? r->stride : r->size;
        for (unsigned k = 0; k < (r->count ? r->count : 1); k++) {
            hwaddr at = r->offset + (hwaddr)k * stride;
            if (at + r->size <= cls->mmio_size) {
                memcpy(p->bytes + at, &cls->plain[i].reset, r->size);
            }
        }
    }
}

static void registers_fini(Device *dev)
{
    free(((Registers *)dev)->bytes);
}

static const RegName no_registers[] = {{NULL, 0, 0, 0, 0, NULL, NULL}};

const DeviceClass registers_class = {
    .name = "registers",
    .summary = "registers that only store, such as those of an SVD file",
    .source = "CMSIS-SVD 1.3 (what the file says)",
    .size = sizeof(Registers),
    .registers = no_registers,
    .mmio_size = 0x1000,
    .init = registers_init,
    .reset = registers_reset,
    .fini = registers_fini,
};
