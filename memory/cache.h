/*
 * cache.h - MemoryRegionCache: the remembered translation of a window, for a
 * device that reads the same descriptors again and again. Included by
 * memory/memory.h.
 *
 * Model    Over memory the cache holds a host pointer: an access through it is
 *          a plain load or store, without port, dirty marking or bounds beyond
 *          an assertion; address_space_cache_invalidate() marks what was
 *          written. Over anything else each access is dispatched. A cache keeps
 *          the view it was made on until it is destroyed.
 */
#ifndef MEMORY_CACHE_H
#define MEMORY_CACHE_H

#ifndef MEMORY_MEMORY_H
#error "include memory/memory.h"
#endif

#include <assert.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct MemoryRegionCache {
    void *ptr;   /* NULL: slow */
    hwaddr xlat; /* offset of the window in mrs.mr */
    hwaddr len;  /* bytes */
    FlatView *fv;
    MemoryRegionSection mrs; /* mr NULL: not a cache */
    bool is_write;
} MemoryRegionCache;

#ifdef __cplusplus
#define MEMORY_REGION_CACHE_INVALID (MemoryRegionCache{})
#else
#define MEMORY_REGION_CACHE_INVALID ((MemoryRegionCache){.mrs.mr = NULL})
#endif

/* Returns the bytes it covers, at most len; 0 < len. */
int64_t address_space_cache_init(MemoryRegionCache *cache, AddressSpace *as,
                                 hwaddr addr, hwaddr len, bool is_write);
/* Marks [addr, addr + access_len) of a cache made for writing as written. */
void address_space_cache_invalidate(MemoryRegionCache *cache, hwaddr addr,
                                    hwaddr access_len);
/* An invalid cache is fine. */
void address_space_cache_destroy(MemoryRegionCache *cache);

MemTxResult address_space_read_cached_slow(MemoryRegionCache *cache,
                                           hwaddr addr, void *buf, hwaddr len);
MemTxResult address_space_write_cached_slow(MemoryRegionCache *cache,
                                            hwaddr addr, const void *buf,
                                            hwaddr len);
/* op: size and order. result may be NULL. */
uint64_t address_space_load_cached_slow(MemoryRegionCache *cache, hwaddr addr,
                                        MemOp op, MemTxAttrs attrs,
                                        MemTxResult *result);
void address_space_store_cached_slow(MemoryRegionCache *cache, hwaddr addr,
                                     uint64_t val, MemOp op, MemTxAttrs attrs,
                                     MemTxResult *result);
#define address_space_ldub_cached_slow(cache, addr, attrs, result)             \
    ((uint8_t)address_space_load_cached_slow(cache, addr, MO_8, attrs, result))
#define address_space_stb_cached_slow(cache, addr, val, attrs, result)         \
    address_space_store_cached_slow(cache, addr, val, MO_8, attrs, result)

/* [addr, addr + len) lies inside the window. */
static inline MemTxResult address_space_read_cached(MemoryRegionCache *cache,
                                                    hwaddr addr, void *buf,
                                                    hwaddr len)
{
    assert(addr < cache->len && len <= cache->len - addr);
    if (cache->ptr && len) {
        memcpy(buf, (const char *)cache->ptr + addr, len);
        return MEMTX_OK;
    }
    return address_space_read_cached_slow(cache, addr, buf, len);
}

static inline MemTxResult address_space_write_cached(MemoryRegionCache *cache,
                                                     hwaddr addr,
                                                     const void *buf,
                                                     hwaddr len)
{
    assert(addr < cache->len && len <= cache->len - addr);
    if (cache->ptr && len) {
        memcpy((char *)cache->ptr + addr, buf, len);
        return MEMTX_OK;
    }
    return address_space_write_cached_slow(cache, addr, buf, len);
}

static inline uint64_t memory_cache_load(MemoryRegionCache *cache, hwaddr addr,
                                         MemOp op, MemTxAttrs attrs,
                                         MemTxResult *result)
{
    unsigned size = memop_size(op);
    assert(addr < cache->len && size <= cache->len - addr);
    if (!cache->ptr) {
        return address_space_load_cached_slow(cache, addr, op, attrs, result);
    }
    uint64_t value = 0;
    memcpy(&value, (const char *)cache->ptr + addr, size);
    if (result) {
        *result = MEMTX_OK;
    }
    return op & MO_BSWAP ? __builtin_bswap64(value) >> (64 - 8 * size) : value;
}

