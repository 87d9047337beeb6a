/*
 * profile.h - what an instruction costs, apart from what it means.
 *
 * A profile is data: one row per core we claim to approximate, with its source.
 * Costs are cycles with ideal memory: the first cycle of a load or store is in
 * its class, the bus adds what goes beyond it.
 */
#ifndef CPU_PROFILE_H
#define CPU_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum TimeClass {
    TIME_ALU,
    TIME_LOAD,
    TIME_STORE,
    TIME_AMO,
    TIME_MUL,
    TIME_DIV,
    TIME_BRANCH,
    TIME_JUMP,
    TIME_CSR,
    TIME_FENCE,
    TIME_SYSTEM, /* ecall, ebreak, mret, sret, wfi, sfence.vma */
    TIME_FP,     /* floating-point add, multiply, compare, convert, move */
    TIME_FMA,
    TIME_FDIV,
    TIME_FSQRT,
    TIME_NUM
} TimeClass;

struct PipeCore;

/* How time is worked out. */
typedef enum TimingLevel {
    TIMING_NONE,     /* one cycle per instruction */
    TIMING_TABLE,    /* costs by class, hazards, taken branches */
    TIMING_PIPELINE, /* cpu/pipe.h */
} TimingLevel;
extern const char *const timing_level_name[]; /* none, table, pipeline */

typedef struct TimingProfile {
    const char *name; /* the `timing:` of a config file */
    const char *summary;
    const char *source;    /* document and section, "measured, see ...", or
                              "estimate" */
    const char *estimates; /* which of its costs are; NULL: none */
    const struct PipeCore *core; /* NULL: there is no pipeline model */
    uint8_t cost[TIME_NUM];      /* cycles, >= 1 */
    uint8_t taken;               /* more for a taken branch */
    uint8_t load_use; /* more when the next instruction reads a load's rd */
    uint8_t trap;     /* cycles to enter a trap or an interrupt */
} TimingProfile;

/* The costs of a profile in one row: its classes, then these. */
enum { COST_TAKEN = TIME_NUM, COST_LOAD_USE, COST_TRAP, COST_NUM };
extern const char *const timing_cost_name[]; /* "alu", "load", ... "trap" */
unsigned timing_cost(const TimingProfile *profile, unsigned cost);
/* value: timing_cost_least() to UINT8_MAX. */
void timing_cost_set(TimingProfile *profile, unsigned cost, unsigned value);
unsigned timing_cost_least(unsigned cost); /* what time must not go below */

/* The best level it has. */
TimingLevel timing_profile_level(const TimingProfile *profile);
extern const TimingProfile timing_profiles[]; /* ends with a NULL name */
const TimingProfile *timing_profile_find(const char *name); /* NULL: none */

#ifdef __cplusplus
}
#endif
#endif
