/*
 * sifive_aon.c - the always-on block of the FE310: watchdog, RTC, backup
 * registers.
 *
 * Model    Both counters are worked out from the tick at which they were 0;
 *          each has one event, at its next match. The watchdog's flag stays
 *          until software clears it; with rsten a match asks for a reset of the
 *          machine. Each write to a watchdog register needs the key before it,
 *          else it is ignored and reported. The RTC's flag is the comparison.
 * Units    ticks of `clock`, 32.768 kHz unless it is set.
 * Source   SiFive FE310-G002 manual, chapters 12 to 15.
 * Missing  The power management unit and sleep, the cause of the last reset,
 *          calibration of the low-frequency oscillator (its register is
 *          stored). encoreawake counts like enalways.
 */
#include "soc/sifive_aon.h"

#include "memory/bits.h"

enum {
    AON_WDOGCFG = 0x000,
    AON_WDOGCOUNT = 0x008,
    AON_WDOGS = 0x010,
    AON_WDOGFEED = 0x018,
    AON_WDOGKEY = 0x01c,
    AON_WDOGCMP = 0x020,
    AON_WDOG_END = 0x024,
    AON_RTCCFG = 0x040,
    AON_RTCCOUNTLO = 0x048,
    AON_RTCCOUNTHI = 0x04c,
    AON_RTCS = 0x050,
    AON_RTCCMP = 0x060,
    AON_LFROSCCFG = 0x070,
    AON_LFCLKMUX = 0x07c,
    AON_BACKUP = 0x080,
    AON_BACKUP_END = AON_BACKUP + 4 * AON_BACKUPS,
};

enum {
    CFG_SCALE = 0xf,
    CFG_RESET = BIT(8),
    CFG_ZEROCMP = BIT(9),
    CFG_ALWAYS = BIT(12),
    CFG_AWAKE = BIT(13),
    CFG_IP = BIT(28),
    WDOGCFG_STORED =
        CFG_IP | CFG_AWAKE | CFG_ALWAYS | CFG_ZEROCMP | CFG_RESET | CFG_SCALE,
    RTCCFG_STORED = CFG_ALWAYS | CFG_SCALE,
    WDOG_KEY = 0x51f15e,
    WDOG_FOOD = 0xd09f00d,
};
#define WDOG_COUNT_MASK ((UINT64_C(1) << 31) - 1)
#define RTC_COUNT_MASK ((UINT64_C(1) << 48) - 1)

static uint64_t aon_tick(const SifiveAon *a)
{
    return clock_cycle_in(&a->low, event_now(a->dev.events));
}

static uint64_t count_of(const SifiveAon *a, const AonCounter *c)
{
    return c->running ? aon_tick(a) - c->begin : c->count;
}

/* Starts or stops a counter as its configuration says; its count stays. */
static void counter_set(const SifiveAon *a, AonCounter *c, uint64_t count)
{
    c->running = c->cfg & (CFG_ALWAYS | CFG_AWAKE);
    c->count = count;
    c->begin = aon_tick(a) - count;
}

static uint64_t scaled(const AonCounter *c, uint64_t count)
{
    return count >> (c->cfg & CFG_SCALE);
}

/* The counts at which a counter matches begin there. */
static uint64_t match(const AonCounter *c)
{
    return (uint64_t)c->cmp << (c->cfg & CFG_SCALE);
}

/* An event when the comparison, of so many bits, next changes. */
static void plan(SifiveAon *a, const AonCounter *c, unsigned bits, Event *ev)
{
    uint64_t window = UINT64_C(1) << (bits + (c->cfg & CFG_SCALE));
    uint64_t count = count_of(a, c), inside = count % window;
    uint64_t change = count - inside + (inside < match(c) ? match(c) : window);
    event_schedule(a->dev.events, ev,
                   c->running ? clock_time(&a->low, c->begin + change)
                              : TIME_NEVER);
}

static void aon_settle(SifiveAon *a)
{
    AonCounter *w = &a->watchdog;
    uint64_t count = count_of(a, w);
    if (w->running && count > WDOG_COUNT_MASK) {
        counter_set(a, w, count & WDOG_COUNT_MASK);
    }
    bool matches = (scaled(w, count_of(a, w)) & 0xffff) >= w->cmp;
    if (w->running && matches) {
        w->cfg |= CFG_IP;
        if (w->cfg & CFG_ZEROCMP) {
            counter_set(a, w, 0);
        }
        if (w->cfg & CFG_RESET && !a->bitten) {
            a->bitten = true;
            device_guest_error(&a->dev, "the watchdog was not fed for %u ticks",
                               (unsigned)match(w));
            a->dev.host->reset_request(a->dev.host->opaque, &a->dev);
        }
    }
    plan(a, w, 16, &a->bite);
    plan(a, &a->rtc, 32, &a->alarm);
    irq_set(&a->watchdog_irq, w->cfg & CFG_IP);
    irq_set(&a->rtc_irq,
            (scaled(&a->rtc, count_of(a, &a->rtc)) & UINT32_MAX) >= a->rtc.cmp);
}

