// Reading: files that are not what they should be, one SELECT, three formats.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/traces/synthetic.h"

using namespace synthetic;

namespace
{

string with_memory(bool (*write)(FILE *, void *), void *opaque, bool *ok)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    *ok = write(f, opaque);
    fclose(f);
    string s(text, size);
    free(text);
    return s;
}

// Runs trace_sql; its output, or "error: MESSAGE".
string sql(const string &path, const string &query, TraceFormat format)
{
    struct Call {
        const string &path, &query;
        TraceFormat format;
        Error *err;
    } call{path, query, format, nullptr};
    bool ok;
    string out = with_memory(
        [](FILE *f, void *opaque) {
            auto c = static_cast<Call *>(opaque);
            return trace_sql(c->path.c_str(), c->query.c_str(), c->format, f,
                             &c->err);
        },
        &call, &ok);
    EXPECT_EQ(ok, call.err == nullptr);
    return ok ? out : "error: " + message(call.err);
}

bool report(const string &path, bool json, string *text)
{
    struct Call {
        const string &path;
        bool json;
        Error *err;
    } call{path, json, nullptr};
    bool ok;
    *text = with_memory(
        [](FILE *f, void *opaque) {
            auto c = static_cast<Call *>(opaque);
            TraceReport what{};
            what.plain = true;
            what.json = c->json;
            return trace_report(c->path.c_str(), &what, f, &c->err);
        },
        &call, &ok);
    if (!ok) {
        *text = message(call.err);
    }
    return ok;
}

class Query : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        path = temporary("query.db");
        ASSERT_TRUE(write_run(path, 17, 2000));
    }
    static void TearDownTestSuite() { unlink(path.c_str()); }
    static string path;
};
string Query::path;

// -- formats ------------------------------------------------------------------

const char *const awkward =
    "select 1 as a, null as b, 'x,\"y\"' as \"c d\" union all "
    "select -9223372036854775808, 2.5, 'line' || char(10) || 'two' union all "
    "select 7, '', x'00ff' union all select 8, 1e999, char(27) || '[31m'";

TEST_F(Query, Csv)
{
    EXPECT_EQ("a,b,c d\r\n"
              "1,,\"x,\"\"y\"\"\"\r\n"
              "-9223372036854775808,2.5,\"line\ntwo\"\r\n"
              "7,\"\",00ff\r\n"
              "8,Inf,\x1b[31m\r\n",
              sql(path, awkward, TRACE_CSV));
    EXPECT_EQ("a\r\n", sql(path, "select 1 as a where 0", TRACE_CSV));
}

TEST_F(Query, Json)
{
    EXPECT_EQ("[\n"
              "  {\"a\": 1, \"b\": null, \"c d\": \"x,\\\"y\\\"\"},\n"
              "  {\"a\": -9223372036854775808, \"b\": 2.5, \"c d\": "
              "\"line\\u000atwo\"},\n"
              "  {\"a\": 7, \"b\": \"\", \"c d\": \"00ff\"},\n"
              "  {\"a\": 8, \"b\": null, \"c d\": \"\\u001b[31m\"}\n"
              "]\n",
              sql(path, awkward, TRACE_JSON));
    EXPECT_EQ("[]\n", sql(path, "select 1 as a where 0", TRACE_JSON));
    EXPECT_EQ("[\n  {\"a\": \"\\ufffd\\ufffd\u00e9\"}\n]\n",
              sql(path, "select cast(x'80c0c3a9' as text) as a", TRACE_JSON));
}

TEST_F(Query, Table)
{
    EXPECT_EQ("                   a  b     c d\n"
              "--------------------  ----  -----------\n"
              "                   1  NULL  x,\"y\"\n"
              "-9223372036854775808   2.5  line\\x0atwo\n"
              "                   7        x'00ff'\n"
              "                   8   Inf  \\x1b[31m\n",
              sql(path, awkward, TRACE_TABLE));
    EXPECT_EQ("a\n-\n", sql(path, "select 1 as a where 0", TRACE_TABLE));
}

// Every value of every row arrives, however many rows there are.
TEST_F(Query, LongTablesStream)
{
    string out = sql(path,
                     "with recursive n(i) as (select 1 union all select i + 1 "
                     "from n where i < 5000) select i, i * i as square from n",
                     TRACE_TABLE);
    const char *p = strchr(strchr(out.c_str(), '\n') + 1, '\n') + 1;
    long long i = 0, square, want = 0;
    for (int n; sscanf(p, "%lld %lld\n%n", &i, &square, &n) == 2; p += n) {
        want++;
        ASSERT_EQ(want, i);
        ASSERT_EQ(want * want, square);
    }
    EXPECT_EQ(5000, want);
}

