/*
 * config.c - the schema: a tree of nodes becomes a checked Config.
 *
 * Model    config_keys (config_keys.c) says which keys there are; one function
 *          per section reads them (buses: config_bus.c). Entries are read in
 * the order buses, cpus, memories, devices, then wires, because each refers to
 * those before it. Units bytes, hertz, picoseconds; bus widths are bits in the
 * file and bytes in ConfigBus. Source   own design; docs/config.md is the
 * reference. Missing caches, bridges, TLM models.
 */
#include "sim/config.h"

#include <string.h>

#include "sim/config_cache.h"
#include "sim/config_get.h"
#include "sim/svd.h"

#define MAX_QUANTUM PS_PER_SECOND

/* -- sections
 * ---------------------------------------------------------------------- */

static bool read_isa(ConfigCpu *cpu, const Node *map, Error **errp)
{
    const Node *n = config_node_find(map, "isa");
    Error *err = NULL;
    if (!config_value_text(n, "isa", &cpu->isa_text, errp)) {
        return false;
    }
    if (!hart_isa_parse(cpu->isa_text, &cpu->isa, &err)) {
        config_error(errp, n->at, "isa: %s", error_message(err));
        error_free(err);
        return false;
    }
    return true;
}

static bool read_reset(ConfigCpu *cpu, const Node *map, Error **errp)
{
    uint64_t high = cpu->isa.xlen == 32 ? UINT32_MAX : UINT64_MAX;
    unsigned align = cpu->isa.extensions & ISA_C ? 2 : 4;
    if (!config_get_number(map, "reset", UNIT_NONE, 0, high, &cpu->reset,
                           errp)) {
        return false;
    }
    if (cpu->reset % align != 0) {
        return config_error(errp, config_node_find(map, "reset")->at,
                            "reset: no instruction of %s begins there; write a "
                            "multiple of %u",
                            cpu->isa_text, align);
    }
    return true;
}

const char *const config_mmus[] = {[HART_MMU_BARE] = "bare",
                                   [HART_MMU_SV32] = "sv32",
                                   [HART_MMU_SV39] = "sv39",
                                   [HART_MMU_SV48] = "sv48",
                                   NULL};

/* Which modes there are, and what needs supervisor mode. */
static bool read_modes(ConfigCpu *cpu, const Node *map, Error **errp)
{
    static const char *const modes[] = {"mu", "msu", NULL};
    static const struct {
        const char *name;
        uint64_t bit;
    } needs[] = {{"sstc", ISA_SSTC},
                 {"svinval", ISA_SVINVAL},
                 {"svnapot", ISA_SVNAPOT},
                 {"svadu", ISA_SVADU}};
    unsigned s_mode = 1;
    if (!config_get_choice(map, "modes", modes, &s_mode, errp)) {
        return false;
    }
    if (s_mode) {
        cpu->isa.extensions |= ISA_S;
        return true;
    }
    for (unsigned i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (cpu->isa.extensions & needs[i].bit) {
            return config_error(errp, config_node_find(map, "isa")->at,
                                "isa: %s needs supervisor mode; write "
                                "\"modes: msu\", or leave it out",
                                needs[i].name);
        }
    }
    return true;
}

static bool read_mmu(ConfigCpu *cpu, const Node *map, Error **errp)
{
    const Node *n = config_node_find(map, "mmu");
    bool s_mode = (cpu->isa.extensions & ISA_S) != 0;
    bool wide = cpu->isa.xlen == 64;
    unsigned mmu = !s_mode ? HART_MMU_BARE
                   : wide  ? HART_MMU_SV48
                           : HART_MMU_SV32;
    if (!config_get_choice(map, "mmu", config_mmus, &mmu, errp)) {
        return false;
    }
    cpu->mmu = (HartMmu)mmu;
    if (cpu->mmu != HART_MMU_BARE && !s_mode) {
        return config_error(errp, n->at,
                            "mmu: %s needs supervisor mode; write \"modes: "
                            "msu\", or \"mmu: bare\"",
                            config_mmus[mmu]);
    }
    if (cpu->mmu != HART_MMU_BARE && (cpu->mmu == HART_MMU_SV32) == wide) {
        return config_error(errp, n->at, "mmu: %s is for RV%u; write %s",
                            config_mmus[mmu], wide ? 32 : 64,
                            wide ? "bare, sv39 or sv48" : "bare or sv32");
    }
    return true;
}

