// polling_test.cc - loops that read a device register until it changes: by
// hand, and against a slow reading of the definition over the rows of mmio.
#include <algorithm>
#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/traces/synthetic.h"

namespace
{

using namespace synthetic;

const char *const all_loops =
    "select initiator, region, register, offset, pc, symbol, loops, reads, "
    "cycles, longest_reads, longest_cycles, last_value, end_value, "
    "initiator_id from polling_loop order by initiator_id, pc, region, offset";

// Accesses one by one.
struct Script : Machine {
    explicit Script(TraceStore *ts) : Machine(9)
    {
        describe(ts);
        rec = trace_recorder(ts, 0xff, false);
    }
    void access(MemoryPort &p, unsigned at, unsigned dir, uint64_t offset,
                uint64_t value, uint64_t pc, bool error = false,
                uint32_t size = 4)
    {
        unsigned kind = &p == &dma         ? ACCESS_DMA
                        : dir == DIR_READ  ? ACCESS_LOAD
                        : dir == DIR_WRITE ? ACCESS_STORE
                                           : ACCESS_AMO;
        record_room(rec, 2);
        put(site_of(p, place[at], kind, dir, size, pc),
            error ? 1 | RECORD_HAS_TIMING : 0, place[at].base + offset, value,
            cycle);
        if (error) {
            put(RECORD_TIMING, 0, 0, 0, 0);
        }
        cycle += 10;
    }
    void read(uint64_t value, uint64_t pc = 0x20000050, uint64_t offset = 4)
    {
        access(data, 2, DIR_READ, offset, value, pc);
    }
};

class Polling : public testing::Test
{
  protected:
    void SetUp() override
    {
        path = temporary("polling.db");
        ts = trace_open(path.c_str(), nullptr);
        ASSERT_TRUE(ts);
    }
    void TearDown() override { unlink(path.c_str()); }
    vector<Row> loops()
    {
        Error *err = nullptr;
        EXPECT_TRUE(trace_close(ts, &err)) << message(err);
        return rows_of_file(path, all_loops);
    }
    string path;
    TraceStore *ts = nullptr;
};

Row lsr(const vector<string> &rest)
{
    Row row = {"cpu0.data", "uart0", "LSR", "4", "536870992", "main"};
    row.insert(row.end(), rest.begin(), rest.end());
    row.push_back("2");
    return row;
}

TEST_F(Polling, AChangedValueEndsIt)
{
    Script s(ts);
    for (uint64_t value : {1, 1, 1, 1, 1, 9}) {
        s.read(value);
    }
    EXPECT_EQ(loops(),
              (vector<Row>{lsr({"1", "5", "50", "5", "50", "1", "9"})}));
}

TEST_F(Polling, ThreeReadsAreNone)
{
    Script s(ts);
    for (uint64_t value : {1, 1, 1, 2, 2, 2, 3, 2, 2}) {
        s.read(value);
    }
    EXPECT_TRUE(loops().empty());
}

TEST_F(Polling, LoopsOfAPlaceAreSummedUp)
{
    Script s(ts);
    for (uint64_t value : {0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 0, 5}) {
        s.read(value);
    }
    for (int i = 0; i < 4; i++) {
        s.read(6); // until the end of the run
    }
    EXPECT_EQ(loops(),
              (vector<Row>{lsr({"3", "14", "130", "6", "60", "6", "NULL"})}));
}

// Anything else that the initiator does to a device ends the loop.
TEST_F(Polling, OtherAccessesEndIt)
{
    Script s(ts);
    const vector<std::function<void()>> others = {
        [&] { s.access(s.data, 2, DIR_WRITE, 4, 1, 0x20000050); },
        [&] { s.access(s.data, 2, DIR_BOTH, 4, 1, 0x20000050); },
        [&] { s.access(s.data, 5, DIR_READ, 4, 1, 0x20000050); },
        [&] { s.read(1, 0x20000050, 8); },
        [&] { s.read(1, 0x20000060); },
        [&] { s.access(s.data, 2, DIR_READ, 4, 1, 0x20000050, true); },
        [&] { s.access(s.data, 2, DIR_READ, 4, 1, 0x20000050, false, 16); }};
    for (const auto &other : others) {
        for (int i = 0; i < 4; i++) {
            s.read(1);
        }
        other();
    }
    s.read(2);
    EXPECT_EQ(loops(),
              (vector<Row>{lsr({"7", "28", "210", "4", "30", "1", "NULL"})}));
}

// Memory and other initiators are no part of it.
TEST_F(Polling, OthersMayAccessBetween)
{
    Script s(ts);
    for (int i = 0; i < 5; i++) {
        s.read(1);
        s.access(s.data, 0, DIR_WRITE, 64, 3, 0x20000054);
        s.access(s.dma, 2, DIR_READ, 0, 2, 0);
    }
    s.read(2);
    EXPECT_EQ(loops(),
              (vector<Row>{lsr({"1", "5", "150", "5", "150", "1", "2"}),
                           {"dma0", "uart0", "DATA", "0", "NULL", "NULL", "1",
                            "5", "120", "5", "120", "2", "NULL", "3"}}));
}

// The definition, read slowly: a list per initiator.
vector<Row> expected(const string &path)
{
    vector<Row> rows = rows_of_file(
        path, "select x.initiator_id, m.initiator, m.region, m.offset, m.pc, "
              "m.value, m.cycle, m.dir, m.result, m.register, m.symbol, "
              "m.size from mmio m join tx t on t.rowid = m.tx join site x on "
              "x.id = t.site order by m.tx");
    std::map<string, vector<Row>> by_initiator;
    for (const Row &r : rows) {
        by_initiator[r[0]].push_back(r);
    }
    std::map<vector<string>, Row> places;
    for (const auto &[id, list] : by_initiator) {
        for (size_t i = 0, n; i < list.size(); i += n) {
            auto polls = [&](const Row &r) {
                return r[7] == "r" && r[8] == "ok" && std::stoi(r[11]) <= 8;
            };
            auto same = [&](size_t j) { // but for the value
                return j < list.size() && polls(list[j]) &&
                       list[j][2] == list[i][2] && list[j][3] == list[i][3] &&
                       list[j][4] == list[i][4];
            };
            n = 1;
            while (polls(list[i]) && same(i + n) &&
                   list[i + n][5] == list[i][5]) {
                n++;
            }
            if (n < 4) {
                continue;
            }
            bool changed = same(i + n);
            long cycles =
                std::stol(list[i + n - !changed][6]) - std::stol(list[i][6]);
            const Row &r = list[i];
            Row &p = places[{id, r[4], r[2], r[3]}];
            if (p.empty()) {
                p = {r[1], r[2], r[9], r[3], r[4], r[10], "0",
                     "0",  "0",  "0",  "0",  "",   "",    id};
            }
            auto add = [&](int at, long what) {
                p[at] = std::to_string(std::stol(p[at]) + what);
            };
            add(6, 1);
            add(7, static_cast<long>(n));
            add(8, cycles);
            p[9] =
                std::to_string(std::max(std::stol(p[9]), static_cast<long>(n)));
            p[10] = std::to_string(std::max(std::stol(p[10]), cycles));
            p[11] = r[5];
            p[12] = changed ? list[i + n][5] : "NULL";
        }
    }
    vector<Row> want;
    for (const auto &[key, row] : places) {
        want.push_back(row);
    }
    return want;
}

void random_polling(Script &s, unsigned accesses)
{
    uint64_t value = 0, pc = 0x20000050, offset = 4;
    for (unsigned i = 0; i < accesses; i++) {
        value = s.below(12) ? value : s.below(3);
        pc = s.below(40) ? pc : 0x20000050 + 2 * s.below(2);
        offset = s.below(40) ? offset : 4 * s.below(3);
        switch (s.below(30)) {
        case 0: s.access(s.data, 2, 1 + s.below(3), offset, value, pc); break;
        case 1: s.access(s.data, 5, DIR_READ, offset, value, pc); break;
        case 2: s.access(s.data, 2, DIR_READ, offset, value, pc, true); break;
        case 3:
        case 4:
        case 5: s.access(s.data, 0, DIR_READ, 64, value, pc); break;
        case 6:
        case 7:
        case 8:
        case 9:
        case 10: s.access(s.dma, 2, DIR_READ, 4, value, 0); break;
        default: s.read(value, pc, offset);
        }
    }
}

TEST_F(Polling, AsTheDefinitionSays)
{
    Script s(ts);
    random_polling(s, 2 * STORE_BUFFER + 1000);
    vector<Row> got = loops(), want = expected(path);
    ASSERT_GT(want.size(), 6u);
    std::sort(want.begin(), want.end());
    std::sort(got.begin(), got.end());
    EXPECT_EQ(want, got);
    EXPECT_LT("2", one(path, "select count(*) from chunk"));
}

// The same of what a killed run had recorded.
TEST_F(Polling, Recovered)
{
    trace_close(ts, nullptr); // no run of this process
    string killed = temporary("killed.db");
    pid_t child = fork();
    if (child == 0) {
        Script s(trace_open(killed.c_str(), nullptr));
        random_polling(s, STORE_BUFFER + 3000);
        kill(getpid(), SIGKILL);
    }
    waitpid(child, nullptr, 0);
    uint64_t rows;
    bool done;
    Error *err = nullptr;
    ASSERT_TRUE(trace_recover(killed.c_str(), &rows, &done, &err))
        << message(err);
    EXPECT_EQ(STORE_BUFFER + 3000u, rows);
    vector<Row> got = rows_of_file(killed, all_loops), want = expected(killed);
    ASSERT_GT(want.size(), 6u);
    std::sort(want.begin(), want.end());
    std::sort(got.begin(), got.end());
    EXPECT_EQ(want, got);
    unlink(killed.c_str());
}

} // namespace
