/*
 * fetch.c - instructions that come through a cache.
 *
 * Model    The fetch port's timing model keeps lines; a block lies in one line,
 *          but for a single instruction across a border. While the line is the
 *          last one used of its set, fetches change nothing and are counted
 *          with their block. Else the instruction at the position asks: the
 *          first to need a line that is missing is a transaction of its own,
 *          and begins when that is done.
 */
#include "cpu/hart_private.h"

typedef struct Part {
    uint64_t va, pa;
    unsigned size;
} Part;

/* The instruction, or what of it lies in one page. */
static unsigned parts_of(const Block *b, const Op *o, Part part[2])
{
    const uint64_t left = PAGE_SIZE_BYTES - (b->pc & (PAGE_SIZE_BYTES - 1));
    const unsigned size = op_size(o);
    part[0] = (Part){b->pc + o->offset, b->pa[0] + o->offset, size};
    if (!b->straddles) {
        return 1;
    }
    part[0].size = (unsigned)left;
    part[1] = (Part){b->pc + left, b->pa[1], size - (unsigned)left};
    return 2;
}

/* Where the hart did something else meanwhile (pipe_late()), the line before is
 * on its bus later than it was asked for: this one does not wait for that. */
static uint64_t fetch_part(Hart *h, const Part *part, uint64_t cycle)
{
    PortTx tx = {.addr = part->pa,
                 .va = part->va,
                 .pc = part->va,
                 .issue = clock_time(h->config.clock, cycle),
                 .attrs = {.user = h->priv == HART_U,
                           .requester_id = (unsigned)h->config.hartid & 0xffff},
                 .kind = ACCESS_FETCH};
    port_load(&h->fetch, &tx, part->size);
    const uint64_t all = (uint64_t)tx.wait + tx.bus + tx.target;
    uint64_t own = h->line_until > cycle ? h->line_until - cycle : 0;
    own = own < tx.wait ? own : tx.wait;
    h->line_until = cycle + all;
    return all - own;
}

/* An instruction in two pages always goes by call. */
static bool touch_op(Hart *h, const Block *b, const Op *o)
{
    TimingModel *cache = h->fetch.timing;
    return !b->straddles &&
           cache->touch(cache, b->pa[0] + o->offset, op_size(o), false);
}

bool hart_touch_code(Hart *h, Block *b)
{
    return touch_op(h, b, b->op) && block_has_ahead(b);
}

/* Can the cache have what lies `offset` bytes behind b's pc? */
static bool is_code(Hart *h, const Block *b, uint64_t offset)
{
    const MemoryPlace *place = port_place(&h->fetch, b->pa[0] + offset, 0);
    return place->mr && inline_cost_cached(&place->cost[0][2]);
}

/* Is the line behind b's one that a jump at b's end has fetched? */
static bool fetches_ahead(Hart *h, const Block *b)
{
    const Op *last = &b->op[b->count - 1];
    const unsigned bytes =
        h->states ? pipe_fetches_ahead(pipe_states_core(h->states), last->code)
                  : 0;
    const uint64_t to = b->pc + last->offset + bytes;
    const bool near = (b->pc ^ to) < PAGE_SIZE_BYTES;
    return bytes && b->line[0] == b->line[1] &&
           block_leaves_line(h, b, last->offset + bytes) &&
           (near || (b->space == SPACE_M && is_code(h, b, to - b->pc)));
}

void hart_set_line(Hart *h, Block *b)
{
    static const uint64_t never = TIMING_NO_LINE;
    b->line[0] = b->line[1] = 0;
    b->hint[0] = b->straddles && b->cached ? &never : &b->line[0];
    b->hint[1] = &b->line[1];
    if (b->cached && !b->straddles) {
        const TimingLines *lines = h->fetch.timing->lines;
        b->line[0] = b->pa[0] >> lines->shift;
        b->line[1] = (b->pa[0] + (b->bytes - 1)) >> lines->shift;
        b->ahead = fetches_ahead(h, b);
        b->line[1] += b->ahead;
        b->hint[0] = &lines->hint[0][b->line[0] & lines->mask];
        b->hint[1] = &lines->hint[0][b->line[1] & lines->mask];
    }
}

bool hart_fetch_line(Hart *h)
{
    Block *b = h->block;
    const Op *o = &b->op[h->index];
    if (!b->cached || h->fetched || block_has_lines(b) || touch_op(h, b, o)) {
        return false;
    }
    Part part[2];
    unsigned parts = parts_of(b, o, part);
    uint64_t cycles = 0;
    for (unsigned i = 0; i < parts; i++) {
        cycles += fetch_part(h, &part[i], h->cycle + cycles);
    }
    /* A hit is in the instruction's class, and in jump_extra. */
    const InlineCost *hit = &b->place->cost[0][2];
    cycles -= (uint64_t)hit->bus + hit->target;
    h->fetched = true;
    if (h->states && pipe_takes_late(pipe_states_core(h->states))) {
        hart_pipe_late(h, cycles);
        return true;
    }
    h->cycle += cycles;
    h->fetch_stall += cycles;
    b->spent += cycles;
    return true;
}

void hart_fetch_ahead(Hart *h, const Block *b)
{
    TimingModel *cache = h->fetch.timing;
    const uint64_t ahead = b->line[1] << cache->lines->shift;
    if (cache->touch(cache, ahead, 4, false)) {
        return;
    }
    const Part part = {b->pc + (ahead - b->pa[0]), ahead, 4};
    const InlineCost *hit = &b->place->cost[0][2];
    hart_pipe_late(h, fetch_part(h, &part, h->cycle) - hit->bus - hit->target);
}

/* -- data ----------------------------------------------------------------- */

void hart_set_lines(Hart *h)
{
    /* Everything is in line 0, which is always there. */
    static const uint64_t zero = 0;
    static const TimingLines all = {{&zero, &zero}, 63, 0};
    const TimingModel *data = h->data.timing, *fetch = h->fetch.timing;
    const bool cached = data && data->lines;
    h->data_lines = cached ? data->lines : &all;
    h->data.opens = cached ? PORT_OPENS_CACHED : PORT_OPENS_PLAIN;
    h->cached = cached || (fetch && fetch->lines);
}

bool hart_touch(Hart *h, uint64_t pa, unsigned size, bool is_write)
{
    TimingModel *cache = h->data.timing;
    return cache && cache->touch && cache->touch(cache, pa, size, is_write);
}

void hart_fence_i(Hart *h)
{
    TimingModel *cache[] = {h->fetch.timing, h->data.timing};
    for (unsigned i = 0; i < 2; i++) {
        if (cache[i] && cache[i]->fence_i) {
            cache[i]->fence_i(cache[i]);
        }
    }
}
