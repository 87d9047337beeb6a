/*
 * polling.h - loops that read one device register until it changes.
 */
#ifndef TRACES_POLLING_H
#define TRACES_POLLING_H

#include "traces/rows.h"
#include "traces/trace.h"

typedef struct Polling Polling;

/* The next recorded access of a device, in the order of recording. */
void polling_take(TraceStore *ts, const TxRow *row);
/* Ends what goes on, and writes the table polling_loop. */
void polling_write(TraceStore *ts);
void polling_free(Polling *p);

#endif
