/* virtio_console.h - see virtio_console.c for the model. */
#ifndef SOC_VIRTIO_CONSOLE_H
#define SOC_VIRTIO_CONSOLE_H

#include "soc/virtio.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { VIRTIO_CONSOLE_FIFO = 64, VIRTIO_CONSOLE_PIECE = 256 };

typedef struct VirtioConsole {
    Virtio virtio;
    uint8_t fifo[VIRTIO_CONSOLE_FIFO]; /* received, not yet in a buffer */
    unsigned count;
    bool refused; /* a byte waits outside for room */
    uint8_t data[VIRTIO_CONSOLE_PIECE];
} VirtioConsole;

extern const DeviceClass virtio_console_class;

#ifdef __cplusplus
}
#endif
#endif
