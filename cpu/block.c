/*
 * block.c - decoded blocks: made on first use, found by pc, dropped when their
 * code changes.
 *
 * Model    A block ends behind a jump, branch, CSR or system instruction, at a
 *          4 KiB page border, before a pc with a break, or after 64
 *          instructions. An instruction across a page border is a block of its
 *          own. Its page is marked PAGE_CODE, so each store to it comes to
 *          block_code_written(), which drops all blocks when the bytes of one
 *          were touched. A block belongs to the space, the address and the
 *          physical address it was decoded at, so it outlives changes of the
 *          page tables.
 * Time     An op's lead is what its fetch costs beyond one cycle: an aligned
 *          32-bit word that begins in its bytes is read once, at the cost of a
 *          later beat; a jump pays for a first beat at its target. A load's
 *          result is late for the next instruction in memory order (not across
 *          a page border).
 * Missing  Fetches without a cache do not contend with other initiators at this
 *          level.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/hart_private.h"

static unsigned block_hash(uint64_t pc, uint32_t state)
{
    return (unsigned)((pc >> 1) ^ (pc >> 15) ^ state * 0x9e3779b1u) %
           BLOCK_HASH;
}

static unsigned page_hash(const RAMBlock *block, ram_addr_t offset)
{
    uint64_t key = (offset >> PAGE_BITS) + ((uintptr_t)block >> 4);
    return (unsigned)((key * UINT64_C(0x9e3779b1)) >> 12) % CODE_PAGES;
}

/* -- totals of dropped blocks
 * --------------------------------------------------------- */

