/*
 * config_boot.c - section `boot`: what the reset stub starts.
 *
 * Model    Nothing is started through the stub unless there is a bios or a
 *          kernel; the other keys alone do nothing, so that a board can say
 *          where its stub goes.
 * Source   docs/config.md, "boot".
 */
#include <string.h>

#include "sim/config_get.h"

static bool check_alone(const ConfigBoot *boot, const Node *map, Error **errp)
{
    static const char *const keys[] = {"initrd", "append"};
    for (unsigned i = 0; i < 2; i++) {
        const Node *n = config_node_find(map, keys[i]);
        if (n && !boot->kernel && !boot->bios) {
            return config_error(errp, n->at,
                                "%s: there is no kernel that takes it; add "
                                "\"kernel: FILE\" (--kernel)",
                                keys[i]);
        }
    }
    return true;
}

bool config_boot_read(Config *cfg, const Node *root, Error **errp)
{
    ConfigBoot *boot = &cfg->boot;
    const Node *map, *n;
    *boot = (ConfigBoot){.seed = 1};
    if (!config_get_group(root, "boot", NODE_MAP, &map, errp)) {
        return false;
    }
    if (!map) {
        return true;
    }
    boot->at = map->at;
    boot->stub_given = config_node_find(map, "stub") != NULL;
    if (!config_get_map(map, "boot", NULL, errp) ||
        !config_get_number(map, "stub", UNIT_NONE, 0, UINT64_MAX, &boot->stub,
                           errp) ||
        !config_get_file(cfg, map, "bios", &boot->bios, errp) ||
        !config_get_file(cfg, map, "kernel", &boot->kernel, errp) ||
        !config_get_file(cfg, map, "initrd", &boot->initrd, errp) ||
        !config_get_file(cfg, map, "dtb", &boot->dtb, errp) ||
        !config_get_number(map, "seed", UNIT_NONE, 0, UINT64_MAX, &boot->seed,
                           errp)) {
        return false;
    }
    if ((n = config_node_find(map, "append")) &&
        !config_value_text(n, "append", &boot->append, errp)) {
        return false;
    }
    if ((n = config_node_find(map, "console")) &&
        !config_value_text(n, "console", &boot->console, errp)) {
        return false;
    }
    if ((boot->bios || boot->kernel) && !boot->stub_given) {
        return config_error(errp, map->at,
                            "boot: %s %s needs a reset stub, and this machine "
                            "has no place for one; write \"boot: {stub: "
                            "ADDRESS}\"",
                            boot->bios ? "bios" : "kernel",
                            boot->bios ? boot->bios : boot->kernel);
    }
    return check_alone(boot, map, errp);
}

bool config_boot_check(const Config *cfg, Error **errp)
{
    const char *name = cfg->boot.console;
    if (!name) {
        return true;
    }
    ConfigHint hint;
    config_hint_init(&hint, name);
    for (unsigned i = 0; i < cfg->devices; i++) {
        const ConfigDevice *dev = &cfg->device[i];
        if (dev->cls->serial_in && strcmp(dev->name, name) == 0) {
            return true;
        }
        if (dev->cls->serial_in) {
            config_hint_offer(&hint, dev->name);
        }
    }
    return config_error(errp, cfg->boot.at,
                        "boot.console: no serial device \"%.63s\"; %s", name,
                        config_hint_text(&hint, "this machine has none"));
}
