/*
 * access.c - every size and alignment of access to RAM, to a device that takes
 * words only, to an address where nothing is; and a few other exceptions.
 *
 * One line per case: what was done, and either the value or the trap. RAM takes
 * misaligned accesses. The PLIC takes aligned 32-bit accesses only: other sizes
 * are access faults, as is everything in the hole.
 *
 * How a hart splits a misaligned access is its own affair (the ISA manual's
 * chapter on physical memory attributes leaves it open), so those to a device
 * or to nothing are on lines of our own boards, which begin with `own:`.
 *
 * Phases: 1 RAM, 2 device, 3 hole, 4 instructions.
 */
#include "plat.h"

enum { NO_TRAP = -1 };

static volatile long trap_cause = NO_TRAP;
static volatile uintptr_t trap_value, resume;

uintptr_t trap_handler(uintptr_t cause, uintptr_t tval, uintptr_t pc)
{
    trap_cause = (long)cause;
    trap_value = tval;
    /* A jump to where nothing is has no instruction to step over. */
    return cause == 1 ? resume : pc_after(pc);
}

typedef struct Width {
    unsigned size;
    uintptr_t (*load)(uintptr_t address);
    void (*store)(uintptr_t address, uintptr_t value);
} Width;

static const Width widths[] = {
    {1, load_1, store_1},
    {2, load_2, store_2},
    {4, load_4, store_4},
#if __riscv_xlen == 64
    {8, load_8, store_8},
#endif
};
enum { WIDTHS = sizeof widths / sizeof *widths };

static void say_trap(void)
{
    put_text("trap ");
    put_dec((uint32_t)trap_cause);
    put_text(" at ");
    put_hex(trap_value, 8);
    put_char('\n');
}

static void say_case(const char *what, unsigned size, uintptr_t address)
{
    const bool ram = address >= (uintptr_t)0x80000000;

    if (!ram && address % size) {
        put_text("own: ");
    }
    put_text(what);
    put_char(' ');
    put_dec(size);
    put_text(" at ");
    put_hex(address, 8);
    put_text(": ");
}

static void try_load(const Width *w, uintptr_t address)
{
    uintptr_t value;

    trap_cause = NO_TRAP;
    value = w->load(address);
    say_case("load", w->size, address);
    if (trap_cause == NO_TRAP) {
        put_hex(value, 2 * w->size);
        put_char('\n');
    } else {
        say_trap();
    }
}

static void try_store(const Width *w, uintptr_t address, uintptr_t value)
{
    trap_cause = NO_TRAP;
    w->store(address, value);
    say_case("store", w->size, address);
    if (trap_cause == NO_TRAP) {
        put_text("done\n");
    } else {
        say_trap();
    }
}

/* A buffer that crosses a 4 KiB page in its middle. */
static uint8_t pages[8192] __attribute__((aligned(4096)));

static void try_ram(void)
{
    uint8_t *const middle = pages + 4096;

    for (unsigned w = 0; w < WIDTHS; w++) {
        for (unsigned offset = 0; offset < 8; offset++) {
            for (unsigned i = 0; i < 32; i++) {
                middle[(int)i - 16] = (uint8_t)(0x10 + i);
            }
            try_load(&widths[w], (uintptr_t)middle - 4 + offset);
            try_store(&widths[w], (uintptr_t)middle - 4 + offset,
                      (uintptr_t)UINT64_C(0xf1e2d3c4b5a69788));
            put_text("  memory ");
            for (int i = -4; i < 12; i++) {
                put_hex(middle[i], 2);
            }
            put_char('\n');
        }
    }
    middle[0] = 0xfe;
    middle[1] = 0xff;
    put_text("sign extended: ");
    put_hex(load_2s((uintptr_t)middle), sizeof(uintptr_t) * 2);
    put_char('\n');
}

/* A priority register of the PLIC, of a source no board uses. */
static void try_device(void)
{
    const uintptr_t priority = PLIC + 4 * 20;

    for (unsigned w = 0; w < WIDTHS; w++) {
        for (unsigned offset = 0; offset < 4; offset++) {
            try_store(&widths[w], priority + offset, 3);
            try_load(&widths[w], priority + offset);
        }
    }
    try_store(&widths[2], priority, 7);
    try_load(&widths[2], priority);
    try_store(&widths[2], priority, 0);
}

static void try_hole(void)
{
    for (unsigned w = 0; w < WIDTHS; w++) {
        for (unsigned offset = 0; offset < 2; offset++) {
            try_load(&widths[w], HOLE + offset);
            try_store(&widths[w], HOLE + offset, 0);
        }
    }
}

/* -- exceptions that are not about data
 * -------------------------------------------- */
static void say_exception(const char *what, bool with_value)
{
    put_text(what);
    put_text(": ");
    if (trap_cause == NO_TRAP) {
        put_text("no trap\n");
    } else if (with_value) {
        say_trap();
    } else {
        put_text("trap ");
        put_dec((uint32_t)trap_cause);
        put_char('\n');
    }
    trap_cause = NO_TRAP;
}

static void try_instructions(void)
{
    uint32_t *const word = (uint32_t *)pages;

    trap_cause = NO_TRAP;
    __asm__ volatile("ecall" ::: "memory");
    say_exception("ecall", true);
    __asm__ volatile("ebreak" ::: "memory");
    say_exception("ebreak", false);
    __asm__ volatile(".word 0xffffffff" ::: "memory");
    say_exception("illegal word", true);
    __asm__ volatile(".half 0" ::: "memory");
    say_exception("illegal half", true);
    __asm__ volatile("csrr t0, 0x123" ::: "t0", "memory");
    say_exception("absent CSR", false);
    __asm__ volatile("csrw mvendorid, zero" ::: "memory");
    say_exception("read-only CSR", false);
    __asm__ volatile("lr.w t0, (%0)" ::"r"((uintptr_t)word + 2)
                     : "t0", "memory");
    say_exception("misaligned LR", true);
    /* The handler goes on behind the jump. */
    __asm__ volatile("la t0, 1f\n\t"
                     "mv t1, %1\n\t"
#if __riscv_xlen == 64
                     "sd t0, (%0)\n\t"
#else
                     "sw t0, (%0)\n\t"
#endif
                     "jalr t2, (t1)\n"
                     "1:" ::"r"(&resume),
                     "r"((uintptr_t)HOLE)
                     : "t0", "t1", "t2", "memory");
    say_exception("jump to nothing", true);
}

int main(void)
{
    trap_enable();
    phase(1);
    try_ram();
    phase(0);
    phase(2);
    try_device();
    phase(0);
    phase(3);
    try_hole();
    phase(0);
    phase(4);
    try_instructions();
    phase(0);
    put_text("access: done\n");
    return 0;
}
