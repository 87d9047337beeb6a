/*
 * attributes.h - what a TLM payload says of its initiator, beyond the generic
 * payload: an ignorable extension.
 *
 * On the way in (TargetPort) it fills the attributes of the access; without it
 * the initiator is the port itself. On the way out (TlmRegion) every payload
 * carries one. Whoever does not know it may ignore it: it never changes what a
 * payload means, but for two that ask: `debug` for no side effects, `exclusive`
 * for a load-reserved or a store-conditional.
 */
#ifndef SIM_TLM_ATTRIBUTES_H
#define SIM_TLM_ATTRIBUTES_H

#include <cstdint>
#include <tlm>

#include "memory/memattrs.h"

namespace socscope
{

class TlmAttributes : public tlm::tlm_extension<TlmAttributes>
{
  public:
    uint16_t requester_id = 0;
    bool secure = false;
    bool user = false;
    bool debug = false; // no side effects, no time, not counted, not recorded
    bool instruction = false; // what is read is code
    // A read reserves its bytes; a write is done only while they are reserved.
    // Of 1, 2, 4 or 8 aligned bytes of memory, all enabled.
    bool exclusive = false;
    bool exclusive_ok = false; // answer to a write: it was done
    uint64_t pc = 0; // instruction that caused it; 0: none or not known
    uint64_t va = 0; // its address before translation; 0: that of the payload

    tlm::tlm_extension_base *clone() const override
    {
        return new TlmAttributes(*this);
    }
    void copy_from(const tlm::tlm_extension_base &other) override
    {
        *this = static_cast<const TlmAttributes &>(other);
    }

    MemTxAttrs to_memory() const
    {
        MemTxAttrs attrs = {};
        attrs.secure = secure;
        attrs.user = user;
        attrs.debug = debug;
        attrs.requester_id = requester_id;
        return attrs;
    }
    void from_memory(MemTxAttrs attrs)
    {
        requester_id = static_cast<uint16_t>(attrs.requester_id);
        secure = attrs.secure;
        user = attrs.user;
        debug = attrs.debug;
    }
};

} // namespace socscope
#endif
