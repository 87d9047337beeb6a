/*
 * machine.h - a machine: composed from a configuration, loaded, run.
 *
 * Everything a machine is made of lives in one Machine; two of them in one
 * process do not share anything. Every function here makes the machine's
 * MemoryWorld current for its duration.
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <stdio.h>

#include "cpu/hart.h"
#include "sim/config.h"
#include "soc/bridge.h"
#include "soc/device.h"
#include "soc/l1.h"
#include "traces/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Machine Machine;

typedef struct MachineMemory {
    const char *name;
    MemoryRegion region; /* RAM or ROM */
    WaitStates waits;
    uint64_t address;
    bool rom;
} MachineMemory;

typedef struct MachineBus MachineBus;

/* From near_bus to the bus that has it. */
typedef struct MachineBridge {
    Bridge bridge;
    MachineBus *near_bus;
    struct MachineBridge *next;
} MachineBridge;

struct MachineBus {
    const char *name;
    bool untimed; /* `timing: none`: bus.model is not used */
    Bus bus;
    ClockDomain clock;
    MemoryRegion root; /* container of everything on this bus */
    AddressSpace as;
    MemoryPort api; /* for what devices do by themselves on this space */
    MachineBridge *bridges; /* that lead to it */
};

typedef struct MachineDevice {
    Device *dev;
    uint64_t address;
    WaitStates waits;
    MachineBus *bus;
} MachineDevice;

/* A hart's cache, in the order of harts, icache first. */
typedef struct MachineCache {
    struct MachineCache *next;
    const char *hart;
    bool code; /* the icache */
    const MemoryPort *port;
    L1 l1; /* named "cpu0.icache" */
} MachineCache;

/* Builds the machine of a resolved configuration. cfg stays borrowed until
 * machine_free (names and lines in messages come from it). */
Machine *machine_new(const Config *cfg, Error **errp);
/* Choices that never change a result, for tests and measurements. */
typedef struct MachineOptions {
    bool slow; /* no inline entries: every access by call */
    /* These two do change what a run can be seen to do. */
    bool commits;     /* machine_set_commit() will be used; slow */
    bool semihosting; /* ebreak between its markers calls the host */
} MachineOptions;
Machine *machine_new_with(const Config *cfg, const MachineOptions *options,
                          Error **errp);
void machine_free(Machine *m);

/* -- parts ---------------------------------------------------------------- */
const char *machine_name(const Machine *m);
unsigned machine_harts(const Machine *m);
Hart *machine_hart(Machine *m, unsigned i);
unsigned machine_buses(const Machine *m);
MachineBus *machine_bus(Machine *m, unsigned i);
MachineBus *machine_find_bus(Machine *m, const char *name); /* NULL: none */
unsigned machine_memories(const Machine *m);
MachineMemory *machine_memory(Machine *m, unsigned i);
unsigned machine_devices(const Machine *m);
MachineDevice *machine_device(Machine *m, unsigned i);
MachineDevice *machine_find_device(Machine *m, const char *name);
/* The serial device of that name; "" is the first by name. NULL: none. */
MachineDevice *machine_find_serial(Machine *m, const char *name);
const MachineCache *machine_find_cache(const Machine *m, const char *name);
EventQueue *machine_events(Machine *m);
MemoryWorld *machine_world(Machine *m);
const ClockDomain *machine_clock(const Machine *m); /* the machine's `clock:` */
/* A new initiator on a bus, e.g. a TLM socket. Owned by the machine. */
MemoryPort *machine_add_port(Machine *m, const char *name, const char *bus,
                             const char *kind, Error **errp);
/* The same in a space of the caller's, without time; `as` is borrowed. */
MemoryPort *machine_add_port_in(Machine *m, const char *name, AddressSpace *as,
                                const char *kind, Error **errp);
/* A region that the caller maps, for the dictionary of a database and the names
 * of filters; all borrowed until machine_remove_region(). */
bool machine_add_region(Machine *m, MemoryRegion *mr, const char *type,
                        const char *bus, uint64_t address, Error **errp);
void machine_remove_region(Machine *m, const MemoryRegion *mr);
/* A direct pointer into memory was given away: accesses through it will be
 * neither counted nor recorded, and the database will say so. */
void machine_note_grant(Machine *m, const MemoryPort *port,
                        const MemoryRegion *mr, uint64_t first, uint64_t last);
/* Somebody used the machine up to that time: its run is not shorter. */
void machine_note_time(Machine *m, uint64_t ps);
/* The wire into an input, as a configuration names it: "cpu0.mei", "plic0.10".
 * And an output pin: "uart0.irq", "clint0.timer.1". NULL: *errp. */
bool machine_find_input(Machine *m, const char *name, Irq *irq, Error **errp);
Irq *machine_find_output(Machine *m, const char *name, Error **errp);

