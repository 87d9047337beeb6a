/*
 * machine_device.c - devices of a machine: parameters, ports, place, wires.
 *
 * Model    Devices are made in the order of their names, so that the ids of
 *          their events and ports do not depend on the order of entries. Wires
 *          are connected when all devices are there.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "sim/machine_private.h"

/* -- devices -------------------------------------------------------------- */

static const ConfigParam *given_param(const ConfigDevice *cd,
                                      const ParamSpec *spec)
{
    for (unsigned i = 0; i < cd->params; i++) {
        if (cd->param[i].spec == spec) {
            return &cd->param[i];
        }
    }
    return NULL;
}

/* A device's own window onto a bus. */
static bool make_master(Machine *m, const ConfigDevice *cd,
                        const ParamSpec *spec, const char *bus,
                        MemoryPort *port, Error **errp)
{
    MachineBus *mb = machine_bus_named(m, bus, cd->at, errp);
    if (!mb) {
        return false;
    }
    const char *name = machine_string(m, "%s.%s", cd->name, spec->name);
    MachinePort *list = realloc(m->port, (m->ports + 1) * sizeof(*list));
    if (list) {
        m->port = list;
    }
    if (!name || !list) {
        return machine_no_memory(errp);
    }
    if (!port_init(port, &mb->as, name, machine_bus_clock(m, mb),
                   machine_bus_timing(mb), false, errp)) {
        return machine_blame(errp, cd->at);
    }
    m->port[m->ports++] = (MachinePort){.port = port,
                                        .kind = cd->cls->name,
                                        .owner = cd->name,
                                        .part = spec->name};
    return true;
}

/* The configuration was checked: it is there. */
static MemoryRegion *find_memory(Machine *m, const char *name)
{
    for (unsigned i = 0; i < m->memories; i++) {
        if (!strcmp(m->memory[i].name, name)) {
            return &m->memory[i].region;
        }
    }
    return NULL;
}

static bool set_param(Machine *m, const ConfigDevice *cd, const ParamSpec *spec,
                      Device *dev, Error **errp)
{
    const ConfigParam *given = given_param(cd, spec);
    void *at = (char *)dev + spec->offset;
    switch (spec->type) {
    case PARAM_UINT:
    case PARAM_SIZE:
    case PARAM_TIME:
    case PARAM_HZ:
        *(uint64_t *)at = given ? given->number : spec->preset;
        return true;
    case PARAM_BOOL:
        *(bool *)at = (given ? given->number : spec->preset) != 0;
        return true;
    case PARAM_FILE:
    case PARAM_TEXTS:
    case PARAM_STRING:
        *(const char **)at = given ? given->text : spec->text;
        return true;
    case PARAM_MEMORY:
        *(MemoryRegion **)at = given ? find_memory(m, given->text) : NULL;
        return true;
    case PARAM_DEVICE: return true; /* machine_link_devices() does */
    case PARAM_MASTER:
        return make_master(m, cd, spec, given ? given->text : cd->bus, at,
                           errp);
    }
    return true;
}

/* Undoes what was made of a device that could not be completed. */
static bool drop_device(Machine *m, const ConfigDevice *cd, Device *dev)
{
    while (m->ports && m->port[m->ports - 1].owner == cd->name) {
        port_fini(m->port[--m->ports].port);
    }
    free(dev);
    return false;
}

/* Where the parameter is that the message begins with, else the entry. */
static ConfigPlace place_of(const ConfigDevice *cd, const char *message)
{
    size_t word = strcspn(message, ":");
    for (unsigned i = 0; i < cd->params; i++) {
        const char *name = cd->param[i].spec->name;
        if (strlen(name) == word && !strncmp(name, message, word)) {
            return cd->param[i].at;
        }
    }
    return cd->at;
}

static bool init_device(const ConfigDevice *cd, Device *dev, Error **errp)
{
    Error *err = NULL;
    if (cd->cls->init(dev, &err)) {
        return true;
    }
    ConfigPlace at = place_of(cd, error_message(err));
    error_set(errp, "%s", error_message(err));
    error_free(err);
    return machine_blame(errp, at);
}

