// port_quick_load() and port_quick_store() against port_load() and
// port_store(): the same random script runs in two worlds, one of which tries
// the short way first. Values, results, cycles, totals, records, what devices
// saw and who held the bus must be equal; and the short way must have been
// taken often.
#include <array>
#include <cstring>
#include <random>

#include "tests/memory/memory_kit.h"

namespace
{

const unsigned kDevices = 12;
const hwaddr kStride = 0x1000;
const uint64_t kPeriod = 10000;

// A bus of one cycle a beat and wait states, that somebody else may hold.
struct TestBus {
    TimingModel model = {};
    uint64_t wait = 0, free_at = 0;
    uint32_t width = 8;
    uint16_t holder = 0;
    uint64_t transactions = 0, beats = 0, bytes = 0, busy = 0, taken = 0;
    uint64_t event_at = TIME_NEVER, events = 0;

    static TestBus *of(TimingModel *m)
    {
        return reinterpret_cast<TestBus *>(m);
    }
    uint64_t target_cycles(const TimingRequest *rq) const
    {
        return rq->target ? wait : 0;
    }
    uint32_t beats_of(const TimingRequest *rq) const
    {
        uint32_t each = (rq->size + width - 1) / width;
        return rq->pieces * each;
    }
    void access(TimingRequest *rq)
    {
        while (event_at <= rq->issue) { // somebody takes the bus meanwhile
            free_at = std::max(free_at, event_at) + 3 * kPeriod;
            holder = 99;
            events++;
            event_at = event_at + 40 * kPeriod;
        }
        rq->granted = std::max(rq->issue, free_at);
        rq->blocker = rq->granted > rq->issue ? holder : 0;
        rq->beats = beats_of(rq);
        uint64_t each = 1 + target_cycles(rq);
        rq->beat_first = rq->beat_next = each * kPeriod;
        rq->target_ps = rq->beats * target_cycles(rq) * kPeriod;
        rq->done = rq->granted + rq->beats * each * kPeriod;
        rq->bus = model.id;
        rq->width = width;
        free_at = rq->done;
        holder = rq->port->id;
        transactions++;
        beats += rq->beats;
        bytes += uint64_t(rq->size) * rq->pieces;
        busy += rq->beats * each;
    }
    TestBus()
    {
        model.name = "bus";
        model.id = 7;
        model.access = [](TimingModel *m, TimingRequest *rq) {
            of(m)->access(rq);
        };
        model.inline_form = [](TimingModel *m, const TimingRequest *rq,
                               TimingInline *form) {
            TestBus *b = of(m);
            uint64_t target = b->target_cycles(rq) * kPeriod;
            *form = {kPeriod + target, kPeriod + target, target, target,
                     b->beats_of(rq),  b->width,         0};
            return true;
        };
        model.account = [](TimingModel *m, const TimingRequest *rq,
                           uint64_t n) {
            TestBus *b = of(m);
            b->transactions += n;
            b->beats += n * b->beats_of(rq);
            b->bytes += n * rq->size * rq->pieces;
            b->busy += n * b->beats_of(rq) * (1 + b->target_cycles(rq));
        };
        model.take = [](TimingModel *m, const MemoryPort *port, uint64_t issue,
                        const TimingCost *cost) {
            TestBus *b = of(m);
            if (issue < b->free_at || b->event_at <= issue) {
                return false;
            }
            b->free_at = issue + cost->ps;
            b->holder = port->id;
            b->taken++;
            return true;
        };
    }
};

struct Rig;

struct Device {
    Rig *rig = nullptr;
    unsigned index = 0;
    MemoryRegion mr = {};
    MemoryRegionOps ops = {};
    EventNotifier event = {};
    uint64_t state = 1;
    bool bound = false;
};

// What a callback does besides: chosen by the script for the next callback.
enum Trick {
    kNone,
    kDisableSelf,
    kNestPort,     // through the same port, to another device
    kNestDispatch, // straight into another region
    kNestSelf,     // into the same region
    kFlush,
    kTricks
};

struct Rig {
    explicit Rig(bool tries_quick) : quick(tries_quick)
    {
        clock_init(&clock, "clock", 100000000);
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 0x2000, nullptr);
        memory_region_add_subregion(&root, 0x100000, &ram);
        for (unsigned i = 0; i < kDevices; i++) {
            make(i);
        }
        address_space_init(&as, &root, "as");
        EXPECT_TRUE(
            port_init(&port, &as, "port", &clock, &bus.model, 1, nullptr));
        recorder_init(&rec);
        records.resize(3 * RECORD_ROOM);
        rec.buffer = rec.next = records.data();
        rec.end = records.data() + records.size();
        rec.opaque = this;
        rec.beats = true;
        rec.full = [](MemoryRecorder *r) {
            static_cast<Rig *>(r->opaque)->take_records();
        };
    }
    ~Rig()
    {
        MemoryWorld *outer = memory_world_enter(scoped.world);
        memory_world_set_recorder(scoped.world, nullptr);
        recorder_fini(&rec);
        port_fini(&port);
        address_space_destroy(&as);
        for (Device &d : device) {
            if (d.index % 6 == 4) {
                memory_region_del_eventfd(&d.mr, 8, 4, false, 0, &d.event);
            }
            if (d.bound) {
                memory_region_del_eventfd(&d.mr, 0, 4, false, 0, &d.event);
            }
            event_notifier_cleanup(&d.event);
            memory_region_del_subregion(&root, &d.mr);
            memory_region_fini(&d.mr);
        }
        memory_region_del_subregion(&root, &ram);
        memory_region_fini(&ram);
        memory_region_fini(&root);
        memory_world_enter(outer);
    }

