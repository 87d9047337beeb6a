/* ocores_i2c.h - see ocores_i2c.c for the model. */
#ifndef SOC_OCORES_I2C_H
#define SOC_OCORES_I2C_H

#include "soc/i2c.h"
#include "soc/reg.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    OI2C_PRERLO,
    OI2C_PRERHI,
    OI2C_CTR,
    OI2C_DATA,
    OI2C_CR_SR,
    OI2C_NUM_REGS
};

typedef struct OcoresI2c {
    Device dev;
    Irq irq;
    RegBank bank;
    uint32_t reg[OI2C_NUM_REGS];
    uint8_t tx, command, status;
    I2cSlave *slaves;
    I2cSlave *talking; /* NULL: nobody */
    bool reading;      /* it talks to us */
    Event done;
} OcoresI2c;

extern const DeviceClass ocores_i2c_class;

#ifdef __cplusplus
}
#endif
#endif
