/*
 * hot.c - which addresses are used most: counted while records are decoded,
 * because grouping millions of rows at the end would take longer than writing
 * them.
 *
 * Model    One counter per register offset of a device, and per 64-byte line of
 *          a memory, and direction; instruction fetches are not counted. An
 *          access counts where it begins. The table keeps the first HOT_ROWS of
 *          each sort; the counters take about 100 bytes per line touched.
 */
#include <stdlib.h>
#include <string.h>

#include "traces/store.h"

static size_t hot_slot(const TraceStore *ts, uint32_t region, uint64_t offset,
                       uint8_t dir)
{
    uint64_t h = (offset ^ (uint64_t)region << 40 ^ (uint64_t)dir << 60) *
                 UINT64_C(0x9e3779b97f4a7c15);
    size_t mask = ts->hot_capacity - 1;
    size_t i = (size_t)(h >> 20) & mask;
    while (ts->hot[i].region &&
           (ts->hot[i].region != region || ts->hot[i].offset != offset ||
            ts->hot[i].dir != dir)) {
        i = (i + 1) & mask;
    }
    return i;
}

static bool hot_grow(TraceStore *ts)
{
    size_t capacity = ts->hot_capacity ? 2 * ts->hot_capacity : 1024;
    HotEntry *old = ts->hot;
    size_t n = ts->hot_capacity;
    HotEntry *hot = calloc(capacity, sizeof(*hot));
    if (!hot) {
        return store_fail(ts, SQLITE_NOMEM);
    }
    ts->hot = hot;
    ts->hot_capacity = capacity;
    for (size_t i = 0; i < n; i++) {
        if (old[i].region) {
            hot[hot_slot(ts, old[i].region, old[i].offset, old[i].dir)] =
                old[i];
        }
    }
    free(old);
    return true;
}

/* The row in `register` of a device's register; 0: it has no name. */
static uint32_t register_id(TraceStore *ts, uint32_t region,
                            const StoreRegion *info, uint64_t offset)
{
    char name[80] = "";
    if (info->io && info->cls) {
        device_register_name(info->cls, offset, name, sizeof(name));
    }
    if (!*name) {
        return 0;
    }
    store_run(ts,
              "insert into register select null, ?1, ?2, ?3 where not exists"
              " (select * from register where region_id = ?1 and offset = ?2)",
              "iut", (int64_t)region, offset, name);
    return (uint32_t)store_number(
        ts, "select id from register where region_id = ?1 and offset = ?2",
        "iu", (int64_t)region, offset);
}

HotEntry *hot_count(TraceStore *ts, uint32_t region, const StoreRegion *info,
                    uint64_t offset, uint8_t dir)
{
    if (3 * ts->hot_count >= 2 * ts->hot_capacity && !hot_grow(ts)) {
        return NULL;
    }
    if (!info->io) {
        offset &= ~(uint64_t)(HOT_MEMORY_GRANULE - 1);
    }
    HotEntry *e = &ts->hot[hot_slot(ts, region, offset, dir)];
    if (!e->region) {
        *e = (HotEntry){.region = region,
                        .dir = dir,
                        .offset = offset,
                        .reg = register_id(ts, region, info, offset)};
        ts->hot_count++;
    }
    return e;
}

static int hot_order(const void *a, const void *b)
{
    const HotEntry *x = a, *y = b;
    if (x->accesses != y->accesses) {
        return x->accesses > y->accesses ? -1 : 1;
    }
    if (x->region != y->region) {
        return x->region < y->region ? -1 : 1;
    }
    if (x->offset != y->offset) {
        return x->offset < y->offset ? -1 : 1;
    }
    return x->dir - y->dir;
}

/* Packs the used slots to the front and sorts them. */
static void hot_sort(TraceStore *ts)
{
    size_t n = 0;
    for (size_t i = 0; i < ts->hot_capacity; i++) {
        if (ts->hot[i].region) {
            HotEntry e = ts->hot[i];
            ts->hot[i] = (HotEntry){0};
            ts->hot[n++] = e;
        }
    }
    if (n) {
        qsort(ts->hot, n, sizeof(*ts->hot), hot_order);
    }
}

void hot_write(TraceStore *ts)
{
    hot_sort(ts);
    unsigned written[2] = {0, 0};
    for (size_t i = 0; i < ts->hot_count; i++) {
        const HotEntry *e = &ts->hot[i];
        const StoreRegion *info = ts->region[e->region];
        if (written[info->io]++ >= HOT_ROWS) {
            continue;
        }
        store_run(ts,
                  "insert into hot_address select name, type, ?1, ?2,"
                  " case when ?3 then coalesce((select g.name from register g"
                  " where g.id = ?4), '') end, ?5, ?6, ?7, ?8, ?9, ?10"
                  " from region where id = ?11",
                  "uiiituuuuui", e->offset,
                  (int64_t)(info->io ? 1 : HOT_MEMORY_GRANULE),
                  (int64_t)info->io, (int64_t)e->reg, dictionary_dir(e->dir),
                  e->accesses, e->bytes, e->wait, e->bus, e->target,
                  (int64_t)e->region);
    }
}

void hot_free(TraceStore *ts)
{
    free(ts->hot);
}
