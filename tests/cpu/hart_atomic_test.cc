// Atomics: Volume I, chapter 8. What an AMO leaves in memory and register, and
// when a store-conditional may store, with other harts about.
#include "tests/cpu/hart_kit.h"

namespace
{

using namespace rv;

constexpr uint64_t CELL = RAM + 0x10000;

class HartAtomic : public testing::TestWithParam<Axis>
{
  protected:
    HartAtomic() : xlen(GetParam().xlen), b(axis_options(GetParam()))
    {
        b.catch_traps();
        other = b.make_hart(RAM);
        for (Hart *h : {b.hart, other}) {
            hart_set_x(h, s0, CELL);
        }
    }
    // Each hart has code of its own, in a page without data.
    void run(Hart *h, std::vector<uint32_t> code)
    {
        uint64_t at = h == b.hart ? RAM + 0x1000 : RAM + 0x2000;
        uint64_t n = code.size();
        code.push_back(self());
        b.put_code(at, code);
        hart_set_pc(h, at);
        hart_limit(h, hart_counters(h).instructions + n);
        hart_run(h, hart_time(h) + 1000000000);
    }
    // What a store-conditional of a1 answers; whether it stored must fit.
    bool stores(unsigned bytes, unsigned base = s0)
    {
        uint64_t at = b.x(base), before = b.get(at, bytes);
        hart_set_x(b.hart, a1, ++value);
        run(b.hart, {sc(bytes, a0, a1, base)});
        bool stored = b.x(a0) == 0;
        EXPECT_LE(b.x(a0), 1u);
        EXPECT_EQ(b.get(at, bytes), stored ? value : before);
        return stored;
    }
    std::vector<unsigned> widths() const
    {
        return xlen == 64 ? std::vector<unsigned>{4, 8}
                          : std::vector<unsigned>{4};
    }
    static uint64_t cut(uint64_t v, unsigned bytes)
    {
        return bytes == 8 ? v : static_cast<uint32_t>(v);
    }

