// htif_test.cc - tohost, signatures and semihosting, from ELF files.

#include <cstdio>
#include <gtest/gtest.h>
#include <random>

#include "tests/sim/elf_kit.h"
#include "tests/sim/machine_kit.h"

using namespace kit;

namespace
{

enum : uint32_t { TOHOST = 0x80001000, FROMHOST = 0x80001040 };

struct Host {
    explicit Host(const Code &code, bool slow = false,
                  const std::vector<ElfMark> &marks = {{"tohost", TOHOST},
                                                       {"fromhost", FROMHOST}},
                  const char *cpu = one_cpu)
        : k(board(cpu), {}, slow)
    {
        EXPECT_EQ(k.error, "");
        std::string path =
            testing::TempDir() + "htif-" + std::to_string(getpid()) + ".elf";
        write_elf(path, code, marks);
        Error *err = nullptr;
        EXPECT_TRUE(machine_load_elf(k.m, path.c_str(), &err))
            << error_message(err);
        error_free(err);
        std::remove(path.c_str());
        machine_reset(k.m);
    }
    Outcome run()
    {
        MachineLimits l = {200000, UINT64_MAX, TIME_NEVER};
        machine_set_limits(k.m, &l);
        return k.run();
    }
    std::string console() const
    {
        std::string s;
        for (const Byte &b : k.output) {
            if (b.device.empty()) {
                s += static_cast<char>(b.value);
            }
        }
        return s;
    }
    Kit k;
};

// Stores of one number: low, then high.
Code tell(uint32_t low, uint32_t high)
{
    return li(s0, TOHOST) + li(a0, low) + li(a1, high) +
           Code{sw(a0, 0, s0), sw(a1, 4, s0)};
}
const Code rest = {j(0)};

} // namespace

TEST(Htif, PassAndFail)
{
    struct {
        uint32_t value;
        int status;
        const char *verdict;
    } cases[] = {{1, 0, "test passed"},
                 {3, 1, "test 1 failed"},
                 {2 * 77 + 1, 77, "test 77 failed"},
                 {2 * 255 + 1, 255, "test 255 failed"},
                 {2 * 256 + 1, 255, "test 256 failed"}};
    for (const auto &c : cases) {
        Host h(tell(c.value, 0) + rest);
        Outcome o = h.run();
        EXPECT_EQ(o.stop, MACHINE_FINISHED);
        EXPECT_EQ(o.status, c.status);
        EXPECT_STREQ(machine_verdict(h.k.m), c.verdict);
        EXPECT_EQ(h.k.instructions(), 8u);
    }
}

TEST(Htif, ZeroAndOtherDevicesDoNothing)
{
    Host h(tell(0, 0) + tell(5, 0x07000000) + tell(1, 0x01000000) + finish(4));
    Outcome o = h.run();
    EXPECT_EQ(o.status, 4);
    EXPECT_STREQ(machine_verdict(h.k.m), "");
    EXPECT_EQ(h.console(), "");
}

// Architecture tests store the low half only, again and again.
TEST(Htif, TheLowHalfAgainAndAgain)
{
    Host h(li(s0, TOHOST) + li(a0, 1) + Code{sw(a0, 0, s0), j(-4)});
    Outcome o = h.run();
    EXPECT_EQ(o.stop, MACHINE_FINISHED);
    EXPECT_STREQ(machine_verdict(h.k.m), "test passed");
    EXPECT_LE(h.k.instructions(), 10u);
}

TEST(Htif, APartThatNothingFollows)
{
    Host h(li(s0, TOHOST) + li(a0, 11) + Code{sb(a0, 0, s0), wfi, j(-4)});
    Outcome o = h.run();
    EXPECT_EQ(o.stop, MACHINE_FINISHED);
    EXPECT_STREQ(machine_verdict(h.k.m), "test 5 failed");
    EXPECT_GE(o.time, PS_PER_SECOND / 10000);
    EXPECT_LT(o.time, PS_PER_SECOND / 5000);
}

TEST(Htif, ACharacterIsAnsweredAndCleared)
{
    Host h(tell('x', 0x01010000) +
           Code{lw(a0, 0, s0), lw(a1, 4, s0), lw(a2, 0x44, s0)} + finish(0));
    EXPECT_EQ(h.run().stop, MACHINE_FINISHED);
    EXPECT_EQ(h.console(), "x");
    EXPECT_EQ(h.k.text(), "x");
    Hart *hart = machine_hart(h.k.m, 0);
    EXPECT_EQ(hart_x(hart, a0), 0u);
    EXPECT_EQ(hart_x(hart, a1), 0u);
    EXPECT_EQ(hart_x(hart, a2), 0x01010000u);
}

TEST(Htif, WhatIsNotTakenIsMemory)
{
    // a byte and a halfword of it, read back before anything looks
    Host h(
        li(s0, TOHOST) + li(a0, 0x1234) +
        Code{sb(a0, 5, s0), store(a0, 2, s0, 1), lw(a1, 0, s0), lw(a2, 4, s0)} +
        finish(0));
    h.run();
    Hart *hart = machine_hart(h.k.m, 0);
    EXPECT_EQ(hart_x(hart, a1), 0x12340000u);
    EXPECT_EQ(hart_x(hart, a2), 0x3400u);
}

