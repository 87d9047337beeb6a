/*
 * virtio_blk.c - a disk: a virtio block device over an image of the host.
 *
 * Model    One request at a time: its header, `latency`, its data in pieces of
 *          4 KiB between image and memory, its status. What the driver asks for
 *          in vain (out of range, not whole sectors, a disk that may not be
 *          written) ends with IOERR, what is unknown with UNSUPP.
 * Units    ps; offsets in bytes.
 * Source   VIRTIO 1.2, 5.2.
 * Missing  Several queues, several requests under way, geometry, topology,
 *          switching the write cache, zoned disks, secure erase, lifetime.
 */
#include "soc/virtio_blk.h"

#include <string.h>

enum {
    F_SEG_MAX = 1 << 2,
    F_RO = 1 << 5,
    F_BLK_SIZE = 1 << 6,
    F_FLUSH = 1 << 9,
    F_DISCARD = 1 << 13,
    F_WRITE_ZEROES = 1 << 14,
};

/* Request types. */
enum {
    T_IN = 0,
    T_OUT = 1,
    T_FLUSH = 4,
    T_GET_ID = 8,
    T_DISCARD = 11,
    T_WRITE_ZEROES = 13,
};

enum { S_OK, S_IOERR, S_UNSUPP };

enum {
    ZERO_SECTORS = 2048, /* of one DISCARD or WRITE_ZEROES */
    RANGE_UNMAP = 1,     /* flag of WRITE_ZEROES */
};

/* chain.step */
enum {
    STEP_HEADER,
    STEP_LATENCY,
    STEP_BEGIN,
    STEP_READ,    /* the next piece of the image */
    STEP_WRITE,   /* the next piece of the guest */
    STEP_WRITTEN, /* which is in `data` */
    STEP_RANGE,
    STEP_STATUS,
    STEP_DONE,
};

static VirtioChain *chain(VirtioBlk *b)
{
    return &b->virtio.chain;
}

/* Puts the status into the last byte that the driver reads. */
static void finish(VirtioBlk *b, uint8_t status)
{
    b->status = status;
    chain(b)->step = STEP_DONE;
    virtio_push_at(&b->virtio, chain(b)->writable - 1);
    virtio_push(&b->virtio, &b->status, 1);
}

static void host_failed(VirtioBlk *b, const char *what)
{
    device_guest_error(&b->virtio.dev, "the host cannot %s the image", what);
    finish(b, S_IOERR);
}

/* Is it a range of whole sectors on the disk? Else the request is over. */
static bool in_range(VirtioBlk *b, uint64_t sector, uint64_t bytes)
{
    uint64_t sectors = b->disk.size / DISK_SECTOR;
    if (bytes % DISK_SECTOR || sector > sectors ||
        bytes / DISK_SECTOR > sectors - sector) {
        device_guest_error(&b->virtio.dev,
                           "%llu bytes at sector %llu of a disk of %llu "
                           "sectors",
                           (unsigned long long)bytes,
                           (unsigned long long)sector,
                           (unsigned long long)sectors);
        finish(b, S_IOERR);
        return false;
    }
    b->offset = sector * DISK_SECTOR;
    b->bytes = bytes;
    b->moved = 0;
    return true;
}

/* May it be written? Else the request is over. */
static bool writable(VirtioBlk *b)
{
    if (b->read_only) {
        device_guest_error(&b->virtio.dev, "the disk is read-only");
        finish(b, S_IOERR);
    }
    return !b->read_only;
}

/* -- steps ---------------------------------------------------------------- */

static void read_piece(VirtioBlk *b)
{
    uint64_t left = b->bytes - b->moved;
    uint64_t len = left < sizeof(b->data) ? left : sizeof(b->data);
    if (!left) {
        finish(b, S_OK);
    } else if (!b->disk.read(&b->disk, b->offset + b->moved, b->data, len)) {
        host_failed(b, "read");
    } else {
        b->moved += len;
        virtio_push(&b->virtio, b->data, len);
    }
}

static void write_piece(VirtioBlk *b)
{
    uint64_t left = b->bytes - b->moved;
    if (!left) {
        finish(b, S_OK);
        return;
    }
    chain(b)->step = STEP_WRITTEN;
    virtio_pull(&b->virtio, b->data,
                left < sizeof(b->data) ? left : sizeof(b->data));
}

static void written_piece(VirtioBlk *b)
{
    uint64_t len = b->virtio.ask_len;
    if (!b->disk.write(&b->disk, b->offset + b->moved, b->data, len)) {
        host_failed(b, "write");
        return;
    }
    b->moved += len;
    chain(b)->step = STEP_WRITE;
    write_piece(b);
}

