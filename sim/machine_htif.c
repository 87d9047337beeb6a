/*
 * machine_htif.c - tohost and fromhost: how conformance tests end and print.
 *
 * Model    The 8 bytes at the firmware's symbol `tohost` are RAM with a region
 *          of the same bytes and timing laid over: a store is performed, then
 *          looked at when it reached the last byte, so that two stores of 4
 *          bytes work in either width, low first. A part that is stored twice,
 *          or followed by nothing for 100 us, is looked at as well. Physical
 *          addresses count, whatever mode and page table the store came
 *          through. What was understood is cleared; answers go to `fromhost`.
 *            device 0, command 0   odd: the test ends, (number << 1) | 1, 0 is
 *                                  pass; even: a system call, its block of 8
 *                                  64-bit words at that address: SYS_write to
 *                                  1 or 2 and SYS_exit are known
 *            device 1, command 1   a character
 * Source   what riscv-tests and the RISC-V proxy kernel expect of a host.
 * Missing  input; other system calls. AMOs on these bytes fault, as on any
 *          device.
 */
#include <stdio.h>
#include <string.h>

#include "memory/bits.h"
#include "sim/machine_private.h"

enum { HTIF_BYTES = 8, WRITE_MOST = 1 << 20 };
#define SETTLE_PS (PS_PER_SECOND / 10000)
enum { SYS_WRITE = 64, SYS_EXIT = 93 };
enum { NO_FILE = -9, NO_CALL = -38 }; /* EBADF, ENOSYS of Linux */

/* -- memory, as the host sees it ------------------------------------------ */

static uint64_t read_physical(Hart *hart, uint64_t address, void *buf,
                              uint64_t len)
{
    return port_debug(hart_data_port(hart), address, buf, len, false);
}

