/* clint.h - see clint.c for the model. */
#ifndef SOC_CLINT_H
#define SOC_CLINT_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CLINT_HARTS = 8 };

typedef struct Clint Clint;

typedef struct ClintHart {
    Clint *clint;
    Event due; /* when the timer pin changes by itself */
    uint64_t mtimecmp;
    uint32_t msip;
} ClintHart;

struct Clint {
    Device dev;
    uint64_t timebase; /* Hz */
    Irq timer[CLINT_HARTS], soft[CLINT_HARTS];
    ClockDomain clock;
    uint64_t offset; /* mtime = ticks of the clock + offset, modulo 2^64 */
    ClintHart hart[CLINT_HARTS];
};

extern const DeviceClass clint_class;

/* mtime now, for the harts' time CSR. dev is of clint_class. */
uint64_t clint_mtime(Device *dev);

#ifdef __cplusplus
}
#endif
#endif
