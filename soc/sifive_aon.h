/* sifive_aon.h - see sifive_aon.c for the model. */
#ifndef SOC_SIFIVE_AON_H
#define SOC_SIFIVE_AON_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { AON_BACKUPS = 32 };

/* A counter of low-frequency clock ticks with one comparator. */
typedef struct AonCounter {
    bool running;
    uint64_t begin; /* running: the tick at which it was 0 (wraps) */
    uint64_t count; /* else */
    uint32_t cfg, cmp;
} AonCounter;

typedef struct SifiveAon {
    Device dev;
    uint64_t hz;
    ClockDomain low;
    Irq watchdog_irq, rtc_irq;
    AonCounter watchdog, rtc;
    bool unlocked; /* the next write to the watchdog counts */
    bool bitten;   /* it asked for a reset */
    uint32_t lfrosccfg, lfclkmux;
    uint32_t backup[AON_BACKUPS]; /* no reset changes them */
    Event bite, alarm;
} SifiveAon;

extern const DeviceClass sifive_aon_class;

#ifdef __cplusplus
}
#endif
#endif
