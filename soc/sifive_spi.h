/* sifive_spi.h - see sifive_spi.c for the model. */
#ifndef SOC_SIFIVE_SPI_H
#define SOC_SIFIVE_SPI_H

#include "soc/reg.h"
#include "soc/spi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    SSPI_SCKDIV = 0x00 / 4,
    SSPI_SCKMODE = 0x04 / 4,
    SSPI_CSID = 0x10 / 4,
    SSPI_CSDEF = 0x14 / 4,
    SSPI_CSMODE = 0x18 / 4,
    SSPI_DELAY0 = 0x28 / 4,
    SSPI_DELAY1 = 0x2c / 4,
    SSPI_FMT = 0x40 / 4,
    SSPI_TXDATA = 0x48 / 4,
    SSPI_RXDATA = 0x4c / 4,
    SSPI_TXMARK = 0x50 / 4,
    SSPI_RXMARK = 0x54 / 4,
    SSPI_FCTRL = 0x60 / 4,
    SSPI_FFMT = 0x64 / 4,
    SSPI_IE = 0x70 / 4,
    SSPI_IP = 0x74 / 4,
    SSPI_NUM_REGS,
    SSPI_FIFO = 8
};

typedef struct SifiveSpiFifo {
    uint8_t byte[SSPI_FIFO];
    unsigned first, count;
} SifiveSpiFifo;

typedef struct SifiveSpi {
    Device dev;
    Irq irq, tx_request, rx_request;
    RegBank bank;
    uint32_t reg[SSPI_NUM_REGS];
    SifiveSpiFifo tx, rx;
    uint8_t shift; /* moves while frame is pending */
    const SpiSlave *slave[SPI_SELECTS];
    bool active[SPI_SELECTS]; /* the chip select is asserted */
    Event frame;
} SifiveSpi;

extern const DeviceClass sifive_spi_class;

#ifdef __cplusplus
}
#endif
#endif
