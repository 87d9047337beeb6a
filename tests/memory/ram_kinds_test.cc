// RAM of every kind: anonymous, of the caller, of files, resizeable; its flat
// numbering and the way back from host addresses.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory/dirty.h"
#include "tests/memory/memory_kit.h"

namespace
{

struct Failure {
    ~Failure() { error_free(err); }
    std::string text() const { return err ? error_message(err) : ""; }
    bool says(const std::string &part) const
    {
        return text().find(part) != std::string::npos;
    }
    Error *err = nullptr;
};

// A region that ends before its world does.
struct Region : MemoryRegion {
    Region() : MemoryRegion{} {}
    ~Region() { memory_region_fini(this); }
    Region(const Region &) = delete;
    Region &operator=(const Region &) = delete;
    uint8_t *host()
    {
        return static_cast<uint8_t *>(memory_region_get_ram_ptr(this));
    }
    // made, or an empty container
    bool made() const { return ram_block && terminates; }
};

struct Space : AddressSpace {
    explicit Space(MemoryRegion *top) : AddressSpace{}
    {
        address_space_init(this, top, "space");
    }
    ~Space() { address_space_destroy(this); }
    Space(const Space &) = delete;
    Space &operator=(const Space &) = delete;
};

unsigned open_files()
{
    unsigned n = 0;
    for (int fd = 0; fd < 256; fd++) {
        n += fcntl(fd, F_GETFD) != -1;
    }
    return n;
}

class RamFiles : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        dir = ::testing::TempDir() + "ram_kinds_XXXXXX";
        ASSERT_NE(mkdtemp(&dir[0]), nullptr);
        path = dir + "/ram";
        files_before = open_files();
    }
    void TearDown() override
    {
        EXPECT_EQ(open_files(), files_before);
        chmod(path.c_str(), 0600);
        unlink(path.c_str());
        EXPECT_EQ(rmdir(dir.c_str()), 0) << "a file was left behind";
    }
    void put(const std::string &bytes)
    {
        FILE *f = fopen(path.c_str(), "wb");
        ASSERT_NE(f, nullptr);
        fwrite(bytes.data(), 1, bytes.size(), f);
        fclose(f);
    }
    std::string get() const
    {
        std::string bytes;
        FILE *f = fopen(path.c_str(), "rb");
        for (int c; f && (c = fgetc(f)) != EOF;) {
            bytes += static_cast<char>(c);
        }
        if (f) {
            fclose(f);
        }
        return bytes;
    }
    bool exists() const { return access(path.c_str(), F_OK) == 0; }
    void init(Region &r, uint64_t size, uint32_t flags, bool readonly = false,
              uint64_t align = 0)
    {
        memory_region_init_ram_from_file(&r, nullptr, "filed", size, align,
                                         flags, path.c_str(), readonly,
                                         &failure.err);
    }
    ScopedWorld scope;
    std::string dir, path;
    Failure failure;
    unsigned files_before = 0;
};

TEST_F(RamFiles, SharedIsCreatedGrownAndWritten)
{
    {
        Region r;
        init(r, 0x3000, RAM_SHARED);
        ASSERT_TRUE(r.made()) << failure.text();
        EXPECT_TRUE(memory_region_is_ram(&r));
        EXPECT_FALSE(memory_region_is_rom(&r));
        Space as(&r);
        EXPECT_EQ(write_bytes(&as, 0x1ffe, {1, 2, 3, 4}), MEMTX_OK);
        memory_region_msync(&r, 0x1ffe, 4);
        std::string bytes = get();
        ASSERT_EQ(bytes.size(), 0x3000u);
        EXPECT_EQ(bytes.substr(0x1ffd, 6), std::string("\0\1\2\3\4\0", 6));
        // the other way round: what somebody else writes is seen
        FILE *f = fopen(path.c_str(), "r+b");
        fputc('x', f);
        fclose(f);
        EXPECT_EQ(read_bytes(&as, 0, 1)[0], 'x');
    }
    EXPECT_EQ(get().size(), 0x3000u);
}

