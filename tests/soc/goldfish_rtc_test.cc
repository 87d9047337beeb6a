// The date, its halves, and the alarm: armed, late, cleared, far away.
#include "soc/goldfish_rtc.h"
#include "tests/soc/bench.h"

namespace
{

constexpr uint64_t EPOCH = 1735689600; // the default
constexpr uint64_t SECOND = 1000000000;
constexpr uint64_t NS = 1000; // ps

struct RtcBench : Bench<GoldfishRtc> {
    RtcBench() : Bench(goldfish_rtc_class, 1000000000) { watch(&model->irq); }
    void set(unsigned reg, uint32_t value) { write(reg * 4, value); }
    uint32_t get(unsigned reg) { return static_cast<uint32_t>(read(reg * 4)); }
    uint64_t time()
    {
        uint64_t low = get(RTC_TIME_LOW);
        return static_cast<uint64_t>(get(RTC_TIME_HIGH)) << 32 | low;
    }
    void arm(uint64_t ns)
    {
        set(RTC_ALARM_HIGH, static_cast<uint32_t>(ns >> 32));
        set(RTC_ALARM_LOW, static_cast<uint32_t>(ns));
    }
};

TEST(GoldfishRtc, IsTheEpochAndTheSimulatedTime)
{
    RtcBench b;
    EXPECT_EQ(EPOCH * SECOND, b.time());
    b.run(1234567 * NS + 999);
    EXPECT_EQ(EPOCH * SECOND + 1234567, b.time());
}

TEST(GoldfishRtc, HighIsOfTheLastReadOfLow)
{
    RtcBench b;
    uint64_t low = b.get(RTC_TIME_LOW), high = b.get(RTC_TIME_HIGH);
    b.run(((UINT64_C(1) << 32) - low) * NS); // low wraps
    EXPECT_EQ(high, b.get(RTC_TIME_HIGH));
    EXPECT_EQ(0u, b.get(RTC_TIME_LOW));
    EXPECT_EQ(high + 1, b.get(RTC_TIME_HIGH));
}

TEST(GoldfishRtc, TimeIsSetByHalvesAndSurvivesReset)
{
    RtcBench b;
    b.set(RTC_TIME_HIGH, 5);
    b.set(RTC_TIME_LOW, 77);
    EXPECT_EQ((UINT64_C(5) << 32) + 77, b.time());
    b.run(23 * NS);
    b.model->dev.cls->reset(&b.model->dev);
    EXPECT_EQ((UINT64_C(5) << 32) + 100, b.time());
}

TEST(GoldfishRtc, AlarmComesOnceInTimeAndStaysUntilCleared)
{
    RtcBench b;
    b.set(RTC_IRQ_ENABLED, 1);
    b.arm(EPOCH * SECOND + 100);
    EXPECT_EQ(1u, b.get(RTC_ALARM_STATUS));
    b.run(300 * NS);
    EXPECT_EQ(0u, b.get(RTC_ALARM_STATUS));
    b.set(RTC_CLEAR_INTERRUPT, 0);
    b.run(300 * NS);
    EXPECT_EQ(" 100000:1 300000:0", b.scope);
}

TEST(GoldfishRtc, AlarmOfThePastComesAtOnce)
{
    RtcBench b;
    b.set(RTC_IRQ_ENABLED, 1);
    b.run(7 * NS);
    b.arm(EPOCH * SECOND + 7);
    EXPECT_EQ(0u, b.get(RTC_ALARM_STATUS));
    EXPECT_EQ(" 7000:1", b.scope);
}

TEST(GoldfishRtc, EnableGatesTheLineAndNotTheAlarm)
{
    RtcBench b;
    b.arm(EPOCH * SECOND + 10);
    b.run(20 * NS);
    EXPECT_EQ("", b.scope);
    b.set(RTC_IRQ_ENABLED, 1);
    b.set(RTC_IRQ_ENABLED, 0);
    EXPECT_EQ(" 20000:1 20000:0", b.scope);
}

TEST(GoldfishRtc, ClearedAlarmDoesNotComeAndSetTimeMovesIt)
{
    RtcBench b;
    b.set(RTC_IRQ_ENABLED, 1);
    b.arm(EPOCH * SECOND + 50);
    b.set(RTC_CLEAR_ALARM, 1);
    b.run(100 * NS);
    EXPECT_EQ("", b.scope);
    b.arm(UINT64_MAX); // beyond all time
    b.run(100 * NS);
    EXPECT_EQ(1u, b.get(RTC_ALARM_STATUS));
    EXPECT_EQ("", b.scope);
    b.arm((UINT64_C(9) << 32) + 5); // long past
    EXPECT_EQ(" 200000:1", b.scope);
    b.set(RTC_CLEAR_INTERRUPT, 1);
    b.set(RTC_TIME_HIGH, 8);
    b.set(RTC_TIME_LOW, 0);
    b.arm((UINT64_C(8) << 32) + 40);
    b.run(60 * NS);
    EXPECT_EQ(" 200000:1 200000:0 240000:1", b.scope);
}

} // namespace
