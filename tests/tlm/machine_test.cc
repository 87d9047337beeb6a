// machine_test.cc - the machine in the SystemC kernel. Oracle: the same machine
// without a kernel: cycles, counters, console and every record are the same.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sqlite3.h>

#include "tests/sim/machine_kit.h"
#include "tests/tlm/tlm_kit.h"
#include "traces/reader.h"

using namespace tlm_kit;

namespace
{

const uint64_t cycle = 20000; // ps

/* -- what can be seen of a run ------------------------------------------- */

struct Seen {
    MachineStop stop = MACHINE_RUNNING;
    int status = -1;
    std::vector<uint64_t> counters;
    std::string console;
    std::vector<std::pair<std::string, uint64_t>> tables; // rows and hash
};

void on_byte(void *opaque, const char *, uint8_t byte, uint64_t time_ps)
{
    char text[32];
    std::snprintf(text, sizeof(text), "%c@%" PRIu64 " ", byte, time_ps);
    *static_cast<std::string *>(opaque) += text;
}

// FNV-1a over every value of every row.
uint64_t hash_rows(sqlite3 *db, const std::string &sql, uint64_t *rows)
{
    uint64_t hash = 0xcbf29ce484222325;
    sqlite3_stmt *st = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db, sql.c_str(), -1, &st, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db);
    while (sqlite3_step(st) == SQLITE_ROW) {
        ++*rows;
        for (int i = 0; i < sqlite3_column_count(st); i++) {
            const unsigned char *text = sqlite3_column_text(st, i);
            for (; text && *text; text++) {
                hash = (hash ^ *text) * 0x100000001b3;
            }
            hash = (hash ^ 0xff) * 0x100000001b3;
        }
    }
    sqlite3_finalize(st);
    return hash;
}

void read_tables(const char *path, Seen *seen)
{
    sqlite3 *db = nullptr;
    ASSERT_EQ(sqlite3_open(path, &db), SQLITE_OK);
    ASSERT_EQ(vtab_register(db), SQLITE_OK);
    for (const char *sql :
         {"select * from tx order by rowid", "select * from beat",
          "select * from irq", "select * from fault", "select * from phase",
          "select * from traffic order by initiator, region, kind, dir, size",
          "select hart, symbol, cycles, instructions from function_cost "
          "order by hart, symbol"}) {
        uint64_t rows = 0;
        uint64_t hash = hash_rows(db, sql, &rows);
        seen->tables.push_back(
            {std::string(sql) + ": " + std::to_string(rows) + " rows", hash});
    }
    sqlite3_close(db);
}

void read_machine(::Machine *m, Seen *seen)
{
    seen->status = machine_exit_status(m);
    seen->counters = {machine_time(m), machine_transactions(m)};
    for (unsigned i = 0; i < machine_harts(m); i++) {
        HartCounters c = hart_counters(machine_hart(m, i));
        for (uint64_t v :
             {c.cycles, c.instructions, c.idle, c.traps, c.interrupts,
              c.fetch_stall, c.data_wait, c.data_bus, c.data_target}) {
            seen->counters.push_back(v);
        }
    }
}

const MachineTrace everything = {true, UINT32_MAX, true};

TraceStore *open_store(const char *path)
{
    Error *err = nullptr;
    TraceStore *store = trace_open(path, &err);
    EXPECT_TRUE(store) << error_message(err);
    return store;
}

void close_store(TraceStore *store)
{
    Error *err = nullptr;
    EXPECT_TRUE(trace_close(store, &err)) << error_message(err);
    error_free(err);
}

// What runs, up to where.
struct Job {
    std::string config, elf;
    std::vector<std::string> set = {};
    MachineLimits limits = {UINT64_MAX, UINT64_MAX, TIME_NEVER};
};

// path: of a database; empty: nothing is recorded.
Seen run_plain(const Job &job, const std::string &path)
{
    Seen seen;
    Error *err = nullptr;
    std::vector<const char *> set;
    for (const std::string &value : job.set) {
        set.push_back(value.c_str());
    }
    set.push_back(nullptr);
    Config *cfg = config_load(job.config.c_str(), set.data(), &err);
    ::Machine *m = cfg ? machine_new(cfg, &err) : nullptr;
    if (!m || !(job.elf.empty() ? machine_boot(m, &err)
                                : machine_load_elf(m, job.elf.c_str(), &err))) {
        ADD_FAILURE() << error_message(err);
        std::exit(1); // a missing firmware is a failure
    }
    machine_set_limits(m, &job.limits);
    machine_set_serial(m, on_byte, &seen.console);
    TraceStore *store = path.empty() ? nullptr : open_store(path.c_str());
    if (store) {
        EXPECT_TRUE(machine_attach_trace(m, store, &everything, &err));
    }
    seen.stop = machine_run(m, TIME_NEVER);
    read_machine(m, &seen);
    if (store) {
        machine_detach_trace(m);
        close_store(store);
        read_tables(path.c_str(), &seen);
    }
    machine_free(m);
    config_free(cfg);
    return seen;
}

