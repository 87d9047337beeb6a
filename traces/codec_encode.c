/*
 * codec_encode.c - records into a blob.
 */
#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>
#include <zstd.h>

#include "traces/codec_private.h"

enum { ZSTD_LEVEL = 1 };

/* -- columns ----------------------------------------------------------------
 */

static uint8_t *put_varint(uint8_t *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) {
        *p++ = (uint8_t)(v | 0x80);
    }
    *p++ = (uint8_t)v;
    return p;
}

static inline void put_miss(Stream *s, unsigned token)
{
    uint32_t run = s->run;
    s->run = 0;
    if (run < RUN_LONG) {
        *s->token++ = (uint8_t)(run << RUN_SHIFT | token);
    } else {
        *s->token++ = (uint8_t)(RUN_LONG << RUN_SHIFT | token);
        s->token = put_varint(s->token, run - RUN_LONG);
    }
}

/* The low n bytes of v. */
static inline void put_bytes(Stream *s, uint64_t v, unsigned n)
{
    v = codec_le64(v);
    memcpy(s->byte, &v, sizeof(v)); /* there is slack */
    s->byte += n;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        *p++ = (uint8_t)(v >> 8 * i);
    }
    return p;
}

/* -- passes -----------------------------------------------------------------
 */

static uint32_t new_site(Codec *c, const MemoryRecord *r, CodecSite site)
{
    uint32_t local = c->locals++;
    bool run = site.kind == CODEC_RUN;
    c->map[r->site] = local;
    c->site[local] = r->site;
    c->kind[local] = site.kind;
    c->use[local] = (CodecSiteUse){r->site, 0, r->address, r->address};
    c->first_address[local] = r->address;
    c->first_info[local] = run ? r->info : 0;
    c->first_value[local] = run ? r->value : 0;
    site_begin(c, local, site.size);
    return local;
}

/* Fills the block. The guess is compared, not used, so that the processor need
 * not wait for it. */
static void encode_sites(Codec *c, const MemoryRecord *r, size_t n,
                         const CodecSite *site, uint32_t sites)
{
    Stream s = c->stream[PASS_SITE];
    uint64_t before = c->before;
    uint32_t last = before & LOCAL_MASK;
    /* Bytes are written meanwhile, which might be these for all C knows. */
    uint32_t *const after3 = c->after3, *const after = c->after;
    const uint32_t *const map = c->map;
    CodecSiteUse *const use = c->use;
    const uint8_t *const kind = c->kind;
    const uint32_t shift = 64 - c->after3_bits;
    Block block = {0};
    for (size_t i = 0; i < n; i++) {
        uint32_t id = r[i].site;
        uint32_t *guess = &after3[after3_hash(before) >> shift];
        uint32_t local;
        if (id < sites) {
            local = map[id];
            if (local == 0) {
                assert(site[id].kind <= CODEC_RUN);
                local = new_site(c, &r[i], site[id]);
            }
        } else {
            assert(id >= RECORD_SITE_MAX);
            local = id - RECORD_SITE_MAX;
        }
        if (*guess == local) {
            s.run++;
        } else {
            if (use[local].records == 0 && local >= SPECIALS) {
                put_miss(&s, SITE_NEW);
            } else if (after[last] == local) {
                put_miss(&s, SITE_AFTER);
            } else {
                put_miss(&s, SITE_EXPLICIT);
                s.byte = put_varint(s.byte, local);
            }
            *guess = after[last] = local;
        }
        use[local].records++;
        c->local[i] = local;
        block_add(c, &block, i, kind[local]);
        before = with_latest(before, local);
        last = local;
    }
    c->before = before;
    block.records = (uint32_t)n;
    c->block = block;
    c->stream[PASS_SITE] = s;
}

