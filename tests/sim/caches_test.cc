// caches_test.cc - caches in machines: what they count of real runs, and that
// nothing else changes it.

#include <gtest/gtest.h>
#include <memory>

#include "tests/cpu/record_kit.h"
#include "tests/sim/machine_kit.h"
#include "tests/soc/l1_model.h"

namespace
{

using namespace kit;

const std::string kFirmware = BINARY_DIR "/firmware/rv32/";
const std::string kMcu = SOURCE_DIR "/configs/mcu.yaml";
const std::string kVirt = SOURCE_DIR "/configs/virt32.yaml";

// A board with firmware and caches, run for so many instructions.
struct Guest {
    Config *cfg = nullptr;
    Machine *m = nullptr;
    std::unique_ptr<Recording> recording;

    Guest(const std::string &board, const std::string &elf,
          const std::vector<std::string> &set, bool slow = false,
          bool recorded = false)
    {
        std::vector<const char *> sets;
        for (const std::string &s : set) {
            sets.push_back(s.c_str());
        }
        sets.push_back(nullptr);
        Error *err = nullptr;
        cfg = config_load(board.c_str(), sets.data(), &err);
        MachineOptions options = {};
        options.slow = slow;
        m = cfg ? machine_new_with(cfg, &options, &err) : nullptr;
        bool ok = m && machine_load_elf(m, (kFirmware + elf).c_str(), &err);
        EXPECT_TRUE(ok) << (err ? error_message(err) : "");
        error_free(err);
        if (ok) {
            machine_reset(m);
        }
        if (ok && recorded) {
            recording = std::make_unique<Recording>(machine_world(m), KIND_ALL);
        }
    }
    ~Guest()
    {
        recording.reset();
        machine_free(m);
        config_free(cfg);
    }
    Guest(const Guest &) = delete;
    Guest &operator=(const Guest &) = delete;

    void go(uint64_t instructions)
    {
        MachineLimits limits = {instructions, UINT64_MAX, TIME_NEVER};
        machine_set_limits(m, &limits);
        machine_run(m, TIME_NEVER);
    }
    L1Counters counters(const char *name) const
    {
        machine_transactions(m); // what went inline is counted now
        const MachineCache *c = machine_find_cache(m, name);
        return c ? c->l1.counters : L1Counters{};
    }
    uint64_t traps() const
    {
        HartCounters c = hart_counters(machine_hart(m, 0));
        return c.traps + c.interrupts;
    }
    std::vector<uint64_t> all() const
    {
        HartCounters c = hart_counters(machine_hart(m, 0));
        std::vector<uint64_t> n = {machine_time(m), machine_transactions(m),
                                   c.cycles,        c.instructions,
                                   c.idle,          c.traps,
                                   c.interrupts,    c.fetch_stall,
                                   c.data_wait,     c.data_bus,
                                   c.data_target,   c.walk,
                                   c.walks};
        for (const char *name : {"cpu0.icache", "cpu0.dcache"}) {
            L1Counters l = counters(name);
            n.insert(n.end(),
                     {l.accesses, l.hits, l.misses, l.fills, l.writebacks,
                      l.throughs, l.bytes, l.invalidations});
        }
        for (unsigned i = 0; i < machine_buses(m); i++) {
            const BusLane &b = machine_bus(m, i)->bus.lane;
            n.insert(n.end(), {b.transactions, b.beats, b.bytes, b.busy_cycles,
                               b.wait_cycles});
        }
        return n;
    }
};

std::string cache(const char *which, const std::string &text)
{
    return std::string("cpus.cpu0.") + which + "={" + text + "}";
}

// -- counts
// ----------------------------------------------------------------------

bool is_memory(uint64_t pa)
{
    return pa >= 0x80000000 || pa < 0x10000;
}

TEST(Caches, CountARealRunAsTheModelDoes)
{
    struct Case {
        const char *replacement, *rest;
        ModelPolicy policy;
        bool through, allocate;
    };
    const Case cases[] = {
        {"lru", "", ModelPolicy::lru, false, true},
        {"plru", ", write: through", ModelPolicy::plru, true, true},
        {"round-robin", ", allocate: read", ModelPolicy::rr, false, false},
        {"round-robin-set", "", ModelPolicy::rr_set, false, true},
        {"random", ", seed: 77, write: through, allocate: read",
         ModelPolicy::random, true, false},
    };
    for (const Case &c : cases) {
        SCOPED_TRACE(c.replacement);
        const std::string what = std::string("replacement: ") + c.replacement;
        const bool random = c.policy == ModelPolicy::random;
        Guest run(kMcu, "interrupts.elf",
                  {cache("icache", "size: 2KiB, ways: 4, line: 16, "
                                   "fill_overhead: 500, " +
                                       what), // interrupts come meanwhile
                   cache("dcache", "size: 512, ways: 2, " + what + c.rest)},
                  false, true);
        run.go(25000);
        CacheModel icache(2048, 4, 16, c.policy, false, true, 1);
        CacheModel dcache(512, 2, 32, c.policy, c.through, c.allocate,
                          random ? 77 : 1);
        uint64_t devices = 0, entries = 0, handler = 0;
        hart_read_csr(machine_hart(run.m, 0), MTVEC, &handler);
        for (const Seen &s : run.recording->rows()) {
            if (s.port > 2) {
                continue; // not the hart's
            }
            if (!is_memory(s.pa)) {
                devices++;
            } else if (s.kind == ACCESS_FETCH) {
                icache.access(s.pa, s.size, false);
                entries += s.pc == handler;
            } else {
                dcache.access(s.pa, s.size, s.dir != DIR_READ);
            }
        }
        EXPECT_GT(devices, 100u);
        EXPECT_EQ(entries, run.traps());
        EXPECT_GT(entries, 10u);
        for (const CacheModel *model : {&icache, &dcache}) {
            L1Counters n =
                run.counters(model == &icache ? "cpu0.icache" : "cpu0.dcache");
            EXPECT_EQ(n.hits, model->hits);
            EXPECT_EQ(n.misses, model->misses);
            EXPECT_EQ(n.accesses, n.hits + n.misses);
            EXPECT_EQ(n.fills, model->fills);
            EXPECT_EQ(n.writebacks, model->writebacks);
            EXPECT_EQ(n.throughs, model->throughs);
            EXPECT_EQ(n.bytes, model->bytes);
            EXPECT_GT(n.misses, 50u);
        }
    }
}

// -- what changes nothing
// ----------------------------------------------------------

void expect_same(const std::vector<Seen> &a, const std::vector<Seen> &b)
{
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); i++) {
        ASSERT_EQ(a[i], b[i]) << "row " << i;
    }
}