// What csv prints is what sqlite has, for a whole table.
TEST_F(Query, CsvRoundTrip)
{
    string out = sql(path, "select * from tx order by rowid", TRACE_CSV);
    vector<Row> rows(1, Row(1));
    for (size_t i = 0; i < out.size(); i++) {
        if (out[i] == ',') {
            rows.back().emplace_back();
        } else if (out[i] == '\r') {
            rows.emplace_back(1);
            i++;
        } else {
            rows.back().back() += out[i];
        }
    }
    rows.pop_back();
    vector<Row> want = rows_of_file(path, "select * from tx order by rowid");
    ASSERT_EQ(want.size() + 1, rows.size());
    for (size_t i = 0; i < want.size(); i++) {
        for (string &cell : want[i]) {
            cell = cell == "NULL" ? "" : cell.empty() ? "\"\"" : cell;
        }
        ASSERT_EQ(want[i], rows[i + 1]) << i;
    }
}

// -- statements
// -----------------------------------------------------------------

TEST_F(Query, OnlyOneThatReads)
{
    string before = read_file(path);
    struct Bad {
        const char *query, *says;
    } bad[] = {
        {"selec 1", "near \"selec\": syntax error"},
        {"select * from txx", "no such table: txx"},
        {"select colour from tx", "no such column: colour"},
        {"", "empty"},
        {"  -- nothing\n;", "empty"},
        {"select 1; select 2", "more than one statement"},
        {"select 1; drop table chunk", "more than one statement"},
        {"select 1; garbage", "more than one statement"},
        {"delete from chunk", "reading only"},
        {"insert into run values('a', 1)", "reading only"},
        {"create table t(x)", "reading only"},
        {"drop table chunk", "reading only"},
        {"attach '/tmp/x.db' as x", "reading only"},
        {"vacuum", "gives no rows"},
        {"vacuum into '/tmp/x.db'", "gives no rows"},
        {"begin", "reading only"},
        {"pragma journal_mode = wal", "reading only"},
        {"pragma query_only = off", "reading only"},
        {"pragma user_version = 9", "reading only"},
        {"select load_extension('x.so')", "not authorized"},
        {"with t as (select 1) update run set value = 1", "reading only"},
        {"select abs(-9223372036854775808)", "integer overflow"},
        {"select zeroblob(2000000000)", "too big"},
    };
    for (const Bad &b : bad) {
        for (TraceFormat format : {TRACE_TABLE, TRACE_CSV, TRACE_JSON}) {
            string out = sql(path, b.query, format);
            EXPECT_EQ(0u, out.find("error: " + path + ": ")) << b.query << out;
            EXPECT_NE(string::npos, out.find(b.says)) << b.query << ": " << out;
            EXPECT_EQ(string::npos, out.find('\n')) << b.query << ": " << out;
        }
    }
    EXPECT_TRUE(before == read_file(path));
    EXPECT_EQ("a\r\n1\r\n", sql(path, "select 1 as a ; -- done\n", TRACE_CSV));
    EXPECT_NE(string::npos,
              sql(path, "pragma table_info(run)", TRACE_CSV).find("key"));
    EXPECT_NE(
        string::npos,
        sql(path, "explain query plan select 1", TRACE_CSV).find("detail"));
}

// The query of the README: walks tx once, in order.
TEST_F(Query, TxIsWalkedInOrder)
{
    string plan = sql(path,
                      "explain query plan select symbol, sum(size) bytes from "
                      "tx group by symbol order by 2 desc limit 10",
                      TRACE_CSV);
    EXPECT_NE(string::npos, plan.find("SCAN tx VIRTUAL TABLE")) << plan;
    plan = sql(path, "explain query plan select * from tx order by rowid",
               TRACE_CSV);
    EXPECT_NE(string::npos, plan.find("SCAN tx VIRTUAL TABLE")) << plan;
    EXPECT_EQ(string::npos, plan.find("TEMP B-TREE")) << plan;
}

TEST_F(Query, OutputThatCannotBeWritten)
{
    FILE *full = fopen("/dev/full", "w");
    Error *err = nullptr;
    EXPECT_FALSE(trace_sql(path.c_str(), "select 1", TRACE_CSV, full, &err));
    EXPECT_NE(string::npos, message(err).find("cannot be written"));
    TraceReport what{};
    what.plain = true;
    EXPECT_FALSE(trace_report(path.c_str(), &what, full, &err));
    EXPECT_NE(string::npos, message(err).find("cannot be written"));
    fclose(full);
}

// -- files
// --------------------------------------------------------------------------

void expect_refused(const string &file, const char *says)
{
    Error *err = nullptr;
    EXPECT_FALSE(trace_open_existing(file.c_str(), &err));
    string text = message(err);
    EXPECT_EQ(0u, text.find(file + ": ")) << text;
    EXPECT_NE(string::npos, text.find(says)) << text;
    EXPECT_EQ(string::npos, text.find('\n')) << text;
    string report_text;
    EXPECT_FALSE(report(file, false, &report_text));
    EXPECT_EQ(text, report_text);
    EXPECT_EQ("error: " + text, sql(file, "select 1", TRACE_CSV));
}

