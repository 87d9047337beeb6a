/*
 * hot.c - which addresses are used most: counted while records are encoded,
 * because grouping millions of rows at the end would take longer than writing
 * them.
 *
 * Model    One counter per register offset of a device, and per 64-byte line of
 *          a memory, and direction; instruction fetches are not counted. An
 *          access counts where it begins. Of accesses that cost the same one
 *          number per line is enough: they share a HotPage, of 512 bytes per
 *          4 KiB; those with timing have their own, of 640 bytes per KiB. The
 *          tables keep the first HOT_ROWS of each sort.
 */
#include <stdlib.h>

#include "traces/store.h"

enum { HOT_ACCESSES, HOT_BYTES, HOT_WAIT, HOT_BUS, HOT_TARGET, HOT_SUMS };

/* Accesses of one direction to a page of memory, or a part of it. */
struct HotPage {
    uint32_t region;
    uint32_t size; /* bytes of each access */
    uint16_t bus, target;
    uint8_t dir;
    bool timed;     /* they differ: HOT_SUMS numbers per line */
    uint64_t begin; /* offset of its first line */
    uint64_t line[];
};

static uint64_t page_bytes(const HotPage *p)
{
    return p->timed ? HOT_TIMED_PAGE : HOT_PAGE;
}

/* -- registers of devices -------------------------------------------------- */

static size_t reg_slot(const Counts *c, uint32_t region, uint64_t offset,
                       uint8_t dir)
{
    uint64_t h = (offset ^ (uint64_t)region << 40 ^ (uint64_t)dir << 60) *
                 UINT64_C(0x9e3779b97f4a7c15);
    size_t mask = c->reg_capacity - 1;
    size_t i = (size_t)(h >> 20) & mask;
    while (c->reg[i].region &&
           (c->reg[i].region != region || c->reg[i].offset != offset ||
            c->reg[i].dir != dir)) {
        i = (i + 1) & mask;
    }
    return i;
}

static bool reg_grow(TraceStore *ts)
{
    Counts *c = &ts->counts;
    HotEntry *old = c->reg;
    size_t n = c->reg_capacity, capacity = n ? 2 * n : 256;
    HotEntry *grown = calloc(capacity, sizeof(*grown));
    if (!grown) {
        return store_fail(ts, SQLITE_NOMEM);
    }
    c->reg = grown;
    c->reg_capacity = capacity;
    for (size_t i = 0; i < n; i++) {
        if (old[i].region) {
            grown[reg_slot(c, old[i].region, old[i].offset, old[i].dir)] =
                old[i];
        }
    }
    free(old);
    return true;
}

static uint32_t register_known(TraceStore *ts, uint32_t region, uint64_t offset)
{
    return (uint32_t)store_number(
        ts, "select id from register where region_id = ?1 and offset = ?2",
        "iu", (int64_t)region, offset);
}

/* The row in `register` of a device's register; 0: it has no name. */
static uint32_t register_id(TraceStore *ts, uint32_t region,
                            const StoreRegion *info, uint64_t offset)
{
    char name[80] = "";
    if (info->cls) {
        device_register_name(info->cls, offset, name, sizeof(name));
    }
    uint32_t known = register_known(ts, region, offset);
    if (*name && !known) {
        store_run(ts, "insert into register values(null, ?1, ?2, ?3)", "iut",
                  (int64_t)region, offset, name);
        known = register_known(ts, region, offset);
        registers_parts(ts, region, known, offset);
    } /* else a killed run may have known its class, which recovery does not */
    return known;
}

HotEntry *hot_register(TraceStore *ts, const RowSite *s, uint64_t offset)
{
    Counts *c = &ts->counts;
    if (3 * c->regs >= 2 * c->reg_capacity && !reg_grow(ts)) {
        return NULL;
    }
    HotEntry *e = &c->reg[reg_slot(c, s->region, offset, s->dir)];
    if (!e->region) {
        *e = (HotEntry){
            .region = s->region,
            .dir = s->dir,
            .offset = offset,
            .reg = register_id(ts, s->region, ts->region[s->region], offset)};
        c->regs++;
    }
    return e;
}

/* -- pages of memories ----------------------------------------------------- */

uint32_t hot_sort(TraceStore *ts, const RowSite *s, bool timed)
{
    Counts *c = &ts->counts;
    uint64_t where = (uint64_t)s->region << 40 ^ (uint64_t)timed << 7 ^ s->dir;
    where ^= timed ? 0 : (uint64_t)s->size << 8;
    uint32_t at = key_index(ts, &c->hot_where, where, c->hot_where.used);
    uint64_t cost = (uint64_t)s->cost[0].bus << 16 ^ s->cost[0].target;
    uint64_t key = (uint64_t)at << 32 ^ (timed ? 0 : cost);
    return at == UINT32_MAX
               ? at
               : key_index(ts, &c->hot_sort, key, c->hot_sort.used);
}

