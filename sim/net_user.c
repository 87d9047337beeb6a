/*
 * net_user.c - the user's network: what libslirp makes of Ethernet frames.
 *
 * Model    A network 10.0.2.0/24 in which the guest finds DHCP (it becomes
 *          10.0.2.15), a gateway that is also the host's loopback (10.0.2.2)
 *          and a name server (10.0.2.3). Its connections are sockets of this
 *          process. Time in it is the simulation's. Ports of the host that lead
 *          to the guest are opened on 127.0.0.0/8 only.
 * Units    ps; libslirp counts in ns.
 * Missing  IPv6, TFTP, SMB.
 */
#include "sim/net_user.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <slirp/libslirp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct NetUser {
    Slirp *slirp;
    NetUserOwner owner;
    struct pollfd *fd; /* of the poll under way */
    size_t fds, room;
};

/* -- forwarded ports ------------------------------------------------------ */

typedef struct Forward {
    bool udp;
    struct in_addr host, guest;
    int host_port, guest_port;
} Forward;

/* The next number up to `end`, 1 to 65535; 0: none. */
static int take_port(const char **at, char end)
{
    char *rest;
    if (**at < '0' || **at > '9') {
        return 0;
    }
    long port = strtol(*at, &rest, 10);
    bool ends = *rest == end || (end == ',' && !*rest);
    if (!ends || port < 1 || port > UINT16_MAX) {
        return 0;
    }
    *at = rest + (*rest != '\0');
    return (int)port;
}

/* "ADDRESS:" or ":"; what is not said stays. */
static bool take_address(const char **at, struct in_addr *address)
{
    char text[16];
    size_t len = strcspn(*at, ":,");
    if ((*at)[len] != ':' || len >= sizeof(text)) {
        return false;
    }
    memcpy(text, *at, len);
    text[len] = '\0';
    *at += len + 1;
    return !len || inet_pton(AF_INET, text, address) == 1;
}

/* One of a list with commas. */
static bool take_forward(const char **at, Forward *f)
{
    *f = (Forward){.udp = !strncmp(*at, "udp:", 4)};
    f->host.s_addr = htonl(INADDR_LOOPBACK);
    f->guest.s_addr = inet_addr("10.0.2.15");
    if (!f->udp && strncmp(*at, "tcp:", 4) != 0) {
        return false;
    }
    *at += 4;
    return take_address(at, &f->host) &&
           (f->host_port = take_port(at, '-')) != 0 &&
           take_address(at, &f->guest) &&
           (f->guest_port = take_port(at, ',')) != 0;
}

static bool bad_forward(const char *text, const char *why, Error **errp)
{
    return error_set(errp,
                     "hostfwd: \"%.*s\" %s; write it like "
                     "tcp:127.0.0.1:2222-:22",
                     (int)strcspn(text, ","), text, why);
}

bool net_user_check(const NetSpec *spec, Error **errp)
{
    for (const char *at = spec->hostfwd; *at;) {
        const char *begin = at;
        Forward f;
        if (!take_forward(&at, &f)) {
            return bad_forward(begin, "names no ports", errp);
        }
        if (ntohl(f.host.s_addr) >> 24 != IN_LOOPBACKNET) {
            return bad_forward(begin, "would be open to other machines", errp);
        }
    }
    return true;
}

static bool open_forwards(NetUser *nu, const char *list, Error **errp)
{
    for (const char *at = list; *at;) {
        const char *begin = at;
        Forward f;
        if (!take_forward(&at, &f) ||
            slirp_add_hostfwd(nu->slirp, f.udp, f.host, f.host_port, f.guest,
                              f.guest_port) < 0) {
            return error_set(errp,
                             "hostfwd: \"%.*s\": the host's port %d: %s; name "
                             "another one",
                             (int)strcspn(begin, ","), begin, f.host_port,
                             strerror(errno));
        }
    }
    return true;
}

/* -- what libslirp calls -------------------------------------------------- */

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
    NetUser *nu = opaque;
    nu->owner.frame(nu->owner.opaque, buf, len);
    return (ssize_t)len;
}

static void guest_error(const char *text, void *opaque)
{
    NetUser *nu = opaque;
    nu->owner.guest_error(nu->owner.opaque, text);
}

static int64_t clock_get_ns(void *opaque)
{
    NetUser *nu = opaque;
    return (int64_t)(nu->owner.now(nu->owner.opaque) / 1000);
}

