/*
 * timing_run.h - a program that marks its regions, on a board with the wait
 * states of a row: the cycles of each region.
 *
 * Model    The program stores a byte to the marker: a number that is not 0
 *          begins that region, any number ends the one before. A region takes
 *          the time between the two accesses. The marker lies over what the
 *          board has there and takes as long. imem_wait and dmem_wait become
 *          the wait_states of the buses that the cpu fetches from and loads
 *          from; shared_port 1 lets it fetch from the latter.
 * Units    cycles of the cpu.
 * Source   tests/timing/README.md.
 * Missing  regions inside regions; the sum of a region that comes twice (the
 *          last one counts).
 */
#ifndef SIM_TIMING_RUN_H
#define SIM_TIMING_RUN_H

#include "sim/machine.h"
#include "sim/timing_rows.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TIMING_REGIONS = 256, TIMING_MARKER = 0x10000007 };

typedef struct TimingBoard {
    const char *config; /* a description; borrowed, as the others */
    const char *cpu;    /* whose cycles; NULL: the first's */
    const char *elf_dir;
    bool bursts; /* only the first beat of a burst waits */
    uint64_t marker;
} TimingBoard;

/* Told of what retires, with the number of the region it is in (0: none): from
 * the store that begins it up to, without, the one that ends it. */
typedef void TimingCommitFn(void *opaque, Hart *hart, uint8_t region,
                            const HartCommit *commit);

typedef struct TimingRun {
    uint64_t cycles[TIMING_REGIONS];
    bool there[TIMING_REGIONS]; /* the program has that region */
} TimingRun;

/* The cpu of a loaded description; NULL, with an error: there is none. */
const ConfigCpu *timing_cpu(const TimingBoard *board, const Config *cfg,
                            Error **errp);
/* Runs the program of a row of `csv` (for messages) as on the row's board, with
 * `timing:` of the cpu as given (NULL: as the description has it). fn may be
 * NULL. */
bool timing_run(const TimingBoard *board, const char *csv, const TimingRow *row,
                const char *timing, TimingCommitFn *fn, void *opaque,
                TimingRun *run, Error **errp);

#ifdef __cplusplus
}
#endif
#endif
