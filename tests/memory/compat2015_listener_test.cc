// Listeners, IOMMUs and dirty synchronisation of the 2015 generation.
#include <string>
#include <vector>

// The header that selects the generation comes last, behind what uses the names
// of the later one.
// clang-format off
#include "tests/memory/memory_kit.h"
static void register_later(MemoryRegion *mr, IOMMUNotifier *n)
{
    ASSERT_EQ(memory_region_register_iommu_notifier(mr, n, nullptr), 0);
}
static void unregister_later(MemoryRegion *mr, IOMMUNotifier *n)
{
    memory_region_unregister_iommu_notifier(mr, n);
}
static void make_later(AddressSpace *as, MemoryRegion *root)
{
    address_space_init(as, root, "later");
}
static void destroy_later(AddressSpace *as)
{
    address_space_destroy(as);
}
#include "memory/memory2015.h"
// clang-format on

namespace
{

typedef std::vector<std::string> Events;

std::string text(const MemoryRegionSection *s)
{
    return std::string(" ") + s->address_space->name + ":" +
           (s->mr ? memory_region_name(s->mr) : "-") + "@" +
           std::to_string(s->offset_within_address_space) + "+" +
           std::to_string(static_cast<uint64_t>(s->size)) +
           (s->readonly ? " ro" : "");
}

// Remembers all it hears.
struct Ear : MemoryListener {
    Ear(std::string ear, Events *events, unsigned prio = 0)
        : MemoryListener{}, tag(std::move(ear)), log(events)
    {
        priority = prio;
        begin = [](MemoryListener *l) { say(l, "begin"); };
        commit = [](MemoryListener *l) { say(l, "commit"); };
        region_add = [](MemoryListener *l, MemoryRegionSection *s) {
            say(l, "add" + text(s));
        };
        region_del = [](MemoryListener *l, MemoryRegionSection *s) {
            say(l, "del" + text(s));
        };
        region_nop = [](MemoryListener *l, MemoryRegionSection *s) {
            say(l, "nop" + text(s));
        };
        log_start = [](MemoryListener *l, MemoryRegionSection *s) {
            say(l, "log_start" + text(s));
        };
        log_stop = [](MemoryListener *l, MemoryRegionSection *s) {
            say(l, "log_stop" + text(s));
        };
        log_sync = [](MemoryListener *l, MemoryRegionSection *s) {
            say(l, "log_sync" + text(s));
        };
        log_global_start = [](MemoryListener *l) { say(l, "global_start"); };
        log_global_stop = [](MemoryListener *l) { say(l, "global_stop"); };
        eventfd_add = [](MemoryListener *l, MemoryRegionSection *s, bool match,
                         uint64_t data, EventNotifier *) {
            say(l, "efd_add" + text(s) + " " + std::to_string(match) + " " +
                       std::to_string(data));
        };
        eventfd_del = [](MemoryListener *l, MemoryRegionSection *s, bool match,
                         uint64_t data, EventNotifier *) {
            say(l, "efd_del" + text(s) + " " + std::to_string(match) + " " +
                       std::to_string(data));
        };
        coalesced_mmio_add = [](MemoryListener *l, MemoryRegionSection *s,
                                hwaddr addr, hwaddr len) {
            say(l, "coal_add" + text(s) + " " + std::to_string(addr) + "+" +
                       std::to_string(len));
        };
        coalesced_mmio_del = [](MemoryListener *l, MemoryRegionSection *s,
                                hwaddr addr, hwaddr len) {
            say(l, "coal_del" + text(s) + " " + std::to_string(addr) + "+" +
                       std::to_string(len));
        };
    }
    static void say(MemoryListener *l, const std::string &what)
    {
        Ear *ear = static_cast<Ear *>(l);
        ear->log->push_back((ear->tag + " ").append(what));
    }
    std::string tag;
    Events *log;
};

class Listening2015 : public ::testing::Test
{
  protected:
    Listening2015()
    {
        for (size_t i = 0; i < 2; i++) {
            memory_region_init(&root[i], nullptr, i ? "root1" : "root0",
                               0x10000);
            address_space_init(&as[i], &root[i], i ? "B" : "A");
        }
        for (size_t i = 0; i < 3; i++) {
            const char *names[] = {"a", "b", "c"};
            memory_region_init_io(&mr[i], nullptr, nullptr, nullptr, names[i],
                                  16);
        }
    }
    ~Listening2015() override
    {
        for (size_t i = 0; i < 2; i++) {
            address_space_destroy(&as[i]);
            while (root[i].first_child) {
                memory_region_del_subregion(&root[i], root[i].first_child);
            }
            memory_region_fini(&root[i]);
        }
        for (MemoryRegion &m : mr) {
            memory_region_fini(&m);
        }
    }
    Events take()
    {
        Events t;
        t.swap(events);
        return t;
    }
    ScopedWorld scope;
    MemoryRegion root[2], mr[3];
    AddressSpace as[2];
    Events events;
};

TEST_F(Listening2015, a_filter_is_one_space)
{
    Ear ear("l", &events);
    memory_region_add_subregion(&root[0], 32, &mr[0]);
    memory_region_add_subregion(&root[1], 64, &mr[1]);
    memory_region_set_readonly(&mr[1], true);
    memory_listener_register(&ear, &as[1]);
    EXPECT_EQ(ear.address_space_filter, &as[1]);
    EXPECT_EQ(take(), (Events{"l begin", "l add B:b@64+16 ro", "l commit"}));
    memory_region_set_enabled(&mr[0], false);
    EXPECT_EQ(take(), (Events{"l begin", "l nop B:b@64+16 ro", "l commit"}));
    memory_region_set_address(&mr[1], 0);
    EXPECT_EQ(take(), (Events{"l begin", "l del B:b@64+16 ro",
                              "l add B:b@0+16 ro", "l commit"}));
    memory_listener_unregister(&ear);
    EXPECT_TRUE(take().empty()) << "told nothing at the end";
    memory_region_set_enabled(&mr[1], false);
    EXPECT_TRUE(take().empty());
    memory_listener_unregister(&ear);
}

TEST_F(Listening2015, no_filter_is_all_spaces_and_all_to_come)
{
    Ear ear("l", &events);
    memory_region_add_subregion(&root[0], 32, &mr[0]);
    memory_region_add_subregion(&root[1], 64, &mr[1]);
    memory_listener_register(&ear, nullptr);
    EXPECT_EQ(ear.address_space_filter, nullptr);
    EXPECT_EQ(take(), (Events{"l begin", "l add A:a@32+16", "l commit",
                              "l begin", "l add B:b@64+16", "l commit"}));
    memory_region_add_subregion(&root[1], 0, &mr[2]);
    EXPECT_EQ(take(), (Events{"l begin", "l nop A:a@32+16", "l add B:c@0+16",
                              "l nop B:b@64+16", "l commit"}))
        << "begin and commit come once";
    AddressSpace third;
    address_space_init(&third, &root[0], "C");
    EXPECT_EQ(take(), (Events{"l begin", "l add C:a@32+16", "l commit"}));
    memory_region_set_enabled(&mr[0], false);
    EXPECT_EQ(take(),
              (Events{"l begin", "l del A:a@32+16", "l nop B:c@0+16",
                      "l nop B:b@64+16", "l del C:a@32+16", "l commit"}));
    address_space_destroy(&third);
    EXPECT_TRUE(take().empty());
    memory_region_set_enabled(&mr[0], true);
    EXPECT_EQ(take(), (Events{"l begin", "l add A:a@32+16", "l nop B:c@0+16",
                              "l nop B:b@64+16", "l commit"}));
    memory_listener_unregister(&ear);
    EXPECT_TRUE(take().empty());
}

TEST_F(Listening2015, all_to_come_also_from_an_empty_world)
{
    ScopedWorld empty;
    Ear ear("l", &events);
    memory_listener_register(&ear, nullptr);
    EXPECT_TRUE(take().empty());
    MemoryRegion r;
    memory_region_init_io(&r, nullptr, nullptr, nullptr, "r", 8);
    AddressSpace space;
    address_space_init(&space, &r, "S");
    EXPECT_EQ(take(), (Events{"l begin", "l add S:r@0+8", "l commit"}));
    address_space_destroy(&space);
    address_space_init(&space, &r, "T");
    EXPECT_EQ(take(), (Events{"l begin", "l add T:r@0+8", "l commit"}));
    memory_listener_unregister(&ear);
    address_space_destroy(&space);
    memory_region_fini(&r);
    EXPECT_TRUE(take().empty());
}

TEST_F(Listening2015, order)
{
    Ear low("low", &events, 0), high("high", &events, 7),
        all("all", &events, 3), one("one", &events, 3);
    memory_listener_register(&high, &as[0]);
    memory_listener_register(&all, nullptr);
    memory_listener_register(&low, &as[0]);
    memory_listener_register(&one, &as[0]);
    memory_region_add_subregion(&root[0], 0, &mr[0]);
    take();
    memory_region_set_address(&mr[0], 32);
    Events want;
    for (const char *what :
         {"begin", "del A:a@0+16", "add A:a@32+16", "commit"}) {
        Events names = {"low", "all", "one", "high"};
        if (what[0] == 'd') {
            names = {"high", "one", "all", "low"};
        }
        for (const std::string &name : names) {
            want.push_back((name + " ").append(what));
        }
    }
    EXPECT_EQ(take(), want);
    for (Ear *e : {&low, &high, &all, &one}) {
        memory_listener_unregister(e);
    }
}

TEST_F(Listening2015, logging_says_first_and_last_client)
{
    MemoryRegion ram;
    memory_region_init_ram(&ram, nullptr, "ram", 0x1000, nullptr);
    memory_region_add_subregion(&root[0], 0, &ram);
    Ear ear("l", &events);
    memory_listener_register(&ear, &as[0]);
    take();
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);
    EXPECT_EQ(take(), (Events{"l begin", "l nop A:ram@0+4096",
                              "l log_start A:ram@0+4096", "l commit"}));
    memory_global_dirty_log_start();
    EXPECT_EQ(take(), (Events{"l global_start", "l begin", "l nop A:ram@0+4096",
                              "l commit"}));
    memory_region_set_log(&ram, false, DIRTY_MEMORY_VGA);
    EXPECT_EQ(take(), (Events{"l begin", "l nop A:ram@0+4096", "l commit"}));
    memory_global_dirty_log_stop();
    EXPECT_EQ(take(),
              (Events{"l begin", "l nop A:ram@0+4096",
                      "l log_stop A:ram@0+4096", "l commit", "l global_stop"}));
    memory_region_set_log(&ram, true, DIRTY_MEMORY_MIGRATION);
    take();
    Ear late("late", &events);
    memory_global_dirty_log_start();
    take();
    memory_listener_register(&late, nullptr);
    EXPECT_EQ(
        take(),
        (Events{"late begin", "late global_start", "late add A:ram@0+4096",
                "late log_start A:ram@0+4096", "late commit", "late begin",
                "late global_start", "late commit"}));
    memory_listener_unregister(&late);
    memory_listener_unregister(&ear);
    EXPECT_TRUE(take().empty()) << "no log_stop either";
    memory_region_del_subregion(&root[0], &ram);
    memory_region_fini(&ram);
}

