/*
 * guest.h - what guest.S, guest.c and the plan that generate.py writes share.
 */
#ifndef LOCKSTEP_GUEST_H
#define LOCKSTEP_GUEST_H

#if __riscv_xlen == 64
#define WORD 8
#else
#define WORD 4
#endif

/* Offsets in a Frame: x1..x31 at n * WORD, then these. */
#define FRAME_STATUS (32 * WORD)
#define FRAME_MPRV (33 * WORD)
#define FRAME_FCSR (34 * WORD)
#define FRAME_F (36 * WORD)
#define FRAME_BYTES (36 * WORD + 32 * 8)

#define MPRV 0x20000

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

typedef uintptr_t ux;

/* The registers of a case, before it begins and when it was left. */
typedef struct Frame {
    ux x[32]; /* x[0] unused */
    ux status, mprv;
    ux fcsr, pad;
    uint64_t f[32];
} Frame;

/* generate.py writes these in this order and layout. */
typedef struct Case {
    uint32_t code, bytes; /* in `pristine` */
    uint32_t place;       /* offset in the code window */
    uint32_t end;         /* offset of its last instruction from `place` */
    uint32_t mode;        /* it begins in: 0 U, 1 S, 3 M */
    uint32_t table;       /* index of its page tables; 0: satp is 0 */
    uint32_t pmp;         /* index of its PMP set */
    uint32_t flags;       /* CASE_... */
    uint32_t status;      /* bits set in mstatus */
    uint32_t medeleg, mideleg, mie;
    uint32_t mcounteren, scounteren;
    uint32_t rounds;
    uint32_t pointer_pages; /* of the data window */
} Case;

enum {                   /* of Case.flags */
       CASE_ALIGNED = 1, /* pointers are multiples of 16 */
       CASE_HOLES = 2,   /* some pointers lead to where nothing is */
       CASE_VIRTUAL = 4, /* pointers lead into the data window */
};

typedef struct Table {
    uint64_t satp;
    uint64_t code_s, code_u; /* virtual addresses of the code window */
    uint64_t data;           /* and of the data window */
    uint32_t first, pages;   /* in `tables`, of 4 KiB */
} Table;

typedef struct Pmp {
    uint64_t addr[16];
    uint8_t cfg[16];
} Pmp;

typedef struct Plan {
    uint64_t seed;
    uint32_t cases, boundaries;
    uint32_t focus_case, focus_round; /* NONE: no such */
    uint32_t detail;                  /* DETAIL_... */
    uint32_t points[3];               /* DETAIL_DUMP: boundaries to stop at */
} Plan;

#define NONE UINT32_MAX
enum {
    DETAIL_CASES,  /* a line per case */
    DETAIL_ROUNDS, /* and per round of the focus case */
    DETAIL_SCAN,   /* the focus round stopped at each boundary */
    DETAIL_DUMP,   /* all registers and traps at three boundaries */
};

/* Of guest.S. */
extern char m_trap[], s_trap[], s_finish[];
void enter(Frame *frame);
void mode_leave(void) __attribute__((noreturn));
#endif
#endif
