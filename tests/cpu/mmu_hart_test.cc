// mmu_hart_test.cc - translated loads and stores of a whole hart: its TLBs and
// inline entries answer as the tables do, with the fast path on and off.

#include <map>
#include <random>

#include "tests/cpu/smode_kit.h"

namespace
{

using namespace rv;

// The modes that MPRV can lend to loads and stores.
struct Lent {
    uint64_t status;
    bool user, sum;
};
const Lent LENT[] = {{F_MPRV | 1 << 11, false, false},
                     {F_MPRV | 1 << 11 | F_SUM, false, true},
                     {F_MPRV, true, false}};

class MmuHart : public testing::TestWithParam<Axis>
{
  protected:
    enum : uint64_t {
        ROOT = RAM + 0x20000,
        LEAVES = RAM + 0x24000, // the table of the pages
        DATA = RAM + 0x10000,
        WINDOW = 0x40000000, // virtual
        PAGES = 8,
        R = 2,
        W = 4,
        U = 16,
        A = 64,
        D = 128,
    };
    MmuHart()
        : xlen(GetParam().xlen), b(axis_options(GetParam())), dice(0xf1e1d)
    {
        pte_size = xlen / 8;
        put_pte(ROOT + (xlen == 32 ? WINDOW >> 22 : WINDOW >> 30) * pte_size,
                (xlen == 32 ? uint64_t{LEAVES} : uint64_t{ROOT + 0x1000}) >> 2 |
                    1);
        if (xlen == 64) {
            put_pte(ROOT + 0x1000, LEAVES >> 2 | 1);
        }
        b.write(MEDELEG, 0);
        set_satp(0);
        for (uint64_t n = 0; n < 0x8000; n += 4) {
            b.put32(DATA + n, static_cast<uint32_t>(dice()));
        }
    }
    void set_satp(uint64_t asid, uint64_t root = ROOT)
    {
        b.write(SATP, (xlen == 32 ? bit(31) | asid << 22
                                  : UINT64_C(8) << 60 | asid << 44) |
                          root >> 12);
    }
    // The entry, one above the leaves, of the range at va in the window.
    uint64_t above(uint64_t va) const
    {
        return xlen == 32 ? ROOT + (va >> 22) * 4
                          : ROOT + 0x1000 + (va >> 21 & 511) * 8;
    }
    // Walks that loads from these addresses take, each once.
    uint64_t walks(const std::vector<uint64_t> &addresses)
    {
        std::vector<uint32_t> code;
        int reg = 8;
        for (uint64_t va : addresses) {
            b.set(reg, va);
            code.push_back(load(rv::W, 5, 0, reg++));
        }
        b.write(MSTATUS, LENT[0].status);
        uint64_t before = hart_counters(b.hart).walks;
        b.run_code(code, 40);
        uint64_t n = hart_counters(b.hart).walks - before;
        b.write(MSTATUS, 0);
        return n;
    }
    void fence(uint64_t va, bool one_page, uint64_t asid, bool one_asid)
    {
        b.set(6, va);
        b.set(7, asid);
        b.run_code({SFENCE_VMA | (one_page ? 6u : 0u) << 15 |
                    (one_asid ? 7u : 0u) << 20});
    }
    void put_pte(uint64_t at, uint64_t pte) { b.put(at, &pte, pte_size); }
    void set_leaf(uint64_t page, uint64_t pte)
    {
        put_pte(LEAVES + page * pte_size, pte);
        leaf[page] = pte;
    }
    uint64_t below(uint64_t n) { return dice() % n; }
    // The bits, but for one time in n.
    uint64_t unless(uint64_t n, uint64_t bits) { return below(n) ? bits : 0; }

