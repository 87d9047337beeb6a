/*
 * config.h - a machine's description: YAML in, checked structures out.
 *
 * Every value remembers its file:line, so whoever finds something wrong later
 * can say where it was written. Errors are one line: FILE:LINE: what; what
 * would be right. Ranges (cpu[0-3]), unit suffixes (64KiB, 50MHz, 2us),
 * `extends: FILE` and --set PATH=VALUE are resolved here. docs/config.md is the
 * reference.
 */
#ifndef SIM_CONFIG_H
#define SIM_CONFIG_H

#include "cpu/hart.h"
#include "soc/bus.h"
#include "soc/device.h"
#include "soc/l1.h"
#include "soc/posted.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a value was written: "configs/mcu.yaml:12", or "--set main.width". */
typedef struct ConfigPlace {
    const char *file; /* owned by the Config */
    unsigned line;    /* 0: from the command line */
} ConfigPlace;

typedef struct ConfigCache {
    bool there;
    ConfigPlace at;
    L1Config l1;
} ConfigCache;

typedef struct ConfigCpu {
    ConfigPlace at;
    const char *name;
    HartIsa isa; /* with ISA_S unless `modes: mu` */
    const char *isa_text;
    const TimingProfile *profile; /* or the Config's copy with other costs */
    TimingLevel level;
    uint64_t clock_hz; /* the machine's when not given */
    uint64_t reset;
    const char *bus;   /* data */
    const char *fetch; /* bus of instruction fetches; = bus when not given */
    HartMisaligned misaligned;
    HartMmu mmu;
    bool hardware_ad; /* the page-table walker sets A and D */
    unsigned pmp;     /* entries, 0 to 16 */
    unsigned priority;
    ConfigCache icache, dcache;
} ConfigCpu;

typedef struct ConfigWaits {
    uint32_t read_first, read_next, write_first, write_next;
} ConfigWaits;

/* Stores that wait in a buffer (memory/posted_buffer.h). */
typedef struct ConfigPosted {
    ConfigPlace at;
    bool there;
    uint32_t depth; /* entries */
    PostedMerge merge;
    uint32_t line;            /* bytes */
    uint32_t timeout, accept; /* cycles of the bus, of the initiator */
    const char *domain;       /* whose buffer; the region's name by default */
    uint64_t from, size;      /* bytes of the region */
} ConfigPosted;

typedef struct ConfigBus {
    ConfigPlace at;
    const char *name;
    unsigned width;    /* bits in the file, bytes here */
    uint64_t clock_hz; /* the machine's when not given */
    BusArbitration arbitration;
    uint32_t overhead; /* cycles */
    uint32_t burst;    /* beats; 0: any number */
    uint32_t outstanding;
    bool crossbar;
    ConfigWaits waits; /* added to every target's on this bus */
    bool untimed;      /* `timing: none`: accesses take no time */
    /* TDM */
    ConfigPlace slots_at;
    const char **slot; /* names of initiators; NULL: nobody's */
    unsigned slots;
    uint32_t slot_cycles;
    bool spare; /* `spare: next` */
    /* bridges that lead to it */
    const char **parent;        /* names of buses, NULL-terminated */
    uint32_t request, response; /* cycles of this bus */
} ConfigBus;

typedef struct ConfigMemory {
    ConfigPlace at;
    const char *name;
    const char **bus; /* names, NULL-terminated; the first is its home */
    uint64_t address, size;
    bool rom;
    ConfigWaits waits;
    uint32_t prefetch; /* bytes of its read-ahead buffer; 0: none */
    ConfigPosted posted;
    int priority;     /* overlap priority; higher hides lower */
    bool overlap;     /* `overlap: true`: may overlap others */
    const char *file; /* image loaded at its start; NULL: zero-filled */
    uint32_t *word;   /* what it begins with instead of a file */
    unsigned words;
} ConfigMemory;

typedef struct ConfigParam {
    ConfigPlace at;
    const ParamSpec *spec;
    uint64_t number;  /* UINT, SIZE, HZ, BOOL */
    const char *text; /* STRING, FILE, TEXTS, and the bus name of MASTER */
} ConfigParam;

/* One wire: pin[index] of the device goes to target.line. */
typedef struct ConfigWire {
    ConfigPlace at;
    const PinSpec *pin;
    unsigned index;
    const char *target; /* name of a device or cpu */
    unsigned line;      /* for a cpu: HART_MSI, HART_MTI, ... */
} ConfigWire;

typedef struct ConfigDevice {
    ConfigPlace at;
    const char *name;
    const DeviceClass *cls;
    const char *svd, *peripheral; /* whose registers it has; may be NULL */
    const char *bus;
    uint64_t address, size; /* of its registers; 0: not in the map */
    ConfigWaits waits;
    ConfigPosted posted;
    bool flush_posted; /* accesses to it make all buffers drain */
    int priority;
    bool overlap;
    ConfigParam *param; /* those the file gives */
    unsigned params;
    ConfigWire *wire;
    unsigned wires;
} ConfigDevice;

/* What is started through the reset stub (machine_boot.c); NULL: nothing. */
typedef struct ConfigBoot {
    ConfigPlace at;
    bool stub_given;
    uint64_t stub;      /* where the reset stub goes */
    const char *bios;   /* runs in machine mode: ELF, or bytes */
    const char *kernel; /* what it starts; alone, it is started by the stub */
    const char *initrd, *append, *dtb;
    const char *console; /* a serial device; NULL: the first by name */
    uint64_t seed;
} ConfigBoot;

/* What a file may say; sections are top, boot, cpu, timing, cache, uncached,
 * bus, latency, memory, device, limits, wait_states, wait_parts and posted.
 * docs/config.md has a row for each. A device entry also takes the parameters
 * and pins of its class. */
typedef struct ConfigKey {
    const char *section, *key;
    const char *type;   /* "name", "size", "wait states", ... */
    const char *preset; /* as it would be written; NULL: required */
    const char *doc;
} ConfigKey;
extern const ConfigKey config_keys[]; /* ends with a NULL section */

typedef struct Config {
    const char *file;
    const char *name;
    uint64_t clock_hz;
    uint64_t quantum_ps;
    ConfigBoot boot;
    bool unmapped_fault; /* `limits: {unmapped: fault}`; else ignore */
    ConfigCpu *cpu;
    unsigned cpus;
    ConfigBus *bus;
    unsigned buses;
    ConfigMemory *memory;
    unsigned memories;
    ConfigDevice *device;
    unsigned devices;
    /* private: owns all strings and the parsed text */
    struct ConfigArena *arena;
} Config;

/* set: NULL-terminated "path=value" texts, may be NULL. All references (buses,
 * wires, isa, timing, parameters, overlaps, duplicate names) are checked. */
Config *config_load(const char *path, const char *const *set, Error **errp);
/* The same from memory; `name` stands for the file in messages and `extends:`
 * is resolved relative to it. */
Config *config_parse(const char *text, size_t len, const char *name,
                     const char *const *set, Error **errp);
void config_free(Config *cfg);
/* The entry of that name; NULL: none. */
const ConfigBus *config_bus_find(const Config *cfg, const char *name);
/* Does a bus reach another one over bridges, or is it the same? */
bool config_bus_leads(const Config *cfg, const char *from, const char *to);
/* The resolved configuration as YAML that config_parse() reads back to the
 * same; free() it. */
char *config_text(const Config *cfg);

#ifdef __cplusplus
}
#endif
#endif
