// Both watchdogs: they bite when, and only when, nobody feeds them.
#include "soc/sifive_aon.h"
#include "soc/watchdog.h"
#include "tests/soc/bench.h"

namespace
{

constexpr uint64_t CYCLE = 1000; // ps, of the bench's 1 GHz
constexpr uint32_t FOOD = 0x600df00d;

struct Dog : Bench<Watchdog> {
    explicit Dog(const char *action = "stop")
        : Bench(watchdog_class, 1000000000,
                [=](Watchdog *w) { w->action = action; })
    {
        watch(&model->irq);
        reset();
    }
    void set(unsigned reg, uint32_t value) { write(reg * 4, value); }
    uint32_t get(unsigned reg) { return static_cast<uint32_t>(read(reg * 4)); }
};

TEST(Watchdog, BitesWhenItIsNotFed)
{
    Dog d;
    d.set(WATCHDOG_LOAD, 99);
    d.run(1000 * CYCLE);
    d.set(WATCHDOG_CTRL, 1);
    d.run(99 * CYCLE);
    EXPECT_EQ(0u, d.get(WATCHDOG_COUNT));
    d.set(WATCHDOG_FEED, FOOD);
    EXPECT_EQ(99u, d.get(WATCHDOG_COUNT));
    d.run(50 * CYCLE);
    d.set(WATCHDOG_FEED, 1);
    EXPECT_EQ(1u, d.errors.size());
    d.run(49 * CYCLE);
    EXPECT_TRUE(d.finished.empty());
    d.run(CYCLE);
    EXPECT_EQ(std::vector<int>{3}, d.finished);
    EXPECT_NE(std::string::npos, d.errors.back().find("99 cycles"))
        << d.errors.back();
    d.run(1000 * CYCLE);
    EXPECT_EQ(1u, d.finished.size());
}

TEST(Watchdog, WarnsFirst)
{
    Dog d("reset");
    d.set(WATCHDOG_LOAD, 99);
    d.set(WATCHDOG_CTRL, 3);
    d.run(150 * CYCLE);
    EXPECT_EQ(1u, d.get(WATCHDOG_STATUS));
    d.set(WATCHDOG_FEED, FOOD);
    d.run(199 * CYCLE);
    EXPECT_EQ(" 100000:1 150000:0 250000:1", d.scope);
    EXPECT_EQ(0u, d.resets);
    d.run(CYCLE);
    EXPECT_EQ(1u, d.resets);
    EXPECT_TRUE(d.finished.empty());
    d.reset();
    EXPECT_EQ(2u, d.get(WATCHDOG_STATUS));
    d.set(WATCHDOG_STATUS, 2);
    d.reset();
    EXPECT_EQ(0u, d.get(WATCHDOG_STATUS));
}

TEST(Watchdog, ALockHolds)
{
    Dog d;
    d.set(WATCHDOG_LOAD, 9);
    d.set(WATCHDOG_CTRL, 5);
    d.set(WATCHDOG_CTRL, 0);
    d.set(WATCHDOG_LOAD, 1000);
    EXPECT_EQ(2u, d.errors.size());
    EXPECT_EQ(5u, d.get(WATCHDOG_CTRL));
    EXPECT_EQ(9u, d.get(WATCHDOG_LOAD));
    d.run(10 * CYCLE);
    EXPECT_EQ(1u, d.finished.size());
}

TEST(Watchdog, CanBeSwitchedOff)
{
    Dog d;
    d.set(WATCHDOG_LOAD, 9);
    d.set(WATCHDOG_CTRL, 1);
    d.run(5 * CYCLE);
    d.set(WATCHDOG_CTRL, 0);
    d.run(1000 * CYCLE);
    EXPECT_TRUE(d.finished.empty());
    d.set(WATCHDOG_CTRL, 1);
    EXPECT_EQ(9u, d.get(WATCHDOG_COUNT));
}

constexpr uint64_t TICK = 1000000; // ps, of a clock of 1 MHz
enum { CFG = 0, COUNT = 8, FEED = 0x18, KEY = 0x1c, CMP = 0x20 };
enum { RTCCFG = 0x40, RTCLO = 0x48, RTCHI = 0x4c, RTCS = 0x50, RTCCMP = 0x60 };

struct Aon : Bench<SifiveAon> {
    Aon()
        : Bench(sifive_aon_class, 1000000000,
                [](SifiveAon *a) { a->hz = 1000000; })
    {
        watch(&model->watchdog_irq);
        reset();
    }
    void keyed(hwaddr offset, uint32_t value)
    {
        write(KEY, 0x51f15e);
        write(offset, value);
    }
};

TEST(SifiveAon, TheWatchdogNeedsItsKey)
{
    Aon a;
    a.write(CMP, 5);
    EXPECT_EQ(0xffffu, a.read(CMP));
    a.write(KEY, 0x51f15e);
    EXPECT_EQ(1u, a.read(KEY));
    a.write(CMP, 5);
    EXPECT_EQ(0u, a.read(KEY));
    a.write(CMP, 6);
    EXPECT_EQ(5u, a.read(CMP));
    EXPECT_EQ(2u, a.errors.size());
}

TEST(SifiveAon, TheWatchdogInterruptsAndResets)
{
    Aon a;
    a.keyed(CMP, 5);
    a.keyed(CFG, 1 << 12 | 1); // 2 ticks a step
    a.run(9 * TICK);
    EXPECT_EQ(9u, a.read(COUNT));
    EXPECT_EQ(4u, a.read(0x10));
    a.keyed(FEED, 0xd09f00d);
    a.run(10 * TICK);
    EXPECT_EQ(" 19000000:1", a.scope);
    a.keyed(FEED, 0xd09f00d);
    a.keyed(CFG, 1 << 12 | 1 << 9 | 1); // zerocmp; clears ip
    EXPECT_EQ(" 19000000:1 19000000:0", a.scope);
    a.run(11 * TICK);
    EXPECT_EQ(1u, a.read(COUNT));
    EXPECT_EQ(0u, a.resets);
    a.keyed(CFG, 1 << 12 | 1 << 8 | 1);
    a.run(8 * TICK);
    EXPECT_EQ(0u, a.resets);
    a.run(TICK);
    EXPECT_EQ(1u, a.resets);
    EXPECT_EQ(1u, a.errors.size());
    a.run(100000000 * TICK);
    EXPECT_EQ(1u, a.resets);
}

TEST(SifiveAon, TheRtcCounts48Bits)
{
    Aon a;
    a.write(RTCCMP, 0x30);
    a.write(RTCLO, 0xfffffffe);
    a.write(RTCHI, 0x12345);
    EXPECT_EQ(0x2345u, a.read(RTCHI));
    a.run(10 * TICK);
    EXPECT_EQ(0xfffffffeu, a.read(RTCLO)); // it does not count yet
    a.write(RTCCFG, 1 << 12 | 4);
    a.run(3 * TICK);
    EXPECT_EQ(1u, a.read(RTCLO));
    EXPECT_EQ(0x2346u, a.read(RTCHI));
    EXPECT_EQ(0x60000000u, a.read(RTCS));
    EXPECT_TRUE(a.model->rtc_irq.level);
    EXPECT_EQ(1u, a.read(RTCCFG) >> 28);
    a.write(RTCHI, 0);
    a.write(RTCLO, 0x2ff);
    EXPECT_FALSE(a.model->rtc_irq.level);
    a.run(TICK);
    EXPECT_TRUE(a.model->rtc_irq.level);
}

TEST(SifiveAon, BackupRegistersStay)
{
    Aon a;
    a.write(0x80, 1);
    a.write(0xfc, 2);
    a.reset();
    EXPECT_EQ(1u, a.read(0x80));
    EXPECT_EQ(2u, a.read(0xfc));
    a.read(0x100);
    a.write(0x24, 1);
    EXPECT_EQ(2u, a.errors.size());
}

} // namespace
