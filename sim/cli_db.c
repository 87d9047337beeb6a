/*
 * cli_db.c - report, sql, export, expand: reading the database of a run.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/cli.h"
#include "traces/trace.h"

/* -- report --------------------------------------------------------------- */

static int report(int argc, char **argv)
{
    static const struct option options[] = {
        {"all", no_argument, NULL, 'a'},
        {"json", no_argument, NULL, 'j'},
        {"plain", no_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    TraceReport what = {.plain = !isatty(STDOUT_FILENO)};
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (c) {
        case 'a': what.all = true; break;
        case 'j': what.json = true; break;
        case 'p': what.plain = true; break;
        default: return cli_bad_option(argv, c, options);
        }
    }
    if (argc - optind < 1) {
        return cli_error("report takes a database, and sections to print: "
                         "socscope report RUN.db");
    }
    what.section = (const char *const *)&argv[optind + 1];
    what.sections = (size_t)(argc - optind - 1);
    if (what.json && what.sections) {
        return cli_error("--json prints all metrics; leave out \"%.40s\"",
                         what.section[0]);
    }
    Error *err = NULL;
    return trace_report(argv[optind], &what, stdout, &err) ? CLI_OK
                                                           : cli_fail(err);
}

const CliCommand cli_report = {
    .name = "report",
    .summary = "where did the cycles go",
    .help =
        "usage: socscope report RUN.db [SECTION ...] [--all] [--json] "
        "[--plain]\n\n"
        "Prints where the cycles went, on one screen, and then the "
        "details; with SECTION only\nthese: overview, cycles, functions, "
        "lines, regions, latency, traffic, sources, mix,\nbuses, "
        "caches, contention, polling, registers, pages, pcs, sizes, splits, "
        "posted, alignment, phases,\nfailures, untouched, trust.\n\n"
        "  --all      all rows of each section (at most 10,000)\n"
        "  --json     every metric with its SQL, as JSON\n"
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
        {"units", no_argument, NULL, 'u'},
        {NULL, 0, NULL, 0},
    };
    TraceFormat format = TRACE_TABLE;
    bool units = false;
    int c;
    opterr = 0;
    while ((c = getopt_long_only(argc, argv, ":", options, NULL)) != -1) {
        switch (c) {
        case 'c': format = TRACE_CSV; break;
        case 'j': format = TRACE_JSON; break;
        case 'u': units = true; break;
        default: return cli_bad_option(argv, c, options);
        }
    }
    format = format == TRACE_CSV && units ? TRACE_CSV_UNITS : format;
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
    .help =
        "usage: socscope sql RUN.db \"SELECT ...\" [-csv|-json] [--units]\n\n"
        "Runs one SELECT and prints its rows as a table, columns with "
        "their units. The tables are\nin docs/database.md; \"select name, "
        "type from sqlite_schema\" lists them.\n\n"
        "  -csv       comma-separated values with a heading\n"
        "  --units    units in the heading of -csv, too\n"
        "  -json      an array of objects\n",
    .run = sql,
};

/* -- export --------------------------------------------------------------- */

/* Writes beside FILE and moves it there when it is whole. */
static bool export_to_file(const char *path, const char *table,
                           const char *where, TraceExportFormat format,
                           const char *to, Error **errp)
{
    size_t size = strlen(to) + 32;
    char *part = malloc(size);
    if (!part) {
        return error_set(errp, "the host has no memory left");
    }
    snprintf(part, size, "%s.part-%d", to, (int)getpid());
    FILE *out = fopen(part, "w");
    bool ok = out || error_set(errp,
                               "-o %s: %s; give a file that can be "
                               "written",
                               to, strerror(errno));
    if (out) {
        ok = trace_export(path, table, where, format, out, errp);
        if (fclose(out) != 0 && ok) {
            ok = error_set(errp, "-o %s: %s; is the disk full?", to,
                           strerror(errno));
        }
        if (ok && rename(part, to) != 0) {
            ok = error_set(errp, "-o %s: %s; give a file that can be written",
                           to, strerror(errno));
        }
        if (!ok) {
            unlink(part);
        }
    }
    free(part);
    return ok;
}

static int export(int argc, char **argv)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, 'f'},
        {"table", required_argument, NULL, 't'},
        {"where", required_argument, NULL, 'w'},
        {"out", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    const char *format = NULL, *table = "tx", *where = NULL, *to = NULL;
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
        switch (c) {
        case 'f': format = optarg; break;
        case 't': table = optarg; break;
        case 'w': where = optarg; break;
        case 'o': to = optarg; break;
        default: return cli_bad_option(argv, c, options);
        }
    }
    if (argc - optind != 1 || !format) {
        return cli_error("export takes a database and a format: socscope "
                         "export RUN.db --format csv|jsonl");
    }
    bool csv = !strcmp(format, "csv");
    if (!csv && strcmp(format, "jsonl") != 0) {
        return cli_error("--format %s: is none of csv, jsonl", format);
    }
    TraceExportFormat as = csv ? TRACE_EXPORT_CSV : TRACE_EXPORT_JSONL;
    Error *err = NULL;
    bool ok = to ? export_to_file(argv[optind], table, where, as, to, &err)
                 : trace_export(argv[optind], table, where, as, stdout, &err);
    return ok ? CLI_OK : cli_fail(err);
}

const CliCommand cli_export = {
    .name = "export",
    .summary = "rows of a table as csv or jsonl",
    .help = "usage: socscope export RUN.db --format csv|jsonl [--table NAME] "
            "[--where EXPR] [-o FILE]\n\n"
            "Prints the rows of a table, those of tx in order of recording; "
            "memory does not grow\nwith them.\n\n"
            "  --format csv|jsonl   RFC 4180 with a heading; a JSON object per "
            "line\n"
            "  --table NAME         tx unless given\n"
            "  --where EXPR         only rows where this SQL expression "
            "holds: \"region = 'uart0'\"\n"
            "  -o, --out FILE       writes FILE, which appears when it is "
            "whole\n",
    .run = export,
};

/* -- expand --------------------------------------------------------------- */

static int expand(int argc, char **argv)
{
    static const struct option options[] = {
        {"where", required_argument, NULL, 'w'},
        {"out", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    const char *where = NULL, *to = NULL;
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
        switch (c) {
        case 'w': where = optarg; break;
        case 'o': to = optarg; break;
        default: return cli_bad_option(argv, c, options);
        }
    }
    if (argc - optind != 1 || !to) {
        return cli_error("expand takes a database and a file to write: "
                         "socscope expand RUN.db -o PLAIN.db");
    }
    Error *err = NULL;
    return trace_expand(argv[optind], to, where, &err) ? CLI_OK : cli_fail(err);
}

const CliCommand cli_expand = {
    .name = "expand",
    .summary = "a database of plain tables for other tools",
    .help = "usage: socscope expand RUN.db -o PLAIN.db [--where EXPR]\n\n"
            "Writes a SQLite database in which tx, beat, tx_site and all other "
            "tables are plain\nrows, under the same names: for tools that "
            "cannot read ours. It is much larger, and\nappears when it is "
            "whole.\n\n"
            "  --where EXPR     only transactions where this SQL expression "
            "over tx holds, with their\n                   beats, mmio rows "
            "and tx_site; other summaries stay those of the run\n"
            "  -o, --out FILE   the file to write\n",
    .run = expand,
};
