// The published listing of trees and flat views, byte for byte.
#include <deque>

#include "tests/memory/memory_kit.h"

namespace
{

struct Form {
    bool flatview, dispatch_tree, owner, disabled;
};
const Form kTree{false, false, false, false};
const Form kTreeAll{false, false, false, true};
const Form kTreeOwners{false, false, true, false};
const Form kFlat{true, false, false, false};
const Form kFlatOwners{true, false, true, false};
const Form kPieces{true, true, false, false};

std::string list(MemoryWorld *world, Form f)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    mtree_write(world, out, f.flatview, f.dispatch_tree, f.owner, f.disabled);
    fclose(out);
    std::string s(text, size);
    free(text);
    return s;
}

const TypeInfo kUartType = [] {
    TypeInfo info{};
    info.name = "test-uart";
    info.instance_size = sizeof(Object);
    return info;
}();

IOMMUTLBEntry translate_nothing(IOMMUMemoryRegion *, hwaddr, IOMMUAccessFlags,
                                int)
{
    return IOMMUTLBEntry{};
}

const TypeInfo kIommuType = [] {
    TypeInfo info{};
    info.name = "test-iommu";
    info.parent = TYPE_IOMMU_MEMORY_REGION;
    info.instance_size = sizeof(IOMMUMemoryRegion);
    info.class_init = [](ObjectClass *klass, void *) {
        IOMMU_MEMORY_REGION_CLASS(klass)->translate = translate_nothing;
    };
    return info;
}();

// A tree that has a space of its own.
class Mtree : public ::testing::Test
{
  protected:
    Mtree()
    {
        memory_region_init(&root, nullptr, "sys", 0x100000);
        address_space_init(&as, &root, "cpu");
    }
    ~Mtree() override
    {
        address_space_destroy(&as);
        remove(&iommu.parent_obj);
        for (MemoryRegion &mr : made) {
            remove(&mr);
        }
        for (MemoryRegion &mr : made) {
            memory_region_fini(&mr);
        }
        memory_region_fini(&iommu.parent_obj);
        memory_region_fini(&root);
    }
    // A region that the fixture ends.
    MemoryRegion &fresh() { return made.emplace_back(); }
    void add(MemoryRegion *mr, hwaddr addr, int prio = 0)
    {
        memory_region_add_subregion_overlap(&root, addr, mr, prio);
    }
    static void remove(MemoryRegion *mr)
    {
        if (mr->container) {
            memory_region_del_subregion(mr->container, mr);
        }
    }
    std::string text(Form form) { return list(scope.world, form); }
    ScopedWorld scope;
    ByteDevice dev;
    MemoryRegion root;
    AddressSpace as;
    IOMMUMemoryRegion iommu{};
    std::deque<MemoryRegion> made;
};

