/*
 * reader.c - dictionaries and chunks of a database: see reader.h.
 */
#include "traces/reader.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_NAMES = 1 << 24, /* ids of a dictionary; more is damage */
    MOST_SITES = 1 << 26,
    MOST_STEPS = UINT16_MAX, /* rows of one record */
};

/* -- one query ------------------------------------------------------------ */

static bool wrong(Error **errp, sqlite3 *db)
{
    return error_set(errp, "%s", sqlite3_errmsg(db));
}

static bool no_memory(Error **errp)
{
    return error_set(errp, "the host has no memory left for the trace");
}

static sqlite3_stmt *prepare(TraceReader *reader, const char *sql, int64_t from,
                             Error **errp)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(reader->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        wrong(errp, reader->db);
        return NULL;
    }
    if (sqlite3_bind_parameter_count(stmt)) {
        sqlite3_bind_int64(stmt, 1, from);
    }
    return stmt;
}

/* Calls `take` for each row of sql, in which ?1 is `from`. */
typedef bool TakeRow(TraceReader *reader, sqlite3_stmt *row, void *opaque,
                     Error **errp);
static bool each_row(TraceReader *reader, const char *sql, int64_t from,
                     TakeRow *take, void *opaque, Error **errp)
{
    sqlite3_stmt *stmt = prepare(reader, sql, from, errp);
    if (!stmt) {
        return false;
    }
    int rc;
    bool ok = true;
    while (ok && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        ok = take(reader, stmt, opaque, errp);
    }
    if (ok && rc != SQLITE_DONE) {
        ok = wrong(errp, reader->db);
    }
    sqlite3_finalize(stmt);
    return ok;
}

static uint32_t id_column(sqlite3_stmt *row, int column)
{
    int64_t id = sqlite3_column_int64(row, column);
    return id > 0 && id <= UINT32_MAX ? (uint32_t)id : 0;
}

/* Room in an array of zeros for index n. */
static bool zeros_room(void **array, uint32_t *capacity, uint32_t n,
                       size_t size)
{
    if (n < *capacity) {
        return true;
    }
    uint32_t more = n + n / 2 + 64;
    char *grown = realloc(*array, more * size);
    if (!grown) {
        return false;
    }
    memset(grown + *capacity * size, 0, (more - *capacity) * size);
    *array = grown;
    *capacity = more;
    return true;
}

/* -- dictionaries --------------------------------------------------------- */

static bool take_name(TraceReader *reader, sqlite3_stmt *row, void *opaque,
                      Error **errp)
{
    ReaderNames *names = opaque;
    int64_t id = sqlite3_column_int64(row, 0);
    const char *text = (const char *)sqlite3_column_text(row, 1);
    if (id < 0 || id >= MOST_NAMES) {
        return error_set(errp, "a dictionary has the id %lld; it is damaged",
                         (long long)id);
    }
    void *array = names->name;
    bool ok =
        zeros_room(&array, &names->count, (uint32_t)id, sizeof(*names->name));
    names->name = array;
    if (!ok) {
        return no_memory(errp);
    }
    if (text && !names->name[id] && !(names->name[id] = strdup(text))) {
        return no_memory(errp);
    }
    return true;
}

static bool take_clock(TraceReader *reader, sqlite3_stmt *row, void *opaque,
                       Error **errp)
{
    int64_t id = sqlite3_column_int64(row, 0),
            hz = sqlite3_column_int64(row, 1);
    if (id < 0 || id >= MOST_NAMES || hz <= 0 || hz > (int64_t)PS_PER_SECOND) {
        return error_set(errp,
                         "initiator %lld has a clock of %lld Hz; the "
                         "database is damaged",
                         (long long)id, (long long)hz);
    }
    void *array = reader->clock;
    bool ok = zeros_room(&array, &reader->clocks, (uint32_t)id,
                         sizeof(*reader->clock));
    reader->clock = array;
    if (!ok) {
        return no_memory(errp);
    }
    clock_init(&reader->clock[id], NULL, (uint64_t)hz);
    return true;
}

