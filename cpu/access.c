/*
 * access.c - the slow way into memory: translation, protection, the port's
 * call. What comes here once opens the page's inline entry, if it may.
 *
 * Model    The inline entries are a subset of what the TLB (tlb.c) knows, so a
 *          run with the fast path off walks the same tables at the same time.
 *          Physical memory protection is checked at each access here, and an
 *          inline entry is opened only where a page's answer is the same
 *          everywhere.
 * Units    cycles of the hart.
 * Source   see cpu/hart.h.
 * Missing  -
 */
#include <string.h>

#include "cpu/hart_private.h"

/* -- translation
 * ------------------------------------------------------------------------- */

static const uint8_t fault_cause[] = {[MMU_FETCH] = CAUSE_FETCH_FAULT,
                                      [MMU_LOAD] = CAUSE_LOAD_FAULT,
                                      [MMU_STORE] = CAUSE_STORE_FAULT};

void space_flush(Hart *h)
{
    tlb_flush(h);
    port_close_set(&h->data, SPACE_M);
    port_close_set(&h->data, SPACE_S);
    port_close_set(&h->data, SPACE_U);
    h->flush = true;
    h->block = NULL;
    hart_look_again(h);
}

/* What the tables of `space` say of va, through its TLB. */
static MmuResult translate(Hart *h, TlbEntry *tlb, unsigned space,
                           MmuAccess access, uint64_t va, uint64_t pc,
                           uint64_t cycle)
{
    const TlbEntry *e = tlb_find(h, tlb, va);
    if (e && tlb_entry_allows(e, (HartSpace)space, access)) {
        return (MmuResult){.pa = e->pa + (va - e->page)};
    }
    MmuResult r = mmu_walk(h, (HartSpace)space, access, va, pc, cycle);
    h->walks++;
    h->walk_cycles += r.cycles;
    if (!r.cause) {
        tlb_put(h, tlb, va, &r);
    }
    return r;
}

/* Protection of physical memory, where a translation led. */
static void protect(const Hart *h, MmuResult *r, unsigned privilege,
                    MmuAccess access, uint64_t size)
{
    if (!r->cause && (h->pmp_used || privilege != HART_M) &&
        !pmp_check(h, privilege, access, r->pa, size)) {
        r->cause = fault_cause[access];
    }
}

MmuResult hart_fetch_translate(Hart *h, uint64_t va, uint64_t cycle)
{
    unsigned space = h->code_space;
    MmuResult r = {.pa = va};
    if (space_paged(h, space)) {
        r = translate(h, h->code_tlb, space, MMU_FETCH, va, va, cycle);
    }
    protect(h, &r, h->priv, MMU_FETCH, 2);
    return r;
}

static MmuResult data_translate(Hart *h, MmuAccess access, uint64_t va,
                                uint64_t size, uint64_t pc, uint64_t cycle)
{
    unsigned space = h->data_space;
    MmuResult r = {.pa = va};
    if (space_paged(h, space)) {
        r = translate(h, h->data_tlb, space, access, va, pc, cycle);
    }
    protect(h, &r, space_privilege((HartSpace)space), access, size);
    return r;
}

/* -- accesses
 * ------------------------------------------------------------------------------
 */

static PortTx tx_at(const Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                    uint64_t pa, AccessKind kind)
{
    bool user =
        kind == ACCESS_FETCH ? h->priv == HART_U : h->data_space == SPACE_U;
    return (PortTx){
        .addr = pa,
        .va = va,
        .pc = pc,
        .issue = clock_time(h->config.clock, cycle),
        .attrs = {.user = user,
                  .requester_id = (unsigned)h->config.hartid & 0xffff},
        .kind = (uint8_t)kind};
}

/* What an access beyond its first cycle costs, and what failing means. */
static SlowAccess slow_end(Hart *h, const PortTx *tx, uint64_t value,
                           uint64_t walk, MmuAccess access)
{
    uint64_t total = tx->wait + tx->bus + tx->target;
    uint64_t extra = (total > 1 ? total - 1 : 0) + walk;
    if (h->worst_extra != h->data.worst_extra) {
        hart_look_again(h); /* blocks must learn it before they run on */
    }
    return (SlowAccess){.value = value,
                        .extra =
                            extra < UINT32_MAX ? (uint32_t)extra : UINT32_MAX,
                        .fault = tx->result != MEMTX_OK,
                        .cause = fault_cause[access],
                        .tval = tx->va};
}

static SlowAccess slow_fault(uint64_t cause, uint64_t va, uint32_t extra)
{
    return (SlowAccess){
        .fault = true, .cause = cause, .tval = va, .extra = extra};
}

static PortEntry *data_entry(const Hart *h, uint64_t va)
{
    return &h->data.entry[h->data_space * PORT_ENTRIES +
                          (va >> PAGE_BITS) % PORT_ENTRIES];
}