static void aon_due(void *opaque, uint64_t when)
{
    aon_settle(opaque);
}

/* -- registers ------------------------------------------------------------- */

static uint64_t aon_read(void *opaque, hwaddr addr, unsigned size)
{
    SifiveAon *a = opaque;
    uint64_t wdog = count_of(a, &a->watchdog) & WDOG_COUNT_MASK;
    uint64_t rtc = count_of(a, &a->rtc) & RTC_COUNT_MASK;
    if (addr >= AON_BACKUP && addr < AON_BACKUP_END) {
        return a->backup[(addr - AON_BACKUP) / 4];
    }
    switch (addr) {
    case AON_WDOGCFG: return a->watchdog.cfg;
    case AON_WDOGCOUNT: return wdog;
    case AON_WDOGS: return scaled(&a->watchdog, wdog) & 0xffff;
    case AON_WDOGFEED: return 0;
    case AON_WDOGKEY: return a->unlocked;
    case AON_WDOGCMP: return a->watchdog.cmp;
    case AON_RTCCFG: return a->rtc.cfg | (a->rtc_irq.level ? CFG_IP : 0);
    case AON_RTCCOUNTLO: return rtc & UINT32_MAX;
    case AON_RTCCOUNTHI: return rtc >> 32;
    case AON_RTCS: return scaled(&a->rtc, rtc) & UINT32_MAX;
    case AON_RTCCMP: return a->rtc.cmp;
    case AON_LFROSCCFG: return a->lfrosccfg;
    case AON_LFCLKMUX: return a->lfclkmux;
    default:
        device_guest_error(&a->dev, "no register at offset 0x%x to read",
                           (unsigned)addr);
        return 0;
    }
}

static void write_watchdog(SifiveAon *a, hwaddr addr, uint32_t word)
{
    AonCounter *w = &a->watchdog;
    uint64_t count = count_of(a, w);
    if (addr == AON_WDOGKEY) {
        a->unlocked = word == WDOG_KEY;
        return;
    }
    if (!a->unlocked) {
        device_guest_error(&a->dev, "a watchdog register written without the "
                                    "key; write 0x51f15e to wdogkey first");
        return;
    }
    a->unlocked = false;
    switch (addr) {
    case AON_WDOGCFG: w->cfg = word & WDOGCFG_STORED; break;
    case AON_WDOGCOUNT: count = word & WDOG_COUNT_MASK; break;
    case AON_WDOGFEED: count = word == WDOG_FOOD ? 0 : count; break;
    case AON_WDOGCMP: w->cmp = word & 0xffff; break;
    default: device_guest_error(&a->dev, "wdogs is read-only"); break;
    }
    counter_set(a, w, count);
}

static void write_rtc(SifiveAon *a, hwaddr addr, uint32_t word)
{
    AonCounter *r = &a->rtc;
    uint64_t count = count_of(a, r) & RTC_COUNT_MASK;
    switch (addr) {
    case AON_RTCCFG: r->cfg = word & RTCCFG_STORED; break;
    case AON_RTCCOUNTLO: count = (count & ~(uint64_t)UINT32_MAX) | word; break;
    case AON_RTCCOUNTHI:
        count = (count & UINT32_MAX) | (uint64_t)(word & 0xffff) << 32;
        break;
    case AON_RTCCMP: r->cmp = word; break;
    default: device_guest_error(&a->dev, "rtcs is read-only"); break;
    }
    counter_set(a, r, count);
}

static bool is_register(hwaddr addr)
{
    char name[32];
    device_register_name(&sifive_aon_class, addr, name, sizeof(name));
    return *name;
}

static void aon_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    SifiveAon *a = opaque;
    uint32_t word = (uint32_t)data;
    if (!is_register(addr)) {
        device_guest_error(&a->dev, "no register at offset 0x%x to write",
                           (unsigned)addr);
    } else if (addr < AON_WDOG_END) {
        write_watchdog(a, addr, word);
    } else if (addr < AON_LFROSCCFG) {
        write_rtc(a, addr, word);
    } else if (addr >= AON_BACKUP) {
        a->backup[(addr - AON_BACKUP) / 4] = word;
    } else if (addr == AON_LFROSCCFG) {
        a->lfrosccfg = word;
    } else {
        a->lfclkmux = word & 1;
    }
    aon_settle(a);
}

