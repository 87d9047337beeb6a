// The bus against an independent witness: a cycle-by-cycle arbiter that knows
// nothing of events. Initiators are closed-loop: each asks, waits, thinks a
// random number of cycles, asks again.
#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <vector>

#include "soc/bus.h"

namespace
{

const uint64_t kPeriod = 10000; // ps: 100 MHz

struct Ask {
    uint64_t issue; // cycle
    uint32_t size;  // bytes
    bool is_write;
};
struct Grant {
    uint64_t issue, granted, done; // cycles
    bool operator==(const Grant &o) const
    {
        return issue == o.issue && granted == o.granted && done == o.done;
    }
};
std::ostream &operator<<(std::ostream &out, const Grant &g)
{
    return out << "{" << g.issue << " " << g.granted << " " << g.done << "}";
}

struct BusSetup {
    uint32_t width = 4, overhead = 0, read_first = 0, read_next = 0,
             write_first = 0, write_next = 0;
    BusArbitration arbitration = BUS_ROUND_ROBIN;

    uint64_t cost(const Ask &a) const
    {
        uint64_t beats = (a.size + width - 1) / width;
        uint64_t first = a.is_write ? write_first : read_first;
        uint64_t next = a.is_write ? write_next : read_next;
        return overhead + beats + first + (beats - 1) * next;
    }
};

// What each initiator will do: sizes and think times, fixed beforehand.
struct Script {
    std::vector<uint32_t> size, think;
    std::vector<bool> write;
};

// -- the witness
// ---------------------------------------------------------------

// Initiator 0 has id 1, and so on; all ask at cycle 0 first.
std::vector<std::vector<Grant>> witness(const BusSetup &setup,
                                        const std::vector<Script> &scripts)
{
    size_t n = scripts.size();
    std::vector<std::vector<Grant>> result(n);
    std::vector<uint64_t> issue(n, 0);
    std::vector<size_t> step(n, 0);
    uint64_t free_at = 0;
    size_t last = n - 1; // the turn before the first goes to the last: 0 begins
    for (uint64_t cycle = 0;; cycle++) {
        bool left = false;
        std::vector<size_t> asking;
        for (size_t i = 0; i < n; i++) {
            if (step[i] < scripts[i].size.size()) {
                left = true;
                if (issue[i] <= cycle) {
                    asking.push_back(i);
                }
            }
        }
        if (!left) {
            return result;
        }
        if (cycle < free_at || asking.empty()) {
            continue;
        }
        size_t winner = asking[0];
        if (setup.arbitration == BUS_ROUND_ROBIN) {
            for (size_t k = 1; k <= n; k++) {
                size_t i = (last + k) % n;
                if (std::count(asking.begin(), asking.end(), i)) {
                    winner = i;
                    break;
                }
            }
        }
        if (asking.size() > 1) {
            last = winner;
        }
        const Script &s = scripts[winner];
        size_t k = step[winner]++;
        Ask ask = {issue[winner], s.size[k], s.write[k]};
        free_at = cycle + setup.cost(ask);
        result[winner].push_back({ask.issue, cycle, free_at});
        issue[winner] = free_at + s.think[k];
    }
}

// -- the bus
// ----------------------------------------------------------------------

struct Machine {
    MemoryWorld *world = memory_world_new();
    MemoryWorld *before = memory_world_enter(world);
    EventQueue events;
    ClockDomain clock;
    Bus bus;
    WaitStates waits;
    MemoryRegion root;
    AddressSpace as;

    explicit Machine(const BusSetup &s)
    {
        event_queue_init(&events, world);
        clock_init(&clock, "clock", PS_PER_SECOND / kPeriod);
        EXPECT_TRUE(bus_init(&bus, "main", &clock, &events, s.width, nullptr));
        bus.model.id = 1;
        bus.overhead = s.overhead;
        bus.arbitration = s.arbitration;
        wait_states_init(&waits, "ram", &clock);
        waits.read_first = s.read_first;
        waits.read_next = s.read_next;
        waits.write_first = s.write_first;
        waits.write_next = s.write_next;
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        address_space_init(&as, &root, "as");
    }
    ~Machine()
    {
        address_space_destroy(&as);
        memory_region_fini(&root);
        bus_fini(&bus);
        event_queue_fini(&events);
        memory_world_enter(before);
        memory_world_free(world);
    }
};

// An event-driven initiator: asks with request(), thinks, asks again.
struct Engine {
    Machine *m;
    const Script *script;
    size_t step = 0;
    MemoryPort port = {};
    TimingRequest rq = {};
    Event next = {};
    std::vector<Grant> grants = {};

