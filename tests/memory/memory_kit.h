// memory_kit.h - what the tests of memory/ share: a world per test, and devices
// that remember what was done to them.
#ifndef TESTS_MEMORY_MEMORY_KIT_H
#define TESTS_MEMORY_MEMORY_KIT_H

#include <cstdint>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "memory/internal.h"

inline MemTxAttrs plain_attrs()
{
    MemTxAttrs attrs{};
    attrs.unspecified = 1;
    return attrs;
}
const MemTxAttrs kPlain = plain_attrs();

// A world that is current while the object lives.
class ScopedWorld
{
  public:
    ScopedWorld() : world(memory_world_new()), outer(memory_world_enter(world))
    {
    }
    ~ScopedWorld()
    {
        memory_world_enter(outer);
        memory_world_free(world);
    }
    ScopedWorld(const ScopedWorld &) = delete;
    ScopedWorld &operator=(const ScopedWorld &) = delete;
    MemoryWorld *world;

  private:
    MemoryWorld *outer;
};

struct Call {
    char dir;
    hwaddr offset;
    unsigned size;
    uint64_t value;
    bool operator==(const Call &o) const
    {
        return dir == o.dir && offset == o.offset && size == o.size &&
               value == o.value;
    }
};

inline std::ostream &operator<<(std::ostream &os, const Call &c)
{
    return os << c.dir << "(+0x" << std::hex << c.offset << ", " << std::dec
              << c.size << ", 0x" << std::hex << c.value << std::dec << ")";
}

// A device whose registers are bytes, put together in its own byte order.
struct ByteDevice {
    explicit ByteDevice(size_t bytes = 64) : mem(bytes)
    {
        for (size_t i = 0; i < bytes; i++) {
            mem[i] = static_cast<uint8_t>(0x10 + 7 * i);
        }
        ops.read = [](void *opaque, hwaddr addr, unsigned size) {
            return static_cast<ByteDevice *>(opaque)->read(addr, size);
        };
        ops.write = [](void *opaque, hwaddr addr, uint64_t data,
                       unsigned size) {
            static_cast<ByteDevice *>(opaque)->write(addr, data, size);
        };
        ops.endianness = DEVICE_LITTLE_ENDIAN;
    }
    unsigned lane(unsigned i, unsigned size) const
    {
        return 8 * (ops.endianness == DEVICE_BIG_ENDIAN ? size - 1 - i : i);
    }
    uint64_t read(hwaddr addr, unsigned size)
    {
        uint64_t value = 0;
        for (unsigned i = 0; i < size; i++) {
            uint64_t byte = addr + i < mem.size() ? mem[addr + i] : 0;
            value |= byte << lane(i, size);
        }
        calls.push_back({'r', addr, size, value});
        if (hook) {
            hook();
        }
        return value;
    }
    void write(hwaddr addr, uint64_t data, unsigned size)
    {
        for (unsigned i = 0; i < size; i++) {
            if (addr + i < mem.size()) {
                mem[addr + i] = static_cast<uint8_t>(data >> lane(i, size));
            }
        }
        calls.push_back({'w', addr, size, data});
        if (hook) {
            hook();
        }
    }
    void any_size()
    {
        ops.valid.min_access_size = ops.impl.min_access_size = 1;
        ops.valid.max_access_size = ops.impl.max_access_size = 8;
        ops.valid.unaligned = ops.impl.unaligned = true;
    }
    MemoryRegionOps ops{};
    std::vector<uint8_t> mem;
    std::vector<Call> calls;
    std::function<void()> hook;
};

inline std::vector<uint8_t> read_bytes(AddressSpace *as, hwaddr addr,
                                       size_t len,
                                       MemTxResult *result = nullptr)
{
    std::vector<uint8_t> bytes(len);
    MemTxResult r = address_space_read(as, addr, kPlain, bytes.data(), len);
    if (result) {
        *result = r;
    }
    return bytes;
}

inline MemTxResult write_bytes(AddressSpace *as, hwaddr addr,
                               const std::vector<uint8_t> &bytes)
{
    return address_space_write(as, addr, kPlain, bytes.data(), bytes.size());
}

// "name@offset" of what answers at addr; "-" for nothing.
inline std::string at(AddressSpace *as, hwaddr addr)
{
    FlatRange *r = flatview_lookup(address_space_to_flatview(as), addr);
    if (!r) {
        return "-";
    }
    return std::string(memory_region_name(r->mr)) + "@" +
           std::to_string(r->offset + (addr - int128_get64(r->start)));
}

#endif
