// MemoryRegionCache: which windows are direct and how far they reach, what slow
// accesses do, and what a cache keeps alive.
#include "memory/posted.h"
#include "tests/memory/iommu_kit.h"

namespace
{

class Cache : public testing::Test
{
  protected:
    Cache() : unit("unit", 0x10000), device(0x2000)
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 0x8000, nullptr);
        memory_region_add_subregion(&root, 0x10000, &ram);
        memory_region_init_rom(&rom, nullptr, "rom", 0x1000, nullptr);
        memory_region_add_subregion(&root, 0x20000, &rom);
        memory_region_init_io(&io, nullptr, &device.ops, &device, "io", 0x2000);
        memory_region_add_subregion(&root, 0x30000, &io);
        memory_region_add_subregion(&root, 0x40000, unit.mr());
        address_space_init(&as, &root, "as");
        host = static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram));
        for (unsigned i = 0; i < 0x8000; i++) {
            host[i] = static_cast<uint8_t>(i * 7 + (i >> 8));
        }
    }
    ~Cache() override
    {
        address_space_cache_destroy(&cache);
        for (MemoryRegion *mr : {&ram, &rom, &io, unit.mr()}) {
            if (mr->container) {
                memory_region_del_subregion(&root, mr);
            }
        }
        address_space_destroy(&as);
        for (MemoryRegion *mr : {&ram, &rom, &io, &root}) {
            memory_region_fini(mr);
        }
    }
    // "direct 40" or "slow 40"
    std::string open(hwaddr addr, hwaddr len, bool is_write = false)
    {
        address_space_cache_destroy(&cache);
        int64_t covered =
            address_space_cache_init(&cache, &as, addr, len, is_write);
        EXPECT_EQ(covered, static_cast<int64_t>(cache.len));
        char text[40];
        snprintf(text, sizeof(text), "%s %llx", cache.ptr ? "direct" : "slow",
                 static_cast<unsigned long long>(covered));
        return text;
    }
    std::vector<uint8_t> read(hwaddr addr, hwaddr len)
    {
        std::vector<uint8_t> bytes(len, 0xee);
        result = address_space_read_cached(&cache, addr, bytes.data(), len);
        return bytes;
    }
    void write(hwaddr addr, const std::vector<uint8_t> &bytes)
    {
        result = address_space_write_cached(&cache, addr, bytes.data(),
                                            bytes.size());
    }
    std::vector<uint8_t> in_ram(hwaddr offset, hwaddr len)
    {
        return std::vector<uint8_t>(host + offset, host + offset + len);
    }
    ScopedWorld scope;
    MemoryRegion root, ram, rom, io;
    TestIommu unit;
    ByteDevice device;
    AddressSpace as;
    MemoryRegionCache cache = MEMORY_REGION_CACHE_INVALID;
    MemTxResult result = MEMTX_OK;
    uint8_t *host;
};

// -- direct or slow, and how far

TEST_F(Cache, memory_is_direct)
{
    EXPECT_EQ(open(0x10100, 0x40, true), "direct 40");
    EXPECT_EQ(cache.ptr, host + 0x100);
    write(0x3e, {1, 2});
    EXPECT_EQ(result, MEMTX_OK);
    EXPECT_EQ(in_ram(0x13e, 2), (std::vector<uint8_t>{1, 2}));
    EXPECT_EQ(read(0x20, 4), in_ram(0x120, 4));
    EXPECT_EQ(result, MEMTX_OK);
}

TEST_F(Cache, what_is_direct_for_reading_only)
{
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA); // no difference
    EXPECT_EQ(open(0x20000, 8), "direct 8");
    EXPECT_EQ(open(0x20000, 8, true), "slow 8");
    EXPECT_EQ(open(0x30000, 8), "slow 8");
    EXPECT_EQ(open(0x40000, 8), "slow 8");
    EXPECT_EQ(open(0x50000, 8), "slow 8");
    EXPECT_EQ(open(0x10000, 8, true), "direct 8");
    memory_region_set_log(&ram, false, DIRTY_MEMORY_VGA);
}

