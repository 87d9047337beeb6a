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
    uint32_t own_first = 0, own_next = 0; // of the bus, for every target
    BusArbitration arbitration = BUS_ROUND_ROBIN;
    uint32_t burst = 0, outstanding = 1, slot_cycles = 1;
    std::vector<int> slots = {}; // index of the initiator; -1: nobody
    bool spare = false;
};

// What each initiator will do: sizes and think times, fixed beforehand.
struct Script {
    std::vector<uint32_t> size, think;
    std::vector<bool> write;
};

// -- the witness
// ---------------------------------------------------------------

struct Waiter {
    uint64_t issue = 0, ask = 0; // cycles: of the access, of its next burst
    uint64_t beats = 0;          // left
    size_t step = 0;
};

// Which initiators may be granted in this cycle, the first one first.
std::vector<size_t> in_turn(const BusSetup &setup, size_t n, size_t last,
                            uint64_t cycle)
{
    std::vector<size_t> order;
    if (setup.arbitration == BUS_TDM) {
        uint64_t frame = setup.slots.size();
        for (uint64_t k = 0; k < (setup.spare ? frame : 1); k++) {
            int owner = setup.slots[(cycle / setup.slot_cycles + k) % frame];
            if (owner >= 0) {
                order.push_back(static_cast<size_t>(owner));
            }
        }
        for (size_t i = 0; i < n; i++) { // who has no slot at all
            if (!std::count(setup.slots.begin(), setup.slots.end(), int(i))) {
                order.push_back(i);
            }
        }
        return order;
    }
    for (size_t k = 0; k < n; k++) {
        order.push_back(setup.arbitration == BUS_FIXED ? k
                                                       : (last + 1 + k) % n);
    }
    return order;
}

// Initiator 0 has id 1, and so on; all ask at cycle 0 first.
std::vector<std::vector<Grant>> witness(const BusSetup &setup,
                                        const std::vector<Script> &scripts)
{
    size_t n = scripts.size();
    std::vector<std::vector<Grant>> result(n);
    std::vector<Waiter> w(n);
    std::vector<uint64_t> ends; // of all grants
    uint64_t address_free = 0, data_free = 0;
    size_t last = n - 1; // the turn before the first goes to the last: 0 begins
    for (uint64_t cycle = 0;; cycle++) {
        bool left = false;
        std::vector<bool> asking(n);
        for (size_t i = 0; i < n; i++) {
            bool more = w[i].step < scripts[i].size.size();
            left |= more;
            asking[i] = more && w[i].ask <= cycle;
        }
        if (!left) {
            return result;
        }
        auto under_way = std::count_if(ends.begin(), ends.end(),
                                       [&](uint64_t e) { return e > cycle; });
        if (cycle < address_free || under_way >= int(setup.outstanding)) {
            continue;
        }
        for (size_t i : in_turn(setup, n, last, cycle)) {
            if (!asking[i]) {
                continue;
            }
            if (std::count(asking.begin(), asking.end(), true) > 1) {
                last = i;
            }
            const Script &s = scripts[i];
            size_t k = w[i].step;
            if (!w[i].beats) {
                w[i].beats = (s.size[k] + setup.width - 1) / setup.width;
            }
            uint64_t beats = setup.burst && setup.burst < w[i].beats
                                 ? setup.burst
                                 : w[i].beats;
            uint64_t lead =
                setup.overhead +
                (s.write[k] ? setup.write_first : setup.read_first) +
                setup.own_first;
            uint64_t next = (s.write[k] ? setup.write_next : setup.read_next) +
                            setup.own_next;
            uint64_t data = std::max(cycle + lead, data_free);
            data_free = data + beats + (beats - 1) * next;
            ends.push_back(data_free);
            address_free = cycle + std::max(1u, setup.overhead);
            w[i].beats -= beats;
            w[i].ask = data_free;
            if (!w[i].beats) {
                result[i].push_back({w[i].issue, data - lead, data_free});
                w[i].issue = w[i].ask = data_free + s.think[k];
                w[i].step++;
            }
            break;
        }
    }
}

// -- the bus
// ----------------------------------------------------------------------

