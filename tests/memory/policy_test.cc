// What the memory API does beyond the published one, when asked: re-entrancy
// policies, strict ops, aligned splitting, silent ROM, counters; and what it
// saves: views nobody looks at are not drawn.
#include "tests/memory/memory_kit.h"

namespace
{

struct Bench {
    Bench()
    {
        world.world->log = [](void *opaque, const char *line) {
            static_cast<Bench *>(opaque)->log.push_back(line);
        };
        world.world->log_opaque = this;
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        address_space_init(&as, &root, "bus");
    }
    ~Bench()
    {
        while (root.first_child) {
            MemoryRegion *child = root.first_child;
            memory_region_del_subregion(&root, child);
        }
        address_space_destroy(&as);
        memory_region_fini(&root);
    }
    void put(MemoryRegion *mr, ByteDevice *dev, const char *name, hwaddr addr)
    {
        memory_region_init_io(mr, nullptr, &dev->ops, dev, name, 0x100);
        memory_region_add_subregion(&root, addr, mr);
    }
    MemTxResult store(hwaddr addr, uint32_t value)
    {
        MemTxResult result;
        address_space_stl_le(&as, addr, value, kPlain, &result);
        return result;
    }
    uint32_t load(hwaddr addr, MemTxResult *result)
    {
        return address_space_ldl_le(&as, addr, kPlain, result);
    }
    ScopedWorld world;
    MemoryRegion root{};
    AddressSpace as{};
    std::vector<std::string> log;
};

// -- re-entrancy

struct Reentrant : public ::testing::Test {
    Reentrant()
    {
        b.put(&a_mr, &a, "dma", 0x1000);
        b.put(&c_mr, &c, "uart", 0x2000);
    }
    ~Reentrant() override
    {
        memory_region_del_subregion(&b.root, &a_mr);
        memory_region_del_subregion(&b.root, &c_mr);
        memory_region_fini(&a_mr);
        memory_region_fini(&c_mr);
    }
    Bench b;
    ByteDevice a, c;
    MemoryRegion a_mr{}, c_mr{};
};

TEST_F(Reentrant, AllowedByDefault)
{
    int depth = 0;
    a.hook = [&] {
        if (depth++ < 3) {
            EXPECT_EQ(b.store(0x1004, 1), MEMTX_OK);
        }
    };
    EXPECT_EQ(b.store(0x1000, 1), MEMTX_OK);
    EXPECT_EQ(a.calls.size(), 4u);
    EXPECT_TRUE(b.log.empty());
}

TEST_F(Reentrant, FaultNamesThePath)
{
    memory_region_set_reentrancy(&a_mr, MEMORY_REENTRANCY_FAULT);
    MemTxResult inner = MEMTX_OK;
    c.hook = [&] { inner = b.store(0x1008, 2); };
    a.hook = [&] { EXPECT_EQ(b.store(0x2004, 3), MEMTX_OK); };
    EXPECT_EQ(b.store(0x1000, 1), MEMTX_OK);
    EXPECT_EQ(inner, MEMTX_ACCESS_ERROR);
    EXPECT_EQ(a.calls.size(), 1u) << "the second one never got there";
    EXPECT_EQ(memory_region_counters(&a_mr)->rejected, 1u);
    ASSERT_EQ(b.log.size(), 1u);
    EXPECT_NE(b.log[0].find("dma+0x0 > uart+0x4 > dma+0x8"), std::string::npos)
        << b.log[0];
    a.hook = c.hook = nullptr;
    EXPECT_EQ(b.store(0x1000, 1), MEMTX_OK) << "afterwards it is open again";
}

TEST_F(Reentrant, QueuedWritesComeAfterwardsInOrder)
{
    memory_region_set_reentrancy(&a_mr, MEMORY_REENTRANCY_QUEUE);
    int depth = 0;
    a.hook = [&] {
        if (depth++ == 0) {
            EXPECT_EQ(b.store(0x1010, 0x11), MEMTX_OK);
            EXPECT_EQ(b.store(0x1020, 0x22), MEMTX_OK);
            MemTxResult result = MEMTX_OK;
            b.load(0x1000, &result);
            EXPECT_EQ(result, MEMTX_ACCESS_ERROR) << "a nested read faults";
            EXPECT_EQ(a.calls.size(), 1u) << "nothing got in";
        }
    };
    EXPECT_EQ(b.store(0x1000, 1), MEMTX_OK);
    ASSERT_EQ(a.calls.size(), 3u);
    EXPECT_EQ(a.calls[1], (Call{'w', 0x10, 4, 0x11}));
    EXPECT_EQ(a.calls[2], (Call{'w', 0x20, 4, 0x22}));
}

TEST_F(Reentrant, AQueueThatFeedsItselfEnds)
{
    memory_region_set_reentrancy(&a_mr, MEMORY_REENTRANCY_QUEUE);
    a.hook = [&] { b.store(0x1010, 1); };
    EXPECT_EQ(b.store(0x1000, 1), MEMTX_OK);
    EXPECT_GT(a.calls.size(), 100u);
    EXPECT_FALSE(b.log.empty()) << "and says so";
    a.hook = nullptr;
    size_t before = a.calls.size();
    EXPECT_EQ(b.store(0x1000, 1), MEMTX_OK);
    EXPECT_EQ(a.calls.size(), before + 1) << "nothing is left behind";
}

TEST_F(Reentrant, AFullQueueFaults)
{
    memory_region_set_reentrancy(&a_mr, MEMORY_REENTRANCY_QUEUE);
    std::vector<MemTxResult> results;
    a.hook = [&] {
        for (int i = 0; results.size() < 100; i++) {
            results.push_back(b.store(0x1010, 1));
        }
    };
    b.store(0x1000, 1);
    ASSERT_EQ(results.size(), 100u);
    EXPECT_EQ(results[63], MEMTX_OK);
    EXPECT_EQ(results[64], MEMTX_ACCESS_ERROR);
    EXPECT_EQ(a.calls.size(), 65u);
}

// -- ops

MemoryRegionOps good_ops()
{
    MemoryRegionOps ops{};
    ops.read = [](void *, hwaddr, unsigned) -> uint64_t { return 0x55; };
    ops.write = [](void *, hwaddr, uint64_t, unsigned) {};
    return ops;
}

std::string complaint(const MemoryRegionOps &ops)
{
    Error *err = nullptr;
    if (memory_region_check_ops(&ops, &err)) {
        EXPECT_EQ(err, nullptr);
        return "";
    }
    std::string text = error_message(err);
    error_free(err);
    return text;
}

TEST(CheckOps, NamesEachContradiction)
{
    EXPECT_EQ(complaint(good_ops()), "");
    MemoryRegionOps ops = good_ops();
    ops.impl.unaligned = true;
    EXPECT_NE(complaint(ops).find("impl.unaligned"), std::string::npos);
    ops.valid.unaligned = true;
    EXPECT_EQ(complaint(ops), "");
    ops = good_ops();
    ops.valid.min_access_size = 4;
    ops.valid.max_access_size = 2;
    EXPECT_NE(complaint(ops).find("valid.min_access_size 4"),
              std::string::npos);
    ops = good_ops();
    ops.impl.min_access_size = 8; // max is 4 when silent
    EXPECT_NE(complaint(ops).find("impl.min_access_size 8"), std::string::npos);
    ops = good_ops();
    ops.impl.max_access_size = 3;
    EXPECT_NE(complaint(ops).find("1, 2, 4 or 8"), std::string::npos);
    ops = good_ops();
    ops.valid.max_access_size = 16;
    EXPECT_NE(complaint(ops), "");
    ops = good_ops();
    ops.read = nullptr;
    EXPECT_NE(complaint(ops).find("read"), std::string::npos);
    ops = good_ops();
    ops.write = nullptr;
    EXPECT_NE(complaint(ops).find("write"), std::string::npos);
}

TEST(CheckOps, OnlyAStrictWorldRefuses)
{
    Bench b;
    MemoryRegionOps ops = good_ops();
    ops.impl.unaligned = true;
    MemoryRegion lax{}, strict{};
    memory_region_init_io(&lax, nullptr, &ops, nullptr, "lax", 8);
    b.world.world->policy.strict_ops = true;
    memory_region_init_io(&strict, nullptr, &ops, nullptr, "strict", 8);
    memory_region_add_subregion(&b.root, 0x0, &lax);
    memory_region_add_subregion(&b.root, 0x8, &strict);
    MemTxResult result;
    EXPECT_EQ(b.load(0x0, &result), 0x55u);
    EXPECT_EQ(result, MEMTX_OK);
    b.load(0x8, &result);
    EXPECT_EQ(result, MEMTX_DECODE_ERROR) << "an opaque hole";
    ASSERT_EQ(b.log.size(), 1u);
    EXPECT_EQ(b.log[0].find("strict: "), 0u) << b.log[0];
    memory_region_del_subregion(&b.root, &lax);
    memory_region_del_subregion(&b.root, &strict);
    memory_region_fini(&lax);
    memory_region_fini(&strict);
}

// -- splitting, ROM, counters

TEST(Policy, MisalignedAccessesAreSplitWhenAsked)
{
    for (int big = 0; big < 2; big++) {
        Bench b;
        ByteDevice dev;
        dev.ops.endianness = big ? DEVICE_BIG_ENDIAN : DEVICE_LITTLE_ENDIAN;
        dev.ops.valid.unaligned = true;
        MemoryRegion mr{};
        b.put(&mr, &dev, "dev", 0);
        MemTxResult result;
        uint32_t whole = b.load(0x3, &result);
        EXPECT_EQ(dev.calls.size(), 1u) << "as the published one does";
        dev.calls.clear();
        b.world.world->policy.split_unaligned = true;
        EXPECT_EQ(b.load(0x3, &result), whole);
        ASSERT_EQ(dev.calls.size(), 3u);
        EXPECT_EQ(dev.calls[0].offset, 3u);
        EXPECT_EQ(dev.calls[0].size, 1u);
        EXPECT_EQ(dev.calls[1].offset, 4u);
        EXPECT_EQ(dev.calls[1].size, 2u);
        EXPECT_EQ(dev.calls[2].offset, 6u);
        EXPECT_EQ(dev.calls[2].size, 1u);
        std::vector<uint8_t> before = dev.mem;
        EXPECT_EQ(b.store(0x5, 0xa1b2c3d4), MEMTX_OK);
        EXPECT_EQ(b.load(0x5, &result), 0xa1b2c3d4u);
        before[5] = 0xd4; // little-endian bytes on the bus, either device
        before[6] = 0xc3;
        before[7] = 0xb2;
        before[8] = 0xa1;
        EXPECT_EQ(dev.mem, before);
        memory_region_del_subregion(&b.root, &mr);
        memory_region_fini(&mr);
    }
}

TEST(Policy, RomWritesAreErrorsUnlessIgnored)
{
    Bench b;
    MemoryRegion rom{};
    memory_region_init_rom(&rom, nullptr, "rom", 0x1000, nullptr);
    memory_region_add_subregion(&b.root, 0, &rom);
    EXPECT_EQ(b.store(0, 1), MEMTX_DECODE_ERROR);
    EXPECT_EQ(write_bytes(&b.as, 8, {1, 2, 3}), MEMTX_DECODE_ERROR);
    b.world.world->policy.ignore_rom_writes = true;
    EXPECT_EQ(b.store(0, 1), MEMTX_OK);
    EXPECT_EQ(write_bytes(&b.as, 8, {1, 2, 3}), MEMTX_OK);
    EXPECT_EQ(read_bytes(&b.as, 0, 12), std::vector<uint8_t>(12));
    memory_region_del_subregion(&b.root, &rom);
    memory_region_fini(&rom);
}

TEST(Policy, CountersSayWhatDispatchDid)
{
    Bench b;
    ByteDevice dev;
    dev.ops.valid.min_access_size = 1;
    dev.ops.valid.max_access_size = 4;
    dev.ops.valid.unaligned = true;
    dev.ops.impl.min_access_size = dev.ops.impl.max_access_size = 2;
    MemoryRegion mr{};
    b.put(&mr, &dev, "dev", 0);
    const MemoryAccessCounters *n = memory_region_counters(&mr);
    MemTxResult r;
    address_space_ldl_le(&b.as, 0, kPlain, &r);  // two callbacks
    address_space_ldub(&b.as, 0, kPlain, &r);    // wider than asked
    address_space_lduw_le(&b.as, 1, kPlain, &r); // misaligned
    address_space_ldq_le(&b.as, 0, kPlain, &r);  // too wide
    address_space_stl_le(&b.as, 1, 0, kPlain, &r);
    EXPECT_EQ(n->splits, 2u);
    EXPECT_EQ(n->widenings, 1u);
    EXPECT_EQ(n->unaligned, 2u);
    EXPECT_EQ(n->rejected, 1u);
    memory_region_del_subregion(&b.root, &mr);
    memory_region_fini(&mr);
}

// -- the quick way in is invisible

TEST(Quick, SameAsDispatchOnRandomOps)
{
    unsigned seed = 20211;
    auto random = [&](unsigned n) {
        seed = seed * 1103515245 + 12345;
        return (seed >> 16) % n;
    };
    const unsigned sizes[] = {0, 1, 2, 4, 8};
    for (int round = 0; round < 3000; round++) {
        Bench b;
        ByteDevice quick, plain;
        MemoryRegionOps ops{};
        ops.endianness = random(4) ? DEVICE_LITTLE_ENDIAN : DEVICE_BIG_ENDIAN;
        ops.valid.min_access_size = sizes[random(5)];
        ops.valid.max_access_size = sizes[random(5)];
        ops.valid.unaligned = random(2);
        ops.impl.min_access_size = sizes[random(5)];
        ops.impl.max_access_size = sizes[random(5)];
        ops.read = quick.ops.read;
        ops.write = quick.ops.write;
        quick.ops = plain.ops = ops;
        MemoryRegion mr{}, other{};
        b.put(&mr, &quick, "quick", 0);
        memory_region_init_io(&other, nullptr, &plain.ops, &plain, "plain",
                              0x100);
        for (int i = 0; i < 8; i++) {
            MemOp op = static_cast<MemOp>(random(4));
            hwaddr addr = random(32);
            uint64_t value = 0x0123456789abcdefULL * (random(1000) + 1);
            uint64_t got = 0, want = 0;
            MemTxResult result = MEMTX_OK, expect;
            if (random(2)) {
                switch (op) {
                case MO_8:
                    got = address_space_ldub(&b.as, addr, kPlain, &result);
                    break;
                case MO_16:
                    got = address_space_lduw_le(&b.as, addr, kPlain, &result);
                    break;
                case MO_32:
                    got = address_space_ldl_le(&b.as, addr, kPlain, &result);
                    break;
                default:
                    got = address_space_ldq_le(&b.as, addr, kPlain, &result);
                    break;
                }
                expect = memory_region_dispatch_read(&other, addr, &want, op,
                                                     kPlain);
                want = cut_bytes(want, memop_size(op));
            } else {
                value = cut_bytes(value, memop_size(op));
                switch (op) {
                case MO_8:
                    address_space_stb(&b.as, addr, static_cast<uint8_t>(value),
                                      kPlain, &result);
                    break;
                case MO_16:
                    address_space_stw_le(&b.as, addr,
                                         static_cast<uint16_t>(value), kPlain,
                                         &result);
                    break;
                case MO_32:
                    address_space_stl_le(&b.as, addr,
                                         static_cast<uint32_t>(value), kPlain,
                                         &result);
                    break;
                default:
                    address_space_stq_le(&b.as, addr, value, kPlain, &result);
                    break;
                }
                expect = memory_region_dispatch_write(&other, addr, value, op,
                                                      kPlain);
            }
            ASSERT_EQ(result, expect) << "round " << round;
            ASSERT_EQ(got, want) << "round " << round;
            ASSERT_EQ(quick.calls, plain.calls) << "round " << round;
        }
        EXPECT_EQ(mr.counters.splits, other.counters.splits);
        EXPECT_EQ(mr.counters.widenings, other.counters.widenings);
        EXPECT_EQ(mr.counters.unaligned, other.counters.unaligned);
        EXPECT_EQ(mr.counters.rejected, other.counters.rejected);
        memory_region_del_subregion(&b.root, &mr);
        memory_region_fini(&mr);
        memory_region_fini(&other);
    }
}

// -- views are drawn when somebody looks

TEST(LazyView, InsideATransactionTheOldMapHolds)
{
    Bench b;
    MemoryRegion ram{};
    memory_region_init_ram(&ram, nullptr, "ram", 0x1000, nullptr);
    memory_region_add_subregion(&b.root, 0, &ram); // not drawn yet
    EXPECT_EQ(b.as.current_map, nullptr);
    memory_region_transaction_begin();
    memory_region_set_enabled(&ram, false);
    EXPECT_EQ(at(&b.as, 0), "ram@0");
    memory_region_transaction_commit();
    EXPECT_EQ(at(&b.as, 0), "-");
    memory_region_del_subregion(&b.root, &ram);
    memory_region_fini(&ram);
}

TEST(LazyView, AListenerIsToldAtOnce)
{
    Bench b;
    MemoryRegion ram{};
    memory_region_init_ram(&ram, nullptr, "ram", 0x1000, nullptr);
    struct Counter {
        MemoryListener l{};
        int added = 0;
    } counter;
    counter.l.region_add = [](MemoryListener *l, MemoryRegionSection *) {
        reinterpret_cast<Counter *>(l)->added++;
    };
    memory_listener_register(&counter.l, &b.as);
    memory_region_add_subregion(&b.root, 0, &ram);
    EXPECT_EQ(counter.added, 1);
    address_space_remove_listeners(&b.as);
    memory_region_del_subregion(&b.root, &ram);
    memory_region_fini(&ram);
}

} // namespace
