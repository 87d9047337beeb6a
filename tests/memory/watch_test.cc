// Watches: whatever way an access takes to watched bytes, its watcher is told,
// once for each watch, with the byte it began at; and nobody else is.
#include <array>
#include <cstring>
#include <utility>

#include "memory/watch.h"
#include "tests/memory/memory_kit.h"

namespace
{

struct Seen {
    uint64_t address;
    unsigned watched, dir;
    MemoryPort *port;
    bool operator==(const Seen &o) const
    {
        return address == o.address && watched == o.watched && dir == o.dir &&
               port == o.port;
    }
};

std::ostream &operator<<(std::ostream &os, const Seen &s)
{
    return os << std::hex << s.address << " " << s.watched << " " << s.dir;
}

// RAM at 0x10000 (and again, by an alias, at 0x40000), a device at 0x20000.
struct WatchTest : ::testing::Test {
    ScopedWorld scope;
    MemoryRegion root{}, ram{}, alias{}, dev{};
    AddressSpace as{};
    MemoryRegionOps ops{};
    ClockDomain clock{};
    MemoryPort port{}, other{};
    std::vector<Seen> seen;
    uint64_t reg = 0;

    WatchTest()
    {
        clock_init(&clock, "clk", 100000000);
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 0x8000, nullptr);
        memory_region_init_alias(&alias, nullptr, "alias", &ram, 0x1000,
                                 0x4000);
        ops.read = [](void *r, hwaddr, unsigned) {
            return *static_cast<uint64_t *>(r);
        };
        ops.write = [](void *r, hwaddr, uint64_t v, unsigned) {
            *static_cast<uint64_t *>(r) = v;
        };
        ops.endianness = DEVICE_LITTLE_ENDIAN;
        ops.impl.min_access_size = 1;
        ops.impl.max_access_size = 8;
        memory_region_init_io(&dev, nullptr, &ops, &reg, "dev", 0x100);
        memory_region_add_subregion(&root, 0x10000, &ram);
        memory_region_add_subregion(&root, 0x20000, &dev);
        memory_region_add_subregion(&root, 0x40000, &alias);
        address_space_init(&as, &root, "as");
        EXPECT_TRUE(port_init(&port, &as, "port", &clock, nullptr, 1, nullptr));
        EXPECT_TRUE(
            port_init(&other, &as, "other", &clock, nullptr, 0, nullptr));
        memory_watch_tell(
            [](void *opaque, const MemoryWatchHit *hit) {
                static_cast<WatchTest *>(opaque)->seen.push_back(
                    {hit->address, hit->watched, hit->dir, hit->port});
            },
            this);
    }
    ~WatchTest() override
    {
        memory_watch_tell(nullptr, nullptr);
        port_fini(&other);
        port_fini(&port);
        address_space_destroy(&as);
        for (MemoryRegion *mr : {&alias, &dev, &ram, &root}) {
            if (mr != &root) {
                memory_region_del_subregion(&root, mr);
            }
            memory_region_fini(mr);
        }
    }
    static PortTx tx(hwaddr addr, AccessKind kind)
    {
        PortTx t{};
        t.addr = t.va = addr;
        t.kind = static_cast<uint8_t>(kind);
        return t;
    }
    void load(hwaddr addr, unsigned size, AccessKind kind = ACCESS_LOAD)
    {
        PortTx t = tx(addr, kind);
        port_load(&port, &t, size);
    }
    void store(hwaddr addr, unsigned size)
    {
        PortTx t = tx(addr, ACCESS_STORE);
        port_store(&port, &t, size, 0x55);
    }
    std::vector<Seen> take() { return std::exchange(seen, {}); }
    using List = std::vector<Seen>;
};

