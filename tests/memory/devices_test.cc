// Three devices written against the published API do their work; the guide in
// docs/memory-api.md quotes them.
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/memory/devices/devices.h"
#include "tests/memory/memory_kit.h"

namespace
{

MemTxAttrs secure_attrs()
{
    MemTxAttrs attrs{};
    attrs.secure = 1;
    return attrs;
}

// -- sensors: callbacks per size ----------------------------------------------

class Sensors : public ::testing::Test
{
  protected:
    Sensors()
    {
        sensors_init(&dev, nullptr);
        address_space_init(&as, &dev.iomem, "bus");
    }
    ~Sensors() override
    {
        address_space_destroy(&as);
        memory_region_fini(&dev.iomem);
    }
    ScopedWorld scope;
    SensorsState dev;
    AddressSpace as;
};

TEST_F(Sensors, the_size_decides_what_is_read)
{
    dev.taken = 0x123;
    EXPECT_EQ(address_space_lduw_le(&as, 4, kPlain, nullptr), 0x2123u);
    EXPECT_EQ(address_space_lduw_le(&as, 4, kPlain, nullptr), 0x2124u);
    EXPECT_EQ(address_space_ldl_le(&as, 4, kPlain, nullptr), 0x31252125u)
        << "two channels at one moment";
    EXPECT_EQ(address_space_ldq_le(&as, 8, kPlain, nullptr),
              0x7127612751264126u)
        << "four channels are two words, at two moments";
    EXPECT_EQ(address_space_ldl_le(&as, SENSORS_TAKEN, kPlain, nullptr),
              0x128u);
}

TEST_F(Sensors, bytes_of_one_sample_belong_together)
{
    dev.taken = 0x1fe;
    EXPECT_EQ(address_space_ldub(&as, 2, kPlain, nullptr), 0xfeu);
    address_space_lduw_le(&as, 0, kPlain, nullptr);
    address_space_lduw_le(&as, 0, kPlain, nullptr);
    EXPECT_EQ(address_space_ldub(&as, 3, kPlain, nullptr), 0x11u)
        << "of the sample whose lower half was read";
    EXPECT_EQ(dev.taken, 0x201u);
}

TEST_F(Sensors, registers)
{
    address_space_stb(&as, SENSORS_MASK, 0x04, kPlain, nullptr);
    EXPECT_EQ(address_space_ldub(&as, SENSORS_MASK, kPlain, nullptr), 4u);
    EXPECT_EQ(address_space_lduw_le(&as, 2, kPlain, nullptr), 0u) << "off";
    EXPECT_EQ(address_space_lduw_le(&as, 4, kPlain, nullptr), 0x2001u);
    address_space_stw_le(&as, SENSORS_TAKEN, 77, kPlain, nullptr);
    EXPECT_EQ(dev.taken, 2u) << "a half does not reset it";
    address_space_stl_le(&as, SENSORS_TAKEN, 77, kPlain, nullptr);
    EXPECT_EQ(dev.taken, 77u);
}

TEST_F(Sensors, a_byte_string_is_cut_to_words)
{
    MemTxResult res;
    dev.taken = 0;
    std::vector<uint8_t> bytes = read_bytes(&as, 0, 10, &res);
    EXPECT_EQ(res, MEMTX_OK);
    EXPECT_EQ(dev.taken, 3u) << "two words and a half";
    EXPECT_EQ(bytes,
              (std::vector<uint8_t>{0, 0, 0, 0x10, 1, 0x20, 1, 0x30, 2, 0x40}));
    EXPECT_EQ(read_bytes(&as, 3, 1, &res).size(), 1u);
    address_space_lduw_le(&as, 3, kPlain, &res);
    EXPECT_EQ(res, MEMTX_DECODE_ERROR) << "misaligned";
}

// -- copier: attributes and mapped memory
// ---------------------------------------

// 0x0000 RAM, 0x10000 copier, 0x20000 and 0x30000 devices of bytes, 0x40000
// ROM; the rest is empty.
class Copier : public ::testing::Test
{
  protected:
    Copier() : input(0x100), output(0x100)
    {
        memory_region_init(&root, nullptr, "root", UINT64_C(1) << 40);
        address_space_init(&as, &root, "bus");
        memory_region_init_ram(&ram, nullptr, "ram", 0x10000, nullptr);
        memory_region_init_rom(&rom, nullptr, "rom", 0x1000, nullptr);
        copier_init(&dev, nullptr, &as, 0xbeef);
        input.any_size();
        output.any_size();
        memory_region_init_io(&in, nullptr, &input.ops, &input, "in", 0x100);
        memory_region_init_io(&out, nullptr, &output.ops, &output, "out",
                              0x100);
        memory_region_add_subregion(&root, 0, &ram);
        memory_region_add_subregion(&root, 0x10000, &dev.iomem);
        memory_region_add_subregion(&root, 0x20000, &in);
        memory_region_add_subregion(&root, 0x30000, &out);
        memory_region_add_subregion(&root, 0x40000, &rom);
        host = static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram));
        for (unsigned i = 0; i < 0x1000; i++) {
            host[i] = static_cast<uint8_t>(i * 31 + (i >> 8));
        }
    }
    ~Copier() override
    {
        address_space_destroy(&as);
        for (MemoryRegion *mr : {&ram, &dev.iomem, &in, &out, &rom}) {
            memory_region_del_subregion(&root, mr);
            memory_region_fini(mr);
        }
        memory_region_fini(&root);
    }
    void reg(hwaddr offset, uint32_t value, MemTxAttrs attrs = kPlain)
    {
        address_space_stl_le(&as, 0x10000 + offset, value, attrs, &res);
    }
    uint32_t copy(hwaddr dst, hwaddr src, uint32_t len,
                  MemTxAttrs attrs = kPlain)
    {
        address_space_stq_le(&as, 0x10000 + COPIER_SRC, src, attrs, &res);
        address_space_stq_le(&as, 0x10000 + COPIER_DST, dst, attrs, &res);
        reg(COPIER_LEN, len, attrs);
        reg(COPIER_CTRL, COPIER_CTRL_GO, attrs);
        return address_space_ldl_le(&as, 0x10000 + COPIER_STATUS, attrs,
                                    nullptr);
    }
    ScopedWorld scope;
    MemoryRegion root, ram, rom, in, out;
    AddressSpace as;
    CopierState dev;
    ByteDevice input, output;
    uint8_t *host;
    MemTxResult res;
};

