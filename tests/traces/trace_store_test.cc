// The store: records in, the right rows out; totals, invariants, failures.
#include <csignal>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/traces/synthetic.h"

using namespace synthetic;

namespace
{

const char *const tx_columns =
    "rowid, time, cycle, initiator, kind, dir, va, pa, size, value, region, "
    "offset, result, wait_cycles, bus_cycles, target_cycles, blocker, pc, "
    "symbol, beats, flags";
const char *const beat_columns =
    "tx, seq, bus, region, offset, size, dir, value, time, cycles, cause";

void compare(const vector<Row> &want, const vector<Row> &got, const char *what)
{
    ASSERT_EQ(want.size(), got.size()) << what;
    for (size_t i = 0; i < want.size(); i++) {
        ASSERT_EQ(want[i], got[i]) << what << " row " << i;
    }
}

class Records : public testing::TestWithParam<uint64_t>
{
};

// Every record the recorder takes is a row, field by field; and so are beats.
TEST_P(Records, AreTheRowsTheySay)
{
    string path = temporary("rows.db");
    Machine m(GetParam());
    ASSERT_TRUE(write_run(path, 0, 4000, true, &m));
    compare(m.tx,
            rows_of_file(path, string("select ") + tx_columns +
                                   " from tx order by rowid"),
            "tx");
    compare(m.beats,
            rows_of_file(path, string("select ") + beat_columns +
                                   " from beat order by tx, seq"),
            "beat");
    EXPECT_EQ("", one(path, "select coalesce(group_concat(name || ': ' || "
                            "detail, '; '), '') from check_result where not "
                            "ok"));
    EXPECT_GE(std::stoi(one(path, "select count(*) from check_result")), 15);
    EXPECT_EQ("1", one(path, "select value from run where key = 'complete'"));
    unlink(path.c_str());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Records, testing::Range<uint64_t>(1, 7));

TEST(Store, RowsDoNotDependOnHowFullTheBufferIs)
{
    // Far more than one buffer, so that `full` runs several times.
    string path = temporary("many.db");
    Machine m(99);
    ASSERT_TRUE(write_run(path, 0, 40000, true, &m));
    EXPECT_EQ(std::to_string(m.tx.size()),
              one(path, "select count(*) from tx"));
    EXPECT_EQ(
        m.tx.back(),
        rows_of_file(path, string("select ") + tx_columns +
                               " from tx order by rowid desc limit 1")[0]);
    unlink(path.c_str());
}

// Without beats, `beat` still has those that equal their transaction, and only
// those.
TEST(Store, WithoutBeats)
{
    string path = temporary("no-beats.db");
    Machine m(12);
    ASSERT_TRUE(write_run(path, 0, 3000, true, &m, false));
    compare(m.tx,
            rows_of_file(path, string("select ") + tx_columns +
                                   " from tx order by rowid"),
            "tx");
    vector<Row> single;
    for (const Row &b : m.beats) {
        const Row &t = m.tx[std::stoul(b[0]) - 1];
        if (t[19] == "1" && t[20].find("widened") == string::npos) {
            single.push_back(b);
        }
    }
    ASSERT_LT(single.size(), m.beats.size());
    compare(single,
            rows_of_file(path, string("select ") + beat_columns +
                                   " from beat order by tx, seq"),
            "beat");
    EXPECT_EQ("0", one(path, "select sum(not ok) from check_result"));
    unlink(path.c_str());
}

TEST(Store, SameRecordsGiveTheSameFile)
{
    string a = temporary("a.db"), b = temporary("b.db");
    ASSERT_TRUE(write_run(a, 5, 2000));
    ASSERT_TRUE(write_run(b, 5, 2000));
    EXPECT_EQ(rows_of_file(a, "select * from tx order by rowid"),
              rows_of_file(b, "select * from tx order by rowid"));
    EXPECT_TRUE(read_file(a) == read_file(b));
    unlink(a.c_str());
    unlink(b.c_str());
}

TEST(Store, DerivedTablesAgreeWithTx)
{
    string path = temporary("derived.db");
    ASSERT_TRUE(write_run(path, 11, 6000));
    auto same = [&](const char *what, const string &x, const string &y) {
        vector<Row> a = rows_of_file(path, x), b = rows_of_file(path, y);
        EXPECT_FALSE(a.empty()) << what;
        compare(b, a, what);
    };
    same("mmio",
         "select tx, time, cycle, initiator, region, offset, dir, size, value, "
         "result, pc, symbol from mmio order by tx",
         "select tx.rowid, time, cycle, initiator, region, offset, dir, "
         "tx.size, value, result, pc, symbol from tx join region r on r.name "
         "= tx.region where r.type = 'io' order by 1");
    same("hot_address",
         "select region, offset, dir, accesses, bytes, wait_cycles, "
         "bus_cycles, target_cycles from hot_address order by 1, 2, 3",
         "select tx.region, iif(r.type = 'io', offset, offset / 64 * 64), dir, "
         "count(*), sum(tx.size), sum(wait_cycles), sum(bus_cycles), "
         "sum(target_cycles) from tx join region r on r.name = tx.region where "
         "kind <> 'fetch' group by 1, 2, 3 order by 1, 2, 3");
    same("tx_site",
         "select site, accesses, bytes, beats, wait_cycles from tx_site "
         "order by 1",
         "select site, count(*), sum(size), sum(beats), sum(wait_cycles) "
         "from tx group by 1 order by 1");
    same("traffic",
         "select initiator, region, kind, dir, size, accesses, errors, beats, "
         "bytes, wait_cycles, bus_cycles, target_cycles from traffic "
         "order by 1, 2, 3, 4, 5",
         "select initiator, region, kind, dir, size, count(*), "
         "sum(result <> 'ok'), sum(beats), sum(size), sum(wait_cycles), "
         "sum(bus_cycles), sum(target_cycles) from tx group by 1, 2, 3, 4, 5 "
         "order by 1, 2, 3, 4, 5");
    same("split_cost",
         "select region, kind, dir, size, accesses, beats, extra_beats, "
         "amplification from split_cost order by 1, 2, 3, 4",
         "select region, kind, dir, size, sum(accesses), sum(beats), "
         "sum(beats) - sum(accesses), 1.0 * sum(beats) / sum(accesses) from "
         "traffic group by 1, 2, 3, 4 having sum(beats) > sum(accesses) "
         "order by 1, 2, 3, 4");
    EXPECT_EQ("LSR", one(path, "select distinct register from mmio where "
                               "offset = 4"));
    // The region that nobody described is named all the same.
    EXPECT_EQ("io", one(path, "select type from region where name = 'gpio0'"));
    unlink(path.c_str());
}

TEST(Store, EventsAndFunctions)
{
    string path = temporary("events.db");
    ASSERT_TRUE(write_run(path, 3, 100));
    EXPECT_EQ(
        (vector<Row>{
            {"1", "1", "5000000", "7000000", "1666", "2333", "667", "NULL"},
            {"2", "2", "7000000", "9000000", "2333", "3000", "667", "NULL"}}),
        rows_of_file(path, "select * from phase order by seq"));
    EXPECT_EQ((vector<Row>{{"42", "7", "cpu0", "536870992", "main", "5",
                            "load access fault", "1638"}}),
              rows_of_file(path, "select * from fault"));
    EXPECT_EQ((vector<Row>{{"44", "uart0", "610062"}}),
              rows_of_file(path, "select time, device, hex(bytes) from input"));
    EXPECT_EQ((vector<Row>{{"45", "uart0", "10", "1"}}),
              rows_of_file(path, "select * from irq"));
    EXPECT_EQ(
        (vector<Row>{{"43", "guest_error", "wrote a \"read-only\" register"}}),
        rows_of_file(path, "select * from log"));
    EXPECT_EQ((vector<Row>{{"inner", "79999990", "50000000", "0"},
                           {"main", "20000000", "9999997", "7"},
                           {"_start", "10", "4", "1"}}),
              rows_of_file(path, "select symbol, cycles, instructions, entries "
                                 "from function_cost"));
    EXPECT_EQ("123456789", one(path, "select sum(cycles) from hart_cycles"));
    EXPECT_EQ("99990000", one(path, "select cycles from hart_cycles where "
                                    "category = 'executing'"));
    unlink(path.c_str());
}

TEST(Store, WithoutRecorderTheSummariesAreThere)
{
    string path = temporary("untraced.db");
    Machine m(21);
    ASSERT_TRUE(write_run(path, 0, 500, false, &m));
    EXPECT_EQ("0", one(path, "select count(*) from tx"));
    EXPECT_EQ(std::to_string(m.tx.size()),
              one(path, "select sum(accesses) from traffic"));
    EXPECT_EQ("0", one(path, "select sum(not ok) from check_result"));
    EXPECT_NE(string::npos,
              one(path, "select value from run where key = 'completeness'")
                  .find("No transaction was recorded"));
    unlink(path.c_str());
}

// A counter that lies is told on, by the invariant that is about it.
TEST(Store, InvariantsCatchWrongCounters)
{
    struct Lie {
        const char *check;
        void (*tell)(PortTraffic &);
    } lies[] = {
        {"rows = counters", [](PortTraffic &t) { t.accesses++; }},
        {"errors", [](PortTraffic &t) { t.errors++; }},
        {"beats", [](PortTraffic &t) { t.beats++; }},
        {"wait cycles", [](PortTraffic &t) { t.wait++; }},
        {"bus cycles", [](PortTraffic &t) { t.bus++; }},
        {"target cycles", [](PortTraffic &t) { t.target--; }},
        {"bytes moved", [](PortTraffic &t) { t.bytes_moved += 4; }},
    };
    for (const Lie &lie : lies) {
        string path = temporary("lie.db");
        Machine m(31);
        Error *err = nullptr;
        TraceStore *ts = trace_open(path.c_str(), &err);
        ASSERT_TRUE(ts);
        m.describe(ts);
        m.rec = trace_recorder(ts, 0xff, true);
        m.run(300);
        lie.tell(m.traffic.begin()->second);
        m.totals(ts);
        ASSERT_TRUE(trace_close(ts, &err)) << message(err);
        vector<Row> broken =
            rows_of_file(path, "select name from check_result where not ok");
        bool named = false;
        for (const Row &row : broken) {
            named |= row[0] == lie.check;
        }
        EXPECT_TRUE(named) << lie.check;
        unlink(path.c_str());
    }
}

TEST(Store, InvariantsCatchWrongRecords)
{
    auto broken = [](auto &&spoil) {
        string path = temporary("spoilt.db");
        Machine m(32);
        Error *err = nullptr;
        TraceStore *ts = trace_open(path.c_str(), &err);
        m.describe(ts);
        m.rec = trace_recorder(ts, 0xff, true);
        m.run(300);
        spoil(m, ts);
        m.totals(ts);
        EXPECT_TRUE(trace_close(ts, &err)) << message(err);
        string names = one(path, "select group_concat(name) from check_result "
                                 "where not ok");
        unlink(path.c_str());
        return names;
    };
    EXPECT_EQ("NULL", broken([](Machine &, TraceStore *) {}));
    EXPECT_NE(string::npos, broken([](Machine &m, TraceStore *) {
                                m.put(m.site_of(m.data, m.place[0], ACCESS_LOAD,
                                                DIR_READ, 4, 0x20000000),
                                      0, 0x80000000, 0, 1);
                            }).find("time per initiator"));
    EXPECT_NE(string::npos, broken([](Machine &m, TraceStore *) {
                                m.inline_data();
                                m.rec->next--; // this record is lost
                            }).find("rows = counters"));
    EXPECT_NE(string::npos, broken([](Machine &m, TraceStore *) {
                                m.put(m.site_of(m.data, m.place[0], ACCESS_LOAD,
                                                DIR_READ, 8, 0x20000000),
                                      RECORD_HAS_TIMING | RECORD_SPLIT,
                                      0x80000000, 0, m.cycle);
                                m.put(RECORD_TIMING, 0, 2, 0,
                                      2); // and no beat follows
                            }).find("beats stored"));
}

// Records that no producer writes must not crash the store.
TEST(Store, NonsenseRecordsAreAnError)
{
    std::mt19937_64 random(7);
    for (int round = 0; round < 60; round++) {
        string path = temporary("nonsense.db");
        Machine m(33);
        Error *err = nullptr;
        TraceStore *ts = trace_open(path.c_str(), &err);
        ASSERT_TRUE(ts);
        m.describe(ts);
        m.rec = trace_recorder(ts, 0xff, true);
        m.run(20);
        size_t n = static_cast<size_t>(m.rec->next - m.rec->buffer);
        for (unsigned i = 0; i < 3; i++) {
            MemoryRecord &r = m.rec->buffer[random() % n];
            static const uint32_t special[] = {RECORD_TIMING, RECORD_BEAT,
                                               RECORD_PLACE, 0xfffffff0u, 1000};
            switch (random() % 4) {
            case 0: r.site = special[random() % 5]; break;
            case 1: r.info = static_cast<uint32_t>(random()); break;
            case 2: r.value = random(); break;
            default: r.address = r.cycle = random(); break;
            }
        }
        trace_close(ts, &err); // well or not, but it returns
        message(err);
        EXPECT_EQ("ok", one(path, "pragma integrity_check"));
        unlink(path.c_str());
    }
}

// -- the file -----------------------------------------------------------------

TEST(File, AnOldRunIsReplaced)
{
    string path = temporary("old.db");
    ASSERT_TRUE(write_run(path, 1, 200));
    string first = one(path, "select count(*) from tx");
    ASSERT_TRUE(write_run(path, 2, 900));
    EXPECT_NE(first, one(path, "select count(*) from tx"));
    for (const char *suffix : {".old", "-journal", "-wal", ".old-journal"}) {
        EXPECT_NE(0, access((path + suffix).c_str(), F_OK)) << suffix;
    }
    unlink(path.c_str());
}

TEST(File, ForeignFilesAreKept)
{
    Error *err = nullptr;
    string text = temporary("notes.txt");
    write_file(text, string(5000, 'x'));
    EXPECT_FALSE(trace_open(text.c_str(), &err));
    EXPECT_NE(string::npos,
              message(err).find("is not a socscope database; remove it"));
    EXPECT_EQ(string(5000, 'x'), read_file(text));
    unlink(text.c_str());

    string other = temporary("other.db");
    sqlite3 *db = nullptr;
    sqlite3_open(other.c_str(), &db);
    sqlite3_exec(db, "create table t(x); insert into t values(1)", nullptr,
                 nullptr, nullptr);
    sqlite3_close(db);
    EXPECT_FALSE(trace_open(other.c_str(), &err));
    EXPECT_NE(string::npos, message(err).find(other));
    EXPECT_EQ("1", one(other, "select x from t"));
    unlink(other.c_str());
}

TEST(File, PlacesThatCannotBe)
{
    Error *err = nullptr;
    EXPECT_FALSE(trace_open(BINARY_DIR, &err));
    EXPECT_NE(string::npos, message(err).find("is a directory"));
    EXPECT_FALSE(trace_open("/no/such/folder/run.db", &err));
    EXPECT_NE(string::npos, message(err).find("/no/such/folder/run.db"));
    EXPECT_FALSE(trace_open("/dev/null", &err));
    EXPECT_NE(string::npos, message(err).find("not a regular file"));
    EXPECT_FALSE(trace_open("/dev/null/run.db", &err));
    string text = message(err);
    EXPECT_EQ(string::npos, text.find('\n'));
    EXPECT_NE(string::npos, text.find("give another place"));
}

// The disk fills up: the run gets an error, the file stays a database with
// every committed row and complete = 0.
TEST(File, FullDisk)
{
    string path = temporary("full.db");
    Machine m(41);
    Error *err = nullptr;
    TraceStore *ts = trace_open(path.c_str(), &err);
    ASSERT_TRUE(ts);
    m.describe(ts);
    m.rec = trace_recorder(ts, 0xff, true);
    sqlite3_exec(ts->db, "pragma max_page_count = 700", nullptr, nullptr,
                 nullptr);
    EXPECT_FALSE(trace_error(ts));
    for (int i = 0; i < 80 && !trace_error(ts); i++) {
        m.run(2500);
    }
    ASSERT_TRUE(trace_error(ts));
    EXPECT_NE(nullptr, strstr(error_message(trace_error(ts)), "disk is full"));
    m.totals(ts);
    EXPECT_FALSE(trace_close(ts, &err));
    EXPECT_NE(string::npos, message(err).find(path + ": the disk is full"));
    EXPECT_EQ("ok", one(path, "pragma integrity_check"));
    EXPECT_EQ("0", one(path, "select value from run where key = 'complete'"));
    vector<Row> got = rows_of_file(path, string("select ") + tx_columns +
                                             " from tx order by rowid");
    ASSERT_GT(got.size(), 10000u);
    ASSERT_LT(got.size(), m.tx.size());
    m.tx.resize(got.size());
    compare(m.tx, got, "tx");
    unlink(path.c_str());
}

TEST(File, HostRefusesToWrite)
{
    string path = temporary("limit.db");
    Machine m(42);
    Error *err = nullptr;
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_IGN);
    TraceStore *ts = trace_open(path.c_str(), &err);
    ASSERT_TRUE(ts);
    m.describe(ts);
    m.rec = trace_recorder(ts, 0xff, true);
    small = before;
    small.rlim_cur = 4 << 20;
    setrlimit(RLIMIT_FSIZE, &small);
    for (int i = 0; i < 80 && !trace_error(ts); i++) {
        m.run(2500);
    }
    m.totals(ts);
    EXPECT_FALSE(trace_close(ts, &err));
    setrlimit(RLIMIT_FSIZE, &before);
    string text = message(err);
    EXPECT_NE(string::npos, text.find("cannot write the database")) << text;
    EXPECT_EQ(string::npos, text.find('\n'));
    EXPECT_EQ("ok", one(path, "pragma integrity_check"));
    EXPECT_EQ("0", one(path, "select value from run where key = 'complete'"));
    EXPECT_NE(0, access((path + "-journal").c_str(), F_OK));
    unlink(path.c_str());
}

