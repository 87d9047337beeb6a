// config_test.cc - descriptions: what they mean, what is wrong with them, and
// that a resolved one reads back as the same machine. Oracles: a random
// description written by the test (which knows what it wrote), a pairwise
// overlap check, hand arithmetic for units, and the tables in docs/.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "sim/config.h"

namespace
{

using ConfigPtr = std::unique_ptr<Config, void (*)(Config *)>;

struct Result {
    ConfigPtr cfg{nullptr, config_free};
    std::string error;
};

std::vector<const char *> pointers(const std::vector<std::string> &set)
{
    std::vector<const char *> p;
    for (const auto &s : set) {
        p.push_back(s.c_str());
    }
    p.push_back(nullptr);
    return p;
}

Result finish(Config *cfg, Error *err)
{
    Result r;
    r.cfg.reset(cfg);
    EXPECT_EQ(cfg == nullptr, err != nullptr);
    if (err) {
        r.error = error_message(err);
        EXPECT_EQ(r.error.find('\n'), std::string::npos) << r.error;
        error_free(err);
    }
    return r;
}

Result parse(const std::string &text, const std::vector<std::string> &set = {})
{
    Error *err = nullptr;
    auto p = pointers(set);
    Config *cfg =
        config_parse(text.data(), text.size(), "t.yaml", p.data(), &err);
    return finish(cfg, err);
}

Result load(const std::string &path, const std::vector<std::string> &set = {})
{
    Error *err = nullptr;
    auto p = pointers(set);
    Config *cfg = config_load(path.c_str(), p.data(), &err);
    return finish(cfg, err);
}

std::string board(const std::string &name)
{
    return std::string(SOURCE_DIR "/configs/") + name + ".yaml";
}

std::string text_of(const Config *cfg)
{
    char *text = config_text(cfg);
    std::string s = text;
    free(text);
    return s;
}

// A flat listing of every field, so that two Configs compare as strings. Pins
// and parameters are listed by name: independent of config_text's syntax.
std::string listing(const Config *c)
{
    std::ostringstream o;
    auto waits = [&](const ConfigWaits &w) {
        o << " w" << w.read_first << "," << w.read_next << "," << w.write_first
          << "," << w.write_next;
    };
    o << c->name << " " << c->clock_hz << " " << c->quantum_ps << " "
      << c->unmapped_fault << "\n";
    for (unsigned i = 0; i < c->cpus; i++) {
        const ConfigCpu &p = c->cpu[i];
        o << "cpu " << p.name << " " << p.isa_text << " " << p.isa.xlen << " "
          << p.isa.extensions << " " << p.profile->name << " " << p.clock_hz
          << " " << p.reset << " " << p.bus << " " << p.fetch << " "
          << p.misaligned << " " << p.mmu << " " << p.hardware_ad << " "
          << p.pmp << " " << p.priority << "\n";
    }
    for (unsigned i = 0; i < c->buses; i++) {
        const ConfigBus &b = c->bus[i];
        o << "bus " << b.name << " " << b.width << " " << b.clock_hz << " "
          << b.arbitration << " " << b.overhead << " " << b.untimed;
        waits(b.waits);
        o << "\n";
    }
    for (unsigned i = 0; i < c->memories; i++) {
        const ConfigMemory &m = c->memory[i];
        o << "memory " << m.name;
        for (const char **bus = m.bus; *bus; bus++) {
            o << " @" << *bus;
        }
        o << " " << m.address << " " << m.size << " " << m.rom << " "
          << m.priority << " " << m.overlap << " " << (m.file ? m.file : "-");
        waits(m.waits);
        o << "\n";
    }
    for (unsigned i = 0; i < c->devices; i++) {
        const ConfigDevice &d = c->device[i];
        o << "device " << d.name << " " << d.cls->name << " " << d.bus << " "
          << d.address << " " << d.priority << " " << d.overlap;
        waits(d.waits);
        for (unsigned j = 0; j < d.params; j++) {
            const ConfigParam &p = d.param[j];
            o << " " << p.spec->name << "=" << p.number << "/"
              << (p.text ? p.text : "-");
        }
        for (unsigned j = 0; j < d.wires; j++) {
            const ConfigWire &w = d.wire[j];
            o << " " << w.pin->name << "[" << w.index << "]->" << w.target
              << "." << w.line;
        }
        o << "\n";
    }
    return o.str();
}

void expect_round_trip(const Config *cfg)
{
    std::string text = text_of(cfg);
    Result again = parse(text);
    ASSERT_TRUE(again.cfg) << again.error << "\n" << text;
    EXPECT_EQ(listing(cfg), listing(again.cfg.get()));
    EXPECT_EQ(text, text_of(again.cfg.get()));
}

const ConfigDevice *device(const Config *cfg, const std::string &name)
{
    for (unsigned i = 0; i < cfg->devices; i++) {
        if (name == cfg->device[i].name) {
            return &cfg->device[i];
        }
    }
    return nullptr;
}

const ConfigMemory *memory(const Config *cfg, const std::string &name)
{
    for (unsigned i = 0; i < cfg->memories; i++) {
        if (name == cfg->memory[i].name) {
            return &cfg->memory[i];
        }
    }
    return nullptr;
}

std::string read_file(const std::string &path)
{
    std::ifstream in(path);
    std::stringstream s;
    s << in.rdbuf();
    return s.str();
}

// A folder of files that goes away.
struct Folder {
    std::string path;
    std::vector<std::string> files;
    Folder()
    {
        char name[] = "/tmp/config_testXXXXXX";
        path = mkdtemp(name);
    }
    ~Folder()
    {
        for (const auto &f : files) {
            unlink(f.c_str());
        }
        rmdir(path.c_str());
    }
    std::string add(const std::string &name, const std::string &text)
    {
        std::string full = path + "/" + name;
        std::ofstream(full) << text;
        files.push_back(full);
        return full;
    }
};

// Line 1: version. Line 2: clock. Line 3: buses. Then what a test adds.
const char *const HEAD =
    "version: 1\nclock: 1MHz\nbuses: {main: {width: 32}}\n";

// -- boards ------------------------------------------------------------------

TEST(Boards, LoadAndReadBack)
{
    for (const char *name : {"mcu", "virt32", "virt64", "spike32", "spike64"}) {
        Result r = load(board(name));
        ASSERT_TRUE(r.cfg) << r.error;
        EXPECT_STREQ(r.cfg->name, name);
        EXPECT_TRUE(r.cfg->unmapped_fault);
        expect_round_trip(r.cfg.get());
    }
}

TEST(Boards, Mcu)
{
    Result r = load(board("mcu"));
    ASSERT_TRUE(r.cfg) << r.error;
    const Config *c = r.cfg.get();
    EXPECT_EQ(c->clock_hz, 50000000u);
    EXPECT_EQ(c->quantum_ps, 1000000u);
    ASSERT_EQ(c->cpus, 1u);
    EXPECT_EQ(c->cpu[0].isa.xlen, 32u);
    EXPECT_STREQ(c->cpu[0].bus, "main");
    EXPECT_STREQ(c->cpu[0].fetch, "code");
    ASSERT_EQ(c->buses, 2u);
    EXPECT_EQ(c->bus[0].width, 4u);
    EXPECT_EQ(c->bus[0].arbitration, BUS_ROUND_ROBIN);
    const ConfigMemory *xip = memory(c, "xip");
    ASSERT_TRUE(xip);
    EXPECT_EQ(xip->waits.read_first, 6u);
    EXPECT_EQ(xip->waits.read_next, 2u);
    EXPECT_EQ(xip->waits.write_first, 0u);
    EXPECT_STREQ(xip->bus[1], "code");
    const ConfigDevice *uart = device(c, "uart0");
    ASSERT_TRUE(uart);
    EXPECT_EQ(uart->waits.write_next, 1u);
    ASSERT_EQ(uart->wires, 1u);
    EXPECT_STREQ(uart->wire[0].target, "plic0");
    EXPECT_EQ(uart->wire[0].line, 10u);
    const ConfigDevice *plic = device(c, "plic0");
    ASSERT_TRUE(plic);
    ASSERT_EQ(plic->wires, 1u);
    EXPECT_STREQ(plic->wire[0].target, "cpu0");
    EXPECT_EQ(plic->wire[0].line, static_cast<unsigned>(HART_MEI));
    EXPECT_EQ(uart->at.line, 24u);
}

TEST(Boards, SupervisorModeAndItsTranslation)
{
    Result mcu = load(board("mcu")), r32 = load(board("virt32")),
           r64 = load(board("virt64"));
    ASSERT_TRUE(mcu.cfg) << mcu.error;
    ASSERT_TRUE(r32.cfg) << r32.error;
    ASSERT_TRUE(r64.cfg) << r64.error;
    const ConfigCpu &m = mcu.cfg->cpu[0], &a = r32.cfg->cpu[0],
                    &b = r64.cfg->cpu[0];
    EXPECT_FALSE(m.isa.extensions & ISA_S);
    EXPECT_EQ(m.mmu, HART_MMU_BARE);
    EXPECT_TRUE(a.isa.extensions & ISA_S);
    EXPECT_EQ(a.mmu, HART_MMU_SV32);
    EXPECT_TRUE(b.isa.extensions & ISA_S);
    EXPECT_EQ(b.mmu, HART_MMU_SV48);
    EXPECT_EQ(b.pmp, 16u);
    EXPECT_FALSE(b.hardware_ad);
    // contexts 0 and 1 of the PLIC are M and S of hart 0
    const ConfigDevice *plic = device(r64.cfg.get(), "plic0");
    ASSERT_EQ(plic->wires, 2u);
    EXPECT_EQ(plic->wire[0].line, static_cast<unsigned>(HART_MEI));
    EXPECT_EQ(plic->wire[1].line, static_cast<unsigned>(HART_SEI));
}

TEST(Boards, VirtExtends)
{
    Result r32 = load(board("virt32")), r64 = load(board("virt64"));
    ASSERT_TRUE(r32.cfg) << r32.error;
    ASSERT_TRUE(r64.cfg) << r64.error;
    EXPECT_EQ(r32.cfg->cpu[0].isa.xlen, 32u);
    EXPECT_EQ(r64.cfg->cpu[0].isa.xlen, 64u);
    EXPECT_EQ(r64.cfg->cpu[0].reset, 0x80000000u);
    EXPECT_EQ(memory(r64.cfg.get(), "dram")->size, 128u << 20);
    EXPECT_FALSE(device(r64.cfg.get(), "timer0"));
}

// Every `NAME` 0xADDRESS pair in the table of docs/boards.md is true of mcu.
TEST(Boards, DocumentAgrees)
{
    Result r = load(board("mcu"));
    ASSERT_TRUE(r.cfg) << r.error;
    std::istringstream doc(read_file(SOURCE_DIR "/docs/boards.md"));
    unsigned seen = 0, sizes = 0;
    for (std::string line; std::getline(doc, line);) {
        size_t address = line.find("`0x"), name = line.find('`');
        if (line[0] != '|' || address == std::string::npos || name == address) {
            continue;
        }
        std::string word =
            line.substr(name + 1, line.find('`', name + 1) - name - 1);
        uint64_t value = std::stoull(line.substr(address + 3), nullptr, 16);
        const ConfigDevice *d = device(r.cfg.get(), word);
        const ConfigMemory *m = memory(r.cfg.get(), word);
        ASSERT_TRUE(d || m) << line;
        EXPECT_EQ(d ? d->address : m->address, value) << line;
        // The third column: "64 KiB"; RAM's stands in the board's column.
        uint64_t bytes = 0;
        char unit[8] = "";
        size_t bar = line.find('|', address);
        if (sscanf(line.c_str() + bar, "| %" SCNu64 " %7[KMiB]", &bytes,
                   unit) == 2) {
            bytes <<= unit[0] == 'K' ? 10 : unit[0] == 'M' ? 20 : 0;
            EXPECT_EQ(d ? d->cls->mmio_size : m->size, bytes) << line;
            sizes++;
        }
        seen++;
    }
    EXPECT_EQ(seen, 9u);
    EXPECT_EQ(sizes, 9u);
}

// -- the reference
// -----------------------------------------------------------------

// Keys that docs/config.md lists for a section.
std::set<std::string> documented(const std::string &section)
{
    std::istringstream doc(read_file(SOURCE_DIR "/docs/config.md"));
    std::set<std::string> keys;
    std::string here;
    for (std::string line; std::getline(doc, line);) {
        if (line.rfind("## ", 0) == 0 || line.rfind("| key of ", 0) == 0) {
            size_t tick = line.find('`');
            here = tick == std::string::npos
                       ? ""
                       : line.substr(tick + 1,
                                     line.find('`', tick + 1) - tick - 1);
        } else if (here == section && line.rfind("| `", 0) == 0) {
            keys.insert(line.substr(3, line.find('`', 3) - 3));
        }
    }
    return keys;
}

TEST(Reference, HasEveryKeyAndNoOther)
{
    std::set<std::string> sections;
    for (const ConfigKey *k = config_keys; k->section; k++) {
        sections.insert(k->section);
    }
    EXPECT_EQ(sections.size(), 8u);
    for (const auto &section : sections) {
        std::set<std::string> keys;
        for (const ConfigKey *k = config_keys; k->section; k++) {
            if (section == k->section) {
                keys.insert(k->key);
            }
        }
        EXPECT_EQ(documented(section), keys) << section;
    }
}

TEST(Reference, ExampleLoads)
{
    std::string doc = read_file(SOURCE_DIR "/docs/config.md");
    size_t begin = doc.find("```yaml\n") + 8;
    Result r = parse(doc.substr(begin, doc.find("```", begin) - begin));
    ASSERT_TRUE(r.cfg) << r.error;
    EXPECT_EQ(r.cfg->devices, 2u);
    expect_round_trip(r.cfg.get());
}

// -- values
// ----------------------------------------------------------------------

std::string with_size(const std::string &size)
{
    return std::string(HEAD) +
           "memories: [{name: m, bus: main, at: 0, size: \"" + size + "\"}]\n";
}

TEST(Values, Numbers)
{
    struct {
        const char *text;
        uint64_t value;
    } good[] = {
        {"1", 1},
        {"0x1000", 4096},
        {"0b1000", 8},
        {"1_000", 1000},
        {"0x8000_0000", 0x80000000},
        {"64KiB", 65536},
        {"64 KiB", 65536},
        {"64K", 65536},
        {"1.5MiB", 1572864},
        {"0.5KiB", 512},
        {"2GiB", 2147483648},
        {"0x10MiB", 16777216},
        {"12B", 12},
        {"18446744073709551615", UINT64_MAX},
        {"0xffffffffffffffff", UINT64_MAX},
    };
    for (const auto &g : good) {
        Result r = parse(with_size(g.text));
        ASSERT_TRUE(r.cfg) << g.text << ": " << r.error;
        EXPECT_EQ(r.cfg->memory[0].size, g.value) << g.text;
    }
    for (const char *bad : {"0",
                            "",
                            "-1",
                            "x",
                            "0x",
                            "1__0",
                            "_1",
                            "1_",
                            "1.",
                            ".5",
                            "1..5",
                            "1.5",
                            "0.3KiB",
                            "1kb",
                            "1KIB",
                            "1MHz",
                            "1 000",
                            "1  KiB",
                            "18446744073709551616",
                            "99999999999999999999999999999999999999",
                            "0x10000000000000000",
                            "16777216TiB",
                            "1e3",
                            "nan",
                            "1.0000000000001B",
                            "0x1.8",
                            "+1",
                            "KiB"}) {
        Result r = parse(with_size(bad));
        EXPECT_FALSE(r.cfg) << bad;
        EXPECT_EQ(r.error.rfind("t.yaml:4: size", 0), 0u) << bad << r.error;
    }
}

TEST(Values, UnitsByHandArithmetic)
{
    std::mt19937_64 random(1);
    struct {
        const char *name;
        uint64_t factor;
    } units[] = {{"ps", 1},
                 {"ns", 1000},
                 {"us", 1000000},
                 {"ms", 1000000000},
                 {"s", 1000000000000}};
    for (int i = 0; i < 2000; i++) {
        const auto &unit = units[random() % 5];
        unsigned digits = static_cast<unsigned>(random() % 4);
        uint64_t scale = digits == 0   ? 1
                         : digits == 1 ? 10
                         : digits == 2 ? 100
                                       : 1000;
        uint64_t mantissa = random() % 3000;
        char text[64];
        if (digits) {
            snprintf(text, sizeof(text), "%llu.%0*llu%s",
                     static_cast<unsigned long long>(mantissa / scale),
                     static_cast<int>(digits),
                     static_cast<unsigned long long>(mantissa % scale),
                     unit.name);
        } else {
            snprintf(text, sizeof(text), "%llu%s",
                     static_cast<unsigned long long>(mantissa), unit.name);
        }
        Result r = parse(
            "version: 1\nclock: 1Hz\nquantum: " + std::string(text) + "\n");
        uint64_t exact = mantissa * unit.factor / scale;
        bool good = mantissa * unit.factor % scale == 0 && exact >= 1 &&
                    exact <= 1000000000000;
        ASSERT_EQ(good, r.cfg != nullptr) << text << " " << r.error;
        if (good) {
            EXPECT_EQ(r.cfg->quantum_ps, exact) << text;
        }
    }
}

TEST(Values, WaitStates)
{
    struct {
        const char *text;
        ConfigWaits waits;
    } cases[] = {
        {"2", {2, 2, 2, 2}},
        {"{read: 3}", {3, 3, 0, 0}},
        {"{read: 3, write: 1}", {3, 3, 1, 1}},
        {"{read: {first: 6, next: 2}, write: 1}", {6, 2, 1, 1}},
        {"{write: {next: 4}}", {0, 0, 0, 4}},
        {"{}", {0, 0, 0, 0}},
    };
    for (const auto &c : cases) {
        Result r = parse("version: 1\nclock: 1MHz\nbuses: {b: {wait_states: " +
                         std::string(c.text) + "}}\n");
        ASSERT_TRUE(r.cfg) << c.text << r.error;
        const ConfigWaits &w = r.cfg->bus[0].waits;
        EXPECT_EQ(w.read_first, c.waits.read_first) << c.text;
        EXPECT_EQ(w.read_next, c.waits.read_next) << c.text;
        EXPECT_EQ(w.write_first, c.waits.write_first) << c.text;
        EXPECT_EQ(w.write_next, c.waits.write_next) << c.text;
        expect_round_trip(r.cfg.get());
    }
}

// -- what is wrong, where, and what would be right
// --------------------------------

struct Bad {
    const char *text; // after HEAD
    const char *error;
};

void PrintTo(const Bad &b, std::ostream *out)
{
    *out << b.text;
}

class BadConfig : public testing::TestWithParam<Bad>
{
};

TEST_P(BadConfig, SaysWhereAndWhat)
{
    Result r = parse(std::string(HEAD) + GetParam().text);
    ASSERT_FALSE(r.cfg) << GetParam().text;
    EXPECT_NE(r.error.find(GetParam().error), std::string::npos)
        << r.error << "\nexpected: " << GetParam().error;
}

const Bad bad[] = {
    {"clokc: 5\n", "t.yaml:4: unknown key \"clokc\" for section top; did you "
                   "mean \"clock\"?"},
    {"clock: 5\n", "t.yaml:4: key \"clock\" is given twice, first on line 2"},
    {"cpus: [\n", "t.yaml:5: YAML syntax: "},
    {"cpus:\n\t- x\n", "indent with spaces, not tabs"},
    {"cpus: {a: 1}\n", "t.yaml:4: cpus is not a list"},
    {"cpus: 7\n", "t.yaml:4: cpus is not a list"},
    {"cpus: [7]\n", "t.yaml:4: section cpu is a single value"},
    {"limits: [x]\n", "t.yaml:4: limits is not a map"},
    {"limits: {unmapped: falt}\n", "did you mean \"fault\"?"},
    {"limits: {unmaped: fault}\n", "did you mean \"unmapped\"?"},
    {"quantum: 5\n", "has no unit; write a time such as"},
    {"quantum: 5MHz\n", "unknown unit \"MHz\""},
    {"quantum: 2s\n", "out of range"},
    {"cpus: [{isa: rv32i, bus: main}]\n", "t.yaml:4: cpu without \"name\""},
    {"cpus: [{name: c, bus: main}]\n", "cpu without \"isa\""},
    {"cpus: [{name: c, isa: rv32i}]\n", "cpu without \"bus\""},
    {"cpus: [{name: c, isa: rv31i, bus: main}]\n", "t.yaml:4: isa: "},
    {"cpus: [{name: c, isa: rv32i, bus: man}]\n",
     "unknown bus \"man\"; did you mean \"main\"?"},
    {"cpus: [{name: c, isa: rv32i, bus: main, fetch: x}]\n",
     "fetch: unknown bus \"x\"; known: main"},
    {"cpus: [{name: c, isa: rv32i, bus: main, timing: generic_table}]\n",
     "did you mean \"generic-table\"?"},
    {"cpus: [{name: c, isa: rv32i, bus: main, reset: 0x100000000}]\n",
     "reset: 0x100000000 is out of range"},
    {"cpus: [{name: c, isa: rv32i, bus: main, reset: 2}]\n",
     "write a multiple of 4"},
    {"cpus: [{name: c, isa: rv32i, bus: main, misaligned: maybe}]\n",
     "known: split, trap"},
    {"cpus: [{name: c, isa: rv32i, bus: main, modes: um}]\n",
     "modes: unknown value \"um\"; did you mean \"mu\"?"},
    {"cpus: [{name: c, isa: rv32i, bus: main, mmu: sv39}]\n",
     "t.yaml:4: mmu: sv39 is for RV64; write bare or sv32"},
    {"cpus: [{name: c, isa: rv64i, bus: main, mmu: sv32}]\n",
     "mmu: sv32 is for RV32; write bare, sv39 or sv48"},
    {"cpus: [{name: c, isa: rv64i, bus: main, modes: mu, mmu: sv39}]\n",
     "mmu: sv39 needs supervisor mode; write \"modes: msu\""},
    {"cpus: [{name: c, isa: rv64i_zicsr_sstc, bus: main, modes: mu}]\n",
     "t.yaml:4: isa: sstc needs supervisor mode; write \"modes: msu\""},
    {"cpus: [{name: c, isa: rv64i_zicsr_svnapot, bus: main, modes: mu}]\n",
     "isa: svnapot needs supervisor mode"},
    {"cpus: [{name: c, isa: rv32i, bus: main, pmp: 17}]\n",
     "pmp: 17 is out of range"},
    {"cpus: [{name: c, isa: rv32i, bus: main, hardware_ad: maybe}]\n",
     "hardware_ad"},
    {"cpus: [{name: c, isa: rv32i, bus: main, modes: mu}]\ndevices:\n"
     "- {name: p, type: plic, bus: main, at: 0, out: [c.sei]}\n",
     "cpu \"c\" has no supervisor mode, so no input sei"},
    {"cpus: [{name: c, isa: rv32i, bus: main, priority: 256}]\n",
     "write 0 to 255"},
    {"cpus: [{name: c, isa: rv32i, bus: main, clock: 0}]\n", "out of range"},
    {"cpus: [{name: 3c, isa: rv32i, bus: main}]\n", "\"3c\" is no name"},
    {"cpus: [{name: main, isa: rv32i, bus: main}]\n",
     "t.yaml:4: name \"main\" is used twice, first on line 3"},
    {"memories: [{name: m, bus: main, at: 0, size: 0}]\n", "size: 0 is out of"},
    {"memories: [{name: m, bus: main, at: -1, size: 1}]\n",
     "at: \"-1\" is not a number"},
    {"memories: [{name: m, bus: main, at: 0xfffffffffffff000, size: 8KiB}]\n",
     "end beyond 2^64; write at most 0xffffffffffffe000"},
    {"memories: [{name: m, bus: main, at: 0, size: 1, kind: flash}]\n",
     "kind: unknown value \"flash\"; known: ram, rom"},
    {"memories: [{name: m, bus: [], at: 0, size: 1}]\n", "the list is empty"},
    {"memories: [{name: m, bus: [main, main], at: 0, size: 1}]\n",
     "named twice"},
    {"memories: [{name: m, bus: {x: 1}, at: 0, size: 1}]\n", "bus is a map"},
    {"memories: [{name: m, bus: main, at: 0, size: 1, overlap: yes}]\n",
     "write true or false"},
    {"memories:\n- {name: m, bus: main, at: 0, size: 1}\n"
     "- {name: m, bus: main, at: 1, size: 1}\n",
     "t.yaml:6: name \"m\" is used twice, first on line 5"},
    {"memories:\n- {name: a, bus: main, at: 0x1000, size: 4KiB}\n"
     "- {name: b, bus: main, at: 0x1fff, size: 1}\n",
     "t.yaml:6: memory \"b\" (0x1fff-0x1fff) overlaps memory \"a\" "
     "(0x1000-0x1fff, line 5) on bus main; move it (0x2000 is free), or set "
     "\"overlap: true\" and different priorities"},
    {"memories:\n- {name: a, bus: main, at: 0, size: 4KiB, overlap: true}\n"
     "- {name: b, bus: main, at: 0, size: 1}\n",
     "overlap with the same priority 0"},
    {"memories: [{name: m, bus: main, at: 0, size: 1, remove: true}]\n",
     "no such memory to remove"},
    {"devices: [{name: u, bus: main, at: 0}]\n", "device without \"type\""},
    {"devices: [{name: u, type: ns16550, bus: main, at: 0}]\n",
     "t.yaml:4: unknown device type \"ns16550\"; did you mean \"ns16550a\"?"},
    {"devices: [{name: u, type: ns16550a, bus: main, at: 0, irk: p.1}]\n",
     "unknown key \"irk\" for type ns16550a; did you mean \"irq\"?"},
    {"devices: [{name: u, type: ns16550a, bus: main, at: 0, irq: plic0}]\n",
     "names no input; write TARGET.LINE"},
    {"devices: [{name: u, type: ns16550a, bus: main, at: 0, irq: p.1}]\n",
     "irq: nothing is called \"p\""},
    {"devices: [{name: u, type: ns16550a, bus: main, at: 0, irq: u.1}]\n",
     "\"u\" is a ns16550a and takes no interrupts"},
    {"devices:\n"
     "- {name: u, type: ns16550a, bus: main, at: 0, irq: p.32}\n"
     "- {name: p, type: plic, bus: main, at: 0x1000000, sources: 32}\n",
     "irq: line of \"p\": 32 is out of range"},
    {"cpus: [{name: c, isa: rv32i, bus: main}]\ndevices:\n"
     "- {name: p, type: plic, bus: main, at: 0, out: [c.mie]}\n",
     "t.yaml:6: out: cpu \"c\" has no input \"mie\"; did you mean \"mei\"?"},
    {"devices:\n"
     "- {name: p, type: plic, bus: main, at: 0x1000000}\n"
     "- {name: u, type: ns16550a, bus: main, at: 0, irq: p.3}\n"
     "- {name: v, type: ns16550a, bus: main, at: 0x1000, irq: p.3}\n",
     "t.yaml:7: irq: input p.3 is already driven by \"u\" (line 6)"},
    {"devices:\n"
     "- {name: p, type: plic, bus: main, at: 0x1000000}\n"
     "- {name: u, type: ns16550a, bus: main, at: 0, irq: [p.3, p.4]}\n",
     "irq: 2 targets, but ns16550a has 1 such pin"},
    {"devices: [{name: d, type: dma, bus: main, at: 0, master: x}]\n",
     "master: unknown bus \"x\""},
    {"cpus: [{name: \"c[0-1]\", isa: rv32i, bus: \"b[0-2]\"}]\n",
     "has 3 members but the entry has 2"},
    {"cpus: [{name: c, isa: rv32i, bus: \"b[0-2]\"}]\n", "stands alone"},
    {"cpus: [{name: \"c[3-1]\", isa: rv32i, bus: main}]\n", "runs backwards"},
    {"cpus: [{name: \"c[0-1024]\", isa: rv32i, bus: main}]\n",
     "has 1025 members; write at most 1024"},
    {"cpus: [{name: \"c[0-999999999]\", isa: rv32i, bus: main}]\n",
     "write at most 1024"},
    {"name: \"[0-1]x[0-2]\"\n", "make them equally long"},
    {"name: null\n", "name has no value"},
    {"name: \"null\"\n", "is no name"},
    {"name: \"a\\0b\"\n", "NUL"},
    {"name: \"a\\nb\"\n", "\"a?b\" is no name"},
    {"name: \xff\n", "t.yaml:4: byte 0xff is not text; save the file as UTF-8"},
    {"name: \xc0\x80\n", "byte 0xc0"},
    {"name: \xed\xa0\x80\n", "byte 0xed"},
    {"name: \x01\n", "byte 0x01"},
    {"name: *x\n", "alias *x has no anchor before it"},
    {"name: &x [*x]\n", "alias *x has no anchor before it"},
    {"? [a]\n: 1\n", "a key must be a plain word"},
    {"---\nversion: 1\n", "a second document begins"},
};
INSTANTIATE_TEST_SUITE_P(All, BadConfig, testing::ValuesIn(bad));

TEST(BadFile, Whole)
{
    EXPECT_EQ(load("/no/such/file.yaml").error,
              "/no/such/file.yaml: No such file or directory; check the path");
    EXPECT_NE(load("/tmp").error.find("is a directory"), std::string::npos);
    Folder f;
    EXPECT_NE(load(f.add("empty.yaml", "")).error.find("is empty"),
              std::string::npos);
    EXPECT_NE(load(f.add("comment.yaml", "# hi\n")).error.find("nothing is"),
              std::string::npos);
    EXPECT_NE(load(f.add("list.yaml", "- a\n")).error.find("is a list, not"),
              std::string::npos);
    EXPECT_NE(load(f.add("word.yaml", "hello\n")).error.find("single value"),
              std::string::npos);
    std::string big(1 << 20, '#');
    EXPECT_NE(load(f.add("big.yaml", big + "\n")).error.find("larger than"),
              std::string::npos);
    EXPECT_NE(parse("clock: 1MHz\n").error.find("without \"version\""),
              std::string::npos);
    EXPECT_NE(parse("version: 2\nclock: 1\n").error.find("write 1 to 1"),
              std::string::npos);
    EXPECT_NE(parse("version: 1\n").error.find("without \"clock\""),
              std::string::npos);
    if (geteuid() != 0) {
        std::string secret = f.add("secret.yaml", "version: 1\n");
        chmod(secret.c_str(), 0);
        EXPECT_NE(load(secret).error.find("Permission denied"),
                  std::string::npos);
    }
}

TEST(BadFile, Bombs)
{
    std::string laughs = "version: 1\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 12; i++) {
        std::string before = "*a" + std::to_string(i - 1);
        std::string name = "a" + std::to_string(i);
        laughs += name + ": &" + name + " [";
        for (int j = 0; j < 10; j++) {
            laughs += (j ? "," : "") + before;
        }
        laughs += "]\n";
    }
    EXPECT_NE(parse(laughs).error.find("grows beyond"), std::string::npos);
    std::string deep = "a: " + std::string(100000, '[');
    EXPECT_NE(parse(deep).error.find("nested more than"), std::string::npos);
    std::string many = "a: [";
    for (int i = 0; i < 3000; i++) {
        many += "x,";
    }
    EXPECT_NE(parse(many + "]\n").error.find("more than 2048 entries"),
              std::string::npos);
    // 1024 x 1024 x 1024 items
    std::string ranges = std::string(HEAD) + "cpus:\n";
    for (int i = 0; i < 2000; i++) {
        ranges += "- {name: \"c" + std::to_string(i) + "_[0-1023]\", isa: x}\n";
    }
    EXPECT_FALSE(parse(ranges).cfg);
    std::string longer = "name: " + std::string(2000, 'x') + "\n";
    EXPECT_NE(parse(HEAD + longer).error.find("a value of 2000 bytes"),
              std::string::npos);
}

