/*
 * tree.c - the tree of regions and what can be changed while it is in use.
 *
 * Model    A container's children stand in falling priority; of equals the
 *          latest added stands first. Each change is a transaction; which ones
 *          make the commit draw the views anew is the rule of the published
 *          implementation (own enabled flags, not effective ones).
 */
#include <assert.h>

#include "memory/internal.h"

/* -- children ------------------------------------------------------------- */

/* The sibling before which a child of that priority goes; NULL: at the end. */
static MemoryRegion *place_for(const MemoryRegion *mr, int32_t priority)
{
    if (mr->last_child && mr->last_child->priority > priority) {
        return NULL; /* spares the walk when children come in falling order */
    }
    MemoryRegion *at = mr->first_child;
    while (at && at->priority > priority) {
        at = at->next_sibling;
    }
    return at;
}

static void link_child(MemoryRegion *mr, MemoryRegion *child)
{
    MemoryRegion *after = place_for(mr, child->priority);
    MemoryRegion *before = after ? after->prev_sibling : mr->last_child;
    child->prev_sibling = before;
    child->next_sibling = after;
    *(before ? &before->next_sibling : &mr->first_child) = child;
    *(after ? &after->prev_sibling : &mr->last_child) = child;
    child->container = mr;
    for (MemoryRegion *t = child->alias; t; t = t->alias) {
        t->mapped_via_alias++;
    }
    memory_region_ref(child);
}

static void unlink_child(MemoryRegion *mr, MemoryRegion *child)
{
    MemoryRegion *before = child->prev_sibling;
    MemoryRegion *after = child->next_sibling;
    *(before ? &before->next_sibling : &mr->first_child) = after;
    *(after ? &after->prev_sibling : &mr->last_child) = before;
    child->prev_sibling = child->next_sibling = NULL;
    child->container = NULL;
    for (MemoryRegion *t = child->alias; t; t = t->alias) {
        t->mapped_via_alias--;
    }
}

/* Is `mr` inside `other`, or the same? */
static bool is_within(const MemoryRegion *mr, const MemoryRegion *other)
{
    while (mr && mr != other) {
        mr = mr->container;
    }
    return mr != NULL;
}

/* What does not ask for new views must not show in one that is drawn late: the
 * own address of a root counts. */
static void settle(MemoryRegion *root)
{
    for (AddressSpace *as = root->world->first_space; as; as = as->next) {
        if (as->root == root) {
            address_space_to_flatview(as);
        }
    }
}

static void add_child(MemoryRegion *mr, hwaddr offset, MemoryRegion *child,
                      int priority)
{
    assert(child->world == mr->world);
    world_begin(mr->world); /* a posted write may have changed the tree */
    assert(!child->container && !is_within(mr, child));
    settle(child);
    child->addr = offset;
    child->priority = priority;
    link_child(mr, child);
    mr->world->update_pending |= mr->enabled && child->enabled;
    world_commit(mr->world);
}

void memory_region_add_subregion(MemoryRegion *mr, hwaddr offset,
                                 MemoryRegion *subregion)
{
    add_child(mr, offset, subregion, 0);
}

void memory_region_add_subregion_overlap(MemoryRegion *mr, hwaddr offset,
                                         MemoryRegion *subregion, int priority)
{
    add_child(mr, offset, subregion, priority);
}

void memory_region_del_subregion(MemoryRegion *mr, MemoryRegion *subregion)
{
    MemoryWorld *world = mr->world;
    world_begin(world); /* a posted write may have changed the tree */
    assert(subregion->container == mr);
    unlink_child(mr, subregion);
    world->update_pending |= mr->enabled && subregion->enabled;
    memory_region_unref(subregion); /* may end it, with its owner */
    world_commit(world);
}

/* -- changes -------------------------------------------------------------- */

static void commit_change(MemoryRegion *mr, bool visible)
{
    mr->world->update_pending |= visible;
    world_commit(mr->world);
}

void region_changed(MemoryRegion *mr, bool visible)
{
    world_begin(mr->world);
    commit_change(mr, visible);
}

