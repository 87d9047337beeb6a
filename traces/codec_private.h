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
    BLOCK = 512, /* records a pass handles before the next pass takes over */
    SPECIAL = CODEC_RUN + 1, /* kind of a local id that is no site */
    LOCAL_MASK = (1 << 22) - 1,
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
    ADDRESS_STRIDE, /* last of the site, and by as much again */
    ADDRESS_NEAR,   /* that of the access before + what it was off by */
    ADDRESS_WAYS,
    ADDRESS_DELTA = 4, /* + bytes 0..8: zigzag of the difference to the last */
    ADDRESS_FROM_NEAR = 13, /* + bytes 0..8: to the access before */
    ADDRESS_TOKENS = 22,
};
enum {
    VALUE_STRIDE, /* last of the site, and by as much again */
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

/* Per site of the chunk, by local id: a cache line. */
typedef struct SiteState {
    uint64_t address, next_address; /* last, and by as much again */
    uint64_t value, next_value;
    uint64_t off;  /* address less that of the access before */
    uint64_t mask; /* of the bytes of an access */
    uint64_t low;  /* encoder: addresses low .. low + span were seen */
    uint32_t span;
    uint8_t way, value_way, size;
} SiteState;

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

/* How many records of the block are what. */
typedef struct Block {
    uint32_t runs, datas, records;
    uint32_t infos; /* encoder: bits that some info of the datas has */
} Block;

struct Codec {
    Stream stream[PASSES];
    uint32_t locals; /* ids in use: SPECIALS and the sites seen */
    uint32_t capacity, map_capacity;
    uint32_t after3_bits, image_bits, gap_bits;

    /* By local id. */
    uint32_t *site; /* MemoryRecord.site */
    uint8_t *kind;  /* CodecClass, or SPECIAL */
    uint32_t *after;
    uint32_t *records; /* encoder: of a site */
    CodecSiteUse *use;
    uint64_t *first_address;
    SiteState *state;
    InfoState *info;
    uint64_t *first_value; /* of runs */
    uint32_t *first_info;

    uint32_t *map; /* encoder: site -> local id, 0: new in this chunk */

    uint32_t *after3; /* by the last three sites: what came after them */
    uint64_t *image;  /* by address: the value last seen there */
    Gap *gap;
    Extra *extra;

    /* Carried from block to block. */
    uint64_t before; /* local ids: with_latest() */
    uint64_t near;
    uint64_t values[VALUE_WAYS - VALUE_1]; /* of the accesses before */
    uint32_t odd_infos; /* accesses' sites whose last info is not 0 */
    uint64_t cycle;
    uint32_t cycle_head;
    uint32_t head, ordinal; /* of extras */
    uint64_t base_address, base_value;
    bool extras_ready;
    bool beats;

    /* The block at hand: local ids, and which records are what. */
    uint32_t local[BLOCK];
    uint16_t run_at[BLOCK + 1], data_at[BLOCK + 1];
    Block block;
    Buffer raw[COLUMNS], blob;
    void *compressor, *decompressor;
};

bool codec_buffer(Buffer *b, size_t bytes);
bool codec_reserve(Codec *c, uint32_t locals);
void codec_reset(Codec *c, size_t n, unsigned fields);
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
    return (71u - (unsigned)__builtin_clzll(v | 1)) / 8 - (v == 0);
}

/* One of two without a branch, which would be mispredicted. */
static inline uint64_t choose(bool first, uint64_t a, uint64_t b)
{
    return b ^ ((a ^ b) & ((uint64_t)0 - first));
}

static inline uint64_t extend32(int32_t v)
{
    return (uint64_t)(int64_t)v;
}

/* -- predictors -------------------------------------------------------------
 */

/* Hashes: the top bits index a table. */
static inline uint64_t after3_hash(uint64_t before)
{
    return before * UINT64_C(0x9e3779b97f4a7c15);
}

/* The last three local ids, 20, 22 and 22 bits, the latest lowest. */
static inline uint64_t with_latest(uint64_t before, uint32_t local)
{
    return before << 22 | local;
}

static inline uint32_t gap_hash(uint32_t from, uint32_t to)
{
    return from * UINT32_C(0x9e3779b1) + to * UINT32_C(0x85ebca6b);
}

static inline uint64_t image_hash(uint64_t address)
{
    return address * UINT64_C(0x9e3779b97f4a7c15);
}

static inline uint64_t address_guess(const SiteState *s, uint64_t near)
{
    return s->way == ADDRESS_NEAR ? near + s->off : s->next_address;
}

static inline void address_learn(SiteState *s, uint64_t address, uint64_t near)
{
    s->next_address = 2 * address - s->address;
    s->off = address - near;
    s->address = address;
}

/* Guesses for the values of a block, by way: those of the access at hand are
 * guess[0..VALUE_WAYS). The next access' begin one below, so that the value
 * learnt is its VALUE_1, and so on. */
enum { VALUE_WINDOW = BLOCK + VALUE_WAYS };

static inline uint64_t *window_open(const Codec *c, uint64_t *window)
{
    uint64_t *guess = window + BLOCK;
    memcpy(guess + VALUE_1, c->values, sizeof(c->values));
    return guess;
}

static inline void window_close(Codec *c, const uint64_t *guess)
{
    memcpy(c->values, guess + VALUE_1, sizeof(c->values));
}

/* Sets guess[way] for the first two ways. */
static inline void value_guess(const SiteState *s, uint64_t image,
                               uint64_t *guess)
{
    guess[VALUE_STRIDE] = s->next_value;
    guess[VALUE_IMAGE] = image & s->mask;
}

/* Returns the window for the next access. */
static inline uint64_t *value_learn(SiteState *s, uint64_t value,
                                    uint64_t *image, uint64_t *guess)
{
    s->next_value = 2 * value - s->value;
    s->value = value;
    *image = value;
    guess[VALUE_IMAGE] = value;
    return guess - 1;
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

/* -- sites ------------------------------------------------------------------
 */

/* A site's state before its first record; the first address is known. */
static inline void site_begin(Codec *c, uint32_t local, unsigned size)
{
    unsigned kind = c->kind[local];
    uint32_t info = c->first_info[local];
    uint64_t value = c->first_value[local];
    c->after[local] = 0;
    c->state[local] = (SiteState){
        .address = c->first_address[local],
        .next_address = c->first_address[local],
        .low = c->first_address[local],
        .mask = size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1,
        .size = (uint8_t)size,
        .value_way = kind == CODEC_READ ? VALUE_IMAGE : VALUE_STRIDE};
    c->info[local] = (InfoState){{info, info}, {value, value}};
}

/* Enters record i of the block into the lists of its kind. */
static inline void block_add(Codec *c, Block *b, size_t i, unsigned kind)
{
    c->run_at[b->runs] = c->data_at[b->datas] = (uint16_t)i;
    b->runs += kind == CODEC_RUN;
    b->datas += kind < CODEC_RUN;
}

#endif
