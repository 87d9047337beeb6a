/*
 * generator.c - an initiator that makes traffic from a few numbers.
 *
 * Model    Request number i has an address, a direction and, in an open loop, a
 *          time; each is computed from i alone, so nothing drifts and nothing
 *          depends on how the machine answers. Random numbers are a function
 *          of seed, name and i. Open loop (`rate`, `every`): due at its time,
 *          late when no slot is free then. Closed loop: `think` cycles after a
 *          slot's last request.
 * Units    bytes; bytes per second; cycles of the master port's clock; ps.
 * Source   docs/devices/generator.md (this project's own); numbers: Steele, Lea
 *          and Flood, "Fast splittable pseudorandom number generators", 2014.
 * Missing  Random sizes and think times; narrow beats on a wide bus.
 */
#include "soc/generator.h"

#include <stdlib.h>
#include <string.h>

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* 0 .. n - 1, of request i; `what` tells its numbers apart. */
static uint64_t draw(const Generator *g, uint64_t i, unsigned what, uint64_t n)
{
    uint64_t x = mix(g->key + (2 * i + what + 1) * GOLDEN);
    return (uint64_t)((ClockWide)x * n >> 64);
}

/* -- request number i ------------------------------------------------------ */

static hwaddr address_of(const Generator *g, uint64_t i)
{
    uint64_t at = g->random ? draw(g, i, 0, g->positions) : i % g->positions;
    return g->base + (g->list ? g->list[at] : at * g->step);
}

static bool is_write(const Generator *g, uint64_t i)
{
    if (g->directions) {
        return g->directions[i % strlen(g->directions)] == 'w';
    }
    return draw(g, i, 1, 100) >= g->reads;
}

/* Its cycle in an open loop; UINT64_MAX: beyond all time. */
static uint64_t due_of(const Generator *g, uint64_t i)
{
    const Traffic *t = &g->traffic;
    const ClockDomain *clk = t->master.clock;
    ClockWide cycle = (ClockWide)i * g->every;
    if (g->rate) {
        ClockWide product = (ClockWide)i * g->len * clk->hz;
        cycle = (product + g->rate - 1) / g->rate;
    }
    if (g->period) { /* `cycle` counts active ones */
        uint64_t period = clock_cycle_at(clk, g->period);
        uint64_t active = clock_cycle_at(clk, g->active);
        cycle = cycle / active * period + cycle % active;
    }
    cycle += traffic_start(t);
    return cycle < UINT64_MAX ? (uint64_t)cycle : UINT64_MAX;
}

/* Due times rise with i. */
static uint64_t generator_due(const Traffic *t, uint64_t cycle)
{
    const Generator *g = (const Generator *)t;
    uint64_t low = 0, high = g->count ? g->count : UINT64_MAX;
    while (low < high) {
        uint64_t i = low + (high - low) / 2;
        if (due_of(g, i) < cycle) {
            low = i + 1;
        } else {
            high = i;
        }
    }
    return low;
}

static bool generator_next(Traffic *t, TrafficAccess *access)
{
    Generator *g = (Generator *)t;
    uint64_t i = g->number;
    if (g->count && i == g->count) {
        return false;
    }
    g->number++;
    *access = (TrafficAccess){.timed = g->rate || g->every,
                              .gap = g->think,
                              .addr = address_of(g, i),
                              .len = g->len,
                              .is_write = is_write(g, i)};
    access->due = access->timed ? due_of(g, i) : 0;
    return true;
}

static void generator_fill(Traffic *t, hwaddr addr, uint8_t *bytes,
                           uint32_t len)
{
    traffic_pattern(t, addr, bytes, len);
}

/* -- life ------------------------------------------------------------------ */

static bool wrong(const Generator *g, const char *param, const char *what,
                  Error **errp)
{
    return error_set(errp, "%s of %s: %s", param, g->traffic.dev.name, what);
}

