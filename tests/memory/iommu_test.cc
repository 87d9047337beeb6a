// IOMMU regions: single rules by hand. Random maps against a page-table model
// are in iommu_model_test.cc, notifiers in iommu_notifier_test.cc.
#include "memory/port.h"
#include "memory/posted.h"
#include "tests/memory/iommu_kit.h"

namespace
{

class Iommu : public testing::Test
{
  protected:
    Iommu() : unit("unit", 0x10000, 2), device(0x100)
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 0x8000, nullptr);
        memory_region_add_subregion(&root, 0x100000, &ram);
        device.any_size();
        memory_region_init_io(&io, nullptr, &device.ops, &device, "io", 0x1000);
        memory_region_add_subregion(&root, 0x200000, &io);
        address_space_init(&mem, &root, "mem");
        memory_region_init(&dma_root, nullptr, "dma", UINT64_MAX);
        memory_region_add_subregion(&dma_root, 0x40000, unit.mr());
        address_space_init(&dma, &dma_root, "dma");
        host = static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram));
        for (unsigned i = 0; i < 0x8000; i++) {
            host[i] = static_cast<uint8_t>(i * 7 + (i >> 8));
        }
    }
    ~Iommu() override
    {
        memory_region_del_subregion(&dma_root, unit.mr());
        memory_region_del_subregion(&root, &ram);
        memory_region_del_subregion(&root, &io);
        address_space_destroy(&dma);
        address_space_destroy(&mem);
        memory_region_fini(&io);
        memory_region_fini(&ram);
        memory_region_fini(&root);
        memory_region_fini(&dma_root);
    }
    std::string xlat(hwaddr addr, hwaddr len, bool is_write = false,
                     MemTxAttrs attrs = kPlain)
    {
        hwaddr offset;
        const MemoryRegion *mr =
            address_space_translate(&dma, addr, &offset, &len, is_write, attrs);
        char text[80];
        snprintf(text, sizeof(text), "%s+%llx len %llx", memory_region_name(mr),
                 static_cast<unsigned long long>(offset),
                 static_cast<unsigned long long>(len));
        return text;
    }
    std::string entry(hwaddr addr, bool is_write = false,
                      MemTxAttrs attrs = kPlain)
    {
        IOMMUTLBEntry e =
            address_space_get_iotlb_entry(&dma, addr, is_write, attrs);
        if (e.perm == IOMMU_NONE) {
            EXPECT_EQ(e.target_as, nullptr);
            return "none";
        }
        char text[120];
        snprintf(text, sizeof(text), "%s %llx>%llx/%llx %d", e.target_as->name,
                 static_cast<unsigned long long>(e.iova),
                 static_cast<unsigned long long>(e.translated_addr),
                 static_cast<unsigned long long>(e.addr_mask), e.perm);
        return text;
    }
    ScopedWorld scope;
    MemoryRegion root, dma_root, ram, io;
    TestIommu unit;
    AddressSpace mem, dma;
    ByteDevice device;
    uint8_t *host;
};

// -- what it is

TEST_F(Iommu, what_it_is)
{
    MemoryRegion alias;
    memory_region_init_alias(&alias, nullptr, "alias", unit.mr(), 0x1000,
                             0x1000);
    EXPECT_EQ(memory_region_get_iommu(unit.mr()), unit.iommu());
    EXPECT_EQ(memory_region_get_iommu(&alias), unit.iommu());
    EXPECT_TRUE(memory_region_is_iommu(&alias));
    EXPECT_FALSE(memory_region_is_iommu(&ram));
    EXPECT_EQ(IOMMU_MEMORY_REGION(unit.mr()), unit.iommu());
    EXPECT_FALSE(memory_region_is_ram(unit.mr()));
    EXPECT_EQ(at(&dma, 0x40010), "unit@16"); // opaque, like a device
    // by itself it takes nothing
    uint64_t value = 5;
    EXPECT_EQ(memory_region_dispatch_read(unit.mr(), 0, &value, MO_32, kPlain),
              MEMTX_DECODE_ERROR);
    memory_region_fini(&alias);
}

