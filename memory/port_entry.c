/*
 * port_entry.c - a port's standing state: its inline entries, the places it
 * has seen, its totals.
 *
 * Model    An entry opens one page of RAM that lies wholly inside one range of
 *          the flat view, has no page state that forbids it, and whose cost is
 *          constant on the port's timing model. Counts in entries are folded
 *          into the totals when an entry is closed or the totals are read; a
 *          32-bit count would need 2^32 accesses between two folds of the run
 *          loop to overflow.
 */
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/port_private.h"
#include "memory/watch.h"

/* -- life
 * ------------------------------------------------------------------------ */

static void entry_close(PortEntry *e)
{
    *e = (PortEntry){.read_tag = PORT_NO_TAG, .write_tag = PORT_NO_TAG};
}

bool port_add_entries(MemoryPort *port, unsigned entry_sets, Error **errp)
{
    const unsigned entries = entry_sets * PORT_ENTRIES;
    if (!entries || port->entry) {
        return true;
    }
    port->entry = aligned_alloc(64, entries * sizeof(*port->entry));
    if (!port->entry) {
        return error_set(errp, "no memory for the entries of port %s",
                         port->name);
    }
    port->entry_sets = entry_sets;
    for (unsigned i = 0; i < entries; i++) {
        entry_close(&port->entry[i]);
    }
    return true;
}

bool port_init(MemoryPort *port, AddressSpace *as, const char *name,
               const ClockDomain *clock, TimingModel *timing,
               unsigned entry_sets, Error **errp)
{
    MemoryWorld *world = as->world;
    *port = (MemoryPort){.as = as,
                         .world = world,
                         .clock = clock,
                         .timing = timing,
                         .name = name,
                         .opens = PORT_OPENS_PLAIN,
                         .kind = {ACCESS_LOAD, ACCESS_STORE}};
    if (!port_add_entries(port, entry_sets, errp)) {
        return false;
    }
    port->id = ++world->last_initiator;
    MemoryPort **last = &world->first_port;
    while (*last) {
        last = &(*last)->next;
    }
    *last = port;
    return true;
}

void port_fini(MemoryPort *port)
{
    if (!port->world) {
        return;
    }
    for (MemoryPort **p = &port->world->first_port; *p; p = &(*p)->next) {
        if (*p == port) {
            *p = port->next;
            break;
        }
    }
    if (port->world->reserver == port) {
        port->world->reserver = NULL;
    }
    for (uint32_t i = 0; i < port->places; i++) {
        free(port->place[i]);
    }
    free(port->place);
    free(port->traffic);
    free(port->entry);
    free(port->quick);
    free(port->ram);
    free(port->beats.beat);
    *port = (MemoryPort){0};
}

/* -- places
 * ------------------------------------------------------------------------- */

static uint16_t small(uint64_t value)
{
    return value < UINT16_MAX ? (uint16_t)value : UINT16_MAX;
}

bool port_inline_form(MemoryPort *port, MemoryRegion *mr, hwaddr addr,
                      unsigned size, bool is_write, TimingInline *form)
{
    TimingRequest rq = {.port = port,
                        .addr = addr & ~(hwaddr)(size - 1),
                        .size = size,
                        .pieces = 1,
                        .is_write = is_write,
                        .direct = memory_access_is_direct(mr, is_write),
                        .target = mr->timing};
    *form = (TimingInline){.beats = 1};
    return !port->timing ||
           (port->timing->inline_form &&
            port->timing->inline_form(port->timing, &rq, form));
}

/* Does it take accesses of that size in one piece? */
static bool takes_whole(const MemoryRegion *mr, unsigned size)
{
    if (mr->ram) {
        return true;
    }
    unsigned min = mr->ops->impl.min_access_size;
    unsigned max = mr->ops->impl.max_access_size;
    return !mr->is_iommu && size >= min && size <= (max ? max : 4);
}

