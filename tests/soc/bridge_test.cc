// Bridges: what one access costs is the formula; who waits on either bus, and
// for whom, is what a cycle-by-cycle witness says.
#include <random>

#include "tests/soc/net_kit.h"

namespace
{

const uint64_t kHz = 100000000;
const uint64_t kPeriod = 10000;

struct Shape {
    uint32_t near_width = 4, far_width = 4, near_overhead = 0, far_overhead = 0,
             request = 1, response = 0, first = 0, next = 0;

    uint64_t near_beats(uint64_t len) const
    {
        return (len + near_width - 1) / near_width;
    }
    uint64_t far_beats(uint64_t len) const
    {
        return (len + far_width - 1) / far_width;
    }
    uint64_t collect(uint64_t len) const // near beats of a far one, less one
    {
        uint64_t n = near_beats(len), f = far_beats(len);
        return n > f ? (n - 1) / f : 0;
    }
    uint64_t far_service(uint64_t len) const
    {
        uint64_t beats = far_beats(len);
        return far_overhead + beats + first + (beats - 1) * next;
    }
    uint64_t alone(uint64_t len) const
    {
        return near_overhead +
               std::max(near_beats(len),
                        collect(len) + request + far_service(len) + response);
    }
};

Shape random_shape(std::mt19937 &rng)
{
    Shape s;
    s.near_width = 1u << rng() % 4;
    s.far_width = 1u << rng() % 4;
    s.near_overhead = rng() % 2;
    s.far_overhead = rng() % 3;
    s.request = 1 + rng() % 3; // 0: who is first in a cycle goes by name
    s.response = rng() % 3;
    s.first = rng() % 4;
    s.next = rng() % 2;
    return s;
}

struct Path {
    Net net;
    Net::Link &near_bus, &far_bus;
    Bridge &bridge;
    Net::Ram &ram;

