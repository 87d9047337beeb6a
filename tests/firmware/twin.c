/*
 * twin.c - two builds that differ in one function: twin-a, and twin-b with
 * -DTWIN_B, where checksum() goes over its bytes bit by bit and is longer, so
 * that all code behind it moves.
 */
#include "plat.h"

enum { BYTES = 96 };

static uint8_t buffer[BYTES];
static volatile uint32_t result;

__attribute__((noinline)) static void fill(uint8_t *to, uint32_t seed)
{
    for (unsigned i = 0; i < BYTES; i++) {
        seed = seed * 1664525 + 1013904223;
        to[i] = (uint8_t)(seed >> 24);
    }
}

__attribute__((noinline)) static uint32_t checksum(const uint8_t *bytes)
{
    uint32_t sum = 0;
    for (unsigned i = 0; i < BYTES; i++) {
#ifdef TWIN_B
        for (unsigned bit = 0; bit < 8; bit++) {
            sum += (uint32_t)(bytes[i] & 1u << bit);
        }
#else
        sum += bytes[i];
#endif
    }
    return sum;
}

__attribute__((noinline)) static uint32_t largest(const uint8_t *bytes)
{
    uint32_t most = 0;
    for (unsigned i = 0; i < BYTES; i++) {
        most = bytes[i] > most ? bytes[i] : most;
    }
    return most;
}

uintptr_t trap_handler(uintptr_t cause, uintptr_t tval, uintptr_t pc)
{
    (void)tval;
    (void)cause;
    finish(98);
    return pc;
}

int main(void)
{
    for (uint32_t round = 0; round < 4; round++) {
        fill(buffer, round);
        result = checksum(buffer) ^ largest(buffer);
        put_text("twin: ");
        put_hex(result, 8);
        put_char('\n');
    }
    return 0;
}
