/*
 * prefetch.c - wait states of a target that reads ahead: a serial flash that is
 * executed in place.
 *
 * Model    A read that is not what comes next begins a stream: the first word
 *          takes `first` cycles, each later one `next`. After it the stream
 * goes on, unasked, until the buffer is full of bytes not yet read; a read of
 *          what the buffer has, or will have, waits only until it is there. The
 *          buffer keeps its newest bytes, so short loops run from it. Anything
 *          else, and a write, ends the stream at once.
 * Units    cycles of the target's bus; a word is as wide as that bus.
 * Source   own design, after the flash interface of SiFive's FE310-G002
 *          (manual, chapter 19), which continues a read while addresses rise.
 * Missing  Reading ahead has no beats in a trace: it is on the flash's own
 * wires. Several initiators share the one stream.
 */
#include "soc/bus.h"

/* The stream goes on to here. */
static hwaddr limit_of(const WaitStates *ws)
{
    return (ws->end + ws->width - 1) / ws->width * ws->width + ws->prefetch;
}

/* What has come in up to `now`. */
static void advance(WaitStates *ws, uint64_t now)
{
    hwaddr limit = limit_of(ws);
    uint64_t room = limit > ws->head ? (limit - ws->head) / ws->width : 0;
    uint64_t passed = now > ws->head_cycle ? now - ws->head_cycle : 0;
    uint64_t words = ws->read_next ? passed / ws->read_next : room;
    if (words >= room) {
        ws->head += room * ws->width;
        ws->head_cycle = now; /* it stands still, ready to go on */
    } else {
        ws->head += words * ws->width;
        ws->head_cycle += words * ws->read_next;
    }
    if (ws->head - ws->tail > ws->prefetch) {
        ws->tail = ws->head - ws->prefetch;
    }
}

static uint64_t read_done(WaitStates *ws, hwaddr from, hwaddr to, uint64_t now)
{
    hwaddr begin = from / ws->width * ws->width;
    hwaddr need = (to + ws->width - 1) / ws->width * ws->width;
    if (ws->streams) {
        advance(ws, now);
    }
    if (!ws->streams || begin < ws->tail || begin >= limit_of(ws)) {
        ws->streams = true;
        ws->tail = begin;
        ws->head = need;
        ws->head_cycle = now + ws->read_first +
                         ((need - begin) / ws->width - 1) * ws->read_next;
    } else if (need > ws->head) {
        ws->head_cycle += (need - ws->head) / ws->width * ws->read_next;
        ws->head = need;
    } else {
        ws->end = to;
        return now;
    }
    ws->end = to;
    return ws->head_cycle > now ? ws->head_cycle : now;
}

static void prefetch_access(TimingModel *model, TimingRequest *rq)
{
    WaitStates *ws = (WaitStates *)model;
    uint64_t now = clock_cycle_at(ws->clock, rq->issue), done;
    uint64_t next = rq->is_write ? ws->write_next : ws->read_next;
    if (rq->is_write) {
        ws->streams = false;
        done = now + ws->write_first + (rq->pieces - 1) * next;
    } else {
        /* `pieces` are beats here, whatever was asked for at first. */
        bool whole = rq->size >= ws->width;
        hwaddr from = whole ? rq->addr / ws->width * ws->width : rq->addr;
        uint64_t piece = whole ? ws->width : rq->size;
        done = read_done(ws, from, from + rq->pieces * piece, now);
    }
    uint64_t later = (rq->pieces - 1) * next;
    bool at_once = done - now < later;
    rq->granted = rq->issue;
    rq->done = clock_time(ws->clock, done);
    rq->target_ps = rq->done > rq->issue ? rq->done - rq->issue : 0;
    rq->beats = rq->pieces;
    rq->beat_first =
        clock_time(ws->clock, at_once ? done - now : done - now - later);
    rq->beat_next = at_once ? 0 : clock_time(ws->clock, next);
}

void wait_states_prefetch(WaitStates *ws, uint32_t bytes, uint32_t width)
{
    ws->model.access = prefetch_access;
    ws->model.inline_form = NULL; /* no two reads need cost the same */
    ws->prefetch = bytes;
    ws->width = width;
}

void wait_states_reset(WaitStates *ws)
{
    ws->streams = false;
}
