/*
 * device.h - what every device model is, and what the composer knows of it.
 *
 * A device is a plain struct with a Device first. Its DeviceClass is a constant
 * table from which sim/ learns everything a config file may say: parameters,
 * pins, interrupt inputs, registers. soc/devices.c lists the classes.
 *
 * Life: sim/ allocates cls->size zeroed bytes, fills the Device part and the
 * parameters, calls init and link (once, may fail), connects pins, calls reset
 * (any time, never fails, never allocates), at the end fini.
 */
#ifndef SOC_DEVICE_H
#define SOC_DEVICE_H

#include "memory/port.h"
#include "soc/event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A wire from a device to whoever listens. Zero-initialised: not connected. */
typedef struct Irq {
    void (*set)(void *opaque, unsigned line, bool level);
    void *opaque;
    unsigned line;
    bool level;
} Irq;

/* Drives the wire; the listener hears only changes. */
static inline void irq_set(Irq *irq, bool level)
{
    if (irq->level != level) {
        irq->level = level;
        if (irq->set) {
            irq->set(irq->opaque, irq->line, level);
        }
    }
}

typedef struct Device Device;
typedef struct Disk Disk;       /* soc/disk.h */
typedef struct NetSpec NetSpec; /* soc/net.h */

/* An output pin of the config: `irq: plic0.10`, or a list: `timer: [cpu0.mti]`.
 */
typedef struct PinSpec {
    const char *name;
    size_t offset;  /* of the Irq, or of an Irq array, in the device struct */
    unsigned count; /* at most so many; 1: a single pin */
    const char *doc;
} PinSpec;

typedef enum ParamType {
    PARAM_UINT,   /* uint64_t: plain number */
    PARAM_SIZE,   /* uint64_t: bytes, with KiB MiB GiB */
    PARAM_HZ,     /* uint64_t: with kHz MHz GHz */
    PARAM_TIME,   /* uint64_t: ps, with ps ns us ms s */
    PARAM_BOOL,   /* bool */
    PARAM_STRING, /* const char *, owned by the machine */
    PARAM_FILE,   /* the same, relative to the file that says it */
    PARAM_TEXTS, /* a map of names and texts: const char *, a line NAME=TEXT for
                    each in the order of the file, owned by the machine */
    PARAM_MASTER, /* MemoryPort: the bus the device is an initiator on */
    PARAM_MEMORY, /* MemoryRegion *, NULL if silent: a memory by its name */
    PARAM_DEVICE, /* Device *, of type `text`: another one by its name; it is
                     there in link() */
} ParamType;

typedef struct ParamSpec {
    const char *name;
    ParamType type;
    size_t offset;      /* in the device struct */
    uint64_t preset;    /* value when the config is silent (numbers, bool) */
    const char *text;   /* the same for texts */
    uint64_t low, high; /* inclusive bounds of a number; high 0: none */
    bool required;
    const char *doc;
} ParamSpec;

/* A register, for `socscope devices TYPE`, reports and the MMIO log. */
typedef struct RegName {
    const char *name;
    hwaddr offset;
    unsigned size;  /* bytes */
    unsigned count; /* how many, size apart (or `stride`); 0 and 1: one */
    unsigned stride;
    const char *access; /* "rw", "r", "w", "w1c", ... */
    const char *doc;
} RegName;

/* What a register does that only stores (soc/registers.c). */
typedef struct RegPlain {
    uint64_t reset;
    bool readable, writable;
    bool w1c; /* a written 1 clears */
} RegPlain;

/* A part of a register, for the same: `uart0.LCR.DLAB`. Of a register without
 * any nothing is decoded. */
typedef struct FieldName {
    const char *reg; /* the register's name in the RegName table */
    const char *name;
    unsigned low, width; /* bits */
    const char *access;  /* "r" or "w": in reads, in writes only; "rw" */
    const char *values;  /* names of 0, 1, ...: "off|on"; may be NULL */
    const char *doc;
} FieldName;

/* What a device asks of the machine around it; filled by sim/, never NULL
 * after init (the defaults do nothing). */
