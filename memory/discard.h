/*
 * discard.h - RAM of which parts come and go: who must be asked before a part
 * is populated and told after one was discarded. Included by memory/memory.h.
 *
 * Model    A RamDiscardManager is an object whose class the memory device
 *          implements; it is set on RAM that is not mapped yet. Listeners
 *          register for a section. discard.c also has one manager for any
 *          device: granules, a bit each (RamDiscardGranules).
 */
#ifndef MEMORY_DISCARD_H
#define MEMORY_DISCARD_H

#ifndef MEMORY_MEMORY_H
#error "include memory/memory.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TYPE_RAM_DISCARD_MANAGER "ram-discard-manager"

typedef struct RamDiscardManager RamDiscardManager;
typedef struct RamDiscardListener RamDiscardListener;
/* 0, or a negative errno to object. */
typedef int (*NotifyRamPopulate)(RamDiscardListener *rdl,
                                 MemoryRegionSection *section);
typedef void (*NotifyRamDiscard)(RamDiscardListener *rdl,
                                 MemoryRegionSection *section);
typedef int (*ReplayRamPopulate)(MemoryRegionSection *section, void *opaque);
typedef void (*ReplayRamDiscard)(MemoryRegionSection *section, void *opaque);

struct RamDiscardListener {
    NotifyRamPopulate notify_populate;
    NotifyRamDiscard notify_discard;
    /* Takes one discard over the whole section, populated or not. */
    bool double_discard_supported;
    MemoryRegionSection *section; /* a copy, kept while registered */
    RamDiscardListener *next;     /* private */
};

static inline void ram_discard_listener_init(RamDiscardListener *rdl,
                                             NotifyRamPopulate populate_fn,
                                             NotifyRamDiscard discard_fn,
                                             bool double_discard_supported)
{
    rdl->notify_populate = populate_fn;
    rdl->notify_discard = discard_fn;
    rdl->double_discard_supported = double_discard_supported;
    rdl->section = NULL;
    rdl->next = NULL;
}

/* All methods are required. */
typedef struct RamDiscardManagerClass {
    ObjectClass parent_class;
    uint64_t (*get_min_granularity)(const RamDiscardManager *rdm,
                                    const MemoryRegion *mr); /* bytes */
    bool (*is_populated)(const RamDiscardManager *rdm,
                         const MemoryRegionSection *section);
    int (*replay_populated)(const RamDiscardManager *rdm,
                            MemoryRegionSection *section,
                            ReplayRamPopulate replay_fn, void *opaque);
    void (*replay_discarded)(const RamDiscardManager *rdm,
                             MemoryRegionSection *section,
                             ReplayRamDiscard replay_fn, void *opaque);
    void (*register_listener)(RamDiscardManager *rdm, RamDiscardListener *rdl,
                              MemoryRegionSection *section);
    void (*unregister_listener)(RamDiscardManager *rdm,
                                RamDiscardListener *rdl);
} RamDiscardManagerClass;

#define RAM_DISCARD_MANAGER(obj)                                               \
    OBJECT_CHECK(RamDiscardManager, (obj), TYPE_RAM_DISCARD_MANAGER)
#define RAM_DISCARD_MANAGER_CLASS(klass)                                       \
    OBJECT_CLASS_CHECK(RamDiscardManagerClass, (klass),                        \
                       TYPE_RAM_DISCARD_MANAGER)
#define RAM_DISCARD_MANAGER_GET_CLASS(obj)                                     \
    OBJECT_GET_CLASS(RamDiscardManagerClass, (obj), TYPE_RAM_DISCARD_MANAGER)

uint64_t ram_discard_manager_get_min_granularity(const RamDiscardManager *rdm,
                                                 const MemoryRegion *mr);
bool ram_discard_manager_is_populated(const RamDiscardManager *rdm,
                                      const MemoryRegionSection *section);
int ram_discard_manager_replay_populated(const RamDiscardManager *rdm,
                                         MemoryRegionSection *section,
                                         ReplayRamPopulate replay_fn,
                                         void *opaque);
void ram_discard_manager_replay_discarded(const RamDiscardManager *rdm,
                                          MemoryRegionSection *section,
                                          ReplayRamDiscard replay_fn,
                                          void *opaque);
void ram_discard_manager_register_listener(RamDiscardManager *rdm,
                                           RamDiscardListener *rdl,
                                           MemoryRegionSection *section);
void ram_discard_manager_unregister_listener(RamDiscardManager *rdm,
                                             RamDiscardListener *rdl);

/* NULL while the region is not mapped. */
RamDiscardManager *memory_region_get_ram_discard_manager(MemoryRegion *mr);
static inline bool memory_region_has_ram_discard_manager(MemoryRegion *mr)
{
    return memory_region_get_ram_discard_manager(mr) != NULL;
}
/* Once, on RAM that is not mapped; NULL takes it away. Borrowed. */
void memory_region_set_ram_discard_manager(MemoryRegion *mr,
                                           RamDiscardManager *rdm);

/* Who cannot live with discards, and who lives by them. Counted in the current
 * world; 0, or -EBUSY while the opposite is asked by somebody else.
 * "Uncoordinated" and "coordinated" ones can be together. */
int ram_block_discard_disable(bool state);
int ram_block_uncoordinated_discard_disable(bool state);
int ram_block_discard_require(bool state);
int ram_block_coordinated_discard_require(bool state);
bool ram_block_discard_is_disabled(void);
bool ram_block_discard_is_required(void);

/* -- a manager for any device ------------------------------------------------
 */

#define TYPE_RAM_DISCARD_GRANULES "ram-discard-granules"

/* Fields are private to discard.c. Needs coordinated discards while it lives.
 */
typedef struct RamDiscardGranules {
    Object parent_obj;
    MemoryRegion *mr;     /* borrowed */
    uint64_t granularity; /* bytes */
    uint64_t count;       /* granules of mr */
    uint64_t *populated;  /* a bit each */
    uint64_t populated_count;
    RamDiscardListener *first; /* newest first */
} RamDiscardGranules;

/* Becomes the manager of mr, RAM that is not mapped, with everything discarded.
 * granularity: a power of two from 4096 that divides the region's size. */
bool ram_discard_granules_init(RamDiscardGranules *g, MemoryRegion *mr,
                               uint64_t granularity, Error **errp);
/* The region is not mapped, and no listener is left. All zero is fine. */
void ram_discard_granules_fini(RamDiscardGranules *g);
/* A range of granules that are all discarded. 0; -EINVAL: no range of granules;
 * -EBUSY: a part is populated; or what a listener answered, and nothing has
 * changed. */
int ram_discard_granules_populate(RamDiscardGranules *g, ram_addr_t offset,
                                  uint64_t size);
/* A range of granules that are all populated. 0, -EINVAL or -EBUSY. */
int ram_discard_granules_discard(RamDiscardGranules *g, ram_addr_t offset,
                                 uint64_t size);
void ram_discard_granules_discard_all(RamDiscardGranules *g);

#ifdef __cplusplus
}
#endif
#endif
