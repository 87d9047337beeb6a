/*
 * trace_streams.h - streams of records for trace_bench: what a machine records,
 * and two made by hand.
 */
#ifndef BENCH_TRACE_STREAMS_H
#define BENCH_TRACE_STREAMS_H

#include "traces/codec.h"

typedef struct Stream {
    const char *name;
    MemoryRecord *record; /* owned */
    size_t records;
    CodecSite *site; /* owned */
    uint32_t sites;
} Stream;

/* Runs the program and keeps every `skip`th chunk of what `kinds` (bits of
 * AccessKind) asks for, at most `records` records. */
bool stream_of_machine(Stream *s, const char *config, const char *elf,
                       uint32_t kinds, size_t skip, size_t records,
                       size_t chunk, Error **errp);
/* What a compiler does: a large program (more than 10,000 sites in a chunk),
 * nested calls and loops, few functions that are called often and many that
 * are not; accesses to the stack, to fields behind pointers, along arrays. */
bool stream_of_program(Stream *s, size_t records);
/* Nothing to predict: 4096 sites in any order, 8 random bytes each at any of
 * 2^21 addresses, 1 to 8 cycles apart. */
bool stream_of_noise(Stream *s, size_t records);
void stream_fini(Stream *s);

/* Transactions: what a fetch run counts, and 1 for another head. */
uint64_t stream_rows(const Stream *s, size_t first, size_t records);

#endif
