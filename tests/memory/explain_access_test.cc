// What --explain announces for an access is what then happens: the text is
// parsed, nothing else, and compared with the access itself on random trees.
#include <cinttypes>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <sstream>

#include "memory/explain.h"
#include "tests/memory/memory_kit.h"

namespace
{

using Random = std::mt19937;

unsigned below(Random &r, unsigned n)
{
    return static_cast<unsigned>(r() % n);
}

// One callback, as it was announced or as it happened.
struct Callback {
    std::string name; // REGION.CALLBACK
    hwaddr offset;
    unsigned size;
    uint64_t value; // written
    bool operator==(const Callback &o) const
    {
        return name == o.name && offset == o.offset && size == o.size &&
               value == o.value;
    }
};

std::ostream &operator<<(std::ostream &os, const Callback &c)
{
    return os << c.name << "(0x" << std::hex << c.offset << std::dec << ", "
              << c.size << ") 0x" << std::hex << c.value << std::dec;
}

// A device with any rules, which answers a hash of where it was asked.
struct AnyDevice {
    static uint64_t answer(hwaddr addr, unsigned size)
    {
        uint64_t x = (addr * 16 + size + 1) * UINT64_C(0x9e3779b97f4a7c15);
        return cut_bytes(x ^ x >> 29, size);
    }
    static AnyDevice *of(void *opaque)
    {
        return static_cast<AnyDevice *>(opaque);
    }
    void note(const char *callback, hwaddr addr, unsigned size, uint64_t value)
    {
        log->push_back({std::string(memory_region_name(mr)) + "." + callback,
                        addr, size, value});
    }
    AnyDevice(Random &r, std::vector<Callback> *calls) : log(calls)
    {
        static const unsigned sizes[] = {0, 1, 2, 4, 8};
        ops.endianness = below(r, 2) ? DEVICE_LITTLE_ENDIAN : DEVICE_BIG_ENDIAN;
        ops.valid.min_access_size = sizes[below(r, 4)];
        ops.valid.max_access_size = sizes[below(r, 5)];
        ops.impl.min_access_size = sizes[below(r, 5)];
        ops.impl.max_access_size = sizes[below(r, 5)];
        ops.valid.unaligned = below(r, 2);
        ops.impl.unaligned = below(r, 4) == 0;
        if (below(r, 3) == 0) {
            ops.valid.accepts = [](void *, hwaddr addr, unsigned size,
                                   bool is_write, MemTxAttrs) {
                return (addr / 4 + size + is_write) % 3 != 0;
            };
        }
        unsigned which = below(r, 8);
        if (which & 1) {
            ops.read = [](void *opaque, hwaddr addr, unsigned size) {
                of(opaque)->note("read", addr, size, 0);
                return answer(addr, size);
            };
        }
        if (!(which & 1) || which & 2) {
            ops.read_with_attrs = [](void *opaque, hwaddr addr, uint64_t *data,
                                     unsigned size, MemTxAttrs) -> MemTxResult {
                of(opaque)->note("read_with_attrs", addr, size, 0);
                *data = answer(addr, size);
                return MEMTX_OK;
            };
        }
        if (which & 4) {
            ops.write = [](void *opaque, hwaddr addr, uint64_t data,
                           unsigned size) {
                of(opaque)->note("write", addr, size, data);
            };
        } else if (which) {
            ops.write_with_attrs = [](void *opaque, hwaddr addr, uint64_t data,
                                      unsigned size,
                                      MemTxAttrs) -> MemTxResult {
                of(opaque)->note("write_with_attrs", addr, size, data);
                return MEMTX_OK;
            };
        }
    }
    std::vector<Callback> *log;
    MemoryRegion *mr = nullptr;
    MemoryRegionOps ops{};
};

// An IOMMU that maps page p to page p ^ 1 of another space, with holes.
struct SwapIommu {
    IOMMUMemoryRegion iommu; // first
    AddressSpace *target;
};

IOMMUTLBEntry translate(IOMMUMemoryRegion *iommu, hwaddr addr, IOMMUAccessFlags,
                        int)
{
    hwaddr page = addr >> 8;
    IOMMUTLBEntry e{};
    e.target_as = reinterpret_cast<SwapIommu *>(iommu)->target;
    e.iova = addr & ~hwaddr{0xff};
    e.translated_addr = (page ^ 1) << 8;
    e.addr_mask = 0xff;
    e.perm = static_cast<IOMMUAccessFlags>(page * 7 % 4);
    return e;
}

const TypeInfo kIommuType = [] {
    TypeInfo info{};
    info.name = "swap-iommu";
    info.parent = TYPE_IOMMU_MEMORY_REGION;
    info.instance_size = sizeof(SwapIommu);
    info.class_init = [](ObjectClass *klass, void *) {
        IOMMU_MEMORY_REGION_CLASS(klass)->translate = translate;
    };
    return info;
}();

enum { kSpan = 0x4000, kRegions = 24 };

// A random tree with everything in it, two spaces, and its event bindings.
class Board
{
  public:
    explicit Board(unsigned seed) : random(seed)
    {
        type_register_static(&kIommuType);
        scope.world->policy.split_unaligned = below(random, 3) == 0;
        scope.world->policy.ignore_rom_writes = below(random, 3) == 0;
        scope.world->target_big_endian = below(random, 2);
        memory_region_init(&root, nullptr, "sys", kSpan);
        memory_region_init(&dma_root, nullptr, "dma_sys", kSpan);
        address_space_init(&as, &root, "cpu");
        address_space_init(&dma, &dma_root, "dma");
        for (EventNotifier &e : event) {
            event_notifier_init(&e, false);
        }
        memory_region_transaction_begin();
        for (unsigned i = 0; i < kRegions; i++) {
            add(&root);
            add(&dma_root);
        }
        memory_region_init_iommu(&swap, sizeof(swap), "swap-iommu", nullptr,
                                 "mmu", kSpan / 2);
        swap.target = &dma;
        memory_region_add_subregion_overlap(&root, below(random, kSpan / 2),
                                            &swap.iommu.parent_obj, priority());
        memory_region_transaction_commit();
    }
    ~Board()
    {
        address_space_destroy(&as);
        address_space_destroy(&dma);
        remove(&swap.iommu.parent_obj);
        for (MemoryRegion &mr : region) {
            remove(&mr);
        }
        for (MemoryRegion &mr : region) {
            memory_region_fini(&mr);
        }
        memory_region_fini(&swap.iommu.parent_obj);
        memory_region_fini(&dma_root);
        memory_region_fini(&root);
        for (EventNotifier &e : event) {
            event_notifier_cleanup(&e);
        }
    }
    Random random;
    ScopedWorld scope;
    MemoryRegion root, dma_root;
    AddressSpace as, dma;
    SwapIommu swap{};
    std::deque<MemoryRegion> region;
    std::deque<AnyDevice> device;
    std::deque<std::vector<uint8_t>> memory;
    std::vector<Callback> calls;
    std::map<std::string, MemoryRegion *> by_name;
    EventNotifier event[3];

