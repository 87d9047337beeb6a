/*
 * streams.c - memory streams: reading, writing and copying with strides.
 *
 * Phase 1 fills the buffers; then every stride has three phases, 10 * n + 1
 * reading, + 2 writing, + 3 copying, n = 1 .. 7 for strides 1, 2, 4, 8, 16,
 * 64, 256. Every pass touches the whole buffer's extent once, so bytes per
 * cycle of the passes compare directly.
 */
#include "plat.h"

enum { EXTENT = 8192 };

static uint32_t source[EXTENT / 4];
static uint32_t target[EXTENT / 4];

/* The access is as wide as the stride, up to a word. */
#define PASSES(T, bits)                                                        \
    static __attribute__((noinline)) uint32_t read##bits(unsigned stride)      \
    {                                                                          \
        const volatile uint8_t *p = (const volatile uint8_t *)source;          \
        uint32_t sum = 0;                                                      \
        for (unsigned i = 0; i < EXTENT; i += stride) {                        \
            sum += *(const volatile T *)(p + i);                               \
        }                                                                      \
        return sum;                                                            \
    }                                                                          \
    static __attribute__((noinline)) void write##bits(unsigned stride)         \
    {                                                                          \
        volatile uint8_t *p = (volatile uint8_t *)target;                      \
        for (unsigned i = 0; i < EXTENT; i += stride) {                        \
            *(volatile T *)(p + i) = (T)(i * 2654435761u >> 7);                \
        }                                                                      \
    }                                                                          \
    static __attribute__((noinline)) void copy##bits(unsigned stride)          \
    {                                                                          \
        volatile uint8_t *to = (volatile uint8_t *)target;                     \
        const volatile uint8_t *from = (const volatile uint8_t *)source;       \
        for (unsigned i = 0; i < EXTENT; i += stride) {                        \
            *(volatile T *)(to + i) = *(const volatile T *)(from + i);         \
        }                                                                      \
    }
PASSES(uint8_t, 8)
PASSES(uint16_t, 16)
PASSES(uint32_t, 32)

static uint32_t checksum(void)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < EXTENT / 4; i++) {
        sum = (sum << 1 | sum >> 31) ^ target[i];
    }
    return sum;
}

int main(void)
{
    static const unsigned strides[] = {1, 2, 4, 8, 16, 64, 256};
    uint32_t seed = 1;

    trap_enable();
    phase(1);
    for (unsigned i = 0; i < EXTENT / 4; i++) {
        seed = seed * 1664525 + 1013904223;
        source[i] = seed;
        target[i] = 0;
    }
    phase(0);
    for (unsigned n = 0; n < sizeof strides / sizeof *strides; n++) {
        const unsigned stride = strides[n];
        const unsigned width = stride < 4 ? stride : 4;
        uint32_t sum, written;

        phase(10 * (n + 1) + 1);
        sum = width == 1   ? read8(stride)
              : width == 2 ? read16(stride)
                           : read32(stride);
        phase(0);
        phase(10 * (n + 1) + 2);
        width == 1   ? write8(stride)
        : width == 2 ? write16(stride)
                     : write32(stride);
        phase(0);
        written = checksum();
        phase(10 * (n + 1) + 3);
        width == 1   ? copy8(stride)
        : width == 2 ? copy16(stride)
                     : copy32(stride);
        phase(0);
        put_text("stride ");
        put_dec(stride);
        put_text(" width ");
        put_dec(width);
        put_text(": read ");
        put_hex(sum, 8);
        put_text(" written ");
        put_hex(written, 8);
        put_text(" copied ");
        put_hex(checksum(), 8);
        put_char('\n');
    }
    put_text("streams: done\n");
    return 0;
}