TEST_F(RamFiles, MsyncTakesAnyRange)
{
    Region r, alias;
    init(r, 0x1801, RAM_SHARED);
    ASSERT_TRUE(r.made()) << failure.text();
    memory_region_init_alias(&alias, nullptr, "a", &r, 0x1000, 0x800);
    r.host()[0x1800] = 'e';
    memory_region_writeback(&r, 0, UINT64_MAX);
    memory_region_writeback(&r, 0x1802, 1);
    memory_region_msync(&r, UINT64_MAX, UINT64_MAX);
    memory_region_msync(&r, 0, 0);
    memory_region_msync(&alias, 0x7ff, 10);
    EXPECT_EQ(get()[0x1800], 'e');
    Region plain, none;
    memory_region_init_ram(&plain, nullptr, "p", 0x1000, nullptr);
    memory_region_init(&none, nullptr, "n", 0x1000);
    memory_region_msync(&plain, 0, 0x1000);
    memory_region_msync(&none, 0, 0x1000);
}

TEST_F(RamFiles, PrivateReadsTheFileAndLeavesItAlone)
{
    put(std::string(0x2000, 'f'));
    Region r;
    init(r, 0x2000, 0);
    ASSERT_TRUE(r.made()) << failure.text();
    Space as(&r);
    EXPECT_EQ(read_bytes(&as, 0x1fff, 1)[0], 'f');
    EXPECT_EQ(write_bytes(&as, 0x1000, {'w'}), MEMTX_OK);
    EXPECT_EQ(read_bytes(&as, 0x1000, 1)[0], 'w');
    memory_region_msync(&r, 0, 0x2000);
    EXPECT_EQ(get(), std::string(0x2000, 'f'));
}

TEST_F(RamFiles, ReadonlyIsARom)
{
    put(std::string(0x1000, 'f'));
    chmod(path.c_str(), 0400);
    Region r;
    init(r, 0x1000, RAM_SHARED, true);
    ASSERT_TRUE(r.made()) << failure.text();
    EXPECT_TRUE(memory_region_is_rom(&r));
    Space as(&r);
    EXPECT_EQ(write_bytes(&as, 0, {'w'}), MEMTX_DECODE_ERROR);
    EXPECT_EQ(read_bytes(&as, 0, 1)[0], 'f');
    // a loader may, but the file stays as it is
    const uint8_t byte = 'l';
    EXPECT_EQ(address_space_write_rom(&as, 0, kPlain, &byte, 1), MEMTX_OK);
    EXPECT_EQ(read_bytes(&as, 0, 1)[0], 'l');
    memory_region_msync(&r, 0, 0x1000);
    EXPECT_EQ(get(), std::string(0x1000, 'f'));
}

TEST_F(RamFiles, ALargerFileStaysASmallerOneKeepsItsBytes)
{
    put(std::string(0x5000, 'f'));
    {
        Region r;
        init(r, 0x1000, RAM_SHARED);
        ASSERT_TRUE(r.made()) << failure.text();
    }
    EXPECT_EQ(get().size(), 0x5000u);
    put("head");
    {
        Region r;
        init(r, 0x2800, RAM_SHARED);
        ASSERT_TRUE(r.made()) << failure.text();
        EXPECT_EQ(r.host()[3], 'd');
        EXPECT_EQ(r.host()[4], 0);
        r.host()[0x27ff] = 'e';
    }
    EXPECT_EQ(get().size(), 0x2800u);
    EXPECT_EQ(get()[0x27ff], 'e');
}

TEST_F(RamFiles, DirectoryGetsANamelessFile)
{
    path = dir; // TearDown finds it empty
    Region r;
    init(r, 0x2000, RAM_SHARED);
    ASSERT_TRUE(r.made()) << failure.text();
    r.host()[0x1fff] = 'd';
    memory_region_msync(&r, 0, 0x2000);
    struct stat st;
    ASSERT_EQ(fstat(memory_region_get_fd(&r), &st), 0);
    EXPECT_EQ(st.st_size, 0x2000);
    EXPECT_EQ(st.st_nlink, 0u);
    char byte = 0;
    EXPECT_EQ(pread(memory_region_get_fd(&r), &byte, 1, 0x1fff), 1);
    EXPECT_EQ(byte, 'd');
}

