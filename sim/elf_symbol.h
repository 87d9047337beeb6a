/*
 * elf_symbol.h - between elf.c and elf_symbol.c; users include sim/elf.h.
 */
#ifndef SIM_ELF_SYMBOL_H
#define SIM_ELF_SYMBOL_H

#include <libelf.h>

#include "sim/elf.h"

/* Fills info's symbols and marks. A file without a symbol table has none. */
bool elf_symbol_read(Elf *elf, ElfInfo *info, const char *file, Error **errp);

#endif
