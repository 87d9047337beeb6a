/*
 * port_quick_ram.c - the short way of page-table walks to memory.
 *
 * Model    An entry holds a page that lies wholly in one range of memory, its
 *          place and what a read of 4 or 8 bytes costs. Like those of
 *          port_quick.c, entries are dropped with all inline entries of the
 *          port, and who is in the way is asked each time. Where the port has
 *          a cache, or where walks are recorded, the general way is taken.
 * Units    cycles of the port's clock; picoseconds towards the timing model.
 * Missing  Writes.
 */
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/port_private.h"

enum { RAM_ENTRIES = 64 };

struct PortRamEntry {
    hwaddr page; /* PORT_NO_TAG: closed */
    uint8_t size, kind;
    uintptr_t host; /* + address */
    uint64_t count, period;
    TimingCost cost;
    const MemoryPlace *place;
};
typedef struct PortRamEntry RamEntry;

static void entry_fold(MemoryPort *port, RamEntry *e)
{
    if (e->count) {
        port_count(port, e->place, e->kind, DIR_READ, e->size, e->count);
        port_account(port, e->place, false, e->size, e->count);
        e->count = 0;
    }
}

void port_quick_ram_fold(MemoryPort *port)
{
    for (unsigned i = 0; port->ram && i < RAM_ENTRIES; i++) {
        entry_fold(port, &port->ram[i]);
    }
}

void port_quick_ram_flush(MemoryPort *port)
{
    for (unsigned i = 0; port->ram && i < RAM_ENTRIES; i++) {
        entry_fold(port, &port->ram[i]);
        port->ram[i] = (RamEntry){.page = PORT_NO_TAG};
    }
}

static bool make_entries(MemoryPort *port)
{
    if (!port->ram) {
        port->ram = calloc(RAM_ENTRIES, sizeof(*port->ram));
        port_quick_ram_flush(port);
    }
    return port->ram != NULL;
}

static __attribute__((noinline)) RamEntry *learn(MemoryPort *port, hwaddr pa,
                                                 unsigned size, uint8_t kind)
{
    const hwaddr page = pa & ~(hwaddr)(PAGE_SIZE_BYTES - 1);
    if (port->slow || port->world->updating || !port->clock->period ||
        (port->timing && !port->timing->take)) {
        return NULL;
    }
    FlatRange *r = flatview_lookup(address_space_to_flatview(port->as), pa);
    TimingInline form;
    if (!r || r->mr->posted || r->start > (Int128)page ||
        (Int128)page + PAGE_SIZE_BYTES > r->start + r->size ||
        !memory_access_is_direct(r->mr, false) ||
        !port_inline_form(port, r->mr, pa, size, false, &form) ||
        !make_entries(port)) {
        return NULL;
    }
    const MemoryPlace *place = port_place(port, pa, 0);
    const InlineCost *cost = &place->cost[0][__builtin_ctz(size)];
    if (!cost->beats || cost->bus == UINT16_MAX || cost->target == UINT16_MAX) {
        return NULL;
    }
    RamEntry *e = &port->ram[(pa >> PAGE_BITS) % RAM_ENTRIES];
    entry_fold(port, e);
    const hwaddr offset = r->offset + (page - int128_get64(r->start));
    *e = (RamEntry){.page = page,
                    .size = (uint8_t)size,
                    .kind = kind,
                    .host = (uintptr_t)(r->mr->ram_block->host + offset) - page,
                    .period = port->clock->period,
                    .cost = {.ps = form.first + (form.beats - 1) * form.next,
                             .cycles = (uint32_t)cost->bus + cost->target,
                             .beats = cost->beats,
                             .bytes = size,
                             .target = place->target},
                    .place = place};
    return e;
}

PortQuick port_quick_ram(MemoryPort *port, hwaddr pa, uint64_t cycle,
                         unsigned size, uint8_t kind)
{
    const PortQuick no = {.cycles = -1};
    const MemoryWorld *world = port->world;
    const hwaddr page = pa & ~(hwaddr)(PAGE_SIZE_BYTES - 1);
    RamEntry *e =
        port->ram ? &port->ram[(pa >> PAGE_BITS) % RAM_ENTRIES] : NULL;
    uint64_t issue;
    if (world->port || world->updating || pa & (size - 1) ||
        (world->recorder && world->recorder->kinds >> kind & 1)) {
        return no;
    }
    if (!e || e->page != page || e->size != size || e->kind != kind) {
        e = learn(port, pa, size, kind);
    }
    if (!e || __builtin_mul_overflow(cycle, e->period, &issue)) {
        return no;
    }
    TimingModel *timing = port->timing;
    if (timing && !timing->take(timing, port, issue, &e->cost)) {
        return no;
    }
    if (e->count++ == 0) { /* its line of the totals is there from now on */
        port_traffic_of(port, e->place->mr, e->place->region_id, kind, DIR_READ,
                        size);
    }
    PortQuick quick = {.cycles = e->cost.cycles};
    memcpy(&quick.value, (const void *)(e->host + (uintptr_t)pa), size);
    return quick;
}
