// Disk images of the host behind a virtio disk: files that are written, only
// read, or written over in memory; files that cannot be; a run that is killed.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/disk.h"
#include "tests/sim/virtio_guest.h"

using namespace virtio;

namespace
{

namespace fs = std::filesystem;

std::string pattern(char first, size_t bytes)
{
    std::string text;
    for (size_t i = 0; i < bytes; i++) {
        text += static_cast<char>(first + (i / 512 + i) % 20);
    }
    return text;
}

struct Image : testing::Test {
    std::string path =
        (fs::temp_directory_path() / ("disk" + std::to_string(getpid())))
            .string();

    void write(const std::string &bytes)
    {
        std::ofstream(path, std::ios::binary) << bytes;
    }
    std::string read()
    {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::string device(const std::string &more = "")
    {
        return "type: virtio-blk, image: " + path + more;
    }
    void TearDown() override { fs::remove_all(path); }
};

// A guest that reads and writes sectors.
struct DiskGuest : Guest {
    static constexpr hwaddr HEADER = RAM + 0x1000, STATUS = RAM + 0x1100,
                            DATA = RAM + 0x100000;
    std::unique_ptr<Ring<Guest>> ring;

    explicit DiskGuest(const std::string &device) : Guest(device)
    {
        if (k.m) {
            EXPECT_TRUE(negotiate(*this, 0));
            ring = std::make_unique<Ring<Guest>>(*this, 0, 8, RAM + 0x10000);
            driver_ok(*this);
        }
    }
    // Its status.
    unsigned request(uint32_t type, uint64_t sector, uint32_t bytes)
    {
        put(HEADER, 8, type);
        put(HEADER + 8, 8, sector);
        put(STATUS, 1, 0xee);
        ring->add(
            {{HEADER, 16, false}, {DATA, bytes, type == 0}, {STATUS, 1, true}});
        ring->kick();
        for (unsigned i = 0; i < 1000 && !ring->done(); i++) {
            run_us(100);
        }
        if (ring->done()) {
            ring->take();
        }
        return static_cast<unsigned>(get(STATUS, 1));
    }
    unsigned write(uint64_t sector, const std::string &bytes)
    {
        put(DATA, bytes);
        return request(1, sector, static_cast<uint32_t>(bytes.size()));
    }
    std::string read(uint64_t sector, uint32_t bytes)
    {
        put(DATA, std::string(bytes, '?'));
        EXPECT_EQ(0u, request(0, sector, bytes));
        return text(DATA, bytes);
    }
};

TEST_F(Image, IsWrittenAtOnce)
{
    write(pattern('a', 20 * 512));
    DiskGuest g(device());
    ASSERT_TRUE(g.k.m) << g.k.error;
    EXPECT_EQ(pattern('a', 20 * 512), g.read(0, 20 * 512));
    EXPECT_EQ(0u, g.write(3, pattern('A', 1024)));
    std::string now = pattern('a', 20 * 512);
    now.replace(3 * 512, 1024, pattern('A', 1024));
    EXPECT_EQ(now, read()); // the guest has not flushed
    EXPECT_EQ(0u, g.request(4, 0, 0));
    EXPECT_EQ(now, g.read(0, 20 * 512));
    g.put(DiskGuest::DATA, 8, 1); // WRITE_ZEROES
    g.put(DiskGuest::DATA + 8, 8, 17);
    EXPECT_EQ(0u, g.request(13, 0, 16));
    now.replace(512, 17 * 512, std::string(17 * 512, '\0'));
    EXPECT_EQ(now, read());
}

TEST_F(Image, SnapshotLeavesTheFileAlone)
{
    std::string old = pattern('a', 21 * 512); // not whole blocks of 4 KiB
    write(old);
    {
        DiskGuest g(device(", snapshot: true"));
        DiskGuest other(device(", snapshot: true"));
        ASSERT_TRUE(g.k.m && other.k.m) << g.k.error << other.k.error;
        std::string now = old;
        for (unsigned sector : {7u, 0u, 20u, 15u}) {
            unsigned n = sector == 20 ? 512 : 1024;
            EXPECT_EQ(0u, g.write(sector, pattern('A', n)));
            now.replace(sector * 512, n, pattern('A', n));
        }
        EXPECT_EQ(now, g.read(0, 21 * 512));
        g.put(DiskGuest::DATA, 8, 6);
        g.put(DiskGuest::DATA + 8, 8, 4);
        EXPECT_EQ(0u, g.request(13, 0, 16));
        now.replace(6 * 512, 4 * 512, std::string(4 * 512, '\0'));
        EXPECT_EQ(now, g.read(0, 21 * 512));
        EXPECT_EQ(0u, g.request(4, 0, 0));
        EXPECT_EQ(old, other.read(0, 21 * 512));
    }
    EXPECT_EQ(old, read());
}

TEST_F(Image, ReadOnly)
{
    write(pattern('a', 4096));
    fs::permissions(path, fs::perms::owner_read);
    DiskGuest g(device(", read_only: true"));
    ASSERT_TRUE(g.k.m) << g.k.error;
    EXPECT_EQ(1u, g.write(0, pattern('A', 512)));
    EXPECT_EQ(pattern('a', 4096), g.read(0, 4096));
    EXPECT_EQ(pattern('a', 4096), read());
}

TEST_F(Image, ThatGetsShorter)
{
    write(pattern('a', 16 * 512));
    for (const char *how : {"", ", snapshot: true", ", read_only: true"}) {
        fs::resize_file(path, 16 * 512);
        DiskGuest g(device(how));
        fs::resize_file(path, 8 * 512 + 100);
        EXPECT_EQ(1u, g.request(0, 8, 512)) << how;
        EXPECT_EQ(1u, g.request(0, 0, 16 * 512));
        EXPECT_EQ(pattern('a', 512), g.read(0, 512));
    }
}

TEST_F(Image, OneWriterAtATime)
{
    write(pattern('a', 4096));
    {
        kit::Kit first(Guest::description(device()));
        ASSERT_TRUE(first.m);
        for (const char *how : {"", ", snapshot: true", ", read_only: true"}) {
            kit::Kit second(Guest::description(device(how)));
            EXPECT_FALSE(second.m);
            EXPECT_NE(std::string::npos, second.error.find("in use by another"))
                << second.error;
        }
    }
    kit::Kit reader(Guest::description(device(", read_only: true")));
    kit::Kit snapshot(Guest::description(device(", snapshot: true")));
    kit::Kit writer(Guest::description(device()));
    EXPECT_TRUE(reader.m && snapshot.m);
    EXPECT_FALSE(writer.m);
}

TEST_F(Image, FilesThatCannotBe)
{
    auto error = [&] { return kit::Kit(Guest::description(device())).error; };
    auto starts = [&](const char *what) {
        std::string all = "kit.yaml:10: image: " + path + ": " + what;
        EXPECT_EQ(all, error().substr(0, all.size()));
        EXPECT_EQ(std::string::npos, error().find('\n'));
    };
    starts("No such file or directory; name a file that exists");
    for (size_t bytes : {0u, 1u, 511u, 513u}) {
        write(std::string(bytes, 'x'));
        starts(
            (std::to_string(bytes) + " bytes are not whole sectors").c_str());
    }
    fs::remove(path);
    fs::create_directory(path);
    starts("Is a directory; name a file");
    EXPECT_NE(std::string::npos,
              kit::Kit(Guest::description("type: virtio-blk, image: /dev/null"))
                  .error.find("not a file"));
    EXPECT_NE(std::string::npos,
              kit::Kit(Guest::description("type: virtio-blk"))
                  .error.find("without \"image\""));
}

// Killed at any moment: each sector holds what was there or what the guest
// wrote, those that it did not write are as they were, and the size stays.
TEST_F(Image, OfAKilledRun)
{
    constexpr unsigned SECTORS = 64;
    auto *written = static_cast<std::atomic<unsigned> *>(
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
             -1, 0));
    ASSERT_NE(MAP_FAILED, static_cast<void *>(written));
    std::string old = pattern('a', SECTORS * 512);
    for (unsigned round = 0; round < 20; round++) {
        write(old);
        *written = 0;
        pid_t child = fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            DiskGuest g(device());
            for (unsigned i = 0; g.k.m; i++) { // sectors 8 to 55, for ever
                std::string bytes =
                    pattern(static_cast<char>('A' + i % 6), 3072);
                if (g.write(8 + i % 8 * 6, bytes) == 0) {
                    ++*written;
                }
            }
            _exit(1);
        }
        while (*written < 3 + round) {
            ASSERT_EQ(0, waitpid(child, nullptr, WNOHANG));
        }
        kill(child, SIGKILL);
        int status = 0;
        waitpid(child, &status, 0);
        EXPECT_TRUE(WIFSIGNALED(status));
        std::string now = read();
        ASSERT_EQ(old.size(), now.size());
        unsigned changed = 0;
        for (unsigned s = 0; s < SECTORS; s++) {
            std::string is = now.substr(s * 512, 512);
            bool same = is == old.substr(s * 512, 512);
            changed += !same;
            bool guests = false;
            for (char c = 'A'; c < 'A' + 6; c++) {
                guests |= is == pattern(c, 3072).substr((s + 4) % 6 * 512, 512);
            }
            EXPECT_TRUE(same || (guests && s >= 8 && s < 56)) << s;
        }
        EXPECT_GE(changed, 6u); // three writes had been answered
    }
    munmap(written, 4096);
}

} // namespace
