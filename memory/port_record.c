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
        beats->beat[beats->count++] = (MemoryBeat){.mr = mr,
                                                   .offset = offset,
                                                   .value = value,
                                                   .size = size,
                                                   .cause = (uint8_t)cause};
    }
}

static bool all_enabled(const uint8_t *strobes, uint64_t len)
{
    return !strobes || !memchr(strobes, 0, len);
}

static void note_words(MemoryPort *port, MemoryRegion *mr, hwaddr offset,
                       const uint8_t *bytes, const uint8_t *strobes,
                       uint64_t len, uint32_t width)
{
    bool whole = !width || offset / width == (offset + len - 1) / width;
    for (uint64_t at = 0; at < len;) {
        uint64_t l = len - at;
        if (width && l > width - (offset + at) % width) {
            l = width - (offset + at) % width;
        }
        const uint8_t *of_word = strobes ? strobes + at : NULL;
        if (beats_room(&port->beats)) {
            port->beats.beat[port->beats.count++] = (MemoryBeat){
                .mr = mr,
                .offset = offset + at,
                .value = port_strobes_value(bytes + at, of_word, l),
                .size = (uint32_t)l,
                .cause = whole ? BEAT_ACCESS : BEAT_SPLIT,
                .strobes = all_enabled(of_word, l) ? NULL : of_word};
        }
        at += l;
    }
}

void port_note_direct(MemoryPort *port, MemoryRegion *mr, hwaddr offset,
                      const void *data, const uint8_t *strobes, uint64_t len,
                      const TimingRequest *rq)
{
    if (!rq->move) {
        note_words(port, mr, offset, data, strobes, len, rq->width);
    }
    for (uint32_t i = 0; i < rq->moves; i++) {
        const TimingMove *m = &rq->move[i];
        if (m->cause == BEAT_ACCESS) {
            uint64_t at = m->addr - rq->addr;
            note_words(port, mr, offset + at, (const uint8_t *)data + at,
                       strobes ? strobes + at : NULL, m->size, m->width);
        }
    }
}

/* -- lines ---------------------------------------------------------------- */

static uint32_t cycles(const MemoryPort *port, uint64_t ps)
{
    return ps ? (uint32_t)clock_cycle_at(port->clock, ps) : 0;
}

/* A line that reaches beyond its memory goes on as if that did, too. */
static void note_line(MemoryPort *port, FlatView *fv, const TimingMove *m,
                      uint64_t late)
{
    MemoryPiece line =
        memory_piece_at(fv, m->addr, m->size, false, MEMTXATTRS_UNSPECIFIED);
    const uint32_t width = m->width ? m->width : m->size;
    const uint32_t begin = cycles(port, late + m->begin);
    uint64_t since = 0; /* ps, from the grant */
    for (uint32_t at = 0; at < m->size; at += width) {
        uint64_t value = 0;
        uint32_t l = width < m->size - at ? width : m->size - at;
        if (line.direct && at + l <= line.len) {
            memcpy(&value, line.mr->ram_block->host + line.offset + at,
                   l < 8 ? l : 8);
        }
        uint64_t until = since + (at ? m->next : m->first);
        if (beats_room(&port->beats)) {
            port->beats.beat[port->beats.count++] = (MemoryBeat){
                .mr = line.mr,
                .offset = line.offset + at,
                .value = value,
                .size = l,
                .cause = m->cause,
                .begin = begin + cycles(port, since),
                .cycles = cycles(port, until) - cycles(port, since)};
        }
        since = until;
    }
}

void port_note_lines(MemoryPort *port, FlatView *fv, const TimingRequest *rq,
                     uint64_t issue)
{
    for (uint32_t i = 0; i < rq->moves; i++) {
        if (rq->move[i].cause != BEAT_ACCESS) {
            note_line(port, fv, &rq->move[i], rq->issue - issue);
        }
    }
}

