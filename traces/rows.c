/*
 * rows.c - records become rows: see rows.h.
 */
#include "traces/rows.h"

#include <stdlib.h>
#include <string.h>

#include "memory/port.h"

/* -- sites ---------------------------------------------------------------- */

bool row_sites_add(RowSites *sites, const RowSite *site)
{
    uint32_t id = site->id;
    if (id >= ROW_SITE_SEGMENT * ROW_SITE_SEGMENTS) {
        return false;
    }
    const RowSite ***segment = &sites->segment[id / ROW_SITE_SEGMENT];
    if (!*segment) {
        *segment = calloc(ROW_SITE_SEGMENT, sizeof(const RowSite *));
    }
    if (!*segment) {
        return false;
    }
    (*segment)[id % ROW_SITE_SEGMENT] = site;
    if (id >= sites->count) {
        sites->count = id + 1;
    }
    return true;
}

void row_sites_free(RowSites *sites, void (*each)(void *))
{
    for (uint32_t id = 0; each && id < sites->count; id++) {
        each((void *)(uintptr_t)row_site(sites, id));
    }
    for (unsigned i = 0; i < ROW_SITE_SEGMENTS; i++) {
        /* an array of pointers to constants is freed as an array */
        free((void *)(uintptr_t)sites->segment[i]);
    }
    *sites = (RowSites){0};
}

static InlineCost place_cost(const MemoryPlace *place, unsigned dir,
                             uint32_t size)
{
    if (!size || size > 8 || (size & (size - 1))) {
        return (InlineCost){0};
    }
    return place->cost[(dir & DIR_WRITE) != 0][__builtin_ctz(size)];
}

void row_site_fill(RowSite *to, const MemorySite *from, uint32_t id,
                   uint32_t row)
{
    const MemoryPlace *place = from->place;
    *to = (RowSite){.id = id,
                    .row = row,
                    .initiator = from->port->id,
                    .region = place->region_id,
                    .bus = place->bus,
                    .size = from->size,
                    .kind = from->kind,
                    .dir = from->dir,
                    .wanted = true,
                    .steps = from->run ? from->run_length : 0,
                    .pc = from->pc,
                    .base = place->base,
                    .va_offset = place->va_offset};
    if (from->run) {
        to->cost[0] = place_cost(place, from->dir, 2);
        to->cost[1] = place_cost(place, from->dir, 4);
        memcpy(to->step, from->run, to->steps * sizeof(to->step[0]));
    } else {
        to->cost[0] = place_cost(place, from->dir, from->size);
    }
}

const char *const row_flag_name[ROW_FLAGS] = {
    "",
    "unaligned",
    "split",
    "unaligned split",
    "widened",
    "unaligned widened",
    "split widened",
    "unaligned split widened",
    "coalesced",
    "unaligned coalesced",
    "split coalesced",
    "unaligned split coalesced",
    "widened coalesced",
    "unaligned widened coalesced",
    "split widened coalesced",
    "unaligned split widened coalesced",
    "strobed",
    "unaligned strobed",
    "split strobed",
    "unaligned split strobed",
    "widened strobed",
    "unaligned widened strobed",
    "split widened strobed",
    "unaligned split widened strobed",
    "coalesced strobed",
    "unaligned coalesced strobed",
    "split coalesced strobed",
    "unaligned split coalesced strobed",
    "widened coalesced strobed",
    "unaligned widened coalesced strobed",
    "split widened coalesced strobed",
    "unaligned split widened coalesced strobed"};

/* -- transactions --------------------------------------------------------- */

void rows_begin(RowReader *reader, const RowSites *sites, const MemoryRecord *r,
                size_t n)
{
    *reader = (RowReader){.sites = sites, .r = r, .end = r + n};
}

static bool rows_wrong(RowReader *reader, const char *what)
{
    reader->wrong = what;
    reader->r = reader->end;
    reader->run = NULL;
    return false;
}

/* What the site says. */
static inline void plain_costs(TxRow *row)
{
    const InlineCost *cost = row_cost(row->site, row->size);
    row->wait = 0;
    row->bus = cost->bus;
    row->target = cost->target;
    row->beats = cost->beats;
    row->blocker = 0;
    row->beat = row->beat_end = NULL;
    row->status = row->pa & (row->size - 1) ? RECORD_UNALIGNED : 0;
    if (cost->beats > 1) {
        row->status |= RECORD_SPLIT;
        row->status |= row->size / cost->beats ? ROW_OWN_BEATS : 0;
    }
}

