// The cache against an independent one, and its costs against sums.
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <vector>

#include "soc/bus.h"
#include "soc/l1.h"
#include "tests/soc/l1_model.h"

namespace
{

const uint64_t kPeriod = 10000; // ps: 100 MHz
const hwaddr kRam = 0x10000, kOther = 0x400000, kDevice = 0x800000;

// What reached the bus.
std::ostream &operator<<(std::ostream &out, const Move &m)
{
    return out << (m.write ? "w" : "r") << std::hex << m.addr << std::dec << "+"
               << m.size;
}

// Passes everything on to a bus and writes it down.
struct Ear {
    TimingModel model = {};
    TimingModel *next = nullptr;
    std::vector<Move> heard;
    explicit Ear(TimingModel *to) : next(to)
    {
        model = *to;
        model.access = [](TimingModel *m, TimingRequest *rq) {
            auto *self = reinterpret_cast<Ear *>(m);
            self->heard.push_back({rq->addr, rq->size, rq->is_write});
            self->next->access(self->next, rq);
        };
        model.inline_form = [](TimingModel *m, const TimingRequest *rq,
                               TimingInline *form) {
            auto *self = reinterpret_cast<Ear *>(m);
            return self->next->inline_form(self->next, rq, form);
        };
        model.take = nullptr;
        model.account = nullptr;
        model.clear_at = nullptr;
    }
};

uint64_t device_read(void *, hwaddr, unsigned)
{
    return 7;
}
void device_write(void *, hwaddr, uint64_t, unsigned) {}

// A world with two memories and a device, a bus, a cache and a port.
struct Bench {
    MemoryWorld *world, *outer;
    MemoryRegion root, ram, other, device;
    AddressSpace as;
    ClockDomain clock;
    EventQueue events;
    WaitStates ram_waits, other_waits;
    MemoryRegionOps ops = {};
    Bus bus;
    std::unique_ptr<Ear> ear;
    L1 l1 = {};
    MemoryPort port;
    uint64_t now = 0; // cycles

    explicit Bench(const L1Config &config, uint32_t width = 4)
        : world(memory_world_new()), outer(memory_world_enter(world))
    {
        clock_init(&clock, "clock", PS_PER_SECOND / kPeriod);
        event_queue_init(&events, world);
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 0x100000, nullptr);
        memory_region_init_ram(&other, nullptr, "other", 0x100000, nullptr);
        ops.read = device_read;
        ops.write = device_write;
        ops.valid.max_access_size = 8;
        ops.impl.max_access_size = 8;
        memory_region_init_io(&device, nullptr, &ops, this, "device", 0x1000);
        memory_region_add_subregion(&root, kRam, &ram);
        memory_region_add_subregion(&root, kOther, &other);
        memory_region_add_subregion(&root, kDevice, &device);
        address_space_init(&as, &root, "as");
        wait_states_init(&ram_waits, "ram", &clock);
        wait_states_init(&other_waits, "other", &clock);
        ram.timing = &ram_waits.model;
        other.timing = &other_waits.model;
        EXPECT_TRUE(bus_init(&bus, "bus", &clock, &events, width, nullptr));
        bus.model.id = 9;
        ear.reset(new Ear(&bus.model));
        Error *err = nullptr;
        EXPECT_TRUE(l1_init(&l1, "dcache", &config, &clock, &ear->model, &err))
            << (err ? error_message(err) : "");
        EXPECT_TRUE(
            port_init(&port, &as, "cpu", &clock, &l1.model, 1, nullptr));
    }
    ~Bench()
    {
        port_fini(&port);
        l1_fini(&l1);
        bus_fini(&bus);
        event_queue_fini(&events);
        address_space_destroy(&as);
        for (MemoryRegion *mr : {&ram, &other, &device}) {
            memory_region_del_subregion(&root, mr);
            memory_region_fini(mr);
        }
        memory_region_fini(&root);
        memory_world_enter(outer);
        memory_world_free(world);
    }
    Bench(const Bench &) = delete;
    Bench &operator=(const Bench &) = delete;

