/*
 * hart.c - a hart's life, its run loop, traps, and the slow way into memory.
 *
 * Model    hart_run() alternates between blocks at full speed (exec32, exec64)
 *          and, near the horizon or while another initiator is on the bus,
 *          single instructions whose every access is a port call. Both give the
 *          same cycles, counts and records. Interrupts are taken between
 *          instructions, highest first: external, software, timer.
 * Units    cycles of config.clock.
 * Source   see cpu/hart.h.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/hart_private.h"

/* -- life
 * ------------------------------------------------------------------------- */

static void ports_changed(void *opaque, hwaddr first, hwaddr last)
{
    Hart *h = opaque;
    h->flush = true;
    hart_look_again(h);
}

static bool ports_init(Hart *h, Error **errp)
{
    const HartConfig *c = &h->config;
    if (!port_init(&h->fetch, c->fetch_as, c->name, c->clock, c->fetch_timing,
                   true, errp) ||
        !port_init(&h->data, c->data_as, c->name, c->clock, c->data_timing,
                   true, errp)) {
        return false;
    }
    h->fetch.invalidated = ports_changed;
    h->fetch.code_written = block_code_written;
    h->fetch.fold = blocks_fold;
    h->fetch.opaque = h;
    h->fetch.priority = h->data.priority = c->priority;
    h->fetch.slow = h->data.slow = !c->fast;
    return true;
}

static bool tables_init(Hart *h, Error **errp)
{
    size_t entries = PORT_ENTRIES * sizeof(PortEntry);
    h->decoder = insn_decoder_new(&h->config.isa);
    h->pool = aligned_alloc(64, BLOCK_POOL);
    h->hash = calloc(BLOCK_HASH, sizeof(Block *));
    h->page = calloc(CODE_PAGES, sizeof(Block *));
    h->closed = aligned_alloc(64, entries);
    h->scratch = malloc(sizeof(Block) + 2 * sizeof(Op));
    if (!h->scratch || !h->decoder || !h->pool || !h->hash || !h->page ||
        !h->closed) {
        return error_set(errp, "no memory for hart %s", h->config.name);
    }
    memset(h->closed, 0, entries);
    for (unsigned i = 0; i < PORT_ENTRIES; i++) {
        h->closed[i].read_tag = h->closed[i].write_tag = PORT_NO_TAG;
    }
    return true;
}

Hart *hart_new(const HartConfig *config, Error **errp)
{
    Hart *h = aligned_alloc(64, (sizeof(*h) + 63) & ~(size_t)63);
    if (!h) {
        error_set(errp, "no memory for hart %s", config->name);
        return NULL;
    }
    memset(h, 0, sizeof(*h));
    h->config = *config;
    h->limit = UINT64_MAX;
    h->misaligned = (uint8_t)config->misaligned;
    h->align_mask = config->isa.extensions & ISA_C ? 0 : 2;
    if (!ports_init(h, errp) || !tables_init(h, errp)) {
        hart_free(h);
        return NULL;
    }
    hart_reset(h);
    return h;
}

void hart_free(Hart *h)
{
    if (!h) {
        return;
    }
    if (h->hash && h->pool && h->page) {
        blocks_flush(h);
    }
    port_fini(&h->data);
    port_fini(&h->fetch);
    insn_decoder_free(h->decoder);
    free(h->pool);
    free(h->hash);
    free(h->page);
    free(h->closed);
    free(h->scratch);
    free(h->total);
    free(h);
}

void hart_reset(Hart *h)
{
    memset(&h->x, 0, sizeof(h->x));
    h->pc = h->config.reset_pc;
    h->priv = 3;
    h->mstatus = h->mie = h->mtvec = h->mscratch = 0;
    h->mepc = h->mcause = h->mtval = h->mcounteren = 0;
    h->asleep = false;
    h->block = NULL;
    h->jumped = true;
    h->flush = true;
    h->data.reservation.block = NULL;
}

/* -- traps
 * ---------------------------------------------------------------------------
 */

static uint64_t xmask(const Hart *h)
{
    return h->config.isa.xlen == 32 ? UINT32_MAX : UINT64_MAX;
}

static void enter_handler(Hart *h, uint64_t cause, bool interrupt,
                          uint64_t tval)
{
    uint64_t top = UINT64_C(1) << (h->config.isa.xlen - 1);
    h->mepc = h->pc;
    h->mcause = interrupt ? top | cause : cause;
    h->mtval = tval & xmask(h);
    uint64_t pie = h->mstatus & MSTATUS_MIE ? MSTATUS_MPIE : 0;
    uint64_t mpp = h->priv == 3 ? MSTATUS_MPP : 0;
    h->mstatus &= ~(uint64_t)(MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP);
    h->mstatus |= pie | mpp;
    h->priv = 3;
    h->pc = h->mtvec & ~UINT64_C(3);
    if (interrupt && (h->mtvec & 1)) {
        h->pc = (h->pc + 4 * cause) & xmask(h);
    }
    h->cycle += h->config.profile->trap;
    h->pending += h->config.profile->trap;
    h->block = NULL;
    h->jumped = true;
}

