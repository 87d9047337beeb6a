/*
 * own.c - our own devices, where a board has them: timer, GPIO, DMA engine.
 *
 * A device that is absent answers its first load with an access fault and is
 * passed over in silence. Every line begins with `own:`.
 *
 * Source   docs/boards.md for places, docs/devices/ for registers.
 */
#include "own.h"

#include "irq.h"
#include "plat.h"

static volatile unsigned served; /* interrupts of the device under test */

static void say_number(const char *text, uint32_t value)
{
    put_text(text);
    put_dec(value);
}

static bool say_verdict(bool good)
{
    put_text(good ? ", right\n" : ", WRONG\n");
    return good;
}

/* -- timer ---------------------------------------------------------------- */
enum { TIMER_CTRL = 0x0, TIMER_LOAD = 0x4, TIMER_COUNT = 0x8 };
enum { TIMER_STATUS = 0xc, TIMER_EXPIRED = 1 };
enum { TIMER_ENABLE = 1, TIMER_PERIODIC = 2, TIMER_IRQ = 4 };

static void timer_served(uint32_t source)
{
    served += source == TIMER_SOURCE;
    *reg32(TIMER + TIMER_STATUS) = TIMER_EXPIRED;
}

static bool try_timer(void)
{
    uint32_t count;
    unsigned once;

    served = 0;
    irq_source(TIMER_SOURCE, true, timer_served);
    *reg32(TIMER + TIMER_LOAD) = 999;
    *reg32(TIMER + TIMER_CTRL) = TIMER_ENABLE | TIMER_IRQ;
    count = *reg32(TIMER + TIMER_COUNT);
    irq_wait(&served, 1);
    irq_work(1); /* it does not come again */
    once = served;
    *reg32(TIMER + TIMER_CTRL) = 0;
    *reg32(TIMER + TIMER_LOAD) = 1999;
    *reg32(TIMER + TIMER_CTRL) = TIMER_ENABLE | TIMER_PERIODIC | TIMER_IRQ;
    irq_wait(&served, 5);
    *reg32(TIMER + TIMER_CTRL) = 0;
    irq_source(TIMER_SOURCE, false, NULL);
    say_number("own: timer once ", once);
    say_number(", periodic ", served - once);
    return say_verdict(once == 1 && served == 5 && count > 900 && count < 1000);
}

/* -- GPIO -------------------------------------------------------------------
 */
enum { GPIO_IN = 0x00, GPIO_DIR = 0x08, GPIO_RISE = 0x0c, GPIO_FALL = 0x10 };
enum { GPIO_STATUS = 0x14, GPIO_SET = 0x18, GPIO_CLEAR = 0x1c };

static volatile uint32_t edges[4];

static void gpio_served(uint32_t source)
{
    const uint32_t status = *reg32(GPIO + GPIO_STATUS);

    edges[served % 4] = status;
    served += source == GPIO_SOURCE;
    *reg32(GPIO + GPIO_STATUS) = status;
}

static bool try_gpio(void)
{
    uint32_t high, low;

    served = 0;
    irq_source(GPIO_SOURCE, true, gpio_served);
    *reg32(GPIO + GPIO_DIR) = 0x0f;
    *reg32(GPIO + GPIO_RISE) = 0x05;
    *reg32(GPIO + GPIO_FALL) = 0x0a;
    *reg32(GPIO + GPIO_SET) = 0xff; /* 0 and 2 rise; 4 to 7 are inputs */
    irq_wait(&served, 1);
    high = *reg32(GPIO + GPIO_IN);
    *reg32(GPIO + GPIO_CLEAR) = 0x03; /* 1 falls */
    irq_wait(&served, 2);
    low = *reg32(GPIO + GPIO_IN);
    *reg32(GPIO + GPIO_RISE) = 0;
    *reg32(GPIO + GPIO_FALL) = 0;
    irq_source(GPIO_SOURCE, false, NULL);
    say_number("own: gpio edges ", edges[0]);
    say_number(" and ", edges[1]);
    say_number(", pins ", high);
    say_number(" and ", low);
    return say_verdict(served == 2 && edges[0] == 5 && edges[1] == 2 &&
                       high == 0x0f && low == 0x0c);
}

/* -- DMA ----------------------------------------------------------------------
 */
enum { BLOCK = 2048 };
static uint8_t from[BLOCK], to[2][BLOCK];
static volatile uint32_t dma_result[2]; /* STATUS, per channel */

static void dma_served(uint32_t source)
{
    const uint32_t channels = *reg32(DMA + DMA_INT);

    for (unsigned i = 0; i < 2; i++) {
        if (channels >> i & 1) {
            volatile uint32_t *status =
                reg32(DMA + DMA_CHANNEL * i + DMA_STATUS);
            dma_result[i] = *status;
            *status = DMA_DONE | DMA_ERROR;
            served += source == DMA_SOURCE;
        }
    }
}

static void start(unsigned channel, const void *src, const void *dst,
                  uint32_t len, unsigned burst_log2)
{
    dma_result[channel] = 0;
    dma_start(channel, src, dst, len, burst_log2, DMA_IRQ);
}

/* Bytes [at, at + len) are copied, those around them are 0. */
static bool copied(const uint8_t *dst, unsigned at, unsigned len)
{
    for (unsigned i = 0; i < BLOCK; i++) {
        const bool inside = i >= at && i < at + len;
        if (dst[i] != (inside ? from[i] : 0)) {
            return false;
        }
    }
    return true;
}

/* Work in memory, so that hart and DMA meet on the bus. */
static uint32_t work_in_memory(void)
{
    static volatile uint32_t cell[64];
    uint32_t sum = 0;

    for (unsigned i = 0; i < 1000; i++) {
        cell[i % 64] = cell[(i + 1) % 64] * 3 + i;
        sum += cell[i % 64];
    }
    return sum;
}

static bool try_dma(void)
{
    uint32_t state = 1, sum;
    bool good;

    for (unsigned i = 0; i < BLOCK; i++) {
        state = state * 1664525 + 1013904223;
        from[i] = (uint8_t)(state >> 24 | 1);
    }
    served = 0;
    irq_source(DMA_SOURCE, true, dma_served);

    start(0, from, to[0], BLOCK, 4);
    sum = work_in_memory();
    irq_wait(&served, 1);
    say_number("own: dma while working ", sum);
    good = say_verdict(copied(to[0], 0, BLOCK) && dma_result[0] == DMA_DONE);

    for (unsigned i = 0; i < BLOCK; i++) {
        to[0][i] = to[1][i] = 0;
    }
    served = 0;
    start(0, from + 3, to[0] + 3, 333, 3);
    start(1, from + 64, to[1] + 64, 512, 6);
    irq_wait(&served, 2);
    put_text("own: dma two channels");
    good &= say_verdict(copied(to[0], 3, 333) && copied(to[1], 64, 512) &&
                        dma_result[0] == DMA_DONE && dma_result[1] == DMA_DONE);

    served = 0;
    start(0, from, (const void *)(uintptr_t)HOLE, 16, 4);
    irq_wait(&served, 1);
    say_number("own: dma to nothing, status ", dma_result[0]);
    good &= say_verdict(dma_result[0] == DMA_ERROR);
    irq_source(DMA_SOURCE, false, NULL);
    return good;
}

bool own_devices(void)
{
    bool good = true;

    if (device_present(TIMER)) {
        good &= try_timer();
    }
    if (device_present(GPIO)) {
        good &= try_gpio();
    }
    if (device_present(DMA)) {
        good &= try_dma();
    }
    return good;
}