    // Returns the transaction; the next one is issued when it is done.
    PortTx go(hwaddr addr, unsigned size, bool write, uint64_t value = 0)
    {
        PortTx tx = {};
        tx.addr = tx.va = addr;
        tx.issue = clock_time(&clock, now);
        tx.kind = write ? ACCESS_STORE : ACCESS_LOAD;
        if (write) {
            port_store(&port, &tx, size, value);
        } else {
            port_load(&port, &tx, size);
        }
        now += tx.wait + tx.bus + tx.target;
        return tx;
    }
    uint64_t bytes_moved()
    {
        uint32_t n;
        const PortTraffic *t = port_traffic(&port, &n);
        uint64_t sum = 0;
        for (uint32_t i = 0; i < n; i++) {
            sum += t[i].bytes_moved;
        }
        return sum;
    }
    uint64_t cycles(hwaddr addr, unsigned size, bool write)
    {
        PortTx tx = go(addr, size, write);
        return tx.wait + tx.bus + tx.target;
    }
};

L1Config make(L1Replacement replacement = L1_LRU, uint64_t size = 1024,
              uint32_t ways = 2, uint32_t line = 32)
{
    L1Config c = {};
    c.size = size;
    c.ways = ways;
    c.line = line;
    c.replacement = replacement;
    c.seed = 1;
    c.write_allocate = true;
    c.hit = 1;
    return c;
}

struct Access {
    hwaddr addr;
    unsigned size;
    bool write;
};

// -- streams
// ---------------------------------------------------------------

std::vector<Access> random_stream(unsigned seed, hwaddr span)
{
    std::mt19937_64 rng(seed);
    std::vector<Access> s;
    for (int i = 0; i < 1200; i++) {
        unsigned size = 1u << rng() % 4;
        hwaddr addr = kRam + rng() % span;
        if (rng() % 8) {
            addr &= ~hwaddr(size - 1); // else it may cross into another line
        }
        s.push_back({addr, size, rng() % 3 == 0});
    }
    return s;
}

std::vector<Access> strided_stream(hwaddr stride)
{
    std::vector<Access> s;
    for (unsigned i = 0; i < 700; i++) {
        s.push_back({kRam + i * stride % 0x4000, 4, i % 5 == 0});
    }
    return s;
}

// A loop over a little more than the cache holds, with a stack beside it.
std::vector<Access> looping_stream(hwaddr length)
{
    std::vector<Access> s;
    for (unsigned round = 0; round < 3; round++) {
        for (hwaddr at = 0; at < length; at += 8) {
            s.push_back({kRam + at, 8, false});
            s.push_back({kOther + 0x100 - at % 64, 4, at % 24 == 0});
        }
    }
    return s;
}

std::vector<std::vector<Access>> streams()
{
    return {random_stream(1, 0x800), random_stream(2, 0x2000),
            strided_stream(4),       strided_stream(36),
            strided_stream(0x200),   looping_stream(0x3c0),
            looping_stream(0x500)};
}

ModelPolicy policy_of(L1Replacement r)
{
    return static_cast<ModelPolicy>(r);
}

const L1Replacement kAll[] = {L1_LRU, L1_PLRU, L1_ROUND_ROBIN,
                              L1_ROUND_ROBIN_SET, L1_RANDOM};

