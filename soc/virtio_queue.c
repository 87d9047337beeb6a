/*
 * virtio_queue.c - the engine of a virtio device: it walks split virtqueues.
 *
 * Model    One request at a time on the device's master port, each an event
 *          apart: the available ring's idx, an entry of it, each descriptor,
 *          what the device reads and writes, the used ring's entry, its idx,
 *          and whether an interrupt is wanted. After a chain the next queue has
 *          its turn. A request takes a cycle at least, so a queue without end
 *          takes simulated time without end, and not the simulator's.
 *          Nothing that is read is believed: a chain is checked whole before
 *          the device sees it, and what is wrong breaks the device.
 * Source   VIRTIO 1.2: 2.6 (device requirements), 2.7 (split virtqueues).
 * Missing  Packed virtqueues; descriptors read several at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "soc/virtio.h"

enum {
    DESC_BYTES = 16,
    DESC_NEXT = 1,
    DESC_WRITE = 2,
    DESC_INDIRECT = 4,
    AVAIL_NO_INTERRUPT = 1,
};

static VirtioQueue *current(Virtio *v)
{
    return &v->queue[v->turn];
}

static bool has_event_idx(const Virtio *v)
{
    return (v->features & VIRTIO_F_EVENT_IDX) != 0;
}

/* -- requests ------------------------------------------------------------- */

static VirtioSlot *free_slot(Virtio *v)
{
    for (unsigned i = 0; i < VIRTIO_SLOTS; i++) {
        if (!v->slots[i].in_flight) {
            return &v->slots[i];
        }
    }
    return NULL;
}

/* The data has moved; the request is complete at tx.done. */
static void arrived(PortRequest *rq)
{
    VirtioSlot *slot = rq->opaque;
    Virtio *v = slot->virtio;
    slot->in_flight = false;
    if (v->slot != slot) {
        virtio_queue_settle(v); /* a reset came in between; its slot is free */
        return;
    }
    uint64_t next = clock_cycle_in(v->dev.clock, rq->tx.issue) + 1;
    uint64_t soonest = clock_time(v->dev.clock, next);
    event_schedule(v->dev.events, &v->step,
                   rq->tx.done > soonest ? rq->tx.done : soonest);
}

/* Of v->slot->data. */
static void request(Virtio *v, VirtioState state, hwaddr addr, uint64_t len,
                    bool is_write)
{
    VirtioSlot *slot = v->slot;
    v->state = state;
    slot->in_flight = true;
    slot->rq = (PortRequest){
        .tx = {.addr = addr,
               .va = addr,
               .issue = event_now(v->dev.events),
               .attrs = {.requester_id = v->master.id},
               .kind = ACCESS_DMA},
        .buf = slot->data,
        .len = len,
        .is_write = is_write,
        .done = arrived,
        .opaque = slot,
    };
    port_request(&v->master, &slot->rq);
}

static void request_number(Virtio *v, VirtioState state, hwaddr addr,
                           unsigned size, uint64_t value)
{
    virtio_put(v->slot->data, size, value);
    request(v, state, addr, size, true);
}

/* -- a chain -------------------------------------------------------------- */

static void read_desc(Virtio *v, uint32_t index)
{
    v->chain.index = index;
    request(v, VIRTIO_READ_DESC, v->chain.table + (uint64_t)DESC_BYTES * index,
            DESC_BYTES, false);
}

static void begin_chain(Virtio *v, uint16_t head)
{
    const VirtioQueue *q = current(v);
    VirtioChain *c = &v->chain;
    if (head >= q->num) {
        virtio_broken(v, "queue %u: chain %u of %u", v->turn, head, q->num);
        return;
    }
    c->queue = v->turn;
    c->head = head;
    c->step = c->segments = c->outs = c->seen = 0;
    c->readable = c->writable = c->written = 0;
    c->pull = c->push = (VirtioCursor){0};
    c->table = q->desc;
    c->entries = q->num;
    c->indirect = false;
    read_desc(v, head);
}

