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
 * Missing  IOMMU regions, coalesced MMIO, event notifiers, dirty logging, RAM
 *          discard, caches, map/unmap, file-backed and resizeable RAM, the
 *          2015 generation of names.
 */
#ifndef MEMORY_MEMORY_H
#define MEMORY_MEMORY_H

#include <stddef.h>

#include "memory/error.h"
#include "memory/int128.h"
#include "memory/memattrs.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Object Object; /* owner of a region; opaque here */
typedef struct MemoryRegion MemoryRegion;
typedef struct MemoryRegionOps MemoryRegionOps;
typedef struct AddressSpace AddressSpace;
typedef struct MemoryListener MemoryListener;
typedef struct MemoryWorld MemoryWorld;
typedef struct FlatView FlatView;
typedef struct RAMBlock RAMBlock;
typedef struct TimingModel TimingModel; /* memory/port.h */

#define MAX_PHYS_ADDR_SPACE_BITS 62
#define MAX_PHYS_ADDR (((hwaddr)1 << MAX_PHYS_ADDR_SPACE_BITS) - 1)
#define RAM_ADDR_INVALID (~(ram_addr_t)0)

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

/* Fields are private to memory/, except where a comment says otherwise. */
struct MemoryRegion {
    /* what an access needs */
    const MemoryRegionOps *ops;
    void *opaque;
    RAMBlock *ram_block; /* NULL unless memory answers */
    MemoryWorld *world;
    bool ram;        /* RAM, ROM or RAM device */
    bool readonly;   /* own flag */
    bool rom_device; /* reads from memory (romd_mode), writes to callbacks */
    bool romd_mode;
    bool ram_device;
    bool enabled;
    bool terminates; /* everything but pure containers and aliases */
    bool nonvolatile;
    bool dying;
    /* its place */
    int32_t priority;
    Int128 size; /* bytes, 0 .. 2^64 */
    hwaddr addr; /* relative to the container */
    MemoryRegion *container;
    MemoryRegion *alias;
    hwaddr alias_offset;
    unsigned mapped_via_alias;
    MemoryRegion *first_child, *last_child; /* falling priority */
    MemoryRegion *prev_sibling, *next_sibling;
    void (*destructor)(MemoryRegion *mr);
    Object *owner;
    char *name;
    /* for ports and observers */
    TimingModel *timing; /* borrowed; the target's own time; NULL: zero wait */
    uint32_t id;         /* unique in the world, from 1, in order of init */
};

struct MemoryListener {
    void (*begin)(MemoryListener *listener);
    void (*commit)(MemoryListener *listener);
    void (*region_add)(MemoryListener *listener, MemoryRegionSection *section);
    void (*region_del)(MemoryListener *listener, MemoryRegionSection *section);
    void (*region_nop)(MemoryListener *listener, MemoryRegionSection *section);
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
    FlatView *current_map;
    FlatView *next_map; /* drawn, not yet in place: inside a commit only */
    MemoryWorld *world;
    MemoryListener *first_listener, *last_listener;
    AddressSpace *prev, *next; /* in order of creation */
    struct MemoryPort *api;    /* borrowed: through which address_space_* calls
                                  enter; NULL: they are neither timed nor seen */
};

/* -- making regions; `name` is copied; size UINT64_MAX means 2^64 ---------- */

void memory_region_init(MemoryRegion *mr, Object *owner, const char *name,
                        uint64_t size);
/* ops NULL: an opaque hole. ops and opaque are borrowed. */
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

Object *memory_region_owner(MemoryRegion *mr);
uint64_t memory_region_size(MemoryRegion *mr); /* 2^64 as UINT64_MAX */
const char *memory_region_name(const MemoryRegion *mr);
bool memory_region_is_ram_device(MemoryRegion *mr);
bool memory_region_is_mapped(MemoryRegion *mr);
void *memory_region_get_ram_ptr(MemoryRegion *mr); /* through aliases */
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
void memory_region_transaction_begin(void);
void memory_region_transaction_commit(void);

void memory_listener_register(MemoryListener *listener, AddressSpace *as);
void memory_listener_unregister(MemoryListener *listener);

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

/* Prints the trees (or the flat views) of all spaces of the current world. */
void mtree_info(bool flatview, bool dispatch_tree, bool owner, bool disabled);

#ifdef __cplusplus
}
#endif
#endif