TEST_F(Copier, memory_to_memory_in_place)
{
    EXPECT_EQ(copy(0x8001, 3, 0x800), COPIER_STATUS_OK);
    EXPECT_EQ(memcmp(host + 0x8001, host + 3, 0x800), 0);
    EXPECT_EQ(host[0x8000], 0);
    EXPECT_EQ(host[0x8801], 0);
    EXPECT_EQ(dev.in_place, 1u) << "in one stretch";
    EXPECT_EQ(dev.buffered, 0u);
}

TEST_F(Copier, what_it_writes_is_dirty)
{
    memory_region_set_log(&ram, true, DIRTY_MEMORY_VGA);
    memory_region_reset_dirty(&ram, 0, 0x10000, DIRTY_MEMORY_VGA);
    copy(0x8ff0, 0, 0x20);
    EXPECT_TRUE(memory_region_get_dirty(&ram, 0x8000, 1, DIRTY_MEMORY_VGA));
    EXPECT_TRUE(memory_region_get_dirty(&ram, 0x9000, 1, DIRTY_MEMORY_VGA));
    EXPECT_FALSE(memory_region_get_dirty(&ram, 0, 0x8000, DIRTY_MEMORY_VGA));
    EXPECT_FALSE(
        memory_region_get_dirty(&ram, 0xa000, 0x6000, DIRTY_MEMORY_VGA));
}

TEST_F(Copier, memory_to_device_and_back)
{
    EXPECT_EQ(copy(0x30010, 0x100, 0x40), COPIER_STATUS_OK);
    EXPECT_EQ(memcmp(output.mem.data() + 0x10, host + 0x100, 0x40), 0);
    EXPECT_EQ(output.calls.size(), 8u) << "quads";
    EXPECT_EQ(copy(0x9000, 0x20000, 0x100), COPIER_STATUS_OK);
    EXPECT_EQ(memcmp(host + 0x9000, input.mem.data(), 0x100), 0);
    EXPECT_EQ(dev.buffered, 0u) << "one bounce buffer is enough";
}

