// PLIC: the specification in a dozen lines per rule, and a naive model of it.
#include <random>
#include <vector>

#include "soc/plic.h"
#include "tests/soc/bench.h"

namespace
{

constexpr hwaddr PENDING = 0x1000, ENABLE = 0x2000, THRESHOLD = 0x200000,
                 CLAIM = 0x200004;

struct PlicBench : Bench<Plic> {
    PlicBench(unsigned sources = 40, unsigned stride = 1, unsigned outs = 1)
        : Bench(plic_class, 1000000000, [=](Plic *p) {
              p->sources = sources;
              p->stride = stride;
          })
    {
        for (unsigned i = 0; i < outs; i++) {
            watch(&model->out[i]);
        }
        reset();
    }
    void line(unsigned n, bool level) { plic_class.irq_in(model, n, level); }
    bool out(unsigned i = 0) const { return model->out[i].level; }
    // Priority 1, enabled in context 0.
    void open(unsigned source, unsigned priority = 1)
    {
        write(4 * source, priority);
        hwaddr at = ENABLE + 4 * (source / 32);
        write(at, read(at) | 1u << source % 32);
    }
};

TEST(Plic, ALevelIsServedUntilItFalls)
{
    PlicBench b;
    b.open(10);
    b.line(10, true);
    EXPECT_TRUE(b.out());
    EXPECT_EQ(1u << 10, b.read(PENDING));
    EXPECT_EQ(10u, b.read(CLAIM));
    EXPECT_FALSE(b.out());
    EXPECT_EQ(0u, b.read(PENDING));
    EXPECT_EQ(0u, b.read(CLAIM)); // the gateway is closed
    b.write(CLAIM, 10);
    EXPECT_TRUE(b.out()); // still high: again
    EXPECT_EQ(10u, b.read(CLAIM));
    b.line(10, false);
    b.write(CLAIM, 10);
    EXPECT_FALSE(b.out());
}

TEST(Plic, AShortPulseWaitsForItsClaim)
{
    PlicBench b;
    b.open(33);
    b.line(33, true);
    b.line(33, false);
    EXPECT_TRUE(b.out());
    EXPECT_EQ(33u, b.read(CLAIM));
    b.write(CLAIM, 33);
    EXPECT_FALSE(b.out());
}

TEST(Plic, PriorityThenNumber)
{
    PlicBench b;
    b.open(5, 2);
    b.open(7, 3);
    b.open(3, 3);
    b.open(4, 0); // never
    for (unsigned n : {3u, 4u, 5u, 7u}) {
        b.line(n, true);
    }
    EXPECT_EQ(3u, b.read(CLAIM));
    EXPECT_EQ(7u, b.read(CLAIM));
    EXPECT_EQ(5u, b.read(CLAIM));
    EXPECT_EQ(0u, b.read(CLAIM));
}

TEST(Plic, ThresholdHoldsThePinBackAndNotTheClaim)
{
    PlicBench b;
    b.open(9, 4);
    b.write(THRESHOLD, 4);
    b.line(9, true);
    EXPECT_FALSE(b.out());
    EXPECT_EQ(1u << 9, b.read(PENDING));
    b.write(THRESHOLD, 3);
    EXPECT_TRUE(b.out());
    b.write(THRESHOLD, 7);
    EXPECT_FALSE(b.out());
    EXPECT_EQ(9u, b.read(CLAIM));
}

TEST(Plic, CompletionOfADisabledSourceIsIgnored)
{
    PlicBench b;
    b.open(9);
    b.line(9, true);
    EXPECT_EQ(9u, b.read(CLAIM));
    b.write(ENABLE, 0);
    b.write(CLAIM, 9);
    b.open(9);
    EXPECT_FALSE(b.out());
    b.write(CLAIM, 0xffffffff); // no such source
    b.write(CLAIM, 9);
    EXPECT_TRUE(b.out());
}

TEST(Plic, SourceZeroAndBitsBeyondTheLastAreNotThere)
{
    PlicBench b(40);
    b.line(0, true);
    b.line(40, true);
    b.line(4000, true);
    b.write(ENABLE, 0xffffffff);
    b.write(ENABLE + 4, 0xffffffff);
    EXPECT_EQ(0xfffffffeu, b.read(ENABLE));
    EXPECT_EQ(0xffu, b.read(ENABLE + 4));
    EXPECT_EQ(0u, b.read(PENDING) | b.read(PENDING + 4));
    b.write(4, 0xffffffff);
    EXPECT_EQ(7u, b.read(4));
    EXPECT_TRUE(b.errors.empty());
    b.write(0, 1);              // priority of source 0
    b.write(4 * 40, 1);         // of one that is not there
    b.write(PENDING, 1);        // read-only
    b.read(ENABLE + 8);         // beyond the last word
    b.read(THRESHOLD + 8);      // nothing there
    b.read(THRESHOLD + 0x1000); // a context that is not there
    b.read(0x5ffffc);
    EXPECT_EQ(7u, b.errors.size());
    EXPECT_EQ(40u, plic_class.irq_lines(b.dev));
}

TEST(Plic, StrideTwoLeavesRoomForSupervisorContexts)
{
    PlicBench b(40, 2, 2);
    b.write(4 * 6, 1);
    b.write(ENABLE + 0x100, 1u << 6); // context 2: the second hart's
    b.write(ENABLE + 0x80, 1u << 6);  // context 1 exists, drives nothing
    b.line(6, true);
    EXPECT_FALSE(b.out(0));
    EXPECT_TRUE(b.out(1));
    EXPECT_EQ(6u, b.read(CLAIM + 0x1000)); // and can claim
    EXPECT_FALSE(b.out(1));
    b.read(CLAIM + 0x3000); // context 3, of the second hart
    EXPECT_TRUE(b.errors.empty());
    b.read(CLAIM + 0x4000);
    EXPECT_EQ(1u, b.errors.size());
}

TEST(Plic, AsManyContextsAsTheMapHolds)
{
    PlicBench b(40, 1, 1024);
    b.write(4 * 6, 1);
    b.write(ENABLE + 0x80 * 1023, 1u << 6);
    b.line(6, true);
    EXPECT_TRUE(b.out(1023));
    EXPECT_FALSE(b.out(1022));
    EXPECT_EQ(0u, b.read(CLAIM + 0x1000 * 1022));
    EXPECT_EQ(6u, b.read(CLAIM + 0x1000 * 1023)); // ends at 6 MiB
    EXPECT_FALSE(b.out(1023));
    b.read(ENABLE + 0x80 * 1024);
    EXPECT_EQ(1u, b.errors.size());
    PlicBench wide(40, 2, 1024); // 512 pins have contexts
    wide.write(4 * 6, 1);
    wide.write(ENABLE + 0x80 * 1022, 1u << 6);
    wide.line(6, true);
    EXPECT_TRUE(wide.out(511));
    EXPECT_FALSE(wide.out(512));
    EXPECT_TRUE(wide.errors.empty());
}

TEST(Plic, MachineAndSupervisorContextsTakeTurns)
{
    PlicBench b(40, 1, 4); // two harts: M, S, M, S
    const unsigned source[] = {5, 6, 7, 8};
    for (unsigned ctx = 0; ctx < 4; ctx++) {
        b.write(4 * source[ctx], 1 + ctx);
        b.write(ENABLE + 0x80 * ctx, 1u << source[ctx]);
        b.line(source[ctx], true);
    }
    for (unsigned ctx = 0; ctx < 4; ctx++) {
        EXPECT_TRUE(b.out(ctx));
        b.write(THRESHOLD + 0x1000 * ctx, 1 + ctx);
        for (unsigned other = 0; other < 4; other++) {
            EXPECT_EQ(other > ctx, b.out(other)) << ctx;
        }
    }
    b.write(THRESHOLD + 0x1000, 0);
    EXPECT_TRUE(b.out(1));
    EXPECT_EQ(6u, b.read(CLAIM + 0x1000)); // hart 0 S claims its own
    EXPECT_FALSE(b.out(1));
    b.line(6, false);
    b.write(CLAIM, 6); // not enabled for hart 0 M: no completion
    b.line(6, true);
    EXPECT_FALSE(b.out(1));
    b.write(CLAIM + 0x1000, 6);
    EXPECT_TRUE(b.out(1));
}

TEST(Plic, ResetKeepsTheWires)
{
    PlicBench b;
    b.open(10);
    b.line(10, true);
    b.read(CLAIM);
    b.reset();
    EXPECT_FALSE(b.out());
    EXPECT_EQ(1u << 10, b.read(PENDING));
    EXPECT_EQ(0u, b.read(ENABLE));
    b.open(10);
    EXPECT_TRUE(b.out());
}

TEST(Plic, OnlyAlignedWords)
{
    PlicBench b;
    uint64_t v;
    for (unsigned size : {1u, 2u, 8u}) {
        EXPECT_EQ(static_cast<MemTxResult>(MEMTX_DECODE_ERROR),
                  b.try_read(CLAIM - 4, size, &v));
    }
    EXPECT_EQ(static_cast<MemTxResult>(MEMTX_DECODE_ERROR),
              b.try_write(6, 1, 4));
}

// The specification word by word, with a bool for everything.
struct Naive {
    struct Source {
        unsigned priority = 0;
        bool level = false, waiting = false, busy = false;
    };
    struct Context {
        std::vector<bool> enabled;
        unsigned threshold = 0;
    };
    std::vector<Source> source;
    std::vector<Context> context;