  private:
    int priority() { return static_cast<int>(below(random, 4)); }
    static void remove(MemoryRegion *mr)
    {
        if (mr->container) {
            memory_region_del_subregion(mr->container, mr);
        }
    }
    AnyDevice *new_device() { return &device.emplace_back(random, &calls); }
    void bind_events(MemoryRegion *mr)
    {
        for (unsigned n = below(random, 4) * below(random, 2); n; n--) {
            unsigned size = 1u << below(random, 4);
            memory_region_add_eventfd(
                mr, below(random, 16), below(random, 4) ? size : 0,
                below(random, 2), below(random, 4), &event[below(random, 3)]);
        }
    }
    void add(MemoryRegion *container)
    {
        MemoryRegion *mr = &region.emplace_back();
        std::string name = "r" + std::to_string(region.size());
        uint64_t size = 1 + below(random, below(random, 2) ? 0x2800 : 64);
        unsigned kind = below(random, 12);
        if (kind == 0) {
            memory_region_init_ram(mr, nullptr, name.c_str(), size, nullptr);
        } else if (kind == 1) {
            memory_region_init_rom(mr, nullptr, name.c_str(), size, nullptr);
        } else if (kind == 2) {
            memory.emplace_back(size + 8);
            memory_region_init_ram_device_ptr(mr, nullptr, name.c_str(), size,
                                              memory.back().data());
        } else if (kind == 3) {
            AnyDevice *dev = new_device();
            dev->mr = mr;
            memory_region_init_rom_device(mr, nullptr, &dev->ops, dev,
                                          name.c_str(), size, nullptr);
            memory_region_rom_device_set_romd(mr, below(random, 2));
        } else if (kind == 4) {
            memory_region_init_io(mr, nullptr, nullptr, nullptr, name.c_str(),
                                  size % 64 + 1);
        } else if (kind == 5 && region.size() > 4) {
            MemoryRegion *target = &region[below(random, 3)];
            memory_region_init_alias(mr, nullptr, name.c_str(), target,
                                     below(random, 32), size);
        } else {
            AnyDevice *dev = new_device();
            dev->mr = mr;
            memory_region_init_io(mr, nullptr, &dev->ops, dev, name.c_str(),
                                  size);
            bind_events(mr);
            if (below(random, 4) == 0) {
                memory_region_set_flush_coalesced(mr);
            }
            memory_region_set_reentrancy(
                mr, static_cast<MemoryReentrancy>(below(random, 3)));
        }
        if (uint8_t *host = host_of(mr)) {
            for (uint64_t i = 0; i < size; i++) {
                host[i] = static_cast<uint8_t>(random());
            }
        }
        by_name[name] = mr;
        memory_region_add_subregion_overlap(container, below(random, kSpan), mr,
                                            priority());
    }

