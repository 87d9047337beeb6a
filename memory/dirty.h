/*
 * dirty.h - what stores owe dirty logging. Private to memory/.
 *
 * Model    A page is dirty for a client unless its PAGE_CLEAN_* bit is set, so
 *          zeroed page states are what new RAM has: all dirty. A clean page has
 *          a state, so no store to it goes through an inline entry.
 */
#ifndef MEMORY_DIRTY_H
#define MEMORY_DIRTY_H

#include "memory/world.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PAGE_CLEAN_ALL = PAGE_CLEAN_VGA | PAGE_CLEAN_CODE | PAGE_CLEAN_MIGRATION,
};

/* [offset, offset + len) of mr's memory was written: the pages it touches
 * become dirty for the clients that log mr now. */
void dirty_mark(MemoryRegion *mr, ram_addr_t offset, uint64_t len);

/* All of the block that is used becomes dirty, for all clients. */
void dirty_all(RAMBlock *block);

#ifdef __cplusplus
}
#endif
#endif
