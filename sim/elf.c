/*
 * elf.c - reads a RISC-V ELF executable: checks, segments, entry.
 *
 * Model    The file is read whole, libelf parses it from memory. All headers
 * are checked, then all segments against the sink, then they are written. The
 * entry is translated from virtual to physical by the segment that holds it, as
 * QEMU's loader does. Symbols: elf_symbol.c. Units    bytes. Source   Tool
 * Interface Standard ELF 1.2; RISC-V ELF psABI 1.0. Missing
 * position-independent executables, core files, compressed ELF.
 */
#include "sim/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/elf_symbol.h"

enum {
    MAX_SEGMENTS = 1024,
    MAX_FILE_MIB = 1024, /* firmware, debug information included */
};

typedef struct Reader {
    Elf *elf;
    GElf_Ehdr head;
    const unsigned char *bytes;
    uint64_t len;
    const char *name;
    unsigned xlen;
    bool only_symbols;
    ElfInfo *info;
    Error **errp;
} Reader;

/* -- headers
 * ------------------------------------------------------------------- */

static bool check_ident(Reader *r)
{
    const unsigned char *id = r->bytes;
    if (r->len == 0) {
        return error_set(r->errp, "%s: is empty; name an ELF executable",
                         r->name);
    }
    if (r->len < SELFMAG || memcmp(id, ELFMAG, SELFMAG) != 0) {
        return error_set(r->errp,
                         "%s: not an ELF file; name the linker's output, not "
                         "its .bin or .hex",
                         r->name);
    }
    if (r->len < EI_NIDENT) {
        return error_set(r->errp,
                         "%s: truncated after %" PRIu64
                         " bytes; link or copy it again",
                         r->name, r->len);
    }
    if (id[EI_CLASS] != ELFCLASS32 && id[EI_CLASS] != ELFCLASS64) {
        return error_set(r->errp,
                         "%s: unknown ELF class %u; 1 (32 bits) or 2 (64 bits) "
                         "would be right",
                         r->name, id[EI_CLASS]);
    }
    if (id[EI_DATA] != ELFDATA2LSB) {
        return error_set(r->errp,
                         "%s: %s ELF file; the harts are little-endian, link "
                         "with -mlittle-endian",
                         r->name,
                         id[EI_DATA] == ELFDATA2MSB ? "a big-endian"
                                                    : "an unknown-endian");
    }
    return true;
}

static bool check_kind(Reader *r)
{
    const GElf_Ehdr *h = &r->head;
    unsigned xlen = r->bytes[EI_CLASS] == ELFCLASS32 ? 32 : 64;
    if (h->e_machine != EM_RISCV) {
        return error_set(r->errp,
                         "%s: for machine %u, not RISC-V (%u); build it with a "
                         "RISC-V compiler",
                         r->name, h->e_machine, EM_RISCV);
    }
    if (r->xlen && r->xlen != xlen) {
        return error_set(r->errp,
                         "%s: a %u-bit RISC-V file, but the hart has %u bits; "
                         "use a board with an rv%u hart or build with "
                         "-march=rv%u...",
                         r->name, xlen, r->xlen, xlen, r->xlen);
    }
    r->info->xlen = xlen;
    if (h->e_type != ET_EXEC && !r->only_symbols) {
        const char *what = h->e_type == ET_REL    ? "an object file"
                           : h->e_type == ET_DYN  ? "position-independent"
                           : h->e_type == ET_CORE ? "a core file"
                                                  : "of an unknown type";
        return error_set(r->errp,
                         "%s: is %s; link it to fixed addresses (ET_EXEC: "
                         "-static -no-pie)",
                         r->name, what);
    }
    return true;
}

/* Does a table of the header lie in the file? */
static bool check_table(Reader *r, const char *what, uint64_t offset,
                        uint64_t count, uint64_t size)
{
    if (count == 0 || (offset <= r->len && count <= (r->len - offset) / size)) {
        return true;
    }
    return error_set(r->errp,
                     "%s: truncated: its %s table ends at byte %" PRIu64
                     " of %" PRIu64 "; link or copy it again",
                     r->name, what, offset + count * size, r->len);
}

