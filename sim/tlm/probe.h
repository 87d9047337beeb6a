/*
 * probe.h - transactions between two models of the platform, in the machine's
 * trace: same tables, same clock, with names.
 *
 *     socscope::Probe<32> probe("camera", soc, "frame_buffer");
 *     camera.socket.bind(probe.target);
 *     probe.initiator.bind(frame_buffer.socket);
 *
 * Model    What passes goes on untouched. Each b_transport() is a transaction
 *          of kind `tlm` of the initiator that has the probe's name, to a
 *          region with the name of the target, at the addresses of the
 *          payloads: from local time at the call to local time at the return,
 *          all of it the target's. It is counted and recorded like one on a bus
 *          of the machine. Direct pointers are refused, so that everything is
 *          seen.
 * Missing  nb_transport(); disabled bytes are counted as if they had moved.
 */
#ifndef SIM_TLM_PROBE_H
#define SIM_TLM_PROBE_H

#include <cstdint>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include "sim/tlm/machine.h"

namespace socscope
{

class ProbeBase : public sc_core::sc_module
{
  public:
    MemoryPort *port() const { return port_; }

  protected:
    ProbeBase(sc_core::sc_module_name name, Machine &machine,
              const std::string &target);
    // Local time, ps.
    static uint64_t time(const sc_core::sc_time &delay);
    void saw(tlm::tlm_generic_payload &trans, uint64_t address, uint64_t begin,
             uint64_t end);

  private:
    struct Space;
    std::shared_ptr<Core> core_;
    MemoryPort *port_ = nullptr;
};

template <unsigned BUSWIDTH = 32> class Probe : public ProbeBase
{
  public:
    tlm_utils::simple_target_socket<Probe, BUSWIDTH> target;
    tlm_utils::simple_initiator_socket<Probe, BUSWIDTH> initiator;

    Probe(sc_core::sc_module_name name, Machine &machine,
          const std::string &whose)
        : ProbeBase(name, machine, whose), target("target"),
          initiator("initiator")
    {
        target.register_b_transport(this, &Probe::b_transport);
        target.register_transport_dbg(this, &Probe::transport_dbg);
    }

  private:
    void b_transport(tlm::tlm_generic_payload &trans, sc_core::sc_time &delay)
    {
        const uint64_t address = trans.get_address(), begin = time(delay);
        initiator->b_transport(trans, delay);
        trans.set_dmi_allowed(false);
        saw(trans, address, begin, time(delay));
    }
    unsigned transport_dbg(tlm::tlm_generic_payload &trans)
    {
        return initiator->transport_dbg(trans);
    }
};

} // namespace socscope
#endif