/* Is nobody in the way of such an access at `now`? */
static bool is_clear(const Hart *h, const PortEntry *e, uint64_t now,
                     unsigned size, bool is_write)
{
    const MemoryPort *port = &h->data;
    const uint64_t clear = port_clear_at(port);
    if (clear != TIME_NEVER) {
        return clear <= now;
    }
    const InlineCost *c = &e->place->cost[is_write][__builtin_ctz(size)];
    const uint32_t cycles = (uint32_t)c->bus + c->target;
    const TimingCost cost = {.ps = clock_time(port->clock, cycles),
                             .cycles = cycles,
                             .beats = c->beats,
                             .bytes = size,
                             .target = e->place->target};
    return port->timing->take &&
           port->timing->take(port->timing, port, now, &cost);
}

PortEntry *hart_near_entry(const Hart *h, const Block *b, const Op *o,
                           uint64_t base, uint64_t va, unsigned size,
                           bool is_write)
{
    PortEntry *e = data_entry(h, va);
    const uint64_t tag = is_write ? e->write_tag : e->read_tag;
    const uint64_t mask = ~(uint64_t)(PAGE_SIZE_BYTES - 1) | (size - 1);
    const uint64_t extra = e->extra[is_write][__builtin_ctz(size)];
    const uint64_t cycle = base + o->cycle;
    base += extra;
    bool over =
        (va & mask) == tag && block_reaches(h, b, o + 1, base, h->fast_until);
    return over && is_clear(h, e, clock_time(h->config.clock, cycle), size,
                            is_write)
               ? e
               : NULL;
}

/* Opens the page for direct access next time, if this is the fast mode. */
static void open_page(Hart *h, uint64_t va, uint64_t pa, bool is_write)
{
    unsigned space = h->data_space;
    if (!h->config.fast) {
        return;
    }
    const PortEntry *known = data_entry(h, va);
    if ((is_write ? known->write_tag : known->read_tag) ==
        (va & ~(uint64_t)(PAGE_SIZE_BYTES - 1))) {
        return;
    }
    bool checked = h->pmp_used || space != SPACE_M;
    if (checked && !pmp_page_uniform(h, pa)) {
        return;
    }
    h->data.entry_set = space;
    PortEntry *e = port_open(&h->data, va, pa, is_write);
    if (!e) {
        return;
    }
    /* What this space may not do with the page stays closed. */
    bool read = true, write = true;
    if (checked) {
        unsigned privilege = space_privilege((HartSpace)space);
        read = pmp_check(h, privilege, MMU_LOAD, pa, 1);
        write = pmp_check(h, privilege, MMU_STORE, pa, 1);
    }
    if (space_paged(h, space)) {
        const TlbEntry *t = tlb_find(h, h->data_tlb, va);
        read = read && t && tlb_entry_allows(t, (HartSpace)space, MMU_LOAD);
        write = write && t && tlb_entry_allows(t, (HartSpace)space, MMU_STORE);
    }
    if (!read) {
        e->read_tag = PORT_NO_TAG;
    }
    if (!write) {
        e->write_tag = PORT_NO_TAG;
    }
}

static bool crosses_page(uint64_t va, unsigned size)
{
    return (va & (PAGE_SIZE_BYTES - 1)) + size > PAGE_SIZE_BYTES;
}

/* For --log-commits: what the instruction did to memory. */
static void note_memory(Hart *h, uint64_t va, unsigned size, uint64_t value,
                        unsigned dir)
{
    h->commit.mem = (uint8_t)dir;
    h->commit.mem_size = (uint8_t)size;
    h->commit.mem_va = va;
    h->commit.mem_value = value;
}

/* A misaligned access over two pages that are mapped apart: two transactions.
 * Both are translated first, so a fault leaves nothing half done. */
static SlowAccess slow_split(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                             unsigned size, uint64_t value, MmuAccess access)
{
    uint64_t border = (va | (PAGE_SIZE_BYTES - 1)) + 1;
    unsigned low = (unsigned)(border - va);
    border &= xlen_mask(h);
    MmuResult first = data_translate(h, access, va, low, pc, cycle);
    if (first.cause) {
        return slow_fault(first.cause, va, first.cycles);
    }
    cycle += first.cycles;
    MmuResult second = data_translate(h, access, border, size - low, pc, cycle);
    uint32_t walk = first.cycles + second.cycles;
    if (second.cause) {
        return slow_fault(second.cause, border, walk);
    }
    cycle += second.cycles;
    bool is_write = access == MMU_STORE;
    AccessKind kind = is_write ? ACCESS_STORE : ACCESS_LOAD;
    uint8_t bytes[8];
    memcpy(bytes, &value, sizeof(bytes));
    PortTx tx = tx_at(h, pc, cycle, va, first.pa, kind);
    port_transfer(&h->data, &tx, bytes, low, is_write);
    uint64_t total = tx.wait + tx.bus + tx.target;
    if (tx.result == MEMTX_OK) {
        uint64_t next = cycle + (total > 1 ? total : 1);
        tx = tx_at(h, pc, next, border, second.pa, kind);
        port_transfer(&h->data, &tx, bytes + low, size - low, is_write);
        walk += (uint32_t)(next - cycle);
    }
    memcpy(&value, bytes, sizeof(value));
    return slow_end(h, &tx, value, walk, access);
}