static void info_miss(Stream *s, InfoState *p, uint32_t info, uint64_t value)
{
    unsigned info_way = info == p->info[FIELD_LAST]    ? FIELD_LAST
                        : info == p->info[FIELD_OTHER] ? FIELD_OTHER
                                                       : FIELD_EXPLICIT;
    unsigned value_way = value == p->value[FIELD_LAST]    ? FIELD_LAST
                         : value == p->value[FIELD_OTHER] ? FIELD_OTHER
                                                          : FIELD_EXPLICIT;
    put_miss(s, info_way * FIELD_WAYS + value_way);
    if (info_way == FIELD_EXPLICIT) {
        s->byte = put_varint(s->byte, info);
    }
    if (value_way == FIELD_EXPLICIT) {
        s->byte = put_varint(s->byte, value >> 32);
        s->byte = put_varint(s->byte, value & UINT32_MAX);
    }
    if (info_way != FIELD_LAST) {
        p->info[FIELD_OTHER] = p->info[FIELD_LAST];
        p->info[FIELD_LAST] = info;
    }
    if (value_way != FIELD_LAST) {
        p->value[FIELD_OTHER] = p->value[FIELD_LAST];
        p->value[FIELD_LAST] = value;
    }
}

static void encode_info(Codec *c, const MemoryRecord *r)
{
    Stream s = c->stream[PASS_INFO];
    InfoState *const state = c->info;
    for (uint32_t i = 0; i < c->block.records; i++) {
        uint32_t local = c->local[i];
        if (local < SPECIALS) {
            continue;
        }
        InfoState *p = &state[local];
        uint64_t value = r[i].value & p->run;
        if (r[i].info == p->info[FIELD_LAST] && value == p->value[FIELD_LAST]) {
            s.run++;
        } else {
            info_miss(&s, p, r[i].info, value);
        }
    }
    c->stream[PASS_INFO] = s;
}

/* No branch in what a miss is: they would all be mispredicted. */
static inline void address_miss(Stream *s, AddressState *p, uint64_t address,
                                const uint64_t guess[ADDRESS_WAYS],
                                uint64_t near)
{
    unsigned right = 1u << ADDRESS_WAYS;
    if (guess) {
        right |= (unsigned)(guess[ADDRESS_STRIDE] == address) |
                 (unsigned)(guess[ADDRESS_NEAR] == address) << ADDRESS_NEAR |
                 (unsigned)(guess[ADDRESS_NEAR2] == address) << ADDRESS_NEAR2;
    }
    unsigned way = (unsigned)__builtin_ctz(right);
    bool told = way == ADDRESS_WAYS;
    uint64_t delta = zigzag(address - p->last);
    uint64_t from = zigzag(address - near);
    unsigned delta_bytes = bytes_of(delta), from_bytes = bytes_of(from);
    bool own = delta_bytes <= from_bytes;
    unsigned bytes = own ? delta_bytes : from_bytes;
    unsigned token = bytes + (own ? ADDRESS_DELTA : ADDRESS_FROM_NEAR);
    p->way = (uint8_t)(told ? p->way : way);
    put_miss(s, told ? token : way);
    put_bytes(s, choose(own, delta, from), told ? bytes : 0);
}

static inline void use_address(CodecSiteUse *use, uint64_t address)
{
    use->first = address < use->first ? address : use->first;
    use->last = address > use->last ? address : use->last;
}

/* Of each block first the runs, which stay where they are, then the accesses.
 */
