/*
 * dispatch.c - one access to one region: the rules of its MemoryRegionOps.
 *
 * Model    access_plan() decides: is it valid, which callbacks at which offsets
 *          of which size. memory_region_dispatch_*() runs that plan; `map
 *          --explain` prints it. A device narrower than the access sees it in
 *          steps, a wider one sees more than was asked: a widened write has
 *          zeros beside the value, a widened read is cut by the caller.
 *          Callbacks under way form a chain of frames: who is inside whom.
 * Source   semantics of the published implementation; the policies are ours
 *          (docs/memory-api.md).
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/port_private.h"

/* -- the plan ------------------------------------------------------------- */

static const char *why_refused(const MemoryRegion *mr, bool is_write)
{
    if (mr->ops != &memory_none_ops) {
        return "accepts";
    }
    if (mr->ram) {
        return is_write && mr->readonly ? "read-only" : "not a device";
    }
    return "nothing there";
}

/* NULL: the access is valid. */
static inline const char *why_invalid(const MemoryRegion *mr, hwaddr offset,
                                      unsigned size, bool is_write,
                                      MemTxAttrs attrs)
{
    const MemoryRegionOps *ops = mr->ops;
    if (ops->valid.accepts &&
        !ops->valid.accepts(mr->opaque, offset, size, is_write, attrs)) {
        return why_refused(mr, is_write);
    }
    if (!ops->valid.unaligned && (offset & (size - 1))) {
        return "unaligned";
    }
    if (ops->valid.max_access_size && size > ops->valid.max_access_size) {
        return "max size";
    }
    if (ops->valid.max_access_size && size < ops->valid.min_access_size) {
        return "min size";
    }
    bool has_callback = is_write ? ops->write || ops->write_with_attrs
                                 : ops->read || ops->read_with_attrs;
    return has_callback ? NULL : "no callback";
}

/* Fills step and pieces. */
static inline void plan_steps(AccessPlan *plan)
{
    unsigned min = plan->mr->ops->impl.min_access_size;
    unsigned max = plan->mr->ops->impl.max_access_size;
    min = min ? min : 1;
    max = max ? max : 4;
    unsigned step = plan->size < max ? plan->size : max;
    step = step > min ? step : min;
    plan->step = step;
    plan->pieces = step >= plan->size ? 1 : (plan->size + step - 1) / step;
}

static inline void plan_access(MemoryRegion *mr, hwaddr offset, unsigned size,
                               bool is_write, MemTxAttrs attrs,
                               AccessPlan *plan)
{
    while (mr->alias) {
        offset += mr->alias_offset;
        mr = mr->alias;
    }
    const char *reason = why_invalid(mr, offset, size, is_write, attrs);
    plan->mr = mr;
    plan->offset = offset;
    plan->size = size;
    plan->valid = !reason;
    plan->reason = reason;
    plan_steps(plan);
}

void access_plan(MemoryRegion *mr, hwaddr offset, unsigned size, bool is_write,
                 MemTxAttrs attrs, AccessPlan *plan)
{
    plan_access(mr, offset, size, is_write, attrs, plan);
}

unsigned access_size(MemoryRegion *mr, uint64_t len, hwaddr offset)
{
    uint64_t max = mr->ops->valid.max_access_size;
    max = max ? max : 4;
    max = max < 8 ? max : 8; /* what a value of a callback holds */
    uint64_t lowest_bit = offset & -offset;
    if (!mr->ops->impl.unaligned && lowest_bit && lowest_bit < max) {
        max = lowest_bit;
    }
    unsigned size = (unsigned)(len < max ? len : max);
    while (size & (size - 1)) {
        size &= size - 1; /* down to a power of two */
    }
    return size;
}

/* -- values --------------------------------------------------------------- */

/* From the order of the access to the device's, or back. One byte has no order:
 * bits above it stay. */
