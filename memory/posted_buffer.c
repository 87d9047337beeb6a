/* posted_buffer.c - see posted_buffer.h: how stores get in, and what flushes.
 * How they get out is posted_drain.c. */
#include "memory/posted_buffer.h"

#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/port_private.h"
#include "memory/posted_private.h"

const char *const posted_merge_name[POSTED_MERGES] = {"none", "word", "line",
                                                      "ascending"};
const char *const posted_cause_name[POSTED_CAUSES] = {
    "full",      "timeout", "access",   "initiator", "fence",
    "interrupt", "map",     "explicit", "stop"};

static PostedEntry *entry_at(const PostedBuffer *b, unsigned i)
{
    return &b->entry[(b->first + i) % b->depth];
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* -- life ------------------------------------------------------------------ */

bool posted_buffer_init(PostedBuffer *b, AddressSpace *as, const char *name,
                        const ClockDomain *clock, TimingModel *timing,
                        Error **errp)
{
    b->entry = malloc(b->depth * sizeof(*b->entry));
    if (!b->entry) {
        return error_set(errp, "no memory for the posted stores of %s", name);
    }
    if (!port_init(&b->port, as, name, clock, timing, 0, errp)) {
        free(b->entry);
        b->entry = NULL;
        return false;
    }
    b->region = b->last = NULL;
    b->popped = b->last_done = b->last_issue = 0;
    posted_buffer_reset(b);
    b->next = NULL;
    PostedBuffer **end = &as->world->posted_buffers;
    while (*end) {
        end = &(*end)->next;
    }
    *end = b;
    return true;
}

void posted_buffer_add(PostedBuffer *b, PostedRegion *pr, MemoryRegion *mr)
{
    *pr = (PostedRegion){.buffer = b, .mr = mr, .region_id = mr->id};
    PostedRegion **end = &b->region;
    while (*end) {
        end = &(*end)->next;
    }
    *end = pr;
    mr->posted = pr;
    memory_world_flush_ports(mr->world);
}

void posted_region_gone(MemoryRegion *mr)
{
    if (mr->posted) {
        mr->posted->mr = NULL;
        mr->posted = NULL;
    }
}

void posted_buffer_reset(PostedBuffer *b)
{
    b->first = b->count = b->drain = b->at = b->run = 0;
    b->pending = b->busy = b->performing = false;
    b->waiting = NULL;
}

void posted_buffer_fini(PostedBuffer *b)
{
    if (!b->entry) {
        return;
    }
    for (PostedRegion *pr = b->region; pr; pr = pr->next) {
        if (pr->mr) {
            posted_region_gone(pr->mr);
        }
    }
    PostedBuffer **at = &b->port.world->posted_buffers;
    while (*at != b) {
        at = &(*at)->next;
    }
    *at = b->next;
    port_fini(&b->port);
    free(b->entry);
    b->entry = NULL;
}

/* -- stores ---------------------------------------------------------------- */

bool posted_takes(const MemoryPort *port, MemoryRegion *mr, hwaddr offset,
                  unsigned size, bool direct, MemTxAttrs attrs)
{
    const PostedBuffer *b = mr->posted->buffer;
    if (b->port.as != port->as || b->busy || b->performing ||
        !coalesce_holds(mr, offset, size)) {
        return false;
    }
    AccessPlan plan;
    if (!direct) { /* what the device refuses must fault as ever */
        access_plan(mr, offset, size, true, attrs, &plan);
    }
    return direct || plan.valid;
}

/* Which entry of its own a store may share with others, and where in it. */
typedef struct Place {
    hwaddr base;
    unsigned span;
} Place;

static Place place_of(const PostedBuffer *b, hwaddr addr, unsigned size)
{
    unsigned unit = b->merge == POSTED_WORD && b->word ? b->word
                    : b->merge == POSTED_LINE          ? b->line
                                                       : 8;
    hwaddr base = addr & ~(hwaddr)(unit - 1);
    bool alone = b->merge == POSTED_NONE || addr + size - base > unit;
    if (b->merge == POSTED_RUN) {
        unsigned room = PAGE_SIZE_BYTES - addr % PAGE_SIZE_BYTES;
        room = room < b->line ? room : b->line;
        return (Place){addr, room > size ? room : size};
    }
    return alone ? (Place){addr, size} : (Place){base, unit};
}

/* The youngest entry, if it takes the store. */
static PostedEntry *joins(const PostedBuffer *b, const PostedRegion *pr,
                          hwaddr addr, unsigned size)
{
    bool open = b->count > b->drain && !(b->count == 1 && b->pending);
    if (!open || b->merge == POSTED_NONE) {
        return NULL;
    }
    PostedEntry *e = entry_at(b, b->count - 1);
    const hwaddr at = addr - e->base;
    bool fits = at < e->span && size <= e->span - at;
    if (b->merge == POSTED_RUN) {
        fits = fits && at == e->end;
    }
    return fits && e->region == pr && e->stores < POSTED_STORES ? e : NULL;
}

static void fill(PostedEntry *e, const PortTx *tx, unsigned size,
                 uint64_t value, bool direct)
{
    const unsigned at = (unsigned)(tx->addr - e->base);
    for (unsigned i = at; i < at + size; i++) {
        e->touched[i / 64] |= UINT64_C(1) << i % 64;
        e->data[i] = (uint8_t)(value >> 8 * (i - at));
    }
    e->end = (uint16_t)(at + size);
    if (!direct) {
        e->store[e->stores] = (PostedStore){.addr = tx->addr,
                                            .value = value,
                                            .pc = tx->pc,
                                            .attrs = tx->attrs,
                                            .size = (uint8_t)size};
    }
    e->stores++;
}

/* What the store would cost by itself on an idle bus. */
static void count_alone(PostedRegion *pr, const MemoryRegion *mr,
                        const AccessPlan *plan, hwaddr addr)
{
    PostedBuffer *b = pr->buffer;
    TimingModel *timing = b->port.timing;
    TimingRequest rq = {.port = &b->port,
                        .addr = addr,
                        .size = plan->step,
                        .pieces = plan->pieces,
                        .is_write = true,
                        .target = mr->timing};
    TimingInline form = {.beats = 0};
    for (unsigned i = 0; i < plan->pieces; i++) {
        form.beats += posted_words(b, addr + i * plan->step, plan->step);
    }
    if (timing && timing->inline_form) {
        timing->inline_form(timing, &rq, &form);
        pr->lone_ps += form.first + (form.beats - 1) * form.next;
    }
    pr->lone_beats += form.beats;
}

/* Waits for a slot. */
static uint64_t make_room(PostedBuffer *b, PostedRegion *pr, uint64_t now)
{
    uint64_t at = now;
    for (;;) {
        bool leaving = b->last_done > at; /* one is still on the bus */
        if (b->count + leaving < b->depth) {
            break;
        }
        uint64_t before = at;
        if (b->count < b->depth) {
            at = b->last_done;
        } else {
            posted_order(b, 1, POSTED_FULL);
            at = posted_drain(b, 1, at);
        }
        if (at == before && b->count >= b->depth) {
            break; /* not to be had: nobody gives it time */
        }
    }
    if (at > now) {
        pr->stalls++;
        pr->stall_ps += at - now;
        pr->cause[POSTED_FULL].wait_ps += at - now;
    }
    return at;
}

static PostedEntry *add_entry(PostedBuffer *b, PostedRegion *pr,
                              const PortTx *tx, unsigned size, uint64_t now,
                              bool direct)
{
    PostedEntry *e = entry_at(b, b->count);
    Place place = place_of(b, tx->addr, size);
    memset(e, 0, offsetof(PostedEntry, store));
    e->region = pr;
    e->base = place.base;
    e->span = (uint16_t)place.span;
    e->issue = now;
    e->performed = direct;
    b->count++;
    return e;
}

static uint64_t flush_and_wait(PostedBuffer *b, uint64_t now, PostedCause cause)
{
    if (b->busy || b->performing) {
        posted_perform(b); /* from inside its own end: time comes later */
        return now;
    }
    PostedRegion *pr = b->count ? entry_at(b, 0)->region : b->last;
    if (!b->count && b->last_done <= now) {
        return now;
    }
    posted_order(b, b->count, cause);
    uint64_t done = posted_drain(b, b->count, now);
    pr->cause[cause].wait_ps += done - now;
    return done;
}

void posted_store(MemoryPort *port, PortTx *tx, MemoryRegion *mr, hwaddr offset,
                  bool direct, unsigned size, uint64_t value)
{
    PostedRegion *pr = mr->posted;
    PostedBuffer *b = pr->buffer;
    AccessPlan plan = {.step = size, .pieces = 1};
    uint64_t at = tx->issue;
    if (!direct) {
        access_plan(mr, offset, size, true, tx->attrs, &plan);
    }
    if (b->count && b->owner != port->id) {
        at = flush_and_wait(b, at, POSTED_OTHER);
    }
    PostedEntry *e = joins(b, pr, tx->addr, size);
    if (!e) {
        at = make_room(b, pr, at);
        if (b->count >= b->depth) {
            posted_perform(b);
            b->count = b->drain = 0; /* a bus that never grants: see above */
        }
        e = add_entry(b, pr, tx, size, at, direct);
        e->step = (uint8_t)plan.step;
        e->pieces = direct ? 0 : (uint8_t)plan.pieces;
    } else {
        e->pieces = 0;
    }
    b->owner = port->id;
    fill(e, tx, size, value, direct);
    tx->granted = tx->done = at;
    tx->blocker = at > tx->issue ? b->port.id : 0;
    tx->posted = true;
    pr->stores++;
    pr->bytes += size;
    count_alone(pr, mr, &plan, tx->addr);
    if (port->timing) {
        const ClockDomain *clk = port->clock;
        tx->done = clock_time(clk, clock_cycle_at(clk, at) + b->accept);
        pr->spent_ps += tx->done - tx->issue;
    }
    port->world->now = at;
    posted_go_on(b);
}

/* -- flushes --------------------------------------------------------------- */

void posted_order(PostedBuffer *b, unsigned n, PostedCause cause)
{
    for (unsigned i = b->drain; i < n; i++) {
        const PostedEntry *e = entry_at(b, i);
        bool again = false;
        for (unsigned k = b->drain; k < i && !again; k++) {
            again = entry_at(b, k)->region == e->region;
        }
        e->region->cause[cause].flushes += !again;
        e->region->cause[cause].stores += e->stores;
    }
    b->drain = n > b->drain ? n : b->drain;
}

/* Which buffer comes next (after `from`; NULL: the first) that an access to mr
 * makes drain: the region's own, or all when it has the flush flag only. */
static PostedBuffer *flushed_by(MemoryWorld *world, const MemoryRegion *mr,
                                bool direct, const PostedBuffer *from)
{
    if (mr->posted) {
        return from ? NULL : mr->posted->buffer;
    }
    if (direct || !(mr->special & REGION_FLUSHES)) {
        return NULL;
    }
    return from ? from->next : world->posted_buffers;
}

static PostedCause cause_of(const PostedBuffer *b, const MemoryPort *port)
{
    return port && b->owner == port->id ? POSTED_ACCESS : POSTED_OTHER;
}

uint64_t posted_before(const MemoryPort *port, const MemoryRegion *mr,
                       bool direct, uint64_t now, uint16_t *blocker)
{
    MemoryWorld *world = port->world;
    if (!world->posted_buffers || !mr) {
        return now;
    }
    PostedBuffer *b = NULL;
    while ((b = flushed_by(world, mr, direct, b))) {
        uint64_t done = flush_and_wait(b, now, cause_of(b, port));
        *blocker = done > now ? b->port.id : *blocker;
        now = done;
    }
    return now;
}

bool posted_hold(PortRequest *rq, const MemoryRegion *mr, bool direct)
{
    MemoryWorld *world = rq->port->world;
    if (!world->posted_buffers || !mr) {
        return false;
    }
    while ((rq->held = flushed_by(world, mr, direct, rq->held))) {
        PostedBuffer *b = rq->held;
        uint64_t leaves = b->last_done;
        if (b->count) {
            posted_order(b, b->count, cause_of(b, rq->port));
        } else if (leaves > rq->tx.done) {
            rq->tx.done = leaves;
            rq->blocker = b->port.id;
        }
        if (b->drain) {
            TimingRequest **end = &b->waiting;
            while (*end) {
                end = &(*end)->next;
            }
            *end = &rq->timing;
            rq->timing.next = NULL;
            rq->blocker = b->port.id;
            posted_go_on(b);
            return true;
        }
    }
    return false;
}

/* Nothing while its own stores are being performed. */
static void flush_now(PostedBuffer *b, PostedCause cause)
{
    if (b->count && !b->performing) {
        posted_order(b, b->count, cause);
        posted_perform(b);
        posted_go_on(b);
    }
}

void posted_arrive(MemoryWorld *world, const MemoryRegion *mr)
{
    PostedBuffer *b = NULL;
    while (world->posted_buffers && (b = flushed_by(world, mr, false, b))) {
        flush_now(b, cause_of(b, world->port));
    }
}

void posted_buffers_flush(MemoryWorld *world, PostedCause cause)
{
    for (PostedBuffer *b = world->posted_buffers; b; b = b->next) {
        flush_now(b, cause);
    }
}

uint64_t port_settle(MemoryPort *port, uint64_t now, PostedCause cause)
{
    for (PostedBuffer *b = port->world->posted_buffers; b; b = b->next) {
        if (b->owner == port->id) {
            now = later(now, flush_and_wait(b, now, cause));
        }
    }
    return now;
}

uint64_t memory_world_settle(MemoryWorld *world, uint64_t now,
                             PostedCause cause)
{
    for (PostedBuffer *b = world->posted_buffers; b; b = b->next) {
        if (b->count) {
            now = later(now, flush_and_wait(b, now, cause));
        }
    }
    return now;
}
