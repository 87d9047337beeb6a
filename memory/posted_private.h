/*
 * posted_private.h - what the rest of memory/ tells the posted-write queue.
 */
#ifndef MEMORY_POSTED_PRIVATE_H
#define MEMORY_POSTED_PRIVATE_H

#include "memory/posted_buffer.h"

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

/* -- buffers: between the port and them (posted_buffer.c) ------------------ */

/* Does the store go into a buffer? */
bool posted_takes(const MemoryPort *port, MemoryRegion *mr, hwaddr offset,
                  unsigned size, bool direct, MemTxAttrs attrs);
/* Puts it there. Fills in granted, done and blocker of tx; memory itself is the
 * caller's to change, at `granted`. */
void posted_store(MemoryPort *port, PortTx *tx, MemoryRegion *mr, hwaddr offset,
                  bool direct, unsigned size, uint64_t value);
/* Another access of the port to mr waits at `now` for what has to drain first;
 * returns when it goes on. *blocker: who was waited for, else as it was. */
uint64_t posted_before(const MemoryPort *port, const MemoryRegion *mr,
                       bool direct, uint64_t now, uint16_t *blocker);
/* The same for a split-phase one: true when it was held; it goes on with
 * port_request_go() at its tx.done. */
bool posted_hold(PortRequest *rq, const MemoryRegion *mr, bool direct);
void port_request_go(PortRequest *rq);
/* Devices see at once what has to arrive before an access to mr, which is not
 * memory; the bus is used later. */
void posted_arrive(MemoryWorld *world, const MemoryRegion *mr);
void posted_buffers_flush(MemoryWorld *world, PostedCause cause);
/* The region ends. */
void posted_region_gone(MemoryRegion *mr);

/* -- between its two files (posted_drain.c) -------------------------------- */

/* Bus words that an access touches. */
unsigned posted_words(const PostedBuffer *b, hwaddr addr, unsigned size);
/* The n oldest entries are to drain, and why. */
void posted_order(PostedBuffer *b, unsigned n, PostedCause cause);
/* Drains the n oldest by accesses that are answered at once, from `now` on;
 * returns when the last one has. */
uint64_t posted_drain(PostedBuffer *b, unsigned n, uint64_t now);
/* Devices see all stores; the bus is used later. */
void posted_perform(PostedBuffer *b);
/* Asks the owner for the time at which there is something to do next. */
void posted_go_on(PostedBuffer *b);

#ifdef __cplusplus
}
#endif
#endif
