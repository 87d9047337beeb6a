/*
 * machine.c - composes a machine from a configuration, and takes it apart.
 *
 * Model    Buses, memories and devices are made in the order of their names,
 *          harts in the order of the file (it gives the hart ids): ids of
 *          initiators, events and timing models do not depend on the order of
 *          other entries. Harts are machine_hart.c, devices and wires
 *          machine_device.c, the run loop machine_run.c, what devices see of
 *          the machine and serial input machine_host.c, what the guest does
 *          wrong machine_guest.c, loading machine_load.c, the description in a
 *          database machine_trace.c.
 * Missing  Reset at run time: a guest that asks for one ends the run.
 */
#include "sim/machine.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/machine_private.h"

bool machine_no_memory(Error **errp)
{
    return error_set(errp, "the host has no memory left for this machine; make "
                           "its memories smaller");
}

bool machine_blame(Error **errp, ConfigPlace at)
{
    if (at.line) {
        return error_prepend(errp, "%s:%u: ", at.file, at.line);
    }
    return error_prepend(errp, "%s: ", at.file);
}

const char *machine_string(Machine *m, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    MachineString *s = malloc(sizeof(*s) + (size_t)len + 1);
    if (!s) {
        return NULL;
    }
    va_start(ap, fmt);
    vsnprintf(s->text, (size_t)len + 1, fmt, ap);
    va_end(ap);
    s->next = m->strings;
    m->strings = s;
    return s->text;
}

/* -- names in order ------------------------------------------------------- */

static int name_compare(const void *a, const void *b)
{
    const MachineName *x = a, *y = b;
    return strcmp(x->name, y->name);
}

MachineName *machine_sort_names(const void *first, size_t step, unsigned n)
{
    MachineName *order = calloc(n ? n : 1, sizeof(*order));
    if (!order) {
        return NULL;
    }
    for (unsigned i = 0; i < n; i++) {
        const char *at = (const char *)first + i * step;
        memcpy(&order[i].name, at, sizeof(order[i].name));
        order[i].index = i;
    }
    qsort(order, n, sizeof(*order), name_compare);
    return order;
}

/* -- clocks --------------------------------------------------------------- */

/* One domain per frequency; named after its first user. */
const ClockDomain *machine_clock_get(Machine *m, const char *name, uint64_t hz)
{
    MachineClock **at = &m->clocks;
    for (; *at; at = &(*at)->next) {
        if ((*at)->domain.hz == hz) {
            return &(*at)->domain;
        }
    }
    MachineClock *clk = calloc(1, sizeof(*clk));
    if (!clk) {
        return NULL;
    }
    clock_init(&clk->domain, name, hz);
    *at = clk;
    return &clk->domain;
}

/* -- buses ---------------------------------------------------------------- */

static uint64_t unmapped_read(void *opaque, hwaddr addr, unsigned size)
{
    MachineUnmapped *u = opaque;
    char text[96];
    snprintf(text, sizeof(text), "read of %u bytes at 0x%llx: nothing is there",
             size, (unsigned long long)addr);
    machine_guest_error(u->machine, memory_region_name(&u->region), "read",
                        text);
    return 0;
}

static void unmapped_write(void *opaque, hwaddr addr, uint64_t data,
                           unsigned size)
{
    MachineUnmapped *u = opaque;
    char text[128];
    snprintf(text, sizeof(text),
             "write of %u bytes at 0x%llx: nothing is there (value 0x%llx)",
             size, (unsigned long long)addr, (unsigned long long)data);
    machine_guest_error(u->machine, memory_region_name(&u->region), "write",
                        text);
}

static const MemoryRegionOps unmapped_ops = {
    .read = unmapped_read,
    .write = unmapped_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
};

TimingModel *machine_bus_timing(MachineBus *mb)
{
    return mb->untimed ? NULL : &mb->bus.model;
}

/* The shared clock of a bus: ports and devices refer to it, not to the copy. */
const ClockDomain *machine_bus_clock(Machine *m, const MachineBus *mb)
{
    return machine_clock_get(m, mb->name, mb->clock.hz);
}

static void set_waits(WaitStates *ws, const ConfigWaits *waits)
{
    ws->read_first = waits->read_first;
    ws->read_next = waits->read_next;
    ws->write_first = waits->write_first;
    ws->write_next = waits->write_next;
}

