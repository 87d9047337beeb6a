// The report: every number it prints is a metric, and each metric is what its
// SQL says; docs/database.md names every table and column.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <regex>
#include <set>

#include "tests/traces/synthetic.h"

using namespace synthetic;

namespace
{

string report(const string &path, bool json,
              const vector<const char *> &sections = {}, bool all = false)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    TraceReport what{};
    what.plain = true;
    what.all = all;
    what.json = json;
    what.section = sections.data();
    what.sections = sections.size();
    Error *err = nullptr;
    bool ok = trace_report(path.c_str(), &what, f, &err);
    fclose(f);
    string s(text, size);
    free(text);
    EXPECT_TRUE(ok) << message(err);
    return s;
}

class Report : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        path = temporary("report.db");
        ASSERT_TRUE(write_run(path, 51, 5000));
        sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
        vtab_register(db);
    }
    static void TearDownTestSuite()
    {
        sqlite3_close(db);
        unlink(path.c_str());
    }
    // The JSON report, as a table of sqlite that takes it apart.
    static sqlite3 *json_db(const string &json)
    {
        sqlite3 *j = nullptr;
        sqlite3_open(":memory:", &j);
        sqlite3_exec(j, "create table r(j)", nullptr, nullptr, nullptr);
        sqlite3_stmt *stmt = nullptr;
        sqlite3_prepare_v2(j, "insert into r values(?)", -1, &stmt, nullptr);
        sqlite3_bind_text(stmt, 1, json.c_str(), -1, SQLITE_STATIC);
        sqlite3_step(stmt);
        sqlite3_finalize(stmt);
        return j;
    }
    static string path;
    static sqlite3 *db;
};
string Report::path;
sqlite3 *Report::db;

// Each metric, run by its SQL here, is what the JSON report says, and scalar
// ones are what the table keeps.
TEST_F(Report, MetricsAreWhatTheirSqlSays)
{
    sqlite3 *j = json_db(report(path, true));
    ASSERT_EQ("1", rows_of(j, "select json_valid(j) from r")[0][0]);
    unsigned scalars = 0, tables = 0, cells = 0;
    vector<Row> all = rows_of(db, "select name, sql, value, unit, definition, "
                                  "exactness from metric order by name");
    ASSERT_GT(all.size(), 15u);
    for (size_t m = 0; m < all.size(); m++) {
        const string &name = all[m][0], &sql = all[m][1];
        string at = "$.metrics[" + std::to_string(m) + "]";
        EXPECT_EQ(name, rows_of(j, "select json_extract(j, '" + at +
                                       ".name') from r")[0][0]);
        EXPECT_NE("", all[m][3]) << name << " has no unit";
        EXPECT_NE("", all[m][4]) << name << " has no definition";
        EXPECT_TRUE(all[m][5] == "exact" || all[m][5] == "modelled") << name;
        vector<Row> want = rows_of(db, sql);
        if (all[m][3] != "table") {
            scalars++;
            ASSERT_EQ(1u, want.size());
            ASSERT_EQ(1u, want[0].size());
            EXPECT_EQ(want[0][0], rows_of(j, "select json_extract(j, '" + at +
                                                 ".value') from r")[0][0])
                << name;
            EXPECT_EQ(std::stod(want[0][0]), std::stod(all[m][2])) << name;
            continue;
        }
        tables++;
        vector<Row> got = rows_of(
            j, "select json_group_array(c.value) from r, json_each(j, '" + at +
                   ".rows') w, json_each(w.value) c group by w.key "
                   "order by w.key");
        ASSERT_EQ(want.size(), got.size()) << name;
        for (size_t i = 0; i < want.size(); i++) {
            for (size_t c = 0; c < want[i].size(); c++, cells++) {
                string cell = at + ".rows[" + std::to_string(i) + "][" +
                              std::to_string(c) + "]";
                string got_cell = rows_of(j, "select json_extract(j, '" + cell +
                                                 "') from r")[0][0];
                char *end;
                double number = strtod(want[i][c].c_str(), &end);
                if (*end == 0 && !want[i][c].empty()) {
                    EXPECT_EQ(number, std::stod(got_cell)) << name;
                } else {
                    EXPECT_EQ(want[i][c], got_cell) << name;
                }
            }
            if (i == 20) {
                break; // json_extract is slow; the count was compared
            }
        }
    }
    EXPECT_GE(scalars, 10u);
    EXPECT_GE(tables, 9u);
    EXPECT_GT(cells, 300u);
    sqlite3_close(j);
}

