/*
 * ocores_i2c.c - the OpenCores I2C master, as in the FE310-G002.
 *
 * Model    A command (START, WR or RD, STOP in one) takes its time on the wires
 *          and has its effect at the end of it: 9 bits for a byte, one for
 * START and for STOP, 5 * (prescale + 1) cycles each. There is one master, so
 *          arbitration is never lost and a byte has no wait. An address nobody
 *          has is not acknowledged; reading then gives 0xff.
 * Units    cycles of the bus's clock.
 * Source   OpenCores I2C-Master Core specification, revision 0.9, as cited by
 *          the SiFive FE310-G002 manual, chapter 21: registers 4 bytes apart.
 * Missing  Clock stretching, other masters, 10-bit addresses.
 */
#include "soc/ocores_i2c.h"

#include "memory/bits.h"

enum {
    CTR_ENABLE = BIT(7),
    CTR_IRQ = BIT(6),
    CR_START = BIT(7),
    CR_STOP = BIT(6),
    CR_READ = BIT(5),
    CR_WRITE = BIT(4),
    CR_NACK = BIT(3), /* of a byte read */
    CR_IACK = BIT(0),
    SR_NACK = BIT(7),
    SR_BUSY = BIT(6),
    SR_TIP = BIT(1),
    SR_IF = BIT(0),
};

static void i2c_settle(void *opaque)
{
    OcoresI2c *i = opaque;
    irq_set(&i->irq, i->status & SR_IF && i->reg[OI2C_CTR] & CTR_IRQ);
}

/* -- wires ------------------------------------------------------------------
 */

static void wire_stop(OcoresI2c *i)
{
    if (i->talking) {
        i->talking->stop(i->talking->opaque);
    }
    i->talking = NULL;
    i->reading = false;
    i->status &= (uint8_t)~SR_BUSY;
}

/* The first byte after a START names a slave. */
static bool wire_address(OcoresI2c *i, uint8_t byte)
{
    i->talking = NULL;
    for (I2cSlave *s = i->slaves; s; s = s->next) {
        if (s->address == byte >> 1) {
            i->talking = s;
        }
    }
    i->reading = byte & 1;
    if (i->talking) {
        i->talking->start(i->talking->opaque, i->reading);
    }
    return i->talking;
}

static void command_done(void *opaque, uint64_t when)
{
    OcoresI2c *i = opaque;
    uint8_t command = i->command;
    i->command = 0;
    if (command & CR_WRITE) {
        bool good = command & CR_START ? wire_address(i, i->tx)
                    : i->talking && !i->reading
                        ? i->talking->write(i->talking->opaque, i->tx)
                        : false;
        i->status = (uint8_t)((i->status & ~SR_NACK) | (good ? 0 : SR_NACK));
    } else if (command & CR_READ) {
        bool talks = i->talking && i->reading;
        i->reg[OI2C_DATA] = talks ? i->talking->read(i->talking->opaque) : 0xff;
        i->status = (uint8_t)((i->status & ~SR_NACK) |
                              (command & CR_NACK ? SR_NACK : 0));
    }
    if (command & CR_STOP) {
        wire_stop(i);
    }
    i->status = (uint8_t)((i->status & ~SR_TIP) | SR_IF);
    i2c_settle(i);
}

/* -- registers --------------------------------------------------------------
 */

static void begin_command(OcoresI2c *i, uint8_t command)
{
    uint64_t prescale = i->reg[OI2C_PRERHI] << 8 | i->reg[OI2C_PRERLO];
    uint64_t bits = 0;
    bits += command & CR_START ? 1 : 0;
    bits += command & (CR_READ | CR_WRITE) ? 9 : 0;
    bits += command & CR_STOP ? 1 : 0;
    if (!bits) {
        return;
    }
    uint64_t begin = clock_cycle_at(i->dev.clock, event_now(i->dev.events));
    i->command = command;
    i->status |= SR_TIP;
    i->status |= command & CR_START ? SR_BUSY : 0;
    event_schedule(i->dev.events, &i->done,
                   clock_time(i->dev.clock, begin + bits * 5 * (prescale + 1)));
}

static void wrote_command(void *opaque, uint32_t old)
{
    OcoresI2c *i = opaque;
    uint8_t command = (uint8_t)i->reg[OI2C_CR_SR];
    i->reg[OI2C_CR_SR] = 0;
    if (command & CR_IACK) {
        i->status &= (uint8_t)~SR_IF;
    }
    if (!(i->reg[OI2C_CTR] & CTR_ENABLE)) {
        device_guest_error(&i->dev, "a command while CTR.EN is 0");
    } else if (i->status & SR_TIP) {
        device_guest_error(&i->dev, "a command while one is under way");
    } else {
        begin_command(i, command);
    }
}

static uint32_t read_status(void *opaque)
{
    return ((OcoresI2c *)opaque)->status;
}

