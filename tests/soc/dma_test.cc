// The DMA engine on a real address space: RAM, a device that remembers who did
// what, a hole, and its own registers; on no timing model and on a bus.
#include <algorithm>
#include <cstring>
#include <memory>
#include <random>

#include "soc/bus.h"
#include "soc/dma.h"
#include "tests/soc/bench.h"

namespace
{

constexpr hwaddr RAM = 0x10000, RAM_SIZE = 0x10000, OWN = 0x40000,
                 LOG = 0x50000, HOLE = 0x60000;
constexpr uint64_t CYCLE = 1000;
enum : uint32_t {
    START = 1,
    IRQ = 2,
    SRC_FIXED = 4,
    DST_FIXED = 8,
    STOP = 128,
    BUSY = 1,
    DONE = 2,
    ERROR = 4
};
constexpr uint32_t size_of(unsigned log2)
{
    return log2 << 4;
}

// A device of 64 KiB that takes accesses of 4 bytes and remembers them.
struct Logger {
    struct Access {
        hwaddr offset;
        uint64_t value;
        bool is_write;
        uint64_t when;
    };
    MemoryRegion region;
    MemoryWorld *world;
    std::vector<Access> seen;
    MemoryRegionOps ops = {};

    explicit Logger(MemoryWorld *w) : region{}, world(w)
    {
        ops.read = [](void *self, hwaddr at, unsigned) {
            auto *l = static_cast<Logger *>(self);
            l->seen.push_back({at, 0, false, l->world->now});
            return static_cast<uint64_t>(0x100 + l->seen.size());
        };
        ops.write = [](void *self, hwaddr at, uint64_t value, unsigned) {
            auto *l = static_cast<Logger *>(self);
            l->seen.push_back({at, value, true, l->world->now});
        };
        ops.valid.min_access_size = ops.valid.max_access_size = 4;
        memory_region_init_io(&region, nullptr, &ops, this, "log", 0x10000);
    }
};

struct System {
    Bench<Dma> b;
    MemoryRegion root, ram;
    AddressSpace as;
    Logger log;
    Bus bus;
    MemoryPort cpu; // an initiator beside it
    bool timed;

    explicit System(bool with_bus, unsigned channels = 4)
        : b(dma_class, 1000000000, [=](Dma *d) { d->channels = channels; }),
          root{}, ram{}, as{}, log(b.world), bus{}, cpu{}, timed(with_bus)
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", RAM_SIZE, nullptr);
        memory_region_add_subregion(&root, RAM, &ram);
        memory_region_add_subregion(&root, OWN, &b.dev->mmio);
        memory_region_add_subregion(&root, LOG, &log.region);
        address_space_init(&as, &root, "as");
        TimingModel *timing = nullptr;
        if (timed) {
            EXPECT_TRUE(bus_init(&bus, "bus", &b.clock, &b.queue, 4, nullptr));
            bus.model.id = 1;
            timing = &bus.model;
        }
        EXPECT_TRUE(
            port_init(&cpu, &as, "cpu", &b.clock, timing, false, nullptr));
        EXPECT_TRUE(port_init(&b.model->master, &as, "dma.master", &b.clock,
                              timing, false, nullptr));
        b.watch(&b.model->irq);
        b.reset();
    }
    ~System()
    {
        port_fini(&b.model->master);
        port_fini(&cpu);
        if (timed) {
            bus_fini(&bus);
        }
        address_space_destroy(&as);
        memory_region_del_subregion(&root, &ram);
        memory_region_del_subregion(&root, &b.dev->mmio);
        memory_region_del_subregion(&root, &log.region);
        memory_region_fini(&ram);
        memory_region_fini(&log.region);
        memory_region_fini(&root);
    }
    uint8_t *bytes(hwaddr at)
    {
        return static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram)) +
               (at - RAM);
    }
    void set(unsigned n, unsigned reg, uint64_t value)
    {
        b.write(4 * (n * DMA_CHANNEL_REGS + reg), value);
    }
    uint32_t get(unsigned n, unsigned reg)
    {
        return static_cast<uint32_t>(b.read(4 * (n * DMA_CHANNEL_REGS + reg)));
    }
    void copy(unsigned n, hwaddr src, hwaddr dst, uint64_t len, uint32_t ctrl)
    {
        set(n, DMA_SRC, src & UINT32_MAX);
        set(n, DMA_SRC_HI, src >> 32);
        set(n, DMA_DST, dst & UINT32_MAX);
        set(n, DMA_DST_HI, dst >> 32);
        set(n, DMA_LEN, len);
        set(n, DMA_CTRL, ctrl | START);
    }
    bool busy()
    {
        for (unsigned n = 0; n < b.model->channels; n++) {
            if (get(n, DMA_STATUS) & BUSY) {
                return true;
            }
        }
        return false;
    }
    void finish(uint64_t limit = 1000000 * CYCLE)
    {
        uint64_t end = b.now() + limit;
        while (busy() && b.now() < end) {
            ASSERT_NE(TIME_NEVER, event_next(&b.queue)) << "busy for ever";
            event_run_one(&b.queue);
        }
        ASSERT_FALSE(busy());
    }
};