static bool check_tables(Reader *r)
{
    const GElf_Ehdr *h = &r->head;
    bool wide = r->info->xlen == 64;
    uint64_t phdr = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    uint64_t shdr = wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    if (h->e_phnum == 0) {
        return error_set(r->errp,
                         "%s: nothing to load (no program headers); link it as "
                         "an executable",
                         r->name);
    }
    if (h->e_phnum > MAX_SEGMENTS) {
        return error_set(r->errp,
                         "%s: %u program headers; at most %d would be right",
                         r->name, h->e_phnum, MAX_SEGMENTS);
    }
    if (h->e_phentsize != phdr || (h->e_shnum > 0 && h->e_shentsize != shdr)) {
        return error_set(r->errp,
                         "%s: header entries of %u and %u bytes, not %" PRIu64
                         " and %" PRIu64 "; the file is damaged, link it again",
                         r->name, h->e_phentsize, h->e_shentsize, phdr, shdr);
    }
    return check_table(r, "program header", h->e_phoff, h->e_phnum, phdr) &&
           check_table(r, "section header", h->e_shoff, h->e_shnum, shdr);
}

/* Only its symbols are wanted: it need not be an executable. */
static bool check_sections(Reader *r)
{
    const GElf_Ehdr *h = &r->head;
    uint64_t shdr =
        r->info->xlen == 64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
    if (h->e_shnum > 0 && h->e_shentsize != shdr) {
        return error_set(r->errp,
                         "%s: section headers of %u bytes, not %" PRIu64
                         "; the file is damaged, link it again",
                         r->name, h->e_shentsize, shdr);
    }
    return check_table(r, "section header", h->e_shoff, h->e_shnum, shdr);
}

/* -- segments
 * ------------------------------------------------------------------ */

static bool segment_error(Reader *r, const GElf_Phdr *p, const char *what)
{
    return error_set(r->errp,
                     "%s: segment at 0x%" PRIx64 " (offset 0x%" PRIx64
                     ", 0x%" PRIx64 " bytes in the file, 0x%" PRIx64
                     " in memory) %s",
                     r->name, (uint64_t)p->p_paddr, (uint64_t)p->p_offset,
                     (uint64_t)p->p_filesz, (uint64_t)p->p_memsz, what);
}

static bool check_segment(Reader *r, const GElf_Phdr *p)
{
    uint64_t top = r->info->xlen == 32 ? UINT32_MAX : UINT64_MAX;
    if (p->p_filesz > p->p_memsz) {
        return segment_error(r, p,
                             "has more bytes in the file than in memory; the "
                             "file is damaged, link it again");
    }
    if (p->p_offset > r->len || p->p_filesz > r->len - p->p_offset) {
        return segment_error(r, p,
                             "lies beyond the end of the file; it is "
                             "truncated, link or copy it again");
    }
    if (p->p_memsz - 1 > top - p->p_paddr ||
        p->p_memsz - 1 > top - p->p_vaddr) {
        return segment_error(r, p,
                             "runs beyond the end of the address space; check "
                             "the linker script");
    }
    return true;
}

