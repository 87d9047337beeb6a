/*
 * coding.c - check sums, compression, ciphers.
 *
 * Source   CRC-32: ISO/IEC 3309 (polynomial edb88320 reflected); LZ77 after
 *          Ziv and Lempel 1977, with a hash of three bytes; XTEA: Needham and
 *          Wheeler 1997; ChaCha20: RFC 8439, whose block of section 2.3.2 the
 *          kernel checks first.
 */
#include "kernels.h"

/* -- CRC-32
 * --------------------------------------------------------------------- */
uint32_t kernel_crc(uint32_t seed)
{
    static uint32_t table[256];
    static uint8_t data[1600];
    uint32_t crc = 0xffffffff;

    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++) {
            c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
        }
        table[i] = c;
    }
    for (const char *p = "123456789"; *p; p++) {
        crc = crc >> 8 ^ table[(crc ^ (uint8_t)*p) & 0xff];
    }
    if (~crc != 0xcbf43926) {
        return KERNEL_BROKEN; /* the check value of the standard */
    }
    for (unsigned i = 0; i < sizeof data; i++) {
        seed = lcg(seed);
        data[i] = (uint8_t)(seed >> 24);
    }
    crc = 0xffffffff;
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < sizeof data; i++) {
            crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
        }
    }
    return ~crc;
}

/* -- LZ77: pack, unpack, compare
 * ------------------------------------------------------ */
enum { TEXT = 1200, WINDOW = 1024, HASHES = 256, LONGEST = 3 + 31 };

static const char *const words[] = {"cycle ", "bus ",  "wait ", "the ",
                                    "store ", "load ", "of ",   "beat\n"};

/* A literal is 0 and the byte; a match is length - 2 and two bytes distance. */
static unsigned lz_pack(const uint8_t *in, unsigned len, uint8_t *out)
{
    static int16_t last[HASHES];
    unsigned n = 0, i = 0;

    for (int h = 0; h < HASHES; h++) {
        last[h] = -1;
    }
    while (i < len) {
        unsigned best = 0, distance = 0;

        if (i + 3 <= len) {
            const unsigned hash =
                (in[i] * 33u ^ in[i + 1] * 7u ^ in[i + 2]) & (HASHES - 1);
            const int at = last[hash];

            if (at >= 0 && i - (unsigned)at < WINDOW) {
                while (i + best < len && best < LONGEST &&
                       in[(unsigned)at + best] == in[i + best]) {
                    best++;
                }
                distance = i - (unsigned)at;
            }
            last[hash] = (int16_t)i;
        }
        if (best >= 3) {
            out[n++] = (uint8_t)(best - 2);
            out[n++] = (uint8_t)distance;
            out[n++] = (uint8_t)(distance >> 8);
            i += best;
        } else {
            out[n++] = 0;
            out[n++] = in[i++];
        }
    }
    return n;
}

static unsigned lz_unpack(const uint8_t *in, unsigned len, uint8_t *out)
{
    unsigned n = 0;

    for (unsigned i = 0; i < len;) {
        if (in[i]) {
            const unsigned distance = in[i + 1] | (unsigned)in[i + 2] << 8;
            for (unsigned k = in[i] + 2u; k; k--, n++) {
                out[n] = out[n - distance];
            }
            i += 3;
        } else {
            out[n++] = in[i + 1];
            i += 2;
        }
    }
    return n;
}

uint32_t kernel_compress(uint32_t seed)
{
    static uint8_t text[TEXT], packed[2 * TEXT], unpacked[TEXT + LONGEST];
    unsigned len = 0, packed_len;

    while (len < TEXT) {
        seed = lcg(seed);
        for (const char *w = words[seed >> 29]; *w && len < TEXT; w++) {
            text[len++] = (uint8_t)*w;
        }
    }
    packed_len = lz_pack(text, TEXT, packed);
    if (lz_unpack(packed, packed_len, unpacked) != TEXT) {
        return KERNEL_BROKEN;
    }
    for (unsigned i = 0; i < TEXT; i++) {
        if (text[i] != unpacked[i]) {
            return KERNEL_BROKEN;
        }
    }
    return checksum(packed, packed_len);
}

/* -- XTEA, cipher block chaining, there and back
 * ---------------------------------------- */
