/*
 * config_value.c - what a scalar means: numbers, units, names, suggestions.
 *
 * Model    A number is decimal (with a fraction if it has a unit), 0x or 0b,
 *          with _ between digits, then a unit. Sizes are binary whatever the
 *          unit is called. The result is exact or an error.
 * Units    bytes, hertz, picoseconds.
 * Source   IEC 80000-13 for KiB, MiB, GiB; distance: optimal string alignment.
 * Missing  expressions.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sim/config_node.h"

typedef struct UnitName {
    ConfigUnit unit;
    const char *name;
    uint64_t factor;
} UnitName;

static const UnitName unit_names[] = {
    {UNIT_SIZE, "B", 1},
    {UNIT_SIZE, "KiB", UINT64_C(1) << 10},
    {UNIT_SIZE, "MiB", UINT64_C(1) << 20},
    {UNIT_SIZE, "GiB", UINT64_C(1) << 30},
    {UNIT_SIZE, "TiB", UINT64_C(1) << 40},
    {UNIT_SIZE, "K", UINT64_C(1) << 10},
    {UNIT_SIZE, "M", UINT64_C(1) << 20},
    {UNIT_SIZE, "G", UINT64_C(1) << 30},
    {UNIT_HZ, "Hz", 1},
    {UNIT_HZ, "kHz", 1000},
    {UNIT_HZ, "MHz", 1000 * 1000},
    {UNIT_HZ, "GHz", 1000 * 1000 * 1000},
    {UNIT_TIME, "ps", 1},
    {UNIT_TIME, "ns", 1000},
    {UNIT_TIME, "us", 1000 * 1000},
    {UNIT_TIME, "ms", 1000 * 1000 * 1000},
    {UNIT_TIME, "s", PS_PER_SECOND},
};

static const char *unit_example(ConfigUnit unit)
{
    switch (unit) {
    case UNIT_SIZE: return "a size such as 64KiB, 4MiB or 0x1000";
    case UNIT_HZ: return "a frequency such as 50MHz or 32.768kHz";
    case UNIT_TIME: return "a time such as 100ns, 1us or 2ms";
    case UNIT_NONE: break;
    }
    return "a whole number such as 10, 0x1f or 1_000";
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

typedef struct Digits {
    ClockWide value;
    unsigned decimals; /* digits after the point */
    bool valid, too_large;
    const char *rest; /* what follows */
} Digits;

static Digits read_digits(const char *p)
{
    Digits d = {.rest = p};
    unsigned base = 10;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        base = 16;
        p += 2;
    } else if (p[0] == '0' && (p[1] == 'b' || p[1] == 'B')) {
        if (p[2] == '0' || p[2] == '1') {
            base = 2;
            p += 2;
        }
    }
    bool point = false;
    for (char last = '_';; p++) {
        bool digit = (unsigned)digit_value(*p) < base;
        if (digit) {
            d.value = d.value * base + (unsigned)digit_value(*p);
            d.decimals += point;
            d.valid = true;
            if (d.value > UINT64_MAX || d.decimals > 12) {
                d.too_large = true;
                d.value = 0;
            }
        } else if (*p == '.' && base == 10 && !point && last != '_') {
            point = true;
        } else if (!(*p == '_' && last != '_' && last != '.')) {
            d.valid = d.valid && last != '_' && last != '.';
            break;
        }
        last = *p;
    }
    d.rest = p;
    return d;
}

static bool find_factor(ConfigUnit unit, const char *name, uint64_t *factor)
{
    *factor = 1;
    if (*name == '\0') {
        return unit != UNIT_TIME;
    }
    for (size_t i = 0; i < sizeof(unit_names) / sizeof(unit_names[0]); i++) {
        if (unit_names[i].unit == unit && !strcmp(unit_names[i].name, name)) {
            *factor = unit_names[i].factor;
            return true;
        }
    }
    return false;
}