TEST_F(Iommu, methods_that_are_missing)
{
    static const TypeInfo bare = [] {
        TypeInfo t{};
        t.name = "bare-iommu";
        t.parent = TYPE_IOMMU_MEMORY_REGION;
        return t;
    }();
    type_register_static(&bare);
    IOMMUMemoryRegion unit2;
    memory_region_init_iommu(&unit2, sizeof(unit2), "bare-iommu", nullptr,
                             "bare", 0x1000);
    int data = 0;
    EXPECT_EQ(memory_region_iommu_get_min_page_size(&unit2), 4096u);
    EXPECT_EQ(memory_region_iommu_attrs_to_index(&unit2, kSecure), 0);
    EXPECT_EQ(memory_region_iommu_num_indexes(&unit2), 1);
    EXPECT_EQ(
        memory_region_iommu_get_attr(&unit2, IOMMU_ATTR_SPAPR_TCE_FD, &data),
        -EINVAL);
    EXPECT_EQ(memory_region_iommu_set_page_size_mask(&unit2, 0x1000, nullptr),
              0);
    EXPECT_EQ(memory_region_iommu_attrs_to_index(unit.iommu(), kSecure), 1);
    EXPECT_EQ(memory_region_iommu_num_indexes(unit.iommu()), 2);
    memory_region_fini(&unit2.parent_obj);
}

// -- accesses

TEST_F(Iommu, a_page_shows_another_place)
{
    unit.map(0x3000, &mem, 0x102000);
    EXPECT_EQ(read_bytes(&dma, 0x43004, 2),
              (std::vector<uint8_t>{host[0x2004], host[0x2005]}));
    EXPECT_EQ(write_bytes(&dma, 0x43ffe, {1, 2}), MEMTX_OK);
    EXPECT_EQ(host[0x2ffe], 1);
    EXPECT_EQ(host[0x2fff], 2);
    EXPECT_EQ(unit.asked, (std::vector<std::string>{"3004 r0", "3ffe w0"}));
}

TEST_F(Iommu, length_ends_with_the_page)
{
    unit.map(0x3000, &mem, 0x102000);
    unit.map(0x4000, &mem, 0x103000, IOMMU_RW, 0x3fff);
    EXPECT_EQ(xlat(0x43ffe, 0x1000), "ram+2ffe len 2");
    EXPECT_EQ(xlat(0x43800, 0x100), "ram+2800 len 100");
    // a page of 16 KiB starts at a multiple of that
    EXPECT_EQ(xlat(0x44000, 0x10000), "ram+0 len 4000");
    EXPECT_EQ(xlat(0x45800, 0x10000), "ram+1800 len 2800");
}

TEST_F(Iommu, length_ends_with_the_memory_behind)
{
    unit.map(0x0, &mem, 0x104000, IOMMU_RW, 0xffff); // 0x100000 in fact
    EXPECT_EQ(xlat(0x40000, 0x10000), "ram+0 len 8000");
    unit.map(0xffff0000, &mem, 0, IOMMU_RW, 0xffff);
    EXPECT_EQ(xlat(0x48000, 0x10000), "unassigned+108000 len 8000");
}

TEST_F(Iommu, no_page_and_no_permission)
{
    unit.map(0x1000, &mem, 0x100000, IOMMU_RO);
    unit.map(0x2000, &mem, 0x100000, IOMMU_WO);
    unit.map(0x3000, &mem, 0x100000, IOMMU_NONE);
    unit.map(0x5000, nullptr, 0, IOMMU_RW); // nonsense
    std::vector<uint8_t> before(host, host + 0x8000);
    MemTxResult result;
    // the last offset that was not translated, the length as it was
    EXPECT_EQ(xlat(0x44010, 0x2000), "unassigned+4010 len 2000");
    EXPECT_EQ(xlat(0x41010, 0x2000, true), "unassigned+1010 len 2000");
    EXPECT_EQ(write_bytes(&dma, 0x41000, {1, 2, 3}), MEMTX_DECODE_ERROR);
    EXPECT_EQ(read_bytes(&dma, 0x42000, 2, &result),
              (std::vector<uint8_t>{0, 0}));
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    read_bytes(&dma, 0x43000, 2, &result);
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    read_bytes(&dma, 0x45000, 2, &result);
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    EXPECT_EQ(address_space_ldl(&dma, 0x42000, kPlain, &result), 0u);
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    EXPECT_FALSE(address_space_access_valid(&dma, 0x41000, 4, true, kPlain));
    EXPECT_TRUE(address_space_access_valid(&dma, 0x41000, 4, false, kPlain));
    EXPECT_EQ(std::vector<uint8_t>(host, host + 0x8000), before);
}

