/*
 * dispatch.c - one access to one region: the rules of its MemoryRegionOps.
 *
 * Model    access_plan() decides: is it valid, which callbacks at which offsets
 *          of which size. memory_region_dispatch_*() runs that plan; `map
 *          --explain` prints it. A device narrower than the access sees it in
 *          steps, a wider one sees more than was asked: a widened write has
 *          zeros beside the value, a widened read is cut by the caller.
 * Source   semantics of the published implementation.
 * Missing  event bindings.
 */
#include <assert.h>

#include "memory/internal.h"

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
static const char *why_invalid(const MemoryRegion *mr, hwaddr offset,
                               unsigned size, bool is_write, MemTxAttrs attrs)
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

void access_plan(MemoryRegion *mr, hwaddr offset, unsigned size, bool is_write,
                 MemTxAttrs attrs, AccessPlan *plan)
{
    while (mr->alias) {
        offset += mr->alias_offset;
        mr = mr->alias;
    }
    unsigned min = mr->ops->impl.min_access_size;
    unsigned max = mr->ops->impl.max_access_size;
    min = min ? min : 1;
    max = max ? max : 4;
    unsigned step = size < max ? size : max;
    step = step > min ? step : min;
    const char *reason = why_invalid(mr, offset, size, is_write, attrs);
    *plan = (AccessPlan){.mr = mr,
                         .offset = offset,
                         .size = size,
                         .valid = !reason,
                         .reason = reason,
                         .step = step,
                         .pieces = (size + step - 1) / step};
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

/* -- running it ----------------------------------------------------------- */

/* From the order of the access to the device's, or back. One byte has no order:
 * bits above it stay. */
static uint64_t convert(uint64_t value, unsigned size, MemOp op, bool big)
{
    bool swap = ((op & MO_BSWAP) != 0) != big;
    return swap && size > 1 ? swap_bytes(value, size) : value;
}

/* Bits to move a piece up by within the value; may be negative. */
static int piece_shift(const AccessPlan *plan, unsigned at, bool big)
{
    return 8 * (big ? (int)plan->size - (int)plan->step - (int)at : (int)at);
}

static uint64_t shift_up(uint64_t value, int bits)
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

static MemTxResult read_piece(const AccessPlan *plan, unsigned at,
                              uint64_t *value, MemTxAttrs attrs)
{
    const MemoryRegionOps *ops = plan->mr->ops;
    void *opaque = plan->mr->opaque;
    *value = 0;
    if (ops->read) {
        *value = ops->read(opaque, plan->offset + at, plan->step);
        return MEMTX_OK;
    }
    return ops->read_with_attrs(opaque, plan->offset + at, value, plan->step,
                                attrs);
}

static MemTxResult write_piece(const AccessPlan *plan, unsigned at,
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

MemTxResult memory_region_dispatch_read(MemoryRegion *mr, hwaddr addr,
                                        uint64_t *pval, MemOp op,
                                        MemTxAttrs attrs)
{
    AccessPlan plan;
    access_plan(mr, addr, memop_size(op), false, attrs, &plan);
    *pval = 0;
    if (!plan.valid) {
        return MEMTX_DECODE_ERROR;
    }
    MemoryWorld *world = plan.mr->world;
    bool big = region_is_big(plan.mr);
    MemTxResult result = MEMTX_OK;
    uint64_t all = 0;
    for (unsigned at = 0; at < plan.size; at += plan.step) {
        uint64_t value;
        result |= read_piece(&plan, at, &value, attrs);
        value = cut_bytes(value, plan.step);
        all |= shift_up(value, piece_shift(&plan, at, big));
        if (world->beats) {
            note(world, &plan, at, value, big);
        }
    }
    *pval = convert(all, plan.size, op, big);
    return result;
}

MemTxResult memory_region_dispatch_write(MemoryRegion *mr, hwaddr addr,
                                         uint64_t data, MemOp op,
                                         MemTxAttrs attrs)
{
    AccessPlan plan;
    access_plan(mr, addr, memop_size(op), true, attrs, &plan);
    if (!plan.valid) {
        return MEMTX_DECODE_ERROR;
    }
    MemoryWorld *world = plan.mr->world;
    bool big = region_is_big(plan.mr);
    data = convert(data, plan.size, op, big);
    MemTxResult result = MEMTX_OK;
    for (unsigned at = 0; at < plan.size; at += plan.step) {
        uint64_t value = shift_up(data, -piece_shift(&plan, at, big));
        value = cut_bytes(value, plan.step);
        result |= write_piece(&plan, at, value, attrs);
        if (world->beats) {
            note(world, &plan, at, value, big);
        }
    }
    return result;
}