Seen run_kernel(socscope::Machine &soc, const char *path)
{
    Seen seen;
    machine_set_serial(soc.handle(), on_byte, &seen.console);
    TraceStore *store = open_store(path);
    soc.attach_trace(store, everything);
    sc_core::sc_start();
    seen.stop = soc.stop_reason();
    read_machine(soc.handle(), &seen);
    EXPECT_EQ(soc.exit_status(), seen.status);
    soc.detach_trace();
    close_store(store);
    read_tables(path, &seen);
    return seen;
}

// Runs interrupts.elf both ways; `others` makes what else is in the platform.
void compare_interrupts(const char *name,
                        const std::function<void(socscope::Machine &)> &others)
{
    const std::string config = SOURCE_DIR "/configs/mcu.yaml";
    const std::string elf = BINARY_DIR "/firmware/rv32/interrupts.elf";
    const std::string a = std::string("tlm_") + name + "_plain.db";
    const std::string b = std::string("tlm_") + name + "_kernel.db";
    Seen plain = run_plain({config, elf}, a);
    socscope::Machine soc("soc", config, elf);
    soc.stop_at_end(true);
    others(soc);
    Seen kernel = run_kernel(soc, b.c_str());
    EXPECT_EQ(plain.stop, MACHINE_FINISHED);
    EXPECT_EQ(kernel.stop, plain.stop);
    EXPECT_EQ(kernel.status, plain.status);
    EXPECT_EQ(kernel.counters, plain.counters);
    EXPECT_EQ(kernel.console, plain.console);
    ASSERT_EQ(kernel.tables.size(), plain.tables.size());
    for (size_t i = 0; i < plain.tables.size(); i++) {
        EXPECT_EQ(kernel.tables[i], plain.tables[i]);
    }
    ASSERT_GE(plain.counters.size(), 5u);
    std::printf("%s: %" PRIu64 " cycles, %" PRIu64 " instructions, %s, exit "
                "status %d; SystemC time %s\n",
                name, plain.counters[2], plain.counters[3],
                plain.tables[0].first.c_str(), plain.status,
                sc_core::sc_time_stamp().to_string().c_str());
    EXPECT_GT(plain.counters[1], 10000u);
    EXPECT_NE(plain.console, "");
    if (!testing::Test::HasFailure()) {
        std::remove(a.c_str());
        std::remove(b.c_str());
    }
}

TEST(TlmMachine, SameRecordsAsWithoutTheKernel)
{
    compare_interrupts("alone", [](socscope::Machine &) {});
}

TEST(TlmMachine, SameRecordsBesideAClock)
{
    std::unique_ptr<sc_core::sc_clock> clock;
    compare_interrupts("clock", [&](socscope::Machine &) {
        clock = std::make_unique<sc_core::sc_clock>("clock", ns(777));
    });
}

TEST(TlmMachine, SameRecordsWithAQuantum)
{
    std::unique_ptr<sc_core::sc_clock> clock;
    tlm::tlm_global_quantum::instance().set(sc_time(10, sc_core::SC_US));
    compare_interrupts("quantum", [&](socscope::Machine &) {
        clock = std::make_unique<sc_core::sc_clock>("clock", ns(13));
    });
}

// Two ways of one job.
struct Side {
    std::string name, path;
    std::unique_ptr<socscope::Machine> soc;
    Seen plain, kernel;
    TraceStore *store = nullptr;

