// Transactions, listeners, and worlds that do not meet.
#include <map>
#include <memory>
#include <random>

#include "memory/posted.h"
#include "tests/memory/memory_kit.h"

namespace
{

using Events = std::vector<std::string>;

struct Ear : MemoryListener {
    Ear(const char *ear_name, Events *events, int prio = 0)
        : MemoryListener{}, log(events)
    {
        name = ear_name;
        priority = prio;
        begin = [](MemoryListener *l) { say(l, "begin"); };
        commit = [](MemoryListener *l) { say(l, "commit"); };
        region_add = [](MemoryListener *l, MemoryRegionSection *s) {
            say(l, "add", s);
        };
        region_del = [](MemoryListener *l, MemoryRegionSection *s) {
            say(l, "del", s);
        };
        region_nop = [](MemoryListener *l, MemoryRegionSection *s) {
            say(l, "nop", s);
        };
    }
    static void say(MemoryListener *l, const char *what,
                    const MemoryRegionSection *s = nullptr)
    {
        std::string line = std::string(l->name) + " " + what;
        if (s) {
            line += std::string(" ") + memory_region_name(s->mr) + " " +
                    std::to_string(s->offset_within_address_space) + "+" +
                    std::to_string(static_cast<uint64_t>(s->size));
        }
        static_cast<Ear *>(l)->log->push_back(line);
    }
    Events *log;
};

class Listening : public ::testing::Test
{
  protected:
    Listening()
    {
        memory_region_init(&root, nullptr, "root", 0x1000);
        address_space_init(&as, &root, "mem");
        for (size_t i = 0; i < 3; i++) {
            const char *names[] = {"a", "b", "c"};
            memory_region_init_io(&mr[i], nullptr, nullptr, nullptr, names[i],
                                  16);
        }
    }
    ~Listening() override
    {
        address_space_destroy(&as);
        for (MemoryRegion &m : mr) {
            if (m.container) {
                memory_region_del_subregion(&root, &m);
            }
            memory_region_fini(&m);
        }
        memory_region_fini(&root);
    }
    Events take()
    {
        Events e;
        e.swap(events);
        return e;
    }
    ScopedWorld scope;
    MemoryRegion root, mr[3];
    AddressSpace as;
    Events events;
};

TEST_F(Listening, coming_and_going)
{
    memory_region_add_subregion(&root, 64, &mr[0]);
    memory_region_add_subregion(&root, 0, &mr[1]);
    Ear ear("l", &events);
    memory_listener_register(&ear, &as);
    EXPECT_EQ(take(),
              (Events{"l begin", "l add b 0+16", "l add a 64+16", "l commit"}));
    memory_listener_unregister(&ear);
    EXPECT_EQ(take(),
              (Events{"l begin", "l del b 0+16", "l del a 64+16", "l commit"}));
    memory_region_set_enabled(&mr[0], false);
    EXPECT_TRUE(take().empty());
    memory_listener_unregister(&ear);
    EXPECT_TRUE(take().empty()) << "gone is gone";
}

// All deletions in order of address come first, then the rest; additions go up
// in priority, deletions down, equals in the order they came.
TEST_F(Listening, order_of_events)
{
    Ear low("low", &events, -1), high("high", &events, 5),
        first("first", &events), second("second", &events);
    memory_listener_register(&first, &as);
    memory_listener_register(&high, &as);
    memory_listener_register(&low, &as);
    memory_listener_register(&second, &as);
    memory_region_add_subregion(&root, 32, &mr[0]);
    memory_region_add_subregion(&root, 64, &mr[1]);
    take();
    memory_region_transaction_begin();
    memory_region_set_address(&mr[0], 8);
    memory_region_add_subregion(&root, 128, &mr[2]);
    EXPECT_TRUE(take().empty());
    EXPECT_EQ(at(&as, 8), "-") << "the old view until the commit";
    memory_region_transaction_commit();
    EXPECT_EQ(at(&as, 8), "a@0");
    Events want;
    auto all = [&want](const char *what, bool reverse) {
        Events names = {"low", "first", "second", "high"};
        if (reverse) {
            names = {"high", "second", "first", "low"};
        }
        for (const auto &n : names) {
            want.push_back(n + " " + what);
        }
    };
    all("begin", false);
    all("del a 32+16", true);
    all("add a 8+16", false);
    all("nop b 64+16", false);
    all("add c 128+16", false);
    all("commit", false);
    EXPECT_EQ(take(), want);
    for (Ear *e : {&low, &high, &first, &second}) {
        memory_listener_unregister(e);
    }
}

TEST_F(Listening, spaces_follow_each_other_and_keep_their_old_view)
{
    AddressSpace second;
    address_space_init(&second, &root, "second");
    Ear one("1", &events), two("2", &events);
    memory_listener_register(&two, &second);
    memory_listener_register(&one, &as);
    take();
    // While the first space is told, neither has changed; when the second is,
    // the first has.
    static AddressSpace *spaces[2];
    static std::string *seen;
    std::string states;
    spaces[0] = &as;
    spaces[1] = &second;
    seen = &states;
    auto look = [](MemoryListener *, MemoryRegionSection *) {
        *seen += at(spaces[0], 0) + at(spaces[1], 0) + " ";
    };
    one.region_add = look;
    two.region_add = look;
    memory_region_add_subregion(&root, 0, &mr[0]);
    EXPECT_EQ(states, "-- a@0- ");
    EXPECT_EQ(take(), (Events{"2 begin", "1 begin", "2 commit", "1 commit"}));
    memory_listener_unregister(&one);
    memory_listener_unregister(&two);
    address_space_destroy(&second);
}

TEST_F(Listening, what_makes_a_commit_draw)
{
    Ear ear("l", &events);
    memory_region_add_subregion(&root, 0, &mr[0]);
    memory_listener_register(&ear, &as);
    take();
    auto nop = Events{"l begin", "l nop a 0+16", "l commit"};
    memory_region_transaction_begin();
    memory_region_transaction_commit();
    EXPECT_TRUE(take().empty()) << "nothing changed";
    memory_region_set_enabled(&mr[0], true);
    memory_region_set_size(&mr[0], 16);
    memory_region_set_readonly(&mr[0], false);
    EXPECT_TRUE(take().empty()) << "the present value";
    memory_region_set_size(&mr[1], 8); // in no tree: any size, any enabling
    EXPECT_EQ(take(), nop);
    memory_region_set_enabled(&mr[1], false);
    EXPECT_EQ(take(), nop);
    memory_region_set_nonvolatile(&mr[1], true);
    memory_region_set_readonly(&mr[1], true);
    memory_region_rom_device_set_romd(&mr[1], false);
    memory_region_add_subregion(&root, 32, &mr[1]);
    memory_region_del_subregion(&root, &mr[1]);
    memory_region_set_address(&mr[1], 9);
    EXPECT_TRUE(take().empty()) << "disabled";
    memory_region_set_readonly(&mr[2], true);
    EXPECT_EQ(take(), nop);
    memory_region_set_readonly(&mr[0], true);
    EXPECT_EQ(take(),
              (Events{"l begin", "l del a 0+16", "l add a 0+16", "l commit"}));
    memory_listener_unregister(&ear);
}

TEST_F(Listening, nesting_commits_once)
{
    Ear ear("l", &events);
    memory_listener_register(&ear, &as);
    take();
    memory_region_transaction_begin();
    memory_region_transaction_begin();
    memory_region_add_subregion(&root, 0, &mr[0]);
    memory_region_transaction_commit();
    EXPECT_TRUE(take().empty());
    AddressSpace inside;
    address_space_init(&inside, &mr[0], "inside"); // a view at once
    EXPECT_EQ(at(&inside, 3), "a@3");
    AddressSpace same;
    address_space_init(&same, &root, "same");
    EXPECT_EQ(at(&same, 3), "-") << "shares the view that is there";
    memory_region_transaction_commit();
    EXPECT_EQ(take(), (Events{"l begin", "l add a 0+16", "l commit"}));
    EXPECT_EQ(at(&same, 3), "a@3");
    address_space_destroy(&same);
    address_space_destroy(&inside);
    memory_listener_unregister(&ear);
}

// A listener that changes the map is heard, after the commit it was told of.
TEST_F(Listening, a_listener_may_change_the_map)
{
    Ear ear("l", &events);
    memory_listener_register(&ear, &as);
    static MemoryRegion *other;
    other = &mr[0];
    ear.commit = [](MemoryListener *l) {
        Ear::say(l, "commit");
        memory_region_set_enabled(other, false);
    };
    take();
    memory_region_add_subregion(&root, 0, &mr[0]);
    EXPECT_EQ(take(), (Events{"l begin", "l add a 0+16", "l commit", "l begin",
                              "l del a 0+16", "l commit"}));
    memory_listener_unregister(&ear);
}

// In the midst of being told, too: the passes end first.
TEST_F(Listening, a_listener_may_change_the_map_while_it_is_told)
{
    Ear ear("l", &events), last("last", &events, 1);
    memory_region_add_subregion(&root, 0, &mr[0]);
    memory_listener_register(&ear, &as);
    memory_listener_register(&last, &as);
    static MemoryRegion *other;
    other = &mr[0];
    ear.region_add = [](MemoryListener *l, MemoryRegionSection *s) {
        Ear::say(l, "add", s);
        memory_region_set_enabled(other, false);
    };
    take();
    memory_region_transaction_begin();
    memory_region_add_subregion(&root, 32, &mr[1]);
    memory_region_add_subregion(&root, 64, &mr[2]);
    memory_region_transaction_commit();
    EXPECT_EQ(
        take(),
        (Events{"l begin",          "last begin",       "l nop a 0+16",
                "last nop a 0+16",  "l add b 32+16",    "last add b 32+16",
                "l add c 64+16",    "last add c 64+16", "l commit",
                "last commit",      "l begin",          "last begin",
                "last del a 0+16",  "l del a 0+16",     "l nop b 32+16",
                "last nop b 32+16", "l nop c 64+16",    "last nop c 64+16",
                "l commit",         "last commit"}));
    EXPECT_EQ(at(&as, 0), "-");
    memory_listener_unregister(&ear);
    memory_listener_unregister(&last);
}

// What a listener gathers from add and del is always the present view.
TEST_F(Listening, additions_and_deletions_add_up)
{
    struct Mirror : MemoryListener {
        std::map<hwaddr, std::pair<MemoryRegion *, uint64_t>> seen;
    } mirror{};
    mirror.name = "mirror";
    mirror.region_add = [](MemoryListener *l, MemoryRegionSection *s) {
        auto &seen = static_cast<Mirror *>(l)->seen;
        ASSERT_TRUE(seen.emplace(s->offset_within_address_space,
                                 std::make_pair(s->mr, int128_get64(s->size)))
                        .second);
    };
    mirror.region_del = [](MemoryListener *l, MemoryRegionSection *s) {
        auto &seen = static_cast<Mirror *>(l)->seen;
        ASSERT_EQ(seen.erase(s->offset_within_address_space), 1u);
    };
    mirror.region_nop = [](MemoryListener *l, MemoryRegionSection *s) {
        auto &seen = static_cast<Mirror *>(l)->seen;
        ASSERT_EQ(seen.count(s->offset_within_address_space), 1u);
    };
    memory_listener_register(&mirror, &as);
    std::mt19937 random(17);
    for (size_t i = 0; i < 3; i++) {
        memory_region_add_subregion(&root, 8 * i, &mr[i]);
    }
    for (int i = 0; i < 2000; i++) {
        unsigned n = static_cast<unsigned>(random());
        MemoryRegion *m = &mr[n % 3];
        bool several = n >> 8 & 1;
        if (several) {
            memory_region_transaction_begin();
        }
        for (int k = 0; k <= several; k++, n >>= 10, m = &mr[n % 3]) {
            switch (n >> 4 & 3) {
            case 0: memory_region_set_enabled(m, !m->enabled); break;
            case 1: memory_region_set_address(m, n >> 12 & 63); break;
            case 2: memory_region_set_size(m, n >> 12 & 31); break;
            default: memory_region_set_readonly(m, !m->readonly);
            }
        }
        if (several) {
            memory_region_transaction_commit();
        }
        FlatView *fv = address_space_to_flatview(&as);
        ASSERT_EQ(mirror.seen.size(), fv->count);
        for (unsigned k = 0; k < fv->count; k++) {
            auto seen = mirror.seen.find(int128_get64(fv->range[k].start));
            ASSERT_NE(seen, mirror.seen.end());
            ASSERT_EQ(seen->second.first, fv->range[k].mr);
            ASSERT_EQ(seen->second.second, int128_get64(fv->range[k].size));
        }
    }
    memory_listener_unregister(&mirror);
    EXPECT_TRUE(mirror.seen.empty());
}

// -- owners that go with a view

// A device with a space of its own, in which it sees the system and so itself.
struct Master {
    Object object;
    MemoryRegion io, bus, window;
    AddressSpace dma;
};

Master *master_new(MemoryRegion *system, const MemoryRegionOps *ops)
{
    auto *m = static_cast<Master *>(calloc(1, sizeof(Master)));
    m->object.ref = 1;
    m->object.free = [](void *obj) {
        auto *master = static_cast<Master *>(obj);
        address_space_destroy(&master->dma);
        memory_region_del_subregion(&master->bus, &master->window);
        for (MemoryRegion *mr : {&master->window, &master->bus, &master->io}) {
            memory_region_fini(mr);
        }
        free(master);
    };
    memory_region_init_io(&m->io, &m->object, ops, m, "io", 0x100);
    memory_region_init(&m->bus, nullptr, "bus", UINT64_MAX);
    memory_region_init_alias(&m->window, nullptr, "window", system, 0,
                             UINT64_MAX);
    memory_region_add_subregion(&m->bus, 0, &m->window);
    memory_region_add_subregion(system, 0x1000, &m->io);
    address_space_init(&m->dma, &m->bus, "dma");
    object_unref(&m->object); // what is visible keeps it
    return m;
}

// The commit that takes the device from the map ends its space in the midst of
// all spaces; those around it are told all.
void unplug(bool drawn_by_commits)
{
    ScopedWorld scope;
    ByteDevice device;
    MemoryRegion system{}, other{}, ram{};
    AddressSpace before{}, after{};
    memory_region_init(&system, nullptr, "system", UINT64_MAX);
    memory_region_init(&other, nullptr, "other", UINT64_MAX);
    memory_region_init_ram(&ram, nullptr, "ram", 0x1000, nullptr);
    address_space_init(&before, &system, "before");
    Master *m = master_new(&system, &device.ops);
    address_space_init(&after, &other, "after");
    if (drawn_by_commits) {
        posted_set_depth(1);
    }
    EXPECT_EQ(at(&before, 0x1004), "io@4");
    EXPECT_EQ(at(&m->dma, 0x1004), "io@4");
    EXPECT_EQ(at(&after, 0x1004), "-");
    memory_region_transaction_begin();
    memory_region_del_subregion(&system, &m->io);
    memory_region_add_subregion(&other, 0x1000, &ram);
    memory_region_transaction_commit();
    EXPECT_EQ(at(&before, 0x1004), "-");
    EXPECT_EQ(at(&after, 0x1004), "ram@4");
    EXPECT_EQ(before.next, &after);
    memory_region_del_subregion(&other, &ram);
    address_space_destroy(&before);
    address_space_destroy(&after);
    for (MemoryRegion *mr : {&system, &other, &ram}) {
        memory_region_fini(mr);
    }
}

TEST(Unplugging, a_space_that_goes_with_its_own_last_view)
{
    unplug(true);
}

TEST(Unplugging, the_same_where_views_are_drawn_late)
{
    unplug(false);
}

// The device is gone already; its space kept it. Ending the space ends both.
TEST(Unplugging, a_space_that_frees_what_it_lives_in)
{
    ScopedWorld scope;
    ByteDevice device;
    static AddressSpace *dma;
    auto *m = static_cast<Master *>(calloc(1, sizeof(Master)));
    dma = &m->dma;
    m->object.ref = 1;
    m->object.free = [](void *obj) {
        auto *master = static_cast<Master *>(obj);
        EXPECT_EQ(dma->world, nullptr);
        memory_region_fini(&master->io);
        free(master);
    };
    memory_region_init_io(&m->io, &m->object, &device.ops, m, "io", 0x100);
    address_space_init(&m->dma, &m->io, "dma");
    object_unref(&m->object);
    address_space_destroy(dma);
    EXPECT_EQ(scope.world->first_space, nullptr);
}

// -- worlds
// -------------------------------------------------------------------------

struct Machine {
    Machine(const char *name, bool big)
        : world(memory_world_new()), ear(name, &events)
    {
        MemoryWorld *outer = memory_world_enter(world);
        world->target_big_endian = big;
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 4096, nullptr);
        memory_region_init_io(&io, nullptr, &dev.ops, &dev, "io", 16);
        dev.ops.endianness = DEVICE_NATIVE_ENDIAN;
        memory_region_add_subregion(&root, 0, &ram);
        address_space_init(&as, &root, name);
        memory_listener_register(&ear, &as);
        events.clear();
        memory_world_enter(outer);
    }
    ~Machine()
    {
        MemoryWorld *outer = memory_world_enter(world);
        memory_listener_unregister(&ear);
        address_space_destroy(&as);
        for (MemoryRegion *mr : {&ram, &io}) {
            if (mr->container) {
                memory_region_del_subregion(&root, mr);
            }
            memory_region_fini(mr);
        }
        memory_region_fini(&root);
        memory_world_enter(outer);
        memory_world_free(world);
    }
    MemoryWorld *world;
    MemoryRegion root, ram, io;
    AddressSpace as;
    ByteDevice dev;
    Events events;
    Ear ear;
};

