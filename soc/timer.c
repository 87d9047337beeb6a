/*
 * timer.c - a 32-bit down counter, one-shot or periodic, with one interrupt.
 *
 * Model    Nothing ticks. We keep the cycle at which the counter expires and
 *          work COUNT out when it is read. A periodic timer whose EXPIRED flag
 *          nobody clears has no event either: its later expiries change nothing
 *          that can be seen, and are caught up with at the next access.
 * Units    Registers count cycles of the device's clock, its bus's. A period is
 *          LOAD + 1 cycles, never zero.
 * Source   docs/devices/timer.md (this project's own part).
 * Missing  Prescaler, capture input, external clock.
 */
#include "soc/timer.h"

#include "memory/bits.h"

enum {
    CTRL_ENABLE = BIT(0),   /* 0 -> 1 loads and starts; 1 -> 0 freezes COUNT */
    CTRL_PERIODIC = BIT(1), /* reload at expiry; otherwise stop */
    CTRL_IRQ = BIT(2),      /* let STATUS.EXPIRED drive the line */
    STATUS_EXPIRED = BIT(0),
};

static uint64_t timer_cycle(const Timer *t)
{
    return clock_cycle_in(t->dev.clock, event_now(t->dev.events));
}

static void timer_settle(void *opaque)
{
    Timer *t = opaque;
    uint32_t ctrl = t->reg[TIMER_CTRL];
    bool expired = t->reg[TIMER_STATUS] & STATUS_EXPIRED;
    bool matters = !(ctrl & CTRL_PERIODIC) || !expired;
    event_schedule(t->dev.events, &t->expiry,
                   ctrl & CTRL_ENABLE && matters
                       ? clock_time(t->dev.clock, t->expiry_cycle)
                       : TIME_NEVER);
    irq_set(&t->irq, expired && ctrl & CTRL_IRQ);
}

/* A periodic timer's expiries up to now, with the registers as they were. */
static void timer_catch_up(Timer *t, uint32_t ctrl, uint32_t load)
{
    uint64_t now = timer_cycle(t);
    if (ctrl & CTRL_ENABLE && ctrl & CTRL_PERIODIC && now >= t->expiry_cycle) {
        /* From the expiry, not from now: no drift. */
        uint64_t period = (uint64_t)load + 1;
        t->expiry_cycle += ((now - t->expiry_cycle) / period + 1) * period;
        t->reg[TIMER_STATUS] |= STATUS_EXPIRED;
    }
}

static void timer_expired(void *opaque, uint64_t when)
{
    Timer *t = opaque;
    timer_catch_up(t, t->reg[TIMER_CTRL], t->reg[TIMER_LOAD]);
    if (!(t->reg[TIMER_CTRL] & CTRL_PERIODIC)) {
        t->reg[TIMER_STATUS] |= STATUS_EXPIRED;
        t->reg[TIMER_CTRL] &= ~(uint32_t)CTRL_ENABLE;
        t->reg[TIMER_COUNT] = 0;
    }
    timer_settle(t);
}

static uint32_t timer_count(const Timer *t)
{
    uint64_t now = timer_cycle(t);
    uint64_t left = now < t->expiry_cycle ? t->expiry_cycle - 1 - now : 0;
    return left > UINT32_MAX ? UINT32_MAX : (uint32_t)left;
}

static uint32_t timer_read_count(void *opaque)
{
    Timer *t = opaque;
    timer_catch_up(t, t->reg[TIMER_CTRL], t->reg[TIMER_LOAD]);
    return t->reg[TIMER_CTRL] & CTRL_ENABLE ? timer_count(t)
                                            : t->reg[TIMER_COUNT];
}

static void timer_wrote_ctrl(void *opaque, uint32_t old)
{
    Timer *t = opaque;
    uint32_t ctrl = t->reg[TIMER_CTRL];
    timer_catch_up(t, old, t->reg[TIMER_LOAD]);
    if (ctrl & ~old & CTRL_ENABLE) {
        t->expiry_cycle = timer_cycle(t) + t->reg[TIMER_LOAD] + 1;
    } else if (old & ~ctrl & CTRL_ENABLE) {
        t->reg[TIMER_COUNT] = timer_count(t);
    }
}

static void timer_wrote_load(void *opaque, uint32_t old)
{
    Timer *t = opaque;
    timer_catch_up(t, t->reg[TIMER_CTRL], old);
}

/* Expiries before this write set a flag that was set; then it was cleared. */
static void timer_wrote_status(void *opaque, uint32_t old)
{
    Timer *t = opaque;
    uint32_t status = t->reg[TIMER_STATUS];
    timer_catch_up(t, t->reg[TIMER_CTRL], t->reg[TIMER_LOAD]);
    t->reg[TIMER_STATUS] = status;
}

static const RegSpec timer_regs[TIMER_NUM_REGS] = {
    [TIMER_CTRL] = {.name = "CTRL", .writable = 7, .written = timer_wrote_ctrl},
    [TIMER_LOAD] = {.name = "LOAD",
                    .writable = UINT32_MAX,
                    .written = timer_wrote_load},
    [TIMER_COUNT] = {.name = "COUNT", .read = timer_read_count},
    [TIMER_STATUS] = {.name = "STATUS",
                      .w1c = STATUS_EXPIRED,
                      .written = timer_wrote_status},
};

static bool timer_init(Device *dev, Error **errp)
{
    Timer *t = (Timer *)dev;
    event_init(dev->events, &t->expiry, dev->name, EVENT_NORMAL, timer_expired,
               t);
    reg_bank_init(&t->bank, dev, timer_regs, t->reg, TIMER_NUM_REGS,
                  timer_settle);
    return true;
}

static void timer_reset(Device *dev)
{
    Timer *t = (Timer *)dev;
    reg_bank_reset(&t->bank);
}

static const PinSpec timer_pins[] = {
    {"irq", offsetof(Timer, irq), 1, "high while EXPIRED and CTRL.IRQ are set"},
    {NULL, 0, 0, NULL},
};

static const RegName timer_registers[] = {
    {"CTRL", 0x0, 4, 1, 0, "rw",
     "bit 0 ENABLE: 0 to 1 loads LOAD and starts, 1 to 0 freezes COUNT; bit 1 "
     "PERIODIC: reload at expiry, else stop; bit 2 IRQ: EXPIRED drives irq"},
    {"LOAD", 0x4, 4, 1, 0, "rw",
     "a period is LOAD + 1 cycles; a change counts from the next load on"},
    {"COUNT", 0x8, 4, 1, 0, "r", "cycles left before the one that expires"},
    {"STATUS", 0xc, 4, 1, 0, "w1c", "bit 0 EXPIRED: a period has ended"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const FieldName timer_fields[] = {
    {"CTRL", "ENABLE", 0, 1, "rw", NULL, "it counts"},
    {"CTRL", "PERIODIC", 1, 1, "rw", "once|periodic", "what expiry does"},
    {"CTRL", "IRQ", 2, 1, "rw", NULL, "EXPIRED drives irq"},
    {"STATUS", "EXPIRED", 0, 1, "rw", NULL, "a period has ended"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const DeviceClass timer_class = {
    .name = "timer",
    .summary = "32-bit down counter, one-shot or periodic",
    .source = "docs/devices/timer.md (socscope's own)",
    .size = sizeof(Timer),
    .pins = timer_pins,
    .registers = timer_registers,
    .fields = timer_fields,
    .mmio_size = 0x1000,
    .init = timer_init,
    .reset = timer_reset,
};