class DmaTest : public testing::TestWithParam<bool>
{
};
INSTANTIATE_TEST_SUITE_P(Timing, DmaTest, testing::Bool(),
                         [](auto &p) { return p.param ? "Bus" : "Untimed"; });

TEST_P(DmaTest, CopiesAndInterrupts)
{
    System s(GetParam());
    for (unsigned i = 0; i < 300; i++) {
        s.bytes(RAM)[i] = static_cast<uint8_t>(i * 7 + 1);
    }
    s.b.run_to(5 * CYCLE);
    s.copy(1, RAM, RAM + 0x1000, 300, IRQ | size_of(6));
    EXPECT_EQ(uint32_t{BUSY}, s.get(1, DMA_STATUS));
    EXPECT_EQ(300u, s.get(1, DMA_REMAIN));
    EXPECT_EQ(IRQ | size_of(6), s.get(1, DMA_CTRL));
    s.b.run_to(9 * CYCLE - 1); // setup
    EXPECT_EQ(0u, s.bytes(RAM + 0x1000)[0]);
    s.finish();
    EXPECT_EQ(0, std::memcmp(s.bytes(RAM), s.bytes(RAM + 0x1000), 300));
    EXPECT_EQ(0u, s.bytes(RAM + 0x1000)[300]);
    EXPECT_EQ(uint32_t{DONE}, s.get(1, DMA_STATUS));
    EXPECT_EQ(0u, s.get(1, DMA_REMAIN));
    EXPECT_EQ(2u, s.b.read(0x100));
    EXPECT_TRUE(s.b.model->irq.level);
    // 5 bursts, each read and written; a cycle each, or 16 beats and 11.
    uint64_t cycles = GetParam() ? 2 * (4 * 16 + 11) : 10;
    EXPECT_EQ((9 + cycles) * CYCLE, s.b.now());
    s.set(1, DMA_STATUS, DONE);
    EXPECT_FALSE(s.b.model->irq.level);
    EXPECT_EQ(0u, s.b.read(0x100));
    EXPECT_TRUE(s.b.errors.empty());
}

TEST_P(DmaTest, ADeviceGetsWordsAndFixedAddressesStay)
{
    System s(GetParam());
    s.copy(0, LOG + 8, RAM + 0x100, 12, SRC_FIXED | size_of(2));
    s.finish();
    const uint32_t expected[] = {0x101, 0x102, 0x103};
    EXPECT_EQ(0, std::memcmp(expected, s.bytes(RAM + 0x100), 12));
    for (auto &a : s.log.seen) {
        EXPECT_EQ(8u, a.offset);
    }
    s.log.seen.clear();
    s.copy(0, RAM + 0x100, LOG + 16, 8, size_of(6)); // a burst of two words
    s.finish();
    ASSERT_EQ(2u, s.log.seen.size());
    EXPECT_EQ(16u, s.log.seen[0].offset);
    EXPECT_EQ(0x102u, s.log.seen[1].value);
    s.log.seen.clear();
    s.copy(0, RAM + 0x100, LOG, 8, DST_FIXED | size_of(6)); // at most 8 bytes
    s.finish();
    EXPECT_EQ(2u, s.log.seen.size());
    EXPECT_EQ(uint32_t{DONE}, s.get(0, DMA_STATUS));
    s.copy(0, RAM, LOG, 1, 0); // too narrow for the device
    s.finish();
    EXPECT_EQ(uint32_t{ERROR}, s.get(0, DMA_STATUS));
}

