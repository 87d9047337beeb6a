// What Zba, Zbb, Zbs, Zbc, Zicond and Zicboz do, run by a hart and compared
// with bit-by-bit definitions from the documents Bit-Manipulation 1.0.0,
// Integer Conditional Operations 1.0 and Cache-Block Operations 1.0. The
// encodings are written out from there too.
#include <map>
#include <random>
#include <set>

#include "cpu/insn.h"
#include "tests/cpu/hart_kit.h"

namespace
{

using namespace rv;

// -- definitions, one bit at a time -------------------------------------------

bool bit(uint64_t v, unsigned i)
{
    return v >> i & 1;
}
uint64_t sign32(uint64_t v)
{
    return static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(v)));
}
// Bit i of the result is f(i), for the `width` low bits.
template <class F> uint64_t bitwise(unsigned width, F f)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < width; i++) {
        r |= static_cast<uint64_t>(f(i)) << i;
    }
    return r;
}
uint64_t leading(uint64_t v, unsigned width)
{
    unsigned n = 0;
    while (n < width && !bit(v, width - 1 - n)) {
        n++;
    }
    return n;
}
uint64_t trailing(uint64_t v, unsigned width)
{
    unsigned n = 0;
    while (n < width && !bit(v, n)) {
        n++;
    }
    return n;
}
uint64_t ones(uint64_t v, unsigned width)
{
    unsigned n = 0;
    for (unsigned i = 0; i < width; i++) {
        n += bit(v, i);
    }
    return n;
}
uint64_t rotated(uint64_t v, unsigned left, unsigned width)
{
    return bitwise(width, [&](unsigned i) {
        return bit(v, (i + width - left % width) % width);
    });
}
bool less(uint64_t a, uint64_t b, unsigned width) // as signed numbers
{
    bool na = bit(a, width - 1), nb = bit(b, width - 1);
    return na != nb ? na : a < b;
}
uint64_t extended(uint64_t v, unsigned from, unsigned to)
{
    return bitwise(to,
                   [&](unsigned i) { return bit(v, i < from ? i : from - 1); });
}
// Bit k of the product of polynomials: Zbc, section "clmul".
bool product_bit(uint64_t a, uint64_t b, unsigned k, unsigned width)
{
    bool r = false;
    for (unsigned i = 0; i < width; i++) {
        if (k >= i && k - i < width) {
            r ^= bit(a, i) && bit(b, k - i);
        }
    }
    return r;
}

// -- the instructions ---------------------------------------------------------

using Result = uint64_t (*)(uint64_t a, uint64_t b, unsigned xlen);

struct Binary {
    const char *name;
    uint32_t word; // with no registers
    unsigned only; // 32, 64; 0: both widths
    Result result; // modulo 2^xlen
};

constexpr uint32_t r(unsigned f7, unsigned f3, unsigned opcode)
{
    return f7 << 25 | f3 << 12 | opcode;
}
constexpr uint32_t i(unsigned imm, unsigned f3, unsigned opcode)
{
    return imm << 20 | f3 << 12 | opcode;
}

