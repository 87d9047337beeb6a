# semihosting.S - prints by SYS_WRITE0, SYS_WRITEC and SYS_WRITE, and ends with
# status 9. Without semihosting the first call is a plain breakpoint: 50.

#include "bare.inc"

    .macro SEMIHOST operation
    li a0, \operation
    .balign 16          # the three must lie in one page
    .option push
    .option norvc
    slli zero, zero, 0x1f
    ebreak
    srai zero, zero, 7
    .option pop
    .endm

    .section .text.init, "ax"
    .globl _start
    .type _start, @function
_start:
    la t0, breakpoint
    csrw mtvec, t0
    la a1, greeting
    SEMIHOST 0x04       # SYS_WRITE0
    la a1, letter
    SEMIHOST 0x03       # SYS_WRITEC
    la a1, open_block
    SEMIHOST 0x01       # SYS_OPEN ":tt" to write: handle 2
    la a1, write_block
    STOREX a0, 0(a1)
    SEMIHOST 0x05       # SYS_WRITE: 0 bytes left
    bnez a0, wrong
    la a1, file_block
    SEMIHOST 0x01       # SYS_OPEN of a file
    addi a0, a0, 1
    bnez a0, wrong
    SEMIHOST 0x11       # SYS_TIME: not ours
    addi a0, a0, 1
    bnez a0, wrong
    la a1, exit_block
    SEMIHOST 0x20       # SYS_EXIT_EXTENDED
wrong:
    la a1, wrong_block
    SEMIHOST 0x20
    .balign 4
breakpoint:
    csrr a0, mcause
    li a1, 3
    bne a0, a1, breakpoint
    li a0, 50 << 16 | 0x3333
    li a1, 0x00100000
    sw a0, 0(a1)        # the test finisher
    j breakpoint
    .size _start, . - _start

    .data
    .balign 8
open_block: WORDX console, 4, 3
file_block: WORDX file, 4, 4
write_block: WORDX 0, text, 6
exit_block: WORDX 0x20026, 9
wrong_block: WORDX 0x20026, 77
greeting: .asciz "semi"
letter: .ascii "-"
text: .ascii "host!\n"
console: .asciz ":tt"
file: .asciz "file"
