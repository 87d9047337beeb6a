/*
 * spi_flash.c - a NOR flash with the usual JEDEC commands, on an SPI
 * controller.
 *
 * Model    A command is the first byte after its chip select is asserted. What
 *          changes the array (page program, erases) begins when the select is
 *          released, after WRITE ENABLE, takes its time, and only then ends the
 *          busy status; the array has the new bytes at once. Programming only
 *          clears bits, and wraps round within a page of 256 bytes. While it is
 *          busy it takes READ STATUS only. With `memory` its bytes are those of
 *          a memory of the map, which is how it is executed in place; else they
 *          are its own, 0xff but for `image`.
 * Units    bytes, picoseconds.
 * Source   JEDEC JESD216 (commands common to all), Winbond W25Q32JV data sheet,
 *          sections 8.1 and 8.2 (status, page wrap, times).
 * Missing  Dual and quad commands, 4-byte addresses, status registers 2 and 3,
 *          block protection, suspend, power-down, SFDP, unique id.
 */
#include "soc/spi_flash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory/bits.h"

enum {
    CMD_PAGE_PROGRAM = 0x02,
    CMD_READ = 0x03,
    CMD_WRITE_DISABLE = 0x04,
    CMD_READ_STATUS = 0x05,
    CMD_WRITE_ENABLE = 0x06,
    CMD_FAST_READ = 0x0b,
    CMD_ERASE_4K = 0x20,
    CMD_ERASE_CHIP_60 = 0x60,
    CMD_READ_ID = 0x9f,
    CMD_ERASE_CHIP = 0xc7,
    CMD_ERASE_64K = 0xd8,
    STATUS_BUSY = BIT(0),
    STATUS_WEL = BIT(1),
    ADDRESS_BYTES = 3,
};

static bool is_busy(const SpiFlash *f)
{
    return event_now(f->dev.events) < f->busy_until;
}

static uint8_t log2_of(uint64_t size)
{
    return (uint8_t)(63 - __builtin_clzll(size));
}

/* Bytes [from, from + len) have changed; nobody runs old code. */
static void changed(SpiFlash *f, uint64_t from, uint64_t len)
{
    if (f->memory) {
        memory_region_flush_rom_device(f->memory, from, len);
    }
}

static void busy_for(SpiFlash *f, uint64_t ps)
{
    f->busy_until = event_now(f->dev.events) + ps;
    f->write_enabled = false;
}

/* -- what a released select does ------------------------------------------- */

static void program(SpiFlash *f)
{
    uint64_t page = f->address & (f->size - 1) & ~UINT64_C(0xff);
    for (unsigned i = 0; i < SPI_FLASH_PAGE; i++) {
        if (f->filled[i]) {
            f->data[page + i] &= f->page[i];
        }
    }
    changed(f, page, SPI_FLASH_PAGE);
    busy_for(f, f->program_time);
}

static void erase(SpiFlash *f, uint64_t block)
{
    uint64_t from = f->address & (f->size - 1) & ~(block - 1);
    memset(f->data + from, 0xff, block);
    changed(f, from, block);
    /* Larger blocks take longer, as much as their size says at most 16 times.
     */
    uint64_t times = block / 4096;
    busy_for(f, f->erase_time * (times < 16 ? times : 16));
}

static void command_ends(SpiFlash *f)
{
    bool addressed = f->received >= ADDRESS_BYTES;
    switch (f->command) {
    case CMD_WRITE_ENABLE: f->write_enabled = true; return;
    case CMD_WRITE_DISABLE: f->write_enabled = false; return;
    case CMD_PAGE_PROGRAM: addressed &= f->received > ADDRESS_BYTES; break;
    case CMD_ERASE_4K:
    case CMD_ERASE_64K: break;
    case CMD_ERASE_CHIP:
    case CMD_ERASE_CHIP_60: addressed = true; break;
    default: return;
    }
    if (!addressed) {
        return;
    }
    if (!f->write_enabled) {
        device_guest_error(&f->dev, "command 0x%02x without WRITE ENABLE",
                           f->command);
        return;
    }
    switch (f->command) {
    case CMD_PAGE_PROGRAM: program(f); break;
    case CMD_ERASE_4K: erase(f, 4 << 10); break;
    case CMD_ERASE_64K:
        erase(f, f->size < 64 << 10 ? f->size : 64 << 10);
        break;
    default: erase(f, f->size); break;
    }
}

