/*
 * csr.c - control and status registers of M, S and U mode.
 *
 * Model    A register exists or traps, by the extensions of the hart. WARL
 *          fields keep their value when a value they cannot hold is written,
 *          satp as a whole when its mode is not one of the hart's; satp keeps
 *          all its ASID bits. xcause hold what is written. A write that cannot
 *          change how the next instruction runs lets the interpreter go on.
 * Source   The RISC-V Instruction Set Manual, Volume II (20211203), chapters 2
 *          to 4; Volume I (20191213), chapters 9 to 11; Sstc 1.0.0, Svadu
 *          1.0, the CMO extensions 1.0 (Zicboz).
 * Missing  Performance events: mhpmevent3..31 are fixed at 0. FIOM is kept and
 *          means nothing, because every fence here orders everything.
 */
#include "cpu/csr_private.h"

#define MIP_BIT(n) (UINT64_C(1) << (n))
#define MIP_MACHINE (MIP_BIT(HART_MSI) | MIP_BIT(HART_MTI) | MIP_BIT(HART_MEI))
#define MIP_SUPERVISOR                                                         \
    (MIP_BIT(HART_SSI) | MIP_BIT(HART_STI) | MIP_BIT(HART_SEI))

/* What S mode sees of mstatus: SIE SPIE UBE SPP VS FS XS SUM MXR UXL. */
#define SSTATUS_MASK                                                           \
    (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM |     \
     MSTATUS_MXR | UINT64_C(3) << 32)
#define MSTATUS_UXL_64 (UINT64_C(2) << 32)
#define MSTATUS_SXL_64 (UINT64_C(2) << 34)

/* Every cause there is but the environment call from M mode. */
#define MEDELEG_MASK                                                           \
    (UINT64_C(0x3ff) | UINT64_C(1) << CAUSE_FETCH_PAGE |                       \
     UINT64_C(1) << CAUSE_LOAD_PAGE | UINT64_C(1) << CAUSE_STORE_PAGE)

static bool has_pages(const Hart *h)
{
    return hart_has(h, ISA_S) && h->config.mmu != HART_MMU_BARE;
}

static bool has_stimecmp(const Hart *h)
{
    return hart_has(h, ISA_S | ISA_SSTC) && h->config.write_stimecmp;
}

void csr_reset(Hart *h)
{
    h->mstatus = h->mtvec = h->mscratch = h->mepc = h->mcause = h->mtval = 0;
    h->medeleg = h->mideleg = h->mcounteren = h->mcountinhibit = 0;
    h->stvec = h->sscratch = h->sepc = h->scause = h->stval = 0;
    h->scounteren = h->senvcfg = h->satp = h->mie = h->soft = 0;
    h->fflags = h->frm = 0;
    h->stimecmp = UINT64_MAX; /* as soc/clint.c after its reset */
    h->menvcfg =
        hart_has(h, ISA_SVADU) && h->config.hardware_ad ? ENVCFG_ADUE : 0;
    mip_update(h);
}

/* -- fields
 * -------------------------------------------------------------------------- */

/* The next instruction may not come at all: an interrupt may. */
static void interrupts_changed(Hart *h)
{
    if (h->mip & h->mie) {
        hart_look_again(h);
    }
}

static uint64_t misa_read(const Hart *h)
{
    static const struct {
        uint64_t isa;
        char letter;
    } letters[] = {{ISA_M, 'M'}, {ISA_A, 'A'}, {ISA_F, 'F'},
                   {ISA_D, 'D'}, {ISA_C, 'C'}, {ISA_S, 'S'}};
    uint64_t v = 1u << ('I' - 'A') | 1u << ('U' - 'A');
    for (unsigned i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (hart_has(h, letters[i].isa)) {
            v |= 1u << (letters[i].letter - 'A');
        }
    }
    return v | (hart_is32(h) ? UINT64_C(1) << 30 : UINT64_C(2) << 62);
}

static uint64_t mstatus_read(const Hart *h)
{
    uint64_t v = h->mstatus;
    if ((v & MSTATUS_FS) == MSTATUS_FS) {
        v |= UINT64_C(1) << (hart_is32(h) ? 31 : 63); /* SD */
    }
    if (hart_is32(h)) {
        return v;
    }
    return v | MSTATUS_UXL_64 | (hart_has(h, ISA_S) ? MSTATUS_SXL_64 : 0);
}

