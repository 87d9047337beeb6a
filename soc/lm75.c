/*
 * lm75.c - a temperature sensor on an I2C controller.
 *
 * Model    The first byte written after a START is the pointer; then bytes go
 * to and come from its register, high byte first. The temperature is that of
 * the configuration, always; OS is the comparator: active from TOS on until the
 * temperature is below THYST. Units    half a degree Celsius in bits 15:7 of a
 * register, as two's complement. Source   NXP LM75B data sheet, section 7, in
 * the LM75's 9-bit resolution. Missing  The interrupt mode of OS, its fault
 * queue (both are stored in CONF), the time of a conversion.
 */
#include "soc/lm75.h"

#include <stdlib.h>

#include "memory/bits.h"

enum { CONF_SHUTDOWN = BIT(0), CONF_POLARITY = BIT(2), CONF_STORED = 0x1f };

static void lm75_settle(Lm75 *l)
{
    int16_t now = (int16_t)l->reg[LM75_TEMP];
    if (now >= (int16_t)l->reg[LM75_TOS]) {
        l->over = true;
    } else if (now < (int16_t)l->reg[LM75_THYST]) {
        l->over = false;
    }
    bool high = l->reg[LM75_CONF] & CONF_POLARITY;
    irq_set(&l->os, l->over == high);
}

static void lm75_start(void *opaque, bool is_read)
{
    ((Lm75 *)opaque)->bytes = 0;
}

static void lm75_stop(void *opaque) {}

static bool lm75_write(void *opaque, uint8_t byte)
{
    Lm75 *l = opaque;
    unsigned n = l->bytes++;
    if (n == 0) {
        l->pointer = byte % LM75_NUM_REGS;
    } else if (l->pointer == LM75_CONF) {
        l->reg[LM75_CONF] = byte & CONF_STORED;
    } else if (n == 1) {
        l->shift = byte;
    } else if (l->pointer != LM75_TEMP && n == 2) {
        l->reg[l->pointer] = (uint16_t)((l->shift << 8 | byte) & 0xff80);
    }
    lm75_settle(l);
    return true;
}

static uint8_t lm75_read(void *opaque)
{
    Lm75 *l = opaque;
    uint16_t word = l->reg[l->pointer];
    if (l->pointer == LM75_CONF) {
        return (uint8_t)word;
    }
    return (uint8_t)(l->bytes++ % 2 ? word : word >> 8);
}

static bool lm75_init(Device *dev, Error **errp)
{
    Lm75 *l = (Lm75 *)dev;
    char *end;
    double degrees = strtod(l->temperature, &end);
    if (end == l->temperature || *end || !(degrees >= -55 && degrees <= 125)) {
        return error_set(errp,
                         "temperature: \"%.40s\" is no temperature of %s; -55 "
                         "to 125 degrees Celsius, such as 21.5",
                         l->temperature, dev->name);
    }
    if (l->address > 0x7f) {
        return error_set(errp, "address of %s is out of range; 0 to 0x7f",
                         dev->name);
    }
    /* Down to the half degree below. */
    int halves = (int)(degrees * 2 + 256) - 256;
    l->reg[LM75_TEMP] = (uint16_t)((unsigned)halves << 7);
    l->slave = (I2cSlave){.address = l->address,
                          .start = lm75_start,
                          .write = lm75_write,
                          .read = lm75_read,
                          .stop = lm75_stop,
                          .opaque = l};
    return true;
}

static bool lm75_link(Device *dev, Error **errp)
{
    Lm75 *l = (Lm75 *)dev;
    return i2c_attach(l->controller, &l->slave, dev, errp);
}

static void lm75_reset(Device *dev)
{
    Lm75 *l = (Lm75 *)dev;
    l->reg[LM75_CONF] = 0;
    l->reg[LM75_THYST] = 75 << 8;
    l->reg[LM75_TOS] = 80 << 8;
    l->pointer = 0;
    l->bytes = 0;
    l->over = false;
    lm75_settle(l);
}

static const PinSpec lm75_pins[] = {
    {"os", offsetof(Lm75, os), 1,
     "overtemperature, low while active unless CONF bit 2 is set"},
    {NULL, 0, 0, NULL},
};

static const ParamSpec lm75_params[] = {
    {.name = "controller",
     .type = PARAM_DEVICE,
     .offset = offsetof(Lm75, controller),
     .text = "ocores-i2c",
     .required = true,
     .doc = "the I2C controller on whose wires it is"},
    {.name = "address",
     .type = PARAM_UINT,
     .offset = offsetof(Lm75, address),
     .preset = 0x48,
     .high = 0x7f,
     .doc = "its address on them"},
    {.name = "temperature",
     .type = PARAM_STRING,
     .offset = offsetof(Lm75, temperature),
     .text = "25",
     .doc = "degrees Celsius it measures, -55 to 125, in halves"},
    {.name = NULL},
};

static const RegName no_registers[] = {{NULL, 0, 0, 0, 0, NULL, NULL}};

const DeviceClass lm75_class = {
    .name = "lm75",
    .summary = "temperature sensor on an I2C controller",
    .source = "NXP LM75B data sheet, section 7",
    .size = sizeof(Lm75),
    .pins = lm75_pins,
    .params = lm75_params,
    .registers = no_registers,
    .init = lm75_init,
    .link = lm75_link,
    .reset = lm75_reset,
};
