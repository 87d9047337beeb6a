/*
 * interrupts.c - software, timer and external interrupts; DMA at work.
 *
 * What is printed does not depend on when an interrupt comes, only on its
 * coming and on the order the architecture gives them. Our own devices (own.c)
 * are looked for; their lines begin with `own:`.
 *
 * Phases: 1 software, 2 timer asleep, 3 timer while working, 4 external, 5
 * order of simultaneous interrupts, 6 own devices.
 */
#include "irq.h"
#include "plat.h"

enum { MSI = 3, MTI = 7, MEI = 11 };
enum { MTIMECMP = 0x4000, MTIME = 0xbff8 };
enum { PLIC_PENDING = 0x1000, PLIC_ENABLE = 0x2000 };
enum { PLIC_THRESHOLD = 0x200000, PLIC_CLAIM = 0x200004 };

static volatile unsigned taken[16];
static volatile unsigned order[8], orders;
static volatile uint32_t last_source, last_iir;
static volatile uint64_t timer_step;
static void (*volatile source_handler)(uint32_t source);

/* -- CLINT
 * ---------------------------------------------------------------------- */
static uint64_t time_now(void)
{
    uint32_t high, low;

    do {
        high = *reg32(CLINT + MTIME + 4);
        low = *reg32(CLINT + MTIME);
    } while (high != *reg32(CLINT + MTIME + 4));
    return (uint64_t)high << 32 | low;
}

/* In an order that raises no interrupt in between. */
static void timer_at(uint64_t when)
{
    *reg32(CLINT + MTIMECMP + 4) = UINT32_MAX;
    *reg32(CLINT + MTIMECMP) = (uint32_t)when;
    *reg32(CLINT + MTIMECMP + 4) = (uint32_t)(when >> 32);
}

/* -- the handler
 * ------------------------------------------------------------------ */
static void handle_external(void)
{
    const uint32_t source = *reg32(PLIC + PLIC_CLAIM);

    last_source = source;
    if (source == UART_SOURCE) {
        last_iir = *reg8(UART + IIR) & 0x0f;
        *reg8(UART + IER) = 0;
    } else if (source_handler) {
        source_handler(source);
    }
    *reg32(PLIC + PLIC_CLAIM) = source;
}

uintptr_t trap_handler(uintptr_t cause, uintptr_t tval, uintptr_t pc)
{
    const unsigned number = cause & 15;

    if (!(cause >> (sizeof cause * 8 - 1))) {
        if (trap_was_probe(cause)) {
            return pc_after(pc);
        }
        put_text("interrupts: unexpected trap ");
        put_dec((uint32_t)cause);
        put_text(" mtval ");
        put_hex(tval, sizeof tval * 2);
        put_char('\n');
        finish(97);
    }
    taken[number]++;
    if (orders < sizeof order / sizeof *order) {
        order[orders++] = number;
    }
    switch (number) {
    case MSI: *reg32(CLINT) = 0; break;
    case MTI:
        timer_at(timer_step ? time_now() + timer_step : UINT64_MAX);
        break;
    case MEI: handle_external(); break;
    default: finish(96);
    }
    return pc;
}

/* -- for own.c
 * ---------------------------------------------------------------------- */
void irq_source(uint32_t source, bool on, void (*handler)(uint32_t source))
{
    volatile uint32_t *enable = reg32(PLIC + PLIC_ENABLE + 4 * (source / 32));

    source_handler = handler;
    *reg32(PLIC + 4 * source) = on;
    *enable = on ? *enable | 1u << source % 32 : *enable & ~(1u << source % 32);
}

void irq_wait(volatile unsigned *counter, unsigned wanted)
{
    /* Looked at with interrupts held back: else one could slip in between the
     * look and the sleep. */
    for (;;) {
        irq_enable(false);
        if (*counter >= wanted) {
            break;
        }
        __asm__ volatile("wfi");
        irq_enable(true);
    }
    irq_enable(true);
}

uint32_t irq_work(uint32_t state)
{
    for (unsigned i = 0; i < 200; i++) {
        state = state * 1664525 + 1013904223;
        state ^= state >> 15;
    }
    return state;
}

/* -- the parts
 * ------------------------------------------------------------------------ */
static void say_count(const char *what, unsigned count)
{
    put_text(what);
    put_char(' ');
    put_dec(count);
    put_char('\n');
}

