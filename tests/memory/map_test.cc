// address_space_map: windows, bounce buffers, what unmap does.
#include <algorithm>
#include <cstring>
#include <random>

#include "tests/memory/memory_kit.h"

namespace
{

struct MapTest : testing::Test {
    MapTest()
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 0x4000, nullptr);
        device.any_size();
        memory_region_init_io(&dev, nullptr, &device.ops, &device, "dev",
                              0x10000);
        memory_region_add_subregion(&root, 0x0, &ram);
        memory_region_add_subregion(&root, 0x10000, &dev);
        address_space_init(&as, &root, "as");
    }
    ~MapTest() override
    {
        EXPECT_EQ(world.world->bounce, nullptr); // every mapping has ended
        address_space_destroy(&as);
        for (MemoryRegion *mr : {&ram, &dev}) {
            if (mr->container) {
                memory_region_del_subregion(&root, mr);
            }
            memory_region_fini(mr);
        }
        memory_region_fini(&root);
    }
    uint8_t *map(hwaddr addr, hwaddr len, bool is_write)
    {
        got = len;
        return static_cast<uint8_t *>(
            address_space_map(&as, addr, &got, is_write, kPlain));
    }
    void unmap(void *host, hwaddr len, bool is_write, hwaddr access_len)
    {
        address_space_unmap(&as, host, len, is_write, access_len);
    }
    uint8_t *ram_host(hwaddr offset)
    {
        return static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram)) + offset;
    }
    ScopedWorld world;
    ByteDevice device;
    MemoryRegion root{}, ram{}, dev{};
    AddressSpace as{};
    hwaddr got = 0;
};

// -- direct ------------------------------------------------------------------

TEST_F(MapTest, MemoryIsMappedInPlace)
{
    uint8_t *p = map(0x800, 0x8000, true);
    EXPECT_EQ(p, ram_host(0x800));
    EXPECT_EQ(got, 0x3800u);
    EXPECT_STREQ(memory_map_error(), "");
    p[3] = 0x77;
    EXPECT_EQ(address_space_ldub(&as, 0x803, kPlain, nullptr), 0x77);
    unmap(p, got, true, 4);
}

TEST_F(MapTest, NothingIsNothing)
{
    EXPECT_EQ(map(0, 0, false), nullptr);
    EXPECT_EQ(got, 0u);
    EXPECT_STRNE(memory_map_error(), "");
    unmap(map(0, 4, false), 4, false, 0);
    EXPECT_STREQ(memory_map_error(), "");
}

TEST_F(MapTest, WindowEndsWithTheSpace)
{
    MemoryRegion top{};
    memory_region_init_alias(&top, nullptr, "top", &ram, 0, 0x1000);
    memory_region_add_subregion(&root, UINT64_MAX - 0xfff, &top);
    // The next address, 0, holds ram again, but not going on.
    uint8_t *p = map(UINT64_MAX - 0xff, 0x1000, false);
    EXPECT_EQ(p, ram_host(0xf00));
    EXPECT_EQ(got, 0x100u);
    unmap(p, got, false, 0);
    memory_region_del_subregion(&root, &top);
    memory_region_fini(&top);
}

TEST_F(MapTest, UnmapMarksTheBytesWrittenAsDirty)
{
    auto dirty = [&](hwaddr offset) {
        return memory_region_get_dirty(&ram, offset, 1, DIRTY_MEMORY_VGA);
    };
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);
    memory_region_reset_dirty(&ram, 0, 0x4000, DIRTY_MEMORY_VGA);
    uint8_t *p = map(0xff0, 0x3000, true);
    EXPECT_FALSE(dirty(0xff0));
    unmap(p, got, true, 0x11);
    EXPECT_TRUE(dirty(0xff0));
    EXPECT_TRUE(dirty(0x1000));
    EXPECT_FALSE(dirty(0x2000));
    memory_region_reset_dirty(&ram, 0, 0x4000, DIRTY_MEMORY_VGA);
    p = map(0, 0x4000, true);
    unmap(p, got, true, 0); // nothing written
    p = map(0, 0x4000, false);
    unmap(p, got, false, 0x4000); // only read
    EXPECT_FALSE(dirty(0));
    // The region, not the address, is what was written.
    p = map(0x2000, 0x10, true);
    memory_region_set_address(&ram, 0x100000);
    unmap(p, got, true, 0x10);
    EXPECT_TRUE(dirty(0x2000));
    EXPECT_FALSE(dirty(0x1000));
    memory_region_set_log(&ram, false, DIRTY_MEMORY_VGA);
}