    explicit Path(const Shape &s, uint64_t near_hz = kHz, uint64_t far_hz = kHz,
                  bool crossbar = false)
        : near_bus(net.add_bus("near", near_hz, s.near_width, crossbar)),
          far_bus(net.add_bus("far", far_hz, s.far_width)),
          bridge(net.add_bridge(near_bus, far_bus, s.request, s.response)),
          ram(net.add_ram(far_bus, 0, s.first, s.next))
    {
        near_bus.bus.overhead = s.near_overhead;
        far_bus.bus.overhead = s.far_overhead;
        net.see_over(near_bus, ram, 0, &bridge);
    }
};

TEST(Bridge, AloneItCostsTheFormulaByCallByRequestAndInline)
{
    for (unsigned seed = 0; seed < 300; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        Shape s = random_shape(rng);
        s.request = rng() % 3;
        for (uint64_t len : {1u, 2u, 4u, 8u, 64u}) {
            for (bool write : {false, true}) {
                for (bool by_call : {false, true}) {
                    Path path(s, kHz, kHz, rng() % 2);
                    Player p(path.net, path.near_bus, "p", 0, len, write, 3, 5);
                    p.by_call = by_call;
                    path.net.run_all();
                    for (const PortTx &tx : p.log) {
                        EXPECT_EQ(s.alone(len) * kPeriod, tx.done - tx.issue);
                        EXPECT_EQ(0u, tx.wait);
                        EXPECT_EQ(s.first + (s.far_beats(len) - 1) * s.next,
                                  tx.target);
                        EXPECT_EQ(s.far_beats(len), tx.beats);
                    }
                    EXPECT_EQ(3 * len, path.bridge.bytes);
                    EXPECT_EQ(3 * len, bus_totals(&path.near_bus.bus).bytes);
                    EXPECT_EQ(3 * len, bus_totals(&path.far_bus.bus).bytes);
                    EXPECT_EQ(3 * s.alone(len),
                              bus_totals(&path.near_bus.bus).busy_cycles);
                    EXPECT_EQ(3 * s.far_service(len),
                              bus_totals(&path.far_bus.bus).busy_cycles);
                    TimingRequest rq = {};
                    rq.port = &p.port;
                    rq.size = static_cast<uint32_t>(len);
                    rq.pieces = 1;
                    rq.is_write = write;
                    rq.target = &path.ram.waits.model;
                    TimingModel *model = &path.near_bus.bus.model;
                    TimingInline form = {};
                    ASSERT_TRUE(model->inline_form(model, &rq, &form));
                    EXPECT_EQ(s.alone(len) * kPeriod,
                              form.first + (form.beats - 1) * form.next);
                    EXPECT_EQ(s.far_beats(len), form.beats);
                    EXPECT_EQ(path.far_bus.bus.model.id, form.bus);
                    // What went inline adds what a call would.
                    BusTotals near_before = bus_totals(&path.near_bus.bus);
                    BusTotals far_before = bus_totals(&path.far_bus.bus);
                    model->account(model, &rq, 3);
                    BusTotals near_after = bus_totals(&path.near_bus.bus);
                    BusTotals far_after = bus_totals(&path.far_bus.bus);
                    EXPECT_EQ(2 * near_before.busy_cycles,
                              near_after.busy_cycles);
                    EXPECT_EQ(2 * far_before.busy_cycles,
                              far_after.busy_cycles);
                    EXPECT_EQ(2 * near_before.beats, near_after.beats);
                    EXPECT_EQ(2 * far_before.beats, far_after.beats);
                    EXPECT_EQ(2 * far_before.transactions,
                              far_after.transactions);
                    EXPECT_EQ(6 * len, path.bridge.bytes);
                }
            }
        }
    }
}

// -- contention on both buses ------------------------------------------------

struct Seen {
    uint64_t issue, wait, done; // cycles
    int blocker;                // index of the initiator; -1: none
    bool operator==(const Seen &o) const
    {
        return issue == o.issue && wait == o.wait && done == o.done &&
               blocker == o.blocker;
    }
};
std::ostream &operator<<(std::ostream &out, const Seen &s)
{
    return out << "{" << s.issue << " " << s.wait << " " << s.done << " "
               << s.blocker << "}";
}

struct Actor {
    bool far_away; // sits on the far bus itself
    uint64_t len, think;
    bool write;
};

const unsigned kTimes = 25;

// Round robin on both buses; initiator 0 has the first turn.
std::vector<std::vector<Seen>> witness(const Shape &s,
                                       const std::vector<Actor> &actors)
{
    const size_t n = actors.size();
    const uint64_t never = UINT64_MAX;
    struct Bus {
        uint64_t free_at = 0;
        int holder = -1;
        size_t last;
    } near_bus{0, -1, n - 1}, far_bus{0, -1, n - 1};
    std::vector<std::vector<Seen>> log(n);
    std::vector<uint64_t> issue(n, 0), at_near(n, 0), at_far(n, never),
        near_wait(n, 0), leaves(n, 0);
    std::vector<int> blocker(n, -1);
    for (size_t i = 0; i < n; i++) {
        if (actors[i].far_away) {
            std::swap(at_near[i], at_far[i]);
        }
    }
    auto pick = [&](Bus &bus, const std::vector<uint64_t> &at, uint64_t cycle) {
        int winner = -1;
        unsigned asking = 0;
        for (size_t k = 1; k <= n; k++) {
            size_t i = (bus.last + k) % n;
            if (at[i] <= cycle) {
                asking++;
                winner = winner < 0 ? int(i) : winner;
            }
        }
        if (asking > 1) {
            bus.last = static_cast<size_t>(winner);
        }
        return winner;
    };
    for (uint64_t cycle = 0;; cycle++) {
        bool left = false;
        for (size_t i = 0; i < n; i++) {
            left |= log[i].size() < kTimes;
        }
        if (!left) {
            return log;
        }
        if (near_bus.free_at <= cycle) {
            int w = pick(near_bus, at_near, cycle);
            if (w >= 0) {
                size_t i = static_cast<size_t>(w);
                near_wait[i] = cycle - at_near[i];
                blocker[i] = near_wait[i] ? near_bus.holder : -1;
                leaves[i] = cycle + s.near_overhead;
                at_far[i] = leaves[i] + s.request +
                            (actors[i].write ? s.collect(actors[i].len) : 0);
                at_near[i] = never;
                near_bus.free_at = never;
            }
        }
        if (far_bus.free_at <= cycle) {
            int w = pick(far_bus, at_far, cycle);
            if (w >= 0) {
                size_t i = static_cast<size_t>(w);
                const Actor &a = actors[i];
                uint64_t wait = cycle - at_far[i];
                blocker[i] = wait ? far_bus.holder : blocker[i];
                uint64_t done = far_bus.free_at = cycle + s.far_service(a.len);
                far_bus.holder = w;
                if (!a.far_away) {
                    done += s.response + (a.write ? 0 : s.collect(a.len));
                    done = std::max(done, leaves[i] + s.near_beats(a.len));
                    near_bus.free_at = done;
                    near_bus.holder = w;
                }
                log[i].push_back(
                    {issue[i], near_wait[i] + wait, done, blocker[i]});
                issue[i] = done + a.think;
                near_wait[i] = 0;
                blocker[i] = -1;
                at_far[i] = never;
                bool more = log[i].size() < kTimes;
                (a.far_away ? at_far[i] : at_near[i]) = more ? issue[i] : never;
            }
        }
    }
}

TEST(Bridge, ContentionOnBothBusesEqualsTheWitness)
{
    const char *const names[] = {"p0", "p1", "p2", "p3", "p4"};
    for (unsigned seed = 0; seed < 400; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        Shape s = random_shape(rng);
        std::vector<Actor> actors;
        for (size_t i = 0, n = 2 + rng() % 4; i < n; i++) {
            actors.push_back({rng() % 3 == 0, uint64_t{1} << rng() % 6,
                              rng() % 12, rng() % 2 == 0});
        }
        Path path(s);
        std::vector<std::unique_ptr<Player>> players;
        for (size_t i = 0; i < actors.size(); i++) {
            const Actor &a = actors[i];
            players.emplace_back(
                new Player(path.net, a.far_away ? path.far_bus : path.near_bus,
                           names[i], 0, a.len, a.write, kTimes, a.think));
        }
        auto last = static_cast<uint16_t>(actors.size());
        path.near_bus.bus.lane.last_winner = last; // the first has its turn
        path.far_bus.bus.lane.last_winner = last;
        if (rng() % 2) { // others are granted while it waits
            players[0]->drive();
        } else {
            path.net.run_all();
        }
        std::vector<std::vector<Seen>> got(actors.size());
        uint64_t near_waits = 0, waits = 0;
        for (size_t i = 0; i < actors.size(); i++) {
            for (const PortTx &tx : players[i]->log) {
                got[i].push_back({tx.issue / kPeriod, tx.wait,
                                  tx.done / kPeriod,
                                  tx.blocker ? tx.blocker - 1 : -1});
                waits += tx.wait;
            }
        }
        ASSERT_EQ(witness(s, actors), got);
        BusTotals near_sum = bus_totals(&path.near_bus.bus);
        BusTotals far_sum = bus_totals(&path.far_bus.bus);
        near_waits = near_sum.wait_cycles;
        EXPECT_EQ(waits, near_waits + far_sum.wait_cycles);
        uint64_t bytes = 0, over = 0;
        for (size_t i = 0; i < actors.size(); i++) {
            bytes += kTimes * actors[i].len;
            over += actors[i].far_away ? 0 : kTimes * actors[i].len;
        }
        EXPECT_EQ(bytes, far_sum.bytes);
        EXPECT_EQ(over, near_sum.bytes);
        EXPECT_EQ(over, path.bridge.bytes);
        EXPECT_LE(near_sum.busy_cycles, near_sum.end / kPeriod);
        EXPECT_LE(far_sum.busy_cycles, far_sum.end / kPeriod);
    }
}

// -- clocks ------------------------------------------------------------------

uint64_t up(uint64_t n, uint64_t from_hz, uint64_t to_hz)
{
    return (n * to_hz + from_hz - 1) / from_hz;
}

TEST(Bridge, ClocksOfAnyRatioNeverDrift)
{
    const uint64_t ratios[][2] = {
        {3000000, 2000000}, {100, 20}, {2, 3}, {7, 5}, {1, 1}, {20, 50}};
    for (auto &hz : ratios) {
        for (bool by_call : {false, true}) {
            Shape s;
            s.request = 2;
            s.response = 1;
            s.first = 1;
            s.far_width = 2;
            Path path(s, hz[0], hz[1]);
            Player p(path.net, path.near_bus, "p", 0, 4, true, 2000, 3);
            p.by_call = by_call;
            path.net.run_all();
            uint64_t cycle = 0; // of the near bus
            for (const PortTx &tx : p.log) {
                uint64_t far = up(cycle, hz[0], hz[1]) + 2 + 3 + 1;
                uint64_t done = std::max(up(far, hz[1], hz[0]), cycle + 1);
                ASSERT_EQ(clock_time(&p.clock, cycle), tx.issue);
                ASSERT_EQ(clock_time(&p.clock, done), tx.done);
                ASSERT_EQ(0u, tx.wait);
                cycle = done + 3;
            }
        }
    }
}

// -- two bridges in a row, and who is in the way behind them ------------------

TEST(Bridge, ChainsAddUpAndNameTheInitiator)
{
    Shape s;
    s.response = 1;
    Path path(s);
    Net::Link &top = path.net.add_bus("top", kHz, 4);
    Bridge &b = path.net.add_bridge(top, path.near_bus, 2, 3);
    path.net.see_over(top, path.ram, 0, &b);
    Player dma(path.net, path.far_bus, "dma", 0, 64, false, 1);
    Player hart(path.net, top, "hart", 0, 4, false, 1);
    path.net.run_all();
    // Asks for the far bus at 2 + 1, waits until 16, 1 beat, 1 + 3 back.
    EXPECT_EQ(13u, hart.log[0].wait);
    EXPECT_EQ(dma.port.id, hart.log[0].blocker);
    EXPECT_EQ(21 * kPeriod, hart.log[0].done);
    EXPECT_EQ(0u, top.bus.waits);
    ASSERT_EQ(1u, path.far_bus.bus.waits);
    EXPECT_EQ(hart.port.id, path.far_bus.bus.wait[0].initiator);
    EXPECT_EQ(dma.port.id, path.far_bus.bus.wait[0].blocker);
    EXPECT_EQ(21u, bus_totals(&top.bus).busy_cycles);
}

// What a hart asks before it goes on inline.
TEST(Bridge, InlineFormsKnowWhoIsInTheWayOnBothBuses)
{
    Shape s;
    s.request = 3;
    Path path(s);
    TimingModel *model = &path.near_bus.bus.model;
    Player dma(path.net, path.far_bus, "dma", 0, 64, false, 1);
    event_run_one(&path.net.events); // asks
    EXPECT_EQ(TIME_NEVER, model->clear_at(model));
    event_run_one(&path.net.events); // is granted 16 beats
    EXPECT_EQ(16 * kPeriod, model->clear_at(model));
    path.net.run_all();
    Player over(path.net, path.near_bus, "over", 0, 4, false, 1);
    event_run_one(&path.net.events);
    EXPECT_EQ(TIME_NEVER, model->clear_at(model));
    event_run_one(&path.net.events); // is on the bridge
    EXPECT_TRUE(path.near_bus.bus.lane.open);
    EXPECT_EQ(TIME_NEVER, model->clear_at(model));
    path.net.run_all();
    EXPECT_EQ(over.log[0].done, model->clear_at(model));
    TimingCost cost = {kPeriod, 1, 1, 4, &path.ram.waits.model};
    EXPECT_FALSE(model->take(model, &over.port, 100 * kPeriod, &cost));
}

// An event of a device that itself accesses the bus which a waiting access
// holds: that one cannot go on before, and nothing hangs.
TEST(Bridge, AnAccessInsideOfAnEventDoesNotWaitForWhatWaitsForIt)
{
    Shape s;
    s.request = 5;
    Path path(s);
    Player inner(path.net, path.near_bus, "inner", 0, 4, true, 1);
    inner.by_call = true;
    event_schedule(&path.net.events, &inner.next, 2 * kPeriod);
    Player ticks(path.net, path.far_bus, "ticks", 0, 4, false, 30, 4);
    MemoryPort hart = {};
    ASSERT_TRUE(port_init(&hart, &path.near_bus.as, "hart",
                          &path.near_bus.clock, &path.near_bus.bus.model, 0,
                          nullptr));
    PortTx tx = {};
    tx.kind = ACCESS_LOAD;
    port_load(&hart, &tx, 4);
    EXPECT_EQ(6 * kPeriod, tx.done - tx.wait * kPeriod);
    ASSERT_EQ(1u, inner.log.size());
    EXPECT_LT(ticks.log.size(), 10u) << "time went on for the inner one";
    path.net.run_all();
    EXPECT_EQ(30u, ticks.log.size());
    port_fini(&hart);
}

} // namespace