static void flash_select(void *opaque, bool selected)
{
    SpiFlash *f = opaque;
    if (!selected && f->command && !f->ignored) {
        command_ends(f);
    }
    f->command = 0;
    f->received = 0;
    f->address = 0;
    f->ignored = false;
    memset(f->filled, 0, sizeof(f->filled));
}

/* -- bytes while it is selected -------------------------------------------- */

static uint8_t read_array(SpiFlash *f)
{
    uint8_t byte = f->data[f->address & (f->size - 1)];
    f->address++;
    return byte;
}

static uint8_t flash_status(const SpiFlash *f)
{
    return (uint8_t)((is_busy(f) ? STATUS_BUSY : 0) |
                     (f->write_enabled ? STATUS_WEL : 0));
}

static void first_byte(SpiFlash *f, uint8_t byte)
{
    f->command = byte;
    f->ignored = is_busy(f) && byte != CMD_READ_STATUS;
    if (f->ignored) {
        device_guest_error(&f->dev, "command 0x%02x while it is busy", byte);
        return;
    }
    switch (byte) {
    case CMD_PAGE_PROGRAM:
    case CMD_READ:
    case CMD_WRITE_DISABLE:
    case CMD_READ_STATUS:
    case CMD_WRITE_ENABLE:
    case CMD_FAST_READ:
    case CMD_ERASE_4K:
    case CMD_ERASE_CHIP:
    case CMD_ERASE_CHIP_60:
    case CMD_READ_ID:
    case CMD_ERASE_64K: break;
    default:
        device_guest_error(&f->dev, "unknown command 0x%02x", byte);
        f->ignored = true;
        break;
    }
}

static uint8_t flash_transfer(void *opaque, uint8_t byte)
{
    SpiFlash *f = opaque;
    if (!f->command) {
        first_byte(f, byte);
        return 0xff;
    }
    unsigned n = f->received;
    f->received += f->received < UINT32_MAX;
    if (f->ignored) {
        return 0xff;
    }
    if (f->command == CMD_READ_STATUS) {
        return flash_status(f);
    }
    if (f->command == CMD_READ_ID) {
        return n == 0   ? (uint8_t)(f->id >> 8)
               : n == 1 ? (uint8_t)f->id
               : n == 2 ? log2_of(f->size)
                        : 0xff;
    }
    if (n < ADDRESS_BYTES) {
        f->address = f->address << 8 | byte;
        return 0xff;
    }
    switch (f->command) {
    case CMD_READ: return read_array(f);
    case CMD_FAST_READ: return n > ADDRESS_BYTES ? read_array(f) : 0xff;
    case CMD_PAGE_PROGRAM: {
        unsigned at = (f->address + n - ADDRESS_BYTES) % SPI_FLASH_PAGE;
        f->page[at] = byte;
        f->filled[at] = true;
        return 0xff;
    }
    default: return 0xff;
    }
}

/* -- life ------------------------------------------------------------------ */

static bool load_image(SpiFlash *f, Error **errp)
{
    FILE *file = fopen(f->image, "rb");
    if (!file) {
        return error_set(errp,
                         "image: cannot read %s: %s; name a readable file",
                         f->image, strerror(errno));
    }
    size_t got = fread(f->data, 1, f->size, file);
    bool bad = ferror(file), more = got == f->size && fgetc(file) != EOF;
    fclose(file);
    if (bad) {
        return error_set(errp, "image: cannot read %s; name a file", f->image);
    }
    return !more ||
           error_set(errp,
                     "image: %s has more than the %llu bytes of %s; "
                     "make `size` larger",
                     f->image, (unsigned long long)f->size, f->dev.name);
}

