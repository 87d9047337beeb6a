/*
 * target_port.h - TLM-2.0 target sockets onto a bus of the machine.
 *
 *     socscope::TargetPort<32> port("port", soc, "main");
 *     initiator.socket.bind(port.socket);
 *
 *     socscope::MultiTargetPort<32> ports("ports", soc, "main");
 *     first.socket.bind(ports.socket);  // recorded as ports.0
 *     second.socket.bind(ports.socket); // recorded as ports.1
 *
 * Model    One initiator of the machine (a MemoryPort) for each binding: every
 *          payload is timed, counted and recorded like an access of a hart or a
 *          DMA engine. Bytes go by the rule for byte strings (port_transfer):
 *          cut to what each region takes, over any number of regions; the bytes
 *          of each streaming width are a transaction of their own. Byte enables
 *          are its strobes: memory moves from the first enabled byte to the
 *          last, a beat for each word, devices see their runs of enabled bytes
 *          (memory/port_strobes.c). An access is issued at sc_time_stamp() +
 * delay, not before the one before it; the delay that is returned ends when the
 * last byte has moved. A process that finds the port suspended in a foreign
 *          wait() waits for it.
 * Status   nothing there, or not like that (MEMTX_DECODE_ERROR): ADDRESS_ERROR;
 *          not permitted: COMMAND_ERROR; refused by the device: GENERIC_ERROR;
 *          length or streaming width 0: BURST_ERROR; byte enables of length 0
 *          or neither 0 nor 0xff: BYTE_ENABLE_ERROR. Bytes before and after a
 *          refused one are moved all the same.
 * DMI      granted for memory, as Machine::set_dmi() allows, while nothing is
 *          recorded; not to write pages whose stores must be seen (decoded
 *          code, reservations), nor for a memory with watchpoints or coalesced
 *          (posted) stores.
 *          The latencies are those of an access of the socket's width, 8 bytes
 *          at most. Everything is withdrawn when the map, a page, a watchpoint,
 *          a coalesced range, the recorder or the permission changes.
 * Width    any that the platform uses; it does not change what the bus of the
 *          machine makes of an access.
 */
#ifndef SIM_TLM_TARGET_PORT_H
#define SIM_TLM_TARGET_PORT_H

#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <vector>

#include "sim/tlm/entrance.h"

namespace socscope
{

// The standard socket stands between an initiator and its target. Here who is
// bound to it reaches the target at once; it still makes b_transport() of
// nb_transport(), and passes on what comes through sockets bound to it.
template <class Owner, unsigned BUSWIDTH>
class DirectSocket : public tlm_utils::simple_target_socket<Owner, BUSWIDTH>
{
    using Standard = tlm_utils::simple_target_socket<Owner, BUSWIDTH>;
    using Forward = tlm::tlm_fw_transport_if<>;

  public:
    DirectSocket(const char *name, Entrance &way) : Standard(name), way_(way) {}
    Forward &get_base_interface() override
    {
        way_.set_adapter(Standard::get_base_interface());
        return way_;
    }
    const Forward &get_base_interface() const override { return way_; }

  private:
    Entrance &way_;
};

template <unsigned BUSWIDTH = 32> class TargetPort : public sc_core::sc_module
{
  public:
    DirectSocket<TargetPort, BUSWIDTH> socket;

    // Throws Failure when there is no such bus.
    TargetPort(sc_core::sc_module_name name, Machine &machine,
               const std::string &bus)
        : sc_core::sc_module(name), socket("socket", way_),
          way_(machine, this->name(), bus, BUSWIDTH, withdraw())
    {
        listen();
    }
    TargetPort(sc_core::sc_module_name name, Machine &machine, MemoryPort *port)
        : sc_core::sc_module(name), socket("socket", way_),
          way_(machine, port, BUSWIDTH, withdraw())
    {
        listen();
    }
    MemoryPort *port() const { return way_.port(); }
    uint64_t dmi_grants() const { return way_.dmi_grants(); }

  private:
    Entrance::Withdraw withdraw()
    {
        return [this](uint64_t first, uint64_t last) {
            socket->invalidate_direct_mem_ptr(first, last);
        };
    }
    void listen()
    {
        socket.register_b_transport(this, &TargetPort::b_transport);
        socket.register_transport_dbg(this, &TargetPort::transport_dbg);
        socket.register_get_direct_mem_ptr(this,
                                           &TargetPort::get_direct_mem_ptr);
    }
    void b_transport(tlm::tlm_generic_payload &trans, sc_core::sc_time &delay)
    {
        way_.b_transport(trans, delay);
    }
    unsigned transport_dbg(tlm::tlm_generic_payload &trans)
    {
        return way_.transport_dbg(trans);
    }
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &trans, tlm::tlm_dmi &dmi)
    {
        return way_.get_direct_mem_ptr(trans, dmi);
    }

    Entrance way_;
};

// One socket for any number of initiators, by b_transport(). Each is an
// initiator of its own: NAME.0, NAME.1, ... in the order of their bindings.
template <unsigned BUSWIDTH = 32>
class MultiTargetPort : public sc_core::sc_module
{
  public:
    tlm_utils::multi_passthrough_target_socket<MultiTargetPort, BUSWIDTH>
        socket;

    // Throws Failure when there is no such bus.
    MultiTargetPort(sc_core::sc_module_name name, Machine &machine,
                    const std::string &bus)
        : sc_core::sc_module(name), socket("socket"), machine_(machine),
          bus_(bus)
    {
        if (!machine_find_bus(machine.handle(), bus.c_str())) {
            throw Failure("no bus " + bus + " for " + this->name() +
                          "; name one of `buses:`");
        }
        socket.register_b_transport(this, &MultiTargetPort::b_transport);
        socket.register_transport_dbg(this, &MultiTargetPort::transport_dbg);
        socket.register_get_direct_mem_ptr(
            this, &MultiTargetPort::get_direct_mem_ptr);
    }
    // Known when the platform is elaborated.
    unsigned size() const { return static_cast<unsigned>(ways_.size()); }
    MemoryPort *port(unsigned i) const { return ways_.at(i)->port(); }

  private:
    void end_of_elaboration() override
    {
        for (unsigned i = 0; i < socket.size(); i++) {
            const std::string who =
                std::string(this->name()) + "." + std::to_string(i);
            ways_.push_back(std::make_unique<Entrance>(
                machine_, who, bus_, BUSWIDTH,
                [this, i](uint64_t first, uint64_t last) {
                    socket[static_cast<int>(i)]->invalidate_direct_mem_ptr(
                        first, last);
                }));
        }
    }
    Entrance &way(int id) { return *ways_[static_cast<size_t>(id)]; }
    void b_transport(int id, tlm::tlm_generic_payload &trans,
                     sc_core::sc_time &delay)
    {
        way(id).b_transport(trans, delay);
    }
    unsigned transport_dbg(int id, tlm::tlm_generic_payload &trans)
    {
        return way(id).transport_dbg(trans);
    }
    bool get_direct_mem_ptr(int id, tlm::tlm_generic_payload &trans,
                            tlm::tlm_dmi &dmi)
    {
        return way(id).get_direct_mem_ptr(trans, dmi);
    }

    Machine &machine_;
    std::string bus_;
    std::vector<std::unique_ptr<Entrance>> ways_;
};

} // namespace socscope
#endif
