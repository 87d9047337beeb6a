/*
 * pipe_picorv32.c - PicoRV32: fast (two-cycle multiplier, barrel shifter),
 * default (serial ones), and fast with compressed instructions.
 *
 * Model    Not pipelined, but the next instruction in line is fetched while one
 *          executes, so an instruction's time is a sum.
 * Source   docs/timing.md; PicoRV32 README, "Cycles per Instruction
 *          Performance"; measured, see tests/timing/.
 */
#include "cpu/pipe_private.h"

/* Asks for the instruction at pc in cycle `asked`. Returns when it is there, no
 * earlier than `wanted`. known: its first halfword is. */
static uint64_t fetch(Pipe *p, uint64_t pc, bool is_long, bool known,
                      uint64_t asked, uint64_t wanted)
{
    const uint32_t more = 1 + p->fetch_wait;
    uint64_t there = asked + more;
    if (!p->core->costs.compressed || pc % 4 == 0) {
        p->u.pico.known = p->core->costs.compressed && !is_long;
    } else {
        p->u.pico.known = is_long;
        if (known) { /* that half, when it is wanted */
            there = asked + 1 > wanted ? asked + 1 : wanted;
        }
        there += is_long ? more : 0;
    }
    return there > wanted ? there : wanted;
}

/* Steps of a shift: by 4, then by 1. */
static uint8_t operand(PipeOperands v)
{
    const unsigned by = v.b & 31;
    return (uint8_t)(by / 4 + by % 4);
}

/* Cycles of what does neither jump nor access memory. */
static unsigned cycles_of(const Pipe *p)
{
    const PipeCosts *c = &p->core->costs;
    switch (p->insn.kind) {
    case PIPE_MUL: return c->mul;
    case PIPE_MULH: return c->mulh;
    case PIPE_DIV: return c->div;
    case PIPE_SHIFT: return c->serial_shift ? 4 + p->insn.operand : 3;
    default: return 3;
    }
}

/* The word behind a taken branch arrives when the core already looks for the
 * target's: does it take it for the first half of that? */
static bool is_mistaken(const Pipe *p)
{
    const PipeInsn *i = &p->insn;
    return p->core->costs.compressed && p->fetch_wait &&
           (i->pc + i->size) % 4 == 0 && i->next % 4 && i->line_high_long;
}

static uint64_t issue(Pipe *p, const PipeInsn *i)
{
    const uint64_t t = p->accepted ? p->answer : p->u.pico.begin;
    const uint64_t line = i->pc + i->size;
    const bool known = p->u.pico.known;
    uint64_t done;
    p->insn = *i;
    p->accepted = 0;
    if (i->kind == PIPE_JAL) {
        done = fetch(p, i->next, i->next_long, false, t + 1, t + 1);
    } else if (i->kind == PIPE_JALR) {
        done = fetch(p, i->next, i->next_long, false, t + 4, t + 4);
    } else {
        const unsigned n = cycles_of(p);
        done = fetch(p, line, i->line_long, known, t + 1, t + n - 1);
    }
    if (i->kind == PIPE_BRANCH && i->jumps) {
        for (int again = is_mistaken(p); again >= 0; again--) {
            done = fetch(p, i->next, i->next_long, false, done + 1, done + 1);
        }
    }
    p->u.pico.begin = done + 1;
    if (!pipe_is_memory(i)) { /* when a jump's target begins, that knows */
        p->now = i->jumps || i->kind == PIPE_SYSTEM ? t : done + 1;
        return t;
    }
    p->now = done + 2;
    data_accept(p);
    return p->now;
}

static void forget(Pipe *p)
{
    p->insn = (PipeInsn){0};
    p->free[0] = p->free[1] = p->data_wait = 0;
    if (p->accepted) {
        p->u.pico.begin = 0;
    } else {
        p->answer = 0;
        p->u.pico.begin -= p->now;
    }
}

#define PICORV32 .issue = issue, .forget = forget, .operand = operand
const PipeCore pipe_picorv32[] = {
    {.name = "picorv32-fast",
     PICORV32,
     .costs = {.mul = 6, .mulh = 6, .div = 40}},
    {.name = "picorv32-default",
     PICORV32,
     .operands = 1u << PIPE_SHIFT,
     .costs = {.mul = 40, .mulh = 72, .div = 40, .serial_shift = true}},
    {.name = "picorv32-compressed",
     PICORV32,
     .costs = {.mul = 6, .mulh = 6, .div = 40, .compressed = true}},
    {.name = NULL},
};
