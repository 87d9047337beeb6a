/*
 * mmu.c - the page-table walker.
 *
 * Model    Sv32, Sv39 and Sv48 with superpages, from satp, mstatus.MXR and the
 *          space that asks. Entries are read through the walk port, one after
 *          the other, each checked by PMP as an S-mode access. A and D are set
 *          by the walker, or found missing, which is a page fault
 *          (config.hardware_ad; with Svadu menvcfg.ADUE). The walker sets them
 *          in one locked transaction that leaves an entry alone if it is no
 *          longer the one that was read; the walk begins again then. Svnapot:
 *          pages of 64 KiB. Bits and combinations that are reserved make an
 *          entry invalid: PBMT, N without Svnapot, bits 60..54, W without R,
 *          and U, A, D and N in a pointer to the next table.
 *          mmu_peek() takes the same way, but looks past A and D: a page that
 *          software has not touched yet is still there for a debugger.
 * Units    cycles of the hart: an entry takes what its transaction takes, and
 *          at least one.
 * Source   The RISC-V Instruction Set Manual, Volume II (20211203), 4.3 to 4.5
 *          and chapter 5 (Svnapot); Svadu 1.0.
 * Missing  Svpbmt; caches of inner entries.
 */
#include "cpu/hart_private.h"

#define PTE_V (UINT64_C(1) << 0)
#define PTE_R (UINT64_C(1) << 1)
#define PTE_W (UINT64_C(1) << 2)
#define PTE_X (UINT64_C(1) << 3)
#define PTE_U (UINT64_C(1) << 4)
#define PTE_G (UINT64_C(1) << 5)
#define PTE_A (UINT64_C(1) << 6)
#define PTE_D (UINT64_C(1) << 7)
#define PTE_RESERVED (UINT64_C(0x1ff) << 54) /* with PBMT, without N */
#define PTE_N (UINT64_C(1) << 63)

enum {
    PTE_PPN_SHIFT = 10,
    NAPOT_BITS = 4,  /* of the page number: 64 KiB */
    MMU_RESTARTS = 8 /* more, and the tables change under every walk */
};

/* Modes of satp on RV64; RV32 has one bit. */
enum { SATP_BARE = 0, SATP_SV32 = 1, SATP_SV39 = 8, SATP_SV48 = 9 };

static unsigned satp_mode(const Hart *h, uint64_t satp)
{
    return (unsigned)(hart_is32(h) ? satp >> 31 & 1 : satp >> 60);
}

bool mmu_has_mode(const Hart *h, uint64_t satp)
{
    unsigned mode = satp_mode(h, satp);
    HartMmu has = h->config.mmu;
    if (mode == SATP_BARE) {
        return true;
    }
    if (hart_is32(h)) {
        return has == HART_MMU_SV32;
    }
    return (mode == SATP_SV39 &&
            (has == HART_MMU_SV39 || has == HART_MMU_SV48)) ||
           (mode == SATP_SV48 && has == HART_MMU_SV48);
}

/* -- one walk
 * -------------------------------------------------------------------------- */

typedef struct Walk {
    Hart *h;
    HartSpace space;
    MmuAccess access;
    bool peek;
    uint64_t va, pc;
    uint64_t begin, cycle; /* cycle: now */
    unsigned levels;
    unsigned index_bits; /* of an address, per level */
    unsigned pte_size;   /* bytes */
} Walk;

/* What came of a step. */
typedef enum Step {
    STEP_DONE,
    STEP_PAGE_FAULT,
    STEP_ACCESS_FAULT,
    STEP_AGAIN
} Step;

static PortTx pte_tx(const Walk *w, uint64_t pa)
{
    return (PortTx){
        .addr = pa,
        .va = pa,
        .pc = w->pc,
        .issue = clock_time(w->h->config.clock, w->cycle),
        .attrs = {.requester_id = (unsigned)w->h->config.hartid & 0xffff},
        .kind = ACCESS_WALK};
}

static void pte_took(Walk *w, const PortTx *tx)
{
    uint64_t total = tx->wait + tx->bus + tx->target;
    w->cycle += total > 1 ? total : 1;
}

