// pmp_test.cc - physical memory protection: registers, matching, priority, and
// random entries compared with a model that goes byte by byte.

#include "tests/cpu/pmp_model.h"

namespace
{

enum : unsigned { R = 1, W = 2, X = 4, TOR = 8, NA4 = 16, NAPOT = 24, L = 128 };
enum : unsigned { CFG0 = 0x3a0, ADDR0 = 0x3b0 };
const MmuAccess ALL_ACCESSES[] = {MMU_FETCH, MMU_LOAD, MMU_STORE};
const unsigned ALL_MODES[] = {HART_U, HART_S, HART_M};

class Pmp : public testing::TestWithParam<unsigned>
{
  protected:
    explicit Pmp() : hart(GetParam(), HART_MMU_BARE, 16), h(hart.h) {}

    void address(unsigned i, uint64_t value) { pmp_write(h, ADDR0 + i, value); }
    void config(unsigned i, unsigned value)
    {
        unsigned per = GetParam() / 8;
        unsigned csr = CFG0 + i / per * per / 4;
        unsigned shift = 8 * (i % per);
        uint64_t rest = pmp_read(h, csr) & ~(UINT64_C(0xff) << shift);
        pmp_write(h, csr, rest | static_cast<uint64_t>(value) << shift);
    }
    unsigned config(unsigned i) const { return h->pmp[i].config; }
    // "rwx" of S at the byte, '-' for what it may not do.
    std::string may(uint64_t pa, uint64_t size = 1,
                    unsigned priv = HART_S) const
    {
        std::string s = "---";
        s[0] = pmp_check(h, priv, MMU_LOAD, pa, size) ? 'r' : '-';
        s[1] = pmp_check(h, priv, MMU_STORE, pa, size) ? 'w' : '-';
        s[2] = pmp_check(h, priv, MMU_FETCH, pa, size) ? 'x' : '-';
        return s;
    }

