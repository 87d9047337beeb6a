/* registers.h - see registers.c for the model. */
#ifndef SOC_REGISTERS_H
#define SOC_REGISTERS_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Registers {
    Device dev;
    uint8_t *bytes; /* cls->mmio_size of them */
} Registers;

extern const DeviceClass registers_class;

#ifdef __cplusplus
}
#endif
#endif
