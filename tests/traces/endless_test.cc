// check and diff of databases in which a view without end stands for a table:
// one line, no output, and soon.
#include <gtest/gtest.h>

#include "tests/traces/plain.h"

using namespace synthetic;

namespace
{

const struct {
    const char *table, *columns;
} endless[] = {
    {"run", "n as key, n as value"},
    {"symbol", "n as id, n as address, 1 as size, 'f' as name"},
    {"chunk", "n as id, n as row0, 1 as rows, 1 as records, n as first_time,"
              " n as last_time"},
    {"tx", "n as rowid, n as time, n as cycle, 1 as site, n as pa, n as va,"
           " 1 as size, 1 as offset, 1 as value, 1 as wait_cycles,"
           " 1 as bus_cycles, 1 as target_cycles, 1 as beats, 1 as blocker_id,"
           " 1 as initiator_id, 1 as region_id, 'ok' as result, '' as flags"},
};

TEST(Endless, ViewsEndWithOneLine)
{
    string run = temporary("run.db");
    ASSERT_TRUE(write_run(run, 7, 60));
    for (const auto &e : endless) {
        string name = e.table;
        Copy copy(run, (name == "tx" ? "" : "drop table " + name + ";") +
                           "create view " + name +
                           " as with recursive c(n) as (select 1 union all"
                           " select n + 1 from c) select " +
                           e.columns + " from c");
        ASSERT_EQ("", copy.error);
        bool failed;
        Error *err = nullptr;
        EXPECT_EQ("", printed([&](FILE *out) {
                      EXPECT_FALSE(trace_check(copy.path.c_str(), false, out,
                                               &failed, &err));
                  }));
        EXPECT_EQ(copy.path + ": a query takes too long for a database that "
                              "socscope wrote; run the simulation again",
                  message(err))
            << name;
        TraceDiff what{};
        EXPECT_EQ("", printed([&](FILE *out) {
                      EXPECT_FALSE(trace_diff(run.c_str(), copy.path.c_str(),
                                              &what, out, out, &failed, &err));
                  }));
        EXPECT_EQ(0u, message(err).find(copy.path + ": a query takes too long"))
            << name;
    }
    unlink(run.c_str());
}

} // namespace
