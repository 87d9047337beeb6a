/*
 * machine_private.h - the inside of a Machine, for sim/machine*.c only.
 */
#ifndef SIM_MACHINE_PRIVATE_H
#define SIM_MACHINE_PRIVATE_H

#include <signal.h>

#include "sim/elf.h"
#include "sim/machine.h"
#include "sim/machine_debug.h"

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

typedef struct MachineNet MachineNet; /* machine_net.c */

typedef struct MachineClock {
    ClockDomain domain;
    struct MachineClock *next;
} MachineClock;

/* Tells the trace of map changes. */
typedef struct MachineListener {
    MemoryListener listener;
    Machine *machine;
    bool told; /* of what is there to begin with */
} MachineListener;

typedef struct MachineUnmapped {
    Machine *machine;
    MemoryRegion region;
    bool mapped;
} MachineUnmapped;

/* A buffer of posted stores, and the regions that use it. */
typedef struct MachinePosted {
    const char *domain;
    PostedTimer timer;
    PostedRegion *region; /* in the order of their names */
    unsigned regions;
} MachinePosted;

typedef struct MachineString {
    struct MachineString *next;
    char text[];
} MachineString;

typedef struct MachineAlias {
    MemoryRegion region;
    struct MachineAlias *next;
} MachineAlias;

/* Where a region goes. */
typedef struct MachinePlacing {
    MemoryRegion *region;
    uint64_t address;
    bool overlap;
    int priority;
} MachinePlacing;

/* Distinct guest errors that are reported, and how long a line is. */
enum { GUEST_SITES = 1024, GUEST_LINE = 448 };

/* A place in the guest's code, or a device's master, and what it does wrong. */
typedef struct GuestSite {
    uint64_t hash;
    uint64_t count;
    char *line; /* as reported; NULL: no memory was left for it */
} GuestSite;

/* Exceptions of one hart: the last, and the one before it elsewhere. */
typedef struct MachineTrap {
    bool there;
    uint64_t pc, cause, tval, time;
} MachineTrap;

typedef struct MachineTraps {
    MachineTrap last, before;
} MachineTraps;

/* The 8 bytes at `tohost`: memory that is looked at when it is written. */
typedef struct MachineHtif {
    bool there;
    MemoryRegion region;       /* over the RAM that holds it */
    uint8_t *bytes;            /* of that RAM */
    uint64_t tohost, fromhost; /* physical; fromhost 0: none */
    const char *bus;
    Event settle; /* a part was written, and nothing since */
} MachineHtif;

/* Bytes that were loaded, for a reset. */
typedef struct MachineImage {
    struct MachineImage *next;
    uint64_t address, len;
    bool zeros; /* without `bytes` */
    uint8_t bytes[];
} MachineImage;

/* When transactions are recorded (machine_window.c). */
typedef struct MachineWindow {
    MachineWindows set;
    MemoryRecorder *recorder; /* NULL: no transaction is recorded */
    bool active;              /* there are moments to look for */
    bool on;                  /* a window is open */
    bool recording;           /* the world has the recorder */
    bool triggered;           /* the last ones were kept, or the run is over */
    bool came, trigger_came;  /* a window opened; the trigger was met */
    uint64_t since;           /* on: who is not yet there is not recorded */
    uint64_t until;           /* off: who is not yet there is */
    uint64_t time_floor, insns_floor;    /* moments before them are over */
    uint64_t counted;                    /* transactions while recording */
    bool phase_due, fault_due, trap_due; /* met by the instruction under way */
    unsigned phase;
} MachineWindow;

/* One hart under a debugger. */
typedef struct DebugHart {
    DebugMove move;
    uint64_t first, end; /* range of a step */
    /* counters when the step, or its last part, began */
    uint64_t instructions, traps, interrupts;
    bool in_handler; /* of an interrupt, to whose end it runs */
    uint64_t resume; /* where that is */
} DebugHart;

