/*
 * config_check.c - what only shows with all entries at hand: references, names,
 * interrupt wires, overlapping regions.
 *
 * Model    Regions are sorted by bus and address; two that meet need `overlap:
 *          true` on one of them and different priorities, so the order of
 *          entries never decides which one answers. An interrupt input has one
 *          driver.
 * Units    bytes.
 * Source   own design.
 * Missing  how many lines an input has is asked of a device struct that holds
 *          only its parameters: DeviceClass.irq_lines must need no more.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config_node.h"

/* -- references
 * ------------------------------------------------------------------- */

bool config_check_bus(const Config *cfg, const Node *node, const char *what,
                      const char **name, Error **errp)
{
    const char *text;
    if (!config_value_text(node, what, &text, errp)) {
        return false;
    }
    ConfigHint hint;
    config_hint_init(&hint, text);
    for (unsigned i = 0; i < cfg->buses; i++) {
        if (strcmp(cfg->bus[i].name, text) == 0) {
            *name = cfg->bus[i].name;
            return true;
        }
        config_hint_offer(&hint, cfg->bus[i].name);
    }
    return config_error(errp, node->at, "%s: unknown bus \"%.80s\"; %s", what,
                        text,
                        config_hint_text(&hint, "add it to \"buses:\" first"));
}

/* Entry i of all kinds, in order; false: past the end. */
static bool nth_entry(const Config *cfg, unsigned i, const char **name,
                      ConfigPlace *at)
{
    if (i < cfg->buses) {
        *name = cfg->bus[i].name;
        *at = cfg->bus[i].at;
        return true;
    }
    i -= cfg->buses;
    if (i < cfg->cpus) {
        *name = cfg->cpu[i].name;
        *at = cfg->cpu[i].at;
        return true;
    }
    i -= cfg->cpus;
    if (i < cfg->memories) {
        *name = cfg->memory[i].name;
        *at = cfg->memory[i].at;
        return true;
    }
    i -= cfg->memories;
    if (i < cfg->devices) {
        *name = cfg->device[i].name;
        *at = cfg->device[i].at;
        return true;
    }
    return false;
}

bool config_check_names(const Config *cfg, Error **errp)
{
    const char *name, *other;
    ConfigPlace at, first;
    for (unsigned i = 0; nth_entry(cfg, i, &name, &at); i++) {
        for (unsigned j = 0; j < i; j++) {
            nth_entry(cfg, j, &other, &first);
            if (strcmp(name, other) == 0) {
                char buf[128];
                return config_error(
                    errp, at,
                    "name \"%s\" is used twice, first on %s; give one of "
                    "them another name",
                    name, config_place_text(first, at, buf, sizeof(buf)));
            }
        }
    }
    return true;
}

/* -- wires
 * ------------------------------------------------------------------------ */

static const struct {
    const char *name;
    unsigned line;
} hart_lines[] = {
    {"msi", HART_MSI}, {"mti", HART_MTI}, {"mei", HART_MEI}, {"sei", HART_SEI}};
enum { HART_LINES = sizeof(hart_lines) / sizeof(hart_lines[0]) };

const char *config_check_line(unsigned line)
{
    for (unsigned i = 0; i < HART_LINES; i++) {
        if (hart_lines[i].line == line) {
            return hart_lines[i].name;
        }
    }
    return "";
}

bool config_hart_line(const char *name, unsigned *line)
{
    for (unsigned i = 0; i < HART_LINES; i++) {
        if (!strcmp(hart_lines[i].name, name)) {
            *line = hart_lines[i].line;
            return true;
        }
    }
    return false;
}

static const ConfigCpu *find_cpu(const Config *cfg, const char *name)
{
    for (unsigned i = 0; i < cfg->cpus; i++) {
        if (strcmp(cfg->cpu[i].name, name) == 0) {
            return &cfg->cpu[i];
        }
    }
    return NULL;
}

static const ConfigDevice *find_device(const Config *cfg, const char *name)
{
    for (unsigned i = 0; i < cfg->devices; i++) {
        if (strcmp(cfg->device[i].name, name) == 0) {
            return &cfg->device[i];
        }
    }
    return NULL;
}

static void set_param(char *dev, const ParamSpec *spec, uint64_t number,
                      const char *text)
{
    bool flag = number != 0;
    switch (spec->type) {
    case PARAM_UINT:
    case PARAM_SIZE:
    case PARAM_TIME:
    case PARAM_HZ: memcpy(dev + spec->offset, &number, sizeof(number)); break;
    case PARAM_BOOL: memcpy(dev + spec->offset, &flag, sizeof(flag)); break;
    case PARAM_FILE:
    case PARAM_TEXTS:
    case PARAM_STRING: memcpy(dev + spec->offset, &text, sizeof(text)); break;
    case PARAM_MEMORY:
    case PARAM_DEVICE:
    case PARAM_MASTER: break; /* nothing in a description */
    }
}

