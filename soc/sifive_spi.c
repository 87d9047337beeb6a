/*
 * sifive_spi.c - the SPI controller of SiFive's Freedom chips, driven by
 * software.
 *
 * Model    A byte written to txdata waits in the transmit FIFO; each frame
 * takes its 8 bits, and the byte that came back goes to the receive FIFO,
 *          unless fmt.dir says transmit or that FIFO is full: then it is lost.
 *          csmode auto asserts the chip select for each frame, hold keeps it
 * until csmode, csid or csdef is written, off never asserts it. Without a
 *          device there comes 0xff.
 * Units    cycles of the bus's clock: a bit takes 2 * (sckdiv + 1), in dual and
 *          quad a half and a quarter of that; delay0 and delay1 are stored.
 * Source   SiFive FE310-G002 manual, chapter 19.
 * Missing  Frames of other than 8 bits, delays, the execute-in-place interface
 *          (fctrl and ffmt are stored: a memory of the configuration stands for
 *          it, with its own wait states).
 */
#include "soc/sifive_spi.h"

#include "memory/bits.h"

enum {
    CSMODE_AUTO = 0,
    CSMODE_HOLD = 2,
    CSMODE_OFF = 3,
    FMT_PROTO = 3,
    FMT_DIR_TX = BIT(3),
    FMT_LENGTH_SHIFT = 16,
    IP_TXWM = BIT(0),
    IP_RXWM = BIT(1),
};
#define FLAG BIT(31) /* txdata: full, rxdata: empty */

static void fifo_put(SifiveSpiFifo *f, uint8_t byte)
{
    f->byte[(f->first + f->count++) % SSPI_FIFO] = byte;
}

static uint8_t fifo_take(SifiveSpiFifo *f)
{
    uint8_t byte = f->byte[f->first];
    f->first = (f->first + 1) % SSPI_FIFO;
    f->count--;
    return byte;
}

/* -- chip selects ------------------------------------------------------------
 */

static void spi_assert(SifiveSpi *s, unsigned select, bool active)
{
    if (s->active[select] != active) {
        s->active[select] = active;
        if (s->slave[select]) {
            s->slave[select]->select(s->slave[select]->opaque, active);
        }
    }
}

static void release_all(SifiveSpi *s)
{
    for (unsigned i = 0; i < SPI_SELECTS; i++) {
        spi_assert(s, i, false);
    }
}

static uint8_t exchange(SifiveSpi *s, uint8_t byte)
{
    unsigned select = s->reg[SSPI_CSID] % SPI_SELECTS;
    const SpiSlave *slave = s->slave[select];
    return slave && s->active[select] ? slave->transfer(slave->opaque, byte)
                                      : 0xff;
}

/* -- frames ------------------------------------------------------------------
 */

static void spi_settle(void *opaque)
{
    SifiveSpi *s = opaque;
    if (s->tx.count && !event_pending(&s->frame)) {
        unsigned proto = s->reg[SSPI_FMT] & FMT_PROTO;
        uint64_t clocks = 8u >> (proto < 2 ? proto : 2);
        uint64_t cycles = clocks * 2 * (s->reg[SSPI_SCKDIV] + UINT64_C(1));
        uint64_t begin = clock_cycle_at(s->dev.clock, event_now(s->dev.events));
        s->shift = fifo_take(&s->tx);
        if (s->reg[SSPI_CSMODE] != CSMODE_OFF) {
            spi_assert(s, s->reg[SSPI_CSID] % SPI_SELECTS, true);
        }
        event_schedule(s->dev.events, &s->frame,
                       clock_time(s->dev.clock, begin + cycles));
    }
    bool txwm = s->tx.count < s->reg[SSPI_TXMARK];
    bool rxwm = s->rx.count > s->reg[SSPI_RXMARK];
    s->reg[SSPI_IP] = (txwm ? IP_TXWM : 0) | (rxwm ? IP_RXWM : 0);
    irq_set(&s->irq, (s->reg[SSPI_IP] & s->reg[SSPI_IE]) != 0);
    /* Room for what comes back as well: a DMA engine never loses a byte. */
    unsigned moving = s->tx.count + event_pending(&s->frame) + s->rx.count;
    irq_set(&s->tx_request, s->reg[SSPI_FMT] & FMT_DIR_TX
                                ? s->tx.count < SSPI_FIFO
                                : moving < SSPI_FIFO);
    irq_set(&s->rx_request, s->rx.count > 0);
}