    // rows: compared, too.
    Side(const std::string &what, const Job &job, bool rows)
        : name(what), path(rows ? "tlm_all_" + name + ".db" : ""),
          plain(run_plain(job, path)),
          soc(std::make_unique<socscope::Machine>(name.c_str(), job.config,
                                                  job.elf, job.set))
    {
        machine_set_limits(soc->handle(), &job.limits);
        if (rows) {
            store = open_store(path.c_str());
            soc->attach_trace(store, everything);
        }
    }
    void compare()
    {
        SCOPED_TRACE(name);
        kernel.stop = soc->stop_reason();
        read_machine(soc->handle(), &kernel);
        if (store) {
            soc->detach_trace();
            close_store(store);
            read_tables(path.c_str(), &kernel);
            std::remove(path.c_str());
        }
        EXPECT_NE(kernel.stop, MACHINE_RUNNING);
        EXPECT_EQ(kernel.stop, plain.stop);
        EXPECT_EQ(kernel.status, plain.status);
        EXPECT_EQ(kernel.counters, plain.counters);
        EXPECT_EQ(kernel.console, plain.console);
        EXPECT_EQ(kernel.tables, plain.tables);
    }
};

// All of them in one kernel, beside a clock. With a quantum, or each would stop
// wherever one of the others is.
void run_sides(std::vector<std::unique_ptr<Side>> &sides, sc_time period,
               sc_time duration)
{
    tlm::tlm_global_quantum::instance().set(5 * period);
    for (auto &s : sides) {
        machine_set_serial(s->soc->handle(), on_byte, &s->kernel.console);
    }
    sc_core::sc_clock clock("clock", period);
    sc_core::sc_start(duration);
    for (auto &s : sides) {
        s->compare();
    }
}

// Every firmware of both widths: each machine ends as it does alone, by itself
// or at the same instruction. Small ones row by row.
TEST(TlmMachine, EveryFirmwareIsTheSameInTheKernel)
{
    const std::map<std::string, std::string> board = {{"rv32", "mcu"},
                                                      {"rv64", "virt64"}};
    const std::set<std::string> rows = {"access", "status", "tohost", "twin-a",
                                        "paged"};
    std::vector<std::unique_ptr<Side>> sides;
    unsigned finished = 0;
    for (const auto &[width, config] : board) {
        namespace fs = std::filesystem;
        for (const auto &file :
             fs::directory_iterator(BINARY_DIR "/firmware/" + width)) {
            const std::string name = file.path().stem().string();
            const bool own_board = name == "hifive";
            Job job = {SOURCE_DIR "/configs/" +
                           (own_board ? "sifive_e" : config) + ".yaml",
                       file.path().string()};
            job.limits.instructions = 100000;
            job.limits.time_ps = PS_PER_SECOND / 100;
            if (config == "virt64") {
                job.set = {"dram.size=8MiB"};
            }
            sides.push_back(std::make_unique<Side>(width + "_" + name, job,
                                                   rows.count(name) > 0));
            finished += sides.back()->plain.stop == MACHINE_FINISHED;
        }
    }
    EXPECT_GE(sides.size(), 40u);
    EXPECT_GE(finished, 14u);
    run_sides(sides, sc_time(7, sc_core::SC_US), sc_time(12, sc_core::SC_MS));
}

// OpenSBI and U-Boot row by row, Linux by its counters and console. Software:
// scripts/fetch-firmware.sh, in the folder that TLM_BOOT names.
TEST(TlmMachine, BootsAreTheSameInTheKernel)
{
    const char *folder = std::getenv("TLM_BOOT");
    if (!folder) {
        GTEST_SKIP() << "TLM_BOOT names no folder";
    }
    const std::string at = std::string(folder) + "/";
    const std::string config = SOURCE_DIR "/configs/virt64.yaml";
    Job u_boot = {config,
                  "",
                  {"boot.bios=" + at + "opensbi-rv64.bin",
                   "boot.kernel=" + at + "u-boot-s.bin"}};
    Job linux = {config,
                 "",
                 {"boot.bios=" + at + "opensbi-rv64.bin",
                  "boot.kernel=" + at + "Image",
                  "boot.initrd=" + at + "initramfs.cpio",
                  "boot.append=console=ttyS0", "dram.size=512MiB"}};
    u_boot.limits.instructions = 2000000;
    linux.limits.instructions = 150000000;
    std::vector<std::unique_ptr<Side>> sides;
    sides.push_back(std::make_unique<Side>("u_boot", u_boot, true));
    sides.push_back(std::make_unique<Side>("linux", linux, false));
    EXPECT_GT(sides[1]->plain.console.size(), 10000u);
    run_sides(sides, sc_time(1, sc_core::SC_MS), sc_time(20, sc_core::SC_SEC));
}

