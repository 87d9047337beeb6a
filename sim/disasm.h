/*
 * disasm.h - instructions as people read them.
 */
#ifndef SIM_DISASM_H
#define SIM_DISASM_H

#include "cpu/hart.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Disasm Disasm;

/* For harts of one kind. NULL when the host has no memory. */
Disasm *disasm_new(const HartIsa *isa);
void disasm_free(Disasm *d);

/* "addi sp, sp, -0x10" for the word fetched at pc (16 bits of it when that is
 * all the instruction has); ".2byte 0x..." or ".4byte 0x..." for what is none.
 * Always ends buf with a NUL. */
void disasm_text(Disasm *d, uint64_t pc, uint32_t word, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