TEST_F(RamFiles, FdWithOffset)
{
    put(std::string(0x1000, 'a') + std::string(0x1000, 'b'));
    int fd = open(path.c_str(), O_RDWR);
    Region r, alias;
    memory_region_init_ram_from_fd(&r, nullptr, "fd", 0x2000, RAM_SHARED, fd,
                                   0x1000, &failure.err);
    ASSERT_TRUE(r.made()) << failure.text();
    memory_region_init_alias(&alias, nullptr, "alias", &r, 0, 0x1000);
    EXPECT_EQ(memory_region_get_fd(&r), fd);
    EXPECT_EQ(memory_region_get_fd(&alias), fd);
    EXPECT_EQ(r.host()[0], 'b');
    r.host()[0x1fff] = 'e';
    memory_region_msync(&r, 0x1000, 0x1000);
    std::string bytes = get();
    ASSERT_EQ(bytes.size(), 0x3000u);
    EXPECT_EQ(bytes[0xfff], 'a');
    EXPECT_EQ(bytes[0x2fff], 'e');
}

TEST_F(RamFiles, FdIsClosedAlsoWhenItFails)
{
    put(std::string(0x3000, 'f'));
    struct Case {
        int how;
        uint64_t size, offset;
        uint32_t flags;
        const char *says;
    } cases[] = {
        {O_RDWR, 0x1000, 0x234, 0, "offset"},
        {O_RDONLY, 0x1000, 0, RAM_SHARED, "cannot be mapped"},
        {O_RDONLY, 0x4000, 0, 0, "cannot grow"},
        {O_RDONLY, 0x4000, 0, RAM_READONLY, "smaller"},
        {O_RDWR, 0, 0, 0, "size 0"},
        {O_RDWR, UINT64_C(1) << 62, 0, 0, ""},
        {O_RDWR, UINT64_MAX - 1, 0x1000, 0, "take less"},
    };
    for (const Case &c : cases) {
        Failure f;
        Region r;
        memory_region_init_ram_from_fd(&r, nullptr, "fd", c.size, c.flags,
                                       open(path.c_str(), c.how), c.offset,
                                       &f.err);
        EXPECT_FALSE(r.made()) << c.says;
        EXPECT_FALSE(memory_region_is_ram(&r));
        EXPECT_TRUE(f.says("fd: ") && f.says(c.says)) << f.text();
        EXPECT_EQ(f.text().find('\n'), std::string::npos);
        EXPECT_EQ(open_files(), files_before);
    }
    EXPECT_EQ(get().size(), 0x3000u);
    Failure f;
    Region r;
    memory_region_init_ram_from_fd(&r, nullptr, "fd", 0x1000, 0, -1, 0, &f.err);
    EXPECT_TRUE(f.err && !r.made());
    Region quiet; // nobody wants to know
    memory_region_init_ram_from_fd(&quiet, nullptr, "fd", 0x1000, 0, -1, 0,
                                   nullptr);
    EXPECT_FALSE(quiet.made());
}

TEST_F(RamFiles, ErrorsNameThePathAndLeaveNoFile)
{
    {
        Region r;
        init(r, 0x1000, RAM_SHARED, true);
        EXPECT_FALSE(r.made());
        EXPECT_TRUE(failure.says(path) && failure.says("filed: "))
            << failure.text();
    }
    Failure align, size, folder;
    Region a, s, d;
    memory_region_init_ram_from_file(&a, nullptr, "a", 0x1000, 0x3000, 0,
                                     path.c_str(), false, &align.err);
    EXPECT_TRUE(align.says("power of two")) << align.text();
    EXPECT_FALSE(exists());
    memory_region_init_ram_from_file(&s, nullptr, "s", UINT64_MAX, 0, 0,
                                     path.c_str(), false, &size.err);
    EXPECT_TRUE(size.err && size.says(path));
    EXPECT_FALSE(exists());
    memory_region_init_ram_from_file(&d, nullptr, "d", 0x1000, 0, 0,
                                     dir.c_str(), true, &folder.err);
    EXPECT_TRUE(folder.says("neither a file")) << folder.text();
    EXPECT_FALSE(d.made());
}

