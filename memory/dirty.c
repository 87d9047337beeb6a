/*
 * dirty.c - which pages of RAM were written, for up to three clients.
 *
 * Model    One "clean" bit per page and client in the block's page states; new
 *          RAM is dirty. A store marks its pages for the clients that log the
 *          region at that time, whatever the flat view says; it comes here
 *          because a page with a clean bit takes no inline stores. Clients log
 *          a region when it asked for it (set_log, counted) or, for migration,
 *          when the global log is on and it is migratable RAM or an IOMMU.
 *          Functions called with a region that has no memory of its own (also
 *          an alias) mark and clear nothing.
 * Units    a page is 4096 bytes; a snapshot takes whole blocks of 64 pages, in
 *          the flat numbering of RAM, where every RAM starts at such a block.
 * Source   the published implementation, order of events included.
 */
#include "memory/dirty.h"

#include <assert.h>
#include <stdlib.h>

#include "memory/internal.h"

enum {
    SNAPSHOT_PAGES = 64,
    /* Cleaning more plain pages than this drops all inline entries at once. */
    FEW_PAGES = 64,
};

struct DirtyBitmapSnapshot {
    const MemoryRegion *mr;
    uint64_t first, end; /* pages of mr's block */
    uint8_t dirty[];     /* one per page */
};

static uint8_t clean_bit(unsigned client)
{
    assert(client < DIRTY_MEMORY_NUM);
    return (uint8_t)(1u << (PAGE_CLEAN_SHIFT + client));
}

/* -- ranges of pages ------------------------------------------------------ */

typedef struct Pages {
    uint64_t first, end;
} Pages;

static uint64_t pages_of(const RAMBlock *block)
{
    return block->max_size / PAGE_SIZE_BYTES +
           (block->max_size % PAGE_SIZE_BYTES != 0);
}

/* The pages of the block that [addr, addr + size) touches. */
static Pages pages_touched(const RAMBlock *block, hwaddr addr, hwaddr size)
{
    if (!block || !size || addr >= block->max_size) {
        return (Pages){0, 0};
    }
    uint64_t last = size - 1 < UINT64_MAX - addr ? addr + size - 1 : UINT64_MAX;
    uint64_t end = (last >> PAGE_BITS) + 1;
    uint64_t count = pages_of(block);
    return (Pages){addr >> PAGE_BITS, end < count ? end : count};
}

static void mark(RAMBlock *block, Pages p, uint8_t bits)
{
    for (uint64_t page = p.first; page < p.end; page++) {
        if (block->page_state[page] & bits) {
            block->page_state[page] &= (uint8_t)~bits;
        }
    }
}

/* Makes pages clean. Those that had no state may be open for inline stores. */
static void clean(MemoryWorld *world, RAMBlock *block, Pages p, uint8_t bit)
{
    uint64_t plain = 0;
    for (uint64_t page = p.first; page < p.end; page++) {
        plain += !block->page_state[page];
    }
    if (plain <= FEW_PAGES) {
        for (uint64_t page = p.first; page < p.end; page++) {
            ram_block_set_state(world, block, page << PAGE_BITS, bit);
        }
        return;
    }
    for (uint64_t page = p.first; page < p.end; page++) {
        block->page_state[page] |= bit;
    }
    memory_world_flush_ports(world);
}

void dirty_mark(MemoryRegion *mr, ram_addr_t offset, uint64_t len)
{
    unsigned mask = memory_region_get_dirty_log_mask(mr);
    if (mask) {
        mark(mr->ram_block, pages_touched(mr->ram_block, offset, len),
             (uint8_t)(mask << PAGE_CLEAN_SHIFT));
    }
}

void dirty_all(RAMBlock *block)
{
    mark(block, pages_touched(block, 0, block->size), PAGE_CLEAN_ALL);
}

/* -- who logs ------------------------------------------------------------- */

uint8_t memory_region_get_dirty_log_mask(MemoryRegion *mr)
{
    uint8_t mask = mr->dirty_log_mask;
    const RAMBlock *block = mr->ram_block;
    if (mr->world->log_global && ((block && (block->flags & RAM_MIGRATABLE)) ||
                                  memory_region_is_iommu(mr))) {
        mask |= 1u << DIRTY_MEMORY_MIGRATION;
    }
    return mask;
}

