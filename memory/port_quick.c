/*
 * port_quick.c - the short way to a device: what most accesses to one are.
 *
 * Model    An entry holds what the general way (port.c) found out about an
 *          access: piece of the view, place, cost, record site. Entries are
 *          direct-mapped by pc and page; an access that differs in anything is
 *          not that entry's. Whatever could change an answer drops them, like
 *          all inline entries of a port, and so does a region whose rules
 *          change (region_update_quick()); a callback may do that while its own
 *          access is under way: its end is then found out anew. What can change
 *          without that is asked each time: the recorder's kinds, who is in the
 *          way (TimingModel.take).
 * Units    cycles of the port's clock; picoseconds towards the timing model.
 * Missing  accesses that are split or widened, callbacks with attributes,
 *          big-endian devices: those go the general way.
 */
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/port_private.h"
#include "memory/watch.h"

enum { QUICK_ENTRIES = 64, QUICK_WRITE = 256 };

struct PortQuickEntry {
    uint64_t pc;
    hwaddr first;       /* of the piece */
    hwaddr span;        /* addr - first at most, and all of it is inside */
    hwaddr base;        /* of the region's offset 0 */
    uint64_t va_offset; /* va - pa */
    uint32_t shape;     /* size; QUICK_WRITE; 0: closed */
    uint32_t site;      /* + 1; 0: none yet */
    uint64_t count;     /* accesses since they were last folded */
    uint64_t period;    /* of the port's clock */
    TimingCost cost;
    const MemoryPlace *place;
    MemoryRegion *mr;
    void *opaque; /* of its callbacks */
    uint64_t (*read)(void *opaque, hwaddr offset, unsigned size);
    void (*write)(void *opaque, hwaddr offset, uint64_t value, unsigned size);
};
typedef struct PortQuickEntry QuickEntry;

static void entry_fold(MemoryPort *port, QuickEntry *e)
{
    if (e->count) {
        bool is_write = e->shape & QUICK_WRITE;
        port_count(port, e->place, port->kind[is_write],
                   is_write ? DIR_WRITE : DIR_READ, e->cost.bytes, e->count);
        port_account(port, e->place, is_write, e->cost.bytes, e->count);
        e->count = 0;
    }
}

void port_quick_fold(MemoryPort *port)
{
    for (unsigned i = 0; port->quick && i < QUICK_ENTRIES; i++) {
        entry_fold(port, &port->quick[i]);
    }
}

void port_quick_flush(MemoryPort *port)
{
    port->quick_changes++;
    for (unsigned i = 0; port->quick && i < QUICK_ENTRIES; i++) {
        entry_fold(port, &port->quick[i]);
        port->quick[i] = (QuickEntry){.shape = 0};
    }
}

/* -- learning
 * -------------------------------------------------------------------------
 */

/* One access: what is asked, and where it leads. */
typedef struct Ask {
    MemoryPort *port;
    hwaddr pa;
    uint64_t va, pc, cycle;
    unsigned size;
    bool is_write;
} Ask;

static inline uint32_t shape_of(unsigned size, bool is_write)
{
    return size | (is_write ? QUICK_WRITE : 0);
}

/* Without a pc, loads and stores keep apart all the same. */
static inline unsigned slot_of(hwaddr pa, uint64_t pc, bool is_write)
{
    return (unsigned)(pc >> 1 ^ pa >> PAGE_BITS ^
                      (is_write ? QUICK_ENTRIES / 2 : 0)) %
           QUICK_ENTRIES;
}

/* The piece at pa, if such an access of it is quick; else NULL. */
static const FlatPiece *quick_piece(const Ask *ask, FlatView *fv)
{
    FlatPiece *p = flatview_piece(fv, ask->pa);
    if (!p || p->host || p->mr->is_iommu || p->last - ask->pa < ask->size - 1 ||
        memory_watched(p->mr)) {
        return NULL;
    }
    hwaddr offset = p->offset + (ask->pa - p->first);
    if ((ask->pa | offset) & (ask->size - 1)) {
        return NULL;
    }
    if (!p->quick) {
        dispatch_learn(p);
    }
    unsigned step =
        quick_step(p->quick, ask->is_write, (unsigned)__builtin_ctz(ask->size));
    return step == ask->size ? p : NULL;
}

