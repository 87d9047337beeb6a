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

static bool known_site(const Codec *c, uint32_t id, uint32_t *local)
{
    if (id >= RECORD_SITE_MAX) {
        *local = id - RECORD_SITE_MAX;
        return true;
    }
    *local = c->map[id];
    return *local < c->locals && c->site[*local] == id;
}

static uint32_t new_site(Codec *c, const MemoryRecord *r, CodecSite site)
{
    uint32_t local = c->locals++;
    bool run = site.kind == CODEC_RUN;
    c->map[r->site] = local;
    c->site[local] = r->site;
    c->use[local] = (CodecSiteUse){r->site, 0, r->address, r->address};
    c->first_address[local] = r->address;
    c->first_info[local] = run ? r->info : 0;
    c->first_value[local] = run ? r->value : 0;
    site_begin(c, local, site, r->address, c->first_info[local],
               c->first_value[local]);
    return local;
}

/* Fills c->local[0..n). Returns whether extras are among them. */
static bool encode_sites(Codec *c, const MemoryRecord *r, size_t n,
                         const CodecSite *site, uint32_t sites)
{
    Stream s = c->stream[PASS_SITE];
    uint32_t a = c->before[0], b = c->before[1], d = c->before[2];
    bool extras = false;
    for (size_t i = 0; i < n; i++) {
        uint32_t id = r[i].site;
        uint32_t *guess = &c->after3[after3_index(c, a, b, d)];
        uint32_t local = *guess;
        if (c->site[local] == id) {
            s.run++;
        } else {
            if (!known_site(c, id, &local)) {
                assert(id < sites && site[id].kind <= CODEC_RUN);
                put_miss(&s, SITE_NEW);
                local = new_site(c, &r[i], site[id]);
            } else if (c->after[a] == local) {
                put_miss(&s, SITE_AFTER);
            } else {
                put_miss(&s, SITE_EXPLICIT);
                s.byte = put_varint(s.byte, local);
            }
            *guess = local;
        }
        c->after[a] = local;
        c->use[local].records++;
        extras |= local < SPECIALS;
        c->local[i] = local;
        d = b;
        b = a;
        a = local;
    }
    c->before[0] = a;
    c->before[1] = b;
    c->before[2] = d;
    c->stream[PASS_SITE] = s;
    return extras;
}

static void info_miss(Stream *s, InfoState *p, const MemoryRecord *r, bool run)
{
    uint64_t value = run ? r->value : p->value[FIELD_LAST];
    unsigned info_way = r->info == p->info[FIELD_LAST]    ? FIELD_LAST
                        : r->info == p->info[FIELD_OTHER] ? FIELD_OTHER
                                                          : FIELD_EXPLICIT;
    unsigned value_way = value == p->value[FIELD_LAST]    ? FIELD_LAST
                         : value == p->value[FIELD_OTHER] ? FIELD_OTHER
                                                          : FIELD_EXPLICIT;
    put_miss(s, info_way * FIELD_WAYS + value_way);
    if (info_way == FIELD_EXPLICIT) {
        s->byte = put_varint(s->byte, r->info);
    }
    if (value_way == FIELD_EXPLICIT) {
        s->byte = put_varint(s->byte, value >> 32);
        s->byte = put_varint(s->byte, value & UINT32_MAX);
    }
    if (info_way != FIELD_LAST) {
        p->info[FIELD_OTHER] = p->info[FIELD_LAST];
        p->info[FIELD_LAST] = r->info;
    }
    if (value_way != FIELD_LAST) {
        p->value[FIELD_OTHER] = p->value[FIELD_LAST];
        p->value[FIELD_LAST] = value;
    }
}

static void encode_info(Codec *c, const MemoryRecord *r, size_t n)
{
    Stream s = c->stream[PASS_INFO];
    for (size_t i = 0; i < n; i++) {
        uint32_t local = c->local[i];
        if (local < SPECIALS) {
            continue;
        }
        InfoState *p = &c->info[local];
        bool run = c->value[local].kind == CODEC_RUN;
        if (r[i].info == p->info[FIELD_LAST] &&
            (!run || r[i].value == p->value[FIELD_LAST])) {
            s.run++;
        } else {
            info_miss(&s, p, &r[i], run);
        }
    }
    c->stream[PASS_INFO] = s;
}

static void address_explicit(Stream *s, const AddressState *p, uint64_t address,
                             uint64_t near)
{
    uint64_t delta = zigzag(address - p->last);
    uint64_t from = zigzag(address - near);
    unsigned delta_bytes = bytes_of(delta), from_bytes = bytes_of(from);
    if (delta_bytes <= from_bytes) {
        put_miss(s, ADDRESS_DELTA + delta_bytes);
        put_bytes(s, delta, delta_bytes);
    } else {
        put_miss(s, ADDRESS_FROM_NEAR + from_bytes);
        put_bytes(s, from, from_bytes);
    }
}

