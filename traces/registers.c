/*
 * registers.c - the registers that devices have, and which were accessed.
 *
 * Model    One row per entry of the device's data sheet: a register, or an
 *          array of them (an interrupt controller has tens of thousands). A
 *          register is touched when a recorded access has a byte of it.
 * Units    bytes.
 */
#include "traces/registers.h"

#include <stdlib.h>

#include "traces/store.h"

static unsigned reg_count(const RegName *r)
{
    return r->count ? r->count : 1;
}

static unsigned reg_stride(const RegName *r)
{
    return r->stride ? r->stride : r->size;
}

void registers_add(TraceStore *ts, uint32_t region, const DeviceClass *cls)
{
    for (const RegName *r = cls->registers; r && r->name; r++) {
        store_run(ts, "insert into device_register values(?,?,?,?,?,?,?,null)",
                  "ituuuut", (int64_t)region, r->name, (uint64_t)r->offset,
                  (uint64_t)r->size, (uint64_t)reg_count(r),
                  (uint64_t)reg_stride(r), r->access);
    }
}

/* Which registers of an array accesses of one place have reached. */
typedef struct Touched {
    uint32_t first, last;
} Touched;

/* False: none. */
static bool touches(const HotEntry *e, const RegName *r, Touched *t)
{
    uint64_t size = (e->bytes + e->accesses - 1) / e->accesses;
    uint64_t stride = reg_stride(r);
    if (!size || !stride || e->offset + size <= r->offset) {
        return false;
    }
    uint64_t begin = e->offset > r->offset ? e->offset - r->offset : 0;
    uint64_t end = e->offset + size - r->offset;
    uint64_t first = begin / stride + (begin % stride >= r->size);
    uint64_t last = (end - 1) / stride;
    last = last < reg_count(r) ? last : reg_count(r) - 1;
    *t = (Touched){(uint32_t)first, (uint32_t)last};
    return first <= last;
}

static int touched_order(const void *a, const void *b)
{
    const Touched *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static uint64_t count_touched(Touched *t, size_t n)
{
    uint64_t count = 0, next = 0;
    if (n) {
        qsort(t, n, sizeof(*t), touched_order);
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t first = t[i].first > next ? t[i].first : next;
        if (t[i].last >= first) {
            count += t[i].last - first + 1;
            next = (uint64_t)t[i].last + 1;
        }
    }
    return count;
}

static void write_region(TraceStore *ts, uint32_t region, Touched *t)
{
    const DeviceClass *cls = ts->region[region]->cls;
    for (const RegName *r = cls ? cls->registers : NULL; r && r->name; r++) {
        size_t n = 0;
        for (size_t i = 0; i < ts->counts.reg_capacity; i++) {
            const HotEntry *e = &ts->counts.reg[i];
            n += e->region == region && e->accesses && touches(e, r, &t[n]);
        }
        store_run(ts,
                  "update device_register set touched = ? where region_id = ?"
                  " and name = ? and offset = ?",
                  "uitu", count_touched(t, n), (int64_t)region, r->name,
                  (uint64_t)r->offset);
    }
}

void registers_write(TraceStore *ts)
{
    if (!ts->recording || ts->error) {
        return;
    }
    Touched *t = store_grow(ts, NULL, ts->counts.regs + 1, sizeof(*t));
    for (uint32_t id = 0; t && id < ts->regions; id++) {
        if (ts->region[id] && ts->region[id]->io) {
            write_region(ts, id, t);
        }
    }
    free(t);
}