static bool check_request(Generator *g, Error **errp)
{
    if (g->size < 1 || g->size > 128 || (g->size & (g->size - 1))) {
        return wrong(g, "size", "write a power of two from 1 to 128", errp);
    }
    if (g->burst < 1 || g->burst > TRAFFIC_BYTES / g->size) {
        return wrong(g, "burst", "a request has 1 to 4096 bytes; write less",
                     errp);
    }
    g->len = (uint32_t)(g->size * g->burst);
    if (g->range < g->len) {
        return wrong(g, "range",
                     "no request fits into it; write at least "
                     "size times burst",
                     errp);
    }
    if (g->range - 1 > UINT64_MAX - g->base) {
        return wrong(g, "range", "it ends beyond 2^64; write less", errp);
    }
    if (g->reads > 100) {
        return wrong(g, "reads", "write percent, 0 to 100", errp);
    }
    if (g->directions &&
        (!*g->directions || g->directions[strspn(g->directions, "rw")])) {
        return wrong(g, "directions", "write r and w only, such as rrrw", errp);
    }
    return true;
}

/* The offsets of `list`, with blanks or commas between. */
static bool read_list(Generator *g, Error **errp)
{
    static const char between[] = " ,\t";
    const char *text = g->list_text ? g->list_text : "";
    g->list = calloc(strlen(text) / 2 + 1, sizeof(*g->list));
    if (!g->list) {
        return wrong(g, "list", "the host has no memory left", errp);
    }
    for (text += strspn(text, between); *text; text += strspn(text, between)) {
        char *end;
        uint64_t offset = strtoull(text, &end, 0);
        if (*text == '-' || *text == '+' || end == text ||
            (*end && !strchr(between, *end))) {
            return wrong(g, "list",
                         "write numbers with blanks between them, "
                         "such as \"0 0x40 0x100\"",
                         errp);
        }
        if (offset > g->range - g->len) {
            return wrong(g, "list",
                         "a request leaves the range; write offsets "
                         "from base, or a larger range",
                         errp);
        }
        g->list[g->positions++] = offset;
        text = end;
    }
    return g->positions > 0 ||
           wrong(g, "list",
                 "name the offsets of pattern list, such as \"0 "
                 "0x40 0x100\"",
                 errp);
}

static bool check_pattern(Generator *g, Error **errp)
{
    bool stride = !strcmp(g->pattern, "stride");
    bool list = !strcmp(g->pattern, "list");
    g->random = !strcmp(g->pattern, "random");
    if (!stride && !list && !g->random && strcmp(g->pattern, "sequential")) {
        return wrong(g, "pattern", "write sequential, stride, random or list",
                     errp);
    }
    if (stride != (g->stride > 0)) {
        return wrong(g, "stride",
                     stride ? "pattern stride needs it; write the "
                              "bytes from request to request"
                            : "it is for pattern stride; leave it "
                              "out",
                     errp);
    }
    if (list) {
        return read_list(g, errp);
    }
    if (g->list_text) {
        return wrong(g, "list", "it is for pattern list; leave it out", errp);
    }
    g->step = stride ? g->stride : g->len;
    g->positions = (g->range - g->len) / g->step + 1;
    return true;
}

static bool check_times(Generator *g, Error **errp)
{
    if (g->rate && g->every) {
        return wrong(g, "rate", "every says when, too; leave one out", errp);
    }
    if (g->think && (g->rate || g->every)) {
        return wrong(g, "think",
                     "it is for a closed loop; leave it out, or "
                     "rate and every",
                     errp);
    }
    if (g->until && g->until <= g->start) {
        return wrong(g, "until", "it is not after start; write a later time",
                     errp);
    }
    if (g->active > g->period || (g->period && !g->active)) {
        return wrong(g, "active",
                     "write a time up to that of period, or "
                     "neither",
                     errp);
    }
    return true;
}

static bool generator_init(Device *dev, Error **errp)
{
    Generator *g = (Generator *)dev;
    Traffic *t = &g->traffic;
    if (!check_request(g, errp) || !check_pattern(g, errp) ||
        !check_times(g, errp)) {
        free(g->list);
        return false;
    }
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char *p = dev->name; *p; p++) { /* FNV-1a */
        hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
    }
    g->key = mix(hash ^ mix(g->seed));
    t->start_ps = g->start;
    t->until_ps = g->until ? g->until : TIME_NEVER;
    t->active_ps = g->active;
    t->period_ps = g->period;
    t->endless = !g->count && !g->until;
    t->pace = g->rate || g->every ? "open" : "closed";
    t->next = generator_next;
    t->due = g->rate || g->every ? generator_due : NULL;
    t->fill = generator_fill;
    if (!traffic_init(t, errp)) {
        free(g->list);
        return false;
    }
    return true;
}

