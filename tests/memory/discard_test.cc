// RAM of which parts come and go, rule by rule, and against a naive model; who
// forbids and who needs discards.
#include <cerrno>
#include <random>

#include "tests/memory/memory_kit.h"

namespace
{

const uint64_t kGranule = 0x2000;

struct Listener : RamDiscardListener {
    explicit Listener(std::string *log, char id, bool doubles = false)
        : RamDiscardListener{}, text(log), name(id)
    {
        ram_discard_listener_init(
            this,
            [](RamDiscardListener *l, MemoryRegionSection *s) {
                return static_cast<Listener *>(l)->told('+', s);
            },
            [](RamDiscardListener *l, MemoryRegionSection *s) {
                static_cast<Listener *>(l)->told('-', s);
            },
            doubles);
    }
    int told(char what, const MemoryRegionSection *s)
    {
        char line[64];
        snprintf(
            line, sizeof(line), "%c%c%llx,%llx@%llx ", name, what,
            static_cast<unsigned long long>(s->offset_within_region),
            static_cast<unsigned long long>(int128_get64(s->size)),
            static_cast<unsigned long long>(s->offset_within_address_space));
        *text += line;
        return what == '+' ? answer : 0;
    }
    std::string *text;
    char name;
    int answer = 0;
};

class Discard : public ::testing::Test
{
  protected:
    void SetUp() override
    {
        memory_region_init_ram(&ram, nullptr, "ram", 8 * kGranule, nullptr);
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        scope.world->log = [](void *opaque, const char *line) {
            *static_cast<std::string *>(opaque) += line;
        };
        scope.world->log_opaque = &warnings;
        Error *err = nullptr;
        ASSERT_TRUE(ram_discard_granules_init(&g, &ram, kGranule, &err))
            << error_message(err);
        memory_region_add_subregion(&root, 0x100000, &ram);
        rdm = memory_region_get_ram_discard_manager(&ram);
        ASSERT_EQ(rdm, RAM_DISCARD_MANAGER(&g));
    }
    void TearDown() override
    {
        memory_region_del_subregion(&root, &ram);
        ram_discard_granules_fini(&g);
        memory_region_fini(&root);
        memory_region_fini(&ram);
    }
    MemoryRegionSection section(hwaddr offset, uint64_t size)
    {
        MemoryRegionSection s{};
        s.mr = &ram;
        s.offset_within_region = offset;
        s.offset_within_address_space = 0x100000 + offset;
        s.size = int128_make64(size);
        return s;
    }
    void enter(Listener &l, hwaddr offset, uint64_t size)
    {
        MemoryRegionSection s = section(offset, size);
        ram_discard_manager_register_listener(rdm, &l, &s);
    }
    void leave(Listener &l)
    {
        ram_discard_manager_unregister_listener(rdm, &l);
    }
    bool populated(hwaddr offset, uint64_t size)
    {
        MemoryRegionSection s = section(offset, size);
        return ram_discard_manager_is_populated(rdm, &s);
    }
    // The stretches of a section, told to a listener without part in it.
    std::string stretches(hwaddr offset, uint64_t size, bool filled)
    {
        std::string text;
        Listener all(&text, 's');
        MemoryRegionSection s = section(offset, size);
        if (filled) {
            ram_discard_manager_replay_populated(
                rdm, &s,
                [](MemoryRegionSection *part, void *opaque) {
                    return static_cast<Listener *>(opaque)->told('+', part);
                },
                &all);
        } else {
            ram_discard_manager_replay_discarded(
                rdm, &s,
                [](MemoryRegionSection *part, void *opaque) {
                    static_cast<Listener *>(opaque)->told('-', part);
                },
                &all);
        }
        return text;
    }
    std::string take()
    {
        std::string text = log;
        log.clear();
        return text;
    }
    ScopedWorld scope;
    MemoryRegion ram{}, root{};
    RamDiscardGranules g{};
    RamDiscardManager *rdm = nullptr;
    std::string log, warnings;
};

TEST_F(Discard, GetterAnswersOnlyWhileMapped)
{
    EXPECT_TRUE(memory_region_has_ram_discard_manager(&ram));
    memory_region_del_subregion(&root, &ram);
    EXPECT_FALSE(memory_region_has_ram_discard_manager(&ram));
    MemoryRegion alias{};
    memory_region_init_alias(&alias, nullptr, "alias", &ram, 0, 0x1000);
    memory_region_add_subregion(&root, 0, &alias);
    EXPECT_EQ(memory_region_get_ram_discard_manager(&ram), rdm);
    EXPECT_EQ(memory_region_get_ram_discard_manager(&alias), nullptr);
    memory_region_del_subregion(&root, &alias);
    memory_region_fini(&alias);
    memory_region_add_subregion(&root, 0x100000, &ram);
    EXPECT_EQ(memory_region_get_ram_discard_manager(&root), nullptr);
    EXPECT_EQ(ram_discard_manager_get_min_granularity(rdm, &ram), kGranule);
}

TEST_F(Discard, PopulateAsksNewestFirstWithItsPart)
{
    Listener a(&log, 'a'), b(&log, 'b'), c(&log, 'c');
    enter(a, 0, 8 * kGranule);
    enter(b, 0x3000, 0x2000);
    enter(c, 0xc000, 0x4000);
    EXPECT_EQ(take(), "");
    EXPECT_EQ(ram_discard_granules_populate(&g, 0x2000, 0x4000), 0);
    EXPECT_EQ(take(), "b+3000,2000@103000 a+2000,4000@102000 ");
    EXPECT_TRUE(populated(0x2000, 0x4000));
    EXPECT_EQ(ram_discard_granules_discard(&g, 0x4000, 0x2000), 0);
    EXPECT_EQ(take(), "b-4000,1000@104000 a-4000,2000@104000 ");
    EXPECT_FALSE(populated(0x2000, 0x4000));
    leave(c);
    EXPECT_EQ(take(), "");
    leave(b);
    EXPECT_EQ(take(), "b-3000,1000@103000 ");
    leave(a);
    EXPECT_EQ(take(), "a-2000,2000@102000 ");
    EXPECT_EQ(a.section, nullptr);
}

TEST_F(Discard, ARefusalIsRolledBack)
{
    Listener a(&log, 'a'), b(&log, 'b'), c(&log, 'c'), d(&log, 'd');
    enter(a, 0, 0x10000);
    enter(b, 0, 0x10000);
    enter(c, 0x8000, 0x2000); // not asked, not told
    enter(d, 0x1000, 0x1000);
    b.answer = -ENOMEM;
    EXPECT_EQ(ram_discard_granules_populate(&g, 0, 0x2000), -ENOMEM);
    EXPECT_EQ(take(), "d+1000,1000@101000 b+0,2000@100000 d-1000,1000@101000 ");
    EXPECT_EQ(stretches(0, 0x10000, true), "");
    b.answer = 0;
    EXPECT_EQ(ram_discard_granules_populate(&g, 0, 0x2000), 0);
    EXPECT_EQ(take(), "d+1000,1000@101000 b+0,2000@100000 a+0,2000@100000 ");
    d.answer = -EINVAL; // the first one asked: nobody to be told
    EXPECT_EQ(ram_discard_granules_populate(&g, 0x2000, 0x2000), 0);
    EXPECT_EQ(take(), "b+2000,2000@102000 a+2000,2000@102000 ");
    EXPECT_EQ(ram_discard_granules_discard(&g, 0, 0x2000), 0);
    take();
    EXPECT_EQ(ram_discard_granules_populate(&g, 0, 0x2000), -EINVAL);
    EXPECT_EQ(take(), "d+1000,1000@101000 ");
    for (Listener *l : {&a, &b, &c, &d}) {
        leave(*l);
    }
}

TEST_F(Discard, RangesMustBeGranulesAllAlike)
{
    EXPECT_EQ(ram_discard_granules_populate(&g, 0x1000, 0x2000), -EINVAL);
    EXPECT_EQ(ram_discard_granules_populate(&g, 0, 0x1000), -EINVAL);
    EXPECT_EQ(ram_discard_granules_populate(&g, 0, 0), -EINVAL);
    EXPECT_EQ(ram_discard_granules_populate(&g, 0xe000, 0x4000), -EINVAL);
    EXPECT_EQ(ram_discard_granules_populate(&g, 0x20000, 0x2000), -EINVAL);
    EXPECT_EQ(ram_discard_granules_populate(&g, 0x2000, ~UINT64_C(0x1fff)),
              -EINVAL);
    EXPECT_EQ(ram_discard_granules_discard(&g, 0, 0x2000), -EBUSY);
    EXPECT_EQ(ram_discard_granules_populate(&g, 0x2000, 0x2000), 0);
    EXPECT_EQ(ram_discard_granules_populate(&g, 0, 0x6000), -EBUSY);
    EXPECT_EQ(ram_discard_granules_discard(&g, 0, 0x4000), -EBUSY);
    EXPECT_EQ(ram_discard_granules_discard(&g, 0x2000, 0x2000), 0);
}

TEST_F(Discard, RegisterReplaysWhatIsPopulated)
{
    ram_discard_granules_populate(&g, 0, 0x4000);
    ram_discard_granules_populate(&g, 0x8000, 0x2000);
    Listener a(&log, 'a');
    enter(a, 0x1000, 0x8000);
    EXPECT_EQ(take(), "a+1000,3000@101000 a+8000,1000@108000 ");
    leave(a);
    EXPECT_EQ(take(), "a-1000,3000@101000 a-8000,1000@108000 ");
    EXPECT_EQ(warnings, "");
    a.answer = -ENOMEM; // logged, stops, stays registered
    enter(a, 0, 0x10000);
    EXPECT_EQ(take(), "a+0,4000@100000 ");
    EXPECT_NE(warnings.find("ram: "), std::string::npos) << warnings;
    ram_discard_granules_discard(&g, 0x8000, 0x2000);
    EXPECT_EQ(take(), "a-8000,2000@108000 ");
    leave(a);
}

TEST_F(Discard, TheSectionIsACopy)
{
    Listener a(&log, 'a');
    {
        MemoryRegionSection s = section(0, 0x2000);
        ram_discard_manager_register_listener(rdm, &a, &s);
        EXPECT_NE(a.section, &s);
        s.size = 0;
    }
    ram_discard_granules_populate(&g, 0, 0x4000);
    EXPECT_EQ(take(), "a+0,2000@100000 ");
    leave(a);
}

TEST_F(Discard, AllAtOnceIsOneCallForWhoCanTakeIt)
{
    Listener a(&log, 'a'), b(&log, 'b', true);
    enter(a, 0, 0x10000);
    enter(b, 0x1000, 0xf000);
    ram_discard_granules_discard_all(&g);
    EXPECT_EQ(take(), "") << "nothing is populated";
    ram_discard_granules_populate(&g, 0, 0x2000);
    ram_discard_granules_populate(&g, 0x4000, 0x4000);
    take();
    ram_discard_granules_discard_all(&g);
    EXPECT_EQ(take(), "b-1000,f000@101000 a-0,2000@100000 a-4000,4000@104000 ");
    EXPECT_EQ(stretches(0, 0x10000, false), "s-0,10000@100000 ");
    ram_discard_granules_populate(&g, 0x2000, 0x2000);
    take();
    leave(b);
    EXPECT_EQ(take(), "b-1000,f000@101000 ");
    leave(a);
    EXPECT_EQ(take(), "a-2000,2000@102000 ");
}

TEST_F(Discard, DiscardedMemoryReadsAsZero)
{
    AddressSpace as{};
    address_space_init(&as, &root, "as");
    ram_discard_granules_populate(&g, 0, 0x4000);
    write_bytes(&as, 0x101fff, {1, 2});
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);
    memory_region_reset_dirty(&ram, 0, 0x10000, DIRTY_MEMORY_VGA);
    ram_discard_granules_discard(&g, 0, 0x2000);
    EXPECT_EQ(read_bytes(&as, 0x101fff, 2), (std::vector<uint8_t>{0, 2}));
    EXPECT_TRUE(memory_region_get_dirty(&ram, 0x1000, 1, DIRTY_MEMORY_VGA));
    EXPECT_FALSE(memory_region_get_dirty(&ram, 0x2000, 1, DIRTY_MEMORY_VGA));
    ram_discard_granules_discard_all(&g);
    EXPECT_EQ(read_bytes(&as, 0x102000, 1)[0], 0);
    memory_region_set_log(&ram, false, DIRTY_MEMORY_VGA);
    address_space_destroy(&as);
}

