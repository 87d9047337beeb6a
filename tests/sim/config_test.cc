// config_test.cc - descriptions: what they mean, and that a resolved one reads
// back as the same machine. Oracles: hand arithmetic for units, and the tables
// in docs/.
#include "tests/sim/config_kit.h"

using namespace config_kit;

namespace
{

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
    ASSERT_EQ(uart->wires, 3u); // and two to the DMA engine
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

// Every `NAME` 0xADDRESS pair in the table of docs/boards.md is true of mcu,
// or of virt64 when it has that.
TEST(Boards, DocumentAgrees)
{
    Result r = load(board("mcu")), v = load(board("virt64"));
    ASSERT_TRUE(r.cfg) << r.error;
    ASSERT_TRUE(v.cfg) << v.error;
    std::istringstream doc(read_file(SOURCE_DIR "/docs/boards.md"));
    unsigned seen = 0, sizes = 0;
    for (std::string line; std::getline(doc, line);) {
        if (line.rfind("## `sifive_e`", 0) == 0) {
            r = load(board("sifive_e"));
            ASSERT_TRUE(r.cfg) << r.error;
        }
        size_t address = line.find("`0x"), name = line.find('`');
        if (line[0] != '|' || address == std::string::npos || name == address) {
            continue;
        }
        std::string word =
            line.substr(name + 1, line.find('`', name + 1) - name - 1);
        uint64_t value = std::stoull(line.substr(address + 3), nullptr, 16);
        const ConfigDevice *d = device(r.cfg.get(), word);
        const ConfigMemory *m = memory(r.cfg.get(), word);
        d = d || m ? d : device(v.cfg.get(), word);
        m = d || m ? m : memory(v.cfg.get(), word);
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
    EXPECT_EQ(seen, 17u + 18u); // mcu, virt, sifive_e
    EXPECT_EQ(sizes, 17u + 18u);
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
    EXPECT_EQ(sections.size(), 14u);
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

TEST(Values, Caches)
{
    const std::string cpu =
        std::string(HEAD) + "cpus: [{name: c, isa: rv32i, bus: main, ";
    Result r = parse(cpu + "icache: {size: 1KiB}, dcache: none}]\n");
    ASSERT_TRUE(r.cfg) << r.error;
    const ConfigCache &i = r.cfg->cpu[0].icache;
    EXPECT_TRUE(i.there);
    EXPECT_EQ(i.l1.size, 1024u);
    EXPECT_EQ(i.l1.ways, 1u);
    EXPECT_EQ(i.l1.line, 32u);
    EXPECT_EQ(i.l1.replacement, L1_LRU);
    EXPECT_EQ(i.l1.hit, 1u);
    EXPECT_EQ(i.l1.fill_overhead, 0u);
    EXPECT_FALSE(i.l1.keep_on_fence_i);
    EXPECT_FALSE(r.cfg->cpu[0].dcache.there);
    expect_round_trip(r.cfg.get());
    const std::string all =
        "dcache: {size: 1536, ways: 3, line: 64, replacement: random, seed: "
        "0xfedcba9876543210, hit: 4, fill_overhead: 5, writeback_overhead: 6, "
        "write: through, allocate: read, fence_i: invalidate, uncached: [{at: "
        "0x1000, size: 8KiB}, {at: 0x10000, size: 4KiB}]}}]\n";
    r = parse(cpu + all);
    ASSERT_TRUE(r.cfg) << r.error;
    const L1Config &d = r.cfg->cpu[0].dcache.l1;
    EXPECT_EQ(d.ways, 3u);
    EXPECT_EQ(d.line, 64u);
    EXPECT_EQ(d.replacement, L1_RANDOM);
    EXPECT_EQ(d.seed, 0xfedcba9876543210u);
    EXPECT_EQ(d.hit, 4u);
    EXPECT_EQ(d.fill_overhead, 5u);
    EXPECT_EQ(d.writeback_overhead, 6u);
    EXPECT_TRUE(d.write_through);
    EXPECT_FALSE(d.write_allocate);
    EXPECT_FALSE(d.keep_on_fence_i);
    ASSERT_EQ(d.uncacheds, 2u);
    EXPECT_EQ(d.uncached[0].first, 0x1000u);
    EXPECT_EQ(d.uncached[0].last, 0x2fffu);
    EXPECT_EQ(d.uncached[1].last, 0x10fffu);
    expect_round_trip(r.cfg.get());
    // One number of it, none of it, and one that was not there.
    r = parse(cpu + all, {"cpus.c.dcache.size=768"});
    ASSERT_TRUE(r.cfg) << r.error;
    EXPECT_EQ(r.cfg->cpu[0].dcache.l1.size, 768u);
    EXPECT_EQ(r.cfg->cpu[0].dcache.l1.ways, 3u);
    r = parse(cpu + all, {"c.dcache=none", "c.icache={size: 2KiB, ways: 2}"});
    ASSERT_TRUE(r.cfg) << r.error;
    EXPECT_FALSE(r.cfg->cpu[0].dcache.there);
    EXPECT_EQ(r.cfg->cpu[0].icache.l1.size, 2048u);
    for (const char *name :
         {"lru", "plru", "round-robin", "round-robin-set", "random"}) {
        r = parse(cpu + "icache: {size: 1KiB, replacement: " + name + "}}]\n");
        ASSERT_TRUE(r.cfg) << r.error;
        EXPECT_STREQ(l1_replacement_name[r.cfg->cpu[0].icache.l1.replacement],
                     name);
        expect_round_trip(r.cfg.get());
    }
}

} // namespace