static inline uint64_t convert(uint64_t value, unsigned size, MemOp op,
                               bool big)
{
    bool swap = ((op & MO_BSWAP) != 0) != big;
    return swap && size > 1 ? swap_bytes(value, size) : value;
}

/* Bits to move a piece up by within the value; may be negative. */
static inline int piece_shift(const AccessPlan *plan, unsigned at, bool big)
{
    return 8 * (big ? (int)plan->size - (int)plan->step - (int)at : (int)at);
}

static inline uint64_t shift_up(uint64_t value, int bits)
{
    if (bits >= 64 || bits <= -64) {
        return 0;
    }
    return bits >= 0 ? value << bits : value >> -bits;
}

static void note(MemoryWorld *world, const AccessPlan *plan, unsigned at,
                 uint64_t value, bool big)
{
    BeatCause cause = plan->pieces > 1          ? BEAT_SPLIT
                      : plan->step > plan->size ? BEAT_WIDEN
                                                : BEAT_ACCESS;
    unsigned bytes = plan->step < 8 ? plan->step : 8;
    beats_note(world, plan->mr, plan->offset + at, plan->step,
               big ? swap_bytes(value, bytes) : value, cause);
}

/* -- who is inside whom --------------------------------------------------- */

/* Accesses on other stacks (SystemC threads) may have come in between. */
void dispatch_unlink(MemoryWorld *world, const DispatchFrame *frame)
{
    DispatchFrame **at = &world->frame;
    while (*at && *at != frame) {
        at = &(*at)->outer;
    }
    if (*at) {
        *at = frame->outer;
    }
}

enum { QUEUE_DEPTH = 64, DRAIN_LIMIT = 4096, PATH_SHOWN = 8 };

struct MemoryReentryQueue {
    struct {
        hwaddr addr;
        uint64_t data;
        MemOp op;
        MemTxAttrs attrs;
    } write[QUEUE_DEPTH]; /* a ring */
    unsigned first, count;
    bool draining;
};

void memory_region_set_reentrancy(MemoryRegion *mr, MemoryReentrancy policy)
{
    assert(!mr->entered);
    mr->reentrancy = (uint8_t)policy;
    mr->special &= (uint8_t)~REGION_GUARDED;
    if (policy != MEMORY_REENTRANCY_ALLOW) {
        mr->special |= REGION_GUARDED;
    }
    region_update_quick(mr);
    free(mr->queue);
    mr->queue = policy == MEMORY_REENTRANCY_QUEUE
                    ? memory_alloc(1, sizeof(*mr->queue))
                    : NULL;
}

/* "dma+0x8 > uart+0x0 > dma+0x0": outermost first, the refused access last. */
static void log_path(MemoryRegion *mr, hwaddr offset, bool is_write,
                     const char *why)
{
    const DispatchFrame *shown[PATH_SHOWN];
    unsigned count = 0;
    for (const DispatchFrame *f = mr->world->frame; f && count < PATH_SHOWN;
         f = f->outer) {
        shown[count++] = f;
    }
    char path[512] = "";
    size_t used = 0;
    while (count && used < sizeof(path)) {
        const DispatchFrame *f = shown[--count];
        int n =
            snprintf(path + used, sizeof(path) - used, "%s+0x%llx > ",
                     memory_region_name(f->mr), (unsigned long long)f->offset);
        used += n > 0 ? (size_t)n : 0;
    }
    memory_log(mr->world, "re-entrant %s refused (%s): %s%s+0x%llx",
               is_write ? "write" : "read", why, path, memory_region_name(mr),
               (unsigned long long)offset);
}

