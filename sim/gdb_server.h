/*
 * gdb_server.h - where gdb connects, and the turns of gdb and the machine.
 */
#ifndef SIM_GDB_SERVER_H
#define SIM_GDB_SERVER_H

#include "sim/gdb.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GdbServer GdbServer;

/* Listens at `where`: PORT (of this host only; 0: any free one), HOST:PORT or
 * unix:PATH; "tcp:" may be in front. wait: the machine does not begin before
 * gdb says so. SIGINT and SIGTERM are to be blocked from gdb_server_wait() on.
 */
GdbServer *gdb_server_new(Machine *m, const char *where, bool wait,
                          Error **errp);
/* Hangs up. NULL is fine; before machine_free(). */
void gdb_server_free(GdbServer *s);
/* As gdb's `target remote` takes it: "127.0.0.1:1234", a path. */
const char *gdb_server_address(const GdbServer *s);
/* Before each machine_run(): serves gdb while the machine is stopped. False:
 * the machine shall not go on, because gdb has killed it or a signal came. */
bool gdb_server_wait(GdbServer *s);
/* Now and then while the machine runs: may call machine_pause(). */
void gdb_server_poll(GdbServer *s);
/* After each machine_run(), as gdb_ran(). False: gdb wants it to go on, or to
 * look at it first. */
bool gdb_server_over(GdbServer *s, MachineStop stop, int status,
                     const char *how);
bool gdb_server_killed(const GdbServer *s);

#ifdef __cplusplus
}
#endif
#endif
