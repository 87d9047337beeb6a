/*
 * dma.c - a DMA engine: channels that copy bytes while the harts work.
 *
 * Model    One engine, one request at a time on its master port: it reads a
 *          burst of the channel whose turn it is, writes it, and goes on with
 *          the next channel, round robin. Every request is split-phase: asked
 *          for at one time, granted and complete at later ones. A request takes
 *          a cycle at least, also where accesses take no time. A channel with
 *          PACED moves a burst only while its request line is high, which a
 *          peripheral drives: it waits, and others have their turn.
 * Units    Bytes; `setup` in cycles of the device's clock, its bus's.
 * Source   docs/devices/dma.md (this project's own part).
 * Missing  Several requests under way, descriptor lists, 2-D copies.
 */
#include "soc/dma.h"

#include "memory/bits.h"

enum {
    CTRL_START = BIT(0), /* reads 0 */
    CTRL_IRQ = BIT(1),
    CTRL_SRC_FIXED = BIT(2),
    CTRL_DST_FIXED = BIT(3),
    CTRL_SIZE_SHIFT = 4, /* log2 of bytes, 3 bits */
    CTRL_SIZE_MAX = 6,
    CTRL_SIZE_MAX_FIXED = 3, /* one register is 8 bytes wide at most */
    CTRL_STOP = BIT(7),      /* reads 0 */
    CTRL_PACED = BIT(8),
    CTRL_LINE_SHIFT = 9, /* which request line, 4 bits */
    CTRL_KEPT = CTRL_IRQ | CTRL_SRC_FIXED | CTRL_DST_FIXED |
                7 << CTRL_SIZE_SHIFT | CTRL_PACED |
                (DMA_LINES - 1) << CTRL_LINE_SHIFT,
    STATUS_BUSY = BIT(0),
    STATUS_DONE = BIT(1),
    STATUS_ERROR = BIT(2),
    BOUNDARY = 4096, /* a burst crosses no multiple of this */
};

static uint32_t *channel_reg(Dma *d, unsigned n)
{
    return &d->reg[n * DMA_CHANNEL_REGS];
}

static bool channel_busy(Dma *d, unsigned n)
{
    return channel_reg(d, n)[DMA_STATUS] & STATUS_BUSY;
}

/* May it move a burst, as far as its peripheral is concerned? */
static bool channel_asked(Dma *d, unsigned n)
{
    uint32_t ctrl = channel_reg(d, n)[DMA_CTRL];
    unsigned line = ctrl >> CTRL_LINE_SHIFT & (DMA_LINES - 1);
    return !(ctrl & CTRL_PACED) || d->lines & BIT(line) ||
           d->channel[n].moved == channel_reg(d, n)[DMA_LEN];
}

static uint64_t dma_cycle(const Dma *d)
{
    return clock_cycle_in(d->dev.clock, event_now(d->dev.events));
}

static DmaSlot *free_slot(Dma *d)
{
    for (unsigned i = 0; i < DMA_SLOTS; i++) {
        if (!d->slots[i].in_flight) {
            return &d->slots[i];
        }
    }
    return NULL;
}

static void dma_settle(void *opaque)
{
    Dma *d = opaque;
    uint32_t irqs = 0;
    uint64_t first = UINT64_MAX;
    for (unsigned n = 0; n < d->channels; n++) {
        uint32_t *reg = channel_reg(d, n);
        if ((reg[DMA_STATUS] & (STATUS_DONE | STATUS_ERROR)) != 0 &&
            (reg[DMA_CTRL] & CTRL_IRQ) != 0) {
            irqs |= BIT(n);
        }
        if (channel_busy(d, n) && channel_asked(d, n) &&
            d->channel[n].ready < first) {
            first = d->channel[n].ready;
        }
    }
    d->reg[DMA_INT_STATUS] = irqs;
    irq_set(&d->irq, irqs != 0);
    if (d->state == DMA_IDLE) {
        event_schedule(d->dev.events, &d->step,
                       free_slot(d) ? clock_time(d->dev.clock, first)
                                    : TIME_NEVER);
    }
}

static void channel_finish(Dma *d, unsigned n, uint32_t how)
{
    uint32_t *status = &channel_reg(d, n)[DMA_STATUS];
    *status = (*status & ~(uint32_t)STATUS_BUSY) | how;
    d->channel[n].stopping = false;
}

/* -- one burst
 * ------------------------------------------------------------------ */

static uint32_t channel_remain(Dma *d, unsigned n)
{
    return channel_reg(d, n)[DMA_LEN] - d->channel[n].moved;
}

