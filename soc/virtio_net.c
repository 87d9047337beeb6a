/*
 * virtio_net.c - a network card: a virtio network device.
 *
 * Model    One pair of queues, no offloads. A frame leaves when it has been
 *          read from memory. An arriving one waits until the driver has a
 *          buffer, those behind it wait outside; while the driver is not
 *          running, frames are lost.
 * Units    bytes; latency in ps.
 * Source   VIRTIO 1.2, 5.1.
 * Missing  Checksum and segmentation offloads, merged buffers, the control
 *          queue, several queue pairs. The link takes no time but its latency.
 */
#include "soc/virtio_net.h"

#include <stdio.h>
#include <string.h>

enum { RX, TX, QUEUES };

#define F_MAC (UINT64_C(1) << 5)
#define F_STATUS (UINT64_C(1) << 16)

enum { LINK_UP = 1, LEGACY_HEADER = 10, NUM_BUFFERS = 10 };

/* Fields of the configuration, by offset. */
enum { CFG_MAC = 0, CFG_STATUS = 6, CFG_SIZE = 8 };

static unsigned header_size(const VirtioNet *n)
{
    return n->virtio.version == 1 ? LEGACY_HEADER : VIRTIO_NET_HEADER;
}

/* -- the driver sends ----------------------------------------------------- */

enum { TX_PULL, TX_PULLED };

static void tx_advance(VirtioNet *n)
{
    Virtio *v = &n->virtio;
    unsigned header = header_size(n);
    uint64_t len = v->chain.readable;
    if (v->chain.step == TX_PULLED) {
        v->dev.host->net_out(v->dev.host->opaque, &v->dev, n->out + header,
                             (size_t)len - header);
        virtio_done(v);
    } else if (len < header + NET_HEADER || len > header + NET_FRAME) {
        device_guest_error(&v->dev,
                           "a frame of %llu bytes with its header of %u is not "
                           "sent; %d to %d are right",
                           (unsigned long long)len, header, NET_HEADER,
                           NET_FRAME);
        virtio_done(v);
    } else {
        v->chain.step = TX_PULLED;
        virtio_pull(v, n->out, len);
    }
}

/* -- the driver receives -------------------------------------------------- */

static bool net_wants(const Virtio *v, unsigned queue)
{
    const VirtioNet *n = (const VirtioNet *)v;
    return queue == TX || n->received_len;
}

/* The place of the frame that waited is free. */
static void net_call(VirtioNet *n)
{
    Device *dev = &n->virtio.dev;
    n->received_len = 0;
    if (n->refused) {
        n->refused = false;
        dev->host->net_ready(dev->host->opaque, dev);
    }
}

static bool net_in(Device *dev, const uint8_t *frame, size_t len)
{
    VirtioNet *n = (VirtioNet *)dev;
    bool runs = n->virtio.status & VIRTIO_DRIVER_OK && !n->virtio.broken;
    if (!runs || len > NET_FRAME || !len) {
        return true; /* lost */
    }
    if (n->received_len) {
        n->refused = true;
        return false;
    }
    memcpy(n->received, frame, len);
    n->received_len = (unsigned)len;
    virtio_settle(&n->virtio);
    return true;
}

enum { RX_FILL, RX_FILLED };

static void rx_advance(VirtioNet *n)
{
    Virtio *v = &n->virtio;
    unsigned header = header_size(n);
    unsigned len = n->received_len;
    if (v->chain.step == RX_FILLED) {
        virtio_done(v);
        return;
    }
    memset(n->in, 0, header);
    if (header > NUM_BUFFERS) {
        virtio_put(n->in + NUM_BUFFERS, 2, 1);
    }
    memcpy(n->in + header, n->received, len);
    net_call(n);
    if (v->chain.writable < header + len) {
        device_guest_error(&v->dev,
                           "a frame of %u bytes is lost: the buffer has %llu, "
                           "%u of them for the header",
                           len, (unsigned long long)v->chain.writable, header);
        virtio_done(v);
        return;
    }
    v->chain.step = RX_FILLED;
    virtio_push(v, n->in, header + len);
}

