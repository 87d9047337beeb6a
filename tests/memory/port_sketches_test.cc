// Five users of memory/port.h, each as short as it should be: a fetch queue, a
// hart with cache tags inline, a split-phase DMA, an inbound TLM socket with
// DMI, a buffer of site-based records. They are the design's test: if one of
// them becomes awkward, the header is wrong.
#include <cstring>
#include <deque>
#include <gtest/gtest.h>
#include <vector>

#include "memory/port.h"

namespace
{

const uint64_t kBase = 0x80000000;

// A bus of constant cost: one cycle and `wait` cycles of the target per beat.
struct FlatBus {
    TimingModel model = {};
    uint64_t period = 10000, wait = 0; // ps, cycles
    std::deque<TimingRequest *> queue;

    FlatBus()
    {
        model.name = "flat";
        model.id = 1;
        model.access = [](TimingModel *m, TimingRequest *rq) {
            auto *b = reinterpret_cast<FlatBus *>(m);
            rq->granted = rq->issue;
            rq->beats = rq->pieces;
            rq->beat_first = rq->beat_next = (1 + b->wait) * b->period;
            rq->target_ps = rq->beats * b->wait * b->period;
            rq->done = rq->granted + rq->beats * rq->beat_first;
            rq->bus = m->id;
        };
        model.request = [](TimingModel *m, TimingRequest *rq) {
            reinterpret_cast<FlatBus *>(m)->queue.push_back(rq);
        };
        model.inline_form = [](TimingModel *m, const TimingRequest *,
                               TimingInline *form) {
            auto *b = reinterpret_cast<FlatBus *>(m);
            *form = {(1 + b->wait) * b->period, (1 + b->wait) * b->period,
                     b->wait * b->period, b->wait * b->period, 1};
            return true;
        };
    }
    void grant(uint64_t now)
    {
        TimingRequest *rq = queue.front();
        queue.pop_front();
        model.access(&model, rq);
        rq->granted = now;
        rq->done = now + rq->beats * rq->beat_first;
        rq->on_grant(rq);
    }
};

struct Bench : testing::Test {
    MemoryWorld *world = memory_world_new();
    MemoryWorld *before = memory_world_enter(world);
    MemoryRegion root, ram;
    AddressSpace as;
    ClockDomain clock;
    FlatBus bus;
    MemoryPort port = {};

    Bench()
    {
        clock_init(&clock, "clock", 100000000);
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 0x10000, nullptr);
        memory_region_add_subregion(&root, kBase, &ram);
        address_space_init(&as, &root, "as");
        EXPECT_TRUE(
            port_init(&port, &as, "port", &clock, &bus.model, true, nullptr));
    }
    ~Bench() override
    {
        port_fini(&port);
        address_space_destroy(&as);
        memory_region_del_subregion(&root, &ram);
        memory_region_fini(&ram);
        memory_region_fini(&root);
        memory_world_enter(before);
        memory_world_free(world);
    }
    uint8_t *host()
    {
        return static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram));
    }
};
using PortSketch = Bench;

// -- 1: a prefetcher that keeps at most two words ahead -----------------------

struct FetchQueue {
    MemoryPort *port;
    uint64_t pc, free_at = 0;
    std::deque<std::pair<uint32_t, uint64_t>> words = {}; // word, ready at

    uint32_t next(uint64_t *now)
    {
        while (words.size() < 2) {
            PortTx tx = {};
            tx.addr = tx.va = tx.pc = pc;
            tx.kind = ACCESS_FETCH;
            tx.issue = free_at > *now ? free_at : *now;
            uint32_t word = static_cast<uint32_t>(port_load(port, &tx, 4));
            free_at = tx.done;
            words.emplace_back(word, tx.done);
            pc += 4;
        }
        auto [word, ready] = words.front();
        words.pop_front();
        *now = ready > *now ? ready : *now;
        return word;
    }
};

TEST_F(PortSketch, FetchQueue)
{
    const uint32_t code[4] = {1, 2, 3, 4};
    memcpy(host(), code, sizeof code);
    bus.wait = 1;
    FetchQueue fetch = {&port, kBase};
    uint64_t now = 0;
    for (uint32_t expected = 1; expected <= 3; expected++) {
        EXPECT_EQ(expected, fetch.next(&now));
        EXPECT_EQ(expected * 2 * bus.period, now); // 1 + 1 cycles a word
    }
    EXPECT_EQ(4u, port_transactions(&port)); // the last one was prefetched
}

