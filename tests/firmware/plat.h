/*
 * plat.h - what the test programs share: a console, phases, the end, traps.
 *
 * The addresses are those of the boards in docs/boards.md (and of the `virt`
 * board they follow): one program runs on all of them.
 */
#ifndef FIRMWARE_PLAT_H
#define FIRMWARE_PLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FINISHER UINT32_C(0x00100000)
#define CLINT UINT32_C(0x02000000)
#define PLIC UINT32_C(0x0c000000)
#define UART UINT32_C(0x10000000)
#define HOLE UINT32_C(0x28000000) /* nothing answers there on any board */

/* Registers of the UART. With DLAB in LCR, 0 and 1 are the divisor. */
enum { THR = 0, IER = 1, IIR = 2, FCR = 2, LCR = 3, LSR = 5, SCR = 7 };
enum { IER_THRE = 0x02, LCR_DLAB = 0x80, LSR_THRE = 0x20, LSR_TEMT = 0x40 };
enum { UART_SOURCE = 10 }; /* of the PLIC */

static inline volatile uint8_t *reg8(uintptr_t address)
{
    return (volatile uint8_t *)address;
}

static inline volatile uint32_t *reg32(uintptr_t address)
{
    return (volatile uint32_t *)address;
}

/* -- console: polled, byte by byte ------------------------------------------
 */
void put_char(char c);
void put_text(const char *text);
void put_dec(uint32_t value);
void put_hex(uint64_t value, unsigned digits);

/* Marks a phase of the run for the trace: id > 0 begins it, 0 ends it. */
static inline void phase(unsigned id)
{
    *reg8(UART + SCR) = (uint8_t)id;
}

/* Ends the run with this exit status. */
_Noreturn void finish(int status);

/* -- traps ---------------------------------------------------------------- */
/* A program that wants traps defines the handler, which returns the pc to go
 * on at; the one in plat.c reports the trap and ends the run. */
uintptr_t trap_handler(uintptr_t cause, uintptr_t tval, uintptr_t pc);
void trap_vector(void);
static inline void trap_enable(void)
{
    __asm__ volatile("csrw mtvec, %0" ::"r"(trap_vector));
}
/* The instruction after the one at pc. */
static inline uintptr_t pc_after(uintptr_t pc)
{
    return pc + ((*(const uint16_t *)pc & 3) == 3 ? 4 : 2);
}

/* Does something answer a load there? A device that is absent answers with an
 * access fault. Needs trap_enable(). */
bool device_present(uintptr_t address);
/* For a trap_handler() of one's own: was this trap such a question? If so, go
 * on at pc_after(pc). */
bool trap_was_probe(uintptr_t cause);

/* One load or store instruction each (trap.S). */
uintptr_t load_1(uintptr_t address);
uintptr_t load_2(uintptr_t address);
uintptr_t load_2s(uintptr_t address); /* sign-extending */
uintptr_t load_4(uintptr_t address);
void store_1(uintptr_t address, uintptr_t value);
void store_2(uintptr_t address, uintptr_t value);
void store_4(uintptr_t address, uintptr_t value);
#if __riscv_xlen == 64
uintptr_t load_8(uintptr_t address);
void store_8(uintptr_t address, uintptr_t value);
#endif

#endif