static int total_order(const void *a, const void *b)
{
    const BlockTotal *x = a, *y = b;
    return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static void totals_merge(Hart *h)
{
    if (!h->totals) {
        return;
    }
    qsort(h->total, h->totals, sizeof(*h->total), total_order);
    size_t kept = 0;
    for (size_t i = 1; i < h->totals; i++) {
        BlockTotal *t = &h->total[kept];
        if (h->total[i].pc != t->pc) {
            h->total[++kept] = h->total[i];
            continue;
        }
        t->bytes = t->bytes > h->total[i].bytes ? t->bytes : h->total[i].bytes;
        t->entries += h->total[i].entries;
        t->instructions += h->total[i].instructions;
        t->cycles += h->total[i].cycles;
    }
    h->totals = kept + 1;
}

static void totals_add(Hart *h, BlockTotal total)
{
    if (h->totals == h->total_capacity) {
        totals_merge(h);
        if (2 * h->totals >= h->total_capacity) {
            size_t capacity = h->total_capacity ? 2 * h->total_capacity : 4096;
            BlockTotal *t = realloc(h->total, capacity * sizeof(*t));
            if (!t) {
                return; /* a block less in function_cost; cycles stay right */
            }
            h->total = t;
            h->total_capacity = capacity;
        }
    }
    h->total[h->totals++] = total;
}

/* Moves a block's counts to the port and the totals. */
static void block_fold(Hart *h, Block *b)
{
    uint64_t full = (uint64_t)b->ran[0] + b->ran[1];
    uint64_t two = full * b->halves + b->single[0];
    uint64_t four = full * b->words + b->single[1];
    uint64_t cycles = (uint64_t)b->ran[0] * b->cycles +
                      (uint64_t)b->ran[1] * b->jump_cycles + b->spent;
    port_count(&h->fetch, b->place, ACCESS_FETCH, DIR_READ, 2,
               two - b->called[0]);
    port_count(&h->fetch, b->place, ACCESS_FETCH, DIR_READ, 4,
               four - b->called[1]);
    if (b->line[0] != b->line[1] && !b->ahead) { /* each looks up two */
        TimingModel *cache = h->fetch.timing;
        const TimingRequest hit = {.port = &h->fetch, .direct = true};
        cache->account(cache, &hit, two + four - b->called[0] - b->called[1]);
    }
    h->fetch_stall += full * b->lead;
    if (two || four || cycles) {
        totals_add(h, (BlockTotal){b->pc, b->bytes, full, two + four, cycles});
    }
    b->ran[0] = b->ran[1] = 0;
    b->spent = b->single[0] = b->single[1] = 0;
    b->called[0] = b->called[1] = 0;
}

static Block *block_next(Block *b)
{
    size_t size = sizeof(*b) + (b->count + 1) * sizeof(Op);
    return (Block *)((uint8_t *)b + ((size + 63) & ~(size_t)63));
}

static Block *pool_end(Hart *h)
{
    return (Block *)(h->pool + h->pool_used);
}

void blocks_fold(void *hart)
{
    Hart *h = hart;
    for (Block *b = (Block *)h->pool; b != pool_end(h); b = block_next(b)) {
        block_fold(h, b);
    }
}

/* Does another hart look for writes to code? Then pages stay marked: which
 * hart's blocks are in one is not counted. */
static bool code_is_shared(const Hart *h)
{
    for (const MemoryPort *p = h->fetch.world->first_port; p; p = p->next) {
        if (p->code_written && p != &h->fetch) {
            return true;
        }
    }
    return false;
}

void blocks_unwatch(Hart *h)
{
    bool keep = code_is_shared(h);
    for (Block *b = (Block *)h->pool; b != pool_end(h); b = block_next(b)) {
        for (unsigned i = 0; i < 2; i++) {
            if (b->code[i].block && !keep) {
                ram_block_clear_state(b->code[i].block, b->code[i].offset,
                                      PAGE_CODE);
            }
            b->code[i].block = NULL;
        }
    }
    memset(h->page, 0, CODE_PAGES * sizeof(Block *));
}

void blocks_forget_jumps(Hart *h)
{
    for (unsigned space = 0; space <= SPACE_U; space++) {
        for (unsigned i = 0; i < JUMP_SLOTS; i++) {
            h->jump[space][i].pc = NO_CODE;
        }
    }
}

/* What it costs depends on how much there is: code may be written often. */
void blocks_flush(Hart *h)
{
    hart_pipe_drop(h);
    blocks_fold(h);
    blocks_unwatch(h);
    for (Block *b = (Block *)h->pool; b != pool_end(h); b = block_next(b)) {
        h->dropped++;
        h->hash[block_hash(b->pc, b->state)] = NULL;
        jump_slot(h, b->space, b->pc, 0)->pc = NO_CODE;
    }
    if (h->states) { /* keys are in it */
        blocks_forget_jumps(h);
    }
    h->pool_used = 0;
    h->block = NULL;
    h->flush = false;
}

void hart_visit_blocks(Hart *h, HartBlockFn *fn, void *opaque)
{
    blocks_fold(h);
    if (h->pending) {
        totals_add(h, (BlockTotal){.pc = h->pc, .cycles = h->pending});
        h->pending = 0;
    }
    totals_merge(h);
    for (size_t i = 0; i < h->totals; i++) {
        const BlockTotal *t = &h->total[i];
        fn(opaque, t->pc, t->bytes, t->entries, t->instructions, t->cycles);
    }
}

/* -- fetching
 * -----------------------------------------------------------------------------
 */

/* The page of code at pa, or NULL when it cannot be watched or is no memory. */
static PortEntry *code_page(Hart *h, uint64_t pa)
{
    PortEntry *e = &h->fetch.entry[(pa >> PAGE_BITS) % PORT_ENTRIES];
    uint64_t page = pa & ~(uint64_t)(PAGE_SIZE_BYTES - 1);
    if (e->read_tag == page) {
        return e;
    }
    bool slow = h->fetch.slow;
    h->fetch.slow = false; /* decoding always reads through the host pointer */
    e = port_open(&h->fetch, pa, pa, false);
    h->fetch.slow = slow;
    return e;
}

static bool fetch_half(Hart *h, uint64_t pa, uint16_t *half)
{
    PortEntry *e = code_page(h, pa);
    if (e) {
        memcpy(half, (const void *)(e->host + (uintptr_t)pa), 2);
        return true;
    }
    /* Memory whose page is not wholly one range: read it as a debugger does. */
    return port_debug(&h->fetch, pa, half, 2, false) == 2;
}

static uint64_t page_left(uint64_t address)
{
    return PAGE_SIZE_BYTES - (address & (PAGE_SIZE_BYTES - 1));
}

/* The physical address of the halfword at `offset` bytes from b's pc. */
static uint64_t half_at(const Block *b, uint64_t offset)
{
    uint64_t left = page_left(b->pc);
    return offset < left ? b->pa[0] + offset : b->pa[1] + (offset - left);
}

/* Reads the instruction at `offset`; returns how many of its bytes could be:
 * size, 0 or 2. */
static unsigned fetch_word(Hart *h, const Block *b, uint64_t offset,
                           uint32_t *word, unsigned *size)
{
    uint16_t half[2] = {0};
    *word = 0;
    *size = 2;
    if (!fetch_half(h, half_at(b, offset), &half[0])) {
        return 0;
    }
    if ((half[0] & 3) == 3) {
        *size = 4;
        if (!fetch_half(h, half_at(b, offset + 2), &half[1])) {
            return 2;
        }
    }
    *word = (uint32_t)half[1] << 16 | half[0];
    return *size;
}

uint32_t block_word(Hart *h, const Block *b, unsigned offset)
{
    uint32_t word;
    unsigned size;
    fetch_word(h, b, offset, &word, &size);
    return word;
}

/* -- time
 * ------------------------------------------------------------------------------------
 */

typedef struct FetchCost {
    uint32_t first, next; /* cycles beyond the one in the instruction's class */
} FetchCost;

static FetchCost fetch_cost(const MemoryPlace *place)
{
    const InlineCost *c = &place->cost[0][2];
    uint32_t first = (uint32_t)c->bus + c->target, next = c->beat_next;
    first = first > 1 ? first - 1 : 0;
    next = next > 1 ? next - 1 : 0;
    return (FetchCost){first, next < first ? next : first};
}

/* Aligned words that begin in [pc, pc + size). */
static unsigned words_begun(uint64_t pc, unsigned size)
{
    return pc % 4 == 0 ? 1 : size == 4;
}

/* Does `in` read the register that `from` writes? */
static bool uses(const Insn *in, const Insn *from)
{
    bool f = from->f & INSN_F_RD;
    unsigned rd = from->rd;
    if (!f && rd == 0) {
        return false;
    }
    return (in->reads_rs1 && in->rs1 == rd && !(in->f & INSN_F_RS1) == !f) ||
           (in->reads_rs2 && in->rs2 == rd && !(in->f & INSN_F_RS2) == !f) ||
           (in->reads_rs3 && in->rs3 == rd && !(in->f & INSN_F_RS3) == !f);
}

/* -- decoding
 * ----------------------------------------------------------------------------------
 */

static void op_set(const Hart *h, Op *o, const Insn *in, unsigned variant)
{
    o->handler = h->handler[variant * INSN_CODES + in->code];
    if (h->states && pipe_has_operand(pipe_states_core(h->states), in->code)) {
        o->handler = h->handler[INSN_OPERAND];
    }
    o->imm = (int32_t)in->imm;
    o->code = in->code;
    bool x = in->writes_rd && !(in->f & INSN_F_RD);
    o->rd = x && in->rd == 0 ? 32 : in->rd;
    if (!in->writes_rd) {
        o->rd = 32;
    }
    o->rs1 = in->rs1;
    o->rs2 = in->rs2;
    o->rs3 = in->rs3;
}

static bool reads(const Insn *in, uint8_t reg, bool is_read, uint8_t f_bit,
                  const Insn *before)
{
    return is_read && !(in->f & f_bit) && reg == before->rd;
}

/* Which operands of `in` the instruction before it has just computed: bit 0:
 * rs1, bit 1: rs2. */
static uint8_t op_variant(const Insn *in, const Insn *before)
{
    if (in->code >= INSN_INTEGERS || !before->writes_rd || before->rd == 0 ||
        (before->f & INSN_F_RD)) {
        return 0;
    }
    bool rs1 = reads(in, in->rs1, in->reads_rs1, INSN_F_RS1, before);
    bool rs2 = reads(in, in->rs2, in->reads_rs2, INSN_F_RS2, before);
    return (uint8_t)(rs1 | rs2 << 1);
}

static unsigned cost_of(const Hart *h, unsigned code)
{
    return code < INSN_NUM ? h->config.profile->cost[insn_table[code].time] : 1;
}

/* Cycles the next instruction, at `offset`, waits for this one's loaded value.
 */
static unsigned hazard(Hart *h, const Block *b, const Insn *in, uint64_t offset)
{
    const TimingProfile *p = h->config.profile;
    uint32_t word;
    unsigned size;
    if (!p->load_use || in->code >= INSN_NUM ||
        insn_table[in->code].time != TIME_LOAD ||
        page_left(b->pc) < offset + 2 ||
        fetch_word(h, b, offset, &word, &size) != size ||
        page_left(b->pc) < offset + size) {
        return 0;
    }
    Insn next = insn_decode(h->decoder, word);
    return uses(&next, in) ? p->load_use : 0;
}

/* What was read behind b: by hazard(), for a load; by a pipeline that looks
 * ahead. */
static uint64_t hazard_bytes(const Hart *h, const Block *b)
{
    unsigned code = b->op[b->count - 1].code;
    bool load = code < INSN_NUM && insn_table[code].time == TIME_LOAD;
    bool ahead = h->states && pipe_looks_ahead(pipe_states_core(h->states));
    return load || ahead ? 4 : 0;
}

static void add_op(Hart *h, Block *b, const Insn *in, const Insn *before,
                   const FetchCost *fetch)
{
    Op *o = &b->op[b->count];
    uint64_t pc = b->pc + b->bytes;
    memset(o, 0, sizeof(*o));
    op_set(h, o, in, op_variant(in, before));
    uint32_t lead = words_begun(pc, in->size) * fetch->next;
    o->lead = (uint8_t)(lead < UINT8_MAX ? lead : UINT8_MAX);
    o->offset = (uint16_t)b->bytes;
    o->cycle = (uint16_t)(b->cycles + o->lead);
    b->lead += o->lead;
    b->bytes += in->size;
    b->cycles = o->cycle + cost_of(h, in->code) + hazard(h, b, in, b->bytes);
    b->count++;
    b->halves += in->size == 2;
    b->words += in->size == 4;
    unsigned time =
        in->code < INSN_NUM ? insn_table[in->code].time : TIME_SYSTEM;
    b->mems += time == TIME_LOAD || time == TIME_STORE;
    b->jump_cycles =
        b->cycles + (time == TIME_BRANCH ? h->config.profile->taken : 0);
}

static void add_end(const Hart *h, Block *b)
{
    Op *o = &b->op[b->count];
    memset(o, 0, sizeof(*o));
    o->code = INSN_END;
    o->handler =
        h->handler[op_has_operand(h, o - 1) ? INSN_OPERAND_END : INSN_END];
    o->rd = 32;
    o->offset = (uint16_t)b->bytes;
    o->cycle = (uint16_t)b->cycles;
}

static void set_bound(Hart *h, Block *b)
{
    const Op *last = &b->op[b->count - 1];
    uint32_t most = b->cycles > last->cycle ? b->cycles : last->cycle;
    most = b->jump_cycles > most ? b->jump_cycles : most;
    b->bound = most + (b->mems + 1) * h->worst_extra + 2;
}

void blocks_rebound(Hart *h)
{
    h->worst_extra = h->data.worst_extra;
    for (Block *b = (Block *)h->pool; b != pool_end(h); b = block_next(b)) {
        set_bound(h, b);
    }
}

bool block_reaches(const Hart *h, const Block *b, const Op *o, uint64_t base,
                   uint64_t until)
{
    const Op *last = &b->op[b->count - 1];
    while (o < last && o->code < INSN_NUM && !op_has_operand(h, o)) {
        unsigned time = insn_table[o->code].time;
        if (time == TIME_LOAD || time == TIME_STORE || time == TIME_AMO ||
            time == TIME_FENCE) {
            break;
        }
        o++;
    }
    return base + o->cycle < until;
}

static bool mark_code(Hart *h, Block *b, unsigned slot, uint64_t len)
{
    PortEntry *e = code_page(h, b->pa[slot]);
    if (!e) {
        return false; /* fetched as a debugger does */
    }
    b->code[slot].block = e->block;
    b->code[slot].offset = e->page + (b->pa[slot] & (PAGE_SIZE_BYTES - 1));
    b->code[slot].len = len;
    Block **head = &h->page[page_hash(e->block, e->page)];
    if (*head != b) { /* both pages of b may share a list */
        b->code[slot].next = *head;
        *head = b;
    }
    ram_block_set_state(h->fetch.world, e->block, e->page, PAGE_CODE);
    return true;
}

/* Fills b from its pc on. False: nothing can be fetched there; fault->va says
 * where. */
static bool block_fill(Hart *h, Block *b, bool alone, FetchFault *fault)
{
    b->place = port_place(&h->fetch, b->pa[0], b->pc - b->pa[0]);
    const FetchCost fetch = h->states ? (FetchCost){0} : fetch_cost(b->place);
    b->cached = h->fetch.timing && h->fetch.timing->lines &&
                inline_cost_cached(&b->place->cost[0][2]);
    Insn before = {0};
    for (bool ends = false; !ends;) {
        uint32_t word;
        unsigned size, got = fetch_word(h, b, b->bytes, &word, &size);
        uint64_t left = page_left(b->pc) - b->bytes;
        if (got < size && !b->count) {
            *fault =
                (FetchFault){CAUSE_FETCH_FAULT, (b->pc + got) & xlen_mask(h),
                             half_at(b, got)};
            return false;
        }
        if (got < size || (size > left && b->count) ||
            (b->count && block_leaves_line(h, b, b->bytes + size - 1))) {
            break;
        }
        Insn in = insn_decode(h->decoder, word);
        add_op(h, b, &in, &before, &fetch);
        before = in;
        ends = insn_ends_block(in.code) || b->count == BLOCK_MAX_OPS ||
               op_has_operand(h, &b->op[b->count - 1]) || size >= left ||
               alone || break_at(h, (b->pc + b->bytes) & xlen_mask(h));
    }
    add_end(h, b);
    hart_set_line(h, b);
    b->jump_extra = b->pc % 4 ? fetch.first : fetch.first - fetch.next;
    if (h->states) {
        block_schedule(h, b);
    }
    set_bound(h, b);
    return true;
}

/* May the hart fetch from all of pa's page or from nothing of it? */
static bool fetch_uniform(const Hart *h, uint64_t pa)
{
    return (!h->pmp_used && h->priv == HART_M) || pmp_page_uniform(h, pa);
}

/* The head of the fetch run that b is, and its site. */
static void set_fetch_run(Hart *h, Block *b)
{
    FetchStep step[BLOCK_MAX_OPS];
    MemoryRecorder *rec = h->fetch.world->recorder;
    uint16_t n = 0;
    uint32_t data = 0;
    for (const Op *o = b->op; o->code != INSN_END; o++) {
        data += op_is_recorded(o);
        step[n++] = (FetchStep){.offset = o->offset,
                                .cycle = o->cycle,
                                .word = block_word(h, b, o->offset),
                                .size = (uint8_t)op_size(o)};
    }
    MemorySite site = {.port = &h->fetch,
                       .place = b->place,
                       .pc = b->pc,
                       .size = 4,
                       .kind = ACCESS_FETCH,
                       .dir = DIR_READ,
                       .run_length = n,
                       .run = step};
    b->fetch = (MemoryRecord){.site = recorder_fetch_site(rec, &site),
                              .info = data,
                              .address = b->pc,
                              .value = (uint64_t)b->count << 32};
}

static Block *block_decode(Hart *h, const Block *where, FetchFault *fault)
{
    size_t most = sizeof(Block) + (BLOCK_MAX_OPS + 1) * sizeof(Op) + 64;
    if (h->pool_used + most > BLOCK_POOL) {
        blocks_flush(h);
    }
    Block *b = pool_end(h);
    *b = *where;
    bool alone = b->straddles || !fetch_uniform(h, b->pa[0]);
    if (!block_fill(h, b, alone, fault)) {
        return NULL;
    }
    if (alone && !b->straddles && b->bytes == 4 &&
        !pmp_check(h, h->priv, MMU_FETCH, b->pa[0] + 2, 2)) {
        *fault = (FetchFault){CAUSE_FETCH_FAULT, b->pc + 2, b->pa[0] + 2};
        return NULL;
    }
    uint64_t left = page_left(b->pc), watched = b->bytes + hazard_bytes(h, b);
    b->kept = mark_code(h, b, 0, watched < left ? watched : left) &&
              (!b->straddles || mark_code(h, b, 1, b->bytes - left));
    if (h->record_fetches) {
        set_fetch_run(h, b);
    }
    h->pool_used = (size_t)((uint8_t *)block_next(b) - h->pool);
    h->decoded++;
    return b;
}

static bool same_place(const Block *a, const Block *b)
{
    return a->pc == b->pc && a->space == b->space && a->pa[0] == b->pa[0] &&
           a->pa[1] == b->pa[1] && a->state == b->state;
}

/* Translates one page of the code at va; adds the time of a walk. */
static bool translate_code(Hart *h, uint64_t va, uint64_t *pa,
                           FetchFault *fault)
{
    MmuResult r = hart_fetch_translate(h, va, h->cycle);
    h->cycle += r.cycles;
    h->pending += r.cycles;
    *pa = r.pa;
    *fault = (FetchFault){r.cause, va, r.pa};
    return !r.cause;
}

Block *block_find(Hart *h, FetchFault *fault)
{
    Block where = {.pc = h->pc, .space = h->code_space, .state = h->state};
    if (!translate_code(h, h->pc, &where.pa[0], fault)) {
        return NULL;
    }
    uint16_t half;
    if (page_left(h->pc) == 2 && fetch_half(h, where.pa[0], &half) &&
        (half & 3) == 3) {
        where.straddles = true;
        if (!translate_code(h, (h->pc + 2) & xlen_mask(h), &where.pa[1],
                            fault)) {
            return NULL;
        }
    }
    for (Block *b = h->hash[block_hash(h->pc, h->state)]; b; b = b->hash_next) {
        if (same_place(b, &where)) {
            return b;
        }
    }
    Block *b = block_decode(h, &where, fault);
    if (b) {
        Block **head = &h->hash[block_hash(h->pc, h->state)];
        b->hash_next = *head;
        *head = b;
        if (!b->kept) {
            h->flush = true; /* decode anew next time: it may differ then */
            hart_look_again(h);
        }
    }
    return b;
}

/* The slot through which b is in the list `bucket`. */
static unsigned slot_in(const Block *b, unsigned bucket)
{
    return page_hash(b->code[0].block,
                     b->code[0].offset & ~(ram_addr_t)(PAGE_SIZE_BYTES - 1)) !=
           bucket;
}

static bool code_overlaps(const Block *b, unsigned slot, const RAMBlock *block,
                          ram_addr_t offset, uint64_t len)
{
    return b->code[slot].block == block &&
           offset < b->code[slot].offset + b->code[slot].len &&
           b->code[slot].offset < offset + len;
}

void block_code_written(void *hart, RAMBlock *block, ram_addr_t offset,
                        uint64_t len)
{
    Hart *h = hart;
    unsigned bucket =
        page_hash(block, offset & ~(ram_addr_t)(PAGE_SIZE_BYTES - 1));
    for (Block *b = h->page[bucket]; b; b = b->code[slot_in(b, bucket)].next) {
        if (code_overlaps(b, 0, block, offset, len) ||
            code_overlaps(b, 1, block, offset, len)) {
            h->flush = true;
            hart_look_again(h);
            return;
        }
    }
}
