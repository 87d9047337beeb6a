/*
 * gdb_regs.c - a hart's registers as gdb sees them, and their description.
 *
 * Model    x0 to x31 and pc are what `g` gives; f0 to f31, every CSR that the
 *          hart has, and the privilege mode come one by one. All harts have the
 *          description of the first: what another one does not have is
 *          unavailable in it. Nothing is read that changes by being read.
 * Units    bytes, lowest first.
 * Source   Debugging with GDB, G.4.12 (RISC-V features).
 * Missing  vector registers, which harts do not have.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/csr_name.h"
#include "sim/gdb_private.h"

static const char *const x_names[32] = {
    "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "fp", "s1", "a0",
    "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
    "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
static const char *const f_names[32] = {
    "ft0", "ft1", "ft2",  "ft3",  "ft4", "ft5", "ft6",  "ft7",
    "fs0", "fs1", "fa0",  "fa1",  "fa2", "fa3", "fa4",  "fa5",
    "fa6", "fa7", "fs2",  "fs3",  "fs4", "fs5", "fs6",  "fs7",
    "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};

/* Of the first hart, which is described. */
static const HartIsa *isa(const Gdb *g)
{
    return &hart_config(machine_hart(g->machine, 0))->isa;
}

static unsigned bytes_of(const Gdb *g, uint64_t reg)
{
    unsigned x = isa(g)->xlen / 8;
    if (reg < GDB_REG_F0 || reg >= GDB_REG_CSR0) {
        return x;
    }
    return isa(g)->extensions & ISA_D ? 8 : 4;
}

/* False: there is no such register. */
static bool read_reg(const Gdb *g, Hart *hart, uint64_t reg, uint64_t *value)
{
    if (reg < GDB_REG_PC) {
        *value = hart_x(hart, (unsigned)reg);
    } else if (reg == GDB_REG_PC) {
        *value = hart_pc(hart);
    } else if (reg < GDB_REG_CSR0) {
        *value = hart_f(hart, (unsigned)reg - GDB_REG_F0);
        return hart_config(hart)->isa.extensions & ISA_F;
    } else if (reg < GDB_REG_PRIV) {
        return hart_read_csr(hart, (unsigned)reg - GDB_REG_CSR0, value);
    } else {
        *value = hart_privilege(hart);
    }
    return reg <= GDB_REG_PRIV;
}

static bool write_reg(const Gdb *g, Hart *hart, uint64_t reg, uint64_t value)
{
    if (reg < GDB_REG_PC) {
        hart_set_x(hart, (unsigned)reg, value);
    } else if (reg == GDB_REG_PC) {
        if (value != hart_pc(hart)) { /* going on is no jump */
            hart_set_pc(hart, value);
        }
    } else if (reg < GDB_REG_CSR0) {
        bool single = bytes_of(g, reg) == 4;
        hart_set_f(hart, (unsigned)reg - GDB_REG_F0,
                   single ? value | ~(uint64_t)UINT32_MAX : value);
        return hart_config(hart)->isa.extensions & ISA_F;
    } else if (reg < GDB_REG_PRIV) {
        return hart_write_csr(hart, (unsigned)reg - GDB_REG_CSR0, value);
    } else {
        return value <= HART_M && hart_set_privilege(hart, (unsigned)value);
    }
    return true;
}

static void to_bytes(uint64_t value, uint8_t bytes[8])
{
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint64_t from_bytes(const uint8_t *bytes, unsigned n)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < n; i++) {
        value |= (uint64_t)bytes[i] << 8 * i;
    }
    return value;
}

/* -- packets -------------------------------------------------------------- */

void gdb_read_all(Gdb *g)
{
    uint8_t bytes[8 * (GDB_REG_PC + 1)];
    const unsigned n = bytes_of(g, 0);
    for (unsigned reg = 0; reg <= GDB_REG_PC; reg++) {
        uint64_t value = 0;
        uint8_t eight[8];
        read_reg(g, gdb_hart(g), reg, &value);
        to_bytes(value, eight);
        memcpy(bytes + n * reg, eight, n);
    }
    gdb_reply_hex(g, "", bytes, n * (GDB_REG_PC + 1));
}

void gdb_write_all(Gdb *g, const char *p)
{
    uint8_t bytes[8 * (GDB_REG_PC + 1)];
    const unsigned n = bytes_of(g, 0);
    const size_t len = gdb_unhex(p, bytes, sizeof(bytes));
    if (len != (size_t)n * (GDB_REG_PC + 1)) {
        gdb_fail(g, EINVAL);
        return;
    }
    machine_debug_note(g->machine, g->packet, g->packet_len);
    for (unsigned reg = 0; reg <= GDB_REG_PC; reg++) {
        write_reg(g, gdb_hart(g), reg, from_bytes(bytes + n * reg, n));
    }
    gdb_reply(g, "OK");
}

