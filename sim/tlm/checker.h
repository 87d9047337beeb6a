/*
 * checker.h - watches what goes between an initiator and a target, and says
 * what breaks the base protocol of TLM-2.0. It changes nothing.
 *
 *     socscope::ProtocolChecker<32> checker("checker");
 *     initiator.socket.bind(checker.target);
 *     checker.initiator.bind(port.socket);
 *     ...
 *     checker.violations() // a line each
 *
 * Model    Rules of IEEE Std 1666-2011 (clauses in brackets) for b_transport(),
 *          transport_dbg() and direct pointers: what an initiator fills in
 *          [14.7], what a target must leave alone and must answer [14.17], that
 *          time does not go back [11.1], that pointers hold what they promise
 *          [11.2], that phases follow one another [15.2]. Every violation is
 *          kept; with `report`, it is an SC_REPORT_WARNING too.
 * Missing  acquire() and release() of payloads; extended phases.
 */
#ifndef SIM_TLM_CHECKER_H
#define SIM_TLM_CHECKER_H

#include <cstdint>
#include <map>
#include <string>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <vector>

namespace socscope
{

class CheckerBase : public sc_core::sc_module
{
  public:
    const std::vector<std::string> &violations() const { return violations_; }
    uint64_t transactions() const { return transactions_; }
    void report(bool on) { report_ = on; }

  protected:
    using Payload = tlm::tlm_generic_payload;
    // What must come back as it went.
    struct Before {
        tlm::tlm_command command;
        uint64_t address;
        unsigned char *data, *enables;
        unsigned length, width, enable_length;
        tlm::tlm_gp_option option;
        std::vector<unsigned char> bytes, enable_bytes;
        std::vector<tlm::tlm_extension_base *> extensions;
        sc_core::sc_time time;
    };

    explicit CheckerBase(sc_core::sc_module_name name)
        : sc_core::sc_module(name)
    {
    }
    void say(const Payload &trans, const std::string &what);
    Before before(const Payload &trans, const sc_core::sc_time &delay);
    void after(const Payload &trans, const Before &b,
               const sc_core::sc_time &delay);
    void same(const Payload &trans, const Before &b);
    void debugged(const Payload &trans, const Before &b, unsigned n);
    void granted(const Payload &trans, const tlm::tlm_dmi &dmi, bool given);
    void phase(const Payload &trans, tlm::tlm_phase p, bool forward);

    std::vector<std::string> violations_;
    std::map<const Payload *, unsigned> phases_; // the last one of each
    uint64_t transactions_ = 0;
    bool report_ = false;
};

template <unsigned BUSWIDTH = 32> class ProtocolChecker : public CheckerBase
{
  public:
    tlm_utils::simple_target_socket<ProtocolChecker, BUSWIDTH> target;
    tlm_utils::simple_initiator_socket<ProtocolChecker, BUSWIDTH> initiator;

    explicit ProtocolChecker(sc_core::sc_module_name name)
        : CheckerBase(name), target("target"), initiator("initiator")
    {
        target.register_b_transport(this, &ProtocolChecker::b_transport);
        target.register_transport_dbg(this, &ProtocolChecker::transport_dbg);
        target.register_get_direct_mem_ptr(this, &ProtocolChecker::get_dmi);
        target.register_nb_transport_fw(this, &ProtocolChecker::nb_fw);
        initiator.register_nb_transport_bw(this, &ProtocolChecker::nb_bw);
        initiator.register_invalidate_direct_mem_ptr(
            this, &ProtocolChecker::invalidate);
    }

  private:
    void b_transport(Payload &trans, sc_core::sc_time &delay)
    {
        const Before b = before(trans, delay);
        initiator->b_transport(trans, delay);
        after(trans, b, delay);
    }
    unsigned transport_dbg(Payload &trans)
    {
        const Before b = before(trans, sc_core::SC_ZERO_TIME);
        const unsigned n = initiator->transport_dbg(trans);
        debugged(trans, b, n);
        return n;
    }
    bool get_dmi(Payload &trans, tlm::tlm_dmi &dmi)
    {
        const bool given = initiator->get_direct_mem_ptr(trans, dmi);
        granted(trans, dmi, given);
        return given;
    }
    tlm::tlm_sync_enum nb_fw(Payload &trans, tlm::tlm_phase &p,
                             sc_core::sc_time &delay)
    {
        phase(trans, p, true);
        const tlm::tlm_sync_enum answer =
            initiator->nb_transport_fw(trans, p, delay);
        if (answer == tlm::TLM_UPDATED) {
            phase(trans, p, false);
        } else if (answer == tlm::TLM_COMPLETED) {
            phases_.erase(&trans);
        }
        return answer;
    }
    tlm::tlm_sync_enum nb_bw(Payload &trans, tlm::tlm_phase &p,
                             sc_core::sc_time &delay)
    {
        phase(trans, p, false);
        const tlm::tlm_sync_enum answer =
            target->nb_transport_bw(trans, p, delay);
        if (answer == tlm::TLM_UPDATED) {
            phase(trans, p, true);
        } else if (answer == tlm::TLM_COMPLETED) {
            phases_.erase(&trans);
        }
        return answer;
    }
    void invalidate(sc_dt::uint64 first, sc_dt::uint64 last)
    {
        target->invalidate_direct_mem_ptr(first, last);
    }
};

} // namespace socscope
#endif