// Killed in the middle: the file opens and holds what was committed.
TEST(File, KilledRun)
{
    string path = temporary("killed.db");
    pid_t child = fork();
    if (child == 0) {
        Error *err = nullptr;
        Machine m(43);
        TraceStore *ts = trace_open(path.c_str(), &err);
        m.describe(ts);
        m.rec = trace_recorder(ts, 0xff, true);
        m.run(60000);
        _exit(ts ? 0 : 1); // no close, a transaction is open
    }
    int status = 1;
    waitpid(child, &status, 0);
    ASSERT_EQ(0, status);
    Error *err = nullptr;
    sqlite3 *db = trace_open_existing(path.c_str(), &err);
    ASSERT_TRUE(db) << message(err);
    sqlite3_close(db);
    EXPECT_EQ("ok", one(path, "pragma integrity_check"));
    EXPECT_EQ("0", one(path, "select value from run where key = 'complete'"));
    uint64_t rows = std::stoull(one(path, "select count(*) from tx"));
    EXPECT_GE(rows, 65536u);
    Machine m(43);
    MemoryRecorder spare;
    recorder_init(&spare);
    vector<MemoryRecord> buffer(1 << 16);
    spare.buffer = spare.next = buffer.data();
    spare.end = buffer.data() + buffer.size();
    spare.full = [](MemoryRecorder *r) { r->next = r->buffer; };
    m.rec = &spare;
    m.run(60000);
    recorder_fini(&spare);
    ASSERT_LE(rows, m.tx.size());
    m.tx.resize(rows);
    compare({m.tx.back()},
            rows_of_file(path, string("select ") + tx_columns +
                                   " from tx order by rowid desc limit 1"),
            "last");
    unlink(path.c_str());
    unlink((path + "-journal").c_str());
}

TEST(Store, SymbolAfterTheRecorderIsAnError)
{
    string path = temporary("late.db");
    Error *err = nullptr;
    TraceStore *ts = trace_open(path.c_str(), &err);
    ASSERT_TRUE(ts);
    trace_recorder(ts, 0xff, true);
    trace_add_symbol(ts, 1, 1, "late");
    EXPECT_TRUE(trace_error(ts));
    EXPECT_FALSE(trace_close(ts, &err));
    message(err);
    unlink(path.c_str());
}

} // namespace