TEST_F(Cache, a_ram_device_is_slow)
{
    std::vector<uint8_t> bytes(0x1000, 0x5a);
    MemoryRegion dev;
    memory_region_init_ram_device_ptr(&dev, nullptr, "dev", 0x1000,
                                      bytes.data());
    memory_region_add_subregion(&root, 0x60000, &dev);
    EXPECT_EQ(open(0x60ffc, 8, true), "slow 4");
    write(1, {1, 2, 3});
    EXPECT_EQ(result, MEMTX_OK);
    EXPECT_EQ(bytes[0xffe], 2);
    EXPECT_EQ(read(0, 4), (std::vector<uint8_t>{0x5a, 1, 2, 3}));
    address_space_cache_destroy(&cache);
    memory_region_del_subregion(&root, &dev);
    memory_region_fini(&dev);
}

TEST_F(Cache, a_rom_device_goes_by_its_mode)
{
    MemoryRegion romd;
    memory_region_init_rom_device(&romd, nullptr, &device.ops, &device, "romd",
                                  0x1800, nullptr);
    memory_region_add_subregion(&root, 0x60000, &romd);
    auto *bytes = static_cast<uint8_t *>(memory_region_get_ram_ptr(&romd));
    bytes[4] = 0x77;
    EXPECT_EQ(open(0x60004, 8, true), "slow 8");
    EXPECT_EQ(open(0x61000, 0x2000), "direct 800");  // no further than it goes
    EXPECT_EQ(open(0x60800, 0x2000), "direct 1000"); // over its tail
    memory_region_rom_device_set_romd(&romd, false);
    EXPECT_EQ(open(0x60004, 8), "slow 8");
    read(0, 1);
    ASSERT_EQ(device.calls.size(), 1u);
    EXPECT_EQ(device.calls[0].offset, 4u);
    memory_region_rom_device_set_romd(&romd, true); // under the cache
    EXPECT_EQ(read(0, 1), (std::vector<uint8_t>{0x77}));
    EXPECT_EQ(device.calls.size(), 1u);
    address_space_cache_destroy(&cache);
    memory_region_del_subregion(&root, &romd);
    memory_region_fini(&romd);
}

TEST_F(Cache, clipped_to_what_is_there)
{
    EXPECT_EQ(open(0x17ff0, 0x40), "direct 10");
    EXPECT_EQ(open(0x31ff0, 0x40), "slow 10");
    EXPECT_EQ(open(0x20ff0, 0x40, true), "slow 10");
    EXPECT_EQ(open(0x4fff0, 0x40), "slow 10");
    // nothing, as far as addresses go
    EXPECT_EQ(open(0x50000, 0x4000), "slow 4000");
    EXPECT_EQ(open(UINT64_MAX - 0xf, 0x40), "slow 10");
    // what is before something is nothing, too
    EXPECT_EQ(open(0xf000, 0x2000), "slow 2000");
}

TEST_F(Cache, slow_ones_end_at_page_borders_of_ragged_ranges)
{
    memory_region_set_address(&io, 0x30804);
    EXPECT_EQ(open(0x30804, 0x2000), "slow 7fc");  // its head
    EXPECT_EQ(open(0x31000, 0x2000), "slow 1000"); // its whole pages
    EXPECT_EQ(open(0x31ffe, 0x2000), "slow 2");
    EXPECT_EQ(open(0x32000, 0x2000), "slow 804"); // its tail
    memory_region_set_size(&io, 0x100);
    EXPECT_EQ(open(0x30810, 0x2000), "slow f4");
    memory_region_set_size(&io, 0x1000);
    memory_region_set_address(&io, 0x30000);
    EXPECT_EQ(open(0x30ffe, 0x2000), "slow 2");
}

