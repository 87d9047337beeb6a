// Strobes of a transfer. Oracle: the same transfer byte by byte for what is
// moved, and run by run for what a device and a watcher see of it.
#include <algorithm>
#include <cstring>
#include <random>

#include "memory/port.h"
#include "memory/watch.h"
#include "tests/memory/memory_kit.h"

namespace
{

using Bytes = std::vector<uint8_t>;

struct Asked {
    hwaddr addr;
    uint32_t size;
};

// A cycle of 10 ns for each word of 4 bytes.
struct Bus {
    TimingModel model{}; // first: what a port hands back
    std::vector<Asked> asked;
    Bus()
    {
        model.id = 1;
        model.access = [](TimingModel *m, TimingRequest *rq) {
            reinterpret_cast<Bus *>(m)->asked.push_back({rq->addr, rq->size});
            const hwaddr last = rq->addr + rq->size * rq->pieces - 1;
            rq->granted = rq->issue;
            rq->beats = static_cast<uint32_t>(last / 4 - rq->addr / 4 + 1);
            rq->width = 4;
            rq->beat_first = rq->beat_next = 10000;
            rq->done = rq->granted + 10000 * rq->beats;
        };
    }
};

// RAM at 0x10000 up to 0x12000, a device behind it, then nothing.
struct Board {
    ScopedWorld scope;
    MemoryRegion root{}, ram{}, dev{};
    AddressSpace as{};
    ByteDevice device{256};
    ClockDomain clock{};
    Bus bus;
    MemoryPort port{}, other{};

    explicit Board(bool timed = true)
    {
        clock_init(&clock, "clk", 100000000);
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 0x2000, nullptr);
        device.ops.impl.max_access_size = 4;
        device.ops.valid.max_access_size = 8;
        memory_region_init_io(&dev, nullptr, &device.ops, &device, "dev", 256);
        memory_region_add_subregion(&root, 0x10000, &ram);
        memory_region_add_subregion(&root, 0x12000, &dev);
        address_space_init(&as, &root, "as");
        EXPECT_TRUE(port_init(&port, &as, "port", &clock,
                              timed ? &bus.model : nullptr, 0, nullptr));
        EXPECT_TRUE(
            port_init(&other, &as, "other", &clock, nullptr, 0, nullptr));
    }
    ~Board()
    {
        port_fini(&other);
        port_fini(&port);
        address_space_destroy(&as);
        for (MemoryRegion *mr : {&dev, &ram}) {
            memory_region_del_subregion(&root, mr);
            memory_region_fini(mr);
        }
        memory_region_fini(&root);
    }
    uint8_t *host() { return static_cast<uint8_t *>(ram.ram_block->host); }
    PortTx move(hwaddr addr, Bytes &data, const uint8_t *strobes, bool is_write)
    {
        PortTx tx{};
        tx.addr = tx.va = addr;
        tx.kind = ACCESS_TLM;
        tx.strobes = strobes;
        MemoryWorld *outer = memory_world_enter(scope.world);
        port_transfer(&port, &tx, data.data(), data.size(), is_write);
        memory_world_enter(outer);
        return tx;
    }
};

Bytes random_bytes(std::mt19937 &r, size_t n)
{
    Bytes v(n);
    std::generate(v.begin(), v.end(),
                  [&] { return static_cast<uint8_t>(r()); });
    return v;
}

// Each run of enabled bytes as a transfer of its own.
MemTxResult by_runs(Board &b, hwaddr addr, Bytes &data, const Bytes &strobes,
                    bool is_write)
{
    MemTxResult result = MEMTX_OK;
    for (size_t at = 0; at < data.size(); at++) {
        size_t to = at;
        while (to < data.size() && strobes[to]) {
            to++;
        }
        if (to > at) {
            Bytes run(data.begin() + static_cast<long>(at),
                      data.begin() + static_cast<long>(to));
            result |= b.move(addr + at, run, nullptr, is_write).result;
            std::copy(run.begin(), run.end(),
                      data.begin() + static_cast<long>(at));
            at = to;
        }
    }
    return result;
}

void same_as_runs(bool timed)
{
    std::mt19937 r(timed);
    Board strobed(timed), runs(timed);
    for (unsigned n = 0; n < 4000; n++) {
        const hwaddr places[] = {0x10000, 0x10ff0, 0x11fe0, 0x12000, 0x120f0};
        const hwaddr addr = places[r() % 5] + r() % 32;
        const bool is_write = r() % 2;
        Bytes data = random_bytes(r, 1 + r() % (r() % 4 ? 40 : 300));
        Bytes other = data, strobes(data.size());
        for (uint8_t &s : strobes) {
            s = r() % 3 ? static_cast<uint8_t>(1 + r() % 255) : 0;
        }
        const PortTx tx = strobed.move(addr, data, strobes.data(), is_write);
        const MemTxResult expected =
            by_runs(runs, addr, other, strobes, is_write);
        ASSERT_EQ(tx.result, expected) << n;
        for (size_t i = 0; i < data.size(); i++) {
            ASSERT_EQ(data[i], other[i]) << n << " byte " << i;
        }
        ASSERT_EQ(strobed.device.calls, runs.device.calls) << n;
        strobed.device.calls.clear();
        runs.device.calls.clear();
        ASSERT_EQ(tx.wait + tx.bus + tx.target, (tx.done - tx.issue) / 10000);
    }
    EXPECT_EQ(std::memcmp(strobed.host(), runs.host(), 0x2000), 0);
    EXPECT_EQ(strobed.device.mem, runs.device.mem);
    EXPECT_LT(port_transactions(&strobed.port),
              port_transactions(&runs.port) / 4);
}

