/*
 * devices.h - three devices written against the published memory API, as ports
 * of other simulators' sources would be. docs/memory-api.md quotes them.
 */
#ifndef TESTS_MEMORY_DEVICES_DEVICES_H
#define TESTS_MEMORY_DEVICES_DEVICES_H

#include "memory/memory.h"

#ifdef __cplusplus
extern "C" {
#endif

/* sensors.c: eight channels of 16 bits. */
enum {
    SENSORS_CHANNELS = 8,
    SENSORS_MASK = 0x10,  /* which channels are on */
    SENSORS_TAKEN = 0x14, /* samples taken so far */
    SENSORS_SIZE = 0x20,
};

typedef struct SensorsState {
    MemoryRegion iomem;
    uint32_t taken;
    uint8_t mask;
    uint8_t latch; /* upper half of the sample whose lower half was read last */
} SensorsState;

void sensors_init(SensorsState *s, Object *owner);

/* copier.c: copies memory by itself. */
enum {
    COPIER_SRC = 0x00, /* 64 bits */
    COPIER_DST = 0x08, /* 64 bits */
    COPIER_LEN = 0x10,
    COPIER_CTRL = 0x14,
    COPIER_DONE = 0x18, /* 64 bits: where a word is stored at the end */
    COPIER_STATUS = 0x20,
    COPIER_SIZE = 0x40,

    COPIER_CTRL_GO = 1 << 0,
    COPIER_CTRL_LOCK = 1 << 1, /* only secure initiators may write */

    COPIER_STATUS_OK = 1,
    COPIER_STATUS_FAILED = 2,
};

typedef struct CopierState {
    MemoryRegion iomem;
    AddressSpace *as; /* where it copies */
    uint16_t requester_id;
    uint32_t regs[COPIER_SIZE / 4];
    unsigned in_place; /* stretches copied between two host pointers */
    unsigned buffered; /* stretches copied through its own buffer */
} CopierState;

void copier_init(CopierState *s, Object *owner, AddressSpace *as,
                 uint16_t requester_id);

/* pager.c: an IOMMU with two levels of tables in memory. */
#define TYPE_PAGER "pager-iommu-memory-region"

enum {
    PAGER_ROOT = 0x00,  /* address of the first table */
    PAGER_CTRL = 0x04,  /* bit 0: on; off: nothing is translated */
    PAGER_DROP = 0x08,  /* writing an address: the entry of its page changed;
                           with  PAGER_LEAF: of the 4 MiB around it */
    PAGER_FAULT = 0x0c, /* address refused last */
    PAGER_SIZE = 0x10,

    /* a table entry: address of a table or page, and */
    PAGER_VALID = 1 << 0,
    PAGER_READ = 1 << 1,
    PAGER_WRITE = 1 << 2,
    PAGER_LEAF = 1 << 3, /* in the first table: a page of 4 MiB */
};

typedef struct PagerState {
    IOMMUMemoryRegion iommu; /* 4 GiB; what it translates goes to `target` */
    MemoryRegion iomem;
    AddressSpace *tables, *target;
    uint32_t root, fault;
    bool on;
} PagerState;

void pager_init(PagerState *s, Object *owner, AddressSpace *tables,
                AddressSpace *target);

#ifdef __cplusplus
}
#endif
#endif