TEST_F(MapTest, OverlappingMappingsEndOneByOne)
{
    uint8_t *a = map(0x100, 0x10, true);
    uint8_t *b = map(0x100, 0x2000, true);
    EXPECT_EQ(a, b);
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);
    memory_region_reset_dirty(&ram, 0, 0x4000, DIRTY_MEMORY_VGA);
    unmap(b, 0x2000, true, 0x2000);
    EXPECT_TRUE(memory_region_get_dirty(&ram, 0x2000, 1, DIRTY_MEMORY_VGA));
    unmap(a, 0x10, true, 0x10);
    memory_region_set_log(&ram, false, DIRTY_MEMORY_VGA);
}

TEST_F(MapTest, MappingKeepsTheOwner)
{
    static const TypeInfo info = {"map-owner", TYPE_OBJECT, sizeof(Object),
                                  nullptr,     nullptr,     0,
                                  nullptr,     nullptr,     false};
    type_register_static(&info);
    Object *owner = object_new("map-owner");
    ByteDevice sink;
    MemoryRegion owned{}, bounced{};
    memory_region_init_ram(&owned, owner, "owned", 0x1000, nullptr);
    memory_region_init_io(&bounced, owner, &sink.ops, &sink, "bounced", 0x10);
    memory_region_add_subregion(&root, 0x100000, &owned);
    memory_region_add_subregion(&root, 0x200000, &bounced);
    address_space_to_flatview(&as); // holds it too, once drawn
    uint32_t before = owner->ref;
    uint8_t *p = map(0x100000, 4, false);
    EXPECT_EQ(owner->ref, before + 1);
    uint8_t *q = map(0x200000, 4, false);
    EXPECT_EQ(owner->ref, before + 2);
    unmap(p, 4, false, 0);
    unmap(q, 4, false, 0);
    EXPECT_EQ(owner->ref, before);
    for (MemoryRegion *mr : {&owned, &bounced}) {
        memory_region_del_subregion(&root, mr);
        address_space_to_flatview(&as); // the old view lets go
        memory_region_fini(mr);
    }
    object_unref(owner);
}

// -- bounced -----------------------------------------------------------------

TEST_F(MapTest, DevicesAreReadAtMapAndWrittenAtUnmap)
{
    uint8_t *p = map(0x10000, 8, false);
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(got, 8u);
    EXPECT_EQ(std::vector<uint8_t>(p, p + 8),
              std::vector<uint8_t>(device.mem.begin(), device.mem.begin() + 8));
    size_t calls = device.calls.size();
    unmap(p, got, false, 8);
    EXPECT_EQ(device.calls.size(), calls);

    p = map(0x10020, 8, true);
    EXPECT_EQ(device.calls.size(), calls); // a buffer of zeros
    EXPECT_EQ(std::count(p, p + 8, 0), 8);
    p[0] = 0x11;
    p[1] = 0x22;
    p[2] = 0x33;
    unmap(p, got, true, 2);
    ASSERT_EQ(device.calls.size(), calls + 1);
    EXPECT_EQ(device.calls.back(), (Call{'w', 0x20, 2, 0x2211}));
    p = map(0x10020, 8, true);
    unmap(p, got, true, 0);
    EXPECT_EQ(device.calls.size(), calls + 1);
}

