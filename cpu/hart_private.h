/*
 * hart_private.h - what the files of a hart share: its state, blocks, ops.
 *
 * A block is straight-line code decoded once: ops[0 .. count) and an INSN_END
 * behind them. An op knows its issue time as cycles from the block's begin when
 * nothing stalls; while a block runs, `base` is that begin moved by what did.
 * How code is cut into blocks is invisible: costs depend on an instruction and
 * the one behind it only, and a position may lie anywhere in a block. With a
 * pipeline (hart_pipe.c) they depend on the state it comes to the block in:
 * then there is a block for each such state.
 */
#ifndef CPU_HART_PRIVATE_H
#define CPU_HART_PRIVATE_H

#include "cpu/hart.h"
#include "cpu/insn.h"
#include "cpu/pipe.h"
#include "memory/posted_buffer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Op {
    const void *handler;  /* where the interpreter in use goes on */
    int32_t imm;          /* CSR instructions and illegal ones: the word */
    uint32_t site, place; /* record site for that place (0: none yet) */
    uint16_t code;        /* InsnCode */
    uint16_t cycle;       /* issue, from the block's begin; includes lead */
    uint16_t offset;      /* bytes from the block's pc */
    uint8_t rd;           /* 32 when no x register is written: a sink */
    uint8_t rs1, rs2, rs3;
    uint8_t lead;  /* cycles waited for its fetch before issue */
    uint8_t extra; /* cycles beyond one that its access takes, as counted on */
} Op;

/* Bytes of the instruction; each op has one behind it. */
static inline unsigned op_size(const Op *o)
{
    return (unsigned)(o[1].offset - o->offset);
}

enum { VARIANTS = 4 };

typedef struct Block Block;
struct Block {
    /* a cache line: all that running it, and finding it, needs */
    uint64_t pc;
    Block *next[2];       /* [0] what follows, [1] where it jumped to last */
    uint32_t count;       /* instructions */
    uint32_t cycles;      /* from begin to end, branch not taken */
    uint32_t jump_cycles; /* the same when its last instruction jumps */
    uint32_t bound;       /* more than it can take without a slow access */
    uint32_t jump_extra;  /* cycles more when it is jumped to */
    uint32_t ran[2]; /* from the first op to the last; [1]: and jumped; folded
                        often enough */
    uint8_t space;   /* HartSpace */
    bool straddles;  /* a single instruction in two pages */
    bool cached;     /* its fetches go through a cache */
    bool ahead;      /* if it jumps at its end, line[1] is fetched first */
    uint64_t pa[2];  /* of pc, and of the second page if it is in two */
    /* the rest */
    uint32_t lead;      /* sum of the ops' */
    uint64_t spent;     /* cycles besides; may wrap below 0 */
    uint64_t single[2]; /* ops besides, 2 and 4 bytes; may wrap below 0 */
    uint64_t called[2]; /* of all these, those hart_fetch_line() fetched */
    /* *hint[i] == line[i]: its first, its last byte's line (or, if `ahead`, the
     * next one) is there and the last one used of its set */
    const uint64_t *hint[2];
    uint64_t line[2];
    uint32_t mems;          /* loads and stores */
    uint32_t halves, words; /* instructions of 2 and 4 bytes */
    uint32_t bytes;
    uint32_t state;     /* of the pipeline, at its begin; without one: 0 */
    bool kept;          /* its bytes are watched for writes */
    bool fetched;       /* a single op that hart_fetch_line() has fetched */
    MemoryRecord fetch; /* head of its fetch run, if fetches are recorded */
    const MemoryPlace *place; /* of the fetches */
    struct {
        RAMBlock *block;
        ram_addr_t offset;
        uint64_t len;
        Block *next; /* in the same page */
    } code[2]; /* where its bytes lie; [1]: an instruction across a page */
    Block *hash_next;
    Op op[] __attribute__((aligned(32))); /* count + 1; none in two lines */
};

enum { CACHE_BLOCK = 64 }; /* bytes that cbo.zero clears */

