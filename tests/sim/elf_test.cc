// elf_test.cc - firmware files: what is loaded where, what is refused and why,
// which symbol an address has. Files are written byte by byte by this test
// (no library in common with the loader); oracles are the bytes themselves, a
// linear search for symbols, and the cross compiler's nm on real firmware.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "memory/world.h"
#include "sim/elf.h"

namespace
{

struct Seg {
    uint64_t paddr, vaddr;
    std::string bytes;
    uint64_t memsz;
    uint32_t flags = 5; // R X
    uint32_t type = 1;  // PT_LOAD
};

struct Sym {
    std::string name;
    uint64_t value, size;
    unsigned type, bind; // STT_, STB_
    unsigned section;    // 1: code, 2: data
};

// Writes an ELF executable: header, program headers, segments, then .text and
// .data (no bytes of their own), .symtab, .strtab, section headers at the end.
struct Builder {
    unsigned xlen = 32;
    uint64_t entry = 0x80000000;
    unsigned machine = 243, type = 2;
    std::vector<Seg> segs;
    std::vector<Sym> syms;
    uint64_t text_at = 0x80000000, text_size = 0x1000;

    static void put(std::string &s, uint64_t v, unsigned size)
    {
        for (unsigned i = 0; i < size; i++) {
            s.push_back(static_cast<char>(v >> (8 * i)));
        }
    }
    void word(std::string &s, uint64_t v) const { put(s, v, xlen / 8); }

    void section(std::string &s, unsigned kind, uint64_t flags, uint64_t addr,
                 uint64_t offset, uint64_t size, unsigned link,
                 uint64_t entsize) const
    {
        put(s, 0, 4);
        put(s, kind, 4);
        word(s, flags);
        word(s, addr);
        word(s, offset);
        word(s, size);
        put(s, link, 4);
        put(s, 0, 4);
        word(s, 1);
        word(s, entsize);
    }

    std::string build() const
    {
        bool wide = xlen == 64;
        uint64_t ehdr = wide ? 64 : 52, phdr = wide ? 56 : 32;
        uint64_t at = ehdr + phdr * segs.size();
        std::string ph, data;
        for (const auto &g : segs) {
            uint64_t offset = at + data.size();
            put(ph, g.type, 4);
            if (wide) {
                put(ph, g.flags, 4);
            }
            word(ph, offset);
            word(ph, g.vaddr);
            word(ph, g.paddr);
            word(ph, g.bytes.size());
            word(ph, g.memsz);
            if (!wide) {
                put(ph, g.flags, 4);
            }
            word(ph, 1);
            data += g.bytes;
        }
        std::string strings(1, '\0'), symbols;
        symbols.resize(wide ? 24 : 16);
        for (const auto &y : syms) {
            uint64_t info = y.bind << 4 | y.type;
            put(symbols, strings.size(), 4);
            if (wide) {
                put(symbols, info, 1);
                put(symbols, 0, 1);
                put(symbols, y.section, 2);
                put(symbols, y.value, 8);
                put(symbols, y.size, 8);
            } else {
                put(symbols, y.value, 4);
                put(symbols, y.size, 4);
                put(symbols, info, 1);
                put(symbols, 0, 1);
                put(symbols, y.section, 2);
            }
            strings += y.name + '\0';
        }
        uint64_t sym_at = at + data.size(), str_at = sym_at + symbols.size();
        uint64_t shoff = str_at + strings.size();
        std::string sh;
        section(sh, 0, 0, 0, 0, 0, 0, 0);
        section(sh, 8, 6, text_at, 0, text_size, 0, 0); // NOBITS, A X
        section(sh, 8, 3, 0x90000000, 0, 0x1000, 0, 0); // NOBITS, W A
        section(sh, 2, 0, 0, sym_at, symbols.size(), 4, wide ? 24 : 16);
        section(sh, 3, 0, 0, str_at, strings.size(), 0, 0);
        std::string head = "\x7f"
                           "ELF";
        put(head, wide ? 2 : 1, 1);
        put(head, 1, 1); // little-endian
        put(head, 1, 1);
        head.resize(16);
        put(head, type, 2);
        put(head, machine, 2);
        put(head, 1, 4);
        word(head, entry);
        word(head, ehdr);
        word(head, shoff);
        put(head, 0, 4);
        put(head, ehdr, 2);
        put(head, phdr, 2);
        put(head, segs.size(), 2);
        put(head, wide ? 64 : 40, 2);
        put(head, 5, 2);
        put(head, 0, 2);
        return head + ph + data + symbols + strings + sh;
    }
};

Builder simple(unsigned xlen = 32)
{
    Builder b;
    b.xlen = xlen;
    b.segs = {{0x80000000, 0x80000000,
               "\x13\x05\x10\x02"
               "code",
               0x100, 5, 1}};
    return b;
}

// Memory as a map of bytes, where some ranges exist.
struct Sink {
    std::vector<std::pair<uint64_t, uint64_t>> ranges; // first, last
    std::map<uint64_t, uint8_t> bytes;

