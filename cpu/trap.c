/*
 * trap.c - how control leaves a program and comes back: exceptions, interrupts,
 * their delegation, mret and sret, and what the modes may execute.
 *
 * Model    A trap goes to M, or to S when it comes from below M and medeleg or
 *          mideleg says so. Of several interrupts those for M come first, in
 *          each mode in the order MEI MSI MTI SEI SSI STI. With Sstc
 *          the input HART_STI is the comparison with stimecmp and counts while
 *          menvcfg.STCE is set; mip.STIP is software's otherwise.
 * Units    cycles of the hart.
 * Source   The RISC-V Instruction Set Manual, Volume II (20211203), 3.1.6 to
 *          3.1.9, 3.1.15 to 3.3, 4.1; the Sstc extension, 1.0.0. mtval and
 *          stval hold an illegal instruction's word and an ebreak's address.
 *          "Semihosting for RISC-V", 0.3: the two markers.
 * Missing  Non-maskable interrupts.
 */
#include "cpu/csr_private.h"

/* -- entering a handler
 * -------------------------------------------------------------------------- */

/* The stacks of mstatus move up, to hold `from`; returns the new value. */
static uint64_t push_m(uint64_t mstatus, unsigned from)
{
    uint64_t pie = mstatus & MSTATUS_MIE ? MSTATUS_MPIE : 0;
    mstatus &= ~(MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP);
    return mstatus | pie | (uint64_t)from << 11;
}

static uint64_t push_s(uint64_t mstatus, unsigned from)
{
    uint64_t pie = mstatus & MSTATUS_SIE ? MSTATUS_SPIE : 0;
    mstatus &= ~(MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP);
    return mstatus | pie | (from ? MSTATUS_SPP : 0);
}

static void enter_handler(Hart *h, uint64_t cause, bool interrupt,
                          uint64_t tval)
{
    const uint64_t mask = xlen_mask(h);
    const uint64_t code = interrupt ? cause | (mask ^ mask >> 1) : cause;
    const uint64_t delegated = interrupt ? h->mideleg : h->medeleg;
    const uint64_t from = h->pc;
    uint64_t vector;
    if (!h->left.block) { /* else it knows better */
        hart_pipe_drop(h);
    }
    if (h->priv != HART_M && (delegated >> cause & 1)) {
        h->sepc = from;
        h->scause = code;
        h->stval = tval & mask;
        h->mstatus = push_s(h->mstatus, h->priv);
        h->priv = HART_S;
        vector = h->stvec;
    } else {
        h->mepc = from;
        h->mcause = code;
        h->mtval = tval & mask;
        h->mstatus = push_m(h->mstatus, h->priv);
        h->priv = HART_M;
        vector = h->mtvec;
    }
    uint64_t offset = interrupt && (vector & 1) ? 4 * cause : 0;
    h->pc = ((vector & ~UINT64_C(3)) + offset) & mask;
    if (!h->states) {
        h->cycle += h->config.profile->trap;
        h->pending += h->config.profile->trap;
    } else if (!h->left.block) {
        hart_pipe_trap(h, from);
    }
    h->block = NULL;
    h->jumped = true;
    hart_mode_changed(h);
}

/* -- exceptions
 * -------------------------------------------------------------------------- */

enum {
    SEMIHOSTING_BEFORE = 0x01f01013, /* slli x0, x0, 0x1f */
    SEMIHOSTING_EBREAK = 0x00100073,
    SEMIHOSTING_BEHIND = 0x40705013, /* srai x0, x0, 7 */
};