// The SQL means what its definition says: against what the test knows itself.
TEST_F(Report, MetricsMeanWhatTheySay)
{
    string file = temporary("meaning.db");
    Machine m(54);
    ASSERT_TRUE(write_run(file, 0, 2000, true, &m));
    double bytes = 0, failed = 0, waits = 0, fetches = 0, uart = 0;
    for (const Row &t : m.tx) {
        bytes += std::stod(t[8]);
        failed += t[12] != "ok";
        waits += std::stod(t[13]);
        fetches += t[4] == "fetch";
        uart += t[10] == "uart0";
    }
    auto is = [&](const string &sql, double want) {
        EXPECT_EQ(want, std::stod(one(file, sql))) << sql;
    };
    auto scalar = [&](const string &name, double want) {
        is("select value from metric where name = '" + name + "'", want);
    };
    scalar("transactions", static_cast<double>(m.tx.size()));
    scalar("tx_rows", static_cast<double>(m.tx.size()));
    scalar("bytes", bytes);
    scalar("failed_transactions", failed);
    scalar("wait_cycles", waits);
    scalar("cycles", 123456789);
    scalar("instructions", 60000001);
    scalar("cpi", 1.667);
    scalar("traps", 3);
    scalar("interrupts", 5);
    scalar("checks_failed", 0);
    EXPECT_NEAR(static_cast<double>(m.end_ps()) / 1e6,
                std::stod(one(file, "select value from metric where name = "
                                    "'simulated_time'")),
                0.001);
    auto table = [&](const string &name, const string &pick) {
        return one(file, "select " + pick + " from (" +
                             one(file, "select sql from metric where name = '" +
                                           name + "'") +
                             ")");
    };
    EXPECT_EQ("81.0", table("cycles_by_category",
                            "max(iif(category = 'executing', share_percent, "
                            "0))"));
    EXPECT_EQ("inner", table("cycles_by_function", "function"));
    EXPECT_EQ("80.0", table("cycles_by_function", "max(share_percent)"));
    EXPECT_EQ("1.6", table("cycles_by_function", "cpi"));
    EXPECT_EQ(fetches, std::stod(table("cycles_by_region",
                                       "sum(iif(what = 'fetch', accesses, "
                                       "0))")));
    EXPECT_EQ(uart,
              std::stod(table("cycles_by_region",
                              "sum(iif(region = 'uart0', accesses, 0))")));
    EXPECT_EQ(static_cast<double>(m.tx.size()),
              std::stod(table("cycles_by_region", "sum(accesses)")));
    EXPECT_NEAR(100, std::stod(table("cycles_by_region", "sum(share_percent)")),
                0.5);
    EXPECT_EQ("32", table("bus_utilisation", "width_bits"));
    EXPECT_NEAR(100.0 * static_cast<double>(m.bus.lane.busy_cycles) /
                    static_cast<double>(m.cycle + 100),
                std::stod(table("bus_utilisation", "busy_percent")), 0.1);
    EXPECT_NEAR(100.0 * static_cast<double>(m.bus.lane.bytes) / 4 /
                    static_cast<double>(m.cycle + 100),
                std::stod(table("bus_utilisation", "of_peak_percent")), 0.1);
    EXPECT_EQ("cpu0.data", table("bus_contention", "initiator"));
    EXPECT_EQ("dma0", table("bus_contention", "blocked_by"));
    EXPECT_EQ("70", table("bus_contention", "max(wait_cycles)"));
    EXPECT_EQ("667", table("phase_cycles", "cycles"));
    EXPECT_EQ(failed, std::stod(table("failures", "sum(errors)")));
    unlink(file.c_str());
}

