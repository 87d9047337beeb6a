/*
 * check_chunks.c - one walk over the chunks of a database, and what it adds up.
 *
 * Model    What a site says of all its transactions is checked once for the
 *          site: where they are, and that the beats of those that went the way
 *          of least resistance add up. Those are only counted, and so are fetch
 *          runs; what is left is that time never goes back, and transactions
 *          that took another way. The number of a row inside a fetch run is
 *          found by walking the run again.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/check.h"
#include "traces/reader.h"

/* A record's site: what its transactions add, and what they were in a chunk. */
typedef struct ChunkSite {
    bool judged, known; /* all its rows are rows of `site` */
    bool device;
    uint64_t count; /* accesses by the way of least resistance; whole runs */
    uint64_t heads, first, last; /* addresses, in this chunk */
} ChunkSite;

typedef struct ChunkWalk {
    Check *c;
    TraceReader *reader;
    const ReaderChunk *chunk;
    ReaderRecords records;
    RowReader rows;
    uint64_t row;      /* number of the last one */
    ChunkSite *site;   /* by record site */
    CodecSiteUse *use; /* what the chunk says of its sites */
    uint32_t uses, use_capacity;
    uint32_t seen[MAX_IDS], seens; /* initiators of the chunk */
    /* the run whose accesses come now */
    const MemoryRecord *run, *run_end;
    uint64_t run_row; /* number of its first row */
} ChunkWalk;

/* The number of the row of the access with head r, the next to be counted. */
static uint64_t row_number(const ChunkWalk *k, const MemoryRecord *r)
{
    if (r >= k->run_end) {
        return k->row + 1;
    }
    RowReader rows;
    TxRow row;
    uint64_t number = k->run_row;
    rows_begin(&rows, k->rows.sites, k->run, (size_t)(k->rows.end - k->run));
    while (rows_next(&rows, &row) && rows.r <= r) {
        number++;
    }
    return number;
}

/* -- beats ---------------------------------------------------------------- */

/* Adds up the beats of a row; returns the bytes they moved. */
static uint64_t judge_beats(ChunkWalk *k, const TxRow *row, uint64_t number)
{
    Check *c = k->c;
    TxBeats beats;
    TxBeat beat;
    uint64_t count = 0, bytes = 0, cycles = 0;
    row_beats_begin(&beats, row);
    while (row_beats_next(&beats, c->beats, &beat)) {
        count++;
        bytes += beat.size;
        cycles += beat.cycles;
        if (beat.region >= MAX_IDS ||
            (beat.region && !c->region[beat.region])) {
            check_bad(c->bad_beat,
                      "a beat of tx %" PRIu64 " is in region %" PRIu32
                      ", which is not there",
                      number, beat.region);
        }
    }
    bool widened = row->status & RECORD_WIDENED;
    bool failed = row->status & RECORD_RESULT_MASK;
    bool split = row->status & RECORD_SPLIT;
    bool strobed = row->status & RECORD_STROBED;
    c->count[1] += count != row->beats;
    c->bytes[1] += !widened && !failed && row->beats &&
                   (strobed ? bytes > row->size : bytes != row->size);
    c->cycles[1] += row->beats == 1 && !widened && !split &&
                    cycles != row->bus + row->target;
    return bytes;
}

/* -- sites ---------------------------------------------------------------- */

static bool same_as_site(const Check *c, const TraceReader *reader,
                         const TxRow *row)
{
    const RowSite *s = row->site;
    const CheckSite *site = &c->site[row->site_row];
    const ReaderSite *known = reader_site(reader, row->site_row);
    return known && site->initiator == s->initiator && site->kind == s->kind &&
           site->region == s->region && site->size == row->size &&
           known->pc == row->pc && known->dir == s->dir;
}

/* The row of an instruction of a run, or of an access of least resistance. */
static void plain_row(const ChunkWalk *k, const RowSite *s, uint32_t step,
                      TxRow *row)
{
    if (s->steps) {
        row_step(s, step, 0, row);
        return;
    }
    const MemoryRecord head = {.site = s->id, .address = s->base};
    RowReader rows;
    rows_begin(&rows, &k->reader->record_site, &head, 1);
    rows_next(&rows, row);
}

