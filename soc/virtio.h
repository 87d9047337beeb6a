/*
 * virtio.h - what all virtio devices are made of: the MMIO transport and the
 * engine that walks virtqueues.
 *
 * A device is a struct with a Virtio first and a VirtioType that says what is
 * special about it. The engine (virtio_queue.c) takes a chain of buffers from a
 * queue and calls type->advance() until the device says that it is done with
 * the chain; each call ends by asking for one thing: virtio_pull(),
 * virtio_push(), virtio_wait(), virtio_done() or virtio_broken().
 */
#ifndef SOC_VIRTIO_H
#define SOC_VIRTIO_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    VIRTIO_QUEUES = 2,
    VIRTIO_QUEUE_MAX = 1024,
    VIRTIO_PIECE = 4096, /* bytes of a request at most */
    VIRTIO_SLOTS = 4,
    VIRTIO_CONFIG = 0x100, /* offset of the device's own fields */
    VIRTIO_CONFIG_MAX = 64,
    VIRTIO_MMIO_SIZE = 0x1000,
};

/* Registers (VIRTIO 1.2, 4.2.2 and 4.2.4). */
enum {
    VIRTIO_MAGIC = 0x000,
    VIRTIO_VERSION = 0x004,
    VIRTIO_DEVICE_ID = 0x008,
    VIRTIO_VENDOR_ID = 0x00c,
    VIRTIO_DEVICE_FEATURES = 0x010,
    VIRTIO_DEVICE_FEATURES_SEL = 0x014,
    VIRTIO_DRIVER_FEATURES = 0x020,
    VIRTIO_DRIVER_FEATURES_SEL = 0x024,
    VIRTIO_GUEST_PAGE_SIZE = 0x028, /* legacy */
    VIRTIO_QUEUE_SEL = 0x030,
    VIRTIO_QUEUE_NUM_MAX = 0x034,
    VIRTIO_QUEUE_NUM = 0x038,
    VIRTIO_QUEUE_ALIGN = 0x03c, /* legacy */
    VIRTIO_QUEUE_PFN = 0x040,   /* legacy */
    VIRTIO_QUEUE_READY = 0x044,
    VIRTIO_QUEUE_NOTIFY = 0x050,
    VIRTIO_INTERRUPT_STATUS = 0x060,
    VIRTIO_INTERRUPT_ACK = 0x064,
    VIRTIO_STATUS = 0x070,
    VIRTIO_QUEUE_DESC = 0x080,
    VIRTIO_QUEUE_DRIVER = 0x090,
    VIRTIO_QUEUE_DEVICE = 0x0a0,
    VIRTIO_SHM_SEL = 0x0ac,
    VIRTIO_SHM_LEN = 0x0b0,
    VIRTIO_SHM_BASE = 0x0b8,
    VIRTIO_CONFIG_GENERATION = 0x0fc,
};

/* STATUS bits (2.1). */
enum {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128,
};

/* INTERRUPT_STATUS bits. */
enum { VIRTIO_INT_USED = 1, VIRTIO_INT_CONFIG = 2 };

/* Features of all devices (6). */
#define VIRTIO_F_ANY_LAYOUT (UINT64_C(1) << 27)
#define VIRTIO_F_INDIRECT_DESC (UINT64_C(1) << 28)
#define VIRTIO_F_EVENT_IDX (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)

typedef struct Virtio Virtio;

/* What is special about one kind of device. */
typedef struct VirtioType {
    uint32_t id; /* DEVICE_ID; 0: an empty slot */
    unsigned queues;
    /* Goes on with v->chain; step 0: it is new. */
    void (*advance)(Virtio *v);
    /* May a buffer be taken from that queue now? NULL: always. */
    bool (*wants)(const Virtio *v, unsigned queue);
    /* The driver writes a field; NULL: they are all read-only. */
    void (*config_written)(Virtio *v, unsigned offset, uint32_t value);
    void (*reset)(Virtio *v); /* may be NULL */
} VirtioType;

