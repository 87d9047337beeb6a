/*
 * config_node.h - inside the configuration reader: the tree a YAML file becomes
 * before the schema reads it. Private to sim/; the command line uses its
 * numbers and suggestions.
 *
 * The way: config_yaml (text -> nodes), config_range (cpu[0-3] -> four),
 * config_merge (extends, --set), config (nodes -> Config), config_check (what
 * needs the whole: names, wires, overlaps), config_text (Config -> YAML).
 *
 * A node tree and everything it points to belongs to a ConfigArena and dies
 * with it: no error path frees anything else.
 */
#ifndef SIM_CONFIG_NODE_H
#define SIM_CONFIG_NODE_H

#include <stddef.h>

#include "sim/config.h"

/* What a description may take; beyond is an error, never a crash or a wait. */
enum {
    CONFIG_MAX_BYTES = 1 << 20, /* of one file */
    CONFIG_MAX_NODES = 1 << 17, /* of all files, aliases and ranges expanded */
    CONFIG_MAX_ITEMS = 2048,    /* of one list or map */
    CONFIG_MAX_DEPTH = 32,      /* of nesting */
    CONFIG_MAX_TEXT = 1024,     /* bytes of one scalar */
    CONFIG_MAX_NAME = 63,       /* bytes of a name */
    CONFIG_MAX_RANGE = 1024,    /* members of a range */
    CONFIG_MAX_EXTENDS = 8,     /* files in a chain of `extends` */
};

typedef struct ConfigArena ConfigArena;

typedef enum NodeKind { NODE_SCALAR, NODE_LIST, NODE_MAP } NodeKind;

typedef struct Node Node;
struct Node {
    NodeKind kind;
    ConfigPlace at;
    const char *key; /* in a map; NULL elsewhere */
    ConfigPlace key_at;
    const char *text; /* of a scalar; "" when nothing was written */
    Node *first, *last, *next;
    unsigned count; /* children */
};

/* -- config_node.c: arena, nodes, messages --------------------------------- */