    BareHart hart;
    Hart *h;
};
INSTANTIATE_TEST_SUITE_P(Widths, Pmp, testing::Values(32u, 64u));

TEST_P(Pmp, WithoutAMatchMMayDoAllAndOthersNothing)
{
    EXPECT_FALSE(h->pmp_used);
    EXPECT_EQ("rwx", may(0x1000, 8, HART_M));
    EXPECT_EQ("---", may(0x1000, 8, HART_S));
    EXPECT_EQ("---", may(0x1000, 8, HART_U));
    h->config.pmp_entries = 0;
    EXPECT_EQ("rwx", may(0x1000, 8, HART_S));
    EXPECT_EQ("rwx", may(0x1000, 8, HART_U));
}

TEST_P(Pmp, TorReachesFromTheAddressBelow)
{
    address(0, 0x1000 / 4);
    address(1, 0x2000 / 4);
    config(1, TOR | R);
    EXPECT_TRUE(h->pmp_used);
    EXPECT_EQ("---", may(0xfff));
    EXPECT_EQ("r--", may(0x1000));
    EXPECT_EQ("r--", may(0x1fff));
    EXPECT_EQ("---", may(0x2000));
    // Entry 0 begins at address 0.
    config(0, TOR | W | R);
    EXPECT_EQ("rw-", may(0));
    EXPECT_EQ("rw-", may(0xfff));
    EXPECT_EQ("r--", may(0x1000));
    // Bounds the wrong way round match nothing.
    address(0, 0x2000 / 4);
    config(0, 0);
    EXPECT_EQ("---", may(0x1fff));
    EXPECT_FALSE(h->pmp_used);
    address(0, 0);
    config(0, TOR | R);
    config(1, 0);
    EXPECT_EQ("---", may(0));
    EXPECT_FALSE(h->pmp_used);
}

TEST_P(Pmp, Na4IsFourBytes)
{
    address(2, 0x1004 / 4);
    config(2, NA4 | X);
    EXPECT_EQ("---", may(0x1003));
    EXPECT_EQ("--x", may(0x1004));
    EXPECT_EQ("--x", may(0x1004, 4));
    EXPECT_EQ("--x", may(0x1007));
    EXPECT_EQ("---", may(0x1008));
}

TEST_P(Pmp, NapotSizesComeFromTrailingOnes)
{
    for (unsigned ones = 0; ones < 24; ones++) {
        uint64_t size = UINT64_C(8) << ones;
        uint64_t base = size * 3;
        address(0, base / 4 | (size / 8 - 1));
        config(0, NAPOT | R | W | X);
        EXPECT_EQ("---", may(base - 1)) << ones;
        EXPECT_EQ("rwx", may(base)) << ones;
        EXPECT_EQ("rwx", may(base + size - 1)) << ones;
        EXPECT_EQ("---", may(base + size)) << ones;
    }
}

TEST_P(Pmp, AllOnesIsAllMemory)
{
    address(0, UINT64_MAX);
    config(0, NAPOT | R);
    bool rv32 = GetParam() == 32;
    EXPECT_EQ(rv32 ? UINT32_MAX : UINT64_C(0x3fffffffffffff),
              pmp_read(h, ADDR0));
    EXPECT_EQ("r--", may(0));
    EXPECT_EQ("r--", may(rv32 ? 0x3ffffffff : 0xffffffffffffff));
}

TEST_P(Pmp, Rv32ReachesAddressesOf34Bits)
{
    address(0, 0xe0000000); // 0x3_8000_0000
    config(0, NA4 | R);
    EXPECT_EQ("r--", may(0x380000000, 4));
    EXPECT_EQ("---", may(0x80000000, 4));
}

TEST_P(Pmp, TheLowestMatchDecides)
{
    address(3, 0x1000 / 4);
    config(3, NA4);
    address(4, 0x1000 / 4 | 0x1ff); // 4 KiB
    config(4, NAPOT | R | W | X);
    EXPECT_EQ("---", may(0x1000, 4));
    EXPECT_EQ("rwx", may(0x1004, 4));
}

TEST_P(Pmp, APartialMatchFailsInEveryMode)
{
    address(0, 0x1000 / 4);
    config(0, NA4 | R | W | X);
    address(1, UINT64_MAX);
    config(1, NAPOT | R | W | X);
    for (unsigned priv : ALL_MODES) {
        EXPECT_EQ("rwx", may(0x1000, 4, priv));
        EXPECT_EQ("---", may(0x1000, 8, priv));
        EXPECT_EQ("---", may(0xffe, 4, priv));
        EXPECT_EQ("---", may(0xff8, 16, priv));
        EXPECT_EQ("rwx", may(0xff8, 8, priv));
    }
}

TEST_P(Pmp, LockBindsM)
{
    address(0, 0x1000 / 4 | 0x1ff);
    config(0, NAPOT | R);
    EXPECT_EQ("rwx", may(0x1000, 4, HART_M));
    config(0, NAPOT | R | L);
    EXPECT_EQ("r--", may(0x1000, 4, HART_M));
    EXPECT_EQ("r--", may(0x1000, 4, HART_U));
    EXPECT_EQ("rwx", may(0x2000, 4, HART_M));
}

TEST_P(Pmp, LockedRegistersStay)
{
    address(4, 0x1000);
    address(5, 0x2000);
    address(6, 0x3000);
    config(5, TOR | R | L);
    EXPECT_FALSE(pmp_write(h, ADDR0 + 5, 1));
    EXPECT_FALSE(pmp_write(h, ADDR0 + 4, 1)); // the bottom of a locked TOR
    EXPECT_TRUE(pmp_write(h, ADDR0 + 3, 1));
    EXPECT_TRUE(pmp_write(h, ADDR0 + 6, 1));
    EXPECT_EQ(0x2000u, pmp_read(h, ADDR0 + 5));
    EXPECT_EQ(0x1000u, pmp_read(h, ADDR0 + 4));
    config(5, NAPOT | R | W | X);
    EXPECT_EQ(TOR | R | L, config(5));
    config(4, NA4 | X); // only its address is kept
    EXPECT_EQ(NA4 | X, config(4));
    config(9, L); // locked while off
    config(9, R);
    EXPECT_EQ(+L, config(9));
    EXPECT_TRUE(pmp_write(h, ADDR0 + 8, 1));
    pmp_reset(h);
    EXPECT_EQ(0u, config(5));
    EXPECT_EQ(0u, pmp_read(h, ADDR0 + 5));
    EXPECT_TRUE(pmp_write(h, ADDR0 + 5, 7));
}

TEST_P(Pmp, WriteWithoutReadBecomesNeither)
{
    config(1, W | X | NA4);
    EXPECT_EQ(X | NA4, config(1));
    config(1, R | W | 0x60); // bits 5 and 6 read 0
    EXPECT_EQ(R | W, config(1));
}

TEST_P(Pmp, ConfigRegistersHoldFourOrEightEntries)
{
    pmp_write(h, CFG0, UINT64_C(0x0f0d0c0b09080705));
    bool rv32 = GetParam() == 32;
    EXPECT_EQ(rv32 ? 0x09080705 : UINT64_C(0x0f0d0c0b09080705),
              pmp_read(h, CFG0));
    EXPECT_EQ(rv32, pmp_write(h, CFG0 + 1, 0x01010101));
    EXPECT_EQ(rv32 ? 0x01010101u : 0u, pmp_read(h, CFG0 + 1));
    EXPECT_EQ(rv32 ? 1 : 0x0b, config(4) | 0);
    pmp_write(h, CFG0 + 2, 4);
    EXPECT_EQ(+X, config(8));
}

TEST_P(Pmp, EntriesThatAreNotThereReadZero)
{
    h->config.pmp_entries = 5;
    EXPECT_FALSE(pmp_write(h, ADDR0 + 5, 1));
    EXPECT_FALSE(pmp_write(h, ADDR0 + 63, 1));
    EXPECT_FALSE(pmp_write(h, CFG0 + 2, 1));
    EXPECT_FALSE(pmp_write(h, CFG0 + 15, 1));
    EXPECT_TRUE(pmp_write(h, ADDR0 + 4, 1));
    config(4, R);
    config(5, R);
    EXPECT_EQ(+R, config(4));
    EXPECT_EQ(0u, config(5));
    EXPECT_EQ(0u, pmp_read(h, ADDR0 + 5));
    EXPECT_EQ(0u, pmp_read(h, ADDR0 + 63));
    EXPECT_EQ(0u, pmp_read(h, CFG0 + 15));
}

TEST_P(Pmp, AWriteOfTheSameChangesNothing)
{
    EXPECT_TRUE(pmp_write(h, ADDR0, 5));
    EXPECT_FALSE(pmp_write(h, ADDR0, 5));
    EXPECT_TRUE(pmp_write(h, CFG0, TOR));
    EXPECT_FALSE(pmp_write(h, CFG0, TOR));
}

TEST_P(Pmp, PagesAreUniformOrNot)
{
    address(0, 0x1800 / 4);
    address(1, 0x3000 / 4);
    config(1, TOR | R);
    address(2, 0x4ffc / 4);
    config(2, NA4);
    EXPECT_TRUE(pmp_page_uniform(h, 0x0ff8));
    EXPECT_FALSE(pmp_page_uniform(h, 0x1000));
    EXPECT_FALSE(pmp_page_uniform(h, 0x1ffc));
    EXPECT_TRUE(pmp_page_uniform(h, 0x2000));
    EXPECT_TRUE(pmp_page_uniform(h, 0x3000));
    EXPECT_FALSE(pmp_page_uniform(h, 0x4123));
    address(3, UINT64_MAX); // behind the others
    config(3, NAPOT);
    EXPECT_FALSE(pmp_page_uniform(h, 0x4123));
    pmp_reset(h); // in front of one
    address(0, UINT64_MAX);
    config(0, NAPOT);
    address(1, 0x4ffc / 4);
    config(1, NA4);
    EXPECT_TRUE(pmp_page_uniform(h, 0x4123));
}

TEST_P(Pmp, TheEndOfAllAddresses)
{
    EXPECT_EQ("rwx", may(UINT64_MAX, 8, HART_M));
    EXPECT_EQ("---", may(UINT64_MAX, 8, HART_S));
    address(0, UINT64_MAX);
    config(0, TOR | R | W | X);
    EXPECT_EQ("---", may(UINT64_MAX - 3, 8, HART_S));
    EXPECT_EQ("rwx", may(0, 8, HART_S));
    EXPECT_TRUE(pmp_page_uniform(h, UINT64_MAX));
}

// -- random entries
// -----------------------------------------------------------------------

class PmpFuzz : public Pmp
{
  protected:
    PmpFuzz() : dice(0x9a7e + GetParam()) { model.xlen = GetParam(); }

