// hart_time_test.cc - what the instruction behind a load costs more when it
// uses the loaded value: integer and floating point registers are different
// registers. The figures are those of generic-table (cpu/profile.c).

#include "tests/cpu/hart_kit.h"

namespace
{

using namespace rv;

// Floating point encodings: Volume I, chapters 11, 12 and 24.
uint32_t fload(unsigned bytes, unsigned fd, unsigned rs1)
{
    return i_type(0, rs1, bytes == 8 ? 3 : 2, fd, 0x07);
}
uint32_t fstore(unsigned bytes, unsigned fs2, unsigned rs1)
{
    return s_type(0, fs2, rs1, bytes == 8 ? 3 : 2) ^ (0x23 ^ 0x27);
}
uint32_t fadd(unsigned bytes, unsigned fd, unsigned fs1, unsigned fs2)
{
    return r_type(bytes == 8, fs2, fs1, 0, fd, 0x53);
}
uint32_t fmadd(unsigned bytes, unsigned fd, unsigned a, unsigned b, unsigned c)
{
    return c << 27 | unsigned(bytes == 8) << 25 | b << 20 | a << 15 | fd << 7 |
           0x43;
}

class HartTime : public testing::TestWithParam<Axis>
{
  protected:
    HartTime() : b(options())
    {
        b.set(1, 3u << 13); // mstatus.FS
        b.run_code({csrw(MSTATUS, 1)});
        b.set(8, RAM + 0x8000);
    }
    static BoardOptions options()
    {
        BoardOptions o = axis_options(GetParam());
        o.isa = "imafdc_zicsr_zifencei";
        o.profile = "generic-table";
        return o;
    }
    uint64_t cycles(const std::vector<uint32_t> &code)
    {
        b.set(8, RAM + 0x8000);
        const uint64_t begin = hart_counters(b.hart).cycles;
        b.run_code(code);
        EXPECT_TRUE(b.traps.empty());
        return hart_counters(b.hart).cycles - begin;
    }
    // Cycles more than with something in between that costs one.
    uint64_t hazard(uint32_t first, uint32_t next)
    {
        cycles({first, nop(), next}); // opens the page
        return cycles({first, next}) + 1 - cycles({first, nop(), next});
    }

    Board b;
};
ON_ALL_AXES(HartTime);

TEST_P(HartTime, AnIntegerUserWaitsForALoadedInteger)
{
    const uint32_t lw = load(W, 5, 0, 8);
    EXPECT_EQ(hazard(lw, add(6, 5, 7)), 1u);
    EXPECT_EQ(hazard(lw, add(6, 7, 5)), 1u);
    EXPECT_EQ(hazard(lw, store(W, 5, 0, 8)), 1u);
    EXPECT_EQ(hazard(lw, add(5, 6, 7)), 0u); // writes it
    EXPECT_EQ(hazard(lw, add(6, 7, 7)), 0u);
    EXPECT_EQ(hazard(load(W, 0, 0, 8), add(6, 0, 0)), 0u); // x0 is never late
    EXPECT_EQ(hazard(add(5, 6, 7), add(6, 5, 5)), 0u);
    EXPECT_EQ(hazard(lw, r_type(0x68, 0, 5, 0, 1, 0x53)), 1u); // fcvt.s.w f1
}

TEST_P(HartTime, AFloatingPointUserWaitsForALoadedFloat)
{
    for (unsigned bytes : {4u, 8u}) {
        SCOPED_TRACE(bytes);
        const uint32_t fl = fload(bytes, 5, 8);
        EXPECT_EQ(hazard(fl, fadd(bytes, 6, 5, 7)), 1u);
        EXPECT_EQ(hazard(fl, fadd(bytes, 6, 7, 5)), 1u);
        EXPECT_EQ(hazard(fl, fadd(bytes, 6, 5, 5)), 1u);
        EXPECT_EQ(hazard(fl, fmadd(bytes, 6, 7, 7, 5)), 1u);
        EXPECT_EQ(hazard(fl, fmadd(bytes, 6, 5, 7, 7)), 1u);
        EXPECT_EQ(hazard(fl, fstore(bytes, 5, 8)), 1u);
        EXPECT_EQ(hazard(fl, fadd(bytes, 5, 6, 7)), 0u); // writes it
        EXPECT_EQ(hazard(fl, fadd(bytes, 6, 7, 7)), 0u);
        EXPECT_EQ(hazard(fload(bytes, 0, 8), fadd(bytes, 6, 0, 7)),
                  1u); // f0 is a register like others
    }
}

TEST_P(HartTime, RegistersOfTheOtherKindAreNotWaitedFor)
{
    for (unsigned bytes : {4u, 8u}) {
        SCOPED_TRACE(bytes);
        const uint32_t fl = fload(bytes, 5, 8);
        EXPECT_EQ(hazard(fl, add(6, 5, 5)), 0u);
        EXPECT_EQ(hazard(fl, store(W, 5, 0, 8)), 0u);
        EXPECT_EQ(hazard(fl, r_type(0x68, 0, 5, 0, 1, 0x53)), 0u); // from x5
        EXPECT_EQ(hazard(load(W, 5, 0, 8), fadd(bytes, 6, 5, 5)), 0u);
        EXPECT_EQ(hazard(load(W, 5, 0, 8), fstore(bytes, 5, 8)), 0u);
        // The address of a floating point access is an integer.
        EXPECT_EQ(hazard(load(W, 9, 0, 8), fload(bytes, 5, 8)), 0u);
        b.put64(RAM + 0x8000, RAM + 0x9000);
        const Width pointer = GetParam().xlen == 32 ? W : D;
        EXPECT_EQ(hazard(load(pointer, 9, 0, 8), fload(bytes, 5, 9)), 1u);
    }
}

} // namespace
