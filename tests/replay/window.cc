// Mappings and caches.
#include <algorithm>

#include "tests/replay/session.h"

namespace replaying
{

// -- mappings

void Session::map(const Words &w)
{
    if (m_mappings.count(w[1])) {
        throw ScriptError("mapping `" + w[1] + "` exists; another name");
    }
    AddressSpace *as = space(w[2]);
    hwaddr len = number(w[4]);
    void *host = address_space_map(as, number(w[3]), &len, is_write(w[5]),
                                   MEMTXATTRS_UNSPECIFIED);
    if (!host) {
        print(text("= fail len=0x%llx", static_cast<unsigned long long>(len)));
        return;
    }
    m_mappings[w[1]] = {as, host, len, is_write(w[5])};
    ram_addr_t offset;
    const MemoryRegion *mr = memory_region_from_host(host, &offset);
    if (mr) {
        print(text("= direct len=0x%llx mr=%s off=0x%llx",
                   static_cast<unsigned long long>(len), memory_region_name(mr),
                   static_cast<unsigned long long>(offset)));
    } else {
        print(
            text("= bounce len=0x%llx", static_cast<unsigned long long>(len)));
    }
}

Mapping *Session::mapping_at(const Words &w, uint64_t len)
{
    auto found = m_mappings.find(w[1]);
    if (found == m_mappings.end()) {
        throw ScriptError("mapping `" + w[1] + "` is unknown; map it first");
    }
    hwaddr offset = number(w[2]);
    if (offset > found->second.len || len > found->second.len - offset ||
        len > MAX_TRANSFER) {
        throw ScriptError("not inside mapping " + w[1]);
    }
    return &found->second;
}

void Session::map_read(const Words &w)
{
    uint64_t len = number(w[3]);
    const Mapping *m = mapping_at(w, len);
    const uint8_t *at = static_cast<uint8_t *>(m->host) + number(w[2]);
    print("= " + to_hex(Bytes(at, at + len)));
}

void Session::map_write(const Words &w)
{
    Bytes bytes = from_hex(w[3]);
    const Mapping *m = mapping_at(w, bytes.size());
    if (!m->is_write) {
        throw ScriptError("mapping " + w[1] + " is for reading");
    }
    std::copy(bytes.begin(), bytes.end(),
              static_cast<uint8_t *>(m->host) + number(w[2]));
}

void Session::unmap(const Words &w)
{
    auto found = m_mappings.find(w[1]);
    hwaddr used = number(w[2]);
    if (found == m_mappings.end() || used > found->second.len) {
        throw ScriptError("mapping `" + w[1] + "` is unknown, or shorter");
    }
    Mapping m = found->second;
    m_mappings.erase(found);
    address_space_unmap(m.as, m.host, m.len, m.is_write, used);
}

// -- caches

void Session::cache(const Words &w)
{
    hwaddr len = number(w[4]);
    if (m_caches.count(w[1]) || !len) {
        throw ScriptError("cache `" + w[1] + "` exists, or has no length");
    }
    auto c = std::make_unique<MemoryRegionCache>();
    address_space_cache_init(c.get(), space(w[2]), number(w[3]), len,
                             is_write(w[5]));
    print(text("= len=0x%llx %s", static_cast<unsigned long long>(c->len),
               c->ptr ? "direct" : "slow"));
    m_caches[w[1]] = std::move(c);
}

MemoryRegionCache *Session::cache_at(const Words &w, uint64_t len)
{
    auto found = m_caches.find(w[1]);
    if (found == m_caches.end()) {
        throw ScriptError("cache `" + w[1] + "` is unknown; make it first");
    }
    MemoryRegionCache *c = found->second.get();
    hwaddr offset = number(w[2]);
    if (offset >= c->len || len > c->len - offset || len > MAX_TRANSFER) {
        throw ScriptError("not inside cache " + w[1]);
    }
    return c;
}

void Session::cache_read(const Words &w)
{
    uint64_t len = number(w[3]);
    MemoryRegionCache *c = cache_at(w, len);
    Bytes bytes(len);
    MemTxResult result =
        address_space_read_cached(c, number(w[2]), bytes.data(), len);
    print("= " + result_text(result) + " " + to_hex(bytes));
}

void Session::cache_write(const Words &w)
{
    Bytes bytes = from_hex(w[3]);
    MemoryRegionCache *c = cache_at(w, bytes.size());
    if (!c->is_write) {
        throw ScriptError("cache " + w[1] + " is for reading");
    }
    print("= " + result_text(address_space_write_cached(
                     c, number(w[2]), bytes.data(), bytes.size())));
}

void Session::cache_load(const Words &w)
{
    MemOp op = op_of(w[3], w[4]);
    MemoryRegionCache *c = cache_at(w, memop_size(op));
    MemTxResult result;
    uint64_t value =
        memory_cache_load(c, number(w[2]), op, MEMTXATTRS_UNSPECIFIED, &result);
    print(text("= %s 0x%llx", result_text(result).c_str(),
               static_cast<unsigned long long>(value)));
}

void Session::cache_store(const Words &w)
{
    MemOp op = op_of(w[3], w[4]);
    MemoryRegionCache *c = cache_at(w, memop_size(op));
    if (!c->is_write) {
        throw ScriptError("cache " + w[1] + " is for reading");
    }
    MemTxResult result;
    memory_cache_store(c, number(w[2]), number(w[5]), op,
                       MEMTXATTRS_UNSPECIFIED, &result);
    print("= " + result_text(result));
}

void Session::cache_invalidate(const Words &w)
{
    uint64_t len = number(w[3]);
    MemoryRegionCache *c = cache_at(w, len);
    if (!c->is_write) {
        throw ScriptError("cache " + w[1] + " is for reading");
    }
    address_space_cache_invalidate(c, number(w[2]), len);
}

void Session::cache_del(const Words &w)
{
    auto found = m_caches.find(w[1]);
    if (found == m_caches.end() || m_depth) {
        throw ScriptError("cache `" + w[1] + "` is unknown, or in use");
    }
    address_space_cache_destroy(found->second.get());
    m_caches.erase(found);
}

} // namespace replaying
