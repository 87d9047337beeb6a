/*
 * cfi_flash.c - a bank of parallel NOR flash: two 16-bit chips side by side,
 * with Intel's command set.
 *
 * Model    A ROM device. While both chips are in read array mode, reads are
 *          those of memory. A write is a command to both: each takes its half
 *          of the word, and from then on answers reads with its half: status,
 *          identifiers, or the CFI query table. They share a write strobe: a
 *          write of less than a word does nothing and is reported. (U-Boot
 *          looks for narrow buses first; a chip that took half a word alone
 *          would make it believe in one.) Programming only clears bits, erasing
 *          sets a block's; the array has the new bytes at once, the chip is
 *          busy for the operation's time, and only then says that it is ready.
 *          What is in the array of an `image` that may be written is in the
 *          file, too. `read_only` is VPEN at ground: the chips refuse.
 * Units    bytes, picoseconds; inside a chip, words of 16 bits.
 * Source   JEDEC JESD68.01 (CFI); Intel AP-646 (command set 0001, PRI table);
 *          Intel StrataFlash J3 data sheet (28F128J3: commands, status
 *          register, 32-byte buffer, 6.8 us a byte, 1 s a block). Two of them
 *          make the banks of QEMU's virt board.
 * Missing  Suspend and resume, protection registers, configuration of STS, the
 *          extended status register (a buffer is always free: the status is
 *          shown), page mode reads, lock bits that outlive the run; writes of
 *          loaders and debuggers do not reach the file.
 */
#include "soc/cfi_flash.h"

#include <stdlib.h>
#include <string.h>

#include "memory/bits.h"

enum {
    CMD_LOCK_BLOCK = 0x01, /* after CMD_LOCK */
    CMD_PROGRAM_10 = 0x10,
    CMD_ERASE = 0x20,
    CMD_PROGRAM = 0x40,
    CMD_CLEAR_STATUS = 0x50,
    CMD_LOCK = 0x60,
    CMD_READ_STATUS = 0x70,
    CMD_READ_ID = 0x90,
    CMD_READ_QUERY = 0x98,
    CMD_CONFIRM = 0xd0, /* after CMD_ERASE, CMD_LOCK (clear all), CMD_BUFFER */
    CMD_BUFFER = 0xe8,
    CMD_READ_ARRAY = 0xff,
    SR_LOCKED = BIT(1),
    SR_VPEN = BIT(3),
    SR_PROGRAM = BIT(4),
    SR_ERASE = BIT(5),
    SR_SEQUENCE = SR_PROGRAM | SR_ERASE,
    SR_READY = BIT(7),
    PRI = 0x31, /* where the table of command set 0001 begins */
    BUFFER_LOG2 = 5,
    MIN_BLOCK = CFI_CHIPS * 256, /* the query table counts in 256 bytes */
    MAX_BLOCK = 16 << 20,
};

#define MAX_SIZE (UINT64_C(256) << 20)
#define PS_PER_US UINT64_C(1000000)

static bool is_busy(const CfiFlash *f, const CfiChip *c)
{
    return event_now(f->dev.events) < c->busy_until;
}

static unsigned lane_of(const CfiFlash *f, const CfiChip *c)
{
    return (unsigned)(c - f->chip);
}

static uint64_t block_of(const CfiFlash *f, uint32_t word)
{
    return (uint64_t)word * CFI_BANK_WORD / f->block;
}

static bool is_locked(const CfiFlash *f, const CfiChip *c, uint32_t word)
{
    return f->lock[block_of(f, word)] >> lane_of(f, c) & 1;
}

/* -- what reads give ------------------------------------------------------- */

/* n of the smallest 2^n that is not less than time; 0 would be "cannot". */
static uint8_t log2_above(uint64_t time, uint64_t unit)
{
    uint8_t n = 1;
    while ((unit << n) < time) {
        n++;
    }
    return n;
}

