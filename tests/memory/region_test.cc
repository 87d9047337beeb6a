// The tree of regions: order among siblings, setters, look-ups, RAM blocks.
#include <thread>

#include "tests/memory/memory_kit.h"

namespace
{

class Region : public ::testing::Test
{
  protected:
    Region()
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        address_space_init(&as, &root, "mem");
    }
    ~Region() override
    {
        address_space_destroy(&as);
        while (root.first_child) {
            memory_region_del_subregion(&root, root.first_child);
        }
        memory_region_fini(&root);
        for (auto &mr : made) {
            while (mr->first_child) {
                memory_region_del_subregion(mr.get(), mr->first_child);
            }
        }
        for (auto &mr : made) {
            memory_region_fini(mr.get());
        }
    }
    MemoryRegion *add()
    {
        made.push_back(std::make_unique<MemoryRegion>());
        return made.back().get();
    }
    MemoryRegion *io(const char *name, uint64_t size)
    {
        MemoryRegion *mr = add();
        memory_region_init_io(mr, nullptr, &dev.ops, &dev, name, size);
        return mr;
    }
    MemoryRegion *ram(const char *name, uint64_t size)
    {
        MemoryRegion *mr = add();
        memory_region_init_ram(mr, nullptr, name, size, nullptr);
        return mr;
    }
    MemoryRegion *box(const char *name, uint64_t size)
    {
        MemoryRegion *mr = add();
        memory_region_init(mr, nullptr, name, size);
        return mr;
    }
    MemoryRegion *alias(const char *name, MemoryRegion *of, hwaddr offset,
                        uint64_t size)
    {
        MemoryRegion *mr = add();
        memory_region_init_alias(mr, nullptr, name, of, offset, size);
        return mr;
    }
    std::string order()
    {
        std::string s;
        const MemoryRegion *before = nullptr;
        for (MemoryRegion *c = root.first_child; c; c = c->next_sibling) {
            s += c->name;
            EXPECT_EQ(c->prev_sibling, before);
            EXPECT_EQ(c->container, &root);
            before = c;
        }
        EXPECT_EQ(root.last_child, before);
        return s;
    }
    ScopedWorld scope;
    ByteDevice dev;
    MemoryRegion root;
    AddressSpace as;
    std::vector<std::unique_ptr<MemoryRegion>> made;
};

TEST_F(Region, siblings_stand_in_falling_priority_latest_of_equals_first)
{
    memory_region_add_subregion(&root, 0, io("a", 16));
    memory_region_add_subregion_overlap(&root, 0, io("b", 16), 5);
    memory_region_add_subregion(&root, 0, io("c", 16));
    memory_region_add_subregion_overlap(&root, 0, io("d", 16), -3);
    memory_region_add_subregion_overlap(&root, 0, io("e", 16), 5);
    memory_region_add_subregion_overlap(&root, 0, io("f", 16), -3);
    memory_region_add_subregion_overlap(&root, 0, io("g", 16), INT32_MIN);
    EXPECT_EQ(order(), "ebcafdg");
    EXPECT_EQ(at(&as, 3), "e@3");
    memory_region_del_subregion(&root, made[4].get());
    memory_region_del_subregion(&root, made[1].get());
    EXPECT_EQ(order(), "cafdg");
    EXPECT_EQ(at(&as, 3), "c@3");
}

TEST_F(Region, moving_makes_first_among_equals_moving_nowhere_does_not)
{
    MemoryRegion *a = io("a", 16), *b = io("b", 16);
    memory_region_add_subregion(&root, 0, a);
    memory_region_add_subregion(&root, 0, b);
    memory_region_set_address(a, 0);
    EXPECT_EQ(order(), "ba");
    memory_region_set_address(a, 8);
    EXPECT_EQ(order(), "ab");
    EXPECT_EQ(at(&as, 7), "b@7");
    EXPECT_EQ(at(&as, 8), "a@0");
}

