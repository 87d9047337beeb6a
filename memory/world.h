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
    hwaddr offset;          /* in mr */
    uint64_t value;         /* the piece's bytes, first byte lowest */
    uint32_t size;          /* bytes, 1..8 */
    uint8_t cause;          /* BeatCause */
    uint32_t begin, cycles; /* of a fill or write-back; from the tx's issue */
    const uint8_t
        *strobes; /* of its bytes, until recorded; NULL: all enabled */
} MemoryBeat;

typedef struct MemoryBeats {
    MemoryBeat *beat;
    unsigned count, capacity;
} MemoryBeats;

/* Where users want something better than what the published implementation
 * does. All off in a new world. */
typedef struct MemoryPolicy {
    /* memory_region_init_io() refuses callbacks that contradict themselves
     * (memory_region_check_ops): logged, the region becomes an opaque hole. */
    bool strict_ops;
    /* Misaligned accesses to devices whose impl is not unaligned are done as
     * aligned ones by every path, as the headers promise; else by
     * address_space_rw() only. */
    bool split_unaligned;
    /* A write to ROM is ignored without an error, by every path. */
    bool ignore_rom_writes;
    unsigned bounce_buffers; /* at one time; 0: 1 */
    uint64_t bounce_bytes;   /* of all of them together; 0: 4096 each */
} MemoryPolicy;

struct MemoryWorld {
    uint64_t now;           /* ps */
    bool target_big_endian; /* set before regions are made */
    AddressSpace *first_space, *last_space;
    MemoryListener *first_listener, *last_listener;
    unsigned transaction_depth;
    bool update_pending;
    uint32_t last_region_id;
    MemoryPort *first_port; /* in order of port_init */
    uint16_t last_initiator;
    MemoryPort *reserver;     /* the only port that has made reservations yet */
    bool reserved_by_more;    /* or a second one has */
    MemoryRecorder *recorder; /* borrowed; NULL: nothing is recorded */
    MemoryBeats *beats;       /* NULL: nobody looks at pieces */
    MemoryPort *port;         /* the port whose access is under way, or NULL */
    uint64_t pc;              /* instruction that caused it; 0: none */
    uint64_t va;              /* its address as the initiator computed it */
    unsigned code_writes;     /* accesses that changed a page holding code */
    bool updating;            /* views are being redrawn, listeners told */
    MemoryRegion unassigned;  /* answers where nothing is; id 0 */
    MemoryPolicy policy;      /* anybody may change it, between accesses */
    /* Where the memory API's warnings go, one line without a newline each;
     * NULL: stderr. */
    void (*log)(void *opaque, const char *line);
    void *log_opaque;
    /* private, each to one file */
    FlatView *spare_view;        /* flatview.c: tables to use again */
    void *draw_scratch[2];       /* flatview.c: strokes, keys */
    size_t draw_scratch_size[2]; /* bytes */
    struct DispatchFrame *frame; /* dispatch.c: callbacks under way */
    struct PostedQueue *posted;  /* posted.c; NULL: nothing ever posted */
    bool flushing;               /* posted.c */
    struct PostedBuffer *posted_buffers; /* posted_buffer.c; NULL: none */
    struct BounceBuffer *bounce;         /* map.c */
    const char *map_error;               /* map.c; NULL: none */
    ObjectClass *classes;                /* object.c */
    bool eventfds_pending;               /* ioeventfd.c: bindings changed */
    uint32_t last_event;                 /* event_notifier.c */
    bool log_global;                     /* dirty.c */
    RAMBlock *first_block;               /* ram.c */
    ram_addr_t last_ram_addr;            /* ram.c */
    int discards[4];                     /* discard.c: counters */
    struct MemoryWatches *watches;       /* watch.c; NULL: nobody watches */
    unsigned stale; /* space.c: views that are to be drawn */
};

/* Writes one line to the world's log. */
void memory_log(MemoryWorld *world, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A new world is not current. Freed when nothing lives in it any more. */
MemoryWorld *memory_world_new(void);
void memory_world_free(MemoryWorld *world);

/* Makes world current on this thread; returns the one that was (never NULL).*/
MemoryWorld *memory_world_enter(MemoryWorld *world);
MemoryWorld *memory_world_current(void);
/* The calling thread's own world, in which types of all its worlds live. */
MemoryWorld *memory_world_default(void);

/* -- page states: why a page of RAM cannot be written by plain stores --------
 */

enum {
    PAGE_BITS = 12,
    PAGE_SIZE_BYTES = 1 << PAGE_BITS,
    PAGE_CODE = 1 << 0,     /* decoded instructions of some hart */
    PAGE_RESERVED = 1 << 1, /* a load-reserved is pending; MemoryWorld.reserver
                               may write all the same */
    PAGE_WATCHED = 1 << 2,  /* a debugger waits for an access */
    PAGE_CLEAN_SHIFT = 3,   /* not written since, for dirty client 0, 1, 2 */
    PAGE_CLEAN_VGA = 1 << 3,
    PAGE_CLEAN_CODE = 1 << 4,
    PAGE_CLEAN_MIGRATION = 1 << 5,
};

struct RAMBlock {
    uint8_t *host;       /* page-aligned unless the caller brought it */
    uint64_t size;       /* bytes that can be reached */
    uint64_t max_size;   /* bytes of host memory; > size: resizeable */
    uint8_t *page_state; /* one byte per page of max_size, PAGE_* bits */
    void *mapping; /* what to unmap at the end; NULL: the caller's memory */
    size_t mapping_size;
    void *state_mapping; /* of page_state when it is not behind the memory */
    size_t state_size;
    uint32_t flags; /* RAM_* */
    int fd;         /* -1: not a file */
    MemoryRegion *mr;
    ram_addr_t ram_addr; /* in the world's flat numbering */
    void (*resized)(const char *name, uint64_t length, void *host);
    RAMBlock *next; /* all of the world */
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