static uint8_t dir_of(const char *text)
{
    return !text                ? 0
           : !strcmp(text, "r") ? DIR_READ
           : !strcmp(text, "w") ? DIR_WRITE
                                : DIR_BOTH;
}

static bool take_site(TraceReader *reader, sqlite3_stmt *row, void *opaque,
                      Error **errp)
{
    int64_t id = sqlite3_column_int64(row, 0);
    if (id < 1 || id >= MOST_SITES) {
        return error_set(errp, "a site has the id %lld; it is damaged",
                         (long long)id);
    }
    void *array = reader->site;
    bool ok = zeros_room(&array, &reader->site_capacity, (uint32_t)id,
                         sizeof(*reader->site));
    reader->site = array;
    if (!ok) {
        return no_memory(errp);
    }
    reader->site[id] =
        (ReaderSite){.initiator = id_column(row, 1),
                     .kind = id_column(row, 2),
                     .dir = dir_of((const char *)sqlite3_column_text(row, 3)),
                     .size = id_column(row, 4),
                     .pc = (uint64_t)sqlite3_column_int64(row, 5),
                     .has_pc = sqlite3_column_type(row, 5) != SQLITE_NULL,
                     .symbol = id_column(row, 6),
                     .region = id_column(row, 7),
                     .bus = id_column(row, 8)};
    if (id >= reader->sites) {
        reader->sites = (uint32_t)id + 1;
    }
    return true;
}

static uint32_t get(const uint8_t *from, unsigned bytes)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        v |= (uint32_t)from[i] << 8 * i;
    }
    return v;
}

static bool take_record_site(TraceReader *reader, sqlite3_stmt *row,
                             void *opaque, Error **errp)
{
    int64_t id = sqlite3_column_int64(row, 0);
    int64_t first = sqlite3_column_int64(row, 1);
    const uint8_t *costs = sqlite3_column_blob(row, 4);
    size_t cost_bytes = (size_t)sqlite3_column_bytes(row, 4);
    const uint8_t *steps = sqlite3_column_blob(row, 5);
    size_t n = (size_t)sqlite3_column_bytes(row, 5) / 9;
    size_t expected = n ? 20 : 10;
    if (id < 0 || id >= UINT32_MAX || first < 1 || n > UINT16_MAX ||
        first + (int64_t)n > MOST_SITES || cost_bytes != expected || !costs) {
        return error_set(errp, "record_site %lld is damaged", (long long)id);
    }
    const ReaderSite *site = reader_site(reader, (uint32_t)first);
    if (!site || row_site(&reader->record_site, (uint32_t)id)) {
        return error_set(errp, "record_site %lld names no row of site",
                         (long long)id);
    }
    RowSite *s = malloc(sizeof(*s) + n * sizeof(s->step[0]));
    if (!s) {
        return no_memory(errp);
    }
    *s = (RowSite){.id = (uint32_t)id,
                   .row = (uint32_t)first,
                   .initiator = site->initiator,
                   .region = site->region,
                   .bus = site->bus,
                   .size = site->size,
                   .kind = (uint8_t)site->kind,
                   .dir = site->dir,
                   .steps = (uint16_t)n,
                   .pc = site->pc,
                   .base = (uint64_t)sqlite3_column_int64(row, 2),
                   .va_offset = (uint64_t)sqlite3_column_int64(row, 3)};
    for (unsigned i = 0; i < expected / 10; i++, costs += 10) {
        s->cost[i] = (InlineCost){.bus = (uint16_t)get(costs, 2),
                                  .target = (uint16_t)get(costs + 2, 2),
                                  .beats = (uint16_t)get(costs + 4, 2),
                                  .beat_first = (uint16_t)get(costs + 6, 2),
                                  .beat_next = (uint16_t)get(costs + 8, 2)};
    }
    for (size_t i = 0; i < n; i++, steps += 9) {
        s->step[i] = (FetchStep){.offset = (uint16_t)get(steps, 2),
                                 .cycle = (uint16_t)get(steps + 2, 2),
                                 .word = get(steps + 4, 4),
                                 .size = steps[8]};
    }
    if (!row_sites_add(&reader->record_site, s)) {
        free(s);
        return error_set(errp, "record_site %lld cannot be held",
                         (long long)id);
    }
    return true;
}

