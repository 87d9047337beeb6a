// Buses, bridges and slots of a description: what is wrong with one, and that a
// machine of them runs alike whatever does not matter: fast path, quantum,
// slices, the order of entries.
#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "tests/sim/config_kit.h"
#include "tests/sim/machine_kit.h"

using namespace kit;

namespace
{

const char *const kDma =
    "cpus: [{name: c, isa: rv32i, bus: main}]\n"
    "devices: [{name: d, type: dma, bus: main, at: 0, master: main}]\n";

struct Wrong {
    const char *buses, *error;
};

const Wrong kWrong[] = {
    {"main: {kind: star}", "kind: unknown value \"star\"; known: shared, "},
    {"main: {arbitration: tmd}", "did you mean \"tdm\"?"},
    {"main: {outstanding: 0}", "outstanding: 0 is out of range; write 1 to 16"},
    {"main: {outstanding: 17}", "out of range; write 1 to 16"},
    {"main: {burst: -1}", "burst: \"-1\" is not a number"},
    {"main: {slots: [c]}", "t.yaml:3: slots is for tdm only; write "
                           "\"arbitration: tdm\", or leave it out"},
    {"main: {spare: next}", "spare is for tdm only"},
    {"main: {slot: 2}", "slot is for tdm only"},
    {"main: {arbitration: tdm}", "arbitration tdm needs 1 to 64 slots"},
    {"main: {arbitration: tdm, slots: []}", "needs 1 to 64 slots"},
    {"main: {arbitration: tdm, slots: [c, dd]}",
     "slots: no initiator of this bus is called \"dd\"; did you mean \"d\"?"},
    {"main: {arbitration: tdm, slots: [c]}",
     "slots: \"d\" has none, and would never be granted; add it, or write "
     "\"spare: next\""},
    {"main: {arbitration: tdm, slots: [c, d], slot: 0}",
     "slot: 0 is out of range"},
    {"main: {arbitration: tdm, slots: [c, d], spare: other}",
     "spare: unknown value \"other\"; known: nobody, next"},
    {"main: , far: {parent: main, arbitration: tdm, slots: [c]}",
     "slots: \"d\" has none"},
    {"main: {latency: 2}", "latency is a bridge's, and this bus has no "
                           "\"parent\""},
    {"main: , far: {parent: mian}",
     "parent: unknown bus \"mian\"; did you mean \"main\"?"},
    {"main: , far: {parent: []}", "parent: the list is empty; name a bus"},
    {"main: , far: {parent: [main, main]}", "named twice"},
    {"main: , far: {parent: main, latency: {reqest: 2}}",
     "did you mean \"request\"?"},
    {"main: , far: {parent: main, latency: -1}", "latency: \"-1\""},
    {"main: {parent: main}", "bus \"main\" is behind itself"},
    {"main: {parent: b}, b: {parent: main}", "is behind itself"},
    {"main: {parent: b}, b: {parent: a}, a: {parent: b}",
     "up from bus \"main\" over \"parent\", bus \"b\" is met twice"},
    {"main: , b: {parent: main}, d1: {parent: [main, b]}",
     "up from bus \"d1\" over \"parent\", bus \"main\" is met twice; take "
     "one of these \"parent\" away"},
    {"main: , far: {parent: main, timing: none}",
     "a bridge from \"main\" to \"far\" has time, and \"timing: none\" has "
     "not"},
    {"main: {timing: none}, far: {parent: main}", "has time, and"},
    {"main: , b1: {parent: main}, b2: {parent: b1}, b3: {parent: b2}, b4: "
     "{parent: b3}, b5: {parent: b4}, b6: {parent: b5}, b7: {parent: b6}, b8: "
     "{parent: b7}, b9: {parent: b8}",
     "behind more than 8 bridges in a row"},
};

config_kit::Result parse_buses(const std::string &buses,
                               const std::string &more = kDma)
{
    return config_kit::parse("version: 1\nclock: 1MHz\nbuses: {" + buses +
                             "}\n" + more);
}

TEST(BusConfig, WrongOnesSayWhereAndWhat)
{
    for (const Wrong &w : kWrong) {
        config_kit::Result r = parse_buses(w.buses);
        ASSERT_FALSE(r.cfg) << w.buses;
        EXPECT_NE(std::string::npos, r.error.find(w.error))
            << r.error << "\nexpected: " << w.error;
        EXPECT_EQ(0u, r.error.find("t.yaml:3: ")) << r.error;
    }
}

TEST(BusConfig, WhatABridgeShowsMayNotOverlap)
{
    config_kit::Result r = parse_buses(
        "main: , far: {parent: main}",
        "memories:\n- {name: a, bus: main, at: 0x1000, size: 4KiB}\n"
        "- {name: b, bus: far, at: 0x1800, size: 4KiB}\n");
    ASSERT_FALSE(r.cfg);
    EXPECT_NE(std::string::npos,
              r.error.find("t.yaml:6: memory \"b\" (0x1800-0x27ff) overlaps "
                           "memory \"a\" (0x1000-0x1fff, line 5) on bus main"))
        << r.error;
    r = parse_buses("main: , far: {parent: main}",
                    "memories: [{name: a, bus: [main, far], at: 0, size: "
                    "4KiB}]\n");
    ASSERT_FALSE(r.cfg);
    EXPECT_NE(std::string::npos,
              r.error.find("memory \"a\" is on bus main twice, also behind a "
                           "bridge; name one of its buses only"))
        << r.error;
}

TEST(BusConfig, TextReadsBackToTheSame)
{
    config_kit::Result r = parse_buses(
        "main: {kind: crossbar, arbitration: tdm, slots: [c, nobody, d, c], "
        "slot: 7, spare: next, burst: 16, outstanding: 4}, "
        "far: {parent: [main, side], latency: {request: 3, response: 1}}, "
        "side: {width: 64}, one: {parent: far, latency: 2}");
    ASSERT_TRUE(r.cfg) << r.error;
    char *text = config_text(r.cfg.get());
    config_kit::Result again = config_kit::parse(text);
    ASSERT_TRUE(again.cfg) << again.error << "\n" << text;
    char *same = config_text(again.cfg.get());
    EXPECT_STREQ(text, same);
    free(text);
    free(same);
    const ConfigBus *b = config_bus_find(again.cfg.get(), "main");
    EXPECT_TRUE(b->crossbar && b->spare);
    EXPECT_EQ(BUS_TDM, b->arbitration);
    ASSERT_EQ(4u, b->slots);
    EXPECT_EQ(nullptr, b->slot[1]);
    EXPECT_STREQ("d", b->slot[2]);
    EXPECT_EQ(7u, b->slot_cycles);
    EXPECT_EQ(16u, b->burst);
    EXPECT_EQ(4u, b->outstanding);
    b = config_bus_find(again.cfg.get(), "far");
    EXPECT_STREQ("side", b->parent[1]);
    EXPECT_EQ(3u, b->request);
    EXPECT_EQ(1u, b->response);
    b = config_bus_find(again.cfg.get(), "one");
    EXPECT_EQ(2u, b->request);
    EXPECT_EQ(2u, b->response);
}

// -- machines ----------------------------------------------------------------

// Starts the DMA engine, then reads, writes and increments memory near and far,
// polls a register, prints.
Code work(unsigned burst_log2)
{
    return li(s0, 0x18000000) + li(t0, 0x80002000) + Code{sw(t0, 0, s0)} +
           li(t0, 0x90000100) + Code{sw(t0, 8, s0)} + li(t0, 0xc00) +
           Code{sw(t0, 16, s0)} + li(t0, 1 | burst_log2 << 4) +
           Code{sw(t0, 20, s0)} + li(sp, 0x80001000) + li(gp, 0x90000000) +
           li(s1, 0x10000000) +
           Code{lw(a0, 0, sp),
                addi(a0, a0, 1),
                sw(a0, 0, sp),
                lw(a1, 24, s0),
                sw(a1, 0, gp),
                lw(a2, 0, gp),
                0x00a1a2af /* amoadd.w */,
                addi(t0, t0, 1),
                addi(t0, t0, 1),
                addi(t0, t0, 1),
                andi(a2, a0, 15),
                bne(a2, zero, 8),
                sb(a0, 0, s1),
                j(-52)};
}

struct Board {
    std::vector<std::string> buses, memories, devices;
    std::string quantum = "1us";

