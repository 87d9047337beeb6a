/*
 * disasm.c - instructions as people read them.
 *
 * Model    Capstone's text; for the extensions it does not know, the name and
 *          the registers that cpu/insn.def has for the word.
 * Source   libcapstone 5.
 * Missing  symbols of branch targets.
 */
#include "sim/disasm.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/insn.h"

struct Disasm {
    csh handle;
    cs_insn *insn;
    InsnDecoder *decoder;
};

Disasm *disasm_new(const HartIsa *isa)
{
    unsigned mode = (isa->xlen == 32 ? CS_MODE_RISCV32 : CS_MODE_RISCV64) |
                    (isa->extensions & ISA_C ? CS_MODE_RISCVC : 0);
    Disasm *d = calloc(1, sizeof(*d));
    if (!d) {
        return NULL;
    }
    d->decoder = insn_decoder_new(isa);
    if (cs_open(CS_ARCH_RISCV, (cs_mode)mode, &d->handle) == CS_ERR_OK) {
        d->insn = cs_malloc(d->handle);
    }
    if (!d->decoder || !d->insn) {
        disasm_free(d);
        return NULL;
    }
    return d;
}

void disasm_free(Disasm *d)
{
    if (!d) {
        return;
    }
    if (d->insn) {
        cs_free(d->insn, 1);
    }
    if (d->handle) {
        cs_close(&d->handle);
    }
    insn_decoder_free(d->decoder);
    free(d);
}

/* Names of the calling convention: psABI, "Register Convention". */
static const char *register_name(unsigned reg, bool is_f)
{
    static const char *const x[] = {
        "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
        "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
        "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    static const char *const f[] = {
        "ft0", "ft1", "ft2",  "ft3",  "ft4", "ft5", "ft6",  "ft7",
        "fs0", "fs1", "fa0",  "fa1",  "fa2", "fa3", "fa4",  "fa5",
        "fa6", "fa7", "fs2",  "fs3",  "fs4", "fs5", "fs6",  "fs7",
        "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};
    return is_f ? f[reg & 31] : x[reg & 31];
}

/* From our own table: all registers, then the immediate. */
static void own_text(const Insn *insn, char *buf, size_t size)
{
    const struct {
        bool there;
        unsigned reg;
        bool is_f;
    } regs[] = {
        {insn->writes_rd, insn->rd, (insn->f & INSN_F_RD) != 0},
        {insn->reads_rs1, insn->rs1, (insn->f & INSN_F_RS1) != 0},
        {insn->reads_rs2, insn->rs2, (insn->f & INSN_F_RS2) != 0},
        {insn->reads_rs3, insn->rs3, (insn->f & INSN_F_RS3) != 0},
    };
    size_t used = 0;
    for (const char *p = insn_table[insn->code].name; *p && used + 1 < size;
         p++) {
        buf[used++] = *p == '_' ? '.' : *p;
    }
    buf[used] = '\0';
    const char *gap = " ";
    for (unsigned i = 0; i < 4; i++) {
        if (regs[i].there && used < size) {
            int n = snprintf(buf + used, size - used, "%s%s", gap,
                             register_name(regs[i].reg, regs[i].is_f));
            used += n > 0 ? (size_t)n : 0;
            gap = ", ";
        }
    }
    if (insn->imm && used < size) {
        snprintf(buf + used, size - used, "%s%lld", gap, (long long)insn->imm);
    }
}

void disasm_text(Disasm *d, uint64_t pc, uint32_t word, char *buf, size_t size)
{
    uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8),
                        (uint8_t)(word >> 16), (uint8_t)(word >> 24)};
    const uint8_t *at = bytes;
    size_t len = (word & 3) == 3 ? 4 : 2, left = len;
    uint64_t address = pc;
    Insn insn = insn_decode(d->decoder, word);
    if (!size) {
        return;
    }
    if (insn.code >= INSN_NUM) {
        snprintf(buf, size, len == 4 ? ".4byte 0x%08x" : ".2byte 0x%04x",
                 len == 4 ? word : word & 0xffff);
    } else if (cs_disasm_iter(d->handle, &at, &left, &address, d->insn) &&
               left == 0) {
        snprintf(buf, size, "%s%s%s", d->insn->mnemonic,
                 d->insn->op_str[0] ? " " : "", d->insn->op_str);
    } else {
        own_text(&insn, buf, size);
    }
}
