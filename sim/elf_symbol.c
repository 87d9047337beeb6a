/*
 * elf_symbol.c - the names of an ELF file, and which one an address has.
 *
 * Model    Functions, objects, and untyped globals, sorted by address; at one
 *          address the best name comes first: function, object, label; global
 *          before weak before local; larger; then by name, so that the answer
 *          never depends on the linker's order. A symbol without a size ends
 *          at the next one, at the latest with its section.
 * Units    bytes.
 * Source   Tool Interface Standard ELF 1.2, "Symbol Table".
 * Missing  symbols of dynamic tables; absolute symbols; demangling.
 */
#include "sim/elf_symbol.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

static unsigned binding_rank(unsigned char info)
{
    switch (GELF_ST_BIND(info)) {
    case STB_GLOBAL: return 0;
    case STB_WEAK: return 1;
    default: return 2;
    }
}

/* Is it one of those we keep, and which kind? sh: its section. */
static bool symbol_kind(const GElf_Sym *sym, const GElf_Shdr *sh,
                        const char *name, ElfKind *kind)
{
    bool code = (sh->sh_flags & SHF_EXECINSTR) != 0;
    if (!(sh->sh_flags & SHF_ALLOC) || name[0] == '\0' || name[0] == '$') {
        return false; /* $x, $d: mapping symbols of the psABI */
    }
    switch (GELF_ST_TYPE(sym->st_info)) {
    case STT_FUNC: *kind = ELF_FUNCTION; return true;
    case STT_OBJECT: *kind = ELF_OBJECT; return true;
    case STT_NOTYPE:
        *kind = code ? ELF_LABEL : ELF_MARK;
        return binding_rank(sym->st_info) < 2;
    default: return false;
    }
}

static void add_symbol(SymbolTable *t, const GElf_Sym *sym, const GElf_Shdr *sh,
                       const char *name)
{
    ElfKind kind;
    if (!symbol_kind(sym, sh, name, &kind)) {
        return;
    }
    /* of a damaged file: may wrap */
    uint64_t end = (sh->sh_addr + sh->sh_size + t->bias) & t->mask;
    size_t len = strlen(name) + 1;
    SymbolEntry *e = &t->entry[t->entries++];
    e->symbol = (ElfSymbol){.address = (sym->st_value + t->bias) & t->mask,
                            .size = sym->st_size,
                            .kind = kind};
    if (e->symbol.size > UINT64_MAX - e->symbol.address) {
        e->symbol.size = UINT64_MAX - e->symbol.address;
    }
    e->end = end;
    e->rank = binding_rank(sym->st_info);
    e->name = t->name_bytes;
    memcpy(t->names + t->name_bytes, name, len);
    t->name_bytes += len;
}

/* Two passes over the table: the first, without room for names, counts. */
static bool visit(SymbolTable *t, Elf_Data *data, size_t count, size_t strings,
                  const GElf_Shdr *section, size_t sections, bool fill)
{
    for (size_t i = 0; i < count; i++) {
        GElf_Sym sym;
        if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF ||
            sym.st_shndx >= sections) {
            continue;
        }
        const char *name = elf_strptr(t->elf, strings, sym.st_name);
        ElfKind kind;
        if (!name || !symbol_kind(&sym, &section[sym.st_shndx], name, &kind)) {
            continue;
        }
        if (fill) {
            add_symbol(t, &sym, &section[sym.st_shndx], name);
            continue;
        }
        t->entries++;
        t->name_bytes += strlen(name) + 1;
        if (t->entries > ELF_MAX_SYMBOLS ||
            t->name_bytes > ELF_MAX_NAME_BYTES) {
            return false;
        }
    }
    return true;
}

static bool read_table(SymbolTable *t, Elf_Scn *scn, const GElf_Shdr *sh,
                       const GElf_Shdr *section, size_t sections)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    if (!data || sh->sh_entsize == 0) {
        return true;
    }
    size_t count = data->d_size / sh->sh_entsize;
    if (count > ELF_MAX_SYMBOLS ||
        !visit(t, data, count, sh->sh_link, section, sections, false)) {
        return false;
    }
    t->entry = calloc(t->entries + 1, sizeof(*t->entry));
    t->names = malloc(t->name_bytes + 1);
    t->entries = 0;
    t->name_bytes = 0;
    return t->entry && t->names &&
           visit(t, data, count, sh->sh_link, section, sections, true);
}

static int compare_entries(const void *pa, const void *pb)
{
    const SymbolEntry *a = pa, *b = pb;
    if (a->symbol.address != b->symbol.address) {
        return a->symbol.address < b->symbol.address ? -1 : 1;
    }
    if (a->symbol.kind != b->symbol.kind) {
        return a->symbol.kind < b->symbol.kind ? -1 : 1;
    }
    if (a->rank != b->rank) {
        return a->rank < b->rank ? -1 : 1;
    }
    if (a->symbol.size != b->symbol.size) {
        return a->symbol.size > b->symbol.size ? -1 : 1;
    }
    return strcmp(a->symbol.name, b->symbol.name);
}

