/*
 * memory.h - the memory API: regions, the tree they form, address spaces.
 *
 * A MemoryRegion is a node: RAM, ROM, a device, a container, or an alias (a
 * window onto another region). A tree of regions, seen from its root, is an
 * AddressSpace; what an access at an address reaches is the flat view of the
 * tree: higher priority hides lower, children hide their parent, disabled
 * regions are absent, containers are transparent where no child lies.
 *
 * Names, argument order and meaning are those of the published memory headers
 * of about 2021. Purely functional: no clock, no SQL. Everything here belongs
 * to the current MemoryWorld (memory/world.h). How an initiator enters, with
 * time and observation, is memory/port.h.
 *
 * The API's other nouns are in headers of their own, which this one includes:
 * object.h (owners), iommu.h, discard.h, cache.h, event_notifier.h. The names
 * of the 2015 generation are in memory2015.h.
 *
 * Missing  what only steers a host kernel (pmem, protected, userfaultfd flags)
 * is accepted, stored and has no effect.
 */
#ifndef MEMORY_MEMORY_H
#define MEMORY_MEMORY_H

#include <stddef.h>

#include "memory/error.h"
#include "memory/event_notifier.h"
#include "memory/int128.h"
#include "memory/memattrs.h"
#include "memory/object.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct MemoryRegion MemoryRegion;
typedef struct MemoryRegionOps MemoryRegionOps;
typedef struct AddressSpace AddressSpace;
typedef struct MemoryListener MemoryListener;
typedef struct MemoryWorld MemoryWorld;
typedef struct FlatView FlatView;
typedef struct FlatRange FlatRange;
typedef struct AddressSpaceDispatch AddressSpaceDispatch;
typedef struct RAMBlock RAMBlock;
typedef struct IOMMUMemoryRegion IOMMUMemoryRegion;
typedef struct IOMMUTLBEntry IOMMUTLBEntry;
typedef struct CoalescedMemoryRange CoalescedMemoryRange;
typedef struct MemoryRegionIoeventfd MemoryRegionIoeventfd;
typedef struct DirtyBitmapSnapshot DirtyBitmapSnapshot;
struct RamDiscardManager;
typedef struct TimingModel TimingModel; /* memory/port.h */

#define MAX_PHYS_ADDR_SPACE_BITS 62
#define MAX_PHYS_ADDR (((hwaddr)1 << MAX_PHYS_ADDR_SPACE_BITS) - 1)
#define RAM_ADDR_INVALID (~(ram_addr_t)0)

#define TYPE_MEMORY_REGION "memory-region"
#define MEMORY_REGION(obj) OBJECT_CHECK(MemoryRegion, (obj), TYPE_MEMORY_REGION)

/* Clients of dirty logging, and their bits in masks (1 << client). */
enum {
    DIRTY_MEMORY_VGA,
    DIRTY_MEMORY_CODE,
    DIRTY_MEMORY_MIGRATION,
    DIRTY_MEMORY_NUM,
};

/* Host backing of RAM. Only SHARED, RESIZEABLE, MIGRATABLE and NORESERVE do
 * something here; the others are kept. */
#define RAM_PREALLOC (1 << 0)
#define RAM_SHARED (1 << 1) /* writes reach the file */
#define RAM_RESIZEABLE (1 << 2)
#define RAM_UF_ZEROPAGE (1 << 3)
#define RAM_MIGRATABLE (1 << 4) /* part of the global dirty log */
#define RAM_PMEM (1 << 5)
#define RAM_UF_WRITEPROTECT (1 << 6)
#define RAM_NORESERVE (1 << 7)
#define RAM_PROTECTED (1 << 8)
#define RAM_READONLY (1 << 9)

/* A device's callbacks and what it can take. read/write are preferred over the
 * _with_attrs pair when both are set. Offsets are relative to the region. */