TEST_F(RamFiles, AFifoIsRefusedNotWaitedFor)
{
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    for (bool readonly : {false, true}) {
        Failure f;
        Region r;
        memory_region_init_ram_from_file(&r, nullptr, "f", 0x1000, 0, 0,
                                         path.c_str(), readonly, &f.err);
        EXPECT_FALSE(r.made());
        EXPECT_TRUE(f.says("neither a file")) << f.text();
    }
}

TEST_F(RamFiles, AlignmentHolds)
{
    for (uint64_t align : {0u, 1u, 0x1000u, 0x10000u, 0x200000u, 0x4000000u}) {
        Region r;
        init(r, 0x1800, RAM_SHARED, false, align);
        ASSERT_TRUE(r.made()) << failure.text();
        EXPECT_EQ(memory_region_get_alignment(&r), align);
        uint64_t real = align < 0x1000 ? 0x1000 : align;
        EXPECT_EQ(reinterpret_cast<uintptr_t>(r.host()) % real, 0u);
        r.host()[0x17ff] = 'z';
    }
    EXPECT_EQ(get()[0x17ff], 'z');
    Failure f;
    Region r;
    memory_region_init_ram_from_file(&r, nullptr, "r", 0x1000,
                                     UINT64_C(1) << 63, 0, path.c_str(), false,
                                     &f.err);
    EXPECT_TRUE(f.err && !r.made());
    EXPECT_TRUE(exists()) << "it was there before";
}

// -- kinds that are not files

TEST(RamKinds, FilledWithWhatever)
{
    const uint64_t size = (3 << 20) + 4096 + 5;
    std::vector<uint8_t> mine(size);
    for (int kind : {0, 1}) { // the kernel's memory; the caller's
        ScopedWorld w;
        Region ram;
        if (kind == 0) {
            memory_region_init_rom(&ram, nullptr, "ram", size, nullptr);
        } else {
            memory_region_init_ram_ptr(&ram, nullptr, "ram", size, mine.data());
        }
        ASSERT_TRUE(memory_region_fill(&ram, 0xa5, nullptr));
        uint8_t *host = ram.host();
        for (uint64_t i = 0; i < size; i++) {
            ASSERT_EQ(0xa5, host[i]) << i;
        }
        host[7] = 1; // of one place, not of all
        EXPECT_EQ(0xa5, host[7 + (1 << 20)]);
        EXPECT_EQ(0xa5, host[size - 1]);
    }
}