static uint64_t sstatus_read(const Hart *h)
{
    uint64_t sd = UINT64_C(1) << (hart_is32(h) ? 31 : 63);
    return mstatus_read(h) & (SSTATUS_MASK | sd);
}

/* Makes the interpreter see what mstatus has become. */
static void mstatus_changed(Hart *h, uint64_t old)
{
    const uint64_t changed = old ^ h->mstatus;
    uint64_t moves = MSTATUS_MPRV | MSTATUS_SUM;
    moves |= h->mstatus & MSTATUS_MPRV ? MSTATUS_MPP : 0;
    if (changed & moves) {
        hart_mode_changed(h);
    }
    if (changed & MSTATUS_MXR) {
        tlb_flush(h);
    }
    if (changed & h->mstatus & (MSTATUS_MIE | MSTATUS_SIE)) {
        interrupts_changed(h);
    }
}

/* Writes the fields of `mask` that this hart has. */
static void mstatus_write(Hart *h, uint64_t value, uint64_t mask)
{
    uint64_t fields = MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPRV | MSTATUS_TW;
    if (hart_has(h, ISA_S)) {
        fields |= MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_MXR |
                  MSTATUS_TVM | MSTATUS_TSR;
    }
    fields |= has_pages(h) ? MSTATUS_SUM : 0;
    fields |= hart_has(h, ISA_F) ? MSTATUS_FS : 0;
    const uint64_t mpp = value >> 11 & 3;
    if (mpp == HART_U || mpp == HART_M ||
        (mpp == HART_S && hart_has(h, ISA_S))) {
        fields |= MSTATUS_MPP;
    }
    fields &= mask;
    const uint64_t old = h->mstatus;
    h->mstatus = (old & ~fields) | (value & fields);
    mstatus_changed(h, old);
}

static uint64_t mie_mask(const Hart *h)
{
    return MIP_MACHINE | (hart_has(h, ISA_S) ? MIP_SUPERVISOR : 0);
}

static void mie_write(Hart *h, uint64_t value, uint64_t mask)
{
    mask &= mie_mask(h);
    h->mie = (h->mie & ~mask) | (value & mask);
    interrupts_changed(h);
}

/* Of mip software writes SSIP, SEIP (its own, beside the input), and STIP while
 * it is not the comparison with stimecmp. */
static void mip_write(Hart *h, uint64_t value, uint64_t mask)
{
    uint64_t fields = hart_has(h, ISA_S) ? MIP_SUPERVISOR : 0;
    if (h->menvcfg & ENVCFG_STCE) {
        fields &= ~MIP_BIT(HART_STI);
    }
    fields &= mask;
    h->soft = (h->soft & ~fields) | (value & fields);
    mip_update(h);
}

static void tvec_write(uint64_t *tvec, uint64_t value)
{
    if ((value & 3) <= 1) { /* direct, vectored */
        *tvec = value;
    }
}

static uint64_t epc_legal(const Hart *h, uint64_t value)
{
    return value & ~(h->align_mask | 1);
}

static void menvcfg_write(Hart *h, uint64_t value)
{
    uint64_t fields = has_pages(h) ? ENVCFG_FIOM : 0;
    fields |= hart_has(h, ISA_ZICBOZ) ? ENVCFG_CBZE : 0;
    fields |= hart_has(h, ISA_SVADU) ? ENVCFG_ADUE : 0;
    fields |= has_stimecmp(h) ? ENVCFG_STCE : 0;
    h->menvcfg = value & fields;
    mip_update(h);
}

static void senvcfg_write(Hart *h, uint64_t value)
{
    uint64_t fields = has_pages(h) ? ENVCFG_FIOM : 0;
    fields |= hart_has(h, ISA_ZICBOZ) ? ENVCFG_CBZE : 0;
    h->senvcfg = value & fields;
}

static void satp_write(Hart *h, uint64_t value)
{
    if (value == h->satp || !mmu_has_mode(h, value)) {
        return;
    }
    const bool paged = h->paged;
    h->satp = value;
    hart_mode_changed(h);
    if (paged != h->paged) {
        space_flush(h);
    } else if (paged) {
        tlb_set_satp(h);
    }
}