TEST_F(Listening2015, a_global_event_comes_once)
{
    Ear ear("l", &events);
    memory_listener_register(&ear, nullptr);
    take();
    memory_global_dirty_log_start();
    memory_global_dirty_log_stop();
    EXPECT_EQ(take(), (Events{"l global_start", "l begin", "l commit",
                              "l begin", "l commit", "l global_stop"}));
    memory_listener_unregister(&ear);
}

TEST_F(Listening2015, eventfds_and_coalesced_ranges)
{
    Ear ear("l", &events);
    memory_region_add_subregion(&root[0], 32, &mr[0]);
    memory_listener_register(&ear, nullptr);
    take();
    EventNotifier e;
    ASSERT_EQ(event_notifier_init(&e, false), 0);
    memory_region_add_eventfd(&mr[0], 4, 2, true, 7, &e);
    EXPECT_EQ(take(), (Events{"l efd_add A:-@36+2 1 7"}));
    memory_region_del_eventfd(&mr[0], 4, 2, true, 7, &e);
    EXPECT_EQ(take(), (Events{"l efd_del A:-@36+2 1 7"}));
    event_notifier_cleanup(&e);
    memory_region_add_coalescing(&mr[0], 8, 4);
    EXPECT_EQ(take(), (Events{"l coal_add A:a@32+16 40+4"}));
    memory_region_clear_coalescing(&mr[0]);
    EXPECT_EQ(take(), (Events{"l coal_del A:a@32+16 40+4"}));
    memory_listener_unregister(&ear);
}

