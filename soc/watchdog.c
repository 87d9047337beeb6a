/*
 * watchdog.c - a watchdog: warns by interrupt, then bites.
 *
 * Model    Nothing ticks: we keep the cycle at which the counter is empty. When
 *          it is and the warning is off, or was given and not answered for
 *          another LOAD + 1 cycles, it bites: the run ends with a message and
 *          an exit status, or the machine is asked to reset. Once enabled and
 *          locked, only feeding it helps.
 * Units    cycles of the device's clock, its bus's.
 * Source   docs/devices/watchdog.md (this project's own part).
 * Missing  A window before which feeding is wrong.
 */
#include "soc/watchdog.h"

#include <string.h>

#include "memory/bits.h"

enum {
    CTRL_ENABLE = BIT(0),
    CTRL_WARN = BIT(1), /* an interrupt first */
    CTRL_LOCK = BIT(2), /* CTRL and LOAD stay until a reset */
    STATUS_WARNED = BIT(0),
    STATUS_BITTEN = BIT(1), /* before the last reset */
    FEED_KEY = 0x600df00d,
};

static uint64_t watchdog_cycle(const Watchdog *w)
{
    return clock_cycle_in(w->dev.clock, event_now(w->dev.events));
}

static void refill(Watchdog *w)
{
    w->expiry_cycle = watchdog_cycle(w) + w->reg[WATCHDOG_LOAD] + 1;
    w->reg[WATCHDOG_STATUS] &= ~(uint32_t)STATUS_WARNED;
}

static void watchdog_settle(void *opaque)
{
    Watchdog *w = opaque;
    bool enabled = w->reg[WATCHDOG_CTRL] & CTRL_ENABLE;
    event_schedule(w->dev.events, &w->expiry,
                   enabled ? clock_time(w->dev.clock, w->expiry_cycle)
                           : TIME_NEVER);
    irq_set(&w->irq, w->reg[WATCHDOG_STATUS] & STATUS_WARNED);
}

static void bite(Watchdog *w)
{
    const DeviceHost *host = w->dev.host;
    bool reset = !strcmp(w->action, "reset");
    w->reg[WATCHDOG_CTRL] &= ~(uint32_t)CTRL_ENABLE;
    w->bitten = true;
    if (reset) {
        device_guest_error(&w->dev,
                           "not fed for %u cycles: it resets the "
                           "machine",
                           w->reg[WATCHDOG_LOAD]);
        host->reset_request(host->opaque, &w->dev);
    } else {
        device_guest_error(&w->dev,
                           "not fed for %u cycles: the run ends with status %u",
                           w->reg[WATCHDOG_LOAD], (unsigned)w->exit_status);
        host->finish(host->opaque, &w->dev, (int)w->exit_status);
    }
}

static void watchdog_expired(void *opaque, uint64_t when)
{
    Watchdog *w = opaque;
    bool warns = w->reg[WATCHDOG_CTRL] & CTRL_WARN;
    if (warns && !(w->reg[WATCHDOG_STATUS] & STATUS_WARNED)) {
        refill(w);
        w->reg[WATCHDOG_STATUS] |= STATUS_WARNED;
    } else {
        bite(w);
    }
    watchdog_settle(w);
}

/* -- registers ----------------------------------------------------------------
 */

static uint32_t read_count(void *opaque)
{
    Watchdog *w = opaque;
    uint64_t now = watchdog_cycle(w);
    if (!(w->reg[WATCHDOG_CTRL] & CTRL_ENABLE)) {
        return w->reg[WATCHDOG_LOAD];
    }
    return now < w->expiry_cycle ? (uint32_t)(w->expiry_cycle - 1 - now) : 0;
}

static bool refuse(Watchdog *w, uint32_t ctrl, uint32_t old)
{
    if (!(ctrl & CTRL_LOCK)) {
        return false;
    }
    w->reg[w->bank.index] = old;
    device_guest_error(&w->dev, "%s written while it is locked",
                       w->bank.spec[w->bank.index].name);
    return true;
}

static void wrote_ctrl(void *opaque, uint32_t old)
{
    Watchdog *w = opaque;
    if (!refuse(w, old, old) && w->reg[WATCHDOG_CTRL] & ~old & CTRL_ENABLE) {
        refill(w);
    }
}

static void wrote_load(void *opaque, uint32_t old)
{
    Watchdog *w = opaque;
    refuse(w, w->reg[WATCHDOG_CTRL], old);
}