static void stimecmp_write(Hart *h, uint64_t value, const CsrTime *now)
{
    h->stimecmp = value;
    h->data.world->now = clock_time(h->config.clock, now->cycle);
    h->config.write_stimecmp(h->config.opaque, h, value);
}

/* -- reading
 * -------------------------------------------------------------------------- */

static bool float_read(const Hart *h, unsigned csr, uint64_t *value)
{
    if (!hart_has(h, ISA_F)) {
        return false;
    }
    switch (csr) {
    case CSR_FFLAGS: *value = h->fflags; return true;
    case CSR_FRM: *value = h->frm; return true;
    case CSR_FCSR: *value = (uint64_t)h->frm << 5 | h->fflags; return true;
    default: return false;
    }
}

static bool supervisor_read(const Hart *h, unsigned csr, uint64_t *value)
{
    if (!hart_has(h, ISA_S)) {
        return false;
    }
    switch (csr) {
    case CSR_SSTATUS: *value = sstatus_read(h); return true;
    case CSR_SIE: *value = h->mie & h->mideleg; return true;
    case CSR_STVEC: *value = h->stvec; return true;
    case CSR_SCOUNTEREN: *value = h->scounteren; return true;
    case CSR_SENVCFG: *value = h->senvcfg; return true;
    case CSR_SSCRATCH: *value = h->sscratch; return true;
    case CSR_SEPC: *value = h->sepc; return true;
    case CSR_SCAUSE: *value = h->scause; return true;
    case CSR_STVAL: *value = h->stval; return true;
    case CSR_SIP: *value = h->mip & h->mideleg; return true;
    case CSR_STIMECMP: *value = h->stimecmp; return has_stimecmp(h);
    case CSR_STIMECMPH:
        *value = h->stimecmp >> 32;
        return has_stimecmp(h) && hart_is32(h);
    case CSR_SATP: *value = h->satp; return true;
    default: return false;
    }
}

static bool is_pmp(unsigned csr)
{
    return (csr >= CSR_PMPCFG0 && csr <= CSR_PMPCFG3) ||
           (csr >= CSR_PMPADDR0 && csr <= CSR_PMPADDR15);
}

/* mhpmevent, pmpcfg, pmpaddr. */
static bool machine_array_read(const Hart *h, unsigned csr, uint64_t *value)
{
    if (csr >= CSR_MHPMEVENT3 && csr <= CSR_MHPMEVENT31) {
        *value = 0;
        return true;
    }
    bool odd_config = csr <= CSR_PMPCFG3 && (csr & 1);
    if (!is_pmp(csr) || !h->config.pmp_entries ||
        (odd_config && !hart_is32(h))) {
        return false;
    }
    *value = pmp_read(h, csr);
    return true;
}

static bool machine_read(const Hart *h, unsigned csr, uint64_t *value)
{
    switch (csr) {
    case CSR_MSTATUS: *value = mstatus_read(h); return true;
    case CSR_MISA: *value = misa_read(h); return true;
    case CSR_MEDELEG: *value = h->medeleg; return hart_has(h, ISA_S);
    case CSR_MIDELEG: *value = h->mideleg; return hart_has(h, ISA_S);
    case CSR_MIE: *value = h->mie; return true;
    case CSR_MTVEC: *value = h->mtvec; return true;
    case CSR_MCOUNTEREN: *value = h->mcounteren; return true;
    case CSR_MENVCFG: *value = h->menvcfg; return true;
    case CSR_MENVCFGH: *value = h->menvcfg >> 32; return hart_is32(h);
    case CSR_MSTATUSH: *value = 0; return hart_is32(h);
    case CSR_MCOUNTINHIBIT: *value = h->mcountinhibit; return true;
    case CSR_MSCRATCH: *value = h->mscratch; return true;
    case CSR_MEPC: *value = h->mepc; return true;
    case CSR_MCAUSE: *value = h->mcause; return true;
    case CSR_MTVAL: *value = h->mtval; return true;
    case CSR_MIP: *value = h->mip; return true;
    default: return machine_array_read(h, csr, value);
    }
}