TEST(PortStrobes, TheBytesOfEachRun)
{
    same_as_runs(true);
}
TEST(PortStrobes, TheBytesOfEachRunWithoutABus)
{
    same_as_runs(false);
}

// From the first enabled byte to the last, in each 4 KiB.
TEST(PortStrobes, MemoryMovesAsOneBurst)
{
    Board b;
    Bytes data(64), strobes(64);
    PortTx tx = b.move(0x10000, data, strobes.data(), true);
    EXPECT_EQ(b.bus.asked.size(), 0u); // nothing is enabled
    EXPECT_EQ(port_transactions(&b.port), 0u);
    EXPECT_EQ(tx.done, tx.issue);
    strobes[6] = strobes[7] = strobes[40] = 1;
    tx = b.move(0x10000, data, strobes.data(), true);
    ASSERT_EQ(b.bus.asked.size(), 1u);
    EXPECT_EQ(b.bus.asked[0].addr, 0x10006u);
    EXPECT_EQ(b.bus.asked[0].size, 35u);
    EXPECT_EQ(tx.beats, 10u); // words 1 to 10: most without a byte
    EXPECT_EQ(tx.bus, 10u);
    EXPECT_EQ(port_transactions(&b.port), 1u);
    uint32_t rows;
    EXPECT_EQ(port_traffic(&b.port, &rows)->size, 35u);
    EXPECT_EQ(rows, 1u);
    // A boundary between two of them: bytes 6 and 7, byte 40.
    b.bus.asked.clear();
    tx = b.move(0x10fe0, data, strobes.data(), false);
    ASSERT_EQ(b.bus.asked.size(), 2u);
    EXPECT_EQ(b.bus.asked[0].size, 2u);
    EXPECT_EQ(b.bus.asked[1].addr, 0x11008u);
    EXPECT_EQ(b.bus.asked[1].size, 1u);
    EXPECT_EQ(tx.beats, 2u);
    // Registers beside: as many pieces as the device is asked for.
    b.bus.asked.clear();
    std::fill(strobes.begin(), strobes.end(), uint8_t{0});
    strobes[0] = strobes[12] = strobes[13] = strobes[20] = 0xff;
    b.move(0x11ff8, data, strobes.data(), true);
    ASSERT_EQ(b.bus.asked.size(), 3u); // RAM by itself, as it is 4 KiB before
    EXPECT_EQ(b.device.calls.size(), 2u);
    EXPECT_EQ(b.device.calls[0], (Call{'w', 4, 2, 0}));
    EXPECT_EQ(b.device.calls[1], (Call{'w', 12, 1, 0}));
}

// Nobody hears of a byte that is left alone.
TEST(PortStrobes, DisabledBytesAreNotTouched)
{
    Board b;
    std::vector<uint64_t> hits;
    memory_world_enter(b.scope.world);
    memory_watch_tell(
        [](void *opaque, const MemoryWatchHit *hit) {
            static_cast<std::vector<uint64_t> *>(opaque)->push_back(
                hit->address);
        },
        &hits);
    ASSERT_TRUE(memory_watch_add(&b.as, 0x10004, 4, DIR_BOTH, 0));
    Bytes data = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    Bytes around = {1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1};
    PortTx reserve{};
    reserve.addr = reserve.va = 0x10004;
    port_load_reserved(&b.other, &reserve, 4);
    hits.clear();
    b.move(0x10000, data, around.data(), true);
    b.move(0x10000, data, around.data(), false);
    EXPECT_EQ(hits, std::vector<uint64_t>{});
    EXPECT_TRUE(port_store_conditional(&b.other, &reserve, 4, 0x55));
    port_load_reserved(&b.other, &reserve, 4);
    hits.clear();
    around[6] = 1; // one of them
    b.move(0x10000, data, around.data(), true);
    EXPECT_EQ(hits, std::vector<uint64_t>{2});
    EXPECT_FALSE(port_store_conditional(&b.other, &reserve, 4, 0x66));
    const uint8_t expected[12] = {1, 2, 3, 4, 0x55, 0, 7, 0, 9, 10, 11, 12};
    EXPECT_EQ(std::memcmp(b.host(), expected, sizeof(expected)), 0);
    memory_watch_tell(nullptr, nullptr);
    memory_watch_clear();
}

} // namespace
