// Calibration: rows of measured cycles, counts, the fit, and what is said of
// the rest.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "sim/calibrate.h"
#include "tests/sim/machine_kit.h"

namespace
{

using std::string;
using std::vector;

const string timing_folder = SOURCE_DIR "/tests/timing/";
const string elf_folder = timing_folder + "elf";

// A folder with a board, regions.csv and a CSV.
class Calibrate : public testing::Test
{
  protected:
    void SetUp() override
    {
        char name[] = "/tmp/calibrate.XXXXXX";
        ASSERT_TRUE(mkdtemp(name));
        folder = name;
        use("inorder-5stage");
        copy(timing_folder + "regions.csv", "regions.csv");
    }
    void TearDown() override
    {
        for (const char *f :
             {"board.yaml", "regions.csv", "rows.csv", "other.yaml"}) {
            unlink((folder + "/" + f).c_str());
        }
        rmdir(folder.c_str());
    }
    string file(const string &name) const { return folder + "/" + name; }
    void write(const string &name, const string &text) const
    {
        std::ofstream(file(name)) << text;
    }
    void copy(const string &from, const string &to) const
    {
        std::ifstream in(from);
        std::stringstream s;
        s << in.rdbuf();
        write(to, s.str());
    }
    // The board begins with that timing.
    void use(const string &timing) const
    {
        write("board.yaml",
              "extends: " + timing_folder +
                  "core.yaml\ncpus: [{name: cpu0, timing: " + timing + "}]\n");
    }
    TimingBoard board() const
    {
        static string config, elf;
        config = file("board.yaml");
        elf = elf_folder;
        TimingBoard b{};
        b.config = config.c_str();
        b.elf_dir = elf.c_str();
        b.marker = TIMING_MARKER;
        return b;
    }
    // True: it went well; else error says why not.
    bool run(const string &csv, Calibration *cal,
             const vector<const char *> &where = {})
    {
        vector<const char *> w = where;
        w.push_back(nullptr);
        Error *err = nullptr;
        TimingBoard b = board();
        path = csv;
        bool ok = calibrate(&b, path.c_str(), w.data(), cal, &err);
        EXPECT_EQ(ok, err == nullptr);
        error = err ? error_message(err) : "";
        error_free(err);
        return ok;
    }
    string failure(const string &rows, const vector<const char *> &where = {})
    {
        Calibration cal;
        write("rows.csv", rows);
        EXPECT_FALSE(run(file("rows.csv"), &cal, where));
        calibrate_fini(&cal);
        string cut = error;
        for (size_t at; (at = cut.find(folder + "/")) != string::npos;) {
            cut.erase(at, folder.size() + 1);
        }
        return cut;
    }
    // Rows as a core with that table would have them: the regions of Ibex's
    // rows without wait states, of programs but one, on boards with these.
    string rows_of(const string &timing, const vector<vector<unsigned>> &waits,
                   unsigned shared, const string &but = "-")
    {
        TimingRows rows;
        Error *err = nullptr;
        const char *where[] = {"config=ibex-small", "imem_wait=0",
                               "dmem_wait=0", "shared_port=0", nullptr};
        const string csv = timing_folder + "rtl-cycles-micro.csv";
        EXPECT_TRUE(timing_rows_read(&rows, csv.c_str(), where, &err));
        EXPECT_EQ(rows.rows, 83u);
        string text = "march,workload,imem_wait,dmem_wait,shared_port,cycles\n";
        TimingBoard b = board();
        for (const auto &w : waits) {
            std::map<string, TimingRun> runs;
            for (size_t i = 0; i < rows.rows; i++) {
                TimingRow r = rows.row[i];
                if (r.program == but) {
                    continue;
                }
                r.fetch_wait = w[0];
                r.data_wait = w[1];
                r.shared = shared != 0;
                auto it = runs.find(r.program);
                if (it == runs.end()) {
                    it = runs.emplace(r.program, TimingRun{}).first;
                    EXPECT_TRUE(timing_run(&b, "csv", &r, timing.c_str(),
                                           nullptr, nullptr, &it->second, &err))
                        << error_message(err);
                }
                std::ostringstream line;
                line << r.march << ',' << r.workload << ',' << w[0] << ','
                     << w[1] << ',' << shared << ','
                     << it->second.cycles[r.region] << '\n';
                text += line.str();
            }
        }
        timing_rows_free(&rows);
        return text;
    }