void hart_trap(Hart *h, uint64_t cause, uint64_t tval)
{
    h->traps++;
    if (h->config.trapped) {
        h->data.world->now = clock_time(h->config.clock, h->cycle);
        h->config.trapped(h->config.opaque, h, cause, tval, h->pc);
    }
    enter_handler(h, cause, false, tval);
}

void hart_mret(Hart *h)
{
    h->pc = h->mepc;
    h->priv = (h->mstatus & MSTATUS_MPP) == MSTATUS_MPP ? 3 : 0;
    uint64_t ie = h->mstatus & MSTATUS_MPIE ? MSTATUS_MIE : 0;
    h->mstatus &= ~(uint64_t)(MSTATUS_MIE | MSTATUS_MPP);
    h->mstatus |= ie | MSTATUS_MPIE;
    if (h->priv != 3) {
        h->mstatus &= ~(uint64_t)MSTATUS_MPRV;
    }
    h->jumped = true;
}

static bool interrupts_on(const Hart *h)
{
    return h->priv < 3 || (h->mstatus & MSTATUS_MIE);
}

static void take_interrupt(Hart *h, uint64_t ready)
{
    static const uint8_t order[] = {HART_MEI, HART_MSI, HART_MTI};
    for (unsigned i = 0; i < sizeof(order); i++) {
        if (ready >> order[i] & 1) {
            h->interrupts++;
            enter_handler(h, order[i], true, 0);
            return;
        }
    }
}

void hart_set_irq(void *hart, unsigned line, bool level)
{
    Hart *h = hart;
    uint64_t bit = UINT64_C(1) << (line & 63);
    h->mip = level ? h->mip | bit : h->mip & ~bit;
    hart_look_again(h);
}

/* -- the slow way into memory
 * ----------------------------------------------------------- */

/* The mode in which a load or store is checked. */
static unsigned data_privilege(const Hart *h)
{
    if (h->mstatus & MSTATUS_MPRV) {
        return (h->mstatus & MSTATUS_MPP) == MSTATUS_MPP ? 3 : 0;
    }
    return h->priv;
}

static PortTx tx_at(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                    AccessKind kind)
{
    unsigned priv = kind == ACCESS_FETCH ? h->priv : data_privilege(h);
    return (PortTx){
        .addr = va,
        .va = va,
        .pc = pc,
        .issue = clock_time(h->config.clock, cycle),
        .attrs = {.user = priv == 0,
                  .requester_id = (unsigned)h->config.hartid & 0xffff},
        .kind = (uint8_t)kind};
}

/* What an access beyond its first cycle costs, and what failing means. */
static SlowAccess slow_end(Hart *h, const PortTx *tx, uint64_t value,
                           uint64_t fault_cause)
{
    uint64_t total = tx->wait + tx->bus + tx->target;
    uint64_t extra = total > 1 ? total - 1 : 0;
    if (h->worst_extra != h->data.worst_extra) {
        hart_look_again(h); /* blocks must learn it before they run on */
    }
    return (SlowAccess){.value = value,
                        .extra =
                            extra < UINT32_MAX ? (uint32_t)extra : UINT32_MAX,
                        .fault = tx->result != MEMTX_OK,
                        .cause = fault_cause,
                        .tval = tx->va};
}

static SlowAccess misaligned_trap(uint64_t va, uint64_t cause)
{
    return (SlowAccess){.fault = true, .cause = cause, .tval = va};
}

/* Opens the page for direct access next time, if this is the fast mode. */
static void open_page(Hart *h, uint64_t va, bool is_write)
{
    if (h->config.fast) {
        port_open(&h->data, va, va, is_write);
    }
}

SlowAccess hart_slow_load(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                          unsigned size)
{
    if ((va & (size - 1)) && h->misaligned == HART_TRAP) {
        return misaligned_trap(va, CAUSE_LOAD_MISALIGNED);
    }
    PortTx tx = tx_at(h, pc, cycle, va, ACCESS_LOAD);
    uint64_t value = port_load(&h->data, &tx, size);
    open_page(h, va, false);
    return slow_end(h, &tx, value, CAUSE_LOAD_FAULT);
}