static bool flash_init(Device *dev, Error **errp)
{
    SpiFlash *f = (SpiFlash *)dev;
    if (f->memory) {
        if (f->image) {
            return error_set(errp,
                             "%s has `image` and `memory`; an image of "
                             "that memory is its `file`",
                             dev->name);
        }
        f->size = memory_region_size(f->memory);
    }
    if (f->size < 4096 || f->size > 16 << 20 || f->size & (f->size - 1)) {
        return error_set(errp,
                         "%s has %llu bytes; a power of two from 4KiB to 16MiB "
                         "would be right",
                         dev->name, (unsigned long long)f->size);
    }
    if (f->memory) {
        f->data = memory_region_get_ram_ptr(f->memory);
    } else {
        f->data = malloc(f->size);
        f->own = true;
        if (!f->data) {
            return error_set(errp, "the host has no memory left");
        }
        memset(f->data, 0xff, f->size);
    }
    if (f->image && !load_image(f, errp)) {
        free(f->data);
        return false;
    }
    f->slave = (SpiSlave){
        .select = flash_select, .transfer = flash_transfer, .opaque = f};
    return true;
}

static bool flash_link(Device *dev, Error **errp)
{
    SpiFlash *f = (SpiFlash *)dev;
    return spi_attach(f->controller, f->select, &f->slave, dev, errp);
}

/* The array keeps its bytes. */
static void flash_reset(Device *dev)
{
    SpiFlash *f = (SpiFlash *)dev;
    f->command = 0;
    f->received = 0;
    f->address = 0;
    f->write_enabled = f->ignored = false;
    f->busy_until = 0;
    memset(f->filled, 0, sizeof(f->filled));
}

static void flash_fini(Device *dev)
{
    SpiFlash *f = (SpiFlash *)dev;
    if (f->own) {
        free(f->data);
    }
}

static const ParamSpec flash_params[] = {
    {.name = "controller",
     .type = PARAM_DEVICE,
     .offset = offsetof(SpiFlash, controller),
     .text = "sifive-spi",
     .required = true,
     .doc = "the SPI controller it hangs on"},
    {.name = "select",
     .type = PARAM_UINT,
     .offset = offsetof(SpiFlash, select),
     .high = SPI_SELECTS - 1,
     .doc = "its chip select"},
    {.name = "size",
     .type = PARAM_SIZE,
     .offset = offsetof(SpiFlash, size),
     .preset = 4 << 20,
     .low = 4 << 10,
     .high = 16 << 20,
     .doc = "bytes, a power of two; with `memory` that has it"},
    {.name = "id",
     .type = PARAM_UINT,
     .offset = offsetof(SpiFlash, id),
     .preset = 0xef40,
     .high = 0xffff,
     .doc = "manufacturer and type in READ ID; the third byte is log2 of size"},
    {.name = "program_time",
     .type = PARAM_TIME,
     .offset = offsetof(SpiFlash, program_time),
     .preset = UINT64_C(400000000),
     .high = PS_PER_SECOND,
     .doc = "of a page"},
    {.name = "erase_time",
     .type = PARAM_TIME,
     .offset = offsetof(SpiFlash, erase_time),
     .preset = UINT64_C(45000000000),
     .high = PS_PER_SECOND,
     .doc = "of 4 KiB; larger erases take up to 16 times as long"},
    {.name = "image",
     .type = PARAM_FILE,
     .offset = offsetof(SpiFlash, image),
     .doc = "raw bytes it has at the beginning; the file is only read"},
    {.name = "memory",
     .type = PARAM_MEMORY,
     .offset = offsetof(SpiFlash, memory),
     .doc = "memory of the map that has its bytes"},
    {.name = NULL},
};

static const RegName no_registers[] = {{NULL, 0, 0, 0, 0, NULL, NULL}};

const DeviceClass spi_flash_class = {
    .name = "spi-flash",
    .summary = "NOR flash on an SPI controller",
    .source = "JEDEC JESD216; Winbond W25Q32JV data sheet",
    .size = sizeof(SpiFlash),
    .params = flash_params,
    .registers = no_registers,
    .init = flash_init,
    .link = flash_link,
    .reset = flash_reset,
    .fini = flash_fini,
};
