/*
 * filter.c - which transactions become rows.
 *
 * Units    records; physical addresses.
 */
#include <string.h>

#include "traces/store.h"

/* -- records -------------------------------------------------------------- */

static const MemoryRecord *skip_costs(const MemoryRecord *r,
                                      const MemoryRecord *end)
{
    while (r < end && (r->site == RECORD_TIMING || r->site == RECORD_BEAT ||
                       r->site == RECORD_PLACE)) {
        r++;
    }
    return r;
}

static bool head_wanted(const TraceStore *ts, const RowSite *s,
                        const MemoryRecord *head)
{
    return s->wanted;
}

void filter_buffer(TraceStore *ts, StoreBuffer *b)
{
    const MemoryRecord *r = b->record, *end = r + b->records;
    MemoryRecord *out = b->record, *run = NULL;
    uint32_t in_run = 0; /* heads that follow run's, or that of one left out */
    while (r < end) {
        const RowSite *s = row_site(&ts->sites, r->site);
        const MemoryRecord *next = skip_costs(r + 1, end);
        bool wanted = !s || head_wanted(ts, s, r);
        if (s && s->steps) {
            in_run = r->info;
            run = wanted ? out : NULL;
        } else if (in_run) {
            in_run--;
            if (run && !wanted) {
                run->info--;
            }
        }
        if (wanted) {
            memmove(out, r, (size_t)(next - r) * sizeof(*r));
            out += next - r;
        }
        r = next;
    }
    b->records = (size_t)(out - b->record);
}