uint64_t port_bytes_moved(const TimingRequest *rq)
{
    if (!rq->move) {
        return (uint64_t)rq->size * rq->pieces;
    }
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < rq->moves; i++) {
        bytes += rq->move[i].size;
    }
    return bytes;
}

/* -- records -------------------------------------------------------------- */

typedef struct BeatWriter {
    MemoryRecord *next;
    uint32_t region;
    uint32_t bus;
    uint64_t begin;        /* cycles from the tx's issue */
    uint64_t first, later; /* cycles of the first and of later beats */
    unsigned count;
} BeatWriter;

/* Is it one of port_note_lines()? */
static bool is_line(const MemoryBeat *b)
{
    return b->cause == BEAT_FILL || b->cause == BEAT_WRITEBACK;
}

static void put_beat(BeatWriter *w, const MemoryBeat *b, hwaddr offset,
                     uint32_t size, uint64_t value, unsigned cause)
{
    if (b->mr->id != w->region) {
        w->region = b->mr->id;
        *w->next++ = (MemoryRecord){.site = RECORD_PLACE, .value = b->mr->id};
    }
    if (b->strobes) {
        *w->next++ = port_strobes_record(b->strobes, b->size);
    }
    const bool line = is_line(b);
    uint64_t begin = line ? b->begin : w->begin;
    uint64_t cost = line ? b->cycles : w->count ? w->later : w->first;
    *w->next++ = (MemoryRecord){.site = RECORD_BEAT,
                                .info = size | cause << 8 | w->bus << 16,
                                .address = offset,
                                .value = value,
                                .cycle = (begin & 0xffffffff) << 32 |
                                         (cost & 0xffffffff)};
    if (!line) {
        w->begin += cost;
        w->count++;
    }
}

static uint64_t own_cycles(const BeatWriter *w, const MemoryBeat *beat,
                           unsigned beats)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < beats; i++) {
        sum += is_line(&beat[i]) ? 0 : sum ? w->later : w->first;
    }
    return sum < UINT32_MAX ? sum : 0;
}

static void write_piece(BeatWriter *w, const MemoryBeat *b, uint32_t width)
{
    if (!width || b->size <= width) {
        put_beat(w, b, b->offset, b->size, b->value, b->cause);
        return;
    }
    for (uint32_t at = 0; at < b->size; at += width) {
        uint64_t value = at < 8 ? b->value >> 8 * at : 0;
        if (width < 8) {
            value &= (UINT64_C(1) << 8 * width) - 1;
        }
        put_beat(w, b, b->offset + at, width, value, BEAT_SPLIT);
    }
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
    const bool lines = beats && is_line(beat);
    bool single = beats == 1 && beat->size == size && tx->beats <= 1 &&
                  beat->mr == place->mr && beat->cause != BEAT_FLUSH &&
                  !lines && !tx->strobes && (!rq->bus || rq->bus == place->bus);
    uint32_t flags = tx->result & RECORD_RESULT_MASK;
    if (size <= 8 && (tx->addr & (size - 1)) != 0) {
        flags |= RECORD_UNALIGNED;
    }
    if (lines || (beats && beat->cause == BEAT_WIDEN)) {
        flags |= RECORD_WIDENED;
    }
    if (tx->beats > 1 && !lines) {
        flags |= RECORD_SPLIT;
    }
    if (tx->posted) {
        flags |= RECORD_COALESCED;
    }
    if (tx->strobes) {
        flags |= RECORD_STROBED;
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
                    /* with other clocks on its way it is rounded once */
                    .first = tx->beats == 1 ? tx->bus + tx->target
                                            : cycles(port, rq->beat_first),
                    .later = cycles(port, rq->beat_next)};
    if (lines) { /* what a cache passes on comes behind them, up to the end */
        w.begin += tx->bus + tx->target - own_cycles(&w, beat, beats);
    }
    for (unsigned i = 0; with_beats && i < beats; i++) {
        write_piece(&w, &beat[i], rq->width);
    }
    record_put(r, head); /* what belongs to it is there */
    rec->next = w.next;
}