TEST(RamKinds, FlagsAndDefaults)
{
    ScopedWorld scope;
    MemoryRegionOps ops{};
    uint8_t mine[0x1000] = {};
    Region ram, rom, romd, nram, nrom, nromd, ptr, dev, shared;
    memory_region_init_ram(&ram, nullptr, "ram", 0x1000, nullptr);
    memory_region_init_rom(&rom, nullptr, "rom", 0x1000, nullptr);
    memory_region_init_rom_device(&romd, nullptr, &ops, nullptr, "romd", 0x1000,
                                  nullptr);
    memory_region_init_ram_nomigrate(&nram, nullptr, "nram", 0x1000, nullptr);
    memory_region_init_rom_nomigrate(&nrom, nullptr, "nrom", 0x1000, nullptr);
    memory_region_init_rom_device_nomigrate(&nromd, nullptr, &ops, nullptr,
                                            "nromd", 0x1000, nullptr);
    memory_region_init_ram_ptr(&ptr, nullptr, "ptr", sizeof(mine), mine);
    memory_region_init_ram_device_ptr(&dev, nullptr, "dev", sizeof(mine), mine);
    memory_region_init_ram_flags_nomigrate(
        &shared, nullptr, "shared", 0x1000,
        RAM_SHARED | RAM_NORESERVE | RAM_PROTECTED, nullptr);
    memory_global_dirty_log_start();
    for (MemoryRegion *mr : {&ram, &rom, &romd}) {
        EXPECT_EQ(memory_region_get_dirty_log_mask(mr), 4) << mr->name;
    }
    for (Region *mr : {&nram, &nrom, &nromd, &ptr, &dev, &shared}) {
        EXPECT_EQ(memory_region_get_dirty_log_mask(mr), 0) << mr->name;
        EXPECT_TRUE(mr->made());
    }
    memory_global_dirty_log_stop();
    EXPECT_TRUE(memory_region_is_rom(&rom) && memory_region_is_rom(&nrom));
    EXPECT_TRUE(memory_region_is_romd(&romd) && memory_region_is_romd(&nromd));
    EXPECT_TRUE(memory_region_is_ram_device(&dev));
    EXPECT_TRUE(memory_region_is_protected(&shared));
    EXPECT_FALSE(memory_region_is_protected(&ram));
    EXPECT_FALSE(memory_region_is_protected(&romd));
    EXPECT_EQ(memory_region_get_fd(&ram), -1);
    EXPECT_EQ(memory_region_get_fd(&ptr), -1);
    EXPECT_EQ(shared.host()[0xfff], 0);
}

TEST(RamKinds, ARamDeviceKeepsToItsMemory)
{
    ScopedWorld scope;
    std::vector<uint8_t> mine = {1, 2, 3, 4, 5, 6};
    Region dev;
    memory_region_init_ram_device_ptr(&dev, nullptr, "dev", mine.size(),
                                      mine.data());
    uint64_t value = 0;
    EXPECT_EQ(memory_region_dispatch_read(&dev, 3, &value, MO_32, kPlain),
              MEMTX_OK);
    EXPECT_EQ(value, 0x060504u);
    memory_region_dispatch_write(&dev, 4, 0x8877665544332211, MO_64, kPlain);
    EXPECT_EQ(mine, (std::vector<uint8_t>{1, 2, 3, 4, 0x11, 0x22}));
    memory_region_dispatch_write(&dev, 1000, 1, MO_64, kPlain);
}

TEST(RamKinds, NoMemoryLeavesAContainer)
{
    ScopedWorld scope;
    for (uint64_t size : {UINT64_MAX, UINT64_C(1) << 62, UINT64_C(1) << 60}) {
        Failure f;
        Region ram, big;
        memory_region_init_ram(&ram, nullptr, "huge", size, &f.err);
        EXPECT_FALSE(ram.made());
        EXPECT_TRUE(f.says("huge: ")) << f.text();
        memory_region_init_resizeable_ram(&big, nullptr, "big", 0x1000, size,
                                          nullptr, nullptr);
        EXPECT_FALSE(big.made());
    }
    EXPECT_EQ(scope.world->first_block, nullptr);
}

