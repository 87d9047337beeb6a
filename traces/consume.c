/*
 * consume.c - what becomes of a buffer of records: its sites become rows of
 * `site`, its transactions are counted, device accesses become rows of mmio,
 * and the encoded records a chunk.
 *
 * Model    Counting needs no order inside a chunk, so a fetch run counts as a
 *          whole: rows are only put in order by who reads them (rows.h).
 * Units    cycles of the initiator's clock in, those and picoseconds out.
 */
#include <errno.h>
#include <string.h>

#include "traces/store.h"

/* -- sites ---------------------------------------------------------------- */

void consume_site_made(MemoryRecorder *rec, uint32_t id)
{
    TraceStore *ts = rec->opaque;
    const MemorySite *s = &rec->site[id];
    size_t size = sizeof(RowSite) + s->run_length * sizeof(FetchStep);
    pthread_mutex_lock(&ts->lock);
    RowSite *site = tail_site_room(&ts->tail, size);
    if (!site) {
        store_fail_host(ts, errno);
    } else {
        row_site_fill(site, s, id, ts->site_rows + 1);
        ts->site_rows += row_site_rows(site);
        uint64_t before = ts->uncommitted;
        dictionary_initiator(ts, s->port);
        const StoreRegion *region =
            dictionary_region(ts, s->place->region_id, s->place->mr);
        if (ts->uncommitted != before) { /* recovery needs to know them */
            store_script(ts, "commit; begin");
        }
        site->wanted = (rec->kinds >> s->kind & 1) &&
                       trace_filter_site(
                           &ts->filter, s, dictionary_owner(ts, s->port->id),
                           region ? region->name : NULL, region && region->io);
        ts->filtered |= !site->wanted;
        if (!row_sites_add(&ts->sites, site)) {
            store_fail_text(ts, "there are too many places in the program that "
                                "access memory");
        }
    }
    pthread_mutex_unlock(&ts->lock);
}

static void write_step(TraceStore *ts, const RowSite *s, uint32_t id,
                       uint64_t pc, uint32_t size)
{
    bool has_pc = pc || s->kind == ACCESS_FETCH;
    uint32_t symbol = has_pc ? dictionary_symbol(ts, pc) : 0;
    store_run(ts,
              "insert into site values(?,?,?,?,?,?,nullif(?,0),nullif(?,0),"
              "nullif(?,0))",
              has_pc ? "iiitiuiii" : "iiitiniii", (int64_t)id,
              (int64_t)s->initiator, (int64_t)s->kind, dictionary_dir(s->dir),
              (int64_t)size, pc, (int64_t)symbol, (int64_t)s->region,
              (int64_t)s->bus);
}

static size_t put(uint8_t *to, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        to[i] = (uint8_t)(v >> 8 * i);
    }
    return bytes;
}

static void write_record_site(TraceStore *ts, const RowSite *s)
{
    uint8_t costs[2 * 10], steps[UINT8_MAX * 9];
    size_t c = 0, n = 0;
    for (unsigned i = 0; i < (s->steps ? 2 : 1); i++) {
        const InlineCost *cost = &s->cost[i];
        c += put(costs + c, cost->bus, 2);
        c += put(costs + c, cost->target, 2);
        c += put(costs + c, cost->beats, 2);
        c += put(costs + c, cost->beat_first, 2);
        c += put(costs + c, cost->beat_next, 2);
    }
    for (unsigned i = 0; i < s->steps && n + 9 <= sizeof(steps); i++) {
        n += put(steps + n, s->step[i].offset, 2);
        n += put(steps + n, s->step[i].cycle, 2);
        n += put(steps + n, s->step[i].word, 4);
        n += put(steps + n, s->step[i].size, 1);
    }
    store_run(ts, "insert into record_site values(?,?,?,?,?,?)", "iiuubb",
              (int64_t)s->id, (int64_t)s->row, s->base, s->va_offset, costs, c,
              steps, n);
}

static void write_site(TraceStore *ts, const RowSite *s)
{
    for (unsigned i = 0; i < s->steps; i++) {
        write_step(ts, s, s->row + i, s->pc + s->step[i].offset,
                   s->step[i].size);
    }
    if (!s->steps) {
        write_step(ts, s, s->row, s->pc, s->size);
    }
    write_record_site(ts, s);
}

/* Room in an array of zeros for index n. */
static void *zeros_room(TraceStore *ts, void *array, uint32_t *capacity,
                        uint32_t n, size_t size)
{
    if (n < *capacity) {
        return array;
    }
    uint32_t more = 2 * n + 1024;
    char *grown = store_grow(ts, array, more, size);
    if (!grown) {
        return NULL;
    }
    memset(grown + *capacity * size, 0, (more - *capacity) * size);
    *capacity = more;
    return grown;
}