static void zero_range(VirtioBlk *b)
{
    uint64_t sector = virtio_get(b->range, 8);
    uint64_t sectors = virtio_get(b->range + 8, 4);
    uint64_t flags = virtio_get(b->range + 12, 4);
    bool zeroes = virtio_get(b->header, 4) == T_WRITE_ZEROES;
    if (flags & ~(zeroes ? (uint64_t)RANGE_UNMAP : 0)) {
        finish(b, S_UNSUPP);
    } else if (sectors > ZERO_SECTORS) {
        finish(b, S_IOERR);
    } else if (in_range(b, sector, sectors * DISK_SECTOR)) {
        if (b->bytes && !b->disk.zero(&b->disk, b->offset, b->bytes)) {
            host_failed(b, "write");
        } else {
            finish(b, S_OK);
        }
    }
}

static void get_id(VirtioBlk *b)
{
    uint64_t room = chain(b)->writable - 1;
    size_t len = strlen(b->serial);
    memset(b->id, 0, sizeof(b->id));
    memcpy(b->id, b->serial, len < sizeof(b->id) ? len : sizeof(b->id));
    chain(b)->step = STEP_STATUS;
    virtio_push(&b->virtio, b->id, room < sizeof(b->id) ? room : sizeof(b->id));
}

static void begin(VirtioBlk *b)
{
    VirtioChain *c = chain(b);
    uint64_t sector = virtio_get(b->header + 8, 8);
    switch (virtio_get(b->header, 4)) {
    case T_IN:
        if (in_range(b, sector, c->writable - 1)) {
            c->step = STEP_READ;
            read_piece(b);
        }
        break;
    case T_OUT:
        if (writable(b) &&
            in_range(b, sector, c->readable - sizeof(b->header))) {
            c->step = STEP_WRITE;
            write_piece(b);
        }
        break;
    case T_FLUSH:
        if (!b->read_only && !b->disk.flush(&b->disk)) {
            host_failed(b, "flush");
        } else {
            finish(b, S_OK);
        }
        break;
    case T_GET_ID: get_id(b); break;
    case T_DISCARD:
    case T_WRITE_ZEROES:
        if (c->readable != sizeof(b->header) + sizeof(b->range)) {
            finish(b, S_UNSUPP);
        } else if (writable(b)) {
            c->step = STEP_RANGE;
            virtio_pull(&b->virtio, b->range, sizeof(b->range));
        }
        break;
    default: finish(b, S_UNSUPP); break;
    }
}

static void blk_advance(Virtio *v)
{
    VirtioBlk *b = (VirtioBlk *)v;
    VirtioChain *c = &v->chain;
    switch (c->step) {
    case STEP_HEADER:
        if (!c->writable) {
            virtio_broken(v, "a request without a byte for its status");
            return;
        }
        c->step = b->latency ? STEP_LATENCY : STEP_BEGIN;
        virtio_pull(v, b->header, sizeof(b->header));
        break;
    case STEP_LATENCY:
        c->step = STEP_BEGIN;
        virtio_wait(v, event_now(v->dev.events) + b->latency);
        break;
    case STEP_BEGIN: begin(b); break;
    case STEP_READ: read_piece(b); break;
    case STEP_WRITE: write_piece(b); break;
    case STEP_WRITTEN: written_piece(b); break;
    case STEP_RANGE: zero_range(b); break;
    case STEP_STATUS: finish(b, S_OK); break;
    default: virtio_done(v); break;
    }
}

/* -- life ----------------------------------------------------------------- */

static const VirtioType blk_type = {
    .id = 2,
    .queues = 1,
    .advance = blk_advance,
};

/* Fields of the configuration, by offset. */
enum {
    CFG_CAPACITY = 0,
    CFG_SEG_MAX = 12,
    CFG_BLK_SIZE = 20,
    CFG_MAX_DISCARD_SECTORS = 36,
    CFG_MAX_DISCARD_SEG = 40,
    CFG_DISCARD_ALIGNMENT = 44,
    CFG_MAX_ZERO_SECTORS = 48,
    CFG_MAX_ZERO_SEG = 52,
    CFG_ZERO_MAY_UNMAP = 56,
    CFG_SIZE = 60,
};

static void blk_fini(Device *dev)
{
    VirtioBlk *b = (VirtioBlk *)dev;
    if (b->disk.close) {
        b->disk.close(&b->disk);
    }
    virtio_fini(dev);
}