struct MemoryRegionOps {
    uint64_t (*read)(void *opaque, hwaddr addr, unsigned size);
    void (*write)(void *opaque, hwaddr addr, uint64_t data, unsigned size);
    MemTxResult (*read_with_attrs)(void *opaque, hwaddr addr, uint64_t *data,
                                   unsigned size, MemTxAttrs attrs);
    MemTxResult (*write_with_attrs)(void *opaque, hwaddr addr, uint64_t data,
                                    unsigned size, MemTxAttrs attrs);
    enum device_endian endianness;
    /* What the guest may do; anything else is a decode error. */
    struct {
        unsigned min_access_size; /* bytes; 0: no lower bound */
        unsigned max_access_size; /* bytes; 0: any, and min is not looked at */
        bool unaligned;           /* accept misaligned accesses */
        bool (*accepts)(void *opaque, hwaddr addr, unsigned size, bool is_write,
                        MemTxAttrs attrs); /* NULL: everything */
    } valid;
    /* What the callbacks implement; accesses are split or widened to fit. */
    struct {
        unsigned min_access_size; /* bytes; 0: 1 */
        unsigned max_access_size; /* bytes; 0: 4 */
        bool unaligned;
    } impl;
};

/* A fragment of a region as it is visible in an address space. */
typedef struct MemoryRegionSection {
    Int128 size;
    MemoryRegion *mr; /* NULL: nothing */
    FlatView *fv;
    hwaddr offset_within_region;
    hwaddr offset_within_address_space;
    bool readonly;
    bool nonvolatile;
} MemoryRegionSection;

typedef struct ReservedRegion {
    hwaddr low, high; /* both included */
    unsigned type;
} ReservedRegion;

typedef struct MemoryRegionClass {
    ObjectClass parent_class;
} MemoryRegionClass;

/* What a region does when its callback, or one it called, enters it again. */
typedef enum MemoryReentrancy {
    MEMORY_REENTRANCY_ALLOW, /* as the published implementation */
    MEMORY_REENTRANCY_FAULT, /* MEMTX_ACCESS_ERROR, logged with the path */
    MEMORY_REENTRANCY_QUEUE, /* writes wait until the outermost callback is
                                done (64 at most); reads fault */
} MemoryReentrancy;

/* What dispatch had to do, since the region was made. */
typedef struct MemoryAccessCounters {
    uint64_t splits;    /* accesses done by several callbacks */
    uint64_t widenings; /* accesses whose callback was wider than asked */
    uint64_t unaligned; /* accesses that were not naturally aligned */
    uint64_t rejected;  /* accesses that were not valid, or re-entrant */
} MemoryAccessCounters;

/* Fields are private to memory/, except where a comment says otherwise. */
struct MemoryRegion {
    Object parent_obj;
    /* what an access needs */
    const MemoryRegionOps *ops;
    void *opaque;
    MemoryWorld *world;
    RAMBlock *ram_block; /* NULL unless memory answers */
    uint8_t special;     /* REGION_*: what dispatch must look at */
    bool rom_device; /* reads from memory (romd_mode), writes to callbacks */
    bool is_iommu;
    bool flush_coalesced_mmio;
    uint8_t vga_logging_count;
    uint8_t reentrancy; /* MemoryReentrancy */
    bool dying;
    bool skip_dump; /* 2015 generation */
    /* what drawing the flat view needs */
    bool enabled;
    bool readonly; /* own flag */
    bool nonvolatile;
    bool terminates; /* everything but pure containers and aliases */
    bool romd_mode;
    bool ram; /* RAM, ROM or RAM device */
    bool ram_device;
    uint8_t dirty_log_mask; /* asked for by set_log: 1 << client */
    MemoryRegion *next_sibling;
    MemoryRegion *first_child; /* falling priority */
    MemoryRegion *alias;
    hwaddr addr; /* relative to the container */
    Int128 size; /* bytes, 0 .. 2^64 */
    Object *owner;
    uint32_t id; /* unique in the world, from 1, in order of init */
    /* the rest */
    int32_t priority;
    hwaddr alias_offset;
    MemoryRegion *container, *last_child, *prev_sibling;
    unsigned mapped_via_alias;
    bool warning_printed;
    void (*destructor)(MemoryRegion *mr);
    char *name;
    uint64_t align; /* bytes asked of the host for RAM; 0: a page */
    CoalescedMemoryRange *coalesced;
    unsigned coalesced_nb;
    unsigned ioeventfd_nb;
    MemoryRegionIoeventfd *ioeventfds; /* sorted */
    struct RamDiscardManager *rdm;     /* only for RAM */
    struct MemoryReentryQueue *queue;  /* MEMORY_REENTRANCY_QUEUE */
    unsigned entered;                  /* callbacks under way, if guarded */
    MemoryAccessCounters counters;
    /* for ports and observers */
    TimingModel *timing; /* borrowed; the target's own time; NULL: zero wait */
    struct PostedRegion
        *posted; /* posted_buffer.h; NULL: stores are not posted */
};

