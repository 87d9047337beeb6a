/* lm75.h - see lm75.c for the model. */
#ifndef SOC_LM75_H
#define SOC_LM75_H

#include "soc/i2c.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LM75_TEMP, LM75_CONF, LM75_THYST, LM75_TOS, LM75_NUM_REGS };

typedef struct Lm75 {
    Device dev;
    Device *controller;
    uint64_t address;
    const char *temperature; /* degrees Celsius, as text */
    Irq os;
    I2cSlave slave;
    uint16_t reg[LM75_NUM_REGS]; /* temperatures in 1/256 degree */
    uint16_t shift;
    uint8_t pointer;
    unsigned bytes; /* since the START */
    bool over;      /* the comparator's state */
} Lm75;

extern const DeviceClass lm75_class;

#ifdef __cplusplus
}
#endif
#endif