    static bool covers(void *opaque, uint64_t at, uint64_t len, uint64_t *hole)
    {
        auto *s = static_cast<Sink *>(opaque);
        for (uint64_t done = 0; done < len;) {
            bool found = false;
            for (const auto &r : s->ranges) {
                uint64_t a = at + done;
                if (a >= r.first && a <= r.second) {
                    done += std::min(r.second - a, len - done - 1) + 1;
                    found = true;
                    break;
                }
            }
            if (!found) {
                *hole = at + done;
                return false;
            }
        }
        return true;
    }
    static void write(void *opaque, uint64_t at, const void *p, uint64_t len)
    {
        auto *s = static_cast<Sink *>(opaque);
        for (uint64_t i = 0; i < len; i++) {
            s->bytes[at + i] = p ? static_cast<const uint8_t *>(p)[i] : 0;
        }
    }
    ElfSink sink() { return {covers, write, this}; }
};

struct Loaded {
    ElfInfo info{};
    bool ok = false;
    std::string error;
    Sink memory;
    Loaded() = default;
    Loaded(const Loaded &) = delete;
    Loaded &operator=(const Loaded &) = delete;
    ~Loaded() { elf_info_fini(&info); }
    void run(const std::string &file, unsigned xlen)
    {
        if (memory.ranges.empty()) {
            memory.ranges = {{0x80000000, 0x8fffffff}};
        }
        ElfSink sink = memory.sink();
        Error *err = nullptr;
        ok = elf_load_bytes(file.data(), file.size(), "t.elf", xlen, &sink,
                            &info, &err);
        EXPECT_EQ(ok, err == nullptr);
        if (err) {
            error = error_message(err);
            error_free(err);
            EXPECT_EQ(error.rfind("t.elf: ", 0), 0u) << error;
            EXPECT_EQ(error.find('\n'), std::string::npos);
            EXPECT_TRUE(memory.bytes.empty()) << "written though refused";
        }
    }
};

std::string refusal(const std::string &file, unsigned xlen = 32)
{
    Loaded l;
    l.run(file, xlen);
    EXPECT_FALSE(l.ok);
    return l.error;
}

#define EXPECT_SAYS(error, part)                                               \
    EXPECT_NE((error).find(part), std::string::npos) << (error)

// -- loading
// ---------------------------------------------------------------------

TEST(Load, BytesAndZeroes)
{
    for (unsigned xlen : {32u, 64u}) {
        Loaded l;
        l.run(simple(xlen).build(), xlen);
        ASSERT_TRUE(l.ok) << l.error;
        EXPECT_EQ(l.info.xlen, xlen);
        EXPECT_EQ(l.info.entry, 0x80000000u);
        ASSERT_EQ(l.info.segments, 1u);
        EXPECT_EQ(l.info.segment[0].in_file, 8u);
        EXPECT_EQ(l.info.segment[0].size, 0x100u);
        EXPECT_EQ(l.memory.bytes.size(), 0x100u);
        EXPECT_EQ(l.memory.bytes[0x80000000], 0x13);
        EXPECT_EQ(l.memory.bytes[0x80000007], 'e');
        EXPECT_EQ(l.memory.bytes[0x80000008], 0);
    }
}

TEST(Load, ByPhysicalAddress)
{
    Builder b = simple();
    b.segs = {{0x80001000, 0x20000000, "flash", 5, 5, 1},
              {0x80002000, 0x30000000, "data", 8, 6, 1}};
    b.entry = 0x20000002;
    Loaded l;
    l.run(b.build(), 32);
    ASSERT_TRUE(l.ok) << l.error;
    EXPECT_EQ(l.info.entry, 0x80001002u);
    EXPECT_EQ(l.memory.bytes[0x80001000], 'f');
    EXPECT_EQ(l.memory.bytes[0x80002003], 'a');
    EXPECT_EQ(l.memory.bytes[0x80002004], 0);
    EXPECT_EQ(l.info.segment[1].virt, 0x30000000u);
    EXPECT_TRUE(l.info.segment[1].writable);
    EXPECT_FALSE(l.info.segment[1].executable);
}

TEST(Load, AnyWidthAndNoSink)
{
    ElfInfo info;
    std::string file = simple(64).build();
    ASSERT_TRUE(elf_load_bytes(file.data(), file.size(), "t.elf", 0, nullptr,
                               &info, nullptr));
    EXPECT_EQ(info.xlen, 64u);
    elf_info_fini(&info);
    elf_info_fini(&info); // harmless
}

// Random segments: what is in memory afterwards is what a painter says.
TEST(Load, AgreesWithPainter)
{
    std::mt19937_64 random(2);
    for (int round = 0; round < 300; round++) {
        Builder b;
        b.xlen = random() % 2 ? 32 : 64;
        std::map<uint64_t, uint8_t> painted;
        bool clash = false;
        unsigned n = 1 + static_cast<unsigned>(random() % 4);
        for (unsigned i = 0; i < n; i++) {
            Seg s{0x80000000 + random() % 256, 0, "", 0, 5, 1};
            s.vaddr = s.paddr;
            for (uint64_t j = random() % 40; j > 0; j--) {
                s.bytes.push_back(static_cast<char>(random()));
            }
            s.memsz = s.bytes.size() + random() % 40;
            for (uint64_t j = 0; j < s.memsz; j++) {
                uint8_t byte =
                    j < s.bytes.size() ? static_cast<uint8_t>(s.bytes[j]) : 0;
                clash |= !painted.emplace(s.paddr + j, byte).second;
            }
            b.segs.push_back(s);
        }
        if (painted.empty()) {
            continue;
        }
        b.entry = painted.begin()->first & ~1ull;
        bool entry_good = painted.count(b.entry) != 0;
        Loaded l;
        l.run(b.build(), b.xlen);
        ASSERT_EQ(l.ok, !clash && entry_good) << l.error;
        if (l.ok) {
            EXPECT_EQ(l.memory.bytes, painted);
        }
    }
}

// -- refusals
// ----------------------------------------------------------------------

TEST(Refuse, NotTheRightFile)
{
    EXPECT_SAYS(refusal(""), "is empty");
    EXPECT_SAYS(refusal("hello"), "not an ELF file");
    EXPECT_SAYS(refusal("\x7f"
                        "ELF"),
                "truncated");
    Builder b = simple();
    b.machine = 62;
    EXPECT_SAYS(refusal(b.build()), "for machine 62, not RISC-V (243)");
    EXPECT_SAYS(refusal(simple(64).build(), 32),
                "a 64-bit RISC-V file, but the hart has 32 bits");
    EXPECT_SAYS(refusal(simple(32).build(), 64),
                "a 32-bit RISC-V file, but the hart has 64 bits");
    std::string file = simple().build();
    file[5] = 2;
    EXPECT_SAYS(refusal(file), "a big-endian ELF file");
    file[5] = 1;
    file[4] = 7;
    EXPECT_SAYS(refusal(file), "unknown ELF class 7");
    b = simple();
    b.type = 1;
    EXPECT_SAYS(refusal(b.build()), "is an object file");
    b.type = 3;
    EXPECT_SAYS(refusal(b.build()), "is position-independent");
}

TEST(Refuse, Segments)
{
    Builder b = simple();
    b.segs.clear();
    EXPECT_SAYS(refusal(b.build()), "nothing to load");
    b = simple();
    b.segs[0].type = 4;
    EXPECT_SAYS(refusal(b.build()), "no PT_LOAD segment");
    b = simple();
    b.segs[0].memsz = 3;
    EXPECT_SAYS(refusal(b.build()), "more bytes in the file than in memory");
    b = simple();
    b.segs[0].paddr = b.segs[0].vaddr = 0x70000000;
    b.entry = 0x70000000;
    EXPECT_SAYS(refusal(b.build()), "segment 0x70000000-0x700000ff: no memory "
                                    "at 0x70000000");
    b = simple();
    b.segs[0].memsz = 0x10000001;
    EXPECT_SAYS(refusal(b.build()), "segment 0x80000000-0x90000000: no memory "
                                    "at 0x90000000");
    b = simple();
    b.segs[0].paddr = b.segs[0].vaddr = 0xfffffff0;
    EXPECT_SAYS(refusal(b.build()), "beyond the end of the address space");
    b = simple(64);
    b.segs[0].memsz = UINT64_MAX;
    EXPECT_SAYS(refusal(b.build(), 64), "beyond the end of the address space");
    b = simple(64);
    b.segs[0].memsz = UINT64_MAX - 0x80000000;
    EXPECT_SAYS(refusal(b.build(), 64), "no memory at 0x90000000");
    b = simple();
    b.segs.push_back(b.segs[0]);
    EXPECT_SAYS(refusal(b.build()), "overlap; check the load addresses");
    b = simple();
    for (int i = 0; i < 1100; i++) {
        b.segs.push_back(b.segs[0]);
    }
    EXPECT_SAYS(refusal(b.build()), "1101 program headers; at most 1024");
}

TEST(Refuse, Entry)
{
    Builder b = simple();
    b.entry = 0x80000001;
    EXPECT_SAYS(refusal(b.build()), "entry 0x80000001 is odd");
    b.entry = 0x80000100;
    EXPECT_SAYS(refusal(b.build()), "entry 0x80000100 is in no segment");
    b = simple();
    b.segs[0].flags = 6;
    EXPECT_SAYS(refusal(b.build()), "a segment that is not executable");
}

TEST(Refuse, Paths)
{
    ElfInfo info;
    Error *err = nullptr;
    EXPECT_FALSE(elf_load("/no/such.elf", 32, nullptr, &info, &err));
    EXPECT_STREQ(error_message(err),
                 "/no/such.elf: No such file or directory; check the path");
    error_free(err);
    err = nullptr;
    EXPECT_FALSE(elf_load("/tmp", 32, nullptr, &info, &err));
    EXPECT_STREQ(error_message(err), "/tmp: is a directory; name an ELF file");
    error_free(err);
    err = nullptr;
    EXPECT_FALSE(elf_load("/dev/zero", 32, nullptr, &info, &err));
    EXPECT_STREQ(error_message(err), "/dev/zero: is not a file; name an ELF "
                                     "file");
    error_free(err);
}

// Every proper prefix is refused: the section headers are at the end.
TEST(Refuse, EveryTruncation)
{
    for (unsigned xlen : {32u, 64u}) {
        Builder b = simple(xlen);
        b.syms = {{"main", 0x80000000, 8, 2, 1, 1}};
        std::string file = b.build();
        for (size_t len = 0; len < file.size(); len++) {
            refusal(file.substr(0, len), xlen);
        }
    }
}

// Any single changed byte gives an answer, and no answer writes outside.
TEST(Refuse, MangledFilesAnswer)
{
    Builder b = simple();
    b.syms = {{"main", 0x80000000, 8, 2, 1, 1}, {"x", 0x80000010, 0, 0, 1, 1}};
    std::string file = b.build();
    int good = 0;
    for (size_t i = 0; i < file.size(); i++) {
        for (int change : {0x01, 0x80, 0xff}) {
            std::string s = file;
            s[i] = static_cast<char>(s[i] ^ change);
            Loaded l;
            l.memory.ranges = {{0x80000000, 0x8000ffff}};
            l.run(s, 32);
            good += l.ok;
            for (size_t j = 0; l.ok && j < l.info.symbols; j++) {
                elf_symbol_find(&l.info, l.info.symbol[j].address);
            }
        }
    }
    EXPECT_GT(good, 0);
}

// -- symbols
// -----------------------------------------------------------------------

enum { NOTYPE = 0, OBJECT = 1, FUNC = 2, FILENAME = 4 };
enum { LOCAL = 0, GLOBAL = 1, WEAK = 2 };

TEST(Symbols, WhichAreKept)
{
    Builder b = simple();
    b.syms = {
        {"main", 0x80000010, 0x20, FUNC, GLOBAL, 1},
        {"helper", 0x80000030, 0x10, FUNC, LOCAL, 1},
        {"_start", 0x80000000, 0, NOTYPE, GLOBAL, 1},
        {"loop", 0x80000014, 0, NOTYPE, LOCAL, 1}, // a local label
        {"$x", 0x80000000, 0, NOTYPE, GLOBAL, 1},  // a mapping symbol
        {"table", 0x90000000, 0x40, OBJECT, GLOBAL, 2},
        {"tohost", 0x90000100, 0, NOTYPE, GLOBAL, 2},
        {"undefined", 0x80000020, 4, FUNC, GLOBAL, 0},
        {"absolute", 0x80000020, 4, FUNC, GLOBAL, 0xfff1},
        {"main.c", 0x80000000, 0, FILENAME, LOCAL, 1},
    };
    Loaded l;
    l.run(b.build(), 32);
    ASSERT_TRUE(l.ok) << l.error;
    std::string names;
    for (size_t i = 0; i < l.info.symbols; i++) {
        names += std::string(l.info.symbol[i].name) + " ";
    }
    EXPECT_EQ(names, "_start main helper table ");
    ASSERT_EQ(l.info.marks, 1u);
    const ElfSymbol *tohost = elf_symbol_named(&l.info, "tohost");
    ASSERT_TRUE(tohost);
    EXPECT_EQ(tohost->address, 0x90000100u);
    EXPECT_EQ(tohost->kind, ELF_MARK);
    EXPECT_FALSE(elf_symbol_named(&l.info, "loop"));
    EXPECT_FALSE(elf_symbol_find(&l.info, 0x90000100));
    EXPECT_STREQ(elf_symbol_find(&l.info, 0x80000000)->name, "_start");
    EXPECT_STREQ(elf_symbol_find(&l.info, 0x8000000f)->name, "_start");
    EXPECT_STREQ(elf_symbol_find(&l.info, 0x8000002f)->name, "main");
    EXPECT_FALSE(elf_symbol_find(&l.info, 0x80000040));
    EXPECT_FALSE(elf_symbol_find(&l.info, 0x7fffffff));
    EXPECT_STREQ(elf_symbol_find(&l.info, 0x9000003f)->name, "table");
}

TEST(Symbols, BestNameOfAnAddress)
{
    Builder b = simple();
    b.syms = {
        {"label", 0x80000000, 0, NOTYPE, GLOBAL, 1},
        {"local", 0x80000000, 8, FUNC, LOCAL, 1},
        {"weak", 0x80000000, 8, FUNC, WEAK, 1},
        {"b", 0x80000000, 8, FUNC, GLOBAL, 1},
        {"a", 0x80000000, 8, FUNC, GLOBAL, 1},
        {"object", 0x80000000, 8, OBJECT, GLOBAL, 1},
    };
    Loaded l;
    l.run(b.build(), 32);
    ASSERT_TRUE(l.ok) << l.error;
    EXPECT_STREQ(elf_symbol_find(&l.info, 0x80000004)->name, "a");
}

// A label without a size ends at the next symbol, or with its section.
TEST(Symbols, SizesOfLabels)
{
    Builder b = simple();
    b.text_size = 0x60;
    b.syms = {{"one", 0x80000000, 0, NOTYPE, GLOBAL, 1},
              {"uno", 0x80000000, 0, NOTYPE, GLOBAL, 1},
              {"two", 0x80000040, 0, FUNC, GLOBAL, 1}};
    Loaded l;
    l.run(b.build(), 32);
    ASSERT_TRUE(l.ok) << l.error;
    EXPECT_EQ(elf_symbol_named(&l.info, "one")->size, 0x40u);
    EXPECT_EQ(elf_symbol_named(&l.info, "uno")->size, 0x40u);
    EXPECT_EQ(elf_symbol_named(&l.info, "two")->size, 0x20u);
    EXPECT_FALSE(elf_symbol_find(&l.info, 0x80000060));
}

// Nested and overlapping symbols: the one that begins last and holds it.
TEST(Symbols, AgreeWithLinearSearch)
{
    std::mt19937_64 random(9);
    for (int round = 0; round < 200; round++) {
        Builder b = simple();
        unsigned n = 1 + static_cast<unsigned>(random() % 12);
        for (unsigned i = 0; i < n; i++) {
            b.syms.push_back({"s" + std::to_string(i),
                              0x80000000 + random() % 64, 1 + random() % 32,
                              FUNC, GLOBAL, 1});
        }
        Loaded l;
        l.run(b.build(), 32);
        ASSERT_TRUE(l.ok) << l.error;
        ASSERT_EQ(l.info.symbols, n);
        for (uint64_t a = 0x7ffffff8; a < 0x80000070; a++) {
            const Sym *best = nullptr;
            for (const auto &s : b.syms) {
                bool holds = a >= s.value && a - s.value < s.size;
                bool better = !best || s.value > best->value ||
                              (s.value == best->value &&
                               (s.size > best->size ||
                                (s.size == best->size && s.name < best->name)));
                if (holds && better) {
                    best = &s;
                }
            }
            const ElfSymbol *found = elf_symbol_find(&l.info, a);
            ASSERT_EQ(best != nullptr, found != nullptr) << a;
            if (best) {
                EXPECT_EQ(best->name, found->name) << std::hex << a;
            }
        }
    }
}

// -- into an address space
// -----------------------------------------------------------

TEST(Space, RamRomAndHole)
{
    MemoryWorld *world = memory_world_new();
    MemoryWorld *before = memory_world_enter(world);
    MemoryRegion root, ram, rom;
    AddressSpace as;
    memory_region_init(&root, nullptr, "root", UINT64_MAX);
    memory_region_init_ram(&ram, nullptr, "ram", 0x2000, nullptr);
    memory_region_init_rom(&rom, nullptr, "rom", 0x1000, nullptr);
    memory_region_add_subregion(&root, 0x80000000, &ram);
    memory_region_add_subregion(&root, 0x80002000, &rom);
    address_space_init(&as, &root, "as");
    memset(memory_region_get_ram_ptr(&ram), 0xaa, 0x2000);

    // One segment across both, with zeroes at its end.
    Builder b = simple();
    b.segs[0].bytes = std::string(0x1800, 'x');
    b.segs[0].memsz = 0x2800;
    ElfSink sink = elf_sink_space(&as);
    ElfInfo info;
    Error *err = nullptr;
    std::string file = b.build();
    ASSERT_TRUE(elf_load_bytes(file.data(), file.size(), "t.elf", 32, &sink,
                               &info, &err))
        << error_message(err);
    elf_info_fini(&info);
    auto *r = static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram));
    auto *o = static_cast<uint8_t *>(memory_region_get_ram_ptr(&rom));
    for (int i = 0; i < 0x2000; i++) {
        ASSERT_EQ(r[i], i < 0x1800 ? 'x' : 0) << i;
    }
    EXPECT_EQ(o[0x7ff], 0);

    b.segs[0].bytes[0] = 'y';
    b.segs[0].memsz = 0x3001;
    file = b.build();
    EXPECT_FALSE(elf_load_bytes(file.data(), file.size(), "t.elf", 32, &sink,
                                &info, &err));
    EXPECT_STREQ(error_message(err),
                 "t.elf: segment 0x80000000-0x80003000: no memory at "
                 "0x80003000; link it to the board's RAM or ROM, or add memory "
                 "there");
    error_free(err);
    EXPECT_EQ(r[0], 'x');

    address_space_destroy(&as);
    memory_region_del_subregion(&root, &ram);
    memory_region_del_subregion(&root, &rom);
    memory_region_fini(&ram);
    memory_region_fini(&rom);
    memory_region_fini(&root);
    memory_world_enter(before);
    memory_world_free(world);
}

