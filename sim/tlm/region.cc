/*
 * region.cc - accesses of the machine as TLM payloads: see region.h for the
 * model.
 */
#include "sim/tlm/region.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "sim/tlm/attributes.h"
#include "sim/tlm/core.h"

namespace socscope
{

namespace
{

MemTxResult result_of(tlm::tlm_response_status status)
{
    switch (status) {
    case tlm::TLM_OK_RESPONSE: return MEMTX_OK;
    case tlm::TLM_ADDRESS_ERROR_RESPONSE: return MEMTX_DECODE_ERROR;
    case tlm::TLM_COMMAND_ERROR_RESPONSE: return MEMTX_ACCESS_ERROR;
    default: return MEMTX_ERROR;
    }
}

bool is_size(unsigned n)
{
    return n == 1 || n == 2 || n == 4 || n == 8;
}

} // namespace

/* What stays in the machine when the module goes. */
struct TlmRegionBase::Mapped : MappedRegion {
    TlmRegionBase *module = nullptr;
    std::string name, bus;
    MemoryRegionOps ops{};
    WaitStates waits{};
};

/* A payload with its extension, made once and used again. */
struct TlmRegionBase::Carrier {
    tlm::tlm_generic_payload trans;
    TlmAttributes attributes;
    Carrier() { trans.set_extension(&attributes); }
    ~Carrier() { trans.clear_extension(&attributes); }
    Carrier(const Carrier &) = delete;
    Carrier &operator=(const Carrier &) = delete;
};

/* What a payload that came in says to others goes on with what it causes. */
struct TlmRegionBase::Lent {
    Lent(tlm::tlm_generic_payload &to, const Core &core,
         const MemoryPort *cause)
        : to_(to)
    {
        for (const Inbound &i : core.inbound) {
            if (i.port != cause) {
                continue;
            }
            for (unsigned id = 0; id < tlm::max_num_extensions(); id++) {
                if (id != TlmAttributes::ID && i.trans->get_extension(id)) {
                    to.set_extension(id, i.trans->get_extension(id));
                    lent_.push_back(id);
                }
            }
        }
    }
    ~Lent()
    {
        for (unsigned id : lent_) {
            to_.set_extension(id, nullptr);
        }
    }
    Lent(const Lent &) = delete;
    Lent &operator=(const Lent &) = delete;