static bool pte_read(Walk *w, uint64_t pa, uint64_t *pte)
{
    *pte = 0;
    if (!pmp_check(w->h, HART_S, MMU_LOAD, pa, w->pte_size)) {
        return false;
    }
    if (w->peek) {
        return port_debug(&w->h->walk, pa, pte, w->pte_size, false) ==
               w->pte_size;
    }
    PortQuick quick =
        port_quick_ram(&w->h->walk, pa, w->cycle, w->pte_size, ACCESS_WALK);
    if (quick.cycles >= 0) {
        *pte = quick.value;
        w->cycle += quick.cycles > 1 ? (uint64_t)quick.cycles : 1;
        return true;
    }
    PortTx tx = pte_tx(w, pa);
    *pte = port_load(&w->h->walk, &tx, w->pte_size);
    pte_took(w, &tx);
    return tx.result == MEMTX_OK;
}

/* `wanted` is an entry as it was read, with A and perhaps D set. If it is still
 * that entry, it gets these bits, and keeps others' D. */
static uint64_t set_accessed(uint64_t old, uint64_t wanted)
{
    const uint64_t bits = PTE_A | PTE_D;
    return (old | bits) == (wanted | bits) ? old | wanted : old;
}

static Step pte_update(Walk *w, uint64_t pa, uint64_t wanted)
{
    if (!pmp_check(w->h, HART_S, MMU_STORE, pa, w->pte_size)) {
        return STEP_ACCESS_FAULT;
    }
    PortTx tx = pte_tx(w, pa);
    uint64_t old =
        port_amo(&w->h->walk, &tx, w->pte_size, set_accessed, wanted);
    pte_took(w, &tx);
    if (tx.result != MEMTX_OK) {
        return STEP_ACCESS_FAULT;
    }
    /* An entry that has changed was written back as it was. */
    return (old ^ wanted) & ~(PTE_A | PTE_D) ? STEP_AGAIN : STEP_DONE;
}

static bool hardware_sets_ad(const Hart *h)
{
    return hart_has(h, ISA_SVADU) ? (h->menvcfg & ENVCFG_ADUE) != 0
                                  : h->config.hardware_ad;
}

static bool is_leaf(uint64_t pte)
{
    return pte & (PTE_R | PTE_X);
}

/* V, and nothing in it that is reserved at this level. */
static bool pte_valid(const Walk *w, uint64_t pte, unsigned level)
{
    if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W) {
        return false;
    }
    if (w->pte_size == 8 && (pte & PTE_RESERVED)) {
        return false;
    }
    if (!is_leaf(pte)) {
        uint64_t high = w->pte_size == 8 ? PTE_N : 0;
        return level > 0 && !(pte & (PTE_U | PTE_A | PTE_D | high));
    }
    if (w->pte_size == 8 && (pte & PTE_N)) {
        const uint64_t size = (UINT64_C(1) << NAPOT_BITS) - 1;
        return hart_has(w->h, ISA_SVNAPOT) && level == 0 &&
               (pte >> PTE_PPN_SHIFT & size) == UINT64_C(1) << (NAPOT_BITS - 1);
    }
    return true;
}

static uint64_t pte_page(const Walk *w, uint64_t pte)
{
    const unsigned bits = w->pte_size == 8 ? 44 : 22;
    return (pte >> PTE_PPN_SHIFT & ((UINT64_C(1) << bits) - 1)) << PAGE_BITS;
}

/* What may be done with the page of a leaf, A and D aside. */
static void leaf_permissions(const Walk *w, uint64_t pte, MmuResult *r)
{
    r->user = pte & PTE_U;
    r->read = (pte & PTE_R) || ((w->h->mstatus & MSTATUS_MXR) && (pte & PTE_X));
    r->write = pte & PTE_W;
    r->exec = pte & PTE_X;
    r->global = pte & PTE_G;
}

