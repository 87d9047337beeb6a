/*
 * pipe_ueriscv.c - ultraembedded/riscv: five stages, one instruction a cycle.
 *
 * Model    Instructions issue in order; what the one before does may hold one
 *          up. Its caches are the hart's (docs/timing.md has their numbers).
 * Source   docs/timing.md; measured, see tests/timing/.
 * Missing  One cycle of four loads in a row of different words, sometimes.
 */
#include "cpu/pipe_private.h"

static uint8_t cycles_of(const PipeInsn *i)
{
    switch (i->kind) {
    case PIPE_BRANCH: return i->jumps ? 3 : 1;
    case PIPE_JAL:
    case PIPE_JALR: return 3;
    case PIPE_CSR:
    case PIPE_FENCE: return 4;
    case PIPE_SYSTEM: return 7;
    case PIPE_DIV: return 35;
    default: return 1;
    }
}

/* Cycles that `before` holds up the next instruction. */
static uint8_t held_up(const PipeInsn *before, const PipeInsn *i)
{
    const bool late = before->kind == PIPE_LOAD || before->kind == PIPE_MUL ||
                      before->kind == PIPE_MULH;
    if (late && before->rd &&
        (pipe_reads(i, before->rd) || i->rd == before->rd)) {
        return 1;
    }
    return i->kind == PIPE_LOAD && i->behind_store ? 2 : 0;
}

static uint64_t issue(Pipe *p, const PipeInsn *i)
{
    uint64_t begin = p->u.ue.begin;
    if (p->accepted && p->answer > begin) {
        begin = p->answer;
    }
    begin += held_up(&p->insn, i);
    p->insn = *i;
    p->now = begin;
    p->u.ue.begin = begin + cycles_of(i);
    p->accepted = 0;
    if (pipe_is_memory(i)) {
        data_accept(p);
    }
    return begin;
}

static void forget(Pipe *p)
{
    p->insn = (PipeInsn){.kind = p->insn.kind, .rd = p->insn.rd};
    p->free[0] = p->free[1] = p->data_wait = 0;
    p->u.ue.begin -= p->now;
    if (!p->accepted) {
        p->answer = 0;
    }
}

const PipeCore pipe_ueriscv[] = {
    {.name = "ue-riscv", .issue = issue, .forget = forget},
    {.name = NULL},
};