static uint8_t query(const CfiFlash *f, unsigned at)
{
    uint64_t blocks = f->size / f->block;
    uint64_t units = f->block / MIN_BLOCK; /* of a chip's block */
    uint8_t program = log2_above(f->program_time, PS_PER_US);
    switch (at) {
    case 0x10: return 'Q';
    case 0x11: return 'R';
    case 0x12: return 'Y';
    case 0x13: return 0x01; /* Intel's extended command set */
    case 0x15: return PRI;
    case 0x1b: return 0x27; /* Vcc from 2.7 V */
    case 0x1c: return 0x36; /* to 3.6 V */
    case 0x1f:
    case 0x20: return program; /* of a word, of a buffer */
    case 0x21: return log2_above(f->erase_time, 1000 * PS_PER_US);
    case 0x23:
    case 0x24:
    case 0x25: return 4; /* at worst 2^4 times as long */
    case 0x27: return log2_above(f->size / CFI_CHIPS, 1);
    case 0x28: return 0x01; /* 16 bits wide */
    case 0x2a: return BUFFER_LOG2;
    case 0x2c: return 1; /* all blocks are of one size */
    case 0x2d: return (uint8_t)(blocks - 1);
    case 0x2e: return (uint8_t)((blocks - 1) >> 8);
    case 0x2f: return (uint8_t)units;
    case 0x30: return (uint8_t)(units >> 8);
    case PRI: return 'P';
    case PRI + 1: return 'R';
    case PRI + 2: return 'I';
    case PRI + 3: return '1';
    case PRI + 4: return '1';
    case PRI + 5: return BIT(3); /* lock bits, cleared all at once */
    case PRI + 10: return 0x01;  /* they can be read */
    case PRI + 12: return 0x33;  /* best Vcc: 3.3 V */
    default: return 0;
    }
}

static uint16_t chip_read(const CfiFlash *f, const CfiChip *c, uint32_t word)
{
    const uint8_t *at = f->data + (uint64_t)word * CFI_BANK_WORD +
                        (uint64_t)lane_of(f, c) * CFI_WORD;
    unsigned low = word & 0xff; /* tables are in every block */
    switch (c->mode) {
    case CFI_ARRAY: return (uint16_t)(at[0] | at[1] << 8);
    case CFI_STATUS:
        return (uint16_t)(c->status | (is_busy(f, c) ? 0u : SR_READY));
    case CFI_ID:
        return low == 0   ? (uint8_t)(f->id >> 8)
               : low == 1 ? (uint8_t)f->id
               : low == 2 ? is_locked(f, c, word)
                          : 0;
    case CFI_QUERY: return query(f, low);
    }
    return 0;
}

/* -- what changes the array ------------------------------------------------ */

/* Bytes [from, from + len) of the bank have changed. */
static bool changed(CfiFlash *f, uint64_t from, uint64_t len)
{
    memory_region_flush_rom_device(&f->dev.mmio, from, len);
    return !f->disk.write || f->snapshot ||
           f->disk.write(&f->disk, from, f->data + from, len);
}

/* May it change the block of word? `error`: how the operation says no. */
static bool is_open(CfiFlash *f, CfiChip *c, uint32_t word, uint8_t error)
{
    if (!f->read_only && !is_locked(f, c, word)) {
        return true;
    }
    c->status |= (uint8_t)(error | (f->read_only ? SR_VPEN : SR_LOCKED));
    return false;
}

static void busy_for(CfiFlash *f, CfiChip *c, uint64_t ps, bool ok,
                     uint8_t error)
{
    c->status |= ok ? 0 : error;
    c->busy_until = event_now(f->dev.events) + ps;
}

/* All words lie in one block. */
static void program(CfiFlash *f, CfiChip *c, uint32_t word,
                    const uint16_t *value, unsigned count)
{
    if (!is_open(f, c, word, SR_PROGRAM)) {
        return;
    }
    uint64_t from = (uint64_t)word * CFI_BANK_WORD;
    uint8_t *at = f->data + from + (uint64_t)lane_of(f, c) * CFI_WORD;
    for (unsigned i = 0; i < count; i++, at += CFI_BANK_WORD) {
        at[0] &= (uint8_t)value[i];
        at[1] &= (uint8_t)(value[i] >> 8);
    }
    bool ok = changed(f, from, (uint64_t)count * CFI_BANK_WORD);
    busy_for(f, c, f->program_time, ok, SR_PROGRAM);
}