static void xtea_encrypt(uint32_t v[2], const uint32_t key[4])
{
    uint32_t v0 = v[0], v1 = v[1], sum = 0;

    for (int i = 0; i < 32; i++) {
        v0 += ((v1 << 4 ^ v1 >> 5) + v1) ^ (sum + key[sum & 3]);
        sum += 0x9e3779b9;
        v1 += ((v0 << 4 ^ v0 >> 5) + v0) ^ (sum + key[sum >> 11 & 3]);
    }
    v[0] = v0;
    v[1] = v1;
}

static void xtea_decrypt(uint32_t v[2], const uint32_t key[4])
{
    uint32_t v0 = v[0], v1 = v[1], sum = 0x9e3779b9u * 32;

    for (int i = 0; i < 32; i++) {
        v1 -= ((v0 << 4 ^ v0 >> 5) + v0) ^ (sum + key[sum >> 11 & 3]);
        sum -= 0x9e3779b9;
        v0 -= ((v1 << 4 ^ v1 >> 5) + v1) ^ (sum + key[sum & 3]);
    }
    v[0] = v0;
    v[1] = v1;
}

uint32_t kernel_xtea(uint32_t seed)
{
    enum { BLOCKS = 48 };
    static uint32_t plain[BLOCKS][2], coded[BLOCKS][2];
    uint32_t key[4], last[2] = {1, 2};

    for (int i = 0; i < 4; i++) {
        key[i] = seed = lcg(seed);
    }
    for (int i = 0; i < BLOCKS; i++) {
        plain[i][0] = seed = lcg(seed);
        plain[i][1] = seed = lcg(seed);
        coded[i][0] = last[0] ^= plain[i][0];
        coded[i][1] = last[1] ^= plain[i][1];
        xtea_encrypt(coded[i], key);
        last[0] = coded[i][0];
        last[1] = coded[i][1];
    }
    for (int i = BLOCKS - 1; i >= 0; i--) {
        uint32_t v[2] = {coded[i][0], coded[i][1]};

        xtea_decrypt(v, key);
        v[0] ^= i ? coded[i - 1][0] : 1;
        v[1] ^= i ? coded[i - 1][1] : 2;
        if (v[0] != plain[i][0] || v[1] != plain[i][1]) {
            return KERNEL_BROKEN;
        }
    }
    return checksum(coded, sizeof coded);
}

/* -- ChaCha20
 * ------------------------------------------------------------------------- */
static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b, *d = rotate_left(*d ^ *a, 16);
    *c += *d, *b = rotate_left(*b ^ *c, 12);
    *a += *b, *d = rotate_left(*d ^ *a, 8);
    *c += *d, *b = rotate_left(*b ^ *c, 7);
}

static void chacha_block(const uint32_t in[16], uint32_t out[16])
{
    uint32_t x[16];

    for (int i = 0; i < 16; i++) {
        x[i] = in[i];
    }
    for (int round = 0; round < 10; round++) {
        quarter_round(&x[0], &x[4], &x[8], &x[12]);
        quarter_round(&x[1], &x[5], &x[9], &x[13]);
        quarter_round(&x[2], &x[6], &x[10], &x[14]);
        quarter_round(&x[3], &x[7], &x[11], &x[15]);
        quarter_round(&x[0], &x[5], &x[10], &x[15]);
        quarter_round(&x[1], &x[6], &x[11], &x[12]);
        quarter_round(&x[2], &x[7], &x[8], &x[13]);
        quarter_round(&x[3], &x[4], &x[9], &x[14]);
    }
    for (int i = 0; i < 16; i++) {
        out[i] = x[i] + in[i];
    }
}

uint32_t kernel_chacha(uint32_t seed)
{
    uint32_t state[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    static uint32_t stream[20][16];

    /* key 00 01 .. 1f, counter 1, nonce 00000009 0000004a 00000000 */
    for (uint32_t i = 0; i < 8; i++) {
        state[4 + i] = 0x03020100 + i * 0x04040404;
    }
    state[12] = 1;
    state[13] = 0x09000000;
    state[14] = 0x4a000000;
    chacha_block(state, stream[0]);
    if (stream[0][0] != 0xe4e7f110 || stream[0][15] != 0x4e3c50a2) {
        return KERNEL_BROKEN;
    }
    for (int i = 4; i < 16; i++) {
        state[i] = seed = lcg(seed);
    }
    for (int i = 0; i < 20; i++) {
        chacha_block(state, stream[i]);
        state[12]++;
    }
    return checksum(stream, sizeof stream);
}