    unsigned xlen;
    Board b;
    Hart *other;
    uint64_t value = 0x1000;
};
ON_ALL_AXES(HartAtomic);

TEST_P(HartAtomic, ReadModifyWrite)
{
    const uint64_t corners[] = {0,
                                1,
                                0x7fffffff,
                                0x80000000,
                                0xffffffff,
                                0x123456789abcdef0,
                                0x8000000000000000,
                                0x7fffffffffffffff,
                                ~UINT64_C(0)};
    for (unsigned bytes : widths()) {
        for (unsigned f5 : {0u, 1u, 4u, 8u, 12u, 16u, 20u, 24u, 28u}) {
            for (uint64_t left : corners) {
                for (uint64_t right : corners) {
                    const uint64_t o = cut(left, bytes), r = cut(right, bytes);
                    const auto less = [&](uint64_t x, uint64_t y) {
                        return bytes == 8 ? static_cast<int64_t>(x) <
                                                static_cast<int64_t>(y)
                                          : static_cast<int32_t>(x) <
                                                static_cast<int32_t>(y);
                    };
                    const uint64_t want = f5 == 0    ? o + r
                                          : f5 == 1  ? r
                                          : f5 == 4  ? o ^ r
                                          : f5 == 8  ? o | r
                                          : f5 == 12 ? o & r
                                          : f5 == 16 ? (less(o, r) ? o : r)
                                          : f5 == 20 ? (less(o, r) ? r : o)
                                          : f5 == 24 ? (o < r ? o : r)
                                                     : (o < r ? r : o);
                    b.put64(CELL, 0x5a5a5a5a5a5a5a5a);
                    b.put(CELL, &o, bytes);
                    b.set(a1, right);
                    run(b.hart, {amo(f5, bytes, a0, a1, s0)});
                    SCOPED_TRACE(testing::Message()
                                 << f5 << " of " << std::hex << o << ", " << r);
                    const int64_t old = bytes == 8 ? static_cast<int64_t>(o)
                                                   : static_cast<int32_t>(o);
                    ASSERT_EQ(b.x(a0), b.sx(old));
                    ASSERT_EQ(b.get(CELL, bytes), cut(want, bytes));
                    ASSERT_EQ(b.get(CELL + bytes, 8),
                              bytes == 8
                                  ? b.get(CELL + 8, 8)
                                  : 0x5a5a5a5a | b.get(CELL + 8, 4) << 32);
                }
            }
        }
    }
    EXPECT_TRUE(b.traps.empty());
}

TEST_P(HartAtomic, WhatTraps)
{
    for (unsigned bytes : widths()) {
        for (int by : {1, 2, 3, bytes == 8 ? 4 : 1}) {
            b.set(s1, CELL + static_cast<unsigned>(by));
            b.traps.clear();
            b.run_code({lr(bytes, a0, s1)}, 1);
            b.run_code({sc(bytes, a0, a1, s1)}, 1);
            b.run_code({amo(0, bytes, a0, a1, s1)}, 1);
            const std::vector<Trap> want = {
                {4, b.x(s1), RAM}, {6, b.x(s1), RAM}, {6, b.x(s1), RAM}};
            EXPECT_EQ(b.traps, want);
        }
        for (uint64_t at : {uint64_t{IO}, uint64_t{HOLE}, uint64_t{ROM}}) {
            SCOPED_TRACE(at);
            b.set(s1, at);
            b.traps.clear();
            std::vector<Trap> want = {{5, at, RAM}, {7, at, RAM}, {7, at, RAM}};
            if (at == ROM) { // it can be read
                want.erase(want.begin());
            }
            b.run_code({lr(bytes, a0, s1)}, 1);
            b.run_code({sc(bytes, a0, a1, s1)}, 1);
            b.run_code({amo(0, bytes, a0, a1, s1)}, 1);
            EXPECT_EQ(b.traps, want);
        }
    }
    EXPECT_TRUE(b.device.calls.empty());
}

TEST_P(HartAtomic, LoadReservedExtends)
{
    for (unsigned bytes : widths()) {
        b.put64(CELL, 0x8123456789abcdef);
        run(b.hart, {lr(bytes, a0, s0)});
        EXPECT_EQ(b.x(a0), b.sx(bytes == 8 ? INT64_C(-0x7edcba9876543211)
                                           : INT32_C(-0x76543211)));
        EXPECT_TRUE(stores(bytes));
    }
}

TEST_P(HartAtomic, OneStoreForOneLoad)
{
    for (unsigned bytes : widths()) {
        EXPECT_FALSE(stores(bytes)) << "nothing was reserved";
        run(b.hart, {lr(bytes, a0, s0)});
        EXPECT_TRUE(stores(bytes));
        EXPECT_FALSE(stores(bytes)) << "it was used up";
        run(b.hart, {lr(bytes, a0, s0)});
        b.set(s1, CELL + 0x40);
        EXPECT_FALSE(stores(bytes, s1)) << "another address";
        EXPECT_FALSE(stores(bytes)) << "and that ended it";
        run(b.hart, {lr(bytes, a0, s0), lr(bytes, a0, s1)});
        EXPECT_FALSE(stores(bytes)) << "a later load took its place";
        run(b.hart, {lr(bytes, a0, s0), lr(bytes, a0, s1)});
        EXPECT_TRUE(stores(bytes, s1));
    }
    if (xlen == 64) {
        run(b.hart, {lr(4, a0, s0)});
        EXPECT_FALSE(stores(8)) << "more than was reserved";
        run(b.hart, {lr(8, a0, s0)});
        EXPECT_FALSE(stores(4)) << "of another size";
    }
}

// Bytes from `begin` to `end` around the reservation, by each way of storing.
TEST_P(HartAtomic, StoresOfOthersEndIt)
{
    struct Way {
        std::vector<uint32_t> code;
        int begin, end;
        bool stores = true;
    };
    for (unsigned bytes : widths()) {
        const int n = static_cast<int>(bytes);
        const std::vector<Way> ways = {
            {{store(B, a1, 0, s0)}, 0, 1},
            {{store(B, a1, n - 1, s0)}, n - 1, n},
            {{store(B, a1, -1, s0)}, -1, 0},
            {{store(B, a1, n, s0)}, n, n + 1},
            {{store(H, a1, -1, s0)}, -1, 1}, // misaligned
            {{store(W, a1, n - 1, s0)}, n - 1, n + 3},
            {{store(W, a1, -4, s0)}, -4, 0},
            {{amo(1, 4, a0, a1, s0)}, 0, 4},
            {{lr(4, a0, s0), sc(4, a0, a1, s0)}, 0, 4},
            {{lr(4, a0, s0)}, 0, 4, false},
            {{load(W, a0, 0, s0)}, 0, 4, false},
            {{sc(4, a0, a1, s0)}, 0, 4, false}, // fails
        };
        for (size_t i = 0; i < ways.size(); i++) {
            SCOPED_TRACE(testing::Message() << bytes << " bytes, way " << i);
            const Way &way = ways[i];
            // Both have been there before, by their shortest ways.
            run(other, {store(W, a2, 0x100, s0), store(W, a2, 0x100, s0)});
            run(b.hart, {store(W, a2, 0x200, s0), store(W, a2, 0x200, s0)});
            run(b.hart, {lr(bytes, a0, s0)});
            run(other, way.code);
            const bool ends = way.stores && way.begin < n && way.end > 0;
            EXPECT_EQ(stores(bytes), !ends);
        }
    }
}

TEST_P(HartAtomic, OwnStoresAndLoadsDoNot)
{
    run(b.hart, {lr(4, a0, s0), load(W, a2, 0, s0), store(W, a2, 4, s0),
                 store(W, a2, 0, s0)});
    EXPECT_TRUE(stores(4));
}

// A device writes.
TEST_P(HartAtomic, DirectAccessesEndIt)
{
    const uint8_t byte = 3;
    for (int at : {-1, 0, 3, 4}) {
        SCOPED_TRACE(at);
        run(b.hart, {lr(4, a0, s0)});
        address_space_write(&b.as, CELL + static_cast<uint64_t>(int64_t{at}),
                            MemTxAttrs{}, &byte, 1);
        EXPECT_EQ(stores(4), at < 0 || at > 3);
    }
}

// Of two that hold the same, the first that stores wins.
TEST_P(HartAtomic, TheFirstWins)
{
    run(b.hart, {lr(4, a0, s0)});
    run(other, {lr(4, a0, s0)});
    EXPECT_TRUE(stores(4));
    run(other, {sc(4, a0, a1, s0)});
    EXPECT_EQ(hart_x(other, a0), 1u);
}

} // namespace
