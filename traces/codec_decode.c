/*
 * codec_decode.c - a blob into records; whatever the bytes are.
 *
 * Model    A column that ends too early reads as 0 and marks its stream bad; a
 *          local id is checked before it indexes anything. What was read by
 *          then is thrown away with the error.
 */
#include <inttypes.h>
#include <xxhash.h>
#include <zstd.h>

#include "traces/codec_private.h"

/* Where columns lie in a blob. */
typedef struct Head {
    uint32_t records, sites, flags;
    struct {
        const uint8_t *data;
        uint32_t len, stored;
    } column[COLUMNS];
} Head;

/* Behind the last token; more than a chunk's records lower it by. */
#define HITS_FOR_EVER UINT32_MAX

/* -- columns ----------------------------------------------------------------
 */

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

/* Reads to `end` at most; what is too long or cut off sets *bad. */
static uint64_t get_varint(const uint8_t **p, const uint8_t *end, bool *bad)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && *p < end; shift += 7) {
        uint8_t byte = *(*p)++;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return v;
        }
    }
    *bad = true;
    return 0;
}

/* The hits before the next token, and it; none left: hits for ever. */
static inline void next_token(Stream *s)
{
    const uint8_t *p = s->token;
    if (p == s->token_end) {
        s->run = HITS_FOR_EVER;
        s->next = 0;
        return;
    }
    s->next = *p & TOKEN_MASK;
    s->run = *p++ >> RUN_SHIFT;
    if (s->run == RUN_LONG) {
        s->run += (uint32_t)get_varint(&p, s->token_end, &s->bad);
    }
    s->token += p - s->token;
}

/* A miss: what it says, and on to the next. */
static inline unsigned get_miss(Stream *s)
{
    unsigned token = s->next;
    next_token(s);
    return token;
}

static inline uint64_t get_bytes(Stream *s, unsigned n)
{
    uint64_t v;
    memcpy(&v, s->byte, sizeof(v)); /* there is slack */
    bool enough = (size_t)(s->byte_end - s->byte) >= n;
    s->bad |= !enough;
    s->byte += enough ? n : 0;
    return n ? codec_le64(v) & UINT64_MAX >> (64 - 8 * n) : 0;
}

static uint64_t get_number(Stream *s)
{
    const uint8_t *p = s->byte;
    uint64_t v = get_varint(&p, s->byte_end, &s->bad);
    s->byte += p - s->byte;
    return v;
}

/* -- the head ---------------------------------------------------------------
 */

static bool bad_blob(Error **errp, const char *what)
{
    return error_set(errp, "chunk: %s; the database is damaged", what);
}

/* The header at *p of a column that may have `limit` bytes. */
static bool find_column(Head *h, unsigned i, const uint8_t **p, size_t left,
                        Error **errp)
{
    if (left < COLUMN_HEADER_BYTES) {
        return bad_blob(errp, "it is cut off");
    }
    uint32_t len = get32(*p), stored = get32(*p + 4);
    if (len > codec_column_limit(i, h->records, h->sites) || stored > len) {
        return bad_blob(errp, "the length of a column is impossible");
    }
    if (stored > left - COLUMN_HEADER_BYTES) {
        return bad_blob(errp, "it is cut off");
    }
    h->column[i].data = *p + COLUMN_HEADER_BYTES;
    h->column[i].len = len;
    h->column[i].stored = stored;
    *p += COLUMN_HEADER_BYTES + stored;
    return true;
}

/* Finds the first `columns` columns. */
static bool read_head(Head *h, const uint8_t *blob, size_t len,
                      unsigned columns, Error **errp)
{
    if (len < HEADER_BYTES) {
        return bad_blob(errp, "it is cut off");
    }
    if (get32(blob) != CODEC_MAGIC) {
        return error_set(errp,
                         "chunk: codec 0x%08" PRIx32
                         " is not known; this program reads 0x%08" PRIx32,
                         get32(blob), CODEC_MAGIC);
    }
    h->records = get32(blob + 12);
    h->sites = get32(blob + 16);
    h->flags = get32(blob + 20);
    if (h->records > CODEC_MAX_RECORDS || h->sites > h->records) {
        return bad_blob(errp, "its number of records or sites is impossible");
    }
    const uint8_t *p = blob + HEADER_BYTES;
    for (unsigned i = 0; i < columns; i++) {
        if (!find_column(h, i, &p, len - (size_t)(p - blob), errp)) {
            return false;
        }
    }
    return columns < COLUMNS || p == blob + len ||
           bad_blob(errp, "bytes follow its last column");
}

