/*
 * calibrate.h - fits the cost table of a core to cycles that were measured.
 *
 * Model    Each program runs once on each board of the rows, by the table of
 *          the cpu as the description has it. What is counted in each region
 *          (CalCounts) times a cost is what that cost adds there, so the cycles
 *          for any other table are known without a run. Fitted is the sum of
 *          the regions' relative errors, over integer costs. A cost that no
 *          region has keeps its value.
 * Units    cycles; errors in hundredths of a percent of what was measured, of
 *          a region of fewer than CAL_SHORT cycles of that many.
 * Source   own design.
 * Missing  costs that depend on wait states; costs that are no integers.
 */
#ifndef SIM_CALIBRATE_H
#define SIM_CALIBRATE_H

#include "sim/timing_run.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { CAL_SHORT = 100, CAL_WORST = 1000000000 };

/* What is counted in a region: how often each cost of the table applies
 * (COST_*), then what no table expresses. */
enum {
    CAL_TAKEN_HIGH = COST_NUM,
    CAL_JUMP_HIGH,
    CAL_TARGET_HIGH,
    CAL_JALR,
    CAL_BACKWARD,
    CAL_FORWARD,
    CAL_SURPRISE,
    CAL_MULH,
    CAL_DIV_ZERO,
    CAL_DIVISOR_ZEROS,
    CAL_DIVIDEND_ZEROS,
    CAL_DIV_NEGATIVE,
    CAL_SHIFT_STEPS,
    CAL_ACROSS,
    CAL_LOAD_LOAD,
    CAL_STORE_STORE,
    CAL_STORE_LOAD,
    CAL_LOAD_STORE,
    CAL_LOAD_USE_LATER,
    CAL_LOAD_STORED,
    CAL_MUL_USE,
    CAL_ALU_BRANCH,
    CAL_CSR_STATUS,
    CAL_CSR_WRITE,
    CAL_COMPRESSED,
    CAL_LONG_HIGH,
    CAL_FETCH_WAITS,
    CAL_DATA_WAITS,
    CAL_NUM
};
/* "misaligned targets of taken branches"; of costs NULL. */
extern const char *const cal_count_name[CAL_NUM];

typedef struct CalCounts {
    uint64_t n[CAL_NUM];
} CalCounts;

/* -- calibrate_count.c ---------------------------------------------------- */

typedef struct CalCounter CalCounter;
CalCounter *cal_counter_new(const HartIsa *isa, Error **errp);
void cal_counter_free(CalCounter *counter);
/* A run begins; counts of CAL_*_WAITS are of that row's wait states. */
void cal_counter_begin(CalCounter *counter, const TimingRow *row);
void cal_counter_commit(void *counter, Hart *hart, uint8_t region,
                        const HartCommit *commit); /* a TimingCommitFn */
const CalCounts *cal_counter_region(const CalCounter *counter, uint8_t region);

/* -- calibrate_fit.c ------------------------------------------------------ */

typedef struct CalPoint {
    const uint64_t *count; /* COST_NUM of them */
    int64_t rest;          /* cycles that no cost explains */
    uint64_t measured;
} CalPoint;

/* Cycles of a region by a table. */
int64_t cal_model(const CalPoint *point, const uint8_t *cost);
/* Hundredths of a percent, signed: + is more than measured; at most CAL_WORST.
 */
int64_t cal_error(int64_t model, uint64_t measured);
/* Changes those of cost[COST_NUM] that fit[] says. False: no memory. */
bool cal_fit(const CalPoint *point, size_t points, const bool *fit,
             uint8_t *cost, Error **errp);

/* -- calibrate.c ---------------------------------------------------------- */

typedef struct CalRegion {
    const TimingRow *row;
    CalCounts counts;
    int64_t rest;
    uint64_t model; /* cycles, of a run with the fitted table */
    int64_t error;  /* of that */
} CalRegion;

typedef struct CalFigure {
    uint64_t mean, largest; /* absolute errors */
    size_t close;           /* regions within 1 % */
} CalFigure;

/* A count that the residuals go with. */
typedef struct CalEffect {
    unsigned count; /* CAL_* */
    double correlation, cycles;
} CalEffect;

typedef struct CalReady {
    const TimingProfile *profile;
    TimingLevel level;
    CalFigure figure;
} CalReady;

enum { CAL_EFFECTS = 6, CAL_READY = 32 };

typedef struct Calibration {
    TimingRows rows;
    char cpu[TIMING_NAME];
    HartIsa isa;
    const TimingProfile *base; /* the profile that was begun with */
    uint8_t before[COST_NUM], cost[COST_NUM];
    bool fitted[COST_NUM];
    CalRegion *region; /* rows.rows of them, largest error first */
    CalFigure start, end;
    CalEffect effect[CAL_EFFECTS];
    unsigned effects;
    CalReady ready[CAL_READY]; /* nearest first */
    unsigned readies;
    /* Costs that come in the same proportion in every region, so only their sum
     * is known; pairs. */
    uint8_t together[COST_NUM][2];
    unsigned togethers;
} Calibration;

/* where: as timing_rows_read(). calibrate_fini() also after a failure. */
bool calibrate(const TimingBoard *board, const char *csv,
               const char *const *where, Calibration *cal, Error **errp);
/* Runs the rows by the profiles that there are, pipelines as such if the cpu
 * can have one: fills in `ready`. */
bool calibrate_compare(const TimingBoard *board, Calibration *cal,
                       Error **errp);
void calibrate_fini(Calibration *cal);

/* The `timing:` map of a table; source and estimates may be NULL. free() it. */
char *calibrate_timing(const char *profile, const uint8_t *cost,
                       const char *source, const char *estimates);

#ifdef __cplusplus
}
#endif
#endif