    static uint64_t on_read(void *opaque, hwaddr addr, unsigned size)
    {
        auto *d = static_cast<Device *>(opaque);
        d->rig->play(d, 'r', addr, size, 0);
        d->state = d->state * 0x5851f42d4c957f2d + addr + size;
        return d->state; // more than was asked for: it is cut
    }
    static void on_write(void *opaque, hwaddr addr, uint64_t data,
                         unsigned size)
    {
        auto *d = static_cast<Device *>(opaque);
        d->rig->play(d, 'w', addr, size, data);
        d->state ^= data * 0x9e3779b97f4a7c15 + addr;
    }

    void make(unsigned i)
    {
        Device &d = device[i];
        d.rig = this;
        d.index = i;
        static const uint8_t impl[6][2] = {{0, 0}, {1, 1}, {4, 4},
                                           {1, 8}, {1, 4}, {2, 4}};
        d.ops.read = on_read;
        d.ops.write = on_write;
        d.ops.endianness = i == 8 ? DEVICE_BIG_ENDIAN : DEVICE_LITTLE_ENDIAN;
        d.ops.valid.min_access_size = 1;
        d.ops.valid.max_access_size = i % 4 == 2 ? 4 : 8;
        d.ops.valid.unaligned = i % 2;
        d.ops.impl.min_access_size = impl[i % 6][0];
        d.ops.impl.max_access_size = impl[i % 6][1];
        if (i == 9) { // asks, and refuses
            d.ops.valid.accepts = [](void *, hwaddr addr, unsigned, bool,
                                     MemTxAttrs) { return addr % 32 != 0; };
        }
        if (i == 10) { // answers with errors
            d.ops.read = nullptr;
            d.ops.read_with_attrs = [](void *opaque, hwaddr addr,
                                       uint64_t *data, unsigned size,
                                       MemTxAttrs) -> MemTxResult {
                *data = on_read(opaque, addr, size);
                return addr % 16 ? MEMTX_OK : MEMTX_ERROR;
            };
        }
        if (i == 11) { // cannot be written
            d.ops.write = nullptr;
        }
        memory_region_init_io(&d.mr, nullptr, &d.ops, &d, "device",
                              i % 2 ? 0x7fc : 0x800);
        d.mr.timing = i % 3 ? &target : nullptr;
        if (i == 5) {
            memory_region_set_flush_coalesced(&d.mr);
        }
        if (i == 6) {
            memory_region_set_reentrancy(&d.mr, MEMORY_REENTRANCY_FAULT);
        }
        memory_region_add_subregion(&root, i * kStride, &d.mr);
        event_notifier_init(&d.event, false);
        if (i % 6 == 4) {
            memory_region_add_eventfd(&d.mr, 8, 4, false, 0, &d.event);
        }
    }

