/*
 * hifive_plat.h - what programs for the HiFive1 share: console, end, places.
 *
 * Source   SiFive FE310-G002 manual, chapter 4 (memory map) and 10 (interrupt
 *          sources).
 */
#ifndef FIRMWARE_HIFIVE_PLAT_H
#define FIRMWARE_HIFIVE_PLAT_H

#include "plat.h"

enum {
    AON = 0x10000000,
    PRCI = 0x10008000,
    SGPIO = 0x10012000,
    SUART0 = 0x10013000,
    SPI0 = 0x10014000,
    PWM0 = 0x10015000,
    SUART1 = 0x10023000,
};
enum { TXDATA = 0x00, RXDATA = 0x04, TXCTRL = 0x08, RXCTRL = 0x0c };
enum { UIE = 0x10, UIP = 0x14, DIV = 0x18 };
enum { UART0_SOURCE = 3, GPIO_SOURCE_0 = 8, PWM0_SOURCE_0 = 40 };

/* A device that has these registers answers with what was written. */
static inline bool remembers(uintptr_t address, uint32_t value)
{
    *reg32(address) = value;
    return *reg32(address) == value;
}

#endif
