// elf_line_test.cc - line tables of firmware: what they hold, and files whose
// tables are damaged or missing.
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

#include "sim/elf.h"

namespace
{

using std::string;

const string firmware = string(BINARY_DIR) + "/firmware/rv32/twin-a.elf";

struct Line {
    uint64_t address, size;
    string file;
    unsigned line;
};

bool lines_of(const string &path, std::vector<Line> &lines)
{
    return elf_lines(
        path.c_str(),
        [](void *opaque, uint64_t address, uint64_t size, const char *file,
           unsigned line) {
            static_cast<std::vector<Line> *>(opaque)->push_back(
                {address, size, file, line});
        },
        &lines);
}

string bytes_of(const string &path)
{
    std::ifstream f(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(f), {}};
}

string temporary(const string &bytes)
{
    string path =
        string(BINARY_DIR) + "/elf-line-" + std::to_string(getpid()) + ".elf";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
}

TEST(ElfLine, FirmwareOfOurs)
{
    std::vector<Line> lines;
    ASSERT_TRUE(lines_of(firmware, lines));
    ElfInfo info;
    Error *err = nullptr;
    ASSERT_TRUE(elf_load(firmware.c_str(), 32, nullptr, &info, &err));
    EXPECT_EQ(firmware, info.path);
    const ElfSymbol *main = elf_symbol_named(&info, "main");
    ASSERT_TRUE(main);
    std::set<string> files;
    uint64_t of_main = 0;
    for (const Line &l : lines) {
        files.insert(l.file);
        EXPECT_GT(l.line, 0u);
        EXPECT_GT(l.size, 0u);
        if (l.address >= main->address &&
            l.address < main->address + main->size) {
            EXPECT_LE(l.address + l.size, main->address + main->size);
            of_main += l.size;
        }
    }
    EXPECT_EQ(main->size, of_main) << "each byte of main has one line";
    EXPECT_TRUE(files.count("tests/firmware/twin.c"));
    EXPECT_TRUE(files.count("tests/firmware/crt0.S"));
    elf_info_fini(&info);
}

TEST(ElfLine, NoneIsNoDamage)
{
    std::vector<Line> lines;
    string bytes = bytes_of(firmware);
    string none = bytes;
    for (size_t at = 0; (at = none.find(".debug_", at)) != string::npos;) {
        none.replace(at, 7, ".dubeg_"); // no section is called so any more
    }
    lines.clear();
    EXPECT_TRUE(lines_of(temporary(none), lines));
    EXPECT_TRUE(lines.empty());
    unlink(temporary("").c_str());
    EXPECT_FALSE(lines_of("no/such.elf", lines));
    EXPECT_FALSE(lines_of(temporary("this is no ELF file"), lines) &&
                 !lines.empty());
    unlink(temporary("").c_str());
}

// Whatever stands in the tables, ranges stay inside the code.
TEST(ElfLine, DamagedTables)
{
    const string bytes = bytes_of(firmware);
    srand(7);
    unsigned whole = 0, runs = 300;
    for (unsigned i = 0; i < runs; i++) {
        string damaged = bytes;
        for (int n = 0; n < 40; n++) { // behind the code: tables and DWARF
            size_t at = bytes.size() / 3 +
                        static_cast<size_t>(rand()) % (bytes.size() * 2 / 3);
            damaged[at] = static_cast<char>(rand());
        }
        if (i % 10 == 0) {
            damaged.resize(damaged.size() * 3 / 4);
        }
        std::vector<Line> got;
        whole += lines_of(temporary(damaged), got);
        for (const Line &l : got) {
            ASSERT_GT(l.size, 0u);
            ASSERT_LE(l.size, UINT64_MAX - l.address);
            ASSERT_NE(l.line, 0u);
        }
    }
    EXPECT_GT(whole, 0u);
    EXPECT_LT(whole, runs) << "some damage is noticed";
    unlink(temporary("").c_str());
}

} // namespace
