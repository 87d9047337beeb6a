/*
 * transfer.c - the functional part of an access to a space: no time, no port.
 *
 * Model    Byte strings are cut into pieces: memory moves by pointer, a device
 *          gets what its rules take at that offset; all pieces run. A sized
 *          load or store is one piece, whatever lies there. An access keeps the
 *          view it was given, even if a callback changes the map.
 * Source   semantics of the published implementation; a ROM device read by
 *          pointer ends with its range (there it reads on).
 * Missing  IOMMU regions, dirty logging, flushing posted writes.
 */
#include <string.h>

#include "memory/internal.h"

/* -- pieces --------------------------------------------------------------- */

MemoryPiece memory_piece_at(FlatView *fv, hwaddr addr, hwaddr len,
                            bool is_write, MemTxAttrs attrs)
{
    MemoryPiece p = {.len = len};
    p.mr = flatview_translate(fv, addr, &p.offset, &p.len, is_write, attrs);
    p.direct = memory_access_is_direct(p.mr, is_write);
    if (p.direct && !p.mr->ram) {
        const FlatRange *r = flatview_lookup(fv, addr);
        Int128 room = r->start + r->size - (Int128)addr;
        p.len = (Int128)p.len > room ? int128_get64(room) : p.len;
    }
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
    ram_written(p->mr->world, NULL, p->mr->ram_block, p->offset, p->len);
}

/* -- byte strings --------------------------------------------------------- */

/* Dispatches the head of a piece that is not memory; *done: bytes of it. */
static MemTxResult move_device(const MemoryPiece *p, uint8_t *buf, hwaddr *done,
                               bool is_write, MemTxAttrs attrs)
{
    unsigned size = access_size(p->mr, p->len, p->offset);
    uint64_t value = 0;
    MemTxResult result;
    if (is_write) {
        memcpy(&value, buf, size);
        result = memory_region_dispatch_write(p->mr, p->offset, value,
                                              op_of(size), attrs);
    } else {
        result = memory_region_dispatch_read(p->mr, p->offset, &value,
                                             op_of(size), attrs);
        memcpy(buf, &value, size);
    }
    *done = size;
    return result;
}

MemTxResult memory_rw(AddressSpace *as, FlatView *fv, hwaddr addr,
                      MemTxAttrs attrs, void *buf, hwaddr len, bool is_write)
{
    uint8_t *bytes = buf;
    MemTxResult result = MEMTX_OK;
    for (hwaddr at = 0; at < len;) {
        MemoryPiece p =
            memory_piece_at(fv, addr + at, len - at, is_write, attrs);
        hwaddr done = p.len;
        if (!p.direct) {
            result |= move_device(&p, bytes + at, &done, is_write, attrs);
        } else if (is_write) {
            store_direct(&p, bytes + at);
        } else {
            memcpy(bytes + at, host_of(&p), p.len);
        }
        if (p.direct) {
            note_direct(&p, bytes + at, len);
        }
        at += done;
    }
    return result;
}

MemTxResult memory_write_rom(AddressSpace *as, FlatView *fv, hwaddr addr,
                             MemTxAttrs attrs, const void *buf, hwaddr len)
{
    const uint8_t *bytes = buf;
    for (hwaddr at = 0; at < len;) {
        MemoryPiece p = memory_piece_at(fv, addr + at, len - at, false, attrs);
        if (p.mr->ram || memory_region_is_romd(p.mr)) {
            store_direct(&p, bytes + at);
            at += p.len;
        } else {
            at += access_size(p.mr, p.len, p.offset);
        }
    }
    return MEMTX_OK;
}

bool memory_access_valid(AddressSpace *as, FlatView *fv, hwaddr addr,
                         hwaddr len, bool is_write, MemTxAttrs attrs)
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

uint64_t memory_ld(AddressSpace *as, hwaddr addr, MemOp op, MemTxAttrs attrs,
                   MemTxResult *result)
{
    unsigned size = memop_size(op);
    MemoryPiece p = memory_piece_at(as->current_map, addr, size, false, attrs);
    uint64_t value = 0;
    if (p.len < size || !p.direct) {
        *result =
            memory_region_dispatch_read(p.mr, p.offset, &value, op, attrs);
        return cut_bytes(value, size);
    }
    memcpy(&value, host_of(&p), size);
    *result = MEMTX_OK;
    note_direct(&p, &value, size);
    return op & MO_BSWAP ? swap_bytes(value, size) : value;
}

void memory_st(AddressSpace *as, hwaddr addr, uint64_t value, MemOp op,
               MemTxAttrs attrs, MemTxResult *result)
{
    unsigned size = memop_size(op);
    MemoryPiece p = memory_piece_at(as->current_map, addr, size, true, attrs);
    if (p.len < size || !p.direct) {
        *result =
            memory_region_dispatch_write(p.mr, p.offset, value, op, attrs);
        return;
    }
    value = op & MO_BSWAP ? swap_bytes(value, size) : value;
    store_direct(&p, &value);
    *result = MEMTX_OK;
    note_direct(&p, &value, size);
}