// The fast path, recording and the quantum; interrupts, DMA on the same bus.
void expect_nothing_changes(const std::string &board, const std::string &elf,
                            std::vector<std::string> set, uint64_t instructions)
{
    Guest plain(board, elf, set), slow(board, elf, set, true, true),
        fast(board, elf, set, false, true);
    for (Guest *run : {&plain, &slow, &fast}) {
        run->go(instructions);
    }
    EXPECT_EQ(plain.all(), slow.all());
    EXPECT_EQ(plain.all(), fast.all());
    expect_same(slow.recording->rows(), fast.recording->rows());
    set.push_back("quantum=777ns");
    Guest often(board, elf, set);
    often.go(instructions);
    EXPECT_EQ(plain.all(), often.all());
}

TEST(Caches, FastPathRecordsAndQuantumChangeNothing)
{
    const char *const dcaches[] = {
        "size: 1KiB, ways: 2, fill_overhead: 3, writeback_overhead: 2",
        "size: 512, line: 8, hit: 2, write: through, allocate: read",
        "size: 4KiB, ways: 4, replacement: plru, uncached: [{at: 0x80002000, "
        "size: 8KiB}]"};
    for (const char *dcache : dcaches) {
        SCOPED_TRACE(dcache);
        expect_nothing_changes(
            kMcu, "interrupts.elf",
            {cache("icache", "size: 1KiB, hit: 3, fill_overhead: 2"),
             cache("dcache", dcache), "cpus.cpu0.fetch=main",
             "buses.main.overhead=1", "memories.sram.wait_states=1"},
            20000);
    }
    // One of the two, and code beside what is cached.
    expect_nothing_changes(kMcu, "interrupts.elf",
                           {cache("dcache", "size: 1KiB, ways: 2")}, 20000);
    expect_nothing_changes(
        kMcu, "interrupts.elf",
        {cache("icache", "size: 1KiB, uncached: [{at: 0x80000000, size: "
                         "4KiB}]")},
        20000);
}

