/*
 * core.h - what the modules of one machine share: the C machine, and what must
 * live as long as it. Private to sim/tlm/.
 *
 * Modules may be destroyed in any order; the last of them frees the machine.
 */
#ifndef SIM_TLM_CORE_H
#define SIM_TLM_CORE_H

#include <cstdint>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "sim/tlm/debt.h"
#include "sim/tlm/machine.h"

namespace socscope
{

// SystemC's resolution is 1 ps (the Machine checks it), as is the machine's.
inline uint64_t to_ps(const sc_core::sc_time &t)
{
    return t.value();
}
inline sc_core::sc_time from_ps(uint64_t ps)
{
    return sc_core::sc_time::from_value(ps);
}
inline uint64_t kernel_ps()
{
    return to_ps(sc_core::sc_time_stamp());
}

[[noreturn]] inline void raise(Error *err, const std::string &what = "")
{
    const std::string text = what + error_message(err);
    error_free(err);
    throw Failure(text);
}

// A region that is mapped into the machine by a module. Ports remember regions
// by address, so it stays allocated, unmapped, when its module goes.
struct MappedRegion {
    MemoryRegion region{};
    virtual ~MappedRegion() = default;
    virtual void finish() {} // before the region goes
};

// A payload that came in, and the port it is moved by: what it causes on the
// way out belongs to it.
struct Inbound {
    const MemoryPort *port;
    tlm::tlm_generic_payload *trans;
};

struct Core {
    ::Machine *machine = nullptr;
    MemoryWorld *world = nullptr; // the machine's
    Config *config = nullptr;     // ours, with the machine; NULL: both borrowed
    MemoryWorld *home = memory_world_current(); // outside of the machine
    Event pause{};                              // ends machine_run() at a time
    std::vector<std::unique_ptr<MappedRegion>> mapped;
    std::vector<std::unique_ptr<MappedRegion>> watched; // of probes
    unsigned foreigners = 0;      // those mapped, and devices of their own
    std::vector<Inbound> inbound; // those under way
    uint64_t latest = 0;          // ps; when the last access of a port was done
    Debts debts;

    Core() = default;
    // May an access end up in foreign code?
    bool is_foreign() const { return foreigners; }
    Core(const Core &) = delete;
    Core &operator=(const Core &) = delete;
    ~Core();
};

// The machine's world is current in this scope. SystemC switches processes on
// one host thread, so a scope must not be open across a wait(): see Outside.
class Inside
{
  public:
    explicit Inside(const Core &core) : outer_(memory_world_enter(core.world))
    {
    }
    ~Inside() { memory_world_enter(outer_); }
    Inside(const Inside &) = delete;
    Inside &operator=(const Inside &) = delete;

  private:
    MemoryWorld *outer_;
};

// In this scope foreign code runs in the middle of an access and may wait();
// the access goes on afterwards as if nothing had happened in between.
class Outside
{
  public:
    explicit Outside(const Core &core)
        : world_(core.world), port_(world_->port), beats_(world_->beats),
          pc_(world_->pc), va_(world_->va), now_(world_->now)
    {
        world_->port = nullptr;
        world_->beats = nullptr;
        memory_world_enter(core.home);
    }
    ~Outside()
    {
        memory_world_enter(world_);
        world_->port = port_;
        world_->beats = beats_;
        world_->pc = pc_;
        world_->va = va_;
        world_->now = now_;
    }
    Outside(const Outside &) = delete;
    Outside &operator=(const Outside &) = delete;

  private:
    MemoryWorld *world_;
    MemoryPort *port_;
    MemoryBeats *beats_;
    uint64_t pc_, va_, now_;
};

} // namespace socscope
#endif
