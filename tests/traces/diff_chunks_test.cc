// diff over chunks says what it says of the same rows as plain tables.
#include <gtest/gtest.h>

#include "tests/traces/plain.h"

using namespace synthetic;

namespace
{

// What diff says, without the lines that name the files.
string diff(const string &a, const string &b)
{
    TraceDiff what{};
    Error *err = nullptr;
    bool failed;
    string text = printed([&](FILE *out) {
        trace_diff(a.c_str(), b.c_str(), &what, out, out, &failed, &err);
    });
    EXPECT_EQ(nullptr, err);
    size_t at = text.find('\n', text.find('\n') + 1);
    return err ? message(err) : text.substr(at);
}

struct Plain {
    string path = temporary("plain.db");
    explicit Plain(const string &of)
    {
        Error *err = nullptr;
        EXPECT_TRUE(trace_expand(of.c_str(), path.c_str(), nullptr, &err))
            << message(err);
    }
    Plain(const Plain &) = delete;
    ~Plain() { unlink(path.c_str()); }
};

string run_at(uint64_t cycle, unsigned transactions, uint64_t seed = 41)
{
    string path = temporary("a.db");
    Machine m(seed);
    m.cycle = cycle;
    EXPECT_TRUE(write_run(path, seed, transactions, true, &m));
    return path;
}

// Both ways round, and with one side of either sort.
string same_as_plain(const string &a, const string &b)
{
    const Plain x(a), y(b);
    string expected = diff(x.path, y.path);
    EXPECT_EQ(expected, diff(a, b));
    EXPECT_EQ(expected, diff(a, y.path));
    EXPECT_EQ(expected, diff(x.path, b));
    EXPECT_EQ(diff(y.path, x.path), diff(b, a));
    return expected;
}

// Changes of what rows are made of, in a run of several kinds.
const char *const changes[] = {
    "",
    // timing: what sites cost, from the first on and later
    "update record_site set costs = x'0200' || substr(costs, 3)"
    " where steps is null or length(steps) = 0",
    "update record_site set costs = x'0500' || substr(costs, 3)"
    " where id = (select max(id) from record_site where length(steps) > 0)",
    "update record_site set costs = substr(costs, 1, 12) || x'0100' ||"
    " substr(costs, 15) where length(steps) > 9",
    // when the instructions of a run begin
    "update record_site set steps = substr(steps, 1, 11) || x'0900' ||"
    " substr(steps, 14) where length(steps) > 18",
    // instructions, all and the last run's
    "update record_site set steps = substr(steps, 1, 4) || x'13051500' ||"
    " substr(steps, 9) where length(steps) > 0 and id ="
    " (select max(id) from record_site where length(steps) > 0)",
    "update record_site set steps = substr(steps, 1, 4) || x'13051500' ||"
    " substr(steps, 9) where length(steps) > 0",
    // another program: jumps may go elsewhere
    "insert or replace into run values('firmware_xxh3_128', 'x');"
    " update record_site set steps = substr(steps, 1, 4) || x'6f00f00f' ||"
    " substr(steps, 9) where length(steps) > 0",
    // sites
    "update site set pc = pc + 2 where id = 3",
    "update site set region_id = 3 where region_id = 5",
    "update record_site set base = base + 4 where id > 4",
    "update initiator set name = 'cpu1' where id = 1",
    "update symbol set name = 'other' where id = (select max(id) from symbol)",
    "update kind set recorded = 0 where name = 'fetch'",
    "update kind set recorded = 0 where name = 'load'",
    "update result_name set name = 'fine' where id = 0",
    // device accesses, and the end
    "update mmio_row set value = value + 1 where tx > 200",
};

const char *const otherwise =
    "update result_name set name = 'fine' where id = 0";

TEST(DiffChunks, EqualsPlainTables)
{
    string a = run_at(1000, 240);
    Plain x(a);
    int different = 0; // else: what no row or summary shows
    for (const char *change : changes) {
        Copy b(a, change);
        ASSERT_EQ("", b.error);
        string text = same_as_plain(a, b.path);
        different += text.find("\nidentical: ") == string::npos;
        // and where rows differ from the first on, in what no stream compares
        b.change(otherwise);
        EXPECT_EQ(diff(x.path, Plain(b.path).path), diff(a, b.path)) << change;
    }
    EXPECT_LE(10, different);
    unlink(a.c_str());
}

TEST(DiffChunks, TimingFromTheStart)
{
    string a = run_at(1000, 400), b = run_at(1007, 400);
    string text = same_as_plain(a, b);
    EXPECT_NE(string::npos, text.find("First different instruction: none in"))
        << text;
    EXPECT_NE(string::npos, text.find("First different timing: ")) << text;
    unlink(a.c_str());
    unlink(b.c_str());
}

TEST(DiffChunks, OtherProgramsAndOneThatEnds)
{
    string a = run_at(1000, 300), b = run_at(1000, 300, 42);
    string longer = run_at(1000, 340);
    same_as_plain(a, b);
    string text = same_as_plain(a, longer);
    EXPECT_NE(string::npos, text.find("A  has ended")) << text;
    for (const string &path : {a, b, longer}) {
        unlink(path.c_str());
    }
}

// Ids that no writer gives.
TEST(DiffChunks, IdsBeyondTheirRange)
{
    string run = run_at(1000, 60);
    for (const char *id : {"-1", "-5", "70000", "9223372036854775807"}) {
        Copy copy(run, string("update initiator set id = ") + id +
                           " where id = 2; update site set initiator_id = " +
                           id + " where initiator_id = 2");
        for (bool swap : {false, true}) {
            TraceDiff what{};
            Error *err = nullptr;
            bool failed;
            string text = printed([&](FILE *out) {
                trace_diff((swap ? run : copy.path).c_str(),
                           (swap ? copy.path : run).c_str(), &what, out, out,
                           &failed, &err);
            });
            EXPECT_EQ(text.empty(), err != nullptr);
            error_free(err);
        }
    }
    unlink(run.c_str());
}

// Every instruction sets x5 by lui (or is a c.nop), but the first of later
// runs: loads by x5. From run to run, x5 is known to hold an address.
void load_by_address(const string &path, uint32_t load)
{
    sqlite3 *db = nullptr, *to = nullptr;
    sqlite3_stmt *read = nullptr, *write = nullptr;
    sqlite3_open(path.c_str(), &db);
    sqlite3_open(path.c_str(), &to);
    sqlite3_prepare_v2(db,
                       "select id, steps from record_site where"
                       " length(steps) > 0 order by id",
                       -1, &read, nullptr);
    vector<std::pair<int64_t, vector<uint8_t>>> rows;
    while (sqlite3_step(read) == SQLITE_ROW) {
        auto p = static_cast<const uint8_t *>(sqlite3_column_blob(read, 1));
        rows.push_back({sqlite3_column_int64(read, 0),
                        {p, p + sqlite3_column_bytes(read, 1)}});
    }
    sqlite3_finalize(read);
    sqlite3_close(db);
    sqlite3_exec(to, "begin", nullptr, nullptr, nullptr);
    sqlite3_prepare_v2(to, "update record_site set steps = ? where id = ?", -1,
                       &write, nullptr);
    bool loads = false;
    for (auto &[id, steps] : rows) {
        for (size_t at = 0; at < steps.size(); at += 9) {
            uint32_t word = steps[at + 8] == 4 ? 0x000012b7 : 0x0001;
            if (steps[at + 8] == 4 && !at && &steps > &rows[4].second) {
                loads = true;
                word = load;
            }
            for (unsigned i = 0; i < 4; i++) {
                steps[at + 4 + i] = static_cast<uint8_t>(word >> 8 * i);
            }
        }
        sqlite3_bind_blob(write, 1, steps.data(), int(steps.size()),
                          SQLITE_TRANSIENT);
        sqlite3_bind_int64(write, 2, id);
        EXPECT_EQ(SQLITE_DONE, sqlite3_step(write));
        sqlite3_reset(write);
    }
    EXPECT_TRUE(loads);
    sqlite3_finalize(write);
    sqlite3_exec(to, "commit", nullptr, nullptr, nullptr);
    sqlite3_close(to);
}

TEST(DiffChunks, RegistersThatHoldAddresses)
{
    string run = run_at(1000, 500);
    Copy a(run), b(run, "insert or replace into run values("
                        "'firmware_xxh3_128', 'x')");
    b.change(otherwise);
    load_by_address(a.path, 0x0042a303);
    load_by_address(b.path, 0x0082a303);
    string text = same_as_plain(a.path, b.path);
    EXPECT_NE(string::npos,
              text.find("; only operands that may hold addresses differ"))
        << text;
    unlink(run.c_str());
}

// The first difference in the second chunk: the first is not decoded.
TEST(DiffChunks, BehindEqualChunks)
{
    string a = run_at(1000, 11000);
    ASSERT_LT(1, std::stoi(one(a, "select count(*) from chunk")));
    Copy damaged(a, "update chunk_data set body = zeroblob(600)"
                    " where id = 2");
    string ended = run_at(1000, 10950);
    Plain x(a), y(ended);
    string text = diff(a, ended);
    EXPECT_EQ(diff(x.path, y.path), text);
    EXPECT_NE(string::npos, text.find("B  has ended")) << text;
    Error *err = nullptr;
    TraceDiff what{};
    bool failed;
    EXPECT_EQ("", printed([&](FILE *out) {
                  EXPECT_FALSE(trace_diff(a.c_str(), damaged.path.c_str(),
                                          &what, out, out, &failed, &err));
              }));
    EXPECT_NE(string::npos, message(err).find(damaged.path + ": chunk 2: "));
    unlink(a.c_str());
    unlink(ended.c_str());
}

} // namespace
