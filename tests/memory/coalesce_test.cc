// Coalesced ranges: what listeners are told, when, in which order.
#include <sstream>

#include "memory/posted.h"
#include "tests/memory/memory_kit.h"

namespace
{

using Lines = std::vector<std::string>;

// A listener that writes down the coalesced events it gets.
struct Ear {
    Ear(AddressSpace *as, const char *ear_name, int priority, Lines *lines)
        : name(ear_name), out(lines)
    {
        listener.coalesced_io_add = [](MemoryListener *l,
                                       MemoryRegionSection *s, hwaddr addr,
                                       hwaddr len) {
            reinterpret_cast<Ear *>(l)->note("add", s, addr, len);
        };
        listener.coalesced_io_del = [](MemoryListener *l,
                                       MemoryRegionSection *s, hwaddr addr,
                                       hwaddr len) {
            reinterpret_cast<Ear *>(l)->note("del", s, addr, len);
        };
        listener.region_add = [](MemoryListener *l, MemoryRegionSection *) {
            reinterpret_cast<Ear *>(l)->tree("+");
        };
        listener.region_del = [](MemoryListener *l, MemoryRegionSection *) {
            reinterpret_cast<Ear *>(l)->tree("-");
        };
        listener.priority = priority;
        memory_listener_register(&listener, as);
        out->clear();
    }
    ~Ear() { memory_listener_unregister(&listener); }
    void tree(const char *what) { out->push_back(name + what); }
    void note(const char *what, MemoryRegionSection *s, hwaddr addr, hwaddr len)
    {
        std::ostringstream os;
        os << name << " " << what << " " << memory_region_name(s->mr) << "["
           << std::hex << s->offset_within_address_space << ","
           << int128_get64(s->size) << ",@" << s->offset_within_region << "] "
           << addr << "+" << len;
        out->push_back(os.str());
    }
    MemoryListener listener{};
    std::string name;
    Lines *out;
};

struct CoalesceTest : testing::Test {
    CoalesceTest()
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_io(&dev, nullptr, &device.ops, &device, "dev",
                              0x100);
        memory_region_add_subregion(&root, 0x1000, &dev);
        address_space_init(&as, &root, "as");
    }
    ~CoalesceTest() override
    {
        address_space_remove_listeners(&as);
        address_space_destroy(&as);
        if (dev.container) {
            memory_region_del_subregion(dev.container, &dev);
        }
        memory_region_fini(&dev);
        memory_region_fini(&root);
    }
    ScopedWorld world;
    ByteDevice device;
    MemoryRegion root{}, dev{};
    AddressSpace as{};
    Lines out;
};

TEST_F(CoalesceTest, AnnouncesAtOnceForwardAndBackward)
{
    Ear late(&as, "late", 5, &out), early(&as, "early", -5, &out);
    memory_region_add_coalescing(&dev, 0x10, 0x20);
    EXPECT_EQ(out, (Lines{"early add dev[1000,100,@0] 1010+20",
                          "late add dev[1000,100,@0] 1010+20"}));
    out.clear();
    memory_region_clear_coalescing(&dev);
    EXPECT_EQ(out, (Lines{"late del dev[1000,100,@0] 1010+20",
                          "early del dev[1000,100,@0] 1010+20"}));
    out.clear();
    memory_region_clear_coalescing(&dev);
    EXPECT_EQ(out, Lines{});
}

TEST_F(CoalesceTest, ClipsToEveryVisibleRangeOfEverySpace)
{
    MemoryRegion window{}, root2{}, hole{};
    memory_region_init_alias(&window, nullptr, "window", &dev, 0x18, 0x10);
    memory_region_init(&root2, nullptr, "root2", 0x10000);
    memory_region_add_subregion(&root2, 0x400, &window);
    memory_region_init_io(&hole, nullptr, nullptr, nullptr, "hole", 4);
    memory_region_add_subregion_overlap(&root, 0x1014, &hole, 1);
    AddressSpace as2{};
    address_space_init(&as2, &root2, "as2");
    {
        Ear two(&as2, "two", 0, &out), one(&as, "one", 9, &out);
        memory_region_add_coalescing(&dev, 0x10, 0x10);
        memory_region_add_coalescing(&dev, 0xf8, 0x100); // beyond the end
        memory_region_add_coalescing(&dev, 0x14, 4);     // under the hole
        memory_region_add_coalescing(&dev, 0x20, 0);     // nothing
        EXPECT_EQ(out, (Lines{"one add dev[1000,14,@0] 1010+4",
                              "one add dev[1018,e8,@18] 1018+8",
                              "two add dev[400,10,@18] 400+8",
                              "one add dev[1018,e8,@18] 10f8+8"}));
    }
    address_space_destroy(&as2);
    memory_region_del_subregion(&root, &hole);
    memory_region_del_subregion(&root2, &window);
    memory_region_fini(&window);
    memory_region_fini(&hole);
    memory_region_fini(&root2);
}

