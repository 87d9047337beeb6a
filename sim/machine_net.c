/*
 * machine_net.c - what network cards of a machine are connected to.
 *
 * Model    Frames for a card wait in a queue and enter from an event, `latency`
 *          after they were sent, or later, when the card has room. A network of
 *          the host's user is polled at an event, every 250 us of simulated
 *          time from the card's first frame on (with forwarded ports, from the
 *          start); what it brings is logged as input, one row a frame. What
 *          finds the queue full is lost.
 * Units    picoseconds.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/config_node.h"
#include "sim/machine_private.h"
#include "sim/net_user.h"
#include "soc/net.h"

#define NET_POLL_PS (PS_PER_SECOND / 4000)
enum { NET_QUEUE = 256 };

typedef enum NetBackend { NET_NONE, NET_LOOPBACK, NET_USER } NetBackend;

typedef struct NetFrame {
    uint64_t when;
    size_t len;
    struct NetFrame *next;
    uint8_t bytes[];
} NetFrame;

struct MachineNet {
    Machine *machine;
    Device *dev;
    NetBackend backend;
    uint64_t latency;
    NetUser *user; /* NULL: not with this backend, or a replay */
    Event enter, poll;
    bool polls;
    NetFrame *first, *last;
    unsigned queued;
    MachineNet *next;
};

static MachineNet *net_of(Machine *m, const Device *dev)
{
    MachineNet *n = m->nets;
    while (n && n->dev != dev) {
        n = n->next;
    }
    return n;
}

/* -- frames for the card -------------------------------------------------- */

static bool queue_frame(MachineNet *n, uint64_t when, const uint8_t *bytes,
                        size_t len)
{
    NetFrame *f = malloc(sizeof(*f) + len);
    if (!f) {
        return false;
    }
    f->when = n->last && n->last->when > when ? n->last->when : when;
    f->len = len;
    f->next = NULL;
    memcpy(f->bytes, bytes, len);
    if (n->last) {
        n->last->next = f;
    } else {
        n->first = f;
        event_schedule(&n->machine->events, &n->enter, f->when);
    }
    n->last = f;
    n->queued++;
    return true;
}

static void drop_first(MachineNet *n)
{
    NetFrame *f = n->first;
    n->first = f->next;
    n->last = n->first ? n->last : NULL;
    n->queued--;
    free(f);
}

static void net_enter(void *opaque, uint64_t when)
{
    MachineNet *n = opaque;
    Machine *m = n->machine;
    while (n->first && n->first->when <= when) {
        const NetFrame *f = n->first;
        if (!n->dev->cls->net_in(n->dev, f->bytes, f->len)) {
            return; /* net_ready comes */
        }
        if (m->trace && n->backend == NET_USER) {
            trace_input(m->trace, n->dev->name, when, f->bytes, f->len);
        }
        drop_first(n);
    }
    if (n->first) {
        event_schedule(&m->events, &n->enter, n->first->when);
    }
}

static void net_ready(void *opaque, Device *dev)
{
    MachineNet *n = net_of(opaque, dev);
    if (n && n->first) {
        event_schedule(&n->machine->events, &n->enter, n->first->when);
    }
}

/* -- the user's network --------------------------------------------------- */

/* A frame of the network is on its way to the card. */
static void user_frame(void *opaque, const uint8_t *frame, size_t len)
{
    MachineNet *n = opaque;
    if (n->queued < NET_QUEUE && len <= NET_FRAME) {
        queue_frame(n, event_now(&n->machine->events) + n->latency, frame, len);
    }
}

static void user_guest_error(void *opaque, const char *text)
{
    MachineNet *n = opaque;
    device_guest_error(n->dev, "%s", text);
}

static uint64_t user_now(void *opaque)
{
    MachineNet *n = opaque;
    return event_now(&n->machine->events);
}

static void net_poll(void *opaque, uint64_t when)
{
    MachineNet *n = opaque;
    /* While every hart sleeps nothing is lost by waiting as long as they do. */
    bool idle = machine_all_asleep(n->machine);
    if (n->user) {
        net_user_poll(n->user, idle ? NET_POLL_PS / 1000 : 0);
    }
    event_schedule(&n->machine->events, &n->poll, when + NET_POLL_PS);
}