TEST_F(Copier, device_to_device_takes_its_own_buffer)
{
    EXPECT_EQ(copy(0x30000, 0x20000, 0x90), COPIER_STATUS_OK);
    EXPECT_EQ(memcmp(output.mem.data(), input.mem.data(), 0x90), 0);
    EXPECT_EQ(dev.buffered, 3u) << "64, 64, 16 bytes";
    EXPECT_EQ(dev.in_place, 0u);
    hwaddr len = 4; // nothing is left mapped
    void *p = address_space_map(&as, 0x20000, &len, false, kPlain);
    ASSERT_NE(p, nullptr);
    address_space_unmap(&as, p, len, false, 0);
}

TEST_F(Copier, two_bounce_buffers_save_that)
{
    scope.world->policy.bounce_buffers = 2;
    EXPECT_EQ(copy(0x30000, 0x20000, 0x90), COPIER_STATUS_OK);
    EXPECT_EQ(memcmp(output.mem.data(), input.mem.data(), 0x90), 0);
    EXPECT_EQ(dev.buffered, 0u);
    EXPECT_EQ(dev.in_place, 1u);
}

TEST_F(Copier, failures_are_reported)
{
    EXPECT_EQ(copy(0x8000, 0x50000, 16), COPIER_STATUS_FAILED);
    EXPECT_EQ(copy(0x50000, 0, 16), COPIER_STATUS_FAILED);
    EXPECT_EQ(copy(0x40000, 0, 16), COPIER_STATUS_FAILED) << "ROM";
    EXPECT_EQ(copy(0xfff8, 0, 16), COPIER_STATUS_FAILED)
        << "RAM ends, and its own registers take no 1-byte access";
    EXPECT_EQ(memcmp(host + 0xfff8, host, 8), 0) << "as far as it went";
    EXPECT_EQ(copy(0x8000, 0x40000, 16), COPIER_STATUS_OK) << "from ROM";
    EXPECT_EQ(copy(0x8000, 0x50000, 0), COPIER_STATUS_OK) << "nothing to do";
}

TEST_F(Copier, tells_who_it_is)
{
    struct Bell {
        MemTxAttrs attrs;
        uint64_t data;
    } bell{};
    MemoryRegionOps ops{};
    ops.write_with_attrs = [](void *opaque, hwaddr, uint64_t data, unsigned,
                              MemTxAttrs attrs) -> MemTxResult {
        *static_cast<Bell *>(opaque) = {attrs, data};
        return MEMTX_OK;
    };
    ops.endianness = DEVICE_LITTLE_ENDIAN;
    MemoryRegion door;
    memory_region_init_io(&door, nullptr, &ops, &bell, "door", 4);
    memory_region_add_subregion(&root, UINT64_C(0x200000000), &door);
    address_space_stq_le(&as, 0x10000 + COPIER_DONE, 0x200000000, kPlain, &res);
    EXPECT_EQ(copy(0x8000, 0, 16), COPIER_STATUS_OK);
    EXPECT_EQ(bell.data, static_cast<uint64_t>(COPIER_STATUS_OK));
    EXPECT_EQ(bell.attrs.requester_id, 0xbeefu);
    EXPECT_FALSE(bell.attrs.unspecified);
    memory_region_del_subregion(&root, &door);
    memory_region_fini(&door);
}

TEST_F(Copier, locked_for_the_insecure)
{
    reg(COPIER_CTRL, COPIER_CTRL_LOCK);
    EXPECT_EQ(res, MEMTX_OK);
    reg(COPIER_LEN, 99);
    EXPECT_EQ(res, MEMTX_ERROR);
    EXPECT_EQ(dev.regs[COPIER_LEN / 4], 0u);
    reg(COPIER_LEN, 99, secure_attrs());
    EXPECT_EQ(res, MEMTX_OK);
    EXPECT_EQ(dev.regs[COPIER_LEN / 4], 99u);
    address_space_stb(&as, 0x10000, 0, secure_attrs(), &res);
    EXPECT_EQ(res, MEMTX_DECODE_ERROR) << "bytes are not valid";
}