static void encode_addresses(Codec *c, const MemoryRecord *r)
{
    Stream s = c->stream[PASS_ADDRESS];
    uint64_t near[2] = {c->near[0], c->near[1]};
    AddressState *const state = c->address;
    CodecSiteUse *const use = c->use;
    for (uint32_t k = 0; k < c->block.runs; k++) {
        size_t i = c->run_at[k];
        AddressState *p = &state[c->local[i]];
        if (r[i].address == p->last) {
            s.run++;
        } else {
            use_address(&use[c->local[i]], r[i].address);
            address_miss(&s, p, r[i].address, NULL, near[0]);
            p->last = r[i].address;
        }
    }
    for (uint32_t k = 0; k < c->block.datas; k++) {
        size_t i = c->data_at[k];
        AddressState *p = &state[c->local[i]];
        uint64_t address = r[i].address;
        use_address(&use[c->local[i]], address);
        uint64_t guess[ADDRESS_WAYS];
        address_guess(p, near, guess);
        if (guess[p->way] == address) {
            s.run++;
        } else {
            address_miss(&s, p, address, guess, near[0]);
        }
        address_learn(p, address, near);
    }
    memcpy(c->near, near, sizeof(near));
    c->stream[PASS_ADDRESS] = s;
}

static inline void value_miss(Stream *s, ValueState *p, uint64_t value,
                              const uint64_t guess[VALUE_WAYS])
{
    unsigned right = 1u << VALUE_WAYS |
                     (unsigned)(guess[VALUE_STRIDE] == value) |
                     (unsigned)(guess[VALUE_IMAGE] == value) << VALUE_IMAGE |
                     (unsigned)(guess[VALUE_1] == value) << VALUE_1 |
                     (unsigned)(guess[VALUE_2] == value) << VALUE_2 |
                     (unsigned)(guess[VALUE_3] == value) << VALUE_3;
    unsigned way = (unsigned)__builtin_ctz(right);
    bool told = way == VALUE_WAYS;
    uint64_t delta = zigzag(value - p->last);
    unsigned raw_bytes = bytes_of(value), delta_bytes = bytes_of(delta);
    bool raw = raw_bytes <= delta_bytes;
    unsigned bytes = raw ? raw_bytes : delta_bytes;
    unsigned token = bytes + (raw ? VALUE_RAW : VALUE_DELTA);
    p->way = (uint8_t)(told ? p->way : way);
    put_miss(s, told ? token : way);
    put_bytes(s, choose(raw, value, delta), told ? bytes : 0);
}

static void encode_values(Codec *c, const MemoryRecord *r)
{
    Stream s = c->stream[PASS_VALUE];
    uint64_t guess[VALUE_WAYS];
    memcpy(guess, c->guess, sizeof(guess));
    ValueState *const state = c->value;
    uint64_t *const image = c->image;
    const uint32_t down = 64 - c->image_bits;
    for (uint32_t k = 0; k < c->block.datas; k++) {
        size_t i = c->data_at[k];
        ValueState *p = &state[c->local[i]];
        uint64_t value = r[i].value;
        uint64_t *word = &image[image_hash(r[i].address) >> down];
        unsigned shift = r[i].address % 8 * 8;
        value_guess(p, *word, shift, guess);
        if (guess[p->way] == value) {
            s.run++;
        } else {
            value_miss(&s, p, value, guess);
        }
        value_learn(p, value, word, shift, guess);
    }
    memcpy(c->guess, guess, sizeof(guess));
    c->stream[PASS_VALUE] = s;
}

static inline void cycle_miss(Stream *s, const Gap *g, uint64_t gap)
{
    uint64_t off = zigzag(gap - extend32(g->cycles[0]));
    if (gap == extend32(g->cycles[1])) {
        put_miss(s, CYCLE_OTHER);
    } else if (off <= CYCLE_SMALL) {
        put_miss(s, (unsigned)off);
    } else {
        unsigned bytes = bytes_of(off);
        put_miss(s, CYCLE_DELTA + bytes);
        put_bytes(s, off, bytes);
    }
}

