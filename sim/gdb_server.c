/*
 * gdb_server.c - the socket that gdb connects to.
 *
 * Model    One gdb at a time; another one waits until it has gone. While the
 *          machine runs the socket is looked at about every millisecond of
 *          simulated time, between two rounds of the run loop; whatever comes
 *          takes effect there. A gdb that hangs up leaves the machine running.
 * Missing  nothing known.
 */
#include "sim/gdb_server.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct GdbServer {
    Machine *machine;
    int listener, client, signals; /* -1: none */
    char address[160];
    char path[108]; /* of a unix socket; "" none */
    bool wait;      /* for the first gdb */
    bool gone;      /* the client has hung up */
    bool killed;
    Gdb *gdb; /* NULL: nobody is connected */
};

/* -- the socket ----------------------------------------------------------- */

static bool listen_unix(GdbServer *s, const char *path, Error **errp)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (!*path || strlen(path) >= sizeof(at.sun_path)) {
        return error_set(errp,
                         "--gdb unix:%.120s: name a file of at most %d "
                         "characters",
                         path, (int)sizeof(at.sun_path) - 1);
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 ||
        bind(s->listener, (const struct sockaddr *)&at, sizeof(at)) < 0) {
        return error_set(errp,
                         "--gdb unix:%s: %s; name a file that does not "
                         "exist, in a folder that can be written",
                         path, strerror(errno));
    }
    memcpy(s->path, path, strlen(path) + 1);
    snprintf(s->address, sizeof(s->address), "%s", path);
    return listen(s->listener, 1) == 0 ||
           error_set(errp, "--gdb unix:%s: %s", path, strerror(errno));
}

static bool bad_address(const char *where, Error **errp)
{
    return error_set(errp,
                     "--gdb: \"%.80s\" is no place to wait at; write PORT, "
                     "HOST:PORT or unix:PATH",
                     where);
}

/* The first of the addresses that can be bound. */
static bool bind_first(GdbServer *s, const struct addrinfo *list)
{
    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        const int yes = 1;
        s->listener = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
        if (s->listener < 0) {
            continue;
        }
        setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        if (bind(s->listener, a->ai_addr, a->ai_addrlen) == 0 &&
            listen(s->listener, 1) == 0) {
            return true;
        }
        int why = errno;
        close(s->listener);
        s->listener = -1;
        errno = why;
    }
    return false;
}