// A copy onto its own GO register: it enters itself.
TEST_F(Copier, reentrancy_is_up_to_the_region)
{
    memory_region_set_reentrancy(&dev.iomem, MEMORY_REENTRANCY_FAULT);
    static std::vector<std::string> lines;
    lines.clear();
    scope.world->log = [](void *, const char *line) {
        lines.emplace_back(line);
    };
    reg(COPIER_DONE, 0x10000 + COPIER_LEN);
    EXPECT_EQ(copy(0x8000, 0, 16), COPIER_STATUS_OK);
    EXPECT_EQ(dev.regs[COPIER_LEN / 4], 16u) << "the word was refused";
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_NE(lines[0].find("copier+0x14 > copier+0x10"), std::string::npos)
        << lines[0];
    memory_region_set_reentrancy(&dev.iomem, MEMORY_REENTRANCY_ALLOW);
    EXPECT_EQ(copy(0x8000, 0, 16), COPIER_STATUS_OK);
    EXPECT_EQ(dev.regs[COPIER_LEN / 4],
              static_cast<uint32_t>(COPIER_STATUS_OK));
}

// -- pager: an IOMMU
// ---------------------------------------------------------------

// The tables are in RAM at 0x1000 (first) and 0x2000 (second); the copier works
// in the space behind the pager.
class Pager : public Copier
{
  protected:
    Pager()
    {
        pager_init(&pager, nullptr, &as, &as);
        address_space_init(&dma, MEMORY_REGION(&pager.iommu), "dma");
        memory_region_add_subregion(&root, 0x80000, &pager.iomem);
        dev.as = &dma;
        table(0x1000, 0, 0x2000 | PAGER_VALID);
        preg(PAGER_ROOT, 0x1000);
    }
    ~Pager() override
    {
        memory_region_del_subregion(&root, &pager.iomem);
        address_space_destroy(&dma);
        memory_region_fini(&pager.iomem);
        memory_region_fini(MEMORY_REGION(&pager.iommu));
    }
    void preg(hwaddr offset, uint32_t value)
    {
        address_space_stl_le(&as, 0x80000 + offset, value, kPlain, nullptr);
    }
    void table(hwaddr at, unsigned index, uint32_t entry)
    {
        address_space_stl_le(&as, at + 4 * index, entry, kPlain, nullptr);
    }
    PagerState pager;
    AddressSpace dma;
};

enum {
    READ = PAGER_VALID | PAGER_READ,
    WRITE = PAGER_VALID | PAGER_WRITE,
    BOTH = READ | WRITE
};

TEST_F(Pager, off_is_identity)
{
    host[0x10] = 0x77;
    EXPECT_EQ(address_space_ldub(&dma, 0x10, kPlain, nullptr), 0x77u);
}

TEST_F(Pager, two_levels)
{
    preg(PAGER_CTRL, 1);
    table(0x2000, 5, 0x9000 | BOTH);
    table(0x2000, 6, 0x4000 | READ);
    host[0x9123] = 0xab;
    host[0x4fff] = 0xcd;
    EXPECT_EQ(address_space_ldub(&dma, 0x5123, kPlain, &res), 0xabu);
    EXPECT_EQ(res, MEMTX_OK);
    EXPECT_EQ(address_space_ldub(&dma, 0x6fff, kPlain, &res), 0xcdu);
    address_space_stb(&dma, 0x5123, 0x11, kPlain, &res);
    EXPECT_EQ(res, MEMTX_OK);
    EXPECT_EQ(host[0x9123], 0x11);
    address_space_stb(&dma, 0x6fff, 0x22, kPlain, &res);
    EXPECT_EQ(res, MEMTX_DECODE_ERROR) << "may only be read";
    EXPECT_EQ(host[0x4fff], 0xcd);
    EXPECT_EQ(pager.fault, 0x6fffu);
    address_space_ldub(&dma, 0x7000, kPlain, &res);
    EXPECT_EQ(res, MEMTX_DECODE_ERROR) << "no entry";
    EXPECT_EQ(address_space_ldl_le(&as, 0x80000 + PAGER_FAULT, kPlain, &res),
              0x7000u);
    table(0x2000, 5, 0x4000 | BOTH);
    EXPECT_EQ(address_space_ldub(&dma, 0x5fff, kPlain, &res), 0xcdu)
        << "tables are walked each time";
}

