/*
 * consume.c - what becomes of a buffer of records: its sites become rows of
 * `site`, its transactions are counted (count.c), device accesses become rows
 * of mmio, and the encoded records a chunk.
 *
 * Units    cycles of the initiator's clock in, those and picoseconds out.
 */
#include <errno.h>

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

/* Writes the sites below `count` that are not in the file. */
static bool write_sites(TraceStore *ts, uint32_t count)
{
    for (; ts->written_sites < count; ts->written_sites++) {
        const RowSite *s = row_site(&ts->sites, ts->written_sites);
        if (s) { /* else the error is kept */
            write_site(ts, s);
        }
    }
    return count_room(ts, count) && !ts->error;
}

/* -- device accesses ------------------------------------------------------- */

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

/* Accesses of devices, in the order of rows: only chunks that have one pay for
 * it. `write`: they become rows of mmio. */
static void take_mmios(TraceStore *ts, const StoreBuffer *buffer, bool write)
{
    RowReader reader;
    TxRow row;
    rows_begin(&reader, &ts->sites, buffer->record, buffer->records);
    for (uint64_t tx = ts->rows + 1; rows_next(&reader, &row); tx++) {
        const RowSite *s = row.site;
        if (s->region && s->kind != ACCESS_FETCH && ts->region[s->region]->io) {
            polling_take(ts, &row);
            const HotEntry *e = hot_register(ts, s, row.pa - s->base);
            if (e) {
                fields_take(ts, &row, e->reg);
            }
            if (e && write) {
                write_mmio(ts, &row, tx, e);
            }
        }
    }
}

uint64_t consume_count(TraceStore *ts, const StoreBuffer *buffer)
{
    bool devices = false;
    uint64_t rows =
        count_room(ts, buffer->sites) ? count_buffer(ts, buffer, &devices) : 0;
    if (devices) {
        take_mmios(ts, buffer, false);
    }
    return rows;
}

/* -- chunks --------------------------------------------------------------- */

static void write_chunk(TraceStore *ts, const StoreBuffer *buffer,
                        const void *blob, size_t len)
{
    if (!len) {
        store_fail(ts, SQLITE_NOMEM);
        return;
    }
    bool devices;
    uint64_t first, last;
    uint64_t rows = count_chunk(ts, buffer, &devices, &first, &last);
    if (devices) {
        take_mmios(ts, buffer, true);
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
