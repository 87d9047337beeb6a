/*
 * machine_signature.c - what an architecture test leaves in memory, as text.
 *
 * Model    The bytes between the firmware's symbols begin_signature and
 *          end_signature, some to a line, the last one of a line first, so
 *          that a line reads as a little-endian number. Bytes beyond the end
 *          are read too when a line is not full.
 * Source   the signature format of riscv-arch-test.
 */
#include <string.h>

#include "sim/machine_private.h"

enum { LINE_MOST = 16 };

static bool find(const Machine *m, uint64_t *begin, uint64_t *end, Error **errp)
{
    const ElfSymbol *first =
        m->loaded ? elf_symbol_named(&m->elf, "begin_signature") : NULL;
    const ElfSymbol *last =
        m->loaded ? elf_symbol_named(&m->elf, "end_signature") : NULL;
    if (!first || !last) {
        return error_set(errp,
                         "%s has no symbol %s; --signature is for "
                         "architecture tests",
                         machine_firmware(m),
                         first ? "end_signature" : "begin_signature");
    }
    if (last->address < first->address) {
        return error_set(errp,
                         "%s: end_signature lies before begin_signature; link "
                         "them in order",
                         machine_firmware(m));
    }
    *begin = elf_physical(&m->elf, first->address);
    *end = *begin + (last->address - first->address);
    return true;
}

bool machine_has_signature(const Machine *m, Error **errp)
{
    uint64_t begin, end;
    return find(m, &begin, &end, errp);
}

/* One line; false: not all of it is memory. */
static bool put_line(Machine *m, FILE *out, uint64_t address,
                     unsigned granularity)
{
    uint8_t bytes[LINE_MOST];
    MemoryPort *port = hart_data_port(m->hart[0]);
    if (port_debug(port, address, bytes, granularity, false) < granularity) {
        return false;
    }
    for (unsigned i = granularity; i > 0; i--) {
        fprintf(out, "%02x", bytes[i - 1]);
    }
    putc('\n', out);
    return true;
}

bool machine_write_signature(Machine *m, FILE *out, unsigned granularity,
                             Error **errp)
{
    uint64_t begin, end;
    if (!m->harts) {
        return error_set(errp, "this machine has no cpu to look at memory");
    }
    if (granularity > LINE_MOST || !find(m, &begin, &end, errp)) {
        return false;
    }
    MemoryWorld *outer = memory_world_enter(m->world);
    bool ok = true;
    for (uint64_t at = begin; ok && at < end && !ferror(out);
         at += granularity) {
        ok = put_line(m, out, at, granularity);
        if (!ok) {
            error_set(errp,
                      "signature: nothing to read at 0x%llx; it must lie in "
                      "memory of the first cpu's data bus",
                      (unsigned long long)at);
        }
    }
    memory_world_enter(outer);
    return ok;
}
