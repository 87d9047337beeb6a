/*
 * port_debug.c - how a debugger and a loader enter: memory only, no time, no
 * counts, no records.
 *
 * Model    Piece by piece, up to the first that is not memory. ROM is written,
 *          too; harts hear of changed code. Posted stores need not be waited
 *          for: memory has them already.
 * Units    bytes.
 * Missing  nothing known.
 */
#include <string.h>

#include "memory/internal.h"

static bool is_memory(const MemoryPiece *p)
{
    const MemoryRegion *mr = p->mr;
    return mr->ram_block && !mr->ram_device &&
           (mr->ram || memory_region_is_romd(p->mr));
}

uint64_t port_debug(MemoryPort *port, hwaddr addr, void *buf, uint64_t len,
                    bool is_write)
{
    FlatView *fv = flatview_ref(address_space_to_flatview(port->as));
    const MemTxAttrs attrs = {.debug = 1};
    uint8_t *bytes = buf;
    uint64_t at = 0;
    while (at < len) {
        MemoryPiece p = memory_piece_at(fv, addr + at, len - at, false, attrs);
        if (!is_memory(&p)) {
            break;
        }
        uint8_t *host = p.mr->ram_block->host + p.offset;
        if (is_write) {
            memcpy(host, bytes + at, p.len);
            ram_written(NULL, p.mr, p.offset, p.len);
        } else {
            memcpy(bytes + at, host, p.len);
        }
        at += p.len;
    }
    flatview_unref(fv);
    return at;
}
