/*
 * sifive_prci.c - clock generation of the FE310, as far as start-up code asks.
 *
 * Model    Oscillators are ready and the PLL has lock as soon as they are
 *          enabled. The clocks of the machine are those of its configuration,
 *          whatever is written here.
 * Source   SiFive FE310-G002 manual, chapter 6; reset values of section 6.3 to
 *          6.6.
 * Missing  The effect on clocks; procmoncfg is stored only.
 */
#include "soc/sifive_prci.h"

#include "memory/bits.h"

enum {
    OSC_ENABLE = BIT(30),
    PLL_BYPASS = BIT(18),
};
#define READY BIT(31)

static void prci_settle(void *opaque)
{
    SifivePrci *p = opaque;
    for (unsigned i = PRCI_HFROSCCFG; i <= PRCI_HFXOSCCFG; i++) {
        p->reg[i] = (p->reg[i] & ~READY) | (p->reg[i] & OSC_ENABLE) << 1;
    }
    p->reg[PRCI_PLLCFG] |= READY;
}

static const RegSpec prci_regs[PRCI_NUM_REGS] = {
    [PRCI_HFROSCCFG] = {.name = "hfrosccfg",
                        .reset = OSC_ENABLE | 16 << 16 | 4,
                        .writable = OSC_ENABLE | 0x1f << 16 | 0x3f},
    [PRCI_HFXOSCCFG] = {.name = "hfxosccfg",
                        .reset = OSC_ENABLE,
                        .writable = OSC_ENABLE},
    [PRCI_PLLCFG] = {.name = "pllcfg",
                     .reset = PLL_BYPASS | BIT(17) | 0x31f1,
                     .writable = 7 << 16 | 0xff7},
    [PRCI_PLLOUTDIV] = {.name = "plloutdiv",
                        .reset = BIT(8),
                        .writable = BIT(8) | 0x3f},
    [PRCI_PROCMONCFG] = {.name = "procmoncfg", .writable = UINT32_MAX},
};

static bool prci_init(Device *dev, Error **errp)
{
    SifivePrci *p = (SifivePrci *)dev;
    reg_bank_init(&p->bank, dev, prci_regs, p->reg, PRCI_NUM_REGS, prci_settle);
    return true;
}

static void prci_reset(Device *dev)
{
    reg_bank_reset(&((SifivePrci *)dev)->bank);
}

static const RegName prci_registers[] = {
    {"hfrosccfg", 0x00, 4, 1, 0, "rw", "ring oscillator"},
    {"hfxosccfg", 0x04, 4, 1, 0, "rw", "crystal oscillator"},
    {"pllcfg", 0x08, 4, 1, 0, "rw", "the PLL and the choice of the clock"},
    {"plloutdiv", 0x0c, 4, 1, 0, "rw", "divider behind the PLL"},
    {"procmoncfg", 0xf0, 4, 1, 0, "rw", "process monitor; stored"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const FieldName prci_fields[] = {
    {"hfrosccfg", "div", 0, 6, "rw", NULL, "divider - 1"},
    {"hfrosccfg", "trim", 16, 5, "rw", NULL, "frequency trim"},
    {"hfrosccfg", "en", 30, 1, "rw", NULL, "enabled"},
    {"hfrosccfg", "rdy", 31, 1, "r", NULL, "ready: as en"},
    {"hfxosccfg", "en", 30, 1, "rw", NULL, "enabled"},
    {"hfxosccfg", "rdy", 31, 1, "r", NULL, "ready: as en"},
    {"pllcfg", "pllr", 0, 3, "rw", NULL, "reference divider - 1"},
    {"pllcfg", "pllf", 4, 6, "rw", NULL, "multiplier / 2 - 1"},
    {"pllcfg", "pllq", 10, 2, "rw", "|2|4|8", "output divider"},
    {"pllcfg", "sel", 16, 1, "rw", "ring|pll", "what the core runs from"},
    {"pllcfg", "refsel", 17, 1, "rw", "ring|crystal", "the PLL's reference"},
    {"pllcfg", "bypass", 18, 1, "rw", NULL, "the PLL is bypassed"},
    {"pllcfg", "lock", 31, 1, "r", NULL, "always 1"},
    {"plloutdiv", "div", 0, 6, "rw", NULL, "divider / 2 - 1"},
    {"plloutdiv", "divby1", 8, 1, "rw", NULL, "no division"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const DeviceClass sifive_prci_class = {
    .name = "sifive-prci",
    .summary = "clock generation of the FE310: registers only",
    .source = "SiFive FE310-G002 manual, chapter 6",
    .size = sizeof(SifivePrci),
    .registers = prci_registers,
    .fields = prci_fields,
    .mmio_size = 0x1000,
    .init = prci_init,
    .reset = prci_reset,
};