/* A table of descriptors instead of a buffer. */
static void go_indirect(Virtio *v, uint64_t addr, uint32_t len, unsigned flags)
{
    VirtioChain *c = &v->chain;
    uint32_t entries = len / DESC_BYTES;
    const char *wrong = !(v->features & VIRTIO_F_INDIRECT_DESC)
                            ? "it was not negotiated"
                        : c->indirect          ? "it is in another one"
                        : flags & DESC_NEXT    ? "the chain goes on after it"
                        : len % DESC_BYTES     ? "its length is not whole"
                        : !entries             ? "it is empty"
                        : addr % DESC_BYTES    ? "it is not aligned"
                        : entries > UINT16_MAX ? "it is too long"
                                               : NULL;
    if (wrong) {
        virtio_broken(v, "queue %u: indirect table at 0x%llx: %s", v->turn,
                      (unsigned long long)addr, wrong);
        return;
    }
    c->indirect = true;
    c->table = addr;
    c->entries = entries;
    read_desc(v, 0);
}

/* False: broken. */
static bool add_segment(Virtio *v, uint64_t addr, uint32_t len, bool writable)
{
    VirtioChain *c = &v->chain;
    if (len && len - 1 > UINT64_MAX - addr) {
        virtio_broken(v, "queue %u: a buffer of 0x%x bytes at 0x%llx", v->turn,
                      len, (unsigned long long)addr);
        return false;
    }
    if (!writable && c->segments != c->outs) {
        virtio_broken(v, "queue %u: a buffer to read behind one to write",
                      v->turn);
        return false;
    }
    c->segment[c->segments++] = (VirtioSegment){addr, len};
    c->outs += !writable;
    *(writable ? &c->writable : &c->readable) += len;
    if (c->readable + c->writable > UINT32_MAX) {
        virtio_broken(v, "queue %u: a chain of more than 4 GiB", v->turn);
        return false;
    }
    return true;
}

static void chain_ready(Virtio *v);

static void got_desc(Virtio *v)
{
    VirtioChain *c = &v->chain;
    const uint8_t *bytes = v->slot->data;
    uint64_t addr = virtio_get(bytes, 8);
    uint32_t len = (uint32_t)virtio_get(bytes + 8, 4);
    unsigned flags = (unsigned)virtio_get(bytes + 12, 2);
    unsigned next = (unsigned)virtio_get(bytes + 14, 2);
    if (flags & DESC_INDIRECT) {
        go_indirect(v, addr, len, flags);
        return;
    }
    if (c->seen++ >= current(v)->num) {
        virtio_broken(v, "queue %u: a chain of more than %u descriptors",
                      v->turn, current(v)->num);
        return;
    }
    if (!add_segment(v, addr, len, flags & DESC_WRITE)) {
        return;
    }
    if (!(flags & DESC_NEXT)) {
        c->push.segment = c->outs;
        chain_ready(v);
        return;
    }
    if (next >= c->entries) {
        virtio_broken(v, "queue %u: descriptor %u of %u", v->turn, next,
                      c->entries);
        return;
    }
    read_desc(v, next);
}

/* -- what the device asks for --------------------------------------------- */

static void ask(Virtio *v, VirtioAsk what, void *buf, uint64_t len)
{
    v->ask = what;
    v->ask_buf = buf;
    v->ask_len = len;
    v->ask_done = 0;
}

void virtio_pull(Virtio *v, void *buf, uint64_t len)
{
    if (len > v->chain.readable - v->chain.pull.position) {
        virtio_broken(v, "queue %u: %llu bytes to read where %llu are needed",
                      v->turn, (unsigned long long)v->chain.readable,
                      (unsigned long long)(v->chain.pull.position + len));
        return;
    }
    ask(v, VIRTIO_ASK_PULL, buf, len);
}