    Naive(unsigned sources, unsigned contexts)
        : source(sources), context(contexts)
    {
        for (auto &c : context) {
            c.enabled.resize(sources);
        }
    }
    void gateways()
    {
        for (auto &s : source) {
            s.waiting = s.waiting || (s.level && !s.busy);
        }
    }
    bool wanted(unsigned c, unsigned threshold)
    {
        gateways();
        for (unsigned s = 1; s < source.size(); s++) {
            if (source[s].waiting && context[c].enabled[s] &&
                source[s].priority > threshold) {
                return true;
            }
        }
        return false;
    }
    unsigned claim(unsigned c)
    {
        gateways();
        for (unsigned priority = 7; priority > 0; priority--) {
            for (unsigned s = 1; s < source.size(); s++) {
                if (source[s].waiting && context[c].enabled[s] &&
                    source[s].priority == priority) {
                    source[s].waiting = false;
                    source[s].busy = true;
                    return s;
                }
            }
        }
        return 0;
    }
};

TEST(PlicProperty, AgreesWithTheNaiveModel)
{
    for (unsigned seed = 0; seed < 150; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        auto pick = [&](unsigned n) {
            return static_cast<unsigned>(rng() % n);
        };
        const unsigned sources = 2 + pick(70), stride = 1 + pick(2),
                       outs = 1 + pick(3), contexts = outs * stride;
        PlicBench b(sources, stride, outs);
        Naive model(sources, contexts);
        for (int step = 0; step < 400; step++) {
            unsigned s = pick(sources), c = pick(contexts);
            switch (pick(7)) {
            case 0:
            case 1: {
                bool level = pick(2);
                b.line(s, level);
                if (s) {
                    model.source[s].level = level;
                }
                break;
            }
            case 2: {
                unsigned priority = pick(8);
                if (s) {
                    b.write(4 * s, priority | pick(2) << 3);
                    model.source[s].priority = priority;
                }
                break;
            }
            case 3: {
                uint32_t word = static_cast<uint32_t>(rng() | rng());
                b.write(ENABLE + 0x80 * c + 4 * (s / 32), word);
                for (unsigned i = s / 32 * 32;
                     i < s / 32 * 32 + 32 && i < sources; i++) {
                    model.context[c].enabled[i] = i && (word >> i % 32 & 1);
                }
                break;
            }
            case 4: {
                unsigned threshold = pick(8);
                b.write(THRESHOLD + 0x1000 * c, threshold);
                model.context[c].threshold = threshold;
                break;
            }
            case 5:
                ASSERT_EQ(model.claim(c), b.read(CLAIM + 0x1000 * c));
                break;
            default:
                b.write(CLAIM + 0x1000 * c, s);
                if (model.context[c].enabled[s]) {
                    model.source[s].busy = false;
                }
            }
            for (unsigned i = 0; i < outs; i++) {
                unsigned ctx = i * stride;
                ASSERT_EQ(model.wanted(ctx, model.context[ctx].threshold),
                          b.out(i))
                    << "step " << step;
            }
            uint32_t word = 0;
            for (unsigned i = s / 32 * 32; i < s / 32 * 32 + 32 && i < sources;
                 i++) {
                word |= static_cast<uint32_t>(model.source[i].waiting)
                        << i % 32;
            }
            ASSERT_EQ(word, b.read(PENDING + 4 * (s / 32)));
        }
        ASSERT_TRUE(b.errors.empty());
    }
}

} // namespace