static bool blk_init(Device *dev, Error **errp)
{
    VirtioBlk *b = (VirtioBlk *)dev;
    Virtio *v = &b->virtio;
    DiskMode mode = b->read_only  ? DISK_READ_ONLY
                    : b->snapshot ? DISK_SNAPSHOT
                                  : DISK_WRITE;
    v->type = &blk_type;
    if (!virtio_init(v, errp)) {
        return false;
    }
    if (!dev->host->disk_open(dev->host->opaque, b->image, mode, &b->disk,
                              errp)) {
        virtio_drop(v);
        return false;
    }
    v->offered = F_SEG_MAX | F_BLK_SIZE | F_FLUSH |
                 (b->read_only ? (uint64_t)F_RO : F_DISCARD | F_WRITE_ZEROES);
    v->config_size = CFG_SIZE;
    virtio_put(v->config + CFG_CAPACITY, 8, b->disk.size / DISK_SECTOR);
    virtio_put(v->config + CFG_SEG_MAX, 4,
               v->queue_size > 2 ? v->queue_size - 2 : 1);
    virtio_put(v->config + CFG_BLK_SIZE, 4, DISK_SECTOR);
    if (!b->read_only) {
        virtio_put(v->config + CFG_MAX_DISCARD_SECTORS, 4, ZERO_SECTORS);
        virtio_put(v->config + CFG_MAX_DISCARD_SEG, 4, 1);
        virtio_put(v->config + CFG_DISCARD_ALIGNMENT, 4, 1);
        virtio_put(v->config + CFG_MAX_ZERO_SECTORS, 4, ZERO_SECTORS);
        virtio_put(v->config + CFG_MAX_ZERO_SEG, 4, 1);
        virtio_put(v->config + CFG_ZERO_MAY_UNMAP, 1, 1);
    }
    return true;
}

static const ParamSpec blk_params[] = {
    {.name = "image",
     .type = PARAM_FILE,
     .offset = offsetof(VirtioBlk, image),
     .text = "disk.img",
     .required = true,
     .doc = "raw disk image"},
    {.name = "read_only",
     .type = PARAM_BOOL,
     .offset = offsetof(VirtioBlk, read_only),
     .doc = "the guest may not write"},
    {.name = "snapshot",
     .type = PARAM_BOOL,
     .offset = offsetof(VirtioBlk, snapshot),
     .doc = "what the guest writes is kept in memory, not in the image"},
    {.name = "serial",
     .type = PARAM_STRING,
     .offset = offsetof(VirtioBlk, serial),
     .text = "",
     .doc = "what the guest can ask for, 20 characters"},
    {.name = "latency",
     .type = PARAM_TIME,
     .offset = offsetof(VirtioBlk, latency),
     .high = PS_PER_SECOND,
     .doc = "of each request, before its data moves"},
    VIRTIO_PARAMS,
    {.name = NULL},
};

static const RegName blk_registers[] = {
    VIRTIO_REGISTERS,
    {"CAPACITY", VIRTIO_CONFIG + CFG_CAPACITY, 4, 2, 4, "r",
     "sectors of 512 bytes, low and high word"},
    {"SEG_MAX", VIRTIO_CONFIG + CFG_SEG_MAX, 4, 1, 0, "r",
     "buffers of a request at most"},
    {"BLK_SIZE", VIRTIO_CONFIG + CFG_BLK_SIZE, 4, 1, 0, "r",
     "bytes of a sector: 512"},
    {"MAX_DISCARD", VIRTIO_CONFIG + CFG_MAX_DISCARD_SECTORS, 4, 1, 0, "r",
     "of a range: 2048"},
    {"MAX_DISCARD_SEG", VIRTIO_CONFIG + CFG_MAX_DISCARD_SEG, 4, 1, 0, "r",
     "ranges: 1"},
    {"DISCARD_ALIGN", VIRTIO_CONFIG + CFG_DISCARD_ALIGNMENT, 4, 1, 0, "r",
     "any: 1"},
    {"MAX_ZEROES", VIRTIO_CONFIG + CFG_MAX_ZERO_SECTORS, 4, 1, 0, "r",
     "of a range: 2048"},
    {"MAX_ZEROES_SEG", VIRTIO_CONFIG + CFG_MAX_ZERO_SEG, 4, 1, 0, "r",
     "ranges: 1"},
    {"ZEROES_MAY_UNMAP", VIRTIO_CONFIG + CFG_ZERO_MAY_UNMAP, 1, 1, 0, "r",
     "1: a range may become a hole of the image"},
    {NULL, 0, 0, 0, 0, NULL, NULL},
};

const DeviceClass virtio_blk_class = {
    .name = "virtio-blk",
    .summary = "virtio disk over an image file",
    .source = "VIRTIO 1.2, 5.2",
    .size = sizeof(VirtioBlk),
    .pins = virtio_pins,
    .params = blk_params,
    .registers = blk_registers,
    .mmio_size = VIRTIO_MMIO_SIZE,
    .init = blk_init,
    .reset = virtio_reset,
    .fini = blk_fini,
};
