/*
 * machine_run.c - the parts of a machine, and its run loop.
 *
 * Model    Each hart runs alone, in the order of the file, up to a horizon:
 *          the next event, a limit, `until`, with several harts also the end
 *          of the quantum, in each of which another one is the first (where a
 *          bus prefers some, always those with the lower number). Then the
 *          events up to which every hart has come are run. What schedules an
 *          event earlier than the horizon shortens it, so with one hart neither
 *          the quantum nor a call's `until` changes a result.
 * Units    picoseconds.
 * Missing  Threads: harts take turns on one.
 */
#include <string.h>

#include "sim/machine_private.h"

/* A hart that is awake returns at least this often, so that a pause asked for
 * by a signal is seen and the host is told how far it is. */
#define SLICE_PS (PS_PER_SECOND / 1000)
/* So many traps without an instruction in between are a trap handler that
 * cannot be fetched or decoded: nothing will ever change. */
enum { TRAPS_STUCK = 1000 };

/* -- parts ---------------------------------------------------------------- */

const char *machine_name(const Machine *m)
{
    return m->cfg->name;
}
unsigned machine_harts(const Machine *m)
{
    return m->harts;
}
unsigned machine_buses(const Machine *m)
{
    return m->buses;
}
unsigned machine_memories(const Machine *m)
{
    return m->memories;
}
unsigned machine_devices(const Machine *m)
{
    return m->devices;
}
EventQueue *machine_events(Machine *m)
{
    return &m->events;
}
MemoryWorld *machine_world(Machine *m)
{
    return m->world;
}
const ClockDomain *machine_clock(const Machine *m)
{
    return &m->clocks->domain;
}
int machine_exit_status(const Machine *m)
{
    return m->status;
}
uint64_t machine_time(const Machine *m)
{
    return m->time;
}

Hart *machine_hart(Machine *m, unsigned i)
{
    return i < m->harts ? m->hart[i] : NULL;
}

MachineBus *machine_bus(Machine *m, unsigned i)
{
    return i < m->buses ? &m->bus[i] : NULL;
}

MachineMemory *machine_memory(Machine *m, unsigned i)
{
    return i < m->memories ? &m->memory[i] : NULL;
}

MachineDevice *machine_device(Machine *m, unsigned i)
{
    return i < m->devices ? &m->device[i] : NULL;
}

MachineBus *machine_find_bus(Machine *m, const char *name)
{
    for (unsigned i = 0; i < m->buses; i++) {
        if (!strcmp(m->bus[i].name, name)) {
            return &m->bus[i];
        }
    }
    return NULL;
}

MachineDevice *machine_find_device(Machine *m, const char *name)
{
    for (unsigned i = 0; i < m->devices; i++) {
        if (!strcmp(m->device[i].dev->name, name)) {
            return &m->device[i];
        }
    }
    return NULL;
}

uint64_t machine_transactions(Machine *m)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < m->harts; i++) {
        n += port_transactions(hart_fetch_port(m->hart[i])) +
             port_transactions(hart_data_port(m->hart[i]));
        MemoryPort *walk = hart_walk_port(m->hart[i]);
        n += walk ? port_transactions(walk) : 0;
    }
    for (unsigned i = 0; i < m->ports; i++) {
        n += port_transactions(m->port[i].port);
    }
    for (unsigned i = 0; i < m->buses; i++) {
        n += port_transactions(&m->bus[i].api);
    }
    return n;
}

/* -- control -------------------------------------------------------------- */

void machine_set_limits(Machine *m, const MachineLimits *limits)
{
    m->limits = *limits;
}

void machine_pause(Machine *m)
{
    m->paused = 1;
}

void machine_finish(Machine *m, int status)
{
    if (m->finished) {
        return;
    }
    m->finished = true;
    m->status = status & 255;
    if (m->running) {
        hart_stop_before(m->running, 0);
    }
}

void machine_limit_resets(Machine *m, uint64_t resets)
{
    m->most_resets = resets;
}

/* Nobody goes on in this round. */
static bool round_ends(const Machine *m)
{
    return m->finished || m->reset_due;
}

void machine_set_watch(Machine *m, void (*fn)(void *opaque), void *opaque)
{
    m->watch_fn = fn;
    m->watch_opaque = opaque;
}

/* An access is waiting for long. When the run is to pause, it gets what it
 * waits for at once, else it might never end. */
void machine_waits(void *opaque)
{
    Machine *m = opaque;
    if (m->watch_fn) {
        m->watch_fn(m->watch_opaque);
    }
    if (m->paused) {
        m->events.end = 0;
        if (m->running) {
            hart_stop_before(m->running, 0);
        }
    }
}

void machine_shortened(void *opaque, uint64_t horizon)
{
    Machine *m = opaque;
    if (horizon < m->horizon) {
        m->horizon = horizon;
        if (m->running) {
            hart_stop_before(m->running, horizon);
        }
    }
}

const char *machine_stop_name(MachineStop stop)
{
    static const char *const names[] = {
        [MACHINE_RUNNING] = "interrupted",
        [MACHINE_FINISHED] = "finished",
        [MACHINE_LIMIT_INSNS] = "limit on instructions",
        [MACHINE_LIMIT_CYCLES] = "limit on cycles",
        [MACHINE_LIMIT_TIME] = "limit on time",
        [MACHINE_LIMIT_RESETS] = "limit on resets",
        [MACHINE_STUCK] = "stuck",
        [MACHINE_ERROR] = "trace store failed",
    };
    return names[stop];
}

/* Time goes on, and memories keep what is in them. */
void machine_reset(Machine *m)
{
    MemoryWorld *outer = memory_world_enter(m->world);
    m->finished = m->reset_due = false;
    m->status = 0;
    m->verdict[0] = '\0';
    event_cancel(&m->events, &m->htif.settle);
    for (unsigned i = 0; i < m->buses; i++) {
        if (!m->bus[i].untimed) {
            bus_reset(&m->bus[i].bus);
        }
    }
    machine_reset_caches(m);
    for (unsigned i = 0; i < m->memories; i++) {
        wait_states_reset(&m->memory[i].waits);
    }
    machine_posted_reset(m);
    for (unsigned i = 0; i < m->harts; i++) {
        hart_reset(m->hart[i]);
        /* Harts that start where the first one does run what is loaded. */
        if (m->cfg->cpu[i].reset == m->cfg->cpu[0].reset) {
            if (m->booted) {
                hart_set_pc(m->hart[i], m->cfg->boot.stub);
            } else if (m->loaded) {
                hart_set_pc(m->hart[i], m->elf.entry);
            }
        }
    }
    for (unsigned i = 0; i < m->devices; i++) {
        Device *dev = m->device[i].dev;
        dev->cls->reset(dev);
    }
    machine_traffic_reset(m);
    for (unsigned i = 0; i < m->serials; i++) {
        machine_serial_ready(m, m->serial[i].dev);
    }
    if (m->poll_fn) {
        event_schedule(&m->events, &m->poll, m->time + m->poll_period);
    }
    memory_world_enter(outer);
}

/* The guest asked for it. False: once too often. */
static bool restart(Machine *m)
{
    if (m->resets >= m->most_resets) {
        return false;
    }
    m->resets++;
    m->reset_due = false;
    machine_posted_stop(m); /* what was posted arrives */
    m->world->now = m->time;
    machine_reset(m);
    machine_load_again(m);
    return true;
}

/* -- the loop ------------------------------------------------------------- */

bool machine_all_asleep(const Machine *m)
{
    for (unsigned i = 0; i < m->harts; i++) {
        if (!hart_asleep(m->hart[i])) {
            return false;
        }
    }
    return true;
}

uint64_t machine_next_activity(const Machine *m)
{
    uint64_t next = event_next(&m->events);
    for (unsigned i = 0; i < m->harts; i++) {
        if (!hart_asleep(m->hart[i]) && hart_time(m->hart[i]) < next) {
            next = hart_time(m->hart[i]);
        }
    }
    return next;
}

static uint64_t instructions(Machine *m)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < m->harts; i++) {
        n += hart_instructions(m->hart[i]);
    }
    return n;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The next multiple of step after t. */
static uint64_t after(uint64_t t, uint64_t step)
{
    uint64_t n = t / step + 1;
    return n > TIME_NEVER / step ? TIME_NEVER : n * step;
}

static uint64_t cycle_limit(const Machine *m)
{
    if (m->limits.cycles == UINT64_MAX) {
        return TIME_NEVER;
    }
    const ClockDomain *clk =
        m->harts ? hart_config(m->hart[0])->clock : machine_clock(m);
    return clock_time(clk, m->limits.cycles);
}

/* Why the run should end here, MACHINE_RUNNING if it should not. */
static MachineStop must_stop(Machine *m)
{
    if (m->finished) {
        return MACHINE_FINISHED;
    }
    if (m->trace && trace_error(m->trace)) {
        return MACHINE_ERROR;
    }
    if (m->limits.instructions != UINT64_MAX &&
        instructions(m) >= m->limits.instructions) {
        return MACHINE_LIMIT_INSNS;
    }
    if (m->time < m->end) {
        return MACHINE_RUNNING;
    }
    return m->time >= cycle_limit(m) ? MACHINE_LIMIT_CYCLES
                                     : MACHINE_LIMIT_TIME;
}

/* Before the limit, all harts together. */
static uint64_t instructions_left(Machine *m)
{
    uint64_t limit = m->limits.instructions;
    if (limit == UINT64_MAX) {
        return UINT64_MAX;
    }
    uint64_t total = instructions(m);
    return total < limit ? limit - total : 0;
}

/* A hart's turn; moments of windows cut it, and it goes on. */
static void run_hart(Machine *m, unsigned i)
{
    Hart *hart = m->hart[i];
    if (hart_time(hart) >= m->horizon || machine_debug_holds(m, i)) {
        return;
    }
    machine_window_enter(m, hart_time(hart));
    m->running = hart;
    while (hart_time(hart) < m->horizon && !round_ends(m)) {
        uint64_t left = instructions_left(m);
        uint64_t cut = machine_window_instructions(m);
        uint64_t until = machine_window_horizon(m, hart, m->horizon);
        if (!left) {
            break;
        }
        left = least(left, least(cut, machine_debug_instructions(m, hart)));
        uint64_t begun = hart_instructions(hart);
        hart_limit(hart, left < UINT64_MAX - begun ? begun + left : UINT64_MAX);
        HartStop stop = hart_run(hart, until);
        if (m->window.active) {
            machine_window_stopped(m, hart, stop);
        }
        if (machine_debug_stopped(m, hart, stop) ||
            !(m->window.active || m->debug.on)) {
            break;
        }
    }
    m->running = NULL;
}

/* Which turn is the first: each in its quantum. */
static unsigned first_turn(const Machine *m)
{
    const uint64_t quantum = m->cfg->quantum_ps;
    return m->harts > 1 && quantum && !m->turns_fixed
               ? (unsigned)(m->time / quantum % m->harts)
               : 0;
}

/* Runs all harts to the horizon; returns up to where all of them came. */
static uint64_t run_harts(Machine *m)
{
    uint64_t reached = m->harts ? TIME_NEVER : m->horizon;
    const unsigned first = first_turn(m);
    for (unsigned i = 0;
         i < m->harts && !round_ends(m) && !machine_debug_wants(m); i++) {
        run_hart(m, m->turn[(first + i) % m->harts]);
    }
    machine_debug_pass(m);
    for (unsigned i = 0; i < m->harts; i++) {
        reached = least(reached, hart_time(m->hart[i]));
    }
    return reached;
}

/* Do harts that are awake only trap, again and again? */
static bool traps_only(Machine *m)
{
    uint64_t progress = 0, traps = 0;
    for (unsigned i = 0; i < m->harts; i++) {
        HartCounters c = hart_progress(m->hart[i]);
        progress += c.instructions + c.idle;
        traps += c.traps;
    }
    if (progress != m->progress) {
        m->progress = progress;
        m->traps = traps;
    }
    return traps - m->traps >= TRAPS_STUCK;
}

/* About every slice: is it worth going on, and what does the host want? */
static bool watch(Machine *m)
{
    /* The first look is at the end of a slice, too: a run that is cut into
     * shorter ones, by events or a kernel, must find the same. */
    const uint64_t at = m->next_watch ? m->next_watch : SLICE_PS;
    if (m->time < at) {
        return true;
    }
    m->next_watch = after(m->time, SLICE_PS);
    if (m->watch_fn) {
        m->watch_fn(m->watch_opaque);
    }
    return !traps_only(m);
}

/* A round ends at m->horizon. False: nothing will ever happen, not even at
 * `end`, where a call returns if it may sleep until then. */
static bool begin_round(Machine *m, uint64_t end, bool may_sleep)
{
    if (m->debug.cut) { /* it has begun */
        m->debug.cut = false;
        m->horizon = least(m->horizon, end);
        return true;
    }
    bool asleep = machine_all_asleep(m);
    uint64_t next = event_horizon(&m->events);
    if (asleep && next == TIME_NEVER && !may_sleep) {
        return false;
    }
    m->horizon = least(next, end);
    if (!asleep) {
        m->horizon = least(m->horizon, after(m->time, SLICE_PS));
        if (m->harts > 1 && m->cfg->quantum_ps) {
            m->horizon = least(m->horizon, after(m->time, m->cfg->quantum_ps));
        }
    }
    return true;
}

static MachineStop run(Machine *m, uint64_t until)
{
    for (;;) {
        MachineStop stop = m->debug.cut ? MACHINE_RUNNING : must_stop(m);
        if (stop != MACHINE_RUNNING || m->time >= until) {
            return stop;
        }
        if (m->paused) {
            m->paused = 0;
            return MACHINE_RUNNING;
        }
        const uint64_t end = least(until, m->end);
        if (!begin_round(m, end, m->end > until)) {
            return MACHINE_STUCK;
        }
        m->time = run_harts(m);
        while (!round_ends(m) && !machine_debug_wants(m) &&
               event_next(&m->events) < end &&
               event_horizon(&m->events) <= m->time) {
            machine_window_enter(m, event_next(&m->events));
            event_run_one(&m->events);
        }
        if (machine_debug_wants(m) && !m->finished) {
            m->debug.cut = true;
            return MACHINE_RUNNING;
        }
        if (m->reset_due && !m->finished && !restart(m)) {
            return MACHINE_LIMIT_RESETS;
        }
        if (!watch(m) && !m->finished) {
            return MACHINE_STUCK;
        }
    }
}

MachineStop machine_run(Machine *m, uint64_t until)
{
    MemoryWorld *outer = memory_world_enter(m->world);
    m->end = m->events.end = least(m->limits.time_ps, cycle_limit(m));
    m->stop = run(m, until);
    if (m->stop != MACHINE_RUNNING) {
        machine_posted_stop(m);
    }
    memory_world_enter(outer);
    return m->stop;
}
