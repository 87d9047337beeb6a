// Generators on a memory that notes every access, without time and on a bus:
// what they ask, when, and how many requests they have under way.
#include <algorithm>
#include <map>
#include <memory>

#include "soc/bus.h"
#include "soc/generator.h"
#include "tests/soc/bench.h"

namespace
{

constexpr hwaddr BASE = 0x10000;
constexpr uint64_t SIZE = 0x10000;

struct Access {
    hwaddr addr;
    uint64_t value;
    unsigned size;
    bool is_write;
    uint64_t when;
    bool operator==(const Access &o) const
    {
        return addr == o.addr && value == o.value && size == o.size &&
               is_write == o.is_write && when == o.when;
    }
};

// A device of 64 KiB that takes anything up to 8 bytes and notes it.
struct Notes {
    MemoryRegion region;
    MemoryWorld *world;
    std::vector<Access> seen;
    MemoryRegionOps ops = {};

    explicit Notes(MemoryWorld *w) : region{}, world(w)
    {
        ops.read = [](void *self, hwaddr at, unsigned size) {
            auto *n = static_cast<Notes *>(self);
            n->seen.push_back({BASE + at, 0, size, false, n->world->now});
            return uint64_t{0};
        };
        ops.write = [](void *self, hwaddr at, uint64_t value, unsigned size) {
            auto *n = static_cast<Notes *>(self);
            n->seen.push_back({BASE + at, value, size, true, n->world->now});
        };
        ops.valid = {1, 8, true, nullptr};
        ops.impl = {1, 8, true};
        memory_region_init_io(&region, nullptr, &ops, this, "notes", SIZE);
    }
};

struct System {
    Bench<Generator> b;
    MemoryRegion root;
    AddressSpace as;
    Notes notes;
    Bus bus;
    WaitStates waits;
    bool timed;

    // service: cycles of the bus for a 4-byte access; 0: no time at all
    template <typename F>
    explicit System(F prepare, uint32_t service = 0, uint64_t hz = 1000000000)
        : b(generator_class, hz,
            [&](Generator *g) {
                g->base = BASE;
                g->range = 0x1000;
                prepare(g);
            }),
          root{}, as{}, notes(b.world), bus{}, waits{}, timed(service)
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_add_subregion(&root, BASE, &notes.region);
        address_space_init(&as, &root, "as");
        if (timed) {
            EXPECT_TRUE(bus_init(&bus, "bus", &b.clock, &b.queue, 4, nullptr));
            bus.model.id = 1;
            wait_states_init(&waits, "notes", &b.clock);
            waits.read_first = waits.write_first = service - 1;
            waits.read_next = waits.write_next = service - 1;
            notes.region.timing = &waits.model;
        }
        EXPECT_TRUE(port_init(&b.model->traffic.master, &as, "dut.master",
                              &b.clock, timed ? &bus.model : nullptr, 0,
                              nullptr));
        b.reset();
    }
    ~System()
    {
        port_fini(&b.model->traffic.master);
        if (timed) {
            bus_fini(&bus);
        }
        address_space_destroy(&as);
        memory_region_del_subregion(&root, &notes.region);
        memory_region_fini(&notes.region);
        memory_region_fini(&root);
    }
    // To its end; returns when that was, ps.
    uint64_t finish()
    {
        for (unsigned n = 0; n < 1000000 && b.ended.empty(); n++) {
            if (event_next(&b.queue) == TIME_NEVER) {
                ADD_FAILURE() << "nothing will ever happen";
                return 0;
            }
            event_run_one(&b.queue);
        }
        EXPECT_EQ(1u, b.ended.size());
        return b.ended.empty() ? 0 : b.ended[0];
    }
    const TrafficTotals &totals() { return b.model->traffic.totals; }
};

// -- where --------------------------------------------------------------------

std::vector<hwaddr> places(System &s)
{
    std::vector<hwaddr> at;
    s.finish();
    for (auto &a : s.notes.seen) {
        at.push_back(a.addr - BASE);
    }
    return at;
}

