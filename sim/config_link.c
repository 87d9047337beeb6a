/*
 * config_link.c - parameters that name another device, or a memory.
 *
 * Source   own design.
 */
#include <string.h>

#include "sim/config_node.h"

/* Entry i of what the parameter may name, "" where one may not be; NULL: past
 * the end. */
static const char *nth_name(const Config *cfg, const ParamSpec *spec,
                            unsigned i)
{
    if (spec->type == PARAM_MEMORY) {
        return i < cfg->memories ? cfg->memory[i].name : NULL;
    }
    if (i >= cfg->devices) {
        return NULL;
    }
    const ConfigDevice *dev = &cfg->device[i];
    return strcmp(dev->cls->name, spec->text) ? "" : dev->name;
}

static bool check_link(const Config *cfg, const ConfigParam *param,
                       Error **errp)
{
    const ParamSpec *spec = param->spec;
    bool device = spec->type == PARAM_DEVICE;
    ConfigHint hint;
    config_hint_init(&hint, param->text);
    const char *name;
    for (unsigned i = 0; (name = nth_name(cfg, spec, i)); i++) {
        if (*name && !strcmp(name, param->text)) {
            return true;
        }
        if (*name) {
            config_hint_offer(&hint, name);
        }
    }
    return config_error(
        errp, param->at, "%s: no %s is called \"%.80s\"; %s", spec->name,
        device ? spec->text : "memory", param->text,
        config_hint_text(&hint, device ? "add it to \"devices:\" first"
                                       : "add it to \"memories:\" first"));
}

bool config_check_links(const Config *cfg, Error **errp)
{
    for (unsigned i = 0; i < cfg->devices; i++) {
        const ConfigDevice *dev = &cfg->device[i];
        for (unsigned k = 0; k < dev->params; k++) {
            ParamType type = dev->param[k].spec->type;
            if ((type == PARAM_DEVICE || type == PARAM_MEMORY) &&
                !check_link(cfg, &dev->param[k], errp)) {
                return false;
            }
        }
    }
    return true;
}
