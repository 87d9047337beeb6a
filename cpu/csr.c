/*
 * csr.c - control and status registers of a hart with M and U mode.
 *
 * Source   The RISC-V Instruction Set Manual, Volume II, chapters 2 and 3;
 *          Volume I, chapter 10 (counters).
 * Missing  S mode. PMP has no entries: its registers read 0. The performance
 *          counters mhpmcounter3..31 read 0 and their events are fixed at 0.
 */
#include "cpu/hart_private.h"

enum {
    CSR_CYCLE = 0xc00,
    CSR_TIME = 0xc01,
    CSR_INSTRET = 0xc02,
    CSR_CYCLEH = 0xc80,
    CSR_TIMEH = 0xc81,
    CSR_INSTRETH = 0xc82,
    CSR_MSTATUS = 0x300,
    CSR_MISA = 0x301,
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
    CSR_MHPMCOUNTER31 = 0xb1f,
    CSR_MCYCLEH = 0xb80,
    CSR_MINSTRETH = 0xb82,
    CSR_MHPMCOUNTER3H = 0xb83,
    CSR_MHPMCOUNTER31H = 0xb9f,
    CSR_MVENDORID = 0xf11,
    CSR_MCONFIGPTR = 0xf15,
    CSR_MHARTID = 0xf14,
};

/* What reading or writing happens at: for the counters. */
typedef struct CsrTime {
    uint64_t cycle, retired;
} CsrTime;

static bool is32(const Hart *h)
{
    return h->config.isa.xlen == 32;
}

static uint64_t misa(const Hart *h)
{
    uint32_t ext = h->config.isa.extensions;
    uint64_t v = 1u << ('I' - 'A') | 1u << ('U' - 'A');
    v |= ext & ISA_M ? 1u << ('M' - 'A') : 0;
    v |= ext & ISA_A ? 1u << ('A' - 'A') : 0;
    v |= ext & ISA_C ? 1u << ('C' - 'A') : 0;
    return v | (is32(h) ? UINT64_C(1) << 30 : UINT64_C(2) << 62);
}

static uint64_t mstatus_read(const Hart *h)
{
    uint64_t v = h->mstatus;
    return is32(h) ? v : v | UINT64_C(2) << 32; /* UXL: U mode is RV64 too */
}

static void mstatus_write(Hart *h, uint64_t value)
{
    uint64_t mask = MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPRV | MSTATUS_TW;
    h->mstatus = (h->mstatus & ~mask) | (value & mask);
    uint64_t mpp = value & MSTATUS_MPP;
    if (mpp == 0 ||
        mpp == MSTATUS_MPP) { /* S and the reserved value stay out */
        h->mstatus = (h->mstatus & ~(uint64_t)MSTATUS_MPP) | mpp;
    }
}

static bool read_time(const Hart *h, uint64_t *value)
{
    if (!h->config.read_time) {
        return false;
    }
    *value = h->config.read_time(h->config.opaque);
    return true;
}

static bool counter_read(const Hart *h, unsigned csr, const CsrTime *now,
                         uint64_t *value)
{
    switch (csr & 0x7f) {
    case 0: *value = now->cycle + h->cycle_bias; return true;
    case 2: *value = now->retired + h->instret_bias; return true;
    default: *value = 0; return true; /* hpmcounter3..31 */
    }
}

/* User counters 0xc00..0xc9f, gated by mcounteren in U mode. */
static bool user_counter_read(const Hart *h, unsigned csr, const CsrTime *now,
                              uint64_t *value)
{
    unsigned n = csr & 0x1f;
    bool high = csr & 0x80;
    if ((high && !is32(h)) || (h->priv == 0 && !(h->mcounteren >> n & 1))) {
        return false;
    }
    bool ok = n == 1 ? read_time(h, value) : counter_read(h, n, now, value);
    *value = high ? *value >> 32 : *value;
    return ok;
}

