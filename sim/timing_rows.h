/*
 * timing_rows.h - cycles that were measured elsewhere: rows of a CSV file, each
 * of a region of a program.
 *
 * Model    A row is the time between two marks that the program makes:
 *          `workload` is PROGRAM/REGION, or PROGRAM if it has one region; its
 *          file is ELF_DIR/MARCH/PROGRAM.elf. regions.csv beside the file says
 *          which number a region of a program has (program,id,region); a
 *          program that is not in there has one, number 1.
 * Units    cycles of the core.
 * Source   docs/timing.md; tests/timing/README.md for the rows that are there.
 * Missing  quoted fields.
 */
#ifndef SIM_TIMING_ROWS_H
#define SIM_TIMING_ROWS_H

#include <stddef.h>

#include "sim/config.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TIMING_NAME = 64,        /* bytes of a name, its NUL included */
    TIMING_MAX_ROWS = 16384, /* of one file */
};
#define TIMING_MAX_MEASURED (UINT64_C(1) << 40) /* cycles of a region */

typedef struct TimingRow {
    char config[TIMING_NAME]; /* of what it was measured on; "" */
    char workload[TIMING_NAME], march[TIMING_NAME];
    char program[TIMING_NAME]; /* of the workload */
    uint32_t fetch_wait, data_wait;
    bool shared;       /* one port for instructions and data */
    bool shared_given; /* the file says so */
    uint8_t region;    /* number of the mark */
    unsigned line;
    uint64_t cycles;
} TimingRow;

typedef struct TimingRows {
    const char *path; /* borrowed */
    TimingRow *row;
    size_t rows;
    size_t left_out; /* rows that `where` does not take */
} TimingRows;

/* Reads the rows of a CSV whose columns are as all of where say
 * ("imem_wait=0"); where ends with NULL and may be NULL. Columns workload,
 * march, cycles, imem_wait and dmem_wait must be there. timing_rows_free() also
 * after a failure. */
bool timing_rows_read(TimingRows *rows, const char *path,
                      const char *const *where, Error **errp);
void timing_rows_free(TimingRows *rows);
bool timing_same_program(const TimingRow *a, const TimingRow *b);
/* The same wait states and ports? */
bool timing_same_board(const TimingRow *a, const TimingRow *b);

#ifdef __cplusplus
}
#endif
#endif