TEST_F(Mtree, every_kind)
{
    type_register_static(&kIommuType);
    std::vector<uint8_t> bytes(0x1000);
    MemoryRegion &ram = fresh(), &rom = fresh(), &off = fresh(), &on = fresh(),
                 &ramd = fresh(), &io = fresh(), &hole = fresh(),
                 &window = fresh(), &ram_window = fresh();
    memory_region_init_ram(&ram, nullptr, "ram0", 0x1000, nullptr);
    memory_region_init_rom(&rom, nullptr, "rom0", 0x1000, nullptr);
    memory_region_init_rom_device(&off, nullptr, &dev.ops, &dev, "flash0",
                                  0x1000, nullptr);
    memory_region_rom_device_set_romd(&off, false);
    memory_region_init_rom_device(&on, nullptr, &dev.ops, &dev, "flash1",
                                  0x1000, nullptr);
    memory_region_init_ram_device_ptr(&ramd, nullptr, "bar0", 0x1000,
                                      bytes.data());
    memory_region_init_io(&io, nullptr, &dev.ops, &dev, "uart0", 0x10);
    memory_region_init_io(&hole, nullptr, nullptr, nullptr, "hole", 0x10);
    memory_region_init_iommu(&iommu, sizeof(iommu), "test-iommu", nullptr,
                             "smmu", 0x1000);
    memory_region_init_alias(&window, nullptr, "win", &io, 4, 8);
    memory_region_init_alias(&ram_window, nullptr, "ramwin", &ram, 0x800,
                             0x800);
    memory_region_set_nonvolatile(&rom, true);
    memory_region_set_nonvolatile(&ram_window, true);
    add(&ram, 0x0);
    add(&rom, 0x1000);
    add(&off, 0x2000);
    add(&on, 0x3000);
    add(&ramd, 0x4000);
    add(&io, 0x5000);
    add(&hole, 0x6000);
    add(&iommu.parent_obj, 0x7000, -3);
    add(&window, 0x8000);
    add(&ram_window, 0x9000);
    const std::string uart =
        "(prio 0, i/o): uart0\n\n"
        "memory-region: ram0\n"
        "  0000000000000000-0000000000000fff (prio 0, ram): ram0\n\n";
    EXPECT_EQ(
        text(kTree),
        "address-space: cpu\n"
        "  0000000000000000-00000000000fffff (prio 0, i/o): sys\n"
        "    0000000000000000-0000000000000fff (prio 0, ram): ram0\n"
        "    0000000000001000-0000000000001fff (prio 0, nv-rom): rom0\n"
        "    0000000000002000-0000000000002fff (prio 0, i/o): flash0\n"
        "    0000000000003000-0000000000003fff (prio 0, romd): flash1\n"
        "    0000000000004000-0000000000004fff (prio 0, ramd): bar0\n"
        "    0000000000005000-000000000000500f (prio 0, i/o): uart0\n"
        "    0000000000006000-000000000000600f (prio 0, i/o): hole\n"
        "    0000000000007000-0000000000007fff (prio -3, i/o): smmu\n"
        "    0000000000008000-0000000000008007 (prio 0, i/o): alias win "
        "@uart0 0000000000000004-000000000000000b\n"
        "    0000000000009000-00000000000097ff (prio 0, nv-ram): alias ramwin "
        "@ram0 0000000000000800-0000000000000fff\n"
        "\n"
        "memory-region: uart0\n"
        "  0000000000005000-000000000000500f " +
            uart);
    EXPECT_EQ(text(kFlat),
              "FlatView #0\n"
              " AS \"cpu\", root: sys\n"
              " Root memory region: sys\n"
              "  0000000000000000-0000000000000fff (prio 0, ram): ram0\n"
              "  0000000000001000-0000000000001fff (prio 0, nv-rom): rom0\n"
              "  0000000000002000-0000000000002fff (prio 0, i/o): flash0\n"
              "  0000000000003000-0000000000003fff (prio 0, romd): flash1\n"
              "  0000000000004000-0000000000004fff (prio 0, ramd): bar0\n"
              "  0000000000005000-000000000000500f (prio 0, i/o): uart0\n"
              "  0000000000006000-000000000000600f (prio 0, i/o): hole\n"
              "  0000000000007000-0000000000007fff (prio -3, i/o): smmu\n"
              "  0000000000008000-0000000000008007 (prio 0, i/o): uart0 "
              "@0000000000000004\n"
              "  0000000000009000-00000000000097ff (prio 0, nv-ram): ram0 "
              "@0000000000000800\n"
              "\n");
    // The region's flag is off; the window's counts in the flat view.
    memory_region_set_readonly(&ram_window, true);
    EXPECT_NE(text(kFlat).find("97ff (prio 0, nv-rom): ram0 @"),
              std::string::npos);
    EXPECT_NE(text(kTree).find("97ff (prio 0, nv-ram): alias ramwin"),
              std::string::npos);
}

// By address, then falling priority, then the one that wins first.
TEST_F(Mtree, order_of_children)
{
    auto put = [this](const char *name, hwaddr addr, int prio) {
        MemoryRegion *mr = &fresh();
        memory_region_init_io(mr, nullptr, &dev.ops, &dev, name, 0x10);
        add(mr, addr, prio);
    };
    put("a", 0x20, 7);
    put("b", 0x10, -1);
    put("c", 0x10, 5);
    put("d", 0x10, 5);
    put("e", 0x0, -9);
    EXPECT_EQ(text(kTree),
              "address-space: cpu\n"
              "  0000000000000000-00000000000fffff (prio 0, i/o): sys\n"
              "    0000000000000000-000000000000000f (prio -9, i/o): e\n"
              "    0000000000000010-000000000000001f (prio 5, i/o): d\n"
              "    0000000000000010-000000000000001f (prio 5, i/o): c\n"
              "    0000000000000010-000000000000001f (prio -1, i/o): b\n"
              "    0000000000000020-000000000000002f (prio 7, i/o): a\n"
              "\n");
}