static __attribute__((noinline)) QuickEntry *
quick_learn(MemoryPort *port, hwaddr pa, uint64_t va, uint64_t pc,
            unsigned size, bool is_write)
{
    const Ask asked = {port, pa, va, pc, 0, size, is_write}, *ask = &asked;
    if (port->slow || port->world->updating || !port->clock->period ||
        (port->timing && !port->timing->take)) {
        return NULL;
    }
    FlatView *fv = address_space_to_flatview(port->as);
    const FlatPiece *p = quick_piece(ask, fv);
    TimingInline form;
    if (!p || !port_inline_form(port, p->mr, ask->pa, ask->size, ask->is_write,
                                &form)) {
        return NULL;
    }
    const MemoryPlace *place = port_place(port, ask->pa, ask->va - ask->pa);
    const InlineCost *cost =
        &place->cost[ask->is_write][__builtin_ctz(ask->size)];
    if (cost->beats != 1 || cost->bus == UINT16_MAX ||
        cost->target == UINT16_MAX) {
        return NULL;
    }
    if (!port->quick) {
        port->quick = calloc(QUICK_ENTRIES, sizeof(*port->quick));
        if (!port->quick) {
            return NULL;
        }
        port_quick_flush(port);
    }
    const uint32_t shape = shape_of(ask->size, ask->is_write);
    QuickEntry *e = &port->quick[slot_of(ask->pa, ask->pc, ask->is_write)];
    entry_fold(port, e);
    port->quick_changes++;
    *e = (QuickEntry){.pc = ask->pc,
                      .first = p->first,
                      .span = p->last - p->first - (ask->size - 1),
                      .va_offset = ask->va - ask->pa,
                      .base = p->first - p->offset,
                      .shape = shape,
                      .period = port->clock->period,
                      .cost = {.ps = form.first,
                               .cycles = (uint32_t)cost->bus + cost->target,
                               .beats = 1,
                               .bytes = ask->size,
                               .target = place->target},
                      .place = place,
                      .mr = p->mr,
                      .opaque = p->opaque,
                      .read = p->ops->read,
                      .write = p->ops->write};
    return e;
}

/* -- one access
 * -------------------------------------------------------------------------
 */

/* The entry of this access. */
static inline QuickEntry *quick_find(const Ask *ask)
{
    const MemoryPort *port = ask->port;
    if (!port->quick) {
        return NULL;
    }
    QuickEntry *e = &port->quick[slot_of(ask->pa, ask->pc, ask->is_write)];
    /* One test for what never differs in a loop. */
    uint64_t differs = (e->pc ^ ask->pc) | (ask->va - ask->pa - e->va_offset) |
                       (e->shape ^ shape_of(ask->size, ask->is_write)) |
                       (ask->pa & (ask->size - 1)) | port->world->updating;
    return differs || ask->pa - e->first > e->span ? NULL : e;
}

static void record_anew(const Ask *ask, const MemoryPlace *place, hwaddr offset,
                        uint64_t issue, uint64_t value)
{
    MemoryPort *port = ask->port;
    MemoryWorld *world = port->world;
    world->beats = &port->beats;
    beats_note(world, place->mr, offset, ask->size, value, BEAT_ACCESS);
    world->beats = NULL;
    TimingInline form; /* for its width */
    port_inline_form(port, place->mr, ask->pa, ask->size, ask->is_write, &form);
    const InlineCost *cost =
        &place->cost[ask->is_write][__builtin_ctz(ask->size)];
    PortTx tx = {.addr = ask->pa,
                 .va = ask->va,
                 .pc = ask->pc,
                 .issue = issue,
                 .kind = port->kind[ask->is_write],
                 .beats = 1,
                 .bus = cost->bus,
                 .target = cost->target};
    TimingRequest rq = {.beat_first = clock_time(port->clock, cost->beat_first),
                        .beat_next = clock_time(port->clock, cost->beat_next),
                        .beats = 1,
                        .width = form.width,
                        .bus = place->bus};
    port_record(port, &tx, &rq, ask->size, ask->is_write ? DIR_WRITE : DIR_READ,
                value, 0);
}

