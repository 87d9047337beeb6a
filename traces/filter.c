/*
 * filter.c - which transactions become rows, and the last ones before a
 * trigger.
 *
 * Model    A filter asks who, where, which way and of which kind, which is
 *          decided once for a site, and at which address, which a record says.
 *          A buffer that holds what is not wanted is copied without it; a fetch
 *          run is cut where its instructions are not. What is left out is
 * counted, so that rows and it are what the ports counted. The last N are kept
 * as records, in a ring ahead of the buffers: each transaction with its timing
 * and beats, a fetch run as one record per instruction. The ring grows to what
 * N of them take. Units    records; physical addresses.
 */
#include <stdlib.h>
#include <string.h>

#include "traces/store.h"

/* -- the filter ----------------------------------------------------------- */

static bool is_among(const char *const *names, unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++) {
        if (name && !strcmp(names[i], name)) {
            return true;
        }
    }
    return n == 0;
}

bool trace_filter_site(const TraceFilter *f, const MemorySite *s,
                       const char *owner, const char *region, bool device)
{
    const char *name = s->port->name;
    if (f->dir && !(f->dir & s->dir)) {
        return false;
    }
    if ((f->device_kinds >> s->kind & 1) && !device) {
        return false;
    }
    return is_among(f->region, f->regions, region) &&
           (is_among(f->initiator, f->initiators, name) ||
            is_among(f->initiator, f->initiators, owner));
}

bool trace_filter_wants(const TraceFilter *f, bool site_wanted,
                        uint64_t address, uint32_t size)
{
    if (!site_wanted || !f->ranges) {
        return site_wanted;
    }
    uint64_t last = address + (size ? size - 1 : 0);
    for (unsigned i = 0; i < f->ranges; i++) {
        if (address <= f->range[i].last && last >= f->range[i].first) {
            return true;
        }
    }
    return false;
}

bool trace_filter_is_open(const TraceFilter *f)
{
    return !f->device_kinds && !f->dir && !f->initiators && !f->regions &&
           !f->ranges;
}

void trace_set_filter(TraceStore *ts, const TraceFilter *filter)
{
    ts->filter = *filter;
    ts->filtered |= filter->ranges != 0; /* else sites decide */
}

uint64_t trace_left_out(TraceStore *ts)
{
    pthread_mutex_lock(&ts->lock);
    uint64_t n = ts->left_out;
    pthread_mutex_unlock(&ts->lock);
    return n;
}

/* -- buffers -------------------------------------------------------------- */

/* Behind what belongs to the head at r. */
static const MemoryRecord *skip_costs(const MemoryRecord *r,
                                      const MemoryRecord *end)
{
    while (++r < end && (r->site == RECORD_TIMING || row_is_beat(r))) {
    }
    return r;
}

typedef struct Filtering {
    const TraceStore *ts;
    MemoryRecord *out;
    uint64_t left_out;
} Filtering;

static bool is_recorded(const TraceStore *ts, const RowSite *s)
{
    return ts->recorder.kinds >> s->kind & 1;
}

/* Copies the access at r, if it is wanted. Returns what follows it. */
static const MemoryRecord *filter_access(Filtering *f, const MemoryRecord *r,
                                         const MemoryRecord *end, bool *wanted)
{
    const RowSite *s = row_site(&f->ts->sites, r->site);
    const MemoryRecord *next = skip_costs(r, end);
    *wanted = !s || trace_filter_wants(&f->ts->filter, s->wanted, r->address,
                                       s->size);
    if (*wanted) {
        memcpy(f->out, r, (size_t)(next - r) * sizeof(*r));
        f->out += next - r;
    } else {
        f->left_out += is_recorded(f->ts, s);
    }
    return next;
}

static bool step_wanted(const TraceStore *ts, const RowSite *s, uint64_t step)
{
    uint64_t pa = s->pc + s->step[step].offset - s->va_offset;
    return trace_filter_wants(&ts->filter, s->wanted, pa, s->step[step].size);
}

/* A fetch run: its stretches of wanted instructions, and in their places the
 * accesses that follow its head. */