TEST_F(Pager, large_pages)
{
    preg(PAGER_CTRL, 1);
    table(0x1000, 2, BOTH | PAGER_LEAF); // 8 MiB .. 12 MiB at 0
    host[0x8765] = 0x3c;
    EXPECT_EQ(address_space_ldub(&dma, 0x808765, kPlain, nullptr), 0x3cu);
    IOMMUTLBEntry entry =
        address_space_get_iotlb_entry(&dma, 0x808765, false, kPlain);
    EXPECT_EQ(entry.target_as, &as);
    EXPECT_EQ(entry.iova, 0x800000u);
    EXPECT_EQ(entry.translated_addr, 0u);
    EXPECT_EQ(entry.addr_mask, 0x3fffffu);
    entry = address_space_get_iotlb_entry(&dma, 0xc00000, false, kPlain);
    EXPECT_EQ(entry.perm, IOMMU_NONE);
}

TEST_F(Pager, dma_gathers_scattered_pages)
{
    preg(PAGER_CTRL, 1);
    table(0x2000, 0x10, 0x5000 | READ);
    table(0x2000, 0x11, 0x8000 | READ);
    table(0x2000, 0x12, 0x6000 | READ);
    table(0x2000, 0x20, 0xa000 | WRITE);
    table(0x2000, 0x21, 0xc000 | WRITE);
    memset(host + 0x5ff0, 0xe1, 0x10);
    memset(host + 0x8000, 0xe2, 0x1000);
    memset(host + 0x6000, 0xe3, 0x20);
    EXPECT_EQ(copy(0x20800, 0x10ff0, 0x1030), COPIER_STATUS_OK);
    EXPECT_EQ(dev.buffered, 0u);
    EXPECT_GE(dev.in_place, 4u) << "a stretch ends at each page border";
    std::vector<uint8_t> got(host + 0xa800, host + 0xb000), want(0x1030, 0xe2);
    got.insert(got.end(), host + 0xc000, host + 0xc830);
    memset(want.data(), 0xe1, 0x10);
    memset(want.data() + 0x1010, 0xe3, 0x20);
    EXPECT_EQ(got, want);
    EXPECT_EQ(copy(0x10000, 0x10000, 16), COPIER_STATUS_FAILED)
        << "may not be written";
    EXPECT_EQ(copy(0x21ff8, 0x10000, 16), COPIER_STATUS_FAILED)
        << "runs into a page that is not there";
}

struct Watcher : IOMMUNotifier {
    struct Seen {
        hwaddr iova, mask, to;
        int perm;
        bool operator==(const Seen &o) const
        {
            return iova == o.iova && mask == o.mask && to == o.to &&
                   perm == o.perm;
        }
    };
    std::vector<Seen> seen;
};

TEST_F(Pager, whoever_remembers_is_told)
{
    Watcher watcher{};
    iommu_notifier_init(
        &watcher,
        [](IOMMUNotifier *n, IOMMUTLBEntry *e) {
            static_cast<Watcher *>(n)->seen.push_back(
                {e->iova, e->addr_mask, e->translated_addr, e->perm});
        },
        IOMMU_NOTIFIER_IOTLB_EVENTS, 0, UINT64_MAX, 0);
    ASSERT_EQ(memory_region_register_iommu_notifier(MEMORY_REGION(&pager.iommu),
                                                    &watcher, nullptr),
              0);
    preg(PAGER_CTRL, 1);
    table(0x2000, 5, 0x9000 | BOTH);
    preg(PAGER_DROP, 0x5000);
    table(0x2000, 5, 0);
    preg(PAGER_DROP, 0x5000);
    table(0x1000, 2, BOTH | PAGER_LEAF);
    preg(PAGER_DROP, 0x800000 | PAGER_LEAF);
    EXPECT_EQ(watcher.seen, (std::vector<Watcher::Seen>{
                                {0, 0xffffffff, 0, IOMMU_NONE},
                                {0x5000, 0xfff, 0, IOMMU_NONE},
                                {0x5000, 0xfff, 0x9000, IOMMU_RW},
                                {0x5000, 0xfff, 0, IOMMU_NONE},
                                {0x800000, 0x3fffff, 0, IOMMU_NONE},
                                {0x800000, 0x3fffff, 0, IOMMU_RW},
                            }));
    memory_region_unregister_iommu_notifier(MEMORY_REGION(&pager.iommu),
                                            &watcher);
}

