// Event bindings: which writes signal, what listeners are told; event objects.
#include <algorithm>
#include <poll.h>
#include <random>
#include <sstream>
#include <sys/eventfd.h>
#include <thread>
#include <tuple>
#include <unistd.h>

#include "tests/memory/memory_kit.h"

namespace
{

using Lines = std::vector<std::string>;

struct Event {
    explicit Event(bool active = false)
    {
        EXPECT_EQ(event_notifier_init(&e, active), 0);
    }
    ~Event() { event_notifier_cleanup(&e); }
    Event(const Event &) = delete;
    Event &operator=(const Event &) = delete;
    bool rang() { return event_notifier_test_and_clear(&e); }
    EventNotifier e{};
};

// -- event objects -----------------------------------------------------------

TEST(EventNotifierTest, ManySignalsAreOne)
{
    ScopedWorld world;
    Event quiet, loud(true);
    EXPECT_FALSE(quiet.rang());
    EXPECT_TRUE(loud.rang());
    EXPECT_FALSE(loud.rang());
    EXPECT_EQ(event_notifier_set(&quiet.e), 0);
    EXPECT_EQ(event_notifier_set(&quiet.e), 0);
    EXPECT_TRUE(quiet.rang());
    EXPECT_FALSE(quiet.rang());
    EXPECT_LT(quiet.e.id, loud.e.id);
}

TEST(EventNotifierTest, AThreadSleepsOnIt)
{
    ScopedWorld world;
    Event e;
    int woken = -1;
    std::thread sleeper([&] {
        pollfd p = {event_notifier_get_fd(&e.e), POLLIN, 0};
        woken = poll(&p, 1, 10000);
    });
    event_notifier_set(&e.e);
    sleeper.join();
    EXPECT_EQ(woken, 1);
}

TEST(EventNotifierTest, BorrowedDescriptorStaysOpenAndNeverBlocks)
{
    ScopedWorld world;
    int fd = eventfd(0, 0); // a blocking one
    EventNotifier e;
    event_notifier_init_fd(&e, fd);
    EXPECT_EQ(event_notifier_get_fd(&e), fd);
    EXPECT_FALSE(event_notifier_test_and_clear(&e));
    EXPECT_EQ(event_notifier_set(&e), 0);
    EXPECT_TRUE(event_notifier_test_and_clear(&e));
    event_notifier_cleanup(&e);
    EXPECT_EQ(e.fd, -1);
    EXPECT_EQ(close(fd), 0); // it was still open
}

TEST(EventNotifierTest, FullCounterIsSignalled)
{
    ScopedWorld world;
    Event e;
    uint64_t most = UINT64_MAX - 1;
    ASSERT_EQ(write(e.e.fd, &most, sizeof(most)), 8);
    EXPECT_EQ(event_notifier_set(&e.e), 0);
    EXPECT_TRUE(e.rang());
}

TEST(EventNotifierTest, UninitialisedIsHarmless)
{
    EventNotifier none = {};
    event_notifier_cleanup(&none); // does not close descriptor 0
    EXPECT_EQ(none.fd, -1);
    EXPECT_LT(event_notifier_set(&none), 0);
    EXPECT_FALSE(event_notifier_test_and_clear(&none));
}

// -- bindings ----------------------------------------------------------------

struct Ear {
    Ear(AddressSpace *as, const char *ear_name, int priority, Lines *lines,
        const Event *first, const Event *second)
        : name(ear_name), out(lines), events{first, second}
    {
        listener.eventfd_add = [](MemoryListener *l, MemoryRegionSection *s,
                                  bool match, uint64_t data, EventNotifier *e) {
            reinterpret_cast<Ear *>(l)->note("add", s, match, data, e);
        };
        listener.eventfd_del = [](MemoryListener *l, MemoryRegionSection *s,
                                  bool match, uint64_t data, EventNotifier *e) {
            reinterpret_cast<Ear *>(l)->note("del", s, match, data, e);
        };
        listener.begin = [](MemoryListener *l) {
            reinterpret_cast<Ear *>(l)->begins++;
        };
        listener.priority = priority;
        memory_listener_register(&listener, as);
        begins = 0;
    }
    ~Ear() { memory_listener_unregister(&listener); }
    void note(const char *what, MemoryRegionSection *s, bool match,
              uint64_t data, const EventNotifier *e)
    {
        EXPECT_EQ(s->mr, nullptr);
        EXPECT_EQ(s->offset_within_region, 0u);
        std::ostringstream os;
        os << name << " " << what << " " << std::hex
           << s->offset_within_address_space << "+" << int128_get64(s->size)
           << " " << match << ":" << data << " e"
           << (e == &events[0]->e   ? 1
               : e == &events[1]->e ? 2
                                    : 0);
        out->push_back(os.str());
    }
    MemoryListener listener{};
    std::string name;
    Lines *out;
    const Event *events[2];
    int begins = 0;
};

struct IoeventfdTest : testing::Test {
    IoeventfdTest()
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        device.any_size();
        memory_region_init_io(&dev, nullptr, &device.ops, &device, "dev",
                              0x100);
        memory_region_add_subregion(&root, 0x1000, &dev);
        address_space_init(&as, &root, "as");
    }
    ~IoeventfdTest() override
    {
        address_space_remove_listeners(&as);
        address_space_destroy(&as);
        memory_region_del_subregion(&root, &dev);
        memory_region_fini(&dev);
        memory_region_fini(&root);
    }
    ScopedWorld world;
    ByteDevice device;
    MemoryRegion root{}, dev{};
    AddressSpace as{};
    Event e1, e2;
    Lines out;
};