static bool unpack(Codec *c, const Head *h, unsigned i, Error **errp)
{
    Buffer *b = &c->raw[i];
    size_t len = h->column[i].len, stored = h->column[i].stored;
    if (!codec_buffer(b, len)) {
        return error_set(errp, "chunk: no memory for %zu bytes", len);
    }
    if (stored == len) {
        memcpy(b->data, h->column[i].data, len);
        return true;
    }
    size_t n = ZSTD_decompressDCtx(c->decompressor, b->data, len,
                                   h->column[i].data, stored);
    return n == len || bad_blob(errp, "a column does not decompress");
}

static bool read_sites(Codec *c, const Head *h, Error **errp)
{
    if (!codec_reserve(c, SPECIALS + h->sites)) {
        return error_set(errp, "chunk: no memory for %" PRIu32 " sites",
                         h->sites);
    }
    if (!unpack(c, h, COLUMN_SITES, errp)) {
        return false;
    }
    const uint8_t *p = c->raw[COLUMN_SITES].data;
    const uint8_t *end = p + h->column[COLUMN_SITES].len;
    uint32_t to = SPECIALS + h->sites;
    bool bad = false;
    uint64_t site = 0, records = 0, last[CODEC_RUN + 1] = {0};
    for (uint32_t i = SPECIALS; i < to; i++) {
        site += unzigzag(get_varint(&p, end, &bad));
        bad |= site >= RECORD_SITE_MAX;
        c->site[i] = c->use[i].site = (uint32_t)site;
    }
    for (uint32_t i = SPECIALS; i < to; i++) {
        uint64_t kind = get_varint(&p, end, &bad);
        bad |= kind > CODEC_RUN;
        c->kind[i] = (uint8_t)(kind > CODEC_RUN ? 0 : kind);
    }
    for (uint32_t i = SPECIALS; i < to; i++) {
        bad |= p == end;
        c->state[i].size = p < end ? *p++ : 0;
    }
    for (uint32_t i = SPECIALS; i < to; i++) {
        uint64_t n = get_varint(&p, end, &bad);
        bad |= n == 0 || n > h->records;
        records += n;
        c->use[i].records = (uint32_t)n;
    }
    for (uint32_t i = SPECIALS; i < to; i++) {
        uint64_t *before = &last[c->kind[i]];
        *before += unzigzag(get_varint(&p, end, &bad));
        c->first_address[i] = *before;
    }
    for (uint32_t i = SPECIALS; i < to; i++) {
        uint64_t below = get_varint(&p, end, &bad);
        bad |= below > c->first_address[i];
        c->use[i].first = c->first_address[i] - below;
    }
    for (uint32_t i = SPECIALS; i < to; i++) {
        uint64_t above = get_varint(&p, end, &bad);
        bad |= above > UINT64_MAX - c->first_address[i];
        c->use[i].last = c->first_address[i] + above;
    }
    for (uint32_t i = SPECIALS; i < to; i++) {
        c->first_info[i] = 0;
        c->first_value[i] = 0;
        if (c->kind[i] == CODEC_RUN) {
            uint64_t info = get_varint(&p, end, &bad);
            uint64_t high = get_varint(&p, end, &bad);
            uint64_t low = get_varint(&p, end, &bad);
            bad |= info > UINT32_MAX || high > UINT32_MAX || low > UINT32_MAX;
            c->first_info[i] = (uint32_t)info;
            c->first_value[i] = high << 32 | low;
        }
    }
    return (!bad && p == end && records <= h->records) ||
           bad_blob(errp, "its sites contradict themselves");
}

bool codec_sites(Codec *c, const void *blob, size_t len,
                 const CodecSiteUse **use, uint32_t *sites, Error **errp)
{
    Head h;
    if (!read_head(&h, blob, len, COLUMN_PASSES, errp) ||
        !read_sites(c, &h, errp)) {
        return false;
    }
    *use = c->use + SPECIALS;
    *sites = h.sites;
    return true;
}

/* -- passes -----------------------------------------------------------------
 */