/* How many interrupt inputs a device with these parameters has. */
static unsigned irq_lines(const ConfigDevice *dev)
{
    const DeviceClass *cls = dev->cls;
    if (!cls->irq_in || !cls->irq_lines) {
        return 0;
    }
    Device *probe = calloc(1, cls->size);
    if (!probe) {
        abort(); /* as the arena does */
    }
    probe->cls = cls;
    probe->name = dev->name;
    for (const ParamSpec *p = cls->params; p && p->name; p++) {
        set_param((char *)probe, p, p->preset, p->text);
    }
    for (unsigned i = 0; i < dev->params; i++) {
        const ConfigParam *p = &dev->param[i];
        set_param((char *)probe, p->spec, p->number, p->text);
    }
    unsigned lines = cls->irq_lines(probe);
    free(probe);
    return lines;
}

static bool wire_to_cpu(const ConfigCpu *cpu, ConfigWire *wire,
                        const char *line, const char *pin, Error **errp)
{
    ConfigHint hint;
    config_hint_init(&hint, line);
    bool s_mode = (cpu->isa.extensions & ISA_S) != 0;
    for (unsigned i = 0; i < HART_LINES; i++) {
        bool is_s = hart_lines[i].name[0] == 's';
        if (strcmp(hart_lines[i].name, line) == 0) {
            wire->line = hart_lines[i].line;
            return !is_s || s_mode ||
                   config_error(errp, wire->at,
                                "%s: cpu \"%s\" has no supervisor mode, so no "
                                "input %s; write \"modes: msu\" there",
                                pin, wire->target, line);
        }
        if (!is_s || s_mode) {
            config_hint_offer(&hint, hart_lines[i].name);
        }
    }
    return config_error(errp, wire->at,
                        "%s: cpu \"%s\" has no input \"%.80s\"; %s", pin,
                        wire->target, line, config_hint_text(&hint, ""));
}

static bool wire_to_device(const ConfigDevice *target, ConfigWire *wire,
                           const char *line, const char *pin, Error **errp)
{
    unsigned lines = irq_lines(target);
    Node number = {.kind = NODE_SCALAR, .at = wire->at, .text = line};
    uint64_t value;
    char what[160];
    if (lines == 0) {
        return config_error(errp, wire->at,
                            "%s: \"%s\" is a %s and takes no interrupts; name "
                            "a cpu or an interrupt controller",
                            pin, wire->target, target->cls->name);
    }
    snprintf(what, sizeof(what), "%.40s: line of \"%s\"", pin, wire->target);
    if (!config_value_number(&number, what, UNIT_NONE, 0, lines - 1, &value,
                             errp)) {
        return false;
    }
    wire->line = (unsigned)value;
    return true;
}

/* `plic0.10`, `cpu0.mti` */
static bool read_wire(Config *cfg, ConfigWire *wire, const Node *node,
                      Error **errp)
{
    const char *text, *pin = wire->pin->name;
    wire->at = node->at;
    if (!config_value_text(node, pin, &text, errp)) {
        return false;
    }
    const char *dot = strchr(text, '.');
    if (!dot || dot[1] == '\0') {
        return config_error(errp, node->at,
                            "%s: \"%.80s\" names no input; write TARGET.LINE "
                            "such as plic0.10 or cpu0.mei",
                            pin, text);
    }
    const char *name =
        config_arena_copy(cfg->arena, text, (size_t)(dot - text));
    const ConfigCpu *cpu = find_cpu(cfg, name);
    const ConfigDevice *dev = find_device(cfg, name);
    if (cpu) {
        wire->target = cpu->name;
        return wire_to_cpu(cpu, wire, dot + 1, pin, errp);
    }
    if (dev) {
        wire->target = dev->name;
        return wire_to_device(dev, wire, dot + 1, pin, errp);
    }
    ConfigHint hint;
    config_hint_init(&hint, name);
    for (unsigned i = 0; i < cfg->cpus; i++) {
        config_hint_offer(&hint, cfg->cpu[i].name);
    }
    for (unsigned i = 0; i < cfg->devices; i++) {
        if (cfg->device[i].cls->irq_in) {
            config_hint_offer(&hint, cfg->device[i].name);
        }
    }
    return config_error(errp, node->at, "%s: nothing is called \"%.80s\"; %s",
                        pin, name,
                        config_hint_text(&hint, "nothing takes interrupts"));
}

