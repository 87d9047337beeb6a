/*
 * ns16550a.c - UART with 16-byte FIFOs.
 *
 * Model    Until software writes the divisor latch, a byte leaves at the moment
 *          it is written: polled output costs its bus accesses only. From then
 *          on a byte occupies the shift register for one frame (start, data,
 *          parity and stop bits as LCR says, 16 * divisor input clocks each)
 * and leaves at the frame's end; received bytes are a frame apart. THRE is "the
 * transmit FIFO is empty". Bytes from the host wait outside while there is no
 * room, so the line never overruns. Loopback wires the transmitter to the
 * receiver and MCR to MSR; nothing leaves, and bytes from the host wait. A byte
 * stored to SCR also tells the host that a phase begins (not 0) or ends (0).
 * Units    picoseconds; `clock` in Hz.
 * Source   TI / National PC16550D data sheet (SNLS378), section 8. Instant
 *          transmission at reset is this project's choice.
 * Missing  Parity, framing and break errors, sending a break, stick parity, DMA
 *          signals RXRDY and TXRDY (but tx_request, rx_request), 5-bit
 * characters' 1.5 stop bits (counted as 2), the data bits that a short
 * character would lose.
 */
#include "soc/ns16550a.h"

#include <string.h>

#include "memory/bits.h"

/* Registers, by offset. */
enum {
    UART_DATA, /* RBR when read, THR when written; DLL behind LCR.DLAB */
    UART_IER,  /* DLM behind LCR.DLAB */
    UART_IIR,  /* FCR when written */
    UART_LCR,
    UART_MCR,
    UART_LSR,
    UART_MSR,
    UART_SCR,
};

enum {
    IER_RX = BIT(0),
    IER_TX = BIT(1),
    IER_LINE = BIT(2),
    IER_MODEM = BIT(3),
    IER_MASK = 0xf,
    IIR_MODEM = 0x0,
    IIR_NONE = 0x1,
    IIR_TX = 0x2,
    IIR_RX = 0x4,
    IIR_LINE = 0x6,
    IIR_TIMEOUT = 0xc,
    IIR_FIFO = 0xc0,
    FCR_ENABLE = BIT(0),
    FCR_CLEAR_RX = BIT(1),
    FCR_CLEAR_TX = BIT(2),
    LCR_LENGTH = 0x3, /* 5 data bits + this */
    LCR_STOP2 = BIT(2),
    LCR_PARITY = BIT(3),
    LCR_DLAB = BIT(7),
    MCR_LOOP = BIT(4),
    MCR_MASK = 0x1f,
    LSR_DR = BIT(0),
    LSR_OE = BIT(1),
    LSR_THRE = BIT(5),
    LSR_TEMT = BIT(6),
    MSR_CTS = BIT(4),
    MSR_DSR = BIT(5),
    MSR_DCD = BIT(7),
};

static const uint8_t uart_triggers[4] = {1, 4, 8, 14}; /* FCR bits 7:6 */

/* -- FIFOs --------------------------------------------------------------------
 */

static void fifo_put(UartFifo *f, uint8_t byte)
{
    f->byte[(f->first + f->count) % NS16550A_FIFO] = byte;
    f->count++;
}

static uint8_t fifo_take(UartFifo *f)
{
    uint8_t byte = f->byte[f->first];
    f->first = (f->first + 1) % NS16550A_FIFO;
    f->count--;
    return byte;
}

static bool has_fifos(const Ns16550a *u)
{
    return u->fcr & FCR_ENABLE;
}

static unsigned depth(const Ns16550a *u)
{
    return has_fifos(u) ? NS16550A_FIFO : 1;
}

/* -- time
 * ---------------------------------------------------------------------- */

/* Picoseconds that n characters take on the line, at least 1. */
static uint64_t frame_time(const Ns16550a *u, unsigned n)
{
    unsigned bits = 1 + 5 + 1; /* start, shortest data, stop */
    bits += u->lcr & LCR_LENGTH;
    bits += (u->lcr & LCR_PARITY) != 0;
    bits += (u->lcr & LCR_STOP2) != 0;
    uint64_t clocks = UINT64_C(16) * (u->divisor ? u->divisor : 1) * bits * n;
    ClockWide ps = (ClockWide)clocks * PS_PER_SECOND / u->clock;
    return ps ? (uint64_t)ps : 1;
}

/* -- outputs
 * -------------------------------------------------------------------- */

