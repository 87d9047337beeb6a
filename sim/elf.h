/*
 * elf.h - firmware files: load segments into memory, keep the symbols.
 *
 * Everything is checked before the first byte is written: a file that does not
 * fit leaves memory as it was. Segments go to their physical addresses (LMA),
 * the rest of a segment beyond the file's bytes is zeroed.
 *
 * Units    bytes, physical addresses unless named virtual.
 */
#ifndef SIM_ELF_H
#define SIM_ELF_H

#include <stddef.h>

#include "memory/memory.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ElfKind {
    ELF_FUNCTION, /* STT_FUNC */
    ELF_OBJECT,   /* STT_OBJECT */
    ELF_LABEL,    /* a global without a type, in code */
    ELF_MARK,     /* a global without a type elsewhere: tohost, __bss_start */
} ElfKind;

typedef struct ElfSymbol {
    uint64_t address; /* as linked (VMA) */
    uint64_t size;    /* of a label or an unsized function: to the next symbol,
                         at most to the end of its section */
    const char *name; /* owned by the ElfInfo */
    ElfKind kind;
    uint64_t reach; /* private: the furthest end of this and all before it */
} ElfSymbol;

typedef struct ElfSegment {
    uint64_t address; /* where it is loaded (LMA) */
    uint64_t virt;    /* where it is linked to run (VMA) */
    uint64_t size;    /* in memory */
    uint64_t in_file; /* of which come from the file; the rest is zero */
    uint64_t offset;  /* of these in the file */
    bool executable, writable;
} ElfSegment;

typedef struct ElfInfo {
    unsigned xlen;  /* 32 or 64 */
    uint64_t entry; /* where execution begins, physical */
    ElfSegment *segment;
    unsigned segments;
    ElfSymbol *symbol; /* without marks; by address, then the best name first */
    size_t symbols;
    ElfSymbol *mark; /* by address */
    size_t marks;
    uint64_t tohost; /* address of a section .tohost; 0: none */
    uint64_t bias;   /* added to addresses of symbols; to those of elf_lines()
                        not yet */
    char *names;     /* private */
    char *path;      /* of the file, for elf_lines(); NULL: from memory */
} ElfInfo;

/* Where a file's segments go. */
typedef struct ElfSink {
    /* Is all of [address, address + len) memory? False: *hole is the first
     * address that is not. len > 0, never beyond 2^64. */
    bool (*covers)(void *opaque, uint64_t address, uint64_t len,
                   uint64_t *hole);
    /* Writes len bytes; bytes NULL: zeroes. Only what was covered. */
    void (*write)(void *opaque, uint64_t address, const void *bytes,
                  uint64_t len);
    void *opaque;
} ElfSink;

/* Reads an ELF executable for a RISC-V hart of that width (0: any), writes its
 * segments into the sink (NULL: nowhere, only look). info is filled, and to be
 * given to elf_info_fini(), only on success. */
bool elf_load(const char *path, unsigned xlen, const ElfSink *sink,
              ElfInfo *info, Error **errp);
/* The same from memory; bytes are not kept. `name` stands in messages. */
bool elf_load_bytes(const void *bytes, size_t len, const char *name,
                    unsigned xlen, const ElfSink *sink, ElfInfo *info,
                    Error **errp);
/* The same into an address space, ROM included, as a debugger would. */
bool elf_load_space(const char *path, unsigned xlen, AddressSpace *as,
                    ElfInfo *info, Error **errp);
/* Reads only symbols, all of them moved by bias: of an ELF file of any type for
 * a RISC-V hart of that width (0: any), or of the text that nm prints. */
bool elf_symbols(const char *path, unsigned xlen, uint64_t bias, ElfInfo *info,
                 Error **errp);
/* The same from memory: len bytes, and a 0 behind them, which are spoilt. */
bool elf_symbols_bytes(char *bytes, size_t len, const char *name, unsigned xlen,
                       uint64_t bias, ElfInfo *info, Error **errp);
/* A sink that writes into as. */
ElfSink elf_sink_space(AddressSpace *as);
void elf_info_fini(ElfInfo *info);

/* Where what is linked at `address` was loaded. */
uint64_t elf_physical(const ElfInfo *info, uint64_t address);
/* The innermost symbol that holds address; NULL if none. Marks do not count. */
const ElfSymbol *elf_symbol_find(const ElfInfo *info, uint64_t address);
/* By name, marks included; NULL if none. */
const ElfSymbol *elf_symbol_named(const ElfInfo *info, const char *name);

/* Calls fn for each range of code whose source line the file's DWARF knows, in
 * no order; ranges may overlap where the file says so. False: not all could be
 * read. A file without DWARF has none. */
typedef void ElfLineFn(void *opaque, uint64_t address, uint64_t size,
                       const char *file, unsigned line);
bool elf_lines(const char *path, ElfLineFn *fn, void *opaque);

#ifdef __cplusplus
}
#endif
#endif