/* The cost of an access in cycles of the port, if it is constant. */
static InlineCost inline_cost(MemoryPort *port, MemoryRegion *mr, hwaddr addr,
                              unsigned size, bool is_write)
{
    TimingInline form;
    if (!takes_whole(mr, size) ||
        !port_inline_form(port, mr, addr, size, is_write, &form)) {
        return (InlineCost){0};
    }
    uint64_t later = form.beats ? form.beats - 1 : 0;
    uint64_t total = form.first + later * form.next;
    uint64_t target = form.target_first + later * form.target_next;
    const ClockDomain *clk = port->clock;
    return (InlineCost){
        .bus = small(clock_cycle_at(clk, total) - clock_cycle_at(clk, target)),
        .target = small(clock_cycle_at(clk, target)),
        .beats = small(form.beats),
        .beat_first = small(clock_cycle_at(clk, form.first)),
        .beat_next = small(clock_cycle_at(clk, form.next))};
}

/* Where its beats are. */
static uint16_t place_bus(MemoryPort *port, MemoryRegion *mr, hwaddr addr)
{
    TimingInline form = {0};
    if (mr && port_inline_form(port, mr, addr, 1, false, &form) && form.bus) {
        return form.bus;
    }
    return port->timing ? port->timing->id : 0;
}

static void place_costs(MemoryPort *port, MemoryRegion *mr, hwaddr addr,
                        InlineCost cost[2][4])
{
    for (unsigned i = 0; mr && i < 8; i++) {
        cost[i / 4][i % 4] = inline_cost(port, mr, addr, 1u << i % 4, i / 4);
    }
}

/* Does the place's cost hold still? */
static bool place_holds(MemoryPort *port, MemoryPlace *place, hwaddr addr)
{
    if (place->checked == port->flushes) {
        return true;
    }
    InlineCost cost[2][4] = {{{0}}};
    place_costs(port, place->mr, addr, cost);
    if (memcmp(cost, place->cost, sizeof(cost)) != 0) {
        return false;
    }
    place->checked = port->flushes;
    return true;
}

/* With page tables a region is seen at many offsets. */
static MemoryPlace **place_bucket(MemoryPort *port, hwaddr base,
                                  uint64_t va_offset)
{
    uint64_t key = (base ^ va_offset) * UINT64_C(0x9e3779b97f4a7c15);
    return &port->place_hash[key >> 56];
}

/* May a cache of the port keep what is there? */
static bool is_kept(const MemoryPort *port, const MemoryRegion *mr, hwaddr addr)
{
    const TimingModel *timing = port->timing;
    return mr && timing && timing->keeps && timing->keeps(timing, addr);
}

static const MemoryPlace *place_new(MemoryPort *port, MemoryRegion *mr,
                                    hwaddr base, uint64_t va_offset,
                                    hwaddr addr)
{
    MemoryPlace **table =
        realloc(port->place, (port->places + 1) * sizeof(*port->place));
    MemoryPlace *place = calloc(1, sizeof(*place));
    if (!table || !place) {
        abort(); /* the host has no memory for a hundred bytes */
    }
    port->place = table;
    *place = (MemoryPlace){.mr = mr,
                           .region_id = mr ? mr->id : 0,
                           .id = port->places + 1,
                           .base = base,
                           .va_offset = va_offset,
                           .bus = place_bus(port, mr, addr),
                           .cached = is_kept(port, mr, addr),
                           .target = mr ? mr->timing : NULL,
                           .checked = port->flushes};
    place_costs(port, mr, addr, place->cost);
    port->place[port->places++] = place;
    MemoryPlace **head = place_bucket(port, base, va_offset);
    place->next = *head;
    *head = place;
    return place;
}

static const MemoryPlace *place_of(MemoryPort *port, const FlatRange *r,
                                   hwaddr pa, uint64_t va_offset)
{
    MemoryRegion *mr = r ? r->mr : NULL;
    uint32_t id = mr ? mr->id : 0; /* a struct may hold a new region */
    hwaddr base = r ? int128_get64(r->start) - r->offset : 0;
    const bool cached = is_kept(port, mr, pa);
    for (MemoryPlace *p = *place_bucket(port, base, va_offset); p;
         p = p->next) {
        if (p->mr == mr && p->region_id == id && p->base == base &&
            p->va_offset == va_offset && p->cached == cached &&
            p->target == (mr ? mr->timing : NULL) && place_holds(port, p, pa)) {
            return p;
        }
    }
    return place_new(port, mr, base, va_offset, pa);
}

