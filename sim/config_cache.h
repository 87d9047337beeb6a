/* config_cache.h - a cpu's caches in a description. */
#ifndef SIM_CONFIG_CACHE_H
#define SIM_CONFIG_CACHE_H

#include <stdio.h>

#include "sim/config_node.h"

/* Reads `key` of a cpu's entry; code: it is the icache. */
bool config_read_cache(Config *cfg, const Node *cpu, const char *key, bool code,
                       ConfigCache *cache, Error **errp);
/* Writes it so that it is read back to the same. */
void config_put_cache(FILE *out, const char *key, bool code,
                      const ConfigCache *cache);

#endif