static void wrote_feed(void *opaque, uint32_t old)
{
    Watchdog *w = opaque;
    uint32_t key = w->reg[WATCHDOG_FEED];
    w->reg[WATCHDOG_FEED] = 0;
    if (key == FEED_KEY) {
        refill(w);
    } else {
        device_guest_error(&w->dev, "0x%x is no food; write 0x600df00d", key);
    }
}

static void wrote_status(void *opaque, uint32_t old)
{
    Watchdog *w = opaque;
    w->bitten = w->reg[WATCHDOG_STATUS] & STATUS_BITTEN;
}

static const RegSpec watchdog_regs[WATCHDOG_NUM_REGS] = {
    [WATCHDOG_CTRL] = {.name = "CTRL", .writable = 7, .written = wrote_ctrl},
    [WATCHDOG_LOAD] = {.name = "LOAD",
                       .reset = UINT32_MAX,
                       .writable = UINT32_MAX,
                       .written = wrote_load},
    [WATCHDOG_COUNT] = {.name = "COUNT", .read = read_count},
    [WATCHDOG_FEED] = {.name = "FEED",
                       .writable = UINT32_MAX,
                       .written = wrote_feed},
    [WATCHDOG_STATUS] = {.name = "STATUS",
                         .w1c = STATUS_BITTEN,
                         .written = wrote_status},
};

static bool watchdog_init(Device *dev, Error **errp)
{
    Watchdog *w = (Watchdog *)dev;
    if (strcmp(w->action, "stop") != 0 && strcmp(w->action, "reset") != 0) {
        return error_set(errp,
                         "action: \"%.40s\" is no action of %s; stop or "
                         "reset",
                         w->action, dev->name);
    }
    event_init(dev->events, &w->expiry, dev->name, EVENT_NORMAL,
               watchdog_expired, w);
    reg_bank_init(&w->bank, dev, watchdog_regs, w->reg, WATCHDOG_NUM_REGS,
                  watchdog_settle);
    return true;
}

static void watchdog_reset(Device *dev)
{
    Watchdog *w = (Watchdog *)dev;
    reg_bank_reset(&w->bank);
    w->reg[WATCHDOG_STATUS] = w->bitten ? STATUS_BITTEN : 0;
}

static const PinSpec watchdog_pins[] = {
    {"irq", offsetof(Watchdog, irq), 1, "high while STATUS.WARNED is set"},
    {NULL, 0, 0, NULL},
};

static const ParamSpec watchdog_params[] = {
    {.name = "action",
     .type = PARAM_STRING,
     .offset = offsetof(Watchdog, action),
     .text = "stop",
     .doc = "when it bites: stop ends the run, reset asks for a reset"},
    {.name = "exit_status",
     .type = PARAM_UINT,
     .offset = offsetof(Watchdog, exit_status),
     .preset = 3,
     .high = 255,
     .doc = "of the run that it ends"},
    {.name = NULL},
};

static const RegName watchdog_registers[] = {
    {"CTRL", 0x0, 4, 1, 0, "rw", "control"},
    {"LOAD", 0x4, 4, 1, 0, "rw",
     "it bites LOAD + 1 cycles after it was fed; counts from the next time on"},
    {"COUNT", 0x8, 4, 1, 0, "r", "cycles left before the last one"},
    {"FEED", 0xc, 4, 1, 0, "w",
     "0x600df00d begins anew, and answers a warning"},
    {"STATUS", 0x10, 4, 1, 0, "w1c", "what it did"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const FieldName watchdog_fields[] = {
    {"CTRL", "ENABLE", 0, 1, "rw", NULL, "0 to 1 loads and starts"},
    {"CTRL", "WARN", 1, 1, "rw", NULL, "an interrupt, and once more the time"},
    {"CTRL", "LOCK", 2, 1, "rw", NULL, "CTRL and LOAD stay until a reset"},
    {"STATUS", "WARNED", 0, 1, "r", NULL, "it warned; FEED clears it"},
    {"STATUS", "BITTEN", 1, 1, "rw", NULL, "it caused the last reset"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const DeviceClass watchdog_class = {
    .name = "watchdog",
    .summary = "watchdog that warns, then ends the run or resets",
    .source = "docs/devices/watchdog.md (socscope's own)",
    .size = sizeof(Watchdog),
    .pins = watchdog_pins,
    .params = watchdog_params,
    .registers = watchdog_registers,
    .fields = watchdog_fields,
    .mmio_size = 0x1000,
    .init = watchdog_init,
    .reset = watchdog_reset,
};
