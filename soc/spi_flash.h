/* spi_flash.h - see spi_flash.c for the model. */
#ifndef SOC_SPI_FLASH_H
#define SOC_SPI_FLASH_H

#include "soc/spi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SPI_FLASH_PAGE = 256 };

typedef struct SpiFlash {
    Device dev;
    Device *controller;
    uint64_t select;
    uint64_t size;                     /* bytes, a power of two */
    uint64_t id;                       /* manufacturer and type, 16 bits */
    uint64_t program_time, erase_time; /* ps */
    const char *image;
    MemoryRegion *memory; /* whose bytes it has; NULL: its own */
    SpiSlave slave;
    uint8_t *data; /* size bytes */
    bool own;      /* data is to be freed */
    /* state */
    uint8_t command;   /* of this selection; 0: none yet */
    unsigned received; /* bytes after it */
    uint32_t address;
    bool write_enabled;
    bool ignored; /* the command came while it was busy */
    uint8_t page[SPI_FLASH_PAGE];
    bool filled[SPI_FLASH_PAGE];
    uint64_t busy_until; /* ps */
} SpiFlash;

extern const DeviceClass spi_flash_class;

#ifdef __cplusplus
}
#endif
#endif
