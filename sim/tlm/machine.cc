/*
 * machine.cc - a machine in the SystemC kernel: see machine.h for the model.
 */
#include "sim/tlm/machine.h"

#include <algorithm>
#include <tlm>
#include <utility>

#include "sim/tlm/core.h"

namespace socscope
{

namespace
{

// How long the machine runs at most without a look at the kernel.
const uint64_t SLICE_PS = PS_PER_SECOND / 1000;
// Trace stores compress and run SQL on the stack of the thread.
const size_t STACK_BYTES = 1 << 20;

uint64_t multiple_after(uint64_t t, uint64_t step)
{
    uint64_t n = t / step + 1;
    return n > TIME_NEVER / step ? TIME_NEVER : n * step;
}

uint64_t quantum_ps()
{
    return to_ps(tlm::tlm_global_quantum::instance().get());
}

std::shared_ptr<Core> load(const std::string &config,
                           const std::string &firmware,
                           const std::vector<std::string> &set)
{
    auto core = std::make_shared<Core>();
    std::vector<const char *> values;
    for (const std::string &s : set) {
        values.push_back(s.c_str());
    }
    values.push_back(nullptr);
    Error *err = nullptr;
    core->config = config_load(config.c_str(), values.data(), &err);
    if (core->config) {
        core->machine = machine_new(core->config, &err);
    }
    bool ok = core->machine;
    core->world = ok ? machine_world(core->machine) : nullptr;
    if (ok && !firmware.empty()) {
        ok = machine_load_elf(core->machine, firmware.c_str(), &err);
    } else if (ok && (core->config->boot.bios || core->config->boot.kernel)) {
        ok = machine_boot(core->machine, &err);
    }
    if (!ok) {
        raise(err);
    }
    return core;
}

/* Its frequency; machines begin their cycles at 0 and multiples of a period. */
uint64_t hz_of(const sc_core::sc_clock &clock)
{
    const uint64_t period = to_ps(clock.period());
    const uint64_t low = period - to_ps(clock.period() * clock.duty_cycle());
    const uint64_t rises =
        to_ps(clock.start_time()) + (clock.posedge_first() ? 0 : low);
    if (!period || PS_PER_SECOND % period) {
        throw Failure(std::string(clock.name()) + ": a period of " +
                      clock.period().to_string() +
                      " is no whole number of Hz; take one that divides 1 s, "
                      "such as 25 ns");
    }
    if (rises % period) {
        throw Failure(std::string(clock.name()) + ": it first rises at " +
                      from_ps(rises).to_string() +
                      ", cycles of a machine begin at multiples of the "
                      "period; let it start at 0 with a rising edge");
    }
    return PS_PER_SECOND / period;
}

std::vector<std::string> with_clock(std::vector<std::string> set,
                                    const sc_core::sc_clock &clock)
{
    set.push_back("clock=" + std::to_string(hz_of(clock)) + "Hz");
    return set;
}

std::shared_ptr<Core> borrow(::Machine *machine)
{
    auto core = std::make_shared<Core>();
    core->machine = machine;
    core->world = machine_world(machine);
    return core;
}

void pause_event(void *opaque, uint64_t when)
{
    machine_pause(static_cast<::Machine *>(opaque));
}

} // namespace

Core::~Core()
{
    if (!machine) {
        config_free(config);
        return;
    }
    {
        Inside inside(*this);
        debts.leave();
        event_cancel(machine_events(machine), &pause);
        if (config) {
            machine_detach_trace(machine);
        }
        for (auto &m : mapped) {
            if (m->region.container) {
                memory_region_del_subregion(m->region.container, &m->region);
            }
            machine_remove_region(machine, &m->region);
            memory_region_fini(&m->region);
        }
        for (auto &m : watched) {
            machine_remove_region(machine, &m->region);
            m->finish();
            memory_region_fini(&m->region);
        }
    }
    if (config) {
        machine_free(machine);
        config_free(config);
    }
}

/* -- life ----------------------------------------------------------------- */

Machine::Machine(sc_core::sc_module_name name, const std::string &config,
                 const std::string &firmware,
                 const std::vector<std::string> &set)
    : Machine(name, load(config, firmware, set))
{
}

Machine::Machine(sc_core::sc_module_name name, sc_core::sc_clock &from,
                 const std::string &config, const std::string &firmware,
                 const std::vector<std::string> &set)
    : Machine(name, load(config, firmware, with_clock(set, from)))
{
    clock(from);
}

Machine::Machine(sc_core::sc_module_name name, ::Machine *machine)
    : Machine(name, borrow(machine))
{
}

Machine::Machine(sc_core::sc_module_name name, std::shared_ptr<Core> core)
    : sc_core::sc_module(name), clock("clock"), core_(std::move(core)),
      machine_(core_->machine), harts_(machine_harts(machine_)),
      events_(machine_events(machine_))
{
    if (sc_core::sc_get_time_resolution() !=
        sc_core::sc_time(1, sc_core::SC_PS)) {
        throw Failure(std::string(this->name()) + ": the time resolution is " +
                      sc_core::sc_get_time_resolution().to_string() +
                      "; leave it at 1 ps");
    }
    event_init(machine_events(core_->machine), &core_->pause, "systemc",
               EVENT_NORMAL, pause_event, core_->machine);
    SC_HAS_PROCESS(Machine);
    SC_THREAD(run);
    set_stack_size(STACK_BYTES);
}

Machine::~Machine() = default;

::Machine *Machine::handle() const
{
    return core_->machine;
}

void Machine::attach_trace(TraceStore *store, const MachineTrace &what)
{
    Error *err = nullptr;
    if (!machine_attach_trace(core_->machine, store, &what, &err)) {
        raise(err);
    }
}

void Machine::detach_trace()
{
    machine_note_time(core_->machine, core_->latest);
    machine_detach_trace(core_->machine);
}

void Machine::set_dmi(Dmi dmi)
{
    dmi_ = dmi;
    memory_world_flush_ports(machine_world(core_->machine));
}

int Machine::exit_status()
{
    switch (stop_reason()) {
    case MACHINE_RUNNING: return 0;
    case MACHINE_FINISHED: return machine_exit_status(core_->machine);
    case MACHINE_LIMIT_INSNS:
    case MACHINE_LIMIT_CYCLES:
    case MACHINE_LIMIT_TIME:
    case MACHINE_LIMIT_RESETS: return 124;
    case MACHINE_STUCK: return 125;
    case MACHINE_ERROR: return 2;
    }
    return 2;
}

uint64_t Machine::uncharged() const
{
    return core_->debts.open();
}

void Machine::end_of_elaboration()
{
    if (!clock.size()) {
        return;
    }
    const auto *from = dynamic_cast<const sc_core::sc_clock *>(clock[0]);
    if (!from) {
        throw Failure(std::string(name()) +
                      ".clock: what is bound is no sc_clock; bind one, or "
                      "leave the port unbound");
    }
    const uint64_t hz = hz_of(*from), own = machine_clock(machine_)->hz;
    if (hz != own) {
        throw Failure(std::string(name()) + ".clock: " + from->name() +
                      " has " + std::to_string(hz) + " Hz, `clock:` is " +
                      std::to_string(own) +
                      "Hz; give the clock to the constructor, or make them "
                      "the same");
    }
}

/* -- time ----------------------------------------------------------------- */

/* Up to where the machine may run now: always later than the kernel's time. */
uint64_t Machine::horizon() const
{
    uint64_t now = kernel_ps();
    uint64_t slice = multiple_after(now, SLICE_PS);
    if (!sc_core::sc_pending_activity()) {
        return slice;
    }
    uint64_t next = now + to_ps(sc_core::sc_time_to_pending_activity());
    uint64_t quantum = quantum_ps();
    uint64_t least = quantum
                         ? multiple_after(now, quantum)
                         : now + clock_time(machine_clock(core_->machine), 1);
    return std::min(slice, std::max(next, least));
}

/* Runs the machine; it may be suspended in there by foreign code. */
void Machine::advance(uint64_t until)
{
    busy_ = true;
    until_ = until;
    MachineStop stop = machine_run(core_->machine, until);
    busy_ = false;
    idle_.notify();
    reached_.notify();
    if (stop != MACHINE_RUNNING) {
        finish(stop);
    } else if (machine_time(core_->machine) < until_) {
        sc_core::sc_stop(); // somebody asked for a pause: machine_pause()
    }
    rethrow();
}

void Machine::finish(MachineStop stop)
{
    if (ended()) {
        return;
    }
    stop_ = stop;
    ended_event_.notify(sc_core::SC_ZERO_TIME);
    woken_.notify();
    if (stop_at_end_) {
        sc_core::sc_stop();
    }
}

/* When the kernel is quiet, nobody can wake a machine that sleeps any more. */
void Machine::settle()
{
    if (stop_ == MACHINE_RUNNING && !busy_ &&
        sc_core::sc_get_status() != sc_core::SC_RUNNING &&
        sc_core::sc_time_stamp() != sc_core::SC_ZERO_TIME &&
        !sc_core::sc_pending_activity() && next_activity() == TIME_NEVER) {
        stop_ = machine_run(core_->machine, TIME_NEVER);
    }
}

/* A machine that is busy while somebody else runs is suspended. */
void Machine::advance_to(uint64_t ps)
{
    while (!busy_ && !ended() && machine_time(core_->machine) < ps) {
        if (!core_->is_foreign()) {
            advance(ps);
        } else {
            wanted_ = std::max(wanted_, ps);
            woken_.notify();
            sc_core::wait(reached_);
        }
    }
}

void Machine::leave()
{
    reached_.notify();
}

void Machine::shorten()
{
    uint64_t ps = horizon();
    if (busy_ && ps < until_) {
        until_ = ps;
        event_schedule(machine_events(core_->machine), &core_->pause, ps);
    }
}

void Machine::fail(std::exception_ptr failure)
{
    if (!failure_) {
        failure_ = std::move(failure);
        machine_finish(core_->machine, 1);
    }
}

void Machine::rethrow()
{
    if (failure_) {
        std::rethrow_exception(std::exchange(failure_, nullptr));
    }
}

void Machine::run()
{
    uint64_t yielded = TIME_NEVER; // the time at which others went first
    while (!ended()) {
        if (busy_) { // in another process, suspended in a foreign wait()
            wait(idle_);
            continue;
        }
        uint64_t now = kernel_ps();
        if (!quantum_ps() && yielded != now &&
            sc_core::sc_pending_activity_at_current_time()) {
            yielded = now;
            wait(sc_core::SC_ZERO_TIME);
            continue;
        }
        bool alone = !sc_core::sc_pending_activity();
        bool sleeps = machine_next_activity(core_->machine) == TIME_NEVER;
        bool waited_for = machine_time(core_->machine) < wanted_;
        uint64_t until = !alone || !sleeps ? std::max(horizon(), wanted_)
                         : waited_for      ? wanted_
                                           : TIME_NEVER;
        if (machine_time(core_->machine) < until) {
            advance(until);
            continue;
        }
        if (sleeps) { // whoever wakes it says so; see settle()
            wakes_at_ = TIME_NEVER;
            wait(woken_);
        } else {
            /* An instruction may end later than what is due meanwhile. */
            wakes_at_ = std::max(machine_next_activity(core_->machine),
                                 machine_time(core_->machine));
            wakes_at_ = std::min(wakes_at_, multiple_after(now, SLICE_PS));
            wakes_at_ = std::max(wakes_at_, now + 1);
            wait(from_ps(wakes_at_ - now), woken_);
        }
        wakes_at_ = 0;
    }
}

} // namespace socscope