/* A debugger (machine_debug.c). */
typedef struct MachineDebug {
    bool on;
    bool cut;        /* a stop came in the middle of a round, up to `horizon` */
    DebugHart *hart; /* one per hart */
    uint64_t *break_pc;
    unsigned breaks;
    MachineDebugStop stop;
} MachineDebug;

/* A region that somebody else maps. */
typedef struct MachineExtra {
    MemoryRegion *mr;
    const char *type, *bus;
    uint64_t address;
} MachineExtra;

/* A direct pointer that was given away. */
typedef struct MachineGrant {
    const char *port, *region;
    uint64_t first, last;
} MachineGrant;
enum { GRANTS_NAMED = 8 };

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
    MachineAlias *alias; /* regions seen on further buses */
    bool routed;         /* there is a crossbar or a bridge */
    MachineDevice *device;
    unsigned devices;
    unsigned sources;      /* of traffic that have not ended */
    MachineSerial *serial; /* one per serial device */
    unsigned serials;
    MachineNet *nets; /* one per network card */
    Hart **hart;
    unsigned harts;
    unsigned *turn;   /* their numbers in the order of their turns */
    bool turns_fixed; /* a bus they share prefers some: no other begins */
    MachineCache *caches;
    MachinePosted *posted; /* in order of domains */
    unsigned posteds;
    MachinePort *port;
    unsigned ports;
    MachineExtra *extra;
    unsigned extras;
    MachineGrant grant[GRANTS_NAMED]; /* since recording last began */
    uint64_t grants;
    Device *clint; /* whose mtime the time CSR shows; may be NULL */
    DeviceHost host;
    uint16_t timing_ids;
    /* firmware */
    ElfInfo elf;
    bool loaded;   /* elf holds something */
    ElfInfo *more; /* of machine_load_more() */
    unsigned mores;
    const char *firmware; /* base name; "" before loading */
    char firmware_hash[33];
    void *tree; /* device tree of machine_boot(); NULL: none */
    size_t tree_len;
    bool booted; /* harts begin at the reset stub */
    /* run loop */
    Hart *running; /* NULL: between harts */
    uint64_t horizon, time, next_watch;
    uint64_t end;             /* ps: of the limits */
    uint64_t progress, traps; /* at the last watch that saw progress */
    MachineLimits limits;
    volatile sig_atomic_t paused;
    bool finished;
    int status;
    MachineStop stop;
    /* observers */
    TraceStore *trace;
    unsigned phase;                /* 0: none open */
    struct MachinePhase *phase_on; /* that consoles begin; owned */
    MachineWindow window;
    MachineDebug debug;
    MachineListener *listener; /* one per bus, while there is a trace */
    MachineSerialFn *serial_fn;
    void *serial_opaque;
    MachineLogFn *log_fn;
    void *log_opaque;
    GuestSite *site; /* GUEST_SITES of them, in order of appearance */
    unsigned sites;
    bool guest_full;    /* there was no room for one more */
    MachineTraps *trap; /* by hart */
    MachineCommitFn *commit_fn;
    void *commit_opaque;
    MachineHtif htif;
    MachineImage *images, **last_image; /* in the order of loading */
    bool reset_due;                     /* the guest asked for it */
    uint64_t resets, most_resets;       /* those it got, and may get */
    char verdict[96]; /* of a test that ended by itself; "" none */
    MachinePollFn *poll_fn;
    void *poll_opaque;
    uint64_t poll_period;
    Event poll;
    void (*watch_fn)(void *opaque);
    void *watch_opaque;
};

/* -- machine_load.c ------------------------------------------------------- */

/* All bytes of a file; free() them. NULL: *errp is set. */
uint8_t *machine_read_file(const char *path, uint64_t *len, Error **errp);
/* `name` stands for the bytes in messages. */
bool machine_load_bytes(Machine *m, const char *name, const void *bytes,
                        uint64_t len, uint64_t address, Error **errp);
