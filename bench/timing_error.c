/*
 * timing_error.c - how far core profiles are from cycle counts of their RTL.
 *
 * Usage: timing_error [--all] [CSV ELF_DIR]   (tests/timing/...)
 *
 * CSV has a row per measured region: config, imem_wait, dmem_wait, shared_port,
 * workload (PROGRAM/REGION), march, cycles, among other columns. The program is
 * ELF_DIR/MARCH/PROGRAM.elf, run on a board of tests/timing/; which region has
 * which number is in regions.csv beside the CSV; a program that is not in there
 * has one, number 1. A region begins and ends with a store to the marker, and
 * takes the cycles between the two accesses.
 *
 * Prints, per configuration and wait states, how many regions there are, the
 * mean and the largest error, and where it is; with --all each region beyond
 * the limit. Exit status 1 if a configuration is beyond its limits. Rows of
 * configurations without a profile are counted.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/timing_run.h"

/* The names of the CSV, and what may be wrong: percent of a region or cycles,
 * and percent on average. */
static const struct Profile {
    const char *config, *core;
    double percent, cycles, mean;
    const char *board; /* in tests/timing/ */
} profiles[] = {
    {"ibex-small", "ibex-small", 0.5, 2, 0.5, "core.yaml"},
    {"ibex-maxperf", "ibex-maxperf", 0.5, 2, 0.5, "core.yaml"},
    {"pico-fast", "picorv32-fast", 0.5, 2, 0.5, "core.yaml"},
    {"pico-default", "picorv32-default", 0.5, 2, 0.5, "core.yaml"},
    {"pico-fastc", "picorv32-compressed", 0.5, 2, 0.5, "core.yaml"},
    {"hazard3-min", "hazard3-min", 3, 4, 0.5, "core.yaml"},
    {"hazard3-rp2350", "hazard3-rp2350", 3, 4, 0.5, "core.yaml"},
    {"cv32e40p", "cv32e40p", 3, 4, 0.5, "core.yaml"},
    {"ueriscv", "ue-riscv", 3, 4, 0.5, "ueriscv.yaml"},
};
enum { PROFILES = sizeof(profiles) / sizeof(profiles[0]) };

static int fail(Error *err)
{
    fprintf(stderr, "timing_error: error: %s\n", error_message(err));
    error_free(err);
    return 2;
}

/* NULL: there is none for what the row was measured on. */
static const struct Profile *profile_of(const TimingRow *r)
{
    for (unsigned i = 0; i < PROFILES; i++) {
        if (!strcmp(profiles[i].config, r->config)) {
            return &profiles[i];
        }
    }
    return NULL;
}

typedef struct Summary {
    size_t rows, beyond;
    double sum, worst;
    char where[TIMING_NAME];
} Summary;

static bool same_setting(const TimingRow *a, const TimingRow *b)
{
    return timing_same_board(a, b) && !strcmp(a->config, b->config);
}

static void compare(const TimingRow *r, const struct Profile *p, uint64_t model,
                    bool all, Summary *sum)
{
    double cycles = (double)model - (double)r->cycles;
    double percent = 100 * cycles / (double)r->cycles;
    bool beyond = fabs(cycles) > p->cycles && fabs(percent) > p->percent;
    sum->rows++;
    sum->beyond += beyond;
    sum->sum += fabs(percent);
    if (fabs(percent) > fabs(sum->worst)) {
        sum->worst = percent;
        snprintf(sum->where, TIMING_NAME, "%s", r->workload);
    }
    if (beyond && all) {
        printf("  %s, %s: %" PRIu64 " cycles, RTL %" PRIu64 ", %+.2f %%\n",
               r->workload, r->march, model, r->cycles, percent);
    }
}

/* All rows of the setting of row `first`. *ok: within the limits. False: *errp
 * is set. */
static bool report(const TimingBoard *board, const TimingRows *rows,
                   size_t first, bool all, bool *ok, Error **errp)
{
    const TimingRow *setting = &rows->row[first], *measured = NULL;
    const struct Profile *p = profile_of(setting);
    Summary sum = {0};
    TimingRun run;
    for (size_t i = first; i < rows->rows; i++) {
        const TimingRow *r = &rows->row[i];
        if (!same_setting(r, setting)) {
            continue;
        }
        if (!measured || !timing_same_program(r, measured)) {
            char path[4096];
            snprintf(path, sizeof(path), "%s/%s", SOURCE_DIR "/tests/timing",
                     p->board);
            TimingBoard on = *board;
            on.config = path;
            on.bursts = strcmp(p->board, "core.yaml") != 0;
            if (!timing_run(&on, rows->path, r, p->core, NULL, NULL, &run,
                            errp)) {
                return false;
            }
            measured = r;
        }
        if (!run.there[r->region]) {
            return error_set(errp, "%s:%u: %s has no region %u", rows->path,
                             r->line, r->workload, r->region);
        }
        compare(r, p, run.cycles[r->region], all, &sum);
    }
    double mean = sum.sum / (double)sum.rows;
    *ok = !sum.beyond && mean <= p->mean;
    char ports[TIMING_NAME];
    snprintf(ports, sizeof(ports), "w(%u,%u)%s", setting->fetch_wait,
             setting->data_wait, setting->shared ? " shared" : "");
    printf("%-15s %-14s %4zu regions  mean %5.2f %%  largest %+6.2f %%  %s  "
           "%s\n",
           p->config, ports, sum.rows, mean, sum.worst, *ok ? "ok" : "MISSED",
           sum.where);
    return true;
}

int main(int argc, char **argv)
{
    const char *csv = SOURCE_DIR "/tests/timing/rtl-cycles-micro.csv";
    TimingBoard board = {.elf_dir = SOURCE_DIR "/tests/timing/elf",
                         .marker = TIMING_MARKER};
    bool all = argc > 1 && !strcmp(argv[1], "--all"), ok = true;
    argc -= all;
    argv += all;
    if (argc != 1 && argc != 3) {
        fprintf(stderr, "usage: timing_error [--all] [CSV ELF_DIR]\n");
        return 2;
    }
    if (argc == 3) {
        csv = argv[1];
        board.elf_dir = argv[2];
    }
    TimingRows rows;
    Error *err = NULL;
    size_t others = 0;
    bool read = timing_rows_read(&rows, csv, NULL, &err);
    for (size_t i = 0; read && i < rows.rows; i++) {
        bool seen = false, good = true;
        if (!profile_of(&rows.row[i])) {
            others++;
            continue;
        }
        for (size_t k = 0; k < i && !seen; k++) {
            seen = same_setting(&rows.row[k], &rows.row[i]);
        }
        read = seen || report(&board, &rows, i, all, &good, &err);
        ok = good && ok;
    }
    if (read) {
        printf("%zu regions; %zu of configurations without a profile\n",
               rows.rows - others, others);
    }
    timing_rows_free(&rows);
    return read ? !ok : fail(err);
}