TEST_F(Region, sizes)
{
    EXPECT_EQ(memory_region_size(&root), UINT64_MAX);
    EXPECT_EQ(root.size, int128_2_64());
    MemoryRegion *r = ram("r", 10000);
    EXPECT_EQ(memory_region_size(r), 10000u);
    memory_region_set_size(r, 5000);
    EXPECT_EQ(memory_region_size(r), 5000u);
    memory_region_set_size(r, 1 << 20);
    EXPECT_EQ(memory_region_size(r), 10000u) << "memory does not grow";
    MemoryRegion *d = io("d", 4);
    memory_region_set_size(d, UINT64_MAX);
    EXPECT_EQ(d->size, int128_2_64());
}

TEST_F(Region, kinds)
{
    MemoryRegion *r = ram("r", 4096);
    EXPECT_TRUE(memory_region_is_ram(r));
    EXPECT_FALSE(memory_region_is_rom(r));
    EXPECT_TRUE(memory_access_is_direct(r, true));
    MemoryRegion *rom = add();
    memory_region_init_rom(rom, nullptr, "rom", 4096, nullptr);
    EXPECT_TRUE(memory_region_is_rom(rom));
    EXPECT_FALSE(memory_access_is_direct(rom, true));
    EXPECT_TRUE(memory_access_is_direct(rom, false));
    MemoryRegion *romd = add();
    memory_region_init_rom_device(romd, nullptr, &dev.ops, &dev, "romd", 4096,
                                  nullptr);
    EXPECT_FALSE(memory_region_is_ram(romd));
    EXPECT_TRUE(memory_region_is_romd(romd));
    EXPECT_TRUE(memory_access_is_direct(romd, false));
    memory_region_rom_device_set_romd(romd, false);
    EXPECT_FALSE(memory_access_is_direct(romd, false));
    uint8_t bytes[8] = {};
    MemoryRegion *ramd = add();
    memory_region_init_ram_device_ptr(ramd, nullptr, "ramd", 8, bytes);
    EXPECT_TRUE(memory_region_is_ram_device(ramd));
    EXPECT_FALSE(memory_access_is_direct(ramd, false));
    EXPECT_EQ(memory_region_get_ram_ptr(ramd), bytes);
    EXPECT_EQ(memory_region_get_ram_ptr(alias("al", ramd, 3, 4)), bytes + 3);
    EXPECT_EQ(memory_region_get_ram_ptr(io("d", 4)), nullptr);
}

TEST_F(Region, ram_of_impossible_size_is_an_error_and_an_empty_container)
{
    for (uint64_t size : {UINT64_MAX, UINT64_C(1) << 62, UINT64_C(1) << 61}) {
        MemoryRegion *r = add();
        Error *err = nullptr;
        memory_region_init_ram(r, nullptr, "big", size, &err);
        ASSERT_NE(err, nullptr);
        EXPECT_NE(std::string(error_message(err)).find("big"),
                  std::string::npos);
        error_free(err);
        EXPECT_FALSE(memory_region_is_ram(r));
        memory_region_add_subregion(&root, 0, r);
        EXPECT_EQ(at(&as, 0), "-");
        memory_region_init_ram(add(), nullptr, "q", size, nullptr);
    }
}

TEST_F(Region, ram_starts_as_zero_with_plain_pages_and_costs_what_is_touched)
{
    MemoryRegion *r = ram("r", UINT64_C(1) << 36); // 64 GiB
    ASSERT_TRUE(memory_region_is_ram(r));
    RAMBlock *b = r->ram_block;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(b->host) % PAGE_SIZE_BYTES, 0u);
    EXPECT_EQ(b->host[b->size - 1], 0);
    EXPECT_EQ(b->page_state[(b->size >> PAGE_BITS) - 1], 0);
    ram_block_set_state(scope.world, b, b->size - 1, PAGE_CODE);
    EXPECT_EQ(b->page_state[(b->size >> PAGE_BITS) - 1], PAGE_CODE);
    EXPECT_EQ(b->host[b->size - 1], 0) << "states lie beside the memory";
    ram_block_clear_state(b, b->size - 1, PAGE_CODE);
    EXPECT_EQ(b->page_state[(b->size >> PAGE_BITS) - 1], 0);
    MemoryRegion *odd = ram("odd", 4097);
    odd->ram_block->host[4096] = 0xff;
    EXPECT_EQ(odd->ram_block->page_state[1], 0);
}