/* Counts an access in which its entry was dropped, or to which others added
 * beats: as the general way does. */
static __attribute__((noinline)) void finish_anew(MemoryPort *port,
                                                  const MemoryPlace *place,
                                                  bool is_write, unsigned size)
{
    port_count(port, place, port->kind[is_write],
               is_write ? DIR_WRITE : DIR_READ, size, 1);
    port_account(port, place, is_write, size, 1);
    port->beats.count = 0;
}

/* And records it. */
static __attribute__((noinline)) void
finish_recorded(const Ask *ask, const MemoryPlace *place, hwaddr offset,
                uint64_t issue, uint64_t value)
{
    if (ask->port->world->recorder) {
        record_anew(ask, place, offset, issue, value);
    }
    finish_anew(ask->port, place, ask->is_write, ask->size);
}

static __attribute__((noinline)) uint32_t site_of(const Ask *ask,
                                                  const MemoryPlace *place)
{
    MemorySite key = {.port = ask->port,
                      .place = place,
                      .pc = ask->pc,
                      .size = ask->size,
                      .kind = ask->port->kind[ask->is_write],
                      .dir = ask->is_write ? DIR_WRITE : DIR_READ};
    return recorder_site(ask->port->world->recorder, &key) + 1;
}

/* Counts and records it through its entry. */
static inline __attribute__((always_inline)) void
finish(const Ask *ask, QuickEntry *e, uint64_t value, bool recorded)
{
    MemoryPort *port = ask->port;
    if (e->count++ == 0) { /* its line of the totals is there from now on */
        port_traffic_of(port, e->place->mr, e->place->region_id,
                        port->kind[ask->is_write],
                        ask->is_write ? DIR_WRITE : DIR_READ, ask->size);
    }
    if (recorded) {
        MemoryRecorder *rec = port->world->recorder;
        if (!e->site) {
            const Ask copy = *ask;
            e->site = site_of(&copy, e->place);
        }
        MemoryRecord *r = record_room(rec, 1);
        rec->next = r + 1;
        record_plain(r, e->site - 1, ask->pa, cut_bytes(value, ask->size),
                     ask->cycle);
    }
}

/* The callback, and what everybody may see while it runs. */
static inline __attribute__((always_inline)) uint64_t
perform(const Ask *ask, const QuickEntry *e, hwaddr offset, uint64_t issue,
        MemoryBeats *beats, uint64_t value)
{
    MemoryWorld *world = ask->port->world;
    DispatchFrame frame;
    world->port = ask->port;
    world->pc = ask->pc;
    world->beats = beats;
    world->now = issue;
    dispatch_enter(world, &frame, e->mr, offset);
    if (ask->is_write) {
        e->write(e->opaque, offset, value, ask->size);
    } else {
        value = e->read(e->opaque, offset, ask->size);
    }
    dispatch_leave(world, &frame);
    world->port = NULL;
    world->pc = 0;
    world->beats = NULL;
    return value;
}

/* The access whose entry is e, granted now. The value of a read may have more
 * bits than the size. */
