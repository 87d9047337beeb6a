/*
 * trace_streams.c - streams of records for trace_bench.
 */
#include "bench/trace_streams.h"

#include <stdlib.h>
#include <string.h>

#include "sim/machine.h"

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(random_next(state) % n);
}

void stream_fini(Stream *s)
{
    free(s->record);
    free(s->site);
}

uint64_t stream_rows(const Stream *s, size_t first, size_t records)
{
    uint64_t rows = 0;
    for (size_t i = first; i < first + records; i++) {
        const MemoryRecord *r = &s->record[i];
        if (r->site < s->sites) {
            rows += s->site[r->site].kind == CODEC_RUN ? r->value >> 32 : 1;
        }
    }
    return rows;
}

/* -- a machine --------------------------------------------------------------
 */

typedef struct Capture {
    Stream *stream;
    MemoryRecord *chunk;
    size_t room, skip, seen;
} Capture;

static void keep_chunk(MemoryRecorder *rec)
{
    Capture *cap = rec->opaque;
    Stream *s = cap->stream;
    size_t n = (size_t)(rec->next - rec->buffer);
    if (cap->seen++ % cap->skip == 0 && n <= cap->room - s->records) {
        memcpy(s->record + s->records, rec->buffer, n * sizeof(*s->record));
        s->records += n;
    }
    rec->next = rec->buffer;
}

static bool keep_sites(Stream *s, const MemoryRecorder *rec)
{
    s->sites = rec->sites;
    s->site = calloc(rec->sites + 1, sizeof(*s->site));
    for (uint32_t i = 0; s->site && i < rec->sites; i++) {
        const MemorySite *m = &rec->site[i];
        s->site[i].kind = m->run                ? CODEC_RUN
                          : m->dir == DIR_WRITE ? CODEC_WRITE
                                                : CODEC_READ;
        s->site[i].size = (uint8_t)(m->size > 8 ? 255 : m->size);
    }
    return s->site != NULL;
}

bool stream_of_machine(Stream *s, const char *config, const char *elf,
                       uint32_t kinds, size_t skip, size_t records,
                       size_t chunk, Error **errp)
{
    const char *const none[] = {NULL};
    Config *cfg = config_load(config, none, errp);
    Machine *m = cfg ? machine_new(cfg, errp) : NULL;
    bool ok = m && machine_load_elf(m, elf, errp);
    MemoryRecorder rec;
    recorder_init(&rec);
    Capture cap = {s, malloc(chunk * sizeof(MemoryRecord)), records, skip, 0};
    s->record = malloc(records * sizeof(*s->record));
    s->records = 0;
    if (ok && (!cap.chunk || !s->record)) {
        ok = error_set(errp, "no memory for %zu records", records);
    }
    if (ok) {
        rec.buffer = rec.next = cap.chunk;
        rec.end = cap.chunk + chunk;
        rec.kinds = kinds;
        rec.full = keep_chunk;
        rec.opaque = &cap;
        memory_world_set_recorder(machine_world(m), &rec);
        machine_run(m, TIME_NEVER);
        memory_world_set_recorder(machine_world(m), NULL);
        keep_chunk(&rec);
        ok = keep_sites(s, &rec) || error_set(errp, "no memory for sites");
    }
    free(cap.chunk);
    recorder_fini(&rec);
    machine_free(m);
    config_free(cfg);
    return ok;
}

/* -- a large program --------------------------------------------------------
 */

enum {
    FUNCTIONS = 2000,
    BLOCKS = 12,  /* of a function */
    ACCESSES = 3, /* of a block, at most */
    DEPTH = 24,
    WORDS = 1 << 18,
    OBJECTS = 1 << 12,
};

typedef enum Pattern { ON_STACK, GLOBAL, FIELD, ARRAY, PATTERNS } Pattern;

typedef struct Access {
    uint32_t site;
    Pattern pattern;
    uint32_t offset; /* words */
    bool write;
} Access;

typedef struct BasicBlock {
    uint32_t site, address;
    uint32_t instructions, accesses, cycles;
    uint32_t taken_256; /* how often the branch at its end is taken */
    uint32_t target;    /* block of the function */
    uint32_t callee;    /* function, or FUNCTIONS */
    Access access[ACCESSES];
} BasicBlock;

typedef struct Program {
    uint64_t random;
    uint64_t cycle;
    BasicBlock block[FUNCTIONS][BLOCKS];
    uint32_t cursor[FUNCTIONS]; /* where a function is in its array */
    uint32_t word[WORDS];
} Program;

/* Few often, many rarely. */
static uint32_t popular(uint64_t *state, uint32_t n)
{
    uint64_t a = below(state, n), b = below(state, n);
    return (uint32_t)(a * b / n);
}

static uint32_t add_site(Stream *s, CodecClass kind)
{
    s->site[s->sites] =
        (CodecSite){(uint8_t)kind, (uint8_t)(kind == CODEC_RUN ? 0 : 4)};
    return s->sites++;
}