/* False: there is no such register. */
static bool csr_read(const Hart *h, unsigned csr, const CsrTime *now,
                     uint64_t *value)
{
    bool there = false;
    *value = 0;
    switch (csr >> 8) {
    case 0x0: there = float_read(h, csr, value); break;
    case 0x1: there = supervisor_read(h, csr, value); break;
    case 0x3: there = machine_read(h, csr, value); break;
    case 0xb:
    case 0xc: there = csr_counter_read(h, csr, now, value); break;
    case 0xf:
        *value = csr == CSR_MHARTID ? h->config.hartid : 0;
        there = csr >= CSR_MVENDORID && csr <= CSR_MCONFIGPTR;
        break;
    default: break;
    }
    *value &= xlen_mask(h);
    return there;
}

/* -- writing
 * -------------------------------------------------------------------------- */

static void float_write(Hart *h, unsigned csr, uint64_t value)
{
    if (csr != CSR_FRM) {
        h->fflags = value & 31;
    }
    if (csr != CSR_FFLAGS) {
        h->frm = (csr == CSR_FCSR ? value >> 5 : value) & 7;
    }
    h->mstatus |= MSTATUS_FS;
}

static void supervisor_write(Hart *h, unsigned csr, uint64_t value,
                             const CsrTime *now)
{
    switch (csr) {
    case CSR_SSTATUS: mstatus_write(h, value, SSTATUS_MASK); break;
    case CSR_SIE: mie_write(h, value, h->mideleg); break;
    case CSR_STVEC: tvec_write(&h->stvec, value); break;
    case CSR_SCOUNTEREN: h->scounteren = value & UINT32_MAX; break;
    case CSR_SENVCFG: senvcfg_write(h, value); break;
    case CSR_SSCRATCH: h->sscratch = value; break;
    case CSR_SEPC: h->sepc = epc_legal(h, value); break;
    case CSR_SCAUSE: h->scause = value; break;
    case CSR_STVAL: h->stval = value; break;
    case CSR_SIP: mip_write(h, value, h->mideleg & MIP_BIT(HART_SSI)); break;
    case CSR_STIMECMP:
    case CSR_STIMECMPH:
        value = csr_merge(h, csr == CSR_STIMECMPH, h->stimecmp, value);
        stimecmp_write(h, value, now);
        break;
    case CSR_SATP: satp_write(h, value); break;
    default: break;
    }
}

static void machine_write(Hart *h, unsigned csr, uint64_t value,
                          const CsrTime *now)
{
    switch (csr) {
    case CSR_MSTATUS: mstatus_write(h, value, UINT64_MAX); break;
    case CSR_MEDELEG: h->medeleg = value & MEDELEG_MASK; break;
    case CSR_MIDELEG:
        h->mideleg = value & MIP_SUPERVISOR;
        interrupts_changed(h);
        break;
    case CSR_MIE: mie_write(h, value, UINT64_MAX); break;
    case CSR_MTVEC: tvec_write(&h->mtvec, value); break;
    case CSR_MCOUNTEREN: h->mcounteren = value & UINT32_MAX; break;
    case CSR_MENVCFG:
    case CSR_MENVCFGH:
        menvcfg_write(h, csr_merge(h, csr == CSR_MENVCFGH, h->menvcfg, value));
        break;
    case CSR_MCOUNTINHIBIT: csr_counter_inhibit(h, value, now); break;
    case CSR_MSCRATCH: h->mscratch = value; break;
    case CSR_MEPC: h->mepc = epc_legal(h, value); break;
    case CSR_MCAUSE: h->mcause = value; break;
    case CSR_MTVAL: h->mtval = value; break;
    case CSR_MIP: mip_write(h, value, UINT64_MAX); break;
    default:
        if (is_pmp(csr) && pmp_write(h, csr, value)) {
            hart_mode_changed(h);
            space_flush(h);
        }
    }
}

void csr_write(Hart *h, unsigned csr, uint64_t value, const CsrTime *now)
{
    switch (csr >> 8) {
    case 0x0: float_write(h, csr, value); break;
    case 0x1: supervisor_write(h, csr, value, now); break;
    case 0x3: machine_write(h, csr, value, now); break;
    case 0xb: csr_counter_write(h, csr, value, now); break;
    default: break;
    }
}