static inline __attribute__((always_inline)) PortQuick
go(const Ask *ask, QuickEntry *e, uint64_t issue, uint64_t value, bool recorded)
{
    MemoryPort *port = ask->port;
    const uint32_t changes = port->quick_changes, cycles = e->cost.cycles;
    const MemoryPlace *place = e->place;
    FlatView *fv = flatview_ref(port->as->current_map); /* e is open: it is */
    const hwaddr offset = ask->pa - e->base;
    value =
        perform(ask, e, offset, issue, recorded ? &port->beats : NULL, value);
    bool plain = port->quick_changes == changes && !port->beats.count;
    if (__builtin_expect(plain, 1)) {
        finish(ask, e, value, recorded);
    } else if (recorded) {
        const Ask copy = *ask;
        finish_recorded(&copy, place, offset, issue,
                        cut_bytes(value, ask->size));
    } else {
        finish_anew(port, place, ask->is_write, ask->size);
    }
    flatview_unref(fv);
    return (PortQuick){.value = value, .cycles = cycles};
}

/* Inside another access (world->port is set) it is not quick. */
static inline __attribute__((always_inline)) PortQuick access(const Ask *ask,
                                                              uint64_t value)
{
    const PortQuick no = {.cycles = -1};
    MemoryPort *port = ask->port;
    MemoryWorld *world = port->world;
    QuickEntry *e = quick_find(ask);
    if (__builtin_expect(!e, 0)) {
        e = quick_learn(port, ask->pa, ask->va, ask->pc, ask->size,
                        ask->is_write);
        if (!e) {
            return no;
        }
    }
    uint64_t issue;
    if (world->port || __builtin_mul_overflow(ask->cycle, e->period, &issue)) {
        return no;
    }
    TimingModel *timing = port->timing;
    if (timing && !timing->take(timing, port, issue, &e->cost)) {
        return no;
    }
    const MemoryRecorder *rec = world->recorder;
    return rec && (rec->kinds >> port->kind[ask->is_write] & 1)
               ? go(ask, e, issue, value, true)
               : go(ask, e, issue, value, false);
}

PortQuick port_quick_load(MemoryPort *port, hwaddr pa, uint64_t va, uint64_t pc,
                          uint64_t cycle, unsigned size)
{
    const Ask ask = {port, pa, va, pc, cycle, size, false};
    PortQuick q = access(&ask, 0);
    q.value = cut_bytes(q.value, size);
    return q;
}

int64_t port_quick_store(MemoryPort *port, hwaddr pa, uint64_t va, uint64_t pc,
                         uint64_t cycle, unsigned size, uint64_t value)
{
    const Ask ask = {port, pa, va, pc, cycle, size, true};
    return access(&ask, cut_bytes(value, size)).cycles;
}

/* Not by way of a wider variable in memory: a host waits where it reads more
 * than was written last. */
static inline uint64_t bytes_get(const void *bytes, unsigned size)
{
    uint16_t half;
    uint32_t word;
    uint64_t twice;
    switch (size) {
    case 1: return *(const uint8_t *)bytes;
    case 2: return memcpy(&half, bytes, 2), half;
    case 4: return memcpy(&word, bytes, 4), word;
    default: return memcpy(&twice, bytes, 8), twice;
    }
}

static inline void bytes_put(void *bytes, uint64_t value, unsigned size)
{
    switch (size) {
    case 1: memcpy(bytes, &value, 1); break;
    case 2: memcpy(bytes, &value, 2); break;
    case 4: memcpy(bytes, &value, 4); break;
    default: memcpy(bytes, &value, 8); break;
    }
}

int64_t port_quick_move(MemoryPort *port, hwaddr addr, uint64_t cycle,
                        void *bytes, unsigned size, bool is_write)
{
    if (is_write) {
        const Ask ask = {port, addr, addr, 0, cycle, size, true};
        return access(&ask, bytes_get(bytes, size)).cycles;
    }
    const Ask ask = {port, addr, addr, 0, cycle, size, false};
    const PortQuick q = access(&ask, 0);
    if (q.cycles >= 0) {
        bytes_put(bytes, q.value, size);
    }
    return q.cycles;
}
