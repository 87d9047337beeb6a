/*
 * config_posted.c - the section `posted`: stores into a region that wait in a
 * buffer, and what ranges that share one must agree on.
 *
 * Model    `posted: none`, or a map. A domain is one buffer: its ranges lie on
 *          one bus and say the same of it.
 * Units    bytes, cycles.
 * Source   own design; docs/config.md is the reference.
 * Missing  several ranges of one region.
 */
#include <inttypes.h>
#include <string.h>

#include "sim/config_get.h"

static bool read_line(ConfigPosted *p, const Node *map, Error **errp)
{
    uint64_t line = 64;
    if (!config_get_number(map, "line", UNIT_SIZE, 8, POSTED_LINE_MAX, &line,
                           errp)) {
        return false;
    }
    if (line & (line - 1)) {
        return config_error(errp, config_node_find(map, "line")->at,
                            "line: %u is not a power of two; write 8, 16, 32, "
                            "64, 128 or 256",
                            (unsigned)line);
    }
    p->line = (uint32_t)line;
    return true;
}

static bool read_range(ConfigPosted *p, const Node *map, uint64_t region,
                       Error **errp)
{
    if (!config_get_number(map, "from", UNIT_SIZE, 0, region - 1, &p->from,
                           errp)) {
        return false;
    }
    p->size = region - p->from;
    return config_get_number(map, "size", UNIT_SIZE, 1, p->size, &p->size,
                             errp);
}

static bool read_domain(ConfigPosted *p, const Node *map, Error **errp)
{
    const Node *n = config_node_find(map, "domain");
    return !n || (config_value_text(n, "domain", &p->domain, errp) &&
                  config_value_name(p->domain, n->at, errp));
}

bool config_get_posted(const Node *entry, const char *name, uint64_t size,
                       ConfigPosted *p, Error **errp)
{
    const Node *map = config_node_find(entry, "posted");
    *p = (ConfigPosted){.domain = name};
    if (!map) {
        return true;
    }
    if (map->kind == NODE_SCALAR && strcmp(map->text, "none") == 0) {
        return true;
    }
    uint64_t depth = 16, accept = 1;
    unsigned merge = POSTED_WORD;
    const char *merges[POSTED_MERGES + 1] = {NULL};
    memcpy(merges, posted_merge_name, sizeof(posted_merge_name));
    p->at = map->at;
    p->there = true;
    p->timeout = 64;
    if (!config_get_map(map, "posted", NULL, errp) ||
        !config_get_number(map, "depth", UNIT_NONE, 1, POSTED_ENTRIES_MAX,
                           &depth, errp) ||
        !config_get_choice(map, "merge", merges, &merge, errp) ||
        !read_line(p, map, errp) ||
        !config_get_u32(map, "timeout", CONFIG_MAX_CYCLES, &p->timeout, errp) ||
        !config_get_number(map, "accept", UNIT_NONE, 1, CONFIG_MAX_CYCLES,
                           &accept, errp) ||
        !read_domain(p, map, errp) || !read_range(p, map, size, errp)) {
        return false;
    }
    p->depth = (uint32_t)depth;
    p->accept = (uint32_t)accept;
    p->merge = (PostedMerge)merge;
    return true;
}

/* -- domains --------------------------------------------------------------- */

typedef struct Posted {
    const ConfigPosted *posted;
    const char *name, *bus;
} Posted;

/* Region i in the order of the file, memories first; posted NULL: no more. */
static Posted nth(const Config *cfg, unsigned i)
{
    if (i < cfg->memories) {
        const ConfigMemory *m = &cfg->memory[i];
        return (Posted){&m->posted, m->name, m->bus[0]};
    }
    if (i - cfg->memories < cfg->devices) {
        const ConfigDevice *d = &cfg->device[i - cfg->memories];
        return (Posted){&d->posted, d->name, d->bus};
    }
    return (Posted){NULL, NULL, NULL};
}

/* What b says otherwise than a; NULL: nothing. */
static const char *differs(const Posted *a, const Posted *b)
{
    const ConfigPosted *p = a->posted, *q = b->posted;
    return strcmp(a->bus, b->bus) != 0 ? "bus"
           : p->depth != q->depth      ? "depth"
           : p->merge != q->merge      ? "merge"
           : p->line != q->line        ? "line"
           : p->timeout != q->timeout  ? "timeout"
           : p->accept != q->accept    ? "accept"
                                       : NULL;
}

/* Do two regions that share a buffer agree on it? */
static bool check_pair(const Posted *a, const Posted *b, Error **errp)
{
    if (!a->posted->there || strcmp(a->posted->domain, b->posted->domain)) {
        return true;
    }
    const char *what = differs(a, b);
    char place[160];
    return !what ||
           config_error(errp, b->posted->at,
                        "posted: \"%s\" and \"%s\" (%s) share the buffer of "
                        "domain \"%s\" but not its %s; write the same there, "
                        "or name another domain",
                        b->name, a->name,
                        config_place_text(a->posted->at, b->posted->at, place,
                                          sizeof(place)),
                        b->posted->domain, what);
}

bool config_check_posted(const Config *cfg, Error **errp)
{
    Posted b;
    for (unsigned i = 0; (b = nth(cfg, i)).posted; i++) {
        for (unsigned k = 0; k < i && b.posted->there; k++) {
            Posted a = nth(cfg, k);
            if (!check_pair(&a, &b, errp)) {
                return false;
            }
        }
    }
    return true;
}
