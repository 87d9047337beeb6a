// hart_multi_test.cc - two harts and a reservation: what ends it, what does
// not. Volume I, section 8.2; which bytes are reserved: docs/harts.md.

#include "tests/cpu/hart_kit.h"

namespace
{

using namespace rv;

enum : uint64_t { WORD = RAM + 0x8008, STAGE = RAM + 0x4000 };
enum : unsigned { AT = 8, VALUE = 9, RESULT = 10 };

class HartMulti : public testing::TestWithParam<Axis>
{
  protected:
    HartMulti() : b(options()), other(b.make_hart(STAGE))
    {
        // Both use the page before it is watched, so inline entries are open.
        for (Hart *h : {b.hart, other}) {
            act(h, store(W, 0, 0, AT), WORD);
            act(h, load(W, RESULT, 0, AT), WORD);
        }
    }
    static BoardOptions options()
    {
        BoardOptions o = axis_options(GetParam());
        o.isa = "imac_zicsr_zifencei_zicboz";
        return o;
    }
    // One instruction of a hart, whose address and value are in x8 and x9. It
    // stands in a block, so that its fast form is executed.
    void act(Hart *h, uint32_t word, uint64_t at, uint64_t value = 0)
    {
        const uint64_t pc = STAGE + 0x1000 * hart_config(h)->hartid;
        b.put_code(pc, {nop(), word, nop(), self()});
        hart_set_pc(h, pc);
        hart_set_x(h, AT, at);
        hart_set_x(h, VALUE, value);
        hart_limit(h, hart_counters(h).instructions + 40);
        hart_run(h, hart_time(h) + PS_PER_SECOND);
        EXPECT_TRUE(b.traps.empty()) << std::hex << word;
    }
    void reserve(Hart *h, unsigned bytes = 4, uint64_t at = WORD)
    {
        act(h, lr(bytes, RESULT, AT), at);
    }
    bool store_conditional(Hart *h, uint64_t value = 77, unsigned bytes = 4,
                           uint64_t at = WORD)
    {
        const uint64_t before = b.get(at, bytes);
        act(h, sc(bytes, RESULT, VALUE, AT), at, value);
        const bool stored = hart_x(h, RESULT) == 0;
        EXPECT_EQ(b.get(at, bytes), stored ? value : before);
        return stored;
    }