TEST(RamKinds, FlatNumberingAndTheWayBack)
{
    ScopedWorld scope;
    const uint64_t unit = 64 * 0x1000;
    std::vector<uint8_t> mine(100);
    Region a, b, c, none, alias;
    memory_region_init_ram(&a, nullptr, "a", 0x1000, nullptr);
    memory_region_init_ram(&b, nullptr, "b", unit + 1, nullptr);
    memory_region_init_ram_ptr(&c, nullptr, "c", mine.size(), mine.data());
    memory_region_init(&none, nullptr, "none", 0x1000);
    memory_region_init_alias(&alias, nullptr, "alias", &b, 0x10, 0x10);
    EXPECT_EQ(memory_region_get_ram_addr(&a), 0u);
    EXPECT_EQ(memory_region_get_ram_addr(&b), unit);
    EXPECT_EQ(memory_region_get_ram_addr(&c), 3 * unit);
    EXPECT_EQ(memory_region_get_ram_addr(&none), RAM_ADDR_INVALID);

    ram_addr_t offset = 7;
    EXPECT_EQ(memory_region_from_host(b.host() + unit, &offset), &b);
    EXPECT_EQ(offset, unit);
    EXPECT_EQ(memory_region_from_host(&mine[99], &offset), &c);
    EXPECT_EQ(offset, 99u);
    EXPECT_EQ(
        memory_region_from_host(memory_region_get_ram_ptr(&alias), &offset),
        &b);
    EXPECT_EQ(offset, 0x10u);
    EXPECT_EQ(memory_region_from_host(mine.data() + 100, &offset), nullptr);
    EXPECT_EQ(memory_region_from_host(nullptr, &offset), nullptr);
    EXPECT_EQ(memory_region_from_host(&offset, &offset), nullptr);

    EXPECT_EQ(qemu_map_ram_ptr(b.ram_block, 5), b.host() + 5);
    EXPECT_EQ(qemu_map_ram_ptr(nullptr, unit + 5), b.host() + 5);
    EXPECT_EQ(qemu_map_ram_ptr(nullptr, 3 * unit + 99), &mine[99]);
    EXPECT_EQ(qemu_map_ram_ptr(nullptr, 3 * unit + 100), nullptr);
    {
        ScopedWorld other; // has none of it
        EXPECT_EQ(memory_region_from_host(b.host(), &offset), nullptr);
    }
}

std::string blocks(const MemoryWorld *world)
{
    std::string names;
    for (RAMBlock *b = world->first_block; b; b = b->next) {
        names += memory_region_name(b->mr);
    }
    return names;
}

TEST(RamKinds, BlocksComeAndGoInAnyOrder)
{
    ScopedWorld scope;
    auto region = [](const char *name) {
        auto r = std::make_unique<Region>();
        memory_region_init_ram(r.get(), nullptr, name, 0x1000, nullptr);
        return r;
    };
    auto a = region("a"), b = region("b"), c = region("c");
    EXPECT_EQ(blocks(scope.world), "abc");
    c.reset(); // the last
    auto d = region("d");
    EXPECT_EQ(blocks(scope.world), "abd");
    a.reset(); // the first
    auto e = region("e");
    EXPECT_EQ(blocks(scope.world), "bde");
    EXPECT_EQ(memory_region_get_ram_addr(e.get()), 4 * 64 * 0x1000u);
    d.reset(); // one between
    auto f = region("f");
    EXPECT_EQ(blocks(scope.world), "bef");
    b.reset(), e.reset(), f.reset();
    EXPECT_EQ(blocks(scope.world), "");
    auto g = region("g");
    EXPECT_EQ(blocks(scope.world), "g");
}

// -- resizeable

struct Told {
    std::string name;
    uint64_t length;
    void *host;
};
std::vector<Told> *told; // the callback has no opaque