#define DO [](uint64_t a, uint64_t b, unsigned x) -> uint64_t
#define DO1 [](uint64_t a, uint64_t, unsigned x) -> uint64_t
const Binary binaries[] = {
    {"sh1add", r(0x10, 2, 0x33), 0, DO{return 2 * a + b + 0 * x;
} // namespace
}
, {"sh2add", r(0x10, 4, 0x33), 0, DO{return 4 * a + b + 0 * x;
}
}
, {"sh3add", r(0x10, 6, 0x33), 0, DO{return 8 * a + b + 0 * x;
}
}
, {"add_uw", r(0x04, 0, 0x3b), 64, DO{return a % (1ull << 32) + b + 0 * x;
}
}
, {"sh1add_uw", r(0x10, 2, 0x3b), 64,
   DO{return 2 * (a % (1ull << 32)) + b + 0 * x;
}
}
, {"sh2add_uw", r(0x10, 4, 0x3b), 64,
   DO{return 4 * (a % (1ull << 32)) + b + 0 * x;
}
}
, {"sh3add_uw", r(0x10, 6, 0x3b), 64,
   DO{return 8 * (a % (1ull << 32)) + b + 0 * x;
}
}
, {"andn", r(0x20, 7, 0x33), 0,
   DO{return bitwise(x, [&](unsigned n) { return bit(a, n) && !bit(b, n); });
}
}
, {"orn", r(0x20, 6, 0x33), 0,
   DO{return bitwise(x, [&](unsigned n) { return bit(a, n) || !bit(b, n); });
}
}
, {"xnor", r(0x20, 4, 0x33), 0,
   DO{return bitwise(x, [&](unsigned n) { return bit(a, n) == bit(b, n); });
}
}
, {"max", r(0x05, 6, 0x33), 0, DO{return less(a, b, x) ? b : a;
}
}
, {"maxu", r(0x05, 7, 0x33), 0, DO{return (a < b ? b : a) + 0 * x;
}
}
, {"min", r(0x05, 4, 0x33), 0, DO{return less(b, a, x) ? b : a;
}
}
, {"minu", r(0x05, 5, 0x33), 0, DO{return (b < a ? b : a) + 0 * x;
}
}
, {"rol", r(0x30, 1, 0x33), 0,
   DO{return rotated(a, static_cast<unsigned>(b % x), x);
}
}
, {"ror", r(0x30, 5, 0x33), 0,
   DO{return rotated(a, static_cast<unsigned>(x - b % x), x);
}
}
, {"rolw", r(0x30, 1, 0x3b), 64,
   DO{return sign32(rotated(a, static_cast<unsigned>(b % 32 + 0 * x), 32));
}
}
, {"rorw", r(0x30, 5, 0x3b), 64,
   DO{return sign32(rotated(a, static_cast<unsigned>(32 - b % 32 + 0 * x), 32));
}
}
, {"bclr", r(0x24, 1, 0x33), 0,
   DO{return bitwise(x, [&](unsigned n) { return n != b % x && bit(a, n); });
}
}
, {"bext", r(0x24, 5, 0x33), 0, DO{return bit(a, static_cast<unsigned>(b % x));
}
}
, {"binv", r(0x34, 1, 0x33), 0,
   DO{return bitwise(x, [&](unsigned n) { return (n == b % x) != bit(a, n); });
}
}
, {"bset", r(0x14, 1, 0x33), 0,
   DO{return bitwise(x, [&](unsigned n) { return n == b % x || bit(a, n); });
}
}
, {"clmul", r(0x05, 1, 0x33), 0,
   DO{return bitwise(x, [&](unsigned n) { return product_bit(a, b, n, x); });
}
}
, {"clmulr", r(0x05, 2, 0x33), 0, DO{return bitwise(x, [&](unsigned n) {
       return product_bit(a, b, n + x - 1, x);
   });
}
}
, {"clmulh", r(0x05, 3, 0x33), 0, DO{return bitwise(x, [&](unsigned n) {
       return product_bit(a, b, n + x, x);
   });
}
}
, {"czero_eqz", r(0x07, 5, 0x33), 0, DO{return b == 0 ? 0 : a + 0 * x;
}
}
, {"czero_nez", r(0x07, 7, 0x33), 0, DO{return b != 0 ? 0 : a + 0 * x;
}
}
,
}
;

const Binary unaries[] = {
    {"clz", i(0x600, 1, 0x13), 0, DO1{return leading(a, x);
}
}
, {"ctz", i(0x601, 1, 0x13), 0, DO1{return trailing(a, x);
}
}
, {"cpop", i(0x602, 1, 0x13), 0, DO1{return ones(a, x);
}
}
, {"clzw", i(0x600, 1, 0x1b), 64, DO1{return leading(a, 32) + 0 * x;
}
}
, {"ctzw", i(0x601, 1, 0x1b), 64, DO1{return trailing(a, 32) + 0 * x;
}
}
, {"cpopw", i(0x602, 1, 0x1b), 64, DO1{return ones(a, 32) + 0 * x;
}
}
, {"sext_b", i(0x604, 1, 0x13), 0, DO1{return extended(a, 8, x);
}
}
, {"sext_h", i(0x605, 1, 0x13), 0, DO1{return extended(a, 16, x);
}
}
, {"zext_h_rv32", r(0x04, 4, 0x33), 32, DO1{return a % 65536 + 0 * x;
}
}
, {"zext_h", r(0x04, 4, 0x3b), 64, DO1{return a % 65536 + 0 * x;
}
}
, {"orc_b", i(0x287, 5, 0x13), 0, DO1{return bitwise(x, [&](unsigned n) {
       return (a >> (n & ~7u)) % 256 != 0;
   });
}
}
, {"rev8_rv32", i(0x698, 5, 0x13), 32, DO1{return bitwise(x, [&](unsigned n) {
       return bit(a, x - 8 - (n & ~7u) + n % 8);
   });
}
}
, {"rev8", i(0x6b8, 5, 0x13), 64, DO1{return bitwise(x, [&](unsigned n) {
       return bit(a, x - 8 - (n & ~7u) + n % 8);
   });
}
}
,
}
;

