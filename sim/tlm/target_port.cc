/*
 * target_port.cc - payloads onto a port: see target_port.h for the model.
 */
#include "sim/tlm/target_port.h"

#include <algorithm>

#include "sim/tlm/attributes.h"
#include "sim/tlm/core.h"

namespace socscope
{

using tlm::tlm_generic_payload;

namespace
{

bool enabled(const tlm_generic_payload &t, unsigned i)
{
    const unsigned char *be = t.get_byte_enable_ptr();
    return !be || be[i % t.get_byte_enable_length()] == TLM_BYTE_ENABLED;
}

/* Is this a payload that the standard allows? (IEEE 1666-2011, 14.8 ff.) */
tlm::tlm_response_status check(const tlm_generic_payload &t)
{
    const unsigned char *be = t.get_byte_enable_ptr();
    if (t.get_data_length() == 0 || t.get_streaming_width() == 0) {
        return tlm::TLM_BURST_ERROR_RESPONSE;
    }
    if (!t.get_data_ptr()) {
        return tlm::TLM_GENERIC_ERROR_RESPONSE;
    }
    if (!be) {
        return tlm::TLM_OK_RESPONSE;
    }
    unsigned n = t.get_byte_enable_length();
    bool plain = n > 0 && std::all_of(be, be + n, [](unsigned char b) {
                     return b == TLM_BYTE_ENABLED || b == TLM_BYTE_DISABLED;
                 });
    return plain ? tlm::TLM_OK_RESPONSE : tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
}

tlm::tlm_response_status status_of(MemTxResult result)
{
    if (result & MEMTX_DECODE_ERROR) {
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    }
    if (result & MEMTX_ACCESS_ERROR) {
        return tlm::TLM_COMMAND_ERROR_RESPONSE;
    }
    return result ? tlm::TLM_GENERIC_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
}

/* Narrows a window to the pages around addr whose writes need not be seen.
 * False: the page of addr is none of them. */
bool plain_pages(PortWindow &w, hwaddr addr)
{
    const RAMBlock *block = w.mr->ram_block;
    const uint8_t *state = block->page_state;
    uint64_t base = static_cast<uint64_t>(w.host - block->host);
    uint64_t end = base + (w.last - w.first); // of the block, inclusive
    uint64_t low = (base + (addr - w.first)) >> PAGE_BITS, high = low;
    if (state[low]) {
        return false;
    }
    while (low > base >> PAGE_BITS && !state[low - 1]) {
        low--;
    }
    while (high < end >> PAGE_BITS && !state[high + 1]) {
        high++;
    }
    uint64_t from = std::max(base, low << PAGE_BITS);
    uint64_t to = std::min(end, ((high + 1) << PAGE_BITS) - 1);
    w.last = w.first + (to - base);
    w.first += from - base;
    w.host += from - base;
    return true;
}

/* Calls fn(address, bytes, length) for each run of enabled bytes at rising
 * addresses. */
template <class Fn> void for_each_run(const tlm_generic_payload &t, Fn fn)
{
    const unsigned len = t.get_data_length(), width = t.get_streaming_width();
    for (unsigned i = 0; i < len;) {
        unsigned end = i + std::min(len - i, width - i % width);
        unsigned to = t.get_byte_enable_ptr() ? i : end;
        while (to < end && enabled(t, to)) {
            to++;
        }
        if (to > i) {
            fn(t.get_address() + i % width, t.get_data_ptr() + i, to - i);
        }
        i = std::max(to, i + 1);
    }
}

} // namespace

/* -- whose turn it is ------------------------------------------------------ */

/* A port carries one access at a time. Taken: no, if the caller is inside of
 * its own access (a platform that routes a region back to its own port). */
class TargetPortBase::Turn
{
  public:
    explicit Turn(TargetPortBase &port)
        : port_(port), self_(sc_core::sc_get_current_process_handle())
    {
        while (port_.busy_ && port_.owner_ != self_) {
            port_.waiting_++;
            sc_core::wait(port_.free_);
            port_.waiting_--;
        }
        taken_ = !port_.busy_;
        if (taken_) {
            port_.busy_ = true;
            port_.owner_ = self_;
        }
    }
    ~Turn()
    {
        if (taken_) {
            port_.busy_ = false;
            if (port_.waiting_) {
                port_.free_.notify();
            }
        }
    }
    Turn(const Turn &) = delete;
    Turn &operator=(const Turn &) = delete;
    bool taken() const { return taken_; }

