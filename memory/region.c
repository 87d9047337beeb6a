/*
 * region.c - making, asking and ending regions.
 *
 * Model    A region is a struct of the caller; it owns its name and its memory
 *          block, borrows callbacks, opaque, owner and alias target.
 * Source   the published memory headers of about 2021.
 * Missing  IOMMU regions, file-backed and resizeable RAM, reference counts of
 *          owners.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"

/* -- callbacks of regions that have none ---------------------------------- */

static bool accepts_nothing(void *opaque, hwaddr addr, unsigned size,
                            bool is_write, MemTxAttrs attrs)
{
    return false;
}

const MemoryRegionOps memory_none_ops = {.valid.accepts = accepts_nothing};

/* Bytes of an access that lie inside the block: it may run over the end. */
static unsigned inside(const RAMBlock *block, hwaddr addr, unsigned size)
{
    if (addr >= block->size) {
        return 0;
    }
    uint64_t room = block->size - addr;
    return room < size ? (unsigned)room : size;
}

static uint64_t ram_device_read(void *opaque, hwaddr addr, unsigned size)
{
    const RAMBlock *block = ((MemoryRegion *)opaque)->ram_block;
    uint64_t value = 0;
    memcpy(&value, block->host + addr, inside(block, addr, size));
    return value;
}

static void ram_device_write(void *opaque, hwaddr addr, uint64_t value,
                             unsigned size)
{
    MemoryRegion *mr = opaque;
    unsigned len = inside(mr->ram_block, addr, size);
    memcpy(mr->ram_block->host + addr, &value, len);
    ram_written(mr->world, NULL, mr->ram_block, addr, len);
}

const MemoryRegionOps memory_ram_device_ops = {
    .read = ram_device_read,
    .write = ram_device_write,
    .endianness = DEVICE_HOST_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

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
    mr->ops = ops ? ops : &memory_none_ops;
    mr->opaque = opaque;
    mr->terminates = true;
}

/* Gives the region a zero-filled block. */
static bool take_block(MemoryRegion *mr, uint64_t size, Error **errp)
{
    mr->ram_block = ram_block_new(size, errp);
    if (!mr->ram_block) {
        return errp ? error_prepend(errp, "%s: ", mr->name) : false;
    }
    mr->terminates = true;
    return true;
}

void memory_region_init_ram(MemoryRegion *mr, Object *owner, const char *name,
                            uint64_t size, Error **errp)
{
    memory_region_init(mr, owner, name, size);
    mr->ram = take_block(mr, size, errp);
}

void memory_region_init_rom(MemoryRegion *mr, Object *owner, const char *name,
                            uint64_t size, Error **errp)
{
    memory_region_init_ram(mr, owner, name, size, errp);
    mr->readonly = mr->ram;
}

void memory_region_init_rom_device(MemoryRegion *mr, Object *owner,
                                   const MemoryRegionOps *ops, void *opaque,
                                   const char *name, uint64_t size,
                                   Error **errp)
{
    assert(ops);
    memory_region_init(mr, owner, name, size);
    mr->rom_device = take_block(mr, size, errp);
    if (mr->rom_device) {
        mr->ops = ops;
        mr->opaque = opaque;
    }
}

void memory_region_init_ram_ptr(MemoryRegion *mr, Object *owner,
                                const char *name, uint64_t size, void *ptr)
{
    assert(ptr || !size);
    memory_region_init(mr, owner, name, size);
    mr->ram_block = ram_block_of(ptr, size);
    mr->ram = true;
    mr->terminates = true;
}

void memory_region_init_ram_device_ptr(MemoryRegion *mr, Object *owner,
                                       const char *name, uint64_t size,
                                       void *ptr)
{
    memory_region_init_ram_ptr(mr, owner, name, size, ptr);
    mr->ram_device = true;
    mr->ops = &memory_ram_device_ops;
    mr->opaque = mr;
}

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
    ram_block_free(mr->ram_block);
    free(mr->name);
    *mr = (MemoryRegion){.dying = false};
}

/* -- asking --------------------------------------------------------------- */

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

void *memory_region_get_ram_ptr(MemoryRegion *mr)
{
    hwaddr offset = 0;
    while (mr->alias) {
        offset += mr->alias_offset;
        mr = mr->alias;
    }
    return mr->ram_block ? mr->ram_block->host + offset : NULL;
}
