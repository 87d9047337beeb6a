/*
 * insn.h - decode one instruction.
 *
 * Everything comes from the lines of insn.def and rvc.def: encodings, operands,
 * timing class; the executor (cpu/exec.inc) is compiled from the same lines.
 * Decoding is pure: a word in, an Insn out.
 */
#ifndef CPU_INSN_H
#define CPU_INSN_H

#include "cpu/hart.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One code per line of insn.def, in its order, then what is no instruction. */
typedef enum InsnCode {
#define INSN(name, isa, encoding, operands, time, ...) INSN_##name,
#include "cpu/insn.def"
#undef INSN
    INSN_NUM, /* how many there are */
    INSN_ILLEGAL = INSN_NUM,
    INSN_END, /* the block goes on in the next one */
    /* handlers only: of an op whose operands matter, and of the end behind it
     */
    INSN_OPERAND,
    INSN_OPERAND_END,
    INSN_CODES
} InsnCode;

/* Codes below this are integer instructions, whose handlers have variants. */
enum {
#define INSN_INTEGER
#define INSN(name, isa, encoding, operands, time, ...) INSN_INTEGER_##name,
#include "cpu/insn.def"
#undef INSN
#undef INSN_INTEGER
    INSN_INTEGERS
};

typedef struct InsnSpec {
    const char *name; /* with `_` for `.` */
    const char *encoding;
    uint64_t isa; /* all of these ISA_* bits are needed */
    uint8_t operands;
    uint8_t time; /* TimeClass */
} InsnSpec;
extern const InsnSpec insn_table[INSN_NUM];

/* Which of an instruction's registers are f registers. */
enum { INSN_F_RD = 1, INSN_F_RS1 = 2, INSN_F_RS2 = 4, INSN_F_RS3 = 8 };

typedef struct Insn {
    uint16_t code; /* InsnCode; INSN_ILLEGAL: no such instruction */
    uint8_t size;  /* bytes: 2 or 4 */
    uint8_t rd, rs1, rs2, rs3;
    uint8_t f; /* INSN_F_* */
    bool reads_rs1, reads_rs2, reads_rs3, writes_rd;
    uint32_t word; /* as fetched, 16 or 32 bits */
    int64_t imm;   /* sign-extended; CSR number for CSR instructions; rounding
                      mode (0..7) for those that round */
} Insn;

typedef struct InsnDecoder InsnDecoder;
/* Tables for one set of extensions; NULL when the host has no memory. */
InsnDecoder *insn_decoder_new(const HartIsa *isa);
void insn_decoder_free(InsnDecoder *d);

/* Decodes the instruction whose first halfword is in bits 15..0 of word. */
Insn insn_decode(const InsnDecoder *d, uint32_t word);

/* The 32-bit word a 16-bit one stands for; 0 (illegal) when reserved. */
uint32_t insn_expand(const InsnDecoder *d, uint16_t half);

/* Fixed bits of an encoding picture; returns how many bits it has. */
unsigned insn_pattern(const char *encoding, uint32_t *mask, uint32_t *match);

/* Does the code end a block? */
bool insn_ends_block(unsigned code);

/* Writes "rv64imafdc_zicsr_zba" in canonical order, cut to size - 1 characters,
 * with a NUL if size is not 0; returns the length of the whole. What
 * hart_isa_parse() takes; ISA_S does not show. */
size_t hart_isa_text(const HartIsa *isa, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
