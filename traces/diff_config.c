/*
 * diff_config.c - what differs between two resolved descriptions.
 *
 * Model    The text is what sim/ writes: one line per setting or per named
 *          entry, `- {name: sram, wait_states: 1, ...}`. It is taken apart into
 *          paths as --set spells them (memories.sram.wait_states) and values; a
 *          line of another form is a path of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "traces/diff.h"

typedef struct Setting {
    char *path, *value;
} Setting;

typedef struct Settings {
    Setting *item;
    size_t count;
} Settings;

static bool add(Diff *d, Settings *s, char *path, const char *value, size_t len)
{
    char *copy = strndup(value, len);
    Setting *list =
        path && copy ? diff_grow(d, s->item, s->count, sizeof(*list)) : NULL;
    if (!list) {
        free(path);
        free(copy);
        return error_set(d->errp, "the host has no memory left");
    }
    s->item = list;
    list[s->count++] = (Setting){path, copy};
    return true;
}

/* "a.b.c" of what is there of the three. */
static char *join(const char *a, size_t a_len, const char *b, size_t b_len,
                  const char *c, size_t c_len)
{
    char *path = malloc(a_len + b_len + c_len + 3);
    if (path) {
        snprintf(path, a_len + b_len + c_len + 3, "%.*s%s%.*s%s%.*s",
                 (int)a_len, a, a_len && b_len ? "." : "", (int)b_len, b,
                 c_len && (a_len || b_len) ? "." : "", (int)c_len, c);
    }
    return path;
}

/* Length up to the comma or bracket that ends a value of a flow map. */
static size_t value_length(const char *s, const char *end)
{
    int depth = 0;
    bool quoted = false;
    const char *p = s;
    for (; p < end; p++) {
        if (quoted) {
            if (*p == '\\' && p + 1 < end) {
                p++;
            } else if (*p == '"') {
                quoted = false;
            }
        } else if (*p == '"') {
            quoted = true;
        } else if (*p == '{' || *p == '[') {
            depth++;
        } else if (*p == '}' || *p == ']') {
            if (depth-- == 0) {
                break;
            }
        } else if (*p == ',' && depth == 0) {
            break;
        }
    }
    return (size_t)(p - s);
}

static size_t skip_blanks(const char *s, const char *end)
{
    size_t n = 0;
    while (s + n < end && s[n] == ' ') {
        n++;
    }
    return n;
}

/* The pairs of `{a: 1, b: 2}` at s (behind the brace), below section.entry; a
 * pair `name: X` names the entry. */
static bool flow_map(Diff *d, Settings *to, const char *section,
                     size_t section_len, const char *entry, size_t entry_len,
                     const char *s, const char *end)
{
    while (s < end && *s != '}') {
        s += skip_blanks(s, end);
        size_t key = strcspn(s, ":,}\n");
        if (s + key >= end || s[key] != ':') {
            return true;
        }
        const char *value = s + key + 1;
        value += skip_blanks(value, end);
        size_t len = value_length(value, end);
        if (!entry_len && key == 4 && !memcmp(s, "name", 4)) {
            entry = value;
            entry_len = len;
        } else if (!add(d, to,
                        join(section, section_len, entry, entry_len, s, key),
                        value, len)) {
            return false;
        }
        s = value + len;
        s += s < end && *s == ',';
    }
    return true;
}

static bool take_line(Diff *d, Settings *to, const char *line, const char *end,
                      const char **section, size_t *section_len)
{
    const char *s = line + skip_blanks(line, end);
    bool indented = s > line;
    bool dash = end - s > 2 && s[0] == '-' && s[1] == ' ';
    s += dash ? 2 : 0;
    if (s == end || *s == '#') {
        return true;
    }
    const char *above = indented ? *section : "";
    size_t above_len = indented ? *section_len : 0;
    if (dash && *s == '{') {
        return flow_map(d, to, above, above_len, "", 0, s + 1, end);
    }
    size_t key = strcspn(s, ":\n");
    if (s + key >= end || s[key] != ':') {
        return add(d, to, strndup(s, (size_t)(end - s)), "", 0);
    }
    const char *value = s + key + 1;
    value += skip_blanks(value, end);
    if (!indented) {
        *section = s;
        *section_len = key;
    }
    if (value < end && *value == '{') {
        return flow_map(d, to, above, above_len, s, key, value + 1, end);
    }
    return value == end || add(d, to, join(above, above_len, s, key, "", 0),
                               value, (size_t)(end - value));
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const Setting *)a)->path, ((const Setting *)b)->path);
}

static bool read_settings(Diff *d, int side, Settings *to)
{
    char *text = diff_run_value(d, side, "config");
    const char *section = "";
    size_t section_len = 0;
    bool ok = true;
    for (const char *p = text; ok && p && *p;) {
        size_t len = strcspn(p, "\n");
        ok = take_line(d, to, p, p + len, &section, &section_len);
        p += len + (p[len] == '\n');
    }
    free(text);
    if (to->count) {
        qsort(to->item, to->count, sizeof(*to->item), by_path);
    }
    return ok;
}

bool diff_config(Diff *d)
{
    Settings s[DIFF_SIDES] = {{0}};
    bool ok = read_settings(d, 0, &s[0]) && read_settings(d, 1, &s[1]);
    for (size_t i = 0, j = 0; ok && (i < s[0].count || j < s[1].count);) {
        const Setting *a = i < s[0].count ? &s[0].item[i] : NULL;
        const Setting *b = j < s[1].count ? &s[1].item[j] : NULL;
        int order = !a ? 1 : !b ? -1 : by_path(a, b);
        if (order != 0 || strcmp(a->value, b->value) != 0) {
            ok = diff_add(d, &d->config, order <= 0 ? a->path : b->path,
                          order <= 0 ? a->value : NULL,
                          order >= 0 ? b->value : NULL, NULL);
        }
        i += order <= 0;
        j += order >= 0;
    }
    for (int side = 0; side < DIFF_SIDES; side++) {
        for (size_t i = 0; i < s[side].count; i++) {
            free(s[side].item[i].path);
            free(s[side].item[i].value);
        }
        free(s[side].item);
    }
    return ok;
}
