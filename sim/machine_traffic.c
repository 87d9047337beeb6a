/*
 * machine_traffic.c - the traffic sources of a machine: what players play, and
 * the end of a machine without cpus.
 *
 * Model    Scores are read when the machine is made, so whatever is wrong with
 *          a file is found before anything runs. A machine without cpus ends
 *          when its last source has; with cpus, sources end nothing.
 * Units    picoseconds.
 * Missing  Files beyond the host's memory: a score is held whole.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/machine_private.h"
#include "sim/player_csv.h"
#include "soc/player.h"
#include "traces/accesses.h"

static Traffic *traffic_at(const Machine *m, unsigned i)
{
    Device *dev = m->device[i].dev;
    return dev->cls->traffic ? (Traffic *)dev : NULL;
}

/* -- scores ---------------------------------------------------------------- */

typedef struct Reading {
    PlayerScore score;
    uint64_t done_ps; /* of the access before */
} Reading;

static bool take_access(void *opaque, const TraceAccess *from, Error **errp)
{
    Reading *r = opaque;
    uint64_t gap = from->time_ps > r->done_ps ? from->time_ps - r->done_ps : 0;
    PlayerAccess a = {.time_ps = from->time_ps,
                      .gap_ps = gap,
                      .addr = from->addr,
                      .value = from->value,
                      .size = (uint16_t)from->size,
                      .is_write = from->is_write,
                      .has_value = from->is_write && from->size <= 8};
    r->done_ps = from->done_ps;
    return player_score_add(&r->score, &a, from->bytes) ||
           error_set(errp, "the host has no memory left for so many accesses");
}

/* Every SQLite database begins with these bytes. */
static bool is_database(FILE *f)
{
    char head[16];
    size_t n = fread(head, 1, sizeof(head), f);
    rewind(f);
    return n == sizeof(head) && !memcmp(head, "SQLite format 3", 16);
}

static bool read_score(Player *p, Error **errp)
{
    FILE *f = fopen(p->file, "rb");
    if (!f) {
        return error_set(errp,
                         "cannot read %s: %s; name a run's database or a "
                         "CSV file",
                         p->file, strerror(errno));
    }
    Reading r = {{0}, 0};
    bool db = is_database(f);
    bool ok = db ? trace_accesses(p->file, p->initiator, take_access, &r, errp)
                 : player_csv_read(f, p->file, p->initiator,
                                   p->traffic.master.clock, &r.score, errp);
    fclose(f);
    if (ok) {
        player_set_score(p, &r.score);
    } else {
        player_score_fini(&r.score);
    }
    return ok;
}

static ConfigPlace place_of(const Machine *m, const char *device)
{
    unsigned i = 0;
    while (strcmp(m->cfg->device[i].name, device) != 0) {
        i++;
    }
    return m->cfg->device[i].at;
}

bool machine_load_scores(Machine *m, Error **errp)
{
    for (unsigned i = 0; i < m->devices; i++) {
        Device *dev = m->device[i].dev;
        if (dev->cls == &player_class && !read_score((Player *)dev, errp)) {
            return machine_blame(errp, place_of(m, dev->name));
        }
    }
    return true;
}

/* -- the end --------------------------------------------------------------- */

void machine_traffic_reset(Machine *m)
{
    m->sources = 0;
    for (unsigned i = 0; i < m->devices; i++) {
        m->sources += traffic_at(m, i) != NULL;
    }
}

void machine_traffic_ended(void *opaque, Device *dev)
{
    Machine *m = opaque;
    m->sources -= m->sources > 0;
    if (!m->sources && !m->harts) {
        machine_finish(m, 0);
    }
}

bool machine_check_end(const Machine *m, const MachineLimits *limits,
                       Error **errp)
{
    if (m->harts || limits->cycles != UINT64_MAX ||
        limits->time_ps != TIME_NEVER) {
        return true;
    }
    unsigned sources = 0;
    for (unsigned i = 0; i < m->devices; i++) {
        const Traffic *t = traffic_at(m, i);
        sources += t != NULL;
        if (t && t->endless) {
            error_set(errp,
                      "%s never ends, and there is no cpu to end the run; give "
                      "it count or until, or the run --limit-time",
                      t->dev.name);
            return machine_blame(errp, place_of(m, t->dev.name));
        }
    }
    return sources > 0 ||
           error_set(errp,
                     "%s: no cpu, no generator and no player: nothing would "
                     "happen; add one",
                     m->cfg->file);
}