void gdb_read_one(Gdb *g, const char *p)
{
    uint64_t reg, value = 0;
    uint8_t bytes[8];
    if (!gdb_take_hex(&p, &reg) || *p || reg > GDB_REG_PRIV) {
        gdb_fail(g, EINVAL);
        return;
    }
    if (!read_reg(g, gdb_hart(g), reg, &value)) {
        char none[17] = "xxxxxxxxxxxxxxxx";
        none[2 * bytes_of(g, reg)] = '\0';
        gdb_reply(g, none);
        return;
    }
    to_bytes(value, bytes);
    gdb_reply_hex(g, "", bytes, bytes_of(g, reg));
}

void gdb_write_one(Gdb *g, const char *p)
{
    uint64_t reg;
    uint8_t bytes[8];
    if (!gdb_take_hex(&p, &reg) || !gdb_take(&p, '=') || reg > GDB_REG_PRIV ||
        gdb_unhex(p, bytes, sizeof(bytes)) != bytes_of(g, reg)) {
        gdb_fail(g, EINVAL);
        return;
    }
    machine_debug_note(g->machine, g->packet, g->packet_len);
    if (write_reg(g, gdb_hart(g), reg, from_bytes(bytes, bytes_of(g, reg)))) {
        gdb_reply(g, "OK");
    } else {
        gdb_fail(g, EACCES);
    }
}

void gdb_expedite(const Gdb *g, const Hart *hart, char *buf, size_t size)
{
    static const unsigned regs[] = {2, 8, GDB_REG_PC};
    const unsigned n = bytes_of(g, 0);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t value =
            regs[i] == GDB_REG_PC ? hart_pc(hart) : hart_x(hart, regs[i]);
        size_t used = strlen(buf);
        used += (size_t)snprintf(buf + used, size - used, "%02x:", regs[i]);
        for (unsigned k = 0; k < n; k++) {
            used += (size_t)snprintf(buf + used, size - used, "%02x",
                                     (unsigned)(value >> 8 * k & 255));
        }
        snprintf(buf + used, size - used, ";");
    }
}

/* -- the description ------------------------------------------------------ */

static void describe_x(FILE *f, unsigned bits)
{
    fputs("<feature name=\"org.gnu.gdb.riscv.cpu\">\n", f);
    for (unsigned i = 0; i < 32; i++) {
        const char *type = i == 1             ? "code_ptr"
                           : i >= 2 && i <= 4 ? "data_ptr"
                           : i == 8           ? "data_ptr"
                                              : "int";
        fprintf(f,
                "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"/>\n",
                x_names[i], bits, type, i);
    }
    fprintf(
        f,
        "<reg name=\"pc\" bitsize=\"%u\" type=\"code_ptr\" regnum=\"%d\"/>\n"
        "</feature>\n",
        bits, GDB_REG_PC);
}

static void describe_f(FILE *f, unsigned bits)
{
    fputs("<feature name=\"org.gnu.gdb.riscv.fpu\">\n", f);
    if (bits == 64) {
        fputs("<union id=\"riscv_double\">"
              "<field name=\"float\" type=\"ieee_single\"/>"
              "<field name=\"double\" type=\"ieee_double\"/></union>\n",
              f);
    }
    for (unsigned i = 0; i < 32; i++) {
        fprintf(f,
                "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\" regnum=\"%u\"/>\n",
                f_names[i], bits, bits == 64 ? "riscv_double" : "ieee_single",
                GDB_REG_F0 + i);
    }
    fputs("</feature>\n", f);
}

static void describe_csrs(FILE *f, Hart *hart, unsigned bits)
{
    fputs("<feature name=\"org.gnu.gdb.riscv.csr\">\n", f);
    for (unsigned csr = 0; csr < 4096; csr++) {
        uint64_t value;
        char name[32];
        if (hart_read_csr(hart, csr, &value) &&
            strcmp(csr_name(csr, name, sizeof(name)), "unknown") != 0) {
            fprintf(f,
                    "<reg name=\"%s\" bitsize=\"%u\" type=\"int\" "
                    "regnum=\"%u\" group=\"csr\" save-restore=\"no\"/>\n",
                    name, bits, GDB_REG_CSR0 + csr);
        }
    }
    fprintf(f,
            "</feature>\n<feature name=\"org.gnu.gdb.riscv.virtual\">\n"
            "<reg name=\"priv\" bitsize=\"%u\" type=\"int\" regnum=\"%d\" "
            "save-restore=\"no\"/>\n</feature>\n",
            bits, GDB_REG_PRIV);
}

const char *gdb_target_xml(Gdb *g)
{
    if (g->xml) {
        return g->xml;
    }
    size_t size;
    FILE *f = open_memstream(&g->xml, &size);
    if (!f) {
        g->xml = NULL;
        return NULL;
    }
    const unsigned bits = isa(g)->xlen;
    fprintf(f,
            "<?xml version=\"1.0\"?>\n"
            "<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
            "<target>\n<architecture>riscv:rv%u</architecture>\n",
            bits);
    describe_x(f, bits);
    if (isa(g)->extensions & ISA_F) {
        describe_f(f, isa(g)->extensions & ISA_D ? 64 : 32);
    }
    describe_csrs(f, machine_hart(g->machine, 0), bits);
    fputs("</target>\n", f);
    if (fclose(f) != 0) {
        free(g->xml);
        g->xml = NULL;
    }
    return g->xml;
}