TEST_F(Region, find_and_present)
{
    MemoryRegion *b = box("b", 0x1000), *d = io("d", 0x10), *e = io("e", 0x10);
    memory_region_add_subregion(&root, 0x4000, b);
    memory_region_add_subregion(b, 0x20, d);
    memory_region_add_subregion(b, 0x28, e);
    MemoryRegionSection s = memory_region_find(b, 0x10, 0x100);
    EXPECT_EQ(s.mr, d);
    EXPECT_EQ(s.offset_within_address_space, 0x4020u);
    EXPECT_EQ(s.size, 8);
    s = memory_region_find(b, 0x2a, 4);
    EXPECT_EQ(s.mr, e);
    EXPECT_EQ(s.offset_within_region, 2u);
    EXPECT_EQ(s.size, 4);
    EXPECT_EQ(memory_region_find(b, 0x38, 0x100).mr, nullptr);
    EXPECT_EQ(memory_region_find(b, 0x20, 0).mr, nullptr);
    EXPECT_EQ(memory_region_find(b, 0x24, 0).mr, nullptr);
    EXPECT_EQ(memory_region_find(b, 0, 0x20).mr, nullptr);
    EXPECT_TRUE(memory_region_present(b, 0x20));
    EXPECT_FALSE(memory_region_present(b, 0x1f));
    EXPECT_FALSE(memory_region_present(d, 0)) << "itself does not count";
    MemoryRegion *alone = io("alone", 4);
    EXPECT_EQ(memory_region_find(alone, 0, 4).mr, nullptr);
}

TEST_F(Region, mapped_is_in_a_container_or_through_an_alias)
{
    MemoryRegion *d = io("d", 0x10), *a1 = alias("a1", d, 0, 0x10),
                 *a2 = alias("a2", a1, 0, 0x10);
    EXPECT_FALSE(memory_region_is_mapped(d));
    memory_region_add_subregion(&root, 0, a2);
    EXPECT_TRUE(memory_region_is_mapped(d));
    EXPECT_TRUE(memory_region_is_mapped(a1));
    memory_region_set_address(a2, 8);
    memory_region_del_subregion(&root, a2);
    EXPECT_FALSE(memory_region_is_mapped(d));
    memory_region_add_subregion(&root, 0, d);
    EXPECT_TRUE(memory_region_is_mapped(d));
    EXPECT_FALSE(memory_region_is_mapped(&root));
}

TEST_F(Region, ids_and_default_world_of_a_thread)
{
    EXPECT_EQ(root.id, 1u);
    EXPECT_EQ(io("d", 4)->id, 2u);
    std::thread([this] {
        EXPECT_NE(memory_world_current(), scope.world);
        MemoryRegion mr;
        AddressSpace own;
        memory_region_init_ram(&mr, nullptr, "r", 64, nullptr);
        EXPECT_EQ(mr.id, 1u);
        address_space_init(&own, &mr, "own");
        EXPECT_EQ(write_bytes(&own, 60, {1, 2, 3, 4}), MEMTX_OK);
        address_space_destroy(&own);
        memory_region_fini(&mr);
    }).join();
}

TEST_F(Region, a_zero_struct_can_be_finished)
{
    MemoryRegion mr{};
    memory_region_fini(&mr);
    AddressSpace none{};
    address_space_destroy(&none);
}

TEST_F(Region, a_thousand_children_in_any_order_of_priority)
{
    memory_region_transaction_begin();
    std::vector<MemoryRegion *> sorted;
    for (int i = 0; i < 1000; i++) {
        MemoryRegion *mr = io("x", 4);
        memory_region_add_subregion_overlap(&root, 0, mr, i * 7919 % 31 - 15);
    }
    memory_region_transaction_commit();
    int n = 0;
    for (MemoryRegion *c = root.first_child; c; c = c->next_sibling, n++) {
        MemoryRegion *next = c->next_sibling;
        ASSERT_TRUE(!next || c->priority > next->priority ||
                    (c->priority == next->priority && c->id > next->id));
    }
    EXPECT_EQ(n, 1000);
}

} // namespace