static void erase(CfiFlash *f, CfiChip *c, uint32_t word)
{
    if (!is_open(f, c, word, SR_ERASE)) {
        return;
    }
    uint64_t from = block_of(f, word) * f->block;
    uint8_t *at = f->data + from + (uint64_t)lane_of(f, c) * CFI_WORD;
    for (uint64_t i = 0; i < f->block; i += CFI_BANK_WORD) {
        at[i] = at[i + 1] = 0xff;
    }
    busy_for(f, c, f->erase_time, changed(f, from, f->block), SR_ERASE);
}

static void lock(CfiFlash *f, CfiChip *c, uint32_t word, uint8_t command)
{
    const uint8_t mine = (uint8_t)BIT(lane_of(f, c));
    if (command == CMD_LOCK_BLOCK) {
        f->lock[block_of(f, word)] |= mine;
        return;
    }
    for (uint64_t i = 0; i < f->size / f->block; i++) {
        f->lock[i] &= (uint8_t)~mine;
    }
}

/* -- commands -------------------------------------------------------------- */

static void sequence_error(CfiFlash *f, CfiChip *c, uint16_t data)
{
    device_guest_error(&f->dev, "0x%02x does not end command 0x%02x",
                       data & 0xff, c->command);
    c->status |= SR_SEQUENCE;
    c->command = 0;
}

/* Cycles of write to buffer behind the first: count, words, confirmation. */
static void buffer_cycle(CfiFlash *f, CfiChip *c, uint32_t word, uint16_t data)
{
    if (!c->count) {
        if (data >= CFI_BUFFER) {
            sequence_error(f, c, data);
            return;
        }
        c->count = data + 1u;
        c->received = 0;
        memset(c->buffer, 0xff, sizeof(c->buffer));
        return;
    }
    if (!c->received) { /* all of them have to lie in the block */
        uint64_t block = block_of(f, c->block);
        c->start = word;
        c->outside = block_of(f, word) != block ||
                     block_of(f, word + c->count - 1) != block;
    }
    if (c->received < c->count) {
        uint32_t at = word - c->start;
        if (at < c->count) {
            c->buffer[at] = data;
        }
        c->outside |= at >= c->count;
        c->received++;
        return;
    }
    if ((data & 0xff) != CMD_CONFIRM || c->outside) {
        sequence_error(f, c, data);
        return;
    }
    c->command = 0;
    program(f, c, c->start, c->buffer, c->count);
}

/* A cycle of the command that is under way. */
static void next_cycle(CfiFlash *f, CfiChip *c, uint32_t word, uint16_t data)
{
    const uint8_t command = c->command, byte = (uint8_t)data;
    if (command == CMD_BUFFER) {
        buffer_cycle(f, c, word, data);
    } else if (command == CMD_PROGRAM) {
        c->command = 0;
        program(f, c, word, &data, 1);
    } else if (command == CMD_ERASE && byte == CMD_CONFIRM) {
        c->command = 0;
        erase(f, c, word);
    } else if (command == CMD_LOCK &&
               (byte == CMD_CONFIRM || byte == CMD_LOCK_BLOCK)) {
        c->command = 0;
        lock(f, c, word, byte);
    } else {
        sequence_error(f, c, data);
    }
}

static void first_cycle(CfiFlash *f, CfiChip *c, uint32_t word, uint8_t command)
{
    switch (command) {
    case CMD_READ_ARRAY: c->mode = CFI_ARRAY; break;
    case CMD_READ_STATUS: c->mode = CFI_STATUS; break;
    case CMD_READ_ID: c->mode = CFI_ID; break;
    case CMD_READ_QUERY: c->mode = CFI_QUERY; break;
    case CMD_CLEAR_STATUS: c->status = 0; break;
    case CMD_PROGRAM:
    case CMD_PROGRAM_10:
        c->command = CMD_PROGRAM;
        c->mode = CFI_STATUS;
        break;
    case CMD_BUFFER:
    case CMD_ERASE:
    case CMD_LOCK:
        c->command = command;
        c->mode = CFI_STATUS;
        c->block = word;
        c->count = 0;
        break;
    default:
        device_guest_error(&f->dev, "unknown command 0x%02x", command);
        break;
    }
}

