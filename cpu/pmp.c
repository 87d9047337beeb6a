/*
 * pmp.c - physical memory protection.
 *
 * Model    up to 16 entries, grain of 4 bytes. The ranges that entries match
 *          are worked out when a register is written; a check compares them in
 *          order. What an access may do is decided by the lowest-numbered entry
 *          that matches any of its bytes; one that matches only some of them
 *          refuses it, whoever asks. Where nothing matches, M may do anything,
 *          S and U nothing, unless there is no entry at all. Locked entries
 *          bind M too and keep their registers until reset; a locked TOR entry
 *          keeps the address register below it as well.
 *          R=0 with W=1 is reserved: such a write sets neither.
 * Units    bytes, physical.
 * Source   The RISC-V Instruction Set Manual, Volume II (20211203), 3.7.
 * Missing  Smepmp (mseccfg); entries 16..63, which read 0.
 */
#include "cpu/hart_private.h"

enum {
    CSR_PMPCFG0 = 0x3a0,
    CSR_PMPADDR0 = 0x3b0,
};

enum {
    PMP_R = 1 << 0,
    PMP_W = 1 << 1,
    PMP_X = 1 << 2,
    PMP_A = 3 << 3,
    PMP_OFF = 0 << 3,
    PMP_TOR = 1 << 3,
    PMP_NA4 = 2 << 3,
    PMP_NAPOT = 3 << 3,
    PMP_L = 1 << 7,
};

/* An entry that matches nothing: no access both ends at or behind `first` and
 * begins at or before `last`, but one of the whole address space. */
static const PmpEntry nowhere = {.first = UINT64_MAX, .last = 0};

static void update_range(Hart *h, unsigned i)
{
    PmpEntry *e = &h->pmp[i];
    const uint64_t addr = h->pmpaddr[i]; /* in units of 4 bytes */
    const uint64_t below = i ? h->pmpaddr[i - 1] : 0;
    const uint64_t ones = addr ^ (addr + 1); /* the lowest 0 and 1s below it */
    e->first = nowhere.first;
    e->last = nowhere.last;
    switch (e->config & PMP_A) {
    case PMP_TOR:
        if (below < addr) {
            e->first = below << 2;
            e->last = (addr << 2) - 1;
        }
        break;
    case PMP_NA4:
        e->first = addr << 2;
        e->last = addr << 2 | 3;
        break;
    case PMP_NAPOT:
        e->first = (addr & ~ones) << 2;
        e->last = (addr | ones) << 2 | 3;
        break;
    default: break;
    }
}

static void update_ranges(Hart *h)
{
    h->pmp_used = false;
    for (unsigned i = 0; i < h->config.pmp_entries; i++) {
        update_range(h, i);
        h->pmp_used |= h->pmp[i].first <= h->pmp[i].last;
    }
}

void pmp_reset(Hart *h)
{
    for (unsigned i = 0; i < 16; i++) {
        h->pmp[i] = nowhere;
        h->pmpaddr[i] = 0;
    }
    h->pmp_used = false;
}

/* -- registers
 * ------------------------------------------------------------------------- */

/* The entries whose configuration is in a pmpcfg register: *n of them from the
 * result on, those that this hart has. */
static unsigned config_entries(const Hart *h, unsigned csr, unsigned *n)
{
    unsigned per_register = hart_is32(h) ? 4 : 8;
    unsigned first = (csr - CSR_PMPCFG0) * 4;
    unsigned end = first + per_register;
    if (first % per_register != 0) { /* RV64 has the even ones only */
        end = first;
    }
    end = end < h->config.pmp_entries ? end : h->config.pmp_entries;
    *n = end > first ? end - first : 0;
    return first;
}

uint64_t pmp_read(const Hart *h, unsigned csr)
{
    if (csr >= CSR_PMPADDR0) {
        unsigned i = csr - CSR_PMPADDR0;
        return i < h->config.pmp_entries ? h->pmpaddr[i] : 0;
    }
    unsigned n, first = config_entries(h, csr, &n);
    uint64_t value = 0;
    for (unsigned i = 0; i < n; i++) {
        value |= (uint64_t)h->pmp[first + i].config << 8 * i;
    }
    return value;
}

static bool write_config(Hart *h, unsigned i, uint8_t config)
{
    uint8_t *old = &h->pmp[i].config;
    config &= PMP_R | PMP_W | PMP_X | PMP_A | PMP_L;
    if (!(config & PMP_R)) {
        config &= (uint8_t)~PMP_W;
    }
    if ((*old & PMP_L) || *old == config) {
        return false;
    }
    *old = config;
    return true;
}

static bool address_locked(const Hart *h, unsigned i)
{
    if (h->pmp[i].config & PMP_L) {
        return true;
    }
    return i + 1 < h->config.pmp_entries &&
           (h->pmp[i + 1].config & (PMP_L | PMP_A)) == (PMP_L | PMP_TOR);
}

static bool write_address(Hart *h, unsigned i, uint64_t addr)
{
    addr &= hart_is32(h) ? UINT32_MAX : (UINT64_C(1) << 54) - 1;
    if (i >= h->config.pmp_entries || address_locked(h, i) ||
        h->pmpaddr[i] == addr) {
        return false;
    }
    h->pmpaddr[i] = addr;
    return true;
}

bool pmp_write(Hart *h, unsigned csr, uint64_t value)
{
    bool changed = false;
    if (csr >= CSR_PMPADDR0) {
        changed = write_address(h, csr - CSR_PMPADDR0, value);
    } else {
        unsigned n, first = config_entries(h, csr, &n);
        for (unsigned i = 0; i < n; i++) {
            changed |= write_config(h, first + i, (uint8_t)(value >> 8 * i));
        }
    }
    if (changed) {
        update_ranges(h);
    }
    return changed;
}

/* -- checks
 * ----------------------------------------------------------------------------
 */

static bool entry_allows(const PmpEntry *e, unsigned priv, MmuAccess access)
{
    static const uint8_t need[] = {
        [MMU_FETCH] = PMP_X, [MMU_LOAD] = PMP_R, [MMU_STORE] = PMP_W};
    if (priv == HART_M && !(e->config & PMP_L)) {
        return true;
    }
    return e->config & need[access];
}

bool pmp_check(const Hart *h, unsigned priv, MmuAccess access, uint64_t pa,
               uint64_t size)
{
    uint64_t last = pa + (size - 1);
    last = last < pa ? UINT64_MAX : last; /* over the end of all addresses */
    const PmpEntry *end = h->pmp + (h->pmp_used ? h->config.pmp_entries : 0);
    for (const PmpEntry *e = h->pmp; e < end; e++) {
        if (pa <= e->last && last >= e->first) {
            return pa >= e->first && last <= e->last &&
                   entry_allows(e, priv, access);
        }
    }
    return priv == HART_M || h->config.pmp_entries == 0;
}

bool pmp_page_uniform(const Hart *h, uint64_t pa)
{
    const uint64_t first = pa & ~(uint64_t)(PAGE_SIZE_BYTES - 1);
    const uint64_t last = first | (PAGE_SIZE_BYTES - 1);
    for (unsigned i = 0; i < h->config.pmp_entries; i++) {
        const PmpEntry *e = &h->pmp[i];
        if (first <= e->last && last >= e->first) {
            return first >= e->first && last <= e->last;
        }
    }
    return true;
}
