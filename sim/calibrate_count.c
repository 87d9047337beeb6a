/*
 * calibrate_count.c - counts what happens in the regions of a program.
 *
 * Model    One instruction after the other, as they retire. The costs are
 *          counted by the rules of cpu/block.c; the rest is what cores are
 *          known to care about (docs/timing.md).
 * Units    times; CAL_*_WAITS cycles.
 * Source   own design.
 * Missing  floating-point registers but for load_use; code that changes.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/insn.h"
#include "cpu/pipe.h"
#include "sim/calibrate.h"

const char *const cal_count_name[CAL_NUM] = {
    [CAL_TAKEN_HIGH] = "misaligned targets of taken branches (a 32-bit "
                       "instruction at 2 mod 4)",
    [CAL_JUMP_HIGH] =
        "misaligned targets of jumps (a 32-bit instruction at 2 mod 4)",
    [CAL_TARGET_HIGH] = "misaligned targets of branches and jumps (a 32-bit "
                        "instruction at 2 mod 4)",
    [CAL_JALR] = "jalr",
    [CAL_BACKWARD] = "branches taken backward",
    [CAL_FORWARD] = "branches taken forward",
    [CAL_SURPRISE] = "branches that go another way than the last time",
    [CAL_MULH] = "mulh, mulhsu, mulhu",
    [CAL_DIV_ZERO] = "divisions by zero",
    [CAL_DIVISOR_ZEROS] = "leading zeros of divisors",
    [CAL_DIVIDEND_ZEROS] = "leading zeros of dividends",
    [CAL_DIV_NEGATIVE] = "signed divisions with a negative operand",
    [CAL_SHIFT_STEPS] = "places shifted by",
    [CAL_ACROSS] = "accesses across a word",
    [CAL_LOAD_LOAD] = "loads behind a load",
    [CAL_STORE_STORE] = "stores behind a store",
    [CAL_STORE_LOAD] = "loads behind a store",
    [CAL_LOAD_STORE] = "stores behind a load",
    [CAL_LOAD_USE_LATER] = "uses of a loaded value one instruction later",
    [CAL_LOAD_STORED] = "loaded values that the next instruction stores",
    [CAL_MUL_USE] = "uses of a product by the next instruction",
    [CAL_ALU_BRANCH] = "branches on what the instruction before computes",
    [CAL_CSR_STATUS] = "writes to mstatus and sstatus",
    [CAL_CSR_WRITE] = "writes to CSRs",
    [CAL_COMPRESSED] = "compressed instructions",
    [CAL_LONG_HIGH] = "32-bit instructions at 2 mod 4",
    [CAL_FETCH_WAITS] = "wait states of fetches",
    [CAL_DATA_WAITS] = "wait states of loads and stores",
};

/* An instruction, decoded once. */
typedef struct Known {
    uint64_t pc;
    Insn in;
    PipeInsn p;
    uint8_t time;  /* TimeClass */
    bool load_use; /* the next in memory reads what it loads */
    bool was_taken;
} Known;

enum { KNOWN = 8192 };

struct CalCounter {
    HartIsa isa;
    InsnDecoder *decoder;
    const TimingRow *row;
    CalCounts region[TIMING_REGIONS];
    Known known[KNOWN];
    Known before, earlier; /* the last one that retired, and the one before */
    uint64_t x[32];
    uint64_t traps;
    bool begun;
};

CalCounter *cal_counter_new(const HartIsa *isa, Error **errp)
{
    CalCounter *c = calloc(1, sizeof(*c));
    if (c) {
        c->isa = *isa;
        c->decoder = insn_decoder_new(isa);
    }
    if (!c || !c->decoder) {
        free(c);
        error_set(errp, "the host has no memory left");
        return NULL;
    }
    return c;
}

void cal_counter_free(CalCounter *c)
{
    if (c) {
        insn_decoder_free(c->decoder);
        free(c);
    }
}

void cal_counter_begin(CalCounter *c, const TimingRow *row)
{
    *c = (CalCounter){.isa = c->isa, .decoder = c->decoder, .row = row};
    for (unsigned i = 0; i < KNOWN; i++) {
        c->known[i].pc = UINT64_MAX; /* odd: no code there */
    }
}

const CalCounts *cal_counter_region(const CalCounter *c, uint8_t region)
{
    return &c->region[region];
}

