/*
 * trace_streams.h - streams of records for trace_bench: what a machine records,
 * and two made by hand.
 */
#ifndef BENCH_TRACE_STREAMS_H
#define BENCH_TRACE_STREAMS_H

#include "memory/port.h"
#include "sim/machine.h"
#include "traces/codec.h"

typedef struct Stream {
    const char *name;
    MemoryRecord *record; /* owned */
    size_t records, room;
    size_t *chunk; /* owned: where each begins, and the end of the last */
    size_t chunks;
    CodecSite *site; /* owned */
    uint32_t sites;
    /* What its sites are of, as long as it lives. */
    MemoryRecorder recorder;
    Machine *machine;
    Config *config;
    ClockDomain clock;
    MemoryPort port;
    MemoryRegion region;
    MemoryPlace place;
} Stream;

enum {
    STREAM_CHUNK = 1 << 15
}; /* records at most, as in a recorder's buffer */

/* Runs the program and keeps every `skip`th chunk of what `kinds` (bits of
 * AccessKind) asks for, at most `records` records. */
bool stream_of_machine(Stream *s, const char *config, const char *elf,
                       uint32_t kinds, size_t skip, size_t records,
                       Error **errp);
/* What a compiler does: a large program (more than 10,000 sites in four
 * chunks), nested calls and loops, few functions that are called often and many
 * that are not; accesses to the stack, to fields behind pointers, along arrays.
 */
bool stream_of_program(Stream *s, size_t records);
/* Nothing to predict: 4096 sites in any order, 8 random bytes each at any of
 * 2^21 addresses, 1 to 8 cycles apart. */
bool stream_of_noise(Stream *s, size_t records);
void stream_fini(Stream *s);

/* Transactions: what a fetch run counts, and 1 for another head. */
uint64_t stream_rows(const Stream *s, size_t first, size_t records);

#endif
