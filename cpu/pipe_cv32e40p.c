/*
 * pipe_cv32e40p.c - OpenHW CV32E40P without floating point.
 *
 * Model    IF with a queue and an aligner, ID, EX; p->insn is in ID, the one
 *          before it in EX. Whether EX asks for an access when it gets there
 *          does not depend on what follows, so pipe_issue() is over when an
 *          instruction leaves ID.
 * Source   docs/timing.md; CV32E40P manual, "Pipeline Details"; measured, see
 *          tests/timing/.
 */
#include "cpu/pipe_private.h"

enum { QUEUE = 2 };

/* Steps of the divider: 3 and the leading zeros of the divisor. */
static uint8_t operand(PipeOperands v)
{
    uint32_t divisor = v.b;
    if (v.signed_b && (int32_t)divisor < 0) {
        divisor = ~divisor;
    }
    return (uint8_t)(divisor ? 3 + __builtin_clz(divisor) : 35);
}

static uint8_t ex_cycles(const Pipe *p, const PipeInsn *i)
{
    return i->kind == PIPE_MULH  ? p->core->costs.mulh
           : i->kind == PIPE_DIV ? i->operand
                                 : 1;
}

static bool is_status(const PipeInsn *i)
{
    return i->csr == PIPE_MSTATUS || i->csr == PIPE_MEPC ||
           (i->csr >= PIPE_COUNTERS && i->csr < PIPE_COUNTERS + 0x80);
}

static uint8_t id_cycles(const PipeInsn *i)
{
    switch (i->kind) {
    case PIPE_CSR: return is_status(i) ? 4 : 1;
    case PIPE_FENCE: return 3;
    case PIPE_SYSTEM: return i->traps ? 4 : 3;
    default: return 1;
    }
}

static bool id_redirects(const PipeInsn *i)
{
    return i->kind == PIPE_JAL || i->kind == PIPE_JALR ||
           i->kind == PIPE_FENCE || i->kind == PIPE_SYSTEM;
}

/* Is ID kept waiting by what EX, or an access that goes on, will write? */
static bool id_waits(const Pipe *p)
{
    const PipeInsn *i = &p->insn;
    if (pipe_reads(i, p->u.cv.ex_load)) {
        return true;
    }
    return i->kind == PIPE_JALR && i->rs1 &&
           ((p->u.cv.ex_busy && p->u.cv.ex.rd == i->rs1) ||
            (p->now < p->answer && p->loads == i->rs1));
}

/* EX in a cycle. True: it is free at its end. */
static bool execute(Pipe *p, bool *data, bool *redirect)
{
    const bool answered = p->now >= p->answer;
    const PipeInsn *ex = &p->u.cv.ex;
    p->u.cv.ex_load = 0;
    if (!p->u.cv.ex_busy) {
        return answered;
    }
    pipe_count(&p->u.cv.ex_cycles);
    if (pipe_is_memory(ex)) {
        p->u.cv.ex_load = ex->kind == PIPE_LOAD ? ex->rd : 0;
        *data = p->accepted < p->accesses && answered;
        if (*data && p->now >= p->free[p->data_port]) {
            data_accept(p);
            p->loads = p->u.cv.ex_load;
            return p->accepted == p->accesses;
        }
        return false;
    }
    if (ex->kind == PIPE_BRANCH) {
        *redirect = ex->jumps && !p->u.cv.ex_redirected;
        p->u.cv.ex_redirected = true;
        return true;
    }
    return p->u.cv.ex_cycles >= ex_cycles(p, ex) && answered;
}

static void cycle(Pipe *p)
{
    FetchUnit *f = &p->fetch;
    bool data = false, redirect = false, leaves = false;
    fetch_cycle(p);
    p->u.cv.was_empty = !p->busy;
    bool free = execute(p, &data, &redirect);
    if (p->busy && !id_waits(p)) {
        pipe_count(&p->in_stage);
        bool done = p->in_stage >= id_cycles(&p->insn);
        if (done && id_redirects(&p->insn) && !p->redirected) {
            redirect = p->redirected = true;
        }
        leaves = done && free;
    }
    if (redirect) {
        fetch_redirect(f);
        p->u.cv.half = false;
    }
    if (f->held || f->words + f->outstanding < QUEUE) {
        fetch_ask(p, data);
    }
    p->u.cv.ex_busy &= !free;
    p->u.cv.takes = free && !redirect;
    if (leaves) {
        p->busy = false;
        p->u.cv.ex = p->insn;
        p->u.cv.ex_busy = true;
        p->u.cv.ex_redirected = false;
        p->u.cv.ex_cycles = p->accepted = 0;
        p->accesses = pipe_accesses(&p->insn);
        p->u.cv.takes &= p->insn.kind != PIPE_BRANCH || !p->insn.jumps;
    }
}

/* At the end of a cycle: does the next instruction move from the aligner to ID?
 */
static bool take(Pipe *p, const PipeInsn *i)
{
    FetchUnit *f = &p->fetch;
    const bool is_long = i->size == 4;
    if (!p->u.cv.takes || !f->ready ||
        (p->u.cv.was_empty && pipe_reads(&p->insn, p->u.cv.ex_load))) {
        return false;
    }
    if (i->pc % 4 == 0) {
        f->ready--;
        p->u.cv.half = !is_long;
        return true;
    }
    if (p->u.cv.half) {
        f->ready = (uint8_t)(f->ready - is_long);
        p->u.cv.half = is_long;
        return true;
    }
    f->ready--;
    p->u.cv.half = is_long;
    return !is_long;
}

static uint64_t issue(Pipe *p, const PipeInsn *insn)
{
    while (!take(p, insn)) {
        cycle(p);
    }
    pipe_enter(p, insn);
    do {
        cycle(p);
    } while (p->busy);
    const uint64_t free = p->free[p->data_port];
    return pipe_is_memory(insn) && free > p->now ? free : p->now + 1;
}

static void forget(Pipe *p)
{
    PipeInsn ex = p->u.cv.ex;
    p->u.cv.ex = (PipeInsn){0};
    if (p->u.cv.ex_busy) {
        p->u.cv.ex = (PipeInsn){.kind = ex.kind,
                                .rd = ex.rd,
                                .operand = ex.operand,
                                .jumps = ex.jumps};
    } else {
        p->u.cv.ex_redirected = false;
        p->u.cv.ex_cycles = 0;
    }
    p->insn = (PipeInsn){.rs1 = p->insn.rs1, .rs2 = p->insn.rs2};
    p->redirected = false;
    p->in_stage = 0;
    if (p->accepted == p->accesses) {
        p->accesses = p->accepted = 0;
        p->loads = p->answer <= p->now + 1 ? 0 : p->loads;
    }
    p->u.cv.ex_load = 0; /* ID was not empty */
}

const PipeCore pipe_cv32e40p[] = {
    {.name = "cv32e40p",
     .issue = issue,
     .forget = forget,
     .operand = operand,
     .operands = 1u << PIPE_DIV,
     .costs = {.mulh = 5}},
    {.name = NULL},
};