void virtio_push(Virtio *v, const void *buf, uint64_t len)
{
    if (len > v->chain.writable - v->chain.push.position) {
        virtio_broken(v, "queue %u: %llu bytes to write where %llu are needed",
                      v->turn, (unsigned long long)v->chain.writable,
                      (unsigned long long)(v->chain.push.position + len));
        return;
    }
    ask(v, VIRTIO_ASK_PUSH, (void *)(uintptr_t)buf, len);
}

void virtio_wait(Virtio *v, uint64_t when)
{
    ask(v, VIRTIO_ASK_WAIT, NULL, 0);
    v->ask_time = when;
}

void virtio_done(Virtio *v)
{
    ask(v, VIRTIO_ASK_DONE, NULL, 0);
}

/* Moves a cursor on, within its side. */
static void advance_cursor(const VirtioChain *c, VirtioCursor *at, uint64_t len)
{
    at->position += len;
    while (len) {
        uint64_t room = c->segment[at->segment].len - at->at;
        if (len < room) {
            at->at += (uint32_t)len;
            return;
        }
        len -= room;
        at->segment++;
        at->at = 0;
    }
}

void virtio_push_at(Virtio *v, uint64_t position)
{
    VirtioChain *c = &v->chain;
    c->push = (VirtioCursor){.segment = c->outs};
    advance_cursor(c, &c->push,
                   position < c->writable ? position : c->writable);
}

/* Requests the next piece of what the device asked for. */
static void move_piece(Virtio *v)
{
    VirtioChain *c = &v->chain;
    bool is_write = v->ask == VIRTIO_ASK_PUSH;
    VirtioCursor *at = is_write ? &c->push : &c->pull;
    while (c->segment[at->segment].len == at->at) {
        at->segment++; /* an empty one; there are more, the length was checked
                        */
        at->at = 0;
    }
    const VirtioSegment *s = &c->segment[at->segment];
    hwaddr addr = s->addr + at->at;
    uint64_t len = v->ask_len - v->ask_done;
    uint64_t limit[] = {s->len - at->at, VIRTIO_PIECE - addr % VIRTIO_PIECE};
    for (unsigned i = 0; i < 2; i++) {
        len = len < limit[i] ? len : limit[i];
    }
    if (is_write) {
        memcpy(v->slot->data, v->ask_buf + v->ask_done, len);
    }
    request(v, VIRTIO_MOVE, addr, len, is_write);
}

static void piece_moved(Virtio *v)
{
    VirtioChain *c = &v->chain;
    uint64_t len = v->slot->rq.len;
    if (v->ask == VIRTIO_ASK_PULL) {
        memcpy(v->ask_buf + v->ask_done, v->slot->data, len);
        advance_cursor(c, &c->pull, len);
    } else {
        c->written += c->push.position == c->written ? len : 0;
        advance_cursor(c, &c->push, len);
    }
    v->ask_done += len;
}

/* Lets the device go on until it asks for something that takes time. */
static void run_device(Virtio *v)
{
    bool goes_on = true;
    while (goes_on) {
        v->ask = VIRTIO_ASK_NOTHING;
        v->type->advance(v);
        bool moves = v->ask == VIRTIO_ASK_PULL || v->ask == VIRTIO_ASK_PUSH;
        goes_on = moves && !v->ask_len;
    }
    switch (v->ask) {
    case VIRTIO_ASK_PULL:
    case VIRTIO_ASK_PUSH: move_piece(v); break;
    case VIRTIO_ASK_WAIT:
        v->state = VIRTIO_WAIT;
        event_schedule(v->dev.events, &v->step, v->ask_time);
        break;
    case VIRTIO_ASK_DONE: {
        const VirtioQueue *q = current(v);
        request_number(v, VIRTIO_WRITE_USED,
                       q->device + 4 + UINT64_C(8) * (q->used % q->num), 8,
                       v->chain.written << 32 | v->chain.head);
        break;
    }
    case VIRTIO_ASK_NOTHING: break; /* it is broken */
    }
}

