/*
 * config_bus.c - buses of a description: what each is, the bridges between
 * them, whose the slots of a TDM bus are.
 *
 * Model    Bridges go from a bus to those that name it as their parent. There
 *          is one way at most from a bus to another.
 * Units    bits in the file, bytes in ConfigBus; cycles of the bus.
 * Source   own design; docs/config.md is the reference.
 * Missing  bridges to or from buses without timing; two ways to a bus.
 */
#include <string.h>

#include "sim/config_get.h"

enum { MAX_BRIDGES = 8 }; /* in a row */

const char *const config_arbitrations[] = {
    [BUS_FIXED] = "fixed",
    [BUS_ROUND_ROBIN] = "round-robin",
    [BUS_TDM] = "tdm",
    NULL,
};

/* -- one bus
 * ----------------------------------------------------------------------- */

/* Names are checked when everything is read. */
static bool read_slots(Config *cfg, ConfigBus *bus, const Node *map,
                       Error **errp)
{
    static const char *const spares[] = {"nobody", "next", NULL};
    const Node *n = config_node_find(map, "slots");
    uint64_t cycles = 1;
    unsigned spare = 0;
    if (!config_get_number(map, "slot", UNIT_NONE, 1, CONFIG_MAX_CYCLES,
                           &cycles, errp) ||
        !config_get_choice(map, "spare", spares, &spare, errp)) {
        return false;
    }
    bus->slot_cycles = (uint32_t)cycles;
    bus->spare = spare == 1;
    if (bus->arbitration != BUS_TDM) {
        const Node *useless = n ? n : config_node_find(map, "slot");
        useless = useless ? useless : config_node_find(map, "spare");
        return !useless || config_error(errp, useless->key_at,
                                        "%s is for tdm only; write "
                                        "\"arbitration: tdm\", or leave it out",
                                        useless->key);
    }
    if (!n || n->kind != NODE_LIST || n->count < 1 || n->count > BUS_SLOTS) {
        return config_error(errp, n ? n->at : bus->at,
                            "arbitration tdm needs 1 to %d slots; write "
                            "\"slots: [cpu0, dma0, ...]\"",
                            BUS_SLOTS);
    }
    bus->slots_at = n->at;
    bus->slot = config_arena_alloc(cfg->arena, n->count * sizeof(*bus->slot));
    for (const Node *item = n->first; item; item = item->next) {
        const char **name = &bus->slot[bus->slots++];
        if (!config_value_text(item, "slots", name, errp)) {
            return false;
        }
        *name = strcmp(*name, "nobody") ? *name : NULL;
    }
    return true;
}

static bool read_latency(ConfigBus *bus, const Node *map, Error **errp)
{
    const Node *n = config_node_find(map, "latency");
    if (n && !config_node_find(map, "parent")) {
        return config_error(errp, n->key_at,
                            "latency is a bridge's, and this bus has no "
                            "\"parent\"; name one, or leave it out");
    }
    if (n && n->kind == NODE_MAP) {
        return config_get_map(n, "latency", NULL, errp) &&
               config_get_u32(n, "request", CONFIG_MAX_CYCLES, &bus->request,
                              errp) &&
               config_get_u32(n, "response", CONFIG_MAX_CYCLES, &bus->response,
                              errp);
    }
    if (!config_get_u32(map, "latency", CONFIG_MAX_CYCLES, &bus->request,
                        errp)) {
        return false;
    }
    bus->response = bus->request;
    return true;
}