static bool unit_error(const Node *node, const char *what, ConfigUnit unit,
                       const char *name, Error **errp)
{
    if (*name == '\0') {
        return config_error(errp, node->at, "%s: \"%s\" has no unit; write %s",
                            what, node->text, unit_example(unit));
    }
    if (unit == UNIT_NONE) {
        return config_error(errp, node->at,
                            "%s: \"%s\" is not a number; write %s", what,
                            node->text, unit_example(unit));
    }
    for (size_t i = 0; i < sizeof(unit_names) / sizeof(unit_names[0]); i++) {
        if (unit_names[i].unit == unit &&
            !strcasecmp(unit_names[i].name, name)) {
            return config_error(errp, node->at,
                                "%s: unknown unit \"%s\"; did you mean \"%s\"?",
                                what, name, unit_names[i].name);
        }
    }
    return config_error(errp, node->at, "%s: unknown unit \"%s\"; write %s",
                        what, name, unit_example(unit));
}

static bool want_scalar(const Node *node, const char *what, const char *example,
                        Error **errp)
{
    if (node->kind != NODE_SCALAR) {
        return config_error(errp, node->at, "%s is a %s; write %s", what,
                            node->kind == NODE_MAP ? "map" : "list", example);
    }
    if (node->text[0] == '\0') {
        return config_error(errp, node->at, "%s has no value; write %s", what,
                            example);
    }
    return true;
}

bool config_value_number(const Node *node, const char *what, ConfigUnit unit,
                         uint64_t low, uint64_t high, uint64_t *value,
                         Error **errp)
{
    if (!want_scalar(node, what, unit_example(unit), errp)) {
        return false;
    }
    Digits d = read_digits(node->text);
    if (!d.valid && !d.too_large) {
        return config_error(errp, node->at,
                            "%s: \"%s\" is not a number; write %s", what,
                            node->text, unit_example(unit));
    }
    const char *name = d.rest + (*d.rest == ' ');
    uint64_t factor;
    if (!find_factor(unit, name, &factor)) {
        return unit_error(node, what, unit, name, errp);
    }
    ClockWide scaled = d.value * factor;
    for (unsigned i = 0; i < d.decimals && !d.too_large; i++) {
        if (scaled % 10 != 0) {
            return config_error(errp, node->at,
                                "%s: \"%s\" is not a whole number of %s; "
                                "round it",
                                what, node->text,
                                unit == UNIT_SIZE   ? "bytes"
                                : unit == UNIT_HZ   ? "hertz"
                                : unit == UNIT_TIME ? "picoseconds"
                                                    : "units");
        }
        scaled /= 10;
    }
    if (d.too_large || scaled > UINT64_MAX || scaled < low || scaled > high) {
        char bounds[64];
        const char *fmt = high > 0xffffff ? "0x%" PRIx64 " to 0x%" PRIx64
                                          : "%" PRIu64 " to %" PRIu64;
        if (unit == UNIT_HZ || unit == UNIT_TIME) {
            fmt = "%" PRIu64 " to %" PRIu64;
        }
        snprintf(bounds, sizeof(bounds), fmt, low, high);
        return config_error(errp, node->at,
                            "%s: %s is out of range; write %s%s", what,
                            node->text, bounds,
                            unit == UNIT_SIZE   ? " bytes"
                            : unit == UNIT_HZ   ? " Hz"
                            : unit == UNIT_TIME ? " ps"
                                                : "");
    }
    *value = (uint64_t)scaled;
    return true;
}

