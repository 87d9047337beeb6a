#include <stdlib.h>
#include <string.h>

#include "cpu/pipe_private.h"

enum { STATES = 1 << 15, SLOTS = 4 * STATES, RESERVE = 1 << 10 };

struct PipeStates {
    Pipe *state; /* [STATES]; now is 0, fetch_wait 0 */
    uint32_t states;
    uint32_t *slot; /* [SLOTS], by hash: number + 1; 0: none */
    Pipe fresh, current;
};

PipeStates *pipe_states_new(const PipeCore *core, bool shared)
{
    PipeStates *s = calloc(1, sizeof(*s));
    if (!s) {
        return NULL;
    }
    s->fresh.core = core;
    s->fresh.data_port = !shared;
    s->state = malloc(STATES * sizeof(*s->state));
    s->slot = calloc(SLOTS, sizeof(*s->slot));
    if (!s->state || !s->slot) {
        pipe_states_free(s);
        return NULL;
    }
    return s;
}

void pipe_states_free(PipeStates *s)
{
    if (s) {
        free(s->state);
        free(s->slot);
        free(s);
    }
}

const PipeCore *pipe_states_core(const PipeStates *s)
{
    return s->fresh.core;
}

Pipe *pipe_states_begin(PipeStates *s, uint64_t pc)
{
    s->current = s->fresh;
    if (s->fresh.core->begin) {
        s->fresh.core->begin(&s->current, pc);
    }
    return &s->current;
}

Pipe *pipe_states_resume(PipeStates *s, uint32_t state, uint32_t fetch_wait)
{
    s->current = s->state[state];
    s->current.fetch_wait = fetch_wait;
    return &s->current;
}

static void make_relative(uint64_t *time, uint64_t now)
{
    *time = *time > now ? *time - now : 0;
}

/* Two pipes of one core that behave alike from now on become equal, mostly. */
static void normalise(Pipe *p)
{
    p->core->forget(p);
    if (p->accepted == p->accesses) {
        p->data_wait = 0;
    }
    if (!p->fetch.flying) {
        p->fetch.at = p->now;
        p->fetch.dropped = false;
    }
    p->fetch.held_dropped &= p->fetch.held;
    p->fetch.words = 0;
    p->fetch.outstanding = false;
    make_relative(&p->fetch.at, p->now);
    make_relative(&p->answer, p->now);
    for (unsigned i = 0; i < 2; i++) {
        make_relative(&p->free[i], p->now);
        p->free[i] = p->free[i] > 1 ? p->free[i] : 0; /* no cycle to wait */
    }
    p->now = 0;
    p->fetch_wait = 0;
}

static uint32_t hash(const Pipe *p)
{
    uint64_t word, h = 0;
    _Static_assert(sizeof(*p) % sizeof(word) == 0, "made of words");
    for (size_t i = 0; i < sizeof(*p); i += sizeof(word)) {
        memcpy(&word, (const uint8_t *)p + i, sizeof(word));
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return (uint32_t)(h >> 20);
}

uint32_t pipe_states_keep(PipeStates *s)
{
    Pipe key = s->current;
    normalise(&key);
    uint32_t i = hash(&key) % SLOTS;
    for (; s->slot[i]; i = (i + 1) % SLOTS) {
        if (!memcmp(&s->state[s->slot[i] - 1], &key, sizeof(key))) {
            return s->slot[i] - 1;
        }
    }
    if (s->states == STATES) {
        return 0; /* nobody looked at pipe_states_full() */
    }
    s->state[s->states++] = key;
    s->slot[i] = s->states;
    return s->states - 1;
}

bool pipe_states_full(const PipeStates *s)
{
    return s->states > STATES - RESERVE;
}

void pipe_states_clear(PipeStates *s)
{
    memset(s->slot, 0, SLOTS * sizeof(*s->slot));
    s->states = 0;
}
