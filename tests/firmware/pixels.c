/*
 * pixels.c - draws into a frame buffer: by bytes, halfwords and words, in
 * lines, columns, rectangles and out of order; then reads it back.
 *
 * Phases 1 .. 6 are the patterns, 7 is reading. The status is 0 when every
 * pixel is what was drawn last.
 */
#include "plat.h"

#define FRAME UINT32_C(0x90000000) /* WIDTH * HEIGHT bytes of memory */

enum { WIDTH = 128, HEIGHT = 48 };

static uint8_t expected[WIDTH * HEIGHT]; /* the same, in ordinary memory */

#define DRAW(T, bits)                                                          \
    static inline void draw##bits(unsigned x, unsigned y, T value)             \
    {                                                                          \
        unsigned at = y * WIDTH + x;                                           \
        *(volatile T *)(uintptr_t)(FRAME + at) = value;                        \
        *(volatile T *)(void *)(expected + at) = value;                        \
    }
DRAW(uint8_t, 8)
DRAW(uint16_t, 16)
DRAW(uint32_t, 32)

static inline void present(void)
{
    __asm__ volatile("fence rw, rw" ::: "memory");
}

/* Line by line, from left to right. */
static void lines(void)
{
    phase(1);
    for (unsigned y = 0; y < 8; y++) {
        for (unsigned x = 0; x < WIDTH; x++) {
            draw8(x, y, (uint8_t)(x + 3 * y));
        }
    }
    present();
    phase(2);
    for (unsigned y = 8; y < 16; y++) {
        for (unsigned x = 0; x < WIDTH; x += 2) {
            draw16(x, y, (uint16_t)(x * y));
        }
    }
    present();
    phase(3);
    for (unsigned y = 16; y < 24; y++) {
        for (unsigned x = 0; x < WIDTH; x += 4) {
            draw32(x, y, x * 0x01010101u + y);
        }
    }
    present();
}

/* Nothing to combine but two bytes of a row. */
static void columns(void)
{
    phase(4);
    for (unsigned x = 0; x < 16; x += 2) {
        for (unsigned y = 24; y < 32; y++) {
            draw8(x + 1, y, (uint8_t)(x ^ y));
            draw8(x, y, (uint8_t)(x + y));
        }
    }
    present();
}

/* A rectangle, its border over it, and its middle read in between. */
static unsigned rectangle(void)
{
    unsigned seen = 0;
    phase(5);
    for (unsigned y = 32; y < 40; y++) {
        for (unsigned x = 20; x < 60; x += 4) {
            draw32(x, y, 0x55555555);
        }
        seen += *reg8(FRAME + y * WIDTH + 40);
        draw8(20, y, 0xff);
        draw8(59, y, 0xff);
    }
    present();
    return seen == 8 * 0x55;
}

/* Downwards, mixed widths, the same place twice. */
static void backwards(void)
{
    phase(6);
    for (unsigned x = WIDTH; x >= 8; x -= 8) {
        draw32(x - 4, 44, x);
        draw16(x - 6, 44, (uint16_t)x);
        draw8(x - 8, 44, (uint8_t)x);
        draw8(x - 8, 44, (uint8_t)~x);
    }
    __asm__ volatile("fence.i" ::: "memory");
}

int main(void)
{
    trap_enable();
    lines();
    columns();
    bool right = rectangle();
    backwards();
    phase(7);
    for (unsigned i = 0; i < WIDTH * HEIGHT; i++) {
        right = right && *reg8(FRAME + i) == expected[i];
    }
    phase(0);
    return !right;
}
