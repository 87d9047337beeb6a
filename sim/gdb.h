/*
 * gdb.h - gdb's remote protocol for one machine, without the wire: bytes come
 * in, bytes go out, and gdb_state() says what the machine is to do.
 *
 * Model    All-stop: the machine runs or is stopped as a whole; harts are
 *          threads 1, 2, ... in the order of the file. Breaks and watches are
 *          the machine's own (machine_debug.h): no guest memory is changed for
 *          them, and there are as many as gdb likes. Memory is read and written
 *          as the current mode of a hart sees it, and only memory: devices are
 *          not asked. What gdb changes is kept in the database as input.
 * Units    addresses as the hart's programs use them.
 * Source   Debugging with GDB (gdb 13), appendices E and G.
 * Missing  non-stop mode, File-I/O, tracepoints, multiprocess thread ids.
 */
#ifndef SIM_GDB_H
#define SIM_GDB_H

#include "sim/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Gdb Gdb;

typedef enum GdbState {
    GDB_STOPPED,  /* waits for gdb */
    GDB_RUNNING,  /* machine_run() is to be called; then gdb_ran() */
    GDB_DETACHED, /* gdb is gone, the machine runs on */
    GDB_KILLED,   /* gdb is gone, and the run is over */
    GDB_ENDED,    /* gdb was told that the run is over */
} GdbState;

typedef void GdbSend(void *opaque, const void *bytes, size_t len);

/* A session with a stopped machine that has a hart; m is borrowed. */
Gdb *gdb_new(Machine *m, GdbSend *send, void *opaque, Error **errp);
/* The machine runs freely from now on. NULL is fine. */
void gdb_free(Gdb *g);
/* Any bytes at any time. May call machine_pause(). */
void gdb_input(Gdb *g, const void *bytes, size_t len);
GdbState gdb_state(const Gdb *g);
/* Has gdb asked a running machine to stop? */
bool gdb_interrupted(const Gdb *g);
/* machine_run() returned `stop`, and `status` is the exit status when that ends
 * the run; how: in words, for the user; "" none. The state is GDB_RUNNING still
 * if there was nothing to tell, GDB_STOPPED or GDB_ENDED. */
void gdb_ran(Gdb *g, MachineStop stop, int status, const char *how);

#ifdef __cplusplus
}
#endif
#endif