/* Gives symbols without a size one. Marks keep theirs and end nothing. */
static void fill_sizes(SymbolEntry *entry, size_t entries)
{
    uint64_t here = UINT64_MAX, next = UINT64_MAX; /* addresses of symbols */
    for (size_t i = entries; i-- > 0;) {
        ElfSymbol *s = &entry[i].symbol;
        if (s->kind == ELF_MARK) {
            continue;
        }
        if (s->address != here) {
            next = here;
            here = s->address;
        }
        if (s->size == 0) {
            uint64_t end = next < entry[i].end ? next : entry[i].end;
            s->size = end > s->address ? end - s->address : 0;
        }
    }
}

bool elf_symbol_finish(SymbolTable *t, ElfInfo *info)
{
    size_t marks = 0;
    if (t->entries == 0) {
        return true;
    }
    for (size_t i = 0; i < t->entries; i++) {
        t->entry[i].symbol.name = t->names + t->entry[i].name;
        marks += t->entry[i].symbol.kind == ELF_MARK;
    }
    qsort(t->entry, t->entries, sizeof(*t->entry), compare_entries);
    fill_sizes(t->entry, t->entries);
    info->symbol = calloc(t->entries - marks + 1, sizeof(*info->symbol));
    info->mark = calloc(marks + 1, sizeof(*info->mark));
    if (!info->symbol || !info->mark) {
        return false;
    }
    uint64_t reach = 0;
    for (size_t i = 0; i < t->entries; i++) {
        ElfSymbol s = t->entry[i].symbol;
        if (s.kind == ELF_MARK) {
            info->mark[info->marks++] = s;
            continue;
        }
        uint64_t end = s.address + s.size;
        reach = end > reach ? end : reach;
        s.reach = reach;
        info->symbol[info->symbols++] = s;
    }
    info->names = t->names;
    t->names = NULL;
    return true;
}

bool elf_symbol_read(Elf *elf, ElfInfo *info, const char *file, Error **errp)
{
    SymbolTable t = {
        .elf = elf,
        .bias = info->bias,
        .mask = info->xlen == 32 ? UINT32_MAX : UINT64_MAX,
    };
    size_t sections = 0, names = 0;
    if (elf_getshdrnum(elf, &sections) != 0 || sections == 0) {
        return true;
    }
    bool named = elf_getshdrstrndx(elf, &names) == 0;
    GElf_Shdr *section = calloc(sections, sizeof(*section));
    bool ok = section != NULL;
    Elf_Scn *symtab = NULL;
    GElf_Shdr symtab_header = {0};
    for (Elf_Scn *scn = ok ? elf_nextscn(elf, NULL) : NULL; scn;
         scn = elf_nextscn(elf, scn)) {
        size_t i = elf_ndxscn(scn);
        GElf_Shdr sh;
        if (i >= sections || !gelf_getshdr(scn, &sh)) {
            continue;
        }
        section[i] = sh;
        const char *name = named ? elf_strptr(elf, names, sh.sh_name) : NULL;
        if (name && sh.sh_flags & SHF_ALLOC && !strcmp(name, ".tohost")) {
            info->tohost = sh.sh_addr;
        }
        if (sh.sh_type == SHT_SYMTAB && !symtab) {
            symtab = scn;
            symtab_header = sh;
        }
    }
    if (ok && symtab) {
        ok = read_table(&t, symtab, &symtab_header, section, sections) &&
             elf_symbol_finish(&t, info);
    }
    free(section);
    free(t.entry);
    free(t.names);
    return ok ? true
              : error_set(errp,
                          "%s: its symbol table is too large for this host; "
                          "strip it",
                          file);
}

const ElfSymbol *elf_symbol_find(const ElfInfo *info, uint64_t address)
{
    size_t low = 0,
           high = info->symbols; /* symbols before low are <= address */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (info->symbol[middle].address <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const ElfSymbol *found = NULL;
    while (low > 0) {
        const ElfSymbol *s = &info->symbol[--low];
        if (found && s->address != found->address) {
            break;
        }
        if (!found && s->reach <= address) {
            break; /* nothing before reaches this far */
        }
        if (address - s->address < s->size) {
            found = s; /* the first at its address is the best */
        }
    }
    return found;
}

const ElfSymbol *elf_symbol_named(const ElfInfo *info, const char *name)
{
    for (size_t i = 0; i < info->symbols; i++) {
        if (strcmp(info->symbol[i].name, name) == 0) {
            return &info->symbol[i];
        }
    }
    for (size_t i = 0; i < info->marks; i++) {
        if (strcmp(info->mark[i].name, name) == 0) {
            return &info->mark[i];
        }
    }
    return NULL;
}
