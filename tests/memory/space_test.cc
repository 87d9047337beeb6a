// Address spaces: byte strings, sized accesses, ROM, and the default port.
#include <memory>
#include <random>

#include "tests/memory/memory_kit.h"

namespace
{

class Space : public ::testing::Test
{
  protected:
    Space()
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        address_space_init(&as, &root, "mem");
    }
    ~Space() override
    {
        address_space_destroy(&as);
        for (auto &mr : made) {
            if (mr->container) {
                memory_region_del_subregion(mr->container, mr.get());
            }
        }
        for (auto &mr : made) {
            memory_region_fini(mr.get());
        }
        memory_region_fini(&root);
    }
    MemoryRegion *fresh()
    {
        made.push_back(std::make_unique<MemoryRegion>());
        return made.back().get();
    }
    MemoryRegion *place(hwaddr addr, MemoryRegion *mr, int priority = 0)
    {
        memory_region_add_subregion_overlap(&root, addr, mr, priority);
        return mr;
    }
    MemoryRegion *ram(hwaddr addr, uint64_t size)
    {
        MemoryRegion *mr = fresh();
        memory_region_init_ram(mr, nullptr, "ram", size, nullptr);
        return place(addr, mr);
    }
    MemoryRegion *rom(hwaddr addr, uint64_t size)
    {
        MemoryRegion *mr = fresh();
        memory_region_init_rom(mr, nullptr, "rom", size, nullptr);
        return place(addr, mr);
    }
    MemoryRegion *io(hwaddr addr, ByteDevice *dev, uint64_t size = 64)
    {
        MemoryRegion *mr = fresh();
        memory_region_init_io(mr, nullptr, &dev->ops, dev, "io", size);
        return place(addr, mr);
    }
    uint32_t ldl(hwaddr addr)
    {
        return address_space_ldl_le(&as, addr, kPlain, &result);
    }
    void stl(hwaddr addr, uint32_t value)
    {
        address_space_stl_le(&as, addr, value, kPlain, &result);
    }
    ScopedWorld scope;
    MemoryRegion root;
    AddressSpace as;
    MemTxResult result = 99;
    std::vector<std::unique_ptr<MemoryRegion>> made;
};

TEST_F(Space, byte_orders_of_sized_accesses)
{
    ram(0, 4096);
    write_bytes(&as, 1, {1, 2, 3, 4, 5, 6, 7, 8});
    EXPECT_EQ(address_space_ldub(&as, 1, kPlain, nullptr), 1);
    EXPECT_EQ(address_space_lduw_le(&as, 1, kPlain, nullptr), 0x0201);
    EXPECT_EQ(address_space_lduw_be(&as, 1, kPlain, nullptr), 0x0102);
    EXPECT_EQ(address_space_ldl_be(&as, 1, kPlain, nullptr), 0x01020304u);
    EXPECT_EQ(address_space_ldq_be(&as, 1, kPlain, nullptr),
              UINT64_C(0x0102030405060708));
    EXPECT_EQ(address_space_ldq(&as, 1, kPlain, nullptr),
              UINT64_C(0x0807060504030201));
    scope.world->target_big_endian = true;
    EXPECT_EQ(address_space_lduw(&as, 1, kPlain, nullptr), 0x0102);
    EXPECT_EQ(address_space_ldl(&as, 1, kPlain, nullptr), 0x01020304u);
    address_space_stl(&as, 0, 0xaabbccdd, kPlain, nullptr);
    address_space_stw_le(&as, 4, 0x1122, kPlain, nullptr);
    address_space_stq_be(&as, 8, 0x1020304050607080, kPlain, &result);
    EXPECT_EQ(result, MemTxResult{MEMTX_OK});
    EXPECT_EQ(read_bytes(&as, 0, 6),
              (std::vector<uint8_t>{0xaa, 0xbb, 0xcc, 0xdd, 0x22, 0x11}));
    EXPECT_EQ(read_bytes(&as, 8, 2), (std::vector<uint8_t>{0x10, 0x20}));
}