TEST_F(Cache, memory_goes_on_over_pieces_and_ranges)
{
    // pieces: head, whole pages, tail
    memory_region_set_address(&ram, 0x10800);
    EXPECT_EQ(open(0x10900, 0x10000), "direct 7f00");
    memory_region_set_address(&ram, 0x10000);
    // ranges: a part is read-only there, and is the same memory
    MemoryRegion part;
    memory_region_init_alias(&part, nullptr, "part", &ram, 0x2000, 0x1000);
    memory_region_set_readonly(&part, true);
    memory_region_add_subregion_overlap(&root, 0x12000, &part, 1);
    EXPECT_EQ(open(0x11000, 0x10000, true), "direct 7000");
    // another part of the memory is in the way
    memory_region_set_alias_offset(&part, 0x3000);
    EXPECT_EQ(open(0x11000, 0x10000), "direct 1000");
    EXPECT_EQ(open(0x12800, 0x10000), "direct 800");
    memory_region_del_subregion(&root, &part);
    memory_region_fini(&part);
}

TEST_F(Cache, other_memory_with_the_offset_that_would_follow_is_not_it)
{
    MemoryRegion other, part;
    memory_region_init_ram(&other, nullptr, "other", 0x9000, nullptr);
    memory_region_init_alias(&part, nullptr, "part", &other, 0x8000, 0x1000);
    memory_region_add_subregion(&root, 0x18000, &part);
    EXPECT_EQ(open(0x17000, 0x10000), "direct 1000");
    address_space_cache_destroy(&cache);
    memory_region_del_subregion(&root, &part);
    memory_region_fini(&part);
    memory_region_fini(&other);
}

TEST_F(Cache, no_window_at_all)
{
    address_space_cache_destroy(&cache); // never made
    EXPECT_EQ(cache.mrs.mr, nullptr);
    open(0x10000, 8);
    address_space_cache_destroy(&cache);
    EXPECT_EQ(cache.mrs.mr, nullptr);
    address_space_cache_destroy(&cache);
#ifndef NDEBUG
    EXPECT_DEATH(open(0x10000, 0), "len");
    open(0x10000, 8);
    uint8_t b[5];
    EXPECT_DEATH(address_space_read_cached(&cache, 8, b, 1), "len");
    EXPECT_DEATH(address_space_read_cached(&cache, 4, b, 5), "len");
    EXPECT_DEATH(address_space_cache_invalidate(&cache, 0, 1), "is_write");
#endif
}

// -- sized

TEST_F(Cache, sized_accesses_in_both_orders)
{
    for (hwaddr base : {UINT64_C(0x10000), UINT64_C(0x30000)}) {
        open(base, 0x40, true);
        device.any_size();
        stq_le_phys_cached(&cache, 8, UINT64_C(0x8877665544332211));
        EXPECT_EQ(ldub_phys_cached(&cache, 8), 0x11u);
        EXPECT_EQ(lduw_le_phys_cached(&cache, 9), 0x3322u);
        EXPECT_EQ(lduw_be_phys_cached(&cache, 9), 0x2233u);
        EXPECT_EQ(ldl_be_phys_cached(&cache, 8), 0x11223344u);
        EXPECT_EQ(ldq_be_phys_cached(&cache, 8), UINT64_C(0x1122334455667788));
        stw_be_phys_cached(&cache, 8, 0xaabb);
        stl_be_phys_cached(&cache, 10, 0xccddeeff);
        stb_phys_cached(&cache, 14, 0x99);
        EXPECT_EQ(ldq_be_phys_cached(&cache, 8), UINT64_C(0xaabbccddeeff9988));
        MemTxResult r = 77;
        EXPECT_EQ(address_space_ldl_le_cached(&cache, 8, kPlain, &r),
                  0xddccbbaau);
        EXPECT_EQ(r, MEMTX_OK);
        r = 77;
        address_space_stl_le_cached(&cache, 8, 1, kPlain, &r);
        EXPECT_EQ(r, MEMTX_OK);
    }
    EXPECT_EQ(device.calls.back(), (Call{'w', 8, 4, 1}));
}

