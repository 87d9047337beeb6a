// window_test.cc - what is recorded between two moments, and before one; that
// nothing else changes; map changes.

#include <cinttypes>
#include <cstdio>
#include <gtest/gtest.h>
#include <random>
#include <sstream>
#include <unistd.h>

#include "tests/sim/machine_kit.h"

namespace
{

using namespace kit;

using Row = std::vector<std::string>;

std::vector<Row> query(const std::string &path, const std::string &sql)
{
    char *text = nullptr;
    size_t len = 0;
    Error *err = nullptr;
    FILE *out = open_memstream(&text, &len);
    bool ok = trace_sql(path.c_str(), sql.c_str(), TRACE_CSV, out, &err);
    fclose(out);
    EXPECT_TRUE(ok) << (err ? error_message(err) : "");
    error_free(err);
    std::vector<Row> rows;
    std::istringstream lines(text);
    std::string line, field;
    for (bool head = true; std::getline(lines, line); head = false) {
        Row row;
        line.pop_back(); // the carriage return
        std::istringstream fields(line);
        while (std::getline(fields, field, ',')) {
            row.push_back(field);
        }
        if (!head) {
            rows.push_back(row);
        }
    }
    free(text);
    return rows;
}

using Moments = std::vector<MachineMoment>;

struct Windows {
    Moments from = {}, to = {};
    uint64_t last = 0;
    MachineMoment trigger = {MOMENT_EXIT, 0, "exit"};
    TraceFilter filter = {};
};

// One row of tx: what tells transactions apart.
struct Tx {
    uint64_t time, pc, pa, value;
    std::string initiator, kind;
    bool operator==(const Tx &o) const
    {
        return time == o.time && pc == o.pc && pa == o.pa && value == o.value &&
               initiator == o.initiator && kind == o.kind;
    }
};

struct Traced {
    Outcome outcome;
    std::vector<Tx> rows;
    std::vector<Row> windows;
    std::vector<Row> skipped;
};

// Runs with a store; fails when a check does.
class TracedRun
{
  public:
    TracedRun(Kit *k, const Windows &w)
        : kit(k), path(std::string(BINARY_DIR) + "/window-" +
                       std::to_string(getpid()) + ".db")
    {
        Error *err = nullptr;
        store = trace_open(path.c_str(), &err);
        EXPECT_NE(store, nullptr) << error_message(err);
        MachineWindows set = {w.from.data(),
                              w.to.data(),
                              static_cast<unsigned>(w.from.size()),
                              static_cast<unsigned>(w.to.size()),
                              w.last,
                              w.trigger};
        EXPECT_TRUE(machine_set_windows(k->m, &set, &err));
        trace_set_filter(store, &w.filter);
        trace_keep_last(store, w.last);
        MachineTrace what = {true, (1u << ACCESS_KINDS) - 1, true};
        EXPECT_TRUE(machine_attach_trace(k->m, store, &what, &err));
    }
    Traced finish(MachineStop stop)
    {
        Error *err = nullptr;
        Traced t;
        t.outcome = kit->outcome(stop);
        machine_detach_trace(kit->m);
        EXPECT_TRUE(trace_close(store, &err));
        for (const Row &r : query(path, "select time, pc, pa, value, initiator,"
                                        " kind from tx order by rowid")) {
            auto number = [](const std::string &s) {
                return strtoull(s.c_str(), nullptr, 10);
            };
            t.rows.push_back({number(r[0]), number(r[1]), number(r[2]),
                              number(r[3]), r[4], r[5]});
        }
        t.windows = query(path, "select * from trace_window");
        t.skipped =
            query(path, "select name from check_result where ok is null");
        EXPECT_EQ(query(path, "select name, detail from check_result where "
                              "not ok"),
                  std::vector<Row>{});
        return t;
    }
    ~TracedRun() { unlink(path.c_str()); }

