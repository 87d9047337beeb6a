/*
 * probe.cc - see probe.h for the model.
 */
#include "sim/tlm/probe.h"

#include <algorithm>

#include "sim/tlm/attributes.h"
#include "sim/tlm/core.h"

namespace socscope
{

/* A space of its own that holds nothing but the target. */
struct ProbeBase::Space : MappedRegion {
    std::string name, bus;
    AddressSpace as{};
    MemoryRegion root{};
    MemoryRegionOps ops{};
    void finish() override
    {
        memory_region_del_subregion(&root, &region);
        address_space_destroy(&as);
        memory_region_fini(&root);
    }
};

static MemTxResult result_of(tlm::tlm_response_status status)
{
    switch (status) {
    case tlm::TLM_OK_RESPONSE: return MEMTX_OK;
    case tlm::TLM_ADDRESS_ERROR_RESPONSE: return MEMTX_DECODE_ERROR;
    case tlm::TLM_COMMAND_ERROR_RESPONSE: return MEMTX_ACCESS_ERROR;
    default: return MEMTX_ERROR;
    }
}

ProbeBase::ProbeBase(sc_core::sc_module_name name, Machine &machine,
                     const std::string &target)
    : sc_core::sc_module(name), core_(machine.core())
{
    auto owned = std::make_unique<Space>();
    Space *s = owned.get();
    s->name = target;
    s->bus = std::string(this->name()) + ".bus";
    Error *err = nullptr;
    Inside inside(*core_);
    memory_region_init(&s->root, nullptr, s->bus.c_str(), UINT64_MAX);
    memory_region_init_io(&s->region, nullptr, &s->ops, s, s->name.c_str(),
                          UINT64_MAX);
    memory_region_add_subregion(&s->root, 0, &s->region);
    address_space_init(&s->as, &s->root, s->bus.c_str());
    core_->watched.push_back(std::move(owned));
    port_ =
        machine_add_port_in(core_->machine, this->name(), &s->as, "tlm", &err);
    if (!port_ || !machine_add_region(core_->machine, &s->region, "tlm",
                                      s->bus.c_str(), 0, &err)) {
        raise(err);
    }
}

uint64_t ProbeBase::time(const sc_core::sc_time &delay)
{
    return kernel_ps() + to_ps(delay);
}

void ProbeBase::saw(tlm::tlm_generic_payload &trans, uint64_t address,
                    uint64_t begin, uint64_t end)
{
    const TlmAttributes *more = trans.get_extension<TlmAttributes>();
    if ((!trans.is_read() && !trans.is_write()) || !trans.get_data_ptr() ||
        !trans.get_data_length() || (more && more->debug)) {
        return;
    }
    PortTx tx = {};
    tx.addr = tx.va = address;
    if (more) {
        tx.attrs = more->to_memory();
        tx.pc = more->pc;
        tx.va = more->va ? more->va : address;
    }
    tx.kind = ACCESS_TLM;
    tx.issue = begin;
    tx.done = std::max(begin, end);
    tx.result = result_of(trans.get_response_status());
    Inside inside(*core_);
    port_witness(port_, &tx, trans.get_data_ptr(), trans.get_data_length(),
                 trans.is_write());
    core_->latest = std::max(core_->latest, tx.done);
}

} // namespace socscope