TEST_F(Cache, slow_sized_accesses_are_one_dispatch)
{
    open(0x30004, 0x40);
    uint64_t value;
    memcpy(&value, &device.mem[8], sizeof(value));
    EXPECT_EQ(address_space_ldq_le_cached(&cache, 4, kPlain, &result), value);
    EXPECT_EQ(result, MEMTX_OK);
    // which becomes two callbacks, of four bytes
    ASSERT_EQ(device.calls.size(), 2u);
    EXPECT_EQ(device.calls[0].offset, 8u);
    EXPECT_EQ(device.calls[1].offset, 12u);
    device.ops.valid.max_access_size = 4;
    EXPECT_EQ(address_space_ldq_le_cached(&cache, 4, kPlain, &result), 0u);
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    EXPECT_EQ(address_space_ldl_le_cached(&cache, 1, kPlain, &result), 0u);
    EXPECT_EQ(result, MEMTX_DECODE_ERROR); // unaligned
}

TEST_F(Cache, attributes_travel_with_slow_sized_accesses)
{
    static MemTxAttrs seen;
    MemoryRegionOps ops{};
    ops.read_with_attrs = [](void *, hwaddr, uint64_t *data, unsigned,
                             MemTxAttrs attrs) -> MemTxResult {
        seen = attrs;
        *data = 5;
        return MEMTX_ERROR;
    };
    ops.write_with_attrs = [](void *, hwaddr, uint64_t, unsigned,
                              MemTxAttrs attrs) -> MemTxResult {
        seen = attrs;
        return MEMTX_ERROR;
    };
    MemoryRegion dev;
    memory_region_init_io(&dev, nullptr, &ops, nullptr, "dev", 0x1000);
    memory_region_add_subregion(&root, 0x60000, &dev);
    open(0x60000, 8);
    seen = kPlain;
    EXPECT_EQ(address_space_ldl_le_cached(&cache, 0, kSecure, &result), 5u);
    EXPECT_EQ(result, MEMTX_ERROR);
    EXPECT_TRUE(seen.secure);
    seen = kPlain;
    address_space_stl_le_cached(&cache, 0, 0, kSecure, &result);
    EXPECT_EQ(result, MEMTX_ERROR);
    EXPECT_TRUE(seen.secure);
    EXPECT_EQ(address_space_ldl_le_cached(&cache, 0, kSecure, nullptr), 5u);
    address_space_cache_destroy(&cache);
    memory_region_del_subregion(&root, &dev);
    memory_region_fini(&dev);
}

// -- slow byte strings

TEST_F(Cache, a_slow_transfer_of_several_pieces)
{
    open(0x30002, 0x40, true);
    EXPECT_EQ(read(1, 9), std::vector<uint8_t>(device.mem.begin() + 3,
                                               device.mem.begin() + 12));
    // as address_space_rw() cuts it: aligned, four bytes at most
    std::vector<std::pair<hwaddr, unsigned>> cuts;
    for (const Call &c : device.calls) {
        cuts.push_back({c.offset, c.size});
    }
    EXPECT_EQ(cuts, (std::vector<std::pair<hwaddr, unsigned>>{
                        {3, 1}, {4, 4}, {8, 4}}));
    device.calls.clear();
    write(0, {1, 2, 3, 4, 5, 6, 7});
    EXPECT_EQ(device.calls, (std::vector<Call>{{'w', 2, 2, 0x0201},
                                               {'w', 4, 4, 0x06050403},
                                               {'w', 8, 1, 7}}));
}

TEST_F(Cache, all_of_a_slow_transfer_runs)
{
    device.ops.valid.accepts = [](void *, hwaddr addr, unsigned, bool,
                                  MemTxAttrs) { return addr != 4; };
    open(0x30000, 0x40, true);
    write(0, std::vector<uint8_t>(12, 0x55));
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    EXPECT_EQ(device.mem[0], 0x55);
    EXPECT_NE(device.mem[4], 0x55);
    EXPECT_EQ(device.mem[8], 0x55);
}

TEST_F(Cache, rom_and_nothing_refuse)
{
    open(0x20000, 8, true);
    write(0, {1, 2});
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    EXPECT_EQ(static_cast<uint8_t *>(memory_region_get_ram_ptr(&rom))[0], 0);
    EXPECT_EQ(read(0, 2), (std::vector<uint8_t>{0, 0}));
    EXPECT_EQ(result, MEMTX_OK); // it is memory
    open(0x50000, 8);
    EXPECT_EQ(read(0, 6), std::vector<uint8_t>(6, 0));
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
}

