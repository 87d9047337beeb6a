/*
 * cli_diff.c - diff and check: what changed between two runs, and does a
 * database agree with itself.
 */
#include <stdlib.h>

#include "sim/cli.h"
#include "traces/trace.h"

/* -- diff ----------------------------------------------------------------- */

static int diff(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"junit", required_argument, NULL, 'u'},
        {"fail-on", required_argument, NULL, 'f'},
        {NULL, 0, NULL, 0},
    };
    TraceDiff what = {0};
    CliList fail_on = {0};
    int c, status = -1;
    opterr = 0;
    while (status < 0 &&
           (c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (c) {
        case 'j': what.json = true; break;
        case 'u': what.junit = optarg; break;
        case 'f': cli_add(&fail_on, optarg); break;
        default: status = cli_bad_option(argv, c, options); break;
        }
    }
    if (status < 0 && argc - optind != 2) {
        status = cli_error("diff takes two databases: socscope diff A.db B.db");
    }
    if (status < 0) {
        what.fail_on = fail_on.text;
        what.fail_ons = fail_on.count;
        bool failed = false;
        Error *err = NULL;
        status = !trace_diff(argv[optind], argv[optind + 1], &what, stdout,
                             stderr, &failed, &err)
                     ? cli_fail(err)
                 : failed ? CLI_EXPECT_FAILED
                          : CLI_OK;
    }
    free(fail_on.text);
    return status;
}

const CliCommand cli_diff = {
    .name = "diff",
    .summary = "what changed between two runs",
    .help =
        "usage: socscope diff A.db B.db [--json] [--junit FILE] [--fail-on "
        "EXPR]...\n\n"
        "Says in what two runs are not comparable, what was configured "
        "otherwise, how the\nmetrics, functions and regions changed, and "
        "where the runs parted: the first\ndifferent instruction, device "
        "access and timing. The same run twice is \"identical\".\n\n"
        "  --fail-on EXPR   METRIC OP NUMBER[%]: exit status 1 when the change "
        "of the metric from A\n                   to B is so: 'cycles > +2%', "
        "'instructions > 1000', 'cpi >= 0.1'.\n                   OP is > >= < "
        "<= == or !=; repeatable\n"
        "  --junit FILE     writes the thresholds as test cases\n"
        "  --json           as JSON, with all functions and regions\n",
    .run = diff,
};

/* -- check ---------------------------------------------------------------- */

static int check(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    bool json = false, failed = false;
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (c != 'j') {
            return cli_bad_option(argv, c, options);
        }
        json = true;
    }
    if (argc - optind != 1) {
        return cli_error("check takes one database: socscope check RUN.db");
    }
    Error *err = NULL;
    if (!trace_check(argv[optind], json, stdout, &failed, &err)) {
        return cli_fail(err);
    }
    return failed ? CLI_EXPECT_FAILED : CLI_OK;
}

const CliCommand cli_check = {
    .name = "check",
    .summary = "does the database of a run agree with itself",
    .help = "usage: socscope check RUN.db [--json]\n\n"
            "Computes the invariants anew from the rows: rows are what the "
            "ports counted, times\nnever go back, beats add up, ids resolve, "
            "totals agree. A line each; exit status 1\nwhen one does not hold, "
            "2 when the file cannot be read.\n\n"
            "  --json     as JSON: name, ok (null: could not be checked), "
            "detail\n",
    .run = check,
};