/* Is the ebreak at pc a semihosting call? */
static bool at_semihosting(Hart *h)
{
    static const uint32_t marked[] = {SEMIHOSTING_BEFORE, SEMIHOSTING_EBREAK,
                                      SEMIHOSTING_BEHIND};
    for (unsigned i = 0; i < 3; i++) {
        uint8_t b[4];
        uint64_t at = (h->pc + 4 * i - 4) & xlen_mask(h);
        if (hart_debug(h, at, b, 4, false) != 4 ||
            ((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
             (uint32_t)b[3] << 24) != marked[i]) {
            return false;
        }
    }
    return true;
}

/* The ebreak retires: it was a call of the host. */
static void call_host(Hart *h)
{
    h->data.world->now = clock_time(h->config.clock, h->cycle);
    h->config.semihosting(h->config.opaque, h);
    h->pc = (h->pc + 4) & xlen_mask(h);
    h->instret++;
    h->cycle += h->config.profile->cost[TIME_SYSTEM];
    h->pending += h->config.profile->cost[TIME_SYSTEM];
    h->block = NULL;
    h->jumped = false;
}

void hart_trap(Hart *h, uint64_t cause, uint64_t tval)
{
    if (cause == CAUSE_BREAKPOINT) {
        if (h->config.semihosting && at_semihosting(h)) {
            call_host(h);
            return;
        }
        tval = h->pc;
    }
    h->traps++;
    if (h->config.trapped) {
        h->data.world->now = clock_time(h->config.clock, h->cycle);
        h->config.trapped(h->config.opaque, h, cause, tval, h->pc);
    }
    enter_handler(h, cause, false, tval);
}

/* -- returning
 * -------------------------------------------------------------------------- */

static void return_to(Hart *h, uint64_t pc, unsigned priv, uint64_t mstatus)
{
    if (priv != HART_M) {
        mstatus &= ~MSTATUS_MPRV;
    }
    h->pc = pc;
    h->priv = (uint8_t)priv;
    h->mstatus = mstatus;
    h->block = NULL;
    h->jumped = true;
    hart_mode_changed(h);
    csr_log(h, CSR_MSTATUS); /* xret writes it */
}

void hart_mret(Hart *h)
{
    uint64_t s = h->mstatus;
    unsigned mpp = (unsigned)(s >> 11 & 3);
    uint64_t ie = s & MSTATUS_MPIE ? MSTATUS_MIE : 0;
    s &= ~(MSTATUS_MIE | MSTATUS_MPP);
    return_to(h, h->mepc, mpp, s | ie | MSTATUS_MPIE);
}

void hart_sret(Hart *h)
{
    uint64_t s = h->mstatus;
    unsigned spp = s & MSTATUS_SPP ? HART_S : HART_U;
    uint64_t ie = s & MSTATUS_SPIE ? MSTATUS_SIE : 0;
    s &= ~(MSTATUS_SIE | MSTATUS_SPP);
    return_to(h, h->sepc, spp, s | ie | MSTATUS_SPIE);
}

bool trap_may_mret(const Hart *h)
{
    return h->priv == HART_M;
}

/* In M always; in S unless mstatus has `trapped`. */
static bool supervisor_may(const Hart *h, uint64_t trapped)
{
    return hart_has(h, ISA_S) &&
           (h->priv == HART_M ||
            (h->priv == HART_S && !(h->mstatus & trapped)));
}

bool trap_may_sret(const Hart *h)
{
    return supervisor_may(h, MSTATUS_TSR);
}

bool trap_may_sfence(const Hart *h)
{
    return supervisor_may(h, MSTATUS_TVM);
}

/* With TW the time limit is 0. U mode beside S mode has no wfi: 3.3.3. */
bool trap_may_wfi(const Hart *h)
{
    return h->priv == HART_M || (!(h->mstatus & MSTATUS_TW) &&
                                 (h->priv == HART_S || !hart_has(h, ISA_S)));
}

/* -- interrupts
 * -------------------------------------------------------------------------- */

void mip_update(Hart *h)
{
    uint64_t lines = h->lines, soft = h->soft;
    if (hart_has(h, ISA_SSTC) && h->config.write_stimecmp) {
        uint64_t *ignored = h->menvcfg & ENVCFG_STCE ? &soft : &lines;
        *ignored &= ~(UINT64_C(1) << HART_STI);
    }
    h->mip = lines | soft;
    if (h->mip & h->mie) {
        hart_look_again(h);
    }
}

void hart_set_irq(void *hart, unsigned line, bool level)
{
    Hart *h = hart;
    uint64_t bit = UINT64_C(1) << (line & 63);
    h->lines = level ? h->lines | bit : h->lines & ~bit;
    mip_update(h);
}

bool trap_take_interrupt(Hart *h)
{
    static const uint8_t order[] = {HART_MEI, HART_MSI, HART_MTI,
                                    HART_SEI, HART_SSI, HART_STI};
    const uint64_t ready = h->mip & h->mie;
    uint64_t wanted = ready & ~h->mideleg;
    if (h->priv == HART_M && !(h->mstatus & MSTATUS_MIE)) {
        wanted = 0;
    }
    if (!wanted && (h->priv == HART_U ||
                    (h->priv == HART_S && (h->mstatus & MSTATUS_SIE)))) {
        wanted = ready & h->mideleg;
    }
    for (unsigned i = 0; wanted && i < sizeof(order); i++) {
        if (wanted >> order[i] & 1) {
            h->interrupts++;
            hart_wait_posted(h, POSTED_INTERRUPT);
            enter_handler(h, order[i], true, 0);
            return true;
        }
    }
    return false;
}
