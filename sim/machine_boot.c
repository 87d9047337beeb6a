/*
 * machine_boot.c - what a board does before firmware runs: images in RAM, a
 * device tree, and the reset stub.
 *
 * Model    The firmware (bios) begins where the harts' `reset` says, the kernel
 *          behind it at the next 2 MiB (RV32: 4 MiB); ELF files go where they
 *          say. Initial RAM disk: half of the RAM, at most 128 MiB, behind the
 *          kernel's begin. Device tree: the last 2 MiB of the RAM below 3 GiB.
 *          Every hart begins in the stub, which jumps to the firmware (to the
 *          kernel when there is none) with a0 = hart id, a1 = device tree,
 *          a2 = struct fw_dynamic_info, which tells OpenSBI where the kernel
 *          is.
 * Source   Addresses as on QEMU 7.2's `virt`; fw_dynamic_info version 2:
 *          OpenSBI, docs/firmware/fw_dynamic.md; the header of an Image: Linux,
 *          Documentation/arch/riscv/boot-image-header.rst.
 * Missing  Compressed kernels, EFI applications.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/device_tree.h"
#include "sim/machine_private.h"

#define MIB (UINT64_C(1) << 20)

enum {
    TREE_ALIGN = 2 << 20,
    STUB_WORDS = 6,
    STUB_ENTRY = 0x20, /* where the stub finds what it jumps to, ... */
    STUB_TREE = 0x28,
    STUB_DYNAMIC = 0x30, /* ... and struct fw_dynamic_info */
    DYNAMIC_WORDS = 6,
    DYNAMIC_MAGIC = 0x4942534f, /* "OSBI" */
    DYNAMIC_VERSION = 2,
    DYNAMIC_S_MODE = 1,
};

typedef struct Boot {
    Machine *m;
    const ConfigBoot *config;
    unsigned xlen;
    uint64_t ram, ram_size; /* that holds the harts' reset */
    uint64_t entry;         /* of what the stub jumps to */
    uint64_t end;           /* of the firmware */
    uint64_t kernel;        /* where the kernel begins */
    uint64_t kernel_entry, kernel_end;
} Boot;

