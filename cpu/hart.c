/*
 * hart.c - a hart's life and its run loop.
 *
 * Model    hart_run() runs blocks at full speed (exec32, exec64). Near the
 *          horizon, or while another initiator is on the bus, they run from
 *          access to access, each of which is a port call unless the bus is
 *          clear, and the last instructions before it singly. All ways give the
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
    blocks_unwatch(h);
    h->flush = true;
    hart_look_again(h);
}

static bool ports_init(Hart *h, Error **errp)
{
    const HartConfig *c = &h->config;
    bool paged = c->isa.extensions & ISA_S;
    if (!port_init(&h->fetch, c->fetch_as, c->name, c->clock, c->fetch_timing,
                   1, errp) ||
        !port_init(&h->data, c->data_as, c->name, c->clock, c->data_timing,
                   SPACES, errp) ||
        (paged && !port_init(&h->walk, c->data_as, c->name, c->clock,
                             c->data_timing, 0, errp))) {
        return false;
    }
    h->fetch.invalidated = ports_changed;
    h->fetch.code_written = block_code_written;
    h->fetch.fold = blocks_fold;
    h->fetch.opaque = h;
    h->fetch.priority = h->data.priority = h->walk.priority = c->priority;
    h->fetch.slow = h->data.slow = !c->fast;
    h->fetch.opens = PORT_OPENS_PLAIN | PORT_OPENS_CACHED; /* to decode */
    hart_set_lines(h);
    return true;
}

static bool tlbs_init(Hart *h)
{
    h->data_tlb = calloc(TLB_ENTRIES, sizeof(TlbEntry));
    h->code_tlb = calloc(TLB_ENTRIES, sizeof(TlbEntry));
    return h->data_tlb && h->code_tlb;
}