static uint8_t uart_lsr(const Ns16550a *u)
{
    bool idle = !event_pending(&u->tx_done);
    return (uint8_t)(u->lsr_error | (u->rx.count ? LSR_DR : 0) |
                     (u->tx.count ? 0 : LSR_THRE) |
                     (!u->tx.count && idle ? LSR_TEMT : 0));
}

/* The modem lines: of a peer that is always ready, or MCR looped back. */
static uint8_t uart_msr_lines(const Ns16550a *u)
{
    if (!(u->mcr & MCR_LOOP)) {
        return MSR_CTS | MSR_DSR | MSR_DCD;
    }
    /* RTS -> CTS, DTR -> DSR, OUT1 -> RI, OUT2 -> DCD */
    return (uint8_t)((u->mcr & 2) << 3 | (u->mcr & 1) << 5 |
                     (u->mcr & 0xc) << 4);
}

/* The interrupt of highest priority that is enabled and requested. */
static uint8_t uart_iir(const Ns16550a *u)
{
    unsigned level = has_fifos(u) ? uart_triggers[u->fcr >> 6] : 1;
    if ((u->ier & IER_LINE) && u->lsr_error) {
        return IIR_LINE;
    }
    if ((u->ier & IER_RX) && u->rx.count >= level) {
        return IIR_RX;
    }
    if ((u->ier & IER_RX) && u->rx_idle) {
        return IIR_TIMEOUT;
    }
    if ((u->ier & IER_TX) && u->tx_request) {
        return IIR_TX;
    }
    return (u->ier & IER_MODEM) && u->msr_delta ? IIR_MODEM : IIR_NONE;
}

static void uart_settle(Ns16550a *u)
{
    irq_set(&u->irq, uart_iir(u) != IIR_NONE);
    irq_set(&u->tx_dma, u->tx.count < depth(u));
    irq_set(&u->rx_dma, u->rx.count > 0);
}

/* -- receiver
 * --------------------------------------------------------------------- */

/* The character timeout counts from the last byte in or out of the FIFO. */
static void rx_touch(Ns16550a *u)
{
    bool waits = has_fifos(u) && u->rx.count;
    u->rx_idle = false;
    event_schedule(u->dev.events, &u->rx_timeout,
                   waits ? event_now(u->dev.events) + frame_time(u, 4)
                         : TIME_NEVER);
}

static void rx_timed_out(void *opaque, uint64_t when)
{
    Ns16550a *u = opaque;
    u->rx_idle = true;
    uart_settle(u);
}

static void rx_put(Ns16550a *u, uint8_t byte)
{
    if (u->rx.count < depth(u)) {
        fifo_put(&u->rx, byte);
    } else {
        u->lsr_error |= LSR_OE;
        if (!has_fifos(u)) {
            u->rx.byte[u->rx.first] = byte; /* RBR is overwritten */
        }
    }
    rx_touch(u);
}

/* Tells the host, from an event, that a refused byte may come now. */
static void rx_call(Ns16550a *u)
{
    bool room = u->rx.count < depth(u) && !(u->mcr & MCR_LOOP);
    event_schedule(u->dev.events, &u->rx_room,
                   u->rx_refused && room ? u->rx_next : TIME_NEVER);
}

static void rx_has_room(void *opaque, uint64_t when)
{
    Ns16550a *u = opaque;
    u->rx_refused = false;
    u->dev.host->serial_ready(u->dev.host->opaque, &u->dev);
}

static bool uart_serial_in(Device *dev, uint8_t byte)
{
    Ns16550a *u = (Ns16550a *)dev;
    uint64_t now = event_now(dev->events);
    if (u->rx.count >= depth(u) || (u->mcr & MCR_LOOP) || now < u->rx_next) {
        u->rx_refused = true;
        rx_call(u);
        return false;
    }
    rx_put(u, byte);
    u->rx_next = u->timed ? now + frame_time(u, 1) : now;
    uart_settle(u);
    return true;
}

static uint8_t rx_take(Ns16550a *u)
{
    if (!u->rx.count) {
        return 0;
    }
    uint8_t byte = fifo_take(&u->rx);
    rx_touch(u);
    rx_call(u);
    return byte;
}

static void rx_clear(Ns16550a *u)
{
    u->rx = (UartFifo){0};
    rx_touch(u);
}

/* -- transmitter
 * -------------------------------------------------------------------- */

