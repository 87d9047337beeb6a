/* virtio_net.h - see virtio_net.c for the model. */
#ifndef SOC_VIRTIO_NET_H
#define SOC_VIRTIO_NET_H

#include "soc/net.h"
#include "soc/virtio.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { VIRTIO_NET_HEADER = 12 }; /* 10 of them in version 1 */

typedef struct VirtioNet {
    Virtio virtio;
    NetSpec net;
    const char *mac;
    uint8_t received[NET_FRAME]; /* waits for a buffer */
    unsigned received_len;       /* 0: none */
    bool refused;                /* a frame waits outside */
    uint8_t in[VIRTIO_NET_HEADER + NET_FRAME];
    uint8_t out[VIRTIO_NET_HEADER + NET_FRAME];
} VirtioNet;

extern const DeviceClass virtio_net_class;

#ifdef __cplusplus
}
#endif
#endif