static uint64_t load_word(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (unsigned i = HTIF_BYTES; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

static void store_word(uint8_t *bytes, uint64_t value)
{
    for (unsigned i = 0; i < HTIF_BYTES; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static bool write_physical(Machine *m, uint64_t address, uint64_t value)
{
    uint8_t bytes[HTIF_BYTES];
    store_word(bytes, value);
    return port_debug(hart_data_port(m->hart[0]), address, bytes, HTIF_BYTES,
                      true) == HTIF_BYTES;
}

/* -- the console of the host ---------------------------------------------- */

void machine_console_byte(Machine *m, uint8_t byte)
{
    machine_phase_byte(m, NULL, byte);
    if (m->serial_fn) {
        m->serial_fn(m->serial_opaque, "", byte, m->world->now);
    }
}

uint64_t machine_console_write(Machine *m, Hart *hart,
                               uint64_t (*read)(Hart *hart, uint64_t address,
                                                void *buf, uint64_t len),
                               uint64_t address, uint64_t len)
{
    uint8_t bytes[4096];
    uint64_t done = 0;
    len = len < WRITE_MOST ? len : WRITE_MOST;
    while (done < len) {
        uint64_t want = len - done < sizeof(bytes) ? len - done : sizeof(bytes);
        uint64_t got = read(hart, address + done, bytes, want);
        for (uint64_t i = 0; i < got; i++) {
            machine_console_byte(m, bytes[i]);
        }
        done += got;
        if (got < want) {
            break;
        }
    }
    return done;
}

/* -- requests ------------------------------------------------------------- */

const char *machine_verdict(const Machine *m)
{
    return m->verdict;
}

static void end_test(Machine *m, uint64_t number)
{
    if (number) {
        snprintf(m->verdict, sizeof(m->verdict), "test %llu failed",
                 (unsigned long long)number);
    } else {
        snprintf(m->verdict, sizeof(m->verdict), "test passed");
    }
    if (m->trace) {
        trace_log(m->trace, m->world->now, "tohost", m->verdict);
    }
    machine_finish(m, number < 255 ? (int)number : 255);
}

static void answer(Machine *m, uint64_t value)
{
    if (m->htif.fromhost) {
        write_physical(m, m->htif.fromhost, value);
    }
}

static void system_call(Machine *m, uint64_t block)
{
    uint8_t bytes[4 * HTIF_BYTES];
    char text[96];
    Hart *hart = m->hart[0];
    int64_t result = NO_CALL;
    if (read_physical(hart, block, bytes, sizeof(bytes)) < sizeof(bytes)) {
        snprintf(text, sizeof(text),
                 "system call: its block at 0x%llx is not in memory",
                 (unsigned long long)block);
        machine_guest_error(m, "tohost", "block", text);
        return;
    }
    uint64_t number = load_word(bytes), fd = load_word(bytes + 8);
    uint64_t buf = load_word(bytes + 16), len = load_word(bytes + 24);
    if (number == SYS_EXIT) {
        machine_finish(m, (int)(fd & 255));
        return;
    }
    if (number == SYS_WRITE) {
        result = fd == 1 || fd == 2 ? (int64_t)machine_console_write(
                                          m, hart, read_physical, buf, len)
                                    : NO_FILE;
    } else {
        snprintf(text, sizeof(text), "system call %llu is none of ours",
                 (unsigned long long)number);
        machine_guest_error(m, "tohost", "call", text);
    }
    write_physical(m, block, (uint64_t)result);
    answer(m, 1);
}

/* Looks at what is there, and clears it. */
static void look(Machine *m)
{
    MachineHtif *htif = &m->htif;
    uint64_t value = load_word(htif->bytes);
    uint64_t device = value >> 48, payload = value & (UINT64_MAX >> 16);
    event_cancel(&m->events, &htif->settle);
    if (!value || !m->harts) {
        return;
    }
    store_word(htif->bytes, 0);
    if (device == 0 && payload & 1) {
        end_test(m, payload >> 1);
    } else if (device == 0) {
        system_call(m, payload);
    } else if (device == 0x0101) {
        machine_console_byte(m, (uint8_t)payload);
        answer(m, value & ~(UINT64_MAX >> 16));
    } else {
        char text[96];
        snprintf(text, sizeof(text), "device %u has no command %u",
                 (unsigned)(value >> 56), (unsigned)(device & 255));
        machine_guest_error(m, "tohost", text, text);
    }
}

static void settle(void *opaque, uint64_t when)
{
    look(opaque);
}

/* -- the bytes ------------------------------------------------------------ */

static uint64_t htif_read(void *opaque, hwaddr addr, unsigned size)
{
    Machine *m = opaque;
    uint64_t value = 0;
    memcpy(&value, m->htif.bytes + addr, size);
    return value;
}

static void htif_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Machine *m = opaque;
    MachineHtif *htif = &m->htif;
    bool again = event_pending(&htif->settle) && addr == 0;
    memcpy(htif->bytes + addr, &data, size);
    if (addr + size == HTIF_BYTES || again) {
        look(m);
    } else {
        event_schedule(&m->events, &htif->settle, m->world->now + SETTLE_PS);
    }
}

static const MemoryRegionOps htif_ops = {
    .read = htif_read,
    .write = htif_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

static uint64_t physical_symbol(const ElfInfo *elf, const char *name)
{
    const ElfSymbol *s = elf_symbol_named(elf, name);
    return s ? elf_physical(elf, s->address) : 0;
}

/* The RAM that holds all of the bytes; NULL: none does. */
static MachineMemory *memory_at(Machine *m, uint64_t address)
{
    for (unsigned i = 0; i < m->memories; i++) {
        MachineMemory *mem = &m->memory[i];
        uint64_t size = memory_region_size(&mem->region);
        if (!mem->rom && size >= HTIF_BYTES && address >= mem->address &&
            address - mem->address <= size - HTIF_BYTES) {
            return mem;
        }
    }
    return NULL;
}

static const char *home_bus(const Machine *m, const MachineMemory *mem)
{
    for (unsigned i = 0; i < m->cfg->memories; i++) {
        if (!strcmp(m->cfg->memory[i].name, mem->name)) {
            return m->cfg->memory[i].bus[0];
        }
    }
    return "";
}

void machine_htif_init(Machine *m)
{
    event_init(&m->events, &m->htif.settle, "tohost", EVENT_NORMAL, settle, m);
}

void machine_htif_attach(Machine *m)
{
    MachineHtif *htif = &m->htif;
    if (!m->loaded || !m->harts || htif->there) {
        return;
    }
    htif->tohost = physical_symbol(&m->elf, "tohost");
    htif->fromhost = physical_symbol(&m->elf, "fromhost");
    if (!htif->tohost && m->elf.tohost) {
        htif->tohost = elf_physical(&m->elf, m->elf.tohost);
    }
    MachineMemory *mem = htif->tohost ? memory_at(m, htif->tohost) : NULL;
    if (!mem) {
        return;
    }
    hwaddr offset = htif->tohost - mem->address;
    uint8_t *ram = memory_region_get_ram_ptr(&mem->region);
    htif->bytes = ram + offset;
    htif->bus = home_bus(m, mem);
    memory_region_init_io(&htif->region, NULL, &htif_ops, m, "tohost",
                          HTIF_BYTES);
    htif->region.timing = mem->region.timing;
    memory_region_add_subregion_overlap(&mem->region, offset, &htif->region, 1);
    htif->there = true;
}

void machine_htif_detach(Machine *m)
{
    MachineHtif *htif = &m->htif;
    if (!htif->there) {
        return;
    }
    event_cancel(&m->events, &htif->settle);
    memory_region_del_subregion(htif->region.container, &htif->region);
    memory_region_fini(&htif->region);
    memset(&htif->region, 0, sizeof(htif->region));
    htif->there = false;
}
