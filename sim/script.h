/*
 * script.h - a console session as a file: expect, send, wait, in simulated
 * time (docs/cli.md has the format).
 */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include "sim/config.h"
#include "sim/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Script Script;

/* The bytes that TEXT of a command stands for: \n \r \t \\ and \xNN resolved.
 * bytes: as many as text has; `at` stands in messages. */
bool script_text(const char *text, uint8_t *bytes, size_t *len, ConfigPlace at,
                 Error **errp);

/* Reads a script for one serial device of m; it begins at time 0. m and device
 * are borrowed and outlive it. NULL: a syntax error, FILE:LINE. */
Script *script_new(Machine *m, const char *device, const char *path,
                   Error **errp);
void script_free(Script *script); /* NULL is fine; before machine_free() */
/* A byte left the device. */
void script_byte(Script *script, uint8_t byte);
/* After the run: false, with what was expected in vain, if anything was. */
bool script_check(const Script *script, Error **errp);

#ifdef __cplusplus
}
#endif
#endif
