/*
 * debug.c - something for a debugger to look at: calls, loops, data, a device
 * register, a copy by the DMA engine, and interrupts that come while a loop
 * works. tests/gdb_test.py finds lines by their `at:` comments. Exit status:
 * the sum of the first eight squares.
 */
#include "plat.h"

#define DMA UINT32_C(0x18003000)
#define MTIMECMP (CLINT + 0x4000)
#define MTIME (CLINT + 0xbff8)
enum { DMA_SRC = 0x00, DMA_DST = 0x08, DMA_LEN = 0x10, DMA_CTRL = 0x14 };
enum { DMA_STATUS = 0x18, DMA_BUSY = 1, DMA_START_WORDS = 0x21 };
enum { ROUNDS = 8, PERIOD = 20, WORDS = 8 };

typedef struct Point {
    int x, y;
} Point;

volatile int squares[ROUNDS];
volatile int total;
volatile Point corner = {3, 4};
volatile unsigned ticks, worked;
uint32_t from[WORDS], to[WORDS];

__attribute__((noinline)) int square(int x)
{
    int y = x * x; /* at: square */
    return y;
}

__attribute__((noinline)) int sum_squares(int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) {
        squares[i] = square(i); /* at: loop */
        sum += squares[i];
    }
    return sum; /* at: summed */
}

static void tick_after(uint32_t period)
{
    *reg32(MTIMECMP + 4) = 0;
    *reg32(MTIMECMP) = *reg32(MTIME) + period;
}

uintptr_t trap_handler(uintptr_t cause, uintptr_t tval, uintptr_t pc)
{
    (void)tval;
    if (cause >> (8 * sizeof(cause) - 1)) {
        ticks++; /* at: tick */
        tick_after(PERIOD);
        return pc;
    }
    return pc_after(pc); /* the ecall below, or a device that is not there */
}

__attribute__((noinline)) void work_under_ticks(void)
{
    const uintptr_t mtie = 1 << 7, mie = 1 << 3;
    tick_after(PERIOD);
    __asm__ volatile("csrs mie, %0" ::"r"(mtie));
    __asm__ volatile("csrs mstatus, %0" ::"r"(mie));
    for (unsigned i = 0; i < 2000; i++) {
        worked += i; /* at: work */
    }
    __asm__ volatile("csrc mie, %0" ::"r"(mtie));
}

__attribute__((noinline)) void copy_by_dma(void)
{
    for (unsigned i = 0; i < WORDS; i++) {
        from[i] = 0x1000 + i;
    }
    *reg32(DMA + DMA_SRC) = (uint32_t)(uintptr_t)from;
    *reg32(DMA + DMA_DST) = (uint32_t)(uintptr_t)to;
    *reg32(DMA + DMA_LEN) = sizeof(to);
    *reg32(DMA + DMA_CTRL) = DMA_START_WORDS;
    while (*reg32(DMA + DMA_STATUS) & DMA_BUSY) {
    }
}

int main(void)
{
    trap_enable();
    total = sum_squares(ROUNDS); /* at: main */
    corner.y = corner.x + total; /* at: corner */
    store_1(UART + SCR, 0);
    copy_by_dma();
    __asm__ volatile("ecall");
    work_under_ticks(); /* at: ticks */
    put_text(worked == 1999000 ? "debug: worked\n" : "debug: wrong\n");
    return total;
}
