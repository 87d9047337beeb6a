// codec_test.cc - chunks come back as they were, and nothing that claims to be
// one does harm.
#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <string>
#include <vector>
#include <xxhash.h>

#include "traces/codec.h"

namespace
{

using std::vector;

using Blob = vector<uint8_t>;

struct Stream {
    vector<CodecSite> sites;
    vector<MemoryRecord> records;
};

bool equal(const MemoryRecord &a, const MemoryRecord &b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

bool equal(const vector<MemoryRecord> &a, const vector<MemoryRecord> &b)
{
    return a.size() == b.size() &&
           (a.empty() ||
            memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0);
}

// -- streams -----------------------------------------------------------------

// Values that sit at the edges of every code.
uint64_t edge(std::mt19937_64 &rng)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     0x7f,
                                     0x80,
                                     0xffff,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x100000000,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     0xffffffffffffffff};
    switch (rng() % 4) {
    case 0: return rng();
    case 1: return rng() >> rng() % 64;
    case 2: return edges[rng() % 12] + rng() % 3 - 1;
    default: return edges[rng() % 12];
    }
}

// A mix of all forms: `chaos` of 256 fields are anything, the others follow a
// pattern of their site.
Stream mix(uint64_t seed, size_t n, uint32_t sites, unsigned chaos)
{
    std::mt19937_64 rng(seed);
    Stream s;
    static const uint8_t sizes[] = {1, 2, 4, 8, 255, 0, 3};
    for (uint32_t i = 0; i < sites; i++) {
        s.sites.push_back({static_cast<uint8_t>(rng() % 3), sizes[rng() % 7]});
    }
    vector<MemoryRecord> last(sites);
    uint64_t cycle = edge(rng);
    uint32_t site = 0;
    while (s.records.size() < n) {
        auto anything = [&] { return rng() % 256 < chaos; };
        if (rng() % 16 == 0) { // what follows a head
            MemoryRecord x{static_cast<uint32_t>(0xfffffff0 + rng() % 16),
                           static_cast<uint32_t>(rng() % 4), 4 * (rng() % 4),
                           rng() % 3, 2};
            if (anything()) {
                x = {x.site, static_cast<uint32_t>(edge(rng)), edge(rng),
                     edge(rng), edge(rng)};
            }
            s.records.push_back(x);
            continue;
        }
        site = anything() ? static_cast<uint32_t>(rng() % sites)
                          : (site * 5 + 1) % sites;
        MemoryRecord r = last[site];
        r.site = site;
        if (s.sites[site].kind != CODEC_RUN) {
            r.address += site % 3 * 4;
            r.value += site % 2;
        }
        r.address = anything() ? edge(rng) : r.address;
        r.value = anything() ? edge(rng) : r.value;
        r.info = anything() ? static_cast<uint32_t>(edge(rng)) : r.info;
        cycle = anything() ? edge(rng) : cycle + site % 7;
        r.cycle = cycle;
        last[site] = r;
        s.records.push_back(r);
    }
    return s;
}

// -- the codec under test
// ------------------------------------------------------

struct Codecs {
    Codec *encoder = codec_new(), *decoder = codec_new();
    ~Codecs()
    {
        codec_free(encoder);
        codec_free(decoder);
    }

    Blob encode(const Stream &s)
    {
        const void *blob = nullptr;
        size_t len = codec_encode(encoder, s.records.data(), s.records.size(),
                                  s.sites.data(),
                                  static_cast<uint32_t>(s.sites.size()), &blob);
        auto p = static_cast<const uint8_t *>(blob);
        return Blob(p, p + len);
    }

    // What the codec says is wrong, "" if nothing.
    std::string decode(const Blob &b, size_t n, unsigned fields,
                       vector<MemoryRecord> &out)
    {
        out.assign(n, MemoryRecord{1, 1, 1, 1, 1});
        Error *err = nullptr;
        // Exactly as long as it says, so that a sanitizer sees the end.
        if (codec_decode(decoder, b.data(), b.size(), fields, out.data(), n,
                         &err)) {
            return err ? "an error and success" : "";
        }
        std::string text = err ? error_message(err) : "no message";
        error_free(err);
        EXPECT_EQ(text.find('\n'), std::string::npos);
        return text;
    }

    void expect_lossless(const Stream &s)
    {
        Blob b = encode(s);
        ASSERT_GT(b.size(), 0u);
        vector<MemoryRecord> out;
        ASSERT_EQ(decode(b, s.records.size(), CODEC_ALL, out), "");
        for (size_t i = 0; i < out.size(); i++) {
            ASSERT_TRUE(equal(out[i], s.records[i])) << "record " << i;
        }
    }
};

void fix_checksum(Blob &b)
{
    uint64_t sum = XXH3_64bits(b.data() + 12, b.size() - 12);
    for (unsigned i = 0; i < 8; i++) {
        b[4 + i] = static_cast<uint8_t>(sum >> 8 * i);
    }
}

// -- lossless
// ------------------------------------------------------------------

TEST(Codec, RandomMixesComeBack)
{
    Codecs c;
    for (uint64_t seed = 0; seed < 60; seed++) {
        static const unsigned chaos[] = {0, 2, 20, 128, 256};
        static const uint32_t sites[] = {1, 2, 7, 300, 5000};
        Stream s = mix(seed, seed * 41 + seed % 3, sites[seed % 5],
                       chaos[seed / 5 % 5]);
        SCOPED_TRACE(seed);
        c.expect_lossless(s);
    }
}

TEST(Codec, SmallChunksComeBack)
{
    Codecs c;
    for (size_t n = 0; n < 20; n++) {
        c.expect_lossless(mix(n, n, 3, 60));
    }
    for (size_t n : {511u, 512u, 513u, 1024u}) { // passes change at 512
        c.expect_lossless(mix(n, n, 40, 10));
    }
}

TEST(Codec, TheLargestChunksComeBack)
{
    Codecs c;
    c.expect_lossless(mix(1, CODEC_MAX_RECORDS, 20000, 4));
    Stream s; // every record a site of its own
    std::mt19937_64 rng(2);
    for (uint32_t i = 0; i < CODEC_MAX_RECORDS; i++) {
        s.sites.push_back({static_cast<uint8_t>(i % 3), 4});
        s.records.push_back({CODEC_MAX_RECORDS - 1 - i,
                             static_cast<uint32_t>(rng()), rng(), rng(),
                             rng()});
    }
    c.expect_lossless(s);
    // Nothing but extra records without a head, all fields anything.
    for (MemoryRecord &r : s.records) {
        r = {static_cast<uint32_t>(0xfffffff0 + rng() % 16),
             static_cast<uint32_t>(rng()), rng(), rng(), rng()};
    }
    c.expect_lossless(s);
}

// An info that comes and goes: some stretches have none at all, others all.
TEST(Codec, InfosComeAndGo)
{
    Codecs c;
    Stream s = mix(5, 10000, 12, 0);
    for (size_t i = 0; i < s.records.size(); i++) {
        MemoryRecord &r = s.records[i];
        if (r.site < s.sites.size() && s.sites[r.site].kind != CODEC_RUN) {
            r.info = i / 2048 % 2 && r.site % 4 ? 0x300 + r.site % 2 : 0;
        }
    }
    c.expect_lossless(s);
}

TEST(Codec, ChunksDoNotKnowOfEachOther)
{
    Codecs used, fresh;
    Stream a = mix(3, 5000, 200, 30), b = mix(4, 3000, 900, 30);
    used.expect_lossless(a);
    EXPECT_EQ(used.encode(b), fresh.encode(b));
    Blob blob = fresh.encode(a);
    vector<MemoryRecord> out;
    ASSERT_EQ(used.decode(blob, a.records.size(), CODEC_ALL, out), "");
    EXPECT_TRUE(equal(out, a.records));
}

TEST(Codec, FieldsAgreeWithAll)
{
    Codecs c;
    for (uint64_t seed = 0; seed < 6; seed++) {
        Stream s = mix(seed, 2500, 50, 20);
        Blob b = c.encode(s);
        for (unsigned fields = 0; fields < 16; fields++) {
            vector<MemoryRecord> out;
            ASSERT_EQ(c.decode(b, s.records.size(), fields, out), "");
            for (size_t i = 0; i < out.size(); i++) {
                const MemoryRecord &is = out[i], &was = s.records[i];
                ASSERT_EQ(is.site, was.site);
                bool head = was.site < RECORD_SITE_MAX;
                bool run = head && s.sites[was.site].kind == CODEC_RUN;
                unsigned value = run || !head ? CODEC_INFO : CODEC_VALUE;
                unsigned address =
                    head ? CODEC_ADDRESS | CODEC_VALUE : CODEC_INFO;
                unsigned cycle = head ? CODEC_CYCLE : CODEC_INFO;
                ASSERT_TRUE(!(fields & address) || is.address == was.address);
                ASSERT_TRUE(!(fields & value) || is.value == was.value)
                    << i << " fields " << fields;
                ASSERT_TRUE(!(fields & cycle) || is.cycle == was.cycle);
                ASSERT_TRUE(!(fields & CODEC_INFO) || is.info == was.info);
            }
        }
    }
}

// -- what is stored
// ------------------------------------------------------------

TEST(Codec, SitesAgreeWithTheRecords)
{
    Codecs c;
    for (unsigned seed = 0; seed < 8; seed++) {
        Stream s = mix(seed, 3000, 400, seed * 20);
        vector<CodecSiteUse> want;
        vector<size_t> at(s.sites.size(), SIZE_MAX);
        for (const MemoryRecord &r : s.records) {
            if (r.site >= RECORD_SITE_MAX) {
                continue;
            }
            if (at[r.site] == SIZE_MAX) {
                at[r.site] = want.size();
                want.push_back({r.site, 0, r.address, r.address});
            }
            CodecSiteUse &u = want[at[r.site]];
            u.records++;
            u.first = std::min(u.first, r.address);
            u.last = std::max(u.last, r.address);
        }
        Blob b = c.encode(s);
        const CodecSiteUse *use = nullptr;
        uint32_t sites = 0;
        ASSERT_TRUE(
            codec_sites(c.decoder, b.data(), b.size(), &use, &sites, nullptr));
        ASSERT_EQ(sites, want.size());
        for (uint32_t i = 0; i < sites; i++) {
            EXPECT_EQ(use[i].site, want[i].site);
            EXPECT_EQ(use[i].records, want[i].records);
            EXPECT_EQ(use[i].first, want[i].first);
            EXPECT_EQ(use[i].last, want[i].last);
        }
    }
}

TEST(Codec, APrefixHoldsTheSites)
{
    Codecs c;
    Stream s = mix(5, 4000, 100, 30);
    Blob b = c.encode(s);
    size_t needed = 0; // the dictionary's stored length, from its header
    for (unsigned i = 0; i < 4; i++) {
        needed |= static_cast<size_t>(b[28 + i]) << 8 * i;
    }
    needed += 32;
    ASSERT_LT(needed, b.size());
    const CodecSiteUse *all_use = nullptr;
    uint32_t all = 0;
    ASSERT_TRUE(
        codec_sites(c.decoder, b.data(), b.size(), &all_use, &all, nullptr));
    ASSERT_GT(all, 0u);
    for (size_t len = 0; len <= b.size(); len++) {
        const CodecSiteUse *use = nullptr;
        uint32_t sites = 0;
        Blob prefix(b.begin(), b.begin() + static_cast<long>(len));
        bool ok =
            codec_sites(c.decoder, prefix.data(), len, &use, &sites, nullptr);
        ASSERT_EQ(ok, len >= needed) << len;
        ASSERT_EQ(sites, ok ? all : 0u);
    }
}

// The codec's purpose in numbers that do not depend on a machine.
TEST(Codec, WhatRepeatsCostsNothing)
{
    Codecs c;
    Stream s;
    s.sites = {{CODEC_RUN, 0}, {CODEC_READ, 4}, {CODEC_WRITE, 4}};
    for (uint32_t i = 0; i < 60000; i++) { // a loop that copies what it wrote
        uint64_t t = 1000 + i * 9u, at = 0x80000000 + i % 64 * 4;
        s.records.push_back({0, 2, 0x80001000, UINT64_C(5) << 32, t});
        s.records.push_back({1, 0, at, i % 64, t + 1});
        s.records.push_back({2, 0, at + 0x400, i % 64, t + 4});
    }
    EXPECT_LT(c.encode(s).size(), s.records.size() / 100);
}

// The length of a column before it is compressed.
uint32_t raw_length(const Blob &b, unsigned column)
{
    auto word = [&](size_t at) {
        return static_cast<uint32_t>(b[at] | b[at + 1] << 8 | b[at + 2] << 16 |
                                     b[at + 3] << 24);
    };
    size_t at = 24;
    for (unsigned i = 0; i < column; i++) {
        at += 8 + word(at + 4);
    }
    return word(at);
}

// Strides of sites that do not help each other.
TEST(Codec, StridesCostNothing)
{
    Codecs c;
    Stream s;
    s.sites.assign(5, CodecSite{CODEC_WRITE, 8});
    for (uint64_t i = 0; i < 5000; i++) {
        for (uint32_t k = 0; k < 5; k++) {
            s.records.push_back({k, 0,
                                 0x10000000 * (k + 1) + i * 8 * (k * k + 1),
                                 i * (2 * k * k + 3), i * 9 + k});
        }
    }
    Blob b = c.encode(s);
    for (unsigned column = 1; column < 13; column++) {
        EXPECT_LT(raw_length(b, column), 80u) << column;
    }
}

