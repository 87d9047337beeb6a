// CLINT: comparison, time base, sizes; mtime against arithmetic written anew.
#include <random>

#include "soc/clint.h"
#include "tests/soc/bench.h"

namespace
{

constexpr hwaddr MTIMECMP = 0x4000, MTIME = 0xbff8;
constexpr uint64_t TICK = 100000; // ps at the preset 10 MHz

struct ClintBench : Bench<Clint> {
    explicit ClintBench(uint64_t timebase = 10000000)
        : Bench(clint_class, 1000000000,
                [=](Clint *c) { c->timebase = timebase; })
    {
        watch(&model->timer[0]);
        watch(&model->soft[1]);
        reset();
    }
    bool timer(unsigned hart) const { return model->timer[hart].level; }
};

TEST(Clint, NothingPendingAfterReset)
{
    ClintBench b;
    EXPECT_EQ(UINT64_MAX, b.read(MTIMECMP, 8));
    EXPECT_EQ(0u, b.read(MTIME, 8));
    EXPECT_EQ(0u, b.read(0));
    b.run(1000 * TICK);
    EXPECT_EQ("", b.scope);
    EXPECT_EQ(1000u, b.read(MTIME, 8));
    EXPECT_EQ(TIME_NEVER, event_next(&b.queue));
}

TEST(Clint, ComparesAtTheTickExactly)
{
    ClintBench b;
    b.write(MTIMECMP, 7, 8);
    b.run(20 * TICK);
    EXPECT_EQ(" 700000:1", b.scope);
    b.write(MTIMECMP, 20, 8); // equal counts as reached
    EXPECT_EQ(" 700000:1", b.scope);
    b.write(MTIMECMP, 21, 8);
    EXPECT_EQ(" 700000:1 2000000:0", b.scope);
    b.run(TICK);
    EXPECT_EQ(" 700000:1 2000000:0 2100000:1", b.scope);
}

TEST(Clint, ComparingWithZeroAtZeroIsDueAndStaysSo)
{
    ClintBench b;
    b.write(MTIMECMP, 0, 8);
    EXPECT_EQ(" 0:1", b.scope);
    EXPECT_EQ(TIME_NEVER, event_next(&b.queue));
}

TEST(Clint, HalvesOfMtimecmpAsRv32WritesThem)
{
    ClintBench b;
    b.write(MTIMECMP, 0xffffffff);
    b.write(MTIMECMP + 4, 0);
    b.write(MTIMECMP, 5);
    EXPECT_EQ(5u, b.read(MTIMECMP, 8));
    b.write(MTIMECMP + 4, 0x12345678);
    EXPECT_EQ(0x1234567800000005u, b.read(MTIMECMP, 8));
    EXPECT_EQ(5u, b.read(MTIMECMP));
    EXPECT_EQ(0x12345678u, b.read(MTIMECMP + 4));
    b.run(10 * TICK);
    EXPECT_EQ("", b.scope);
}

TEST(Clint, MtimeCanBeSetAndWraps)
{
    ClintBench b;
    b.run(3 * TICK);
    b.write(MTIMECMP, 0xfffffffffffffffe, 8);
    b.write(MTIME + 4, 0xffffffff);
    b.write(MTIME, 0xfffffffc);
    EXPECT_EQ(0xfffffffffffffffcu, b.read(MTIME, 8));
    EXPECT_EQ(0xfffffffffffffffcu, clint_mtime(b.dev));
    b.run(10 * TICK);
    EXPECT_EQ(6u, b.read(MTIME, 8));
    EXPECT_EQ(" 500000:1 700000:0", b.scope); // holds for fe and ff
}

TEST(Clint, SoftwareInterruptIsOneBit)
{
    ClintBench b;
    b.write(4, 0xfffffffe);
    EXPECT_EQ("", b.scope);
    b.write(4, 0xffffffff);
    EXPECT_EQ(1u, b.read(4));
    b.write(4, 0);
    EXPECT_EQ(" 0:1 0:0", b.scope);
}

TEST(Clint, HartsWithoutWiresAreNotThere)
{
    ClintBench b; // wired: timer of hart 0, soft of hart 1
    b.write(MTIMECMP + 8, 3, 8);
    EXPECT_EQ(3u, b.read(MTIMECMP + 8, 8));
    EXPECT_TRUE(b.errors.empty());
    b.write(MTIMECMP + 16, 3, 8);
    EXPECT_EQ(0u, b.read(MTIMECMP + 16, 8));
    EXPECT_EQ(0u, b.read(8));
    EXPECT_EQ(0u, b.read(0x3ffc));
    EXPECT_EQ(4u, b.errors.size());
}

TEST(Clint, AsManyHartsAsThereAreRegisters)
{
    ClintBench b;
    const unsigned last = 4094; // MTIME lies behind its MTIMECMP
    b.watch(&b.model->timer[last]);
    b.watch(&b.model->soft[last]);
    b.reset();
    b.write(4 * last, 1);
    EXPECT_TRUE(b.model->soft[last].level);
    b.write(MTIMECMP + 8 * last, 5, 8);
    EXPECT_EQ(5u, b.read(MTIMECMP + 8 * last, 8));
    b.write(MTIME, 5, 8);
    EXPECT_TRUE(b.timer(last));
    EXPECT_FALSE(b.timer(0));
    EXPECT_TRUE(b.errors.empty());
    b.reset();
    EXPECT_FALSE(b.timer(last));
    EXPECT_FALSE(b.model->soft[last].level);
    b.write(4 * (last - 1), 1); // nobody is wired there
    EXPECT_EQ(1u, b.errors.size());
}

TEST(Clint, SizesAreThoseOfTheVirtBoard)
{
    ClintBench b;
    uint64_t v;
    auto bad = [&](hwaddr at, unsigned size) {
        EXPECT_EQ(static_cast<MemTxResult>(MEMTX_DECODE_ERROR),
                  b.try_read(at, size, &v));
        EXPECT_EQ(static_cast<MemTxResult>(MEMTX_DECODE_ERROR),
                  b.try_write(at, 1, size));
    };
    bad(0, 1);
    bad(0, 2);
    bad(0, 8);
    bad(2, 4);
    bad(MTIME, 2);
    bad(MTIME + 4, 8);
    bad(0xc000, 4);
    EXPECT_EQ(0u, b.read(0));
}

TEST(Clint, TimebaseOutOfRangeIsAnError)
{
    World w;
    EventQueue q;
    event_queue_init(&q, w.world);
    Clint c = {};
    c.dev.cls = &clint_class;
    c.dev.name = "c0";
    c.dev.events = &q;
    Error *err = nullptr;
    EXPECT_FALSE(clint_class.init(&c.dev, &err));
    EXPECT_STREQ("timebase of c0 is out of range; 1Hz to 1000GHz",
                 error_message(err));
    error_free(err);
    event_queue_fini(&q);
}

// -- stimecmp
// ------------------------------------------------------------------------------

void connect(ClintBench *b, unsigned hart)
{
    ASSERT_TRUE(clint_connect_stimecmp(
        b->dev, hart,
        [](void *self, unsigned line, bool level) {
            auto *c = static_cast<ClintBench *>(self);
            c->scope += " " + std::to_string(c->now()) + "s" +
                        std::to_string(line) + (level ? ":1" : ":0");
        },
        b, hart));
}

TEST(Clint, StimecmpIsComparedWithTheSameTime)
{
    ClintBench b;
    connect(&b, 2);
    b.reset();
    b.run(100 * TICK);
    EXPECT_EQ("", b.scope); // the largest value after reset
    clint_set_stimecmp(b.dev, 2, 103);
    b.write(MTIMECMP, 103, 8);
    b.run(10 * TICK);
    EXPECT_EQ(" 10300000:1 10300000s2:1", b.scope);
    clint_set_stimecmp(b.dev, 2, 111); // at once
    EXPECT_EQ(" 10300000:1 10300000s2:1 11000000s2:0", b.scope);
    clint_set_stimecmp(b.dev, 2, 110);
    EXPECT_EQ(" 10300000:1 10300000s2:1 11000000s2:0 11000000s2:1", b.scope);
    b.scope.clear();
    b.write(MTIME, 50, 8); // moves both
    EXPECT_EQ(" 11000000:0 11000000s2:0", b.scope);
    b.scope.clear();
    b.run(60 * TICK);
    EXPECT_EQ(" 16300000:1 17000000s2:1", b.scope);
    b.scope.clear();
    b.reset();
    EXPECT_EQ(" 17000000:0 17000000s2:0", b.scope);
    b.run(1000 * TICK);
    EXPECT_EQ(TIME_NEVER, event_next(&b.queue));
}

TEST(Clint, StimecmpOfHartsThatAreNotThere)
{
    ClintBench b;
    EXPECT_FALSE(
        clint_connect_stimecmp(b.dev, CLINT_HARTS, nullptr, nullptr, 0));
    clint_set_stimecmp(b.dev, CLINT_HARTS, 0);
    clint_set_stimecmp(b.dev, 3, 0); // nobody listens: no event either
    EXPECT_EQ(TIME_NEVER, event_next(&b.queue));
    b.run(10 * TICK);
    EXPECT_EQ("", b.scope);
    // and no register of the clint is the CSR
    connect(&b, 3);
    clint_set_stimecmp(b.dev, 3, 7);
    EXPECT_EQ(0u, b.read(MTIMECMP + 24, 8));
    EXPECT_EQ(1u, b.errors.size());
}

// Tick n begins at floor(n * 10^12 / hz): the last n with n * 10^12 / hz < ps
// + 1.
uint64_t ticks_at(uint64_t ps, uint64_t hz)
{
    __extension__ using Wide = unsigned __int128;
    Wide product = (static_cast<Wide>(ps) + 1) * hz;
    return static_cast<uint64_t>((product + PS_PER_SECOND - 1) /
                                 PS_PER_SECOND) -
           1;
}

TEST(ClintProperty, PinIsTheComparisonAtEveryPicosecond)
{
    for (unsigned seed = 0; seed < 60; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937_64 rng(seed);
        uint64_t hz =
            1 + rng() % (seed % 2 ? PS_PER_SECOND : PS_PER_SECOND / 50);
        ClintBench b(hz);
        uint64_t offset = 0, cmp = UINT64_MAX;
        for (int step = 0; step < 30; step++) {
            uint64_t mtime = ticks_at(b.now(), hz) + offset;
            if (rng() % 4) {
                cmp = mtime + rng() % 8 - 2;
                b.write(MTIMECMP, cmp, 8);
            } else {
                uint64_t value = rng() % 2 ? cmp - rng() % 4 : rng();
                offset += value - mtime;
                b.write(MTIME, value, 8);
            }
            for (uint64_t gap = rng() % 60; gap > 0; gap--) {
                mtime = ticks_at(b.now(), hz) + offset;
                ASSERT_EQ(mtime, clint_mtime(b.dev)) << b.now() << " at " << hz;
                ASSERT_EQ(mtime >= cmp, b.timer(0)) << mtime << " " << cmp;
                b.run(1);
            }
        }
    }
}

TEST(ClintProperty, TimeSlicesAreInvisible)
{
    for (unsigned seed = 0; seed < 100; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937_64 rng(seed);
        ClintBench whole(32768), sliced(32768);
        for (int step = 0; step < 20; step++) {
            uint64_t cmp = clint_mtime(whole.dev) + rng() % 5 - 1;
            whole.write(MTIMECMP, cmp, 8);
            sliced.write(MTIMECMP, cmp, 8);
            uint64_t gap = rng() % 200000000;
            whole.run(gap);
            while (gap) {
                uint64_t slice = 1 + rng() % gap;
                sliced.run(slice);
                gap -= slice;
            }
            ASSERT_EQ(whole.read(MTIME, 8), sliced.read(MTIME, 8));
            ASSERT_EQ(whole.scope, sliced.scope);
        }
        EXPECT_NE("", whole.scope);
    }
}

TEST(ClintProperty, ResetForgetsEverything)
{
    ClintBench b;
    b.write(MTIMECMP, 5, 8);
    b.write(4, 1);
    b.run(10 * TICK);
    b.reset();
    EXPECT_EQ(0u, b.read(MTIME, 8));
    b.run(4 * TICK);
    EXPECT_EQ(4u, b.read(MTIME, 8));
    EXPECT_EQ(UINT64_MAX, b.read(MTIMECMP, 8));
    EXPECT_EQ(" 0:1 500000:1 1000000:0 1000000:0", b.scope);
}

} // namespace
