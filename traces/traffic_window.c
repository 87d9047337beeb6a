/*
 * traffic_window.c - what was moved when: the run in at most COUNT_WINDOWS
 * windows of equal width, which doubles when the run outgrows them.
 *
 * Model    A window is a number: time >> shift. Doubling the width adds
 *          two windows to one, so sums stay exact. Who counts tells of plain
 *          accesses when their window is over (count.c), of others at once.
 *          Only windows in which something happened take memory.
 * Units    picoseconds; cycles of the initiator's clock.
 */
#include <stdlib.h>
#include <string.h>

#include "traces/store.h"

uint32_t window_group(TraceStore *ts, const RowSite *s)
{
    Counts *c = &ts->counts;
    void *groups = c->window_group;
    if (!grow_zeros(ts, &groups, &c->window_group_capacity, c->window_groups,
                    sizeof(*c->window_group))) {
        return UINT32_MAX;
    }
    c->window_group = groups;
    uint64_t key = (uint64_t)s->initiator << 40 ^ (uint64_t)s->region << 16 ^
                   (uint64_t)s->kind << 8 ^ s->dir;
    uint32_t group = key_index(ts, &c->window_index, key, c->window_groups);
    if (group == c->window_groups) {
        c->window_group[c->window_groups++] =
            (WindowGroup){.initiator = s->initiator,
                          .region = s->region,
                          .kind = s->kind,
                          .dir = s->dir};
    }
    return group;
}

/* -- time ----------------------------------------------------------------- */

static unsigned window_shift(const TraceStore *ts)
{
    return COUNT_WINDOW_SHIFT + ts->counts.window_doubled;
}

uint64_t window_end(const TraceStore *ts, uint32_t window)
{
    unsigned shift = window_shift(ts);
    return window < UINT64_MAX >> shift ? (uint64_t)(window + 1) << shift
                                        : UINT64_MAX;
}

static void sums_add(CountSums *to, const CountSums *sums, uint64_t n)
{
    to->accesses += n * sums->accesses;
    to->bytes += n * sums->bytes;
    to->moved += n * sums->moved;
    to->wait += n * sums->wait;
    to->bus += n * sums->bus;
    to->target += n * sums->target;
}

static void group_double(WindowGroup *g)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->cells; i++) {
        WindowCell cell = g->cell[i];
        cell.window /= 2;
        if (n && g->cell[n - 1].window == cell.window) {
            sums_add(&g->cell[n - 1].sums, &cell.sums, 1);
        } else {
            g->cell[n++] = cell;
        }
    }
    g->cells = n;
}

static void windows_double(TraceStore *ts)
{
    Counts *c = &ts->counts;
    for (uint32_t i = 0; i < c->window_groups; i++) {
        group_double(&c->window_group[i]);
    }
    c->window_doubled++;
    for (uint32_t i = 0; i < ts->initiators; i++) {
        ts->initiator[i].window /= 2; /* holds what the old one held */
    }
}

uint32_t window_at(TraceStore *ts, uint64_t ps)
{
    while (ps >> window_shift(ts) >= COUNT_WINDOWS) {
        windows_double(ts);
    }
    return (uint32_t)(ps >> window_shift(ts));
}

/* -- sums ----------------------------------------------------------------- */

/* The cell of a window, made if it is new; mostly it is the last. */
static WindowCell *group_cell(TraceStore *ts, WindowGroup *g, uint32_t window)
{
    uint32_t i = g->cells;
    while (i > 0 && g->cell[i - 1].window > window) {
        i--;
    }
    if (i > 0 && g->cell[i - 1].window == window) {
        return &g->cell[i - 1];
    }
    void *cells = g->cell;
    if (!grow_zeros(ts, &cells, &g->capacity, g->cells, sizeof(*g->cell))) {
        return NULL;
    }
    g->cell = cells;
    memmove(&g->cell[i + 1], &g->cell[i], (g->cells - i) * sizeof(*g->cell));
    g->cells++;
    g->cell[i] = (WindowCell){.window = window};
    return &g->cell[i];
}

void window_add(TraceStore *ts, uint32_t group, uint32_t window,
                const CountSums *sums, uint64_t n)
{
    WindowCell *cell = group_cell(ts, &ts->counts.window_group[group], window);
    if (cell) {
        sums_add(&cell->sums, sums, n);
    }
}

/* -- the table ------------------------------------------------------------ */

static void write_cell(TraceStore *ts, const WindowGroup *g,
                       const WindowCell *cell)
{
    const StoreRegion *region = g->region ? ts->region[g->region] : NULL;
    const CountSums *s = &cell->sums;
    store_run(ts,
              "insert into traffic_window values(?,?,?,?,?,?,?,?,?,?,?,?,?,"
              "nullif(?,0))",
              "uuttttuuuuuuii", (uint64_t)cell->window << window_shift(ts),
              window_end(ts, cell->window),
              dictionary_initiator_name(ts, g->initiator),
              region ? region->name : NULL,
              g->kind < ACCESS_KINDS ? access_kind_name[g->kind] : NULL,
              dictionary_dir(g->dir), s->accesses, s->bytes, s->moved, s->wait,
              s->bus, s->target, (int64_t)g->initiator, (int64_t)g->region);
}

void window_write(TraceStore *ts)
{
    const Counts *c = &ts->counts;
    for (uint32_t i = 0; i < c->window_groups; i++) {
        const WindowGroup *g = &c->window_group[i];
        for (uint32_t k = 0; k < g->cells; k++) {
            write_cell(ts, g, &g->cell[k]);
        }
    }
}

void window_free(TraceStore *ts)
{
    Counts *c = &ts->counts;
    for (uint32_t i = 0; i < c->window_groups; i++) {
        free(c->window_group[i].cell);
    }
    free(c->window_group);
    key_free(&c->window_index);
}
