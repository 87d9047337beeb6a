// The map in words, and the published listing.
#include <functional>

#include "memory/explain.h"
#include "tests/memory/memory_kit.h"

namespace
{

std::string text_of(const std::function<void(FILE *)> &write)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    write(out);
    fclose(out);
    std::string s(text, size);
    free(text);
    return s;
}

class Explain : public ::testing::Test
{
  protected:
    Explain()
    {
        uart.ops.valid.min_access_size = uart.ops.valid.max_access_size = 1;
        wide.ops.impl.min_access_size = 4;
        wide.ops.valid.unaligned = true;
        memory_region_init(&root, nullptr, "sys", UINT64_MAX);
        memory_region_init(&bus, nullptr, "bus", 0x1000);
        memory_region_init_ram(&ram, nullptr, "ram", 0x4000000, nullptr);
        memory_region_init_io(&u, nullptr, &uart.ops, &uart, "uart0", 0x100);
        memory_region_init_io(&w, nullptr, &wide.ops, &wide, "timer0", 0x20);
        memory_region_init_alias(&boot, nullptr, "boot", &ram, 0x1000, 0x800);
        memory_region_init_io(&back, nullptr, nullptr, nullptr, "background",
                              UINT64_MAX);
        memory_region_add_subregion(&root, 0x80000000, &ram);
        memory_region_add_subregion(&root, 0x10000000, &bus);
        memory_region_add_subregion(&bus, 0, &u);
        memory_region_add_subregion(&bus, 0xf0, &w);
        memory_region_add_subregion(&root, 0, &boot);
        memory_region_add_subregion_overlap(&root, 0, &back, -1000);
        address_space_init(&as, &root, "cpu");
    }
    ~Explain() override
    {
        address_space_destroy(&as);
        for (MemoryRegion *mr : {&u, &w, &ram, &boot, &back, &bus}) {
            memory_region_del_subregion(mr->container, mr);
        }
        for (MemoryRegion *mr : {&u, &w, &ram, &boot, &back, &bus, &root}) {
            memory_region_fini(mr);
        }
    }
    std::string map()
    {
        return text_of([this](FILE *out) { explain_map(&as, out); });
    }
    std::string access(hwaddr addr, unsigned size, bool is_write)
    {
        return text_of(
            [=](FILE *out) { explain_access(&as, addr, size, is_write, out); });
    }
    ScopedWorld scope;
    ByteDevice uart, wide;
    MemoryRegion root, bus, ram, u, w, boot, back;
    AddressSpace as;
};

#define EXPECT_SAYS(text, part)                                                \
    EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(Explain, the_map)
{
    std::string s = map();
    EXPECT_SAYS(s, "higher\npriority hides lower");
    EXPECT_SAYS(s, "0000000010000000-00000000100000ff       256 B  prio 0    "
                   "       uart0: device\n");
    EXPECT_SAYS(s, "0000000000000000-ffffffffffffffff      16 EiB  prio 0    "
                   "   sys: container\n");
    EXPECT_SAYS(s, "boot: alias of ram + 0x1000\n");
    EXPECT_SAYS(s, "  0000000000000000-00000000000007ff       2 KiB  ram + "
                   "0x1000: ram\n");
    EXPECT_SAYS(s, "  0000000010000000-00000000100000ef       240 B  uart0: "
                   "device\n");
    EXPECT_SAYS(s, "  hidden: 16 B of uart0, 0000000010000000-"
                   "00000000100000ff\n    at 0x100000f0 by timer0 (both prio "
                   "0, timer0 was added later)\n");
    EXPECT_SAYS(s, "of background, 0000000000000000-ffffffffffffffff\n"
                   "    at 0x0 by ram through boot (prio 0 over prio -1000 of "
                   "boot and background)\n");
    memory_region_set_enabled(&w, false);
    s = map();
    EXPECT_SAYS(s, "timer0: device [disabled]\n");
    EXPECT_EQ(s.find("of uart0"), std::string::npos) << s;
    memory_region_set_enabled(&back, false);
    EXPECT_SAYS(map(), "Hidden:\n  nothing\n");
    memory_region_set_enabled(&w, true);
    memory_region_set_address(&w, 0x10);
    memory_region_set_address(&u, 0x8);
    EXPECT_SAYS(map(), "hidden: all of timer0, 0000000010000010-"
                       "000000001000002f\n    at 0x10000010 by uart0");
    memory_region_del_subregion(&root, &back);
    memory_region_set_enabled(&back, true);
    memory_region_add_subregion_overlap(&root, 0, &back, INT32_MIN);
    s = map();
    EXPECT_SAYS(s, "  lowest prio    background: hole\n");
    EXPECT_SAYS(s, "by uart0 (prio 0 over lowest prio of bus and background)");
}

