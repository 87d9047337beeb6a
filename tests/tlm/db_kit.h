// db_kit.h - a run's database, for the tests of sim/tlm/.
#ifndef TESTS_TLM_DB_KIT_H
#define TESTS_TLM_DB_KIT_H

#include <cstdio>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <string>
#include <utility>

#include "sim/tlm/machine.h"
#include "traces/reader.h"

namespace tlm_kit
{

// Records what a machine does into a file that goes with the object.
class Recording
{
  public:
    Recording(socscope::Machine &soc, std::string path,
              uint32_t kinds = UINT32_MAX)
        : soc_(soc), path_(std::move(path))
    {
        Error *err = nullptr;
        store_ = trace_open(path_.c_str(), &err);
        EXPECT_TRUE(store_) << error_message(err);
        soc_.attach_trace(store_, {true, kinds, true});
    }
    ~Recording() { std::remove(path_.c_str()); }
    Recording(const Recording &) = delete;
    Recording &operator=(const Recording &) = delete;

    TraceStore *store() { return store_; }
    // Before the first query.
    void end()
    {
        Error *err = nullptr;
        soc_.detach_trace();
        EXPECT_TRUE(trace_close(store_, &err)) << error_message(err);
        EXPECT_EQ(number("select count(*) from check_result where ok = 0"), 0);
    }
    // The columns of all rows, "a b c; d e f".
    std::string text(const std::string &sql)
    {
        std::string all;
        rows(sql, [&](sqlite3_stmt *st) {
            all += all.empty() ? "" : "; ";
            for (int i = 0; i < sqlite3_column_count(st); i++) {
                const auto *t = sqlite3_column_text(st, i);
                all += i ? " " : "";
                all += t ? reinterpret_cast<const char *>(t) : "-";
            }
        });
        return all;
    }
    int64_t number(const std::string &sql)
    {
        int64_t n = -1;
        rows(sql, [&](sqlite3_stmt *st) { n = sqlite3_column_int64(st, 0); });
        return n;
    }

  private:
    template <class Fn> void rows(const std::string &sql, Fn fn)
    {
        sqlite3 *db = nullptr;
        sqlite3_stmt *st = nullptr;
        EXPECT_EQ(sqlite3_open(path_.c_str(), &db), SQLITE_OK);
        EXPECT_EQ(vtab_register(db), SQLITE_OK);
        EXPECT_EQ(sqlite3_prepare_v2(db, sql.c_str(), -1, &st, nullptr),
                  SQLITE_OK)
            << sqlite3_errmsg(db);
        while (sqlite3_step(st) == SQLITE_ROW) {
            fn(st);
        }
        sqlite3_finalize(st);
        sqlite3_close(db);
    }

    socscope::Machine &soc_;
    const std::string path_;
    TraceStore *store_ = nullptr;
};

} // namespace tlm_kit
#endif
