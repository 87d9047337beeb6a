/*
 * codec_private.h - what encoder and decoder of a chunk share: the blob's
 * layout, and the predictors, so that both do the same by construction.
 *
 * Model    Every pass (sites, info, addresses, values, cycles, extras) goes
 *          over blocks of records; it has its own predictor and its own two
 *          columns. A *hit* costs nothing. A *miss* is one byte in the token
 *          column: the hits before it << 5 | a token (7 hits: a varint of those
 *          beyond seven follows), and what the token asks for in the byte
 *          column. Behind the last token all are hits.
 * Format   docs/trace-format.md.
 */
#ifndef TRACES_CODEC_PRIVATE_H
#define TRACES_CODEC_PRIVATE_H

#include <string.h>

#include "traces/codec.h"

enum {
    BLOCK = 512,   /* records a pass handles before the next pass takes over */
    SPECIALS = 16, /* local ids of RECORD_SITE_MAX.. ; sites begin behind */
    HEADER_BYTES = 24,
    COLUMN_HEADER_BYTES = 8,
    FLAG_BEATS = 1, /* a RECORD_BEAT is in the chunk */
    RUN_SHIFT = 5,
    RUN_LONG = 7, /* a varint of hits beyond these follows */
    TOKEN_MASK = (1 << RUN_SHIFT) - 1,
    SLACK = 16, /* bytes behind a column that may be read or written */
};
#define CODEC_MAGIC (UINT32_C(0x00544353) | (uint32_t)CODEC_ID << 24)

typedef enum Pass {
    PASS_SITE,
    PASS_INFO,
    PASS_ADDRESS,
    PASS_VALUE,
    PASS_CYCLE,
    PASS_EXTRA,
    PASSES
} Pass;

/* Columns of the blob: the dictionary, then tokens and bytes of each pass. */
enum { COLUMN_SITES, COLUMN_PASSES, COLUMNS = COLUMN_PASSES + 2 * PASSES };

/* Tokens of the passes; each has at most TOKEN_MASK + 1. */
enum {
    SITE_AFTER,    /* what last came after the site before */
    SITE_NEW,      /* the next of the dictionary */
    SITE_EXPLICIT, /* varint: local id */
    SITE_TOKENS,
};
enum { FIELD_LAST, FIELD_OTHER, FIELD_EXPLICIT, FIELD_WAYS };
enum { INFO_TOKENS = FIELD_WAYS * FIELD_WAYS }; /* info way * 3 + value way */
enum {
    ADDRESS_STRIDE, /* last of the site + stride */
    ADDRESS_NEAR,   /* that of the access before + what it was off by */
    ADDRESS_NEAR2,  /* that of the one before it */
    ADDRESS_WAYS,
    ADDRESS_DELTA = 4, /* + bytes 0..8: zigzag of the difference to the last */
    ADDRESS_FROM_NEAR = 13, /* + bytes 0..8: to the access before */
    ADDRESS_TOKENS = 22,
};
enum {
    VALUE_STRIDE, /* last of the site + stride */
    VALUE_IMAGE,  /* what was last seen at the address */
    VALUE_1,      /* that of the access before, and so on */
    VALUE_2,
    VALUE_3,
    VALUE_WAYS,
    VALUE_RAW = 8,    /* + bytes 0..8 */
    VALUE_DELTA = 17, /* + bytes 0..8: zigzag of the difference to the last */
    VALUE_TOKENS = 26,
};
enum {
    CYCLE_OTHER,      /* the other of two gaps */
    CYCLE_SMALL = 22, /* 1.. this: zigzag of the difference, itself */
    CYCLE_DELTA = 22, /* + bytes 1..8: zigzag of the difference */
    CYCLE_TOKENS = 31,
};

/* Per site of the chunk, by local id. */
typedef struct AddressState {
    uint64_t last;
    int32_t stride, delta;
    int32_t near[2];
    uint8_t way;
} AddressState;