static hwaddr channel_address(Dma *d, unsigned n, bool is_write)
{
    const uint32_t *reg = channel_reg(d, n);
    unsigned at = is_write ? DMA_DST : DMA_SRC;
    bool fixed =
        (reg[DMA_CTRL] & (is_write ? CTRL_DST_FIXED : CTRL_SRC_FIXED)) != 0;
    return ((hwaddr)reg[at + 1] << 32 | reg[at]) +
           (fixed ? 0 : d->channel[n].moved);
}

/* Bytes of the next burst, 1..64. */
static uint64_t channel_burst(Dma *d, unsigned n)
{
    uint32_t ctrl = channel_reg(d, n)[DMA_CTRL];
    bool fixed = ctrl & (CTRL_SRC_FIXED | CTRL_DST_FIXED);
    unsigned most = fixed ? CTRL_SIZE_MAX_FIXED : CTRL_SIZE_MAX;
    unsigned log2 = ctrl >> CTRL_SIZE_SHIFT & 7;
    uint64_t bytes = UINT64_C(1) << (log2 < most ? log2 : most);
    uint64_t limit[] = {
        channel_remain(d, n),
        BOUNDARY - channel_address(d, n, false) % BOUNDARY,
        BOUNDARY - channel_address(d, n, true) % BOUNDARY,
    };
    for (unsigned i = 0; i < sizeof(limit) / sizeof(*limit); i++) {
        bytes = bytes < limit[i] ? bytes : limit[i];
    }
    return bytes;
}

/* The data has moved; the request is complete at tx.done. */
static void dma_moved(PortRequest *rq)
{
    DmaSlot *slot = rq->opaque;
    Dma *d = slot->dma;
    slot->in_flight = false;
    if (d->slot != slot) {
        dma_settle(d); /* a reset came in between: drop it, its slot is free */
        return;
    }
    uint64_t next = clock_cycle_in(d->dev.clock, rq->tx.issue) + 1;
    uint64_t soonest = clock_time(d->dev.clock, next);
    event_schedule(d->dev.events, &d->step,
                   rq->tx.done > soonest ? rq->tx.done : soonest);
}

static void dma_request(Dma *d, bool is_write, uint64_t len)
{
    DmaSlot *slot = d->slot;
    hwaddr addr = channel_address(d, d->turn, is_write);
    d->state = is_write ? DMA_WRITING : DMA_READING;
    slot->in_flight = true;
    slot->rq = (PortRequest){
        .tx = {.addr = addr,
               .va = addr,
               .issue = event_now(d->dev.events),
               .attrs = {.requester_id = d->master.id},
               .kind = ACCESS_DMA},
        .buf = slot->data,
        .len = len,
        .is_write = is_write,
        .done = dma_moved,
        .opaque = slot,
    };
    port_request(&d->master, &slot->rq);
}

/* Begins the next burst, of the first channel after the last one that can. */
static void dma_next(Dma *d)
{
    unsigned last = d->turn;
    for (unsigned i = 1; i <= d->channels; i++) {
        unsigned n = (unsigned)((last + i) % d->channels);
        if (!channel_busy(d, n) || !channel_asked(d, n) ||
            d->channel[n].ready > dma_cycle(d)) {
            continue;
        }
        d->turn = n;
        if (channel_remain(d, n) == 0) {
            channel_finish(d, n, STATUS_DONE);
            continue;
        }
        d->slot = free_slot(d);
        if (d->slot) {
            dma_request(d, false, channel_burst(d, n));
        }
        return;
    }
}

static void dma_step(void *opaque, uint64_t when)
{
    Dma *d = opaque;
    DmaState state = d->state;
    unsigned n = d->turn;
    d->state = DMA_IDLE;
    if (state != DMA_IDLE) {
        const PortRequest *rq = &d->slot->rq;
        bool good = rq->tx.result == MEMTX_OK;
        if (state == DMA_WRITING && good) {
            d->channel[n].moved += (uint32_t)rq->len;
        }
        if (!good) {
            channel_finish(d, n, STATUS_ERROR);
        } else if (state == DMA_WRITING && channel_remain(d, n) == 0) {
            channel_finish(d, n, STATUS_DONE);
        } else if (d->channel[n].stopping) {
            channel_finish(d, n, 0);
        } else if (state == DMA_READING) {
            dma_request(d, true, rq->len);
            return;
        }
        d->slot = NULL;
    }
    dma_next(d);
    dma_settle(d);
}

/* A peripheral asks, or does not any more. */
static void dma_irq_in(void *dev, unsigned line, bool level)
{
    Dma *d = dev;
    if (line >= DMA_LINES) {
        return;
    }
    d->lines = level ? d->lines | BIT(line) : d->lines & ~BIT(line);
    uint64_t edge = clock_cycle_at(d->dev.clock, event_now(d->dev.events));
    for (unsigned n = 0; level && n < d->channels; n++) {
        uint32_t ctrl = channel_reg(d, n)[DMA_CTRL];
        bool its = (ctrl >> CTRL_LINE_SHIFT & (DMA_LINES - 1)) == line;
        if (ctrl & CTRL_PACED && its && d->channel[n].ready < edge) {
            d->channel[n].ready = edge;
        }
    }
    dma_settle(d);
}