/* -- loading -------------------------------------------------------------- */
/* Loads an ELF file for the first hart's width and sets its reset pc to the
 * entry. Its symbols are kept. */
bool machine_load_elf(Machine *m, const char *path, Error **errp);
/* Loads what `boot` of the configuration names, with a reset stub and a device
 * tree; every hart that begins where the first one does begins at the stub. */
bool machine_boot(Machine *m, Error **errp);
/* Writes the device tree of machine_boot(), as a blob. */
bool machine_write_tree(Machine *m, FILE *out, Error **errp);
/* Loads a further ELF file: only its segments and symbols. */
bool machine_load_more(Machine *m, const char *path, Error **errp);
/* Only symbols, moved by bias: of an ELF file of any type, or of what nm
 * prints.
 */
bool machine_load_symbols(Machine *m, const char *path, uint64_t bias,
                          Error **errp);
/* Loads a file's bytes at a physical address. Of an ELF file the symbols are
 * kept, as linked: the guest will load it. */
bool machine_load_raw(Machine *m, const char *path, uint64_t address,
                      Error **errp);
/* The address of a symbol of what was loaded. */
bool machine_symbol_address(const Machine *m, const char *name,
                            uint64_t *address, Error **errp);
/* "" before anything was loaded. */
const char *machine_firmware(const Machine *m);
/* Symbol that holds address; NULL if none. *offset: distance from its begin. */
const char *machine_symbol(const Machine *m, uint64_t address,
                           uint64_t *offset);

/* -- observing ------------------------------------------------------------ */
typedef struct MachineTrace {
    bool enabled;   /* record transactions (dictionaries and summaries are
                       written whenever a store is attached) */
    uint32_t kinds; /* mask of 1 << AccessKind */
    bool beats;
} MachineTrace;
/* A moment of a run. */
typedef enum MomentKind {
    MOMENT_PC,    /* before the instruction there, of any hart */
    MOMENT_TIME,  /* ps */
    MOMENT_INSNS, /* so many instructions have retired, all harts together */
    MOMENT_PHASE, /* the guest has marked this phase; 0: the end of one */
    MOMENT_FAULT, /* an exception that is in the `fault` table was taken */
    MOMENT_TRAP,  /* any exception was taken */
    MOMENT_EXIT,  /* the end of the run */
} MomentKind;
typedef struct MachineMoment {
    MomentKind kind;
    uint64_t value;
    const char *text; /* in the user's words; borrowed */
} MachineMoment;
/* When transactions are recorded. Whenever one of `to` comes, no more, until
 * one of `from` comes again. A time or number of instructions comes once. */
typedef struct MachineWindows {
    const MachineMoment *from, *to; /* borrowed; no from: from the start */
    unsigned froms, tos;
    uint64_t
        last; /* not 0: only the last so many before the trigger are kept */
    MachineMoment trigger;
} MachineWindows;
/* Before machine_attach_trace(), and after loading: they may be symbols. Never
 * changes a result. */
bool machine_set_windows(Machine *m, const MachineWindows *windows,
                         Error **errp);
/* Has a window opened in this run, and has the trigger come before its end? */
bool machine_window_came(const Machine *m);
bool machine_trigger_came(const Machine *m);
/* Are all names of the filter those of initiators and regions? */
bool machine_check_filter(Machine *m, const TraceFilter *filter, Error **errp);
/* Attaches a store; the machine describes itself in it. Borrowed until
 * machine_detach_trace, which adds the totals. */
bool machine_attach_trace(Machine *m, TraceStore *ts, const MachineTrace *what,
                          Error **errp);
void machine_detach_trace(Machine *m);
/* What the guest does wrong: what a data sheet forbids, accesses that nothing
 * answers or that are refused. Each once per device, kind and pc; a borrowed
 * line without newline. NULL: nobody reads them. */
typedef void MachineLogFn(void *opaque, uint64_t time_ps, const char *device,
                          const char *text);
void machine_set_log(Machine *m, MachineLogFn *fn, void *opaque);
/* Logs how often each of those happened that happened more than once; to be
 * called once, after the run. */
void machine_log_counts(Machine *m);
/* Told of every instruction that retires, of every hart, in order; needs
 * MachineOptions.commits. */
typedef void MachineCommitFn(void *opaque, Hart *hart,
                             const HartCommit *commit);
void machine_set_commit(Machine *m, MachineCommitFn *fn, void *opaque);

/* -- serial --------------------------------------------------------------- */
/* Where a serial device's bytes go; NULL: nowhere. Called at simulated time.
 * Device "": the console of the host, which firmware reaches through tohost or
 * semihosting. */
typedef void MachineSerialFn(void *opaque, const char *device, uint8_t byte,
                             uint64_t time_ps);
void machine_set_serial(Machine *m, MachineSerialFn *fn, void *opaque);
/* Queues bytes for a serial device ("" = the first one) from simulated time
 * `when` on; they enter as fast as the device takes them. */
