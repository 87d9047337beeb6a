/*
 * transfer.c - the functional part of an access to a space: no time, no port.
 *
 * Model    Byte strings are cut into pieces: memory moves by pointer, a device
 *          gets what its rules take at that offset; all pieces run. A sized
 *          load or store is one piece, whatever lies there. An access keeps the
 *          view it was given, even if a callback changes the map.
 * Source   semantics of the published implementation; a ROM device read by
 *          pointer ends with its range (there it reads on).
 */
#include <string.h>

#include "memory/internal.h"

/* -- pieces --------------------------------------------------------------- */

void memory_piece_cut(MemoryPiece *p)
{
    if (!p->direct) {
        return;
    }
    uint64_t size = p->mr->ram_block->size;
    uint64_t room = p->offset < size ? size - p->offset : 0;
    p->len = p->len < room || !room ? p->len : room;
    p->direct = room > 0; /* else a window beyond its memory */
}

/* Translation cuts only RAM; a ROM device that is memory ends, too. */
static void cut_rom_device(FlatView *fv, hwaddr addr, MemoryPiece *p)
{
    if (!p->direct || p->mr->ram) {
        return;
    }
    const FlatPiece *at = flatview_piece(fv, addr);
    if (at && at->mr == p->mr && p->len > at->last - addr) {
        p->len = at->last - addr + 1;
    }
    memory_piece_cut(p);
}

MemoryPiece memory_piece_at(FlatView *fv, hwaddr addr, hwaddr len,
                            bool is_write, MemTxAttrs attrs)
{
    MemoryPiece p = {.len = len};
    p.mr = flatview_translate(fv, addr, &p.offset, &p.len, is_write, attrs);
    p.direct = memory_access_is_direct(p.mr, is_write);
    cut_rom_device(fv, addr, &p);
    return p;
}

static uint8_t *host_of(const MemoryPiece *p)
{
    return p->mr->ram_block->host + p->offset;
}

static MemOp op_of(unsigned size)
{
    return (MemOp)__builtin_ctz(size);
}

/* Tells whoever looks at pieces of a piece of memory. */
static void note_direct(const MemoryPiece *p, const void *data, hwaddr whole)
{
    if (!p->mr->world->beats) {
        return;
    }
    uint64_t value = 0;
    memcpy(&value, data, p->len < 8 ? p->len : 8);
    beats_note(p->mr->world, p->mr, p->offset, (unsigned)p->len, value,
               p->len == whole ? BEAT_ACCESS : BEAT_SPLIT);
}

static void store_direct(const MemoryPiece *p, const void *data)
{
    memcpy(host_of(p), data, p->len);
    ram_written(NULL, p->mr, p->offset, p->len);
}

/* -- byte strings --------------------------------------------------------- */

/* One dispatch at a piece that is not memory. Posted writes arrive first if the
 * region asks for it. They may end a region that lies behind an IOMMU, where no
 * view keeps it: it is kept until the access is done. */
static MemTxResult dispatch(const MemoryPiece *p, uint64_t *value, MemOp op,
                            bool is_write, MemTxAttrs attrs)
{
    MemoryRegion *mr = p->mr;
    bool flushes = mr->special & REGION_FLUSHES;
    if (flushes) {
        memory_region_ref(mr);
        posted_flush_for(mr);
    }
    MemTxResult result =
        is_write
            ? memory_region_dispatch_write(mr, p->offset, *value, op, attrs)
            : memory_region_dispatch_read(mr, p->offset, value, op, attrs);
    if (flushes) {
        memory_region_unref(mr);
    }
    return result;
}

/* Dispatches the head of a piece that is not memory; *done: bytes of it. */
static MemTxResult move_device(const MemoryPiece *p, uint8_t *buf, hwaddr *done,
                               bool is_write, MemTxAttrs attrs)
{
    unsigned size = access_size(p->mr, p->len, p->offset);
    uint64_t value = 0;
    if (is_write) {
        memcpy(&value, buf, size);
    }
    MemTxResult result = dispatch(p, &value, op_of(size), is_write, attrs);
    if (!is_write) {
        memcpy(buf, &value, size);
    }
    *done = size;
    return result;
}