    // Runs inside a callback.
    void play(Device *d, char dir, hwaddr addr, unsigned size, uint64_t data)
    {
        log.push_back({d->index, uint64_t(dir), addr, size, data,
                       scoped.world->now, scoped.world->pc,
                       scoped.world->port ? 1u : 0u});
        Trick now = trick;
        trick = kNone;
        Device &other = device[(d->index + 3) % kDevices];
        uint64_t value = 0;
        switch (now) {
        case kDisableSelf: memory_region_set_enabled(&d->mr, false); break;
        case kNestPort:
            access(other.index * kStride + 4, 0, 77, now_cycle + 1, 4, false,
                   0);
            break;
        case kNestDispatch:
            memory_region_dispatch_read(&other.mr, 4, &value, MO_32, kPlain);
            break;
        case kNestSelf:
            memory_region_dispatch_read(&d->mr, 8, &value, MO_32, kPlain);
            break;
        case kFlush: memory_world_flush_ports(scoped.world); break;
        default: break;
        }
    }

    void access(hwaddr pa, uint64_t va_offset, uint64_t pc, uint64_t cycle,
                unsigned size, bool is_write, uint64_t value)
    {
        uint64_t va = pa + va_offset;
        now_cycle = cycle;
        if (quick) {
            PortQuick q = {value, 0};
            if (pc == 0 && va == pa) { // by the one for who has neither
                uint8_t bytes[8];
                std::memcpy(bytes, &value, sizeof(bytes));
                q.cycles =
                    port_quick_move(&port, pa, cycle, bytes, size, is_write);
                q.value = 0;
                std::memcpy(&q.value, bytes, size);
            } else if (is_write) {
                q.cycles =
                    port_quick_store(&port, pa, va, pc, cycle, size, value);
            } else {
                q = port_quick_load(&port, pa, va, pc, cycle, size);
            }
            if (q.cycles >= 0) {
                quicks++;
                log.push_back({100, is_write ? 0 : q.value, MEMTX_OK,
                               uint64_t(q.cycles), 0, 0, 0, 0});
                return;
            }
        }
        PortTx tx = {};
        tx.addr = pa;
        tx.va = va;
        tx.pc = pc;
        tx.issue = clock_time(&clock, cycle);
        tx.kind = is_write ? ACCESS_STORE : ACCESS_LOAD;
        uint64_t got = 0;
        if (is_write) {
            port_store(&port, &tx, size, value);
        } else {
            got = port_load(&port, &tx, size);
        }
        log.push_back(
            {100, got, tx.result, tx.wait + tx.bus + tx.target, 0, 0, 0, 0});
    }

    // Each record as what it says, whichever way it says it.
    void take_records()
    {
        for (MemoryRecord *r = rec.buffer; r < rec.next; r++) {
            if (r->site >= RECORD_SITE_MAX) {
                told.push_back({r->site, r->info, r->address, r->value,
                                r->cycle, 0, 0, 0});
                continue;
            }
            const MemorySite &s = rec.site[r->site];
            told.push_back({s.pc, s.size, s.kind, s.dir, s.place->region_id,
                            s.place->va_offset, s.place->base,
                            r->info & ~RECORD_HAS_TIMING});
            told.push_back({r->address, r->value, r->cycle, 0, 0, 0, 0, 0});
            if (!(r->info & RECORD_HAS_TIMING)) {
                const InlineCost &c =
                    s.place->cost[s.dir == DIR_WRITE][__builtin_ctz(s.size)];
                told.push_back(
                    {RECORD_TIMING, 0, c.bus, c.target, c.beats, 0, 0, 0});
            }
        }
        rec.next = rec.buffer;
    }

