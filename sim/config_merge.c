/*
 * config_merge.c - several sources, one tree: files that extend files, --set.
 *
 * Model    The extended file is read first, then the extending one is laid over
 *          it: maps merge key by key, lists of named entries merge by name,
 *          anything else replaces. An entry with `remove: true` takes the one
 *          below away. Ranges are expanded per file, before merging. --set
 *          walks a path of keys and names and lays its value over what is
 * there. Units    - Source   own design; docs/config.md, "extends" and "--set".
 * Missing  several bases.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/config_node.h"

/* A file being read, and who extends it. */
typedef struct Source Source;
struct Source {
    const Source *by;
    const char *path;
    dev_t dev;
    ino_t ino; /* 0: not a file */
    unsigned depth;
};

static Node *load(ConfigArena *arena, const char *path, ConfigPlace from,
                  const Source *by, Error **errp);

const char *config_merge_path(ConfigArena *arena, const char *from,
                              const char *path)
{
    const char *slash = strrchr(from, '/');
    if (path[0] == '/' || !slash) {
        return path;
    }
    return config_arena_printf(arena, "%.*s/%s", (int)(slash - from), from,
                               path);
}

/* -- merging ------------------------------------------------------------------
 */

static bool is_waits(const char *key)
{
    return key && (!strcmp(key, "wait_states") || !strcmp(key, "read") ||
                   !strcmp(key, "write"));
}

/* `wait_states: 2` says the same as {read: 2, write: 2}: gives it that form, so
 * that one part of it can be changed. */
static bool split_waits(ConfigArena *arena, Node *node, Error **errp)
{
    bool whole = strcmp(node->key, "wait_states") == 0;
    const char *parts[2] = {whole ? "read" : "first", whole ? "write" : "next"};
    Node map = {.kind = NODE_MAP, .at = node->at, .text = ""};
    for (int i = 0; i < 2; i++) {
        Node *part = config_node_new(arena, NODE_SCALAR, node->at, errp);
        if (!part) {
            return false;
        }
        part->key = parts[i];
        part->key_at = node->at;
        part->text = node->text;
        if (!config_node_append(&map, part, errp)) {
            return false;
        }
    }
    config_node_replace(node, &map);
    return true;
}

static bool merge(ConfigArena *arena, Node *base, const Node *over,
                  Error **errp);

static bool removes(const Node *entry)
{
    const char *text = config_node_text(entry, "remove");
    return text && strcmp(text, "true") == 0;
}

/* Lays one child over the base: `below` is what it meets there, or NULL. */
static bool merge_child(ConfigArena *arena, Node *base, Node *below,
                        Node *child, Error **errp)
{
    if (below && removes(child)) {
        config_node_unlink(base, below);
        return true;
    }
    return below ? merge(arena, below, child, errp)
                 : config_node_append(base, child, errp);
}

static bool merge(ConfigArena *arena, Node *base, const Node *over,
                  Error **errp)
{
    if (base->kind == NODE_SCALAR && over->kind == NODE_MAP &&
        is_waits(base->key) && !config_node_is_empty(base) &&
        !split_waits(arena, base, errp)) {
        return false;
    }
    bool maps = base->kind == NODE_MAP && over->kind == NODE_MAP;
    bool lists = config_node_is_named(base) && config_node_is_named(over);
    if (!maps && !lists) {
        config_node_replace(base, over);
        return true;
    }
    for (Node *child = over->first, *next; child; child = next) {
        next = child->next;
        Node *below =
            maps ? config_node_find(base, child->key)
                 : config_node_named(base, config_node_text(child, "name"));
        if (!merge_child(arena, base, below, child, errp)) {
            return false;
        }
    }
    return true;
}

/* -- files
 * ---------------------------------------------------------------------- */

static bool check_chain(const Source *source, ConfigPlace from, Error **errp)
{
    for (const Source *s = source->by; s; s = s->by) {
        bool same = s->ino ? s->ino == source->ino && s->dev == source->dev
                           : strcmp(s->path, source->path) == 0;
        if (same) {
            return config_error(errp, from,
                                "extends: %s extends itself through this file; "
                                "break the circle",
                                source->path);
        }
    }
    if (source->depth > CONFIG_MAX_EXTENDS) {
        return config_error(errp, from,
                            "extends: more than %d files extend one another; "
                            "join some of them",
                            CONFIG_MAX_EXTENDS);
    }
    return true;
}

/* Takes the key `extends` away and lays the tree over the file it names. */
static Node *extend(ConfigArena *arena, Node *root, const Source *source,
                    Error **errp)
{
    Node *extends = config_node_find(root, "extends");
    if (!extends) {
        return root;
    }
    const char *text;
    if (!config_value_text(extends, "extends", &text, errp)) {
        return NULL;
    }
    config_node_unlink(root, extends);
    const char *path = config_merge_path(arena, source->path, text);
    Node *base = load(arena, path, extends->at, source, errp);
    return base && merge(arena, base, root, errp) ? base : NULL;
}