TEST(L1, CountsAndTransactionsAreTheModels)
{
    struct Shape {
        uint64_t size;
        uint32_t ways, line;
    };
    const Shape shapes[] = {{1024, 2, 32},
                            {1024, 1, 16},
                            {512, 8, 64},
                            {1024, 32, 32} /* one set */,
                            {2048, 4, 8}};
    for (L1Replacement replacement : kAll) {
        for (const Shape &shape : shapes) {
            for (int writes = 0; writes < 4; writes++) {
                L1Config c =
                    make(replacement, shape.size, shape.ways, shape.line);
                c.seed = 12345;
                c.write_through = writes & 1;
                c.write_allocate = writes & 2;
                Bench b(c);
                CacheModel model(shape.size, shape.ways, shape.line,
                                 policy_of(replacement), c.write_through,
                                 c.write_allocate, c.seed);
                for (const auto &stream : streams()) {
                    for (const Access &a : stream) {
                        b.go(a.addr, a.size, a.write);
                        model.access(a.addr, a.size, a.write);
                    }
                }
                SCOPED_TRACE(testing::Message()
                             << "replacement " << replacement << " size "
                             << shape.size << " ways " << shape.ways << " line "
                             << shape.line << " writes " << writes);
                ASSERT_EQ(b.ear->heard, model.moved);
                const L1Counters &n = b.l1.counters;
                EXPECT_EQ(n.hits, model.hits);
                EXPECT_EQ(n.misses, model.misses);
                EXPECT_EQ(n.accesses, model.hits + model.misses);
                EXPECT_EQ(n.fills, model.fills);
                EXPECT_EQ(n.writebacks, model.writebacks);
                EXPECT_EQ(n.throughs, model.throughs);
                EXPECT_EQ(n.bytes, model.bytes);
                EXPECT_EQ(n.passed, 0u);
                EXPECT_EQ(b.bytes_moved(), model.bytes);
                EXPECT_GT(model.hits, 0u);
                EXPECT_GT(model.misses, 0u);
            }
        }
    }
}

// Whoever looks for himself and calls only for the rest sees the same.
TEST(L1, HintsAndTouchesAreAccesses)
{
    for (L1Replacement replacement : kAll) {
        for (int writes = 0; writes < 4; writes++) {
            L1Config c = make(replacement, 1024, 4, 16);
            c.write_through = writes & 1;
            c.write_allocate = writes & 2;
            Bench plain(c), quick(c);
            uint64_t by_hint = 0, by_touch = 0, called = 0;
            for (const auto &stream : streams()) {
                for (const Access &a : stream) {
                    plain.go(a.addr, a.size, a.write);
                    L1 *l1 = &quick.l1;
                    bool one_line = a.addr / 16 == (a.addr + a.size - 1) / 16;
                    if (one_line &&
                        timing_has_line(l1->model.lines, a.addr, a.write)) {
                        by_hint++;
                    } else if (l1->model.touch(&l1->model, a.addr, a.size,
                                               a.write)) {
                        by_touch += one_line ? 1 : 2;
                    } else {
                        called++;
                        quick.go(a.addr, a.size, a.write);
                    }
                }
            }
            TimingRequest hit = {};
            hit.direct = true;
            quick.l1.model.account(&quick.l1.model, &hit, by_hint + by_touch);
            ASSERT_EQ(plain.ear->heard, quick.ear->heard);
            EXPECT_EQ(plain.l1.counters.hits, quick.l1.counters.hits);
            EXPECT_EQ(plain.l1.counters.misses, quick.l1.counters.misses);
            EXPECT_EQ(plain.l1.counters.accesses, quick.l1.counters.accesses);
            EXPECT_GT(by_hint, 1000u);
            EXPECT_GT(by_touch, 100u);
            EXPECT_GT(called, 100u);
        }
    }
}

// -- time
// ----------------------------------------------------------------------

TEST(L1, CostsAreSums)
{
    L1Config c = make();
    c.hit = 2;
    c.fill_overhead = 3;
    c.writeback_overhead = 5;
    Bench b(c);
    b.bus.overhead = 1;
    b.ram_waits.read_first = 4;
    b.ram_waits.read_next = 1;
    b.ram_waits.write_first = 6;
    b.other_waits.write_first = 9;
    // A line is 8 beats of 4 bytes.
    const uint64_t fill = 3 + 1 + 8 + 4 + 7 * 1;
    EXPECT_EQ(b.cycles(kRam, 4, false), 2 + fill);
    EXPECT_EQ(b.cycles(kRam + 28, 4, false), 2u);
    EXPECT_EQ(b.cycles(kRam + 8, 4, true), 2u); // now it is dirty
    EXPECT_EQ(b.cycles(kRam + 0x200, 4, false), 2 + fill);
    PortTx tx = b.go(kRam + 0x400, 4, false); // the first one goes
    EXPECT_EQ(tx.wait + tx.bus + tx.target, 2 + (5 + 1 + 8 + 6) + fill);
    EXPECT_EQ(tx.target, 6 + 4 + 7u);
    EXPECT_EQ(tx.beats, 16u);
    // Over the border of two lines: both are looked up in the same cycles.
    EXPECT_EQ(b.cycles(kRam + 0x7e, 4, false), 2 + 2 * fill);
    // What goes is paid for where it goes.
    EXPECT_EQ(b.cycles(kOther, 4, true), 2 + 3 + 1 + 8u);
    EXPECT_EQ(b.cycles(kRam + 0x600, 4, false), 2 + fill);
    EXPECT_EQ(b.cycles(kRam + 0x800, 4, false), 2 + (5 + 1 + 8 + 9) + fill);
}