TEST_F(WatchTest, LoadsAndStoresThatTouchIt)
{
    ASSERT_TRUE(memory_watch_add(&as, 0x10104, 4, DIR_WRITE, 0xabc0));
    store(0x10100, 4);
    store(0x10108, 8);
    load(0x10104, 4);
    EXPECT_EQ(take(), List{});
    store(0x10104, 4);
    store(0x10100, 8); // its first byte that is watched
    store(0x10107, 1); // the last one
    EXPECT_EQ(take(), (List{{0xabc0, DIR_WRITE, DIR_WRITE, &port},
                            {0xabc0, DIR_WRITE, DIR_WRITE, &port},
                            {0xabc3, DIR_WRITE, DIR_WRITE, &port}}));
}

TEST_F(WatchTest, StoresTellWhatTheyWrite)
{
    std::vector<std::vector<uint8_t>> written;
    memory_watch_tell(
        [](void *opaque, const MemoryWatchHit *hit) {
            auto *list =
                static_cast<std::vector<std::vector<uint8_t>> *>(opaque);
            list->emplace_back();
            if (hit->bytes) {
                list->back().assign(hit->bytes, hit->bytes + hit->len);
            }
        },
        &written);
    memory_watch_add(&as, 0x20002, 4, DIR_BOTH, 0);
    PortTx t = tx(0x20000, ACCESS_STORE);
    port_store(&port, &t, 4, 0x44332211); // its upper half is watched
    t = tx(0x20005, ACCESS_STORE);
    port_store(&port, &t, 1, 0x55);
    load(0x20004, 4);
    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    t = tx(0x20000, ACCESS_DMA);
    port_transfer(&other, &t, bytes, 8, true);
    EXPECT_EQ(written, (std::vector<std::vector<uint8_t>>{
                           {0x33, 0x44}, {0x55}, {}, {3, 4}, {5, 6}}));
}

TEST_F(WatchTest, EachKindSeesItsDirection)
{
    memory_watch_add(&as, 0x10200, 1, DIR_READ, 1);
    memory_watch_add(&as, 0x10200, 1, DIR_WRITE, 2);
    memory_watch_add(&as, 0x10200, 1, DIR_BOTH, 3);
    load(0x10200, 1);
    EXPECT_EQ(take(), (List{{1, DIR_READ, DIR_READ, &port},
                            {3, DIR_BOTH, DIR_READ, &port}}));
    store(0x10200, 1);
    EXPECT_EQ(take(), (List{{2, DIR_WRITE, DIR_WRITE, &port},
                            {3, DIR_BOTH, DIR_WRITE, &port}}));
    PortTx t = tx(0x10200, ACCESS_AMO); // reads and writes
    port_amo(
        &port, &t, 4, [](uint64_t a, uint64_t b) { return a + b; }, 1);
    EXPECT_EQ(take().size(), 3u);
    t = tx(0x10200, ACCESS_AMO);
    port_load_reserved(&port, &t, 4);
    EXPECT_EQ(take().size(), 2u);
    t = tx(0x10200, ACCESS_AMO);
    EXPECT_TRUE(port_store_conditional(&port, &t, 4, 7));
    EXPECT_EQ(take().size(), 2u);
    load(0x10200, 4, ACCESS_FETCH); // to fetch is not to read
    EXPECT_EQ(take(), List{});
}

TEST_F(WatchTest, NoInlineEntryOfItsPageIsOpen)
{
    ASSERT_TRUE(port_open(&port, 0x11000, 0x11000, true));
    PortEntry *e = port_open(&port, 0x12000, 0x12000, true);
    ASSERT_TRUE(e);
    memory_watch_add(&as, 0x12ffc, 8, DIR_READ, 0); // the last, and the next
    EXPECT_EQ(e->read_tag, PORT_NO_TAG);            // closed by then
    EXPECT_EQ(e->write_tag, PORT_NO_TAG);
    EXPECT_TRUE(port_open(&port, 0x11000, 0x11000, true));
    EXPECT_FALSE(port_open(&port, 0x12000, 0x12000, false));
    EXPECT_FALSE(port_open(&port, 0x12000, 0x12000, true));
    EXPECT_FALSE(port_open(&port, 0x13000, 0x13000, false));
    EXPECT_FALSE(port_open(&port, 0x41000, 0x41000, false)); // the same page
    PortWindow window;
    EXPECT_FALSE(port_window(&other, 0x11000, &window)); // for DMI
    memory_watch_clear();
    EXPECT_TRUE(port_open(&port, 0x12000, 0x12000, true));
    EXPECT_TRUE(port_open(&port, 0x13000, 0x13000, true));
    EXPECT_TRUE(port_window(&other, 0x11000, &window));
}

