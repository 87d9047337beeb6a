/*
 * fuzz_elf.c - any bytes as firmware: loaded inside the memory that there is,
 * or one line of error and nothing written; symbols hold what is found in them.
 *
 * Input    an ELF file, or what nm prints.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/elf.h"
#include "tests/fuzz/fuzz.h"

enum { MEMORY_BYTES = 1 << 16 };
#define MEMORY_BASE UINT64_C(0x80000000)

typedef struct Memory {
    uint8_t bytes[MEMORY_BYTES];
    uint64_t writes;
} Memory;

static bool memory_covers(void *opaque, uint64_t address, uint64_t len,
                          uint64_t *hole)
{
    FUZZ_CHECK(len > 0 && len - 1 <= UINT64_MAX - address);
    if (address < MEMORY_BASE || address >= MEMORY_BASE + MEMORY_BYTES) {
        *hole = address;
        return false;
    }
    *hole = MEMORY_BASE + MEMORY_BYTES;
    return len <= *hole - address;
}

static void memory_write(void *opaque, uint64_t address, const void *bytes,
                         uint64_t len)
{
    Memory *m = opaque;
    uint64_t hole;
    FUZZ_CHECK(memory_covers(opaque, address, len, &hole));
    m->writes++;
    if (bytes) {
        memcpy(m->bytes + (address - MEMORY_BASE), bytes, len);
    } else {
        memset(m->bytes + (address - MEMORY_BASE), 0, len);
    }
}

/* The answer for one address, by looking at all symbols. */
static const ElfSymbol *search(const ElfInfo *info, uint64_t address)
{
    const ElfSymbol *best = NULL;
    for (size_t i = 0; i < info->symbols; i++) {
        const ElfSymbol *s = &info->symbol[i];
        bool holds = address >= s->address && address - s->address < s->size;
        if (holds && (!best || s->address > best->address)) {
            best = s;
        }
    }
    return best;
}

static void check_symbols(const ElfInfo *info)
{
    for (size_t i = 0; i < info->symbols && i < 64; i++) {
        const ElfSymbol *s = &info->symbol[i];
        uint64_t probes[] = {s->address - 1, s->address,
                             s->address + s->size - 1, s->address + s->size};
        for (size_t j = 0; j < 4; j++) {
            FUZZ_CHECK(elf_symbol_find(info, probes[j]) ==
                       search(info, probes[j]));
        }
        FUZZ_CHECK(elf_symbol_named(info, s->name) != NULL);
    }
}

/* As a file of --symbols: its text, or an ELF file of any type; moved so that
 * addresses wrap. */
static void only_symbols(const uint8_t *data, size_t size)
{
    ElfInfo info;
    Error *err = NULL;
    char *copy = malloc(size + 1);
    if (!copy) {
        return;
    }
    if (size) {
        memcpy(copy, data, size);
    }
    copy[size] = 0;
    if (elf_symbols_bytes(copy, size, "fuzz.elf", size & 1 ? 32 : 0, size << 56,
                          &info, &err)) {
        FUZZ_CHECK(!err && (info.symbols || info.marks));
        check_symbols(&info);
        elf_info_fini(&info);
    } else {
        FUZZ_CHECK(err && strncmp(error_message(err), "fuzz.elf:", 9) == 0);
        FUZZ_CHECK(!strchr(error_message(err), '\n'));
        error_free(err);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Memory memory;
    only_symbols(data, size);
    memory.writes = 0;
    ElfSink sink = {memory_covers, memory_write, &memory};
    ElfInfo info;
    Error *err = NULL;
    if (!elf_load_bytes(data, size, "fuzz.elf", 0, &sink, &info, &err)) {
        FUZZ_CHECK(err && strncmp(error_message(err), "fuzz.elf: ", 10) == 0);
        FUZZ_CHECK(!strchr(error_message(err), '\n'));
        FUZZ_CHECK(memory.writes == 0);
        error_free(err);
        return 0;
    }
    FUZZ_CHECK(!err && info.segments > 0 && info.entry % 2 == 0);
    FUZZ_CHECK(memory.writes > 0);
    check_symbols(&info);
    elf_info_fini(&info);
    return 0;
}
