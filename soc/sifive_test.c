/*
 * sifive_test.c - the test finisher: software ends the run with a status.
 *
 * Model    A store to offset 0: the low 16 bits say what, the high 16 bits are
 *          the exit code of FAIL, of which a process keeps the low 8 bits.
 * Source   SiFive test device as on QEMU's RISC-V `virt` board (sizes 2 and 4);
 *          docs/devices/sifive-test.md.
 * Missing  Nothing.
 */
#include "soc/sifive_test.h"

enum { FINISH_FAIL = 0x3333, FINISH_PASS = 0x5555, FINISH_RESET = 0x7777 };

static uint64_t sifive_test_read(void *opaque, hwaddr addr, unsigned size)
{
    return 0;
}

static void sifive_test_write(void *opaque, hwaddr addr, uint64_t data,
                              unsigned size)
{
    Device *dev = opaque;
    unsigned what = data & 0xffff;
    if (addr == 0 && what == FINISH_PASS) {
        dev->host->finish(dev->host->opaque, dev, 0);
    } else if (addr == 0 && what == FINISH_FAIL) {
        dev->host->finish(dev->host->opaque, dev, (int)(data >> 16 & 0xff));
    } else if (addr == 0 && what == FINISH_RESET) {
        dev->host->reset_request(dev->host->opaque, dev);
    } else {
        device_guest_error(dev, "0x%x at offset 0x%x ends nothing",
                           (unsigned)data, (unsigned)addr);
    }
}

static const MemoryRegionOps sifive_test_ops = {
    .read = sifive_test_read,
    .write = sifive_test_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 2, .max_access_size = 4},
    .impl = {.min_access_size = 2, .max_access_size = 4},
};

static bool sifive_test_init(Device *dev, Error **errp)
{
    memory_region_init_io(&dev->mmio, NULL, &sifive_test_ops, dev, dev->name,
                          dev->cls->mmio_size);
    return true;
}

static void sifive_test_reset(Device *dev) {}

static const RegName sifive_test_registers[] = {
    {"FINISH", 0, 4, 1, 0, "w",
     "0x5555: end with status 0; 0x3333 | code << 16: end with that status; "
     "0x7777: reset"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

const DeviceClass sifive_test_class = {
    .name = "sifive-test",
    .summary = "test finisher: software ends the run with an exit status",
    .source = "SiFive test device, as on QEMU's RISC-V virt board",
    .size = sizeof(SifiveTest),
    .registers = sifive_test_registers,
    .mmio_size = 0x1000,
    .init = sifive_test_init,
    .reset = sifive_test_reset,
};
