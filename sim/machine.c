/*
 * machine.c - composes a machine from a configuration, and takes it apart.
 *
 * Model    Buses, memories and devices are made in the order of their names,
 *          harts in the order of the file (it gives the hart ids): ids of
 *          initiators, events and timing models do not depend on the order of
 *          other entries. Buses are machine_bus.c, harts machine_hart.c,
 * devices and wires machine_device.c, the run loop machine_run.c, what devices
 * see of the machine and serial input machine_host.c, what the guest does wrong
 * machine_guest.c, loading machine_load.c, the description in a database
 * machine_trace.c.
 */
#include "sim/machine.h"

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

/* -- memories ------------------------------------------------------------- */

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
    const MachinePlacing where = {.region = &mem->region,
                                  .address = cm->address,
                                  .overlap = cm->overlap,
                                  .priority = cm->priority};
    machine_set_waits(m, &mem->waits, home, &cm->waits, &mem->region);
    if (cm->prefetch && mem->region.timing) {
        wait_states_prefetch(&mem->waits, cm->prefetch, home->bus.width);
    }
    bool ok = true;
    for (unsigned i = 0; ok && cm->bus[i]; i++) {
        MachineBus *mb = machine_bus_named(m, cm->bus[i], cm->at, errp);
        ok = mb && machine_place(m, mb, &where, errp);
    }
    return ok;
}

static bool make_memories(Machine *m, Error **errp)
{
    const Config *cfg = m->cfg;
    m->memory = calloc(cfg->memories + 1, sizeof(*m->memory));
    MachineName *order = MACHINE_SORT_NAMES(cfg->memory, cfg->memories);
    bool ok = (m->memory && order) || machine_no_memory(errp);
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
    return machine_make_buses(m, errp) && make_memories(m, errp) &&
           machine_make_harts(m, options, errp) &&
           machine_make_devices(m, errp) && machine_share_buses(m, errp) &&
           machine_link_devices(m, errp) && machine_make_wires(m, errp) &&
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
    m->most_resets = UINT64_MAX;
    m->world = memory_world_new();
    MemoryWorld *outer = memory_world_enter(m->world);
    event_queue_init(&m->events, m->world);
    m->events.shortened = machine_shortened;
    m->events.waits = machine_waits;
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

void machine_free(Machine *m)
{
    if (!m) {
        return;
    }
    MemoryWorld *outer = memory_world_enter(m->world);
    machine_detach_trace(m);
    machine_debug_end(m);
    machine_htif_detach(m);
    machine_free_images(m);
    for (unsigned i = 0; i < m->harts; i++) {
        hart_free(m->hart[i]);
    }
    machine_free_caches(m);
    free(m->hart);
    free(m->turn);
    free(m->trap);
    event_queue_clear(&m->events);
    machine_posted_fini(m);
    for (unsigned i = 0; i < m->ports; i++) {
        port_fini(m->port[i].port);
        if (m->port[i].allocated) {
            free(m->port[i].port);
        }
    }
    free(m->port);
    free(m->extra);
    machine_free_aliases(m);
    for (unsigned i = 0; i < m->devices; i++) {
        Device *dev = m->device[i].dev;
        if (dev->cls->fini) {
            dev->cls->fini(dev);
        }
        machine_free_region(&dev->mmio);
        free(dev);
    }
    free(m->device);
    for (unsigned i = 0; i < m->memories; i++) {
        machine_free_region(&m->memory[i].region);
    }
    free(m->memory);
    machine_free_buses(m);
    machine_serial_fini(m);
    machine_phase_fini(m);
    machine_unload(m);
    free(m->tree);
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