TEST_F(IoeventfdTest, WriteSignalsInsteadOfCalling)
{
    memory_region_add_eventfd(&dev, 0x10, 4, true, 0x11223344, &e1.e);
    MemTxResult result = MEMTX_ERROR;
    address_space_stl_le(&as, 0x1010, 0x11223344, kPlain, &result);
    EXPECT_EQ(result, MEMTX_OK);
    EXPECT_TRUE(e1.rang());
    EXPECT_TRUE(device.calls.empty());
    address_space_stl_le(&as, 0x1010, 0x11223345, kPlain, &result);
    address_space_stw_le(&as, 0x1010, 0x3344, kPlain, &result);
    address_space_ldl_le(&as, 0x1010, kPlain, &result);
    EXPECT_FALSE(e1.rang());
    EXPECT_EQ(device.calls.size(), 3u);
    memory_region_del_eventfd(&dev, 0x10, 4, true, 0x11223344, &e1.e);
    EXPECT_EQ(dev.special & REGION_EVENTFDS, 0);
    address_space_stl_le(&as, 0x1010, 0x11223344, kPlain, &result);
    EXPECT_FALSE(e1.rang());
    EXPECT_EQ(device.calls.size(), 4u);
}

TEST_F(IoeventfdTest, InvalidAccessNeverSignals)
{
    device.ops.valid.max_access_size = 2;
    memory_region_add_eventfd(&dev, 0, 0, false, 0, &e1.e);
    MemTxResult result = MEMTX_OK;
    address_space_stl_le(&as, 0x1000, 1, kPlain, &result);
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    EXPECT_FALSE(e1.rang());
    // A byte string is cut first: its pieces are compared.
    write_bytes(&as, 0x1000, {1, 0, 2, 0});
    EXPECT_TRUE(e1.rang());
    ASSERT_EQ(device.calls.size(), 1u);
    EXPECT_EQ(device.calls[0], (Call{'w', 2, 2, 2}));
}

TEST_F(IoeventfdTest, ListenersHearAtTheCommit)
{
    Ear a(&as, "a", 0, &out, &e1, &e2), b(&as, "b", 1, &out, &e1, &e2);
    memory_region_add_eventfd(&dev, 8, 4, true, 5, &e1.e);
    EXPECT_EQ(out, (Lines{"b add 1008+4 1:5 e1", "a add 1008+4 1:5 e1"}));
    EXPECT_EQ(a.begins, 0); // bindings alone: no begin, no commit
    out.clear();
    memory_region_transaction_begin();
    memory_region_add_eventfd(&dev, 0, 0, false, 9, &e2.e);
    memory_region_del_eventfd(&dev, 8, 4, true, 5, &e1.e);
    EXPECT_EQ(out, Lines{});
    memory_region_transaction_commit();
    EXPECT_EQ(out, (Lines{"b add 1000+0 0:9 e2", "a add 1000+0 0:9 e2",
                          "a del 1008+4 1:5 e1", "b del 1008+4 1:5 e1"}));
    out.clear();
    memory_region_transaction_begin(); // back and forth: nothing
    memory_region_add_eventfd(&dev, 0x20, 4, false, 0, &e1.e);
    memory_region_del_eventfd(&dev, 0x20, 4, false, 0, &e1.e);
    memory_region_transaction_commit();
    EXPECT_EQ(out, Lines{});
    memory_region_set_address(&dev, 0x400);
    EXPECT_EQ(out, (Lines{"b add 400+0 0:9 e2", "a add 400+0 0:9 e2",
                          "a del 1000+0 0:9 e2", "b del 1000+0 0:9 e2"}));
    EXPECT_EQ(a.begins, 1);
}

