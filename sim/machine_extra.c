/*
 * machine_extra.c - what others add to a machine: initiators, regions, wires;
 * and what they take out of it: direct pointers into its memory.
 *
 * Model    Everything that is added is in the dictionaries of a database, as if
 *          it were in the configuration. Direct pointers are counted and the
 *          first of them named, because accesses through them are not seen.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config_node.h"
#include "sim/machine_private.h"

/* -- initiators ------------------------------------------------------------ */

static MemoryPort *add_port(Machine *m, const char *name, AddressSpace *as,
                            const ClockDomain *clock, TimingModel *timing,
                            const char *kind, Error **errp)
{
    const char *owned = machine_string(m, "%s", name);
    const char *owned_kind = machine_string(m, "%s", kind);
    MemoryPort *port = calloc(1, sizeof(*port));
    MachinePort *list = realloc(m->port, (m->ports + 1) * sizeof(*list));
    if (list) {
        m->port = list;
    }
    if (!owned || !owned_kind || !port || !list) {
        free(port);
        machine_no_memory(errp);
        return NULL;
    }
    MemoryWorld *outer = memory_world_enter(m->world);
    bool ok = port_init(port, as, owned, clock, timing, 1, errp);
    memory_world_enter(outer);
    if (!ok) {
        free(port);
        return NULL;
    }
    m->port[m->ports++] = (MachinePort){.port = port,
                                        .kind = owned_kind,
                                        .owner = owned,
                                        .part = owned_kind,
                                        .allocated = true};
    if (m->trace) {
        trace_add_initiator(m->trace, port, owned_kind, owned, owned_kind);
    }
    return port;
}

MemoryPort *machine_add_port(Machine *m, const char *name, const char *bus,
                             const char *kind, Error **errp)
{
    MachineBus *mb = machine_find_bus(m, bus);
    if (!mb) {
        error_set(errp, "no bus %s for %s; name one of `buses:`", bus, name);
        return NULL;
    }
    return add_port(m, name, &mb->as, mb->api.clock, mb->api.timing, kind,
                    errp);
}

MemoryPort *machine_add_port_in(Machine *m, const char *name, AddressSpace *as,
                                const char *kind, Error **errp)
{
    return add_port(m, name, as, machine_clock(m), NULL, kind, errp);
}

/* -- regions --------------------------------------------------------------- */

static void describe(TraceStore *ts, const MachineExtra *e)
{
    trace_add_region(ts, e->mr, e->type, e->bus, e->address, NULL);
}

void machine_describe_extras(const Machine *m, TraceStore *ts)
{
    for (unsigned i = 0; i < m->extras; i++) {
        describe(ts, &m->extra[i]);
    }
}

bool machine_add_region(Machine *m, MemoryRegion *mr, const char *type,
                        const char *bus, uint64_t address, Error **errp)
{
    MachineExtra *list = realloc(m->extra, (m->extras + 1) * sizeof(*list));
    if (!list) {
        return machine_no_memory(errp);
    }
    m->extra = list;
    m->extra[m->extras++] =
        (MachineExtra){.mr = mr, .type = type, .bus = bus, .address = address};
    if (m->trace) {
        describe(m->trace, &m->extra[m->extras - 1]);
    }
    return true;
}

void machine_remove_region(Machine *m, const MemoryRegion *mr)
{
    for (unsigned i = 0; i < m->extras; i++) {
        if (m->extra[i].mr == mr) {
            memmove(&m->extra[i], &m->extra[i + 1],
                    (--m->extras - i) * sizeof(*m->extra));
            return;
        }
    }
}

/* -- direct pointers ------------------------------------------------------- */

void machine_note_grant(Machine *m, const MemoryPort *port,
                        const MemoryRegion *mr, uint64_t first, uint64_t last)
{
    const MachineGrant g = {port->name, memory_region_name(mr), first, last};
    for (unsigned i = 0; i < m->grants && i < GRANTS_NAMED; i++) {
        const MachineGrant *o = &m->grant[i];
        if (o->port == g.port && o->first == first && o->last == last) {
            return;
        }
    }
    if (m->grants < GRANTS_NAMED) {
        m->grant[m->grants] = g;
    }
    m->grants++;
}

