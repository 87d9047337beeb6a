/*
 * dictionary.c - what is said once: clocks, initiators, regions, buses,
 * symbols, and the run's keys.
 *
 * Model    Ids are those of memory/ (initiators, regions), of the timing model
 *          (buses), or the order of their making. Regions and initiators that
 *          appear in records without having been added are added then.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "traces/store.h"

/* -- run, constants ------------------------------------------------------- */

void trace_set_run(TraceStore *ts, const char *key, const char *value)
{
    store_run(ts, "insert or replace into run values(?,?)", "tt", key, value);
}

void trace_set_run_number(TraceStore *ts, const char *key, uint64_t value)
{
    store_run(ts, "insert or replace into run values(?,?)", "tu", key, value);
}

void dictionary_write_constants(TraceStore *ts)
{
    for (unsigned i = 0; i < ACCESS_KINDS; i++) {
        store_run(ts, "insert into kind values(?,?,0)", "it", (int64_t)i,
                  access_kind_name[i]);
    }
    for (unsigned i = 0; i < BEAT_CAUSES; i++) {
        store_run(ts, "insert into cause values(?,?)", "it", (int64_t)i,
                  beat_cause_name[i]);
    }
}

const char *dictionary_dir(unsigned dir)
{
    return dir == DIR_READ ? "r" : dir == DIR_WRITE ? "w" : "rw";
}

/* -- clocks --------------------------------------------------------------- */

uint32_t dictionary_clock(TraceStore *ts, const ClockDomain *clk)
{
    if (!clk) {
        return 0;
    }
    for (uint32_t i = 0; i < ts->clocks; i++) {
        if (ts->clock[i] == clk) {
            return i + 1;
        }
    }
    const ClockDomain **clock =
        store_grow(ts, ts->clock, ts->clocks + 1, sizeof(const ClockDomain *));
    if (!clock) {
        return 0;
    }
    ts->clock = clock;
    ts->clock[ts->clocks++] = clk;
    store_run(ts, "insert into clock values(?,?,?)", "itu", (int64_t)ts->clocks,
              clk->name, clk->hz);
    return ts->clocks;
}

void trace_add_clock(TraceStore *ts, const ClockDomain *clk)
{
    dictionary_clock(ts, clk);
}

/* -- initiators ----------------------------------------------------------- */

/* The slot of an id, made if it is new; NULL when there is no memory. */
static StoreInitiator *initiator_slot(TraceStore *ts, uint32_t id)
{
    if (id >= ts->initiators) {
        StoreInitiator *initiator =
            store_grow(ts, ts->initiator, id + 1, sizeof(*initiator));
        if (!initiator) {
            return NULL;
        }
        memset(initiator + ts->initiators, 0,
               (id + 1 - ts->initiators) * sizeof(*initiator));
        ts->initiator = initiator;
        ts->initiators = id + 1;
    }
    return &ts->initiator[id];
}

void trace_add_initiator(TraceStore *ts, const MemoryPort *port,
                         const char *kind, const char *owner, const char *part)
{
    StoreInitiator *slot = initiator_slot(ts, port->id);
    if (!slot || slot->known) {
        return;
    }
    slot->known = true;
    slot->name = strdup(port->name ? port->name : "");
    slot->owner = strdup(owner ? owner : "");
    slot->clock = port->clock;
    uint32_t clock = dictionary_clock(ts, port->clock);
    store_run(ts, "insert into initiator values(?,?,?,?,?,?,?,?)", "ittttiit",
              (int64_t)port->id, port->name, kind, owner, part, (int64_t)clock,
              (int64_t)port->priority,
              port->timing ? port->timing->name : NULL);
}

void dictionary_initiator(TraceStore *ts, const MemoryPort *port)
{
    if (port->id >= ts->initiators || !ts->initiator[port->id].known) {
        trace_add_initiator(ts, port, "port", port->name, "");
    }
}

bool dictionary_known_initiator(TraceStore *ts, uint32_t id, const char *name)
{
    StoreInitiator *slot = initiator_slot(ts, id);
    if (slot && !slot->known) {
        slot->known = true;
        slot->name = strdup(name ? name : "");
    }
    return slot != NULL;
}

const char *dictionary_initiator_name(const TraceStore *ts, uint32_t id)
{
    return id < ts->initiators ? ts->initiator[id].name : NULL;
}

