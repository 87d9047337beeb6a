/*
 * cli_db.c - report and sql: reading the database of a run.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli.h"
#include "traces/trace.h"

/* -- report --------------------------------------------------------------- */

static int report(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"plain", no_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    bool json = false, plain = !isatty(STDOUT_FILENO);
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (c) {
        case 'j': json = true; break;
        case 'p': plain = true; break;
        default: return cli_bad_option(argv, c, options);
        }
    }
    if (argc - optind != 1) {
        return cli_error("report takes one database: socscope report RUN.db");
    }
    Error *err = NULL;
    return trace_report(argv[optind], plain, json, stdout, &err)
               ? CLI_OK
               : cli_fail(err);
}

const CliCommand cli_report = {
    .name = "report",
    .summary = "where did the cycles go",
    .help = "usage: socscope report RUN.db [--json] [--plain]\n\n"
            "Prints what the run cost: cycles and what they were spent on, per "
            "region and\nfunction, who waited for whom, the hottest registers, "
            "split accesses.\n\n"
            "  --json     as JSON\n"
            "  --plain    ASCII only, no colours (as when output is no "
            "terminal)\n",
    .run = report,
};

/* -- recover -------------------------------------------------------------- */

static int recover(int argc, char **argv)
{
    static const struct option options[] = {{NULL, 0, NULL, 0}};
    opterr = 0;
    int c = getopt_long(argc, argv, ":", options, NULL);
    if (c != -1) {
        return cli_bad_option(argv, c, options);
    }
    if (argc - optind != 1) {
        return cli_error("recover takes one database: socscope recover RUN.db");
    }
    Error *err = NULL;
    uint64_t rows;
    bool done;
    if (!trace_recover(argv[optind], &rows, &done, &err)) {
        return cli_fail(err);
    }
    if (done) {
        printf("%s: %" PRIu64 " transactions\n", argv[optind], rows);
    } else {
        printf("%s: its run was closed, there is nothing to recover\n",
               argv[optind]);
    }
    return CLI_OK;
}

const CliCommand cli_recover = {
    .name = "recover",
    .summary = "bring in the last transactions of a killed run",
    .help = "usage: socscope recover RUN.db\n\n"
            "A run that was killed leaves its last transactions in "
            "RUN.db-tail. recover makes\nthem rows of tx, writes the summaries "
            "that can be made of transactions, and\nremoves that file. The "
            "program must be the one that made the run.\n",
    .run = recover,
};

/* -- sql ------------------------------------------------------------------ */

static int sql(int argc, char **argv)
{
    static const struct option options[] = {
        {"csv", no_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    TraceFormat format = TRACE_TABLE;
    int c;
    opterr = 0;
    while ((c = getopt_long_only(argc, argv, ":", options, NULL)) != -1) {
        switch (c) {
        case 'c': format = TRACE_CSV; break;
        case 'j': format = TRACE_JSON; break;
        default: return cli_bad_option(argv, c, options);
        }
    }
    if (argc - optind != 2) {
        return cli_error("sql takes a database and one statement: socscope sql "
                         "RUN.db \"SELECT ...\"");
    }
    Error *err = NULL;
    return trace_sql(argv[optind], argv[optind + 1], format, stdout, &err)
               ? CLI_OK
               : cli_fail(err);
}

const CliCommand cli_sql = {
    .name = "sql",
    .summary = "ask the database of a run",
    .help = "usage: socscope sql RUN.db \"SELECT ...\" [-csv|-json]\n\n"
            "Runs one SELECT and prints its rows as a table. The tables are in "
            "docs/database.md;\n\"select name, type from sqlite_schema\" lists "
            "them.\n\n"
            "  -csv       comma-separated values with a heading\n"
            "  -json      an array of objects\n",
    .run = sql,
};
