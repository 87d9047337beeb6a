/*
 * diff_insn.c - is this the same instruction in another build?
 *
 * Model    When code moves, the same source gives other words: jumps, calls and
 *          the instructions that form addresses hold distances. Two words are
 *          equal, or differ only in operands that may hold an address (the
 *          immediates of lui, auipc, jal, c.j, and of instructions whose base
 *          is gp or a register that lui or auipc has just set), or differ.
 * Missing  A constant made by lui is taken for an address; the caller keeps the
 *          first of these for when nothing else differs.
 * Source   The RISC-V Instruction Set Manual, volume I, chapters 2 and 16;
 *          linker relaxation: RISC-V ELF psABI.
 */
#include "traces/diff.h"

enum {
    OP_LOAD = 0x03,
    OP_IMM = 0x13,
    OP_STORE = 0x23,
    OP_LUI = 0x37,
    OP_AUIPC = 0x17,
    OP_JAL = 0x6f,
    OP_JALR = 0x67,
    OP_BRANCH = 0x63,
    OP_LOAD_FP = 0x07,
    OP_STORE_FP = 0x27,
    OP_IMM_32 = 0x1b,
    REG_GP = 3
};

static uint32_t opcode(uint32_t w)
{
    return w & 0x7f;
}

/* The bits of w that are the same wherever code and data lie. */
static uint32_t fixed_bits(const InsnState *s, uint32_t w, unsigned size)
{
    if (size == 2) { /* c.j and, on RV32, c.jal; on RV64 that is c.addiw */
        bool jump = (w & 0xe003) == 0xa001 || (w & 0xe003) == 0x2001;
        return jump ? 0xe003 : 0xffff;
    }
    uint32_t base = w >> 15 & 31;
    bool address = base == REG_GP || (s->address >> base & 1);
    switch (opcode(w)) {
    case OP_LUI:
    case OP_AUIPC:
    case OP_JAL: return 0x00000fff;
    case OP_LOAD:
    case OP_LOAD_FP:
    case OP_IMM:
    case OP_IMM_32:
    case OP_JALR: return address ? 0x000fffff : 0xffffffff;
    case OP_STORE:
    case OP_STORE_FP: return address ? 0x01fff07f : 0xffffffff;
    default: return 0xffffffff;
    }
}

/* Which registers hold an address's upper part after w. */
static void follow(InsnState *s, uint32_t w, unsigned size)
{
    uint32_t rd = 1u << (w >> 7 & 31);
    uint32_t op = opcode(w);
    if (size == 2) {
        bool writes = (w & 3) != 0 && (w & 0xe003) != 0xa001 &&
                      (w & 0xc003) != 0xc002 && (w & 0xc003) != 0xc001;
        s->address &= writes ? ~rd : ~UINT32_C(0);
    } else if (op == OP_LUI || op == OP_AUIPC) {
        s->address |= rd & ~1u;
    } else if (op != OP_STORE && op != OP_STORE_FP && op != OP_BRANCH &&
               op != OP_LOAD_FP) {
        s->address &= ~rd;
    }
}

InsnSame insn_compare(InsnState *s, uint32_t a, uint32_t b, unsigned size)
{
    uint32_t fixed = fixed_bits(s, a, size);
    follow(s, a, size);
    return a == b                       ? INSN_EQUAL
           : (a & fixed) == (b & fixed) ? INSN_MOVED
                                        : INSN_OTHER;
}
