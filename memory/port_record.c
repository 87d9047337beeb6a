/*
 * port_record.c - from a finished access to its records (memory/record.h).
 *
 * The beats of a tx are the pieces that dispatch noted, cut again where a piece
 * is wider than the bus. A tx with one beat that equals it has no beat record.
 */
#include <stdlib.h>
#include <string.h>

#include "memory/internal.h"
#include "memory/port_private.h"

static bool beats_room(MemoryBeats *beats)
{
    if (beats->count < beats->capacity) {
        return true;
    }
    unsigned capacity = beats->capacity ? 2 * beats->capacity : 64;
    MemoryBeat *beat = realloc(beats->beat, capacity * sizeof(*beat));
    if (!beat) {
        return false; /* a beat less in the trace; the invariants will say so */
    }
    beats->beat = beat;
    beats->capacity = capacity;
    return true;
}

void beats_note(MemoryWorld *world, MemoryRegion *mr, hwaddr offset,
                unsigned size, uint64_t value, BeatCause cause)
{
    MemoryBeats *beats = world->beats;
    if (beats && beats_room(beats)) {
        beats->beat[beats->count++] =
            (MemoryBeat){mr, offset, value, size, (uint8_t)cause};
    }
}

void port_note_direct(MemoryPort *port, MemoryRegion *mr, hwaddr offset,
                      const void *data, uint64_t len, uint32_t width)
{
    const uint8_t *bytes = data;
    bool whole = !width || offset / width == (offset + len - 1) / width;
    for (uint64_t at = 0; at < len;) {
        uint64_t l = len - at;
        if (width && l > width - (offset + at) % width) {
            l = width - (offset + at) % width;
        }
        uint64_t value = 0;
        memcpy(&value, bytes + at, l < 8 ? l : 8);
        if (beats_room(&port->beats)) {
            port->beats.beat[port->beats.count++] =
                (MemoryBeat){mr, offset + at, value, (uint32_t)l,
                             (uint8_t)(whole ? BEAT_ACCESS : BEAT_SPLIT)};
        }
        at += l;
    }
}

typedef struct BeatWriter {
    MemoryRecord *next;
    uint32_t region;
    uint32_t bus;
    uint64_t begin;        /* cycles from the tx's issue */
    uint64_t first, later; /* cycles of the first and of later beats */
    unsigned count;
} BeatWriter;

static void write_beat(BeatWriter *w, const MemoryRegion *mr, hwaddr offset,
                       uint32_t size, uint64_t value, unsigned cause)
{
    if (mr->id != w->region) {
        w->region = mr->id;
        *w->next++ = (MemoryRecord){.site = RECORD_PLACE, .value = mr->id};
    }
    uint64_t cost = w->count ? w->later : w->first;
    *w->next++ = (MemoryRecord){.site = RECORD_BEAT,
                                .info = size | cause << 8 | w->bus << 16,
                                .address = offset,
                                .value = value,
                                .cycle = (w->begin & 0xffffffff) << 32 |
                                         (cost & 0xffffffff)};
    w->begin += cost;
    w->count++;
}

static void write_piece(BeatWriter *w, const MemoryBeat *b, uint32_t width)
{
    if (!width || b->size <= width) {
        write_beat(w, b->mr, b->offset, b->size, b->value, b->cause);
        return;
    }
    for (uint32_t at = 0; at < b->size; at += width) {
        uint64_t value = at < 8 ? b->value >> 8 * at : 0;
        if (width < 8) {
            value &= (UINT64_C(1) << 8 * width) - 1;
        }
        write_beat(w, b->mr, b->offset + at, width, value, BEAT_SPLIT);
    }
}

static uint64_t cycles(const MemoryPort *port, uint64_t ps)
{
    return ps ? clock_cycle_at(port->clock, ps) : 0;
}

void port_record(MemoryPort *port, const PortTx *tx, const TimingRequest *rq,
                 uint32_t size, uint8_t dir, uint64_t value,
                 unsigned first_beat)
{
    MemoryRecorder *rec = port->world->recorder;
    const MemoryPlace *place = port_place(port, tx->addr, tx->va - tx->addr);
    MemorySite key = {.port = port,
                      .place = place,
                      .pc = tx->pc,
                      .size = size,
                      .kind = tx->kind,
                      .dir = dir};
    const unsigned beats = port->beats.count - first_beat;
    const MemoryBeat *beat = beats ? &port->beats.beat[first_beat] : NULL;
    bool single = beats == 1 && beat->size == size && tx->beats <= 1 &&
                  beat->mr == place->mr && beat->cause != BEAT_FLUSH;
    uint32_t flags = tx->result & RECORD_RESULT_MASK;
    if (size <= 8 && (tx->addr & (size - 1)) != 0) {
        flags |= RECORD_UNALIGNED;
    }
    if (tx->beats > 1) {
        flags |= RECORD_SPLIT;
    }
    if (beats && beat->cause == BEAT_WIDEN) {
        flags |= RECORD_WIDENED;
    }
    if (tx->posted) {
        flags |= RECORD_COALESCED;
    }
    bool with_beats = rec->beats && !single && tx->beats > 0;
    MemoryRecord *r = record_room(rec, RECORD_ROOM);
    rec->crowded = true;
    const MemoryRecord head = {.site = recorder_site(rec, &key),
                               .info = flags | RECORD_HAS_TIMING,
                               .address = tx->addr,
                               .value = value,
                               .cycle = clock_cycle_at(port->clock, tx->issue)};
    r[1] = (MemoryRecord){.site = RECORD_TIMING,
                          .info = tx->blocker,
                          .address = tx->wait << 32 | (tx->bus & 0xffffffff),
                          .value = tx->target,
                          .cycle = tx->beats};
    BeatWriter w = {.next = r + 2,
                    .region = place->region_id,
                    .bus = rq->bus,
                    .begin = tx->wait,
                    .first = cycles(port, rq->beat_first),
                    .later = cycles(port, rq->beat_next)};
    for (unsigned i = 0; with_beats && i < beats; i++) {
        write_piece(&w, &beat[i], rq->width);
    }
    record_put(r, head); /* what belongs to it is there */
    rec->next = w.next;
}
