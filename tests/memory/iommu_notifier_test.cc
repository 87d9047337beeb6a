// Who is told that translations changed: one test per rule.
#include "tests/memory/iommu_kit.h"

namespace
{

std::vector<std::string> told; // of the test that runs

struct Listener {
    IOMMUNotifier n;
    const char *name;
};

void note(IOMMUNotifier *n, IOMMUTLBEntry *e)
{
    char text[120];
    snprintf(text, sizeof(text), "%s %llx/%llx>%llx %d",
             reinterpret_cast<Listener *>(n)->name,
             static_cast<unsigned long long>(e->iova),
             static_cast<unsigned long long>(e->addr_mask),
             static_cast<unsigned long long>(e->translated_addr), e->perm);
    told.push_back(text);
}

Listener listener(const char *name, int flags, hwaddr start, hwaddr end,
                  int index = 0)
{
    Listener l{};
    l.name = name;
    iommu_notifier_init(&l.n, note, static_cast<IOMMUNotifierFlag>(flags),
                        start, end, index);
    return l;
}

using Told = std::vector<std::string>;

class IommuNotifier : public testing::Test
{
  protected:
    IommuNotifier() : unit("unit", 0x10000, 2)
    {
        told.clear();
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 0x8000, nullptr);
        memory_region_add_subregion(&root, 0x100000, &ram);
        address_space_init(&mem, &root, "mem");
    }
    ~IommuNotifier() override
    {
        memory_region_del_subregion(&root, &ram);
        address_space_destroy(&mem);
        memory_region_fini(&ram);
        memory_region_fini(&root);
    }
    int add(Listener &l)
    {
        return memory_region_register_iommu_notifier(unit.mr(), &l.n, nullptr);
    }
    void remove(Listener &l)
    {
        memory_region_unregister_iommu_notifier(unit.mr(), &l.n);
    }
    void notify(IOMMUNotifierFlag type, hwaddr iova, hwaddr mask, int index = 0)
    {
        IOMMUTLBEvent event{};
        event.type = type;
        event.entry = {nullptr, iova, iova + 0x700000, mask,
                       type == IOMMU_NOTIFIER_MAP ? IOMMU_RW : IOMMU_NONE};
        memory_region_notify_iommu(unit.iommu(), index, event);
    }
    ScopedWorld scope;
    MemoryRegion root, ram;
    TestIommu unit;
    AddressSpace mem;
};

// -- registering

TEST_F(IommuNotifier, newest_first)
{
    Listener a = listener("a", IOMMU_NOTIFIER_MAP, 0, 0xffff);
    Listener b = listener("b", IOMMU_NOTIFIER_MAP, 0, 0xffff);
    Listener c = listener("c", IOMMU_NOTIFIER_MAP, 0, 0xffff);
    EXPECT_EQ(add(a), 0);
    EXPECT_EQ(add(b), 0);
    EXPECT_EQ(add(c), 0);
    notify(IOMMU_NOTIFIER_MAP, 0x1000, 0xfff);
    EXPECT_EQ(told, (Told{"c 1000/fff>701000 3", "b 1000/fff>701000 3",
                          "a 1000/fff>701000 3"}));
    remove(b);
    told.clear();
    notify(IOMMU_NOTIFIER_MAP, 0x1000, 0xfff);
    EXPECT_EQ(told, (Told{"c 1000/fff>701000 3", "a 1000/fff>701000 3"}));
    remove(c);
    remove(a);
    told.clear();
    notify(IOMMU_NOTIFIER_MAP, 0x1000, 0xfff);
    EXPECT_EQ(told, Told{});
}

TEST_F(IommuNotifier, the_unit_is_told_of_what_is_wanted)
{
    Listener a = listener("a", IOMMU_NOTIFIER_UNMAP, 0, 0xffff);
    Listener b = listener("b", IOMMU_NOTIFIER_IOTLB_EVENTS, 0, 0xffff);
    Listener c = listener("c", IOMMU_NOTIFIER_MAP, 0, 0xffff);
    add(a);
    add(b);
    add(c); // nothing new
    EXPECT_EQ(unit.flags, (Told{"0>1", "1>3"}));
    remove(b); // the others still want both
    EXPECT_EQ(unit.flags.size(), 2u);
    remove(a);
    remove(c);
    EXPECT_EQ(unit.flags, (Told{"0>1", "1>3", "3>2", "2>0"}));
}