// Harts take turns at the same times, as long as nothing else is due.
TEST(TlmMachine, TwoHartsTakeTheSameTurns)
{
    const std::string text = kit::board(kit::two_cpus);
    const MachineLimits limits = {UINT64_MAX, UINT64_MAX, 3300000000};
    kit::Kit plain(text, kit::chatter(20)), kernel(text, kit::chatter(20));
    ASSERT_EQ(plain.error + kernel.error, "");
    machine_set_limits(plain.m, &limits);
    machine_set_limits(kernel.m, &limits);
    kit::Outcome expected = plain.run();
    socscope::Machine soc("soc", kernel.m);
    sc_core::sc_start();
    EXPECT_EQ(soc.stop_reason(), MACHINE_LIMIT_TIME);
    EXPECT_EQ(expected.stop, MACHINE_LIMIT_TIME);
    EXPECT_TRUE(kernel.outcome(soc.stop_reason()) == expected);
    EXPECT_GT(expected.output.size(), 1000u);
}

/* -- time ---------------------------------------------------------------- */

const char *const cpu_board =
    "version: 1\nname: m\nclock: 50MHz\n"
    "cpus:\n  - {name: cpu0, isa: rv32imac_zicsr_zifencei, bus: main, reset: "
    "0x80000000}\n"
    "buses:\n  main: {width: 32}\n"
    "memories:\n  - {name: ram, bus: main, at: 0x80000000, size: 64KiB}\n"
    "devices:\n"
    "  - {name: test0, type: sifive-test, bus: main, at: 0x00100000}\n"
    "  - {name: clint0, type: clint, bus: main, at: 0x02000000, timer: "
    "[cpu0.mti], soft: [cpu0.msi]}\n";
const uint64_t ram = 0x80000000, clint = 0x02000000;

kit::Code endless()
{
    return {kit::addi(kit::s0, kit::s0, 1), kit::j(-4)};
}

TEST(TlmMachine, AStartWithADurationEndsOnTime)
{
    Board board(cpu_board);
    board.load(endless());
    socscope::Machine soc("soc", board.m);
    for (uint64_t n = 1; n <= 30; n++) {
        sc_core::sc_start(sc_time(100, sc_core::SC_US));
        EXPECT_EQ(now_ps(), n * 100000000);
        EXPECT_GE(machine_time(board.m), now_ps());
        EXPECT_LE(machine_time(board.m), now_ps() + PS_PER_SECOND / 1000);
    }
    EXPECT_FALSE(soc.ended());
    EXPECT_EQ(soc.exit_status(), 0);
    EXPECT_GT(hart_counters(machine_hart(board.m, 0)).instructions, 50000u);
}

// The machine is nowhere more than a few cycles ahead of a process that acts.
TEST(TlmMachine, ExactWithoutAQuantum)
{
    Board board(cpu_board);
    board.load(endless());
    socscope::Machine soc("soc", board.m);
    socscope::TargetPort<32> port("port", soc, "main");
    uint32_t last = 0;
    Initiator initiator("initiator", [&](Initiator &i) {
        for (unsigned n = 0; n < 200; n++) {
            sc_core::wait(ns(310));
            ASSERT_LE(machine_time(board.m), now_ps() + 5 * cycle);
            sc_time ahead = ns(200);
            uint32_t value;
            i.access(tlm::TLM_READ_COMMAND, ram, &value, 4, ahead);
            // The access found the machine at its own time.
            ASSERT_GE(machine_time(board.m), now_ps() + 200000);
            sc_core::wait(ahead);
        }
        last = static_cast<uint32_t>(
            hart_counters(machine_hart(board.m, 0)).instructions);
        sc_core::sc_stop();
    });
    initiator.socket.bind(port.socket);
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
    EXPECT_GT(last, 200u);
}

TEST(TlmMachine, AtMostAQuantumAhead)
{
    const uint64_t quantum = 5000000; // ps
    Board board(cpu_board);
    board.load(endless());
    tlm::tlm_global_quantum::instance().set(sc_time(5, sc_core::SC_US));
    socscope::Machine soc("soc", board.m);
    socscope::TargetPort<32> port("port", soc, "main");
    unsigned ahead = 0;
    Initiator initiator("initiator", [&](Initiator &i) {
        for (unsigned n = 0; n < 500; n++) {
            sc_core::wait(ns(50));
            ASSERT_LE(machine_time(board.m), now_ps() + quantum + 5 * cycle);
            ahead += machine_time(board.m) > now_ps() + quantum / 2;
            i.read32(ram);
        }
        sc_core::sc_stop();
    });
    initiator.socket.bind(port.socket);
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
    EXPECT_GT(ahead, 100u);
}