static void judge_site(ChunkWalk *k, const RowSite *s, ChunkSite *to)
{
    Check *c = k->c;
    to->judged = to->known = true;
    for (uint32_t i = 0; i < row_site_rows(s); i++) {
        TxRow row;
        plain_row(k, s, i, &row);
        if (row.site_row >= c->sites || !c->site[row.site_row].there) {
            to->known = false;
            return;
        }
        if (!same_as_site(c, k->reader, &row)) {
            check_bad(c->bad_id,
                      "record_site %" PRIu32 " is not what site %" PRIu32
                      " says",
                      s->id, row.site_row);
        }
        if (i && s->step[i].cycle < s->step[i - 1].cycle) {
            check_bad(c->bad_time,
                      "instructions of record_site %" PRIu32 " go back in time",
                      s->id);
        }
        judge_beats(k, &row, k->row + 1);
    }
    to->device = s->kind != ACCESS_FETCH && s->region < MAX_IDS &&
                 (c->region[s->region] & 2);
}

/* -- adding up ------------------------------------------------------------ */

static void add(Check *c, const TxRow *row, uint64_t n)
{
    const uint64_t sum[SUMS] = {n,
                                row->status & RECORD_RESULT_MASK ? n : 0,
                                n * row->beats,
                                n * row->wait,
                                n * row->bus,
                                n * row->target};
    CheckSite *site = &c->site[row->site_row];
    for (int i = 0; i < SUMS; i++) {
        site->sum[i] += sum[i];
    }
}

static void add_plain(ChunkWalk *k, const RowSite *s, uint32_t step, uint64_t n)
{
    TxRow row;
    plain_row(k, s, step, &row);
    add(k->c, &row, n);
    k->c->moved += n * row_beat_bytes(&row);
}

/* An initiator was at these cycles. */
static void see(ChunkWalk *k, const RowSite *s, const MemoryRecord *r,
                uint64_t first, uint64_t last)
{
    Check *c = k->c;
    uint32_t id = s->initiator < MAX_IDS ? s->initiator : 0;
    CheckInitiator *i = &c->initiator[id];
    /* Accesses inside a run of the same initiator lie between its steps. */
    uint64_t before = (uint64_t)i->cycle;
    if (r < k->run_end &&
        row_site(k->rows.sites, k->run->site)->initiator == s->initiator) {
        before = k->run->cycle;
        last = last > (uint64_t)i->cycle ? last : (uint64_t)i->cycle;
    }
    if (i->seen && first < before) {
        check_bad(c->bad_time,
                  "tx %" PRIu64 " is earlier than the one before it of "
                  "its initiator",
                  row_number(k, r));
    }
    i->seen = true;
    i->cycle = (int64_t)last;
    if (i->chunk != k->chunk->id) {
        i->chunk = k->chunk->id;
        i->first = first;
        i->last = last;
        k->seen[k->seens++] = id;
    }
    i->first = first < i->first ? first : i->first;
    i->last = last > i->last ? last : i->last;
}

static void take_device(ChunkWalk *k, const RowSite *s, const MemoryRecord *r)
{
    Check *c = k->c;
    uint64_t time = reader_time(k->reader, s->initiator, r->cycle);
    c->mmio_rows[0]++;
    c->mmio[0] += check_mmio_hash((int64_t)row_number(k, r), (int64_t)time,
                                  (int64_t)(r->address - s->base),
                                  s->size > 8 ? 0 : (int64_t)r->value, s->size);
}

static void take_recorded(ChunkWalk *k, const TxRow *row, const MemoryRecord *r)
{
    Check *c = k->c;
    const uint64_t most = INT64_MAX;
    if (row->blocker >= MAX_IDS ||
        (row->blocker && !c->initiator[row->blocker].there)) {
        check_bad(c->bad_id,
                  "tx %" PRIu64 " waited for initiator %" PRIu32
                  ", which is not there",
                  row_number(k, r), row->blocker);
    }
    if (row->target > most || row->beats > most ||
        (row->blocker && !row->wait)) {
        check_bad(c->bad_sum,
                  "tx %" PRIu64 " took %" PRIu64 " + %" PRIu64 " + %" PRIu64
                  " cycles",
                  row_number(k, r), row->wait, row->bus, row->target);
    }
    add(c, row, 1);
    uint64_t number =
        c->beats && row->beat < row->beat_end ? row_number(k, r) : k->row + 1;
    c->moved += judge_beats(k, row, number);
}

