// check: a good database passes; each thing broken in it is named.
#include <gtest/gtest.h>

#include "tests/traces/plain.h"

using namespace synthetic;

namespace
{

struct Answer {
    bool ok, failed;
    string text;
};

Answer check(const string &path, bool json = false)
{
    Answer a{};
    Error *err = nullptr;
    a.text = printed([&](FILE *out) {
        a.ok = trace_check(path.c_str(), json, out, &a.failed, &err);
    });
    if (!a.ok) {
        EXPECT_EQ("", a.text);
        a.text = message(err);
    }
    return a;
}

// The names of what failed, in order: "ids resolve; mmio = rows".
string failures(const string &text)
{
    string names;
    for (size_t at = 0; at < text.size();) {
        size_t end = text.find('\n', at);
        string line = text.substr(at, end - at);
        at = end + 1;
        if (line.rfind("FAILED", 0) == 0) {
            string name = line.substr(9, line.find(": ") - 9);
            names += (names.empty() ? "" : "; ") + name;
        }
    }
    return names;
}

const uint64_t seed = 23;
const unsigned transactions = 700;

TEST(Check, AGoodRunPasses)
{
    string run = temporary("check.db");
    ASSERT_TRUE(write_run(run, seed, transactions));
    Answer a = check(run), plain = check(plain_run(seed, transactions));
    EXPECT_TRUE(a.ok);
    EXPECT_FALSE(a.failed) << a.text;
    EXPECT_EQ("", failures(a.text));
    EXPECT_EQ(a.text, plain.text);
    EXPECT_NE(string::npos, a.text.find("\n0 of 34 do not hold\n")) << a.text;
    EXPECT_EQ(string::npos, a.text.find("skipped")) << a.text;
    unlink(run.c_str());
}

TEST(Check, WhatARunDidNotRecordIsSkipped)
{
    string run = temporary("check.db");
    ASSERT_TRUE(write_run(run, seed, transactions, true, nullptr, false));
    Answer a = check(run);
    EXPECT_FALSE(a.failed) << a.text;
    EXPECT_NE(string::npos, a.text.find("skipped  beats: ")) << a.text;
    ASSERT_TRUE(write_run(run, seed, transactions, false));
    a = check(run);
    EXPECT_FALSE(a.failed) << a.text;
    EXPECT_NE(string::npos, a.text.find("skipped  rows = counters: "));
    unlink(run.c_str());

    Copy killed(plain_run(seed, transactions),
                "update run set value = 0 where key = 'complete';"
                "delete from run where key = 'tx_rows';"
                "delete from traffic; delete from tx_site;"
                "delete from check_result;"
                "delete from mmio where tx > 400; delete from beat"
                " where tx > 400; delete from tx where rowid > 400");
    a = check(killed.path);
    EXPECT_FALSE(a.failed) << a.text;
    EXPECT_NE(string::npos, a.text.find("skipped  totals: the run did not"));
}

struct Broken {
    const char *sql, *failures;
};

const Broken broken[] = {
    // a lost last record, with and without its traces
    {"delete from tx where rowid = (select max(rowid) from tx)",
     "rows numbered; tx_site = rows; rows = counters, accesses; "},
    {"delete from tx where rowid = 300", "rows numbered; tx_site = rows; "
                                         "rows = counters, accesses"},
    // ids
    {"update tx set site = 99999 where rowid = 77", "ids resolve"},
    {"update tx set region_id = 77 where rowid = 78", "ids resolve"},
    {"update tx set initiator_id = 77 where rowid = 79", "ids resolve"},
    {"update tx set size = size + 1 where rowid = 80", "ids resolve"},
    {"update site set symbol_id = 777 where id = 5", "dictionaries"},
    {"update site set region_id = 777 where id = 5", "dictionaries"},
    {"update tx set blocker_id = 999, wait_cycles = 1 where rowid = "
     "(select max(rowid) from tx where blocker_id is null)",
     "ids resolve; tx_site = rows; rows = counters, wait cycles"},
    // time
    {"update tx set time = time + 1 where rowid = 81",
     "time = cycle of its clock"},
    {"update tx set cycle = 0, time = 0 where rowid = "
     "(select max(rowid) from tx where region_id <> 5)",
     "time per initiator"},
    // sums
    {"update tx set wait_cycles = wait_cycles + 1 where rowid = 90",
     "tx_site = rows; rows = counters, wait cycles"},
    {"update tx set bus_cycles = bus_cycles + 1, target_cycles ="
     " target_cycles - 1 where rowid = (select min(rowid) from tx"
     " where target_cycles > 0)",
     "tx_site = rows; rows = counters, bus cycles; "
     "rows = counters, target cycles"},
    {"update tx set target_cycles = -1 where rowid = 90",
     "wait + bus + target"},
    {"update tx set blocker_id = 1 where rowid = (select min(rowid) from tx"
     " where wait_cycles = 0)",
     "wait + bus + target"},
    {"update tx set result = 'error' where rowid = (select min(rowid) from tx"
     " where result = 'ok')",
     "tx_site = rows; rows = counters, errors"},
    {"update tx_site set bytes = bytes + 1 where site = 3", "tx_site = rows"},
    {"delete from tx_site where site = 3", "tx_site = rows"},
    {"update traffic set accesses = accesses + 1 where rowid = 4",
     "rows = counters, accesses"},
    {"update traffic set size = 64 where rowid = 4", "rows = counters, "},
    {"update traffic set bytes_moved = bytes_moved + 1 where region_id = 3"
     " and rowid = (select min(rowid) from traffic where region_id = 3)",
     "bytes moved"},
    // beats
    {"update beat set tx = tx + 1 where rowid = (select rowid from beat"
     " where cause = 'split' limit 1)",
     "beats of every tx"},
    {"update beat set seq = seq + 1 where rowid = (select rowid from beat"
     " where cause = 'split' limit 1)",
     "beats of every tx"},
    {"update beat set size = size + 1 where rowid = (select rowid from beat"
     " where cause = 'access' limit 1)",
     "bytes of beats; bytes moved"},
    {"update beat set cycles = cycles + 1 where rowid = (select rowid from"
     " beat where cause = 'access' limit 1)",
     "cycles of beats"},
    {"update beat set region_id = 777 where rowid = 5", "beats resolve"},
    {"update beat set tx = 0 where rowid = 5", "beats resolve; "},
    // devices
    {"delete from mmio where rowid = 4", "mmio = rows"},
    {"update mmio set value = value + 1 where rowid = 4", "mmio = rows"},
    {"update mmio set offset = 99 where rowid = 4", "mmio = rows"},
    // totals
    {"update bus_load set busy_cycles = elapsed_cycles + 1", "busy <= elapsed"},
    {"update hart_cycles set cycles = cycles + 1 where category = 'idle'",
     "cycles by category"},
    {"update function_cost set cycles = cycles + 1 where rowid = 1",
     "cycles by function"},
    {"update contention set wait_cycles = 0", "bus waits"},
    {"update run set value = 3 where key = 'dropped'", "nothing dropped"},
    {"update check_result set ok = 0 where rowid = 2", "checks at close"},
};

TEST(Check, NamesWhatIsBroken)
{
    for (const Broken &b : broken) {
        Copy copy(plain_run(seed, transactions), b.sql);
        ASSERT_EQ("", copy.error);
        Answer a = check(copy.path);
        EXPECT_TRUE(a.ok) << a.text;
        EXPECT_TRUE(a.failed) << b.sql;
        EXPECT_EQ(0u, failures(a.text).find(b.failures))
            << b.sql << "\n"
            << failures(a.text) << "\n"
            << a.text;
    }
}

TEST(Check, Json)
{
    Copy copy(plain_run(seed, transactions),
              "update run set value = 3 where key = 'dropped'");
    string text = check(copy.path, true).text;
    EXPECT_EQ(0u, text.find("[\n  {\"name\": \"file\", \"ok\": true, "
                            "\"detail\": \"\"},\n"))
        << text;
    EXPECT_NE(string::npos,
              text.find("{\"name\": \"nothing dropped\", \"ok\": false, "
                        "\"detail\": \"3 transactions were dropped\"}\n]\n"))
        << text;
}

TEST(Check, DamagedFiles)
{
    string whole = read_file(plain_run(seed, transactions));
    string cut = temporary("cut.db");
    for (size_t part = 1; part < 8; part++) {
        write_file(cut, whole.substr(0, whole.size() * part / 8));
        Answer a = check(cut);
        EXPECT_TRUE(!a.ok || a.failed);
    }
    write_file(cut, "no database");
    EXPECT_NE(string::npos, check(cut).text.find("is not a SQLite database"));
    unlink(cut.c_str());
}

} // namespace
