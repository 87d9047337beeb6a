/*
 * config_yaml.c - YAML text becomes a tree of nodes with file and line.
 *
 * Model    libyaml's event stream, one document. Every scalar is text; what it
 *          means is the schema's business. An alias (*x) is a copy of the
 *          anchored value, counted against CONFIG_MAX_NODES, so aliases of
 *          aliases end in a message. An anchor is known once its value is
 *          complete: it cannot contain itself.
 * Units    lines from 1.
 * Source   YAML 1.1 (2005); RFC 3629 for UTF-8.
 * Missing  tags are ignored; merge keys (<<) are not special: use `extends`.
 */
#include <string.h>
#include <yaml.h>

#include "sim/config_node.h"

typedef struct Anchor Anchor;
struct Anchor {
    Anchor *next;
    const char *name;
    const Node *node;
};

typedef struct YamlReader {
    yaml_parser_t parser;
    ConfigArena *arena;
    const char *file;
    bool line0;
    Anchor *anchors;
    Error **errp;
} YamlReader;

static ConfigPlace place_of(const YamlReader *r, yaml_mark_t mark)
{
    unsigned line = (unsigned)mark.line + 1; /* files end at 1 MiB */
    return (ConfigPlace){r->file, r->line0 ? 0 : line};
}

size_t config_yaml_character(const unsigned char *s, size_t left)
{
    if (s[0] < 0x80) {
        bool control = s[0] < ' ' || s[0] == 0x7f;
        return !control || strchr("\t\n\r", s[0]) ? s[0] != 0 : 0;
    }
    size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || len > left) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong =
        (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] > 0x9f;
    bool beyond = s[0] == 0xf4 && s[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : len;
}

static bool check_characters(YamlReader *r, const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned line = 1;
    for (size_t i = 0, step; i < len; i += step) {
        step = config_yaml_character(s + i, len - i);
        if (step == 0) {
            ConfigPlace at = {r->file, r->line0 ? 0 : line};
            return config_error(r->errp, at,
                                "byte 0x%02x is not text; save the file as "
                                "UTF-8 without control characters",
                                s[i]);
        }
        line += s[i] == '\n';
    }
    return true;
}

static bool syntax_error(YamlReader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "cannot be read";
    const char *fix = "check indentation, brackets, colons and quotes there";
    if (strstr(problem, "cannot start any token")) {
        fix = "indent with spaces, not tabs, and quote text that begins with "
              "% @ or `";
    }
    if (p->context) {
        return config_error(r->errp, place_of(r, p->problem_mark),
                            "YAML syntax: %s %s (begun on line %u); %s",
                            p->context, problem,
                            (unsigned)p->context_mark.line + 1, fix);
    }
    return config_error(r->errp, place_of(r, p->problem_mark),
                        "YAML syntax: %s; %s", problem, fix);
}

static bool next_event(YamlReader *r, yaml_event_t *event)
{
    return yaml_parser_parse(&r->parser, event) ? true : syntax_error(r);
}

static Node *read_node(YamlReader *r, yaml_event_t *event, unsigned depth);

static const char *scalar_text(YamlReader *r, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    ConfigPlace at = place_of(r, event->start_mark);
    if (len > CONFIG_MAX_TEXT) {
        config_error(r->errp, at, "a value of %zu bytes; write at most %d", len,
                     CONFIG_MAX_TEXT);
        return NULL;
    }
    if (memchr(text, '\0', len)) {
        config_error(r->errp, at, "a value with a NUL character; leave it out");
        return NULL;
    }
    return config_arena_copy(r->arena, text, len);
}

static bool read_list(YamlReader *r, Node *list, unsigned depth)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(r, &event)) {
            return false;
        }
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        Node *item = read_node(r, &event, depth + 1);
        if (!item || !config_node_append(list, item, r->errp)) {
            return false;
        }
    }
}

/* Reads the key that begins with `event` and deletes the event. */
static const char *read_key(YamlReader *r, Node *map, yaml_event_t *event,
                            ConfigPlace *at)
{
    const char *key = NULL;
    *at = place_of(r, event->start_mark);
    if (event->type == YAML_SCALAR_EVENT) {
        key = scalar_text(r, event);
    } else {
        config_error(r->errp, *at,
                     "a key must be a plain word; quote it if it begins with "
                     "[ { & or *");
    }
    yaml_event_delete(event);
    const Node *twin = key ? config_node_find(map, key) : NULL;
    if (twin) {
        char buf[128];
        config_error(r->errp, *at,
                     "key \"%s\" is given twice, first on %s; keep one of them",
                     key,
                     config_place_text(twin->key_at, *at, buf, sizeof(buf)));
        return NULL;
    }
    return key;
}