enum {
    BLOCK_MAX_OPS = 64,
    BLOCK_HASH = 65536,
    CODE_PAGES = 4096,     /* hash of pages with code */
    BLOCK_POOL = 32 << 20, /* bytes of blocks before all are dropped */
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
    CAUSE_ECALL_S,
    CAUSE_ECALL_M = 11,
    CAUSE_FETCH_PAGE,
    CAUSE_LOAD_PAGE,
    CAUSE_STORE_PAGE = 15
};

#define MSTATUS_SIE (UINT64_C(1) << 1)
#define MSTATUS_MIE (UINT64_C(1) << 3)
#define MSTATUS_SPIE (UINT64_C(1) << 5)
#define MSTATUS_MPIE (UINT64_C(1) << 7)
#define MSTATUS_SPP (UINT64_C(1) << 8)
#define MSTATUS_MPP (UINT64_C(3) << 11)
#define MSTATUS_FS (UINT64_C(3) << 13)
#define MSTATUS_MPRV (UINT64_C(1) << 17)
#define MSTATUS_SUM (UINT64_C(1) << 18)
#define MSTATUS_MXR (UINT64_C(1) << 19)
#define MSTATUS_TVM (UINT64_C(1) << 20)
#define MSTATUS_TW (UINT64_C(1) << 21)
#define MSTATUS_TSR (UINT64_C(1) << 22)

#define ENVCFG_FIOM (UINT64_C(1) << 0)
#define ENVCFG_CBZE (UINT64_C(1) << 7)
#define ENVCFG_ADUE (UINT64_C(1) << 61)
#define ENVCFG_STCE (UINT64_C(1) << 63)

typedef enum CsrOp { CSR_SWAP, CSR_SET, CSR_CLEAR } CsrOp;

/* Why memory is entered: permissions, causes. */
typedef enum MmuAccess { MMU_FETCH, MMU_LOAD, MMU_STORE } MmuAccess;

/* Where an address leads depends on who asks: one set of inline entries and one
 * jump cache each. Code has the first three. */
typedef enum HartSpace {
    SPACE_M,
    SPACE_S,
    SPACE_U,
    SPACE_SUM, /* S with mstatus.SUM */
    SPACES
} HartSpace;

/* A page a TLB knows, if its context is the hart's, or that of global pages. */
typedef struct TlbEntry {
    uint64_t page, pa;
    uint32_t context;             /* 0: closed */
    bool user, read, write, exec; /* as the leaf says; read: or MXR does; write:
                                     and D is set */
} TlbEntry;
/* A value of satp that may have entries. */
typedef struct TlbSatp {
    uint64_t satp;
    uint32_t context; /* 0: none */
} TlbSatp;
enum {
    TLB_ENTRIES = 1024, /* the low bits of its index are an inline entry's */
    TLB_SATPS = 16,
    TLB_RANGES = 4096, /* hash of ranges that have pages of superpages */
};

/* What a walk found. */
typedef struct MmuResult {
    uint64_t pa;                  /* of va */
    bool user, read, write, exec; /* as in a TlbEntry */
    bool global;                  /* of all ASIDs */
    bool super;                   /* the leaf is of more than 4 KiB */
    uint64_t cause;               /* 0: fine (no walk ends in cause 0) */
    uint32_t cycles;              /* the walk took */
} MmuResult;

typedef struct PmpEntry {
    uint64_t first, last; /* bytes it matches; first > last: none */
    uint8_t config;
} PmpEntry;

/* exec32.c, exec64.c: runs from b->op[index]; with `only` (a scratch block) one
 * op. h->cycle, pc, position are set on return. With b NULL: nothing runs;
 * returns the handlers: VARIANTS rows by InsnCode. */
typedef const void *const *HartExec(Hart *h, Block *b, unsigned index,
                                    bool only);

/* What was known of blocks that are gone, by pc. */
typedef struct BlockTotal {
    uint64_t pc, bytes, entries, instructions, cycles;
} BlockTotal;

