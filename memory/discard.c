/*
 * discard.c - RAM of which parts come and go: the calls of a manager's class, a
 * manager of granules for any device, and who forbids or needs discards.
 *
 * Model    The granule manager keeps a bit per granule of one RAM region; all
 *          are discarded at first. Before a range is populated every listener,
 *          newest first, is asked with its part of it; when one objects, those
 *          asked before it are told of a discard and nothing changes. What is
 *          discarded reads as zero; every listener is told afterwards. Nobody
 *          is told anything of a manager that has nothing populated.
 * Units    offsets and sizes are bytes of the region.
 * Source   the published headers of about 2021, and what their one user in a
 *          machine (pluggable memory) makes of them.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory/internal.h"

/* -- the calls of a class ---------------------------------------------------
 */

static const RamDiscardManagerClass *class_of(const RamDiscardManager *rdm)
{
    return RAM_DISCARD_MANAGER_GET_CLASS(rdm);
}

uint64_t ram_discard_manager_get_min_granularity(const RamDiscardManager *rdm,
                                                 const MemoryRegion *mr)
{
    return class_of(rdm)->get_min_granularity(rdm, mr);
}

bool ram_discard_manager_is_populated(const RamDiscardManager *rdm,
                                      const MemoryRegionSection *section)
{
    return class_of(rdm)->is_populated(rdm, section);
}

int ram_discard_manager_replay_populated(const RamDiscardManager *rdm,
                                         MemoryRegionSection *section,
                                         ReplayRamPopulate replay_fn,
                                         void *opaque)
{
    return class_of(rdm)->replay_populated(rdm, section, replay_fn, opaque);
}

void ram_discard_manager_replay_discarded(const RamDiscardManager *rdm,
                                          MemoryRegionSection *section,
                                          ReplayRamDiscard replay_fn,
                                          void *opaque)
{
    class_of(rdm)->replay_discarded(rdm, section, replay_fn, opaque);
}

void ram_discard_manager_register_listener(RamDiscardManager *rdm,
                                           RamDiscardListener *rdl,
                                           MemoryRegionSection *section)
{
    class_of(rdm)->register_listener(rdm, rdl, section);
}

void ram_discard_manager_unregister_listener(RamDiscardManager *rdm,
                                             RamDiscardListener *rdl)
{
    class_of(rdm)->unregister_listener(rdm, rdl);
}

RamDiscardManager *memory_region_get_ram_discard_manager(MemoryRegion *mr)
{
    return mr->ram && memory_region_is_mapped(mr) ? mr->rdm : NULL;
}

void memory_region_set_ram_discard_manager(MemoryRegion *mr,
                                           RamDiscardManager *rdm)
{
    assert(mr->ram && !memory_region_is_mapped(mr));
    assert(!rdm || !mr->rdm);
    mr->rdm = rdm;
}

/* -- who forbids, who needs -------------------------------------------------
 */

enum { DISABLED, UNCOORDINATED_DISABLED, REQUIRED, COORDINATED_REQUIRED };

static bool asked(int which)
{
    return memory_world_current()->discards[which] > 0;
}

static int ask(int which, bool state, bool busy)
{
    int *count = &memory_world_current()->discards[which];
    assert(state || *count > 0);
    if (state && busy) {
        return -EBUSY;
    }
    *count += state ? 1 : -1;
    return 0;
}

int ram_block_discard_disable(bool state)
{
    return ask(DISABLED, state, ram_block_discard_is_required());
}

int ram_block_uncoordinated_discard_disable(bool state)
{
    return ask(UNCOORDINATED_DISABLED, state, asked(REQUIRED));
}

int ram_block_discard_require(bool state)
{
    return ask(REQUIRED, state, ram_block_discard_is_disabled());
}

int ram_block_coordinated_discard_require(bool state)
{
    return ask(COORDINATED_REQUIRED, state, asked(DISABLED));
}

bool ram_block_discard_is_disabled(void)
{
    return asked(DISABLED) || asked(UNCOORDINATED_DISABLED);
}

