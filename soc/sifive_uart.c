/*
 * sifive_uart.c - the UART of SiFive's Freedom chips, with 8-byte FIFOs.
 *
 * Model    A byte in the transmit FIFO moves to the shift register when that is
 *          free and txen is set, and leaves one frame later (start bit, 8 data
 *          bits, 1 or 2 stop bits, div + 1 bus cycles each). Received bytes are
 *          a frame apart and wait outside while rxen is clear or there is no
 *          room, so the line never overruns. txwm is "less than txcnt entries",
 *          rxwm "more than rxcnt entries"; both are levels.
 * Units    cycles of the bus's clock.
 * Source   SiFive FE310-G002 manual, chapter 18.
 * Missing  Noise and framing errors, sampling at 16 points of a bit.
 */
#include "soc/sifive_uart.h"

#include "memory/bits.h"

enum {
    TXDATA_FULL = (int)BIT(31),
    RXDATA_EMPTY = (int)BIT(31),
    CTRL_ENABLE = BIT(0),
    TXCTRL_NSTOP = BIT(1),
    CTRL_COUNT_SHIFT = 16,
    CTRL_COUNT = 7 << CTRL_COUNT_SHIFT,
    IP_TXWM = BIT(0),
    IP_RXWM = BIT(1),
    DIV_RESET = 0x21e,
};

static void fifo_put(SifiveUartFifo *f, uint8_t byte)
{
    f->byte[(f->first + f->count++) % SUART_FIFO] = byte;
}

static uint8_t fifo_take(SifiveUartFifo *f)
{
    uint8_t byte = f->byte[f->first];
    f->first = (f->first + 1) % SUART_FIFO;
    f->count--;
    return byte;
}

static unsigned watermark(uint32_t ctrl)
{
    return ctrl >> CTRL_COUNT_SHIFT & 7;
}

/* When a frame that begins at `from` has ended. */
static uint64_t frame_end(const SifiveUart *u, uint64_t from, bool second_stop)
{
    uint64_t bits = 10 + second_stop;
    uint64_t begin = clock_cycle_at(u->dev.clock, from);
    return clock_time(u->dev.clock,
                      begin + bits * (u->reg[SUART_DIV] + UINT64_C(1)));
}

static void suart_settle(void *opaque)
{
    SifiveUart *u = opaque;
    if (u->tx.count && !event_pending(&u->tx_done) &&
        u->reg[SUART_TXCTRL] & CTRL_ENABLE) {
        uint64_t now = event_now(u->dev.events);
        u->shift = fifo_take(&u->tx);
        event_schedule(u->dev.events, &u->tx_done,
                       frame_end(u, now, u->reg[SUART_TXCTRL] & TXCTRL_NSTOP));
    }
    bool txwm = u->tx.count < watermark(u->reg[SUART_TXCTRL]);
    bool rxwm = u->rx.count > watermark(u->reg[SUART_RXCTRL]);
    u->reg[SUART_IP] = (txwm ? IP_TXWM : 0) | (rxwm ? IP_RXWM : 0);
    irq_set(&u->irq, (u->reg[SUART_IP] & u->reg[SUART_IE]) != 0);
    irq_set(&u->tx_request, u->tx.count < SUART_FIFO);
    irq_set(&u->rx_request, u->rx.count > 0);
}

/* -- transmitter ----------------------------------------------------------- */

static void tx_shifted(void *opaque, uint64_t when)
{
    SifiveUart *u = opaque;
    u->dev.host->serial_out(u->dev.host->opaque, &u->dev, u->shift);
    suart_settle(u);
}

static void wrote_txdata(void *opaque, uint32_t old)
{
    SifiveUart *u = opaque;
    uint8_t byte = (uint8_t)u->reg[SUART_TXDATA];
    u->reg[SUART_TXDATA] = 0;
    if (u->tx.count < SUART_FIFO) {
        fifo_put(&u->tx, byte);
    } else {
        device_guest_error(&u->dev, "txdata written while it is full");
    }
}

static uint32_t read_txdata(void *opaque)
{
    SifiveUart *u = opaque;
    return u->tx.count == SUART_FIFO ? (uint32_t)TXDATA_FULL : 0;
}

/* -- receiver ---------------------------------------------------------------
 */

static bool rx_takes(const SifiveUart *u)
{
    return u->rx.count < SUART_FIFO && u->reg[SUART_RXCTRL] & CTRL_ENABLE;
}

/* Tells the host, from an event, that a refused byte may come now. */
static void rx_call(SifiveUart *u)
{
    event_schedule(u->dev.events, &u->rx_room,
                   u->rx_refused && rx_takes(u) ? u->rx_next : TIME_NEVER);
}

static void rx_has_room(void *opaque, uint64_t when)
{
    SifiveUart *u = opaque;
    u->rx_refused = false;
    u->dev.host->serial_ready(u->dev.host->opaque, &u->dev);
}

static bool suart_serial_in(Device *dev, uint8_t byte)
{
    SifiveUart *u = (SifiveUart *)dev;
    uint64_t now = event_now(dev->events);
    if (!rx_takes(u) || now < u->rx_next) {
        u->rx_refused = true;
        rx_call(u);
        return false;
    }
    fifo_put(&u->rx, byte);
    u->rx_next = frame_end(u, now, false);
    suart_settle(u);
    return true;
}