static bool read_segments(Reader *r)
{
    ElfInfo *info = r->info;
    info->segment = calloc(r->head.e_phnum, sizeof(*info->segment));
    if (!info->segment) {
        return error_set(r->errp, "%s: the host has no memory", r->name);
    }
    for (int i = 0; i < r->head.e_phnum; i++) {
        GElf_Phdr p;
        if (!gelf_getphdr(r->elf, i, &p)) {
            return error_set(r->errp,
                             "%s: program header %d: %s; link it again",
                             r->name, i, elf_errmsg(-1));
        }
        if (p.p_type != PT_LOAD || p.p_memsz == 0) {
            continue;
        }
        if (!check_segment(r, &p)) {
            return false;
        }
        info->segment[info->segments++] =
            (ElfSegment){.address = p.p_paddr,
                         .virt = p.p_vaddr,
                         .size = p.p_memsz,
                         .in_file = p.p_filesz,
                         .offset = p.p_offset,
                         .executable = (p.p_flags & PF_X) != 0,
                         .writable = (p.p_flags & PF_W) != 0};
    }
    return info->segments ? true
                          : error_set(r->errp,
                                      "%s: nothing to load (no PT_LOAD "
                                      "segment); link it as an executable",
                                      r->name);
}

static bool check_overlaps(Reader *r)
{
    const ElfInfo *info = r->info;
    for (unsigned i = 0; i < info->segments; i++) {
        const ElfSegment *a = &info->segment[i];
        for (unsigned j = 0; j < i; j++) {
            const ElfSegment *b = &info->segment[j];
            if (a->address <= b->address + (b->size - 1) &&
                b->address <= a->address + (a->size - 1)) {
                return error_set(
                    r->errp,
                    "%s: segments 0x%" PRIx64 "-0x%" PRIx64 " and 0x%" PRIx64
                    "-0x%" PRIx64 " overlap; check the load addresses (AT, "
                    "LMA) of the linker script",
                    r->name, b->address, b->address + (b->size - 1), a->address,
                    a->address + (a->size - 1));
            }
        }
    }
    return true;
}

static bool find_entry(Reader *r)
{
    uint64_t entry = r->head.e_entry;
    ElfInfo *info = r->info;
    if (entry % 2 != 0) {
        return error_set(r->errp,
                         "%s: entry 0x%" PRIx64 " is odd; set the entry to an "
                         "instruction (ENTRY in the linker script)",
                         r->name, entry);
    }
    const ElfSegment *holds = NULL;
    for (unsigned i = 0; i < info->segments; i++) {
        const ElfSegment *s = &info->segment[i];
        bool inside = entry >= s->virt && entry - s->virt < s->size;
        if (inside && (!holds || s->executable)) {
            holds = s;
        }
    }
    if (!holds || !holds->executable) {
        return error_set(r->errp,
                         "%s: entry 0x%" PRIx64 " is in %s; set it to code "
                         "(ENTRY in the linker script)",
                         r->name, entry,
                         holds ? "a segment that is not executable"
                               : "no segment");
    }
    info->entry = entry - holds->virt + holds->address;
    return info->entry % 2 == 0
               ? true
               : error_set(r->errp,
                           "%s: entry 0x%" PRIx64 " is loaded at the odd "
                           "address 0x%" PRIx64 "; align the load address "
                           "(AT, LMA) of its segment",
                           r->name, entry, info->entry);
}

/* -- into memory
 * --------------------------------------------------------------- */

static bool store_segments(Reader *r, const ElfSink *sink)
{
    const ElfInfo *info = r->info;
    for (unsigned i = 0; i < info->segments; i++) {
        const ElfSegment *s = &info->segment[i];
        uint64_t hole;
        if (!sink->covers(sink->opaque, s->address, s->size, &hole)) {
            return error_set(r->errp,
                             "%s: segment 0x%" PRIx64 "-0x%" PRIx64
                             ": no memory at 0x%" PRIx64 "; link it to the "
                             "board's RAM or ROM, or add memory there",
                             r->name, s->address, s->address + (s->size - 1),
                             hole);
        }
    }
    for (unsigned i = 0; i < info->segments; i++) {
        const ElfSegment *s = &info->segment[i];
        if (s->in_file) {
            sink->write(sink->opaque, s->address, r->bytes + s->offset,
                        s->in_file);
        }
        if (s->size > s->in_file) {
            sink->write(sink->opaque, s->address + s->in_file, NULL,
                        s->size - s->in_file);
        }
    }
    return true;
}

