/* virtio_blk.h - see virtio_blk.c for the model. */
#ifndef SOC_VIRTIO_BLK_H
#define SOC_VIRTIO_BLK_H

#include "soc/disk.h"
#include "soc/virtio.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct VirtioBlk {
    Virtio virtio;
    const char *image, *serial;
    bool read_only, snapshot;
    uint64_t latency; /* ps */
    Disk disk;
    /* the request under way */
    uint8_t header[16];
    uint8_t range[16]; /* of DISCARD and WRITE_ZEROES */
    uint8_t id[20];
    uint64_t offset;       /* bytes, in the image */
    uint64_t bytes, moved; /* of data */
    uint8_t status;
    uint8_t data[VIRTIO_PIECE];
} VirtioBlk;

extern const DeviceClass virtio_blk_class;

#ifdef __cplusplus
}
#endif
#endif