static void encode_cycles(Codec *c, const MemoryRecord *r)
{
    Stream s = c->stream[PASS_CYCLE];
    uint64_t cycle = c->cycle;
    uint32_t head = c->cycle_head;
    Gap *const gaps = c->gap;
    const uint32_t shift = 32 - c->gap_bits;
    for (uint32_t i = 0; i < c->block.records; i++) {
        uint32_t local = c->local[i];
        if (local < SPECIALS) {
            continue;
        }
        Gap *g = &gaps[gap_hash(head, local) >> shift];
        uint64_t gap = r[i].cycle - cycle;
        if (gap == extend32(g->cycles[0])) {
            s.run++;
        } else {
            cycle_miss(&s, g, gap);
            gap_learn(g, gap);
        }
        cycle = r[i].cycle;
        head = local;
    }
    c->cycle = cycle;
    c->cycle_head = head;
    c->stream[PASS_CYCLE] = s;
}

static void encode_extra(Codec *c, Stream *s, uint32_t local,
                         const MemoryRecord *r)
{
    Extra *e = extra_entry(c, local), was = *e;
    c->beats |= is_beat(local);
    extra_learn(c, e, local, r);
    uint64_t off[] = {
        zigzag(e->address - was.address), zigzag(e->value - was.value),
        zigzag(e->cycle - was.cycle), zigzag((uint64_t)e->info - was.info)};
    unsigned missed = 0;
    for (unsigned k = 0; k < 4; k++) {
        missed |= (unsigned)(off[k] != 0) << k;
    }
    if (!missed) {
        s->run++;
        return;
    }
    put_miss(s, missed);
    for (unsigned k = 0; k < 4; k++) {
        if (off[k]) {
            s->byte = put_varint(s->byte, off[k]);
        }
    }
}

static void encode_extras(Codec *c, const MemoryRecord *r, size_t n)
{
    codec_clear_extras(c);
    for (size_t i = 0; i < n; i++) {
        uint32_t local = c->local[i];
        if (local < SPECIALS) {
            encode_extra(c, &c->stream[PASS_EXTRA], local, &r[i]);
        } else {
            extra_head(c, local, &r[i]);
        }
    }
}

/* -- the blob ---------------------------------------------------------------
 */

/* One field of all sites after the other: like to like compresses best. */
static uint8_t *encode_dictionary(const Codec *c, uint8_t *p)
{
    uint32_t from = SPECIALS, to = c->locals;
    for (uint32_t i = from; i < to; i++) {
        uint32_t before = i == from ? 0 : c->site[i - 1];
        p = put_varint(p, zigzag((uint64_t)c->site[i] - before));
    }
    for (uint32_t i = from; i < to; i++) {
        *p++ = c->kind[i];
    }
    for (uint32_t i = from; i < to; i++) {
        *p++ = c->value[i].size;
    }
    for (uint32_t i = from; i < to; i++) {
        p = put_varint(p, c->use[i].records);
    }
    uint64_t before[CODEC_RUN + 1] = {0};
    for (uint32_t i = from; i < to; i++) {
        uint64_t *last = &before[c->kind[i]];
        p = put_varint(p, zigzag(c->first_address[i] - *last));
        *last = c->first_address[i];
    }
    for (uint32_t i = from; i < to; i++) {
        p = put_varint(p, c->first_address[i] - c->use[i].first);
    }
    for (uint32_t i = from; i < to; i++) {
        p = put_varint(p, c->use[i].last - c->first_address[i]);
    }
    for (uint32_t i = from; i < to; i++) {
        if (c->kind[i] == CODEC_RUN) {
            p = put_varint(p, c->first_info[i]);
            p = put_varint(p, c->first_value[i] >> 32);
            p = put_varint(p, c->first_value[i] & UINT32_MAX);
        }
    }
    return p;
}

/* Header and bytes of one column at p, where there is room. */
static uint8_t *put_column(Codec *c, uint8_t *p, const uint8_t *raw, size_t len)
{
    uint8_t *body = p + COLUMN_HEADER_BYTES;
    size_t stored = len;
    if (len) {
        stored = ZSTD_compressCCtx(c->compressor, body, ZSTD_compressBound(len),
                                   raw, len, ZSTD_LEVEL);
        if (ZSTD_isError(stored) || stored >= len) {
            memcpy(body, raw, len);
            stored = len;
        }
    }
    put32(put32(p, (uint32_t)len), (uint32_t)stored);
    return body + stored;
}