static void chain_ready(Virtio *v)
{
    current(v)->taken++;
    run_device(v);
}

/* -- rings ---------------------------------------------------------------- */

static void read_avail(Virtio *v)
{
    current(v)->pending = false; /* a notification from here on counts */
    request(v, VIRTIO_READ_AVAIL, current(v)->driver + 2, 2, false);
}

static void read_head(Virtio *v)
{
    const VirtioQueue *q = current(v);
    request(v, VIRTIO_READ_HEAD,
            q->driver + 4 + UINT64_C(2) * (q->taken % q->num), 2, false);
}

static void got_avail(Virtio *v)
{
    VirtioQueue *q = current(v);
    q->available = (uint16_t)virtio_get(v->slot->data, 2);
    uint16_t more = (uint16_t)(q->available - q->taken);
    if (more > q->num) {
        virtio_broken(v, "queue %u: %u buffers are available in a ring of %u",
                      v->turn, more, q->num);
    } else if (more) {
        q->pending = true;
        read_head(v);
    } else if (has_event_idx(v) && !v->armed) {
        request_number(v, VIRTIO_WRITE_EVENT,
                       q->device + 4 + UINT64_C(8) * q->num, 2, q->taken);
    } else {
        v->state = VIRTIO_IDLE;
    }
}

static void wrote_used(Virtio *v)
{
    VirtioQueue *q = current(v);
    q->used++;
    request_number(v, VIRTIO_WRITE_USED_IDX, q->device + 2, 2, q->used);
}

static void wrote_used_idx(Virtio *v)
{
    const VirtioQueue *q = current(v);
    request(v, VIRTIO_READ_EVENT,
            q->driver + (has_event_idx(v) ? 4 + UINT64_C(2) * q->num : 0), 2,
            false);
}

/* The interrupt that the driver wants of the buffer used last (2.7.7). */
static void got_event(Virtio *v)
{
    uint16_t word = (uint16_t)virtio_get(v->slot->data, 2);
    bool wanted = has_event_idx(v) ? (uint16_t)(current(v)->used - 1) == word
                                   : !(word & AVAIL_NO_INTERRUPT);
    if (wanted) {
        v->interrupts |= VIRTIO_INT_USED;
    }
    v->state = VIRTIO_IDLE;
}

/* -- the engine ----------------------------------------------------------- */

static bool runs(const Virtio *v)
{
    return !v->broken && (v->version == 1 || v->status & VIRTIO_DRIVER_OK);
}

static bool has_work(const Virtio *v, unsigned queue)
{
    const VirtioQueue *q = &v->queue[queue];
    return q->ready && q->pending &&
           (!v->type->wants || v->type->wants(v, queue));
}

/* The next queue with something to do; VIRTIO_QUEUES: none. */
static unsigned next_queue(const Virtio *v)
{
    for (unsigned i = 1; runs(v) && i <= v->type->queues; i++) {
        unsigned queue = (v->turn + i) % v->type->queues;
        if (has_work(v, queue)) {
            return queue;
        }
    }
    return VIRTIO_QUEUES;
}

static void begin_queue(Virtio *v)
{
    unsigned queue = next_queue(v);
    v->slot = queue < VIRTIO_QUEUES ? free_slot(v) : NULL;
    if (!v->slot) {
        return;
    }
    v->turn = queue;
    v->armed = false;
    if (current(v)->available != current(v)->taken) {
        read_head(v);
    } else {
        read_avail(v);
    }
}