static bool read_elf(Reader *r, const ElfSink *sink)
{
    if (!gelf_getehdr(r->elf, &r->head)) {
        return error_set(r->errp,
                         "%s: truncated or damaged ELF header; link or "
                         "copy it again",
                         r->name);
    }
    if (r->only_symbols) {
        return check_kind(r) && check_sections(r) &&
               elf_symbol_read(r->elf, r->info, r->name, r->errp);
    }
    return check_kind(r) && check_tables(r) && read_segments(r) &&
           check_overlaps(r) && find_entry(r) &&
           elf_symbol_read(r->elf, r->info, r->name, r->errp) &&
           (!sink || store_segments(r, sink));
}

/* libelf wants memory it might write to: bytes is that. */
static bool read_bytes(Reader *r, char *bytes, const ElfSink *sink)
{
    r->bytes = (const unsigned char *)bytes;
    if (!check_ident(r)) {
        return false;
    }
    elf_version(EV_CURRENT);
    r->elf = elf_memory(bytes, r->len);
    bool ok = r->elf ? read_elf(r, sink)
                     : error_set(r->errp, "%s: %s; link it again", r->name,
                                 elf_errmsg(-1));
    elf_end(r->elf);
    if (!ok) {
        elf_info_fini(r->info);
    }
    return ok;
}

static bool load(char *bytes, size_t len, const char *name, unsigned xlen,
                 const ElfSink *sink, ElfInfo *info, Error **errp)
{
    Reader r = {
        .len = len, .name = name, .xlen = xlen, .info = info, .errp = errp};
    *info = (ElfInfo){0};
    return read_bytes(&r, bytes, sink);
}

bool elf_symbols_bytes(char *bytes, size_t len, const char *name, unsigned xlen,
                       uint64_t bias, ElfInfo *info, Error **errp)
{
    Reader r = {.len = len,
                .name = name,
                .xlen = xlen,
                .only_symbols = true,
                .info = info,
                .errp = errp};
    *info = (ElfInfo){.xlen = xlen, .bias = bias};
    bool text = len < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG) != 0;
    bool ok = text ? elf_text_read(bytes, len, info, name, errp)
                   : read_bytes(&r, bytes, NULL);
    if (ok && !info->symbols && !info->marks) {
        ok = error_set(errp,
                       "%s: has no symbols; name the file as it was before it "
                       "was stripped, or what nm prints of that",
                       name);
    }
    if (!ok) {
        elf_info_fini(info);
    }
    return ok;
}

bool elf_load_bytes(const void *bytes, size_t len, const char *name,
                    unsigned xlen, const ElfSink *sink, ElfInfo *info,
                    Error **errp)
{
    char *copy = malloc(len + 1);
    if (!copy) {
        return error_set(errp, "%s: the host has no memory", name);
    }
    if (len) {
        memcpy(copy, bytes, len);
    }
    bool ok = load(copy, len, name, xlen, sink, info, errp);
    free(copy);
    return ok;
}

uint64_t elf_physical(const ElfInfo *info, uint64_t address)
{
    for (unsigned i = 0; i < info->segments; i++) {
        const ElfSegment *s = &info->segment[i];
        if (address >= s->virt && address - s->virt < s->size) {
            return address - s->virt + s->address;
        }
    }
    return address;
}

void elf_info_fini(ElfInfo *info)
{
    free(info->segment);
    free(info->symbol);
    free(info->mark);
    free(info->names);
    free(info->path);
    *info = (ElfInfo){0};
}

/* -- files
 * ------------------------------------------------------------------------ */

static bool read_whole(int fd, char *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = read(fd, bytes + at, len - at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false; /* shrank under us, or the disk failed */
        }
        at += (size_t)n;
    }
    return true;
}