TEST_F(WatchTest, ThroughWhateverAddressAndPort)
{
    memory_watch_add(&as, 0x11010, 4, DIR_BOTH, 0x11010);
    store(0x40010, 4); // the alias begins at 0x1000 of the RAM
    EXPECT_EQ(take(), (List{{0x11010, DIR_BOTH, DIR_WRITE, &port}}));
    std::array<uint8_t, 64> bytes{};
    PortTx t = tx(0x11000, ACCESS_DMA);
    port_transfer(&other, &t, bytes.data(), bytes.size(), true);
    port_transfer(&other, &t, bytes.data(), bytes.size(), false);
    port_transfer(&other, &t, bytes.data(), 16, false); // ends before it
    EXPECT_EQ(take(), (List{{0x11010, DIR_BOTH, DIR_WRITE, &other},
                            {0x11010, DIR_BOTH, DIR_READ, &other}}));
    PortRequest rq{};
    rq.tx = tx(0x11012, ACCESS_DMA);
    rq.buf = bytes.data();
    rq.len = 1;
    rq.is_write = true;
    rq.done = [](PortRequest *) {};
    port_request(&other, &rq);
    EXPECT_EQ(take(), (List{{0x11012, DIR_BOTH, DIR_WRITE, &other}}));
    // A debugger's accesses are none.
    EXPECT_EQ(port_debug(&other, 0x11010, bytes.data(), 4, true), 4u);
    EXPECT_EQ(port_debug(&other, 0x11010, bytes.data(), 4, false), 4u);
    EXPECT_EQ(take(), List{});
}

TEST_F(WatchTest, RegistersOfDevices)
{
    auto quick = [&](hwaddr pa) {
        return port_quick_load(&port, pa, pa, 0x100, 5, 4).cycles;
    };
    EXPECT_GE(quick(0x20008), 0);
    memory_watch_add(&as, 0x20008, 4, DIR_READ, 0x20008);
    EXPECT_LT(quick(0x20008), 0); // goes the general way now
    load(0x20008, 4);
    store(0x20008, 4);
    load(0x20004, 4);
    EXPECT_EQ(take(), (List{{0x20008, DIR_READ, DIR_READ, &port}}));
    memory_watch_clear();
    EXPECT_GE(quick(0x20008), 0);
    load(0x20008, 4);
    EXPECT_EQ(take(), List{});
}

TEST_F(WatchTest, NothingIsThereOrNobodyListens)
{
    EXPECT_FALSE(memory_watch_add(&as, 0x30000, 4, DIR_READ, 0));
    EXPECT_FALSE(memory_watch_add(&as, 0x17ffe, 4, DIR_READ, 0));
    EXPECT_FALSE(memory_watch_add(&as, 0x10000, 0, DIR_READ, 0));
    EXPECT_FALSE(memory_watch_add(&as, UINT64_MAX, 2, DIR_READ, 0));
    memory_watch_clear();
    load(0x30000, 4); // fails: nobody has read anything
    load(0x17ffe, 2);
    EXPECT_EQ(take(), List{});
    memory_watch_tell(nullptr, nullptr);
    EXPECT_FALSE(memory_watch_add(&as, 0x10000, 4, DIR_READ, 0));
    load(0x10000, 4);
    EXPECT_EQ(take(), List{});
}

} // namespace