// b is the shift amount in the immediate, below `limit` (0: xlen).
struct Shift {
    const char *name;
    uint32_t word;
    unsigned only, limit;
    Result result;
};
const Shift shifts[] = {{"slli_uw", i(0x080, 1, 0x1b), 64, 0,
                         DO{return a % (1ull << 32) << (b + 0 * x);
}
}
, {"rori", i(0x600, 5, 0x13), 0, 0,
   DO{return rotated(a, static_cast<unsigned>(x - b), x);
}
}
, {"roriw", i(0x600, 5, 0x1b), 64, 32,
   DO{return sign32(rotated(a, static_cast<unsigned>(32 - b + 0 * x), 32));
}
}
, {"bclri", i(0x480, 1, 0x13), 0, 0,
   DO{return bitwise(x, [&](unsigned n) { return n != b && bit(a, n); });
}
}
, {"bexti", i(0x480, 5, 0x13), 0, 0,
   DO{return bit(a, static_cast<unsigned>(b + 0 * x));
}
}
, {"binvi", i(0x680, 1, 0x13), 0, 0,
   DO{return bitwise(x, [&](unsigned n) { return (n == b) != bit(a, n); });
}
}
, {"bseti", i(0x280, 1, 0x13), 0, 0,
   DO{return bitwise(x, [&](unsigned n) { return n == b || bit(a, n); });
}
}
,
}
;
#undef DO
#undef DO1

const char all_bits[] = "imac_zicsr_zifencei_zba_zbb_zbs_zbc_zicond_zicboz";

class InsnBits : public testing::TestWithParam<Axis>
{
  protected:
    InsnBits() : xlen(GetParam().xlen), b(options()) { b.catch_traps(); }
    static BoardOptions options()
    {
        BoardOptions o = axis_options(GetParam());
        o.isa = all_bits;
        return o;
    }
    bool here(unsigned only) const { return !only || only == xlen; }
    uint64_t low(uint64_t v) const { return v & b.mask(); }
    std::vector<uint64_t> corners() const
    {
        std::vector<uint64_t> v = {
            0,          1,          2,          31,
            32,         33,         63,         64,
            0x80,       0x8000,     0x7fffffff, 0x80000000,
            0x80000001, 0xffffffff, 0x01000100, 0xdeadbeef};
        if (xlen == 64) {
            v.insert(v.end(),
                     {0x7fffffffffffffff, 0x8000000000000000,
                      0xffffffffffffffff, 0xffffffff00000000, 0x100000000,
                      0xffffffff80000000, 0x123456789abcdef0});
        }
        std::mt19937_64 rng(11);
        for (int n = 0; n < 3; n++) {
            v.push_back(rng() & b.mask());
        }
        return v;
    }
    void expect_illegal(uint32_t word, const char *name)
    {
        b.traps.clear();
        b.run_code({word});
        ASSERT_EQ(b.traps.size(), 1u) << name;
        EXPECT_EQ(b.traps[0], (Trap{2, word, RAM})) << name;
    }

    unsigned xlen;
    Board b;
};
ON_ALL_AXES(InsnBits);

TEST_P(InsnBits, RegisterAndRegister)
{
    for (const Binary &op : binaries) {
        auto word = [&op](unsigned rd, unsigned rs1, unsigned rs2) {
            return op.word | rs2 << 20 | rs1 << 15 | rd << 7;
        };
        if (!here(op.only)) {
            expect_illegal(word(3, 1, 2), op.name);
            continue;
        }
        // to another register, to each source, to x0, both sources the same
        b.put_code(RAM, {word(3, 1, 2), word(1, 1, 2), word(2, 4, 2),
                         word(0, 4, 5), word(6, 4, 4), self()});
        for (uint64_t x : corners()) {
            for (uint64_t y : corners()) {
                b.set(1, x);
                b.set(4, x);
                b.set(2, y);
                b.set(5, y);
                hart_set_pc(b.hart, RAM);
                b.run(5);
                uint64_t want = low(op.result(x, y, xlen));
                for (unsigned reg : {3u, 1u, 2u}) {
                    ASSERT_EQ(b.x(reg), want)
                        << op.name << std::hex << " " << x << ", " << y;
                }
                ASSERT_EQ(b.x(6), low(op.result(x, x, xlen))) << op.name;
                ASSERT_EQ(b.x(0), 0u) << op.name;
            }
        }
    }
}

