// mmu_test.cc - the page-table walker, by the rules of the manual one by one.
// Random tables: mmu_fuzz_test.cc.

#include "tests/cpu/bare_hart.h"

namespace
{

enum : uint64_t {
    V = 1,
    R = 2,
    W = 4,
    X = 8,
    U = 16,
    G = 32,
    A = 64,
    D = 128,
    RW = V | R | W | A | D,
    RWX = RW | X,
    PBMT = UINT64_C(1) << 61,
    N = UINT64_C(1) << 63,
};
const uint64_t ROOT = BareHart::RAM, PAGE = 0x1000;
const uint64_t TARGET = BareHart::RAM + 0x10000;
const uint64_t PC = 0x1234;

// A model that takes wait + bus + target cycles, and can be told to meddle.
struct SlowMemory {
    TimingModel model = {};
    const ClockDomain *clock = nullptr;
    unsigned wait = 0, bus = 0, target = 0;
    std::function<void(const TimingRequest *)> told = {};

    SlowMemory()
    {
        model.name = "slow";
        model.id = 1;
        model.access = [](TimingModel *m, TimingRequest *rq) {
            auto *self = reinterpret_cast<SlowMemory *>(m);
            auto ps = [&](unsigned n) { return clock_time(self->clock, n); };
            rq->granted = rq->issue + ps(self->wait);
            rq->target_ps = ps(self->target);
            rq->done = rq->granted + ps(self->bus + self->target);
            rq->beats = 1;
            if (self->told) {
                self->told(rq);
            }
        };
    }
};

class Mmu : public testing::Test
{
  protected:
    // The first table lies at ROOT, the next at ROOT + PAGE, ...
    void make(HartMmu mmu, uint64_t extensions = 0,
              TimingModel *timing = nullptr)
    {
        unsigned xlen = mmu == HART_MMU_SV32 ? 32 : 64;
        hart.reset();
        hart = std::make_unique<BareHart>(xlen, mmu, 0, timing, extensions);
        h = hart->h;
        levels = mmu == HART_MMU_SV32 ? 2 : mmu == HART_MMU_SV39 ? 3 : 4;
        h->satp = ROOT / PAGE | (xlen == 32 ? UINT64_C(1) << 31
                                            : (UINT64_C(5) + levels) << 60);
        h->paged = true;
    }
    static uint64_t pte(uint64_t pa, uint64_t bits)
    {
        return pa / PAGE << 10 | bits;
    }
    unsigned index_bits() const { return levels == 2 ? 10 : 9; }
    // Where the entry of va at a level lies; level 0 has the 4 KiB pages.
    uint64_t slot(uint64_t va, unsigned level) const
    {
        uint64_t i = va >> (12 + level * index_bits());
        i &= (1u << index_bits()) - 1;
        return ROOT + (levels - 1 - level) * PAGE + i * hart->pte_size();
    }
    // A leaf for va at a level, and the pointers to it.
    void map(uint64_t va, uint64_t entry, unsigned level = 0)
    {
        for (unsigned n = levels - 1; n > level; n--) {
            hart->put(slot(va, n), pte(ROOT + (levels - n) * PAGE, V));
        }
        hart->put(slot(va, level), entry);
    }
    MmuResult walk(uint64_t va, MmuAccess access = MMU_LOAD,
                   HartSpace space = SPACE_S)
    {
        return mmu_walk(h, space, access, va, PC, 100);
    }
    // "rwx" of what accesses are allowed; checks the results' flags too.
    std::string may(uint64_t va, HartSpace space)
    {
        std::string s;
        for (MmuAccess access : {MMU_LOAD, MMU_STORE, MMU_FETCH}) {
            MmuResult r = walk(va, access, space);
            const char *names = "xrw"; // in the order of MmuAccess
            s += r.cause ? '-' : names[access];
            uint64_t want[] = {12, 13, 15};
            if (r.cause) {
                EXPECT_EQ(want[access], r.cause);
                EXPECT_FALSE(r.read || r.write || r.exec);
            } else {
                auto mine = [&](bool allowed, MmuAccess a) {
                    return tlb_allows(r.user, allowed, space, a);
                };
                flags = std::string(mine(r.read, MMU_LOAD) ? "r" : "-") +
                        (mine(r.write, MMU_STORE) ? "w" : "-") +
                        (mine(r.exec, MMU_FETCH) ? "x" : "-");
            }
        }
        return s;
    }
    void faults(uint64_t va, const char *why)
    {
        EXPECT_EQ("---", may(va, SPACE_S)) << why;
    }
    uint64_t accesses()
    {
        uint32_t n;
        const PortTraffic *t = port_traffic(&h->walk, &n);
        uint64_t sum = 0;
        for (uint32_t i = 0; i < n; i++) {
            EXPECT_EQ(ACCESS_WALK, t[i].kind);
            sum += t[i].accesses;
        }
        return sum;
    }