static void tx_emit(Ns16550a *u, uint8_t byte)
{
    if (u->mcr & MCR_LOOP) {
        rx_put(u, byte);
    } else {
        u->dev.host->serial_out(u->dev.host->opaque, &u->dev, byte);
    }
}

/* Moves the next byte into the free shift register. */
static void tx_start(Ns16550a *u, uint64_t from)
{
    u->tx_shift = fifo_take(&u->tx);
    u->tx_request = !u->tx.count;
    event_schedule(u->dev.events, &u->tx_done, from + frame_time(u, 1));
}

static void tx_shifted(void *opaque, uint64_t when)
{
    Ns16550a *u = opaque;
    tx_emit(u, u->tx_shift);
    if (u->tx.count) {
        tx_start(u, when); /* from `when`, not from now: no drift */
    }
    uart_settle(u);
}

static void tx_write(Ns16550a *u, uint8_t byte)
{
    u->tx_request = false;
    if (!u->timed && !event_pending(&u->tx_done)) {
        tx_emit(u, byte);
        u->tx_request = true;
        return;
    }
    if (u->tx.count == depth(u)) {
        device_guest_error(&u->dev,
                           "THR written while the transmitter is full");
        if (has_fifos(u)) {
            return; /* the byte is lost */
        }
        fifo_take(&u->tx); /* THR is overwritten */
    }
    fifo_put(&u->tx, byte);
    if (!event_pending(&u->tx_done)) {
        tx_start(u, event_now(u->dev.events));
    }
}

static void tx_clear(Ns16550a *u)
{
    u->tx_request |= u->tx.count != 0;
    u->tx = (UartFifo){0};
}

/* -- registers
 * ------------------------------------------------------------------------ */

static uint64_t uart_read(void *opaque, hwaddr addr, unsigned size)
{
    Ns16550a *u = opaque;
    bool dlab = u->lcr & LCR_DLAB;
    uint8_t value = 0;
    if (addr == UART_LSR && !u->lsr_error) {
        return uart_lsr(u); /* what drivers poll; it changes nothing */
    }
    switch (addr) {
    case UART_DATA: value = dlab ? (uint8_t)u->divisor : rx_take(u); break;
    case UART_IER: value = dlab ? (uint8_t)(u->divisor >> 8) : u->ier; break;
    case UART_IIR:
        value = uart_iir(u);
        if (value == IIR_TX) {
            u->tx_request = false; /* reading it answers it */
        }
        value |= has_fifos(u) ? IIR_FIFO : 0;
        break;
    case UART_LCR: value = u->lcr; break;
    case UART_MCR: value = u->mcr; break;
    case UART_LSR:
        value = uart_lsr(u);
        u->lsr_error = 0;
        break;
    case UART_MSR:
        value = uart_msr_lines(u) | u->msr_delta;
        u->msr_delta = 0;
        break;
    case UART_SCR: value = u->scr; break;
    default: break;
    }
    uart_settle(u);
    return value;
}

static void write_divisor(Ns16550a *u, unsigned shift, uint8_t byte)
{
    unsigned kept = u->divisor & (0xff00u >> shift);
    u->divisor = (uint16_t)(kept | (unsigned)byte << shift);
    u->timed = true;
}

static void write_ier(Ns16550a *u, uint8_t byte)
{
    if ((byte & ~u->ier & IER_TX) != 0 && !u->tx.count) {
        u->tx_request = true; /* enabling it with THR empty requests it */
    }
    u->ier = byte & IER_MASK;
}

static void write_fcr(Ns16550a *u, uint8_t byte)
{
    bool toggled = (byte ^ u->fcr) & FCR_ENABLE;
    if (toggled || (byte & FCR_ENABLE && byte & FCR_CLEAR_RX)) {
        rx_clear(u);
    }
    if (toggled || (byte & FCR_ENABLE && byte & FCR_CLEAR_TX)) {
        tx_clear(u);
    }
    /* With bit 0 written 0 the other bits are not programmed. */
    u->fcr = byte & FCR_ENABLE ? byte & (0xc0 | FCR_ENABLE) : 0;
    rx_call(u);
}