// Every number in the text, sentence and hints apart, is a cell of a metric
// rounded to the digits shown.
TEST_F(Report, EveryNumberIsAMetric)
{
    string text = report(path, false);
    vector<double> known;
    std::set<string> words;
    for (const Row &m : rows_of(db, "select sql from metric")) {
        for (const Row &row : rows_of(db, m[0])) {
            for (const string &cell : row) {
                char *end;
                double v = strtod(cell.c_str(), &end);
                if (*end == 0 && !cell.empty()) {
                    known.push_back(v);
                } else {
                    words.insert(cell);
                }
            }
        }
    }
    std::istringstream lines(text);
    string line;
    unsigned numbers = 0;
    while (std::getline(lines, line)) {
        if (line.find("more: socscope report") != string::npos) {
            continue; // as long as the name of the file
        }
        EXPECT_LE(line.size(), 100u) << line;
        std::istringstream tokens(line);
        string token;
        while (tokens >> token) {
            if (token.back() == ',') { // of the sentence
                token.pop_back();
            }
            if (!std::regex_match(
                    token,
                    std::regex("-?[0-9]{1,3}(,[0-9]{3})*(\\.[0-9]+)?"))) {
                EXPECT_FALSE(std::regex_match(token, std::regex("-?[0-9.,]+")))
                    << "no separators: " << token;
                continue;
            }
            size_t point = token.find('.');
            double digits = point == string::npos
                                ? 0
                                : static_cast<double>(token.size() - point - 1);
            string plain;
            for (char c : token) {
                plain += c == ',' ? "" : string(1, c);
            }
            double v = std::stod(plain), best = INFINITY;
            for (double k : known) {
                best = std::min(best, std::fabs(k - v));
            }
            numbers++;
            EXPECT_LE(best, digits > 0 ? 0.5001 * std::pow(10, -digits) : 0)
                << token << " in: " << line;
        }
    }
    EXPECT_GT(numbers, 150u);
    for (const char *must : {"123,456,789 cycles",
                             "60,000,001 instructions",
                             "Where did the cycles go  [cycles_by_category]",
                             "uart0.LSR",
                             "blocked by",
                             "amplification",
                             "clock",
                             "app.elf on paper",
                             "inner",
                             "[phase_cycles]",
                             "(+",
                             "failed: 0 checks",
                             "idle",
                             "target",
                             "[latency]",
                             "peak MB/s",
                             "[hot_pages]",
                             "[hot_pcs]",
                             "paper.c:2",
                             "uart0.BIG",
                             "[read_write_mix]",
                             "[access_sizes]"}) {
        EXPECT_NE(string::npos, text.find(must)) << must << " in\n" << text;
    }
    EXPECT_EQ(string::npos, text.find("BROKEN"));
    EXPECT_EQ(string::npos, text.find('\033'));
}

unsigned lines_in(const string &text)
{
    return static_cast<unsigned>(std::count(text.begin(), text.end(), '\n'));
}

// What is not shown is counted, and --all shows it.
TEST_F(Report, HintsCanBeRun)
{
    string text = report(path, false);
    std::regex hint(
        "\\(\\+([0-9,]+) more: socscope report (\\S+) (\\S+) --all\\)");
    unsigned found = 0;
    for (std::sregex_iterator i(text.begin(), text.end(), hint), end; i != end;
         ++i, ++found) {
        string name = (*i)[3], count = (*i)[1];
        EXPECT_EQ(path, (*i)[2]);
        count.erase(std::remove(count.begin(), count.end(), ','), count.end());
        string some = report(path, false, {name.c_str()});
        string all = report(path, false, {name.c_str()}, true);
        EXPECT_EQ(lines_in(some) - 1 + std::stoul(count), lines_in(all));
        EXPECT_EQ(string::npos, all.find(" more: "));
    }
    EXPECT_GE(found, 2u);
}

TEST_F(Report, SectionsByName)
{
    string whole = report(path, false);
    EXPECT_EQ(0u, whole.find(report(path, false, {"overview"})));
    EXPECT_LE(lines_in(report(path, false, {"overview"})), 26u);
    string two = report(path, false, {"buses", "functions"});
    EXPECT_EQ(0u, two.find("Buses  [bus_utilisation]\n"));
    EXPECT_NE(string::npos, two.find("\n\nFunctions  [cycles_by_function]\n"));
    EXPECT_EQ(string::npos, two.find("[latency]"));
    TraceReport what{};
    const char *unknown = "bus";
    what.section = &unknown;
    what.sections = 1;
    Error *err = nullptr;
    EXPECT_FALSE(trace_report(path.c_str(), &what, stdout, &err));
    string text = message(err);
    EXPECT_EQ(0u, text.find("no section \"bus\"; there are overview, "));
    // each of those it names is one
    std::istringstream names(text.substr(text.find("are ") + 4));
    string name;
    unsigned count = 0;
    for (; std::getline(names, name, ','); count++) {
        name = name.substr(name.find_first_not_of(' '));
        report(path, false, {name.c_str()});
    }
    EXPECT_EQ(24u, count);
}

