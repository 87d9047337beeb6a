/*
 * i2c.h - between an I2C controller and the devices on its two wires.
 */
#ifndef SOC_I2C_H
#define SOC_I2C_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A device on the wires; part of its struct. */
typedef struct I2cSlave {
    uint64_t address; /* 7 bits */
    void (*start)(void *opaque, bool is_read);
    bool (*write)(void *opaque, uint8_t byte); /* is it acknowledged? */
    uint8_t (*read)(void *opaque);
    void (*stop)(void *opaque);
    void *opaque;
    struct I2cSlave *next; /* the controller's */
} I2cSlave;

/* Hangs a slave on the wires of an I2C controller; borrowed. */
bool i2c_attach(Device *controller, I2cSlave *slave, const Device *who,
                Error **errp);

#ifdef __cplusplus
}
#endif
#endif