static bool read_cpu(Config *cfg, ConfigCpu *cpu, const Node *map, Error **errp)
{
    static const char *const misaligned[] = {"split", "trap", NULL};
    unsigned trap = 0;
    uint32_t priority = 0, pmp = 16;
    *cpu = (ConfigCpu){.at = map->at, .clock_hz = cfg->clock_hz};
    if (!config_get_map(map, "cpu", NULL, errp) ||
        !config_get_name(map, &cpu->name, errp) || !read_isa(cpu, map, errp) ||
        !read_modes(cpu, map, errp) || !read_mmu(cpu, map, errp) ||
        !config_get_bool(map, "hardware_ad", &cpu->hardware_ad, errp) ||
        !config_get_u32(map, "pmp", 16, &pmp, errp) ||
        !config_timing_read(cfg, cpu, map, errp) ||
        !config_get_clock(map, &cpu->clock_hz, errp) ||
        !read_reset(cpu, map, errp) ||
        !config_get_bus(cfg, map, "bus", &cpu->bus, errp)) {
        return false;
    }
    cpu->fetch = cpu->bus;
    if (!config_get_bus(cfg, map, "fetch", &cpu->fetch, errp) ||
        !config_get_choice(map, "misaligned", misaligned, &trap, errp) ||
        !config_get_u32(map, "priority", UINT8_MAX, &priority, errp) ||
        !config_read_cache(cfg, map, "icache", true, &cpu->icache, errp) ||
        !config_read_cache(cfg, map, "dcache", false, &cpu->dcache, errp)) {
        return false;
    }
    cpu->misaligned = trap ? HART_TRAP : HART_SPLIT;
    cpu->priority = priority;
    cpu->pmp = pmp;
    return true;
}

/* The last address of a region; false if it runs beyond 2^64. */
static bool check_extent(const Node *map, uint64_t at, uint64_t size,
                         Error **errp)
{
    if (size == 0 || size - 1 <= UINT64_MAX - at) {
        return true;
    }
    return config_error(errp, config_node_find(map, "at")->at,
                        "at: 0x%llx and 0x%llx bytes end beyond 2^64; write at "
                        "most 0x%llx",
                        (unsigned long long)at, (unsigned long long)size,
                        (unsigned long long)(UINT64_MAX - size + 1));
}

static bool read_file_name(Config *cfg, const Node *node, const char *what,
                           const char **name, Error **errp)
{
    if (!config_value_text(node, what, name, errp)) {
        return false;
    }
    if (node->at.line) {
        *name = config_merge_path(cfg->arena, node->at.file, *name);
    }
    return true;
}

bool config_get_file(Config *cfg, const Node *map, const char *key,
                     const char **name, Error **errp)
{
    const Node *node = config_node_find(map, key);
    return !node || read_file_name(cfg, node, key, name, errp);
}

static bool read_memory(Config *cfg, ConfigMemory *memory, const Node *map,
                        Error **errp)
{
    static const char *const kinds[] = {"ram", "rom", NULL};
    unsigned kind = 0;
    *memory = (ConfigMemory){.at = map->at};
    if (!config_get_map(map, "memory", NULL, errp) ||
        !config_get_name(map, &memory->name, errp) ||
        !config_bus_list(cfg, config_node_find(map, "bus"), "bus", &memory->bus,
                         errp) ||
        !config_get_number(map, "at", UNIT_NONE, 0, UINT64_MAX,
                           &memory->address, errp) ||
        !config_get_number(map, "size", UNIT_SIZE, 1, UINT64_MAX, &memory->size,
                           errp) ||
        !check_extent(map, memory->address, memory->size, errp) ||
        !config_get_choice(map, "kind", kinds, &kind, errp) ||
        !config_get_waits(map, &memory->waits, errp) ||
        !config_get_posted(map, memory->name, memory->size, &memory->posted,
                           errp) ||
        !config_get_priority(map, &memory->priority, errp) ||
        !config_get_bool(map, "overlap", &memory->overlap, errp)) {
        return false;
    }
    memory->rom = kind == 1;
    if (memory->rom && memory->posted.there) {
        return config_error(errp, memory->posted.at,
                            "posted: \"%s\" is a rom and takes no stores; "
                            "remove it, or write kind: ram",
                            memory->name);
    }
    return config_memory_more(cfg, memory, map, errp) &&
           config_get_file(cfg, map, "file", &memory->file, errp);
}

