/* watchdog.h - see watchdog.c for the model. */
#ifndef SOC_WATCHDOG_H
#define SOC_WATCHDOG_H

#include "soc/reg.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WATCHDOG_CTRL,
    WATCHDOG_LOAD,
    WATCHDOG_COUNT,
    WATCHDOG_FEED,
    WATCHDOG_STATUS,
    WATCHDOG_NUM_REGS
};

typedef struct Watchdog {
    Device dev;
    const char *action; /* stop, reset */
    uint64_t exit_status;
    Irq irq;
    RegBank bank;
    uint32_t reg[WATCHDOG_NUM_REGS];
    uint64_t expiry_cycle; /* of dev.clock; meaningful while enabled */
    bool bitten;           /* no reset changes it */
    Event expiry;
} Watchdog;

extern const DeviceClass watchdog_class;

#ifdef __cplusplus
}
#endif
#endif
