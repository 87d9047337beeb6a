/*
 * config_get.c - values of a map by key: each as its type, with an error that
 * says where it stands.
 *
 * Model    A key that is not there leaves the value as it is. config_keys says
 *          which keys a section has and which it must have.
 * Units    as in config_value.c.
 * Source   own design.
 */
#include "sim/config_get.h"

#include <string.h>

/* -- maps and keys
 * -------------------------------------------------------------- */

/* NULL when cls has neither a parameter nor a pin of that name. */
static const char *class_key(const DeviceClass *cls, const char *key)
{
    for (const ParamSpec *p = cls ? cls->params : NULL; p && p->name; p++) {
        if (strcmp(p->name, key) == 0) {
            return p->name;
        }
    }
    for (const PinSpec *p = cls ? cls->pins : NULL; p && p->name; p++) {
        if (strcmp(p->name, key) == 0) {
            return p->name;
        }
    }
    return NULL;
}

static const ConfigKey *find_key(const char *section, const char *key)
{
    for (const ConfigKey *k = config_keys; k->section; k++) {
        if (strcmp(k->section, section) == 0 && strcmp(k->key, key) == 0) {
            return k;
        }
    }
    return NULL;
}

static bool unknown_key(const Node *child, const char *section,
                        const DeviceClass *cls, Error **errp)
{
    ConfigHint hint;
    config_hint_init(&hint, child->key);
    for (const ConfigKey *k = config_keys; k->section; k++) {
        if (strcmp(k->section, section) == 0) {
            config_hint_offer(&hint, k->key);
        }
    }
    for (const ParamSpec *p = cls ? cls->params : NULL; p && p->name; p++) {
        config_hint_offer(&hint, p->name);
    }
    for (const PinSpec *p = cls ? cls->pins : NULL; p && p->name; p++) {
        config_hint_offer(&hint, p->name);
    }
    return config_error(errp, child->key_at,
                        "unknown key \"%.80s\" for %s %s; %s", child->key,
                        cls ? "type" : "section", cls ? cls->name : section,
                        config_hint_text(&hint, "it takes none"));
}

/* Is node a map with the keys of that section, the required ones included? */
bool config_get_map(const Node *node, const char *section,
                    const DeviceClass *cls, Error **errp)
{
    if (node->kind != NODE_MAP) {
        return config_error(
            errp, node->at, "section %s is a %s; write a map {key: value, ...}",
            section, node->kind == NODE_LIST ? "list" : "single value");
    }
    for (const Node *n = node->first; n; n = n->next) {
        if (!find_key(section, n->key) && !class_key(cls, n->key)) {
            return unknown_key(n, section, cls, errp);
        }
    }
    for (const ConfigKey *k = config_keys; k->section; k++) {
        if (strcmp(k->section, section) == 0 && !k->preset &&
            !config_node_find(node, k->key)) {
            return config_error(errp, node->at,
                                "%s without \"%s\"; write \"%s: ...\" (%s)",
                                section, k->key, k->key, k->doc);
        }
    }
    const Node *removed = config_node_find(node, "remove");
    bool value;
    if (!removed) {
        return true;
    }
    if (!config_value_bool(removed, "remove", &value, errp)) {
        return false;
    }
    return !value ? true
                  : config_error(errp, removed->at,
                                 "there is no such %s to remove; leave the "
                                 "entry out, or check its name",
                                 section);
}

/* A missing list or map and an empty one are the same. */
bool config_get_group(const Node *root, const char *key, NodeKind kind,
                      const Node **group, Error **errp)
{
    *group = config_node_find(root, key);
    if (*group && config_node_is_empty(*group)) {
        *group = NULL;
    }
    if (*group && (*group)->kind != kind) {
        return config_error(errp, (*group)->at, "%s is not a %s; write %s", key,
                            kind == NODE_LIST ? "list" : "map",
                            kind == NODE_LIST
                                ? "one \"- {name: ..., ...}\" line per entry"
                                : "one \"NAME: {...}\" line per entry");
    }
    return true;
}