    Kit *kit;
    std::string path;
    TraceStore *store;
};

// A machine with so many harts that share counters.
struct Program {
    std::string text;
    Code code;
};

Traced run(const Program &p, const Windows &w, bool slow = false)
{
    Kit k(p.text, p.code, slow);
    EXPECT_EQ(k.error, "");
    TracedRun t(&k, w);
    return t.finish(machine_run(k.m, PS_PER_SECOND));
}

// Counts by AMO, with loads, stores, an ecall and a phase on the way; hart 0
// ends the run when all are done.
enum : uint32_t { HANDLER = 0x80000400, DATA = 0x80008000 };
Program program(unsigned harts, uint32_t rounds)
{
    const uint32_t ecall = 0x73, mret = 0x30200073, mepc = 0x341;
    auto amoadd = [](int rs2, int rs1) {
        return static_cast<uint32_t>(rs2) << 20 |
               static_cast<uint32_t>(rs1) << 15 | 2 << 12 | 0x2f;
    };
    Code code = li(s0, DATA) + li(s1, rounds) + li(a0, 1) + li(a1, 0x10000000) +
                li(t0, HANDLER);
    code.push_back(csrw(MTVEC, t0));
    Code loop = {
        amoadd(a0, s0),  lw(t1, 4, s0), addi(t1, t1, 3), sw(t1, 4, s0),
        ecall,           sb(s1, 7, a1), addi(t2, s1, 0), addi(t2, t2, -1),
        addi(s1, s1, -1)};
    loop.push_back(bne(s1, zero, -4 * static_cast<int>(loop.size())));
    code = code + loop +
           Code{addi(t2, s0, 64),
                amoadd(a0, t2),
                csrr(t0, MHARTID),
                beq(t0, zero, 12),
                wfi,
                j(-4)};
    code =
        code + li(t1, harts) + Code{lw(t0, 0, t2), bne(t0, t1, -4)} + finish(0);
    code.resize((HANDLER - 0x80000000) / 4, 0);
    code = code + Code{csrr(tp, mepc), addi(tp, tp, 4), csrw(mepc, tp), mret};
    std::string cpus = "  - {name: 'cpu[0-" + std::to_string(harts - 1) +
                       "]', isa: rv32imac_zicsr_zifencei, bus: main, reset: "
                       "0x80000000}\n";
    return {board(harts == 1 ? one_cpu : cpus) + "quantum: 700ns\n", code};
}

MachineMoment at_pc(uint32_t pc)
{
    return {MOMENT_PC, pc, "pc"};
}
MachineMoment at_time(uint64_t ps)
{
    return {MOMENT_TIME, ps, "time"};
}

void expect_rows(const std::vector<Tx> &want, const std::vector<Tx> &got,
                 const std::string &what)
{
    for (size_t i = 0; i < want.size() && i < got.size(); i++) {
        ASSERT_TRUE(want[i] == got[i])
            << what << ", row " << i << ": " << got[i].time << " "
            << got[i].kind << std::hex << " pc " << got[i].pc << ", not "
            << std::dec << want[i].time << " " << want[i].kind << std::hex
            << " pc " << want[i].pc;
    }
    ASSERT_EQ(want.size(), got.size()) << what;
}

// An instruction belongs to a window of time if it begins in it, and its rows
// may be later: by the wait for its fetch, the access, and a trap's fetch.
void expect_time(const std::vector<Tx> &all, const std::vector<Tx> &got,
                 uint64_t from, uint64_t to)
{
    const uint64_t slack = 200000;
    size_t at = 0, inside = 0, must = 0;
    for (const Tx &t : all) {
        must += t.time >= from + slack && t.time < to;
    }
    for (const Tx &t : got) {
        while (at < all.size() && !(all[at] == t)) {
            at++; // got has rows of all, in their order
        }
        ASSERT_LT(at++, all.size()) << t.time << " " << t.kind;
        ASSERT_GE(t.time, from);
        ASSERT_LT(t.time, to + slack);
        inside += t.time >= from + slack && t.time < to;
    }
    EXPECT_EQ(inside, must);
}

// Rows of a full trace from each fetch of one pc to the next of another.
std::vector<Tx> between(const std::vector<Tx> &all, uint64_t from, uint64_t to)
{
    std::vector<Tx> some;
    bool on = false;
    for (const Tx &t : all) {
        bool fetch = t.kind == "fetch";
        if (fetch && t.pc == (on ? to : from)) {
            on = !on;
        }
        if (on) {
            some.push_back(t);
        }
    }
    return some;
}

TEST(Window, OneHartIsRecordedExactlyInIt)
{
    const Program p = program(1, 30);
    const Traced all = run(p, {});
    ASSERT_EQ(all.outcome.stop, MACHINE_FINISHED);
    ASSERT_EQ(all.windows.size(), 1u);
    EXPECT_EQ(all.windows[0][4] + all.windows[0][5], "startend");
    EXPECT_TRUE(all.skipped.empty());
    std::mt19937_64 random(5);
    size_t some = 0;
    for (int i = 0; i < 20; i++) {
        const Tx &a = all.rows[random() % all.rows.size()];
        const Tx &b = all.rows[random() % all.rows.size()];
        SCOPED_TRACE(testing::Message()
                     << i << ": " << std::hex << a.pc << " " << b.pc);
        const bool slow = i % 4 == 3;
        Windows w = {{at_pc(uint32_t(a.pc))}, {at_pc(uint32_t(b.pc))}};
        Traced got = run(p, w, slow);
        EXPECT_EQ(got.outcome, all.outcome);
        expect_rows(between(all.rows, a.pc, b.pc), got.rows, "pc");
        some += got.windows.size() > 1;
        // times, also in the middle of a cycle
        const uint64_t from = std::min(a.time, b.time) - random() % 20000;
        const uint64_t to = std::max(a.time, b.time);
        got = run(p, {{at_time(from)}, {at_time(to)}}, slow);
        EXPECT_EQ(got.outcome, all.outcome);
        expect_time(all.rows, got.rows, from, to);
        if (!got.windows.empty()) {
            EXPECT_EQ(got.windows[0][0], std::to_string(from));
            EXPECT_EQ(got.windows[0][1], std::to_string(to));
        }
    }
    EXPECT_GT(some, 8u);
}

TEST(Window, InstructionsPhasesAndTraps)
{
    const Program p = program(1, 30);
    const Traced all = run(p, {});
    std::vector<size_t> fetch, ecall, phase; // places in all.rows
    for (size_t i = 0; i < all.rows.size(); i++) {
        const Tx &t = all.rows[i];
        if (t.kind == "fetch") {
            fetch.push_back(i);
            if (t.value == 0x73) {
                ecall.push_back(i);
            }
        } else if (t.pa == 0x10000007) {
            phase.push_back(i);
        }
    }
    ASSERT_EQ(ecall.size(), 30u);
    ASSERT_EQ(phase.size(), 30u);
    auto rows = [&](size_t from, size_t to) {
        return std::vector<Tx>(all.rows.begin() + long(from),
                               all.rows.begin() + long(to));
    };
    // An ecall is fetched but does not retire.
    Traced got = run(p, {{{MOMENT_INSNS, 9, "a"}}, {{MOMENT_INSNS, 14, "b"}}});
    EXPECT_EQ(got.outcome, all.outcome);
    expect_rows(rows(fetch[9], fetch[14]), got.rows, "insns");
    // From behind the store that marks phase 20 up to behind that of 10.
    got = run(p, {{{MOMENT_PHASE, 20, "a"}}, {{MOMENT_PHASE, 10, "b"}}});
    EXPECT_EQ(got.outcome, all.outcome);
    expect_rows(rows(phase[10] + 1, phase[20] + 1), got.rows, "phase");
    ASSERT_EQ(got.windows.size(), 1u);
    EXPECT_EQ(got.windows[0][4] + got.windows[0][5], "ab");
    // The first trap on; the next one ends it, and so on.
    got = run(p, {{{MOMENT_TRAP, 0, "a"}}, {{MOMENT_TRAP, 0, "b"}}});
    EXPECT_EQ(got.outcome, all.outcome);
    EXPECT_EQ(got.windows.size(), 15u);
    std::vector<Tx> want;
    for (size_t i = 0; i < 30; i += 2) {
        auto part = rows(ecall[i] + 1, ecall[i + 1] + 1);
        want.insert(want.end(), part.begin(), part.end());
    }
    expect_rows(want, got.rows, "traps");
    // An ecall is no fault.
    got = run(p, {{{MOMENT_FAULT, 0, "a"}}, {}});
    EXPECT_TRUE(got.rows.empty() && got.windows.empty());
}

TEST(Window, TheLastOnes)
{
    const Program p = program(1, 30);
    const Traced all = run(p, {});
    const size_t n = all.rows.size();
    for (uint64_t last : {1u, 2u, 100u, 1000000u}) {
        Windows w;
        w.last = last;
        Traced got = run(p, w);
        EXPECT_EQ(got.outcome, all.outcome);
        expect_rows({all.rows.end() - long(std::min<uint64_t>(last, n)),
                     all.rows.end()},
                    got.rows, "end");
        // before the first trap, its fetch included
        w.trigger = {MOMENT_TRAP, 0, "trap"};
        got = run(p, w);
        EXPECT_EQ(got.outcome, all.outcome);
        size_t ecall = 0;
        while (all.rows[ecall].value != 0x73) {
            ecall++;
        }
        ecall++;
        expect_rows(
            {all.rows.begin() + long(ecall - std::min<uint64_t>(last, ecall)),
             all.rows.begin() + long(ecall)},
            got.rows, "trap");
        EXPECT_EQ(got.windows.back()[5], "trap");
        // a trigger that never comes: the end
        w.trigger = {MOMENT_FAULT, 0, "fault"};
        EXPECT_EQ(run(p, w).windows.back()[5], "end");
    }
}

TEST(Window, FilterAndRowsAreAllThereIs)
{
    const Program p = program(1, 30);
    const Traced all = run(p, {});
    Windows w;
    w.filter.ranges = 1;
    w.filter.range[0] = {DATA + 4, DATA + 7};
    w.filter.dir = DIR_WRITE;
    const Traced got = run(p, w);
    EXPECT_EQ(got.rows.size(), 30u);
    for (const Tx &t : got.rows) {
        EXPECT_EQ(t.kind + std::to_string(t.pa),
                  "store" + std::to_string(DATA + 4));
    }
    EXPECT_GT(got.skipped.size(), 5u);
    EXPECT_EQ(got.outcome, all.outcome);
}

// Moments of one hart do not change when the others run. (On a timed bus, which
// of them waits depends on how their code is cut into blocks, too.)
TEST(Window, SeveralHarts)
{
    for (unsigned harts : {2u, 4u}) {
        Program p = program(harts, 40);
        const std::string bus = "main: {width: 32";
        p.text.replace(p.text.find(bus), bus.size(), bus + ", timing: none");
        const Traced all = run(p, {});
        ASSERT_EQ(all.outcome.stop, MACHINE_FINISHED);
        std::mt19937_64 random(harts);
        for (int i = 0; i < 5; i++) {
            const Tx &a = all.rows[random() % all.rows.size()];
            const Tx &b = all.rows[random() % all.rows.size()];
            const uint64_t from = std::min(a.time, b.time);
            const uint64_t to = std::max(a.time, b.time) + 1;
            Traced got = run(p, {{at_time(from)}, {at_time(to)}});
            EXPECT_EQ(got.outcome, all.outcome);
            if (to - from > 2 * 700000) { // else both fall in one quantum
                expect_time(all.rows, got.rows, from, to);
            }
            got = run(p, {{at_pc(uint32_t(a.pc))}, {at_pc(uint32_t(b.pc))}});
            EXPECT_EQ(got.outcome, all.outcome);
            expect_rows(between(all.rows, a.pc, b.pc), got.rows, "pc");
            got = run(p, {{{MOMENT_INSNS, 50 + random() % 200, "a"}},
                          {{MOMENT_TRAP, 0, "b"}}});
            EXPECT_EQ(got.outcome, all.outcome);
        }
    }
}

// -- the map ------------------------------------------------------------------

TEST(Window, MapChangesHaveTheirTime)
{
    Kit k(board(one_cpu), chatter(50));
    ASSERT_EQ(k.error, "");
    TracedRun t(&k, {});
    MemoryRegion *uart = &machine_device(k.m, 1)->dev->mmio;
    ASSERT_STREQ(memory_region_name(uart), "uart0");
    Event away;
    auto change = [](void *opaque, uint64_t when) {
        auto *mr = static_cast<MemoryRegion *>(opaque);
        memory_region_set_enabled(mr, when != 30000000);
        if (when == 70000000) {
            memory_region_set_address(mr, 0x20000000);
        }
    };
    event_init(machine_events(k.m), &away, "away", EVENT_NORMAL, change, uart);
    for (uint64_t when : {30000000u, 50000000u, 70000000u}) {
        event_schedule(machine_events(k.m), &away, when);
        machine_run(k.m, when + 10000000);
    }
    const std::string path = t.path;
    machine_detach_trace(k.m);
    ASSERT_TRUE(trace_close(t.store, nullptr));
    const std::vector<Row> want = {
        {"0", "268435456", "1", "8"},
        {"30000000", "268435456", "0", "8"},
        {"50000000", "268435456", "1", "8"},
        {"70000000", "268435456", "0", "8"},
        {"70000000", "536870912", "1", "8"},
    };
    EXPECT_EQ(query(path, "select m.time, m.address, m.mapped, m.size from "
                          "region_map m join region r on r.id = m.region_id "
                          "where r.name = 'uart0'"),
              want);
}

// -- names --------------------------------------------------------------------

TEST(Window, NamesOfAFilterAreChecked)
{
    Kit k(board(one_cpu), chatter(50));
    TraceFilter f = {};
    f.initiators = f.regions = 1;
    f.initiator[0] = "cpu0";
    f.region[0] = "uart0";
    Error *err = nullptr;
    EXPECT_TRUE(machine_check_filter(k.m, &f, &err));
    f.region[0] = "uart1";
    EXPECT_FALSE(machine_check_filter(k.m, &f, &err));
    EXPECT_STREQ(error_message(err), "--trace: no region is called \"uart1\"; "
                                     "did you mean \"uart0\"?");
    error_free(err);
    err = nullptr;
    f.initiator[0] = "dma0";
    EXPECT_FALSE(machine_check_filter(k.m, &f, &err));
    EXPECT_STREQ(error_message(err),
                 "--trace: no initiator is called \"dma0\"; known: cpu0, "
                 "main.api");
    error_free(err);
}

} // namespace