TEST_P(InsnBits, OneRegister)
{
    for (const Binary &op : unaries) {
        auto word = [&op](unsigned rd, unsigned rs1) {
            return op.word | rs1 << 15 | rd << 7;
        };
        if (!here(op.only)) {
            expect_illegal(word(3, 1), op.name);
            continue;
        }
        b.put_code(RAM, {word(3, 1), word(1, 1), word(0, 4), self()});
        std::vector<uint64_t> values = corners();
        for (unsigned n = 0; n < xlen; n++) { // every single bit
            values.push_back(UINT64_C(1) << n);
            values.push_back(low(~UINT64_C(0) << n));
        }
        for (uint64_t x : values) {
            b.set(1, x);
            b.set(4, x);
            hart_set_pc(b.hart, RAM);
            b.run(3);
            uint64_t want = low(op.result(x, 0, xlen));
            ASSERT_EQ(b.x(3), want) << op.name << std::hex << " " << x;
            ASSERT_EQ(b.x(1), want) << op.name << std::hex << " " << x;
            ASSERT_EQ(b.x(0), 0u) << op.name;
        }
    }
}

TEST_P(InsnBits, ImmediateAmounts)
{
    for (const Shift &op : shifts) {
        if (!here(op.only)) {
            expect_illegal(op.word | 1 << 15 | 3 << 7, op.name);
            continue;
        }
        unsigned limit = op.limit ? op.limit : xlen;
        for (unsigned n = 0; n < limit; n++) {
            b.put_code(RAM, {op.word | n << 20 | 1 << 15 | 3 << 7, self()});
            for (uint64_t x : corners()) {
                b.set(1, x);
                hart_set_pc(b.hart, RAM);
                b.run(1);
                ASSERT_EQ(b.x(3), low(op.result(x, n, xlen)))
                    << op.name << std::hex << " " << x << " by " << n;
            }
        }
        if (xlen == 32) { // shamt[5]
            expect_illegal(op.word | 32 << 20 | 1 << 15 | 3 << 7, op.name);
        }
    }
}

// Zicond looks at all of rs2, and at nothing else of it.
TEST_P(InsnBits, ConditionsOfOneBit)
{
    uint32_t eqz = r(7, 5, 0x33), nez = r(7, 7, 0x33), regs = 2 << 20 | 1 << 15;
    b.put_code(RAM, {eqz | regs | 3 << 7, nez | regs | 4 << 7,
                     eqz | 1 << 15 | 5 << 7, // rs2 is x0
                     nez | 1 << 15 | 6 << 7, self()});
    uint64_t value = 0x8badf00d;
    for (unsigned n = 0; n < xlen; n++) {
        b.set(1, value);
        b.set(2, UINT64_C(1) << n);
        hart_set_pc(b.hart, RAM);
        b.run(4);
        EXPECT_EQ(b.x(3), value) << n;
        EXPECT_EQ(b.x(4), 0u) << n;
        EXPECT_EQ(b.x(5), 0u);
        EXPECT_EQ(b.x(6), value);
    }
}

// -- Zicboz -------------------------------------------------------------------

TEST_P(InsnBits, CboZeroClearsItsBlock)
{
    const uint32_t zero_of_x1 = i(4, 2, 0x0f) | 1 << 15;
    const uint64_t at = RAM + 0x1000, block = 64;
    for (uint64_t inside : {0, 1, 8, 63}) { // rs1 need not be aligned
        memset(b.ram_bytes() + 0x1000 - block, 0xa5, 3 * block);
        b.set(1, at + inside);
        b.run_code({zero_of_x1, addi(3, zero, 7)});
        EXPECT_EQ(b.x(3), 7u);
        for (uint64_t n = 0; n < 3 * block; n++) {
            bool cleared = n >= block && n < 2 * block;
            ASSERT_EQ(b.ram_bytes()[0x1000 - block + n], cleared ? 0 : 0xa5)
                << n << " of " << inside;
        }
        EXPECT_EQ(b.x(1), low(at + inside));
    }
    EXPECT_EQ(b.traps.size(), 0u);
}

TEST_P(InsnBits, CboZeroWhereThereIsNothing)
{
    b.set(1, HOLE + 0x48);
    b.run_code({i(4, 2, 0x0f) | 1 << 15});
    ASSERT_EQ(b.traps.size(), 1u);
    EXPECT_EQ(b.traps[0].cause, 7u); // as a store
    EXPECT_EQ(b.traps[0].pc, +RAM);
}

// -- none is left out ---------------------------------------------------------

TEST(InsnBitsLines, EachIsHere)
{
    std::set<std::string> tested = {"cbo_zero"};
    for (const Binary &op : binaries) {
        tested.insert(op.name);
    }
    for (const Binary &op : unaries) {
        tested.insert(op.name);
    }
    for (const Shift &op : shifts) {
        tested.insert(op.name);
    }
    uint64_t extensions =
        ISA_ZBA | ISA_ZBB | ISA_ZBS | ISA_ZBC | ISA_ZICOND | ISA_ZICBOZ;
    for (const InsnSpec &spec : insn_table) {
        EXPECT_EQ(tested.count(spec.name),
                  static_cast<size_t>((spec.isa & extensions) != 0))
            << spec.name;
    }
}

} // namespace