TEST(Worlds, two_machines_interleaved_in_one_thread)
{
    Machine a("a", false), b("b", true);
    EXPECT_EQ(a.ram.id, b.ram.id) << "each counts for itself";
    FlatView *view_of_b = address_space_to_flatview(&b.as);
    // A transaction stays open in one while the other commits.
    MemoryWorld *outer = memory_world_enter(a.world);
    memory_region_transaction_begin();
    memory_region_add_subregion(&a.root, 0x1000, &a.io);
    memory_world_enter(b.world);
    memory_region_transaction_begin();
    memory_region_set_size(&b.ram, 2048);
    memory_region_transaction_commit();
    EXPECT_NE(address_space_to_flatview(&b.as), view_of_b);
    EXPECT_EQ(at(&a.as, 0x1000), "-");
    EXPECT_TRUE(a.events.empty());
    EXPECT_EQ(b.events.size(), 4u);
    view_of_b = address_space_to_flatview(&b.as);
    memory_world_enter(a.world);
    memory_region_transaction_commit();
    EXPECT_EQ(at(&a.as, 0x1000), "io@0");
    EXPECT_EQ(address_space_to_flatview(&b.as), view_of_b)
        << "a commit touches its own world";
    EXPECT_EQ(b.events.size(), 4u);
    // Regions know their world, whichever is current.
    memory_region_add_subregion(&b.root, 0x1000, &b.io);
    EXPECT_EQ(at(&b.as, 0x1000), "io@0");
    for (int i = 0; i < 100; i++) {
        Machine *m = i % 2 ? &a : &b;
        memory_world_enter(m->world);
        address_space_stl(&m->as, 0x1000, 0x01020304, kPlain, nullptr);
        EXPECT_EQ(m->dev.calls.back().value, 0x01020304u);
        address_space_stl_le(&m->as, 0, static_cast<uint32_t>(i), kPlain,
                             nullptr);
    }
    EXPECT_EQ(a.dev.calls.size(), 50u);
    EXPECT_EQ(address_space_ldl_le(&a.as, 0, kPlain, nullptr), 99u);
    EXPECT_EQ(address_space_ldl_le(&b.as, 0, kPlain, nullptr), 98u);
    EXPECT_EQ(memory_world_enter(outer), a.world);
}

TEST(Worlds, entering_returns_what_was_and_freeing_leaves)
{
    MemoryWorld *own = memory_world_current();
    ASSERT_NE(own, nullptr);
    MemoryWorld *w = memory_world_new();
    EXPECT_EQ(memory_world_current(), own) << "a new world is not current";
    EXPECT_EQ(memory_world_enter(w), own);
    EXPECT_EQ(memory_world_current(), w);
    memory_world_free(w);
    EXPECT_EQ(memory_world_current(), own);
    memory_world_free(nullptr);
}

} // namespace
