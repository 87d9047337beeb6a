/*
 * codec.c - the working memory of the codec, and what a chunk begins with.
 *
 * Model    Tables are sized by the chunk at hand and cleared before it; arrays
 *          by local id are set up by each site's first record.
 */
#include <stdlib.h>
#include <zstd.h>

#include "traces/codec_private.h"

enum { TABLE_BITS_LEAST = 8, TABLE_BITS_MOST = 16 };
enum { IMAGE_LESS = 2, GAP_LESS = 3 }; /* bits less than after3 */

Codec *codec_new(void)
{
    Codec *c = calloc(1, sizeof(*c));
    if (!c) {
        return NULL;
    }
    c->compressor = ZSTD_createCCtx();
    c->decompressor = ZSTD_createDCtx();
    c->after3 = malloc(sizeof(*c->after3) << TABLE_BITS_MOST);
    c->image = malloc(sizeof(*c->image) << (TABLE_BITS_MOST - IMAGE_LESS));
    c->gap = malloc(sizeof(*c->gap) << (TABLE_BITS_MOST - GAP_LESS));
    c->extra = malloc(sizeof(*c->extra) * EXTRAS);
    if (!c->compressor || !c->decompressor || !c->after3 || !c->image ||
        !c->gap || !c->extra) {
        codec_free(c);
        return NULL;
    }
    return c;
}

void codec_free(Codec *c)
{
    if (!c) {
        return;
    }
    ZSTD_freeCCtx(c->compressor);
    ZSTD_freeDCtx(c->decompressor);
    for (unsigned i = 0; i < COLUMNS; i++) {
        free(c->raw[i].data);
    }
    void *arrays[] = {c->site,  c->after,   c->use,         c->first_address,
                      c->state, c->info,    c->first_value, c->first_info,
                      c->map,   c->after3,  c->image,       c->gap,
                      c->extra, c->records, c->blob.data,   c->kind};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        free(arrays[i]);
    }
    free(c);
}

bool codec_buffer(Buffer *b, size_t bytes)
{
    if (bytes + SLACK > b->capacity) {
        free(b->data);
        b->capacity = bytes + SLACK;
        b->data = malloc(b->capacity);
        if (!b->data) {
            b->capacity = 0;
            return false;
        }
    }
    return true;
}

/* A new array instead of *array: nothing in it outlives a chunk. */
static bool renew(void *array, size_t members, size_t size)
{
    void **p = array;
    free(*p);
    *p = malloc(members * size);
    return *p != NULL;
}

bool codec_reserve(Codec *c, uint32_t locals)
{
    if (locals <= c->capacity) {
        return true;
    }
    c->capacity = 0;
    uint32_t n = locals + locals / 2;
    if (!renew(&c->site, n, sizeof(*c->site)) ||
        !renew(&c->kind, n, sizeof(*c->kind)) ||
        !renew(&c->after, n, sizeof(*c->after)) ||
        !renew(&c->use, n, sizeof(*c->use)) ||
        !renew(&c->first_address, n, sizeof(*c->first_address)) ||
        !renew(&c->state, n, sizeof(*c->state)) ||
        !renew(&c->records, n, sizeof(*c->records)) ||
        !renew(&c->info, n, sizeof(*c->info)) ||
        !renew(&c->first_value, n, sizeof(*c->first_value)) ||
        !renew(&c->first_info, n, sizeof(*c->first_info))) {
        return false;
    }
    c->capacity = n;
    return true;
}

void codec_reset(Codec *c, size_t n, unsigned fields)
{
    uint32_t bits = TABLE_BITS_LEAST;
    while (bits < TABLE_BITS_MOST && (size_t)1 << bits < n) {
        bits++;
    }
    c->after3_bits = bits;
    c->image_bits = bits - IMAGE_LESS;
    c->gap_bits = bits - GAP_LESS;
    memset(c->after3, 0, sizeof(*c->after3) << c->after3_bits);
    if (fields & CODEC_VALUE) {
        memset(c->image, 0, sizeof(*c->image) << c->image_bits);
    }
    if (fields & CODEC_CYCLE) {
        memset(c->gap, 0, sizeof(*c->gap) << c->gap_bits);
    }
    for (uint32_t i = 0; i < SPECIALS; i++) {
        c->site[i] = RECORD_SITE_MAX + i;
        c->kind[i] = SPECIAL;
        c->after[i] = 0;
    }
    c->locals = SPECIALS;
    memset(c->stream, 0, sizeof(c->stream));
    c->before = 0;
    c->near = 0;
    memset(c->values, 0, sizeof(c->values));
    c->odd_infos = 0;
    c->cycle = 0;
    c->cycle_head = 0;
    c->extras_ready = c->beats = false;
    extra_head(c, 0, &(MemoryRecord){0});
}

void codec_clear_extras(Codec *c)
{
    if (!c->extras_ready) {
        memset(c->extra, 0, sizeof(*c->extra) * EXTRAS);
        c->extras_ready = true;
    }
}

size_t codec_column_limit(unsigned column, size_t n, size_t sites)
{
    static const uint8_t bytes[PASSES] = {
        [PASS_SITE] = 4,  [PASS_INFO] = 16, [PASS_ADDRESS] = 8,
        [PASS_VALUE] = 8, [PASS_CYCLE] = 8, [PASS_EXTRA] = 40,
    };
    if (column == COLUMN_SITES) {
        return 60 * sites;
    }
    unsigned pass = (column - COLUMN_PASSES) / 2;
    return (column - COLUMN_PASSES) % 2 == 0 ? 2 * n + SLACK : bytes[pass] * n;
}
