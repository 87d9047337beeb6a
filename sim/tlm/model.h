/*
 * model.h - a TLM-2.0 model in a shared library, for `type: tlm` devices.
 *
 *     class Crc : public sc_core::sc_module
 *     {
 *       public:
 *         tlm_utils::simple_target_socket<Crc> registers;
 *         tlm_utils::simple_initiator_socket<Crc> dma;
 *         sc_core::sc_out<bool> done;
 *         Crc(sc_core::sc_module_name name, socscope::ModelPlace &place)
 *             : ..., poly_(place.number("poly", 0xedb88320))
 *         {
 *             place.map(registers);
 *             place.master(dma);
 *             place.interrupt(0, done);
 *             ...
 *         }
 *     };
 *     SOCSCOPE_TLM_MODEL(Crc)
 *
 * The library is compiled with the flags of `pkg-config socscope-tlm`; the
 * macro defines its one factory and says how it was compiled, so that a
 * mismatch is an error of one line. A library with several models writes the
 * factory itself: SOCSCOPE_TLM_FACTORY(place) { if (place.model() == ...) }.
 * Throw Failure for a parameter that is wrong; names in `with:` that nobody
 * asked for are errors, too.
 */
#ifndef SIM_TLM_MODEL_H
#define SIM_TLM_MODEL_H

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "sim/tlm/machine.h"
#include "sim/tlm/region.h"
#include "sim/tlm/signals.h"
#include "sim/tlm/target_port.h"

namespace socscope
{

// A device of the configuration, as its model sees it.
class ModelPlace
{
  public:
    ModelPlace(Machine &machine, ForeignDevice *device);
    ModelPlace(const ModelPlace &) = delete;
    ModelPlace &operator=(const ModelPlace &) = delete;

    std::string name() const { return device_->dev.name; }
    std::string model() const { return device_->model; }
    Machine &machine() { return machine_; }
    // Parameters of `with:`; a number may be written 0x... Throw Failure.
    std::string text(const std::string &param, const std::string &preset);
    uint64_t number(const std::string &param, uint64_t preset);

    // Its registers: accesses to the device, at offsets from its begin.
    template <unsigned W, typename T, int N, sc_core::sc_port_policy P>
    void map(tlm::tlm_target_socket<W, T, N, P> &socket)
    {
        auto region =
            std::make_shared<TlmRegion<W>>("registers_of", machine_, device_);
        region->socket.bind(socket);
        mapped_ = true;
        parts_.push_back(std::move(region));
    }
    // Its way onto the bus that `dma:` names.
    template <unsigned W, typename T, int N, sc_core::sc_port_policy P>
    void master(tlm::tlm_initiator_socket<W, T, N, P> &socket)
    {
        auto port =
            std::make_shared<TargetPort<W>>("dma_of", machine_, &device_->dma);
        socket.bind(port->socket);
        parts_.push_back(std::move(port));
    }
    // Pin n of `irq:`.
    void interrupt(unsigned n, sc_core::sc_out<bool> &out);

    // -- for who loads models ------------------------------------------------
    bool mapped() const { return mapped_; }
    // A parameter that nobody asked for; "": none.
    std::string unused() const;

  private:
    Machine &machine_;
    ForeignDevice *device_;
    std::map<std::string, std::string> with_;
    std::set<std::string> used_;
    std::vector<std::shared_ptr<void>> parts_;
    bool mapped_ = false;
};

// How a library was compiled.
struct ModelAbi {
    uint32_t size; // of this struct
    uint32_t version;
    long cplusplus;
    uint32_t systemc; // SYSTEMC_VERSION: a date
    uint32_t module_size, payload_size, machine_size, entrance_size;
};
enum { MODEL_ABI_VERSION = 2 };

inline ModelAbi model_abi()
{
    return {sizeof(ModelAbi),
            MODEL_ABI_VERSION,
            __cplusplus,
            SYSTEMC_VERSION,
            sizeof(sc_core::sc_module),
            sizeof(tlm::tlm_generic_payload),
            sizeof(Machine),
            sizeof(Entrance)};
}

} // namespace socscope

#define SOCSCOPE_TLM_FACTORY(place)                                            \
    extern "C" void socscope_tlm_abi(socscope::ModelAbi *abi)                  \
    {                                                                          \
        *abi = socscope::model_abi();                                          \
    }                                                                          \
    extern "C" sc_core::sc_module *socscope_tlm_create(                        \
        socscope::ModelPlace &place)

#define SOCSCOPE_TLM_MODEL(Class)                                              \
    SOCSCOPE_TLM_FACTORY(place)                                                \
    {                                                                          \
        return new Class(place.name().c_str(), place);                         \
    }

#endif
