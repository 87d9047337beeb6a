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
    Plain x(a), y(b);
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
    "update run set value = 'app2.elf' where key = 'firmware';"
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

TEST(DiffChunks, EqualsPlainTables)
{
    string a = run_at(1000, 300);
    int different = 0; // else: what no row or summary shows
    for (const char *change : changes) {
        Copy b(a, change);
        ASSERT_EQ("", b.error);
        string text = same_as_plain(a, b.path);
        different += text.find("\nidentical: ") == string::npos;
    }
    EXPECT_EQ(12, different);
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