/* -- decoding ------------------------------------------------------------- */

/* The instruction at va; its size, 0: nothing can be read there. */
static unsigned word_at(Hart *hart, uint64_t va, uint32_t *word)
{
    uint8_t b[4] = {0};
    const uint64_t got = hart_debug(hart, va, b, 4, false);
    const unsigned size = (b[0] & 3) == 3 ? 4 : 2;
    *word = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
            (uint32_t)b[3] << 24;
    return got >= size ? size : 0;
}

/* Does `in` read the register that `from` writes? */
static bool uses(const Insn *in, const Insn *from)
{
    const bool f = from->f & INSN_F_RD;
    if (!from->writes_rd || (!f && from->rd == 0)) {
        return false;
    }
    const unsigned rd = from->rd;
    return (in->reads_rs1 && in->rs1 == rd && !(in->f & INSN_F_RS1) == !f) ||
           (in->reads_rs2 && in->rs2 == rd && !(in->f & INSN_F_RS2) == !f) ||
           (in->reads_rs3 && in->rs3 == rd && !(in->f & INSN_F_RS3) == !f);
}

static Known *decode(CalCounter *c, Hart *hart, const HartCommit *commit)
{
    Known *k = &c->known[(commit->pc >> 1) % KNOWN];
    if (k->pc == commit->pc && k->in.word == commit->word) {
        return k;
    }
    *k = (Known){.pc = commit->pc, .in = insn_decode(c->decoder, commit->word)};
    pipe_decode(&k->in, &k->p);
    k->time = k->in.code < INSN_NUM ? insn_table[k->in.code].time : TIME_SYSTEM;
    if (k->time == TIME_LOAD) {
        /* Not across the end of a page: blocks end there. */
        const uint64_t next = k->pc + k->in.size;
        uint32_t word;
        const unsigned size = word_at(hart, next, &word);
        if (size && (next + size - 1) >> 12 == k->pc >> 12) {
            const Insn in = insn_decode(c->decoder, word);
            k->load_use = uses(&in, &k->in);
        }
    }
    return k;
}

/* -- what is counted ------------------------------------------------------ */

static unsigned leading_zeros(const CalCounter *c, uint64_t value, bool sign)
{
    const unsigned unused = 64 - c->isa.xlen;
    const int64_t s = (int64_t)(value << unused) >> unused;
    const uint64_t u =
        sign && s < 0 ? (uint64_t)0 - (uint64_t)s : (value << unused) >> unused;
    return u ? (unsigned)__builtin_clzll(u) - unused : c->isa.xlen;
}

static bool is_signed(unsigned code)
{
    return code == INSN_div || code == INSN_rem || code == INSN_divw ||
           code == INSN_remw;
}

static void count_operands(CalCounter *c, const Known *k, uint64_t *n)
{
    const uint64_t a = c->x[k->in.rs1], b = c->x[k->in.rs2];
    const unsigned sign = c->isa.xlen - 1;
    switch (k->p.kind) {
    case PIPE_MULH: n[CAL_MULH]++; break;
    case PIPE_SHIFT:
        n[CAL_SHIFT_STEPS] +=
            (k->in.reads_rs2 ? b : (uint64_t)k->in.imm) & sign;
        break;
    case PIPE_DIV:
        n[CAL_DIV_ZERO] += b << (64 - c->isa.xlen) == 0;
        n[CAL_DIVISOR_ZEROS] += leading_zeros(c, b, is_signed(k->in.code));
        n[CAL_DIVIDEND_ZEROS] += leading_zeros(c, a, is_signed(k->in.code));
        n[CAL_DIV_NEGATIVE] += is_signed(k->in.code) && ((a | b) >> sign & 1);
        break;
    default: break;
    }
}

static bool is_memory(const Known *k)
{
    return k->time == TIME_LOAD || k->time == TIME_STORE;
}

static void count_memory(const CalCounter *c, const Known *k,
                         const HartCommit *commit, uint64_t *n)
{
    const unsigned word = c->isa.xlen / 8;
    const bool across =
        commit->mem && commit->mem_va % word + commit->mem_size > word;
    n[CAL_ACROSS] += across;
    if (commit->mem) {
        n[CAL_DATA_WAITS] += c->row->data_wait * (across ? 2u : 1u);
    }
    if (is_memory(k) && is_memory(&c->before)) {
        static const uint8_t pair[2][2] = {{CAL_LOAD_LOAD, CAL_LOAD_STORE},
                                           {CAL_STORE_LOAD, CAL_STORE_STORE}};
        n[pair[c->before.time == TIME_STORE][k->time == TIME_STORE]]++;
    }
}

