/*
 * decode.c - records (memory/record.h) become rows of site, tx_row, beat_row
 * and mmio.
 *
 * Model    A recorder's site becomes one row of `site` when it is first seen, a
 *          fetch run one per instruction. What a head leaves out (cycles,
 * beats, flags) is what its site's place says. Units    cycles of the
 * initiator's clock in, those and picoseconds out.
 */
#include <string.h>

#include "traces/store.h"

/* status of tx_row: the low bits are those of a head's info */
enum {
    STATUS_BITS =
        RECORD_RESULT_MASK | RECORD_UNALIGNED | RECORD_SPLIT | RECORD_WIDENED,
    STATUS_OWN_BEATS = 1 << 16,
};

/* One transaction, put together from its records. */
typedef struct Tx {
    const MemorySite *site;
    uint32_t row; /* in `site` */
    StoreRegion *region;
    uint32_t status;
    uint32_t size, blocker;
    uint64_t cycle, pa, value, pc;
    uint64_t wait, bus, target, beats;
} Tx;

static const InlineCost no_cost;

/* What the way of least resistance costs at a place. */
static const InlineCost *site_cost(const MemorySite *s, uint32_t size)
{
    if (!size || size > 8 || (size & (size - 1))) {
        return &no_cost;
    }
    return &s->place->cost[(s->dir & DIR_WRITE) != 0][__builtin_ctz(size)];
}

/* -- sites ---------------------------------------------------------------- */

static bool totals_room(TraceStore *ts, uint32_t n)
{
    if (n < ts->totals_capacity) {
        return true;
    }
    uint32_t capacity = 2 * n + 1024;
    SiteTotals *totals = store_grow(ts, ts->totals, capacity, sizeof(*totals));
    if (!totals) {
        return false;
    }
    memset(totals + ts->totals_capacity, 0,
           (capacity - ts->totals_capacity) * sizeof(*totals));
    ts->totals = totals;
    ts->totals_capacity = capacity;
    return true;
}

static void write_site(TraceStore *ts, const MemorySite *s, uint64_t pc,
                       uint32_t size)
{
    uint32_t id = ++ts->site_rows;
    if (!totals_room(ts, id)) {
        return;
    }
    bool has_pc = pc || s->kind == ACCESS_FETCH;
    uint32_t symbol = has_pc ? dictionary_symbol(ts, pc) : 0;
    int64_t region = s->place->region_id;
    store_run(ts,
              "insert into site values(?,?,?,?,?,?,nullif(?,0),nullif(?,0),"
              "nullif(?,0))",
              has_pc ? "iiitiuiii" : "iiitiniii", (int64_t)id,
              (int64_t)s->port->id, (int64_t)s->kind, dictionary_dir(s->dir),
              (int64_t)size, pc, (int64_t)symbol, region,
              (int64_t)s->place->bus);
}

/* The rows of a site, written on first use. NULL: the store has failed. */
static StoreSite *site_rows(TraceStore *ts, uint32_t id)
{
    if (id >= ts->sites) {
        uint32_t n = ts->recorder.site_capacity;
        StoreSite *site = store_grow(ts, ts->site, n, sizeof(*site));
        if (!site) {
            return NULL;
        }
        memset(site + ts->sites, 0, (n - ts->sites) * sizeof(*site));
        ts->site = site;
        ts->sites = n;
    }
    StoreSite *row = &ts->site[id];
    if (!row->row) {
        const MemorySite *s = &ts->recorder.site[id];
        row->row = ts->site_rows + 1;
        dictionary_initiator(ts, s->port);
        row->region = dictionary_region(ts, s->place->region_id, s->place->mr);
        if (!s->run) {
            write_site(ts, s, s->pc, s->size);
        }
        for (unsigned i = 0; s->run && i < s->run_length; i++) {
            write_site(ts, s, s->pc + s->run[i].offset, s->run[i].size);
        }
    }
    return ts->error ? NULL : row;
}

/* -- rows ----------------------------------------------------------------- */

/* One row of tx_row. The only place that knows how transactions are stored. */
static void write_tx(TraceStore *ts, const Tx *tx)
{
    const MemoryPlace *place = tx->site->place;
    uint64_t va = tx->pa + place->va_offset;
    uint32_t *null;
    int64_t *v = batch_row(ts, &ts->tx, &null);
    v[0] = (int64_t)++ts->rows;
    v[1] = tx->row;
    v[2] = (int64_t)clock_time(tx->site->port->clock, tx->cycle);
    v[3] = (int64_t)tx->cycle;
    v[4] = (int64_t)tx->pa;
    v[5] = (int64_t)va;
    v[6] = (int64_t)(tx->pa - place->base);
    v[7] = (int64_t)tx->value;
    v[8] = tx->status;
    v[9] = (int64_t)tx->wait;
    v[10] = (int64_t)tx->bus;
    v[11] = (int64_t)tx->target;
    v[12] = tx->blocker;
    v[13] = (int64_t)tx->beats;
    *null = (uint32_t)(va == tx->pa) << 5 |
            (uint32_t)(place->region_id == 0) << 6 |
            (uint32_t)(tx->size > 8) << 7 | (uint32_t)(tx->blocker == 0) << 12;
}

