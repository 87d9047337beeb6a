/*
 * machine_private.h - the inside of a Machine, for sim/machine*.c only.
 */
#ifndef SIM_MACHINE_PRIVATE_H
#define SIM_MACHINE_PRIVATE_H

#include <signal.h>

#include "sim/elf.h"
#include "sim/machine.h"

/* A port the machine owns: a device's master, or one added later. */
typedef struct MachinePort {
    MemoryPort *port;
    const char *kind, *owner, *part; /* for the initiator dictionary */
    bool allocated;                  /* port is the machine's to free */
} MachinePort;

/* Bytes on their way into a serial device. */
typedef struct SerialChunk {
    uint64_t when;
    size_t len, used;
    struct SerialChunk *next;
    uint8_t bytes[];
} SerialChunk;

typedef struct MachineSerial {
    Machine *machine;
    Device *dev;
    Event enter;
    SerialChunk *first, *last;
} MachineSerial;

typedef struct MachineClock {
    ClockDomain domain;
    struct MachineClock *next;
} MachineClock;

typedef struct MachineUnmapped {
    Machine *machine;
    MemoryRegion region;
    bool mapped;
} MachineUnmapped;

typedef struct MachineString {
    struct MachineString *next;
    char text[];
} MachineString;

enum { GUEST_ERRORS_SEEN = 1024 }; /* distinct ones that are reported */

struct Machine {
    const Config *cfg;
    MemoryWorld *world;
    EventQueue events;
    MachineClock *clocks; /* one per frequency; the first is the machine's */
    MachineString *strings;
    /* parts; everything but harts is in order of names */
    MachineBus *bus;
    MachineUnmapped *unmapped; /* one per bus */
    unsigned buses;
    MachineMemory *memory;
    unsigned memories;
    MemoryRegion *alias; /* memories seen on further buses */
    unsigned aliases;
    MachineDevice *device;
    unsigned devices;
    MachineSerial *serial; /* one per serial device */
    unsigned serials;
    Hart **hart;
    unsigned harts;
    MachinePort *port;
    unsigned ports;
    Device *clint; /* whose mtime the time CSR shows; may be NULL */
    DeviceHost host;
    uint16_t timing_ids;
    /* firmware */
    ElfInfo elf;
    bool loaded;          /* elf holds something */
    const char *firmware; /* base name; "" before loading */
    char firmware_hash[33];
    /* run loop */
    Hart *running; /* NULL: between harts */
    uint64_t horizon, time, next_watch;
    uint64_t progress, traps; /* at the last watch that saw progress */
    MachineLimits limits;
    volatile sig_atomic_t paused;
    bool finished;
    int status;
    MachineStop stop;
    /* observers */
    TraceStore *trace;
    unsigned phase; /* 0: none open */
    MachineSerialFn *serial_fn;
    void *serial_opaque;
    MachineLogFn *log_fn;
    void *log_opaque;
    uint64_t *seen; /* hashes of guest errors already reported */
    unsigned seen_count;
    MachinePollFn *poll_fn;
    void *poll_opaque;
    uint64_t poll_period;
    Event poll;
    void (*watch_fn)(void *opaque);
    void *watch_opaque;
};

/* A formatted string that lives as long as the machine; NULL: no memory. */
const char *machine_string(Machine *m, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "The host has no memory left ..."; false. */
bool machine_no_memory(Error **errp);
/* Puts the place of an entry in front; false. */
bool machine_blame(Error **errp, ConfigPlace at);

typedef struct MachineName {
    const char *name;
    unsigned index;
} MachineName;

/* The indices 0..n-1 sorted by name; `first` is the first name pointer, `step`
 * the bytes from one to the next. free() it. */
MachineName *machine_sort_names(const void *first, size_t step, unsigned n);
#define MACHINE_SORT_NAMES(array, n)                                           \
    machine_sort_names((n) ? &(array)[0].name : NULL, sizeof((array)[0]), n)

/* -- making (machine.c, machine_device.c) --------------------------------- */

/* A bus that an entry names; the configuration was checked: failing is rare. */
MachineBus *machine_bus_named(Machine *m, const char *name, ConfigPlace at,
                              Error **errp);
TimingModel *machine_bus_timing(MachineBus *mb); /* NULL: untimed */
/* The shared clock of a bus: ports and devices refer to it, not to the copy. */
const ClockDomain *machine_bus_clock(Machine *m, const MachineBus *mb);
/* Gives a region the wait states of its bus plus its own; none: no model. */
void machine_set_waits(Machine *m, WaitStates *ws, MachineBus *mb,
                       const ConfigWaits *own, MemoryRegion *mr);
void machine_map(MachineBus *mb, uint64_t address, MemoryRegion *mr,
                 bool overlap, int priority);
bool machine_make_devices(Machine *m, Error **errp);
bool machine_make_wires(Machine *m, Error **errp);

/* -- for devices and harts (machine_host.c, machine_run.c) ---------------- */

/* A guest error of `device` at the running hart's pc. */
void machine_guest_error(Machine *m, const char *device, const char *text);
/* What devices see of the machine. */
void machine_host_init(Machine *m);
bool machine_serial_init(Machine *m, Error **errp);
void machine_serial_fini(Machine *m);
void machine_serial_ready(void *opaque, Device *dev);
/* A hart took a trap (HartConfig.trapped). */
void machine_trapped(void *opaque, Hart *hart, uint64_t cause, uint64_t tval,
                     uint64_t pc);
void machine_poll_event(void *opaque, uint64_t when);
void machine_shortened(void *opaque, uint64_t horizon);
void machine_unload(Machine *m);
bool machine_load_images(Machine *m, Error **errp);
bool machine_all_asleep(const Machine *m);

#endif
