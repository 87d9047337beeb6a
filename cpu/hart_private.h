/*
 * hart_private.h - what the files of a hart share: its state, blocks, ops.
 *
 * A block is straight-line code decoded once: ops[0 .. count) and an INSN_END
 * behind them. An op knows its issue time as cycles from the block's begin when
 * nothing stalls; while a block runs, `base` is that begin moved by what did.
 * How code is cut into blocks is invisible: costs depend on an instruction and
 * the one behind it only, and a position may lie anywhere in a block.
 */
#ifndef CPU_HART_PRIVATE_H
#define CPU_HART_PRIVATE_H

#include "cpu/hart.h"
#include "cpu/insn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Op {
    int64_t imm;   /* CSR and illegal: the word in the upper half */
    uint16_t code; /* InsnCode */
    uint8_t rd;    /* 32 when x0 is written: a sink */
    uint8_t rs1, rs2;
    uint8_t size; /* bytes */
    uint8_t lead; /* cycles waited for its fetch before issue */
    uint8_t pad;
    uint16_t cycle;  /* issue, from the block's begin; includes lead */
    uint16_t offset; /* bytes from the block's pc */
    uint16_t index;
    uint16_t pad2;
    uint32_t site, place; /* record site for that place (0: none yet) */
} Op;

typedef struct Block Block;
struct Block {
    uint64_t pc;
    Block *next[2];         /* [0] what follows, [1] where it jumped to last */
    uint32_t count;         /* instructions */
    uint32_t cycles;        /* from begin to end, branch not taken */
    uint32_t bound;         /* more than it can take without a slow access */
    uint32_t jump_extra;    /* cycles more when it is jumped to */
    uint32_t lead;          /* sum of the ops' */
    uint32_t mems;          /* loads and stores */
    uint32_t halves, words; /* instructions of 2 and 4 bytes */
    uint64_t full;          /* executed from the first to the last op */
    uint64_t spent;         /* cycles */
    uint64_t single[2];     /* ops besides, 2 and 4 bytes; may wrap below 0 */
    const MemoryPlace *place; /* of the fetches */
    uint32_t fetch_site;      /* 0: none yet, else site + 1 */
    uint32_t bytes;
    struct {
        RAMBlock *block;
        ram_addr_t offset;
        uint64_t len;
        Block *next; /* in the same page */
    } code[2]; /* where its bytes lie; [1]: an instruction across a page */
    Block *hash_next;
    Op op[]; /* count + 1 */
};

enum {
    BLOCK_MAX_OPS = 64,
    BLOCK_HASH = 16384,
    CODE_PAGES = 4096,    /* hash of pages with code */
    BLOCK_POOL = 8 << 20, /* bytes of blocks before all are dropped */
};

enum {
    CAUSE_FETCH_MISALIGNED,
    CAUSE_FETCH_FAULT,
    CAUSE_ILLEGAL,
    CAUSE_BREAKPOINT,
    CAUSE_LOAD_MISALIGNED,
    CAUSE_LOAD_FAULT,
    CAUSE_STORE_MISALIGNED,
    CAUSE_STORE_FAULT,
    CAUSE_ECALL_U,
    CAUSE_ECALL_M = 11
};

enum {
    MSTATUS_MIE = 1 << 3,
    MSTATUS_MPIE = 1 << 7,
    MSTATUS_MPP = 3 << 11,
    MSTATUS_MPRV = 1 << 17,
    MSTATUS_TW = 1 << 21
};

typedef enum CsrOp { CSR_SWAP, CSR_SET, CSR_CLEAR } CsrOp;

/* What was known of blocks that are gone, by pc. */
typedef struct BlockTotal {
    uint64_t pc, bytes, entries, instructions, cycles;
} BlockTotal;

struct Hart {
    union {
        uint32_t w[36]; /* x0..x31, [32] takes writes to x0 */
        uint64_t d[36];
    } x;
    uint64_t cycle;      /* at which the next instruction begins */
    uint64_t fast_until; /* blocks must be over by then; 0: leave now */
    uint64_t deadline;   /* instructions begin before it */
    uint64_t pc;
    uint64_t instret;
    uint64_t limit;    /* of instret */
    PortEntry *closed; /* entries that never hit: single-step mode */
    MemoryPort data, fetch;
    HartConfig config;
    /* position: block and op of pc, or NULL */
    Block *block;
    uint32_t index;
    bool jumped; /* pc was jumped to: its block's jump_extra is due */
    bool asleep, flush;
    uint8_t priv;
    uint8_t misaligned;  /* HartMisaligned */
    uint64_t align_mask; /* bits of a jump target that must be 0 */
    uint64_t pending;    /* cycles not yet in any block's `spent` */
    /* CSRs */
    uint64_t mstatus, mie, mip, mtvec, mscratch, mepc, mcause, mtval;
    uint64_t mcounteren, cycle_bias, instret_bias;
    /* counters */
    uint64_t folded; /* cycle at which the entries' counts were last folded */
    uint64_t idle, traps, interrupts, fetch_stall;
    uint64_t decoded, dropped;
    /* blocks */
    InsnDecoder *decoder;
    uint8_t *pool;
    size_t pool_used;
    Block **hash;
    Block **page; /* blocks by page of their bytes */
    Block *last;
    uint32_t worst_extra;
    BlockTotal *total;
    size_t totals, total_capacity;
    Block *scratch; /* room for two ops: to execute a single one */
};

/* block.c */
Block *block_find(Hart *h, uint64_t pc); /* NULL: all blocks must go first */
void blocks_flush(Hart *h);
void blocks_fold(void *hart); /* counts to the fetch port, cycles to totals */
void blocks_rebound(Hart *h); /* the data port's worst_extra changed */
void block_code_written(void *hart, RAMBlock *block, ram_addr_t offset,
                        uint64_t len);
void block_fetch_site(Hart *h, Block *b);

/* exec32.c, exec64.c: runs from b->op[index]; with `only` (a scratch block) one
 * op. h->cycle, pc, position are set on return. */
typedef void HartExec(Hart *h, Block *b, unsigned index, bool only);
HartExec exec32, exec32_observed, exec64, exec64_observed;

/* hart.c */
void hart_trap(Hart *h, uint64_t cause, uint64_t tval);
typedef struct SlowAccess {
    uint64_t value;
    uint32_t extra; /* cycles */
    bool fault;
    bool stored; /* store-conditional */
    uint64_t cause, tval;
} SlowAccess;
SlowAccess hart_slow_load(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                          unsigned size);
SlowAccess hart_slow_store(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                           unsigned size, uint64_t value);
SlowAccess hart_slow_amo(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                         unsigned size, PortAmo *fn, uint64_t operand);
SlowAccess hart_slow_lr(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                        unsigned size);
SlowAccess hart_slow_sc(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                        unsigned size, uint64_t value);
void hart_fetch_failed(Hart *h, uint64_t pc, uint64_t cycle);
void hart_mret(Hart *h);
/* Makes the run loop look again before the next instruction. */
static inline void hart_look_again(Hart *h)
{
    h->fast_until = 0;
}

/* csr.c: false: illegal. `retired` is instret before this instruction. */
bool csr_access(Hart *h, unsigned csr, CsrOp op, uint64_t operand, bool writes,
                uint64_t cycle, uint64_t retired, uint64_t *old);

#ifdef __cplusplus
}
#endif
#endif
