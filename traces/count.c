/*
 * count.c - counts records site by site: see count.h. Here are the way through
 * a buffer, which has to be short, and tx_site.
 */
#include "traces/count.h"

#include <stdlib.h>

#include "traces/store.h"

/* -- sites ---------------------------------------------------------------- */

static void add_step(const RowSite *s, uint32_t step, CountSums *sums)
{
    uint32_t size = s->step[step].size;
    const InlineCost *cost = row_cost(s, size);
    sums->accesses++;
    sums->bytes += size;
    sums->moved += cost->beats ? size : 0;
    sums->bus += cost->bus;
    sums->target += cost->target;
}

/* What an access that went the way of its site adds. */
static CountSums plain_sums(const RowSite *s)
{
    CountSums sums = {0};
    for (uint32_t i = 0; i < s->steps; i++) {
        add_step(s, i, &sums);
    }
    if (!s->steps) {
        sums = (CountSums){.accesses = 1,
                           .bytes = s->size,
                           .moved = s->cost[0].beats ? s->size : 0,
                           .bus = s->cost[0].bus,
                           .target = s->cost[0].target};
    }
    return sums;
}

static bool site_begin(TraceStore *ts, const RowSite *s)
{
    Counts *c = &ts->counts;
    CountSite *site = &c->site[s->id];
    CountPlain *plain = &c->plain[s->id];
    *site = (CountSite){.align = s->size - 1,
                        .initiator = s->initiator,
                        .steps = s->steps,
                        .in_order = true};
    if (s->steps) {
        site->first_cycle = s->step[0].cycle;
        site->last_cycle = s->step[s->steps - 1].cycle;
    }
    for (uint32_t i = 0; i < row_site_rows(s); i++) {
        c->totals[s->row + i].size = s->steps ? s->step[i].size : s->size;
    }
    for (uint32_t i = 1; i < s->steps; i++) {
        site->in_order &= s->step[i].cycle >= s->step[i - 1].cycle;
    }
    *plain = (CountPlain){.unit = plain_sums(s),
                          .window_group = window_group(ts, s),
                          .latency_group = latency_group(ts, s),
                          .hot_sort = hot_sort(ts, s, false),
                          .hot_timed_sort = hot_sort(ts, s, true)};
    return !ts->error;
}

bool count_room(TraceStore *ts, uint32_t sites)
{
    Counts *c = &ts->counts;
    for (; c->sites < sites; c->sites++) {
        const RowSite *s = row_site(&ts->sites, c->sites);
        uint32_t rows = s ? s->row + row_site_rows(s) : 0;
        void *site = c->site, *plain = c->plain, *totals = c->totals;
        bool ok = grow_zeros(ts, &totals, &c->totals_capacity, rows,
                             sizeof(*c->totals)) &&
                  grow_zeros(ts, &site, &c->site_capacity, c->sites,
                             sizeof(*c->site)) &&
                  grow_zeros(ts, &plain, &c->plain_capacity, c->sites,
                             sizeof(*c->plain));
        c->totals = totals;
        c->site = site;
        c->plain = plain;
        if (!ok || (s && !site_begin(ts, s))) {
            return false;
        }
    }
    return true;
}

/* -- time ----------------------------------------------------------------- */

/* One more plain access or whole run of a site, in its initiator's window. */
static inline void add_plain(CountSite *s, StoreInitiator *in, uint32_t id)
{
    if (s->plain++ == 0) {
        s->next = in->unsettled;
        in->unsettled = id + 1;
    }
}

/* What was so counted of an initiator goes into its window. */
static void settle(TraceStore *ts, StoreInitiator *in)
{
    Counts *c = &ts->counts;
    while (in->unsettled) {
        CountSite *s = &c->site[in->unsettled - 1];
        CountPlain *p = &c->plain[in->unsettled - 1];
        p->accesses += s->plain;
        window_add(ts, p->window_group, in->window, &p->unit, s->plain);
        s->plain = 0;
        in->unsettled = s->next;
    }
}

/* Is a cycle neither before the last one nor in another window? */
static inline bool is_now(const StoreInitiator *in, uint64_t cycle)
{
    return cycle - in->last_cycle < in->window_end - in->last_cycle;
}

/* Takes note of the cycle of an access; returns its window. Unless time went
 * back, that is the initiator's from now on. */