/* {name: text, ...} as lines NAME=TEXT. */
static bool read_texts(Config *cfg, const Node *node, const char *what,
                       ConfigParam *param, Error **errp)
{
    size_t size = 1;
    if (node->kind != NODE_MAP) {
        return config_error(errp, node->at, "%s: write {name: value, ...}",
                            what);
    }
    for (const Node *n = node->first; n; n = n->next) {
        const char *text;
        if (!config_value_text(n, n->key, &text, errp)) {
            return false;
        }
        if (strpbrk(n->key, "=\n") || strchr(text, '\n')) {
            return config_error(errp, n->at,
                                "%s: a name without \"=\" and a text of one "
                                "line, please",
                                what);
        }
        size += strlen(n->key) + strlen(text) + 2;
    }
    char *lines = config_arena_alloc(cfg->arena, size);
    size_t used = 0;
    for (const Node *n = node->first; n; n = n->next) {
        used += (size_t)snprintf(lines + used, size - used, "%s=%s\n", n->key,
                                 n->text);
    }
    param->text = lines;
    return true;
}

static bool read_param(Config *cfg, ConfigParam *param, const ParamSpec *spec,
                       const Node *node, Error **errp)
{
    uint64_t high = spec->high ? spec->high : UINT64_MAX;
    ConfigUnit unit = UNIT_NONE;
    bool flag;
    *param = (ConfigParam){.at = node->at, .spec = spec};
    switch (spec->type) {
    case PARAM_STRING:
    case PARAM_MEMORY:
    case PARAM_DEVICE: /* config_check_links() looks */
        return config_value_text(node, spec->name, &param->text, errp);
    case PARAM_TEXTS: return read_texts(cfg, node, spec->name, param, errp);
    case PARAM_FILE:
        return read_file_name(cfg, node, spec->name, &param->text, errp);
    case PARAM_MASTER:
        return config_check_bus(cfg, node, spec->name, &param->text, errp);
    case PARAM_BOOL:
        if (!config_value_bool(node, spec->name, &flag, errp)) {
            return false;
        }
        param->number = flag;
        return true;
    case PARAM_SIZE: unit = UNIT_SIZE; break;
    case PARAM_HZ: unit = UNIT_HZ; break;
    case PARAM_TIME: unit = UNIT_TIME; break;
    case PARAM_UINT: break;
    }
    return config_value_number(node, spec->name, unit, spec->low, high,
                               &param->number, errp);
}

static bool read_params(Config *cfg, ConfigDevice *dev, const Node *map,
                        Error **errp)
{
    unsigned count = 0;
    for (const ParamSpec *p = dev->cls->params; p && p->name; p++) {
        count++;
    }
    dev->param = config_arena_alloc(cfg->arena, count * sizeof(*dev->param));
    for (const ParamSpec *p = dev->cls->params; p && p->name; p++) {
        const Node *n = config_node_find(map, p->name);
        if (!n && p->required) {
            return config_error(errp, map->at,
                                "%s \"%s\" without \"%s\"; write \"%s: ...\" "
                                "(%s)",
                                dev->cls->name, dev->name, p->name, p->name,
                                p->doc ? p->doc : "required");
        }
        if (n && !read_param(cfg, &dev->param[dev->params++], p, n, errp)) {
            return false;
        }
    }
    return true;
}

static bool read_type(ConfigDevice *dev, const Node *map, Error **errp)
{
    const Node *n = config_node_find(map, "type");
    const char *text;
    if (!n) {
        return config_get_map(map, "device", NULL, errp);
    }
    if (!config_value_text(n, "type", &text, errp)) {
        return false;
    }
    dev->cls = device_class_find(text);
    if (dev->cls) {
        return true;
    }
    ConfigHint hint;
    config_hint_init(&hint, text);
    for (const DeviceClass *const *cls = device_classes; *cls; cls++) {
        config_hint_offer(&hint, (*cls)->name);
    }
    return config_error(errp, n->at, "unknown device type \"%.80s\"; %s", text,
                        config_hint_text(&hint, "this program has none"));
}

/* Bytes in the map: those of its type, or what a parameter says. */
static uint64_t mmio_size(const ConfigDevice *dev)
{
    const char *name = dev->cls->mmio_param;
    for (unsigned i = 0; name && i < dev->params; i++) {
        if (!strcmp(dev->param[i].spec->name, name)) {
            return dev->param[i].number;
        }
    }
    return dev->cls->mmio_size;
}