TEST_F(MapTest, OneBufferOfAPageByDefault)
{
    uint8_t *p = map(0x10000, 0x5000, false);
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(got, 0x1000u);
    EXPECT_EQ(map(0x10000, 4, true), nullptr);
    EXPECT_EQ(got, 0u);
    EXPECT_STREQ(memory_map_error(),
                 "all bounce buffers are in use (policy bounce_buffers)");
    uint8_t *direct = map(0, 4, true); // needs none
    EXPECT_NE(direct, nullptr);
    EXPECT_STREQ(memory_map_error(), "");
    unmap(direct, 4, true, 0);
    unmap(p, 0x1000, false, 0);
    p = map(0x10000, 4, true);
    EXPECT_NE(p, nullptr);
    unmap(p, 4, true, 0);
}

TEST_F(MapTest, ManyBuffersByPolicy)
{
    world.world->policy.bounce_buffers = 3;
    std::vector<uint8_t *> held;
    for (hwaddr i = 0; i < 3; i++) {
        held.push_back(map(0x10000 + 8 * i, 0x2000, true));
        ASSERT_NE(held.back(), nullptr);
        EXPECT_EQ(got, 0x1000u); // each
        held.back()[0] = static_cast<uint8_t>(i + 1);
    }
    EXPECT_EQ(map(0x10000, 4, true), nullptr);
    EXPECT_STREQ(memory_map_error(),
                 "all bounce buffers are in use (policy bounce_buffers)");
    unmap(held[1], 0x1000, true, 1);
    unmap(held[0], 0x1000, true, 1);
    unmap(held[2], 0x1000, true, 1);
    EXPECT_EQ(
        device.calls,
        (std::vector<Call>{{'w', 8, 1, 2}, {'w', 0, 1, 1}, {'w', 16, 1, 3}}));
}

TEST_F(MapTest, BytesOfAllBuffersByPolicy)
{
    world.world->policy.bounce_buffers = 1000;
    world.world->policy.bounce_bytes = 0x2800;
    uint8_t *a = map(0x10000, 0x2000, true); // more than a page
    EXPECT_EQ(got, 0x2000u);
    uint8_t *b = map(0x10000, 0x2000, true);
    EXPECT_EQ(got, 0x800u); // what is left
    EXPECT_EQ(map(0x10000, 1, true), nullptr);
    EXPECT_EQ(got, 0u);
    EXPECT_STREQ(memory_map_error(),
                 "all bytes for bounce buffers are in use (policy "
                 "bounce_bytes)");
    world.world->policy.bounce_bytes = 0x100; // less than is in use
    EXPECT_EQ(map(0x10000, 1, true), nullptr);
    unmap(b, 0x800, true, 0);
    unmap(a, 0x2000, true, 0);
    a = map(0x10000, 0x2000, true);
    EXPECT_EQ(got, 0x100u);
    unmap(a, 0x100, true, 0);
    world.world->policy.bounce_bytes = UINT64_MAX; // more than any host has
    MemoryRegion vast{};
    memory_region_init_io(&vast, nullptr, &device.ops, &device, "vast",
                          UINT64_MAX);
    memory_region_add_subregion_overlap(&root, 0, &vast, -1);
    EXPECT_EQ(map(0x100000, UINT64_MAX, true), nullptr);
    EXPECT_STREQ(memory_map_error(), "the host has no memory for it");
    memory_region_del_subregion(&root, &vast);
    memory_region_fini(&vast);
}

TEST_F(MapTest, ResultOfTheBounceReadIsKept)
{
    uint8_t *p = map(0x90000, 4, false);
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(p[0], 0);
    EXPECT_STREQ(memory_map_error(), "bounce read: decode error");
    unmap(p, 4, false, 0);
    p = map(0x90000, 4, true); // nothing is read
    EXPECT_STREQ(memory_map_error(), "");
    unmap(p, 4, true, 4);
    device.ops.read = nullptr;
    device.ops.read_with_attrs = [](void *, hwaddr, uint64_t *, unsigned,
                                    MemTxAttrs) -> MemTxResult {
        return MEMTX_ERROR;
    };
    memory_region_set_enabled(&dev, false);
    memory_region_set_enabled(&dev, true);
    MemoryRegion bad{};
    memory_region_init_io(&bad, nullptr, &device.ops, &device, "bad", 4);
    memory_region_add_subregion_overlap(&root, 0x10000, &bad, 1);
    p = map(0x10000, 4, false);
    EXPECT_STREQ(memory_map_error(), "bounce read: error");
    unmap(p, 4, false, 0);
    memory_region_del_subregion(&root, &bad);
    memory_region_fini(&bad);
}