  private:
    TargetPortBase &port_;
    sc_core::sc_process_handle self_;
    bool taken_ = false;
};

/* -- life ------------------------------------------------------------------ */

TargetPortBase::TargetPortBase(sc_core::sc_module_name name, Machine &machine,
                               const std::string &bus)
    : sc_core::sc_module(name), machine_(machine), core_(machine.core())
{
    Error *err = nullptr;
    port_ = machine_add_port(core_->machine, this->name(), bus.c_str(), "tlm",
                             &err);
    if (!port_) {
        std::string text = error_message(err);
        error_free(err);
        throw Failure(text);
    }
    core_->debts.pays_itself(port_);
    port_->invalidated = invalidated;
    port_->opaque = this;
}

TargetPortBase::~TargetPortBase()
{
    port_->invalidated = nullptr;
}

/* -- transactions --------------------------------------------------------- */

/* Moves the enabled bytes; done: in, when to begin; out, when all have moved.
 */
MemTxResult TargetPortBase::move(tlm_generic_payload &trans, MemTxAttrs attrs,
                                 uint64_t pc, uint64_t &done)
{
    Inside inside(*core_);
    MemTxResult result = MEMTX_OK;
    for_each_run(trans, [&](hwaddr addr, unsigned char *bytes, unsigned len) {
        PortTx tx = {};
        tx.addr = tx.va = addr;
        tx.pc = pc;
        tx.issue = done;
        tx.attrs = attrs;
        tx.kind = ACCESS_TLM;
        port_transfer(port_, &tx, bytes, len, trans.is_write());
        result |= tx.result;
        done = tx.done + core_->debts.take(port_);
    });
    return result;
}

/* The same without time, count, record and side effect. */
MemTxResult TargetPortBase::peek(tlm_generic_payload &trans)
{
    Inside inside(*core_);
    MemTxResult result = MEMTX_OK;
    for_each_run(trans, [&](hwaddr addr, unsigned char *bytes, unsigned len) {
        if (port_debug(port_, addr, bytes, len, trans.is_write()) < len) {
            result = MEMTX_DECODE_ERROR;
        }
    });
    return result;
}

void TargetPortBase::b_transport(tlm_generic_payload &trans,
                                 sc_core::sc_time &delay)
{
    uint64_t local = kernel_ps() + to_ps(delay);
    trans.set_dmi_allowed(false);
    if (trans.get_gp_option() == tlm::TLM_FULL_PAYLOAD) {
        trans.set_gp_option(tlm::TLM_FULL_PAYLOAD_ACCEPTED);
    }
    if (trans.get_command() == tlm::TLM_IGNORE_COMMAND) {
        trans.set_response_status(tlm::TLM_OK_RESPONSE);
        return;
    }
    trans.set_response_status(check(trans));
    if (!trans.is_response_ok()) {
        return;
    }
    const TlmAttributes *more = trans.get_extension<TlmAttributes>();
    if (more && more->debug) {
        trans.set_response_status(status_of(peek(trans)));
        return;
    }
    Turn turn(*this);
    if (!turn.taken()) {
        trans.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
        return;
    }
    local = std::max(local, kernel_ps());
    machine_.reach(local);
    MemTxAttrs attrs = {};
    attrs.requester_id = port_->id;
    uint64_t done = last_issue_ = std::max(local, last_issue_);
    MemTxResult result = move(trans, more ? more->to_memory() : attrs,
                              more ? more->pc : 0, done);
    trans.set_response_status(status_of(result));
    trans.set_dmi_allowed(result == MEMTX_OK && may_grant());
    delay = from_ps(done - std::min(done, kernel_ps()));
    machine_.rethrow();
    machine_.wake();
}

unsigned TargetPortBase::transport_dbg(tlm_generic_payload &trans)
{
    if ((!trans.is_read() && !trans.is_write()) || !trans.get_data_ptr()) {
        return 0;
    }
    Inside inside(*core_);
    return static_cast<unsigned>(
        port_debug(port_, trans.get_address(), trans.get_data_ptr(),
                   trans.get_data_length(), trans.is_write()));
}

/* -- direct access ------------------------------------------------------- */

bool TargetPortBase::may_grant() const
{
    return !port_->timing && !port_->world->recorder;
}

bool TargetPortBase::get_direct_mem_ptr(tlm_generic_payload &trans,
                                        tlm::tlm_dmi &dmi)
{
    hwaddr addr = trans.get_address();
    bool is_write = trans.is_write();
    dmi.init(); // all addresses, no access
    answered_ = true;
    if (!may_grant()) {
        return false;
    }
    Inside inside(*core_);
    dmi.set_start_address(addr);
    dmi.set_end_address(addr);
    PortWindow all = {};
    if (!port_window(port_, addr, &all) || (is_write && !all.writable)) {
        return false;
    }
    PortWindow w = all;
    bool plain = all.writable && plain_pages(w, addr);
    if (plain && (is_write || w.last - w.first == all.last - all.first)) {
        dmi.allow_read_write();
    } else if (is_write) {
        return false;
    } else {
        w = all;
        dmi.allow_read();
    }
    dmi.set_start_address(w.first);
    dmi.set_end_address(w.last);
    dmi.set_dmi_ptr(w.host);
    grants_++;
    return true;
}

void TargetPortBase::invalidated(void *opaque, hwaddr first, hwaddr last)
{
    TargetPortBase *self = static_cast<TargetPortBase *>(opaque);
    if (self->answered_) {
        self->answered_ = false;
        self->withdraw(first, last);
    }
}

} // namespace socscope