/* A leaf was found at pte_pa: may it be used, and where does it lead? */
static Step use_leaf(Walk *w, uint64_t pte_pa, uint64_t pte, unsigned level,
                     MmuResult *r)
{
    unsigned low = PAGE_BITS + level * w->index_bits;
    uint64_t page = pte_page(w, pte);
    leaf_permissions(w, pte, r);
    bool allowed = w->access == MMU_FETCH  ? r->exec
                   : w->access == MMU_LOAD ? r->read
                                           : r->write;
    allowed = tlb_allows(r->user, allowed, w->space, w->access);
    if (!allowed || (page & ((UINT64_C(1) << low) - 1))) {
        return STEP_PAGE_FAULT;
    }
    if (!w->peek) {
        uint64_t need = w->access == MMU_STORE ? PTE_A | PTE_D : PTE_A;
        if ((pte & need) != need) {
            if (!hardware_sets_ad(w->h)) {
                return STEP_PAGE_FAULT;
            }
            Step step = pte_update(w, pte_pa, pte | need);
            if (step != STEP_DONE) {
                return step;
            }
            pte |= need;
        }
        r->write = r->write && (pte & PTE_D);
    }
    if (w->pte_size == 8 && (pte & PTE_N)) {
        low = PAGE_BITS + NAPOT_BITS;
    }
    const uint64_t inside = (UINT64_C(1) << low) - 1;
    r->super = low > PAGE_BITS;
    r->pa = (page & ~inside) | (w->va & inside);
    return STEP_DONE;
}

static Step walk_once(Walk *w, MmuResult *r)
{
    const Hart *h = w->h;
    uint64_t ppn_mask = (UINT64_C(1) << (hart_is32(h) ? 22 : 44)) - 1;
    uint64_t table = (h->satp & ppn_mask) << PAGE_BITS;
    for (unsigned level = w->levels; level-- > 0;) {
        unsigned shift = PAGE_BITS + level * w->index_bits;
        uint64_t index = w->va >> shift & ((UINT64_C(1) << w->index_bits) - 1);
        uint64_t pa = table + index * w->pte_size;
        uint64_t pte;
        if (!pte_read(w, pa, &pte)) {
            return STEP_ACCESS_FAULT;
        }
        if (!pte_valid(w, pte, level)) {
            return STEP_PAGE_FAULT;
        }
        if (is_leaf(pte)) {
            return use_leaf(w, pa, pte, level, r);
        }
        table = pte_page(w, pte);
    }
    return STEP_PAGE_FAULT; /* not reached: level 0 has valid leaves only */
}

/* Bits above the highest that is translated must be copies of it. */
static bool is_canonical(const Walk *w)
{
    unsigned bits = PAGE_BITS + w->levels * w->index_bits;
    if (hart_is32(w->h)) {
        return true;
    }
    uint64_t above = w->va >> (bits - 1);
    return above == 0 || above == UINT64_MAX >> (bits - 1);
}

static MmuResult walk(Walk *w)
{
    static const uint8_t page_fault[] = {[MMU_FETCH] = CAUSE_FETCH_PAGE,
                                         [MMU_LOAD] = CAUSE_LOAD_PAGE,
                                         [MMU_STORE] = CAUSE_STORE_PAGE};
    static const uint8_t access_fault[] = {[MMU_FETCH] = CAUSE_FETCH_FAULT,
                                           [MMU_LOAD] = CAUSE_LOAD_FAULT,
                                           [MMU_STORE] = CAUSE_STORE_FAULT};
    const bool rv32 = hart_is32(w->h);
    unsigned mode = satp_mode(w->h, w->h->satp);
    w->levels = rv32 ? 2 : mode == SATP_SV48 ? 4 : 3;
    w->index_bits = rv32 ? 10 : 9;
    w->pte_size = rv32 ? 4 : 8;
    MmuResult r = {0};
    Step step = STEP_PAGE_FAULT;
    if (is_canonical(w)) {
        unsigned tries = 0;
        do {
            step = walk_once(w, &r);
        } while (step == STEP_AGAIN && tries++ < MMU_RESTARTS);
    }
    const uint64_t cycles = w->cycle - w->begin;
    if (step != STEP_DONE) {
        r = (MmuResult){.cause = step == STEP_ACCESS_FAULT
                                     ? access_fault[w->access]
                                     : page_fault[w->access]};
    }
    r.cycles = cycles < UINT32_MAX ? (uint32_t)cycles : UINT32_MAX;
    return r;
}

MmuResult mmu_walk(Hart *h, HartSpace space, MmuAccess access, uint64_t va,
                   uint64_t pc, uint64_t cycle)
{
    Walk w = {.h = h,
              .space = space,
              .access = access,
              .va = va,
              .pc = pc,
              .begin = cycle,
              .cycle = cycle};
    return walk(&w);
}

MmuResult mmu_peek(Hart *h, HartSpace space, MmuAccess access, uint64_t va)
{
    Walk w = {.h = h, .space = space, .access = access, .peek = true, .va = va};
    return walk(&w);
}
