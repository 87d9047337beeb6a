/*
 * pipe_ueriscv.c - ultraembedded/riscv: issue, two stages of execution, write
 * back; an instruction a cycle.
 *
 * Model    An instruction issues when it is there and the stage behind issue is
 *          free; a load or store asks the cache there (E1), and in the next
 *          stage (E2) all wait for its answer: so one more instruction issues
 *          meanwhile. The successor in line is asked for when an instruction
 *          issues, so a line that is missing comes while that one waits.
 *          Caches are the hart's (docs/timing.md has their numbers).
 * Source   docs/timing.md; the core's riscv_issue.v, riscv_lsu.v,
 *          riscv_pipe_ctrl.v, riscv_fetch.v, dcache_core.v, icache.v at
 * 7ae6f803 say why; measured, see tests/timing/. Missing  A cached access next
 * to one of a device (2 cycles); a load next to a store to the same word by
 * another base register; fence.i empties the icache a set a cycle.
 */
#include "cpu/pipe_private.h"

enum { IN_LINE = 1, JUMP = 3, TRAP = 7, CSR = 4, DIVIDE = 35 };

/* From issue until the next instruction is there. */
static unsigned fetch_cycles(const PipeInsn *i)
{
    return i->kind == PIPE_SYSTEM ? TRAP : i->jumps ? JUMP : IN_LINE;
}

/* From issue until it leaves E1. */
static unsigned stage_cycles(const PipeInsn *i)
{
    switch (i->kind) {
    case PIPE_CSR:
    case PIPE_FENCE: return CSR;
    case PIPE_DIV: return DIVIDE;
    default: return 1;
    }
}

/* The fields are compared in every encoding, also where they are bits of an
 * immediate. */
static bool names(const PipeInsn *i, uint8_t reg)
{
    return i->field[0] == reg || i->field[1] == reg || i->field[2] == reg;
}

/* Has i to wait while `before` is in E1? */
static bool held_up(const PipeInsn *before, const PipeInsn *i)
{
    switch (before->kind) {
    case PIPE_LOAD:
    case PIPE_MUL:
    case PIPE_MULH:
        if (names(i, before->rd)) {
            return true;
        }
        break;
    default: break;
    }
    switch (i->kind) {
    case PIPE_MUL:
    case PIPE_MULH:
    case PIPE_DIV:
    case PIPE_CSR:
    case PIPE_FENCE:
    case PIPE_SYSTEM: return pipe_is_memory(before);
    default: return false;
    }
}

static bool same_word(const PipeInsn *a, const PipeInsn *b)
{
    return a->rs1 == b->rs1 && a->address >> 2 == b->address >> 2;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* From when on E2 is free for others than what is in E1. */
static uint64_t done(const Pipe *p)
{
    return p->accepted ? p->answer + 1 : 0;
}

static uint64_t issue(Pipe *p, const PipeInsn *i)
{
    const int64_t there = (int64_t)p->u.ue.fetched;
    uint64_t at = p->u.ue.leaves;
    bool behind = !p->u.ue.bubble; /* the one before is in E1 */
    if (there > (int64_t)at) {
        at = (uint64_t)there;
        behind = false;
    }
    if (!behind) {
        at = later(at, done(p));
    } else if (held_up(&p->insn, i)) {
        at = later(at + 1, done(p));
        behind = false;
    }
    const uint64_t leaves = later(at + stage_cycles(i), done(p));
    /* The cache is still at the store. */
    const bool again = behind && p->insn.kind == PIPE_STORE &&
                       i->kind == PIPE_LOAD && same_word(&p->insn, i);
    p->insn = *i;
    p->u.ue.fetched = at + fetch_cycles(i);
    p->u.ue.leaves = leaves;
    p->u.ue.bubble = again;
    p->now = at;
    p->accepted = 0;
    if (pipe_is_memory(i)) {
        p->now = leaves - 1 + again;
        data_accept(p);
    }
    return p->now;
}

static void late(Pipe *p, uint32_t cycles)
{
    p->u.ue.fetched += cycles;
}

static void forget(Pipe *p)
{
    enum { LONG_AGO = 64 };
    const uint64_t now = p->now;
    p->free[0] = p->free[1] = p->data_wait = 0;
    if (!p->accepted) {
        p->answer = 0;
    }
    p->u.ue.leaves -= p->u.ue.leaves > now ? now : p->u.ue.leaves;
    p->u.ue.fetched -= now;
    if ((int64_t)p->u.ue.fetched < -LONG_AGO) {
        p->u.ue.fetched = (uint64_t)-LONG_AGO;
    }
    const bool behind =
        !p->u.ue.bubble && (int64_t)p->u.ue.fetched <= (int64_t)p->u.ue.leaves;
    const PipeInsn insn = p->insn;
    p->insn = (PipeInsn){0};
    if (!behind) {
        p->u.ue.leaves = 0;
        p->u.ue.bubble = true;
        return;
    }
    switch (insn.kind) {
    case PIPE_STORE:
        p->insn.kind = insn.kind;
        p->insn.rs1 = insn.rs1;
        p->insn.address = insn.address & ~3;
        break;
    case PIPE_LOAD:
    case PIPE_MUL:
    case PIPE_MULH:
        p->insn.kind = insn.kind;
        p->insn.rd = insn.rd;
        break;
    default: break;
    }
}

const PipeCore pipe_ueriscv[] = {
    {.name = "ue-riscv",
     .issue = issue,
     .late = late,
     .forget = forget,
     .costs = {.ahead = 8, .trap_ahead = 20}},
    {.name = NULL},
};
