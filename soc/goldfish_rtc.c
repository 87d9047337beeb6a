/*
 * goldfish_rtc.c - a clock that knows the date, with one alarm.
 *
 * Model    TIME is nanoseconds since 1970: the configuration's epoch and the
 *          simulated time. It never ticks: it is worked out when it is read.
 *          An alarm is armed by writing ALARM_LOW, comes when TIME reaches it
 *          (at once if it has), and then is no longer armed. Reset keeps the
 *          time, as a battery does.
 * Units    ns in registers, seconds in the configuration.
 * Source   Android's GOLDFISH-VIRTUAL-HARDWARE document, "Goldfish real-time
 *          clock"; registers from 0x10 on as on QEMU 7.2's `virt` board.
 * Missing  Nothing.
 */
#include "soc/goldfish_rtc.h"

enum { PS_PER_NS = 1000 };
#define NS_PER_SECOND UINT64_C(1000000000)

static uint64_t rtc_time(const GoldfishRtc *r)
{
    return r->offset + event_now(r->dev.events) / PS_PER_NS;
}

static uint64_t rtc_pair(const GoldfishRtc *r, unsigned low)
{
    return (uint64_t)r->reg[low + 1] << 32 | r->reg[low];
}

static void rtc_settle(void *opaque)
{
    GoldfishRtc *r = opaque;
    uint64_t when = TIME_NEVER;
    if (r->reg[RTC_ALARM_STATUS]) {
        uint64_t alarm = rtc_pair(r, RTC_ALARM_LOW);
        if (rtc_time(r) >= alarm) {
            r->reg[RTC_ALARM_STATUS] = 0;
            r->pending = true;
        } else {
            uint64_t left = alarm - r->offset; /* ns of simulated time */
            when =
                left < TIME_NEVER / PS_PER_NS ? left * PS_PER_NS : TIME_NEVER;
        }
    }
    event_schedule(r->dev.events, &r->alarm, when);
    irq_set(&r->irq, r->pending && r->reg[RTC_IRQ_ENABLED]);
}

static void rtc_alarm(void *opaque, uint64_t when)
{
    rtc_settle(opaque);
}

static uint32_t rtc_read_low(void *opaque)
{
    GoldfishRtc *r = opaque;
    uint64_t time = rtc_time(r);
    r->reg[RTC_TIME_HIGH] = (uint32_t)(time >> 32);
    return (uint32_t)time;
}

/* Half of the time is replaced; HIGH is what was read last, until then. */
static void rtc_set_time(GoldfishRtc *r, uint32_t word, unsigned shift)
{
    uint64_t time = rtc_time(r);
    uint64_t mask = (uint64_t)UINT32_MAX << shift;
    r->offset += ((time & ~mask) | (uint64_t)word << shift) - time;
}

static void rtc_wrote_low(void *opaque, uint32_t old)
{
    GoldfishRtc *r = opaque;
    rtc_set_time(r, r->reg[RTC_TIME_LOW], 0);
}

static void rtc_wrote_high(void *opaque, uint32_t old)
{
    GoldfishRtc *r = opaque;
    rtc_set_time(r, r->reg[RTC_TIME_HIGH], 32);
}

static void rtc_wrote_alarm(void *opaque, uint32_t old)
{
    ((GoldfishRtc *)opaque)->reg[RTC_ALARM_STATUS] = 1;
}

static void rtc_wrote_clear_alarm(void *opaque, uint32_t old)
{
    ((GoldfishRtc *)opaque)->reg[RTC_ALARM_STATUS] = 0;
}

static void rtc_wrote_clear_interrupt(void *opaque, uint32_t old)
{
    ((GoldfishRtc *)opaque)->pending = false;
}

