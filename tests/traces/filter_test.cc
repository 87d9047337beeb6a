// filter_test.cc - which transactions become rows: by site and by address, in
// the store, and the last of them.

#include <functional>
#include <gtest/gtest.h>

#include "tests/traces/synthetic.h"

namespace
{

using namespace synthetic;

// -- one decision
// ---------------------------------------------------------------

struct Site {
    Site()
    {
        port.name = "dma0.master";
        site.port = &port;
        site.kind = ACCESS_DMA;
        site.dir = DIR_WRITE;
    }
    bool wanted(const TraceFilter &f, const char *region = "ram",
                bool device = false) const
    {
        return trace_filter_site(&f, &site, "dma0", region, device);
    }
    MemoryPort port{};
    MemorySite site{};
};

TEST(Filter, NothingSetIsEverything)
{
    TraceFilter f{};
    EXPECT_TRUE(trace_filter_is_open(&f));
    EXPECT_TRUE(Site().wanted(f));
    EXPECT_TRUE(Site().wanted(f, nullptr));
    EXPECT_TRUE(trace_filter_wants(&f, true, 0, 1));
    EXPECT_FALSE(trace_filter_wants(&f, false, 0, 1));
}

TEST(Filter, InitiatorsByNameOrOwner)
{
    TraceFilter f{};
    f.initiators = 1;
    for (const char *name : {"dma0", "dma0.master"}) {
        f.initiator[0] = name;
        EXPECT_TRUE(Site().wanted(f)) << name;
    }
    for (const char *name : {"dma", "dma00", "cpu0", ""}) {
        f.initiator[0] = name;
        EXPECT_FALSE(Site().wanted(f)) << name;
    }
    f.initiators = 2; // one of them
    f.initiator[1] = "dma0";
    EXPECT_TRUE(Site().wanted(f));
    EXPECT_FALSE(trace_filter_is_open(&f));
}

TEST(Filter, RegionsDirectionsAndDevices)
{
    TraceFilter f{};
    f.regions = 1;
    f.region[0] = "uart0";
    EXPECT_FALSE(Site().wanted(f, "ram"));
    EXPECT_FALSE(Site().wanted(f, nullptr));
    EXPECT_TRUE(Site().wanted(f, "uart0", true));
    f = {};
    f.dir = DIR_READ;
    EXPECT_FALSE(Site().wanted(f));
    f.dir = DIR_WRITE;
    EXPECT_TRUE(Site().wanted(f));
    f.dir = DIR_READ;
    Site amo;
    amo.site.dir = DIR_BOTH;
    EXPECT_TRUE(amo.wanted(f));
    f = {};
    f.device_kinds = 1u << ACCESS_DMA;
    EXPECT_FALSE(Site().wanted(f, "ram", false));
    EXPECT_TRUE(Site().wanted(f, "uart0", true));
    f.device_kinds = 1u << ACCESS_LOAD; // others anywhere
    EXPECT_TRUE(Site().wanted(f, "ram", false));
    EXPECT_FALSE(trace_filter_is_open(&f));
}

TEST(Filter, AnyByteInARange)
{
    TraceFilter f{};
    f.ranges = 1;
    f.range[0] = {0x100, 0x10f};
    const struct {
        uint64_t address;
        uint32_t size;
        bool wanted;
    } cases[] = {
        {0xff, 1, false},     {0xff, 2, true},   {0x100, 1, true},
        {0x10f, 8, true},     {0x110, 1, false}, {0xf8, 8, false},
        {0x80, 0x1000, true}, {0x100, 0, true},
    };
    for (const auto &c : cases) {
        EXPECT_EQ(c.wanted, trace_filter_wants(&f, true, c.address, c.size))
            << std::hex << c.address << "+" << c.size;
        EXPECT_FALSE(trace_filter_wants(&f, false, c.address, c.size));
    }
    f.ranges = 2;
    f.range[1] = {UINT64_MAX, UINT64_MAX};
    EXPECT_TRUE(trace_filter_wants(&f, true, UINT64_MAX, 1));
    EXPECT_TRUE(trace_filter_wants(&f, true, UINT64_MAX - 3, 4));
    EXPECT_FALSE(trace_filter_wants(&f, true, UINT64_MAX - 4, 4));
}

// -- in the store
// -----------------------------------------------------------------

struct Written {
    vector<Row> tx, beats, all_tx, all_beats;
    uint64_t left_out, rows;
    vector<Row> bad, skipped;
};

const char *const tx_columns =
    "time, cycle, initiator, kind, dir, va, pa, size, value, region, offset, "
    "result, wait_cycles, bus_cycles, target_cycles, blocker, pc, symbol, "
    "beats, flags";
const char *const beat_columns = "seq, bus, region, offset, size, dir, value, "
                                 "time, cycles, cause";

// The same records into two stores: all, and what `set` leaves.
Written write(uint64_t seed, const std::function<void(TraceStore *)> &set,
              const string &where, uint64_t last = 0)
{
    Written w;
    const string path[2] = {temporary("all.db"), temporary("some.db")};
    for (int i = 0; i < 2; i++) {
        Machine m(seed);
        TraceStore *ts = trace_open(path[i].c_str(), nullptr);
        m.describe(ts);
        if (i) {
            set(ts);
        }
        m.rec = trace_recorder(ts, 0xff, true);
        // Small buffers: where the first is that is not wanted matters.
        for (unsigned k = 0; k < 100; k++) {
            m.run(5);
            if (i) {
                handover_drain(ts);
            }
        }
        m.totals(ts);
        uint64_t counted = 0;
        for (const auto &[key, t] : m.traffic) {
            counted += t.accesses;
        }
        trace_set_counted(ts, counted);
        if (i) {
            trace_keep_now(ts);
        }
        w.left_out = trace_left_out(ts);
        w.rows = trace_rows(ts);
        EXPECT_TRUE(trace_close(ts, nullptr));
    }
    const string columns = tx_columns;
    string want =
        "select " + columns + " from tx where " + where + " order by rowid";
    w.all_tx = rows_of_file(path[0], want);
    w.tx =
        rows_of_file(path[1], "select " + columns + " from tx order by rowid");
    if (last && w.all_tx.size() > last) {
        w.all_tx.erase(w.all_tx.begin(), w.all_tx.end() - long(last));
    }
    const string ids = "select rowid from tx where " + where;
    w.all_beats = rows_of_file(
        path[0], string("select ") + beat_columns + " from beat where tx in (" +
                     ids + " order by rowid desc limit " +
                     std::to_string(last ? last : 1000000) +
                     ") order by tx, seq");
    w.beats = rows_of_file(path[1], string("select ") + beat_columns +
                                        " from beat order by tx, seq");
    w.bad = rows_of_file(path[1],
                         "select name, detail from check_result where not ok");
    w.skipped =
        rows_of_file(path[1], "select name from check_result where ok is null");
    unlink(path[0].c_str());
    unlink(path[1].c_str());
    return w;
}

TEST(Filter, RowsAreThoseThatSqlWouldPick)
{
    struct Case {
        string where;
        std::function<void(TraceFilter *)> set;
    };
    const vector<Case> cases = {
        {"initiator = 'dma0'",
         [](TraceFilter *f) {
             f->initiators = 1;
             f->initiator[0] = "dma0";
         }},
        {"region in ('uart0', 'flash')",
         [](TraceFilter *f) {
             f->regions = 2;
             f->region[0] = "flash";
             f->region[1] = "uart0";
         }},
        {"dir in ('w', 'rw')", [](TraceFilter *f) { f->dir = DIR_WRITE; }},
        // half of the code: runs are cut in the middle
        {"pa + size > 0x20000100 and pa < 0x20000800",
         [](TraceFilter *f) {
             f->ranges = 1;
             f->range[0] = {0x20000100, 0x200007ff};
         }},
        {"kind = 'fetch' or region in ('uart0', 'gpio0')",
         [](TraceFilter *f) {
             f->device_kinds = 0xff & ~(1u << ACCESS_FETCH);
         }},
    };
    for (const Case &c : cases) {
        SCOPED_TRACE(c.where);
        TraceFilter f{};
        c.set(&f);
        Written w = write(
            7, [&](TraceStore *ts) { trace_set_filter(ts, &f); }, c.where);
        EXPECT_GT(w.tx.size(), 20u);
        EXPECT_GT(w.left_out, 20u);
        EXPECT_EQ(w.all_tx, w.tx);
        EXPECT_EQ(w.all_beats, w.beats);
        EXPECT_EQ(vector<Row>{}, w.bad);
        EXPECT_EQ(8u, w.skipped.size());
        // and the last of these
        w = write(
            7,
            [&](TraceStore *ts) {
                trace_set_filter(ts, &f);
                trace_keep_last(ts, 19);
            },
            c.where, 19);
        EXPECT_EQ(19u, w.tx.size());
        EXPECT_EQ(w.all_tx, w.tx);
        EXPECT_EQ(w.all_beats, w.beats);
        EXPECT_EQ(vector<Row>{}, w.bad);
    }
}

TEST(Filter, TheLastAreTheLast)
{
    for (uint64_t last : {1u, 2u, 63u, 1000000u}) {
        Written w = write(
            last, [&](TraceStore *ts) { trace_keep_last(ts, last); }, "1",
            last);
        EXPECT_EQ(w.all_tx, w.tx) << last;
        EXPECT_EQ(w.all_beats, w.beats) << last;
        EXPECT_EQ(vector<Row>{}, w.bad);
        EXPECT_EQ(last < 5000, !w.skipped.empty());
    }
}

// What was not counted is found.
TEST(Filter, MissingRowsAreFound)
{
    const string path = temporary("lost.db");
    Machine m(3);
    TraceStore *ts = trace_open(path.c_str(), nullptr);
    m.describe(ts);
    TraceFilter f{};
    f.dir = DIR_READ;
    trace_set_filter(ts, &f);
    m.rec = trace_recorder(ts, 0xff, true);
    m.run(500);
    m.rec->next = m.rec->buffer; // all lost
    m.run(500);
    m.totals(ts);
    uint64_t counted = 0;
    for (const auto &[key, t] : m.traffic) {
        counted += t.accesses;
    }
    trace_set_counted(ts, counted);
    EXPECT_TRUE(trace_close(ts, nullptr));
    EXPECT_EQ("rows + left out = counters",
              one(path, "select name from check_result where not ok"));
    unlink(path.c_str());
}

} // namespace
