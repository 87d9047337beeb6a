/* l1.c - see l1.h for the model, its source and what is missing. */
#include "soc/l1.h"

#include <stdlib.h>
#include <string.h>

const char *const l1_replacement_name[] = {
    "lru", "plru", "round-robin", "round-robin-set", "random", NULL};

/* -- tags ----------------------------------------------------------------- */

static uint32_t set_of(const L1 *l1, uint64_t line)
{
    return (uint32_t)(line & (l1->sets - 1));
}

static size_t at_way(const L1 *l1, uint32_t set, uint32_t way)
{
    return (size_t)set * l1->config.ways + way;
}

/* The way that holds line, or `ways`. */
static uint32_t way_of(const L1 *l1, uint64_t line)
{
    const uint64_t *tag = &l1->tag[at_way(l1, set_of(l1, line), 0)];
    uint32_t way = 0;
    while (way < l1->config.ways && tag[way] != line) {
        way++;
    }
    return way;
}

/* Node n of the tree has the children 2n and 2n + 1; its bit says which half
 * goes next. */
static void plru_use(L1 *l1, uint32_t set, uint32_t way)
{
    uint64_t *bits = &l1->order[set];
    uint32_t node = 1;
    for (uint32_t half = l1->config.ways / 2; half; half /= 2) {
        const bool high = way & half;
        const uint64_t bit = UINT64_C(1) << node;
        *bits = high ? *bits & ~bit : *bits | bit;
        node = 2 * node + high;
    }
}

static uint32_t plru_victim(const L1 *l1, uint32_t set)
{
    uint32_t node = 1;
    while (node < l1->config.ways) {
        node = 2 * node + (l1->order[set] >> node & 1);
    }
    return node - l1->config.ways;
}

static uint32_t lru_victim(const L1 *l1, uint32_t set)
{
    const uint64_t *stamp = &l1->stamp[at_way(l1, set, 0)];
    uint32_t oldest = 0;
    for (uint32_t way = 1; way < l1->config.ways; way++) {
        oldest = stamp[way] < stamp[oldest] ? way : oldest;
    }
    return oldest;
}

static uint32_t random_victim(L1 *l1)
{
    uint64_t x = l1->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    l1->random = x;
    return (uint32_t)(x % l1->config.ways);
}

static uint32_t choose_victim(L1 *l1, uint32_t set)
{
    const uint32_t ways = l1->config.ways;
    switch (l1->config.replacement) {
    case L1_ROUND_ROBIN: return (uint32_t)(l1->order[0]++ % ways);
    case L1_ROUND_ROBIN_SET: return (uint32_t)(l1->order[set]++ % ways);
    case L1_LRU:
    case L1_PLRU:
    case L1_RANDOM: break;
    }
    for (uint32_t way = 0; way < ways; way++) {
        if (l1->tag[at_way(l1, set, way)] == TIMING_NO_LINE) {
            return way;
        }
    }
    return l1->config.replacement == L1_LRU    ? lru_victim(l1, set)
           : l1->config.replacement == L1_PLRU ? plru_victim(l1, set)
                                               : random_victim(l1);
}

/* The line in that way is used; a store that is kept makes it dirty. */
static void use(L1 *l1, uint64_t line, uint32_t way, bool is_write)
{
    const uint32_t set = set_of(l1, line);
    const size_t at = at_way(l1, set, way);
    l1->stamp[at] = ++l1->used;
    if (l1->config.replacement == L1_PLRU) {
        plru_use(l1, set, way);
    }
    l1->dirty[at] |= is_write && !l1->config.write_through;
    l1->hint[set] = line;
    l1->hint[l1->sets + set] = l1->dirty[at] ? line : TIMING_NO_LINE;
}

/* -- one access ----------------------------------------------------------- */

typedef struct Asking {
    L1 *l1;
    TimingRequest *rq;
    uint64_t at; /* ps: until when it has been served */
    uint64_t wait;
} Asking;

static void wait_cycles(Asking *a, uint32_t cycles)
{
    const ClockDomain *clk = a->l1->clock;
    a->at = clock_time(clk, clock_cycle_at(clk, a->at) + cycles);
}

