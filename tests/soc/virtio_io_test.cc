// Entropy, console and network card, through their registers and rings.
#include <memory>
#include <set>

#include "soc/virtio_console.h"
#include "soc/virtio_net.h"
#include "soc/virtio_rng.h"
#include "tests/soc/virtio_kit.h"

using namespace virtio;

namespace
{

constexpr hwaddr QUEUE0 = RAM + 0x10000, QUEUE1 = RAM + 0x20000,
                 DATA = RAM + 0x100000;

// A device with all its queues, ready to go.
template <typename T> struct Ready {
    System<T> s;
    std::unique_ptr<Ring<System<T>>> ring[2];

    template <typename F>
    Ready(const DeviceClass &cls, uint64_t version, F prepare)
        : s(cls, version == 1, [&](T *m) {
              m->virtio.version = version;
              prepare(m);
          })
    {
        start();
    }
    Ready(const DeviceClass &cls, uint64_t version)
        : Ready(cls, version, [](T *) {})
    {
    }
    void start()
    {
        EXPECT_TRUE(negotiate(s, 0));
        ring[0] = std::make_unique<Ring<System<T>>>(s, 0, 8, QUEUE0);
        if (s.v().type->queues > 1) {
            ring[1] = std::make_unique<Ring<System<T>>>(s, 1, 8, QUEUE1);
        }
        driver_ok(s);
    }
    void give(unsigned queue, const std::vector<Buffer> &list)
    {
        ring[queue]->add(list);
        ring[queue]->kick();
        s.run(20000);
    }
};

class Versions : public testing::TestWithParam<unsigned>
{
};
INSTANTIATE_TEST_SUITE_P(Both, Versions, testing::Values(1u, 2u));

// -- entropy ------------------------------------------------------------------

std::string numbers(uint64_t seed, unsigned version)
{
    Ready<VirtioRng> r(virtio_rng_class, version,
                       [=](VirtioRng *m) { m->seed = seed; });
    r.give(0, {{DATA, 60, true}, {DATA + 60, 40, true}});
    EXPECT_EQ(100u, r.ring[0]->take());
    r.give(0, {{DATA + 100, 100, true}});
    EXPECT_EQ(100u, r.ring[0]->take());
    return r.s.text(DATA, 200);
}

TEST_P(Versions, RngDependsOnItsSeedAlone)
{
    std::string one = numbers(1, GetParam());
    EXPECT_EQ(one, numbers(1, 3 - GetParam()));
    EXPECT_NE(one, numbers(2, GetParam()));
    EXPECT_NE(one.substr(0, 96), one.substr(100, 96));
    EXPECT_GT(std::set<char>(one.begin(), one.end()).size(), 80u);
}

TEST(VirtioRng, IsModest)
{
    Ready<VirtioRng> r(virtio_rng_class, 2);
    r.give(0, {{DATA, 0x10000, true}});
    EXPECT_EQ(1024u, r.ring[0]->take());
    r.give(0, {{DATA, 16, false}}); // nothing to fill
    EXPECT_EQ(0u, r.ring[0]->take());
}

TEST(VirtioRng, GoesOnOverResets)
{
    Ready<VirtioRng> r(virtio_rng_class, 2);
    r.give(0, {{DATA, 64, true}});
    r.start();
    r.give(0, {{DATA + 64, 64, true}});
    EXPECT_NE(r.s.text(DATA, 64), r.s.text(DATA + 64, 64));
}

// -- console ------------------------------------------------------------------

TEST_P(Versions, ConsoleSends)
{
    Ready<VirtioConsole> c(virtio_console_class, GetParam());
    std::string text;
    for (unsigned i = 0; i < 1000; i++) {
        text += static_cast<char>(' ' + i % 90);
    }
    c.s.put(DATA, text);
    c.give(1, {{DATA, 1, false}, {DATA + 1, 999, false}});
    EXPECT_EQ(0u, c.ring[1]->take());
    EXPECT_EQ(text, c.s.b.sent);
    c.give(1, {{DATA, 5, true}}); // nothing to read
    EXPECT_TRUE(c.ring[1]->done());
    EXPECT_EQ(text, c.s.b.sent);
}

TEST_P(Versions, ConsoleReceives)
{
    Ready<VirtioConsole> c(virtio_console_class, GetParam());
    for (unsigned i = 0; i < 300; i++) {
        c.s.b.incoming += static_cast<char>('0' + i % 70);
    }
    std::string text = c.s.b.incoming, got;
    c.s.b.feed();
    EXPECT_EQ(236u, c.s.b.incoming.size()); // the rest waits outside
    while (got.size() < 300) {
        c.ring[0]->add({{DATA, 20, true}, {DATA + 20, 30, true}});
        c.ring[0]->kick();
        c.s.run(1000);
        ASSERT_TRUE(c.ring[0]->done());
        uint32_t len = c.ring[0]->take();
        ASSERT_GT(len, 0u);
        got += c.s.text(DATA, len);
    }
    EXPECT_EQ(text, got);
    EXPECT_TRUE(c.s.b.errors.empty());
}

TEST(VirtioConsole, ABufferThatWaits)
{
    Ready<VirtioConsole> c(virtio_console_class, 2);
    c.give(0, {{DATA, 100, true}});
    EXPECT_FALSE(c.ring[0]->done());
    c.s.b.incoming = "hello";
    c.s.b.feed();
    c.s.run(100);
    EXPECT_EQ(5u, c.ring[0]->take());
    EXPECT_EQ("hello", c.s.text(DATA, 5));
    EXPECT_TRUE(c.s.v().irq.level);
}

TEST(VirtioConsole, EmergencyWrite)
{
    System<VirtioConsole> s(virtio_console_class, false,
                            [](VirtioConsole *) {});
    s.b.write(VIRTIO_CONFIG + 8, '!');
    EXPECT_EQ("!", s.b.sent);
    s.b.write(VIRTIO_CONFIG + 4, '!');
    EXPECT_EQ("!", s.b.sent);
    EXPECT_EQ(1u, s.b.errors.size());
}

// -- network card -------------------------------------------------------------

struct Wire {
    std::vector<std::string> frames;
    unsigned ready = 0, opened = 0, closed = 0;
};

// The wire of the card that is made next.
Wire *&wire_now()
{
    static Wire *wire;
    return wire;
}

struct Card {
    Wire wire;
    std::unique_ptr<Ready<VirtioNet>> r;
    unsigned header;

