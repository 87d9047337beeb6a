/*
 * fuzz_trace.c - any database as that of a run: what queries, report and check
 * make of it is rows or one line of error.
 *
 * Model    A small database that the store wrote is changed, in memory: by
 * rows, so that SQLite is content and our readers see what they never wrote, or
 * by bytes of the file. Input    a byte: bit 0 says which, bit 1 that report
 * and check read it, too. Rows: changes of 12 bytes (struct Change). Bytes:
 * four each, where (3) and what (1).
 */
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "tests/fuzz/fuzz.h"
#include "traces/reader.h"
#include "traces/store.h"

enum { CHANGES = 32, ROWS = 3000, STEPS = 2000000 };

/* -- a database ----------------------------------------------------------- */

typedef struct Made {
    uint8_t *bytes;
    size_t size;
    char path[64]; /* for report and check */
} Made;

static uint32_t add_site(MemoryRecorder *rec, MemoryPort *port,
                         const MemoryPlace *place, AccessKind kind,
                         unsigned dir, uint32_t size)
{
    MemorySite key = {.port = port,
                      .place = place,
                      .pc = 0x1000 + 4 * (uint64_t)kind,
                      .size = size,
                      .kind = (uint8_t)kind,
                      .dir = (uint8_t)dir};
    return recorder_site(rec, &key);
}

static uint32_t add_run(MemoryRecorder *rec, MemoryPort *port,
                        const MemoryPlace *place, uint64_t pc)
{
    static const FetchStep step[] = {
        {0, 0, 0x4501, 2}, {2, 1, 0x00050513, 4}, {6, 3, 0x00a52023, 4}};
    MemorySite key = {.port = port,
                      .place = place,
                      .pc = pc,
                      .size = 4,
                      .kind = ACCESS_FETCH,
                      .dir = DIR_READ,
                      .run_length = 3,
                      .run = step};
    return recorder_fetch_site(rec, &key);
}

static void put(MemoryRecorder *rec, uint32_t site, uint32_t info,
                uint64_t address, uint64_t value, uint64_t cycle)
{
    *rec->next++ = (MemoryRecord){site, info, address, value, cycle};
}

/* Some of everything: runs with accesses, a device, waits, beats. */
static void record_some(MemoryRecorder *rec, const uint32_t site[5],
                        uint64_t cycle)
{
    for (uint64_t i = 0; i < 9; i++, cycle += 20) {
        uint64_t at = 0x2000 + 8 * (i % 7);
        put(rec, site[0], 2, 0x1000, UINT64_C(3) << 32, cycle);
        put(rec, site[1], 0, at, i, cycle + 1);
        put(rec, site[2], 0, at + 4, i * i, cycle + 4);
        put(rec, site[0], 0, 0x1000, UINT64_C(1) << 32 | 1, cycle + 6);
        put(rec, site[3], RECORD_HAS_TIMING | RECORD_SPLIT | (i % 5 == 0),
            0x9000, i, cycle + 9);
        put(rec, RECORD_TIMING, 1, UINT64_C(3) << 32 | 2, 1, 2);
        put(rec, RECORD_BEAT, 4 | BEAT_SPLIT << 8 | 1 << 16, 0, i,
            UINT64_C(3) << 32 | 1);
        put(rec, RECORD_PLACE, 0, 0, 1, 0);
        put(rec, RECORD_BEAT, 4 | BEAT_SPLIT << 8 | 1 << 16, 4, 0,
            UINT64_C(4) << 32 | 1);
        put(rec, site[4], 0, 0x2100, 0, cycle + 15);
    }
}

