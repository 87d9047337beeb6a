/*
 * posted_totals.c - what posted stores saved and waited for, into the
 * summaries.
 *
 * Units    cycles of the buffer's clock, which is the bus's.
 */
#include "traces/store.h"

static uint64_t cycles(const PostedRegion *pr, uint64_t ps)
{
    return clock_cycle_at(pr->buffer->port.clock, ps);
}

void trace_add_posted_totals(TraceStore *ts, const PostedRegion *pr)
{
    handover_drain(ts);
    const PostedBuffer *b = pr->buffer;
    const StoreRegion *r = dictionary_region(ts, pr->region_id, pr->mr);
    const char *name = r ? r->name : NULL;
    const uint64_t spent = cycles(pr, pr->spent_ps);
    const uint64_t lone = cycles(pr, pr->lone_ps);
    store_run(ts,
              "insert into posted_cost values(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
              "?,?)",
              "ttutuuuuuiuiiuuuii", name, b->port.name, (uint64_t)b->depth,
              posted_merge_name[b->merge], pr->stores, pr->bytes, pr->drains,
              pr->beats, pr->lone_beats, (int64_t)(pr->lone_beats - pr->beats),
              spent, (int64_t)lone, (int64_t)(lone - spent), pr->stalls,
              cycles(pr, pr->stall_ps), pr->errors, (int64_t)pr->region_id,
              (int64_t)b->port.id);
    for (unsigned i = 0; i < POSTED_CAUSES; i++) {
        if (pr->cause[i].flushes || pr->cause[i].wait_ps) {
            store_run(ts, "insert into posted_flush values(?,?,?,?,?,?,?,?)",
                      "tttuuuii", name, b->port.name, posted_cause_name[i],
                      pr->cause[i].flushes, pr->cause[i].stores,
                      cycles(pr, pr->cause[i].wait_ps), (int64_t)pr->region_id,
                      (int64_t)b->port.id);
        }
    }
}
