/*
 * sifive_pwm.c - the PWM of SiFive's Freedom chips: one counter, four
 * comparators.
 *
 * Model    Nothing ticks. While it runs we keep the cycle at which the count
 *          was 0. A comparator is high in one interval of each period: from
 *          cmp << scale to the period's end, or, centred, to the mirror image
 *          of its begin. A period ends when pwms overflows, or with zerocmp one
 *          cycle after pwms reached cmp0. sticky keeps a flag until software
 *          clears it; deglitch keeps it to the end of the period. The one event
 *          is at the next time a flag changes; none is pending when nothing is
 *          wired, or all flags are sticky and set.
 * Units    cycles of the bus's clock.
 * Source   SiFive FE310-G002 manual, chapter 20.
 * Missing  A comparison that holds when the comparator is written between two
 *          edges of a deglitched period counts from that write on.
 */
#include "soc/sifive_pwm.h"

#include "memory/bits.h"

enum {
    CFG_SCALE = 0xf,
    CFG_STICKY = BIT(8),
    CFG_ZEROCMP = BIT(9),
    CFG_DEGLITCH = BIT(10),
    CFG_ALWAYS = BIT(12),
    CFG_ONESHOT = BIT(13),
    CFG_CENTER_SHIFT = 16,
    CFG_GANG_SHIFT = 24,
    CFG_IP_SHIFT = 28,
    ALL = BIT(SPWM_COMPARATORS) - 1,
};
#define CFG_IP (UINT32_C(0xf) << CFG_IP_SHIFT)
#define CFG_STORED                                                             \
    (CFG_IP | ALL << CFG_GANG_SHIFT | ALL << CFG_CENTER_SHIFT | CFG_ONESHOT |  \
     CFG_ALWAYS | CFG_DEGLITCH | CFG_ZEROCMP | CFG_STICKY | CFG_SCALE)

static uint64_t pwm_cycle(const SifivePwm *p)
{
    return clock_cycle_in(p->dev.clock, event_now(p->dev.events));
}

static bool running(const SifivePwm *p)
{
    return p->reg[SPWM_CFG] & (CFG_ALWAYS | CFG_ONESHOT);
}

static unsigned scale(const SifivePwm *p)
{
    return p->reg[SPWM_CFG] & CFG_SCALE;
}

static uint64_t top(const SifivePwm *p)
{
    return (UINT64_C(1) << p->width) - 1;
}

/* Counts in a period. */
static uint64_t period(const SifivePwm *p)
{
    uint64_t cmp0 = p->reg[SPWM_CMP] & top(p);
    return p->reg[SPWM_CFG] & CFG_ZEROCMP ? (cmp0 << scale(p)) + 1
                                          : (top(p) + 1) << scale(p);
}

/* Comparator n is high while from <= count < to. */
static void interval(const SifivePwm *p, unsigned n, uint64_t *from,
                     uint64_t *to)
{
    uint64_t cmp = p->reg[SPWM_CMP + n] & top(p);
    uint64_t end = period(p);
    bool center = p->reg[SPWM_CFG] >> CFG_CENTER_SHIFT & BIT(n);
    uint64_t mirror = (top(p) + 1 - cmp) << scale(p);
    *from = cmp << scale(p);
    *to = center && !(p->reg[SPWM_CFG] & CFG_DEGLITCH) && mirror < end ? mirror
                                                                       : end;
    if ((center && cmp > top(p) / 2) || *from >= *to) {
        *from = *to = end; /* never */
    }
}

/* When the period that began at `begin` has an edge of a flag after `count`;
 * UINT64_MAX: none. */
static uint64_t next_edge(const SifivePwm *p, uint64_t count)
{
    uint64_t next = UINT64_MAX;
    for (unsigned n = 0; n < SPWM_COMPARATORS; n++) {
        uint64_t from, to, end = period(p);
        bool is_set = p->reg[SPWM_CFG] >> CFG_IP_SHIFT & BIT(n);
        bool sticky = p->reg[SPWM_CFG] & CFG_STICKY;
        interval(p, n, &from, &to);
        if (from == to || (sticky && is_set) || (from == 0 && to == end)) {
            continue;
        }
        uint64_t edge = count < from ? from
                        : sticky     ? end + from
                        : count < to ? to
                                     : end + from;
        next = edge < next ? edge : next;
    }
    if (!(p->reg[SPWM_CFG] & CFG_ALWAYS)) {
        next = next < period(p) ? next : period(p); /* it stops there */
    }
    return next;
}