const MemoryPlace *port_place(MemoryPort *port, hwaddr pa, uint64_t va_offset)
{
    FlatRange *r = flatview_lookup(address_space_to_flatview(port->as), pa);
    return place_of(port, r, pa, va_offset);
}

/* -- totals
 * ---------------------------------------------------------------------------
 */

PortTraffic *port_traffic_of(MemoryPort *port, const MemoryRegion *mr,
                             uint32_t region_id, uint8_t kind, uint8_t dir,
                             uint32_t size)
{
    for (uint32_t n = 0; n < port->traffics; n++) {
        uint32_t i = port->traffic_last + n;
        i = i < port->traffics ? i : i - port->traffics;
        PortTraffic *t = &port->traffic[i];
        if (t->mr == mr && t->region_id == region_id && t->size == size &&
            t->kind == kind && t->dir == dir) {
            port->traffic_last = i;
            return t;
        }
    }
    PortTraffic *table =
        realloc(port->traffic, (port->traffics + 1) * sizeof(*port->traffic));
    if (!table) {
        abort();
    }
    port->traffic = table;
    port->traffic_last = port->traffics;
    port->traffic[port->traffics] = (PortTraffic){.mr = mr,
                                                  .region_id = region_id,
                                                  .size = size,
                                                  .kind = kind,
                                                  .dir = dir};
    return &port->traffic[port->traffics++];
}

void port_count(MemoryPort *port, const MemoryPlace *place, uint8_t kind,
                uint8_t dir, unsigned size, uint64_t n)
{
    if (!n) {
        return;
    }
    const InlineCost *cost =
        &place->cost[dir == DIR_WRITE][__builtin_ctz(size) & 3];
    PortTraffic *t =
        port_traffic_of(port, place->mr, place->region_id, kind, dir, size);
    t->accesses += n;
    t->beats += n * cost->beats;
    t->bytes_moved += cost->beats ? n * size : 0;
    t->bus += n * cost->bus;
    t->target += n * cost->target;
    if (inline_cost_cached(cost)) {
        port_account(port, place, dir == DIR_WRITE, size, n);
    }
}

void port_account(MemoryPort *port, const MemoryPlace *place, bool is_write,
                  unsigned size, uint64_t n)
{
    TimingModel *timing = port->timing;
    if (n && timing && timing->account) {
        const InlineCost *cost = &place->cost[is_write][__builtin_ctz(size)];
        const TimingRequest rq = {.port = port,
                                  .size = size,
                                  .pieces = 1,
                                  .is_write = is_write,
                                  .direct = inline_cost_cached(cost),
                                  .target = place->target};
        timing->account(timing, &rq, n);
    }
}

static void entry_fold(MemoryPort *port, PortEntry *e)
{
    for (unsigned i = 0; e->place && i < 8; i++) {
        const bool is_write = i % 2;
        const unsigned size = 1u << i / 2;
        const uint64_t n = e->count[is_write][i / 2];
        const InlineCost *cost = &e->place->cost[is_write][i / 2];
        port_count(port, e->place, port->kind[is_write],
                   is_write ? DIR_WRITE : DIR_READ, size, n);
        if (cost->beats) {
            port_account(port, e->place, is_write, size, n);
        }
    }
    memset(e->count, 0, sizeof(e->count));
}

void port_fold(MemoryPort *port)
{
    if (port->fold) {
        port->fold(port->opaque);
    }
    for (unsigned i = 0; i < port->entry_sets * PORT_ENTRIES; i++) {
        entry_fold(port, &port->entry[i]);
    }
    port_quick_fold(port);
    port_quick_ram_fold(port);
}

const PortTraffic *port_traffic(MemoryPort *port, uint32_t *n)
{
    port_fold(port);
    *n = port->traffics;
    return port->traffic;
}