/* Where va leads, if that is known without a walk and the access may be made.
 */
static bool quick_address(const Hart *h, MmuAccess access, uint64_t va,
                          unsigned size, uint64_t *pa)
{
    unsigned space = h->data_space;
    *pa = va;
    if (va & (size - 1)) {
        return false;
    }
    if (space_paged(h, space)) {
        const TlbEntry *e = tlb_find(h, h->data_tlb, va);
        if (!e || !tlb_entry_allows(e, (HartSpace)space, access)) {
            return false;
        }
        *pa = e->pa + (va - e->page);
    }
    return pmp_check(h, space_privilege((HartSpace)space), access, *pa, size);
}

PortQuick hart_translated_load(Hart *h, uint64_t pc, uint64_t cycle,
                               uint64_t va, unsigned size)
{
    uint64_t pa;
    if (!quick_address(h, MMU_LOAD, va, size, &pa)) {
        return (PortQuick){.cycles = -1};
    }
    if (h->config.commit) {
        note_memory(h, va, size, 0, DIR_READ);
    }
    return port_quick_load(&h->data, pa, va, pc, cycle, size);
}

int64_t hart_translated_store(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                              unsigned size, uint64_t value)
{
    uint64_t pa;
    if (!quick_address(h, MMU_STORE, va, size, &pa)) {
        return -1;
    }
    if (h->config.commit) {
        note_memory(h, va, size, value, DIR_WRITE);
    }
    return port_quick_store(&h->data, pa, va, pc, cycle, size, value);
}

SlowAccess hart_slow_load(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                          unsigned size)
{
    if (va & (size - 1)) {
        if (h->misaligned == HART_TRAP) {
            return slow_fault(CAUSE_LOAD_MISALIGNED, va, 0);
        }
        if (crosses_page(va, size) && space_paged(h, h->data_space)) {
            note_memory(h, va, size, 0, DIR_READ);
            return slow_split(h, pc, cycle, va, size, 0, MMU_LOAD);
        }
    }
    MmuResult r = data_translate(h, MMU_LOAD, va, size, pc, cycle);
    if (r.cause) {
        return slow_fault(r.cause, va, r.cycles);
    }
    PortTx tx = tx_at(h, pc, cycle + r.cycles, va, r.pa, ACCESS_LOAD);
    uint64_t value = port_load(&h->data, &tx, size);
    open_page(h, va, r.pa, false);
    note_memory(h, va, size, 0, DIR_READ);
    return slow_end(h, &tx, value, r.cycles, MMU_LOAD);
}

SlowAccess hart_slow_store(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                           unsigned size, uint64_t value)
{
    note_memory(h, va, size, value, DIR_WRITE);
    if (va & (size - 1)) {
        if (h->misaligned == HART_TRAP) {
            return slow_fault(CAUSE_STORE_MISALIGNED, va, 0);
        }
        if (crosses_page(va, size) && space_paged(h, h->data_space)) {
            return slow_split(h, pc, cycle, va, size, value, MMU_STORE);
        }
    }
    MmuResult r = data_translate(h, MMU_STORE, va, size, pc, cycle);
    if (r.cause) {
        return slow_fault(r.cause, va, r.cycles);
    }
    PortTx tx = tx_at(h, pc, cycle + r.cycles, va, r.pa, ACCESS_STORE);
    port_store(&h->data, &tx, size, value);
    open_page(h, va, r.pa, true);
    return slow_end(h, &tx, 0, r.cycles, MMU_STORE);
}

SlowAccess hart_slow_amo(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                         unsigned size, PortAmo *fn, uint64_t operand)
{
    if (va & (size - 1)) {
        return slow_fault(CAUSE_STORE_MISALIGNED, va, 0);
    }
    MmuResult r = data_translate(h, MMU_STORE, va, size, pc, cycle);
    if (r.cause) {
        return slow_fault(r.cause, va, r.cycles);
    }
    PortTx tx = tx_at(h, pc, cycle + r.cycles, va, r.pa, ACCESS_AMO);
    uint64_t old = port_amo(&h->data, &tx, size, fn, operand);
    note_memory(h, va, size, fn(old, operand), DIR_BOTH);
    return slow_end(h, &tx, old, r.cycles, MMU_STORE);
}