TEST_F(IommuNotifier, the_unit_may_refuse)
{
    unit.refuse = IOMMU_NOTIFIER_DEVIOTLB_UNMAP;
    Listener a = listener("a", IOMMU_NOTIFIER_UNMAP, 0, 0xffff);
    Listener b = listener(
        "b", IOMMU_NOTIFIER_DEVIOTLB_UNMAP | IOMMU_NOTIFIER_UNMAP, 0, 0xffff);
    EXPECT_EQ(add(a), 0);
    Error *err = nullptr;
    EXPECT_EQ(memory_region_register_iommu_notifier(unit.mr(), &b.n, &err),
              -EINVAL);
    ASSERT_NE(err, nullptr);
    EXPECT_STREQ(error_message(err), "no notifier of kind 4");
    error_free(err);
    EXPECT_EQ(add(b), -EINVAL); // who does not care why
    notify(IOMMU_NOTIFIER_UNMAP, 0x1000, 0xfff);
    EXPECT_EQ(told, (Told{"a 1000/fff>701000 0"}));
    Listener c = listener("c", IOMMU_NOTIFIER_MAP, 0, 0xffff);
    EXPECT_EQ(add(c), 0);
    EXPECT_EQ(unit.flags, (Told{"0>1", "1>3"})); // b left no trace
    remove(c);
    remove(a);
}

TEST_F(IommuNotifier, through_an_alias)
{
    MemoryRegion alias, alias2;
    memory_region_init_alias(&alias, nullptr, "alias", unit.mr(), 0x1000, 64);
    memory_region_init_alias(&alias2, nullptr, "alias2", &alias, 0, 64);
    Listener a = listener("a", IOMMU_NOTIFIER_MAP, 0, 0xffff);
    EXPECT_EQ(memory_region_register_iommu_notifier(&alias2, &a.n, nullptr), 0);
    notify(IOMMU_NOTIFIER_MAP, 0x1000, 0xfff); // offsets of the unit itself
    EXPECT_EQ(told, (Told{"a 1000/fff>701000 3"}));
    memory_region_unregister_iommu_notifier(&alias2, &a.n);
    EXPECT_EQ(unit.iommu()->iommu_notify, nullptr);
    memory_region_fini(&alias2);
    memory_region_fini(&alias);
}

// -- notifying

TEST_F(IommuNotifier, only_of_its_index)
{
    Listener a = listener("a", IOMMU_NOTIFIER_MAP, 0, 0xffff, 0);
    Listener b = listener("b", IOMMU_NOTIFIER_MAP, 0, 0xffff, 1);
    add(a);
    add(b);
    notify(IOMMU_NOTIFIER_MAP, 0x1000, 0xfff, 1);
    EXPECT_EQ(told, (Told{"b 1000/fff>701000 3"}));
    remove(a);
    remove(b);
}

TEST_F(IommuNotifier, only_of_its_range)
{
    Listener a = listener("a", IOMMU_NOTIFIER_MAP, 0x2000, 0x3fff);
    add(a);
    notify(IOMMU_NOTIFIER_MAP, 0x1000, 0xfff);
    notify(IOMMU_NOTIFIER_MAP, 0x4000, 0xfff);
    EXPECT_EQ(told, Told{});
    notify(IOMMU_NOTIFIER_MAP, 0x2000, 0x1fff);
    notify(IOMMU_NOTIFIER_MAP, 0x3fff, 0);
    EXPECT_EQ(told, (Told{"a 2000/1fff>702000 3", "a 3fff/0>703fff 3"}));
    remove(a);
}

TEST_F(IommuNotifier, only_what_it_asked_for)
{
    Listener a = listener("a", IOMMU_NOTIFIER_UNMAP, 0, 0xffff);
    Listener b = listener("b", IOMMU_NOTIFIER_MAP, 0, 0xffff);
    Listener c = listener("c", IOMMU_NOTIFIER_DEVIOTLB_UNMAP, 0, 0xffff);
    add(a);
    add(b);
    add(c);
    notify(IOMMU_NOTIFIER_UNMAP, 0x1000, 0xfff);
    notify(IOMMU_NOTIFIER_MAP, 0x2000, 0xfff);
    notify(IOMMU_NOTIFIER_DEVIOTLB_UNMAP, 0x3000, 0xfff);
    EXPECT_EQ(told, (Told{"a 1000/fff>701000 0", "b 2000/fff>702000 3",
                          "c 3000/fff>703000 0"}));
    remove(a);
    remove(b);
    remove(c);
}

