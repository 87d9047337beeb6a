/*
 * fuzz_codec.c - any bytes as a chunk: records or one line of error, and any
 * records come back as they were.
 *
 * Input    a byte: its lowest bit says which. 0: fields wanted (the bits
 *          above), then a blob, whose checksum is set right here. 1: sites
 *          (another byte: how many) and records, one field after the other.
 */
#include <string.h>
#include <xxhash.h>

#include "tests/fuzz/fuzz.h"
#include "traces/codec.h"

enum { RECORDS = 4096, SITES = 256 };

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static void check_error(Error *err)
{
    FUZZ_CHECK(err && !strchr(error_message(err), '\n'));
    error_free(err);
}

static void decode(Codec *c, const uint8_t *data, size_t size, unsigned fields)
{
    uint8_t *blob = malloc(size ? size : 1); /* its end is the sanitizer's */
    MemoryRecord *out = malloc(RECORDS * sizeof(*out));
    FUZZ_CHECK(blob && out);
    memcpy(blob, data, size);
    uint32_t n = 0;
    if (size >= 16) {
        uint64_t sum = XXH3_64bits(blob + 12, size - 12);
        memcpy(blob + 4, &sum, sizeof(sum));
        n = get32(blob + 12) % (RECORDS + 1);
    }
    Error *err = NULL;
    const CodecSiteUse *use = NULL;
    uint32_t sites = 0;
    if (codec_sites(c, blob, size, &use, &sites, &err)) {
        uint64_t records = 0;
        for (uint32_t i = 0; i < sites; i++) {
            FUZZ_CHECK(use[i].site < RECORD_SITE_MAX);
            FUZZ_CHECK(use[i].first <= use[i].last);
            records += use[i].records;
        }
        FUZZ_CHECK(records <= CODEC_MAX_RECORDS);
    } else {
        check_error(err);
    }
    err = NULL;
    if (!codec_decode(c, blob, size, fields, out, n, &err)) {
        check_error(err);
    }
    free(blob);
    free(out);
}

/* The next of `bytes` bytes, 0 when there are none left. */
static uint64_t take(const uint8_t **p, const uint8_t *end, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes && *p < end; i++) {
        v |= (uint64_t) * (*p)++ << 8 * i;
    }
    return v;
}

static void round_trip(Codec *c, const uint8_t *p, const uint8_t *end)
{
    CodecSite site[SITES];
    uint32_t sites = 1 + (uint32_t)take(&p, end, 1);
    for (uint32_t i = 0; i < sites; i++) {
        site[i] = (CodecSite){(uint8_t)(i % 3), (uint8_t)(i / 3 % 10)};
    }
    MemoryRecord *r = calloc(RECORDS, sizeof(*r));
    MemoryRecord *out = calloc(RECORDS, sizeof(*out));
    FUZZ_CHECK(r && out);
    size_t n = 0;
    for (; p < end && n < RECORDS; n++) {
        if (n) {
            r[n] = r[n - 1];
        }
        unsigned what = (unsigned)take(&p, end, 1); /* which fields are new */
        if (what & 1) {
            uint32_t id = (uint32_t)take(&p, end, 1);
            r[n].site = what & 2 ? RECORD_SITE_MAX + id % 16 : id % sites;
        }
        r[n].info = (uint32_t)(what & 4 ? take(&p, end, 4) : r[n].info);
        r[n].address += what & 8 ? take(&p, end, what & 128 ? 8 : 2) : 4;
        r[n].value = what & 16 ? take(&p, end, 8) : r[n].value + (what >> 6);
        r[n].cycle += what & 32 ? take(&p, end, 8) : 3;
    }
    const void *blob = NULL;
    size_t len = codec_encode(c, r, n, site, sites, &blob);
    FUZZ_CHECK(len > 0);
    Error *err = NULL;
    FUZZ_CHECK(codec_decode(c, blob, len, CODEC_ALL, out, n, &err) && !err);
    FUZZ_CHECK(n == 0 || memcmp(r, out, n * sizeof(*r)) == 0);
    free(r);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Codec *c;
    if (!c) {
        c = codec_new();
        FUZZ_CHECK(c);
    }
    if (size == 0) {
        return 0;
    }
    if (data[0] & 1) {
        round_trip(c, data + 1, data + size);
    } else {
        decode(c, data + 1, size - 1, data[0] >> 1 & CODEC_ALL);
    }
    return 0;
}