static bool read_pin(Config *cfg, ConfigDevice *dev, const PinSpec *pin,
                     const Node *node, Error **errp)
{
    bool list = node->kind == NODE_LIST;
    if (list && node->count > pin->count) {
        return config_error(errp, node->at,
                            "%s: %u targets, but %s has %u such pin%s; name "
                            "fewer",
                            pin->name, node->count, dev->cls->name, pin->count,
                            pin->count == 1 ? "" : "s");
    }
    unsigned index = 0;
    for (const Node *n = list ? node->first : node; n;
         n = list ? n->next : NULL) {
        ConfigWire *wire = &dev->wire[dev->wires++];
        *wire = (ConfigWire){.pin = pin, .index = index++};
        if (!read_wire(cfg, wire, n, errp)) {
            return false;
        }
    }
    return true;
}

bool config_check_wires(Config *cfg, ConfigDevice *dev, const Node *entry,
                        Error **errp)
{
    const PinSpec *pins = dev->cls->pins;
    size_t count = 0;
    for (const PinSpec *p = pins; p && p->name; p++) {
        const Node *n = config_node_find(entry, p->name);
        count += n ? (n->kind == NODE_LIST ? n->count : 1) : 0;
    }
    dev->wire = config_arena_alloc(cfg->arena, count * sizeof(*dev->wire));
    for (const PinSpec *p = pins; p && p->name; p++) {
        const Node *n = config_node_find(entry, p->name);
        if (n && !read_pin(cfg, dev, p, n, errp)) {
            return false;
        }
    }
    return true;
}

typedef struct Driver {
    const ConfigDevice *dev;
    const ConfigWire *wire;
    size_t order;
} Driver;

static int compare_drivers(const void *pa, const void *pb)
{
    const Driver *a = pa, *b = pb;
    int target = strcmp(a->wire->target, b->wire->target);
    if (target != 0) {
        return target;
    }
    if (a->wire->line != b->wire->line) {
        return a->wire->line < b->wire->line ? -1 : 1;
    }
    return a->order < b->order ? -1 : a->order > b->order;
}

/* Two outputs on one input would hide each other's changes. */
static bool check_drivers(const Config *cfg, Error **errp)
{
    size_t count = 0, n = 0;
    for (unsigned i = 0; i < cfg->devices; i++) {
        count += cfg->device[i].wires;
    }
    Driver *driver =
        config_arena_alloc(cfg->arena, (count + 1) * sizeof(*driver));
    for (unsigned i = 0; i < cfg->devices; i++) {
        const ConfigDevice *dev = &cfg->device[i];
        for (unsigned j = 0; j < dev->wires; j++, n++) {
            driver[n] = (Driver){dev, &dev->wire[j], n};
        }
    }
    qsort(driver, count, sizeof(*driver), compare_drivers);
    for (size_t i = 1; i < count; i++) {
        const ConfigWire *a = driver[i - 1].wire, *b = driver[i].wire;
        if (strcmp(a->target, b->target) == 0 && a->line == b->line) {
            char buf[128];
            bool cpu = find_cpu(cfg, b->target) != NULL;
            char line[16];
            snprintf(line, sizeof(line), "%u", b->line);
            return config_error(
                errp, b->at,
                "%s: input %s.%s is already driven by \"%s\" (%s); use another "
                "line",
                b->pin->name, b->target,
                cpu ? config_check_line(b->line) : line,
                driver[i - 1].dev->name,
                config_place_text(a->at, b->at, buf, sizeof(buf)));
        }
    }
    return true;
}

/* -- the memory map
 * ------------------------------------------------------------------- */

typedef struct Region {
    const char *bus;
    const char *kind, *name;
    ConfigPlace at;
    uint64_t first, last;
    int priority;
    bool overlap;
    size_t order; /* in the file */
} Region;

static int compare_regions(const void *pa, const void *pb)
{
    const Region *a = pa, *b = pb;
    int bus = strcmp(a->bus, b->bus);
    if (bus != 0) {
        return bus;
    }
    if (a->first != b->first) {
        return a->first < b->first ? -1 : 1;
    }
    return a->order < b->order ? -1 : a->order > b->order;
}

/* From how many buses a bus is seen, itself included. */
static size_t buses_to(const Config *cfg, const char *bus)
{
    const ConfigBus *b = config_bus_find(cfg, bus);
    size_t n = 1;
    for (const char **p = b->parent; p && *p; p++) {
        n += buses_to(cfg, *p);
    }
    return n;
}

