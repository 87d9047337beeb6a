/*
 * pipe_hazard3.c - Hazard3: the smallest configuration, and one like RP2350's.
 *
 * Model    F with a queue of words, three halfwords before X, X, and M, which
 *          waits for data. One branch may be predicted: fetching follows it.
 * Source   docs/timing.md; Hazard3 manual, "Instruction Cycle Counts" and
 *          "Branch Predictor"; measured, see tests/timing/.
 */
#include "cpu/pipe_private.h"

enum { QUEUE = 2, HALVES = 3 };

/* Is one negative? */
static uint8_t operand(PipeOperands v)
{
    return (v.signed_a && (int32_t)v.a < 0) || (v.signed_b && (int32_t)v.b < 0);
}

static uint8_t cycles_of(const Pipe *p)
{
    const PipeInsn *i = &p->insn;
    const PipeCosts *c = &p->core->costs;
    switch (i->kind) {
    case PIPE_MUL: return c->mul;
    case PIPE_MULH:
        return (uint8_t)(c->mulh + 2 * (i->operand && c->sign_slows));
    case PIPE_DIV: return (uint8_t)(c->div + i->operand);
    case PIPE_SYSTEM: return i->traps ? 3 : 1;
    default: return 1;
    }
}

/* Is insn a branch that fetching followed? */
static bool is_predicted(const Pipe *p)
{
    const unsigned last = p->insn.size / 2 - 1;
    return p->insn.kind == PIPE_BRANCH && p->u.hazard.halves > last &&
           p->u.hazard.ends[last];
}

/* insn jumps to where fetching did not go. */
static void jump(Pipe *p, bool predicted)
{
    const PipeInsn *i = &p->insn;
    uint64_t target = predicted ? i->pc + i->size : i->next;
    p->redirected = true;
    p->u.hazard.clears = predicted || i->kind == PIPE_SYSTEM;
    if (!predicted && i->kind == PIPE_BRANCH && i->next < i->pc) {
        p->u.hazard.sets = p->core->costs.predicts;
        p->u.hazard.set = (HazardPredictor){
            .valid = true, .end = i->pc + i->size - 2, .target = i->next};
    }
    p->fetch.dropped = true;
    p->u.hazard.queued = p->u.hazard.halves = 0;
    p->u.hazard.next_word = target & ~UINT64_C(3);
    p->u.hazard.drop_half = target & 2;
}

static void ask(Pipe *p, bool data)
{
    if (!p->fetch.held) {
        p->u.hazard.held =
            (FetchedWord){.halves = p->u.hazard.drop_half ? 1 : 2};
        p->u.hazard.drop_half = false;
        p->u.hazard.next_word += 4;
    }
    const uint64_t address = p->u.hazard.next_word - 4;
    if (!fetch_ask(p, data)) {
        return;
    }
    p->u.hazard.flying = p->u.hazard.held;
    const HazardPredictor *taken = &p->u.hazard.taken;
    if (taken->valid && address == (taken->end & ~UINT64_C(3))) {
        p->u.hazard.flying.ends_taken = true;
        p->u.hazard.flying.halves =
            (uint8_t)(p->u.hazard.flying.halves - (taken->end % 4 == 0));
        p->u.hazard.next_word = taken->target & ~UINT64_C(3);
        p->u.hazard.drop_half = taken->target & 2;
    }
}

/* Words move on to where X takes halfwords from. */
static void refill(Pipe *p, const FetchedWord *arrived, unsigned used)
{
    p->u.hazard.halves = (uint8_t)(p->u.hazard.halves - used);
    for (unsigned i = 0; i < p->u.hazard.halves; i++) {
        p->u.hazard.ends[i] = p->u.hazard.ends[i + used];
    }
    if (arrived) {
        p->u.hazard.queue[p->u.hazard.queued++] = *arrived;
    }
    const FetchedWord w = p->u.hazard.queue[0];
    if (!p->u.hazard.queued || p->u.hazard.halves + w.halves > HALVES) {
        return;
    }
    p->u.hazard.queue[0] = p->u.hazard.queue[1];
    p->u.hazard.queued--;
    for (unsigned i = 0; i < w.halves; i++) {
        p->u.hazard.ends[p->u.hazard.halves++] =
            w.ends_taken && i + 1 == w.halves;
    }
}

