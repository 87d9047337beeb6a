/*
 * world.h - everything one machine's memory knows, in one place.
 *
 * The published functions of the memory API take no context, so their state
 * lives in a MemoryWorld that is current on the calling thread. Regions and
 * spaces are bound to the current world when they are initialised; sim/ makes
 * a machine's world current on every entry into that machine. Two machines in
 * one process have two worlds and never meet. A thread that never enters one
 * gets a default world of its own, so a device test needs no ceremony.
 *
 * Fields are for memory/ only, except `port` and `pc`: who makes the access
 * under way, and `now`: the time, in picoseconds, of the access or event under
 * way. Ports set it before a device is called, the event queue before an event
 * runs; devices read it through event_now().
 */
#ifndef MEMORY_WORLD_H
#define MEMORY_WORLD_H

#include "memory/memory.h"
#include "memory/record.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct MemoryPort MemoryPort;

/* Pieces of the access under way, noted by dispatch, used by the port. */
typedef struct MemoryBeat {
    MemoryRegion *mr;
    hwaddr offset;  /* in mr */
    uint64_t value; /* the piece's bytes, first byte lowest */
    uint32_t size;  /* bytes, 1..8 */
    uint8_t cause;  /* BeatCause */
} MemoryBeat;

typedef struct MemoryBeats {
    MemoryBeat *beat;
    unsigned count, capacity;
} MemoryBeats;

struct MemoryWorld {
    uint64_t now; /* ps */
    bool target_big_endian;
    AddressSpace *first_space, *last_space;
    MemoryListener *first_listener, *last_listener;
    unsigned transaction_depth;
    bool update_pending;
    uint32_t last_region_id;
    MemoryPort *first_port; /* in order of port_init */
    uint16_t last_initiator;
    MemoryRecorder *recorder; /* borrowed; NULL: nothing is recorded */
    MemoryBeats *beats;       /* NULL: nobody looks at pieces */
    MemoryPort *port;         /* the port whose access is under way, or NULL */
    uint64_t pc;              /* instruction that caused it; 0: none */
    unsigned code_writes;     /* accesses that changed a page holding code */
    bool updating;            /* views are being redrawn, listeners told */
    MemoryRegion unassigned;  /* answers where nothing is; id 0 */
};

/* A new world is not current. Freed when nothing lives in it any more. */
MemoryWorld *memory_world_new(void);
void memory_world_free(MemoryWorld *world);

/* Makes world current on this thread; returns the one that was (never NULL).*/
MemoryWorld *memory_world_enter(MemoryWorld *world);
MemoryWorld *memory_world_current(void);

/* -- page states: why a page of RAM cannot be written by plain stores --------
 */

enum {
    PAGE_BITS = 12,
    PAGE_SIZE_BYTES = 1 << PAGE_BITS,
    PAGE_CODE = 1 << 0,     /* decoded instructions of some hart */
    PAGE_RESERVED = 1 << 1, /* a load-reserved is pending */
    PAGE_WATCHED = 1 << 2,  /* a debugger waits for a write */
};

struct RAMBlock {
    uint8_t *host;       /* page-aligned unless the caller brought it */
    uint64_t size;       /* bytes */
    uint8_t *page_state; /* one byte per page, PAGE_* bits */
    void *mapping; /* what to unmap at the end; NULL: the caller's memory */
    size_t mapping_size;
};

/* Sets bits on the page that holds `offset`; all ports lose their inline
 * entries for it, so every store to it comes through the slow path from now on.
 */
void ram_block_set_state(MemoryWorld *world, RAMBlock *block, ram_addr_t offset,
                         uint8_t bits);
void ram_block_clear_state(RAMBlock *block, ram_addr_t offset, uint8_t bits);

#ifdef __cplusplus
}
#endif
#endif
