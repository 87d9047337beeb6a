// No access allocates: every way into the memory API is walked while all calls
// of the host's allocator are counted.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>

#include "memory/posted.h"
#include "tests/memory/memory_kit.h"

// The compiler must not see that a block is never used.
static volatile unsigned long allocations;

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN
#endif

#ifdef WITH_ASAN
extern "C" int __sanitizer_install_malloc_and_free_hooks(
    void (*malloc_hook)(const volatile void *, size_t),
    void (*free_hook)(const volatile void *));

static void count_malloc(const volatile void *, size_t)
{
    allocations = allocations + 1;
}

static void count_free(const volatile void *)
{
    allocations = allocations + 1;
}

static const int installed =
    __sanitizer_install_malloc_and_free_hooks(count_malloc, count_free);
#else
extern "C" {
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *block);

void *malloc(size_t size)
{
    allocations = allocations + 1;
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size)
{
    allocations = allocations + 1;
    return __libc_calloc(count, size);
}
void *realloc(void *old, size_t size)
{
    allocations = allocations + 1;
    return __libc_realloc(old, size);
}
void *aligned_alloc(size_t align, size_t size)
{
    allocations = allocations + 1;
    return __libc_memalign(align, size);
}
int posix_memalign(void **block, size_t align, size_t size)
{
    allocations = allocations + 1;
    *block = __libc_memalign(align, size);
    return *block ? 0 : ENOMEM;
}
void free(void *block)
{
    allocations = allocations + 1;
    __libc_free(block);
}
}
static const int installed = 1;
#endif