TEST_F(Iommu, a_transfer_is_cut_at_pages_and_all_of_it_runs)
{
    unit.map(0x1000, &mem, 0x105000);
    unit.map(0x3000, &mem, 0x101000); // nothing at 0x2000
    std::vector<uint8_t> data(0x1008, 0x77);
    EXPECT_EQ(write_bytes(&dma, 0x41ffc, data), MEMTX_DECODE_ERROR);
    EXPECT_EQ(host[0x5ffb], (uint8_t)(0x5ffb * 7 + 0x5f));
    EXPECT_EQ(host[0x5ffc], 0x77);
    EXPECT_EQ(host[0x5fff], 0x77);
    EXPECT_EQ(host[0x1000], 0x77);
    EXPECT_EQ(host[0x1003], 0x77);
    EXPECT_EQ(host[0x1004], (uint8_t)(0x1004 * 7 + 0x10));
}

TEST_F(Iommu, a_sized_access_over_a_page_border_fails_whole)
{
    unit.map(0x1000, &mem, 0x101000);
    unit.map(0x2000, &mem, 0x102000); // the bytes do go on
    MemTxResult result;
    address_space_stl_le(&dma, 0x41ffe, 0xffffffff, kPlain, &result);
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    EXPECT_EQ(host[0x1ffe], (uint8_t)(0x1ffe * 7 + 0x1f));
    address_space_stl_le(&dma, 0x41ffc, 0x44332211, kPlain, &result);
    EXPECT_EQ(result, MEMTX_OK);
    EXPECT_EQ(host[0x1fff], 0x44);
}

TEST_F(Iommu, secure_transactions_have_their_own_pages)
{
    unit.map(0x1000, &mem, 0x101000);
    unit.map(0x1000, &mem, 0x102000, IOMMU_RO, 0xfff, 1);
    EXPECT_EQ(xlat(0x41000, 4), "ram+1000 len 4");
    EXPECT_EQ(xlat(0x41000, 4, false, kSecure), "ram+2000 len 4");
    EXPECT_EQ(xlat(0x41000, 4, true, kSecure), "unassigned+1000 len 4");
    EXPECT_EQ(unit.asked,
              (std::vector<std::string>{"1000 r0", "1000 r1", "1000 w1"}));
}

TEST_F(Iommu, a_device_behind_it)
{
    unit.map(0x0, &mem, 0x200000);
    EXPECT_EQ(address_space_ldl_le(&dma, 0x40010, kPlain, nullptr),
              address_space_ldl_le(&mem, 0x200010, kPlain, nullptr));
    EXPECT_EQ(device.calls.size(), 2u);
    EXPECT_EQ(device.calls[0], device.calls[1]);
    EXPECT_EQ(xlat(0x40010, 0x2000), "io+10 len ff0"); // its page ends there
}

TEST_F(Iommu, seen_through_an_alias_and_from_a_container)
{
    MemoryRegion alias;
    memory_region_init_alias(&alias, nullptr, "alias", unit.mr(), 0x3000,
                             0x1000);
    memory_region_add_subregion(&dma_root, 0x90000, &alias);
    unit.map(0x3000, &mem, 0x102000);
    EXPECT_EQ(xlat(0x90008, 4), "ram+2008 len 4");
    EXPECT_EQ(unit.asked, (std::vector<std::string>{"3008 r0"}));
    memory_region_del_subregion(&dma_root, &alias);
    memory_region_fini(&alias);
}

TEST_F(Iommu, the_target_is_as_it_is_now)
{
    unit.map(0x0, &mem, 0x100000);
    EXPECT_EQ(xlat(0x40000, 4), "ram+0 len 4");
    memory_region_set_address(&ram, 0x300000);
    EXPECT_EQ(xlat(0x40000, 4), "unassigned+100000 len 4");
    memory_region_set_address(&ram, 0x100000);
    memory_region_transaction_begin();
    memory_region_set_enabled(&ram, false);
    EXPECT_EQ(xlat(0x40000, 4), "ram+0 len 4"); // not committed
    memory_region_transaction_commit();
    EXPECT_EQ(xlat(0x40000, 4), "unassigned+100000 len 4");
    memory_region_set_enabled(&ram, true);
}

