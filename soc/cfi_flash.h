/* cfi_flash.h - see cfi_flash.c for the model. */
#ifndef SOC_CFI_FLASH_H
#define SOC_CFI_FLASH_H

#include "soc/device.h"
#include "soc/disk.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CFI_CHIPS = 2,
    CFI_WORD = 2, /* bytes of a chip's word */
    CFI_BANK_WORD = CFI_CHIPS * CFI_WORD,
    CFI_BUFFER = 16, /* words of a write buffer */
};

typedef enum CfiMode {
    CFI_ARRAY,
    CFI_STATUS,
    CFI_ID,
    CFI_QUERY,
} CfiMode;

/* One chip. Addresses are numbers of its words. */
typedef struct CfiChip {
    CfiMode mode;    /* what its reads give */
    uint8_t command; /* whose next cycle it waits for; 0: none */
    uint8_t status;  /* the errors of SR; they stay until they are cleared */
    uint64_t busy_until; /* ps */
    /* write to buffer */
    uint32_t block, start; /* a word of the block; the first word */
    unsigned count;        /* words; 0: not yet said */
    unsigned received;
    bool outside; /* a word was not where it belongs */
    uint16_t buffer[CFI_BUFFER];
} CfiChip;

typedef struct CfiFlash {
    Device dev;
    uint64_t size, block;              /* bytes of the bank */
    uint64_t id;                       /* manufacturer and device, 16 bits */
    uint64_t program_time, erase_time; /* ps */
    const char *image;                 /* NULL: none */
    bool read_only, snapshot;
    Disk disk;     /* no functions: none */
    uint8_t *data; /* of the region: size bytes */
    uint8_t *lock; /* of each block: bit n is chip n's */
    CfiChip chip[CFI_CHIPS];
} CfiFlash;

extern const DeviceClass cfi_flash_class;

#ifdef __cplusplus
}
#endif
#endif
