/*
 * record.c - the site table of a recorder: what is the same each time.
 *
 * Sites are interned in an open-addressing hash of ids; the table only grows.
 * Fetch-run sites are made by their owner once per decoded block and are not
 * hashed.
 */
#include "memory/record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "memory/port.h"

const char *const access_kind_name[ACCESS_KINDS] = {
    "fetch", "load", "store", "amo", "walk", "dma", "tlm", "api"};
const char *const beat_cause_name[BEAT_CAUSES] = {
    "access", "split", "widen", "flush", "fill", "writeback"};

enum { SITES_AT_FIRST = 1024 };

void recorder_init(MemoryRecorder *rec)
{
    *rec = (MemoryRecorder){.site_capacity = SITES_AT_FIRST,
                            .hash_size = 4 * SITES_AT_FIRST};
    rec->site = calloc(rec->site_capacity, sizeof(*rec->site));
    rec->hash = calloc(rec->hash_size, sizeof(*rec->hash));
    if (!rec->site || !rec->hash) {
        abort(); /* the host has no memory for the smallest table */
    }
}

void recorder_fini(MemoryRecorder *rec)
{
    for (uint32_t i = 0; i < rec->sites; i++) {
        union {
            const FetchStep *borrowed;
            FetchStep *owned;
        } run = {rec->site[i].run};
        free(run.owned);
    }
    free(rec->site);
    free(rec->hash);
    *rec = (MemoryRecorder){0};
}

static uint32_t site_hash(const MemorySite *s)
{
    uint64_t h = s->pc * UINT64_C(0x9e3779b97f4a7c15);
    h ^= (uint64_t)(uintptr_t)s->place * UINT64_C(0xc2b2ae3d27d4eb4f);
    h ^= ((uint64_t)s->size << 16 | (uint64_t)s->kind << 8 | s->dir) *
         UINT64_C(0x165667b19e3779f9);
    return (uint32_t)(h >> 32 ^ h);
}

static bool site_equal(const MemorySite *a, const MemorySite *b)
{
    return a->pc == b->pc && a->place == b->place && a->size == b->size &&
           a->kind == b->kind && a->dir == b->dir && a->port == b->port &&
           !a->run;
}

static uint32_t site_append(MemoryRecorder *rec, const MemorySite *key)
{
    if (rec->sites == rec->site_capacity) {
        uint32_t capacity = 2 * rec->site_capacity;
        MemorySite *site = realloc(rec->site, capacity * sizeof(*site));
        if (!site) {
            abort();
        }
        rec->site = site;
        rec->site_capacity = capacity;
    }
    rec->site[rec->sites] = *key;
    return rec->sites++;
}

static void hash_insert(MemoryRecorder *rec, uint32_t id)
{
    uint32_t mask = rec->hash_size - 1;
    uint32_t i = site_hash(&rec->site[id]) & mask;
    while (rec->hash[i]) {
        i = (i + 1) & mask;
    }
    rec->hash[i] = id + 1;
}

static void hash_grow(MemoryRecorder *rec)
{
    uint32_t *hash = calloc(2 * (size_t)rec->hash_size, sizeof(*hash));
    if (!hash) {
        abort();
    }
    free(rec->hash);
    rec->hash = hash;
    rec->hash_size *= 2;
    for (uint32_t id = 0; id < rec->sites; id++) {
        if (!rec->site[id].run) {
            hash_insert(rec, id);
        }
    }
}

static void tell_site(MemoryRecorder *rec, uint32_t id)
{
    if (rec->site_made) {
        rec->site_made(rec, id);
    }
}

uint32_t recorder_site(MemoryRecorder *rec, const MemorySite *key)
{
    uint32_t mask = rec->hash_size - 1;
    for (uint32_t i = site_hash(key) & mask; rec->hash[i]; i = (i + 1) & mask) {
        uint32_t id = rec->hash[i] - 1;
        if (site_equal(&rec->site[id], key)) {
            return id;
        }
    }
    uint32_t id = site_append(rec, key);
    if (2 * rec->sites > rec->hash_size) {
        hash_grow(rec);
    } else {
        hash_insert(rec, id);
    }
    tell_site(rec, id);
    return id;
}

uint32_t recorder_fetch_site(MemoryRecorder *rec, const MemorySite *key)
{
    assert(key->run && key->run_length > 0);
    FetchStep *run = malloc(key->run_length * sizeof(*run));
    if (!run) {
        abort();
    }
    memcpy(run, key->run, key->run_length * sizeof(*run));
    MemorySite site = *key;
    site.run = run;
    uint32_t id = site_append(rec, &site);
    tell_site(rec, id);
    return id;
}