/* True: the access may go on. Else *result is its end: refused, or queued. */
static bool guard_enter(const AccessPlan *plan, const uint64_t *data, MemOp op,
                        MemTxAttrs attrs, MemTxResult *result)
{
    MemoryRegion *mr = plan->mr;
    if (!mr->entered) {
        mr->entered = 1;
        return true;
    }
    struct MemoryReentryQueue *q = mr->queue;
    if (q && data && q->count < QUEUE_DEPTH) {
        unsigned at = (q->first + q->count++) % QUEUE_DEPTH;
        q->write[at].addr = plan->offset;
        q->write[at].data = *data;
        q->write[at].op = op;
        q->write[at].attrs = attrs;
        *result = MEMTX_OK;
        return false;
    }
    mr->counters.rejected++;
    log_path(mr, plan->offset, data != NULL,
             !q     ? "policy fault"
             : data ? "queue full"
                    : "policy queue");
    *result = MEMTX_ACCESS_ERROR;
    return false;
}

/* Does what was queued; what that queues in turn comes behind it. */
static void queue_drain(MemoryRegion *mr, struct MemoryReentryQueue *q)
{
    q->draining = true;
    for (unsigned done = 0; q->count; done++) {
        if (done == DRAIN_LIMIT) {
            memory_log(mr->world,
                       "%s: %u queued writes keep causing new ones; dropped",
                       memory_region_name(mr), q->count);
            q->count = 0;
            break;
        }
        unsigned at = q->first;
        q->first = (q->first + 1) % QUEUE_DEPTH;
        q->count--;
        memory_region_dispatch_write(mr, q->write[at].addr, q->write[at].data,
                                     q->write[at].op, q->write[at].attrs);
    }
    q->draining = false;
}

static void guard_leave(MemoryRegion *mr)
{
    mr->entered = 0;
    if (mr->queue && mr->queue->count && !mr->queue->draining) {
        queue_drain(mr, mr->queue);
    }
}

/* -- the callbacks -------------------------------------------------------- */

static inline MemTxResult read_piece(const AccessPlan *plan, unsigned at,
                                     uint64_t *value, MemTxAttrs attrs)
{
    const MemoryRegionOps *ops = plan->mr->ops;
    void *opaque = plan->mr->opaque;
    if (ops->read) {
        *value = ops->read(opaque, plan->offset + at, plan->step);
        return MEMTX_OK;
    }
    *value = 0;
    return ops->read_with_attrs(opaque, plan->offset + at, value, plan->step,
                                attrs);
}

static inline MemTxResult write_piece(const AccessPlan *plan, unsigned at,
                                      uint64_t value, MemTxAttrs attrs)
{
    const MemoryRegionOps *ops = plan->mr->ops;
    void *opaque = plan->mr->opaque;
    if (ops->write) {
        ops->write(opaque, plan->offset + at, value, plan->step);
        return MEMTX_OK;
    }
    return ops->write_with_attrs(opaque, plan->offset + at, value, plan->step,
                                 attrs);
}

/* The value in the device's order, pieces put together. */
static MemTxResult read_pieces(const AccessPlan *plan, bool big, uint64_t *all,
                               MemTxAttrs attrs)
{
    MemoryWorld *world = plan->mr->world;
    MemTxResult result = MEMTX_OK;
    uint64_t value, sum = 0;
    for (unsigned at = 0; at < plan->size; at += plan->step) {
        result |= read_piece(plan, at, &value, attrs);
        value = cut_bytes(value, plan->step);
        sum |= shift_up(value, piece_shift(plan, at, big));
        if (world->beats) {
            note(world, plan, at, value, big);
        }
    }
    *all = sum;
    return result;
}

static MemTxResult write_pieces(const AccessPlan *plan, bool big, uint64_t data,
                                MemTxAttrs attrs)
{
    MemoryWorld *world = plan->mr->world;
    MemTxResult result = MEMTX_OK;
    for (unsigned at = 0; at < plan->size; at += plan->step) {
        uint64_t value = shift_up(data, -piece_shift(plan, at, big));
        value = cut_bytes(value, plan->step);
        result |= write_piece(plan, at, value, attrs);
        if (world->beats) {
            note(world, plan, at, value, big);
        }
    }
    return result;
}

/* -- misaligned accesses as aligned ones (a policy) -------------------------
 */

