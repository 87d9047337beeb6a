/*
 * hart.h - a RISC-V hart: RV32 or RV64, IMAFDC and more, in M, S and U mode.
 *
 * A hart runs alone up to a horizon: hart_run() executes instructions that
 * begin before it, then returns. It enters memory through three ports: fetch,
 * data, and walk (its page-table walker). Code is decoded once into blocks that
 * are kept and linked; a store to a page that holds decoded code drops the
 * blocks of that page, so software needs fence.i only where the architecture
 * says so and never sees stale code here.
 *
 * Units    cycles of config.clock; horizons in picoseconds.
 * Source   The RISC-V Instruction Set Manual, Volume I (20191213) and Volume II
 *          (20211203), and the ratified documents of the extensions named in
 *          cpu/isa.c.
 * Missing  performance events (hpmcounters read 0); debug and trigger modes;
 *          big-endian data; the hypervisor and vector extensions.
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
#define ISA_BIT(n) (UINT64_C(1) << (n))
#define ISA_I ISA_BIT(0)
#define ISA_M ISA_BIT(1)
#define ISA_A ISA_BIT(2)
#define ISA_F ISA_BIT(3)
#define ISA_D ISA_BIT(4)
#define ISA_C ISA_BIT(5)
#define ISA_S ISA_BIT(6)    /* supervisor mode, with virtual memory */
#define ISA_RV32 ISA_BIT(7) /* instructions only RV32 has */
#define ISA_RV64 ISA_BIT(8) /* instructions only RV64 has */
#define ISA_ZICSR ISA_BIT(9)
#define ISA_ZIFENCEI ISA_BIT(10)
#define ISA_ZICNTR ISA_BIT(11)
#define ISA_ZIHPM ISA_BIT(12)
#define ISA_ZBA ISA_BIT(13)
#define ISA_ZBB ISA_BIT(14)
#define ISA_ZBS ISA_BIT(15)
#define ISA_ZBC ISA_BIT(16)
#define ISA_ZICOND ISA_BIT(17)
#define ISA_ZFH ISA_BIT(18)
#define ISA_ZICBOZ ISA_BIT(19)
#define ISA_SSTC ISA_BIT(20)
#define ISA_SVINVAL ISA_BIT(21)
#define ISA_SVNAPOT ISA_BIT(22)
#define ISA_SVADU ISA_BIT(23)

typedef struct HartIsa {
    unsigned xlen; /* 32 or 64 */
    uint64_t extensions;
} HartIsa;
/* Parses "rv32imac_zicsr_zifencei" or "rv64gc_zba_zbb"; unknown parts, missing
 * requirements and contradictions are named in the error. Sets no ISA_S, which
 * is not part of such a string. */
bool hart_isa_parse(const char *text, HartIsa *isa, Error **errp);

/* Interrupt inputs: bit numbers of mip. */
enum {
    HART_SSI = 1,
    HART_MSI = 3,
    HART_STI = 5,
    HART_MTI = 7,
    HART_SEI = 9,
    HART_MEI = 11
};

/* Modes, as encoded in mstatus.MPP. */
enum { HART_U = 0, HART_S = 1, HART_M = 3 };

typedef enum HartMisaligned { HART_SPLIT, HART_TRAP } HartMisaligned;

/* The widest address translation satp takes. */
typedef enum HartMmu {
    HART_MMU_BARE,
    HART_MMU_SV32, /* RV32 */
    HART_MMU_SV39, /* RV64 */
    HART_MMU_SV48, /* RV64: Sv39 too */
} HartMmu;

/* What one instruction did, for HartConfig.commit. */
typedef struct HartCommit {
    uint64_t pc;
    uint32_t word; /* as fetched */
    uint8_t size;  /* bytes: 2 or 4 */
    uint8_t privilege;
    uint8_t rd; /* 32: no register was written */
    bool rd_is_f;
    uint8_t csrs;     /* entries of csr[] */
    uint8_t mem;      /* DIR_READ, DIR_WRITE, DIR_BOTH (an AMO), 0: none */
    uint8_t mem_size; /* bytes */
    uint64_t rd_value;
    struct {
        uint16_t number;
        uint64_t value;
    } csr[3];
    uint64_t mem_va, mem_value; /* value: what was stored */
} HartCommit;

