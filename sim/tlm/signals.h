/*
 * signals.h - wires of the machine as signals of the platform.
 *
 *     socscope::SignalIn irq("irq", soc, "plic0.10"); // or "cpu0.mei"
 *     irq.in(accelerator_done);                       // an sc_signal<bool>
 *     socscope::SignalOut tx("tx", soc, "uart0.irq"); // a pin of a device
 *     tx.out(seen_by_others);
 *     socscope::ResetIn reset("reset", soc);          // high: the reset button
 *
 * Model    An input is driven at the kernel's time; the machine is advanced to
 *          it first, so that it comes after what was before. An output changes
 *          when the machine's own time of the change has come in the kernel:
 *          the machine may be ahead of it. A pin that is wired inside of the
 *          machine keeps its wire. Reset is that of a button: harts, devices
 *          and caches begin anew at a rising edge, memories keep what is in
 *          them, time goes on; a machine whose run has ended stays ended.
 * Units    ps.
 */
#ifndef SIM_TLM_SIGNALS_H
#define SIM_TLM_SIGNALS_H

#include <deque>
#include <memory>
#include <string>
#include <systemc>
#include <utility>

#include "sim/tlm/machine.h"

namespace socscope
{

class SignalIn : public sc_core::sc_module
{
  public:
    sc_core::sc_in<bool> in;

    // Throws Failure when there is no such input.
    SignalIn(sc_core::sc_module_name name, Machine &machine,
             const std::string &input);
    // Drives a pin of a device.
    SignalIn(sc_core::sc_module_name name, Machine &machine, Irq *pin);

  private:
    void start();
    void drive();

    Machine &machine_;
    std::shared_ptr<Core> core_;
    Irq own_ = {};
    Irq *wire_ = &own_;
};

class SignalOut : public sc_core::sc_module
{
  public:
    sc_core::sc_out<bool> out;

    // Throws Failure when there is no such output.
    SignalOut(sc_core::sc_module_name name, Machine &machine,
              const std::string &output);
    ~SignalOut() override;

  private:
    static void changed(void *opaque, unsigned line, bool level);
    void drive();

    Machine &machine_;
    std::shared_ptr<Core> core_;
    Irq *pin_;
    Irq inner_;                                     // where it went before
    std::deque<std::pair<uint64_t, bool>> changes_; // ps, level
    sc_core::sc_event due_;
};

class ResetIn : public sc_core::sc_module
{
  public:
    sc_core::sc_in<bool> in;

    ResetIn(sc_core::sc_module_name name, Machine &machine);

  private:
    void drive();

    Machine &machine_;
    std::shared_ptr<Core> core_;
};

} // namespace socscope
#endif
