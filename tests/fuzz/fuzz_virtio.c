/*
 * fuzz_virtio.c - any driver of a virtio device: registers, rings and memory
 * from the input. Events always end, each at its time; the disk is accessed in
 * its bounds; whatever was done, a reset brings the device back.
 *
 * Input    a byte: device, version, bus, negotiated features; then operations
 *          (enum Op), each with its bytes; what is missing is 0.
 */
#include <string.h>

#include "soc/bus.h"
#include "soc/virtio_blk.h"
#include "soc/virtio_console.h"
#include "soc/virtio_net.h"
#include "soc/virtio_rng.h"
#include "tests/fuzz/fuzz.h"

enum {
    RAM_BYTES = 0x10000,
    RING_BYTES = 0x1000, /* of a queue's three parts, at the begin of RAM */
    RING_ENTRIES = 8,
    OWN = 0x40000,
    DISK_BYTES = 32 * DISK_SECTOR,
    OPERATIONS = 400,
    EVENTS = 200, /* of one operation */
};

typedef enum Op {
    OP_WRITE,  /* register, word */
    OP_READ,   /* offset, log2 of the size */
    OP_POKE,   /* address, length, bytes */
    OP_NOTIFY, /* queue */
    OP_RUN,    /* events */
    OP_CHAIN,  /* queue, buffers: address, length, flags */
    OP_INPUT,  /* length of what arrives */
    OP_FIELD,  /* offset, log2 of the size, value: of the configuration */
    OP_RESET,
    OP_REQUEST, /* address, type, sector: a block request's header */
    OP_SETUP,
    OPS
} Op;

typedef struct Fuzz {
    const uint8_t *data;
    size_t size;
    MemoryWorld *world;
    EventQueue events;
    ClockDomain clock;
    DeviceHost host;
    Bus bus;
    MemoryRegion root, ram;
    AddressSpace as;
    Device *dev;
    uint8_t *memory;
    uint8_t image[DISK_BYTES];
    uint16_t available[VIRTIO_QUEUES];
    unsigned next_desc[VIRTIO_QUEUES];
    uint64_t wanted; /* features */
} Fuzz;

static uint64_t take(Fuzz *f, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes && f->size; i++) {
        value |= (uint64_t)*f->data++ << 8 * i;
        f->size--;
    }
    return value;
}

static Virtio *virtio(Fuzz *f)
{
    return (Virtio *)f->dev;
}

/* -- the host ------------------------------------------------------------- */

static bool disk_move(Disk *disk, uint64_t offset, const void *from, void *to,
                      uint64_t len)
{
    Fuzz *f = disk->opaque;
    FUZZ_CHECK(offset <= DISK_BYTES && len <= DISK_BYTES - offset);
    if (to) {
        memcpy(to, f->image + offset, len);
    } else if (from) {
        memcpy(f->image + offset, from, len);
    } else {
        memset(f->image + offset, 0, len);
    }
    return f->image[DISK_BYTES - 1] != 0xff; /* the host may fail, too */
}

static bool disk_read(Disk *disk, uint64_t offset, void *buf, size_t len)
{
    return disk_move(disk, offset, NULL, buf, len);
}

static bool disk_write(Disk *disk, uint64_t offset, const void *buf, size_t len)
{
    return disk_move(disk, offset, buf, NULL, len);
}

static bool disk_zero(Disk *disk, uint64_t offset, uint64_t len)
{
    return disk_move(disk, offset, NULL, NULL, len);
}

static bool disk_flush(Disk *disk)
{
    return true;
}

static bool disk_open(void *opaque, const char *file, unsigned mode, Disk *disk,
                      Error **errp)
{
    *disk = (Disk){.size = DISK_BYTES,
                   .read = disk_read,
                   .write = disk_write,
                   .zero = disk_zero,
                   .flush = disk_flush,
                   .opaque = opaque};
    return true;
}

static bool net_open(void *opaque, Device *dev, const NetSpec *spec,
                     Error **errp)
{
    return true;
}

static void net_out(void *opaque, Device *dev, const uint8_t *frame, size_t len)
{
    FUZZ_CHECK(len >= NET_HEADER && len <= NET_FRAME);
    if (frame[0] & 1) {
        dev->cls->net_in(dev, frame, len); /* as soon as that */
    }
}

