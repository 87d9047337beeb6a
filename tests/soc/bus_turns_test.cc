// Initiators that take turns in time: the calendar of a lane against a plain
// set of cycles, and a bus of such initiators against one bit per cycle.
#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "soc/bus_private.h"

namespace
{

const uint64_t kKnown = 1 << 16; // cycles that a calendar goes back

struct Calendar {
    BusCalendar *c = bus_calendar_new();
    std::map<uint64_t, uint16_t> taken; // the witness

    ~Calendar() { free(c); }
    uint64_t free_from(uint64_t cycle) const
    {
        while (taken.count(cycle)) {
            cycle++;
        }
        return cycle;
    }
    void take(uint64_t begin, uint64_t cycles, uint16_t id)
    {
        for (; cycles > 0; cycles--) {
            taken[begin = free_from(begin)] = id;
        }
    }
};

TEST(BusCalendar, IsASetOfCycles)
{
    std::mt19937 rng(7);
    for (int round = 0; round < 20; round++) {
        Calendar k;
        // Times drift, so that the calendar goes on; asks stay within reach.
        for (uint64_t base = 0, i = 0; i < 20000; i++, base += rng() % 40) {
            const uint64_t begin = base + rng() % 3000;
            const uint64_t cycles = 1 + rng() % (rng() % 50 ? 8 : 200);
            const auto id = static_cast<uint16_t>(1 + rng() % 5);
            const uint64_t at = k.free_from(begin);
            ASSERT_EQ(bus_calendar_free(k.c, begin), at);
            const auto before = k.taken.find(at - 1);
            ASSERT_EQ(bus_calendar_owner(k.c, at - 1),
                      before == k.taken.end() ? 0 : before->second);
            k.take(at, cycles, id);
            bus_calendar_take(k.c, at, cycles, id);
        }
    }
}

TEST(BusCalendar, ForgetsWhatIsFarBack)
{
    Calendar k;
    bus_calendar_take(k.c, 10, 10, 3);
    EXPECT_EQ(bus_calendar_free(k.c, 10), 20u);
    // Just in reach, and far beyond: nobody is in the way there, or known.
    bus_calendar_take(k.c, kKnown - 2, 1, 3);
    EXPECT_EQ(bus_calendar_free(k.c, 10), 20u);
    const uint64_t far = 1000 * kKnown + 5;
    bus_calendar_take(k.c, far, 1, 3);
    EXPECT_EQ(bus_calendar_free(k.c, 10), 10u);
    bus_calendar_take(k.c, 10, 10, 3);
    EXPECT_EQ(bus_calendar_free(k.c, 10), 10u);
    EXPECT_EQ(bus_calendar_free(k.c, far), far + 1);
    // One that takes longer than is known.
    const uint64_t ages = UINT64_C(1) << 50;
    bus_calendar_take(k.c, far + 1, ages, 3);
    EXPECT_EQ(bus_calendar_free(k.c, far + ages - 10), far + ages + 1);
}

// -- a bus -------------------------------------------------------------------

const uint64_t kPeriod = 10000; // ps: 100 MHz

struct System {
    MemoryWorld *world = memory_world_new();
    MemoryWorld *before = memory_world_enter(world);
    EventQueue events;
    ClockDomain clock;
    Bus bus;
    WaitStates waits;
    MemoryRegion root;
    AddressSpace as;
    MemoryPort port[4] = {};