// -- ranges, extends, --set
// -------------------------------------------------------

TEST(Ranges, Expand)
{
    Result r = parse("version: 1\nclock: 1GHz\n"
                     "buses: {main: , \"l1[0-3]\": {width: 64}}\n"
                     "cpus: [{name: \"cpu[0-3]\", isa: rv64imac, bus: "
                     "\"l1[0-3]\"}]\n"
                     "devices:\n"
                     "- {name: clint0, type: clint, bus: main, at: 0x2000000, "
                     "timer: [\"cpu[0-3].mti\"]}\n"
                     "- {name: plic0, type: plic, bus: main, at: 0xc000000}\n"
                     "- {name: \"uart[0-1]\", type: ns16550a, bus: main, at: "
                     "\"0x1000[0-1]000\", irq: \"plic0.[10-11]\"}\n");
    ASSERT_TRUE(r.cfg) << r.error;
    ASSERT_EQ(r.cfg->cpus, 4u);
    ASSERT_EQ(r.cfg->buses, 5u);
    for (unsigned i = 0; i < 4; i++) {
        EXPECT_EQ(r.cfg->cpu[i].name, "cpu" + std::to_string(i));
        EXPECT_EQ(r.cfg->cpu[i].bus, "l1" + std::to_string(i));
        EXPECT_EQ(r.cfg->bus[i + 1].width, 8u);
        const ConfigWire &w = r.cfg->device[0].wire[i];
        EXPECT_EQ(w.target, "cpu" + std::to_string(i));
        EXPECT_EQ(w.index, i);
        EXPECT_EQ(w.line, static_cast<unsigned>(HART_MTI));
    }
    const ConfigDevice *uart1 = device(r.cfg.get(), "uart1");
    ASSERT_TRUE(uart1);
    EXPECT_EQ(uart1->address, 0x10001000u);
    EXPECT_EQ(uart1->wire[0].line, 11u);
    expect_round_trip(r.cfg.get());
}