static void software(void)
{
    for (unsigned i = 0; i < 3; i++) {
        *reg32(CLINT) = 1;
        while (taken[MSI] == i) {
        }
    }
    say_count("software interrupts", taken[MSI]);
}

static void timer_asleep(void)
{
    timer_step = 500;
    timer_at(time_now() + timer_step);
    irq_wait(&taken[MTI], 5);
    timer_step = 0;
    timer_at(UINT64_MAX);
    put_text(taken[MTI] >= 5 ? "timer woke the hart\n"
                             : "timer did NOT wake the hart\n");
}

/* The interrupted work comes out right. */
static void timer_working(void)
{
    const unsigned before = taken[MTI];
    uint32_t state;

    timer_step = 200;
    timer_at(time_now() + timer_step);
    do {
        state = 1;
        for (unsigned i = 0; i < 30; i++) {
            state = irq_work(state);
        }
    } while (taken[MTI] < before + 10);
    timer_step = 0;
    timer_at(UINT64_MAX);
    put_text("work under a timer ");
    put_hex(state, 8);
    put_char('\n');
}

static void external(void)
{
    for (unsigned i = 0; i < 3; i++) {
        irq_source(UART_SOURCE, true, NULL);
        *reg8(UART + IER) = IER_THRE;
        irq_wait(&taken[MEI], i + 1);
        irq_source(UART_SOURCE, false, NULL);
        put_text("external interrupt ");
        put_dec(i + 1);
        put_text(" source ");
        put_dec(last_source);
        put_text(" IIR ");
        put_dec(last_iir);
        put_char('\n');
    }
    /* Held back by the threshold: pending, but nobody is called. */
    *reg32(PLIC + PLIC_THRESHOLD) = 7;
    irq_source(UART_SOURCE, true, NULL);
    *reg8(UART + IER) = IER_THRE;
    irq_work(1);
    put_text("behind the threshold: pending ");
    put_dec(*reg32(PLIC + PLIC_PENDING) >> UART_SOURCE & 1);
    put_text(", taken ");
    put_dec(taken[MEI] - 3);
    /* Printing has used the transmitter; the request is there again. */
    *reg32(PLIC + PLIC_THRESHOLD) = 0;
    irq_wait(&taken[MEI], 4);
    irq_source(UART_SOURCE, false, NULL);
    put_text(", without it ");
    put_dec(taken[MEI] - 3);
    put_char('\n');
}

static void simultaneous(void)
{
    unsigned together = 0;

    irq_enable(false);
    timer_at(0);
    *reg32(CLINT) = 1;
    irq_source(UART_SOURCE, true, NULL);
    *reg8(UART + IER) = IER_THRE;
    for (;;) {
        uintptr_t pending;

        __asm__ volatile("csrr %0, mip" : "=r"(pending));
        if ((pending & 0x888) == 0x888) {
            break;
        }
    }
    __asm__ volatile("wfi"); /* does not sleep: something is pending */
    orders = 0;
    irq_enable(true);
    while (orders < 3) {
    }
    for (unsigned i = 0; i < 3; i++) {
        together |= 1u << order[i];
    }
    put_text(together == 0x888 ? "three at once: all taken\n"
                               : "three at once: one LOST\n");
    /* The privileged architecture says 11 3 7; QEMU 7.2 has them by number. */
    put_text("own: order");
    for (unsigned i = 0; i < 3; i++) {
        put_char(' ');
        put_dec(order[i]);
    }
    put_char('\n');
    irq_source(UART_SOURCE, false, NULL);
}

int main(void)
{
    bool good;

    trap_enable();
    timer_at(UINT64_MAX);
    *reg32(PLIC + PLIC_THRESHOLD) = 0;
    __asm__ volatile("csrw mie, %0" ::"r"(1u << MSI | 1u << MTI | 1u << MEI));
    irq_enable(true);
    phase(1);
    software();
    phase(0);
    phase(2);
    timer_asleep();
    phase(0);
    phase(3);
    timer_working();
    phase(0);
    phase(4);
    external();
    phase(0);
    phase(5);
    simultaneous();
    phase(0);
    phase(6);
    good = own_devices();
    phase(0);
    put_text("interrupts: done\n");
    return !good;
}