TEST_F(Listening2015, sync_dirty_bitmap)
{
    MemoryRegion ram, alias;
    memory_region_init_ram(&ram, nullptr, "ram", 0x1000, nullptr);
    memory_region_init_alias(&alias, nullptr, "alias", &ram, 0x800, 0x800);
    memory_region_add_subregion(&root[0], 0, &ram);
    memory_region_add_subregion(&root[0], 0x4000, &mr[0]);
    memory_region_add_subregion(&root[1], 0x2000, &alias);
    Ear one("one", &events, 1), all("all", &events);
    memory_listener_register(&one, &as[0]);
    memory_listener_register(&all, nullptr);
    take();
    memory_region_sync_dirty_bitmap(&ram);
    EXPECT_EQ(take(),
              (Events{"all log_sync A:ram@0+4096", "one log_sync A:ram@0+4096",
                      "all log_sync B:ram@8192+2048"}));
    address_space_sync_dirty_bitmap(&as[0]);
    EXPECT_EQ(
        take(),
        (Events{"all log_sync A:ram@0+4096", "one log_sync A:ram@0+4096",
                "all log_sync A:a@16384+16", "one log_sync A:a@16384+16"}));
    memory_listener_unregister(&one);
    memory_listener_unregister(&all);
    memory_region_del_subregion(&root[0], &ram);
    memory_region_del_subregion(&root[1], &alias);
    memory_region_fini(&alias);
    memory_region_fini(&ram);
}