static void write_mcr(Ns16550a *u, uint8_t byte)
{
    unsigned before = uart_msr_lines(u);
    u->mcr = byte & MCR_MASK;
    unsigned after = uart_msr_lines(u);
    /* DCTS, DDSR, DDCD: it changed; TERI: RI fell */
    unsigned changed = ((before ^ after) & 0xb0) | (before & ~after & 0x40);
    u->msr_delta |= (uint8_t)(changed >> 4);
    rx_call(u);
}

static void uart_write(void *opaque, hwaddr addr, uint64_t data, unsigned size)
{
    Ns16550a *u = opaque;
    uint8_t byte = (uint8_t)data;
    bool dlab = u->lcr & LCR_DLAB;
    switch (addr) {
    case UART_DATA:
        if (dlab) {
            write_divisor(u, 0, byte);
        } else {
            tx_write(u, byte);
        }
        break;
    case UART_IER:
        if (dlab) {
            write_divisor(u, 8, byte);
        } else {
            write_ier(u, byte);
        }
        break;
    case UART_IIR: write_fcr(u, byte); break;
    case UART_LCR: u->lcr = byte; break;
    case UART_MCR: write_mcr(u, byte); break;
    case UART_SCR:
        u->scr = byte;
        u->dev.host->phase(u->dev.host->opaque, &u->dev, byte);
        break;
    default:
        device_guest_error(&u->dev, "%s is read-only",
                           addr == UART_LSR ? "LSR" : "MSR");
        break;
    }
    uart_settle(u);
}