    string folder, error, path;
};

string table(const uint8_t *cost)
{
    char *text = calibrate_timing("none", cost, nullptr, nullptr);
    string s(text);
    free(text);
    return s;
}

// system and trap are one number here: each trap of the programs ends in mret.
void expect_costs(const Calibration &cal, const uint8_t *cost)
{
    for (unsigned i = 0; i < COST_NUM; i++) {
        if (cal.fitted[i] && i != TIME_SYSTEM && i != COST_TRAP) {
            EXPECT_EQ(cal.cost[i], cost[i]) << timing_cost_name[i];
        }
    }
    EXPECT_EQ(cal.cost[TIME_SYSTEM] + cal.cost[COST_TRAP],
              cost[TIME_SYSTEM] + cost[COST_TRAP]);
}

// -- known tables -------------------------------------------------------------

TEST_F(Calibrate, FindsTheTableThatMadeTheRows)
{
    std::mt19937 random(7);
    uint8_t cost[COST_NUM];
    for (unsigned i = 0; i < COST_NUM; i++) {
        const unsigned least = timing_cost_least(i);
        cost[i] = static_cast<uint8_t>(
            least + random() % (i == TIME_DIV || i == TIME_MUL ? 60 : 5));
    }
    Calibration cal;
    write("rows.csv", rows_of(table(cost), {{3, 1}}, 0));
    ASSERT_TRUE(run(file("rows.csv"), &cal)) << error;
    expect_costs(cal, cost);
    EXPECT_EQ(cal.end.largest, 0u);
    EXPECT_EQ(cal.end.close, cal.rows.rows);
    EXPECT_EQ(cal.effects, 0u);
    for (unsigned i : {TIME_AMO, TIME_FP, TIME_FMA, TIME_FDIV}) {
        EXPECT_FALSE(cal.fitted[i]);
        EXPECT_EQ(cal.cost[i], cal.before[i]);
    }
    // that they cannot be told apart is said
    ASSERT_EQ(cal.togethers, 1u);
    EXPECT_EQ(cal.together[0][0], TIME_SYSTEM);
    EXPECT_EQ(cal.together[0][1], COST_TRAP);
    calibrate_fini(&cal);
}

TEST_F(Calibrate, SeveralBoardsAtOnceAndASharedPort)
{
    const uint8_t cost[COST_NUM] = {1, 3, 2, 1, 5, 20, 1, 4, 2,
                                    3, 2, 1, 1, 1, 1,  3, 2, 6};
    Calibration cal;
    write("rows.csv", rows_of(table(cost), {{0, 0}, {3, 3}}, 1, "micro"));
    ASSERT_TRUE(run(file("rows.csv"), &cal)) << error;
    EXPECT_EQ(cal.rows.rows, 34u);
    expect_costs(cal, cost);
    EXPECT_EQ(cal.end.largest, 0u);
    calibrate_fini(&cal);
}

// What begins and in which order the rows come changes nothing.
TEST_F(Calibrate, AnyBeginningAndOrder)
{
    std::ifstream in(timing_folder + "rtl-cycles-micro.csv");
    vector<string> lines;
    string head, line;
    std::getline(in, head);
    while (std::getline(in, line)) {
        if (line.find(",hazard3-min,0,0,") != string::npos &&
            line.find("micro/") == string::npos) {
            lines.push_back(line);
        }
    }
    EXPECT_EQ(lines.size(), 10u);
    auto text = [&] {
        string t = head + "\n";
        for (const auto &l : lines) {
            t += l + "\n";
        }
        return t;
    };
    Calibration a, b;
    write("rows.csv", text());
    ASSERT_TRUE(run(file("rows.csv"), &a)) << error;
    use("\"picorv32-fast:table\"");
    std::mt19937 random(3);
    std::shuffle(lines.begin(), lines.end(), random);
    write("rows.csv", text());
    ASSERT_TRUE(run(file("rows.csv"), &b)) << error;
    expect_costs(b, a.cost);
    EXPECT_EQ(a.end.mean, b.end.mean);
    EXPECT_EQ(a.end.largest, b.end.largest);
    EXPECT_NE(a.start.mean, b.start.mean);
    ASSERT_EQ(a.effects, b.effects);
    for (unsigned i = 0; i < a.effects; i++) {
        EXPECT_EQ(a.effect[i].count, b.effect[i].count);
    }
    calibrate_fini(&a);
    calibrate_fini(&b);
}

// Wait states of instructions are those of fetches, those of data of loads.
TEST_F(Calibrate, WaitStatesGoToTheirPorts)
{
    uint64_t jumps[3], loads[3];
    const unsigned waits[3][2] = {{0, 0}, {3, 0}, {0, 3}};
    for (unsigned i = 0; i < 3; i++) {
        TimingRow r{};
        TimingRun out;
        Error *err = nullptr;
        TimingBoard b = board();
        snprintf(r.march, sizeof(r.march), "rv32imc");
        snprintf(r.program, sizeof(r.program), "micro");
        r.fetch_wait = waits[i][0];
        r.data_wait = waits[i][1];
        ASSERT_TRUE(
            timing_run(&b, "csv", &r, "none", nullptr, nullptr, &out, &err))
            << error_message(err);
        jumps[i] = out.cycles[35]; // jal, 800 of them
        loads[i] = out.cycles[21]; // lw_indep, 1600 loads
    }
    EXPECT_GE(jumps[1], jumps[0] + 800 * 3);
    EXPECT_LT(jumps[2], jumps[0] + 10);
    EXPECT_GE(loads[2], loads[0] + 1600 * 3);
    EXPECT_LT(loads[2], loads[0] + 1610 * 3);
}

// -- counts -------------------------------------------------------------------

struct Whole {
    CalCounts counts;
    uint64_t cycles; // not idle
};

// What the machine's first hart does, which must come to its end or the limit.
Whole count_run(Machine *m, uint64_t instructions)
{
    Error *err = nullptr;
    struct Hook {
        CalCounter *counter;
        static void commit(void *opaque, Hart *hart, const HartCommit *c)
        {
            cal_counter_commit(static_cast<Hook *>(opaque)->counter, hart, 0,
                               c);
        }
    } hook{cal_counter_new(&hart_config(machine_hart(m, 0))->isa, &err)};
    const TimingRow row{};
    cal_counter_begin(hook.counter, &row);
    machine_set_commit(m, Hook::commit, &hook);
    const MachineLimits limits{instructions, UINT64_MAX, UINT64_MAX};
    machine_set_limits(m, &limits);
    machine_run(m, UINT64_MAX);
    const HartCounters c = hart_counters(machine_hart(m, 0));
    Whole w{*cal_counter_region(hook.counter, 0), c.cycles - c.idle};
    cal_counter_free(hook.counter);
    return w;
}

// So many instructions of a firmware by that table.
Whole count_whole(const string &config, const string &elf, const uint8_t *cost,
                  uint64_t instructions)
{
    Error *err = nullptr;
    const string set = "cpus.cpu0.timing=" + table(cost);
    const char *sets[] = {set.c_str(), nullptr};
    MachineOptions options{};
    options.commits = true;
    Config *cfg = config_load(config.c_str(), sets, &err);
    EXPECT_TRUE(cfg) << error_message(err);
    Machine *m = machine_new_with(cfg, &options, &err);
    EXPECT_TRUE(m && machine_load_elf(m, elf.c_str(), &err))
        << error_message(err);
    Whole w = count_run(m, instructions);
    EXPECT_GT(w.counts.n[TIME_ALU], 500u) << elf;
    machine_free(m);
    config_free(cfg);
    return w;
}

// A load at the end of a page is not late for what the next one begins with, as
// blocks end there.
TEST(CalibrateCount, LoadUseEndsWithThePage)
{
    using namespace kit;
    Code code = li(sp, 0x80008000) + Code{j(0xff8 - 8)};
    code.resize(0xff8 / 4, addi(zero, zero, 0));
    code = code +
           Code{lw(t0, 0, sp), lw(t1, 0, sp), // at 0xffc
                addi(t1, t1, 1), lw(t1, 0, sp), addi(t1, t1, 1)} +
           finish(0);
    uint64_t cycles[2];
    for (unsigned i = 0; i < 2; i++) {
        const string text = kit::board(
            string("  - {name: cpu0, isa: rv32im, bus: main, reset: "
                   "0x80000000, timing: {profile: none, load_use: ") +
            (i ? "9" : "0") + "}}\n");
        Error *err = nullptr;
        MachineOptions options{};
        options.commits = true;
        Config *cfg =
            config_parse(text.data(), text.size(), "t", nullptr, &err);
        ASSERT_TRUE(cfg) << error_message(err);
        Machine *m = machine_new_with(cfg, &options, &err);
        ASSERT_TRUE(m) << error_message(err);
        std::memcpy(memory_region_get_ram_ptr(&machine_memory(m, 0)->region),
                    code.data(), code.size() * 4);
        const Whole w = count_run(m, 1000);
        cycles[i] = w.cycles;
        EXPECT_EQ(w.counts.n[TIME_LOAD], 3u);
        EXPECT_EQ(w.counts.n[COST_LOAD_USE], 1u);
        machine_free(m);
        config_free(cfg);
    }
    EXPECT_EQ(cycles[1], cycles[0] + 9);
}

// Whatever the table, cycles are counts times costs, and the same rest.
TEST(CalibrateCount, CountsAreWhatCostsAdd)
{
    struct {
        const char *xlen, *name;
    } cases[] = {{"32", "fp-3000"},
                 {"64", "fp-3000"},
                 {"64", "compute-small"},
                 {"32", "access"}};
    const uint8_t one[COST_NUM] = {1, 1, 1, 1, 1, 1, 1, 1, 1,
                                   1, 1, 1, 1, 1, 1, 0, 0, 1};
    std::mt19937 random(11);
    CalCounts all{};
    for (const auto &c : cases) {
        const string config =
            string(SOURCE_DIR "/configs/virt") + c.xlen + ".yaml";
        const string elf =
            string(BINARY_DIR "/firmware/rv") + c.xlen + "/" + c.name + ".elf";
        uint8_t cost[COST_NUM];
        for (unsigned i = 0; i < COST_NUM; i++) {
            cost[i] = static_cast<uint8_t>(1 + random() % 9);
        }
        const Whole a = count_whole(config, elf, one, 100000);
        const Whole b = count_whole(config, elf, cost, 100000);
        int64_t rest[2] = {static_cast<int64_t>(a.cycles),
                           static_cast<int64_t>(b.cycles)};
        for (unsigned i = 0; i < CAL_NUM; i++) {
            EXPECT_EQ(a.counts.n[i], b.counts.n[i]) << c.name << " " << i;
            all.n[i] += a.counts.n[i];
        }
        for (unsigned i = 0; i < COST_NUM; i++) {
            rest[0] -= static_cast<int64_t>(a.counts.n[i] * one[i]);
            rest[1] -= static_cast<int64_t>(b.counts.n[i] * cost[i]);
        }
        EXPECT_EQ(rest[0], rest[1]) << c.name << " of " << c.xlen;
    }
    for (unsigned i :
         {TIME_ALU, TIME_LOAD, TIME_STORE, TIME_MUL, TIME_DIV, TIME_BRANCH,
          TIME_JUMP, TIME_CSR, TIME_SYSTEM, TIME_FP}) {
        EXPECT_GT(all.n[i], 0u) << timing_cost_name[i];
    }
    EXPECT_GT(all.n[COST_TAKEN], 0u);
    EXPECT_GT(all.n[COST_LOAD_USE], 0u);
    EXPECT_GT(all.n[COST_TRAP], 0u);
}

// -- cores --------------------------------------------------------------------

// Ibex: the table of its manual; what a table cannot say is named. The mean
// error is 18.64 %, nearly all of it from 200 divisions by zero (2 cycles each,
// not 37); without that row 1.96 %.
TEST_F(Calibrate, IbexWithoutWaitStates)
{
    uint8_t cost[COST_NUM] = {1, 2, 2, 0, 3, 37, 1, 2, 1,
                              1, 3, 0, 0, 0, 0,  2, 0, 3};
    Calibration cal;
    ASSERT_TRUE(run(
        timing_folder + "rtl-cycles-micro.csv", &cal,
        {"config=ibex-small", "imem_wait=0", "dmem_wait=0", "shared_port=0"}))
        << error;
    expect_costs(cal, cost);
    EXPECT_EQ(cal.rows.rows, 83u);
    EXPECT_EQ(cal.end.mean, 1864u);
    EXPECT_EQ(cal.end.close, 70u);
    int64_t others = 0;
    for (size_t i = 1; i < cal.rows.rows; i++) {
        others += std::abs(cal.region[i].error);
        EXPECT_LE(std::abs(cal.region[i].error),
                  std::abs(cal.region[i - 1].error));
    }
    EXPECT_EQ(others / 82, 196);
    EXPECT_STREQ(cal.region[0].row->workload, "micro/div_zero");
    EXPECT_EQ(cal.region[0].model, 6004u);

    const struct {
        unsigned count;
        double cycles;
    } effects[] = {{CAL_DIV_ZERO, -35},
                   {CAL_CSR_STATUS, 2},
                   {CAL_MULH, 1},
                   {CAL_TARGET_HIGH, 1}};
    ASSERT_EQ(cal.effects, 4u);
    for (unsigned i = 0; i < 4; i++) {
        EXPECT_EQ(cal.effect[i].count, effects[i].count) << i;
        EXPECT_NEAR(cal.effect[i].cycles, effects[i].cycles, 0.05) << i;
        EXPECT_NE(cal_count_name[cal.effect[i].count], nullptr);
    }
    EXPECT_GT(cal.effect[3].correlation, 0.98);

    TimingBoard b = board();
    Error *err = nullptr;
    ASSERT_TRUE(calibrate_compare(&b, &cal, &err)) << error_message(err);
    EXPECT_STREQ(cal.ready[0].profile->name, "ibex-small");
    EXPECT_EQ(cal.ready[0].level, TIMING_PIPELINE);
    EXPECT_EQ(cal.ready[0].figure.largest, 0u);
    EXPECT_GT(cal.ready[1].figure.mean, 1000u);
    calibrate_fini(&cal);
}

// With floating point there is no pipeline to compare with, but its table.
TEST_F(Calibrate, ReadyMadeOfAnIsaWithF)
{
    write("board.yaml", "extends: " + timing_folder +
                            "core.yaml\ncpus: [{name: cpu0, isa: "
                            "rv32imafc_zicsr, timing: generic-table}]\n");
    Calibration cal;
    write("rows.csv", "march,workload,imem_wait,dmem_wait,cycles\n"
                      "rv32imc,csr/alu,0,0,1804\n");
    ASSERT_TRUE(run(file("rows.csv"), &cal)) << error;
    TimingBoard b = board();
    Error *err = nullptr;
    ASSERT_TRUE(calibrate_compare(&b, &cal, &err)) << error_message(err);
    EXPECT_GE(cal.readies, 12u);
    for (unsigned i = 0; i < cal.readies; i++) {
        EXPECT_NE(cal.ready[i].level, TIMING_PIPELINE);
    }
    calibrate_fini(&cal);
}

// -- the fit ------------------------------------------------------------------

// Costs that stand in for each other, far from where they begin.
TEST(CalibrateFit, MovesTwoTogether)
{
    // 100 a + 90 b, 90 a + 100 b: neither can move alone from (20, 1)
    const uint64_t count[3][COST_NUM] = {{100, 90}, {90, 100}, {100, 100}};
    CalPoint point[3];
    for (unsigned i = 0; i < 3; i++) {
        point[i] =
            CalPoint{count[i], 17, 17 + 2 * count[i][0] + 19 * count[i][1]};
    }
    bool fit[COST_NUM] = {true, true};
    uint8_t cost[COST_NUM] = {20, 1, 7};
    Error *err = nullptr;
    ASSERT_TRUE(cal_fit(point, 3, fit, cost, &err));
    EXPECT_EQ(cost[0], 2);
    EXPECT_EQ(cost[1], 19);
    EXPECT_EQ(cost[2], 7); // not to be fitted
}

TEST(CalibrateFit, StaysInItsBounds)
{
    const uint64_t count[2][COST_NUM] = {{1000}, {0, 1000}};
    const CalPoint point[2] = {{count[0], 0, 1}, {count[1], 0, 900000}};
    bool fit[COST_NUM] = {true, true};
    uint8_t cost[COST_NUM] = {9, 9};
    Error *err = nullptr;
    ASSERT_TRUE(cal_fit(point, 2, fit, cost, &err));
    EXPECT_EQ(cost[0], 1); // time must go on
    EXPECT_EQ(cost[1], 255);
}

// Errors are relative: three short regions outweigh a long one.
TEST(CalibrateFit, RegionsCountAlike)
{
    const uint64_t count[4][COST_NUM] = {{100}, {100}, {100}, {10000}};
    const CalPoint point[4] = {{count[0], 0, 500},
                               {count[1], 0, 500},
                               {count[2], 0, 500},
                               {count[3], 0, 30000}};
    bool fit[COST_NUM] = {true};
    uint8_t cost[COST_NUM] = {1};
    Error *err = nullptr;
    ASSERT_TRUE(cal_fit(point, 4, fit, cost, &err));
    EXPECT_EQ(cost[0], 5);
}

// One region of three that takes another way does not pull.
TEST(CalibrateFit, AnOutlierDoesNotPull)
{
    const uint64_t count[4][COST_NUM] = {{100}, {200}, {300}, {400}};
    const CalPoint point[4] = {{count[0], 0, 3700},
                               {count[1], 0, 7400},
                               {count[2], 0, 11100},
                               {count[3], 0, 400}};
    bool fit[COST_NUM] = {true};
    uint8_t cost[COST_NUM] = {1};
    Error *err = nullptr;
    ASSERT_TRUE(cal_fit(point, 4, fit, cost, &err));
    EXPECT_EQ(cost[0], 37);
}

TEST(CalibrateFit, Errors)
{
    EXPECT_EQ(cal_error(1010, 1000), 100);
    EXPECT_EQ(cal_error(990, 1000), -100);
    EXPECT_EQ(cal_error(3, 2), 100); // of CAL_SHORT cycles
    EXPECT_EQ(cal_error(0, 50), -5000);
    EXPECT_EQ(cal_error(0, TIMING_MAX_MEASURED), -10000);
    EXPECT_EQ(cal_error(INT64_MAX / 2, 1), CAL_WORST);
}

// -- what can be wrong with rows ----------------------------------------------

const string head = "march,workload,imem_wait,dmem_wait,shared_port,cycles\n";

TEST_F(Calibrate, RowsSayWhereTheyAreWrong)
{
    EXPECT_EQ(failure("march,workload,imem_wait,cycles\n"),
              "rows.csv:1: no column dmem_wait; the first line names the "
              "columns: workload,march,imem_wait,dmem_wait,cycles");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,0,0,0,1804\n"
                             "rv32imc,csr/alu,0,0,1804\n"),
              "rows.csv:3: 5 fields; the first line has 6");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,0,0,0,18x\n"),
              "rows.csv:2: bad value \"18x\"; write a number, 1 to "
              "1099511627776");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,0,0,0,0\n"),
              "rows.csv:2: bad value \"0\"; write a number, 1 to "
              "1099511627776");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,-1,0,0,9\n"),
              "rows.csv:2: bad value \"-1\"; write a number, 0 to 65535");
    EXPECT_EQ(failure(head + "../x,csr/alu,0,0,0,9\n"),
              "rows.csv:2: bad name \"../x\"; write 1 to 63 characters, no "
              "path");
    EXPECT_EQ(failure(head + "rv32imc,csr/alus,0,0,0,9\n"),
              "rows.csv:2: no region for workload \"csr/alus\"; name it in "
              "regions.csv beside this file (program,id,region)");
    EXPECT_EQ(failure(head), "rows.csv: no row to fit; write one line for each "
                             "region that was measured");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,0,0,0,9\n", {"imem_wait=1"}),
              "rows.csv: no row to fit, --rows leaves all out; write one line "
              "for each region that was measured");
    EXPECT_EQ(failure(head, {"imem=1"}),
              "rows.csv:1: no column imem to choose rows by");
    EXPECT_EQ(failure(head, {"imem_wait"}),
              "\"imem_wait\" chooses no rows; write COLUMN=VALUE");
    EXPECT_EQ(failure("config," + head +
                      "a,rv32imc,csr/alu,0,0,0,9\n"
                      "b,rv32imc,csr/alu,0,0,0,9\n"),
              "rows.csv:3: rows of a and of b; choose one with --rows "
              "config=a");
    EXPECT_EQ(failure(""), "rows.csv:0: no column workload; the first line "
                           "names the columns: workload,march,imem_wait,"
                           "dmem_wait,cycles");
    write("regions.csv", "program,id,region\ncsr,256,alu\n");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,0,0,0,9\n"),
              "regions.csv:2: bad value \"256\"; write a number, 1 to 255");
    write("regions.csv", "csr,1\n");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,0,0,0,9\n"),
              "regions.csv:1: 2 fields; write program,id,region");
}

