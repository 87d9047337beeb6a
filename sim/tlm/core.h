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
#include <systemc>
#include <vector>

#include "sim/machine.h"
#include "sim/tlm/debt.h"

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

// A region that is mapped into the machine by a module. Ports remember regions
// by address, so it stays allocated, unmapped, when its module goes.
struct MappedRegion {
    MemoryRegion region{};
    uint64_t address = 0;
    const char *bus = "";
    virtual ~MappedRegion() = default;
};

struct Core {
    ::Machine *machine = nullptr;
    Config *config = nullptr; // ours, with the machine; NULL: both borrowed
    MemoryWorld *home = memory_world_current(); // outside of the machine
    Event pause{};                              // ends machine_run() at a time
    TraceStore *trace = nullptr;
    std::vector<std::unique_ptr<MappedRegion>> mapped;
    Debts debts;

    Core() = default;
    Core(const Core &) = delete;
    Core &operator=(const Core &) = delete;
    ~Core();
};

// The machine's world is current in this scope. SystemC switches processes on
// one host thread, so a scope must not be open across a wait(): see Outside.
class Inside
{
  public:
    explicit Inside(const Core &core)
        : outer_(memory_world_enter(machine_world(core.machine)))
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
        : world_(machine_world(core.machine)), port_(world_->port),
          beats_(world_->beats), now_(world_->now)
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
        world_->now = now_;
    }
    Outside(const Outside &) = delete;
    Outside &operator=(const Outside &) = delete;

  private:
    MemoryWorld *world_;
    MemoryPort *port_;
    MemoryBeats *beats_;
    uint64_t now_;
};

} // namespace socscope
#endif