    std::unique_ptr<BareHart> hart;
    Hart *h = nullptr;
    unsigned levels = 0;
    std::string flags;
};

TEST_F(Mmu, ModesOfSatp)
{
    struct Row {
        HartMmu mmu;
        bool bare, sv32, sv39, sv48;
    };
    for (const Row &row : {Row{HART_MMU_BARE, true, false, false, false},
                           Row{HART_MMU_SV39, true, false, true, false},
                           Row{HART_MMU_SV48, true, false, true, true}}) {
        make(HART_MMU_SV39);
        h->config.mmu = row.mmu;
        for (uint64_t mode = 0; mode < 16; mode++) {
            bool want = mode == 0   ? row.bare
                        : mode == 8 ? row.sv39
                        : mode == 9 ? row.sv48
                                    : false;
            EXPECT_EQ(want, mmu_has_mode(h, mode << 60 | 0x12345)) << mode;
        }
    }
    make(HART_MMU_SV32);
    EXPECT_TRUE(mmu_has_mode(h, 0x7fffffff));
    EXPECT_TRUE(mmu_has_mode(h, 0x80000000));
    h->config.mmu = HART_MMU_BARE;
    EXPECT_TRUE(mmu_has_mode(h, 0x7fffffff));
    EXPECT_FALSE(mmu_has_mode(h, 0x80000000));
}

TEST_F(Mmu, PagesOfAllSizes)
{
    for (HartMmu mmu : {HART_MMU_SV32, HART_MMU_SV39, HART_MMU_SV48}) {
        make(mmu);
        for (unsigned level = 0; level < levels; level++) {
            uint64_t size = PAGE << level * index_bits();
            uint64_t va = size * 3 + 0x2a8;
            uint64_t pa = mmu == HART_MMU_SV32 && level ? UINT64_C(0x3c0000000)
                          : level                       ? 5 * size
                                                        : TARGET;
            map(va, pte(pa, RWX), level);
            for (MmuAccess access : {MMU_FETCH, MMU_LOAD, MMU_STORE}) {
                MmuResult r = walk(va, access);
                EXPECT_EQ(0u, r.cause);
                EXPECT_EQ(pa + 0x2a8, r.pa) << mmu << " level " << level;
                EXPECT_EQ(levels - level, r.cycles);
            }
            MmuResult r = walk(va + size - PAGE);
            EXPECT_EQ(pa + size - PAGE + 0x2a8, r.pa);
            if (level) { // superpages must be aligned
                map(va, pte(pa + (PAGE << (level * index_bits() - 1)), RWX),
                    level);
                faults(va, "misaligned superpage");
                map(va, pte(pa + PAGE, RWX), level);
                faults(va, "misaligned superpage");
            }
            hart->put(slot(va, level), 0);
        }
    }
}

TEST_F(Mmu, Sv32AddressesHave34Bits)
{
    make(HART_MMU_SV32);
    uint64_t va = 0xffc01234;
    map(va, pte(BareHart::HIGH + PAGE, RW));
    EXPECT_EQ(BareHart::HIGH + PAGE + 0x234, walk(va).pa);
    // The tables may lie there too.
    h->satp = UINT64_C(1) << 31 | BareHart::HIGH / PAGE;
    hart->put(BareHart::HIGH + 0x3ff * 4, pte(0xc00000, RW));
    EXPECT_EQ(0xc01234u, walk(va).pa);
    // The ASID is no part of the address.
    h->satp |= UINT64_C(0x1ff) << 22;
    EXPECT_EQ(0xc01234u, walk(va).pa);
}

TEST_F(Mmu, HighBitsMustBeCopies)
{
    for (HartMmu mmu : {HART_MMU_SV39, HART_MMU_SV48}) {
        make(mmu);
        h->satp |= UINT64_C(0xabcd) << 44; // ASID
        unsigned bits = mmu == HART_MMU_SV39 ? 39 : 48;
        for (uint64_t i = 0; i < 512; i++) { // all of it
            hart->put(ROOT + 8 * i, pte(0, RWX));
        }
        uint64_t top = UINT64_C(1) << (bits - 1);
        EXPECT_EQ(0u, walk(top - 1).cause);
        EXPECT_EQ(0u, walk(-top).cause);
        EXPECT_EQ(0u, walk(UINT64_MAX).cause);
        uint64_t before = accesses();
        faults(top, "above the lower half");
        faults(-top - 1, "below the upper half");
        faults(UINT64_C(1) << 63, "bit 63 only");
        faults(top << 1, "one bit too high");
        EXPECT_EQ(before, accesses()); // the tables are not asked
        EXPECT_EQ(0u, walk(top).cycles);
    }
}

TEST_F(Mmu, EntriesThatAreNotValid)
{
    for (HartMmu mmu : {HART_MMU_SV32, HART_MMU_SV39, HART_MMU_SV48}) {
        make(mmu);
        uint64_t va = 0x403000;
        map(va, pte(TARGET, RWX));
        EXPECT_EQ("rwx", may(va, SPACE_S));
        map(va, pte(TARGET, RWX & ~V));
        faults(va, "V=0");
        map(va, pte(TARGET, V | W | A | D));
        faults(va, "W without R");
        map(va, pte(TARGET, V | W | X | A | D));
        faults(va, "WX without R");
        map(va, pte(TARGET, V));
        faults(va, "a pointer in the last table");
        for (uint64_t bit : {U, A, D}) {
            map(va, pte(TARGET, RWX));
            hart->put(slot(va, 1), pte(ROOT + (levels - 1) * PAGE, V | bit));
            faults(va, "U, A, D in a pointer");
        }
        // G and the two bits for software mean nothing here.
        map(va, pte(TARGET, RWX | G | 0x300));
        hart->put(slot(va, 1), pte(ROOT + (levels - 1) * PAGE, V | G | 0x300));
        EXPECT_EQ("rwx", may(va, SPACE_S));
    }
}

TEST_F(Mmu, ReservedBitsOfLongEntries)
{
    for (HartMmu mmu : {HART_MMU_SV39, HART_MMU_SV48}) {
        for (uint64_t ext : {UINT64_C(0), ISA_SVNAPOT}) {
            make(mmu, ext);
            uint64_t va = 0x403000;
            for (unsigned bit = 54; bit < 64; bit++) {
                map(va, pte(TARGET, RWX | UINT64_C(1) << bit));
                faults(va, "in a leaf");
                map(va, pte(TARGET, RWX));
                EXPECT_EQ("rwx", may(va, SPACE_S));
                hart->put(slot(va, 1), pte(ROOT + (levels - 1) * PAGE,
                                           V | UINT64_C(1) << bit));
                faults(va, "in a pointer");
            }
            map(va, pte(TARGET, RWX | 2 * PBMT));
            faults(va, "PBMT");
        }
    }
}

TEST_F(Mmu, WhoMayDoWhat)
{
    struct Row {
        uint64_t bits;
        const char *s, *sum, *u, *s_mxr;
    };
    const Row rows[] = {
        {R, "r--", "r--", "---", "r--"},
        {R | W, "rw-", "rw-", "---", "rw-"},
        {X, "--x", "--x", "---", "r-x"},
        {R | X, "r-x", "r-x", "---", "r-x"},
        {R | W | X, "rwx", "rwx", "---", "rwx"},
        {U | R, "---", "r--", "r--", "---"},
        {U | R | W, "---", "rw-", "rw-", "---"},
        {U | X, "---", "---", "--x", "---"},
        {U | R | X, "---", "r--", "r-x", "---"},
        {U | R | W | X, "---", "rw-", "rwx", "---"},
    };
    for (HartMmu mmu : {HART_MMU_SV32, HART_MMU_SV39, HART_MMU_SV48}) {
        make(mmu);
        for (const Row &row : rows) {
            uint64_t va = 0x403000;
            map(va, pte(TARGET, V | A | D | row.bits));
            for (bool mxr : {false, true}) {
                h->mstatus = mxr ? MSTATUS_MXR : 0;
                struct Ask {
                    HartSpace space;
                    std::string want;
                } asks[] = {{SPACE_S, mxr ? row.s_mxr : row.s},
                            {SPACE_SUM, row.sum},
                            {SPACE_U, row.u}};
                for (Ask &ask : asks) {
                    // With MXR what can be executed can be read, if the space
                    // may touch the page at all.
                    bool mine = ask.space == SPACE_SUM ||
                                (ask.space == SPACE_U) == ((row.bits & U) != 0);
                    if (mxr && (row.bits & X) && mine) {
                        ask.want[0] = 'r';
                    }
                    flags = "---";
                    EXPECT_EQ(ask.want, may(va, ask.space))
                        << row.bits << " space " << ask.space;
                    EXPECT_EQ(ask.want, flags);
                }
            }
        }
    }
}

TEST_F(Mmu, AAndDByFault)
{
    make(HART_MMU_SV39);
    uint64_t va = 0x403000;
    map(va, pte(TARGET, (RWX & ~A) & ~D));
    faults(va, "A=0");
    map(va, pte(TARGET, RWX & ~A));
    faults(va, "A=0, D=1");
    map(va, pte(TARGET, RWX & ~D));
    EXPECT_EQ("r-x", may(va, SPACE_S));
    EXPECT_EQ("r-x", flags); // a store has to come back to the tables
    EXPECT_EQ(pte(TARGET, RWX & ~D), hart->get(slot(va, 0)));
}

TEST_F(Mmu, AAndDByHardware)
{
    for (HartMmu mmu : {HART_MMU_SV32, HART_MMU_SV48}) {
        make(mmu);
        h->config.hardware_ad = true;
        uint64_t va = 0x403000, none = pte(TARGET, V | R | W | X | G);
        map(va, none);
        MmuResult r = walk(va, MMU_LOAD);
        EXPECT_EQ(0u, r.cause);
        EXPECT_FALSE(r.write);
        EXPECT_TRUE(r.read && r.exec);
        EXPECT_EQ(levels + 1, r.cycles);
        EXPECT_EQ(none | A, hart->get(slot(va, 0)));
        EXPECT_EQ(levels, walk(va, MMU_FETCH).cycles); // nothing to set
        r = walk(va, MMU_STORE);
        EXPECT_TRUE(r.write);
        EXPECT_EQ(levels + 1, r.cycles);
        EXPECT_EQ(none | A | D, hart->get(slot(va, 0)));
        map(va, none);
        EXPECT_EQ(0u, walk(va, MMU_STORE).cause); // both at once
        EXPECT_EQ(none | A | D, hart->get(slot(va, 0)));
        map(va, pte(TARGET, V | R)); // not for what is refused
        EXPECT_EQ(15u, walk(va, MMU_STORE).cause);
        EXPECT_EQ(13u, walk(va, MMU_LOAD, SPACE_U).cause);
        EXPECT_EQ(pte(TARGET, V | R), hart->get(slot(va, 0)));
        map(va, pte(TARGET, V | R | D)); // D alone stays
        EXPECT_EQ(0u, walk(va, MMU_LOAD).cause);
        EXPECT_EQ(pte(TARGET, V | R | A | D), hart->get(slot(va, 0)));
    }
}

TEST_F(Mmu, SvaduAsksMenvcfg)
{
    make(HART_MMU_SV39, ISA_SVADU);
    uint64_t va = 0x403000;
    h->config.hardware_ad = true; // the reset value only
    map(va, pte(TARGET, V | R));
    EXPECT_EQ(13u, walk(va).cause);
    h->menvcfg = UINT64_C(1) << 61;
    h->config.hardware_ad = false;
    EXPECT_EQ(0u, walk(va).cause);
    EXPECT_EQ(pte(TARGET, V | R | A), hart->get(slot(va, 0)));
}

TEST_F(Mmu, AnEntryThatChangesUnderTheWalkIsReadAgain)
{
    SlowMemory slow;
    make(HART_MMU_SV39, 0, &slow.model);
    slow.clock = &hart->clock;
    h->config.hardware_ad = true;
    uint64_t va = 0x403000, at = slot(va, 0);
    auto change = [&](uint64_t entry) {
        slow.told = [this, at, entry](const TimingRequest *rq) {
            if (rq->is_write) {
                hart->put(at, entry);
            }
        };
    };
    map(va, pte(TARGET, V | R));
    change(pte(TARGET + PAGE, V | R));
    MmuResult r = walk(va);
    EXPECT_EQ(TARGET + PAGE, r.pa);
    EXPECT_EQ(pte(TARGET + PAGE, V | R | A), hart->get(at));
    EXPECT_EQ(8u, r.cycles); // three reads and an update, twice
    map(va, pte(TARGET, V | R));
    change(0);
    EXPECT_EQ(13u, walk(va).cause);
    EXPECT_EQ(0u, hart->get(at));
    // Another hart's A and D are no change.
    map(va, pte(TARGET, V | R));
    change(pte(TARGET, V | R | A | D));
    EXPECT_EQ(4u, walk(va).cycles);
    EXPECT_EQ(pte(TARGET, V | R | A | D), hart->get(at));
    // Somebody who never stops does not hold the hart for ever.
    map(va, pte(TARGET, V | R));
    uint64_t bit = 0;
    slow.told = [&](const TimingRequest *rq) {
        if (rq->is_write) {
            hart->put(at, pte(TARGET, V | R) | (bit ^= 0x100));
        }
    };
    EXPECT_EQ(13u, walk(va).cause);
}

TEST_F(Mmu, TablesThatCannotBeReached)
{
    const uint64_t causes[] = {1, 5, 7}; // in the order of MmuAccess
    for (HartMmu mmu : {HART_MMU_SV32, HART_MMU_SV39, HART_MMU_SV48}) {
        make(mmu);
        h->config.hardware_ad = true;
        uint64_t va = 0x403000;
        for (MmuAccess access : {MMU_FETCH, MMU_LOAD, MMU_STORE}) {
            map(va, pte(TARGET, RWX));
            hart->put(slot(va, 1), pte(BareHart::HOLE, V));
            EXPECT_EQ(causes[access], walk(va, access).cause);
            // ROM can be read but not updated.
            hart->put(slot(va, 1), pte(BareHart::ROM, V));
            uint64_t i = slot(va, 0) & 0xfff;
            hart->put(BareHart::ROM + i, pte(TARGET, RWX));
            EXPECT_EQ(0u, walk(va, access).cause);
            hart->put(BareHart::ROM + i, pte(TARGET, V | R | W | X));
            EXPECT_EQ(causes[access], walk(va, access).cause);
            hart->put(BareHart::ROM + i, 0);
            const uint64_t page[] = {12, 13, 15};
            EXPECT_EQ(page[access], walk(va, access).cause);
        }
    }
}

TEST_F(Mmu, TablesAreProtectedMemoryOfS)
{
    make(HART_MMU_SV39);
    h->config.hardware_ad = true;
    h->config.pmp_entries = 16;
    pmp_reset(h);
    uint64_t va = 0x403000;
    map(va, pte(TARGET, V | R | W | U));
    auto protect = [&](uint64_t root, uint64_t leaf) {
        pmp_write(h, 0x3b0, ROOT / 4 | 0x3ff); // two tables
        pmp_write(h, 0x3b1, (ROOT + 2 * PAGE) / 4 | 0x1ff);
        pmp_write(h, 0x3b2, UINT64_MAX);
        pmp_write(h, 0x3a0, 0x1f0000 | (0x18 | leaf) << 8 | 0x18 | root);
    };
    EXPECT_EQ(5u, walk(va, MMU_LOAD, SPACE_U).cause); // nothing is allowed
    EXPECT_EQ(0u, accesses());
    protect(1, 1);
    EXPECT_EQ(5u, walk(va, MMU_LOAD, SPACE_U).cause); // A cannot be set
    EXPECT_EQ(pte(TARGET, V | R | W | U), hart->get(slot(va, 0)));
    protect(1, 3);
    EXPECT_EQ(0u, walk(va, MMU_LOAD, SPACE_U).cause);
    EXPECT_EQ(0u, walk(va, MMU_STORE, SPACE_U).cause);
    protect(4, 3);
    EXPECT_EQ(7u, walk(va, MMU_STORE, SPACE_U).cause);
    EXPECT_EQ(5u, mmu_peek(h, SPACE_U, MMU_LOAD, va).cause);
    // Where the page lies is the caller's to check.
    protect(1, 1);
    pmp_write(h, 0x3a0, 0x191919 & ~0x070000);
    EXPECT_EQ(0u, walk(va, MMU_LOAD, SPACE_U).cause);
}

TEST_F(Mmu, NapotPages)
{
    make(HART_MMU_SV39, ISA_SVNAPOT);
    h->config.hardware_ad = true;
    uint64_t base = 0x400000, half = 0x8000;
    for (uint64_t n = 0; n < 16; n++) {
        map(base + n * PAGE, pte(TARGET + half, V | R | N));
    }
    for (uint64_t n = 0; n < 16; n++) {
        uint64_t va = base + n * PAGE;
        EXPECT_EQ(TARGET + n * PAGE + 0xabc, walk(va + 0xabc).pa);
        EXPECT_EQ(pte(TARGET + half, V | R | A | N), hart->get(slot(va, 0)));
    }
    h->config.hardware_ad = false;
    for (uint64_t low = 0; low < 16; low++) { // other sizes are reserved
        map(base, pte(TARGET + low * PAGE, RWX | N));
        EXPECT_EQ(low == 8 ? "rwx" : "---", may(base, SPACE_S)) << low;
    }
    map(base, pte(0x80000000 + half, RWX | N), 1);
    faults(base, "N in a superpage");
    map(base, pte(0x80000000, RWX | N), 1);
    faults(base, "N in a superpage");
}

TEST_F(Mmu, AWalkTakesWhatItsAccessesTake)
{
    SlowMemory slow;
    make(HART_MMU_SV48, 0, &slow.model);
    slow.clock = &hart->clock;
    slow.wait = 2;
    slow.bus = 1;
    slow.target = 4;
    std::vector<uint64_t> issued;
    slow.told = [&](const TimingRequest *rq) { issued.push_back(rq->issue); };
    h->config.hardware_ad = true;
    map(0x5000, pte(TARGET, V | R));
    EXPECT_EQ(5u * 7, walk(0x5000).cycles);
    ASSERT_EQ(5u, issued.size());
    for (uint64_t n = 0; n < 5; n++) { // one after the other, from cycle 100
        EXPECT_EQ(clock_time(&hart->clock, 100 + 7 * n), issued[n]);
    }
    slow.told = nullptr;
    slow.wait = slow.bus = 0;
    slow.target = 1;
    EXPECT_EQ(4u, walk(0x5000).cycles);
    slow.target = 3;
    hart->put(slot(0x5000, 2), 0);
    EXPECT_EQ(13u, walk(0x5000).cause);
    EXPECT_EQ(2u * 3, walk(0x5000).cycles); // until the fault
}

TEST_F(Mmu, AWalkIsRecorded)
{
    std::vector<MemoryRecord> buffer(2 * RECORD_ROOM);
    MemoryRecorder rec;
    recorder_init(&rec);
    rec.buffer = rec.next = buffer.data();
    rec.end = rec.next + buffer.size();
    rec.kinds = UINT32_C(1) << ACCESS_WALK;
    rec.full = [](MemoryRecorder *r) { r->next = r->buffer; };
    make(HART_MMU_SV32);
    h->config.hardware_ad = true;
    uint64_t va = 0x403000, leaf = pte(TARGET, V | R);
    map(va, leaf);
    memory_world_set_recorder(hart->world, &rec);
    walk(va);
    mmu_peek(h, SPACE_S, MMU_LOAD, va);
    std::vector<MemoryRecord> heads;
    for (MemoryRecord *r = rec.buffer; r < rec.next; r++) {
        if (r->site < RECORD_SITE_MAX) {
            heads.push_back(*r);
        }
    }
    ASSERT_EQ(3u, heads.size());
    struct Want {
        uint64_t address, value, cycle;
        uint8_t dir;
    } want[] = {{slot(va, 1), pte(ROOT + PAGE, V), 100, DIR_READ},
                {slot(va, 0), leaf, 101, DIR_READ},
                {slot(va, 0), leaf, 102, DIR_BOTH}};
    for (unsigned i = 0; i < 3; i++) {
        const MemorySite &site = rec.site[heads[i].site];
        EXPECT_EQ(want[i].address, heads[i].address);
        EXPECT_EQ(want[i].value, heads[i].value);
        EXPECT_EQ(want[i].cycle, heads[i].cycle);
        EXPECT_EQ(want[i].dir, site.dir);
        EXPECT_EQ(ACCESS_WALK, site.kind);
        EXPECT_EQ(4u, site.size);
        EXPECT_EQ(PC, site.pc);
        EXPECT_EQ(&h->walk, site.port);
    }
    memory_world_set_recorder(hart->world, nullptr);
    recorder_fini(&rec);
}

TEST_F(Mmu, ADebuggerChangesNothing)
{
    make(HART_MMU_SV39);
    uint64_t va = 0x403000;
    for (bool hardware : {false, true}) {
        h->config.hardware_ad = hardware;
        map(va, pte(TARGET, V | R | W));
        for (MmuAccess access : {MMU_LOAD, MMU_STORE}) {
            MmuResult r = mmu_peek(h, SPACE_S, access, va + 4);
            EXPECT_EQ(0u, r.cause); // untouched, but there
            EXPECT_EQ(TARGET + 4, r.pa);
            EXPECT_EQ(0u, r.cycles);
        }
        EXPECT_EQ(12u, mmu_peek(h, SPACE_S, MMU_FETCH, va).cause);
        EXPECT_EQ(13u, mmu_peek(h, SPACE_U, MMU_LOAD, va).cause);
        EXPECT_EQ(pte(TARGET, V | R | W), hart->get(slot(va, 0)));
    }
    hart->put(slot(va, 1), pte(BareHart::HOLE, V));
    EXPECT_EQ(5u, mmu_peek(h, SPACE_S, MMU_LOAD, va).cause);
    EXPECT_EQ(0u, accesses());
}

} // namespace