static void name_address(GdbServer *s)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);
    char host[80] = "", port[16] = "";
    getsockname(s->listener, (struct sockaddr *)&at, &len);
    getnameinfo((struct sockaddr *)&at, len, host, sizeof(host), port,
                sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(s->address, sizeof(s->address),
             strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* [HOST:]PORT; without a host, or with an empty one: this host only. */
static bool listen_tcp(GdbServer *s, const char *where, Error **errp)
{
    char host[80] = "127.0.0.1";
    const char *colon = strrchr(where, ':'), *port = colon ? colon + 1 : where;
    size_t len = colon ? (size_t)(colon - where) : 0;
    const char *from = where;
    if (len > 2 && where[0] == '[' && where[len - 1] == ']') {
        from++;
        len -= 2;
    }
    if (len >= sizeof(host) || !*port ||
        strspn(port, "0123456789") != strlen(port) || strlen(port) > 5 ||
        atoi(port) > 65535) {
        return bad_address(where, errp);
    }
    if (len) {
        memcpy(host, from, len);
        host[len] = '\0';
    }
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int failed = getaddrinfo(host, port, &hints, &list);
    if (failed) {
        return error_set(errp,
                         "--gdb %s: %s; write PORT, HOST:PORT or "
                         "unix:PATH",
                         where, gai_strerror(failed));
    }
    bool bound = bind_first(s, list);
    freeaddrinfo(list);
    if (!bound) {
        return error_set(errp, "--gdb %s: %s; 0 takes any free port", where,
                         strerror(errno));
    }
    name_address(s);
    return true;
}

GdbServer *gdb_server_new(Machine *m, const char *where, bool wait,
                          Error **errp)
{
    GdbServer *s = calloc(1, sizeof(*s));
    if (!s) {
        error_set(errp, "the host has no memory left");
        return NULL;
    }
    s->machine = m;
    s->listener = s->client = s->signals = -1;
    s->wait = wait;
    where += strncmp(where, "tcp:", 4) ? 0 : 4;
    bool ok = false;
    if (!machine_harts(m)) {
        error_set(errp, "--gdb: this machine has no cpu to debug; leave it "
                        "out");
    } else if (!strncmp(where, "unix:", 5)) {
        ok = listen_unix(s, where + 5, errp);
    } else {
        ok = listen_tcp(s, where, errp);
    }
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    s->signals = ok ? signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
    if (ok && s->signals < 0) {
        ok = error_set(errp, "--gdb: %s", strerror(errno));
    }
    if (!ok) {
        gdb_server_free(s);
        return NULL;
    }
    return s;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void hang_up(GdbServer *s)
{
    gdb_free(s->gdb);
    s->gdb = NULL;
    close_fd(&s->client);
    s->gone = false;
}

void gdb_server_free(GdbServer *s)
{
    if (!s) {
        return;
    }
    hang_up(s);
    close_fd(&s->listener);
    close_fd(&s->signals);
    if (s->path[0]) {
        unlink(s->path);
    }
    free(s);
}

const char *gdb_server_address(const GdbServer *s)
{
    return s->address;
}

bool gdb_server_killed(const GdbServer *s)
{
    return s->killed;
}

/* -- bytes ---------------------------------------------------------------- */

/* Waits for fd, or a signal; -1: no limit. False: a signal came. */
static bool wait_for(const GdbServer *s, int fd, short events, int timeout_ms)
{
    struct pollfd pfd[] = {{.fd = fd, .events = events},
                           {.fd = s->signals, .events = POLLIN}};
    while (poll(pfd, 2, timeout_ms) < 0 && errno == EINTR) {
    }
    return !(pfd[1].revents & POLLIN);
}

static void send_bytes(void *opaque, const void *bytes, size_t len)
{
    GdbServer *s = opaque;
    const char *b = bytes;
    while (len && !s->gone) {
        ssize_t n = send(s->client, b, len, MSG_NOSIGNAL);
        if (n > 0) {
            b += n;
            len -= (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            s->gone = !wait_for(s, s->client, POLLOUT, -1);
        } else {
            s->gone = true;
        }
    }
}

/* Takes what has come, without waiting. */
static void receive(GdbServer *s)
{
    uint8_t bytes[4096];
    ssize_t n;
    while (!s->gone && (n = recv(s->client, bytes, sizeof(bytes), 0)) != 0) {
        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }
            s->gone = errno != EAGAIN;
            return;
        }
        gdb_input(s->gdb, bytes, (size_t)n);
    }
    s->gone = true;
}

/* Takes the next gdb, if one is there. */
static void take_client(GdbServer *s)
{
    const int yes = 1;
    struct pollfd pfd = {.fd = s->listener, .events = POLLIN};
    if (poll(&pfd, 1, 0) <= 0) {
        return;
    }
    s->client = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (s->client >= 0) {
        setsockopt(s->client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    }
}

/* -- turns ---------------------------------------------------------------- */

void gdb_server_poll(GdbServer *s)
{
    if (s->client < 0) {
        take_client(s);
        if (s->client >= 0) {
            machine_pause(s->machine);
        }
    } else if (s->gdb && !s->gone) {
        receive(s);
        if (s->gone) {
            machine_pause(s->machine);
        }
    }
}

/* Somebody who came while the machine ran, or who has gone. */
static void change_sessions(GdbServer *s)
{
    if (s->gdb && gdb_state(s->gdb) == GDB_KILLED) {
        s->killed = true;
    }
    if (s->gdb && (s->gone || gdb_state(s->gdb) >= GDB_DETACHED)) {
        hang_up(s);
    }
    if (s->client >= 0 && !s->gdb) {
        s->gdb = gdb_new(s->machine, send_bytes, s, NULL);
        s->wait = false;
        if (!s->gdb) {
            close_fd(&s->client); /* the host has no memory for it */
        }
    }
}

bool gdb_server_wait(GdbServer *s)
{
    for (;;) {
        change_sessions(s);
        if (s->killed) {
            return false;
        }
        bool stopped = s->gdb && gdb_state(s->gdb) == GDB_STOPPED;
        if (!stopped && !s->wait) {
            return true;
        }
        if (!wait_for(s, s->gdb ? s->client : s->listener, POLLIN, -1)) {
            return false;
        }
        if (s->gdb) {
            receive(s);
        } else {
            take_client(s);
        }
    }
}

bool gdb_server_over(GdbServer *s, MachineStop stop, int status,
                     const char *how)
{
    if (!s->gdb) {
        return stop != MACHINE_RUNNING;
    }
    gdb_ran(s->gdb, stop, status, how);
    return gdb_state(s->gdb) == GDB_ENDED;
}
