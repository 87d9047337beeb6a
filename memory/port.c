/*
 * port.c - one access: look up, time, perform, count, record (see port.h).
 *
 * Model    The functional part is the dispatch of memory/; this file adds the
 *          initiator. Entries and places are in port_entry.c.
 * Units    picoseconds towards timing models, cycles of the port's clock in
 *          counts and records.
 * Missing  the time of IOMMU look-ups.
 */
#include "memory/port.h"

#include <string.h>

#include "memory/internal.h"
#include "memory/port_private.h"
#include "memory/posted_private.h"

/* -- time ------------------------------------------------------------------ */

static void time_access(MemoryPort *port, TimingRequest *rq)
{
    if (port->timing) {
        port->timing->access(port->timing, rq);
    } else {
        rq->granted = rq->done = rq->issue;
        rq->beats = rq->pieces;
    }
}

void port_time_split(const MemoryPort *port, PortTx *tx, uint64_t wait_ps,
                     uint64_t target_ps)
{
    tx->wait = tx->bus = tx->target = 0;
    if (tx->done == tx->issue) {
        return;
    }
    const ClockDomain *clk = port->clock;
    uint64_t from = clock_cycle_at(clk, tx->issue);
    uint64_t total = clock_cycle_at(clk, tx->done) - from;
    if (wait_ps) {
        tx->wait = clock_cycle_at(clk, tx->issue + wait_ps) - from;
        tx->wait = tx->wait < total ? tx->wait : total;
    }
    uint64_t rest = total - tx->wait;
    if (target_ps) {
        tx->target = clock_cycle_at(clk, target_ps);
        tx->target = tx->target < rest ? tx->target : rest;
    }
    tx->bus = rest - tx->target;
}

/* -- an access under way --------------------------------------------------- */

typedef struct Access {
    MemoryPort *port;
    PortTx *tx;
    FlatView *fv;
    MemoryPort *outer_port;
    uint64_t outer_pc, outer_va;
    MemoryBeats *outer_beats;
    unsigned first_beat; /* before it: those of accesses it is inside of */
    bool recorded;
    uint64_t ready;   /* ps: posted stores that come first have drained */
    uint16_t blocker; /* who drained them; 0: nobody */
} Access;

static void access_begin(Access *a, MemoryPort *port, PortTx *tx)
{
    const MemoryRecorder *rec = port->world->recorder;
    *a = (Access){.port = port,
                  .tx = tx,
                  .fv = flatview_ref(address_space_to_flatview(port->as)),
                  .first_beat = port->beats.count,
                  .recorded = rec && (rec->kinds >> tx->kind & 1),
                  .ready = tx->issue};
    tx->posted = false;
    tx->result = MEMTX_OK;
    tx->blocker = 0;
    tx->beats = 0;
    tx->granted = tx->done = tx->issue;
    tx->wait = tx->bus = tx->target = 0;
}

/* From here to perform_end() callbacks of devices may run. */
static void perform_begin(Access *a, uint64_t now)
{
    MemoryWorld *world = a->port->world;
    a->outer_port = world->port;
    a->outer_pc = world->pc;
    a->outer_va = world->va;
    a->outer_beats = world->beats;
    world->port = a->port;
    world->pc = a->tx->pc;
    world->va = a->tx->va;
    world->beats = a->recorded ? &a->port->beats : NULL;
    world->now = now;
}

static void perform_end(Access *a)
{
    MemoryWorld *world = a->port->world;
    world->port = a->outer_port;
    world->pc = a->outer_pc;
    world->va = a->outer_va;
    world->beats = a->outer_beats;
}

static void access_end(Access *a)
{
    a->port->beats.count = a->first_beat;
    flatview_unref(a->fv);
}

/* -- 1, 2, 4, 8 bytes ------------------------------------------------------ */

typedef struct Target {
    MemoryRegion *mr; /* NULL: nothing there */
    hwaddr offset;
    uint64_t room; /* bytes that go the same way, at most those asked for */
    bool direct;
} Target;

