// Conversions, comparisons and classes against long double and the C library.
#include <iostream>

#include "tests/cpu/fp_kit.h"

using namespace fp_kit;

namespace
{

// -- conversions --------------------------------------------------------------

// A number as an integer, by the C library and comparisons.
template <class F, class I> Outcome to_integer(uint64_t a, unsigned rm)
{
    long double lo = (long double)std::numeric_limits<I>::min();
    long double hi = (long double)std::numeric_limits<I>::max();
    long double v = value<F>(a);
    uint64_t most = uint64_t(std::numeric_limits<I>::max());
    uint64_t least = uint64_t(std::numeric_limits<I>::min());
    if (std::isnan(v)) {
        return {most, NV};
    }
    long double r = rm == FP_RNE   ? nearbyintl(v)
                    : rm == FP_RTZ ? truncl(v)
                    : rm == FP_RDN ? floorl(v)
                    : rm == FP_RUP ? ceill(v)
                                   : roundl(v);
    if (r < lo || r > hi) {
        return {r < lo ? least : most, NV};
    }
    return {r < 0 ? 0 - uint64_t(-r) : uint64_t(r), r != v ? NX : 0};
}

template <class F> void compare_integers_from(uint64_t a, unsigned rm)
{
    using U = typename F::U;
    uint8_t f[4] = {};
    Outcome got[4] = {
        {uint64_t(int64_t(int32_t(F::to_i32(U(a), rm, &f[0])))), f[0]},
        {F::to_u32(U(a), rm, &f[1]), f[1]},
        {F::to_i64(U(a), rm, &f[2]), f[2]},
        {F::to_u64(U(a), rm, &f[3]), f[3]}};
    Outcome expected[4] = {
        to_integer<F, int32_t>(a, rm), to_integer<F, uint32_t>(a, rm),
        to_integer<F, int64_t>(a, rm), to_integer<F, uint64_t>(a, rm)};
    for (unsigned i = 0; i < 4; i++) {
        got[i].flags = f[i];
        if (!(got[i] == expected[i])) {
            EXPECT_EQ(got[i], expected[i])
                << i << " rm " << rm << std::hex << " " << a;
        }
    }
}

template <class F> Outcome from_integer(long double v, unsigned rm)
{
    return v == 0 ? Outcome{0, 0} : rounded<F>({v, false}, rm);
}

template <class F> void compare_integers_to(uint64_t v, unsigned rm)
{
    uint8_t f[4] = {};
    uint64_t r[4] = {F::from_i32(uint32_t(v), rm, &f[0]),
                     F::from_u32(uint32_t(v), rm, &f[1]),
                     F::from_i64(v, rm, &f[2]), F::from_u64(v, rm, &f[3])};
    long double from[4] = {(long double)int32_t(v), (long double)uint32_t(v),
                           (long double)int64_t(v), (long double)v};
    for (unsigned i = 0; i < 4; i++) {
        EXPECT_EQ((Outcome{r[i], f[i]}), from_integer<F>(from[i], rm))
            << i << " rm " << rm << std::hex << " " << v;
    }
}

template <class F> void compare_integers()
{
    Random random(2);
    for (unsigned rm = FP_RNE; rm <= FP_RMM; rm++) {
        for_operands<F>(500 + rm, [&](auto a, auto, auto) {
            compare_integers_from<F>(a, rm);
            uint64_t whole = random() >> random.below(64);
            whole = random.below(2) ? whole & ~UINT64_C(0) << random.below(64)
                                    : whole;
            compare_integers_to<F>(random.below(2) ? 0 - whole : whole, rm);
            // near whole numbers and the limits of integers
            uint8_t ignored = 0;
            uint64_t near =
                F::from_u64(whole, rm, &ignored) + random.below(5) - 2;
            compare_integers_from<F>(near ^ (random() & sign_bit<F>()), rm);
        });
    }
}

TEST(FpConvert, IntegersHalf)
{
    compare_integers<Half>();
    for (unsigned a = 0; a < 0x10000; a++) {
        compare_integers_from<Half>(a, a % 5);
    }
}

TEST(FpConvert, IntegersSingle)
{
    compare_integers<Single>();
}

TEST(FpConvert, IntegersDouble)
{
    compare_integers<Double>();
}

template <class To, class From> Outcome converted(uint64_t a, unsigned rm)
{
    long double v = value<From>(a);
    uint64_t sign = a & sign_bit<From>() ? sign_bit<To>() : 0;
    if (std::isnan(v)) {
        return {To::nan, is_signaling<From>(a) ? NV : 0};
    }
    if (std::isinf(v)) {
        return {infinity<To>() | sign, 0};
    }
    return v == 0 ? Outcome{sign, 0} : rounded<To>({v, false}, rm);
}

TEST(FpConvert, Narrower)
{
    for (unsigned rm = FP_RNE; rm <= FP_RMM; rm++) {
        for_operands<Double>(600 + rm, [&](uint64_t a, uint64_t b, uint64_t) {
            uint64_t exp =
                1023 - 150 + (b >> 52) % 300; // what a single can hold
            if (b & 1) {
                a = (a & ~(UINT64_C(0x7ff) << 52)) | exp << 52;
            }
            if (b & 2) { // ties of the narrower ones
                a = b & 4 ? (a >> 28 << 28) : (a >> 41 << 41);
            }
            uint8_t f[3] = {};
            uint64_t s = fp64_to_fp32(a, rm, &f[0]);
            uint64_t h = fp64_to_fp16(a, rm, &f[1]);
            uint64_t sh = fp32_to_fp16(uint32_t(s), rm, &f[2]);
            EXPECT_EQ((Outcome{s, f[0]}), (converted<Single, Double>(a, rm)))
                << rm << std::hex << " " << a;
            EXPECT_EQ((Outcome{h, f[1]}), (converted<Half, Double>(a, rm)))
                << rm << std::hex << " " << a;
            EXPECT_EQ((Outcome{sh, f[2]}), (converted<Half, Single>(s, rm)))
                << rm << std::hex << " " << s;
        });
    }
}

TEST(FpConvert, Wider)
{
    for_operands<Single>(700, [&](uint64_t a, uint64_t, uint64_t) {
        uint8_t f = 0;
        uint64_t d = fp32_to_fp64(uint32_t(a), &f);
        EXPECT_EQ((Outcome{d, f}), (converted<Double, Single>(a, FP_RNE)))
            << std::hex << a;
    });
    for (unsigned a = 0; a < 0x10000; a++) {
        uint8_t f = 0, g = 0;
        uint64_t s = fp16_to_fp32(uint16_t(a), &f);
        uint64_t d = fp16_to_fp64(uint16_t(a), &g);
        EXPECT_EQ((Outcome{s, f}), (converted<Single, Half>(a, FP_RNE)));
        EXPECT_EQ((Outcome{d, g}), (converted<Double, Half>(a, FP_RNE)));
    }
}

// -- comparisons, signs, classes ----------------------------------------------

template <class F> void compare_order()
{
    using U = typename F::U;
    for_operands<F>(800, [&](U a, U b, U) {
        long double x = value<F>(a), y = value<F>(b);
        bool nan = is_nan<F>(a) || is_nan<F>(b);
        unsigned signaling = is_signaling<F>(a) || is_signaling<F>(b) ? NV : 0;
        unsigned any = nan ? NV : 0;
        U lesser = x < y || (x == y && std::signbit(x)) ? a : b;
        U greater = x > y || (x == y && !std::signbit(x)) ? a : b;
        if (nan) {
            lesser = greater = !is_nan<F>(a) ? a : !is_nan<F>(b) ? b : F::nan;
        }
        uint8_t f[5] = {};
        U min = F::min(a, b, &f[0]), max = F::max(a, b, &f[1]);
        bool eq = F::eq(a, b, &f[2]), lt = F::lt(a, b, &f[3]);
        bool le = F::le(a, b, &f[4]);
        bool right = min == lesser && f[0] == signaling && max == greater &&
                     f[1] == signaling && eq == (x == y) && f[2] == signaling &&
                     lt == (x < y) && f[3] == any && le == (x <= y) &&
                     f[4] == any;
        EXPECT_TRUE(right) << std::hex << +a << " " << +b << ": min " << +min
                           << " max " << +max << " eq " << eq << " lt " << lt
                           << " le " << le;
        unsigned kind = is_signaling<F>(a)              ? 8
                        : is_nan<F>(a)                  ? 9
                        : std::isinf(x)                 ? 7
                        : x == 0                        ? 4
                        : fabsl(x) < ldexpl(1, F::emin) ? 5
                                                        : 6;
        if (!is_nan<F>(a) && std::signbit(x)) {
            kind = 7 - kind;
        }
        EXPECT_EQ(F::classify(a), 1u << kind) << std::hex << +a;
    });
}

TEST(FpOrder, Half)
{
    compare_order<Half>();
}

TEST(FpOrder, Single)
{
    compare_order<Single>();
}

TEST(FpOrder, Double)
{
    compare_order<Double>();
}

// -- the entries with the host's FPU ------------------------------------------

template <class Quick, class Soft, class... Args>
void compare_entries(const char *name, Quick quick, Soft soft, Args... args)
{
    for (unsigned before : {0u, 1u}) {
        uint8_t f = uint8_t(before), g = f;
        uint64_t q = quick(args..., &f), s = soft(args..., &g);
        if (q != s || f != g) {
            EXPECT_EQ((Outcome{q, f}), (Outcome{s, g})) << name;
            ((std::cerr << std::hex << " " << args), ...) << "\n";
        }
    }
}

template <class F> void compare_all_entries()
{
    using U = typename F::U;
#define COMPARE(name, ...)                                                     \
    compare_entries(#name, F::name, F::soft_##name, __VA_ARGS__)
    for_operands<F>(900, [&](U a, U b, U c) {
        COMPARE(min, a, b);
        COMPARE(max, a, b);
        COMPARE(eq, a, b);
        COMPARE(lt, a, b);
        COMPARE(le, a, b);
        uint32_t w = uint32_t(a) >> (b & 31);
        uint64_t d = (uint64_t(b) << 32 | w) >> (c & 63);
        for (unsigned rm = FP_RNE; rm <= FP_RMM; rm++) {
            COMPARE(to_i32, a, rm);
            COMPARE(to_u32, a, rm);
            COMPARE(to_i64, a, rm);
            COMPARE(from_i32, w, rm);
            COMPARE(from_u32, w, rm);
            COMPARE(from_i64, d, rm);
        }
    });
#undef COMPARE
}

TEST(FpEntries, Single)
{
    compare_all_entries<Single>();
    for_operands<Single>(901, [](uint32_t a, uint32_t, uint32_t) {
        compare_entries("to_fp64", fp32_to_fp64, fp32_to_fp64_soft, a);
    });
}

TEST(FpEntries, Double)
{
    compare_all_entries<Double>();
    for_operands<Double>(902, [](uint64_t a, uint64_t b, uint64_t) {
        uint64_t exp = 1023 - 150 + (b >> 52) % 300;
        uint64_t in_range = (a & ~(UINT64_C(0x7ff) << 52)) | exp << 52;
        for (unsigned rm = FP_RNE; rm <= FP_RMM; rm++) {
            compare_entries("to_fp32", fp64_to_fp32, fp64_to_fp32_soft, a, rm);
            compare_entries("to_fp32", fp64_to_fp32, fp64_to_fp32_soft,
                            in_range, rm);
        }
    });
}

TEST(FpOrder, Signs)
{
    EXPECT_EQ(fp32_sgnj(0x3f800000, 0xff800001), 0xbf800000u);
    EXPECT_EQ(fp32_sgnjn(0xbf800000, 0x80000000), 0x3f800000u);
    EXPECT_EQ(fp32_sgnjx(0xbf800000, 0x80000000), 0x3f800000u);
    EXPECT_EQ(fp32_sgnjx(0xffc00001, 0), 0xffc00001u); // NaNs keep their bits
    EXPECT_EQ(fp64_sgnj(1, UINT64_C(1) << 63), UINT64_C(1) << 63 | 1);
    EXPECT_EQ(fp64_sgnjn(1, UINT64_C(1) << 63), 1u);
    EXPECT_EQ(fp64_sgnjx(UINT64_C(1) << 63, UINT64_C(1) << 63), 0u);
    EXPECT_EQ(fp16_sgnj(0x3c00, 0x8000), 0xbc00);
    EXPECT_EQ(fp16_sgnjn(0x3c00, 0x8000), 0x3c00);
    EXPECT_EQ(fp16_sgnjx(0xbc00, 0x8000), 0x3c00);
}

} // namespace