bool config_bus_read(Config *cfg, ConfigBus *bus, const Node *node,
                     Error **errp)
{
    static const char *const timings[] = {"none", NULL};
    static const char *const kinds[] = {"shared", "crossbar", NULL};
    static const Node nothing = {.kind = NODE_MAP, .text = ""};
    const Node *map = config_node_is_empty(node) ? &nothing : node;
    uint64_t bits = 32, outstanding = 1;
    unsigned arbitration = 0, timing = 1, kind = 0;
    *bus = (ConfigBus){
        .at = node->key_at, .name = node->key, .clock_hz = cfg->clock_hz};
    if (!config_value_name(node->key, node->key_at, errp) ||
        !config_get_map(map, "bus", NULL, errp) ||
        !config_get_number(map, "width", UNIT_NONE, 8, 1024, &bits, errp) ||
        !config_get_clock(map, &bus->clock_hz, errp) ||
        !config_get_choice(map, "kind", kinds, &kind, errp) ||
        !config_get_choice(map, "arbitration", config_arbitrations,
                           &arbitration, errp) ||
        !config_get_u32(map, "overhead", CONFIG_MAX_CYCLES, &bus->overhead,
                        errp) ||
        !config_get_u32(map, "burst", CONFIG_MAX_CYCLES, &bus->burst, errp) ||
        !config_get_number(map, "outstanding", UNIT_NONE, 1, BUS_OUTSTANDING,
                           &outstanding, errp) ||
        !config_get_waits(map, &bus->waits, errp) ||
        !config_get_choice(map, "timing", timings, &timing, errp)) {
        return false;
    }
    if (bits & (bits - 1)) {
        return config_error(errp, config_node_find(map, "width")->at,
                            "width: %u is not a power of two; write 8, 16, 32, "
                            "64, 128, 256, 512 or 1024 (bits)",
                            (unsigned)bits);
    }
    bus->width = (unsigned)bits / 8;
    bus->crossbar = kind == 1;
    bus->arbitration = (BusArbitration)arbitration;
    bus->outstanding = (uint32_t)outstanding;
    bus->untimed = timing == 0;
    return read_slots(cfg, bus, map, errp) && read_latency(bus, map, errp);
}

/* -- between buses
 * ----------------------------------------------------------------- */

const ConfigBus *config_bus_find(const Config *cfg, const char *name)
{
    for (unsigned i = 0; i < cfg->buses; i++) {
        if (strcmp(cfg->bus[i].name, name) == 0) {
            return &cfg->bus[i];
        }
    }
    return NULL;
}

bool config_bus_list(Config *cfg, const Node *n, const char *what,
                     const char ***names, Error **errp)
{
    unsigned count = n->kind == NODE_LIST ? n->count : 1;
    const char **bus = *names =
        config_arena_alloc(cfg->arena, (count + 1) * sizeof(*bus));
    if (n->kind != NODE_LIST) {
        return config_check_bus(cfg, n, what, &bus[0], errp);
    }
    if (count == 0) {
        return config_error(errp, n->at, "%s: the list is empty; name a bus",
                            what);
    }
    unsigned i = 0;
    for (const Node *item = n->first; item; item = item->next, i++) {
        if (!config_check_bus(cfg, item, what, &bus[i], errp)) {
            return false;
        }
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(bus[i], bus[j]) == 0) {
                return config_error(errp, item->at,
                                    "bus \"%s\" is named twice; name it once",
                                    bus[i]);
            }
        }
    }
    return true;
}

bool config_bus_leads(const Config *cfg, const char *from, const char *to)
{
    if (strcmp(from, to) == 0) {
        return true;
    }
    const ConfigBus *bus = config_bus_find(cfg, to);
    for (const char **p = bus ? bus->parent : NULL; p && *p; p++) {
        if (config_bus_leads(cfg, from, *p)) {
            return true;
        }
    }
    return false;
}

/* Goes up from `bus`, a parent of others down to `start`; seen: by index. */
static bool check_parents(const Config *cfg, const ConfigBus *start,
                          const ConfigBus *bus, unsigned depth, bool *seen,
                          Error **errp)
{
    if (depth > 0 && bus == start) {
        return config_error(errp, start->at,
                            "bus \"%s\" is behind itself; take \"parent\" away "
                            "from one of the buses of this ring",
                            start->name);
    }
    if (depth > MAX_BRIDGES) {
        return config_error(errp, start->at,
                            "bus \"%s\" is behind more than %d bridges in a "
                            "row; take some away",
                            start->name, MAX_BRIDGES);
    }
    if (seen[bus - cfg->bus]) {
        return config_error(errp, start->at,
                            "up from bus \"%s\" over \"parent\", bus "
                            "\"%s\" is met twice; take one of these "
                            "\"parent\" away",
                            start->name, bus->name);
    }
    seen[bus - cfg->bus] = true;
    for (const char **p = bus->parent; p && *p; p++) {
        const ConfigBus *parent = config_bus_find(cfg, *p);
        if (bus->untimed || parent->untimed) {
            return config_error(errp, bus->at,
                                "a bridge from \"%s\" to \"%s\" has time, and "
                                "\"timing: none\" has not; leave one out",
                                parent->name, bus->name);
        }
        if (!check_parents(cfg, start, parent, depth + 1, seen, errp)) {
            return false;
        }
    }
    return true;
}

