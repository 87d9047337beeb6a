/*
 * machine_posted.c - buffers of posted stores: made, and what came of them.
 *
 * Model    One per domain, in the order of their names, after everything else:
 *          a machine without any has the ids of initiators and events that it
 *          has with them.
 * Missing  Buffers beyond a bridge: only initiators on the region's home bus
 *          post.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/machine_private.h"

/* A region with a `posted` section. */
typedef struct Posting {
    const ConfigPosted *posted;
    const char *name, *bus;
    MemoryRegion *mr;
} Posting;

static int compare(const void *pa, const void *pb)
{
    const Posting *a = pa, *b = pb;
    int domain = strcmp(a->posted->domain, b->posted->domain);
    return domain ? domain : strcmp(a->name, b->name);
}

static MemoryRegion *memory_named(Machine *m, const char *name)
{
    for (unsigned i = 0; i < m->memories; i++) {
        if (!strcmp(m->memory[i].name, name)) {
            return &m->memory[i].region;
        }
    }
    return NULL;
}

static unsigned collect(Machine *m, Posting *list)
{
    const Config *cfg = m->cfg;
    unsigned n = 0;
    for (unsigned i = 0; i < cfg->memories; i++) {
        const ConfigMemory *cm = &cfg->memory[i];
        if (cm->posted.there) {
            list[n++] = (Posting){&cm->posted, cm->name, cm->bus[0],
                                  memory_named(m, cm->name)};
        }
    }
    for (unsigned i = 0; i < cfg->devices; i++) {
        const ConfigDevice *cd = &cfg->device[i];
        if (cd->posted.there) {
            list[n++] = (Posting){&cd->posted, cd->name, cd->bus,
                                  &machine_find_device(m, cd->name)->dev->mmio};
        }
    }
    qsort(list, n, sizeof(*list), compare);
    return n;
}

/* The buffer of list[0], and of the n - 1 others of its domain. */
static bool make_buffer(Machine *m, const Posting *list, unsigned n,
                        Error **errp)
{
    const ConfigPosted *p = list->posted;
    MachineBus *mb = machine_bus_named(m, list->bus, p->at, errp);
    if (!mb) {
        return false;
    }
    MachinePosted *mp = &m->posted[m->posteds];
    const char *name = machine_string(m, "%s.posted", p->domain);
    MachinePort *ports = realloc(m->port, (m->ports + 1) * sizeof(*ports));
    m->port = ports ? ports : m->port;
    mp->region = calloc(n, sizeof(*mp->region));
    m->posteds++;
    if (!name || !ports || !mp->region) {
        return machine_no_memory(errp);
    }
    mp->domain = p->domain;
    PostedBuffer *b = &mp->timer.buffer;
    b->depth = p->depth;
    b->merge = p->merge;
    b->line = p->line;
    b->word = mb->untimed ? 0 : mb->bus.width;
    b->timeout = p->timeout;
    b->accept = p->accept;
    if (!posted_timer_init(&mp->timer, &mb->as, name, machine_bus_clock(m, mb),
                           machine_bus_timing(mb), &m->events, errp)) {
        return machine_blame(errp, p->at);
    }
    m->port[m->ports++] = (MachinePort){.port = &b->port,
                                        .kind = "posted",
                                        .owner = p->domain,
                                        .part = "posted"};
    for (unsigned i = 0; i < n; i++) {
        posted_buffer_add(b, &mp->region[mp->regions++], list[i].mr);
        memory_region_add_coalescing(list[i].mr, list[i].posted->from,
                                     list[i].posted->size);
    }
    return true;
}

static void set_flushes(Machine *m)
{
    for (unsigned i = 0; i < m->cfg->devices; i++) {
        const ConfigDevice *cd = &m->cfg->device[i];
        if (cd->flush_posted) {
            memory_region_set_flush_coalesced(
                &machine_find_device(m, cd->name)->dev->mmio);
        }
    }
}

bool machine_make_posted(Machine *m, Error **errp)
{
    Posting *list =
        calloc(m->cfg->memories + m->cfg->devices + 1, sizeof(*list));
    if (!list) {
        return machine_no_memory(errp);
    }
    unsigned n = collect(m, list);
    m->posted = calloc(n + 1, sizeof(*m->posted));
    bool ok = m->posted || machine_no_memory(errp);
    for (unsigned i = 0, end; ok && i < n; i = end) {
        for (end = i + 1; end < n && !strcmp(list[i].posted->domain,
                                             list[end].posted->domain);
             end++) {
        }
        ok = make_buffer(m, &list[i], end - i, errp);
    }
    free(list);
    set_flushes(m);
    return ok;
}

void machine_posted_reset(Machine *m)
{
    for (unsigned i = 0; i < m->posteds; i++) {
        posted_timer_reset(&m->posted[i].timer);
    }
}

void machine_posted_stop(Machine *m)
{
    uint64_t now = m->time;
    for (unsigned i = 0; i < m->harts; i++) {
        uint64_t at = hart_time(m->hart[i]);
        now = at > now ? at : now;
    }
    uint64_t end = memory_world_settle(m->world, now, POSTED_STOP);
    m->time = end > now ? end : m->time;
}

void machine_posted_totals(Machine *m, TraceStore *ts)
{
    for (unsigned i = 0; i < m->posteds; i++) {
        for (unsigned k = 0; k < m->posted[i].regions; k++) {
            trace_add_posted_totals(ts, &m->posted[i].region[k]);
        }
    }
}

/* Before the ports of m->port: these are the buffers' own. */
void machine_posted_fini(Machine *m)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < m->ports; i++) {
        if (strcmp(m->port[i].kind, "posted") != 0) {
            m->port[kept++] = m->port[i];
        }
    }
    m->ports = kept;
    for (unsigned i = 0; i < m->posteds; i++) {
        posted_timer_fini(&m->posted[i].timer);
        free(m->posted[i].region);
    }
    free(m->posted);
    m->posted = NULL;
    m->posteds = 0;
}
