/* bridge.c - see bridge.h for the model, its source and what is missing. */
#include "soc/bridge.h"

#include <stddef.h>

#include "soc/bus_private.h"

/* Near beats that are collected for one far beat, beyond the one that passes
 * with it. */
static uint32_t collected(uint32_t near_beats, uint32_t far_beats)
{
    return (near_beats + far_beats - 1) / far_beats - 1;
}

static void cross(const Bridge *b, BridgeCrossing *c, TimingRequest *rq,
                  const TimingRequest *part, const BusBurst *burst)
{
    const ClockDomain *near_clock = b->near_bus->clock;
    const ClockDomain *far_clock = b->far_bus->clock;
    uint64_t head = clock_cycle_at(near_clock, part->issue);
    uint32_t collect = collected(burst->beats, bus_beats(b->far_bus, part));
    uint64_t leaves = head + (part->is_write ? collect : 0);
    uint64_t there = clock_cycle_at(far_clock, clock_time(near_clock, leaves));
    *c = (BridgeCrossing){
        .far = {.port = part->port,
                .addr = part->addr,
                .size = part->size,
                .pieces = part->pieces,
                .is_write = part->is_write,
                .target = part->target,
                .issue = clock_time(far_clock, there + b->request)},
        .request = rq,
        .burst = *burst,
        .head = head,
        .collect = collect};
}

/* The far bus has granted it. */
static void crossed(Bridge *b, BridgeCrossing *c)
{
    const ClockDomain *near_clock = b->near_bus->clock;
    const ClockDomain *far_clock = b->far_bus->clock;
    BusBurst *burst = &c->burst;
    uint64_t back = clock_cycle_at(far_clock, c->far.done) + b->response;
    uint64_t end = clock_cycle_at(near_clock, clock_time(far_clock, back)) +
                   (c->far.is_write ? 0 : c->collect);
    uint64_t data = clock_cycle_at(near_clock, b->lane->data_end);
    const bool behind = !burst->aside && !burst->in_turn;
    data = behind && data > c->head ? data : c->head;
    burst->end = end > data + burst->beats ? end : data + burst->beats;
    burst->moving_ps = c->far.granted - burst->granted - timing_waited(&c->far);
    burst->granted = c->far.granted;
    c->far.beat_first += burst->moving_ps;
    burst->last = &c->far;
    b->transactions += c->request->moved == 0;
    b->bytes += burst->bytes;
    bus_burst_end(b->lane, c->request, burst);
}

void bridge_access(Bridge *b, TimingRequest *rq, const TimingRequest *part,
                   const BusBurst *burst)
{
    BridgeCrossing c;
    cross(b, &c, rq, part, burst);
    b->far_bus->model.access(&b->far_bus->model, &c.far);
    crossed(b, &c);
}

static void bridge_granted(TimingRequest *far)
{
    BridgeCrossing *c =
        (BridgeCrossing *)((char *)far - offsetof(BridgeCrossing, far));
    Bridge *b = (Bridge *)((char *)c - offsetof(Bridge, split));
    crossed(b, c);
    bus_burst_done(b->lane, c->request);
    bus_schedule(b->lane);
}

void bridge_request(Bridge *b, TimingRequest *rq, const TimingRequest *part,
                    const BusBurst *burst)
{
    cross(b, &b->split, rq, part, burst);
    b->split.far.on_grant = bridge_granted;
    b->far_bus->model.request(&b->far_bus->model, &b->split.far);
}

bool bridge_inline_form(Bridge *b, const TimingRequest *rq, uint32_t near_beats,
                        TimingInline *form)
{
    Bus *far_bus = b->far_bus;
    if (!far_bus->model.inline_form(&far_bus->model, rq, form)) {
        return false;
    }
    uint64_t cycle =
        far_bus->clock->period; /* the port's, and the near bus's */
    uint32_t collect = collected(near_beats, bus_beats(far_bus, rq));
    uint64_t later = (form->beats - 1) * form->next;
    uint64_t least = near_beats * cycle;
    uint64_t total =
        form->first + later + (b->request + b->response + collect) * cycle;
    total = total > least ? total : least;
    form->first = b->near_bus->overhead * cycle + total - later;
    return true;
}

bool bridge_init(Bridge *bridge, const char *name, Bus *near_bus, Bus *far_bus,
                 uint32_t request, uint32_t response, Error **errp)
{
    *bridge = (Bridge){.name = name,
                       .near_bus = near_bus,
                       .far_bus = far_bus,
                       .request = request,
                       .response = response,
                       .lane = bus_add_lane(near_bus, name),
                       .next = near_bus->bridges};
    if (!bridge->lane) {
        return error_set(errp, "the host has no memory left for bridge %s",
                         name);
    }
    near_bus->bridges = bridge;
    return true;
}
