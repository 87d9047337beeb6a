/* clint.h - see clint.c for the model. */
#ifndef SOC_CLINT_H
#define SOC_CLINT_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CLINT_HARTS = 4095 }; /* what the register map has room for */

typedef struct Clint Clint;

typedef struct ClintHart {
    Clint *clint;
    Event due;            /* when the timer pin changes by itself */
    Event supervisor_due; /* when the comparison with stimecmp does */
    uint64_t mtimecmp;
    uint64_t stimecmp; /* the hart's CSR (Sstc); no register here */
    uint32_t msip;
} ClintHart;

struct Clint {
    Device dev;
    uint64_t timebase; /* Hz */
    unsigned harts;    /* up to the last that is connected */
    Irq timer[CLINT_HARTS], soft[CLINT_HARTS];
    Irq supervisor[CLINT_HARTS]; /* clint_connect_stimecmp() */
    ClockDomain clock;
    uint64_t offset; /* mtime = ticks of the clock + offset, modulo 2^64 */
    ClintHart hart[CLINT_HARTS];
};

extern const DeviceClass clint_class;

/* mtime now, for the harts' time CSR. dev is of clint_class. */
uint64_t clint_mtime(Device *dev);

/* Sstc: the harts' stimecmp registers are compared with this mtime. The
 * composer connects hart `i` once, before the first reset, to the hart's
 * HART_STI input: clint_connect_stimecmp(clint, i, hart_set_irq, hart,
 * HART_STI) and calls clint_set_stimecmp() from HartConfig.write_stimecmp.
 * False: i is not below CLINT_HARTS; such a hart has no stimecmp (leave
 * write_stimecmp NULL). dev is of clint_class. */
bool clint_connect_stimecmp(Device *dev, unsigned i,
                            void (*set)(void *opaque, unsigned line,
                                        bool level),
                            void *opaque, unsigned line);
/* The input is high while mtime >= value, from the access under way on. A reset
 * of the clint makes every value the largest. */
void clint_set_stimecmp(Device *dev, unsigned i, uint64_t value);

#ifdef __cplusplus
}
#endif
#endif
