/*
 * config_harts.c - `harts: N` makes N of the one entry in `cpus`.
 *
 * Model    The digits at the end of the entry's name count up: cpu0, cpu1, ...
 *          A list of wires that lead to it is said again for each, in order:
 *          out: [cpu0.mei, cpu0.sei] becomes [cpu0.mei, cpu0.sei, cpu1.mei,
 *          cpu1.sei], as interrupt controllers number their contexts. Ranges,
 *          extends and --set come first, so all of them can speak of the one.
 * Source   docs/config.md, "harts".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config_get.h"

enum { MAX_HARTS = 64 };

/* Length of a name without the digits at its end, which are *first. */
static size_t stem(const char *name, unsigned *first)
{
    size_t len = strlen(name);
    size_t digits = 0;
    while (digits < len && digits < 6 && name[len - digits - 1] >= '0' &&
           name[len - digits - 1] <= '9') {
        digits++;
    }
    *first = (unsigned)strtoul(name + len - digits, NULL, 10);
    return len - digits;
}

static const char *member(ConfigArena *arena, const char *name, unsigned i)
{
    unsigned first;
    size_t len = stem(name, &first);
    return config_arena_printf(arena, "%.*s%u", (int)len, name, first + i);
}

/* Is it "cpu0.LINE"? Then *line is what follows the name. */
static bool leads_to(const Node *node, const char *cpu, const char **line)
{
    size_t len = strlen(cpu);
    if (node->kind != NODE_SCALAR || strncmp(node->text, cpu, len) != 0 ||
        node->text[len] != '.') {
        return false;
    }
    *line = node->text + len;
    return true;
}

/* Says the wires of a list that lead to the cpu again for another one. */
static bool repeat_wires(ConfigArena *arena, Node *list, const char *cpu,
                         const char *other, Error **errp)
{
    const char *line;
    unsigned count = list->count;
    const Node *n = list->first;
    for (unsigned i = 0; i < count; i++, n = n->next) {
        if (!leads_to(n, cpu, &line)) {
            continue;
        }
        Node *wire = config_node_new(arena, NODE_SCALAR, n->at, errp);
        if (!wire) {
            return false;
        }
        wire->text = config_arena_printf(arena, "%s%s", other, line);
        if (!config_node_append(list, wire, errp)) {
            return false;
        }
    }
    return true;
}

static bool add_hart(ConfigArena *arena, Node *root, Node *cpus,
                     const char *cpu, const char *other, Error **errp)
{
    Node *copy = config_node_copy(arena, cpus->first, 2, errp);
    if (!copy || !config_node_append(cpus, copy, errp)) {
        return false;
    }
    config_node_find(copy, "name")->text = other;
    const Node *devices = config_node_find(root, "devices");
    for (Node *dev = devices ? devices->first : NULL; dev; dev = dev->next) {
        for (Node *value = dev->first; value; value = value->next) {
            if (value->kind == NODE_LIST &&
                !repeat_wires(arena, value, cpu, other, errp)) {
                return false;
            }
        }
    }
    return true;
}

bool config_harts_expand(ConfigArena *arena, Node *root, Error **errp)
{
    Node *harts = config_node_find(root, "harts");
    uint64_t count;
    if (!harts) {
        return true;
    }
    if (!config_value_number(harts, "harts", UNIT_NONE, 1, MAX_HARTS, &count,
                             errp)) {
        return false;
    }
    Node *cpus = config_node_find(root, "cpus");
    const char *name = cpus && cpus->kind == NODE_LIST && cpus->count == 1
                           ? config_node_text(cpus->first, "name")
                           : NULL;
    if (!name) {
        return config_error(errp, harts->at,
                            "harts: repeats the only entry of \"cpus\", and "
                            "there %s %u; write the entries yourself",
                            cpus && cpus->count > 1 ? "are" : "is",
                            cpus ? cpus->count : 0);
    }
    for (unsigned i = 1; i < count; i++) {
        if (!add_hart(arena, root, cpus, name, member(arena, name, i), errp)) {
            return false;
        }
    }
    config_node_unlink(root, harts);
    return true;
}