SlowAccess hart_slow_store(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                           unsigned size, uint64_t value)
{
    if ((va & (size - 1)) && h->misaligned == HART_TRAP) {
        return misaligned_trap(va, CAUSE_STORE_MISALIGNED);
    }
    PortTx tx = tx_at(h, pc, cycle, va, ACCESS_STORE);
    port_store(&h->data, &tx, size, value);
    open_page(h, va, true);
    return slow_end(h, &tx, 0, CAUSE_STORE_FAULT);
}

SlowAccess hart_slow_amo(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                         unsigned size, PortAmo *fn, uint64_t operand)
{
    if (va & (size - 1)) {
        return misaligned_trap(va, CAUSE_STORE_MISALIGNED);
    }
    PortTx tx = tx_at(h, pc, cycle, va, ACCESS_AMO);
    uint64_t old = port_amo(&h->data, &tx, size, fn, operand);
    return slow_end(h, &tx, old, CAUSE_STORE_FAULT);
}

SlowAccess hart_slow_lr(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                        unsigned size)
{
    if (va & (size - 1)) {
        return misaligned_trap(va, CAUSE_LOAD_MISALIGNED);
    }
    PortTx tx = tx_at(h, pc, cycle, va, ACCESS_AMO);
    uint64_t value = port_load_reserved(&h->data, &tx, size);
    return slow_end(h, &tx, value, CAUSE_LOAD_FAULT);
}

SlowAccess hart_slow_sc(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                        unsigned size, uint64_t value)
{
    if (va & (size - 1)) {
        return misaligned_trap(va, CAUSE_STORE_MISALIGNED);
    }
    PortTx tx = tx_at(h, pc, cycle, va, ACCESS_AMO);
    bool stored = port_store_conditional(&h->data, &tx, size, value);
    SlowAccess slow = slow_end(h, &tx, 0, CAUSE_STORE_FAULT);
    slow.stored = stored;
    return slow;
}

/* The failing fetch is a transaction too, unless a device is there: code cannot
 * be fetched from one, so the hart does not ask it. */
void hart_fetch_failed(Hart *h, uint64_t pc, uint64_t cycle)
{
    pc &= xmask(h);
    if (port_place(&h->fetch, pc, 0)->mr) {
        return;
    }
    PortTx tx = tx_at(h, pc, cycle, pc, ACCESS_FETCH);
    port_load(&h->fetch, &tx, 2);
}

/* -- running
 * ------------------------------------------------------------------------------
 */

static HartExec *exec_of(const Hart *h)
{
    bool observed = h->data.world->recorder != NULL;
    if (h->config.isa.xlen == 32) {
        return observed ? exec32_observed : exec32;
    }
    return observed ? exec64_observed : exec64;
}

/* Finds the block of pc. */
static void find_position(Hart *h)
{
    if (!h->block) {
        h->block = block_find(h, h->pc);
        h->index = 0;
        if (!h->block) { /* no room: all others go */
            blocks_flush(h);
            h->block = block_find(h, h->pc);
        }
        if (h->jumped) {
            h->cycle += h->block->jump_extra;
            h->fetch_stall += h->block->jump_extra;
            h->pending += h->block->jump_extra;
            h->jumped = false;
        }
    }
    h->block->spent += h->pending;
    h->pending = 0;
}

/* Executes the one instruction at the position. */
static void run_one(Hart *h, HartExec *exec)
{
    Block *b = h->block;
    unsigned i = h->index;
    const Op *o = &b->op[i];
    Block *s = h->scratch;
    MemoryRecorder *rec = h->data.world->recorder;
    if (rec && !b->fetch_site) {
        block_fetch_site(h, b);
    }
    *s = (Block){.pc = b->pc,
                 .count = i + 1,
                 .cycles = b->cycles,
                 .lead = o->lead,
                 .fetch_site = b->fetch_site};
    s->op[0] = *o;
    s->op[1] = o[1];
    s->op[1].code = INSN_END;
    exec(h, s, i, true);
    b->op[i].site = s->op[0].site;
    b->op[i].place = s->op[0].place;
    b->spent += s->spent;
    b->single[0] += s->single[0];
    b->single[1] += s->single[1];
    b->single[o->size == 4] += s->full;
    if (!h->block && !h->jumped && !h->asleep && o[1].code != INSN_END &&
        h->pc == ((b->pc + o[1].offset) & xmask(h))) {
        h->block = b;
        h->index = i + 1;
    }
}

enum { FOLD_CYCLES = 1 << 30 };

static uint64_t fast_limit(const Hart *h)
{
    if (!h->config.fast) {
        return 0;
    }
    uint64_t clear = port_clear_at(&h->data);
    if (clear == TIME_NEVER || clear > clock_time(h->config.clock, h->cycle)) {
        return 0;
    }
    /* Each instruction takes a cycle at least; entries count in 32 bits. */
    uint64_t left = h->limit - h->instret;
    uint64_t by_count = h->cycle + (left < FOLD_CYCLES ? left : FOLD_CYCLES);
    return h->deadline < by_count ? h->deadline : by_count;
}