// Byte strings cross borders; a sized access is one dispatch and does not.
TEST_F(Space, sized_accesses_are_never_cut_byte_strings_are)
{
    ByteDevice dev;
    dev.any_size();
    dev.ops.impl.unaligned = false;
    ram(0, 0x1000);
    ram(0x1000, 0x1000);
    io(0x2000, &dev, 4);
    EXPECT_EQ(write_bytes(&as, 0xffc, {1, 2, 3, 4, 5, 6, 7, 8}),
              MemTxResult{MEMTX_OK});
    EXPECT_EQ(read_bytes(&as, 0xffc, 8, &result),
              (std::vector<uint8_t>{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(address_space_ldq_le(&as, 0xffc, kPlain, &result), 0u);
    EXPECT_EQ(result, MemTxResult{MEMTX_DECODE_ERROR});
    address_space_stq_le(&as, 0xffc, 0, kPlain, &result);
    EXPECT_EQ(result, MemTxResult{MEMTX_DECODE_ERROR});
    EXPECT_EQ(read_bytes(&as, 0xffc, 1), (std::vector<uint8_t>{1}));
    ldl(0x1ffe);
    EXPECT_EQ(result, MemTxResult{MEMTX_DECODE_ERROR});
    EXPECT_TRUE(dev.calls.empty());
    read_bytes(&as, 0x1ffe, 4, &result);
    EXPECT_EQ(dev.calls.back(), (Call{'r', 0, 2, 0x1710}));
    ldl(0x2001); // out as it is, misaligned and over the end
    EXPECT_EQ(dev.calls.back().offset, 1u);
    EXPECT_EQ(dev.calls.back().size, 4u);
    dev.calls.clear();
    read_bytes(&as, 0x2001, 7, &result); // then nothing is there
    EXPECT_EQ(result, MemTxResult{MEMTX_DECODE_ERROR});
    ASSERT_EQ(dev.calls.size(), 2u);
    EXPECT_EQ(dev.calls[0].offset, 1u);
    EXPECT_EQ(dev.calls[0].size, 1u);
    EXPECT_EQ(dev.calls[1].offset, 2u);
    EXPECT_EQ(dev.calls[1].size, 2u);
    read_bytes(&as, 0x2000, 8, &result); // to the device's sizes, not its end
    EXPECT_EQ(result, MemTxResult{MEMTX_OK});
    EXPECT_EQ(dev.calls[2].size, 8u);
}

TEST_F(Space, memory_that_starts_or_ends_inside_a_page_has_three_pieces)
{
    ram(0x800, 0x3000); // pieces 0x800..0xfff, 0x1000..0x2fff, 0x3000..0x37ff
    const struct {
        hwaddr addr, len;
    } cases[] = {
        {0x900, 0x700}, {0x1000, 0x2000}, {0x2ffc, 4}, {0x3004, 0x7fc}};
    for (const auto &c : cases) {
        hwaddr offset, len = 0x10000;
        MemoryRegion *mr =
            address_space_translate(&as, c.addr, &offset, &len, true, kPlain);
        EXPECT_EQ(mr, made[0].get());
        EXPECT_EQ(offset, c.addr - 0x800);
        EXPECT_EQ(len, c.len) << std::hex << c.addr;
    }
    ldl(0xffe);
    EXPECT_EQ(result, MemTxResult{MEMTX_DECODE_ERROR});
    ldl(0x1ffe);
    EXPECT_EQ(result, MemTxResult{MEMTX_OK});
    ldl(0x2ffe);
    EXPECT_EQ(result, MemTxResult{MEMTX_DECODE_ERROR});
    EXPECT_EQ(write_bytes(&as, 0xff0, std::vector<uint8_t>(0x2800, 7)),
              MemTxResult{MEMTX_OK});
    hwaddr offset, len = 8;
    MemoryRegion *mr =
        address_space_translate(&as, 0x9000, &offset, &len, false, kPlain);
    EXPECT_EQ(mr, &scope.world->unassigned);
    EXPECT_EQ(offset, 0x9000u);
    EXPECT_EQ(len, 8u);
}

TEST_F(Space, rom_is_written_by_loaders_only)
{
    ByteDevice dev;
    dev.any_size();
    MemoryRegion *r = rom(0, 0x1000);
    io(0x1000, &dev);
    MemoryRegion *romd = fresh();
    memory_region_init_rom_device(romd, nullptr, &dev.ops, &dev, "romd", 0x1000,
                                  nullptr);
    place(0x2000, romd);
    EXPECT_EQ(write_bytes(&as, 0x10, {1, 2, 3}),
              MemTxResult{MEMTX_DECODE_ERROR});
    stl(0x10, 5);
    EXPECT_EQ(result, MemTxResult{MEMTX_DECODE_ERROR});
    EXPECT_EQ(read_bytes(&as, 0x10, 3), (std::vector<uint8_t>(3, 0)));
    std::vector<uint8_t> image(0x3000, 0xab);
    EXPECT_EQ(
        address_space_write_rom(&as, 0, kPlain, image.data(), image.size()),
        MemTxResult{MEMTX_OK});
    EXPECT_TRUE(dev.calls.empty()) << "never into a device";
    EXPECT_EQ(r->ram_block->host[0xfff], 0xab);
    EXPECT_EQ(romd->ram_block->host[0], 0xab);
    EXPECT_EQ(ldl(0x2ffc), 0xababababu) << "a rom device reads as memory";
    stl(0x2000, 1);
    EXPECT_EQ(dev.calls.size(), 1u) << "and writes as device";
    memory_region_set_readonly(r, false);
    stl(0x10, 5);
    EXPECT_EQ(ldl(0x10), 5u);
    memory_region_rom_device_set_romd(romd, false);
    image.assign(4, 0x11);
    address_space_write_rom(&as, 0x2000, kPlain, image.data(), 4);
    EXPECT_EQ(romd->ram_block->host[0], 0xab);
}

// The bytes behind the range belong to whoever shows there.
TEST_F(Space, a_rom_device_read_by_pointer_ends_with_its_range)
{
    ByteDevice dev;
    dev.any_size();
    MemoryRegion *romd = fresh();
    memory_region_init_rom_device(romd, nullptr, &dev.ops, &dev, "romd", 16,
                                  nullptr);
    memset(romd->ram_block->host, 0x55, 16);
    place(0, romd);
    ram(8, 16)->ram_block->host[0] = 0x66; // later, so above
    EXPECT_EQ(read_bytes(&as, 6, 4, &result),
              (std::vector<uint8_t>{0x55, 0x55, 0x66, 0}));
    EXPECT_EQ(result, MemTxResult{MEMTX_OK});
    place(32, [&] {
        MemoryRegion *alias = fresh();
        memory_region_init_alias(alias, nullptr, "a", romd, 12, 16);
        return alias;
    }());
    EXPECT_EQ(read_bytes(&as, 34, 4, &result),
              (std::vector<uint8_t>{0x55, 0x55, 0, 0}));
    EXPECT_EQ(result, MemTxResult{MEMTX_DECODE_ERROR});
}

TEST_F(Space, readonly_on_an_alias_is_for_onlookers)
{
    MemoryRegion *r = ram(0, 0x1000), *alias = fresh();
    memory_region_init_alias(alias, nullptr, "ro", r, 0, 0x1000);
    memory_region_set_readonly(alias, true);
    place(0x4000, alias);
    stl(0x4000, 0x12345678);
    EXPECT_EQ(result, MemTxResult{MEMTX_OK});
    EXPECT_EQ(ldl(0), 0x12345678u);
    EXPECT_TRUE(address_space_to_flatview(&as)->range[1].readonly);
}

TEST_F(Space, all_pieces_run_whatever_comes_of_them)
{
    ram(0x1000, 0x1000);
    ram(0x3000, 0x1000);
    std::vector<uint8_t> bytes(0x2010, 9);
    EXPECT_EQ(write_bytes(&as, 0x1ff8, bytes), MemTxResult{MEMTX_DECODE_ERROR});
    EXPECT_EQ(ldl(0x1ffc), 0x09090909u);
    EXPECT_EQ(ldl(0x3ffc), 0x09090909u);
    EXPECT_EQ(read_bytes(&as, 0x1ff8, 12, &result)[8], 0);
    EXPECT_EQ(result, MemTxResult{MEMTX_DECODE_ERROR});
    EXPECT_EQ(write_bytes(&as, 0xff8, bytes), MemTxResult{MEMTX_DECODE_ERROR})
        << "the last piece is fine";
    ByteDevice dev;
    io(0x6000, &dev);
    EXPECT_EQ(write_bytes(&as, 0x5ffc, {1, 2, 3, 4, 5, 6, 7, 8}),
              MemTxResult{MEMTX_DECODE_ERROR});
    EXPECT_EQ(dev.calls, (std::vector<Call>{{'w', 0, 4, 0x08070605}}));
    EXPECT_EQ(write_bytes(&as, 0x9000, {}), MemTxResult{MEMTX_OK});
}

TEST_F(Space, fill_and_wrap)
{
    ram(0, 0x1000);
    ram(UINT64_MAX - 0xfff, 0x1000);
    EXPECT_EQ(address_space_set(&as, 0x10, 0xee, 1300, kPlain),
              MemTxResult{MEMTX_OK});
    EXPECT_EQ(ldl(0x10 + 1296), 0xeeeeeeeeu);
    EXPECT_EQ(address_space_ldub(&as, 0x10 + 1300, kPlain, nullptr), 0);
    EXPECT_EQ(write_bytes(&as, UINT64_MAX - 1, {1, 2, 3, 4}),
              MemTxResult{MEMTX_OK});
    EXPECT_EQ(address_space_lduw_le(&as, 0, kPlain, nullptr), 0x0403);
}

TEST_F(Space, access_valid_asks_without_touching)
{
    ByteDevice dev; // 4 bytes at most, aligned
    dev.ops.valid.min_access_size = 2;
    dev.ops.valid.max_access_size = 4;
    ram(0, 0x1000);
    io(0x1000, &dev);
    EXPECT_TRUE(address_space_access_valid(&as, 0, 0x1000, true, kPlain));
    EXPECT_TRUE(address_space_access_valid(&as, 0xffc, 12, false, kPlain));
    EXPECT_FALSE(address_space_access_valid(&as, 0x1001, 1, false, kPlain));
    EXPECT_FALSE(address_space_access_valid(&as, 0x1000, 5, false, kPlain));
    EXPECT_FALSE(address_space_access_valid(&as, 0x5000, 4, false, kPlain));
    // The length is cut by the address, as published, not by the offset.
    ByteDevice odd;
    odd.ops.valid.min_access_size = 2;
    odd.ops.valid.max_access_size = 4;
    io(0x2002, &odd);
    EXPECT_TRUE(address_space_access_valid(&as, 0x2004, 2, false, kPlain));
    EXPECT_FALSE(address_space_access_valid(&as, 0x2004, 6, false, kPlain));
    EXPECT_TRUE(dev.calls.empty());
}

// Every byte of memory and devices, through random byte strings.
TEST_F(Space, byte_strings_against_bytes)
{
    ByteDevice one(64), two(64);
    one.any_size();
    two.any_size();
    two.ops.impl.unaligned = false;
    two.ops.endianness = DEVICE_BIG_ENDIAN;
    two.ops.impl.max_access_size = 2;
    std::vector<uint8_t> model(0x3000);
    ram(0, 0x1100);
    io(0x1100, &one);
    ram(0x1140, 0x0f40);
    io(0x2080, &two);
    ram(0x20c0, 0x0f40);
    std::copy(one.mem.begin(), one.mem.end(), model.begin() + 0x1100);
    std::copy(two.mem.begin(), two.mem.end(), model.begin() + 0x2080);
    std::mt19937 random(4711);
    auto pick = [&](unsigned n) { return static_cast<unsigned>(random()) % n; };
    for (int i = 0; i < 4000; i++) {
        // Mostly around the devices. What straddles the end of one goes to it
        // whole (its rule), so writes end with the region.
        hwaddr addr =
            pick(4) ? (pick(2) ? 0x10f0 : 0x2070) + pick(0x60) : pick(0x2000);
        size_t len = 1 + pick(40);
        for (hwaddr end : {hwaddr{0x1140}, hwaddr{0x20c0}}) {
            len = addr < end && addr + len > end ? end - addr : len;
        }
        if (pick(2)) {
            std::vector<uint8_t> bytes(len);
            for (auto &b : bytes) {
                b = static_cast<uint8_t>(random());
            }
            ASSERT_EQ(write_bytes(&as, addr, bytes), MemTxResult{MEMTX_OK});
            std::copy(bytes.begin(), bytes.end(),
                      model.begin() + static_cast<std::ptrdiff_t>(addr));
        } else {
            auto first = model.begin() + static_cast<std::ptrdiff_t>(addr);
            ASSERT_EQ(read_bytes(&as, addr, len),
                      std::vector<uint8_t>(
                          first, first + static_cast<std::ptrdiff_t>(len)))
                << std::hex << addr << " " << len;
        }
        if (i % 16 == 0) {
            ASSERT_EQ(
                read_bytes(&as, 0, 0x1100),
                std::vector<uint8_t>(model.begin(), model.begin() + 0x1100));
        }
    }
}

// -- callbacks that change things
// --------------------------------------------------

TEST_F(Space, an_access_keeps_the_view_it_started_with)
{
    ByteDevice dev;
    ram(0, 0x1000);
    MemoryRegion *d = io(0, &dev, 8);
    dev.hook = [d] { memory_region_set_enabled(d, false); };
    write_bytes(&as, 0, {1, 2, 3, 4, 5, 6, 7, 8});
    EXPECT_EQ(dev.calls.size(), 2u) << "the second piece still reached it";
    EXPECT_EQ(ldl(4), 0u) << "the next access does not";
    memory_region_set_enabled(d, true);
    dev.calls.clear();
    EXPECT_EQ(ldl(4), 0x08070605u);
    EXPECT_EQ(ldl(4), 0u);
    EXPECT_EQ(dev.calls.size(), 1u);
}

TEST_F(Space, a_callback_may_access_memory)
{
    ByteDevice dev;
    ram(0x1000, 0x1000);
    io(0, &dev);
    dev.hook = [this] {
        write_bytes(&as, 0x1000, {0xaa, 0xbb});
        EXPECT_EQ(address_space_lduw_le(&as, 0x1000, kPlain, nullptr), 0xbbaa);
    };
    stl(0, 1);
    EXPECT_EQ(result, MemTxResult{MEMTX_OK});
    EXPECT_EQ(address_space_lduw_le(&as, 0x1000, kPlain, nullptr), 0xbbaa);
}

// -- stores that pages wait for
// ----------------------------------------------------

TEST_F(Space, every_way_to_store_tells_about_pages_that_hold_code)
{
    MemoryRegion *r = ram(0, 0x2000);
    ram_block_set_state(scope.world, r->ram_block, 0x1000, PAGE_CODE);
    unsigned *told = &scope.world->code_writes;
    stl(0xffc, 1);
    EXPECT_EQ(*told, 0u) << "another page";
    stl(0x1000, 1);
    EXPECT_EQ(*told, 1u);
    write_bytes(&as, 0xff0, std::vector<uint8_t>(0x11, 1));
    EXPECT_EQ(*told, 2u);
    address_space_write_rom(&as, 0x1ffe, kPlain, "x", 1);
    EXPECT_EQ(*told, 3u);
    address_space_set(&as, 0x1000, 0, 4, kPlain);
    EXPECT_EQ(*told, 4u);
    std::vector<uint8_t> bytes(16);
    MemoryRegion *ramd = fresh();
    memory_region_init_ram_device_ptr(ramd, nullptr, "ramd", 16, bytes.data());
    place(0x4000, ramd);
    ram_block_set_state(scope.world, ramd->ram_block, 0, PAGE_CODE);
    stl(0x4004, 1);
    EXPECT_EQ(*told, 5u);
    ldl(0x1000);
    EXPECT_EQ(*told, 5u);
}

// -- the default port
// ----------------------------------------------------------------

class SpacePort : public Space
{
  protected:
    SpacePort()
    {
        clock_init(&clk, "clk", 1000000);
        Error *err = nullptr;
        EXPECT_TRUE(port_init(&port, &as, "api", &clk, nullptr, true, &err));
        as.api = &port;
    }
    ~SpacePort() override
    {
        as.api = nullptr;
        port_fini(&port);
    }
    ClockDomain clk;
    MemoryPort port;
};

TEST_F(SpacePort, calls_are_counted_and_equal_those_without)
{
    ByteDevice dev;
    ram(0, 0x1000);
    io(0x1000, &dev);
    EXPECT_EQ(write_bytes(&as, 0, {1, 2, 3, 4}), MemTxResult{MEMTX_OK});
    EXPECT_EQ(port_transactions(&port), 1u);
    EXPECT_EQ(ldl(0), 0x04030201u);
    EXPECT_EQ(address_space_ldl_be(&as, 0, kPlain, &result), 0x01020304u);
    address_space_stw_be(&as, 8, 0x1122, kPlain, &result);
    EXPECT_EQ(read_bytes(&as, 8, 2), (std::vector<uint8_t>{0x11, 0x22}));
    EXPECT_EQ(port_transactions(&port), 5u);
    ldl(0x8000);
    EXPECT_EQ(result, MemTxResult{MEMTX_DECODE_ERROR});
    address_space_stl_be(&as, 0x1004, 0x01020304, kPlain, &result);
    EXPECT_EQ(dev.calls.back().value, 0x04030201u);
    uint32_t n;
    const PortTraffic *t = port_traffic(&port, &n);
    for (uint32_t i = 0; i < n; i++) {
        EXPECT_EQ(t[i].kind, ACCESS_API);
    }
    EXPECT_EQ(port_transactions(&port), 7u);
}

TEST_F(SpacePort, debug_loader_and_nested_accesses_stay_out_of_the_counts)
{
    ByteDevice dev;
    ram(0x1000, 0x1000);
    io(0, &dev);
    MemTxAttrs debug{};
    debug.debug = 1;
    uint8_t byte = 1;
    address_space_write(&as, 0x1000, debug, &byte, 1);
    address_space_ldub(&as, 0x1000, debug, nullptr);
    address_space_write_rom(&as, 0x1000, kPlain, &byte, 1);
    EXPECT_EQ(port_transactions(&port), 0u);
    dev.hook = [this] { write_bytes(&as, 0x1000, {0xaa, 0xbb}); };
    stl(0, 1);
    EXPECT_EQ(port_transactions(&port), 1u);
    EXPECT_EQ(ldl(0x1000), 0xbbaau);
}

TEST_F(SpacePort, pieces_of_a_nested_access_are_not_those_of_the_outer)
{
    ByteDevice dev;
    ram(0x1000, 0x1000);
    io(0, &dev);
    std::vector<MemoryBeat> room(16);
    MemoryBeats beats{room.data(), 0, 16};
    dev.hook = [this] { write_bytes(&as, 0x1000, {0xaa, 0xbb}); };
    scope.world->port = &port; // inside an access that is watched
    scope.world->beats = &beats;
    memory_region_dispatch_write(made[1].get(), 0, 1, MO_32, kPlain);
    scope.world->beats = nullptr;
    scope.world->port = nullptr;
    ASSERT_EQ(beats.count, 1u);
    EXPECT_EQ(room[0].mr, made[1].get());
}

TEST_F(SpacePort, a_change_of_the_map_closes_open_entries)
{
    ByteDevice dev;
    MemoryRegion *r = ram(0, 0x2000), *d = io(0x8000, &dev);
    auto open = [this] {
        PortEntry *e = port_open(&port, 0, 0, true);
        return e && e->write_tag == 0;
    };
    auto is_open = [this] { return port.entry[0].write_tag == 0; };
    ASSERT_TRUE(open());
    memory_region_transaction_begin();
    memory_region_transaction_commit();
    EXPECT_TRUE(is_open());
    MemoryRegion *elsewhere = fresh();
    memory_region_init(elsewhere, nullptr, "elsewhere", 16);
    memory_region_set_readonly(elsewhere, false); // as it was: no change
    EXPECT_TRUE(is_open());
    memory_region_set_enabled(d, false);
    EXPECT_FALSE(is_open());
    ASSERT_TRUE(open());
    memory_region_transaction_begin();
    memory_region_set_readonly(r, true); // holds before the commit
    EXPECT_FALSE(is_open());
    memory_region_set_readonly(r, false);
    ASSERT_TRUE(open());
    memory_region_set_address(r, 0x1000);
    EXPECT_TRUE(is_open()) << "the old view until the commit";
    memory_region_transaction_commit();
    EXPECT_FALSE(is_open());
    // Another region in the same struct, at the same place, in one commit.
    MemoryRegion *again = ram(0x10000, 0x1000);
    ASSERT_NE(port_open(&port, 0x10000, 0x10000, true), nullptr);
    const PortEntry *e = &port.entry[0x10];
    ASSERT_EQ(e->write_tag, 0x10000u);
    uint32_t id = again->id;
    memory_region_transaction_begin();
    memory_region_del_subregion(&root, again);
    again->id = id + 1000;
    memory_region_add_subregion(&root, 0x10000, again);
    memory_region_transaction_commit();
    EXPECT_NE(e->write_tag, 0x10000u);
}

} // namespace
