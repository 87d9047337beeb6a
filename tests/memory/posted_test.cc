// The posted-write queue: what is queued, what makes it arrive.
#include "memory/posted.h"
#include "tests/memory/memory_kit.h"

namespace
{

struct PostedTest : testing::Test {
    PostedTest()
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        device.any_size();
        other.any_size();
        memory_region_init_io(&dev, nullptr, &device.ops, &device, "dev",
                              0x100);
        memory_region_init_io(&quiet, nullptr, &other.ops, &other, "quiet",
                              0x100);
        memory_region_init_ram(&ram, nullptr, "ram", 0x1000, nullptr);
        memory_region_add_subregion(&root, 0x0, &dev);
        memory_region_add_subregion(&root, 0x1000, &quiet);
        memory_region_add_subregion(&root, 0x2000, &ram);
        address_space_init(&as, &root, "as");
        memory_region_add_coalescing(&dev, 0, 0x10);
        watch.begin = [](void *opaque, unsigned count) {
            static_cast<PostedTest *>(opaque)->log.push_back(
                "flush " + std::to_string(count));
        };
        watch.done = [](void *opaque, const PostedWrite *w, MemTxResult r) {
            static_cast<PostedTest *>(opaque)->log.push_back(
                std::string(w->as->name) + "+" + std::to_string(w->addr) + "=" +
                std::to_string(w->data[0]) + ":" + std::to_string(r));
        };
        watch.opaque = this;
        posted_observe(&watch);
    }
    ~PostedTest() override
    {
        device.hook = nullptr; // the end of a space flushes
        address_space_destroy(&as);
        memory_region_del_subregion(&root, &ram);
        memory_region_del_subregion(&root, &quiet);
        if (dev.container) {
            memory_region_del_subregion(&root, &dev);
        }
        for (MemoryRegion *mr : {&dev, &quiet, &ram, &root}) {
            memory_region_fini(mr);
        }
    }
    unsigned post(hwaddr addr, uint8_t value, unsigned size = 1,
                  MemTxResult *result = nullptr)
    {
        uint8_t bytes[8] = {value};
        unsigned queued = 99;
        MemTxResult r = posted_write(&as, addr, bytes, size, &queued);
        if (result) {
            *result = r;
        }
        return queued;
    }
    // Posts one write, runs f: has that write arrived?
    template <typename F> bool flushes(F f)
    {
        qemu_flush_coalesced_mmio_buffer();
        EXPECT_EQ(post(0, 0x55), 1u);
        size_t before = device.calls.size();
        f();
        return device.calls.size() > before &&
               device.calls[before] == Call{'w', 0, 1, 0x55};
    }
    ScopedWorld world;
    ByteDevice device, other;
    MemoryRegion root{}, dev{}, quiet{}, ram{};
    AddressSpace as{};
    PostedObserver watch{};
    std::vector<std::string> log;
};

using Log = std::vector<std::string>;

TEST_F(PostedTest, QueuesOnlyWhatLiesWhollyInOneRange)
{
    memory_region_add_coalescing(&dev, 0x10, 0x10);
    EXPECT_EQ(post(0x0, 1, 8), 1u);
    EXPECT_EQ(post(0xf, 2, 1), 2u);
    EXPECT_EQ(post(0x10, 3, 8), 3u);
    EXPECT_TRUE(device.calls.empty());
    // Across two adjacent ranges: at once, and all others before it.
    EXPECT_EQ(post(0xc, 4, 8), 0u);
    ASSERT_EQ(device.calls.size(), 4u);
    EXPECT_EQ(device.calls[0], (Call{'w', 0x0, 8, 1}));
    EXPECT_EQ(device.calls[1], (Call{'w', 0xf, 1, 2}));
    EXPECT_EQ(device.calls[2], (Call{'w', 0x10, 8, 3}));
    EXPECT_EQ(device.calls[3], (Call{'w', 0xc, 8, 4}));
    EXPECT_EQ(log, (Log{"flush 3", "as+0=1:0", "as+15=2:0", "as+16=3:0"}));
    MemTxResult result;
    EXPECT_EQ(post(0x8000, 1, 1, &result), 0u);
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
}