/* Where its registers are; a type without any takes none of these keys. */
static bool read_place(ConfigDevice *dev, const Node *map, Error **errp)
{
    static const char *const keys[] = {
        "at", "wait_states", "priority", "overlap", "posted", "flush_posted"};
    dev->size = mmio_size(dev);
    for (unsigned i = 0; !dev->cls->mmio_size && i < 6; i++) {
        const Node *n = config_node_find(map, keys[i]);
        if (n) {
            return config_error(errp, n->key_at,
                                "%s: a %s has no registers in the map; leave "
                                "it out",
                                keys[i], dev->cls->name);
        }
    }
    if (dev->cls->mmio_size && !config_node_find(map, "at")) {
        return config_error(errp, map->at,
                            "device without \"at\"; write \"at: ...\" (of its "
                            "first register)");
    }
    return config_get_number(map, "at", UNIT_NONE, 0, UINT64_MAX, &dev->address,
                             errp) &&
           check_extent(map, dev->address, dev->size, errp) &&
           config_get_waits(map, &dev->waits, errp) &&
           config_get_posted(map, dev->name, dev->size, &dev->posted, errp) &&
           config_get_bool(map, "flush_posted", &dev->flush_posted, errp) &&
           config_get_priority(map, &dev->priority, errp) &&
           config_get_bool(map, "overlap", &dev->overlap, errp);
}

/* Register names of a file, which are this device's own. */
static bool read_svd(Config *cfg, ConfigDevice *dev, const Node *map,
                     Error **errp)
{
    const Node *svd = config_node_find(map, "svd");
    const Node *peripheral = config_node_find(map, "peripheral");
    if (peripheral && !svd) {
        return config_error(errp, peripheral->at,
                            "peripheral: of which file? write `svd: FILE`");
    }
    if (!svd) {
        return true;
    }
    if (!dev->cls->mmio_size) {
        return config_error(errp, svd->at,
                            "svd: a %s has no registers in the map; leave it "
                            "out",
                            dev->cls->name);
    }
    if (!read_file_name(cfg, svd, "svd", &dev->svd, errp) ||
        (peripheral && !config_value_text(peripheral, "peripheral",
                                          &dev->peripheral, errp))) {
        return false;
    }
    Error *err = NULL;
    const DeviceClass *cls =
        svd_class(cfg->arena, dev->svd, dev->peripheral, dev->cls, &err);
    if (!cls) {
        config_error(errp, svd->at, "svd: %s", error_message(err));
        error_free(err);
        return false;
    }
    dev->cls = cls;
    return true;
}

static bool read_device(Config *cfg, ConfigDevice *dev, const Node *map,
                        Error **errp)
{
    *dev = (ConfigDevice){.at = map->at};
    if (!read_type(dev, map, errp)) {
        return false;
    }
    return config_get_map(map, "device", dev->cls, errp) &&
           config_get_name(map, &dev->name, errp) &&
           config_get_bus(cfg, map, "bus", &dev->bus, errp) &&
           read_svd(cfg, dev, map, errp) && read_params(cfg, dev, map, errp) &&
           read_place(dev, map, errp);
}

/* -- the whole
 * ---------------------------------------------------------------------- */

static void *alloc_entries(Config *cfg, const Node *group, size_t size)
{
    return config_arena_alloc(cfg->arena, (group ? group->count : 0) * size);
}

static bool read_top(Config *cfg, const Node *root, Error **errp)
{
    static const char *const unmapped[] = {"fault", "ignore", NULL};
    uint64_t version;
    unsigned ignore = 0;
    const Node *limits, *extends = config_node_find(root, "extends");
    cfg->name = "soc";
    cfg->quantum_ps = PS_PER_SECOND / 1000000;
    if (!config_get_map(root, "top", NULL, errp) ||
        !config_get_number(root, "version", UNIT_NONE, 1, 1, &version, errp) ||
        !config_get_name(root, &cfg->name, errp) ||
        !config_get_clock(root, &cfg->clock_hz, errp) ||
        !config_get_number(root, "quantum", UNIT_TIME, 1, MAX_QUANTUM,
                           &cfg->quantum_ps, errp) ||
        !config_get_group(root, "limits", NODE_MAP, &limits, errp)) {
        return false;
    }
    if (extends) {
        return config_error(errp, extends->at,
                            "extends only works in a file; write it there");
    }
    if (limits &&
        (!config_get_map(limits, "limits", NULL, errp) ||
         !config_get_choice(limits, "unmapped", unmapped, &ignore, errp))) {
        return false;
    }
    cfg->unmapped_fault = ignore == 0;
    return config_boot_read(cfg, root, errp);
}

