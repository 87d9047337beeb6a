/*
 * explain_rehearse.c - one dispatch without its effects.
 *
 * Model    memory_region_dispatch_*() itself runs, on a copy of the region. Its
 *          callbacks are replaced by ones that note offset and size; the bytes
 *          of what is written, or answered, are all different, so that what
 *          arrives tells where each byte goes. The copy has no event bindings
 *          and no guard against re-entry: those are told of the original.
 * Units    bytes; byte 0 of a value is its lowest.
 * Missing  nothing
 */
#include <stdlib.h>

#include "memory/explain_private.h"

/* What the callbacks get for their opaque. */
typedef struct Rehearser {
    MemoryRegion *mr; /* the real one */
    Rehearsal *r;
} Rehearser;

/* first, first + 1, ... from the lowest byte on. */
static uint64_t distinct_bytes(unsigned first)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        value |= (uint64_t)(first + i) << 8 * i;
    }
    return value;
}

static unsigned byte_of(uint64_t value, unsigned i)
{
    return value >> 8 * i & 0xff;
}

/* -- callbacks that take notes ----------------------------------------------
 */

static RehearsedCall *note_call(void *opaque, const char *callback, hwaddr addr,
                                unsigned size)
{
    Rehearsal *r = ((Rehearser *)opaque)->r;
    if (r->calls == REHEARSED_CALLS) {
        return NULL;
    }
    RehearsedCall *call = &r->call[r->calls++];
    *call =
        (RehearsedCall){callback, addr, size, {-1, -1, -1, -1, -1, -1, -1, -1}};
    return call;
}

/* Byte i of call number n answers 8 * n + 1 + i. */
static uint64_t note_read(void *opaque, const char *callback, hwaddr addr,
                          unsigned size)
{
    unsigned n = ((Rehearser *)opaque)->r->calls;
    note_call(opaque, callback, addr, size);
    return cut_bytes(distinct_bytes(8 * n + 1), size);
}

/* Byte i of the value that is written is i + 1. */
static void note_write(void *opaque, const char *callback, hwaddr addr,
                       uint64_t data, unsigned size)
{
    RehearsedCall *call = note_call(opaque, callback, addr, size);
    for (unsigned i = 0; call && i < 8; i++) {
        call->lane[i] = (int)byte_of(data, i) - 1;
    }
}

static uint64_t read_noting(void *opaque, hwaddr addr, unsigned size)
{
    return note_read(opaque, "read", addr, size);
}

static void write_noting(void *opaque, hwaddr addr, uint64_t data,
                         unsigned size)
{
    note_write(opaque, "write", addr, data, size);
}

static MemTxResult read_attrs_noting(void *opaque, hwaddr addr, uint64_t *data,
                                     unsigned size, MemTxAttrs attrs)
{
    *data = note_read(opaque, "read_with_attrs", addr, size);
    return MEMTX_OK;
}

static MemTxResult write_attrs_noting(void *opaque, hwaddr addr, uint64_t data,
                                      unsigned size, MemTxAttrs attrs)
{
    note_write(opaque, "write_with_attrs", addr, data, size);
    return MEMTX_OK;
}

static bool accepts_really(void *opaque, hwaddr addr, unsigned size,
                           bool is_write, MemTxAttrs attrs)
{
    MemoryRegion *mr = ((Rehearser *)opaque)->mr;
    return mr->ops->valid.accepts(mr->opaque, addr, size, is_write, attrs);
}

static MemoryRegionOps noting(const MemoryRegionOps *real)
{
    MemoryRegionOps ops = *real;
    ops.read = real->read ? read_noting : NULL;
    ops.write = real->write ? write_noting : NULL;
    ops.read_with_attrs = real->read_with_attrs ? read_attrs_noting : NULL;
    ops.write_with_attrs = real->write_with_attrs ? write_attrs_noting : NULL;
    ops.valid.accepts = real->valid.accepts ? accepts_really : NULL;
    return ops;
}

/* -- the rehearsal ------------------------------------------------------------
 */

/* Which byte of which call became each byte of the value. */
static void find_lanes(Rehearsal *r, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        unsigned byte = byte_of(value, i);
        if (byte && (byte - 1) / 8 < r->calls) {
            r->call[(byte - 1) / 8].lane[(byte - 1) % 8] = (int)i;
        }
    }
}

void rehearse(MemoryRegion *mr, hwaddr offset, unsigned size, bool is_write,
              MemTxAttrs attrs, Rehearsal *r)
{
    *r = (Rehearsal){.calls = 0};
    access_plan(mr, offset, size, is_write, attrs, &r->plan);
    mr = r->plan.mr;
    Rehearser who = {mr, r};
    MemoryRegion copy = *mr;
    MemoryRegionOps ops = noting(mr->ops);
    copy.special = 0;
    if (mr->ops != &memory_none_ops) {
        copy.ops = &ops;
        copy.opaque = &who;
    }
    MemoryWorld *world = mr->world;
    MemoryBeats *beats = world->beats;
    world->beats = NULL;
    MemOp op =
        (MemOp)__builtin_ctz(size); /* in the host's order, as harts do */
    if (is_write) {
        r->result = memory_region_dispatch_write(
            &copy, r->plan.offset, cut_bytes(distinct_bytes(1), size), op,
            attrs);
    } else {
        uint64_t value;
        r->result = memory_region_dispatch_read(&copy, r->plan.offset, &value,
                                                op, attrs);
        find_lanes(r, value, size);
    }
    world->beats = beats;
}

/* -- event bindings ----------------------------------------------------------
 */

typedef struct BindingTeller {
    MemoryListener listener; /* first: it is what the callback gets */
    const AccessPlan *plan;
    FILE *out;
} BindingTeller;

static void tell_binding(MemoryListener *listener, MemoryRegionSection *section,
                         bool match_data, uint64_t data, EventNotifier *e)
{
    const BindingTeller *t = (BindingTeller *)(void *)listener;
    const AccessPlan *plan = t->plan;
    unsigned size = (unsigned)section->size; /* 0: any */
    if (section->offset_within_address_space != plan->offset ||
        (size && size != plan->size)) {
        return;
    }
    if (size && match_data) { /* of any size: whatever the data */
        fprintf(t->out,
                "    unless the device would see 0x%llx: that signals event %u "
                "instead of a callback\n",
                (unsigned long long)data, e->id);
    } else {
        fprintf(t->out,
                "    an event binding takes it: signals event %u, no "
                "callback runs\n",
                e->id);
    }
}

void explain_bindings(FILE *out, const AccessPlan *plan)
{
    MemoryRegion *mr = plan->mr;
    if (!(mr->special & REGION_EVENTFDS)) {
        return;
    }
    /* A listener of a space that shows all of the region is told of them. */
    FlatRange range = {.mr = mr, .size = int128_2_64()};
    FlatView view = {
        .refs = 1, .range = &range, .count = 1, .world = mr->world};
    BindingTeller t = {
        .listener.eventfd_add = tell_binding, .plan = plan, .out = out};
    AddressSpace as = {.root = mr,
                       .current_map = &view,
                       .world = mr->world,
                       .first_listener = &t.listener,
                       .last_listener = &t.listener};
    ioeventfd_update(&as);
    free(as.ioeventfds);
}