uint64_t port_transactions(MemoryPort *port)
{
    uint32_t n;
    const PortTraffic *t = port_traffic(port, &n);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += t[i].accesses;
    }
    return sum;
}

/* -- entries
 * ------------------------------------------------------------------------------
 */

static bool covers_page(const FlatRange *r, hwaddr page)
{
    return r->start <= (Int128)page &&
           (Int128)page + PAGE_SIZE_BYTES <= r->start + r->size;
}

/* Fills e->extra for one direction; false: not constant, or too slow. */
static bool fill_extra(MemoryPort *port, PortEntry *e, bool is_write)
{
    for (unsigned i = 0; i < 4; i++) {
        const InlineCost *cost = &e->place->cost[is_write][i];
        unsigned total = (unsigned)cost->bus + cost->target;
        unsigned extra = total > 1 ? total - 1 : 0;
        unsigned kind =
            inline_cost_cached(cost) ? PORT_OPENS_CACHED : PORT_OPENS_PLAIN;
        if (!(cost->beats || cost->bus) || !(port->opens & kind) ||
            extra > UINT8_MAX) {
            return false;
        }
        e->extra[is_write][i] = (uint8_t)extra;
        if (extra > port->worst_extra) {
            port->worst_extra = extra;
        }
    }
    return true;
}

/* May the port write the page without telling anybody? Reservations end by the
 * stores of other ports. */
static bool page_is_plain(const MemoryPort *port, const RAMBlock *block,
                          ram_addr_t offset)
{
    uint8_t state = block->page_state[offset >> PAGE_BITS];
    return !state || (state == PAGE_RESERVED && port->world->reserver == port);
}

PortEntry *port_open(MemoryPort *port, uint64_t va, hwaddr pa, bool is_write)
{
    const uint64_t page_mask = ~(uint64_t)(PAGE_SIZE_BYTES - 1);
    hwaddr page = pa & page_mask;
    FlatRange *r = flatview_lookup(address_space_to_flatview(port->as), pa);
    if (!port->entry || port->slow || !r || r->mr->posted ||
        !covers_page(r, page) || !memory_access_is_direct(r->mr, is_write)) {
        return NULL;
    }
    RAMBlock *block = r->mr->ram_block;
    ram_addr_t offset = r->offset + (page - int128_get64(r->start));
    if (offset % PAGE_SIZE_BYTES) {
        return NULL; /* page states are of the block's pages */
    }
    if (block->page_state[offset >> PAGE_BITS] & PAGE_WATCHED &&
        !port->code_written) { /* to decode is no access */
        return NULL;
    }
    bool writable = memory_access_is_direct(r->mr, true) &&
                    page_is_plain(port, block, offset);
    if (is_write && !writable) {
        return NULL;
    }
    PortEntry *e = &port->entry[port->entry_set * PORT_ENTRIES +
                                (va >> PAGE_BITS) % PORT_ENTRIES];
    entry_fold(port, e);
    entry_close(e);
    e->place = place_of(port, r, page, (va & page_mask) - page);
    e->place_id = e->place->id;
    e->pa_offset = page - (va & page_mask);
    e->host = (uintptr_t)(block->host + offset) - (va & page_mask);
    e->block = block;
    e->page = offset;
    if (fill_extra(port, e, false)) {
        e->read_tag = va & page_mask;
    }
    if (writable && fill_extra(port, e, true)) {
        e->write_tag = va & page_mask;
    }
    return (is_write ? e->write_tag : e->read_tag) == PORT_NO_TAG ? NULL : e;
}

bool port_window(MemoryPort *port, hwaddr addr, PortWindow *window)
{
    FlatRange *r = flatview_lookup(address_space_to_flatview(port->as), addr);
    if (!r || r->mr->posted || r->mr->coalesced_nb ||
        !memory_access_is_direct(r->mr, false) || memory_watched(r->mr)) {
        return false;
    }
    *window =
        (PortWindow){.first = int128_get64(r->start),
                     .last = int128_get64(r->start) + int128_get64(r->size) - 1,
                     .host = r->mr->ram_block->host + r->offset,
                     .mr = r->mr,
                     .writable = memory_access_is_direct(r->mr, true)};
    return true;
}