bool config_bus_link(Config *cfg, const Node *buses, Error **errp)
{
    unsigned i = 0;
    for (const Node *n = buses ? buses->first : NULL; n; n = n->next, i++) {
        const Node *parent =
            config_node_is_empty(n) ? NULL : config_node_find(n, "parent");
        if (parent && !config_bus_list(cfg, parent, "parent",
                                       &cfg->bus[i].parent, errp)) {
            return false;
        }
    }
    bool *seen = config_arena_alloc(cfg->arena, cfg->buses + 1);
    for (i = 0; i < cfg->buses; i++) {
        memset(seen, 0, cfg->buses);
        if (cfg->bus[i].parent &&
            !check_parents(cfg, &cfg->bus[i], &cfg->bus[i], 0, seen, errp)) {
            return false;
        }
    }
    return true;
}

/* -- slots
 * ------------------------------------------------------------------------ */

/* The n-th initiator that has a name, and its bus; NULL: past the last. */
typedef struct Initiator {
    const char *name, *bus;
} Initiator;

/* The bus it is an initiator on: where its registers are, if it does not say;
 * NULL: it is none. */
static const char *master_of(const ConfigDevice *dev)
{
    for (unsigned i = 0; i < dev->params; i++) {
        if (dev->param[i].spec->type == PARAM_MASTER) {
            return dev->param[i].text;
        }
    }
    for (const ParamSpec *p = dev->cls->params; p && p->name; p++) {
        if (p->type == PARAM_MASTER) {
            return dev->bus;
        }
    }
    return NULL;
}

static Initiator initiator_at(const Config *cfg, unsigned n)
{
    if (n < cfg->cpus) {
        return (Initiator){cfg->cpu[n].name, cfg->cpu[n].bus};
    }
    const ConfigDevice *dev = &cfg->device[n - cfg->cpus];
    return (Initiator){dev->name, master_of(dev)};
}

static bool has_slot(const ConfigBus *bus, const char *name)
{
    for (unsigned i = 0; i < bus->slots; i++) {
        if (bus->slot[i] && strcmp(bus->slot[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_owner(const Config *cfg, const ConfigBus *bus,
                        const char *owner, Error **errp)
{
    ConfigHint hint;
    config_hint_init(&hint, owner);
    config_hint_offer(&hint, "nobody");
    for (unsigned n = 0; n < cfg->cpus + cfg->devices; n++) {
        Initiator in = initiator_at(cfg, n);
        if (!in.bus || !config_bus_leads(cfg, in.bus, bus->name)) {
            continue;
        }
        if (strcmp(in.name, owner) == 0) {
            return true;
        }
        config_hint_offer(&hint, in.name);
    }
    return config_error(errp, bus->slots_at,
                        "slots: no initiator of this bus is called \"%.80s\"; "
                        "%s",
                        owner, config_hint_text(&hint, "write nobody"));
}

bool config_bus_check_slots(const Config *cfg, Error **errp)
{
    for (unsigned i = 0; i < cfg->buses; i++) {
        const ConfigBus *bus = &cfg->bus[i];
        for (unsigned k = 0; k < bus->slots; k++) {
            if (bus->slot[k] && !check_owner(cfg, bus, bus->slot[k], errp)) {
                return false;
            }
        }
        for (unsigned n = 0; bus->slots && n < cfg->cpus + cfg->devices; n++) {
            Initiator in = initiator_at(cfg, n);
            if (in.bus && config_bus_leads(cfg, in.bus, bus->name) &&
                !has_slot(bus, in.name) && !bus->spare) {
                return config_error(errp, bus->slots_at,
                                    "slots: \"%s\" has none, and would never "
                                    "be granted; add it, or write \"spare: "
                                    "next\"",
                                    in.name);
            }
        }
    }
    return true;
}