// Every name and number an access explanation gives, against what happens.
TEST_F(Explain, an_access_and_why)
{
    std::string s = access(0x10000005, 4, false);
    EXPECT_SAYS(s, "A 4-byte read at 0x10000005 in cpu.\n");
    EXPECT_SAYS(s, "uart0 + 0x5: device, 0000000010000000-00000000100000ff; "
                   "answers\n");
    EXPECT_SAYS(s, "background + 0x10000005: hole, "
                   "0000000000000000-ffffffffffffffff; hidden by uart0 "
                   "(prio 0 over prio -1000 of bus and background)\n");
    EXPECT_SAYS(s, "it takes 1 byte, aligned\n");
    EXPECT_SAYS(s, "not valid: offset 0x5 is not a multiple of 4; no callback "
                   "runs, decode error\n");
    EXPECT_SAYS(s, "result: decode error (on a hart: an access fault)\n");
    EXPECT_SAYS(s, "  0x10000005, 1 byte: uart0 + 0x5, 1 callback: read(0x5, "
                   "1)\n");
    EXPECT_SAYS(access(0x10000004, 4, false),
                "not valid: 4 bytes are more than the 1 that uart0 takes");
    s = access(0x100000f1, 2, true);
    EXPECT_SAYS(s, "1 callback, widened: write(0x1, 4); zeros are written "
                   "beside the value\n");
    s = access(0x100000f0, 8, false);
    EXPECT_SAYS(s, "2 callbacks, split: read(0x0, 4) read(0x4, 4)\n");
    EXPECT_SAYS(s, "result: ok, unless the device answers with an error\n");
    EXPECT_TRUE(uart.calls.empty() && wide.calls.empty());
    s = access(0x4, 4, true);
    EXPECT_SAYS(s, "ram + 0x1004: ram, 0000000000000000-00000000000007ff, "
                   "through boot; answers\n");
    EXPECT_SAYS(s, "ram + 0x1004, memory: no callback\n  result: ok\n");
    EXPECT_SAYS(access(0x7fc, 8, true), "the access runs over the end of ram");
    EXPECT_SAYS(access(0x50000000, 4, false), "nothing is there");
    memory_region_set_enabled(&back, false);
    EXPECT_SAYS(access(0x50000000, 4, false),
                "What lies at 0x50000000:\n  nothing\n");
    memory_region_set_readonly(&ram, true);
    EXPECT_SAYS(access(0x80000000, 4, true), "ram is read-only");
    EXPECT_SAYS(access(0x10000000, 100, true), "and so on for 92 more bytes");
}

TEST_F(Explain, the_published_listing)
{
    memory_region_set_enabled(&w, false);
    memory_region_set_nonvolatile(&boot, true);
    auto list = [this](bool flat, bool disabled) {
        return text_of(
            [=](FILE *out) { mtree_write(scope.world, out, flat, disabled); });
    };
    EXPECT_EQ(
        list(false, false),
        "address-space: cpu\n"
        "  0000000000000000-ffffffffffffffff (prio 0, i/o): sys\n"
        "    0000000000000000-00000000000007ff (prio 0, nv-ram): alias boot "
        "@ram 0000000000001000-00000000000017ff\n"
        "    0000000000000000-ffffffffffffffff (prio -1000, i/o): background\n"
        "    0000000010000000-0000000010000fff (prio 0, i/o): bus\n"
        "      0000000010000000-00000000100000ff (prio 0, i/o): uart0\n"
        "    0000000080000000-0000000083ffffff (prio 0, ram): ram\n"
        "\n"
        "memory-region: ram\n"
        "  0000000080000000-0000000083ffffff (prio 0, ram): ram\n"
        "\n");
    EXPECT_SAYS(list(false, true), "(prio 0, i/o): timer0 [disabled]\n");
    memory_region_set_enabled(&back, false);
    AddressSpace other, empty;
    address_space_init(&other, &root, "dma");
    address_space_init(&empty, &bus, "empty");
    memory_region_set_enabled(&u, false);
    EXPECT_EQ(list(true, false),
              "FlatView #0\n"
              " AS \"cpu\", root: sys\n"
              " AS \"dma\", root: sys\n"
              " Root memory region: sys\n"
              "  0000000000000000-00000000000007ff (prio 0, nv-ram): ram "
              "@0000000000001000\n"
              "  0000000080000000-0000000083ffffff (prio 0, ram): ram\n"
              "\n"
              "FlatView #1\n"
              " AS \"empty\", root: bus\n"
              " Root memory region: bus\n"
              "  No rendered FlatView\n"
              "\n");
    ::testing::internal::CaptureStdout();
    mtree_info(true, false, false, false);
    fflush(stdout);
    EXPECT_EQ(::testing::internal::GetCapturedStdout(), list(true, false));
    address_space_destroy(&other);
    address_space_destroy(&empty);
}

} // namespace