TEST_F(IommuNotifier, a_devices_cache_is_told_of_its_own_part)
{
    Listener a = listener("a", IOMMU_NOTIFIER_DEVIOTLB_UNMAP, 0x1800, 0x3abc);
    add(a);
    notify(IOMMU_NOTIFIER_DEVIOTLB_UNMAP, 0x0, 0xffff);
    notify(IOMMU_NOTIFIER_DEVIOTLB_UNMAP, 0x1000, 0xfff);
    notify(IOMMU_NOTIFIER_DEVIOTLB_UNMAP, 0x3000, 0xfff);
    notify(IOMMU_NOTIFIER_DEVIOTLB_UNMAP, 0x2000, 0xfff);
    notify(IOMMU_NOTIFIER_DEVIOTLB_UNMAP, 0x0, UINT64_MAX);
    // the length may be none of a page; the target is not moved
    EXPECT_EQ(told, (Told{"a 1800/22bc>700000 0", "a 1800/7ff>701000 0",
                          "a 3000/abc>703000 0", "a 2000/fff>702000 0",
                          "a 1800/22bc>700000 0"}));
    remove(a);
}

TEST_F(IommuNotifier, one_alone)
{
    Listener a = listener("a", IOMMU_NOTIFIER_MAP, 0x1000, 0x1fff);
    IOMMUTLBEvent event{};
    event.type = IOMMU_NOTIFIER_MAP;
    event.entry.iova = 0x1000;
    event.entry.addr_mask = 0xff;
    memory_region_notify_iommu_one(&a.n, &event); // not registered anywhere
    event.entry.iova = 0x2000;
    memory_region_notify_iommu_one(&a.n, &event);
    EXPECT_EQ(told, (Told{"a 1000/ff>0 0"}));
}

TEST_F(IommuNotifier, may_go_away_while_it_is_told)
{
    static MemoryRegion *mr;
    mr = unit.mr();
    Listener a = listener("a", IOMMU_NOTIFIER_MAP, 0, 0xffff);
    Listener b = listener("b", IOMMU_NOTIFIER_MAP, 0, 0xffff);
    b.n.notify = [](IOMMUNotifier *n, IOMMUTLBEntry *e) {
        note(n, e);
        memory_region_unregister_iommu_notifier(mr, n);
        n->next = nullptr;
    };
    add(a);
    add(b);
    notify(IOMMU_NOTIFIER_MAP, 0x1000, 0xfff);
    notify(IOMMU_NOTIFIER_MAP, 0x2000, 0xfff);
    EXPECT_EQ(told, (Told{"b 1000/fff>701000 3", "a 1000/fff>701000 3",
                          "a 2000/fff>702000 3"}));
    remove(a);
}

#ifndef NDEBUG
TEST_F(IommuNotifier, mistakes_of_the_caller)
{
    Listener a = listener("a", IOMMU_NOTIFIER_UNMAP, 0x1000, 0x1fff);
    EXPECT_DEATH(remove(a), "");
    add(a);
    EXPECT_DEATH(notify(IOMMU_NOTIFIER_UNMAP, 0x0, 0x1fff), "start");
    EXPECT_DEATH(notify(IOMMU_NOTIFIER_UNMAP, 0x1000, 0x1fff), "end");
    remove(a);
    Listener none = listener("none", IOMMU_NOTIFIER_NONE, 0, 1);
    EXPECT_DEATH(add(none), "NONE");
    Listener index = listener("index", IOMMU_NOTIFIER_MAP, 0, 1, 2);
    EXPECT_DEATH(add(index), "num_indexes");
    Listener range = listener("range", IOMMU_NOTIFIER_MAP, 1, 0);
    EXPECT_DEATH(add(range), "start <=");
}
#endif

