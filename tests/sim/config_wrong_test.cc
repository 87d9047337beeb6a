// config_wrong_test.cc - descriptions that are wrong: where, and what would be
// right.
#include "tests/sim/config_kit.h"

using namespace config_kit;

namespace
{

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
#define CACHE(which, text)                                                     \
    "cpus: [{name: c, isa: rv32i, bus: main,\n  " which ": " text "}]\n"
    {CACHE("dcache", "{size: 3000}"),
     "t.yaml:5: dcache: 3000 bytes in 1 ways of 32-byte lines; 32 times a "
     "power of two is needed"},
    {CACHE("dcache", "{size: 1KiB, line: 24}"),
     "t.yaml:5: dcache: a line of 24 bytes; a power of two from 8 to 128"},
    {CACHE("icache", "{size: 1KiB, ways: 65}"), "t.yaml:5: icache: 65 ways"},
    {CACHE("dcache", "{size: 0}"), "t.yaml:5: size"},
    {CACHE("dcache", "{size: 1TiB}"), "t.yaml:5: size"},
    {CACHE("dcache", "{ways: 2}"), "t.yaml:5: cache without \"size\""},
    {CACHE("dcache", "{size: 1KiB, hit: 0}"), "t.yaml:5: hit"},
    {CACHE("dcache", "{size: 1KiB, seed: 0}"), "t.yaml:5: seed"},
    {CACHE("dcache", "{size: 1KiB, replacement: round_robin}"),
     "t.yaml:5: replacement: unknown value \"round_robin\"; did you mean "
     "\"round-robin\"?"},
    {CACHE("dcache", "{size: 96, ways: 3, replacement: plru}"),
     "t.yaml:5: dcache: plru with 3 ways; take a power of two, or lru"},
    {CACHE("dcache", "{size: 1KiB, write: trough}"),
     "did you mean \"through\"?"},
    {CACHE("dcache", "{size: 1KiB, allocate: write}"),
     "t.yaml:5: allocate: unknown value \"write\""},
    {CACHE("dcache", "{size: 1KiB, wyas: 2}"), "did you mean \"ways\"?"},
    {CACHE("icache", "{size: 1KiB, write: back}"),
     "t.yaml:5: icache: write is for a dcache"},
    {CACHE("icache", "nothing"), "t.yaml:5: section cache is a single value"},
    {CACHE("icache", "{size: 1KiB, uncached: [{at: 0x100, size: 4KiB}]}"),
     "t.yaml:5: uncached: 0x1000 bytes at 0x100; write whole pages of 4 KiB"},
    {CACHE("icache", "{size: 1KiB, uncached: [{at: 0, size: 4097}]}"),
     "t.yaml:5: uncached: 0x1001 bytes at 0x0; write whole pages of 4 KiB"},
    {CACHE("icache", "{size: 1KiB, uncached: [{at: 0}]}"),
     "uncached without \"size\""},
    {CACHE("icache", "{size: 1KiB, uncached: {at: 0, size: 4KiB}}"),
     "uncached is not a list"},
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

} // namespace