  private:
    tlm::tlm_generic_payload &to_;
    std::vector<unsigned> lent_;
};

/* -- life ------------------------------------------------------------------ */

TlmRegionBase::TlmRegionBase(sc_core::sc_module_name name, Machine &machine,
                             const RegionSettings &s)
    : sc_core::sc_module(name), machine_(machine), core_(machine.core()),
      base_(s.base), use_dmi_(s.use_dmi)
{
    const std::string who = this->name();
    MachineBus *bus = machine_find_bus(core_->machine, s.bus.c_str());
    if (!bus) {
        throw Failure("no bus " + s.bus + " for " + who +
                      "; name one of `buses:`");
    }
    if (s.size == 0 || s.address + (s.size - 1) < s.address) {
        throw Failure(who + ": its size must be at least 1 byte and end below "
                            "2^64");
    }
    unsigned least = s.min_payload ? s.min_payload : s.min_access;
    unsigned most = s.max_payload ? s.max_payload : s.max_access;
    if (!is_size(s.min_access) || !is_size(s.max_access) || !is_size(least) ||
        !is_size(most) || s.min_access > s.max_access || least > most) {
        throw Failure(who + ": sizes of accesses and payloads must be 1, 2, 4 "
                            "or 8 bytes, the least not above the most");
    }
    auto owned = std::make_unique<Mapped>();
    Mapped *m = mapped_ = owned.get();
    m->module = this;
    m->name = who;
    m->bus = bus->name;
    m->ops.read_with_attrs = read;
    m->ops.write_with_attrs = write;
    m->ops.endianness = DEVICE_LITTLE_ENDIAN;
    m->ops.valid.min_access_size = s.min_access;
    m->ops.valid.max_access_size = s.max_access;
    m->ops.impl.min_access_size = least;
    m->ops.impl.max_access_size = most;
    m->ops.valid.unaligned = m->ops.impl.unaligned = s.unaligned;
    wait_states_init(&m->waits, m->name.c_str(), bus->api.clock);
    m->waits.read_first = m->waits.read_next = s.read_waits;
    m->waits.write_first = m->waits.write_next = s.write_waits;
    Inside inside(*core_);
    memory_region_init_io(&m->region, nullptr, &m->ops, m, m->name.c_str(),
                          s.size);
    m->region.timing = &m->waits.model;
    core_->debts.add_foreign(&m->waits.model);
    core_->mapped.push_back(std::move(owned));
    core_->foreigners++;
    if (s.overlap || s.priority) {
        memory_region_add_subregion_overlap(&bus->root, s.address, &m->region,
                                            s.priority);
    } else {
        memory_region_add_subregion(&bus->root, s.address, &m->region);
    }
    if (!machine_add_region(core_->machine, &m->region, "tlm", m->bus.c_str(),
                            s.address, nullptr)) {
        throw Failure("the host has no memory left for " + who);
    }
}

TlmRegionBase::TlmRegionBase(sc_core::sc_module_name name, Machine &machine,
                             ForeignDevice *device)
    : sc_core::sc_module(name), machine_(machine), core_(machine.core()),
      device_(device)
{
    device->read = [](ForeignDevice *dev, hwaddr addr, uint64_t *data,
                      unsigned size, MemTxAttrs attrs) {
        auto *self = static_cast<TlmRegionBase *>(dev->opaque);
        unsigned char bytes[8] = {};
        MemTxResult result =
            self->access(tlm::TLM_READ_COMMAND, addr, bytes, size, attrs);
        std::memcpy(data, bytes, sizeof(bytes));
        return result;
    };
    device->write = [](ForeignDevice *dev, hwaddr addr, uint64_t data,
                       unsigned size, MemTxAttrs attrs) {
        auto *self = static_cast<TlmRegionBase *>(dev->opaque);
        unsigned char bytes[8];
        std::memcpy(bytes, &data, sizeof(bytes));
        return self->access(tlm::TLM_WRITE_COMMAND, addr, bytes, size, attrs);
    };
    device->opaque = this;
    core_->debts.add_foreign(device->dev.mmio.timing);
    core_->foreigners++;
}

TlmRegionBase::~TlmRegionBase()
{
    if (device_) {
        device_->read = nullptr;
        device_->write = nullptr;
        return;
    }
    Inside inside(*core_);
    mapped_->module = nullptr;
    memory_region_del_subregion(mapped_->region.container, &mapped_->region);
}

MemoryRegion *TlmRegionBase::region() const
{
    return device_ ? &device_->dev.mmio : &mapped_->region;
}

/* -- accesses ------------------------------------------------------------- */

MemTxResult TlmRegionBase::read(void *opaque, hwaddr addr, uint64_t *data,
                                unsigned size, MemTxAttrs attrs)
{
    unsigned char bytes[8] = {};
    TlmRegionBase *self = static_cast<Mapped *>(opaque)->module;
    MemTxResult result =
        self->access(tlm::TLM_READ_COMMAND, addr, bytes, size, attrs);
    std::memcpy(data, bytes, sizeof(bytes)); // the host is little-endian
    return result;
}

MemTxResult TlmRegionBase::write(void *opaque, hwaddr addr, uint64_t data,
                                 unsigned size, MemTxAttrs attrs)
{
    unsigned char bytes[8];
    TlmRegionBase *self = static_cast<Mapped *>(opaque)->module;
    std::memcpy(bytes, &data, sizeof(bytes));
    return self->access(tlm::TLM_WRITE_COMMAND, addr, bytes, size, attrs);
}

MemTxResult TlmRegionBase::access(tlm::tlm_command command, hwaddr addr,
                                  unsigned char *bytes, unsigned size,
                                  MemTxAttrs attrs)
{
    /* A foreign exception is on its way out, or there is no kernel yet. */
    if (machine_.failing() || sc_core::sc_get_status() != sc_core::SC_RUNNING) {
        return MEMTX_ERROR;
    }
    if (!attrs.debug && access_direct(command, base_ + addr, bytes, size)) {
        return MEMTX_OK;
    }
    std::unique_ptr<Carrier> carrier;
    if (spare_.empty()) {
        carrier = std::make_unique<Carrier>();
    } else {
        carrier = std::move(spare_.back());
        spare_.pop_back();
    }
    tlm::tlm_generic_payload &trans = carrier->trans;
    trans.set_command(command);
    trans.set_address(base_ + addr);
    trans.set_data_ptr(bytes);
    trans.set_data_length(size);
    trans.set_streaming_width(size);
    trans.set_byte_enable_ptr(nullptr);
    trans.set_byte_enable_length(0);
    trans.set_dmi_allowed(false);
    trans.set_gp_option(tlm::TLM_MIN_PAYLOAD);
    trans.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    describe(carrier->attributes, attrs);
    MemTxResult result = call(*carrier);
    spare_.push_back(std::move(carrier));
    return result;
}

/* Exceptions must not travel through the machine's C code. */
MemTxResult TlmRegionBase::call(Carrier &carrier)
{
    MemoryWorld *world = machine_world(core_->machine);
    MemoryPort *port = world->port;
    uint64_t begin = std::max(world->now, kernel_ps());
    machine_.leave();
    MemTxResult result = MEMTX_ERROR;
    try {
        Outside outside(*core_);
        Lent lent(carrier.trans, *core_, port);
        if (carrier.attributes.debug) {
            unsigned len = carrier.trans.get_data_length();
            return forward_dbg(carrier.trans) == len ? MEMTX_OK
                                                     : MEMTX_DECODE_ERROR;
        }
        sc_core::sc_time delay = from_ps(begin - kernel_ps());
        forward(carrier.trans, delay);
        uint64_t end = kernel_ps() + to_ps(delay);
        core_->debts.add(port, end - std::min(begin, end));
        result = result_of(carrier.trans.get_response_status());
        if (result == MEMTX_OK && use_dmi_ && carrier.trans.is_dmi_allowed()) {
            ask_dmi(carrier);
        }
    } catch (...) {
        machine_.fail(std::current_exception());
        return MEMTX_ERROR;
    }
    machine_.shorten();
    return result;
}

/* Who the machine's access is by. */
void TlmRegionBase::describe(TlmAttributes &a, MemTxAttrs attrs) const
{
    const MemoryWorld *world = machine_world(core_->machine);
    a = TlmAttributes();
    a.from_memory(attrs);
    a.pc = world->pc;
    a.va = world->va;
    for (unsigned i = 0; i < machine_harts(core_->machine); i++) {
        a.instruction |=
            world->port == hart_fetch_port(machine_hart(core_->machine, i));
    }
    for (const Inbound &i : core_->inbound) {
        const TlmAttributes *in = i.trans->get_extension<TlmAttributes>();
        if (i.port == world->port && in) {
            a.instruction = in->instruction;
            a.exclusive = in->exclusive;
        }
    }
}

/* -- direct pointers ------------------------------------------------------- */

void TlmRegionBase::ask_dmi(Carrier &carrier)
{
    tlm::tlm_dmi dmi;
    if (forward_dmi(carrier.trans, dmi) && dmi.get_dmi_ptr() &&
        !dmi.is_none_allowed() &&
        dmi.get_start_address() <= dmi.get_end_address()) {
        pointers_.push_back(dmi);
    }
}

void TlmRegionBase::withdraw(sc_dt::uint64 first, sc_dt::uint64 last)
{
    auto hit = [=](const tlm::tlm_dmi &d) {
        return d.get_start_address() <= last && d.get_end_address() >= first;
    };
    pointers_.erase(std::remove_if(pointers_.begin(), pointers_.end(), hit),
                    pointers_.end());
}

bool TlmRegionBase::access_direct(tlm::tlm_command command, uint64_t addr,
                                  unsigned char *bytes, unsigned size)
{
    const bool is_write = command == tlm::TLM_WRITE_COMMAND;
    for (const tlm::tlm_dmi &d : pointers_) {
        if (addr < d.get_start_address() ||
            addr + (size - 1) > d.get_end_address() ||
            !(is_write ? d.is_write_allowed() : d.is_read_allowed())) {
            continue;
        }
        unsigned char *at = d.get_dmi_ptr() + (addr - d.get_start_address());
        std::memcpy(is_write ? at : bytes, is_write ? bytes : at, size);
        core_->debts.add(
            machine_world(core_->machine)->port,
            to_ps(is_write ? d.get_write_latency() : d.get_read_latency()));
        direct_++;
        return true;
    }
    return false;
}

} // namespace socscope
