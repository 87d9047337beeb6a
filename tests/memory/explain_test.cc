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
    EXPECT_SAYS(s, "    not valid: no accepts(), offset 0x5 is not a multiple "
                   "of 4; no callback runs\n");
    EXPECT_SAYS(s, "result: decode error (on a hart: an access fault)\n");
    EXPECT_SAYS(s, "  0x10000005, 1 byte: uart0 + 0x5\n"
                   "    cut to 1 byte: it takes no more at once\n"
                   "    valid: no accepts(), aligned, not too large, not too "
                   "small, has a callback\n"
                   "    1 callback:\n"
                   "      uart0.read(0x5, 1): bits 0-7 of the value\n");
    EXPECT_SAYS(access(0x10000004, 4, false),
                "    not valid: no accepts(), aligned, 4 bytes are more than "
                "the 1 that uart0 takes; no callback runs\n");
    s = access(0x100000f1, 2, true);
    EXPECT_SAYS(s, "    1 callback, widened:\n"
                   "      timer0.write(0x1, 4): bits 0-15 of the value in its "
                   "bits 0-15\n"
                   "      zeros are written beside the value\n");
    s = access(0x100000f0, 8, false);
    EXPECT_SAYS(s, "    2 callbacks, split:\n"
                   "      timer0.read(0x0, 4): bits 0-31 of the value\n"
                   "      timer0.read(0x4, 4): bits 32-63 of the value\n");
    EXPECT_SAYS(s, "result: ok, unless the device answers with an error\n");
    EXPECT_SAYS(s, "An 8-byte read at 0x100000f0 in cpu.\n");
    EXPECT_EQ(s.find("it ends at"), std::string::npos) << s;
    s = access(0x1000010e, 4, false);
    EXPECT_SAYS(s, "As one load, as harts do it (never cut):\n"
                   "  0x1000010e, 4 bytes: timer0 + 0x1e\n"
                   "    it ends at 0x1000010f: a device is asked for all of an "
                   "access that begins in it\n");
    EXPECT_TRUE(uart.calls.empty() && wide.calls.empty());
    s = access(0x4, 4, true);
    EXPECT_SAYS(s, "ram + 0x1004: ram, 0000000000000000-00000000000007ff, "
                   "through boot; answers\n");
    EXPECT_SAYS(s, "ram + 0x1004, memory: no callback\n  result: ok\n");
    s = access(0x7fc, 8, true);
    EXPECT_SAYS(s, "    it ends at 0x7ff: that is the end of its visible "
                   "range\n    not valid: the access runs over the end of "
                   "ram; no callback runs\n");
    s = access(0x50000000, 4, false);
    EXPECT_SAYS(s, "nothing is there");
    EXPECT_SAYS(s, "  result: decode error\n"); // as a transfer: no hart
    memory_region_set_enabled(&back, false);
    EXPECT_SAYS(access(0x50000000, 4, false),
                "What lies at 0x50000000:\n  nothing\n");
    memory_region_set_readonly(&ram, true);
    s = access(0x80000000, 4, true);
    EXPECT_SAYS(s, "    not valid: ram is read-only; no callback runs\n"
                   "  result: decode error");
    scope.world->policy.ignore_rom_writes = true;
    s = access(0x80000000, 4, true);
    EXPECT_SAYS(s, "no callback runs\n    the world's policy is to ignore it "
                   "in silence\n  result: ok\n");
    EXPECT_SAYS(access(0x10000000, 100, true), "and so on for 92 more bytes");
}

// Big-endian registers get the bytes in their own order.
TEST_F(Explain, byte_order)
{
    wide.ops.endianness = DEVICE_BIG_ENDIAN;
    EXPECT_SAYS(access(0x100000f4, 8, true),
                "    2 callbacks, split:\n"
                "      timer0.write(0x4, 4): bits 0-31 of the value, bytes "
                "reversed\n"
                "      timer0.write(0x8, 4): bits 32-63 of the value, bytes "
                "reversed\n");
    EXPECT_SAYS(access(0x100000f4, 1, false),
                "      timer0.read(0x4, 4): bits 0-7 of the value in its bits "
                "24-31\n      what was read beside it is dropped\n");
}

// Where memory is cut though it goes on.
TEST_F(Explain, memory_that_begins_inside_a_page)
{
    memory_region_set_address(&ram, 0x80000800);
    std::string s = access(0x80000ffc, 8, false);
    EXPECT_SAYS(s, "    it ends at 0x80000fff: memory that begins or ends "
                   "inside a page is cut at its first and last page border\n"
                   "    not valid: the access runs over the end of ram; no "
                   "callback runs\n");
    EXPECT_SAYS(s, "  0x80000ffc, 4 bytes: ram + 0x7fc, memory: no callback\n");
    EXPECT_SAYS(s, "  0x80001000, 4 bytes: ram + 0x800, memory: no "
                   "callback\n  result: ok\n");
}