static bool must_align(const AccessPlan *plan)
{
    return (plan->offset & (plan->size - 1)) &&
           plan->mr->world->policy.split_unaligned &&
           !plan->mr->ops->impl.unaligned;
}

/* The naturally aligned part of the access that starts `at` bytes into it. */
static AccessPlan aligned_part(const AccessPlan *plan, unsigned at)
{
    hwaddr offset = plan->offset + at;
    unsigned size = 8;
    while (size > plan->size - at || (offset & (size - 1))) {
        size /= 2;
    }
    AccessPlan part = {.mr = plan->mr, .offset = offset, .size = size};
    plan_steps(&part);
    return part;
}

static MemTxResult read_aligned(const AccessPlan *plan, bool big, uint64_t *all,
                                MemTxAttrs attrs)
{
    MemTxResult result = MEMTX_OK;
    uint64_t value, sum = 0;
    AccessPlan part;
    for (unsigned at = 0; at < plan->size; at += part.size) {
        part = aligned_part(plan, at);
        result |= read_pieces(&part, big, &value, attrs);
        unsigned up = big ? plan->size - at - part.size : at;
        sum |= cut_bytes(value, part.size) << 8 * up;
    }
    *all = sum;
    return result;
}

static MemTxResult write_aligned(const AccessPlan *plan, bool big,
                                 uint64_t data, MemTxAttrs attrs)
{
    MemTxResult result = MEMTX_OK;
    AccessPlan part;
    for (unsigned at = 0; at < plan->size; at += part.size) {
        part = aligned_part(plan, at);
        unsigned down = big ? plan->size - at - part.size : at;
        uint64_t value = cut_bytes(data >> 8 * down, part.size);
        result |= write_pieces(&part, big, value, attrs);
    }
    return result;
}

/* -- counters ----------------------------------------------------------------
 */

static inline void count(const AccessPlan *plan)
{
    MemoryAccessCounters *n = &plan->mr->counters;
    if (plan->step != plan->size) {
        n->splits += plan->pieces > 1;
        n->widenings += plan->step > plan->size;
    }
    if (plan->offset & (plan->size - 1)) {
        n->unaligned++;
    }
}

const MemoryAccessCounters *memory_region_counters(const MemoryRegion *mr)
{
    return &mr->counters;
}

/* -- the quick way: what most accesses to devices are ------------------------
 */

static unsigned quick_step_of(const MemoryRegion *mr, unsigned size,
                              bool is_write)
{
    const MemoryRegionOps *ops = mr->ops;
    bool plain = is_write ? ops->write != NULL : ops->read != NULL;
    bool memory = mr->rom_device && !is_write; /* in one of its modes */
    if (!plain || memory || ops->valid.accepts || mr->special ||
        region_is_big(mr) ||
        (ops->valid.max_access_size && (size > ops->valid.max_access_size ||
                                        size < ops->valid.min_access_size))) {
        return 0;
    }
    AccessPlan plan = {.mr = &(MemoryRegion){.ops = ops}, .size = size};
    plan_steps(&plan);
    bool fits = plan.step <= size && size % plan.step == 0;
    return fits ? plan.step : 0;
}

void dispatch_learn(FlatPiece *p)
{
    p->ops = p->mr->ops;
    p->opaque = p->mr->opaque;
    p->quick = 0;
    for (unsigned i = 0; i < 8; i++) {
        unsigned step = quick_step_of(p->mr, 1u << i % 4, i / 4);
        uint32_t code = step ? 1 + (uint32_t)__builtin_ctz(step) : 0;
        p->quick |= (8 | code) << 4 * i;
    }
}

void region_update_quick(MemoryRegion *mr)
{
    for (AddressSpace *as = mr->world->first_space; as; as = as->next) {
        FlatView *fv = as->current_map;
        for (unsigned i = 0; fv && i < fv->pieces; i++) {
            if (fv->piece[i].mr == mr) {
                fv->piece[i].quick = 0;
            }
        }
    }
    for (MemoryPort *p = mr->world->first_port; p; p = p->next) {
        port_quick_flush(p);
    }
}

