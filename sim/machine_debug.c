/*
 * machine_debug.c - a debugger in the run loop (see machine_debug.h).
 *
 * Model    A stop cuts a round of the run loop short: harts behind the one that
 *          stopped have not had their turn, and have it when the machine goes
 *          on, up to the same horizon. Held harts idle to the horizon when the
 *          others have come there. A step is a limit of one instruction; when
 *          that belonged to an interrupt handler, the hart runs on to where it
 *          was interrupted and steps again.
 * Units    picoseconds.
 * Missing  nothing known.
 */
#include "sim/machine_debug.h"

#include <stdlib.h>
#include <string.h>

#include "memory/watch.h"
#include "sim/machine_private.h"

enum { CSR_SEPC = 0x141, CSR_MEPC = 0x341 };

static unsigned index_of(const Hart *hart)
{
    return (unsigned)hart_config(hart)->hartid;
}

/* -- watches -------------------------------------------------------------- */

static bool is_of(Hart *hart, const MemoryPort *port)
{
    return port == hart_data_port(hart) || port == hart_walk_port(hart);
}

static void watch_met(void *opaque, const MemoryWatchHit *hit)
{
    Machine *m = opaque;
    if (m->debug.stop.why != DEBUG_NONE) {
        return; /* the first one counts */
    }
    unsigned hart = m->running ? index_of(m->running) : 0;
    const char *who = hit->port->name;
    for (unsigned i = 0; i < m->harts; i++) {
        if (is_of(m->hart[i], hit->port)) {
            hart = i;
            who = NULL;
        }
    }
    m->debug.stop = (MachineDebugStop){.why = DEBUG_WATCH,
                                       .hart = hart,
                                       .address = hit->address,
                                       .watched = hit->watched,
                                       .dir = hit->dir,
                                       .initiator = who};
    if (hit->bytes && hit->len <= sizeof(m->debug.stop.bytes)) {
        m->debug.stop.len = (uint8_t)hit->len;
        memcpy(m->debug.stop.bytes, hit->bytes, hit->len);
    }
    if (m->running) {
        hart_stop_before(m->running, 0);
    }
}

bool machine_debug_add_watch(Machine *m, unsigned i, uint64_t va, uint64_t len,
                             uint8_t dir)
{
    Hart *hart = m->hart[i];
    MemoryWorld *outer = memory_world_enter(m->world);
    bool all = true;
    for (uint64_t at = 0; at < len && all;) {
        uint64_t room = PAGE_SIZE_BYTES - (va + at) % PAGE_SIZE_BYTES;
        room = room < len - at ? room : len - at;
        hwaddr pa;
        all = hart_translate(hart, va + at, &pa) &&
              memory_watch_add(hart_config(hart)->data_as, pa, room, dir,
                               va + at);
        at += room;
    }
    memory_world_enter(outer);
    return all;
}

void machine_debug_clear_watches(Machine *m)
{
    MemoryWorld *outer = memory_world_enter(m->world);
    memory_watch_clear();
    memory_world_enter(outer);
}

/* -- breaks --------------------------------------------------------------- */

static bool has_break(const MachineDebug *d, uint64_t pc)
{
    for (unsigned i = 0; i < d->breaks; i++) {
        if (d->break_pc[i] == pc) {
            return true;
        }
    }
    return false;
}

bool machine_debug_place_breaks(Machine *m)
{
    const MachineDebug *d = &m->debug;
    bool all = true;
    for (unsigned h = 0; d->on && h < m->harts; h++) {
        for (unsigned i = 0; i < d->breaks; i++) {
            all = hart_set_break(m->hart[h], d->break_pc[i]) && all;
        }
        if (d->hart[h].in_handler) {
            all = hart_set_break(m->hart[h], d->hart[h].resume) && all;
        }
    }
    return all;
}

bool machine_debug_set_breaks(Machine *m, const uint64_t *pc, unsigned n)
{
    MachineDebug *d = &m->debug;
    if (n == d->breaks && (!n || !memcmp(pc, d->break_pc, n * sizeof(*pc)))) {
        return true; /* each change costs all decoded code */
    }
    uint64_t *copy = malloc((n + 1) * sizeof(*copy));
    free(d->break_pc);
    d->break_pc = copy;
    d->breaks = copy ? n : 0;
    if (n && copy) {
        memcpy(copy, pc, n * sizeof(*pc));
    }
    bool placed = machine_window_breaks(m);
    return copy && placed;
}

/* -- moves ---------------------------------------------------------------- */

bool machine_debug_begin(Machine *m, Error **errp)
{
    MachineDebug *d = &m->debug;
    d->hart = calloc(m->harts + 1, sizeof(*d->hart));
    if (!d->hart) {
        return machine_no_memory(errp);
    }
    MemoryWorld *outer = memory_world_enter(m->world);
    memory_watch_tell(watch_met, m);
    memory_world_enter(outer);
    d->on = true;
    d->stop = (MachineDebugStop){.why = DEBUG_NONE};
    return true;
}

void machine_debug_end(Machine *m)
{
    MachineDebug *d = &m->debug;
    if (!d->on) {
        return;
    }
    MemoryWorld *outer = memory_world_enter(m->world);
    memory_watch_tell(NULL, NULL);
    memory_world_enter(outer);
    d->on = false;
    d->stop = (MachineDebugStop){.why = DEBUG_NONE};
    d->breaks = 0;
    machine_window_breaks(m);
    free(d->break_pc);
    free(d->hart);
    d->break_pc = NULL;
    d->hart = NULL;
}