void machine_describe_grants(const Machine *m, TraceStore *ts)
{
    char text[1024] = "";
    size_t n = 0;
    for (unsigned i = 0; i < m->grants && i < GRANTS_NAMED; i++) {
        const MachineGrant *g = &m->grant[i];
        n += (size_t)snprintf(
            text + n, sizeof(text) - n,
            "%s%.40s to %.40s (0x%" PRIx64 " to 0x%" PRIx64 ")", i ? ", " : "",
            g->port, g->region, g->first, g->last);
    }
    if (m->grants > GRANTS_NAMED) {
        snprintf(text + n, sizeof(text) - n, " and %" PRIu64 " more",
                 m->grants - GRANTS_NAMED);
    }
    trace_set_grants(ts, text);
}

void machine_note_time(Machine *m, uint64_t ps)
{
    m->time = m->time < ps ? ps : m->time;
}

/* -- wires ----------------------------------------------------------------- */

/* Splits "name.line"; false: there is no dot. */
static bool split(const char *text, char *name, size_t size, const char **line)
{
    const char *dot = strchr(text, '.');
    if (!dot || (size_t)(dot - text) >= size) {
        return false;
    }
    memcpy(name, text, (size_t)(dot - text));
    name[dot - text] = '\0';
    *line = dot + 1;
    return true;
}

static bool number(const char *text, unsigned *value)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    *value = (unsigned)n;
    return *text >= '0' && *text <= '9' && !*end && n <= UINT32_MAX;
}

bool machine_find_input(Machine *m, const char *name, Irq *irq, Error **errp)
{
    char owner[128];
    const char *line;
    if (!split(name, owner, sizeof(owner), &line)) {
        return error_set(errp,
                         "\"%.80s\" is no input; write DEVICE.NUMBER or "
                         "CPU.LINE, such as plic0.10 or cpu0.mei",
                         name);
    }
    *irq = (Irq){0};
    for (unsigned i = 0; i < m->harts; i++) {
        if (strcmp(hart_config(m->hart[i])->name, owner) != 0) {
            continue;
        }
        if (!config_hart_line(line, &irq->line)) {
            return error_set(errp,
                             "%s has no input \"%.40s\"; it has msi, mti, "
                             "mei and sei",
                             owner, line);
        }
        irq->set = hart_set_irq;
        irq->opaque = m->hart[i];
        return true;
    }
    MachineDevice *md = machine_find_device(m, owner);
    if (!md || !md->dev->cls->irq_in) {
        return error_set(errp,
                         "%.80s has no interrupt inputs; name a cpu or an "
                         "interrupt controller",
                         owner);
    }
    unsigned lines =
        md->dev->cls->irq_lines ? md->dev->cls->irq_lines(md->dev) : UINT32_MAX;
    if (!number(line, &irq->line) || irq->line >= lines) {
        return error_set(errp, "%s has no input \"%.40s\"; it has 0 to %u",
                         owner, line, lines - 1);
    }
    irq->set = md->dev->cls->irq_in;
    irq->opaque = md->dev;
    return true;
}

Irq *machine_find_output(Machine *m, const char *name, Error **errp)
{
    char owner[128], pin[64];
    const char *rest, *index = "0";
    MachineDevice *md = NULL;
    if (split(name, owner, sizeof(owner), &rest)) {
        md = machine_find_device(m, owner);
        if (!split(rest, pin, sizeof(pin), &index)) {
            snprintf(pin, sizeof(pin), "%s", rest);
        }
    }
    for (const PinSpec *p = md ? md->dev->cls->pins : NULL; p && p->name; p++) {
        unsigned n;
        if (!strcmp(p->name, pin) && number(index, &n) && n < p->count) {
            return (Irq *)(void *)((char *)md->dev + p->offset) + n;
        }
    }
    error_set(errp,
              "no device has the output \"%.80s\"; write DEVICE.PIN or "
              "DEVICE.PIN.NUMBER; `socscope devices TYPE` lists pins",
              name);
    return NULL;
}