/* What was loaded, once more. */
void machine_load_again(Machine *m);
void machine_free_images(Machine *m);
/* What the database calls the firmware, and its hash. */
void machine_name_firmware(Machine *m, const char *path);

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

/* -- making (machine.c, machine_bus.c, machine_hart.c, machine_device.c)
 * --------------------------------- */

bool machine_make_buses(Machine *m, Error **errp);
/* Once all is on them: harts take turns on those that several reach. */
bool machine_share_buses(Machine *m, Error **errp);
void machine_free_region(MemoryRegion *mr);
void machine_free_aliases(Machine *m);
void machine_free_buses(Machine *m);

/* A bus that an entry names; the configuration was checked: failing is rare. */
MachineBus *machine_bus_named(Machine *m, const char *name, ConfigPlace at,
                              Error **errp);
TimingModel *machine_bus_timing(MachineBus *mb); /* NULL: untimed */
/* The shared clock of a bus: ports and devices refer to it, not to the copy. */
const ClockDomain *machine_bus_clock(Machine *m, const MachineBus *mb);
/* Gives a region its wait states; none: no model, if nobody needs one. */
void machine_set_waits(Machine *m, WaitStates *ws, MachineBus *mb,
                       const ConfigWaits *own, MemoryRegion *mr);
/* Maps a region, whose timing is known, on a bus and on those that lead to it.
 * May be called for several buses. */
bool machine_place(Machine *m, MachineBus *mb, const MachinePlacing *what,
                   Error **errp);
/* One domain per frequency; named after its first user. NULL: no memory. */
const ClockDomain *machine_clock_get(Machine *m, const char *name, uint64_t hz);
bool machine_make_harts(Machine *m, const MachineOptions *options,
                        Error **errp);
/* Puts that hart's icache or dcache, if it has one, in front of *timing. */
bool machine_make_cache(Machine *m, const ConfigCpu *cc, bool code,
                        const ClockDomain *clock, TimingModel **timing,
                        Error **errp);
/* The hart they were made for is there. */
void machine_own_caches(Machine *m, Hart *hart);
void machine_reset_caches(Machine *m);
void machine_free_caches(Machine *m);
bool machine_make_devices(Machine *m, Error **errp);
/* Sstc: harts and the CLINT know each other; when there are both. */
void machine_connect_stimecmp(Machine *m);
/* Joins devices that name each other. */
bool machine_link_devices(Machine *m, Error **errp);
bool machine_make_wires(Machine *m, Error **errp);

/* -- what others add (machine_extra.c) ------------------------------------- */

void machine_describe_extras(const Machine *m, TraceStore *ts);
void machine_describe_grants(const Machine *m, TraceStore *ts);

/* -- posted stores (machine_posted.c) -------------------------------------- */

bool machine_make_posted(Machine *m, Error **errp);
void machine_posted_reset(Machine *m);
/* The run is over: what waits drains, and the run lasts until then. */
void machine_posted_stop(Machine *m);
void machine_posted_totals(Machine *m, TraceStore *ts);
void machine_posted_fini(Machine *m);

/* -- recording (machine_window.c) ----------------------------------------- */

/* machine_attach_trace() and machine_detach_trace(), when transactions are
 * wanted. */
void machine_window_begin(Machine *m, MemoryRecorder *recorder);
void machine_window_end(Machine *m);
/* Somebody goes on at `now`: a hart's turn, or an event. */
void machine_window_enter(Machine *m, uint64_t now);
/* Up to when, and for how many instructions, a hart may run. */
uint64_t machine_window_horizon(Machine *m, const Hart *hart, uint64_t horizon);
uint64_t machine_window_instructions(Machine *m);
/* hart_run() returned. */
void machine_window_stopped(Machine *m, const Hart *hart, HartStop stop);
/* From inside an access. */
void machine_window_phase(Machine *m, unsigned id);