typedef struct DeviceHost {
    /* A byte leaves a serial port. */
    void (*serial_out)(void *opaque, Device *dev, uint8_t byte);
    /* The device can take another received byte. */
    void (*serial_ready)(void *opaque, Device *dev);
    /* The guest ended the run with this exit status (0..255). */
    void (*finish)(void *opaque, Device *dev, int status);
    void (*reset_request)(void *opaque, Device *dev);
    /* The guest marked a phase: id > 0 starts it, 0 ends it. */
    void (*phase)(void *opaque, Device *dev, unsigned id);
    /* A guest error: wrote a read-only register, ... One line, no newline. */
    void (*guest_error)(void *opaque, Device *dev, const char *text);
    /* A traffic source will never issue again (soc/traffic.h). */
    void (*traffic_ended)(void *opaque, Device *dev);
    /* Opens an image of the host, from init; the device closes it. */
    bool (*disk_open)(void *opaque, const char *file, unsigned mode, Disk *disk,
                      Error **errp);
    /* Connects a network card, from init; the device disconnects it. */
    bool (*net_open)(void *opaque, Device *dev, const NetSpec *spec,
                     Error **errp);
    void (*net_close)(void *opaque, Device *dev);
    /* A frame leaves the card: NET_HEADER to NET_FRAME bytes. */
    void (*net_out)(void *opaque, Device *dev, const uint8_t *frame,
                    size_t len);
    /* The card can take another frame. */
    void (*net_ready)(void *opaque, Device *dev);
    void *opaque;
} DeviceHost;

typedef struct DeviceClass {
    const char *name;         /* "timer": the `type:` of a config entry */
    const char *summary;      /* one line */
    const char *source;       /* the document it follows */
    size_t size;              /* bytes of the device struct */
    const PinSpec *pins;      /* ends with a NULL name; may be NULL */
    const ParamSpec *params;  /* ends with a NULL name; may be NULL */
    const RegName *registers; /* ends with a NULL name; may be NULL */
    const FieldName *fields;  /* ends with a NULL reg; may be NULL */
    const RegPlain *plain;    /* of each of `registers`; may be NULL */
    uint64_t mmio_size;     /* bytes it takes in the map; 0: it is not there */
    const char *mmio_param; /* PARAM_SIZE that says it instead; NULL: none */
    bool traffic;           /* the struct begins with a Traffic */
    bool (*init)(Device *dev, Error **errp);
    /* Joins the devices its parameters name; after every init. May be NULL. */
    bool (*link)(Device *dev, Error **errp);
    void (*reset)(Device *dev);
    void (*fini)(Device *dev); /* NULL if init allocates nothing */
    /* An interrupt input, `NAME.LINE` in a config. NULL: it has none. */
    void (*irq_in)(void *dev, unsigned line, bool level);
    unsigned (*irq_lines)(const Device *dev); /* lines are 0 .. this - 1 */
    /* A byte arrives at a serial port. False: no room, try again after
     * serial_ready. NULL: not a serial device. */
    bool (*serial_in)(Device *dev, uint8_t byte);
    /* A frame arrives. False: no room, try again after net_ready. NULL: not a
     * network card. */
    bool (*net_in)(Device *dev, const uint8_t *frame, size_t len);
} DeviceClass;

struct Device {
    const DeviceClass *cls;
    const char *name;         /* "timer0"; owned by the machine */
    EventQueue *events;       /* borrowed */
    const ClockDomain *clock; /* borrowed; of the bus it sits on */
    const DeviceHost *host;   /* borrowed */
    MemoryRegion mmio;        /* made by init; name = dev->name */
};

/* Every device class there is, ends with NULL. */
extern const DeviceClass *const device_classes[];
const DeviceClass *device_class_find(const char *name); /* NULL: none */
/* Name of the register at offset ("LSR", "PRIORITY[3]"); "" when none. */
void device_register_name(const DeviceClass *cls, hwaddr offset, char *buf,
                          size_t size);

/* Tells the host that software did something the device cannot mean. */
void device_guest_error(Device *dev, const char *fmt, ...) PRINTF_LIKE(2, 3);

#ifdef __cplusplus
}
#endif
#endif
