/* explain_private.h - words that explain.c and explain_access.c share. */
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

#ifdef __cplusplus
}
#endif
#endif
