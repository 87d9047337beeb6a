/* virtio_rng.h - see virtio_rng.c for the model. */
#ifndef SOC_VIRTIO_RNG_H
#define SOC_VIRTIO_RNG_H

#include "soc/virtio.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { VIRTIO_RNG_MOST = 1024 };

typedef struct VirtioRng {
    Virtio virtio;
    uint64_t seed;
    uint64_t drawn; /* 64-bit numbers so far */
    uint8_t data[VIRTIO_RNG_MOST];
} VirtioRng;

extern const DeviceClass virtio_rng_class;

#ifdef __cplusplus
}
#endif
#endif
