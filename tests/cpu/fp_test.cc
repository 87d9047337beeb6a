// IEEE arithmetic against two witnesses that share nothing with it: the host's
// FPU in the four rounding modes it has, flags included, and long double
// computed toward zero and rounded by the test (ties away, binary16).
#include <type_traits>

#include "tests/cpu/fp_kit.h"

using namespace fp_kit;

namespace
{

// -- the first witness: the host's FPU ----------------------------------------

unsigned host_flags()
{
    int e = std::fetestexcept(FE_ALL_EXCEPT);
    return unsigned((e & FE_INEXACT ? NX : 0) | (e & FE_UNDERFLOW ? UF : 0) |
                    (e & FE_OVERFLOW ? OF : 0) | (e & FE_DIVBYZERO ? DZ : 0) |
                    (e & FE_INVALID ? NV : 0));
}

template <class H> H hosted(uint64_t bits)
{
    std::conditional_t<sizeof(H) == 4, uint32_t, uint64_t> v =
        decltype(v)(bits);
    H h;
    memcpy(&h, &v, sizeof(h));
    return h;
}
template <class H> uint64_t bits_of(H h)
{
    std::conditional_t<sizeof(H) == 4, uint32_t, uint64_t> v;
    memcpy(&v, &h, sizeof(v));
    return v;
}

// volatile: computed between the two looks at the flags, not by the compiler.
template <class F> Outcome on_host(Op op, uint64_t a, uint64_t b, uint64_t c)
{
    using H = typename F::Host;
    volatile H x = hosted<H>(a), y = hosted<H>(b), z = hosted<H>(c), r;
    std::feclearexcept(FE_ALL_EXCEPT);
    switch (op) {
    case ADD: r = x + y; break;
    case SUB: r = x - y; break;
    case MUL: r = x * y; break;
    case DIV: r = x / y; break;
    case SQRT: r = std::sqrt(x); break;
    default: r = std::fma(x, y, z); break;
    }
    unsigned flags = host_flags();
    uint64_t bits = bits_of<H>(r);
    bool zero_inf = (!magnitude<F>(a) && magnitude<F>(b) == infinity<F>()) ||
                    (!magnitude<F>(b) && magnitude<F>(a) == infinity<F>());
    if (op == FMA && zero_inf) { // the host is free to be quiet when c is NaN
        flags |= NV;
    }
    return {is_nan<F>(bits) ? F::nan : bits, flags};
}

template <class F> void compare_with_host()
{
    for (unsigned rm = FP_RNE; rm <= FP_RUP; rm++) {
        HostMode mode(host_mode[rm]);
        for (unsigned op = 0; op < OPS; op++) {
            for_operands<F>(rm * OPS + op, [&](auto a, auto b, auto c) {
                uint8_t flags = 0;
                uint64_t r = F::soft(Op(op), a, b, c, rm, &flags);
                Outcome host = on_host<F>(Op(op), a, b, c);
                if (r != host.bits || flags != host.flags) {
                    EXPECT_EQ((Outcome{r, flags}), host)
                        << op_name[op] << " rm " << rm << std::hex << " " << +a
                        << " " << +b << " " << +c;
                }
            });
        }
    }
}

TEST(FpHost, Single)
{
    compare_with_host<Single>();
}

TEST(FpHost, Double)
{
    compare_with_host<Double>();
}

// The inline entries must answer as the integer code, whatever was raised.
template <class F> void compare_fast()
{
    for (unsigned op = 0; op < OPS; op++) {
        for_operands<F>(100 + op, [&](auto a, auto b, auto c) {
            for (unsigned before : {0u, 1u, 31u}) {
                uint8_t slow_flags = uint8_t(before), fast_flags = slow_flags;
                uint64_t slow = F::soft(Op(op), a, b, c, FP_RNE, &slow_flags);
                uint64_t fast = F::fast(Op(op), a, b, c, FP_RNE, &fast_flags);
                if (slow != fast || slow_flags != fast_flags) {
                    EXPECT_EQ((Outcome{fast, fast_flags}),
                              (Outcome{slow, slow_flags}))
                        << op_name[op] << std::hex << " " << +a << " " << +b
                        << " " << +c;
                }
            }
            uint8_t flags = FP_NX, same = FP_NX;
            EXPECT_EQ(F::fast(Op(op), a, b, c, FP_RUP, &flags),
                      F::soft(Op(op), a, b, c, FP_RUP, &same));
            EXPECT_EQ(flags, same);
        });
    }
}

TEST(FpFast, Single)
{
    compare_fast<Single>();
}

TEST(FpFast, Double)
{
    compare_fast<Double>();
}

// -- the second witness: long double toward zero ------------------------------

// A product of two doubles is too long for a long double, but fmal is right in
// every mode.
template <class F>
Truncated wide(Op op, uint64_t a, uint64_t b, uint64_t c, int mode)
{
    volatile long double x = value<F>(a), y = value<F>(b), z = value<F>(c), r;
    HostMode in(mode);
    std::feclearexcept(FE_ALL_EXCEPT);
    switch (op) {
    case ADD: r = x + y; break;
    case SUB: r = x - y; break;
    case MUL: r = x * y; break;
    case DIV: r = x / y; break;
    case SQRT: r = sqrtl(x); break;
    default: r = fmal(x, y, z); break;
    }
    return {r, std::fetestexcept(FE_INEXACT) != 0};
}

template <class F>
Outcome by_long_double(Op op, uint64_t a, uint64_t b, uint64_t c, unsigned rm)
{
    unsigned operands = op == SQRT ? 1 : op == FMA ? 3 : 2;
    uint64_t v[] = {a, b, c};
    bool nan = false, signaling = false;
    for (unsigned i = 0; i < operands; i++) {
        nan |= is_nan<F>(v[i]);
        signaling |= is_signaling<F>(v[i]);
    }
    Truncated t = wide<F>(op, a, b, c, FE_TOWARDZERO);
    uint64_t sign = std::signbit(t.v) ? sign_bit<F>() : 0;
    if (std::isnan(t.v)) {
        bool zero_inf = op == FMA && !is_nan<F>(a) && !is_nan<F>(b) &&
                        std::isnan(value<F>(a) * value<F>(b));
        return {F::nan, !nan || signaling || zero_inf ? NV : 0};
    }
    if (std::isinf(t.v)) {
        return {infinity<F>() | sign,
                op == DIV && std::isfinite(value<F>(a)) ? DZ : 0};
    }
    if (t.v == 0) { // exact: a long double does not underflow here
        t = wide<F>(op, a, b, c, host_mode[rm % FP_RMM]);
        return {std::signbit(t.v) ? sign_bit<F>() : 0, 0};
    }
    return rounded<F>(t, rm);
}

template <class F>
void compare_with_long_double(Op op, uint64_t a, uint64_t b, uint64_t c,
                              unsigned rm)
{
    using U = typename F::U;
    uint8_t flags = 0;
    uint64_t r = F::soft(op, U(a), U(b), U(c), rm, &flags);
    Outcome expected = by_long_double<F>(op, a, b, c, rm);
    if (r != expected.bits || flags != expected.flags) {
        EXPECT_EQ((Outcome{r, flags}), expected)
            << op_name[op] << " rm " << rm << std::hex << " " << a << " " << b
            << " " << c;
    }
}

template <class F> void compare_ties_away()
{
    for (unsigned op = 0; op < OPS; op++) {
        for_operands<F>(200 + op, [&](auto a, auto b, auto c) {
            compare_with_long_double<F>(Op(op), a, b, c, FP_RMM);
        });
    }
}

TEST(FpTiesAway, Single)
{
    compare_ties_away<Single>();
}

TEST(FpTiesAway, Double)
{
    compare_ties_away<Double>();
}

// The witness itself must agree with the host where both can speak.
TEST(FpTiesAway, WitnessAgreesWithTheHost)
{
    for_operands<Double>(300, [&](auto a, auto b, auto c) {
        for (unsigned rm = FP_RNE; rm <= FP_RUP; rm++) {
            compare_with_long_double<Double>(Op((a ^ b) % OPS), a, b, c, rm);
        }
    });
}

TEST(FpHalf, Arithmetic)
{
    for (unsigned op = 0; op < OPS; op++) {
        for (unsigned rm = FP_RNE; rm <= FP_RMM; rm++) {
            for_operands<Half>(400 + op * 5 + rm, [&](auto a, auto b, auto c) {
                compare_with_long_double<Half>(Op(op), a, b, c, rm);
            });
        }
    }
}

TEST(FpHalf, EveryRoot)
{
    for (unsigned a = 0; a < 0x10000; a++) {
        compare_with_long_double<Half>(SQRT, a, 0, 0, a % 5);
    }
}

// Every half with a few others, in all modes; with more of them when long.
TEST(FpHalf, EveryOperand)
{
    Random random(1);
    for (unsigned n = 1 + rounds() / 10000; n-- > 0;) {
        uint64_t b = number<Half>(random, 0x3c00), c = number<Half>(random, b);
        for (unsigned a = 0; a < 0x10000 && !HasFailure(); a++) {
            compare_with_long_double<Half>(
                Op(a % 4 == 3 ? unsigned(FMA) : a % 4), a, b, c,
                (a / 4 + n) % 5);
        }
    }
}

} // namespace
