/*
 * gpio.c - general-purpose pins with edge interrupts.
 *
 * Model    A pin is an output (DIR 1), whose level is DATA_OUT and can be read
 *          back in DATA_IN, or an input, whose level comes from the wire to it.
 *          So software can raise its own edges by driving a pin. Every change
 *          of DATA_IN, whatever caused it, is an edge.
 * Source   docs/devices/gpio.md (this project's own part).
 * Missing  Level interrupts, pull-ups (an unwired input is 0), open drain, the
 *          synchroniser of an input (an edge is seen at once).
 */
#include "soc/gpio.h"

#include "memory/bits.h"

static uint32_t gpio_mask(const Gpio *g)
{
    return UINT32_MAX >> (GPIO_PINS - g->pins);
}

static void gpio_settle(void *opaque)
{
    Gpio *g = opaque;
    uint32_t *reg = g->reg;
    for (unsigned i = GPIO_DATA_OUT; i <= GPIO_IRQ_FALL; i++) {
        reg[i] &= gpio_mask(g);
    }
    uint32_t before = reg[GPIO_DATA_IN];
    uint32_t driven = reg[GPIO_DATA_OUT] & reg[GPIO_DIR];
    uint32_t level = driven | (g->wires & ~reg[GPIO_DIR]);
    reg[GPIO_DATA_IN] = level;
    reg[GPIO_IRQ_STATUS] |= level & ~before & reg[GPIO_IRQ_RISE];
    reg[GPIO_IRQ_STATUS] |= before & ~level & reg[GPIO_IRQ_FALL];
    irq_set(&g->irq, reg[GPIO_IRQ_STATUS] != 0);
    for (unsigned i = 0; i < g->pins; i++) {
        irq_set(&g->out[i], driven & BIT(i)); /* may come back to irq_in */
    }
}

static void gpio_irq_in(void *dev, unsigned line, bool level)
{
    Gpio *g = dev;
    if (line < g->pins) {
        g->wires = level ? g->wires | BIT(line) : g->wires & ~BIT(line);
        gpio_settle(g);
    }
}

static unsigned gpio_irq_lines(const Device *dev)
{
    return (unsigned)((const Gpio *)dev)->pins;
}

static void gpio_wrote_set(void *opaque, uint32_t old)
{
    Gpio *g = opaque;
    g->reg[GPIO_DATA_OUT] |= g->reg[GPIO_SET];
    g->reg[GPIO_SET] = 0;
}

static void gpio_wrote_clear(void *opaque, uint32_t old)
{
    Gpio *g = opaque;
    g->reg[GPIO_DATA_OUT] &= ~g->reg[GPIO_CLEAR];
    g->reg[GPIO_CLEAR] = 0;
}

static const RegSpec gpio_regs[GPIO_NUM_REGS] = {
    [GPIO_DATA_IN] = {.name = "DATA_IN"},
    [GPIO_DATA_OUT] = {.name = "DATA_OUT", .writable = UINT32_MAX},
    [GPIO_DIR] = {.name = "DIR", .writable = UINT32_MAX},
    [GPIO_IRQ_RISE] = {.name = "IRQ_RISE", .writable = UINT32_MAX},
    [GPIO_IRQ_FALL] = {.name = "IRQ_FALL", .writable = UINT32_MAX},
    [GPIO_IRQ_STATUS] = {.name = "IRQ_STATUS", .w1c = UINT32_MAX},
    [GPIO_SET] = {.name = "SET",
                  .writable = UINT32_MAX,
                  .written = gpio_wrote_set},
    [GPIO_CLEAR] = {.name = "CLEAR",
                    .writable = UINT32_MAX,
                    .written = gpio_wrote_clear},
};

static bool gpio_init(Device *dev, Error **errp)
{
    Gpio *g = (Gpio *)dev;
    if (g->pins < 1 || g->pins > GPIO_PINS) {
        return error_set(errp, "pins of %s is out of range; 1 to %d", dev->name,
                         GPIO_PINS);
    }
    reg_bank_init(&g->bank, dev, gpio_regs, g->reg, GPIO_NUM_REGS, gpio_settle);
    return true;
}

static void gpio_reset(Device *dev)
{
    Gpio *g = (Gpio *)dev;
    reg_bank_reset(&g->bank); /* no edge: IRQ_RISE and IRQ_FALL are 0 */
}

static const PinSpec gpio_pins[] = {
    {"irq", offsetof(Gpio, irq), 1, "high while IRQ_STATUS is not 0"},
    {"out", offsetof(Gpio, out), GPIO_PINS,
     "level of each output pin; low while it is an input"},
    {NULL, 0, 0, NULL},
};

static const ParamSpec gpio_params[] = {
    {.name = "pins",
     .type = PARAM_UINT,
     .offset = offsetof(Gpio, pins),
     .preset = GPIO_PINS,
     .low = 1,
     .high = GPIO_PINS,
     .doc = "how many pins; as an interrupt target, line n is input pin n"},
    {.name = NULL},
};

static const RegName gpio_registers[] = {
    {"DATA_IN", 0x00, 4, 1, 0, "r", "level of each pin, outputs included"},
    {"DATA_OUT", 0x04, 4, 1, 0, "rw", "level of each pin that is an output"},
    {"DIR", 0x08, 4, 1, 0, "rw", "1: the pin is an output"},
    {"IRQ_RISE", 0x0c, 4, 1, 0, "rw", "1: a rising edge sets IRQ_STATUS"},
    {"IRQ_FALL", 0x10, 4, 1, 0, "rw", "1: a falling edge sets IRQ_STATUS"},
    {"IRQ_STATUS", 0x14, 4, 1, 0, "w1c", "edges seen"},
    {"SET", 0x18, 4, 1, 0, "w", "sets these bits of DATA_OUT; reads 0"},
    {"CLEAR", 0x1c, 4, 1, 0, "w", "clears these bits of DATA_OUT; reads 0"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

const DeviceClass gpio_class = {
    .name = "gpio",
    .summary = "general-purpose pins with edge interrupts",
    .source = "docs/devices/gpio.md (socscope's own)",
    .size = sizeof(Gpio),
    .pins = gpio_pins,
    .params = gpio_params,
    .registers = gpio_registers,
    .mmio_size = 0x1000,
    .init = gpio_init,
    .reset = gpio_reset,
    .irq_in = gpio_irq_in,
    .irq_lines = gpio_irq_lines,
};