bool ram_block_discard_is_required(void)
{
    return asked(REQUIRED) || asked(COORDINATED_REQUIRED);
}

/* -- the bits of granules ---------------------------------------------------
 */

static RamDiscardGranules *granules(RamDiscardManager *rdm)
{
    return (RamDiscardGranules *)(void *)rdm;
}

static const RamDiscardGranules *const_granules(const RamDiscardManager *rdm)
{
    return (const RamDiscardGranules *)(const void *)rdm;
}

static bool is_set(const RamDiscardGranules *g, uint64_t granule)
{
    return g->populated[granule / 64] >> granule % 64 & 1;
}

static void set_bits(RamDiscardGranules *g, uint64_t first, uint64_t end,
                     bool on)
{
    for (uint64_t i = first; i < end; i++) {
        uint64_t bit = UINT64_C(1) << i % 64;
        g->populated_count += (uint64_t)on - (uint64_t)is_set(g, i);
        g->populated[i / 64] =
            on ? g->populated[i / 64] | bit : g->populated[i / 64] & ~bit;
    }
}

/* Where granules stop being as the first one, at the end at the latest. */
static uint64_t stretch_end(const RamDiscardGranules *g, uint64_t first,
                            uint64_t end)
{
    uint64_t i = first + 1;
    while (i < end && is_set(g, i) == is_set(g, first)) {
        i++;
    }
    return i;
}

/* The part of a section that lies in [from, to) of its region. */
static bool section_part(const MemoryRegionSection *section, Int128 from,
                         Int128 to, MemoryRegionSection *part)
{
    Int128 start = section->offset_within_region;
    *part = *section;
    from = int128_max(from, start);
    to = int128_min(to, start + section->size);
    part->offset_within_region = (hwaddr)from;
    part->offset_within_address_space += (hwaddr)(from - start);
    part->size = to - from;
    return from < to;
}

/* Calls fn for the longest stretches inside the section that are populated, or
 * that are not, by rising address, until it returns an error. */
static int each_stretch(const RamDiscardGranules *g,
                        const MemoryRegionSection *section, bool populated,
                        ReplayRamPopulate fn, void *opaque)
{
    MemoryRegionSection all;
    if (!section_part(section, 0, (Int128)g->count * (Int128)g->granularity,
                      &all)) {
        return 0;
    }
    uint64_t end =
        (all.offset_within_region + (hwaddr)(all.size - 1)) / g->granularity +
        1;
    int error = 0;
    for (uint64_t i = all.offset_within_region / g->granularity;
         i < end && !error;) {
        uint64_t next = stretch_end(g, i, end);
        MemoryRegionSection part;
        section_part(&all, (Int128)i * (Int128)g->granularity,
                     (Int128)next * (Int128)g->granularity, &part);
        if (is_set(g, i) == populated) {
            error = fn(&part, opaque);
        }
        i = next;
    }
    return error;
}

/* -- the methods of the granule manager --------------------------------------
 */

static uint64_t get_min_granularity(const RamDiscardManager *rdm,
                                    const MemoryRegion *mr)
{
    assert(const_granules(rdm)->mr == mr);
    return const_granules(rdm)->granularity;
}

static int found_one(MemoryRegionSection *section, void *opaque)
{
    return 1;
}

static bool is_populated(const RamDiscardManager *rdm,
                         const MemoryRegionSection *section)
{
    const RamDiscardGranules *g = const_granules(rdm);
    Int128 end = (Int128)section->offset_within_region + section->size;
    return end <= (Int128)g->count * (Int128)g->granularity &&
           !each_stretch(g, section, false, found_one, NULL);
}

static int replay_populated(const RamDiscardManager *rdm,
                            MemoryRegionSection *section,
                            ReplayRamPopulate replay_fn, void *opaque)
{
    return each_stretch(const_granules(rdm), section, true, replay_fn, opaque);
}

