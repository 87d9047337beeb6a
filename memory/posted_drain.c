/*
 * posted_drain.c - a posted-write buffer empties: its transactions on the bus,
 * what devices see of them, and what is recorded (see posted_buffer.h).
 *
 * Model    Two ways: asynchronously, one request after the other, each at a
 *          time the owner was asked for (posted_buffer_alarm); or, for an
 *          initiator that waits, by accesses that are answered at once. The
 *          stores of an entry are performed when its last transaction is
 *          granted, or before that when something must see them at once.
 */
#include <stddef.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/port_private.h"
#include "memory/posted_private.h"

static PostedEntry *oldest(PostedBuffer *b)
{
    return &b->entry[b->first];
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* -- runs of bus words ----------------------------------------------------- */

unsigned posted_words(const PostedBuffer *b, hwaddr addr, unsigned size)
{
    return b->word ? (unsigned)((addr % b->word + size - 1) / b->word) + 1 : 1;
}

static bool is_touched(const PostedEntry *e, unsigned at)
{
    return e->touched[at / 64] >> at % 64 & 1;
}

static bool is_touched_from(const PostedEntry *e, unsigned from)
{
    while (from < e->span && !is_touched(e, from)) {
        from++;
    }
    return from < e->span;
}

/* What of e drains next, from byte `from` on: b->at and b->run. */
static void next_run(PostedBuffer *b, const PostedEntry *e, unsigned from)
{
    unsigned at = from;
    while (!is_touched(e, at)) {
        at++;
    }
    unsigned end = at + 1;
    for (unsigned i = end; i < e->span; i++) {
        unsigned gap = i - end; /* bytes of an untouched word are a gap */
        if (is_touched(e, i) &&
            posted_words(b, e->base + end - 1, gap + 2) <= 2) {
            end = i + 1;
        }
    }
    b->at = at;
    b->run = end - at;
}

/* -- devices --------------------------------------------------------------- */

static void perform_entry(PostedBuffer *b, PostedEntry *e)
{
    if (e->performed || b->performing) {
        return;
    }
    MemoryWorld *world = b->port.world;
    MemoryPort *outer_port = world->port;
    uint64_t outer_pc = world->pc;
    MemoryBeats *outer_beats = world->beats;
    e->performed = true;
    b->performing = true;
    world->port = &b->port;
    world->beats = NULL;
    for (unsigned i = 0; i < e->stores; i++) {
        const PostedStore *s = &e->store[i];
        MemTxResult result = MEMTX_OK;
        FlatView *fv = flatview_ref(address_space_to_flatview(b->port.as));
        world->pc = s->pc;
        memory_st(fv, s->addr, s->value, (MemOp)__builtin_ctz(s->size),
                  s->attrs, &result);
        flatview_unref(fv);
        e->result |= (uint8_t)result;
        e->region->errors += result != MEMTX_OK;
    }
    world->port = outer_port;
    world->pc = outer_pc;
    world->beats = outer_beats;
    b->performing = false;
}

void posted_perform(PostedBuffer *b)
{
    for (unsigned i = 0; i < b->count; i++) {
        perform_entry(b, &b->entry[(b->first + i) % b->depth]);
    }
}

/* -- one transaction ------------------------------------------------------- */

static MemoryPiece piece_at(const PostedBuffer *b, hwaddr addr)
{
    MemoryPiece p = memory_piece_at(address_space_to_flatview(b->port.as), addr,
                                    1, true, MEMTXATTRS_UNSPECIFIED);
    p.mr = p.mr == &b->port.world->unassigned ? NULL : p.mr;
    return p;
}

/* Fills in the request for the next run of the oldest entry. */
static void ask(PostedBuffer *b, uint64_t issue)
{
    const PostedEntry *e = oldest(b);
    next_run(b, e, b->at);
    const hwaddr addr = e->base + b->at;
    const MemoryRegion *mr = piece_at(b, addr).mr;
    b->last_issue = later(issue, b->last_issue);
    b->timing = (TimingRequest){.port = &b->port,
                                .addr = addr,
                                .size = e->pieces ? e->step : b->run,
                                .pieces = e->pieces ? e->pieces : 1,
                                .is_write = true,
                                .target = mr ? mr->timing : NULL,
                                .issue = b->last_issue};
}

static void answer_at_once(PostedBuffer *b)
{
    TimingRequest *rq = &b->timing;
    TimingModel *timing = b->port.timing;
    if (timing) {
        timing->access(timing, rq);
    } else {
        rq->granted = rq->done = rq->issue;
        rq->beats = rq->pieces;
    }
    b->port.world->now = rq->granted;
}

/* The beats of the run for the recorder, by bus words or as the device takes a
 * single store. */
static void note_beats(PostedBuffer *b, const PostedEntry *e,
                       const MemoryPiece *p)
{
    MemoryBeats *beats = &b->port.beats;
    if (!e->pieces) {
        unsigned from = beats->count;
        port_note_direct(&b->port, p->mr, p->offset, e->data + b->at, NULL,
                         b->run, &b->timing);
        for (; from < beats->count; from++) {
            beats->beat[from].cause = BEAT_FLUSH;
        }
        return;
    }
    MemoryWorld *world = b->port.world;
    MemoryBeats *outer = world->beats;
    BeatCause cause = e->pieces > 1       ? BEAT_SPLIT
                      : e->step > e->span ? BEAT_WIDEN
                                          : BEAT_FLUSH;
    world->beats = beats;
    for (unsigned i = 0; i < e->pieces; i++) {
        uint64_t value = 0;
        memcpy(&value, e->data + i * e->step, e->step < 8 ? e->step : 8);
        beats_note(world, p->mr, p->offset + i * e->step, e->step, value,
                   cause);
    }
    world->beats = outer;
}

/* Counts and records the transaction; `result` of its stores. */
static void count(PostedBuffer *b, const PostedEntry *e, MemTxResult result)
{
    MemoryPort *port = &b->port;
    const TimingRequest *rq = &b->timing;
    MemoryPiece p = piece_at(b, rq->addr);
    PortTx tx = {.addr = rq->addr,
                 .va = rq->addr,
                 .issue = rq->issue,
                 .kind = ACCESS_STORE,
                 .result = result,
                 .blocker = rq->blocker,
                 .beats = p.mr ? rq->beats : 0,
                 .granted = rq->granted,
                 .done = rq->done};
    port_time_split(port, &tx, timing_waited(rq), rq->target_ps);
    PortTraffic *n = port_traffic_of(port, p.mr, p.mr ? p.mr->id : 0,
                                     ACCESS_STORE, DIR_WRITE, b->run);
    n->accesses++;
    n->errors += result != MEMTX_OK;
    n->beats += tx.beats;
    n->bytes_moved += p.mr ? (uint64_t)rq->size * rq->pieces : 0;
    n->wait += tx.wait;
    n->bus += tx.bus;
    n->target += tx.target;
    e->region->drains++;
    e->region->beats += rq->beats;
    const MemoryRecorder *rec = port->world->recorder;
    if (rec && (rec->kinds >> ACCESS_STORE & 1)) {
        uint64_t value = 0;
        memcpy(&value, e->data + b->at, b->run < 8 ? b->run : 8);
        unsigned first = port->beats.count;
        if (p.mr) {
            note_beats(b, e, &p);
        }
        port_record(port, &tx, rq, b->run, DIR_WRITE, b->run > 8 ? 0 : value,
                    first);
        port->beats.count = first;
    }
}

/* The request was granted; b->busy. */
static void granted(PostedBuffer *b)
{
    PostedEntry *e = oldest(b);
    const bool more = is_touched_from(e, b->at + b->run);
    b->last_done = b->timing.done;
    if (!more) {
        perform_entry(b, e);
    }
    count(b, e, more ? MEMTX_OK : e->result);
    b->at += b->run;
    if (!more) {
        b->last = e->region;
        b->first = (b->first + 1) % b->depth;
        b->count--;
        b->drain -= b->drain > 0;
        b->popped++;
        b->at = 0;
    }
}

/* -- one after the other --------------------------------------------------- */

static void on_grant(TimingRequest *rq)
{
    PostedBuffer *b =
        (PostedBuffer *)((char *)rq - offsetof(PostedBuffer, timing));
    b->pending = false;
    b->busy = true;
    granted(b);
    b->busy = false;
    posted_go_on(b);
}

static void request(PostedBuffer *b, uint64_t issue)
{
    TimingModel *timing = b->port.timing;
    ask(b, issue);
    b->pending = true;
    b->timing.on_grant = on_grant;
    if (timing && timing->request) {
        timing->request(timing, &b->timing);
    } else {
        answer_at_once(b);
        on_grant(&b->timing);
    }
}

/* When the oldest entry will have waited long enough. */
static uint64_t deadline(PostedBuffer *b)
{
    if (!b->count || !b->timeout) {
        return TIME_NEVER;
    }
    const ClockDomain *clk = b->port.clock;
    return clock_time(clk, clock_cycle_at(clk, oldest(b)->issue) + b->timeout);
}

static void release(PostedBuffer *b)
{
    while (b->waiting && !b->drain) {
        PortRequest *rq =
            (PortRequest *)((char *)b->waiting - offsetof(PortRequest, timing));
        b->waiting = b->waiting->next;
        rq->tx.done = later(rq->tx.done, b->last_done);
        port_request_go(rq);
    }
}

void posted_go_on(PostedBuffer *b)
{
    if (b->busy || b->pending) {
        return; /* its end comes here */
    }
    release(b);
    if (!b->busy && !b->pending) {
        b->alarm(b, b->drain ? b->last_done : deadline(b));
    }
}

void posted_buffer_alarm(PostedBuffer *b, uint64_t when)
{
    if (b->busy || b->pending) {
        return;
    }
    if (!b->drain && deadline(b) <= when) {
        posted_order(b, b->count, POSTED_TIMEOUT);
    }
    if (b->drain && b->last_done <= when) {
        request(b, when);
    } else {
        posted_go_on(b);
    }
}

uint64_t posted_drain(PostedBuffer *b, unsigned n, uint64_t now)
{
    const uint64_t end = b->popped + n;
    uint64_t at = later(now, b->last_done);
    while (b->popped < end && b->count) {
        if (b->pending) {
            if (!b->wait(b)) {
                posted_perform(b); /* nobody gives it time */
                break;
            }
            continue;
        }
        b->busy = true;
        ask(b, later(at, b->last_done));
        answer_at_once(b);
        granted(b);
        b->busy = false;
    }
    posted_go_on(b);
    return later(at, b->last_done);
}