/* Where a jump to pc leads. */
typedef struct JumpSlot {
    uint64_t pc;
    uint64_t key; /* with a pipeline: jump_key(), jump_key_off(); else 0 */
    Block *block;
    uint32_t cycles; /* jump_key_off(): from the begin of the block left */
} JumpSlot;
enum { JUMP_SLOTS = 32768 };
#define NO_CODE UINT64_MAX /* odd: no code is there */

/* How pc was come to: by ops [0, count) of block. Without a pipeline: none. */
typedef struct HartLeft {
    Block *block;
    uint64_t base; /* cycle at which it began */
    uint32_t count;
    uint32_t wait; /* off: of the last op: PortEntry.extra, or its operand */
    bool counted;  /* its cycles are, by ran[] */
    bool trapped;  /* the last op */
    bool off;      /* the last op was not what the version counts on */
} HartLeft;
/* With an access of two, what one of them waited. */
#define WAIT_TWICE (UINT32_C(1) << 31)
enum { WAIT_SLOTS = 4096 };

struct Hart {
    union {
        uint32_t w[36]; /* x0..x31, [32] takes writes to x0 */
        uint64_t d[36];
    } x;
    uint64_t f[32];      /* NaN-boxed */
    uint64_t cycle;      /* at which the next instruction begins */
    uint64_t fast_until; /* blocks must be over by then; 0: leave now */
    uint64_t deadline;   /* instructions begin before it */
    uint64_t pc;
    uint64_t instret;
    uint64_t limit;                /* of instret */
    PortEntry *closed;             /* entries that never hit */
    HartExec *exec;                /* the interpreter in use */
    const void *const *handler;    /* its handlers */
    const TimingLines *data_lines; /* of loads and stores */
    MemoryPort data, fetch, walk;
    HartConfig config;
    /* position: block and op of pc, or NULL */
    Block *block;
    uint32_t index;
    bool jumped;  /* pc was jumped to: its block's jump_extra is due */
    bool cached;  /* one of the ports has a cache */
    bool by_call; /* the horizon is near, or others are on the bus: blocks
                     run from access to access */
    bool fetched; /* by hart_fetch_line(): the instruction at pc */
    uint64_t line_until; /* the bus has the last line that was fetched so */
    bool asleep, flush;
    bool record_fetches; /* exec does */
    uint8_t priv;
    uint8_t code_space, data_space; /* HartSpace: follow hart_mode_changed() */
    bool paged;                     /* satp translates S and U */
    bool direct;         /* data: nothing to translate, check, or tell of */
    uint8_t misaligned;  /* HartMisaligned */
    uint64_t align_mask; /* bits of a jump target that must be 0 */
    uint64_t pending;    /* cycles not yet in any block's `spent` */
    TlbEntry *data_tlb, *code_tlb; /* NULL without ISA_S */
    uint32_t tlb_context, tlb_global, tlb_last, tlb_victim;
    TlbSatp tlb_satp[TLB_SATPS];
    uint64_t tlb_super[TLB_RANGES / 64];
    JumpSlot *jump[SPACES];
    /* CSRs */
    uint64_t mstatus, mtvec, mscratch, mepc, mcause, mtval;
    uint64_t medeleg, mideleg, menvcfg, mcounteren, mcountinhibit;
    uint64_t stvec, sscratch, sepc, scause, stval, scounteren, senvcfg;
    uint64_t satp, stimecmp;
    uint64_t mie;
    uint64_t lines; /* interrupt inputs */
    uint64_t soft;  /* mip bits that software wrote: SSIP, STIP, SEIP */
    uint64_t mip;   /* lines | soft, less STIP from software with Sstc */
    uint64_t cycle_bias, instret_bias;
    uint64_t cycle_stopped, instret_stopped; /* value while inhibited */
    uint8_t fflags, frm;
    PmpEntry pmp[16];
    uint64_t pmpaddr[16];
    bool pmp_used; /* some entry matches something, or locks M out */
    /* counters */
    uint64_t folded; /* cycle at which the entries' counts were last folded */
    uint64_t idle, traps, interrupts, fetch_stall, walk_cycles, walks;
    uint64_t posted_wait; /* cycles waiting for posted stores */
    uint64_t decoded, dropped;
    /* blocks */
    InsnDecoder *decoder;
    uint8_t *pool;
    size_t pool_used;
    Block **hash;
    Block **page; /* blocks by page of their bytes */
    uint32_t worst_extra;
    BlockTotal *total;
    size_t totals, total_capacity;
    Block *scratch; /* room for two ops: to execute a single one */
    HartCommit commit;
    /* breaks: no block holds such a pc but at its begin, and none that begins
     * there is linked to, so the run loop sees each arrival */
    uint64_t *break_pc;
    unsigned breaks, break_capacity;
    bool at_break; /* stopped at pc, whose instruction comes next */
    /* hart_pipe.c */
    PipeStates *states;  /* NULL: costs are the profile's table */
    HartLeft left;       /* how pc was come to, if that is not in `state` */
    uint32_t state;      /* of the pipeline at pc, if block is NULL */
    uint32_t fetch_wait; /* of the code it came from */
    uint32_t lag;        /* cycles that state begins before h->cycle */
    uint64_t came_by;    /* key of the JumpSlot that may lead here; 0: none */
    uint32_t came_cycles;
    uint32_t unlearned, relearn;
    uint8_t waited[WAIT_SLOTS]; /* by pc: what an access there waited last */
};