TEST_F(Iommu, mappings)
{
    unit.map(0x1000, &mem, 0x103000);
    unit.map(0x2000, &mem, 0x104000); // goes on
    unit.map(0x3000, &mem, 0x104000);
    hwaddr len = 0x8000;
    void *p = address_space_map(&dma, 0x41800, &len, true, kPlain);
    EXPECT_EQ(p, host + 0x3800);
    EXPECT_EQ(len, 0x1800u);
    address_space_unmap(&dma, p, len, true, 0);
    unit.pages[1].perm = IOMMU_RO;
    len = 0x8000;
    p = address_space_map(&dma, 0x41800, &len, true, kPlain);
    EXPECT_EQ(p, host + 0x3800);
    EXPECT_EQ(len, 0x800u);
    address_space_unmap(&dma, p, len, true, 0);
}

// -- chains

TEST_F(Iommu, one_behind_the_other)
{
    TestIommu second("second", 0x20000);
    MemoryRegion mid_root;
    memory_region_init(&mid_root, nullptr, "mid", UINT64_MAX);
    memory_region_add_subregion(&mid_root, 0x10000, second.mr());
    AddressSpace mid;
    address_space_init(&mid, &mid_root, "mid");
    unit.map(0x4000, &mid, 0x14000, IOMMU_RW, 0x3fff);
    second.map(0x5000, &mem, 0x107000);
    second.map(0x4000, &mem, 0x100000, IOMMU_RW, 0x7ff);

    EXPECT_EQ(xlat(0x45010, 0x8000), "ram+7010 len ff0");
    EXPECT_EQ(xlat(0x44010, 0x8000), "ram+10 len 7f0");
    // the second one fails: its offset, a length cut by the first
    EXPECT_EQ(xlat(0x46010, 0x8000), "unassigned+6010 len 1ff0");
    EXPECT_EQ(write_bytes(&dma, 0x45ffe, {9, 8, 7}), MEMTX_DECODE_ERROR);
    EXPECT_EQ(host[0x7ffe], 9);
    EXPECT_EQ(host[0x7fff], 8);

    EXPECT_EQ(entry(0x45010), "mem 45000>107000/fff 3");
    EXPECT_EQ(entry(0x44010), "mem 44000>100000/7ff 3");
    EXPECT_EQ(entry(0x46010), "none");
    memory_region_del_subregion(&mid_root, second.mr());
    address_space_destroy(&mid);
    memory_region_fini(&mid_root);
}

TEST_F(Iommu, a_chain_without_end_leads_nowhere)
{
    unit.map(0x1000, &dma, 0x41000);
    std::vector<uint8_t> before(host, host + 0x8000);
    MemTxResult result;
    EXPECT_EQ(read_bytes(&dma, 0x41000, 4, &result),
              (std::vector<uint8_t>{0, 0, 0, 0}));
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    EXPECT_EQ(xlat(0x41234, 4), "unassigned+1234 len 4");
    EXPECT_EQ(write_bytes(&dma, 0x41000, {1}), MEMTX_DECODE_ERROR);
    EXPECT_EQ(entry(0x41000), "none");
    hwaddr len = 0x100;
    void *p = address_space_map(&dma, 0x41000, &len, false, kPlain);
    EXPECT_NE(p, nullptr); // a bounce buffer
    address_space_unmap(&dma, p, len, false, 0);
    EXPECT_EQ(std::vector<uint8_t>(host, host + 0x8000), before);
}

// -- entries for a device's own cache

TEST_F(Iommu, entry_without_an_iommu)
{
    unit.map(0, &mem, 0x100000);
    MemoryRegion direct;
    memory_region_init_alias(&direct, nullptr, "direct", &ram, 0x1000, 0x1004);
    memory_region_add_subregion(&dma_root, 0x5ffc, &direct);
    EXPECT_EQ(entry(0x6123), "dma 6000>6000/fff 3");
    // a page of which a part is there counts as there
    EXPECT_EQ(entry(0x5000), "dma 5000>5000/fff 3");
    EXPECT_EQ(entry(0x4fff), "none");
    EXPECT_EQ(entry(0x7000), "none");
    memory_region_set_readonly(&direct, true);
    EXPECT_EQ(entry(0x6123, true), "dma 6000>6000/fff 3"); // always RW
    memory_region_del_subregion(&dma_root, &direct);
    memory_region_fini(&direct);
}