static bool tables_init(Hart *h, Error **errp)
{
    size_t entries = PORT_ENTRIES * sizeof(PortEntry);
    h->decoder = insn_decoder_new(&h->config.isa);
    h->pool = aligned_alloc(64, BLOCK_POOL);
    h->hash = calloc(BLOCK_HASH, sizeof(Block *));
    h->page = calloc(CODE_PAGES, sizeof(Block *));
    h->closed = aligned_alloc(64, entries);
    const size_t scratch = sizeof(Block) + 2 * sizeof(Op);
    h->scratch = aligned_alloc(64, (scratch + 63) & ~(size_t)63);
    bool jumps = true;
    for (unsigned space = 0; space <= SPACE_U; space++) {
        h->jump[space] = calloc(JUMP_SLOTS, sizeof(JumpSlot));
        jumps = jumps && h->jump[space];
    }
    if (!h->scratch || !h->decoder || !h->pool || !h->hash || !h->page ||
        !h->closed || !jumps || (hart_has(h, ISA_S) && !tlbs_init(h))) {
        return error_set(errp, "no memory for hart %s", h->config.name);
    }
    blocks_forget_jumps(h);
    memset(h->closed, 0, entries);
    for (unsigned i = 0; i < PORT_ENTRIES; i++) {
        h->closed[i].read_tag = h->closed[i].write_tag = PORT_NO_TAG;
    }
    h->exec = hart_is32(h) ? exec32 : exec64;
    h->handler = h->exec(h, NULL, 0, false);
    const HartConfig *c = &h->config;
    if (c->level == TIMING_PIPELINE) {
        bool shared = c->fetch_timing && c->fetch_timing == c->data_timing;
        h->states = pipe_states_new(c->profile->core, shared);
        h->relearn = 4096;
        return h->states ||
               error_set(errp, "no memory for hart %s", h->config.name);
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
    if (h->handler) {
        blocks_flush(h);
    }
    port_fini(&h->walk);
    port_fini(&h->data);
    port_fini(&h->fetch);
    for (unsigned space = 0; space < SPACES; space++) {
        free(h->jump[space]);
    }
    free(h->data_tlb);
    free(h->code_tlb);
    insn_decoder_free(h->decoder);
    free(h->pool);
    free(h->hash);
    free(h->page);
    free(h->closed);
    free(h->scratch);
    free(h->total);
    free(h->break_pc);
    pipe_states_free(h->states);
    free(h);
}

void hart_reset(Hart *h)
{
    memset(&h->x, 0, sizeof(h->x));
    memset(h->f, 0, sizeof(h->f));
    hart_set_pc(h, h->config.reset_pc);
    h->priv = HART_M;
    csr_reset(h);
    pmp_reset(h);
    space_flush(h);
    hart_mode_changed(h);
    h->asleep = h->fetched = false;
    h->data.reservation.block = NULL;
}

static HartSpace space_of(const Hart *h, unsigned privilege)
{
    return privilege == HART_M   ? SPACE_M
           : privilege == HART_S ? SPACE_S
                                 : SPACE_U;
}

void hart_mode_changed(Hart *h)
{
    unsigned data = h->priv;
    if (h->mstatus & MSTATUS_MPRV) {
        data = (unsigned)(h->mstatus >> 11 & 3);
    }
    uint64_t mode = hart_is32(h) ? h->satp >> 31 : h->satp >> 60;
    h->paged = mode != 0 && hart_has(h, ISA_S);
    h->code_space = (uint8_t)space_of(h, h->priv);
    h->data_space = (uint8_t)space_of(h, data);
    if (h->data_space == SPACE_S && h->paged && (h->mstatus & MSTATUS_SUM)) {
        h->data_space = SPACE_SUM;
    }
    h->direct = h->data_space == SPACE_M && !h->pmp_used && !h->config.commit;
    hart_look_again(h);
}

/* -- running
 * ------------------------------------------------------------------------------
 */

/* Chooses the interpreter. Decoded ops name its handlers, so all blocks go when
 * another is chosen. */
static void choose_exec(Hart *h)
{
    static HartExec *const execs[2][2][3] = {
        {{exec32, exec32_data, exec32_all},
         {exec32_cached, exec32_data_cached, exec32_all_cached}},
        {{exec64, exec64_data, exec64_all},
         {exec64_cached, exec64_data_cached, exec64_all_cached}}};
    const MemoryRecorder *rec = h->data.world->recorder;
    const uint32_t kinds = rec ? rec->kinds : 0;
    bool data = kinds & (1u << ACCESS_LOAD | 1u << ACCESS_STORE);
    bool fetches = kinds & 1u << ACCESS_FETCH;
    HartExec *exec = execs[!hart_is32(h)][h->cached][fetches ? 2
                                                     : data  ? 1
                                                             : 0];
    if (exec != h->exec) {
        h->exec = exec;
        h->handler = exec(h, NULL, 0, false);
        h->record_fetches = fetches;
        h->flush = true;
    }
}

/* With a pipeline time goes by until a block's first op issues. */
static void begin_block(Hart *h, const Block *b)
{
    const uint32_t lead = (uint32_t)(b->op[0].cycle - b->op[0].lead);
    if (lead > h->lag) {
        h->cycle += lead - h->lag;
        h->pending += lead - h->lag;
    }
    h->lag = 0;
}

/* Finds the block of pc. False: a trap was taken, as pc cannot be fetched. */
static bool find_position(Hart *h)
{
    if (!h->block) {
        FetchFault fault;
        Block *b = NULL;
        if (!h->states) {
            const JumpSlot *j = block_known(h, h->pc, 0);
            b = j ? j->block : NULL;
        }
        if (!b) {
            b = block_find(h, &fault);
        }
        if (!b) {
            if (fault.cause == CAUSE_FETCH_FAULT) {
                hart_fetch_failed(h, fault.va, fault.pa, h->cycle);
            }
            hart_trap(h, fault.cause, fault.va);
            return false;
        }
        if (b->kept && block_links(h, b, b) && !break_at(h, h->pc) &&
            (!h->states || h->came_by)) {
            *jump_slot(h, h->code_space, h->pc, h->came_by) =
                (JumpSlot){h->pc, h->came_by, b, h->came_cycles};
        }
        h->block = b;
        h->index = 0;
        begin_block(h, b);
        if (h->jumped) {
            h->cycle += b->jump_extra;
            h->fetch_stall += b->jump_extra;
            h->pending += b->jump_extra;
            h->jumped = false;
        }
    }
    h->block->spent += h->pending;
    h->pending = 0;
    return true;
}

/* Tells of the instruction at op o of b, which retired, at `pc`. */
static void tell_commit(Hart *h, const Block *b, const Op *o, uint8_t fflags)
{
    HartCommit *c = &h->commit;
    c->pc = (b->pc + o->offset) & xlen_mask(h);
    c->size = (uint8_t)op_size(o);
    Insn in = insn_decode(h->decoder, c->word);
    c->rd_is_f = in.f & INSN_F_RD;
    c->rd = in.writes_rd && (in.rd || c->rd_is_f) ? in.rd : 32;
    if (c->rd < 32) {
        c->rd_value = c->rd_is_f ? h->f[c->rd] : hart_x(h, c->rd);
    }
    if (h->fflags != fflags && !c->csrs) {
        c->csr[c->csrs].number = 1;
        c->csr[c->csrs++].value = h->fflags;
    }
    h->config.commit(h->config.opaque, h, c);
}

/* Executes the one instruction at the position. */
static void run_one(Hart *h)
{
    Block *b = h->block;
    unsigned i = h->index;
    const Op *o = &b->op[i];
    Block *s = h->scratch;
    uint64_t retired = h->instret;
    uint8_t fflags = h->fflags;
    if (h->config.commit) {
        h->commit = (HartCommit){.privilege = h->priv,
                                 .word = block_word(h, b, o->offset)};
    }
    *s = (Block){.pc = b->pc,
                 .pa = {b->pa[0], b->pa[1]},
                 .count = i + 1,
                 .cycles = b->cycles,
                 .jump_cycles = b->jump_cycles,
                 .bound = 1,
                 .fetched = h->fetched,
                 .fetch = b->fetch};
    h->fetched = false;
    s->op[0] = *o;
    const bool operand = op_has_operand(h, o);
    s->op[0].handler = h->handler[operand ? INSN_OPERAND : o->code];
    s->op[1] = o[1];
    s->op[1].code = INSN_END;
    s->op[1].handler = h->handler[operand ? INSN_OPERAND_END : INSN_END];
    h->exec(h, s, i, true);
    HartLeft *left = &h->left;
    left->block = left->block ? b : NULL;
    b->op[i].site = s->op[0].site;
    b->op[i].place = s->op[0].place;
    uint64_t whole = s->ran[0] + s->ran[1];
    b->spent += s->spent + s->ran[0] * s->cycles + s->ran[1] * s->jump_cycles;
    b->single[0] += s->single[0];
    b->single[1] += s->single[1];
    b->single[op_size(o) == 4] += whole;
    b->called[op_size(o) == 4] += s->fetched;
    h->fetch_stall += whole * o->lead;
    if (!h->block && !h->jumped && !h->asleep && o[1].code != INSN_END &&
        h->pc == ((b->pc + o[1].offset) & xlen_mask(h)) &&
        !(left->block && (left->off || left->trapped))) {
        h->block = b;
        h->index = i + 1;
        left->block = NULL;
    }
    if (h->config.commit && h->instret != retired) {
        tell_commit(h, b, o, fflags);
    }
}

enum {
    FOLD_CYCLES = 1 << 30,
    CALL_CYCLES = 1 << 12, /* then the bus may be clear again */
};

/* Until when blocks may run; 0: not at all. */
static uint64_t fast_limit(Hart *h)
{
    if (!h->config.fast || h->config.commit || h->fetched) {
        return 0;
    }
    const bool plain = h->data.opens & PORT_OPENS_PLAIN;
    const uint64_t clear = plain ? port_clear_at(&h->data) : 0;
    h->by_call =
        clear == TIME_NEVER || clear > clock_time(h->config.clock, h->cycle);
    /* Each instruction takes a cycle at least; entries count in 32 bits. */
    const uint64_t most = h->by_call ? CALL_CYCLES : FOLD_CYCLES;
    uint64_t left = h->limit - h->instret;
    uint64_t by_count = h->cycle + (left < most ? left : most);
    return h->deadline < by_count ? h->deadline : by_count;
}

/* Makes room in the record buffer for one instruction, and for b if it can be.
 * Returns until when records fit. */
static uint64_t record_limit(const Hart *h, const Block *b)
{
    enum { AT_LEAST = 1024 };
    MemoryRecorder *rec = h->data.world->recorder;
    if (!rec) {
        return UINT64_MAX;
    }
    uint64_t need = 2 * ((uint64_t)b->bound + 2);
    need = need < AT_LEAST ? AT_LEAST : need;
    record_room(rec, need < RECORD_ROOM ? (unsigned)need : RECORD_ROOM);
    rec->crowded = false;
    return h->cycle + (uint64_t)(rec->end - rec->next) / 2 - 1;
}

/* Has the hart come to a break that was not told of yet? (A position inside a
 * block never is one.) */
static bool comes_to_break(Hart *h)
{
    if (h->block || h->at_break || !break_at(h, h->pc)) {
        return false;
    }
    h->at_break = true;
    return true;
}

/* Runs at least one instruction, if the hart is awake. False: it came to a
 * break. */
static bool run_some(Hart *h, bool single)
{
    if (h->flush) {
        blocks_flush(h);
        hart_pipe_clean(h);
    }
    if (!single && comes_to_break(h)) {
        return false;
    }
    if (h->worst_extra != h->data.worst_extra) {
        blocks_rebound(h);
    }
    if (h->cycle - h->folded >= FOLD_CYCLES) {
        port_fold(&h->data);
        blocks_fold(h); /* as entries, they count in 32 bits */
        h->folded = h->cycle;
    }
    if (!find_position(h)) {
        h->at_break = false;
        return true; /* a trap */
    }
    if (h->cycle >= h->deadline) {
        return true; /* a walk took until the horizon */
    }
    h->at_break = false;
    if (hart_fetch_line(h)) {
        if (!single) {
            return true; /* to look at interrupts */
        }
        find_position(h);
    }
    const Op *o = &h->block->op[h->index];
    uint64_t base = h->cycle - (uint64_t)(o->cycle - o->lead);
    uint64_t limit = single ? 0 : fast_limit(h);
    uint64_t records = record_limit(h, h->block);
    h->fast_until = limit < records ? limit : records;
    const bool fits = base + h->block->bound <= h->fast_until;
    if (h->fast_until && block_has_ahead(h->block) &&
        (fits || block_reaches(h, h->block, o, base, h->fast_until))) {
        h->by_call |= !fits;
        h->exec(h, h->block, h->index, false);
    } else {
        h->fast_until = 0;
        run_one(h);
    }
    if (h->left.block) {
        hart_settle(h);
    }
    return true;
}

static bool sleep_or_run(Hart *h, bool single)
{
    if (h->mip & h->mie) {
        h->asleep = false;
        if (trap_take_interrupt(h)) {
            h->at_break = h->fetched = false;
            return true;
        }
    }
    if (h->asleep) {
        h->idle += h->deadline - h->cycle;
        h->cycle = h->deadline;
        return true;
    }
    return run_some(h, single);
}

HartStop hart_run(Hart *h, uint64_t until)
{
    choose_exec(h);
    h->deadline = clock_cycle_at(h->config.clock, until);
    HartStop stop = HART_STOP_TIME;
    while (h->cycle < h->deadline && stop == HART_STOP_TIME) {
        if (h->instret >= h->limit) {
            stop = HART_STOP_LIMIT;
        } else if (!sleep_or_run(h, false)) {
            stop = HART_STOP_BREAK;
        }
    }
    h->deadline = 0;
    return stop;
}

void hart_stop_before(Hart *h, uint64_t until)
{
    uint64_t cycle = clock_cycle_at(h->config.clock, until);
    h->deadline = cycle < h->deadline ? cycle : h->deadline;
    h->fast_until = cycle < h->fast_until ? cycle : h->fast_until;
}

void hart_step(Hart *h, uint64_t n)
{
    choose_exec(h);
    h->deadline = UINT64_MAX;
    for (uint64_t i = 0; i < n && !hart_asleep(h); i++) {
        sleep_or_run(h, true);
    }
    h->deadline = 0;
}

void hart_limit(Hart *h, uint64_t instructions)
{
    h->limit = instructions;
}

/* -- breaks --------------------------------------------------------------- */

/* Blocks are cut at breaks, so they are all decoded anew. */
static void breaks_changed(Hart *h)
{
    h->flush = true;
    hart_look_again(h);
}

bool hart_set_break(Hart *h, uint64_t pc)
{
    pc &= xlen_mask(h) & ~UINT64_C(1);
    if (break_at(h, pc)) {
        return true;
    }
    if (h->breaks == h->break_capacity) {
        unsigned capacity = 2 * h->breaks + 8;
        uint64_t *grown = realloc(h->break_pc, capacity * sizeof(*grown));
        if (!grown) {
            return false;
        }
        h->break_pc = grown;
        h->break_capacity = capacity;
    }
    h->break_pc[h->breaks++] = pc;
    breaks_changed(h);
    return true;
}

void hart_clear_breaks(Hart *h)
{
    if (h->breaks) {
        h->breaks = 0;
        breaks_changed(h);
    }
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

MemoryPort *hart_walk_port(Hart *h)
{
    return h->walk.world ? &h->walk : NULL;
}

uint64_t hart_instructions(const Hart *h)
{
    return h->instret;
}

HartCounters hart_progress(const Hart *h)
{
    return (HartCounters){.cycles = h->cycle,
                          .instructions = h->instret,
                          .idle = h->idle,
                          .traps = h->traps,
                          .interrupts = h->interrupts};
}

HartCounters hart_counters(Hart *h)
{
    blocks_fold(h);
    HartCounters c = hart_progress(h);
    c.walk = h->walk_cycles;
    c.data_wait = h->posted_wait;
    c.walks = h->walks;
    c.fetch_stall = h->fetch_stall;
    c.blocks_decoded = h->decoded;
    c.blocks_dropped = h->dropped;
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
    h->pc = pc & xlen_mask(h) & ~UINT64_C(1);
    h->block = NULL;
    hart_pipe_restart(h);
    h->jumped = true;
    h->at_break = h->fetched = false;
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

uint64_t hart_f(const Hart *h, unsigned reg)
{
    return h->f[reg & 31];
}
void hart_set_f(Hart *h, unsigned reg, uint64_t value)
{
    h->f[reg & 31] = value;
}