    Board b;
    Hart *other;
};
ON_ALL_AXES(HartMulti);

TEST_P(HartMulti, AStoreOfAnotherHartToTheBytesEndsIt)
{
    struct Case {
        uint32_t word;
        int offset;
        bool ends;
    };
    std::vector<Case> cases = {
        {store(W, VALUE, 0, AT), 0, true},
        {store(H, VALUE, 0, AT), 2, true},
        {store(B, VALUE, 0, AT), 3, true},
        {store(W, VALUE, 0, AT), -2, true}, // misaligned: two of its bytes
        {store(W, VALUE, 0, AT), 3, true},
        {store(B, VALUE, 0, AT), 4, false},
        {store(B, VALUE, 0, AT), -1, false},
        {store(W, VALUE, 0, AT), 4, false},
        {store(W, VALUE, 0, AT), -4, false},
        {store(W, VALUE, 0, AT), -5, false},
        {store(W, VALUE, 0, AT), 0x1000, false},
        {load(W, RESULT, 0, AT), 0, false},
        {lr(4, RESULT, AT), 0, false},
        {sc(4, RESULT, VALUE, AT), 0, false}, // fails: stores nothing
        {amo(0, 4, RESULT, VALUE, AT), 0, true},
        {amo(1, 4, RESULT, VALUE, AT), 0, true},
        {amo(8, 4, RESULT, zero, AT), 0, true}, // the same value again
        {amo(0, 4, RESULT, VALUE, AT), 4, false},
        {amo(0, 4, RESULT, VALUE, AT), -4, false},
        {0x0040200f | AT << 15, 0x20, true}, // cbo.zero of its block
        {0x0040200f | AT << 15, 0x40, false},
    };
    if (GetParam().xlen == 64) {
        cases.push_back({store(D, VALUE, 0, AT), 0, true});
        cases.push_back({store(D, VALUE, 0, AT), -4, true});
        cases.push_back({store(D, VALUE, 0, AT), 8, false});
        cases.push_back({amo(0, 8, RESULT, VALUE, AT), 0, true});
    }
    for (const Case &c : cases) {
        SCOPED_TRACE(testing::Message()
                     << std::hex << c.word << " at " << std::dec << c.offset);
        reserve(b.hart);
        act(other, c.word, WORD + static_cast<uint64_t>(c.offset), 5);
        EXPECT_EQ(store_conditional(b.hart), !c.ends);
    }
}

TEST_P(HartMulti, AllBytesOfTheLoadAreReserved)
{
    if (GetParam().xlen == 32) {
        return;
    }
    for (int offset : {-1, 0, 4, 7, 8}) {
        reserve(b.hart, 8);
        act(other, store(B, VALUE, 0, AT),
            WORD + static_cast<uint64_t>(offset));
        EXPECT_EQ(store_conditional(b.hart, 3, 8), offset < 0 || offset > 7)
            << offset;
    }
}

TEST_P(HartMulti, TheFirstToStoreWins)
{
    reserve(b.hart);
    reserve(other);
    EXPECT_TRUE(store_conditional(other, 5));
    EXPECT_FALSE(store_conditional(b.hart, 6));
    EXPECT_FALSE(store_conditional(other, 7)); // each is good for one
    // Reservations of different words stand side by side.
    reserve(b.hart);
    reserve(other, 4, WORD + 4);
    EXPECT_TRUE(store_conditional(b.hart, 6));
    act(other, sc(4, RESULT, VALUE, AT), WORD + 4, 9);
    EXPECT_EQ(b.get(WORD + 4, 4), 9u);
}

TEST_P(HartMulti, OnesOwnReservation)
{
    EXPECT_FALSE(store_conditional(b.hart)); // there is none
    reserve(b.hart);
    EXPECT_TRUE(store_conditional(b.hart));
    EXPECT_FALSE(store_conditional(b.hart)); // it was used up
    reserve(b.hart);
    reserve(b.hart, 4, WORD + 16); // one at a time
    EXPECT_FALSE(store_conditional(b.hart));
    reserve(b.hart);
    act(b.hart, sc(4, RESULT, VALUE, AT), WORD + 16); // fails and ends it
    EXPECT_EQ(hart_x(b.hart, RESULT), 1u);
    EXPECT_FALSE(store_conditional(b.hart));
    reserve(b.hart);
    act(b.hart, store(W, VALUE, 0, AT), WORD + 16);
    EXPECT_TRUE(store_conditional(b.hart));
    reserve(b.hart);
    hart_reset(b.hart);
    EXPECT_FALSE(store_conditional(b.hart));
}

// When the last reservation in a page is gone, its entries may open again: what
// was seen through them before must not be stale, and new ones be seen too.
TEST_P(HartMulti, AgainAndAgain)
{
    for (unsigned n = 0; n < 50; n++) {
        reserve(b.hart);
        act(other, store(W, VALUE, 0, AT), WORD + (n % 2 ? 0 : 64), n);
        EXPECT_EQ(store_conditional(b.hart, n), n % 2 == 0) << n;
        act(other, load(W, RESULT, 0, AT), WORD);
        EXPECT_EQ(hart_x(other, RESULT), n);
    }
}

// Code of one hart that another one writes is decoded anew by both.
TEST_P(HartMulti, CodeWrittenByTheOtherHart)
{
    const uint64_t code = RAM + 0x2000;
    b.put_code(code, {addi(RESULT, zero, 1), self()});
    for (int n = 1; n < 20; n++) {
        for (Hart *h : {b.hart, other}) {
            hart_set_pc(h, code);
            hart_limit(h, hart_counters(h).instructions + 30);
            hart_run(h, hart_time(h) + PS_PER_SECOND);
            EXPECT_EQ(hart_x(h, RESULT), static_cast<uint64_t>(n));
        }
        act(n % 2 ? other : b.hart, store(W, VALUE, 0, AT), code,
            addi(RESULT, zero, n + 1));
    }
}

} // namespace
