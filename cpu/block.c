/*
 * block.c - decoded blocks: made on first use, found by pc, dropped when their
 * code changes.
 *
 * Model    A block ends behind a jump, branch, CSR or system instruction, at a
 *          4 KiB page border, or after 64 instructions. Its page is marked
 *          PAGE_CODE, so each store to it comes to block_code_written(), which
 *          drops all blocks when the bytes of one were touched.
 * Time     An op's lead is what its fetch costs beyond one cycle: an aligned
 *          32-bit word that begins in its bytes is read once, at the cost of a
 *          later beat; a jump pays for a first beat at its target. A load's
 *          result is late for the next instruction in memory order (not across
 *          a page border).
 * Missing  Fetches do not contend with other initiators at this level.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/hart_private.h"

static unsigned pc_hash(uint64_t pc)
{
    return (unsigned)((pc >> 1) ^ (pc >> 15)) % BLOCK_HASH;
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
    uint64_t two = b->full * b->halves + b->single[0];
    uint64_t four = b->full * b->words + b->single[1];
    if (b->place) {
        port_count(&h->fetch, b->place, ACCESS_FETCH, DIR_READ, 2, two);
        port_count(&h->fetch, b->place, ACCESS_FETCH, DIR_READ, 4, four);
    }
    if (two || four || b->spent) {
        totals_add(
            h, (BlockTotal){b->pc, b->bytes, b->full, two + four, b->spent});
    }
    b->full = b->spent = b->single[0] = b->single[1] = 0;
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

void blocks_flush(Hart *h)
{
    bool keep = code_is_shared(h);
    blocks_fold(h);
    for (Block *b = (Block *)h->pool; b != pool_end(h); b = block_next(b)) {
        h->dropped++;
        for (unsigned i = 0; i < 2; i++) {
            if (b->code[i].block && !keep) {
                ram_block_clear_state(b->code[i].block, b->code[i].offset,
                                      PAGE_CODE);
            }
        }
    }
    memset(h->hash, 0, BLOCK_HASH * sizeof(Block *));
    memset(h->page, 0, CODE_PAGES * sizeof(Block *));
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

/* The page of code at pc, or NULL when nothing can be fetched there. */
static PortEntry *code_page(Hart *h, uint64_t pc)
{
    PortEntry *e = &h->fetch.entry[(pc >> PAGE_BITS) % PORT_ENTRIES];
    uint64_t page = pc & ~(uint64_t)(PAGE_SIZE_BYTES - 1);
    if (e->read_tag == page) {
        return e;
    }
    bool slow = h->fetch.slow;
    h->fetch.slow = false; /* decoding always reads through the host pointer */
    e = port_open(&h->fetch, pc, pc, false);
    h->fetch.slow = slow;
    return e;
}

static bool fetch_half(Hart *h, uint64_t pc, uint16_t *half)
{
    PortEntry *e = code_page(h, pc);
    if (e) {
        memcpy(half, (const void *)(e->host + (uintptr_t)pc), 2);
        return true;
    }
    /* Memory whose page is not wholly one range: read it as a debugger does. */
    return port_debug(&h->fetch, pc, half, 2, false) == 2;
}

