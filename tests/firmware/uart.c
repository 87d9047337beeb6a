/*
 * uart.c - the UART two ways: polling LSR, and the transmitter's interrupt.
 *
 * Phases: 1 registers, 2 polled output, 3 interrupt-driven output. What is
 * printed does not depend on time: counts of polls and of interrupts stay
 * inside, only their plausibility is told.
 */
#include "plat.h"

enum { PLIC_ENABLE = 0x2000, PLIC_THRESHOLD = 0x200000, PLIC_CLAIM = 0x200004 };

static const char text[] =
    "The interrupt handler sends this line, a byte at a time, while main()\n"
    "does something else. Every byte has its own interrupt, or shares one.\n";

static const char *volatile next_byte;
static volatile unsigned interrupts, strangers;

uintptr_t trap_handler(uintptr_t cause, uintptr_t tval, uintptr_t pc)
{
    const uintptr_t external = ~(~(uintptr_t)0 >> 1) | 11;
    uint32_t source;

    (void)tval;
    if (cause != external) {
        put_text("uart: unexpected trap ");
        put_hex(cause, sizeof cause * 2);
        put_char('\n');
        finish(98);
    }
    source = *reg32(PLIC + PLIC_CLAIM);
    if (source == UART_SOURCE) {
        interrupts++;
        (void)*reg8(UART + IIR); /* takes the transmitter's request back */
        if (*next_byte) {
            *reg8(UART + THR) = (uint8_t)*next_byte++;
        } else {
            *reg8(UART + IER) = 0;
        }
    } else {
        strangers++;
    }
    *reg32(PLIC + PLIC_CLAIM) = source;
    return pc;
}

static void show(const char *name, uint8_t value)
{
    put_text(name);
    put_text(" = ");
    put_hex(value, 2);
    put_char('\n');
}

/* Waits until every byte is out. */
static void drain(void)
{
    while (!(*reg8(UART + LSR) & LSR_TEMT)) {
    }
}

/* Programs 230400 baud for the 3.6864 MHz clock of the `virt` board, 8 bits, no
 * parity, one stop bit, and reads everything back. */
static void registers(void)
{
    uint8_t low, high, line;

    *reg8(UART + IER) = 0;
    *reg8(UART + LCR) = LCR_DLAB | 3;
    *reg8(UART + 0) = 1;
    *reg8(UART + 1) = 0;
    low = *reg8(UART + 0);
    high = *reg8(UART + 1);
    line = *reg8(UART + LCR);
    *reg8(UART + LCR) = 3;
    show("divisor low", low);
    show("divisor high", high);
    show("LCR with DLAB", line);
    show("LCR", *reg8(UART + LCR));
    drain(); /* switching the FIFOs empties them */
    *reg8(UART + FCR) = 7;
    show("IIR with FIFOs", *reg8(UART + IIR));
    drain();
    *reg8(UART + FCR) = 0;
    show("IIR without", *reg8(UART + IIR));
    *reg8(UART + IER) = 0xfd; /* all but the transmitter's */
    show("IER of fd", *reg8(UART + IER));
    *reg8(UART + IER) = 0;
    *reg8(UART + SCR) = 0x5a;
    show("SCR", *reg8(UART + SCR));
    *reg8(UART + SCR) = 0;
    drain();
    show("LSR when idle", *reg8(UART + LSR));
}

static uint32_t interrupt_driven(void)
{
    uint32_t work = 1;

    next_byte = text;
    *reg32(PLIC + 4 * UART_SOURCE) = 1;
    *reg32(PLIC + PLIC_THRESHOLD) = 0;
    *reg32(PLIC + PLIC_ENABLE) = 1u << UART_SOURCE;
    __asm__ volatile("csrs mie, %0" ::"r"(1u << 11));
    __asm__ volatile("csrsi mstatus, 8");
    *reg8(UART + IER) = IER_THRE;
    while (*reg8(UART + IER)) {
        work = work * 1664525 + 1013904223;
    }
    __asm__ volatile("csrci mstatus, 8");
    *reg32(PLIC + PLIC_ENABLE) = 0;
    return work;
}

int main(void)
{
    bool plausible;

    trap_enable();
    phase(1);
    registers();
    phase(0);
    phase(2);
    put_text("This line goes out by polling: one look at LSR at least for "
             "every byte.\n");
    phase(0);
    phase(3);
    interrupt_driven();
    phase(0);
    plausible = interrupts > 1 && interrupts <= sizeof text && !strangers;
    put_text(plausible ? "uart: interrupts plausible\n"
                       : "uart: interrupts WRONG\n");
    put_text("uart: done\n");
    return !plausible;
}