namespace
{

// Devices without memory of their own: what they do allocates nothing.
struct QuietDevice {
    explicit QuietDevice(unsigned impl_max, bool attrs = false,
                         device_endian order = DEVICE_LITTLE_ENDIAN)
    {
        if (attrs) {
            ops.read_with_attrs = [](void *, hwaddr addr, uint64_t *data,
                                     unsigned, MemTxAttrs) -> MemTxResult {
                *data = addr;
                return MEMTX_OK;
            };
            ops.write_with_attrs = [](void *, hwaddr, uint64_t, unsigned,
                                      MemTxAttrs) -> MemTxResult {
                return MEMTX_OK;
            };
        } else {
            ops.read = [](void *, hwaddr addr, unsigned) { return addr; };
            ops.write = [](void *, hwaddr, uint64_t, unsigned) {};
        }
        ops.endianness = order;
        ops.valid.max_access_size = 8;
        ops.impl.max_access_size = impl_max;
        ops.valid.unaligned = true;
    }
    MemoryRegionOps ops{};
};

IOMMUTLBEntry translate_all(IOMMUMemoryRegion *, hwaddr addr, IOMMUAccessFlags,
                            int)
{
    IOMMUTLBEntry e{};
    e.addr_mask = 0xfff;
    e.iova = addr & ~hwaddr{0xfff};
    e.translated_addr = e.iova;
    e.target_as = memory_world_current()->first_space;
    e.perm = IOMMU_RW;
    return e;
}

const TypeInfo kIommuType = [] {
    TypeInfo info{};
    info.name = "plain-iommu";
    info.parent = TYPE_IOMMU_MEMORY_REGION;
    info.instance_size = sizeof(IOMMUMemoryRegion);
    info.class_init = [](ObjectClass *klass, void *) {
        IOMMU_MEMORY_REGION_CLASS(klass)->translate = translate_all;
    };
    return info;
}();

enum : hwaddr {
    kRam = 0,
    kRom = 0x10000,
    kFlash = 0x20000,
    kRamDevice = 0x30000,
    kMmu = 0x100000,
    kDevices = 0x200000, // every kDeviceStep
    kDeviceStep = 0x1000,
    kNothing = 0x800000,
};

class Alloc : public ::testing::Test
{
  protected:
    Alloc()
    {
        type_register_static(&kIommuType);
        memory_region_init(&root, nullptr, "sys", 0x1000000);
        address_space_init(&as, &root, "cpu");
        memory_region_init_ram(make(kRam), nullptr, "ram", 0x10000, nullptr);
        put();
        memory_region_init_rom(make(kRom), nullptr, "rom", 0x10000, nullptr);
        put();
        memory_region_init_rom_device(make(kFlash), nullptr, &device[0].ops,
                                      nullptr, "flash", 0x10000, nullptr);
        put();
        memory_region_init_ram_device_ptr(make(kRamDevice), nullptr, "bar",
                                          sizeof(bytes), bytes);
        put();
        for (unsigned i = 0; i < 32; i++) {
            memory_region_init_io(make(kDevices + i * kDeviceStep), nullptr,
                                  &device[i % 5].ops, nullptr, "dev", 0x100);
            if (i == 5) {
                event_notifier_init(&event, false);
                memory_region_add_eventfd(&region.back(), 8, 4, false, 0,
                                          &event);
            }
            if (i >= 6 && i < 9) {
                memory_region_set_reentrancy(
                    &region.back(), static_cast<MemoryReentrancy>(i - 6));
            }
            if (i == 10) {
                memory_region_set_coalescing(&region.back());
            }
            put();
        }
        memory_region_init_iommu(&mmu, sizeof(mmu), "plain-iommu", nullptr,
                                 "mmu", 0x10000);
        memory_region_add_subregion(&root, kMmu, &mmu.parent_obj);
        memory_region_set_log(&region[0], true, DIRTY_MEMORY_VGA);
    }
    ~Alloc() override
    {
        address_space_destroy(&as);
        memory_region_del_subregion(&root, &mmu.parent_obj);
        memory_region_fini(&mmu.parent_obj);
        for (MemoryRegion &mr : region) {
            memory_region_del_subregion(&root, &mr);
            memory_region_fini(&mr);
        }
        memory_region_fini(&root);
        event_notifier_cleanup(&event);
    }
    MemoryRegion *make(hwaddr addr)
    {
        place = addr;
        return &region.emplace_back();
    }
    void put() { memory_region_add_subregion(&root, place, &region.back()); }
    // Calls of the allocator during work(), which runs once before.
    template <typename Work> static unsigned long count(Work work)
    {
        work();
        unsigned long before = allocations;
        for (int i = 0; i < 3; i++) {
            work();
        }
        return allocations - before;
    }
    // Of anything at each of some places, aligned or not.
    template <typename Work> static unsigned long everywhere(Work work)
    {
        return count([&work] {
            for (hwaddr at :
                 {kRam + 0x40, kRam + 0xfffd, kRom + 8, kFlash + 3,
                  kRamDevice + 5, kMmu + 0x10, kMmu + 0xffe, kNothing + 0}) {
                work(at);
            }
            for (unsigned i = 0; i < 32; i++) {
                work(kDevices + i * kDeviceStep + 8);
                work(kDevices + i * kDeviceStep + 5);
            }
        });
    }
    ScopedWorld scope;
    QuietDevice device[5] = {QuietDevice(4), QuietDevice(1), QuietDevice(8),
                             QuietDevice(2, true),
                             QuietDevice(4, false, DEVICE_BIG_ENDIAN)};
    MemoryRegion root;
    AddressSpace as;
    IOMMUMemoryRegion mmu{};
    std::deque<MemoryRegion> region;
    hwaddr place = 0;
    uint8_t bytes[0x1000] = {};
    EventNotifier event{};
};

// The counter counts: a commit draws a view, and that allocates.
TEST_F(Alloc, counting_works)
{
    ASSERT_TRUE(installed);
    EXPECT_GT(count([] { free(malloc(1)); }), 5u);
    EXPECT_GT(count([this] {
                  memory_region_set_enabled(&region.back(), false);
                  memory_region_set_enabled(&region.back(), true);
                  address_space_ldub(&as, kRam, kPlain, nullptr);
              }),
              0u);
}

TEST_F(Alloc, loads_and_stores)
{
    EXPECT_EQ(everywhere([this](hwaddr at) {
                  address_space_ldub(&as, at, kPlain, nullptr);
                  address_space_lduw(&as, at, kPlain, nullptr);
                  address_space_ldl_le(&as, at, kPlain, nullptr);
                  address_space_ldq_be(&as, at, kPlain, nullptr);
              }),
              0u);
    EXPECT_EQ(everywhere([this](hwaddr at) {
                  address_space_stb(&as, at, 1, kPlain, nullptr);
                  address_space_stw(&as, at, 1, kPlain, nullptr);
                  address_space_stl_le(&as, at, 1, kPlain, nullptr);
                  address_space_stq_be(&as, at, 1, kPlain, nullptr);
              }),
              0u);
}

TEST_F(Alloc, byte_strings)
{
    uint8_t buf[1024] = {};
    EXPECT_EQ(everywhere([&](hwaddr at) {
                  address_space_rw(&as, at, kPlain, buf, 64, false);
                  address_space_rw(&as, at, kPlain, buf, 64, true);
                  address_space_write_rom(&as, at, kPlain, buf, 7);
                  address_space_set(&as, at, 0x5a, 600, kPlain);
                  address_space_read(&as, at, kPlain, buf, 1024);
              }),
              0u);
}

TEST_F(Alloc, dispatch)
{
    EXPECT_EQ(
        count([this] {
            for (MemoryRegion &mr : region) {
                uint64_t value;
                memory_region_dispatch_read(&mr, 4, &value, MO_32, kPlain);
                memory_region_dispatch_read(&mr, 3, &value, MO_64, kPlain);
                memory_region_dispatch_write(&mr, 4, 1, MO_32, kPlain);
                memory_region_dispatch_write(&mr, 3, 1, MO_64, kPlain);
            }
        }),
        0u);
}

TEST_F(Alloc, looking_up)
{
    EXPECT_EQ(everywhere([this](hwaddr at) {
                  hwaddr xlat, len = 64;
                  address_space_translate(&as, at, &xlat, &len, false, kPlain);
                  address_space_access_valid(&as, at, 8, true, kPlain);
                  address_space_get_iotlb_entry(&as, at, false, kPlain);
                  memory_region_present(&root, at);
                  memory_region_unref(memory_region_find(&root, at, 4).mr);
              }),
              0u);
}

TEST_F(Alloc, caches)
{
    for (hwaddr at : {hwaddr{kRam}, hwaddr{kMmu}, hwaddr{kDevices}}) {
        MemoryRegionCache cache = MEMORY_REGION_CACHE_INVALID;
        ASSERT_GT(address_space_cache_init(&cache, &as, at, 64, true), 0);
        EXPECT_EQ(count([&cache] {
                      uint8_t buf[16] = {};
                      address_space_ldl_le_cached(&cache, 4, kPlain, nullptr);
                      address_space_stl_le_cached(&cache, 4, 7, kPlain,
                                                  nullptr);
                      address_space_read_cached(&cache, 0, buf, sizeof(buf));
                      address_space_write_cached(&cache, 0, buf, sizeof(buf));
                      address_space_cache_invalidate(&cache, 0, sizeof(buf));
                  }),
                  0u)
            << std::hex << at;
        address_space_cache_destroy(&cache);
    }
}

// Queued and flushed; the queue itself was made when it was first used.
TEST_F(Alloc, posted_writes)
{
    const hwaddr at = kDevices + 10 * kDeviceStep;
    unsigned queued = 0;
    EXPECT_EQ(count([&] {
                  uint32_t value = 1;
                  for (unsigned i = 0; i < 20; i++) {
                      posted_write(&as, at + 4 * (i % 8), &value, 4, &queued);
                  }
                  address_space_ldl_le(&as, at, kPlain, nullptr);
              }),
              0u);
}

} // namespace