static uint32_t next_site(Codec *c, Stream *s, uint32_t sites)
{
    if (c->locals >= SPECIALS + sites) {
        s->bad = true;
        return 0;
    }
    uint32_t local = c->locals++;
    site_begin(c, local, c->state[local].size);
    return local;
}

/* Fills the block and the sites of out; all else becomes 0. */
static void decode_sites(Codec *c, MemoryRecord *out, size_t n, uint32_t sites)
{
    Stream s = c->stream[PASS_SITE];
    uint64_t before = c->before;
    uint32_t last = before & LOCAL_MASK;
    /* out might be these for all C knows */
    uint32_t *const after3 = c->after3, *const after = c->after;
    const uint32_t *const id = c->site;
    const uint8_t *const kind = c->kind;
    const uint32_t shift = 64 - c->after3_bits;
    Block block = {0};
    for (size_t i = 0; i < n; i++) {
        uint32_t *guess = &after3[after3_hash(before) >> shift];
        uint32_t local = *guess;
        if (s.run) {
            s.run--;
        } else {
            unsigned token = get_miss(&s);
            if (token == SITE_AFTER) {
                local = after[last];
            } else if (token == SITE_NEW) {
                local = next_site(c, &s, sites);
            } else {
                uint64_t told = get_number(&s);
                s.bad |= told >= c->locals;
                local = told < c->locals ? (uint32_t)told : 0;
            }
            *guess = after[last] = local;
        }
        out[i] = (MemoryRecord){.site = id[local]};
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

static void info_miss(Stream *s, InfoState *p)
{
    unsigned token = get_miss(s);
    unsigned info_way = token / FIELD_WAYS, value_way = token % FIELD_WAYS;
    if (info_way != FIELD_LAST) {
        uint32_t info = info_way == FIELD_OTHER ? p->info[FIELD_OTHER]
                                                : (uint32_t)get_number(s);
        p->info[FIELD_OTHER] = p->info[FIELD_LAST];
        p->info[FIELD_LAST] = info;
    }
    if (value_way != FIELD_LAST) {
        uint64_t value = p->value[FIELD_OTHER];
        if (value_way == FIELD_EXPLICIT) {
            value = get_number(s) << 32;
            value |= get_number(s) & UINT32_MAX;
        }
        p->value[FIELD_OTHER] = p->value[FIELD_LAST];
        p->value[FIELD_LAST] = value;
    }
}

static void decode_info(Codec *c, MemoryRecord *out)
{
    Stream s = c->stream[PASS_INFO];
    InfoState *const state = c->info;
    for (uint32_t k = 0; k < c->block.runs; k++) {
        size_t i = c->run_at[k];
        InfoState *p = &state[c->local[i]];
        if (s.run) {
            s.run--;
        } else {
            info_miss(&s, p);
        }
        out[i].info = p->info[FIELD_LAST];
        out[i].value = p->value[FIELD_LAST];
    }
    bool plain = s.run >= c->block.datas && !c->odd_infos; /* all are 0 */
    s.run -= plain ? c->block.datas : 0;
    for (uint32_t k = 0; k < c->block.datas && !plain; k++) {
        size_t i = c->data_at[k];
        InfoState *p = &state[c->local[i]];
        if (s.run) {
            s.run--;
        } else {
            c->odd_infos -= p->info[FIELD_LAST] != 0;
            info_miss(&s, p);
            c->odd_infos += p->info[FIELD_LAST] != 0;
        }
        out[i].info = p->info[FIELD_LAST];
    }
    c->stream[PASS_INFO] = s;
}

/* What the token says; no branch that would be mispredicted. */
static inline uint64_t address_miss(Stream *s, SiteState *p, uint64_t near)
{
    unsigned token = get_miss(s);
    bool way = token < ADDRESS_WAYS, own = token < ADDRESS_FROM_NEAR;
    unsigned bytes = token - (own ? ADDRESS_DELTA : ADDRESS_FROM_NEAR);
    bytes = way ? 0 : bytes;
    s->bad |= bytes > 8;
    bytes = bytes > 8 ? 8 : bytes;
    uint64_t delta = unzigzag(get_bytes(s, bytes));
    uint64_t base = choose(own, p->address, near);
    p->way = (uint8_t)(way ? token : p->way);
    return choose(way, address_guess(p, near), base + delta);
}

static void decode_addresses(Codec *c, MemoryRecord *out)
{
    Stream s = c->stream[PASS_ADDRESS];
    uint64_t near = c->near;
    SiteState *const state = c->state;
    for (uint32_t k = 0; k < c->block.runs; k++) {
        size_t i = c->run_at[k];
        SiteState *p = &state[c->local[i]];
        if (s.run) {
            s.run--;
        } else {
            p->address = address_miss(&s, p, near);
        }
        out[i].address = p->address;
    }
    for (uint32_t k = 0; k < c->block.datas; k++) {
        size_t i = c->data_at[k];
        SiteState *p = &state[c->local[i]];
        uint64_t address = address_guess(p, near);
        if (s.run) {
            s.run--;
        } else {
            address = address_miss(&s, p, near);
        }
        out[i].address = address;
        address_learn(p, address, near);
        near = address;
    }
    c->near = near;
    c->stream[PASS_ADDRESS] = s;
}

static inline uint64_t value_miss(Stream *s, SiteState *p,
                                  const uint64_t guess[VALUE_WAYS])
{
    unsigned token = get_miss(s);
    bool way = token < VALUE_WAYS, raw = token < VALUE_DELTA;
    unsigned bytes = token - (raw ? VALUE_RAW : VALUE_DELTA);
    bytes = way ? 0 : bytes;
    s->bad |= bytes > 8;
    bytes = bytes > 8 ? 8 : bytes;
    uint64_t v = get_bytes(s, bytes);
    p->value_way = (uint8_t)(way ? token : p->value_way);
    uint64_t told = choose(raw, v, p->value + unzigzag(v));
    return choose(way, guess[p->value_way], told);
}

static void decode_values(Codec *c, MemoryRecord *out)
{
    Stream s = c->stream[PASS_VALUE];
    uint64_t window[VALUE_WINDOW], *guess = window_open(c, window);
    SiteState *const state = c->state;
    uint64_t *const image = c->image;
    const uint32_t down = 64 - c->image_bits;
    for (uint32_t k = 0; k < c->block.datas; k++) {
        size_t i = c->data_at[k];
        SiteState *p = &state[c->local[i]];
        uint64_t *seen = &image[image_hash(out[i].address) >> down];
        value_guess(p, *seen, guess);
        uint64_t value = guess[p->value_way];
        if (s.run) {
            s.run--;
        } else {
            value = value_miss(&s, p, guess);
        }
        out[i].value = value;
        guess = value_learn(p, value, seen, guess);
    }
    window_close(c, guess);
    c->stream[PASS_VALUE] = s;
}

static uint64_t cycle_miss(Stream *s, const Gap *g)
{
    unsigned token = get_miss(s);
    if (token == CYCLE_OTHER) {
        return extend32(g->cycles[1]);
    }
    s->bad |= token >= CYCLE_TOKENS;
    uint64_t off = token <= CYCLE_SMALL   ? token
                   : token < CYCLE_TOKENS ? get_bytes(s, token - CYCLE_DELTA)
                                          : 0;
    return extend32(g->cycles[0]) + unzigzag(off);
}

static void decode_cycles(Codec *c, MemoryRecord *out)
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
        uint64_t gap = extend32(g->cycles[0]);
        if (s.run) {
            s.run--;
        } else {
            gap = cycle_miss(&s, g);
            gap_learn(g, gap);
        }
        cycle += gap;
        out[i].cycle = cycle;
        head = local;
    }
    c->cycle = cycle;
    c->cycle_head = head;
    c->stream[PASS_CYCLE] = s;
}

