/*
 * cli_calibrate.c - calibrate: fits a timing profile to measured cycles, prints
 * what it explains and what not, writes it as a description.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/calibrate.h"
#include "sim/cli.h"

enum { TEXT = 1024 };

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Hundredths of a percent. */
static void put_percent(FILE *out, uint64_t e)
{
    fprintf(out, "%" PRIu64 ".%02" PRIu64 " %%", e / 100, e % 100);
}

static void put_figure(FILE *out, const CalFigure *f)
{
    fputs("mean error ", out);
    put_percent(out, f->mean);
    fputs(", largest ", out);
    put_percent(out, f->largest);
}

/* -- the report ----------------------------------------------------------- */

static void print_costs(const Calibration *cal)
{
    printf("%-10s%8s%8s\n", "cost", "before", "fitted");
    for (unsigned i = 0; i < COST_NUM; i++) {
        printf("%-10s%8u", timing_cost_name[i], cal->before[i]);
        if (cal->fitted[i]) {
            printf("%8u\n", cal->cost[i]);
        } else {
            puts("       -  no region has any");
        }
    }
    for (unsigned i = 0; i < cal->togethers; i++) {
        printf("%s and %s come in one proportion everywhere: only their sum "
               "is known\n",
               timing_cost_name[cal->together[i][0]],
               timing_cost_name[cal->together[i][1]]);
    }
}

static void print_regions(const Calibration *cal)
{
    printf("\n%8s%12s%12s%10s  region\n", "error %", "model", "measured",
           "residual");
    for (size_t i = 0; i < cal->rows.rows; i++) {
        const CalRegion *r = &cal->region[i];
        const TimingRow *row = r->row;
        const uint64_t e = (uint64_t)(r->error < 0 ? -r->error : r->error);
        char percent[32];
        snprintf(percent, sizeof(percent), "%c%" PRIu64 ".%02" PRIu64,
                 r->error < 0 ? '-' : '+', e / 100, e % 100);
        printf(
            "%8s%12" PRIu64 "%12" PRIu64 "%+10" PRId64 "  %s, %s, w(%u,%u)%s\n",
            percent, r->model, row->cycles,
            (int64_t)row->cycles - (int64_t)r->model, row->workload, row->march,
            row->fetch_wait, row->data_wait, row->shared ? " shared" : "");
    }
}

static void print_effects(const Calibration *cal)
{
    putchar('\n');
    if (!cal->end.mean && !cal->end.largest) {
        puts("the table explains every region");
        return;
    }
    for (unsigned i = 0; i < cal->effects; i++) {
        const CalEffect *e = &cal->effect[i];
        printf("%s goes with %s: correlation %.2f, %+.2f cycles each\n",
               i ? "what that leaves" : "the rest", cal_count_name[e->count],
               e->correlation, e->cycles);
    }
    if (!cal->effects) {
        puts("the rest goes with nothing that was counted");
    }
}

static void print_ready(const Calibration *cal)
{
    puts("\nready-made profiles, nearest first");
    for (unsigned i = 0; i < cal->readies && i < 3; i++) {
        const CalReady *r = &cal->ready[i];
        printf("  %s, %s: ", r->profile->name, timing_level_name[r->level]);
        put_figure(stdout, &r->figure);
        printf(", %zu within 1 %%\n", r->figure.close);
    }
}

static void print_all(const Calibration *cal)
{
    printf("%zu regions\n  table of %s (%s): ", cal->rows.rows, cal->base->name,
           cal->cpu);
    put_figure(stdout, &cal->start);
    printf(", %zu within 1 %%\n  fitted: ", cal->start.close);
    put_figure(stdout, &cal->end);
    printf(", %zu within 1 %%\n\n", cal->end.close);
    print_costs(cal);
    print_regions(cal);
    print_effects(cal);
    print_ready(cal);
}

/* -- the profile ---------------------------------------------------------- */

/* Where the costs come from, without what YAML would have to quote. */
static void describe(const Calibration *cal, char *source, char *estimates)
{
    char *text = NULL;
    size_t size = 0, n = 0;
    FILE *out = open_memstream(&text, &size);
    if (out) {
        fprintf(out, "calibrated from %.200s (%zu regions), ",
                base_name(cal->rows.path), cal->rows.rows);
        put_figure(out, &cal->end);
        fclose(out);
        snprintf(source, TEXT, "%s", text ? text : "");
    }
    free(text);
    for (char *p = source; *p; p++) {
        *p = *p == '"' || *p == '\\' || (unsigned char)*p < ' ' ? '?' : *p;
    }
    *estimates = 0;
    for (unsigned i = 0; i < COST_NUM; i++) {
        if (!cal->fitted[i]) {
            n += (size_t)snprintf(estimates + n, TEXT - n, "%s%s",
                                  n ? ", " : "", timing_cost_name[i]);
        }
    }
    if (n) {
        snprintf(estimates + n, TEXT - n, " (not measured)");
    }
}