static inline void memory_cache_store(MemoryRegionCache *cache, hwaddr addr,
                                      uint64_t value, MemOp op,
                                      MemTxAttrs attrs, MemTxResult *result)
{
    unsigned size = memop_size(op);
    assert(addr < cache->len && size <= cache->len - addr);
    if (!cache->ptr) {
        address_space_store_cached_slow(cache, addr, value, op, attrs, result);
        return;
    }
    value = op & MO_BSWAP ? __builtin_bswap64(value) >> (64 - 8 * size) : value;
    memcpy((char *)cache->ptr + addr, &value, size);
    if (result) {
        *result = MEMTX_OK;
    }
}

static inline uint8_t address_space_ldub_cached(MemoryRegionCache *cache,
                                                hwaddr addr, MemTxAttrs attrs,
                                                MemTxResult *result)
{
    return (uint8_t)memory_cache_load(cache, addr, MO_8, attrs, result);
}

static inline void address_space_stb_cached(MemoryRegionCache *cache,
                                            hwaddr addr, uint8_t val,
                                            MemTxAttrs attrs,
                                            MemTxResult *result)
{
    memory_cache_store(cache, addr, val, MO_8, attrs, result);
}

static inline uint8_t ldub_phys_cached(MemoryRegionCache *cache, hwaddr addr)
{
    return (uint8_t)memory_cache_load(cache, addr, MO_8, MEMTXATTRS_UNSPECIFIED,
                                      NULL);
}

static inline void stb_phys_cached(MemoryRegionCache *cache, hwaddr addr,
                                   uint8_t val)
{
    memory_cache_store(cache, addr, val, MO_8, MEMTXATTRS_UNSPECIFIED, NULL);
}

#define MEMORY_CACHED_ACCESS(letter, form, bits, order, flag)                  \
    static inline uint##bits##_t address_space_ld##form##_##order##_cached(    \
        MemoryRegionCache *cache, hwaddr addr, MemTxAttrs attrs,               \
        MemTxResult *result)                                                   \
    {                                                                          \
        return (uint##bits##_t)memory_cache_load(                              \
            cache, addr, (MemOp)(MO_##bits | (flag)), attrs, result);          \
    }                                                                          \
    static inline void address_space_st##letter##_##order##_cached(            \
        MemoryRegionCache *cache, hwaddr addr, uint##bits##_t val,             \
        MemTxAttrs attrs, MemTxResult *result)                                 \
    {                                                                          \
        memory_cache_store(cache, addr, val, (MemOp)(MO_##bits | (flag)),      \
                           attrs, result);                                     \
    }                                                                          \
    static inline uint##bits##_t ld##form##_##order##_phys_cached(             \
        MemoryRegionCache *cache, hwaddr addr)                                 \
    {                                                                          \
        return address_space_ld##form##_##order##_cached(                      \
            cache, addr, MEMTXATTRS_UNSPECIFIED, NULL);                        \
    }                                                                          \
    static inline void st##letter##_##order##_phys_cached(                     \
        MemoryRegionCache *cache, hwaddr addr, uint##bits##_t val)             \
    {                                                                          \
        address_space_st##letter##_##order##_cached(                           \
            cache, addr, val, MEMTXATTRS_UNSPECIFIED, NULL);                   \
    }
MEMORY_CACHED_ACCESS(w, uw, 16, le, MO_LE)
MEMORY_CACHED_ACCESS(l, l, 32, le, MO_LE)
MEMORY_CACHED_ACCESS(q, q, 64, le, MO_LE)
MEMORY_CACHED_ACCESS(w, uw, 16, be, MO_BE)
MEMORY_CACHED_ACCESS(l, l, 32, be, MO_BE)
MEMORY_CACHED_ACCESS(q, q, 64, be, MO_BE)
#undef MEMORY_CACHED_ACCESS

#ifdef __cplusplus
}
#endif
#endif
