/*
 * checker.cc - see checker.h for the rules.
 */
#include "sim/tlm/checker.h"

#include <algorithm>
#include <cstdio>

namespace socscope
{

void CheckerBase::say(const Payload &trans, const std::string &what)
{
    char place[64];
    std::snprintf(place, sizeof(place), "%s at 0x%llx, %u bytes: ",
                  trans.is_write() ? "write" : "read",
                  static_cast<unsigned long long>(trans.get_address()),
                  trans.get_data_length());
    violations_.push_back(sc_core::sc_time_stamp().to_string() + ": " + place +
                          what);
    if (report_) {
        SC_REPORT_WARNING(name(), violations_.back().c_str());
    }
}

CheckerBase::Before CheckerBase::before(const Payload &trans,
                                        const sc_core::sc_time &delay)
{
    transactions_++;
    Before b = {trans.get_command(),
                trans.get_address(),
                trans.get_data_ptr(),
                trans.get_byte_enable_ptr(),
                trans.get_data_length(),
                trans.get_streaming_width(),
                trans.get_byte_enable_length(),
                trans.get_gp_option(),
                {},
                {},
                {},
                sc_core::sc_time_stamp() + delay};
    if (trans.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE) {
        say(trans, "begins with a status that is not incomplete");
    }
    if (trans.is_dmi_allowed()) {
        say(trans, "begins with dmi_allowed");
    }
    if (b.data) {
        b.bytes.assign(b.data, b.data + b.length);
    }
    if (b.enables) {
        b.enable_bytes.assign(b.enables, b.enables + b.enable_length);
    }
    for (unsigned i = 0; i < tlm::max_num_extensions(); i++) {
        b.extensions.push_back(trans.get_extension(i));
    }
    return b;
}

/* What no target may change. */
void CheckerBase::same(const Payload &trans, const Before &b)
{
    if (trans.get_command() != b.command || trans.get_address() != b.address ||
        trans.get_data_ptr() != b.data || trans.get_data_length() != b.length ||
        trans.get_streaming_width() != b.width ||
        trans.get_byte_enable_ptr() != b.enables ||
        trans.get_byte_enable_length() != b.enable_length) {
        say(trans, "came back with other attributes");
    }
    if (b.enables &&
        !std::equal(b.enable_bytes.begin(), b.enable_bytes.end(), b.enables)) {
        say(trans, "its byte enables were changed");
    }
    for (unsigned i = 0; i < b.extensions.size(); i++) {
        if (b.extensions[i] && trans.get_extension(i) != b.extensions[i]) {
            say(trans, "an extension was lost");
        }
    }
    if (!b.data || b.command == tlm::TLM_READ_COMMAND) {
        return;
    }
    if (!std::equal(b.bytes.begin(), b.bytes.end(), b.data)) {
        say(trans, "the data of a write were changed");
    }
}

void CheckerBase::after(const Payload &trans, const Before &b,
                        const sc_core::sc_time &delay)
{
    same(trans, b);
    if (trans.get_response_status() == tlm::TLM_INCOMPLETE_RESPONSE) {
        say(trans, "was left incomplete");
    }
    if (sc_core::sc_time_stamp() + delay < b.time) {
        say(trans, "time went back");
    }
    if (b.option == tlm::TLM_MIN_PAYLOAD &&
        trans.get_gp_option() != tlm::TLM_MIN_PAYLOAD) {
        say(trans, "its option was changed");
    }
    /* Disabled bytes of a read are not the target's. */
    for (unsigned i = 0; b.data && b.enables && b.enable_length &&
                         b.command == tlm::TLM_READ_COMMAND && i < b.length;
         i++) {
        if (b.enable_bytes[i % b.enable_length] == TLM_BYTE_DISABLED &&
            b.data[i] != b.bytes[i]) {
            say(trans, "a disabled byte was changed");
            break;
        }
    }
}

void CheckerBase::debugged(const Payload &trans, const Before &b, unsigned n)
{
    same(trans, b);
    if (n > b.length) {
        say(trans, "debug access moved more bytes than it has");
    }
}

void CheckerBase::granted(const Payload &trans, const tlm::tlm_dmi &d,
                          bool given)
{
    const uint64_t at = trans.get_address();
    if (d.get_start_address() > at || d.get_end_address() < at) {
        say(trans, "the range of a pointer does not hold the address");
    }
    if (!given) {
        return;
    }
    if (!d.get_dmi_ptr()) {
        say(trans, "a pointer was given that is none");
    }
    if (trans.is_write() ? !d.is_write_allowed() : !d.is_read_allowed()) {
        say(trans, "a pointer was given without the right asked for");
    }
}

void CheckerBase::phase(const Payload &trans, tlm::tlm_phase p, bool forward)
{
    const unsigned n = p, last = phases_.count(&trans) ? phases_[&trans] : 0;
    const bool begins = n == tlm::BEGIN_REQ && last == 0;
    const bool own = forward ? n == tlm::BEGIN_REQ || n == tlm::END_RESP
                             : n == tlm::END_REQ || n == tlm::BEGIN_RESP;
    /* END_REQ may be left out. */
    const bool next =
        last &&
        (n == last + 1 || (last == tlm::BEGIN_REQ && n == tlm::BEGIN_RESP));
    if (!own || !(begins || next)) {
        say(trans, "phases are out of order");
    }
    phases_[&trans] = n;
    if (n == tlm::END_RESP) {
        phases_.erase(&trans);
    }
}

} // namespace socscope
