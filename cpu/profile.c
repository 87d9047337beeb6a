#include "cpu/profile.h"

#include <string.h>

#include "cpu/pipe_private.h"

const char *const timing_level_name[] = {"none", "table", "pipeline"};

const char *const timing_cost_name[] = {
    "alu",    "load", "store", "amo",   "mul",      "div",
    "branch", "jump", "csr",   "fence", "system",   "fp",
    "fma",    "fdiv", "fsqrt", "taken", "load_use", "trap"};

/* Of cores whose rows come from RTL, which had no interrupts, no A and no F. */
#define NOT_MEASURED "interrupt entry, wfi, atomics, floating point"

const TimingProfile timing_profiles[] = {
    {
        .name = "none",
        .summary = "one cycle per instruction",
        .source = "a clock, not a claim",
        .cost = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
        .trap = 1, /* never 0: a handler that only traps must use up time */
    },
    {
        .name = "generic-table",
        .summary = "a small in-order core with a two-stage pipeline",
        .source = "estimate: between the documented costs of Ibex (Pipeline "
                  "Details) and CV32E40P (Cycle counts per instruction type); "
                  "floating point: as a unit of two stages with an iterative "
                  "divider",
        .estimates = "all costs",
        .cost = {[TIME_ALU] = 1,
                 [TIME_LOAD] = 1,
                 [TIME_STORE] = 1,
                 [TIME_AMO] = 2,
                 [TIME_MUL] = 1,
                 [TIME_DIV] = 35,
                 [TIME_BRANCH] = 1,
                 [TIME_JUMP] = 2,
                 [TIME_CSR] = 1,
                 [TIME_FENCE] = 1,
                 [TIME_SYSTEM] = 2,
                 [TIME_FP] = 2,
                 [TIME_FMA] = 2,
                 [TIME_FDIV] = 16,
                 [TIME_FSQRT] = 16},
        .taken = 2,
        .load_use = 1,
        .trap = 4,
    },
    {
        .name = "inorder-3stage",
        .summary = "a textbook core: fetch, execute, write back",
        .source = "estimate: classic in-order pipelines, Patterson and "
                  "Hennessy, Computer Organization and Design, chapter 4: "
                  "branches and jumps are resolved in execute (one fetched "
                  "instruction dropped), a loaded value comes a stage late; "
                  "single-cycle multiplier, divider of a bit per cycle",
        .estimates = "all costs",
        .cost = {[TIME_ALU] = 1,
                 [TIME_LOAD] = 1,
                 [TIME_STORE] = 1,
                 [TIME_AMO] = 2, /* a load, then a store */
                 [TIME_MUL] = 1,
                 [TIME_DIV] = 34, /* 32 bits, operands in, result out */
                 [TIME_BRANCH] = 1,
                 [TIME_JUMP] = 2,
                 [TIME_CSR] = 1,
                 [TIME_FENCE] = 1,
                 [TIME_SYSTEM] = 2, /* goes elsewhere, as a jump does */
                 [TIME_FP] = 2,
                 [TIME_FMA] = 2,
                 [TIME_FDIV] = 16,
                 [TIME_FSQRT] = 16},
        .taken = 1,
        .load_use = 1,
        .trap = 3,
    },
    {
        .name = "inorder-5stage",
        .summary = "a textbook core: fetch, decode, execute, memory, write "
                   "back",
        .source = "estimate: classic in-order pipelines, Patterson and "
                  "Hennessy, Computer Organization and Design, chapter 4: "
                  "branches and jumps are resolved in execute (two fetched "
                  "instructions dropped), all results are forwarded, a loaded "
                  "value comes a stage late; multiplier in execute and memory, "
                  "divider of a bit per cycle; traps are taken in write back",
        .estimates = "all costs",
        .cost = {[TIME_ALU] = 1,
                 [TIME_LOAD] = 1,
                 [TIME_STORE] = 1,
                 [TIME_AMO] = 2,
                 [TIME_MUL] = 1,
                 [TIME_DIV] = 34,
                 [TIME_BRANCH] = 1,
                 [TIME_JUMP] = 3,
                 [TIME_CSR] = 1,
                 [TIME_FENCE] = 1,
                 [TIME_SYSTEM] = 3,
                 [TIME_FP] = 2,
                 [TIME_FMA] = 2,
                 [TIME_FDIV] = 16,
                 [TIME_FSQRT] = 16},
        .taken = 2,
        .load_use = 1,
        .trap = 5,
    },
    {
        .name = "ibex-small",
        .summary = "lowRISC Ibex, small: two stages, three-cycle multiplier",
        .source =
            "measured, see tests/timing/; Ibex documentation, Pipeline Details",
        .estimates = NOT_MEASURED,
        .core = &pipe_ibex[0],
        .cost = {[TIME_ALU] = 1,
                 [TIME_LOAD] = 2,
                 [TIME_STORE] = 2,
                 [TIME_AMO] = 4,
                 [TIME_MUL] = 3,
                 [TIME_DIV] = 37,
                 [TIME_BRANCH] = 1,
                 [TIME_JUMP] = 2,
                 [TIME_CSR] = 1,
                 [TIME_FENCE] = 1,
                 [TIME_SYSTEM] = 3,
                 [TIME_FP] = 4,
                 [TIME_FMA] = 4,
                 [TIME_FDIV] = 32,
                 [TIME_FSQRT] = 32},
        .taken = 2,
        .load_use = 0,
        .trap = 3,
    },
    {
        .name = "ibex-maxperf",
        .summary = "lowRISC Ibex, maxperf: write-back stage, branch target ALU",
        .source =
            "measured, see tests/timing/; Ibex documentation, Pipeline Details",
        .estimates = NOT_MEASURED,
        .core = &pipe_ibex[1],
        .cost = {[TIME_ALU] = 1,
                 [TIME_LOAD] = 1,
                 [TIME_STORE] = 1,
                 [TIME_AMO] = 2,
                 [TIME_MUL] = 1,
                 [TIME_DIV] = 37,
                 [TIME_BRANCH] = 1,
                 [TIME_JUMP] = 2,
                 [TIME_CSR] = 1,
                 [TIME_FENCE] = 1,
                 [TIME_SYSTEM] = 3,
                 [TIME_FP] = 4,
                 [TIME_FMA] = 4,
                 [TIME_FDIV] = 32,
                 [TIME_FSQRT] = 32},
        .taken = 1,
        .load_use = 1,
        .trap = 3,
    },
    {
        .name = "cv32e40p",
        .summary = "OpenHW CV32E40P: four stages, no floating point",
        .source =
            "measured, see tests/timing/; CV32E40P manual, Pipeline Details",
        .estimates = NOT_MEASURED,
        .core = &pipe_cv32e40p[0],
        .cost = {[TIME_ALU] = 1,
                 [TIME_LOAD] = 1,
                 [TIME_STORE] = 1,
                 [TIME_AMO] = 2,
                 [TIME_MUL] = 1,
                 [TIME_DIV] = 20,
                 [TIME_BRANCH] = 1,
                 [TIME_JUMP] = 2,
                 [TIME_CSR] = 4,
                 [TIME_FENCE] = 4,
                 [TIME_SYSTEM] = 5,
                 [TIME_FP] = 4,
                 [TIME_FMA] = 4,
                 [TIME_FDIV] = 32,
                 [TIME_FSQRT] = 32},
        .taken = 2,
        .load_use = 1,
        .trap = 5,
    },
    {
        .name = "hazard3-min",
        .summary = "Hazard3, smallest: three stages, serial multiplier",
        .source = "measured, see tests/timing/; Hazard3 manual, Instruction "
                  "Cycle Counts",
        .estimates = NOT_MEASURED,
        .core = &pipe_hazard3[0],
        .cost = {[TIME_ALU] = 1,
                 [TIME_LOAD] = 1,
                 [TIME_STORE] = 1,
                 [TIME_AMO] = 2,
                 [TIME_MUL] = 34,
                 [TIME_DIV] = 35,
                 [TIME_BRANCH] = 1,
                 [TIME_JUMP] = 2,
                 [TIME_CSR] = 1,
                 [TIME_FENCE] = 1,
                 [TIME_SYSTEM] = 2,
                 [TIME_FP] = 4,
                 [TIME_FMA] = 4,
                 [TIME_FDIV] = 32,
                 [TIME_FSQRT] = 32},
        .taken = 1,
        .load_use = 1,
        .trap = 4,
    },
    {
        .name = "hazard3-rp2350",
        .summary =
            "Hazard3 as in the RP2350: fast multiplier, branch predictor",
        .source = "measured, see tests/timing/; Hazard3 manual, Instruction "
                  "Cycle Counts",
        .estimates = NOT_MEASURED,
        .core = &pipe_hazard3[1],
        .cost = {[TIME_ALU] = 1,
                 [TIME_LOAD] = 1,
                 [TIME_STORE] = 1,
                 [TIME_AMO] = 2,
                 [TIME_MUL] = 1,
                 [TIME_DIV] = 19,
                 [TIME_BRANCH] = 1,
                 [TIME_JUMP] = 2,
                 [TIME_CSR] = 1,
                 [TIME_FENCE] = 1,
                 [TIME_SYSTEM] = 2,
                 [TIME_FP] = 4,
                 [TIME_FMA] = 4,
                 [TIME_FDIV] = 32,
                 [TIME_FSQRT] = 32},
        .taken = 1,
        .load_use = 1,
        .trap = 4,
    },
    {
        .name = "picorv32-fast",
        .summary = "PicoRV32: barrel shifter, fast multiplier",
        .source = "measured, see tests/timing/; PicoRV32 README, Cycles per "
                  "Instruction Performance",
        .estimates = NOT_MEASURED,
        .core = &pipe_picorv32[0],
        .cost = {[TIME_ALU] = 3,
                 [TIME_LOAD] = 5,
                 [TIME_STORE] = 5,
                 [TIME_AMO] = 10,
                 [TIME_MUL] = 6,
                 [TIME_DIV] = 40,
                 [TIME_BRANCH] = 3,
                 [TIME_JUMP] = 3,
                 [TIME_CSR] = 3,
                 [TIME_FENCE] = 3,
                 [TIME_SYSTEM] = 3,
                 [TIME_FP] = 4,
                 [TIME_FMA] = 4,
                 [TIME_FDIV] = 32,
                 [TIME_FSQRT] = 32},
        .taken = 2,
        .load_use = 0,
        .trap = 4,
    },
    {
        .name = "picorv32-default",
        .summary = "PicoRV32: serial shifter and multiplier",
        .source = "measured, see tests/timing/; PicoRV32 README, Cycles per "
                  "Instruction Performance",
        .estimates = NOT_MEASURED,
        .core = &pipe_picorv32[1],
        .cost = {[TIME_ALU] = 3,
                 [TIME_LOAD] = 5,
                 [TIME_STORE] = 5,
                 [TIME_AMO] = 10,
                 [TIME_MUL] = 40,
                 [TIME_DIV] = 40,
                 [TIME_BRANCH] = 3,
                 [TIME_JUMP] = 3,
                 [TIME_CSR] = 3,
                 [TIME_FENCE] = 3,
                 [TIME_SYSTEM] = 3,
                 [TIME_FP] = 4,
                 [TIME_FMA] = 4,
                 [TIME_FDIV] = 32,
                 [TIME_FSQRT] = 32},
        .taken = 2,
        .load_use = 0,
        .trap = 4,
    },
    {
        .name = "picorv32-compressed",
        .summary = "PicoRV32, fast, with compressed instructions",
        .source = "measured, see tests/timing/; PicoRV32 README, Cycles per "
                  "Instruction Performance",
        .estimates = NOT_MEASURED,
        .core = &pipe_picorv32[2],
        .cost = {[TIME_ALU] = 3,
                 [TIME_LOAD] = 5,
                 [TIME_STORE] = 5,
                 [TIME_AMO] = 10,
                 [TIME_MUL] = 6,
                 [TIME_DIV] = 40,
                 [TIME_BRANCH] = 3,
                 [TIME_JUMP] = 3,
                 [TIME_CSR] = 3,
                 [TIME_FENCE] = 3,
                 [TIME_SYSTEM] = 3,
                 [TIME_FP] = 4,
                 [TIME_FMA] = 4,
                 [TIME_FDIV] = 32,
                 [TIME_FSQRT] = 32},
        .taken = 2,
        .load_use = 0,
        .trap = 4,
    },
    {
        .name = "ue-riscv",
        .summary = "ultraembedded/riscv: five stages, for use with caches",
        .source = "measured, see tests/timing/",
        .estimates = NOT_MEASURED,
        .core = &pipe_ueriscv[0],
        .cost = {[TIME_ALU] = 1,
                 [TIME_LOAD] = 1,
                 [TIME_STORE] = 1,
                 [TIME_AMO] = 2,
                 [TIME_MUL] = 1,
                 [TIME_DIV] = 35,
                 [TIME_BRANCH] = 1,
                 [TIME_JUMP] = 3,
                 [TIME_CSR] = 4,
                 [TIME_FENCE] = 4,
                 [TIME_SYSTEM] = 7,
                 [TIME_FP] = 4,
                 [TIME_FMA] = 4,
                 [TIME_FDIV] = 32,
                 [TIME_FSQRT] = 32},
        .taken = 2,
        .load_use = 1,
        .trap = 7,
    },
    {.name = NULL},
};