/* Runs at least one instruction, if the hart is awake. */
static void run_some(Hart *h, HartExec *exec, bool single)
{
    if (h->flush) {
        blocks_flush(h);
    }
    if (h->worst_extra != h->data.worst_extra) {
        blocks_rebound(h);
    }
    if (h->cycle - h->folded >= FOLD_CYCLES) {
        port_fold(&h->data);
        h->folded = h->cycle;
    }
    find_position(h);
    const Op *o = &h->block->op[h->index];
    uint64_t base =
        h->index ? h->cycle - (uint64_t)(o->cycle - o->lead) : h->cycle;
    h->fast_until = single ? 0 : fast_limit(h);
    if (h->fast_until && base + h->block->bound <= h->fast_until) {
        exec(h, h->block, h->index, false);
    } else {
        run_one(h, exec);
    }
}

static void sleep_or_run(Hart *h, HartExec *exec, bool single)
{
    uint64_t ready = h->mip & h->mie;
    if (ready) {
        h->asleep = false;
        if (interrupts_on(h)) {
            take_interrupt(h, ready);
            return;
        }
    }
    if (h->asleep) {
        h->idle += h->deadline - h->cycle;
        h->cycle = h->deadline;
        return;
    }
    run_some(h, exec, single);
}

void hart_run(Hart *h, uint64_t until)
{
    HartExec *exec = exec_of(h);
    h->deadline = clock_cycle_at(h->config.clock, until);
    while (h->cycle < h->deadline && h->instret < h->limit) {
        sleep_or_run(h, exec, false);
    }
    h->deadline = 0;
}

void hart_stop_before(Hart *h, uint64_t until)
{
    uint64_t cycle = clock_cycle_at(h->config.clock, until);
    h->deadline = cycle < h->deadline ? cycle : h->deadline;
    h->fast_until = cycle < h->fast_until ? cycle : h->fast_until;
}

void hart_step(Hart *h, uint64_t n)
{
    HartExec *exec = exec_of(h);
    h->deadline = UINT64_MAX;
    for (uint64_t i = 0; i < n && !hart_asleep(h); i++) {
        sleep_or_run(h, exec, true);
    }
    h->deadline = 0;
}

void hart_limit(Hart *h, uint64_t instructions)
{
    h->limit = instructions;
}

/* -- asking
 * ----------------------------------------------------------------------------------
 */

uint64_t hart_time(const Hart *h)
{
    return clock_time(h->config.clock, h->cycle);
}

bool hart_asleep(const Hart *h)
{
    return h->asleep && !(h->mip & h->mie);
}

const HartConfig *hart_config(const Hart *h)
{
    return &h->config;
}
MemoryPort *hart_fetch_port(Hart *h)
{
    return &h->fetch;
}
MemoryPort *hart_data_port(Hart *h)
{
    return &h->data;
}

HartCounters hart_counters(Hart *h)
{
    HartCounters c = {.cycles = h->cycle,
                      .instructions = h->instret,
                      .idle = h->idle,
                      .traps = h->traps,
                      .interrupts = h->interrupts,
                      .fetch_stall = h->fetch_stall,
                      .blocks_decoded = h->decoded,
                      .blocks_dropped = h->dropped};
    uint32_t n;
    const PortTraffic *t = port_traffic(&h->data, &n);
    for (uint32_t i = 0; i < n; i++) {
        c.data_wait += t[i].wait;
        c.data_target += t[i].target;
        c.data_bus += t[i].bus;
        if (h->data.timing) {
            c.data_bus -= t[i].accesses; /* their first cycle is the class's */
        }
    }
    return c;
}

uint64_t hart_pc(const Hart *h)
{
    return h->pc;
}
void hart_set_pc(Hart *h, uint64_t pc)
{
    h->pc = pc & xmask(h);
    h->block = NULL;
    h->jumped = true;
}

uint64_t hart_x(const Hart *h, unsigned reg)
{
    return h->config.isa.xlen == 32 ? h->x.w[reg & 31] : h->x.d[reg & 31];
}

void hart_set_x(Hart *h, unsigned reg, uint64_t value)
{
    if ((reg & 31) == 0) {
        return;
    }
    if (h->config.isa.xlen == 32) {
        h->x.w[reg & 31] = (uint32_t)value;
    } else {
        h->x.d[reg & 31] = value;
    }
}

unsigned hart_privilege(const Hart *h)
{
    return h->priv;
}
