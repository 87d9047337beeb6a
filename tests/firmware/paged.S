# paged.S - in supervisor mode, behind page tables that move RAM to 0x40000000,
# a character and "test passed" go to tohost; what is at its virtual address
# without translation is no memory.

#include "bare.inc"

    .section .text.init, "ax"
    .globl _start
    .type _start, @function
_start:
    la t0, trapped
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f         # NAPOT over everything, RWX
    csrw pmpcfg0, t0
    la t0, root
    srli t1, t0, 12
    li t2, 0xcf         # D A X W R V
#if __riscv_xlen == 64
    li t3, 0x80000000 >> 12 << 10
    or t3, t3, t2
    sd t3, 1 * 8(t0)    # 1 GiB at 0x40000000
    sd t3, 2 * 8(t0)    # and where it is
    li t3, 8
    slli t3, t3, 60     # Sv39
#else
    li t3, 0x80000000 >> 12 << 10
    or t3, t3, t2
    li t4, 0x40000000 >> 22 << 2
    add t4, t4, t0
    sw t3, 0(t4)        # 4 MiB at 0x40000000
    li t4, 0x80000000 >> 22 << 2
    add t4, t4, t0
    sw t3, 0(t4)        # and where they are
    li t3, 1
    slli t3, t3, 31     # Sv32
#endif
    or t1, t1, t3
    csrw satp, t1
    sfence.vma
    li t0, 3 << 11
    csrc mstatus, t0
    li t0, 1 << 11      # MPP = S
    csrs mstatus, t0
    la t0, supervisor
    li t1, 0x40000000
    sub t0, t0, t1      # goes on at the other address
    csrw mepc, t0
    mret
supervisor:
    la s1, tohost       # pc-relative: virtual
    li a0, 'S'
    li a1, 0x01010000
    sw a0, 0(s1)
    sw a1, 4(s1)
    li a0, 1
    sw a0, 0(s1)
    sw zero, 4(s1)
1:  j 1b
    .balign 4
trapped:
    la s1, tohost
    csrr a0, mcause
    slli a0, a0, 1
    ori a0, a0, 1
    sw a0, 0(s1)
    sw zero, 4(s1)
    j trapped
    .size _start, . - _start

    HOST_WORDS

    .data
    .balign 4096
root: .zero 4096