TEST(Extends, MergesByName)
{
    Folder f;
    f.add("base.yaml",
          "version: 1\nclock: 10MHz\nbuses: {main: {width: 32, overhead: 3}, "
          "aux: {}}\nmemories:\n"
          "- {name: a, bus: main, at: 0, size: 4K, wait_states: 2}\n"
          "- {name: b, bus: main, at: 0x1000, size: 4K}\n"
          "- {name: \"c[0-1]\", bus: main, at: \"0x1[0-1]0000\", size: 4K}\n");
    std::string top =
        f.add("top.yaml",
              "extends: base.yaml\nname: top\nclock: 20MHz\n"
              "buses: {main: {width: 64}, aux: {remove: true}}\nmemories:\n"
              "- {name: d, bus: main, at: 0x5000, size: 1}\n"
              "- {name: a, wait_states: {write: 7}}\n"
              "- {name: b, remove: true}\n"
              "- {name: c1, size: 8K, file: img.bin}\n");
    Result r = load(top);
    ASSERT_TRUE(r.cfg) << r.error;
    EXPECT_EQ(r.cfg->clock_hz, 20000000u);
    ASSERT_EQ(r.cfg->buses, 1u);
    EXPECT_EQ(r.cfg->bus[0].width, 8u);
    EXPECT_EQ(r.cfg->bus[0].overhead, 3u);
    ASSERT_EQ(r.cfg->memories, 4u);
    EXPECT_STREQ(r.cfg->memory[0].name, "a");
    EXPECT_EQ(r.cfg->memory[0].waits.read_first, 2u);
    EXPECT_EQ(r.cfg->memory[0].waits.write_next, 7u);
    EXPECT_STREQ(r.cfg->memory[2].name, "c1");
    EXPECT_EQ(r.cfg->memory[2].size, 8192u);
    EXPECT_EQ(r.cfg->memory[2].file, f.path + "/img.bin");
    EXPECT_STREQ(r.cfg->memory[3].name, "d");
    expect_round_trip(r.cfg.get());
    // An error in the base names the base's line, also from here.
    Result moved = load(top, {"c0.at=0x5000"});
    EXPECT_NE(moved.error.find(top + ":6: memory \"d\""), std::string::npos)
        << moved.error;
    EXPECT_NE(moved.error.find(f.path + "/base.yaml:7"), std::string::npos)
        << moved.error;
}

