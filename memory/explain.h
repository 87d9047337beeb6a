/*
 * explain.h - the map in words: the tree, the flat view, what hides what, and
 * what one access would do and why. Uses the code that does the access.
 */
#ifndef MEMORY_EXPLAIN_H
#define MEMORY_EXPLAIN_H

#include <stdio.h>

#include "memory/memory.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The tree below the root of as, its flat view, and every region of which a
 * part is hidden, with what hides it. States the priority rule. */
void explain_map(AddressSpace *as, FILE *out);

/* Walks one access of `size` bytes: which region answers and which others lie
 * there, each rule applied (valid, accepts, alignment, splitting into which
 * callbacks at which offsets), and the result it would have. No callback of
 * the device but `accepts` is called. */
void explain_access(AddressSpace *as, hwaddr addr, unsigned size, bool is_write,
                    FILE *out);

#ifdef __cplusplus
}
#endif
#endif