/* X in a cycle: does insn leave it? *jumps: it redirects. */
static bool execute(Pipe *p, bool *jumps, bool *data)
{
    const PipeInsn *i = &p->insn;
    const bool waits = p->now < p->answer;
    if (!p->redirected && 2 * p->u.hazard.halves < i->size) {
        return false;
    }
    if (p->loads && p->now <= p->answer &&
        (i->rs1 == p->loads || (i->rs2 == p->loads && i->kind != PIPE_STORE))) {
        return false;
    }
    pipe_count(&p->in_stage);
    if (pipe_is_memory(i)) {
        *data = !waits;
        return !waits && p->now >= p->free[p->data_port];
    }
    if (p->in_stage < cycles_of(p)) {
        return false;
    }
    if (!p->redirected) {
        p->u.hazard.was_predicted = is_predicted(p);
        bool goes = i->jumps || i->kind == PIPE_SYSTEM;
        *jumps = goes != p->u.hazard.was_predicted;
        if (*jumps && p->fetch.held) {
            *jumps = false;
            return false; /* an address stays until it is accepted */
        }
    }
    return !waits;
}

static void cycle(Pipe *p)
{
    FetchUnit *f = &p->fetch;
    const uint8_t queued = p->u.hazard.queued;
    bool jumps = false, data = false;
    const bool arrives = fetch_cycle(p);
    const FetchedWord arrived = p->u.hazard.flying;
    const bool jumped = p->redirected;
    const bool done = execute(p, &jumps, &data);
    if (done && pipe_is_memory(&p->insn)) {
        data_accept(p);
        p->loads = p->insn.kind == PIPE_LOAD ? p->insn.rd : 0;
    }
    if (jumps) {
        jump(p, p->u.hazard.was_predicted);
    }
    if (f->held || jumps || queued + f->outstanding < QUEUE) {
        ask(p, data);
    }
    if (!jumps) {
        refill(p, arrives ? &arrived : NULL,
               done && !jumped ? p->insn.size / 2 : 0);
    }
    if (p->u.hazard.sets) {
        p->u.hazard.taken = p->u.hazard.set;
    }
    if (p->u.hazard.clears) {
        p->u.hazard.taken.valid = false;
    }
    p->u.hazard.sets = p->u.hazard.clears = false;
    p->busy = !done;
}

static void begin(Pipe *p, uint64_t pc)
{
    p->u.hazard.next_word = pc & ~UINT64_C(3);
    p->u.hazard.drop_half = pc & 2;
}

static uint64_t issue(Pipe *p, const PipeInsn *insn)
{
    pipe_enter(p, insn);
    p->accepted = 0;
    do {
        cycle(p);
    } while (p->busy);
    return pipe_begun(p);
}

static void forget(Pipe *p)
{
    p->insn = (PipeInsn){0};
    p->redirected = p->u.hazard.was_predicted = false;
    p->in_stage = p->accepted = p->fetch.ready = 0; /* it counts by queued */
    if (p->answer <= p->now) {
        p->loads = 0;
    }
    if (!p->fetch.flying) {
        p->u.hazard.flying = (FetchedWord){0};
    }
    if (!p->fetch.held) {
        p->u.hazard.held = (FetchedWord){0};
    }
    for (unsigned i = p->u.hazard.queued; i < QUEUE; i++) {
        p->u.hazard.queue[i] = (FetchedWord){0};
    }
    for (unsigned i = p->u.hazard.halves; i < HALVES; i++) {
        p->u.hazard.ends[i] = false;
    }
    p->u.hazard.set = (HazardPredictor){0};
    if (!p->u.hazard.taken.valid) {
        p->u.hazard.taken = (HazardPredictor){0};
    }
}

#define HAZARD3                                                                \
    .begin = begin, .issue = issue, .forget = forget, .operand = operand
const PipeCore pipe_hazard3[] = {
    {.name = "hazard3-min",
     HAZARD3,
     .operands = 1u << PIPE_DIV | 1u << PIPE_MULH,
     .costs = {.mul = 34, .mulh = 34, .div = 35, .sign_slows = true}},
    {.name = "hazard3-rp2350",
     HAZARD3,
     .operands = 1u << PIPE_DIV,
     .costs = {.mul = 1, .mulh = 1, .div = 19, .predicts = true}},
    {.name = NULL},
};