static uint32_t see_cycle(TraceStore *ts, StoreInitiator *in, uint64_t cycle)
{
    if (is_now(in, cycle)) {
        in->last_cycle = cycle;
        return in->window;
    }
    if (cycle < in->last_cycle) {
        in->backwards++;
        if (in->chunk_first <= in->chunk_last &&
            in->last_cycle > in->chunk_last) {
            in->chunk_last = in->last_cycle;
        }
    }
    in->chunk_first = cycle < in->chunk_first ? cycle : in->chunk_first;
    in->chunk_last = cycle > in->chunk_last ? cycle : in->chunk_last;
    in->last_cycle = cycle;
    uint32_t window = window_at(ts, clock_time(in->clock, cycle));
    if (window > in->window) {
        settle(ts, in);
        in->window = window;
    }
    uint64_t end = window == in->window
                       ? clock_cycle_at(in->clock, window_end(ts, window))
                       : cycle;
    in->window_end = end > cycle ? end : cycle;
    return window;
}

/* -- one by one ----------------------------------------------------------- */

static void check_beats(TraceStore *ts, const TxRow *row)
{
    uint64_t beats = 0;
    for (const MemoryRecord *r = row->beat; r < row->beat_end; r++) {
        beats += r->site == RECORD_BEAT;
    }
    bool one = row->beats == 1 && !(row->status & RECORD_WIDENED);
    bool complete = (row->status & RECORD_RESULT_MASK) == 0;
    ts->counts.beats_missing += complete && !one && beats != row->beats;
}

static void count_timed(TraceStore *ts, const TxRow *row, uint32_t window)
{
    Counts *c = &ts->counts;
    SiteTotals *n = &c->totals[row->site_row];
    const CountPlain *p = &c->plain[row->site->id];
    const CountSums sums = {.accesses = 1,
                            .bytes = row->size,
                            .moved = row_beat_bytes(row),
                            .wait = row->wait,
                            .bus = row->bus,
                            .target = row->target};
    n->accesses++;
    n->errors += (row->status & RECORD_RESULT_MASK) != 0;
    n->beats += row->beats;
    n->wait += row->wait;
    n->bus += row->bus;
    n->target += row->target;
    n->split += (row->status & RECORD_SPLIT) != 0;
    if (row->status & RECORD_UNALIGNED) {
        n->unaligned++;
        n->unaligned_beats += row->beats;
        n->unaligned_cycles += row->wait + row->bus + row->target;
    }
    c->beat_bytes += sums.moved;
    if (ts->recorder.beats) {
        check_beats(ts, row);
    }
    window_add(ts, p->window_group, window, &sums, 1);
    latency_add(ts, p->latency_group, row->wait, row->bus, row->target, 1);
}

static void count_plain(TraceStore *ts, const TxRow *row, uint32_t window)
{
    Counts *c = &ts->counts;
    CountSite *s = &c->site[row->site->id];
    CountPlain *p = &c->plain[row->site->id];
    StoreInitiator *in = &ts->initiator[s->initiator];
    s->unaligned += (row->pa & s->align) != 0;
    if (window == in->window) {
        add_plain(s, in, row->site->id);
    } else {
        p->accesses++;
        window_add(ts, p->window_group, window, &p->unit, 1);
    }
}

/* Plain accesses of a site of memory go to another page now. */
static void enter_page(TraceStore *ts, const RowSite *s, uint64_t address)
{
    CountSite *site = &ts->counts.site[s->id];
    uint64_t begin = (address - s->base) / HOT_PAGE * HOT_PAGE;
    site->line =
        hot_page(ts, s, ts->counts.plain[s->id].hot_sort, false, begin);
    site->page = s->base + begin;
    site->reach = site->line ? HOT_PAGE : 0;
}

/* Counts where in memory it went. */
static void count_place(TraceStore *ts, const TxRow *row)
{
    const RowSite *s = row->site;
    CountSite *site = &ts->counts.site[s->id];
    CountPlain *p = &ts->counts.plain[s->id];
    uint64_t offset = row->pa - s->base;
    if (row->beat) {
        uint64_t begin = offset / HOT_TIMED_PAGE * HOT_TIMED_PAGE;
        if (!p->timed_line || p->timed_page != begin) {
            p->timed_page = begin;
            p->timed_line = hot_page(ts, s, p->hot_timed_sort, true, begin);
        }
        if (p->timed_line) {
            hot_timed(p->timed_line, offset, row);
        }
        return;
    }
    if (row->pa - site->page >= site->reach) {
        enter_page(ts, s, row->pa);
    }
    if (site->line) {
        site->line[offset % HOT_PAGE / HOT_LINE]++;
    }
}

