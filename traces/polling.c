/*
 * polling.c - where initiators read a device register again and again until it
 * changes, and what that cost.
 *
 * Model    A loop is at least POLL_READS successive reads of one register by
 *          one initiator from one pc that all gave the same value, with no
 *          other access of a device by that initiator between them. A read
 *          there that gives another value ends it, and its cycles reach from
 *          the issue of its first read to the issue of that one. Any other
 *          device access, or the end, ends it too, and its cycles then reach
 *          to the issue of its last read. Loops are summed up by place: the
 *          first POLL_PLACES that have one.
 * Units    cycles of the initiator's clock.
 */
#include "traces/polling.h"

#include <stdlib.h>

#include "traces/store.h"

enum { POLL_READS = 4, POLL_PLACES = 4096 };

typedef struct PollPlace {
    uint32_t initiator, region;
    uint64_t offset, pc;
    uint64_t loops, reads, cycles, longest_reads, longest_cycles;
    uint64_t last_value, end_value;
    bool changed; /* the last loop ended with end_value */
} PollPlace;

/* What an initiator read last; reads 0: nothing. */
typedef struct PollRun {
    uint32_t region;
    uint64_t offset, pc, value;
    uint64_t reads, first, last; /* cycles of the first and the last issue */
} PollRun;

struct Polling {
    PollRun *run; /* by initiator */
    uint32_t runs;
    PollPlace *place;
    uint32_t places, capacity;
};

void polling_free(Polling *p)
{
    if (p) {
        free(p->run);
        free(p->place);
        free(p);
    }
}

static PollRun *run_of(TraceStore *ts, uint32_t initiator)
{
    if (!ts->polling && !(ts->polling = calloc(1, sizeof(*ts->polling)))) {
        store_fail(ts, SQLITE_NOMEM);
        return NULL;
    }
    Polling *p = ts->polling;
    if (initiator >= p->runs) {
        uint32_t runs = initiator + 1;
        PollRun *run = store_grow(ts, p->run, runs, sizeof(*run));
        if (!run) {
            return NULL;
        }
        for (uint32_t i = p->runs; i < runs; i++) {
            run[i] = (PollRun){0};
        }
        p->run = run;
        p->runs = runs;
    }
    return &p->run[initiator];
}

/* NULL: there are too many. */
static PollPlace *place_of(TraceStore *ts, uint32_t initiator, const PollRun *r)
{
    Polling *p = ts->polling;
    for (uint32_t i = 0; i < p->places; i++) {
        PollPlace *at = &p->place[i];
        if (at->pc == r->pc && at->offset == r->offset &&
            at->region == r->region && at->initiator == initiator) {
            return at;
        }
    }
    if (p->places == p->capacity) {
        uint32_t capacity = 2 * p->capacity + 16;
        PollPlace *place =
            p->places < POLL_PLACES
                ? store_grow(ts, p->place, capacity, sizeof(*place))
                : NULL;
        if (!place) {
            return NULL;
        }
        p->place = place;
        p->capacity = capacity < POLL_PLACES ? capacity : POLL_PLACES;
    }
    PollPlace *at = &p->place[p->places++];
    *at = (PollPlace){.initiator = initiator,
                      .region = r->region,
                      .offset = r->offset,
                      .pc = r->pc};
    return at;
}

/* end_value NULL: it did not end with a changed value. */
static void run_end(TraceStore *ts, uint32_t initiator, const PollRun *r,
                    uint64_t end_cycle, const uint64_t *end_value)
{
    PollPlace *at = r->reads >= POLL_READS ? place_of(ts, initiator, r) : NULL;
    if (!at) {
        return;
    }
    uint64_t cycles = end_cycle > r->first ? end_cycle - r->first : 0;
    at->loops++;
    at->reads += r->reads;
    at->cycles += cycles;
    if (r->reads > at->longest_reads) {
        at->longest_reads = r->reads;
    }
    if (cycles > at->longest_cycles) {
        at->longest_cycles = cycles;
    }
    at->last_value = r->value;
    at->changed = end_value != NULL;
    at->end_value = end_value ? *end_value : 0;
}

void polling_take(TraceStore *ts, const TxRow *row)
{
    const RowSite *s = row->site;
    PollRun *r = run_of(ts, s->initiator);
    if (!r) {
        return;
    }
    uint64_t offset = row->pa - s->base;
    bool is_read = s->dir == DIR_READ && row->size <= 8 &&
                   (row->status & RECORD_RESULT_MASK) == 0;
    bool same = is_read && r->reads && r->region == s->region &&
                r->offset == offset && r->pc == row->pc;
    if (same && r->value == row->value) {
        r->reads++;
        r->last = row->cycle;
        return;
    }
    run_end(ts, s->initiator, r, same ? row->cycle : r->last,
            same ? &row->value : NULL);
    *r = (PollRun){.region = s->region,
                   .offset = offset,
                   .pc = row->pc,
                   .value = row->value,
                   .reads = is_read,
                   .first = row->cycle,
                   .last = row->cycle};
}

/* -- the table ------------------------------------------------------------ */

static int place_order(const void *a, const void *b)
{
    const PollPlace *x = a, *y = b;
    if (x->cycles != y->cycles) {
        return x->cycles > y->cycles ? -1 : 1;
    }
    if (x->initiator != y->initiator) {
        return x->initiator < y->initiator ? -1 : 1;
    }
    if (x->pc != y->pc) {
        return x->pc < y->pc ? -1 : 1;
    }
    if (x->region != y->region) {
        return x->region < y->region ? -1 : 1;
    }
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void write_place(TraceStore *ts, const PollPlace *p)
{
    static const char *const types[2][2] = {
        {"ttiuntuuuuuuni", "ttiuntuuuuuuui"},
        {"ttiuutuuuuuuni", "ttiuutuuuuuuui"},
    };
    uint32_t symbol = p->pc ? dictionary_symbol(ts, p->pc) : 0;
    store_run(ts,
              "insert into polling_loop select ?1, ?2, coalesce((select name"
              " from register where region_id = ?3 and offset = ?4), ''), ?4,"
              " ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14",
              types[p->pc != 0][p->changed],
              dictionary_initiator_name(ts, p->initiator),
              ts->region[p->region]->name, (int64_t)p->region, p->offset, p->pc,
              dictionary_symbol_name(ts, symbol), p->loops, p->reads, p->cycles,
              p->longest_reads, p->longest_cycles, p->last_value, p->end_value,
              (int64_t)p->initiator);
}

void polling_write(TraceStore *ts)
{
    Polling *p = ts->polling;
    if (!p) {
        return;
    }
    for (uint32_t i = 0; i < p->runs; i++) {
        run_end(ts, i, &p->run[i], p->run[i].last, NULL);
        p->run[i].reads = 0;
    }
    if (p->places) {
        qsort(p->place, p->places, sizeof(*p->place), place_order);
    }
    for (uint32_t i = 0; i < p->places; i++) {
        write_place(ts, &p->place[i]);
    }
}
