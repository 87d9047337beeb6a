/*
 * cli.h - what the subcommands of the program share.
 *
 * Data goes to stdout; everything else to stderr, a failure as exactly one line
 * `socscope: error: ...`. Only these files print; nothing exits but by
 * returning a status to main.
 */
#ifndef SIM_CLI_H
#define SIM_CLI_H

#include <getopt.h>
#include <stdio.h>

#include "sim/config_node.h"

enum {
    CLI_OK = 0,
    CLI_EXPECT_FAILED = 1, /* a script expected in vain */
    CLI_USAGE = 2,         /* usage, configuration, files */
    CLI_LIMIT = 124,       /* a limit ended the run */
    CLI_STUCK = 125,       /* no hart can ever go on */
    CLI_SIGNAL = 128,      /* + signal number */
};

typedef struct CliCommand {
    const char *name;
    const char *summary; /* one line */
    const char *help;    /* printed by --help; describes exactly what works */
    const char *more;    /* behind it; may be NULL */
    int (*run)(int argc, char **argv); /* argv[0] is the name */
} CliCommand;

extern const CliCommand cli_run, cli_report, cli_diff, cli_sql, cli_check,
    cli_export, cli_expand, cli_recover, cli_map, cli_devices, cli_calibrate;

/* Prints "socscope: error: ..." as one line; returns CLI_USAGE. */
int cli_error(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The same of err, which it frees. */
int cli_fail(Error *err);
/* getopt_long() said '?' or ':': explains; returns CLI_USAGE. */
int cli_bad_option(char **argv, int c, const struct option *options);
/* The value of an option with a unit; 0 or more. False: was explained. */
bool cli_value(const char *option, const char *text, ConfigUnit unit,
               uint64_t *value);
/* A growing NULL-terminated list of borrowed texts; start with {0}. */
typedef struct CliList {
    const char **text;
    unsigned count;
} CliList;
void cli_add(CliList *list, const char *text);

#endif