static void chip_write(CfiFlash *f, CfiChip *c, uint32_t word, uint16_t data)
{
    if (is_busy(f, c)) {
        if ((data & 0xff) != CMD_READ_STATUS) {
            device_guest_error(&f->dev, "command 0x%02x while it is busy",
                               data & 0xff);
        }
    } else if (c->command) {
        next_cycle(f, c, word, data);
    } else {
        first_cycle(f, c, word, (uint8_t)data);
    }
}

/* -- the bank -------------------------------------------------------------- */

static void settle(CfiFlash *f)
{
    bool array = true;
    for (unsigned i = 0; i < CFI_CHIPS; i++) {
        array &= f->chip[i].mode == CFI_ARRAY;
    }
    memory_region_rom_device_set_romd(&f->dev.mmio, array);
}

/* Called while a chip is not in read array mode. */
static uint64_t flash_read(void *opaque, hwaddr addr, unsigned size)
{
    const CfiFlash *f = opaque;
    uint32_t word = (uint32_t)(addr / CFI_BANK_WORD);
    uint32_t bus = chip_read(f, &f->chip[0], word) |
                   (uint32_t)chip_read(f, &f->chip[1], word) << 16;
    return bus >> 8 * (addr % CFI_BANK_WORD);
}

/* One write strobe for both: what does not drive all lanes writes nothing. */
static void flash_write(void *opaque, hwaddr addr, uint64_t value,
                        unsigned size)
{
    CfiFlash *f = opaque;
    if (size < CFI_BANK_WORD) {
        device_guest_error(&f->dev, "a write of %u bytes, of the %u of a word",
                           size, (unsigned)CFI_BANK_WORD);
        return;
    }
    for (unsigned i = 0; i < CFI_CHIPS; i++) {
        chip_write(f, &f->chip[i], (uint32_t)(addr / CFI_BANK_WORD),
                   (uint16_t)(value >> 16 * i));
    }
    settle(f);
}

static const MemoryRegionOps flash_ops = {
    .read = flash_read,
    .write = flash_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8},
    .impl = {.min_access_size = 1, .max_access_size = CFI_BANK_WORD},
};

/* -- life ------------------------------------------------------------------ */

static void flash_drop(CfiFlash *f)
{
    if (f->disk.close) {
        f->disk.close(&f->disk);
    }
    free(f->lock);
}

static bool check_sizes(const CfiFlash *f, Error **errp)
{
    if (f->block & (f->block - 1)) {
        return error_set(errp,
                         "block: %llu bytes; a power of two would be right",
                         (unsigned long long)f->block);
    }
    if (f->size & (f->size - 1) || f->size < f->block ||
        f->size / f->block > UINT16_MAX + 1) {
        return error_set(errp,
                         "size: %llu bytes; a power of two from one block of "
                         "%llu to 65536 of them would be right",
                         (unsigned long long)f->size,
                         (unsigned long long)f->block);
    }
    return true;
}

/* What is written has to fit the file; what is only read may be shorter. */
static bool open_image(CfiFlash *f, Error **errp)
{
    const DeviceHost *host = f->dev.host;
    bool kept = !f->read_only && !f->snapshot;
    if (!host->disk_open(host->opaque, f->image,
                         kept ? DISK_WRITE : DISK_READ_ONLY, &f->disk, errp)) {
        return false;
    }
    const unsigned long long has = f->disk.size, size = f->size;
    if (has > size) {
        return error_set(errp,
                         "image: %s has more than the %llu bytes of %s; make "
                         "`size` larger",
                         f->image, size, f->dev.name);
    }
    return !kept || has == size ||
           error_set(errp,
                     "image: %s has %llu of the %llu bytes of %s; write "
                     "`truncate -s %llu` and its name, or set read_only or "
                     "snapshot to true",
                     f->image, has, size, f->dev.name, size);
}