static HotSlot *page_slot(const Counts *c, uint32_t sort, uint64_t begin)
{
    uint64_t h = (begin / HOT_TIMED_PAGE ^ (uint64_t)sort << 44) *
                 UINT64_C(0x9e3779b97f4a7c15);
    size_t mask = c->page_capacity - 1;
    size_t i = (size_t)(h ^ h >> 32) & mask;
    while (c->page[i].page &&
           (c->page[i].begin != begin || c->page[i].sort != sort)) {
        i = (i + 1) & mask;
    }
    return &c->page[i];
}

static bool page_grow(TraceStore *ts)
{
    Counts *c = &ts->counts;
    HotSlot *old = c->page;
    size_t n = c->page_capacity, capacity = n ? 2 * n : 256;
    HotSlot *grown = calloc(capacity, sizeof(*grown));
    if (!grown) {
        return store_fail(ts, SQLITE_NOMEM);
    }
    c->page = grown;
    c->page_capacity = capacity;
    for (size_t i = 0; i < n; i++) {
        if (old[i].page) {
            *page_slot(c, old[i].sort, old[i].begin) = old[i];
        }
    }
    free(old);
    return true;
}

static HotPage *new_page(TraceStore *ts, const RowSite *s, bool timed,
                         uint64_t begin)
{
    size_t numbers =
        timed ? HOT_TIMED_PAGE / HOT_LINE * HOT_SUMS : HOT_PAGE / HOT_LINE;
    HotPage *page = calloc(1, sizeof(*page) + numbers * sizeof(uint64_t));
    if (!page) {
        store_fail(ts, SQLITE_NOMEM);
        return NULL;
    }
    *page = (HotPage){.region = s->region,
                      .size = s->size,
                      .bus = s->cost[0].bus,
                      .target = s->cost[0].target,
                      .dir = s->dir,
                      .timed = timed,
                      .begin = begin};
    return page;
}

uint64_t *hot_page(TraceStore *ts, const RowSite *s, uint32_t sort, bool timed,
                   uint64_t begin)
{
    Counts *c = &ts->counts;
    if (2 * c->pages >= c->page_capacity && !page_grow(ts)) {
        return NULL;
    }
    HotSlot *slot = page_slot(c, sort, begin);
    if (!slot->page) {
        HotPage *page = new_page(ts, s, timed, begin);
        if (!page) {
            return NULL;
        }
        *slot = (HotSlot){begin, sort, page};
        c->pages++;
    }
    return slot->page->line;
}

void hot_timed(uint64_t *page, uint64_t offset, const TxRow *row)
{
    uint64_t *sums = page + offset % HOT_TIMED_PAGE / HOT_LINE * HOT_SUMS;
    sums[HOT_ACCESSES]++;
    sums[HOT_BYTES] += row->size;
    sums[HOT_WAIT] += row->wait;
    sums[HOT_BUS] += row->bus;
    sums[HOT_TARGET] += row->target;
}

/* -- the first ------------------------------------------------------------- */

/* Keeps the first HOT_ROWS of what it is offered. */
typedef struct HotFirst {
    HotEntry entry[2 * HOT_ROWS];
    size_t entries;
    bool full; /* entry[HOT_ROWS - 1] is the last that may stay */
} HotFirst;

static int hot_order(const void *a, const void *b)
{
    const HotEntry *x = a, *y = b;
    if (x->accesses != y->accesses) {
        return x->accesses > y->accesses ? -1 : 1;
    }
    if (x->region != y->region) {
        return x->region < y->region ? -1 : 1;
    }
    if (x->offset != y->offset) {
        return x->offset < y->offset ? -1 : 1;
    }
    return x->dir - y->dir;
}

static void first_sort(HotFirst *f)
{
    qsort(f->entry, f->entries, sizeof(f->entry[0]), hot_order);
    f->full = f->entries >= HOT_ROWS;
    f->entries = f->full ? HOT_ROWS : f->entries;
}

static void first_offer(HotFirst *f, const HotEntry *e)
{
    if (!e->accesses ||
        (f->full && hot_order(e, &f->entry[HOT_ROWS - 1]) > 0)) {
        return;
    }
    if (f->entries == 2 * HOT_ROWS) {
        first_sort(f);
    }
    f->entry[f->entries++] = *e;
}

/* -- the tables ------------------------------------------------------------ */