    std::vector<std::array<uint64_t, 11>> totals()
    {
        std::vector<std::array<uint64_t, 11>> all;
        uint32_t n;
        const PortTraffic *t = port_traffic(&port, &n);
        for (uint32_t i = 0; i < n; i++) {
            if (t[i].accesses) {
                all.push_back({t[i].region_id, t[i].size, t[i].kind, t[i].dir,
                               t[i].accesses, t[i].errors, t[i].beats,
                               t[i].bytes_moved, t[i].wait, t[i].bus,
                               t[i].target});
            }
        }
        std::sort(all.begin(), all.end());
        return all;
    }

    bool quick;
    uint64_t quicks = 0, now_cycle = 0;
    ScopedWorld scoped;
    ClockDomain clock = {};
    TimingModel target = {};
    TestBus bus;
    MemoryRegion root = {}, ram = {};
    std::array<Device, kDevices> device;
    AddressSpace as = {};
    MemoryPort port = {};
    MemoryRecorder rec = {};
    std::vector<MemoryRecord> records;
    std::vector<std::array<uint64_t, 8>> log, told;
    Trick trick = kNone;
};

struct Script {
    std::mt19937_64 random;
    explicit Script(uint64_t seed) : random(seed) {}
    uint64_t below(uint64_t n) { return random() % n; }
};

// One step of the script, the same in both rigs.
void step(Rig &rig, Script s, uint64_t *cycle)
{
    MemoryWorld *outer = memory_world_enter(rig.scoped.world);
    Device &d = rig.device[s.below(kDevices)];
    uint64_t what = s.below(400);
    if (what == 0) {
        memory_region_set_enabled(&d.mr, false);
    } else if (what < 6) {
        for (Device &each : rig.device) {
            memory_region_set_enabled(&each.mr, true);
        }
    } else if (what == 6) {
        memory_world_flush_ports(rig.scoped.world); // at the old cost
        rig.bus.wait = s.below(4); // a new cost, so a new place as well
        rig.bus.width = 4u << s.below(2);
        memory_world_flush_ports(rig.scoped.world);
    } else if (what == 7) {
        rig.take_records();
        memory_world_set_recorder(rig.scoped.world,
                                  s.below(4) ? &rig.rec : nullptr);
    } else if (what == 8) {
        rig.rec.kinds = static_cast<uint32_t>(s.below(256));
    } else if (what < 14 && what > 10) { // a binding swallows writes
        if (d.bound) {
            memory_region_del_eventfd(&d.mr, 0, 4, false, 0, &d.event);
        } else {
            memory_region_add_eventfd(&d.mr, 0, 4, false, 0, &d.event);
        }
        d.bound = !d.bound;
    } else if (what == 9) {
        rig.bus.event_at = (*cycle + s.below(100)) * kPeriod;
    } else if (what == 10) {
        memory_region_set_reentrancy(&d.mr, s.below(2)
                                                ? MEMORY_REENTRANCY_FAULT
                                                : MEMORY_REENTRANCY_ALLOW);
    } else {
        rig.trick = s.below(30) ? kNone : static_cast<Trick>(s.below(kTricks));
        unsigned size = 1u << s.below(4);
        hwaddr offset = s.below(16) * 8 + (s.below(8) ? 0 : s.below(8));
        hwaddr pa =
            d.index * kStride + (s.below(8) ? offset : 0x7f0 + offset % 24);
        pa = s.below(50) ? pa : 0x100000 + offset;
        uint64_t pc =
            s.below(3) ? 0x80000000 + 2 * s.below(4) + 64 * d.index : 0;
        uint64_t va_offset = s.below(10) ? 0 : uint64_t(1) << 32;
        bool is_write = s.below(3) == 0;
        rig.access(pa, va_offset, pc, *cycle, size, is_write, s.random());
        *cycle += 1 + s.below(3) * s.below(6);
    }
    memory_world_enter(outer);
}