/* Byte registers: a wider access is a byte access to each of them. */
static const MemoryRegionOps uart_ops = {
    .read = uart_read,
    .write = uart_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 8, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

/* -- life
 * -------------------------------------------------------------------------------
 */

static bool uart_init(Device *dev, Error **errp)
{
    Ns16550a *u = (Ns16550a *)dev;
    if (u->clock < 1000 || u->clock > PS_PER_SECOND) {
        return error_set(errp,
                         "clock of %s is out of range; 1kHz to 1000GHz, usual "
                         "is 3686400Hz",
                         dev->name);
    }
    event_init(dev->events, &u->tx_done, dev->name, EVENT_NORMAL, tx_shifted,
               u);
    event_init(dev->events, &u->rx_timeout, dev->name, EVENT_NORMAL,
               rx_timed_out, u);
    event_init(dev->events, &u->rx_room, dev->name, EVENT_NORMAL, rx_has_room,
               u);
    memory_region_init_io(&dev->mmio, NULL, &uart_ops, dev, dev->name,
                          dev->cls->mmio_size);
    return true;
}

static void uart_reset(Device *dev)
{
    Ns16550a *u = (Ns16550a *)dev;
    event_cancel(dev->events, &u->tx_done);
    u->ier = u->fcr = u->lcr = u->mcr = u->scr = 0;
    u->msr_delta = u->lsr_error = 0;
    u->divisor = 0;
    u->timed = u->tx_request = false;
    u->tx = (UartFifo){0};
    u->rx_next = 0;
    rx_clear(u);
    rx_call(u); /* a refused byte still waits outside */
    uart_settle(u);
}

static const PinSpec uart_pins[] = {
    {"irq", offsetof(Ns16550a, irq), 1,
     "high while IIR names an interrupt (OUT2 does not gate it)"},
    {"tx_request", offsetof(Ns16550a, tx_dma), 1,
     "to a DMA engine: high while THR takes a byte"},
    {"rx_request", offsetof(Ns16550a, rx_dma), 1,
     "to a DMA engine: high while RBR has a byte"},
    {NULL, 0, 0, NULL},
};

static const ParamSpec uart_params[] = {
    {.name = "clock",
     .type = PARAM_HZ,
     .offset = offsetof(Ns16550a, clock),
     .preset = 3686400,
     .low = 1000,
     .high = PS_PER_SECOND,
     .doc = "input clock; a bit takes 16 * divisor of its cycles"},
    {.name = NULL},
};

static const RegName uart_registers[] = {
    {"RBR/THR/DLL", UART_DATA, 1, 1, 0, "rw",
     "received byte (r), byte to send (w); LCR.DLAB: divisor, low"},
    {"IER/DLM", UART_IER, 1, 1, 0, "rw",
     "interrupt enables: bit 0 data, 1 THR empty, 2 line status, 3 modem "
     "status; LCR.DLAB: divisor, high"},
    {"IIR/FCR", UART_IIR, 1, 1, 0, "rw",
     "interrupt (r): 6 line, 4 data, c timeout, 2 THR empty, 0 modem, 1 none; "
     "bits 7:6 FIFOs on. FIFOs (w): bit 0 on, 1 clear rx, 2 clear tx, 7:6 "
     "trigger 1, 4, 8, 14"},
    {"LCR", UART_LCR, 1, 1, 0, "rw",
     "bits 1:0 data bits - 5, 2 two stop bits, 3 parity, 7 DLAB"},
    {"MCR", UART_MCR, 1, 1, 0, "rw",
     "bit 0 DTR, 1 RTS, 2 OUT1, 3 OUT2, 4 loopback"},
    {"LSR", UART_LSR, 1, 1, 0, "r",
     "bit 0 data ready, 1 overrun, 5 THR empty, 6 transmitter idle"},
    {"MSR", UART_MSR, 1, 1, 0, "r",
     "bits 3:0 changes of CTS, DSR, RI, DCD since last read; 7:4 their levels"},
    {"SCR", UART_SCR, 1, 1, 0, "rw",
     "scratch; a byte stored here marks a phase of the run, 0 ends it"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const FieldName uart_fields[] = {
    {"IER/DLM", "ERBFI", 0, 1, "rw", NULL, "data interrupts"},
    {"IER/DLM", "ETBEI", 1, 1, "rw", NULL, "THR empty interrupts"},
    {"IER/DLM", "ELSI", 2, 1, "rw", NULL, "line status interrupts"},
    {"IER/DLM", "EDSSI", 3, 1, "rw", NULL, "modem status interrupts"},
    {"IIR/FCR", "ID", 0, 4, "r", "modem|none|tx-empty||data||line||||||timeout",
     "what interrupts"},
    {"IIR/FCR", "FIFOS", 6, 2, "r", "off|||on", "are the FIFOs on"},
    {"IIR/FCR", "ENABLE", 0, 1, "w", NULL, "FIFOs on"},
    {"IIR/FCR", "CLEAR_RX", 1, 1, "w", NULL, "empties the receive FIFO"},
    {"IIR/FCR", "CLEAR_TX", 2, 1, "w", NULL, "empties the transmit FIFO"},
    {"IIR/FCR", "TRIGGER", 6, 2, "w", "1|4|8|14", "bytes that interrupt"},
    {"LCR", "WLS", 0, 2, "rw", "5-bit|6-bit|7-bit|8-bit", "data bits"},
    {"LCR", "STB", 2, 1, "rw", "1-stop|2-stop", "stop bits"},
    {"LCR", "PEN", 3, 1, "rw", NULL, "a parity bit"},
    {"LCR", "DLAB", 7, 1, "rw", NULL, "offsets 0 and 1 are the divisor"},
    {"MCR", "DTR", 0, 1, "rw", NULL, "data terminal ready"},
    {"MCR", "RTS", 1, 1, "rw", NULL, "request to send"},
    {"MCR", "OUT1", 2, 1, "rw", NULL, "output 1"},
    {"MCR", "OUT2", 3, 1, "rw", NULL, "output 2"},
    {"MCR", "LOOP", 4, 1, "rw", NULL, "the transmitter feeds the receiver"},
    {"LSR", "DR", 0, 1, "r", NULL, "a byte was received"},
    {"LSR", "OE", 1, 1, "r", NULL, "a byte was lost"},
    {"LSR", "THRE", 5, 1, "r", NULL, "the transmit FIFO is empty"},
    {"LSR", "TEMT", 6, 1, "r", NULL, "the transmitter is idle"},
    {"MSR", "DELTAS", 0, 4, "r", NULL, "CTS, DSR, RI, DCD changed"},
    {"MSR", "CTS", 4, 1, "r", NULL, "clear to send"},
    {"MSR", "DSR", 5, 1, "r", NULL, "data set ready"},
    {"MSR", "RI", 6, 1, "r", NULL, "ring indicator"},
    {"MSR", "DCD", 7, 1, "r", NULL, "carrier detect"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const DeviceClass ns16550a_class = {
    .name = "ns16550a",
    .summary = "UART with 16-byte FIFOs",
    .source = "PC16550D data sheet (SNLS378), section 8",
    .size = sizeof(Ns16550a),
    .pins = uart_pins,
    .params = uart_params,
    .registers = uart_registers,
    .fields = uart_fields,
    .mmio_size = 8,
    .init = uart_init,
    .reset = uart_reset,
    .serial_in = uart_serial_in,
};
