/*
 * periph.c - the peripherals of `mcu` as a driver uses them: a serial flash, a
 * temperature sensor, DMA that a peripheral paces, a watchdog that is fed.
 * With BITE it is not, and the run ends with the watchdog's status.
 */
#include "mcu.h"

static uint8_t spi_byte(uint8_t byte)
{
    uint32_t word;
    *reg32(SPI + SPI_TXDATA) = byte;
    while ((word = *reg32(SPI + SPI_RXDATA)) >> 31) {
    }
    return (uint8_t)word;
}

static void spi_select(bool on)
{
    *reg32(SPI + SPI_CSMODE) = on ? SPI_HOLD : 0;
}

static void flash_begin(uint8_t command, uint32_t address)
{
    spi_select(true);
    spi_byte(command);
    spi_byte((uint8_t)(address >> 16));
    spi_byte((uint8_t)(address >> 8));
    spi_byte((uint8_t)address);
}

static void flash_enable(void)
{
    spi_select(true);
    spi_byte(0x06);
    spi_select(false);
}

/* Polls READ STATUS until it is not busy; how often it was. */
static unsigned flash_wait(void)
{
    unsigned busy = 0;
    spi_select(true);
    spi_byte(0x05);
    while (spi_byte(0) & 1) {
        busy++;
        *reg32(WATCHDOG + WATCHDOG_FEED) = WATCHDOG_FOOD;
    }
    spi_select(false);
    return busy;
}

static uint32_t flash_word(uint32_t address)
{
    uint32_t word = 0;
    flash_begin(0x03, address);
    for (unsigned i = 0; i < 4; i++) {
        word |= (uint32_t)spi_byte(0) << 8 * i;
    }
    spi_select(false);
    return word;
}

static void say(const char *what, uint32_t value)
{
    put_text(what);
    put_char(' ');
    put_hex(value, 8);
    put_char('\n');
}

static void flash(void)
{
    *reg32(SPI + SPI_SCKDIV) = 0;
    spi_select(true);
    spi_byte(0x9f);
    uint32_t id = 0;
    for (unsigned i = 0; i < 3; i++) {
        id = id << 8 | spi_byte(0);
    }
    spi_select(false);
    say("flash id", id);
    flash_enable();
    flash_begin(0x02, 0x1000);
    for (unsigned i = 0; i < 64; i++) {
        spi_byte((uint8_t)(i * 3));
    }
    spi_select(false);
    unsigned busy = flash_wait();
    put_text(busy ? "programmed\n" : "at once?\n");
    say("word", flash_word(0x1004));
}

/* A paced copy of 16 words: what comes back for 16 bytes that are sent. */
static uint32_t words[16];
static const uint32_t zeros[1];

static void flash_by_dma(void)
{
    flash_begin(0x03, 0x1000);
    const uintptr_t rx = DMA, tx = DMA + DMA_CHANNEL;
    *reg32(rx + DMA_SRC) = SPI + SPI_RXDATA;
    *reg32(rx + DMA_DST) = (uint32_t)(uintptr_t)words;
    *reg32(tx + DMA_SRC) = (uint32_t)(uintptr_t)zeros;
    *reg32(tx + DMA_DST) = SPI + SPI_TXDATA;
    *reg32(rx + DMA_LEN) = *reg32(tx + DMA_LEN) = sizeof(words);
    *reg32(rx + DMA_CTRL) = DMA_START | DMA_SRC_FIXED | 2 << DMA_SIZE_SHIFT |
                            DMA_PACED | LINE_SPI_RX << DMA_LINE_SHIFT;
    *reg32(tx + DMA_CTRL) = DMA_START | DMA_SRC_FIXED | DMA_DST_FIXED |
                            2 << DMA_SIZE_SHIFT | DMA_PACED |
                            LINE_SPI_TX << DMA_LINE_SHIFT;
    while (!(*reg32(rx + DMA_STATUS) & (DMA_DONE | DMA_ERROR))) {
    }
    spi_select(false);
    bool right = *reg32(rx + DMA_STATUS) == DMA_DONE;
    for (unsigned i = 0; i < 16; i++) {
        right &= words[i] == i * 3;
    }
    put_text(right ? "dma from spi right\n" : "dma from spi WRONG\n");
}

static void flash_erase(void)
{
    flash_enable();
    flash_begin(0x20, 0x1000);
    spi_select(false);
    flash_wait();
    say("erased", flash_word(0x1004));
}

static void uart_by_dma(void)
{
    static const char text[] = "this line went out by DMA, a byte a request\n";
    *reg8(UART + LCR) = LCR_DLAB | 3;
    *reg8(UART + 0) = 1; /* 230400 baud: from now on bytes take their time */
    *reg8(UART + 1) = 0;
    *reg8(UART + LCR) = 3;
    *reg8(UART + FCR) = 1;
    *reg32(DMA + DMA_SRC) = (uint32_t)(uintptr_t)text;
    *reg32(DMA + DMA_DST) = UART;
    *reg32(DMA + DMA_LEN) = sizeof(text) - 1;
    *reg32(DMA + DMA_CTRL) =
        DMA_START | DMA_DST_FIXED | DMA_PACED | LINE_UART_TX << DMA_LINE_SHIFT;
    while (*reg32(DMA + DMA_STATUS) & DMA_BUSY) {
        *reg32(WATCHDOG + WATCHDOG_FEED) = WATCHDOG_FOOD;
    }
    while (!(*reg8(UART + LSR) & LSR_TEMT)) {
    }
}

static bool i2c_command(uint8_t command, uint8_t byte)
{
    uint32_t status;
    *reg32(I2C + I2C_DATA) = byte;
    *reg32(I2C + I2C_CMD) = command;
    while ((status = *reg32(I2C + I2C_CMD)) & 2) {
    }
    return !(status & 0x80);
}

static void temperature(void)
{
    *reg32(I2C + I2C_PRER) = 24; /* 400 kHz of 50 MHz */
    *reg32(I2C + I2C_PRER + 4) = 0;
    *reg32(I2C + I2C_CTR) = 0x80;
    bool there = i2c_command(0x90, 0x48 << 1) && i2c_command(0x10, 0) &&
                 i2c_command(0x90, 0x48 << 1 | 1);
    i2c_command(0x20, 0);
    uint32_t word = *reg32(I2C + I2C_DATA) << 8;
    i2c_command(0x68, 0);
    word |= *reg32(I2C + I2C_DATA);
    say(there ? "temperature" : "no sensor", word);
}

int main(void)
{
    *reg32(WATCHDOG + WATCHDOG_LOAD) = 2000000; /* 40 ms */
    *reg32(WATCHDOG + WATCHDOG_CTRL) = 5;
#ifdef BITE
    put_text("nobody feeds the watchdog\n");
    for (;;) {
        __asm__ volatile("wfi");
    }
#endif
    flash();
    flash_by_dma();
    flash_erase();
    temperature();
    uart_by_dma();
    return 0;
}
