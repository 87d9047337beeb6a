/*
 * kernels.h - the compute kernels. Each does a piece of work that depends on
 * `seed` and returns a checksum of its result, the same on every machine.
 */
#ifndef FIRMWARE_KERNELS_H
#define FIRMWARE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* A linear congruential generator: state in, next state out. */
static inline uint32_t lcg(uint32_t state)
{
    return state * 1664525 + 1013904223;
}

static inline uint32_t rotate_left(uint32_t value, unsigned by)
{
    return value << by | value >> (32 - by);
}

/* FNV-1a over bytes; the checksum of every kernel. */
uint32_t checksum(const void *bytes, size_t len);

/* kernels.c */
uint32_t kernel_sort(uint32_t seed);
uint32_t kernel_matrix(uint32_t seed);
uint32_t kernel_state(uint32_t seed);
uint32_t kernel_list(uint32_t seed);
uint32_t kernel_fir(uint32_t seed);
uint32_t kernel_fft(uint32_t seed);
/* coding.c */
uint32_t kernel_crc(uint32_t seed);
uint32_t kernel_compress(uint32_t seed);
uint32_t kernel_xtea(uint32_t seed);
uint32_t kernel_chacha(uint32_t seed);

/* Every kernel may return this instead of a checksum: its own check failed. */
#define KERNEL_BROKEN UINT32_C(0xdeadbeef)

#endif
