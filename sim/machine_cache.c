/*
 * machine_cache.c - caches of a machine's harts.
 *
 * Model    A cache is named after its hart: cpu0.icache. It stands between the
 *          hart's port and the bus; the page walker goes through the dcache.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/machine_private.h"

bool machine_make_cache(Machine *m, const ConfigCpu *cc, bool code,
                        const ClockDomain *clock, TimingModel **timing,
                        Error **errp)
{
    const ConfigCache *config = code ? &cc->icache : &cc->dcache;
    if (!config->there) {
        return true;
    }
    MachineCache *cache = calloc(1, sizeof(*cache));
    const char *name =
        machine_string(m, "%s.%s", cc->name, code ? "icache" : "dcache");
    if (!cache || !name) {
        free(cache);
        return machine_no_memory(errp);
    }
    cache->hart = cc->name;
    cache->code = code;
    if (!l1_init(&cache->l1, name, &config->l1, clock, *timing, errp)) {
        free(cache);
        return machine_blame(errp, config->at);
    }
    MachineCache **last = &m->caches;
    while (*last) {
        last = &(*last)->next;
    }
    *last = cache;
    *timing = &cache->l1.model;
    return true;
}

void machine_own_caches(Machine *m, Hart *hart)
{
    for (MachineCache *c = m->caches; c; c = c->next) {
        if (c->hart == hart_config(hart)->name) {
            c->port = c->code ? hart_fetch_port(hart) : hart_data_port(hart);
        }
    }
}

void machine_reset_caches(Machine *m)
{
    for (MachineCache *c = m->caches; c; c = c->next) {
        l1_reset(&c->l1);
    }
}

void machine_free_caches(Machine *m)
{
    while (m->caches) {
        MachineCache *next = m->caches->next;
        l1_fini(&m->caches->l1);
        free(m->caches);
        m->caches = next;
    }
}

const MachineCache *machine_find_cache(const Machine *m, const char *name)
{
    const MachineCache *c = m->caches;
    while (c && strcmp(c->l1.name, name) != 0) {
        c = c->next;
    }
    return c;
}
