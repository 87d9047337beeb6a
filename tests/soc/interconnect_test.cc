// Closed-loop initiators on buses, crossbars and clocks of any ratio: what they
// wait is the closed formula.
#include <random>

#include "tests/soc/net_kit.h"

namespace
{

const uint64_t kHz = 100000000;
const unsigned kTimes = 12;
const char *const kNames[] = {"p0", "p1", "p2", "p3", "p4"};

struct Load { // all initiators alike
    uint32_t bytes, first, next, overhead;
    bool write;
    uint64_t service(uint32_t width) const
    {
        uint64_t beats = (bytes + width - 1) / width;
        return overhead + beats + first + (beats - 1) * next;
    }
};

const Load kLoads[] = {{4, 0, 0, 0, false},  {4, 2, 2, 0, true},
                       {16, 0, 0, 0, true},  {16, 3, 1, 0, false},
                       {64, 5, 0, 1, false}, {1, 0, 0, 3, true}};

struct Loop {
    Net net;
    Net::Link &l;
    std::vector<std::unique_ptr<Player>> players;

    Loop(unsigned n, const Load &load, BusArbitration arbitration)
        : l(net.add_bus("main", kHz, 4))
    {
        l.bus.arbitration = arbitration;
        l.bus.overhead = load.overhead;
        net.add_ram(l, 0, load.first, load.next);
        for (unsigned i = 0; i < n; i++) {
            players.emplace_back(new Player(net, l, kNames[i], 0, load.bytes,
                                            load.write, kTimes));
            players[i]->waits_for_slots = arbitration == BUS_TDM;
        }
    }
    // Everything is conserved.
    void check(const Load &load)
    {
        BusTotals sum = bus_totals(&l.bus);
        uint64_t n = players.size(), wait = 0, bytes = 0;
        for (auto &p : players) {
            for (PortTx &tx : p->log) {
                wait += tx.wait;
            }
            bytes += p->bytes_moved();
            EXPECT_EQ(kTimes * load.bytes, p->bytes_moved());
        }
        EXPECT_EQ(n * kTimes, sum.transactions);
        EXPECT_EQ(bytes, sum.bytes);
        EXPECT_EQ(wait, sum.wait_cycles);
        EXPECT_EQ(n * kTimes * load.service(4), sum.busy_cycles);
        EXPECT_LE(sum.busy_cycles, clock_cycle_at(&l.clock, sum.end));
    }
};

TEST(Interconnect, RoundRobinWaitsForEveryOther)
{
    for (const Load &load : kLoads) {
        for (unsigned n = 2; n <= 5; n++) {
            Loop loop(n, load, BUS_ROUND_ROBIN);
            loop.net.run_all();
            loop.check(load);
            uint64_t s = load.service(4);
            for (unsigned i = 0; i < n; i++) {
                for (unsigned k = 0; k < kTimes; k++) {
                    const PortTx &tx = loop.players[i]->log[k];
                    EXPECT_EQ(k ? (n - 1) * s : i * s, tx.wait);
                    EXPECT_EQ(tx.wait ? loop.players[(i + n - 1) % n]->port.id
                                      : 0,
                              tx.blocker);
                }
            }
        }
    }
}

TEST(Interconnect, FixedPriorityWaitsForAllAbove)
{
    for (const Load &load : kLoads) {
        for (unsigned n = 2; n <= 5; n++) {
            Loop loop(n, load, BUS_FIXED);
            for (unsigned i = 0; i < n; i++) { // the last made goes first
                loop.players[i]->port.priority =
                    static_cast<uint8_t>(n - 1 - i);
            }
            loop.net.run_all();
            loop.check(load);
            for (unsigned i = 0; i < n; i++) {
                uint64_t above = n - 1 - i;
                for (unsigned k = 0; k < kTimes; k++) {
                    EXPECT_EQ(k ? 0 : above * kTimes * load.service(4),
                              loop.players[i]->log[k].wait);
                }
            }
        }
    }
}

// The more important of two thinks: each gets in while the other does.
TEST(Interconnect, FixedPriorityAndThinking)
{
    for (const Load &load : kLoads) {
        uint64_t s = load.service(4);
        for (uint64_t think = 1; think < 2 * s; think++) {
            Loop loop(2, load, BUS_FIXED);
            loop.players[0]->think = loop.players[1]->think = think;
            loop.net.run_all();
            loop.check(load);
            uint64_t wait = think < s ? s - think : 0;
            for (unsigned k = 1; k < kTimes; k++) {
                EXPECT_EQ(wait, loop.players[0]->log[k].wait);
                if (k + 1 < kTimes) { // at the end the other is through
                    EXPECT_EQ(wait, loop.players[1]->log[k].wait);
                }
            }
        }
    }
}

// With slots as long as m services, m of them go without waiting, then a frame
// passes; slots of nobody included.
TEST(Interconnect, TdmWaitsForItsSlot)
{
    for (const Load &load : kLoads) {
        for (unsigned n = 2; n <= 5; n++) {
            for (uint32_t m = 1; m <= 3; m++) {
                uint64_t s = load.service(4), unused = n % 3;
                Loop loop(n, load, BUS_TDM);
                loop.l.bus.slot_cycles = static_cast<uint32_t>(m * s);
                loop.l.bus.slots = static_cast<uint32_t>(n + unused);
                for (unsigned i = 0; i < n; i++) {
                    loop.l.bus.owner[i] = kNames[i];
                }
                loop.net.run_all();
                loop.check(load);
                uint64_t slot = m * s, frame = (n + unused) * slot;
                for (unsigned i = 0; i < n; i++) {
                    for (unsigned k = 0; k < kTimes; k++) {
                        EXPECT_EQ(k == 0  ? i * slot
                                  : k % m ? 0
                                          : frame - slot,
                                  loop.players[i]->log[k].wait);
                    }
                }
            }
        }
    }
}

// Slots of any length, all taken: grant number k is at k services, and goes to
// whose slot that is in.
TEST(Interconnect, TdmGrantsByTheSlotOfTheMoment)
{
    for (const Load &load : kLoads) {
        for (uint32_t slot = 1; slot <= 7; slot++) {
            const unsigned n = 3;
            Loop loop(n, load, BUS_TDM);
            loop.l.bus.slot_cycles = slot;
            loop.l.bus.slots = n;
            for (unsigned i = 0; i < n; i++) {
                loop.l.bus.owner[i] = kNames[i];
            }
            uint64_t s = load.service(4), served[n] = {}, last[n] = {};
            for (uint64_t k = 0; served[0] < kTimes && served[1] < kTimes &&
                                 served[2] < kTimes && k < 200;
                 k++) {
                unsigned owner = static_cast<unsigned>(k * s / slot % n);
                uint64_t want = k * s - last[owner];
                while (loop.players[owner]->log.size() <= served[owner]) {
                    ASSERT_TRUE(loop.net.events.count);
                    event_run_one(&loop.net.events);
                }
                EXPECT_EQ(want, loop.players[owner]->log[served[owner]].wait);
                served[owner]++;
                last[owner] = (k + 1) * s;
            }
            loop.l.bus.lane.waiting = nullptr; // some never have their turn
            while (loop.net.events.count) {
                event_cancel(&loop.net.events, loop.net.events.heap[0]);
            }
        }
    }
}

TEST(Interconnect, CrossbarContendsPerTarget)
{
    for (const Load &load : kLoads) {
        for (unsigned n = 2; n <= 5; n++) {
            for (unsigned targets : {1u, 2u, n}) {
                Net net;
                Net::Link &l = net.add_bus("xbar", kHz, 4, true);
                l.bus.overhead = load.overhead;
                for (unsigned t = 0; t < targets; t++) {
                    net.add_ram(l, 0x1000 * t, load.first, load.next);
                }
                std::vector<std::unique_ptr<Player>> p;
                for (unsigned i = 0; i < n; i++) {
                    p.emplace_back(new Player(net, l, kNames[i],
                                              0x1000 * (i % targets),
                                              load.bytes, load.write, kTimes));
                }
                net.run_all();
                uint64_t s = load.service(4), bytes = 0;
                for (unsigned i = 0; i < n; i++) {
                    uint64_t group = (n - i % targets + targets - 1) / targets;
                    for (unsigned k = 0; k < kTimes; k++) {
                        EXPECT_EQ(k ? (group - 1) * s : i / targets * s,
                                  p[i]->log[k].wait);
                    }
                    bytes += p[i]->bytes_moved();
                }
                BusTotals sum = bus_totals(&l.bus);
                EXPECT_EQ(bytes, sum.bytes);
                EXPECT_EQ(targets + 1, sum.lanes);
                uint64_t most = (n + targets - 1) / targets * kTimes * s;
                EXPECT_EQ(most, sum.busy_cycles);
                EXPECT_EQ(most, clock_cycle_at(&l.clock, sum.end));
            }
        }
    }
}

// Edges in whole numbers: cycle n of a begins with, or after, cycle m of b.
uint64_t edge_after(uint64_t n, uint64_t a_hz, uint64_t b_hz)
{
    return static_cast<uint64_t>(
        (static_cast<unsigned __int128>(n) * b_hz + a_hz - 1) / a_hz);
}

TEST(Interconnect, ClocksOfAnyRatioNeverDrift)
{
    const uint64_t ratios[][2] = {{150000000, 100000000}, {2, 3},     {3, 2},
                                  {7000000, 3000000},     {5, 7},     {1, 3},
                                  {33000000, 100000000},  {1000, 999}};
    for (auto &hz : ratios) {
        for (bool by_call : {false, true}) {
            Net net;
            Net::Link &l = net.add_bus("main", hz[1], 4);
            net.add_ram(l, 0, 1, 0);
            Player p(net, l, "p0", 0, 12, false, 3000, 1, hz[0]);
            p.by_call = by_call;
            net.run_all();
            uint64_t cycle = 0; // of the player
            for (const PortTx &tx : p.log) {
                uint64_t begin = edge_after(cycle, hz[0], hz[1]);
                ASSERT_EQ(clock_time(&p.clock, cycle), tx.issue);
                ASSERT_EQ(clock_time(&l.clock, begin), tx.granted);
                ASSERT_EQ(clock_time(&l.clock, begin + 4), tx.done);
                ASSERT_EQ(0u, tx.wait) << "nobody was in the way";
                cycle = edge_after(begin + 4, hz[1], hz[0]) + 1;
            }
        }
    }
}

uint64_t add(uint64_t old, uint64_t operand)
{
    return old + operand;
}

// Two that increment one word, while a third reads it: nobody gets between.
TEST(Interconnect, AnAtomicAccessLocksTheBus)
{
    Net net;
    Net::Link &l = net.add_bus("main", kHz, 4);
    Net::Ram &r = net.add_ram(l, 0, 3, 3);
    Player dma(net, l, "dma", 0, 4, false, 100);
    MemoryPort hart[2] = {};
    uint64_t now[2] = {0, 0}, seen = 0;
    for (MemoryPort &h : hart) {
        ASSERT_TRUE(
            port_init(&h, &l.as, "hart", &l.clock, &l.bus.model, 0, nullptr));
    }
    std::vector<PortTx> amo;
    for (unsigned k = 0; k < 40; k++) {
        PortTx tx = {};
        tx.kind = ACCESS_AMO;
        tx.issue = now[k % 2];
        EXPECT_EQ(seen++, port_amo(&hart[k % 2], &tx, 4, add, 1));
        now[0] = now[1] = tx.done;
        EXPECT_EQ(1u, tx.beats);
        amo.push_back(tx);
    }
    net.run_all();
    uint64_t word = 0;
    memcpy(&word, memory_region_get_ram_ptr(&r.region), 4);
    EXPECT_EQ(40u, word);
    EXPECT_EQ(140u, bus_totals(&l.bus).transactions);
    for (const PortTx &a : amo) {
        for (const PortTx &d : dma.log) {
            EXPECT_TRUE(d.done <= a.granted || d.granted >= a.done);
        }
    }
    for (MemoryPort &h : hart) {
        port_fini(&h);
    }
}

// One inline access to a device, while another initiator holds a lane.
TEST(Interconnect, TakesALaneOnlyWhenItIsFree)
{
    for (bool crossbar : {false, true}) {
        Net net;
        Net::Link &l = net.add_bus("main", kHz, 4, crossbar);
        Net::Ram &busy = net.add_ram(l, 0, 0, 0);
        Net::Ram &idle = net.add_ram(l, 0x1000, 0, 0);
        Player dma(net, l, "dma", 0, 64, false, 1);
        MemoryPort hart = {};
        ASSERT_TRUE(port_init(&hart, &l.as, "hart", &l.clock, &l.bus.model, 0,
                              nullptr));
        TimingModel *model = &l.bus.model;
        const uint64_t cycle = l.clock.period;
        TimingCost to_busy = {cycle, 1, 1, 4, &busy.waits.model};
        TimingCost to_idle = {cycle, 1, 1, 4, &idle.waits.model};
        EXPECT_FALSE(model->take(model, &hart, 0, &to_busy)) << "it will ask";
        event_run_one(&net.events);
        event_run_one(&net.events); // granted until 16
        event_cancel(&net.events, &dma.next);
        EXPECT_FALSE(model->take(model, &hart, 15 * cycle, &to_busy));
        EXPECT_EQ(crossbar, model->take(model, &hart, 15 * cycle, &to_idle));
        EXPECT_EQ(16 * cycle, model->clear_at(model));
        EXPECT_TRUE(model->take(model, &hart, 16 * cycle, &to_busy));
        EXPECT_FALSE(model->take(model, &hart, 16 * cycle, &to_busy));
        EXPECT_EQ(17 * cycle, model->clear_at(model));
        l.bus.arbitration = BUS_TDM; // and nobody gets spare slots
        l.bus.slots = 1;
        EXPECT_EQ(TIME_NEVER, model->clear_at(model));
        EXPECT_FALSE(model->take(model, &hart, 99 * cycle, &to_busy));
        port_fini(&hart);
    }
}

// A long transfer lets others in after each burst; one without a limit not.
TEST(Interconnect, BurstsLetOthersIn)
{
    for (uint32_t burst : {0u, 1u, 3u, 4u, 16u}) {
        Net net;
        Net::Link &l = net.add_bus("main", kHz, 4);
        l.bus.burst = burst;
        l.bus.arbitration = BUS_FIXED;
        net.add_ram(l, 0, 0, 0);
        Player dma(net, l, "dma", 0, 64, true, 1);
        Player hart(net, l, "hart", 0, 4, false, 1);
        hart.port.priority = 0;
        dma.port.priority = 1;
        event_schedule(&net.events, &hart.next, clock_time(&l.clock, 1));
        net.run_all();
        uint64_t first = burst ? burst : 16;
        EXPECT_EQ(first - 1, hart.log[0].wait);
        EXPECT_EQ(burst && burst < 16 ? 1u : 0u, dma.log[0].wait);
        EXPECT_EQ(16u, dma.log[0].beats);
        EXPECT_EQ(burst && burst < 16 ? 17u : 16u,
                  clock_cycle_at(&l.clock, dma.log[0].done));
        EXPECT_EQ(2u, bus_totals(&l.bus).transactions);
        EXPECT_EQ(68u, bus_totals(&l.bus).bytes);
    }
}

} // namespace
