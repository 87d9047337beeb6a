/*
 * hart_pipe.c - harts whose time a pipeline decides (cpu/pipe.h).
 *
 * Model    A block is decoded once for each state in which the pipeline comes
 *          to it: a version. Its ops' cycles are what stepping the pipeline
 *          through it gives, so it runs as a block of a table profile does. It
 *          counts on what its accesses waited before, at the same pc; one that
 *          waits otherwise, or an instruction whose operands matter, leaves the
 *          version behind itself. What led to pc is kept in h->left until
 *          hart_settle() works out the pipeline's state there.
 * Units    cycles of the hart.
 * Source   docs/timing.md.
 * Missing  Interrupts take as long as an ecall. A hart that sleeps does not
 *          fetch.
 */
#include "cpu/hart_private.h"

static uint32_t fetch_wait(const Block *b)
{
    const InlineCost *c = &b->place->cost[0][2];
    uint32_t cycles = (uint32_t)c->bus + c->target;
    return cycles > 1 ? cycles - 1 : 0;
}

/* Does a 32-bit instruction begin `offset` bytes behind b's pc? */
static bool long_at(Hart *h, const Block *b, uint64_t offset)
{
    const uint64_t left = PAGE_SIZE_BYTES - (b->pc & (PAGE_SIZE_BYTES - 1));
    uint8_t half[2];
    return offset < left &&
           port_debug(&h->fetch, b->pa[0] + offset, half, 2, false) == 2 &&
           (half[0] & 3) == 3;
}

/* Op o of b as the pipeline sees it, if what follows in line is next. */
static PipeInsn insn_of(Hart *h, const Block *b, const Op *o)
{
    Insn in = insn_decode(h->decoder, block_word(h, b, o->offset));
    PipeInsn insn;
    pipe_decode(&in, &insn);
    insn.pc = b->pc + o->offset;
    insn.next = insn.pc + insn.size;
    if (pipe_looks_ahead(pipe_states_core(h->states))) {
        insn.line_long = insn.next_long = long_at(h, b, o[1].offset);
        insn.line_high_long = long_at(h, b, o[1].offset + UINT64_C(2));
    }
    if (!in.reads_rs2) { /* an immediate shift */
        insn.operand = pipe_operand(pipe_states_core(h->states), in.code, 0,
                                    (uint64_t)in.imm);
    }
    return insn;
}

static bool is_memory(const PipeInsn *insn)
{
    return insn->kind == PIPE_LOAD || insn->kind == PIPE_STORE;
}

/* It issues; returns when. */
static uint64_t step(Pipe *p, PipeInsn *insn, uint32_t wait)
{
    insn->twice = wait & WAIT_TWICE;
    uint64_t at = pipe_issue(p, insn);
    if (is_memory(insn)) {
        pipe_answer(p, wait & ~WAIT_TWICE);
    }
    return at;
}

/* -- versions ------------------------------------------------------------- */

static uint8_t *expected_wait(Hart *h, uint64_t pc)
{
    return &h->waited[(pc >> 1) % WAIT_SLOTS];
}

void hart_learn_wait(Hart *h, uint64_t pc, uint32_t wait)
{
    uint8_t *expected = expected_wait(h, pc);
    if (wait > UINT8_MAX) {
        return;
    }
    /* The version does not know yet; a new one will. */
    h->unlearned += *expected == wait;
    *expected = (uint8_t)wait;
    if (h->unlearned >= h->relearn) {
        h->unlearned = 0;
        h->relearn *= 2;
        h->flush = true;
        hart_look_again(h);
    }
}

/* How far the block gets when o, its last op, goes on at next. */
static uint32_t last_cycles(Pipe *p, const PipeInsn *insn, uint64_t next)
{
    PipeInsn last = *insn;
    last.next = next;
    last.jumps = true;
    step(p, &last, 0);
    return (uint32_t)pipe_now(p);
}

void block_schedule(Hart *h, Block *b)
{
    Pipe *p = pipe_states_resume(h->states, b->state, fetch_wait(b));
    b->lead = b->jump_extra = 0;
    for (Op *o = b->op; o->code != INSN_END; o++) {
        PipeInsn insn = insn_of(h, b, o);
        const uint32_t before = pipe_states_keep(h->states);
        const uint64_t begun = pipe_now(p);
        const uint64_t pc = b->pc + o->offset;
        o->extra = is_memory(&insn) ? *expected_wait(h, pc) : 0;
        o->lead = 0;
        o->cycle = (uint16_t)step(p, &insn, o->extra);
        o[1].cycle = (uint16_t)pipe_now(p);
        b->cycles = b->jump_cycles = o[1].cycle;
        if (insn.kind == PIPE_BRANCH || insn.kind == PIPE_JALR ||
            insn.kind == PIPE_JAL) {
            p = pipe_states_resume(h->states, before, fetch_wait(b));
            b->jump_cycles =
                (uint32_t)begun + last_cycles(p, &insn, insn.pc + 64);
        }
    }
}

/* -- from version to version ---------------------------------------------- */