TEST_F(Calibrate, ProgramsAndBoardsSayWhatIsMissing)
{
    EXPECT_NE(failure(head + "rv32imc,dhry,0,0,0,9\n")
                  .find("rows.csv:2: " + elf_folder + "/rv32imc/dhry.elf"),
              string::npos)
        << error;
    write("regions.csv", "csr,99,alu\n");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,0,0,0,9\n"),
              "rows.csv:2: rv32imc/csr.elf has no region 99 (csr/alu); name "
              "its number in regions.csv, or leave the row out");
    write("regions.csv", "csr,8,alu\n");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,0,1,1,9\n"),
              "rows.csv:2: wait states 0 and 1 on one bus, main; give cpu0 of "
              "board.yaml a \"fetch:\" bus of its own");
    write("board.yaml", "extends: " + timing_folder +
                            "core.yaml\ncpus: [{name: cpu0, fetch: main}]\n");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,1,1,0,9\n"),
              "rows.csv:2: shared_port 0, but cpu0 of board.yaml has the bus "
              "main for both; give it a \"fetch:\" bus of its own");
    write("board.yaml", "extends: " + timing_folder +
                            "core.yaml\nbuses: {code: {timing: none}}\n");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,1,1,0,9\n"),
              "rows.csv:2: wait states on the bus code, which board.yaml gives "
              "\"timing: none\"; leave that out");
    use("none");
    EXPECT_EQ(failure(head + "rv32imc,csr/alu,0,0,0,9\n"),
              "board.yaml: timing: none of cpu0 has no costs to fit; write "
              "\"timing: generic-table\"");
    write("board.yaml", "extends: " + timing_folder +
                            "core.yaml\ncpus: [{name: cpu0, reset: 0, timing: "
                            "generic-table}]\ndevices: [{name: test0, remove: "
                            "true}]\n");
    EXPECT_NE(failure(head + "rv32imc,csr/alu,0,0,0,9\n")
                  .find("csr.elf: did not end well"),
              string::npos)
        << error;
}

} // namespace
