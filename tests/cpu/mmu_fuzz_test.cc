// mmu_fuzz_test.cc - random page tables: the walker compared with a naive one.
//
// The naive walker is the ten steps of Volume II, 4.3.2, written down one by
// one over a copy of memory; it shares nothing with cpu/mmu.c but the types of
// the question. MMU_ACCESSES=n says how many accesses each mode gets.

#include "tests/cpu/pmp_model.h"

namespace
{

enum : uint64_t { RAM = BareHart::RAM, RAM_SIZE = BareHart::RAM_SIZE };

// -- the ten steps
// ------------------------------------------------------------------------

struct Naive {
    unsigned levels = 3, ptesize = 8, vpnbits = 9, ppnbits = 44;
    uint64_t satp_ppn = 0;
    bool mxr = false, hardware = false, svnapot = false;
    PmpModel pmp;
    std::vector<uint8_t> ram = std::vector<uint8_t>(RAM_SIZE);
    std::vector<uint8_t> rom = std::vector<uint8_t>(BareHart::ROM_SIZE);

    struct Answer {
        uint64_t cause = 0, pa = 0;
        bool read = false, write = false, exec = false;
        unsigned accesses = 0; // to tables
    };

    uint8_t *memory(uint64_t pa)
    {
        if (pa >= RAM && pa + ptesize <= RAM + RAM_SIZE) {
            return &ram[pa - RAM];
        }
        if (pa >= BareHart::ROM &&
            pa + ptesize <= BareHart::ROM + BareHart::ROM_SIZE) {
            return &rom[pa - BareHart::ROM];
        }
        return nullptr;
    }
    static uint64_t bits(uint64_t value, unsigned high, unsigned low)
    {
        return value >> low & (~UINT64_C(0) >> (63 - (high - low)));
    }
    bool reserved(uint64_t pte, unsigned i, bool leaf) const
    {
        if (!leaf && bits(pte, 7, 6) + bits(pte, 4, 4) != 0) {
            return true;
        }
        if (ptesize == 4) {
            return false;
        }
        if (bits(pte, 62, 54) != 0) {
            return true;
        }
        // Table 5.1: encodings of a NAPOT entry.
        return bits(pte, 63, 63) &&
               !(svnapot && leaf && i == 0 && bits(pte, 13, 10) == 8);
    }
    bool permitted(uint64_t pte, HartSpace space, MmuAccess access) const
    {
        bool r = bits(pte, 1, 1), w = bits(pte, 2, 2), x = bits(pte, 3, 3);
        bool u = bits(pte, 4, 4);
        if (space == SPACE_U && !u) {
            return false;
        }
        if (space == SPACE_S && u) {
            return false;
        }
        if (space == SPACE_SUM && u && access == MMU_FETCH) {
            return false;
        }
        return access == MMU_FETCH   ? x
               : access == MMU_STORE ? w
                                     : r || (mxr && x);
    }

