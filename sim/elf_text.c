/*
 * elf_text.c - symbols from text: what nm prints, a kernel's System.map.
 *
 * Model    A line is `ADDRESS TYPE NAME` or, as of nm -S, `ADDRESS SIZE TYPE
 *          NAME`, hexadecimal. Code is t, T, w, W and i, data b, d, g, r, s, v
 *          and their capitals; what is absolute, undefined or of debuggers is
 *          left out, and what follows the name. A symbol without a size ends at
 *          the next one, the last 4 KiB on.
 * Units    bytes.
 * Source   nm(1) of GNU binutils.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/elf_symbol.h"

enum { LAST_BYTES = 4096 };

static const char blanks[] = " \t\r";

/* Takes a word; NULL: the line is over. */
static char *word(char **line)
{
    char *w = *line + strspn(*line, blanks);
    size_t n = strcspn(w, blanks);
    *line = w + n + (w[n] != 0);
    w[n] = 0;
    return n ? w : NULL;
}

static bool hex(const char *text, uint64_t *value)
{
    size_t n = strspn(text, "0123456789abcdefABCDEF");
    *value = n && n <= 16 ? strtoull(text, NULL, 16) : 0;
    return n && n <= 16 && !text[n];
}

static bool is_type(const char *text)
{
    return text && text[0] && !text[1] &&
           strchr("AaBbCcDdGgIiNnpRrSsTtUuVvWw?-", text[0]);
}

static void add(SymbolTable *t, uint64_t address, uint64_t size, char type,
                const char *name)
{
    const bool code = strchr("tTwWi", type) != NULL;
    if (name[0] == '$' || (!code && !strchr("BbDdGgRrSsVvu", type))) {
        return;
    }
    SymbolEntry *e = &t->entry[t->entries++];
    const size_t len = strlen(name) + 1;
    address = (address + t->bias) & t->mask;
    e->symbol = (ElfSymbol){
        .address = address,
        .size = size > UINT64_MAX - address ? UINT64_MAX - address : size,
        .kind = code ? ELF_FUNCTION : ELF_OBJECT};
    e->rank = strchr("wWvV", type) ? 1 : type >= 'a' ? 2 : 0;
    e->name = t->name_bytes;
    memcpy(t->names + t->name_bytes, name, len);
    t->name_bytes += len;
}

/* False: it is no such line. Cuts it into words. */
static bool read_line(SymbolTable *t, char *line)
{
    uint64_t address, size = 0;
    char *first = word(&line), *type = first ? word(&line) : NULL;
    if (!first || (is_type(first) && strchr("Uw", *first))) {
        return true; /* empty; undefined */
    }
    if (!type || !hex(first, &address)) {
        return false;
    }
    char *name = word(&line), *more = name ? word(&line) : NULL;
    /* `b 1` is a size and a type only where a name follows. */
    if (name && more && is_type(name) && hex(type, &size) && strlen(type) > 1) {
        type = name;
        name = more;
    }
    if (!is_type(type) || !name) {
        return false;
    }
    add(t, address, size, *type, name);
    return true;
}

static void end_all(SymbolTable *t)
{
    uint64_t last = 0;
    for (size_t i = 0; i < t->entries; i++) {
        const uint64_t address = t->entry[i].symbol.address;
        last = address > last ? address : last;
    }
    for (size_t i = 0; i < t->entries; i++) {
        t->entry[i].end =
            last > UINT64_MAX - LAST_BYTES ? UINT64_MAX : last + LAST_BYTES;
    }
}

bool elf_text_read(char *bytes, size_t len, ElfInfo *info, const char *file,
                   Error **errp)
{
    size_t lines = 1;
    for (size_t i = 0; i < len; i++) {
        lines += bytes[i] == '\n';
    }
    if (lines > ELF_MAX_SYMBOLS || len > ELF_MAX_NAME_BYTES) {
        return error_set(errp,
                         "%s: has more than %d lines; leave out those "
                         "that are not needed",
                         file, ELF_MAX_SYMBOLS);
    }
    SymbolTable t = {.bias = info->bias,
                     .mask = info->xlen == 32 ? UINT32_MAX : UINT64_MAX,
                     .entry = calloc(lines, sizeof(*t.entry)),
                     .names = malloc(len + 1)};
    bool ok = t.entry && t.names;
    size_t number = 0;
    char *line = bytes;
    while (ok && line && *line) {
        char *end = strchr(line, '\n');
        if (end) {
            *end = 0;
        }
        number++;
        ok = read_line(&t, line);
        line = end ? end + 1 : NULL;
    }
    if (!t.entry || !t.names) {
        error_set(errp, "%s: the host has no memory", file);
    } else if (!ok || (line && line != bytes + len)) {
        ok = error_set(errp,
                       "%s:%zu: is no symbol; write ADDRESS TYPE NAME, as nm "
                       "prints it, or name an ELF file",
                       file, number + ok);
    } else if (!t.entries) {
        ok = error_set(errp,
                       "%s: has no symbols; name an ELF file with some, "
                       "or what nm prints of one",
                       file);
    } else {
        end_all(&t);
        ok = elf_symbol_finish(&t, info) ||
             error_set(errp, "%s: the host has no memory", file);
    }
    free(t.entry);
    free(t.names);
    return ok;
}
