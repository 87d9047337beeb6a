/*
 * machine_window.c - when transactions are recorded: from one moment to
 * another, again and again, and the last ones before a moment.
 *
 * Model    The world's recorder is set and taken away between two instructions.
 *          A pc is a break in every hart; a time and a number of instructions
 *          cut a hart's turn; a phase, a fault and a trap end it behind the
 *          instruction. Turns go on at once: no other hart runs meanwhile, and
 *          nothing but the records knows that there are windows.
 *          A hart that lags behind the one that came to a time first is
 *          recorded from that time of its own on.
 * Units    picoseconds.
 * Missing  With several harts, what others did between a pc and the end of the
 *          quantum, in turns before, is not recorded; and on a timed bus, what
 *          one of them waits for another's turn in the same quantum depends on
 *          which accesses were inline, so a window may move it.
 */
#include <string.h>

#include "sim/machine_private.h"

/* -- recording ------------------------------------------------------------ */

static uint64_t count_port(MemoryPort *port, uint32_t kinds)
{
    uint32_t n;
    uint64_t sum = 0;
    const PortTraffic *t = port ? port_traffic(port, &n) : NULL;
    for (uint32_t i = 0; t && i < n; i++) {
        sum += kinds >> t[i].kind & 1 ? t[i].accesses : 0;
    }
    return sum;
}

/* Transactions of the recorded kinds so far. */
static uint64_t count_all(Machine *m)
{
    const uint32_t kinds = m->window.recorder->kinds;
    uint64_t n = 0;
    for (unsigned i = 0; i < m->harts; i++) {
        n += count_port(hart_fetch_port(m->hart[i]), kinds) +
             count_port(hart_data_port(m->hart[i]), kinds) +
             count_port(hart_walk_port(m->hart[i]), kinds);
    }
    for (unsigned i = 0; i < m->ports; i++) {
        n += count_port(m->port[i].port, kinds);
    }
    for (unsigned i = 0; i < m->buses; i++) {
        n += count_port(&m->bus[i].api, kinds);
    }
    return n;
}

/* Whoever goes on at `now`: is that recorded? */
static void settle(Machine *m, uint64_t now)
{
    MachineWindow *w = &m->window;
    bool want = !w->triggered && (w->on ? now >= w->since : now < w->until);
    if (want == w->recording) {
        return;
    }
    w->recording = want;
    memory_world_set_recorder(m->world, want ? w->recorder : NULL);
    w->counted += want ? -count_all(m) : count_all(m);
}

/* -- moments -------------------------------------------------------------- */

static const MachineMoment *active(const MachineWindow *w, unsigned *n)
{
    *n = w->on ? w->set.tos : w->set.froms;
    return w->on ? w->set.to : w->set.from;
}

static bool waits_for_trigger(const MachineWindow *w)
{
    return w->set.last && !w->triggered;
}

static void set_breaks_of(Machine *m, const MachineMoment *moment, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        for (unsigned h = 0; moment[i].kind == MOMENT_PC && h < m->harts; h++) {
            hart_set_break(m->hart[h], moment[i].value);
        }
    }
}

/* Only of what is waited for now: each stop costs. */
bool machine_window_breaks(Machine *m)
{
    MachineWindow *w = &m->window;
    unsigned n;
    const MachineMoment *list = active(w, &n);
    for (unsigned h = 0; h < m->harts; h++) {
        hart_clear_breaks(m->hart[h]);
    }
    if (!w->triggered) {
        set_breaks_of(m, list, n);
    }
    if (waits_for_trigger(w)) {
        set_breaks_of(m, &w->set.trigger, 1);
    }
    return machine_debug_place_breaks(m);
}

static uint64_t instructions(Machine *m)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < m->harts; i++) {
        n += hart_progress(m->hart[i]).instructions;
    }
    return n;
}

static uint64_t cycle_at(Machine *m, uint64_t now)
{
    const ClockDomain *clk =
        m->harts ? hart_config(m->hart[0])->clock : machine_clock(m);
    return clock_cycle_in(clk, now);
}

