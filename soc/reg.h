/*
 * reg.h - a device's 32-bit registers as a table: one line answers what the
 * data sheet answers (name, reset value, writable bits, write-1-to-clear bits).
 */
#ifndef SOC_REG_H
#define SOC_REG_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct RegSpec {
    const char *name; /* NULL: no register there */
    const char *doc;
    uint32_t reset;
    uint32_t writable;                        /* bits a write stores */
    uint32_t w1c;                             /* bits a written 1 clears */
    uint32_t (*read)(void *dev);              /* NULL: the stored value */
    void (*written)(void *dev, uint32_t old); /* NULL: storing is all */
} RegSpec;

typedef struct RegBank {
    const RegSpec *spec; /* borrowed; one entry per register, see block */
    uint32_t *value;     /* borrowed, count entries; lives in the device */
    unsigned count;      /* registers; index = offset / 4 */
    /* Channels: the first `block` entries of spec stand for `blocks` times as
     * many registers. Set after reg_bank_init(); 0: spec has count entries. */
    unsigned block, blocks;
    void *dev;                 /* passed to the hooks */
    unsigned index;            /* of the register whose hook is called */
    void (*settle)(void *dev); /* recomputes all outputs from the registers */
} RegBank;

/* Makes dev->mmio: 32-bit registers from offset 0, size cls->mmio_size; offsets
 * past the table, and holes in it, read 0 and ignore writes with a guest error.
 * settle runs after every write and every reset, so no path can forget it.
 * Order of a write: store, clear w1c bits, written(), settle(). */
void reg_bank_init(RegBank *bank, Device *dev, const RegSpec *spec,
                   uint32_t *value, unsigned count, void (*settle)(void *dev));
void reg_bank_reset(RegBank *bank);

#ifdef __cplusplus
}
#endif
#endif