/* All bytes of a file, and a 0 behind; NULL: *errp is set. */
static char *read_open(int fd, const char *path, size_t *len, Error **errp)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        error_set(errp, "%s: %s", path, strerror(errno));
        return NULL;
    }
    if (!S_ISREG(st.st_mode)) {
        error_set(errp, "%s: is %s; name an ELF file", path,
                  S_ISDIR(st.st_mode) ? "a directory" : "not a file");
        return NULL;
    }
    if (st.st_size > (off_t)MAX_FILE_MIB << 20) {
        error_set(errp, "%s: larger than %d MiB; strip it", path, MAX_FILE_MIB);
        return NULL;
    }
    *len = (size_t)st.st_size;
    char *bytes = malloc(*len + 1);
    if (!bytes) {
        error_set(errp, "%s: the host has no memory", path);
    } else if (!read_whole(fd, bytes, *len)) {
        error_set(errp, "%s: cannot be read; check the file", path);
        free(bytes);
        bytes = NULL;
    } else {
        bytes[*len] = 0;
    }
    return bytes;
}

static char *read_file(const char *path, size_t *len, Error **errp)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        error_set(errp, "%s: %s; check the path", path, strerror(errno));
        return NULL;
    }
    char *bytes = read_open(fd, path, len, errp);
    close(fd);
    return bytes;
}

bool elf_load(const char *path, unsigned xlen, const ElfSink *sink,
              ElfInfo *info, Error **errp)
{
    size_t len;
    char *bytes = read_file(path, &len, errp);
    bool ok = bytes && load(bytes, len, path, xlen, sink, info, errp);
    if (ok) {
        info->path = strdup(path);
    }
    free(bytes);
    return ok;
}

bool elf_symbols(const char *path, unsigned xlen, uint64_t bias, ElfInfo *info,
                 Error **errp)
{
    size_t len;
    char *bytes = read_file(path, &len, errp);
    bool ok =
        bytes && elf_symbols_bytes(bytes, len, path, xlen, bias, info, errp);
    if (ok && info->symbol && !memcmp(bytes, ELFMAG, SELFMAG)) {
        info->path = strdup(path);
    }
    free(bytes);
    return ok;
}

/* -- an address space as a sink
 * ----------------------------------------------------- */

/* How many of len bytes from address are in one piece of memory; 0: none. */
static uint64_t memory_piece(AddressSpace *as, uint64_t address, uint64_t len)
{
    hwaddr inside, piece = len;
    MemoryRegion *mr = address_space_translate(as, address, &inside, &piece,
                                               false, MEMTXATTRS_UNSPECIFIED);
    bool memory = mr && (memory_region_is_ram(mr) || memory_region_is_romd(mr));
    return !memory ? 0 : piece < len ? piece : len;
}

static bool space_covers(void *opaque, uint64_t address, uint64_t len,
                         uint64_t *hole)
{
    for (uint64_t done = 0, piece; done < len; done += piece) {
        piece = memory_piece(opaque, address + done, len - done);
        if (piece == 0) {
            *hole = address + done;
            return false;
        }
    }
    return true;
}

static void space_write(void *opaque, uint64_t address, const void *bytes,
                        uint64_t len)
{
    static const unsigned char zeroes[4096];
    if (bytes) {
        address_space_write_rom(opaque, address, MEMTXATTRS_UNSPECIFIED, bytes,
                                len);
        return;
    }
    for (uint64_t done = 0, piece; done < len; done += piece) {
        piece = len - done < sizeof(zeroes) ? len - done : sizeof(zeroes);
        address_space_write_rom(opaque, address + done, MEMTXATTRS_UNSPECIFIED,
                                zeroes, piece);
    }
}

ElfSink elf_sink_space(AddressSpace *as)
{
    return (ElfSink){space_covers, space_write, as};
}

bool elf_load_space(const char *path, unsigned xlen, AddressSpace *as,
                    ElfInfo *info, Error **errp)
{
    ElfSink sink = elf_sink_space(as);
    return elf_load(path, xlen, &sink, info, errp);
}
