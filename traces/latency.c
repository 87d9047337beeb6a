/*
 * latency.c - how long transactions took: a histogram for each initiator,
 * region and direction, of the whole and of its parts.
 *
 * Model    A class is one number of cycles below EXACT; from there on each
 *          power of two has PER_POWER classes of equal width.
 * Units    cycles of the initiator's clock.
 */
#include <stdlib.h>

#include "traces/store.h"

enum {
    EXACT_LOG2 = 6,
    EXACT = 1 << EXACT_LOG2,
    PER_LOG2 = 3,
    PER_POWER = 1 << PER_LOG2
};

static const char *const part_name[LATENCY_PARTS] = {"total", "wait", "bus",
                                                     "target"};

/* -- classes -------------------------------------------------------------- */

static uint32_t class_of(uint64_t cycles)
{
    if (cycles < EXACT) {
        return (uint32_t)cycles;
    }
    unsigned power = 63 - (unsigned)__builtin_clzll(cycles);
    return EXACT + (power - EXACT_LOG2) * PER_POWER +
           (uint32_t)(cycles >> (power - PER_LOG2) & (PER_POWER - 1));
}

static uint64_t class_from(uint32_t class)
{
    if (class < EXACT) {
        return class;
    }
    unsigned power = EXACT_LOG2 + (class - EXACT) / PER_POWER;
    return (uint64_t)(PER_POWER + class % PER_POWER) << (power - PER_LOG2);
}

static uint64_t class_to(uint32_t class)
{
    if (class < EXACT) {
        return class;
    }
    unsigned power = EXACT_LOG2 + (class - EXACT) / PER_POWER;
    return class_from(class) + (UINT64_C(1) << (power - PER_LOG2)) - 1;
}

/* -- counting ------------------------------------------------------------- */

uint32_t latency_group(TraceStore *ts, const RowSite *s)
{
    Counts *c = &ts->counts;
    void *groups = c->latency_group;
    if (!grow_zeros(ts, &groups, &c->latency_group_capacity, c->latency_groups,
                    sizeof(*c->latency_group))) {
        return UINT32_MAX;
    }
    c->latency_group = groups;
    uint64_t key =
        (uint64_t)s->initiator << 40 ^ (uint64_t)s->region << 16 ^ s->dir;
    uint32_t group = key_index(ts, &c->latency_index, key, c->latency_groups);
    if (group == c->latency_groups) {
        c->latency_group[c->latency_groups++] = (LatencyGroup){
            .initiator = s->initiator, .region = s->region, .dir = s->dir};
    }
    return group;
}

static void part_add(TraceStore *ts, LatencyGroup *g, unsigned part,
                     uint64_t cycles, uint64_t n)
{
    uint32_t class = class_of(cycles);
    void *cells = g->cell[part];
    if (!grow_zeros(ts, &cells, &g->cells[part], class, sizeof(LatencyCell))) {
        return;
    }
    g->cell[part] = cells;
    LatencyCell *cell = &g->cell[part][class];
    cell->accesses += n;
    cell->cycles += n * cycles;
    cell->most = cycles > cell->most ? cycles : cell->most;
}

void latency_add(TraceStore *ts, uint32_t group, uint64_t wait, uint64_t bus,
                 uint64_t target, uint64_t n)
{
    LatencyGroup *g = &ts->counts.latency_group[group];
    part_add(ts, g, LATENCY_TOTAL, wait + bus + target, n);
    part_add(ts, g, LATENCY_WAIT, wait, n);
    part_add(ts, g, LATENCY_BUS, bus, n);
    part_add(ts, g, LATENCY_TARGET, target, n);
}

/* -- the table ------------------------------------------------------------ */

static void write_part(TraceStore *ts, const LatencyGroup *g, unsigned part)
{
    const StoreRegion *region = g->region ? ts->region[g->region] : NULL;
    for (uint32_t i = 0; i < g->cells[part]; i++) {
        const LatencyCell *cell = &g->cell[part][i];
        if (cell->accesses) {
            store_run(ts,
                      "insert into latency_histogram values(?,?,?,?,?,?,?,?,?,"
                      "?,nullif(?,0))",
                      "ttttuuuuuii",
                      dictionary_initiator_name(ts, g->initiator),
                      region ? region->name : NULL, dictionary_dir(g->dir),
                      part_name[part], class_from(i), class_to(i),
                      cell->accesses, cell->cycles, cell->most,
                      (int64_t)g->initiator, (int64_t)g->region);
        }
    }
}

void latency_write(TraceStore *ts)
{
    for (uint32_t i = 0; i < ts->counts.latency_groups; i++) {
        for (unsigned part = 0; part < LATENCY_PARTS; part++) {
            write_part(ts, &ts->counts.latency_group[i], part);
        }
    }
}

void latency_free(TraceStore *ts)
{
    Counts *c = &ts->counts;
    for (uint32_t i = 0; i < c->latency_groups; i++) {
        for (unsigned part = 0; part < LATENCY_PARTS; part++) {
            free(c->latency_group[i].cell[part]);
        }
    }
    free(c->latency_group);
    key_free(&c->latency_index);
}