typedef struct DiscardReplay {
    ReplayRamDiscard fn;
    void *opaque;
} DiscardReplay;

static int replay_one(MemoryRegionSection *section, void *opaque)
{
    const DiscardReplay *replay = opaque;
    replay->fn(section, replay->opaque);
    return 0;
}

static void replay_discarded(const RamDiscardManager *rdm,
                             MemoryRegionSection *section,
                             ReplayRamDiscard replay_fn, void *opaque)
{
    DiscardReplay replay = {replay_fn, opaque};
    each_stretch(const_granules(rdm), section, false, replay_one, &replay);
}

static int populate_one(MemoryRegionSection *section, void *opaque)
{
    RamDiscardListener *rdl = opaque;
    return rdl->notify_populate(rdl, section);
}

static int discard_one(MemoryRegionSection *section, void *opaque)
{
    RamDiscardListener *rdl = opaque;
    rdl->notify_discard(rdl, section);
    return 0;
}

/* All that the listener knows of goes. */
static void discard_section(const RamDiscardGranules *g,
                            RamDiscardListener *rdl)
{
    if (!g->populated_count) {
        return;
    }
    if (rdl->double_discard_supported) {
        rdl->notify_discard(rdl, rdl->section);
    } else {
        each_stretch(g, rdl->section, true, discard_one, rdl);
    }
}

static void register_listener(RamDiscardManager *rdm, RamDiscardListener *rdl,
                              MemoryRegionSection *section)
{
    RamDiscardGranules *g = granules(rdm);
    assert(section->mr == g->mr && !rdl->section);
    rdl->section = memory_region_section_new_copy(section);
    rdl->next = g->first;
    g->first = rdl;
    int error = each_stretch(g, rdl->section, true, populate_one, rdl);
    if (error) {
        memory_log(g->mr->world,
                   "%s: a listener refused what is populated already: %s",
                   memory_region_name(g->mr), strerror(abs(error)));
    }
}

static void unregister_listener(RamDiscardManager *rdm, RamDiscardListener *rdl)
{
    RamDiscardGranules *g = granules(rdm);
    discard_section(g, rdl);
    RamDiscardListener **at = &g->first;
    while (*at != rdl) {
        assert(*at);
        at = &(*at)->next;
    }
    *at = rdl->next;
    memory_region_section_free_copy(rdl->section);
    rdl->section = NULL;
    rdl->next = NULL;
}

static void class_init(ObjectClass *klass, void *data)
{
    RamDiscardManagerClass *rdmc = RAM_DISCARD_MANAGER_CLASS(klass);
    rdmc->get_min_granularity = get_min_granularity;
    rdmc->is_populated = is_populated;
    rdmc->replay_populated = replay_populated;
    rdmc->replay_discarded = replay_discarded;
    rdmc->register_listener = register_listener;
    rdmc->unregister_listener = unregister_listener;
}

static const TypeInfo granules_type = {
    .name = TYPE_RAM_DISCARD_GRANULES,
    .parent = TYPE_RAM_DISCARD_MANAGER,
    .instance_size = sizeof(RamDiscardGranules),
    .class_init = class_init,
};

/* -- a granule manager's life ------------------------------------------------
 */

bool ram_discard_granules_init(RamDiscardGranules *g, MemoryRegion *mr,
                               uint64_t granularity, Error **errp)
{
    assert(mr->ram && !mr->rdm && !memory_region_is_mapped(mr));
    const RAMBlock *block = mr->ram_block;
    if (granularity < PAGE_SIZE_BYTES || (granularity & (granularity - 1)) ||
        !block->size || block->size % granularity) {
        return error_set(errp,
                         "%s: granularity %llu; it must be a power of two from "
                         "4096 that divides the region's %llu bytes",
                         memory_region_name(mr),
                         (unsigned long long)granularity,
                         (unsigned long long)block->size);
    }
    if (ram_block_coordinated_discard_require(true) != 0) {
        return error_set(errp,
                         "%s: discarding RAM is disabled; do without what "
                         "disables it",
                         memory_region_name(mr));
    }
    type_register_static(&granules_type); /* again is fine */
    object_initialize(g, sizeof(*g), TYPE_RAM_DISCARD_GRANULES);
    g->mr = mr;
    g->granularity = granularity;
    g->count = block->size / granularity;
    g->populated = memory_alloc(g->count / 64 + 1, sizeof(*g->populated));
    memory_region_set_ram_discard_manager(mr, RAM_DISCARD_MANAGER(g));
    return true;
}

