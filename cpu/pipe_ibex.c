/*
 * pipe_ibex.c - lowRISC Ibex, small and maxperf.
 *
 * Source   docs/timing.md; Ibex documentation, "Pipeline Details" and
 *          "Instruction Fetch"; measured, see tests/timing/.
 */
#include "cpu/pipe_private.h"

enum { QUEUE = 3 };

/* Cycles in ID/EX of what neither accesses memory nor redirects. */
static uint8_t cycles_of(const Pipe *p)
{
    switch (p->insn.kind) {
    case PIPE_MUL: return p->core->costs.mul;
    case PIPE_MULH: return p->core->costs.mulh;
    case PIPE_DIV: return p->insn.operand ? 2 : p->core->costs.div;
    default: return 1;
    }
}

/* In which of its cycles the instruction redirects; 0: in none. */
static uint8_t redirects_in(const Pipe *p)
{
    const PipeInsn *i = &p->insn;
    switch (i->kind) {
    case PIPE_BRANCH:
        return !i->jumps ? 0 : p->core->costs.early_branch ? 1 : 2;
    case PIPE_JAL:
    case PIPE_JALR: return 1;
    case PIPE_CSR: return i->csr == PIPE_MSTATUS && i->writes_csr ? 2 : 0;
    case PIPE_SYSTEM: return 2;
    default: return 0;
    }
}

/* Does ID/EX ask for an access in this cycle? The next one can be asked for
 * when the one before is over. */
static bool asks(const Pipe *p)
{
    bool over = p->now == p->answer ||
                (p->now > p->answer && p->core->costs.write_back);
    return p->accepted < p->accesses &&
           (over || (!p->accepted && !p->core->costs.write_back));
}

static void cycle(Pipe *p)
{
    const bool write_back = p->core->costs.write_back;
    FetchUnit *f = &p->fetch;
    bool data = false, redirect = false, done = false;
    fetch_cycle(p);
    if (p->busy && !(write_back && p->now <= p->answer &&
                     pipe_reads(&p->insn, p->loads))) {
        pipe_count(&p->in_stage);
        const uint8_t at = redirects_in(p);
        if (p->accesses) {
            data = asks(p);
            done = p->accepted == p->accesses && p->now == p->answer;
        } else {
            redirect = at && p->in_stage >= at && !p->redirected;
            done = p->in_stage >= (at ? at : cycles_of(p)) &&
                   !(write_back && p->now < p->answer);
        }
    }
    if (data && p->now >= p->free[p->data_port]) {
        data_accept(p);
        done = write_back && p->accepted == p->accesses;
    }
    if (redirect) {
        fetch_redirect(f);
        p->redirected = true;
    }
    if (f->held || redirect || f->words + f->outstanding < QUEUE) {
        fetch_ask(p, data);
    }
    if (done) {
        p->busy = false;
        p->loads = p->insn.kind == PIPE_LOAD ? p->insn.rd : 0;
    }
    p->blocked = redirect;
}

/* At the end of a cycle: are the words of the next instruction there? */
static bool take(Pipe *p, const PipeInsn *i)
{
    const unsigned words = i->pc % 4 + i->size > 4 ? 2 : 1;
    if (p->blocked || p->fetch.ready < words) {
        return false;
    }
    p->fetch.ready = (uint8_t)(p->fetch.ready - (i->pc % 4 + i->size >= 4));
    return true;
}

static uint64_t issue(Pipe *p, const PipeInsn *insn)
{
    while (p->busy) {
        cycle(p);
    }
    while (!take(p, insn)) {
        cycle(p);
    }
    pipe_enter(p, insn);
    p->accesses = pipe_accesses(insn);
    p->accepted = 0;
    do {
        cycle(p);
    } while (p->busy && !p->accepted);
    return pipe_begun(p);
}

static void forget(Pipe *p)
{
    if (p->busy) { /* a load or store */
        p->insn = (PipeInsn){.kind = p->insn.kind,
                             .rd = p->insn.rd,
                             .rs1 = p->insn.rs1,
                             .rs2 = p->insn.rs2};
    } else {
        p->insn = (PipeInsn){0};
        p->accesses = p->accepted = p->in_stage = 0;
    }
    if (!p->core->costs.write_back || p->answer <= p->now) {
        p->loads = 0;
    }
    p->redirected = false;
}

/* Division by zero is quick. */
static uint8_t operand(PipeOperands v)
{
    return v.b ? 0 : 1;
}

#define IBEX                                                                   \
    .issue = issue, .forget = forget, .operand = operand,                      \
    .operands = 1u << PIPE_DIV
const PipeCore pipe_ibex[] = {
    {.name = "ibex-small", IBEX, .costs = {.mul = 3, .mulh = 4, .div = 37}},
    {.name = "ibex-maxperf",
     IBEX,
     .costs = {.mul = 1,
               .mulh = 2,
               .div = 37,
               .early_branch = true,
               .write_back = true}},
    {.name = NULL},
};
