// What is counted beside the rows (tx_site, traffic_window, latency_histogram,
// hot_address, hot_page) is what SQL makes of the rows, and the metrics are
// what it makes of these.
#include <algorithm>
#include <functional>
#include <gtest/gtest.h>

#include "tests/traces/synthetic.h"

namespace
{

using namespace synthetic;

void same(const string &path, const char *what, const string &counted,
          const string &from_rows)
{
    vector<Row> want = rows_of_file(path, from_rows);
    vector<Row> got = rows_of_file(path, counted);
    EXPECT_FALSE(want.empty()) << what;
    ASSERT_EQ(want.size(), got.size()) << what;
    for (size_t i = 0; i < want.size(); i++) {
        ASSERT_EQ(want[i], got[i]) << what << " row " << i;
    }
}

uint64_t number(const string &path, const string &sql)
{
    return static_cast<uint64_t>(std::stoll(one(path, sql)));
}

// -- tables -------------------------------------------------------------------

void check_sites(const string &path)
{
    same(path, "tx_site", "select * from tx_site order by site",
         "select site, count(*), sum(result <> 'ok'), sum(size), sum(beats), "
         "sum(wait_cycles), sum(bus_cycles), sum(target_cycles), "
         "sum(instr(flags, 'unaligned') > 0), sum(instr(flags, 'split') > 0), "
         "sum(iif(instr(flags, 'unaligned') > 0, beats, 0)), "
         "sum(iif(instr(flags, 'unaligned') > 0, "
         "wait_cycles + bus_cycles + target_cycles, 0)) "
         "from tx group by site order by site");
}

void check_windows(const string &path, bool beats)
{
    uint64_t width = number(path, "select min(end_ps - begin_ps) from "
                                  "traffic_window");
    uint64_t most = number(path, "select max(time) from tx");
    EXPECT_EQ(0u, width & (width - 1));
    EXPECT_GE(width, UINT64_C(1) << 20);
    EXPECT_LT(most / width, 256u);
    if (width > UINT64_C(1) << 20) {
        EXPECT_GE(most / width, 128u); // not wider than it has to be
    }
    const string w = std::to_string(width);
    same(path, "traffic_window",
         "select begin_ps, end_ps, initiator, region, kind, dir, accesses, "
         "bytes, wait_cycles, bus_cycles, target_cycles, initiator_id, "
         "region_id from traffic_window order by 1, 3, 4, 5, 6",
         "select time / " + w + " * " + w + ", time / " + w + " * " + w +
             " + " + w +
             ", initiator, region, kind, dir, count(*), sum(size), "
             "sum(wait_cycles), sum(bus_cycles), sum(target_cycles), "
             "initiator_id, region_id from tx "
             "group by 1, 3, 4, 5, 6 order by 1, 3, 4, 5, 6");
    if (!beats) {
        return;
    }
    same(path, "bytes moved",
         "select begin_ps, initiator, sum(bytes_moved) from traffic_window "
         "group by 1, 2 order by 1, 2",
         "select t.time / " + w + " * " + w +
             ", t.initiator, sum(coalesce(b.moved, 0)) from tx t left join "
             "(select tx, sum(size) as moved from beat group by tx) b "
             "on b.tx = t.rowid group by 1, 2 order by 1, 2");
}

// As docs/database.md has it: exact to 63, then 8 classes for each power of 2.
std::pair<uint64_t, uint64_t> class_of(uint64_t v)
{
    if (v < 64) {
        return {v, v};
    }
    uint64_t from = 64, width = 8;
    for (unsigned i = 0; v - from >= width; i++) {
        from += width;
        width *= i % 8 == 7 ? 2 : 1;
    }
    return {from, from + width - 1};
}

void check_latency(const string &path)
{
    struct Cell {
        uint64_t accesses, cycles, most;
    };
    std::map<vector<string>, Cell> cells;
    const char *const parts[] = {"bus", "target", "total", "wait"};
    for (const Row &t : rows_of_file(
             path, "select initiator, region, dir, bus_cycles, target_cycles, "
                   "wait_cycles + bus_cycles + target_cycles, wait_cycles, "
                   "initiator_id, region_id from tx")) {
        for (unsigned p = 0; p < 4; p++) {
            uint64_t v = std::stoull(t[3 + p]);
            auto [from, to] = class_of(v);
            Cell &c = cells[{t[0], t[1], t[2], parts[p], std::to_string(from),
                             std::to_string(to), t[7], t[8]}];
            c.accesses++;
            c.cycles += v;
            c.most = std::max(c.most, v);
        }
    }
    vector<Row> want, got;
    for (const auto &[key, c] : cells) {
        Row row(key.begin(), key.end());
        for (uint64_t v : {c.accesses, c.cycles, c.most}) {
            row.push_back(std::to_string(v));
        }
        want.push_back(row);
    }
    got = rows_of_file(path,
                       "select initiator, region, dir, part, cycles_from, "
                       "cycles_to, initiator_id, region_id, accesses, cycles, "
                       "cycles_max from latency_histogram");
    std::sort(want.begin(), want.end());
    std::sort(got.begin(), got.end());
    EXPECT_FALSE(want.empty());
    EXPECT_EQ(want, got);
}

// `all`: there are no more lines and pages than the tables hold.
void check_hot(const string &path, bool all)
{
    const string of_tx = "count(*), sum(tx.size), sum(wait_cycles), "
                         "sum(bus_cycles), sum(target_cycles) from tx join "
                         "region r on r.id = tx.region_id where "
                         "kind <> 'fetch' and ";
    const string first = all ? "" : " limit 1000";
    same(path, "hot_address",
         "select region, type, offset, granule, dir, accesses, bytes, "
         "wait_cycles, bus_cycles, target_cycles from hot_address "
         "where type <> 'io' order by accesses desc, 1, 3, 5",
         "select tx.region, r.type, offset / 64 * 64, 64, dir, " + of_tx +
             "r.type <> 'io' group by 1, 3, 5 order by 6 desc, 1, 3, 5" +
             first);
    same(path, "hot_page",
         "select region, type, offset, granule, dir, accesses, bytes, "
         "wait_cycles, bus_cycles, target_cycles from hot_page "
         "order by accesses desc, 1, 3, 5",
         "select tx.region, r.type, offset / 4096 * 4096, 4096, dir, " + of_tx +
             "r.type <> 'io' group by 1, 3, 5 "
             "order by 6 desc, 1, 3, 5" +
             first);
}

void check_tables(const string &path, bool beats = true, bool all = true)
{
    check_sites(path);
    check_windows(path, beats);
    check_latency(path);
    check_hot(path, all);
}

// Writes a trace of what `make` does with a machine.
void write_trace(const string &path, Machine &m, bool beats,
                 const std::function<void(TraceStore *)> &set,
                 const std::function<void()> &make)
{
    Error *err = nullptr;
    TraceStore *ts = trace_open(path.c_str(), &err);
    ASSERT_TRUE(ts) << message(err);
    m.describe(ts);
    set(ts);
    m.rec = trace_recorder(ts, 0xff, beats);
    make();
    m.totals(ts);
    ASSERT_TRUE(trace_close(ts, &err)) << message(err);
}

void nothing(TraceStore *) {}

class Count : public testing::TestWithParam<uint64_t>
{
};

// From a few windows to widths that doubled many times; the buffer is handed
// over at any place.
TEST_P(Count, TablesAreWhatSqlMakesOfTheRows)
{
    static const unsigned length[] = {4000, 30, 700, 2500};
    string path = temporary("count.db");
    Machine m(GetParam());
    write_trace(path, m, true, nothing, [&] {
        for (unsigned i = 0; i < length[GetParam() % 4]; i++) {
            m.run(1);
            if (i % (17 + 100 * GetParam()) == 0) {
                m.rec->full(m.rec);
            }
            if (i % 1000 == 999) { // far into a later window
                m.cycle += m.below(1000000);
                m.last[3] += m.below(30000);
            }
        }
    });
    check_tables(path);
    EXPECT_EQ("0", one(path, "select sum(not ok) from check_result"));
    unlink(path.c_str());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Count, testing::Range<uint64_t>(1, 7));

TEST(CountPart, WithoutBeats)
{
    string path = temporary("count-tx.db");
    Machine m(4);
    write_trace(path, m, false, nothing, [&] { m.run(2000, false); });
    check_tables(path, false);
    unlink(path.c_str());
}

TEST(CountPart, OfWhatAFilterLeaves)
{
    string path = temporary("count-some.db");
    Machine m(5);
    TraceFilter f{};
    f.dir = DIR_WRITE;
    write_trace(
        path, m, true, [&](TraceStore *ts) { trace_set_filter(ts, &f); },
        [&] { m.run(2000); });
    EXPECT_LT(number(path, "select count(*) from tx"), m.tx.size());
    check_tables(path);
    unlink(path.c_str());
}

TEST(CountPart, OfTheLast)
{
    string path = temporary("count-last.db");
    Machine m(6);
    write_trace(
        path, m, true, [](TraceStore *ts) { trace_keep_last(ts, 300); },
        [&] { m.run(2000); });
    EXPECT_EQ("300", one(path, "select count(*) from tx"));
    check_tables(path);
    unlink(path.c_str());
}

// -- records as no machine of paper makes them
// ----------------------------------

struct ByHand : testing::Test {
    string path = temporary("by-hand.db");
    Machine m{1};
    void write(const std::function<void()> &make)
    {
        write_trace(path, m, true, nothing, make);
    }
    ~ByHand() override { unlink(path.c_str()); }