static void count_register(TraceStore *ts, const TxRow *row)
{
    HotEntry *e = hot_register(ts, row->site, row->pa - row->site->base);
    if (e) {
        e->accesses++;
        e->bytes += row->size;
        e->wait += row->wait;
        e->bus += row->bus;
        e->target += row->target;
    }
}

/* Steps of a run that is not one plain access of its site. */
static void count_steps(TraceStore *ts, const RowSite *s, uint64_t begin,
                        uint32_t first, uint32_t last)
{
    Counts *c = &ts->counts;
    StoreInitiator *in = &ts->initiator[s->initiator];
    for (uint32_t i = first; i < last; i++) {
        CountSums sums = {0};
        add_step(s, i, &sums);
        uint32_t window = see_cycle(ts, in, begin + s->step[i].cycle);
        window_add(ts, c->plain[s->id].window_group, window, &sums, 1);
        c->totals[s->row + i].accesses++;
    }
}

/* Counts what the reader's next head stands for; returns how many rows it is.
 */
static uint64_t count_head(TraceStore *ts, RowReader *reader, bool *devices)
{
    TxRow row;
    const RowSite *s;
    uint32_t first, last;
    if (!rows_next_head(reader, &row, &s, &first, &last)) {
        return 0;
    }
    if (s->steps) {
        last = last > first ? last : first;
        count_steps(ts, s, row.cycle, first, last);
        return last - first;
    }
    uint32_t window = see_cycle(ts, &ts->initiator[s->initiator], row.cycle);
    if (row.beat) {
        count_timed(ts, &row, window);
    } else {
        count_plain(ts, &row, window);
    }
    if (s->region && s->kind != ACCESS_FETCH) {
        if (ts->region[s->region]->io) {
            count_register(ts, &row);
            *devices = true;
        } else {
            count_place(ts, &row);
        }
    }
    return 1;
}

/* -- buffers -------------------------------------------------------------- */

/* A plain access of now that is in no page its site knows: is it in one of
 * memory? Then the site knows that one. */
static __attribute__((noinline)) bool finds_page(TraceStore *ts, uint32_t id,
                                                 uint64_t address)
{
    const RowSite *s = row_site(&ts->sites, id);
    if (!s || s->steps || !s->region || s->kind == ACCESS_FETCH ||
        ts->region[s->region]->io) {
        return false;
    }
    enter_page(ts, s, address);
    return address - ts->counts.site[id].page < ts->counts.site[id].reach;
}

/* Is it a run from end to end, within a window? */
static inline bool is_whole_run(const CountSite *s, const StoreInitiator *in,
                                const MemoryRecord *r)
{
    uint64_t first = r->cycle + s->first_cycle;
    uint64_t last = r->cycle + s->last_cycle;
    return s->steps && r->value == (uint64_t)s->steps << 32 && s->in_order &&
           first <= last && is_now(in, first) && is_now(in, last);
}

uint64_t count_buffer(TraceStore *ts, const StoreBuffer *buffer, bool *devices)
{
    CountSite *site = ts->counts.site;
    StoreInitiator *initiator = ts->initiator;
    const uint32_t sites = ts->counts.sites;
    RowReader reader;
    rows_begin(&reader, &ts->sites, buffer->record, buffer->records);
    const MemoryRecord *r = reader.r, *const end = reader.end;
    uint64_t rows = 0;
    *devices = false;
    while (r < end && r->site < sites) {
        CountSite *s = &site[r->site];
        StoreInitiator *in = &initiator[s->initiator];
        const bool plain_now =
            !(r->info & RECORD_HAS_TIMING) && is_now(in, r->cycle);
        uint64_t in_page = r->address - s->page;
        if (plain_now && in_page < s->reach) {
            in->last_cycle = r->cycle;
            add_plain(s, in, r->site);
            s->line[in_page / HOT_LINE]++;
            if (r->address & s->align) {
                s->unaligned++;
            }
            rows++;
            r++;
        } else if (is_whole_run(s, in, r)) {
            in->last_cycle = r->cycle + s->last_cycle;
            add_plain(s, in, r->site);
            rows += s->steps;
            r++;
        } else if (plain_now && finds_page(ts, r->site, r->address)) {
            continue; /* it is now */
        } else {
            reader.r = r;
            rows += count_head(ts, &reader, devices);
            r = reader.r;
        }
    }
    return rows;
}

