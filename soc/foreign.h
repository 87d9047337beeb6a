/*
 * foreign.h - a device that somebody else's model implements: `type: tlm`.
 *
 * Model    Its place in the map, its wires and its way onto a bus are those of
 *          any device; what its registers do comes from a model in a shared
 *          library, which the SystemC bridge loads and connects (sim/tlm/).
 *          Until then accesses are refused.
 * Units    bytes.
 * Missing  what the registers are called.
 */
#ifndef SOC_FOREIGN_H
#define SOC_FOREIGN_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FOREIGN_PINS = 8 };

typedef struct ForeignDevice ForeignDevice;
struct ForeignDevice {
    Device dev;
    /* parameters */
    const char *library, *model, *with; /* with: lines KEY=VALUE */
    uint64_t size, min_access, max_access;
    MemoryPort dma;
    Irq irq[FOREIGN_PINS];
    /* the model; NULL: not connected */
    MemTxResult (*read)(ForeignDevice *dev, hwaddr addr, uint64_t *data,
                        unsigned size, MemTxAttrs attrs);
    MemTxResult (*write)(ForeignDevice *dev, hwaddr addr, uint64_t data,
                         unsigned size, MemTxAttrs attrs);
    void *opaque;
    /* private */
    MemoryRegionOps ops;
};

extern const DeviceClass foreign_class;

#ifdef __cplusplus
}
#endif
#endif