static uint64_t align_up(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

/* Puts the key that names a file in front. */
static bool blame(const Boot *b, const char *key, Error **errp)
{
    return error_prepend(errp, "boot.%s: ", key);
}

static bool find_ram(Boot *b, Error **errp)
{
    const Config *cfg = b->m->cfg;
    if (!cfg->cpus) {
        return error_set(errp,
                         "boot: this machine has no cpu; leave out the bios "
                         "and the kernel");
    }
    uint64_t reset = cfg->cpu[0].reset;
    for (unsigned i = 0; i < cfg->memories; i++) {
        const ConfigMemory *cm = &cfg->memory[i];
        if (!cm->rom && reset >= cm->address &&
            reset - cm->address < cm->size) {
            b->ram = cm->address;
            b->ram_size = cm->size;
            return true;
        }
    }
    return error_set(errp,
                     "boot: %s begins at 0x%llx, where there is no RAM for the "
                     "firmware; set its reset to the begin of one",
                     cfg->cpu[0].name, (unsigned long long)reset);
}

static bool is_elf(const uint8_t *bytes, uint64_t len)
{
    return len >= 4 && memcmp(bytes, "\177ELF", 4) == 0;
}

static uint64_t elf_end(const ElfInfo *elf)
{
    uint64_t last = 0;
    for (unsigned i = 0; i < elf->segments; i++) {
        uint64_t at = elf->segment[i].address + elf->segment[i].size;
        last = at > last ? at : last;
    }
    return last;
}

/* How much memory an Image takes; other bytes: as many as there are. */
static uint64_t image_size(const uint8_t *bytes, uint64_t len)
{
    uint64_t size;
    if (len < 64 || memcmp(bytes + 56, "RSC\005", 4) != 0) {
        return len;
    }
    memcpy(&size, bytes + 16, sizeof(size));
    return size > len && size < 1024 * MIB ? size : len;
}

/* Loads an ELF file or plain bytes, these at `address`. */
static bool load(Boot *b, const char *path, uint64_t address, bool first,
                 uint64_t *entry, uint64_t *last, Error **errp)
{
    Machine *m = b->m;
    uint64_t len;
    uint8_t *bytes = machine_read_file(path, &len, errp);
    bool ok = bytes != NULL;
    if (ok && is_elf(bytes, len)) {
        ok = first ? machine_load_elf(m, path, errp)
                   : machine_load_more(m, path, errp);
        const ElfInfo *elf = !ok     ? NULL
                             : first ? &m->elf
                                     : &m->more[m->mores - 1];
        *entry = elf ? elf->entry : 0;
        *last = elf ? elf_end(elf) : 0;
    } else if (ok) {
        ok = machine_load_bytes(m, path, bytes, len, address, errp);
        *entry = address;
        *last = address + image_size(bytes, len);
        if (ok && first) {
            machine_name_firmware(m, path);
        }
    }
    free(bytes);
    return ok;
}

static bool load_programs(Boot *b, Error **errp)
{
    const ConfigBoot *c = b->config;
    uint64_t reset = b->m->cfg->cpu[0].reset;
    b->end = reset;
    if (c->bios && !load(b, c->bios, reset, true, &b->entry, &b->end, errp)) {
        return blame(b, "bios", errp);
    }
    b->kernel =
        c->bios ? align_up(b->end, b->xlen == 32 ? 4 * MIB : 2 * MIB) : reset;
    b->kernel_entry = b->kernel_end = b->kernel;
    if (!c->kernel) {
        return true;
    }
    if (!load(b, c->kernel, b->kernel, !c->bios, &b->kernel_entry,
              &b->kernel_end, errp)) {
        return blame(b, "kernel", errp);
    }
    if (!c->bios) {
        b->entry = b->kernel_entry;
    }
    return true;
}

static bool load_initrd(Boot *b, DeviceTreeChosen *chosen, Error **errp)
{
    uint64_t len;
    if (!b->config->initrd) {
        return true;
    }
    uint64_t half = b->ram_size / 2 < 128 * MIB ? b->ram_size / 2 : 128 * MIB;
    uint64_t at = b->kernel + half;
    if (at < b->kernel_end) {
        at = align_up(b->kernel_end, 4096);
    }
    uint8_t *bytes = machine_read_file(b->config->initrd, &len, errp);
    bool ok = bytes &&
              machine_load_bytes(b->m, b->config->initrd, bytes, len, at, errp);
    free(bytes);
    chosen->initrd_start = at;
    chosen->initrd_end = at + len;
    return ok || blame(b, "initrd", errp);
}

static void *make_tree(Boot *b, const DeviceTreeChosen *chosen, size_t *len,
                       Error **errp)
{
    if (!b->config->dtb) {
        return device_tree_new(b->m, chosen, len, errp);
    }
    uint64_t size;
    uint8_t *blob = machine_read_file(b->config->dtb, &size, errp);
    void *tree = blob ? device_tree_complete(b->m, blob, size, b->config->dtb,
                                             chosen, len, errp)
                      : NULL;
    free(blob);
    if (!tree) {
        blame(b, "dtb", errp);
    }
    return tree;
}

/* At the end of the RAM, where nothing else is. */
static bool load_tree(Boot *b, const DeviceTreeChosen *chosen,
                      uint64_t *address, Error **errp)
{
    size_t len = 0;
    void *tree = make_tree(b, chosen, &len, errp);
    if (!tree) {
        return false;
    }
    uint64_t top = b->ram + b->ram_size, low = UINT64_C(3) << 30;
    top = top > low && b->ram < low ? low : top;
    uint64_t used =
        chosen->initrd_end > b->kernel_end ? chosen->initrd_end : b->kernel_end;
    bool ok = len < top - b->ram;
    *address = ok ? (top - len) / TREE_ALIGN * TREE_ALIGN : 0;
    ok = ok && *address >= b->ram && *address >= used;
    if (ok) {
        ok = machine_load_bytes(b->m, "device tree", tree, len, *address, errp);
    } else {
        error_set(errp,
                  "boot: what is loaded reaches to 0x%llx and leaves no room "
                  "for the device tree below 0x%llx; give the machine more RAM",
                  (unsigned long long)used, (unsigned long long)top);
    }
    if (ok) {
        free(b->m->tree);
        b->m->tree = tree;
        b->m->tree_len = len;
    } else {
        free(tree);
    }
    return ok;
}

/* -- the stub ------------------------------------------------------------- */

static void put_word(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t stub_load(unsigned xlen, unsigned reg, unsigned offset)
{
    return offset << 20 | 5 << 15 | (xlen == 32 ? 2u : 3u) << 12 | reg << 7 | 3;
}

static bool load_stub(const Boot *b, uint64_t tree, Error **errp)
{
    const uint32_t code[STUB_WORDS] = {
        0x00000297, /* auipc t0, 0 */
        (uint32_t)STUB_DYNAMIC << 20 | 5 << 15 | 12 << 7 |
            0x13,                          /* addi a2, t0 */
        0xf1402573,                        /* csrr a0, mhartid */
        stub_load(b->xlen, 11, STUB_TREE), /* l[wd] a1, tree(t0) */
        stub_load(b->xlen, 5, STUB_ENTRY), /* l[wd] t0, entry(t0) */
        0x00028067,                        /* jr t0 */
    };
    const uint64_t dynamic[DYNAMIC_WORDS] = {
        DYNAMIC_MAGIC,
        DYNAMIC_VERSION,
        b->kernel_entry,
        DYNAMIC_S_MODE,
        0, /* options */
        0, /* the hart that boots */
    };
    uint8_t stub[STUB_DYNAMIC + 8 * DYNAMIC_WORDS] = {0};
    unsigned word = b->xlen / 8;
    for (unsigned i = 0; i < STUB_WORDS; i++) {
        put_word(stub + (size_t)4 * i, code[i], 4);
    }
    put_word(stub + STUB_ENTRY, b->entry, word);
    put_word(stub + STUB_TREE, tree, word);
    for (unsigned i = 0; i < DYNAMIC_WORDS; i++) {
        put_word(stub + STUB_DYNAMIC + (size_t)word * i, dynamic[i], word);
    }
    return machine_load_bytes(b->m, "reset stub", stub, sizeof(stub),
                              b->config->stub, errp);
}

/* -- the whole ------------------------------------------------------------ */

static DeviceTreeChosen chosen_of(const Boot *b)
{
    return (DeviceTreeChosen){.bootargs = b->config->append,
                              .console = b->config->console,
                              .seed = b->config->seed};
}

static bool load_all(Boot *b, Error **errp)
{
    DeviceTreeChosen chosen = chosen_of(b);
    uint64_t tree;
    return find_ram(b, errp) && load_programs(b, errp) &&
           load_initrd(b, &chosen, errp) &&
           load_tree(b, &chosen, &tree, errp) && load_stub(b, tree, errp);
}

bool machine_boot(Machine *m, Error **errp)
{
    Boot b = {.m = m, .config = &m->cfg->boot};
    b.xlen = m->harts ? hart_config(m->hart[0])->isa.xlen : 0;
    machine_unload(m);
    if (!load_all(&b, errp)) {
        return false;
    }
    m->booted = true;
    machine_reset(m);
    return true;
}

bool machine_write_tree(Machine *m, FILE *out, Error **errp)
{
    return m->tree ? fwrite(m->tree, 1, m->tree_len, out) == m->tree_len ||
                         error_set(errp, "cannot write the device tree; is the "
                                         "disk full?")
                   : error_set(errp, "nothing boots through the reset stub, so "
                                     "there is no device tree; add --bios or "
                                     "--kernel");
}