void ram_discard_granules_fini(RamDiscardGranules *g)
{
    if (!g->mr) {
        return;
    }
    assert(!g->first);
    memory_region_set_ram_discard_manager(g->mr, NULL);
    ram_block_coordinated_discard_require(false);
    free(g->populated);
    object_unref(g);
    *g = (RamDiscardGranules){.mr = NULL};
}

/* The granules of a range that are all populated, or all not. */
static int uniform_range(const RamDiscardGranules *g, ram_addr_t offset,
                         uint64_t size, bool populated, uint64_t *first,
                         uint64_t *end)
{
    uint64_t whole = g->count * g->granularity;
    if (!size || offset % g->granularity || size % g->granularity ||
        offset > whole || size > whole - offset) {
        return -EINVAL;
    }
    *first = offset / g->granularity;
    *end = *first + size / g->granularity;
    return is_set(g, *first) == populated &&
                   stretch_end(g, *first, *end) == *end
               ? 0
               : -EBUSY;
}

int ram_discard_granules_populate(RamDiscardGranules *g, ram_addr_t offset,
                                  uint64_t size)
{
    uint64_t first, end;
    int error = uniform_range(g, offset, size, false, &first, &end);
    if (error) {
        return error;
    }
    const Int128 from = offset, to = from + (Int128)size;
    MemoryRegionSection part;
    RamDiscardListener *refuser = NULL;
    for (RamDiscardListener *l = g->first; l && !refuser; l = l->next) {
        if (section_part(l->section, from, to, &part)) {
            error = l->notify_populate(l, &part);
            refuser = error ? l : NULL;
        }
    }
    if (error) {
        for (RamDiscardListener *l = g->first; l != refuser; l = l->next) {
            if (section_part(l->section, from, to, &part)) {
                l->notify_discard(l, &part);
            }
        }
        return error;
    }
    set_bits(g, first, end, true);
    return 0;
}

/* The memory of a discarded range reads as zero and, where it can, goes back to
 * the host. */
static void drop_memory(MemoryRegion *mr, ram_addr_t offset, uint64_t size)
{
    const RAMBlock *block = mr->ram_block;
    uint8_t *host = block->host + offset;
    bool anonymous =
        block->mapping && block->fd < 0 && !(block->flags & RAM_SHARED);
    if (!anonymous || madvise(host, size, MADV_DONTNEED) != 0) {
        memset(host, 0, size);
    }
    ram_written(NULL, mr, offset, size);
}

int ram_discard_granules_discard(RamDiscardGranules *g, ram_addr_t offset,
                                 uint64_t size)
{
    uint64_t first, end;
    int error = uniform_range(g, offset, size, true, &first, &end);
    if (error) {
        return error;
    }
    drop_memory(g->mr, offset, size);
    set_bits(g, first, end, false);
    MemoryRegionSection part;
    for (RamDiscardListener *l = g->first; l; l = l->next) {
        if (section_part(l->section, (Int128)offset,
                         (Int128)offset + (Int128)size, &part)) {
            l->notify_discard(l, &part);
        }
    }
    return 0;
}

void ram_discard_granules_discard_all(RamDiscardGranules *g)
{
    if (!g->populated_count) {
        return;
    }
    drop_memory(g->mr, 0, g->count * g->granularity);
    for (RamDiscardListener *l = g->first; l; l = l->next) {
        discard_section(g, l); /* by the bits: they go last */
    }
    set_bits(g, 0, g->count, false);
}
