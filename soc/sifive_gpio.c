/*
 * sifive_gpio.c - the pins of SiFive's Freedom chips.
 *
 * Model    The level of a pin is what something outside drives (once it has
 *          driven anything), else what the chip drives, else its pull-up.
 *          input_val is that level where input_en is set, and 0 elsewhere; its
 *          changes set rise_ip and fall_ip, its level high_ip and low_ip. The
 *          chip drives output_val, or a hardware function where iof_en is set,
 *          inverted where out_xor is set.
 * Source   SiFive FE310-G002 manual, chapter 17; order of the drivers: QEMU
 *          7.2's `sifive_e` board.
 * Missing  Drive strength (ds is stored), the input synchroniser: an edge is
 *          seen at once.
 */
#include "soc/sifive_gpio.h"

#include "memory/bits.h"

static void sgpio_update(SifiveGpio *g)
{
    uint32_t *reg = g->reg;
    uint32_t before = reg[SGPIO_INPUT_VAL];
    uint32_t function =
        (g->iof[0] & ~reg[SGPIO_IOF_SEL]) | (g->iof[1] & reg[SGPIO_IOF_SEL]);
    uint32_t drives = reg[SGPIO_OUTPUT_EN] | reg[SGPIO_IOF_EN];
    uint32_t out = ((reg[SGPIO_OUTPUT_VAL] & ~reg[SGPIO_IOF_EN]) |
                    (function & reg[SGPIO_IOF_EN])) ^
                   reg[SGPIO_OUT_XOR];
    uint32_t inner = (out & drives) | (reg[SGPIO_PUE] & ~drives);
    uint32_t level = (g->wires & g->wired) | (inner & ~g->wired);
    uint32_t value = level & reg[SGPIO_INPUT_EN];
    reg[SGPIO_INPUT_VAL] = value;
    reg[SGPIO_RISE_IP] |= value & ~before;
    reg[SGPIO_FALL_IP] |= before & ~value;
    reg[SGPIO_HIGH_IP] |= value;
    reg[SGPIO_LOW_IP] |= ~value;
    uint32_t pending = (reg[SGPIO_RISE_IP] & reg[SGPIO_RISE_IE]) |
                       (reg[SGPIO_FALL_IP] & reg[SGPIO_FALL_IE]) |
                       (reg[SGPIO_HIGH_IP] & reg[SGPIO_HIGH_IE]) |
                       (reg[SGPIO_LOW_IP] & reg[SGPIO_LOW_IE]);
    for (unsigned i = 0; i < SGPIO_PINS; i++) {
        irq_set(&g->irq[i], pending & BIT(i));
    }
    for (unsigned i = 0; i < SGPIO_PINS; i++) {
        irq_set(&g->out[i], out & drives & BIT(i)); /* may come back */
    }
}

/* Outputs may be wired to inputs; a ring of them that never comes to rest is
 * left after some rounds. */
static void sgpio_settle(void *opaque)
{
    SifiveGpio *g = opaque;
    g->again = true;
    if (g->settling) {
        return;
    }
    g->settling = true;
    for (unsigned round = 0; g->again && round < SGPIO_PINS; round++) {
        g->again = false;
        sgpio_update(g);
    }
    g->settling = false;
}

/* Lines 0-31: the pins; 32-63 and 64-95: hardware functions 0 and 1. */
static void sgpio_irq_in(void *dev, unsigned line, bool level)
{
    SifiveGpio *g = dev;
    uint32_t bit = BIT(line % SGPIO_PINS);
    uint32_t *word =
        line < SGPIO_PINS ? &g->wires : &g->iof[line < 2 * SGPIO_PINS ? 0 : 1];
    if (line >= 3 * SGPIO_PINS) {
        return;
    }
    g->wired |= line < SGPIO_PINS ? bit : 0;
    *word = level ? *word | bit : *word & ~bit;
    sgpio_settle(g);
}

static unsigned sgpio_irq_lines(const Device *dev)
{
    return 3 * SGPIO_PINS;
}

