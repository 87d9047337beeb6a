/*
 * cli_progress.h - how far a long run is, on stderr.
 */
#ifndef SIM_CLI_PROGRESS_H
#define SIM_CLI_PROGRESS_H

#include "sim/machine.h"

typedef enum ProgressMode {
    PROGRESS_AUTO, /* a line that is rewritten, on a terminal of its own */
    PROGRESS_NEVER,
    PROGRESS_JSON, /* a line a second */
} ProgressMode;

typedef struct CliProgress {
    Machine *machine;
    const char *db; /* path of the database; NULL: none */
    ProgressMode mode;
    bool shown;
    double begin, next;
    double last;
    uint64_t last_instructions;
} CliProgress;

/* busy: the console writes to the terminal, so that auto shows nothing. */
void cli_progress_init(CliProgress *p, Machine *m, const char *db,
                       ProgressMode mode, bool busy);
/* Shows something if it is time to. */
void cli_progress_step(CliProgress *p);
void cli_progress_fini(CliProgress *p);

#endif