typedef struct ValueState {
    uint64_t last;
    int32_t stride, delta;
    uint8_t way;
    uint8_t kind, size;
} ValueState;

typedef struct InfoState {
    uint32_t info[2];
    uint64_t value[2]; /* of runs */
} InfoState;

/* The gaps last seen between two sites. */
typedef struct Gap {
    int32_t cycles[2];
} Gap;

/* What an extra record (timing, beat, place) was last, less its base. */
typedef struct Extra {
    uint64_t address, value, cycle;
    uint32_t info;
} Extra;

/* One pass' columns while they are written or read. */
typedef struct Stream {
    uint8_t *token, *byte;
    const uint8_t *token_end, *byte_end; /* reading */
    uint32_t run;                        /* hits: so far, or still to come */
    uint32_t next;                       /* reading: the token behind them */
    bool bad;                            /* reading: bytes ran out */
} Stream;

typedef struct Buffer {
    uint8_t *data;
    size_t capacity;
} Buffer;

struct Codec {
    Stream stream[PASSES];
    uint32_t locals; /* ids in use: SPECIALS and the sites seen */
    uint32_t capacity, map_capacity;
    uint32_t table_bits; /* of after3, image and gap */

    /* By local id. */
    uint32_t *site; /* MemoryRecord.site */
    uint32_t *after;
    CodecSiteUse *use;
    uint64_t *first_address;
    AddressState *address;
    ValueState *value;
    InfoState *info;
    uint64_t *first_value; /* of runs */
    uint32_t *first_info;

    uint32_t *map; /* encoder: site -> local id, if site[] agrees */

    uint32_t *after3; /* by the last three sites: what came after them */
    uint64_t *image;  /* by address: 8 bytes of memory */
    Gap *gap;
    Extra *extra;

    /* Carried from block to block. */
    uint32_t before[3]; /* local ids, latest first */
    uint64_t near[2];
    uint64_t values[3];
    uint64_t cycle;
    uint32_t cycle_head;
    uint32_t head, ordinal; /* of extras */
    uint64_t base_address, base_value;
    bool extras_ready;
    bool beats;

    uint32_t local[BLOCK];
    Buffer raw[COLUMNS], blob;
    void *compressor, *decompressor;
};

/* What extra records are predicted from: the head's fields for its first beat,
 * the beat before for later ones. */

bool codec_buffer(Buffer *b, size_t bytes);
bool codec_reserve(Codec *c, uint32_t locals);
void codec_reset(Codec *c, size_t n);
void codec_clear_extras(Codec *c);
/* The most bytes a column can have for n records of `sites` sites. */
size_t codec_column_limit(unsigned column, size_t n, size_t sites);

/* -- numbers ----------------------------------------------------------------
 */

static inline uint64_t codec_le64(uint64_t v)
{
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(v) : v;
}

static inline uint64_t zigzag(uint64_t difference)
{
    return difference << 1 ^ (uint64_t) - (int64_t)(difference >> 63);
}

static inline uint64_t unzigzag(uint64_t v)
{
    return v >> 1 ^ (uint64_t) - (int64_t)(v & 1);
}

static inline unsigned bytes_of(uint64_t v)
{
    return v ? (71u - (unsigned)__builtin_clzll(v)) / 8 : 0;
}

static inline uint64_t extend32(int32_t v)
{
    return (uint64_t)(int64_t)v;
}

/* -- predictors -------------------------------------------------------------
 */

static inline uint32_t after3_index(const Codec *c, uint32_t a, uint32_t b,
                                    uint32_t d)
{
    uint32_t h = a * UINT32_C(0x9e3779b1) + b * UINT32_C(0x85ebca6b) +
                 d * UINT32_C(0xc2b2ae3d);
    return h >> (32 - c->table_bits);
}

static inline uint32_t gap_index(const Codec *c, uint32_t from, uint32_t to)
{
    uint32_t h = from * UINT32_C(0x9e3779b1) + to * UINT32_C(0x85ebca6b);
    return h >> (32 - c->table_bits);
}