TEST_F(Cache, through_an_iommu)
{
    unit.map(0x1000, &as, 0x13000);
    unit.map(0x2000, &as, 0x11000);
    unit.map(0x3000, &as, 0x31000, IOMMU_RO);
    EXPECT_EQ(open(0x40ff0, 0x4000, true), "slow 4000");
    EXPECT_TRUE(unit.asked.empty()); // not yet
    std::vector<uint8_t> expect = in_ram(0x3ffe, 2);
    for (uint8_t b : in_ram(0x1000, 3)) {
        expect.push_back(b);
    }
    EXPECT_EQ(read(0x100e, 5), expect); // two pages, apart in memory
    EXPECT_EQ(result, MEMTX_OK);
    write(0x100e, {1, 2, 3, 4});
    EXPECT_EQ(result, MEMTX_OK);
    EXPECT_EQ(in_ram(0x3ffe, 2), (std::vector<uint8_t>{1, 2}));
    EXPECT_EQ(in_ram(0x1000, 2), (std::vector<uint8_t>{3, 4}));
    unit.pages[0].to = 0x15000; // asked again each time
    EXPECT_EQ(read(0x10, 2), in_ram(0x5000, 2));
    // a sized one is not cut
    EXPECT_EQ(address_space_ldl_le_cached(&cache, 0x100e, kPlain, &result), 0u);
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    uint16_t two;
    memcpy(&two, host + 0x1004, 2);
    EXPECT_EQ(lduw_le_phys_cached(&cache, 0x1014), two);
    // a device behind it; a page that is not there
    EXPECT_EQ(ldub_phys_cached(&cache, 0x2010), device.mem[0x1000]);
    write(0x2010, {1});
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    read(0, 0x20);
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
}

TEST_F(Cache, posted_writes_arrive_first)
{
    memory_region_add_coalescing(&io, 0x100, 0x100);
    unsigned queued = 0;
    uint8_t byte = 0x42;
    posted_write(&as, 0x30100, &byte, 1, &queued);
    ASSERT_EQ(queued, 1u);
    open(0x30100, 4);
    open(0x10000, 4); // memory does not care
    ldub_phys_cached(&cache, 0);
    EXPECT_TRUE(device.calls.empty());
    open(0x30100, 4);
    EXPECT_EQ(ldub_phys_cached(&cache, 0), 0x42u);
    posted_write(&as, 0x30104, &byte, 1, &queued);
    open(0x30104, 4);
    EXPECT_EQ(read(0, 1)[0], 0x42);
    memory_region_clear_coalescing(&io);
}

TEST_F(Cache, is_no_part_of_the_access_around_it)
{
    MemoryBeats beats{};
    scope.world->beats = &beats;
    open(0x30000, 8, true);
    read(0, 8);
    ldub_phys_cached(&cache, 0);
    stb_phys_cached(&cache, 0, 1);
    EXPECT_EQ(beats.count, 0u);
    EXPECT_EQ(scope.world->beats, &beats);
    scope.world->beats = nullptr;
    free(beats.beat);
}

// -- dirty pages

TEST_F(Cache, invalidate_tells_what_was_written)
{
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);
    memory_region_reset_dirty(&ram, 0, 0x8000, DIRTY_MEMORY_VGA);
    open(0x11800, 0x4000, true);
    write(0x100, {1, 2, 3});
    stl_le_phys_cached(&cache, 0x200, 5);
    EXPECT_FALSE(memory_region_get_dirty(&ram, 0, 0x8000, DIRTY_MEMORY_VGA));
    address_space_cache_invalidate(&cache, 0x7ff, 2);
    for (unsigned page = 0; page < 8; page++) {
        EXPECT_EQ(
            memory_region_get_dirty(&ram, page * 0x1000, 1, DIRTY_MEMORY_VGA),
            page == 1 || page == 2)
            << page;
    }
    memory_region_reset_dirty(&ram, 0, 0x8000, DIRTY_MEMORY_VGA);
    address_space_cache_invalidate(&cache, 0x100, 0);
    EXPECT_FALSE(memory_region_get_dirty(&ram, 0, 0x8000, DIRTY_MEMORY_VGA));
    memory_region_set_log(&ram, false, DIRTY_MEMORY_VGA);
    open(0x30000, 8, true);
    address_space_cache_invalidate(&cache, 0, 8); // nothing to mark
}