TEST_F(IoeventfdTest, TwoWindowsAndClippedBindings)
{
    MemoryRegion window{};
    memory_region_init_alias(&window, nullptr, "window", &dev, 0x10, 0x10);
    memory_region_add_subregion(&root, 0x2000, &window);
    Ear a(&as, "a", 0, &out, &e1, &e2);
    memory_region_add_eventfd(&dev, 0xe, 4, false, 0, &e1.e);  // half inside
    memory_region_add_eventfd(&dev, 0x20, 0, false, 0, &e2.e); // just outside
    EXPECT_EQ(out, (Lines{"a add 100e+4 0:0 e1", "a add 1ffe+4 0:0 e1",
                          "a add 1020+0 0:0 e2"}));
    memory_region_del_subregion(&root, &window);
    memory_region_fini(&window);
    EXPECT_EQ(out.back(), "a del 1ffe+4 0:0 e1");
    EXPECT_EQ(out.size(), 4u);
}

TEST_F(IoeventfdTest, LateListenerHearsOnlyOfChanges)
{
    memory_region_add_eventfd(&dev, 0, 4, false, 0, &e1.e);
    AddressSpace late{};
    address_space_init(&late, &root, "late"); // later than the binding
    {
        Ear a(&as, "a", 0, &out, &e1, &e2), l(&late, "l", 0, &out, &e1, &e2);
        EXPECT_EQ(out, Lines{});
        memory_region_add_eventfd(&dev, 4, 4, false, 0, &e2.e);
        EXPECT_EQ(out, (Lines{"a add 1004+4 0:0 e2", "l add 1004+4 0:0 e2"}));
        out.clear();
    }
    // While nobody listens the list is kept, too.
    memory_region_set_address(&dev, 0x3000);
    Ear again(&as, "again", 0, &out, &e1, &e2);
    memory_region_set_nonvolatile(&dev, true);
    EXPECT_EQ(out, Lines{});
    memory_region_set_enabled(&dev, false);
    EXPECT_EQ(out,
              (Lines{"again del 3000+4 0:0 e1", "again del 3004+4 0:0 e2"}));
    address_space_destroy(&late);
}

TEST_F(IoeventfdTest, EventsOfOnePlaceStandInTheirOrder)
{
    memory_region_add_eventfd(&dev, 0, 4, false, 0, &e2.e);
    memory_region_add_eventfd(&dev, 0, 4, false, 0, &e1.e); // made before e2
    address_space_stl_le(&as, 0x1000, 7, kPlain, nullptr);
    EXPECT_TRUE(e1.rang());
    EXPECT_FALSE(e2.rang());
    memory_region_del_eventfd(&dev, 0, 4, false, 0, &e1.e);
    address_space_stl_le(&as, 0x1000, 7, kPlain, nullptr);
    EXPECT_TRUE(e2.rang());
    memory_region_add_eventfd(&dev, 0, 0, false, 0, &e1.e); // size 0 is first
    // Deleting with size 0 takes the first at that place, whoever it is.
    memory_region_del_eventfd(&dev, 0, 0, false, 0, &e2.e);
    address_space_stl_le(&as, 0x1000, 7, kPlain, nullptr);
    EXPECT_TRUE(e2.rang());
    EXPECT_FALSE(e1.rang());
}

// -- against a naive model ---------------------------------------------------

// What a store of `size` bytes in the target's order gives the device.
uint64_t seen_by_device(uint64_t value, unsigned size, bool target_big,
                        bool device_big)
{
    if (size < 2 || target_big == device_big) {
        return value; // over-wide data stay over-wide
    }
    uint8_t bytes[8] = {};
    for (unsigned i = 0; i < size; i++) {
        unsigned lane = target_big ? size - 1 - i : i;
        bytes[i] = static_cast<uint8_t>(value >> 8 * lane);
    }
    uint64_t seen = 0;
    for (unsigned i = 0; i < size; i++) {
        unsigned lane = device_big ? size - 1 - i : i;
        seen |= static_cast<uint64_t>(bytes[i]) << 8 * lane;
    }
    return seen;
}

