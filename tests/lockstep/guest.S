# guest.S - in and out of a case: entry, the trap entries of M and S, exit.
#
# A case owns every register, so a trap has only CSRs to begin with: in M
# mscratch and stval hold two registers until mstatus is read and MPRV cleared,
# in S sscratch holds one.

#include "tests/lockstep/guest.h"

#if WORD == 8
#define LX ld
#define SX sd
#else
#define LX lw
#define SX sw
#endif

    .section .text.init, "ax"
    .globl _start
_start:
    la sp, m_stack_top
    la t0, m_trap
    csrw mtvec, t0
    tail guest_main

    .text
# All but x30 and x31, by x31 (M) or x31 (S)
    .macro SAVE_REGISTERS
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
    SX x\n, \n*WORD(x31)
    .endr
    .endm
    .macro LOAD_REGISTERS
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29
    LX x\n, \n*WORD(x31)
    .endr
    .endm

    .globl m_trap
    .balign 4
m_trap:
    csrw mscratch, x31
    csrw stval, x30
    lui x30, MPRV >> 12
    csrrc x30, mstatus, x30
    la x31, frame
    SAVE_REGISTERS
    SX x30, FRAME_STATUS(x31)
    csrr x1, stval
    SX x1, 30*WORD(x31)
    csrr x1, mscratch
    SX x1, 31*WORD(x31)
    la sp, m_stack_top
    call m_trap_c
    bnez a0, leave
resume:
    la x31, frame
    LOAD_REGISTERS
    LX x30, 31*WORD(x31)
    csrw mscratch, x30
    LX x30, 30*WORD(x31)
    csrw stval, x30
    LX x30, FRAME_MPRV(x31)
    csrs mstatus, x30
    csrr x30, stval
    csrr x31, mscratch
    mret

# enter(frame): mepc and mstatus are set. Returns when the case has been left.
    .globl enter
enter:
    addi sp, sp, -16*WORD
    SX ra, 0*WORD(sp)
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
    SX s\n, (\n+1)*WORD(sp)
    .endr
    la t0, main_sp
    SX sp, 0(t0)
    j resume

leave:
    la t0, main_sp
    LX sp, 0(t0)
    LX ra, 0*WORD(sp)
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11
    LX s\n, (\n+1)*WORD(sp)
    .endr
    addi sp, sp, 16*WORD
    ret

# load_floats(frame), save_floats(frame): with FS on.
    .globl load_floats
load_floats:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fld f\n, (FRAME_F+8*\n)(a0)
    .endr
    LX t0, FRAME_FCSR(a0)
    csrw fcsr, t0
    ret
    .globl save_floats
save_floats:
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fsd f\n, (FRAME_F+8*\n)(a0)
    .endr
    csrr t0, fcsr
    SX t0, FRAME_FCSR(a0)
    ret

    .globl s_trap
    .balign 4
s_trap:
    csrw sscratch, x31
    la x31, s_frame
    SAVE_REGISTERS
    SX x30, 30*WORD(x31)
    csrr x1, sscratch
    SX x1, 31*WORD(x31)
    csrr x1, sstatus
    SX x1, FRAME_STATUS(x31)
    la sp, s_stack_top
    call s_trap_c
    bnez a0, s_finish
    la x31, s_frame
    LOAD_REGISTERS
    LX x30, 30*WORD(x31)
    LX x31, 31*WORD(x31)
    sret
    .globl s_finish
s_finish:
    ecall

    .bss
    .balign 16
    .space 4096
m_stack_top:
main_sp: .space WORD

    .section .shared, "aw"
    .balign 16
    .space 2048
s_stack_top:
