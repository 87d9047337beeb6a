// The accesses of one initiator: what SQL says of the same rows; and databases
// that nobody of ours wrote.
#include <gtest/gtest.h>

#include "tests/traces/plain.h"
#include "traces/accesses.h"

using namespace synthetic;

namespace
{

struct Reading {
    vector<Row> rows;     // time, done, pa, size, write?, value
    vector<string> bytes; // of long writes
    string error;
    uint64_t last = 0;

    explicit Reading(const string &path, const char *initiator)
    {
        Error *err = nullptr;
        bool ok = trace_accesses(path.c_str(), initiator, take, this, &err);
        EXPECT_EQ(ok, err == nullptr);
        error = message(err);
    }
    static bool take(void *opaque, const TraceAccess *a, Error **)
    {
        auto *r = static_cast<Reading *>(opaque);
        EXPECT_TRUE(a->size >= 1 && a->size <= TRACE_ACCESS_BYTES);
        EXPECT_LE(a->size - 1, UINT64_MAX - a->addr);
        EXPECT_GE(a->time_ps, r->last);
        EXPECT_GE(a->done_ps, a->time_ps);
        r->last = a->time_ps;
        r->rows.push_back({text_of(a->time_ps), text_of(a->done_ps),
                           text_of(a->addr), text_of(a->size),
                           a->is_write ? "w" : "r",
                           a->size > 8 ? "NULL" : text_of(a->value)});
        r->bytes.push_back(
            a->bytes ? string(reinterpret_cast<const char *>(a->bytes), a->size)
                     : "");
        return true;
    }
};

class Accesses : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        path = temporary("accesses.db");
        ASSERT_TRUE(write_run(path, 61, 3000));
    }
    static void TearDownTestSuite() { unlink(path.c_str()); }
    static string path;
};
string Accesses::path;

const char label[] = "iif(instr(i.name, i.part), i.name, i.name || '.' || "
                     "i.part)";

TEST_F(Accesses, AreTheRowsOfTheInitiator)
{
    size_t all = 0;
    for (const Row &who : rows_of_file(
             path, string("select ") + label +
                       ", id, (select hz from clock c where c.id = clock_id)"
                       " from initiator i where id in (select initiator_id"
                       " from site)")) {
        SCOPED_TRACE(who[0]);
        Reading r(path, who[0].c_str());
        EXPECT_EQ("", r.error);
        auto rows = rows_of_file(
            path, "select time, cycle + wait_cycles + bus_cycles + "
                  "target_cycles, pa, size, iif(dir = 'w', 'w', 'r'), value "
                  "from tx where initiator_id = " +
                      who[1] + " order by rowid");
        ClockDomain clk;
        clock_init(&clk, "c", std::stoull(who[2]));
        for (Row &row : rows) {
            row[1] = text_of(clock_time(&clk, std::stoull(row[1])));
        }
        EXPECT_EQ(rows, r.rows);
        all += rows.size();
    }
    EXPECT_EQ(one(path, "select count(*) from tx"), std::to_string(all));
}

TEST_F(Accesses, LongWritesHaveTheBytesOfTheirBeats)
{
    Reading r(path, "dma0");
    ASSERT_EQ("", r.error);
    auto rows = rows_of_file(
        path, "select rowid, size, dir from tx where initiator_id = (select id"
              " from initiator where owner = 'dma0') order by rowid");
    ASSERT_EQ(rows.size(), r.bytes.size());
    std::map<string, string> bytes;
    for (const Row &b :
         rows_of_file(path, "select tx, size, value from beat")) {
        uint64_t value = static_cast<uint64_t>(std::stoll(b[2]));
        unsigned size = static_cast<unsigned>(std::stoul(b[1]));
        bytes[b[0]] += size > 8
                           ? string(size, '?')
                           : string(reinterpret_cast<char *>(&value), size);
    }
    unsigned full = 0;
    for (size_t i = 0; i < rows.size(); i++) {
        bool is_long = std::stoul(rows[i][1]) > 8 && rows[i][2] == "w";
        if (!is_long) {
            EXPECT_EQ("", r.bytes[i]);
        } else if (!r.bytes[i].empty()) {
            EXPECT_EQ(bytes[rows[i][0]], r.bytes[i]) << rows[i][0];
            full++;
        } else {
            EXPECT_NE(std::stoul(rows[i][1]), bytes[rows[i][0]].size());
        }
    }
    EXPECT_GT(full, 0u);
}

TEST_F(Accesses, WhoIsMeantIsSaid)
{
    EXPECT_NE(string::npos, Reading(path, nullptr).error.find("several"));
    EXPECT_NE(
        string::npos,
        Reading(path, "cpu0")
            .error.find("several initiators are of \"cpu0\"; name one of "));
    EXPECT_NE(string::npos,
              Reading(path, "cpu9")
                  .error.find("no transactions of \"cpu9\"; name one of "));
    EXPECT_EQ(0u, Reading("/nowhere.db", "cpu0").error.find("/nowhere.db: "));
    string file = temporary("untraced.db");
    ASSERT_TRUE(write_run(file, 52, 100, false));
    EXPECT_NE(string::npos, Reading(file, "dma0").error.find("--trace"));
    unlink(file.c_str());
}

// By statements, so that SQLite is content; then by bytes.
TEST_F(Accesses, WhatIsDamagedIsExplained)
{
    string bad = temporary("bad.db");
    const char *statements[] = {
        "update clock set hz = 0",
        "update clock set hz = -1",
        "update clock set hz = 1",
        "update initiator set clock_id = 99",
        "update initiator set name = null, owner = null, part = null",
        "update site set size = -1",
        "update site set size = 100000",
        "update site set dir = 'x'",
        "delete from site",
        "delete from chunk_data",
        "update chunk_data set codec = 9",
        "update chunk_data set body = substr(body, 1, 100)",
        "update chunk set records = 1000000000",
        "update chunk set records = -1",
        "delete from record_site",
        "update record_site set base = -1, va_offset = -1",
        "update record_site set costs = x'ffffffffffffffffffff'",
        "drop table chunk",
        "drop table initiator; create view initiator as with recursive n(id, "
        "name, owner, part, clock_id) as (select 1, 'dma0', 'dma0', 'dma0', 1 "
        "union all select id + 1, name, owner, part, clock_id from n) "
        "select * from n",
    };
    for (const char *sql : statements) {
        SCOPED_TRACE(sql);
        string text = read_file(path);
        FILE *f = fopen(bad.c_str(), "wb");
        fwrite(text.data(), 1, text.size(), f);
        fclose(f);
        sqlite3 *db = nullptr;
        sqlite3_open(bad.c_str(), &db);
        sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
        sqlite3_close(db);
        Reading r(bad, "dma0");
        if (!r.error.empty()) {
            EXPECT_EQ(0u, r.error.find(bad)) << r.error;
            EXPECT_EQ(string::npos, r.error.find('\n')) << r.error;
        }
    }
    const string whole = read_file(path);
    std::mt19937_64 rng(9);
    unsigned wrong = 0;
    for (unsigned n = 0; n < 60; n++) {
        string text = whole;
        for (unsigned k = 0; k < 1u << n % 10; k++) {
            text[100 + rng() % (text.size() - 100)] = static_cast<char>(rng());
        }
        FILE *f = fopen(bad.c_str(), "wb");
        fwrite(text.data(), 1, text.size(), f);
        fclose(f);
        Reading r(bad, "dma0");
        wrong += !r.error.empty();
        EXPECT_EQ(string::npos, r.error.find('\n')) << r.error;
    }
    EXPECT_GT(wrong, 10u);
    unlink(bad.c_str());
}

} // namespace
