/* explain_private.h - what the files of explain share. */
#ifndef MEMORY_EXPLAIN_PRIVATE_H
#define MEMORY_EXPLAIN_PRIVATE_H

#include "memory/internal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "ram", "device", "alias", ... */
const char *explain_type(const MemoryRegion *mr);
/* Writes "FIRST-LAST" in 16 hex digits each. */
void explain_place(FILE *out, Int128 start, Int128 size);
/* "prio 5", "lowest prio". */
typedef struct PriorityText {
    char text[32];
} PriorityText;
PriorityText explain_priority(int32_t priority);
/* Writes why `over` is drawn before `under`. */
void explain_reason(FILE *out, const FlatStroke *over, const FlatStroke *under);

/* One callback of an access. */
typedef struct RehearsedCall {
    const char *callback; /* its name in MemoryRegionOps */
    hwaddr offset;
    unsigned size;
    int lane[8]; /* which byte of the value each of its bytes is, 0 lowest;
                    -1: none */
} RehearsedCall;

enum { REHEARSED_CALLS = 8 }; /* no access has more: a byte each */

/* What one dispatch would do, found out by doing it: on a copy of the region,
 * whose callbacks only take notes. */
typedef struct Rehearsal {
    AccessPlan plan;
    RehearsedCall call[REHEARSED_CALLS];
    unsigned calls;
    MemTxResult result; /* if every callback says yes */
} Rehearsal;

/* size: 1, 2, 4 or 8 bytes. Asks the region's accepts(), nothing else of it. */
void rehearse(MemoryRegion *mr, hwaddr offset, unsigned size, bool is_write,
              MemTxAttrs attrs, Rehearsal *r);
/* Writes which event bindings would take that write. */
void explain_bindings(FILE *out, const AccessPlan *plan);

#ifdef __cplusplus
}
#endif
#endif