/* Room to count the sites below `count`. */
static bool room_for_sites(TraceStore *ts, uint32_t count)
{
    for (; ts->counted_sites < count; ts->counted_sites++) {
        const RowSite *s = row_site(&ts->sites, ts->counted_sites);
        uint32_t rows = s ? s->row + row_site_rows(s) : 0;
        void *totals = zeros_room(ts, ts->totals, &ts->totals_capacity, rows,
                                  sizeof(*ts->totals));
        ts->totals = totals ? totals : ts->totals;
        void *whole = zeros_room(ts, ts->whole_runs, &ts->whole_capacity,
                                 ts->counted_sites, sizeof(*ts->whole_runs));
        ts->whole_runs = whole ? whole : ts->whole_runs;
        if (!totals || !whole) {
            return false;
        }
    }
    return true;
}

/* Writes the sites below `count` that are not in the file. */
static bool write_sites(TraceStore *ts, uint32_t count)
{
    for (; ts->written_sites < count; ts->written_sites++) {
        const RowSite *s = row_site(&ts->sites, ts->written_sites);
        if (s) { /* else the error is kept */
            write_site(ts, s);
        }
    }
    return room_for_sites(ts, count) && !ts->error;
}

/* -- counting ------------------------------------------------------------- */

/* What runs cost that took the way of least resistance, n times. */
static void total_plain(TraceStore *ts, const RowSite *s, uint32_t step,
                        uint64_t n)
{
    uint32_t size = s->step[step].size;
    const InlineCost *cost = row_cost(s, size);
    SiteTotals *t = &ts->totals[s->row + step];
    t->accesses += n;
    t->beats += n * cost->beats;
    t->bus += n * cost->bus;
    t->target += n * cost->target;
    ts->beat_bytes += cost->beats ? n * size : 0;
}

static void see_cycles(StoreInitiator *initiator, uint64_t first, uint64_t last)
{
    initiator->backwards += first < initiator->last_cycle;
    initiator->last_cycle = last;
    if (first < initiator->chunk_first) {
        initiator->chunk_first = first;
    }
    if (last > initiator->chunk_last) {
        initiator->chunk_last = last;
    }
}

static void write_mmio(TraceStore *ts, const TxRow *row, uint64_t tx,
                       const HotEntry *e)
{
    uint32_t *null;
    int64_t *v = batch_row(ts, &ts->mmio, &null);
    v[0] = (int64_t)tx;
    v[1] = row->site_row;
    v[2] = (int64_t)clock_time(ts->initiator[row->site->initiator].clock,
                               row->cycle);
    v[3] = (int64_t)row->cycle;
    v[4] = (int64_t)(row->pa - row->site->base);
    v[5] = (int64_t)row->value;
    v[6] = row->status & RECORD_RESULT_MASK & 7;
    v[7] = e->reg;
    *null = (uint32_t)(row->size > 8) << 5 | (uint32_t)(e->reg == 0) << 7;
}

static void check_beats(TraceStore *ts, const TxRow *row)
{
    uint64_t beats = 0;
    for (const MemoryRecord *r = row->beat; r < row->beat_end; r++) {
        beats += r->site == RECORD_BEAT;
    }
    bool one = row->beats == 1 && !(row->status & RECORD_WIDENED);
    bool complete = (row->status & RECORD_RESULT_MASK) == 0;
    ts->beats_missing += complete && !one && beats != row->beats;
}

/* Returns its hot_address entry, if there is one. */
static const HotEntry *count_access(TraceStore *ts, const TxRow *row)
{
    const RowSite *s = row->site;
    SiteTotals *n = &ts->totals[row->site_row];
    n->accesses++;
    n->errors += (row->status & RECORD_RESULT_MASK) != 0;
    n->beats += row->beats;
    n->wait += row->wait;
    n->bus += row->bus;
    n->target += row->target;
    ts->beat_bytes += row_beat_bytes(row);
    if (row->beat && ts->recorder.beats) {
        check_beats(ts, row);
    }
    see_cycles(&ts->initiator[s->initiator], row->cycle, row->cycle);
    if (!s->region || s->kind == ACCESS_FETCH) {
        return NULL;
    }
    HotEntry *e = hot_count(ts, s->region, ts->region[s->region],
                            row->pa - s->base, s->dir);
    if (e) {
        e->accesses++;
        e->bytes += row->size;
        e->wait += row->wait;
        e->bus += row->bus;
        e->target += row->target;
    }
    return e;
}

/* Rows of tx before a device access need the order of rows: only chunks that
 * have one pay for it. */
