/*
 * machine_host.c - what devices see of the machine around them, and input.
 *
 * Model    Bytes for a serial device wait in a queue until their simulated time
 *          and then enter as fast as the device takes them, from an event: the
 *          same bytes at the same times give the same run. What the host types
 *          is polled at an event, so it has such a time too, and is logged.
 * Units    picoseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/disk.h"
#include "sim/machine_private.h"

/* -- DeviceHost ----------------------------------------------------------- */

static void host_serial_out(void *opaque, Device *dev, uint8_t byte)
{
    Machine *m = opaque;
    machine_phase_byte(m, dev, byte);
    if (m->serial_fn) {
        m->serial_fn(m->serial_opaque, dev->name, byte, m->world->now);
    }
}

static void host_finish(void *opaque, Device *dev, int status)
{
    machine_finish(opaque, status);
}

static void host_reset_request(void *opaque, Device *dev)
{
    Machine *m = opaque;
    machine_guest_error(m, dev->name, "reset", "the guest asked for a reset");
    m->reset_due = true;
    if (m->running) {
        hart_stop_before(m->running, 0);
    }
}

static void host_phase(void *opaque, Device *dev, unsigned id)
{
    const Machine *m = opaque;
    if (id || m->phase < MACHINE_PHASE_NAMED) { /* the guest ends its own */
        machine_phase(opaque, id, NULL);
    }
}

static void host_guest_error(void *opaque, Device *dev, const char *text)
{
    machine_guest_error(opaque, dev->name, text, text);
}

void machine_host_init(Machine *m)
{
    m->host = (DeviceHost){
        .serial_out = host_serial_out,
        .serial_ready = machine_serial_ready,
        .finish = host_finish,
        .reset_request = host_reset_request,
        .phase = host_phase,
        .guest_error = host_guest_error,
        .traffic_ended = machine_traffic_ended,
        .disk_open = disk_open,
        .opaque = m,
    };
    machine_net_init(m);
}

/* -- serial input --------------------------------------------------------- */

static MachineSerial *serial_of(Machine *m, const Device *dev)
{
    for (unsigned i = 0; i < m->serials; i++) {
        if (m->serial[i].dev == dev) {
            return &m->serial[i];
        }
    }
    return NULL;
}

static void serial_enter(void *opaque, uint64_t when)
{
    MachineSerial *s = opaque;
    Machine *m = s->machine;
    while (s->first && s->first->when <= when) {
        SerialChunk *c = s->first;
        size_t from = c->used;
        while (c->used < c->len &&
               s->dev->cls->serial_in(s->dev, c->bytes[c->used])) {
            c->used++;
        }
        if (m->trace && c->used > from) {
            trace_input(m->trace, s->dev->name, when, c->bytes + from,
                        c->used - from);
        }
        if (c->used < c->len) {
            return; /* serial_ready comes */
        }
        s->first = c->next;
        free(c);
    }
    if (s->first) {
        event_schedule(&m->events, &s->enter, s->first->when);
    } else {
        s->last = NULL;
    }
}

void machine_serial_ready(void *opaque, Device *dev)
{
    Machine *m = opaque;
    MachineSerial *s = serial_of(m, dev);
    if (s && s->first) {
        event_schedule(&m->events, &s->enter, s->first->when);
    }
}

bool machine_serial_init(Machine *m, Error **errp)
{
    m->serial = calloc(m->devices + 1, sizeof(*m->serial));
    if (!m->serial) {
        return error_set(errp, "the host has no memory left");
    }
    for (unsigned i = 0; i < m->devices; i++) {
        Device *dev = m->device[i].dev;
        if (!dev->cls->serial_in) {
            continue;
        }
        MachineSerial *s = &m->serial[m->serials++];
        s->machine = m;
        s->dev = dev;
        event_init(&m->events, &s->enter, dev->name, EVENT_NORMAL, serial_enter,
                   s);
    }
    return true;
}

void machine_serial_fini(Machine *m)
{
    for (unsigned i = 0; i < m->serials; i++) {
        while (m->serial[i].first) {
            SerialChunk *next = m->serial[i].first->next;
            free(m->serial[i].first);
            m->serial[i].first = next;
        }
    }
    free(m->serial);
}

MachineDevice *machine_find_serial(Machine *m, const char *name)
{
    for (unsigned i = 0; i < m->devices; i++) {
        MachineDevice *md = &m->device[i];
        if (md->dev->cls->serial_in &&
            (!name[0] || !strcmp(name, md->dev->name))) {
            return md;
        }
    }
    return NULL;
}

bool machine_serial_input(Machine *m, const char *device, uint64_t when,
                          const void *bytes, size_t len, Error **errp)
{
    MachineDevice *md = machine_find_serial(m, device);
    if (!md) {
        return device[0]
                   ? error_set(errp, "no serial device %s in this machine",
                               device)
                   : error_set(errp, "this machine has no serial device");
    }
    if (!len) {
        return true;
    }
    MachineSerial *s = serial_of(m, md->dev);
    SerialChunk *c = malloc(sizeof(*c) + len);
    if (!c) {
        return error_set(errp, "the host has no memory left");
    }
    c->when = s->last && s->last->when > when ? s->last->when : when;
    c->len = len;
    c->used = 0;
    c->next = NULL;
    memcpy(c->bytes, bytes, len);
    bool was_empty = !s->first;
    if (was_empty) {
        s->first = c;
    } else {
        s->last->next = c;
    }
    s->last = c;
    if (was_empty) {
        MemoryWorld *outer = memory_world_enter(m->world);
        event_schedule(&m->events, &s->enter, c->when);
        memory_world_enter(outer);
    }
    return true;
}

void machine_set_serial(Machine *m, MachineSerialFn *fn, void *opaque)
{
    m->serial_fn = fn;
    m->serial_opaque = opaque;
}

/* -- polling the host ----------------------------------------------------- */

void machine_poll_event(void *opaque, uint64_t when)
{
    Machine *m = opaque;
    if (m->poll_fn && m->poll_fn(m->poll_opaque, machine_all_asleep(m), when)) {
        event_schedule(&m->events, &m->poll, when + m->poll_period);
    }
}

void machine_set_poll(Machine *m, MachinePollFn *fn, void *opaque,
                      uint64_t period)
{
    m->poll_fn = fn;
    m->poll_opaque = opaque;
    m->poll_period = period;
    if (fn) {
        event_schedule(&m->events, &m->poll, m->time + period);
    } else {
        event_cancel(&m->events, &m->poll);
    }
}
