/*
 * elf_symbol.h - between elf.c, elf_symbol.c and elf_text.c; users include
 * sim/elf.h.
 */
#ifndef SIM_ELF_SYMBOL_H
#define SIM_ELF_SYMBOL_H

#include <libelf.h>

#include "sim/elf.h"

enum { ELF_MAX_SYMBOLS = 1 << 24, ELF_MAX_NAME_BYTES = 1 << 28 };

/* A symbol that was found; `name` of it is not set. */
typedef struct SymbolEntry {
    ElfSymbol symbol;
    uint64_t end;  /* of the section */
    unsigned rank; /* binding: lower is better */
    size_t name;   /* offset in names */
} SymbolEntry;

typedef struct SymbolTable {
    Elf *elf;
    uint64_t bias; /* added to all addresses */
    uint64_t mask; /* what they are cut to */
    SymbolEntry *entry;
    size_t entries;
    char *names;
    size_t name_bytes;
} SymbolTable;

/* Fills info's symbols and marks, moved by info->bias. A file without a symbol
 * table has none. */
bool elf_symbol_read(Elf *elf, ElfInfo *info, const char *file, Error **errp);
/* Sorts them into info and gives sizes; takes t's names. False: no memory. */
bool elf_symbol_finish(SymbolTable *t, ElfInfo *info);
/* -- elf_text.c ----------------------------------------------------------- */
/* The same from what nm prints. bytes: len of them, and a 0 behind. */
bool elf_text_read(char *bytes, size_t len, ElfInfo *info, const char *file,
                   Error **errp);

#endif