TEST(L1, StoresThatAreNotKeptWaitForTheBus)
{
    L1Config c = make();
    c.write_through = true;
    c.write_allocate = false;
    Bench b(c);
    b.ram_waits.write_first = 3;
    EXPECT_EQ(b.cycles(kRam, 4, true), 1 + 1 + 3u);
    EXPECT_EQ(b.cycles(kRam, 4, false), 1 + 8u); // it was not fetched
    EXPECT_EQ(b.cycles(kRam, 4, true), 1 + 1 + 3u);
    EXPECT_EQ(b.cycles(kRam + 0x1e, 4, true), 1 + (1 + 3) + (1 + 3u));
    EXPECT_EQ(b.l1.counters.bytes, 4 + 32 + 4 + 2 + 2u);
}

// ue-riscv: 10 + Wi, 11 + Wd, and 10 + Wd for a dirty victim (docs/timing.md).
TEST(L1, FixedMissCosts)
{
    for (uint32_t wait : {0u, 1u, 3u}) {
        L1Config c = make(L1_ROUND_ROBIN, 16384, 2, 32);
        c.fill_overhead = 3;
        c.writeback_overhead = 2;
        Bench b(c);
        b.ram_waits.read_first = b.ram_waits.write_first = wait;
        EXPECT_EQ(b.cycles(kRam, 4, true), 1 + 11 + wait);
        EXPECT_EQ(b.cycles(kRam + 0x2000, 4, false), 1 + 11 + wait);
        EXPECT_EQ(b.cycles(kRam + 0x4000, 4, false), 1 + 11 + wait + 10 + wait);
    }
}

// Both transactions of a miss wait for a bus that others hold.
TEST(L1, WaitsAreWaits)
{
    Bench b(make());
    b.bus.lane.free_at = b.bus.lane.data_end = 7 * kPeriod;
    b.bus.lane.holder = 5;
    PortTx tx = b.go(kRam, 4, false);
    EXPECT_EQ(tx.wait, 6u); // asked after the look-up, in cycle 1
    EXPECT_EQ(tx.bus, 1 + 8u);
    EXPECT_EQ(tx.blocker, 5u);
    EXPECT_EQ(tx.done, 15 * kPeriod);
    tx = b.go(kRam + 4, 4, false);
    EXPECT_EQ(tx.wait, 0u);
    EXPECT_EQ(tx.blocker, 0u);
    EXPECT_EQ(tx.beats, 0u);
}

