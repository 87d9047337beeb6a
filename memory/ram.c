/*
 * ram.c - blocks of host memory behind RAM, ROM and ROM devices.
 *
 * Model    One mapping holds the pages and, behind them, one state byte per
 *          page. Both come from the kernel zero-filled and take host memory
 *          only where they are touched, so a 16 GiB RAM costs what is used.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "memory/internal.h"

static uint64_t page_count(uint64_t size)
{
    return size / PAGE_SIZE_BYTES + (size % PAGE_SIZE_BYTES != 0);
}

static RAMBlock *no_memory(uint64_t size, Error **errp)
{
    error_set(errp, "the host has no %llu bytes of memory; take a smaller size",
              (unsigned long long)size);
    return NULL;
}

RAMBlock *ram_block_new(uint64_t size, Error **errp)
{
    uint64_t pages = page_count(size);
    if (size > UINT64_C(1) << 62) {
        return no_memory(size, errp);
    }
    uint64_t bytes = pages * PAGE_SIZE_BYTES + pages + PAGE_SIZE_BYTES;
    void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) {
        return no_memory(size, errp);
    }
    RAMBlock *block = memory_alloc(1, sizeof(*block));
    *block =
        (RAMBlock){.host = mapping,
                   .size = size,
                   .page_state = (uint8_t *)mapping + pages * PAGE_SIZE_BYTES,
                   .mapping = mapping,
                   .mapping_size = bytes};
    return block;
}

RAMBlock *ram_block_of(void *host, uint64_t size)
{
    RAMBlock *block = memory_alloc(1, sizeof(*block));
    *block = (RAMBlock){.host = host,
                        .size = size,
                        .page_state = memory_alloc(page_count(size), 1)};
    return block;
}

void ram_block_free(RAMBlock *block)
{
    if (!block) {
        return;
    }
    if (block->mapping) {
        munmap(block->mapping, block->mapping_size);
    } else {
        free(block->page_state);
    }
    free(block);
}