struct Binding {
    hwaddr offset;
    unsigned size;
    bool match;
    uint64_t given, seen;
    size_t event;
    auto key() const
    {
        return std::make_tuple(offset, size, match, match ? seen : 0, event);
    }
};

struct RandomBindings {
    RandomBindings(unsigned seed, bool target_big, int endianness) : rng(seed)
    {
        world.world->target_big_endian = target_big;
        device.any_size();
        device.ops.endianness = static_cast<device_endian>(endianness);
        device_big = endianness == DEVICE_BIG_ENDIAN ||
                     (endianness == DEVICE_NATIVE_ENDIAN && target_big);
        memory_region_init_io(&dev, nullptr, &device.ops, &device, "dev", 0x40);
        address_space_init(&as, &dev, "as");
    }
    ~RandomBindings()
    {
        address_space_destroy(&as);
        memory_region_fini(&dev);
    }
    unsigned pick(unsigned n) { return static_cast<unsigned>(rng() % n); }
    uint64_t pick_value()
    {
        static const uint64_t values[] = {
            0, 1, 0x80, 0x100, 0x8000, 0x1122, 0x11223344, 0x8000000000000001};
        return values[pick(8)];
    }
    void change()
    {
        if (pick(3) && bindings.size() < 24) {
            static const unsigned sizes[] = {0, 1, 2, 4, 8};
            Binding b = {pick(8), sizes[pick(5)], pick(2) != 0, pick_value(),
                         0,       pick(4)};
            b.seen = seen_by_device(b.given, b.size,
                                    world.world->target_big_endian, device_big);
            memory_region_add_eventfd(&dev, b.offset, b.size, b.match, b.given,
                                      &event[b.event].e);
            bindings.push_back(b);
        } else if (!bindings.empty()) {
            // The first in the list that counts as equal goes.
            Binding b = bindings[pick(static_cast<unsigned>(bindings.size()))];
            memory_region_del_eventfd(&dev, b.offset, b.size, b.match, b.given,
                                      &event[b.event].e);
            bindings.erase(std::find_if(
                bindings.begin(), bindings.end(), [&](const Binding &o) {
                    return o.offset == b.offset &&
                           (!o.size || !b.size || o.key() == b.key());
                }));
        }
        std::stable_sort(bindings.begin(), bindings.end(),
                         [](const Binding &a, const Binding &b) {
                             return a.key() < b.key();
                         });
    }
    const Binding *expected(hwaddr offset, unsigned size, uint64_t value)
    {
        uint64_t seen = seen_by_device(
            value, size, world.world->target_big_endian, device_big);
        for (const Binding &b : bindings) {
            if (b.offset == offset &&
                (!b.size || (b.size == size && (!b.match || b.seen == seen)))) {
                return &b;
            }
        }
        return nullptr;
    }
    bool write_agrees()
    {
        hwaddr offset = pick(9);
        unsigned log2 = pick(4), size = 1u << log2;
        uint64_t value = pick_value();
        if (!bindings.empty() && pick(2)) {
            const Binding &b =
                bindings[pick(static_cast<unsigned>(bindings.size()))];
            offset = b.offset;
            value = b.given;
        }
        value = cut_bytes(value, size);
        const Binding *b = expected(offset, size, value);
        device.calls.clear();
        MemOp order = world.world->target_big_endian ? MO_BE : MO_LE;
        EXPECT_EQ(memory_region_dispatch_write(&dev, offset, value,
                                               static_cast<MemOp>(log2 | order),
                                               kPlain),
                  MEMTX_OK);
        bool agrees = device.calls.empty() == (b != nullptr);
        for (size_t i = 0; i < 4; i++) {
            agrees &= event[i].rang() == (b && b->event == i);
        }
        return agrees;
    }
    std::mt19937 rng;
    ScopedWorld world;
    ByteDevice device;
    bool device_big;
    MemoryRegion dev{};
    AddressSpace as{};
    Event event[4];
    std::vector<Binding> bindings; // in the list's order
};

TEST(IoeventfdRandomTest, FirstMatchAgreesWithANaiveModel)
{
    for (unsigned seed = 0; seed < 60; seed++) {
        RandomBindings r(seed, seed % 2, static_cast<int>(seed / 2 % 3));
        for (int i = 0; i < 40; i++) {
            r.change();
            for (int k = 0; k < 10; k++) {
                ASSERT_TRUE(r.write_agrees()) << "seed " << seed;
            }
        }
    }
}

} // namespace
