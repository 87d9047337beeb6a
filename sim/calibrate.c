/*
 * calibrate.c - from rows of measured cycles to a table: runs, fit, and what
 * the fit does not explain.
 */
#include "sim/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory(Error **errp)
{
    return error_set(errp, "the host has no memory left");
}

char *calibrate_timing(const char *profile, const uint8_t *cost,
                       const char *source, const char *estimates)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        return NULL;
    }
    fprintf(out, "{profile: %s, level: table", profile);
    if (source) {
        fprintf(out, ", source: \"%s\"", source);
    }
    if (estimates) {
        fprintf(out, ", estimates: \"%s\"", estimates);
    }
    for (unsigned i = 0; i < COST_NUM; i++) {
        fprintf(out, ", %s: %u", timing_cost_name[i], cost[i]);
    }
    fputc('}', out);
    return fclose(out) == 0 ? text : NULL;
}

/* -- runs ----------------------------------------------------------------- */

/* Called for each row with the run of its program on its board. */
typedef void RowFn(void *opaque, size_t row, const TimingRun *run);

/* Runs every program once on each board that rows measured it on. */
static bool run_rows(const TimingBoard *board, const TimingRows *rows,
                     const char *timing, CalCounter *counter, RowFn *fn,
                     void *opaque, Error **errp)
{
    bool *done = calloc(rows->rows, sizeof(*done)), ok = done != NULL;
    TimingRun *run = calloc(1, sizeof(*run));
    ok = ok && run ? true : no_memory(errp);
    for (size_t i = 0; ok && i < rows->rows; i++) {
        const TimingRow *r = &rows->row[i];
        if (done[i]) {
            continue;
        }
        if (counter) {
            cal_counter_begin(counter, r);
        }
        ok =
            timing_run(board, rows->path, r, timing,
                       counter ? cal_counter_commit : NULL, counter, run, errp);
        for (size_t k = i; ok && k < rows->rows; k++) {
            const TimingRow *s = &rows->row[k];
            if (done[k] || !timing_same_program(r, s) ||
                !timing_same_board(r, s)) {
                continue;
            }
            done[k] = true;
            if (!run->there[s->region]) {
                ok = error_set(errp,
                               "%s:%u: %s/%s.elf has no region %u (%s); name "
                               "its number in regions.csv, or leave the row "
                               "out",
                               rows->path, s->line, s->march, s->program,
                               s->region, s->workload);
                break;
            }
            fn(opaque, k, run);
        }
    }
    free(done);
    free(run);
    return ok;
}

typedef struct Counting {
    Calibration *cal;
    const CalCounter *counter;
} Counting;

static void take_counts(void *opaque, size_t row, const TimingRun *run)
{
    Counting *c = opaque;
    const TimingRow *r = &c->cal->rows.row[row];
    CalRegion *to = &c->cal->region[row];
    to->row = r;
    to->counts = *cal_counter_region(c->counter, r->region);
    to->rest = (int64_t)run->cycles[r->region];
    for (unsigned i = 0; i < COST_NUM; i++) {
        to->rest -= (int64_t)to->counts.n[i] * c->cal->before[i];
    }
}

static void take_model(void *opaque, size_t row, const TimingRun *run)
{
    Calibration *cal = opaque;
    CalRegion *to = &cal->region[row];
    to->model = run->cycles[to->row->region];
    to->error = cal_error((int64_t)to->model, to->row->cycles);
}

static void add_error(CalFigure *f, int64_t error)
{
    const uint64_t e = error < 0 ? (uint64_t)-error : (uint64_t)error;
    f->mean += e; /* the sum, until figure_end() */
    f->largest = e > f->largest ? e : f->largest;
    f->close += e <= 100;
}

static void figure_end(CalFigure *f, size_t n)
{
    f->mean = (f->mean + n / 2) / n;
}

typedef struct Judging {
    const TimingRows *rows;
    CalFigure figure;
} Judging;

static void judge(void *opaque, size_t row, const TimingRun *run)
{
    Judging *j = opaque;
    const TimingRow *r = &j->rows->row[row];
    add_error(&j->figure,
              cal_error((int64_t)run->cycles[r->region], r->cycles));
}

static int by_figure(const void *a, const void *b)
{
    const CalReady *x = a, *y = b;
    return x->figure.mean != y->figure.mean
               ? (x->figure.mean > y->figure.mean ? 1 : -1)
               : strcmp(x->profile->name, y->profile->name);
}