void memory_region_set_readonly(MemoryRegion *mr, bool readonly)
{
    if (mr->readonly != readonly) {
        world_begin(mr->world);
        mr->readonly = readonly;
        memory_world_flush_ports(mr->world); /* it holds at once */
        commit_change(mr, mr->enabled);
    }
}

void memory_region_set_nonvolatile(MemoryRegion *mr, bool nonvolatile)
{
    if (mr->nonvolatile != nonvolatile) {
        world_begin(mr->world);
        mr->nonvolatile = nonvolatile;
        commit_change(mr, mr->enabled);
    }
}

void memory_region_rom_device_set_romd(MemoryRegion *mr, bool romd_mode)
{
    if (mr->romd_mode != romd_mode) {
        world_begin(mr->world);
        mr->romd_mode = romd_mode;
        memory_world_flush_ports(mr->world);
        commit_change(mr, mr->enabled);
    }
}

void memory_region_set_enabled(MemoryRegion *mr, bool enabled)
{
    if (mr->enabled != enabled) {
        world_begin(mr->world);
        mr->enabled = enabled;
        commit_change(mr, true);
    }
}

void memory_region_set_address(MemoryRegion *mr, hwaddr addr)
{
    if (mr->addr == addr) {
        return;
    }
    MemoryRegion *container = mr->container;
    if (!container) {
        settle(mr);
        mr->addr = addr;
        return;
    }
    world_begin(mr->world);
    memory_region_ref(mr);
    memory_region_del_subregion(container, mr);
    add_child(container, addr, mr, mr->priority);
    memory_region_unref(mr);
    world_commit(mr->world);
}

void memory_region_set_size(MemoryRegion *mr, uint64_t size)
{
    Int128 wide = size == UINT64_MAX ? int128_2_64() : int128_make64(size);
    if (mr->ram_block) {
        wide = int128_min(wide, int128_make64(mr->ram_block->size));
    }
    if (mr->size != wide) {
        world_begin(mr->world);
        mr->size = wide;
        commit_change(mr, true);
    }
}

void memory_region_set_alias_offset(MemoryRegion *mr, hwaddr offset)
{
    assert(mr->alias);
    if (mr->alias_offset != offset) {
        world_begin(mr->world);
        mr->alias_offset = offset;
        commit_change(mr, mr->enabled);
    }
}

/* -- looking up ----------------------------------------------------------- */

static AddressSpace *space_of_root(const MemoryRegion *root)
{
    AddressSpace *as = root->world->first_space;
    while (as && as->root != root) {
        as = as->next;
    }
    return as;
}

MemoryRegionSection memory_region_find(MemoryRegion *mr, hwaddr addr,
                                       uint64_t size)
{
    MemoryRegionSection nothing = {.mr = NULL};
    Int128 from = addr;
    MemoryRegion *root = mr;
    from += mr->addr;
    while (root->container) {
        root = root->container;
        from += root->addr;
    }
    from = (Int128)(uint64_t)from; /* addresses wrap */
    AddressSpace *as = space_of_root(root);
    if (!as || !size) {
        return nothing;
    }
    Int128 to = from + (Int128)size;
    FlatView *fv = address_space_to_flatview(as);
    const FlatPiece *p = flatview_piece(fv, int128_get64(from));
    unsigned i = p ? p->range : flatview_first(fv, from);
    if (i == fv->count || fv->range[i].start >= to) {
        return nothing;
    }
    const FlatRange *r = &fv->range[i];
    Int128 first = int128_max(from, r->start);
    Int128 end = int128_min(to, r->start + r->size);
    memory_region_ref(r->mr);
    return (MemoryRegionSection){
        .size = end - first,
        .mr = r->mr,
        .fv = fv,
        .offset_within_region = r->offset + int128_get64(first - r->start),
        .offset_within_address_space = int128_get64(first),
        .readonly = r->readonly,
        .nonvolatile = r->nonvolatile};
}

bool memory_region_present(MemoryRegion *container, hwaddr addr)
{
    MemoryRegion *mr = memory_region_find(container, addr, 1).mr;
    bool present = mr && mr != container;
    memory_region_unref(mr);
    return present;
}
