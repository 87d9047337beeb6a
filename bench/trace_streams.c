/*
 * trace_streams.c - streams of records for trace_bench.
 */
#include "bench/trace_streams.h"

#include <stdlib.h>
#include <string.h>

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
    free(s->chunk);
    free(s->site);
    if (s->recorder.site) {
        recorder_fini(&s->recorder);
    }
    machine_free(s->machine);
    config_free(s->config);
    *s = (Stream){0};
}

static bool stream_begin(Stream *s, size_t records)
{
    recorder_init(&s->recorder);
    s->room = records;
    s->record = malloc(records * sizeof(*s->record));
    s->chunk = calloc(records + 2, sizeof(*s->chunk));
    return s->record && s->chunk;
}

/* The next record begins a chunk; or it was the last one. */
static void cut(Stream *s)
{
    if (s->chunk[s->chunks] < s->records) {
        s->chunk[++s->chunks] = s->records;
    }
}

/* What a codec has to know of the recorder's sites. */
static bool learn_sites(Stream *s)
{
    s->sites = s->recorder.sites;
    s->site = calloc(s->sites + 1, sizeof(*s->site));
    for (uint32_t i = 0; s->site && i < s->sites; i++) {
        const MemorySite *m = &s->recorder.site[i];
        s->site[i].kind = m->run                ? CODEC_RUN
                          : m->dir == DIR_WRITE ? CODEC_WRITE
                                                : CODEC_READ;
        s->site[i].size = (uint8_t)(m->size > 8 ? 255 : m->size);
    }
    return s->site != NULL;
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
    size_t skip, seen;
} Capture;

static void keep_chunk(MemoryRecorder *rec)
{
    Capture *cap = rec->opaque;
    Stream *s = cap->stream;
    size_t n = (size_t)(rec->next - rec->buffer);
    if (cap->seen++ % cap->skip == 0 && n <= s->room - s->records) {
        memcpy(s->record + s->records, rec->buffer, n * sizeof(*s->record));
        s->records += n;
        cut(s);
    }
    rec->next = rec->buffer;
}

bool stream_of_machine(Stream *s, const char *config, const char *elf,
                       uint32_t kinds, size_t skip, size_t records,
                       Error **errp)
{
    const char *const none[] = {NULL};
    MemoryRecord *buffer = malloc(STREAM_CHUNK * sizeof(*buffer));
    if (!stream_begin(s, records) || !buffer) {
        free(buffer);
        return error_set(errp, "no memory for %zu records", records);
    }
    s->config = config_load(config, none, errp);
    s->machine = s->config ? machine_new(s->config, errp) : NULL;
    bool ok = s->machine && machine_load_elf(s->machine, elf, errp);
    if (ok) {
        Capture cap = {s, skip, 0};
        MemoryRecorder *rec = &s->recorder;
        rec->buffer = rec->next = buffer;
        rec->end = buffer + STREAM_CHUNK;
        rec->kinds = kinds;
        rec->full = keep_chunk;
        rec->opaque = &cap;
        memory_world_set_recorder(machine_world(s->machine), rec);
        machine_run(s->machine, TIME_NEVER);
        memory_world_set_recorder(machine_world(s->machine), NULL);
        keep_chunk(rec);
        ok = learn_sites(s) || error_set(errp, "no memory for sites");
    }
    free(buffer);
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

/* Who makes what no machine makes, and where it goes. */
static void describe(Stream *s)
{
    clock_init(&s->clock, "main", 100000000);
    s->port.name = "made";
    s->port.id = 1;
    s->port.clock = &s->clock;
    s->region.name = "ram";
    s->region.ram = true;
    s->region.id = 1;
    s->region.size = UINT64_C(1) << 32;
    s->place.mr = &s->region;
    s->place.region_id = 1;
    s->place.base = 0x80000000;
    for (unsigned k = 0; k < 8; k++) {
        s->place.cost[k / 4][k % 4] = (InlineCost){.bus = 1, .beats = 1};
    }
}

static uint32_t add_site(Stream *s, AccessKind kind, uint32_t size)
{
    MemorySite key = {.port = &s->port,
                      .place = &s->place,
                      .pc = 0x80000000 + 4 * (uint64_t)s->recorder.sites,
                      .size = size,
                      .kind = (uint8_t)kind,
                      .dir = kind == ACCESS_STORE ? DIR_WRITE : DIR_READ};
    return recorder_site(&s->recorder, &key);
}

static uint32_t add_run(Stream *s, uint64_t pc, uint32_t instructions)
{
    FetchStep step[16];
    for (uint32_t i = 0; i < instructions; i++) {
        step[i] = (FetchStep){(uint16_t)(4 * i), (uint16_t)i, 0x13, 4};
    }
    MemorySite key = {.port = &s->port,
                      .place = &s->place,
                      .pc = pc,
                      .size = 4,
                      .kind = ACCESS_FETCH,
                      .dir = DIR_READ,
                      .run_length = (uint16_t)instructions,
                      .run = step};
    return recorder_fetch_site(&s->recorder, &key);
}

static void make_block(Stream *s, Program *p, uint32_t f, uint32_t i)
{
    uint64_t *state = &p->random;
    BasicBlock *b = &p->block[f][i];
    b->address = 0x80000000 + f * 0x400 + i * 0x40;
    b->instructions = 2 + below(state, 9);
    b->site = add_run(s, b->address, b->instructions);
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
        a->site = add_site(s, a->write ? ACCESS_STORE : ACCESS_LOAD, 4);
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
        if (s->records - s->chunk[s->chunks] > STREAM_CHUNK - ACCESSES - 1) {
            cut(s);
        }
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
    Program *p = calloc(1, sizeof(*p));
    bool ok = stream_begin(s, records) && p;
    describe(s);
    for (uint32_t f = 0; ok && f < FUNCTIONS; f++) {
        for (uint32_t i = 0; i < BLOCKS; i++) {
            make_block(s, p, f, i);
        }
    }
    if (ok) {
        run_program(s, p, records);
        cut(s);
    }
    free(p);
    return ok && learn_sites(s);
}

/* -- noise ------------------------------------------------------------------
 */

bool stream_of_noise(Stream *s, size_t records)
{
    enum { SITES = 4096 };
    if (!stream_begin(s, records)) {
        return false;
    }
    describe(s);
    for (uint32_t i = 0; i < SITES; i++) {
        add_site(s, i % 2 ? ACCESS_STORE : ACCESS_LOAD, 8);
    }
    uint64_t state = 1, cycle = 0;
    for (size_t i = 0; i < records; i++) {
        uint64_t x = random_next(&state);
        cycle += 1 + x % 8;
        if (i % STREAM_CHUNK == 0) {
            cut(s);
        }
        s->record[s->records++] =
            (MemoryRecord){(uint32_t)(x >> 8) % SITES, 0,
                           0x80000000 + ((x >> 24) % (1 << 21)) * 8,
                           random_next(&state), cycle};
    }
    cut(s);
    return learn_sites(s);
}