TEST(Htif, SystemCallsThatAreWrong)
{
    // a block that is not in memory; a call that is none; file 7
    Code code = tell(0x40000000, 0) + li(sp, 0x80002000) + li(a0, 63) +
                Code{sw(a0, 0, sp)} + tell(0x80002000, 0) + Code{lw(a2, 0, sp)};
    Host h(code + finish(0));
    EXPECT_EQ(h.run().stop, MACHINE_FINISHED);
    EXPECT_EQ(hart_x(machine_hart(h.k.m, 0), a2), static_cast<uint32_t>(-38));
    Code file = li(sp, 0x80002000) + li(a0, 64) + li(a1, 7) +
                Code{sw(a0, 0, sp), sw(a1, 8, sp)} + tell(0x80002000, 0) +
                Code{lw(a2, 0, sp)};
    Host g(file + finish(0));
    EXPECT_EQ(g.run().stop, MACHINE_FINISHED);
    EXPECT_EQ(hart_x(machine_hart(g.k.m, 0), a2), static_cast<uint32_t>(-9));
}

TEST(Htif, WriteStopsWhereMemoryEnds)
{
    // SYS_write(1, end of RAM - 4, huge)
    Code code = li(sp, 0x80002000) + li(a0, 64) + li(a1, 1) +
                li(a2, 0x8000fffc) + li(t2, 0xffffffff) +
                Code{sw(a0, 0, sp), sw(a1, 8, sp), sw(a2, 16, sp),
                     sw(t2, 24, sp), sw(t2, 28, sp)} +
                tell(0x80002000, 0) + Code{lw(a2, 0, sp)};
    Host h(code + finish(0));
    EXPECT_EQ(h.run().stop, MACHINE_FINISHED);
    EXPECT_EQ(hart_x(machine_hart(h.k.m, 0), a2), 4u);
    EXPECT_EQ(h.console().size(), 4u);
}

TEST(Htif, NoSymbolNoHost)
{
    Host h(tell(1, 0) + finish(6), false, {});
    EXPECT_EQ(h.run().status, 6);
}

// Same work with tohost laid over a page or not: nothing but the region
// differs, and by call or inline everything is the same.
TEST(Htif, TimeAsTheMemoryBeneath)
{
    Code code = li(s0, TOHOST) + li(t2, 500) +
                Code{sw(t2, 16, s0), lw(a0, 0, s0), lw(a0, 32, s0),
                     addi(t2, t2, -1), bne(t2, zero, -16)} +
                finish(0);
    Host over(code), plain(code, false, {}), slow(code, true);
    Outcome a = over.run(), b = plain.run(), c = slow.run();
    EXPECT_EQ(a.counters, b.counters);
    EXPECT_EQ(a.transactions, b.transactions);
    EXPECT_TRUE(a == c);
}

TEST(Htif, LoadedAgain)
{
    Host h(tell(1, 0) + rest);
    EXPECT_EQ(h.run().stop, MACHINE_FINISHED);
    std::string path = testing::TempDir() + "htif-again.elf";
    write_elf(path, tell(7, 0) + rest, {{"tohost", TOHOST}});
    ASSERT_TRUE(machine_load_elf(h.k.m, path.c_str(), nullptr));
    std::remove(path.c_str());
    machine_reset(h.k.m);
    EXPECT_EQ(h.run().status, 3);
}

TEST(Signature, LinesOfEachGranularity)
{
    Code code = tell(1, 0) + rest;
    code.resize(0x100 / 4);
    code = code + Code{0x03020100, 0x07060504, 0x0b0a0908};
    Host h(code, false,
           {{"begin_signature", 0x80000100}, {"end_signature", 0x8000010c}});
    auto text = [&](unsigned granularity) {
        char *buf = nullptr;
        size_t size = 0;
        FILE *out = open_memstream(&buf, &size);
        EXPECT_TRUE(machine_write_signature(h.k.m, out, granularity, nullptr));
        fclose(out);
        std::string s(buf, size);
        free(buf);
        return s;
    };
    EXPECT_EQ(text(4), "03020100\n07060504\n0b0a0908\n");
    EXPECT_EQ(text(1).substr(0, 6), "00\n01\n");
    EXPECT_EQ(text(8), "0706050403020100\n000000000b0a0908\n");
    EXPECT_EQ(text(16), "000000000b0a09080706050403020100\n");
}

TEST(Signature, MistakesAreExplained)
{
    Error *err = nullptr;
    Host none(rest);
    EXPECT_FALSE(machine_has_signature(none.k.m, &err));
    EXPECT_NE(std::string(error_message(err)).find("no symbol begin_signature"),
              std::string::npos);
    error_free(err);
    err = nullptr;
    Host turned(
        rest, false,
        {{"begin_signature", 0x80000104}, {"end_signature", 0x80000100}});
    EXPECT_FALSE(machine_has_signature(turned.k.m, &err));
    error_free(err);
    err = nullptr;
    Host far(rest, false,
             {{"begin_signature", 0x8000fffc}, {"end_signature", 0x80010004}});
    FILE *out = tmpfile();
    EXPECT_FALSE(machine_write_signature(far.k.m, out, 4, &err));
    EXPECT_NE(std::string(error_message(err))
                  .find("nothing to read at "
                        "0x80010000"),
              std::string::npos);
    error_free(err);
    fclose(out);
}
