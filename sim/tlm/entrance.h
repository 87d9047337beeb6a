/*
 * entrance.h - one TLM initiator's way into the machine: payloads onto a port.
 * What TargetPort and MultiTargetPort are made of; users do not need it.
 */
#ifndef SIM_TLM_ENTRANCE_H
#define SIM_TLM_ENTRANCE_H

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "sim/tlm/machine.h"

namespace socscope
{

class Entrance final : public tlm::tlm_fw_transport_if<>
{
  public:
    using Withdraw = std::function<void(uint64_t first, uint64_t last)>;

    // Throws Failure when there is no such bus. width: bits of the socket.
    Entrance(Machine &machine, const std::string &name, const std::string &bus,
             unsigned width, Withdraw withdraw);
    // Through a port that is there, of a device for example.
    Entrance(Machine &machine, MemoryPort *port, unsigned width,
             Withdraw withdraw);
    ~Entrance() override;
    Entrance(const Entrance &) = delete;
    Entrance &operator=(const Entrance &) = delete;

    MemoryPort *port() const { return port_; }
    uint64_t dmi_grants() const { return grants_; }

    void b_transport(tlm::tlm_generic_payload &trans,
                     sc_core::sc_time &delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload &trans) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &trans,
                            tlm::tlm_dmi &dmi) override;
    // By way of who makes b_transport() of it.
    tlm::tlm_sync_enum nb_transport_fw(tlm::tlm_generic_payload &trans,
                                       tlm::tlm_phase &phase,
                                       sc_core::sc_time &delay) override
    {
        return adapter_->nb_transport_fw(trans, phase, delay);
    }
    void set_adapter(tlm::tlm_fw_transport_if<> &adapter)
    {
        adapter_ = &adapter;
    }

  private:
    static constexpr uint64_t NO_PAGE = 1; // no page begins there
    static constexpr uint64_t NO_EDGE = UINT64_MAX;
    class Turn;
    class Arrival;
    void join();
    // What a plain access of one direction and size costs at one place.
    struct Price {
        const MemoryPlace *place = nullptr;
        TimingCost cost = {};
        sc_core::sc_time time;
    };
    bool quick_memory(tlm::tlm_generic_payload &trans, sc_core::sc_time &delay);
    bool quick_device(tlm::tlm_generic_payload &trans, sc_core::sc_time &delay);
    void quick_done(tlm::tlm_generic_payload &trans, sc_core::sc_time &delay,
                    const Price &price);
    void to_device(tlm::tlm_generic_payload &trans, sc_core::sc_time &delay);
    bool seek(uint64_t issue, sc_core::sc_time &delay);
    PortEntry *open(uint64_t addr, bool is_write);
    bool learn(Price &price, const MemoryPlace *place, bool is_write,
               unsigned log2) const;
    void full(tlm::tlm_generic_payload &trans, sc_core::sc_time &delay);
    MemTxResult move(tlm::tlm_generic_payload &trans, uint64_t &done);
    MemTxResult move_exclusive(tlm::tlm_generic_payload &trans, uint64_t &done);
    MemTxResult peek(tlm::tlm_generic_payload &trans);
    bool may_grant() const
    {
        return !port_->world->recorder &&
               (machine_.dmi() == Dmi::timed ||
                (machine_.dmi() == Dmi::untimed && !port_->timing));
    }
    bool latency(uint64_t addr, bool is_write, uint64_t *ps) const;
    static void invalidated(void *opaque, hwaddr first, hwaddr last);

    Machine &machine_;
    std::shared_ptr<Core> core_;
    MemoryPort *port_ = nullptr;
    unsigned bytes_; // of the socket's width, 8 at most
    Withdraw withdraw_;
    tlm::tlm_fw_transport_if<> *adapter_ = nullptr; // borrowed
    uint64_t last_issue_ = 0;                       // ps
    uint64_t edge_ = 0;  // ps; an edge of the port's clock, not before
                         // last_issue_; or NO_EDGE
    uint64_t cycle_ = 0; // that one
    Price price_[2][4];  // of memory; [is write][log2 size]
    Price device_;       // of the last quick access to a device
    int64_t device_cycles_ = 0;
    bool lends_ = false;    // may_grant() when an entry was opened
    bool answered_ = false; // a DMI answer is out that may become wrong
    uint64_t grants_ = 0;
    uint64_t device_page_ = NO_PAGE; // where there was no memory last
    const sc_core::sc_simcontext *kernel_ = sc_core::sc_get_curr_simcontext();
    bool busy_ = false;    // an access is under way, perhaps suspended
    unsigned waiting_ = 0; // processes that wait for their turn
    const void *owner_ = nullptr;
    sc_core::sc_event free_;
    std::vector<uint8_t> strobes_; // of the payload under way
};

} // namespace socscope
#endif
