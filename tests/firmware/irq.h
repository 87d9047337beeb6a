/*
 * irq.h - between interrupts.c, which owns the trap handler, and own.c, which
 * drives devices that only our boards have.
 */
#ifndef FIRMWARE_IRQ_H
#define FIRMWARE_IRQ_H

#include <stdbool.h>
#include <stdint.h>

static inline void irq_enable(bool on)
{
    if (on) {
        __asm__ volatile("csrsi mstatus, 8" ::: "memory");
    } else {
        __asm__ volatile("csrci mstatus, 8" ::: "memory");
    }
}

/* Opens or closes a PLIC source; its handler runs between claim and complete.
 */
void irq_source(uint32_t source, bool on, void (*handler)(uint32_t source));
/* Sleeps until the counter has come to `wanted`. */
void irq_wait(volatile unsigned *counter, unsigned wanted);
/* Some work on a number. */
uint32_t irq_work(uint32_t state);

/* Tries every one of our own devices that is there. False: one went wrong. */
bool own_devices(void);

#endif