static void write_mmios(TraceStore *ts, const StoreBuffer *buffer)
{
    RowReader reader;
    TxRow row;
    rows_begin(&reader, &ts->sites, buffer->record, buffer->records);
    for (uint64_t tx = ts->rows + 1; rows_next(&reader, &row); tx++) {
        const RowSite *s = row.site;
        if (s->region && s->kind != ACCESS_FETCH && ts->region[s->region]->io) {
            uint64_t offset = row.pa - s->base;
            write_mmio(ts, &row, tx,
                       hot_count(ts, s->region, ts->region[s->region], offset,
                                 s->dir));
        }
    }
}

/* Counts; *devices: some accessed a device. Returns how many rows they are. */
static uint64_t count(TraceStore *ts, const StoreBuffer *buffer, bool *devices)
{
    RowReader reader;
    TxRow row;
    const RowSite *s;
    uint32_t first, last;
    uint64_t rows = 0;
    *devices = false;
    rows_begin(&reader, &ts->sites, buffer->record, buffer->records);
    while (rows_next_head(&reader, &row, &s, &first, &last)) {
        if (!s->steps) {
            rows++;
            const HotEntry *e = count_access(ts, &row);
            *devices |= e && ts->region[s->region]->io;
            continue;
        }
        if (first >= last) {
            continue;
        }
        rows += last - first;
        see_cycles(&ts->initiator[s->initiator],
                   row.cycle + s->step[first].cycle,
                   row.cycle + s->step[last - 1].cycle);
        if (last - first == s->steps) {
            ts->whole_runs[s->id]++;
            continue;
        }
        for (uint32_t i = first; i < last; i++) {
            total_plain(ts, s, i, 1);
        }
    }
    return rows;
}

uint64_t consume_count(TraceStore *ts, const StoreBuffer *buffer)
{
    bool devices;
    return room_for_sites(ts, buffer->sites) ? count(ts, buffer, &devices) : 0;
}

/* -- chunks --------------------------------------------------------------- */

static void write_chunk(TraceStore *ts, const StoreBuffer *buffer,
                        const void *blob, size_t len)
{
    if (!len) {
        store_fail(ts, SQLITE_NOMEM);
        return;
    }
    for (uint32_t i = 0; i < ts->initiators; i++) {
        ts->initiator[i].chunk_first = UINT64_MAX;
        ts->initiator[i].chunk_last = 0;
    }
    bool devices;
    uint64_t rows = count(ts, buffer, &devices);
    if (devices) {
        write_mmios(ts, buffer);
    }
    uint64_t first = TIME_NEVER, last = 0;
    for (uint32_t i = 0; i < ts->initiators; i++) {
        const StoreInitiator *n = &ts->initiator[i];
        if (n->chunk_first <= n->chunk_last) {
            uint64_t from = clock_time(n->clock, n->chunk_first);
            uint64_t to = clock_time(n->clock, n->chunk_last);
            first = from < first ? from : first;
            last = to > last ? to : last;
        }
    }
    batch_flush(ts, &ts->mmio);
    int64_t id = (int64_t)++ts->chunks;
    store_run(ts, "insert into chunk values(?,?,?,?,?,?,?)", "iuuuuuu", id,
              ts->rows + 1, rows, (uint64_t)buffer->records, first, last,
              buffer->number);
    store_run(ts, "insert into chunk_data values(?,?,?)", "iib", id,
              (int64_t)CODEC_ID, blob, len);
    store_script(ts, "commit; begin");
    if (!ts->error) {
        ts->rows += rows;
        ts->uncommitted = 0;
    }
}

void consume(TraceStore *ts, const StoreBuffer *buffer, const void *blob,
             size_t len)
{
    if (!ts->error && write_sites(ts, buffer->sites) && buffer->records) {
        write_chunk(ts, buffer, blob, len);
    }
    if (buffer->damaged) {
        store_fail_text(ts, "a record of no known site was handed over; the "
                            "rows before it are complete");
    }
}

/* -- totals --------------------------------------------------------------- */

void consume_write_totals(TraceStore *ts)
{
    for (uint32_t id = 0; id < ts->counted_sites; id++) {
        const RowSite *s = row_site(&ts->sites, id);
        for (uint32_t i = 0; s && i < s->steps; i++) {
            total_plain(ts, s, i, ts->whole_runs[id]);
        }
        if (s) {
            ts->whole_runs[id] = 0;
        }
    }
    for (uint32_t id = 1; ts->counted_sites && id <= ts->site_rows; id++) {
        const SiteTotals *n = &ts->totals[id];
        if (n->accesses) {
            store_run(ts,
                      "insert into tx_site select id, ?1, ?2, ?1 * size, ?3,"
                      " ?4, ?5, ?6, 0, 0, 0, 0 from site where id = ?7",
                      "uuuuuui", n->accesses, n->errors, n->beats, n->wait,
                      n->bus, n->target, (int64_t)id);
        }
    }
}