    unsigned xlen;
    uint64_t pte_size = 4;
    SuperBoard b;
    std::mt19937_64 dice;
    std::map<uint64_t, uint64_t> leaf;
};
ON_ALL_AXES(MmuHart);

TEST_P(MmuHart, AnswersAsTheTablesDo)
{
    // Runs of accesses, so that they are executed in blocks: x8..x15 point to
    // the pages, access i loads x16 + i or stores x5.
    const unsigned run = 12;
    uint64_t worked = 0, failed = 0;
    for (unsigned n = 0; n < 3000; n++) {
        if (n % 8 == 0) { // new tables; the hart is told
            for (uint64_t page = 0; page < PAGES; page++) {
                uint64_t pte = (DATA + below(PAGES) * 0x1000) >> 2 | R;
                pte |= unless(20, 1) | unless(20, A) | unless(12, W);
                set_leaf(page, pte | unless(4, U) | unless(12, D));
            }
            b.write(MSTATUS, 0);
            b.run_code({SFENCE_VMA});
        }
        const Lent &lent = LENT[below(3)];
        b.write(MSTATUS, lent.status);
        for (unsigned page = 0; page < PAGES; page++) {
            b.set(8 + page, WINDOW + uint64_t{page} * 0x1000);
        }
        const uint32_t value = static_cast<uint32_t>(dice());
        b.set(5, value);
        std::vector<uint32_t> code;
        std::map<unsigned, uint64_t> loaded; // by register
        std::map<uint64_t, uint64_t> stored; // by physical address
        std::vector<Trap> traps;
        for (unsigned i = 0; i < run; i++) {
            const unsigned page = static_cast<unsigned>(below(PAGES));
            const int offset = static_cast<int>(below(0x200) * 4);
            const bool store_it = below(2);
            code.push_back(store_it ? store(rv::W, 5, offset, 8 + page)
                                    : load(rv::W, 16 + i, offset, 8 + page));
            if (!traps.empty()) {
                continue;
            }
            const uint64_t pte = leaf[page];
            const uint64_t need = store_it ? 1 | A | W | D : 1 | A;
            const bool mine = (pte & U) ? lent.user || lent.sum : !lent.user;
            const uint64_t at = static_cast<uint64_t>(offset);
            const uint64_t pa = (pte >> 10 << 12) + at;
            if ((pte & need) != need || !mine) {
                traps.push_back({store_it ? 15u : 13u,
                                 WINDOW + uint64_t{page} * 0x1000 + at,
                                 CODE + 4 * i});
                failed++;
            } else if (store_it) {
                stored[pa] = value;
                worked++;
            } else {
                loaded[16 + i] = stored.count(pa) ? stored[pa] : b.get(pa, 4);
                worked++;
            }
        }
        SCOPED_TRACE(testing::Message() << "run " << n);
        code.push_back(self());
        b.put_code(CODE, code);
        b.traps.clear();
        hart_set_pc(b.hart, CODE);
        b.run(run + 20);
        ASSERT_EQ(traps, b.traps);
        for (const auto &[reg, word] : loaded) {
            ASSERT_EQ(word, b.x(reg) & UINT32_MAX);
        }
        for (const auto &[pa, word] : stored) {
            ASSERT_EQ(word, b.get(pa, 4));
        }
    }
    EXPECT_GT(worked, 5000u);
    EXPECT_GT(failed, 500u);
}

// Pages of one index put each other out of the TLB, with the fast path on too:
// also by one that never has an inline entry.
TEST_P(MmuHart, TwoPagesOfOneIndexTakeTurns)
{
    const uint64_t bits = 1 | R | W | A | D;
    set_leaf(0, DATA >> 2 | bits);
    put_pte(above(WINDOW + 0x400000), (LEAVES + 0x1000) >> 2 | 1);
    put_pte(LEAVES + 0x1000, IO >> 2 | bits); // 1024 pages further
    b.write(MSTATUS, 0);
    b.run_code({SFENCE_VMA});
    b.write(MSTATUS, LENT[0].status);
    b.set(8, WINDOW);
    b.set(9, WINDOW + 0x400000);
    for (bool store_it : {false, true}) {
        SCOPED_TRACE(store_it);
        std::vector<uint32_t> code;
        for (unsigned i = 0; i < 8; i++) {
            code.push_back(store_it ? store(rv::W, 5, 0, 8 + i % 2)
                                    : load(rv::W, 5, 0, 8 + i % 2));
        }
        uint64_t before = hart_counters(b.hart).walks;
        b.run_code(code, 40); // enough for a whole block
        EXPECT_EQ(hart_counters(b.hart).walks - before, 8u);
    }
    EXPECT_EQ(b.device.calls.size(), 8u);
}

TEST_P(MmuHart, ForgetsWhatFencesName)
{
    const uint64_t bits = 1 | R | A, G = 32;
    set_leaf(0, DATA >> 2 | bits);
    set_leaf(1, (DATA + 0x1000) >> 2 | bits);
    set_leaf(2, (DATA + 0x2000) >> 2 | bits | G);
    const std::vector<uint64_t> pages = {WINDOW, WINDOW + 0x1000,
                                         WINDOW + 0x2000};
    set_satp(1);
    fence(0, false, 0, false);
    EXPECT_EQ(3u, walks(pages));
    EXPECT_EQ(0u, walks(pages));
    set_satp(2); // but for the global one, its own
    EXPECT_EQ(1u, walks({WINDOW + 0x1000, WINDOW + 0x2000}));
    set_satp(1); // still there, but for the one put out
    EXPECT_EQ(0u, walks({WINDOW, WINDOW + 0x2000}));
    EXPECT_EQ(1u, walks(pages));
    fence(WINDOW, true, 0, false);
    EXPECT_EQ(1u, walks(pages));
    fence(WINDOW + 0x2000, true, 0, false); // global or not
    EXPECT_EQ(1u, walks(pages));
    fence(0, false, 1, true); // all but global ones
    EXPECT_EQ(2u, walks(pages));
    fence(0, false, 7, true); // of another
    EXPECT_EQ(0u, walks(pages));
    set_satp(2);
    EXPECT_EQ(2u, walks(pages));
    fence(0, false, 0, false);
    EXPECT_EQ(3u, walks(pages));
    set_satp(2, ROOT + 0x8000); // no tables there
    set_satp(2);
    EXPECT_EQ(0u, walks(pages)); // known by its tables
    for (uint64_t asid = 100; asid < 116; asid++) {
        set_satp(asid);
    }
    set_satp(2); // too many came between
    EXPECT_EQ(2u, walks(pages));
    // Each level of each walk was counted, as what it was.
    uint32_t n;
    const PortTraffic *t = port_traffic(hart_walk_port(b.hart), &n);
    uint64_t reads = 0;
    for (uint32_t i = 0; i < n; i++) {
        EXPECT_EQ(ACCESS_WALK, t[i].kind);
        EXPECT_EQ(pte_size, t[i].size);
        reads += t[i].accesses;
    }
    EXPECT_EQ(hart_counters(b.hart).walks * (xlen == 32 ? 2 : 3), reads);
}

TEST_P(MmuHart, FenceOfAnAddressForgetsItsWholeSuperpage)
{
    const uint64_t far = WINDOW + 0x800000, bits = 1 | R | A;
    put_pte(above(far), RAM >> 2 | bits); // RAM begins at such a page
    set_leaf(0, DATA >> 2 | bits);
    fence(0, false, 0, false);
    const std::vector<uint64_t> pages = {WINDOW, far + 0x3000, far + 0x4000};
    EXPECT_EQ(3u, walks(pages));
    fence(WINDOW, true, 0, false); // none was there
    EXPECT_EQ(1u, walks(pages));
    fence(far + 0x3000, true, 0, false);
    EXPECT_EQ(1u, walks({far + 0x4000}));
}

// A jump to another page leads where that page is now. The code is not written
// anew meanwhile, so what is known of it is kept.
TEST_P(MmuHart, JumpsFollowTheTables)
{
    const uint64_t bits = 1 | R | 8 | A | D;
    set_leaf(0, DATA >> 2 | bits);
    b.put_code(DATA, {jal(zero, 0x1000)});
    for (unsigned n = 1; n < 3; n++) {
        b.put_code(DATA + n * 0x1000,
                   {addi(a0, zero, static_cast<int>(n)), addi(a1, a1, -1),
                    branch(EQ, a1, zero, 8), jal(zero, -0x100c), ECALL});
    }
    b.put_code(RAM + 0x400,
               {SFENCE_VMA, csrw(MEPC, 28), csrw(MSTATUS, 29), MRET});
    for (unsigned n : {1u, 2u, 1u}) {
        const unsigned rounds = 20;
        set_leaf(1, (DATA + n * 0x1000) >> 2 | bits);
        b.set(28, WINDOW);
        b.set(29, 1 << 11);
        b.set(a1, rounds);
        hart_set_pc(b.hart, RAM + 0x400);
        b.run(4 + 5 * rounds - 1);
        EXPECT_EQ(b.x(a0), n);
        EXPECT_EQ(b.x(a1), 0u);
        b.run(1);
        ASSERT_EQ(hart_privilege(b.hart), 3u);
    }
}

} // namespace
