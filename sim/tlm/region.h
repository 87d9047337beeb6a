/*
 * region.h - a region of the machine's memory map that a TLM-2.0 target
 * implements.
 *
 *     socscope::RegionSettings place;
 *     place.bus = "main", place.address = 0x40000000, place.size = 0x1000;
 *     socscope::TlmRegion<32> window("window", soc, place);
 *     window.socket.bind(accelerator.socket);
 *
 * Model    A MemoryRegion with callbacks: sizes are checked and accesses split
 *          by the memory's own rules; each piece becomes one b_transport() with
 *          the bytes in little-endian order, the address `base` + offset and
 *          the machine's local time as delay. A target may wait(): the access
 *          is suspended, other initiators of the platform go on, the machine's
 *          harts do not.
 * DMI      When a target offers it (is_dmi_allowed), the region asks for a
 *          direct pointer and uses it for reads or writes, whatever it is good
 *          for, until the target withdraws it. Only the call of b_transport()
 *          is saved: the access is timed, with the pointer's latency as the
 *          target's delay, counted and recorded all the same.
 * Payload  carries TlmAttributes; what an initiator of the platform caused
 *          through a TargetPort carries its other extensions as well.
 * Time     The bus is asked for the time of an access before it is performed; a
 *          foreign delay is known only after. So an access costs its configured
 *          wait states at once, and what the target returned as delay (or spent
 *          in wait()) is a debt of the initiator. A TargetPort pays it with the
 *          delay it returns. A hart or a DMA engine pays it with its next
 *          access to a foreign region, as target time in whole cycles, less
 *          what it has waited for the bus in between: sums over a run are right
 *          up to Machine::uncharged(), a single access shows the delay of its
 *          predecessor, and code in between runs too early by it. The bus is
 *          not held. On a bus without timing only a TargetPort pays.
 * Errors   ADDRESS_ERROR: decode error; COMMAND_ERROR: not permitted; any other
 *          and a status left incomplete: refused by the device.
 */
#ifndef SIM_TLM_REGION_H
#define SIM_TLM_REGION_H

#include <cstdint>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <vector>

#include "sim/tlm/machine.h"
#include "soc/foreign.h"

namespace socscope
{

class TlmAttributes;

struct RegionSettings {
    std::string bus;
    uint64_t address = 0; // in the machine
    uint64_t size = 0;    // bytes
    uint64_t base = 0;    // the target's address of offset 0
    // Bytes, 1, 2, 4 or 8: what initiators may do; anything else is refused.
    unsigned min_access = 1, max_access = 8;
    // What the target takes: wider accesses are split, narrower ones widened.
    // 0: like the accesses.
    unsigned min_payload = 0, max_payload = 0;
    bool unaligned = false;                   // pass misaligned accesses on
    unsigned read_waits = 0, write_waits = 0; // cycles of the bus
    bool overlap = false; // may hide other regions, by priority
    int priority = 0;     // higher hides lower
    bool use_dmi = true;  // direct pointers of the target
};

class TlmRegionBase : public sc_core::sc_module
{
  public:
    ~TlmRegionBase() override;
    MemoryRegion *region() const;
    // Accesses that went through a direct pointer of the target.
    uint64_t direct_accesses() const { return direct_; }

  protected:
    // Throws Failure when the place is not possible.
    TlmRegionBase(sc_core::sc_module_name name, Machine &machine,
                  const RegionSettings &settings);
    // What is there already: a device of the configuration, `type: tlm`.
    TlmRegionBase(sc_core::sc_module_name name, Machine &machine,
                  ForeignDevice *device);
    virtual void forward(tlm::tlm_generic_payload &trans,
                         sc_core::sc_time &delay) = 0;
    virtual unsigned forward_dbg(tlm::tlm_generic_payload &trans) = 0;
    virtual bool forward_dmi(tlm::tlm_generic_payload &trans,
                             tlm::tlm_dmi &dmi) = 0;
    void withdraw(sc_dt::uint64 first, sc_dt::uint64 last);

  private:
    struct Mapped;
    struct Carrier;
    struct Lent; // the extensions of the payload that caused this one
    static MemTxResult read(void *opaque, hwaddr addr, uint64_t *data,
                            unsigned size, MemTxAttrs attrs);
    static MemTxResult write(void *opaque, hwaddr addr, uint64_t data,
                             unsigned size, MemTxAttrs attrs);
    MemTxResult access(tlm::tlm_command command, hwaddr addr,
                       unsigned char *bytes, unsigned size, MemTxAttrs attrs);
    bool access_direct(tlm::tlm_command command, uint64_t addr,
                       unsigned char *bytes, unsigned size);
    MemTxResult call(Carrier &carrier);
    void ask_dmi(Carrier &carrier);
    void describe(TlmAttributes &attributes, MemTxAttrs attrs) const;

    Machine &machine_;
    std::shared_ptr<Core> core_;
    Mapped *mapped_ = nullptr; // owned by core_; or
    ForeignDevice *device_ = nullptr;
    uint64_t base_ = 0;
    bool use_dmi_ = true;
    uint64_t direct_ = 0;
    std::vector<tlm::tlm_dmi> pointers_;
    std::vector<std::unique_ptr<Carrier>> spare_; // payloads not in use
};

template <unsigned BUSWIDTH = 32> class TlmRegion : public TlmRegionBase
{
  public:
    tlm_utils::simple_initiator_socket<TlmRegion, BUSWIDTH> socket;

    TlmRegion(sc_core::sc_module_name name, Machine &machine,
              const RegionSettings &settings)
        : TlmRegionBase(name, machine, settings), socket("socket")
    {
        listen();
    }
    TlmRegion(sc_core::sc_module_name name, Machine &machine,
              ForeignDevice *device)
        : TlmRegionBase(name, machine, device), socket("socket")
    {
        listen();
    }

  private:
    void listen()
    {
        socket.register_invalidate_direct_mem_ptr(this, &TlmRegion::withdraw);
    }
    void withdraw(sc_dt::uint64 first, sc_dt::uint64 last)
    {
        TlmRegionBase::withdraw(first, last);
    }
    void forward(tlm::tlm_generic_payload &trans,
                 sc_core::sc_time &delay) override
    {
        socket->b_transport(trans, delay);
    }
    unsigned forward_dbg(tlm::tlm_generic_payload &trans) override
    {
        return socket->transport_dbg(trans);
    }
    bool forward_dmi(tlm::tlm_generic_payload &trans,
                     tlm::tlm_dmi &dmi) override
    {
        return socket->get_direct_mem_ptr(trans, dmi);
    }
};

} // namespace socscope
#endif