/* What the records after the head say. */
static void recorded_costs(RowReader *reader, TxRow *row)
{
    const MemoryRecord *r = reader->r++;
    row->wait = r->address >> 32;
    row->bus = r->address & 0xffffffff;
    row->target = r->value;
    row->beats = r->cycle;
    row->blocker = r->info;
    bool beats = false;
    for (r++; r < reader->end && row_is_beat(r); r++) {
        beats |= r->site == RECORD_BEAT;
    }
    row->beat = reader->r;
    row->beat_end = reader->r = r;
    row->status |= beats ? ROW_OWN_BEATS : 0;
}

static inline bool access_row(RowReader *reader, const RowSite *s, TxRow *row)
{
    const MemoryRecord *head = reader->r++;
    row->site = s;
    row->site_row = s->row;
    row->size = s->size;
    row->cycle = head->cycle;
    row->pc = s->pc;
    row->pa = head->address;
    row->value = head->value;
    if ((head->info & RECORD_HAS_TIMING) && reader->r < reader->end &&
        reader->r->site == RECORD_TIMING) {
        row->status = head->info & ROW_STATUS;
        recorded_costs(reader, row);
    } else {
        plain_costs(row);
    }
    return true;
}

void row_step(const RowSite *s, uint32_t step, uint64_t begin, TxRow *row)
{
    row->site = s;
    row->site_row = s->row + step;
    row->size = s->step[step].size;
    row->cycle = begin + s->step[step].cycle;
    row->pc = s->pc + s->step[step].offset;
    row->pa = row->pc - s->va_offset;
    row->value = s->step[step].word;
    plain_costs(row);
}

/* Passes over steps of the run, up to the next access. */
static void pass_steps(RowReader *reader)
{
    uint32_t i = reader->step;
    if (reader->r >= reader->accesses) {
        i = reader->last;
    } else {
        uint64_t begin = reader->head->cycle, next = reader->r->cycle;
        while (
            i < reader->last &&
            !(i > reader->first && next < begin + reader->run->step[i].cycle)) {
            i++;
        }
    }
    reader->passed += i - reader->step;
    reader->step = i;
}

/* The next row of the run; false: it is over. */
static inline bool run_row(RowReader *reader, TxRow *row)
{
    if (reader->passing) {
        pass_steps(reader);
    }
    uint32_t i = reader->step;
    const MemoryRecord *r = reader->r;
    if (r < reader->accesses && i > reader->first &&
        (i == reader->last ||
         r->cycle < reader->head->cycle + reader->run->step[i].cycle)) {
        const RowSite *s = row_site(reader->sites, r->site);
        if (!s || s->steps) {
            return rows_wrong(reader, "a fetch run that holds no accesses");
        }
        return access_row(reader, s, row);
    }
    if (i < reader->last) {
        row_step(reader->run, i, reader->head->cycle, row);
        reader->step++;
        return true;
    }
    reader->run = NULL;
    return false;
}

/* Takes the head of a run: which of its steps were fetched. */
static const MemoryRecord *take_run(RowReader *reader, const RowSite *s,
                                    uint32_t *first, uint32_t *last)
{
    const MemoryRecord *head = reader->r++;
    row_run_steps(s, head, first, last);
    return head;
}

static const RowSite *next_site(RowReader *reader)
{
    if (reader->r >= reader->end) {
        return NULL;
    }
    const RowSite *s = row_site(reader->sites, reader->r->site);
    if (!s) {
        rows_wrong(reader, "a record of no known site");
    }
    return s;
}

bool rows_next(RowReader *reader, TxRow *row)
{
    for (;;) {
        if (reader->run && run_row(reader, row)) {
            return true;
        }
        const RowSite *s = next_site(reader);
        if (!s) {
            return false;
        }
        if (!s->steps) {
            return access_row(reader, s, row);
        }
        reader->head = take_run(reader, s, &reader->first, &reader->last);
        reader->run = s;
        reader->step = reader->first;
        reader->passing =
            s->id < reader->skips && reader->skip[s->id] == ROW_SKIP;
        ptrdiff_t left = reader->end - reader->r;
        reader->accesses = reader->head->info < left
                               ? reader->r + reader->head->info
                               : reader->end;
    }
}