TEST_P(DmaTest, ErrorsStopTheChannel)
{
    System s(GetParam());
    s.copy(0, RAM + RAM_SIZE - 0x48, RAM, 0x100, IRQ | size_of(6));
    s.finish();
    EXPECT_EQ(uint32_t{ERROR}, s.get(0, DMA_STATUS));
    // A burst, one cut at the page, which is the end; the third fails.
    EXPECT_EQ(0x100u - 0x48, s.get(0, DMA_REMAIN));
    EXPECT_TRUE(s.b.model->irq.level);
    s.set(0, DMA_STATUS, ERROR);
    EXPECT_FALSE(s.b.model->irq.level);
    s.copy(0, RAM, HOLE, 4, size_of(2));
    s.finish();
    EXPECT_EQ(uint32_t{ERROR}, s.get(0, DMA_STATUS));
    EXPECT_EQ(4u, s.get(0, DMA_REMAIN));
    s.copy(0, UINT64_MAX - 3, RAM, 64, size_of(6)); // wraps around the space
    s.finish();
    EXPECT_EQ(uint32_t{ERROR}, s.get(0, DMA_STATUS));
    s.copy(0, RAM, RAM + 4, 4, size_of(2)); // and it works again
    s.finish();
    EXPECT_EQ(uint32_t{DONE}, s.get(0, DMA_STATUS));
}

TEST_P(DmaTest, LenZeroIsDoneAtOnce)
{
    System s(GetParam());
    s.copy(2, HOLE, HOLE, 0, size_of(6));
    EXPECT_EQ(uint32_t{BUSY}, s.get(2, DMA_STATUS));
    s.finish();
    EXPECT_EQ(uint32_t{DONE}, s.get(2, DMA_STATUS));
    EXPECT_EQ(4 * CYCLE, s.b.now());
}

TEST_P(DmaTest, ChannelsTakeTurns)
{
    System s(GetParam());
    for (unsigned n = 0; n < 3; n++) {
        s.copy(n, RAM, LOG + 0x100 * n, 12, size_of(2));
    }
    s.finish();
    std::vector<hwaddr> order;
    for (auto &a : s.log.seen) {
        order.push_back(a.offset / 0x100);
    }
    std::vector<hwaddr> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ((std::vector<hwaddr>{0, 0, 0, 1, 1, 1, 2, 2, 2}), sorted);
    for (size_t i = 1; i < order.size(); i++) {
        EXPECT_EQ((order[i - 1] + 1) % 3, order[i]);
    }
}

TEST_P(DmaTest, BusyRegistersAreLocked)
{
    System s(GetParam());
    s.copy(0, RAM, RAM + 0x100, 64, size_of(2));
    s.b.run(6 * CYCLE);
    for (unsigned reg : {DMA_SRC, DMA_SRC_HI, DMA_DST, DMA_DST_HI, DMA_LEN}) {
        uint32_t before = s.get(0, reg);
        s.set(0, reg, 0x1234);
        EXPECT_EQ(before, s.get(0, reg));
    }
    s.set(0, DMA_CTRL, START | SRC_FIXED);
    EXPECT_EQ(6u, s.b.errors.size());
    EXPECT_EQ("LEN written: channel 0 is busy", s.b.errors[4]);
    EXPECT_EQ(size_of(2), s.get(0, DMA_CTRL));
    s.set(0, DMA_CTRL, IRQ | SRC_FIXED); // of this only IRQ counts
    EXPECT_EQ(IRQ | size_of(2), s.get(0, DMA_CTRL));
    EXPECT_EQ(6u, s.b.errors.size());
    s.finish();
    EXPECT_TRUE(s.b.model->irq.level);
    s.set(5, DMA_SRC, 1); // of four channels
    s.set(7, DMA_CTRL, START);
    EXPECT_EQ("SRC written: channel 5 does not exist", s.b.errors[6]);
    EXPECT_EQ(0u, s.get(5, DMA_SRC) | s.get(7, DMA_STATUS));
}

