/*
 * cli_options.h - the options of run.
 */
#ifndef SIM_CLI_OPTIONS_H
#define SIM_CLI_OPTIONS_H

#include "sim/cli.h"
#include "sim/cli_progress.h"
#include "sim/machine.h"
#include "sim/stats.h"

typedef struct StatsFile {
    StatsFormat format;
    const char *path;
    FILE *out;
} StatsFile;

enum { MAX_STATS = 4 };

typedef struct RunOptions {
    const char *config, *firmware, *dir;
    CliList set, serial;
    CliList owned; /* texts made here, to be freed */
    const char *timing;
    MachineTrace trace;
    MachineLimits limits;
    StatsFile stats[MAX_STATS];
    unsigned stats_files;
    ProgressMode progress;
    const char *commits, *signature; /* files; NULL: none */
    unsigned granularity;            /* bytes of a line of the signature */
    bool slow, guest_errors, quiet, disasm, semihosting;
} RunOptions;

/* False: explained. opt has its limits and granularity set and is else zero;
 * texts stay those of argv. */
bool cli_options_parse(RunOptions *opt, int argc, char **argv);
/* Loads the description with all that was set. */
Config *cli_options_config(RunOptions *opt, Error **errp);
void cli_options_fini(RunOptions *opt);

#endif
