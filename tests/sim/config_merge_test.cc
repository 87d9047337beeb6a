// config_merge_test.cc - ranges, extends and --set; and random descriptions.
// Oracles: a random description written by the test (which knows what it
// wrote), and a pairwise overlap check.
#include "tests/sim/config_kit.h"

using namespace config_kit;

namespace
{

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