static void net_advance(Virtio *v)
{
    VirtioNet *n = (VirtioNet *)v;
    if (v->chain.queue == TX) {
        tx_advance(n);
    } else {
        rx_advance(n);
    }
}

static void net_restarted(Virtio *v)
{
    net_call((VirtioNet *)v);
}

/* -- life ----------------------------------------------------------------- */

static const VirtioType net_type = {
    .id = 1,
    .queues = QUEUES,
    .advance = net_advance,
    .wants = net_wants,
    .reset = net_restarted,
};

/* "52:54:00:12:34:56" of one card, not of a group. */
static bool parse_mac(const char *text, uint8_t mac[6])
{
    unsigned part[6];
    int end = 0;
    if (strlen(text) != 17 ||
        sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &part[0], &part[1], &part[2],
               &part[3], &part[4], &part[5], &end) != 6 ||
        end != 17 || strspn(text, "0123456789abcdefABCDEF:") != 17) {
        return false;
    }
    for (unsigned i = 0; i < 6; i++) {
        mac[i] = (uint8_t)part[i];
    }
    return !(mac[0] & 1);
}

static void net_fini(Device *dev)
{
    dev->host->net_close(dev->host->opaque, dev);
    virtio_fini(dev);
}

static bool net_init(Device *dev, Error **errp)
{
    VirtioNet *n = (VirtioNet *)dev;
    Virtio *v = &n->virtio;
    v->type = &net_type;
    v->offered = F_MAC | F_STATUS;
    v->config_size = CFG_SIZE;
    if (!parse_mac(n->mac, v->config + CFG_MAC)) {
        return error_set(errp,
                         "mac: \"%.40s\" is no address of a card; write it "
                         "like 52:54:00:12:34:56",
                         n->mac);
    }
    virtio_put(v->config + CFG_STATUS, 2, LINK_UP);
    if (!virtio_init(v, errp)) {
        return false;
    }
    if (!dev->host->net_open(dev->host->opaque, dev, &n->net, errp)) {
        virtio_drop(v);
        return false;
    }
    return true;
}

static const ParamSpec net_params[] = {
    {.name = "backend",
     .type = PARAM_STRING,
     .offset = offsetof(VirtioNet, net.backend),
     .text = "none",
     .doc = "what the card is connected to: none, loopback (frames come back) "
            "or user (a network of the host's user)"},
    {.name = "mac",
     .type = PARAM_STRING,
     .offset = offsetof(VirtioNet, mac),
     .text = "52:54:00:12:34:56",
     .doc = "address of the card"},
    {.name = "hostfwd",
     .type = PARAM_STRING,
     .offset = offsetof(VirtioNet, net.hostfwd),
     .text = "",
     .doc = "user: ports of the host that lead to the guest, like "
            "tcp:127.0.0.1:2222-:22, several with commas"},
    {.name = "restrict",
     .type = PARAM_BOOL,
     .offset = offsetof(VirtioNet, net.restricted),
     .doc = "user: the guest reaches nothing outside but by hostfwd"},
    {.name = "latency",
     .type = PARAM_TIME,
     .offset = offsetof(VirtioNet, net.latency),
     .preset = PS_PER_SECOND / 100000,
     .low = 1,
     .high = PS_PER_SECOND,
     .doc = "until a frame that is sent, or answered, arrives"},
    VIRTIO_PARAMS,
    {.name = NULL},
};

static const RegName net_registers[] = {
    VIRTIO_REGISTERS,
    {"MAC", VIRTIO_CONFIG + CFG_MAC, 1, 6, 1, "r", "address of the card"},
    {"LINK", VIRTIO_CONFIG + CFG_STATUS, 2, 1, 0, "r",
     "bit 0: the link is up; 1"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

const DeviceClass virtio_net_class = {
    .name = "virtio-net",
    .summary = "virtio network card: loopback, or the user's network",
    .source = "VIRTIO 1.2, 5.1",
    .size = sizeof(VirtioNet),
    .pins = virtio_pins,
    .params = net_params,
    .registers = net_registers,
    .mmio_size = VIRTIO_MMIO_SIZE,
    .init = net_init,
    .reset = virtio_reset,
    .fini = net_fini,
    .net_in = net_in,
};
