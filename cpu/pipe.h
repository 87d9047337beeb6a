/*
 * pipe.h - how long cores take whose fetch unit and pipeline decide it: cycle
 * by cycle, from the stream of instructions that a hart executes.
 *
 * Model    A core has one port for instructions and one for data, or a port
 *          for both, which takes one access at a time. docs/timing.md has the
 *          rules of each core and their sources.
 * Units    cycles of the core since pipe_new().
 * Missing  interrupts, wfi, atomics, floating point; buses that others use too.
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
    uint8_t kind;            /* PipeKind */
    uint8_t size;            /* bytes: 2 or 4 */
    uint8_t rd, rs1, rs2;    /* integer registers written and read; 0: none */
    uint8_t bytes;           /* loads and stores: of the access */
    bool signed_a, signed_b; /* mulh, div, rem: that operand is signed */
    bool writes_csr;
    bool traps; /* PIPE_SYSTEM: enters a trap; else it returns from one */
    /* What begins a 32-bit instruction in memory, executed or not: */
    bool next_long;      /* the halfword at `next` */
    bool line_long;      /* the one behind the instruction */
    bool line_high_long; /* and the one behind that */
    uint16_t csr;
    uint64_t pc, next; /* next: where it went */
    uint64_t a, b;     /* values of rs1 and rs2; shifts: b is the amount */
    uint64_t address;  /* loads and stores */
} PipeInsn;

/* Fills in kind, size, registers, bytes, and what follows from the code. */
void pipe_decode(const Insn *in, PipeInsn *to);

typedef struct PipeCore PipeCore;
const PipeCore *pipe_core_find(const char *name); /* NULL: none */

typedef struct Pipe Pipe;
/* Fetches begin at `pc`, whose memory takes fetch_wait cycles more than one.
 * shared: one port for both. NULL: no memory. */
Pipe *pipe_new(const PipeCore *core, uint64_t pc, uint32_t fetch_wait,
               bool shared);
void pipe_free(Pipe *pipe);

/* The next instruction of the program; the one before has been answered.
 * Returns the cycle in which it issues; of a load or store, the one in which
 * its access is accepted. */
uint64_t pipe_issue(Pipe *pipe, const PipeInsn *insn);
/* What a load or store accesses takes `wait` cycles more than one, for each of
 * the two accesses of one that crosses a word. */
void pipe_answer(Pipe *pipe, uint32_t wait);

#ifdef __cplusplus
}
#endif
#endif
