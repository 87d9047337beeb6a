/*
 * cli_host.h - runs in which SystemC has the lead: who loads models, and calls
 * back. sim/tlm/host.cc is such a one.
 */
#ifndef SIM_CLI_HOST_H
#define SIM_CLI_HOST_H

#include "sim/cli.h"
#include "sim/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct RunHost {
    /* The machine is made, nothing is loaded, no output is open. */
    bool (*begin)(void *opaque, Machine *m, const Config *cfg, Error **errp);
    /* In place of machine_run(); *errp: what a model threw. */
    MachineStop (*run)(void *opaque, Error **errp);
    void (*end)(void *opaque); /* before the machine goes */
    void *opaque;
} RunHost;

/* `socscope run` of that command line. host NULL: none, so far. */
int cli_run_hosted(int argc, char **argv, const RunHost *host);
/* Does the description need one? */
bool cli_needs_host(const Config *cfg);
/* Loads it and hands the command line over; returns the exit status. */
int cli_host_load(int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