TEST_P(DmaTest, StopEndsALongCopy)
{
    System s(GetParam());
    s.copy(0, RAM, LOG, UINT32_MAX, SRC_FIXED | DST_FIXED | size_of(2));
    s.copy(1, RAM, RAM + 64, 64, size_of(2));
    s.b.run(100 * CYCLE);
    EXPECT_EQ(uint32_t{BUSY}, s.get(0, DMA_STATUS));
    s.set(0, DMA_CTRL, STOP);
    s.finish();
    EXPECT_EQ(0u, s.get(0, DMA_STATUS));
    EXPECT_EQ(uint32_t{DONE}, s.get(1, DMA_STATUS));
    uint32_t remain = s.get(0, DMA_REMAIN);
    EXPECT_EQ(UINT32_MAX - 4 * s.log.seen.size(), remain);
    s.b.run(100 * CYCLE);
    EXPECT_EQ(remain, s.get(0, DMA_REMAIN));
    EXPECT_EQ(TIME_NEVER, event_next(&s.b.queue));
}

// Every cycle of the first copy, a reset and another copy of other data.
TEST_P(DmaTest, ResetWhileARequestIsUnderWay)
{
    for (unsigned at = 0; at < 60; at++) {
        SCOPED_TRACE(at);
        System s(GetParam());
        std::memset(s.bytes(RAM), 0xaa, 64);
        std::memset(s.bytes(RAM + 0x100), 0x55, 64);
        s.copy(0, RAM, RAM + 0x200, 64, IRQ | size_of(5));
        if (GetParam()) { // somebody holds the bus: the request has to wait
            s.b.run((3 + at % 8) * CYCLE);
            uint8_t burst[64];
            PortTx tx = {};
            tx.addr = tx.va = RAM + 0x800;
            tx.issue = s.b.now();
            tx.kind = ACCESS_API;
            port_transfer(&s.cpu, &tx, burst, 64, false);
        }
        s.b.run(at * CYCLE);
        s.b.reset();
        EXPECT_FALSE(s.b.model->irq.level);
        EXPECT_EQ(0u, s.get(0, DMA_STATUS));
        s.copy(0, RAM + 0x100, RAM + 0x300, 64, IRQ | size_of(5));
        s.finish();
        s.b.run(100 * CYCLE);
        EXPECT_EQ(0,
                  std::memcmp(s.bytes(RAM + 0x100), s.bytes(RAM + 0x300), 64));
        EXPECT_EQ(uint32_t{DONE}, s.get(0, DMA_STATUS));
    }
}

TEST(Dma, PacedBurstsWaitForTheirLine)
{
    System s(true);
    constexpr uint32_t PACED = 1 << 8, LINE5 = 5 << 9;
    auto ask = [&](unsigned line, bool level) {
        dma_class.irq_in(s.b.model, line, level);
    };
    for (unsigned i = 0; i < 16; i++) {
        s.bytes(RAM)[i] = static_cast<uint8_t>(i + 1);
    }
    EXPECT_EQ(16u, dma_class.irq_lines(s.b.dev));
    ask(4, true);
    ask(16, true);
    s.copy(0, RAM, RAM + 0x100, 8, size_of(2) | PACED | LINE5);
    s.copy(1, RAM + 8, RAM + 0x108, 4, size_of(2)); // not paced: goes on
    s.b.run(1000 * CYCLE);
    EXPECT_EQ(8u, s.get(0, DMA_REMAIN));
    EXPECT_EQ(0u, s.get(1, DMA_REMAIN));
    s.b.run(CYCLE / 2); // between two edges
    ask(5, true);
    ASSERT_EQ(0u, event_next(&s.b.queue) % CYCLE);
    event_run_one(&s.b.queue); // the burst begins
    ask(5, false);             // and goes to its end
    s.b.run(1000 * CYCLE);
    EXPECT_EQ(4u, s.get(0, DMA_REMAIN));
    ask(5, true);
    s.finish();
    EXPECT_EQ(static_cast<uint32_t>(DONE), s.get(0, DMA_STATUS));
    EXPECT_EQ(0, memcmp(s.bytes(RAM), s.bytes(RAM + 0x100), 12));
    ask(5, false);
    s.copy(0, RAM, RAM, 4, PACED | LINE5);
    s.set(0, DMA_CTRL, STOP);
    EXPECT_EQ(0u, s.get(0, DMA_STATUS));
}