TEST_F(PostedTest, FullQueueWritesAtOnce)
{
    for (unsigned i = 1; i <= POSTED_DEPTH; i++) {
        EXPECT_EQ(post(0, static_cast<uint8_t>(i)), i);
    }
    EXPECT_EQ(post(0, 99), 0u); // the device's flag flushes before it
    ASSERT_EQ(device.calls.size(), POSTED_DEPTH + 1u);
    for (unsigned i = 0; i < POSTED_DEPTH; i++) {
        EXPECT_EQ(device.calls[i].value, i + 1);
    }
    EXPECT_EQ(device.calls.back().value, 99u);
    EXPECT_EQ(post(0, 1), 1u);
    qemu_flush_coalesced_mmio_buffer();
}

TEST_F(PostedTest, DepthIsTheOwnersChoice)
{
    posted_set_depth(2);
    EXPECT_EQ(post(0, 1), 1u);
    EXPECT_EQ(post(0, 2), 2u);
    EXPECT_EQ(post(0, 3), 0u);
    EXPECT_EQ(device.calls.size(), 3u);
    posted_set_depth(0);
    EXPECT_EQ(post(0, 4), 0u);
    EXPECT_EQ(device.calls.size(), 4u);
    posted_set_depth(4);
    post(0, 5);
    post(0, 6);
    posted_set_depth(1); // does not flush
    EXPECT_EQ(device.calls.size(), 4u);
    qemu_flush_coalesced_mmio_buffer();
    EXPECT_EQ(device.calls.size(), 6u);
}

TEST_F(PostedTest, AccessToFlaggedRegionFlushes)
{
    uint8_t byte = 0;
    EXPECT_TRUE(flushes([&] { read_bytes(&as, 0x80, 1); }));
    EXPECT_TRUE(flushes([&] { write_bytes(&as, 0x80, {1}); }));
    EXPECT_TRUE(
        flushes([&] { address_space_ldub(&as, 0x80, kPlain, nullptr); }));
    EXPECT_TRUE(
        flushes([&] { address_space_stb(&as, 0x80, 1, kPlain, nullptr); }));
    EXPECT_TRUE(
        flushes([&] { address_space_stl_be(&as, 0x80, 1, kPlain, nullptr); }));
    EXPECT_TRUE(flushes([&] {
        MemoryRegionCache cache = MEMORY_REGION_CACHE_INVALID;
        address_space_cache_init(&cache, &as, 0x80, 4, false);
        address_space_read_cached(&cache, 0, &byte, 1);
        address_space_cache_destroy(&cache);
    }));
    EXPECT_TRUE(flushes([&] {
        memory_region_set_flush_coalesced(&quiet);
        read_bytes(&as, 0x1000, 1);
        memory_region_clear_flush_coalesced(&quiet);
    }));
}

TEST_F(PostedTest, OtherAccessesDoNotFlush)
{
    EXPECT_FALSE(flushes([&] { read_bytes(&as, 0x1000, 1); }));
    EXPECT_FALSE(flushes([&] { write_bytes(&as, 0x2000, {1}); }));
    EXPECT_FALSE(flushes([&] { read_bytes(&as, 0x9000, 1); }));
    EXPECT_FALSE(flushes([&] {
        uint64_t value;
        memory_region_dispatch_read(&dev, 0x80, &value, MO_8, kPlain);
    }));
    EXPECT_FALSE(flushes([&] {
        memory_region_set_flush_coalesced(&ram); // direct: not looked at
        read_bytes(&as, 0x2000, 1);
    }));
    EXPECT_FALSE(flushes([&] { memory_region_add_coalescing(&dev, 0x20, 4); }));
    EXPECT_FALSE(flushes([&] { memory_region_clear_coalescing(&quiet); }));
    EXPECT_FALSE(flushes([&] { memory_region_set_flush_coalesced(&quiet); }));
    EXPECT_FALSE(flushes([&] { memory_region_set_enabled(&quiet, true); }));
}

