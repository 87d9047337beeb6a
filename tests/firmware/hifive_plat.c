/* hifive_plat.c - console and end of programs for the HiFive1. */
#include "hifive_plat.h"

void put_char(char c)
{
    while (*reg32(SUART0 + TXDATA) >> 31) {
    }
    *reg32(SUART0 + TXDATA) = (uint8_t)c;
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
    } while (value /= 10);
    while (n) {
        put_char(digits[--n]);
    }
}

void put_hex(uint64_t value, unsigned digits)
{
    while (digits--) {
        put_char("0123456789abcdef"[value >> 4 * digits & 15]);
    }
}

/* Waits for the last byte to leave, then semihosting's SYS_EXIT: of 32-bit
 * programs it tells only whether all was well. */
_Noreturn void finish(int status)
{
    register uintptr_t op __asm__("a0") = 0x18;
    register uintptr_t why __asm__("a1") = status ? 0x20023 : 0x20026;
    *reg32(SUART0 + TXCTRL) = 1 | 1 << 16; /* txwm: the FIFO is empty */
    while (!(*reg32(SUART0 + UIP) & 1)) {
    }
    for (volatile unsigned i = 0; i < 2000; i++) {
    }
    __asm__ volatile(".balign 16\n"
                     ".option push\n"
                     ".option norvc\n"
                     "slli zero, zero, 0x1f\n"
                     "ebreak\n"
                     "srai zero, zero, 7\n"
                     ".option pop\n"
                     : "+r"(op)
                     : "r"(why)
                     : "memory");
    for (;;) {
    }
}