static void write_database(const char *path)
{
    static ClockDomain clock;
    static MemoryRegion ram, device;
    static MemoryPort fetch, data;
    clock_init(&clock, "main", 333333333);
    ram = (MemoryRegion){.name = "ram", .ram = true, .id = 1, .size = 0x4000};
    device = (MemoryRegion){.name = "uart0", .id = 2, .size = 0x100};
    fetch = (MemoryPort){.name = "fetch", .id = 1, .clock = &clock};
    data = (MemoryPort){.name = "data", .id = 2, .clock = &clock};
    MemoryPlace in_ram = {.mr = &ram, .region_id = 1, .bus = 1};
    MemoryPlace there = {.mr = &device, .region_id = 2, .base = 0x9000};
    for (unsigned i = 0; i < 8; i++) {
        in_ram.cost[i / 4][i % 4] =
            (InlineCost){1, 0, i % 4 == 3 ? 2 : 1, 1, 1};
    }
    Error *err = NULL;
    TraceStore *ts = trace_open(path, &err);
    FUZZ_CHECK(ts);
    trace_add_initiator(ts, &fetch, "hart", "cpu0", "fetch");
    trace_add_initiator(ts, &data, "hart", "cpu0", "data");
    trace_add_region(ts, &ram, "ram", "main", 0, NULL);
    trace_add_region(ts, &device, "io", "main", 0x9000, NULL);
    trace_add_symbol(ts, 0x1000, 0x40, "main");
    MemoryRecorder *rec = trace_recorder(ts, 0xff, true);
    FUZZ_CHECK(rec);
    const uint32_t site[] = {
        add_run(rec, &fetch, &in_ram, 0x1000),
        add_site(rec, &data, &in_ram, ACCESS_LOAD, DIR_READ, 4),
        add_site(rec, &data, &in_ram, ACCESS_STORE, DIR_WRITE, 8),
        add_site(rec, &data, &there, ACCESS_LOAD, DIR_READ, 8),
        add_site(rec, &data, &in_ram, ACCESS_DMA, DIR_WRITE, 64),
    };
    for (uint64_t i = 0; i < 3; i++) {
        record_some(rec, site, 1000 * i);
        handover_drain(ts);
    }
    trace_phase(ts, 1, true, 1000, 10);
    trace_fault(ts, "cpu0", 2000, 20, 0x1000, 5, 0x9000);
    FUZZ_CHECK(trace_close(ts, &err));
}

static const Made *made_once(void)
{
    static Made made;
    if (made.size) {
        return &made;
    }
    snprintf(made.path, sizeof(made.path), "fuzz_trace.%ld.db", (long)getpid());
    write_database(made.path);
    FILE *f = fopen(made.path, "rb");
    FUZZ_CHECK(f && fseek(f, 0, SEEK_END) == 0);
    made.size = (size_t)ftell(f);
    made.bytes = malloc(made.size);
    rewind(f);
    FUZZ_CHECK(made.bytes && fread(made.bytes, 1, made.size, f) == made.size);
    fclose(f);
    unlink(made.path);
    return &made;
}

/* -- changes -------------------------------------------------------------- */

typedef struct Change {
    uint8_t column, row, how, size;
    uint8_t value[8];
} Change;

enum { SET_INTEGER, ADD, SET_BLOB, SET_NULL, DELETE, PATCH, CUT, HOWS };

static const char *const columns[][2] = {
    {"chunk_data", "body"},
    {"chunk", "row0"},
    {"chunk", "rows"},
    {"chunk", "records"},
    {"chunk", "first_time"},
    {"chunk", "last_time"},
    {"chunk", "id"},
    {"chunk_data", "id"},
    {"chunk_data", "codec"},
    {"record_site", "id"},
    {"record_site", "site"},
    {"record_site", "base"},
    {"record_site", "costs"},
    {"record_site", "steps"},
    {"record_site", "va_offset"},
    {"site", "id"},
    {"site", "initiator_id"},
    {"site", "kind_id"},
    {"site", "dir"},
    {"site", "size"},
    {"site", "pc"},
    {"site", "symbol_id"},
    {"site", "region_id"},
    {"site", "bus_id"},
    {"initiator", "id"},
    {"initiator", "clock_id"},
    {"clock", "hz"},
    {"region", "id"},
    {"symbol", "id"},
    {"symbol", "name"},
    {"kind", "id"},
    {"tx_site", "site"},
    {"run", "value"},
    {"metric", "sql"},
    {"traffic", "accesses"},
    {"result_name", "id"},
};
enum { TARGETS = sizeof(columns) / sizeof(columns[0]) };

