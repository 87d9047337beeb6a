/*
 * machine_semihosting.c - what firmware asks of the host with slli, ebreak,
 * srai: to end the run, and to print.
 *
 * Model    Operation in a0, parameter in a1: a number, a character's address,
 *          or the address of a block of XLEN-wide words; the result goes to
 *          a0. Handles 1 to 3 are the console, opened as ":tt" (1 to read, 2
 *          to write, 3 to append); reading finds its end at once. Memory is
 *          read as the hart would, through its page tables, and not recorded.
 * Source   Arm, "Semihosting for AArch32 and AArch64" (2.0); RISC-V
 *          Semihosting 0.4: the call sequence, SYS_EXIT of RV64 takes a block.
 * Missing  files, time, command line: -1.
 */
#include <string.h>

#include "sim/machine_private.h"

enum {
    SYS_OPEN = 0x01,
    SYS_CLOSE = 0x02,
    SYS_WRITEC = 0x03,
    SYS_WRITE0 = 0x04,
    SYS_WRITE = 0x05,
    SYS_ISTTY = 0x09,
    SYS_EXIT = 0x18,
    SYS_EXIT_EXTENDED = 0x20,
    APPLICATION_EXIT = 0x20026, /* ADP_Stopped_ApplicationExit */
    WRITE0_MOST = 1 << 16,      /* bytes */
    BLOCK_WORDS = 3,
};
#define FAILED UINT64_MAX

static uint64_t read_virtual(Hart *hart, uint64_t address, void *buf,
                             uint64_t len)
{
    return hart_debug(hart, address, buf, len, false);
}

/* The first n words of the block at address; false: not all are memory. */
static bool read_block(Hart *hart, uint64_t address, unsigned n,
                       uint64_t word[BLOCK_WORDS])
{
    unsigned bytes = hart_config(hart)->isa.xlen / 8;
    uint8_t raw[BLOCK_WORDS * 8];
    if (read_virtual(hart, address, raw, n * bytes) < n * bytes) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        word[i] = 0;
        for (unsigned k = bytes; k > 0; k--) {
            word[i] = word[i] << 8 | raw[i * bytes + k - 1];
        }
    }
    return true;
}

static uint64_t write0(Machine *m, Hart *hart, uint64_t address)
{
    for (unsigned i = 0; i < WRITE0_MOST; i++) {
        uint8_t byte = 0;
        if (read_virtual(hart, address + i, &byte, 1) < 1 || !byte) {
            break;
        }
        machine_console_byte(m, byte);
    }
    return 0;
}

/* Handle, address, length; the result is how many bytes were not written. */
static uint64_t write_handle(Machine *m, Hart *hart, uint64_t block)
{
    uint64_t word[BLOCK_WORDS];
    if (!read_block(hart, block, 3, word) || word[0] < 2 || word[0] > 3) {
        return FAILED;
    }
    return word[2] -
           machine_console_write(m, hart, read_virtual, word[1], word[2]);
}

/* Name, mode (fopen's, times four: r, r+, w, w+, a, a+), length of the name. */
static uint64_t open_console(Hart *hart, uint64_t block)
{
    uint64_t word[BLOCK_WORDS];
    char name[4] = "";
    if (!read_block(hart, block, 3, word) || word[2] != 3 || word[1] > 11 ||
        read_virtual(hart, word[0], name, 3) < 3 || strcmp(name, ":tt") != 0) {
        return FAILED;
    }
    return 1 + word[1] / 4;
}

static uint64_t end_run(Machine *m, Hart *hart, uint64_t op, uint64_t parameter)
{
    bool wide = hart_config(hart)->isa.xlen == 64;
    uint64_t word[BLOCK_WORDS] = {parameter};
    if (op == SYS_EXIT_EXTENDED || wide) {
        if (!read_block(hart, parameter, 2, word)) {
            return FAILED;
        }
        machine_finish(m,
                       word[0] == APPLICATION_EXIT ? (int)(word[1] & 255) : 1);
    } else {
        machine_finish(m, word[0] == APPLICATION_EXIT ? 0 : 1);
    }
    return 0;
}

void machine_semihosting(void *opaque, Hart *hart)
{
    enum { A0 = 10, A1 = 11 };
    Machine *m = opaque;
    uint64_t op = hart_x(hart, A0), parameter = hart_x(hart, A1);
    uint64_t word[BLOCK_WORDS], result = FAILED;
    switch (op) {
    case SYS_OPEN: result = open_console(hart, parameter); break;
    case SYS_WRITEC: /* a character's address, unlike all others */
        if (machine_console_write(m, hart, read_virtual, parameter, 1) == 1) {
            result = 0;
        }
        break;
    case SYS_WRITE0: result = write0(m, hart, parameter); break;
    case SYS_WRITE: result = write_handle(m, hart, parameter); break;
    case SYS_CLOSE:
    case SYS_ISTTY:
        if (read_block(hart, parameter, 1, word) && word[0] >= 1 &&
            word[0] <= 3) {
            result = op == SYS_ISTTY;
        }
        break;
    case SYS_EXIT:
    case SYS_EXIT_EXTENDED: result = end_run(m, hart, op, parameter); break;
    default: break;
    }
    hart_set_x(hart, A0, result);
}
