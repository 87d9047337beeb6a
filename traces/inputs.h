/*
 * inputs.h - what came into a recorded run from outside, in its order.
 */
#ifndef TRACES_INPUTS_H
#define TRACES_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include "memory/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Called for each; false ends the reading, with its error set. */
typedef bool TraceInputFn(void *opaque, uint64_t time_ps, const char *device,
                          const void *bytes, size_t len, Error **errp);
/* Reads the table `input` of a run's database, which may be anybody's. */
bool trace_inputs(const char *path, TraceInputFn *fn, void *opaque,
                  Error **errp);

#ifdef __cplusplus
}
#endif
#endif