uint64_t count_chunk(TraceStore *ts, const StoreBuffer *buffer, bool *devices,
                     uint64_t *first, uint64_t *last)
{
    for (uint32_t i = 0; i < ts->initiators; i++) {
        StoreInitiator *in = &ts->initiator[i];
        in->chunk_first = UINT64_MAX;
        in->chunk_last = 0;
        in->window_end = in->last_cycle; /* its first access is seen */
    }
    uint64_t rows = count_buffer(ts, buffer, devices);
    *first = TIME_NEVER;
    *last = 0;
    for (uint32_t i = 0; i < ts->initiators; i++) {
        const StoreInitiator *in = &ts->initiator[i];
        if (in->chunk_first <= in->chunk_last) {
            uint64_t from = clock_time(in->clock, in->chunk_first);
            uint64_t to = clock_time(in->clock, in->last_cycle > in->chunk_last
                                                    ? in->last_cycle
                                                    : in->chunk_last);
            *first = from < *first ? from : *first;
            *last = to > *last ? to : *last;
        }
    }
    return rows;
}

/* -- totals --------------------------------------------------------------- */

/* n accesses that went the way of their site, `unaligned` of them so. */
static void total_plain(TraceStore *ts, const CountPlain *p, SiteTotals *t,
                        const InlineCost *cost, uint64_t n, uint64_t unaligned)
{
    t->accesses += n;
    t->beats += n * cost->beats;
    t->bus += n * cost->bus;
    t->target += n * cost->target;
    t->split += cost->beats > 1 ? n : 0;
    t->unaligned += unaligned;
    t->unaligned_beats += unaligned * cost->beats;
    t->unaligned_cycles += unaligned * ((uint64_t)cost->bus + cost->target);
    if (n) {
        latency_add(ts, p->latency_group, 0, cost->bus, cost->target, n);
    }
}

static void total_run(TraceStore *ts, const RowSite *s, const CountPlain *p)
{
    for (uint32_t i = 0; i < s->steps; i++) {
        SiteTotals *t = &ts->counts.totals[s->row + i];
        TxRow row;
        row_step(s, i, 0, &row);
        uint64_t n = p->accesses + t->accesses;
        t->accesses = 0;
        ts->counts.beat_bytes += row.beats ? n * row.size : 0;
        total_plain(ts, p, t, row_cost(s, row.size), n,
                    row.status & RECORD_UNALIGNED ? n : 0);
    }
}

static void total_sites(TraceStore *ts)
{
    Counts *c = &ts->counts;
    for (uint32_t i = 0; i < ts->initiators; i++) {
        settle(ts, &ts->initiator[i]);
    }
    for (uint32_t id = 0; id < c->sites; id++) {
        const RowSite *s = row_site(&ts->sites, id);
        const CountPlain *p = &c->plain[id];
        if (s && s->steps) {
            total_run(ts, s, p);
        } else if (s) {
            c->beat_bytes += p->accesses * p->unit.moved;
            total_plain(ts, p, &c->totals[s->row], &s->cost[0], p->accesses,
                        c->site[id].unaligned);
        }
    }
}

static void write_sites(TraceStore *ts)
{
    for (uint32_t id = 1; id < ts->counts.totals_capacity; id++) {
        const SiteTotals *n = &ts->counts.totals[id];
        if (n->accesses) {
            store_run(ts, "insert into tx_site values(?,?,?,?,?,?,?,?,?,?,?,?)",
                      "iuuuuuuuuuuu", (int64_t)id, n->accesses, n->errors,
                      n->accesses * n->size, n->beats, n->wait, n->bus,
                      n->target, n->unaligned, n->split, n->unaligned_beats,
                      n->unaligned_cycles);
        }
    }
}

void count_write(TraceStore *ts)
{
    total_sites(ts);
    write_sites(ts);
    window_write(ts);
    latency_write(ts);
    hot_write(ts);
}

void count_free(TraceStore *ts)
{
    Counts *c = &ts->counts;
    window_free(ts);
    latency_free(ts);
    hot_free(ts);
    free(c->site);
    free(c->plain);
    free(c->totals);
}