// A slot of the line is what the rows of the metric say.
TEST_F(Report, TrafficOverTime)
{
    string file = temporary("traffic.db");
    ASSERT_TRUE(write_run(file, 51, 300));
    sqlite3 *change = nullptr;
    sqlite3_open(file.c_str(), &change);
    sqlite3_exec(
        change,
        "delete from traffic_window; update run set value = 4000000 "
        "where key = 'time_ps';"
        "with w(i, bytes) as (values (0, 80), (1, 0), (2, 10), (3, 41)) "
        "insert into traffic_window select i * 1000000, (i + 1) * 1000000, "
        "'cpu0.data', 'ram', 'load', 'r', 1, bytes, bytes, 0, 0, 0, 2, 3 "
        "from w;"
        "insert into traffic_window values (2000000, 3000000, 'dma0', 'ram', "
        "'dma', 'w', 1, 64, 64, 0, 0, 0, 3, 3);",
        nullptr, nullptr, nullptr);
    sqlite3_close(change);
    string text = report(file, false, {"traffic"});
    EXPECT_TRUE(std::regex_search(
        text, std::regex("\n  cpu0.data +\\|# _\\+\\| +80\\.00 +6\\.0\n")))
        << text;
    EXPECT_TRUE(std::regex_search(
        text, std::regex("\n  dma0 +\\|  # \\| +64\\.00 +4\\.8\n")))
        << text;
    EXPECT_NE(string::npos, text.find("0 to 4.000 us")) << text;
    unlink(file.c_str());
}

// A run shorter than a window has one slot.
TEST_F(Report, TrafficOfAShortRun)
{
    string file = temporary("short.db");
    ASSERT_TRUE(write_run(file, 51, 3));
    string text = report(file, false, {"traffic"});
    EXPECT_TRUE(std::regex_search(text, std::regex("\n  cpu0.data +\\|#\\| ")))
        << text;
    unlink(file.c_str());
}

// Several harts: a row of shares for each instead of a row per category.
TEST_F(Report, ManyHarts)
{
    string file = temporary("harts.db");
    Machine m(5);
    Error *err = nullptr;
    TraceStore *ts = trace_open(file.c_str(), &err);
    ASSERT_TRUE(ts);
    m.describe(ts);
    for (int i = 0; i < 9; i++) {
        string name = "cpu" + std::to_string(i);
        HartFigures h{};
        h.name = name.c_str();
        h.profile = h.profile_source = "paper";
        h.timing_level = "table";
        h.timing_estimates = i > 4 ? "wfi" : nullptr;
        h.counters.cycles = 1000;
        h.counters.idle = static_cast<uint64_t>(100 * i);
        h.counters.walk = 7;
        summary_hart(ts, &h);
        summary_block(ts, name.c_str(), 0x20000040, 8, 1, 4,
                      1000 - h.counters.idle);
    }
    ASSERT_TRUE(trace_close(ts, &err)) << message(err);
    string text = report(file, false);
    EXPECT_NE(string::npos, text.find("Where did the cycles go  "
                                      "[cycles_by_hart]"));
    EXPECT_TRUE(std::regex_search(
        text, std::regex("\n  cpu3 +1,000 +69\\.3 +0\\.0 +0\\.0 +0\\.0 +"
                         "0\\.0 +0\\.7 +30\\.0\n")))
        << text;
    EXPECT_NE(string::npos, text.find("\n  timing: paper, table\n"
                                      "  timing: paper, table; "
                                      "estimate: wfi\n"));
    EXPECT_NE(string::npos, text.find("\n  timing: paper, table; paper\n"
                                      "  timing: paper, table; paper; "
                                      "estimate: wfi\n"));
    EXPECT_NE(string::npos, text.find("Cycles by category  "));
    EXPECT_EQ(2u + 24 + 1, lines_in(report(file, false, {"cycles"})));
    EXPECT_EQ(2u + 26, lines_in(report(file, false, {"cycles"}, true)));
    unlink(file.c_str());
}

// Names of any length and bytes keep the table in its width and the terminal
// unharmed.
TEST_F(Report, HostileNames)
{
    string file = temporary("names.db");
    ASSERT_TRUE(write_run(file, 51, 300));
    sqlite3 *change = nullptr;
    sqlite3_open(file.c_str(), &change);
    sqlite3_exec(change,
                 "update function_cost set symbol = char(27) || '[31m' || "
                 "hex(zeroblob(5000)) || symbol;"
                 "update line_cost set file = '../' || char(10) || "
                 "hex(zeroblob(5000)) || '/' || hex(zeroblob(100));"
                 "update traffic_window set initiator = hex(zeroblob(500)), "
                 "begin_ps = -1000000000, bytes = 1000000000000;"
                 "update metric set sql = 'select 1 as ' || "
                 "'\"' || hex(zeroblob(999)) || ' a b c d e f g h\", ' || "
                 "'1e308 as share_percent, null as x, ''y'' as \"\"' "
                 "where name = 'bus_utilisation'",
                 nullptr, nullptr, nullptr);
    sqlite3_close(change);
    string text = report(file, false);
    EXPECT_EQ(string::npos, text.find('\033'));
    EXPECT_NE(string::npos, text.find("?[31m00")) << text;
    std::istringstream lines(text);
    for (string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 250u) << line;
    }
    unlink(file.c_str());
}