TEST(Generator, Patterns)
{
    System sequential([](Generator *g) {
        g->range = 13; // three places of 4 bytes
        g->count = 5;
    });
    EXPECT_EQ((std::vector<hwaddr>{0, 4, 8, 0, 4}), places(sequential));
    System stride([](Generator *g) {
        g->pattern = "stride";
        g->stride = 100;
        g->range = 304; // the fourth place just fits
        g->count = 6;
    });
    EXPECT_EQ((std::vector<hwaddr>{0, 100, 200, 300, 0, 100}), places(stride));
    System list([](Generator *g) {
        g->pattern = "list";
        g->list_text = " 0x40,8\t0 0xffc,";
        g->count = 5;
    });
    EXPECT_EQ((std::vector<hwaddr>{0x40, 8, 0, 0xffc, 0x40}), places(list));
}

TEST(Generator, RandomCoversItsRangeEvenlyAndNothingElse)
{
    enum { PLACES = 64, EACH = 200 };
    auto run = [](uint64_t seed, const char *name) {
        System s([=](Generator *g) {
            g->traffic.dev.name = name;
            g->pattern = "random";
            g->range = 8 * PLACES + 7;
            g->size = 8;
            g->count = PLACES * EACH;
            g->seed = seed;
        });
        return places(s);
    };
    auto at = run(1, "dut");
    std::map<hwaddr, unsigned> hits;
    for (hwaddr a : at) {
        hits[a]++;
        ASSERT_EQ(0u, a % 8);
        ASSERT_LT(a, 8u * PLACES);
    }
    ASSERT_EQ(size_t{PLACES}, hits.size());
    for (auto &h : hits) { // five standard deviations
        EXPECT_NEAR(EACH, h.second, 71) << h.first;
    }
    unsigned same = 0; // neighbours are independent
    for (size_t i = 1; i < at.size(); i++) {
        same += at[i] == at[i - 1];
    }
    EXPECT_NEAR(EACH, same, 71);
    EXPECT_EQ(at, run(1, "dut"));
    EXPECT_NE(at, run(2, "dut"));
    EXPECT_NE(at, run(1, "dut2"));
}

TEST(Generator, Directions)
{
    System turns([](Generator *g) {
        g->directions = "rwwr";
        g->count = 10;
    });
    turns.finish();
    std::string dirs;
    for (auto &a : turns.notes.seen) {
        dirs += a.is_write ? 'w' : 'r';
    }
    EXPECT_EQ("rwwrrwwrrw", dirs);
    for (uint64_t percent : {0, 30, 100}) {
        System s([=](Generator *g) {
            g->reads = percent;
            g->count = 10000;
        });
        s.finish();
        auto reads = std::count_if(s.notes.seen.begin(), s.notes.seen.end(),
                                   [](const Access &a) { return !a.is_write; });
        double slack = percent % 100 ? 230 : 0; // five standard deviations
        EXPECT_NEAR(static_cast<double>(percent) * 100,
                    static_cast<double>(reads), slack);
    }
}

TEST(Generator, WritesSayWhoAndWhich)
{
    System s([](Generator *g) {
        g->reads = 0;
        g->size = 2;
        g->range = 6;
        g->count = 4;
    });
    uint64_t id = s.b.model->traffic.master.id;
    s.finish();
    ASSERT_EQ(4u, s.notes.seen.size());
    EXPECT_EQ(0u, s.notes.seen[0].value);      // low half of id:0
    EXPECT_EQ(id << 8, s.notes.seen[1].value); // high half of id:1
    EXPECT_EQ(2u, s.notes.seen[2].value);
    EXPECT_EQ(3u, s.notes.seen[3].value);
}

TEST(Generator, ABurstIsOneRequestButForTheBoundary)
{
    System s(
        [](Generator *g) {
            g->base = BASE + 4096 - 24;
            g->range = 64;
            g->burst = 8;
            g->count = 2;
            g->reads = 0;
        },
        1);
    s.finish();
    EXPECT_EQ(3u, s.bus.lane.transactions); // 24 bytes and 8, then 32
    EXPECT_EQ(64u, s.bus.lane.bytes);
    EXPECT_EQ(3u, s.totals().requests);
    EXPECT_EQ(64u, s.totals().bytes);
    hwaddr next = BASE + 4096 - 24;
    for (auto &a : s.notes.seen) {
        EXPECT_EQ(next, a.addr);
        next += a.size;
    }
    EXPECT_EQ(BASE + 4096 + 40, next);
}