static const MemoryRecord *filter_run(Filtering *f, const RowSite *s,
                                      const MemoryRecord *head,
                                      const MemoryRecord *end)
{
    uint64_t i = head->value & 0xffffffff, last = i + (head->value >> 32);
    last = last < s->steps ? last : s->steps;
    const MemoryRecord *r = head + 1;
    uint32_t heads = head->info;
    while (i < last) {
        bool wanted = step_wanted(f->ts, s, i);
        uint64_t to = i + 1;
        while (to < last && step_wanted(f->ts, s, to) == wanted) {
            to++;
        }
        MemoryRecord *run = wanted ? f->out++ : NULL;
        if (run) {
            *run = *head;
            run->value = (to - i) << 32 | i;
            run->info = 0;
        } else {
            f->left_out += is_recorded(f->ts, s) ? to - i : 0;
        }
        while (heads && r < end &&
               (to == last || r->cycle < head->cycle + s->step[to].cycle)) {
            bool copied;
            r = filter_access(f, r, end, &copied);
            heads--;
            if (run) {
                run->info += copied;
            }
        }
        i = to;
    }
    return r;
}

/* Stretches of one run there can be: ranges, as a run's addresses rise. */
static size_t filter_room(const TraceStore *ts, size_t records)
{
    return records * (ts->filter.ranges ? ts->filter.ranges : 1);
}

/* Behind the access at r if it is wanted, else NULL. */
static const MemoryRecord *wanted_access(const TraceStore *ts,
                                         const MemoryRecord *r,
                                         const MemoryRecord *end)
{
    const RowSite *s = row_site(&ts->sites, r->site);
    return !s || trace_filter_wants(&ts->filter, s->wanted, r->address, s->size)
               ? skip_costs(r, end)
               : NULL;
}

/* Behind the fetch run at r if all of it is wanted, else NULL. */
static const MemoryRecord *wanted_run(const TraceStore *ts, const RowSite *s,
                                      const MemoryRecord *head,
                                      const MemoryRecord *end)
{
    uint64_t first = head->value & 0xffffffff, count = head->value >> 32;
    if (!s->wanted || !count || first + count > s->steps) {
        return NULL;
    }
    for (uint64_t i = first; ts->filter.ranges && i < first + count; i++) {
        if (!step_wanted(ts, s, i)) {
            return NULL;
        }
    }
    const MemoryRecord *r = head + 1;
    for (uint32_t heads = head->info; r && heads && r < end; heads--) {
        r = wanted_access(ts, r, end);
    }
    return r;
}

/* The first record of b that is not wanted, or whose run is not whole. */
static const MemoryRecord *first_unwanted(const TraceStore *ts,
                                          const StoreBuffer *b)
{
    const MemoryRecord *r = b->record, *next = r, *end = r + b->records;
    while (next && next < end) {
        r = next;
        const RowSite *s = row_site(&ts->sites, r->site);
        next = s && s->steps ? wanted_run(ts, s, r, end)
                             : wanted_access(ts, r, end);
    }
    return next ? end : r;
}

bool filter_buffer(TraceStore *ts, const StoreBuffer *b, StoreBuffer *to)
{
    _Static_assert(STORE_BUFFER * TRACE_FILTER_RANGES <= CODEC_MAX_RECORDS,
                   "a filtered buffer is one chunk");
    const MemoryRecord *r = first_unwanted(ts, b),
                       *end = b->record + b->records;
    *to = *b;
    to->left_out = 0;
    if (r == end) {
        return true;
    }
    to->record = malloc((filter_room(ts, b->records) + 1) * sizeof(*b->record));
    if (!to->record) {
        return false;
    }
    size_t wanted = (size_t)(r - b->record);
    memcpy(to->record, b->record, wanted * sizeof(*b->record));
    Filtering f = {.ts = ts, .out = to->record + wanted};
    while (r < end) {
        const RowSite *s = row_site(&ts->sites, r->site);
        bool copied;
        r = s && s->steps ? filter_run(&f, s, r, end)
                          : filter_access(&f, r, end, &copied);
    }
    to->records = (size_t)(f.out - to->record);
    to->left_out = f.left_out;
    return true;
}

/* -- the ring ------------------------------------------------------------- */

void trace_keep_last(TraceStore *ts, uint64_t n)
{
    ts->ring.keep = ts->kept_of = n;
}

static bool is_head(const MemoryRecord *r)
{
    return r->site <= RECORD_SITE_MAX;
}