bool machine_serial_input(Machine *m, const char *device, uint64_t when,
                          const void *bytes, size_t len, Error **errp);
/* The input of an earlier run is coming: networks of the host are closed. */
void machine_net_replays(Machine *m);
/* A frame arrives at a card that is on such a network. */
bool machine_net_input(Machine *m, const char *device, uint64_t when,
                       const void *bytes, size_t len, Error **errp);
/* Called at an event every `period` ps of simulated time, where input of the
 * host may enter; idle: every hart sleeps. Returns false to be called no
 * more. */
typedef bool MachinePollFn(void *opaque, bool idle, uint64_t time_ps);
void machine_set_poll(Machine *m, MachinePollFn *fn, void *opaque,
                      uint64_t period);

/* -- running -------------------------------------------------------------- */
typedef enum MachineStop {
    MACHINE_RUNNING,     /* reached `until`, or was asked to pause */
    MACHINE_FINISHED,    /* the guest ended the run: exit status */
    MACHINE_LIMIT_INSNS, /* a limit stopped it */
    MACHINE_LIMIT_CYCLES,
    MACHINE_LIMIT_TIME,
    MACHINE_LIMIT_RESETS, /* the guest asked for one more than it may have */
    MACHINE_STUCK, /* every hart sleeps and nothing can wake one, or only traps
                      in its trap handler */
    MACHINE_ERROR, /* the trace store failed: trace_error() */
} MachineStop;

typedef struct MachineLimits {
    uint64_t instructions; /* all harts together; UINT64_MAX: none */
    uint64_t cycles;       /* of the first hart */
    uint64_t time_ps;
} MachineLimits;
void machine_set_limits(Machine *m, const MachineLimits *limits);
/* Can a run with these limits end? With a cpu: it may. Without one: when all
 * traffic sources do, or a limit comes. */
bool machine_check_end(const Machine *m, const MachineLimits *limits,
                       Error **errp);

/* As a reset button: time goes on, memories keep what is in them. */
void machine_reset(Machine *m);
/* When the guest asks for a reset the machine is reset, and what was loaded is
 * loaded again; at most so often (before: UINT64_MAX). */
void machine_limit_resets(Machine *m, uint64_t resets);
/* Advances every initiator and event up to (not including) `until` ps. */
MachineStop machine_run(Machine *m, uint64_t until);
/* Phase `name` begins when a console, that is a serial device or the host's,
 * has first put out text (len bytes, copied); the one before ends. len 0: when
 * a store is attached, which this has to come before. Of one name any number.
 */
bool machine_phase_on(Machine *m, const void *text, size_t len,
                      const char *name, Error **errp);
/* What MOMENT_PHASE calls a phase of that name; 0: there is none. */
enum { MACHINE_PHASE_NAMED = 256 }; /* the first; below are the guest's */
unsigned machine_phase_named(const Machine *m, const char *name);
/* The first one whose text never came; NULL: all did. */
const char *machine_phase_missed(const Machine *m);
/* Asks machine_run() to return soon; callable from a signal handler. */
void machine_pause(Machine *m);
/* Ends the run with this exit status, as the guest could; from inside an event
 * or a callback, or before a run. The first caller counts. */
void machine_finish(Machine *m, int status);
int machine_exit_status(const Machine *m);
/* What a conformance test said of itself through tohost: "test 7 failed"; ""
 * if it said nothing. */
const char *machine_verdict(const Machine *m);
/* Where the first hart is, or why no hart can go on: "cpu0 at pc 0x80000000
 * main+0x4: c.li a0, 1". */
void machine_describe_stop(Machine *m, char *buf, size_t size);
/* Writes what lies between the firmware's symbols begin_signature and
 * end_signature: `granularity` bytes a line (1, 2, 4, 8, 16), the last one
 * first, hexadecimal. */
bool machine_write_signature(Machine *m, FILE *out, unsigned granularity,
                             Error **errp);
/* Has the firmware these symbols, and are they in order? */
bool machine_has_signature(const Machine *m, Error **errp);
/* "finished", "limit on instructions", ...: for summaries and the database. */
const char *machine_stop_name(MachineStop stop);
/* Called by machine_run() about every millisecond of simulated time, for what
 * only the host sees (progress, flushing); it must not touch the machine. */
void machine_set_watch(Machine *m, void (*fn)(void *opaque), void *opaque);
/* Transactions of all initiators so far, fetches included. */
uint64_t machine_transactions(Machine *m);
/* Time up to which everything has run, ps. */
uint64_t machine_time(const Machine *m);
/* The next time anything can happen by itself (an event or a hart that is
 * awake), ps; TIME_NEVER: nothing. */
uint64_t machine_next_activity(const Machine *m);

#ifdef __cplusplus
}
#endif
#endif