// -- real firmware: the cross compiler's nm is the witness
// ---------------------------

std::string output_of(const std::string &command)
{
    std::string out;
    FILE *p = popen(command.c_str(), "r");
    if (!p) {
        return out;
    }
    char buf[4096];
    for (size_t n; (n = fread(buf, 1, sizeof(buf), p)) > 0;) {
        out.append(buf, n);
    }
    pclose(p);
    return out;
}

void compare_with_nm(const std::string &path, unsigned xlen)
{
    ElfInfo info;
    Error *err = nullptr;
    ASSERT_TRUE(elf_load(path.c_str(), xlen, nullptr, &info, &err))
        << (err ? error_message(err) : "");
    std::istringstream nm(
        output_of("riscv64-unknown-elf-nm -S --defined-only " + path));
    unsigned functions = 0, bytes = 0;
    for (std::string line; std::getline(nm, line);) {
        std::istringstream f(line);
        std::string address, size, type, name;
        f >> address >> size >> type >> name;
        if (name.empty() || (type != "T" && type != "t")) {
            continue; // without a size, or not code
        }
        uint64_t at = std::stoull(address, nullptr, 16);
        uint64_t len = std::stoull(size, nullptr, 16);
        for (uint64_t a = at; a < at + len; a += 2, bytes++) {
            const ElfSymbol *s = elf_symbol_find(&info, a);
            ASSERT_TRUE(s) << line;
            ASSERT_GE(s->address, at) << line;
        }
        const ElfSymbol *s = elf_symbol_find(&info, at);
        EXPECT_EQ(s->address, at) << line;
        EXPECT_EQ(s->size, len) << line;
        functions++;
    }
    EXPECT_GT(functions, 20u) << path;
    EXPECT_GT(bytes, 1000u) << path;
    EXPECT_TRUE(elf_symbol_named(&info, "main"));
    elf_info_fini(&info);
}

TEST(Firmware, SymbolsAgreeWithNm)
{
    compare_with_nm(BINARY_DIR "/firmware/rv32/app.elf", 32);
    compare_with_nm(BINARY_DIR "/firmware/rv64/app.elf", 64);
}

} // namespace
