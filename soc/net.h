/*
 * net.h - the network on the other side of a device: frames in and out.
 *
 * DeviceHost.net_open (sim/machine_net.c) connects a device; frames leave
 * through DeviceHost.net_out and arrive through DeviceClass.net_in.
 */
#ifndef SOC_NET_H
#define SOC_NET_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    NET_HEADER = 14,  /* of Ethernet */
    NET_FRAME = 1514, /* bytes of a frame at most, without its checksum */
};

/* As a description says it; texts are borrowed. */
typedef struct NetSpec NetSpec;
struct NetSpec {
    const char *backend; /* "none", "loopback", "user" */
    const char *hostfwd; /* "" or "tcp:127.0.0.1:PORT-:PORT", ... */
    bool restricted;     /* user: the guest reaches nothing of the host's */
    uint64_t latency;    /* ps, of an arriving frame */
};

#ifdef __cplusplus
}
#endif
#endif
