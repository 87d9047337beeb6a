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
    TraceFilter filter;
    const char *trace_spec, *trace_trigger; /* as typed */
    CliList trace_from, trace_to;
    uint64_t trace_last; /* 0: all */
    unsigned trace_threads;
    bool trace_threads_given, trace_durable;
    MachineMoment *moments;
    CliList load, symbols, phase_on;
    const char *replay; /* a database; NULL: none */
    MachineLimits limits;
    uint64_t resets; /* that the guest may have */
    StatsFile stats[MAX_STATS];
    unsigned stats_files;
    ProgressMode progress;
    const char *commits, *signature; /* files; NULL: none */
    unsigned granularity;            /* bytes of a line of the signature */
    const char *gdb;                 /* where it connects; NULL: nowhere */
    bool halted;                     /* until it says so */
    unsigned disks, flashes;
    const char *dump_dtb;
    const struct RunHost *host; /* who runs it; NULL: the machine itself */
    bool slow, guest_errors, quiet, disasm, semihosting;
} RunOptions;

/* False: explained. opt has its limits and granularity set and is else zero;
 * texts stay those of argv. */
bool cli_options_parse(RunOptions *opt, int argc, char **argv);
/* Loads the description with all that was set. */
Config *cli_options_config(RunOptions *opt, Error **errp);
void cli_options_fini(RunOptions *opt);

/* -- cli_system.c --------------------------------------------------------- */

/* Before cli_trace_windows(): they may name symbols and phases. */
bool cli_system_apply(const RunOptions *opt, Machine *m, Error **errp);
/* After the run: phases that were asked for and never began. */
void cli_system_warn(const Machine *m);

/* Adds "KEY=VALUE" to what is set in the description. False: explained. */
bool cli_set_later(RunOptions *opt, const char *key, const char *value);

/* -- cli_run_help.c ------------------------------------------------------- */

extern const char cli_run_help[], cli_run_help_more[];

/* -- cli_boot.c ----------------------------------------------------------- */

/* -kernel, -append, ... become --kernel, --append, ... */
void cli_boot_habits(int argc, char **argv);
/* The same for any text: what has a meaning in YAML has none. */
bool cli_boot_set(RunOptions *opt, const char *key, const char *value);
/* --disk F: the next virtio slot of the board is a disk. */
bool cli_boot_disk(RunOptions *opt, const char *file);
/* --drive file=F,readonly=on,snapshot=on,...; with if=pflash,unit=N a flash.
 * Other parts are passed over. */
bool cli_boot_drive(RunOptions *opt, const char *text);

/* -- cli_trace.c ---------------------------------------------------------- */

/* --trace=SPEC; NULL: all. False: explained. */
bool cli_trace_spec(RunOptions *opt, const char *text);
/* Gives the machine, which has its firmware, its windows, and checks names.
 * False: explained. */
bool cli_trace_windows(RunOptions *opt, Machine *m);
/* Before machine_attach_trace(). */
void cli_trace_describe(const RunOptions *opt, TraceStore *ts);
/* After machine_detach_trace(): a trace that was asked for and is empty. */
void cli_trace_warn(const RunOptions *opt, TraceStore *ts, bool window_came,
                    bool trigger_came);

#endif
