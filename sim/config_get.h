/*
 * config_get.h - values of a map by key, for the sections of config.c.
 *
 * All return false with an error set; a key that is not there leaves the value
 * as it is.
 */
#ifndef SIM_CONFIG_GET_H
#define SIM_CONFIG_GET_H

#include "sim/config_node.h"

enum { CONFIG_MAX_CYCLES = 65535 }; /* of a wait state or an overhead */

/* Is node a map with the keys of that section, the required ones included? cls:
 * its parameters and pins are keys too; may be NULL. */
bool config_get_map(const Node *node, const char *section,
                    const DeviceClass *cls, Error **errp);
/* A missing list or map and an empty one are the same. */
bool config_get_group(const Node *root, const char *key, NodeKind kind,
                      const Node **group, Error **errp);
bool config_get_number(const Node *map, const char *key, ConfigUnit unit,
                       uint64_t low, uint64_t high, uint64_t *value,
                       Error **errp);
bool config_get_u32(const Node *map, const char *key, uint32_t high,
                    uint32_t *value, Error **errp);
/* *choice becomes the index of the value in the NULL-terminated names. */
bool config_get_choice(const Node *map, const char *key,
                       const char *const *names, unsigned *choice,
                       Error **errp);
bool config_get_bool(const Node *map, const char *key, bool *value,
                     Error **errp);
bool config_get_priority(const Node *map, int *value, Error **errp);
bool config_get_bus(const Config *cfg, const Node *map, const char *key,
                    const char **name, Error **errp);
bool config_get_clock(const Node *map, uint64_t *hz, Error **errp);
bool config_get_waits(const Node *map, ConfigWaits *w, Error **errp);
/* `posted` of an entry: of a region called so, of that many bytes. */
bool config_get_posted(const Node *entry, const char *name, uint64_t size,
                       ConfigPosted *p, Error **errp);
bool config_get_name(const Node *map, const char **name, Error **errp);

/* Relative to the file that says it. */
bool config_get_file(Config *cfg, const Node *map, const char *key,
                     const char **name, Error **errp);

/* -- config_boot.c */

bool config_boot_read(Config *cfg, const Node *root, Error **errp);
/* Is the console a serial device? When all devices are read. */
bool config_boot_check(const Config *cfg, Error **errp);

/* -- config_harts.c */

/* `harts: N`: makes N of the one cpu, and of each wire that leads to it. */
bool config_harts_expand(struct ConfigArena *arena, Node *root, Error **errp);

/* -- config_bus.c: buses, bridges between them, slots */

bool config_bus_read(Config *cfg, ConfigBus *bus, const Node *node,
                     Error **errp);
/* One bus or a list of them, NULL-terminated; each once. */
bool config_bus_list(Config *cfg, const Node *node, const char *what,
                     const char ***names, Error **errp);
/* Parents; when all buses are read. */
bool config_bus_link(Config *cfg, const Node *buses, Error **errp);
/* Are the owners of slots initiators, and has every initiator one that needs
 * one? When everything is read. */
bool config_bus_check_slots(const Config *cfg, Error **errp);

#endif
