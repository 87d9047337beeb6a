/*
 * tx_group.c - transactions into groups: see tx_group.h.
 */
#include "traces/tx_group.h"

#include <stdlib.h>
#include <string.h>

/* What a row of site says of the keys that are its to say. */
typedef struct GroupSite {
    int64_t key[GROUP_KEYS];
    uint32_t null;
} GroupSite;

/* What a record site adds to as long as its keys stay the same. */
typedef struct GroupPart {
    int64_t key[GROUP_KEYS];
    uint32_t null;
    uint32_t group;       /* of an access */
    uint64_t size;        /* bytes of an access */
    uint64_t count;       /* accesses, or runs from end to end; 0: no keys */
    uint64_t first, last; /* cycles; of runs, when they begin */
    bool quick;           /* what went the way of the site only counts: plain */
    uint64_t whole;       /* value of a run's head from end to end; 0: no run */
    uint64_t plain, plain_first, plain_last;
} GroupPart;

/* The step of time or cycles that an initiator is in: [from, to). */
typedef struct GroupStep {
    uint64_t from, to;
    int64_t value;
} GroupStep;

static bool no_memory(Error **errp)
{
    return error_set(errp, "the host has no memory left for the groups");
}

/* -- what a row is grouped by ---------------------------------------------- */

static int64_t stepped(int64_t v, int64_t step)
{
    return step ? v / step * step : v;
}

/* A value as a key; texts by number. */
static bool value_key(TxGroups *g, unsigned k, TxValue v, int64_t *key,
                      uint32_t *null)
{
    *key = 0;
    if (v.null) {
        *null |= 1u << k;
        return true;
    }
    if (v.text) {
        return groups_text(g, v.text, key);
    }
    *key = stepped(v.i, g->key[k].step);
    return true;
}

static bool site_keys(TxGroups *g)
{
    TxValue v;
    for (unsigned k = 0; k < g->keys; k++) {
        g->by_row |= !tx_site_value(g->reader, 0, g->key[k].column, &v);
    }
    g->site = calloc((size_t)g->reader->sites + 1, sizeof(*g->site));
    bool ok = g->site != NULL;
    for (uint32_t row = 0; ok && row <= g->reader->sites; row++) {
        for (unsigned k = 0; ok && k < g->keys; k++) {
            if (tx_site_value(g->reader, row, g->key[k].column, &v)) {
                ok = value_key(g, k, v, &g->site[row].key[k],
                               &g->site[row].null);
            }
        }
    }
    return ok;
}

static bool of_site(const TxGroups *g, unsigned k)
{
    TxValue v;
    return tx_site_value(g->reader, 0, g->key[k].column, &v);
}

static bool is_when(TxColumn column)
{
    return column == TX_TIME || column == TX_CYCLE;
}

/* The step that holds cycle; kept, as the next access is most often in it. */
static const GroupStep *when_step(TxGroups *g, unsigned k, uint32_t initiator,
                                  uint64_t cycle)
{
    static const GroupStep never;
    if (initiator >= g->initiators) {
        return &never; /* no clock: time 0 */
    }
    GroupStep *s = &g->step[k * g->initiators + initiator];
    if (cycle >= s->from && cycle < s->to) {
        return s;
    }
    bool time = g->key[k].column == TX_TIME;
    const ClockDomain *clock = &g->reader->clock[initiator];
    int64_t step = g->key[k].step ? g->key[k].step : 1;
    int64_t v =
        (int64_t)(time ? reader_time(g->reader, initiator, cycle) : cycle);
    *s = (GroupStep){cycle, cycle + 1, stepped(v, step)};
    if (step == 1 || v < 0 || s->value > INT64_MAX - step ||
        (time && !clock->hz)) {
        return s;
    }
    uint64_t from = (uint64_t)s->value, to = from + (uint64_t)step;
    s->from = time ? clock_cycle_at(clock, from) : from;
    s->to = time ? clock_cycle_at(clock, to) : to;
    return s;
}

