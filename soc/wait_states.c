/* wait_states.c - the time of a target: cycles before its first and before each
 * later beat (see bus.h); prefetch.c has those with a buffer. */
#include "soc/bus.h"

static void wait_states_access(TimingModel *model, TimingRequest *rq)
{
    WaitStates *ws = (WaitStates *)model;
    uint64_t first = rq->is_write ? ws->write_first : ws->read_first;
    uint64_t next = rq->is_write ? ws->write_next : ws->read_next;
    uint64_t begin = clock_cycle_at(ws->clock, rq->issue);
    uint64_t end = begin + first + (rq->pieces - 1) * next;
    rq->granted = rq->issue;
    rq->done = clock_time(ws->clock, end);
    rq->target_ps = rq->done - rq->issue;
    rq->beats = rq->pieces;
    rq->beat_first = clock_time(ws->clock, begin + first) - rq->issue;
    rq->beat_next = clock_time(ws->clock, next);
}

static bool wait_states_inline(TimingModel *model, const TimingRequest *rq,
                               TimingInline *form)
{
    WaitStates *ws = (WaitStates *)model;
    uint64_t first = rq->is_write ? ws->write_first : ws->read_first;
    uint64_t next = rq->is_write ? ws->write_next : ws->read_next;
    form->first = form->target_first = clock_time(ws->clock, first);
    form->next = form->target_next = clock_time(ws->clock, next);
    form->beats = rq->pieces;
    return true;
}

void wait_states_init(WaitStates *ws, const char *name,
                      const ClockDomain *clock)
{
    *ws = (WaitStates){.model = {.name = name,
                                 .access = wait_states_access,
                                 .inline_form = wait_states_inline},
                       .clock = clock};
}