static bool csr_read(const Hart *h, unsigned csr, const CsrTime *now,
                     uint64_t *value)
{
    *value = 0;
    if (csr >= CSR_CYCLE && csr <= CSR_CYCLE + 0x9f && !(csr & 0x60)) {
        return user_counter_read(h, csr, now, value);
    }
    if ((csr >= CSR_MHPMEVENT3 && csr <= CSR_MHPMEVENT31) ||
        (csr >= CSR_PMPADDR0 && csr <= CSR_PMPADDR15) ||
        (csr >= CSR_MHPMCOUNTER3 && csr <= CSR_MHPMCOUNTER31)) {
        return true;
    }
    if (csr >= CSR_PMPCFG0 && csr <= CSR_PMPCFG3) {
        return is32(h) || !(csr & 1);
    }
    if (csr >= CSR_MHPMCOUNTER3H && csr <= CSR_MHPMCOUNTER31H) {
        return is32(h);
    }
    if (csr >= CSR_MVENDORID && csr <= CSR_MCONFIGPTR && csr != CSR_MHARTID) {
        return true;
    }
    switch (csr) {
    case CSR_MSTATUS: *value = mstatus_read(h); return true;
    case CSR_MISA: *value = misa(h); return true;
    case CSR_MIE: *value = h->mie; return true;
    case CSR_MTVEC: *value = h->mtvec; return true;
    case CSR_MCOUNTEREN: *value = h->mcounteren; return true;
    case CSR_MENVCFG: return true; /* FIOM is fixed at 0 */
    case CSR_MENVCFGH:
    case CSR_MSTATUSH: return is32(h);
    case CSR_MCOUNTINHIBIT: return true;
    case CSR_MSCRATCH: *value = h->mscratch; return true;
    case CSR_MEPC: *value = h->mepc; return true;
    case CSR_MCAUSE: *value = h->mcause; return true;
    case CSR_MTVAL: *value = h->mtval; return true;
    case CSR_MIP: *value = h->mip; return true;
    case CSR_MCYCLE:
    case CSR_MINSTRET: return counter_read(h, csr, now, value);
    case CSR_MCYCLEH:
    case CSR_MINSTRETH:
        counter_read(h, csr & 0x1f, now, value);
        *value >>= 32;
        return is32(h);
    case CSR_MHARTID: *value = h->config.hartid; return true;
    default: return false;
    }
}

/* Sets a counter so that the next instruction reads the value written. */
static void counter_write(Hart *h, unsigned csr, uint64_t value,
                          const CsrTime *now)
{
    bool cycle = (csr & 0x1f) == 0;
    uint64_t next = cycle ? now->cycle + h->config.profile->cost[TIME_CSR]
                          : now->retired + 1;
    uint64_t *bias = cycle ? &h->cycle_bias : &h->instret_bias;
    uint64_t old = next + *bias;
    if (is32(h)) {
        value = csr & 0x80 ? value << 32 | (old & UINT32_MAX)
                           : (old & ~(uint64_t)UINT32_MAX) | value;
    }
    *bias = value - next;
}

static void csr_write(Hart *h, unsigned csr, uint64_t value, const CsrTime *now)
{
    switch (csr) {
    case CSR_MSTATUS: mstatus_write(h, value); break;
    case CSR_MIE:
        h->mie = value & (1u << HART_MSI | 1u << HART_MTI | 1u << HART_MEI);
        break;
    case CSR_MTVEC:
        if ((value & 3) <= 1) {
            h->mtvec = value;
        }
        break;
    case CSR_MCOUNTEREN: h->mcounteren = value & UINT32_MAX; break;
    case CSR_MSCRATCH: h->mscratch = value; break;
    case CSR_MEPC: h->mepc = value & ~(h->align_mask | 1); break;
    case CSR_MCAUSE: h->mcause = value; break;
    case CSR_MTVAL: h->mtval = value; break;
    case CSR_MCYCLE:
    case CSR_MINSTRET:
    case CSR_MCYCLEH:
    case CSR_MINSTRETH: counter_write(h, csr, value, now); break;
    default: break; /* read-only zero, or WARL that keeps its value */
    }
}

bool csr_access(Hart *h, unsigned csr, CsrOp op, uint64_t operand, bool writes,
                uint64_t cycle, uint64_t retired, uint64_t *old)
{
    CsrTime now = {cycle, retired};
    bool read_only = csr >> 10 == 3;
    if (h->priv < (csr >> 8 & 3) || (writes && read_only) ||
        !(h->config.isa.extensions & ISA_ZICSR)) {
        return false;
    }
    h->data.world->now = clock_time(h->config.clock, cycle);
    if (!csr_read(h, csr, &now, old)) {
        return false;
    }
    if (is32(h)) {
        *old &= UINT32_MAX;
    }
    if (writes) {
        uint64_t value = op == CSR_SWAP  ? operand
                         : op == CSR_SET ? *old | operand
                                         : *old & ~operand;
        csr_write(h, csr, value, &now);
    }
    return true;
}

bool hart_read_csr(Hart *h, unsigned csr, uint64_t *value)
{
    CsrTime now = {h->cycle, h->instret};
    uint8_t priv = h->priv;
    h->priv = 3;
    bool ok = csr_read(h, csr, &now, value);
    h->priv = priv;
    if (ok && is32(h)) {
        *value &= UINT32_MAX;
    }
    return ok;
}