TEST_F(PostedTest, TransactionsFlush)
{
    EXPECT_TRUE(flushes([] { memory_region_transaction_begin(); }));
    EXPECT_TRUE(flushes([] { memory_region_transaction_begin(); })); // nested
    EXPECT_FALSE(flushes([] { memory_region_transaction_commit(); }));
    memory_region_transaction_commit();
    EXPECT_TRUE(flushes([&] { memory_region_set_enabled(&quiet, false); }));
    EXPECT_TRUE(flushes([&] { memory_region_set_readonly(&ram, true); }));
    EventNotifier e;
    ASSERT_EQ(event_notifier_init(&e, false), 0);
    EXPECT_TRUE(flushes(
        [&] { memory_region_add_eventfd(&quiet, 0, 4, false, 0, &e); }));
    EXPECT_TRUE(flushes(
        [&] { memory_region_del_eventfd(&quiet, 0, 4, false, 0, &e); }));
    event_notifier_cleanup(&e);
    // The write arrives where it was aimed at, before the region goes.
    EXPECT_TRUE(flushes([&] { memory_region_del_subregion(&root, &dev); }));
}

// What arrives may be the very change that is about to be made.
TEST_F(PostedTest, AChangeThatAPostedWriteMadeIsRefused)
{
    device.hook = [&] {
        device.hook = nullptr;
        memory_region_del_subregion(&root, &quiet);
    };
    post(0, 1);
    EXPECT_DEATH(memory_region_del_subregion(&root, &quiet), "container");
    qemu_flush_coalesced_mmio_buffer();
    device.hook = [&] {
        device.hook = nullptr;
        memory_region_add_subregion(&root, 0x1000, &quiet);
    };
    post(0, 1);
    EXPECT_DEATH(memory_region_add_subregion(&root, 0, &quiet), "container");
    qemu_flush_coalesced_mmio_buffer();
}

TEST_F(PostedTest, EndOfCoalescingFlushes)
{
    EXPECT_TRUE(flushes([&] { memory_region_clear_flush_coalesced(&quiet); }));
    EXPECT_TRUE(flushes([&] { memory_region_clear_coalescing(&dev); }));
    EXPECT_EQ(post(0, 1), 0u);
}

TEST_F(PostedTest, FlushInsideFlushIsNothing)
{
    device.hook = [&] {
        qemu_flush_coalesced_mmio_buffer();
        memory_region_transaction_begin();
        memory_region_transaction_commit();
        read_bytes(&as, 0x1000, 1);
    };
    memory_region_set_flush_coalesced(&quiet);
    post(0, 1);
    post(0, 2);
    post(0, 3);
    qemu_flush_coalesced_mmio_buffer();
    EXPECT_EQ(log, (Log{"flush 3", "as+0=1:0", "as+0=2:0", "as+0=3:0"}));
    EXPECT_EQ(device.calls.size(), 3u);
    log.clear();
    qemu_flush_coalesced_mmio_buffer(); // empty: silence
    EXPECT_EQ(log, Log{});
}

TEST_F(PostedTest, WritePostedDuringFlushJoinsIt)
{
    bool again = true;
    device.hook = [&] {
        if (again) {
            again = false;
            EXPECT_EQ(post(4, 7), 3u);
        }
    };
    post(0, 1);
    post(0, 2);
    qemu_flush_coalesced_mmio_buffer();
    EXPECT_EQ(log, (Log{"flush 2", "as+0=1:0", "as+0=2:0", "as+4=7:0"}));
    EXPECT_EQ(post(0, 1), 1u);
}

TEST_F(PostedTest, EndlessPostingEnds)
{
    unsigned depth = 0;
    device.hook = [&] {
        if (!depth++) {
            post(4, 7); // one more for each that arrives
        }
        depth--;
    };
    post(0, 1);
    qemu_flush_coalesced_mmio_buffer();
    EXPECT_EQ(log.size(), 1u + POSTED_DEPTH);
    EXPECT_EQ(device.calls.size(), POSTED_DEPTH + 1u); // no room for the last
    device.hook = nullptr;
    EXPECT_EQ(post(0, 1), 1u);
}

