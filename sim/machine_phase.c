/*
 * machine_phase.c - phases of a run: the guest marks them, or they begin with
 * what its consoles say.
 *
 * Model    One phase at a time. A text is looked for in the output of each
 *          console by itself, byte by byte as the guest puts them out, so it
 * may lie across writes and lines. It counts when its last byte comes for the
 * first time; an empty one when a store is attached. Guests number their phases
 * with a byte; named ones have numbers beyond. Units    picoseconds; cycles of
 * the first hart, without one of the machine's clock.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/machine_private.h"

typedef struct MachinePhase MachinePhase;
struct MachinePhase {
    uint8_t *text;
    size_t
        *shorter; /* of text's first i + 1 bytes: how many end as it begins */
    size_t len;
    size_t *seen; /* of text, at the end of what each console has put out */
    char *name;
    bool came;
    MachinePhase *next;
};

/* Before the run; consoles are the serial devices and the host's. */
static unsigned consoles(const Machine *m)
{
    return m->serials + 1;
}

static void phase_free(MachinePhase *p)
{
    free(p->text);
    free(p->shorter);
    free(p->seen);
    free(p->name);
    free(p);
}

static void find_shorter(MachinePhase *p)
{
    for (size_t i = 1, n = 0; i < p->len; i++) {
        while (n && p->text[i] != p->text[n]) {
            n = p->shorter[n - 1];
        }
        n += p->text[i] == p->text[n];
        p->shorter[i] = n;
    }
}

bool machine_phase_on(Machine *m, const void *text, size_t len,
                      const char *name, Error **errp)
{
    MachinePhase *p = calloc(1, sizeof(*p)), **last = &m->phase_on;
    if (p) {
        *p = (MachinePhase){.text = malloc(len + 1),
                            .shorter = calloc(len + 1, sizeof(*p->shorter)),
                            .len = len,
                            .seen = calloc(consoles(m), sizeof(*p->seen)),
                            .name = strdup(name)};
    }
    if (!p || !p->text || !p->shorter || !p->seen || !p->name) {
        if (p) {
            phase_free(p);
        }
        return error_set(errp, "the host has no memory left");
    }
    if (len) {
        memcpy(p->text, text, len);
    }
    find_shorter(p);
    while (*last) {
        last = &(*last)->next;
    }
    *last = p;
    return true;
}

unsigned machine_phase_named(const Machine *m, const char *name)
{
    unsigned id = MACHINE_PHASE_NAMED;
    for (const MachinePhase *p = m->phase_on; p; p = p->next, id++) {
        if (!strcmp(p->name, name)) {
            return id;
        }
    }
    return 0;
}

const char *machine_phase_name(const Machine *m, unsigned id)
{
    const MachinePhase *p = m->phase_on;
    for (unsigned i = MACHINE_PHASE_NAMED; p && i < id; i++) {
        p = p->next;
    }
    return p && id >= MACHINE_PHASE_NAMED ? p->name : NULL;
}

const char *machine_phase_missed(const Machine *m)
{
    for (const MachinePhase *p = m->phase_on; p; p = p->next) {
        if (!p->came) {
            return p->name;
        }
    }
    return NULL;
}

void machine_phase(Machine *m, unsigned id, const char *name)
{
    if (!m->trace) {
        return;
    }
    uint64_t now = m->world->now;
    const ClockDomain *clk =
        m->harts ? hart_config(m->hart[0])->clock : machine_clock(m);
    uint64_t cycle = clock_cycle_in(clk, now);
    if (m->phase) {
        trace_phase(m->trace, m->phase, false, now, cycle);
    }
    m->phase = id;
    machine_window_phase(m, id);
    if (name) {
        trace_phase_named(m->trace, name, now, cycle);
    } else if (id) {
        trace_phase(m->trace, id, true, now, cycle);
    }
}

/* Phases of one name have one number. */
static void begin(Machine *m, MachinePhase *p)
{
    p->came = true;
    machine_phase(m, machine_phase_named(m, p->name), p->name);
}

void machine_phase_start(Machine *m)
{
    for (MachinePhase *p = m->phase_on; p; p = p->next) {
        if (!p->len && !p->came) {
            begin(m, p);
        }
    }
}

void machine_phase_byte(Machine *m, const Device *dev, uint8_t byte)
{
    unsigned console = 0;
    while (console < m->serials && m->serial[console].dev != dev) {
        console++;
    }
    for (MachinePhase *p = m->phase_on; p; p = p->next) {
        if (p->came || !p->len) {
            continue;
        }
        size_t *n = &p->seen[console];
        while (*n && p->text[*n] != byte) {
            *n = p->shorter[*n - 1];
        }
        *n += p->text[*n] == byte;
        if (*n == p->len) {
            begin(m, p);
        }
    }
}

void machine_phase_fini(Machine *m)
{
    while (m->phase_on) {
        MachinePhase *next = m->phase_on->next;
        phase_free(m->phase_on);
        m->phase_on = next;
    }
}