TEST_F(Discard, ReplayStopsAtAnError)
{
    ram_discard_granules_populate(&g, 0, 0x2000);
    ram_discard_granules_populate(&g, 0x4000, 0x2000);
    Listener a(&log, 'a');
    a.answer = -EIO;
    MemoryRegionSection s = section(0, 0x10000);
    EXPECT_EQ(ram_discard_manager_replay_populated(
                  rdm, &s,
                  [](MemoryRegionSection *part, void *opaque) {
                      return static_cast<Listener *>(opaque)->told('+', part);
                  },
                  &a),
              -EIO);
    EXPECT_EQ(take(), "a+0,2000@100000 ");
}

// Random operations against one flag per 2 KiB.
TEST_F(Discard, AgreesWithAFlagPerStep)
{
    const unsigned step = 0x800, steps = 8 * kGranule / step;
    std::vector<bool> flag(steps);
    std::mt19937 random(1);
    auto naive = [&](size_t from, size_t count, bool filled) {
        std::string text;
        Listener all(&text, 's');
        for (size_t i = from; i < from + count;) {
            size_t k = i;
            while (k < from + count && flag[k] == flag[i]) {
                k++;
            }
            if (flag[i] == filled) {
                MemoryRegionSection s = section(i * step, (k - i) * step);
                all.told(filled ? '+' : '-', &s);
            }
            i = k;
        }
        return text;
    };
    for (int round = 0; round < 1000; round++) {
        hwaddr from = random() % 8 * kGranule;
        uint64_t size = (1 + random() % 3) * kGranule;
        bool fill = random() % 2;
        bool fits = (from + size) / step <= steps;
        for (size_t i = from / step; fits && i < (from + size) / step; i++) {
            fits = flag[i] != fill;
        }
        int result = fill ? ram_discard_granules_populate(&g, from, size)
                          : ram_discard_granules_discard(&g, from, size);
        ASSERT_EQ(result == 0, fits);
        for (size_t i = from / step; fits && i < (from + size) / step; i++) {
            flag[i] = fill;
        }
        size_t start = random() % steps;
        size_t count = 1 + random() % (steps - start);
        hwaddr at = start * step;
        uint64_t len = count * step;
        ASSERT_EQ(stretches(at, len, true), naive(start, count, true));
        ASSERT_EQ(stretches(at, len, false), naive(start, count, false));
        ASSERT_EQ(populated(at, len), naive(start, count, false).empty());
    }
    ram_discard_granules_discard_all(&g);
}