    explicit System(std::mt19937 &rng)
    {
        static const char *const names[] = {"a", "b", "c", "d"};
        event_queue_init(&events, world);
        clock_init(&clock, "clock", PS_PER_SECOND / kPeriod);
        EXPECT_TRUE(bus_init(&bus, "main", &clock, &events, 4, nullptr));
        bus.model.id = 1;
        bus.overhead = rng() % 2;
        bus.target_waits.read_first = rng() % 2;
        wait_states_init(&waits, "ram", &clock);
        waits.read_first = rng() % 3;
        waits.write_next = rng() % 2;
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        address_space_init(&as, &root, "as");
        for (unsigned i = 0; i < 4; i++) {
            EXPECT_TRUE(port_init(&port[i], &as, names[i], &clock, &bus.model,
                                  0, nullptr));
            port[i].id = static_cast<uint16_t>(i + 1);
        }
        EXPECT_TRUE(bus_take_turns(&bus, nullptr));
    }
    ~System()
    {
        for (MemoryPort &p : port) {
            port_fini(&p);
        }
        address_space_destroy(&as);
        memory_region_fini(&root);
        bus_fini(&bus);
        event_queue_fini(&events);
        memory_world_enter(before);
        memory_world_free(world);
    }
    uint64_t cycles(const TimingRequest &rq) const
    {
        const uint64_t n = (rq.size + 3) / 4;
        return bus.overhead + n +
               (rq.is_write ? waits.write_first + bus.target_waits.write_first
                            : waits.read_first + bus.target_waits.read_first) +
               (n - 1) * (rq.is_write ? waits.write_next : waits.read_next);
    }
};

// Each in turn goes on to the end of a quantum; every access begins in the
// first free cycle, whether it is taken or asked for, and waits for who is
// before it.
TEST(BusTurns, EachAccessHasTheFirstFreeCycle)
{
    std::mt19937 rng(11);
    for (int round = 0; round < 60; round++) {
        System s(rng);
        const uint64_t quantum = 1 + rng() % 300;
        Calendar k;
        uint64_t now[4] = {}, busy = 0, waited = 0;
        for (uint64_t end = quantum; end < 3000; end += quantum) {
            for (unsigned i = 0; i < 4; i++) {
                while (now[i] < end) {
                    TimingRequest rq = {};
                    rq.port = &s.port[i];
                    rq.size = 4u << rng() % 3;
                    rq.pieces = 1;
                    rq.is_write = rng() % 2;
                    rq.target = &s.waits.model;
                    rq.issue = now[i] * kPeriod;
                    const uint64_t n = s.cycles(rq);
                    const uint64_t at = k.free_from(now[i]);
                    TimingCost cost = {};
                    cost.ps = n * kPeriod;
                    cost.cycles = static_cast<uint32_t>(n);
                    cost.target = rq.target;
                    const bool taken =
                        rng() % 2 && s.bus.model.take(&s.bus.model, rq.port,
                                                      rq.issue, &cost);
                    ASSERT_TRUE(!taken || at == now[i]);
                    if (!taken) {
                        s.bus.model.access(&s.bus.model, &rq);
                        ASSERT_EQ(rq.granted, at * kPeriod);
                        ASSERT_EQ(rq.done, (at + n) * kPeriod);
                        ASSERT_EQ(rq.blocker,
                                  at == now[i] ? 0 : k.taken.at(at - 1));
                        busy += n;
                    }
                    waited += at - now[i];
                    k.take(at, n, rq.port->id);
                    now[i] = at + n + rng() % 12;
                }
            }
        }
        EXPECT_EQ(s.bus.lane.wait_cycles, waited);
        EXPECT_EQ(s.bus.lane.busy_cycles, busy);
        EXPECT_GT(waited, 0u);
    }
}

// Asks with request(), again a while after it is served.
struct Engine {
    System *s;
    std::vector<std::pair<uint64_t, uint64_t>> *held; // cycles
    TimingRequest rq = {};
    Event next = {};
    uint32_t left = 60;

    Engine(System *system, std::vector<std::pair<uint64_t, uint64_t>> *all)
        : s(system), held(all)
    {
        event_init(&s->events, &next, "engine", EVENT_NORMAL, ask, this);
        event_schedule(&s->events, &next, 0);
    }
    static void ask(void *opaque, uint64_t when)
    {
        auto *e = static_cast<Engine *>(opaque);
        if (!e->left--) {
            return;
        }
        e->rq = {};
        e->rq.port = &e->s->port[3];
        e->rq.size = 32;
        e->rq.pieces = 1;
        e->rq.target = &e->s->waits.model;
        e->rq.issue = when;
        e->rq.on_grant = [](TimingRequest *rq) {
            auto *self = reinterpret_cast<Engine *>(
                reinterpret_cast<char *>(rq) - offsetof(Engine, rq));
            self->held->emplace_back(rq->granted / kPeriod, rq->done / kPeriod);
            const uint64_t think = self->left * 7 % 40;
            event_schedule(&self->s->events, &self->next,
                           rq->done + think * kPeriod);
        };
        e->s->bus.model.request(&e->s->bus.model, &e->rq);
    }
};

// Beside one that asks by event no two begin at once, all are served, and no
// cycle is given away twice.
TEST(BusTurns, LeaveRoomForWhoAsksByEvent)
{
    std::mt19937 rng(13);
    for (int round = 0; round < 60; round++) {
        System s(rng);
        const uint64_t quantum = 1 + rng() % 200;
        std::vector<std::pair<uint64_t, uint64_t>> held;
        Engine engine(&s, &held);
        uint64_t now[3] = {}, time = 0;
        size_t accesses = 0;
        while (time < 6000) {
            const uint64_t end = (time / quantum + 1) * quantum * kPeriod;
            const uint64_t horizon = std::min(end, event_horizon(&s.events));
            for (uint64_t &t : now) {
                while (t * kPeriod < horizon) {
                    TimingRequest rq = {};
                    rq.port = &s.port[&t - now];
                    rq.size = 4u << rng() % 4;
                    rq.pieces = 1;
                    rq.is_write = rng() % 2;
                    rq.target = &s.waits.model;
                    rq.issue = t * kPeriod;
                    s.bus.model.access(&s.bus.model, &rq);
                    held.emplace_back(rq.granted / kPeriod, rq.done / kPeriod);
                    accesses++;
                    t = rq.done / kPeriod + rng() % 24;
                }
            }
            time = *std::min_element(now, now + 3);
            while (event_horizon(&s.events) <= time * kPeriod) {
                event_run_one(&s.events);
            }
        }
        EXPECT_EQ(held.size(), accesses + 60);
        std::sort(held.begin(), held.end());
        uint64_t busy = 0;
        for (size_t i = 0; i < held.size(); i++) {
            ASSERT_TRUE(!i || held[i - 1].first < held[i].first);
            busy += held[i].second - held[i].first;
        }
        uint64_t taken = 0;
        for (uint64_t cycle = 0; cycle < 8000; cycle++) {
            taken += bus_calendar_owner(s.bus.lane.calendar, cycle) != 0;
        }
        EXPECT_EQ(s.bus.lane.busy_cycles, busy);
        EXPECT_EQ(taken, busy);
    }
}

} // namespace