TEST_F(Report, EmptySectionsSayWhy)
{
    string file = temporary("untraced.db");
    ASSERT_TRUE(write_run(file, 52, 300, false));
    string text = report(file, false);
    EXPECT_NE(string::npos, text.find("Hottest registers: not recorded; run "
                                      "with --trace"));
    EXPECT_NE(string::npos, text.find("No transaction was recorded"));
    EXPECT_EQ(string::npos, text.find("INCOMPLETE"));
    unlink(file.c_str());

    Error *err = nullptr;
    TraceStore *ts = trace_open(file.c_str(), &err);
    ASSERT_TRUE(ts);
    ASSERT_TRUE(trace_close(ts, &err)); // nothing happened at all
    text = report(file, false);
    EXPECT_NE(string::npos, text.find("Where did the cycles go: no hart ran"));
    EXPECT_NE(string::npos, text.find("Who blocked whom: nobody waited"));
    EXPECT_EQ(string::npos, text.find("Phases"));
    report(file, true);
    unlink(file.c_str());
}

TEST_F(Report, SaysWhatIsWrong)
{
    string file = temporary("broken.db");
    Machine m(53);
    Error *err = nullptr;
    TraceStore *ts = trace_open(file.c_str(), &err);
    ASSERT_TRUE(ts);
    m.describe(ts);
    m.rec = trace_recorder(ts, 0xff, true);
    m.run(100);
    m.traffic.begin()->second.accesses++;
    m.totals(ts);
    ASSERT_TRUE(trace_close(ts, &err));
    string text = report(file, false);
    EXPECT_NE(string::npos, text.find("BROKEN rows = counters: ")) << text;
    sqlite3 *change = nullptr;
    sqlite3_open(file.c_str(), &change);
    sqlite3_exec(change, "update run set value = 0 where key = 'complete'",
                 nullptr, nullptr, nullptr);
    sqlite3_close(change);
    EXPECT_NE(string::npos, report(file, false).find("INCOMPLETE"));
    unlink(file.c_str());
}

// -- docs/database.md
// ----------------------------------------------------------

TEST_F(Report, EveryColumnIsDocumented)
{
    string doc = read_file(string(SOURCE_DIR) + "/docs/database.md");
    ASSERT_FALSE(doc.empty());
    std::map<string, string> section;
    std::istringstream lines(doc);
    string line, now;
    while (std::getline(lines, line)) {
        if (line.compare(0, 5, "### `") == 0) {
            now = line.substr(5, line.find('`', 5) - 5);
        } else if (line.compare(0, 2, "##") == 0) {
            now = "";
        }
        section[now] += line + "\n";
    }
    unsigned columns = 0;
    for (const Row &t : rows_of(db, "select name from sqlite_schema where type "
                                    "in ('table', 'view') union all values "
                                    "('tx'), ('beat')")) {
        ASSERT_TRUE(section.count(t[0])) << "no section ### `" << t[0] << "`";
        for (const Row &c : rows_of(
                 db, "select name from pragma_table_xinfo('" + t[0] + "')")) {
            columns++;
            EXPECT_NE(string::npos, section[t[0]].find("`" + c[0] + "`"))
                << t[0] << "." << c[0];
        }
    }
    EXPECT_GT(columns, 150u);
    for (const auto &[name, text] : section) {
        if (!name.empty()) {
            EXPECT_NE("0", rows_of(db, "select count(*) from pragma_table_"
                                       "xinfo('" +
                                           name + "')")[0][0])
                << "docs/database.md describes " << name;
        }
    }
}

TEST_F(Report, ExamplesOfTheDocumentRun)
{
    string doc = read_file(string(SOURCE_DIR) + "/docs/database.md");
    unsigned examples = 0;
    for (size_t at = 0; (at = doc.find("```sql\n", at)) != string::npos;) {
        at += 7;
        string sql = doc.substr(at, doc.find("```", at) - at);
        examples++;
        vector<Row> rows = rows_of(db, sql);
        ASSERT_FALSE(rows.empty()) << sql;
        EXPECT_NE(0u, rows.back()[0].find("error")) << sql << rows.back()[0];
    }
    EXPECT_GE(examples, 8u);
}

TEST_F(Report, MetricsAreDocumented)
{
    string doc = read_file(string(SOURCE_DIR) + "/docs/database.md");
    for (const Metric *m = metrics; m->name; m++) {
        EXPECT_NE(string::npos, doc.find(string("`") + m->name + "`"))
            << m->name;
    }
}

} // namespace
