/*
 * diff_sites.c - the sites of two runs in memory, with the names of both sides
 * numbered alike, so that a row is compared by numbers.
 */
#include <stdlib.h>
#include <string.h>

#include "traces/diff_walk.h"

static bool no_memory(Diff *d)
{
    return error_set(d->errp, "the host has no memory left");
}

static uint32_t hash_text(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text; text++) {
        h = (h ^ (unsigned char)*text) * 16777619u;
    }
    return h;
}

static bool names_room(Names *n)
{
    if (2 * n->count < n->hash_size) {
        return true;
    }
    uint32_t size = n->hash_size ? 2 * n->hash_size : 1024;
    uint32_t *hash = calloc(size, sizeof(*hash));
    char **text = realloc(n->text, (size / 2 + 2) * sizeof(*text));
    n->text = text ? text : n->text;
    if (!hash || !text) {
        free(hash);
        return false;
    }
    for (uint32_t i = 1; i <= n->count; i++) {
        uint32_t at = hash_text(text[i]) & (size - 1);
        while (hash[at]) {
            at = (at + 1) & (size - 1);
        }
        hash[at] = i;
    }
    free(n->hash);
    n->hash = hash;
    n->hash_size = size;
    return true;
}

/* The number of a name, from 1; 0: no memory, or the name is NULL. */
static uint32_t name_number(Names *n, const char *text)
{
    if (!text || !names_room(n)) {
        return NO_NAME;
    }
    uint32_t at = hash_text(text) & (n->hash_size - 1);
    for (; n->hash[at]; at = (at + 1) & (n->hash_size - 1)) {
        if (!strcmp(n->text[n->hash[at]], text)) {
            return n->hash[at];
        }
    }
    char *copy = strdup(text);
    if (!copy) {
        return NO_NAME;
    }
    n->text[++n->count] = copy;
    return n->hash[at] = n->count;
}

static bool read_kinds(Walk *w, int side)
{
    sqlite3_stmt *stmt =
        diff_prepare(w->d, side, "select id, name, recorded from kind");
    int rc = SQLITE_ERROR;
    while (stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(stmt, 0);
        const char *name = (const char *)sqlite3_column_text(stmt, 1);
        if (id >= 0 && id < KINDS && name) {
            snprintf(w->kind_name[id], sizeof(w->kind_name[id]), "%s", name);
            w->side[side].recorded[id] = sqlite3_column_int64(stmt, 2) != 0;
        }
    }
    sqlite3_finalize(stmt);
    return stmt && diff_done(w->d, side, rc);
}

uint32_t walk_name(Walk *w, const char *text)
{
    return name_number(&w->names, text);
}

static const char site_sql[] =
    "select s.id, s.kind_id, s.dir, s.size, s.pc, r.name, y.name,"
    " s.pc - y.address, i.name || ' ' || i.part, s.initiator_id from site s"
    " left join initiator i on i.id = s.initiator_id left join region r on "
    "r.id = s.region_id"
    " left join symbol y on y.id = s.symbol_id order by s.id";

static void read_site(Walk *w, WalkSite *to, sqlite3_stmt *stmt)
{
    int64_t kind = sqlite3_column_int64(stmt, 1);
    const char *dir = (const char *)sqlite3_column_text(stmt, 2);
    bool has_pc = sqlite3_column_type(stmt, 4) != SQLITE_NULL;
    const char *region = (const char *)sqlite3_column_text(stmt, 5);
    const char *symbol = (const char *)sqlite3_column_text(stmt, 6);
    const char *initiator = (const char *)sqlite3_column_text(stmt, 8);
    *to = (WalkSite){
        .there = true,
        .kind = (uint8_t)(kind >= 0 && kind < KINDS ? kind : 0),
        .dir = (uint8_t)(!dir            ? 0
                         : dir[0] == 'w' ? 2
                         : dir[1]        ? 3
                                         : 1),
        .size = (uint32_t)sqlite3_column_int64(stmt, 3),
        .has_pc = has_pc,
        .pc = (uint64_t)sqlite3_column_int64(stmt, 4),
        .region = name_number(&w->names, region),
        .symbol = name_number(&w->names, symbol),
        .initiator = name_number(&w->names, initiator),
        .initiator_id = (uint16_t)sqlite3_column_int64(stmt, 9),
    };
    w->seen[to->kind] = true;
    to->offset = to->symbol ? (uint64_t)sqlite3_column_int64(stmt, 7) : to->pc;
}

static bool read_sites(Walk *w, int side)
{
    WalkSide *s = &w->side[side];
    sqlite3_stmt *stmt = diff_prepare(w->d, side, site_sql);
    int rc = SQLITE_ERROR;
    int64_t capacity = 0;
    while (stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(stmt, 0);
        if (id < 0 || id > 4 * s->sites + (1 << 20)) {
            continue; /* not of our numbering; its rows are shown without */
        }
        if (id >= capacity) {
            capacity = 2 * id + 1024;
            WalkSite *grown =
                realloc(s->site, (size_t)capacity * sizeof(*grown));
            if (!grown) {
                sqlite3_finalize(stmt);
                return no_memory(w->d);
            }
            s->site = grown;
        }
        for (; s->sites <= id; s->sites++) {
            s->site[s->sites] = (WalkSite){0};
        }
        read_site(w, &s->site[id], stmt);
    }
    sqlite3_finalize(stmt);
    return stmt && diff_done(w->d, side, rc);
}

/* Chunks are walked by a reader of their own. */
static bool read_chunks(Walk *w, int side)
{
    WalkSide *s = &w->side[side];
    if (!query_has_chunks(w->d->side[side].db)) {
        return true;
    }
    s->reader = reader_new(w->d->side[side].db);
    if (!s->reader) {
        return no_memory(w->d);
    }
    if (!reader_refresh(s->reader, w->d->errp)) {
        return cursor_fail(w, side);
    }
    for (uint32_t i = 0; i <= RECORD_RESULT_MASK; i++) {
        s->result[i] = walk_name(w, reader_name(&s->reader->result, i));
    }
    for (unsigned i = 0; i < ROW_FLAGS; i++) {
        s->flags[i] = walk_name(w, row_flag_name[i]);
    }
    return true;
}

bool walk_dictionaries(Walk *w)
{
    bool ok = names_room(&w->names) || no_memory(w->d);
    for (int side = 0; ok && side < DIFF_SIDES; side++) {
        ok = read_kinds(w, side) && read_sites(w, side) && read_chunks(w, side);
    }
    return ok;
}

const WalkSite *walk_site(const Walk *w, int side, int64_t id)
{
    static const WalkSite none;
    const WalkSide *s = &w->side[side];
    return id >= 0 && id < s->sites ? &s->site[id] : &none;
}

void walk_free(Walk *w)
{
    for (uint32_t i = 1; i <= w->names.count; i++) {
        free(w->names.text[i]);
    }
    free(w->names.text);
    free(w->names.hash);
    for (int side = 0; side < DIFF_SIDES; side++) {
        free(w->side[side].site);
        reader_free(w->side[side].reader);
    }
    free(w);
}