/* Callbacks may be NULL. Changes are told in the order: begin, per space all
 * deletions, then additions and unchanged ranges by address, then event
 * bindings; commit. A callback may change the map, of which all are told after
 * this commit; it does not unregister a listener. */
struct MemoryListener {
    void (*begin)(MemoryListener *listener);
    void (*commit)(MemoryListener *listener);
    void (*region_add)(MemoryListener *listener, MemoryRegionSection *section);
    void (*region_del)(MemoryListener *listener, MemoryRegionSection *section);
    void (*region_nop)(MemoryListener *listener, MemoryRegionSection *section);
    /* old, new: masks of dirty clients before and after */
    void (*log_start)(MemoryListener *listener, MemoryRegionSection *section,
                      int old_mask, int new_mask);
    void (*log_stop)(MemoryListener *listener, MemoryRegionSection *section,
                     int old_mask, int new_mask);
    void (*log_sync)(MemoryListener *listener, MemoryRegionSection *section);
    /* instead of log_sync, for one that cannot sync a section */
    void (*log_sync_global)(MemoryListener *listener);
    void (*log_clear)(MemoryListener *listener, MemoryRegionSection *section);
    void (*log_global_start)(MemoryListener *listener);
    void (*log_global_stop)(MemoryListener *listener);
    void (*log_global_after_sync)(MemoryListener *listener);
    /* data in the device's order */
    void (*eventfd_add)(MemoryListener *listener, MemoryRegionSection *section,
                        bool match_data, uint64_t data, EventNotifier *e);
    void (*eventfd_del)(MemoryListener *listener, MemoryRegionSection *section,
                        bool match_data, uint64_t data, EventNotifier *e);
    void (*coalesced_io_add)(MemoryListener *listener,
                             MemoryRegionSection *section, hwaddr addr,
                             hwaddr len);
    void (*coalesced_io_del)(MemoryListener *listener,
                             MemoryRegionSection *section, hwaddr addr,
                             hwaddr len);
    int priority; /* lower is called earlier on add, later on delete */
    const char *name;
    /* private */
    AddressSpace *address_space;
    MemoryListener *prev, *next;       /* all of the world, rising priority */
    MemoryListener *prev_as, *next_as; /* those of the space */
};

struct AddressSpace {
    char *name;
    MemoryRegion *root;
    FlatView
        *current_map;   /* NULL: to be drawn; see address_space_to_flatview */
    FlatView *next_map; /* drawn, not yet in place: inside a commit only */
    MemoryWorld *world;
    MemoryListener *first_listener, *last_listener;
    AddressSpace *prev, *next; /* in order of creation */
    struct MemoryPort *api;    /* borrowed: through which address_space_* calls
                                  enter; NULL: they are neither timed nor seen */
    MemoryRegionIoeventfd *ioeventfds; /* as the listeners know them */
    unsigned ioeventfd_nb;
};

/* -- making regions; `name` is copied; size UINT64_MAX means 2^64 ---------- */

void memory_region_init(MemoryRegion *mr, Object *owner, const char *name,
                        uint64_t size);