// A listener need not have all callbacks, and memory outlives none of it.
TEST_F(Listening2015, callbacks_may_be_missing)
{
    MemoryListener deaf{};
    memory_listener_register(&deaf, nullptr);
    memory_region_add_subregion(&root[0], 32, &mr[0]);
    memory_region_add_coalescing(&mr[0], 0, 4);
    memory_global_dirty_log_start();
    memory_global_dirty_log_stop();
    address_space_remove_listeners(&as[0]);
    memory_listener_unregister(&deaf);
    EXPECT_EQ(scope.world->first_listener, nullptr);
    EXPECT_EQ(scope.world->last_listener, nullptr);
}

// Whoever makes the space.
TEST_F(Listening2015, spaces_of_the_later_generation)
{
    Ear ear("l", &events);
    memory_listener_register(&ear, nullptr);
    take();
    AddressSpace third;
    make_later(&third, &mr[0]);
    EXPECT_EQ(take(), (Events{"l begin", "l add later:a@0+16", "l commit"}));
    destroy_later(&third);
    EXPECT_TRUE(take().empty());
    memory_listener_unregister(&ear);
}

// -- IOMMUs -------------------------------------------------------------------

// Reads go up by 0x1000, writes by 0x2000; nothing from 0x8000 on.
std::vector<std::string> *asked;
MemoryRegion *asked_of;
AddressSpace *target;

IOMMUTLBEntry translate(MemoryRegion *iommu, hwaddr addr, bool is_write)
{
    asked_of = iommu;
    asked->push_back(std::string(memory_region_name(iommu)) +
                     (is_write ? " w " : " r ") + std::to_string(addr));
    IOMMUTLBEntry entry{};
    entry.target_as = target;
    entry.iova = addr & ~hwaddr{0xfff};
    entry.addr_mask = 0xfff;
    if (addr < 0x8000) {
        entry.translated_addr = entry.iova + (is_write ? 0x2000 : 0x1000);
        entry.perm = is_write ? IOMMU_WO : IOMMU_RO;
    }
    return entry;
}
const MemoryRegionIOMMUOps kIommuOps = {translate};

class Iommu2015 : public Listening2015
{
  protected:
    Iommu2015()
    {
        asked = &questions;
        target = &as[1];
        memory_region_init_ram(&ram, nullptr, "ram", 0x8000, nullptr);
        memory_region_add_subregion(&root[1], 0, &ram);
        memory_region_init_iommu(&iommu, nullptr, &kIommuOps, "iommu", 0x9000);
        memory_region_add_subregion(&root[0], 0x1000, &iommu);
        host = static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram));
    }
    ~Iommu2015() override
    {
        memory_region_del_subregion(&root[0], &iommu);
        memory_region_del_subregion(&root[1], &ram);
        memory_region_fini(&iommu);
        memory_region_fini(&ram);
    }
    MemoryRegion ram, iommu;
    uint8_t *host;
    Events questions;
};