TEST(Extends, Wrong)
{
    Folder f;
    std::string self = f.add("self.yaml", "extends: ./self.yaml\n");
    f.add("x.yaml", "extends: y.yaml\n");
    std::string y = f.add("y.yaml", "extends: x.yaml\n");
    std::string none = f.add("none.yaml", "version: 1\nextends: gone.yaml\n");
    std::string dir = f.add("dir.yaml", "extends: .\n");
    std::string dev = f.add("dev.yaml", "extends: /dev/zero\n");
    std::string odd = f.add("odd.yaml", "extends: [a]\n");
    for (int i = 0; i < 12; i++) {
        f.add("n" + std::to_string(i) + ".yaml",
              "extends: n" + std::to_string(i + 1) + ".yaml\n");
    }
    EXPECT_NE(load(self).error.find("self.yaml:1: extends: "),
              std::string::npos);
    EXPECT_NE(load(self).error.find("extends itself"), std::string::npos);
    EXPECT_NE(load(y).error.find("extends itself"), std::string::npos);
    EXPECT_NE(load(none).error.find("none.yaml:2: extends: " + f.path +
                                    "/gone.yaml: No such file"),
              std::string::npos);
    EXPECT_NE(load(dir).error.find("is a directory"), std::string::npos);
    EXPECT_NE(load(dev).error.find("is not a file"), std::string::npos);
    EXPECT_NE(load(odd).error.find("extends is a list"), std::string::npos);
    EXPECT_NE(load(f.path + "/n0.yaml").error.find("more than 8 files"),
              std::string::npos);
    EXPECT_NE(load(f.path + "/n9.yaml").error.find("n12.yaml: No such file"),
              std::string::npos);
}