static bool take_chunk(TraceReader *reader, sqlite3_stmt *row, void *opaque,
                       Error **errp)
{
    int64_t records = sqlite3_column_int64(row, 3);
    int64_t row0 = sqlite3_column_int64(row, 1);
    int64_t rows = sqlite3_column_int64(row, 2);
    const ReaderChunk *last =
        reader->chunks ? &reader->chunk[reader->chunks - 1] : NULL;
    uint64_t expected = last ? last->row0 + last->rows : 1;
    if (records < 1 || records > CODEC_MAX_RECORDS || rows < 0 ||
        rows > records * MOST_STEPS || (uint64_t)row0 != expected) {
        return error_set(errp, "chunk %lld is damaged",
                         (long long)sqlite3_column_int64(row, 0));
    }
    if (reader->chunks == reader->chunk_capacity) {
        size_t capacity = 2 * reader->chunk_capacity + 64;
        ReaderChunk *chunk = realloc(reader->chunk, capacity * sizeof(*chunk));
        if (!chunk) {
            return no_memory(errp);
        }
        reader->chunk = chunk;
        reader->chunk_capacity = capacity;
    }
    reader->chunk[reader->chunks++] =
        (ReaderChunk){.id = sqlite3_column_int64(row, 0),
                      .row0 = (uint64_t)row0,
                      .rows = (uint64_t)rows,
                      .records = (uint32_t)records,
                      .first_time = (uint64_t)sqlite3_column_int64(row, 4),
                      .last_time = (uint64_t)sqlite3_column_int64(row, 5)};
    return true;
}

static bool take_beats(TraceReader *reader, sqlite3_stmt *row, void *opaque,
                       Error **errp)
{
    reader->beats = sqlite3_column_int(row, 0) != 0;
    return true;
}

static bool read_names(TraceReader *reader, Error **errp)
{
    const struct {
        const char *sql;
        ReaderNames *names;
    } all[] = {
        {"select id, name from main.initiator", &reader->initiator},
        {"select id, name from main.region", &reader->region},
        {"select id, name from main.bus", &reader->bus},
        {"select id, name from main.symbol", &reader->symbol},
        {"select id, name from main.kind", &reader->kind},
        {"select id, name from main.cause", &reader->cause},
        {"select id, name from main.result_name", &reader->result},
    };
    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (!each_row(reader, all[i].sql, 0, take_name, all[i].names, errp)) {
            return false;
        }
    }
    return each_row(reader,
                    "select i.id, c.hz from main.initiator i join main.clock c"
                    " on c.id = i.clock_id",
                    0, take_clock, NULL, errp) &&
           each_row(reader,
                    "select value from main.run where key = 'beats_recorded'",
                    0, take_beats, NULL, errp);
}

bool reader_refresh(TraceReader *reader, Error **errp)
{
    size_t before = reader->chunks;
    int64_t last = before ? reader->chunk[before - 1].id : 0;
    if (!each_row(reader,
                  "select id, row0, rows, records, first_time, last_time"
                  " from main.chunk where id > ?1 order by id",
                  last, take_chunk, NULL, errp)) {
        return false;
    }
    if (reader->chunks == before && reader->known) {
        return true;
    }
    int64_t sites = reader->sites ? reader->sites - 1 : 0;
    int64_t records = (int64_t)reader->record_site.count - 1;
    bool ok = read_names(reader, errp) &&
              each_row(reader,
                       "select id, initiator_id, kind_id, dir, size, pc,"
                       " symbol_id, region_id, bus_id from main.site"
                       " where id > ?1",
                       sites, take_site, NULL, errp) &&
              each_row(reader,
                       "select id, site, base, va_offset, costs, steps"
                       " from main.record_site where id > ?1",
                       records, take_record_site, NULL, errp);
    if (!ok) {
        reader->chunks = before; /* again next time */
    }
    reader->known = ok;
    return ok;
}

/* -- chunks --------------------------------------------------------------- */

