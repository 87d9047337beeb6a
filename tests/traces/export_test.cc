// export and expand: the same rows, in other clothes.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/traces/plain.h"

using namespace synthetic;

namespace
{

string exported(const string &path, const char *table, const char *where,
                TraceExportFormat format)
{
    Error *err = nullptr;
    bool ok = false;
    string text = printed([&](FILE *out) {
        ok = trace_export(path.c_str(), table, where, format, out, &err);
    });
    return ok ? text : "error: " + text + message(err);
}

class Export : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        path = temporary("export.db");
        ASSERT_TRUE(write_run(path, 5, 600));
    }
    static void TearDownTestSuite() { unlink(path.c_str()); }
    static string path;
};
string Export::path;

// Everything a name stands for in one database, as text.
vector<Row> everything(const string &file, const string &table,
                       const string &where = "1")
{
    string order = table == "tx"     ? " order by rowid"
                   : table == "beat" ? " order by tx, seq"
                                     : "";
    string sql = "select * from \"" + table + "\" where " + where;
    bool keyed = table == "run" || table == "metric" || table == "column_unit";
    return rows_of_file(file, sql + (keyed ? " order by 1" : order));
}

vector<string> tables(const string &file)
{
    vector<string> names = {"tx", "beat"};
    for (const Row &row :
         rows_of_file(file, "select name from sqlite_schema where type in "
                            "('table', 'view') order by 1")) {
        if (!query_is_private(row[0].c_str())) {
            names.push_back(row[0]);
        }
    }
    return names;
}

// A reader of RFC 4180 of our own. NULL is told from "" by the quotes.
vector<Row> read_csv(const string &text)
{
    vector<Row> rows(1);
    string field;
    bool quotes = false, quoted = false;
    for (size_t i = 0; i < text.size(); i++) {
        if (quotes) {
            if (text[i] == '"' && text[i + 1] == '"') {
                field += text[i++];
            } else if (text[i] == '"') {
                quotes = false;
            } else {
                field += text[i];
            }
        } else if (text[i] == '"') {
            quotes = quoted = true;
        } else if (text[i] == ',' || text[i] == '\r') {
            rows.back().push_back(field.empty() && !quoted ? "NULL" : field);
            field.clear();
            quoted = false;
            if (text[i] == '\r') {
                i++;
                rows.emplace_back();
            }
        } else {
            field += text[i];
        }
    }
    rows.pop_back();
    return rows;
}

TEST_F(Export, CsvHoldsEveryRowInOrder)
{
    for (const char *table : {"tx", "beat", "tx_site", "mmio", "symbol"}) {
        vector<Row> rows =
            read_csv(exported(path, table, nullptr, TRACE_EXPORT_CSV));
        ASSERT_GT(rows.size(), 3u);
        Row heading = rows[0];
        rows.erase(rows.begin());
        string columns;
        for (const string &name : heading) {
            columns += (columns.empty() ? "" : ", ") + name;
        }
        EXPECT_EQ(rows_of_file(path, "select " + columns + " from " + table),
                  rows)
            << table;
    }
    EXPECT_EQ(0u, exported(path, "tx", nullptr, TRACE_EXPORT_CSV)
                      .find("rowid,time,cycle,initiator,kind,dir,va,pa,"));
}

TEST_F(Export, WhereChooses)
{
    for (const char *where :
         {"region = 'uart0'", "kind = 'fetch' and size = 2",
          "rowid between 100 and 200", "value is null", "time > 0 or 1",
          "pc in (select address from symbol) -- the first of a function"}) {
        string text = exported(path, "tx", where, TRACE_EXPORT_JSONL);
        EXPECT_EQ(one(path, "select count(*) from tx where " + string(where)),
                  std::to_string(std::count(text.begin(), text.end(), '\n')))
            << where;
    }
    EXPECT_EQ("", exported(path, "tx", "0", TRACE_EXPORT_JSONL));
    string first = exported(path, "fault", nullptr, TRACE_EXPORT_JSONL);
    EXPECT_EQ("{\"time\": 42, \"cycle\": 7, \"hart\": \"cpu0\", \"pc\": "
              "536870992, \"symbol\": \"main\", \"cause\": 5, ",
              first.substr(0, first.find("\"cause_name\"")));
}

