/*
 * region.c - making, asking and ending regions.
 *
 * Model    A region is a struct of the caller; it owns its name and its memory
 *          block, borrows callbacks, opaque, owner and alias target. Regions of
 *          memory are made in ram_region.c, IOMMUs in iommu.c.
 * Source   the published memory headers of about 2021.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/posted_private.h"

/* -- callbacks of regions that have none ---------------------------------- */

static bool accepts_nothing(void *opaque, hwaddr addr, unsigned size,
                            bool is_write, MemTxAttrs attrs)
{
    return false;
}

const MemoryRegionOps memory_none_ops = {.valid.accepts = accepts_nothing};

/* -- making --------------------------------------------------------------- */

static char *copy_name(const char *name)
{
    name = name ? name : "";
    size_t bytes = strlen(name) + 1;
    char *copy = memory_alloc(bytes, 1);
    memcpy(copy, name, bytes);
    return copy;
}

void memory_region_init(MemoryRegion *mr, Object *owner, const char *name,
                        uint64_t size)
{
    MemoryWorld *world = memory_world_current();
    *mr = (MemoryRegion){.ops = &memory_none_ops,
                         .world = world,
                         .romd_mode = true,
                         .enabled = true,
                         .size = size == UINT64_MAX ? int128_2_64()
                                                    : int128_make64(size),
                         .owner = owner,
                         .name = copy_name(name),
                         .id = ++world->last_region_id};
}

void memory_region_init_io(MemoryRegion *mr, Object *owner,
                           const MemoryRegionOps *ops, void *opaque,
                           const char *name, uint64_t size)
{
    memory_region_init(mr, owner, name, size);
    mr->opaque = opaque;
    mr->terminates = true;
    Error *err = NULL;
    if (ops && mr->world->policy.strict_ops &&
        !memory_region_check_ops(ops, &err)) {
        memory_log(mr->world, "%s: %s; the region is an opaque hole", mr->name,
                   error_message(err));
        error_free(err);
    } else if (ops) {
        mr->ops = ops;
    }
}

/* -- do callbacks make sense? -----------------------------------------------
 */

static bool is_size(unsigned bytes)
{
    return bytes <= 8 && !(bytes & (bytes - 1)); /* 0: the default */
}

static bool check_bounds(const char *what, unsigned min, unsigned max,
                         unsigned default_max, Error **errp)
{
    if (!is_size(min) || !is_size(max)) {
        return error_set(errp,
                         "%s sizes %u to %u: each must be 1, 2, 4 or 8 bytes, "
                         "or 0 for the default",
                         what, min, max);
    }
    if (min > (max ? max : default_max)) {
        return error_set(errp,
                         "%s.min_access_size %u is above max_access_size %u%s; "
                         "raise the latter",
                         what, min, max ? max : default_max,
                         max ? "" : " (the default)");
    }
    return true;
}

bool memory_region_check_ops(const MemoryRegionOps *ops, Error **errp)
{
    if (!ops->read && !ops->read_with_attrs) {
        return error_set(errp, "no read callback; set read or read_with_attrs");
    }
    if (!ops->write && !ops->write_with_attrs) {
        return error_set(errp,
                         "no write callback; set write or write_with_attrs");
    }
    if (!check_bounds("valid", ops->valid.min_access_size,
                      ops->valid.max_access_size, 8, errp) ||
        !check_bounds("impl", ops->impl.min_access_size,
                      ops->impl.max_access_size, 4, errp)) {
        return false;
    }
    if (ops->impl.unaligned && !ops->valid.unaligned) {
        return error_set(errp, "impl.unaligned without valid.unaligned: no "
                               "unaligned access gets that far; set both");
    }
    return true;
}

/* -- aliases; the end --------------------------------------------------------
 */

void memory_region_init_alias(MemoryRegion *mr, Object *owner, const char *name,
                              MemoryRegion *orig, hwaddr offset, uint64_t size)
{
    memory_region_init(mr, owner, name, size);
    mr->alias = orig;
    mr->alias_offset = offset;
}

void memory_region_fini(MemoryRegion *mr)
{
    assert(!mr->container && !mr->first_child);
    if (mr->destructor) {
        mr->destructor(mr);
    }
    posted_region_gone(mr);
    coalesce_free(mr);
    ioeventfd_free(mr);
    ram_block_free(mr->ram_block);
    free(mr->queue);
    free(mr->name);
    *mr = (MemoryRegion){.dying = false};
}

/* -- asking --------------------------------------------------------------- */

void memory_region_ref(MemoryRegion *mr)
{
    if (mr && mr->owner) {
        object_ref(mr->owner);
    }
}

void memory_region_unref(MemoryRegion *mr)
{
    if (mr && mr->owner) {
        object_unref(mr->owner);
    }
}

Object *memory_region_owner(MemoryRegion *mr)
{
    return mr->owner;
}

uint64_t memory_region_size(MemoryRegion *mr)
{
    return mr->size == int128_2_64() ? UINT64_MAX : int128_get64(mr->size);
}

const char *memory_region_name(const MemoryRegion *mr)
{
    return mr->name ? mr->name : "unassigned";
}

bool memory_region_is_ram_device(MemoryRegion *mr)
{
    return mr->ram_device;
}

bool memory_region_is_mapped(MemoryRegion *mr)
{
    return mr->container || mr->mapped_via_alias;
}

/* -- sections ------------------------------------------------------------- */

bool MemoryRegionSection_eq(const MemoryRegionSection *a,
                            const MemoryRegionSection *b)
{
    return a->mr == b->mr && a->size == b->size &&
           a->offset_within_region == b->offset_within_region &&
           a->offset_within_address_space == b->offset_within_address_space &&
           a->readonly == b->readonly && a->nonvolatile == b->nonvolatile;
}

MemoryRegionSection *
memory_region_section_new_copy(const MemoryRegionSection *s)
{
    MemoryRegionSection *copy = memory_alloc(1, sizeof(*copy));
    *copy = *s;
    memory_region_ref(copy->mr);
    if (copy->fv) {
        flatview_ref(copy->fv);
    }
    return copy;
}

void memory_region_section_free_copy(MemoryRegionSection *s)
{
    flatview_unref(s->fv);
    memory_region_unref(s->mr);
    free(s);
}

void *memory_region_get_ram_ptr(MemoryRegion *mr)
{
    hwaddr offset = 0;
    while (mr->alias) {
        offset += mr->alias_offset;
        mr = mr->alias;
    }
    return mr->ram_block ? mr->ram_block->host + offset : NULL;
}