// -- init

TEST(DiscardInit, RefusesWhatCannotBe)
{
    ScopedWorld scope;
    MemoryRegion ram{};
    memory_region_init_ram(&ram, nullptr, "ram", 0x6000, nullptr);
    RamDiscardGranules g{};
    for (uint64_t bad : {0u, 0x800u, 0x1800u, 0x3000u, 0x4000u, 0x8000u}) {
        Error *err = nullptr;
        EXPECT_FALSE(ram_discard_granules_init(&g, &ram, bad, &err)) << bad;
        ASSERT_NE(err, nullptr);
        EXPECT_EQ(std::string(error_message(err)).find("ram: granularity"), 0u);
        error_free(err);
    }
    ram_discard_granules_fini(&g);
    EXPECT_EQ(ram_block_discard_disable(true), 0);
    Error *err = nullptr;
    EXPECT_FALSE(ram_discard_granules_init(&g, &ram, 0x2000, &err));
    ASSERT_NE(err, nullptr);
    error_free(err);
    EXPECT_EQ(ram_block_discard_disable(false), 0);
    EXPECT_TRUE(ram_discard_granules_init(&g, &ram, 0x2000, nullptr));
    EXPECT_TRUE(ram_block_discard_is_required());
    EXPECT_EQ(ram_block_discard_disable(true), -EBUSY);
    ram_discard_granules_fini(&g);
    EXPECT_FALSE(ram_block_discard_is_required());
    memory_region_fini(&ram);
}