/* How `from` leads to what is behind it, or to where it jumps. (Blocks are
 * aligned.) */
static inline uint64_t jump_key(const Hart *h, const Block *from, bool jumps)
{
    return h->states ? (uintptr_t)from | jumps : 0;
}
/* How its op `index` does, when it is not what was counted on; 0: that is not
 * kept. */
static inline uint64_t jump_key_off(const Block *from, uint32_t index,
                                    uint32_t wait)
{
    return wait > UINT8_MAX
               ? 0
               : (uintptr_t)from | 2 | (uint64_t)(wait << 7 | index) << 48;
}
static inline JumpSlot *jump_slot(const Hart *h, unsigned space, uint64_t pc,
                                  uint64_t key)
{
    key ^= key >> 41; /* its highest bits would be lost */
    uint64_t mixed = (pc >> 1) ^ (key * UINT64_C(0x9e3779b97f4a7c15)) >> 40;
    return &h->jump[space][mixed % JUMP_SLOTS];
}

/* -- hart_pipe.c: only with a pipeline, but for _drop, _restart, _clean, _at */
/* Fills in b's cycles. */
void block_schedule(Hart *h, Block *b);
/* Works out h->state from h->left. */
void hart_settle(Hart *h);
/* Gives up the position in a block: works out h->state there. */
void hart_pipe_drop(Hart *h);
/* Goes no further than to b, which is come to at `cycle`. */
void hart_stop_at(Hart *h, const Block *b, uint64_t cycle);
/* The pipeline went from an instruction at `from` to h->pc by a trap. */
void hart_pipe_trap(Hart *h, uint64_t from);
/* It begins anew at h->pc. */
void hart_pipe_restart(Hart *h);
/* Makes room for states, when there are no blocks. */
void hart_pipe_clean(Hart *h);
/* The line of the instruction at h->pc was missing; pipe_late(). */
void hart_pipe_late(Hart *h, uint64_t cycles);
/* How long o takes, which depends on what it computes from; for pipe.h. */
static inline uint32_t op_operand(const Hart *h, const Op *o, uint64_t a,
                                  uint64_t b)
{
    return pipe_operand(pipe_states_core(h->states), o->code, a, b);
}
/* The access of the instruction at pc waited otherwise than counted on. */
void hart_learn_wait(Hart *h, uint64_t pc, uint32_t wait);

/* block.c */
/* The block at h->pc in the code space, where pa (and in a second page, pa2)
 * is what it was translated to. NULL: `*fault` says why pc cannot be fetched
 * from, and at which address. */
