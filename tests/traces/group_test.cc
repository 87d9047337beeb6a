// tx_group: the sums that `group by` over tx gives, whatever the keys and the
// constraints.
#include <gtest/gtest.h>

#include "tests/traces/plain.h"

using namespace synthetic;

namespace
{

const char *const sums =
    "count(*), sum(result <> 'ok'), sum(size), sum(beats), sum(wait_cycles),"
    " sum(bus_cycles), sum(target_cycles), min(time), max(time),"
    " min(wait_cycles + bus_cycles + target_cycles),"
    " max(wait_cycles + bus_cycles + target_cycles)";
const char *const columns =
    "accesses, errors, bytes, beats, wait_cycles, bus_cycles, target_cycles,"
    " first_time, last_time, min_cycles, max_cycles";

class Group : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        path = temporary("group.db");
        ASSERT_TRUE(write_run(path, 29, 11000));
        ASSERT_LT(1, std::stoi(one(path, "select count(*) from chunk")));
    }
    static void TearDownTestSuite() { unlink(path.c_str()); }

    // keys: as tx_group has them, "/N" in steps.
    static string by_sql(const vector<string> &keys, const string &where,
                         const string &what)
    {
        string list;
        for (const string &key : keys) {
            size_t slash = key.find('/');
            list += slash == string::npos
                        ? key + ", "
                        : key + " * " + key.substr(slash + 1) + ", ";
        }
        string by = list.substr(0, list.size() - (list.empty() ? 0 : 2));
        return "select " + list + what + " from tx where " + where +
               (by.empty() ? "" : " group by " + by + " order by " + by);
    }
    static string by_group(const vector<string> &keys, const string &where,
                           const string &what)
    {
        string arg, list, order;
        for (size_t i = 0; i < keys.size(); i++) {
            string k = "k" + std::to_string(i + 1);
            arg += (i ? " ,  " : "") + keys[i];
            list += k + ", ";
            order += (i ? ", " : " order by ") + k;
        }
        return "select " + list + what + " from tx_group('" + arg +
               "') where " + where + order;
    }
    static string path;
};
string Group::path;

const vector<string> keys[] = {
    {},
    {"region", "kind"},
    {"initiator", "region", "kind", "dir"},
    {"pc"},
    {"symbol", "size"},
    {"site"},
    {"blocker", "dir"},
    {"initiator_id", "region_id", "symbol_id"},
    {"time/100000", "initiator"},
    {"time/37", "kind"},
    {"cycle/1000"},
    {"cycle", "initiator"},
    {"pa/4096", "dir"},
    {"pa/16"},
    {"va/64", "region"},
    {"offset/32", "region"},
    {"result", "kind", "flags"},
    {"blocker", "time/1000000"},
    {"blocker_id", "wait_cycles/4"},
    {"value"},
    {"value/1000", "kind"},
    {"beats", "bus_cycles", "target_cycles", "wait_cycles"},
};

const string constraints[] = {
    "true",
    "region = 'uart0'",
    "initiator = 'cpu0.fetch' and kind = 'fetch'",
    "dir = 'w'",
    "time >= 30000000 and time < 90000000",
    "time between 40000000 and 41000000 and region = 'ram'",
    "cycle > 20000 and cycle <= 30001",
    "pa >= 2147483648 and pa < 2147500000",
    "pc between 536870912 and 536870960",
    "value = 0",
    "result = 'error'",
    "flags = 'unaligned'",
    "blocker = 'dma0'",
    "size > 4",
    "symbol = 'nobody'",
    "region = null",
    "time >= 50000000 and value < 1000",
};

TEST_F(Group, EqualsGroupByOverTx)
{
    auto compare = [](const vector<string> &by, const string &where) {
        auto expected = rows_of_file(path, by_sql(by, where, sums));
        EXPECT_EQ(expected, rows_of_file(path, by_group(by, where, columns)))
            << by_group(by, where, columns);
    };
    for (const vector<string> &by : keys) {
        bool many = &by > &keys[9]; // groups
        compare(by, many ? "time between 20000000 and 26000000" : "true");
    }
    // windows that end where a chunk does, but for some of it
    for (const char *part : {"first_time + 30000000", "last_time - 30000000"}) {
        string edge =
            one(path, string("select ") + part + " from chunk where id = 1");
        compare(keys[1], "time <= " + edge);
        compare(keys[2], "time > " + edge);
    }
    for (const string &where : constraints) {
        compare(keys[1], where);
        compare(keys[8], where + " and time < 8000000");
    }
}