TEST_F(MapTest, WriteBackGoesToTheMapOfThatTime)
{
    uint8_t *p = map(0x10000, 4, true);
    memcpy(p, "\x01\x02\x03\x04", 4);
    memory_region_set_address(&ram, 0x8000); // over the device's place
    memory_region_set_address(&dev, 0x40000);
    memory_region_set_address(&ram, 0x10000);
    unmap(p, 4, true, 4);
    EXPECT_TRUE(device.calls.empty());
    EXPECT_EQ(read_bytes(&as, 0x10000, 4), (std::vector<uint8_t>{1, 2, 3, 4}));
    // And one whose place is gone altogether.
    p = map(0x40000, 4, true);
    memory_region_set_enabled(&dev, false);
    unmap(p, 4, true, 4);
    EXPECT_TRUE(device.calls.empty());
}

TEST_F(MapTest, BufferIsBusyUntilItIsWrittenBack)
{
    void *inner = this;
    std::string why;
    device.hook = [&] {
        inner = map(0x10000, 4, true);
        why = memory_map_error();
    };
    uint8_t *p = map(0x10000, 4, true);
    unmap(p, 4, true, 4);
    EXPECT_EQ(inner, nullptr);
    EXPECT_EQ(why, "all bounce buffers are in use (policy bounce_buffers)");
    p = map(0x10000, 4, false); // also while it is filled
    EXPECT_EQ(inner, nullptr);
    EXPECT_STREQ(memory_map_error(), ""); // of the outer one
    device.hook = nullptr;
    unmap(p, 4, false, 0);
}

TEST_F(MapTest, RomIsMappedForReadingAndBouncedForWriting)
{
    MemoryRegion rom{};
    memory_region_init_rom(&rom, nullptr, "rom", 0x1000, nullptr);
    memory_region_add_subregion(&root, 0x80000, &rom);
    uint8_t *p = map(0x80010, 8, false);
    EXPECT_EQ(p, static_cast<uint8_t *>(memory_region_get_ram_ptr(&rom)) + 16);
    unmap(p, 8, false, 8);
    p = map(0x80ff0, 0x100, true);
    EXPECT_EQ(got, 0x10u); // no further than the rom
    p[0] = 1;
    unmap(p, got, true, 0x10);
    EXPECT_EQ(read_bytes(&as, 0x80ff0, 1)[0], 0);
    memory_region_del_subregion(&root, &rom);
    memory_region_fini(&rom);
}

// -- seen by the default port ------------------------------------------------

struct MapPortTest : MapTest {
    MapPortTest()
    {
        clock_init(&clock, "clock", 1000000);
        EXPECT_TRUE(
            port_init(&port, &as, "api", &clock, nullptr, false, nullptr));
        as.api = &port;
    }
    ~MapPortTest() override
    {
        as.api = nullptr;
        port_fini(&port);
    }
    // Accesses since the last time, as "r16" or "w4".
    std::vector<std::string> seen()
    {
        std::vector<std::string> all;
        uint32_t n;
        const PortTraffic *t = port_traffic(&port, &n);
        for (uint32_t i = 0; i < n; i++) {
            EXPECT_EQ(t[i].kind, ACCESS_API);
            for (uint64_t k = 0; k < t[i].accesses; k++) {
                all.push_back((t[i].dir == DIR_READ ? "r" : "w") +
                              std::to_string(t[i].size));
            }
        }
        std::vector<std::string> fresh = all;
        for (const std::string &s : before) {
            fresh.erase(std::find(fresh.begin(), fresh.end(), s));
        }
        before = all;
        return fresh;
    }
    using Seen = std::vector<std::string>;
    ClockDomain clock{};
    MemoryPort port{};
    std::vector<std::string> before;
};

