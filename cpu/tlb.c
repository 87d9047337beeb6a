/*
 * tlb.c - what a hart remembers of page tables, and what makes it forget.
 *
 * Model    One TLB for data and one for code: 1024 pages of 4 KiB,
 * direct-mapped, with the permissions of the leaf, so that all spaces share
 * them. A page of a superpage has an entry of its own. An entry is global, or
 *          of one value of satp (ASID and tables); a context number stands for
 *          a value that may still have entries, and forgetting it means another
 *          number. The last 16 values have one. sfence.vma forgets what it
 * names: an address (in all ASIDs), an ASID's pages that are not global, or
 * everything; an address in a 2 MiB (RV32: 4 MiB) range that had a page of a
 *          superpage: everything. Inline entries of the data port are a subset
 * of what the TLB knows. Units    - Source   The RISC-V Instruction Set Manual,
 * Volume II (20211203), 4.2.1. Missing  Entries for superpages; sets of several
 * ways.
 */
#include <string.h>

#include "cpu/hart_private.h"

static uint64_t page_of(uint64_t va)
{
    return va & ~(uint64_t)(PAGE_SIZE_BYTES - 1);
}

static TlbEntry *slot_of(TlbEntry *tlb, uint64_t va)
{
    return &tlb[(va >> PAGE_BITS) % TLB_ENTRIES];
}

/* Closes the inline entries of the page at va, in all spaces. */
static void close_inline(Hart *h, uint64_t va)
{
    for (unsigned space = SPACE_S; space < SPACES; space++) {
        const PortEntry *e = &h->data.entry[space * PORT_ENTRIES +
                                            (va >> PAGE_BITS) % PORT_ENTRIES];
        if (page_of(e->read_tag) == page_of(va) ||
            page_of(e->write_tag) == page_of(va)) {
            port_close_entry(&h->data, space, va);
        }
    }
}

/* A bit of the set of ranges with superpages. */
static uint64_t *range_bit(Hart *h, uint64_t va, uint64_t *bit)
{
    uint64_t range = va >> (hart_is32(h) ? 22 : 21);
    range = (range ^ range >> 12) % TLB_RANGES;
    *bit = UINT64_C(1) << range % 64;
    return &h->tlb_super[range / 64];
}

void tlb_put(Hart *h, TlbEntry *tlb, uint64_t va, const MmuResult *r)
{
    TlbEntry *e = slot_of(tlb, va);
    uint64_t bit;
    if (tlb == h->data_tlb) {
        close_inline(h, e->page);
        close_inline(h, va);
    }
    if (r->super) {
        *range_bit(h, va, &bit) |= bit;
    }
    *e = (TlbEntry){.page = page_of(va),
                    .pa = page_of(r->pa),
                    .context = r->global ? h->tlb_global : h->tlb_context,
                    .user = r->user,
                    .read = r->read,
                    .write = r->write,
                    .exec = r->exec};
}

/* -- forgetting ----------------------------------------------------------- */

/* Whoever is running must look again. */
static void look_again(Hart *h)
{
    h->block = NULL;
    hart_look_again(h);
}

static void close_all(Hart *h)
{
    for (unsigned space = SPACE_S; space < SPACES; space++) {
        port_close_set(&h->data, space);
    }
    look_again(h);
}

/* A context number that no entry has. */
static uint32_t fresh_context(Hart *h)
{
    if (++h->tlb_last == 0) { /* old entries would come alive again */
        memset(h->data_tlb, 0, TLB_ENTRIES * sizeof(TlbEntry));
        memset(h->code_tlb, 0, TLB_ENTRIES * sizeof(TlbEntry));
        memset(h->tlb_satp, 0, sizeof(h->tlb_satp));
        h->tlb_global = ++h->tlb_last;
        ++h->tlb_last;
    }
    return h->tlb_last;
}

static uint64_t asid_of(const Hart *h, uint64_t satp)
{
    return hart_is32(h) ? satp >> 22 & 0x1ff : satp >> 44 & 0xffff;
}

void tlb_set_satp(Hart *h)
{
    TlbSatp *known = NULL;
    for (unsigned i = 0; i < TLB_SATPS; i++) {
        TlbSatp *s = &h->tlb_satp[i];
        known = s->context && s->satp == h->satp ? s : known;
    }
    if (!known) {
        uint32_t context = fresh_context(h);
        known = &h->tlb_satp[h->tlb_victim++ % TLB_SATPS];
        *known = (TlbSatp){h->satp, context};
    }
    h->tlb_context = known->context;
    close_all(h);
}

void tlb_flush(Hart *h)
{
    if (!hart_has(h, ISA_S)) {
        return;
    }
    memset(h->tlb_satp, 0, sizeof(h->tlb_satp));
    memset(h->tlb_super, 0, sizeof(h->tlb_super));
    h->tlb_global = fresh_context(h);
    tlb_set_satp(h);
}

static void flush_asid(Hart *h, uint64_t asid)
{
    for (unsigned i = 0; i < TLB_SATPS; i++) {
        if (asid_of(h, h->tlb_satp[i].satp) == asid) {
            h->tlb_satp[i].context = 0;
        }
    }
    tlb_set_satp(h);
}

static void flush_page(Hart *h, uint64_t va)
{
    TlbEntry *const tlb[] = {h->data_tlb, h->code_tlb};
    uint64_t bit;
    if (*range_bit(h, va, &bit) & bit) {
        tlb_flush(h);
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        TlbEntry *e = slot_of(tlb[i], va);
        if (e->page == page_of(va)) {
            e->context = 0;
        }
    }
    close_inline(h, va);
    look_again(h);
}

void tlb_fence(Hart *h, bool one_page, uint64_t va, bool one_asid,
               uint64_t asid)
{
    if (one_page) {
        flush_page(h, va);
    } else if (one_asid) {
        flush_asid(h, asid & (hart_is32(h) ? 0x1ff : 0xffff));
    } else {
        tlb_flush(h);
    }
}
