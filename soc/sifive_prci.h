/* sifive_prci.h - see sifive_prci.c for the model. */
#ifndef SOC_SIFIVE_PRCI_H
#define SOC_SIFIVE_PRCI_H

#include "soc/reg.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PRCI_HFROSCCFG,
    PRCI_HFXOSCCFG,
    PRCI_PLLCFG,
    PRCI_PLLOUTDIV,
    PRCI_PROCMONCFG = 0xf0 / 4,
    PRCI_NUM_REGS
};

typedef struct SifivePrci {
    Device dev;
    RegBank bank;
    uint32_t reg[PRCI_NUM_REGS];
} SifivePrci;

extern const DeviceClass sifive_prci_class;

#ifdef __cplusplus
}
#endif
#endif