/* Opens or closes the window at `now`, because of `cause`. */
static void toggle(Machine *m, const MachineMoment *cause, uint64_t now)
{
    MachineWindow *w = &m->window;
    bool timed = cause->kind == MOMENT_TIME;
    w->on = !w->on;
    w->came = w->came || w->on;
    w->since = w->on && timed ? cause->value : 0;
    w->until = !w->on && timed ? cause->value : 0;
    w->time_floor = (timed ? cause->value : now) + 1;
    w->insns_floor = instructions(m) + 1;
    trace_window(m->trace, w->on, timed ? cause->value : now,
                 cycle_at(m, timed ? cause->value : now), cause->text);
    machine_window_breaks(m);
}

/* The trigger of --trace-last: what is kept is written. */
static void trigger(Machine *m, const char *cause, uint64_t now)
{
    MachineWindow *w = &m->window;
    w->triggered = true;
    settle(m, now);
    if (w->on) {
        trace_window(m->trace, false, now, cycle_at(m, now), cause);
        w->on = false;
    }
    trace_keep_now(m->trace);
    machine_window_breaks(m);
}

static bool is_it(const MachineWindow *w, const MachineMoment *moment,
                  MomentKind kind, uint64_t value)
{
    if (moment->kind != kind) {
        return false;
    }
    switch (kind) {
    case MOMENT_PC:
    case MOMENT_PHASE: return moment->value == value;
    case MOMENT_TIME:
        return moment->value <= value && moment->value >= w->time_floor;
    case MOMENT_INSNS:
        return moment->value <= value && moment->value >= w->insns_floor;
    case MOMENT_FAULT:
    case MOMENT_TRAP: return true;
    case MOMENT_EXIT: break;
    }
    return false;
}

/* It is that time, pc, ...; one window opens or closes at most. */
static void happens(Machine *m, MomentKind kind, uint64_t value, uint64_t now)
{
    MachineWindow *w = &m->window;
    unsigned n;
    if (waits_for_trigger(w) && is_it(w, &w->set.trigger, kind, value)) {
        w->trigger_came = true;
        trigger(m, w->set.trigger.text, now);
    }
    const MachineMoment *list = active(w, &n);
    for (unsigned i = 0; i < n && !w->triggered; i++) {
        if (is_it(w, &list[i], kind, value)) {
            toggle(m, &list[i], now);
            return;
        }
    }
}

/* The least value of a kind that is waited for, beyond `now`. */
static uint64_t next_of(const MachineWindow *w, MomentKind kind, uint64_t now)
{
    unsigned n;
    const MachineMoment *list = active(w, &n);
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < n; i++) {
        if (list[i].kind == kind && list[i].value > now &&
            list[i].value < next) {
            next = list[i].value;
        }
    }
    const MachineMoment *t = &w->set.trigger;
    if (waits_for_trigger(w) && t->kind == kind && t->value > now &&
        t->value < next) {
        next = t->value;
    }
    return next;
}

/* -- what the run loop and its callbacks say ------------------------------ */

void machine_window_enter(Machine *m, uint64_t now)
{
    MachineWindow *w = &m->window;
    if (!w->active) {
        return;
    }
    if (w->phase_due) {
        w->phase_due = false;
        happens(m, MOMENT_PHASE, w->phase, now);
    }
    happens(m, MOMENT_TIME, now, now);
    settle(m, now);
}

uint64_t machine_window_horizon(Machine *m, const Hart *hart, uint64_t horizon)
{
    const MachineWindow *w = &m->window;
    if (!w->active) {
        return horizon;
    }
    uint64_t now = hart_time(hart), next = next_of(w, MOMENT_TIME, now);
    uint64_t gate = w->on ? w->since : w->until;
    next = gate > now && gate < next ? gate : next;
    return next < horizon ? next : horizon;
}

uint64_t machine_window_instructions(Machine *m)
{
    if (!m->window.active) {
        return UINT64_MAX;
    }
    uint64_t total = instructions(m);
    uint64_t next = next_of(&m->window, MOMENT_INSNS, total);
    return next == UINT64_MAX ? UINT64_MAX : next - total;
}

