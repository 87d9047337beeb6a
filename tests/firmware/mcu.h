/*
 * mcu.h - the devices that only `mcu` has, for programs that need it.
 *
 * Source   docs/boards.md for places, docs/devices/ for registers.
 */
#ifndef FIRMWARE_MCU_H
#define FIRMWARE_MCU_H

#include "own.h"

enum {
    WATCHDOG = 0x18004000,
    SPI = 0x18005000,
    I2C = 0x18006000,
    PWM = 0x18007000,
};
enum { WATCHDOG_CTRL = 0x0, WATCHDOG_LOAD = 0x4, WATCHDOG_FEED = 0xc };
enum { WATCHDOG_FOOD = 0x600df00d };
enum { SPI_SCKDIV = 0x00, SPI_CSMODE = 0x18, SPI_TXDATA = 0x48 };
enum { SPI_RXDATA = 0x4c, SPI_HOLD = 2 };
enum { I2C_PRER = 0x00, I2C_CTR = 0x08, I2C_DATA = 0x0c, I2C_CMD = 0x10 };
enum { DMA_PACED = 1 << 8, DMA_LINE_SHIFT = 9, DMA_SRC_FIXED = 4 };
enum { DMA_DST_FIXED = 8 };
enum { LINE_UART_TX, LINE_UART_RX, LINE_SPI_TX, LINE_SPI_RX };

#endif