/* One transaction on the bus. */
static void move_bytes(Asking *a, hwaddr addr, uint32_t size, bool is_write,
                       BeatCause cause, TimingModel *target)
{
    L1 *l1 = a->l1;
    TimingRequest *rq = a->rq;
    TimingRequest bus = {.port = rq->port,
                         .addr = addr,
                         .size = size,
                         .pieces = 1,
                         .is_write = is_write,
                         .direct = true,
                         .target = target,
                         .issue = a->at,
                         .granted = a->at,
                         .done = a->at,
                         .beats = 1};
    if (l1->next) {
        l1->next->access(l1->next, &bus);
    }
    l1->move[rq->moves++] = (TimingMove){.addr = addr,
                                         .size = size,
                                         .cause = (uint8_t)cause,
                                         .beats = bus.beats,
                                         .width = bus.width,
                                         .begin = bus.granted - rq->issue,
                                         .first = bus.beat_first,
                                         .next = bus.beat_next};
    l1->counters.bytes += size;
    a->wait += timing_waited(&bus);
    a->at = bus.done;
    rq->target_ps += bus.target_ps;
    rq->beats += bus.beats;
    rq->bus = bus.bus;
    rq->width = bus.width;
    rq->beat_first = bus.beat_first;
    rq->beat_next = bus.beat_next;
    rq->blocker = bus.blocker ? bus.blocker : rq->blocker;
}

/* A line that goes may lie in another region than the one that comes. */
static TimingModel *target_at(const MemoryPort *port, hwaddr addr)
{
    hwaddr inside, len = 1;
    const MemoryRegion *mr = address_space_translate(
        port->as, addr, &inside, &len, true, MEMTXATTRS_UNSPECIFIED);
    return mr ? mr->timing : NULL;
}

static uint32_t fetch_line(Asking *a, uint64_t line)
{
    L1 *l1 = a->l1;
    const uint32_t set = set_of(l1, line), size = l1->config.line;
    const uint32_t way = choose_victim(l1, set);
    const size_t at = at_way(l1, set, way);
    if (l1->dirty[at]) {
        const hwaddr victim = l1->tag[at] << l1->lines.shift;
        wait_cycles(a, l1->config.writeback_overhead);
        move_bytes(a, victim, size, true, BEAT_WRITEBACK,
                   target_at(a->rq->port, victim));
        l1->counters.writebacks++;
        l1->dirty[at] = false;
    }
    wait_cycles(a, l1->config.fill_overhead);
    move_bytes(a, line << l1->lines.shift, size, false, BEAT_FILL,
               a->rq->target);
    l1->counters.fills++;
    l1->tag[at] = line;
    return way;
}

/* Looks one line up; false: a store is to be passed on. */
static bool look_up(Asking *a, uint64_t line)
{
    L1 *l1 = a->l1;
    const bool is_write = a->rq->is_write;
    uint32_t way = way_of(l1, line);
    const bool hit = way < l1->config.ways;
    l1->counters.accesses++;
    l1->counters.hits += hit;
    l1->counters.misses += !hit;
    if (!hit && is_write && !l1->config.write_allocate) {
        return false;
    }
    if (!hit) {
        way = fetch_line(a, line);
    }
    use(l1, line, way, is_write);
    return !is_write || !l1->config.write_through;
}

/* The part of the access that lies in that line goes to the bus. */
static void pass_on(Asking *a, uint64_t line)
{
    L1 *l1 = a->l1;
    const TimingRequest *rq = a->rq;
    const hwaddr begin = line << l1->lines.shift;
    const hwaddr from = begin > rq->addr ? begin : rq->addr;
    const hwaddr last = begin + (l1->config.line - 1);
    const hwaddr end = rq->addr + (rq->size - 1);
    move_bytes(a, from, (uint32_t)((last < end ? last : end) - from + 1), true,
               BEAT_ACCESS, rq->target);
    l1->counters.throughs++;
}

static bool l1_keeps(const TimingModel *model, hwaddr addr)
{
    const L1 *l1 = (const L1 *)model;
    for (uint32_t i = 0; i < l1->config.uncacheds; i++) {
        const L1Range *r = &l1->config.uncached[i];
        if (r->first <= addr && addr <= r->last) {
            return false;
        }
    }
    return true;
}

static void pass(L1 *l1, TimingRequest *rq)
{
    if (l1->next) {
        l1->next->access(l1->next, rq);
        return;
    }
    rq->granted = rq->done = rq->issue;
    rq->beats = rq->pieces;
}