/* Bytes per second of an open loop, silent times included; 0: closed. */
static uint64_t average_rate(const Generator *g)
{
    ClockWide rate = g->rate;
    if (g->every) {
        rate = (ClockWide)g->len * g->traffic.master.clock->hz / g->every;
    }
    return (uint64_t)(g->period ? rate * g->active / g->period : rate);
}

static void generator_reset(Device *dev)
{
    Generator *g = (Generator *)dev;
    g->number = 0;
    g->traffic.rate = average_rate(g);
    traffic_reset(&g->traffic);
}

static void generator_fini(Device *dev)
{
    free(((Generator *)dev)->list);
    traffic_fini(dev);
}

#define NUMBER(name_, low_, high_, preset_, doc_)                              \
    {                                                                          \
        .name = #name_, .type = PARAM_UINT,                                    \
        .offset = offsetof(Generator, name_), .preset = preset_, .low = low_,  \
        .high = high_, .doc = doc_                                             \
    }
#define TIME(name_, doc_)                                                      \
    {                                                                          \
        .name = #name_, .type = PARAM_TIME,                                    \
        .offset = offsetof(Generator, name_), .doc = doc_                      \
    }

static const ParamSpec generator_params[] = {
    {.name = "master",
     .type = PARAM_MASTER,
     .offset = offsetof(Generator, traffic.master),
     .doc = "the bus on which it reads and writes"},
    {.name = "base",
     .type = PARAM_UINT,
     .offset = offsetof(Generator, base),
     .required = true,
     .doc = "the first address it may touch"},
    {.name = "range",
     .type = PARAM_SIZE,
     .offset = offsetof(Generator, range),
     .required = true,
     .doc = "how many bytes from there"},
    {.name = "pattern",
     .type = PARAM_STRING,
     .offset = offsetof(Generator, pattern),
     .text = "sequential",
     .doc = "where requests go: sequential, stride, random, list"},
    {.name = "size",
     .type = PARAM_SIZE,
     .offset = offsetof(Generator, size),
     .preset = 4,
     .low = 1,
     .high = 128,
     .doc = "of an access, a power of two"},
    NUMBER(burst, 1, 4096, 1, "accesses in a row that are one request"),
    {.name = "stride",
     .type = PARAM_SIZE,
     .offset = offsetof(Generator, stride),
     .doc = "pattern stride: from request to request"},
    {.name = "list",
     .type = PARAM_STRING,
     .offset = offsetof(Generator, list_text),
     .doc = "pattern list: offsets from base, \"0 0x40 0x100\""},
    NUMBER(reads, 0, 100, 100, "percent of the requests that read"),
    {.name = "directions",
     .type = PARAM_STRING,
     .offset = offsetof(Generator, directions),
     .doc = "instead of reads: r and w in turn, such as rrrw"},
    {.name = "rate",
     .type = PARAM_SIZE,
     .offset = offsetof(Generator, rate),
     .doc = "open loop: bytes per second"},
    NUMBER(every, 0, UINT32_MAX, 0, "open loop: cycles between requests"),
    {.name = "outstanding",
     .type = PARAM_UINT,
     .offset = offsetof(Generator, traffic.outstanding),
     .preset = 1,
     .low = 1,
     .high = TRAFFIC_SLOTS,
     .doc = "requests under way at once, at most"},
    NUMBER(think, 0, UINT32_MAX, 0,
           "closed loop: cycles from completion to the next request"),
    NUMBER(count, 0, 0, 0, "requests until it ends; 0: no end"),
    TIME(start, "when the first request is due"),
    TIME(until, "no request from then on; 0: no end"),
    TIME(active, "with period: issues in so much of each"),
    TIME(period, "repeats active and silent times; 0: always active"),
    NUMBER(seed, 0, 0, 1, "of random addresses and directions"),
    {.name = "master_priority",
     .type = PARAM_UINT,
     .offset = offsetof(Generator, traffic.priority),
     .high = 255,
     .doc = "on a bus with fixed arbitration; lower wins"},
    {.name = NULL},
};

static const RegName no_registers[] = {{NULL, 0, 0, 0, 0, NULL, NULL}};

const DeviceClass generator_class = {
    .name = "generator",
    .summary = "traffic from a few numbers: patterns, rates, closed loops",
    .source = "docs/devices/generator.md (socscope's own)",
    .size = sizeof(Generator),
    .params = generator_params,
    .registers = no_registers,
    .traffic = true,
    .init = generator_init,
    .reset = generator_reset,
    .fini = generator_fini,
};
