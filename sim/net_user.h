/*
 * net_user.h - the user's network behind a card: libslirp; see net_user.c.
 */
#ifndef SIM_NET_USER_H
#define SIM_NET_USER_H

#include <stddef.h>

#include "memory/error.h"
#include "soc/net.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct NetUser NetUser;

/* Who it belongs to: called from net_user_input() and net_user_poll() only. */
typedef struct NetUserOwner {
    /* A frame for the guest; borrowed. */
    void (*frame)(void *opaque, const uint8_t *frame, size_t len);
    /* The guest sent what no network understands; one line. */
    void (*guest_error)(void *opaque, const char *text);
    uint64_t (*now)(void *opaque); /* ps */
    void *opaque;
} NetUserOwner;

/* Checks the spec; opens nothing. */
bool net_user_check(const NetSpec *spec, Error **errp);
/* Opens what hostfwd says. NULL: it cannot. */
NetUser *net_user_new(const NetSpec *spec, const NetUserOwner *owner,
                      Error **errp);
void net_user_free(NetUser *nu); /* NULL is fine */
/* A frame of the guest. */
void net_user_input(NetUser *nu, const uint8_t *frame, size_t len);
/* Timers and sockets. While something may come of the host, it is waited for as
 * long as wait_ns says. */
void net_user_poll(NetUser *nu, uint64_t wait_ns);

#ifdef __cplusplus
}
#endif
#endif
