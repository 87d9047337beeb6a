// diff: what is different is found, and nothing else is.
#include <gtest/gtest.h>

#include "tests/traces/plain.h"
#include "traces/diff.h"

using namespace synthetic;

namespace
{

struct Answer {
    bool ok = false, failed = false;
    string text, failures;
    bool says(const string &what) const
    {
        return text.find(what) != string::npos;
    }
};

Answer diff(const string &a, const string &b, vector<const char *> fail_on = {},
            bool json = false, const char *junit = nullptr)
{
    Answer answer;
    TraceDiff what{json, junit, fail_on.data(), fail_on.size()};
    Error *err = nullptr;
    answer.text = printed([&](FILE *out) {
        answer.failures = printed([&](FILE *failures) {
            answer.ok = trace_diff(a.c_str(), b.c_str(), &what, out, failures,
                                   &answer.failed, &err);
        });
    });
    if (!answer.ok) {
        EXPECT_EQ("", answer.text);
        answer.text = message(err);
    }
    return answer;
}

const uint64_t seed = 31;
const unsigned transactions = 600;

const string &base()
{
    static const string path = plain_run(seed, transactions);
    return path;
}

string value(const string &sql)
{
    return one(base(), sql);
}

// The lines from the one that begins with `title` to the next empty one.
string section(const string &text, const string &title)
{
    size_t at = text.find("\n" + title);
    return at == string::npos
               ? ""
               : text.substr(at + 1, text.find("\n\n", at + 1) - at);
}

// -- the same -----------------------------------------------------------------

TEST(Diff, TheSameRunTwiceIsIdentical)
{
    string a = temporary("a.db"), b = temporary("b.db");
    ASSERT_TRUE(write_run(a, seed, transactions));
    ASSERT_TRUE(write_run(b, seed, transactions));
    Answer same = diff(a, b, {"cycles > 0", "tx_rows != 0"});
    EXPECT_TRUE(same.ok) << same.text;
    EXPECT_FALSE(same.failed);
    EXPECT_TRUE(same.says("\nidentical: ")) << same.text;
    EXPECT_TRUE(diff(a, b, {}, true).says("\"identical\": true"));
    EXPECT_TRUE(diff(a, base()).says("\nidentical: ")); // as plain tables
    ASSERT_TRUE(write_run(b, seed + 1, transactions));
    EXPECT_FALSE(diff(a, b).says("identical"));
    unlink(a.c_str());
    unlink(b.c_str());
}

// Any one value changed anywhere is no longer identical.
TEST(Diff, OneValueIsEnough)
{
    const char *const changes[] = {
        "update tx set value = value + 1 where rowid = 500",
        "update tx set va = va + 1 where rowid = 500",
        "update tx set flags = 'split' where rowid = (select max(rowid) from tx"
        " where flags <> 'split')",
        "update tx set result = 'access' where rowid = 500",
        "update tx set blocker_id = 1 where rowid = (select max(rowid) from tx"
        " where blocker_id = 3)",
        "update tx set beats = 9 where rowid = 500",
        "delete from tx where rowid = (select max(rowid) from tx)",
        "update site set pc = pc + 2 where id = (select max(site) from tx"
        " where pc is not null)",
        "update fault set tval = 1",
        "update input set bytes = x'00'",
        "update phase set cycles = 1 where rowid = 1",
        "update log set text = 'other'",
        "update hart set walks = 7",
        "update function_cost set entries = entries + 1 where rowid = 1",
        "update traffic set errors = 99 where rowid = 1",
        "update metric set value = value + 1 where name = 'traps'",
        "update run set value = 'app2.elf' where key = 'firmware'",
        "insert into run values('config', 'name: other')",
        "update mmio set register = 'X' where rowid = 4",
    };
    for (const char *sql : changes) {
        Copy copy(base(), sql);
        ASSERT_EQ("", copy.error);
        Answer a = diff(base(), copy.path);
        EXPECT_TRUE(a.ok) << sql << a.text;
        EXPECT_FALSE(a.says("identical")) << sql;
        EXPECT_FALSE(diff(copy.path, base()).says("identical")) << sql;
    }
}

// What rows are made of may be stored alike and still mean something else.
TEST(Diff, EqualStorageIsNotEnough)
{
    string run = temporary("a.db");
    ASSERT_TRUE(write_run(run, seed, transactions));
    for (const char *sql :
         {"update result_name set name = 'fine' where id = 0",
          "update site set pc = pc + 2 where id = 1",
          "update site set symbol_id = 2 where symbol_id = 1",
          "update initiator set name = 'cpu1.data' where id = 2",
          "update symbol set name = 'start' where name = '_start'",
          "update region set name = 'rom' where name = 'flash'"}) {
        Copy copy(run, sql);
        EXPECT_FALSE(diff(run, copy.path).says("identical")) << sql;
    }
    EXPECT_TRUE(diff(run, Copy(run).path).says("identical"));
    unlink(run.c_str());
}

// -- where they part ----------------------------------------------------------

TEST(Diff, FirstInstruction)
{
    string row = value("select rowid from tx where kind = 'fetch' limit 1 "
                       "offset 150");
    string other = value("select rowid from tx where kind = 'fetch' limit 1 "
                         "offset 200");
    string time = value("select printf('%.6f', time / 1e6) from tx where "
                        "rowid = " +
                        row);
    Copy copy(base(), "update tx set value = 1234 where rowid in (" + row +
                          ", " + other + ")");
    Answer a = diff(base(), copy.path);
    string found = section(a.text, "First different instruction");
    EXPECT_NE(string::npos, found.find("cpu0.fetch fetch")) << a.text;
    EXPECT_NE(string::npos, found.find("\n  A  tx " + row + " at " + time))
        << found;
    EXPECT_NE(string::npos, found.find("\n  B  tx " + row + " at " + time))
        << found;
    EXPECT_NE(string::npos, found.find("4d2")) << found;
    EXPECT_TRUE(a.says("First different timing: none in ")) << a.text;
    EXPECT_TRUE(a.says("First different device access: none in "));
    EXPECT_TRUE(diff(base(), copy.path, {}, true)
                    .says("\"instruction\": {\"of\": \"instructions\", "
                          "\"not_compared\": null, "))
        << a.text;
}

// Rows of other initiators between do not matter.
TEST(Diff, InterleavingIsNoDifferentInstruction)
{
    // Transactions of the DMA engine in other places: swap one with its
    // neighbour that is a fetch.
    string row = value(
        "select a.rowid from tx a join tx b on b.rowid = a.rowid + 1 where "
        "a.initiator_id = 3 and b.kind = 'fetch' limit 1");
    Copy copy(base(), "update tx set rowid = -1 where rowid = " + row +
                          "; update tx set rowid = " + row + " where rowid = " +
                          row + " + 1; update tx set rowid = " + row +
                          " + 1 where rowid = -1");
    Answer a = diff(base(), copy.path);
    EXPECT_FALSE(a.says("identical"));
    EXPECT_TRUE(a.says("First different instruction: none in ")) << a.text;
    EXPECT_TRUE(a.says("First different timing: none in ")) << a.text;
}

TEST(Diff, FirstTiming)
{
    string row = value("select rowid from tx where initiator_id = 2 limit 1 "
                       "offset 150");
    string target = value("select target_cycles from tx where rowid = " + row);
    string label = "target " + target;
    Copy copy(base(), "update tx set target_cycles = 77 where rowid = " + row);
    Answer a = diff(base(), copy.path);
    string found = section(a.text, "First different timing");
    EXPECT_EQ(0u, found.find("First different timing: cpu0.data data, after "
                             "150 equal transactions\n"))
        << a.text;
    EXPECT_NE(string::npos, found.find("\n  A  tx " + row + " ")) << found;
    EXPECT_NE(string::npos, found.find(", " + label + ",")) << found;
    string gap = value("select max(cycle) - (select max(cycle) from tx where "
                       "initiator_id = 2 and rowid < " +
                       row + ") from tx where rowid = " + row);
    EXPECT_NE(string::npos,
              found.find(", target 77, " + gap + " cycles after the one"))
        << found << gap;
    EXPECT_TRUE(a.says("First different instruction: none in "));

    // later by a cycle, and so is all that follows: only the first one counts
    copy.change("update tx set target_cycles = " + target +
                " where rowid = " + row +
                "; update tx set cycle = cycle + 1 where initiator_id = 2 and "
                "rowid >= " +
                row);
    found = section(diff(base(), copy.path).text, "First different timing");
    EXPECT_NE(string::npos, found.find("after 150 equal")) << found;
}

TEST(Diff, FirstDeviceAccess)
{
    string tx = value("select tx from mmio where initiator = 'cpu0.data' "
                      "limit 1 offset 20");
    Copy copy(base(), "update mmio set value = 4711 where tx = " + tx +
                          "; update tx set value = 4711 where rowid = " + tx);
    string text = diff(base(), copy.path).text;
    string found = section(text, "First different device access");
    EXPECT_EQ(0u, found.find("First different device access: cpu0.data, "))
        << text;
    EXPECT_NE(string::npos, found.find("\n  B  tx " + tx + " at ")) << found;
    EXPECT_NE(string::npos, found.find("value 0x1267")) << found;
}

TEST(Diff, OneSideEnds)
{
    string last = value("select max(rowid) from tx where kind = 'fetch'");
    Copy copy(base(), "delete from tx where rowid >= " + last);
    string found =
        section(diff(base(), copy.path).text, "First different instruction");
    EXPECT_NE(string::npos, found.find("\n  A  tx " + last + " ")) << found;
    EXPECT_NE(string::npos, found.find("\n  B  has ended")) << found;
}

TEST(Diff, WithoutFetchesLoadsAndStoresAreCompared)
{
    string sql = "delete from tx where kind = 'fetch';"
                 "update kind set recorded = 0 where name = 'fetch'";
    Copy a(base(), sql), b(base(), sql);
    b.change("update site set pc = pc + 4 where id = (select site from tx "
             "where initiator_id = 2 and pc is not null limit 1 offset 50)");
    string text = diff(a.path, b.path).text;
    EXPECT_NE(string::npos,
              text.find("First different instruction (fetches were not "
                        "recorded in both; of loads and stores): cpu0.data "))
        << text;
    // recorded in one of them only: those rows are no difference
    text = diff(a.path, base()).text;
    EXPECT_NE(string::npos, text.find("loads and stores): none in ")) << text;
    Copy none(base(), "delete from tx; update kind set recorded = 0");
    text = diff(none.path, base()).text;
    EXPECT_NE(string::npos, text.find("First different timing: not compared: "))
        << text;
}

// Another build: code and data have moved, names have not.
TEST(Diff, MovedCodeIsTheSameCode)
{
    string moved = "insert or replace into run values('firmware_xxh3_128', 'x')"
                   ";update symbol set address = address + 256;"
                   "update site set pc = pc + 256 where pc is not null;"
                   "update tx set pc = pc + 256, va = va + 256, pa = pa + 256,"
                   " offset = offset + 256 where symbol_id is not null";
    // What has no symbol is known by its address alone.
    Copy a(base(), "delete from tx where symbol_id is null and pc is not null");
    Copy b(a.path, moved);
    Answer answer = diff(a.path, b.path);
    EXPECT_TRUE(answer.says("First different instruction: none in "))
        << answer.text;
    EXPECT_TRUE(answer.says("First different timing: none in "));
    b.change("update site set pc = pc + 2 where id = (select site from tx "
             "where kind = 'fetch' order by rowid limit 1 offset 200)");
    answer = diff(a.path, b.path);
    EXPECT_TRUE(answer.says("First different instruction: cpu0.fetch fetch"))
        << answer.text;
}

TEST(Diff, InstructionsOfTwoBuilds)
{
    struct Case {
        uint32_t a, b;
        unsigned size;
        InsnSame want;
    };
    const Case cases[] = {
        {0x00000013, 0x00000013, 4, INSN_EQUAL}, // nop
        {0x00150513, 0x00250513, 4, INSN_OTHER}, // addi a0, a0, 1 / 2
        {0x00150513, 0x00150593, 4, INSN_OTHER}, // addi a1, a0, 1
        {0x0040006f, 0x0080006f, 4, INSN_MOVED}, // j +4 / +8
        {0x004000ef, 0x0040006f, 4, INSN_OTHER}, // jal ra / j
        {0x00001517, 0x00002517, 4, INSN_MOVED}, // auipc a0, 1 / 2
        {0x00c50513, 0x01050513, 4, INSN_MOVED}, // addi a0, a0, %lo
        {0x00c50513, 0x01050513, 4, INSN_OTHER}, // again: a0 is no %hi now
        {0x00c18513, 0x01018513, 4, INSN_MOVED}, // addi a0, gp, 12 / 16
        {0x000017b7, 0x000027b7, 4, INSN_MOVED}, // lui a5, 1 / 2
        {0x00a7a423, 0x00a7a823, 4, INSN_MOVED}, // sw a0, 8(a5) / 16(a5)
        {0x00b7a423, 0x00a7a823, 4, INSN_OTHER}, // sw a1, 8(a5)
        {0x00a5a423, 0x00a5a823, 4, INSN_OTHER}, // sw a0, 8(a1) / 16(a1)
        {0x4781, 0x4781, 2, INSN_EQUAL},         // c.li a5, 0
        {0x00a7a423, 0x00a7a823, 4, INSN_OTHER}, // a5 is no %hi now
        {0xa001, 0xa011, 2, INSN_MOVED},         // c.j
        {0x4501, 0x4505, 2, INSN_OTHER},         // c.li a0, 0 / 1
        {0x00b50463, 0x00b50663, 4, INSN_OTHER}, // beq: inside a function
    };
    InsnState s = {0};
    for (const Case &c : cases) {
        EXPECT_EQ(c.want, insn_compare(&s, c.a, c.b, c.size))
            << std::hex << c.a << " " << c.b;
    }
}

// -- are they comparable ------------------------------------------------------

TEST(Diff, SaysWhatIsNotComparable)
{
    struct Case {
        const char *sql, *says;
    };
    const Case cases[] = {
        {"insert into run values('quantum_ps', 2000000)",
         "\n  quantum (ps): (none) -> 2000000; "},
        {"insert into run values('trace_kinds', 'load')",
         "\n  trace_kinds: (none) -> load; "},
        {"insert into run values('stop', 'limit on time')",
         "\n  stopped by: (none) -> limit on time; "},
        {"insert into run values('command', 'run a --limit-time=2ms b')",
         "\n  limits: none -> --limit-time=2ms; "},
        {"insert into run values('command', 'run --limit-insns 5 "
         "--limit-time 1us')",
         "\n  limits: none -> --limit-insns 5 --limit-time 1us; "},
        {"update run set value = 0 where key = 'complete';"
         "delete from traffic; delete from function_cost;"
         "update metric set value = null",
         "\n  the run ended properly: yes -> no; "},
    };
    for (const Case &c : cases) {
        Copy copy(base(), c.sql);
        Answer a = diff(base(), copy.path);
        size_t title = a.text.find("\nNOT COMPARABLE in everything\n");
        EXPECT_NE(string::npos, title) << a.text;
        EXPECT_LT(title, a.text.find("\nMetrics")) << a.text;
        EXPECT_TRUE(a.says(c.says)) << a.text;
        EXPECT_TRUE(
            diff(base(), copy.path, {}, true).says("\"comparable\": false"));
    }
}

// -- configuration ------------------------------------------------------------

TEST(Diff, Configuration)
{
    const string one = "version: 1\nname: m\n\nmemories:\n"
                       "  - {name: ram, bus: [a, b], wait_states: 0, at: 0}\n"
                       "  - {name: rom, file: \"a, b: {\", at: 4}\n\n"
                       "buses:\n  main: {width: 32}\n\n"
                       "limits: {unmapped: fault}\n";
    const string two = "version: 1\nname: n\n\nmemories:\n"
                       "  - {name: ram, bus: [a], wait_states: {read: {first: "
                       "6, next: 2}, write: 0}, at: 0}\n"
                       "  - {name: rom, file: \"a, b: }\", at: 4}\n\n"
                       "buses:\n  main: {width: 32, clock: 1MHz}\n\n"
                       "limits: {unmapped: fault}\nodd line\n";
    auto set = [](const string &text) {
        return "insert into run values('config', '" + text + "')";
    };
    Copy a(base(), set(one)), b(base(), set(two));
    EXPECT_EQ("Configuration\n"
              "  buses.main.clock: (none) -> 1MHz\n"
              "  memories.ram.bus: [a, b] -> [a]\n"
              "  memories.ram.wait_states: 0 -> {read: {first: 6, next: 2}, "
              "write: 0}\n"
              "  memories.rom.file: \"a, b: {\" -> \"a, b: }\"\n"
              "  name: m -> n\n"
              "  odd line: (none) -> \n",
              section(diff(a.path, b.path).text, "Configuration"));
    for (const char *odd :
         {"{", "a:", "a: {", "- {", "  - {name", "a: {b: \"", "x: {a: }, b: 1}",
          "a: {b: \"\\", ":", "{{{{", "  - {name: , :}", "a: {name: b"}) {
        Copy c(base(), set(odd));
        EXPECT_TRUE(diff(c.path, b.path).ok) << odd;
    }
}

// -- what it cost where
// --------------------------------------------------------

TEST(Diff, TheFunctionThatChangedMostComesFirst)
{
    Copy copy(base(),
              "update function_cost set cycles = cycles - 900 where symbol = "
              "'main'; update function_cost set cycles = cycles + 1000 where "
              "symbol = 'inner'; update function_cost set instructions ="
              " instructions + 5000 where symbol = '_start';"
              "insert into function_cost values('cpu0', 'added', 950, 7, 1)");
    string text = section(diff(base(), copy.path).text, "Functions");
    size_t at = 0;
    for (const char *name :
         {"\n  inner ", "\n  added ", "\n  main ", "\n  _start "}) {
        size_t next = text.find(name);
        ASSERT_NE(string::npos, next) << text;
        EXPECT_LT(at, next) << text;
        at = next;
    }
    EXPECT_NE(string::npos, text.find("+1,000")) << text;
    EXPECT_NE(string::npos, text.find("+inf %")) << text; // from nothing
}

TEST(Diff, TheRegionThatChangedIsNamed)
{
    Copy copy(base(), "update traffic set target_cycles = target_cycles + 1234 "
                      "where rowid = (select rowid from traffic where region ="
                      " 'flash' and kind = 'fetch' limit 1)");
    string text = section(diff(base(), copy.path).text, "Memories");
    EXPECT_NE(string::npos, text.find("\n  flash fetch ")) << text;
    EXPECT_NE(string::npos, text.find("+1,234")) << text;
    EXPECT_EQ(string::npos, text.find("\n  ram ")) << text;
    EXPECT_TRUE(diff(base(), copy.path, {}, true)
                    .says("{\"name\": \"flash\", \"what\": \"fetch\", " +
                          value("select printf('\"accesses\": [%d, %d], "
                                "\"bytes\": [%d, %d], \"wait_cycles\": [%d, "
                                "%d], \"bus_cycles\": [%d, %d], \"target_cyc"
                                "les\": [%d, %d]', n, n, b, b, w, w, u, u, t, "
                                "t + 1234) from (select sum(accesses) n, "
                                "sum(bytes) b, sum(wait_cycles) w, "
                                "sum(bus_cycles) u, sum(target_cycles) t from "
                                "traffic where region = 'flash' and kind = "
                                "'fetch')")));
}

// -- thresholds
// -----------------------------------------------------------------

TEST(Diff, Thresholds)
{
    // cycles: 1000 -> 1050, traps: 0 -> 3, cpi: 2.0 -> 1.5, bytes: same
    Copy a(base(), "update metric set value = 1000 where name = 'cycles';"
                   "update metric set value = 0 where name = 'traps';"
                   "update metric set value = 2.0 where name = 'cpi'");
    Copy b(a.path, "update metric set value = 1050 where name = 'cycles';"
                   "update metric set value = 3 where name = 'traps';"
                   "update metric set value = 1.5 where name = 'cpi'");
    struct Case {
        const char *expression;
        bool failed;
    };
    const Case cases[] = {
        {"cycles > +2%", true},       {"cycles > 5%", false},
        {"cycles >= 5%", true},       {"cycles>=5.01%", false},
        {"cycles > 50", false},       {"cycles >= 50", true},
        {"cycles > 49.5", true},      {"cycles < 0", false},
        {" cycles  ==  50 ", true},   {"cycles != 50", false},
        {"traps > 1000%", true},      {"traps > 2", true},
        {"cpi < -0.4", true},         {"cpi <= -25%", true},
        {"cpi < -25%", false},        {"bytes > 0", false},
        {"bytes >= 0%", true},        {"metric.cycles >= -5", true},
        {"metric.bytes >= -5", true}, {"cycles > 1e3", false},
    };
    for (const Case &c : cases) {
        Answer answer = diff(a.path, b.path, {c.expression});
        EXPECT_TRUE(answer.ok) << answer.text;
        EXPECT_EQ(c.failed, answer.failed) << c.expression;
        EXPECT_EQ(c.failed, answer.failures.find(string("socscope: failed: ") +
                                                 c.expression + ": ") == 0)
            << answer.failures;
    }
    Answer answer = diff(a.path, b.path, {"cycles > +2%"});
    EXPECT_EQ("socscope: failed: cycles > +2%: 1,000 -> 1,050 cycles (+50, "
              "+5.00 %)\n",
              answer.failures);
    const Case wrong[] = {{"", true},
                          {"cycles", true},
                          {"cycles >", true},
                          {"> 2", true},
                          {"cycles > x", true},
                          {"cycles > 2%%", true},
                          {"cycles > 2 x", true},
                          {"cycles => 2", true},
                          {"cycles > nan", true},
                          {"cycles > inf", true},
                          {"cycles > 0x10", true},
                          {"cycles > 1e999", true},
                          {"cylces > 2", true},
                          {"cycles_by_region > 1", true}};
    for (const Case &c : wrong) {
        answer = diff(a.path, b.path, {"traps < 0", c.expression});
        EXPECT_FALSE(answer.ok) << c.expression;
        EXPECT_NE(string::npos, answer.text.find(string("--fail-on \"") +
                                                 c.expression + "\": "))
            << answer.text;
    }
    EXPECT_NE(string::npos, answer.text.find("bytes, cache_accesses"));
    Copy none(a.path, "update metric set value = null where name = 'cycles'");
    answer = diff(a.path, none.path, {"cycles > 2"});
    EXPECT_NE(string::npos, answer.text.find(none.path + " has no value for"))
        << answer.text;
}

TEST(Diff, Junit)
{
    Copy b(base(), "update metric set value = value + 1 where name = 'traps'");
    string file = temporary("junit.xml");
    Answer a = diff(base(), b.path, {"traps > 0", "cycles > 1%", "bytes<-1"},
                    false, file.c_str());
    EXPECT_TRUE(a.failed);
    string xml = read_file(file);
    EXPECT_NE(string::npos, xml.find("tests=\"3\" failures=\"1\"")) << xml;
    EXPECT_NE(string::npos,
              xml.find("name=\"traps &gt; 0\"><failure message=\"3 -&gt; 4 "))
        << xml;
    EXPECT_NE(string::npos, xml.find("name=\"bytes&lt;-1\"><system-out>"));
    unlink(file.c_str());
    a = diff(base(), b.path, {}, false, "/nonexistent/x.xml");
    EXPECT_FALSE(a.ok);
    EXPECT_EQ(0u, a.text.find("--junit /nonexistent/x.xml: ")) << a.text;
}

TEST(Diff, DamagedFiles)
{
    string whole = read_file(base()), cut = temporary("cut.db");
    for (size_t part = 1; part < 8; part++) {
        write_file(cut, whole.substr(0, whole.size() * part / 8));
        EXPECT_FALSE(diff(base(), cut).ok);
        EXPECT_NE(string::npos, diff(cut, base()).text.find("cut.db: "));
    }
    unlink(cut.c_str());
}

} // namespace
