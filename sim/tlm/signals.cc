/*
 * signals.cc - see signals.h for the model.
 */
#include "sim/tlm/signals.h"

#include <algorithm>

#include "sim/tlm/core.h"

namespace socscope
{

namespace
{

/* What is done to the machine now happens at the kernel's time. */
void set_time(const Core &core)
{
    machine_world(core.machine)->now = kernel_ps();
}

} // namespace

/* -- in -------------------------------------------------------------------- */

SignalIn::SignalIn(sc_core::sc_module_name name, Machine &machine,
                   const std::string &input)
    : sc_core::sc_module(name), in("in"), machine_(machine),
      core_(machine.core())
{
    Error *err = nullptr;
    if (!machine_find_input(core_->machine, input.c_str(), wire_, &err)) {
        raise(err, std::string(this->name()) + ": ");
    }
    start();
}

SignalIn::SignalIn(sc_core::sc_module_name name, Machine &machine, Irq *pin)
    : sc_core::sc_module(name), in("in"), machine_(machine),
      core_(machine.core()), wire_(pin)
{
    start();
}

void SignalIn::start()
{
    SC_HAS_PROCESS(SignalIn);
    SC_THREAD(drive);
    sensitive << in;
    set_stack_size(1 << 20);
}

void SignalIn::drive()
{
    for (;;) {
        machine_.reach(kernel_ps());
        {
            Inside inside(*core_);
            set_time(*core_);
            irq_set(wire_, in.read());
        }
        machine_.wake();
        wait();
    }
}

/* -- out ------------------------------------------------------------------- */

SignalOut::SignalOut(sc_core::sc_module_name name, Machine &machine,
                     const std::string &output)
    : sc_core::sc_module(name), out("out"), machine_(machine),
      core_(machine.core())
{
    Error *err = nullptr;
    pin_ = machine_find_output(core_->machine, output.c_str(), &err);
    if (!pin_) {
        raise(err, std::string(this->name()) + ": ");
    }
    inner_ = *pin_;
    pin_->set = changed;
    pin_->opaque = this;
    if (pin_->level) {
        changes_.push_back({0, true});
    }
    SC_HAS_PROCESS(SignalOut);
    SC_METHOD(drive);
    sensitive << due_;
}

SignalOut::~SignalOut()
{
    bool level = pin_->level;
    *pin_ = inner_;
    pin_->level = level;
}

void SignalOut::changed(void *opaque, unsigned, bool level)
{
    auto *self = static_cast<SignalOut *>(opaque);
    if (self->inner_.set) {
        self->inner_.set(self->inner_.opaque, self->inner_.line, level);
    }
    const uint64_t now = kernel_ps();
    const uint64_t at = std::max(machine_world(self->core_->machine)->now, now);
    self->changes_.push_back({at, level});
    if (self->changes_.size() == 1) {
        self->due_.notify(from_ps(at - now));
    }
    self->machine_.shorten();
}

/* One change each time: two at once would be none. */
void SignalOut::drive()
{
    const uint64_t now = kernel_ps();
    if (!changes_.empty() && changes_.front().first <= now) {
        out.write(changes_.front().second);
        changes_.pop_front();
    }
    if (!changes_.empty()) {
        const uint64_t at = std::max(changes_.front().first, now);
        due_.notify(from_ps(at - now));
    }
}

/* -- reset ----------------------------------------------------------------- */

ResetIn::ResetIn(sc_core::sc_module_name name, Machine &machine)
    : sc_core::sc_module(name), in("in"), machine_(machine),
      core_(machine.core())
{
    SC_HAS_PROCESS(ResetIn);
    SC_THREAD(drive);
    sensitive << in.pos();
    dont_initialize();
    set_stack_size(1 << 20);
}

void ResetIn::drive()
{
    for (;;) {
        machine_.reach(kernel_ps());
        if (!machine_.ended()) {
            Inside inside(*core_);
            set_time(*core_);
            machine_reset(core_->machine);
        }
        machine_.wake();
        wait();
    }
}

} // namespace socscope