/* -- sleep --------------------------------------------------------------- */

// Sleeps until a software interrupt is pending, then leaves a mark and ends.
kit::Code sleeper()
{
    using namespace kit;
    return li(t0, 8) + Code{csrw(MIE, t0), wfi} + li(t1, 0x80000800) +
           li(t2, 0x55) + Code{sw(t2, 0, t1)} + finish(7);
}

TEST(TlmMachine, AnAccessWakesASleepingHart)
{
    Board board(cpu_board);
    board.load(sleeper());
    socscope::Machine soc("soc", board.m);
    socscope::TargetPort<32> port("port", soc, "main");
    Initiator initiator("initiator", [&](Initiator &i) {
        sc_core::wait(ns(3400010)); // 3.4 ms
        uint32_t mark = 1;
        ASSERT_EQ(i.debug(tlm::TLM_READ_COMMAND, ram + 0x800, &mark, 4), 4u);
        EXPECT_EQ(mark, 0u);
        EXPECT_FALSE(soc.ended());
        i.write32(clint, 1);
        sc_core::wait(soc.ended_event());
        EXPECT_LT(now_ps(), 3402010000u);
        ASSERT_EQ(i.debug(tlm::TLM_READ_COMMAND, ram + 0x800, &mark, 4), 4u);
        EXPECT_EQ(mark, 0x55u);
    });
    initiator.socket.bind(port.socket);
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
    EXPECT_EQ(soc.stop_reason(), MACHINE_FINISHED);
    EXPECT_EQ(soc.exit_status(), 7);
    HartCounters c = hart_counters(machine_hart(board.m, 0));
    EXPECT_NEAR(static_cast<double>(c.idle), 3400010e3 / cycle, 20);
    EXPECT_LT(c.cycles - c.idle, 60u);
}

TEST(TlmMachine, SleepForGoodIsSeenWhenTheKernelIsQuiet)
{
    Board board(cpu_board);
    board.load(sleeper());
    socscope::Machine soc("soc", board.m);
    bool early = false;
    Foreign foreign("foreign");
    Initiator initiator("initiator", [&](Initiator &) {
        sc_core::wait(sc_time(5, sc_core::SC_MS));
        early = soc.ended();
    });
    initiator.socket.bind(foreign.socket);
    sc_core::sc_start();
    EXPECT_TRUE(initiator.ended);
    EXPECT_FALSE(early);
    EXPECT_EQ(soc.stop_reason(), MACHINE_STUCK);
    EXPECT_EQ(soc.exit_status(), 125);
    EXPECT_LE(now_ps(), PS_PER_SECOND / 1000 * 6);
}

TEST(TlmMachine, ALimitEndsIt)
{
    Board board(cpu_board);
    board.load(endless());
    MachineLimits limits = {1000, UINT64_MAX, TIME_NEVER};
    machine_set_limits(board.m, &limits);
    socscope::Machine soc("soc", board.m);
    sc_core::sc_clock clock("clock", ns(100));
    soc.stop_at_end(true);
    sc_core::sc_start();
    EXPECT_EQ(soc.stop_reason(), MACHINE_LIMIT_INSNS);
    EXPECT_EQ(soc.exit_status(), 124);
    EXPECT_EQ(hart_counters(machine_hart(board.m, 0)).instructions, 1000u);
}

TEST(TlmMachine, WrongFilesAreErrorsOfOneLine)
{
    auto message = [](const std::string &config, const std::string &elf,
                      const std::vector<std::string> &set) {
        try {
            socscope::Machine soc("soc", config, elf, set);
        } catch (const socscope::Failure &f) {
            return std::string(f.what());
        }
        return std::string("accepted");
    };
    const std::string mcu = SOURCE_DIR "/configs/mcu.yaml";
    EXPECT_NE(message("no-such.yaml", "", {}).find("no-such.yaml"),
              std::string::npos);
    EXPECT_NE(message(mcu, "no-such.elf", {}).find("no-such.elf"),
              std::string::npos);
    EXPECT_NE(message(mcu, "", {"buses.main.width=33"}).find("33"),
              std::string::npos);
    EXPECT_EQ(message(mcu, "", {"buses.main.width=64"}), "accepted");
}

} // namespace
