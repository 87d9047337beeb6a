/*
 * posted.c - the posted-write queue of a world (see posted.h).
 *
 * Model    Each space has a list of its coalesced ranges, kept from what
 *          coalesce.c tells listeners and the queue alike: a space made later
 *          than a range does not know it. A write posted from inside a flush
 *          joins the writes of that flush if there is room.
 * Units    addresses and lengths in bytes.
 * Source   memory-api semantics, "Coalescing"; script language section 9.
 * Missing  see posted.h.
 */
#include "memory/posted.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/posted_private.h"

typedef struct PostedRange {
    hwaddr addr, len; /* len 0: 2^64 */
} PostedRange;

typedef struct PostedSpace {
    AddressSpace *as;
    PostedRange *range; /* in the order they came */
    unsigned count;
} PostedSpace;

struct PostedQueue {
    PostedWrite write[POSTED_DEPTH];
    unsigned count, depth;
    const PostedObserver *observer;
    PostedSpace *space; /* those that have, or had, ranges */
    unsigned spaces;
};

/* -- life ----------------------------------------------------------------- */

void posted_enable(MemoryWorld *world)
{
    if (world->posted) {
        return;
    }
    for (AddressSpace *as = world->first_space; as; as = as->next) {
        address_space_to_flatview(as); /* from now on never undrawn */
    }
    /* A commit that is under way has passed over spaces without listeners. */
    world->update_pending |= world->updating;
    world->posted = memory_alloc(1, sizeof(*world->posted));
    world->posted->depth = POSTED_DEPTH;
}

void posted_free(MemoryWorld *world)
{
    struct PostedQueue *q = world->posted;
    if (!q) {
        return;
    }
    for (unsigned i = 0; i < q->spaces; i++) {
        free(q->space[i].range);
    }
    free(q->space);
    free(q);
    world->posted = NULL;
}

/* -- ranges --------------------------------------------------------------- */

static PostedSpace *find_space(struct PostedQueue *q, const AddressSpace *as)
{
    for (unsigned i = 0; i < q->spaces; i++) {
        if (q->space[i].as == as) {
            return &q->space[i];
        }
    }
    return NULL;
}

static PostedSpace *add_space(struct PostedQueue *q, AddressSpace *as)
{
    q->space = memory_grow(q->space, q->spaces + 1, sizeof(*q->space));
    q->space[q->spaces] = (PostedSpace){.as = as};
    return &q->space[q->spaces++];
}

static void range_add(PostedSpace *s, hwaddr addr, hwaddr len)
{
    s->range = memory_grow(s->range, s->count + 1, sizeof(*s->range));
    s->range[s->count++] = (PostedRange){addr, len};
}

/* The first one of that place and length. */
static void range_del(PostedSpace *s, hwaddr addr, hwaddr len)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (s->range[i].addr == addr && s->range[i].len == len) {
            s->count--;
            memmove(&s->range[i], &s->range[i + 1],
                    (s->count - i) * sizeof(*s->range));
            return;
        }
    }
}

void posted_range(AddressSpace *as, hwaddr addr, hwaddr len, bool added)
{
    struct PostedQueue *q = as->world->posted;
    PostedSpace *s = find_space(q, as);
    if (added) {
        range_add(s ? s : add_space(q, as), addr, len);
    } else if (s) {
        range_del(s, addr, len);
    }
}

static bool range_holds(const PostedRange *r, hwaddr addr, unsigned size)
{
    /* Last bytes relative to the range: a length of 2^64 is 0 here. */
    hwaddr first = addr - r->addr;
    hwaddr last = first + (size - 1);
    return addr >= r->addr && last >= first && last <= r->len - 1;
}

static bool is_coalesced(struct PostedQueue *q, const AddressSpace *as,
                         hwaddr addr, unsigned size)
{
    const PostedSpace *s = find_space(q, as);
    for (unsigned i = 0; s && i < s->count; i++) {
        if (range_holds(&s->range[i], addr, size)) {
            return true;
        }
    }
    return false;
}

void posted_forget(AddressSpace *as)
{
    struct PostedQueue *q = as->world->posted;
    if (!q) {
        return;
    }
    posted_flush(as->world, POSTED_MAP);
    for (unsigned i = 0; i < q->count; i++) {
        if (q->write[i].as == as) {
            q->write[i].as = NULL; /* destroyed from inside a flush */
        }
    }
    PostedSpace *s = find_space(q, as);
    if (s) {
        free(s->range);
        *s = q->space[--q->spaces];
    }
}

/* -- writes --------------------------------------------------------------- */

MemTxResult posted_write(AddressSpace *as, hwaddr addr, const void *buf,
                         unsigned size, unsigned *queued)
{
    struct PostedQueue *q = as->world->posted;
    assert(size >= 1 && size <= 8);
    if (!q || q->count >= q->depth || !is_coalesced(q, as, addr, size)) {
        *queued = 0;
        return address_space_write(as, addr, MEMTXATTRS_UNSPECIFIED, buf, size);
    }
    PostedWrite *w = &q->write[q->count++];
    *w = (PostedWrite){.as = as, .addr = addr, .size = (uint8_t)size};
    memcpy(w->data, buf, size);
    *queued = q->count;
    return MEMTX_OK;
}

static void perform(const struct PostedQueue *q, const PostedWrite *w)
{
    MemTxResult result = address_space_write(
        w->as, w->addr, MEMTXATTRS_UNSPECIFIED, w->data, w->size);
    if (q->observer && q->observer->done) {
        q->observer->done(q->observer->opaque, w, result);
    }
}

static void queue_flush(MemoryWorld *world)
{
    struct PostedQueue *q = world->posted;
    if (!q || !q->count || world->flushing) {
        return;
    }
    world->flushing = true;
    if (q->observer && q->observer->begin) {
        q->observer->begin(q->observer->opaque, q->count);
    }
    for (unsigned i = 0; i < q->count; i++) {
        PostedWrite w = q->write[i];
        if (w.as) {
            perform(q, &w);
        }
    }
    q->count = 0;
    world->flushing = false;
}

void posted_flush(MemoryWorld *world, PostedCause cause)
{
    posted_buffers_flush(world, cause);
    queue_flush(world);
}

void posted_flush_for(MemoryRegion *mr)
{
    posted_arrive(mr->world, mr);
    queue_flush(mr->world);
}

void qemu_flush_coalesced_mmio_buffer(void)
{
    posted_flush(memory_world_current(), POSTED_EXPLICIT);
}

/* -- settings ------------------------------------------------------------- */

void posted_observe(const PostedObserver *observer)
{
    MemoryWorld *world = memory_world_current();
    posted_enable(world);
    world->posted->observer = observer;
}

void posted_set_depth(unsigned depth)
{
    MemoryWorld *world = memory_world_current();
    assert(depth <= POSTED_DEPTH);
    posted_enable(world);
    world->posted->depth = depth;
}