TEST(Set, Paths)
{
    Result r = load(board("mcu"),
                    {"clock=100MHz", "buses.main.width=64",
                     "cpus.cpu0.timing=none", "devices.uart0.at=0x1000_0100",
                     "memories.sram.wait_states.read=2", "code.overhead=1",
                     "xip.wait_states.read.next=9", "limits.unmapped=ignore",
                     "devices.gpio0.remove=true", "main={arbitration: fixed}",
                     "quantum=2us", "rom.bus=[main]", "plic0.sources=40",
                     "cpu0.clock=0x10MHz"});
    ASSERT_TRUE(r.cfg) << r.error;
    const Config *c = r.cfg.get();
    EXPECT_EQ(c->clock_hz, 100000000u);
    EXPECT_EQ(c->cpu[0].clock_hz, 16000000u);
    EXPECT_STREQ(c->cpu[0].profile->name, "none");
    EXPECT_EQ(c->bus[0].width, 8u);
    EXPECT_EQ(c->bus[0].clock_hz, 100000000u);
    EXPECT_EQ(c->bus[0].arbitration, BUS_FIXED);
    EXPECT_EQ(c->bus[1].overhead, 1u);
    EXPECT_EQ(c->quantum_ps, 2000000u);
    EXPECT_FALSE(c->unmapped_fault);
    EXPECT_EQ(device(c, "uart0")->address, 0x10000100u);
    EXPECT_FALSE(device(c, "gpio0"));
    EXPECT_EQ(memory(c, "sram")->waits.read_next, 2u);
    EXPECT_EQ(memory(c, "sram")->waits.write_next, 0u);
    EXPECT_EQ(memory(c, "xip")->waits.read_first, 6u);
    EXPECT_EQ(memory(c, "xip")->waits.read_next, 9u);
    EXPECT_EQ(memory(c, "rom")->bus[1], nullptr);
    expect_round_trip(c);
    Result many = parse(std::string(HEAD) + "cpus: [{name: \"c[0-2]\", isa: "
                                            "rv32i, bus: main}]\n",
                        {"c[1-2].priority=[1-2]"});
    ASSERT_FALSE(many.cfg); // [1-2] is a YAML list
    EXPECT_NE(many.error.find("--set c[1-2].priority"), std::string::npos);
    many = parse(std::string(HEAD) +
                     "cpus: [{name: \"c[0-2]\", isa: rv32i, bus: main}]\n",
                 {"c[1-2].priority=\"[1-2]\""});
    ASSERT_TRUE(many.cfg) << many.error;
    EXPECT_EQ(many.cfg->cpu[0].priority, 0u);
    EXPECT_EQ(many.cfg->cpu[2].priority, 2u);
}