const char *dictionary_owner(const TraceStore *ts, uint32_t id)
{
    return id < ts->initiators ? ts->initiator[id].owner : NULL;
}

/* -- regions -------------------------------------------------------------- */

static StoreRegion *region_slot(TraceStore *ts, uint32_t id)
{
    if (id >= ts->regions) {
        StoreRegion **region =
            store_grow(ts, ts->region, (size_t)id + 1, sizeof(*region));
        if (!region) {
            return NULL;
        }
        memset(region + ts->regions, 0,
               (id + 1 - ts->regions) * sizeof(*region));
        ts->region = region;
        ts->regions = id + 1;
    }
    if (!ts->region[id]) {
        ts->region[id] = calloc(1, sizeof(*ts->region[id]));
        if (!ts->region[id]) {
            store_fail(ts, SQLITE_NOMEM);
        }
    }
    return ts->region[id];
}

static uint64_t region_size(const MemoryRegion *mr)
{
    return mr->size > UINT64_MAX ? UINT64_MAX : (uint64_t)mr->size;
}

void trace_add_region(TraceStore *ts, const MemoryRegion *mr, const char *type,
                      const char *bus, uint64_t address, const DeviceClass *cls)
{
    StoreRegion *slot = region_slot(ts, mr->id);
    if (!slot) {
        return;
    }
    if (!slot->known) {
        slot->known = true;
        slot->io = strcmp(type, "io") == 0;
        slot->cls = cls;
        slot->name = strdup(mr->name ? mr->name : "");
        store_run(ts, "insert into region values(?,?,?,?,?,?,?)", "itttuut",
                  (int64_t)mr->id, mr->name, type, bus, address,
                  region_size(mr), cls ? cls->name : NULL);
        if (cls) {
            registers_add(ts, mr->id, cls);
        }
    }
    trace_map(ts, 0, mr, address, region_size(mr), true);
}

void trace_map(TraceStore *ts, uint64_t time_ps, const MemoryRegion *mr,
               uint64_t address, uint64_t size, bool mapped)
{
    pthread_mutex_lock(&ts->lock);
    dictionary_region(ts, mr->id, mr);
    pthread_mutex_unlock(&ts->lock);
    store_run(ts, "insert into region_map values(?,?,?,?,?)", "uiuiu", time_ps,
              (int64_t)mr->id, address, (int64_t)mapped, size);
}

static const char *region_type(const MemoryRegion *mr)
{
    if (mr->rom_device) {
        return "romd";
    }
    return !mr->ram ? "io" : mr->readonly ? "rom" : "ram";
}

StoreRegion *dictionary_region(TraceStore *ts, uint32_t id,
                               const MemoryRegion *mr)
{
    if (!id) {
        return NULL;
    }
    StoreRegion *slot = region_slot(ts, id);
    if (slot && !slot->known && mr) {
        slot->known = true;
        slot->io = !mr->ram && !mr->rom_device;
        slot->name = strdup(mr->name ? mr->name : "");
        store_run(ts, "insert into region values(?,?,?,null,null,?,null)",
                  "ittu", (int64_t)id, mr->name, region_type(mr),
                  region_size(mr));
    }
    return slot;
}

bool dictionary_known_region(TraceStore *ts, uint32_t id, const char *name,
                             bool io, const DeviceClass *cls)
{
    StoreRegion *slot = region_slot(ts, id);
    if (slot && !slot->known) {
        *slot = (StoreRegion){.known = true,
                              .io = io,
                              .cls = cls,
                              .name = strdup(name ? name : "")};
    }
    return slot != NULL;
}

/* -- buses ---------------------------------------------------------------- */

void trace_add_bus(TraceStore *ts, const Bus *bus)
{
    uint32_t clock = dictionary_clock(ts, bus->clock);
    static const char *const arbitrations[] = {[BUS_FIXED] = "fixed",
                                               [BUS_ROUND_ROBIN] =
                                                   "round_robin",
                                               [BUS_TDM] = "tdm"};
    store_run(ts, "insert into bus values(?,?,?,?,?,?,?,?,?)", "itiiittii",
              (int64_t)bus->model.id, bus->model.name, (int64_t)bus->width,
              (int64_t)clock, (int64_t)bus->overhead,
              arbitrations[bus->arbitration],
              bus->crossbar ? "crossbar" : "shared", (int64_t)bus->burst,
              (int64_t)bus->outstanding);
}

