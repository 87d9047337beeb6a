/*
 * spi.h - between an SPI controller and what hangs on its chip selects.
 */
#ifndef SOC_SPI_H
#define SOC_SPI_H

#include "soc/device.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SPI_SELECTS = 4 };

/* A device on a chip select; part of its struct. */
typedef struct SpiSlave {
    void (*select)(void *opaque, bool selected);
    uint8_t (*transfer)(void *opaque, uint8_t byte); /* while selected */
    void *opaque;
} SpiSlave;

/* Hangs a slave on a chip select of an SPI controller; borrowed. */
bool spi_attach(Device *controller, uint64_t select, const SpiSlave *slave,
                const Device *who, Error **errp);

#ifdef __cplusplus
}
#endif
#endif