TEST_F(Pager, a_window_onto_it_is_one_too)
{
    preg(PAGER_CTRL, 1);
    table(0x2000, 5, 0x9000 | BOTH);
    MemoryRegion window;
    memory_region_init_alias(&window, nullptr, "window",
                             MEMORY_REGION(&pager.iommu), 0x5000, 0x1000);
    memory_region_add_subregion(&root, 0x60000, &window);
    EXPECT_TRUE(memory_region_is_iommu(&window));
    host[0x9040] = 0x99;
    EXPECT_EQ(address_space_ldub(&as, 0x60040, kPlain, nullptr), 0x99u);
    memory_region_del_subregion(&root, &window);
    memory_region_fini(&window);
}

// -- the guide
// ---------------------------------------------------------------------

std::string slurp(const std::string &path)
{
    std::ifstream in(std::string(SOURCE_DIR "/") + path);
    EXPECT_TRUE(in.good()) << path;
    return {std::istreambuf_iterator<char>(in), {}};
}

// Every C block of the guide is lines of these files.
TEST(Guide, quotes_code_that_compiles)
{
    std::string doc = slurp("docs/memory-api.md");
    std::string code = slurp("tests/memory/devices/sensors.c") +
                       slurp("tests/memory/devices/copier.c") +
                       slurp("tests/memory/devices/pager.c") +
                       slurp("tests/memory/devices/devices.h") +
                       slurp("tests/memory/devices_test.cc");
    unsigned blocks = 0;
    for (size_t at = 0; (at = doc.find("```c\n", at)) != std::string::npos;) {
        at += 5;
        size_t end = doc.find("```", at);
        ASSERT_NE(end, std::string::npos);
        std::string block = doc.substr(at, end - at);
        EXPECT_NE(code.find(block), std::string::npos) << block;
        at = end + 3;
        blocks++;
    }
    EXPECT_GE(blocks, 5u);
}

// The picture of the visibility rule, drawn by the real thing.
TEST(Guide, picture_is_what_is_seen)
{
    ScopedWorld scope;
    MemoryRegion root, rom, boot, window, uart, gpio, trap, ram, spare;
    auto device = [](MemoryRegion *mr, const char *name, uint64_t size) {
        memory_region_init_io(mr, nullptr, nullptr, nullptr, name, size);
    };
    memory_region_init(&root, nullptr, "root", 0x40000);
    memory_region_init(&window, nullptr, "window", 0x10000);
    memory_region_init_rom(&rom, nullptr, "m", 0x10000, nullptr);
    memory_region_init_ram(&ram, nullptr, "r", 0x38000, nullptr);
    memory_region_init_alias(&boot, nullptr, "boot", &rom, 0, 0x8000);
    device(&uart, "u", 0x2000);
    device(&gpio, "g", 0x6000);
    device(&trap, "t", 0x4000);
    device(&spare, "s", 0x1000);
    memory_region_add_subregion_overlap(&root, 0, &boot, 2);
    memory_region_add_subregion_overlap(&root, 0x10000, &window, 1);
    memory_region_add_subregion(&window, 0, &uart);
    memory_region_add_subregion(&window, 0x8000, &gpio);
    memory_region_add_subregion_overlap(&window, 0xc000, &trap, -1);
    memory_region_add_subregion(&root, 0, &ram);
    memory_region_add_subregion_overlap(&root, 0x20000, &spare, 9);
    memory_region_set_enabled(&spare, false);
    AddressSpace as;
    address_space_init(&as, &root, "mem");
    std::string line = " seen     ";
    for (hwaddr page = 0; page < 0x40; page++) {
        line += at(&as, page << 12)[0];
    }
    EXPECT_NE(slurp("docs/memory-api.md").find("\n" + line + "\n"),
              std::string::npos)
        << line;
    address_space_destroy(&as);
    for (MemoryRegion *mr : {&boot, &window, &ram, &spare}) {
        memory_region_del_subregion(&root, mr);
    }
    for (MemoryRegion *mr : {&uart, &gpio, &trap}) {
        memory_region_del_subregion(&window, mr);
    }
    for (MemoryRegion *mr :
         {&root, &boot, &window, &uart, &gpio, &trap, &ram, &spare, &rom}) {
        memory_region_fini(mr);
    }
}

} // namespace
