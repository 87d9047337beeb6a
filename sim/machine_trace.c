/*
 * machine_trace.c - the machine describes itself in a database, and hands over
 * its counters at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config_node.h"
#include "sim/machine_private.h"

/* -- describing ----------------------------------------------------------- */

static void add_initiators(Machine *m, TraceStore *ts)
{
    for (unsigned i = 0; i < m->harts; i++) {
        const char *name = hart_config(m->hart[i])->name;
        trace_add_initiator(ts, hart_fetch_port(m->hart[i]), "hart", name,
                            "fetch");
        trace_add_initiator(ts, hart_data_port(m->hart[i]), "hart", name,
                            "data");
        MemoryPort *walk = hart_walk_port(m->hart[i]);
        if (walk) {
            trace_add_initiator(ts, walk, "hart", name, "walk");
        }
    }
    for (unsigned i = 0; i < m->ports; i++) {
        const MachinePort *p = &m->port[i];
        trace_add_initiator(ts, p->port, p->kind, p->owner, p->part);
    }
    for (unsigned i = 0; i < m->buses; i++) {
        trace_add_initiator(ts, &m->bus[i].api, "api", m->bus[i].name, "api");
    }
}

static const char *home_bus(const Machine *m, const char *memory)
{
    for (unsigned i = 0; i < m->cfg->memories; i++) {
        if (!strcmp(m->cfg->memory[i].name, memory)) {
            return m->cfg->memory[i].bus[0];
        }
    }
    return "";
}

static void add_regions(Machine *m, TraceStore *ts)
{
    for (unsigned i = 0; i < m->memories; i++) {
        const MachineMemory *mem = &m->memory[i];
        trace_add_region(ts, &mem->region, mem->rom ? "rom" : "ram",
                         home_bus(m, mem->name), mem->address, NULL);
    }
    for (unsigned i = 0; i < m->devices; i++) {
        const MachineDevice *md = &m->device[i];
        if (md->dev->cls->mmio_size) {
            trace_add_region(ts, &md->dev->mmio,
                             md->dev->mmio.rom_device ? "romd" : "io",
                             md->bus->name, md->address, md->dev->cls);
        }
    }
    if (m->htif.there) {
        trace_add_region(ts, &m->htif.region, "io", m->htif.bus, m->htif.tohost,
                         NULL);
    }
    machine_describe_extras(m, ts);
    for (unsigned i = 0; i < m->buses; i++) {
        if (m->unmapped[i].mapped) {
            trace_add_region(ts, &m->unmapped[i].region, "unmapped",
                             m->bus[i].name, 0, NULL);
        }
    }
}

static void add_symbols(TraceStore *ts, const ElfInfo *elf)
{
    for (size_t i = 0; i < elf->symbols; i++) {
        const ElfSymbol *s = &elf->symbol[i];
        trace_add_symbol(ts, s->address, s->size, s->name);
    }
}

typedef struct LineSink {
    TraceStore *ts;
    const ElfInfo *elf;
} LineSink;

static void add_line(void *opaque, uint64_t address, uint64_t size,
                     const char *file, unsigned line)
{
    const LineSink *sink = opaque;
    address += sink->elf->bias;
    address &= sink->elf->xlen == 32 ? UINT32_MAX : UINT64_MAX;
    if (size <= UINT64_MAX - address) {
        trace_add_line(sink->ts, address, size, file, line);
    }
}

static void add_code(TraceStore *ts, const ElfInfo *elf)
{
    add_symbols(ts, elf);
    LineSink sink = {ts, elf};
    if (elf->path && !elf_lines(elf->path, add_line, &sink)) {
        trace_log(ts, 0, "warning",
                  "the line tables of the firmware's DWARF cannot be read to "
                  "their end; source lines are missing");
    }
}

static void add_kinds(TraceStore *ts, const MachineTrace *what)
{
    char text[128] = "";
    size_t used = 0;
    for (unsigned k = 0; what->enabled && k < ACCESS_KINDS; k++) {
        if (what->kinds >> k & 1) {
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
                                     used ? "," : "", access_kind_name[k]);
        }
    }
    trace_set_run(ts, "trace_kinds", text);
    trace_set_run_number(ts, "trace_beats", what->enabled && what->beats);
}