typedef struct FetchFault {
    uint64_t cause, va, pa;
} FetchFault;
Block *block_find(Hart *h, FetchFault *fault);
/* May control go from one to the other without asking the TLB? */
static inline bool block_links(const Hart *h, const Block *from,
                               const Block *to)
{
    return !h->paged || from->space == SPACE_M ||
           ((from->pc ^ to->pc) < PAGE_SIZE_BYTES && !from->straddles &&
            !to->straddles);
}
void blocks_flush(Hart *h);
void blocks_forget_jumps(Hart *h); /* no JumpSlot leads anywhere */
/* Lets go of the memory that code lies in, which may end before the next
 * blocks_flush(); that must come before a block is run. */
void blocks_unwatch(Hart *h);
void blocks_fold(void *hart); /* counts to the fetch port, cycles to totals */
void blocks_rebound(Hart *h); /* the data port's worst_extra changed */
void block_code_written(void *hart, RAMBlock *block, ram_addr_t offset,
                        uint64_t len);
/* Is there an access of the op behind its fetch run's head? */
static inline bool op_is_recorded(const Op *o)
{
    unsigned time = o->code < INSN_NUM ? insn_table[o->code].time : TIME_SYSTEM;
    return time == TIME_LOAD || time == TIME_STORE;
}
/* Has pc a break? */
static inline bool break_at(const Hart *h, uint64_t pc)
{
    for (unsigned i = 0; i < h->breaks; i++) {
        if (h->break_pc[i] == pc) {
            return true;
        }
    }
    return false;
}
/* Does the time of o, or of the end behind it, depend on operands? */
static inline bool op_has_operand(const Hart *h, const Op *o)
{
    return o->handler == h->handler[INSN_OPERAND];
}
/* Do b's ops from o on begin before `until`, up to one whose time is not known
 * and with it? `base`: of b. */
bool block_reaches(const Hart *h, const Block *b, const Op *o, uint64_t base,
                   uint64_t until);
/* The instruction at `offset` bytes of b, as it is in memory. */
uint32_t block_word(Hart *h, const Block *b, unsigned offset);

/* Does the byte at `offset` lie in another line than b's pc? */
static inline bool block_leaves_line(const Hart *h, const Block *b,
                                     uint64_t offset)
{
    return b->cached &&
           (b->pc ^ (b->pc + offset)) >> h->fetch.timing->lines->shift != 0;
}
/* fetch.c: has the instruction at the position brought by the fetch port's
 * cache. True: it was missing, and time has passed. */
bool hart_fetch_line(Hart *h);
/* b jumps: has the line fetched that it fetches ahead of its target. */
void hart_fetch_ahead(Hart *h, const Block *b);
/* Is there nothing to be done when b jumps? */
static inline bool block_has_ahead(const Block *b)
{
    return !b->ahead || *b->hint[1] == b->line[1];
}
/* Where b's fetches find their line, when b lies at one place only. */
void hart_set_line(Hart *h, Block *b);
static inline bool block_has_lines(const Block *b)
{
    return !((*b->hint[0] ^ b->line[0]) | (*b->hint[1] ^ b->line[1]));
}
/* Has the fetch port's cache what b needs? Then it is the last one used. */
bool hart_touch_code(Hart *h, Block *b);
/* The same of the data port's, for an access. */
bool hart_touch(Hart *h, uint64_t pa, unsigned size, bool is_write);
/* Which pages the data port opens, and how to look for their lines. */
void hart_set_lines(Hart *h);
/* The caches do what fence.i has them do. */
void hart_fence_i(Hart *h);

HartExec exec32, exec32_data, exec32_all, exec64, exec64_data, exec64_all;
HartExec exec32_cached, exec32_data_cached, exec32_all_cached, exec64_cached,
    exec64_data_cached, exec64_all_cached; /* a port has a cache */

/* Blocks write records without looking for room: at most two in a cycle (a run
 * and an access), and one more. Do they still fit, if nobody but the hart wrote
 * any since this was seen to? */
static inline bool records_fit(const MemoryRecorder *rec, uint64_t cycles)
{
    return !rec->crowded || (uint64_t)(rec->end - rec->next) / 2 > cycles;
}