// What does not ask for costs or times is answered by less.
TEST_F(Group, CountsAlone)
{
    for (const string &where :
         {constraints[0], constraints[3], constraints[4]}) {
        EXPECT_EQ(
            rows_of_file(path, by_sql(keys[1], where, "count(*), sum(size)")),
            rows_of_file(path, by_group(keys[1], where, "accesses, bytes")));
        EXPECT_EQ(rows_of_file(path, by_sql(keys[3], where, "max(time)")),
                  rows_of_file(path, by_group(keys[3], where, "last_time")));
    }
    string data = temporary("data.db");
    Machine m(5);
    Error *err = nullptr;
    TraceStore *ts = trace_open(data.c_str(), &err);
    ASSERT_TRUE(ts);
    m.describe(ts);
    m.rec = trace_recorder(ts, 0xff & ~1u, false);
    for (unsigned i = 0; i < 3000; i++) {
        m.inline_data();
    }
    ASSERT_TRUE(trace_close(ts, &err));
    for (const vector<string> &by : {keys[1], keys[3]}) {
        EXPECT_EQ(rows_of_file(data, by_sql(by, "true", "count(*), sum(size)")),
                  rows_of_file(data, by_group(by, "true", "accesses, bytes")));
    }
    unlink(data.c_str());
}

// Constraints on what groups have come after grouping; a join gives each of
// its rows its own groups.
TEST_F(Group, AsATable)
{
    EXPECT_EQ(one(path, "select count(*) from (select 1 from tx group by pc"
                        " having count(*) > 50)"),
              one(path, "select count(*) from tx_group('pc') where"
                        " accesses > 50"));
    EXPECT_EQ(rows_of_file(path, "select region, kind, count(*) from tx where"
                                 " region in ('ram', 'uart0') group by 1, 2"
                                 " order by 1, 2"),
              rows_of_file(path, "select r.name, g.k1, g.accesses from region r"
                                 " join tx_group('kind') g on g.region = r.name"
                                 " where r.name in ('ram', 'uart0')"
                                 " order by 1, 2"));
    EXPECT_EQ(one(path, "select count(*) from tx"),
              one(path, "select accesses from tx_group"));
    EXPECT_EQ(one(path, "select count(*) from tx where kind = 'load'"),
              one(path, "select accesses from tx_group where kind = 'load'"));
    EXPECT_EQ("3", one(path, "select count(*) from (select * from"
                             " tx_group('site') limit 3)"));
    EXPECT_EQ("uart0", one(path, "select region from tx_group('kind') where"
                                 " region = 'uart0' limit 1"));
    EXPECT_EQ("no row", one(path, "select * from tx_group('kind') where"
                                  " region = 'nowhere'"));
}

// What it cannot do is an error that says what it can, never another answer.
TEST_F(Group, Refuses)
{
    const struct {
        const char *from, *says;
    } cases[] = {
        {"tx_group('regio')", "\"regio\" is no key; give up to 4 of these, "
                              "separated by commas, numbers also in steps "
                              "(time/1000000): initiator kind dir region "},
        {"tx_group('region,')", "\"\" is no key"},
        {"tx_group('kind, dir, size, pa, pc')", "\"pc\" is no key; give up "
                                                "to 4"},
        {"tx_group('rowid')", "\"rowid\" is no key"},
        {"tx_group('time/0')", "\"time/0\" is no step"},
        {"tx_group('time/')", "is no step"},
        {"tx_group('time/-5')", "is no step"},
        {"tx_group('time/5x')", "is no step"},
        {"tx_group('time/99999999999999999999')", "is no step"},
        {"tx_group('region/4')", "is no step"},
        {"tx_group('kind') where region like 'r%'",
         "region chooses transactions before they are grouped; give it as "
         "region = VALUE"},
        {"tx_group('kind') where region in ('ram', 'flash')", "region chooses"},
        {"tx_group('kind') where region <> 'ram'", "region chooses"},
        {"tx_group('kind') where region = 'ram' or region = 'flash'",
         "region chooses"},
        {"tx_group('kind') where region = 'ram' or size = 4", "chooses"},
        {"tx_group('kind') where region > 'a'", "region chooses"},
        {"tx_group('kind') where region is null", "region chooses"},
        {"tx_group('kind') where region = 'ram' collate nocase",
         "region chooses"},
        {"tx_group('kind') where time + 1 > 7", "time chooses"},
        {"tx_group('kind') where time > 'soon'",
         "time cannot be compared with \"soon\""},
        {"tx_group('kind') where time > 1.5", "time cannot be compared"},
        {"tx_group('kind') where keys > 'a'", "give the keys once"},
        {"tx_group('kind') where keys = 'pc'", "give the keys once"},
    };
    for (const auto &c : cases) {
        string answer = one(path, string("select accesses from ") + c.from);
        EXPECT_EQ(0u, answer.find("error: tx_group: ")) << c.from << answer;
        EXPECT_NE(string::npos, answer.find(c.says)) << c.from << answer;
    }
}

// Damage is an error, and so is a database whose tx is a plain table.
TEST_F(Group, Damaged)
{
    Copy copy(path, "update chunk_data set body = zeroblob(400) where id = 2");
    EXPECT_EQ(0u, one(copy.path, "select * from tx_group('pa/4096')")
                      .find("error: chunk"));
    EXPECT_EQ(0u, one(plain_run(3, 50), "select * from tx_group('kind')")
                      .find("error: "));
}

} // namespace