TEST_F(Export, BadExpressionsAreNamed)
{
    for (const char *where :
         {"nothing = 1", "region = ", ")", "1) or (nothing", "1; select 2",
          "load_extension('x')", "'", "1) union select 1 --"}) {
        string text = exported(path, "tx", where, TRACE_EXPORT_CSV);
        EXPECT_EQ(0u, text.find("error: --where \"" + string(where) + "\": "))
            << text;
    }
    string text = exported(path, "txx", nullptr, TRACE_EXPORT_CSV);
    EXPECT_NE(string::npos, text.find("there is no table txx; the tables are "))
        << text;
    EXPECT_NE(string::npos, text.find(" mmio"));
    EXPECT_NE(string::npos, exported(path, "mmio", "txx = 1", TRACE_EXPORT_CSV)
                                .find("over the columns of mmio"));
}

TEST_F(Export, ExpandKeepsEveryTable)
{
    string plain = temporary("plain.db");
    Error *err = nullptr;
    ASSERT_TRUE(trace_expand(path.c_str(), plain.c_str(), nullptr, &err))
        << message(err);
    for (const string &name : tables(path)) {
        string where = name == "run" ? "key <> 'expanded'" : "1";
        EXPECT_EQ(everything(path, name, where), everything(plain, name, where))
            << name;
    }
    EXPECT_EQ("all", one(plain, "select value from run where key ="
                                " 'expanded'"));
    // nothing but tables, of no module of ours
    EXPECT_EQ("0", one(plain, "select count(*) from sqlite_schema where type "
                              "<> 'table' and name not like 'sqlite_%' or sql "
                              "like '%virtual%'"));
    EXPECT_EQ("ok", one(plain, "pragma integrity_check"));
    // ours again: expanding twice is expanding once
    string twice = temporary("twice.db");
    ASSERT_TRUE(trace_expand(plain.c_str(), twice.c_str(), nullptr, &err));
    EXPECT_EQ(everything(plain, "tx"), everything(twice, "tx"));
    unlink(plain.c_str());
    unlink(twice.c_str());
}

TEST_F(Export, ExpandOfSome)
{
    string plain = temporary("plain.db");
    Error *err = nullptr;
    const string where = "region = 'uart0' and kind <> 'fetch'";
    ASSERT_TRUE(trace_expand(path.c_str(), plain.c_str(), where.c_str(), &err))
        << message(err);
    EXPECT_EQ(everything(path, "tx", where), everything(plain, "tx"));
    string rows = "tx in (select rowid from tx where " + where + ")";
    EXPECT_EQ(everything(path, "beat", rows), everything(plain, "beat"));
    EXPECT_EQ(everything(path, "mmio", rows), everything(plain, "mmio"));
    EXPECT_EQ(rows_of_file(path, "select site, count(*), sum(size), "
                                 "sum(wait_cycles) from tx where " +
                                     where + " group by site order by 1"),
              rows_of_file(plain, "select site, accesses, bytes, wait_cycles "
                                  "from tx_site order by site"));
    EXPECT_EQ(everything(path, "traffic"), everything(plain, "traffic"));
    EXPECT_EQ(where,
              one(plain, "select value from run where key = 'expanded'"));
    unlink(plain.c_str());
}

// Sums of chosen rows are made anew: of all rows they are what they were.
TEST_F(Export, ExpandOfAllByChoice)
{
    string plain = temporary("all.db");
    Error *err = nullptr;
    ASSERT_TRUE(trace_expand(path.c_str(), plain.c_str(), "size > 0", &err))
        << message(err);
    EXPECT_EQ(everything(path, "tx_site"), everything(plain, "tx_site"));
    unlink(plain.c_str());
}

TEST_F(Export, NoHalfFileIsLeft)
{
    string folder = temporary("folder");
    ASSERT_EQ(0, mkdir(folder.c_str(), 0777));
    string to = folder + "/plain.db";
    Error *err = nullptr;
    EXPECT_FALSE(trace_expand(path.c_str(), to.c_str(), "nothing = 1", &err));
    EXPECT_EQ(0u, message(err).find("--where \"nothing = 1\": "));
    EXPECT_EQ(0, rmdir(folder.c_str())); // it is empty
    EXPECT_FALSE(trace_expand(path.c_str(), to.c_str(), nullptr, &err));
    EXPECT_EQ(0u, message(err).find(to + ": cannot be written"));
    string before = read_file(path);
    EXPECT_FALSE(trace_expand(path.c_str(), path.c_str(), nullptr, &err));
    EXPECT_NE(string::npos, message(err).find("give another name"));
    EXPECT_EQ(before, read_file(path));
}

