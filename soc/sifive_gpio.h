/* sifive_gpio.h - see sifive_gpio.c for the model. */
#ifndef SOC_SIFIVE_GPIO_H
#define SOC_SIFIVE_GPIO_H

#include "soc/reg.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SGPIO_INPUT_VAL,
    SGPIO_INPUT_EN,
    SGPIO_OUTPUT_EN,
    SGPIO_OUTPUT_VAL,
    SGPIO_PUE,
    SGPIO_DS,
    SGPIO_RISE_IE,
    SGPIO_RISE_IP,
    SGPIO_FALL_IE,
    SGPIO_FALL_IP,
    SGPIO_HIGH_IE,
    SGPIO_HIGH_IP,
    SGPIO_LOW_IE,
    SGPIO_LOW_IP,
    SGPIO_IOF_EN,
    SGPIO_IOF_SEL,
    SGPIO_OUT_XOR,
    SGPIO_NUM_REGS,
    SGPIO_PINS = 32
};

typedef struct SifiveGpio {
    Device dev;
    Irq irq[SGPIO_PINS];
    Irq out[SGPIO_PINS];
    RegBank bank;
    uint32_t reg[SGPIO_NUM_REGS];
    uint32_t wired; /* pins that something outside has driven */
    uint32_t wires; /* their levels; no reset changes them */
    uint32_t iof[2];
    bool settling, again;
} SifiveGpio;

extern const DeviceClass sifive_gpio_class;

#ifdef __cplusplus
}
#endif
#endif