static const RegSpec rtc_regs[RTC_NUM_REGS] = {
    [RTC_TIME_LOW] = {.name = "TIME_LOW",
                      .writable = UINT32_MAX,
                      .read = rtc_read_low,
                      .written = rtc_wrote_low},
    [RTC_TIME_HIGH] = {.name = "TIME_HIGH",
                       .writable = UINT32_MAX,
                       .written = rtc_wrote_high},
    [RTC_ALARM_LOW] = {.name = "ALARM_LOW",
                       .writable = UINT32_MAX,
                       .written = rtc_wrote_alarm},
    [RTC_ALARM_HIGH] = {.name = "ALARM_HIGH", .writable = UINT32_MAX},
    [RTC_IRQ_ENABLED] = {.name = "IRQ_ENABLED", .writable = 1},
    [RTC_CLEAR_ALARM] = {.name = "CLEAR_ALARM",
                         .written = rtc_wrote_clear_alarm},
    [RTC_ALARM_STATUS] = {.name = "ALARM_STATUS"},
    [RTC_CLEAR_INTERRUPT] = {.name = "CLEAR_INTERRUPT",
                             .written = rtc_wrote_clear_interrupt},
};

static bool rtc_init(Device *dev, Error **errp)
{
    GoldfishRtc *r = (GoldfishRtc *)dev;
    r->offset = r->epoch * NS_PER_SECOND;
    event_init(dev->events, &r->alarm, dev->name, EVENT_NORMAL, rtc_alarm, r);
    reg_bank_init(&r->bank, dev, rtc_regs, r->reg, RTC_NUM_REGS, rtc_settle);
    return true;
}

static void rtc_reset(Device *dev)
{
    GoldfishRtc *r = (GoldfishRtc *)dev;
    r->pending = false;
    reg_bank_reset(&r->bank);
}

static const PinSpec rtc_pins[] = {
    {"irq", offsetof(GoldfishRtc, irq), 1,
     "high from the alarm to CLEAR_INTERRUPT, while IRQ_ENABLED is 1"},
    {NULL, 0, 0, NULL},
};

static const ParamSpec rtc_params[] = {
    {.name = "epoch",
     .type = PARAM_UINT,
     .offset = offsetof(GoldfishRtc, epoch),
     .preset = 1735689600, /* 2025-01-01T00:00:00Z */
     .high = UINT64_MAX / NS_PER_SECOND,
     .doc = "seconds since 1970 at simulated time 0"},
    {.name = NULL},
};

static const RegName rtc_registers[] = {
    {"TIME_LOW", 0x00, 4, 1, 0, "rw",
     "ns since 1970, low half; a read keeps the high half for TIME_HIGH, a "
     "write sets this half of the time"},
    {"TIME_HIGH", 0x04, 4, 1, 0, "rw",
     "high half, of the last read of TIME_LOW; a write sets this half"},
    {"ALARM_LOW", 0x08, 4, 1, 0, "rw",
     "ns since 1970, low half; a write arms the alarm"},
    {"ALARM_HIGH", 0x0c, 4, 1, 0, "rw", "high half"},
    {"IRQ_ENABLED", 0x10, 4, 1, 0, "rw", "bit 0: an alarm drives irq"},
    {"CLEAR_ALARM", 0x14, 4, 1, 0, "w", "any value: the alarm will not come"},
    {"ALARM_STATUS", 0x18, 4, 1, 0, "r", "1 while an alarm is armed"},
    {"CLEAR_INTERRUPT", 0x1c, 4, 1, 0, "w", "any value: irq falls"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

const DeviceClass goldfish_rtc_class = {
    .name = "goldfish-rtc",
    .summary = "clock that knows the date, with one alarm",
    .source = "Android's GOLDFISH-VIRTUAL-HARDWARE; QEMU's virt board",
    .size = sizeof(GoldfishRtc),
    .pins = rtc_pins,
    .params = rtc_params,
    .registers = rtc_registers,
    .mmio_size = 0x1000,
    .init = rtc_init,
    .reset = rtc_reset,
};
