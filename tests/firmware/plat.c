/*
 * plat.c - console, end of the run, probing, and the trap nobody expected.
 *
 * Model    ns16550a polled at LSR.THRE; SiFive test finisher.
 * Source   PC16550D data sheet; the finisher of the `virt` board.
 */
#include "plat.h"

void put_char(char c)
{
    while (!(*reg8(UART + LSR) & LSR_THRE)) {
    }
    *reg8(UART + THR) = (uint8_t)c;
}

void put_text(const char *text)
{
    while (*text) {
        put_char(*text++);
    }
}

void put_dec(uint32_t value)
{
    char digits[10];
    unsigned n = 0;

    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (n) {
        put_char(digits[--n]);
    }
}

void put_hex(uint64_t value, unsigned digits)
{
    while (digits--) {
        put_char("0123456789abcdef"[(value >> (4 * digits)) & 15]);
    }
}

_Noreturn void finish(int status)
{
    /* Every byte is out of the UART before the machine stops. */
    while (!(*reg8(UART + LSR) & LSR_TEMT)) {
    }
    *reg32(FINISHER) = status ? 0x3333 | (uint32_t)status << 16 : 0x5555;
    for (;;) {
    }
}

static volatile bool probing, absent;

bool device_present(uintptr_t address)
{
    probing = true;
    absent = false;
    load_4(address);
    probing = false;
    return !absent;
}

bool trap_was_probe(uintptr_t cause)
{
    const bool load_fault = cause == 5;

    absent |= probing && load_fault;
    return probing && load_fault;
}

__attribute__((weak)) uintptr_t trap_handler(uintptr_t cause, uintptr_t tval,
                                             uintptr_t pc)
{
    if (trap_was_probe(cause)) {
        return pc_after(pc);
    }
    put_text("unexpected trap: mcause ");
    put_hex(cause, sizeof cause * 2);
    put_text(" mtval ");
    put_hex(tval, sizeof tval * 2);
    put_text(" mepc ");
    put_hex(pc, sizeof pc * 2);
    put_char('\n');
    finish(99);
}