static void add_region(const Config *cfg, const char *bus, Region *region,
                       size_t *count, const Region *what)
{
    const ConfigBus *b = config_bus_find(cfg, bus);
    region[*count] = *what;
    region[*count].order = *count;
    region[(*count)++].bus = b->name;
    for (const char **p = b->parent; p && *p; p++) {
        add_region(cfg, *p, region, count, what);
    }
}

static Region *list_regions(const Config *cfg, size_t *count)
{
    size_t n = 0;
    for (unsigned i = 0; i < cfg->memories; i++) {
        for (const char **bus = cfg->memory[i].bus; *bus; bus++) {
            n += buses_to(cfg, *bus);
        }
    }
    for (unsigned i = 0; i < cfg->devices; i++) {
        n += buses_to(cfg, cfg->device[i].bus);
    }
    Region *region = config_arena_alloc(cfg->arena, (n + 1) * sizeof(*region));
    *count = 0;
    for (unsigned i = 0; i < cfg->memories; i++) {
        const ConfigMemory *m = &cfg->memory[i];
        Region r = {NULL,        "memory",   m->name,
                    m->at,       m->address, m->address + m->size - 1,
                    m->priority, m->overlap, *count};
        for (const char **bus = m->bus; *bus; bus++) {
            add_region(cfg, *bus, region, count, &r);
        }
    }
    for (unsigned i = 0; i < cfg->devices; i++) {
        const ConfigDevice *d = &cfg->device[i];
        Region r = {NULL,        "device",   d->name,
                    d->at,       d->address, d->address + d->size - 1,
                    d->priority, d->overlap, *count};
        if (d->size) {
            add_region(cfg, d->bus, region, count, &r);
        }
    }
    qsort(region, *count, sizeof(*region), compare_regions);
    return region;
}

/* An address above `start`, aligned to a page or the size, where size bytes
 * touch nothing on that bus; 0: none found. */
static uint64_t free_address(const Region *region, size_t count,
                             const Region *what)
{
    uint64_t last_byte = what->last - what->first;
    uint64_t align = 0x1000;
    while (align <= last_byte && align < UINT64_C(1) << 32) {
        align *= 2;
    }
    uint64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const Region *r = &region[i];
        bool counts = strcmp(r->bus, what->bus) == 0 && r != what;
        if (!counts || r->last < what->first) {
            continue;
        }
        if (at && r->first > at && r->first - at > last_byte) {
            break;
        }
        uint64_t next = r->last / align * align + align;
        if (next == 0 || next <= r->last) {
            return 0; /* wrapped: the top of the space is taken */
        }
        at = next > at ? next : at;
    }
    return at && last_byte <= UINT64_MAX - at ? at : 0;
}

static bool overlap_error(const Region *region, size_t count, const Region *a,
                          const Region *b, Error **errp)
{
    char buf[128], fix[128] = "move it";
    if (a->order > b->order) {
        const Region *swap = a;
        a = b;
        b = swap;
    }
    const char *line = config_place_text(a->at, b->at, buf, sizeof(buf));
    if (strcmp(a->name, b->name) == 0) {
        return config_error(errp, b->at,
                            "%s \"%s\" is on bus %s twice, also behind a "
                            "bridge; name one of its buses only",
                            b->kind, b->name, b->bus);
    }
    if (a->overlap || b->overlap) {
        return config_error(errp, b->at,
                            "%s \"%s\" and %s \"%s\" (%s) overlap with the "
                            "same priority %d; give the one that should answer "
                            "a higher one",
                            b->kind, b->name, a->kind, a->name, line,
                            b->priority);
    }
    uint64_t at = free_address(region, count, b);
    if (at) {
        snprintf(fix, sizeof(fix), "move it (0x%" PRIx64 " is free)", at);
    }
    return config_error(errp, b->at,
                        "%s \"%s\" (0x%" PRIx64 "-0x%" PRIx64
                        ") overlaps %s \"%s\" (0x%" PRIx64 "-0x%" PRIx64
                        ", %s) on bus %s; %s, or set \"overlap: true\" and "
                        "different priorities",
                        b->kind, b->name, b->first, b->last, a->kind, a->name,
                        a->first, a->last, line, b->bus, fix);
}

bool config_check_map(const Config *cfg, Error **errp)
{
    size_t count;
    const Region *region = list_regions(cfg, &count);
    if (!check_drivers(cfg, errp)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const Region *a = &region[i];
        for (size_t j = i + 1; j < count; j++) {
            const Region *b = &region[j];
            if (strcmp(a->bus, b->bus) != 0 || b->first > a->last) {
                break;
            }
            bool allowed = a->overlap || b->overlap;
            if (!allowed || a->priority == b->priority) {
                return overlap_error(region, count, a, b, errp);
            }
        }
    }
    return true;
}