bool memory_region_is_logging(MemoryRegion *mr, uint8_t client)
{
    return memory_region_get_dirty_log_mask(mr) & (1u << client);
}

/* The migration client, which only the 2015 generation asks for, is not
 * counted. */
void memory_region_set_log(MemoryRegion *mr, bool log, unsigned client)
{
    assert(client == DIRTY_MEMORY_VGA || client == DIRTY_MEMORY_MIGRATION);
    uint8_t old = mr->dirty_log_mask;
    bool on = log;
    if (client == DIRTY_MEMORY_VGA) {
        assert(log ? mr->vga_logging_count < UINT8_MAX
                   : mr->vga_logging_count > 0);
        mr->vga_logging_count =
            (uint8_t)(mr->vga_logging_count + (log ? 1 : -1));
        on = mr->vga_logging_count > 0;
    }
    uint8_t bit = (uint8_t)(1u << client);
    uint8_t mask = (uint8_t)(on ? old | bit : old & ~bit);
    if (mask != old) {
        world_begin(mr->world);
        mr->dirty_log_mask = mask;
        region_changed(mr, mr->enabled);
        world_commit(mr->world);
    }
}

/* -- telling listeners ---------------------------------------------------- */

/* log_sync of the ranges of one space that are logged; mr NULL: all of them. */
static void sync_ranges(MemoryListener *l, const MemoryRegion *mr)
{
    FlatView *fv = flatview_ref(address_space_to_flatview(l->address_space));
    for (unsigned i = 0; i < fv->count; i++) {
        const FlatRange *r = &fv->range[i];
        if (r->dirty_log_mask && (!mr || r->mr == mr)) {
            MemoryRegionSection section = flatrange_section(fv, r);
            l->log_sync(l, &section);
        }
    }
    flatview_unref(fv);
}

static void sync_log(MemoryWorld *world, const MemoryRegion *mr)
{
    for (MemoryListener *l = world->first_listener; l; l = l->next) {
        if (l->log_sync) {
            sync_ranges(l, mr);
        } else if (l->log_sync_global) {
            l->log_sync_global(l);
        }
    }
}

static void after_sync(MemoryWorld *world)
{
    for (MemoryListener *l = world->first_listener; l; l = l->next) {
        if (l->log_global_after_sync) {
            l->log_global_after_sync(l);
        }
    }
}

/* log_clear of what of [start, end) of mr the space shows and logs. */
static void clear_ranges(MemoryListener *l, const MemoryRegion *mr,
                         Int128 start, Int128 end)
{
    FlatView *fv = flatview_ref(address_space_to_flatview(l->address_space));
    for (unsigned i = 0; i < fv->count; i++) {
        const FlatRange *r = &fv->range[i];
        Int128 from = int128_max(start, (Int128)r->offset);
        Int128 to = int128_min(end, (Int128)r->offset + r->size);
        if (r->dirty_log_mask && r->mr == mr && from < to) {
            MemoryRegionSection section = flatrange_section(fv, r);
            section.offset_within_region = (hwaddr)from;
            section.offset_within_address_space += (hwaddr)from - r->offset;
            section.size = to - from;
            l->log_clear(l, &section);
        }
    }
    flatview_unref(fv);
}

void memory_region_clear_dirty_bitmap(MemoryRegion *mr, hwaddr start,
                                      hwaddr len)
{
    for (MemoryListener *l = mr->world->first_listener; l; l = l->next) {
        if (l->log_clear) {
            clear_ranges(l, mr, (Int128)start, (Int128)start + (Int128)len);
        }
    }
}

/* -- marking and clearing ------------------------------------------------- */

void memory_region_set_dirty(MemoryRegion *mr, hwaddr addr, hwaddr size)
{
    dirty_mark(mr, addr, size);
}

void memory_region_flush_rom_device(MemoryRegion *mr, hwaddr addr, hwaddr size)
{
    if (mr->ram_block && addr < mr->ram_block->size) {
        hwaddr room = mr->ram_block->size - addr;
        ram_written(NULL, mr, addr, size < room ? size : room);
    }
}