    explicit Card(unsigned version) : header(version == 1 ? 10 : 12)
    {
        wire_now() = &wire;
        r = std::make_unique<Ready<VirtioNet>>(
            virtio_net_class, version, [](VirtioNet *m) {
                auto *h = const_cast<DeviceHost *>(m->virtio.dev.host);
                h->net_open = [](void *, Device *, const NetSpec *, Error **) {
                    wire_now()->opened++;
                    return true;
                };
                h->net_close = [](void *, Device *) { wire_now()->closed++; };
                h->net_out = [](void *, Device *, const uint8_t *f, size_t n) {
                    wire_now()->frames.emplace_back(
                        reinterpret_cast<const char *>(f), n);
                };
                h->net_ready = [](void *, Device *) { wire_now()->ready++; };
            });
    }
    bool arrive(const std::string &frame)
    {
        return r->s.b.dev->cls->net_in(
            r->s.b.dev, reinterpret_cast<const uint8_t *>(frame.data()),
            frame.size());
    }
};

std::string frame(unsigned len, char first)
{
    std::string bytes;
    for (unsigned i = 0; i < len; i++) {
        bytes += static_cast<char>(first + i % 61);
    }
    return bytes;
}

TEST_P(Versions, NetSends)
{
    Card c(GetParam());
    for (unsigned len : {14u, 60u, 1514u}) {
        std::string bytes = frame(len, 'A');
        c.r->s.put(DATA + c.header, bytes);
        c.r->give(1, {{DATA, c.header, false}, {DATA + c.header, len, false}});
        EXPECT_EQ(0u, c.r->ring[1]->take());
        EXPECT_EQ(bytes, c.wire.frames.back());
    }
    EXPECT_EQ(3u, c.wire.frames.size());
    for (unsigned len : {0u, 13u, 1515u, 70000u}) {
        c.r->give(1, {{DATA, c.header, false}, {DATA + c.header, len, false}});
        EXPECT_TRUE(c.r->ring[1]->done());
        c.r->ring[1]->take();
    }
    EXPECT_EQ(3u, c.wire.frames.size());
    EXPECT_EQ(4u, c.r->s.b.errors.size());
}

TEST_P(Versions, NetReceives)
{
    Card c(GetParam());
    EXPECT_TRUE(c.arrive(frame(60, 'a')));
    EXPECT_FALSE(c.arrive(frame(100, 'b'))); // the first waits for a buffer
    EXPECT_EQ(0u, c.wire.ready);
    c.r->give(0, {{DATA, 1526, true}});
    EXPECT_EQ(1u, c.wire.ready);
    EXPECT_EQ(60 + c.header, c.r->ring[0]->take());
    EXPECT_EQ(frame(60, 'a'), c.r->s.text(DATA + c.header, 60));
    EXPECT_EQ(std::string(10, '\0'), c.r->s.text(DATA, 10));
    if (c.header == 12) {
        EXPECT_EQ(1u, c.r->s.get(DATA + 10, 2)); // num_buffers
    }
    EXPECT_TRUE(c.arrive(frame(1514, 'b')));
    c.r->give(0, {{DATA, c.header, true}, {DATA + 0x1000, 1514, true}});
    EXPECT_EQ(1514 + c.header, c.r->ring[0]->take());
    EXPECT_EQ(frame(1514, 'b'), c.r->s.text(DATA + 0x1000, 1514));
}

TEST(VirtioNet, ShortBuffersLoseFrames)
{
    Card c(2);
    c.arrive(frame(60, 'a'));
    c.r->give(0, {{DATA, 71, true}});
    EXPECT_EQ(0u, c.r->ring[0]->take());
    EXPECT_EQ(1u, c.r->s.b.errors.size());
    c.arrive(frame(60, 'b'));
    c.r->give(0, {{DATA, 72, true}});
    EXPECT_EQ(72u, c.r->ring[0]->take());
}

TEST(VirtioNet, LosesFramesWithoutADriver)
{
    Card c(2);
    c.arrive(frame(60, 'a'));
    EXPECT_FALSE(c.arrive(frame(60, 'b')));
    c.r->s.b.write(VIRTIO_STATUS, 0);
    EXPECT_EQ(1u, c.wire.ready); // who waited may try again
    EXPECT_TRUE(c.arrive(frame(60, 'c')));
    c.r->start();
    c.r->give(0, {{DATA, 1526, true}});
    EXPECT_FALSE(c.r->ring[0]->done());
    c.arrive(frame(60, 'd'));
    c.r->s.run(1000);
    EXPECT_EQ(72u, c.r->ring[0]->take());
    EXPECT_EQ(frame(60, 'd'), c.r->s.text(DATA + 12, 60));
}

TEST(VirtioNet, FieldsAndLife)
{
    Wire *wire;
    {
        Card c(2);
        wire = new Wire;
        EXPECT_EQ(1u, c.wire.opened);
        EXPECT_EQ(0x525400123456u, [&] {
            uint64_t mac = 0;
            for (unsigned i = 0; i < 6; i++) {
                mac = mac << 8 | c.r->s.b.read(VIRTIO_CONFIG + i, 1);
            }
            return mac;
        }());
        EXPECT_EQ(1u, c.r->s.b.read(VIRTIO_CONFIG + 6, 2)); // the link is up
        wire_now() = wire;
    }
    EXPECT_EQ(1u, wire->closed);
    delete wire;
}

TEST(VirtioNet, AddressesThatAreNone)
{
    for (const char *mac :
         {"", "52:54:00:12:34", "52:54:00:12:34:56:78", "52-54-00-12-34-56",
          "53:54:00:12:34:56", "5 :54:00:12:34:56", "52:54:00:12:34:5g"}) {
        EventQueue queue;
        World world;
        event_queue_init(&queue, world.world);
        VirtioNet n{};
        n.virtio.dev.cls = &virtio_net_class;
        n.virtio.dev.name = "card";
        n.virtio.dev.events = &queue;
        n.mac = mac;
        Error *err = nullptr;
        EXPECT_FALSE(virtio_net_class.init(&n.virtio.dev, &err)) << mac;
        EXPECT_EQ(0, strncmp(error_message(err), "mac: ", 5));
        error_free(err);
        event_queue_fini(&queue);
    }
}

} // namespace
