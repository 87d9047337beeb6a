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

#include "sim/machine_private.h"

/* -- guest errors --------------------------------------------------------- */

/* Is it new? A full table knows everything. */
static bool guest_error_new(Machine *m, const char *device, const char *text,
                            uint64_t pc)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ pc; /* FNV-1a */
    for (const char *p = device; *p; p++) {
        hash = (hash ^ (uint8_t)*p) * UINT64_C(1099511628211);
    }
    for (const char *p = text; *p; p++) {
        hash = (hash ^ (uint8_t)*p) * UINT64_C(1099511628211);
    }
    if (!m->seen) {
        m->seen = calloc(GUEST_ERRORS_SEEN, sizeof(*m->seen));
        if (!m->seen) {
            return false;
        }
    }
    for (unsigned i = 0; i < m->seen_count; i++) {
        if (m->seen[i] == hash) {
            return false;
        }
    }
    if (m->seen_count == GUEST_ERRORS_SEEN) {
        return false;
    }
    m->seen[m->seen_count++] = hash;
    return true;
}

static void log_line(Machine *m, const char *device, const char *text)
{
    if (m->trace) {
        char line[320];
        snprintf(line, sizeof(line), "%s: %s", device, text);
        trace_log(m->trace, m->world->now, "guest_error", line);
    }
    if (m->log_fn) {
        m->log_fn(m->log_opaque, m->world->now, device, text);
    }
}

/* Whose access is under way: "cpu0 pc 0x80000010 main+0x10", "dma0.master". */
static uint64_t describe_origin(Machine *m, char *buf, size_t size)
{
    MemoryPort *port = m->world->port;
    Hart *hart = m->running;
    if (!hart || (port && port != hart_data_port(hart))) {
        snprintf(buf, size, "%s", port ? port->name : "");
        return 0;
    }
    uint64_t pc = port ? m->world->pc : hart_pc(hart), offset = 0;
    const char *symbol = machine_symbol(m, pc, &offset);
    if (symbol) {
        snprintf(buf, size, "%s pc 0x%llx %s+0x%llx", hart_config(hart)->name,
                 (unsigned long long)pc, symbol, (unsigned long long)offset);
    } else {
        snprintf(buf, size, "%s pc 0x%llx", hart_config(hart)->name,
                 (unsigned long long)pc);
    }
    return pc;
}

void machine_guest_error(Machine *m, const char *device, const char *text)
{
    if (!m->trace && !m->log_fn) {
        return;
    }
    char origin[128], line[256];
    uint64_t pc = describe_origin(m, origin, sizeof(origin));
    if (!guest_error_new(m, device, text, pc)) {
        return;
    }
    snprintf(line, sizeof(line), "%.120s%s%s%s", text, origin[0] ? " (" : "",
             origin, origin[0] ? ")" : "");
    log_line(m, device, line);
    if (m->seen_count == GUEST_ERRORS_SEEN) {
        log_line(m, device, "further guest errors are not reported");
    }
}

void machine_set_log(Machine *m, MachineLogFn *fn, void *opaque)
{
    m->log_fn = fn;
    m->log_opaque = opaque;
}

/* -- DeviceHost ----------------------------------------------------------- */

static void host_serial_out(void *opaque, Device *dev, uint8_t byte)
{
    Machine *m = opaque;
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
    machine_guest_error(opaque, dev->name,
                        "the guest asked for a reset: the run ends here");
    machine_finish(opaque, 0);
}

static void host_phase(void *opaque, Device *dev, unsigned id)
{
    Machine *m = opaque;
    if (!m->trace) {
        return;
    }
    uint64_t now = m->world->now;
    const ClockDomain *clk =
        m->harts ? hart_config(m->hart[0])->clock : machine_clock(m);
    uint64_t cycle = clock_cycle_in(clk, now);
    if (m->phase) {
        trace_phase(m->trace, m->phase, false, now, cycle);
    }
    m->phase = id;
    if (id) {
        trace_phase(m->trace, id, true, now, cycle);
    }
}

static void host_guest_error(void *opaque, Device *dev, const char *text)
{
    machine_guest_error(opaque, dev->name, text);
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
        .opaque = m,
    };
}

/* Exceptions that say something went wrong: ecall, ebreak and interrupts are
 * ordinary business. Causes: privileged specification, table 3.6. */
static bool is_fault(uint64_t cause)
{
    enum {
        FAULTS = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7
    };
    return cause < 8 && (FAULTS >> cause & 1);
}

void machine_trapped(void *opaque, Hart *hart, uint64_t cause, uint64_t tval,
                     uint64_t pc)
{
    Machine *m = opaque;
    if (!m->trace || !is_fault(cause)) {
        return;
    }
    const HartConfig *hc = hart_config(hart);
    uint64_t now = hart_time(hart);
    trace_fault(m->trace, hc->name, now, clock_cycle_in(hc->clock, now), pc,
                cause, tval);
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