/* The keys that its site does not say; texts are left out. */
static inline uint32_t row_keys(TxGroups *g, const TxRow *row, int64_t *key)
{
    uint32_t null = 0;
    for (unsigned k = 0; k < g->keys; k++) {
        int64_t step = g->key[k].step;
        key[k] = 0;
        switch (g->key[k].column) {
        case TX_TIME:
        case TX_CYCLE:
            key[k] = when_step(g, k, row->site->initiator, row->cycle)->value;
            break;
        case TX_PA: key[k] = stepped((int64_t)row->pa, step); break;
        case TX_VA:
            key[k] = stepped((int64_t)(row->pa + row->site->va_offset), step);
            break;
        case TX_OFFSET:
            key[k] = stepped((int64_t)(row->pa - row->site->base), step);
            null |= (uint32_t)!row->site->region << k;
            break;
        case TX_VALUE:
            key[k] = stepped((int64_t)row->value, step);
            null |= (uint32_t)(row->size > 8) << k;
            break;
        case TX_WAIT: key[k] = stepped((int64_t)row->wait, step); break;
        case TX_BUS: key[k] = stepped((int64_t)row->bus, step); break;
        case TX_TARGET: key[k] = stepped((int64_t)row->target, step); break;
        case TX_BEATS: key[k] = stepped((int64_t)row->beats, step); break;
        case TX_RESULT: key[k] = row->status & RECORD_RESULT_MASK; break;
        case TX_FLAGS: key[k] = row_flags(row->status); break;
        case TX_BLOCKER: key[k] = row->blocker; break;
        case TX_BLOCKER_ID:
            key[k] = stepped((int64_t)row->blocker, step);
            null |= (uint32_t)!row->blocker << k;
            break;
        default: break; /* the site's */
        }
        if (null >> k & 1) {
            key[k] = 0;
        }
    }
    return null;
}

/* The group of row, whose row_keys() are key and null. */
static TxGroup *group_of(TxGroups *g, const TxRow *row, const int64_t *key,
                         uint32_t null, Error **errp)
{
    uint32_t site = row->site_row;
    const GroupSite *s =
        &g->site[site < g->reader->sites ? site : g->reader->sites];
    if (!g->by_row) {
        return groups_find(g, s->key, s->null, errp);
    }
    int64_t all[GROUP_KEYS] = {0};
    null |= s->null;
    for (unsigned k = 0; k < g->keys; k++) {
        bool ok = true;
        if (of_site(g, k)) {
            all[k] = s->key[k];
        } else if (groups_is_text(g->key[k].column)) {
            TxValue v = tx_value(g->reader, row, 0, g->key[k].column);
            ok = value_key(g, k, v, &all[k], &null);
        } else {
            all[k] = key[k];
        }
        if (!ok) {
            no_memory(errp);
            return NULL;
        }
    }
    return groups_find(g, all, null, errp);
}

/* -- adding --------------------------------------------------------------- */

static void add_times(TxGroups *g, GroupSums *to, uint32_t initiator,
                      uint64_t first, uint64_t last)
{
    if (g->asked & GROUP_TIMES) {
        int64_t a = (int64_t)reader_time(g->reader, initiator, first);
        int64_t b = (int64_t)reader_time(g->reader, initiator, last);
        to->first_time = a < to->first_time ? a : to->first_time;
        to->last_time = b > to->last_time ? b : to->last_time;
    }
}

static inline void add_row(GroupSums *to, const TxRow *row, uint64_t n)
{
    uint64_t cycles = row->wait + row->bus + row->target;
    to->accesses += n;
    to->errors += row->status & RECORD_RESULT_MASK ? n : 0;
    to->beats += n * row->beats;
    to->wait += n * row->wait;
    to->bus += n * row->bus;
    to->target += n * row->target;
    to->min_cycles = cycles < to->min_cycles ? cycles : to->min_cycles;
    to->max_cycles = cycles > to->max_cycles ? cycles : to->max_cycles;
}

/* The size is that of the row's site, as in tx. */
static void add_bytes(const TxGroups *g, GroupSums *to, uint32_t site_row,
                      uint64_t n)
{
    const ReaderSite *s = reader_site(g->reader, site_row);
    to->bytes += s ? n * s->size : 0;
}

/* One transaction, straight into its group. */
static bool take_row(TxGroups *g, const TxRow *row, Error **errp)
{
    int64_t key[GROUP_KEYS] = {0};
    uint32_t null = g->by_row ? row_keys(g, row, key) : 0;
    TxGroup *group = group_of(g, row, key, null, errp);
    if (group) {
        add_row(&group->sums, row, 1);
        add_bytes(g, &group->sums, row->site_row, 1);
        add_times(g, &group->sums, row->site->initiator, row->cycle,
                  row->cycle);
    }
    return group != NULL;
}