static Target look_up(FlatView *fv, hwaddr addr, uint64_t len, bool is_write,
                      MemTxAttrs attrs)
{
    MemoryPiece p = memory_piece_at(fv, addr, len, is_write, attrs);
    bool there = p.mr != &fv->world->unassigned;
    return (Target){there ? p.mr : NULL, p.offset, p.len, p.direct};
}

static Target look_up_sized(const Access *a, unsigned size, bool is_write)
{
    Target t = look_up(a->fv, a->tx->addr, size, is_write, a->tx->attrs);
    t.direct &= t.room >= size; /* the ld/st rule: else it fails whole */
    return t;
}

/* A target behind an IOMMU is in no view that the access holds. What arrives
 * before it, and its own callback, may end it: it is kept until the access is
 * counted and recorded, and let go of with memory_region_unref(). */
static void keep(const Target *t)
{
    memory_region_ref(t->mr);
}

/* What stands in posted-write buffers and must drain first: takes time. */
static void wait_for_posted(Access *a, const Target *t)
{
    a->ready = posted_before(a->port, t->mr, t->direct, a->ready, &a->blocker);
}

/* Posted writes arrive before the access. */
static void flush(const Target *t)
{
    if (t->mr && !t->direct && (t->mr->special & REGION_FLUSHES)) {
        posted_flush_for(t->mr);
    }
}

/* Fills and asks the timing request of one dispatched access. */
static void time_sized(Access *a, const Target *t, unsigned size, bool is_write,
                       TimingRequest *rq)
{
    *rq = (TimingRequest){.port = a->port,
                          .addr = a->tx->addr,
                          .size = size,
                          .pieces = 1,
                          .is_write = is_write,
                          .direct = t->direct && a->tx->result == MEMTX_OK,
                          .target = t->mr ? t->mr->timing : NULL,
                          .issue = a->ready};
    if (t->mr && !t->direct && size > 1) {
        AccessPlan plan;
        access_plan(t->mr, t->offset, size, is_write, a->tx->attrs, &plan);
        if (plan.valid) {
            rq->size = plan.step;
            rq->pieces = plan.pieces;
        }
    }
    time_access(a->port, rq);
    PortTx *tx = a->tx;
    tx->granted = rq->granted;
    tx->done = rq->done;
    tx->blocker = rq->blocker ? rq->blocker : a->blocker;
    port_time_split(a->port, tx, rq->granted - tx->issue - rq->moving_ps,
                    rq->target_ps);
    if (a->recorded) {
        port_note_lines(a->port, a->fv, rq, tx->issue);
    }
}

static uint32_t id_of(const MemoryRegion *mr)
{
    return mr ? mr->id : 0;
}

static void finish_sized(Access *a, const Target *t, const TimingRequest *rq,
                         unsigned size, uint8_t dir, uint64_t value,
                         bool done_direct)
{
    MemoryPort *port = a->port;
    PortTx *tx = a->tx;
    bool reached = t->mr && tx->result != MEMTX_DECODE_ERROR;
    if (port->world->watches && tx->kind != ACCESS_FETCH && !tx->result) {
        watch_access(port, t->mr, t->offset, size, dir, &value);
    }
    tx->beats = reached ? rq->beats : 0;
    PortTraffic *n =
        port_traffic_of(port, t->mr, id_of(t->mr), tx->kind, dir, size);
    n->accesses++;
    n->errors += tx->result != MEMTX_OK;
    n->beats += tx->beats;
    n->bytes_moved += reached ? port_bytes_moved(rq) : 0;
    n->wait += tx->wait;
    n->bus += tx->bus;
    n->target += tx->target;
    if (a->recorded && port->world->recorder) {
        if (done_direct) {
            port_note_direct(port, t->mr, t->offset, &value, NULL, size, rq);
        }
        port_record(port, tx, rq, size, dir, value, a->first_beat);
    }
}

static uint8_t *host_of(const Target *t)
{
    return t->mr->ram_block->host + t->offset;
}

static MemOp op_of(unsigned size)
{
    return (MemOp)__builtin_ctz(size);
}

