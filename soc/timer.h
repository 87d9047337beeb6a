/* timer.h - see timer.c for the model. */
#ifndef SOC_TIMER_H
#define SOC_TIMER_H

#include "soc/reg.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TIMER_CTRL, TIMER_LOAD, TIMER_COUNT, TIMER_STATUS, TIMER_NUM_REGS };

typedef struct Timer {
    Device dev;
    Irq irq;
    RegBank bank;
    uint32_t reg[TIMER_NUM_REGS];
    uint64_t expiry_cycle; /* of dev.clock; meaningful while enabled */
    Event expiry; /* pending while enabled, unless expiring changes nothing */
} Timer;

extern const DeviceClass timer_class;

#ifdef __cplusplus
}
#endif
#endif
