/*
 * config_range.c - cpu[0-3] stands for cpu0, cpu1, cpu2, cpu3.
 *
 * Model    A list entry whose `name` has a range, or a map entry whose key has
 *          one, becomes one entry per member; ranges of the same length in its
 *          other values advance in step. Elsewhere, an item of a list becomes
 *          one item per member. Anywhere else a range is an error. Ranges in
 *          one text advance together.
 * Units    -
 * Source   own design; docs/config.md, "Ranges".
 * Missing  steps and descending ranges.
 */
#include <stdio.h>
#include <string.h>

#include "sim/config_node.h"

typedef struct Range {
    const char *begin, *end; /* of "[0-3]" */
    unsigned low, high;
} Range;

/* Digits at *p, at most nine of them; false: none or too many. */
static bool read_digits(const char **p, unsigned *value)
{
    unsigned digits = 0;
    for (*value = 0; **p >= '0' && **p <= '9'; ++*p) {
        if (++digits > 9) {
            return false;
        }
        *value = *value * 10 + (unsigned)(**p - '0');
    }
    return digits > 0;
}

/* The first range at or after p. "[x]" that is none is passed over. */
static bool find_range(const char *p, Range *range)
{
    while ((p = strchr(p, '[')) != NULL) {
        const char *q = p + 1;
        if (read_digits(&q, &range->low) && *q++ == '-' &&
            read_digits(&q, &range->high) && *q == ']') {
            range->begin = p;
            range->end = q + 1;
            return true;
        }
        p++;
    }
    return false;
}

bool config_range_count(const char *text, ConfigPlace at, unsigned *count,
                        Error **errp)
{
    *count = 0;
    Range r;
    for (const char *p = text; find_range(p, &r); p = r.end) {
        if (r.low > r.high) {
            return config_error(errp, at,
                                "range [%u-%u] in \"%s\" runs backwards; write "
                                "[%u-%u]",
                                r.low, r.high, text, r.high, r.low);
        }
        unsigned members = r.high - r.low + 1;
        if (members > CONFIG_MAX_RANGE) {
            return config_error(errp, at,
                                "range [%u-%u] has %u members; write at most "
                                "%d",
                                r.low, r.high, members, CONFIG_MAX_RANGE);
        }
        if (*count && *count != members) {
            return config_error(errp, at,
                                "ranges of %u and %u members in \"%s\"; make "
                                "them equally long",
                                *count, members, text);
        }
        *count = members;
    }
    return true;
}

const char *config_range_member(ConfigArena *arena, const char *text,
                                unsigned i)
{
    /* Never longer than the text: a member has the digits of `high` at most. */
    char *out = config_arena_alloc(arena, strlen(text) + 1);
    size_t used = 0;
    const char *p = text;
    for (Range r; find_range(p, &r); p = r.end) {
        size_t before = (size_t)(r.begin - p);
        memcpy(out + used, p, before);
        used += before;
        used += (size_t)snprintf(out + used, (size_t)(r.end - r.begin), "%u",
                                 r.low + i);
    }
    memcpy(out + used, p, strlen(p));
    return out;
}

static Node *expand_scalar(ConfigArena *arena, const Node *node, unsigned index,
                           unsigned count, Error **errp)
{
    Node *copy = config_node_new(arena, NODE_SCALAR, node->at, errp);
    unsigned members;
    if (!copy || !config_range_count(node->text, node->at, &members, errp)) {
        return NULL;
    }
    copy->text = node->text;
    if (members && members == count) {
        copy->text = config_range_member(arena, node->text, index);
    } else if (members && count) {
        config_error(errp, node->at,
                     "\"%s\" has %u members but the entry has %u; make them "
                     "equally long",
                     node->text, members, count);
        return NULL;
    } else if (members) {
        config_error(errp, node->at,
                     "range \"%s\" stands alone; put it into a list [ ], or "
                     "give the entry's name a range too",
                     node->text);
        return NULL;
    }
    return copy;
}

/* How many entries an item of a list stands for; 0: itself. */
static bool item_members(const Node *item, unsigned count, unsigned *members,
                         Error **errp)
{
    *members = 0;
    const Node *name = config_node_find(item, "name");
    if (name && name->kind == NODE_SCALAR) {
        return config_range_count(name->text, name->at, members, errp);
    }
    if (item->kind == NODE_SCALAR) {
        if (!config_range_count(item->text, item->at, members, errp)) {
            return false;
        }
        if (*members == count) {
            *members = 0; /* advances in step with its entry */
        }
    }
    return true;
}

/* Two entries of one list that were given the same name. */
static bool check_twins(const Node *list, const Node *entry, Error **errp)
{
    const char *name = config_node_text(entry, "name");
    const Node *twin = name ? config_node_named(list, name) : NULL;
    if (!twin) {
        return true;
    }
    char buf[128];
    return config_error(
        errp, entry->at,
        "name \"%s\" is used twice, first on %s; give one of "
        "them another name",
        name, config_place_text(twin->at, entry->at, buf, sizeof(buf)));
}

static bool expand_children(ConfigArena *arena, Node *copy, const Node *from,
                            unsigned index, unsigned count, Error **errp)
{
    for (const Node *n = from->first; n; n = n->next) {
        unsigned members;
        bool ok = from->kind == NODE_MAP
                      ? config_range_count(n->key, n->key_at, &members, errp)
                      : item_members(n, count, &members, errp);
        if (!ok) {
            return false;
        }
        for (unsigned i = 0; i < (members ? members : 1); i++) {
            Node *child =
                members ? config_range_expand(arena, n, i, members, errp)
                        : config_range_expand(arena, n, index, count, errp);
            if (!child) {
                return false;
            }
            if (from->kind == NODE_MAP) {
                child->key_at = n->key_at;
                child->key =
                    members ? config_range_member(arena, n->key, i) : n->key;
                const Node *twin = config_node_find(copy, child->key);
                if (twin) {
                    return config_error(errp, child->key_at,
                                        "key \"%s\" is given twice; keep one "
                                        "of them",
                                        child->key);
                }
            } else if (!check_twins(copy, child, errp)) {
                return false;
            }
            if (!config_node_append(copy, child, errp)) {
                return false;
            }
        }
    }
    return true;
}

Node *config_range_expand(ConfigArena *arena, const Node *node, unsigned index,
                          unsigned count, Error **errp)
{
    if (node->kind == NODE_SCALAR) {
        return expand_scalar(arena, node, index, count, errp);
    }
    Node *copy = config_node_new(arena, node->kind, node->at, errp);
    return copy && expand_children(arena, copy, node, index, count, errp)
               ? copy
               : NULL;
}