TEST(Caches, NorWithPipelines)
{
    for (const char *core :
         {"ibex-maxperf", "hazard3-rp2350", "cv32e40p", "ue-riscv"}) {
        SCOPED_TRACE(core);
        expect_nothing_changes(
            kMcu, "interrupts.elf",
            {cache("icache", "size: 1KiB, ways: 2, fill_overhead: 2"),
             cache("dcache", "size: 512, fill_overhead: 3"),
             std::string("cpus.cpu0.timing=") + core},
            20000);
    }
}

// Page tables: the walker goes through the dcache.
TEST(Caches, NorWithPageTables)
{
    expect_nothing_changes(kVirt, "paged.elf",
                           {cache("icache", "size: 1KiB, ways: 2"),
                            cache("dcache", "size: 1KiB, ways: 2")},
                           20000);
}

// -- instructions
// ------------------------------------------------------------------

TEST(Caches, MissesStallTheirInstruction)
{
    // 16 instructions, two lines; RAM has one wait state for each beat.
    Code code;
    for (int i = 0; i < 12; i++) {
        code.push_back(addi(a0, a0, 1));
    }
    code = code + finish(0);
    const char *const set[] = {"cpu0.icache={size: 1KiB, fill_overhead: 5}",
                               nullptr};
    const uint64_t miss = 5 + 8 * 2;
    Kit k(board(one_cpu), code, false, set);
    ASSERT_EQ(k.error, "");
    Recording recording(machine_world(k.m), KIND_ALL);
    k.run();
    std::vector<Seen> fetches;
    for (const Seen &s : recording.rows()) {
        if (s.kind == ACCESS_FETCH) {
            fetches.push_back(s);
        }
    }
    ASSERT_GE(fetches.size(), 13u);
    for (size_t i = 0; i < 13; i++) {
        const bool missed = i % 8 == 0;
        EXPECT_EQ(fetches[i].bus + fetches[i].target, missed ? 1 + miss : 1);
        EXPECT_EQ(fetches[i].beats, missed ? 8u : 0u);
        EXPECT_EQ(fetches[i].cycle,
                  i + (i > 0 ? miss : 0) + (i > 8 ? miss : 0));
    }
    HartCounters c = hart_counters(machine_hart(k.m, 0));
    EXPECT_EQ(c.fetch_stall, 3 * miss); // finish() ends in a third line
}

TEST(Caches, FenceIEmptiesTheIcacheOnly)
{
    for (const char *keep : {"", ", fence_i: keep"}) {
        const uint32_t fence_i = 0x0000100f;
        Code code = li(sp, 0x80001000) +
                    Code{lw(a0, 0, sp), fence_i, lw(a0, 0, sp), fence_i} +
                    finish(0);
        std::string icache =
            std::string("cpu0.icache={size: 1KiB, line: 64") + keep + "}";
        const char *const set[] = {icache.c_str(), "cpu0.dcache={size: 1KiB}",
                                   nullptr};
        Kit k(board(one_cpu), code, false, set);
        ASSERT_EQ(k.error, "");
        k.run();
        machine_transactions(k.m);
        const L1Counters
            i = machine_find_cache(k.m, "cpu0.icache")->l1.counters,
            d = machine_find_cache(k.m, "cpu0.dcache")->l1.counters;
        EXPECT_EQ(i.misses, *keep ? 1u : 3u);
        EXPECT_EQ(i.invalidations, *keep ? 0u : 2u);
        EXPECT_EQ(d.misses, 1u);
        EXPECT_EQ(d.invalidations, 0u);
    }
}

TEST(Caches, StartEmptyAfterAReset)
{
    const char *const set[] = {"cpu0.icache={size: 1KiB}",
                               "cpu0.dcache={size: 1KiB}", nullptr};
    Code code = li(sp, 0x80001000) + Code{sw(a0, 0, sp)} + finish(0);
    Kit k(board(one_cpu), code, false, set);
    ASSERT_EQ(k.error, "");
    k.run();
    machine_transactions(k.m);
    const L1Counters once = machine_find_cache(k.m, "cpu0.icache")->l1.counters;
    machine_reset(k.m);
    k.run();
    machine_transactions(k.m);
    const L1Counters twice =
        machine_find_cache(k.m, "cpu0.icache")->l1.counters;
    EXPECT_EQ(twice.misses, 2 * once.misses);
    EXPECT_EQ(twice.accesses, 2 * once.accesses);
    EXPECT_EQ(machine_find_cache(k.m, "cpu0.dcache")->l1.counters.writebacks,
              0u);
}

} // namespace