    Answer translate(uint64_t va, HartSpace space, MmuAccess access, bool peek)
    {
        Answer answer;
        const uint64_t page_fault = access == MMU_FETCH  ? 12
                                    : access == MMU_LOAD ? 13
                                                         : 15;
        const uint64_t access_fault = access == MMU_FETCH  ? 1
                                      : access == MMU_LOAD ? 5
                                                           : 7;
        auto stop = [&](uint64_t cause) {
            answer.cause = cause;
            return answer;
        };
        if (ptesize == 8) { // "must have bits 63-39 all equal to bit 38"
            unsigned top = levels * 9 + 12 - 1;
            for (unsigned b = top + 1; b < 64; b++) {
                if (bits(va, b, b) != bits(va, top, top)) {
                    return stop(page_fault);
                }
            }
        }
        // 1
        uint64_t a = satp_ppn * 4096;
        int i = static_cast<int>(levels) - 1;
        uint64_t pte, at;
        for (;;) {
            // 2
            unsigned low = 12 + static_cast<unsigned>(i) * vpnbits;
            at = a + bits(va, low + vpnbits - 1, low) * ptesize;
            if (!pmp.check(1, MMU_LOAD, at, ptesize)) {
                return stop(access_fault);
            }
            answer.accesses++;
            uint8_t *p = memory(at);
            if (!p) {
                return stop(access_fault);
            }
            pte = 0;
            memcpy(&pte, p, ptesize);
            bool r = bits(pte, 1, 1), w = bits(pte, 2, 2), x = bits(pte, 3, 3);
            // 3
            if (!bits(pte, 0, 0) || (!r && w) ||
                reserved(pte, static_cast<unsigned>(i), r || x)) {
                return stop(page_fault);
            }
            // 4
            if (r || x) {
                break;
            }
            i--;
            if (i < 0) {
                return stop(page_fault);
            }
            a = bits(pte, 9 + ppnbits, 10) * 4096;
        }
        // 5
        if (!permitted(pte, space, access)) {
            return stop(page_fault);
        }
        // 6
        uint64_t ppn = bits(pte, 9 + ppnbits, 10);
        unsigned low = static_cast<unsigned>(i) * vpnbits;
        if (i > 0 && bits(ppn, low - 1, 0) != 0) {
            return stop(page_fault);
        }
        // 7
        bool accessed = bits(pte, 6, 6), dirty = bits(pte, 7, 7);
        if (!peek && (!accessed || (access == MMU_STORE && !dirty))) {
            if (!hardware) {
                return stop(page_fault);
            }
            if (!pmp.check(1, MMU_STORE, at, ptesize)) {
                return stop(access_fault);
            }
            answer.accesses++;
            if (at < RAM) { // ROM
                return stop(access_fault);
            }
            pte |= 0x40;
            if (access == MMU_STORE) {
                pte |= 0x80;
                dirty = true;
            }
            memcpy(memory(at), &pte, ptesize);
        }
        // 8, and for NAPOT pages the low bits of the page number too
        unsigned from_va = low;
        if (ptesize == 8 && bits(pte, 63, 63)) {
            from_va = 4;
        }
        answer.pa = va & 0xfff;
        for (unsigned b = 0; b < ppnbits; b++) {
            uint64_t bit =
                b < from_va ? bits(va, 12 + b, 12 + b) : bits(ppn, b, b);
            answer.pa |= bit << (12 + b);
        }
        answer.read = permitted(pte, space, MMU_LOAD);
        answer.write = permitted(pte, space, MMU_STORE) && (dirty || peek);
        answer.exec = permitted(pte, space, MMU_FETCH);
        return answer;
    }
};

// -- random tables
// ------------------------------------------------------------------------

class MmuFuzz : public testing::TestWithParam<HartMmu>
{
  protected:
    MmuFuzz() : dice(0x5eed + uint64_t{GetParam()})
    {
        bool rv32 = GetParam() == HART_MMU_SV32;
        hart = std::make_unique<BareHart>(rv32 ? 32u : 64u, GetParam());
        h = hart->h;
        h->paged = true;
        if (rv32) {
            naive.levels = 2;
            naive.ptesize = 4;
            naive.vpnbits = 10;
            naive.ppnbits = 22;
        }
        naive.pmp.xlen = rv32 ? 32 : 64;
    }

