/*
 * cache.c - MemoryRegionCache: windows of remembered translations (see
 * cache.h).
 *
 * Model    A window over memory is a host pointer. Over anything else, or over
 *          an IOMMU, the region is remembered, and each access goes on from
 *          there: an IOMMU is asked each time, an access that needs several
 *          pieces is done piece by piece.
 * Source   memory-api semantics, sections 3 and 10; the original sends the
 *          second piece of a slow access to the wrong address.
 */
#include <stdlib.h>

#include "memory/extend.h"

hwaddr flatview_extend(FlatView *fv, hwaddr addr, hwaddr len, MemoryRegion *mr,
                       hwaddr base, hwaddr done, bool is_write,
                       MemTxAttrs attrs)
{
    while (done < len) {
        MemoryPiece p =
            memory_piece_at(fv, addr + done, len - done, is_write, attrs);
        if (p.mr != mr || p.offset != base + done || !p.direct) {
            break;
        }
        done += p.len;
    }
    return done;
}

/* Bytes from addr to the end of the piece that holds it. Here, unlike in a
 * translation, anything is cut at page borders where its range starts or ends
 * inside a page. */
static Int128 piece_left(FlatView *fv, hwaddr addr)
{
    const hwaddr in_page = PAGE_SIZE_BYTES - 1;
    const FlatRange *r = flatview_lookup(fv, addr);
    if (!r) {
        return int128_2_64() - (Int128)addr;
    }
    hwaddr first = int128_get64(r->start);
    hwaddr last = first + (hwaddr)(r->size - 1);
    hwaddr end = last;
    if ((first & in_page) && addr <= (first | in_page)) {
        end = first | in_page;
    } else if ((last & in_page) != in_page && addr < (last & ~in_page)) {
        end = (last & ~in_page) - 1;
    }
    end = end < last ? end : last;
    return (Int128)(end - addr) + 1;
}

int64_t address_space_cache_init(MemoryRegionCache *cache, AddressSpace *as,
                                 hwaddr addr, hwaddr len, bool is_write)
{
    assert(len);
    FlatView *fv = flatview_ref(address_space_to_flatview(as));
    hwaddr xlat, l = len;
    MemoryRegion *mr = flatview_place(fv, addr, &xlat, &l);
    Int128 left = piece_left(fv, addr);
    l = (Int128)l < left ? l : int128_get64(left);
    const FlatRange *r = flatview_lookup(fv, addr);
    *cache = (MemoryRegionCache){.xlat = xlat,
                                 .len = l,
                                 .fv = fv,
                                 .mrs = {.mr = mr, .fv = fv},
                                 .is_write = is_write};
    if (r) {
        cache->mrs = flatrange_section(fv, r);
    }
    memory_region_ref(mr);
    MemoryPiece p = {.mr = mr,
                     .offset = xlat,
                     .len = l,
                     .direct = memory_access_is_direct(mr, is_write)};
    memory_piece_cut(&p);
    if (p.direct) {
        cache->len = flatview_extend(fv, addr, len, mr, xlat, p.len, is_write,
                                     MEMTXATTRS_UNSPECIFIED);
        cache->ptr = mr->ram_block->host + xlat;
    }
    return (int64_t)cache->len;
}

void address_space_cache_invalidate(MemoryRegionCache *cache, hwaddr addr,
                                    hwaddr access_len)
{
    assert(cache->is_write);
    if (cache->ptr && access_len) {
        assert(addr < cache->len && access_len <= cache->len - addr);
        ram_written(NULL, cache->mrs.mr, cache->xlat + addr, access_len);
    }
}

void address_space_cache_destroy(MemoryRegionCache *cache)
{
    if (cache->mrs.mr) {
        memory_region_unref(cache->mrs.mr);
        flatview_unref(cache->fv);
        *cache = (MemoryRegionCache){.mrs.mr = NULL};
    }
}

/* -- the slow way ---------------------------------------------------------- */

/* A cache during one access: a copy, because a callback may destroy it. */
typedef struct Held {
    MemoryRegionCache cache;
    MemoryWorld *world;
    MemoryBeats *outer;
} Held;

/* What a device does through a cache is none of the access's pieces that it is
 * in the middle of: who looks at those looks away. */
static Held hold(const MemoryRegionCache *cache)
{
    MemoryWorld *world = cache->fv->world;
    Held h = {*cache, world, world->beats};
    flatview_ref(cache->fv);
    world->beats = NULL;
    return h;
}

static void let_go(Held *h)
{
    h->world->beats = h->outer;
    flatview_unref(h->cache.fv);
}

static MemoryPiece piece_at(const MemoryRegionCache *cache, hwaddr addr,
                            hwaddr len, bool is_write, MemTxAttrs attrs)
{
    MemoryPiece p = {
        .mr = cache->mrs.mr, .offset = cache->xlat + addr, .len = len};
    if (p.mr->is_iommu) {
        p.mr =
            iommu_resolve(p.mr, &p.offset, &p.len, NULL, is_write, NULL, attrs);
    }
    /* A ROM device may have come into the other mode since. */
    p.direct = memory_access_is_direct(p.mr, is_write);
    memory_piece_cut(&p);
    return p;
}

static MemTxResult move(MemoryRegionCache *cache, hwaddr addr, void *buf,
                        hwaddr len, bool is_write)
{
    Held h = hold(cache);
    uint8_t *bytes = buf;
    MemTxResult result = MEMTX_OK;
    for (hwaddr at = 0, done; at < len; at += done) {
        MemoryPiece p = piece_at(&h.cache, addr + at, len - at, is_write,
                                 MEMTXATTRS_UNSPECIFIED);
        result |= memory_move(&p, bytes + at, len, is_write,
                              MEMTXATTRS_UNSPECIFIED, &done);
    }
    let_go(&h);
    return result;
}

MemTxResult address_space_read_cached_slow(MemoryRegionCache *cache,
                                           hwaddr addr, void *buf, hwaddr len)
{
    return move(cache, addr, buf, len, false);
}

MemTxResult address_space_write_cached_slow(MemoryRegionCache *cache,
                                            hwaddr addr, const void *buf,
                                            hwaddr len)
{
    union {
        const void *given;
        void *bytes; /* only read */
    } from = {buf};
    return move(cache, addr, from.bytes, len, true);
}

uint64_t address_space_load_cached_slow(MemoryRegionCache *cache, hwaddr addr,
                                        MemOp op, MemTxAttrs attrs,
                                        MemTxResult *result)
{
    MemTxResult own;
    Held h = hold(cache);
    MemoryPiece p = piece_at(&h.cache, addr, memop_size(op), false, attrs);
    uint64_t value = memory_load(&p, op, attrs, result ? result : &own);
    let_go(&h);
    return value;
}

void address_space_store_cached_slow(MemoryRegionCache *cache, hwaddr addr,
                                     uint64_t val, MemOp op, MemTxAttrs attrs,
                                     MemTxResult *result)
{
    MemTxResult own;
    Held h = hold(cache);
    MemoryPiece p = piece_at(&h.cache, addr, memop_size(op), true, attrs);
    memory_store(&p, val, op, attrs, result ? result : &own);
    let_go(&h);
}
