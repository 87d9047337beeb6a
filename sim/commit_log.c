/*
 * commit_log.c - a line per retired instruction, as Spike's --log-commits.
 *
 * Model    hart, privilege, pc, word, registers and CSRs written (by number,
 *          x before f before CSR), address read, address and value written.
 *          docs/cli.md has the grammar.
 * Units    values as wide as the register, in hexadecimal.
 * Source   the lines that Spike 1.1 writes.
 */
#include "sim/commit_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory/record.h"
#include "sim/csr_name.h"
#include "sim/disasm.h"

struct CommitLog {
    FILE *out;
    bool disassemble;
    Disasm *disasm; /* of the last hart's kind; made when it is needed */
    HartIsa isa;
};

CommitLog *commit_log_new(FILE *out, bool disassemble)
{
    CommitLog *log = calloc(1, sizeof(*log));
    if (log) {
        log->out = out;
        log->disassemble = disassemble;
    }
    return log;
}

void commit_log_free(CommitLog *log)
{
    if (log) {
        disasm_free(log->disasm);
        free(log);
    }
}

/* As Spike: leading zeros, but for bytes. */
static void put_value(FILE *out, unsigned bytes, uint64_t value)
{
    switch (bytes) {
    case 1: fprintf(out, "0x%" PRIx8, (uint8_t)value); break;
    case 2: fprintf(out, "0x%04" PRIx16, (uint16_t)value); break;
    case 4: fprintf(out, "0x%08" PRIx32, (uint32_t)value); break;
    default: fprintf(out, "0x%016" PRIx64, value); break;
    }
}

/* Something that was written: kind 0 x, 1 f, 4 CSR. Spike keeps them in a map
 * by number and kind, so that is their order. */
typedef struct Written {
    unsigned number, kind;
    uint64_t value;
} Written;

static void put_written(FILE *out, const Written *w, unsigned xlen,
                        unsigned flen)
{
    char name[32];
    if (w->kind == 4) {
        fprintf(out, " c%u_%s ", w->number,
                csr_name(w->number, name, sizeof(name)));
    } else {
        fprintf(out, " %c%-2u ", w->kind ? 'f' : 'x', w->number);
    }
    put_value(out, w->kind == 1 ? flen / 8 : xlen / 8, w->value);
}

/* Sorted; returns how many. */
static unsigned collect(const HartCommit *c, Written *list)
{
    unsigned n = 0;
    if (c->rd < 32 && (c->rd || c->rd_is_f)) {
        list[n++] = (Written){c->rd, c->rd_is_f ? 1 : 0, c->rd_value};
    }
    for (unsigned i = 0; i < c->csrs && i < 3; i++) {
        Written w = {c->csr[i].number, 4, c->csr[i].value};
        unsigned at = n++;
        for (; at > 0 && list[at - 1].number * 16 + list[at - 1].kind >
                             w.number * 16 + w.kind;
             at--) {
            list[at] = list[at - 1];
        }
        list[at] = w;
    }
    return n;
}

static void put_disassembly(CommitLog *log, Hart *hart, const HartCommit *c)
{
    const HartIsa *isa = &hart_config(hart)->isa;
    char text[96];
    if (!log->disasm || log->isa.xlen != isa->xlen ||
        log->isa.extensions != isa->extensions) {
        disasm_free(log->disasm);
        log->disasm = disasm_new(isa);
        log->isa = *isa;
    }
    if (log->disasm) {
        disasm_text(log->disasm, c->pc, c->word, text, sizeof(text));
        fprintf(log->out, " # %s", text);
    }
}

void commit_log_line(void *opaque, Hart *hart, const HartCommit *c)
{
    CommitLog *log = opaque;
    FILE *out = log->out;
    const HartConfig *hc = hart_config(hart);
    unsigned xlen = hc->isa.xlen, flen = hc->isa.extensions & ISA_D ? 64 : 32;
    Written list[4];
    unsigned n = collect(c, list);
    fprintf(out, "core%4" PRIu64 ": %u ", hc->hartid, c->privilege);
    put_value(out, xlen / 8, c->pc);
    fputs(" (", out);
    put_value(out, c->size, c->word);
    putc(')', out);
    for (unsigned i = 0; i < n; i++) {
        put_written(out, &list[i], xlen, flen);
    }
    if (c->mem & DIR_READ) {
        fputs(" mem ", out);
        put_value(out, xlen / 8, c->mem_va);
    }
    if (c->mem & DIR_WRITE) {
        fputs(" mem ", out);
        put_value(out, xlen / 8, c->mem_va);
        putc(' ', out);
        put_value(out, c->mem_size, c->mem_value);
    }
    if (log->disassemble) {
        put_disassembly(log, hart, c);
    }
    putc('\n', out);
}