// -- 2: a hart that hits its entries inline and keeps cache tags beside
// --------

struct InlineHart {
    MemoryPort *port;
    uint64_t cycle = 0, misses = 0;
    uint64_t tag[16] = {};

    uint32_t load(uint64_t va)
    {
        uint64_t line = va >> 5;
        if (tag[line % 16] != line) { // a miss costs what the model says
            tag[line % 16] = line;
            cycle += 10;
            misses++;
        }
        cycle++;
        PortEntry *e = &port->entry[(va >> PAGE_BITS) % PORT_ENTRIES];
        if ((va & (~UINT64_C(0xfff) | 3)) != e->read_tag) {
            e = port_open(port, va, va, false);
        }
        uint32_t value;
        memcpy(&value, reinterpret_cast<void *>(e->host + va), 4);
        e->count[0][2]++;
        cycle += e->extra[0][2];
        return value;
    }
};

TEST_F(PortSketch, HartWithInlineTags)
{
    bus.wait = 2;
    InlineHart hart = {&port};
    host()[0x1004] = 7;
    EXPECT_EQ(7u, hart.load(kBase + 0x1004));
    EXPECT_EQ(0u, hart.load(kBase + 0x1008));
    EXPECT_EQ(1u, hart.misses);
    EXPECT_EQ(10u + 2 * (1 + 2), hart.cycle);
    uint32_t n;
    const PortTraffic *t = port_traffic(&port, &n);
    ASSERT_EQ(1u, n); // two loads of 4 bytes from one region
    EXPECT_EQ(2u, t->accesses);
    EXPECT_EQ(2u * 1, t->bus);
    EXPECT_EQ(2u * 2, t->target);
}

TEST_F(PortSketch, CallAndEntryCostTheSame)
{
    bus.wait = 3;
    PortTx tx = {};
    tx.addr = tx.va = kBase + 8;
    tx.kind = ACCESS_LOAD;
    port_load(&port, &tx, 4);
    PortEntry *e = port_open(&port, kBase, kBase, false);
    ASSERT_NE(nullptr, e);
    EXPECT_EQ(tx.wait + tx.bus + tx.target, 1u + e->extra[0][2]);
    e->count[0][2] = 1;
    uint32_t n;
    const PortTraffic *t = port_traffic(&port, &n);
    ASSERT_EQ(1u, n);
    EXPECT_EQ(2u, t->accesses);
    EXPECT_EQ(2 * tx.target, t->target);
}

// -- 3: a DMA engine that copies burst by burst, split-phase
// -------------------

struct CopyEngine {
    PortRequest rq = {};
    uint8_t buf[16];
    uint64_t src, dst, left;
    MemoryPort *port;

    void step(uint64_t now, bool is_write)
    {
        rq.tx.addr = rq.tx.va = is_write ? dst : src;
        rq.tx.issue = now;
        rq.tx.kind = ACCESS_DMA;
        rq.buf = buf;
        rq.len = 16;
        rq.is_write = is_write;
        rq.opaque = this;
        rq.done = [](PortRequest *r) {
            auto *c = static_cast<CopyEngine *>(r->opaque);
            if (r->is_write) {
                c->src += 16;
                c->dst += 16;
                c->left -= 16;
            }
            if (c->left) {
                c->step(r->tx.done, !r->is_write);
            }
        };
        port_request(port, &rq);
    }
};

TEST_F(PortSketch, SplitPhaseDma)
{
    for (int i = 0; i < 64; i++) {
        host()[i] = static_cast<uint8_t>(i);
    }
    CopyEngine dma;
    dma.src = kBase;
    dma.dst = kBase + 0x2000;
    dma.left = 64;
    dma.port = &port;
    dma.step(0, false);
    EXPECT_EQ(0, host()[0x2001]); // nothing moves before the grant
    uint64_t now = 0;
    unsigned grants = 0;
    for (; !bus.queue.empty(); grants++) {
        bus.grant(now += 50000);
    }
    EXPECT_EQ(8u, grants);
    EXPECT_EQ(0, memcmp(host(), host() + 0x2000, 64));
    EXPECT_EQ(8u, port_transactions(&port));
}

