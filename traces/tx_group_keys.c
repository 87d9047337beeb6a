/*
 * tx_group_keys.c - what transactions can be grouped by, and the groups found
 * by it: see tx_group.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traces/tx_group.h"

/* -- keys ----------------------------------------------------------------- */

static const struct {
    const char *name;
    TxColumn column;
    bool text;
} columns[] = {
    {"initiator", TX_INITIATOR, true},
    {"kind", TX_KIND, true},
    {"dir", TX_DIR, true},
    {"region", TX_REGION, true},
    {"symbol", TX_SYMBOL, true},
    {"pc", TX_PC, false},
    {"site", TX_SITE, false},
    {"size", TX_SIZE, false},
    {"time", TX_TIME, false},
    {"cycle", TX_CYCLE, false},
    {"pa", TX_PA, false},
    {"va", TX_VA, false},
    {"offset", TX_OFFSET, false},
    {"value", TX_VALUE, false},
    {"result", TX_RESULT, true},
    {"flags", TX_FLAGS, true},
    {"blocker", TX_BLOCKER, true},
    {"wait_cycles", TX_WAIT, false},
    {"bus_cycles", TX_BUS, false},
    {"target_cycles", TX_TARGET, false},
    {"beats", TX_BEATS, false},
    {"initiator_id", TX_INITIATOR_ID, false},
    {"region_id", TX_REGION_ID, false},
    {"symbol_id", TX_SYMBOL_ID, false},
    {"blocker_id", TX_BLOCKER_ID, false},
};
enum { NAMES = sizeof(columns) / sizeof(columns[0]) };

bool groups_is_text(TxColumn column)
{
    for (unsigned i = 0; i < NAMES; i++) {
        if (columns[i].column == column) {
            return columns[i].text;
        }
    }
    return false;
}

static bool unknown_key(const char *name, size_t len, Error **errp)
{
    char list[512] = "";
    size_t n = 0;
    for (unsigned i = 0; i < NAMES; i++) {
        n += (size_t)snprintf(list + n, sizeof(list) - n, " %s",
                              columns[i].name);
    }
    return error_set(errp,
                     "tx_group: \"%.*s\" is no key; give up to %d of these, "
                     "separated by commas, numbers also in steps "
                     "(time/1000000):%s",
                     len > 40 ? 40 : (int)len, name, GROUP_KEYS, list);
}

const char *groups_column(TxColumn column)
{
    for (unsigned i = 0; i < NAMES; i++) {
        if (columns[i].column == column) {
            return columns[i].name;
        }
    }
    return "?";
}

/* One key: text[0..len). */
static bool parse_key(TxGroups *g, const char *text, size_t len, Error **errp)
{
    const char *slash = memchr(text, '/', len);
    size_t name = slash ? (size_t)(slash - text) : len;
    while (name && isspace((unsigned char)text[name - 1])) {
        name--;
    }
    unsigned i = 0;
    while (i < NAMES && (strlen(columns[i].name) != name ||
                         strncmp(columns[i].name, text, name) != 0)) {
        i++;
    }
    if (i == NAMES || g->keys == GROUP_KEYS) {
        return unknown_key(text, len, errp);
    }
    GroupKey *key = &g->key[g->keys++];
    *key = (GroupKey){.column = columns[i].column};
    if (!slash) {
        return true;
    }
    const char *p = slash + 1, *end = text + len;
    for (; p < end && isspace((unsigned char)*p); p++) {
    }
    int64_t step = 0;
    bool ok = p < end && !columns[i].text;
    for (; p < end && *p >= '0' && *p <= '9' && step < INT64_MAX / 10 - 1;
         p++) {
        step = 10 * step + (*p - '0');
    }
    if (!ok || p != end || !step) {
        return error_set(errp,
                         "tx_group: \"%.*s\" is no step; give a column of "
                         "numbers and a whole number: \"time/1000000\"",
                         len > 40 ? 40 : (int)len, text);
    }
    key->step = step;
    return true;
}

bool groups_parse(TxGroups *g, const char *keys, Error **errp)
{
    *g = (TxGroups){0};
    const char *p = keys;
    while (isspace((unsigned char)*p)) {
        p++;
    }
    while (*p) {
        size_t len = strcspn(p, ",");
        const char *next = p + len + (p[len] == ',');
        bool more = p[len] == ',';
        while (len && isspace((unsigned char)p[len - 1])) {
            len--;
        }
        if (!parse_key(g, p, len, errp)) {
            return false;
        }
        for (p = next; isspace((unsigned char)*p); p++) {
        }
        if (more && !*p) {
            return unknown_key("", 0, errp);
        }
    }
    return true;
}

