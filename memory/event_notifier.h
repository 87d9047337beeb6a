/*
 * event_notifier.h - an event that can be signalled and waited for: an eventfd
 * of the host, so that a thread or process outside can sleep on it.
 */
#ifndef MEMORY_EVENT_NOTIFIER_H
#define MEMORY_EVENT_NOTIFIER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct EventNotifier {
    int fd;      /* -1: not initialised */
    uint32_t id; /* order of initialisation in the world; 0: none */
    bool owned;  /* cleanup closes fd */
} EventNotifier;

/* 0, or a negative errno (fd is -1 then). active: it starts signalled. */
int event_notifier_init(EventNotifier *e, bool active);
/* Closes what init opened. One never initialised (all zero) is fine. */
void event_notifier_cleanup(EventNotifier *e);
/* Wraps an eventfd of the caller, who keeps owning it. */
void event_notifier_init_fd(EventNotifier *e, int fd);
int event_notifier_get_fd(const EventNotifier *e);
int event_notifier_set(EventNotifier *e); /* 0, or a negative errno */
/* Was it signalled since the last time? Never waits. */
bool event_notifier_test_and_clear(EventNotifier *e);

#ifdef __cplusplus
}
#endif
#endif