TEST(Dma, ManyResetsAtOnceOnlyDelay)
{
    System s(true);
    std::memset(s.bytes(RAM), 0x77, 64);
    s.copy(0, RAM, RAM + 0x100, 4, size_of(2));
    uint8_t burst[4096];
    PortTx tx = {};
    tx.addr = tx.va = RAM;
    tx.kind = ACCESS_API;
    s.b.run(3 * CYCLE);
    tx.issue = s.b.now();
    port_transfer(&s.cpu, &tx, burst, 4096, false); // the bus is taken for long
    for (int i = 0; i < 10; i++) {
        s.b.run(5 * CYCLE);
        s.b.reset();
        s.copy(0, RAM, RAM + 0x100 + 4 * static_cast<hwaddr>(i), 4, size_of(2));
    }
    s.finish();
    EXPECT_EQ(0x77, s.bytes(RAM + 0x124)[0]);
    EXPECT_EQ(0, s.bytes(RAM + 0x120)[0]); // writes of dropped copies: none
}

TEST_P(DmaTest, OntoItsOwnRegisters)
{
    System s(GetParam());
    // Channel 0 writes a whole program for channel 1, and starts it.
    const uint32_t program[] = {RAM + 0x20, 0,  RAM + 0x800,
                                0,          16, START | size_of(2)};
    std::memcpy(s.bytes(RAM), program, sizeof program);
    std::memcpy(s.bytes(RAM + 0x20), "sixteen bytes!!", 16);
    s.copy(0, RAM, OWN + 0x20, sizeof program, size_of(5));
    s.finish();
    EXPECT_STREQ("sixteen bytes!!",
                 reinterpret_cast<char *>(s.bytes(RAM + 0x800)));
    // A channel that overwrites its own registers is busy: they hold.
    s.copy(2, RAM, OWN + 0x40, 24, size_of(3));
    s.finish();
    EXPECT_EQ(uint32_t{DONE}, s.get(2, DMA_STATUS));
    EXPECT_EQ(24u, s.get(2, DMA_LEN));
    // Stops itself: 0x80 to its own CTRL.
    const uint32_t stop = STOP;
    std::memcpy(s.bytes(RAM), &stop, 4);
    s.copy(3, RAM, OWN + 0x60 + 4 * DMA_CTRL, 0x100,
           SRC_FIXED | DST_FIXED | size_of(2));
    s.finish();
    EXPECT_EQ(0u, s.get(3, DMA_STATUS));
    EXPECT_EQ(0x100u - 4, s.get(3, DMA_REMAIN));
}

