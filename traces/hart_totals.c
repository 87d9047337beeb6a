/*
 * hart_totals.c - a hart's counters into the summaries. Apart from summary.c so
 * that a program without harts links traces/ without cpu/.
 */
#include "traces/store.h"

typedef struct BlockVisit {
    TraceStore *ts;
    const char *hart;
} BlockVisit;

static void visit(void *opaque, uint64_t pc, uint64_t bytes, uint64_t entries,
                  uint64_t instructions, uint64_t cycles)
{
    BlockVisit *v = opaque;
    summary_block(v->ts, v->hart, pc, bytes, entries, instructions, cycles);
}

void trace_add_hart_totals(TraceStore *ts, Hart *hart)
{
    const HartConfig *c = hart_config(hart);
    HartFigures h = {.name = c->name,
                     .profile = c->profile->name,
                     .profile_source = c->profile->source,
                     .timing_level = timing_level_name[c->level],
                     .timing_estimates = c->profile->estimates,
                     .clock_hz = c->clock->hz,
                     .counters = hart_counters(hart)};
    summary_hart(ts, &h);
    BlockVisit v = {ts, c->name};
    hart_visit_blocks(hart, visit, &v);
}