static const MemoryRegionOps aon_ops = {
    .read = aon_read,
    .write = aon_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

/* -- life ------------------------------------------------------------------ */

static bool aon_init(Device *dev, Error **errp)
{
    SifiveAon *a = (SifiveAon *)dev;
    if (a->hz < 1 || a->hz > PS_PER_SECOND) {
        return error_set(errp,
                         "clock of %s is out of range; 1Hz to 1000GHz, "
                         "usual is 32.768kHz",
                         dev->name);
    }
    clock_init(&a->low, dev->name, a->hz);
    event_init(dev->events, &a->bite, dev->name, EVENT_NORMAL, aon_due, a);
    event_init(dev->events, &a->alarm, dev->name, EVENT_NORMAL, aon_due, a);
    memory_region_init_io(&dev->mmio, NULL, &aon_ops, dev, dev->name,
                          dev->cls->mmio_size);
    return true;
}

static void aon_reset(Device *dev)
{
    SifiveAon *a = (SifiveAon *)dev;
    a->watchdog = (AonCounter){.cmp = 0xffff};
    a->rtc = (AonCounter){.cmp = UINT32_MAX};
    a->unlocked = a->bitten = false;
    a->lfrosccfg = (uint32_t)(BIT(30) | BIT(31) | 16 << 16 | 4);
    a->lfclkmux = 0;
    aon_settle(a);
}

static const PinSpec aon_pins[] = {
    {"watchdog", offsetof(SifiveAon, watchdog_irq), 1,
     "high while wdogcfg.ip is set"},
    {"rtc", offsetof(SifiveAon, rtc_irq), 1, "high while rtcs >= rtccmp"},
    {NULL, 0, 0, NULL},
};

static const ParamSpec aon_params[] = {
    {.name = "clock",
     .type = PARAM_HZ,
     .offset = offsetof(SifiveAon, hz),
     .preset = 32768,
     .low = 1,
     .high = PS_PER_SECOND,
     .doc = "the low-frequency clock"},
    {.name = NULL},
};

static const RegName aon_registers[] = {
    {"wdogcfg", AON_WDOGCFG, 4, 1, 0, "rw", "watchdog configuration"},
    {"wdogcount", AON_WDOGCOUNT, 4, 1, 0, "rw", "its counter, 31 bits"},
    {"wdogs", AON_WDOGS, 4, 1, 0, "r", "wdogcount >> scale, 16 bits"},
    {"wdogfeed", AON_WDOGFEED, 4, 1, 0, "w", "0xd09f00d: wdogcount becomes 0"},
    {"wdogkey", AON_WDOGKEY, 4, 1, 0, "rw",
     "0x51f15e: the next write of a watchdog register counts"},
    {"wdogcmp", AON_WDOGCMP, 4, 1, 0, "rw", "wdogs of a match"},
    {"rtccfg", AON_RTCCFG, 4, 1, 0, "rw", "RTC configuration"},
    {"rtccountlo", AON_RTCCOUNTLO, 4, 1, 0, "rw", "its counter, low word"},
    {"rtccounthi", AON_RTCCOUNTHI, 4, 1, 0, "rw", "high 16 bits"},
    {"rtcs", AON_RTCS, 4, 1, 0, "r", "rtccount >> scale, 32 bits"},
    {"rtccmp", AON_RTCCMP, 4, 1, 0, "rw", "rtcs from which on it matches"},
    {"lfrosccfg", AON_LFROSCCFG, 4, 1, 0, "rw", "low oscillator; stored"},
    {"lfclkmux", AON_LFCLKMUX, 4, 1, 0, "rw", "low clock source; stored"},
    {"backup", AON_BACKUP, 4, AON_BACKUPS, 0, "rw", "kept over a reset"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const FieldName aon_fields[] = {
    {"wdogcfg", "scale", 0, 4, "rw", NULL, "log2 of the ticks of a step"},
    {"wdogcfg", "rsten", 8, 1, "rw", NULL, "a match resets"},
    {"wdogcfg", "zerocmp", 9, 1, "rw", NULL, "a match clears the counter"},
    {"wdogcfg", "enalways", 12, 1, "rw", NULL, "it counts"},
    {"wdogcfg", "encoreawake", 13, 1, "rw", NULL, "it counts"},
    {"wdogcfg", "ip", 28, 1, "rw", NULL, "a match was met"},
    {"rtccfg", "scale", 0, 4, "rw", NULL, "log2 of the ticks of a step"},
    {"rtccfg", "enalways", 12, 1, "rw", NULL, "it counts"},
    {"rtccfg", "ip", 28, 1, "r", NULL, "it matches"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const DeviceClass sifive_aon_class = {
    .name = "sifive-aon",
    .summary = "always-on block of the FE310: watchdog, RTC, backup registers",
    .source = "SiFive FE310-G002 manual, chapters 12 to 15",
    .size = sizeof(SifiveAon),
    .pins = aon_pins,
    .params = aon_params,
    .registers = aon_registers,
    .fields = aon_fields,
    .mmio_size = 0x1000,
    .init = aon_init,
    .reset = aon_reset,
};
