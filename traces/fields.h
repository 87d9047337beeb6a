/*
 * fields.h - the fields of device registers that software wrote.
 */
#ifndef TRACES_FIELDS_H
#define TRACES_FIELDS_H

#include "traces/rows.h"
#include "traces/trace.h"

typedef struct Fields Fields;

/* The next recorded access of a device, in the order of recording; reg: row in
 * `register` of where it begins. */
void fields_take(TraceStore *ts, const TxRow *row, uint32_t reg);
/* Writes the table field_change. */
void fields_write(TraceStore *ts);
void fields_free(Fields *f);

#endif