// Disabled ones only on request; they do not hide their children.
TEST_F(Mtree, disabled)
{
    MemoryRegion &bus = fresh(), &io = fresh(), &window = fresh();
    memory_region_init(&bus, nullptr, "bus", 0x1000);
    memory_region_init_io(&io, nullptr, &dev.ops, &dev, "uart0", 0x10);
    memory_region_init_alias(&window, nullptr, "win", &io, 0, 0x10);
    memory_region_add_subregion(&bus, 0x100, &io);
    add(&bus, 0x1000);
    add(&window, 0x8000);
    memory_region_set_enabled(&bus, false);
    memory_region_set_enabled(&window, false);
    const std::string target =
        "\n"
        "memory-region: uart0\n"
        "  0000000000000100-000000000000010f (prio 0, i/o): uart0\n"
        "\n";
    EXPECT_EQ(text(kTree),
              "address-space: cpu\n"
              "  0000000000000000-00000000000fffff (prio 0, i/o): sys\n"
              "      0000000000001100-000000000000110f (prio 0, i/o): uart0\n" +
                  target);
    EXPECT_EQ(text(kTreeAll),
              "address-space: cpu\n"
              "  0000000000000000-00000000000fffff (prio 0, i/o): sys\n"
              "    0000000000001000-0000000000001fff (prio 0, i/o): bus "
              "[disabled]\n"
              "      0000000000001100-000000000000110f (prio 0, i/o): uart0\n"
              "    0000000000008000-000000000000800f (prio 0, i/o): alias win "
              "@uart0 0000000000000000-000000000000000f [disabled]\n" +
                  target);
}

// Each target once, in the order they are met; also those met on the way.
TEST_F(Mtree, alias_targets)
{
    MemoryRegion &io = fresh(), &inner = fresh(), &first = fresh(),
                 &second = fresh();
    memory_region_init_io(&io, nullptr, &dev.ops, &dev, "uart0", 0x10);
    memory_region_init_alias(&inner, nullptr, "inner", &io, 0, 0x10);
    memory_region_init_alias(&first, nullptr, "first", &inner, 0, 0x10);
    memory_region_init_alias(&second, nullptr, "second", &inner, 8, 8);
    add(&first, 0x0);
    add(&second, 0x100);
    AddressSpace dma;
    address_space_init(&dma, &root, "dma");
    const std::string tree =
        "  0000000000000000-00000000000fffff (prio 0, i/o): sys\n"
        "    0000000000000000-000000000000000f (prio 0, i/o): alias first "
        "@inner 0000000000000000-000000000000000f\n"
        "    0000000000000100-0000000000000107 (prio 0, i/o): alias second "
        "@inner 0000000000000008-000000000000000f\n"
        "\n";
    EXPECT_EQ(text(kTree),
              "address-space: cpu\n" + tree + "address-space: dma\n" + tree +
                  "memory-region: inner\n"
                  "  0000000000000000-000000000000000f (prio 0, i/o): alias "
                  "inner @uart0 0000000000000000-000000000000000f\n"
                  "\n"
                  "memory-region: uart0\n"
                  "  0000000000000000-000000000000000f (prio 0, i/o): uart0\n"
                  "\n");
    address_space_destroy(&dma);
}

TEST_F(Mtree, owners)
{
    type_register_static(&kUartType);
    Object *owner = object_new("test-uart");
    MemoryRegion &io = fresh(), &window = fresh();
    memory_region_init_io(&io, owner, &dev.ops, &dev, "uart0", 0x10);
    memory_region_init_alias(&window, nullptr, "win", &io, 8, 8);
    add(&io, 0x0);
    add(&window, 0x100);
    memory_region_set_enabled(&window, false);
    EXPECT_EQ(text(kTreeOwners),
              "address-space: cpu\n"
              "  0000000000000000-00000000000fffff (prio 0, i/o): sys "
              "owner:{none}\n"
              "    0000000000000000-000000000000000f (prio 0, i/o): uart0 "
              "owner:{test-uart}\n"
              "\n"
              "memory-region: uart0\n"
              "  0000000000000000-000000000000000f (prio 0, i/o): uart0 "
              "owner:{test-uart}\n"
              "\n");
    EXPECT_NE(list(scope.world, {false, false, true, true})
                  .find("-000000000000000f [disabled] owner:{none}\n"),
              std::string::npos);
    memory_region_set_enabled(&window, true);
    EXPECT_EQ(text(kFlatOwners),
              "FlatView #0\n"
              " AS \"cpu\", root: sys\n"
              " Root memory region: sys\n"
              "  0000000000000000-000000000000000f (prio 0, i/o): uart0 "
              "owner:{test-uart}\n"
              "  0000000000000100-0000000000000107 (prio 0, i/o): uart0 "
              "@0000000000000008 owner:{test-uart}\n"
              "\n");
    object_unref(owner); // kept by the view until the fixture ends
}

