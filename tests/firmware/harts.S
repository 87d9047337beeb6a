# harts.S - two harts that count, each in its own loop and word, until the first
# has seen the second one done. Exit status 7.

#include "bare.inc"

    .equ ROUNDS, 2000

    .section .text.init, "ax"
    .globl _start
    .type _start, @function
_start:
    csrr a0, mhartid
    bnez a0, second

    .globl first
    .type first, @function
first:
    la s0, counts
    li s1, ROUNDS
first_loop:
    lw a1, 0(s0)
    addi a1, a1, 1
first_store:
    sw a1, 0(s0)
    bltu a1, s1, first_loop
1:  lw a1, 4(s0)        # the other one
    bltu a1, s1, 1b
    li a0, 0x00073333   # finisher: fail, status 7
    li a1, 0x00100000
    sw a0, 0(a1)
1:  j 1b
    .size first, . - first

    .globl second
    .type second, @function
second:
    la s0, counts
    li s1, ROUNDS
second_loop:
    lw a1, 4(s0)
    addi a1, a1, 1
second_store:
    sw a1, 4(s0)
    bltu a1, s1, second_loop
2:  wfi
    j 2b
    .size second, . - second

    .data
    .globl counts
    .type counts, @object
    .align 3
counts:
    .word 0, 0
    .size counts, 8