/* Brings the flags up to now: sticky ones from any moment since the last time.
 */
static void catch_up(SifivePwm *p)
{
    if (!running(p)) {
        return;
    }
    uint64_t now = pwm_cycle(p), end = period(p);
    uint64_t count = now - p->begin, last = count, since = p->seen - p->begin;
    bool wrapped = count >= end;
    since += now != p->seen; /* what was there then is known */
    p->seen = now;
    uint32_t level = 0, was = 0;
    if (wrapped && !(p->reg[SPWM_CFG] & CFG_ALWAYS)) {
        p->reg[SPWM_CFG] &= ~(uint32_t)CFG_ONESHOT;
        p->reg[SPWM_COUNT] = 0;
        count = 0;
    }
    p->begin = now - count % end;
    count %= end;
    for (unsigned n = 0; n < SPWM_COMPARATORS; n++) {
        uint64_t from, to;
        interval(p, n, &from, &to);
        bool ever = from < to;
        level |= ever && count >= from && count < to ? BIT(n) : 0;
        ever &= last - since >= end || (from <= last && to > since) ||
                (from + end <= last && to + end > since);
        was |= ever ? BIT(n) : 0;
    }
    uint32_t ip = p->reg[SPWM_CFG] >> CFG_IP_SHIFT;
    ip = p->reg[SPWM_CFG] & CFG_STICKY ? ip | was : level;
    p->reg[SPWM_CFG] = (p->reg[SPWM_CFG] & ~CFG_IP) | ip << CFG_IP_SHIFT;
}

static bool is_heard(const SifivePwm *p)
{
    for (unsigned n = 0; n < SPWM_COMPARATORS; n++) {
        if (p->irq[n].set || p->out[n].set) {
            return true;
        }
    }
    return false;
}

static void pwm_settle(void *opaque)
{
    SifivePwm *p = opaque;
    uint64_t when = TIME_NEVER;
    catch_up(p);
    if (running(p) && is_heard(p)) {
        uint64_t edge = next_edge(p, pwm_cycle(p) - p->begin);
        when = edge == UINT64_MAX ? TIME_NEVER
                                  : clock_time(p->dev.clock, p->begin + edge);
    }
    event_schedule(p->dev.events, &p->change, when);
    uint32_t ip = p->reg[SPWM_CFG] >> CFG_IP_SHIFT;
    for (unsigned n = 0; n < SPWM_COMPARATORS; n++) {
        unsigned next = (n + 1) % SPWM_COMPARATORS;
        bool gang = p->reg[SPWM_CFG] >> CFG_GANG_SHIFT & BIT(n);
        irq_set(&p->irq[n], ip & BIT(n));
        irq_set(&p->out[n], ip & BIT(n) && !(gang && ip & BIT(next)));
    }
}

static void pwm_changes(void *opaque, uint64_t when)
{
    pwm_settle(opaque);
}

/* -- registers ----------------------------------------------------------------
 */

static uint32_t pwm_count(const SifivePwm *p)
{
    return running(p) ? (uint32_t)(pwm_cycle(p) - p->begin)
                      : p->reg[SPWM_COUNT];
}

static uint32_t read_cfg(void *opaque)
{
    SifivePwm *p = opaque;
    pwm_settle(p);
    return p->reg[SPWM_CFG];
}

static uint32_t read_count(void *opaque)
{
    catch_up(opaque);
    return pwm_count(opaque);
}

static uint32_t read_s(void *opaque)
{
    SifivePwm *p = opaque;
    catch_up(p);
    return (uint32_t)(pwm_count(p) >> scale(p) & top(p));
}

/* What has passed, passed under the old configuration. */
static void wrote_cfg(void *opaque, uint32_t old)
{
    SifivePwm *p = opaque;
    uint32_t word = p->reg[SPWM_CFG];
    p->reg[SPWM_CFG] = old;
    catch_up(p);
    uint32_t count = pwm_count(p);
    p->reg[SPWM_CFG] = word;
    p->reg[SPWM_COUNT] = count;
    p->begin = pwm_cycle(p) - count;
    p->seen = pwm_cycle(p);
}

static void wrote_count(void *opaque, uint32_t old)
{
    SifivePwm *p = opaque;
    uint32_t word = p->reg[SPWM_COUNT];
    catch_up(p);
    p->reg[SPWM_COUNT] = word;
    p->begin = pwm_cycle(p) - word;
    p->seen = pwm_cycle(p);
}

