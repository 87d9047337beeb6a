/*
 * elf_line.c - which source line an address comes from: the line tables of an
 * ELF file's DWARF.
 *
 * Model    Each row of a line table holds from its address to the next row's of
 *          its sequence. Rows of line 0 (made by the compiler) and rows outside
 *          executable sections (functions the linker dropped are left at
 *          address 0) are skipped. Names are as the compiler wrote them.
 * Units    bytes; addresses as linked, as those of symbols.
 * Source   DWARF 5, 6.2 "Line Number Information", read by elfutils' libdw.
 * Missing  separate debug files; columns; what was inlined where.
 */
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/elf.h"

enum { MAX_LINES = 1 << 22 }; /* of a file, 32 bytes each in a trace store */

typedef struct CodeRange {
    uint64_t begin, end;
} CodeRange;

typedef struct LineReader {
    CodeRange *code;
    size_t codes;
    size_t lines;
    ElfLineFn *fn;
    void *opaque;
} LineReader;

static bool find_code(LineReader *r, Elf *elf)
{
    size_t sections = 0;
    if (elf_getshdrnum(elf, &sections) != 0 || sections == 0) {
        return true;
    }
    r->code = calloc(sections, sizeof(*r->code));
    for (Elf_Scn *scn = r->code ? elf_nextscn(elf, NULL) : NULL;
         scn && r->codes < sections; scn = elf_nextscn(elf, scn)) {
        GElf_Shdr sh;
        if (gelf_getshdr(scn, &sh) && sh.sh_flags & SHF_ALLOC &&
            sh.sh_flags & SHF_EXECINSTR &&
            sh.sh_size <= UINT64_MAX - sh.sh_addr) {
            r->code[r->codes++] =
                (CodeRange){sh.sh_addr, sh.sh_addr + sh.sh_size};
        }
    }
    return r->code != NULL;
}

/* Do sections of texts end as a text does? libdw looks no further than that. */
static bool texts_end(Elf *elf)
{
    size_t names = 0;
    if (elf_getshdrstrndx(elf, &names) != 0) {
        return true; /* no names: no line tables */
    }
    for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn;
         scn = elf_nextscn(elf, scn)) {
        GElf_Shdr sh;
        const char *name =
            gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;
        if (!name || (strcmp(name, ".debug_str") != 0 &&
                      strcmp(name, ".debug_line_str") != 0)) {
            continue;
        }
        if (sh.sh_flags & SHF_COMPRESSED && elf_compress(scn, 0, 0) < 0) {
            return false;
        }
        const Elf_Data *data = elf_rawdata(scn, NULL);
        if (!data || (data->d_size &&
                      (!data->d_buf ||
                       ((const char *)data->d_buf)[data->d_size - 1] != 0))) {
            return false;
        }
    }
    return true;
}

static bool is_code(const LineReader *r, uint64_t begin, uint64_t end)
{
    for (size_t i = 0; i < r->codes; i++) {
        if (begin >= r->code[i].begin && end <= r->code[i].end) {
            return true;
        }
    }
    return false;
}

/* Rows of one compilation unit, which libdw has sorted by address. */
static bool read_unit(LineReader *r, Dwarf_Lines *lines, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++) {
        Dwarf_Line *row = dwarf_onesrcline(lines, i);
        Dwarf_Line *next = dwarf_onesrcline(lines, i + 1);
        Dwarf_Addr begin, end;
        int line;
        bool ends;
        if (!row || !next || dwarf_lineaddr(row, &begin) != 0 ||
            dwarf_lineaddr(next, &end) != 0 || dwarf_lineno(row, &line) != 0 ||
            dwarf_lineendsequence(row, &ends) != 0) {
            return false;
        }
        const char *file = dwarf_linesrc(row, NULL, NULL);
        if (ends || begin >= end || line <= 0 || !file ||
            !is_code(r, begin, end)) {
            continue;
        }
        if (r->lines++ >= MAX_LINES) {
            return false;
        }
        r->fn(r->opaque, begin, end - begin, file, (unsigned)line);
    }
    return true;
}

static bool read_lines(LineReader *r, Dwarf *dwarf)
{
    Dwarf_Off at = 0, next;
    Dwarf_CU *cu = NULL;
    Dwarf_Lines *lines;
    size_t count;
    int found;
    while ((found = dwarf_next_lines(dwarf, at, &next, &cu, NULL, NULL, &lines,
                                     &count)) == 0) {
        if (!read_unit(r, lines, count) || next <= at) {
            return false;
        }
        at = next;
    }
    return found > 0;
}

bool elf_lines(const char *path, ElfLineFn *fn, void *opaque)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    elf_version(EV_CURRENT);
    LineReader r = {.fn = fn, .opaque = opaque};
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    bool ok = elf && find_code(&r, elf) && texts_end(elf);
    Dwarf *dwarf = ok ? dwarf_begin_elf(elf, DWARF_C_READ, NULL) : NULL;
    if (dwarf) { /* else there is none */
        ok = read_lines(&r, dwarf);
    }
    dwarf_end(dwarf);
    elf_end(elf);
    close(fd);
    free(r.code);
    return ok;
}