uint64_t port_load(MemoryPort *port, PortTx *tx, unsigned size)
{
    Access a;
    access_begin(&a, port, tx);
    Target t = look_up_sized(&a, size, false);
    TimingRequest rq;
    keep(&t);
    wait_for_posted(&a, &t);
    time_sized(&a, &t, size, false, &rq);
    uint64_t value = 0;
    perform_begin(&a, rq.granted);
    flush(&t);
    if (t.direct) {
        memcpy(&value, host_of(&t), size);
    } else if (!t.mr) {
        tx->result = MEMTX_DECODE_ERROR;
    } else {
        tx->result = memory_region_dispatch_read(t.mr, t.offset, &value,
                                                 op_of(size), tx->attrs);
        value = cut_bytes(value, size);
    }
    perform_end(&a);
    finish_sized(&a, &t, &rq, size, DIR_READ, value, t.direct);
    access_end(&a);
    memory_region_unref(t.mr);
    return value;
}

static void store(Access *a, const Target *t, unsigned size, uint64_t value)
{
    PortTx *tx = a->tx;
    if (t->direct) {
        memcpy(host_of(t), &value, size);
        ram_written(a->port, t->mr, t->offset, size);
    } else if (!t->mr) {
        tx->result = MEMTX_DECODE_ERROR;
    } else {
        tx->result = memory_region_dispatch_write(t->mr, t->offset, value,
                                                  op_of(size), tx->attrs);
    }
}

/* Into a posted-write buffer, if it goes there. Memory changes at once. */
static bool post(Access *a, const Target *t, unsigned size, uint64_t value)
{
    PortTx *tx = a->tx;
    if (!t->mr || !t->mr->posted ||
        !posted_takes(a->port, t->mr, t->offset, size, t->direct, tx->attrs)) {
        return false;
    }
    posted_store(a->port, tx, t->mr, t->offset, t->direct, size, value);
    if (t->direct) {
        perform_begin(a, tx->granted);
        store(a, t, size, value);
        perform_end(a);
    }
    port_time_split(a->port, tx, tx->granted - tx->issue, 0);
    return true;
}

void port_store(MemoryPort *port, PortTx *tx, unsigned size, uint64_t value)
{
    Access a;
    access_begin(&a, port, tx);
    Target t = look_up_sized(&a, size, true);
    TimingRequest rq = {.beats = 0};
    keep(&t);
    value = cut_bytes(value, size);
    if (!post(&a, &t, size, value)) {
        wait_for_posted(&a, &t);
        time_sized(&a, &t, size, true, &rq);
        perform_begin(&a, rq.granted);
        flush(&t);
        store(&a, &t, size, value);
        perform_end(&a);
    }
    finish_sized(&a, &t, &rq, size, DIR_WRITE, value, t.direct && !tx->posted);
    access_end(&a);
    memory_region_unref(t.mr);
}

/* -- atomics --------------------------------------------------------------- */

/* Looks up memory that can be read (and, if asked, written) directly. */
static Target look_up_atomic(Access *a, unsigned size, bool writes)
{
    Target t = look_up_sized(a, size, writes);
    bool readable =
        t.direct && (!writes || memory_access_is_direct(t.mr, false));
    if (!t.mr) {
        a->tx->result = MEMTX_DECODE_ERROR;
    } else if (!readable) {
        a->tx->result = MEMTX_ACCESS_ERROR;
    }
    t.direct = true; /* it is not cut by a device's rules */
    return t;
}

uint64_t port_amo(MemoryPort *port, PortTx *tx, unsigned size, PortAmo *fn,
                  uint64_t operand)
{
    Access a;
    access_begin(&a, port, tx);
    Target t = look_up_atomic(&a, size, true);
    TimingRequest rq;
    wait_for_posted(&a, &t);
    time_sized(&a, &t, size, true, &rq);
    uint64_t old = 0;
    bool ok = tx->result == MEMTX_OK;
    perform_begin(&a, rq.granted);
    if (ok) {
        memcpy(&old, host_of(&t), size);
        uint64_t value = fn(old, operand);
        memcpy(host_of(&t), &value, size);
        ram_written(port, t.mr, t.offset, size);
    }
    perform_end(&a);
    finish_sized(&a, &t, &rq, size, DIR_BOTH, old, ok);
    access_end(&a);
    return old;
}

