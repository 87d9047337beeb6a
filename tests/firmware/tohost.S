# tohost.S - what conformance tests do with tohost: characters, a system call,
# a signature, and test 7 fails.

#include "bare.inc"

    .section .text.init, "ax"
    .globl _start
    .type _start, @function
_start:
    la s1, tohost
    la s2, fromhost
    la s0, greeting
character:              # device 1, command 1
    lbu a0, 0(s0)
    beqz a0, call
    li a1, 0x01010000
    sw a0, 0(s1)
    sw a1, 4(s1)
1:  lw a2, 0(s1)        # until it was taken
    bnez a2, 1b
    lw a2, 4(s2)
    bne a2, a1, broken
    sw zero, 0(s2)
    sw zero, 4(s2)
    addi s0, s0, 1
    j character
call:                   # SYS_write(1, text, 5)
    la s3, block
    sw s3, 0(s1)
    sw zero, 4(s1)
1:  lw a0, 0(s2)
    beqz a0, 1b
    sw zero, 0(s2)
    lw a0, 0(s3)
    li a1, 5
    bne a0, a1, broken
    la a0, begin_signature
    li a1, 0x12345678
    sw a1, 4(a0)
    li a0, 7 << 1 | 1
    sw a0, 0(s1)
    sw zero, 4(s1)
1:  j 1b
broken:
    li a0, 99 << 1 | 1
    sw a0, 0(s1)
    sw zero, 4(s1)
    j broken
    .size _start, . - _start

    HOST_WORDS

    .data
greeting: .asciz "htif\n"
text: .ascii "call\n"
    .balign 64
block:
    .dword 64, 1
    ADDRESS64(text)
    .dword 5
    .balign 4
    .globl begin_signature
begin_signature: .word 0x00000001, 0, 0xdeadbeef
    .globl end_signature
end_signature:
