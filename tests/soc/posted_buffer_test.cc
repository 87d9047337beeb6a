// Posted stores: what each rule and each cause comes to, in cycles and beats;
// and the same memory and devices with and without them.
#include <random>

#include "tests/soc/posted_kit.h"

namespace
{

using namespace posted;
using Writes = std::vector<std::string>;

// -- what a store costs -----------------------------------------------------

TEST(Posted, CostsOneCycleAndArrivesLater)
{
    Rig rig({});
    PortTx t = rig.store(WHOLE, 4, 7);
    EXPECT_TRUE(t.posted);
    EXPECT_EQ(t.beats, 0u);
    EXPECT_EQ(t.wait + t.bus + t.target, 1u);
    EXPECT_TRUE(rig.whole.log.empty());
    EXPECT_EQ(rig.bus.lane.beats, 0u);
    EXPECT_EQ(rig.load(WHOLE + 4, 4), 31u + 7 + 4 + 4);
    EXPECT_EQ(rig.whole.log, (Writes{"0/4=7"}));
    // 2 + 1 + 4 cycles of the store, then 3 of the load itself
    EXPECT_EQ(rig.last.wait, 7u);
    EXPECT_EQ(rig.last.blocker, rig.timer[1].buffer.port.id);
    EXPECT_EQ(rig.cycle(), 1u + 7 + 3);
    EXPECT_EQ(rig.region[1].cause[POSTED_ACCESS].wait_ps, 7 * period);
    EXPECT_EQ(rig.region[1].lone_ps, 7 * period);
    EXPECT_EQ(rig.region[1].spent_ps, period);
}

TEST(Posted, MemoryHasItAtOnceAndTheBusLater)
{
    Rig rig({});
    rig.store(FRAME + 3, 1, 0x55);
    EXPECT_EQ(static_cast<uint8_t *>(memory_region_get_ram_ptr(&rig.frame))[3],
              0x55);
    EXPECT_EQ(rig.bus.lane.bytes, 0u);
    EXPECT_EQ(rig.load(FRAME + 3, 1), 0x55u);
    EXPECT_EQ(rig.bus.lane.bytes, 2u); // of the store and of the load
}

TEST(Posted, AcceptsInAsManyCyclesAsItIsTold)
{
    Choice c;
    c.accept = 3;
    Rig rig(c);
    EXPECT_EQ(rig.store(FRAME, 4, 1).bus, 3u);
    EXPECT_EQ(rig.store(FRAME + 4, 4, 1).bus, 3u);
}

TEST(Posted, FullBufferMakesTheStoreWaitForTheOldest)
{
    Choice c;
    c.depth = 2;
    Rig rig(c);
    rig.store(FRAME, 4, 1);
    rig.store(FRAME + 8, 4, 2);
    PortTx t = rig.store(FRAME + 16, 4, 3); // at cycle 2: the first takes 7
    EXPECT_EQ(t.wait, 7u);
    EXPECT_EQ(t.bus, 1u);
    EXPECT_EQ(t.blocker, rig.timer[0].buffer.port.id);
    EXPECT_EQ(rig.region[0].stalls, 1u);
    EXPECT_EQ(rig.region[0].stall_ps, 7 * period);
    EXPECT_EQ(rig.flushes(0, POSTED_FULL), 1u);
    EXPECT_EQ(rig.timer[0].buffer.count, 2u);
    EXPECT_EQ(rig.store(FRAME + 20, 4, 4).wait, 0u); // joins the youngest
    EXPECT_EQ(rig.store(FRAME + 24, 4, 4).wait, 7u);
}

TEST(Posted, SlotIsTakenUntilTheBusIsDoneWithIt)
{
    Choice c;
    c.depth = 2;
    c.timeout = 4;
    Rig rig(c);
    rig.store(FRAME, 4, 1); // asked for in cycle 4, done in 11
    rig.to(5);
    EXPECT_EQ(rig.store(FRAME + 8, 4, 2).wait, 0u);
    EXPECT_EQ(rig.store(FRAME + 16, 4, 3).wait, 5u); // at 6
    EXPECT_EQ(rig.flushes(0, POSTED_FULL), 0u);
}

TEST(Posted, WithoutTimeNothingTakesTime)
{
    Choice c;
    Rig rig(c);
    PostedBuffer &b = rig.timer[0].buffer;
    b.port.timing = nullptr;
    b.word = 0;
    rig.port[0].timing = nullptr;
    EXPECT_EQ(rig.store(FRAME, 4, 1).done, 0u);
    EXPECT_EQ(rig.load(FRAME, 4), 1u);
    EXPECT_EQ(rig.last.done, 0u);
    EXPECT_EQ(rig.region[0].beats, 1u);
}

// -- what becomes of several --------------------------------------------------

struct Drained {
    uint64_t bursts, beats, bytes;
    bool operator==(const Drained &o) const
    {
        return bursts == o.bursts && beats == o.beats && bytes == o.bytes;
    }
};
std::ostream &operator<<(std::ostream &out, const Drained &d)
{
    return out << d.bursts << " bursts, " << d.beats << " beats, " << d.bytes
               << " bytes";
}

Drained drain(PostedMerge merge, std::vector<std::pair<hwaddr, unsigned>> what,
              unsigned depth = 8)
{
    Choice c;
    c.merge = merge;
    c.depth = depth;
    c.line = 32;
    Rig rig(c);
    for (auto [at, size] : what) {
        rig.store(FRAME + at, size, 0x0101010101010101);
    }
    port_settle(&rig.port[0], rig.now, POSTED_FENCE);
    EXPECT_EQ(rig.region[0].beats, rig.bus.lane.beats);
    EXPECT_EQ(rig.region[0].drains, rig.bus.lane.transactions);
    return {rig.region[0].drains, rig.region[0].beats, rig.bus.lane.bytes};
}

TEST(Merge, BytesOfOneWord)
{
    std::vector<std::pair<hwaddr, unsigned>> bytes;
    for (hwaddr i = 0; i < 8; i++) {
        bytes.push_back({i, 1});
    }
    EXPECT_EQ(drain(POSTED_NONE, bytes), (Drained{8, 8, 8}));
    EXPECT_EQ(drain(POSTED_WORD, bytes), (Drained{1, 1, 8}));
    EXPECT_EQ(drain(POSTED_LINE, bytes), (Drained{1, 1, 8}));
    EXPECT_EQ(drain(POSTED_RUN, bytes), (Drained{1, 1, 8}));
}

TEST(Merge, WordsOfALine)
{
    std::vector<std::pair<hwaddr, unsigned>> words;
    for (hwaddr i = 0; i < 64; i += 4) {
        words.push_back({i, 4});
    }
    EXPECT_EQ(drain(POSTED_WORD, words), (Drained{8, 8, 64}));
    EXPECT_EQ(drain(POSTED_LINE, words), (Drained{2, 8, 64}));
    EXPECT_EQ(drain(POSTED_RUN, words), (Drained{2, 8, 64}));
}

TEST(Merge, HolesInAWordAreMaskedAndUntouchedWordsNotMoved)
{
    EXPECT_EQ(drain(POSTED_WORD, {{0, 1}, {6, 2}}), (Drained{1, 1, 8}));
    EXPECT_EQ(drain(POSTED_LINE, {{0, 1}, {12, 4}}), (Drained{1, 2, 16}));
    EXPECT_EQ(drain(POSTED_LINE, {{24, 4}, {0, 2}}), (Drained{2, 2, 6}));
    EXPECT_EQ(drain(POSTED_RUN, {{4, 2}, {8, 2}}), (Drained{2, 2, 4}));
    EXPECT_EQ(drain(POSTED_RUN, {{4, 2}, {6, 4}}), (Drained{1, 2, 6}));
}

TEST(Merge, OnlyIntoTheYoungest)
{
    EXPECT_EQ(drain(POSTED_WORD, {{0, 4}, {8, 4}, {4, 4}}),
              (Drained{3, 3, 12}));
    EXPECT_EQ(drain(POSTED_RUN, {{0, 4}, {0, 4}}), (Drained{2, 2, 8}));
    EXPECT_EQ(drain(POSTED_WORD, {{0, 4}, {0, 4}}), (Drained{1, 1, 4}));
}

TEST(Merge, AcrossABorderByItself)
{
    EXPECT_EQ(drain(POSTED_WORD, {{4, 2}, {6, 4}}), (Drained{2, 3, 6}));
    EXPECT_EQ(drain(POSTED_LINE, {{28, 2}, {30, 4}, {34, 2}}),
              (Drained{3, 4, 8}));
    EXPECT_EQ(drain(POSTED_RUN, {{0xffe, 2}, {0x1000, 2}}), // a page
              (Drained{2, 2, 4}));
}

TEST(Merge, AnEntryTakesSixtyFourStores)
{
    std::vector<std::pair<hwaddr, unsigned>> same(POSTED_STORES + 1, {0, 1});
    EXPECT_EQ(drain(POSTED_WORD, same), (Drained{2, 2, 2}));
}

TEST(Merge, FewerBeatsAreFewerCycles)
{
    uint64_t cycles[2], busy[2];
    for (int on = 0; on < 2; on++) {
        Choice c;
        c.on = on;
        c.merge = POSTED_LINE;
        Rig rig(c);
        for (hwaddr i = 0; i < 256; i++) {
            rig.store(FRAME + i, 1, i);
        }
        rig.now = port_settle(&rig.port[0], rig.now, POSTED_FENCE);
        cycles[on] = rig.cycle();
        busy[on] = rig.bus.lane.busy_cycles;
        if (on) {
            EXPECT_EQ(rig.region[0].lone_beats, 256u);
            EXPECT_EQ(rig.region[0].beats, 32u);
        }
    }
    EXPECT_EQ(busy[0], 256u * 7);
    EXPECT_EQ(busy[1], 4u * (2 + 8 + 4 + 7)); // four lines of eight beats
    EXPECT_EQ(cycles[1], 256u + busy[1]);
}

TEST(Merge, DeviceSeesEveryStoreAsItWasMade)
{
    Choice c;
    c.merge = POSTED_LINE;
    Rig rig(c);
    rig.store(WHOLE + 4, 4, 0x11223344);
    rig.store(WHOLE + 4, 4, 5); // the same place again
    rig.store(WHOLE, 8, 0x600000007);
    port_settle(&rig.port[0], rig.now, POSTED_FENCE);
    EXPECT_EQ(rig.whole.log,
              (Writes{"4/4=287454020", "4/4=5", "0/4=7", "4/4=6"}));
    EXPECT_EQ(rig.region[1].drains, 1u);
    EXPECT_EQ(rig.region[1].beats, 1u);
    EXPECT_EQ(rig.region[1].lone_beats, 4u); // the last was two for the device
}

TEST(Merge, OneStoreDrainsAsTheDeviceTakesIt)
{
    Rig rig({});
    rig.store(WHOLE, 8, 1); // 4 bytes at a time
    port_settle(&rig.port[0], rig.now, POSTED_FENCE);
    EXPECT_EQ(rig.region[1].beats, 2u);
    EXPECT_EQ(rig.region[1].lone_beats, 2u);
    rig.store(WHOLE, 1, 1); // widened
    port_settle(&rig.port[0], rig.now, POSTED_FENCE);
    EXPECT_EQ(rig.region[1].beats, 3u);
    EXPECT_EQ(rig.bus.lane.bytes, 12u);
}

// -- what flushes
// -----------------------------------------------------------------

TEST(Flush, TimeOutOfTheOldest)
{
    Choice c;
    c.timeout = 20;
    Rig rig(c);
    rig.store(WHOLE, 4, 1);
    rig.to(15);
    rig.store(WHOLE + 8, 4, 2);
    rig.to(19);
    EXPECT_EQ(rig.bus.lane.transactions, 0u);
    rig.to(20);
    EXPECT_EQ(rig.bus.lane.transactions, 1u);
    EXPECT_EQ(rig.whole.log.size(), 1u);
    rig.to(26);
    EXPECT_EQ(rig.bus.lane.transactions, 1u);
    rig.to(27); // one after the other, 7 cycles each
    EXPECT_EQ(rig.bus.lane.transactions, 2u);
    EXPECT_EQ(rig.flushes(1, POSTED_TIMEOUT), 1u);
    EXPECT_EQ(rig.region[1].cause[POSTED_TIMEOUT].stores, 2u);
    EXPECT_EQ(rig.region[1].cause[POSTED_TIMEOUT].wait_ps, 0u);
}

TEST(Flush, AccessToTheRange)
{
    Rig rig({});
    rig.store(PART, 1, 1);
    rig.load(PART + 0xf0, 1); // the region, if not the range
    EXPECT_EQ(rig.flushes(2, POSTED_ACCESS), 1u);
    rig.store(PART, 1, 2);
    rig.store(PART + 0x80, 1, 3); // a store that is not posted
    EXPECT_EQ(rig.flushes(2, POSTED_ACCESS), 2u);
    EXPECT_EQ(rig.part.log, (Writes{"0/1=1", "0/1=2", "128/1=3"}));
}

TEST(Flush, AccessToAFlaggedRegionFlushesAll)
{
    Rig rig({});
    rig.store(FRAME, 1, 1);
    rig.store(WHOLE, 4, 1);
    rig.store(PART, 1, 1);
    rig.load(PLAIN, 2);
    rig.load(RAM, 4);
    EXPECT_EQ(rig.bus.lane.transactions, 2u); // nothing flushed
    rig.load(FENCE, 4);
    EXPECT_EQ(rig.bus.lane.transactions, 6u);
    EXPECT_EQ(rig.last.wait, 7u + 7 + 3);
    for (unsigned r = 0; r < 3; r++) {
        EXPECT_EQ(rig.flushes(r, POSTED_ACCESS), 1u) << r;
    }
}

TEST(Flush, AnotherInitiator)
{
    Rig rig({});
    rig.store(WHOLE, 4, 1, 0);
    rig.store(WHOLE + 4, 4, 2, 1); // its own come after
    EXPECT_EQ(rig.flushes(1, POSTED_OTHER), 1u);
    EXPECT_EQ(rig.whole.log.size(), 1u);
    rig.load(WHOLE, 4, 0);
    EXPECT_EQ(rig.flushes(1, POSTED_OTHER), 2u);
    rig.store(FRAME, 4, 1, 0);
    rig.request(FRAME, {0, 0, 0, 0}, false);
    EXPECT_EQ(rig.flushes(0, POSTED_OTHER), 1u);
    EXPECT_EQ(rig.flushes(0, POSTED_ACCESS), 0u);
}

TEST(Flush, SplitPhaseRequestWaitsItsTurn)
{
    Rig rig({});
    rig.store(WHOLE, 4, 1);
    rig.store(WHOLE + 8, 4, 2);
    std::vector<uint8_t> got = rig.request(WHOLE, {0, 0, 0, 0}, false);
    uint64_t hash = (31 + 1 + 4) * 31 + 8 * 7 + 2 + 4;
    EXPECT_EQ(got[0], hash & 0xff);
    EXPECT_EQ(rig.last.wait, 14u);
    EXPECT_EQ(rig.last.blocker, rig.timer[1].buffer.port.id);
    EXPECT_EQ(rig.last.wait + rig.last.bus + rig.last.target,
              (rig.last.done - rig.last.issue) / period);
}

TEST(Flush, RequestIsNotHeldForWhatCameLater)
{
    Choice c;
    Rig rig(c);
    rig.store(WHOLE, 4, 1);
    uint8_t byte[4] = {0};
    bool done = false;
    PortRequest rq = {};
    rq.tx = rig.tx(WHOLE, ACCESS_DMA);
    rq.buf = byte;
    rq.len = 4;
    rq.opaque = &done;
    rq.done = [](PortRequest *r) { *static_cast<bool *>(r->opaque) = true; };
    rig.world->now = rig.now;
    port_request(&rig.dma, &rq);
    EXPECT_FALSE(done);
    rig.store(WHOLE + 8, 4, 2); // while the first one drains
    rig.to(8);
    EXPECT_TRUE(done);
    EXPECT_EQ(rq.tx.granted, 8 * period);
    // ... but it arrived before the request did
    EXPECT_EQ(rig.whole.log.size(), 2u);
    rig.to(30);
    EXPECT_EQ(rig.bus.lane.transactions, 3u);
}

TEST(Flush, FencesAndInterrupts)
{
    Rig rig({});
    rig.store(FRAME, 4, 1, 1);
    EXPECT_EQ(port_settle(&rig.port[0], rig.now, POSTED_FENCE), rig.now);
    EXPECT_EQ(rig.flushes(0, POSTED_FENCE), 0u); // another's
    EXPECT_EQ(port_settle(&rig.port[1], rig.now, POSTED_FENCE),
              rig.now + 7 * period);
    EXPECT_EQ(rig.flushes(0, POSTED_FENCE), 1u);
    rig.to(100);
    rig.store(FRAME, 4, 1, 1);
    port_settle(&rig.port[1], rig.now, POSTED_INTERRUPT);
    EXPECT_EQ(rig.flushes(0, POSTED_INTERRUPT), 1u);
}

TEST(Flush, MapChangesAndCallsArriveAtOnceAndDrainLater)
{
    Rig rig({});
    rig.store(WHOLE, 4, 1);
    memory_region_transaction_begin();
    EXPECT_EQ(rig.whole.log.size(), 1u);
    memory_region_transaction_commit();
    EXPECT_EQ(rig.flushes(1, POSTED_MAP), 1u);
    EXPECT_EQ(rig.bus.lane.transactions, 0u);
    rig.to(2);
    EXPECT_EQ(rig.bus.lane.transactions, 1u);
    rig.store(WHOLE, 4, 2);
    qemu_flush_coalesced_mmio_buffer();
    EXPECT_EQ(rig.whole.log.size(), 2u);
    EXPECT_EQ(rig.flushes(1, POSTED_EXPLICIT), 1u);
    rig.to(20);
    EXPECT_EQ(rig.bus.lane.transactions, 2u);
    rig.store(WHOLE, 4, 3);
    memory_region_clear_coalescing(&rig.whole.mr);
    EXPECT_EQ(rig.whole.log.size(), 3u);
    EXPECT_FALSE(rig.store(WHOLE, 4, 4).posted);
}

TEST(Flush, EndOfTheRun)
{
    Rig rig({});
    rig.store(FRAME, 4, 1);
    rig.store(WHOLE, 4, 1);
    EXPECT_EQ(memory_world_settle(rig.world, rig.now, POSTED_STOP),
              rig.now + 14 * period);
    EXPECT_EQ(rig.flushes(0, POSTED_STOP) + rig.flushes(1, POSTED_STOP), 2u);
}

TEST(Flush, AtomicsAndTransfers)
{
    Rig rig({});
    rig.store(FRAME, 4, 41);
    PortTx t = rig.tx(FRAME, ACCESS_AMO);
    auto add = [](uint64_t a, uint64_t b) { return a + b; };
    EXPECT_EQ(port_amo(&rig.port[0], &t, 4, add, 1), 41u);
    EXPECT_EQ(t.wait, 7u);
    rig.now = t.done;
    rig.store(FRAME + 4, 4, 1);
    t = rig.tx(FRAME, ACCESS_AMO);
    EXPECT_EQ(port_load_reserved(&rig.port[0], &t, 4), 42u);
    EXPECT_EQ(t.wait, 7u);
    rig.now = t.done;
    rig.store(FRAME, 4, 1); // one's own store: the reservation stays
    t = rig.tx(FRAME, ACCESS_AMO);
    EXPECT_TRUE(port_store_conditional(&rig.port[0], &t, 4, 9));
    EXPECT_EQ(t.wait, 7u);
    rig.now = t.done;
    rig.store(FRAME, 4, 1);
    uint64_t word = 0;
    t = rig.tx(FRAME, ACCESS_LOAD);
    port_transfer(&rig.port[0], &t, &word, 4, false);
    EXPECT_EQ(word, 1u);
    EXPECT_EQ(t.wait, 7u);
    EXPECT_EQ(rig.flushes(0, POSTED_ACCESS), 4u);
}

TEST(Posted, EndsReservationsOfOthers)
{
    Rig rig({});
    PortTx t = rig.tx(FRAME, ACCESS_AMO);
    port_load_reserved(&rig.port[0], &t, 4);
    rig.now = t.done;
    EXPECT_TRUE(rig.store(FRAME, 4, 1, 1).posted);
    t = rig.tx(FRAME, ACCESS_AMO);
    EXPECT_FALSE(port_store_conditional(&rig.port[0], &t, 4, 9));
    rig.now = t.done > rig.now ? t.done : rig.now;
    EXPECT_EQ(rig.load(FRAME, 4), 1u);
}

TEST(Posted, NoEntryIsOpenAndNoWindow)
{
    Rig rig({});
    PortWindow window;
    EXPECT_EQ(port_open(&rig.port[0], FRAME, FRAME, false), nullptr);
    EXPECT_EQ(port_open(&rig.port[0], FRAME, FRAME, true), nullptr);
    EXPECT_FALSE(port_window(&rig.port[0], FRAME, &window));
    EXPECT_NE(port_open(&rig.port[0], RAM, RAM, true), nullptr);
}

TEST(Flush, AnotherSpaceIsNotPostedAndFlushes)
{
    Rig rig({});
    MemoryRegion root, alias;
    AddressSpace as;
    MemoryPort port;
    memory_region_init(&root, nullptr, "root2", UINT64_MAX);
    memory_region_init_alias(&alias, nullptr, "alias", &rig.frame, 0, 0x2000);
    memory_region_add_subregion(&root, FRAME, &alias);
    address_space_init(&as, &root, "as2");
    ASSERT_TRUE(
        port_init(&port, &as, "there", &rig.clock, &rig.bus.model, 0, nullptr));
    rig.store(FRAME, 4, 1);
    PortTx t = rig.tx(FRAME, ACCESS_STORE);
    port_store(&port, &t, 4, 2);
    EXPECT_FALSE(t.posted);
    EXPECT_EQ(rig.flushes(0, POSTED_OTHER), 1u);
    port_fini(&port);
    address_space_destroy(&as);
    memory_region_del_subregion(&root, &alias);
    memory_region_fini(&alias);
    memory_region_fini(&root);
}

// -- what fails
// -------------------------------------------------------------------

TEST(Posted, RefusedStoreFaultsAtOnce)
{
    Rig rig({});
    memory_region_set_coalescing(&rig.fence.mr);
    PostedRegion pr;
    posted_buffer_add(&rig.timer[1].buffer, &pr, &rig.fence.mr);
    PortTx t = rig.store(FENCE, 2, 1); // it takes 4 bytes
    EXPECT_FALSE(t.posted);
    EXPECT_EQ(t.result, static_cast<MemTxResult>(MEMTX_DECODE_ERROR));
    EXPECT_TRUE(rig.store(FENCE, 4, 1).posted);
    posted_timer_fini(&rig.timer[1]); // before pr goes
}

TEST(Posted, LateErrorIsCounted)
{
    Rig rig({});
    rig.whole.answer = MEMTX_ERROR;
    PortTx t = rig.store(WHOLE, 4, 1);
    EXPECT_EQ(t.result, static_cast<MemTxResult>(MEMTX_OK));
    port_settle(&rig.port[0], rig.now, POSTED_FENCE);
    EXPECT_EQ(rig.region[1].errors, 1u);
    uint32_t n;
    const PortTraffic *traffic = port_traffic(&rig.timer[1].buffer.port, &n);
    ASSERT_EQ(n, 1u);
    EXPECT_EQ(traffic->errors, 1u);
}

TEST(Posted, RegionMayEnd)
{
    Rig rig({});
    rig.store(PART, 1, 1);
    memory_region_del_subregion(&rig.root, &rig.part.mr);
    EXPECT_EQ(rig.part.log.size(), 1u);
    memory_region_fini(&rig.part.mr);
    EXPECT_EQ(rig.region[2].mr, nullptr);
    rig.to(50); // its entry drains where nothing is
    EXPECT_EQ(rig.bus.lane.transactions, 1u);
    rig.part.init("part", 1, 8, 1);
    rig.put(PART, &rig.part.mr);
    EXPECT_FALSE(rig.store(PART, 1, 1).posted);
}

// -- with and without
// ---------------------------------------------------------------

// One random access to both; whatever it answers is the same.
void step(std::mt19937 &rng, Rig *(&rig)[2])
{
    static const hwaddr bases[] = {FRAME, FRAME, FRAME, WHOLE, WHOLE,
                                   PART,  PART,  PLAIN, FENCE, RAM};
    unsigned what = rng() % 32, size = 1u << rng() % 4;
    hwaddr base = bases[rng() % 10];
    hwaddr range = base == FRAME && rng() % 2 ? 0x1800 : 48 + rng() % 208;
    hwaddr addr = base + rng() % range;
    addr &= ~static_cast<hwaddr>(rng() % 8 || base != FRAME ? size - 1 : 0);
    uint64_t value = rng(), extra = rng() % 300;
    int who = rng() % 4 == 0;
    uint64_t seen[2] = {0, 0};
    std::vector<uint8_t> bytes(1 + rng() % 24);
    std::vector<uint8_t> got[2] = {bytes, bytes};
    for (int i = 0; i < 2; i++) {
        Rig &r = *rig[i];
        if (what < 20) {
            seen[i] = r.store(addr, size, value, who).result;
        } else if (what < 24) {
            seen[i] = r.load(addr, size, who);
        } else if (what < 26) {
            std::vector<uint8_t> data(bytes.size(),
                                      static_cast<uint8_t>(value));
            PortTx t = r.tx(addr, ACCESS_TLM);
            port_transfer(&r.port[who], &t, data.data(), data.size(),
                          value & 1);
            r.passed(t);
            got[i] = data;
        } else if (what < 28) {
            std::vector<uint8_t> data(bytes.size(),
                                      static_cast<uint8_t>(value));
            got[i] = r.request(addr, data, value & 1);
            seen[i] = r.last.result;
        } else if (what == 28 && (base == FRAME || base == RAM)) {
            PortTx t = r.tx(addr & ~hwaddr{7}, ACCESS_AMO);
            auto fn = [](uint64_t a, uint64_t b) { return a * 3 + b; };
            seen[i] = port_amo(&r.port[who], &t, 4, fn, value);
            r.passed(t);
        } else if (what == 29) {
            r.now = port_settle(&r.port[who], r.now, POSTED_FENCE);
        } else if (what == 30) {
            r.world->now = r.now;
            memory_world_enter(r.world);
            value & 1 ? qemu_flush_coalesced_mmio_buffer()
                      : memory_region_set_readonly(&r.ram, value & 2);
        } else {
            r.to(r.cycle() + extra);
        }
    }
    ASSERT_EQ(seen[0], seen[1])
        << what << " at " << std::hex << addr << " size " << size;
    ASSERT_EQ(got[0], got[1]) << what << " at " << std::hex << addr;
}

void compare(Rig *(&rig)[2])
{
    for (int i = 0; i < 2; i++) {
        rig[i]->now =
            memory_world_settle(rig[i]->world, rig[i]->now, POSTED_STOP);
        EXPECT_EQ(rig[i]->world->now <= rig[i]->now, true);
    }
    EXPECT_EQ(rig[0]->whole.log, rig[1]->whole.log);
    EXPECT_EQ(rig[0]->part.log, rig[1]->part.log);
    EXPECT_EQ(rig[0]->plain.log, rig[1]->plain.log);
    EXPECT_EQ(rig[0]->fence.log, rig[1]->fence.log);
    for (MemoryRegion *const mr : {&rig[0]->frame, &rig[0]->ram}) {
        MemoryRegion *other =
            mr == &rig[0]->frame ? &rig[1]->frame : &rig[1]->ram;
        EXPECT_EQ(std::memcmp(memory_region_get_ram_ptr(mr),
                              memory_region_get_ram_ptr(other),
                              memory_region_size(mr)),
                  0);
    }
}

// Every store is in some entry that drained, every beat on the bus is counted.
void conserve(const Rig &rig)
{
    for (const PostedRegion &r : rig.region) {
        uint64_t left = 0;
        for (const auto &c : r.cause) {
            left += c.stores;
        }
        EXPECT_EQ(left, r.stores);
        EXPECT_LE(r.beats, r.lone_beats);
        EXPECT_LE(r.drains, r.stores);
    }
    uint64_t beats = 0, bytes = 0, wait = 0;
    for (MemoryPort *p = rig.world->first_port; p; p = p->next) {
        uint32_t n;
        const PortTraffic *t = port_traffic(p, &n);
        for (uint32_t i = 0; i < n; i++) {
            beats += t[i].mr ? t[i].beats : 0;
            bytes += t[i].bytes_moved;
            wait += t[i].wait;
        }
    }
    EXPECT_LE(beats,
              rig.bus.lane.beats); // what nothing answered is the bus's only
    EXPECT_LE(bytes, rig.bus.lane.bytes);
    EXPECT_LE(rig.bus.lane.busy_cycles,
              clock_cycle_at(&rig.clock, rig.bus.lane.free_at));
    EXPECT_GE(wait, rig.region[0].stall_ps / period);
}

TEST(Same, MemoryAndDevicesWithAndWithout)
{
    uint64_t flushed[POSTED_CAUSES] = {0};
    uint64_t saved = 0, stalls = 0;
    for (unsigned seed = 1; seed <= 120; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937 rng(seed);
        Choice c;
        c.depth = 1 + rng() % 6;
        c.merge = static_cast<PostedMerge>(rng() % POSTED_MERGES);
        c.line = 8u << rng() % 6;
        c.width = 1u << rng() % 5;
        c.timeout = rng() % 3 ? rng() % 40 : 0;
        c.shared = rng() % 2;
        c.overhead = rng() % 3;
        c.first = rng() % 6;
        Choice off = c;
        off.on = false;
        Rig with(c), without(off);
        Rig *rig[2] = {&with, &without};
        for (unsigned i = 0; i < 250 && !testing::Test::HasFailure(); i++) {
            step(rng, rig);
        }
        compare(rig);
        conserve(with);
        ASSERT_FALSE(testing::Test::HasFailure());
        for (const PostedRegion &r : with.region) {
            saved += r.lone_beats - r.beats;
            stalls += r.stalls;
            for (unsigned k = 0; k < POSTED_CAUSES; k++) {
                flushed[k] += r.cause[k].flushes;
            }
        }
    }
    EXPECT_GT(saved, 100u);
    EXPECT_GT(stalls, 100u);
    for (unsigned k :
         {POSTED_FULL, POSTED_TIMEOUT, POSTED_ACCESS, POSTED_OTHER,
          POSTED_FENCE, POSTED_MAP, POSTED_EXPLICIT, POSTED_STOP}) {
        EXPECT_GT(flushed[k], 10u) << posted_cause_name[k];
    }
}

} // namespace