bool reader_body(TraceReader *reader, const ReaderChunk *chunk,
                 const void **blob, size_t *len, Error **errp)
{
    if (!reader->body) {
        reader->body = prepare(
            reader, "select codec, body from main.chunk_data where id = ?1", 0,
            errp);
    }
    if (!reader->body) {
        return false;
    }
    sqlite3_reset(reader->body);
    sqlite3_bind_int64(reader->body, 1, chunk->id);
    int rc = sqlite3_step(reader->body);
    if (rc == SQLITE_DONE) {
        return error_set(errp,
                         "chunk %lld has no data; the database is "
                         "damaged",
                         (long long)chunk->id);
    }
    if (rc != SQLITE_ROW) {
        return wrong(errp, reader->db);
    }
    int64_t codec = sqlite3_column_int64(reader->body, 0);
    if (codec != CODEC_ID) {
        return error_set(errp,
                         "chunk %lld is of codec %lld, this program reads %d; "
                         "use a newer socscope",
                         (long long)chunk->id, (long long)codec, CODEC_ID);
    }
    *blob = sqlite3_column_blob(reader->body, 1);
    *len = (size_t)sqlite3_column_bytes(reader->body, 1);
    return true;
}

bool reader_load(TraceReader *reader, const ReaderChunk *chunk, unsigned fields,
                 ReaderRecords *to, Error **errp)
{
    if (to->chunk == chunk->id && !(fields & ~to->fields)) {
        return true;
    }
    const void *blob;
    size_t len;
    if (!reader_body(reader, chunk, &blob, &len, errp)) {
        return false;
    }
    to->chunk = 0;
    if (chunk->records > to->capacity) {
        free(to->record);
        to->record = calloc(chunk->records, sizeof(*to->record));
        to->capacity = to->record ? chunk->records : 0;
        if (!to->record) {
            return no_memory(errp);
        }
    }
    bool ok = codec_decode(reader->codec, blob, len, fields, to->record,
                           chunk->records, errp);
    sqlite3_reset(reader->body);
    if (!ok) {
        return error_prepend(errp, "chunk %lld: ", (long long)chunk->id);
    }
    to->records = chunk->records;
    to->chunk = chunk->id;
    to->fields = fields;
    return true;
}

/* -- life ----------------------------------------------------------------- */

TraceReader *reader_new(sqlite3 *db)
{
    TraceReader *reader = calloc(1, sizeof(*reader));
    if (reader) {
        reader->db = db;
        reader->codec = codec_new();
    }
    if (reader && !reader->codec) {
        free(reader);
        reader = NULL;
    }
    return reader;
}

static void free_names(ReaderNames *names)
{
    for (uint32_t i = 0; i < names->count; i++) {
        free(names->name[i]);
    }
    free(names->name);
}

void reader_rest(TraceReader *reader)
{
    sqlite3_finalize(reader->body);
    reader->body = NULL;
}

void reader_free(TraceReader *reader)
{
    if (!reader) {
        return;
    }
    reader_rest(reader);
    row_sites_free(&reader->record_site, free);
    ReaderNames *names[] = {&reader->initiator, &reader->region, &reader->bus,
                            &reader->symbol,    &reader->kind,   &reader->cause,
                            &reader->result};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        free_names(names[i]);
    }
    free(reader->clock);
    free(reader->site);
    free(reader->chunk);
    codec_free(reader->codec);
    free(reader);
}

/* -- virtual tables ------------------------------------------------------- */

int reader_connect(sqlite3 *db, void *schema, int argc, const char *const *argv,
                   sqlite3_vtab **out, char **message)
{
    int rc = sqlite3_declare_vtab(db, schema);
    if (rc != SQLITE_OK) {
        return rc;
    }
    sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    ReaderTable *table = calloc(1, sizeof(*table));
    TraceReader *reader = reader_new(db);
    if (!table || !reader) {
        free(table);
        reader_free(reader);
        return SQLITE_NOMEM;
    }
    table->reader = reader;
    table->schema = schema;
    *out = &table->base;
    return SQLITE_OK;
}

int reader_disconnect(sqlite3_vtab *vtab)
{
    ReaderTable *table = (ReaderTable *)vtab;
    reader_free(table->reader);
    free(table);
    return SQLITE_OK;
}