/* ops NULL: an opaque hole. ops and opaque are borrowed; ops do not change once
 * the region is accessed. */
void memory_region_init_io(MemoryRegion *mr, Object *owner,
                           const MemoryRegionOps *ops, void *opaque,
                           const char *name, uint64_t size);
/* Zero-filled RAM. Fails, with the region an empty container, when the host
 * has no memory. */
void memory_region_init_ram(MemoryRegion *mr, Object *owner, const char *name,
                            uint64_t size, Error **errp);
void memory_region_init_rom(MemoryRegion *mr, Object *owner, const char *name,
                            uint64_t size, Error **errp);
void memory_region_init_rom_device(MemoryRegion *mr, Object *owner,
                                   const MemoryRegionOps *ops, void *opaque,
                                   const char *name, uint64_t size,
                                   Error **errp);
/* Not registered for migration: no part of the global dirty log. */
void memory_region_init_ram_nomigrate(MemoryRegion *mr, Object *owner,
                                      const char *name, uint64_t size,
                                      Error **errp);
/* ram_flags: RAM_SHARED | RAM_NORESERVE. */
void memory_region_init_ram_flags_nomigrate(MemoryRegion *mr, Object *owner,
                                            const char *name, uint64_t size,
                                            uint32_t ram_flags, Error **errp);
void memory_region_init_rom_nomigrate(MemoryRegion *mr, Object *owner,
                                      const char *name, uint64_t size,
                                      Error **errp);
void memory_region_init_rom_device_nomigrate(MemoryRegion *mr, Object *owner,
                                             const MemoryRegionOps *ops,
                                             void *opaque, const char *name,
                                             uint64_t size, Error **errp);
/* Used size now, at most max_size later; `resized` (may be NULL) is told the
 * name, the new used size in bytes and the host address. */
void memory_region_init_resizeable_ram(
    MemoryRegion *mr, Object *owner, const char *name, uint64_t size,
    uint64_t max_size,
    void (*resized)(const char *, uint64_t length, void *host), Error **errp);
/* RAM that is a file: created, and grown to size, when need be; a directory
 * gets a nameless file. align: bytes, 0 or a power of two. RAM_SHARED: writes
 * reach the file. readonly: the file is opened for reading. */
void memory_region_init_ram_from_file(MemoryRegion *mr, Object *owner,
                                      const char *name, uint64_t size,
                                      uint64_t align, uint32_t ram_flags,
                                      const char *path, bool readonly,
                                      Error **errp);
/* Takes fd over, also when it fails; offset: where in the file it begins. */
void memory_region_init_ram_from_fd(MemoryRegion *mr, Object *owner,
                                    const char *name, uint64_t size,
                                    uint32_t ram_flags, int fd,
                                    ram_addr_t offset, Error **errp);
/* RAM over memory of the caller, size bytes, which outlives the region. */
void memory_region_init_ram_ptr(MemoryRegion *mr, Object *owner,
                                const char *name, uint64_t size, void *ptr);
void memory_region_init_ram_device_ptr(MemoryRegion *mr, Object *owner,
                                       const char *name, uint64_t size,
                                       void *ptr);
void memory_region_init_alias(MemoryRegion *mr, Object *owner, const char *name,
                              MemoryRegion *orig, hwaddr offset, uint64_t size);
/* Frees what the region owns. It must be in no container, hold no child, and be
 * visible nowhere: not inside the transaction that took it out. A region that
 * was never initialised (all zero) is fine. */
void memory_region_fini(MemoryRegion *mr);

/* -- asking -----------------------------------------------------------------
 */