    Engine(Machine *machine, const Script *s) : m(machine), script(s)
    {
        EXPECT_TRUE(port_init(&port, &m->as, "engine", &m->clock, &m->bus.model,
                              false, nullptr));
        event_init(&m->events, &next, "engine", EVENT_NORMAL, ask, this);
        event_schedule(&m->events, &next, 0);
    }
    ~Engine() { port_fini(&port); }
    void fill(uint64_t now)
    {
        rq = {};
        rq.port = &port;
        rq.size = script->size[step];
        rq.pieces = 1;
        rq.is_write = script->write[step];
        rq.target = &m->waits.model;
        rq.issue = now;
    }
    void note()
    {
        grants.push_back(
            {rq.issue / kPeriod, rq.granted / kPeriod, rq.done / kPeriod});
    }
    static void ask(void *opaque, uint64_t when)
    {
        auto *e = static_cast<Engine *>(opaque);
        if (e->step == e->script->size.size()) {
            return;
        }
        e->fill(when);
        e->rq.on_grant = [](TimingRequest *rq) {
            auto *self = reinterpret_cast<Engine *>(
                reinterpret_cast<char *>(rq) - offsetof(Engine, rq));
            self->note();
            uint64_t think = self->script->think[self->step++];
            event_schedule(&self->m->events, &self->next,
                           rq->done + think * kPeriod);
        };
        e->m->bus.model.request(&e->m->bus.model, &e->rq);
    }
};

// A synchronous initiator, like a hart: runs up to the next event's horizon.
std::vector<Grant> run(const BusSetup &setup,
                       const std::vector<Script> &scripts,
                       std::vector<std::vector<Grant>> *others)
{
    Machine m(setup);
    Engine hart(&m, &scripts[0]);
    event_cancel(&m.events, &hart.next);
    std::vector<std::unique_ptr<Engine>> engines;
    for (size_t i = 1; i < scripts.size(); i++) {
        engines.emplace_back(new Engine(&m, &scripts[i]));
    }
    m.bus.last_winner = static_cast<uint16_t>(scripts.size()); // 1 begins
    uint64_t now = 0;
    for (;;) {
        bool busy = hart.step < scripts[0].size.size();
        uint64_t horizon = event_horizon(&m.events);
        if (busy && now < horizon) {
            hart.fill(now);
            m.bus.model.access(&m.bus.model, &hart.rq);
            hart.note();
            now = hart.rq.done + scripts[0].think[hart.step++] * kPeriod;
        } else if (horizon != TIME_NEVER) {
            event_run_one(&m.events);
        } else {
            break;
        }
    }
    uint64_t busy = 0, wait = 0;
    others->assign(1, hart.grants);
    for (auto &e : engines) {
        others->push_back(e->grants);
    }
    for (auto &list : *others) {
        for (const Grant &g : list) {
            busy += g.done - g.granted;
            wait += g.granted - g.issue;
        }
    }
    EXPECT_EQ(busy, m.bus.busy_cycles);
    EXPECT_EQ(wait, m.bus.wait_cycles);
    return hart.grants;
}

Script random_script(std::mt19937 &rng, size_t steps, unsigned think)
{
    Script s;
    for (size_t i = 0; i < steps; i++) {
        s.size.push_back(1u << rng() % 6);
        s.think.push_back(think ? static_cast<uint32_t>(rng() % think) : 0);
        s.write.push_back(rng() % 2);
    }
    return s;
}

BusSetup random_setup(std::mt19937 &rng)
{
    BusSetup s;
    s.width = 1u << rng() % 4;
    s.overhead = rng() % 3;
    s.read_first = rng() % 4;
    s.read_next = rng() % 2;
    s.write_first = rng() % 3;
    s.write_next = rng() % 2;
    s.arbitration = rng() % 2 ? BUS_FIXED : BUS_ROUND_ROBIN;
    return s;
}

TEST(Bus, GrantsEqualTheCycleByCycleWitness)
{
    for (unsigned seed = 0; seed < 400; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        BusSetup setup = random_setup(rng);
        std::vector<Script> scripts;
        for (size_t i = 0, n = 1 + rng() % 4; i < n; i++) {
            scripts.push_back(random_script(rng, 40, 1 + rng() % 12));
        }
        std::vector<std::vector<Grant>> got;
        run(setup, scripts, &got);
        ASSERT_EQ(witness(setup, scripts), got);
    }
}

// n initiators that never think, all accesses alike: each waits for n - 1.
TEST(Bus, RoundRobinWaitIsTheClosedFormula)
{
    for (size_t n : {2u, 3u, 5u}) {
        BusSetup setup;
        setup.read_first = 2; // 3 cycles each
        Script s;
        s.size.assign(50, 4);
        s.think.assign(50, 0);
        s.write.assign(50, false);
        std::vector<std::vector<Grant>> got;
        run(setup, std::vector<Script>(n, s), &got);
        for (size_t k = 1; k < 49; k++) {
            EXPECT_EQ((n - 1) * 3, got[0][k].granted - got[0][k].issue);
        }
    }
}

TEST(Bus, NamesTheBlocker)
{
    Machine m(BusSetup{});
    Script s = {{16}, {0}, {false}};
    Engine dma(&m, &s);
    event_run_one(&m.events); // asks
    event_run_one(&m.events); // granted: 4 beats from 0
    MemoryPort hart = {};
    ASSERT_TRUE(port_init(&hart, &m.as, "hart", &m.clock, &m.bus.model, false,
                          nullptr));
    TimingRequest rq = {};
    rq.port = &hart;
    rq.size = 4;
    rq.pieces = 1;
    rq.issue = kPeriod;
    EXPECT_EQ(4 * kPeriod, m.bus.model.clear_at(&m.bus.model));
    m.bus.model.access(&m.bus.model, &rq);
    EXPECT_EQ(4 * kPeriod, rq.granted);
    EXPECT_EQ(dma.port.id, rq.blocker);
    ASSERT_EQ(1u, m.bus.waits);
    EXPECT_EQ(hart.id, m.bus.wait[0].initiator);
    EXPECT_EQ(dma.port.id, m.bus.wait[0].blocker);
    EXPECT_EQ(3u, m.bus.wait[0].cycles);
    port_fini(&hart);
}

TEST(Bus, UnalignedAndWideAccessesTakeMoreBeats)
{
    Machine m(BusSetup{});
    MemoryPort hart = {};
    ASSERT_TRUE(port_init(&hart, &m.as, "hart", &m.clock, &m.bus.model, false,
                          nullptr));
    auto beats = [&](uint64_t addr, uint32_t size, uint32_t pieces) {
        TimingRequest rq = {};
        rq.port = &hart;
        rq.addr = addr;
        rq.size = size;
        rq.pieces = pieces;
        rq.issue = m.bus.free_at;
        m.bus.model.access(&m.bus.model, &rq);
        EXPECT_EQ(rq.beats * kPeriod, rq.done - rq.granted);
        return rq.beats;
    };
    EXPECT_EQ(1u, beats(0, 4, 1));
    EXPECT_EQ(2u, beats(2, 4, 1));
    EXPECT_EQ(2u, beats(0, 8, 1));
    EXPECT_EQ(3u, beats(1, 8, 1));
    EXPECT_EQ(8u, beats(0, 1, 8)); // a device that takes bytes
    EXPECT_EQ(16u, beats(0, 64, 1));
    port_fini(&hart);
}

// The inline form is what an uncontended call costs.
TEST(Bus, InlineFormEqualsACall)
{
    for (unsigned seed = 0; seed < 100; seed++) {
        std::mt19937 rng(seed);
        BusSetup setup = random_setup(rng);
        Machine m(setup);
        MemoryPort hart = {};
        ASSERT_TRUE(port_init(&hart, &m.as, "hart", &m.clock, &m.bus.model,
                              false, nullptr));
        TimingRequest rq = {};
        rq.port = &hart;
        rq.size = 1u << rng() % 4;
        rq.pieces = 1;
        rq.is_write = rng() % 2;
        rq.target = &m.waits.model;
        TimingInline form;
        ASSERT_TRUE(m.bus.model.inline_form(&m.bus.model, &rq, &form));
        m.bus.model.access(&m.bus.model, &rq);
        EXPECT_EQ(rq.done - rq.granted,
                  form.first + (form.beats - 1) * form.next);
        EXPECT_EQ(rq.target_ps,
                  form.target_first + (form.beats - 1) * form.target_next);
        EXPECT_EQ(rq.beats, form.beats);
        port_fini(&hart);
    }
}

} // namespace