static void begin_polling(MachineNet *n)
{
    if (!n->polls) {
        n->polls = true;
        event_schedule(&n->machine->events, &n->poll,
                       event_now(&n->machine->events) + NET_POLL_PS);
    }
}

static void net_out(void *opaque, Device *dev, const uint8_t *frame, size_t len)
{
    MachineNet *n = net_of(opaque, dev);
    if (!n || n->backend == NET_NONE) {
        return;
    }
    if (n->backend == NET_LOOPBACK) {
        user_frame(n, frame, len);
        return;
    }
    begin_polling(n);
    if (n->user) {
        net_user_input(n->user, frame, len);
    }
}

/* -- input of an earlier run ---------------------------------------------- */

void machine_net_replays(Machine *m)
{
    for (MachineNet *n = m->nets; n; n = n->next) {
        net_user_free(n->user);
        n->user = NULL;
    }
}

bool machine_net_input(Machine *m, const char *device, uint64_t when,
                       const void *bytes, size_t len, Error **errp)
{
    MachineDevice *md = machine_find_device(m, device);
    MachineNet *n = md ? net_of(m, md->dev) : NULL;
    if (!n || n->backend != NET_USER) {
        return error_set(errp, "no card %s on a user's network in this machine",
                         device);
    }
    MemoryWorld *outer = memory_world_enter(m->world);
    bool ok = queue_frame(n, when, bytes, len) || machine_no_memory(errp);
    memory_world_enter(outer);
    return ok;
}

/* -- life ----------------------------------------------------------------- */

static bool parse_backend(const char *text, NetBackend *backend, Error **errp)
{
    static const char *const names[] = {
        [NET_NONE] = "none", [NET_LOOPBACK] = "loopback", [NET_USER] = "user"};
    ConfigHint hint;
    config_hint_init(&hint, text);
    for (unsigned i = 0; i < 3; i++) {
        if (!strcmp(text, names[i])) {
            *backend = (NetBackend)i;
            return true;
        }
        config_hint_offer(&hint, names[i]);
    }
    return error_set(errp, "backend: no network \"%.40s\"; %s", text,
                     config_hint_text(&hint, ""));
}

static bool net_open(void *opaque, Device *dev, const NetSpec *spec,
                     Error **errp)
{
    Machine *m = opaque;
    NetBackend backend;
    if (!parse_backend(spec->backend, &backend, errp) ||
        !net_user_check(spec, errp)) {
        return false;
    }
    if (backend != NET_USER && (*spec->hostfwd || spec->restricted)) {
        return error_set(errp,
                         "%s: only a user's network has it; write "
                         "backend: user",
                         *spec->hostfwd ? "hostfwd" : "restrict");
    }
    MachineNet *n = calloc(1, sizeof(*n));
    if (!n) {
        return machine_no_memory(errp);
    }
    *n = (MachineNet){
        .machine = m, .dev = dev, .backend = backend, .latency = spec->latency};
    if (backend == NET_USER) {
        const NetUserOwner owner = {.frame = user_frame,
                                    .guest_error = user_guest_error,
                                    .now = user_now,
                                    .opaque = n};
        n->user = net_user_new(spec, &owner, errp);
        if (!n->user) {
            free(n);
            return false;
        }
    }
    event_init(&m->events, &n->enter, dev->name, EVENT_NORMAL, net_enter, n);
    event_init(&m->events, &n->poll, dev->name, EVENT_NORMAL, net_poll, n);
    if (*spec->hostfwd) {
        begin_polling(n);
    }
    n->next = m->nets;
    m->nets = n;
    return true;
}

static void net_close(void *opaque, Device *dev)
{
    Machine *m = opaque;
    for (MachineNet **at = &m->nets; *at; at = &(*at)->next) {
        MachineNet *n = *at;
        if (n->dev == dev) {
            *at = n->next;
            net_user_free(n->user);
            while (n->first) {
                drop_first(n);
            }
            free(n);
            return;
        }
    }
}

void machine_net_init(Machine *m)
{
    m->host.net_open = net_open;
    m->host.net_close = net_close;
    m->host.net_out = net_out;
    m->host.net_ready = net_ready;
}