static void decode_extra(Codec *c, Stream *s, uint32_t local, MemoryRecord *r)
{
    Extra *e = extra_entry(c, local);
    uint64_t off[4] = {0};
    if (s->run) {
        s->run--;
    } else {
        unsigned missed = get_miss(s);
        for (unsigned k = 0; k < 4; k++) {
            off[k] = missed >> k & 1 ? unzigzag(get_number(s)) : 0;
        }
    }
    bool beat = is_beat(local);
    r->address = e->address + off[0] + (beat ? c->base_address : 0);
    r->value = e->value + off[1] + (beat ? c->base_value : 0);
    r->cycle = e->cycle + off[2];
    r->info = e->info + (uint32_t)off[3];
    extra_learn(c, e, local, r);
}

static void decode_extras(Codec *c, MemoryRecord *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t local = c->local[i];
        if (local < SPECIALS) {
            decode_extra(c, &c->stream[PASS_EXTRA], local, &out[i]);
        } else {
            extra_head(c, local, &out[i]);
        }
    }
}

/* -- all --------------------------------------------------------------------
 */

static bool wanted(Pass pass, unsigned fields)
{
    static const uint8_t field[PASSES] = {
        [PASS_SITE] = 0xff,
        [PASS_INFO] = CODEC_INFO,
        [PASS_ADDRESS] = CODEC_ADDRESS,
        [PASS_VALUE] = CODEC_VALUE,
        [PASS_CYCLE] = CODEC_CYCLE,
        [PASS_EXTRA] = CODEC_INFO,
    };
    return pass == PASS_SITE || (fields & field[pass]);
}