typedef struct VirtioQueue {
    /* as the driver set it up */
    uint32_t num, align, pfn;
    bool ready;
    uint64_t desc, driver, device; /* where its three parts are */
    /* where the device is */
    bool pending;       /* there may be buffers that it has not taken */
    uint16_t taken;     /* entries of the available ring */
    uint16_t available; /* that ring's idx, as last read */
    uint16_t used;      /* the used ring's idx */
} VirtioQueue;

typedef struct VirtioSegment {
    uint64_t addr;
    uint32_t len;
} VirtioSegment;

/* How far a side of a chain has come. */
typedef struct VirtioCursor {
    unsigned segment;
    uint32_t at;       /* bytes into it */
    uint64_t position; /* bytes from the side's begin */
} VirtioCursor;

/* Buffers that the driver made available together: first those that the device
 * reads, then those that it writes. */
typedef struct VirtioChain {
    unsigned queue;
    uint16_t head;
    unsigned step; /* the device's; 0: the chain is new */
    VirtioSegment segment[VIRTIO_QUEUE_MAX];
    unsigned segments, outs;     /* outs: of them are read */
    uint64_t readable, writable; /* bytes */
    VirtioCursor pull, push;
    uint64_t written; /* bytes from the first writable one without a gap */
    /* while its descriptors are read */
    uint64_t table; /* of the descriptor under way */
    uint32_t entries, index, seen;
    bool indirect;
} VirtioChain;

typedef enum VirtioState {
    VIRTIO_IDLE,
    VIRTIO_READ_AVAIL, /* idx of the available ring */
    VIRTIO_READ_HEAD,
    VIRTIO_READ_DESC,
    VIRTIO_MOVE, /* what the device asked for */
    VIRTIO_WAIT,
    VIRTIO_WRITE_USED,
    VIRTIO_WRITE_USED_IDX,
    VIRTIO_READ_EVENT,  /* is an interrupt wanted? */
    VIRTIO_WRITE_EVENT, /* from where on a notification is */
} VirtioState;

typedef enum VirtioAsk {
    VIRTIO_ASK_NOTHING,
    VIRTIO_ASK_PULL,
    VIRTIO_ASK_PUSH,
    VIRTIO_ASK_WAIT,
    VIRTIO_ASK_DONE,
} VirtioAsk;

/* A request and its data. Reset leaves a slot to a request under way. */
typedef struct VirtioSlot {
    PortRequest rq;
    Virtio *virtio;
    bool in_flight;
    uint8_t data[VIRTIO_PIECE];
} VirtioSlot;

struct Virtio {
    Device dev;
    MemoryPort master;
    uint64_t version;    /* 1: legacy, 2 */
    uint64_t queue_size; /* QUEUE_NUM_MAX */
    Irq irq;
    /* set by the device's init, before virtio_init() */
    const VirtioType *type;
    uint64_t offered; /* features; those of all devices are added */
    uint8_t config[VIRTIO_CONFIG_MAX];
    unsigned config_size;
    /* registers */
    uint64_t features; /* that the driver took */
    uint32_t offered_sel, features_sel, queue_sel, page_size;
    uint32_t status, interrupts;
    bool broken; /* the driver did what it must not: nothing until a reset */
    VirtioQueue queue[VIRTIO_QUEUES];
    /* the engine */
    VirtioState state;
    unsigned turn;    /* queue that was, or is, looked at */
    bool armed;       /* its notification is switched on */
    VirtioSlot *slot; /* of the request under way; NULL: none */
    VirtioSlot *slots;
    VirtioAsk ask;
    uint8_t *ask_buf;
    uint64_t ask_len, ask_done, ask_time;
    VirtioChain chain;
    Event step;
};