TEST_F(IommuNotifier, ports_forget_what_they_know)
{
    ClockDomain clock;
    clock_init(&clock, "clock", 1000000);
    static unsigned dropped;
    dropped = 0;
    AddressSpace dma;
    address_space_init(&dma, unit.mr(), "dma");
    MemoryPort port;
    ASSERT_TRUE(
        port_init(&port, &dma, "port", &clock, nullptr, false, nullptr));
    port.invalidated = [](void *, hwaddr first, hwaddr last) {
        dropped += first == 0 && last == UINT64_MAX;
    };
    auto load = [&](hwaddr addr) {
        PortTx tx{};
        tx.addr = tx.va = addr;
        tx.attrs = kPlain;
        return port_load(&port, &tx, 4);
    };
    auto *host = static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram));
    host[0] = 0x11;
    host[0x1000] = 0x22;
    unit.map(0, &mem, 0x100000);
    EXPECT_EQ(load(0), 0x11u);
    EXPECT_EQ(load(0), 0x11u);
    unit.pages[0].to = 0x101000;
    dropped = 0;
    notify(IOMMU_NOTIFIER_MAP, 0, 0xfff); // although nobody listens
    EXPECT_EQ(dropped, 1u);
    EXPECT_EQ(load(0), 0x22u);
    port_fini(&port);
    address_space_destroy(&dma);
}

// -- replay

TEST_F(IommuNotifier, replay_tells_of_every_translation)
{
    unit.map(0x1000, &mem, 0x102000, IOMMU_RO);
    unit.map(0x4000, &mem, 0x104000, IOMMU_RW, 0x1fff);
    unit.map(0x8000, &mem, 0x100000, IOMMU_NONE);
    unit.map(0xf000, &mem, 0x103000, IOMMU_WO);
    unit.map(0x2000, &mem, 0x103000, IOMMU_RW, 0xfff, 1);
    // its range and its flags do not count
    Listener a = listener("a", IOMMU_NOTIFIER_UNMAP, 0x1000, 0x1fff);
    memory_region_iommu_replay(unit.iommu(), &a.n);
    EXPECT_EQ(told, (Told{"a 1000/fff>1025a5 1", "a 4000/1fff>1045a5 3",
                          "a 4000/1fff>1045a5 3", "a f000/fff>1035a5 2"}));
    EXPECT_EQ(unit.asked.size(), 16u);
    EXPECT_EQ(unit.asked[0], "0 n0"); // asked without an access
    EXPECT_EQ(unit.asked[15], "f000 n0");
    told.clear();
    Listener b = listener("b", IOMMU_NOTIFIER_MAP, 0, 0xffff, 1);
    memory_region_iommu_replay(unit.iommu(), &b.n);
    EXPECT_EQ(told, (Told{"b 2000/fff>1035a5 3"}));
}

TEST_F(IommuNotifier, replay_goes_by_the_smallest_page)
{
    unit.page_size = 0x4000;
    Listener a = listener("a", IOMMU_NOTIFIER_MAP, 0, 0xffff);
    memory_region_iommu_replay(unit.iommu(), &a.n);
    EXPECT_EQ(unit.asked, (Told{"0 n0", "4000 n0", "8000 n0", "c000 n0"}));
}

TEST_F(IommuNotifier, replay_ends_with_the_region)
{
    Listener a = listener("a", IOMMU_NOTIFIER_MAP, 0, UINT64_MAX);
    TestIommu odd("odd", 0x2001), all("all", UINT64_MAX);
    memory_region_iommu_replay(odd.iommu(), &a.n);
    EXPECT_EQ(odd.asked, (Told{"0 n0", "1000 n0", "2000 n0"}));
    all.page_size = UINT64_C(1) << 63;
    memory_region_iommu_replay(all.iommu(), &a.n);
    EXPECT_EQ(all.asked, (Told{"0 n0", "8000000000000000 n0"}));
}

TEST_F(IommuNotifier, replay_by_the_unit_itself)
{
    static const TypeInfo info = [] {
        TypeInfo t{};
        t.name = "replaying-iommu";
        t.parent = TYPE_IOMMU_MEMORY_REGION;
        t.class_init = [](ObjectClass *klass, void *) {
            IOMMU_MEMORY_REGION_CLASS(klass)->replay = [](IOMMUMemoryRegion *,
                                                          IOMMUNotifier *n) {
                IOMMUTLBEntry e{};
                e.iova = 0x77;
                n->notify(n, &e);
            };
        };
        return t;
    }();
    type_register_static(&info);
    IOMMUMemoryRegion own;
    memory_region_init_iommu(&own, sizeof(own), "replaying-iommu", nullptr,
                             "own", 0x10000);
    Listener a = listener("a", IOMMU_NOTIFIER_MAP, 0, 0xffff);
    memory_region_iommu_replay(&own, &a.n);
    EXPECT_EQ(told, (Told{"a 77/0>0 0"}));
    memory_region_fini(&own.parent_obj);
}

} // namespace