/* Timers are for IPv6 only, which is off. */
static void *timer_new(SlirpTimerId id, void *cb_opaque, void *opaque)
{
    return opaque;
}

static void timer_free(void *timer, void *opaque) {}

static void timer_mod(void *timer, int64_t expire_ms, void *opaque) {}

/* Every poll asks for all sockets. */
static void poll_fd(int fd, void *opaque) {}

static void notify(void *opaque) {}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_new_opaque = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = poll_fd,
    .unregister_poll_fd = poll_fd,
    .notify = notify,
};

/* -- sockets -------------------------------------------------------------- */

/* libslirp writes to sockets whose peer may be gone. */
static void pipes_break(sigset_t *before)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, before);
}

static void pipes_mended(const sigset_t *before)
{
    sigset_t pipe;
    const struct timespec now = {0};
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    if (!sigismember(before, SIGPIPE)) {
        while (sigtimedwait(&pipe, NULL, &now) == SIGPIPE) {
        }
    }
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static int add_poll(int fd, int events, void *opaque)
{
    NetUser *nu = opaque;
    if (nu->fds == nu->room) {
        size_t room = nu->room ? 2 * nu->room : 16;
        struct pollfd *list = realloc(nu->fd, room * sizeof(*list));
        if (!list) {
            return -1;
        }
        nu->fd = list;
        nu->room = room;
    }
    short wanted = 0;
    wanted |= events & SLIRP_POLL_IN ? POLLIN : 0;
    wanted |= events & SLIRP_POLL_OUT ? POLLOUT : 0;
    wanted |= events & SLIRP_POLL_PRI ? POLLPRI : 0;
    nu->fd[nu->fds] = (struct pollfd){.fd = fd, .events = wanted};
    return (int)nu->fds++;
}

static int get_revents(int index, void *opaque)
{
    const NetUser *nu = opaque;
    int got = index < 0 ? 0 : nu->fd[index].revents;
    return (got & POLLIN ? SLIRP_POLL_IN : 0) |
           (got & POLLOUT ? SLIRP_POLL_OUT : 0) |
           (got & POLLPRI ? SLIRP_POLL_PRI : 0) |
           (got & POLLERR ? SLIRP_POLL_ERR : 0) |
           (got & POLLHUP ? SLIRP_POLL_HUP : 0);
}

void net_user_poll(NetUser *nu, uint64_t wait_ns)
{
    uint32_t timeout_ms = 0;
    sigset_t before;
    nu->fds = 0;
    pipes_break(&before);
    slirp_pollfds_fill(nu->slirp, &timeout_ms, add_poll, nu);
    int ready = 0;
    if (nu->fds) {
        const struct timespec wait = {.tv_nsec = (long)wait_ns};
        ready = ppoll(nu->fd, (nfds_t)nu->fds, &wait, NULL);
    }
    slirp_pollfds_poll(nu->slirp, ready < 0, get_revents, nu);
    pipes_mended(&before);
}

void net_user_input(NetUser *nu, const uint8_t *frame, size_t len)
{
    sigset_t before;
    pipes_break(&before);
    slirp_input(nu->slirp, frame, (int)len);
    pipes_mended(&before);
}

/* -- life ----------------------------------------------------------------- */

NetUser *net_user_new(const NetSpec *spec, const NetUserOwner *owner,
                      Error **errp)
{
    NetUser *nu = calloc(1, sizeof(*nu));
    if (!nu) {
        error_set(errp, "the host has no memory left");
        return NULL;
    }
    SlirpConfig config = {
        .version = 4,
        .restricted = spec->restricted,
        .in_enabled = true,
        .vnetwork.s_addr = inet_addr("10.0.2.0"),
        .vnetmask.s_addr = inet_addr("255.255.255.0"),
        .vhost.s_addr = inet_addr("10.0.2.2"),
        .vdhcp_start.s_addr = inet_addr("10.0.2.15"),
        .vnameserver.s_addr = inet_addr("10.0.2.3"),
        .vhostname = "socscope",
    };
    nu->owner = *owner;
    nu->slirp = slirp_new(&config, &callbacks, nu);
    if (!nu->slirp || !open_forwards(nu, spec->hostfwd, errp)) {
        net_user_free(nu);
        return NULL;
    }
    return nu;
}

void net_user_free(NetUser *nu)
{
    if (nu) {
        if (nu->slirp) {
            slirp_cleanup(nu->slirp);
        }
        free(nu->fd);
        free(nu);
    }
}