    uint64_t some_table()
    {
        uint64_t kind = dice.below(100);
        if (kind < 94) {
            return RAM / 4096 + dice.below(RAM_SIZE / 4096);
        }
        return kind < 98   ? BareHart::ROM / 4096 + dice.below(2)
               : kind < 99 ? BareHart::HOLE / 4096
                           : dice.word() & ((UINT64_C(1) << naive.ppnbits) - 1);
    }
    // Biased to what is nearly right.
    uint64_t some_pte()
    {
        uint64_t kind = dice.below(100);
        uint64_t pte;
        if (kind < 5) {
            pte = dice.word();
        } else if (kind < 60) {
            pte = some_table() << 10 | 1;
        } else {
            static const uint64_t rwx[] = {2, 6, 8, 10, 14, 14, 4, 12};
            uint64_t ppn = dice.word() & ((UINT64_C(1) << naive.ppnbits) - 1);
            uint64_t levels = dice.below(naive.levels);
            ppn = ppn >> levels * naive.vpnbits << levels * naive.vpnbits;
            pte = ppn << 10 | 1 | rwx[dice.below(8)] |
                  (dice.percent(50) ? 16 : 0) | (dice.percent(75) ? 64 : 0) |
                  (dice.percent(70) ? 128 : 0) | dice.below(4) << 8;
            if (naive.ptesize == 8 && dice.percent(15)) { // NAPOT
                pte |= UINT64_C(1) << 63;
                if (dice.percent(80)) {
                    pte = (pte & ~UINT64_C(0x3c00)) | UINT64_C(8) << 10;
                }
            }
        }
        if (dice.percent(5)) {
            pte ^= UINT64_C(1) << dice.below(8 * naive.ptesize);
        }
        return pte;
    }
    void new_tables()
    {
        for (auto *bytes : {&naive.ram, &naive.rom}) {
            for (size_t n = 0; n < bytes->size(); n += naive.ptesize) {
                uint64_t pte = some_pte();
                memcpy(&(*bytes)[n], &pte, naive.ptesize);
            }
        }
        memcpy(hart->bytes(RAM, RAM_SIZE), naive.ram.data(), naive.ram.size());
        memcpy(hart->bytes(BareHart::ROM, BareHart::ROM_SIZE), naive.rom.data(),
               naive.rom.size());
    }
    void protect(unsigned csr, uint64_t value)
    {
        naive.pmp.write(csr, value);
        pmp_write(h, csr, value);
    }
    // All of the hart that a walk depends on.
    void new_state()
    {
        naive.satp_ppn = some_table();
        uint64_t mode = GetParam() == HART_MMU_SV32   ? UINT64_C(1) << 31
                        : GetParam() == HART_MMU_SV39 ? UINT64_C(8) << 60
                                                      : UINT64_C(9) << 60;
        naive.levels = GetParam() == HART_MMU_SV32
                           ? 2u
                           : 3u + (GetParam() == HART_MMU_SV48);
        if (GetParam() == HART_MMU_SV48 && dice.percent(20)) { // it has Sv39
            mode = UINT64_C(8) << 60;
            naive.levels = 3;
        }
        h->satp = mode | naive.satp_ppn |
                  dice.below(512) << (naive.ptesize == 4 ? 22 : 44);
        naive.mxr = dice.percent(50);
        h->mstatus = dice.word();
        h->mstatus &= ~MSTATUS_MXR;
        h->mstatus |= naive.mxr ? MSTATUS_MXR : 0;
        naive.svnapot = dice.percent(50);
        naive.hardware = dice.percent(50);
        bool svadu = dice.percent(50);
        h->config.isa.extensions = ISA_I | ISA_S | (svadu ? ISA_SVADU : 0) |
                                   (naive.svnapot ? ISA_SVNAPOT : 0);
        h->config.hardware_ad = naive.hardware != svadu;
        h->menvcfg = naive.hardware == svadu ? UINT64_C(1) << 61 : 0;
        pmp_reset(h);
        memset(naive.pmp.cfg, 0, sizeof naive.pmp.cfg);
        memset(naive.pmp.addr, 0, sizeof naive.pmp.addr);
        naive.pmp.entries = dice.percent(30) ? 4 : 0;
        h->config.pmp_entries = static_cast<uint8_t>(naive.pmp.entries);
        if (naive.pmp.entries) {
            // Three small refusals, and all the rest.
            for (unsigned n = 0; n < 3; n++) {
                protect(0x3b0 + n, RAM / 4 + dice.below(RAM_SIZE / 4));
            }
            protect(0x3b3, UINT64_MAX);
            uint64_t config = 0x1f000000;
            for (unsigned n = 0; n < 3; n++) {
                config |= (dice.below(8) | (dice.percent(30) ? 8 : 0x18))
                          << 8 * n;
            }
            protect(0x3a0, config);
        }
    }
    uint64_t some_address()
    {
        uint64_t va = dice.word();
        if (naive.ptesize == 4) {
            return va & UINT32_MAX;
        }
        unsigned width = 12 + 9 * naive.levels;
        if (dice.percent(90)) {
            va = static_cast<uint64_t>(
                static_cast<int64_t>(va << (64 - width)) >> (64 - width));
        } else if (dice.percent(50)) { // one bit off
            va = (va & ((UINT64_C(1) << (width - 1)) - 1)) ^
                 UINT64_C(1) << (width - 1 + dice.below(64 - width + 1));
        }
        return va;
    }
    void compare(const Naive::Answer &want, const MmuResult &got, bool peek,
                 HartSpace space)
    {
        ASSERT_EQ(want.cause, got.cause);
        if (!peek) {
            ASSERT_EQ(want.accesses, got.cycles); // one each: nothing is slow
        }
        if (!want.cause) {
            ASSERT_EQ(want.pa, got.pa);
            auto mine = [&](bool allowed, MmuAccess a) {
                return tlb_allows(got.user, allowed, space, a);
            };
            ASSERT_EQ(want.read, mine(got.read, MMU_LOAD));
            ASSERT_EQ(want.write, mine(got.write, MMU_STORE));
            ASSERT_EQ(want.exec, mine(got.exec, MMU_FETCH));
        }
    }
    // Asks both, and says which question it was if they differ.
    void one_access()
    {
        static const HartSpace spaces[] = {SPACE_S, SPACE_U, SPACE_SUM};
        static const MmuAccess kinds[] = {MMU_FETCH, MMU_LOAD, MMU_STORE};
        uint64_t va = some_address();
        HartSpace space = spaces[dice.below(3)];
        MmuAccess access = kinds[dice.below(3)];
        bool peek = dice.percent(10);
        Naive::Answer want = naive.translate(va, space, access, peek);
        compare(want,
                peek ? mmu_peek(h, space, access, va)
                     : mmu_walk(h, space, access, va, 0, 0),
                peek, space);
        if (HasFatalFailure()) {
            ADD_FAILURE() << std::hex << "va 0x" << va << " satp 0x" << h->satp
                          << " space " << space << " access " << access
                          << (peek ? " (peek)" : "");
        }
        ends[want.cause] += !peek;
        updates += want.accesses > naive.levels;
    }
    void same_memory()
    {
        ASSERT_EQ(0, memcmp(hart->bytes(RAM, RAM_SIZE), naive.ram.data(),
                            naive.ram.size()));
        ASSERT_EQ(0, memcmp(hart->bytes(BareHart::ROM, BareHart::ROM_SIZE),
                            naive.rom.data(), naive.rom.size()));
    }

