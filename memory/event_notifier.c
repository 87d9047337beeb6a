/*
 * event_notifier.c - events as eventfds of the host (see event_notifier.h).
 *
 * Model    The counter of the eventfd is the event: not zero, signalled. Many
 *          signals before a look are one.
 * Source   eventfd(2).
 * Missing  hosts without eventfd.
 */
#include "memory/event_notifier.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "memory/world.h"

int event_notifier_init(EventNotifier *e, bool active)
{
    int fd = eventfd(active, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = fd < 0 ? -errno : 0;
    event_notifier_init_fd(e, fd);
    e->owned = fd >= 0;
    return error;
}

void event_notifier_init_fd(EventNotifier *e, int fd)
{
    *e = (EventNotifier){.fd = fd, .id = ++memory_world_current()->last_event};
}

void event_notifier_cleanup(EventNotifier *e)
{
    if (e->owned) {
        close(e->fd);
    }
    *e = (EventNotifier){.fd = -1};
}

int event_notifier_get_fd(const EventNotifier *e)
{
    return e->fd;
}

int event_notifier_set(EventNotifier *e)
{
    const uint64_t one = 1;
    ssize_t n;
    do {
        n = write(e->fd, &one, sizeof(one));
    } while (n < 0 && errno == EINTR);
    /* EAGAIN: the counter is full, so it is signalled. */
    return n < 0 && errno != EAGAIN ? -errno : 0;
}

bool event_notifier_test_and_clear(EventNotifier *e)
{
    uint64_t count;
    struct pollfd ready = {.fd = e->fd, .events = POLLIN};
    /* A caller's fd may be a blocking one. */
    if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLIN)) {
        return false;
    }
    return read(e->fd, &count, sizeof(count)) == (ssize_t)sizeof(count);
}
