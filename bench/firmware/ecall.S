# ecall.S - TRIPS round trips from user mode: ecall, a handler in machine mode
# (with DELEGATED: in supervisor mode) that steps over it, and back.
    .section .init, "ax"
    .globl _start
    .type _start, @function
_start:
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f         # NAPOT over everything, RWX
    csrw pmpcfg0, t0
    la t0, handler_m
    csrw mtvec, t0
    la t0, handler_s
    csrw stvec, t0
#ifdef DELEGATED
    li t0, 1 << 8       # ecall from U
    csrw medeleg, t0
#endif
    li t0, 3 << 11      # MPP = U
    csrc mstatus, t0
    la t0, user
    csrw mepc, t0
    li a1, TRIPS
    mret
user:
    ecall
    addi a1, a1, -1
    bnez a1, user
    li a0, 0x00100000
    li a1, 0x5555       # pass
    sw a1, 0(a0)
1:  j 1b
    .balign 4
handler_m:
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    mret
    .balign 4
handler_s:
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    sret
    .size _start, . - _start