    void write(unsigned csr, uint64_t value)
    {
        PmpModel before = model;
        model.write(csr, value);
        bool changed = memcmp(before.cfg, model.cfg, sizeof model.cfg) != 0 ||
                       memcmp(before.addr, model.addr, sizeof model.addr) != 0;
        ASSERT_EQ(changed, pmp_write(h, csr, value)) << std::hex << csr;
    }
    // Near each other, so that entries overlap; now and then anything.
    uint64_t some_address()
    {
        if (dice.percent(3)) {
            return dice.percent(50) ? UINT64_MAX : dice.word();
        }
        uint64_t a = 0x20000000 + dice.below(0x1000); // 4 pages
        return dice.percent(50) ? a | ((UINT64_C(1) << dice.below(13)) - 1) : a;
    }
    uint64_t some_config()
    {
        uint64_t value = dice.word();
        return dice.percent(95) ? value & 0x1f1f1f1f1f1f1f1f : value;
    }
    void new_entries()
    {
        pmp_reset(h);
        uint8_t counts[] = {0, 1, 5, 16, 16, 16};
        uint8_t n = counts[dice.below(6)];
        h->config.pmp_entries = n;
        model = PmpModel();
        model.xlen = GetParam();
        model.entries = n;
        for (unsigned i = 0; i < 24; i++) {
            if (dice.percent(60)) {
                write(ADDR0 + static_cast<unsigned>(
                                  dice.below(dice.percent(90) ? 16 : 64)),
                      some_address());
            } else {
                write(CFG0 + static_cast<unsigned>(
                                 dice.below(dice.percent(90) ? 4 : 16)),
                      some_config());
            }
        }
        for (unsigned csr = CFG0; csr < ADDR0 + 64; csr++) {
            ASSERT_EQ(model.read(csr), pmp_read(h, csr)) << std::hex << csr;
        }
    }
    // At an entry's edge, or anywhere near.
    uint64_t some_byte()
    {
        if (dice.percent(60)) {
            uint64_t edge = model.addr[dice.below(16)];
            if (dice.percent(50)) { // the end of a NAPOT range
                edge = (edge | (edge + 1)) + 1;
            }
            return edge * 4 + dice.below(20) - 10;
        }
        return dice.percent(95) ? 0x80000000 + dice.below(0x4000)
                                : dice.word() >> 8;
    }
    void check_page(uint64_t pa)
    {
        // The manual's rule, for the page: whoever matches first matches all.
        uint64_t page = pa & ~UINT64_C(0xfff);
        bool uniform = true;
        for (unsigned i = 0; i < model.entries; i++) {
            unsigned words = 0;
            for (unsigned n = 0; n < 0x1000; n += 4) {
                words += model.matches(i, page + n);
            }
            if (words) {
                uniform = words == 0x400;
                break;
            }
        }
        ASSERT_EQ(uniform, pmp_page_uniform(h, pa)) << std::hex << pa;
    }

    Dice dice;
    PmpModel model;
};
INSTANTIATE_TEST_SUITE_P(Widths, PmpFuzz, testing::Values(32u, 64u));

TEST_P(PmpFuzz, AsByteByByte)
{
    uint64_t left = tries("PMP_ACCESSES", 100000), allowed = 0, refused = 0;
    while (left > 0) {
        new_entries();
        ASSERT_FALSE(HasFatalFailure());
        check_page(some_byte());
        for (unsigned i = 0; i < 200 && left > 0; i++, left--) {
            uint64_t pa = some_byte() & UINT64_MAX >> 1; // never wraps
            uint64_t size = dice.percent(5) ? 64 : UINT64_C(1) << dice.below(4);
            unsigned priv = ALL_MODES[dice.below(3)];
            MmuAccess access = ALL_ACCESSES[dice.below(3)];
            bool want = model.check(priv, access, pa, size);
            ASSERT_EQ(want, pmp_check(h, priv, access, pa, size))
                << "mode " << priv << ", access " << access << ", 0x"
                << std::hex << pa << " + " << size;
            (want ? allowed : refused)++;
        }
    }
    EXPECT_GT(allowed, refused / 4); // both sides are tried
    EXPECT_GT(refused, allowed / 4);
}

} // namespace
