/*
 * foreign.c - see foreign.h for the model.
 */
#include "soc/foreign.h"

static MemTxResult foreign_read(void *opaque, hwaddr addr, uint64_t *data,
                                unsigned size, MemTxAttrs attrs)
{
    ForeignDevice *f = opaque;
    return f->read ? f->read(f, addr, data, size, attrs) : MEMTX_ERROR;
}

static MemTxResult foreign_write(void *opaque, hwaddr addr, uint64_t data,
                                 unsigned size, MemTxAttrs attrs)
{
    ForeignDevice *f = opaque;
    return f->write ? f->write(f, addr, data, size, attrs) : MEMTX_ERROR;
}

static bool is_size(uint64_t n)
{
    return n == 1 || n == 2 || n == 4 || n == 8;
}

static bool foreign_init(Device *dev, Error **errp)
{
    ForeignDevice *f = (ForeignDevice *)dev;
    if (!is_size(f->min_access) || !is_size(f->max_access) ||
        f->min_access > f->max_access) {
        return error_set(errp,
                         "min_access and max_access of %s: write 1, 2, 4 or 8 "
                         "bytes, the least not above the most",
                         dev->name);
    }
    f->ops =
        (MemoryRegionOps){.read_with_attrs = foreign_read,
                          .write_with_attrs = foreign_write,
                          .endianness = DEVICE_LITTLE_ENDIAN,
                          .valid = {.min_access_size = (unsigned)f->min_access,
                                    .max_access_size = (unsigned)f->max_access},
                          .impl = {.min_access_size = (unsigned)f->min_access,
                                   .max_access_size = (unsigned)f->max_access}};
    memory_region_init_io(&dev->mmio, NULL, &f->ops, f, dev->name, f->size);
    return true;
}

static void foreign_reset(Device *dev)
{
    ForeignDevice *f = (ForeignDevice *)dev;
    for (unsigned i = 0; i < FOREIGN_PINS; i++) {
        irq_set(&f->irq[i], false);
    }
}

static const PinSpec foreign_pins[] = {
    {"irq", offsetof(ForeignDevice, irq), FOREIGN_PINS,
     "interrupts of the model, in its order"},
    {0}};

static const ParamSpec foreign_params[] = {
    {.name = "library",
     .type = PARAM_FILE,
     .offset = offsetof(ForeignDevice, library),
     .required = true,
     .doc = "the shared library that holds the model"},
    {.name = "model",
     .type = PARAM_STRING,
     .offset = offsetof(ForeignDevice, model),
     .text = "",
     .doc = "which of its models, if it has several"},
    {.name = "size",
     .type = PARAM_SIZE,
     .offset = offsetof(ForeignDevice, size),
     .preset = 4096,
     .low = 1,
     .high = UINT64_C(1) << 62,
     .doc = "bytes it takes in the map"},
    {.name = "min_access",
     .type = PARAM_UINT,
     .offset = offsetof(ForeignDevice, min_access),
     .preset = 1,
     .low = 1,
     .high = 8,
     .doc = "bytes of the smallest access it takes"},
    {.name = "max_access",
     .type = PARAM_UINT,
     .offset = offsetof(ForeignDevice, max_access),
     .preset = 8,
     .low = 1,
     .high = 8,
     .doc = "bytes of the widest access it takes"},
    {.name = "dma",
     .type = PARAM_MASTER,
     .offset = offsetof(ForeignDevice, dma),
     .doc = "the bus on which it is an initiator"},
    {.name = "with",
     .type = PARAM_TEXTS,
     .offset = offsetof(ForeignDevice, with),
     .text = "",
     .doc = "parameters of the model, {name: value, ...}"},
    {0}};

const DeviceClass foreign_class = {
    .name = "tlm",
    .summary = "a SystemC TLM-2.0 model from a shared library",
    .source = "docs/systemc.md",
    .size = sizeof(ForeignDevice),
    .pins = foreign_pins,
    .params = foreign_params,
    .mmio_size = 4096,
    .mmio_param = "size",
    .init = foreign_init,
    .reset = foreign_reset,
};