/* One row of beat_row, of the transaction about to be written. */
static void write_beat(TraceStore *ts, const Tx *tx, uint64_t seq, uint32_t bus,
                       uint32_t region, uint64_t offset, uint32_t size,
                       uint64_t value, uint64_t begin, uint64_t cost,
                       uint32_t cause)
{
    uint32_t *null;
    int64_t *v = batch_row(ts, &ts->beat, &null);
    v[0] = (int64_t)ts->rows + 1;
    v[1] = (int64_t)seq;
    v[2] = bus;
    v[3] = region;
    v[4] = (int64_t)offset;
    v[5] = size;
    v[6] = (int64_t)value;
    v[7] = (int64_t)clock_time(tx->site->port->clock, tx->cycle + begin);
    v[8] = (int64_t)cost;
    v[9] = cause;
    *null = (uint32_t)(bus == 0) << 2 | (uint32_t)(region == 0) << 3;
}

static void write_mmio(TraceStore *ts, const Tx *tx, const HotEntry *e)
{
    const MemorySite *s = tx->site;
    bool has_pc = tx->pc != 0;
    static const char *const result[] = {
        "ok",     "error",        "decode",        "error decode",
        "access", "error access", "decode access", "error decode access"};
    store_run(ts, "insert into mmio values(?,?,?,?,?,?,?,?,?,?,?,?,?)",
              has_pc ? (tx->size > 8 ? "uuuttuttintut" : "uuuttuttiutut")
                     : (tx->size > 8 ? "uuuttuttintnt" : "uuuttuttiutnt"),
              ts->rows, clock_time(s->port->clock, tx->cycle), tx->cycle,
              dictionary_initiator_name(ts, s->port->id), tx->region->name,
              tx->pa - s->place->base, e->reg, dictionary_dir(s->dir),
              (int64_t)tx->size, tx->value, result[tx->status & 7], tx->pc,
              has_pc ? dictionary_symbol_name(ts, dictionary_symbol(ts, tx->pc))
                     : NULL);
}

/* -- from one head to its rows -------------------------------------------- */

/* The beats of a transaction that went the way its site says, on a bus narrower
 * than it: equal pieces at rising addresses. */
static void inline_beats(TraceStore *ts, Tx *tx)
{
    const InlineCost *cost = site_cost(tx->site, tx->size);
    const MemoryPlace *place = tx->site->place;
    uint32_t size = tx->size / cost->beats;
    if (!size) {
        return;
    }
    uint64_t begin = 0;
    for (uint32_t i = 0; i < cost->beats; i++) {
        uint64_t each = i ? cost->beat_next : cost->beat_first;
        uint64_t value = tx->value >> 8 * (i * size);
        if (size < 8) {
            value &= (UINT64_C(1) << 8 * size) - 1;
        }
        write_beat(ts, tx, i, place->bus, place->region_id,
                   tx->pa - place->base + i * size, size, value, begin, each,
                   BEAT_SPLIT);
        begin += each;
    }
    tx->status |= STATUS_OWN_BEATS;
}

static void inline_costs(TraceStore *ts, Tx *tx)
{
    const InlineCost *cost = site_cost(tx->site, tx->size);
    tx->wait = 0;
    tx->bus = cost->bus;
    tx->target = cost->target;
    tx->beats = cost->beats;
    tx->blocker = 0;
    tx->status = tx->pa & (tx->size - 1) ? RECORD_UNALIGNED : 0;
    if (cost->beats > 1) {
        tx->status |= RECORD_SPLIT;
        if (ts->recorder.beats) {
            inline_beats(ts, tx);
        }
    }
    if (cost->beats) {
        ts->beat_bytes += tx->size;
    }
}

/* Takes the timing, place and beat records after a head. Returns what follows
 * them. */
static const MemoryRecord *recorded_costs(TraceStore *ts, Tx *tx,
                                          const MemoryRecord *r,
                                          const MemoryRecord *end)
{
    tx->wait = r->address >> 32;
    tx->bus = r->address & 0xffffffff;
    tx->target = r->value;
    tx->beats = r->cycle;
    tx->blocker = r->info;
    uint64_t beats = 0, bytes = 0;
    uint32_t region = tx->site->place->region_id;
    for (r++; r < end; r++) {
        if (r->site == RECORD_PLACE) {
            region = (uint32_t)r->value;
        } else if (r->site == RECORD_BEAT) {
            uint32_t size = r->info & 0xff;
            write_beat(ts, tx, beats++, r->info >> 16, region, r->address, size,
                       r->value, r->cycle >> 32, r->cycle & 0xffffffff,
                       r->info >> 8 & 0xff);
            bytes += size;
        } else {
            break;
        }
    }
    if (beats) {
        tx->status |= STATUS_OWN_BEATS;
    }
    bool one = tx->beats == 1 && !(tx->status & RECORD_WIDENED);
    bool complete = (tx->status & RECORD_RESULT_MASK) == 0;
    if (ts->recorder.beats && complete && !one && beats != tx->beats) {
        ts->beats_missing++;
    }
    ts->beat_bytes += beats ? bytes : tx->beats ? tx->size : 0;
    return r;
}