ConfigArena *config_arena_new(void);
void config_arena_free(ConfigArena *arena);                /* NULL is fine */
void *config_arena_alloc(ConfigArena *arena, size_t size); /* zeroed */
char *config_arena_copy(ConfigArena *arena, const char *text, size_t len);
char *config_arena_printf(ConfigArena *arena, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

/* NULL, with an error, when there are too many. */
Node *config_node_new(ConfigArena *arena, NodeKind kind, ConfigPlace at,
                      Error **errp);
/* Deep; `depth` is how deep the copy will sit. Keys are copied too. */
Node *config_node_copy(ConfigArena *arena, const Node *from, unsigned depth,
                       Error **errp);
bool config_node_append(Node *parent, Node *child, Error **errp);
void config_node_unlink(Node *parent, Node *child);
/* Gives node the content and place of `from`; key and neighbours stay. */
void config_node_replace(Node *node, const Node *from);
/* The child with that key, NULL if none (or if map is no map). */
Node *config_node_find(const Node *map, const char *key);
/* The text of the scalar `key` of a map; NULL when there is none. */
const char *config_node_text(const Node *map, const char *key);
/* A list whose every item is a map with a name. */
bool config_node_is_named(const Node *list);
Node *config_node_named(const Node *list, const char *name);
/* Nothing was written: `key:` */
static inline bool config_node_is_empty(const Node *node)
{
    return node->kind == NODE_SCALAR && node->text[0] == '\0';
}

/* "FILE:LINE: message"; control characters become '?'. Returns false. */
bool config_error(Error **errp, ConfigPlace at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* "line 12" if in the same file as `from`, else "FILE:12". */
const char *config_place_text(ConfigPlace at, ConfigPlace from, char *buf,
                              size_t size);

/* -- config_yaml.c ------------------------------------------------------------
 */

/* Bytes of the UTF-8 character at s; 0: not UTF-8, or not allowed in YAML. */
size_t config_yaml_character(const unsigned char *s, size_t left);
/* Text of one YAML document -> tree. `file` is owned by the arena; with line0
 * every line is 0 (a --set value). */
Node *config_yaml_parse(ConfigArena *arena, const char *text, size_t len,
                        const char *file, bool line0, Error **errp);

/* -- config_range.c -----------------------------------------------------------
 */

/* How many members the range in text has; 0: no range in it. */
bool config_range_count(const char *text, ConfigPlace at, unsigned *count,
                        Error **errp);
/* Member i of a text with a range. */
const char *config_range_member(ConfigArena *arena, const char *text,
                                unsigned i);
/* A copy of the tree with all ranges expanded, as member `index` of an entry
 * with `count` members (0: not in one). */
Node *config_range_expand(ConfigArena *arena, const Node *node, unsigned index,
                          unsigned count, Error **errp);

/* -- config_merge.c
 * ------------------------------------------------------------ */

/* Reads a file and all it extends. */
Node *config_merge_file(ConfigArena *arena, const char *path, Error **errp);
Node *config_merge_text(ConfigArena *arena, const char *text, size_t len,
                        const char *name, Error **errp);
/* Applies one "path=value". */
bool config_merge_set(ConfigArena *arena, Node *root, const char *set,
                      Error **errp);
/* Path of a file named in `from`, relative to it unless absolute. */
const char *config_merge_path(ConfigArena *arena, const char *from,
                              const char *path);

/* -- config_value.c
 * ------------------------------------------------------------ */

typedef enum ConfigUnit { UNIT_NONE, UNIT_SIZE, UNIT_HZ, UNIT_TIME } ConfigUnit;

/* `what` names the value in messages. Bounds are inclusive. */
bool config_value_number(const Node *node, const char *what, ConfigUnit unit,
                         uint64_t low, uint64_t high, uint64_t *value,
                         Error **errp);
bool config_value_signed(const Node *node, const char *what, int64_t low,
                         int64_t high, int64_t *value, Error **errp);
bool config_value_bool(const Node *node, const char *what, bool *value,
                       Error **errp);
/* A non-empty scalar. */
bool config_value_text(const Node *node, const char *what, const char **text,
                       Error **errp);
/* A name: letter or _, then letters, digits, _ and -; short enough. */
bool config_value_name(const char *text, ConfigPlace at, Error **errp);

/* Collects what could have been meant. */
typedef struct ConfigHint {
    const char *word;
    const char *best;
    unsigned distance;
    char known[160];
    bool more; /* known is cut */
    char text[256];
} ConfigHint;
void config_hint_init(ConfigHint *hint, const char *word);
void config_hint_offer(ConfigHint *hint, const char *candidate);
/* `did you mean "main"?`, or `known: main, code`, or `none` if nothing was
 * offered. Valid as long as the hint. */
const char *config_hint_text(ConfigHint *hint, const char *none);
unsigned config_value_distance(const char *a, const char *b);

/* -- config_timing.c ------------------------------------------------------ */

/* `timing:` of a cpu whose isa is known. */
bool config_timing_read(Config *cfg, ConfigCpu *cpu, const Node *map,
                        Error **errp);

/* -- config_check.c
 * ------------------------------------------------------------ */

/* Reads the pins of device i from its entry. All names are known by now. */
bool config_check_wires(Config *cfg, ConfigDevice *dev, const Node *entry,
                        Error **errp);
bool config_check_names(const Config *cfg, Error **errp);
/* What only some memories have (config_memory.c). */
bool config_memory_more(Config *cfg, ConfigMemory *memory, const Node *map,
                        Error **errp);
/* Once everything is read: who fetches from memories that read ahead. */
bool config_check_prefetch(const Config *cfg, Error **errp);
/* Of parameters that name a device or a memory (config_link.c). */
bool config_check_links(const Config *cfg, Error **errp);
bool config_check_map(const Config *cfg, Error **errp);
bool config_check_posted(const Config *cfg, Error **errp); /* config_posted.c */
bool config_check_bus(const Config *cfg, const Node *node, const char *what,
                      const char **name, Error **errp);
/* Name of an interrupt input of a cpu: "mti"; "" if there is no such. */
const char *config_check_line(unsigned line);
/* And back: false, when no cpu has a line of that name. */
bool config_hart_line(const char *name, unsigned *line);
/* By HartMmu, as written; ends with NULL. */
extern const char *const config_mmus[];
extern const char *const config_arbitrations[]; /* by BusArbitration */

#endif