TEST(RamKinds, ResizeShowsKeepsAndTells)
{
    ScopedWorld scope;
    std::vector<Told> calls;
    told = &calls;
    Region r, root;
    memory_region_init(&root, nullptr, "root", UINT64_MAX);
    memory_region_init_resizeable_ram(
        &r, nullptr, "r", 0x2000, 0x4800,
        [](const char *name, uint64_t length, void *host) {
            told->push_back({name, length, host});
        },
        nullptr);
    memory_region_add_subregion(&root, 0x10000, &r);
    {
        Space as(&root);
        EXPECT_TRUE(calls.empty());
        EXPECT_EQ(at(&as, 0x12000), "-");
        write_bytes(&as, 0x11000, {0x55});
        memory_region_ram_resize(&r, 0x4001,
                                 nullptr); // to the page, to the max
        EXPECT_EQ(memory_region_size(&r), 0x4800u);
        EXPECT_EQ(at(&as, 0x147ff), "r@18431");
        ASSERT_EQ(calls.size(), 1u);
        EXPECT_EQ(calls[0].name, "r");
        EXPECT_EQ(calls[0].length, 0x4800u);
        EXPECT_EQ(calls[0].host, r.host());
        EXPECT_EQ(read_bytes(&as, 0x11000, 1)[0], 0x55);
        EXPECT_EQ(read_bytes(&as, 0x13000, 1)[0], 0);

        memory_region_reset_dirty(&r, 0, 0x4800, DIRTY_MEMORY_VGA);
        memory_region_ram_resize(&r, 0x1000, nullptr);
        EXPECT_EQ(at(&as, 0x11000), "-");
        EXPECT_TRUE(memory_region_get_dirty(&r, 0, 1, DIRTY_MEMORY_VGA));
        EXPECT_FALSE(memory_region_get_dirty(&r, 0x1000, 1, DIRTY_MEMORY_VGA));
        memory_region_ram_resize(&r, 0xfff, nullptr); // the same
        EXPECT_EQ(calls.size(), 2u);
        memory_region_ram_resize(&r, 0x2000, nullptr);
        EXPECT_EQ(read_bytes(&as, 0x11000, 1)[0], 0x55) << "it was kept";

        Failure f;
        memory_region_ram_resize(&r, 0x4801, &f.err);
        EXPECT_TRUE(f.says("r: ")) << f.text();
        EXPECT_EQ(memory_region_size(&r), 0x2000u);
        EXPECT_EQ(calls.size(), 3u);
    }
    memory_region_del_subregion(&root, &r);
}

TEST(RamKinds, AResizeIsATransaction)
{
    ScopedWorld scope;
    Region r;
    memory_region_init_resizeable_ram(&r, nullptr, "r", 0x1000, 0x3000, nullptr,
                                      nullptr);
    Space as(&r);
    struct Log : MemoryListener {
        std::string text;
    } log{};
    log.begin = [](MemoryListener *l) { static_cast<Log *>(l)->text += "b"; };
    log.commit = [](MemoryListener *l) { static_cast<Log *>(l)->text += "c"; };
    log.region_add = [](MemoryListener *l, MemoryRegionSection *s) {
        static_cast<Log *>(l)->text +=
            "+" + std::to_string(int128_get64(s->size) / 0x1000);
    };
    log.region_del = [](MemoryListener *l, MemoryRegionSection *s) {
        static_cast<Log *>(l)->text +=
            "-" + std::to_string(int128_get64(s->size) / 0x1000);
    };
    memory_listener_register(&log, &as);
    log.text.clear();
    memory_region_ram_resize(&r, 0x3000, nullptr);
    EXPECT_EQ(log.text, "b-1+3c");
    log.text.clear();
    memory_region_transaction_begin();
    memory_region_ram_resize(&r, 0x2000, nullptr);
    EXPECT_EQ(log.text, "");
    EXPECT_EQ(read_bytes(&as, 0x2fff, 1)[0], 0) << "the old view";
    memory_region_transaction_commit();
    EXPECT_EQ(log.text, "b-3+2c");
    memory_listener_unregister(&log);
}

TEST(RamKinds, ResizeRefusals)
{
    ScopedWorld scope;
    Failure f, g, h;
    Region plain, none, r;
    memory_region_init_ram(&plain, nullptr, "plain", 0x1000, nullptr);
    memory_region_ram_resize(&plain, 0x2000, &f.err);
    EXPECT_TRUE(f.says("plain: not resizeable")) << f.text();
    memory_region_init(&none, nullptr, "none", 0x1000);
    memory_region_ram_resize(&none, 0x2000, &g.err);
    EXPECT_TRUE(g.err);
    memory_region_init_resizeable_ram(&r, nullptr, "r", 0x2000, 0x1000, nullptr,
                                      &h.err);
    EXPECT_TRUE(h.says("largest")) << h.text();
    EXPECT_FALSE(r.made());
}

} // namespace