/* Keep, and let go, what the region lives in: its owner. */
void memory_region_ref(MemoryRegion *mr);
void memory_region_unref(MemoryRegion *mr);
Object *memory_region_owner(MemoryRegion *mr);
uint64_t memory_region_size(MemoryRegion *mr); /* 2^64 as UINT64_MAX */
const char *memory_region_name(const MemoryRegion *mr);
bool memory_region_is_ram_device(MemoryRegion *mr);
bool memory_region_is_mapped(MemoryRegion *mr);
void *memory_region_get_ram_ptr(MemoryRegion *mr); /* through aliases */
/* Every byte of the region's own memory, before it is in use. Like zeros it
 * takes host memory only where it is written later. */
bool memory_region_fill(MemoryRegion *mr, uint8_t byte, Error **errp);
/* The RAM region of the current world that holds this host address, and the
 * offset in it; NULL: none. */
MemoryRegion *memory_region_from_host(void *ptr, ram_addr_t *offset);
void *qemu_map_ram_ptr(RAMBlock *ram_block, ram_addr_t addr);
/* Its place in the world's flat numbering of RAM; RAM_ADDR_INVALID: no RAM. */
ram_addr_t memory_region_get_ram_addr(MemoryRegion *mr);
uint64_t memory_region_get_alignment(const MemoryRegion *mr); /* bytes */
int memory_region_get_fd(MemoryRegion *mr); /* -1: not a file; borrowed */
/* The used size of resizeable RAM, page-rounded, at most its maximum. */
void memory_region_ram_resize(MemoryRegion *mr, ram_addr_t newsize,
                              Error **errp);
/* Writes a range of shared file-backed RAM to its file. */
void memory_region_msync(MemoryRegion *mr, hwaddr addr, hwaddr size);
void memory_region_writeback(MemoryRegion *mr, hwaddr addr, hwaddr size);
bool memory_region_is_protected(const MemoryRegion *mr);
static inline bool memory_region_is_ram(MemoryRegion *mr)
{
    return mr->ram;
}
static inline bool memory_region_is_rom(MemoryRegion *mr)
{
    return mr->ram && mr->readonly;
}
static inline bool memory_region_is_romd(MemoryRegion *mr)
{
    return mr->rom_device && mr->romd_mode;
}
static inline bool memory_region_is_nonvolatile(MemoryRegion *mr)
{
    return mr->nonvolatile;
}

/* May the region be reached by pointer? */
static inline bool memory_access_is_direct(MemoryRegion *mr, bool is_write)
{
    if (is_write) {
        return mr->ram && !mr->readonly && !mr->rom_device && !mr->ram_device;
    }
    return (mr->ram && !mr->ram_device) || memory_region_is_romd(mr);
}

/* -- what a region does beyond the published API ---------------------------
 */

/* False, with *errp naming the contradiction: unaligned impl without unaligned
 * valid, min above max, a size that is no power of two up to 8, or no callback
 * for a direction. Regions accept such ops unless the world is strict. */
bool memory_region_check_ops(const MemoryRegionOps *ops, Error **errp);
/* Not while one of its callbacks is under way. */
void memory_region_set_reentrancy(MemoryRegion *mr, MemoryReentrancy policy);
const MemoryAccessCounters *memory_region_counters(const MemoryRegion *mr);

/* -- the tree ----------------------------------------------------------------
 */

void memory_region_add_subregion(MemoryRegion *mr, hwaddr offset,
                                 MemoryRegion *subregion);
/* Higher priority hides lower; of equals the latest added wins. */
void memory_region_add_subregion_overlap(MemoryRegion *mr, hwaddr offset,
                                         MemoryRegion *subregion, int priority);
void memory_region_del_subregion(MemoryRegion *mr, MemoryRegion *subregion);

void memory_region_set_readonly(MemoryRegion *mr, bool readonly);
void memory_region_set_nonvolatile(MemoryRegion *mr, bool nonvolatile);
void memory_region_rom_device_set_romd(MemoryRegion *mr, bool romd_mode);
void memory_region_set_enabled(MemoryRegion *mr, bool enabled);
void memory_region_set_address(MemoryRegion *mr, hwaddr addr);
/* RAM becomes at most as large as it was made. */
void memory_region_set_size(MemoryRegion *mr, uint64_t size);
void memory_region_set_alias_offset(MemoryRegion *mr, hwaddr offset);