static void add_run(Machine *m, TraceStore *ts, const MachineTrace *what)
{
    trace_set_run(ts, "version", SOCSCOPE_VERSION);
    trace_set_run(ts, "machine", m->cfg->name);
    trace_set_run(ts, "config_file", m->cfg->file);
    char *text = config_text(m->cfg);
    if (text) {
        trace_set_run(ts, "config", text);
        free(text);
    }
    trace_set_run(ts, "firmware", machine_firmware(m));
    trace_set_run(ts, "firmware_xxh3_128", m->firmware_hash);
    trace_set_run(ts, "seeds", "none");
    trace_set_run_number(ts, "clock_hz", m->cfg->clock_hz);
    trace_set_run_number(ts, "quantum_ps", m->cfg->quantum_ps);
    trace_set_run_number(ts, "harts", m->harts);
    add_kinds(ts, what);
}

/* -- names ---------------------------------------------------------------- */

typedef struct NameSearch {
    const char *name;
    bool found;
    ConfigHint hint;
} NameSearch;

static void look_at(NameSearch *search, const char *name)
{
    search->found = search->found || !strcmp(search->name, name);
    config_hint_offer(&search->hint, name);
}

static void look_at_regions(Machine *m, NameSearch *search)
{
    for (unsigned i = 0; i < m->memories; i++) {
        look_at(search, m->memory[i].name);
    }
    for (unsigned i = 0; i < m->devices; i++) {
        if (m->device[i].dev->cls->mmio_size) {
            look_at(search, m->device[i].dev->name);
        }
    }
    for (unsigned i = 0; i < m->extras; i++) {
        look_at(search, memory_region_name(m->extra[i].mr));
    }
    if (m->htif.there) {
        look_at(search, memory_region_name(&m->htif.region));
    }
}

static void look_at_initiators(Machine *m, NameSearch *search)
{
    for (unsigned i = 0; i < m->harts; i++) {
        look_at(search, hart_config(m->hart[i])->name);
    }
    for (unsigned i = 0; i < m->ports; i++) {
        look_at(search, m->port[i].owner);
        look_at(search, m->port[i].port->name);
    }
    for (unsigned i = 0; i < m->buses; i++) {
        look_at(search, m->bus[i].api.name);
    }
}

static bool check_name(Machine *m, const char *name, bool region, Error **errp)
{
    NameSearch search = {.name = name};
    config_hint_init(&search.hint, name);
    if (region) {
        look_at_regions(m, &search);
    } else {
        look_at_initiators(m, &search);
    }
    return search.found ||
           error_set(errp, "--trace: no %s is called \"%.40s\"; %s",
                     region ? "region" : "initiator", name,
                     config_hint_text(&search.hint, "there is none"));
}

bool machine_check_filter(Machine *m, const TraceFilter *f, Error **errp)
{
    for (unsigned i = 0; i < f->initiators; i++) {
        if (!check_name(m, f->initiator[i], false, errp)) {
            return false;
        }
    }
    for (unsigned i = 0; i < f->regions; i++) {
        if (!check_name(m, f->region[i], true, errp)) {
            return false;
        }
    }
    return true;
}

/* -- map changes ---------------------------------------------------------- */

static void map_changed(MemoryListener *listener, const MemoryRegionSection *s,
                        bool mapped)
{
    MachineListener *l = (MachineListener *)listener; /* its first member */
    Machine *m = l->machine;
    if (l->told && m->trace) {
        trace_map(m->trace, m->world->now, s->mr,
                  s->offset_within_address_space, (uint64_t)s->size, mapped);
    }
}

static void map_added(MemoryListener *listener, MemoryRegionSection *s)
{
    map_changed(listener, s, true);
}

static void map_deleted(MemoryListener *listener, MemoryRegionSection *s)
{
    map_changed(listener, s, false);
}

static void listen(Machine *m)
{
    m->listener = calloc(m->buses + 1, sizeof(*m->listener));
    for (unsigned i = 0; m->listener && i < m->buses; i++) {
        MachineListener *l = &m->listener[i];
        l->listener.region_add = map_added;
        l->listener.region_del = map_deleted;
        l->listener.name = m->bus[i].name;
        l->machine = m;
        memory_listener_register(&l->listener, &m->bus[i].as);
        l->told = true; /* what is there now is in the dictionary */
    }
}