unsigned timing_cost(const TimingProfile *p, unsigned cost)
{
    switch (cost) {
    case COST_TAKEN: return p->taken;
    case COST_LOAD_USE: return p->load_use;
    case COST_TRAP: return p->trap;
    default: return p->cost[cost];
    }
}

void timing_cost_set(TimingProfile *p, unsigned cost, unsigned value)
{
    switch (cost) {
    case COST_TAKEN: p->taken = (uint8_t)value; break;
    case COST_LOAD_USE: p->load_use = (uint8_t)value; break;
    case COST_TRAP: p->trap = (uint8_t)value; break;
    default: p->cost[cost] = (uint8_t)value;
    }
}

unsigned timing_cost_least(unsigned cost)
{
    return cost != COST_TAKEN && cost != COST_LOAD_USE;
}

TimingLevel timing_profile_level(const TimingProfile *p)
{
    if (p->core) {
        return TIMING_PIPELINE;
    }
    for (unsigned i = 0; i < COST_NUM; i++) {
        if (timing_cost(p, i) != timing_cost_least(i)) {
            return TIMING_TABLE;
        }
    }
    return TIMING_NONE;
}

const TimingProfile *timing_profile_find(const char *name)
{
    for (const TimingProfile *p = timing_profiles; p->name; p++) {
        if (strcmp(p->name, name) == 0) {
            return p;
        }
    }
    return NULL;
}