static unsigned dma_irq_lines(const Device *dev)
{
    return DMA_LINES;
}

/* -- registers
 * ---------------------------------------------------------------------- */

static uint32_t dma_read_remain(void *opaque)
{
    Dma *d = opaque;
    return channel_remain(d, d->bank.index / DMA_CHANNEL_REGS);
}

/* Puts back what may not be written now. */
static bool dma_refuse(Dma *d, uint32_t old)
{
    unsigned n = d->bank.index / DMA_CHANNEL_REGS;
    const char *why = n >= d->channels     ? "does not exist"
                      : channel_busy(d, n) ? "is busy"
                                           : NULL;
    if (why) {
        d->reg[d->bank.index] = old;
        device_guest_error(&d->dev, "%s written: channel %u %s",
                           d->bank.spec[d->bank.index % DMA_CHANNEL_REGS].name,
                           n, why);
    }
    return why;
}

static void dma_wrote_operand(void *opaque, uint32_t old)
{
    Dma *d = opaque;
    if (!dma_refuse(d, old) && d->bank.index % DMA_CHANNEL_REGS == DMA_LEN) {
        d->channel[d->bank.index / DMA_CHANNEL_REGS].moved = 0;
    }
}

static void dma_wrote_ctrl(void *opaque, uint32_t old)
{
    Dma *d = opaque;
    unsigned n = d->bank.index / DMA_CHANNEL_REGS;
    uint32_t *reg = channel_reg(d, n);
    uint32_t word = reg[DMA_CTRL];
    if (n < d->channels && channel_busy(d, n) && !(word & CTRL_START)) {
        /* A busy channel can be stopped and its interrupt switched. */
        reg[DMA_CTRL] = (old & ~(uint32_t)CTRL_IRQ) | (word & CTRL_IRQ);
        if (word & CTRL_STOP && d->state != DMA_IDLE && d->turn == n) {
            d->channel[n].stopping = true;
        } else if (word & CTRL_STOP) {
            channel_finish(d, n, 0);
        }
        return;
    }
    if (dma_refuse(d, old)) {
        return;
    }
    reg[DMA_CTRL] = word & CTRL_KEPT;
    if (word & CTRL_START) {
        reg[DMA_STATUS] = STATUS_BUSY;
        d->channel[n].moved = 0;
        d->channel[n].ready = dma_cycle(d) + d->setup;
    }
}

/* One channel's, then the common one. */
static const RegSpec dma_regs[] = {
    [DMA_SRC] = {.name = "SRC",
                 .writable = UINT32_MAX,
                 .written = dma_wrote_operand},
    [DMA_SRC_HI] = {.name = "SRC_HI",
                    .writable = UINT32_MAX,
                    .written = dma_wrote_operand},
    [DMA_DST] = {.name = "DST",
                 .writable = UINT32_MAX,
                 .written = dma_wrote_operand},
    [DMA_DST_HI] = {.name = "DST_HI",
                    .writable = UINT32_MAX,
                    .written = dma_wrote_operand},
    [DMA_LEN] = {.name = "LEN",
                 .writable = UINT32_MAX,
                 .written = dma_wrote_operand},
    [DMA_CTRL] = {.name = "CTRL",
                  .writable = CTRL_KEPT | CTRL_START | CTRL_STOP,
                  .written = dma_wrote_ctrl},
    [DMA_STATUS] = {.name = "STATUS", .w1c = STATUS_DONE | STATUS_ERROR},
    [DMA_REMAIN] = {.name = "REMAIN", .read = dma_read_remain},
    [DMA_CHANNEL_REGS] = {.name = "INT_STATUS"},
};

/* -- life
 * ------------------------------------------------------------------------------
 */

static bool dma_init(Device *dev, Error **errp)
{
    Dma *d = (Dma *)dev;
    if (d->channels < 1 || d->channels > DMA_CHANNELS) {
        return error_set(errp, "channels of %s is out of range; 1 to %d",
                         dev->name, DMA_CHANNELS);
    }
    for (unsigned i = 0; i < DMA_SLOTS; i++) {
        d->slots[i].dma = d;
    }
    event_init(dev->events, &d->step, dev->name, EVENT_NORMAL, dma_step, d);
    reg_bank_init(&d->bank, dev, dma_regs, d->reg, DMA_NUM_REGS, dma_settle);
    d->bank.block = DMA_CHANNEL_REGS;
    d->bank.blocks = DMA_CHANNELS;
    return true;
}