static void frame_over(void *opaque, uint64_t when)
{
    SifiveSpi *s = opaque;
    uint8_t byte = exchange(s, s->shift);
    if (!(s->reg[SSPI_FMT] & FMT_DIR_TX)) {
        if (s->rx.count < SSPI_FIFO) {
            fifo_put(&s->rx, byte);
        } else {
            device_guest_error(&s->dev, "a received byte is lost: rxdata is "
                                        "full");
        }
    }
    if (s->reg[SSPI_CSMODE] != CSMODE_HOLD) {
        release_all(s);
    }
    spi_settle(s);
}

/* -- registers ---------------------------------------------------------------
 */

static void wrote_select(void *opaque, uint32_t old)
{
    SifiveSpi *s = opaque;
    if (!event_pending(&s->frame)) {
        release_all(s);
    }
}

static void wrote_csmode(void *opaque, uint32_t old)
{
    SifiveSpi *s = opaque;
    if (s->reg[SSPI_CSMODE] == CSMODE_HOLD) {
        spi_assert(s, s->reg[SSPI_CSID] % SPI_SELECTS, true);
    } else {
        wrote_select(s, old);
    }
}

static uint32_t read_txdata(void *opaque)
{
    SifiveSpi *s = opaque;
    return s->tx.count == SSPI_FIFO ? FLAG : 0;
}

static void wrote_txdata(void *opaque, uint32_t old)
{
    SifiveSpi *s = opaque;
    uint8_t byte = (uint8_t)s->reg[SSPI_TXDATA];
    s->reg[SSPI_TXDATA] = 0;
    if (s->tx.count < SSPI_FIFO) {
        fifo_put(&s->tx, byte);
    } else {
        device_guest_error(&s->dev, "txdata written while it is full");
    }
}

static uint32_t read_rxdata(void *opaque)
{
    SifiveSpi *s = opaque;
    if (!s->rx.count) {
        return FLAG;
    }
    uint8_t byte = fifo_take(&s->rx);
    spi_settle(s);
    return byte;
}

static const RegSpec spi_regs[SSPI_NUM_REGS] = {
    [SSPI_SCKDIV] = {.name = "sckdiv", .reset = 3, .writable = 0xfff},
    [SSPI_SCKMODE] = {.name = "sckmode", .writable = 3},
    [SSPI_CSID] = {.name = "csid",
                   .writable = SPI_SELECTS - 1,
                   .written = wrote_select},
    [SSPI_CSDEF] = {.name = "csdef",
                    .reset = BIT(SPI_SELECTS) - 1,
                    .writable = BIT(SPI_SELECTS) - 1,
                    .written = wrote_select},
    [SSPI_CSMODE] = {.name = "csmode", .writable = 3, .written = wrote_csmode},
    [SSPI_DELAY0] = {.name = "delay0", .reset = 0x10001, .writable = 0xff00ff},
    [SSPI_DELAY1] = {.name = "delay1", .reset = 1, .writable = 0xff00ff},
    [SSPI_FMT] = {.name = "fmt",
                  .reset = 8 << FMT_LENGTH_SHIFT,
                  .writable = 0xf << FMT_LENGTH_SHIFT | 0xf},
    [SSPI_TXDATA] = {.name = "txdata",
                     .writable = 0xff,
                     .read = read_txdata,
                     .written = wrote_txdata},
    [SSPI_RXDATA] = {.name = "rxdata", .read = read_rxdata},
    [SSPI_TXMARK] = {.name = "txmark", .writable = 7},
    [SSPI_RXMARK] = {.name = "rxmark", .writable = 7},
    [SSPI_FCTRL] = {.name = "fctrl", .reset = 1, .writable = 1},
    [SSPI_FFMT] = {.name = "ffmt", .reset = 0x30007, .writable = 0xffff3fff},
    [SSPI_IE] = {.name = "ie", .writable = IP_TXWM | IP_RXWM},
    [SSPI_IP] = {.name = "ip"},
};

bool spi_attach(Device *controller, uint64_t select, const SpiSlave *slave,
                const Device *who, Error **errp)
{
    SifiveSpi *s = (SifiveSpi *)controller;
    if (select >= SPI_SELECTS || s->slave[select]) {
        return error_set(errp,
                         "chip select %u of %s is taken; give %s another "
                         "`select`",
                         (unsigned)select, controller->name, who->name);
    }
    s->slave[select] = slave;
    return true;
}

