/*
 * ram.c - blocks of host memory behind RAM, ROM and ROM devices.
 *
 * Model    A block is anonymous memory, (a part of) a file, or memory of the
 *          caller, and one state byte per page. What is not the caller's comes
 *          zero-filled from the kernel and takes host memory only where it is
 *          touched, so a 16 GiB RAM costs what is used; filled with something
 *          else, it is one MiB shown again and again. A block that is bound
 *          to its region has a place in the world's flat numbering of RAM:
 *          blocks in order of binding, each starting at a multiple of 64 pages;
 *          places are not used again.
 *          A file is shared with everybody (RAM_SHARED), or its pages are
 *          copied when they are first written. RAM_READONLY is the latter: the
 *          guest cannot write, but a loader can, and must not reach the file.
 * Missing  a file that somebody else shortens while it is mapped ends the
 *          program when what is gone is touched, as with every mapped file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/internal.h"
#include "memory/ram_private.h"

enum { NUMBERING_ALIGN = 64 * PAGE_SIZE_BYTES };
static const uint64_t largest_block = UINT64_C(1) << 62;

/* A block as it is allocated. prev of the first block is the last one. */
typedef struct Node {
    RAMBlock block;
    struct Node *prev;
} Node;

static Node *node_of(RAMBlock *block)
{
    return (Node *)(void *)block;
}

static uint64_t page_count(uint64_t size)
{
    return size / PAGE_SIZE_BYTES + (size % PAGE_SIZE_BYTES != 0);
}

uint64_t ram_page_round(uint64_t bytes)
{
    return page_count(bytes) * PAGE_SIZE_BYTES;
}

static RAMBlock *no_memory(uint64_t size, Error **errp)
{
    error_set(errp, "the host has no %llu bytes of memory; take a smaller size",
              (unsigned long long)size);
    return NULL;
}

static void *map_zeros(uint64_t bytes, int sharing)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    sharing | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

/* -- anonymous memory, memory of the caller -------------------------------- */

RAMBlock *ram_block_new(uint64_t size, uint64_t max_size, uint32_t flags,
                        Error **errp)
{
    if (max_size > largest_block) {
        return no_memory(max_size, errp);
    }
    uint64_t pages = page_count(max_size);
    uint64_t bytes = pages * PAGE_SIZE_BYTES + pages + PAGE_SIZE_BYTES;
    void *mapping =
        map_zeros(bytes, flags & RAM_SHARED ? MAP_SHARED : MAP_PRIVATE);
    if (!mapping) {
        return no_memory(max_size, errp);
    }
    Node *node = memory_alloc(1, sizeof(*node));
    node->block =
        (RAMBlock){.host = mapping,
                   .size = size,
                   .max_size = max_size,
                   .page_state = (uint8_t *)mapping + pages * PAGE_SIZE_BYTES,
                   .mapping = mapping,
                   .mapping_size = bytes,
                   .flags = flags,
                   .fd = -1};
    return &node->block;
}

RAMBlock *ram_block_of(void *host, uint64_t size)
{
    Node *node = memory_alloc(1, sizeof(*node));
    node->block = (RAMBlock){.host = host,
                             .size = size,
                             .max_size = size,
                             .page_state = memory_alloc(page_count(size), 1),
                             .flags = RAM_PREALLOC,
                             .fd = -1};
    return &node->block;
}