static void serial_out(void *opaque, Device *dev, uint8_t byte)
{
    if (byte & 1) {
        dev->cls->serial_in(dev, byte);
    }
}

static void nothing(void *opaque, Device *dev) {}

static void guest_error(void *opaque, Device *dev, const char *text)
{
    FUZZ_CHECK(*text && !strchr(text, '\n') && strlen(text) < 160);
}

/* -- the machine ---------------------------------------------------------- */

static const DeviceClass *const classes[] = {
    &virtio_blk_class, &virtio_net_class, &virtio_console_class,
    &virtio_rng_class};

static void begin(Fuzz *f, unsigned how)
{
    f->world = memory_world_new();
    memory_world_enter(f->world);
    event_queue_init(&f->events, f->world);
    clock_init(&f->clock, "fuzz", UINT64_C(1000000000));
    f->host = (DeviceHost){.serial_out = serial_out,
                           .serial_ready = nothing,
                           .guest_error = guest_error,
                           .disk_open = disk_open,
                           .net_open = net_open,
                           .net_close = nothing,
                           .net_out = net_out,
                           .net_ready = nothing,
                           .opaque = f};
    f->dev = calloc(1, classes[how & 3]->size);
    FUZZ_CHECK(f->dev);
    f->dev->cls = classes[how & 3];
    f->dev->name = "fuzz";
    f->dev->events = &f->events;
    f->dev->clock = &f->clock;
    f->dev->host = &f->host;
    for (const ParamSpec *p = f->dev->cls->params; p->name; p++) {
        char *at = (char *)f->dev + p->offset;
        if (p->type == PARAM_STRING || p->type == PARAM_FILE) {
            memcpy(at, &p->text, sizeof(p->text));
        } else if (p->type == PARAM_UINT || p->type == PARAM_TIME) {
            memcpy(at, &p->preset, sizeof(p->preset));
        }
    }
    virtio(f)->version = 1 + (how >> 2 & 1);
    virtio(f)->queue_size = 16;
    FUZZ_CHECK(f->dev->cls->init(f->dev, NULL));
    memory_region_init(&f->root, NULL, "root", UINT64_MAX);
    memory_region_init_ram(&f->ram, NULL, "ram", RAM_BYTES, NULL);
    memory_region_add_subregion(&f->root, 0, &f->ram);
    memory_region_add_subregion(&f->root, OWN, &f->dev->mmio);
    address_space_init(&f->as, &f->root, "as");
    FUZZ_CHECK(bus_init(&f->bus, "bus", &f->clock, &f->events, 4, NULL));
    f->bus.model.id = 1;
    FUZZ_CHECK(port_init(&virtio(f)->master, &f->as, "master", &f->clock,
                         how & 8 ? &f->bus.model : NULL, 0, NULL));
    f->memory = memory_region_get_ram_ptr(&f->ram);
    f->wanted = (how & 16 ? VIRTIO_F_INDIRECT_DESC : 0) |
                (how & 32 ? VIRTIO_F_EVENT_IDX : 0);
    f->dev->cls->reset(f->dev);
}

static void end(Fuzz *f)
{
    port_fini(&virtio(f)->master);
    address_space_destroy(&f->as);
    memory_region_del_subregion(&f->root, &f->dev->mmio);
    memory_region_del_subregion(&f->root, &f->ram);
    f->dev->cls->fini(f->dev);
    memory_region_fini(&f->dev->mmio);
    memory_region_fini(&f->ram);
    memory_region_fini(&f->root);
    bus_fini(&f->bus);
    free(f->dev);
    event_queue_fini(&f->events);
    memory_world_enter(memory_world_default());
    memory_world_free(f->world);
}

/* -- operations ----------------------------------------------------------- */

static void store(Fuzz *f, hwaddr offset, unsigned size, uint64_t value)
{
    memory_region_dispatch_write(&f->dev->mmio, offset, value,
                                 (MemOp)__builtin_ctz(size),
                                 MEMTXATTRS_UNSPECIFIED);
}