static bool spi_init(Device *dev, Error **errp)
{
    SifiveSpi *s = (SifiveSpi *)dev;
    event_init(dev->events, &s->frame, dev->name, EVENT_NORMAL, frame_over, s);
    reg_bank_init(&s->bank, dev, spi_regs, s->reg, SSPI_NUM_REGS, spi_settle);
    return true;
}

static void spi_reset(Device *dev)
{
    SifiveSpi *s = (SifiveSpi *)dev;
    event_cancel(dev->events, &s->frame);
    s->tx = s->rx = (SifiveSpiFifo){0};
    release_all(s);
    reg_bank_reset(&s->bank);
}

static const PinSpec spi_pins[] = {
    {"irq", offsetof(SifiveSpi, irq), 1, "high while ip & ie is not 0"},
    {"tx_request", offsetof(SifiveSpi, tx_request), 1,
     "to a DMA engine: high while txdata takes a byte, and rxdata what comes "
     "back"},
    {"rx_request", offsetof(SifiveSpi, rx_request), 1,
     "to a DMA engine: high while rxdata has a byte"},
    {NULL, 0, 0, NULL},
};

static const RegName spi_registers[] = {
    {"sckdiv", 0x00, 4, 1, 0, "rw", "a clock of SCK is 2 * (sckdiv + 1)"},
    {"sckmode", 0x04, 4, 1, 0, "rw", "polarity and phase; stored"},
    {"csid", 0x10, 4, 1, 0, "rw", "the chip select that is used"},
    {"csdef", 0x14, 4, 1, 0, "rw", "inactive levels; stored"},
    {"csmode", 0x18, 4, 1, 0, "rw", "what the chip select does"},
    {"delay0", 0x28, 4, 1, 0, "rw", "stored"},
    {"delay1", 0x2c, 4, 1, 0, "rw", "stored"},
    {"fmt", 0x40, 4, 1, 0, "rw", "frames"},
    {"txdata", 0x48, 4, 1, 0, "rw", "a byte to send; reads only full"},
    {"rxdata", 0x4c, 4, 1, 0, "r", "takes a received byte"},
    {"txmark", 0x50, 4, 1, 0, "rw", "txwm: less entries than this"},
    {"rxmark", 0x54, 4, 1, 0, "rw", "rxwm: more entries than this"},
    {"fctrl", 0x60, 4, 1, 0, "rw", "execute in place; stored"},
    {"ffmt", 0x64, 4, 1, 0, "rw", "its instruction; stored"},
    {"ie", 0x70, 4, 1, 0, "rw", "interrupt enables"},
    {"ip", 0x74, 4, 1, 0, "r", "interrupts pending"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const FieldName spi_fields[] = {
    {"csmode", "mode", 0, 2, "rw", "auto||hold|off", "how it is asserted"},
    {"fmt", "proto", 0, 2, "rw", "single|dual|quad", "lines used"},
    {"fmt", "endian", 2, 1, "rw", "msb|lsb", "order of bits; stored"},
    {"fmt", "dir", 3, 1, "rw", "rx|tx", "tx: what comes back is dropped"},
    {"fmt", "len", 16, 4, "rw", NULL, "bits of a frame; stored"},
    {"txdata", "data", 0, 8, "w", NULL, "the byte"},
    {"txdata", "full", 31, 1, "r", NULL, "there is no room"},
    {"rxdata", "data", 0, 8, "r", NULL, "the byte, unless empty"},
    {"rxdata", "empty", 31, 1, "r", NULL, "there was none"},
    {"ie", "txwm", 0, 1, "rw", NULL, "of the transmit watermark"},
    {"ie", "rxwm", 1, 1, "rw", NULL, "of the receive watermark"},
    {"ip", "txwm", 0, 1, "r", NULL, "transmit watermark"},
    {"ip", "rxwm", 1, 1, "r", NULL, "receive watermark"},
    {"fctrl", "en", 0, 1, "rw", NULL, "execute in place"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const DeviceClass sifive_spi_class = {
    .name = "sifive-spi",
    .summary = "SPI controller of SiFive's Freedom chips",
    .source = "SiFive FE310-G002 manual, chapter 19",
    .size = sizeof(SifiveSpi),
    .pins = spi_pins,
    .registers = spi_registers,
    .fields = spi_fields,
    .mmio_size = 0x1000,
    .init = spi_init,
    .reset = spi_reset,
};