/* -- the commit log, with the names Spike gives to what a write changes
 * -------------------------------------------------------------------------- */

void csr_log(Hart *h, unsigned csr)
{
    HartCommit *c = &h->commit;
    uint64_t value;
    if (h->config.commit && c->csrs < 3 && hart_read_csr(h, csr, &value)) {
        c->csr[c->csrs].number = (uint16_t)csr;
        c->csr[c->csrs++].value = value;
    }
}

/* A view of another register is logged as that one; what is fixed at 0 is
 * not. `status`: mstatus before the write. */
static void log_write(Hart *h, unsigned csr, uint64_t status)
{
    switch (csr) {
    case CSR_SSTATUS: csr_log(h, CSR_MSTATUS); return;
    case CSR_SIE: csr_log(h, CSR_MIE); return;
    case CSR_SIP: csr_log(h, CSR_MIP); return;
    case CSR_FCSR:
        csr_log(h, CSR_FFLAGS);
        csr_log(h, CSR_FRM);
        break;
    default:
        if ((csr >= CSR_MHPMEVENT3 && csr <= CSR_MHPMEVENT31) ||
            (csr >> 8 == 0xb && (csr & 0x1f) >= 3)) {
            return;
        }
        csr_log(h, csr);
    }
    if (csr <= CSR_FCSR && status != h->mstatus) {
        csr_log(h, CSR_MSTATUS);
    }
}

/* -- instructions
 * -------------------------------------------------------------------------- */

/* May the current mode name the register, if there is one? */
static bool csr_permitted(const Hart *h, unsigned csr)
{
    if (h->priv < (csr >> 8 & 3)) {
        return false;
    }
    if (csr <= CSR_FCSR) {
        return h->mstatus & MSTATUS_FS;
    }
    if (h->priv == HART_M) {
        return true;
    }
    if (csr >= CSR_CYCLE && csr <= CSR_HPMCOUNTER31H) {
        return csr_counter_permitted(h, csr);
    }
    if (csr == CSR_SATP) {
        return !(h->mstatus & MSTATUS_TVM);
    }
    if (csr == CSR_STIMECMP || csr == CSR_STIMECMPH) {
        return (h->menvcfg & ENVCFG_STCE) && csr_counter_permitted(h, CSR_TIME);
    }
    return true;
}

/* What set and clear start from: not the input that reads as SEIP too. */
static uint64_t modified(const Hart *h, unsigned csr, uint64_t old)
{
    const uint64_t seip = MIP_BIT(HART_SEI);
    return csr == CSR_MIP ? (old & ~seip) | (h->soft & seip) : old;
}

bool csr_access(Hart *h, unsigned csr, CsrOp op, uint64_t operand, bool writes,
                uint64_t cycle, uint64_t retired, uint64_t *old)
{
    const CsrTime now = {cycle, retired};
    const bool read_only = csr >> 10 == 3;
    if (!hart_has(h, ISA_ZICSR) || (writes && read_only) ||
        !csr_permitted(h, csr) || !csr_read(h, csr, &now, old)) {
        return false;
    }
    if (writes) {
        const uint64_t base = modified(h, csr, *old);
        const uint64_t status = h->mstatus;
        uint64_t value = op == CSR_SWAP  ? operand
                         : op == CSR_SET ? base | operand
                                         : base & ~operand;
        csr_write(h, csr, value, &now);
        if (h->config.commit) {
            log_write(h, csr, status);
        }
    }
    return true;
}

bool hart_read_csr(Hart *h, unsigned csr, uint64_t *value)
{
    const CsrTime now = {h->cycle, h->instret};
    const uint64_t kept = h->data.world->now;
    bool there = csr < 0x1000 && csr_read(h, csr, &now, value);
    h->data.world->now = kept;
    return there;
}

/* Zicboz: each mode is let by those above it. */
bool csr_may_zero(const Hart *h)
{
    bool by_m = h->menvcfg & ENVCFG_CBZE;
    bool by_s = !hart_has(h, ISA_S) || (h->senvcfg & ENVCFG_CBZE);
    return h->priv == HART_M || (by_m && (h->priv == HART_S || by_s));
}