static bool read_wires(Config *cfg, const Node *devices, Error **errp)
{
    unsigned i = 0;
    for (const Node *n = devices ? devices->first : NULL; n; n = n->next) {
        if (!config_check_wires(cfg, &cfg->device[i++], n, errp)) {
            return false;
        }
    }
    return true;
}

static bool read_all(Config *cfg, const Node *root, Error **errp)
{
    const Node *buses, *cpus, *memories, *devices;
    if (!read_top(cfg, root, errp) ||
        !config_get_group(root, "buses", NODE_MAP, &buses, errp) ||
        !config_get_group(root, "cpus", NODE_LIST, &cpus, errp) ||
        !config_get_group(root, "memories", NODE_LIST, &memories, errp) ||
        !config_get_group(root, "devices", NODE_LIST, &devices, errp)) {
        return false;
    }
    cfg->bus = alloc_entries(cfg, buses, sizeof(*cfg->bus));
    for (const Node *n = buses ? buses->first : NULL; n; n = n->next) {
        if (!config_bus_read(cfg, &cfg->bus[cfg->buses++], n, errp)) {
            return false;
        }
    }
    if (!config_bus_link(cfg, buses, errp)) {
        return false;
    }
    cfg->cpu = alloc_entries(cfg, cpus, sizeof(*cfg->cpu));
    for (const Node *n = cpus ? cpus->first : NULL; n; n = n->next) {
        if (!read_cpu(cfg, &cfg->cpu[cfg->cpus++], n, errp)) {
            return false;
        }
    }
    cfg->memory = alloc_entries(cfg, memories, sizeof(*cfg->memory));
    for (const Node *n = memories ? memories->first : NULL; n; n = n->next) {
        if (!read_memory(cfg, &cfg->memory[cfg->memories++], n, errp)) {
            return false;
        }
    }
    cfg->device = alloc_entries(cfg, devices, sizeof(*cfg->device));
    for (const Node *n = devices ? devices->first : NULL; n; n = n->next) {
        if (!read_device(cfg, &cfg->device[cfg->devices++], n, errp)) {
            return false;
        }
    }
    return config_check_names(cfg, errp) && config_check_links(cfg, errp) &&
           config_check_prefetch(cfg, errp) && read_wires(cfg, devices, errp) &&
           config_bus_check_slots(cfg, errp) && config_check_map(cfg, errp) &&
           config_check_posted(cfg, errp) && config_boot_check(cfg, errp);
}

/* Takes the arena over. */
static Config *finish(ConfigArena *arena, Node *root, const char *name,
                      const char *const *set, Error **errp)
{
    Config *cfg = config_arena_alloc(arena, sizeof(*cfg));
    cfg->arena = arena;
    cfg->file = config_arena_copy(arena, name, strlen(name));
    bool ok = root != NULL;
    /* How many harts there are comes first: others may set one of them. */
    for (int others = 0; others < 2; others++) {
        for (unsigned i = 0; ok && set && set[i]; i++) {
            if (others == (strncmp(set[i], "harts=", 6) != 0)) {
                ok = config_merge_set(arena, root, set[i], errp);
            }
        }
        ok = ok && config_harts_expand(arena, root, errp);
    }
    if (ok && read_all(cfg, root, errp)) {
        return cfg;
    }
    config_arena_free(arena);
    return NULL;
}

Config *config_load(const char *path, const char *const *set, Error **errp)
{
    ConfigArena *arena = config_arena_new();
    Node *root = config_merge_file(arena, path, errp);
    return finish(arena, root, path, set, errp);
}

Config *config_parse(const char *text, size_t len, const char *name,
                     const char *const *set, Error **errp)
{
    ConfigArena *arena = config_arena_new();
    Node *root = config_merge_text(arena, text, len, name, errp);
    return finish(arena, root, name, set, errp);
}

void config_free(Config *cfg)
{
    if (cfg) {
        config_arena_free(cfg->arena); /* cfg itself lives in it */
    }
}
