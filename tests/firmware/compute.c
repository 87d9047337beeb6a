/*
 * compute.c - ten kernels, ROUNDS times each (COMPUTE_ROUNDS or SMALL_ROUNDS),
 * checked against known results.
 *
 * Phase n is kernel n. Nothing here but plain instructions, the console, the
 * phase marks and the finisher. The expected values were computed by the same
 * kernels on the build machine; the test compute_expected does it again.
 */
#include "kernels.h"

#ifdef __riscv
#include "plat.h"
#else /* on the build machine: prints what `expected` below must hold */
#include <stdio.h>
#endif

/* About 0.5 G instructions on RV32, and about 2 M. */
#define COMPUTE_ROUNDS 690
#define SMALL_ROUNDS 3

static const struct {
    const char *name;
    uint32_t (*run)(uint32_t seed);
    uint32_t expected_small, expected_all; /* after so many rounds */
} kernels[] = {
    {"sort", kernel_sort, 0x6346313d, 0xc540faf5},
    {"crc", kernel_crc, 0x13321ae1, 0xb5bd09e3},
    {"matrix", kernel_matrix, 0x5194d4ad, 0x147c6938},
    {"state", kernel_state, 0x212b53b6, 0x26242ea6},
    {"list", kernel_list, 0x60037215, 0x54481fe5},
    {"fir", kernel_fir, 0x2c1ca5f7, 0x3ea4f04a},
    {"fft", kernel_fft, 0xe142d368, 0xbd2b444d},
    {"compress", kernel_compress, 0xc2b4296d, 0x45b3bd6b},
    {"xtea", kernel_xtea, 0xf1f12690, 0x6c56c6dc},
    {"chacha", kernel_chacha, 0xbaa5f327, 0x5485663b},
};
enum { KERNELS = sizeof kernels / sizeof *kernels };

/* The checksums of all rounds in one; BROKEN as soon as one round is. */
static uint32_t kernel_rounds(unsigned which, unsigned rounds)
{
    uint32_t all = 0;

    for (unsigned i = 0; i < rounds; i++) {
        const uint32_t one = kernels[which].run(1000 * which + i);

        if (one == KERNEL_BROKEN) {
            return KERNEL_BROKEN;
        }
        all = rotate_left(all, 5) ^ one;
    }
    return all;
}

#ifdef __riscv
int main(void)
{
    unsigned failed = 0;

    for (unsigned i = 0; i < KERNELS; i++) {
        const uint32_t expected = ROUNDS == SMALL_ROUNDS
                                      ? kernels[i].expected_small
                                      : kernels[i].expected_all;
        uint32_t sum;

        phase(i + 1);
        sum = kernel_rounds(i, ROUNDS);
        phase(0);
        put_text(kernels[i].name);
        put_char(' ');
        put_hex(sum, 8);
        put_text(sum == expected ? " ok\n" : " WRONG\n");
        failed += sum != expected;
    }
    put_text("compute: ");
    put_dec(KERNELS - failed);
    put_text(" of ");
    put_dec(KERNELS);
    put_text(" kernels right\n");
    return failed != 0;
}
#else
int main(void)
{
    int wrong = 0;

    for (unsigned i = 0; i < KERNELS; i++) {
        const uint32_t small = kernel_rounds(i, SMALL_ROUNDS);
        const uint32_t all = kernel_rounds(i, COMPUTE_ROUNDS);

        wrong |= small != kernels[i].expected_small ||
                 all != kernels[i].expected_all || small == KERNEL_BROKEN ||
                 all == KERNEL_BROKEN;
        printf("%s 0x%08x 0x%08x\n", kernels[i].name, small, all);
    }
    return wrong;
}
#endif