static inline uint64_t address_guess(const AddressState *s, unsigned way,
                                     uint64_t near, uint64_t near2)
{
    return way == ADDRESS_STRIDE ? s->last + extend32(s->stride)
           : way == ADDRESS_NEAR ? near + extend32(s->near[0])
                                 : near2 + extend32(s->near[1]);
}

static inline void address_learn(AddressState *s, uint64_t address,
                                 uint64_t near, uint64_t near2)
{
    int32_t delta = (int32_t)(uint32_t)(address - s->last);
    s->stride = delta == s->delta ? delta : s->stride;
    s->delta = delta;
    s->last = address;
    s->near[0] = (int32_t)(uint32_t)(address - near);
    s->near[1] = (int32_t)(uint32_t)(address - near2);
}

static inline uint64_t *image_word(const Codec *c, uint64_t address)
{
    uint64_t h = (address >> 3) * UINT64_C(0x9e3779b97f4a7c15);
    return &c->image[h >> (64 - c->table_bits)];
}

static inline uint64_t image_mask(unsigned size)
{
    return size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

static inline uint64_t value_guess(const ValueState *s, unsigned way,
                                   const uint64_t *word, unsigned shift,
                                   const uint64_t values[3])
{
    switch (way) {
    case VALUE_STRIDE: return s->last + extend32(s->stride);
    case VALUE_IMAGE: return *word >> shift & image_mask(s->size);
    default: return values[way - VALUE_1];
    }
}

static inline void value_learn(ValueState *s, uint64_t value, uint64_t *word,
                               unsigned shift)
{
    int32_t delta = (int32_t)(uint32_t)(value - s->last);
    s->stride = delta == s->delta ? delta : s->stride;
    s->delta = delta;
    s->last = value;
    uint64_t mask = image_mask(s->size);
    *word = (*word & ~(mask << shift)) | (value & mask) << shift;
}

static inline void gap_learn(Gap *g, uint64_t gap)
{
    g->cycles[1] = g->cycles[0];
    g->cycles[0] = (int32_t)(uint32_t)gap;
}

/* Where the last extra of this kind at this place behind such a head is. */
static inline Extra *extra_entry(const Codec *c, uint32_t special)
{
    uint32_t ordinal = c->ordinal < 7 ? c->ordinal : 7;
    uint32_t h = c->head * UINT32_C(0x9e3779b1) +
                 (special << 3 | ordinal) * UINT32_C(0x85ebca6b);
    return &c->extra[h >> (32 - 12)];
}
enum { EXTRAS = 1 << 12 };

/* The head that following extras belong to. */
static inline void extra_head(Codec *c, uint32_t local, const MemoryRecord *r)
{
    c->head = local;
    c->ordinal = 0;
    c->base_address = r->address;
    c->base_value = r->value;
}

static inline bool is_beat(uint32_t local)
{
    return local == RECORD_BEAT - RECORD_SITE_MAX;
}

static inline void extra_learn(Codec *c, Extra *e, uint32_t local,
                               const MemoryRecord *r)
{
    bool beat = is_beat(local);
    e->address = r->address - (beat ? c->base_address : 0);
    e->value = r->value - (beat ? c->base_value : 0);
    e->cycle = r->cycle;
    e->info = r->info;
    if (beat) {
        c->base_address = r->address;
        c->base_value = r->value;
    }
    c->ordinal++;
}

/* A site's state before its first record; the first address is known. */
static inline void site_begin(Codec *c, uint32_t local, CodecSite site,
                              uint64_t address, uint32_t info, uint64_t value)
{
    c->after[local] = 0;
    c->address[local] = (AddressState){.last = address};
    c->value[local] = (ValueState){
        .kind = site.kind,
        .size = site.size,
        .way = site.kind == CODEC_READ ? VALUE_IMAGE : VALUE_STRIDE};
    c->info[local] = (InfoState){{info, info}, {value, value}};
}

#endif