static Node *read_tree(ConfigArena *arena, const char *text, size_t len,
                       const Source *source, Error **errp)
{
    Node *raw = config_yaml_parse(arena, text, len, source->path, false, errp);
    if (!raw) {
        return NULL;
    }
    if (raw->kind != NODE_MAP) {
        config_error(errp, raw->at,
                     "the file is a %s, not a map; write \"key: value\" lines "
                     "such as \"version: 1\"",
                     raw->kind == NODE_LIST ? "list" : "single value");
        return NULL;
    }
    Node *root = config_range_expand(arena, raw, 0, 0, errp);
    return root ? extend(arena, root, source, errp) : NULL;
}

/* What is wrong with a path is said of the place that names it, if any. */
static bool path_error(Error **errp, ConfigPlace from, const char *path,
                       const char *what)
{
    if (!from.file) {
        return config_error(errp, (ConfigPlace){path, 0}, "%s", what);
    }
    return config_error(errp, from, "extends: %s: %s", path, what);
}

/* All of a file, at most CONFIG_MAX_BYTES + 1. */
static bool read_all(ConfigArena *arena, int fd, char **text, size_t *len)
{
    size_t room = 4096;
    *text = config_arena_alloc(arena, room);
    for (*len = 0;;) {
        ssize_t n = read(fd, *text + *len, room - *len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0;
        }
        *len += (size_t)n;
        if (*len > CONFIG_MAX_BYTES) {
            return true;
        }
        if (*len == room) {
            char *more = config_arena_alloc(arena, room *= 2);
            memcpy(more, *text, *len);
            *text = more;
        }
    }
}

static Node *load_open(ConfigArena *arena, int fd, Source *source,
                       ConfigPlace from, Error **errp)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        path_error(errp, from, source->path, strerror(errno));
        return NULL;
    }
    if (S_ISDIR(st.st_mode)) {
        path_error(errp, from, source->path,
                   "is a directory; name a YAML file in it");
        return NULL;
    }
    if (from.file && !S_ISREG(st.st_mode)) {
        path_error(errp, from, source->path, "is not a file; name a YAML file");
        return NULL;
    }
    source->dev = st.st_dev;
    source->ino = st.st_ino;
    if (!check_chain(source, from, errp)) {
        return NULL;
    }
    char *text;
    size_t len;
    if (!read_all(arena, fd, &text, &len)) {
        path_error(errp, from, source->path, strerror(errno));
        return NULL;
    }
    if (len == 0) {
        path_error(errp, from, source->path,
                   "is empty; a description begins with \"version: 1\"");
        return NULL;
    }
    return read_tree(arena, text, len, source, errp);
}

static Node *load(ConfigArena *arena, const char *path, ConfigPlace from,
                  const Source *by, Error **errp)
{
    Source source = {.by = by, .path = path, .depth = by ? by->depth + 1 : 0};
    int flags = from.file ? O_RDONLY | O_NONBLOCK : O_RDONLY;
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) {
        char what[160];
        snprintf(what, sizeof(what), "%s; check the path", strerror(errno));
        path_error(errp, from, path, what);
        return NULL;
    }
    Node *root = load_open(arena, fd, &source, from, errp);
    close(fd);
    return root;
}

Node *config_merge_file(ConfigArena *arena, const char *path, Error **errp)
{
    const char *own = config_arena_copy(arena, path, strlen(path));
    return load(arena, own, (ConfigPlace){NULL, 0}, NULL, errp);
}

Node *config_merge_text(ConfigArena *arena, const char *text, size_t len,
                        const char *name, Error **errp)
{
    Source source = {.path = config_arena_copy(arena, name, strlen(name))};
    return read_tree(arena, text, len, &source, errp);
}

/* -- --set
 * ------------------------------------------------------------------------ */

static const char *const groups[] = {"cpus", "buses", "memories", "devices"};
enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

/* The entry called name in a group: a map by key or a list by name. */
static Node *group_find(const Node *group, const char *name)
{
    if (!group) {
        return NULL;
    }
    return group->kind == NODE_MAP    ? config_node_find(group, name)
           : group->kind == NODE_LIST ? config_node_named(group, name)
                                      : NULL;
}

static void group_offer(const Node *group, ConfigHint *hint)
{
    for (const Node *n = group ? group->first : NULL; n; n = n->next) {
        const char *name = n->key ? n->key : config_node_text(n, "name");
        if (name) {
            config_hint_offer(hint, name);
        }
    }
}

/* A step of a path, from `at` to the child called name; *parent is where that
 * child hangs (for removal). Keys that are not there are made. */