static MemoryRecord *ring_at(TraceRing *ring, size_t i)
{
    return &ring->record[(ring->first + i) & (ring->capacity - 1)];
}

/* Drops the oldest transaction. */
static void ring_drop(TraceRing *ring)
{
    do {
        ring->first++;
        ring->used--;
    } while (ring->used && !is_head(ring_at(ring, 0)));
    ring->count--;
}

/* Room for n more records. */
static bool ring_room(TraceStore *ts, size_t n)
{
    TraceRing *ring = &ts->ring;
    if (ring->used + n <= ring->capacity) {
        return true;
    }
    TraceRing grown = *ring;
    grown.capacity = ring->capacity ? ring->capacity : 1024;
    while (grown.capacity < ring->used + n) {
        grown.capacity *= 2;
    }
    grown.record = store_grow(ts, NULL, grown.capacity, sizeof(*grown.record));
    if (!grown.record) {
        return false;
    }
    for (size_t i = 0; i < ring->used; i++) {
        grown.record[i] = *ring_at(ring, i);
    }
    grown.first = 0;
    free(ring->record);
    *ring = grown;
    return true;
}

/* Keeps the transaction [r, end). */
static void ring_put(TraceStore *ts, const MemoryRecord *r,
                     const MemoryRecord *end)
{
    TraceRing *ring = &ts->ring;
    if (ring->count == ring->keep) {
        ring_drop(ring);
        ring->dropped++;
    }
    size_t n = (size_t)(end - r);
    if (!ring_room(ts, n)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        *ring_at(ring, ring->used++) = r[i];
    }
    ring->count++;
}

/* A fetch run, an instruction at a time, with its accesses. */
static const MemoryRecord *ring_run(TraceStore *ts, const RowSite *s,
                                    const MemoryRecord *head,
                                    const MemoryRecord *end)
{
    uint64_t first = head->value & 0xffffffff;
    uint64_t last = first + (head->value >> 32);
    last = last < s->steps ? last : s->steps;
    const MemoryRecord *r = head + 1;
    uint32_t heads = head->info;
    for (uint64_t i = first; i < last; i++) {
        MemoryRecord one = *head;
        one.info = 0;
        one.value = UINT64_C(1) << 32 | i;
        ring_put(ts, &one, &one + 1);
        while (
            heads && r < end &&
            (i + 1 == last || r->cycle < head->cycle + s->step[i + 1].cycle)) {
            const MemoryRecord *next = skip_costs(r, end);
            ring_put(ts, r, next);
            r = next;
            heads--;
        }
    }
    return r;
}

static void ring_records(TraceStore *ts, const StoreBuffer *b)
{
    const MemoryRecord *r = b->record, *end = r + b->records;
    while (r < end) {
        const RowSite *s = row_site(&ts->sites, r->site);
        if (s && s->steps) {
            r = ring_run(ts, s, r, end);
        } else {
            const MemoryRecord *next = skip_costs(r, end);
            ring_put(ts, r, next);
            r = next;
        }
    }
}

void ring_take(TraceStore *ts, const StoreBuffer *b)
{
    StoreBuffer chosen;
    if (!ts->filtered) {
        ring_records(ts, b);
    } else if (filter_buffer(ts, b, &chosen)) {
        ts->left_out += chosen.left_out;
        ring_records(ts, &chosen);
        if (chosen.record != b->record) {
            free(chosen.record);
        }
    } else {
        store_fail(ts, SQLITE_NOMEM);
    }
}

void trace_keep_now(TraceStore *ts)
{
    TraceRing *ring = &ts->ring;
    if (!ring->keep || !ts->filling) {
        return;
    }
    handover_drain(ts); /* into the ring */
    ring->keep = 0;
    MemoryRecorder *rec = &ts->recorder;
    for (size_t i = 0; i < ring->used;) {
        size_t n = 1; /* of one transaction */
        while (i + n < ring->used && !is_head(ring_at(ring, i + n))) {
            n++;
        }
        record_room(rec, (unsigned)n);
        for (; n; n--) {
            *rec->next++ = *ring_at(ring, i++);
        }
    }
    handover_drain(ts);
    ring_free(ts);
}

void ring_free(TraceStore *ts)
{
    free(ts->ring.record);
    ts->ring.record = NULL;
    ts->ring.used = ts->ring.capacity = 0;
}