TEST_F(Mtree, views_are_listed_once)
{
    MemoryRegion &io = fresh(), &bus = fresh(), &window = fresh();
    memory_region_init(&bus, nullptr, "bus", 0x1000);
    memory_region_init_io(&io, nullptr, &dev.ops, &dev, "uart0", 0x10);
    memory_region_init_alias(&window, nullptr, "win", &root, 0, 0x8);
    add(&io, 0);
    AddressSpace empty, dma, narrow;
    address_space_init(&empty, &bus, "empty");
    address_space_init(&dma, &root, "dma");
    address_space_init(&narrow, &window, "narrow");
    EXPECT_EQ(text(kFlat),
              "FlatView #0\n"
              " AS \"cpu\", root: sys\n"
              " AS \"dma\", root: sys\n"
              " Root memory region: sys\n"
              "  0000000000000000-000000000000000f (prio 0, i/o): uart0\n"
              "\n"
              "FlatView #1\n"
              " AS \"empty\", root: bus\n"
              " Root memory region: bus\n"
              "  No rendered FlatView\n"
              "\n"
              "FlatView #2\n"
              " AS \"narrow\", root: win, alias sys\n"
              " Root memory region: win\n"
              "  0000000000000000-0000000000000007 (prio 0, i/o): uart0\n"
              "\n");
    address_space_destroy(&empty);
    address_space_destroy(&dma);
    address_space_destroy(&narrow);
}

// RAM that begins and ends inside a page is three look-up pieces.
TEST_F(Mtree, dispatch_tree)
{
    MemoryRegion &ram = fresh(), &io = fresh();
    memory_region_init_ram(&ram, nullptr, "ram0", 0x3000, nullptr);
    memory_region_init_io(&io, nullptr, &dev.ops, &dev, "uart0", 0x10);
    add(&ram, 0x1800);
    add(&io, 0x8000);
    const std::string head =
        "FlatView #0\n"
        " AS \"cpu\", root: sys\n"
        " Root memory region: sys\n"
        "  0000000000001800-00000000000047ff (prio 0, ram): ram0\n"
        "  0000000000008000-000000000000800f (prio 0, i/o): uart0\n";
    const std::string pieces =
        "    #0 0000000000001800-0000000000001fff ram0, range 0, direct\n"
        "    #1 0000000000002000-0000000000003fff ram0 @0000000000000800, "
        "range 0, direct\n"
        "    #2 0000000000004000-00000000000047ff ram0 @0000000000002800, "
        "range 0, direct\n"
        "    #3 0000000000008000-000000000000800f uart0, range 1\n";
    EXPECT_EQ(text(kPieces), head + "  Dispatch: 4 pieces\n" + pieces + "\n");
    EXPECT_EQ(text(kFlat), head + "\n");
    // Not only what is listed: it is what look-ups find.
    for (unsigned i = 0; i < 20; i++) {
        MemoryRegion &mr = fresh();
        memory_region_init_io(&mr, nullptr, &dev.ops, &dev, "many", 0x10);
        add(&mr, 0x10000 + 0x20 * i);
    }
    std::string all = text(kPieces);
    EXPECT_NE(all.find("  Dispatch: 24 pieces, "), std::string::npos) << all;
    EXPECT_NE(all.find(" hints of "), std::string::npos) << all;
    EXPECT_NE(all.find("    #23 0000000000010260-000000000001026f many, range "
                       "21\n\n"),
              std::string::npos)
        << all;
}

// The listing of the whole 64-bit space, and the published entry.
TEST_F(Mtree, sizes_at_the_edges)
{
    MemoryRegion &all = fresh(), &none = fresh(), &last = fresh();
    memory_region_init_io(&all, nullptr, &dev.ops, &dev, "all", UINT64_MAX);
    memory_region_init_io(&none, nullptr, &dev.ops, &dev, "none", 0);
    memory_region_init_io(&last, nullptr, &dev.ops, &dev, "last", 1);
    memory_region_set_size(&root, UINT64_MAX);
    add(&all, 0, INT32_MIN);
    add(&none, 0x10);
    add(&last, UINT64_MAX, INT32_MAX);
    const std::string flat =
        "FlatView #0\n"
        " AS \"cpu\", root: sys\n"
        " Root memory region: sys\n"
        "  0000000000000000-fffffffffffffffe (prio -2147483648, i/o): all\n"
        "  ffffffffffffffff-ffffffffffffffff (prio 2147483647, i/o): last\n"
        "\n";
    EXPECT_EQ(
        text(kTree),
        "address-space: cpu\n"
        "  0000000000000000-ffffffffffffffff (prio 0, i/o): sys\n"
        "    0000000000000000-ffffffffffffffff (prio -2147483648, i/o): all\n"
        "    0000000000000010-0000000000000010 (prio 0, i/o): none\n"
        "    ffffffffffffffff-ffffffffffffffff (prio 2147483647, i/o): last\n"
        "\n");
    EXPECT_EQ(text(kFlat), flat);
    ::testing::internal::CaptureStdout();
    mtree_info(true, false, false, false);
    fflush(stdout);
    EXPECT_EQ(::testing::internal::GetCapturedStdout(), flat);
}

} // namespace
