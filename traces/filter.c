/*
 * filter.c - which transactions become rows, and the last ones before a
 * trigger.
 *
 * Model    A filter asks who, where, which way and of which kind, which a site
 *          says once, and at which address, which a record says. Transactions
 *          it does not want are counted, so that rows and those are what the
 *          ports counted.
 *          The last N are kept as records, in a ring ahead of the store: each
 *          transaction with its timing and beats, a fetch run as one record per
 *          instruction. The ring grows to what N of them take.
 * Units    records; physical addresses.
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
    ts->filtered = !trace_filter_is_open(filter);
}

/* What was decided of a site; made on first use. */
enum { SITE_NEW, SITE_UNWANTED, SITE_WANTED };

bool filter_site(TraceStore *ts, uint32_t id)
{
    if (!ts->filtered) {
        return true;
    }
    if (id >= ts->decisions) {
        uint32_t n = ts->recorder.site_capacity;
        uint8_t *decision = store_grow(ts, ts->decision, n, 1);
        if (!decision) {
            return false;
        }
        memset(decision + ts->decisions, SITE_NEW, n - ts->decisions);
        ts->decision = decision;
        ts->decisions = n;
    }
    if (ts->decision[id] == SITE_NEW) {
        const MemorySite *s = &ts->recorder.site[id];
        const StoreRegion *region =
            dictionary_region(ts, s->place->region_id, s->place->mr);
        const StoreInitiator *initiator = dictionary_initiator(ts, s->port);
        bool wanted =
            initiator && trace_filter_site(&ts->filter, s, initiator->owner,
                                           region ? region->name : NULL,
                                           region && region->io);
        ts->decision[id] = wanted ? SITE_WANTED : SITE_UNWANTED;
    }
    return ts->decision[id] == SITE_WANTED;
}

const MemoryRecord *filter_skip(const MemoryRecord *head,
                                const MemoryRecord *end)
{
    const MemoryRecord *r = head + 1;
    while (r < end && (r->site == RECORD_TIMING || r->site == RECORD_BEAT ||
                       r->site == RECORD_PLACE)) {
        r++;
    }
    return r;
}

/* -- the ring ------------------------------------------------------------- */

void trace_keep_last(TraceStore *ts, uint64_t n)
{
    ts->ring.keep = ts->kept_of = n;
}

uint64_t trace_left_out(const TraceStore *ts)
{
    return ts->left_out;
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

/* Keeps the transaction [r, end), if it is wanted. */
static void ring_put(TraceStore *ts, const MemoryRecord *r,
                     const MemoryRecord *end, bool wanted)
{
    TraceRing *ring = &ts->ring;
    if (!wanted) {
        ts->left_out++;
        return;
    }
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

static const MemoryRecord *ring_head(TraceStore *ts, const MemoryRecord *r,
                                     const MemoryRecord *end);

static const MemoryRecord *ring_run(TraceStore *ts, const MemoryRecord *head,
                                    const MemoryRecord *end)
{
    const MemorySite *s = &ts->recorder.site[head->site];
    bool wanted = filter_site(ts, head->site);
    uint64_t first = head->value & 0xffffffff;
    uint64_t last = first + (head->value >> 32);
    last = last < s->run_length ? last : s->run_length;
    const MemoryRecord *r = head + 1;
    const MemoryRecord *accesses = head->info < end - r ? r + head->info : end;
    for (uint64_t i = first; i < last; i++) {
        const FetchStep *step = &s->run[i];
        MemoryRecord one = *head;
        one.info = 0;
        one.value = UINT64_C(1) << 32 | i;
        uint64_t pa = s->pc + step->offset - s->place->va_offset;
        ring_put(ts, &one, &one + 1,
                 trace_filter_wants(&ts->filter, wanted, pa, step->size));
        while (r < accesses && !ts->error &&
               (i + 1 == last || r->cycle < head->cycle + step[1].cycle)) {
            r = ring_head(ts, r, accesses);
        }
    }
    return r;
}

static const MemoryRecord *ring_head(TraceStore *ts, const MemoryRecord *r,
                                     const MemoryRecord *end)
{
    if (r->site >= ts->recorder.sites) {
        store_fail_text(ts, "a record of no known site was handed over");
        return end;
    }
    const MemorySite *s = &ts->recorder.site[r->site];
    if (!(ts->recorder.kinds >> s->kind & 1)) {
        return r + 1;
    }
    if (s->run) {
        return ring_run(ts, r, end);
    }
    const MemoryRecord *next = filter_skip(r, end);
    ring_put(ts, r, next,
             trace_filter_wants(&ts->filter, filter_site(ts, r->site),
                                r->address, s->size));
    return next;
}

void ring_take(TraceStore *ts, const MemoryRecord *r, const MemoryRecord *end)
{
    while (r < end && !ts->error) {
        r = ring_head(ts, r, end);
    }
}

void trace_keep_now(TraceStore *ts)
{
    TraceRing *ring = &ts->ring;
    if (!ring->keep) {
        return;
    }
    decode_flush(ts);
    ring->keep = 0; /* from here on records go straight to the store */
    MemoryRecord *line =
        ring->used ? store_grow(ts, NULL, ring->used, sizeof(*line)) : NULL;
    for (size_t i = 0; line && i < ring->used; i++) {
        line[i] = *ring_at(ring, i);
    }
    if (line) {
        decode_records(ts, line, line + ring->used);
    }
    free(line);
    ring_free(ts);
    store_commit_some(ts);
}

void ring_free(TraceStore *ts)
{
    free(ts->ring.record);
    ts->ring.record = NULL;
    ts->ring.used = ts->ring.capacity = 0;
}