static void write_addresses(TraceStore *ts, HotFirst *f, unsigned granule)
{
    first_sort(f);
    for (size_t i = 0; i < f->entries; i++) {
        const HotEntry *e = &f->entry[i];
        store_run(ts,
                  "insert into hot_address select name, type, ?1, ?2,"
                  " case when ?3 then coalesce((select g.name from register g"
                  " where g.id = ?4), '') end, ?5, ?6, ?7, ?8, ?9, ?10"
                  " from region where id = ?11",
                  "uiiituuuuui", e->offset, (int64_t)granule,
                  (int64_t)(granule == 1), (int64_t)e->reg,
                  dictionary_dir(e->dir), e->accesses, e->bytes, e->wait,
                  e->bus, e->target, (int64_t)e->region);
    }
}

static void write_pages(TraceStore *ts, HotFirst *f)
{
    first_sort(f);
    for (size_t i = 0; i < f->entries; i++) {
        const HotEntry *e = &f->entry[i];
        store_run(ts,
                  "insert into hot_page select name, type, ?1, ?2, ?3, ?4, ?5,"
                  " ?6, ?7, ?8 from region where id = ?9",
                  "uituuuuui", e->offset, (int64_t)HOT_PAGE,
                  dictionary_dir(e->dir), e->accesses, e->bytes, e->wait,
                  e->bus, e->target, (int64_t)e->region);
    }
}

static int page_order(const void *a, const void *b)
{
    const HotPage *x = ((const HotSlot *)a)->page;
    const HotPage *y = ((const HotSlot *)b)->page;
    if (x->region != y->region) {
        return x->region < y->region ? -1 : 1;
    }
    if (x->begin / HOT_PAGE != y->begin / HOT_PAGE) {
        return x->begin < y->begin ? -1 : 1;
    }
    return x->dir - y->dir;
}

/* Adds what p has of the line that e is, if it has that. */
static void add_line(HotEntry *e, const HotPage *p)
{
    uint64_t at = e->offset - p->begin;
    if (at >= page_bytes(p)) {
        return;
    }
    const uint64_t *n = p->line + at / HOT_LINE * (p->timed ? HOT_SUMS : 1);
    if (p->timed) {
        e->accesses += n[HOT_ACCESSES];
        e->bytes += n[HOT_BYTES];
        e->wait += n[HOT_WAIT];
        e->bus += n[HOT_BUS];
        e->target += n[HOT_TARGET];
    } else {
        e->accesses += *n;
        e->bytes += *n * p->size;
        e->bus += *n * p->bus;
        e->target += *n * p->target;
    }
}

/* The HotPages [from, to) are of one page and direction. */
static void offer_page(const HotSlot *from, const HotSlot *to, HotFirst *lines,
                       HotFirst *pages)
{
    const uint64_t begin = from->page->begin / HOT_PAGE * HOT_PAGE;
    HotEntry page = {
        .region = from->page->region, .dir = from->page->dir, .offset = begin};
    for (unsigned i = 0; i < HOT_PAGE / HOT_LINE; i++) {
        HotEntry line = {.region = page.region,
                         .dir = page.dir,
                         .offset = begin + i * HOT_LINE};
        for (const HotSlot *p = from; p < to; p++) {
            add_line(&line, p->page);
        }
        first_offer(lines, &line);
        page.accesses += line.accesses;
        page.bytes += line.bytes;
        page.wait += line.wait;
        page.bus += line.bus;
        page.target += line.target;
    }
    first_offer(pages, &page);
}

/* Packs the pages to the front of their table, and sorts them. */
static void sort_pages(Counts *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->page_capacity; i++) {
        HotSlot slot = c->page[i];
        c->page[i] = (HotSlot){0};
        if (slot.page) {
            c->page[n++] = slot;
        }
    }
    if (n) {
        qsort(c->page, n, sizeof(*c->page), page_order);
    }
}

void hot_write(TraceStore *ts)
{
    Counts *c = &ts->counts;
    HotFirst *first = calloc(3, sizeof(*first));
    if (!first) {
        store_fail(ts, SQLITE_NOMEM);
        return;
    }
    for (size_t i = 0; i < c->reg_capacity; i++) {
        first_offer(&first[0], &c->reg[i]);
    }
    sort_pages(c);
    for (size_t i = 0, next; i < c->pages; i = next) {
        next = i + 1;
        while (next < c->pages &&
               page_order(&c->page[i], &c->page[next]) == 0) {
            next++;
        }
        offer_page(c->page + i, c->page + next, &first[1], &first[2]);
    }
    write_addresses(ts, &first[0], 1);
    write_addresses(ts, &first[1], HOT_LINE);
    write_pages(ts, &first[2]);
    free(first);
}

void hot_free(TraceStore *ts)
{
    Counts *c = &ts->counts;
    for (size_t i = 0; i < c->page_capacity; i++) {
        free(c->page[i].page);
    }
    free(c->page);
    free(c->reg);
    key_free(&c->hot_where);
    key_free(&c->hot_sort);
}