TEST(Set, Wrong)
{
    struct {
        const char *set, *error;
    } cases[] = {
        {"main", "--set main: no value; write NAME.KEY=VALUE"},
        {"=1", "is no path"},
        {"main..width=1", "is no path"},
        {"main.=1", "is no path"},
        {"mian.width=64", "--set mian.width: nothing is called \"mian\"; did "
                          "you mean \"main\"?"},
        {"buses.mian.width=64", "did you mean \"main\"?"},
        {"devices.uart1.at=1", "did you mean \"uart0\"?"},
        {"main.widht=64", "did you mean \"width\"?"},
        {"main.width=48", "--set main.width: width: 48 is not a power of two"},
        {"main.width=", "width has no value"},
        {"main.width=[", "--set main.width: YAML syntax"},
        {"main.width.x=1", "is a value, not a map"},
        {"clock=50mhz", "did you mean \"MHz\"?"},
        {"cpu0=5", "section cpu is a single value"},
        {"extends=x.yaml", "extends only works in a file"},
        {"timer0.irq=plic0.10", "already driven by"},
        {"a.b.c.d.e.f.g.h.i.j.k.l=1", "nothing is called"},
        {"limits.a.b.c.d.e.f.g.h.i.j=1", "is no path"},
    };
    for (const auto &c : cases) {
        Result r = load(board("mcu"), {c.set});
        EXPECT_FALSE(r.cfg) << c.set;
        EXPECT_NE(r.error.find(c.error), std::string::npos)
            << c.set << ": " << r.error;
    }
}

