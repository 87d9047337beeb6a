// The SiFive PWM against an oracle that ticks.
#include <random>

#include "soc/sifive_pwm.h"
#include "tests/soc/bench.h"

namespace
{

constexpr uint64_t CYCLE = 1000; // ps, of the bench's 1 GHz

struct Pwm : Bench<SifivePwm> {
    explicit Pwm(unsigned width = 8, bool heard = true)
        : Bench(sifive_pwm_class, 1000000000,
                [=](SifivePwm *p) { p->width = width; })
    {
        if (heard) {
            watch(&model->irq[1]);
        }
        reset();
    }
    void set(unsigned reg, uint32_t value) { write(reg * 4, value); }
    uint32_t get(unsigned reg) { return static_cast<uint32_t>(read(reg * 4)); }
    uint32_t flags() { return get(SPWM_CFG) >> 28; }
};

enum {
    STICKY = 1 << 8,
    ZEROCMP = 1 << 9,
    DEGLITCH = 1 << 10,
    ALWAYS = 1 << 12,
    ONESHOT = 1 << 13,
};

TEST(SifivePwm, AFlagIsHighFromItsComparatorOn)
{
    Pwm p;
    p.set(SPWM_CMP, 9);
    p.set(SPWM_CMP + 1, 5);
    p.set(SPWM_CMP + 2, 0xff);
    p.set(SPWM_CFG, ALWAYS | ZEROCMP); // a period of 10
    p.run(25 * CYCLE);
    EXPECT_EQ(" 5000:1 10000:0 15000:1 20000:0 25000:1", p.scope);
    EXPECT_EQ(5u, p.get(SPWM_COUNT));
    EXPECT_EQ(2u, p.flags() & 7);
    p.run(4 * CYCLE);
    EXPECT_EQ(3u, p.flags() & 7);
}

TEST(SifivePwm, StickyFlagsWaitForSoftware)
{
    Pwm p;
    p.set(SPWM_CMP + 1, 2);
    p.set(SPWM_CMP, 3);
    p.set(SPWM_CFG, ALWAYS | ZEROCMP | STICKY | 4); // 3 * 16 + 1 cycles
    p.run(500 * CYCLE);
    EXPECT_EQ(" 32000:1", p.scope);
    p.set(SPWM_CFG, ALWAYS | ZEROCMP | STICKY | 4); // at 10 of a period
    EXPECT_EQ(500u - 10 * 49, p.get(SPWM_COUNT));
    p.run(100 * CYCLE);
    EXPECT_EQ(" 32000:1 500000:0 522000:1", p.scope);
}

TEST(SifivePwm, OneShotStopsAtTheEnd)
{
    Pwm p;
    p.set(SPWM_CMP + 1, 200);
    p.set(SPWM_CFG, ONESHOT | STICKY);
    p.run(1000 * CYCLE);
    EXPECT_EQ(0u, p.get(SPWM_COUNT));
    EXPECT_EQ(static_cast<uint32_t>(STICKY), p.get(SPWM_CFG) & 0xffff);
    EXPECT_EQ(2u, p.flags() & 2);
    p.run(1000 * CYCLE);
    EXPECT_EQ(" 200000:1", p.scope);
}

TEST(SifivePwm, GangEndsAnOutput)
{
    Pwm p;
    p.set(SPWM_CMP, 100);
    p.set(SPWM_CMP + 1, 10);
    p.set(SPWM_CMP + 2, 30);
    p.set(SPWM_CFG, ALWAYS | ZEROCMP | 2u << 24);
    p.run(20 * CYCLE);
    EXPECT_TRUE(p.model->out[1].level);
    p.run(20 * CYCLE);
    p.get(SPWM_CFG);
    EXPECT_FALSE(p.model->out[1].level);
    EXPECT_TRUE(p.model->irq[1].level);
    EXPECT_TRUE(p.model->out[2].level);
}

TEST(SifivePwm, AStickyFlagOfTheNextPeriod)
{
    Pwm p(8, false);
    const uint32_t cfg = ALWAYS | STICKY | 1u << 17;
    p.set(SPWM_CMP + 1, 10); // centred: from 10 to 246 of 256
    p.set(SPWM_CFG, cfg);
    p.run(250 * CYCLE);
    EXPECT_EQ(2u, p.flags() & 2);
    p.set(SPWM_CFG, cfg);
    EXPECT_EQ(0u, p.flags() & 2);
    p.run(20 * CYCLE);
    EXPECT_EQ(2u, p.flags() & 2);
}

TEST(SifivePwm, NobodyListensNothingIsPending)
{
    Pwm p(16, false);
    p.set(SPWM_CMP, 1);
    p.set(SPWM_CFG, ALWAYS | ZEROCMP);
    EXPECT_EQ(TIME_NEVER, event_next(&p.queue));
    p.run(1001 * CYCLE);
    EXPECT_EQ(1u, p.get(SPWM_COUNT));
    EXPECT_EQ(1u, p.flags() & 1);
}

// Counts one cycle at a time, as the manual has it.
struct Ticking {
    uint32_t cfg = 0, cmp[4] = {};
    uint64_t count = 0, top;
    explicit Ticking(unsigned width) : top((UINT64_C(1) << width) - 1) {}
    bool on() const { return cfg & (ALWAYS | ONESHOT); }
    uint64_t s() const { return count >> (cfg & 15) & top; }
    void look()
    {
        uint32_t ip = cfg >> 28;
        for (unsigned n = 0; on() && n < 4; n++) {
            uint64_t value = s();
            bool center = cfg >> 16 & 1u << n;
            if (center && value > top / 2) {
                value = top - value;
            }
            bool level = value >= cmp[n] && !(center && cmp[n] > top / 2);
            bool past = cfg & DEGLITCH && count > 0 && ip & 1u << n;
            ip = level || past || (cfg & STICKY && ip & 1u << n)
                     ? ip | 1u << n
                     : ip & ~(1u << n);
        }
        cfg = (cfg & 0x0fffffff) | ip << 28;
    }
    void tick()
    {
        if (!on()) {
            return;
        }
        bool end = cfg & ZEROCMP ? s() == cmp[0] : false;
        count++;
        end |= count >> (cfg & 15) > top;
        if (end) {
            count = 0;
            if (!(cfg & ALWAYS)) {
                cfg &= ~static_cast<uint32_t>(ONESHOT);
            }
        }
        look();
    }
};

TEST(SifivePwmProperty, AgreesWithOneThatTicks)
{
    std::mt19937 random(7);
    for (unsigned run = 0; run < 60; run++) {
        unsigned width = 2 + random() % 5;
        Pwm p(width, random() % 2);
        Ticking t(width);
        uint32_t cfg = ALWAYS | random() % 3 | (random() % 2 ? STICKY : 0) |
                       (random() % 2 ? ZEROCMP : 0) | (random() & 0xf0000);
        for (unsigned n = 0; n < 4; n++) {
            t.cmp[n] = random() & static_cast<uint32_t>(t.top);
            p.set(SPWM_CMP + n, t.cmp[n]);
        }
        t.cfg = cfg;
        p.set(SPWM_CFG, cfg);
        t.look();
        for (unsigned i = 0; i < 300; i++) {
            unsigned steps = random() % (random() % 8 ? 4 : 40);
            for (unsigned k = 0; k < steps; k++) {
                t.tick();
            }
            p.run(steps * CYCLE);
            ASSERT_EQ(t.count, p.get(SPWM_COUNT)) << run << " " << i;
            ASSERT_EQ(t.s(), p.get(SPWM_S)) << run << " " << i;
            ASSERT_EQ(t.cfg, p.get(SPWM_CFG))
                << std::hex << run << " " << i << " " << t.cmp[0];
            if (random() % 16 == 0) { // clears the flags
                t.cfg = cfg;
                p.set(SPWM_CFG, cfg);
                t.look();
            }
        }
    }
}

} // namespace