static void stop_listening(Machine *m)
{
    for (unsigned i = 0; m->listener && i < m->buses; i++) {
        m->listener[i].told = false;
        memory_listener_unregister(&m->listener[i].listener);
    }
    free(m->listener);
    m->listener = NULL;
}

/* -- attaching ------------------------------------------------------------ */

bool machine_attach_trace(Machine *m, TraceStore *ts, const MachineTrace *what,
                          Error **errp)
{
    if (m->trace) {
        return error_set(errp, "this machine has a trace store already");
    }
    MemoryWorld *outer = memory_world_enter(m->world);
    m->trace = ts;
    add_run(m, ts, what);
    for (const MachineClock *c = m->clocks; c; c = c->next) {
        trace_add_clock(ts, &c->domain);
    }
    for (unsigned i = 0; i < m->buses; i++) {
        if (!m->bus[i].untimed) {
            trace_add_bus(ts, &m->bus[i].bus);
        }
    }
    add_initiators(m, ts);
    add_regions(m, ts);
    if (m->loaded) {
        add_code(ts, &m->elf);
    }
    for (unsigned i = 0; i < m->mores; i++) {
        add_code(ts, &m->more[i]);
    }
    if (what->enabled) {
        MemoryRecorder *recorder = trace_recorder(ts, what->kinds, what->beats);
        if (recorder) {
            m->grants = 0; /* they are withdrawn now */
            machine_window_begin(m, recorder);
        }
    }
    listen(m);
    machine_phase_start(m);
    memory_world_enter(outer);
    return true;
}

/* -- the end -------------------------------------------------------------- */

static void add_totals(Machine *m, TraceStore *ts)
{
    uint64_t instructions = 0,
             cycles = clock_cycle_in(machine_clock(m), m->time);
    for (unsigned i = 0; i < m->harts; i++) {
        HartCounters c = hart_counters(m->hart[i]);
        instructions += c.instructions;
        cycles = i == 0 ? c.cycles : cycles;
        trace_add_port_totals(ts, hart_fetch_port(m->hart[i]));
        trace_add_port_totals(ts, hart_data_port(m->hart[i]));
        if (hart_walk_port(m->hart[i])) {
            trace_add_port_totals(ts, hart_walk_port(m->hart[i]));
        }
        trace_add_hart_totals(ts, m->hart[i]);
    }
    for (const MachineCache *c = m->caches; c; c = c->next) {
        trace_add_cache_totals(ts, &c->l1, c->hart, c->code ? "fetch" : "data",
                               c->port);
    }
    for (unsigned i = 0; i < m->ports; i++) {
        trace_add_port_totals(ts, m->port[i].port);
    }
    for (unsigned i = 0; i < m->devices; i++) {
        if (m->device[i].dev->cls->traffic) {
            trace_add_source(ts, (const Traffic *)m->device[i].dev, m->time);
        }
    }
    for (unsigned i = 0; i < m->buses; i++) {
        trace_add_port_totals(ts, &m->bus[i].api);
        if (!m->bus[i].untimed) {
            trace_add_bus_totals(ts, &m->bus[i].bus, m->time);
        }
    }
    machine_posted_totals(m, ts);
    trace_set_run_number(ts, "cycles", cycles);
    trace_set_run_number(ts, "instructions", instructions);
    trace_set_run_number(ts, "time_ps", m->time);
    trace_set_run(ts, "stop", machine_stop_name(m->stop));
    trace_set_run_number(ts, "exit_status", (uint64_t)m->status);
}

void machine_detach_trace(Machine *m)
{
    TraceStore *ts = m->trace;
    if (!ts) {
        return;
    }
    MemoryWorld *outer = memory_world_enter(m->world);
    if (m->phase) {
        m->world->now = m->time;
        const ClockDomain *clk =
            m->harts ? hart_config(m->hart[0])->clock : machine_clock(m);
        trace_phase(ts, m->phase, false, m->time, clock_cycle_in(clk, m->time));
        m->phase = 0;
    }
    stop_listening(m);
    machine_window_end(m);
    add_totals(m, ts);
    machine_describe_grants(m, ts);
    memory_world_set_recorder(m->world, NULL);
    m->trace = NULL;
    memory_world_enter(outer);
}
