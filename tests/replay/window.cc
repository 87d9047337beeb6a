// Mappings and caches.
#include <algorithm>

#include "tests/replay/session.h"

namespace replaying
{

// -- mappings

void Session::map(const Words &w)
{
    AddressSpace *as = space(w[2]);
    hwaddr len = number(w[4]);
    bool writes = is_write(w[5]);
    if (m_mappings.count(w[1])) {
        throw ScriptError("mapping `" + w[1] + "` exists; take another name");
    }
    void *host = address_space_map(as, number(w[3]), &len, writes,
                                   MEMTXATTRS_UNSPECIFIED);
    if (!host) {
        print("= fail len=" + hex(len));
        return;
    }
    if (!m_mappings.insert({w[1], {as, host, len, writes}}).second) {
        address_space_unmap(as, host, len, writes, 0);
        throw ScriptError("mapping `" + w[1] +
                          "` was made by a hook; take another name");
    }
    ram_addr_t offset;
    const MemoryRegion *mr = memory_region_from_host(host, &offset);
    print(mr ? "= direct len=" + hex(len) + " mr=" + memory_region_name(mr) +
                   " off=" + hex(offset)
             : "= bounce len=" + hex(len));
}

Mapping Session::mapping_at(const Words &w, uint64_t len) const
{
    auto found = m_mappings.find(w[1]);
    if (found == m_mappings.end()) {
        throw ScriptError("mapping `" + w[1] + "` is unknown; map it first");
    }
    const Mapping &m = found->second;
    hwaddr offset = number(w[2]);
    if (offset > m.len || len > m.len - offset) {
        throw ScriptError("not inside mapping `" + w[1] + "`; it has " +
                          hex(m.len) + " bytes");
    }
    return m;
}

void Session::map_read(const Words &w)
{
    uint64_t len = transfer_length(w[3]);
    const uint8_t *at =
        static_cast<uint8_t *>(mapping_at(w, len).host) + number(w[2]);
    print("= " + to_hex(Bytes(at, at + len)));
}

void Session::map_write(const Words &w)
{
    const Bytes bytes = transfer_bytes(w[3]);
    const Mapping m = mapping_at(w, bytes.size());
    if (!m.is_write) {
        throw ScriptError("mapping `" + w[1] + "` is for reading; map it w");
    }
    std::copy(bytes.begin(), bytes.end(),
              static_cast<uint8_t *>(m.host) + number(w[2]));
}

void Session::unmap(const Words &w)
{
    hwaddr used = number(w[2]);
    const Mapping m = mapping_at({w[0], w[1], "0"}, used);
    m_mappings.erase(w[1]);
    address_space_unmap(m.as, m.host, m.len, m.is_write, used);
}

// -- caches

void Session::cache(const Words &w)
{
    AddressSpace *as = space(w[2]);
    hwaddr addr = number(w[3]), len = number(w[4]);
    bool writes = is_write(w[5]);
    if (m_caches.count(w[1])) {
        throw ScriptError("cache `" + w[1] + "` exists; take another name");
    }
    if (!len) {
        throw ScriptError("a cache of no bytes; 1 at least");
    }
    auto c = std::make_unique<MemoryRegionCache>();
    address_space_cache_init(c.get(), as, addr, len, writes);
    print("= len=" + hex(c->len) + (c->ptr ? " direct" : " slow"));
    m_caches[w[1]] = std::move(c);
}

MemoryRegionCache *Session::cache_at(const Words &w, uint64_t len,
                                     bool is_write) const
{
    auto found = m_caches.find(w[1]);
    if (found == m_caches.end()) {
        throw ScriptError("cache `" + w[1] + "` is unknown; make it first");
    }
    MemoryRegionCache *c = found->second.get();
    hwaddr offset = number(w[2]);
    if (offset >= c->len || len > c->len - offset) {
        throw ScriptError("not inside cache `" + w[1] + "`; it has " +
                          hex(c->len) + " bytes");
    }
    if (is_write && !c->is_write) {
        throw ScriptError("cache `" + w[1] + "` is for reading; make it w");
    }
    return c;
}

void Session::cache_read(const Words &w)
{
    Bytes bytes(transfer_length(w[3]));
    MemoryRegionCache *c = cache_at(w, bytes.size(), false);
    MemTxResult result =
        address_space_read_cached(c, number(w[2]), bytes.data(), bytes.size());
    print("= " + result_text(result) + " " + to_hex(bytes));
}

void Session::cache_write(const Words &w)
{
    const Bytes bytes = transfer_bytes(w[3]);
    MemoryRegionCache *c = cache_at(w, bytes.size(), true);
    print("= " + result_text(address_space_write_cached(
                     c, number(w[2]), bytes.data(), bytes.size())));
}

void Session::cache_load(const Words &w)
{
    MemOp op = op_of(w[3], w[4]);
    MemoryRegionCache *c = cache_at(w, memop_size(op), false);
    MemTxResult result;
    uint64_t value =
        memory_cache_load(c, number(w[2]), op, MEMTXATTRS_UNSPECIFIED, &result);
    print("= " + result_text(result) + " " + hex(value));
}

void Session::cache_store(const Words &w)
{
    MemOp op = op_of(w[3], w[4]);
    MemoryRegionCache *c = cache_at(w, memop_size(op), true);
    MemTxResult result;
    memory_cache_store(c, number(w[2]), number(w[5]), op,
                       MEMTXATTRS_UNSPECIFIED, &result);
    print("= " + result_text(result));
}

void Session::cache_invalidate(const Words &w)
{
    uint64_t len = number(w[3]);
    address_space_cache_invalidate(cache_at(w, len, true), number(w[2]), len);
}

// Not from a hook: an access through the cache may be under way.
void Session::cache_del(const Words &w)
{
    auto found = m_caches.find(w[1]);
    if (found == m_caches.end() || m_depth) {
        throw ScriptError("cache `" + w[1] +
                          "` is unknown or in use; make it first, and cdel it "
                          "outside of hooks");
    }
    address_space_cache_destroy(found->second.get());
    m_caches.erase(found);
}

} // namespace replaying