    std::string text() const
    {
        std::string s = "version: 1\nclock: 50MHz\nquantum: " + quantum +
                        "\ncpus:\n" + one_cpu + "buses:\n";
        for (const std::string &b : buses)
            s += "  " + b + "\n";
        s += "memories:\n";
        for (const std::string &b : memories)
            s += "  - {" + b + "}\n";
        s += "devices:\n";
        for (const std::string &b : devices)
            s += "  - {" + b + "}\n";
        return s;
    }
};

std::string pick(std::mt19937 &rng, std::initializer_list<const char *> of)
{
    return *(of.begin() + rng() % of.size());
}

std::string random_bus(std::mt19937 &rng)
{
    std::string tdm = ", arbitration: tdm, slots: [cpu0, dma0, cpu0], slot: " +
                      std::to_string(1 + rng() % 9) +
                      ", spare: " + pick(rng, {"next", "nobody"});
    return "kind: " + pick(rng, {"shared", "crossbar"}) +
           ", width: " + pick(rng, {"8", "32", "64"}) +
           ", overhead: " + pick(rng, {"0", "1"}) +
           ", burst: " + pick(rng, {"0", "2", "16"}) +
           ", outstanding: " + pick(rng, {"1", "1", "3"}) +
           (rng() % 3 ? ", arbitration: " + pick(rng, {"fixed", "round-robin"})
                      : tdm) +
           ", clock: " + pick(rng, {"50MHz", "50MHz", "30MHz"});
}

Board random_board(std::mt19937 &rng)
{
    std::string far = pick(rng, {"main", "apb", "deep"});
    return {{"main: {" + random_bus(rng) + "}",
             "apb: {" + random_bus(rng) + ", parent: main, latency: " +
                 pick(rng, {"0", "1", "{request: 2, response: 1}"}) + "}",
             "deep: {" + random_bus(rng) + ", parent: apb, latency: 1}"},
            {"name: ram, bus: main, at: 0x80000000, size: 64KiB",
             "name: far, bus: " + far +
                 ", at: 0x90000000, size: 4KiB, wait_states: " +
                 pick(rng, {"0", "2", "{read: {first: 3, next: 1}}"})},
            {"name: uart0, type: ns16550a, bus: " + far + ", at: 0x10000000",
             "name: dma0, type: dma, bus: " + pick(rng, {"main", "apb"}) +
                 ", at: 0x18000000, master: main, wait_states: 1"}};
}

// All that is counted, too.
std::vector<uint64_t> totals(Machine *m)
{
    std::vector<uint64_t> s;
    for (MemoryPort *p = machine_world(m)->first_port; p; p = p->next) {
        uint32_t n;
        const PortTraffic *t = port_traffic(p, &n);
        std::vector<std::vector<uint64_t>> rows;
        for (uint32_t i = 0; i < n; i++) {
            uint64_t error_free = t[i].errors == 0;
            rows.push_back({t[i].region_id, t[i].kind, t[i].dir, t[i].size,
                            t[i].accesses, error_free, t[i].beats,
                            t[i].bytes_moved, t[i].wait, t[i].bus,
                            t[i].target});
        }
        std::sort(rows.begin(), rows.end());
        for (auto &r : rows) {
            s.insert(s.end(), r.begin(), r.end());
        }
    }
    for (unsigned i = 0; i < machine_buses(m); i++) {
        const Bus &bus = machine_bus(m, i)->bus;
        for (const BusLane *l = &bus.lane; l; l = l->next) {
            s.insert(s.end(), {l->transactions, l->beats, l->bytes,
                               l->busy_cycles, l->wait_cycles});
            EXPECT_LE(l->busy_cycles,
                      clock_cycle_at(bus.clock,
                                     std::max(l->data_end, machine_time(m))));
        }
        for (const Bridge *b = bus.bridges; b; b = b->next) {
            s.insert(s.end(), {b->transactions, b->bytes});
        }
    }
    return s;
}

const uint64_t kEnd = PS_PER_SECOND / 10000; // 5000 cycles

struct Trial {
    Outcome outcome;
    std::vector<uint64_t> totals;
};

Trial run(const Board &b, const Code &code, bool slow, uint64_t slice = kEnd)
{
    Kit k(b.text(), code, slow);
    EXPECT_EQ("", k.error) << b.text();
    if (!k.m) {
        return {};
    }
    for (uint64_t at = slice; at < kEnd; at += slice) {
        k.run(at);
    }
    Trial r = {k.run(kEnd), {}};
    r.totals = totals(k.m);
    return r;
}

TEST(BusConfig, NothingThatDoesNotMatterChangesARun)
{
    uint64_t waited = 0;
    for (unsigned seed = 0; seed < 40; seed++) {
        std::mt19937 rng(seed);
        Board b = random_board(rng);
        SCOPED_TRACE(b.text());
        Code code = work(2 + rng() % 5);
        Trial first = run(b, code, false);
        ASSERT_GT(first.outcome.transactions, 100u);
        for (size_t i = 0; i < first.outcome.counters.size(); i++) {
            waited += i == 5 ? first.outcome.counters[i] : 0;
        }
        Trial other = run(b, code, true);
        ASSERT_EQ(first.outcome, other.outcome) << "slow";
        ASSERT_EQ(first.totals, other.totals) << "slow";
        other = run(b, code, false, 12340000);
        ASSERT_EQ(first.outcome, other.outcome) << "in slices";
        ASSERT_EQ(first.totals, other.totals) << "in slices";
        b.quantum = pick(rng, {"20ns", "333ns", "1ms"});
        std::shuffle(b.buses.begin(), b.buses.end(), rng);
        std::shuffle(b.memories.begin(), b.memories.end(), rng);
        std::shuffle(b.devices.begin(), b.devices.end(), rng);
        other = run(b, code, rng() % 2);
        ASSERT_EQ(first.outcome, other.outcome) << "another order, quantum";
        ASSERT_EQ(first.totals, other.totals) << "another order, quantum";
    }
    EXPECT_GT(waited, 1000u) << "nobody was ever in the way";
}

// What is on a far bus is seen from all that lead to it, at its priority.
TEST(BusConfig, RegionsAreSeenOverBridges)
{
    Kit k("version: 1\nclock: 50MHz\n"
          "buses: {main: , side: , far: {parent: [main, side]}, deep: {parent: "
          "far}}\n"
          "memories:\n"
          "  - {name: ram, bus: deep, at: 0x1000, size: 4KiB}\n"
          "  - {name: over, bus: far, at: 0x1800, size: 16, overlap: true, "
          "priority: 1}\n"
          "  - {name: own, bus: main, at: 0x4000, size: 16}\n");
    ASSERT_EQ("", k.error);
    auto at = [&](const char *bus, hwaddr addr) {
        hwaddr inside, len = 1;
        MemoryWorld *outer = memory_world_enter(machine_world(k.m));
        MemoryRegion *mr = address_space_translate(
            &machine_find_bus(k.m, bus)->as, addr, &inside, &len, false,
            MEMTXATTRS_UNSPECIFIED);
        memory_world_enter(outer);
        return std::string(mr && memory_region_name(mr) ? memory_region_name(mr)
                                                        : "");
    };
    for (const char *bus : {"main", "side", "far"}) {
        EXPECT_EQ("ram", at(bus, 0x1000)) << bus;
        EXPECT_EQ("over", at(bus, 0x1800)) << bus;
    }
    EXPECT_EQ("ram", at("deep", 0x1800));
    EXPECT_EQ("own", at("main", 0x4000));
    EXPECT_NE("own", at("far", 0x4000));
}

} // namespace