    Dice dice;
    std::unique_ptr<BareHart> hart;
    Hart *h;
    Naive naive;
    uint64_t ends[16] = {}, updates = 0;
};
std::string mode_name(const testing::TestParamInfo<HartMmu> &info)
{
    const char *names[] = {"bare", "sv32", "sv39", "sv48"};
    return names[info.param];
}
INSTANTIATE_TEST_SUITE_P(Modes, MmuFuzz,
                         testing::Values(HART_MMU_SV32, HART_MMU_SV39,
                                         HART_MMU_SV48),
                         mode_name);

TEST_P(MmuFuzz, AsTheTenSteps)
{
    const uint64_t n = tries("MMU_ACCESSES", 100000);
    for (uint64_t i = 0; i < n; i++) {
        if (i % 10000 == 0) {
            new_tables();
        }
        if (i % 50 == 0) {
            new_state();
        }
        one_access();
        if (i % 500 == 499) {
            same_memory();
        }
        if (HasFatalFailure()) {
            return;
        }
    }
    same_memory();
    if (n < 10000) {
        return;
    }
    for (unsigned cause :
         {0u, 1u, 5u, 7u, 12u, 13u, 15u}) { // all were met, and often
        EXPECT_GT(ends[cause], n / 1000) << cause;
    }
    EXPECT_GT(ends[0], n / 20);
    EXPECT_GT(updates, n / 1000);
}

} // namespace
