// The finisher: what ends the run, and what does not.
#include "soc/sifive_test.h"
#include "tests/soc/bench.h"

namespace
{

struct Finisher : Bench<SifiveTest> {
    Finisher() : Bench(sifive_test_class) {}
};

TEST(SifiveTest, EndsTheRun)
{
    Finisher b;
    b.write(0, 0x5555);
    b.write(0, 0x5555, 2);
    b.write(0, 0x3333 | 7 << 16);
    b.write(0, 0x3333 | 0x1ffu << 16); // a process keeps 8 bits
    EXPECT_EQ((std::vector<int>{0, 0, 7, 255}), b.finished);
    b.write(0, 0x7777);
    EXPECT_EQ(1u, b.resets);
    EXPECT_EQ(0u, b.read(0));
    EXPECT_EQ(0u, b.read(0xffe, 2));
    EXPECT_TRUE(b.errors.empty());
}

TEST(SifiveTest, AnythingElseEndsNothing)
{
    Finisher b;
    b.write(0, 0x5554);
    b.write(4, 0x5555);
    EXPECT_TRUE(b.finished.empty());
    EXPECT_EQ(2u, b.errors.size());
    uint64_t v;
    EXPECT_EQ(static_cast<MemTxResult>(MEMTX_DECODE_ERROR),
              b.try_write(0, 0x55, 1));
    EXPECT_EQ(static_cast<MemTxResult>(MEMTX_DECODE_ERROR),
              b.try_write(0, 0x5555, 8));
    EXPECT_EQ(static_cast<MemTxResult>(MEMTX_DECODE_ERROR),
              b.try_read(0, 1, &v));
    EXPECT_TRUE(b.finished.empty());
}

} // namespace
