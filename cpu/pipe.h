/*
 * pipe.h - how long cores take whose fetch unit and pipeline decide it: cycle
 * by cycle, from the stream of instructions that a hart executes.
 *
 * Model    A core has one port for instructions and one for data, or a port
 *          for both, which takes one access at a time. docs/timing.md has the
 *          rules of each core and their sources.
 * Units    cycles of the core.
 * Missing  floating point; other initiators' effect on fetches.
 */
#ifndef CPU_PIPE_H
#define CPU_PIPE_H

#include "cpu/insn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum PipeKind {
    PIPE_ALU,
    PIPE_SHIFT,
    PIPE_MUL,
    PIPE_MULH,
    PIPE_DIV, /* and rem */
    PIPE_LOAD,
    PIPE_STORE,
    PIPE_BRANCH,
    PIPE_JAL,
    PIPE_JALR,
    PIPE_CSR,
    PIPE_FENCE,
    PIPE_SYSTEM, /* ecall, mret */
} PipeKind;

/* One instruction, executed. */
typedef struct PipeInsn {
    uint64_t pc, next; /* next: where it went */
    uint16_t csr;
    uint8_t kind;         /* PipeKind */
    uint8_t size;         /* bytes: 2 or 4 */
    uint8_t rd, rs1, rs2; /* integer registers written and read; 0: none */
    uint8_t operand;      /* pipe_operand() */
    bool jumps;           /* not only went on in line; a branch: was taken */
    bool twice; /* loads and stores: two accesses, as it crosses a word */
    bool writes_csr;
    bool traps; /* PIPE_SYSTEM: enters a trap; else it returns from one */
    /* What begins a 32-bit instruction in memory, executed or not: */
    bool next_long;      /* the halfword at `next` */
    bool line_long;      /* the one behind the instruction */
    bool line_high_long; /* and the one behind that */
    /* Bits 11..7, 19..15 and 24..20 of a 32-bit instruction, whatever they
     * mean; of a compressed one: rd, rs1, rs2. */
    uint8_t field[3];
    uint8_t unused[2];
    int32_t address; /* loads and stores: beyond rs1 */
} PipeInsn;

/* Fills in kind, size, registers, and what follows from the code. */
void pipe_decode(const Insn *in, PipeInsn *to);

typedef struct PipeCore PipeCore;

/* Does the core see PipeInsn.next_long, line_long, line_high_long? */
bool pipe_looks_ahead(const PipeCore *core);
/* Does its time depend on when a line of code that is missing was asked for? */
bool pipe_takes_late(const PipeCore *core);
/* An instruction of that code has the core fetch so many bytes behind itself,
 * before it fetches where it jumps or traps to. */
unsigned pipe_fetches_ahead(const PipeCore *core, unsigned code);
/* Some instructions take longer with some operands. Does one of that code, on
 * that core? */
bool pipe_has_operand(const PipeCore *core, unsigned code);
/* PipeInsn.operand: what matters of the values of rs1 and rs2 (shifts: b is the
 * amount). 0 for all others. */
uint8_t pipe_operand(const PipeCore *core, unsigned code, uint64_t a,
                     uint64_t b);

typedef struct Pipe Pipe;
/* The next instruction of the program; the one before has been answered.
 * Returns the cycle in which it issues; of a load or store, the one in which
 * its access is accepted. */
uint64_t pipe_issue(Pipe *pipe, const PipeInsn *insn);
/* What a load or store accesses takes `wait` cycles more than one, for each of
 * the two accesses of one that crosses a word. */
void pipe_answer(Pipe *pipe, uint32_t wait);
/* The instruction to come is there so many cycles later, or, behind a jump, its
 * fetch begins so much later: pipe_takes_late(). */
void pipe_late(Pipe *pipe, uint32_t cycles);
uint64_t pipe_now(const Pipe *pipe); /* up to where it is known what happens */

/* The states that a core's pipe is in between two instructions, each kept once
 * under a number. How long code takes depends on the state it is entered in and
 * what its accesses wait, so it has to be stepped through once for each. */
typedef struct PipeStates PipeStates;
/* shared: one port for instructions and data. NULL: no memory. */
PipeStates *pipe_states_new(const PipeCore *core, bool shared);
void pipe_states_free(PipeStates *s);
const PipeCore *pipe_states_core(const PipeStates *s);
/* A pipe that fetches nothing yet and will from pc on; one in a state. Both
 * are at cycle 0, and valid until the next of these calls. fetch_wait: cycles
 * beyond one that a fetch takes. */
Pipe *pipe_states_begin(PipeStates *s, uint64_t pc);
Pipe *pipe_states_resume(PipeStates *s, uint32_t state, uint32_t fetch_wait);
/* The number of the state that pipe is in now, which becomes cycle 0. */
uint32_t pipe_states_keep(PipeStates *s);
/* Soon there is no room for more: clear, which ends all numbers. */
bool pipe_states_full(const PipeStates *s);
void pipe_states_clear(PipeStates *s);

#ifdef __cplusplus
}
#endif
#endif