// Programs of several channels against memcpy in the order of the rules.
TEST_P(DmaTest, PropertyCopiesAreCopies)
{
    for (unsigned seed = 0; seed < 20; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        System s(GetParam(), 8);
        for (unsigned i = 0; i < RAM_SIZE; i++) {
            s.bytes(RAM)[i] = static_cast<uint8_t>(rng());
        }
        std::vector<uint8_t> model(s.bytes(RAM), s.bytes(RAM) + RAM_SIZE);
        uint64_t bursts = 0;
        for (unsigned n = 0; n < 8; n++) {
            // Sources in the lower half, destinations apart in the upper.
            uint32_t log2 = static_cast<uint32_t>(rng() % 8);
            hwaddr src = rng() % 0x6000, len = rng() % 0xf00;
            hwaddr dst = 0x8400 + 0xf00 * n + rng() % (0xf00 - len);
            s.copy(n, RAM + src, RAM + dst, len, size_of(log2));
            std::copy_n(model.begin() + static_cast<long>(src), len,
                        model.begin() + static_cast<long>(dst));
            hwaddr unit = 1u << std::min(log2, 6u);
            for (hwaddr at = 0; at < len; bursts++) {
                at += std::min({unit, len - at, 4096 - (src + at) % 4096,
                                4096 - (dst + at) % 4096});
            }
        }
        // A hart uses the bus meanwhile, at times of its own.
        uint64_t loads = 0;
        while (s.busy()) {
            PortTx tx = {};
            tx.addr = tx.va = RAM + rng() % 0x6000 / 4 * 4;
            tx.issue = s.b.now();
            tx.kind = ACCESS_LOAD;
            uint64_t value = port_load(&s.cpu, &tx, 4);
            uint32_t expected;
            std::memcpy(&expected, &model[tx.addr - RAM], 4);
            ASSERT_EQ(expected, value);
            loads++;
            s.b.run_to(tx.done + rng() % 200 * CYCLE);
        }
        ASSERT_EQ(0, std::memcmp(model.data(), s.bytes(RAM), RAM_SIZE));
        ASSERT_EQ(2 * bursts, port_transactions(&s.b.model->master));
        ASSERT_EQ(loads, port_transactions(&s.cpu));
        for (unsigned n = 0; n < 8; n++) {
            ASSERT_EQ(uint32_t{DONE}, s.get(n, DMA_STATUS));
        }
    }
}

TEST_P(DmaTest, PropertyHostileProgramsHurtNobody)
{
    for (unsigned seed = 0; seed < 60; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937_64 rng(seed);
        System s(GetParam(), 1 + static_cast<unsigned>(seed % 8));
        const hwaddr places[] = {
            RAM,  RAM + RAM_SIZE - 70, OWN, OWN + 0x100, LOG,
            HOLE, UINT64_MAX - 40,     0};
        for (int step = 0; step < 150; step++) {
            unsigned n = static_cast<unsigned>(rng() % 8);
            hwaddr src = places[rng() % 8] + rng() % 70;
            hwaddr dst = places[rng() % 8] + rng() % 70;
            uint64_t len = rng() % 3 ? rng() % 300 : rng() & UINT32_MAX;
            if (rng() % 2) {
                s.copy(n, src, dst, len, static_cast<uint32_t>(rng()));
            } else {
                s.b.write(rng() % 0x110 / 4 * 4, rng() & UINT32_MAX);
            }
            uint64_t end = s.b.now() + rng() % 200 * CYCLE;
            unsigned events = 0;
            while (event_horizon(&s.b.queue) <= end) {
                ASSERT_LT(++events, 5000u) << "events without end";
                event_run_one(&s.b.queue);
            }
            s.b.run_to(std::max(end, s.b.now()));
            if (rng() % 20 == 0) {
                s.b.reset();
            }
        }
        s.b.reset();
        s.b.run(100000 * CYCLE);
        std::memset(s.bytes(RAM), 0x5a, 64);
        s.copy(0, RAM, RAM + 0x1000, 64, size_of(6));
        s.finish(); // it still works
        ASSERT_EQ(0, std::memcmp(s.bytes(RAM), s.bytes(RAM + 0x1000), 64));
    }
}

TEST(Dma, ParametersOutOfRangeAreErrors)
{
    World w;
    Dma *d = static_cast<Dma *>(std::calloc(1, sizeof(Dma)));
    d->dev.cls = &dma_class;
    d->dev.name = "d0";
    d->channels = 9;
    Error *err = nullptr;
    EXPECT_FALSE(dma_class.init(&d->dev, &err));
    EXPECT_STREQ("channels of d0 is out of range; 1 to 8", error_message(err));
    error_free(err);
    std::free(d);
}

} // namespace