/* Steps through the first `count` ops of b. Returns the cycles. */
static uint64_t replay(Hart *h, const Block *b, uint32_t count)
{
    const HartLeft *left = &h->left;
    Pipe *p = pipe_states_resume(h->states, b->state, fetch_wait(b));
    for (uint32_t i = 0; i < count; i++) {
        const Op *o = &b->op[i];
        PipeInsn insn = insn_of(h, b, o);
        uint32_t wait = o->extra;
        if (left->block && i + 1 == count) {
            insn.next = h->pc;
            insn.jumps |= h->jumped;
            uint16_t half;
            insn.next_long =
                port_debug(&h->fetch, h->pc, &half, 2, false) == 2 &&
                (half & 3) == 3;
            if (left->trapped) {
                insn = (PipeInsn){.kind = PIPE_SYSTEM,
                                  .size = insn.size,
                                  .traps = true,
                                  .jumps = true,
                                  .pc = insn.pc,
                                  .next = h->pc};
            } else if (left->off && is_memory(&insn)) {
                wait = left->wait;
            } else if (left->off) {
                insn.operand = (uint8_t)left->wait;
            }
        }
        step(p, &insn, wait);
    }
    return pipe_now(p);
}

void hart_settle(Hart *h)
{
    HartLeft *left = &h->left;
    Block *b = left->block;
    const uint64_t cycles = replay(h, b, left->count);
    h->state = pipe_states_keep(h->states);
    h->fetch_wait = fetch_wait(b);
    if (!left->counted) {
        b->spent += cycles;
    }
    if (left->base + cycles >= h->cycle) {
        h->cycle = left->base + cycles;
        h->lag = 0;
    } else {
        h->lag = (uint32_t)(h->cycle - left->base - cycles);
        h->pending += h->lag;
    }
    h->came_by = left->trapped ? 0
                 : left->off   ? jump_key_off(b, left->count - 1, left->wait)
                               : jump_key(h, b, h->jumped);
    h->came_cycles = (uint32_t)cycles;
    left->block = NULL;
    h->flush |= pipe_states_full(h->states);
    if (b->ahead && left->count == b->count &&
        h->pc != ((b->pc + b->bytes) & xlen_mask(h))) {
        hart_fetch_ahead(h, b);
    }
}

/* When an ALU instruction would issue in h->state. */
static uint64_t next_issue(Hart *h)
{
    static const PipeInsn any = {.kind = PIPE_ALU, .size = 4};
    return pipe_issue(pipe_states_resume(h->states, h->state, h->fetch_wait),
                      &any);
}

void hart_pipe_late(Hart *h, uint64_t cycles)
{
    enum { MOST = 1000 }; /* what an op's cycle has room for */
    hart_pipe_drop(h);
    const uint64_t rest = cycles > MOST ? cycles - MOST : 0, at = next_issue(h);
    Pipe *p = pipe_states_resume(h->states, h->state, h->fetch_wait);
    pipe_late(p, (uint32_t)(cycles - rest));
    h->state = pipe_states_keep(h->states);
    h->fetch_stall += next_issue(h) - at + rest;
    h->cycle += rest;
    h->pending += rest;
}

void hart_pipe_drop(Hart *h)
{
    Block *b = h->block;
    h->came_by = 0;
    if (!h->states || !b) {
        return;
    }
    const uint64_t done = replay(h, b, h->index);
    h->state = pipe_states_keep(h->states);
    h->fetch_wait = fetch_wait(b);
    h->lag = (uint32_t)(b->op[h->index].cycle - done);
    h->block = NULL;
}

void hart_stop_at(Hart *h, const Block *b, uint64_t cycle)
{
    h->cycle = cycle;
    h->pc = b->pc;
    h->block = NULL;
    h->jumped = false;
    h->state = b->state;
    h->fetch_wait = fetch_wait(b);
    h->lag = 0;
    h->came_by = 0;
}

void hart_pipe_trap(Hart *h, uint64_t from)
{
    Pipe *p = pipe_states_resume(h->states, h->state, h->fetch_wait);
    PipeInsn insn = {.kind = PIPE_SYSTEM,
                     .size = 4,
                     .traps = true,
                     .jumps = true,
                     .pc = from,
                     .next = h->pc};
    pipe_issue(p, &insn);
    const uint64_t cycles = pipe_now(p);
    h->state = pipe_states_keep(h->states);
    h->came_by = 0;
    if (cycles >= h->lag) {
        h->cycle += cycles - h->lag;
        h->pending += cycles - h->lag;
        h->lag = 0;
    } else {
        h->lag -= (uint32_t)cycles;
    }
}

void hart_pipe_clean(Hart *h)
{
    if (h->states && pipe_states_full(h->states)) {
        pipe_states_resume(h->states, h->state, h->fetch_wait);
        pipe_states_clear(h->states);
        h->state = pipe_states_keep(h->states);
    }
}

void hart_pipe_restart(Hart *h)
{
    if (h->states) {
        pipe_states_begin(h->states, h->pc);
        h->state = pipe_states_keep(h->states);
        h->lag = 0;
        h->came_by = 0;
        h->left.block = NULL;
    }
}