/* A request under way comes back later and is dropped then. */
static void dma_reset(Device *dev)
{
    Dma *d = (Dma *)dev;
    d->state = DMA_IDLE;
    d->slot = NULL;
    d->turn = 0;
    for (unsigned n = 0; n < DMA_CHANNELS; n++) {
        d->channel[n] = (DmaChannel){0};
    }
    reg_bank_reset(&d->bank);
}

static const PinSpec dma_pins[] = {
    {"irq", offsetof(Dma, irq), 1, "high while INT_STATUS is not 0"},
    {NULL, 0, 0, NULL},
};

static const ParamSpec dma_params[] = {
    {.name = "master",
     .type = PARAM_MASTER,
     .offset = offsetof(Dma, master),
     .required = true,
     .doc = "the bus on which it reads and writes"},
    {.name = "channels",
     .type = PARAM_UINT,
     .offset = offsetof(Dma, channels),
     .preset = 4,
     .low = 1,
     .high = DMA_CHANNELS,
     .doc = "how many channels"},
    {.name = "setup",
     .type = PARAM_UINT,
     .offset = offsetof(Dma, setup),
     .preset = 4,
     .high = 1000000,
     .doc = "cycles from the start to the first request"},
    {.name = NULL},
};

enum { STRIDE = 4 * DMA_CHANNEL_REGS };
static const RegName dma_registers[] = {
    {"SRC", 4 * DMA_SRC, 4, DMA_CHANNELS, STRIDE, "rw",
     "source address, low word"},
    {"SRC_HI", 4 * DMA_SRC_HI, 4, DMA_CHANNELS, STRIDE, "rw",
     "source address, high word"},
    {"DST", 4 * DMA_DST, 4, DMA_CHANNELS, STRIDE, "rw",
     "destination address, low word"},
    {"DST_HI", 4 * DMA_DST_HI, 4, DMA_CHANNELS, STRIDE, "rw",
     "destination address, high word"},
    {"LEN", 4 * DMA_LEN, 4, DMA_CHANNELS, STRIDE, "rw", "bytes to copy"},
    {"CTRL", 4 * DMA_CTRL, 4, DMA_CHANNELS, STRIDE, "rw",
     "bit 0 START, reads 0; bit 1 IRQ: DONE and ERROR interrupt; bit 2 "
     "SRC_FIXED, bit 3 DST_FIXED: the address stays; bits 6:4 SIZE: log2 of "
     "the bytes of a burst, 0 to 6, with a fixed address to 3; bit 7 STOP; bit "
     "8 PACED: a burst moves while the request line bits 12:9 is high"},
    {"STATUS", 4 * DMA_STATUS, 4, DMA_CHANNELS, STRIDE, "w1c",
     "bit 0 BUSY, read-only; bit 1 DONE; bit 2 ERROR: an access failed"},
    {"REMAIN", 4 * DMA_REMAIN, 4, DMA_CHANNELS, STRIDE, "r",
     "bytes not yet written"},
    {"INT_STATUS", 4 * DMA_INT_STATUS, 4, 1, 0, "r",
     "bit n: channel n interrupts"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

static const FieldName dma_fields[] = {
    {"CTRL", "START", 0, 1, "rw", NULL, "begins a copy; reads 0"},
    {"CTRL", "IRQ", 1, 1, "rw", NULL, "DONE and ERROR interrupt"},
    {"CTRL", "SRC_FIXED", 2, 1, "rw", NULL, "the source address stays"},
    {"CTRL", "DST_FIXED", 3, 1, "rw", NULL, "the destination address stays"},
    {"CTRL", "SIZE", 4, 3, "rw", "1|2|4|8|16|32|64|64", "bytes of a burst"},
    {"CTRL", "STOP", 7, 1, "rw", NULL, "ends a copy; reads 0"},
    {"CTRL", "PACED", 8, 1, "rw", NULL, "bursts wait for the request line"},
    {"CTRL", "LINE", 9, 4, "rw", NULL, "which request line"},
    {"STATUS", "BUSY", 0, 1, "r", NULL, "a copy is under way"},
    {"STATUS", "DONE", 1, 1, "rw", NULL, "a copy has ended"},
    {"STATUS", "ERROR", 2, 1, "rw", NULL, "an access failed"},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const DeviceClass dma_class = {
    .name = "dma",
    .summary = "DMA engine: copies memory as an initiator of its own",
    .source = "docs/devices/dma.md (socscope's own)",
    .size = sizeof(Dma),
    .pins = dma_pins,
    .params = dma_params,
    .registers = dma_registers,
    .fields = dma_fields,
    .mmio_size = 0x1000,
    .init = dma_init,
    .reset = dma_reset,
    .irq_in = dma_irq_in,
    .irq_lines = dma_irq_lines,
};
