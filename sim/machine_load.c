/*
 * machine_load.c - what is in memory before the first instruction: images of
 * the configuration, and the firmware.
 *
 * Model    A segment goes where the first hart's data bus has memory; where it
 *          has none, the fetch bus is looked at, then the other buses by name.
 * Source   -
 * Missing  -
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "sim/config_node.h"
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

static void write_words(MachineMemory *mem, const ConfigMemory *cm)
{
    uint8_t *bytes = memory_region_get_ram_ptr(&mem->region);
    for (unsigned i = 0; i < 4 * cm->words; i++) {
        bytes[i] = (uint8_t)(cm->word[i / 4] >> 8 * (i % 4));
    }
}

bool machine_load_images(Machine *m, Error **errp)
{
    for (unsigned i = 0; i < m->memories; i++) {
        MachineMemory *mem = &m->memory[i];
        const ConfigMemory *cm = config_memory(m, mem->name);
        if (cm) {
            write_words(mem, cm);
        }
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

static void write_image(Machine *m, uint64_t address, const void *bytes,
                        uint64_t len)
{
    AddressSpace *as = find_space(m, address, len, NULL);
    if (as) {
        ElfSink sink = elf_sink_space(as);
        sink.write(sink.opaque, address, bytes, len);
    }
}

/* A host without memory for a copy leaves what is there at a reset. */
static void sink_write(void *opaque, uint64_t address, const void *bytes,
                       uint64_t len)
{
    Machine *m = opaque;
    MachineImage *image = malloc(sizeof(*image) + (bytes ? len : 0));
    if (image) {
        *image =
            (MachineImage){.address = address, .len = len, .zeros = !bytes};
        if (bytes) {
            memcpy(image->bytes, bytes, len);
        }
        *(m->last_image ? m->last_image : &m->images) = image;
        m->last_image = &image->next;
    }
    write_image(m, address, bytes, len);
}

void machine_load_again(Machine *m)
{
    const bool htif = m->htif.there; /* it is no memory to load into */
    if (htif) {
        memory_region_set_enabled(&m->htif.region, false);
    }
    for (const MachineImage *i = m->images; i; i = i->next) {
        write_image(m, i->address, i->zeros ? NULL : i->bytes, i->len);
    }
    if (htif) {
        memory_region_set_enabled(&m->htif.region, true);
    }
}

/* Those before `end`, which is one of them or NULL. */
static void free_images(Machine *m, const MachineImage *end)
{
    while (m->images != end) {
        MachineImage *next = m->images->next;
        free(m->images);
        m->images = next;
    }
    m->last_image = m->images ? m->last_image : NULL;
}

void machine_free_images(Machine *m)
{
    free_images(m, NULL);
}

/* Only those stay that were loaded since `mark`, where the list ended. */
static void images_since(Machine *m, MachineImage **mark)
{
    free_images(m, mark ? *mark : m->images);
}

