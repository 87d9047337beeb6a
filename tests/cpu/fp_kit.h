// What the tests of cpu/fp.h share: formats, operands, and rounding done again
// in long double.
#ifndef TESTS_CPU_FP_KIT_H
#define TESTS_CPU_FP_KIT_H

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <ostream>
#include <vector>

#include "cpu/fp.h"

namespace fp_kit
{

// The flags as unsigned numbers.
constexpr unsigned NX = FP_NX, UF = FP_UF, OF = FP_OF, DZ = FP_DZ, NV = FP_NV;

// -- formats ------------------------------------------------------------------

enum Op { ADD, SUB, MUL, DIV, SQRT, FMA, OPS };
const char *const op_name[] = {"add", "sub", "mul", "div", "sqrt", "fma"};

#define FORMAT(F, T, B, host, f, softly, P, E, N)                              \
    struct F {                                                                 \
        using U = T;                                                           \
        using Host = host;                                                     \
        static constexpr int bits = B, p = P, emax = E, emin = 1 - E;          \
        static constexpr U nan = N;                                            \
        static U soft(Op op, U a, U b, U c, unsigned rm, uint8_t *flags)       \
        {                                                                      \
            switch (op) {                                                      \
            case ADD: return f##_add##softly(a, b, rm, flags);                 \
            case SUB: return f##_sub##softly(a, b, rm, flags);                 \
            case MUL: return f##_mul##softly(a, b, rm, flags);                 \
            case DIV: return f##_div##softly(a, b, rm, flags);                 \
            case SQRT: return f##_sqrt##softly(a, rm, flags);                  \
            default: return f##_fma##softly(a, b, c, rm, flags);               \
            }                                                                  \
        }                                                                      \
        static U fast(Op op, U a, U b, U c, unsigned rm, uint8_t *flags)       \
        {                                                                      \
            switch (op) {                                                      \
            case ADD: return f##_add(a, b, rm, flags);                         \
            case SUB: return f##_sub(a, b, rm, flags);                         \
            case MUL: return f##_mul(a, b, rm, flags);                         \
            case DIV: return f##_div(a, b, rm, flags);                         \
            case SQRT: return f##_sqrt(a, rm, flags);                          \
            default: return f##_fma(a, b, c, rm, flags);                       \
            }                                                                  \
        }                                                                      \
        static constexpr auto to_i32 = f##_to_i32, to_u32 = f##_to_u32;        \
        static constexpr auto to_i64 = f##_to_i64, to_u64 = f##_to_u64;        \
        static constexpr auto from_i32 = f##_from_i32;                         \
        static constexpr auto from_u32 = f##_from_u32;                         \
        static constexpr auto from_i64 = f##_from_i64;                         \
        static constexpr auto from_u64 = f##_from_u64;                         \
        static constexpr auto min = f##_min, max = f##_max;                    \
        static constexpr auto eq = f##_eq, lt = f##_lt, le = f##_le;           \
        /* the same in integer code */                                         \
        static constexpr auto soft_to_i32 = f##_to_i32##softly;                \
        static constexpr auto soft_to_u32 = f##_to_u32##softly;                \
        static constexpr auto soft_to_i64 = f##_to_i64##softly;                \
        static constexpr auto soft_from_i32 = f##_from_i32##softly;            \
        static constexpr auto soft_from_u32 = f##_from_u32##softly;            \
        static constexpr auto soft_from_i64 = f##_from_i64##softly;            \
        static constexpr auto soft_min = f##_min##softly;                      \
        static constexpr auto soft_max = f##_max##softly;                      \
        static constexpr auto soft_eq = f##_eq##softly;                        \
        static constexpr auto soft_lt = f##_lt##softly;                        \
        static constexpr auto soft_le = f##_le##softly;                        \
        static constexpr auto classify = f##_class;                            \
    };
FORMAT(Half, uint16_t, 16, void, fp16, , 11, 15, 0x7e00)
FORMAT(Single, uint32_t, 32, float, fp32, _soft, 24, 127, 0x7fc00000)
FORMAT(Double, uint64_t, 64, double, fp64, _soft, 53, 1023, 0x7ff8000000000000)
#undef FORMAT

template <class F> constexpr uint64_t sign_bit()
{
    return UINT64_C(1) << (F::bits - 1);
}
template <class F> constexpr uint64_t infinity()
{
    return uint64_t(2 * F::emax + 1) << (F::p - 1);
}
template <class F> uint64_t magnitude(uint64_t v)
{
    return v & ~sign_bit<F>();
}
template <class F> bool is_nan(uint64_t v)
{
    return magnitude<F>(v) > infinity<F>();
}
template <class F> bool is_signaling(uint64_t v)
{
    return is_nan<F>(v) && !(v >> (F::p - 2) & 1);
}

// The number a pattern stands for.
template <class F> long double value(uint64_t v)
{
    uint64_t m = magnitude<F>(v);
    uint64_t frac = m & ((UINT64_C(1) << (F::p - 1)) - 1);
    int exp = int(m >> (F::p - 1));
    long double r =
        m >= infinity<F>() ? (frac ? NAN : HUGE_VALL)
        : exp ? ldexpl((long double)(frac | UINT64_C(1) << (F::p - 1)),
                       exp - F::emax - (F::p - 1))
              : ldexpl((long double)frac, F::emin - (F::p - 1));
    return v & sign_bit<F>() ? -r : r;
}

// -- operands -----------------------------------------------------------------

class Random
{
  public:
    explicit Random(uint64_t seed) : state(seed) {}
    uint64_t operator()()
    {
        uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
    }
    unsigned below(unsigned n) { return unsigned((*this)() % n); }

