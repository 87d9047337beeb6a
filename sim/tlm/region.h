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
 * by the memory's own rules; each piece becomes one b_transport() with the
 * bytes in little-endian order, the address `base` + offset and the machine's
 * local time as delay. A target may wait(): the access is suspended, other
 * initiators of the platform go on, the machine's harts do not. Time     The
 * bus is asked for the time of an access before it is performed; a foreign
 * delay is known only after. So an access costs its configured wait states at
 * once, and what the target returned as delay (or spent in wait()) is a debt of
 * the initiator. A TargetPort pays it with the delay it returns. A hart or a
 * DMA engine pays it with its next access to a foreign region, as target time
 * in whole cycles, less what it has waited for the bus in between: sums over a
 * run are right up to Machine::uncharged(), a single access shows the delay of
 * its predecessor, and code in between runs too early by it. The bus is not
 * held. On a bus without timing only a TargetPort pays. Errors ADDRESS_ERROR:
 * decode error; COMMAND_ERROR: not permitted; any other and a status left
 * incomplete: refused by the device. Missing  DMI into the foreign target; the
 * exact pc of a hart's access (it is that of hart_pc(): the begin of what
 * runs).
 */
#ifndef SIM_TLM_REGION_H
#define SIM_TLM_REGION_H

#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <vector>

#include "sim/tlm/machine.h"

namespace socscope
{

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
};

class TlmRegionBase : public sc_core::sc_module
{
  public:
    ~TlmRegionBase() override;
    MemoryRegion *region() const;

  protected:
    // Throws Failure when the place is not possible.
    TlmRegionBase(sc_core::sc_module_name name, Machine &machine,
                  const RegionSettings &settings);
    virtual void forward(tlm::tlm_generic_payload &trans,
                         sc_core::sc_time &delay) = 0;
    virtual unsigned forward_dbg(tlm::tlm_generic_payload &trans) = 0;

  private:
    struct Mapped;
    struct Carrier;
    static MemTxResult read(void *opaque, hwaddr addr, uint64_t *data,
                            unsigned size, MemTxAttrs attrs);
    static MemTxResult write(void *opaque, hwaddr addr, uint64_t data,
                             unsigned size, MemTxAttrs attrs);
    MemTxResult access(tlm::tlm_command command, hwaddr addr,
                       unsigned char *bytes, unsigned size, MemTxAttrs attrs);
    MemTxResult call(Carrier &carrier);
    uint64_t pc() const;

    Machine &machine_;
    std::shared_ptr<Core> core_;
    Mapped *mapped_ = nullptr; // owned by core_
    uint64_t base_;
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
    }

  private:
    void forward(tlm::tlm_generic_payload &trans,
                 sc_core::sc_time &delay) override
    {
        socket->b_transport(trans, delay);
    }
    unsigned forward_dbg(tlm::tlm_generic_payload &trans) override
    {
        return socket->transport_dbg(trans);
    }
};

} // namespace socscope
#endif