static bool make_device(Machine *m, const ConfigDevice *cd, Error **errp)
{
    MachineBus *mb = machine_bus_named(m, cd->bus, cd->at, errp);
    if (!mb) {
        return false;
    }
    Device *dev = calloc(1, cd->cls->size);
    if (!dev) {
        return machine_no_memory(errp);
    }
    dev->cls = cd->cls;
    dev->name = cd->name;
    dev->events = &m->events;
    dev->clock = machine_bus_clock(m, mb);
    dev->host = &m->host;
    for (const ParamSpec *s = cd->cls->params; s && s->name; s++) {
        if (!set_param(m, cd, s, dev, errp)) {
            return drop_device(m, cd, dev);
        }
    }
    if (!init_device(cd, dev, errp)) {
        return drop_device(m, cd, dev);
    }
    if (cd->cls->mmio_size && !memory_region_check_ops(dev->mmio.ops, errp)) {
        error_prepend(errp,
                      "device type %s contradicts itself: ", cd->cls->name);
        machine_blame(errp, cd->at);
        return drop_device(m, cd, dev);
    }
    MachineDevice *md = &m->device[m->devices++];
    *md = (MachineDevice){.dev = dev, .address = cd->address, .bus = mb};
    if (cd->cls->mmio_size) {
        const MachinePlacing where = {.region = &dev->mmio,
                                      .address = cd->address,
                                      .overlap = cd->overlap,
                                      .priority = cd->priority};
        machine_set_waits(m, &md->waits, mb, &cd->waits, &dev->mmio);
        if (!machine_place(m, mb, &where, errp)) {
            return false;
        }
    }
    if (!m->clint && !strcmp(cd->cls->name, "clint")) {
        m->clint = dev;
    }
    return true;
}

bool machine_make_devices(Machine *m, Error **errp)
{
    const Config *cfg = m->cfg;
    m->device = calloc(cfg->devices + 1, sizeof(*m->device));
    MachineName *order = MACHINE_SORT_NAMES(cfg->device, cfg->devices);
    bool ok = (m->device && order) || machine_no_memory(errp);
    for (unsigned i = 0; ok && i < cfg->devices; i++) {
        ok = make_device(m, &cfg->device[order[i].index], errp);
    }
    free(order);
    return ok;
}

/* In the order of their names, so that the order of entries decides nothing. */
bool machine_link_devices(Machine *m, Error **errp)
{
    const Config *cfg = m->cfg;
    MachineName *order = MACHINE_SORT_NAMES(cfg->device, cfg->devices);
    bool ok = order || machine_no_memory(errp);
    for (unsigned i = 0; ok && i < cfg->devices; i++) {
        const ConfigDevice *cd = &cfg->device[order[i].index];
        Device *dev = machine_find_device(m, cd->name)->dev;
        for (unsigned k = 0; k < cd->params; k++) {
            const ParamSpec *s = cd->param[k].spec;
            if (s->type == PARAM_DEVICE) {
                *(Device **)(void *)((char *)dev + s->offset) =
                    machine_find_device(m, cd->param[k].text)->dev;
            }
        }
        ok = !dev->cls->link || dev->cls->link(dev, errp) ||
             machine_blame(errp, cd->at);
    }
    free(order);
    return ok;
}

static bool make_wire(Machine *m, Device *from, const ConfigWire *w,
                      Error **errp)
{
    Irq *irq = (Irq *)(void *)((char *)from + w->pin->offset) + w->index;
    for (unsigned i = 0; i < m->harts; i++) {
        if (!strcmp(m->cfg->cpu[i].name, w->target)) {
            irq->set = hart_set_irq;
            irq->opaque = m->hart[i];
            irq->line = w->line;
            return true;
        }
    }
    MachineDevice *to = machine_find_device(m, w->target);
    if (!to || !to->dev->cls->irq_in) {
        error_set(errp,
                  "%s has no interrupt inputs; name a cpu or an "
                  "interrupt controller",
                  w->target);
        return machine_blame(errp, w->at);
    }
    unsigned lines =
        to->dev->cls->irq_lines ? to->dev->cls->irq_lines(to->dev) : UINT_MAX;
    if (w->line >= lines) {
        error_set(errp, "%s has no input %u; its inputs are 0 to %u", w->target,
                  w->line, lines - 1);
        return machine_blame(errp, w->at);
    }
    irq->set = to->dev->cls->irq_in;
    irq->opaque = to->dev;
    irq->line = w->line;
    return true;
}

bool machine_make_wires(Machine *m, Error **errp)
{
    for (unsigned i = 0; i < m->cfg->devices; i++) {
        const ConfigDevice *cd = &m->cfg->device[i];
        Device *from = machine_find_device(m, cd->name)->dev;
        for (unsigned k = 0; k < cd->wires; k++) {
            if (!make_wire(m, from, &cd->wire[k], errp)) {
                return false;
            }
        }
    }
    return true;
}
