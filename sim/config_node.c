/*
 * config_node.c - the arena a description lives in, its nodes, and messages.
 *
 * Model    A bump allocator freed as a whole; nodes are linked lists, looked up
 *          linearly (a description has hundreds of them, at most
 *          CONFIG_MAX_ITEMS in one place).
 * Units    bytes.
 * Source   own design.
 * Missing  -
 */
#include "sim/config_node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16 * 1024 };

typedef struct Chunk Chunk;
struct Chunk {
    Chunk *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char data[];
};

struct ConfigArena {
    Chunk *chunk;
    unsigned nodes;
};

/* The host is out of memory: there is nobody to tell it to. Everything a
 * description can make us allocate is bounded (CONFIG_MAX_*). */
static void *alloc_or_die(size_t size)
{
    void *p = calloc(1, size);
    if (!p) {
        abort();
    }
    return p;
}

ConfigArena *config_arena_new(void)
{
    return alloc_or_die(sizeof(ConfigArena));
}

void config_arena_free(ConfigArena *arena)
{
    if (!arena) {
        return;
    }
    for (Chunk *c = arena->chunk, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    free(arena);
}

void *config_arena_alloc(ConfigArena *arena, size_t size)
{
    size_t align = _Alignof(max_align_t);
    size = (size + align - 1) / align * align;
    Chunk *c = arena->chunk;
    if (!c || c->size - c->used < size) {
        size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        c = alloc_or_die(sizeof(Chunk) + room);
        c->size = room;
        c->next = arena->chunk;
        arena->chunk = c;
    }
    void *p = c->data + c->used;
    c->used += size;
    return p;
}

char *config_arena_copy(ConfigArena *arena, const char *text, size_t len)
{
    char *copy = config_arena_alloc(arena, len + 1);
    memcpy(copy, text, len);
    return copy;
}

char *config_arena_printf(ConfigArena *arena, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    size_t size = len < 0 ? 1 : (size_t)len + 1;
    char *text = config_arena_alloc(arena, size);
    va_start(ap, fmt);
    vsnprintf(text, size, fmt, ap);
    va_end(ap);
    return text;
}

Node *config_node_new(ConfigArena *arena, NodeKind kind, ConfigPlace at,
                      Error **errp)
{
    if (arena->nodes >= CONFIG_MAX_NODES) {
        config_error(errp, at,
                     "the description grows beyond %d values; write less, or "
                     "fewer ranges and aliases",
                     CONFIG_MAX_NODES);
        return NULL;
    }
    arena->nodes++;
    Node *node = config_arena_alloc(arena, sizeof(*node));
    node->kind = kind;
    node->at = at;
    node->text = "";
    return node;
}

Node *config_node_copy(ConfigArena *arena, const Node *from, unsigned depth,
                       Error **errp)
{
    if (depth > CONFIG_MAX_DEPTH) {
        config_error(errp, from->at, "nested more than %d deep; flatten it",
                     CONFIG_MAX_DEPTH);
        return NULL;
    }
    Node *node = config_node_new(arena, from->kind, from->at, errp);
    if (!node) {
        return NULL;
    }
    node->key = from->key;
    node->key_at = from->key_at;
    node->text = from->text;
    for (const Node *child = from->first; child; child = child->next) {
        Node *copy = config_node_copy(arena, child, depth + 1, errp);
        if (!copy || !config_node_append(node, copy, errp)) {
            return NULL;
        }
    }
    return node;
}

bool config_node_append(Node *parent, Node *child, Error **errp)
{
    if (parent->count >= CONFIG_MAX_ITEMS) {
        return config_error(errp, child->at,
                            "more than %d entries here; write fewer",
                            CONFIG_MAX_ITEMS);
    }
    child->next = NULL;
    if (parent->last) {
        parent->last->next = child;
    } else {
        parent->first = child;
    }
    parent->last = child;
    parent->count++;
    return true;
}

void config_node_unlink(Node *parent, Node *child)
{
    Node *previous = NULL;
    for (Node *n = parent->first; n; previous = n, n = n->next) {
        if (n != child) {
            continue;
        }
        if (previous) {
            previous->next = n->next;
        } else {
            parent->first = n->next;
        }
        if (parent->last == n) {
            parent->last = previous;
        }
        parent->count--;
        return;
    }
}

void config_node_replace(Node *node, const Node *from)
{
    node->kind = from->kind;
    node->at = from->at;
    node->text = from->text;
    node->first = from->first;
    node->last = from->last;
    node->count = from->count;
}

Node *config_node_find(const Node *map, const char *key)
{
    if (map->kind != NODE_MAP) {
        return NULL;
    }
    for (Node *n = map->first; n; n = n->next) {
        if (strcmp(n->key, key) == 0) {
            return n;
        }
    }
    return NULL;
}

const char *config_node_text(const Node *map, const char *key)
{
    const Node *n = config_node_find(map, key);
    return n && n->kind == NODE_SCALAR ? n->text : NULL;
}

bool config_node_is_named(const Node *list)
{
    if (list->kind != NODE_LIST) {
        return false;
    }
    for (const Node *n = list->first; n; n = n->next) {
        if (!config_node_text(n, "name")) {
            return false;
        }
    }
    return true;
}

Node *config_node_named(const Node *list, const char *name)
{
    for (Node *n = list->first; n; n = n->next) {
        const char *text = config_node_text(n, "name");
        if (text && strcmp(text, name) == 0) {
            return n;
        }
    }
    return NULL;
}

bool config_error(Error **errp, ConfigPlace at, const char *fmt, ...)
{
    char text[1024];
    int used = at.line == 0 ? snprintf(text, sizeof(text), "%.256s: ", at.file)
                            : snprintf(text, sizeof(text),
                                       "%.256s:%u: ", at.file, at.line);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text + used, sizeof(text) - (size_t)used, fmt, ap);
    va_end(ap);
    for (char *p = text; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f) {
            *p = '?';
        }
    }
    return error_set(errp, "%s", text);
}

const char *config_place_text(ConfigPlace at, ConfigPlace from, char *buf,
                              size_t size)
{
    if (at.line == 0) {
        snprintf(buf, size, "%s", at.file);
    } else if (strcmp(at.file, from.file) == 0) {
        snprintf(buf, size, "line %u", at.line);
    } else {
        snprintf(buf, size, "%s:%u", at.file, at.line);
    }
    return buf;
}