bool memory_region_present(MemoryRegion *container, hwaddr addr);
MemoryRegionSection memory_region_find(MemoryRegion *mr, hwaddr addr,
                                       uint64_t size);

/* Changes between begin and the outermost commit become visible at once, at
 * that commit. They nest; every call above wraps itself in a pair. */
/* begin also asks for a flush of posted writes (memory/posted.h). */
void memory_region_transaction_begin(void);
void memory_region_transaction_commit(void);

void memory_listener_register(MemoryListener *listener, AddressSpace *as);
void memory_listener_unregister(MemoryListener *listener);
void address_space_remove_listeners(AddressSpace *as);

/* Compares all but the view. The copy holds references; free it. */
bool MemoryRegionSection_eq(const MemoryRegionSection *a,
                            const MemoryRegionSection *b);
MemoryRegionSection *
memory_region_section_new_copy(const MemoryRegionSection *s);
void memory_region_section_free_copy(MemoryRegionSection *s);

/* -- coalesced (posted) writes, event bindings ------------------------------
 */

/* All of the region; replaces other ranges. */
void memory_region_set_coalescing(MemoryRegion *mr);
void memory_region_add_coalescing(MemoryRegion *mr, hwaddr offset,
                                  uint64_t size);
void memory_region_clear_coalescing(MemoryRegion *mr);
/* Posted writes must have arrived before any access to the region. */
void memory_region_set_flush_coalesced(MemoryRegion *mr);
void memory_region_clear_flush_coalesced(MemoryRegion *mr);

/* A write of `size` bytes (0: any) at addr, and of `data` (target order) if
 * match_data, signals e instead of calling the device. e is borrowed. */
void memory_region_add_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size,
                               bool match_data, uint64_t data,
                               EventNotifier *e);
/* The same arguments; there must be such a binding. */
void memory_region_del_eventfd(MemoryRegion *mr, hwaddr addr, unsigned size,
                               bool match_data, uint64_t data,
                               EventNotifier *e);

/* -- dirty logging: which pages (4096 bytes) of RAM were written ------------
 */

/* client: DIRTY_MEMORY_VGA. Counted: as many off as on. */
void memory_region_set_log(MemoryRegion *mr, bool log, unsigned client);
/* 1 << client of those that log the region now. */
uint8_t memory_region_get_dirty_log_mask(MemoryRegion *mr);
bool memory_region_is_logging(MemoryRegion *mr, uint8_t client);
void memory_region_set_dirty(MemoryRegion *mr, hwaddr addr, hwaddr size);
void memory_region_reset_dirty(MemoryRegion *mr, hwaddr addr, hwaddr size,
                               unsigned client);
/* The bits of the range, rounded out to 64 pages, which become clean. */
DirtyBitmapSnapshot *memory_region_snapshot_and_clear_dirty(MemoryRegion *mr,
                                                            hwaddr addr,
                                                            hwaddr size,
                                                            unsigned client);
bool memory_region_snapshot_get_dirty(MemoryRegion *mr,
                                      DirtyBitmapSnapshot *snap, hwaddr addr,
                                      hwaddr size);
void memory_snapshot_free(DirtyBitmapSnapshot *snap);
/* Is any page that touches the range dirty for the client? No events. */
bool memory_region_get_dirty(MemoryRegion *mr, hwaddr addr, hwaddr size,
                             unsigned client);
/* Tells the listeners' log_clear. */
void memory_region_clear_dirty_bitmap(MemoryRegion *mr, hwaddr start,
                                      hwaddr len);
/* A ROM device changed its own memory. */
void memory_region_flush_rom_device(MemoryRegion *mr, hwaddr addr, hwaddr size);
void memory_global_dirty_log_start(void);
void memory_global_dirty_log_stop(void);
void memory_global_dirty_log_sync(void);
void memory_global_after_dirty_log_sync(void);
/* Is global logging on in the current world? */
bool memory_global_dirty_log(void);
#define global_dirty_log (memory_global_dirty_log())