const char *const kNames[] = {"e0", "e1", "e2", "e3", "e4"};

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
        bus.target_waits.read_first = bus.target_waits.write_first =
            s.own_first;
        bus.target_waits.read_next = bus.target_waits.write_next = s.own_next;
        bus.burst = s.burst;
        bus.outstanding = s.outstanding;
        bus.slot_cycles = s.slot_cycles;
        bus.slots = static_cast<uint32_t>(s.slots.size());
        bus.spare = s.spare;
        for (size_t i = 0; i < s.slots.size(); i++) {
            bus.owner[i] = s.slots[i] < 0 ? nullptr : kNames[s.slots[i]];
        }
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

    Engine(Machine *machine, const Script *s, size_t index = 0)
        : m(machine), script(s)
    {
        EXPECT_TRUE(port_init(&port, &m->as, kNames[index], &m->clock,
                              &m->bus.model, false, nullptr));
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
        engines.emplace_back(new Engine(&m, &scripts[i], i));
    }
    m.bus.lane.last_winner = static_cast<uint16_t>(scripts.size()); // 1 begins
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
    uint64_t busy = 0, wait = 0, wait_noted = 0;
    for (uint32_t i = 0; i < m.bus.waits; i++) {
        wait_noted += m.bus.wait[i].cycles;
        EXPECT_TRUE(m.bus.wait[i].blocker || setup.arbitration == BUS_TDM);
    }
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
    if (!setup.burst && setup.outstanding == 1) {
        EXPECT_EQ(busy, m.bus.lane.busy_cycles);
        EXPECT_EQ(wait, m.bus.lane.wait_cycles);
    }
    EXPECT_EQ(wait_noted, m.bus.lane.wait_cycles);
    EXPECT_LE(m.bus.lane.busy_cycles, m.bus.lane.data_end / kPeriod);
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
    s.own_first = rng() % 2;
    s.own_next = rng() % 2;
    s.arbitration = rng() % 2 ? BUS_FIXED : BUS_ROUND_ROBIN;
    return s;
}

// Bursts, several under way, slots: for n initiators.
BusSetup random_wide_setup(std::mt19937 &rng, size_t n)
{
    BusSetup s = random_setup(rng);
    s.burst = rng() % 2 ? 0 : 1 + rng() % 8;
    s.outstanding = rng() % 2 ? 1 : 1 + rng() % 4;
    if (rng() % 3 == 0) {
        s.arbitration = BUS_TDM;
        s.spare = rng() % 2;
        s.slot_cycles = 1 + rng() % 5;
        for (size_t i = 0; i < n + rng() % 3; i++) {
            s.slots.push_back(static_cast<int>(i < n ? i : rng() % n));
        }
        if (rng() % 2) {
            s.slots[rng() % s.slots.size()] = -1;
        }
        std::shuffle(s.slots.begin(), s.slots.end(), rng);
    }
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

TEST(Bus, BurstsSlotsAndSeveralUnderWayEqualTheWitness)
{
    for (unsigned seed = 0; seed < 600; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        size_t n = 1 + rng() % 4;
        BusSetup setup = random_wide_setup(rng, n);
        std::vector<Script> scripts;
        for (size_t i = 0; i < n; i++) {
            scripts.push_back(random_script(rng, 30, 1 + rng() % 12));
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
        rq.issue = m.bus.lane.free_at;
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

// A run may end between two bursts: the bus has moved what its initiators have.
TEST(Bus, BytesCountWhenAllOfThemHaveMoved)
{
    BusSetup setup;
    setup.burst = 2;
    const Script script = {{32, 32}, {0, 0}, {false, true}};
    Machine m(setup);
    Engine e(&m, &script);
    uint64_t beats = 0;
    while (event_next(&m.events) != TIME_NEVER) {
        event_run_one(&m.events);
        EXPECT_EQ(m.bus.lane.bytes, 32 * e.grants.size());
        beats = std::max(beats, m.bus.lane.beats - 8 * e.grants.size());
    }
    EXPECT_EQ(e.grants.size(), 2u);
    EXPECT_EQ(beats, 6u); // three bursts before the last one
}

} // namespace
