// The 2015 generation of the memory API: each name whose type or meaning
// differs, used as a port of 2015 would.
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <vector>

// The header that selects the generation comes last.
// clang-format off
#include "tests/memory/memory_kit.h"
#include "memory/memory2015.h"
// clang-format on

namespace
{

struct WorldLog {
    explicit WorldLog(MemoryWorld *world)
    {
        world->log = [](void *opaque, const char *line) {
            static_cast<WorldLog *>(opaque)->lines.push_back(line);
        };
        world->log_opaque = this;
    }
    std::vector<std::string> lines;
};

class Compat2015 : public ::testing::Test
{
  protected:
    Compat2015() : log(scope.world)
    {
        memory_region_init(&root, nullptr, "root", 0x100000);
        address_space_init(&as, &root, "mem");
    }
    ~Compat2015() override
    {
        address_space_destroy(&as);
        while (root.first_child) {
            MemoryRegion *child = root.first_child;
            memory_region_del_subregion(&root, child);
            memory_region_fini(child);
        }
        memory_region_fini(&root);
    }
    ScopedWorld scope;
    WorldLog log;
    MemoryRegion root, mr, other;
    AddressSpace as;
};

// -- devices ----------------------------------------------------------------

std::vector<Call> *calls;

uint32_t old_read(hwaddr addr, unsigned size)
{
    calls->push_back({'r', addr, size, 0});
    return static_cast<uint32_t>(0xa0b0c0d0 + addr);
}

CPUReadMemoryFunc *const kReads[3] = {
    [](void *, hwaddr addr) { return old_read(addr, 1); },
    [](void *, hwaddr addr) { return old_read(addr, 2); },
    [](void *, hwaddr addr) { return old_read(addr, 4); },
};
CPUWriteMemoryFunc *const kWrites[3] = {
    [](void *, hwaddr addr, uint32_t v) {
        calls->push_back({'w', addr, 1, v});
    },
    [](void *, hwaddr addr, uint32_t v) {
        calls->push_back({'w', addr, 2, v});
    },
    [](void *, hwaddr addr, uint32_t v) {
        calls->push_back({'w', addr, 4, v});
    },
};

MemoryRegionOps old_ops(enum device_endian endian)
{
    MemoryRegionOps ops{};
    for (int i = 0; i < 3; i++) {
        ops.old_mmio.read[i] = kReads[i];
        ops.old_mmio.write[i] = kWrites[i];
    }
    ops.endianness = endian;
    return ops;
}

class OldMmio : public Compat2015
{
  protected:
    OldMmio() { calls = &seen; }
    std::vector<Call> take()
    {
        std::vector<Call> t;
        t.swap(seen);
        return t;
    }
    std::vector<Call> seen;
    MemTxResult res = 77;
};

TEST_F(OldMmio, one_callback_per_size)
{
    MemoryRegionOps ops = old_ops(DEVICE_LITTLE_ENDIAN);
    memory_region_init_io(&mr, nullptr, &ops, &mr, "old", 64);
    memory_region_add_subregion(&root, 0, &mr);
    EXPECT_EQ(address_space_ldub(&as, 3, kPlain, &res), 0xd3u);
    EXPECT_EQ(address_space_lduw_le(&as, 2, kPlain, &res), 0xc0d2u);
    EXPECT_EQ(address_space_ldl_le(&as, 4, kPlain, &res), 0xa0b0c0d4u);
    EXPECT_EQ(res, MEMTX_OK);
    EXPECT_EQ(take(), (std::vector<Call>{
                          {'r', 3, 1, 0}, {'r', 2, 2, 0}, {'r', 4, 4, 0}}));
    EXPECT_EQ(address_space_ldq_le(&as, 8, kPlain, &res), 0xa0b0c0dca0b0c0d8u)
        << "wider than any callback: two words";
    EXPECT_EQ(take(), (std::vector<Call>{{'r', 8, 4, 0}, {'r', 12, 4, 0}}));
    address_space_stb(&as, 1, 0x1122, kPlain, &res);
    address_space_stw_be(&as, 2, 0x1234, kPlain, &res);
    address_space_stq_be(&as, 8, 0x0102030405060708, kPlain, &res);
    EXPECT_EQ(take(), (std::vector<Call>{{'w', 1, 1, 0x22},
                                         {'w', 2, 2, 0x3412},
                                         {'w', 8, 4, 0x04030201},
                                         {'w', 12, 4, 0x08070605}}));
}

TEST_F(OldMmio, impl_sizes_say_nothing_and_big_devices_are_big)
{
    MemoryRegionOps ops = old_ops(DEVICE_BIG_ENDIAN);
    ops.impl.min_access_size = 4;
    ops.impl.max_access_size = 8;
    ops.valid.max_access_size = 8;
    memory_region_init_io(&mr, nullptr, &ops, &mr, "old", 64);
    memory_region_add_subregion(&root, 0, &mr);
    EXPECT_EQ(address_space_lduw_be(&as, 2, kPlain, &res), 0xc0d2u);
    EXPECT_EQ(address_space_ldq_be(&as, 8, kPlain, &res), 0xa0b0c0d8a0b0c0dcu);
    EXPECT_EQ(take(), (std::vector<Call>{
                          {'r', 2, 2, 0}, {'r', 8, 4, 0}, {'r', 12, 4, 0}}));
}

TEST_F(OldMmio, a_missing_size_is_a_decode_error)
{
    MemoryRegionOps ops = old_ops(DEVICE_LITTLE_ENDIAN);
    ops.old_mmio.read[1] = nullptr;
    ops.old_mmio.write[0] = ops.old_mmio.write[1] = ops.old_mmio.write[2] =
        nullptr;
    memory_region_init_io(&mr, nullptr, &ops, &mr, "old", 64);
    memory_region_add_subregion(&root, 0, &mr);
    EXPECT_EQ(address_space_lduw_le(&as, 0, kPlain, &res), 0u);
    EXPECT_EQ(res, MEMTX_DECODE_ERROR);
    address_space_stb(&as, 0, 1, kPlain, &res);
    EXPECT_EQ(res, MEMTX_DECODE_ERROR);
    EXPECT_EQ(address_space_ldub(&as, 0, kPlain, &res), 0xd0u);
    EXPECT_EQ(res, MEMTX_OK);
}

TEST_F(OldMmio, newer_callbacks_come_first)
{
    MemoryRegionOps ops = old_ops(DEVICE_LITTLE_ENDIAN);
    ops.read = [](void *opaque, hwaddr, unsigned size) -> uint64_t {
        EXPECT_STREQ(memory_region_name(static_cast<MemoryRegion *>(opaque)),
                     "mixed");
        return 0x1111 * size;
    };
    ops.impl.max_access_size = 8;
    memory_region_init_io(&mr, nullptr, &ops, &mr, "mixed", 64);
    memory_region_add_subregion(&root, 0, &mr);
    EXPECT_EQ(address_space_lduw_le(&as, 0, kPlain, &res), 0x2222u);
    EXPECT_EQ(address_space_ldq_le(&as, 0, kPlain, &res), 0x444400004444u)
        << "Missing: at most 4 bytes for the other direction, too";
    address_space_stw_le(&as, 6, 0xabcd, kPlain, &res);
    EXPECT_EQ(take(), (std::vector<Call>{{'w', 6, 2, 0xabcd}}));
}

TEST_F(Compat2015, callbacks_get_what_the_device_gave)
{
    struct Dev {
        MemTxAttrs attrs;
        uint64_t written;
        bool asked_write;
    } dev{};
    MemoryRegionOps ops{};
    ops.read_with_attrs = [](void *opaque, hwaddr addr, uint64_t *data,
                             unsigned size, MemTxAttrs attrs) -> MemTxResult {
        static_cast<Dev *>(opaque)->attrs = attrs;
        *data = addr + size;
        return addr == 8 ? MEMTX_ERROR : MEMTX_OK;
    };
    ops.write_with_attrs = [](void *opaque, hwaddr, uint64_t data, unsigned,
                              MemTxAttrs attrs) -> MemTxResult {
        static_cast<Dev *>(opaque)->written = data;
        return attrs.secure ? MEMTX_OK : MEMTX_ERROR;
    };
    ops.endianness = DEVICE_LITTLE_ENDIAN;
    ops.valid.accepts = [](void *opaque, hwaddr addr, unsigned size,
                           bool is_write) {
        static_cast<Dev *>(opaque)->asked_write = is_write;
        return addr < 16 && size == 4;
    };
    memory_region_init_io(&mr, nullptr, &ops, &dev, "dev", 64);
    memory_region_add_subregion(&root, 0, &mr);
    MemTxAttrs attrs{};
    attrs.requester_id = 0x77;
    MemTxResult res;
    EXPECT_EQ(address_space_ldl_le(&as, 4, attrs, &res), 8u);
    EXPECT_EQ(dev.attrs.requester_id, 0x77u);
    EXPECT_EQ(res, MEMTX_OK);
    address_space_ldl_le(&as, 8, attrs, &res);
    EXPECT_EQ(res, MEMTX_ERROR);
    address_space_ldl_le(&as, 16, attrs, &res);
    EXPECT_EQ(res, MEMTX_DECODE_ERROR);
    EXPECT_FALSE(dev.asked_write);
    address_space_stw_le(&as, 0, 5, attrs, &res);
    EXPECT_EQ(res, MEMTX_DECODE_ERROR);
    EXPECT_TRUE(dev.asked_write);
    address_space_stl_le(&as, 0, 5, attrs, &res);
    EXPECT_EQ(res, MEMTX_ERROR);
    EXPECT_EQ(dev.written, 5u);
}

TEST_F(Compat2015, no_callbacks_is_a_hole)
{
    memory_region_init_io(&mr, nullptr, nullptr, nullptr, "hole", 64);
    memory_region_add_subregion(&root, 0, &mr);
    MemTxResult res;
    address_space_ldl(&as, 0, kPlain, &res);
    EXPECT_EQ(res, MEMTX_DECODE_ERROR);
    EXPECT_TRUE(memory_region_present(&root, 0));
}

TEST_F(Compat2015, rom_device)
{
    struct Flash {
        std::vector<uint64_t> written;
    } flash;
    MemoryRegionOps ops{};
    ops.read = [](void *, hwaddr, unsigned) -> uint64_t { return 0x5a; };
    ops.write = [](void *opaque, hwaddr, uint64_t data, unsigned) {
        static_cast<Flash *>(opaque)->written.push_back(data);
    };
    ops.endianness = DEVICE_LITTLE_ENDIAN;
    Error *err = nullptr;
    memory_region_init_rom_device(&mr, nullptr, &ops, &flash, "flash", 0x1000,
                                  &err);
    ASSERT_EQ(err, nullptr);
    memory_region_add_subregion(&root, 0, &mr);
    static_cast<uint8_t *>(memory_region_get_ram_ptr(&mr))[3] = 9;
    EXPECT_TRUE(memory_region_is_romd(&mr));
    EXPECT_EQ(address_space_ldub(&as, 3, kPlain, nullptr), 9u);
    address_space_stb(&as, 3, 7, kPlain, nullptr);
    EXPECT_EQ(flash.written, std::vector<uint64_t>{7});
    EXPECT_EQ(address_space_ldub(&as, 3, kPlain, nullptr), 9u);
    memory_region_rom_device_set_romd(&mr, false);
    EXPECT_EQ(address_space_ldub(&as, 3, kPlain, nullptr), 0x5au);
    MemoryRegion huge; // what cannot be had leaves nothing behind
    memory_region_init_rom_device(&huge, nullptr, &ops, &flash, "huge",
                                  UINT64_C(1) << 62, &err);
    EXPECT_NE(err, nullptr);
    error_free(err);
    memory_region_fini(&huge);
}

TEST_F(Compat2015, strict_worlds_refuse_contradictions)
{
    scope.world->policy.strict_ops = true;
    MemoryRegionOps ops{};
    ops.read = [](void *, hwaddr, unsigned) -> uint64_t { return 1; };
    memory_region_init_io(&mr, nullptr, &ops, nullptr, "half", 64);
    memory_region_add_subregion(&root, 0, &mr);
    MemTxResult res;
    address_space_ldub(&as, 0, kPlain, &res);
    EXPECT_EQ(res, MEMTX_DECODE_ERROR);
    EXPECT_EQ(log.lines.size(), 1u);
}

TEST_F(Compat2015, reservation_warns_once)
{
    memory_region_init_reservation(&mr, nullptr, "theirs", 64);
    memory_region_add_subregion(&root, 0, &mr);
    memory_region_init_reservation(&other, nullptr, "others", 64);
    memory_region_add_subregion(&root, 64, &other);
    MemTxResult res;
    EXPECT_TRUE(log.lines.empty());
    EXPECT_EQ(address_space_ldl_le(&as, 0x14, kPlain, &res), UINT32_MAX);
    EXPECT_EQ(res, MEMTX_OK);
    address_space_stq_le(&as, 1, 0, kPlain, &res);
    EXPECT_EQ(res, MEMTX_OK);
    EXPECT_EQ(address_space_ldub(&as, 0, kPlain, &res), 0xffu);
    ASSERT_EQ(log.lines.size(), 1u);
    EXPECT_NE(log.lines[0].find("0x14 of theirs"), std::string::npos)
        << log.lines[0];
    address_space_stb(&as, 64, 0, kPlain, &res);
    EXPECT_EQ(log.lines.size(), 2u);
}

TEST_F(Compat2015, skip_dump)
{
    memory_region_init_ram(&mr, nullptr, "ram", 0x1000, nullptr);
    EXPECT_FALSE(memory_region_is_skip_dump(&mr));
    memory_region_set_skip_dump(&mr);
    EXPECT_TRUE(memory_region_is_skip_dump(&mr));
    memory_region_fini(&mr);
}

TEST_F(Compat2015, ram_from_file)
{
    char path[] = "compat2015-XXXXXX";
    int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    Error *err = nullptr;
    memory_region_init_ram_from_file(&mr, nullptr, "shared", 0x1000, true, path,
                                     &err);
    memory_region_init_ram_from_file(&other, nullptr, "private", 0x1000, false,
                                     path, &err);
    ASSERT_EQ(err, nullptr);
    EXPECT_GE(memory_region_get_fd(&mr), 0);
    memory_region_add_subregion(&root, 0, &mr);
    memory_region_add_subregion(&root, 0x1000, &other);
    address_space_stb(&as, 5, 0x66, kPlain, nullptr);
    address_space_stb(&as, 0x1007, 0x77, kPlain, nullptr);
    uint8_t bytes[8];
    EXPECT_EQ(pread(fd, bytes, 8, 0), 8);
    EXPECT_EQ(bytes[5], 0x66);
    EXPECT_EQ(bytes[7], 0);
    close(fd);
    unlink(path);
}

TEST_F(Compat2015, dispatch_takes_bytes_and_the_order_of_the_target)
{
    struct Dev {
        std::vector<Call> calls;
    } dev;
    MemoryRegionOps ops{};
    ops.read = [](void *opaque, hwaddr addr, unsigned size) -> uint64_t {
        static_cast<Dev *>(opaque)->calls.push_back({'r', addr, size, 0});
        return 0x12345678;
    };
    ops.write = [](void *opaque, hwaddr addr, uint64_t data, unsigned size) {
        static_cast<Dev *>(opaque)->calls.push_back({'w', addr, size, data});
    };
    ops.endianness = DEVICE_LITTLE_ENDIAN;
    memory_region_init_io(&mr, nullptr, &ops, &dev, "dev", 64);
    uint64_t value;
    for (bool big : {false, true}) {
        scope.world->target_big_endian = big;
        dev.calls.clear();
        EXPECT_EQ(memory_region_dispatch_read(&mr, 4, &value, 4, kPlain),
                  MEMTX_OK);
        EXPECT_EQ(value, big ? 0x78563412u : 0x12345678u);
        EXPECT_EQ(memory_region_dispatch_write(&mr, 8, 0xaabb, 2, kPlain),
                  MEMTX_OK);
        EXPECT_EQ(memory_region_dispatch_write(&mr, 9, 0xcc, 1, kPlain),
                  MEMTX_OK);
        EXPECT_EQ(dev.calls,
                  (std::vector<Call>{{'r', 4, 4, 0},
                                     {'w', 8, 2, big ? 0xbbaau : 0xaabbu},
                                     {'w', 9, 1, 0xcc}}));
    }
    memory_region_fini(&mr);
}

// -- address spaces -----------------------------------------------------------

TEST_F(Compat2015, lengths_are_int)
{
    memory_region_init_ram(&mr, nullptr, "ram", 0x1000, nullptr);
    memory_region_add_subregion(&root, 0, &mr);
    uint8_t buf[4] = {1, 2, 3, 4};
    EXPECT_EQ(address_space_write(&as, 0, kPlain, buf, 4), MEMTX_OK);
    EXPECT_EQ(address_space_write(&as, 0, kPlain, buf, -1), MEMTX_OK);
    EXPECT_EQ(address_space_rw(&as, 2, kPlain, buf, 2, true), MEMTX_OK);
    uint8_t got[4] = {};
    EXPECT_EQ(address_space_read(&as, 0, kPlain, got, 4), MEMTX_OK);
    EXPECT_EQ(got[2], 1);
    EXPECT_EQ(got[3], 2);
    got[0] = 99;
    EXPECT_EQ(address_space_rw(&as, 0, kPlain, got, -4, false), MEMTX_OK);
    EXPECT_EQ(address_space_read(&as, 0, kPlain, got, -4), MEMTX_OK);
    EXPECT_EQ(got[0], 99);
    EXPECT_EQ(address_space_rw(&as, 0xffe, kPlain, got, 4, false),
              MEMTX_DECODE_ERROR);
    EXPECT_TRUE(address_space_access_valid(&as, 0, 4096, true));
    EXPECT_FALSE(address_space_access_valid(&as, 0, 4097, true));
    EXPECT_TRUE(address_space_access_valid(&as, 0x2000, -1, true));
}

TEST_F(Compat2015, loads_and_stores_travel_as_32_bits)
{
    memory_region_init_ram(&mr, nullptr, "ram", 0x1000, nullptr);
    memory_region_add_subregion(&root, 0, &mr);
    uint32_t (*loads[])(AddressSpace *, hwaddr, MemTxAttrs, MemTxResult *) = {
        address_space_ldub, address_space_lduw, address_space_lduw_le,
        address_space_lduw_be};
    void (*stores[])(AddressSpace *, hwaddr, uint32_t, MemTxAttrs,
                     MemTxResult *) = {
        address_space_stb, address_space_stw, address_space_stw_le,
        address_space_stw_be, address_space_stl_notdirty};
    for (size_t i = 0; i < 4; i++) {
        MemTxResult res = 1;
        stores[i](&as, 8 * i, 0xabcd1234, kPlain, &res);
        EXPECT_EQ(res, MEMTX_OK);
        EXPECT_EQ(loads[i](&as, 8 * i, kPlain, nullptr), i ? 0x1234u : 0x34u);
        EXPECT_EQ(address_space_ldl_le(&as, 8 * i, kPlain, nullptr),
                  (i == 0   ? 0x34u
                   : i == 3 ? 0x3412u
                            : 0x1234u));
    }
    stores[4](&as, 64, 0xabcd1234, kPlain, nullptr);
    EXPECT_EQ(address_space_ldl(&as, 64, kPlain, nullptr), 0xabcd1234u);
}

TEST_F(Compat2015, translate_and_map_without_attributes)
{
    memory_region_init_ram(&mr, nullptr, "ram", 0x1000, nullptr);
    memory_region_add_subregion(&root, 0x1000, &mr);
    hwaddr xlat = 0, len = 0x2000;
    EXPECT_EQ(address_space_translate(&as, 0x1010, &xlat, &len, false), &mr);
    EXPECT_EQ(xlat, 0x10u);
    EXPECT_EQ(len, 0xff0u);
    hwaddr plen = 0x20;
    void *p = address_space_map(&as, 0x1010, &plen, true);
    ASSERT_NE(p, nullptr);
    EXPECT_EQ(plen, 0x20u);
    *static_cast<uint8_t *>(p) = 0x42;
    memory_region_set_log(&mr, true, DIRTY_MEMORY_VGA);
    memory_region_reset_dirty(&mr, 0, 0x1000, DIRTY_MEMORY_VGA);
    address_space_unmap(&as, p, plen, 2, 1); // is_write is an int
    EXPECT_TRUE(memory_region_get_dirty(&mr, 0, 1, DIRTY_MEMORY_VGA));
    EXPECT_EQ(address_space_ldub(&as, 0x1010, kPlain, nullptr), 0x42u);
}

TEST_F(Compat2015, find_knows_the_space)
{
    memory_region_init_ram(&mr, nullptr, "ram", 0x1000, nullptr);
    memory_region_add_subregion(&root, 0x1000, &mr);
    MemoryRegionSection s = memory_region_find(&root, 0x800, 0x900);
    EXPECT_EQ(s.mr, &mr);
    EXPECT_EQ(s.address_space, &as);
    EXPECT_EQ(s.offset_within_address_space, 0x1000u);
    EXPECT_EQ(s.offset_within_region, 0u);
    EXPECT_EQ(int128_get64(s.size), 0x100u);
    EXPECT_FALSE(s.readonly);
    memory_region_unref(s.mr);
    s = memory_region_find(&mr, 0, 16);
    EXPECT_EQ(s.address_space, &as);
    s = memory_region_find(&root, 0, 16);
    EXPECT_EQ(s.mr, nullptr);
    EXPECT_EQ(int128_get64(s.size), 0u);
}

int print_to(FILE *f, const char *fmt, ...)
{
    char line[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    void *opaque = f;
    static_cast<std::vector<std::string> *>(opaque)->emplace_back(line);
    return n;
}

TEST_F(Compat2015, mtree_info_prints_line_by_line)
{
    memory_region_init_ram(&mr, nullptr, "ram%%", 0x1000, nullptr);
    memory_region_add_subregion(&root, 0x1000, &mr);
    std::vector<std::string> lines;
    mtree_info(print_to, &lines);
    ASSERT_GE(lines.size(), 3u);
    EXPECT_EQ(lines[0], "address-space: mem\n");
    EXPECT_EQ(lines[1],
              "  0000000000000000-00000000000fffff (prio 0, i/o): root\n");
    EXPECT_EQ(lines[2],
              "    0000000000001000-0000000000001fff (prio 0, ram): ram%%\n");
}

// -- dirty logging ------------------------------------------------------------

TEST_F(Compat2015, set_log_is_a_switch_per_client)
{
    memory_region_init_ram(&mr, nullptr, "vram", 0x4000, nullptr);
    memory_region_add_subregion(&root, 0, &mr);
    EXPECT_FALSE(memory_region_is_logging(&mr));
    memory_region_set_log(&mr, true, DIRTY_MEMORY_VGA);
    memory_region_set_log(&mr, true, DIRTY_MEMORY_VGA);
    memory_region_set_log(&mr, true, DIRTY_MEMORY_MIGRATION);
    EXPECT_EQ(memory_region_get_dirty_log_mask(&mr),
              1 << DIRTY_MEMORY_VGA | 1 << DIRTY_MEMORY_MIGRATION);
    memory_region_set_log(&mr, false, DIRTY_MEMORY_VGA);
    EXPECT_TRUE(memory_region_is_logging(&mr));
    EXPECT_EQ(memory_region_get_dirty_log_mask(&mr),
              1 << DIRTY_MEMORY_MIGRATION);
    memory_region_set_log(&mr, false, DIRTY_MEMORY_MIGRATION);
    memory_region_set_log(&mr, false, DIRTY_MEMORY_VGA);
    EXPECT_FALSE(memory_region_is_logging(&mr));
}

TEST_F(Compat2015, dirty_queries)
{
    memory_region_init_ram(&mr, nullptr, "vram", 0x4000, nullptr);
    memory_region_add_subregion(&root, 0, &mr);
    memory_region_set_log(&mr, true, DIRTY_MEMORY_VGA);
    memory_region_set_log(&mr, true, DIRTY_MEMORY_MIGRATION);
    EXPECT_TRUE(
        memory_region_test_and_clear_dirty(&mr, 0, 0x4000, DIRTY_MEMORY_VGA));
    EXPECT_FALSE(
        memory_region_test_and_clear_dirty(&mr, 0, 0x4000, DIRTY_MEMORY_VGA));
    EXPECT_TRUE(memory_region_get_dirty(&mr, 0, 0x4000, DIRTY_MEMORY_MIGRATION))
        << "each client for itself";
    memory_region_reset_dirty(&mr, 0, 0x4000, DIRTY_MEMORY_MIGRATION);
    address_space_stb(&as, 0x1fff, 1, kPlain, nullptr);
    EXPECT_TRUE(memory_region_get_dirty(&mr, 0, 0x2000, DIRTY_MEMORY_VGA));
    EXPECT_FALSE(memory_region_get_dirty(&mr, 0, 0x1000, DIRTY_MEMORY_VGA));
    memory_region_set_dirty(&mr, 0x3000, 1);
    EXPECT_TRUE(
        memory_region_test_and_clear_dirty(&mr, 0x3fff, 1, DIRTY_MEMORY_VGA));
    EXPECT_TRUE(memory_region_get_dirty(&mr, 0x1000, 0x1000, DIRTY_MEMORY_VGA))
        << "only what was asked is cleared";
}

} // namespace