static void take_run(ChunkWalk *k, const RowSite *s, ChunkSite *to)
{
    const MemoryRecord *head = k->rows.r++;
    uint32_t first, last;
    row_run_steps(s, head, &first, &last);
    if (first >= last) {
        return;
    }
    see(k, s, head, head->cycle + s->step[first].cycle,
        head->cycle + s->step[last - 1].cycle);
    size_t left = (size_t)(k->rows.end - k->rows.r);
    k->run = head;
    k->run_end = k->rows.r + (head->info < left ? head->info : left);
    k->run_row = k->row + 1;
    k->row += last - first;
    if (last - first == s->steps) {
        to->count++;
        return;
    }
    for (uint32_t i = first; i < last; i++) {
        add_plain(k, s, i, 1);
    }
}

/* -- chunks --------------------------------------------------------------- */

static void bad_site(ChunkWalk *k, const RowSite *s, const MemoryRecord *r)
{
    check_bad(k->c->bad_id,
              "tx %" PRIu64 " has site %" PRIu32 ", which is not there",
              row_number(k, r), s->row);
}

static bool walk_records(ChunkWalk *k)
{
    const RowSites *known = &k->reader->record_site;
    rows_begin(&k->rows, known, k->records.record, k->records.records);
    k->run = NULL;
    k->run_end = k->records.record;
    while (k->rows.r < k->rows.end) {
        const MemoryRecord *r = k->rows.r;
        const RowSite *s = row_site(known, r->site);
        if (!s || (s->steps && r < k->run_end)) {
            return error_set(k->c->errp,
                             "%s: chunk %" PRId64 ": %s; the database is "
                             "damaged",
                             k->c->path, k->chunk->id,
                             s ? "a fetch run that holds no accesses"
                               : "a record of no known site");
        }
        ChunkSite *to = &k->site[s->id];
        if (!to->judged) {
            judge_site(k, s, to);
        }
        to->heads++;
        to->first = r->address < to->first ? r->address : to->first;
        to->last = r->address > to->last ? r->address : to->last;
        if (!to->known) {
            bad_site(k, s, r);
        }
        if (s->steps && to->known) {
            take_run(k, s, to);
            continue;
        }
        see(k, s, r, r->cycle, r->cycle);
        if (to->device) {
            take_device(k, s, r);
        }
        if (!(r->info & RECORD_HAS_TIMING) && to->known) {
            to->count++;
            k->rows.r++;
        } else {
            const RowSite *same;
            uint32_t first, last;
            TxRow row;
            rows_next_head(&k->rows, &row, &same, &first, &last);
            if (to->known) {
                take_recorded(k, &row, r);
            }
        }
        k->row++;
    }
    return true;
}

/* What the chunk says of itself, by which queries leave it out. */
static void judge_chunk(ChunkWalk *k)
{
    Check *c = k->c;
    const ReaderChunk *chunk = k->chunk;
    uint64_t rows = k->row - (chunk->row0 - 1), first = TIME_NEVER, last = 0;
    if (rows != chunk->rows) {
        check_bad(c->bad_rowid,
                  "chunk %" PRId64 " has %" PRIu64 " rows instead of %" PRIu64,
                  chunk->id, rows, chunk->rows);
    }
    for (uint32_t i = 0; i < k->seens; i++) {
        const CheckInitiator *n = &c->initiator[k->seen[i]];
        uint64_t from = reader_time(k->reader, k->seen[i], n->first);
        uint64_t to = reader_time(k->reader, k->seen[i], n->last);
        first = from < first ? from : first;
        last = to > last ? to : last;
    }
    if (rows && (first != chunk->first_time || last != chunk->last_time)) {
        check_bad(c->bad_clock,
                  "chunk %" PRId64 " is of %" PRIu64 " to %" PRIu64
                  " ps, its rows of %" PRIu64 " to %" PRIu64 " ps",
                  chunk->id, chunk->first_time, chunk->last_time, first, last);
    }
    for (uint32_t i = 0; i < k->uses; i++) {
        const CodecSiteUse *use = &k->use[i];
        const ChunkSite *s = &k->site[use->site];
        if (s->heads != use->records || s->first != use->first ||
            s->last != use->last) {
            check_bad(c->bad_id,
                      "chunk %" PRId64 " has record_site %" PRIu32
                      " at other addresses than it says",
                      chunk->id, use->site);
        }
    }
}