bool calibrate_compare(const TimingBoard *board, Calibration *cal, Error **errp)
{
    const bool pipes = cal->isa.xlen == 32 && !(cal->isa.extensions & ISA_F);
    for (const TimingProfile *p = timing_profiles;
         p->name && cal->readies < CAL_READY; p++) {
        TimingLevel level = timing_profile_level(p);
        if (level == TIMING_PIPELINE && !pipes) {
            level = TIMING_TABLE;
        }
        char timing[128];
        Judging j = {.rows = &cal->rows};
        snprintf(timing, sizeof(timing), "%s:%s", p->name,
                 timing_level_name[level]);
        if (!run_rows(board, &cal->rows, timing, NULL, judge, &j, errp)) {
            return false;
        }
        figure_end(&j.figure, cal->rows.rows);
        cal->ready[cal->readies++] = (CalReady){p, level, j.figure};
    }
    qsort(cal->ready, cal->readies, sizeof(*cal->ready), by_figure);
    return true;
}

/* -- what the residuals say ----------------------------------------------- */

static double base_of(const CalRegion *r)
{
    const uint64_t m = r->row->cycles;
    return (double)(m < CAL_SHORT ? CAL_SHORT : m);
}

static CalEffect effect_of(const Calibration *cal, const double *residual,
                           unsigned count)
{
    double xy = 0, xx = 0, yy = 0;
    for (size_t i = 0; i < cal->rows.rows; i++) {
        const CalRegion *r = &cal->region[i];
        const double x = (double)r->counts.n[count] / base_of(r);
        xy += x * residual[i];
        xx += x * x;
        yy += residual[i] * residual[i];
    }
    return (CalEffect){.count = count,
                       .correlation = xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : 0,
                       .cycles = xx > 0 ? xy / xx : 0};
}

/* The count that the rest goes with best, then with what that leaves, ... */
static bool find_effects(Calibration *cal, Error **errp)
{
    const double least = 0.5; /* of a correlation that says something */
    const size_t n = cal->rows.rows;
    double *residual = calloc(n, sizeof(*residual));
    if (!residual) {
        return no_memory(errp);
    }
    for (size_t i = 0; i < n; i++) {
        const CalRegion *r = &cal->region[i];
        residual[i] = ((double)r->row->cycles - (double)r->model) / base_of(r);
    }
    while (cal->effects < CAL_EFFECTS) {
        CalEffect best = {0};
        for (unsigned k = COST_NUM; k < CAL_NUM; k++) {
            const CalEffect e = effect_of(cal, residual, k);
            best = fabs(e.correlation) > fabs(best.correlation) ? e : best;
        }
        if (fabs(best.correlation) < least) {
            break;
        }
        cal->effect[cal->effects++] = best;
        for (size_t i = 0; i < n; i++) {
            const CalRegion *r = &cal->region[i];
            residual[i] -=
                best.cycles * (double)r->counts.n[best.count] / base_of(r);
        }
    }
    free(residual);
    return true;
}

/* Do two costs, which both come, do so in the same proportion everywhere? */
static bool proportional(const Calibration *cal, unsigned a, unsigned b)
{
    uint64_t x = 0, y = 0; /* the proportion: of the first region with any */
    for (size_t i = 0; i < cal->rows.rows; i++) {
        const uint64_t *n = cal->region[i].counts.n;
        if (!x && !y) {
            x = n[a];
            y = n[b];
        }
        if (n[a] * y != n[b] * x) {
            return false;
        }
    }
    return true;
}

static void find_together(Calibration *cal)
{
    for (unsigned b = 0; b < COST_NUM; b++) {
        bool found = false;
        for (unsigned a = 0; a < b && !found; a++) {
            if (cal->fitted[a] && cal->fitted[b] && proportional(cal, a, b)) {
                uint8_t *pair = cal->together[cal->togethers++];
                pair[0] = (uint8_t)a;
                pair[1] = (uint8_t)b;
                found = true;
            }
        }
    }
}

/* -- the whole ------------------------------------------------------------ */

static int by_error(const void *a, const void *b)
{
    const CalRegion *x = a, *y = b;
    const int64_t p = x->error < 0 ? -x->error : x->error;
    const int64_t q = y->error < 0 ? -y->error : y->error;
    return p != q ? (p < q ? 1 : -1) : x->row->line > y->row->line ? 1 : -1;
}