/* A nameless file of `bytes` bytes that are all `byte`; -1: none. */
static int pattern_file(uint8_t byte, size_t bytes)
{
    int fd = memfd_create("pattern", MFD_CLOEXEC);
    void *at =
        fd >= 0 && ftruncate(fd, (off_t)bytes) == 0
            ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
            : MAP_FAILED;
    if (at == MAP_FAILED) {
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    memset(at, byte, bytes);
    munmap(at, bytes);
    return fd;
}

bool ram_block_fill(RAMBlock *block, uint8_t byte, Error **errp)
{
    const uint64_t piece = 1 << 20, bytes = ram_page_round(block->max_size);
    bool own = block->mapping && block->fd < 0 && !(block->flags & RAM_SHARED);
    int fd = own ? pattern_file(byte, piece) : -1;
    if (fd < 0) {
        memset(block->host, byte, block->max_size);
        return true;
    }
    bool ok = true;
    for (uint64_t at = 0; ok && at < bytes; at += piece) {
        uint64_t len = bytes - at < piece ? bytes - at : piece;
        ok = mmap(block->host + at, len, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, 0) != MAP_FAILED;
    }
    close(fd);
    return ok || no_memory(bytes, errp);
}

/* -- files ---------------------------------------------------------------- */

static bool file_error(const RamFile *file, const char *what, const char *fix,
                       Error **errp)
{
    return error_set(errp, "%s: %s: %s; %s", file->path, what, strerror(errno),
                     fix);
}

static bool open_nameless(RamFile *file, Error **errp)
{
    size_t len = strlen(file->path);
    char *name = memory_alloc(len + sizeof("/socscope-XXXXXX"), 1);
    memcpy(name, file->path, len);
    memcpy(name + len, "/socscope-XXXXXX", sizeof("/socscope-XXXXXX"));
    file->fd = mkostemp(name, O_CLOEXEC);
    if (file->fd >= 0) {
        unlink(name);
    }
    free(name);
    return file->fd >= 0 ||
           file_error(file, "no file can be made in this directory",
                      "make it writable or take another", errp);
}

bool ram_file_open(RamFile *file, bool *created, Error **errp)
{
    /* O_NONBLOCK: a FIFO is refused, not waited for. */
    const int how = O_CLOEXEC | O_NONBLOCK;
    *created = false;
    if (file->flags & RAM_READONLY) {
        file->fd = open(file->path, O_RDONLY | how);
        return file->fd >= 0 ||
               file_error(file, "cannot be opened for reading",
                          "give a file that exists and is readable", errp);
    }
    file->fd = open(file->path, O_RDWR | how);
    if (file->fd < 0 && errno == ENOENT) {
        file->fd = open(file->path, O_RDWR | O_CREAT | O_EXCL | how, 0644);
        *created = file->fd >= 0;
    }
    if (file->fd < 0 && errno == EISDIR) {
        return open_nameless(file, errp);
    }
    return file->fd >= 0 ||
           file_error(file, "cannot be opened or created for writing",
                      "give a writable path, or open it readonly", errp);
}

/* Grows a file that is too small. */
static bool file_fits(const RamFile *file, Error **errp)
{
    struct stat st;
    if (fstat(file->fd, &st) != 0) {
        return file_error(file, "no file", "give an open file", errp);
    }
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
        return true; /* no size to look at */
    }
    if (!S_ISREG(st.st_mode)) {
        return error_set(errp,
                         "%s: neither a file nor a device; give one of them",
                         file->path);
    }
    uint64_t need = file->offset + file->size;
    if (need < file->size || need > largest_block) {
        return error_set(errp, "%s: no file has %llu bytes; take less",
                         file->path, (unsigned long long)need);
    }
    if ((uint64_t)st.st_size >= need) {
        return true;
    }
    if (file->flags & RAM_READONLY) {
        return error_set(errp,
                         "%s: has %llu bytes, %llu are to be mapped; take a "
                         "smaller size or a larger file",
                         file->path, (unsigned long long)st.st_size,
                         (unsigned long long)need);
    }
    return ftruncate(file->fd, (off_t)need) == 0 ||
           file_error(file, "cannot grow to the asked size",
                      "take a smaller size or a writable file", errp);
}

static bool check_places(const RamFile *file, Error **errp)
{
    if (file->align & (file->align - 1)) {
        return error_set(errp, "%s: alignment %llu; it must be a power of two",
                         file->path, (unsigned long long)file->align);
    }
    if (file->offset % (uint64_t)sysconf(_SC_PAGESIZE)) {
        return error_set(errp,
                         "%s: offset %llu; it must be a multiple of %ld bytes",
                         file->path, (unsigned long long)file->offset,
                         sysconf(_SC_PAGESIZE));
    }
    if (!file->size) {
        return error_set(errp, "%s: size 0; give at least one byte",
                         file->path);
    }
    return true;
}

/* Maps the file at a multiple of align inside a reservation, which is what has
 * to be unmapped. */