/* -- values
 * ---------------------------------------------------------------------- */

bool config_get_number(const Node *map, const char *key, ConfigUnit unit,
                       uint64_t low, uint64_t high, uint64_t *value,
                       Error **errp)
{
    const Node *n = config_node_find(map, key);
    return !n || config_value_number(n, key, unit, low, high, value, errp);
}

bool config_get_u32(const Node *map, const char *key, uint32_t high,
                    uint32_t *value, Error **errp)
{
    uint64_t number = *value;
    if (!config_get_number(map, key, UNIT_NONE, 0, high, &number, errp)) {
        return false;
    }
    *value = (uint32_t)number;
    return true;
}

/* *choice becomes the index of the value in the NULL-terminated names. */
bool config_get_choice(const Node *map, const char *key,
                       const char *const *names, unsigned *choice, Error **errp)
{
    const Node *n = config_node_find(map, key);
    const char *text;
    if (!n) {
        return true;
    }
    if (!config_value_text(n, key, &text, errp)) {
        return false;
    }
    ConfigHint hint;
    config_hint_init(&hint, text);
    for (unsigned i = 0; names[i]; i++) {
        if (strcmp(names[i], text) == 0) {
            *choice = i;
            return true;
        }
        config_hint_offer(&hint, names[i]);
    }
    return config_error(errp, n->at, "%s: unknown value \"%.80s\"; %s", key,
                        text, config_hint_text(&hint, ""));
}

bool config_get_bool(const Node *map, const char *key, bool *value,
                     Error **errp)
{
    const Node *n = config_node_find(map, key);
    return !n || config_value_bool(n, key, value, errp);
}

bool config_get_priority(const Node *map, int *value, Error **errp)
{
    const Node *n = config_node_find(map, "priority");
    int64_t number = 0;
    if (n && !config_value_signed(n, "priority", -1000, 1000, &number, errp)) {
        return false;
    }
    *value = (int)number;
    return true;
}

bool config_get_bus(const Config *cfg, const Node *map, const char *key,
                    const char **name, Error **errp)
{
    const Node *n = config_node_find(map, key);
    return !n || config_check_bus(cfg, n, key, name, errp);
}

bool config_get_clock(const Node *map, uint64_t *hz, Error **errp)
{
    return config_get_number(map, "clock", UNIT_HZ, 1, PS_PER_SECOND, hz, errp);
}

/* `read: 2` or `read: {first: 6, next: 2}`. */
static bool get_wait_parts(const Node *map, const char *key, uint32_t *first,
                           uint32_t *next, Error **errp)
{
    const Node *n = config_node_find(map, key);
    if (n && n->kind == NODE_MAP) {
        return config_get_map(n, "wait_parts", NULL, errp) &&
               config_get_u32(n, "first", CONFIG_MAX_CYCLES, first, errp) &&
               config_get_u32(n, "next", CONFIG_MAX_CYCLES, next, errp);
    }
    if (!config_get_u32(map, key, CONFIG_MAX_CYCLES, first, errp)) {
        return false;
    }
    *next = *first;
    return true;
}

bool config_get_waits(const Node *map, ConfigWaits *w, Error **errp)
{
    const Node *n = config_node_find(map, "wait_states");
    *w = (ConfigWaits){0, 0, 0, 0};
    if (n && n->kind == NODE_MAP) {
        return config_get_map(n, "wait_states", NULL, errp) &&
               get_wait_parts(n, "read", &w->read_first, &w->read_next, errp) &&
               get_wait_parts(n, "write", &w->write_first, &w->write_next,
                              errp);
    }
    uint32_t all = 0;
    if (!config_get_u32(map, "wait_states", CONFIG_MAX_CYCLES, &all, errp)) {
        return false;
    }
    *w = (ConfigWaits){all, all, all, all};
    return true;
}

bool config_get_name(const Node *map, const char **name, Error **errp)
{
    const Node *n = config_node_find(map, "name");
    if (!n) {
        return true;
    }
    return config_value_text(n, "name", name, errp) &&
           config_value_name(*name, n->at, errp);
}