TEST_F(CoalesceTest, CommitsTellBeforeDelAndAfterAdd)
{
    memory_region_add_coalescing(&dev, 0, 4);
    memory_region_add_coalescing(&dev, 8, 4);
    Ear a(&as, "a", 0, &out), b(&as, "b", 1, &out);
    memory_region_set_address(&dev, 0x2000);
    EXPECT_EQ(
        out,
        (Lines{"b del dev[1000,100,@0] 1000+4", "a del dev[1000,100,@0] 1000+4",
               "b del dev[1000,100,@0] 1008+4", "a del dev[1000,100,@0] 1008+4",
               "b-", "a-", "a+", "b+", "a add dev[2000,100,@0] 2000+4",
               "b add dev[2000,100,@0] 2000+4", "a add dev[2000,100,@0] 2008+4",
               "b add dev[2000,100,@0] 2008+4"}));
}

TEST_F(CoalesceTest, SetReplacesAllRanges)
{
    Ear a(&as, "a", 0, &out);
    memory_region_add_coalescing(&dev, 0, 4);
    memory_region_add_coalescing(&dev, 8, 4);
    out.clear();
    memory_region_set_coalescing(&dev);
    EXPECT_EQ(out, (Lines{"a del dev[1000,100,@0] 1000+4",
                          "a del dev[1000,100,@0] 1008+4",
                          "a add dev[1000,100,@0] 1000+100"}));
}

TEST_F(CoalesceTest, WholeSpaceCanBeCoalesced)
{
    MemoryRegion all{};
    ByteDevice behind;
    memory_region_init_io(&all, nullptr, &behind.ops, &behind, "all",
                          UINT64_MAX);
    AddressSpace whole{};
    address_space_init(&whole, &all, "whole");
    memory_region_set_coalescing(&all);
    unsigned queued;
    uint8_t byte = 1;
    posted_write(&whole, UINT64_MAX, &byte, 1, &queued);
    EXPECT_EQ(queued, 1u);
    uint32_t word = 1;
    posted_write(&whole, UINT64_MAX - 1, &word, 4, &queued); // wraps
    EXPECT_EQ(queued, 0u);
    memory_region_clear_coalescing(&all);
    posted_write(&whole, 0, &byte, 1, &queued);
    EXPECT_EQ(queued, 0u);
    address_space_destroy(&whole);
    memory_region_fini(&all);
}

TEST_F(CoalesceTest, FlushFlagFollowsRangesAndItsOwnSetters)
{
    auto flagged = [&] {
        EXPECT_EQ(dev.flush_coalesced_mmio,
                  (dev.special & REGION_FLUSHES) != 0);
        return dev.flush_coalesced_mmio;
    };
    EXPECT_FALSE(flagged());
    memory_region_set_flush_coalesced(&dev);
    EXPECT_TRUE(flagged());
    memory_region_clear_flush_coalesced(&dev);
    EXPECT_FALSE(flagged());
    memory_region_add_coalescing(&dev, 0, 4);
    EXPECT_TRUE(flagged());
    memory_region_clear_flush_coalesced(&dev); // there is a range
    EXPECT_TRUE(flagged());
    memory_region_clear_coalescing(&dev);
    EXPECT_FALSE(flagged());
    memory_region_set_flush_coalesced(&dev);
    memory_region_clear_coalescing(&dev); // nothing to clear: the flag stays
    EXPECT_TRUE(flagged());
}

TEST_F(CoalesceTest, LateListenerIsNotToldOfWhatExists)
{
    memory_region_add_coalescing(&dev, 0, 4);
    Ear a(&as, "a", 0, &out);
    memory_listener_unregister(&a.listener);
    memory_listener_register(&a.listener, &as);
    EXPECT_EQ(out, (Lines{"a-", "a+"}));
}

} // namespace