/* The registers of all virtio devices, for a table of RegName. */
#define VIRTIO_REGISTERS                                                         \
    {"MAGIC", VIRTIO_MAGIC, 4, 1, 0, "r", "0x74726976, \"virt\""},               \
        {"VERSION", VIRTIO_VERSION, 4, 1, 0, "r", "1: legacy, 2"},               \
        {"DEVICE_ID",                                                            \
         VIRTIO_DEVICE_ID,                                                       \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "r",                                                                    \
         "0: none, 1 net, 2 block, 3 console, 4 entropy"},                       \
        {"VENDOR_ID", VIRTIO_VENDOR_ID, 4, 1, 0, "r", "0x6f636f73, \"soco\""},   \
        {"DEVICE_FEATURES",                                                      \
         VIRTIO_DEVICE_FEATURES,                                                 \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "r",                                                                    \
         "32 features that are offered"},                                        \
        {"DEVICE_FEATURES_SEL", VIRTIO_DEVICE_FEATURES_SEL, 4, 1, 0, "w",        \
         "which 32: 0 or 1"},                                                    \
        {"DRIVER_FEATURES",           VIRTIO_DRIVER_FEATURES, 4, 1, 0, "w",      \
         "32 features that are taken"},                                          \
        {"DRIVER_FEATURES_SEL", VIRTIO_DRIVER_FEATURES_SEL, 4, 1, 0, "w",        \
         "which 32: 0 or 1"},                                                    \
        {"GUEST_PAGE_SIZE",                                                      \
         VIRTIO_GUEST_PAGE_SIZE,                                                 \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "w",                                                                    \
         "legacy: bytes that QUEUE_PFN counts in"},                              \
        {"QUEUE_SEL",                                                            \
         VIRTIO_QUEUE_SEL,                                                       \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "w",                                                                    \
         "the queue that other registers are about"},                            \
        {"QUEUE_NUM_MAX",                                                        \
         VIRTIO_QUEUE_NUM_MAX,                                                   \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "r",                                                                    \
         "its entries at most; 0: there is no such queue"},                      \
        {"QUEUE_NUM",                                                            \
         VIRTIO_QUEUE_NUM,                                                       \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "w",                                                                    \
         "its entries, a power of two"},                                         \
        {"QUEUE_ALIGN",                                                          \
         VIRTIO_QUEUE_ALIGN,                                                     \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "w",                                                                    \
         "legacy: of the used ring, a power of two"},                            \
        {"QUEUE_PFN",                                                            \
         VIRTIO_QUEUE_PFN,                                                       \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "rw",                                                                   \
         "legacy: page in which it begins; 0 stops it"},                         \
        {"QUEUE_READY",                                                          \
         VIRTIO_QUEUE_READY,                                                     \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "rw",                                                                   \
         "bit 0: the device may use it"},                                        \
        {"QUEUE_NOTIFY",                                                         \
         VIRTIO_QUEUE_NOTIFY,                                                    \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "w",                                                                    \
         "number of a queue with new buffers"},                                  \
        {"INTERRUPT_STATUS",                                                     \
         VIRTIO_INTERRUPT_STATUS,                                                \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "r",                                                                    \
         "bit 0: buffers were used; bit 1: the configuration or NEEDS_RESET "    \
         "changed"},                                                             \
        {"INTERRUPT_ACK",                                                        \
         VIRTIO_INTERRUPT_ACK,                                                   \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "w",                                                                    \
         "1s clear bits of INTERRUPT_STATUS"},                                   \
        {"STATUS",                                                               \
         VIRTIO_STATUS,                                                          \
         4,                                                                      \
         1,                                                                      \
         0,                                                                      \
         "rw",                                                                   \
         "bit 0 ACKNOWLEDGE, 1 DRIVER, 2 DRIVER_OK, 3 FEATURES_OK, 6 "           \
         "NEEDS_RESET, 7 FAILED; 0 resets"},                                     \
        {"QUEUE_DESC",                                                           \
         VIRTIO_QUEUE_DESC,                                                      \
         4,                                                                      \
         2,                                                                      \
         4,                                                                      \
         "w",                                                                    \
         "address of the descriptors, low and high word"},                       \
        {"QUEUE_DRIVER",         VIRTIO_QUEUE_DRIVER, 4, 2, 4, "w",              \
         "of the available ring"},                                               \
        {"QUEUE_DEVICE", VIRTIO_QUEUE_DEVICE, 4, 2, 4, "w", "of the used ring"}, \
        {"SHM_SEL", VIRTIO_SHM_SEL, 4, 1, 0, "w", "ignored: there is none"},     \
        {"SHM_LEN",                                                              \
         VIRTIO_SHM_LEN,                                                         \
         4,                                                                      \
         2,                                                                      \
         4,                                                                      \
         "r",                                                                    \
         "0xffffffff: there is no shared memory"},                               \
        {"SHM_BASE", VIRTIO_SHM_BASE, 4, 2, 4, "r", "0xffffffff: none"},         \
    {                                                                            \
        "CONFIG_GENERATION", VIRTIO_CONFIG_GENERATION, 4, 1, 0, "r",             \
            "0: the fields below never change"                                   \
    }