/* change_blob(BLOB, NUMBER, CUT): a chunk's checksum is right again. */
static void change_blob(sqlite3_context *to, int argc, sqlite3_value **argv)
{
    uint64_t value = (uint64_t)sqlite3_value_int64(argv[1]);
    size_t n = (size_t)sqlite3_value_bytes(argv[0]);
    const void *old = sqlite3_value_blob(argv[0]);
    uint8_t *b = malloc(n + 1);
    FUZZ_CHECK(b);
    if (n) {
        memcpy(b, old, n);
    }
    if (sqlite3_value_int(argv[2])) {
        n = value % (n + 1);
    } else if (n) {
        size_t at = value & 0xffff;
        for (unsigned i = 0; i < 4; i++) {
            b[(at + i) % n] ^= (uint8_t)(value >> (16 + 8 * i));
        }
    }
    if (n >= 16 && !memcmp(b, "SCT", 3)) {
        uint64_t sum = XXH3_64bits(b + 12, n - 12);
        memcpy(b + 4, &sum, sizeof(sum));
    }
    sqlite3_result_blob(to, b, (int)n, free);
}

static void change_row(sqlite3 *db, const Change *c)
{
    static const char *const to[HOWS] = {[SET_INTEGER] = "?1",
                                         [ADD] = "%w + ?1 %% 7",
                                         [SET_BLOB] = "?1",
                                         [SET_NULL] = "null",
                                         [PATCH] = "change_blob(%w, ?1, 0)",
                                         [CUT] = "change_blob(%w, ?1, 1)"};
    const char *const *what = columns[c->column % TARGETS];
    unsigned how = c->how % HOWS;
    char *where =
        sqlite3_mprintf("rowid = (select rowid from \"%w\" limit 1 offset %d)",
                        what[0], c->row % 16);
    if (!strcmp(what[0], "run") || !strcmp(what[0], "metric")) {
        sqlite3_free(where); /* these have no rowid */
        where = sqlite3_mprintf("1");
    }
    char *sql;
    if (how == DELETE) {
        sql = sqlite3_mprintf("delete from \"%w\" where %s", what[0], where);
    } else {
        char *value = sqlite3_mprintf(to[how], what[1]);
        sql = sqlite3_mprintf("update \"%w\" set \"%w\" = %s where %s", what[0],
                              what[1], value, where);
        sqlite3_free(value);
    }
    sqlite3_stmt *stmt = NULL;
    uint64_t value;
    memcpy(&value, c->value, sizeof(value));
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) {
        if (how == SET_BLOB) {
            sqlite3_bind_blob(stmt, 1, c->value, c->size % 9, SQLITE_STATIC);
        } else if (sqlite3_bind_parameter_count(stmt)) {
            unsigned bits = c->size % 65;
            value = bits < 64 ? value & ((UINT64_C(1) << bits) - 1) : value;
            sqlite3_bind_int64(stmt, 1, (int64_t)value);
        }
        sqlite3_step(stmt); /* may well be refused */
    }
    sqlite3_finalize(stmt);
    sqlite3_free(where);
    sqlite3_free(sql);
}

/* -- asking --------------------------------------------------------------- */

static int stop(void *opaque)
{
    return ++*(unsigned *)opaque > STEPS / 1000;
}