static void address_miss(Stream *s, AddressState *p, uint64_t address,
                         uint64_t near, uint64_t near2)
{
    for (unsigned way = 0; way < ADDRESS_WAYS; way++) {
        if (address_guess(p, way, near, near2) == address) {
            put_miss(s, way);
            p->way = (uint8_t)way;
            return;
        }
    }
    address_explicit(s, p, address, near);
}

static void encode_addresses(Codec *c, const MemoryRecord *r, size_t n)
{
    Stream s = c->stream[PASS_ADDRESS];
    uint64_t near = c->near[0], near2 = c->near[1];
    for (size_t i = 0; i < n; i++) {
        uint32_t local = c->local[i];
        if (local < SPECIALS) {
            continue;
        }
        AddressState *p = &c->address[local];
        uint64_t address = r[i].address;
        bool run = c->value[local].kind == CODEC_RUN;
        if (run && address == p->last) {
            s.run++;
            continue;
        }
        CodecSiteUse *use = &c->use[local];
        use->first = address < use->first ? address : use->first;
        use->last = address > use->last ? address : use->last;
        if (run) { /* no pattern, and none for others */
            address_explicit(&s, p, address, near);
            p->last = address;
            continue;
        }
        if (address_guess(p, p->way, near, near2) == address) {
            s.run++;
        } else {
            address_miss(&s, p, address, near, near2);
        }
        address_learn(p, address, near, near2);
        near2 = near;
        near = address;
    }
    c->near[0] = near;
    c->near[1] = near2;
    c->stream[PASS_ADDRESS] = s;
}

static void value_miss(Stream *s, ValueState *p, uint64_t value,
                       const uint64_t *word, unsigned shift,
                       const uint64_t values[3])
{
    for (unsigned way = 0; way < VALUE_WAYS; way++) {
        if (value_guess(p, way, word, shift, values) == value) {
            put_miss(s, way);
            p->way = (uint8_t)way;
            return;
        }
    }
    uint64_t delta = zigzag(value - p->last);
    unsigned raw_bytes = bytes_of(value), delta_bytes = bytes_of(delta);
    if (raw_bytes <= delta_bytes) {
        put_miss(s, VALUE_RAW + raw_bytes);
        put_bytes(s, value, raw_bytes);
    } else {
        put_miss(s, VALUE_DELTA + delta_bytes);
        put_bytes(s, delta, delta_bytes);
    }
}

static void encode_values(Codec *c, const MemoryRecord *r, size_t n)
{
    Stream s = c->stream[PASS_VALUE];
    uint64_t values[3] = {c->values[0], c->values[1], c->values[2]};
    for (size_t i = 0; i < n; i++) {
        uint32_t local = c->local[i];
        ValueState *p = &c->value[local];
        if (local < SPECIALS || p->kind == CODEC_RUN) {
            continue;
        }
        uint64_t value = r[i].value;
        uint64_t *word = image_word(c, r[i].address);
        unsigned shift = r[i].address % 8 * 8;
        if (value_guess(p, p->way, word, shift, values) == value) {
            s.run++;
        } else {
            value_miss(&s, p, value, word, shift, values);
        }
        value_learn(p, value, word, shift);
        values[2] = values[1];
        values[1] = values[0];
        values[0] = value;
    }
    memcpy(c->values, values, sizeof(values));
    c->stream[PASS_VALUE] = s;
}

static void cycle_miss(Stream *s, const Gap *g, uint64_t gap)
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

static void encode_cycles(Codec *c, const MemoryRecord *r, size_t n)
{
    Stream s = c->stream[PASS_CYCLE];
    uint64_t cycle = c->cycle;
    uint32_t head = c->cycle_head;
    for (size_t i = 0; i < n; i++) {
        uint32_t local = c->local[i];
        if (local < SPECIALS) {
            continue;
        }
        Gap *g = &c->gap[gap_index(c, head, local)];
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
        *p++ = c->value[i].kind;
    }
    for (uint32_t i = from; i < to; i++) {
        *p++ = c->value[i].size;
    }
    for (uint32_t i = from; i < to; i++) {
        p = put_varint(p, c->use[i].records);
    }
    uint64_t before[CODEC_RUN + 1] = {0};
    for (uint32_t i = from; i < to; i++) {
        uint64_t *last = &before[c->value[i].kind];
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
        if (c->value[i].kind == CODEC_RUN) {
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
    codec_reset(c, n);
    for (unsigned pass = 0; pass < PASSES; pass++) {
        c->stream[pass].token = c->raw[COLUMN_PASSES + 2 * pass].data;
        c->stream[pass].byte = c->raw[COLUMN_PASSES + 2 * pass + 1].data;
    }
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t count = n - i < BLOCK ? n - i : BLOCK;
        bool extras = encode_sites(c, r + i, count, site, sites);
        encode_info(c, r + i, count);
        encode_addresses(c, r + i, count);
        encode_values(c, r + i, count);
        encode_cycles(c, r + i, count);
        if (extras) {
            encode_extras(c, r + i, count);
        } else {
            extra_head(c, c->local[count - 1], &r[i + count - 1]);
        }
    }
    size_t len = encode_blob(c, n);
    *blob = c->blob.data;
    return len;
}