bool rows_next_head(RowReader *reader, TxRow *row, const RowSite **site,
                    uint32_t *first, uint32_t *last)
{
    *site = next_site(reader);
    if (!*site) {
        return false;
    }
    if (!(*site)->steps) {
        *last = 0;
        return access_row(reader, *site, row);
    }
    const MemoryRecord *head = take_run(reader, *site, first, last);
    row->cycle = head->cycle;
    return true;
}

/* -- beats ---------------------------------------------------------------- */

void row_beats_begin(TxBeats *beats, const TxRow *row)
{
    *beats = (TxBeats){.row = row, .region = row->site->region, .r = row->beat};
}

/* A transaction with one beat equal to itself. */
static bool only_beat(TxBeats *beats, TxBeat *beat)
{
    const TxRow *row = beats->row;
    if (beats->seq++ || row->beats != 1 || (row->status & RECORD_WIDENED)) {
        return false;
    }
    *beat = (TxBeat){.bus = row->site->bus,
                     .region = row->site->region,
                     .size = row->size,
                     .cause = BEAT_ACCESS,
                     .offset = row->pa - row->site->base,
                     .value = row->value,
                     .begin = row->wait,
                     .cycles = row->bus + row->target};
    return true;
}

/* On a bus narrower than the access: equal pieces at rising addresses. */
static bool split_beat(TxBeats *beats, TxBeat *beat)
{
    const TxRow *row = beats->row;
    if (beats->seq >= row->beats) {
        return false;
    }
    const InlineCost *cost = row_cost(row->site, row->size);
    uint32_t i = beats->seq++, size = row->size / (uint32_t)row->beats;
    uint64_t value = 8 * i * size < 64 ? row->value >> 8 * (i * size) : 0;
    if (size < 8) {
        value &= (UINT64_C(1) << 8 * size) - 1;
    }
    *beat = (TxBeat){.bus = row->site->bus,
                     .region = row->site->region,
                     .size = size,
                     .cause = BEAT_SPLIT,
                     .offset = row->pa - row->site->base + i * size,
                     .value = value,
                     .begin = beats->begin,
                     .cycles = i ? cost->beat_next : cost->beat_first};
    beats->begin += beat->cycles;
    return true;
}

static bool recorded_beat(TxBeats *beats, TxBeat *beat)
{
    const MemoryRecord *strobes = NULL;
    for (; beats->r < beats->row->beat_end; beats->r++) {
        const MemoryRecord *r = beats->r;
        if (r->site == RECORD_PLACE) {
            beats->region = (uint32_t)r->value;
            continue;
        }
        if (r->site == RECORD_STROBES) {
            strobes = r;
            continue;
        }
        *beat = (TxBeat){.bus = r->info >> 16,
                         .region = beats->region,
                         .size = r->info & 0xff,
                         .cause = r->info >> 8 & 0xff,
                         .offset = r->address,
                         .value = r->value,
                         .begin = r->cycle >> 32,
                         .cycles = r->cycle & 0xffffffff,
                         .strobes = strobes};
        beats->seq++;
        beats->r++;
        return true;
    }
    return false;
}

bool row_beats_next(TxBeats *beats, bool recorded, TxBeat *beat)
{
    const TxRow *row = beats->row;
    if (!(row->status & ROW_OWN_BEATS)) {
        return only_beat(beats, beat);
    }
    if (row->beat) {
        return recorded_beat(beats, beat);
    }
    return recorded && split_beat(beats, beat);
}

uint64_t row_beat_bytes(const TxRow *row)
{
    if (!row->beat || !(row->status & ROW_OWN_BEATS)) {
        return row->beats ? row->size : 0;
    }
    uint64_t bytes = 0;
    for (const MemoryRecord *r = row->beat; r < row->beat_end; r++) {
        bytes += r->site == RECORD_BEAT ? r->info & 0xff : 0;
    }
    return bytes;
}