static Node *step(ConfigArena *arena, Node *at, const char *name,
                  ConfigPlace place, Error **errp)
{
    if (at->kind == NODE_SCALAR && is_waits(at->key) &&
        !config_node_is_empty(at) && !split_waits(arena, at, errp)) {
        return NULL;
    }
    bool group =
        at->kind == NODE_LIST || (at->key && strcmp(at->key, "buses") == 0);
    Node *child = group ? group_find(at, name) : config_node_find(at, name);
    if (child) {
        return child;
    }
    if (group) {
        ConfigHint hint;
        config_hint_init(&hint, name);
        group_offer(at, &hint);
        config_error(errp, place, "nothing is called \"%s\" there; %s", name,
                     config_hint_text(&hint, "the description has none"));
        return NULL;
    }
    if (at->kind == NODE_SCALAR && !config_node_is_empty(at)) {
        config_error(errp, place,
                     "what is before \".%s\" is a value, not a map; end the "
                     "path there",
                     name);
        return NULL;
    }
    at->kind = NODE_MAP;
    child = config_node_new(arena, NODE_SCALAR, place, errp);
    if (!child) {
        return NULL;
    }
    child->key = name;
    child->key_at = place;
    return config_node_append(at, child, errp) ? child : NULL;
}

/* The first name of a path: a key of the file, or an entry of any group. */
static Node *first_step(ConfigArena *arena, Node *root, const char *name,
                        bool alone, ConfigPlace place, Node **parent,
                        Error **errp)
{
    *parent = root;
    Node *found = config_node_find(root, name);
    if (found) {
        return found;
    }
    for (const ConfigKey *key = config_keys; key->section; key++) {
        if (strcmp(key->section, "top") == 0 && strcmp(key->key, name) == 0) {
            return step(arena, root, name, place, errp);
        }
    }
    ConfigHint hint;
    config_hint_init(&hint, name);
    for (int i = 0; i < GROUPS; i++) {
        Node *group = config_node_find(root, groups[i]);
        Node *entry = group_find(group, name);
        if (entry && found) {
            config_error(errp, place,
                         "\"%s\" is both a %s and a %s entry; begin the path "
                         "with %s or %s",
                         name, (*parent)->key, groups[i], (*parent)->key,
                         groups[i]);
            return NULL;
        }
        if (entry) {
            found = entry;
            *parent = group;
        }
        group_offer(group, &hint);
    }
    if (found) {
        return found;
    }
    for (const ConfigKey *key = config_keys; alone && key->section; key++) {
        if (strcmp(key->section, "top") == 0) {
            config_hint_offer(&hint, key->key);
        }
    }
    config_error(errp, place, "nothing is called \"%s\"; %s", name,
                 config_hint_text(&hint, "the description has no entries"));
    return NULL;
}

/* Walks one path (without ranges) and lays value over its end. */
static bool set_one(ConfigArena *arena, Node *root, const char *path,
                    const Node *value, ConfigPlace place, Error **errp)
{
    Node *at = NULL, *parent = root, *above = root;
    const char *name = path;
    for (unsigned depth = 0;; depth++) {
        size_t len = strcspn(name, ".");
        bool last = name[len] == '\0';
        if (len == 0 || depth > 8) {
            return config_error(errp, place,
                                "\"%s\" is no path; write NAME.KEY=VALUE, such "
                                "as main.width=64",
                                path);
        }
        const char *word = config_arena_copy(arena, name, len);
        if (at) {
            above = parent;
            parent = at;
            at = step(arena, at, word, place, errp);
        } else {
            at = first_step(arena, root, word, last, place, &parent, errp);
        }
        if (!at) {
            return false;
        }
        if (last) {
            break;
        }
        name += len + 1;
    }
    if (at->key && strcmp(at->key, "remove") == 0 &&
        strcmp(value->text, "true") == 0) {
        config_node_unlink(above, parent);
        return true;
    }
    return merge(arena, at, value, errp);
}

bool config_merge_set(ConfigArena *arena, Node *root, const char *set,
                      Error **errp)
{
    const char *equals = strchr(set, '=');
    size_t len = equals ? (size_t)(equals - set) : strlen(set);
    const char *path = config_arena_copy(arena, set, len);
    ConfigPlace place = {config_arena_printf(arena, "--set %.80s", path), 0};
    if (!equals) {
        return config_error(errp, place,
                            "no value; write NAME.KEY=VALUE, such as "
                            "main.width=64");
    }
    if (len > CONFIG_MAX_TEXT || strlen(equals) > CONFIG_MAX_BYTES) {
        return config_error(errp, place, "too long; write it into a file");
    }
    const char *text = equals[1] ? equals + 1 : "~";
    const Node *raw =
        config_yaml_parse(arena, text, strlen(text), place.file, true, errp);
    unsigned count;
    if (!raw || !config_range_count(path, place, &count, errp)) {
        return false;
    }
    for (unsigned i = 0; i < (count ? count : 1); i++) {
        const Node *value = config_range_expand(arena, raw, i, count, errp);
        const char *one = count ? config_range_member(arena, path, i) : path;
        if (!value || !set_one(arena, root, one, value, place, errp)) {
            return false;
        }
    }
    return true;
}
