/*
 * memory_bench.h - what the files of memory_bench share: boards to measure on,
 * and the rows of its tables.
 */
#ifndef BENCH_MEMORY_BENCH_H
#define BENCH_MEMORY_BENCH_H

#include "memory/memory.h"
#include "memory/world.h"

/* One operation, a row of the first table. */
typedef struct OpRow {
    const char *name;
    void (*run)(void *board, unsigned times);
    double goal; /* ns, 0: none */
    double ns;   /* measured, per operation: the least of all windows */
    unsigned long allocations;
} OpRow;

/* A toggle of one region followed by one access, a row of the second table. */
typedef struct CommitRow {
    unsigned regions;
    double goal;  /* us, without a listener; 0: none */
    double us[2]; /* without, with a listener */
} CommitRow;

/* Regions added one by one, a row of the third table. */
typedef struct AddRow {
    const char *name;
    unsigned regions;
    bool access;   /* one after each */
    bool listener; /* one that counts events */
    double goal;   /* s, 0: none */
    double seconds;
} AddRow;

/* ns since some moment. */
double bench_now(void);
unsigned long bench_allocations(void);
/* The test device: 32-bit registers that answer their offset. */
extern const MemoryRegionOps bench_ops;
/* A container of `count` devices of 256 bytes, 4 KiB apart. */
typedef struct DeviceRow {
    MemoryRegion root;
    AddressSpace as;
    MemoryRegion *device;
    unsigned count;
} DeviceRow;
void device_row_init(DeviceRow *row, unsigned count);
void device_row_fini(DeviceRow *row);

/* The rows of all operations, the yardsticks first; ends with name NULL. */
OpRow *ops_begin(void **board);
void ops_end(void *board);
void commits_measure(CommitRow *row, double seconds);
void adds_measure(AddRow *row);

#endif
