// A virtio device beside RAM, and a tiny driver of both transport versions that
// talks to it through its registers and rings only.
#ifndef TESTS_SOC_VIRTIO_KIT_H
#define TESTS_SOC_VIRTIO_KIT_H

#include <cstring>
#include <string>
#include <vector>

#include "soc/bus.h"
#include "soc/virtio.h"
#include "tests/soc/bench.h"

namespace virtio
{

constexpr hwaddr RAM = 0x80000000, RAM_SIZE = 0x200000, OWN = 0x10001000;
constexpr uint64_t CYCLE = 1000; // ps

struct Buffer {
    hwaddr addr;
    uint32_t len;
    bool writable;
};

enum : unsigned { NEXT = 1, WRITE = 2, INDIRECT = 4 };

// T begins with a Virtio.
template <typename T> struct System {
    Bench<T> b;
    MemoryRegion root, ram;
    AddressSpace as;
    Bus bus;
    uint8_t *memory;
    bool timed;

    template <typename F>
    System(const DeviceClass &cls, bool with_bus, F prepare)
        : b(cls, 1000000000, prepare), root{}, ram{}, as{}, bus{},
          timed(with_bus)
    {
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", RAM_SIZE, nullptr);
        memory_region_add_subregion(&root, RAM, &ram);
        memory_region_add_subregion(&root, OWN, &b.dev->mmio);
        address_space_init(&as, &root, "as");
        TimingModel *timing = nullptr;
        if (timed) {
            EXPECT_TRUE(bus_init(&bus, "bus", &b.clock, &b.queue, 4, nullptr));
            bus.model.id = 1;
            timing = &bus.model;
        }
        EXPECT_TRUE(port_init(&v().master, &as, "master", &b.clock, timing, 0,
                              nullptr));
        memory = static_cast<uint8_t *>(memory_region_get_ram_ptr(&ram));
        b.reset();
        b.watch(&v().irq);
    }
    ~System()
    {
        port_fini(&v().master);
        address_space_destroy(&as);
        memory_region_del_subregion(&root, &b.dev->mmio);
        memory_region_del_subregion(&root, &ram);
        memory_region_fini(&ram);
        memory_region_fini(&root);
        if (timed) {
            bus_fini(&bus);
        }
    }
    System(const System &) = delete;
    System &operator=(const System &) = delete;
    Virtio &v() { return *reinterpret_cast<Virtio *>(b.model); }
    uint64_t version() { return v().version; }

    uint8_t *at(hwaddr addr) { return memory + (addr - RAM); }
    uint64_t get(hwaddr addr, unsigned size)
    {
        return virtio_get(at(addr), size);
    }
    void put(hwaddr addr, unsigned size, uint64_t value)
    {
        virtio_put(at(addr), size, value);
    }
    void put(hwaddr addr, const std::string &bytes)
    {
        memcpy(at(addr), bytes.data(), bytes.size());
    }
    std::string text(hwaddr addr, size_t len)
    {
        return std::string(reinterpret_cast<char *>(at(addr)), len);
    }
    uint32_t reg(hwaddr offset)
    {
        return static_cast<uint32_t>(b.read(offset));
    }
    void run(uint64_t cycles = 100000) { b.run(cycles * CYCLE); }
    bool needs_reset() { return reg(VIRTIO_STATUS) & VIRTIO_NEEDS_RESET; }
};

// One queue as a driver sees it, in RAM from `base` on. S is a System, or
// something like it.
template <typename S> struct Ring {
    S &s;
    unsigned index, num;
    hwaddr desc, avail, used;
    uint16_t next_avail = 0, next_used = 0;
    unsigned next_desc = 0;

    Ring(S &system, unsigned queue, unsigned size, hwaddr base)
        : s(system), index(queue), num(size), desc(base),
          avail(base + 16 * size),
          used((avail + 6 + 2 * size + 4095) & ~hwaddr{4095})
    {
        memset(s.at(base), 0, 0x8000);
        s.b.write(VIRTIO_QUEUE_SEL, index);
        EXPECT_LE(num, s.reg(VIRTIO_QUEUE_NUM_MAX));
        s.b.write(VIRTIO_QUEUE_NUM, num);
        if (s.version() == 1) {
            s.b.write(VIRTIO_QUEUE_ALIGN, 4096);
            s.b.write(VIRTIO_QUEUE_PFN, base / 4096);
            return;
        }
        const hwaddr part[] = {desc, avail, used};
        const hwaddr where[] = {VIRTIO_QUEUE_DESC, VIRTIO_QUEUE_DRIVER,
                                VIRTIO_QUEUE_DEVICE};
        for (unsigned i = 0; i < 3; i++) {
            s.b.write(where[i], part[i] & UINT32_MAX);
            s.b.write(where[i] + 4, part[i] >> 32);
        }
        s.b.write(VIRTIO_QUEUE_READY, 1);
    }
    void set_desc(hwaddr table, unsigned i, hwaddr addr, uint32_t len,
                  unsigned flags, unsigned next)
    {
        s.put(table + 16 * i, 8, addr);
        s.put(table + 16 * i + 8, 4, len);
        s.put(table + 16 * i + 12, 2, flags);
        s.put(table + 16 * i + 14, 2, next);
    }
    void fill(hwaddr table, unsigned first, unsigned modulo,
              const std::vector<Buffer> &buffers)
    {
        for (size_t i = 0; i < buffers.size(); i++) {
            bool last = i + 1 == buffers.size();
            set_desc(table, (first + static_cast<unsigned>(i)) % modulo,
                     buffers[i].addr, buffers[i].len,
                     (last ? 0u : NEXT) | (buffers[i].writable ? WRITE : 0u),
                     last ? 0
                          : (first + static_cast<unsigned>(i) + 1) % modulo);
        }
    }
    void expose(unsigned head)
    {
        s.put(avail + 4 + 2 * (next_avail % num), 2, head);
        s.put(avail + 2, 2, ++next_avail);
    }
    // Returns the head.
    unsigned add(const std::vector<Buffer> &buffers)
    {
        unsigned head = next_desc;
        fill(desc, head, num, buffers);
        next_desc = (head + static_cast<unsigned>(buffers.size())) % num;
        expose(head);
        return head;
    }
    unsigned add_indirect(const std::vector<Buffer> &buffers, hwaddr table)
    {
        unsigned head = next_desc;
        fill(table, 0, static_cast<unsigned>(buffers.size()), buffers);
        set_desc(desc, head, table, 16 * static_cast<uint32_t>(buffers.size()),
                 INDIRECT, 0);
        next_desc = (head + 1) % num;
        expose(head);
        return head;
    }
    void kick() { s.b.write(VIRTIO_QUEUE_NOTIFY, index); }
    bool done() { return s.get(used + 2, 2) != next_used; }
    // Takes the next used buffer; returns its length.
    uint32_t take(unsigned *head = nullptr)
    {
        EXPECT_TRUE(done());
        hwaddr e = used + 4 + 8 * (next_used++ % num);
        if (head) {
            *head = static_cast<unsigned>(s.get(e, 4));
        }
        return static_cast<uint32_t>(s.get(e + 4, 4));
    }
};

// Takes the features, up to FEATURES_OK; false: the device refused.
template <typename S> bool negotiate(S &s, uint64_t wanted)
{
    auto &b = s.b;
    bool legacy = s.version() == 1;
    if (legacy) {
        b.write(VIRTIO_GUEST_PAGE_SIZE, 4096); // as Linux does, before reset
    }
    b.write(VIRTIO_STATUS, 0);
    b.write(VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE);
    b.write(VIRTIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    wanted |= legacy ? 0 : VIRTIO_F_VERSION_1;
    for (unsigned i = 0; i < (legacy ? 1 : 2); i++) {
        b.write(VIRTIO_DRIVER_FEATURES_SEL, i);
        b.write(VIRTIO_DRIVER_FEATURES, wanted >> 32 * i & UINT32_MAX);
    }
    if (legacy) {
        return true;
    }
    b.write(VIRTIO_STATUS,
            VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    return s.reg(VIRTIO_STATUS) & VIRTIO_FEATURES_OK;
}

template <typename S> void driver_ok(S &s)
{
    s.b.write(VIRTIO_STATUS, s.reg(VIRTIO_STATUS) | VIRTIO_DRIVER_OK);
}

template <typename S> uint64_t offered(S &s)
{
    s.b.write(VIRTIO_DEVICE_FEATURES_SEL, 0);
    uint64_t low = s.reg(VIRTIO_DEVICE_FEATURES);
    s.b.write(VIRTIO_DEVICE_FEATURES_SEL, 1);
    return low | static_cast<uint64_t>(s.reg(VIRTIO_DEVICE_FEATURES)) << 32;
}

} // namespace virtio

#endif