static uint32_t read_rxdata(void *opaque)
{
    SifiveUart *u = opaque;
    if (!u->rx.count) {
        return (uint32_t)RXDATA_EMPTY;
    }
    uint8_t byte = fifo_take(&u->rx);
    rx_call(u);
    suart_settle(u);
    return byte;
}

static void wrote_rxctrl(void *opaque, uint32_t old)
{
    rx_call(opaque);
}

/* -- life --------------------------------------------------------------------
 */

static const RegSpec suart_regs[SUART_NUM_REGS] = {
    [SUART_TXDATA] = {.name = "txdata",
                      .writable = 0xff,
                      .read = read_txdata,
                      .written = wrote_txdata},
    [SUART_RXDATA] = {.name = "rxdata", .read = read_rxdata},
    [SUART_TXCTRL] = {.name = "txctrl",
                      .writable = CTRL_COUNT | TXCTRL_NSTOP | CTRL_ENABLE},
    [SUART_RXCTRL] = {.name = "rxctrl",
                      .writable = CTRL_COUNT | CTRL_ENABLE,
                      .written = wrote_rxctrl},
    [SUART_IE] = {.name = "ie", .writable = IP_TXWM | IP_RXWM},
    [SUART_IP] = {.name = "ip"},
    [SUART_DIV] = {.name = "div", .reset = DIV_RESET, .writable = 0xffff},
};

static bool suart_init(Device *dev, Error **errp)
{
    SifiveUart *u = (SifiveUart *)dev;
    event_init(dev->events, &u->tx_done, dev->name, EVENT_NORMAL, tx_shifted,
               u);
    event_init(dev->events, &u->rx_room, dev->name, EVENT_NORMAL, rx_has_room,
               u);
    reg_bank_init(&u->bank, dev, suart_regs, u->reg, SUART_NUM_REGS,
                  suart_settle);
    return true;
}

static void suart_reset(Device *dev)
{
    SifiveUart *u = (SifiveUart *)dev;
    event_cancel(dev->events, &u->tx_done);
    u->tx = u->rx = (SifiveUartFifo){0};
    u->rx_next = 0;
    reg_bank_reset(&u->bank);
    rx_call(u);
}

static const PinSpec suart_pins[] = {
    {"irq", offsetof(SifiveUart, irq), 1, "high while ip & ie is not 0"},
    {"tx_request", offsetof(SifiveUart, tx_request), 1,
     "to a DMA engine: high while txdata takes a byte"},
    {"rx_request", offsetof(SifiveUart, rx_request), 1,
     "to a DMA engine: high while rxdata has a byte"},
    {NULL, 0, 0, NULL},
};

static const RegName suart_registers[] = {
    {"txdata", 0x00, 4, 1, 0, "rw", "a byte to send; reads only full"},
    {"rxdata", 0x04, 4, 1, 0, "r", "takes a received byte"},
    {"txctrl", 0x08, 4, 1, 0, "rw", "transmitter"},
    {"rxctrl", 0x0c, 4, 1, 0, "rw", "receiver"},
    {"ie", 0x10, 4, 1, 0, "rw", "interrupt enables"},
    {"ip", 0x14, 4, 1, 0, "r", "interrupts pending"},
    {"div", 0x18, 4, 1, 0, "rw", "a bit takes div + 1 bus cycles; reset 0x21e"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const FieldName suart_fields[] = {
    {"txdata", "data", 0, 8, "w", NULL, "the byte"},
    {"txdata", "full", 31, 1, "r", NULL, "there is no room"},
    {"rxdata", "data", 0, 8, "r", NULL, "the byte, unless empty"},
    {"rxdata", "empty", 31, 1, "r", NULL, "there was none"},
    {"txctrl", "txen", 0, 1, "rw", NULL, "bytes are sent"},
    {"txctrl", "nstop", 1, 1, "rw", "1-stop|2-stop", "stop bits"},
    {"txctrl", "txcnt", 16, 3, "rw", NULL, "txwm: less entries than this"},
    {"rxctrl", "rxen", 0, 1, "rw", NULL, "bytes are received"},
    {"rxctrl", "rxcnt", 16, 3, "rw", NULL, "rxwm: more entries than this"},
    {"ie", "txwm", 0, 1, "rw", NULL, "of the transmit watermark"},
    {"ie", "rxwm", 1, 1, "rw", NULL, "of the receive watermark"},
    {"ip", "txwm", 0, 1, "r", NULL, "transmit watermark"},
    {"ip", "rxwm", 1, 1, "r", NULL, "receive watermark"},
    {"div", "div", 0, 16, "rw", NULL, "divisor - 1"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const DeviceClass sifive_uart_class = {
    .name = "sifive-uart",
    .summary = "UART of SiFive's Freedom chips",
    .source = "SiFive FE310-G002 manual, chapter 18",
    .size = sizeof(SifiveUart),
    .pins = suart_pins,
    .registers = suart_registers,
    .fields = suart_fields,
    .mmio_size = 0x1000,
    .init = suart_init,
    .reset = suart_reset,
    .serial_in = suart_serial_in,
};