static bool make_array(CfiFlash *f, Error **errp)
{
    MemoryRegion *mr = &f->dev.mmio;
    memory_region_init_rom_device(mr, NULL, &flash_ops, f, f->dev.name, f->size,
                                  errp);
    bool ok = mr->rom_device && memory_region_fill(mr, 0xff, errp);
    f->data = ok ? memory_region_get_ram_ptr(mr) : NULL;
    if (ok && f->image && !f->disk.read(&f->disk, 0, f->data, f->disk.size)) {
        ok = error_set(errp, "image: cannot read %s; name a file", f->image);
    }
    if (!ok) {
        memory_region_fini(mr);
    }
    return ok;
}

static bool flash_init(Device *dev, Error **errp)
{
    CfiFlash *f = (CfiFlash *)dev;
    if (!check_sizes(f, errp)) {
        return false;
    }
    f->lock = calloc(f->size / f->block, 1);
    bool ok = f->lock || error_set(errp, "the host has no memory left");
    ok = ok && (!f->image || open_image(f, errp)) && make_array(f, errp);
    if (!ok) {
        flash_drop(f);
    }
    return ok;
}

/* Array and lock bits stay as they are. */
static void flash_reset(Device *dev)
{
    CfiFlash *f = (CfiFlash *)dev;
    for (unsigned i = 0; i < CFI_CHIPS; i++) {
        f->chip[i] = (CfiChip){.mode = CFI_ARRAY};
    }
    settle(f);
}

static void flash_fini(Device *dev)
{
    flash_drop((CfiFlash *)dev);
}

static const ParamSpec flash_params[] = {
    {.name = "size",
     .type = PARAM_SIZE,
     .offset = offsetof(CfiFlash, size),
     .preset = 32 << 20,
     .low = MIN_BLOCK,
     .high = MAX_SIZE,
     .doc = "bytes of both chips together, a power of two"},
    {.name = "block",
     .type = PARAM_SIZE,
     .offset = offsetof(CfiFlash, block),
     .preset = 256 << 10,
     .low = MIN_BLOCK,
     .high = MAX_BLOCK,
     .doc = "bytes of both that are erased together, a power of two"},
    {.name = "id",
     .type = PARAM_UINT,
     .offset = offsetof(CfiFlash, id),
     .preset = 0x8918,
     .high = 0xffff,
     .doc = "manufacturer and device code of a chip"},
    {.name = "program_time",
     .type = PARAM_TIME,
     .offset = offsetof(CfiFlash, program_time),
     .preset = 218 * PS_PER_US,
     .high = PS_PER_SECOND,
     .doc = "of a word, or of a buffer of 16"},
    {.name = "erase_time",
     .type = PARAM_TIME,
     .offset = offsetof(CfiFlash, erase_time),
     .preset = PS_PER_SECOND,
     .high = 10 * PS_PER_SECOND,
     .doc = "of a block"},
    {.name = "image",
     .type = PARAM_FILE,
     .offset = offsetof(CfiFlash, image),
     .doc = "raw bytes of the array; programming and erasing change the file"},
    {.name = "read_only",
     .type = PARAM_BOOL,
     .offset = offsetof(CfiFlash, read_only),
     .doc = "nothing can be programmed or erased"},
    {.name = "snapshot",
     .type = PARAM_BOOL,
     .offset = offsetof(CfiFlash, snapshot),
     .doc = "what is programmed is kept in memory, not in the image"},
    {.name = NULL},
};

static const RegName no_registers[] = {{NULL, 0, 0, 0, 0, NULL, NULL}};

const DeviceClass cfi_flash_class = {
    .name = "cfi-flash",
    .summary = "parallel NOR flash: two 16-bit chips, Intel's commands",
    .source = "JEDEC JESD68.01; Intel AP-646, StrataFlash J3 data sheet",
    .size = sizeof(CfiFlash),
    .params = flash_params,
    .registers = no_registers,
    .mmio_size = 32 << 20,
    .mmio_param = "size",
    .init = flash_init,
    .reset = flash_reset,
    .fini = flash_fini,
};
