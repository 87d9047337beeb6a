// Floating-point instructions on a hart: what cpu/fp.h does not decide. Units
// off, clean and dirty, rounding modes, NaN boxing, loads and stores, which
// instruction a word is.
#include "tests/cpu/hart_kit.h"

using namespace rv;

namespace
{

enum : unsigned { FFLAGS = 0x001, FRM = 0x002, FCSR = 0x003 };
enum : unsigned { RNE, RTZ, RDN, RUP, RMM, DYN = 7 };
enum : unsigned { S = 0, DBL = 1, HALF = 2 };
enum : unsigned { FS_OFF, FS_INITIAL, FS_CLEAN, FS_DIRTY };
enum : unsigned { NX = 1, UF = 2, OF = 4, DZ = 8, NV = 16 };

// Opcode OP-FP: chapter 24, tables of F and D.
uint32_t fp(unsigned f5, unsigned fmt, unsigned rd, unsigned rs1, unsigned rs2,
            unsigned rm = DYN)
{
    return r_type(f5 << 2 | fmt, rs2, rs1, rm, rd, 0x53);
}
uint32_t fma(unsigned opcode, unsigned fmt, unsigned rd, unsigned rs1,
             unsigned rs2, unsigned rs3, unsigned rm = DYN)
{
    return r_type(rs3 << 2 | fmt, rs2, rs1, rm, rd, opcode);
}
enum : unsigned { FMADD = 0x43, FMSUB = 0x47, FNMSUB = 0x4b, FNMADD = 0x4f };
enum : unsigned {
    FADD = 0,
    FSUB = 1,
    FMUL = 2,
    FDIV = 3,
    FSQRT = 11,
    FSGNJ = 4,
    FMINMAX = 5,
    FCVT_F = 8,
    FCMP = 20,
    FCVT_X = 24,
    FROM_X = 26,
    FMV_X = 28,
    FMV_F = 30
};
uint32_t fload(unsigned width, unsigned rd, int imm, unsigned rs1)
{
    return i_type(imm, rs1, width, rd, 0x07);
}
uint32_t fstore(unsigned width, unsigned rs2, int imm, unsigned rs1)
{
    return (s_type(imm, rs2, rs1, width) & ~0x7fu) | 0x27;
}
constexpr unsigned WIDTH_H = 1, WIDTH_S = 2, WIDTH_D = 3;

constexpr uint64_t BOX32 = UINT64_C(0xffffffff00000000);
constexpr uint64_t BOX16 = UINT64_C(0xffffffffffff0000);
constexpr uint64_t ONE_S = BOX32 | 0x3f800000, TWO_S = BOX32 | 0x40000000;
constexpr uint64_t THREE_S = BOX32 | 0x40400000, NAN_S = BOX32 | 0x7fc00000;
constexpr uint64_t THIRD_S = BOX32 | 0x3eaaaaab; // 1/3 to nearest
constexpr uint64_t SNAN_S = BOX32 | 0x7f800001;
constexpr uint64_t ONE_D = UINT64_C(0x3ff0000000000000);
constexpr uint64_t TWO_D = UINT64_C(0x4000000000000000);
constexpr uint64_t THREE_D = UINT64_C(0x4008000000000000);
constexpr uint64_t SIGN_D = UINT64_C(1) << 63;

BoardOptions with_fp(const Axis &axis)
{
    BoardOptions o = axis_options(axis);
    o.isa = "imafdc_zicsr_zifencei_zfh";
    return o;
}

class HartFp : public testing::TestWithParam<Axis>
{
  protected:
    HartFp() : b(with_fp(GetParam()))
    {
        b.catch_traps();
        set_fs(FS_DIRTY);
    }
    void set_fs(unsigned fs)
    {
        b.set(30, 3u << 13);
        b.set(31, fs << 13);
        b.run_code({csr(3, zero, MSTATUS, 30), csr(2, zero, MSTATUS, 31)});
        ASSERT_EQ(fs_now(), fs);
    }
    unsigned fs_now() { return unsigned(b.csr(MSTATUS) >> 13 & 3); }
    void set_csr(unsigned number, uint64_t value)
    {
        b.set(31, value);
        b.run_code({csrw(number, 31)});
    }
    void set_f(unsigned reg, uint64_t v) { hart_set_f(b.hart, reg, v); }
    uint64_t f(unsigned reg) { return hart_f(b.hart, reg); }
    void expect_illegal(uint32_t word)
    {
        b.traps.clear();
        b.run_code({word});
        EXPECT_EQ(b.traps, (std::vector<Trap>{{2, word, RAM}}))
            << std::hex << word;
        b.traps.clear();
    }