// -- a class of one's own

struct Own {
    Object parent_obj;
    std::string *log;
};

TEST(DiscardInit, AClassOfOnesOwn)
{
    ScopedWorld scope;
    static const TypeInfo info = [] {
        TypeInfo t{};
        t.name = "own-manager";
        t.parent = TYPE_RAM_DISCARD_MANAGER;
        t.instance_size = sizeof(Own);
        t.class_init = [](ObjectClass *klass, void *) {
            RAM_DISCARD_MANAGER_CLASS(klass)->is_populated =
                [](const RamDiscardManager *, const MemoryRegionSection *s) {
                    return s->offset_within_region == 5;
                };
        };
        return t;
    }();
    type_register_static(&info);
    Own own{};
    object_initialize(&own, sizeof(own), "own-manager");
    MemoryRegion ram{}, root{};
    memory_region_init_ram(&ram, nullptr, "ram", 0x1000, nullptr);
    memory_region_init(&root, nullptr, "root", UINT64_MAX);
    memory_region_set_ram_discard_manager(&ram, RAM_DISCARD_MANAGER(&own));
    memory_region_add_subregion(&root, 0, &ram);
    MemoryRegionSection s{};
    s.mr = &ram;
    RamDiscardManager *rdm = memory_region_get_ram_discard_manager(&ram);
    EXPECT_FALSE(ram_discard_manager_is_populated(rdm, &s));
    s.offset_within_region = 5;
    EXPECT_TRUE(ram_discard_manager_is_populated(rdm, &s));
    memory_region_del_subregion(&root, &ram);
    memory_region_fini(&root);
    memory_region_fini(&ram);
    object_unref(&own);
}