/* The parameters of all of them, for a table of ParamSpec. */
#define VIRTIO_PARAMS                                                          \
    {.name = "version",                                                        \
     .type = PARAM_UINT,                                                       \
     .offset = offsetof(Virtio, version),                                      \
     .preset = 2,                                                              \
     .low = 1,                                                                 \
     .high = 2,                                                                \
     .doc = "of the transport: 1 legacy, 2 (VIRTIO 1.0 and later)"},           \
        {.name = "master",                                                     \
         .type = PARAM_MASTER,                                                 \
         .offset = offsetof(Virtio, master),                                   \
         .doc = "the bus on which it reads and writes; its own if not given"}, \
    {                                                                          \
        .name = "queue_size", .type = PARAM_UINT,                              \
        .offset = offsetof(Virtio, queue_size), .preset = 256, .low = 2,       \
        .high = VIRTIO_QUEUE_MAX,                                              \
        .doc = "entries of a queue at most, a power of two"                    \
    }

extern const PinSpec virtio_pins[];

/* Makes dev->mmio and the engine. */
bool virtio_init(Virtio *v, Error **errp);
/* Takes it back: a device's init fails after it. */
void virtio_drop(Virtio *v);
void virtio_reset(Device *dev);
void virtio_fini(Device *dev);
/* Recomputes the interrupt, and whether the engine has something to do: when a
 * queue that `wants` may have changed. */
void virtio_settle(Virtio *v);

/* -- what advance() ends with --------------------------------------------- */

/* The next len bytes of what the driver wrote into buf, which is the device's
 * until advance() is called again. A chain that has fewer is broken. */
void virtio_pull(Virtio *v, void *buf, uint64_t len);
/* buf into the next len bytes of what the driver reads. */
void virtio_push(Virtio *v, const void *buf, uint64_t len);
/* Goes on at `when`, ps. */
void virtio_wait(Virtio *v, uint64_t when);
/* The driver gets the chain back. */
void virtio_done(Virtio *v);
/* Nothing until a reset: NEEDS_RESET, and a guest error. */
void virtio_broken(Virtio *v, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The next virtio_push() goes to this byte of the writable part. */
void virtio_push_at(Virtio *v, uint64_t position);

/* -- the engine, for virtio.c --------------------------------------------- */

bool virtio_queue_init(Virtio *v, Error **errp);
void virtio_queue_fini(Virtio *v);
void virtio_queue_settle(Virtio *v);
/* Forgets what is under way. */
void virtio_queue_reset(Virtio *v);
/* The driver has set that queue up; false: not as it must be. */
bool virtio_queue_start(Virtio *v, unsigned queue);
void virtio_queue_stop(Virtio *v, unsigned queue);

/* -- little-endian fields ------------------------------------------------- */

static inline uint64_t virtio_get(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = size; i--;) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static inline void virtio_put(uint8_t *bytes, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

extern const DeviceClass virtio_mmio_class; /* an empty slot */

#ifdef __cplusplus
}
#endif
#endif
