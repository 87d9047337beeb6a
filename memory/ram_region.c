/*
 * ram_region.c - regions of memory: making them, asking them, resizing them.
 *
 * Model    A region owns its block (ram.c). Made by init_ram, init_rom and
 *          init_rom_device it is migratable, which here means: part of the
 *          global dirty log; all others are not. Where a function fails, the
 *          region stays a container without children.
 *          Resizeable RAM has host memory for its largest size: what is beyond
 *          the used size keeps its bytes (zero at first) and shows them again
 *          when it grows. A resize makes all of the used size dirty.
 * Source   the published memory headers of about 2021.
 * Missing  RAM_PMEM, RAM_PROTECTED and the userfaultfd flags are kept and do
 *          nothing.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "memory/dirty.h"
#include "memory/internal.h"
#include "memory/ram_private.h"

/* -- callbacks of RAM devices -----------------------------------------------
 */

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
    unsigned len = inside(block, addr, size);
    if (len) {
        memcpy(&value, block->host + addr, len);
    }
    return value;
}

static void ram_device_write(void *opaque, hwaddr addr, uint64_t value,
                             unsigned size)
{
    MemoryRegion *mr = opaque;
    RAMBlock *block = mr->ram_block;
    unsigned len = inside(block, addr, size);
    if (!len) {
        return;
    }
    memcpy(block->host + addr, &value, len);
    /* A callback marks no page dirty; everybody else is told. */
    uint8_t *first = &block->page_state[addr >> PAGE_BITS];
    uint8_t *last = &block->page_state[(addr + len - 1) >> PAGE_BITS];
    uint8_t first_clean = *first & PAGE_CLEAN_ALL;
    uint8_t last_clean = *last & PAGE_CLEAN_ALL;
    ram_written(NULL, mr, addr, len);
    *first |= first_clean;
    *last |= last_clean;
}

