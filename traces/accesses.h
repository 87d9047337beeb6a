/*
 * accesses.h - the recorded accesses of one initiator, in their order: what a
 * player repeats.
 */
#ifndef TRACES_ACCESSES_H
#define TRACES_ACCESSES_H

#include "memory/memory.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TRACE_ACCESS_BYTES = 4096 };

typedef struct TraceAccess {
    uint64_t time_ps, done_ps; /* issue, completion */
    hwaddr addr;               /* physical */
    uint32_t size;             /* 1..TRACE_ACCESS_BYTES */
    bool is_write;             /* an atomic is none */
    uint64_t value;            /* of up to 8 bytes, first byte lowest */
    const uint8_t *bytes;      /* of a longer write; NULL: not recorded */
} TraceAccess;

/* Called for each; false ends the reading, with its error set. */
typedef bool TraceAccessFn(void *opaque, const TraceAccess *access,
                           Error **errp);
/* Reads a run's database, which may be anybody's. `initiator`: its name with
 * its part (cpu0.data, dma0.master), or its owner's name if that has no other;
 * NULL: the only one that has transactions. Nothing recorded is an error. */
bool trace_accesses(const char *path, const char *initiator, TraceAccessFn *fn,
                    void *opaque, Error **errp);

#ifdef __cplusplus
}
#endif
#endif
