/* generator.h - see generator.c for the model. */
#ifndef SOC_GENERATOR_H
#define SOC_GENERATOR_H

#include "soc/traffic.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Generator {
    Traffic traffic;
    /* parameters */
    const char *pattern, *list_text, *directions;
    uint64_t base, range, size, burst, stride;
    uint64_t reads; /* percent */
    uint64_t rate, every, think, count, start, until, active, period, seed;
    /* from them */
    uint32_t len;       /* bytes of a request */
    uint64_t positions; /* a request can be at */
    uint64_t step;      /* bytes between them */
    uint64_t *list;     /* offsets; NULL: no such pattern */
    bool random;
    uint64_t key; /* of the pseudo-random numbers */
    /* state */
    uint64_t number; /* of the next request, from 0 */
} Generator;

extern const DeviceClass generator_class;

#ifdef __cplusplus
}
#endif
#endif
