/*
 * registers.c - the registers that devices have, and which were accessed.
 *
 * Model    One row per entry of the device's data sheet: a register, or an
 *          array of them (an interrupt controller has tens of thousands). A
 *          register is touched when a recorded access has a byte of it.
 * Units    bytes.
 */
#include "traces/registers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/store.h"

static unsigned reg_count(const RegName *r)
{
    return r->count ? r->count : 1;
}

static unsigned reg_stride(const RegName *r)
{
    return r->stride ? r->stride : r->size;
}

/* "off|on": names of 0 and 1 of the last field; empty: none. */
static void add_values(TraceStore *ts, const char *names)
{
    for (uint64_t value = 0; names; value++) {
        const char *end = strchr(names, '|');
        size_t len = end ? (size_t)(end - names) : strlen(names);
        char name[64];
        snprintf(name, sizeof(name), "%.*s", (int)len, names);
        if (len) {
            store_run(ts,
                      "insert into register_field_value"
                      " select max(id), ?, ? from register_field",
                      "ut", value, name);
        }
        names = end ? end + 1 : NULL;
    }
}

static void add_fields(TraceStore *ts, uint32_t region, const FieldName *f)
{
    for (; f && f->reg; f++) {
        store_run(ts, "insert into register_field values(null,?,?,?,?,?,?)",
                  "ittuut", (int64_t)region, f->reg, f->name, (uint64_t)f->low,
                  (uint64_t)f->width, f->access);
        if (f->values) {
            add_values(ts, f->values);
        }
    }
}

void registers_add(TraceStore *ts, uint32_t region, const DeviceClass *cls)
{
    add_fields(ts, region, cls->fields);
    for (const RegName *r = cls->registers; r && r->name; r++) {
        store_run(ts, "insert into device_register values(?,?,?,?,?,?,?,null)",
                  "ituuuut", (int64_t)region, r->name, (uint64_t)r->offset,
                  (uint64_t)r->size, (uint64_t)reg_count(r),
                  (uint64_t)reg_stride(r), r->access);
    }
}

void registers_parts(TraceStore *ts, uint32_t region, uint32_t id,
                     uint64_t offset)
{
    store_run(ts,
              "insert into register_part select ?1, f.id,"
              " f.low - 8 * ((?3 - d.offset) % d.stride),"
              " (?3 - d.offset) / d.stride from device_register d"
              " join register_field f on f.region_id = d.region_id"
              " and f.register = d.name where d.region_id = ?2"
              " and ?3 >= d.offset and (?3 - d.offset) / d.stride < d.registers"
              " and (?3 - d.offset) % d.stride < d.size"
              " and f.low >= 8 * ((?3 - d.offset) % d.stride)",
              "iiu", (int64_t)id, (int64_t)region, offset);
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