/* Copies what the chunk's dictionary says, and begins to count anew. */
static bool take_uses(ChunkWalk *k)
{
    const CodecSiteUse *use;
    const void *blob;
    size_t len;
    Check *c = k->c;
    if (!reader_body(k->reader, k->chunk, &blob, &len, c->errp) ||
        !codec_sites(k->reader->codec, blob, len, &use, &k->uses, c->errp)) {
        return query_read_fail(c->errp, c->path, c->db, c->steps);
    }
    if (k->uses > k->use_capacity) {
        CodecSiteUse *grown = realloc(k->use, k->uses * sizeof(*grown));
        if (!grown) {
            return check_no_memory(c);
        }
        k->use = grown;
        k->use_capacity = k->uses;
    }
    uint32_t known = 0;
    for (uint32_t i = 0; i < k->uses; i++) {
        if (row_site(&k->reader->record_site, use[i].site)) {
            ChunkSite *s = &k->site[use[i].site];
            s->heads = 0;
            s->first = UINT64_MAX;
            s->last = 0;
            k->use[known++] = use[i];
        }
    }
    k->uses = known;
    return true;
}

static bool walk_chunk(ChunkWalk *k)
{
    k->row = k->chunk->row0 - 1;
    k->seens = 0;
    if (!take_uses(k)) {
        return false;
    }
    if (!reader_load(k->reader, k->chunk, CODEC_ALL, &k->records, k->c->errp)) {
        return query_read_fail(k->c->errp, k->c->path, k->c->db, k->c->steps);
    }
    if (!walk_records(k)) {
        return false;
    }
    judge_chunk(k);
    k->c->rows += (int64_t)(k->row - (k->chunk->row0 - 1));
    return true;
}

/* What was only counted; and sites that no chunk has. */
static void finish_sites(ChunkWalk *k)
{
    for (uint32_t id = 0; id < k->reader->record_site.count; id++) {
        const RowSite *s = row_site(&k->reader->record_site, id);
        ChunkSite *site = &k->site[id];
        if (s && !site->judged) {
            judge_site(k, s, site);
            if (!site->known) {
                check_bad(k->c->bad_id,
                          "record_site %" PRIu32 " has site %" PRIu32
                          ", which is not there",
                          id, s->row);
            }
        }
        for (uint32_t i = 0; s && site->count && i < row_site_rows(s); i++) {
            add_plain(k, s, i, site->count);
        }
    }
}

bool check_chunks(Check *c)
{
    ChunkWalk *k = calloc(1, sizeof(*k));
    TraceReader *reader = reader_new(c->db);
    bool ok = k && reader;
    if (!ok) {
        check_no_memory(c);
    } else if (!reader_refresh(reader, c->errp)) {
        ok = query_read_fail(c->errp, c->path, c->db, c->steps);
    }
    if (ok) {
        k->c = c;
        k->reader = reader;
        k->site =
            calloc((size_t)reader->record_site.count + 1, sizeof(*k->site));
        ok = k->site || check_no_memory(c);
    }
    for (size_t i = 0; ok && i < reader->chunks; i++) {
        k->chunk = &reader->chunk[i];
        ok = walk_chunk(k);
    }
    if (ok) {
        finish_sites(k);
    }
    if (k) {
        free(k->records.record);
        free(k->use);
        free(k->site);
    }
    free(k);
    reader_free(reader);
    return ok;
}
