// What each instruction does, against arithmetic written out from the manual:
// Volume I, chapters 2 (RV32I), 5 (RV64I), 7 (M) and 16 (C).
#include <gtest/gtest.h>
#include <random>

#include "tests/cpu/hart_kit.h"

namespace
{

using namespace rv;
using Wide = __int128;

class HartTest : public testing::TestWithParam<Axis>
{
  protected:
    HartTest() : xlen(GetParam().xlen), b(axis_options(GetParam()))
    {
        b.catch_traps();
    }
    unsigned xlen;
    Board b;

    int64_t s(uint64_t v) const // a register's value as a signed number
    {
        return xlen == 32 ? static_cast<int32_t>(v) : static_cast<int64_t>(v);
    }
    std::vector<uint64_t> corners() const
    {
        std::vector<uint64_t> v = {
            0,          1,          2,          3,          7,
            31,         32,         33,         63,         64,
            0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0xfffffffe,
            0x55555555, 0xdeadbeef};
        if (xlen == 64) {
            v.insert(v.end(), {0x7fffffffffffffff, 0x8000000000000000,
                               0xffffffffffffffff, 0xfffffffffffffffe,
                               0xffffffff80000000, 0xffffffff7fffffff,
                               0x100000000, 0x123456789abcdef0});
        }
        std::mt19937_64 rng(7);
        for (int i = 0; i < 4; i++) {
            v.push_back(rng() & b.mask());
        }
        return v;
    }
};
ON_ALL_AXES(HartTest);

// -- register and register
// ----------------------------------------------------------

struct Binary {
    const char *name;
    unsigned f7, f3, opcode;
    // a, b as in the registers, zero-extended; result modulo 2^XLEN
    uint64_t (*result)(uint64_t a, uint64_t b, unsigned xlen);
};

int64_t sign(uint64_t v, unsigned xlen)
{
    return xlen == 32 ? static_cast<int32_t>(v) : static_cast<int64_t>(v);
}
uint64_t low(uint64_t v, unsigned xlen)
{
    return xlen == 32 ? v & 0xffffffff : v;
}
uint64_t u64(int64_t v)
{
    return static_cast<uint64_t>(v);
}
// Division of chapter 7.2 on numbers of `bits` bits.
uint64_t divide(Wide a, Wide b, unsigned bits, bool remainder)
{
    Wide least = -(static_cast<Wide>(1) << (bits - 1));
    Wide q, r;
    if (b == 0) {
        q = -1;
        r = a;
    } else if (a == least && b == -1) {
        q = a;
        r = 0;
    } else {
        q = a / b;
        r = a - q * b;
    }
    return static_cast<uint64_t>(remainder ? r : q);
}

const Binary binaries[] = {
    {"add", 0, 0, 0x33, [](uint64_t a, uint64_t b, unsigned) { return a + b; }},
    {"sub", 32, 0, 0x33,
     [](uint64_t a, uint64_t b, unsigned) { return a - b; }},
    {"sll", 0, 1, 0x33,
     [](uint64_t a, uint64_t b, unsigned x) { return a << b % x; }},
    {"slt", 0, 2, 0x33,
     [](uint64_t a, uint64_t b, unsigned x) {
         return uint64_t{sign(a, x) < sign(b, x)};
     }},
    {"sltu", 0, 3, 0x33,
     [](uint64_t a, uint64_t b, unsigned) { return uint64_t{a < b}; }},
    {"xor", 0, 4, 0x33, [](uint64_t a, uint64_t b, unsigned) { return a ^ b; }},
    {"srl", 0, 5, 0x33,
     [](uint64_t a, uint64_t b, unsigned x) { return a >> b % x; }},
    {"sra", 32, 5, 0x33,
     [](uint64_t a, uint64_t b, unsigned x) {
         return u64(sign(a, x) >> b % x);
     }},
    {"or", 0, 6, 0x33, [](uint64_t a, uint64_t b, unsigned) { return a | b; }},
    {"and", 0, 7, 0x33, [](uint64_t a, uint64_t b, unsigned) { return a & b; }},
    {"mul", 1, 0, 0x33, [](uint64_t a, uint64_t b, unsigned) { return a * b; }},
    {"mulh", 1, 1, 0x33,
     [](uint64_t a, uint64_t b, unsigned x) {
         return static_cast<uint64_t>(
             (static_cast<Wide>(sign(a, x)) * sign(b, x)) >> x);
     }},
    {"mulhsu", 1, 2, 0x33,
     [](uint64_t a, uint64_t b, unsigned x) {
         return static_cast<uint64_t>(
             (static_cast<Wide>(sign(a, x)) * static_cast<Wide>(b)) >> x);
     }},
    {"mulhu", 1, 3, 0x33,
     [](uint64_t a, uint64_t b, unsigned x) {
         return static_cast<uint64_t>((static_cast<unsigned __int128>(a) * b) >>
                                      x);
     }},
    {"div", 1, 4, 0x33,
     [](uint64_t a, uint64_t b, unsigned x) {
         return divide(sign(a, x), sign(b, x), x, false);
     }},
    {"divu", 1, 5, 0x33,
     [](uint64_t a, uint64_t b, unsigned) { return divide(a, b, 66, false); }},
    {"rem", 1, 6, 0x33,
     [](uint64_t a, uint64_t b, unsigned x) {
         return divide(sign(a, x), sign(b, x), x, true);
     }},
    {"remu", 1, 7, 0x33,
     [](uint64_t a, uint64_t b, unsigned) { return divide(a, b, 66, true); }},
    // RV64 only: on the low halves, sign-extended
    {"addw", 0, 0, 0x3b,
     [](uint64_t a, uint64_t b, unsigned) { return u64(sign(a + b, 32)); }},
    {"subw", 32, 0, 0x3b,
     [](uint64_t a, uint64_t b, unsigned) { return u64(sign(a - b, 32)); }},
    {"sllw", 0, 1, 0x3b,
     [](uint64_t a, uint64_t b, unsigned) {
         return u64(sign(a << b % 32, 32));
     }},
    {"srlw", 0, 5, 0x3b,
     [](uint64_t a, uint64_t b, unsigned) {
         return u64(sign(low(a, 32) >> b % 32, 32));
     }},
    {"sraw", 32, 5, 0x3b,
     [](uint64_t a, uint64_t b, unsigned) {
         return u64(sign(a, 32) >> b % 32);
     }},
    {"mulw", 1, 0, 0x3b,
     [](uint64_t a, uint64_t b, unsigned) { return u64(sign(a * b, 32)); }},
    {"divw", 1, 4, 0x3b,
     [](uint64_t a, uint64_t b, unsigned) {
         return u64(sign(divide(sign(a, 32), sign(b, 32), 32, false), 32));
     }},
    {"divuw", 1, 5, 0x3b,
     [](uint64_t a, uint64_t b, unsigned) {
         return u64(sign(divide(low(a, 32), low(b, 32), 66, false), 32));
     }},
    {"remw", 1, 6, 0x3b,
     [](uint64_t a, uint64_t b, unsigned) {
         return u64(sign(divide(sign(a, 32), sign(b, 32), 32, true), 32));
     }},
    {"remuw", 1, 7, 0x3b,
     [](uint64_t a, uint64_t b, unsigned) {
         return u64(sign(divide(low(a, 32), low(b, 32), 66, true), 32));
     }},
};

TEST_P(HartTest, RegisterAndRegister)
{
    for (const Binary &op : binaries) {
        auto word = [&op](unsigned rd, unsigned rs1, unsigned rs2) {
            return r_type(op.f7, rs2, rs1, op.f3, rd, op.opcode);
        };
        if (op.opcode == 0x3b && xlen == 32) {
            b.traps.clear();
            b.run_code({word(3, 1, 2)});
            ASSERT_EQ(b.traps.size(), 1u) << op.name;
            ASSERT_EQ(b.traps[0], (Trap{2, word(3, 1, 2), RAM}));
            continue;
        }
        // to another register, to a source, to x0, both sources the same
        std::vector<uint32_t> code = {word(3, 1, 2), word(1, 1, 2),
                                      word(2, 4, 2), word(0, 4, 5),
                                      word(6, 4, 4), self()};
        b.put_code(RAM, code);
        for (uint64_t x : corners()) {
            for (uint64_t y : corners()) {
                for (unsigned r : {1u, 4u}) {
                    b.set(r, x);
                }
                for (unsigned r : {2u, 5u}) {
                    b.set(r, y);
                }
                hart_set_pc(b.hart, RAM);
                b.run(5);
                uint64_t want = low(op.result(x, y, xlen), xlen);
                for (unsigned r : {3u, 1u, 2u}) {
                    ASSERT_EQ(b.x(r), want)
                        << op.name << std::hex << " " << x << ", " << y;
                }
                ASSERT_EQ(b.x(6), low(op.result(x, x, xlen), xlen)) << op.name;
                ASSERT_EQ(b.x(0), 0u) << op.name;
                ASSERT_EQ(b.x(4), x);
                ASSERT_EQ(b.x(5), y);
            }
        }
    }
}

// -- immediates
// -----------------------------------------------------------------------

TEST_P(HartTest, Immediates)
{
    for (uint64_t x : corners()) {
        for (int imm : {0, 1, -1, 2047, -2048, 0x555, -1366}) {
            b.set(1, x);
            std::vector<uint32_t> code;
            for (Alu f3 : {ADD, SLT, SLTU, XOR, OR, AND}) {
                code.push_back(op_imm(f3, 10 + f3, 1, imm));
            }
            if (xlen == 64) {
                code.push_back(i_type(imm, 1, 0, 20, 0x1b)); // addiw
            }
            b.run_code(code);
            uint64_t i = b.sx(imm); // sign-extended to XLEN
            EXPECT_EQ(b.x(10 + ADD), low(x + i, xlen));
            EXPECT_EQ(b.x(10 + SLT), uint64_t{s(x) < imm});
            EXPECT_EQ(b.x(10 + SLTU), uint64_t{x < i}) << x << " " << imm;
            EXPECT_EQ(b.x(10 + XOR), x ^ i);
            EXPECT_EQ(b.x(10 + OR), x | i);
            EXPECT_EQ(b.x(10 + AND), x & i);
            if (xlen == 64) {
                EXPECT_EQ(b.x(20), u64(sign(x + i, 32)));
            }
        }
    }
}

TEST_P(HartTest, ShiftsByImmediates)
{
    for (uint64_t x : corners()) {
        for (unsigned n = 0; n < xlen; n++) {
            b.set(1, x);
            int i = static_cast<int>(n);
            std::vector<uint32_t> code = {op_imm(SLL, 2, 1, i),
                                          op_imm(SRL, 3, 1, i),
                                          op_imm(SRL, 4, 1, i | 0x400)};
            if (xlen == 64 && n < 32) {
                code.push_back(i_type(i, 1, 1, 5, 0x1b));
                code.push_back(i_type(i, 1, 5, 6, 0x1b));
                code.push_back(i_type(i | 0x400, 1, 5, 7, 0x1b));
            }
            b.run_code(code);
            ASSERT_EQ(b.x(2), low(x << n, xlen)) << n;
            ASSERT_EQ(b.x(3), x >> n) << n;
            ASSERT_EQ(b.x(4), b.sx(s(x) >> n)) << n;
            if (xlen == 64 && n < 32) {
                ASSERT_EQ(b.x(5), u64(sign(x << n, 32))) << n;
                ASSERT_EQ(b.x(6), u64(sign(low(x, 32) >> n, 32))) << n;
                ASSERT_EQ(b.x(7), u64(sign(x, 32) >> n)) << n;
            }
        }
    }
}

TEST_P(HartTest, UpperImmediates)
{
    b.run_at(RAM + 0x100,
             {lui(1, 0x12345), lui(2, 0x80000), auipc(3, 0), auipc(4, 0xfffff),
              auipc(5, 0x7ffff), auipc(6, 0x80000), lui(0, 5)});
    EXPECT_EQ(b.x(1), 0x12345000u);
    EXPECT_EQ(b.x(2), b.sx(INT32_MIN));
    EXPECT_EQ(b.x(3), RAM + 0x108);
    EXPECT_EQ(b.x(4), RAM + 0x10c - 0x1000);
    EXPECT_EQ(b.x(5), low(RAM + 0x110 + 0x7ffff000, xlen));
    EXPECT_EQ(b.x(6), low(RAM + 0x114 - 0x80000000, xlen));
    EXPECT_EQ(b.x(0), 0u);
}

TEST_P(HartTest, FencesDoNothing)
{
    uint32_t other = 0x8330000f; // fence.tso
    b.set(1, 5);
    b.run_code({FENCE, other, FENCE | 31 << 15 | 31 << 7, FENCE_I,
                FENCE_I | 0xfff00000 | 31 << 15 | 31 << 7, addi(2, 1, 1)});
    EXPECT_EQ(b.x(2), 6u);
    EXPECT_EQ(b.x(31), 0u); // reserved fields are ignored
    EXPECT_EQ(b.traps.size(), 0u);
}

// -- jumps and branches
// -----------------------------------------------------------------

TEST_P(HartTest, Branches)
{
    struct Case {
        Branch f3;
        bool (*taken)(uint64_t x, uint64_t y, unsigned xlen);
    };
    const Case cases[] = {
        {EQ, [](uint64_t x, uint64_t y, unsigned) { return x == y; }},
        {NE, [](uint64_t x, uint64_t y, unsigned) { return x != y; }},
        {LT, [](uint64_t x, uint64_t y,
                unsigned n) { return sign(x, n) < sign(y, n); }},
        {GE, [](uint64_t x, uint64_t y,
                unsigned n) { return sign(x, n) >= sign(y, n); }},
        {LTU, [](uint64_t x, uint64_t y, unsigned) { return x < y; }},
        {GEU, [](uint64_t x, uint64_t y, unsigned) { return x >= y; }},
    };
    uint64_t at = RAM + 0x2000;
    for (const Case &c : cases) {
        for (int offset : {8, -8, 4094, -4096, 2050, 6}) {
            b.put_code(at, {branch(c.f3, 1, 2, offset)});
            for (uint64_t x : corners()) {
                for (uint64_t y : {x, corners()[3], corners()[11], ~x}) {
                    y &= b.mask();
                    b.set(1, x);
                    b.set(2, y);
                    hart_set_pc(b.hart, at);
                    b.run(1);
                    uint64_t want = c.taken(x, y, xlen)
                                        ? at + static_cast<uint64_t>(offset)
                                        : at + 4;
                    ASSERT_EQ(hart_pc(b.hart), want)
                        << c.f3 << std::hex << " " << x << ", " << y;
                }
            }
        }
    }
}

TEST_P(HartTest, JumpAndLink)
{
    uint64_t at = RAM + 0x2000;
    for (int offset : {4, 8, -4, 2, 0x1ffe, -0x2000, 0x800, 0x3d7fe}) {
        b.put_code(at, {jal(1, offset)});
        b.set(1, 0);
        hart_set_pc(b.hart, at);
        b.run(1);
        EXPECT_EQ(hart_pc(b.hart), at + static_cast<uint64_t>(offset));
        EXPECT_EQ(b.x(1), at + 4);
    }
    b.put_code(at, {jal(0, 16)});
    hart_set_pc(b.hart, at);
    b.run(1);
    EXPECT_EQ(hart_pc(b.hart), at + 16);
    EXPECT_EQ(b.x(0), 0u);
}

TEST_P(HartTest, JumpToRegister)
{
    b.set(1, RAM + 0x101); // bit 0 of the sum is cleared
    b.run_at(RAM, {jalr(2, 1, 0)}, 1);
    EXPECT_EQ(hart_pc(b.hart), RAM + 0x100);
    EXPECT_EQ(b.x(2), RAM + 4);
    b.run_at(RAM, {jalr(2, 1, 1)}, 1);
    EXPECT_EQ(hart_pc(b.hart), RAM + 0x102);
    b.set(1, RAM + 0x1000);
    b.run_at(RAM, {jalr(2, 1, -2048)}, 1);
    EXPECT_EQ(hart_pc(b.hart), RAM + 0x800);
    b.run_at(RAM, {jalr(1, 1, 4)}, 1); // rd is the base: old value is used
    EXPECT_EQ(hart_pc(b.hart), RAM + 0x1004);
    EXPECT_EQ(b.x(1), RAM + 4);
    b.set(1, RAM + 0x10);
    b.run_at(RAM, {jalr(0, 1, 0)}, 1);
    EXPECT_EQ(hart_pc(b.hart), RAM + 0x10);
    EXPECT_EQ(b.traps.size(), 0u);
    // the same jump to changing targets, as a return does
    b.put_code(RAM, {jalr(0, 1, 0)});
    for (uint64_t to : {0x40u, 0x80u, 0x40u, 0xc2u, 0x80u}) {
        b.set(1, RAM + to);
        hart_set_pc(b.hart, RAM);
        b.run(1);
        EXPECT_EQ(hart_pc(b.hart), RAM + to);
    }
}

// -- compressed: what differs from their expansions is the size
// -----------------------

TEST_P(HartTest, CompressedLinkAndStep)
{
    uint16_t c_jalr = 0x9002 | 5 << 7;        // c.jalr x5
    uint16_t c_j = 0xa001 | 1 << 11 | 1 << 3; // c.j +18
    uint16_t c_addi = 0x0085;                 // c.addi x1, 1
    b.put(RAM, &c_jalr, 2);
    b.put(RAM + 0x80, &c_addi, 2);
    b.put(RAM + 0x82, &c_j, 2);
    b.set(5, RAM + 0x80);
    hart_set_pc(b.hart, RAM);
    b.run(1);
    EXPECT_EQ(hart_pc(b.hart), RAM + 0x80);
    EXPECT_EQ(b.x(1), RAM + 2);
    b.run(1);
    EXPECT_EQ(hart_pc(b.hart), RAM + 0x82);
    EXPECT_EQ(b.x(1), RAM + 3);
    b.run(1);
    EXPECT_EQ(hart_pc(b.hart), RAM + 0x82 + 18);
    if (xlen == 32) {
        uint16_t jal16 = 0x2001 | 1 << 2; // offset[5] is bit 2
        b.put(RAM, &jal16, 2);
        hart_set_pc(b.hart, RAM);
        b.run(1);
        EXPECT_EQ(hart_pc(b.hart), RAM + 32);
        EXPECT_EQ(b.x(1), RAM + 2);
    }
}

// -- loads and stores
// ---------------------------------------------------------------------

TEST_P(HartTest, LoadsExtend)
{
    b.put64(RAM + 0x1000, 0xf1e2d3c4b5a69788);
    b.set(1, RAM + 0x1000);
    struct Case {
        Width f3;
        unsigned bytes;
        bool is_signed, only64;
    };
    const Case cases[] = {{B, 1, true, false},   {H, 2, true, false},
                          {W, 4, true, false},   {BU, 1, false, false},
                          {HU, 2, false, false}, {WU, 4, false, true},
                          {D, 8, true, true}};
    for (const Case &c : cases) {
        if (c.only64 && xlen == 32) {
            b.traps.clear();
            b.run_code({load(c.f3, 2, 0, 1)});
            ASSERT_EQ(b.traps.size(), 1u);
            EXPECT_EQ(b.traps[0].cause, 2u);
            b.traps.clear();
            continue;
        }
        for (unsigned at = 0; at + c.bytes <= 8; at += c.bytes) {
            b.run_code({load(c.f3, 2, static_cast<int>(at), 1)});
            uint64_t v = b.get(RAM + 0x1000 + at, c.bytes);
            unsigned bits = 8 * c.bytes;
            if (c.is_signed && (v >> (bits - 1) & 1) && bits < 64) {
                v |= ~UINT64_C(0) << bits;
            }
            EXPECT_EQ(b.x(2), v & b.mask()) << c.f3 << "+" << at;
        }
    }
    EXPECT_EQ(b.traps.size(), 0u);
}

TEST_P(HartTest, StoresCut)
{
    b.set(1, RAM + 0x1100);
    b.set(2, b.sx(INT64_C(0x1122334485667788)));
    for (Width f3 : {B, H, W, D}) {
        unsigned bytes = 1u << f3;
        if (f3 == D && xlen == 32) {
            continue;
        }
        for (int at : {0, 8, -8, -2048, 2040}) {
            uint64_t addr = RAM + 0x1100 + static_cast<uint64_t>(at);
            b.put64(addr, 0xeeeeeeeeeeeeeeee);
            b.run_code({store(f3, 2, at, 1)});
            uint64_t want = 0xeeeeeeeeeeeeeeee, v = b.x(2);
            std::memcpy(&want, &v, bytes);
            EXPECT_EQ(b.get(addr, 8), want) << f3 << at;
            b.run_code({store(f3, 0, at, 1)}); // x0 stores zeros
            v = 0;
            std::memcpy(&want, &v, bytes);
            EXPECT_EQ(b.get(addr, 8), want) << f3 << at;
        }
    }
    EXPECT_EQ(b.traps.size(), 0u);
}

TEST_P(HartTest, LoadToX0IsAnAccess)
{
    b.device.answer = 0x12345678;
    b.set(1, IO);
    b.run_code({load(W, 0, 8, 1), addi(2, 0, 0)});
    ASSERT_EQ(b.device.calls.size(), 1u);
    EXPECT_EQ(b.device.calls[0].offset, 8u);
    EXPECT_EQ(b.x(0), 0u);
    EXPECT_EQ(b.x(2), 0u);
}

TEST_P(HartTest, DevicesSeeSizesAndValues)
{
    b.set(1, IO);
    b.set(2, b.sx(-2));
    b.device.answer = 0xfffffff0; // of which a narrow load takes the low part
    b.run_code({store(B, 2, 3, 1), store(H, 2, 2, 1), store(W, 2, 4, 1),
                load(B, 3, 1, 1), load(HU, 4, 6, 1), load(W, 5, 8, 1)});
    ASSERT_EQ(b.device.calls.size(), 6u);
    struct Want {
        bool is_write;
        hwaddr offset;
        uint64_t value;
        unsigned size;
    };
    const Want want[] = {{true, 3, 0xfe, 1},       {true, 2, 0xfffe, 2},
                         {true, 4, 0xfffffffe, 4}, {false, 1, 0, 1},
                         {false, 6, 0, 2},         {false, 8, 0, 4}};
    for (unsigned i = 0; i < 6; i++) {
        const Listener::Call &c = b.device.calls[i];
        EXPECT_EQ(c.is_write, want[i].is_write) << i;
        EXPECT_EQ(c.offset, want[i].offset) << i;
        EXPECT_EQ(c.size, want[i].size) << i;
        EXPECT_FALSE(c.user);
        if (c.is_write) {
            EXPECT_EQ(c.value, want[i].value) << i;
        }
    }
    EXPECT_EQ(b.x(3), b.sx(-16));
    EXPECT_EQ(b.x(4), 0xfff0u);
    EXPECT_EQ(b.x(5), b.sx(-16));
}

TEST_P(HartTest, AddressesWrap)
{
    b.put32(RAM + 0x40, 77);
    b.set(1, b.sx(-4)); // -4 + ... : RV32 comes around at 2^32
    if (xlen == 32) {
        b.set(1, RAM + 0x40 + 2047);
        b.run_code({load(W, 2, -2047, 1)});
    } else {
        b.set(1, RAM + 0x40 - 2047);
        b.run_code({load(W, 2, 2047, 1)});
    }
    EXPECT_EQ(b.x(2), 77u);
    EXPECT_EQ(b.traps.size(), 0u);
    // 0x7fffffff + 0x7ff in RV32 arithmetic is an address; in RV64 too
    b.set(1, b.sx(-16));
    b.run_code({load(W, 2, 20, 1)}); // address 4: nothing there
    ASSERT_EQ(b.traps.size(), 1u);
    EXPECT_EQ(b.traps[0], (Trap{5, 4, RAM}));
}

} // namespace