TEST(PortQuick, IsInvisible)
{
    uint64_t quicks = 0, tried = 0, events = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        Rig slow(false), quick(true);
        for (Rig *rig : {&slow, &quick}) {
            rig->rec.kinds = 0xff;
            memory_world_set_recorder(rig->scoped.world, &rig->rec);
        }
        uint64_t at[2] = {10, 10};
        for (uint64_t n = 0; n < 3000; n++) {
            Script s(seed << 32 | n / 2); // twice: something to remember
            step(slow, s, &at[0]);
            step(quick, s, &at[1]);
            ASSERT_EQ(slow.log, quick.log) << "seed " << seed << " step " << n;
            ASSERT_EQ(slow.bus.free_at, quick.bus.free_at);
            ASSERT_EQ(slow.bus.holder, quick.bus.holder);
            slow.log.clear();
            quick.log.clear();
        }
        for (Rig *rig : {&slow, &quick}) {
            MemoryWorld *outer = memory_world_enter(rig->scoped.world);
            rig->take_records();
            memory_world_enter(outer);
        }
        ASSERT_EQ(slow.told.size(), quick.told.size()) << "seed " << seed;
        for (size_t i = 0; i < slow.told.size(); i++) {
            ASSERT_EQ(slow.told[i], quick.told[i])
                << "seed " << seed << " record " << i;
        }
        ASSERT_EQ(slow.totals(), quick.totals()) << "seed " << seed;
        ASSERT_EQ(slow.bus.transactions, quick.bus.transactions);
        ASSERT_EQ(slow.bus.beats, quick.bus.beats);
        ASSERT_EQ(slow.bus.bytes, quick.bus.bytes);
        ASSERT_EQ(slow.bus.busy, quick.bus.busy);
        for (unsigned i = 0; i < kDevices; i++) {
            const MemoryAccessCounters *a =
                memory_region_counters(&slow.device[i].mr);
            const MemoryAccessCounters *b =
                memory_region_counters(&quick.device[i].mr);
            ASSERT_EQ(a->rejected, b->rejected);
            ASSERT_EQ(a->splits, b->splits);
            ASSERT_EQ(a->unaligned, b->unaligned);
        }
        quicks += quick.quicks;
        events += quick.bus.events;
        tried += 3000;
    }
    EXPECT_GT(quicks, tried / 20) << "of " << tried;
    EXPECT_GT(events, 10u);
}

TEST(PortQuick, NothingIsDoneInAnotherAccess)
{
    Rig rig(true);
    for (unsigned i = 0; i < 3; i++) {
        rig.access(4, 0, 8, 100 + 10 * i, 4, false, 0);
    }
    EXPECT_EQ(3u, rig.quicks);
    rig.trick = kNestPort; // device 0 asks device 3, by the same port
    rig.access(4, 0, 8, 200, 4, false, 0);
    EXPECT_EQ(4u, rig.quicks);
    EXPECT_EQ(nullptr, rig.scoped.world->port);
}

TEST(PortQuick, PolicyHoldsAtOnce)
{
    Rig rig(true);
    MemoryRegion *mr = &rig.device[0].mr;
    rig.access(4, 0, 8, 100, 4, false, 0);
    memory_region_set_reentrancy(mr, MEMORY_REENTRANCY_FAULT);
    rig.trick = kNestSelf;
    rig.access(4, 0, 8, 110, 4, false, 0);
    EXPECT_EQ(1u, memory_region_counters(mr)->rejected);
    EXPECT_EQ(1u, rig.quicks);
}

TEST(PortQuick, FastPathOff)
{
    Rig rig(true);
    rig.port.slow = true;
    rig.access(4, 0, 8, 100, 4, false, 0);
    rig.access(4, 0, 8, 110, 4, false, 0);
    EXPECT_EQ(0u, rig.quicks);
}

} // namespace