/* Decodes at pc. Returns false with *bad = the offset that cannot be read. */
static bool fetch_insn(Hart *h, uint64_t pc, Insn *in, unsigned *bad)
{
    uint16_t half[2] = {0};
    *bad = 0;
    if (!fetch_half(h, pc, &half[0])) {
        return false;
    }
    if ((half[0] & 3) == 3) {
        uint64_t mask = h->config.isa.xlen == 32 ? UINT32_MAX : UINT64_MAX;
        *bad = 2;
        if (!fetch_half(h, (pc + 2) & mask, &half[1])) {
            return false;
        }
    }
    *in = insn_decode(h->decoder, (uint32_t)half[1] << 16 | half[0]);
    return true;
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

static bool uses(const Insn *in, unsigned reg)
{
    return reg != 0 && ((in->reads_rs1 && in->rs1 == reg) ||
                        (in->reads_rs2 && in->rs2 == reg));
}

/* -- decoding
 * ----------------------------------------------------------------------------------
 */

static void op_set(Op *o, const Insn *in)
{
    o->imm = in->imm;
    o->code = in->code;
    o->rd = in->rd ? in->rd : 32;
    o->rs1 = in->rs1;
    o->rs2 = in->rs2;
    o->size = in->size;
    bool csr = in->code < INSN_NUM && insn_table[in->code].time == TIME_CSR;
    if (csr || in->code == INSN_ILLEGAL || in->code == INSN_mret ||
        in->code == INSN_wfi) {
        o->imm = (int64_t)((uint64_t)in->word << 32 |
                           ((uint64_t)in->imm & UINT32_MAX));
    }
}

static unsigned cost_of(const Hart *h, unsigned code)
{
    return code < INSN_NUM ? h->config.profile->cost[insn_table[code].time] : 1;
}

/* Cycles the next instruction waits for this one's loaded value. */
static unsigned hazard(Hart *h, const Insn *in, uint64_t next_pc)
{
    const TimingProfile *p = h->config.profile;
    Insn next;
    unsigned bad;
    if (!p->load_use || in->code >= INSN_NUM ||
        insn_table[in->code].time != TIME_LOAD ||
        (next_pc & (PAGE_SIZE_BYTES - 1)) == 0 ||
        !fetch_insn(h, next_pc, &next, &bad) ||
        (next_pc & (PAGE_SIZE_BYTES - 1)) + next.size > PAGE_SIZE_BYTES) {
        return 0;
    }
    return uses(&next, in->rd) ? p->load_use : 0;
}

static void add_op(Hart *h, Block *b, const Insn *in, const FetchCost *fetch)
{
    Op *o = &b->op[b->count];
    uint64_t pc = b->pc + b->bytes;
    memset(o, 0, sizeof(*o));
    op_set(o, in);
    uint32_t lead = words_begun(pc, in->size) * fetch->next;
    o->lead = (uint8_t)(lead < UINT8_MAX ? lead : UINT8_MAX);
    o->index = (uint16_t)b->count;
    o->offset = (uint16_t)b->bytes;
    o->cycle = (uint16_t)(b->cycles + o->lead);
    b->lead += o->lead;
    b->cycles = o->cycle + cost_of(h, in->code) + hazard(h, in, pc + in->size);
    b->bytes += in->size;
    b->count++;
    b->halves += in->size == 2;
    b->words += in->size == 4;
    if (in->code < INSN_NUM) {
        unsigned time = insn_table[in->code].time;
        b->mems += time == TIME_LOAD || time == TIME_STORE;
    }
}

static void add_fault(Block *b, unsigned bad)
{
    Op *o = &b->op[b->count];
    memset(o, 0, sizeof(*o));
    o->code = INSN_FAULT;
    o->imm = bad;
    o->rd = 32;
    o->index = (uint16_t)b->count;
    o->offset = (uint16_t)b->bytes;
    o->cycle = (uint16_t)b->cycles;
    b->count++;
    b->cycles++;
}

static void add_end(Block *b)
{
    Op *o = &b->op[b->count];
    memset(o, 0, sizeof(*o));
    o->code = INSN_END;
    o->rd = 32;
    o->index = (uint16_t)b->count;
    o->offset = (uint16_t)b->bytes;
    o->cycle = (uint16_t)b->cycles;
}

static void set_bound(Hart *h, Block *b)
{
    b->bound = b->cycles + h->config.profile->taken +
               (b->mems + 1) * h->worst_extra + 2;
}

void blocks_rebound(Hart *h)
{
    h->worst_extra = h->data.worst_extra;
    for (Block *b = (Block *)h->pool; b != pool_end(h); b = block_next(b)) {
        set_bound(h, b);
    }
}

static void mark_code(Hart *h, Block *b, unsigned slot, uint64_t pc,
                      uint64_t len)
{
    PortEntry *e = code_page(h, pc);
    if (!e) {
        return; /* fetched as a debugger does: the block is not kept */
    }
    b->code[slot].block = e->block;
    b->code[slot].offset = e->page + (pc & (PAGE_SIZE_BYTES - 1));
    b->code[slot].len = len;
    Block **head = &h->page[page_hash(e->block, e->page)];
    if (*head != b) { /* both pages of b may share a list */
        b->code[slot].next = *head;
        *head = b;
    }
    ram_block_set_state(h->fetch.world, e->block, e->page, PAGE_CODE);
}

static Block *block_decode(Hart *h, uint64_t pc)
{
    size_t most = sizeof(Block) + (BLOCK_MAX_OPS + 1) * sizeof(Op) + 64;
    if (h->pool_used + most > BLOCK_POOL) {
        return NULL;
    }
    Block *b = pool_end(h);
    memset(b, 0, sizeof(*b));
    b->pc = pc;
    b->place = port_place(&h->fetch, pc, 0);
    FetchCost fetch = fetch_cost(b->place);
    uint64_t to_page = PAGE_SIZE_BYTES - (pc & (PAGE_SIZE_BYTES - 1));
    uint64_t mask = h->config.isa.xlen == 32 ? UINT32_MAX : UINT64_MAX;
    for (bool ends = false; !ends;) {
        Insn in;
        unsigned bad;
        if (!fetch_insn(h, (pc + b->bytes) & mask, &in, &bad)) {
            add_fault(b, bad);
            break;
        }
        add_op(h, b, &in, &fetch);
        ends = insn_ends_block(in.code) || b->count == BLOCK_MAX_OPS ||
               b->bytes >= to_page;
    }
    add_end(b);
    b->jump_extra = pc % 4 ? fetch.first : fetch.first - fetch.next;
    set_bound(h, b);
    h->pool_used = (size_t)((uint8_t *)block_next(b) - h->pool);
    uint64_t here = b->bytes < to_page ? b->bytes : to_page;
    if (here) {
        mark_code(h, b, 0, pc, here);
    }
    if (b->bytes > to_page) {
        mark_code(h, b, 1, (pc + to_page) & mask, b->bytes - to_page);
    }
    h->decoded++;
    return b;
}

Block *block_find(Hart *h, uint64_t pc)
{
    Block **head = &h->hash[pc_hash(pc)];
    for (Block *b = *head; b; b = b->hash_next) {
        if (b->pc == pc) {
            return b;
        }
    }
    Block *b = block_decode(h, pc);
    if (b) {
        b->hash_next = *head;
        *head = b;
        bool kept = b->code[0].block && b->op[b->count - 1].code != INSN_FAULT;
        if (!kept) {
            h->flush = true; /* decode anew next time: it may be there then */
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

void block_fetch_site(Hart *h, Block *b)
{
    FetchStep step[BLOCK_MAX_OPS + 1];
    uint16_t n = 0;
    for (const Op *o = b->op; o->code != INSN_END && o->code != INSN_FAULT;
         o++) {
        uint32_t word = 0;
        port_debug(&h->fetch, b->pc + o->offset, &word, o->size, false);
        step[n++] = (FetchStep){.offset = o->offset,
                                .cycle = o->cycle,
                                .word = word,
                                .size = o->size};
    }
    if (!n) { /* nothing was fetched: an empty step keeps the site valid */
        step[n++] = (FetchStep){0};
    }
    MemorySite site = {.port = &h->fetch,
                       .place = b->place,
                       .pc = b->pc,
                       .size = 4,
                       .kind = ACCESS_FETCH,
                       .dir = DIR_READ,
                       .run_length = n,
                       .run = step};
    b->fetch_site = recorder_fetch_site(h->fetch.world->recorder, &site) + 1;
}
