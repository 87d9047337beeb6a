/*
 * machine_load.c - what is in memory before the first instruction: images of
 * the configuration, and the firmware.
 *
 * Model    A segment goes where the first hart's data bus has memory; where it
 *          has none, the fetch bus is looked at, then the other buses by name.
 * Source   -
 * Missing  --load of further files.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "sim/machine_private.h"

/* -- images of memories --------------------------------------------------- */

static const ConfigMemory *config_memory(const Machine *m, const char *name)
{
    for (unsigned i = 0; i < m->cfg->memories; i++) {
        if (!strcmp(m->cfg->memory[i].name, name)) {
            return &m->cfg->memory[i];
        }
    }
    return NULL;
}

static bool read_image(MachineMemory *mem, const char *path, Error **errp)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f) {
        return error_set(errp, "cannot read %s: %s; name a readable file", path,
                         strerror(errno));
    }
    if (fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode)) {
        fclose(f);
        return error_set(errp, "%s is not a file; name a raw image", path);
    }
    uint64_t size = memory_region_size(&mem->region);
    uint64_t len = (uint64_t)st.st_size;
    if (len > size) {
        fclose(f);
        return error_set(errp,
                         "%s has %llu bytes, %s has %llu; make the memory "
                         "larger or the image smaller",
                         path, (unsigned long long)len, mem->name,
                         (unsigned long long)size);
    }
    size_t got = fread(memory_region_get_ram_ptr(&mem->region), 1, len, f);
    fclose(f);
    return got == len ||
           error_set(errp, "%s ended early while it was read", path);
}

bool machine_load_images(Machine *m, Error **errp)
{
    for (unsigned i = 0; i < m->memories; i++) {
        MachineMemory *mem = &m->memory[i];
        const ConfigMemory *cm = config_memory(m, mem->name);
        if (cm && cm->file && !read_image(mem, cm->file, errp)) {
            return error_prepend(errp, "%s:%u: ", cm->at.file, cm->at.line);
        }
    }
    return true;
}

/* -- firmware ------------------------------------------------------------- */

/* The address spaces that are tried, in this order. */
static AddressSpace *target_space(Machine *m, unsigned i)
{
    const HartConfig *hc = m->harts ? hart_config(m->hart[0]) : NULL;
    if (hc && i < 2) {
        return i == 0 ? hc->data_as : hc->fetch_as;
    }
    i -= hc ? 2 : 0;
    return i < m->buses ? &m->bus[i].as : NULL;
}

/* The space whose memory holds all of the range; *hole: the first address that
 * the first space lacks. */
static AddressSpace *find_space(Machine *m, uint64_t address, uint64_t len,
                                uint64_t *hole)
{
    AddressSpace *as;
    for (unsigned i = 0; (as = target_space(m, i)); i++) {
        ElfSink sink = elf_sink_space(as);
        uint64_t gap = address;
        if (sink.covers(sink.opaque, address, len, &gap)) {
            return as;
        }
        if (i == 0 && hole) {
            *hole = gap;
        }
    }
    return NULL;
}

static bool sink_covers(void *opaque, uint64_t address, uint64_t len,
                        uint64_t *hole)
{
    *hole = address;
    return find_space(opaque, address, len, hole) != NULL;
}

static void sink_write(void *opaque, uint64_t address, const void *bytes,
                       uint64_t len)
{
    AddressSpace *as = find_space(opaque, address, len, NULL);
    if (as) {
        ElfSink sink = elf_sink_space(as);
        sink.write(sink.opaque, address, bytes, len);
    }
}

/* XXH3-128 of a file's bytes, as hexadecimal digits; "" if it cannot be read.
 */
static void hash_file(const char *path, char hex[33])
{
    hex[0] = '\0';
    FILE *f = fopen(path, "rb");
    XXH3_state_t *state = XXH3_createState();
    if (f && state) {
        char buf[4096];
        size_t n;
        XXH3_128bits_reset(state);
        while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
            XXH3_128bits_update(state, buf, n);
        }
        XXH128_hash_t hash = XXH3_128bits_digest(state);
        snprintf(hex, 33, "%016llx%016llx", (unsigned long long)hash.high64,
                 (unsigned long long)hash.low64);
    }
    XXH3_freeState(state);
    if (f) {
        fclose(f);
    }
}

bool machine_load_elf(Machine *m, const char *path, Error **errp)
{
    unsigned xlen = m->harts ? hart_config(m->hart[0])->isa.xlen : 0;
    ElfSink sink = {sink_covers, sink_write, m};
    ElfInfo info;
    MemoryWorld *outer = memory_world_enter(m->world);
    machine_htif_detach(m); /* it is no memory to load into */
    bool ok = elf_load(path, xlen, &sink, &info, errp);
    if (ok) {
        const char *slash = strrchr(path, '/');
        const char *base = machine_string(m, "%s", slash ? slash + 1 : path);
        machine_unload(m);
        m->elf = info;
        m->loaded = true;
        m->firmware = base ? base : "";
        hash_file(path, m->firmware_hash);
        for (unsigned i = 0; i < m->harts; i++) {
            if (m->cfg->cpu[i].reset == m->cfg->cpu[0].reset) {
                hart_set_pc(m->hart[i], m->elf.entry);
            }
        }
    }
    machine_htif_attach(m);
    memory_world_enter(outer);
    return ok;
}

void machine_unload(Machine *m)
{
    if (m->loaded) {
        elf_info_fini(&m->elf);
    }
    m->loaded = false;
    m->firmware = "";
}

const char *machine_firmware(const Machine *m)
{
    return m->loaded ? m->firmware : "";
}

const char *machine_symbol(const Machine *m, uint64_t address, uint64_t *offset)
{
    const ElfSymbol *s = m->loaded ? elf_symbol_find(&m->elf, address) : NULL;
    if (!s) {
        return NULL;
    }
    if (offset) {
        *offset = address - s->address;
    }
    return s->name;
}
