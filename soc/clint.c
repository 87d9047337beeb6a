/*
 * clint.c - core-local interruptor: mtime, and per hart mtimecmp and msip.
 *
 * Model    mtime counts `timebase` Hz of simulated time and never ticks: it is
 *          worked out when it is read, and each hart has one event at the time
 *          its comparison changes. A hart exists when one of its pins is wired;
 *          the registers of others read 0. Pins are wired before the first
 *          reset. Reset sets mtime to 0 and mtimecmp to its largest value, so
 *          no timer interrupt is pending. The harts' stimecmp registers are
 *          compared in the same way.
 * Units    mtime ticks; events in picoseconds.
 * Source   SiFive FE310-G002 manual, chapter 9, for the layout; sizes, and what
 *          answers, as the two regions of QEMU 7.2's `virt` board: msip takes 4
 *          bytes, the timer part 4 and 8, beyond 0xbfff is nothing. stimecmp:
 *          the Sstc extension, 1.0.0.
 * Missing  Supervisor software interrupts (ACLINT sswi).
 */
#include "soc/clint.h"

enum {
    CLINT_MSIP = 0x0000,
    CLINT_MTIMECMP = 0x4000,
    CLINT_MTIME = 0xbff8,
    CLINT_END = 0xc000,
};

static uint64_t clint_ticks(const Clint *c)
{
    return clock_cycle_in(&c->clock, event_now(c->dev.events));
}

uint64_t clint_mtime(Device *dev)
{
    const Clint *c = (const Clint *)dev;
    return clint_ticks(c) + c->offset;
}

/* Is mtime >= compare? Puts `ev` at the time at which that changes. */
static bool clint_compare(Clint *c, uint64_t compare, Event *ev)
{
    uint64_t ticks = clint_ticks(c);
    uint64_t mtime = ticks + c->offset;
    bool due = mtime >= compare;
    /* A comparison that holds ends when mtime wraps around; from mtime 0 that
     * is 2^64 ticks away, which is 0 here and never there. */
    uint64_t left = (due ? 0 : compare) - mtime;
    uint64_t change = ticks + left;
    event_schedule(c->dev.events, ev,
                   left == 0 || change < left ? TIME_NEVER
                                              : clock_time(&c->clock, change));
    return due;
}

static void clint_settle(Clint *c, unsigned i)
{
    ClintHart *h = &c->hart[i];
    irq_set(&c->timer[i], clint_compare(c, h->mtimecmp, &h->due));
    irq_set(&c->soft[i], h->msip & 1);
    if (c->supervisor[i].set) {
        irq_set(&c->supervisor[i],
                clint_compare(c, h->stimecmp, &h->supervisor_due));
    }
}

static void clint_settle_all(Clint *c)
{
    for (unsigned i = 0; i < c->harts; i++) {
        clint_settle(c, i);
    }
}

static void clint_due(void *opaque, uint64_t when)
{
    ClintHart *h = opaque;
    clint_settle(h->clint, (unsigned)(h - h->clint->hart));
}

bool clint_connect_stimecmp(Device *dev, unsigned i,
                            void (*set)(void *opaque, unsigned line,
                                        bool level),
                            void *opaque, unsigned line)
{
    Clint *c = (Clint *)dev;
    if (i >= CLINT_HARTS) {
        return false;
    }
    c->supervisor[i] = (Irq){.set = set, .opaque = opaque, .line = line};
    c->harts = c->harts > i ? c->harts : i + 1;
    return true;
}

void clint_set_stimecmp(Device *dev, unsigned i, uint64_t value)
{
    Clint *c = (Clint *)dev;
    if (i < CLINT_HARTS) {
        c->hart[i].stimecmp = value;
        clint_settle(c, i);
    }
}

/* -- registers --------------------------------------------------------------
 */

/* The hart whose register of `size` bytes, from `base` on, addr lies in. */
static ClintHart *clint_hart_at(Clint *c, hwaddr addr, hwaddr base,
                                unsigned size)
{
    hwaddr i = (addr - base) / size;
    if (addr < base || i >= CLINT_HARTS ||
        (!c->timer[i].set && !c->soft[i].set)) {
        device_guest_error(&c->dev, "no register at offset 0x%x",
                           (unsigned)addr);
        return NULL;
    }
    return &c->hart[i];
}

static uint64_t clint_read(void *opaque, hwaddr addr, unsigned size)
{
    Clint *c = opaque;
    ClintHart *h;
    uint64_t value;
    if (addr < CLINT_MTIMECMP) {
        h = clint_hart_at(c, addr, CLINT_MSIP, 4);
        return h ? h->msip : 0;
    }
    if (addr >= CLINT_MTIME) {
        value = clint_mtime(&c->dev);
    } else {
        h = clint_hart_at(c, addr, CLINT_MTIMECMP, 8);
        value = h ? h->mtimecmp : 0;
    }
    return size == 8 ? value : (uint32_t)(value >> (addr & 4) * 8);
}