static size_t encode_blob(Codec *c, size_t n)
{
    const uint8_t *end[COLUMNS];
    size_t room = HEADER_BYTES;
    if (!codec_buffer(&c->raw[COLUMN_SITES],
                      codec_column_limit(COLUMN_SITES, n, c->locals))) {
        return 0;
    }
    end[COLUMN_SITES] = encode_dictionary(c, c->raw[COLUMN_SITES].data);
    for (unsigned pass = 0; pass < PASSES; pass++) {
        end[COLUMN_PASSES + 2 * pass] = c->stream[pass].token;
        end[COLUMN_PASSES + 2 * pass + 1] = c->stream[pass].byte;
    }
    for (unsigned i = 0; i < COLUMNS; i++) {
        room += COLUMN_HEADER_BYTES +
                ZSTD_compressBound((size_t)(end[i] - c->raw[i].data));
    }
    if (!codec_buffer(&c->blob, room)) {
        return 0;
    }
    uint8_t *p = c->blob.data + HEADER_BYTES;
    for (unsigned i = 0; i < COLUMNS; i++) {
        p = put_column(c, p, c->raw[i].data, (size_t)(end[i] - c->raw[i].data));
    }
    uint8_t *head = put32(c->blob.data, CODEC_MAGIC) + 8;
    head = put32(put32(head, (uint32_t)n), c->locals - SPECIALS);
    put32(head, c->beats ? FLAG_BEATS : 0);
    size_t len = (size_t)(p - c->blob.data);
    uint64_t sum = codec_le64(XXH3_64bits(c->blob.data + 12, len - 12));
    memcpy(c->blob.data + 4, &sum, sizeof(sum));
    return len;
}

static bool reserve_encoder(Codec *c, size_t n, uint32_t sites)
{
    if (sites > c->map_capacity) {
        free(c->map);
        c->map_capacity = 0;
        size_t members = (size_t)sites + sites / 2;
        c->map = calloc(members, sizeof(*c->map));
        if (!c->map) {
            return false;
        }
        c->map_capacity = (uint32_t)members;
    }
    for (unsigned i = COLUMN_PASSES; i < COLUMNS; i++) {
        if (!codec_buffer(&c->raw[i], codec_column_limit(i, n, 0))) {
            return false;
        }
    }
    return codec_reserve(c, SPECIALS + (n < sites ? (uint32_t)n : sites));
}

size_t codec_encode(Codec *c, const MemoryRecord *r, size_t n,
                    const CodecSite *site, uint32_t sites, const void **blob)
{
    assert(n <= CODEC_MAX_RECORDS);
    if (!reserve_encoder(c, n, sites)) {
        return 0;
    }
    codec_reset(c, n, CODEC_ALL);
    for (unsigned pass = 0; pass < PASSES; pass++) {
        c->stream[pass].token = c->raw[COLUMN_PASSES + 2 * pass].data;
        c->stream[pass].byte = c->raw[COLUMN_PASSES + 2 * pass + 1].data;
    }
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t count = n - i < BLOCK ? n - i : BLOCK;
        encode_sites(c, r + i, count, site, sites);
        encode_info(c, r + i);
        encode_addresses(c, r + i);
        encode_values(c, r + i);
        encode_cycles(c, r + i);
        if (c->block.runs + c->block.datas < count) {
            encode_extras(c, r + i, count);
        } else {
            extra_head(c, c->local[count - 1], &r[i + count - 1]);
        }
    }
    for (uint32_t i = SPECIALS; i < c->locals; i++) {
        c->map[c->site[i]] = 0;
    }
    size_t len = encode_blob(c, n);
    *blob = c->blob.data;
    return len;
}