/* What instructions of a run cost and where they are never changes, and all
 * were when the filter lets them through; when that was is in the keys. */
static bool flush_run(TxGroups *g, const RowSite *s, GroupPart *p, Error **errp)
{
    for (uint32_t i = 0; i < s->steps; i++) {
        TxRow row;
        int64_t key[GROUP_KEYS] = {0};
        row_step(s, i, p->first, &row);
        if (!tx_filter_site(g->filter, row.site_row) ||
            !tx_filter_row(g->filter, g->reader, &row, 0)) {
            continue;
        }
        uint32_t null = g->by_row ? row_keys(g, &row, key) : 0;
        for (unsigned k = 0; k < g->keys; k++) {
            key[k] = is_when(g->key[k].column) ? p->key[k] : key[k];
        }
        TxGroup *group = group_of(g, &row, key, null, errp);
        if (!group) {
            return false;
        }
        GroupSums *to = &group->sums;
        add_row(to, &row, p->count);
        add_bytes(g, to, row.site_row, p->count);
        add_times(g, to, s->initiator, p->first + s->step[i].cycle,
                  p->last + s->step[i].cycle);
    }
    p->count = 0;
    return true;
}

static bool same_keys(const TxGroups *g, const GroupPart *p, const int64_t *key,
                      uint32_t null)
{
    bool same = p->null == null;
    for (unsigned k = 0; k < g->keys; k++) {
        same &= p->key[k] == key[k];
    }
    return same;
}

static void part_begin(GroupPart *p, const int64_t *key, uint32_t null)
{
    memcpy(p->key, key, sizeof(p->key));
    p->null = null;
    p->first = UINT64_MAX;
    p->last = 0;
}

static inline void part_when(GroupPart *p, uint64_t cycle)
{
    p->count++;
    p->first = cycle < p->first ? cycle : p->first;
    p->last = cycle > p->last ? cycle : p->last;
}

/* Ends a part of accesses, which have been added: they were in that time. */
static void end_accesses(TxGroups *g, const RowSite *s, GroupPart *p)
{
    if (p->count) {
        add_times(g, &g->group[p->group].sums, s->initiator, p->first, p->last);
    }
    p->count = 0;
}

static bool take_access(TxGroups *g, const TxRow *row, Error **errp)
{
    GroupPart *p = &g->part[row->site->id];
    int64_t key[GROUP_KEYS] = {0};
    uint32_t null = g->by_row ? row_keys(g, row, key) : 0;
    if (!p->count || (g->by_row && !same_keys(g, p, key, null))) {
        end_accesses(g, row->site, p);
        const TxGroup *group = group_of(g, row, key, null, errp);
        if (!group) {
            return false;
        }
        const ReaderSite *site = reader_site(g->reader, row->site_row);
        p->group = (uint32_t)(group - g->group);
        p->size = site ? site->size : 0;
        part_begin(p, key, null);
    }
    part_when(p, row->cycle);
    GroupSums *to = &g->group[p->group].sums;
    add_row(to, row, 1);
    to->bytes += p->size;
    return true;
}

/* A run from end to end, if one step of time holds it. */
static bool take_whole_run(TxGroups *g, const RowSite *s, uint64_t begin,
                           bool *taken, Error **errp)
{
    GroupPart *p = &g->part[s->id];
    int64_t key[GROUP_KEYS] = {0};
    for (unsigned k = 0; k < g->keys; k++) {
        if (!is_when(g->key[k].column)) {
            continue;
        }
        const GroupStep *step = when_step(g, k, s->initiator, begin);
        for (uint32_t i = 0; i < s->steps;
             i += s->steps - 1 ? s->steps - 1 : 1) {
            uint64_t cycle = begin + s->step[i].cycle;
            if (cycle < step->from || cycle >= step->to) {
                return true;
            }
        }
        key[k] = step->value;
    }
    if (p->count && g->by_row && !same_keys(g, p, key, 0) &&
        !flush_run(g, s, p, errp)) {
        return false;
    }
    if (!p->count) {
        part_begin(p, key, 0);
    }
    part_when(p, begin);
    *taken = true;
    return true;
}