// What else is looked at before a callback runs; nothing of it happens.
TEST_F(Explain, flush_events_and_reentrancy)
{
    EventNotifier any, one;
    ASSERT_EQ(event_notifier_init(&any, false), 0);
    ASSERT_EQ(event_notifier_init(&one, false), 0);
    memory_region_add_eventfd(&u, 4, 1, true, 0x55, &one);
    memory_region_add_eventfd(&u, 8, 0, false, 0, &any);
    memory_region_set_flush_coalesced(&u);
    memory_region_set_reentrancy(&u, MEMORY_REENTRANCY_QUEUE);
    memory_region_set_reentrancy(&w, MEMORY_REENTRANCY_FAULT);
    std::string s = access(0x10000004, 1, true);
    EXPECT_SAYS(s, "  posted writes arrive before any access to it\n"
                   "  entered again from inside its own callback, writes "
                   "wait, reads fault\n");
    EXPECT_SAYS(s, "    posted writes arrive first\n    valid: ");
    EXPECT_SAYS(s, "    unless the device would see 0x55: that signals event "
                   "2 instead of a callback\n    1 callback:\n");
    s = access(0x10000004, 1, false);
    EXPECT_EQ(s.find("event"), std::string::npos) << s;
    EXPECT_SAYS(access(0x10000008, 1, true),
                "    an event binding takes it: signals event 1, no callback "
                "runs\n");
    EXPECT_SAYS(access(0x100000f0, 4, true),
                "  entered again from inside its own callback, an access "
                "faults\n");
    EXPECT_FALSE(event_notifier_test_and_clear(&any));
    EXPECT_FALSE(event_notifier_test_and_clear(&one));
    EXPECT_TRUE(uart.calls.empty());
    EXPECT_EQ(memory_region_counters(&u)->rejected, 0u);
    memory_region_del_eventfd(&u, 4, 1, true, 0x55, &one);
    memory_region_del_eventfd(&u, 8, 0, false, 0, &any);
    event_notifier_cleanup(&any);
    event_notifier_cleanup(&one);
}

// Pages of 4 KiB go to the same address of another space, or nowhere; only
// reads are allowed.
IOMMUTLBEntry translate_even(IOMMUMemoryRegion *, hwaddr addr, IOMMUAccessFlags,
                             int)
{
    IOMMUTLBEntry e{};
    e.addr_mask = 0xfff;
    e.iova = e.translated_addr = addr & ~hwaddr{0xfff};
    e.translated_addr += 0x80000000;
    e.target_as = memory_world_current()->first_space;
    e.perm = addr & 0x1000 ? IOMMU_NONE : IOMMU_RO;
    return e;
}

const TypeInfo kIommuType = [] {
    TypeInfo info{};
    info.name = "even-iommu";
    info.parent = TYPE_IOMMU_MEMORY_REGION;
    info.instance_size = sizeof(IOMMUMemoryRegion);
    info.class_init = [](ObjectClass *klass, void *) {
        IOMMU_MEMORY_REGION_CLASS(klass)->translate = translate_even;
    };
    return info;
}();

TEST_F(Explain, translations)
{
    type_register_static(&kIommuType);
    IOMMUMemoryRegion mmu;
    memory_region_init_iommu(&mmu, sizeof(mmu), "even-iommu", nullptr, "mmu",
                             0x4000);
    memory_region_add_subregion(&root, 0x20000000, &mmu.parent_obj);
    std::string s = access(0x20002ffc, 4, false);
    EXPECT_SAYS(s, "  mmu + 0x2ffc: iommu, 0000000020000000-"
                   "0000000020003fff; answers\n");
    EXPECT_SAYS(s, "  0x20002ffc, 4 bytes: ram + 0x2ffc, memory: no callback\n"
                   "    mmu translates 0x2ffc (index 0) to 0x80002ffc in cpu "
                   "(page mask 0xfff)\n");
    s = access(0x20002ffc, 8, false);
    EXPECT_SAYS(s, "    it ends at 0x20002fff: as far as the translation "
                   "goes\n");
    EXPECT_SAYS(s, "  0x20003000, 4 bytes: nothing\n    mmu translates 0x3000 "
                   "(index 0) to nothing: no translation there\n");
    EXPECT_SAYS(access(0x20002000, 4, true),
                "to nothing: no permission to write there\n");
    memory_region_del_subregion(&root, &mmu.parent_obj);
    memory_region_fini(&mmu.parent_obj);
}

} // namespace
