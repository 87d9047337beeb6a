/*
 * machine.h - a socscope machine as a SystemC module.
 *
 *     socscope::Machine soc("soc", "mcu.yaml", "app.elf");
 *     sc_core::sc_start();
 *     return soc.exit_status();
 *
 * Model    One thread advances the machine's own run loop. It runs up to its
 *          horizon and then waits in the kernel until it has something to do.
 *          The horizon is the kernel's next activity, so that nothing in the
 *          platform can happen in the machine's past; with a global quantum
 *          (tlm_global_quantum) it is the end of the quantum, if that is later.
 *          If something else is due at the very same time the machine lets it
 *          go first once, then runs one cycle of its clock.
 *          Without any other activity it returns to the kernel at multiples
 *          of 1 ms, where its own run loop pauses anyway: sc_start(duration)
 *          ends on time, and cycles and records are those of a run without the
 *          kernel.
 *          A TLM access that enters with a local time ahead of the machine
 *          first advances the machine to that time: in the caller's process, or
 *          by the machine's own where foreign regions are mapped, as they may
 *          wait(). If one does, the access goes on without the harts.
 * Clock    The machine needs none from outside. Given an sc_clock, `clock:` of
 *          the configuration is its frequency; rising edges of both are the
 *          same, at multiples of the period. Edges cause nothing by themselves.
 * Units    1 ps is the time resolution of SystemC and of the machine.
 * Missing  Several harts on a platform with other initiators take turns at
 *          other times than alone. Clocks from outside whose period is not a
 *          whole number of Hz, that do not rise at 0 or a multiple of the
 *          period, that stop or change.
 */
#ifndef SIM_TLM_MACHINE_H
#define SIM_TLM_MACHINE_H

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <systemc>
#include <vector>

#include "sim/machine.h"

namespace socscope
{

struct Core;

// A configuration, firmware or parameter is wrong: one line, as socscope
// prints it. Thrown by constructors and attach_trace() only, and by the first
// sc_start() for a clock.
class Failure : public std::runtime_error
{
  public:
    using std::runtime_error::runtime_error;
};

// Where target ports may give direct pointers into memory away. Accesses
// through them are neither counted nor recorded, so none are while anything is
// recorded; the database says what was given.
enum class Dmi {
    refused, // nowhere: all counters are exact
    untimed, // where accesses take no time (a bus with `timing: none`)
    timed,   // where they cost the same each time, too; the pointer tells how
             // much. Who uses it neither waits for others nor delays them
};

class Machine : public sc_core::sc_module
{
  public:
    // May stay unbound. An sc_clock, perhaps through other ports; if it was not
    // given to the constructor, `clock:` must have its frequency, else the
    // simulation does not begin: Failure.
    sc_core::sc_port<sc_core::sc_signal_in_if<bool>, 1,
                     sc_core::SC_ZERO_OR_MORE_BOUND>
        clock;

    // From files; firmware may be empty, then section `boot` says what runs, if
    // anything. set: "path=value" overrides.
    Machine(sc_core::sc_module_name name, const std::string &config,
            const std::string &firmware = "",
            const std::vector<std::string> &set = {});
    // The same with `clock:` from outside; binds the port `clock`.
    Machine(sc_core::sc_module_name name, sc_core::sc_clock &clock,
            const std::string &config, const std::string &firmware = "",
            const std::vector<std::string> &set = {});
    // A machine that the caller made; borrowed, outlives all modules of it.
    Machine(sc_core::sc_module_name name, ::Machine *machine);
    ~Machine() override;

    ::Machine *handle() const;

    void set_dmi(Dmi dmi);
    Dmi dmi() const { return dmi_; }

    // Like machine_attach_trace(), with exceptions.
    void attach_trace(TraceStore *store, const MachineTrace &what);
    // Before the store is closed; with the totals up to now.
    void detach_trace();

    // Has the guest ended its run, or a limit, or does every hart sleep for
    // good? MACHINE_RUNNING: not yet, the simulation ended before it did.
    MachineStop stop_reason()
    {
        settle();
        return stop_;
    }
    bool ended() const { return stop_ != MACHINE_RUNNING; }
    const sc_core::sc_event &ended_event() const { return ended_event_; }
    // That of `socscope run`: the guest's, 124 for a limit, 125 when every hart
    // sleeps for good, 2 when the trace failed; 0 while it runs.
    int exit_status();
    // Time that foreign targets took and initiators have not paid yet, ps.
    uint64_t uncharged() const;
    // Whether the end of the machine ends the simulation (sc_stop). False.
    void stop_at_end(bool stop) { stop_at_end_ = stop; }

    // To be called after something was done to the machine through its C
    // functions (input, an event) while the simulation runs.
    void wake()
    {
        if (next_activity() < wakes_at_) {
            woken_.notify();
        }
    }

    // -- for ports and regions ----------------------------------------------
    const std::shared_ptr<Core> &core() const { return core_; }
    // Advances the machine to that time, if it can be advanced now; without
    // harts, only if it has anything to do before. False: it has not.
    bool reach(uint64_t ps)
    {
        if (busy_ || ended() ||
            (harts_ ? machine_time(machine_) : next_activity()) >= ps) {
            return busy_;
        }
        advance_to(ps);
        return true;
    }
    // Before and after foreign code runs inside of an access: who waits for the
    // machine need not wait for a target; what the target did may be due soon.
    void leave();
    void shorten();
    // Foreign code threw inside of an access: ends the run. Outside of the
    // machine's C code rethrow() lets the exception go on.
    void fail(std::exception_ptr failure);
    bool failing() const { return failure_ != nullptr; }
    void rethrow();

  private:
    Machine(sc_core::sc_module_name name, std::shared_ptr<Core> core);
    // machine_next_activity(), for a machine without harts a comparison.
    uint64_t next_activity() const
    {
        if (harts_) {
            return machine_next_activity(machine_);
        }
        return events_->count ? events_->heap[0]->when : TIME_NEVER;
    }
    void end_of_elaboration() override;
    void run();
    void advance(uint64_t until);
    void advance_to(uint64_t ps);
    uint64_t horizon() const;
    void finish(MachineStop stop);
    void settle();

    std::shared_ptr<Core> core_;
    ::Machine *machine_;
    const unsigned harts_;
    const EventQueue *events_;
    Dmi dmi_ = Dmi::untimed;
    bool busy_ = false; // inside of machine_run(), perhaps suspended
    uint64_t until_ = 0;
    uint64_t wakes_at_ = 0; // ps; when the thread means to go on
    uint64_t wanted_ = 0;   // ps; the thread is asked to go that far
    MachineStop stop_ = MACHINE_RUNNING;
    bool stop_at_end_ = false;
    std::exception_ptr failure_;
    sc_core::sc_event woken_, idle_, reached_, ended_event_;
};

} // namespace socscope
#endif
