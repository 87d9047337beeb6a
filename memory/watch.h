/*
 * watch.h - watchpoints: who is told when certain bytes are read or written.
 *
 * Model    A watch is a range of bytes of regions, found through an address
 *          space when it is made; whatever way an access takes to those bytes,
 *          by whichever initiator, it is seen. Pages of RAM with watched bytes
 *          have PAGE_WATCHED, so no port keeps them open; watched regions are
 *          never quick. Nothing else changes: not the time, not the counts, not
 *          the records. Fetches and accesses of debuggers are not seen.
 * Units    bytes.
 * Missing  reads through pointers that devices hold (address_space_map(),
 *          caches, ram_ptr): only when they are asked for.
 */
#ifndef MEMORY_WATCH_H
#define MEMORY_WATCH_H

#include "memory/memory.h"
#include "memory/record.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct MemoryWatchHit {
    uint64_t address; /* first byte touched, counted from memory_watch_add()'s
                         `address` */
    uint8_t watched;  /* DIR_* that was asked for */
    uint8_t dir;      /* DIR_* of the access */
    const uint8_t *bytes; /* `len` of them that are written, from `address` on;
                             NULL: nothing is, or into memory by an amo */
    uint64_t len;
    struct MemoryPort *port; /* who made it */
} MemoryWatchHit;
/* From inside the access; it may run more code of the machine, but not change
 * the watches. */
typedef void MemoryWatchFn(void *opaque, const MemoryWatchHit *hit);

/* Who is told, of the current world; before the first watch. */
void memory_watch_tell(MemoryWatchFn *fn, void *opaque);
/* Watches len bytes at addr of as; `address` is what they are called. False:
 * nothing is there, or the host has no memory; what could be is watched. */
bool memory_watch_add(AddressSpace *as, hwaddr addr, uint64_t len, uint8_t dir,
                      uint64_t address);
/* Takes all watches of the current world away. */
void memory_watch_clear(void);
/* Is any byte of it watched? */
bool memory_watched(const MemoryRegion *mr);

#ifdef __cplusplus
}
#endif
#endif
