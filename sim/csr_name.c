/*
 * csr_name.c - the names of control and status registers.
 *
 * Model    A table; families of numbered ones (pmpaddr0..63) are one row.
 * Source   The RISC-V Instruction Set Manual, Volume II (20211203), tables 2.2
 *          to 2.6, and the documents of Sstc and Smstateen.
 * Missing  the hypervisor's and vector's.
 */
#include "sim/csr_name.h"

#include <stdio.h>

typedef struct CsrFamily {
    unsigned first, count; /* count 1: the name as it is */
    const char *name;
    unsigned number; /* of the first */
    const char *suffix;
} CsrFamily;

static const CsrFamily families[] = {
    {0x001, 1, "fflags", 0, ""},       {0x002, 1, "frm", 0, ""},
    {0x003, 1, "fcsr", 0, ""},         {0x100, 1, "sstatus", 0, ""},
    {0x104, 1, "sie", 0, ""},          {0x105, 1, "stvec", 0, ""},
    {0x106, 1, "scounteren", 0, ""},   {0x10a, 1, "senvcfg", 0, ""},
    {0x10c, 4, "sstateen", 0, ""},     {0x140, 1, "sscratch", 0, ""},
    {0x141, 1, "sepc", 0, ""},         {0x142, 1, "scause", 0, ""},
    {0x143, 1, "stval", 0, ""},        {0x144, 1, "sip", 0, ""},
    {0x14d, 1, "stimecmp", 0, ""},     {0x15d, 1, "stimecmph", 0, ""},
    {0x180, 1, "satp", 0, ""},         {0x300, 1, "mstatus", 0, ""},
    {0x301, 1, "misa", 0, ""},         {0x302, 1, "medeleg", 0, ""},
    {0x303, 1, "mideleg", 0, ""},      {0x304, 1, "mie", 0, ""},
    {0x305, 1, "mtvec", 0, ""},        {0x306, 1, "mcounteren", 0, ""},
    {0x30a, 1, "menvcfg", 0, ""},      {0x30c, 4, "mstateen", 0, ""},
    {0x310, 1, "mstatush", 0, ""},     {0x31a, 1, "menvcfgh", 0, ""},
    {0x31c, 4, "mstateen", 0, "h"},    {0x320, 1, "mcountinhibit", 0, ""},
    {0x323, 29, "mhpmevent", 3, ""},   {0x340, 1, "mscratch", 0, ""},
    {0x341, 1, "mepc", 0, ""},         {0x342, 1, "mcause", 0, ""},
    {0x343, 1, "mtval", 0, ""},        {0x344, 1, "mip", 0, ""},
    {0x3a0, 16, "pmpcfg", 0, ""},      {0x3b0, 64, "pmpaddr", 0, ""},
    {0x747, 1, "mseccfg", 0, ""},      {0x757, 1, "mseccfgh", 0, ""},
    {0x7a0, 1, "tselect", 0, ""},      {0x7a1, 3, "tdata", 1, ""},
    {0xb00, 1, "mcycle", 0, ""},       {0xb02, 1, "minstret", 0, ""},
    {0xb03, 29, "mhpmcounter", 3, ""}, {0xb80, 1, "mcycleh", 0, ""},
    {0xb82, 1, "minstreth", 0, ""},    {0xb83, 29, "mhpmcounter", 3, "h"},
    {0xc00, 1, "cycle", 0, ""},        {0xc01, 1, "time", 0, ""},
    {0xc02, 1, "instret", 0, ""},      {0xc03, 29, "hpmcounter", 3, ""},
    {0xc80, 1, "cycleh", 0, ""},       {0xc81, 1, "timeh", 0, ""},
    {0xc82, 1, "instreth", 0, ""},     {0xc83, 29, "hpmcounter", 3, "h"},
    {0xf11, 1, "mvendorid", 0, ""},    {0xf12, 1, "marchid", 0, ""},
    {0xf13, 1, "mimpid", 0, ""},       {0xf14, 1, "mhartid", 0, ""},
    {0xf15, 1, "mconfigptr", 0, ""},
};

const char *csr_name(unsigned number, char *buf, size_t size)
{
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        const CsrFamily *f = &families[i];
        if (number < f->first || number - f->first >= f->count) {
            continue;
        }
        if (f->count == 1) {
            snprintf(buf, size, "%s", f->name);
        } else {
            snprintf(buf, size, "%s%u%s", f->name,
                     f->number + number - f->first, f->suffix);
        }
        return buf;
    }
    snprintf(buf, size, "unknown");
    return buf;
}