TEST_F(Iommu, entry_of_a_page)
{
    unit.map(0x1000, &mem, 0x102000, IOMMU_RO);
    unit.map(0x4000, &mem, 0x104000, IOMMU_RW, 0x3fff);
    unit.map(0x2000, &mem, 0x105000, IOMMU_RW, 0x3ff);
    unit.map(0x8000, &mem, 0x900000); // nothing there
    unit.map(0x1000, &mem, 0x103000, IOMMU_RW, 0xfff, 1);
    EXPECT_EQ(entry(0x41fff), "mem 41000>102000/fff 3"); // not RO
    EXPECT_EQ(entry(0x41000, true), "none");
    EXPECT_EQ(entry(0x41000, true, kSecure), "mem 41000>103000/fff 3");
    EXPECT_EQ(entry(0x45678), "mem 44000>104000/3fff 3");
    EXPECT_EQ(entry(0x42001), "mem 42000>105000/3ff 3");
    EXPECT_EQ(entry(0x48000), "none");
    EXPECT_EQ(entry(0x49000), "none");
}

TEST_F(Iommu, entry_where_it_shares_its_page)
{
    // The byte map does not tell whose the page is; a page it has alone does.
    memory_region_set_address(unit.mr(), 0x40800);
    unit.map(0x0, &mem, 0x100000, IOMMU_RW, 0xffff);
    EXPECT_EQ(entry(0x40900), "dma 40000>40000/fff 3");
    EXPECT_EQ(entry(0x41900), "mem 40000>100000/ffff 3");
    EXPECT_EQ(xlat(0x40900, 4), "ram+100 len 4"); // a plain access knows
}

// -- changes under way

// A device that is freed with its region when nothing shows it any more.
struct Owned {
    Object object;
    MemoryRegion io;
};

Owned *owned_device(ByteDevice *device)
{
    auto *owned = static_cast<Owned *>(calloc(1, sizeof(Owned)));
    owned->object.ref = 1;
    owned->object.free = [](void *obj) {
        auto *o = static_cast<Owned *>(obj);
        memory_region_fini(&o->io);
        free(o);
    };
    memory_region_init_io(&owned->io, &owned->object, &device->ops, device,
                          "owned", 0x100);
    return owned;
}

TEST_F(Iommu, what_is_hit_lives_until_the_access_ends)
{
    device.any_size();
    device.ops.impl.max_access_size = 1;
    Owned *owned = owned_device(&device);
    memory_region_add_subregion(&root, 0x400000, &owned->io);
    object_unref(&owned->object); // what is visible keeps it
    unit.map(0, &mem, 0x400000);
    device.hook = [&] {
        device.hook = nullptr;
        memory_region_del_subregion(&root, &owned->io);
    };
    uint32_t value;
    memcpy(&value, device.mem.data(), sizeof(value));
    EXPECT_EQ(address_space_ldl_le(&dma, 0x40000, kPlain, nullptr), value);
    EXPECT_EQ(device.calls.size(), 4u);
    EXPECT_EQ(xlat(0x40000, 4), "unassigned+400000 len 4");
}

