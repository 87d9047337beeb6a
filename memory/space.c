/*
 * space.c - address spaces: the calls of the memory API that take one.
 *
 * Model    A call enters through the space's default port, so that it is timed
 *          and observed like any other access; inside an access that is under
 *          way (a device's callback calls back), for debug accesses, and when
 *          the space has no port, it is done directly. A view that nobody
 *          listens to is drawn when it is looked at (see listener.c).
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/posted_private.h"

/* -- life ----------------------------------------------------------------- */

/* The view another space with that root has, or a new one. */
static FlatView *space_draw(AddressSpace *as)
{
    for (AddressSpace *a = as->world->first_space; a; a = a->next) {
        FlatView *fv = a->next_map ? a->next_map : a->current_map;
        if (a->root == as->root && fv) {
            return as->current_map = flatview_ref(fv);
        }
    }
    return as->current_map = flatview_render(as->root);
}

FlatView *address_space_to_flatview(AddressSpace *as)
{
    return as->current_map ? as->current_map : space_draw(as);
}

void address_space_init(AddressSpace *as, MemoryRegion *root, const char *name)
{
    MemoryWorld *world = root->world;
    name = name ? name : "anonymous";
    char *copy = memory_alloc(strlen(name) + 1, 1);
    memcpy(copy, name, strlen(name));
    *as = (AddressSpace){
        .name = copy, .root = root, .world = world, .prev = world->last_space};
    *(as->prev ? &as->prev->next : &world->first_space) = as;
    world->last_space = as;
    memory_region_ref(root);
    space_draw(as);
    ioeventfd_update(as); /* what is there already is no news */
    compat2015_space_came(as);
}

void address_space_destroy(AddressSpace *as)
{
    MemoryWorld *world = as->world;
    if (!world) {
        return;
    }
    compat2015_space_goes(as);
    assert(!as->first_listener);
    posted_forget(as);
    *(as->prev ? &as->prev->next : &world->first_space) = as->next;
    *(as->next ? &as->next->prev : &world->last_space) = as->prev;
    AddressSpace gone = *as;
    *as = (AddressSpace){.name = NULL};
    flatview_unref(gone.next_map); /* may free what the space lives in */
    flatview_unref(gone.current_map);
    if (!world->first_space) {
        flatview_trim(world);
    }
    memory_region_unref(gone.root);
    free(gone.ioeventfds);
    free(gone.name);
}

/* -- entering ------------------------------------------------------------- */

/* What a device does inside an access is none of that access's pieces. */
typedef struct Direct {
    MemoryWorld *world;
    FlatView *fv;
    MemoryBeats *outer;
} Direct;

static Direct direct_begin(AddressSpace *as)
{
    Direct d = {as->world, flatview_ref(address_space_to_flatview(as)),
                as->world->beats};
    as->world->beats = NULL;
    return d;
}

static void direct_end(Direct *d)
{
    d->world->beats = d->outer;
    flatview_unref(d->fv);
}

static bool enters_port(const AddressSpace *as, MemTxAttrs attrs)
{
    return as->api && !as->world->port && !attrs.debug;
}

static PortTx new_tx(const AddressSpace *as, hwaddr addr, MemTxAttrs attrs)
{
    return (PortTx){.addr = addr,
                    .va = addr,
                    .issue = as->world->now,
                    .attrs = attrs,
                    .kind = ACCESS_API};
}

/* -- byte strings --------------------------------------------------------- */

MemTxResult address_space_rw(AddressSpace *as, hwaddr addr, MemTxAttrs attrs,
                             void *buf, hwaddr len, bool is_write)
{
    if (!len) {
        return MEMTX_OK;
    }
    if (enters_port(as, attrs)) {
        PortTx tx = new_tx(as, addr, attrs);
        port_transfer(as->api, &tx, buf, len, is_write);
        return tx.result;
    }
    Direct d = direct_begin(as);
    MemTxResult result = memory_rw(d.fv, addr, attrs, buf, len, is_write);
    direct_end(&d);
    return result;
}

MemTxResult address_space_read(AddressSpace *as, hwaddr addr, MemTxAttrs attrs,
                               void *buf, hwaddr len)
{
    return address_space_rw(as, addr, attrs, buf, len, false);
}

MemTxResult address_space_read_full(AddressSpace *as, hwaddr addr,
                                    MemTxAttrs attrs, void *buf, hwaddr len)
{
    return address_space_rw(as, addr, attrs, buf, len, false);
}

MemTxResult address_space_write(AddressSpace *as, hwaddr addr, MemTxAttrs attrs,
                                const void *buf, hwaddr len)
{
    union {
        const void *given;
        void *bytes; /* only read */
    } from = {buf};
    return address_space_rw(as, addr, attrs, from.bytes, len, true);
}

