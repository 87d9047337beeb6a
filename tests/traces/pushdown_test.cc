// What a query asks of tx is decided chunk by chunk, run by run, row by row:
// the answers must be those of a plain table.
#include <gtest/gtest.h>
#include <random>

#include "tests/traces/synthetic.h"

using namespace synthetic;

namespace
{

class Pushdown : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        string run = temporary("pushdown.db");
        Error *err = nullptr;
        TraceStore *ts = trace_open(run.c_str(), &err);
        ASSERT_TRUE(ts) << message(err);
        Machine m(11);
        m.describe(ts);
        m.rec = trace_recorder(ts, 0xff, true);
        for (unsigned i = 0; i < 20; i++) { // small chunks
            m.run(100);
            handover_drain(ts);
        }
        ASSERT_TRUE(trace_close(ts, &err)) << message(err);
        ASSERT_EQ(SQLITE_OK, sqlite3_open(run.c_str(), &db));
        vtab_register(db);
        unlink(run.c_str());
        rows_of(db, "pragma temp_store = memory");
        rows_of(db, "create temp table plain as select * from tx");
        columns = rows_of(db, "pragma table_info(plain)");
        chunks = rows_of(db, "select id from chunk").size();
    }
    static void TearDownTestSuite() { sqlite3_close(db); }

    static vector<Row> ask(const string &table, const string &where)
    {
        return rows_of(db, "select count(*), sum(rowid), sum(pa % 1009), "
                           "min(time), group_concat(distinct kind) from (select"
                           " * from " +
                               table + " where " + where + " order by rowid)");
    }

    static sqlite3 *db;
    static vector<Row> columns;
    static size_t chunks;
};
sqlite3 *Pushdown::db;
vector<Row> Pushdown::columns;
size_t Pushdown::chunks;

// Constraints from what a row has, so that most have an answer.
TEST_F(Pushdown, AnswersOfAPlainTable)
{
    static const char *const ops[] = {"=", "<", "<=", ">", ">="};
    ASSERT_EQ(20u, chunks);
    size_t rows = std::stoul(rows_of(db, "select count(*) from plain")[0][0]);
    std::mt19937_64 random(12);
    unsigned some = 0;
    for (unsigned round = 0; round < 100; round++) {
        string id = std::to_string(1 + random() % rows);
        Row row = rows_of(db, "select * from plain where rowid = " + id)[0];
        string where;
        for (unsigned n = 1 + random() % 3; n > 0; n--) {
            size_t c = random() % row.size();
            // Often what decides most: when, where, what.
            static const char *const usual[] = {"time", "pa", "value", "kind"};
            string name = random() % 2 ? usual[random() % 4] : columns[c][1];
            string value =
                rows_of(db, "select quote(" + name +
                                ") from plain where rowid = " + id)[0][0];
            string op = ops[random() % 2 ? 0 : random() % 5];
            where +=
                (where.empty() ? "" : " and ") + name + " " + op + " " + value;
        }
        vector<Row> want = ask("plain", where);
        EXPECT_EQ(want, ask("tx", where)) << where;
        some += want[0][0] != "0";
    }
    EXPECT_GT(some, 50u);
}

// Every value there is, and its neighbours.
TEST_F(Pushdown, ValuesOfFetchesAndAccesses)
{
    vector<Row> values =
        rows_of(db, "select value, kind from plain where value is not null "
                    "group by kind, value % 7 order by random() limit 30");
    ASSERT_GE(values.size(), 10u);
    for (const Row &v : values) {
        for (const char *how : {"value = ", "value = 1 + ", "value >= "}) {
            string where = how + v[0] + " and rowid > 300";
            EXPECT_EQ(ask("plain", where), ask("tx", where)) << where;
        }
    }
}

// Windows that hold whole chunks, and those that cut them.
TEST_F(Pushdown, Windows)
{
    // Literals: what is computed, SQLite checks again.
    for (const Row &c : rows_of(
             db, "select first_time, last_time, row0, row0 + rows,"
                 " row0 + rows - 2, last_time - 1 from chunk order by id")) {
        for (string where :
             {"time between " + c[0] + " and " + c[1],
              "time > " + c[0] + " and time < " + c[1],
              "rowid between " + c[2] + " and " + c[3],
              "rowid >= " + c[2] + " and rowid < " + c[3] + " and dir = 'w'",
              "rowid <= " + c[4], "time <= " + c[5], "rowid > " + c[2],
              "time > " + c[0], "rowid < " + c[2] + " and time >= " + c[0],
              "time = " + c[1] + " and kind <> 'fetch'"}) {
            EXPECT_EQ(ask("plain", where), ask("tx", where)) << where;
        }
    }
}

TEST_F(Pushdown, Contradictions)
{
    for (const char *where :
         {"value = 1 and value = 2", "pa > 5 and pa < 5",
          "value < 3 and value"
          " > 3",
          "rowid = 5 and rowid = 6", "time < 0", "value = 'x'"}) {
        EXPECT_EQ("0", ask("tx", where)[0][0]) << where;
    }
}

} // namespace
