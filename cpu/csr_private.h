/*
 * csr_private.h - what csr.c, csr_counter.c and trap.c share: the numbers.
 */
#ifndef CPU_CSR_PRIVATE_H
#define CPU_CSR_PRIVATE_H

#include "cpu/hart_private.h"

enum {
    CSR_FFLAGS = 0x001,
    CSR_FRM = 0x002,
    CSR_FCSR = 0x003,

    CSR_SSTATUS = 0x100,
    CSR_SIE = 0x104,
    CSR_STVEC = 0x105,
    CSR_SCOUNTEREN = 0x106,
    CSR_SENVCFG = 0x10a,
    CSR_SSCRATCH = 0x140,
    CSR_SEPC = 0x141,
    CSR_SCAUSE = 0x142,
    CSR_STVAL = 0x143,
    CSR_SIP = 0x144,
    CSR_STIMECMP = 0x14d,
    CSR_STIMECMPH = 0x15d,
    CSR_SATP = 0x180,

    CSR_MSTATUS = 0x300,
    CSR_MISA = 0x301,
    CSR_MEDELEG = 0x302,
    CSR_MIDELEG = 0x303,
    CSR_MIE = 0x304,
    CSR_MTVEC = 0x305,
    CSR_MCOUNTEREN = 0x306,
    CSR_MENVCFG = 0x30a,
    CSR_MSTATUSH = 0x310,
    CSR_MENVCFGH = 0x31a,
    CSR_MCOUNTINHIBIT = 0x320,
    CSR_MHPMEVENT3 = 0x323,
    CSR_MHPMEVENT31 = 0x33f,
    CSR_MSCRATCH = 0x340,
    CSR_MEPC = 0x341,
    CSR_MCAUSE = 0x342,
    CSR_MTVAL = 0x343,
    CSR_MIP = 0x344,
    CSR_PMPCFG0 = 0x3a0,
    CSR_PMPCFG3 = 0x3a3,
    CSR_PMPADDR0 = 0x3b0,
    CSR_PMPADDR15 = 0x3bf,

    CSR_MCYCLE = 0xb00,
    CSR_MINSTRET = 0xb02,
    CSR_MHPMCOUNTER3 = 0xb03,
    CSR_MCYCLEH = 0xb80,
    CSR_MINSTRETH = 0xb82,
    CSR_CYCLE = 0xc00,
    CSR_TIME = 0xc01,
    CSR_CYCLEH = 0xc80,
    CSR_HPMCOUNTER31H = 0xc9f,

    CSR_MVENDORID = 0xf11,
    CSR_MHARTID = 0xf14,
    CSR_MCONFIGPTR = 0xf15,
};

/* What reading or writing happens at. */
typedef struct CsrTime {
    uint64_t cycle, retired;
} CsrTime;

/* 0xb00.., 0xc00..: false: no such counter. Values are XLEN wide. */
bool csr_counter_read(const Hart *h, unsigned csr, const CsrTime *now,
                      uint64_t *value);
void csr_counter_write(Hart *h, unsigned csr, uint64_t value,
                       const CsrTime *now);
/* May the current mode read the counter 0xc00..0xc9f? */
bool csr_counter_permitted(const Hart *h, unsigned csr);
void csr_counter_inhibit(Hart *h, uint64_t value, const CsrTime *now);

/* Writes a register that there is. */
void csr_write(Hart *h, unsigned csr, uint64_t value, const CsrTime *now);

/* For the commit log: the current instruction wrote this CSR. */
void csr_log(Hart *h, unsigned csr);

/* old with the half that `csr` (a low or a high one) names replaced, on RV32;
 * value on RV64. */
static inline uint64_t csr_merge(const Hart *h, bool high, uint64_t old,
                                 uint64_t value)
{
    if (!hart_is32(h)) {
        return value;
    }
    return high ? value << 32 | (old & UINT32_MAX)
                : (old & ~(uint64_t)UINT32_MAX) | value;
}

#endif
