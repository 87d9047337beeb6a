/*
 * reader.h - transactions of a run's database, read through its chunks.
 *
 * Model    Dictionaries are held in memory, chunks decoded one at a time. The
 *          database is another program's or a stranger's: every number read
 *          from it is checked before it is used.
 * Units    as in the database: picoseconds, cycles, bytes.
 */
#ifndef TRACES_READER_H
#define TRACES_READER_H

#ifdef TRACES_EXTENSION /* every call goes through the host's SQLite */
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3
#else
#include <sqlite3.h>
#endif

#include "memory/clock.h"
#include "traces/codec.h"
#include "traces/rows.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A row of `site`. Ids not in their table are 0. */
typedef struct ReaderSite {
    uint64_t pc;
    uint32_t initiator, kind, size, symbol, region, bus;
    bool has_pc;
    uint8_t dir;
} ReaderSite;

typedef struct ReaderChunk {
    int64_t id;
    uint64_t row0, rows;
    uint64_t first_time, last_time;
    uint32_t records;
} ReaderChunk;

typedef struct ReaderNames {
    char **name; /* by id; may be NULL */
    uint32_t count;
} ReaderNames;

typedef struct TraceReader {
    sqlite3 *db;
    /* dictionaries */
    RowSites record_site;
    ReaderSite *site; /* by id of `site`, from 1 */
    uint32_t sites, site_capacity;
    ReaderNames initiator, region, bus, symbol, kind, cause, result;
    ClockDomain *clock; /* by initiator */
    uint32_t clocks;
    bool beats; /* were recorded */
    bool known; /* the dictionaries were read */
    ReaderChunk *chunk;
    size_t chunks, chunk_capacity;
    Codec *codec;
    sqlite3_stmt *body;
} TraceReader;

/* The records of a chunk. Zeros: none yet. */
typedef struct ReaderRecords {
    int64_t chunk;   /* id; 0: none */
    unsigned fields; /* CODEC_* that are there */
    MemoryRecord *record;
    size_t records, capacity;
} ReaderRecords;

/* NULL: no memory. */
TraceReader *reader_new(sqlite3 *db);
void reader_free(TraceReader *reader);
/* Lets go of the connection, until it is used again. */
void reader_rest(TraceReader *reader);
/* Reads what was added to the dictionaries and chunks since the last call.
 * False: *errp says what is wrong with the database. */
bool reader_refresh(TraceReader *reader, Error **errp);

/* The blob of a chunk: valid until the next call of reader_*. */
bool reader_body(TraceReader *reader, const ReaderChunk *chunk,
                 const void **blob, size_t *len, Error **errp);
/* Decodes at least `fields` (CODEC_*) of chunk; the caller frees to->record. */
bool reader_load(TraceReader *reader, const ReaderChunk *chunk, unsigned fields,
                 ReaderRecords *to, Error **errp);

static inline const char *reader_name(const ReaderNames *names, uint32_t id)
{
    return id < names->count ? names->name[id] : NULL;
}

/* NULL: the database does not have it. */
static inline const ReaderSite *reader_site(const TraceReader *reader,
                                            uint32_t row)
{
    return row < reader->sites ? &reader->site[row] : NULL;
}

static inline uint64_t reader_time(const TraceReader *reader,
                                   uint32_t initiator, uint64_t cycle)
{
    return initiator < reader->clocks && reader->clock[initiator].hz
               ? clock_time(&reader->clock[initiator], cycle)
               : 0;
}

/* A virtual table, to begin with: module data is its `create table`. */
typedef struct ReaderTable {
    sqlite3_vtab base;
    TraceReader *reader;
    const char *schema;
} ReaderTable;
/* xConnect and xDisconnect. */
int reader_connect(sqlite3 *db, void *schema, int argc, const char *const *argv,
                   sqlite3_vtab **out, char **message);
int reader_disconnect(sqlite3_vtab *vtab);

/* vtab_tx.c: the virtual tables tx, beat and tx_group, of db's main database.
 * An SQLite result code. */
int vtab_register(sqlite3 *db);

#ifdef __cplusplus
}
#endif
#endif