/* Those go that were loaded since. */
static void images_until(Machine *m, MachineImage **mark)
{
    MachineImage **end = mark ? mark : &m->images, *late = *end;
    *end = NULL;
    m->last_image = mark;
    while (late) {
        MachineImage *next = late->next;
        free(late);
        late = next;
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

void machine_name_firmware(Machine *m, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = machine_string(m, "%s", slash ? slash + 1 : path);
    m->firmware = base ? base : "";
    hash_file(path, m->firmware_hash);
}

bool machine_load_elf(Machine *m, const char *path, Error **errp)
{
    unsigned xlen = m->harts ? hart_config(m->hart[0])->isa.xlen : 0;
    ElfSink sink = {sink_covers, sink_write, m};
    ElfInfo info;
    MemoryWorld *outer = memory_world_enter(m->world);
    machine_htif_detach(m); /* it is no memory to load into */
    MachineImage **mark = m->last_image;
    bool ok = elf_load(path, xlen, &sink, &info, errp);
    if (!ok) {
        images_until(m, mark);
    } else {
        images_since(m, mark);
        machine_unload(m);
        m->booted = false;
        m->elf = info;
        m->loaded = true;
        machine_name_firmware(m, path);
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

bool machine_load_more(Machine *m, const char *path, Error **errp)
{
    unsigned xlen = m->harts ? hart_config(m->hart[0])->isa.xlen : 0;
    ElfSink sink = {sink_covers, sink_write, m};
    ElfInfo *more = realloc(m->more, (m->mores + 1) * sizeof(*more));
    if (!more) {
        return machine_no_memory(errp);
    }
    m->more = more;
    MemoryWorld *outer = memory_world_enter(m->world);
    machine_htif_detach(m);
    bool ok = elf_load(path, xlen, &sink, &m->more[m->mores], errp);
    m->mores += ok;
    machine_htif_attach(m);
    memory_world_enter(outer);
    return ok;
}

bool machine_load_symbols(Machine *m, const char *path, uint64_t bias,
                          Error **errp)
{
    unsigned xlen = m->harts ? hart_config(m->hart[0])->isa.xlen : 0;
    ElfInfo *more = realloc(m->more, (m->mores + 1) * sizeof(*more));
    if (!more) {
        return machine_no_memory(errp);
    }
    m->more = more;
    if (!elf_symbols(path, xlen, bias, &more[m->mores], errp)) {
        return false;
    }
    m->mores++;
    return true;
}

uint8_t *machine_read_file(const char *path, uint64_t *len, Error **errp)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) < 0 || !S_ISREG(st.st_mode)) {
        error_set(errp, "cannot read %s: %s; name a readable file", path,
                  f ? "it is no file" : strerror(errno));
        if (f) {
            fclose(f);
        }
        return NULL;
    }
    *len = (uint64_t)st.st_size;
    uint8_t *bytes = malloc(*len + 1);
    if (bytes && fread(bytes, 1, *len, f) != *len) {
        free(bytes);
        bytes = NULL;
    }
    fclose(f);
    if (!bytes) {
        error_set(errp, "cannot read all of %s; name a readable file", path);
    }
    return bytes;
}

bool machine_load_raw(Machine *m, const char *path, uint64_t address,
                      Error **errp)
{
    uint64_t len;
    uint8_t *bytes = machine_read_file(path, &len, errp);
    bool ok = bytes && machine_load_bytes(m, path, bytes, len, address, errp);
    if (ok && len >= 4 && !memcmp(bytes, "\177ELF", 4)) {
        machine_load_symbols(m, path, 0, NULL); /* it may have none */
    }
    free(bytes);
    return ok;
}

bool machine_load_bytes(Machine *m, const char *name, const void *bytes,
                        uint64_t len, uint64_t address, Error **errp)
{
    uint64_t hole = address;
    MemoryWorld *outer = memory_world_enter(m->world);
    machine_htif_detach(m);
    bool ok = !len || (len - 1 <= UINT64_MAX - address &&
                       sink_covers(m, address, len, &hole));
    if (ok && len) {
        sink_write(m, address, bytes, len);
    } else if (!ok) {
        error_set(errp,
                  "%s has %llu bytes, and there is no memory for that at "
                  "0x%llx (first at 0x%llx); name another address",
                  name, (unsigned long long)len, (unsigned long long)address,
                  (unsigned long long)hole);
    }
    machine_htif_attach(m);
    memory_world_enter(outer);
    return ok;
}

static const ElfInfo *nth_elf(const Machine *m, unsigned i)
{
    if (i == 0) {
        return m->loaded ? &m->elf : NULL;
    }
    return i <= m->mores ? &m->more[i - 1] : NULL;
}

bool machine_symbol_address(const Machine *m, const char *name,
                            uint64_t *address, Error **errp)
{
    ConfigHint hint;
    config_hint_init(&hint, name);
    for (unsigned i = 0; i <= m->mores; i++) {
        const ElfInfo *elf = nth_elf(m, i);
        const ElfSymbol *s = elf ? elf_symbol_named(elf, name) : NULL;
        if (s) {
            *address = s->address;
            return true;
        }
        for (size_t k = 0; elf && k < elf->symbols; k++) {
            config_hint_offer(&hint, elf->symbol[k].name);
        }
    }
    return error_set(errp, "no symbol \"%.60s\" in what was loaded; %s", name,
                     config_hint_text(&hint, "it has none: use pc=ADDRESS"));
}

void machine_unload(Machine *m)
{
    for (unsigned i = 0; i < m->mores; i++) {
        elf_info_fini(&m->more[i]);
    }
    free(m->more);
    m->more = NULL;
    m->mores = 0;
    if (m->loaded) {
        elf_info_fini(&m->elf);
    }
    m->loaded = false;
    m->firmware = "";
}

const char *machine_firmware(const Machine *m)
{
    return m->firmware;
}

const char *machine_symbol(const Machine *m, uint64_t address, uint64_t *offset)
{
    const ElfSymbol *s = NULL;
    for (unsigned i = 0; i <= m->mores && !s; i++) {
        const ElfInfo *elf = nth_elf(m, i);
        s = elf ? elf_symbol_find(elf, address) : NULL;
    }
    if (!s) {
        return NULL;
    }
    if (offset) {
        *offset = address - s->address;
    }
    return s->name;
}