// -- properties
// -------------------------------------------------------------------

struct Place {
    uint64_t at, size;
    int priority;
    bool overlap, on_main, on_aux;
};

// Random regions: refused exactly when some pair on one bus may not overlap.
TEST(Property, OverlapsAgreeWithPairwiseCheck)
{
    std::mt19937_64 random(7);
    int good = 0, refused = 0;
    for (int round = 0; round < 1500; round++) {
        std::vector<Place> places;
        std::string text = "version: 1\nclock: 1MHz\nbuses: {main: , aux: }\n"
                           "memories:\n";
        unsigned n = 1 + static_cast<unsigned>(random() % 6);
        for (unsigned i = 0; i < n; i++) {
            Place p{};
            p.at = random() % 64;
            p.size = 1 + random() % 12;
            p.priority = static_cast<int>(random() % 5) - 2;
            p.overlap = random() % 2;
            unsigned on = 1 + static_cast<unsigned>(random() % 3);
            p.on_main = on & 1;
            p.on_aux = on & 2;
            places.push_back(p);
            text += "- {name: m" + std::to_string(i) + ", bus: [" +
                    (p.on_main ? "main" : "") + (on == 3 ? "," : "") +
                    (p.on_aux ? "aux" : "") + "], at: " + std::to_string(p.at) +
                    ", size: " + std::to_string(p.size) +
                    ", priority: " + std::to_string(p.priority) +
                    ", overlap: " + (p.overlap ? "true" : "false") + "}\n";
        }
        bool right = true;
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < i; j++) {
                const Place &a = places[i], &b = places[j];
                bool bus = (a.on_main && b.on_main) || (a.on_aux && b.on_aux);
                bool meet = a.at < b.at + b.size && b.at < a.at + a.size;
                bool fine =
                    (a.overlap || b.overlap) && a.priority != b.priority;
                right = right && (!bus || !meet || fine);
            }
        }
        Result r = parse(text);
        ASSERT_EQ(right, r.cfg != nullptr) << text << r.error;
        right ? good++ : refused++;
    }
    EXPECT_GT(good, 100);
    EXPECT_GT(refused, 100);
}