static void count_uses(const CalCounter *c, const Known *k, uint64_t *n)
{
    const Known *b = &c->before;
    const bool used = uses(&k->in, &b->in);
    n[CAL_LOAD_USE_LATER] +=
        c->earlier.time == TIME_LOAD && !used && uses(&k->in, &c->earlier.in);
    n[CAL_MUL_USE] += b->time == TIME_MUL && used;
    n[CAL_ALU_BRANCH] += b->time == TIME_ALU && k->time == TIME_BRANCH && used;
    n[CAL_LOAD_STORED] += b->time == TIME_LOAD && k->time == TIME_STORE &&
                          k->in.rs2 == b->in.rd && k->in.rs1 != b->in.rd &&
                          used;
}

/* It may go to what follows and be taken all the same. */
static bool is_taken(const CalCounter *c, const Insn *in)
{
    const unsigned unused = 64 - c->isa.xlen;
    const uint64_t a = c->x[in->rs1] << unused, b = c->x[in->rs2] << unused;
    switch (in->code) {
    case INSN_beq: return a == b;
    case INSN_bne: return a != b;
    case INSN_blt: return (int64_t)a < (int64_t)b;
    case INSN_bge: return (int64_t)a >= (int64_t)b;
    case INSN_bltu: return a < b;
    case INSN_bgeu: return a >= b;
    default: return false;
    }
}

static void count_flow(CalCounter *c, Hart *hart, Known *k, uint64_t *n)
{
    const uint64_t next = hart_pc(hart);
    const bool taken = is_taken(c, &k->in);
    const bool branch = k->time == TIME_BRANCH, jump = k->time == TIME_JUMP;
    uint32_t word;
    if ((jump || (branch && taken)) && next % 4 == 2 &&
        word_at(hart, next, &word) == 4) {
        n[branch ? CAL_TAKEN_HIGH : CAL_JUMP_HIGH]++;
        n[CAL_TARGET_HIGH]++;
    }
    n[CAL_JALR] += k->p.kind == PIPE_JALR;
    if (branch) {
        n[COST_TAKEN] += taken;
        n[CAL_BACKWARD] += taken && next < k->pc;
        n[CAL_FORWARD] += taken && next > k->pc;
        n[CAL_SURPRISE] += taken != k->was_taken;
        k->was_taken = taken;
    }
    const unsigned words = k->pc % 4 == 0 ? 1 : k->in.size == 4;
    n[CAL_FETCH_WAITS] += words * c->row->fetch_wait;
    n[CAL_COMPRESSED] += k->in.size == 2;
    n[CAL_LONG_HIGH] += k->in.size == 4 && k->pc % 4 == 2;
}

void cal_counter_commit(void *opaque, Hart *hart, uint8_t region,
                        const HartCommit *commit)
{
    CalCounter *c = opaque;
    const HartCounters now = hart_progress(hart);
    const uint64_t traps = now.traps + now.interrupts;
    if (!c->begun) {
        for (unsigned i = 0; i < 32; i++) {
            c->x[i] = hart_x(hart, i);
        }
        c->begun = true;
    }
    if (traps != c->traps) {
        c->before = c->earlier = (Known){0};
    }
    Known *k = decode(c, hart, commit);
    uint64_t *n = c->region[region].n;
    n[k->time]++;
    n[COST_TRAP] += traps - c->traps; /* before it */
    n[COST_LOAD_USE] += k->load_use;
    count_operands(c, k, n);
    count_memory(c, k, commit, n);
    count_uses(c, k, n);
    count_flow(c, hart, k, n);
    if (k->p.writes_csr) {
        const unsigned csr = k->p.csr & 0xfff;
        n[CAL_CSR_WRITE]++;
        n[CAL_CSR_STATUS] += csr == 0x300 || csr == 0x100;
    }
    c->earlier = c->before;
    c->before = *k;
    c->traps = traps;
    if (commit->rd < 32 && !commit->rd_is_f) {
        c->x[commit->rd] = commit->rd_value;
    }
}