// What was there stays until there is something whole in its place.
TEST_F(Export, AnOldFileIsReplacedOrKept)
{
    string to = temporary("old.db");
    write_file(to, "old");
    Error *err = nullptr;
    EXPECT_FALSE(trace_expand(path.c_str(), to.c_str(), "nothing = 1", &err));
    message(err);
    EXPECT_EQ("old", read_file(to));
    EXPECT_TRUE(trace_expand(path.c_str(), to.c_str(), "rowid < 9", &err));
    EXPECT_EQ("8", one(to, "select count(*) from tx"));
    unlink(to.c_str());
}

// Whatever a file holds: an answer or one line, and no crash.
TEST_F(Export, FlippedBytes)
{
    string good = temporary("good.db"), bad = temporary("bad.db");
    string to = temporary("to.db");
    ASSERT_TRUE(write_run(good, 9, 40));
    Error *err = nullptr;
    ASSERT_TRUE(trace_expand(good.c_str(), to.c_str(), nullptr, &err));
    for (const string &whole : {read_file(good), read_file(to)}) {
        std::mt19937 dice(4);
        for (unsigned i = 0; i < 20; i++) {
            string text = whole;
            for (unsigned n = 1 + dice() % 20; n > 0; n--) {
                text[100 + dice() % (text.size() - 100)] =
                    static_cast<char>(dice() % 4 ? dice() : 0xff);
            }
            write_file(bad, text);
            bool failed;
            TraceDiff what{};
            printed([&](FILE *out) {
                trace_check(bad.c_str(), false, out, &failed, &err);
                message(err);
                trace_diff(good.c_str(), bad.c_str(), &what, out, out, &failed,
                           &err);
                message(err);
                trace_diff(bad.c_str(), good.c_str(), &what, out, out, &failed,
                           &err);
                message(err);
                trace_export(bad.c_str(), "tx", "size > 1", TRACE_EXPORT_CSV,
                             out, &err);
                message(err);
            });
            trace_expand(bad.c_str(), to.c_str(), "rowid < 20", &err);
            message(err);
        }
    }
    for (const string &file : {good, bad, to}) {
        unlink(file.c_str());
    }
}

// Headings of sql have the unit of what is in the column.
TEST_F(Export, UnitsInHeadings)
{
    auto sql = [&](const string &query, TraceFormat format) {
        return printed([&](FILE *out) {
            Error *err = nullptr;
            EXPECT_TRUE(
                trace_sql(path.c_str(), query.c_str(), format, out, &err))
                << message(err);
        });
    };
    auto first = [](const string &text) {
        return text.substr(0, text.find_first_of("\r\n"));
    };
    const string query = "select time, cycle, size as n, wait_cycles, "
                         "sum(size) as size, pc, begin_ps from tx, phase "
                         "limit 1";
    EXPECT_EQ("time [ps],cycle [cycles],n [bytes],wait_cycles,size,pc,"
              "begin_ps",
              first(sql(query, TRACE_CSV_UNITS)));
    EXPECT_EQ("time,cycle,n,wait_cycles,size,pc,begin_ps",
              first(sql(query, TRACE_CSV)));
    string heading = first(sql(query, TRACE_TABLE));
    EXPECT_NE(string::npos, heading.find("time [ps]  cycle [cycles]"))
        << heading;
    // every column of a time, of cycles or of bytes has a unit
    EXPECT_EQ(vector<Row>{},
              rows_of_file(path,
                           "select m.name, c.name from sqlite_schema m join "
                           "pragma_table_info(m.name) c left join column_unit "
                           "u on u.name = c.name where (c.name like '%cycle%' "
                           "or c.name glob '*_ps' or c.name like "
                           "'%bytes%' or c.name in ('time', 'size', 'offset', "
                           "'hz')) and u.unit is null"));
}

} // namespace
