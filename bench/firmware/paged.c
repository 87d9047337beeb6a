/*
 * paged.c - runs main() in supervisor mode behind page tables of 4 KiB pages.
 *
 * Linked with --wrap=main. Identity map of RAM's first MiB and the pages of the
 * console and the finisher: Sv32 or Sv39. A and D are set from the start.
 * Source   The RISC-V Instruction Set Manual, Volume II, sections 4.3 and 4.4.
 */
#include "tests/firmware/plat.h"

int __wrap_main(void);
int __real_main(void);

#if __riscv_xlen == 32
enum { LEVELS = 2, BITS = 10 };
#define SATP_MODE ((uintptr_t)1 << 31)
#else
enum { LEVELS = 3, BITS = 9 };
#define SATP_MODE ((uintptr_t)8 << 60)
#endif
enum { TABLES = 8, ENTRIES = 1 << BITS, LEAF = 0xcf, POINTER = 1 };

static uintptr_t table[TABLES][ENTRIES] __attribute__((aligned(4096)));
static unsigned tables = 1; /* table[0] is the root */

static void map(uintptr_t page)
{
    uintptr_t *at = table[0];

    for (int level = LEVELS - 1; level > 0; level--) {
        uintptr_t *entry =
            &at[page >> (12 + BITS * level) & (uintptr_t)(ENTRIES - 1)];

        if (!*entry) {
            *entry = (uintptr_t)table[tables++] >> 12 << 10 | POINTER;
        }
        at = (uintptr_t *)(*entry >> 10 << 12);
    }
    at[page >> 12 & (uintptr_t)(ENTRIES - 1)] = page >> 12 << 10 | LEAF;
}

int __wrap_main(void)
{
    for (uintptr_t page = 0; page < 0x100000; page += 4096) {
        map(0x80000000u + page);
    }
    map(UART);
    map(FINISHER);
    __asm__ volatile("csrw pmpaddr0, %0\n"
                     "csrw pmpcfg0, %1\n"
                     "csrw satp, %2\n"
                     "sfence.vma\n"
                     "csrc mstatus, %3\n"
                     "csrs mstatus, %4\n"
                     "la t0, 1f\n"
                     "csrw mepc, t0\n"
                     "mret\n"
                     "1:"
                     :
                     : "r"(~(uintptr_t)0), "r"(0x1f),
                       "r"(SATP_MODE | (uintptr_t)table[0] >> 12),
                       "r"(3u << 11), "r"(1u << 11)
                     : "t0", "memory");
    return __real_main();
}