static bool make_bus(Machine *m, const ConfigBus *cb, Error **errp)
{
    MachineBus *mb = &m->bus[m->buses];
    const ClockDomain *clk = machine_clock_get(m, cb->name, cb->clock_hz);
    if (!clk) {
        return machine_no_memory(errp);
    }
    mb->name = cb->name;
    mb->clock = *clk;
    mb->untimed = cb->untimed;
    mb->bus.model.name = cb->name;
    if (!cb->untimed) {
        if (!bus_init(&mb->bus, cb->name, clk, &m->events, cb->width, errp)) {
            return machine_blame(errp, cb->at);
        }
        mb->bus.overhead = cb->overhead;
        set_waits(&mb->bus.target_waits, &cb->waits);
        mb->bus.arbitration = cb->arbitration;
        mb->bus.model.id = ++m->timing_ids;
    }
    memory_region_init(&mb->root, NULL, cb->name, UINT64_MAX);
    address_space_init(&mb->as, &mb->root, cb->name);
    MachineUnmapped *u = &m->unmapped[m->buses++];
    if (!m->cfg->unmapped_fault) {
        u->machine = m;
        memory_region_init_io(&u->region, NULL, &unmapped_ops, u, "unmapped",
                              UINT64_MAX);
        memory_region_add_subregion_overlap(&mb->root, 0, &u->region, INT_MIN);
        u->mapped = true;
    }
    return true;
}

static bool make_buses(Machine *m, Error **errp)
{
    const Config *cfg = m->cfg;
    m->bus = calloc(cfg->buses + 1, sizeof(*m->bus));
    m->unmapped = calloc(cfg->buses + 1, sizeof(*m->unmapped));
    MachineName *order = MACHINE_SORT_NAMES(cfg->bus, cfg->buses);
    bool ok = (m->bus && m->unmapped && order) || machine_no_memory(errp);
    for (unsigned i = 0; ok && i < cfg->buses; i++) {
        ok = make_bus(m, &cfg->bus[order[i].index], errp);
    }
    free(order);
    return ok;
}

/* A bus that an entry names; config/ has checked it, so failing is rare. */
MachineBus *machine_bus_named(Machine *m, const char *name, ConfigPlace at,
                              Error **errp)
{
    MachineBus *mb = machine_find_bus(m, name);
    if (!mb) {
        error_set(errp, "no bus %s; name one of `buses:`", name);
        machine_blame(errp, at);
    }
    return mb;
}

/* -- memories ------------------------------------------------------------- */

/* Gives a region its wait states; none: no model. */
void machine_set_waits(Machine *m, WaitStates *ws, MachineBus *mb,
                       const ConfigWaits *own, MemoryRegion *mr)
{
    wait_states_init(ws, memory_region_name(mr), machine_bus_clock(m, mb));
    set_waits(ws, own);
    if (!mb->untimed && (ws->read_first || ws->read_next || ws->write_first ||
                         ws->write_next)) {
        ws->model.id = ++m->timing_ids;
        mr->timing = &ws->model;
    }
}

void machine_map(MachineBus *mb, uint64_t address, MemoryRegion *mr,
                 bool overlap, int priority)
{
    if (overlap || priority) {
        memory_region_add_subregion_overlap(&mb->root, address, mr, priority);
    } else {
        memory_region_add_subregion(&mb->root, address, mr);
    }
}

static bool make_memory(Machine *m, const ConfigMemory *cm, Error **errp)
{
    MachineBus *home = machine_bus_named(m, cm->bus[0], cm->at, errp);
    if (!home) {
        return false;
    }
    MachineMemory *mem = &m->memory[m->memories];
    Error *err = NULL;
    if (cm->rom) {
        memory_region_init_rom(&mem->region, NULL, cm->name, cm->size, &err);
    } else {
        memory_region_init_ram(&mem->region, NULL, cm->name, cm->size, &err);
    }
    m->memories++;
    mem->name = cm->name;
    mem->address = cm->address;
    mem->rom = cm->rom;
    if (err) {
        if (errp) {
            *errp = err;
            return machine_blame(errp, cm->at);
        }
        error_free(err);
        return false;
    }
    machine_map(home, cm->address, &mem->region, cm->overlap, cm->priority);
    machine_set_waits(m, &mem->waits, home, &cm->waits, &mem->region);
    for (unsigned i = 1; cm->bus[i]; i++) {
        MachineBus *mb = machine_bus_named(m, cm->bus[i], cm->at, errp);
        const char *name = machine_string(m, "%s@%s", cm->name, cm->bus[i]);
        if (!mb || !name) {
            return mb ? machine_no_memory(errp) : false;
        }
        MemoryRegion *alias = &m->alias[m->aliases++];
        memory_region_init_alias(alias, NULL, name, &mem->region, 0, cm->size);
        machine_map(mb, cm->address, alias, cm->overlap, cm->priority);
    }
    return true;
}

static bool make_memories(Machine *m, Error **errp)
{
    const Config *cfg = m->cfg;
    unsigned aliases = 0;
    for (unsigned i = 0; i < cfg->memories; i++) {
        for (unsigned k = 1; cfg->memory[i].bus[k]; k++) {
            aliases++;
        }
    }
    m->memory = calloc(cfg->memories + 1, sizeof(*m->memory));
    m->alias = calloc(aliases + 1, sizeof(*m->alias));
    MachineName *order = MACHINE_SORT_NAMES(cfg->memory, cfg->memories);
    bool ok = (m->memory && m->alias && order) || machine_no_memory(errp);
    for (unsigned i = 0; ok && i < cfg->memories; i++) {
        ok = make_memory(m, &cfg->memory[order[i].index], errp);
    }
    free(order);
    return ok;
}

