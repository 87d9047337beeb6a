// A machine with CFI flash: code that runs from it, and changes it.
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/sim/machine_kit.h"

using namespace kit;

namespace
{

const uint32_t FLASH = 0x20000000, ret = 0x00008067;
constexpr size_t SIZE = 4096;

uint32_t call(int to)
{
    return itype(0, to, 0, ra, 0x67);
}

// Calls what is in the flash, programs its first word, calls it again.
Code patch(uint32_t word)
{
    return li(s0, FLASH) + Code{addi(a0, zero, 0), call(s0)} +
           li(t0, 0x00400040) + Code{sw(t0, 0, s0)} + li(t0, word) +
           Code{sw(t0, 0, s0)} + li(t2, 0x00800080) +
           Code{lw(t1, 0, s0), bne(t1, t2, -4)} + li(t0, 0x00ff00ff) +
           Code{sw(t0, 0, s0), call(s0)} + finish(0);
}

struct Flash : testing::Test {
    std::string path = (std::filesystem::temp_directory_path() /
                        ("flash" + std::to_string(getpid())))
                           .string();

    void write(Code code)
    {
        code.resize(SIZE / 4, UINT32_MAX);
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char *>(code.data()), SIZE);
    }
    uint32_t first_word()
    {
        uint32_t word = 0;
        std::ifstream(path, std::ios::binary)
            .read(reinterpret_cast<char *>(&word), sizeof(word));
        return word;
    }
    std::string with_flash(const std::string &more = "")
    {
        return board(one_cpu,
                     "  - {name: pflash0, type: cfi-flash, bus: main, "
                     "at: 0x20000000, size: 4KiB, block: 1KiB, image: " +
                         path + more + "}\n");
    }
    void TearDown() override { std::filesystem::remove_all(path); }
};

TEST_F(Flash, CodeInItCanBeProgrammed)
{
    const Code routine = {addi(a0, a0, 3), ret};
    Outcome seen[2];
    for (bool slow : {false, true}) {
        write(routine);
        Kit k(with_flash(), patch(addi(a0, a0, 1)), slow);
        ASSERT_TRUE(k.m) << k.error;
        seen[slow] = k.run();
        EXPECT_EQ(MACHINE_FINISHED, seen[slow].stop);
        EXPECT_EQ(4u, hart_x(machine_hart(k.m, 0), a0)); // not 6
        EXPECT_GT(seen[slow].time, UINT64_C(218000000)); // it took its time
        EXPECT_EQ(addi(a0, a0, 1), first_word());
    }
    EXPECT_TRUE(seen[0] == seen[1]);
}

TEST_F(Flash, ASnapshotIsForgotten)
{
    write({addi(a0, a0, 3), ret});
    Kit k(with_flash(", snapshot: true"), patch(addi(a0, a0, 1)));
    ASSERT_TRUE(k.m) << k.error;
    k.run();
    EXPECT_EQ(4u, hart_x(machine_hart(k.m, 0), a0));
    EXPECT_EQ(addi(a0, a0, 3), first_word());
}

// What was loaded into it is there again after a reset, although the guest left
// it giving its status: a word in RAM, which stays, tells the second start.
TEST_F(Flash, IsLoadedAgainWhenItWasReset)
{
    const uint32_t notes = 0x80004000;
    const Code again =
        li(s0, FLASH) + Code{lw(t0, 0, s0), sw(t0, 4, s1)} + finish(0);
    const Code first =
        li(t0, 1) + Code{sw(t0, 0, s1)} + li(s0, FLASH) + li(t0, 0x00400040) +
        Code{sw(t0, 0, s0)} + li(t0, 0) + Code{sw(t0, 0, s0)} +
        li(t2, 0x00800080) + Code{lw(t1, 0, s0), bne(t1, t2, -4)} +
        li(t0, 0x00100000) + li(t1, 0x7777) + Code{sw(t1, 0, t0), j(0)};
    const Code code =
        li(s1, notes) +
        Code{lw(t0, 0, s1), beq(t0, zero, 4 + 4 * int(again.size()))} + again +
        first;
    write({0x12345678});
    const std::string image = path;
    path += ".disk";
    write({});
    Kit k(with_flash(", snapshot: true"), code);
    ASSERT_TRUE(k.m) << k.error;
    Error *err = nullptr;
    ASSERT_TRUE(machine_load_raw(k.m, image.c_str(), FLASH, &err));
    std::filesystem::remove(image);
    machine_limit_resets(k.m, 1);
    EXPECT_EQ(MACHINE_FINISHED, k.run().stop);
    uint32_t seen = 0;
    std::memcpy(&seen,
                static_cast<uint8_t *>(memory_region_get_ram_ptr(
                    &machine_memory(k.m, 0)->region)) +
                    0x4004,
                sizeof(seen));
    EXPECT_EQ(0x12345678u, seen);
}

TEST_F(Flash, ReadsWaitAsItSays)
{
    const Code reads = li(s0, FLASH) + Code(100, lw(t0, 0, s0)) + finish(0);
    write({});
    uint64_t cycles[2];
    for (int slow : {0, 1}) {
        Kit k(with_flash(slow ? ", wait_states: {read: 7}" : ""), reads);
        ASSERT_TRUE(k.m) << k.error;
        k.run();
        cycles[slow] = hart_counters(machine_hart(k.m, 0)).cycles;
    }
    EXPECT_EQ(700u, cycles[1] - cycles[0]);
}

TEST_F(Flash, ImagesThatDoNotFit)
{
    std::ofstream(path, std::ios::binary) << std::string(1024, 'x');
    Kit k(with_flash());
    EXPECT_NE(std::string::npos,
              k.error.find("has 1024 of the 4096 bytes of pflash0; write "
                           "`truncate -s 4096`"))
        << k.error;
    EXPECT_EQ(0u, k.error.find("kit.yaml:")) << k.error;
    EXPECT_TRUE(Kit(with_flash(", read_only: true")).m);
    EXPECT_TRUE(Kit(with_flash(", snapshot: true")).m);
}

} // namespace