// A posted write that arrives before the access takes the target away: the
// access is done, by every path, and then the target ends.
TEST_F(Iommu, what_is_hit_outlives_the_posted_writes_before_it)
{
    unit.map(0, &mem, 0x400000);
    memory_region_add_coalescing(&io, 0, 0x10);
    MemoryRegionCache cache;
    address_space_cache_init(&cache, &dma, 0x40000, 0x10, true);
    uint32_t four = 4;
    const std::vector<std::function<void()>> paths = {
        [&] { address_space_ldl_le(&dma, 0x40000, kPlain, nullptr); },
        [&] { address_space_stl_le(&dma, 0x40000, 4, kPlain, nullptr); },
        [&] { address_space_read(&dma, 0x40000, kPlain, &four, 4); },
        [&] { address_space_write(&dma, 0x40000, kPlain, &four, 4); },
        [&] { address_space_read_cached(&cache, 0, &four, 4); },
        [&] { address_space_stl_le_cached(&cache, 0, 4, kPlain, nullptr); },
    };
    ByteDevice target;
    target.any_size();
    for (size_t i = 0; i < paths.size(); i++) {
        SCOPED_TRACE(i);
        Owned *owned = owned_device(&target);
        memory_region_set_flush_coalesced(&owned->io);
        memory_region_add_subregion(&root, 0x400000, &owned->io);
        object_unref(&owned->object); // what is visible keeps it
        unsigned queued = 0;
        posted_write(&mem, 0x200000, &four, 4, &queued);
        ASSERT_EQ(queued, 1u);
        device.hook = [&] {
            device.hook = nullptr;
            memory_region_del_subregion(&root, &owned->io);
        };
        target.calls.clear();
        paths[i]();
        EXPECT_EQ(target.calls.size(), 1u);
        EXPECT_EQ(xlat(0x40000, 4), "unassigned+400000 len 4");
    }
    address_space_cache_destroy(&cache);
    memory_region_clear_coalescing(&io);
}

// The same through a port, where the target also has to outlive its own
// callback: it is counted behind that.
TEST_F(Iommu, what_a_port_hits_outlives_its_access)
{
    unit.map(0, &mem, 0x400000);
    memory_region_add_coalescing(&io, 0, 0x10);
    ClockDomain clock;
    clock_init(&clock, "clk", 100000000);
    MemoryPort port;
    ASSERT_TRUE(port_init(&port, &dma, "port", &clock, nullptr, 0, nullptr));
    uint8_t bytes[8] = {};
    PortRequest rq = {};
    const auto transfer = [&](bool is_write) {
        PortTx tx = {.addr = 0x40000, .kind = ACCESS_DMA};
        port_transfer(&port, &tx, bytes, 4, is_write);
    };
    const auto request = [&](bool is_write) {
        rq = {};
        rq.tx = {.addr = 0x40000, .kind = ACCESS_DMA};
        rq.buf = bytes;
        rq.len = 4;
        rq.is_write = is_write;
        rq.done = [](PortRequest *) {};
        port_request(&port, &rq);
    };
    const std::vector<std::function<void()>> paths = {
        [&] {
            PortTx tx = {.addr = 0x40000, .kind = ACCESS_LOAD};
            port_load(&port, &tx, 4);
        },
        [&] {
            PortTx tx = {.addr = 0x40000, .kind = ACCESS_STORE};
            port_store(&port, &tx, 4, 5);
        },
        [&] { transfer(false); },
        [&] { transfer(true); },
        [&] { request(false); },
        [&] { request(true); },
    };
    for (size_t i = 0; i < 2 * paths.size(); i++) {
        SCOPED_TRACE(i);
        ByteDevice target;
        target.any_size();
        Owned *owned = owned_device(&target);
        memory_region_add_subregion(&root, 0x400000, &owned->io);
        object_unref(&owned->object); // what is visible keeps it
        ByteDevice *ends_it = &target;
        if (i < paths.size()) { // a posted write does
            memory_region_set_flush_coalesced(&owned->io);
            unsigned queued = 0;
            posted_write(&mem, 0x200000, bytes, 4, &queued);
            ASSERT_EQ(queued, 1u);
            ends_it = &device;
        }
        bool ended = false;
        ends_it->hook = [&] {
            if (!ended) {
                ended = true;
                memory_region_del_subregion(&root, &owned->io);
            }
        };
        paths[i % paths.size()]();
        ends_it->hook = nullptr;
        EXPECT_EQ(target.calls.size(), 1u);
        EXPECT_EQ(xlat(0x40000, 4), "unassigned+400000 len 4");
    }
    EXPECT_EQ(port_transactions(&port), 2 * paths.size());
    port_fini(&port);
    memory_region_clear_coalescing(&io);
}

TEST_F(Iommu, translate_may_change_its_own_map)
{
    unit.map(0x0, &mem, 0x100000);
    unit.hook = [&] {
        unit.pages[0].to ^= 0x1000;
        memory_region_set_enabled(&io, !io.enabled);
    };
    EXPECT_EQ(xlat(0x40000, 4), "ram+1000 len 4");
    EXPECT_EQ(xlat(0x40000, 4), "ram+0 len 4");
    unit.hook = nullptr;
}

} // namespace