/* `to` as a file in the folder of `from` would name it; free() it. */
static char *relative(const char *from, const char *to)
{
    char *slash, *folder = strdup(from), *result = NULL;
    if (folder && (slash = strrchr(folder, '/'))) {
        slash[slash == folder] = 0;
    }
    char *a = realpath(folder && strchr(from, '/') ? folder : ".", NULL);
    char *b = realpath(to, NULL);
    size_t size, same = 0;
    FILE *out = a && b ? open_memstream(&result, &size) : NULL;
    if (out) {
        for (size_t i = 0;; i++) {
            const bool end_a = !a[i] || a[i] == '/';
            const bool end_b = !b[i] || b[i] == '/';
            if (end_a && end_b) {
                same = i;
            }
            if (!a[i] || !b[i] || a[i] != b[i]) {
                break;
            }
        }
        for (const char *p = a + same; *p; p++) {
            if (*p == '/' && p[1]) {
                fputs("../", out);
            }
        }
        fputs(b + same + (b[same] == '/'), out);
        fclose(out);
    }
    free(folder);
    free(a);
    free(b);
    return result;
}

/* As YAML quotes it. */
static void put_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}

static int write_profile(const Calibration *cal, const char *config,
                         const char *path)
{
    char source[TEXT], estimates[TEXT];
    describe(cal, source, estimates);
    char *timing = calibrate_timing(cal->base->name, cal->cost, source,
                                    *estimates ? estimates : NULL);
    int status = timing ? CLI_OK : cli_error("the host has no memory left");
    if (timing && !path) {
        printf("\ntiming: %s\n", timing);
    }
    FILE *out = timing && path ? fopen(path, "w") : NULL;
    char *extends = out ? relative(path, config) : NULL;
    if (timing && path && (!out || !extends)) {
        status = cli_error("%s: %s", path, strerror(errno));
    }
    if (out && extends) {
        fprintf(out, "# Written by socscope calibrate.\nextends: ");
        put_quoted(out, extends);
        fprintf(out, "\ncpus:\n  - name: %s\n    timing: %s\n", cal->cpu,
                timing);
        printf("\nwritten: %s\n", path);
    }
    if (out && fclose(out) != 0 && status == CLI_OK) {
        status = cli_error("%s: %s", path, strerror(errno));
    }
    free(extends);
    free(timing);
    return status;
}

/* -- the command ---------------------------------------------------------- */

typedef struct CalibrateOptions {
    TimingBoard board;
    CliList where;
    const char *output;
} CalibrateOptions;

static const struct option options[] = {
    {"cpu", required_argument, NULL, 'c'},
    {"rows", required_argument, NULL, 'r'},
    {"marker", required_argument, NULL, 'm'},
    {NULL, 0, NULL, 0},
};

/* A status, -1: go on. */
static int parse(CalibrateOptions *o, int argc, char **argv)
{
    int c;
    opterr = 0;
    while ((c = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
        switch (c) {
        case 'c': o->board.cpu = optarg; break;
        case 'r': cli_add(&o->where, optarg); break;
        case 'o': o->output = optarg; break;
        case 'm':
            if (!cli_value("--marker", optarg, UNIT_NONE, &o->board.marker)) {
                return CLI_USAGE;
            }
            break;
        default: return cli_bad_option(argv, c, options);
        }
    }
    if (argc - optind != 3) {
        return cli_error("calibrate takes a description, measured cycles and "
                         "a folder: socscope calibrate CONFIG MEASURED.csv "
                         "ELF_DIR");
    }
    return -1;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

static int run_calibrate(int argc, char **argv)
{
    CalibrateOptions o = {.board = {.marker = TIMING_MARKER}};
    int status = parse(&o, argc, argv);
    if (status < 0 && o.output && same_file(o.output, argv[optind])) {
        status = cli_error("-o %s: is the description itself; name another "
                           "file",
                           o.output);
    }
    if (status < 0) {
        Calibration cal;
        Error *err = NULL;
        o.board.config = argv[optind];
        o.board.elf_dir = argv[optind + 2];
        if (calibrate(&o.board, argv[optind + 1], o.where.text, &cal, &err) &&
            calibrate_compare(&o.board, &cal, &err)) {
            print_all(&cal);
            status = write_profile(&cal, o.board.config, o.output);
        } else {
            status = cli_fail(err);
        }
        calibrate_fini(&cal);
    }
    free(o.where.text);
    return status;
}

const CliCommand cli_calibrate = {
    .name = "calibrate",
    .summary = "fits a timing profile to measured cycles",
    .help =
        "usage: socscope calibrate CONFIG MEASURED.csv ELF_DIR [--cpu NAME]\n"
        "           [--rows COLUMN=VALUE]... [--marker ADDRESS] "
        "[-o PROFILE.yaml]\n\n"
        "Fits the costs of the cpu's timing profile to cycles measured "
        "elsewhere, and prints\nwhat they explain: costs, each region with its "
        "residual, what the residuals go with,\nand the nearest ready-made "
        "profiles.\n\n"
        "  MEASURED.csv     columns workload (PROGRAM/REGION), march, "
        "imem_wait, dmem_wait and\n                   cycles; config, "
        "shared_port and others may be there. regions.csv\n"
        "                   beside it: program,id,region\n"
        "  ELF_DIR          has MARCH/PROGRAM.elf, which stores the id of a "
        "region to the marker\n                   when it begins, and 0 when "
        "it "
        "ends\n"
        "  --cpu NAME       whose timing; the first one's\n"
        "  --rows C=V       only rows whose column C is V; repeatable\n"
        "  --marker ADDRESS byte that marks regions; 0x10000007\n"
        "  -o PROFILE.yaml  writes CONFIG with that timing: extends: CONFIG\n",
    .run = run_calibrate,
};
