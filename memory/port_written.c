/*
 * port_written.c - a store has changed memory: what its page's state asks for.
 *
 * Model    Reservations that other ports hold on the bytes end, pages become
 *          dirty for who logs them, harts hear of changed code.
 * Units    bytes; offsets in a RAM block.
 * Missing  nothing known.
 */
#include "memory/dirty.h"
#include "memory/internal.h"
#include "memory/port_private.h"

static bool overlaps(const MemoryPort *port, const RAMBlock *block,
                     ram_addr_t offset, uint64_t len)
{
    return port->reservation.block == block &&
           offset < port->reservation.offset + port->reservation.size &&
           port->reservation.offset < offset + len;
}

static void end_reservations(MemoryWorld *world, const MemoryPort *self,
                             RAMBlock *block, ram_addr_t offset, uint64_t len)
{
    bool left = false;
    for (MemoryPort *p = world->first_port; p; p = p->next) {
        if (p != self && overlaps(p, block, offset, len)) {
            p->reservation.block = NULL;
        }
        left |= p->reservation.block == block &&
                p->reservation.offset >> PAGE_BITS == offset >> PAGE_BITS;
    }
    if (!left && self != world->reserver) {
        ram_block_clear_state(block, offset, PAGE_RESERVED);
    }
}

void ram_written(MemoryPort *self, MemoryRegion *mr, ram_addr_t offset,
                 uint64_t len)
{
    MemoryWorld *world = mr->world;
    RAMBlock *block = mr->ram_block;
    uint64_t last = (offset + len - 1) >> PAGE_BITS;
    for (uint64_t page = offset >> PAGE_BITS; len && page <= last; page++) {
        uint8_t state = block->page_state[page];
        if (!state) {
            continue;
        }
        ram_addr_t from = page << PAGE_BITS;
        ram_addr_t to = from + PAGE_SIZE_BYTES;
        from = from > offset ? from : offset;
        to = to < offset + len ? to : offset + len;
        if (state & PAGE_RESERVED) {
            end_reservations(world, self, block, from, to - from);
        }
        if (state & PAGE_CLEAN_ALL) {
            dirty_mark(mr, from, to - from);
        }
        if (state & PAGE_CODE) {
            world->code_writes++;
            for (MemoryPort *p = world->first_port; p; p = p->next) {
                if (p->code_written) {
                    p->code_written(p->opaque, block, from, to - from);
                }
            }
        }
    }
}
