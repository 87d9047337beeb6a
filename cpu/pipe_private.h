/*
 * pipe_private.h - what the cores of pipe.h are made of.
 *
 * A core's state is that of one cycle, up to where the next instruction may be
 * taken in: pipe_issue() goes on from there.
 */
#ifndef CPU_PIPE_PRIVATE_H
#define CPU_PIPE_PRIVATE_H

#include "cpu/pipe.h"

/* A fetch unit. Only how many words it has matters: they are in line until the
 * next redirect. */
typedef struct FetchUnit {
    uint64_t at;       /* when the word under way is there */
    uint8_t words;     /* there were when this cycle began */
    uint8_t ready;     /* there are now */
    bool flying;       /* one is */
    bool dropped;      /* it will be thrown away */
    bool held;         /* asked for one that is not accepted yet */
    bool held_dropped; /* which will be thrown away */
    bool outstanding;  /* one was under way when this cycle began */
    bool unused;
} FetchUnit;

/* What differs between configurations of a core. */
typedef struct PipeCosts {
    uint8_t mul, mulh, div; /* cycles */
    bool early_branch;      /* Ibex: branches redirect in their first cycle */
    bool write_back;        /* Ibex: has that stage */
    bool predicts;          /* Hazard3: branches */
    bool sign_slows;        /* Hazard3: a negative operand of mulh, 2 cycles */
    bool compressed;        /* PicoRV32 */
    bool serial_shift;      /* PicoRV32: by 4 and by 1 */
    uint8_t ahead;          /* ue-riscv: as pipe_fetches_ahead(), of jumps */
    uint8_t trap_ahead;     /* the same of traps and returns from them */
} PipeCosts;

/* Values of rs1 and rs2 (shifts: b is the amount). */
typedef struct PipeOperands {
    uint32_t a, b;
    bool signed_a, signed_b; /* the instruction takes them so */
} PipeOperands;

struct PipeCore {
    const char *name;
    void (*begin)(Pipe *p, uint64_t pc);              /* may be NULL */
    uint64_t (*issue)(Pipe *p, const PipeInsn *insn); /* as pipe_issue() */
    void (*late)(Pipe *p, uint32_t cycles); /* as pipe_late(); may be NULL */
    /* Clears what no cycle to come depends on. */
    void (*forget)(Pipe *p);
    /* As pipe_operand(), for kinds in `operands`. */
    uint8_t (*operand)(PipeOperands v);
    uint32_t operands; /* bits by PipeKind */
    PipeCosts costs;
};

/* Hazard3: a fetched word, or what is left of it. */
typedef struct FetchedWord {
    uint8_t halves;
    bool ends_taken; /* the last of them ends a branch predicted taken */
} FetchedWord;

typedef struct HazardPredictor {
    uint64_t end, target; /* end: address of its last halfword */
    bool valid;
    uint8_t unused[7];
} HazardPredictor;

/* There is no padding where a state could differ unseen (pipe_state.c). */
struct Pipe {
    const PipeCore *core;
    uint64_t now;
    uint64_t free[2]; /* per port: when it accepts the next access */
    uint64_t answer;  /* when the last access accepted is over */
    PipeInsn insn;    /* issued last */
    FetchUnit fetch;
    uint32_t fetch_wait, data_wait;
    uint8_t data_port; /* index of free[] */
    /* the stage that insn is in */
    bool busy;
    bool redirected;
    bool blocked;               /* takes nothing in at the end of this cycle */
    uint8_t in_stage;           /* cycles */
    uint8_t accesses, accepted; /* of memory */
    uint8_t loads;              /* the register the last one loads */
    union {
        struct {
            PipeInsn ex; /* in EX */
            bool ex_busy, ex_redirected;
            bool half;             /* the aligner has the high half of a word */
            bool was_empty, takes; /* ID: in this cycle */
            uint8_t ex_cycles, ex_load;
        } cv;
        struct {
            HazardPredictor taken, set;
            uint64_t next_word;
            FetchedWord flying, held, queue[2];
            bool ends[4]; /* per halfword before X: ends such a branch */
            uint8_t queued, halves;
            bool drop_half;
            bool was_predicted;
            bool sets, clears;
        } hazard;
        struct {
            uint64_t begin; /* of the next one */
            bool known;     /* the halfword behind insn is */
        } pico;
        struct {
            uint64_t fetched; /* when the next one is there; may be below 0 */
            uint64_t leaves;  /* when insn leaves E1, at the earliest */
            bool bubble;      /* then E1 is empty */
            uint8_t unused[7];
        } ue;
    } u;
};

/* Begins a cycle: what was under way may be there. True: a word is. */
static inline bool fetch_cycle(Pipe *p)
{
    FetchUnit *f = &p->fetch;
    p->now++;
    f->words = f->ready;
    f->outstanding = f->flying;
    if (!f->flying || f->at != p->now) {
        return false;
    }
    f->flying = false;
    f->ready += !f->dropped;
    return !f->dropped;
}

static inline void fetch_redirect(FetchUnit *f)
{
    f->words = f->ready = 0;
    f->dropped = true;
    f->held_dropped = f->held;
}

/* Asks for the next word, or goes on asking for the one held. True: it was
 * accepted. data: data asks for its port, too. */
static inline bool fetch_ask(Pipe *p, bool data)
{
    FetchUnit *f = &p->fetch;
    if (!f->held) {
        f->held = true;
        f->held_dropped = false;
    }
    if (p->now < p->free[0] || (data && p->data_port == 0)) {
        return false;
    }
    p->free[0] = f->at = p->now + 1 + p->fetch_wait;
    f->flying = true;
    f->dropped = f->held_dropped;
    f->held = false;
    return true;
}

/* An access begins; pipe_answer() says how long the first takes. */
static inline void data_accept(Pipe *p)
{
    p->accepted++;
    p->free[p->data_port] = p->answer = p->now + 1 + p->data_wait;
}

static inline bool pipe_is_memory(const PipeInsn *i)
{
    return i->kind == PIPE_LOAD || i->kind == PIPE_STORE;
}

static inline bool pipe_reads(const PipeInsn *i, uint8_t reg)
{
    return reg && (i->rs1 == reg || i->rs2 == reg);
}

static inline uint8_t pipe_accesses(const PipeInsn *i)
{
    return !pipe_is_memory(i) ? 0 : i->twice ? 2 : 1;
}

/* insn enters its first stage. */
static inline void pipe_enter(Pipe *p, const PipeInsn *insn)
{
    p->insn = *insn;
    p->busy = true;
    p->redirected = false;
    p->in_stage = 0;
}

static inline void pipe_count(uint8_t *cycles)
{
    *cycles = (uint8_t)(*cycles + (*cycles < UINT8_MAX));
}

/* When insn issued, which is now over or has its access accepted. */
static inline uint64_t pipe_begun(const Pipe *p)
{
    return pipe_is_memory(&p->insn) ? p->now : p->now - p->in_stage + 1;
}

enum { PIPE_MSTATUS = 0x300, PIPE_MEPC = 0x341, PIPE_COUNTERS = 0xb00 };

extern const PipeCore pipe_ibex[], pipe_cv32e40p[], pipe_hazard3[],
    pipe_picorv32[], pipe_ueriscv[]; /* each ends with a NULL name */

#endif
