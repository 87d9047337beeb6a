/*
 * codec_encode.c - records into a blob.
 */
#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>
#include <zstd.h>

#include "traces/codec_private.h"

/* Shorter columns are stored as they are: a frame has its price, too. */
/* Level -1 takes a tenth less time than 1, and a seventh more space. */
enum { ZSTD_LEVEL = -1, ZSTD_LEAST = 256 };

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
    assert(site.kind <= CODEC_RUN);
    uint32_t local = c->locals++;
    bool run = site.kind == CODEC_RUN;
    c->map[r->site] = local;
    c->site[local] = r->site;
    c->kind[local] = site.kind;
    c->use[local] = (CodecSiteUse){r->site, 0, r->address, r->address};
    c->records[local] = 0;
    c->first_address[local] = r->address;
    c->first_info[local] = run ? r->info : 0;
    c->first_value[local] = run ? r->value : 0;
    site_begin(c, local, site.size);
    return local;
}

/* Misses are functions of their own: the loops fit into registers then. */
#define MISS __attribute__((noinline))

/* Returns the local id; it is 0 for a site that is new, and for the one
 * RECORD_* that no recorder makes. */
static MISS uint32_t site_miss(Codec *c, const MemoryRecord *r,
                               const CodecSite *site, uint32_t sites,
                               uint32_t local, uint32_t *guess)
{
    Stream *s = &c->stream[PASS_SITE];
    uint32_t last = c->before & LOCAL_MASK;
    assert(local < c->locals);
    if (local == 0 && r->site < sites) {
        local = new_site(c, r, site[r->site]);
        put_miss(s, SITE_NEW);
    } else if (c->after[last] == local) {
        put_miss(s, SITE_AFTER);
    } else {
        put_miss(s, SITE_EXPLICIT);
        s->byte = put_varint(s->byte, local);
    }
    *guess = c->after[last] = local;
    return local;
}

/* Fills the block. The guess is compared, not used, so that the processor need
 * not wait for it. */