TEST(Codec, NoiseCostsLittleMoreThanItself)
{
    Codecs c;
    std::mt19937_64 rng(9);
    Stream s;
    s.sites.assign(4096, CodecSite{CODEC_READ, 8});
    uint64_t cycle = 0;
    for (uint32_t i = 0; i < 50000; i++) {
        cycle += 1 + rng() % 8;
        s.records.push_back({static_cast<uint32_t>(rng() % 4096), 0,
                             0x80000000 + rng() % (1 << 21) * 8, rng(), cycle});
    }
    EXPECT_LT(c.encode(s).size(), s.records.size() * 16);
    for (MemoryRecord &r : s.records) { // 24 bytes of noise and the site
        r.address = rng();
        r.cycle = rng();
    }
    EXPECT_LT(c.encode(s).size(), s.records.size() * 29);
}

// -- hostile blobs
// -------------------------------------------------------------

TEST(Codec, DamageIsFoundAtEveryByte)
{
    Codecs c;
    Stream s = mix(6, 700, 30, 30);
    Blob b = c.encode(s);
    vector<MemoryRecord> out;
    for (size_t i = 0; i < b.size(); i++) {
        Blob bad = b;
        bad[i] ^= static_cast<uint8_t>(1u << i % 8);
        ASSERT_NE(c.decode(bad, s.records.size(), CODEC_ALL, out), "") << i;
        bad.assign(b.begin(), b.begin() + static_cast<long>(i));
        ASSERT_NE(c.decode(bad, s.records.size(), CODEC_ALL, out), "") << i;
        if (i >= 12) {
            fix_checksum(bad);
            ASSERT_NE(c.decode(bad, s.records.size(), CODEC_ALL, out), "") << i;
        }
    }
    b.push_back(0);
    fix_checksum(b);
    EXPECT_NE(c.decode(b, s.records.size(), CODEC_ALL, out), "");
}

// Behind the checksum: records or an error, and the codec is as good as new.
TEST(Codec, ForgedBlobsDoNoHarm)
{
    Codecs c;
    std::mt19937_64 rng(10);
    Stream s = mix(7, 600, 25, 40);
    Blob b = c.encode(s);
    size_t refused = 0, tries = 0;
    vector<MemoryRecord> out;
    for (size_t i = 12; i < b.size(); i++) {
        for (unsigned k = 0; k < 3; k++, tries++) {
            Blob bad = b;
            bad[i] = static_cast<uint8_t>(k == 0 ? 0xff : rng());
            fix_checksum(bad);
            const CodecSiteUse *use;
            uint32_t sites;
            codec_sites(c.decoder, bad.data(), bad.size(), &use, &sites,
                        nullptr);
            refused += c.decode(bad, s.records.size(), CODEC_ALL, out) != "";
        }
    }
    EXPECT_GT(refused, 0u);
    ASSERT_EQ(c.decode(b, s.records.size(), CODEC_ALL, out), "");
    EXPECT_TRUE(equal(out, s.records));
}

// Three records of one site, nothing compressed, then each rule broken once.
struct Forgery {
    uint32_t records = 3, sites = 1;
    std::map<unsigned, Blob> column = {
        {0, {10, 0, 4, 3, 0x80, 1, 0, 0}}, // id 5, read, 4 bytes, 3 times, 64
        {1, {1, 2, 0}},                    // new, named, what came before
        {2, {16}}};
    uint32_t longer = 0; // than it is: what column 5 says

    Blob blob()
    {
        Blob b = {'S', 'C', 'T', 1, 0, 0, 0, 0, 0, 0, 0, 0};
        auto put = [&](uint32_t v) {
            for (unsigned i = 0; i < 4; i++) {
                b.push_back(static_cast<uint8_t>(v >> 8 * i));
            }
        };
        put(records);
        put(sites);
        put(0);
        for (unsigned i = 0; i < 13; i++) {
            const Blob &c = column[i];
            put(static_cast<uint32_t>(c.size()) + (i == 5 ? longer : 0));
            put(static_cast<uint32_t>(c.size()));
            b.insert(b.end(), c.begin(), c.end());
        }
        fix_checksum(b);
        return b;
    }
};