static uint64_t load(Fuzz *f, hwaddr offset, unsigned size)
{
    uint64_t value = 0;
    memory_region_dispatch_read(&f->dev->mmio, offset, &value,
                                (MemOp)__builtin_ctz(size),
                                MEMTXATTRS_UNSPECIFIED);
    return value;
}

static void run(Fuzz *f, unsigned events)
{
    unsigned at_once = 0;
    for (unsigned i = 0; i < events && event_next(&f->events) != TIME_NEVER;
         i++) {
        uint64_t before = event_now(&f->events);
        event_run_one(&f->events);
        at_once = event_now(&f->events) == before ? at_once + 1 : 0;
        FUZZ_CHECK(at_once < 16);
    }
}

static hwaddr ring(unsigned queue, unsigned part)
{
    return queue * RING_BYTES + part * 0x400;
}

/* As a driver does that means well. */
static void set_up(Fuzz *f)
{
    bool legacy = virtio(f)->version == 1;
    store(f, VIRTIO_STATUS, 4, 0);
    FUZZ_CHECK(load(f, VIRTIO_STATUS, 4) == 0);
    memset(f->memory, 0, VIRTIO_QUEUES * RING_BYTES);
    store(f, VIRTIO_STATUS, 4, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    store(f, VIRTIO_DRIVER_FEATURES, 4, f->wanted);
    store(f, VIRTIO_DRIVER_FEATURES_SEL, 4, 1);
    store(f, VIRTIO_DRIVER_FEATURES, 4, 1);
    store(f, VIRTIO_STATUS, 4,
          VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    FUZZ_CHECK(load(f, VIRTIO_STATUS, 4) & VIRTIO_FEATURES_OK);
    store(f, VIRTIO_GUEST_PAGE_SIZE, 4, 16);
    for (unsigned q = 0; q < virtio(f)->type->queues; q++) {
        store(f, VIRTIO_QUEUE_SEL, 4, q);
        store(f, VIRTIO_QUEUE_NUM, 4, RING_ENTRIES);
        store(f, VIRTIO_QUEUE_DESC, 4, ring(q, 0));
        store(f, VIRTIO_QUEUE_DRIVER, 4, ring(q, 1));
        store(f, VIRTIO_QUEUE_DEVICE, 4, ring(q, 2));
        store(f, VIRTIO_QUEUE_ALIGN, 4, 0x200);
        store(f, legacy ? VIRTIO_QUEUE_PFN : VIRTIO_QUEUE_READY, 4,
              legacy ? ring(q, 0) / 16 + 0x40 : 1);
        f->available[q] = 0;
        f->next_desc[q] = 0;
        FUZZ_CHECK(virtio(f)->queue[q].ready);
    }
    store(f, VIRTIO_STATUS, 4,
          VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK |
              VIRTIO_DRIVER_OK);
}

static void add_chain(Fuzz *f)
{
    unsigned q = take(f, 1) % virtio(f)->type->queues;
    const VirtioQueue *queue = &virtio(f)->queue[q];
    unsigned count = take(f, 1) % 5, head = f->next_desc[q];
    if (queue->desc >= RAM_BYTES - 0x1000 ||
        queue->driver >= RAM_BYTES - 0x1000) {
        return;
    }
    for (unsigned i = 0; i <= count; i++) {
        uint8_t *desc =
            f->memory + queue->desc + 16 * ((head + i) % RING_ENTRIES);
        uint64_t addr = take(f, 2), len = take(f, 2);
        uint64_t flags = take(f, 1);
        virtio_put(desc, 8, flags & 0x40 ? OWN + addr % 0x200 : addr);
        virtio_put(desc + 8, 4, flags & 0x80 ? len << 16 : len);
        virtio_put(desc + 12, 2, (flags & 6) | (i < count));
        virtio_put(desc + 14, 2, (head + i + 1) % RING_ENTRIES);
    }
    f->next_desc[q] = (head + count + 1) % RING_ENTRIES;
    uint8_t *avail = f->memory + queue->driver;
    virtio_put(avail + 4 + 2 * (f->available[q] % RING_ENTRIES), 2, head);
    virtio_put(avail + 2, 2, ++f->available[q]);
}

static void input(Fuzz *f)
{
    uint8_t frame[NET_FRAME + 8];
    unsigned len = (unsigned)take(f, 2) % sizeof(frame);
    memset(frame, (int)len, sizeof(frame));
    if (f->dev->cls->net_in) {
        f->dev->cls->net_in(f->dev, frame, len);
    }
    for (unsigned i = 0; f->dev->cls->serial_in && i < len % 80; i++) {
        f->dev->cls->serial_in(f->dev, (uint8_t)i);
    }
}

static void operate(Fuzz *f, Op op)
{
    switch (op) {
    case OP_WRITE: {
        hwaddr offset = take(f, 1) % 64 * 4;
        store(f, offset, 4, take(f, 4));
        break;
    }
    case OP_READ: {
        unsigned size = 1u << take(f, 1) % 4;
        load(f, take(f, 2) % VIRTIO_MMIO_SIZE & ~(hwaddr)(size - 1), size);
        break;
    }
    case OP_POKE: {
        hwaddr at = take(f, 2);
        for (unsigned n = (unsigned)take(f, 1) % 16 + 1; n--;) {
            f->memory[at++ % RAM_BYTES] = (uint8_t)take(f, 1);
        }
        break;
    }
    case OP_NOTIFY: store(f, VIRTIO_QUEUE_NOTIFY, 4, take(f, 1)); break;
    case OP_RUN: run(f, (unsigned)take(f, 1) % EVENTS); break;
    case OP_CHAIN: add_chain(f); break;
    case OP_INPUT: input(f); break;
    case OP_FIELD: {
        unsigned size = 1u << take(f, 1) % 4;
        hwaddr offset = VIRTIO_CONFIG + take(f, 1) % 128;
        store(f, offset & ~(hwaddr)(size - 1), size, take(f, 4));
        break;
    }
    case OP_RESET: f->dev->cls->reset(f->dev); break;
    case OP_REQUEST: {
        uint8_t *at = f->memory + take(f, 2) % (RAM_BYTES - 16);
        virtio_put(at, 8, take(f, 1) % 16);
        virtio_put(at + 8, 8, take(f, 1));
        break;
    }
    case OP_SETUP: set_up(f); break;
    case OPS: break;
    }
}

/* Queue 0 works: an empty chain comes back. */
static void check_alive(Fuzz *f)
{
    set_up(f);
    const VirtioQueue *q = &virtio(f)->queue[0];
    bool disk = f->dev->cls == &virtio_blk_class;
    uint8_t *desc = f->memory + q->desc;
    memset(f->memory + 0x8000, 0, 16);
    f->memory[0x8000] = 4; /* FLUSH */
    virtio_put(desc, 8, 0x8000);
    virtio_put(desc + 8, 4, 16);
    virtio_put(desc + 12, 2, disk);
    virtio_put(desc + 14, 2, 1);
    virtio_put(desc + 16, 8, 0x8010);
    virtio_put(desc + 24, 4, 1);
    virtio_put(desc + 28, 2, 2);
    virtio_put(f->memory + q->driver + 4, 2, 0);
    virtio_put(f->memory + q->driver + 2, 2, 1);
    f->memory[0x8010] = 0xee;
    store(f, VIRTIO_QUEUE_NOTIFY, 4, 0);
    input(f);
    run(f, EVENTS);
    FUZZ_CHECK(!virtio(f)->broken);
    bool waits = f->dev->cls == &virtio_net_class ||
                 f->dev->cls == &virtio_console_class; /* for input */
    FUZZ_CHECK(waits || virtio_get(f->memory + q->device + 2, 2) == 1);
    FUZZ_CHECK(!disk || f->memory[0x8010] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Fuzz fuzz;
    Fuzz *f = &fuzz;
    memset(f, 0, sizeof(*f));
    f->data = data;
    f->size = size;
    unsigned how = (unsigned)take(f, 1);
    begin(f, how);
    if (how & 64) {
        set_up(f);
    }
    for (unsigned i = 0; i < OPERATIONS && f->size; i++) {
        operate(f, (Op)(take(f, 1) % OPS));
    }
    run(f, EVENTS);
    check_alive(f);
    end(f);
    return 0;
}
