/*
 * hart.h - a RISC-V hart: RV32 or RV64, IMAC, Zicsr, Zifencei, M and U mode.
 *
 * A hart runs alone up to a horizon: hart_run() executes instructions that
 * begin before it, then returns. It enters memory through two ports, fetch and
 * data. Code is decoded once into blocks that are kept and linked; a store to a
 * page that holds decoded code drops the blocks of that page, so software needs
 * fence.i only where the architecture says so and never sees stale code here.
 *
 * Units    cycles of config.clock; horizons in picoseconds.
 * Source   The RISC-V Instruction Set Manual, Volume I (20191213) and Volume II
 *          (20211203).
 * Missing  S mode, PMP, virtual memory, F and D, performance counters other
 *          than cycle, time and instret (hpmcounters read 0).
 */
#ifndef CPU_HART_H
#define CPU_HART_H

#include "cpu/profile.h"
#include "memory/port.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Hart Hart;

/* Extensions, as bits. */
enum {
    ISA_I = 1 << 0,
    ISA_M = 1 << 1,
    ISA_A = 1 << 2,
    ISA_C = 1 << 3,
    ISA_ZICSR = 1 << 4,
    ISA_ZIFENCEI = 1 << 5,
    ISA_RV32 = 1 << 6, /* instructions only RV32 has */
    ISA_RV64 = 1 << 7, /* instructions only RV64 has */
};

typedef struct HartIsa {
    unsigned xlen; /* 32 or 64 */
    uint32_t extensions;
} HartIsa;
/* Parses "rv32imac_zicsr_zifencei"; unknown parts are named in the error. */
bool hart_isa_parse(const char *text, HartIsa *isa, Error **errp);

/* Interrupt inputs: bit numbers of mip. */
enum { HART_MSI = 3, HART_MTI = 7, HART_MEI = 11 };

typedef enum HartMisaligned { HART_SPLIT, HART_TRAP } HartMisaligned;

typedef struct HartConfig {
    const char *name; /* borrowed */
    uint64_t hartid;
    HartIsa isa;
    const TimingProfile *profile;
    const ClockDomain *clock;
    uint64_t reset_pc;
    HartMisaligned misaligned; /* what a misaligned load or store does */
    AddressSpace *fetch_as, *data_as;
    TimingModel *fetch_timing, *data_timing; /* may be NULL */
    uint8_t priority; /* of its ports on the bus; lower wins */
    bool fast;        /* false: every access by call (for tests) */
    /* The value of mtime now (time CSR). NULL: the time CSR traps. */
    uint64_t (*read_time)(void *opaque);
    /* A trap was taken. NULL: nobody looks. */
    void (*trapped)(void *opaque, Hart *hart, uint64_t cause, uint64_t tval,
                    uint64_t pc);
    void *opaque;
} HartConfig;

/* All exact. cycles = executing + stalls + idle. */
typedef struct HartCounters {
    uint64_t cycles;       /* since reset */
    uint64_t instructions; /* retired */
    uint64_t idle;         /* cycles asleep in wfi */
    uint64_t traps, interrupts;
    uint64_t fetch_stall; /* cycles beyond the profile's for slow code memory */
    uint64_t data_wait, data_bus, data_target; /* cycles beyond the profile's */
    uint64_t blocks_decoded, blocks_dropped;
} HartCounters;

/* config is copied. Fails when the host has no memory. Owns two ports. */
Hart *hart_new(const HartConfig *config, Error **errp);
void hart_reset(Hart *hart);
void hart_free(Hart *hart);

/* Runs instructions that begin before `until` (ps) and before anything
 * shortens it (hart_stop_before). Sleeps in wfi up to it. */
void hart_run(Hart *hart, uint64_t until);
/* Shortens the hart_run() under way, from inside an access. */
void hart_stop_before(Hart *hart, uint64_t until);
/* Runs exactly n instructions or until asleep; for tests and debuggers. */
void hart_step(Hart *hart, uint64_t n);
/* Limits hart_run(): it returns when this many instructions have retired in
 * all. UINT64_MAX: no limit. Exact. */
void hart_limit(Hart *hart, uint64_t instructions);

/* Time at which the next instruction begins, ps. */
uint64_t hart_time(const Hart *hart);
bool hart_asleep(const Hart *hart); /* in wfi, nothing pending */
void hart_set_irq(void *hart, unsigned line, bool level);

const HartConfig *hart_config(const Hart *hart);
MemoryPort *hart_fetch_port(Hart *hart);
MemoryPort *hart_data_port(Hart *hart);
HartCounters hart_counters(Hart *hart);

uint64_t hart_pc(const Hart *hart);
void hart_set_pc(Hart *hart, uint64_t pc);
uint64_t hart_x(const Hart *hart, unsigned reg); /* zero-extended */
void hart_set_x(Hart *hart, unsigned reg, uint64_t value);
unsigned hart_privilege(const Hart *hart); /* 0 U, 3 M */
/* False: no such CSR. No privilege check, no side effects. */
bool hart_read_csr(Hart *hart, unsigned csr, uint64_t *value);

/* Where the cycles went, by code address: one call per block that ever ran, in
 * rising pc. `instructions` are those begun: retired or trapped. cycles sums to
 * counters.cycles - idle. */
typedef void HartBlockFn(void *opaque, uint64_t pc, uint64_t bytes,
                         uint64_t entries, uint64_t instructions,
                         uint64_t cycles);
void hart_visit_blocks(Hart *hart, HartBlockFn *fn, void *opaque);

#ifdef __cplusplus
}
#endif
#endif