static bool open_streams(Codec *c, const Head *h, unsigned fields, Error **errp)
{
    for (unsigned pass = 0; pass < PASSES; pass++) {
        unsigned column = COLUMN_PASSES + 2 * pass;
        if (!wanted(pass, fields)) {
            continue;
        }
        if (!unpack(c, h, column, errp) || !unpack(c, h, column + 1, errp)) {
            return false;
        }
        Stream *s = &c->stream[pass];
        s->token = c->raw[column].data;
        s->token_end = s->token + h->column[column].len;
        s->byte = c->raw[column + 1].data;
        s->byte_end = s->byte + h->column[column + 1].len;
        next_token(s);
    }
    return true;
}

/* Every column was read to its end and none beyond. */
static bool close_streams(const Codec *c, unsigned fields, Error **errp)
{
    for (unsigned pass = 0; pass < PASSES; pass++) {
        const Stream *s = &c->stream[pass];
        bool waits = s->run < HITS_FOR_EVER - CODEC_MAX_RECORDS; /* a token */
        if (wanted(pass, fields) &&
            (s->bad || waits || s->token != s->token_end ||
             s->byte != s->byte_end)) {
            return bad_blob(errp, "a column has too few or too many bytes");
        }
    }
    return true;
}

static bool check_blob(const Head *h, const uint8_t *blob, size_t len, size_t n,
                       Error **errp)
{
    uint64_t sum;
    memcpy(&sum, blob + 4, sizeof(sum));
    if (codec_le64(sum) != XXH3_64bits(blob + 12, len - 12)) {
        return bad_blob(errp, "its checksum is wrong");
    }
    if (h->records != n) {
        return error_set(errp,
                         "chunk: it has %" PRIu32
                         " records instead of %zu; the database is damaged",
                         h->records, n);
    }
    return true;
}

bool codec_decode(Codec *c, const void *blob, size_t len, unsigned fields,
                  MemoryRecord *out, size_t n, Error **errp)
{
    Head h;
    if (!read_head(&h, blob, len, COLUMNS, errp) ||
        !check_blob(&h, blob, len, n, errp) || !read_sites(c, &h, errp)) {
        return false;
    }
    if ((fields & CODEC_INFO) && (h.flags & FLAG_BEATS)) {
        fields |= CODEC_VALUE; /* beats are predicted from it */
    }
    if (fields & CODEC_VALUE) {
        fields |= CODEC_ADDRESS;
    }
    codec_reset(c, n, fields);
    if (!open_streams(c, &h, fields, errp)) {
        return false;
    }
    bool extras = h.column[COLUMN_PASSES + 2 * PASS_EXTRA].len > 0;
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t count = n - i < BLOCK ? n - i : BLOCK;
        decode_sites(c, out + i, count, h.sites);
        if (fields & CODEC_INFO) {
            decode_info(c, out + i);
        }
        if (fields & CODEC_ADDRESS) {
            decode_addresses(c, out + i);
        }
        if (fields & CODEC_VALUE) {
            decode_values(c, out + i);
        }
        if (fields & CODEC_CYCLE) {
            decode_cycles(c, out + i);
        }
        if ((fields & CODEC_INFO) && extras) {
            codec_clear_extras(c);
            decode_extras(c, out + i, count);
        }
    }
    return close_streams(c, fields, errp);
}