// -- 4: an inbound socket that grants and takes back direct pointers
// -----------

struct Socket {
    MemoryPort *port;
    PortWindow window = {};
    unsigned invalidated = 0;

    bool direct(uint64_t addr) { return port_window(port, addr, &window); }
};

TEST_F(PortSketch, InboundWithDmi)
{
    Socket socket = {&port};
    port.opaque = &socket;
    port.invalidated = [](void *opaque, hwaddr, hwaddr) {
        static_cast<Socket *>(opaque)->invalidated++;
    };
    uint8_t bytes[6] = {1, 2, 3, 4, 5, 6};
    PortTx tx = {};
    tx.addr = tx.va = kBase + 3;
    tx.kind = ACCESS_TLM;
    port_transfer(&port, &tx, bytes, sizeof bytes, true);
    EXPECT_EQ(MEMTX_OK, tx.result);
    ASSERT_TRUE(socket.direct(kBase + 3));
    EXPECT_EQ(kBase, socket.window.first);
    EXPECT_EQ(kBase + 0xffff, socket.window.last);
    EXPECT_EQ(6, socket.window.host[8]);
    EXPECT_EQ(0u, socket.invalidated);
    memory_region_set_enabled(&ram, false);
    EXPECT_EQ(1u, socket.invalidated);
    EXPECT_FALSE(socket.direct(kBase + 3));
    memory_region_set_enabled(&ram, true);
    uint8_t debug = 0;
    EXPECT_EQ(1u, port_debug(&port, kBase + 8, &debug, 1, false));
    EXPECT_EQ(6, debug);
    EXPECT_EQ(1u, port_transactions(&port)); // debug is not counted
}

// -- 5: a recorder that only ever sees full buffers
// ----------------------------

struct Recorder {
    MemoryRecorder rec;
    std::vector<MemoryRecord> buffer, seen;

    Recorder() : buffer(2 * RECORD_ROOM)
    {
        recorder_init(&rec);
        rec.buffer = rec.next = buffer.data();
        rec.end = rec.next + buffer.size();
        rec.kinds = ~0u;
        rec.beats = true;
        rec.opaque = this;
        rec.full = [](MemoryRecorder *r) {
            auto *self = static_cast<Recorder *>(r->opaque);
            self->seen.insert(self->seen.end(), r->buffer, r->next);
            r->next = r->buffer;
        };
    }
    ~Recorder() { recorder_fini(&rec); }
};

TEST_F(PortSketch, SiteBasedRecords)
{
    Recorder recorder;
    memory_world_set_recorder(world, &recorder.rec);
    PortTx tx = {};
    tx.addr = tx.va = kBase + 0x100;
    tx.pc = kBase + 0x40;
    tx.kind = ACCESS_STORE;
    port_store(&port, &tx, 4, 0x12345678);
    PortEntry *e = port_open(&port, kBase, kBase, true);
    MemorySite key = {};
    key.port = &port;
    key.place = e->place;
    key.pc = kBase + 0x40;
    key.size = 4;
    key.kind = ACCESS_STORE;
    key.dir = DIR_WRITE;
    // What the call recorded and what an inline store records share the site.
    uint32_t site = recorder_site(&recorder.rec, &key);
    *record_room(&recorder.rec, 1) = {site, 0, kBase + 0x104, 9, 17};
    recorder.rec.next++;
    recorder.rec.full(&recorder.rec);
    memory_world_set_recorder(world, nullptr);
    ASSERT_EQ(3u, recorder.seen.size()); // head, timing; head
    EXPECT_EQ(site, recorder.seen[0].site);
    EXPECT_EQ(RECORD_TIMING, recorder.seen[1].site);
    EXPECT_EQ(site, recorder.seen[2].site);
    EXPECT_EQ(0x12345678u, recorder.seen[0].value);
    EXPECT_EQ(kBase + 0x40, recorder.rec.site[site].pc);
    EXPECT_STREQ("ram", memory_region_name(recorder.rec.site[site].place->mr));
}

} // namespace
