// A bus with memory and devices behind it, some of whose stores are posted, and
// initiators of all kinds. Made twice, with and without, by the same choices.
#ifndef TESTS_SOC_POSTED_KIT_H
#define TESTS_SOC_POSTED_KIT_H

#include <cstring>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "memory/posted.h"
#include "soc/bus.h"
#include "soc/posted.h"

namespace posted
{

const uint64_t period = 10000; // ps: 100 MHz

struct Choice {
    bool on = true;
    unsigned depth = 4, line = 64, timeout = 0, accept = 1, width = 8;
    PostedMerge merge = POSTED_WORD;
    bool shared = false; // one buffer for the memory and the first device
    uint32_t overhead = 2, first = 4, next = 1; // waits of a write
};

// Remembers every write; a read tells of all of them, or of all of its group.
struct Device {
    std::vector<std::string> log;
    uint64_t hash = 1;
    std::vector<Device *> group;
    MemoryRegion mr;
    MemoryRegionOps ops = {};
    MemTxResult answer = MEMTX_OK;
    void init(const char *name, unsigned min, unsigned max, unsigned impl)
    {
        MemoryRegionOps &o = ops;
        o.read_with_attrs = [](void *opaque, hwaddr addr, uint64_t *data,
                               unsigned, MemTxAttrs) {
            auto *d = static_cast<Device *>(opaque);
            *data = d->hash + addr;
            for (Device *other : d->group) {
                *data += other->hash;
            }
            return static_cast<MemTxResult>(MEMTX_OK);
        };
        o.write_with_attrs = [](void *opaque, hwaddr addr, uint64_t data,
                                unsigned size, MemTxAttrs attrs) {
            auto *d = static_cast<Device *>(opaque);
            d->log.push_back(std::to_string(addr) + "/" + std::to_string(size) +
                             "=" + std::to_string(data) +
                             (attrs.user ? "u" : ""));
            d->hash = d->hash * 31 + addr * 7 + data + size;
            return d->answer;
        };
        o.endianness = DEVICE_LITTLE_ENDIAN;
        o.valid.min_access_size = min;
        o.valid.max_access_size = max;
        o.impl.min_access_size = impl;
        o.impl.max_access_size = impl;
        memory_region_init_io(&mr, nullptr, &o, this, name, 0x100);
    }
};

enum : hwaddr {
    FRAME = 0x10000, // posted memory, 2 pages
    RAM = 0x20000,
    WHOLE = 0x30000, // all of it posted
    PART = 0x31000,  // the first half
    PLAIN = 0x32000, // not, and never flushes
    FENCE = 0x33000, // flushes all
};

struct Rig {
    MemoryWorld *world = memory_world_new();
    MemoryWorld *before = memory_world_enter(world);
    EventQueue events;
    ClockDomain clock;
    Bus bus;
    WaitStates waits;
    MemoryRegion root, frame, ram;
    Device whole, part, plain, fence;
    AddressSpace as;
    MemoryPort port[2], dma;
    PostedTimer timer[3] = {};
    PostedRegion region[3] = {}; // frame, whole, part
    uint64_t now = 0;            // ps
    bool on;

    explicit Rig(const Choice &c) : on(c.on)
    {
        event_queue_init(&events, world);
        clock_init(&clock, "clock", PS_PER_SECOND / period);
        EXPECT_TRUE(bus_init(&bus, "main", &clock, &events, c.width, nullptr));
        bus.model.id = 1;
        bus.overhead = c.overhead;
        wait_states_init(&waits, "waits", &clock);
        waits.write_first = c.first;
        waits.write_next = c.next;
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&frame, nullptr, "frame", 0x2000, nullptr);
        memory_region_init_ram(&ram, nullptr, "ram", 0x1000, nullptr);
        whole.init("whole", 1, 8, 4);
        part.init("part", 1, 8, 1);
        plain.init("plain", 1, 8, 2);
        fence.init("fence", 4, 4, 4);
        fence.group = {&whole, &part, &plain};
        put(FRAME, &frame);
        put(RAM, &ram);
        put(WHOLE, &whole.mr);
        put(PART, &part.mr);
        put(PLAIN, &plain.mr);
        put(FENCE, &fence.mr);
        frame.timing = whole.mr.timing = &waits.model;
        address_space_init(&as, &root, "as");
        for (MemoryPort *p : {&port[0], &port[1], &dma}) {
            EXPECT_TRUE(
                port_init(p, &as, "port", &clock, &bus.model, 1, nullptr));
        }
        if (c.on) {
            post(c);
        }
    }
    ~Rig()
    {
        for (PostedTimer &t : timer) {
            posted_timer_fini(&t);
        }
        for (MemoryPort *p : {&port[0], &port[1], &dma}) {
            port_fini(p);
        }
        for (MemoryRegion *mr :
             {&frame, &ram, &whole.mr, &part.mr, &plain.mr, &fence.mr}) {
            memory_region_del_subregion(&root, mr);
        }
        address_space_destroy(&as);
        for (MemoryRegion *mr :
             {&frame, &ram, &whole.mr, &part.mr, &plain.mr, &fence.mr, &root}) {
            memory_region_fini(mr);
        }
        bus_fini(&bus);
        event_queue_fini(&events);
        memory_world_enter(before);
        memory_world_free(world);
    }
    Rig(const Rig &) = delete;
    Rig &operator=(const Rig &) = delete;

