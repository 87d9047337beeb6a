/*
 * bare.h - what the assembly programs linked with bare.ld share.
 */
#ifndef FIRMWARE_BARE_H
#define FIRMWARE_BARE_H

#if __riscv_xlen == 64
#define WORD 8
#define LOADX ld
#define STOREX sd
#define WORDX .dword
#else
#define WORD 4
#define LOADX lw
#define STOREX sw
#define WORDX .word
#endif

/* A 64-bit word that holds an address. */
#if __riscv_xlen == 64
#define ADDRESS64(symbol) .dword symbol
#else
#define ADDRESS64(symbol) .word symbol, 0
#endif

/* tohost and fromhost, each on a cache line of its own. */
.macro HOST_WORDS.section.tohost, "aw",
    @progbits.balign 64.globl tohost tohost :.dword 0.size tohost,
    8.balign 64.globl fromhost fromhost :.dword 0.size fromhost, 8.endm

#endif