uint64_t port_load_reserved(MemoryPort *port, PortTx *tx, unsigned size)
{
    Access a;
    access_begin(&a, port, tx);
    Target t = look_up_atomic(&a, size, false);
    TimingRequest rq;
    wait_for_posted(&a, &t);
    time_sized(&a, &t, size, false, &rq);
    uint64_t value = 0;
    bool ok = tx->result == MEMTX_OK;
    perform_begin(&a, rq.granted);
    port->reservation.block = NULL;
    if (ok) {
        memcpy(&value, host_of(&t), size);
        port->reservation.block = t.mr->ram_block;
        port->reservation.offset = t.offset;
        port->reservation.size = size;
        port_reserve_page(port, t.mr->ram_block, t.offset);
    }
    perform_end(&a);
    finish_sized(&a, &t, &rq, size, DIR_READ, value, ok);
    access_end(&a);
    return value;
}

static bool holds_reservation(const MemoryPort *port, const Target *t,
                              unsigned size)
{
    return t->mr && port->reservation.block == t->mr->ram_block &&
           port->reservation.offset == t->offset &&
           port->reservation.size == size;
}

bool port_store_conditional(MemoryPort *port, PortTx *tx, unsigned size,
                            uint64_t value)
{
    Access a;
    access_begin(&a, port, tx);
    Target t = look_up_atomic(&a, size, true);
    bool ok = tx->result == MEMTX_OK;
    bool held = ok && holds_reservation(port, &t, size);
    if (held || !ok) {
        TimingRequest rq;
        wait_for_posted(&a, &t);
        time_sized(&a, &t, size, true, &rq);
        value = cut_bytes(value, size);
        perform_begin(&a, rq.granted);
        /* Who was granted before may have ended it; the bus was used then, and
         * nothing is written. */
        bool asked = held;
        held = held && holds_reservation(port, &t, size);
        port->reservation.block = NULL; /* the page may open again */
        if (held) {
            memcpy(host_of(&t), &value, size);
            ram_written(port, t.mr, t.offset, size);
        } else if (asked) {
            value = 0;
            memcpy(&value, host_of(&t), size);
        }
        perform_end(&a);
        finish_sized(&a, &t, &rq, size, asked && !held ? DIR_READ : DIR_WRITE,
                     value, asked);
    }
    port->reservation.block = NULL;
    access_end(&a);
    return held;
}

/* -- byte strings ---------------------------------------------------------- */

/* What the rw rule moves next of [at, len), and how many bytes of it. */
static Target next_piece(const Access *a, uint64_t at, uint64_t len,
                         bool is_write, uint64_t *bytes)
{
    const PortTx *tx = a->tx;
    hwaddr addr = tx->addr + at;
    Target t = look_up(a->fv, addr, len - at, is_write, tx->attrs);
    uint64_t room = t.mr ? t.room : len - at;
    if (tx->strobes) {
        room = port_strobes_piece(a->port, tx->strobes + at, room, t.direct);
    }
    if (t.direct) {
        *bytes = room;
    } else if (t.mr) {
        *bytes = access_size(t.mr, room, t.offset);
    } else {
        uint64_t to_word = 4 - addr % 4; /* nothing there: word by word */
        *bytes = room < to_word ? room : to_word;
    }
    return t;
}

/* at: of the piece within the transaction. */
static void move_piece(Access *a, const Target *t, uint8_t *buf, uint64_t at,
                       unsigned len, bool is_write, const TimingRequest *rq)
{
    PortTx *tx = a->tx;
    keep(t);
    flush(t);
    buf += at;
    if (t->direct) {
        const uint8_t *strobes = tx->strobes ? tx->strobes + at : NULL;
        port_strobes_move(a->port, t->mr, t->offset, buf, strobes, len,
                          is_write);
        if (a->recorded) {
            port_note_direct(a->port, t->mr, t->offset, buf, strobes, len, rq);
        }
        memory_region_unref(t->mr);
        return;
    }
    if (a->port->world->watches) {
        watch_access(a->port, t->mr, t->offset, len,
                     is_write ? DIR_WRITE : DIR_READ, buf);
    }
    uint64_t value = 0;
    if (is_write) {
        memcpy(&value, buf, len);
        tx->result |=
            t->mr ? memory_region_dispatch_write(t->mr, t->offset, value,
                                                 op_of(len), tx->attrs)
                  : MEMTX_DECODE_ERROR;
    } else {
        tx->result |=
            t->mr ? memory_region_dispatch_read(t->mr, t->offset, &value,
                                                op_of(len), tx->attrs)
                  : MEMTX_DECODE_ERROR;
        memcpy(buf, &value, len);
    }
    memory_region_unref(t->mr);
}