// -- counters

using Ask = int (*)(bool);
const Ask kAsk[4] = {
    ram_block_discard_disable, ram_block_uncoordinated_discard_disable,
    ram_block_discard_require, ram_block_coordinated_discard_require};

TEST(DiscardCounters, WhoCanBeTogether)
{
    // [held][asked]: only "uncoordinated" and "coordinated" get along, apart
    // from those that want the same.
    const bool together[4][4] = {{true, true, false, false},
                                 {true, true, false, true},
                                 {false, false, true, true},
                                 {false, true, true, true}};
    for (int held = 0; held < 4; held++) {
        for (int asked = 0; asked < 4; asked++) {
            ScopedWorld scope;
            ASSERT_EQ(kAsk[held](true), 0);
            EXPECT_EQ(ram_block_discard_is_disabled(), held < 2);
            EXPECT_EQ(ram_block_discard_is_required(), held >= 2);
            int result = kAsk[asked](true);
            EXPECT_EQ(result, together[held][asked] ? 0 : -EBUSY)
                << held << asked;
            if (!result) {
                EXPECT_EQ(kAsk[asked](false), 0);
            }
            EXPECT_EQ(kAsk[held](false), 0);
            EXPECT_FALSE(ram_block_discard_is_disabled());
            EXPECT_FALSE(ram_block_discard_is_required());
        }
    }
}

TEST(DiscardCounters, TheyCount)
{
    ScopedWorld scope;
    ASSERT_EQ(ram_block_discard_disable(true), 0);
    ASSERT_EQ(ram_block_discard_disable(true), 0);
    EXPECT_EQ(ram_block_discard_disable(false), 0);
    EXPECT_EQ(ram_block_discard_require(true), -EBUSY);
    EXPECT_EQ(ram_block_discard_disable(false), 0);
    EXPECT_EQ(ram_block_discard_require(true), 0);
    {
        ScopedWorld other;
        EXPECT_FALSE(ram_block_discard_is_required());
        EXPECT_EQ(ram_block_discard_disable(true), 0);
    }
    EXPECT_EQ(ram_block_discard_require(false), 0);
}

} // namespace