TEST_F(MapPortTest, DirectWindowIsOneTransfer)
{
    uint8_t *p = map(0x100, 16, false);
    EXPECT_EQ(seen(), Seen{"r16"});
    unmap(p, 16, false, 16);
    EXPECT_EQ(seen(), Seen{});
    p = map(0x200, 16, true);
    EXPECT_EQ(seen(), Seen{});
    p[0] = 0x5a;
    unmap(p, 16, true, 12);
    EXPECT_EQ(seen(), Seen{"w12"});
    EXPECT_EQ(*ram_host(0x200), 0x5a);
    p = map(0x200, 16, true);
    unmap(p, 16, true, 0);
    EXPECT_EQ(seen(), Seen{});
    // Like any transfer, it is cut at pages.
    p = map(0xff0, 0x1020, false);
    EXPECT_EQ(seen(), (Seen{"r16", "r16", "r4096"}));
    unmap(p, 0x1020, false, 0);
}

TEST_F(MapPortTest, WriteMarksDirtyOnceSeen)
{
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);
    memory_region_reset_dirty(&ram, 0, 0x4000, DIRTY_MEMORY_VGA);
    uint8_t *p = map(0x1000, 16, true);
    unmap(p, 16, true, 16);
    EXPECT_TRUE(memory_region_get_dirty(&ram, 0x1000, 1, DIRTY_MEMORY_VGA));
    memory_region_set_log(&ram, false, DIRTY_MEMORY_VGA);
}

TEST_F(MapPortTest, WindowThatMovedIsMarkedButNotWrittenElsewhere)
{
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);
    MemoryRegion other{};
    memory_region_init_ram(&other, nullptr, "other", 0x1000, nullptr);
    uint8_t *p = map(0x100, 16, true);
    memory_region_add_subregion_overlap(&root, 0x108, &other, 1);
    memory_region_reset_dirty(&ram, 0, 0x4000, DIRTY_MEMORY_VGA);
    memset(p, 0xee, 16);
    unmap(p, 16, true, 16);
    EXPECT_EQ(seen(), Seen{});
    EXPECT_EQ(*static_cast<uint8_t *>(memory_region_get_ram_ptr(&other)), 0);
    EXPECT_TRUE(memory_region_get_dirty(&ram, 0x100, 1, DIRTY_MEMORY_VGA));
    memory_region_del_subregion(&root, &other);
    memory_region_fini(&other);
    memory_region_set_log(&ram, false, DIRTY_MEMORY_VGA);
}

TEST_F(MapPortTest, BounceBufferIsAnOrdinaryTransfer)
{
    uint8_t *p = map(0x10000, 8, false);
    EXPECT_EQ(seen(), Seen{"r8"});
    unmap(p, 8, false, 8);
    p = map(0x10000, 8, true);
    EXPECT_EQ(seen(), Seen{});
    unmap(p, 8, true, 4);
    EXPECT_EQ(seen(), Seen{"w4"});
}

TEST_F(MapPortTest, InsideAnAccessNothingIsSeen)
{
    device.hook = [&] {
        device.hook = nullptr;
        uint8_t *p = map(0x100, 16, true);
        unmap(p, 16, true, 16);
        p = map(0x100, 16, false);
        unmap(p, 16, false, 16);
    };
    read_bytes(&as, 0x10000, 4);
    EXPECT_EQ(seen(), Seen{"r4"});
}

// -- windows against a naive model -------------------------------------------

