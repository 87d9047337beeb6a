/*
 * target_port.h - a TLM-2.0 target socket onto a bus of the machine.
 *
 *     socscope::TargetPort<32> port("port", soc, "main");
 *     initiator.socket.bind(port.socket);
 *
 * Model    One initiator of the machine (a MemoryPort): every payload is timed,
 *          counted and recorded like an access of a hart or a DMA engine. Bytes
 *          go by the rule for byte strings (port_transfer): cut to what each
 *          region takes, over any number of regions; each run of enabled bytes
 *          inside one streaming width is a transaction of its own. An access is
 *          issued at sc_time_stamp() + delay, not before the one before it; the
 *          delay that is returned ends when the last byte has moved. A process
 *          that finds the port suspended in a foreign wait() waits for it.
 * Status   nothing there, or not like that (MEMTX_DECODE_ERROR): ADDRESS_ERROR;
 *          not permitted: COMMAND_ERROR; refused by the device: GENERIC_ERROR;
 *          length or streaming width 0: BURST_ERROR; byte enables of length 0
 * or neither 0 nor 0xff: BYTE_ENABLE_ERROR. Bytes before and after a refused
 * one are moved all the same. DMI      granted for memory when accesses take no
 * time (bus `timing: none`) and nothing is recorded; not for pages whose writes
 * must be seen (decoded code, reservations). Accesses through it are not
 * counted; dmi_grants() says that there may be some. Everything is withdrawn
 *          when the map, a page or the recorder changes.
 * Missing  Byte enables as strobes of one transaction; several sockets bound to
 *          one port.
 */
#ifndef SIM_TLM_TARGET_PORT_H
#define SIM_TLM_TARGET_PORT_H

#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>

#include "sim/tlm/machine.h"

namespace socscope
{

class TargetPortBase : public sc_core::sc_module
{
  public:
    ~TargetPortBase() override;
    MemoryPort *port() const { return port_; }
    uint64_t dmi_grants() const { return grants_; }

  protected:
    // Throws Failure when there is no such bus.
    TargetPortBase(sc_core::sc_module_name name, Machine &machine,
                   const std::string &bus);
    void b_transport(tlm::tlm_generic_payload &trans, sc_core::sc_time &delay);
    unsigned transport_dbg(tlm::tlm_generic_payload &trans);
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &trans, tlm::tlm_dmi &dmi);
    virtual void withdraw(uint64_t first, uint64_t last) = 0;

  private:
    class Turn;
    MemTxResult move(tlm::tlm_generic_payload &trans, MemTxAttrs attrs,
                     uint64_t pc, uint64_t &done);
    MemTxResult peek(tlm::tlm_generic_payload &trans);
    bool may_grant() const;
    static void invalidated(void *opaque, hwaddr first, hwaddr last);

    Machine &machine_;
    std::shared_ptr<Core> core_;
    MemoryPort *port_ = nullptr;
    uint64_t last_issue_ = 0; // ps
    bool answered_ = false;   // a DMI answer is out that may become wrong
    uint64_t grants_ = 0;
    bool busy_ = false;    // an access is under way, perhaps suspended
    unsigned waiting_ = 0; // processes that wait for their turn
    sc_core::sc_process_handle owner_;
    sc_core::sc_event free_;
};

template <unsigned BUSWIDTH = 32> class TargetPort : public TargetPortBase
{
  public:
    tlm_utils::simple_target_socket<TargetPort, BUSWIDTH> socket;

    TargetPort(sc_core::sc_module_name name, Machine &machine,
               const std::string &bus)
        : TargetPortBase(name, machine, bus), socket("socket")
    {
        socket.register_b_transport(this, &TargetPort::b_transport);
        socket.register_transport_dbg(this, &TargetPort::transport_dbg);
        socket.register_get_direct_mem_ptr(this,
                                           &TargetPort::get_direct_mem_ptr);
    }

  private:
    void withdraw(uint64_t first, uint64_t last) override
    {
        socket->invalidate_direct_mem_ptr(first, last);
    }
};

} // namespace socscope
#endif