uint64_t dispatch_quick_read_split(const FlatPiece *p, hwaddr offset,
                                   unsigned size, unsigned step)
{
    const unsigned unused = 64 - 8 * step;
    uint64_t value = 0;
    p->mr->counters.splits++;
    for (unsigned at = 0; at < size; at += step) {
        uint64_t piece = p->ops->read(p->opaque, offset + at, step);
        value |= piece << unused >> unused << 8 * at;
    }
    return value;
}

void dispatch_quick_write_split(const FlatPiece *p, hwaddr offset,
                                unsigned size, unsigned step, uint64_t value)
{
    p->mr->counters.splits++;
    for (unsigned at = 0; at < size; at += step) {
        p->ops->write(p->opaque, offset + at, cut_bytes(value >> 8 * at, step),
                      step);
    }
}

/* -- one access -------------------------------------------------------------
 */

MemTxResult memory_region_dispatch_read(MemoryRegion *mr, hwaddr addr,
                                        uint64_t *pval, MemOp op,
                                        MemTxAttrs attrs)
{
    AccessPlan plan;
    plan_access(mr, addr, memop_size(op), false, attrs, &plan);
    *pval = 0;
    mr = plan.mr;
    if (!plan.valid) {
        mr->counters.rejected++;
        return MEMTX_DECODE_ERROR;
    }
    MemTxResult result;
    bool guarded = mr->special & REGION_GUARDED;
    if (guarded && !guard_enter(&plan, NULL, op, attrs, &result)) {
        return result;
    }
    MemoryWorld *world = mr->world;
    bool big = region_is_big(mr);
    count(&plan);
    DispatchFrame frame;
    memory_region_ref(mr);
    dispatch_enter(world, &frame, mr, plan.offset);
    uint64_t all;
    result = must_align(&plan) ? read_aligned(&plan, big, &all, attrs)
                               : read_pieces(&plan, big, &all, attrs);
    dispatch_leave(world, &frame);
    if (guarded) {
        guard_leave(mr);
    }
    memory_region_unref(mr);
    *pval = convert(all, plan.size, op, big);
    return result;
}

/* A write that is not valid; one policy has ROM take it in silence. */
static MemTxResult reject_write(const AccessPlan *plan)
{
    MemoryRegion *mr = plan->mr;
    if (mr->ram && mr->readonly && mr->world->policy.ignore_rom_writes) {
        return MEMTX_OK;
    }
    mr->counters.rejected++;
    return MEMTX_DECODE_ERROR;
}

MemTxResult memory_region_dispatch_write(MemoryRegion *mr, hwaddr addr,
                                         uint64_t data, MemOp op,
                                         MemTxAttrs attrs)
{
    AccessPlan plan;
    plan_access(mr, addr, memop_size(op), true, attrs, &plan);
    mr = plan.mr;
    if (!plan.valid) {
        return reject_write(&plan);
    }
    bool big = region_is_big(mr);
    uint64_t asked = data;
    data = convert(data, plan.size, op, big);
    MemTxResult result;
    bool guarded = false;
    if (mr->special) {
        if ((mr->special & REGION_EVENTFDS) &&
            ioeventfd_signal(mr, plan.offset, plan.size, data)) {
            return MEMTX_OK;
        }
        guarded = mr->special & REGION_GUARDED;
        if (guarded && !guard_enter(&plan, &asked, op, attrs, &result)) {
            return result;
        }
    }
    MemoryWorld *world = mr->world;
    count(&plan);
    DispatchFrame frame;
    memory_region_ref(mr);
    dispatch_enter(world, &frame, mr, plan.offset);
    result = must_align(&plan) ? write_aligned(&plan, big, data, attrs)
                               : write_pieces(&plan, big, data, attrs);
    dispatch_leave(world, &frame);
    if (guarded) {
        guard_leave(mr);
    }
    memory_region_unref(mr);
    return result;
}