MemTxResult memory_move(const MemoryPiece *p, uint8_t *buf, hwaddr whole,
                        bool is_write, MemTxAttrs attrs, hwaddr *done)
{
    *done = p->len;
    if (!p->direct) {
        return move_device(p, buf, done, is_write, attrs);
    }
    if (is_write) {
        store_direct(p, buf);
    } else {
        memcpy(buf, host_of(p), p->len);
    }
    note_direct(p, buf, whole);
    return MEMTX_OK;
}

MemTxResult memory_rw(FlatView *fv, hwaddr addr, MemTxAttrs attrs, void *buf,
                      hwaddr len, bool is_write)
{
    uint8_t *bytes = buf;
    MemTxResult result = MEMTX_OK;
    for (hwaddr at = 0, done; at < len; at += done) {
        MemoryPiece p =
            memory_piece_at(fv, addr + at, len - at, is_write, attrs);
        result |= memory_move(&p, bytes + at, len, is_write, attrs, &done);
    }
    return result;
}

MemTxResult memory_write_rom(FlatView *fv, hwaddr addr, MemTxAttrs attrs,
                             const void *buf, hwaddr len)
{
    const uint8_t *bytes = buf;
    for (hwaddr at = 0; at < len;) {
        MemoryPiece p = memory_piece_at(fv, addr + at, len - at, true, attrs);
        p.direct = p.mr->ram || memory_region_is_romd(p.mr);
        cut_rom_device(fv, addr + at, &p);
        if (p.direct) {
            store_direct(&p, bytes + at);
            at += p.len;
        } else {
            at += access_size(p.mr, p.len, p.offset);
        }
    }
    return MEMTX_OK;
}

bool memory_access_valid(FlatView *fv, hwaddr addr, hwaddr len, bool is_write,
                         MemTxAttrs attrs)
{
    for (hwaddr at = 0; at < len;) {
        MemoryPiece p =
            memory_piece_at(fv, addr + at, len - at, is_write, attrs);
        if (!p.direct) {
            /* The address, not the offset, as the original has it. */
            p.len = access_size(p.mr, p.len, addr + at);
            AccessPlan plan;
            access_plan(p.mr, p.offset, (unsigned)p.len, is_write, attrs,
                        &plan);
            if (!plan.valid) {
                return false;
            }
        }
        at += p.len;
    }
    return true;
}

/* -- 1, 2, 4, 8 bytes ----------------------------------------------------- */

uint64_t memory_load(const MemoryPiece *p, MemOp op, MemTxAttrs attrs,
                     MemTxResult *result)
{
    unsigned size = memop_size(op);
    uint64_t value = 0;
    if (p->len < size || !p->direct) {
        *result = dispatch(p, &value, op, false, attrs);
        return cut_bytes(value, size);
    }
    memcpy(&value, host_of(p), size);
    *result = MEMTX_OK;
    note_direct(p, &value, size);
    return op & MO_BSWAP ? swap_bytes(value, size) : value;
}

void memory_store(const MemoryPiece *p, uint64_t value, MemOp op,
                  MemTxAttrs attrs, MemTxResult *result)
{
    unsigned size = memop_size(op);
    if (p->len < size || !p->direct) {
        *result = dispatch(p, &value, op, true, attrs);
        return;
    }
    value = op & MO_BSWAP ? swap_bytes(value, size) : value;
    store_direct(p, &value);
    *result = MEMTX_OK;
    note_direct(p, &value, size);
}

uint64_t memory_ld(FlatView *fv, hwaddr addr, MemOp op, MemTxAttrs attrs,
                   MemTxResult *result)
{
    MemoryPiece p = memory_piece_at(fv, addr, memop_size(op), false, attrs);
    return memory_load(&p, op, attrs, result);
}

void memory_st(FlatView *fv, hwaddr addr, uint64_t value, MemOp op,
               MemTxAttrs attrs, MemTxResult *result)
{
    MemoryPiece p = memory_piece_at(fv, addr, memop_size(op), true, attrs);
    memory_store(&p, value, op, attrs, result);
}