bool config_value_signed(const Node *node, const char *what, int64_t low,
                         int64_t high, int64_t *value, Error **errp)
{
    if (!want_scalar(node, what, unit_example(UNIT_NONE), errp)) {
        return false;
    }
    bool negative = node->text[0] == '-';
    Digits d = read_digits(node->text + negative);
    if ((!d.valid && !d.too_large) || *d.rest || d.decimals) {
        return config_error(errp, node->at,
                            "%s: \"%s\" is not a number; write a whole number "
                            "such as 1 or -1",
                            what, node->text);
    }
    if (d.too_large || d.value > INT64_MAX) {
        d.value = INT64_MAX;
    }
    int64_t n = negative ? -(int64_t)d.value : (int64_t)d.value;
    if (n < low || n > high) {
        return config_error(errp, node->at,
                            "%s: %s is out of range; write %" PRId64
                            " to %" PRId64,
                            what, node->text, low, high);
    }
    *value = n;
    return true;
}

bool config_value_bool(const Node *node, const char *what, bool *value,
                       Error **errp)
{
    if (!want_scalar(node, what, "true or false", errp)) {
        return false;
    }
    *value = strcmp(node->text, "true") == 0;
    if (!*value && strcmp(node->text, "false") != 0) {
        return config_error(errp, node->at,
                            "%s: \"%s\" is neither; write true or false", what,
                            node->text);
    }
    return true;
}

bool config_value_text(const Node *node, const char *what, const char **text,
                       Error **errp)
{
    if (!want_scalar(node, what, "a word", errp)) {
        return false;
    }
    *text = node->text;
    return true;
}

bool config_value_name(const char *text, ConfigPlace at, Error **errp)
{
    size_t len = strlen(text);
    bool good = len > 0 && !(text[0] >= '0' && text[0] <= '9') &&
                text[0] != '-' && len <= CONFIG_MAX_NAME;
    good =
        good && strspn(text, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
    good = good && strcmp(text, "null") != 0; /* YAML's word for nothing */
    return good ? true
                : config_error(errp, at,
                               "\"%.80s\" is no name; write a letter, then "
                               "letters, digits, _ and - (at most %d)",
                               text, CONFIG_MAX_NAME);
}

/* -- suggestions -------------------------------------------------------------
 */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned config_value_distance(const char *a, const char *b)
{
    enum { MOST = 64 };
    size_t rows = strlen(a), columns = strlen(b);
    if (rows > MOST || columns > MOST) {
        return strcmp(a, b) == 0 ? 0 : MOST;
    }
    unsigned table[3][MOST + 1]; /* rows i, i - 1 and i - 2, in turn */
    for (unsigned j = 0; j <= columns; j++) {
        table[0][j] = j;
    }
    for (unsigned i = 1; i <= rows; i++) {
        unsigned *row = table[i % 3];
        const unsigned *up = table[(i + 2) % 3], *up2 = table[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= columns; j++) {
            unsigned change = up[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(least(up[j], row[j - 1]) + 1, change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
                a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], up2[j - 2] + 1);
            }
        }
    }
    return table[rows % 3][columns];
}

void config_hint_init(ConfigHint *hint, const char *word)
{
    *hint = (ConfigHint){.word = word};
}

void config_hint_offer(ConfigHint *hint, const char *candidate)
{
    unsigned distance = strcasecmp(hint->word, candidate) == 0
                            ? 0
                            : config_value_distance(hint->word, candidate);
    if (!hint->best || distance < hint->distance) {
        hint->best = candidate;
        hint->distance = distance;
    }
    size_t used = strlen(hint->known);
    if (used + strlen(candidate) + 3 > sizeof(hint->known)) {
        hint->more = true;
    } else {
        snprintf(hint->known + used, sizeof(hint->known) - used, "%s%s",
                 used ? ", " : "", candidate);
    }
}

const char *config_hint_text(ConfigHint *hint, const char *none)
{
    if (!hint->best) {
        return none;
    }
    size_t len = strlen(hint->word);
    if (hint->distance <= (len < 4 ? 1 : len < 8 ? 2 : 3)) {
        snprintf(hint->text, sizeof(hint->text), "did you mean \"%.80s\"?",
                 hint->best);
    } else {
        snprintf(hint->text, sizeof(hint->text), "known: %s%s", hint->known,
                 hint->more ? ", ..." : "");
    }
    return hint->text;
}