MemTxResult flatview_read_continue(FlatView *fv, hwaddr addr, MemTxAttrs attrs,
                                   void *buf, hwaddr len, hwaddr addr1,
                                   hwaddr l, MemoryRegion *mr)
{
    return memory_rw(fv, addr, attrs, buf, len, false);
}

MemTxResult address_space_write_rom(AddressSpace *as, hwaddr addr,
                                    MemTxAttrs attrs, const void *buf,
                                    hwaddr len)
{
    Direct d = direct_begin(as);
    MemTxResult result = memory_write_rom(d.fv, addr, attrs, buf, len);
    direct_end(&d);
    return result;
}

MemTxResult address_space_set(AddressSpace *as, hwaddr addr, uint8_t c,
                              hwaddr len, MemTxAttrs attrs)
{
    uint8_t fill[512];
    memset(fill, c, sizeof(fill));
    MemTxResult result = MEMTX_OK;
    for (hwaddr at = 0; at < len; at += sizeof(fill)) {
        hwaddr l = len - at < sizeof(fill) ? len - at : sizeof(fill);
        result |= address_space_write(as, addr + at, attrs, fill, l);
        if (len - at <= sizeof(fill)) {
            break; /* at might wrap */
        }
    }
    return result;
}

MemoryRegion *address_space_translate(AddressSpace *as, hwaddr addr,
                                      hwaddr *xlat, hwaddr *len, bool is_write,
                                      MemTxAttrs attrs)
{
    hwaddr offset, length = len ? *len : UINT64_MAX;
    MemoryRegion *mr = flatview_translate(address_space_to_flatview(as), addr,
                                          &offset, &length, is_write, attrs);
    if (xlat) {
        *xlat = offset;
    }
    if (len) {
        *len = length;
    }
    return mr;
}

bool address_space_access_valid(AddressSpace *as, hwaddr addr, hwaddr len,
                                bool is_write, MemTxAttrs attrs)
{
    FlatView *fv = flatview_ref(address_space_to_flatview(as));
    bool valid = memory_access_valid(fv, addr, len, is_write, attrs);
    flatview_unref(fv);
    return valid;
}

/* -- sized ---------------------------------------------------------------- */

/* The piece that holds a whole access which needs nobody's attention but the
 * target's; NULL: take the slow way. */
static inline const FlatPiece *quick_piece(const AddressSpace *as, hwaddr addr,
                                           unsigned size)
{
    FlatView *fv = as->current_map;
    if (!fv || as->api) {
        return NULL;
    }
    const FlatPiece *p = flatview_piece(fv, addr);
    return p && p->last - addr >= size - 1 ? p : NULL;
}

/* For the next time. */
static void learn(AddressSpace *as, hwaddr addr)
{
    if (!as->api) {
        FlatPiece *p = flatview_piece(address_space_to_flatview(as), addr);
        if (p && !p->quick) {
            dispatch_learn(p);
        }
    }
}

static inline bool is_aligned(hwaddr offset, unsigned size)
{
    return !(offset & (size - 1));
}

static MemOp target_order(const AddressSpace *as)
{
    return as->world->target_big_endian ? MO_BE : MO_LE;
}

static __attribute__((noinline)) uint64_t load_slow(AddressSpace *as,
                                                    hwaddr addr, MemOp op,
                                                    MemTxAttrs attrs,
                                                    MemTxResult *result)
{
    learn(as, addr);
    MemTxResult own;
    result = result ? result : &own;
    if (enters_port(as, attrs)) {
        PortTx tx = new_tx(as, addr, attrs);
        unsigned size = memop_size(op);
        uint64_t value = port_load(as->api, &tx, size);
        *result = tx.result;
        return op & MO_BSWAP ? swap_bytes(value, size) : value;
    }
    Direct d = direct_begin(as);
    uint64_t value = memory_ld(d.fv, addr, op, attrs, result);
    direct_end(&d);
    return value;
}

static inline uint64_t load(AddressSpace *as, hwaddr addr, MemOp op,
                            MemTxAttrs attrs, MemTxResult *result)
{
    const unsigned size = memop_size(op);
    const FlatPiece *p = quick_piece(as, addr, size);
    if (!p) {
        return load_slow(as, addr, op, attrs, result);
    }
    uint64_t value = 0;
    hwaddr into = addr - p->first;
    if (p->host) {
        memcpy(&value, p->host + into, size);
    } else {
        unsigned step = quick_step(p->quick, false, op & MO_SIZE);
        hwaddr offset = p->offset + into;
        if (!step || !is_aligned(offset, size) || as->world->beats) {
            return load_slow(as, addr, op, attrs, result);
        }
        FlatView *fv = flatview_ref(as->current_map);
        value = dispatch_quick_read(as->world, p, offset, size, step);
        flatview_unref(fv);
    }
    if (result) {
        *result = MEMTX_OK;
    }
    return op & MO_BSWAP ? swap_bytes(value, size) : value;
}