// The address an overlap message calls free is free: taking it works.
TEST(Property, SuggestedAddressIsFree)
{
    std::mt19937_64 random(3);
    int tried = 0;
    for (int round = 0; round < 400; round++) {
        std::string text = HEAD + std::string("memories:\n");
        uint64_t at = 0;
        for (int i = 0; i < 4; i++) {
            text += "- {name: m" + std::to_string(i) +
                    ", bus: main, at: " + std::to_string(at) + ", size: 0x" +
                    std::to_string(1 + random() % 3) + "000}\n";
            at += 0x1000 * (3 + random() % 4);
        }
        std::string late = "- {name: late, bus: main, size: 0x1800, at: ";
        Result r = parse(text + late + std::to_string(random() % at) + "}\n");
        size_t fix = r.error.find("move it (0x");
        if (r.cfg || fix == std::string::npos) {
            EXPECT_TRUE(r.cfg) << r.error;
            continue;
        }
        std::string free = r.error.substr(fix + 9);
        Result moved =
            parse(text + late + free.substr(0, free.find(' ')) + "}\n");
        EXPECT_TRUE(moved.cfg) << text << r.error << "\n" << moved.error;
        tried++;
    }
    EXPECT_GT(tried, 50);
}

// A description built from known values means those values, and reads back.
TEST(Property, RandomDescriptionsReadBack)
{
    std::mt19937_64 random(11);
    auto pick = [&](uint64_t n) { return random() % n; };
    for (int round = 0; round < 300; round++) {
        std::ostringstream y;
        unsigned buses = 1 + static_cast<unsigned>(pick(3));
        uint64_t clock = 1 + pick(1000000000);
        y << "version: 1\nclock: " << clock << "\nbuses:\n";
        std::vector<unsigned> widths;
        for (unsigned i = 0; i < buses; i++) {
            widths.push_back(8u << pick(8));
            y << "  b" << i << ": {width: " << widths[i]
              << ", overhead: " << pick(9)
              << ", wait_states: {read: {first: " << pick(9)
              << ", next: " << pick(9) << "}, write: " << pick(3) << "}}\n";
        }
        unsigned cpus = static_cast<unsigned>(pick(5));
        std::vector<unsigned> cpu_bus;
        y << "cpus:\n";
        for (unsigned i = 0; i < cpus; i++) {
            cpu_bus.push_back(static_cast<unsigned>(pick(buses)));
            y << "  - name: c" << i << "\n    isa: rv" << (pick(2) ? 32 : 64)
              << "imac\n    bus: b" << cpu_bus[i] << "\n    reset: 0x"
              << std::hex << pick(1000) * 2 << std::dec << "\n"
              << (pick(2) ? "    misaligned: trap\n" : "")
              << (pick(2) ? "    modes: mu\n" : "")
              << (pick(2) ? "    mmu: bare\n" : "")
              << (pick(2) ? "    hardware_ad: true\n" : "")
              << "    pmp: " << pick(17) << "\n";
        }
        y << "devices:\n  - {name: clint, type: clint, bus: b0, at: 0x2000000"
          << ", timer: [";
        unsigned first = static_cast<unsigned>(pick(cpus + 1));
        for (unsigned i = first; i < cpus; i++) {
            y << (i > first ? ", " : "") << "c" << i << ".mti";
        }
        y << "]}\n  - {name: plic, type: plic, bus: b0, at: 0xc000000}\n";
        unsigned line = 1 + static_cast<unsigned>(pick(20));
        y << "  - {name: u, type: ns16550a, bus: b0, at: 0x3000000, irq: plic."
          << line << "}\n  - {name: d, type: dma, bus: b0, at: 0x5000000, "
          << "master: b" << buses - 1 << "}\n";
        Result r = parse(y.str());
        ASSERT_TRUE(r.cfg) << r.error << "\n" << y.str();
        const Config *c = r.cfg.get();
        EXPECT_EQ(c->clock_hz, clock);
        ASSERT_EQ(c->buses, buses);
        ASSERT_EQ(c->cpus, cpus);
        for (unsigned i = 0; i < buses; i++) {
            EXPECT_EQ(c->bus[i].width, widths[i] / 8);
        }
        for (unsigned i = 0; i < cpus; i++) {
            EXPECT_EQ(c->cpu[i].bus, "b" + std::to_string(cpu_bus[i]));
            EXPECT_EQ(c->cpu[i].clock_hz, clock);
        }
        EXPECT_EQ(c->device[0].wires, cpus - first);
        EXPECT_EQ(c->device[2].wire[0].line, line);
        expect_round_trip(c);
    }
}

// Every prefix and many mutations of a real file: an answer, never a crash.
TEST(Property, MangledFilesAnswer)
{
    std::string text = read_file(board("mcu"));
    for (size_t i = 0; i < text.size(); i += 7) {
        parse(text.substr(0, i));
    }
    std::mt19937 random(5);
    for (int i = 0; i < 500; i++) {
        std::string s = text;
        for (int j = 0; j < 4; j++) {
            size_t at = random() % s.size();
            if (random() % 2) {
                s[at] = "[]{}:,-&*\"'\n0x"[random() % 14];
            } else {
                s.erase(at, random() % 20);
            }
        }
        Result r = parse(s);
        if (r.cfg) {
            expect_round_trip(r.cfg.get());
        } else {
            EXPECT_EQ(r.error.rfind("t.yaml:", 0), 0u) << r.error;
        }
    }
}

} // namespace