TEST_F(PostedTest, ViewIsThatOfTheFlush)
{
    memory_region_transaction_begin();
    memory_region_set_address(&dev, 0x4000);
    post(4, 9); // the old map still holds
    EXPECT_EQ(post(4, 10), 2u);
    memory_region_transaction_commit();
    EXPECT_EQ(device.calls.size(), 0u); // a commit does not flush
    qemu_flush_coalesced_mmio_buffer();
    EXPECT_EQ(log, (Log{"flush 2", "as+4=9:2", "as+4=10:2"}));
    EXPECT_EQ(post(4, 1), 0u);      // the range has gone with the region
    EXPECT_EQ(post(0x4004, 1), 1u); // and come where it is now
}

TEST_F(PostedTest, ListIsKeptFromEventsAlone)
{
    AddressSpace late{};
    address_space_init(&late, &root, "late"); // later than the range
    uint8_t byte = 1;
    unsigned queued;
    posted_write(&late, 0, &byte, 1, &queued);
    EXPECT_EQ(queued, 0u);
    memory_region_add_coalescing(&dev, 0x40, 4);
    posted_write(&late, 0x40, &byte, 1, &queued);
    EXPECT_EQ(queued, 1u);
    // Twice the same range, once removed by a move: both go, both come.
    memory_region_add_coalescing(&dev, 0, 0x10);
    memory_region_set_address(&dev, 0x4000);
    EXPECT_EQ(post(0, 1), 0u);
    EXPECT_EQ(post(0x4000, 1), 1u);
    address_space_destroy(&late);
}

TEST_F(PostedTest, DestroyedSpaceHasItsWritesDoneAndItsRangesDropped)
{
    AddressSpace second{};
    address_space_init(&second, &root, "second");
    memory_region_add_coalescing(&dev, 0x40, 8);
    uint8_t byte = 3;
    unsigned queued;
    posted_write(&second, 0x40, &byte, 1, &queued);
    EXPECT_EQ(queued, 1u);
    address_space_destroy(&second);
    EXPECT_EQ(log, (Log{"flush 1", "second+64=3:0"}));
    // A new space at the same place is a new space.
    address_space_init(&second, &root, "second");
    posted_write(&second, 0x40, &byte, 1, &queued);
    EXPECT_EQ(queued, 0u);
    address_space_destroy(&second);
    EXPECT_EQ(post(0x40, 1), 1u);
}

TEST_F(PostedTest, SpaceDestroyedFromInsideAFlush)
{
    AddressSpace second{};
    address_space_init(&second, &root, "second");
    memory_region_add_coalescing(&dev, 0x40, 8);
    device.hook = [&] {
        if (second.world) {
            address_space_destroy(&second);
        }
    };
    uint8_t byte = 3;
    unsigned queued;
    post(0, 1);
    posted_write(&second, 0x40, &byte, 1, &queued);
    EXPECT_EQ(queued, 2u);
    post(0, 2);
    qemu_flush_coalesced_mmio_buffer();
    EXPECT_EQ(log, (Log{"flush 3", "as+0=1:0", "as+0=2:0"}));
}

TEST_F(PostedTest, WaitingWritesEndWithTheirWorld)
{
    ScopedWorld inner;
    MemoryRegion io{};
    ByteDevice sink;
    memory_region_init_io(&io, nullptr, &sink.ops, &sink, "io", 0x10);
    AddressSpace space{};
    address_space_init(&space, &io, "space");
    memory_region_set_coalescing(&io);
    unsigned queued;
    uint8_t byte = 1;
    posted_write(&space, 0, &byte, 1, &queued);
    EXPECT_EQ(queued, 1u);
    qemu_flush_coalesced_mmio_buffer();
    EXPECT_EQ(sink.calls.size(), 1u);
    EXPECT_TRUE(device.calls.empty()); // the other world's queue is its own
    address_space_destroy(&space);
    memory_region_fini(&io);
}

} // namespace