bool memory_region_get_dirty(MemoryRegion *mr, hwaddr addr, hwaddr size,
                             unsigned client)
{
    const uint8_t bit = clean_bit(client);
    Pages p = pages_touched(mr->ram_block, addr, size);
    for (uint64_t page = p.first; page < p.end; page++) {
        if (!(mr->ram_block->page_state[page] & bit)) {
            return true;
        }
    }
    return false;
}

void memory_region_reset_dirty(MemoryRegion *mr, hwaddr addr, hwaddr size,
                               unsigned client)
{
    const uint8_t bit = clean_bit(client);
    Pages p = pages_touched(mr->ram_block, addr, size);
    if (p.first < p.end) {
        clean(mr->world, mr->ram_block, p, bit);
        memory_region_clear_dirty_bitmap(mr, p.first << PAGE_BITS,
                                         (p.end - p.first) << PAGE_BITS);
    }
}

/* -- snapshots ------------------------------------------------------------ */

static Pages rounded_out(const RAMBlock *block, Pages p)
{
    const uint64_t in_block = SNAPSHOT_PAGES - 1;
    uint64_t count = block ? pages_of(block) : 0;
    p.first &= ~in_block;
    p.end = (p.end + in_block) & ~in_block;
    p.end = p.end < count ? p.end : count;
    return p;
}

DirtyBitmapSnapshot *memory_region_snapshot_and_clear_dirty(MemoryRegion *mr,
                                                            hwaddr addr,
                                                            hwaddr size,
                                                            unsigned client)
{
    const uint8_t bit = clean_bit(client);
    sync_log(mr->world, mr);
    Pages p =
        rounded_out(mr->ram_block, pages_touched(mr->ram_block, addr, size));
    DirtyBitmapSnapshot *snap =
        memory_alloc(1, sizeof(*snap) + (p.end - p.first));
    snap->mr = mr;
    snap->first = p.first;
    snap->end = p.end;
    for (uint64_t page = p.first; page < p.end; page++) {
        snap->dirty[page - p.first] = !(mr->ram_block->page_state[page] & bit);
    }
    if (p.first < p.end) {
        clean(mr->world, mr->ram_block, p, bit);
    }
    memory_region_clear_dirty_bitmap(mr, addr, size);
    after_sync(mr->world);
    return snap;
}

/* Pages that the snapshot does not hold are not dirty. */
bool memory_region_snapshot_get_dirty(MemoryRegion *mr,
                                      DirtyBitmapSnapshot *snap, hwaddr addr,
                                      hwaddr size)
{
    assert(snap->mr == mr);
    Pages p = pages_touched(mr->ram_block, addr, size);
    uint64_t page = p.first > snap->first ? p.first : snap->first;
    for (; page < p.end && page < snap->end; page++) {
        if (snap->dirty[page - snap->first]) {
            return true;
        }
    }
    return false;
}

void memory_snapshot_free(DirtyBitmapSnapshot *snap)
{
    free(snap);
}

/* -- the global log ------------------------------------------------------- */

bool memory_global_dirty_log(void)
{
    return memory_world_current()->log_global;
}

static void redraw(MemoryWorld *world)
{
    world_begin(world);
    world->update_pending = true;
    world_commit(world);
}

void memory_global_dirty_log_start(void)
{
    MemoryWorld *world = memory_world_current();
    if (world->log_global) {
        return;
    }
    world->log_global = true;
    for (MemoryListener *l = world->first_listener; l; l = l->next) {
        if (l->log_global_start) {
            l->log_global_start(l);
        }
    }
    redraw(world);
}

void memory_global_dirty_log_stop(void)
{
    MemoryWorld *world = memory_world_current();
    if (!world->log_global) {
        return;
    }
    world->log_global = false;
    redraw(world);
    for (MemoryListener *l = world->last_listener; l; l = l->prev) {
        if (l->log_global_stop) {
            l->log_global_stop(l);
        }
    }
}

void memory_global_dirty_log_sync(void)
{
    sync_log(memory_world_current(), NULL);
}

void memory_global_after_dirty_log_sync(void)
{
    after_sync(memory_world_current());
}