static void go_on(Virtio *v)
{
    switch (v->state) {
    case VIRTIO_IDLE: break;
    case VIRTIO_READ_AVAIL: got_avail(v); break;
    case VIRTIO_READ_HEAD:
        begin_chain(v, (uint16_t)virtio_get(v->slot->data, 2));
        break;
    case VIRTIO_READ_DESC: got_desc(v); break;
    case VIRTIO_MOVE:
        piece_moved(v);
        if (v->ask_done < v->ask_len) {
            move_piece(v);
        } else {
            run_device(v);
        }
        break;
    case VIRTIO_WAIT: run_device(v); break;
    case VIRTIO_WRITE_USED: wrote_used(v); break;
    case VIRTIO_WRITE_USED_IDX: wrote_used_idx(v); break;
    case VIRTIO_READ_EVENT: got_event(v); break;
    case VIRTIO_WRITE_EVENT:
        v->armed = true;
        read_avail(v);
        break;
    }
}

static void step(void *opaque, uint64_t when)
{
    Virtio *v = opaque;
    const PortRequest *rq = v->slot ? &v->slot->rq : NULL;
    if (rq && v->state != VIRTIO_WAIT && rq->tx.result != MEMTX_OK) {
        virtio_broken(v, "queue %u: %llu bytes at 0x%llx cannot be %s", v->turn,
                      (unsigned long long)rq->len,
                      (unsigned long long)rq->tx.addr,
                      rq->is_write ? "written" : "read");
        return;
    }
    go_on(v);
    if (v->state == VIRTIO_IDLE && !event_pending(&v->step)) {
        begin_queue(v);
    }
    virtio_settle(v);
}

void virtio_queue_settle(Virtio *v)
{
    if (v->state != VIRTIO_IDLE) {
        return; /* its event or its request comes */
    }
    if (next_queue(v) == VIRTIO_QUEUES || !free_slot(v)) {
        event_cancel(v->dev.events, &v->step);
    } else if (!event_pending(&v->step)) {
        uint64_t now = clock_cycle_in(v->dev.clock, event_now(v->dev.events));
        event_schedule(v->dev.events, &v->step,
                       clock_time(v->dev.clock, now + 1));
    }
}

/* -- set-up --------------------------------------------------------------- */

bool virtio_queue_start(Virtio *v, unsigned queue)
{
    VirtioQueue *q = &v->queue[queue];
    const struct {
        const char *what;
        uint64_t addr;
        unsigned align;
    } part[] = {{"descriptors", q->desc, 16},
                {"available ring", q->driver, 2},
                {"used ring", q->device, 4}};
    if (!q->num || q->num & (q->num - 1) || q->num > v->queue_size) {
        virtio_broken(v,
                      "QUEUE_NUM of queue %u is %u; a power of two to %llu is "
                      "right",
                      queue, q->num, (unsigned long long)v->queue_size);
        return false;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (part[i].addr % part[i].align) {
            virtio_broken(v, "queue %u: %s at 0x%llx, not a multiple of %u",
                          queue, part[i].what, (unsigned long long)part[i].addr,
                          part[i].align);
            return false;
        }
    }
    q->ready = true;
    return true;
}

void virtio_queue_stop(Virtio *v, unsigned queue)
{
    VirtioQueue *q = &v->queue[queue];
    if (v->turn == queue && v->state != VIRTIO_IDLE) {
        virtio_queue_reset(v);
    }
    q->ready = q->pending = false;
    q->taken = q->available = q->used = 0;
}

void virtio_queue_reset(Virtio *v)
{
    v->state = VIRTIO_IDLE;
    v->slot = NULL;
    v->ask = VIRTIO_ASK_NOTHING;
    event_cancel(v->dev.events, &v->step);
}

bool virtio_queue_init(Virtio *v, Error **errp)
{
    event_init(v->dev.events, &v->step, v->dev.name, EVENT_NORMAL, step, v);
    v->slots = calloc(VIRTIO_SLOTS, sizeof(*v->slots));
    if (!v->slots) {
        return error_set(errp, "the host has no memory left");
    }
    for (unsigned i = 0; i < VIRTIO_SLOTS; i++) {
        v->slots[i].virtio = v;
    }
    return true;
}

void virtio_queue_fini(Virtio *v)
{
    free(v->slots);
    v->slots = NULL;
}