/* -- symbols -------------------------------------------------------------- */

void trace_add_symbol(TraceStore *ts, uint64_t address, uint64_t size,
                      const char *name)
{
    if (ts->symbols_sorted) {
        store_fail_text(ts, "a symbol was added after the recorder was taken");
        return;
    }
    if (ts->symbols == ts->symbol_capacity) {
        uint32_t capacity = ts->symbol_capacity ? 2 * ts->symbol_capacity : 256;
        StoreSymbol *symbol =
            store_grow(ts, ts->symbol, capacity, sizeof(*symbol));
        if (!symbol) {
            return;
        }
        ts->symbol = symbol;
        ts->symbol_capacity = capacity;
    }
    char *copy = strdup(name);
    if (!copy) {
        store_fail(ts, SQLITE_NOMEM);
        return;
    }
    ts->symbol[ts->symbols] = (StoreSymbol){
        .address = address, .size = size, .name = copy, .order = ts->symbols};
    ts->symbols++;
}

/* By address; of equals the one to be named comes last: sized before unsized,
 * then the one added first. */
static int symbol_order(const void *a, const void *b)
{
    const StoreSymbol *x = a, *y = b;
    if (x->address != y->address) {
        return x->address < y->address ? -1 : 1;
    }
    if (!x->size != !y->size) {
        return x->size ? 1 : -1;
    }
    return x->order < y->order ? 1 : x->order > y->order ? -1 : 0;
}

static uint64_t symbol_end(const TraceStore *ts, uint32_t i)
{
    const StoreSymbol *s = &ts->symbol[i];
    if (s->size) {
        return s->address + s->size < s->address ? UINT64_MAX
                                                 : s->address + s->size;
    }
    while (++i < ts->symbols && ts->symbol[i].address == s->address) {
    }
    return i < ts->symbols ? ts->symbol[i].address : UINT64_MAX;
}

void dictionary_known_symbols(TraceStore *ts)
{
    ts->symbols_sorted = true;
    uint64_t reach = 0;
    for (uint32_t i = 0; i < ts->symbols; i++) {
        uint64_t end = symbol_end(ts, i);
        reach = reach > end ? reach : end;
        ts->symbol[i].reach = reach;
    }
}

void dictionary_seal_symbols(TraceStore *ts)
{
    if (ts->symbols_sorted) {
        return;
    }
    if (ts->symbols) {
        qsort(ts->symbol, ts->symbols, sizeof(*ts->symbol), symbol_order);
    }
    dictionary_known_symbols(ts);
    for (uint32_t i = 0; i < ts->symbols; i++) {
        const StoreSymbol *s = &ts->symbol[i];
        store_run(ts, "insert into symbol values(?,?,?,?)", "iuut",
                  (int64_t)i + 1, s->address, s->size, s->name);
    }
}

/* The innermost sized symbol that holds address; a label without a size only
 * where there is none. */
uint32_t dictionary_symbol(TraceStore *ts, uint64_t address)
{
    uint32_t low = 0, high = ts->symbols; /* first one above address */
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (ts->symbol[mid].address <= address) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    uint32_t unsized = 0;
    while (low > 0 && ts->symbol[low - 1].reach > address) {
        if (symbol_end(ts, low - 1) > address) {
            if (ts->symbol[low - 1].size) {
                return low;
            }
            unsized = unsized ? unsized : low;
        }
        low--;
    }
    return unsized;
}

const char *dictionary_symbol_name(const TraceStore *ts, uint32_t id)
{
    return id ? ts->symbol[id - 1].name : NULL;
}

/* -- end ------------------------------------------------------------------ */

void dictionary_free(TraceStore *ts)
{
    for (uint32_t i = 0; i < ts->initiators; i++) {
        free(ts->initiator[i].name);
        free(ts->initiator[i].owner);
    }
    for (uint32_t i = 0; i < ts->regions; i++) {
        if (ts->region[i]) {
            free(ts->region[i]->name);
            free(ts->region[i]);
        }
    }
    for (uint32_t i = 0; i < ts->symbols; i++) {
        free(ts->symbol[i].name);
    }
    free(ts->initiator);
    free(ts->region);
    free(ts->symbol);
    /* an array of pointers to constants is freed as an array of pointers */
    free((void *)(uintptr_t)ts->clock);
}