static void wrote_ctr(void *opaque, uint32_t old)
{
    OcoresI2c *i = opaque;
    if (old & ~i->reg[OI2C_CTR] & CTR_ENABLE) {
        event_cancel(i->dev.events, &i->done);
        i->command = 0;
        i->status &= (uint8_t)~SR_TIP;
        wire_stop(i);
    }
}

static void wrote_data(void *opaque, uint32_t old)
{
    OcoresI2c *i = opaque;
    i->tx = (uint8_t)i->reg[OI2C_DATA];
    i->reg[OI2C_DATA] = old;
}

static const RegSpec i2c_regs[OI2C_NUM_REGS] = {
    [OI2C_PRERLO] = {.name = "PRERlo", .reset = 0xff, .writable = 0xff},
    [OI2C_PRERHI] = {.name = "PRERhi", .reset = 0xff, .writable = 0xff},
    [OI2C_CTR] = {.name = "CTR",
                  .writable = CTR_ENABLE | CTR_IRQ,
                  .written = wrote_ctr},
    [OI2C_DATA] = {.name = "TXR/RXR", .writable = 0xff, .written = wrote_data},
    [OI2C_CR_SR] = {.name = "CR/SR",
                    .writable = 0xff,
                    .read = read_status,
                    .written = wrote_command},
};

bool i2c_attach(Device *controller, I2cSlave *slave, const Device *who,
                Error **errp)
{
    OcoresI2c *i = (OcoresI2c *)controller;
    for (const I2cSlave *s = i->slaves; s; s = s->next) {
        if (s->address == slave->address) {
            return error_set(errp,
                             "address 0x%02x of %s is taken; give %s another "
                             "`address`",
                             (unsigned)slave->address, controller->name,
                             who->name);
        }
    }
    slave->next = i->slaves;
    i->slaves = slave;
    return true;
}

static bool i2c_init(Device *dev, Error **errp)
{
    OcoresI2c *i = (OcoresI2c *)dev;
    event_init(dev->events, &i->done, dev->name, EVENT_NORMAL, command_done, i);
    reg_bank_init(&i->bank, dev, i2c_regs, i->reg, OI2C_NUM_REGS, i2c_settle);
    return true;
}

static void i2c_reset(Device *dev)
{
    OcoresI2c *i = (OcoresI2c *)dev;
    event_cancel(dev->events, &i->done);
    wire_stop(i);
    i->tx = i->command = i->status = 0;
    reg_bank_reset(&i->bank);
}

static const PinSpec i2c_pins[] = {
    {"irq", offsetof(OcoresI2c, irq), 1, "high while SR.IF and CTR.IEN are"},
    {NULL, 0, 0, NULL},
};

static const RegName i2c_registers[] = {
    {"PRERlo", 0x00, 4, 1, 0, "rw", "clock prescale, low byte"},
    {"PRERhi", 0x04, 4, 1, 0, "rw", "clock prescale, high byte"},
    {"CTR", 0x08, 4, 1, 0, "rw", "control"},
    {"TXR/RXR", 0x0c, 4, 1, 0, "rw", "byte to send (w), byte received (r)"},
    {"CR/SR", 0x10, 4, 1, 0, "rw", "command (w), status (r)"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const FieldName i2c_fields[] = {
    {"CTR", "IEN", 6, 1, "rw", NULL, "SR.IF interrupts"},
    {"CTR", "EN", 7, 1, "rw", NULL, "the core works"},
    {"CR/SR", "STA", 7, 1, "w", NULL, "a START first"},
    {"CR/SR", "STO", 6, 1, "w", NULL, "a STOP at the end"},
    {"CR/SR", "RD", 5, 1, "w", NULL, "read a byte"},
    {"CR/SR", "WR", 4, 1, "w", NULL, "write TXR"},
    {"CR/SR", "NACK", 3, 1, "w", NULL, "do not acknowledge a byte read"},
    {"CR/SR", "IACK", 0, 1, "w", NULL, "clears SR.IF"},
    {"CR/SR", "RxNACK", 7, 1, "r", NULL, "the byte was not acknowledged"},
    {"CR/SR", "BUSY", 6, 1, "r", NULL, "between START and STOP"},
    {"CR/SR", "AL", 5, 1, "r", NULL, "arbitration lost: never"},
    {"CR/SR", "TIP", 1, 1, "r", NULL, "a command is under way"},
    {"CR/SR", "IF", 0, 1, "r", NULL, "a command has ended"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const DeviceClass ocores_i2c_class = {
    .name = "ocores-i2c",
    .summary = "OpenCores I2C master, as in SiFive's FE310-G002",
    .source = "OpenCores I2C-Master Core specification 0.9",
    .size = sizeof(OcoresI2c),
    .pins = i2c_pins,
    .registers = i2c_registers,
    .fields = i2c_fields,
    .mmio_size = 0x1000,
    .init = i2c_init,
    .reset = i2c_reset,
};