static bool map_file(const RamFile *file, RAMBlock *block, Error **errp)
{
    uint64_t align = file->align > PAGE_SIZE_BYTES ? file->align : 0;
    uint64_t bytes = ram_page_round(file->size);
    if (align > largest_block) {
        return no_memory(align, errp);
    }
    block->mapping_size = bytes + align;
    void *space = mmap(NULL, block->mapping_size, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED) {
        return no_memory(block->mapping_size, errp);
    }
    block->mapping = space;
    uint64_t mask = align ? align - 1 : 0;
    uint64_t skip = (mask + 1 - ((uintptr_t)space & mask)) & mask;
    block->host = (uint8_t *)space + skip;
    bool shared = (file->flags & RAM_SHARED) && !(file->flags & RAM_READONLY);
    int how = MAP_FIXED | MAP_NORESERVE | (shared ? MAP_SHARED : MAP_PRIVATE);
    if (mmap(block->host, bytes, PROT_READ | PROT_WRITE, how, file->fd,
             (off_t)file->offset) == MAP_FAILED) {
        return file_error(file, "cannot be mapped",
                          "give a file that can, open for reading and, if it "
                          "is shared, writing",
                          errp);
    }
    return true;
}

RAMBlock *ram_block_of_file(const RamFile *file, Error **errp)
{
    Node *node = memory_alloc(1, sizeof(*node));
    RAMBlock *block = &node->block;
    *block = (RAMBlock){.size = file->size,
                        .max_size = file->size,
                        .flags = file->flags,
                        .fd = file->fd};
    if (!check_places(file, errp) || !file_fits(file, errp) ||
        !map_file(file, block, errp)) {
        ram_block_free(block);
        return NULL;
    }
    block->state_size = page_count(file->size);
    block->state_mapping = map_zeros(block->state_size, MAP_PRIVATE);
    block->page_state = block->state_mapping;
    if (!block->page_state) {
        no_memory(block->state_size, errp);
        ram_block_free(block);
        return NULL;
    }
    return block;
}

/* -- the blocks of a world --------------------------------------------------
 */

void ram_block_bind(RAMBlock *block, MemoryRegion *mr)
{
    MemoryWorld *world = mr->world;
    uint64_t room = block->max_size ? block->max_size : 1;
    block->mr = mr;
    block->ram_addr = world->last_ram_addr;
    world->last_ram_addr +=
        (room + NUMBERING_ALIGN - 1) & ~(uint64_t)(NUMBERING_ALIGN - 1);
    Node *node = node_of(block);
    if (!world->first_block) {
        node->prev = node;
        world->first_block = block;
        return;
    }
    Node *first = node_of(world->first_block);
    node->prev = first->prev;
    first->prev->block.next = block;
    first->prev = node;
}

static void unbind(RAMBlock *block)
{
    MemoryWorld *world = block->mr->world;
    Node *node = node_of(block);
    Node *next = block->next ? node_of(block->next) : NULL;
    if (world->first_block == block) {
        world->first_block = block->next;
    } else {
        node->prev->block.next = block->next;
    }
    if (next) {
        next->prev = node->prev;
    } else if (world->first_block) {
        node_of(world->first_block)->prev = node->prev;
    }
}

void ram_block_free(RAMBlock *block)
{
    if (!block) {
        return;
    }
    if (block->mr) {
        unbind(block);
    }
    if (block->state_mapping) {
        munmap(block->state_mapping, block->state_size);
    } else if (!block->mapping) {
        free(block->page_state);
    }
    if (block->mapping) {
        munmap(block->mapping, block->mapping_size);
    }
    if (block->fd >= 0) {
        close(block->fd);
    }
    free(node_of(block));
}

MemoryRegion *memory_region_from_host(void *ptr, ram_addr_t *offset)
{
    MemoryWorld *world = memory_world_current();
    for (RAMBlock *b = world->first_block; b; b = b->next) {
        uint64_t at = (uintptr_t)ptr - (uintptr_t)b->host;
        if (at < b->max_size) {
            *offset = at;
            return b->mr;
        }
    }
    return NULL;
}

void *qemu_map_ram_ptr(RAMBlock *ram_block, ram_addr_t addr)
{
    if (ram_block) {
        return ram_block->host + addr;
    }
    MemoryWorld *world = memory_world_current();
    for (RAMBlock *b = world->first_block; b; b = b->next) {
        if (addr - b->ram_addr < b->max_size) {
            return b->host + (addr - b->ram_addr);
        }
    }
    return NULL;
}
