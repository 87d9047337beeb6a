/*
 * posted.h - the posted-write queue: guest writes into coalesced ranges wait
 * here until something demands that they arrive.
 *
 * Model    One queue per world, `depth` writes (default 16) of 1..8 bytes. A
 *          write wholly inside one coalesced range of its space is queued;
 *          others are done at once. A flush performs all of them in order as
 *          ordinary writes with unspecified attributes. The flush rules are
 *          those of the memory API: before an access to a region with the flush
 *          flag, at each transaction begin, when coalescing ends.
 * Source   memory-api semantics, "Coalescing"; script language section 9.
 * Missing  a timeout: soc/ gives the queue time.
 */
#ifndef MEMORY_POSTED_H
#define MEMORY_POSTED_H

#include "memory/memory.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { POSTED_DEPTH = 16 };

typedef struct PostedWrite {
    AddressSpace *as;
    hwaddr addr;
    uint8_t data[8];
    uint8_t size; /* bytes, 1..8 */
} PostedWrite;

/* Told of a flush; all may be NULL. */
typedef struct PostedObserver {
    void (*begin)(void *opaque, unsigned count);
    void (*done)(void *opaque, const PostedWrite *write, MemTxResult result);
    void *opaque;
} PostedObserver;

/* Queues the write, or does it at once. *queued: writes in the queue now, 0
 * when it was done at once; the result is MEMTX_OK for a queued write. */
MemTxResult posted_write(AddressSpace *as, hwaddr addr, const void *buf,
                         unsigned size, unsigned *queued);
/* Flushes the current world's queue; nothing while a flush is running. */
void qemu_flush_coalesced_mmio_buffer(void);
/* Borrowed; NULL: nobody. Of the current world. */
void posted_observe(const PostedObserver *observer);
/* 0 .. POSTED_DEPTH writes; a smaller depth does not flush. */
void posted_set_depth(unsigned depth);

#ifdef __cplusplus
}
#endif
#endif