typedef struct HartConfig {
    const char *name; /* borrowed */
    uint64_t hartid;
    HartIsa isa;
    const TimingProfile *profile;
    TimingLevel level; /* at most timing_profile_level(profile) */
    const ClockDomain *clock;
    uint64_t reset_pc;
    HartMisaligned misaligned; /* what a misaligned load or store does */
    HartMmu mmu;               /* with ISA_S */
    bool hardware_ad; /* the walker sets A and D; false: it faults. With Svadu
                         menvcfg.ADUE decides, and this is its reset value */
    uint8_t pmp_entries; /* 0..16 */
    AddressSpace *fetch_as, *data_as;
    TimingModel *fetch_timing, *data_timing; /* may be NULL */
    uint8_t priority; /* of its ports on the bus; lower wins */
    bool fast;        /* false: every access by call (for tests) */
    /* The value of mtime now (time CSR). NULL: the time CSR traps. */
    uint64_t (*read_time)(void *opaque);
    /* Sstc: stimecmp was written. Whoever owns mtime raises HART_STI while
     * mtime >= value. NULL: there is no stimecmp. */
    void (*write_stimecmp)(void *opaque, Hart *hart, uint64_t value);
    /* A semihosting call (ebreak between its two markers): operation in a0,
     * parameter in a1, result to a0. NULL: an ebreak like others. */
    void (*semihosting)(void *opaque, Hart *hart);
    /* After each instruction that retired; it is slow. NULL: nobody looks. */
    void (*commit)(void *opaque, Hart *hart, const HartCommit *commit);
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
    uint64_t walk;  /* cycles waiting for page tables */
    uint64_t walks; /* translations that were not in a TLB */
    uint64_t blocks_decoded, blocks_dropped;
} HartCounters;

/* config is copied. Fails when the host has no memory. Owns three ports. */
Hart *hart_new(const HartConfig *config, Error **errp);
void hart_reset(Hart *hart);
void hart_free(Hart *hart);

/* Why hart_run() returned. */
typedef enum HartStop {
    HART_STOP_TIME,  /* `until`, or what shortened it */
    HART_STOP_LIMIT, /* hart_limit() */
    HART_STOP_BREAK, /* hart_pc() has a break; its instruction comes next */
} HartStop;
/* Runs instructions that begin before `until` (ps) and before anything
 * shortens it (hart_stop_before). Sleeps in wfi up to it. */
HartStop hart_run(Hart *hart, uint64_t until);
/* Shortens the hart_run() under way, from inside an access. */
void hart_stop_before(Hart *hart, uint64_t until);
/* Runs exactly n instructions or until asleep; for tests and debuggers. */
void hart_step(Hart *hart, uint64_t n);
/* Limits hart_run(): it returns when this many instructions have retired in
 * all. UINT64_MAX: no limit. Exact. */
void hart_limit(Hart *hart, uint64_t instructions);

/* From now on hart_run() returns before it executes the instruction at pc, in
 * any mode and address space, each time the hart comes there; the next
 * hart_run() executes it. Interrupts that are due are taken first. Never
 * changes a result; costs nothing where there is no break. hart_step() does not
 * look. To be called between runs or from inside an access. False: the host has
 * no memory. */
bool hart_set_break(Hart *hart, uint64_t pc);
void hart_clear_breaks(Hart *hart);

/* Time at which the next instruction begins, ps. */
uint64_t hart_time(const Hart *hart);
bool hart_asleep(const Hart *hart); /* in wfi, nothing pending */
void hart_set_irq(void *hart, unsigned line, bool level);

const HartConfig *hart_config(const Hart *hart);
MemoryPort *hart_fetch_port(Hart *hart);
MemoryPort *hart_data_port(Hart *hart);
MemoryPort *hart_walk_port(Hart *hart); /* NULL without ISA_S */
HartCounters hart_counters(Hart *hart);
/* The same, but only cycles, instructions, idle, traps and interrupts, which
 * cost nothing to ask; the rest is 0. */
HartCounters hart_progress(const Hart *hart);
uint64_t hart_instructions(const Hart *hart); /* of these */

uint64_t hart_pc(const Hart *hart);
void hart_set_pc(Hart *hart, uint64_t pc); /* an odd one is rounded down */
uint64_t hart_x(const Hart *hart, unsigned reg); /* zero-extended */
void hart_set_x(Hart *hart, unsigned reg, uint64_t value);
/* Bits as in the register: a single is NaN-boxed. */
uint64_t hart_f(const Hart *hart, unsigned reg);
void hart_set_f(Hart *hart, unsigned reg, uint64_t value);
unsigned hart_privilege(const Hart *hart); /* HART_U, HART_S, HART_M */
/* Where va is now for loads of the current mode, as a debugger asks: no side
 * effects. False: not mapped. */
bool hart_translate(Hart *hart, uint64_t va, hwaddr *pa);
/* Reads or writes memory at va so; returns how many leading bytes could be
 * reached. */
uint64_t hart_debug(Hart *hart, uint64_t va, void *buf, uint64_t len,
                    bool is_write);
/* False: no such CSR. No privilege check, no side effects. */
bool hart_read_csr(Hart *hart, unsigned csr, uint64_t *value);
/* As an M-mode instruction writes it, in no time. False: no such CSR, or it
 * cannot be written. To be called between runs, like the next two. */
bool hart_write_csr(Hart *hart, unsigned csr, uint64_t value);
/* False: the hart has no such mode. */
bool hart_set_privilege(Hart *hart, unsigned privilege);
/* Time goes by up to `until` (ps) and nothing is executed: idle cycles. */
void hart_pass(Hart *hart, uint64_t until);

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