// -- when ---------------------------------------------------------------------

// Request i is due at the first cycle at or after i * n / rate: no drift.
TEST(Generator, RateIsExactOverTime)
{
    for (uint64_t hz : {1000000000ull, 33333333ull, 48000000ull}) {
        for (uint64_t rate : {hz / 3 + 1, hz * 4 / 7, uint64_t{12345677}}) {
            System s(
                [=](Generator *g) {
                    g->rate = rate;
                    g->count = 20000;
                    g->start = 1000000;
                },
                0, hz);
            s.finish();
            ASSERT_EQ(20000u, s.notes.seen.size());
            uint64_t first = clock_cycle_at(&s.b.clock, 1000000);
            for (uint64_t i = 0; i < 20000; i++) {
                uint64_t cycle = first + (i * 4 * hz + rate - 1) / rate;
                ASSERT_EQ(clock_time(&s.b.clock, cycle), s.notes.seen[i].when)
                    << i << " at " << rate << " of " << hz;
            }
            EXPECT_EQ(0u, s.totals().late);
        }
    }
}

TEST(Generator, EverySoManyCycles)
{
    System s([](Generator *g) {
        g->every = 7;
        g->count = 100;
    });
    EXPECT_EQ(700u * 1000 - 6000, s.finish()); // a request takes a cycle
    for (uint64_t i = 0; i < 100; i++) {
        EXPECT_EQ(i * 7000, s.notes.seen[i].when);
    }
    EXPECT_EQ(4u * 1000000000 / 7, s.b.model->traffic.rate);
}

TEST(Generator, WhatIsLateIsCounted)
{
    // Due every 4 cycles, served every 10, one under way: i is 6 i late.
    System s(
        [](Generator *g) {
            g->every = 4;
            g->count = 11;
        },
        10);
    EXPECT_EQ(110u * 1000, s.finish());
    EXPECT_EQ(10u, s.totals().late);
    EXPECT_EQ(6u * 55, s.totals().late_cycles);
    EXPECT_EQ(60u, s.totals().late_most);
    EXPECT_EQ(70u, s.totals().longest);
    // With as many under way as it takes, it is the bus that makes them wait.
    System wide(
        [](Generator *g) {
            g->every = 4;
            g->count = 11;
            g->traffic.outstanding = 11;
        },
        10);
    EXPECT_EQ(110u * 1000, wide.finish());
    EXPECT_EQ(0u, wide.totals().late);
    EXPECT_EQ(70u, wide.totals().longest);
    EXPECT_EQ(6u * 55, wide.bus.lane.wait_cycles);
}

// Due and not issued when the run ends, or when it may no more.
TEST(Generator, WhatIsMissedIsCounted)
{
    for (uint64_t until : {0, 41000}) {
        System s(
            [=](Generator *g) {
                g->every = 4;
                g->until = until;
            },
            10);
        s.b.run_to(41000);
        // Due 0, 4, ... 40; issued at 0, 10, 20, 30, 40.
        TrafficTotals n = traffic_totals(&s.b.model->traffic, 41000);
        EXPECT_EQ(4u, n.late);
        EXPECT_EQ(6u, n.missed);
        EXPECT_EQ(24u, n.late_most); // the fifth: at 40 instead of 16
        n = traffic_totals(&s.b.model->traffic, 49000);
        EXPECT_EQ(until ? 6u : 8u, n.missed); // 44 and 48, if it may
        EXPECT_EQ(until ? 24u : 29u, n.late_most);
    }
    System served([](Generator *g) {
        g->every = 4;
        g->count = 3;
    });
    served.finish();
    EXPECT_EQ(0u, traffic_totals(&served.b.model->traffic, 99000).missed);
    System closed([](Generator *g) {});
    closed.b.run_to(9000);
    EXPECT_EQ(0u, traffic_totals(&closed.b.model->traffic, 99000).missed);
}

unsigned under_way(System &s)
{
    Traffic *t = &s.b.model->traffic;
    uint64_t now = clock_cycle_at(&s.b.clock, s.b.now());
    unsigned n = 0;
    for (uint64_t i = 0; i < t->outstanding; i++) {
        n += t->slot[i].asked || (t->slot[i].used && t->slot[i].ready > now);
    }
    return n;
}

