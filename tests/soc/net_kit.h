// Buses, memories and closed-loop initiators, no machine around them.
#ifndef TESTS_SOC_NET_KIT_H
#define TESTS_SOC_NET_KIT_H

#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "soc/bridge.h"

struct Net {
    struct Link { // a bus and what it sees
        ClockDomain clock;
        Bus bus;
        MemoryRegion root;
        AddressSpace as;
    };
    struct Ram {
        MemoryRegion region;
        WaitStates waits;
        std::vector<std::unique_ptr<MemoryRegion>> views;
    };
    MemoryWorld *world = memory_world_new();
    MemoryWorld *before = memory_world_enter(world);
    EventQueue events;
    std::deque<Link> link;
    std::deque<Bridge> bridge;
    std::deque<Ram> ram;

    Net() { event_queue_init(&events, world); }
    Net(const Net &) = delete;
    ~Net()
    {
        for (Ram &r : ram) {
            for (auto &v : r.views) {
                memory_region_del_subregion(v->container, v.get());
                memory_region_fini(v.get());
            }
            memory_region_del_subregion(r.region.container, &r.region);
            memory_region_fini(&r.region);
        }
        for (Link &l : link) {
            address_space_destroy(&l.as);
            memory_region_fini(&l.root);
            bus_fini(&l.bus);
        }
        event_queue_fini(&events);
        memory_world_enter(before);
        memory_world_free(world);
    }
    Link &add_bus(const char *name, uint64_t hz, uint32_t width,
                  bool crossbar = false)
    {
        Link &l = link.emplace_back();
        clock_init(&l.clock, name, hz);
        EXPECT_TRUE(bus_init(&l.bus, name, &l.clock, &events, width, nullptr));
        l.bus.model.id = static_cast<uint16_t>(link.size());
        l.bus.crossbar = crossbar;
        memory_region_init(&l.root, nullptr, name, UINT64_MAX);
        address_space_init(&l.as, &l.root, name);
        return l;
    }
    Bridge &add_bridge(Link &near_bus, Link &far_bus, uint32_t request,
                       uint32_t response)
    {
        Bridge &b = bridge.emplace_back();
        EXPECT_TRUE(bridge_init(&b, "bridge", &near_bus.bus, &far_bus.bus,
                                request, response, nullptr));
        return b;
    }
    // 4 KiB at `base`; the same cycles for reads and writes.
    Ram &add_ram(Link &l, hwaddr base, uint32_t first, uint32_t next)
    {
        Ram &r = ram.emplace_back();
        memory_region_init_ram(&r.region, nullptr, "ram", 0x1000, nullptr);
        wait_states_init(&r.waits, "ram", &l.clock);
        r.waits.read_first = r.waits.write_first = first;
        r.waits.read_next = r.waits.write_next = next;
        r.region.timing = &r.waits.model;
        memory_region_add_subregion(&l.root, base, &r.region);
        see(l, r, nullptr);
        return r;
    }
    void see(Link &l, Ram &r, Bridge *via)
    {
        EXPECT_TRUE(
            bus_add_target(&l.bus, &r.waits.model, "ram", via, nullptr));
    }
    void see_over(Link &l, Ram &r, hwaddr base, Bridge *via)
    {
        auto v = std::make_unique<MemoryRegion>();
        memory_region_init_alias(v.get(), nullptr, "view", &r.region, 0,
                                 0x1000);
        memory_region_add_subregion(&l.root, base, v.get());
        r.views.push_back(std::move(v));
        see(l, r, via);
    }
    void run_all()
    {
        while (events.count) {
            event_run_one(&events);
        }
    }
};

// Asks `times` times for the same bytes, split-phase, and thinks in between
// (cycles of its clock).
struct Player {
    Net &net;
    ClockDomain clock;
    MemoryPort port = {};
    PortRequest rq = {};
    Event next = {};
    hwaddr addr;
    uint64_t len;
    bool is_write;
    unsigned times;
    uint64_t think;
    std::vector<uint8_t> buf;
    std::vector<PortTx> log;
    bool by_call = false;

    Player(Net &n, Net::Link &l, const char *name, hwaddr a, uint64_t bytes,
           bool write, unsigned count, uint64_t pause = 0, uint64_t hz = 0)
        : net(n), addr(a), len(bytes), is_write(write), times(count),
          think(pause), buf(bytes)
    {
        clock_init(&clock, name, hz ? hz : l.clock.hz);
        EXPECT_TRUE(
            port_init(&port, &l.as, name, &clock, &l.bus.model, 0, nullptr));
        event_init(&n.events, &next, name, EVENT_NORMAL, ask, this);
        event_schedule(&n.events, &next, 0);
    }
    Player(const Player &) = delete;
    ~Player() { port_fini(&port); }

    static void ask(void *opaque, uint64_t when)
    {
        auto *p = static_cast<Player *>(opaque);
        if (p->log.size() == p->times) {
            return;
        }
        p->rq = {};
        p->rq.tx.addr = p->rq.tx.va = p->addr;
        p->rq.tx.issue = when;
        p->rq.tx.kind = ACCESS_DMA;
        p->rq.buf = p->buf.data();
        p->rq.len = p->len;
        p->rq.is_write = p->is_write;
        p->rq.opaque = p;
        p->rq.done = [](PortRequest *rq) {
            static_cast<Player *>(rq->opaque)->finished();
        };
        if (p->by_call) {
            port_transfer(&p->port, &p->rq.tx, p->buf.data(), p->len,
                          p->is_write);
            p->finished();
        } else {
            port_request(&p->port, &p->rq);
        }
    }
    void finished()
    {
        const PortTx &tx = rq.tx;
        log.push_back(tx);
        uint64_t done = clock_cycle_at(&clock, tx.done);
        EXPECT_EQ(static_cast<MemTxResult>(MEMTX_OK), tx.result);
        EXPECT_EQ(done - clock_cycle_at(&clock, tx.issue),
                  tx.wait + tx.bus + tx.target);
        EXPECT_LE(tx.issue, tx.granted);
        EXPECT_LE(tx.granted, tx.done);
        EXPECT_TRUE(tx.wait ? tx.blocker || waits_for_slots : !tx.blocker);
        goes_on = clock_time(&clock, done + think);
        if (!driven) {
            event_schedule(&net.events, &next, goes_on);
        }
    }
    // Like a hart: asks by call, and runs up to the next event's horizon.
    void drive()
    {
        by_call = driven = true;
        event_cancel(&net.events, &next);
        for (;;) {
            uint64_t horizon = event_horizon(&net.events);
            if (log.size() < times && goes_on < horizon) {
                ask(this, goes_on);
            } else if (horizon != TIME_NEVER) {
                event_run_one(&net.events);
            } else {
                break;
            }
        }
    }
    uint64_t bytes_moved()
    {
        uint32_t n;
        uint64_t sum = 0;
        const PortTraffic *t = port_traffic(&port, &n);
        for (uint32_t i = 0; i < n; i++) {
            sum += t[i].bytes_moved;
        }
        return sum;
    }
    uint64_t goes_on = 0; // ps
    bool waits_for_slots = false, driven = false;
};

#endif