  private:
    uint64_t state;
};

template <class F> std::vector<uint64_t> specials()
{
    uint64_t one = uint64_t(F::emax) << (F::p - 1), inf = infinity<F>();
    uint64_t least = UINT64_C(1) << (F::p - 1);
    std::vector<uint64_t> v = {0,
                               1,
                               2,
                               3,
                               least - 1,
                               least,
                               least + 1,
                               2 * least - 1,
                               2 * least,
                               one - 1,
                               one,
                               one + 1,
                               one - least,
                               one + least / 2,
                               one + least,
                               inf - 1,
                               inf - least,
                               inf,
                               F::nan,
                               inf + 1,
                               inf + least - 1};
    for (size_t n = v.size(), i = 0; i < n; i++) {
        v.push_back(v[i] | sign_bit<F>());
    }
    return v;
}

// A number with the shapes that make rounding hard; `near` came before it.
template <class F> uint64_t number(Random &random, uint64_t near)
{
    constexpr unsigned frac_bits = F::p - 1;
    constexpr uint64_t top = 2 * F::emax + 1;
    uint64_t frac = random() & ((UINT64_C(1) << frac_bits) - 1);
    uint64_t exp = uint64_t(F::emax) - 4 + random.below(8);
    uint64_t place = UINT64_C(1) << random.below(frac_bits);
    switch (random.below(12)) {
    case 0: exp = random() & top; break;
    case 1: exp = random.below(4); break;
    case 2: exp = top - 1 - random.below(4); break;
    case 3: frac &= ~(place - 1); break;
    case 4: frac |= place - 1; break;
    case 5: frac = place; break;
    case 6: frac = 0; break;
    case 7: return near ^ (random() & 7);
    case 8: return near ^ place ^ sign_bit<F>();
    case 9: return (near ^ sign_bit<F>()) + random.below(3) - 1;
    case 10:
        exp = ((near >> frac_bits) + frac_bits + random.below(4)) & top;
        break;
    default: exp = F::emax / 2 + 1 - 4 + random.below(8); break;
    }
    return (exp & top) << frac_bits | frac | (random() & sign_bit<F>());
}

// How many random operands a test takes.
inline unsigned rounds()
{
    const char *text = std::getenv("FP_ROUNDS");
    return text ? unsigned(std::strtoul(text, nullptr, 10)) : 6000;
}

// Calls fn(a, b, c) on all pairs of special values, and random ones.
template <class F, class Fn> void for_operands(uint64_t seed, Fn fn)
{
    static const std::vector<uint64_t> special = specials<F>();
    using U = typename F::U;
    Random random(seed);
    for (uint64_t a : special) {
        for (uint64_t b : special) {
            fn(U(a), U(b), U(special[random.below(unsigned(special.size()))]));
        }
    }
    uint64_t a = 1, b = 1, c = 1;
    for (unsigned i = rounds(); i-- > 0 && !testing::Test::HasFailure();) {
        a = number<F>(random, c);
        b = number<F>(random, a);
        c = number<F>(random, b);
        if (random.below(4) == 0) { // close to minus the product
            uint8_t flags = 0;
            c = F::soft(MUL, U(a), U(b), 0, random.below(5), &flags) ^
                sign_bit<F>();
            c += random.below(3) - 1;
        }
        fn(U(a), U(b), U(c));
    }
}

struct Outcome {
    uint64_t bits;
    unsigned flags;
    bool operator==(const Outcome &o) const
    {
        return bits == o.bits && flags == o.flags;
    }
};
std::ostream &operator<<(std::ostream &os, const Outcome &o)
{
    return os << std::hex << o.bits << " flags " << o.flags;
}

// -- rounding ----------------------------------------------------------------

const int host_mode[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};

class HostMode
{
  public:
    explicit HostMode(int mode) { std::fesetround(mode); }
    ~HostMode() { std::fesetround(FE_TONEAREST); }
};

struct Truncated {
    long double v; // toward zero
    bool more;     // something was cut off
};

// Rounds what is not 0 to a format.
template <class F> Outcome rounded(Truncated t, unsigned rm)
{
    bool sign = std::signbit(t.v), inexact;
    long double x = fabsl(t.v);
    auto in_units_of = [&](int ulp) {
        long double s = ldexpl(x, -ulp), whole = floorl(s), part = s - whole;
        bool odd = fmodl(whole, 2) != 0, up = false;
        inexact = part > 0 || t.more;
        switch (rm) {
        case FP_RNE:
            up = part > 0.5L || (part == 0.5L && (t.more || odd));
            break;
        case FP_RDN: up = sign && inexact; break;
        case FP_RUP: up = !sign && inexact; break;
        case FP_RMM: up = part >= 0.5L; break;
        default: break;
        }
        return whole + up;
    };
    int e = ilogbl(x);
    bool tiny =
        ldexpl(in_units_of(e - F::p + 1), e - F::p + 1) < ldexpl(1, F::emin);
    int ulp = std::max(e, F::emin) - F::p + 1;
    long double n = in_units_of(ulp);
    unsigned flags = (inexact ? NX : 0) | (inexact && tiny ? UF : 0);
    uint64_t bits;
    if (ldexpl(n, ulp) >= ldexpl(1, F::emax + 1)) {
        bool away =
            rm == FP_RNE || rm == FP_RMM || rm == (sign ? FP_RDN : FP_RUP);
        flags = OF | NX;
        bits = infinity<F>() - !away;
    } else {
        bits =
            (uint64_t(ulp - (F::emin - F::p + 1)) << (F::p - 1)) + uint64_t(n);
    }
    return {bits | (sign ? sign_bit<F>() : 0), flags};
}

} // namespace fp_kit

#endif