TEST(Codec, EachRuleIsChecked)
{
    Codecs c;
    vector<MemoryRecord> out;
    ASSERT_EQ(c.decode(Forgery().blob(), 3, CODEC_ALL, out), "");
    for (const MemoryRecord &r : out) {
        EXPECT_TRUE(equal(r, {5, 0, 64, 0, 0}));
    }
    auto wrong = [&](const char *what, void (*change)(Forgery &)) {
        Forgery f;
        change(f);
        std::string text = c.decode(f.blob(), f.records, CODEC_ALL, out);
        EXPECT_NE(text.find("damaged"), std::string::npos) << what;
    };
    wrong("local id", [](Forgery &f) { f.column[2] = {17}; });
    wrong("huge local id", [](Forgery &f) {
        f.column[2] = {0xff, 0xff, 0xff, 0xff, 0x7f};
    });
    wrong("one site more", [](Forgery &f) {
        f.column[1] = {1, 1, 1};
        f.column[2] = {};
    });
    wrong("token too many", [](Forgery &f) { f.column[1] = {1, 2, 0, 0}; });
    wrong("byte too many", [](Forgery &f) { f.column[2] = {16, 0}; });
    wrong("byte too few", [](Forgery &f) { f.column[2] = {}; });
    wrong("endless varint", [](Forgery &f) { f.column[2] = Blob(11, 0x80); });
    wrong("cut run", [](Forgery &f) { f.column[3] = {0xe4}; });
    wrong("long address", [](Forgery &f) {
        f.column[5] = {31};
        f.column[6] = Blob(18);
    });
    wrong("token of address", [](Forgery &f) { f.column[5] = {3}; });
    wrong("token of value", [](Forgery &f) { f.column[7] = {6}; });
    wrong("token of cycle", [](Forgery &f) {
        f.column[9] = {31};
        f.column[10] = Blob(8);
    });
    wrong("token of info", [](Forgery &f) { f.column[3] = {9}; });
    wrong("site id", [](Forgery &f) {
        f.column[0] = {0xe0, 0xff, 0xff, 0xff, 0x1f, 0, 4, 3, 0, 0, 0};
    });
    wrong("kind", [](Forgery &f) { f.column[0][1] = 3; });
    wrong("no records", [](Forgery &f) { f.column[0][3] = 0; });
    wrong("records", [](Forgery &f) { f.column[0][3] = 4; });
    wrong("least address", [](Forgery &f) { f.column[0][6] = 65; });
    wrong("greatest address", [](Forgery &f) {
        f.column[0] = {10, 0, 4, 3, 1, 0, 1}; // 2^64 - 1, and one more
    });
    wrong("dictionary too long", [](Forgery &f) { f.column[0].push_back(0); });
    wrong("more sites than records", [](Forgery &f) { f.sites = 4; });
    wrong("records of a chunk",
          [](Forgery &f) { f.records = CODEC_MAX_RECORDS + 1; });
    wrong("column's length", [](Forgery &f) { f.longer = 1u << 31; });
    wrong("column's frame", [](Forgery &f) { f.longer = 1; });
    Forgery two; // sites, of two records and one
    two.sites = 2;
    two.column = {{0, {10, 2, 0, 0, 4, 4, 2, 1, 0, 0, 0, 0, 0, 0}},
                  {1, {1, 1, 2}},
                  {2, {16}}};
    EXPECT_EQ(c.decode(two.blob(), 3, CODEC_ALL, out), "");
    two.column[0][7] = 2; // four in sum
    EXPECT_NE(c.decode(two.blob(), 3, CODEC_ALL, out), "");
    Forgery f; // the largest length is said, so that nothing is allocated
    f.longer = 1u << 31;
    EXPECT_NE(c.decode(f.blob(), 3, 0, out).find("impossible"),
              std::string::npos);
}

TEST(Codec, SaysWhatIsWrong)
{
    Codecs c;
    Stream s = mix(8, 100, 5, 30);
    Blob b = c.encode(s), other = b;
    vector<MemoryRecord> out;
    EXPECT_NE(c.decode(b, 99, CODEC_ALL, out).find("100 records instead of 99"),
              std::string::npos);
    other[3]++;
    EXPECT_NE(c.decode(other, 100, CODEC_ALL, out).find("codec 0x02"),
              std::string::npos);
    other = b;
    other[b.size() - 1] ^= 1;
    EXPECT_NE(c.decode(other, 100, CODEC_ALL, out).find("checksum"),
              std::string::npos);
    EXPECT_NE(c.decode(Blob(5), 100, CODEC_ALL, out).find("cut off"),
              std::string::npos);
}

} // namespace
