#include "cpu/profile.h"

#include <string.h>

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
    {.name = NULL},
};

const TimingProfile *timing_profile_find(const char *name)
{
    for (const TimingProfile *p = timing_profiles; p->name; p++) {
        if (strcmp(p->name, name) == 0) {
            return p;
        }
    }
    return NULL;
}