static void make_block(Stream *s, Program *p, uint32_t f, uint32_t i)
{
    uint64_t *state = &p->random;
    BasicBlock *b = &p->block[f][i];
    b->site = add_site(s, CODEC_RUN);
    b->address = 0x80000000 + f * 0x400 + i * 0x40;
    b->instructions = 2 + below(state, 9);
    b->cycles = b->instructions + below(state, 4);
    b->accesses = below(state, ACCESSES + 1);
    /* Most branches nearly always go one way; a few are anybody's guess. */
    uint32_t kind = below(state, 16);
    b->taken_256 = kind < 9 ? 3 : kind < 15 ? 250 : 128;
    bool loop = below(state, 8) == 0;
    b->target = loop ? below(state, i + 1) : i + 1 + below(state, 3);
    b->taken_256 = loop ? 192 : b->taken_256;
    b->callee = below(state, 4) == 0 ? popular(state, FUNCTIONS) : FUNCTIONS;
    for (uint32_t k = 0; k < b->accesses; k++) {
        Access *a = &b->access[k];
        a->write = below(state, 3) == 0;
        a->site = add_site(s, a->write ? CODEC_WRITE : CODEC_READ);
        uint32_t pattern = below(state, 10);
        a->pattern = pattern < 5   ? ON_STACK
                     : pattern < 7 ? FIELD
                     : pattern < 8 ? GLOBAL
                                   : ARRAY;
        a->offset =
            a->pattern == GLOBAL ? below(state, 1 << 12) : below(state, 12);
    }
}

static uint32_t word_of(const Program *p, const Access *a, uint32_t f,
                        uint32_t depth, uint32_t object)
{
    switch (a->pattern) {
    case ON_STACK: return WORDS - (depth + 1) * 16 + a->offset;
    case GLOBAL: return a->offset;
    case FIELD: return (1 << 12) + object * 16 + a->offset;
    default: return (1 << 17) + (f * 64 + p->cursor[f] % 64) % (1 << 16);
    }
}

/* Runs one block; returns how many records it made. */
static size_t run_block(Program *p, const BasicBlock *b, uint32_t f,
                        uint32_t depth, uint32_t object, MemoryRecord *r)
{
    uint64_t *state = &p->random;
    size_t n = 0;
    r[n++] = (MemoryRecord){b->site, b->accesses, b->address,
                            (uint64_t)b->instructions << 32, p->cycle};
    for (uint32_t k = 0; k < b->accesses; k++) {
        const Access *a = &b->access[k];
        uint32_t w = word_of(p, a, f, depth, object);
        if (a->pattern == ARRAY) {
            p->cursor[f]++;
        }
        if (a->write) { /* a count, a pointer, something computed */
            uint32_t what = below(state, 8);
            p->word[w] = what < 5   ? p->word[w] + 1
                         : what < 7 ? 0x80100000 + object * 64
                                    : (uint32_t)random_next(state);
        }
        r[n++] = (MemoryRecord){a->site, 0, 0x80100000 + (uint64_t)w * 4,
                                p->word[w], p->cycle + k + 1};
    }
    p->cycle += b->cycles + (below(state, 64) == 0 ? 7 : 0);
    return n;
}

static void run_program(Stream *s, Program *p, size_t records)
{
    uint64_t *state = &p->random;
    struct {
        uint32_t function, block, object;
    } frame[DEPTH];
    uint32_t depth = 0, budget = 0;
    while (s->records + ACCESSES + 1 <= records) {
        if (depth == 0) { /* the next thing to compile */
            frame[0].function = below(state, FUNCTIONS);
            frame[0].block = 0;
            frame[0].object = popular(state, OBJECTS);
            depth = 1;
            budget = 100;
        }
        uint32_t top = depth - 1, f = frame[top].function;
        const BasicBlock *b = &p->block[f][frame[top].block];
        s->records +=
            run_block(p, b, f, top, frame[top].object, s->record + s->records);
        bool taken = below(state, 256) < b->taken_256;
        frame[top].block = taken ? b->target : frame[top].block + 1;
        if (b->callee < FUNCTIONS && depth < DEPTH && budget) {
            frame[depth].function = b->callee;
            frame[depth].block = 0;
            frame[depth].object =
                below(state, 3) ? frame[top].object : popular(state, OBJECTS);
            depth++;
            budget--;
        }
        while (depth && frame[depth - 1].block >= BLOCKS) {
            depth--;
        }
    }
}

bool stream_of_program(Stream *s, size_t records)
{
    enum { SITES = FUNCTIONS * BLOCKS * (ACCESSES + 1) };
    Program *p = calloc(1, sizeof(*p));
    s->record = malloc(records * sizeof(*s->record));
    s->site = calloc(SITES, sizeof(*s->site));
    s->sites = 0;
    s->records = 0;
    bool ok = p && s->record && s->site;
    for (uint32_t f = 0; ok && f < FUNCTIONS; f++) {
        for (uint32_t i = 0; i < BLOCKS; i++) {
            make_block(s, p, f, i);
        }
    }
    if (ok) {
        run_program(s, p, records);
    }
    free(p);
    return ok;
}

/* -- noise ------------------------------------------------------------------
 */

bool stream_of_noise(Stream *s, size_t records)
{
    s->sites = 4096;
    s->site = calloc(s->sites, sizeof(*s->site));
    s->record = malloc(records * sizeof(*s->record));
    s->records = records;
    if (!s->site || !s->record) {
        return false;
    }
    for (uint32_t i = 0; i < s->sites; i++) {
        s->site[i] = (CodecSite){i % 2 ? CODEC_WRITE : CODEC_READ, 8};
    }
    uint64_t state = 1, cycle = 0;
    for (size_t i = 0; i < records; i++) {
        uint64_t x = random_next(&state);
        cycle += 1 + x % 8;
        s->record[i] = (MemoryRecord){(uint32_t)(x >> 8) % s->sites, 0,
                                      0x80000000 + ((x >> 24) % (1 << 21)) * 8,
                                      random_next(&state), cycle};
    }
    return true;
}
