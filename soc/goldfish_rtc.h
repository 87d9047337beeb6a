/* goldfish_rtc.h - see goldfish_rtc.c for the model. */
#ifndef SOC_GOLDFISH_RTC_H
#define SOC_GOLDFISH_RTC_H

#include "soc/reg.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    RTC_TIME_LOW,
    RTC_TIME_HIGH,
    RTC_ALARM_LOW,
    RTC_ALARM_HIGH,
    RTC_IRQ_ENABLED,
    RTC_CLEAR_ALARM,
    RTC_ALARM_STATUS,
    RTC_CLEAR_INTERRUPT,
    RTC_NUM_REGS
};

typedef struct GoldfishRtc {
    Device dev;
    uint64_t epoch; /* s since 1970 at simulated time 0 */
    Irq irq;
    RegBank bank;
    uint32_t reg[RTC_NUM_REGS];
    uint64_t offset; /* ns: time = offset + simulated time, modulo 2^64 */
    bool pending;    /* the alarm came */
    Event alarm;     /* reg[RTC_ALARM_STATUS] while it is set */
} GoldfishRtc;

extern const DeviceClass goldfish_rtc_class;

#ifdef __cplusplus
}
#endif
#endif