    Board b;
};

std::vector<uint32_t> one_of_each()
{
    return {fp(FADD, S, 1, 2, 3),         fp(FSQRT, DBL, 1, 2, 0),
            fp(FSGNJ, S, 1, 2, 3, 0),     fp(FMINMAX, DBL, 1, 2, 3, 1),
            fp(FCMP, S, t0, 2, 3, 2),     fp(FMV_X, S, t0, 2, 0, 1),
            fp(FMV_X, S, t0, 2, 0, 0),    fp(FMV_F, S, 1, t0, 0, 0),
            fp(FCVT_X, S, t0, 2, 0),      fp(FROM_X, DBL, 1, t0, 1),
            fp(FCVT_F, S, 1, 2, DBL),     fma(FMADD, S, 1, 2, 3, 4),
            fload(WIDTH_S, 1, -4, t0),    fstore(WIDTH_S, 1, -4, t0),
            fload(WIDTH_D, 1, 0x7f8, t0), fstore(WIDTH_D, 1, 0, t0),
            fload(WIDTH_H, 1, 0, t0),     fp(FADD, HALF, 1, 2, 3)};
}

TEST_P(HartFp, IllegalWhenOff)
{
    set_fs(FS_OFF);
    b.set(t0, HOLE); // that no access is made shows in the cause
    for (uint32_t word : one_of_each()) {
        expect_illegal(word);
    }
    EXPECT_EQ(fs_now(), unsigned(FS_OFF));
}

TEST_P(HartFp, LegalWhenOn)
{
    for (uint32_t word : one_of_each()) {
        b.set(t0, RAM + 0x1000);
        b.run_code({word});
        EXPECT_TRUE(b.traps.empty()) << std::hex << word;
        b.traps.clear();
    }
}

TEST_P(HartFp, IllegalWithoutTheExtension)
{
    BoardOptions o = axis_options(GetParam());
    o.isa = "imafc_zicsr_zifencei";
    Board single(o);
    single.catch_traps();
    for (uint32_t word : {fp(FADD, DBL, 1, 2, 3), fload(WIDTH_D, 1, 0, t0),
                          fp(FCVT_F, S, 1, 2, DBL), fp(FADD, HALF, 1, 2, 3)}) {
        single.traps.clear();
        single.run_code({word});
        EXPECT_EQ(single.traps, (std::vector<Trap>{{2, word, RAM}}))
            << std::hex << word;
    }
}

// Dirty when an f register is written or a flag raised, and not else.
TEST_P(HartFp, DirtyWhenWritten)
{
    set_f(2, ONE_S);
    set_f(3, TWO_S);
    b.set(t0, RAM + 0x1000);
    for (unsigned before : {FS_INITIAL, FS_CLEAN}) {
        for (uint32_t word :
             {fp(FADD, S, 1, 2, 3), fp(FSGNJ, S, 1, 2, 3, 0),
              fp(FMV_F, S, 1, zero, 0, 0), fload(WIDTH_D, 1, 0, t0)}) {
            set_fs(before);
            b.run_code({word});
            EXPECT_EQ(fs_now(), unsigned(FS_DIRTY)) << std::hex << word;
        }
        for (uint32_t word :
             {fp(FCMP, S, t1, 2, 3, 2), fp(FMV_X, S, t1, 2, 0, 1),
              fp(FMV_X, S, t1, 2, 0, 0), fp(FCVT_X, S, t1, 2, 0),
              fstore(WIDTH_D, 1, 0, t0)}) {
            set_fs(before);
            b.run_code({word});
            EXPECT_EQ(fs_now(), before) << std::hex << word;
        }
    }
    set_f(2, SNAN_S);
    set_fs(FS_CLEAN);
    b.run_code({fp(FCMP, S, t1, 2, 3, 2)});
    EXPECT_EQ(fs_now(), unsigned(FS_DIRTY));
    EXPECT_EQ(b.csr(FFLAGS), NV);
}

TEST_P(HartFp, AFaultingLoadWritesNothing)
{
    set_f(1, ONE_D);
    set_fs(FS_CLEAN);
    b.set(t0, HOLE);
    b.run_code({fload(WIDTH_D, 1, 8, t0)}, 1);
    ASSERT_EQ(b.traps.size(), 1u);
    EXPECT_EQ(b.traps[0].cause, 5u);
    EXPECT_EQ(b.traps[0].tval, HOLE + 8);
    EXPECT_EQ(f(1), ONE_D);
    EXPECT_EQ(fs_now(), unsigned(FS_CLEAN));
}

TEST_P(HartFp, ReservedRoundingModes)
{
    for (unsigned rm : {5u, 6u}) {
        expect_illegal(fp(FADD, S, 1, 2, 3, rm));
        expect_illegal(fp(FSQRT, DBL, 1, 2, 0, rm));
        expect_illegal(fp(FCVT_X, S, t0, 2, 0, rm));
        expect_illegal(fma(FNMADD, DBL, 1, 2, 3, 4, rm));
    }
    for (unsigned frm : {5u, 6u, 7u}) {
        set_csr(FRM, frm);
        expect_illegal(fp(FADD, S, 1, 2, 3));
        expect_illegal(fp(FCVT_X, S, t0, 2, 0));
        b.run_code({fp(FADD, S, 1, 2, 3, RTZ), fp(FSGNJ, S, 1, 2, 3, 0)});
        EXPECT_TRUE(b.traps.empty());
    }
}

TEST_P(HartFp, RoundingOfTheInstructionOrOfFrm)
{
    set_f(2, ONE_S);
    set_f(3, THREE_S);
    uint64_t up = THIRD_S, down = THIRD_S - 1;
    const uint64_t expected[] = {up, down, down, up, up};
    for (unsigned rm = RNE; rm <= RMM; rm++) {
        set_csr(FRM, (rm + 1) % 5);
        b.run_code({fp(FDIV, S, 1, 2, 3, rm), fp(FDIV, S, 4, 2, 3)});
        EXPECT_EQ(f(1), expected[rm]) << rm;
        EXPECT_EQ(f(4), expected[(rm + 1) % 5]) << rm;
    }
}

TEST_P(HartFp, FlagsAccumulate)
{
    set_csr(FCSR, 0);
    set_f(2, ONE_S);
    set_f(3, THREE_S);
    set_f(4, BOX32);
    set_f(5, BOX32 | 0x7f7fffff);
    set_f(6, BOX32 | 0x00800001);
    unsigned expected = 0;
    struct {
        uint32_t word;
        unsigned flags;
    } steps[] = {
        {fp(FADD, S, 1, 2, 3), 0},       {fp(FDIV, S, 1, 2, 3), NX},
        {fp(FDIV, S, 1, 2, 4), DZ},      {fp(FMUL, S, 1, 6, 6), UF | NX},
        {fp(FADD, S, 1, 5, 5), OF | NX}, {fp(FSUB, S, 1, 2, 3), 0},
        {fp(FDIV, S, 1, 4, 4), NV}};
    for (auto step : steps) {
        b.run_code({step.word});
        expected |= step.flags;
        EXPECT_EQ(b.csr(FFLAGS), expected) << std::hex << step.word;
    }
}

TEST_P(HartFp, BoxingOfSingles)
{
    b.set(t0, RAM + 0x1000);
    b.put32(RAM + 0x1000, 0x3f800000);
    set_f(1, 0);
    b.run_code({fload(WIDTH_S, 1, 0, t0)});
    EXPECT_EQ(f(1), ONE_S);
    // An operand that is not boxed is the canonical NaN...
    set_f(2, 0x3f800000);
    set_f(3, ONE_S);
    b.run_code({fp(FADD, S, 1, 2, 3), fp(FSGNJ, S, 4, 2, 3, 0),
                fp(FMINMAX, S, 5, 2, 3, 0), fma(FMADD, S, 6, 3, 3, 2)});
    EXPECT_EQ(f(1), NAN_S);
    EXPECT_EQ(f(4), NAN_S);
    EXPECT_EQ(f(5), ONE_S);
    EXPECT_EQ(f(6), NAN_S);
    // ...but stores and moves take the bits as they are.
    set_f(2, UINT64_C(0x1234567887654321));
    b.run_code({fstore(WIDTH_S, 2, 4, t0), fp(FMV_X, S, t1, 2, 0, 0)});
    EXPECT_EQ(b.get(RAM + 0x1004, 4), 0x87654321u);
    EXPECT_EQ(b.x(t1), b.sx(int32_t(0x87654321)));
    b.set(t1, 0x40000000);
    b.run_code({fp(FMV_F, S, 1, t1, 0, 0)});
    EXPECT_EQ(f(1), TWO_S);
}

TEST_P(HartFp, BoxingOfHalves)
{
    b.set(t0, RAM + 0x1000);
    b.put32(RAM + 0x1000, 0xbc00);
    b.run_code({fload(WIDTH_H, 1, 0, t0), fp(FCVT_F, S, 2, 1, HALF),
                fp(FCVT_F, DBL, 3, 1, HALF), fp(FMV_X, HALF, t1, 1, 0, 0),
                fp(FADD, HALF, 4, 1, 1), fstore(WIDTH_H, 4, 2, t0),
                fp(FCVT_F, HALF, 5, 3, DBL)});
    EXPECT_EQ(f(1), BOX16 | 0xbc00);
    EXPECT_EQ(f(2), ONE_S | 0x80000000);
    EXPECT_EQ(f(3), ONE_D | SIGN_D);
    EXPECT_EQ(b.x(t1), b.sx(int16_t(0xbc00)));
    EXPECT_EQ(f(4), BOX16 | 0xc000);
    EXPECT_EQ(b.get(RAM + 0x1002, 2), 0xc000u);
    EXPECT_EQ(f(5), f(1));
    set_f(1, BOX32 | 0x3c00);
    b.run_code({fp(FADD, HALF, 4, 1, 1)});
    EXPECT_EQ(f(4), BOX16 | 0x7e00);
}

TEST_P(HartFp, DoublesInMemory)
{
    b.set(t0, RAM + 0x1000);
    b.put64(RAM + 0x1ff8, UINT64_C(0x0123456789abcdef));
    b.set(t1, RAM + 0x1ffc);
    b.run_code({fload(WIDTH_D, 31, 0x7f8, t0)}, 1);
    b.set(t0, RAM + 0x1800);
    b.run_code({fload(WIDTH_D, 31, 0x7f8, t0), fstore(WIDTH_D, 31, 0, t1),
                fload(WIDTH_D, 0, 0, t1), fstore(WIDTH_D, 0, -9, t0)});
    EXPECT_TRUE(b.traps.empty());
    EXPECT_EQ(f(31), UINT64_C(0x0123456789abcdef));
    EXPECT_EQ(b.get(RAM + 0x1ffc, 8), f(31)); // across a page
    EXPECT_EQ(f(0), f(31));                   // f0 is a register like others
    EXPECT_EQ(b.get(RAM + 0x17f7, 8), f(31));
}

// 2 * 3 and 1 in all four signs tell the fused instructions apart.
TEST_P(HartFp, FusedSigns)
{
    set_f(2, TWO_D);
    set_f(3, THREE_D);
    set_f(4, ONE_D);
    b.run_code({fma(FMADD, DBL, 10, 2, 3, 4), fma(FMSUB, DBL, 11, 2, 3, 4),
                fma(FNMSUB, DBL, 12, 2, 3, 4), fma(FNMADD, DBL, 13, 2, 3, 4)});
    EXPECT_EQ(f(10), UINT64_C(0x401c000000000000));          // 7
    EXPECT_EQ(f(11), UINT64_C(0x4014000000000000));          // 5
    EXPECT_EQ(f(12), UINT64_C(0x4014000000000000) | SIGN_D); // -5
    EXPECT_EQ(f(13), UINT64_C(0x401c000000000000) | SIGN_D); // -7
}

TEST_P(HartFp, IntegersAreExtended)
{
    set_f(2, BOX32 | 0x4f7fffff); // 2^32 - 256
    set_f(3, BOX32 | 0xbf800000);
    b.run_code({fp(FCVT_X, S, t0, 2, 1), fp(FCVT_X, S, t1, 3, 0),
                fp(FCVT_X, S, t2, 2, 0), fp(FCMP, S, zero, 2, 2, 2)});
    EXPECT_EQ(b.x(t0), b.sx(int32_t(0xffffff00)));
    EXPECT_EQ(b.x(t1), b.sx(-1));
    EXPECT_EQ(b.x(t2), 0x7fffffffu);
    EXPECT_EQ(b.x(zero), 0u);
    b.set(t0, ~UINT64_C(0) << 31); // only 32 bits count
    b.run_code({fp(FROM_X, DBL, 1, t0, 0), fp(FROM_X, DBL, 2, t0, 1)});
    EXPECT_EQ(f(1), UINT64_C(0xc1e0000000000000));
    EXPECT_EQ(f(2), UINT64_C(0x41e0000000000000));
}

// What only RV64 has.
TEST_P(HartFp, LongIntegers)
{
    const uint32_t words[] = {
        fp(FCVT_X, DBL, t1, 1, 2),   fp(FCVT_X, S, t1, 2, 3),
        fp(FROM_X, DBL, 3, t0, 2),   fp(FROM_X, S, 4, t0, 3),
        fp(FMV_X, DBL, t2, 1, 0, 0), fp(FMV_F, DBL, 5, t0, 0, 0)};
    if (b.options.xlen == 32) {
        for (uint32_t word : words) {
            expect_illegal(word);
        }
        return;
    }
    set_f(1, UINT64_C(0xc3e0000000000000)); // -2^63
    set_f(2, BOX32 | 0x5f000000);           // 2^63
    b.set(t0, UINT64_C(0xc000000000000000));
    b.run_code({words[0], addi(s0, t1, 0), words[1], words[2], words[3],
                words[4], words[5]});
    EXPECT_EQ(b.x(s0), UINT64_C(1) << 63);
    EXPECT_EQ(b.x(t1), UINT64_C(1) << 63);
    EXPECT_EQ(f(3), UINT64_C(0xc3d0000000000000)); // -2^62
    EXPECT_EQ(f(4), BOX32 | 0x5f400000);           // 1.5 * 2^63
    EXPECT_EQ(b.x(t2), UINT64_C(0xc3e0000000000000));
    EXPECT_EQ(f(5), UINT64_C(0xc000000000000000));
}

// Fields that must be 0 and formats that are not there.
TEST_P(HartFp, ReservedWords)
{
    expect_illegal(fp(FSQRT, S, 1, 2, 1));
    expect_illegal(fp(FMV_X, S, t0, 2, 1, 0));
    expect_illegal(fp(FMV_X, S, t0, 2, 0, 2));
    expect_illegal(fp(FSGNJ, S, 1, 2, 3, 3));
    expect_illegal(fp(FMINMAX, S, 1, 2, 3, 2));
    expect_illegal(fp(FCMP, S, t0, 2, 3, 3));
    expect_illegal(fp(FCVT_X, S, t0, 2, 4));
    expect_illegal(fp(FCVT_F, S, 1, 2, S));
    expect_illegal(fp(FCVT_F, DBL, 1, 2, DBL));
    expect_illegal(fp(FADD, 3, 1, 2, 3));
    expect_illegal(fma(FMADD, 3, 1, 2, 3, 4));
    expect_illegal(fload(4, 1, 0, t0));
    expect_illegal(fstore(0, 1, 0, t0));
}

ON_ALL_AXES(HartFp);

} // namespace