static const RegSpec sgpio_regs[SGPIO_NUM_REGS] = {
    [SGPIO_INPUT_VAL] = {.name = "input_val"},
    [SGPIO_INPUT_EN] = {.name = "input_en", .writable = UINT32_MAX},
    [SGPIO_OUTPUT_EN] = {.name = "output_en", .writable = UINT32_MAX},
    [SGPIO_OUTPUT_VAL] = {.name = "output_val", .writable = UINT32_MAX},
    [SGPIO_PUE] = {.name = "pue", .writable = UINT32_MAX},
    [SGPIO_DS] = {.name = "ds", .writable = UINT32_MAX},
    [SGPIO_RISE_IE] = {.name = "rise_ie", .writable = UINT32_MAX},
    [SGPIO_RISE_IP] = {.name = "rise_ip", .w1c = UINT32_MAX},
    [SGPIO_FALL_IE] = {.name = "fall_ie", .writable = UINT32_MAX},
    [SGPIO_FALL_IP] = {.name = "fall_ip", .w1c = UINT32_MAX},
    [SGPIO_HIGH_IE] = {.name = "high_ie", .writable = UINT32_MAX},
    [SGPIO_HIGH_IP] = {.name = "high_ip", .w1c = UINT32_MAX},
    [SGPIO_LOW_IE] = {.name = "low_ie", .writable = UINT32_MAX},
    [SGPIO_LOW_IP] = {.name = "low_ip", .w1c = UINT32_MAX},
    [SGPIO_IOF_EN] = {.name = "iof_en", .writable = UINT32_MAX},
    [SGPIO_IOF_SEL] = {.name = "iof_sel", .writable = UINT32_MAX},
    [SGPIO_OUT_XOR] = {.name = "out_xor", .writable = UINT32_MAX},
};

static bool sgpio_init(Device *dev, Error **errp)
{
    SifiveGpio *g = (SifiveGpio *)dev;
    reg_bank_init(&g->bank, dev, sgpio_regs, g->reg, SGPIO_NUM_REGS,
                  sgpio_settle);
    return true;
}

static void sgpio_reset(Device *dev)
{
    reg_bank_reset(&((SifiveGpio *)dev)->bank);
}

static const PinSpec sgpio_pins[] = {
    {"irq", offsetof(SifiveGpio, irq), SGPIO_PINS,
     "of each pin: high while one of its enabled interrupts is pending"},
    {"out", offsetof(SifiveGpio, out), SGPIO_PINS,
     "what the chip drives on each pin; low while it drives nothing"},
    {NULL, 0, 0, NULL},
};

static const RegName sgpio_registers[] = {
    {"input_val", 0x00, 4, 1, 0, "r", "levels of the pins"},
    {"input_en", 0x04, 4, 1, 0, "rw", "pins that are read"},
    {"output_en", 0x08, 4, 1, 0, "rw", "pins that are driven"},
    {"output_val", 0x0c, 4, 1, 0, "rw", "what they are driven to"},
    {"pue", 0x10, 4, 1, 0, "rw", "pull-ups"},
    {"ds", 0x14, 4, 1, 0, "rw", "drive strength"},
    {"rise_ie", 0x18, 4, 1, 0, "rw", "interrupt at a rising edge"},
    {"rise_ip", 0x1c, 4, 1, 0, "w1c", "rising edges seen"},
    {"fall_ie", 0x20, 4, 1, 0, "rw", "interrupt at a falling edge"},
    {"fall_ip", 0x24, 4, 1, 0, "w1c", "falling edges seen"},
    {"high_ie", 0x28, 4, 1, 0, "rw", "interrupt while high"},
    {"high_ip", 0x2c, 4, 1, 0, "w1c", "pins that were high"},
    {"low_ie", 0x30, 4, 1, 0, "rw", "interrupt while low"},
    {"low_ip", 0x34, 4, 1, 0, "w1c", "pins that were low"},
    {"iof_en", 0x38, 4, 1, 0, "rw", "pins of a hardware function"},
    {"iof_sel", 0x3c, 4, 1, 0, "rw", "which one: 0 or 1"},
    {"out_xor", 0x40, 4, 1, 0, "rw", "pins whose output is inverted"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

const DeviceClass sifive_gpio_class = {
    .name = "sifive-gpio",
    .summary = "pins of SiFive's Freedom chips, an interrupt each",
    .source = "SiFive FE310-G002 manual, chapter 17",
    .size = sizeof(SifiveGpio),
    .pins = sgpio_pins,
    .registers = sgpio_registers,
    .mmio_size = 0x1000,
    .init = sgpio_init,
    .reset = sgpio_reset,
    .irq_in = sgpio_irq_in,
    .irq_lines = sgpio_irq_lines,
};