static void ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    unsigned rounds = 0;
    sqlite3_progress_handler(db, 1000, stop, &rounds);
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK) {
        int rc;
        unsigned rows = 0;
        while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && rows++ < ROWS) {
            for (int c = 0; c < sqlite3_column_count(stmt); c++) {
                sqlite3_column_text(stmt, c);
            }
        }
        FUZZ_CHECK(rc == SQLITE_ROW || !strchr(sqlite3_errmsg(db), '\n'));
    }
    sqlite3_finalize(stmt);
}

static void ask_all(sqlite3 *db)
{
    static const char *const questions[] = {
        "select * from tx",
        "select * from beat",
        "select count(*) from tx",
        "select count(*), sum(wait_cycles) from tx where region = 'uart0'",
        "select rowid, * from tx where value = 4",
        "select * from tx where value >= 1000 and pa between 8192 and 8300",
        "select * from tx where time between 4000000 and 9000000 and kind <> "
        "'x'",
        "select * from tx where rowid in (1, 77, 150) or rowid > 200",
        "select * from beat where tx = 12",
        "select symbol, sum(size) from tx group by 1",
        "select s.kind_id, s.region_id, sum(x.accesses) from tx_site x join "
        "site"
        " s on s.id = x.site group by 1, 2",
        "select * from mmio",
    };
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        ask(db, questions[i]);
    }
}

static void check_error(bool ok, Error *err)
{
    FUZZ_CHECK(ok == (err == NULL));
    FUZZ_CHECK(!err || !strchr(error_message(err), '\n'));
    error_free(err);
}

/* What opens the file itself. */
static void read_file(sqlite3 *db, const char *path)
{
    sqlite3_int64 n = 0;
    unsigned char *bytes = sqlite3_serialize(db, "main", &n, 0);
    FILE *f = fopen(path, "wb"), *out = fopen("/dev/null", "w");
    FUZZ_CHECK(f && out);
    if (bytes && fwrite(bytes, 1, (size_t)n, f) == (size_t)n &&
        fclose(f) == 0) {
        static const TraceReport reports[] = {{.json = true},
                                              {.plain = true, .all = true}};
        Error *err;
        bool failed, ok;
        for (unsigned i = 0; i < 2; i++) {
            err = NULL;
            ok = trace_report(path, &reports[i], out, &err);
            check_error(ok, err);
        }
        err = NULL;
        ok = trace_check(path, false, out, &failed, &err);
        check_error(ok, err);
    }
    fclose(out);
    unlink(path);
    sqlite3_free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const Made *made = made_once();
    if (size == 0) {
        return 0;
    }
    uint8_t how = *data++;
    size--;
    unsigned char *copy = sqlite3_malloc64(made->size);
    sqlite3 *db = NULL;
    FUZZ_CHECK(copy && sqlite3_open(":memory:", &db) == SQLITE_OK);
    memcpy(copy, made->bytes, made->size);
    for (size_t i = 0; !(how & 1) && i + 4 <= size && i < 4 * CHANGES; i += 4) {
        size_t at =
            data[i] | (size_t)data[i + 1] << 8 | (size_t)data[i + 2] << 16;
        copy[at % made->size] = data[i + 3];
    }
    FUZZ_CHECK(sqlite3_deserialize(db, "main", copy, (sqlite3_int64)made->size,
                                   (sqlite3_int64)made->size,
                                   SQLITE_DESERIALIZE_FREEONCLOSE |
                                       SQLITE_DESERIALIZE_RESIZEABLE) ==
               SQLITE_OK);
    sqlite3_create_function(db, "change_blob", 3, SQLITE_UTF8, NULL,
                            change_blob, NULL, NULL);
    for (size_t i = 0; (how & 1) && i + sizeof(Change) <= size &&
                       i < sizeof(Change) * CHANGES;
         i += sizeof(Change)) {
        Change change;
        memcpy(&change, data + i, sizeof(change));
        change_row(db, &change);
    }
    if (vtab_register(db) == SQLITE_OK) {
        ask_all(db);
    }
    if (how & 2) {
        read_file(db, made->path);
    }
    sqlite3_close(db);
    return 0;
}