/* -- ports ---------------------------------------------------------------- */

/* The ports of devices that call address_space_* themselves. */
static bool make_api_ports(Machine *m, Error **errp)
{
    for (unsigned i = 0; i < m->buses; i++) {
        MachineBus *mb = &m->bus[i];
        const char *name = machine_string(m, "%s.api", mb->name);
        if (!name) {
            return machine_no_memory(errp);
        }
        if (!port_init(&mb->api, &mb->as, name, machine_bus_clock(m, mb),
                       machine_bus_timing(mb), false, errp)) {
            return false;
        }
        mb->as.api = &mb->api;
    }
    return true;
}

/* -- life ----------------------------------------------------------------- */

static bool make_all(Machine *m, const MachineOptions *options, Error **errp)
{
    return make_buses(m, errp) && make_memories(m, errp) &&
           machine_make_harts(m, options, errp) &&
           machine_make_devices(m, errp) && machine_make_wires(m, errp) &&
           make_api_ports(m, errp) && machine_serial_init(m, errp) &&
           machine_make_posted(m, errp) && machine_load_images(m, errp) &&
           machine_load_scores(m, errp);
}

Machine *machine_new_with(const Config *cfg, const MachineOptions *options,
                          Error **errp)
{
    Machine *m = calloc(1, sizeof(*m));
    if (!m) {
        machine_no_memory(errp);
        return NULL;
    }
    m->cfg = cfg;
    m->firmware = "";
    m->limits = (MachineLimits){UINT64_MAX, UINT64_MAX, TIME_NEVER};
    m->world = memory_world_new();
    MemoryWorld *outer = memory_world_enter(m->world);
    event_queue_init(&m->events, m->world);
    m->events.shortened = machine_shortened;
    m->events.opaque = m;
    machine_host_init(m);
    bool ok = machine_clock_get(m, "machine", cfg->clock_hz) ||
              machine_no_memory(errp);
    ok = ok && make_all(m, options, errp);
    if (ok) {
        event_init(&m->events, &m->poll, "poll", EVENT_NORMAL,
                   machine_poll_event, m);
        machine_htif_init(m);
        machine_connect_stimecmp(m);
        machine_reset(m);
    }
    memory_world_enter(outer);
    if (!ok) {
        machine_free(m);
        return NULL;
    }
    return m;
}

Machine *machine_new(const Config *cfg, Error **errp)
{
    return machine_new_with(cfg, &(MachineOptions){.slow = false}, errp);
}

static void free_region(MemoryRegion *mr)
{
    if (mr->container) {
        memory_region_del_subregion(mr->container, mr);
    }
    memory_region_fini(mr);
}

static void free_buses(Machine *m)
{
    for (unsigned i = 0; i < m->buses; i++) {
        MachineBus *mb = &m->bus[i];
        mb->as.api = NULL;
        if (mb->api.name) {
            port_fini(&mb->api);
        }
        address_space_destroy(&mb->as);
        if (m->unmapped[i].mapped) {
            free_region(&m->unmapped[i].region);
        }
        memory_region_fini(&mb->root);
        if (!mb->untimed) {
            bus_fini(&mb->bus);
        }
    }
    free(m->bus);
    free(m->unmapped);
}

void machine_free(Machine *m)
{
    if (!m) {
        return;
    }
    MemoryWorld *outer = memory_world_enter(m->world);
    machine_detach_trace(m);
    machine_htif_detach(m);
    for (unsigned i = 0; i < m->harts; i++) {
        hart_free(m->hart[i]);
    }
    machine_free_caches(m);
    free(m->hart);
    free(m->trap);
    machine_posted_fini(m);
    for (unsigned i = 0; i < m->ports; i++) {
        port_fini(m->port[i].port);
        if (m->port[i].allocated) {
            free(m->port[i].port);
        }
    }
    free(m->port);
    for (unsigned i = 0; i < m->devices; i++) {
        Device *dev = m->device[i].dev;
        if (dev->cls->fini) {
            dev->cls->fini(dev);
        }
        free_region(&dev->mmio);
        free(dev);
    }
    free(m->device);
    for (unsigned i = 0; i < m->aliases; i++) {
        free_region(&m->alias[i]);
    }
    free(m->alias);
    for (unsigned i = 0; i < m->memories; i++) {
        free_region(&m->memory[i].region);
    }
    free(m->memory);
    free_buses(m);
    machine_serial_fini(m);
    machine_unload(m);
    event_queue_fini(&m->events);
    memory_world_enter(outer);
    memory_world_free(m->world);
    while (m->clocks) {
        MachineClock *next = m->clocks->next;
        free(m->clocks);
        m->clocks = next;
    }
    while (m->strings) {
        MachineString *next = m->strings->next;
        free(m->strings);
        m->strings = next;
    }
    machine_guest_fini(m);
    free(m);
}