static void l1_access(TimingModel *model, TimingRequest *rq)
{
    L1 *l1 = (L1 *)model;
    if (!rq->direct || rq->size > L1_LONGEST || !l1_keeps(model, rq->addr)) {
        l1->counters.passed++;
        pass(l1, rq);
        return;
    }
    Asking a = {.l1 = l1, .rq = rq, .at = rq->issue};
    const uint64_t first = rq->addr >> l1->lines.shift;
    const uint64_t last = (rq->addr + (rq->size - 1)) >> l1->lines.shift;
    uint64_t passed[L1_LONGEST / L1_LINE_MIN + 1];
    uint32_t n = 0;
    rq->move = l1->move;
    rq->moves = rq->beats = 0;
    rq->target_ps = rq->beat_first = rq->beat_next = 0;
    rq->blocker = 0;
    wait_cycles(&a, l1->config.hit);
    for (uint64_t line = first; line <= last; line++) {
        if (!look_up(&a, line)) {
            passed[n++] = line;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        pass_on(&a, passed[i]);
    }
    rq->granted = rq->issue + a.wait;
    rq->moving_ps = 0;
    rq->done = a.at;
}

/* -- inline --------------------------------------------------------------- */

static bool l1_touch(TimingModel *model, hwaddr addr, uint32_t size,
                     bool is_write)
{
    L1 *l1 = (L1 *)model;
    const uint64_t first = addr >> l1->lines.shift;
    const uint64_t last = (addr + (size - 1)) >> l1->lines.shift;
    if (is_write && l1->config.write_through) {
        return false;
    }
    for (uint64_t line = first; line <= last; line++) {
        if (way_of(l1, line) == l1->config.ways) {
            return false;
        }
    }
    for (uint64_t line = first; line <= last; line++) {
        use(l1, line, way_of(l1, line), is_write);
    }
    return true;
}

static bool l1_inline_form(TimingModel *model, const TimingRequest *rq,
                           TimingInline *form)
{
    L1 *l1 = (L1 *)model;
    if (!rq->direct || !l1_keeps(model, rq->addr)) {
        *form = (TimingInline){.beats = rq->pieces};
        return !l1->next || (l1->next->inline_form &&
                             l1->next->inline_form(l1->next, rq, form));
    }
    *form = (TimingInline){.first = clock_time(l1->clock, l1->config.hit),
                           .next = clock_time(l1->clock, 1)};
    return !rq->is_write || !l1->config.write_through;
}

static void l1_account(TimingModel *model, const TimingRequest *rq, uint64_t n)
{
    L1 *l1 = (L1 *)model;
    if (rq->direct) { /* hits */
        l1->counters.accesses += n;
        l1->counters.hits += n;
        return;
    }
    l1->counters.passed += n;
    if (l1->next && l1->next->account) {
        l1->next->account(l1->next, rq, n);
    }
}

/* Only what passes through is asked for so. */
static bool l1_take(TimingModel *model, const MemoryPort *port, uint64_t issue,
                    const TimingCost *cost)
{
    TimingModel *next = ((L1 *)model)->next;
    return !next || (next->take && next->take(next, port, issue, cost));
}

static uint64_t l1_clear_at(TimingModel *model)
{
    TimingModel *next = ((L1 *)model)->next;
    return next && next->clear_at ? next->clear_at(next) : 0;
}

/* Its victims go on in turn. */
static void empty(L1 *l1)
{
    const size_t lines = (size_t)l1->sets * l1->config.ways;
    memset(l1->tag, 0xff, lines * sizeof(*l1->tag));
    memset(l1->dirty, 0, lines * sizeof(*l1->dirty));
    memset(l1->hint, 0xff, 2 * (size_t)l1->sets * sizeof(*l1->hint));
}

static void l1_fence_i(TimingModel *model)
{
    L1 *l1 = (L1 *)model;
    if (!l1->config.keep_on_fence_i) {
        l1->counters.invalidations++;
        empty(l1);
    }
}

/* -- life ----------------------------------------------------------------- */

static bool is_power(uint64_t n)
{
    return n && !(n & (n - 1));
}

static bool check_shape(const L1Config *c, Error **errp)
{
    if (c->line < L1_LINE_MIN || c->line > L1_LINE_MAX || !is_power(c->line)) {
        return error_set(errp,
                         "a line of %u bytes; a power of two from %d to %d is "
                         "needed",
                         c->line, L1_LINE_MIN, L1_LINE_MAX);
    }
    if (c->ways < 1 || c->ways > L1_WAYS_MAX) {
        return error_set(errp, "%u ways; 1 to %d are possible", c->ways,
                         L1_WAYS_MAX);
    }
    const uint64_t way = (uint64_t)c->ways * c->line;
    if (c->size > L1_SIZE_MAX || c->size % way || !is_power(c->size / way)) {
        return error_set(errp,
                         "%llu bytes in %u ways of %u-byte lines; %llu times a "
                         "power of two is needed, at most %d MiB",
                         (unsigned long long)c->size, c->ways, c->line,
                         (unsigned long long)way, L1_SIZE_MAX >> 20);
    }
    return true;
}

bool l1_config_check(const L1Config *c, Error **errp)
{
    if (!check_shape(c, errp)) {
        return false;
    }
    if (c->replacement == L1_PLRU && !is_power(c->ways)) {
        return error_set(errp, "plru with %u ways; take a power of two, or lru",
                         c->ways);
    }
    if (!c->hit || (c->replacement == L1_RANDOM && !c->seed)) {
        return error_set(errp, "a %s of 0; 1 is the least",
                         c->hit ? "seed" : "hit cost");
    }
    for (uint32_t i = 0; i < c->uncacheds; i++) {
        const L1Range *r = &c->uncached[i];
        const uint64_t inside = PAGE_SIZE_BYTES - 1;
        if ((r->first & inside) || (~r->last & inside) || r->first > r->last) {
            return error_set(errp,
                             "uncached bytes 0x%llx to 0x%llx; whole pages of "
                             "4 KiB are needed",
                             (unsigned long long)r->first,
                             (unsigned long long)r->last);
        }
    }
    return true;
}

static bool make_tables(L1 *l1)
{
    const size_t lines = (size_t)l1->sets * l1->config.ways;
    const size_t touched = L1_LONGEST / l1->config.line + 2;
    l1->tag = calloc(lines, sizeof(*l1->tag));
    l1->stamp = calloc(lines, sizeof(*l1->stamp));
    l1->dirty = calloc(lines, sizeof(*l1->dirty));
    l1->order = calloc(l1->sets, sizeof(*l1->order));
    l1->hint = calloc(2 * (size_t)l1->sets, sizeof(*l1->hint));
    l1->move = calloc(3 * touched, sizeof(*l1->move));
    return l1->tag && l1->stamp && l1->dirty && l1->order && l1->hint &&
           l1->move;
}

bool l1_init(L1 *l1, const char *name, const L1Config *config,
             const ClockDomain *clock, TimingModel *next, Error **errp)
{
    *l1 = (L1){.name = name, .clock = clock, .next = next};
    if (!l1_config_check(config, errp)) {
        return error_prepend(errp, "cache %s: ", name);
    }
    l1->config = *config;
    l1->sets = (uint32_t)(config->size / config->ways / config->line);
    if (!make_tables(l1)) {
        l1_fini(l1);
        return error_set(errp, "no memory for cache %s", name);
    }
    l1->lines = (TimingLines){{l1->hint, l1->hint + l1->sets},
                              (unsigned)__builtin_ctz(config->line),
                              l1->sets - 1};
    l1->model = (TimingModel){.name = next ? next->name : name,
                              .id = next ? next->id : 0,
                              .access = l1_access,
                              .inline_form = l1_inline_form,
                              .clear_at = l1_clear_at,
                              .account = l1_account,
                              .take = l1_take,
                              .lines = &l1->lines,
                              .keeps = l1_keeps,
                              .touch = l1_touch,
                              .fence_i = l1_fence_i};
    l1_reset(l1);
    return true;
}

void l1_reset(L1 *l1)
{
    const size_t lines = (size_t)l1->sets * l1->config.ways;
    empty(l1);
    memset(l1->stamp, 0, lines * sizeof(*l1->stamp));
    memset(l1->order, 0, l1->sets * sizeof(*l1->order));
    l1->used = 0;
    l1->random = l1->config.seed;
}

void l1_fini(L1 *l1)
{
    free(l1->tag);
    free(l1->stamp);
    free(l1->dirty);
    free(l1->order);
    free(l1->hint);
    free(l1->move);
    *l1 = (L1){.sets = 0};
}
