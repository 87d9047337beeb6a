/*
 * traffic_source.c - what generators and players did: asked and achieved.
 *
 * Units    cycles of the initiator's clock; bytes per second, of the average
 *          over active and silent times.
 */
#include "traces/store.h"

void trace_add_source(TraceStore *ts, const Traffic *t, uint64_t end_ps)
{
    handover_drain(ts);
    const TrafficTotals n = traffic_totals(t, end_ps);
    store_run(ts,
              "insert into traffic_source values(?,?,?,?,?,?,?,nullif(?,0),"
              "?,?,?,?,?,?,?,?)",
              "tttuuuuuuuuuuuui", t->master.name, t->dev.cls->name, t->pace,
              t->outstanding, n.requests, n.bytes, n.errors, t->rate, n.late,
              n.late_cycles, n.missed, n.late_most, n.longest, n.first_ps,
              n.last_ps, (int64_t)t->master.id);
}
