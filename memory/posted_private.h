/*
 * posted_private.h - what the rest of memory/ tells the posted-write queue.
 */
#ifndef MEMORY_POSTED_PRIVATE_H
#define MEMORY_POSTED_PRIVATE_H

#include "memory/memory.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes the world's queue if there is none. From then on the views of all its
 * spaces are kept drawn, so that no coalesced range comes or goes untold. */
void posted_enable(MemoryWorld *world);
/* A coalesced range [addr, addr + len) of the space came, or went. The world's
 * queue exists. */
void posted_range(AddressSpace *as, hwaddr addr, hwaddr len, bool added);
/* The space is about to end: its writes are performed (with all others), its
 * ranges dropped. */
void posted_forget(AddressSpace *as);
/* At the end of a world: waiting writes are lost. */
void posted_free(MemoryWorld *world);

#ifdef __cplusplus
}
#endif
#endif
