/*
 * key_index.c - arrays that grow, and what finds things in them by a key.
 *
 * Model    Open addressing; keys are never taken out.
 */
#include <stdlib.h>
#include <string.h>

#include "traces/store.h"

bool grow_zeros(TraceStore *ts, void **array, uint32_t *capacity, uint32_t n,
                size_t size)
{
    if (n < *capacity) {
        return true;
    }
    uint32_t more = n < UINT32_MAX / 2 - 16 ? 2 * n + 16 : UINT32_MAX;
    char *grown = store_grow(ts, *array, more, size);
    if (!grown) {
        return false;
    }
    memset(grown + *capacity * size, 0, (more - *capacity) * size);
    *capacity = more;
    *array = grown;
    return true;
}

static uint32_t key_slot(const KeyIndex *index, uint64_t key)
{
    uint32_t mask = index->capacity - 1;
    uint32_t i = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & mask;
    while (index->value[i] && index->key[i] != key) {
        i = (i + 1) & mask;
    }
    return i;
}

static bool key_grow(TraceStore *ts, KeyIndex *index)
{
    KeyIndex more = {.used = index->used,
                     .capacity = index->capacity ? 2 * index->capacity : 64};
    more.key = calloc(more.capacity, sizeof(*more.key));
    more.value = calloc(more.capacity, sizeof(*more.value));
    if (!more.key || !more.value) {
        free(more.key);
        free(more.value);
        return store_fail(ts, SQLITE_NOMEM);
    }
    for (uint32_t i = 0; i < index->capacity; i++) {
        if (index->value[i]) {
            uint32_t slot = key_slot(&more, index->key[i]);
            more.key[slot] = index->key[i];
            more.value[slot] = index->value[i];
        }
    }
    free(index->key);
    free(index->value);
    *index = more;
    return true;
}

uint32_t key_index(TraceStore *ts, KeyIndex *index, uint64_t key,
                   uint32_t fresh)
{
    if (2 * index->used >= index->capacity && !key_grow(ts, index)) {
        return UINT32_MAX;
    }
    uint32_t i = key_slot(index, key);
    if (!index->value[i]) {
        index->key[i] = key;
        index->value[i] = fresh + 1;
        index->used++;
    }
    return index->value[i] - 1;
}

void key_free(KeyIndex *index)
{
    free(index->key);
    free(index->value);
}