static bool read_map(YamlReader *r, Node *map, unsigned depth)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(r, &event)) {
            return false;
        }
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        ConfigPlace at;
        const char *key = read_key(r, map, &event, &at);
        if (!key || !next_event(r, &event)) {
            return false;
        }
        Node *value = read_node(r, &event, depth + 1);
        if (!value) {
            return false;
        }
        value->key = key;
        value->key_at = at;
        if (!config_node_append(map, value, r->errp)) {
            return false;
        }
    }
}

static Node *read_alias(YamlReader *r, const char *name, ConfigPlace at,
                        unsigned depth)
{
    for (const Anchor *a = r->anchors; a; a = a->next) {
        if (strcmp(a->name, name) == 0) {
            return config_node_copy(r->arena, a->node, depth, r->errp);
        }
    }
    config_error(r->errp, at,
                 "alias *%s has no anchor before it; write &%s at the value "
                 "that is meant",
                 name, name);
    return NULL;
}

static bool add_anchor(YamlReader *r, const yaml_char_t *name, const Node *node)
{
    Anchor *a = config_arena_alloc(r->arena, sizeof(*a));
    a->name = config_arena_copy(r->arena, (const char *)name,
                                strlen((const char *)name));
    a->node = node;
    a->next = r->anchors;
    r->anchors = a;
    return true;
}

/* Reads the value that begins with `event` and deletes the event. */
static Node *read_node(YamlReader *r, yaml_event_t *event, unsigned depth)
{
    ConfigPlace at = place_of(r, event->start_mark);
    Node *node = NULL;
    const yaml_char_t *anchor = NULL;
    bool ok = false;
    if (depth > CONFIG_MAX_DEPTH) {
        config_error(r->errp, at, "nested more than %d deep; flatten it",
                     CONFIG_MAX_DEPTH);
    } else if (event->type == YAML_ALIAS_EVENT) {
        node = read_alias(r, (const char *)event->data.alias.anchor, at, depth);
        ok = node != NULL;
    } else if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        node = config_node_new(r->arena, NODE_SCALAR, at, r->errp);
        const char *text = node ? scalar_text(r, event) : NULL;
        bool nothing = text && event->data.scalar.plain_implicit &&
                       (strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
        if (text) {
            node->text = nothing ? "" : text;
            ok = true;
        }
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        node = config_node_new(r->arena, NODE_LIST, at, r->errp);
        ok = node && read_list(r, node, depth);
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        node = config_node_new(r->arena, NODE_MAP, at, r->errp);
        ok = node && read_map(r, node, depth);
    } else {
        config_error(r->errp, at, "a value is missing; write one");
    }
    if (ok && anchor) {
        add_anchor(r, anchor, node);
    }
    yaml_event_delete(event);
    return ok ? node : NULL;
}

/* Steps over an event of the given type. */
static bool expect(YamlReader *r, yaml_event_type_t type)
{
    yaml_event_t event;
    if (!next_event(r, &event)) {
        return false;
    }
    bool ok = event.type == type;
    if (!ok) {
        ConfigPlace at = place_of(r, event.start_mark);
        if (type == YAML_DOCUMENT_START_EVENT) {
            config_error(r->errp, at,
                         "nothing is written here; see docs/config.md for what "
                         "a description needs");
        } else {
            config_error(r->errp, at,
                         "a second document begins; keep one per file (remove "
                         "the ---)");
        }
    }
    yaml_event_delete(&event);
    return ok;
}

static Node *read_document(YamlReader *r)
{
    yaml_event_t event;
    if (!expect(r, YAML_STREAM_START_EVENT) ||
        !expect(r, YAML_DOCUMENT_START_EVENT) || !next_event(r, &event)) {
        return NULL;
    }
    Node *root = read_node(r, &event, 0);
    return root && expect(r, YAML_DOCUMENT_END_EVENT) &&
                   expect(r, YAML_STREAM_END_EVENT)
               ? root
               : NULL;
}

Node *config_yaml_parse(ConfigArena *arena, const char *text, size_t len,
                        const char *file, bool line0, Error **errp)
{
    YamlReader r = {.arena = arena, .file = file, .line0 = line0, .errp = errp};
    if (len > CONFIG_MAX_BYTES) {
        config_error(errp, (ConfigPlace){file, 0},
                     "larger than %d bytes; a description is a small text file",
                     CONFIG_MAX_BYTES);
        return NULL;
    }
    if (!check_characters(&r, text, len)) {
        return NULL;
    }
    if (!yaml_parser_initialize(&r.parser)) {
        config_error(errp, (ConfigPlace){file, 0}, "the host has no memory");
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    Node *root = read_document(&r);
    yaml_parser_delete(&r.parser);
    return root;
}