void machine_debug_move(Machine *m, unsigned i, DebugMove move, uint64_t first,
                        uint64_t end)
{
    m->debug.hart[i].move = move;
    m->debug.hart[i].first = first;
    m->debug.hart[i].end = end;
}

/* What a step is measured from. */
static void note_begin(Machine *m, DebugHart *dh, unsigned i)
{
    HartCounters c = hart_progress(m->hart[i]);
    dh->instructions = c.instructions;
    dh->interrupts = c.interrupts;
    dh->traps = c.traps;
}

static void set_handler(Machine *m, DebugHart *dh, bool in_handler)
{
    if (dh->in_handler != in_handler) {
        dh->in_handler = in_handler;
        machine_window_breaks(m);
    }
}

void machine_debug_go(Machine *m)
{
    MachineDebug *d = &m->debug;
    d->stop = (MachineDebugStop){.why = DEBUG_NONE};
    for (unsigned i = 0; i < m->harts; i++) {
        set_handler(m, &d->hart[i], false);
        note_begin(m, &d->hart[i], i);
    }
}

const MachineDebugStop *machine_debug_stop(const Machine *m)
{
    return &m->debug.stop;
}

bool machine_debug_trace(Machine *m, bool on)
{
    MemoryWorld *outer = memory_world_enter(m->world);
    bool there = machine_window_switch(m, on, "gdb");
    memory_world_enter(outer);
    return there;
}

unsigned machine_debug_phase(const Machine *m)
{
    return m->phase;
}

const char *machine_debug_phase_name(const Machine *m)
{
    return machine_phase_name(m, m->phase);
}

void machine_debug_note(Machine *m, const void *bytes, size_t len)
{
    if (m->trace) {
        trace_input(m->trace, "gdb", m->time, bytes, len);
    }
}

/* -- for the run loop ----------------------------------------------------- */

bool machine_debug_holds(const Machine *m, unsigned i)
{
    return m->debug.on && m->debug.hart[i].move == DEBUG_HOLD;
}

bool machine_debug_wants(const Machine *m)
{
    return m->debug.on && m->debug.stop.why != DEBUG_NONE;
}

void machine_debug_pass(Machine *m)
{
    for (unsigned i = 0; i < m->harts; i++) {
        if (machine_debug_holds(m, i) && !machine_debug_wants(m) &&
            !m->finished) {
            hart_pass(m->hart[i], m->horizon);
        }
    }
}

uint64_t machine_debug_instructions(const Machine *m, const Hart *hart)
{
    if (!m->debug.on) {
        return UINT64_MAX;
    }
    const DebugHart *dh = &m->debug.hart[index_of(hart)];
    return dh->move == DEBUG_STEP && !dh->in_handler ? 1 : UINT64_MAX;
}

void machine_debug_trapped(Machine *m, Hart *hart)
{
    if (m->debug.on && m->running == hart &&
        m->debug.hart[index_of(hart)].move == DEBUG_STEP) {
        hart_stop_before(hart, 0);
    }
}

/* An interrupt was taken; is there something of its handler left? */
static bool in_handler(Hart *hart, DebugHart *dh)
{
    bool machine = hart_privilege(hart) == HART_M;
    uint64_t epc = 0;
    hart_read_csr(hart, machine ? CSR_MEPC : CSR_SEPC, &epc);
    dh->resume = epc;
    return hart_pc(hart) != epc;
}

/* Is the step of hart i over? */
static bool stepped(Machine *m, unsigned i, HartStop stop)
{
    Hart *hart = m->hart[i];
    DebugHart *dh = &m->debug.hart[i];
    HartCounters c = hart_progress(hart);
    if (dh->in_handler) {
        if (stop == HART_STOP_BREAK && hart_pc(hart) == dh->resume) {
            set_handler(m, dh, false);
            note_begin(m, dh, i);
        }
        return false;
    }
    if (c.traps == dh->traps && c.interrupts != dh->interrupts) {
        set_handler(m, dh, in_handler(hart, dh));
        note_begin(m, dh, i);
        return false;
    }
    if (c.traps != dh->traps) {
        return true;
    }
    bool in_range = dh->first <= hart_pc(hart) && hart_pc(hart) < dh->end;
    bool one = c.instructions != dh->instructions && !in_range;
    note_begin(m, dh, i);
    return one;
}

bool machine_debug_stopped(Machine *m, const Hart *hart, HartStop stop)
{
    MachineDebug *d = &m->debug;
    if (!d->on) {
        return false;
    }
    if (machine_debug_wants(m)) {
        return true;
    }
    const unsigned i = index_of(hart);
    DebugWhy why = DEBUG_NONE;
    if (stop == HART_STOP_BREAK && has_break(d, hart_pc(hart))) {
        why = DEBUG_BREAK;
    } else if (d->hart[i].move == DEBUG_STEP && stepped(m, i, stop)) {
        why = DEBUG_STEPPED;
    }
    if (why != DEBUG_NONE) {
        d->stop = (MachineDebugStop){.why = why, .hart = i};
    }
    return why != DEBUG_NONE;
}