/* trap.c: traps, returns from them, interrupts. */
void hart_trap(Hart *h, uint64_t cause, uint64_t tval); /* at h->pc */
/* xret's legality is its caller's to check (trap_may_*). */
void hart_mret(Hart *h);
void hart_sret(Hart *h);
bool trap_may_mret(const Hart *h), trap_may_sret(const Hart *h);
bool trap_may_wfi(const Hart *h);
bool trap_may_sfence(const Hart *h); /* sfence.vma, sinval.vma */
/* Recomputes mip after lines, soft or menvcfg changed. */
void mip_update(Hart *h);
/* Takes the most urgent interrupt that is pending and enabled now, if any. */
bool trap_take_interrupt(Hart *h);

/* access.c: the slow way into memory. */
typedef struct SlowAccess {
    uint64_t value;
    uint32_t extra; /* cycles */
    bool fault;
    bool stored; /* store-conditional */
    uint64_t cause, tval;
} SlowAccess;
/* Loads and stores of devices, mostly: aligned, translated by the TLB, allowed.
 * `cycles` are those from issue to done; negative: nothing was done, call
 * hart_slow_load() or hart_slow_store(). */
/* A block runs up to a near horizon: the entry of o's access, if it is over by
 * then, and what comes behind it, up to the next one, begins by then. */
PortEntry *hart_near_entry(const Hart *h, const Block *b, const Op *o,
                           uint64_t base, uint64_t va, unsigned size,
                           bool is_write);
PortQuick hart_translated_load(Hart *h, uint64_t pc, uint64_t cycle,
                               uint64_t va, unsigned size);
int64_t hart_translated_store(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                              unsigned size, uint64_t value);
static inline PortQuick hart_quick_load(Hart *h, uint64_t pc, uint64_t cycle,
                                        uint64_t va, unsigned size)
{
    return h->direct ? port_quick_load(&h->data, va, va, pc, cycle, size)
                     : hart_translated_load(h, pc, cycle, va, size);
}
static inline int64_t hart_quick_store(Hart *h, uint64_t pc, uint64_t cycle,
                                       uint64_t va, unsigned size,
                                       uint64_t value)
{
    return h->direct
               ? port_quick_store(&h->data, va, va, pc, cycle, size, value)
               : hart_translated_store(h, pc, cycle, va, size, value);
}
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
SlowAccess hart_slow_zero(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va);
/* Posted stores drain, from `cycle` on; returns the cycles that takes. */
uint64_t hart_drain_posted(Hart *h, uint64_t cycle, PostedCause cause);
/* The same between instructions. */
void hart_wait_posted(Hart *h, PostedCause cause);
void hart_fetch_failed(Hart *h, uint64_t va, uint64_t pa, uint64_t cycle);
/* Where code at va lies: cause 0 and pa, or the fetch's fault. Asks the TLB,
 * and walks if it must. */
MmuResult hart_fetch_translate(Hart *h, uint64_t va, uint64_t cycle);
/* tlb.c. What a walk found for va, in place of what was there. */
void tlb_put(Hart *h, TlbEntry *tlb, uint64_t va, const MmuResult *r);
/* May a space use a page like that? */
static inline bool tlb_allows(bool user, bool allowed, HartSpace space,
                              MmuAccess access)
{
    bool u = space == SPACE_U;
    bool mine =
        user == u || (user && space == SPACE_SUM && access != MMU_FETCH);
    return mine && allowed;
}
static inline bool tlb_entry_allows(const TlbEntry *e, HartSpace space,
                                    MmuAccess access)
{
    return tlb_allows(e->user,
                      access == MMU_FETCH  ? e->exec
                      : access == MMU_LOAD ? e->read
                                           : e->write,
                      space, access);
}
/* The entry that knows va's page now; NULL: none. */
static inline const TlbEntry *tlb_find(const Hart *h, const TlbEntry *tlb,
                                       uint64_t va)
{
    const TlbEntry *e = &tlb[(va >> PAGE_BITS) % TLB_ENTRIES];
    const uint64_t page = va & ~(uint64_t)(PAGE_SIZE_BYTES - 1);
    return e->page == page &&
                   (e->context == h->tlb_context || e->context == h->tlb_global)
               ? e
               : NULL;
}
static inline bool space_paged(const Hart *h, unsigned space)
{
    return h->paged && space != SPACE_M;
}
/* Would a fetch from va lead to pa without a walk? */
static inline bool hart_fetch_known(const Hart *h, uint64_t va, uint64_t pa)
{
    if (!space_paged(h, h->code_space)) {
        return true;
    }
    const TlbEntry *e = tlb_find(h, h->code_tlb, va);
    return e && tlb_entry_allows(e, (HartSpace)h->code_space, MMU_FETCH) &&
           e->pa + (va - e->page) == pa;
}
/* What a look-up of the block at pc would find without a walk, or NULL. */
static inline const JumpSlot *block_known(const Hart *h, uint64_t pc,
                                          uint64_t key)
{
    const JumpSlot *j = jump_slot(h, h->code_space, pc, key);
    bool known = j->pc == pc && j->key == key &&
                 (!h->paged || hart_fetch_known(h, pc, j->block->pa[0]));
    return known ? j : NULL;
}
/* satp has another value: what is known of that holds. */
void tlb_set_satp(Hart *h);
/* sfence.vma, sinval.vma: of an address and an ASID, if they are named. */
void tlb_fence(Hart *h, bool one_page, uint64_t va, bool one_asid,
               uint64_t asid);
