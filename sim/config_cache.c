/*
 * config_cache.c - the section `cache`: icache and dcache of a cpu.
 *
 * Model    What a cache may be is known to soc/l1.c; here is how it is written.
 * Units    bytes; cycles of the cpu.
 * Source   own design.
 */
#include "sim/config_cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/config_get.h"

static const char *const writes[] = {"back", "through", NULL};
static const char *const allocates[] = {"read-write", "read", NULL};
static const char *const fences[] = {"invalidate", "keep", NULL};

static bool read_range(const Node *n, L1Range *range, Error **errp)
{
    uint64_t at = 0, size = 0;
    if (!config_get_map(n, "uncached", NULL, errp) ||
        !config_get_number(n, "at", UNIT_NONE, 0, UINT64_MAX, &at, errp) ||
        !config_get_number(n, "size", UNIT_SIZE, 1, UINT64_MAX, &size, errp)) {
        return false;
    }
    if ((at | size) % PAGE_SIZE_BYTES || size - 1 > UINT64_MAX - at) {
        return config_error(errp, n->at,
                            "uncached: 0x%" PRIx64 " bytes at 0x%" PRIx64
                            "; write whole pages of 4 KiB, inside 64 bits",
                            size, at);
    }
    *range = (L1Range){at, at + (size - 1)};
    return true;
}

static bool read_uncached(Config *cfg, const Node *map, ConfigCache *cache,
                          Error **errp)
{
    const Node *list;
    if (!config_get_group(map, "uncached", NODE_LIST, &list, errp)) {
        return false;
    }
    const size_t n = list ? list->count : 0;
    L1Range *range = config_arena_alloc(cfg->arena, (n + 1) * sizeof(*range));
    cache->l1.uncached = range;
    for (const Node *r = list ? list->first : NULL; r; r = r->next) {
        if (!read_range(r, &range[cache->l1.uncacheds++], errp)) {
            return false;
        }
    }
    return true;
}

/* Code is not written. */
static bool check_icache(const Node *map, Error **errp)
{
    static const char *const keys[] = {"write", "allocate",
                                       "writeback_overhead", NULL};
    for (unsigned i = 0; keys[i]; i++) {
        const Node *n = config_node_find(map, keys[i]);
        if (n) {
            return config_error(errp, n->key_at,
                                "icache: %s is for a dcache, code is only "
                                "read; leave it out",
                                keys[i]);
        }
    }
    return true;
}

static bool read_numbers(const Node *map, L1Config *l1, Error **errp)
{
    enum { CYCLES = CONFIG_MAX_CYCLES };
    uint64_t hit = 1;
    if (!config_get_number(map, "size", UNIT_SIZE, 1, L1_SIZE_MAX, &l1->size,
                           errp) ||
        !config_get_u32(map, "ways", UINT32_MAX, &l1->ways, errp) ||
        !config_get_u32(map, "line", UINT32_MAX, &l1->line, errp) ||
        !config_get_number(map, "seed", UNIT_NONE, 1, UINT64_MAX, &l1->seed,
                           errp) ||
        !config_get_number(map, "hit", UNIT_NONE, 1, UINT8_MAX, &hit, errp) ||
        !config_get_u32(map, "fill_overhead", CYCLES, &l1->fill_overhead,
                        errp) ||
        !config_get_u32(map, "writeback_overhead", CYCLES,
                        &l1->writeback_overhead, errp)) {
        return false;
    }
    l1->hit = (uint32_t)hit;
    return true;
}

bool config_read_cache(Config *cfg, const Node *cpu, const char *key, bool code,
                       ConfigCache *cache, Error **errp)
{
    const Node *map = config_node_find(cpu, key);
    unsigned replacement = L1_LRU, through = 0, read = 0, keep = !code;
    *cache = (ConfigCache){.l1 = {.ways = 1, .line = 32, .seed = 1}};
    if (!map || (map->kind == NODE_SCALAR && !strcmp(map->text, "none"))) {
        return true;
    }
    L1Config *l1 = &cache->l1;
    if (!config_get_map(map, "cache", NULL, errp) ||
        (code && !check_icache(map, errp)) || !read_numbers(map, l1, errp) ||
        !config_get_choice(map, "replacement", l1_replacement_name,
                           &replacement, errp) ||
        !config_get_choice(map, "write", writes, &through, errp) ||
        !config_get_choice(map, "allocate", allocates, &read, errp) ||
        !config_get_choice(map, "fence_i", fences, &keep, errp) ||
        !read_uncached(cfg, map, cache, errp)) {
        return false;
    }
    cache->there = true;
    cache->at = map->at;
    l1->replacement = (L1Replacement)replacement;
    l1->write_through = through;
    l1->write_allocate = !read;
    l1->keep_on_fence_i = keep;
    Error *wrong = NULL;
    if (!l1_config_check(l1, &wrong)) {
        config_error(errp, map->at, "%s: %s", key, error_message(wrong));
        error_free(wrong);
        return false;
    }
    return true;
}

void config_put_cache(FILE *out, const char *key, bool code,
                      const ConfigCache *cache)
{
    const L1Config *l1 = &cache->l1;
    if (!cache->there) {
        fprintf(out, ", %s: none", key);
        return;
    }
    fprintf(out,
            ", %s: {size: %" PRIu64 ", ways: %" PRIu32 ", line: %" PRIu32
            ", replacement: %s, seed: %" PRIu64 ", hit: %" PRIu32
            ", fill_overhead: %" PRIu32,
            key, l1->size, l1->ways, l1->line,
            l1_replacement_name[l1->replacement], l1->seed, l1->hit,
            l1->fill_overhead);
    if (!code) {
        fprintf(out,
                ", writeback_overhead: %" PRIu32 ", write: %s, allocate: %s",
                l1->writeback_overhead, writes[l1->write_through],
                allocates[!l1->write_allocate]);
    }
    fprintf(out, ", fence_i: %s, uncached: [", fences[l1->keep_on_fence_i]);
    for (uint32_t i = 0; i < l1->uncacheds; i++) {
        const L1Range *r = &l1->uncached[i];
        fprintf(out, "%s{at: 0x%08" PRIx64 ", size: 0x%" PRIx64 "}",
                i ? ", " : "", r->first, r->last - r->first + 1);
    }
    fprintf(out, "]}");
}