TEST(L1, OthersPassThrough)
{
    L1Range range = {kOther + 0x1000, kOther + 0x1fff};
    L1Config c = make();
    c.hit = 3;
    c.uncached = &range;
    c.uncacheds = 1;
    Bench b(c);
    EXPECT_EQ(b.cycles(kDevice, 4, false), 1u);
    EXPECT_EQ(b.cycles(kDevice, 8, true), 2u);
    EXPECT_EQ(b.cycles(kOther + 0x1000, 4, false), 1u);
    EXPECT_EQ(b.cycles(kOther + 0x1fff, 1, true), 1u);
    EXPECT_EQ(b.cycles(0x7000000, 4, false), 1u); // nothing is there
    EXPECT_EQ(b.l1.counters.accesses, 0u);
    EXPECT_EQ(b.l1.counters.passed, 5u);
    EXPECT_EQ(b.cycles(kOther + 0x2000, 4, false), 3 + 8u);
    EXPECT_EQ(b.cycles(kOther + 0xffc, 4, false), 3 + 8u);
    // Entries open where no cache is, until their owner looks at the lines.
    EXPECT_NE(port_open(&b.port, kOther + 0x1000, kOther + 0x1000, true),
              nullptr);
    EXPECT_EQ(port_open(&b.port, kOther + 0x2000, kOther + 0x2000, false),
              nullptr);
    b.port.opens = PORT_OPENS_CACHED;
    port_flush(&b.port);
    EXPECT_EQ(port_open(&b.port, kOther + 0x1000, kOther + 0x1000, false),
              nullptr);
    PortEntry *e = port_open(&b.port, kOther + 0x2000, kOther + 0x2000, true);
    ASSERT_NE(e, nullptr);
    EXPECT_EQ(e->extra[0][2], 2u);
    EXPECT_EQ(e->extra[1][0], 2u);
    e->count[0][2] = 5;
    port_fold(&b.port);
    EXPECT_EQ(b.l1.counters.accesses, 2 + 5u);
    EXPECT_EQ(b.l1.counters.hits, 5u);
    EXPECT_EQ(b.bus.lane.transactions, 5 + 2u);
}

TEST(L1, FenceIEmptiesIt)
{
    for (bool keeps : {false, true}) {
        L1Config c = make();
        c.keep_on_fence_i = keeps;
        Bench b(c);
        b.go(kRam, 4, false);
        b.l1.model.fence_i(&b.l1.model);
        EXPECT_EQ(timing_has_line(b.l1.model.lines, kRam, false), keeps);
        b.go(kRam, 4, false);
        EXPECT_EQ(b.l1.counters.misses, keeps ? 1u : 2u);
        EXPECT_EQ(b.l1.counters.invalidations, keeps ? 0u : 1u);
    }
}

// -- wrong shapes
// --------------------------------------------------------------

TEST(L1, WrongShapesAreNamed)
{
    struct Case {
        std::function<void(L1Config &)> change;
        const char *what;
    };
    static const L1Range part = {0x1000, 0x17ff}, turned = {0x2000, 0x1fff};
    const Case cases[] = {
        {[](L1Config &c) { c.line = 24; }, "a line of 24 bytes"},
        {[](L1Config &c) { c.line = 4; }, "a line of 4 bytes"},
        {[](L1Config &c) { c.line = 256; }, "a line of 256 bytes"},
        {[](L1Config &c) { c.ways = 0; }, "0 ways"},
        {[](L1Config &c) { c.ways = 65; }, "65 ways"},
        {[](L1Config &c) { c.size = 3000; }, "3000 bytes in 2 ways"},
        {[](L1Config &c) { c.size = 0; }, "0 bytes in 2 ways"},
        {[](L1Config &c) { c.size = 32; }, "32 bytes in 2 ways"},
        {[](L1Config &c) { c.size = UINT64_C(1) << 40; }, "at most 64 MiB"},
        {[](L1Config &c) {
             c.replacement = L1_PLRU;
             c.ways = 3;
             c.size = 3 * 32 * 4;
         },
         "plru with 3 ways"},
        {[](L1Config &c) { c.hit = 0; }, "a hit cost of 0"},
        {[](L1Config &c) {
             c.replacement = L1_RANDOM;
             c.seed = 0;
         },
         "a seed of 0"},
        {[](L1Config &c) {
             c.uncached = &part;
             c.uncacheds = 1;
         },
         "whole pages"},
        {[](L1Config &c) {
             c.uncached = &turned;
             c.uncacheds = 1;
         },
         "whole pages"},
    };
    for (const Case &one : cases) {
        L1Config c = make();
        one.change(c);
        Error *err = nullptr;
        EXPECT_FALSE(l1_config_check(&c, &err));
        ASSERT_NE(err, nullptr) << one.what;
        EXPECT_NE(std::string(error_message(err)).find(one.what),
                  std::string::npos)
            << error_message(err);
        error_free(err);
    }
    L1Config three = make(L1_LRU, 3 * 32 * 4, 3);
    EXPECT_TRUE(l1_config_check(&three, nullptr));
}

} // namespace
