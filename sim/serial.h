/*
 * serial.h - where the bytes of serial devices go and come from on the host.
 */
#ifndef SIM_SERIAL_H
#define SIM_SERIAL_H

#include <stdio.h>

#include "sim/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct SerialSet SerialSet; /* the backends of one machine */

/* For --help: the forms of a SPEC, one per line. */
extern const char serial_help[];

/* specs: n texts "[DEVICE=]BACKEND"; a device that none names is silent, but
 * the first one (by name), which has stdio when stdin is a terminal, else
 * stdout. Opens the files. m outlives the set; NULL: a bad spec or file. */
SerialSet *serial_new(Machine *m, const char *const *specs, unsigned n,
                      Error **errp);
/* Restores the terminal, closes files. NULL is fine; before machine_free(). */
void serial_free(SerialSet *set);
/* What the first device puts out also goes to f; borrowed. */
void serial_copy(SerialSet *set, FILE *f);
/* Input of an earlier run is coming: none is taken from the host. */
void serial_replays(SerialSet *set);
/* Does a script type what that device receives? */
bool serial_scripted(const SerialSet *set, const char *device);
/* Writes out what waits in buffers. False: a file cannot be written. */
bool serial_flush(SerialSet *set);
/* Did the user ask to end the run (Ctrl-A x)? */
bool serial_quit(const SerialSet *set);
/* Does any device put out to the terminal? */
bool serial_on_terminal(const SerialSet *set);
/* After the run: false if a script expected in vain. */
bool serial_check(const SerialSet *set, Error **errp);

#ifdef __cplusplus
}
#endif
#endif