TEST(Files, Refused)
{
    expect_refused("/no/such/run.db", "No such file");
    expect_refused(BINARY_DIR, "is a directory");
    expect_refused("/dev/zero", "not a regular file");
    string file = temporary("refused.db");
    write_file(file, "");
    expect_refused(file, "not a SQLite database");
    write_file(file, "hello");
    expect_refused(file, "not a SQLite database");
    write_file(file, string(100000, 'x'));
    expect_refused(file, "not a SQLite database");
    write_file(file, string("SQLite format 3\0", 16));
    expect_refused(file, "not a SQLite database");
    unlink(file.c_str());
}

void change(const string &file, const char *statements)
{
    sqlite3 *db = nullptr;
    sqlite3_open(file.c_str(), &db);
    char *text = nullptr;
    ASSERT_EQ(SQLITE_OK, sqlite3_exec(db, statements, nullptr, nullptr, &text))
        << text;
    sqlite3_close(db);
}

TEST(Files, ForeignAndNewer)
{
    string file = temporary("foreign.db");
    change(file, "create table run(key, value); insert into run values("
                 "'schema_version', 1)");
    expect_refused(file, "socscope did not write");
    change(file, "pragma application_id = 0x534f4353");
    sqlite3 *db = trace_open_existing(file.c_str(), nullptr);
    EXPECT_TRUE(db); // ours as far as the head goes; the report finds out
    sqlite3_close(db);
    string text;
    EXPECT_FALSE(report(file, false, &text));
    EXPECT_NE(string::npos, text.find("no such table: metric")) << text;
    change(file, "update run set value = 3");
    expect_refused(file, "schema version 3, this program reads up to 2; use a "
                         "newer socscope");
    change(file, "update run set value = 'x'");
    expect_refused(file, "no table `run`");
    change(file, "drop table run");
    expect_refused(file, "no table `run`");
    unlink(file.c_str());
}

// A metric of a hostile database can neither write nor hang the report.
TEST(Files, HostileMetrics)
{
    string good = temporary("good.db"), file = temporary("hostile.db");
    ASSERT_TRUE(write_run(good, 23, 50));
    const char *attacks[] = {
        "update metric set sql = 'delete from run'",
        "update metric set sql = 'select 1; delete from run'",
        "update metric set sql = 'with recursive n(i) as (select 1 union all "
        "select i + 1 from n) select count(*) from n'",
        "update metric set sql = 'select * from no_such'",
        "update metric set sql = null",
        "update metric set sql = x'00ff'",
        "delete from metric",
        "drop table metric",
        "drop table traffic",
        "drop table chunk; create view metric2 as select 1",
        "drop table hart; create view hart as with recursive n(i) as (select 1 "
        "union all select i + 1 from n) select i as cycles, i as idle_cycles, "
        "i "
        "as instructions, i as traps, i as interrupts from n",
    };
    for (const char *attack : attacks) {
        write_file(file, read_file(good));
        change(file, attack);
        string before = read_file(file), text;
        time_t begin = time(nullptr);
        report(file, false, &text);
        EXPECT_FALSE(text.empty());
        bool ok = report(file, true, &text);
        EXPECT_TRUE(ok || text.find('\n') == string::npos) << text;
        EXPECT_TRUE(before == read_file(file)) << attack;
        EXPECT_LE(time(nullptr) - begin, 30) << attack;
    }
    unlink(good.c_str());
    unlink(file.c_str());
}

// Text from a database cannot act upon the terminal.
TEST(Files, HostileText)
{
    string file = temporary("text.db");
    ASSERT_TRUE(write_run(file, 24, 50));
    change(file,
           "update function_cost set symbol = char(27) || '[2J' || "
           "char(10) || char(155); update run set value = char(27) || ']0;"
           "x' || char(7) where key in ('firmware', 'completeness')");
    string text;
    ASSERT_TRUE(report(file, false, &text)) << text;
    for (char c : text) {
        EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << int(c);
    }
    unlink(file.c_str());
}

// Bytes changed anywhere: an error of one line, or rows, but never a crash.
TEST(Files, Damaged)
{
    string good = temporary("whole.db"), file = temporary("damaged.db");
    ASSERT_TRUE(write_run(good, 25, 60));
    const string bytes = read_file(good);
    std::mt19937_64 random(4);
    unsigned refused = 0;
    for (int round = 0; round < 200; round++) {
        string copy = bytes;
        if (round % 4 == 0) {
            copy.resize(100 + random() % (copy.size() - 100));
        } else {
            size_t at =
                round % 4 == 1 ? random() % 8192 : random() % copy.size();
            for (unsigned i = 0; i < 1u << random() % 9; i++) {
                copy[(at + i) % copy.size()] = static_cast<char>(random());
            }
        }
        write_file(file, copy);
        string text;
        if (!report(file, round % 2, &text)) {
            refused++;
            EXPECT_EQ(string::npos, text.find('\n')) << text;
            EXPECT_NE(string::npos, text.find(file)) << text;
        }
        string out = sql(file, "select * from tx", TRACE_TABLE);
        EXPECT_FALSE(out.empty());
    }
    EXPECT_GT(refused, 20u);
    unlink(good.c_str());
    unlink(file.c_str());
    unlink((file + "-journal").c_str());
}

} // namespace