TEST_F(Cache, slow_writes_mark_by_themselves)
{
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);
    memory_region_reset_dirty(&ram, 0, 0x8000, DIRTY_MEMORY_VGA);
    unit.map(0x0, &as, 0x13000);
    open(0x40000, 0x10, true);
    write(4, {1});
    EXPECT_TRUE(memory_region_get_dirty(&ram, 0x3000, 1, DIRTY_MEMORY_VGA));
    EXPECT_FALSE(memory_region_get_dirty(&ram, 0, 0x3000, DIRTY_MEMORY_VGA));
    memory_region_set_log(&ram, false, DIRTY_MEMORY_VGA);
}

// -- what it keeps

TEST_F(Cache, keeps_the_view_it_was_made_on)
{
    open(0x10000, 0x10);
    MemoryRegionCache slow;
    address_space_cache_init(&slow, &as, 0x30000, 0x10, true);
    memory_region_del_subregion(&root, &ram);
    memory_region_del_subregion(&root, &io);
    EXPECT_EQ(at(&as, 0x10000), "-");
    EXPECT_EQ(read(0, 4), in_ram(0, 4));
    EXPECT_EQ(ldub_phys_cached(&slow, 4), device.mem[4]);
    stb_phys_cached(&slow, 4, 0x66);
    EXPECT_EQ(device.mem[4], 0x66);
    address_space_cache_destroy(&slow);
    EXPECT_EQ(open(0x10000, 0x10), "slow 10"); // a new one sees the new view
}

TEST_F(Cache, keeps_the_owner_of_what_it_covers)
{
    struct Owned {
        Object object;
        MemoryRegion mr;
    };
    static int freed;
    freed = 0;
    auto *owned = static_cast<Owned *>(calloc(1, sizeof(Owned)));
    owned->object.ref = 1;
    owned->object.free = [](void *obj) {
        auto *o = static_cast<Owned *>(obj);
        memory_region_fini(&o->mr);
        free(o);
        freed++;
    };
    memory_region_init_ram(&owned->mr, &owned->object, "owned", 0x1000,
                           nullptr);
    memory_region_add_subregion(&root, 0x60000, &owned->mr);
    open(0x60000, 0x10, true);
    memory_region_del_subregion(&root, &owned->mr);
    object_unref(&owned->object);
    EXPECT_EQ(freed, 0);
    stl_le_phys_cached(&cache, 4, 0x12345678);
    EXPECT_EQ(ldl_le_phys_cached(&cache, 4), 0x12345678u);
    address_space_cache_invalidate(&cache, 4, 4);
    address_space_cache_destroy(&cache);
    EXPECT_EQ(freed, 1);
}

// A device that is reset by what it reads ends its caches.
TEST_F(Cache, may_end_inside_its_own_access)
{
    const std::vector<uint8_t> first(device.mem.begin(),
                                     device.mem.begin() + 12);
    auto end_it = [&] {
        device.hook = nullptr;
        address_space_cache_destroy(&cache);
        memory_region_del_subregion(&root, &io); // and its view goes
    };
    open(0x30000, 0x10);
    device.hook = end_it;
    EXPECT_EQ(read(0, 12), first);
    EXPECT_EQ(cache.fv, nullptr);
    memory_region_add_subregion(&root, 0x30000, &io);
    open(0x30000, 0x10, true);
    device.hook = end_it;
    stl_le_phys_cached(&cache, 0, 0x55aa55aa);
    EXPECT_EQ(device.mem[0], 0xaa);
    EXPECT_EQ(cache.fv, nullptr);
    memory_region_add_subregion(&root, 0x30000, &io);
    open(0x30000, 0x10);
    device.hook = end_it;
    EXPECT_EQ(ldl_le_phys_cached(&cache, 0), 0x55aa55aau);
}

} // namespace