void machine_window_stopped(Machine *m, const Hart *hart, HartStop stop)
{
    MachineWindow *w = &m->window;
    uint64_t now = hart_time(hart);
    if (w->fault_due) {
        happens(m, MOMENT_FAULT, 0, now);
    }
    if (w->trap_due) {
        happens(m, MOMENT_TRAP, 0, now);
    }
    w->fault_due = w->trap_due = false;
    if (stop == HART_STOP_BREAK) {
        happens(m, MOMENT_PC, hart_pc(hart), now);
    }
    happens(m, MOMENT_INSNS, instructions(m), now);
    machine_window_enter(m, now);
}

bool machine_window_switch(Machine *m, bool on, const char *why)
{
    MachineWindow *w = &m->window;
    if (!w->recorder || w->triggered) {
        return false;
    }
    if (w->on != on) {
        const MachineMoment by_hand = {.kind = MOMENT_PC, .text = why};
        w->active = true;
        toggle(m, &by_hand, m->time);
        settle(m, m->time);
    }
    return true;
}

void machine_window_phase(Machine *m, unsigned id)
{
    MachineWindow *w = &m->window;
    if (w->active) {
        w->phase_due = true;
        w->phase = id;
        if (m->running) {
            hart_stop_before(m->running, 0);
        }
    }
}

void machine_window_trap(Machine *m, bool fault)
{
    MachineWindow *w = &m->window;
    if (w->active) {
        w->trap_due = true;
        w->fault_due = w->fault_due || fault;
        if (m->running) {
            hart_stop_before(m->running, 0);
        }
    }
}

/* -- asking --------------------------------------------------------------- */

bool machine_window_came(const Machine *m)
{
    return m->window.came;
}

bool machine_trigger_came(const Machine *m)
{
    return m->window.trigger_came;
}

/* -- begin and end -------------------------------------------------------- */

bool machine_set_windows(Machine *m, const MachineWindows *windows,
                         Error **errp)
{
    /* All at once, so that later ones cannot fail. */
    const MachineMoment *lists[] = {windows->from, windows->to,
                                    &windows->trigger};
    const unsigned counts[] = {windows->froms, windows->tos, 1};
    for (unsigned k = 0; k < 3; k++) {
        for (unsigned i = 0; i < counts[k]; i++) {
            for (unsigned h = 0; h < m->harts; h++) {
                if (lists[k][i].kind == MOMENT_PC &&
                    !hart_set_break(m->hart[h], lists[k][i].value)) {
                    return machine_no_memory(errp);
                }
            }
        }
    }
    for (unsigned h = 0; h < m->harts; h++) {
        hart_clear_breaks(m->hart[h]);
    }
    m->window.set = *windows;
    return true;
}

void machine_window_begin(Machine *m, MemoryRecorder *recorder)
{
    MachineWindow *w = &m->window;
    w->recorder = recorder;
    w->active = w->set.froms || w->set.tos || w->set.last;
    w->on = w->came = !w->set.froms;
    w->trigger_came = false;
    w->recording = w->triggered = false;
    w->since = w->until = w->counted = w->time_floor = w->insns_floor = 0;
    if (w->on) {
        trace_window(m->trace, true, m->time, cycle_at(m, m->time), "start");
    }
    machine_window_breaks(m);
    settle(m, m->time);
    if (w->active) {
        happens(m, MOMENT_INSNS, instructions(m), m->time);
        machine_window_enter(m, m->time);
    }
}

void machine_window_end(Machine *m)
{
    MachineWindow *w = &m->window;
    if (!w->recorder) {
        return;
    }
    w->set.froms = w->set.tos = 0;
    if (waits_for_trigger(w)) {
        trigger(m, "end", m->time);
    } else if (w->on) {
        trace_window(m->trace, false, m->time, cycle_at(m, m->time), "end");
    }
    w->triggered = true;
    settle(m, m->time);
    trace_set_counted(m->trace, w->counted);
    w->active = false;
    w->recorder = NULL;
    machine_window_breaks(m);
}
