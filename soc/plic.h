/* plic.h - see plic.c for the model. */
#ifndef SOC_PLIC_H
#define SOC_PLIC_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PLIC_SOURCES = 1024, /* at most; source 0 does not exist */
    PLIC_WORDS = PLIC_SOURCES / 32,
    PLIC_CONTEXTS = 1024, /* what the register map has room for */
    PLIC_OUTS = PLIC_CONTEXTS,
    PLIC_STRIDE = 2,
};

typedef struct PlicContext {
    uint32_t enable[PLIC_WORDS];
    uint32_t threshold;
} PlicContext;

typedef struct Plic {
    Device dev;
    uint64_t sources; /* lines 1 .. sources - 1 */
    uint64_t stride;  /* contexts per hart */
    unsigned outs;    /* up to the last that is wired */
    Irq out[PLIC_OUTS];
    uint8_t priority[PLIC_SOURCES];
    uint32_t level[PLIC_WORDS];   /* the wires; no reset changes them */
    uint32_t pending[PLIC_WORDS]; /* forwarded by the gateway, not claimed */
    uint32_t claimed[PLIC_WORDS]; /* claimed, not completed: gateway closed */
    PlicContext context[PLIC_CONTEXTS];
} Plic;

extern const DeviceClass plic_class;

#ifdef __cplusplus
}
#endif
#endif