/* -- flat views ------------------------------------------------------------
 */

/* The view that holds now; drawn if need be. Borrowed: until the next commit.*/
FlatView *address_space_to_flatview(AddressSpace *as);
/* True ends the walk. */
typedef bool (*flatview_cb)(Int128 start, Int128 len, const MemoryRegion *mr,
                            hwaddr offset_in_region, void *opaque);
void flatview_for_each_range(FlatView *fv, flatview_cb cb, void *opaque);
/* As address_space_translate(), on that view. */
MemoryRegion *flatview_translate(FlatView *fv, hwaddr addr, hwaddr *xlat,
                                 hwaddr *len, bool is_write, MemTxAttrs attrs);

/* -- one region by offset -----------------------------------------------------
 */

/* Applies the region's access rules: validity, byte order, splitting and
 * widening. *pval keeps what a widened read returned above the size. */
MemTxResult memory_region_dispatch_read(MemoryRegion *mr, hwaddr addr,
                                        uint64_t *pval, MemOp op,
                                        MemTxAttrs attrs);
MemTxResult memory_region_dispatch_write(MemoryRegion *mr, hwaddr addr,
                                         uint64_t data, MemOp op,
                                         MemTxAttrs attrs);

/* -- address spaces
 * ------------------------------------------------------------ */

/* `name` is copied; root is borrowed and outlives the space. */
void address_space_init(AddressSpace *as, MemoryRegion *root, const char *name);
void address_space_destroy(AddressSpace *as);

/* Byte strings: cut into pieces that each region takes; all pieces run; the
 * result is the OR. */
MemTxResult address_space_rw(AddressSpace *as, hwaddr addr, MemTxAttrs attrs,
                             void *buf, hwaddr len, bool is_write);
MemTxResult address_space_read(AddressSpace *as, hwaddr addr, MemTxAttrs attrs,
                               void *buf, hwaddr len);
MemTxResult address_space_write(AddressSpace *as, hwaddr addr, MemTxAttrs attrs,
                                const void *buf, hwaddr len);
/* Loader and debugger write: also into ROM, never into a device. */
MemTxResult address_space_write_rom(AddressSpace *as, hwaddr addr,
                                    MemTxAttrs attrs, const void *buf,
                                    hwaddr len);
MemTxResult address_space_set(AddressSpace *as, hwaddr addr, uint8_t c,
                              hwaddr len, MemTxAttrs attrs);
MemoryRegion *address_space_translate(AddressSpace *as, hwaddr addr,
                                      hwaddr *xlat, hwaddr *len, bool is_write,
                                      MemTxAttrs attrs);
bool address_space_access_valid(AddressSpace *as, hwaddr addr, hwaddr len,
                                bool is_write, MemTxAttrs attrs);

MemTxResult address_space_read_full(AddressSpace *as, hwaddr addr,
                                    MemTxAttrs attrs, void *buf, hwaddr len);
/* Goes on with a read that has been translated to mr at offset addr1, of which
 * l bytes lie in one piece. */
MemTxResult flatview_read_continue(FlatView *fv, hwaddr addr, MemTxAttrs attrs,
                                   void *buf, hwaddr len, hwaddr addr1,
                                   hwaddr l, MemoryRegion *mr);

/* A host pointer to *plen bytes at addr: of memory as far as it goes on in one
 * piece, or a bounce buffer that is read now and written back at unmap, as many
 * and as large as the world's policy says (memory/world.h). NULL, with *plen 0
 * and the reason in memory_map_error(), when there is none. */
void *address_space_map(AddressSpace *as, hwaddr addr, hwaddr *plen,
                        bool is_write, MemTxAttrs attrs);
/* access_len: bytes really read or written. */
void address_space_unmap(AddressSpace *as, void *buffer, hwaddr len,
                         bool is_write, hwaddr access_len);
