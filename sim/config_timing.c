/*
 * config_timing.c - `timing:` of a cpu: a profile, the level it is used at, and
 * costs of its own.
 *
 * Model    NAME, NAME:LEVEL, or a map with costs. Costs are laid over a copy of
 *          the profile that the Config owns: it has no pipeline, and its source
 *          says where it was changed unless `source` says more.
 * Units    cycles of the hart.
 * Source   own design; docs/config.md is the reference.
 */
#include <string.h>

#include "sim/config_get.h"

static bool unknown_profile(const Node *n, const char *name, Error **errp)
{
    ConfigHint hint;
    config_hint_init(&hint, name);
    for (const TimingProfile *p = timing_profiles; p->name; p++) {
        config_hint_offer(&hint, p->name);
    }
    return config_error(errp, n->at, "unknown timing profile \"%.80s\"; %s",
                        name, config_hint_text(&hint, "this program has none"));
}

static bool find_profile(ConfigCpu *cpu, const Node *n, const char *name,
                         Error **errp)
{
    cpu->profile = timing_profile_find(name);
    if (!cpu->profile) {
        return unknown_profile(n, name, errp);
    }
    cpu->level = timing_profile_level(cpu->profile);
    return true;
}

/* The level that text names, at most what it is now; at: where it stands. */
static bool set_level(ConfigCpu *cpu, const char *text, ConfigPlace at,
                      Error **errp)
{
    const TimingProfile *p = cpu->profile;
    const TimingLevel best = cpu->level;
    for (unsigned i = 0; i <= TIMING_PIPELINE; i++) {
        if (!strcmp(text, timing_level_name[i]) && i <= (unsigned)best) {
            cpu->level = (TimingLevel)i;
            return true;
        }
        if (!strcmp(text, timing_level_name[i])) {
            return config_error(errp, at,
                                "timing: %s has no level %s; write \"%s%s%s\"",
                                p->name, text, p->name, best ? ":" : "",
                                best ? timing_level_name[best] : "");
        }
    }
    return config_error(errp, at,
                        "timing: unknown level \"%.80s\"; write none, table or "
                        "pipeline",
                        text);
}

/* Can the hart be timed at that level? */
static bool check_level(ConfigCpu *cpu, ConfigPlace at, Error **errp)
{
    const char *name = cpu->profile->name;
    if (cpu->level == TIMING_PIPELINE &&
        (cpu->isa.xlen != 32 || (cpu->isa.extensions & ISA_F))) {
        return config_error(errp, at,
                            "timing: the pipeline of %s is of an RV32 core "
                            "without F and D, isa is %s; write \"%s:table\"",
                            name, cpu->isa_text, name);
    }
    if (cpu->level == TIMING_NONE) {
        cpu->profile = timing_profile_find("none");
    }
    return true;
}

static bool read_name(Config *cfg, ConfigCpu *cpu, const Node *n, Error **errp)
{
    const char *text;
    if (!config_value_text(n, "timing", &text, errp)) {
        return false;
    }
    const size_t len = strcspn(text, ":");
    const char *name = config_arena_copy(cfg->arena, text, len);
    return find_profile(cpu, n, name, errp) &&
           (!text[len] || set_level(cpu, text + len + 1, n->at, errp)) &&
           check_level(cpu, n->at, errp);
}

/* Lays the costs of the map over *own; *changed: one that does. */
static bool read_costs(const Node *map, TimingProfile *own,
                       const Node **changed, Error **errp)
{
    for (unsigned i = 0; i < COST_NUM; i++) {
        const char *key = timing_cost_name[i];
        uint64_t value = timing_cost(own, i);
        if (!config_get_number(map, key, UNIT_NONE, timing_cost_least(i),
                               UINT8_MAX, &value, errp)) {
            return false;
        }
        timing_cost_set(own, i, (unsigned)value);
        const Node *n = config_node_find(map, key);
        *changed = n && !*changed ? n : *changed;
    }
    return true;
}

static bool get_text(const Node *map, const char *key, const char **text,
                     Error **errp)
{
    const Node *n = config_node_find(map, key);
    return !n || config_value_text(n, key, text, errp);
}

static bool read_map(Config *cfg, ConfigCpu *cpu, const Node *map, Error **errp)
{
    const char *name = NULL, *level = NULL;
    const Node *changed = NULL;
    if (!config_get_map(map, "timing", NULL, errp) ||
        !get_text(map, "profile", &name, errp) ||
        !get_text(map, "level", &level, errp) ||
        !find_profile(cpu, config_node_find(map, "profile"), name, errp)) {
        return false;
    }
    TimingProfile *own = config_arena_alloc(cfg->arena, sizeof(*own));
    *own = *cpu->profile;
    if (!read_costs(map, own, &changed, errp)) {
        return false;
    }
    const ConfigPlace at = level ? config_node_find(map, "level")->at : map->at;
    if (changed && level && !strcmp(level, "none")) {
        return config_error(errp, changed->at,
                            "timing: level none has no costs, but %s is given; "
                            "write \"level: table\"",
                            changed->key);
    }
    if (changed && level && !strcmp(level, "pipeline") && own->core) {
        return config_error(errp, changed->at,
                            "timing: a pipeline has no costs to change, but %s "
                            "is given; write \"level: table\"",
                            changed->key);
    }
    if (changed) {
        char where[256];
        own->core = NULL;
        own->source = config_arena_printf(
            cfg->arena, "%s, changed in %s", own->name,
            config_place_text(changed->at, (ConfigPlace){"", 0}, where,
                              sizeof(where)));
    }
    if (!get_text(map, "source", &own->source, errp) ||
        !get_text(map, "estimates", &own->estimates, errp)) {
        return false;
    }
    if (changed || own->source != cpu->profile->source ||
        own->estimates != cpu->profile->estimates) {
        cpu->profile = own;
        cpu->level =
            changed ? TIMING_TABLE : timing_profile_level(cpu->profile);
    }
    return (!level || set_level(cpu, level, at, errp)) &&
           check_level(cpu, at, errp);
}

bool config_timing_read(Config *cfg, ConfigCpu *cpu, const Node *map,
                        Error **errp)
{
    static const Node generic = {.text = "generic-table"};
    const Node *n = config_node_find(map, "timing");
    return n && n->kind == NODE_MAP
               ? read_map(cfg, cpu, n, errp)
               : read_name(cfg, cpu, n ? n : &generic, errp);
}
