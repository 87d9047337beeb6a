# trap.S - the machine-mode trap vector, and single accesses for probing.

#if __riscv_xlen == 64
#define WORD 8
#define LOADX ld
#define STOREX sd
#else
#define WORD 4
#define LOADX lw
#define STOREX sw
#endif

# Saves what C may clobber and calls
#   uintptr_t trap_handler(uintptr_t cause, uintptr_t tval, uintptr_t pc)
# which returns where to go on.
    .file "tests/firmware/trap.S"
    .section .text.trap_vector, "ax"
    .globl trap_vector
    .type trap_vector, @function
    .balign 4
trap_vector:
    addi sp, sp, -16 * WORD
    STOREX ra, 0 * WORD(sp)
    STOREX t0, 1 * WORD(sp)
    STOREX t1, 2 * WORD(sp)
    STOREX t2, 3 * WORD(sp)
    STOREX t3, 4 * WORD(sp)
    STOREX t4, 5 * WORD(sp)
    STOREX t5, 6 * WORD(sp)
    STOREX t6, 7 * WORD(sp)
    STOREX a0, 8 * WORD(sp)
    STOREX a1, 9 * WORD(sp)
    STOREX a2, 10 * WORD(sp)
    STOREX a3, 11 * WORD(sp)
    STOREX a4, 12 * WORD(sp)
    STOREX a5, 13 * WORD(sp)
    STOREX a6, 14 * WORD(sp)
    STOREX a7, 15 * WORD(sp)
    csrr a0, mcause
    csrr a1, mtval
    csrr a2, mepc
    call trap_handler
    csrw mepc, a0
    LOADX ra, 0 * WORD(sp)
    LOADX t0, 1 * WORD(sp)
    LOADX t1, 2 * WORD(sp)
    LOADX t2, 3 * WORD(sp)
    LOADX t3, 4 * WORD(sp)
    LOADX t4, 5 * WORD(sp)
    LOADX t5, 6 * WORD(sp)
    LOADX t6, 7 * WORD(sp)
    LOADX a0, 8 * WORD(sp)
    LOADX a1, 9 * WORD(sp)
    LOADX a2, 10 * WORD(sp)
    LOADX a3, 11 * WORD(sp)
    LOADX a4, 12 * WORD(sp)
    LOADX a5, 13 * WORD(sp)
    LOADX a6, 14 * WORD(sp)
    LOADX a7, 15 * WORD(sp)
    addi sp, sp, 16 * WORD
    mret
    .size trap_vector, . - trap_vector

# uintptr_t load_N(uintptr_t address): one load instruction. When it traps and
# the handler steps over it, the result is the mark 0x55.
    .macro LOADER name, insn
    .section .text.\name, "ax"
    .globl \name
    .type \name, @function
\name:
    mv a1, a0
    li a0, 0x55
    \insn a0, 0(a1)
    ret
    .size \name, . - \name
    .endm

# void store_N(uintptr_t address, uintptr_t value): one store instruction.
    .macro STORER name, insn
    .section .text.\name, "ax"
    .globl \name
    .type \name, @function
\name:
    \insn a1, 0(a0)
    ret
    .size \name, . - \name
    .endm

    LOADER load_1, lbu
    LOADER load_2, lhu
    LOADER load_2s, lh
    STORER store_1, sb
    STORER store_2, sh
    STORER store_4, sw
#if __riscv_xlen == 64
    LOADER load_4, lwu
    LOADER load_8, ld
    STORER store_8, sd
#else
    LOADER load_4, lw
#endif