/* Counts and writes a transaction whose beats are written. */
static void finish_tx(TraceStore *ts, const Tx *tx)
{
    write_tx(ts, tx);
    SiteTotals *n = &ts->totals[tx->row];
    n->accesses++;
    n->errors += (tx->status & RECORD_RESULT_MASK) != 0;
    n->beats += tx->beats;
    n->wait += tx->wait;
    n->bus += tx->bus;
    n->target += tx->target;
    StoreInitiator *initiator = &ts->initiator[tx->site->port->id];
    initiator->backwards += tx->cycle < initiator->last_cycle;
    initiator->last_cycle = tx->cycle;
    if (!tx->region || tx->site->kind == ACCESS_FETCH) {
        return;
    }
    HotEntry *e = hot_count(ts, tx->site->place->region_id, tx->region,
                            tx->pa - tx->site->place->base, tx->site->dir);
    if (!e) {
        return;
    }
    e->accesses++;
    e->bytes += tx->size;
    e->wait += tx->wait;
    e->bus += tx->bus;
    e->target += tx->target;
    if (tx->region->io) {
        write_mmio(ts, tx, e);
    }
}

static const MemoryRecord *decode_head(TraceStore *ts, const MemoryRecord *r,
                                       const MemoryRecord *end);

/* A run of fetches and, between them, the accesses that follow its head. */
static const MemoryRecord *decode_run(TraceStore *ts, const MemoryRecord *head,
                                      const MemoryRecord *end,
                                      const MemorySite *s, StoreSite row)
{
    uint64_t count = head->value >> 32, first = head->value & 0xffffffff;
    uint64_t last =
        first + count < s->run_length ? first + count : s->run_length;
    const MemoryRecord *r = head + 1;
    const MemoryRecord *accesses = head->info < end - r ? r + head->info : end;
    bool wanted = filter_site(ts, head->site);
    for (uint64_t i = first; i < last; i++) {
        const FetchStep *step = &s->run[i];
        Tx tx = {.site = s,
                 .row = row.row + (uint32_t)i,
                 .region = row.region,
                 .size = step->size,
                 .cycle = head->cycle + step->cycle,
                 .pc = s->pc + step->offset,
                 .pa = s->pc + step->offset - s->place->va_offset,
                 .value = step->word};
        if (trace_filter_wants(&ts->filter, wanted, tx.pa, tx.size)) {
            inline_costs(ts, &tx);
            finish_tx(ts, &tx);
        } else {
            ts->left_out++;
        }
        while (r < accesses && !ts->error &&
               (i + 1 == last || r->cycle < head->cycle + step[1].cycle)) {
            r = decode_head(ts, r, accesses);
        }
    }
    return r;
}

static const MemoryRecord *decode_head(TraceStore *ts, const MemoryRecord *r,
                                       const MemoryRecord *end)
{
    if (r->site >= ts->recorder.sites) {
        store_fail_text(ts, "a record of no known site was handed over; the "
                            "rows before it are complete");
        return end;
    }
    const MemorySite *s = &ts->recorder.site[r->site];
    if (!(ts->recorder.kinds >> s->kind & 1)) {
        return r + 1; /* of a hart's inline path: a head alone */
    }
    if (!s->run && !trace_filter_wants(&ts->filter, filter_site(ts, r->site),
                                       r->address, s->size)) {
        ts->left_out++;
        return filter_skip(r, end);
    }
    const StoreSite *row = site_rows(ts, r->site);
    if (!row) {
        return end;
    }
    if (s->run) {
        return decode_run(ts, r, end, s, *row);
    }
    Tx tx = {.site = s,
             .row = row->row,
             .region = row->region,
             .status = r->info & STATUS_BITS,
             .size = s->size,
             .cycle = r->cycle,
             .pc = s->pc,
             .pa = r->address,
             .value = r->value};
    const MemoryRecord *next = r + 1;
    if ((r->info & RECORD_HAS_TIMING) && next < end &&
        next->site == RECORD_TIMING) {
        next = recorded_costs(ts, &tx, next, end);
    } else {
        inline_costs(ts, &tx);
    }
    finish_tx(ts, &tx);
    return next;
}

void decode_records(TraceStore *ts, const MemoryRecord *r,
                    const MemoryRecord *end)
{
    while (r < end && !ts->error) {
        r = decode_head(ts, r, end);
    }
    batch_flush(ts, &ts->tx);
    batch_flush(ts, &ts->beat);
}

void decode_flush(TraceStore *ts)
{
    MemoryRecorder *rec = &ts->recorder;
    if (ts->buffer) {
        if (ts->ring.keep) {
            ring_take(ts, rec->buffer, rec->next);
        } else {
            decode_records(ts, rec->buffer, rec->next);
        }
        rec->next = rec->buffer;
    }
}
