// The virtio transport and its queues, on a disk: set-up, negotiation, event
// index, reset, and drivers that do what they must not.
#include <random>

#include "tests/soc/virtio_blk_kit.h"

using namespace virtio;

namespace
{

// -- the transport ------------------------------------------------------------

TEST(Virtio, AnEmptySlotSaysSo)
{
    for (uint64_t version : {1u, 2u}) {
        Bench<Virtio> b(virtio_mmio_class, 1000000000,
                        [&](Virtio *v) { v->version = version; });
        b.reset();
        EXPECT_EQ(0x74726976u, b.read(VIRTIO_MAGIC));
        EXPECT_EQ(version, b.read(VIRTIO_VERSION));
        EXPECT_EQ(0u, b.read(VIRTIO_DEVICE_ID));
        EXPECT_TRUE(b.errors.empty());
        b.write(VIRTIO_STATUS, 1);
        EXPECT_EQ(0u, b.read(VIRTIO_STATUS));
        EXPECT_EQ(0u, b.read(VIRTIO_QUEUE_NUM_MAX));
        EXPECT_EQ(1u, b.errors.size());
    }
}

TEST(Virtio, IdentifiesItself)
{
    Blk d;
    EXPECT_EQ(0x74726976u, d.s.reg(VIRTIO_MAGIC));
    EXPECT_EQ(2u, d.s.reg(VIRTIO_VERSION));
    EXPECT_EQ(2u, d.s.reg(VIRTIO_DEVICE_ID));
    EXPECT_EQ(0x6f636f73u, d.s.reg(VIRTIO_VENDOR_ID));
    EXPECT_EQ(UINT32_MAX, d.s.reg(VIRTIO_SHM_LEN));
    EXPECT_EQ(0u, d.s.reg(VIRTIO_CONFIG_GENERATION));
    EXPECT_EQ(256u, d.s.reg(VIRTIO_QUEUE_NUM_MAX));
    d.s.b.write(VIRTIO_QUEUE_SEL, 1);
    EXPECT_EQ(0u, d.s.reg(VIRTIO_QUEUE_NUM_MAX));
}

TEST(Virtio, FieldsOfAnySize)
{
    Blk d;
    EXPECT_EQ(SECTORS, d.s.b.read(VIRTIO_CONFIG, 8));
    EXPECT_EQ(SECTORS, d.s.b.read(VIRTIO_CONFIG, 1));
    EXPECT_EQ(0u, d.s.b.read(VIRTIO_CONFIG + 1, 1));
    EXPECT_EQ(512u, d.s.b.read(VIRTIO_CONFIG + 20, 2));
    EXPECT_EQ(2u, d.s.b.read(VIRTIO_CONFIG + 21, 1)); // its high byte
    EXPECT_EQ(0u, d.s.b.read(VIRTIO_CONFIG + 0x80, 4));
    EXPECT_TRUE(d.s.b.errors.empty());
    d.s.b.write(VIRTIO_CONFIG, 1);
    EXPECT_EQ(SECTORS, d.s.b.read(VIRTIO_CONFIG, 8));
    EXPECT_EQ(0u, d.s.b.read(VIRTIO_MAGIC, 1)); // a register is a word
    d.s.b.write(VIRTIO_STATUS, 0, 2);
    EXPECT_NE(0u, d.s.reg(VIRTIO_STATUS));
    EXPECT_EQ(3u, d.s.b.errors.size());
}

TEST(Virtio, OffersFeatures)
{
    uint64_t rings = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
    Blk modern;
    EXPECT_EQ(rings | VIRTIO_F_VERSION_1,
              offered(modern.s) & (rings | VIRTIO_F_VERSION_1));
    EXPECT_EQ(0u, offered(modern.s) & VIRTIO_F_ANY_LAYOUT);
    Options o;
    o.version = 1;
    Blk old(o);
    EXPECT_EQ(rings | VIRTIO_F_ANY_LAYOUT,
              offered(old.s) & (rings | VIRTIO_F_ANY_LAYOUT));
    EXPECT_EQ(0u, offered(old.s) >> 32);
    old.s.b.write(VIRTIO_DEVICE_FEATURES_SEL, 2);
    EXPECT_EQ(0u, old.s.reg(VIRTIO_DEVICE_FEATURES));
}

TEST(Virtio, RefusesFeaturesThatItDoesNotOffer)
{
    Blk d;
    EXPECT_FALSE(negotiate(d.s, VIRTIO_F_ANY_LAYOUT));
    EXPECT_FALSE(negotiate(d.s, UINT64_C(1) << 34)); // packed rings
    EXPECT_TRUE(negotiate(d.s, 0));
    // Not without VERSION_1.
    d.s.b.write(VIRTIO_STATUS, 0);
    d.s.b.write(VIRTIO_STATUS, 3);
    d.s.b.write(VIRTIO_STATUS, 11);
    EXPECT_EQ(3u, d.s.reg(VIRTIO_STATUS));
    // And not after the fact.
    EXPECT_TRUE(negotiate(d.s, 0));
    d.s.b.write(VIRTIO_DRIVER_FEATURES_SEL, 0);
    d.s.b.write(VIRTIO_DRIVER_FEATURES, 1u << 29);
    EXPECT_EQ(0u, d.s.v().features & VIRTIO_F_EVENT_IDX);
}

TEST(Virtio, VersionsHaveTheirOwnRegisters)
{
    Blk modern;
    modern.s.b.write(VIRTIO_QUEUE_PFN, 1);
    modern.s.b.write(VIRTIO_GUEST_PAGE_SIZE, 4096);
    EXPECT_EQ(2u, modern.s.b.errors.size());
    EXPECT_EQ(0u, modern.s.reg(VIRTIO_QUEUE_PFN));
    Options o;
    o.version = 1;
    Blk old(o);
    EXPECT_EQ(QUEUE / 4096, old.s.reg(VIRTIO_QUEUE_PFN));
    old.s.b.write(VIRTIO_QUEUE_READY, 0);
    EXPECT_EQ(1u, old.s.b.errors.size());
    EXPECT_EQ(S_OK, old.request(T_IN, 0, 512));
}

TEST(Virtio, WaitsForDriverOk)
{
    Blk d;
    negotiate(d.s, 0);
    d.ring = std::make_unique<Ring<System<VirtioBlk>>>(d.s, 0, 8, QUEUE);
    EXPECT_EQ(S_NONE, d.request(T_IN, 0, 512));
    driver_ok(d.s); // the notification was not forgotten
    d.s.run();
    EXPECT_TRUE(d.ring->done());
    EXPECT_EQ(S_OK, d.status());
}

TEST(Virtio, TakesNothingWithoutANotification)
{
    Blk d;
    d.header(T_IN, 0);
    d.ring->add(d.buffers(T_IN, 512));
    d.s.run();
    EXPECT_FALSE(d.ring->done());
    d.ring->kick();
    d.s.run();
    EXPECT_TRUE(d.ring->done());
    d.s.b.write(VIRTIO_QUEUE_NOTIFY, 1); // there is none
    EXPECT_EQ(1u, d.s.b.errors.size());
}

TEST(Virtio, SeesBuffersAddedWhileItWorks)
{
    Blk d;
    d.header(T_IN, 0);
    d.ring->add(d.buffers(T_IN, 512));
    d.ring->kick();
    d.s.run(5); // it is at the first one's descriptors
    d.ring->add({{HEADER, 16, false}, {DATA, 512, true}, {STATUS, 1, true}});
    d.ring->kick();
    d.s.run();
    EXPECT_EQ(513u, d.ring->take());
    EXPECT_EQ(513u, d.ring->take());
}

TEST(Virtio, IdlesWithoutEvents)
{
    for (uint64_t features : {UINT64_C(0), VIRTIO_F_EVENT_IDX}) {
        Options o;
        o.features = features;
        Blk d(o);
        EXPECT_EQ(TIME_NEVER, event_next(&d.s.b.queue));
        EXPECT_EQ(S_OK, d.request(T_IN, 0, 512));
        EXPECT_EQ(TIME_NEVER, event_next(&d.s.b.queue));
    }
}

// A notification at any cycle of the device's work is heard.
TEST(Virtio, NotificationsAreNeverLost)
{
    for (uint64_t gap = 0; gap < 40; gap++) {
        Blk d;
        d.header(T_FLUSH, 0);
        d.ring->add({{HEADER, 16, false}, {STATUS, 1, true}});
        d.ring->kick();
        d.s.run(gap);
        d.ring->add({{HEADER, 16, false}, {STATUS, 1, true}});
        d.ring->kick();
        d.s.run();
        EXPECT_EQ(2u, d.s.get(d.ring->used + 2, 2)) << gap;
    }
}

// -- event index --------------------------------------------------------------

struct EventIdx : testing::Test {
    Options options()
    {
        Options o;
        o.features = VIRTIO_F_EVENT_IDX;
        return o;
    }
    static void want(Blk &d, unsigned used_event)
    {
        d.s.put(d.ring->avail + 4 + 2 * d.ring->num, 2, used_event);
    }
    static unsigned wanted(Blk &d)
    {
        return static_cast<unsigned>(
            d.s.get(d.ring->used + 4 + 8 * d.ring->num, 2));
    }
};

TEST_F(EventIdx, InterruptsWhereTheDriverAsks)
{
    Blk d(options());
    want(d, 2);
    for (unsigned i = 0; i < 5; i++) {
        EXPECT_EQ(S_OK, d.request(T_IN, 0, 512));
        EXPECT_EQ(i == 2 ? 1u : 0u, d.s.reg(VIRTIO_INTERRUPT_STATUS)) << i;
        d.s.b.write(VIRTIO_INTERRUPT_ACK, 1);
        EXPECT_EQ(i + 1, wanted(d)); // tell me of the next one
    }
}

// A driver that only notifies when avail_event asks is never left waiting.
TEST_F(EventIdx, SparseNotificationsSuffice)
{
    for (uint64_t gap = 0; gap < 60; gap++) {
        Blk d(options());
        uint16_t before = 0;
        for (unsigned i = 0; i < 6; i++) {
            d.header(T_FLUSH, 0);
            d.ring->add({{HEADER, 16, false}, {STATUS, 1, true}});
            uint16_t now = d.ring->next_avail;
            if (static_cast<uint16_t>(now - wanted(d) - 1) <
                static_cast<uint16_t>(now - before)) {
                d.ring->kick();
            }
            before = now;
            d.s.run(gap);
        }
        d.s.run();
        EXPECT_EQ(6u, d.s.get(d.ring->used + 2, 2)) << gap;
    }
}

// -- reset --------------------------------------------------------------------

TEST(VirtioReset, AtEveryCycle)
{
    for (uint64_t gap = 0; gap < 40; gap++) {
        Options o;
        o.bus = gap % 2;
        Blk d(o);
        d.header(T_IN, 0);
        d.ring->add(d.buffers(T_IN, 512));
        d.ring->kick();
        d.s.run(gap);
        d.s.b.write(VIRTIO_STATUS, 0);
        EXPECT_EQ(0u, d.s.reg(VIRTIO_STATUS));
        EXPECT_EQ(0u, d.s.reg(VIRTIO_INTERRUPT_STATUS));
        EXPECT_FALSE(d.s.v().irq.level);
        uint64_t used = d.s.get(d.ring->used + 2, 2);
        d.s.run();
        EXPECT_LE(d.s.get(d.ring->used + 2, 2), used + 1);
        ASSERT_TRUE(negotiate(d.s, 0));
        d.ring = std::make_unique<Ring<System<VirtioBlk>>>(d.s, 0, 8, QUEUE);
        driver_ok(d.s);
        EXPECT_EQ(S_OK, d.request(T_IN, 5, 512)) << gap;
        EXPECT_EQ(Blk::pattern().substr(5 * 512, 512), d.s.text(DATA, 512));
    }
}

TEST(VirtioReset, OfOneQueue)
{
    Blk d;
    EXPECT_EQ(S_OK, d.request(T_IN, 0, 512));
    d.s.b.write(VIRTIO_QUEUE_NUM, 4); // in use: refused
    EXPECT_EQ(8u, d.s.v().queue[0].num);
    d.s.b.write(VIRTIO_QUEUE_READY, 0);
    EXPECT_EQ(0u, d.s.reg(VIRTIO_QUEUE_READY));
    d.ring = std::make_unique<Ring<System<VirtioBlk>>>(d.s, 0, 4, QUEUE);
    EXPECT_EQ(1u, d.s.reg(VIRTIO_QUEUE_READY));
    EXPECT_EQ(S_OK, d.request(T_IN, 0, 512));
}

// -- hostile drivers ----------------------------------------------------------

// What is wrong with one request, and what the device says.
struct Hostile {
    const char *name;
    void (*spoil)(Blk &d);
    const char *says;
};

void set_flags(Blk &d, unsigned i, unsigned flags, unsigned next)
{
    d.s.put(QUEUE + 16 * i + 12, 2, flags);
    d.s.put(QUEUE + 16 * i + 14, 2, next);
}

const Hostile hostile[] = {
    {"a loop", [](Blk &d) { set_flags(d, 1, NEXT | WRITE, 1); }, "more than 8"},
    {"a loop to its head", [](Blk &d) { set_flags(d, 0, NEXT, 0); },
     "more than 8"},
    {"no such descriptor", [](Blk &d) { set_flags(d, 0, NEXT, 8); },
     "descriptor 8 of 8"},
    {"no such head", [](Blk &d) { d.s.put(d.ring->avail + 4, 2, 8); },
     "chain 8 of 8"},
    {"more buffers than entries",
     [](Blk &d) { d.s.put(d.ring->avail + 2, 2, 9); }, "9 buffers"},
    {"fewer buffers than before",
     [](Blk &d) { d.s.put(d.ring->avail + 2, 2, 0xffff); }, "65535 buffers"},
    {"reading behind writing", [](Blk &d) { set_flags(d, 2, 0, 0); },
     "behind one to write"},
    {"nowhere", [](Blk &d) { d.s.put(QUEUE, 8, 0x1000); }, "cannot be read"},
    {"nowhere to write", [](Blk &d) { d.s.put(QUEUE + 16, 8, 0x1000); },
     "cannot be written"},
    {"across the end of memory",
     [](Blk &d) { d.s.put(QUEUE + 16, 8, RAM + RAM_SIZE - 256); },
     "cannot be written"},
    {"across the end of all", [](Blk &d) { d.s.put(QUEUE + 16, 8, ~255ull); },
     "a buffer of 0x200 bytes"},
    {"more than 4 GiB",
     [](Blk &d) {
         d.s.put(QUEUE + 8, 4, UINT32_MAX);
         d.s.put(QUEUE + 24, 4, 2);
     },
     "more than 4 GiB"},
    {"indirect, not negotiated", [](Blk &d) { set_flags(d, 0, INDIRECT, 0); },
     "not negotiated"},
};

TEST(VirtioHostile, NeedsAResetAndGetsOne)
{
    for (const Hostile &h : hostile) {
        SCOPED_TRACE(h.name);
        Blk d;
        d.header(T_IN, 0);
        d.ring->add(d.buffers(T_IN, 512));
        h.spoil(d);
        d.ring->kick();
        d.s.run();
        EXPECT_TRUE(d.s.needs_reset());
        EXPECT_EQ(2u, d.s.reg(VIRTIO_INTERRUPT_STATUS));
        EXPECT_TRUE(d.s.v().irq.level);
        ASSERT_EQ(1u, d.s.b.errors.size());
        EXPECT_NE(std::string::npos, d.s.b.errors[0].find(h.says))
            << d.s.b.errors[0];
        EXPECT_NE(std::string::npos, d.s.b.errors[0].find("needs a reset"));
        EXPECT_EQ(0u, d.s.get(d.ring->used + 2, 2));
        // It stays so, whatever the driver asks for but a reset.
        d.ring->kick();
        d.s.b.write(VIRTIO_STATUS, 15);
        d.s.run();
        EXPECT_TRUE(d.s.needs_reset());
        ASSERT_TRUE(negotiate(d.s, 0));
        EXPECT_FALSE(d.s.needs_reset());
        d.ring = std::make_unique<Ring<System<VirtioBlk>>>(d.s, 0, 8, QUEUE);
        driver_ok(d.s);
        EXPECT_EQ(S_OK, d.request(T_IN, 0, 512));
    }
}

TEST(VirtioHostile, VersionOneStops)
{
    for (const Hostile &h : hostile) {
        SCOPED_TRACE(h.name);
        Options o;
        o.version = 1;
        Blk d(o);
        d.header(T_IN, 0);
        d.ring->add(d.buffers(T_IN, 512));
        h.spoil(d);
        d.ring->kick();
        d.s.run();
        EXPECT_FALSE(d.s.needs_reset()); // there is no such bit
        EXPECT_TRUE(d.s.v().broken);
        EXPECT_EQ(0u, d.s.reg(VIRTIO_INTERRUPT_STATUS));
        EXPECT_EQ(0u, d.s.get(d.ring->used + 2, 2));
    }
}

TEST(VirtioHostile, IndirectTables)
{
    const Hostile tables[] = {
        {"in another", [](Blk &d) { d.s.put(TABLE + 12, 2, INDIRECT); },
         "in another one"},
        {"with a next", [](Blk &d) { set_flags(d, 0, INDIRECT | NEXT, 1); },
         "goes on after it"},
        {"half an entry", [](Blk &d) { d.s.put(QUEUE + 8, 4, 40); },
         "not whole"},
        {"empty", [](Blk &d) { d.s.put(QUEUE + 8, 4, 0); }, "empty"},
        {"too long", [](Blk &d) { d.s.put(QUEUE + 8, 4, 16 << 16); },
         "too long"},
        {"not aligned", [](Blk &d) { d.s.put(QUEUE, 8, TABLE + 4); },
         "not aligned"},
        {"out of itself", [](Blk &d) { d.s.put(TABLE + 14, 2, 3); },
         "descriptor 3 of 3"},
        {"a loop", [](Blk &d) { d.s.put(TABLE + 14, 2, 0); }, "more than 8"},
        {"nowhere", [](Blk &d) { d.s.put(QUEUE, 8, 0x10000); },
         "cannot be read"},
    };
    for (const Hostile &h : tables) {
        SCOPED_TRACE(h.name);
        Options o;
        o.features = VIRTIO_F_INDIRECT_DESC;
        Blk d(o);
        d.header(T_IN, 0);
        d.ring->add_indirect(d.buffers(T_IN, 512), TABLE);
        h.spoil(d);
        d.ring->kick();
        d.s.run();
        EXPECT_TRUE(d.s.needs_reset());
        ASSERT_EQ(1u, d.s.b.errors.size());
        EXPECT_NE(std::string::npos, d.s.b.errors[0].find(h.says))
            << d.s.b.errors[0];
    }
}

// As many descriptors as the queue has entries, and one more.
TEST(VirtioHostile, LongestChain)
{
    for (unsigned data : {6u, 7u}) {
        Options o;
        o.features = VIRTIO_F_INDIRECT_DESC;
        Blk d(o);
        d.header(T_IN, 0);
        std::vector<Buffer> list{{HEADER, 16, false}};
        for (unsigned i = 0; i < data; i++) {
            list.push_back({DATA + 512 * i, 512, true});
        }
        list.push_back({STATUS, 1, true});
        d.ring->add_indirect(list, TABLE);
        d.ring->kick();
        d.s.run();
        EXPECT_EQ(data == 7, d.s.needs_reset());
        EXPECT_EQ(data == 7 ? S_NONE : S_OK, d.status());
    }
}

TEST(VirtioHostile, QueuesThatCannotBe)
{
    struct {
        hwaddr reg;
        uint64_t value;
        const char *says;
    } const wrong[] = {
        {VIRTIO_QUEUE_NUM, 0, "QUEUE_NUM"},
        {VIRTIO_QUEUE_NUM, 3, "QUEUE_NUM"},
        {VIRTIO_QUEUE_NUM, 512, "QUEUE_NUM"},
        {VIRTIO_QUEUE_NUM, 0x80000000, "QUEUE_NUM"},
        {VIRTIO_QUEUE_DESC, (QUEUE & UINT32_MAX) + 8, "not a multiple of 16"},
        {VIRTIO_QUEUE_DRIVER, (QUEUE & UINT32_MAX) + 1, "not a multiple of 2"},
        {VIRTIO_QUEUE_DEVICE, (QUEUE & UINT32_MAX) + 2, "not a multiple of 4"},
    };
    for (auto &w : wrong) {
        Blk d;
        d.s.b.write(VIRTIO_QUEUE_READY, 0);
        d.s.b.write(w.reg, w.value);
        d.s.b.write(VIRTIO_QUEUE_READY, 1);
        EXPECT_TRUE(d.s.needs_reset()) << w.value;
        EXPECT_EQ(0u, d.s.reg(VIRTIO_QUEUE_READY));
        ASSERT_FALSE(d.s.b.errors.empty());
        EXPECT_NE(std::string::npos, d.s.b.errors[0].find(w.says));
    }
}

TEST(VirtioHostile, QueuesNowhere)
{
    for (hwaddr part :
         {VIRTIO_QUEUE_DESC, VIRTIO_QUEUE_DRIVER, VIRTIO_QUEUE_DEVICE}) {
        Blk d;
        d.s.b.write(VIRTIO_QUEUE_READY, 0);
        d.s.b.write(part + 4, 0xffffffff);
        d.s.b.write(VIRTIO_QUEUE_READY, 1);
        d.request(T_IN, 0, 512);
        EXPECT_TRUE(d.s.needs_reset());
    }
}

// Buffers that are the device's own registers: it resets itself, stops its own
// queue or notifies itself, in the middle of a request.
TEST(VirtioHostile, WritesToItself)
{
    for (bool bus : {false, true}) {
        for (hwaddr at : {VIRTIO_STATUS, VIRTIO_QUEUE_READY,
                          VIRTIO_QUEUE_NOTIFY, VIRTIO_QUEUE_NUM}) {
            Options o;
            o.bus = bus;
            Blk d(o);
            d.image.bytes.assign(SECTORS * 512, '\0');
            d.header(T_IN, 0);
            d.ring->add({{HEADER, 16, false},
                         {OWN + at, 4, true},
                         {DATA, 508, true},
                         {STATUS, 1, true}});
            d.ring->kick();
            d.s.run();
            ASSERT_TRUE(negotiate(d.s, 0));
            d.ring =
                std::make_unique<Ring<System<VirtioBlk>>>(d.s, 0, 8, QUEUE);
            driver_ok(d.s);
            EXPECT_EQ(S_OK, d.request(T_IN, 0, 512));
        }
    }
}

// However long a buffer is, an event moves one piece of it.
TEST(VirtioHostile, LongBuffersTakeTheirTime)
{
    Blk d;
    d.image.bytes.resize(RAM_SIZE);
    d.s.v().config_size = 0;
    d.s.b.model->disk.size = RAM_SIZE;
    d.header(T_IN, 0);
    std::vector<Buffer> list{{HEADER, 16, false}};
    for (unsigned i = 0; i < 4; i++) {
        list.push_back({RAM + 0x20000, 0x1d0000 / 4, true});
    }
    list.push_back({STATUS, 1, true});
    d.ring->add(list);
    d.ring->kick();
    unsigned events = 0;
    while (!d.ring->done() && events < 10000) {
        event_run_one(&d.s.b.queue);
        events++;
    }
    EXPECT_GE(events, 0x1d0000u / 4096);
    EXPECT_LE(events, 0x1d0000u / 4096 + 24);
    EXPECT_EQ(S_OK, d.status());
}

// Random registers, rings and times: nothing hurts, and events always end.
TEST(VirtioHostile, Anything)
{
    for (unsigned seed = 0; seed < 60; seed++) {
        std::mt19937_64 rng(seed);
        Options o;
        o.version = 1 + seed % 2;
        o.bus = seed % 3 == 0;
        o.features = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX;
        Blk d(o);
        for (unsigned step = 0; step < 300; step++) {
            hwaddr where = QUEUE + rng() % 256 / (rng() % 8 + 1);
            switch (rng() % 8) {
            case 0: d.s.put(where, 2, rng() % 16); break;
            case 1: d.s.put(where, 8, RAM + rng() % RAM_SIZE); break;
            case 2:
                d.s.b.try_write(rng() % 64 * 4, rng() >> rng() % 64, 4);
                break;
            case 3:
                d.header(rng() % 14, rng() % (SECTORS + 2));
                d.ring->add(d.buffers(rng() % 2 ? T_IN : T_OUT,
                                      static_cast<uint32_t>(rng() % 4 * 512)));
                break;
            case 4: d.ring->kick(); break;
            case 5:
                if (d.s.needs_reset() || d.s.v().broken) {
                    negotiate(d.s, o.features);
                    d.ring = std::make_unique<Ring<System<VirtioBlk>>>(
                        d.s, 0, 8, QUEUE);
                    driver_ok(d.s);
                }
                break;
            default: d.s.run(rng() % 200); break;
            }
        }
        d.s.run();
    }
}

} // namespace