// Which byte of which region shows at each address of a small space.
struct Layout {
    static constexpr hwaddr kSize = 0x6000;
    struct Byte {
        MemoryRegion *mr;
        hwaddr offset;
    };
    explicit Layout(unsigned seed) : rng(seed), bytes(kSize, Byte{nullptr, 0})
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&target[0], nullptr, "ram0", 0x3000, nullptr);
        memory_region_init_ram(&target[1], nullptr, "ram1", 0x1800, nullptr);
        memory_region_init_rom(&target[2], nullptr, "rom", 0x2000, nullptr);
        memory_region_init_rom_device(&target[3], nullptr, &device.ops, &device,
                                      "romd", 0x2000, nullptr);
        memory_region_init_io(&target[4], nullptr, &device.ops, &device, "io",
                              0x2000);
        memory_region_init_ram_device_ptr(&target[5], nullptr, "ramdev",
                                          sizeof(storage), storage);
        memory_region_rom_device_set_romd(&target[3], pick(4) != 0);
        for (auto &alias : window) {
            place(&alias);
        }
        address_space_init(&as, &root, "as");
    }
    ~Layout()
    {
        address_space_destroy(&as);
        for (auto &alias : window) {
            memory_region_del_subregion(&root, &alias);
            memory_region_fini(&alias);
        }
        for (auto &mr : target) {
            memory_region_fini(&mr);
        }
        memory_region_fini(&root);
    }
    unsigned pick(unsigned n) { return static_cast<unsigned>(rng() % n); }
    // Of equal priority the latest wins: each one paints over the others.
    void place(MemoryRegion *alias)
    {
        MemoryRegion *mr = &target[pick(6)];
        hwaddr room = memory_region_size(mr);
        hwaddr offset = pick(3) ? pick(4) * 0x400 : pick(0x1000);
        hwaddr size = pick(3) ? (1 + pick(6)) * 0x400 : 1 + pick(0x1000);
        hwaddr addr = pick(3) ? pick(20) * 0x400 : pick(0x5000);
        if (last && pick(2)) { // go on where the last one ends
            mr = last;
            room = memory_region_size(mr);
            offset = last_offset;
            addr = last_addr;
        }
        offset = std::min(offset, room - 1);
        size = std::min({size, room - offset, kSize - addr});
        memory_region_init_alias(alias, nullptr, "window", mr, offset, size);
        memory_region_set_readonly(alias, pick(4) == 0);
        memory_region_add_subregion(&root, addr, alias);
        for (hwaddr i = 0; i < size; i++) {
            bytes[addr + i] = {mr, offset + i};
        }
        last = mr;
        last_offset = offset + size;
        last_addr = addr + size < kSize ? addr + size : 0;
    }
    bool is_direct(const Byte &b, bool is_write) const
    {
        if (b.mr == &target[0] || b.mr == &target[1]) {
            return true;
        }
        return !is_write && (b.mr == &target[2] ||
                             (b.mr == &target[3] && target[3].romd_mode));
    }
    bool map_agrees()
    {
        hwaddr addr = pick(kSize), len = 1 + pick(0x5000);
        bool is_write = pick(2) != 0;
        const Byte first = bytes[addr];
        hwaddr run = 0;
        while (run < len && addr + run < kSize && first.mr &&
               bytes[addr + run].mr == first.mr &&
               bytes[addr + run].offset == first.offset + run) {
            run++;
        }
        hwaddr got = len;
        auto *host = static_cast<uint8_t *>(
            address_space_map(&as, addr, &got, is_write, kPlain));
        if (!host) {
            return false;
        }
        bool agrees;
        if (is_direct(first, is_write)) {
            auto *base =
                static_cast<uint8_t *>(memory_region_get_ram_ptr(first.mr));
            agrees = host == base + first.offset && got == run;
        } else if (first.mr && first.mr->ram) {
            agrees = got > 0 && got <= run && got <= 0x1000; // one piece
        } else {
            agrees = got == std::min<hwaddr>(len, 0x1000);
        }
        address_space_unmap(&as, host, got, is_write, 0);
        return agrees;
    }
    std::mt19937 rng;
    ScopedWorld world;
    ByteDevice device;
    uint8_t storage[0x1000] = {};
    MemoryRegion root{}, target[6] = {}, window[10] = {};
    MemoryRegion *last = nullptr;
    hwaddr last_offset = 0, last_addr = 0;
    AddressSpace as{};
    std::vector<Byte> bytes;
};

TEST(MapRandomTest, WindowsAgreeWithANaiveModel)
{
    for (unsigned seed = 0; seed < 60; seed++) {
        Layout layout(seed);
        for (int i = 0; i < 60; i++) {
            ASSERT_TRUE(layout.map_agrees())
                << "seed " << seed << " access " << i;
        }
    }
}

} // namespace