SlowAccess hart_slow_lr(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                        unsigned size)
{
    if (va & (size - 1)) {
        return slow_fault(CAUSE_LOAD_MISALIGNED, va, 0);
    }
    MmuResult r = data_translate(h, MMU_LOAD, va, size, pc, cycle);
    if (r.cause) {
        return slow_fault(r.cause, va, r.cycles);
    }
    PortTx tx = tx_at(h, pc, cycle + r.cycles, va, r.pa, ACCESS_AMO);
    uint64_t value = port_load_reserved(&h->data, &tx, size);
    note_memory(h, va, size, 0, DIR_READ);
    return slow_end(h, &tx, value, r.cycles, MMU_LOAD);
}

SlowAccess hart_slow_sc(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va,
                        unsigned size, uint64_t value)
{
    if (va & (size - 1)) {
        return slow_fault(CAUSE_STORE_MISALIGNED, va, 0);
    }
    MmuResult r = data_translate(h, MMU_STORE, va, size, pc, cycle);
    if (r.cause) {
        return slow_fault(r.cause, va, r.cycles);
    }
    PortTx tx = tx_at(h, pc, cycle + r.cycles, va, r.pa, ACCESS_AMO);
    bool stored = port_store_conditional(&h->data, &tx, size, value);
    if (stored) {
        note_memory(h, va, size, value, DIR_WRITE);
    }
    SlowAccess slow = slow_end(h, &tx, 0, r.cycles, MMU_STORE);
    slow.stored = stored;
    return slow;
}

SlowAccess hart_slow_zero(Hart *h, uint64_t pc, uint64_t cycle, uint64_t va)
{
    uint8_t zero[CACHE_BLOCK] = {0};
    va &= ~(uint64_t)(CACHE_BLOCK - 1);
    MmuResult r = data_translate(h, MMU_STORE, va, CACHE_BLOCK, pc, cycle);
    if (r.cause) {
        return slow_fault(r.cause, va, r.cycles);
    }
    PortTx tx = tx_at(h, pc, cycle + r.cycles, va, r.pa, ACCESS_STORE);
    port_transfer(&h->data, &tx, zero, CACHE_BLOCK, true);
    return slow_end(h, &tx, 0, r.cycles, MMU_STORE);
}

uint64_t hart_drain_posted(Hart *h, uint64_t cycle, PostedCause cause)
{
    if (!port_may_post(&h->data)) {
        return 0;
    }
    const ClockDomain *clk = h->config.clock;
    uint64_t now = clock_time(clk, cycle);
    h->data.world->now = now;
    uint64_t done = port_settle(&h->data, now, cause);
    uint64_t cycles = clock_cycle_at(clk, done) - cycle;
    h->posted_wait += cycles;
    return cycles;
}

void hart_wait_posted(Hart *h, PostedCause cause)
{
    uint64_t cycles = hart_drain_posted(h, h->cycle, cause);
    h->cycle += cycles;
    h->left.base += cycles; /* a pipeline stands still */
    h->pending += cycles;
}

/* The failing fetch is a transaction too, unless a device is there: code cannot
 * be fetched from one, so the hart does not ask it. */
void hart_fetch_failed(Hart *h, uint64_t va, uint64_t pa, uint64_t cycle)
{
    if (port_place(&h->fetch, pa, 0)->mr) {
        return;
    }
    PortTx tx = tx_at(h, va, cycle, va, pa, ACCESS_FETCH);
    port_load(&h->fetch, &tx, 2);
}

/* -- as a debugger
 * ------------------------------------------------------------------------------
 */

bool hart_translate(Hart *h, uint64_t va, hwaddr *pa)
{
    *pa = va;
    if (!space_paged(h, h->data_space)) {
        return true;
    }
    MmuResult r = mmu_peek(h, (HartSpace)h->data_space, MMU_LOAD, va);
    if (r.cause) { /* code may be executable only */
        r = mmu_peek(h, (HartSpace)h->code_space, MMU_FETCH, va);
    }
    *pa = r.pa;
    return !r.cause;
}

uint64_t hart_debug(Hart *h, uint64_t va, void *buf, uint64_t len,
                    bool is_write)
{
    uint64_t done = 0;
    while (done < len) {
        uint64_t at = (va + done) & xlen_mask(h);
        uint64_t piece = PAGE_SIZE_BYTES - (at & (PAGE_SIZE_BYTES - 1));
        piece = piece < len - done ? piece : len - done;
        hwaddr pa;
        if (!hart_translate(h, at, &pa)) {
            return done;
        }
        uint64_t n =
            port_debug(&h->data, pa, (uint8_t *)buf + done, piece, is_write);
        done += n;
        if (n < piece) {
            return done;
        }
    }
    return done;
}