/* The timing request of the next piece of a transfer. */
static void time_piece(const Access *a, const Target *t, hwaddr addr,
                       uint64_t len, bool is_write, TimingRequest *rq)
{
    *rq = (TimingRequest){.port = a->port,
                          .addr = addr,
                          .size = (uint32_t)len,
                          .pieces = 1,
                          .is_write = is_write,
                          .direct = t->direct,
                          .target = t->mr ? t->mr->timing : NULL,
                          .issue = a->tx->done};
    if (t->mr && !t->direct) {
        AccessPlan plan;
        access_plan(t->mr, t->offset, (unsigned)len, is_write, a->tx->attrs,
                    &plan);
        if (plan.valid) {
            rq->size = plan.step;
            rq->pieces = plan.pieces;
        }
    }
}

static void finish_transfer(Access *a, MemoryRegion *mr,
                            const TimingRequest *rq, const void *buf,
                            uint64_t len, uint64_t moved, bool is_write)
{
    MemoryPort *port = a->port;
    PortTx *tx = a->tx;
    uint8_t dir = is_write ? DIR_WRITE : DIR_READ;
    PortTraffic *n =
        port_traffic_of(port, mr, id_of(mr), tx->kind, dir, (uint32_t)len);
    n->accesses++;
    n->errors += tx->result != MEMTX_OK;
    n->beats += tx->beats;
    n->bytes_moved += moved;
    n->wait += tx->wait;
    n->bus += tx->bus;
    n->target += tx->target;
    if (a->recorded && port->world->recorder) {
        uint64_t value =
            len <= 8 ? port_strobes_value(buf, tx->strobes, len) : 0;
        port_record(port, tx, rq, (uint32_t)len, dir, value, a->first_beat);
    }
}

/* One transaction of at most 4 KiB; timed piece by piece. */
static void transfer_one(MemoryPort *port, PortTx *tx, uint8_t *buf,
                         uint64_t len, bool is_write)
{
    Access a;
    access_begin(&a, port, tx);
    uint64_t wait_ps = 0, target_ps = 0, moved = 0;
    MemoryRegion *first = NULL;
    TimingRequest head = {0};
    for (uint64_t at = 0; at < len;) {
        uint64_t l;
        Target t = next_piece(&a, at, len, is_write, &l);
        TimingRequest rq;
        keep(&t);
        a.ready = tx->done;
        wait_for_posted(&a, &t);
        wait_ps += a.ready - tx->done;
        tx->done = a.ready;
        time_piece(&a, &t, tx->addr + at, l, is_write, &rq);
        time_access(port, &rq);
        if (a.recorded) {
            port_note_lines(port, a.fv, &rq, tx->issue);
        }
        moved += rq.move ? port_bytes_moved(&rq) : l;
        wait_ps += timing_waited(&rq);
        target_ps += rq.target_ps;
        tx->done = rq.done;
        tx->beats += t.mr ? rq.beats : 0;
        if (rq.blocker) {
            tx->blocker = rq.blocker;
        }
        if (at == 0) {
            first = t.mr;
            memory_region_ref(first);
            head = rq;
            tx->granted = rq.granted;
        }
        perform_begin(&a, rq.granted);
        move_piece(&a, &t, buf, at, (unsigned)l, is_write, &rq);
        perform_end(&a);
        memory_region_unref(t.mr);
        at = port_strobes_next(tx->strobes, at + l, len);
    }
    tx->blocker = tx->blocker ? tx->blocker : a.blocker;
    port_time_split(port, tx, wait_ps, target_ps);
    finish_transfer(&a, first, &head, buf, len, moved, is_write);
    access_end(&a);
    memory_region_unref(first);
}

