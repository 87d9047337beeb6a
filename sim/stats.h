/*
 * stats.h - the counters of a run as JSON or CSV, for scripts.
 */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include <stdio.h>

#include "sim/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum StatsFormat { STATS_JSON, STATS_CSV } StatsFormat;

typedef struct StatsRun {
    double seconds; /* of the host, in the run loop */
    int exit_status;
    const char *stop; /* machine_stop_name() */
} StatsRun;

/* One row or object for the total and one per hart; see docs/cli.md. */
void stats_write(Machine *m, const StatsRun *run, StatsFormat format,
                 FILE *out);

#ifdef __cplusplus
}
#endif
#endif
