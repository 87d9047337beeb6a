/*
 * own.h - where our own devices are, and how to start a copy.
 *
 * Source   docs/boards.md for places, docs/devices/ for registers.
 */
#ifndef FIRMWARE_OWN_H
#define FIRMWARE_OWN_H

#include "plat.h"

enum {
    TIMER = 0x18000000,
    GPIO = 0x18002000,
    DMA = 0x18003000,
    TIMER_SOURCE = 21,
    GPIO_SOURCE = 23,
    DMA_SOURCE = 24,
};

enum { DMA_SRC = 0x00, DMA_DST = 0x08, DMA_LEN = 0x10, DMA_CTRL = 0x14 };
enum { DMA_STATUS = 0x18, DMA_CHANNEL = 0x20, DMA_INT = 0x100 };
enum { DMA_START = 1, DMA_IRQ = 2, DMA_SIZE_SHIFT = 4 }; /* of CTRL */
enum { DMA_BUSY = 1, DMA_DONE = 2, DMA_ERROR = 4 };      /* of STATUS */

/* Copies len bytes in bursts of 1 << burst_log2; ctrl: DMA_IRQ or 0. */
static inline void dma_start(unsigned channel, const void *src, const void *dst,
                             uint32_t len, unsigned burst_log2, uint32_t ctrl)
{
    const uintptr_t base = DMA + DMA_CHANNEL * channel;

    *reg32(base + DMA_SRC) = (uint32_t)(uintptr_t)src;
    *reg32(base + DMA_DST) = (uint32_t)(uintptr_t)dst;
    *reg32(base + DMA_LEN) = len;
    *reg32(base + DMA_CTRL) = DMA_START | ctrl | burst_log2 << DMA_SIZE_SHIFT;
}

#endif