/* May it be stored to without telling anybody? */
static inline bool is_plain_page(const FlatPiece *p, hwaddr into, unsigned size)
{
    const RAMBlock *block = p->mr->ram_block;
    ram_addr_t offset = p->offset + into;
    return !p->mr->readonly && !block->page_state[offset >> PAGE_BITS] &&
           !block->page_state[(offset + size - 1) >> PAGE_BITS];
}

static __attribute__((noinline)) void store_slow(AddressSpace *as, hwaddr addr,
                                                 uint64_t value, MemOp op,
                                                 MemTxAttrs attrs,
                                                 MemTxResult *result)
{
    learn(as, addr);
    MemTxResult own;
    result = result ? result : &own;
    if (enters_port(as, attrs)) {
        PortTx tx = new_tx(as, addr, attrs);
        unsigned size = memop_size(op);
        port_store(as->api, &tx, size,
                   op & MO_BSWAP ? swap_bytes(value, size) : value);
        *result = tx.result;
        return;
    }
    Direct d = direct_begin(as);
    memory_st(d.fv, addr, value, op, attrs, result);
    direct_end(&d);
}

static inline void store(AddressSpace *as, hwaddr addr, uint64_t value,
                         MemOp op, MemTxAttrs attrs, MemTxResult *result)
{
    const unsigned size = memop_size(op);
    const FlatPiece *p = quick_piece(as, addr, size);
    if (!p) {
        store_slow(as, addr, value, op, attrs, result);
        return;
    }
    hwaddr into = addr - p->first;
    uint64_t bytes = op & MO_BSWAP ? swap_bytes(value, size) : value;
    if (p->host) {
        if (!is_plain_page(p, into, size)) {
            store_slow(as, addr, value, op, attrs, result);
            return;
        }
        memcpy(p->host + into, &bytes, size);
    } else {
        unsigned step = quick_step(p->quick, true, op & MO_SIZE);
        hwaddr offset = p->offset + into;
        if (!step || !is_aligned(offset, size) || as->world->beats) {
            store_slow(as, addr, value, op, attrs, result);
            return;
        }
        FlatView *fv = flatview_ref(as->current_map);
        dispatch_quick_write(as->world, p, offset, size, step, bytes);
        flatview_unref(fv);
    }
    if (result) {
        *result = MEMTX_OK;
    }
}

uint8_t address_space_ldub(AddressSpace *as, hwaddr addr, MemTxAttrs attrs,
                           MemTxResult *result)
{
    return (uint8_t)load(as, addr, MO_8, attrs, result);
}

void address_space_stb(AddressSpace *as, hwaddr addr, uint8_t val,
                       MemTxAttrs attrs, MemTxResult *result)
{
    store(as, addr, val, MO_8, attrs, result);
}

#define LD(letter, bits, suffix, order)                                        \
    uint##bits##_t address_space_ld##letter##suffix(                           \
        AddressSpace *as, hwaddr addr, MemTxAttrs attrs, MemTxResult *result)  \
    {                                                                          \
        MemOp op = (MemOp)(MO_##bits | (order));                               \
        return (uint##bits##_t)load(as, addr, op, attrs, result);              \
    }
#define ST(letter, bits, suffix, order)                                        \
    void address_space_st##letter##suffix(                                     \
        AddressSpace *as, hwaddr addr, uint##bits##_t val, MemTxAttrs attrs,   \
        MemTxResult *result)                                                   \
    {                                                                          \
        MemOp op = (MemOp)(MO_##bits | (order));                               \
        store(as, addr, val, op, attrs, result);                               \
    }

/* clang-format off */
LD(uw, 16,    , target_order(as)) ST(w, 16,    , target_order(as))
LD(l,  32,    , target_order(as)) ST(l, 32,    , target_order(as))
LD(q,  64,    , target_order(as)) ST(q, 64,    , target_order(as))
LD(uw, 16, _le, MO_LE)            ST(w, 16, _le, MO_LE)
LD(l,  32, _le, MO_LE)            ST(l, 32, _le, MO_LE)
LD(q,  64, _le, MO_LE)            ST(q, 64, _le, MO_LE)
LD(uw, 16, _be, MO_BE)            ST(w, 16, _be, MO_BE)
LD(l,  32, _be, MO_BE)            ST(l, 32, _be, MO_BE)
LD(q,  64, _be, MO_BE)            ST(q, 64, _be, MO_BE)
    /* clang-format on */
