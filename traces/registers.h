/*
 * registers.h - the registers that devices have, and which were accessed.
 */
#ifndef TRACES_REGISTERS_H
#define TRACES_REGISTERS_H

#include "traces/trace.h"

/* The registers of a region's device, rows of device_register, and
 * their fields. */
void registers_add(TraceStore *ts, uint32_t region, const DeviceClass *cls);
/* Rows of register_part: the fields that an access at `offset`, row `id` of
 * `register`, has. */
void registers_parts(TraceStore *ts, uint32_t region, uint32_t id,
                     uint64_t offset);
/* Fills in which were accessed, from the counters of hot_address. */
void registers_write(TraceStore *ts);

#endif