void port_transfer(MemoryPort *port, PortTx *tx, void *buf, uint64_t len,
                   bool is_write)
{
    PortTx sum = *tx;
    sum.result = MEMTX_OK;
    sum.granted = sum.done = tx->issue;
    sum.wait = sum.bus = sum.target = 0;
    sum.beats = 0;
    sum.blocker = 0;
    uint8_t *bytes = buf;
    bool begun = false;
    for (uint64_t at = 0; (at = port_strobes_next(tx->strobes, at, len)) < len;
         begun = true) {
        uint64_t room = PAGE_SIZE_BYTES - (tx->addr + at) % PAGE_SIZE_BYTES;
        uint64_t l = len - at < room ? len - at : room;
        PortTx part = *tx;
        part.addr += at;
        part.va += at;
        part.strobes = port_strobes_cut(tx->strobes, at, &l);
        part.issue = sum.done;
        transfer_one(port, &part, bytes + at, l, is_write);
        sum.result |= part.result;
        sum.granted = begun ? sum.granted : part.granted;
        sum.done = part.done;
        sum.wait += part.wait;
        sum.bus += part.bus;
        sum.target += part.target;
        sum.beats += part.beats;
        sum.blocker = part.blocker ? part.blocker : sum.blocker;
        at += l;
    }
    *tx = sum;
}

/* -- split-phase ----------------------------------------------------------- */

static void request_granted(TimingRequest *timing)
{
    PortRequest *rq =
        (PortRequest *)((char *)timing - offsetof(PortRequest, timing));
    MemoryPort *port = rq->port;
    PortTx *tx = &rq->tx;
    Access a;
    access_begin(&a, port, tx);
    tx->granted = timing->granted;
    tx->done = timing->done;
    tx->blocker = timing->blocker ? timing->blocker : rq->blocker;
    tx->beats = timing->beats;
    uint64_t l;
    Target t = next_piece(&a, 0, rq->len, rq->is_write, &l);
    MemoryRegion *const first = t.mr;
    memory_region_ref(first);
    tx->beats = first ? timing->beats : 0;
    port_time_split(port, tx, timing->granted - tx->issue - timing->moving_ps,
                    timing->target_ps);
    perform_begin(&a, timing->granted);
    for (uint64_t at = 0; at < rq->len;) {
        if (at) {
            t = next_piece(&a, at, rq->len, rq->is_write, &l);
        }
        move_piece(&a, &t, rq->buf, at, (unsigned)l, rq->is_write, timing);
        at += l;
    }
    perform_end(&a);
    finish_transfer(&a, first, timing, rq->buf, rq->len, rq->len, rq->is_write);
    access_end(&a);
    memory_region_unref(first);
    rq->done(rq);
}

void port_request(MemoryPort *port, PortRequest *rq)
{
    rq->port = port;
    rq->held = NULL;
    rq->blocker = 0;
    rq->tx.done = rq->tx.issue;
    if (rq->len > PAGE_SIZE_BYTES) {
        rq->len = PAGE_SIZE_BYTES;
    }
    port_request_go(rq);
}

void port_request_go(PortRequest *rq)
{
    MemoryPort *port = rq->port;
    Access a = {.port = port,
                .tx = &rq->tx,
                .first_beat = port->beats.count,
                .fv = flatview_ref(address_space_to_flatview(port->as))};
    uint64_t l;
    Target t = next_piece(&a, 0, rq->len, rq->is_write, &l);
    if (posted_hold(rq, t.mr, t.direct)) {
        access_end(&a);
        return;
    }
    time_piece(&a, &t, rq->tx.addr, l, rq->is_write, &rq->timing);
    if (t.direct) {
        rq->timing.size = (uint32_t)rq->len;
    } else if (l) {
        rq->timing.pieces *= (uint32_t)((rq->len + l - 1) / l);
    }
    access_end(&a);
    rq->timing.direct = false; /* caches are passed by */
    rq->timing.on_grant = request_granted;
    if (port->timing && port->timing->request) {
        port->timing->request(port->timing, &rq->timing);
    } else {
        time_access(port, &rq->timing);
        request_granted(&rq->timing);
    }
}