/* -- machine_phase.c ------------------------------------------------------ */
/* Ends the phase that is open; begins one that the guest marked, or with a name
 * one of machine_phase_on(). id 0: none. */
void machine_phase(Machine *m, unsigned id, const char *name);
/* Begins those that need no text. */
void machine_phase_start(Machine *m);
/* NULL: that phase has only a number, or is none. */
const char *machine_phase_name(const Machine *m, unsigned id);
/* A console put out a byte; dev NULL: that of the host. */
void machine_phase_byte(Machine *m, const Device *dev, uint8_t byte);
void machine_phase_fini(Machine *m);
void machine_window_trap(Machine *m, bool fault);

/* Sets the harts' breaks: of moments that are waited for, and a debugger's.
 * False: the host has no memory. */
bool machine_window_breaks(Machine *m);
/* Opens or closes a window by hand. False: nothing is recorded at all. */
bool machine_window_switch(Machine *m, bool on, const char *why);

/* -- a debugger (machine_debug.c) ------------------------------------------ */

/* Adds its breaks to the harts'. */
bool machine_debug_place_breaks(Machine *m);
bool machine_debug_holds(const Machine *m, unsigned i);
/* Has it something to be told? */
bool machine_debug_wants(const Machine *m);
/* The other harts have come to the horizon: held ones idle up to it. */
void machine_debug_pass(Machine *m);
/* How many a hart may execute at once. */
uint64_t machine_debug_instructions(const Machine *m, const Hart *hart);
/* hart_run() returned. True: the machine stops. */
bool machine_debug_stopped(Machine *m, const Hart *hart, HartStop stop);
/* A hart takes an exception. */
void machine_debug_trapped(Machine *m, Hart *hart);

/* -- for devices and harts (machine_host.c, machine_run.c) ---------------- */

/* A guest error of `device` at the running hart's pc. It is reported once for
 * each device, pc and key. */
void machine_guest_error(Machine *m, const char *device, const char *key,
                         const char *text);
void machine_guest_fini(Machine *m);
/* "main+0x10: addi a0, a0, 1", or what is known of it. */
void machine_describe_pc(Machine *m, Hart *hart, uint64_t pc, char *buf,
                         size_t size);
/* A byte for the console of the host itself. */
void machine_console_byte(Machine *m, uint8_t byte);
/* Writes up to len bytes that read() finds at address to that console; returns
 * how many. */
uint64_t machine_console_write(Machine *m, Hart *hart,
                               uint64_t (*read)(Hart *hart, uint64_t address,
                                                void *buf, uint64_t len),
                               uint64_t address, uint64_t len);
void machine_htif_init(Machine *m);
/* Lays the watched bytes over the firmware's tohost, if it has one. */
void machine_htif_attach(Machine *m);
void machine_htif_detach(Machine *m);
void machine_semihosting(void *opaque, Hart *hart);
/* What devices see of the machine. */
void machine_host_init(Machine *m);
bool machine_serial_init(Machine *m, Error **errp);
void machine_serial_fini(Machine *m);
void machine_serial_ready(void *opaque, Device *dev);
void machine_net_init(Machine *m); /* of m->host */
/* A hart took a trap (HartConfig.trapped). */
void machine_trapped(void *opaque, Hart *hart, uint64_t cause, uint64_t tval,
                     uint64_t pc);
void machine_poll_event(void *opaque, uint64_t when);
void machine_shortened(void *opaque, uint64_t horizon);
void machine_waits(void *opaque);
void machine_unload(Machine *m);
bool machine_load_images(Machine *m, Error **errp);
bool machine_all_asleep(const Machine *m);

/* -- traffic without a cpu (machine_traffic.c) ---------------------------- */

/* Gives players what they play. */
bool machine_load_scores(Machine *m, Error **errp);
void machine_traffic_reset(Machine *m);
/* A source will never issue again (DeviceHost). */
void machine_traffic_ended(void *opaque, Device *dev);

#endif