static void encode_sites(Codec *c, const MemoryRecord *r, size_t n,
                         const CodecSite *site, uint32_t sites)
{
    uint64_t before = c->before;
    uint32_t *const after3 = c->after3, *const records = c->records;
    const uint32_t *const map = c->map;
    const uint8_t *const kind = c->kind;
    const uint32_t shift = 64 - c->after3_bits;
    size_t told = 0;
    Block block = {0};
    for (size_t i = 0; i < n; i++) {
        uint32_t id = r[i].site;
        uint32_t *guess = &after3[after3_hash(before) >> shift];
        uint32_t local = id < sites ? map[id] : id - RECORD_SITE_MAX;
        if (*guess != local || local == 0) {
            c->stream[PASS_SITE].run += (uint32_t)(i - told);
            told = i + 1;
            c->before = before;
            local = site_miss(c, &r[i], site, sites, local, guess);
        }
        records[local]++;
        c->local[i] = local;
        block_add(c, &block, i, kind[local]);
        before = with_latest(before, local);
    }
    c->stream[PASS_SITE].run += (uint32_t)(n - told);
    c->before = before;
    block.records = (uint32_t)n;
    c->block = block;
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

/* Of each block first the runs, then the accesses, of which nearly all went the
 * way their site says: info 0. */
static void encode_info(Codec *c, const MemoryRecord *r)
{
    Stream s = c->stream[PASS_INFO];
    InfoState *const state = c->info;
    for (uint32_t k = 0; k < c->block.runs; k++) {
        size_t i = c->run_at[k];
        InfoState *p = &state[c->local[i]];
        if (r[i].info == p->info[FIELD_LAST] &&
            r[i].value == p->value[FIELD_LAST]) {
            s.run++;
        } else {
            info_miss(&s, p, r[i].info, r[i].value);
        }
    }
    bool plain = !c->block.infos && !c->odd_infos;
    s.run += plain ? c->block.datas : 0;
    for (uint32_t k = 0; k < c->block.datas && !plain; k++) {
        size_t i = c->data_at[k];
        InfoState *p = &state[c->local[i]];
        if (r[i].info == p->info[FIELD_LAST]) {
            s.run++;
        } else {
            c->odd_infos -= p->info[FIELD_LAST] != 0;
            info_miss(&s, p, r[i].info, 0);
            c->odd_infos += p->info[FIELD_LAST] != 0;
        }
    }
    c->stream[PASS_INFO] = s;
}

/* No branch in what a miss is: they would all be mispredicted. other: the guess
 * that was not taken, if there are two. */
static inline void address_miss(Stream *s, SiteState *p, uint64_t address,
                                const uint64_t *other, uint64_t near)
{
    bool turns = other && *other == address;
    uint64_t delta = zigzag(address - p->address);
    uint64_t from = zigzag(address - near);
    bool own = delta >> 4 <= from; /* else `from` is shorter, or nearly so */
    uint64_t off = choose(own, delta, from);
    unsigned bytes = bytes_of(off);
    unsigned token = bytes + (own ? ADDRESS_DELTA : ADDRESS_FROM_NEAR);
    p->way ^= turns;
    put_miss(s, turns ? p->way : token);
    put_bytes(s, off, turns ? 0 : bytes);
}

static MISS void widen(SiteState *p, CodecSiteUse *use, uint64_t address)
{
    use->first = address < use->first ? address : use->first;
    use->last = address > use->last ? address : use->last;
    uint64_t span = use->last - use->first;
    p->low = use->first;
    p->span = span > UINT32_MAX ? UINT32_MAX : (uint32_t)span;
}

/* Of each block first the runs, which stay where they are, then the accesses;
 * says whether one of those has an info. */
static void encode_addresses(Codec *c, const MemoryRecord *r)
{
    Stream s = c->stream[PASS_ADDRESS];
    uint64_t near = c->near;
    SiteState *const state = c->state;
    for (uint32_t k = 0; k < c->block.runs; k++) {
        size_t i = c->run_at[k];
        SiteState *p = &state[c->local[i]];
        if (r[i].address == p->address) {
            s.run++;
        } else {
            widen(p, &c->use[c->local[i]], r[i].address);
            address_miss(&s, p, r[i].address, NULL, near);
            p->address = r[i].address;
        }
    }
    uint32_t infos = 0, datas = c->block.datas, hits_from = 0;
    for (uint32_t k = 0; k < datas; k++) {
        size_t i = c->data_at[k];
        SiteState *p = &state[c->local[i]];
        uint64_t address = r[i].address;
        infos |= r[i].info;
        if (address - p->low > p->span) {
            widen(p, &c->use[c->local[i]], address);
        }
        uint64_t guess[ADDRESS_WAYS] = {p->next_address, near + p->off};
        if (guess[p->way] != address) {
            s.run += k - hits_from;
            hits_from = k + 1;
            address_miss(&s, p, address, &guess[!p->way], near);
        }
        address_learn(p, address, near);
        near = address;
    }
    s.run += datas - hits_from;
    c->block.infos = infos;
    c->near = near;
    c->stream[PASS_ADDRESS] = s;
}

static inline void value_miss(Stream *s, SiteState *p, uint64_t value,
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
    uint64_t delta = zigzag(value - p->value);
    bool raw = value >> 4 <= delta; /* else the difference is shorter */
    uint64_t off = choose(raw, value, delta);
    unsigned bytes = bytes_of(off);
    unsigned token = bytes + (raw ? VALUE_RAW : VALUE_DELTA);
    p->value_way = (uint8_t)(told ? p->value_way : way);
    put_miss(s, told ? token : way);
    put_bytes(s, off, told ? bytes : 0);
}

static void encode_values(Codec *c, const MemoryRecord *r)
{
    Stream s = c->stream[PASS_VALUE];
    uint64_t window[VALUE_WINDOW], *guess = window_open(c, window);
    SiteState *const state = c->state;
    uint64_t *const image = c->image;
    const uint32_t down = 64 - c->image_bits, datas = c->block.datas;
    uint32_t hits_from = 0;
    for (uint32_t k = 0; k < datas; k++) {
        size_t i = c->data_at[k];
        SiteState *p = &state[c->local[i]];
        uint64_t value = r[i].value;
        uint64_t *seen = &image[image_hash(r[i].address) >> down];
        value_guess(p, *seen, guess);
        if (guess[p->value_way] != value) {
            s.run += k - hits_from;
            hits_from = k + 1;
            value_miss(&s, p, value, guess);
        }
        guess = value_learn(p, value, seen, guess);
    }
    s.run += datas - hits_from;
    window_close(c, guess);
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
        *p++ = c->state[i].size;
    }
    for (uint32_t i = from; i < to; i++) {
        p = put_varint(p, c->records[i]);
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
    if (len >= ZSTD_LEAST) {
        stored = ZSTD_compressCCtx(c->compressor, body, ZSTD_compressBound(len),
                                   raw, len, ZSTD_LEVEL);
    }
    if (ZSTD_isError(stored) || stored >= len) {
        memcpy(body, raw, len);
        stored = len;
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
        encode_addresses(c, r + i);
        encode_info(c, r + i);
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