TxValue groups_key(const TxGroups *g, uint32_t i, unsigned k)
{
    const TxGroup *group = &g->group[i];
    if (k >= g->keys || (group->null >> k & 1)) {
        return (TxValue){.null = true};
    }
    return groups_is_text(g->key[k].column)
               ? (TxValue){.text = g->text[group->key[k]]}
               : (TxValue){.i = group->key[k]};
}

/* -- hash tables ---------------------------------------------------------- */

static uint32_t hash_text(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text; text++) {
        h = (h ^ (unsigned char)*text) * 16777619u;
    }
    return h;
}

static uint32_t hash_group(const int64_t *key, uint32_t null)
{
    uint64_t h = null;
    for (unsigned i = 0; i < GROUP_KEYS; i++) {
        h = (h ^ (uint64_t)key[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return (uint32_t)(h >> 16);
}

/* A table of twice the size: hash_of(g, i) for all of [0, count). */
static bool rehash(TxGroups *g, uint32_t **hash, uint32_t *size, uint32_t count,
                   uint32_t (*hash_of)(const TxGroups *g, uint32_t i))
{
    uint32_t larger = *size ? 2 * *size : 256;
    uint32_t *to = calloc(larger, sizeof(*to));
    if (!to) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = hash_of(g, i) & (larger - 1);
        while (to[at]) {
            at = (at + 1) & (larger - 1);
        }
        to[at] = i + 1;
    }
    free(*hash);
    *hash = to;
    *size = larger;
    return true;
}

static uint32_t hash_of_text(const TxGroups *g, uint32_t i)
{
    return hash_text(g->text[i]);
}

static uint32_t hash_of_group(const TxGroups *g, uint32_t i)
{
    return hash_group(g->group[i].key, g->group[i].null);
}

bool groups_text(TxGroups *g, const char *text, int64_t *number)
{
    if (2 * g->texts >= g->text_hash_size &&
        !rehash(g, &g->text_hash, &g->text_hash_size, g->texts, hash_of_text)) {
        return false;
    }
    uint32_t at = hash_text(text) & (g->text_hash_size - 1);
    for (; g->text_hash[at]; at = (at + 1) & (g->text_hash_size - 1)) {
        *number = g->text_hash[at] - 1;
        if (strcmp(g->text[*number], text) == 0) {
            return true;
        }
    }
    if (g->texts == g->text_capacity) {
        uint32_t capacity = 2 * g->text_capacity + 64;
        const char **grown = realloc(g->text, capacity * sizeof(*grown));
        if (!grown) {
            return false;
        }
        g->text = grown;
        g->text_capacity = capacity;
    }
    g->text[g->texts] = text;
    *number = g->texts++;
    g->text_hash[at] = g->texts;
    return true;
}

TxGroup *groups_find(TxGroups *g, const int64_t *key, uint32_t null,
                     Error **errp)
{
    if (2 * g->groups >= g->hash_size &&
        !rehash(g, &g->hash, &g->hash_size, g->groups, hash_of_group)) {
        error_set(errp, "the host has no memory left for the groups");
        return NULL;
    }
    uint32_t at = hash_group(key, null) & (g->hash_size - 1);
    for (; g->hash[at]; at = (at + 1) & (g->hash_size - 1)) {
        TxGroup *group = &g->group[g->hash[at] - 1];
        if (group->null == null &&
            memcmp(group->key, key, sizeof(group->key)) == 0) {
            return group;
        }
    }
    if (g->groups == GROUP_MOST) {
        error_set(errp,
                  "tx_group: more than %d groups; take larger steps "
                  "(\"time/1000000\"), fewer keys or fewer transactions",
                  GROUP_MOST);
        return NULL;
    }
    if (g->groups == g->capacity) {
        uint32_t capacity = 2 * g->capacity + 64;
        TxGroup *grown = realloc(g->group, capacity * sizeof(*grown));
        if (!grown) {
            error_set(errp, "the host has no memory left for the groups");
            return NULL;
        }
        g->group = grown;
        g->capacity = capacity;
    }
    TxGroup *group = &g->group[g->groups++];
    *group = (TxGroup){.null = null,
                       .sums = {.first_time = INT64_MAX,
                                .last_time = INT64_MIN,
                                .min_cycles = UINT64_MAX}};
    memcpy(group->key, key, sizeof(group->key));
    g->hash[at] = g->groups;
    return group;
}

void groups_free(TxGroups *g)
{
    free(g->group);
    free(g->text);
    free(g->hash);
    free(g->text_hash);
    free(g->site);
    free(g->part);
    free(g->step);
    free(g->records.record);
    *g = (TxGroups){0};
}