static void wrote_cmp(void *opaque, uint32_t old)
{
    SifivePwm *p = opaque;
    uint32_t word = p->reg[p->bank.index];
    p->reg[p->bank.index] = old;
    catch_up(p);
    p->reg[p->bank.index] = word & (uint32_t)top(p);
}

static const RegSpec pwm_regs[SPWM_NUM_REGS] = {
    [SPWM_CFG] = {.name = "pwmcfg",
                  .writable = CFG_STORED,
                  .read = read_cfg,
                  .written = wrote_cfg},
    [SPWM_COUNT] = {.name = "pwmcount",
                    .writable = UINT32_MAX >> 1,
                    .read = read_count,
                    .written = wrote_count},
    [SPWM_S] = {.name = "pwms", .read = read_s},
    [SPWM_CMP] = {.name = "pwmcmp0",
                  .writable = UINT32_MAX,
                  .written = wrote_cmp},
    [SPWM_CMP +
        1] = {.name = "pwmcmp1", .writable = UINT32_MAX, .written = wrote_cmp},
    [SPWM_CMP +
        2] = {.name = "pwmcmp2", .writable = UINT32_MAX, .written = wrote_cmp},
    [SPWM_CMP +
        3] = {.name = "pwmcmp3", .writable = UINT32_MAX, .written = wrote_cmp},
};

static bool pwm_init(Device *dev, Error **errp)
{
    SifivePwm *p = (SifivePwm *)dev;
    event_init(dev->events, &p->change, dev->name, EVENT_NORMAL, pwm_changes,
               p);
    reg_bank_init(&p->bank, dev, pwm_regs, p->reg, SPWM_NUM_REGS, pwm_settle);
    return true;
}

static void pwm_reset(Device *dev)
{
    SifivePwm *p = (SifivePwm *)dev;
    p->begin = p->seen = pwm_cycle(p);
    reg_bank_reset(&p->bank);
}

static const PinSpec pwm_pins[] = {
    {"irq", offsetof(SifivePwm, irq), SPWM_COMPARATORS,
     "of each comparator: its flag"},
    {"out", offsetof(SifivePwm, out), SPWM_COMPARATORS,
     "of each comparator: its flag, with gang only while the next one's is "
     "low"},
    {NULL, 0, 0, NULL},
};

static const ParamSpec pwm_params[] = {
    {.name = "width",
     .type = PARAM_UINT,
     .offset = offsetof(SifivePwm, width),
     .preset = 16,
     .low = 1,
     .high = 16,
     .doc = "bits of the comparators"},
    {.name = NULL},
};

static const RegName pwm_registers[] = {
    {"pwmcfg", 0x00, 4, 1, 0, "rw", "configuration and flags"},
    {"pwmcount", 0x08, 4, 1, 0, "rw", "cycles since the period began"},
    {"pwms", 0x10, 4, 1, 0, "r", "pwmcount >> scale: what is compared"},
    {"pwmcmp", 0x20, 4, SPWM_COMPARATORS, 0, "rw", "comparators"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const FieldName pwm_fields[] = {
    {"pwmcfg", "scale", 0, 4, "rw", NULL, "log2 of the cycles of a step"},
    {"pwmcfg", "sticky", 8, 1, "rw", NULL, "flags stay until cleared"},
    {"pwmcfg", "zerocmp", 9, 1, "rw", NULL, "a period ends at pwmcmp0"},
    {"pwmcfg", "deglitch", 10, 1, "rw", NULL,
     "flags stay to the end of the period"},
    {"pwmcfg", "enalways", 12, 1, "rw", NULL, "it runs"},
    {"pwmcfg", "enoneshot", 13, 1, "rw", NULL, "it runs to the period's end"},
    {"pwmcfg", "center", 16, 4, "rw", NULL, "comparators that are centred"},
    {"pwmcfg", "gang", 24, 4, "rw", NULL, "outputs that the next one ends"},
    {"pwmcfg", "ip", 28, 4, "rw", NULL, "flags of the comparators"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const DeviceClass sifive_pwm_class = {
    .name = "sifive-pwm",
    .summary = "PWM of SiFive's Freedom chips: a counter, four comparators",
    .source = "SiFive FE310-G002 manual, chapter 20",
    .size = sizeof(SifivePwm),
    .pins = pwm_pins,
    .params = pwm_params,
    .registers = pwm_registers,
    .fields = pwm_fields,
    .mmio_size = 0x1000,
    .init = pwm_init,
    .reset = pwm_reset,
};
