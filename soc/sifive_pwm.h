/* sifive_pwm.h - see sifive_pwm.c for the model. */
#ifndef SOC_SIFIVE_PWM_H
#define SOC_SIFIVE_PWM_H

#include "soc/reg.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SPWM_CFG,
    SPWM_COUNT = 2,
    SPWM_S = 4,
    SPWM_CMP = 8,
    SPWM_COMPARATORS = 4,
    SPWM_NUM_REGS = SPWM_CMP + SPWM_COMPARATORS
};

typedef struct SifivePwm {
    Device dev;
    uint64_t width; /* bits of the comparators */
    Irq irq[SPWM_COMPARATORS];
    Irq out[SPWM_COMPARATORS];
    RegBank bank;
    uint32_t reg[SPWM_NUM_REGS];
    uint64_t begin; /* running: cycle of dev.clock at which count was 0 */
    uint64_t seen;  /* cycle up to which the flags are right */
    Event change;   /* when an output changes next */
} SifivePwm;

extern const DeviceClass sifive_pwm_class;

#ifdef __cplusplus
}
#endif
#endif
