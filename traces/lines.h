/*
 * lines.h - source lines of the code that ran, and what each of them cost.
 */
#ifndef TRACES_LINES_H
#define TRACES_LINES_H

#include "traces/trace.h"

typedef struct TraceLines TraceLines;

/* Shares out what a block of a hart cost among the lines it comes from. Blocks
 * of one hart come behind each other. */
void lines_block(TraceStore *ts, const char *hart, uint64_t pc, uint64_t bytes,
                 uint64_t instructions, uint64_t cycles);
/* What sites did, then the tables source_line and line_cost; after tx_site. */
void lines_write(TraceStore *ts);
void lines_free(TraceLines *l);

#endif