static bool check_rows(const TimingRows *rows, Error **errp)
{
    if (!rows->rows) {
        return error_set(errp,
                         "%s: no row to fit%s; write one line for each region "
                         "that was measured",
                         rows->path,
                         rows->left_out ? ", --rows leaves all out" : "");
    }
    for (size_t i = 1; i < rows->rows; i++) {
        const TimingRow *r = &rows->row[i];
        if (strcmp(r->config, rows->row[0].config) != 0) {
            return error_set(errp,
                             "%s:%u: rows of %s and of %s; choose one with "
                             "--rows config=%s",
                             rows->path, r->line, rows->row[0].config,
                             r->config, rows->row[0].config);
        }
    }
    return true;
}

/* Reads what is to be fitted: the table of the cpu. */
static bool read_base(const TimingBoard *board, Calibration *cal, Error **errp)
{
    Config *cfg = config_load(board->config, NULL, errp);
    const ConfigCpu *cpu = cfg ? timing_cpu(board, cfg, errp) : NULL;
    bool ok = cpu != NULL;
    if (ok && cpu->level == TIMING_NONE) {
        ok = error_set(errp,
                       "%s: timing: none of %s has no costs to fit; write "
                       "\"timing: generic-table\"",
                       board->config, cpu->name);
    }
    if (ok) {
        snprintf(cal->cpu, sizeof(cal->cpu), "%s", cpu->name);
        cal->base = timing_profile_find(cpu->profile->name);
        cal->isa = cpu->isa;
        for (unsigned i = 0; i < COST_NUM; i++) {
            cal->before[i] = (uint8_t)timing_cost(cpu->profile, i);
        }
    }
    config_free(cfg);
    return ok;
}

static bool run_table(const TimingBoard *board, Calibration *cal,
                      const uint8_t *cost, CalCounter *counter, RowFn *fn,
                      void *opaque, Error **errp)
{
    char *timing = calibrate_timing(cal->base->name, cost, NULL, NULL);
    bool ok =
        timing ? run_rows(board, &cal->rows, timing, counter, fn, opaque, errp)
               : no_memory(errp);
    free(timing);
    return ok;
}

static bool count_all(const TimingBoard *board, Calibration *cal, Error **errp)
{
    CalCounter *counter = cal_counter_new(&cal->isa, errp);
    Counting c = {cal, counter};
    bool ok = counter && run_table(board, cal, cal->before, counter,
                                   take_counts, &c, errp);
    cal_counter_free(counter);
    return ok;
}

static bool fit_all(Calibration *cal, Error **errp)
{
    const size_t n = cal->rows.rows;
    CalPoint *point = calloc(n, sizeof(*point));
    if (!point) {
        return no_memory(errp);
    }
    memcpy(cal->cost, cal->before, sizeof(cal->cost));
    for (size_t i = 0; i < n; i++) {
        const CalRegion *r = &cal->region[i];
        point[i] = (CalPoint){r->counts.n, r->rest, r->row->cycles};
        for (unsigned k = 0; k < COST_NUM; k++) {
            cal->fitted[k] |= r->counts.n[k] != 0;
        }
        add_error(&cal->start,
                  cal_error(cal_model(&point[i], cal->before), r->row->cycles));
    }
    figure_end(&cal->start, n);
    bool ok = cal_fit(point, n, cal->fitted, cal->cost, errp);
    free(point);
    return ok;
}

bool calibrate(const TimingBoard *board, const char *csv,
               const char *const *where, Calibration *cal, Error **errp)
{
    memset(cal, 0, sizeof(*cal));
    if (!timing_rows_read(&cal->rows, csv, where, errp) ||
        !check_rows(&cal->rows, errp) || !read_base(board, cal, errp)) {
        return false;
    }
    cal->region = calloc(cal->rows.rows, sizeof(*cal->region));
    if (!cal->region) {
        return no_memory(errp);
    }
    if (!count_all(board, cal, errp) || !fit_all(cal, errp) ||
        !run_table(board, cal, cal->cost, NULL, take_model, cal, errp)) {
        return false;
    }
    for (size_t i = 0; i < cal->rows.rows; i++) {
        add_error(&cal->end, cal->region[i].error);
    }
    figure_end(&cal->end, cal->rows.rows);
    find_together(cal);
    if (!find_effects(cal, errp)) {
        return false;
    }
    qsort(cal->region, cal->rows.rows, sizeof(*cal->region), by_error);
    return true;
}

void calibrate_fini(Calibration *cal)
{
    timing_rows_free(&cal->rows);
    free(cal->region);
    cal->region = NULL;
}