static bool take_run(TxGroups *g, const RowSite *s, uint32_t first,
                     uint32_t last, uint64_t begin, bool each, Error **errp)
{
    const TxFilter *f = g->filter;
    if (f->by_site && !(s->id < f->want_records && f->want_record[s->id])) {
        return true;
    }
    bool taken = false;
    if (!each && !first && last == s->steps &&
        !take_whole_run(g, s, begin, &taken, errp)) {
        return false;
    }
    for (uint32_t i = first; i < last && !taken; i++) {
        TxRow row;
        row_step(s, i, begin, &row);
        if (tx_filter_site(f, row.site_row) &&
            tx_filter_row(f, g->reader, &row, 0) && !take_row(g, &row, errp)) {
            return false;
        }
    }
    return true;
}

/* -- chunks --------------------------------------------------------------- */

/* Does it depend on when they were which rows of the chunk are wanted? */
static bool by_when(const TxFilter *f, const ReaderChunk *chunk)
{
    for (unsigned i = 0; i < f->constraints; i++) {
        if (f->constraint[i].column == TX_CYCLE) {
            return true;
        }
    }
    return (int64_t)chunk->first_time < f->first_time ||
           (int64_t)chunk->last_time > f->last_time;
}

/* Where its dictionary says it all: accesses of sites, and nobody asks what
 * they cost. */
static bool take_counts(TxGroups *g, const ReaderChunk *chunk,
                        const CodecSiteUse *use, uint32_t sites, bool *taken,
                        Error **errp)
{
    const RowSites *known = &g->reader->record_site;
    uint64_t heads = 0;
    for (uint32_t i = 0; i < sites; i++) {
        const RowSite *s = row_site(known, use[i].site);
        if (!s || s->steps) {
            return true;
        }
        heads += use[i].records;
    }
    *taken = heads == chunk->rows;
    for (uint32_t i = 0; *taken && i < sites; i++) {
        TxRow row = {.site = row_site(known, use[i].site)};
        row.site_row = row.site->row;
        if (!tx_filter_site(g->filter, row.site_row)) {
            continue;
        }
        TxGroup *group = group_of(g, &row, NULL, 0, errp);
        if (!group) {
            return false;
        }
        group->sums.accesses += use[i].records;
        add_bytes(g, &group->sums, row.site_row, use[i].records);
    }
    return true;
}

/* Counts the accesses from r on that went the way their site says, and runs
 * from end to end; returns the first record that is something else. */
static const MemoryRecord *count_plain(TxGroups *g, const MemoryRecord *r,
                                       const MemoryRecord *end)
{
    const uint32_t sites = g->reader->record_site.count;
    for (; r < end && r->site < sites; r++) {
        GroupPart *p = &g->part[r->site];
        if (!p->quick || (p->whole ? r->value != p->whole
                                   : (r->info & RECORD_HAS_TIMING) != 0)) {
            break;
        }
        p->plain++;
        p->plain_first = r->cycle < p->plain_first ? r->cycle : p->plain_first;
        p->plain_last = r->cycle > p->plain_last ? r->cycle : p->plain_last;
    }
    return r;
}

static bool add_plain(TxGroups *g, const RowSite *s, GroupPart *p, Error **errp)
{
    if (s->steps) {
        p->count = p->plain;
        p->first = p->plain_first;
        p->last = p->plain_last;
        return flush_run(g, s, p, errp);
    }
    const InlineCost *cost = row_cost(s, s->size);
    TxRow row = {.site = s,
                 .site_row = s->row,
                 .bus = cost->bus,
                 .target = cost->target,
                 .beats = cost->beats};
    TxGroup *group = group_of(g, &row, NULL, 0, errp);
    if (group) {
        add_row(&group->sums, &row, p->plain);
        add_bytes(g, &group->sums, s->row, p->plain);
        add_times(g, &group->sums, s->initiator, p->plain_first, p->plain_last);
    }
    return group != NULL;
}