    void put(hwaddr at, MemoryRegion *mr)
    {
        memory_region_add_subregion(&root, at, mr);
    }
    void post(const Choice &c)
    {
        for (PostedTimer &t : timer) {
            PostedBuffer &b = t.buffer;
            b.depth = c.depth;
            b.merge = c.merge;
            b.line = c.line;
            b.word = c.width;
            b.timeout = c.timeout;
            b.accept = c.accept;
            EXPECT_TRUE(posted_timer_init(&t, &as, "posted", &clock, &bus.model,
                                          &events, nullptr));
        }
        posted_buffer_add(&timer[0].buffer, &region[0], &frame);
        posted_buffer_add(&timer[c.shared ? 0 : 1].buffer, &region[1],
                          &whole.mr);
        posted_buffer_add(&timer[2].buffer, &region[2], &part.mr);
        memory_region_set_coalescing(&frame);
        memory_region_set_coalescing(&whole.mr);
        memory_region_add_coalescing(&part.mr, 0, 0x80);
        memory_region_set_flush_coalesced(&fence.mr);
    }
    uint64_t cycle() const { return clock_cycle_at(&clock, now); }
    // Lets time pass, to that cycle at least.
    void to(uint64_t cycle)
    {
        uint64_t ps = cycle * period;
        now = ps > now ? ps : now;
        event_run_until(&events, now + 1);
        world->now = now;
    }
    PortTx tx(hwaddr addr, AccessKind kind, bool user = false) const
    {
        PortTx t = {};
        t.addr = t.va = addr;
        t.pc = 0x1000 + addr % 64;
        t.issue = now;
        t.kind = static_cast<uint8_t>(kind);
        t.attrs.user = user;
        return t;
    }
    // An access by an initiator that waits for its end; cycles it took.
    PortTx store(hwaddr addr, unsigned size, uint64_t value, int who = 0)
    {
        PortTx t = tx(addr, ACCESS_STORE, addr & 8);
        port_store(&port[who], &t, size, value);
        passed(t);
        return t;
    }
    uint64_t load(hwaddr addr, unsigned size, int who = 0)
    {
        last = tx(addr, ACCESS_LOAD);
        uint64_t v = port_load(&port[who], &last, size);
        passed(last);
        return v;
    }
    void passed(const PortTx &t)
    {
        EXPECT_EQ(t.wait + t.bus + t.target,
                  clock_cycle_at(&clock, t.done) - cycle());
        now = t.done;
    }
    // A split-phase one, to its end.
    std::vector<uint8_t> request(hwaddr addr, std::vector<uint8_t> bytes,
                                 bool is_write)
    {
        bool done = false;
        PortRequest rq = {};
        rq.tx = tx(addr, ACCESS_DMA);
        rq.buf = bytes.data();
        rq.len = bytes.size();
        rq.is_write = is_write;
        rq.opaque = &done;
        rq.done = [](PortRequest *r) {
            *static_cast<bool *>(r->opaque) = true;
        };
        world->now = now;
        port_request(&dma, &rq);
        while (!done && event_next(&events) != TIME_NEVER) {
            event_run_one(&events);
        }
        EXPECT_TRUE(done);
        last = rq.tx;
        now = rq.tx.done > now ? rq.tx.done : now;
        to(cycle());
        return bytes;
    }
    uint64_t flushes(unsigned r, PostedCause cause) const
    {
        return region[r].cause[cause].flushes;
    }
    uint64_t beats() const
    {
        uint64_t n = 0;
        for (const PostedRegion &r : region) {
            n += r.beats;
        }
        return n;
    }
    PortTx last = {};
};

} // namespace posted
#endif