/* old with the half, or the whole, that is written at addr. */
static uint64_t clint_merge(uint64_t old, hwaddr addr, uint64_t data,
                            unsigned size)
{
    if (size == 8) {
        return data;
    }
    unsigned shift = addr & 4 ? 32 : 0;
    return (old & ~(UINT64_C(0xffffffff) << shift)) | data << shift;
}

static void clint_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Clint *c = opaque;
    if (addr >= CLINT_MTIME) {
        uint64_t mtime = clint_mtime(&c->dev);
        c->offset += clint_merge(mtime, addr, data, size) - mtime;
        clint_settle_all(c);
        return;
    }
    bool is_msip = addr < CLINT_MTIMECMP;
    ClintHart *h = clint_hart_at(c, addr, is_msip ? CLINT_MSIP : CLINT_MTIMECMP,
                                 is_msip ? 4 : 8);
    if (!h) {
        return;
    }
    if (is_msip) {
        h->msip = data & 1;
    } else {
        h->mtimecmp = clint_merge(h->mtimecmp, addr, data, size);
    }
    clint_settle(c, (unsigned)(h - c->hart));
}

static bool clint_accepts(void *opaque, hwaddr addr, unsigned size,
                          bool is_write, MemTxAttrs attrs)
{
    return addr + size <= CLINT_END && (size == 4 || addr >= CLINT_MTIMECMP);
}

static const MemoryRegionOps clint_ops = {
    .read = clint_read,
    .write = clint_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 4,
              .max_access_size = 8,
              .accepts = clint_accepts},
    .impl = {.min_access_size = 4, .max_access_size = 8},
};

/* -- life -------------------------------------------------------------------
 */

static bool clint_init(Device *dev, Error **errp)
{
    Clint *c = (Clint *)dev;
    if (c->timebase < 1 || c->timebase > PS_PER_SECOND) {
        return error_set(errp, "timebase of %s is out of range; 1Hz to 1000GHz",
                         dev->name);
    }
    clock_init(&c->clock, dev->name, c->timebase);
    for (unsigned i = 0; i < CLINT_HARTS; i++) {
        c->hart[i].clint = c;
        event_init(dev->events, &c->hart[i].due, dev->name, EVENT_NORMAL,
                   clint_due, &c->hart[i]);
    }
    for (unsigned i = 0; i < CLINT_HARTS; i++) {
        event_init(dev->events, &c->hart[i].supervisor_due, dev->name,
                   EVENT_NORMAL, clint_due, &c->hart[i]);
    }
    memory_region_init_io(&dev->mmio, NULL, &clint_ops, dev, dev->name,
                          dev->cls->mmio_size);
    return true;
}

/* How many harts, up to the last that is connected. */
static unsigned clint_connected(const Clint *c)
{
    unsigned n = CLINT_HARTS;
    while (n > 0 && !c->timer[n - 1].set && !c->soft[n - 1].set &&
           !c->supervisor[n - 1].set) {
        n--;
    }
    return n;
}

static void clint_reset(Device *dev)
{
    Clint *c = (Clint *)dev;
    c->offset = 0 - clint_ticks(c);
    c->harts = clint_connected(c);
    for (unsigned i = 0; i < CLINT_HARTS; i++) {
        c->hart[i].mtimecmp = c->hart[i].stimecmp = UINT64_MAX;
        c->hart[i].msip = 0;
    }
    clint_settle_all(c);
}

static const PinSpec clint_pins[] = {
    {"timer", offsetof(Clint, timer), CLINT_HARTS,
     "per hart: high while mtime >= mtimecmp"},
    {"soft", offsetof(Clint, soft), CLINT_HARTS, "per hart: msip bit 0"},
    {NULL, 0, 0, NULL},
};

static const ParamSpec clint_params[] = {
    {.name = "timebase",
     .type = PARAM_HZ,
     .offset = offsetof(Clint, timebase),
     .preset = 10000000,
     .low = 1,
     .high = PS_PER_SECOND,
     .doc = "how fast mtime counts"},
    {.name = NULL},
};

static const RegName clint_registers[] = {
    {"MSIP", CLINT_MSIP, 4, CLINT_HARTS, 4, "rw",
     "bit 0: software interrupt of that hart; 4-byte accesses only"},
    {"MTIMECMP", CLINT_MTIMECMP, 8, CLINT_HARTS, 8, "rw",
     "timer interrupt of that hart while mtime >= this"},
    {"MTIME", CLINT_MTIME, 8, 1, 0, "rw", "time in ticks of the timebase"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

const DeviceClass clint_class = {
    .name = "clint",
    .summary = "core-local interruptor: mtime, timer and software interrupts",
    .source = "SiFive FE310-G002 manual, chapter 9; QEMU's virt board",
    .size = sizeof(Clint),
    .pins = clint_pins,
    .params = clint_params,
    .registers = clint_registers,
    .mmio_size = 0x10000,
    .init = clint_init,
    .reset = clint_reset,
};