TEST(Generator, AClosedLoopKeepsSoManyUnderWay)
{
    for (uint64_t n : {1, 2, 5, 64}) {
        for (uint32_t service : {1, 3, 8}) {
            System s(
                [=](Generator *g) {
                    g->traffic.outstanding = n;
                    g->count = 300;
                },
                service);
            while (s.totals().requests + n < 300) {
                event_run_one(&s.b.queue);
                bool over = event_next(&s.b.queue) > s.b.now();
                if (over && s.b.now() >= 2000 * n) { // all were issued
                    // One request a cycle is all it issues.
                    uint64_t most = service == 1 ? std::min<uint64_t>(n, 1) : n;
                    ASSERT_GE(under_way(s), most);
                    ASSERT_LE(under_way(s), n);
                }
            }
            EXPECT_EQ(300u * service * 1000, s.finish()); // never idle
        }
    }
}

TEST(Generator, ThinkTimeIsBetweenRequests)
{
    System s(
        [](Generator *g) {
            g->think = 5;
            g->count = 20;
        },
        3);
    EXPECT_EQ((20u * 8 - 5) * 1000, s.finish());
    System two( // two loops of 3 + 5 cycles share the bus
        [](Generator *g) {
            g->think = 5;
            g->count = 20;
            g->traffic.outstanding = 2;
        },
        3);
    EXPECT_EQ((10u * 8 - 5 + 3) * 1000, two.finish());
}

TEST(Generator, StartsAndEndsWhenToldTo)
{
    System s([](Generator *g) {
        g->start = 10500; // not on an edge
        g->until = 20000;
    });
    s.finish();
    ASSERT_EQ(9u, s.notes.seen.size());
    EXPECT_EQ(11000u, s.notes.seen.front().when);
    EXPECT_EQ(19000u, s.notes.seen.back().when);
    EXPECT_FALSE(s.b.model->traffic.endless);
    System open([](Generator *g) {
        g->every = 4;
        g->until = 20000;
    });
    open.finish();
    EXPECT_EQ(5u, open.notes.seen.size());
    System never([](Generator *g) {});
    EXPECT_TRUE(never.b.model->traffic.endless);
}

TEST(Generator, ActiveTimesRepeat)
{
    auto prepare = [](Generator *g) {
        g->start = 3000;
        g->active = 4000;
        g->period = 10000;
        g->count = 10;
    };
    System closed(prepare);
    closed.finish();
    System open([&](Generator *g) {
        prepare(g);
        g->every = 1;
    });
    open.finish();
    for (System *s : {&closed, &open}) {
        ASSERT_EQ(10u, s->notes.seen.size());
        for (uint64_t i = 0; i < 10; i++) {
            EXPECT_EQ(3000 + i / 4 * 10000 + i % 4 * 1000,
                      s->notes.seen[i].when);
        }
        EXPECT_EQ(0u, s->totals().late);
    }
    EXPECT_EQ(1600000000u, open.b.model->traffic.rate); // 4 of 10 cycles
}

// -- life ---------------------------------------------------------------------

TEST(Generator, AResetBeginsAnew)
{
    System s(
        [](Generator *g) {
            g->pattern = "random";
            g->count = 40;
            g->traffic.outstanding = 4;
        },
        5);
    s.b.run_to(62000); // some are under way
    s.notes.seen.clear();
    s.b.reset();
    EXPECT_EQ(0u, s.totals().requests);
    s.finish();
    EXPECT_EQ(40u, s.totals().requests);
    System fresh(
        [](Generator *g) {
            g->pattern = "random";
            g->count = 40;
            g->traffic.outstanding = 4;
        },
        5);
    auto wanted = places(fresh);
    std::vector<hwaddr> got;
    for (auto &a : s.notes.seen) {
        got.push_back(a.addr - BASE);
    }
    ASSERT_GE(got.size(), 40u); // those under way come first
    EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), got.end() - 40));
}

TEST(Generator, FailedAccessesAreCounted)
{
    System s([](Generator *g) {
        g->base = BASE + SIZE - 8;
        g->range = 16; // half of it is nowhere
        g->count = 8;
    });
    s.finish();
    EXPECT_EQ(8u, s.totals().requests);
    EXPECT_EQ(4u, s.totals().errors);
}

} // namespace