/* Sites of which it is enough to count. */
static void choose_quick(TxGroups *g)
{
    for (uint32_t id = 0; id < g->reader->record_site.count; id++) {
        const RowSite *s = row_site(&g->reader->record_site, id);
        GroupPart *p = &g->part[id];
        bool wanted =
            s && (s->steps ? !g->filter->by_site || g->filter->want_record[id]
                           : tx_filter_site(g->filter, s->row));
        p->quick = wanted && !g->by_row && !g->filter->by_row;
        p->whole = s ? (uint64_t)s->steps << 32 : 0;
        p->plain_first = UINT64_MAX;
    }
}

static bool walk_chunk(TxGroups *g, bool each, Error **errp)
{
    RowReader rows;
    TxRow row;
    const RowSite *s;
    uint32_t first, last;
    rows_begin(&rows, &g->reader->record_site, g->records.record,
               g->records.records);
    bool ok = true;
    while (ok) {
        rows.r = count_plain(g, rows.r, rows.end);
        if (!rows_next_head(&rows, &row, &s, &first, &last)) {
            break;
        }
        if (s->steps) {
            ok = take_run(g, s, first, last, row.cycle, each, errp);
        } else if (tx_filter_site(g->filter, row.site_row) &&
                   tx_filter_row(g->filter, g->reader, &row, 0)) {
            ok = take_access(g, &row, errp);
        }
    }
    return ok && (!rows.wrong ||
                  error_set(errp, "%s; the database is damaged", rows.wrong));
}

static bool take_chunk(TxGroups *g, TraceReader *reader, TxFilter *filter,
                       const ReaderChunk *chunk, Error **errp)
{
    bool each = by_when(filter, chunk);
    bool counts = !g->asked && !g->by_row && !filter->by_row;
    const void *blob;
    size_t len;
    const CodecSiteUse *use;
    uint32_t sites;
    bool taken = false, runs;
    if (filter->by_site || filter->by_pa || counts) {
        if (!reader_body(reader, chunk, &blob, &len, errp) ||
            !codec_sites(reader->codec, blob, len, &use, &sites, errp)) {
            return false;
        }
        if (!tx_filter_sites(filter, reader, use, sites, &runs)) {
            return true;
        }
        if (counts && !take_counts(g, chunk, use, sites, &taken, errp)) {
            return false;
        }
    }
    return taken || (reader_load(reader, chunk, g->fields, &g->records, errp) &&
                     walk_chunk(g, each, errp));
}

static bool flush_parts(TxGroups *g, Error **errp)
{
    bool ok = true;
    for (uint32_t id = 0; ok && id < g->reader->record_site.count; id++) {
        const RowSite *s = row_site(&g->reader->record_site, id);
        GroupPart *p = &g->part[id];
        if (s && p->count && s->steps) {
            ok = flush_run(g, s, p, errp);
        } else if (s) {
            end_accesses(g, s, p);
        }
        ok = ok && (!s || !p->plain || add_plain(g, s, p, errp));
    }
    return ok;
}

bool groups_form(TxGroups *g, TraceReader *reader, TxFilter *filter,
                 unsigned asked, Error **errp)
{
    g->reader = reader;
    g->filter = filter;
    g->asked = asked;
    g->fields = CODEC_INFO | (asked & GROUP_TIMES ? CODEC_CYCLE : 0);
    for (unsigned k = 0; k < g->keys; k++) {
        g->fields |= tx_column_fields(g->key[k].column);
        g->fields |= is_when(g->key[k].column) ? CODEC_CYCLE : 0;
    }
    for (unsigned i = 0; i < filter->constraints; i++) {
        TxColumn column = filter->constraint[i].column;
        g->fields |= tx_column_fields(column);
        g->fields |= is_when(column) ? CODEC_CYCLE : 0;
    }
    g->initiators = reader->clocks;
    g->step = calloc((size_t)g->keys * g->initiators + 1, sizeof(*g->step));
    g->part = calloc((size_t)reader->record_site.count + 1, sizeof(*g->part));
    if (!g->step || !g->part || !site_keys(g)) {
        return no_memory(errp);
    }
    choose_quick(g);
    for (size_t i = 0; i < reader->chunks; i++) {
        if (tx_filter_chunk(filter, &reader->chunk[i]) &&
            !take_chunk(g, reader, filter, &reader->chunk[i], errp)) {
            return false;
        }
    }
    return flush_parts(g, errp);
}
