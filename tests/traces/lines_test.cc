// lines_test.cc - what source lines cost: blocks shared out among the lines
// they come from, accesses by pc, and which lines the database keeps.
#include <gtest/gtest.h>

#include "tests/traces/synthetic.h"

namespace
{

using namespace synthetic;

struct Told {
    uint64_t address, size;
    const char *file;
    unsigned line;
};

// A database of blocks whose cost is known.
class Lines : public testing::Test
{
  protected:
    void SetUp() override
    {
        path = temporary("lines.db");
        ts = trace_open(path.c_str(), nullptr);
        ASSERT_TRUE(ts);
        trace_add_symbol(ts, 0x1000, 0x100, "f");
        trace_add_symbol(ts, 0x2000, 0x100, "g");
    }
    void TearDown() override { unlink(path.c_str()); }
    void tell(const vector<Told> &lines)
    {
        for (const Told &l : lines) {
            trace_add_line(ts, l.address, l.size, l.file, l.line);
        }
    }
    void close()
    {
        Error *err = nullptr;
        ASSERT_TRUE(trace_close(ts, &err)) << message(err);
    }
    vector<Row> costs()
    {
        return rows_of_file(path, "select hart, file, line, symbol, "
                                  "instructions, cycles from line_cost "
                                  "order by 1, 2, 3, 4");
    }
    vector<Row> kept()
    {
        return rows_of_file(path,
                            "select printf('%x', address), size, file, line "
                            "from source_line order by address");
    }
    string path;
    TraceStore *ts = nullptr;
};

TEST_F(Lines, ABlockIsSharedOutByBytes)
{
    tell({{0x1008, 2, "a.c", 12},
          {0x1000, 4, "a.c", 10},
          {0x1004, 4, "b.h", 11},
          {0x100a, 20, "a.c", 13}});
    // 12 of its bytes, of which 2 are of line 13
    summary_block(ts, "cpu0", 0x1000, 12, 100, 300, 1000);
    close();
    EXPECT_EQ(costs(), (vector<Row>{{"cpu0", "a.c", "10", "f", "100", "333"},
                                    {"cpu0", "a.c", "12", "f", "50", "167"},
                                    {"cpu0", "a.c", "13", "f", "50", "167"},
                                    {"cpu0", "b.h", "11", "f", "100", "333"}}));
    EXPECT_EQ(kept(), (vector<Row>{{"1000", "4", "a.c", "10"},
                                   {"1004", "4", "b.h", "11"},
                                   {"1008", "2", "a.c", "12"},
                                   {"100a", "20", "a.c", "13"}}));
}

TEST_F(Lines, WhatHasNoLineKeepsItsFunction)
{
    tell({{0x1004, 4, "a.c", 1}, {0x1010, 4, "a.c", 2}, {0x3000, 4, "c.c", 9}});
    summary_block(ts, "cpu0", 0x1000, 16, 1, 16, 160); // a hole on both sides
    summary_block(ts, "cpu0", 0x1012, 4, 1, 2, 20);    // ends in a hole
    summary_block(ts, "cpu0", 0x2000, 8, 1, 4, 40);    // no line at all
    summary_block(ts, "cpu0", 0x2008, 0, 0, 0, 7);     // no code
    close();
    EXPECT_EQ(costs(), (vector<Row>{{"cpu0", "NULL", "NULL", "f", "13", "130"},
                                    {"cpu0", "NULL", "NULL", "g", "4", "47"},
                                    {"cpu0", "a.c", "1", "f", "4", "40"},
                                    {"cpu0", "a.c", "2", "f", "1", "10"}}));
    EXPECT_EQ(kept(), (vector<Row>{{"1004", "4", "a.c", "1"},
                                   {"1010", "4", "a.c", "2"}}));
}

TEST_F(Lines, HartsAreApart)
{
    tell({{0x1000, 8, "a.c", 1}});
    for (const char *hart : {"cpu0", "cpu1"}) {
        summary_block(ts, hart, 0x1000, 4, 1, 2, hart[3] == '0' ? 5 : 9);
        summary_block(ts, hart, 0x1004, 4, 1, 2, 1);
    }
    close();
    EXPECT_EQ(costs(), (vector<Row>{{"cpu0", "a.c", "1", "f", "4", "6"},
                                    {"cpu1", "a.c", "1", "f", "4", "10"}}));
}

TEST_F(Lines, OverlapsAreCut)
{
    tell({{0x1000, 16, "a.c", 1},
          {0x1004, 4, "other.c", 2},  // inside
          {0x1008, 16, "other.c", 3}, // half of it
          {0x1000, 4, "other.c", 4},  // told later
          {0xfffffffffffffff0, 0xf, "top.c", 5},
          {0xfffffffffffffff0, 0x20, "wraps.c", 6},
          {0x1100, 0, "empty.c", 7}});
    summary_block(ts, "cpu0", 0x1000, 24, 1, 12, 24);
    summary_block(ts, "cpu0", 0xfffffffffffffff0, 8, 1, 2, 3);
    close();
    EXPECT_EQ(costs(), (vector<Row>{{"cpu0", "a.c", "1", "f", "8", "16"},
                                    {"cpu0", "other.c", "3", "f", "4", "8"},
                                    {"cpu0", "top.c", "5", "NULL", "2", "3"}}));
    EXPECT_EQ(kept().size(), 3u);
}

// Shares of any block add up to it, whatever the lines.
TEST_F(Lines, SharesAddUp)
{
    std::mt19937_64 random(5);
    for (uint64_t at = 0x1000; at < 0x2000;) {
        uint64_t size = 1 + random() % 12;
        if (random() % 4) {
            trace_add_line(ts, at, size,
                           ("f" + std::to_string(random() % 200)).c_str(),
                           static_cast<unsigned>(random() % 50 + 1));
        }
        at += size;
    }
    uint64_t cycles = 0, instructions = 0;
    for (uint64_t at = 0x0f80; at < 0x2100;) {
        uint64_t size = 2 + random() % 100;
        uint64_t c = random() >> (8 + random() % 50), n = random() % 1000;
        summary_block(ts, "cpu0", at, size, 1, n, c);
        cycles += c;
        instructions += n;
        at += size;
    }
    close();
    EXPECT_EQ(rows_of_file(path, "select sum(cycles), sum(instructions) from "
                                 "line_cost")[0],
              (Row{text_of(cycles), text_of(instructions)}));
    EXPECT_EQ("0", one(path, "select count(*) from check_result where not ok "
                             "and name = 'cycles by line'"));
}

TEST_F(Lines, WithoutLinesThereIsNoCost)
{
    summary_block(ts, "cpu0", 0x1000, 12, 100, 300, 1000);
    close();
    EXPECT_TRUE(costs().empty());
    EXPECT_EQ("1", one(path, "select ok from check_result where name = "
                             "'cycles by line'"));
}

// Accesses go to the line of their pc, as tx has them.
TEST(LineAccesses, AreThoseOfTx)
{
    string path = temporary("accesses.db");
    Error *err = nullptr;
    Machine m(61);
    TraceStore *ts = trace_open(path.c_str(), &err);
    ASSERT_TRUE(ts);
    m.describe(ts);
    for (uint64_t at = 0x20000100; at < 0x20000200; at += 16) {
        trace_add_line(ts, at, 16, "own.c",
                       static_cast<unsigned>((at - 0x20000100) / 16 + 1));
    }
    m.rec = trace_recorder(ts, 0xff, true);
    m.run(3000);
    for (unsigned kind : {ACCESS_FETCH, ACCESS_WALK}) { // no line's accesses
        m.put(m.site_of(m.data, m.place[0], kind, DIR_READ, 4, 0x20000110), 0,
              0x80000000, 1, m.advance());
    }
    m.totals(ts);
    ASSERT_TRUE(trace_close(ts, &err)) << message(err);
    const string of_tx =
        "select ((pc - 0x20000100) / 16) + 1, symbol, count(*), sum(size), "
        "sum(wait_cycles + bus_cycles + target_cycles) from tx where kind in "
        "('load', 'store', 'amo') and pc between 0x20000100 and 0x200001ff "
        "group by 1, 2 order by 1, 2";
    vector<Row> want = rows_of_file(path, of_tx);
    ASSERT_GT(want.size(), 3u);
    EXPECT_EQ(want, rows_of_file(path, "select line, symbol, accesses, bytes, "
                                       "stall_cycles from line_cost where "
                                       "accesses and file = 'own.c' "
                                       "order by 1, 2"));
    EXPECT_EQ(one(path, "select count(*) from tx where kind in ('load', "
                        "'store', 'amo') and pc is not null"),
              one(path, "select sum(accesses) from line_cost"));
    unlink(path.c_str());
}

} // namespace
