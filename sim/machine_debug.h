/*
 * machine_debug.h - how a debugger stops a machine and lets it go on.
 *
 * While a debugger is there machine_run() also returns, with MACHINE_RUNNING,
 * when machine_debug_stop() has something to tell. A machine that is let go on
 * without being changed does what it would have done without the debugger, but
 * for harts that were held while others ran: for them that time is idle.
 */
#ifndef SIM_MACHINE_DEBUG_H
#define SIM_MACHINE_DEBUG_H

#include "sim/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a hart does when the machine goes on. */
typedef enum DebugMove {
    DEBUG_RUN,
    DEBUG_STEP, /* one instruction, and on while its pc is in a range. An
                   interrupt that comes before it is served first; a step ends
                   where an exception leads */
    DEBUG_HOLD, /* nothing */
} DebugMove;

typedef enum DebugWhy {
    DEBUG_NONE,
    DEBUG_BREAK, /* the hart has come to a break */
    DEBUG_STEPPED,
    DEBUG_WATCH, /* somebody has accessed what is watched */
} DebugWhy;

typedef struct MachineDebugStop {
    DebugWhy why;
    unsigned hart;
    /* DEBUG_WATCH */
    uint64_t address;
    uint8_t watched, dir;  /* DIR_*: what is watched for, what it was */
    const char *initiator; /* who it was if that is no hart, else NULL */
    uint8_t bytes[8];      /* what a store of one piece has written there */
    uint8_t len;           /* of them; 0: none is known */
} MachineDebugStop;

/* Between runs, all of them. */
bool machine_debug_begin(Machine *m, Error **errp);
/* Everything runs, nothing stops. */
void machine_debug_end(Machine *m);
/* How hart i goes on, from the next machine_run() on; before: DEBUG_RUN. first,
 * end: the range of a step, empty for one instruction. */
void machine_debug_move(Machine *m, unsigned i, DebugMove move, uint64_t first,
                        uint64_t end);
/* The machine has been told all moves: what it stopped for is forgotten. */
void machine_debug_go(Machine *m);
/* Any hart stops before any of these n instructions, for the first time when it
 * comes there again. False: the host has no memory; there are none then. */
bool machine_debug_set_breaks(Machine *m, const uint64_t *pc, unsigned n);
/* Watches len bytes where the current mode of hart i has va. False: nothing is
 * there. */
bool machine_debug_add_watch(Machine *m, unsigned i, uint64_t va, uint64_t len,
                             uint8_t dir);
void machine_debug_clear_watches(Machine *m);
/* Valid until the next machine_debug_go(). */
const MachineDebugStop *machine_debug_stop(const Machine *m);
/* Records transactions from now on, or no more. False: nothing is recorded. */
bool machine_debug_trace(Machine *m, bool on);
unsigned machine_debug_phase(const Machine *m); /* 0: none */
/* Its name; NULL: it has only a number. */
const char *machine_debug_phase_name(const Machine *m);
/* A debugger changes the machine: kept in the database as input of "gdb". */
void machine_debug_note(Machine *m, const void *bytes, size_t len);

#ifdef __cplusplus
}
#endif
#endif