/* Closes everything known of S and U addresses: MXR, PMP. */
void tlb_flush(Hart *h);
/* The same, with the blocks, when PMP or bare/paged changed. */
void space_flush(Hart *h);
/* To be called after priv, mstatus or satp changed. */
void hart_mode_changed(Hart *h);

/* mmu.c: walks the page tables for an access of `size` bytes at va on behalf of
 * `space` (never SPACE_M), through the walk port from `cycle` on; may set A and
 * D. Checks PMP for the tables, not for the page. `pc` is for the records. */
MmuResult mmu_walk(Hart *h, HartSpace space, MmuAccess access, uint64_t va,
                   uint64_t pc, uint64_t cycle);
/* The same as a debugger: nothing changes, nothing is recorded. */
MmuResult mmu_peek(Hart *h, HartSpace space, MmuAccess access, uint64_t va);
/* Is satp's mode one this hart has? */
bool mmu_has_mode(const Hart *h, uint64_t satp);

/* pmp.c */
void pmp_reset(Hart *h);
uint64_t pmp_read(const Hart *h, unsigned csr); /* 0x3a0..0x3ef */
/* False: nothing changed. */
bool pmp_write(Hart *h, unsigned csr, uint64_t value);
/* May a hart in `priv` do this to all of [pa, pa + size)? */
bool pmp_check(const Hart *h, unsigned priv, MmuAccess access, uint64_t pa,
               uint64_t size);
/* Is the answer the same for every access inside pa's 4 KiB page? */
bool pmp_page_uniform(const Hart *h, uint64_t pa);

/* Makes the run loop look again before the next instruction. */
static inline void hart_look_again(Hart *h)
{
    h->fast_until = 0;
}

static inline bool hart_is32(const Hart *h)
{
    return h->config.isa.xlen == 32;
}

static inline uint64_t xlen_mask(const Hart *h)
{
    return hart_is32(h) ? UINT32_MAX : UINT64_MAX;
}

static inline bool hart_has(const Hart *h, uint64_t isa)
{
    return (h->config.isa.extensions & isa) == isa;
}

/* The mode in which a space's accesses are made. */
static inline unsigned space_privilege(HartSpace space)
{
    return space == SPACE_M ? HART_M : space == SPACE_U ? HART_U : HART_S;
}

/* csr.c: false: illegal. `retired` is instret before this instruction. What
 * changes how the next instruction runs calls hart_look_again(). */
void csr_reset(Hart *h);
bool csr_may_zero(const Hart *h); /* cbo.zero, in this mode */
bool csr_access(Hart *h, unsigned csr, CsrOp op, uint64_t operand, bool writes,
                uint64_t cycle, uint64_t retired, uint64_t *old);

#ifdef __cplusplus
}
#endif
#endif