    void plain(unsigned place, bool write, uint32_t size, uint64_t offset,
               uint64_t cycle)
    {
        record_room(m.rec, 1);
        m.put(m.site_of(m.data, m.place[place],
                        write ? ACCESS_STORE : ACCESS_LOAD,
                        write ? DIR_WRITE : DIR_READ, size, 0x20000040),
              0, m.place[place].base + offset, 0, cycle);
    }

    void timed(MemoryPort &p, uint32_t size, uint64_t offset, uint64_t cycle,
               uint64_t wait, uint64_t bus, uint64_t target)
    {
        record_room(m.rec, RECORD_ROOM);
        m.put(m.site_of(p, m.place[0], ACCESS_LOAD, DIR_READ, size, 0x20000044),
              RECORD_HAS_TIMING | (offset % size ? RECORD_UNALIGNED : 0),
              m.place[0].base + offset, 0, cycle);
        m.put(RECORD_TIMING, wait ? 3 : 0, wait << 32 | bus, target, 1);
    }
};

TEST_F(ByHand, UnalignedPlainAccesses)
{
    write([&] {
        for (uint64_t i = 0; i < 400; i++) {
            plain(0, i % 3 == 0, 4, 5 * i, 10 * i);
            plain(0, i % 5 == 0, 8, 3 * i, 10 * i + 5);
        }
    });
    check_tables(path);
    EXPECT_LT(400u, number(path, "select sum(unaligned) from tx_site"));
}

// Strides over lines and pages, back and forth, through two addresses of one
// region; more lines and pages than the tables hold.
TEST_F(ByHand, ManyPages)
{
    write([&] {
        uint64_t cycle = 0;
        for (uint64_t i = 0; i < 3000; i++) {
            plain(i % 7 ? 0 : 4, i % 2, 4, i * 4096 + i % 64 * 64, cycle++);
            plain(0, false, 2, m.below(1500) * 8192 + m.below(4096) / 2 * 2,
                  cycle++);
            timed(m.data, 4, m.below(3000) * 4096, cycle++, i % 5, 1, 2);
            for (uint64_t n = i / 300; n > 0; n--) { // the last are hottest
                plain(0, true, 4, i * 4096, cycle++);
            }
        }
    });
    check_tables(path, true, false);
    EXPECT_EQ("1000", one(path, "select count(*) from hot_page"));
}

TEST_F(ByHand, LongLatencies)
{
    write([&] {
        uint64_t cycle = 0;
        for (uint64_t v = 0; v < 1100; v++) {
            timed(m.data, 4, 4 * v, cycle++, v, 1, 2 * v);
        }
        for (unsigned bit = 10; bit < 32; bit++) {
            for (uint64_t v : {(1ull << bit) - 1, 1ull << bit,
                               (1ull << bit) + (1ull << bit) / 8 - 1,
                               (1ull << bit) + (1ull << bit) / 8}) {
                timed(m.data, 4, bit, cycle++, v, 1, v << 8);
            }
        }
    });
    check_tables(path);
}

// Initiators that are far apart, time that goes back, and a jump over many
// windows: all belongs to the window in which it was issued.
TEST_F(ByHand, TimeOfItsOwn)
{
    write([&] {
        uint64_t cycle = 0;
        for (uint64_t i = 0; i < 3000; i++) {
            cycle += i % 500 == 400 ? 300000 : 97;
            plain(0, false, 4, 4 * (i % 100), cycle);
            timed(m.dma, 4, 8, i * 11, 2, 1, 1);
            if (i % 50 == 7) {
                plain(0, false, 4, 4, cycle > 20000 ? cycle - 20000 : 0);
                plain(0, false, 4, 4, cycle > 19000 ? cycle - 19000 : 0);
                timed(m.data, 4, 4, cycle > 30000 ? cycle - 30000 : 0, 0, 1, 1);
                m.rec->full(m.rec);
            }
        }
    });
    check_tables(path);
    EXPECT_EQ("0", one(path, "select ok from check_result where "
                             "name = 'time per initiator'"));
}

// A fetch run over a window's end counts in both, one that is left early in
// as many steps as it had; its chunk knows its times.
TEST_F(ByHand, RunsOverAWindowsEnd)
{
    write([&] {
        vector<FetchStep> steps;
        for (uint16_t i = 0; i < 10; i++) {
            FetchStep s{};
            s.offset = static_cast<uint16_t>(4 * i);
            s.cycle = static_cast<uint16_t>(100 * i);
            s.size = i % 3 ? 4 : 2;
            steps.push_back(s);
        }
        MemorySite key{};
        key.port = &m.fetch;
        key.place = &m.place[1];
        key.pc = 0x20000040;
        key.kind = ACCESS_FETCH;
        key.dir = DIR_READ;
        key.run_length = 10;
        key.run = steps.data();
        uint32_t site = recorder_fetch_site(m.rec, &key);
        for (uint64_t i = 0; i < 2000; i++) {
            record_room(m.rec, 1);
            uint64_t first = i % 11 ? 0 : i % 7, count = i % 13 ? 10 : 4;
            m.put(site, 0, 0x20000040, count << 32 | first, 1000 * i);
        }
    });
    check_sites(path);
    check_windows(path, true);
    check_latency(path);
    EXPECT_EQ("0", one(path, "select count(*) from hot_address"));
    same(path, "times of chunks",
         "select min(first_time), max(last_time) from chunk",
         "select min(time), max(time) from tx");
}

// -- metrics
// --------------------------------------------------------------------

string metric(const string &path, const string &name)
{
    return "(" +
           one(path, "select sql from metric where name = '" + name + "'") +
           ")";
}

TEST_F(ByHand, LatencyMetric)
{
    vector<uint64_t> totals;
    write([&] {
        for (uint64_t i = 0; i < 1000; i++) {
            uint64_t wait = m.below(10) ? m.below(20) : m.below(500);
            timed(m.data, 4, 4, i, wait, 3, 4);
            totals.push_back(wait + 7);
        }
    });
    std::sort(totals.begin(), totals.end());
    double sum = 0;
    for (uint64_t v : totals) {
        sum += static_cast<double>(v);
    }
    vector<Row> rows = rows_of_file(
        path, "select p50_cycles, p90_cycles, p99_cycles, max_cycles, "
              "mean_cycles, mean_wait_cycles, mean_bus_cycles, "
              "mean_target_cycles, accesses from " +
                  metric(path, "latency"));
    ASSERT_EQ(1u, rows.size());
    // exact below 64; else the longest one of the same class
    for (auto [column, rank] :
         {std::pair<size_t, size_t>{0, 500}, {1, 900}, {2, 990}}) {
        uint64_t v = totals[rank - 1], to = class_of(v).second;
        uint64_t longest =
            *(std::upper_bound(totals.begin(), totals.end(), to) - 1);
        EXPECT_EQ(std::to_string(longest), rows[0][column]) << rank;
    }
    EXPECT_GE(totals[989], 64u); // both ways are there
    EXPECT_LT(totals[499], 64u);
    EXPECT_EQ(std::to_string(totals.back()), rows[0][3]);
    EXPECT_NEAR(sum / 1000, std::stod(rows[0][4]), 0.006);
    EXPECT_NEAR(sum / 1000 - 7, std::stod(rows[0][5]), 0.006);
    EXPECT_EQ("3.0", rows[0][6]);
    EXPECT_EQ("4.0", rows[0][7]);
    EXPECT_EQ("1000", rows[0][8]);
}

// 4 bytes in each of 2048 cycles of 333333333 Hz, on a bus of 4 bytes and the
// same clock: its peak.
TEST_F(ByHand, RatesOfWindows)
{
    write([&] {
        for (uint64_t i = 0; i < 300000; i++) {
            plain(0, false, 4, 4 * (i % 1000), i);
        }
        m.cycle = 300000 - 100;
    });
    const string width =
        one(path, "select min(end_ps - begin_ps) from traffic_window");
    EXPECT_EQ("4194304", width);
    for (const char *name : {"traffic_over_time", "bus_load_over_time"}) {
        const string rows = metric(path, name);
        EXPECT_EQ("215", one(path, "select count(*) from " + rows)) << name;
        for (const char *at : {"min", "max"}) { // also of the last, cut one
            string pick = string("select ") + at;
            EXPECT_NEAR(1333.333,
                        std::stod(one(path, pick + "(mb_per_s) from " + rows)),
                        2)
                << name << at;
            EXPECT_NEAR(
                100,
                std::stod(one(path, pick + "(of_peak_percent) from " + rows)),
                0.2)
                << name << at;
        }
    }
    EXPECT_EQ("1200000", one(path, "select sum(bytes) from " +
                                       metric(path, "traffic_over_time")));
}

TEST(CountMetric, AreWhatSqlMakesOfTheRows)
{
    string path = temporary("metrics.db");
    Machine m(77);
    write_trace(path, m, true, nothing, [&] { m.run(4000); });
    same(path, "read_write_mix",
         "select kind, dir, accesses, bytes from " +
             metric(path, "read_write_mix"),
         "select kind, dir, count(*), sum(size) from tx group by 1, 2 "
         "order by 3 desc, 1, 2");
    same(path, "access_sizes",
         "select region, kind, dir, size_bytes, accesses, beats, bytes, "
         "beats_per_access from " +
             metric(path, "access_sizes"),
         "select coalesce(region, '(nothing there)'), kind, dir, size, "
         "count(*), sum(beats), sum(size), round(1.0 * sum(beats) / "
         "count(*), 3) from tx group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3, "
         "4");
    same(path, "hot_pages",
         "select region, page, accesses, bytes, cycles from " +
             metric(path, "hot_pages"),
         "select t.region, printf('0x%x', offset / 4096 * 4096), count(*), "
         "sum(t.size), sum(wait_cycles + bus_cycles + target_cycles) from tx t "
         "join region r on r.id = t.region_id where kind <> 'fetch' and "
         "type <> 'io' group by 1, 2 order by 3 desc, 1, 2");
    same(path, "hot_pcs",
         "select pc, function, accesses, bytes, cycles from " +
             metric(path, "hot_pcs"),
         "select printf('0x%x', pc), coalesce(symbol, '(no symbol)'), "
         "count(*), sum(size), sum(wait_cycles + bus_cycles + target_cycles) "
         "from tx where kind <> 'fetch' and pc is not null group by pc "
         "order by 5 desc, 3 desc, pc limit 1000");
    same(path, "alignment",
         "select function, pc, region, dir, size_bytes, unaligned, "
         "extra_beats, cycles from " +
             metric(path, "alignment"),
         "select coalesce(symbol, '(no symbol)'), iif(pc is null, '(none)', "
         "printf('0x%x', pc)), coalesce(region, '(nothing there)'), dir, size, "
         "count(*), sum(beats) - count(*), sum(wait_cycles + bus_cycles + "
         "target_cycles) from tx where kind <> 'fetch' and "
         "instr(flags, 'unaligned') group by pc, region, dir, size "
         "order by 8 desc, 6 desc, pc, region, dir, size");
    EXPECT_EQ("no row", one(path, "select region from " +
                                      metric(path, "regions_untouched")));
    unlink(path.c_str());
}

TEST_F(ByHand, RegionsUntouched)
{
    write([&] {
        for (unsigned i = 0; i < 5; i++) {
            m.inline_data(); // all in ram
        }
    });
    EXPECT_EQ((vector<Row>{{"flash"}, {"uart0"}}),
              rows_of_file(path, "select region from " +
                                     metric(path, "regions_untouched")));
}

} // namespace