/* Why the current world's last address_space_map() gave no pointer, or the
 * result of its bounce read; "" when all was well. */
const char *memory_map_error(void);

/* Sized loads and stores: one dispatch of the whole size. result may be NULL.
 * Unsuffixed: the target's byte order. */
uint8_t address_space_ldub(AddressSpace *as, hwaddr addr, MemTxAttrs attrs,
                           MemTxResult *result);
void address_space_stb(AddressSpace *as, hwaddr addr, uint8_t val,
                       MemTxAttrs attrs, MemTxResult *result);
#define MEMORY_LDST_DECLARE(suffix)                                            \
    uint16_t address_space_lduw##suffix(                                       \
        AddressSpace *as, hwaddr addr, MemTxAttrs attrs, MemTxResult *result); \
    uint32_t address_space_ldl##suffix(AddressSpace *as, hwaddr addr,          \
                                       MemTxAttrs attrs, MemTxResult *result); \
    uint64_t address_space_ldq##suffix(AddressSpace *as, hwaddr addr,          \
                                       MemTxAttrs attrs, MemTxResult *result); \
    void address_space_stw##suffix(AddressSpace *as, hwaddr addr,              \
                                   uint16_t val, MemTxAttrs attrs,             \
                                   MemTxResult *result);                       \
    void address_space_stl##suffix(AddressSpace *as, hwaddr addr,              \
                                   uint32_t val, MemTxAttrs attrs,             \
                                   MemTxResult *result);                       \
    void address_space_stq##suffix(AddressSpace *as, hwaddr addr,              \
                                   uint64_t val, MemTxAttrs attrs,             \
                                   MemTxResult *result);
MEMORY_LDST_DECLARE()
MEMORY_LDST_DECLARE(_le)
MEMORY_LDST_DECLARE(_be)
#undef MEMORY_LDST_DECLARE

/* Without result, unspecified attributes. */
#define MEMORY_LDST_PHYS(letter, form, bits, suffix)                           \
    static inline uint##bits##_t ld##form##suffix##_phys(AddressSpace *as,     \
                                                         hwaddr addr)          \
    {                                                                          \
        return address_space_ld##form##suffix(as, addr,                        \
                                              MEMTXATTRS_UNSPECIFIED, NULL);   \
    }                                                                          \
    static inline void st##letter##suffix##_phys(                              \
        AddressSpace *as, hwaddr addr, uint##bits##_t val)                     \
    {                                                                          \
        address_space_st##letter##suffix(as, addr, val,                        \
                                         MEMTXATTRS_UNSPECIFIED, NULL);        \
    }
MEMORY_LDST_PHYS(b, ub, 8, )
MEMORY_LDST_PHYS(w, uw, 16, )
MEMORY_LDST_PHYS(l, l, 32, )
MEMORY_LDST_PHYS(q, q, 64, )
MEMORY_LDST_PHYS(w, uw, 16, _le)
MEMORY_LDST_PHYS(l, l, 32, _le)
MEMORY_LDST_PHYS(q, q, 64, _le)
MEMORY_LDST_PHYS(w, uw, 16, _be)
MEMORY_LDST_PHYS(l, l, 32, _be)
MEMORY_LDST_PHYS(q, q, 64, _be)
#undef MEMORY_LDST_PHYS
/* The published headers mark code as unchanged here; there is none to mark. */
#define address_space_stl_notdirty address_space_stl

/* Prints, on stdout, the trees or the flat views of all spaces of the current
 * world; dispatch_tree: with the look-up pieces of each view; owner: with the
 * owner's type; disabled: disabled regions too. */
void mtree_info(bool flatview, bool dispatch_tree, bool owner, bool disabled);

/* A fuzzer's hook on DMA reads; nothing here. */
static inline void fuzz_dma_read_cb(size_t addr, size_t len, MemoryRegion *mr)
{
}

#ifdef __cplusplus
}
#endif

#include "memory/cache.h"
#include "memory/discard.h"
#include "memory/iommu.h"

#endif