  public:
    static uint8_t *host_of(MemoryRegion *mr)
    {
        return mr->ram_block ? mr->ram_block->host : nullptr;
    }
};

// What a section of the text says will happen. Stores are done on the side.
struct Announced {
    std::vector<Callback> calls;
    std::vector<unsigned> events;
    std::map<uint8_t *, uint8_t> stored;
    uint64_t value = 0; // read
    MemTxResult result = MEMTX_OK;
    bool complete = false;
};

uint64_t reversed(uint64_t value, unsigned size)
{
    return __builtin_bswap64(value) >> (64 - 8 * size);
}

// Reads one section, line by line.
class Reader
{
  public:
    Reader(Board &b, hwaddr first, bool write, uint64_t data)
        : board(b), base(first), is_write(write), written(data)
    {
    }
    Announced read(const std::string &section)
    {
        std::istringstream in(section);
        std::string line;
        std::getline(in, line); // the heading
        while (std::getline(in, line)) {
            if (!read_line(line.c_str())) {
                ADD_FAILURE() << "unknown line: " << line;
            }
        }
        return says;
    }

  private:
    bool read_line(const char *line)
    {
        char name[64], rest[64];
        unsigned number;
        uint64_t data, addr;
        int end = 0;
        if (starts(line, "  result: ")) {
            says.complete = true;
            says.result = starts(line + 10, "ok") ? MEMTX_OK
                          : starts(line + 10, "decode error")
                              ? MEMTX_DECODE_ERROR
                              : MEMTX_ERROR;
            return true;
        }
        if (sscanf(line, "  0x%" SCNx64 ", %u byte%n", &addr, &size, &end) ==
                2 &&
            line[2] == '0') {
            at = static_cast<unsigned>(addr - base);
            taken = false;
            const char *target = strstr(line + end, ": ") + 2;
            if (sscanf(target, "%63s + 0x%" SCNx64 "%63c", name, &offset,
                       rest) == 3 &&
                strstr(target, ", memory: no callback")) {
                read_memory(board.by_name.at(name));
            }
            here = sscanf(target, "%63s + ", name) == 1 &&
                           board.by_name.count(name)
                       ? board.by_name.at(name)
                       : nullptr;
            return true;
        }
        if (sscanf(line,
                   "    unless the device would see 0x%" SCNx64
                   ": that signals event %u",
                   &data, &number) == 2) {
            if (data == seen_by_device()) {
                take(number);
            }
            return true;
        }
        if (sscanf(line, "    an event binding takes it: signals event %u",
                   &number) == 1) {
            take(number);
            return true;
        }
        return read_call(line) || starts(line, "    valid: ") ||
               starts(line, "    not valid: ") ||
               starts(line, "    posted writes arrive first") ||
               starts(line, "    the world's policy is to ignore it") ||
               starts(line, "    it ends at ") || starts(line, "    cut to ") ||
               starts(line, "      zeros are written beside") ||
               starts(line, "      what was read beside") ||
               (starts(line, "    ") && strstr(line, " callback")) ||
               strstr(line, " translates 0x") || !*line;
    }
    static bool starts(const char *text, const char *with)
    {
        return !strncmp(text, with, strlen(with));
    }
    uint64_t piece() const { return cut_bytes(written >> 8 * at, size); }
    uint64_t seen_by_device() const
    {
        return region_is_big(here) && size > 1 ? reversed(piece(), size)
                                               : piece();
    }
    void take(unsigned id)
    {
        if (!taken) {
            says.events.push_back(id);
        }
        taken = true;
    }
    void read_memory(MemoryRegion *mr)
    {
        for (unsigned i = 0; i < size; i++) {
            uint8_t *host = Board::host_of(mr) + offset + i;
            if (is_write) {
                says.stored[host] = static_cast<uint8_t>(piece() >> 8 * i);
            } else {
                says.value |= static_cast<uint64_t>(*host) << 8 * (at + i);
            }
        }
    }
    // Bytes of a RAM device that a callback of its own reaches.
    static unsigned inside(const MemoryRegion *mr, const Callback &c)
    {
        uint64_t bytes = mr->ram_block->size;
        uint64_t room = c.offset < bytes ? bytes - c.offset : 0;
        return static_cast<unsigned>(room < c.size ? room : c.size);
    }
    // "      uart0.read(0x4, 4): bits 0-31 of the value in its bits 0-31"
    bool read_call(const char *line)
    {
        Callback c{};
        char name[64];
        unsigned low, high, to = 0, to_high;
        int end = 0;
        if (sscanf(line, "      %63[^(](0x%" SCNx64 ", %u): %n", name,
                   &c.offset, &c.size, &end) != 3 ||
            !end) {
            return false;
        }
        c.name = name;
        const char *lanes = line + end;
        bool none = starts(lanes, "nothing of the value");
        if (!none &&
            sscanf(lanes, "bits %u-%u of the value", &low, &high) != 2) {
            return false;
        }
        if (!none && (low >= high || high >= 8 * size)) {
            return false; // there are no such bits
        }
        bool turn = strstr(lanes, ", bytes reversed") != nullptr;
        if (const char *inside = strstr(lanes, " in its bits ")) {
            sscanf(inside, " in its bits %u-%u", &to, &to_high);
        }
        unsigned bytes = none ? 0 : (high - low + 1) / 8;
        std::string of(c.name, 0, c.name.find('.'));
        MemoryRegion *mr = board.by_name.at(of);
        uint8_t *host =
            mr->ram_device ? Board::host_of(mr) + c.offset : nullptr;
        if (is_write && bytes) {
            uint64_t part = cut_bytes(piece() >> low, bytes);
            c.value = (turn ? reversed(part, bytes) : part) << to;
        } else if (bytes) {
            uint64_t all = AnyDevice::answer(c.offset, c.size);
            if (host) {
                all = 0;
                memcpy(&all, host, inside(mr, c));
            }
            uint64_t part = cut_bytes(all >> to, bytes);
            part = turn ? reversed(part, bytes) : part;
            says.value |= part << low << 8 * at;
        }
        if (taken) {
            return true;
        }
        for (unsigned i = 0; host && is_write && i < inside(mr, c); i++) {
            says.stored[host + i] = static_cast<uint8_t>(c.value >> 8 * i);
        }
        if (!host) {
            says.calls.push_back(c);
        }
        return true;
    }
    Board &board;
    hwaddr base;
    bool is_write;
    uint64_t written;
    Announced says;
    // the piece that is being read
    unsigned at = 0, size = 0;
    uint64_t offset = 0;
    bool taken = false;
    MemoryRegion *here = nullptr;
};

std::string explain(AddressSpace *as, hwaddr addr, unsigned size, bool is_write)
{
    char *text = nullptr;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    explain_access(as, addr, size, is_write, out);
    fclose(out);
    std::string s(text, bytes);
    free(text);
    return s;
}

MemTxResult one(AddressSpace *as, hwaddr addr, unsigned size, bool is_write,
                uint64_t *value)
{
    MemTxResult result = MEMTX_OK;
    MemTxResult *res = &result;
    uint64_t v = *value;
    switch (size | (is_write ? 16 : 0)) {
    case 1: *value = address_space_ldub(as, addr, kPlain, res); break;
    case 2: *value = address_space_lduw_le(as, addr, kPlain, res); break;
    case 4: *value = address_space_ldl_le(as, addr, kPlain, res); break;
    case 8: *value = address_space_ldq_le(as, addr, kPlain, res); break;
    case 17:
        address_space_stb(as, addr, static_cast<uint8_t>(v), kPlain, res);
        break;
    case 18:
        address_space_stw_le(as, addr, static_cast<uint16_t>(v), kPlain, res);
        break;
    case 20:
        address_space_stl_le(as, addr, static_cast<uint32_t>(v), kPlain, res);
        break;
    default: address_space_stq_le(as, addr, v, kPlain, res); break;
    }
    return result;
}

// Does the access, and compares what happened with the section.
void compare(Board &b, const std::string &text, bool transfer, hwaddr addr,
             unsigned size, bool is_write, uint64_t data)
{
    size_t split = text.find("\nAs a transfer");
    size_t first = text.find("\nAs one ");
    ASSERT_NE(split, std::string::npos);
    ASSERT_NE(first, std::string::npos);
    std::string section = transfer ? text.substr(split + 1)
                                   : text.substr(first + 1, split - first - 1);
    Announced says = Reader(b, addr, is_write, data).read(section);
    EXPECT_TRUE(says.complete);
    b.calls.clear();
    uint64_t value = is_write ? data : 0;
    MemTxResult result =
        transfer ? address_space_rw(&b.as, addr, kPlain, &value, size, is_write)
                 : one(&b.as, addr, size, is_write, &value);
    EXPECT_EQ(b.calls, says.calls);
    EXPECT_EQ(result, says.result);
    if (!is_write) {
        EXPECT_EQ(value, says.value);
    }
    for (auto [host, byte] : says.stored) {
        EXPECT_EQ(*host, byte);
    }
    for (EventNotifier &e : b.event) {
        bool expected = false;
        for (unsigned id : says.events) {
            expected |= id == e.id;
        }
        EXPECT_EQ(event_notifier_test_and_clear(&e), expected) << e.id;
    }
}

// How often each kind of thing was seen: a test that sees none tests nothing.
struct Seen {
    std::map<std::string, unsigned> times;
    void look(const std::string &text)
    {
        for (const char *what :
             {", memory: no callback",
              "callbacks, split",
              "callback, widened",
              "bytes reversed",
              "event binding takes",
              "unless the device would see",
              "translates",
              "permission to",
              "it ends at",
              "first and last page border",
              "not valid: ",
              "is not a multiple of",
              "bytes are more than",
              "less than the",
              "says no",
              "says yes",
              "is read-only",
              "has no callback",
              "runs over the end",
              "nothing is there",
              "policy is to ignore",
              "posted writes arrive first",
              "read_with_attrs",
              "write_with_attrs",
              "zeros are written",
              "in its bits",
              "as far as the translation goes",
              "split at alignment by policy",
              "more would not be aligned",
              "it takes no more at once",
              "accesses are powers of two",
              "entered again from inside its own callback, writes wait"}) {
            times[what] += text.find(what) != std::string::npos;
        }
    }
};

TEST(ExplainAccess, what_it_announces_happens)
{
    Seen seen;
    for (unsigned seed = 1; seed <= 150; seed++) {
        Board b(seed);
        for (unsigned i = 0; i < 60; i++) {
            unsigned size = 1u << below(b.random, 4);
            hwaddr addr = below(b.random, kSpan + 16);
            if (below(b.random, 3) == 0) { // at the edge of something
                auto &mr = b.region[below(b.random, kRegions)];
                addr = mr.addr + (below(b.random, 2) ? int128_get64(mr.size)
                                                     : below(b.random, 16));
                addr -= below(b.random, 4);
            }
            bool is_write = below(b.random, 2);
            uint64_t data = UINT64_C(0x8877665544332211);
            data = below(b.random, 3) ? data : below(b.random, 4);
            data = cut_bytes(data, size);
            b.calls.clear();
            std::string text = explain(&b.as, addr, size, is_write);
            EXPECT_TRUE(b.calls.empty()) << b.calls[0];
            seen.look(text);
            compare(b, text, false, addr, size, is_write, data);
            // What was stored is new; so is what will be read.
            text = explain(&b.as, addr, size, is_write);
            compare(b, text, true, addr, size, is_write, data);
            ASSERT_FALSE(::testing::Test::HasFailure())
                << "seed " << seed << ", access " << i << "\n"
                << text;
        }
    }
    for (const auto &[what, times] : seen.times) {
        EXPECT_GT(times, 0u) << "never seen: " << what;
    }
}

} // namespace