TEST_F(Iommu2015, translates_by_direction)
{
    EXPECT_TRUE(memory_region_is_iommu(&iommu));
    EXPECT_FALSE(memory_region_is_iommu(&ram));
    EXPECT_EQ(memory_region_size(&iommu), 0x9000u);
    host[0x1010] = 0x55;
    MemTxResult res;
    EXPECT_EQ(address_space_ldub(&as[0], 0x1010, kPlain, &res), 0x55u);
    EXPECT_EQ(res, MEMTX_OK);
    address_space_stb(&as[0], 0x1010, 0x66, kPlain, &res);
    EXPECT_EQ(res, MEMTX_OK);
    EXPECT_EQ(host[0x2010], 0x66);
    EXPECT_EQ(questions, (Events{"iommu r 16", "iommu w 16"}));
    EXPECT_EQ(asked_of, &iommu);
    EXPECT_EQ(address_space_ldub(&as[0], 0x9000, kPlain, &res), 0u);
    EXPECT_EQ(res, MEMTX_DECODE_ERROR);
    hwaddr xlat, len = 0x2000;
    EXPECT_EQ(address_space_translate(&as[0], 0x1ffc, &xlat, &len, false),
              &ram);
    EXPECT_EQ(xlat, 0x1ffcu);
    EXPECT_EQ(len, 4u);
}

TEST_F(Iommu2015, two_of_them)
{
    MemoryRegion second;
    memory_region_init_iommu(&second, nullptr, &kIommuOps, "second", 0x1000);
    memory_region_add_subregion(&root[0], 0xc000, &second);
    address_space_ldub(&as[0], 0xc008, kPlain, nullptr);
    EXPECT_EQ(questions, Events{"second r 8"});
    memory_region_del_subregion(&root[0], &second);
    memory_region_fini(&second);
}

TEST_F(Iommu2015, sections_show_the_region_of_the_caller)
{
    MemoryRegionSection s = memory_region_find(&root[0], 0x2000, 0x100);
    EXPECT_EQ(s.mr, &iommu);
    EXPECT_EQ(s.offset_within_region, 0x1000u);
    static MemoryRegion *told;
    MemoryListener l{};
    l.region_add = [](MemoryListener *, MemoryRegionSection *section) {
        told = section->mr;
    };
    memory_listener_register(&l, &as[0]);
    EXPECT_EQ(told, &iommu);
    memory_listener_unregister(&l);
}

struct Watcher : Notifier {
    std::vector<std::pair<hwaddr, int>> seen;
};

TEST_F(Iommu2015, notifiers)
{
    Watcher one{}, two{};
    one.notify = two.notify = [](Notifier *n, void *data) {
        auto *entry = static_cast<IOMMUTLBEntry *>(data);
        static_cast<Watcher *>(n)->seen.emplace_back(entry->iova, entry->perm);
    };
    memory_region_register_iommu_notifier(&iommu, &one);
    memory_region_register_iommu_notifier(&iommu, &two);
    IOMMUTLBEntry entry{};
    entry.iova = 0x3000;
    entry.addr_mask = 0xfff;
    entry.perm = IOMMU_RW;
    memory_region_notify_iommu(&iommu, entry);
    entry.perm = IOMMU_NONE;
    entry.iova = 0x8000;
    memory_region_unregister_iommu_notifier(&two);
    memory_region_unregister_iommu_notifier(&two);
    memory_region_notify_iommu(&iommu, entry);
    EXPECT_EQ(one.seen, (std::vector<std::pair<hwaddr, int>>{
                            {0x3000, IOMMU_RW}, {0x8000, IOMMU_NONE}}));
    EXPECT_EQ(two.seen.size(), 1u);
    memory_region_unregister_iommu_notifier(&one);
}

// A notifier of the later generation hears what it asked for.
TEST_F(Iommu2015, notifiers_of_both_generations)
{
    struct Later : IOMMUNotifier {
        std::vector<hwaddr> seen;
    } gone{};
    iommu_notifier_init(
        &gone,
        [](IOMMUNotifier *n, IOMMUTLBEntry *e) {
            static_cast<Later *>(n)->seen.push_back(e->iova);
        },
        IOMMU_NOTIFIER_UNMAP, 0, UINT64_MAX, 0);
    register_later(&iommu, &gone);
    IOMMUTLBEntry entry{};
    entry.addr_mask = 0xfff;
    entry.iova = 0x3000;
    entry.perm = IOMMU_RO;
    memory_region_notify_iommu(&iommu, entry);
    entry.iova = 0x4000;
    entry.perm = IOMMU_NONE;
    memory_region_notify_iommu(&iommu, entry);
    EXPECT_EQ(gone.seen, std::vector<hwaddr>{0x4000});
    unregister_later(&iommu, &gone);
}

} // namespace