void port_close_entry(MemoryPort *port, unsigned set, uint64_t va)
{
    PortEntry *e =
        &port->entry[set * PORT_ENTRIES + (va >> PAGE_BITS) % PORT_ENTRIES];
    entry_fold(port, e);
    entry_close(e);
}

void port_close_set(MemoryPort *port, unsigned set)
{
    PortEntry *e = &port->entry[set * PORT_ENTRIES];
    for (unsigned i = 0; i < PORT_ENTRIES; i++, e++) {
        if (e->block) {
            entry_fold(port, e);
            entry_close(e);
        }
    }
}

void port_flush(MemoryPort *port)
{
    for (unsigned i = 0; i < port->entry_sets * PORT_ENTRIES; i++) {
        entry_fold(port, &port->entry[i]);
        entry_close(&port->entry[i]);
    }
    port_quick_flush(port);
    port_quick_ram_flush(port);
    port->flushes++;
    if (port->invalidated) {
        port->invalidated(port->opaque, 0, UINT64_MAX);
    }
}

void memory_world_flush_ports(MemoryWorld *world)
{
    for (MemoryPort *p = world->first_port; p; p = p->next) {
        port_flush(p);
    }
}

void memory_world_set_recorder(MemoryWorld *world, MemoryRecorder *rec)
{
    world->recorder = rec;
    memory_world_flush_ports(world);
}

/* All ports but `keep` write that page by call from now on. Told of an entry's
 * page; DMI grants are not kept by page, so they go whole. */
static void drop_page(MemoryWorld *world, const MemoryPort *keep,
                      const RAMBlock *block, ram_addr_t offset)
{
    ram_addr_t page = offset & ~(ram_addr_t)(PAGE_SIZE_BYTES - 1);
    for (MemoryPort *p = world->first_port; p; p = p->next) {
        for (unsigned i = 0; p != keep && i < p->entry_sets * PORT_ENTRIES;
             i++) {
            PortEntry *e = &p->entry[i];
            if (e->block == block && e->page == page) {
                e->write_tag = PORT_NO_TAG;
            }
        }
        if ((p->lends || !p->entry) && p->invalidated) {
            p->invalidated(p->opaque, 0, UINT64_MAX);
        }
    }
}

void ram_block_set_state(MemoryWorld *world, RAMBlock *block, ram_addr_t offset,
                         uint8_t bits)
{
    uint8_t *state = &block->page_state[offset >> PAGE_BITS];
    bool was_plain = !(*state & ~PAGE_RESERVED);
    bool watched = bits & ~*state & PAGE_WATCHED; /* reads are seen, too */
    *state |= bits;
    if (was_plain || watched) {
        drop_page(world, NULL, block, offset);
    }
}

/* What the only port with reservations could write inline is so no more. */
static void share_reservations(MemoryWorld *world)
{
    const MemoryPort *port = world->reserver;
    for (unsigned i = 0; i < port->entry_sets * PORT_ENTRIES; i++) {
        PortEntry *e = &port->entry[i];
        if (e->block && e->block->page_state[e->page >> PAGE_BITS]) {
            e->write_tag = PORT_NO_TAG;
        }
    }
    world->reserver = NULL;
    world->reserved_by_more = true;
}

void port_reserve_page(MemoryPort *port, RAMBlock *block, ram_addr_t offset)
{
    MemoryWorld *world = port->world;
    uint8_t *state = &block->page_state[offset >> PAGE_BITS];
    if (!world->reserver && !world->reserved_by_more) {
        world->reserver = port;
    } else if (world->reserver && world->reserver != port) {
        share_reservations(world);
    }
    bool was_plain = !*state;
    *state |= PAGE_RESERVED;
    if (was_plain) {
        drop_page(world, world->reserver, block, offset);
    }
}

void ram_block_clear_state(RAMBlock *block, ram_addr_t offset, uint8_t bits)
{
    block->page_state[offset >> PAGE_BITS] &= (uint8_t)~bits;
}
