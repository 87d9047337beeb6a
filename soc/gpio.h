/* gpio.h - see gpio.c for the model. */
#ifndef SOC_GPIO_H
#define SOC_GPIO_H

#include "soc/reg.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GPIO_DATA_IN,
    GPIO_DATA_OUT,
    GPIO_DIR,
    GPIO_IRQ_RISE,
    GPIO_IRQ_FALL,
    GPIO_IRQ_STATUS,
    GPIO_SET,
    GPIO_CLEAR,
    GPIO_NUM_REGS,
    GPIO_PINS = 32
};

typedef struct Gpio {
    Device dev;
    uint64_t pins; /* 1..32 */
    Irq irq;
    Irq out[GPIO_PINS];
    RegBank bank;
    uint32_t reg[GPIO_NUM_REGS];
    uint32_t wires; /* levels from outside; no reset changes them */
} Gpio;

extern const DeviceClass gpio_class;

#ifdef __cplusplus
}
#endif
#endif
