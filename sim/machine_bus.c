/*
 * machine_bus.c - buses of a machine, the bridges between them, and what lies
 * where on them.
 *
 * Model    A region is mapped on the buses its entry names, and at the same
 *          addresses on all that reach one of these over bridges: there it is
 *          an alias, and the bus knows which bridge leads to it. With a
 *          crossbar or a bridge in the machine every region has a timing model
 *          of its own, also without wait states, by which buses tell it from
 *          others.
 * Missing  Regions of SystemC are seen from their own bus only.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/machine_private.h"

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

static void configure(Bus *bus, const ConfigBus *cb)
{
    bus->overhead = cb->overhead;
    set_waits(&bus->target_waits, &cb->waits);
    bus->burst = cb->burst;
    bus->outstanding = cb->outstanding;
    bus->crossbar = cb->crossbar;
    bus->arbitration = cb->arbitration;
    bus->slots = cb->slots;
    bus->slot_cycles = cb->slot_cycles;
    bus->spare = cb->spare;
    for (unsigned i = 0; i < cb->slots; i++) {
        bus->owner[i] = cb->slot[i];
    }
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
        configure(&mb->bus, cb);
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

static bool has_parent(const ConfigBus *cb, const char *name)
{
    for (const char **p = cb->parent; p && *p; p++) {
        if (!strcmp(*p, name)) {
            return true;
        }
    }
    return false;
}

/* In the order of the names of both buses. */
static bool make_bridges(Machine *m, Error **errp)
{
    for (unsigned i = 0; i < m->buses; i++) {
        MachineBus *far_bus = &m->bus[i];
        const ConfigBus *cb = config_bus_find(m->cfg, far_bus->name);
        m->routed |= cb->crossbar;
        for (unsigned k = 0; k < m->buses; k++) {
            if (!has_parent(cb, m->bus[k].name)) {
                continue;
            }
            MachineBridge *b = calloc(1, sizeof(*b));
            if (!b) {
                return machine_no_memory(errp);
            }
            b->next = far_bus->bridges;
            far_bus->bridges = b;
            b->near_bus = &m->bus[k];
            m->routed = true;
            if (!bridge_init(&b->bridge, far_bus->name, &m->bus[k].bus,
                             &far_bus->bus, cb->request, cb->response, errp)) {
                return false;
            }
        }
    }
    return true;
}

bool machine_make_buses(Machine *m, Error **errp)
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
    return ok && make_bridges(m, errp);
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

/* -- regions on buses ------------------------------------------------------ */

/* Gives a region its wait states; none: no model, if nobody needs one to know
 * it by. */
void machine_set_waits(Machine *m, WaitStates *ws, MachineBus *mb,
                       const ConfigWaits *own, MemoryRegion *mr)
{
    wait_states_init(ws, memory_region_name(mr), machine_bus_clock(m, mb));
    if (!mb->untimed) {
        set_waits(ws, own);
    }
    if (m->routed || ws->read_first || ws->read_next || ws->write_first ||
        ws->write_next) {
        ws->model.id = ++m->timing_ids;
        mr->timing = &ws->model;
    }
}

/* The first time the region itself, then windows onto it. */
static MemoryRegion *next_view(Machine *m, MachineBus *mb, MemoryRegion *mr)
{
    if (!mr->container) {
        return mr;
    }
    const char *name =
        machine_string(m, "%s@%s", memory_region_name(mr), mb->name);
    MachineAlias *alias = name ? calloc(1, sizeof(*alias)) : NULL;
    if (!alias) {
        return NULL;
    }
    memory_region_init_alias(&alias->region, NULL, name, mr, 0,
                             memory_region_size(mr));
    alias->next = m->alias;
    m->alias = alias;
    return &alias->region;
}

static bool place(Machine *m, MachineBus *mb, const MachinePlacing *what,
                  Bridge *via, Error **errp)
{
    MemoryRegion *view = next_view(m, mb, what->region);
    if (!view) {
        return machine_no_memory(errp);
    }
    if (what->overlap || what->priority) {
        memory_region_add_subregion_overlap(&mb->root, what->address, view,
                                            what->priority);
    } else {
        memory_region_add_subregion(&mb->root, what->address, view);
    }
    const TimingModel *target = what->region->timing;
    if (!mb->untimed && target &&
        !bus_add_target(&mb->bus, target, memory_region_name(what->region), via,
                        errp)) {
        return false;
    }
    for (MachineBridge *b = mb->bridges; b; b = b->next) {
        if (!place(m, b->near_bus, what, &b->bridge, errp)) {
            return false;
        }
    }
    return true;
}

bool machine_place(Machine *m, MachineBus *mb, const MachinePlacing *what,
                   Error **errp)
{
    return place(m, mb, what, NULL, errp);
}

/* -- harts that share a bus ------------------------------------------------ */

static bool reaches(const Machine *m, const ConfigCpu *cc, const MachineBus *mb)
{
    bool there = !strcmp(cc->bus, mb->name) || !strcmp(cc->fetch, mb->name);
    for (MachineBridge *b = mb->bridges; b && !there; b = b->next) {
        there = reaches(m, cc, b->near_bus);
    }
    return there;
}

/* In the order of the file; where a bus prefers some harts, in that. */
static void order_turns(Machine *m, bool fixed)
{
    for (unsigned i = 0; i < m->harts; i++) {
        unsigned k = i;
        for (; k > 0 && fixed &&
               m->cfg->cpu[i].priority < m->cfg->cpu[m->turn[k - 1]].priority;
             k--) {
            m->turn[k] = m->turn[k - 1];
        }
        m->turn[k] = i;
        m->turns_fixed |=
            fixed && m->cfg->cpu[i].priority != m->cfg->cpu[0].priority;
    }
}

bool machine_share_buses(Machine *m, Error **errp)
{
    bool fixed = false;
    for (unsigned i = 0; i < m->buses; i++) {
        MachineBus *mb = &m->bus[i];
        unsigned harts = 0;
        for (unsigned k = 0; k < m->cfg->cpus; k++) {
            harts += reaches(m, &m->cfg->cpu[k], mb);
        }
        if (harts < 2 || mb->untimed) {
            continue;
        }
        if (!bus_take_turns(&mb->bus, errp)) {
            return false;
        }
        fixed |= mb->bus.arbitration == BUS_FIXED;
    }
    order_turns(m, fixed);
    return true;
}

/* -- life ------------------------------------------------------------------ */

void machine_free_region(MemoryRegion *mr)
{
    if (mr->container) {
        memory_region_del_subregion(mr->container, mr);
    }
    memory_region_fini(mr);
}

void machine_free_aliases(Machine *m)
{
    while (m->alias) {
        MachineAlias *next = m->alias->next;
        machine_free_region(&m->alias->region);
        free(m->alias);
        m->alias = next;
    }
}

void machine_free_buses(Machine *m)
{
    for (unsigned i = 0; i < m->buses; i++) {
        MachineBus *mb = &m->bus[i];
        mb->as.api = NULL;
        if (mb->api.name) {
            port_fini(&mb->api);
        }
        address_space_destroy(&mb->as);
        if (m->unmapped[i].mapped) {
            machine_free_region(&m->unmapped[i].region);
        }
        memory_region_fini(&mb->root);
        if (!mb->untimed) {
            bus_fini(&mb->bus);
        }
        while (mb->bridges) {
            MachineBridge *next = mb->bridges->next;
            free(mb->bridges);
            mb->bridges = next;
        }
    }
    free(m->bus);
    free(m->unmapped);
}
