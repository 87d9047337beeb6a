/*
 * reg.c - a device's 32-bit registers as a table.
 *
 * Model    A write stores the writable bits and clears the write-1-to-clear
 *          bits, then the register's hook runs, then the device's settle().
 * Source   STYLE.md, "a device is a struct, a register table, one settle()".
 * Missing  Registers of other widths; byte lanes: an access is one word.
 */
#include "soc/reg.h"

static const RegSpec *reg_spec(const RegBank *bank, unsigned index)
{
    unsigned repeated = bank->block * bank->blocks;
    if (index < repeated) {
        return &bank->spec[index % bank->block];
    }
    return &bank->spec[index - repeated + bank->block];
}

/* The register at addr; NULL with a guest error where there is none. */
static const RegSpec *reg_find(RegBank *bank, hwaddr addr, bool is_write)
{
    if (addr / 4 < bank->count) {
        bank->index = (unsigned)(addr / 4);
        const RegSpec *spec = reg_spec(bank, bank->index);
        if (spec->name) {
            return spec;
        }
    }
    device_guest_error(bank->dev, "no register at offset 0x%x to %s",
                       (unsigned)addr, is_write ? "write" : "read");
    return NULL;
}

static uint64_t reg_read(void *opaque, hwaddr addr, unsigned size)
{
    RegBank *bank = opaque;
    const RegSpec *spec = reg_find(bank, addr, false);
    if (!spec) {
        return 0;
    }
    return spec->read ? spec->read(bank->dev) : bank->value[bank->index];
}

static void reg_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    RegBank *bank = opaque;
    const RegSpec *spec = reg_find(bank, addr, true);
    if (!spec) {
        return;
    }
    if (!spec->writable && !spec->w1c && !spec->written) {
        device_guest_error(bank->dev, "%s is read-only", spec->name);
        return;
    }
    uint32_t *value = &bank->value[bank->index];
    uint32_t old = *value;
    uint32_t word = (uint32_t)data;
    *value = (old & ~spec->writable) | (word & spec->writable);
    *value &= ~(word & spec->w1c);
    if (spec->written) {
        spec->written(bank->dev, old);
    }
    bank->settle(bank->dev);
}

static const MemoryRegionOps reg_ops = {
    .read = reg_read,
    .write = reg_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

void reg_bank_init(RegBank *bank, Device *dev, const RegSpec *spec,
                   uint32_t *value, unsigned count, void (*settle)(void *dev))
{
    *bank = (RegBank){.spec = spec,
                      .value = value,
                      .count = count,
                      .dev = dev,
                      .settle = settle};
    memory_region_init_io(&dev->mmio, NULL, &reg_ops, bank, dev->name,
                          dev->cls->mmio_size);
}

void reg_bank_reset(RegBank *bank)
{
    for (unsigned i = 0; i < bank->count; i++) {
        bank->value[i] = reg_spec(bank, i)->reset;
    }
    bank->settle(bank->dev);
}
