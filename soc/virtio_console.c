/*
 * virtio_console.c - a serial line without a speed: a virtio console.
 *
 * Model    One port. What the driver sends leaves as it is read from memory;
 *          received bytes wait, up to 64 here and the rest outside, until the
 *          driver has a buffer, which gets what there is.
 * Units    -
 * Source   VIRTIO 1.2, 5.3.
 * Missing  Several ports, the size of the terminal.
 */
#include "soc/virtio_console.h"

#include <string.h>

enum { RX, TX, QUEUES };
enum { F_EMERG_WRITE = 1 << 2 };

/* Fields of the configuration, by offset. */
enum { CFG_EMERG_WR = 8, CFG_SIZE = 12 };

static void send(VirtioConsole *c, uint8_t byte)
{
    Device *dev = &c->virtio.dev;
    dev->host->serial_out(dev->host->opaque, dev, byte);
}

/* -- the driver sends ----------------------------------------------------- */

enum { TX_PULL, TX_PULLED };

static void tx_advance(VirtioConsole *c)
{
    VirtioChain *chain = &c->virtio.chain;
    if (chain->step == TX_PULLED) {
        for (uint64_t i = 0; i < c->virtio.ask_len; i++) {
            send(c, c->data[i]);
        }
    }
    uint64_t left = chain->readable - chain->pull.position;
    chain->step = TX_PULLED;
    if (left) {
        virtio_pull(&c->virtio, c->data,
                    left < sizeof(c->data) ? left : sizeof(c->data));
    } else {
        virtio_done(&c->virtio);
    }
}

static void console_config_written(Virtio *v, unsigned offset, uint32_t value)
{
    if (offset == CFG_EMERG_WR) {
        send((VirtioConsole *)v, (uint8_t)value);
    } else {
        device_guest_error(&v->dev, "offset 0x%x is read-only",
                           offset + VIRTIO_CONFIG);
    }
}

/* -- the driver receives -------------------------------------------------- */

static bool console_wants(const Virtio *v, unsigned queue)
{
    const VirtioConsole *c = (const VirtioConsole *)v;
    return queue == TX || c->count;
}

static bool console_serial_in(Device *dev, uint8_t byte)
{
    VirtioConsole *c = (VirtioConsole *)dev;
    if (c->count == sizeof(c->fifo)) {
        c->refused = true;
        return false;
    }
    c->fifo[c->count++] = byte;
    virtio_settle(&c->virtio);
    return true;
}

enum { RX_FILL, RX_FILLED };

static void rx_advance(VirtioConsole *c)
{
    Virtio *v = &c->virtio;
    uint64_t room = v->chain.writable;
    unsigned n = room < c->count ? (unsigned)room : c->count;
    if (v->chain.step == RX_FILLED || !n) {
        virtio_done(v);
        return;
    }
    v->chain.step = RX_FILLED;
    memcpy(c->data, c->fifo, n);
    memmove(c->fifo, c->fifo + n, c->count - n);
    c->count -= n;
    if (c->refused) {
        c->refused = false;
        v->dev.host->serial_ready(v->dev.host->opaque, &v->dev);
    }
    virtio_push(v, c->data, n);
}

static void console_advance(Virtio *v)
{
    VirtioConsole *c = (VirtioConsole *)v;
    if (v->chain.queue == TX) {
        tx_advance(c);
    } else {
        rx_advance(c);
    }
}

/* -- life ----------------------------------------------------------------- */

static const VirtioType console_type = {
    .id = 3,
    .queues = QUEUES,
    .advance = console_advance,
    .wants = console_wants,
    .config_written = console_config_written,
};

static bool console_init(Device *dev, Error **errp)
{
    Virtio *v = (Virtio *)dev;
    v->type = &console_type;
    v->offered = F_EMERG_WRITE;
    v->config_size = CFG_SIZE;
    return virtio_init(v, errp);
}

static const ParamSpec console_params[] = {
    VIRTIO_PARAMS,
    {.name = NULL},
};

static const RegName console_registers[] = {
    VIRTIO_REGISTERS,
    {"EMERG_WR", VIRTIO_CONFIG + CFG_EMERG_WR, 4, 1, 0, "w",
     "a byte written here leaves at once"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

const DeviceClass virtio_console_class = {
    .name = "virtio-console",
    .summary = "virtio console: a serial device for --serial",
    .source = "VIRTIO 1.2, 5.3",
    .size = sizeof(VirtioConsole),
    .pins = virtio_pins,
    .params = console_params,
    .registers = console_registers,
    .mmio_size = VIRTIO_MMIO_SIZE,
    .init = console_init,
    .reset = virtio_reset,
    .fini = virtio_fini,
    .serial_in = console_serial_in,
};