const MemoryRegionOps memory_ram_device_ops = {
    .read = ram_device_read,
    .write = ram_device_write,
    .endianness = DEVICE_HOST_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

/* -- making --------------------------------------------------------------- */

/* Makes the region answer from the block; NULL: *errp says why there is none.
 */
static bool take_block(MemoryRegion *mr, RAMBlock *block, Error **errp)
{
    if (!block) {
        return errp ? error_prepend(errp, "%s: ", mr->name) : false;
    }
    mr->ram_block = block;
    mr->terminates = true;
    ram_block_bind(block, mr);
    return true;
}

/* What kind of block it is, is said by the function, not by the flags. */
static uint32_t callers_flags(uint32_t ram_flags)
{
    return ram_flags & ~(uint32_t)(RAM_RESIZEABLE | RAM_MIGRATABLE);
}

static void init_ram(MemoryRegion *mr, Object *owner, const char *name,
                     uint64_t size, uint32_t flags, Error **errp)
{
    memory_region_init(mr, owner, name, size);
    mr->ram = take_block(mr, ram_block_new(size, size, flags, errp), errp);
}

void memory_region_init_ram_flags_nomigrate(MemoryRegion *mr, Object *owner,
                                            const char *name, uint64_t size,
                                            uint32_t ram_flags, Error **errp)
{
    init_ram(mr, owner, name, size, callers_flags(ram_flags), errp);
}

void memory_region_init_ram_nomigrate(MemoryRegion *mr, Object *owner,
                                      const char *name, uint64_t size,
                                      Error **errp)
{
    init_ram(mr, owner, name, size, 0, errp);
}

void memory_region_init_ram(MemoryRegion *mr, Object *owner, const char *name,
                            uint64_t size, Error **errp)
{
    init_ram(mr, owner, name, size, RAM_MIGRATABLE, errp);
}

void memory_region_init_rom_nomigrate(MemoryRegion *mr, Object *owner,
                                      const char *name, uint64_t size,
                                      Error **errp)
{
    init_ram(mr, owner, name, size, 0, errp);
    mr->readonly = mr->ram;
}

void memory_region_init_rom(MemoryRegion *mr, Object *owner, const char *name,
                            uint64_t size, Error **errp)
{
    init_ram(mr, owner, name, size, RAM_MIGRATABLE, errp);
    mr->readonly = mr->ram;
}

static void init_rom_device(MemoryRegion *mr, Object *owner,
                            const MemoryRegionOps *ops, void *opaque,
                            const char *name, uint64_t size, uint32_t flags,
                            Error **errp)
{
    assert(ops);
    memory_region_init(mr, owner, name, size);
    mr->rom_device =
        take_block(mr, ram_block_new(size, size, flags, errp), errp);
    if (mr->rom_device) {
        mr->ops = ops;
        mr->opaque = opaque;
    }
}

void memory_region_init_rom_device_nomigrate(MemoryRegion *mr, Object *owner,
                                             const MemoryRegionOps *ops,
                                             void *opaque, const char *name,
                                             uint64_t size, Error **errp)
{
    init_rom_device(mr, owner, ops, opaque, name, size, 0, errp);
}

void memory_region_init_rom_device(MemoryRegion *mr, Object *owner,
                                   const MemoryRegionOps *ops, void *opaque,
                                   const char *name, uint64_t size,
                                   Error **errp)
{
    init_rom_device(mr, owner, ops, opaque, name, size, RAM_MIGRATABLE, errp);
}

void memory_region_init_ram_ptr(MemoryRegion *mr, Object *owner,
                                const char *name, uint64_t size, void *ptr)
{
    assert(ptr || !size);
    memory_region_init(mr, owner, name, size);
    mr->ram = take_block(mr, ram_block_of(ptr, size), NULL);
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

bool memory_region_fill(MemoryRegion *mr, uint8_t byte, Error **errp)
{
    return ram_block_fill(mr->ram_block, byte, errp);
}

/* -- files ---------------------------------------------------------------- */

static bool init_file(MemoryRegion *mr, const RamFile *file, Error **errp)
{
    mr->ram = take_block(mr, ram_block_of_file(file, errp), errp);
    if (mr->ram) {
        mr->align = file->align;
        mr->readonly = file->flags & RAM_READONLY;
    }
    return mr->ram;
}

void memory_region_init_ram_from_file(MemoryRegion *mr, Object *owner,
                                      const char *name, uint64_t size,
                                      uint64_t align, uint32_t ram_flags,
                                      const char *path, bool readonly,
                                      Error **errp)
{
    memory_region_init(mr, owner, name, size);
    RamFile file = {.path = path,
                    .size = size,
                    .align = align,
                    .flags = callers_flags(ram_flags) |
                             (readonly ? (uint32_t)RAM_READONLY : 0)};
    bool created;
    if (!ram_file_open(&file, &created, errp)) {
        take_block(mr, NULL, errp);
    } else if (!init_file(mr, &file, errp) && created) {
        unlink(path);
    }
}

void memory_region_init_ram_from_fd(MemoryRegion *mr, Object *owner,
                                    const char *name, uint64_t size,
                                    uint32_t ram_flags, int fd,
                                    ram_addr_t offset, Error **errp)
{
    memory_region_init(mr, owner, name, size);
    RamFile file = {.path = "file descriptor",
                    .fd = fd,
                    .offset = offset,
                    .size = size,
                    .flags = callers_flags(ram_flags)};
    init_file(mr, &file, errp);
}

/* The memory behind a region and its aliases, or NULL. */
static RAMBlock *block_at(MemoryRegion *mr, hwaddr *offset)
{
    while (mr->alias) {
        *offset += mr->alias_offset;
        mr = mr->alias;
    }
    return mr->ram_block;
}

int memory_region_get_fd(MemoryRegion *mr)
{
    hwaddr offset = 0;
    RAMBlock *block = block_at(mr, &offset);
    return block ? block->fd : -1;
}

/* Only a shared file has anything to be told: memory of its own is nowhere
 * else, and private pages of a file never reach it. */
void memory_region_msync(MemoryRegion *mr, hwaddr addr, hwaddr size)
{
    RAMBlock *block = block_at(mr, &addr);
    if (!block || block->fd < 0 || !(block->flags & RAM_SHARED) ||
        (block->flags & RAM_READONLY) || addr >= block->size || !size) {
        return;
    }
    uint64_t room = block->size - addr;
    uint64_t end = addr + (size < room ? size : room);
    uint64_t first = addr & ~(uint64_t)(PAGE_SIZE_BYTES - 1);
    if (msync(block->host + first, end - first, MS_SYNC) != 0) {
        memory_log(mr->world, "%s: not written to its file: %s",
                   memory_region_name(mr), strerror(errno));
    }
}

void memory_region_writeback(MemoryRegion *mr, hwaddr addr, hwaddr size)
{
    memory_region_msync(mr, addr, size);
}

/* -- resizeable ----------------------------------------------------------- */

void memory_region_init_resizeable_ram(
    MemoryRegion *mr, Object *owner, const char *name, uint64_t size,
    uint64_t max_size,
    void (*resized)(const char *, uint64_t length, void *host), Error **errp)
{
    memory_region_init(mr, owner, name, size);
    RAMBlock *block = NULL;
    if (size > max_size) {
        error_set(errp,
                  "size %llu is above the largest size %llu; raise the latter",
                  (unsigned long long)size, (unsigned long long)max_size);
    } else {
        block = ram_block_new(size, max_size, RAM_RESIZEABLE, errp);
    }
    mr->ram = take_block(mr, block, errp);
    if (mr->ram) {
        block->resized = resized;
    }
}

void memory_region_ram_resize(MemoryRegion *mr, ram_addr_t newsize,
                              Error **errp)
{
    RAMBlock *block = mr->ram_block;
    if (!block || !(block->flags & RAM_RESIZEABLE)) {
        error_set(errp, "%s: not resizeable; make it so when it is made",
                  memory_region_name(mr));
        return;
    }
    if (newsize > block->max_size) {
        error_set(errp, "%s: size %llu is above the largest size %llu",
                  mr->name, (unsigned long long)newsize,
                  (unsigned long long)block->max_size);
        return;
    }
    newsize = ram_page_round(newsize);
    newsize = newsize < block->max_size ? newsize : block->max_size;
    if (newsize == block->size) {
        return;
    }
    world_begin(mr->world);
    block->size = newsize;
    mr->size = int128_make64(newsize);
    dirty_all(block);
    region_changed(mr, true);
    world_commit(mr->world);
    if (block->resized) {
        block->resized(mr->name, newsize, block->host);
    }
}

/* -- asking --------------------------------------------------------------- */

ram_addr_t memory_region_get_ram_addr(MemoryRegion *mr)
{
    return mr->ram_block ? mr->ram_block->ram_addr : RAM_ADDR_INVALID;
}

uint64_t memory_region_get_alignment(const MemoryRegion *mr)
{
    return mr->align;
}

bool memory_region_is_protected(const MemoryRegion *mr)
{
    return mr->ram && (mr->ram_block->flags & RAM_PROTECTED);
}
