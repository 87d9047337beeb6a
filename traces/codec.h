/*
 * codec.h - a chunk of records as one small blob, and back.
 *
 * Model    Predictive columns: a chunk is encoded from an empty memory, so each
 *          can be decoded alone. What comes next is predicted from what came
 *          before (the site from the last sites, per site the address, value,
 *          cycle and info); only mispredictions are stored, in one byte column
 *          per field, each compressed by itself, the dictionary of sites first.
 *          Fetch runs are records like others: rows are made of records by the
 *          reader (rows.h), not here.
 * Units    records (memory/record.h).
 */
#ifndef TRACES_CODEC_H
#define TRACES_CODEC_H

#include "memory/record.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CODEC_ID = 1, /* of the format below; stored with each chunk */
    CODEC_MAX_RECORDS = 1 << 18, /* in a chunk */
};

/* What the codec has to know of a site to predict well; stored in the chunk. */
typedef enum CodecClass {
    CODEC_READ,  /* value: what was last seen at that address */
    CODEC_WRITE, /* value: strides */
    CODEC_RUN    /* a fetch run: value and info are nearly constant */
} CodecClass;
typedef struct CodecSite {
    uint8_t kind; /* CodecClass */
    uint8_t size; /* bytes of an access, 255: more than 8 */
} CodecSite;

/* What the dictionary at the head of a blob says of one site. */
typedef struct CodecSiteUse {
    uint32_t site;      /* as in MemoryRecord.site */
    uint32_t records;   /* heads of that site in the chunk */
    hwaddr first, last; /* least and largest address of those heads */
} CodecSiteUse;

/* Which fields a reader wants; the others may come back as 0. Sites come
 * always. */
enum {
    CODEC_ADDRESS = 1,
    CODEC_VALUE = 2, /* of accesses; needs addresses, which come with it */
    CODEC_CYCLE = 4,
    CODEC_INFO = 8, /* and value of runs, and RECORD_TIMING, _BEAT, _PLACE */
    CODEC_ALL = 15
};

/* The working memory of an encoder or a decoder: some MiB, no thread's but its
 * owner's. NULL: no memory. */
typedef struct Codec Codec;
Codec *codec_new(void);
void codec_free(Codec *c);

/* Encodes r[0..n), n <= CODEC_MAX_RECORDS; every site that a head names is
 * < sites, and site[id] tells of it (other values of MemoryRecord.site are the
 * RECORD_* of record.h; any record sequence is encoded losslessly). The blob is
 * the codec's until the next call. Returns its length, 0: no memory. */
size_t codec_encode(Codec *c, const MemoryRecord *r, size_t n,
                    const CodecSite *site, uint32_t sites, const void **blob);

/* The sites of a chunk, by first appearance: *use is the codec's until the next
 * call. Reads the head of the blob only; `len` may be that of a prefix.
 * False: *errp says what is wrong with the blob. */
bool codec_sites(Codec *c, const void *blob, size_t len,
                 const CodecSiteUse **use, uint32_t *sites, Error **errp);

/* Decodes a chunk of exactly n records into out. Trusts nothing: any bytes give
 * records or an error, never an access outside. */
bool codec_decode(Codec *c, const void *blob, size_t len, unsigned fields,
                  MemoryRecord *out, size_t n, Error **errp);

#ifdef __cplusplus
}
#endif
#endif
