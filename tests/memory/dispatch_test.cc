// The rules of one access to one device, against a model that only knows bytes.
#include "tests/memory/memory_kit.h"

namespace
{

const unsigned kLimit[] = {0, 1, 2, 4, 8};

struct Rules {
    unsigned valid_min, valid_max, impl_min, impl_max;
    bool valid_unaligned, big;
};

class Dispatch : public ::testing::Test
{
  protected:
    Dispatch() { memory_region_init_io(&mr, nullptr, &dev.ops, &dev, "d", 64); }
    ~Dispatch() override { memory_region_fini(&mr); }
    void set(const Rules &r)
    {
        dev.ops.valid.min_access_size = r.valid_min;
        dev.ops.valid.max_access_size = r.valid_max;
        dev.ops.valid.unaligned = r.valid_unaligned;
        dev.ops.impl.min_access_size = r.impl_min;
        dev.ops.impl.max_access_size = r.impl_max;
        dev.ops.endianness = r.big ? DEVICE_BIG_ENDIAN : DEVICE_LITTLE_ENDIAN;
        dev.calls.clear();
    }
    uint64_t read(hwaddr offset, unsigned size, bool be, MemTxResult *result,
                  MemTxAttrs attrs = kPlain)
    {
        uint64_t value = 0xdead;
        *result = memory_region_dispatch_read(&mr, offset, &value, op(size, be),
                                              attrs);
        return value;
    }
    MemTxResult write(hwaddr offset, unsigned size, bool be, uint64_t value)
    {
        return memory_region_dispatch_write(&mr, offset, value, op(size, be),
                                            kPlain);
    }
    static MemOp op(unsigned size, bool be)
    {
        return static_cast<MemOp>(__builtin_ctz(size) | (be ? MO_BE : MO_LE));
    }
    ScopedWorld scope;
    ByteDevice dev;
    MemoryRegion mr;
};

// `bytes` in address order as a number in that order.
uint64_t number(const std::vector<uint8_t> &bytes, bool be)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size(); i++) {
        size_t at = be ? bytes.size() - 1 - i : i;
        value |= static_cast<uint64_t>(bytes[i]) << 8 * at;
    }
    return value;
}

bool takes(const Rules &r, hwaddr offset, unsigned size)
{
    bool aligned = offset % size == 0;
    bool fits =
        r.valid_max == 0 || (size <= r.valid_max && size >= r.valid_min);
    return (aligned || r.valid_unaligned) && fits;
}

unsigned step_of(const Rules &r, unsigned size)
{
    unsigned min = r.impl_min ? r.impl_min : 1;
    unsigned max = r.impl_max ? r.impl_max : 4;
    return std::max(std::min(size, max), min);
}

template <typename Check> void for_all_rules(Check check)
{
    for (unsigned vmin : kLimit) {
        for (unsigned vmax : kLimit) {
            for (unsigned imin : kLimit) {
                for (unsigned imax : kLimit) {
                    for (int bits = 0; bits < 4; bits++) {
                        check(Rules{vmin, vmax, imin, imax, (bits & 1) != 0,
                                    (bits & 2) != 0});
                    }
                }
            }
        }
    }
}

std::string words(const Rules &r, hwaddr offset, unsigned size, bool be)
{
    std::string s = "valid " + std::to_string(r.valid_min) + ".." +
                    std::to_string(r.valid_max) +
                    (r.valid_unaligned ? " unaligned" : "") + ", impl " +
                    std::to_string(r.impl_min) + ".." +
                    std::to_string(r.impl_max) + (r.big ? ", big" : "") + "; " +
                    std::to_string(size) + (be ? " be" : " le") + " at " +
                    std::to_string(offset);
    return s;
}

// Every rule, size, offset and order: 40,000 reads and as many writes. What is
// read must be the device's bytes in the order asked, however it was split or
// widened; what is written must be exactly those bytes, with zeros where the
// device took more than was asked.
TEST_F(Dispatch, bytes_come_and_go_as_if_there_were_no_rules)
{
    for_all_rules([this](const Rules &r) {
        for (unsigned size : {1u, 2u, 4u, 8u}) {
            for (hwaddr offset = 0; offset < 9; offset++) {
                for (bool be : {false, true}) {
                    set(r);
                    std::vector<uint8_t> mem = dev.mem;
                    unsigned step = step_of(r, size);
                    bool valid = takes(r, offset, size);
                    MemTxResult result;
                    uint64_t value = read(offset, size, be, &result);
                    auto say = [&] { return words(r, offset, size, be); };
                    ASSERT_EQ(result, valid ? MEMTX_OK : MEMTX_DECODE_ERROR)
                        << say();
                    size_t n = valid ? (size + step - 1) / step : 0;
                    ASSERT_EQ(dev.calls.size(), n) << say();
                    for (size_t i = 0; i < n; i++) {
                        ASSERT_EQ(dev.calls[i].offset, offset + i * step);
                        ASSERT_EQ(dev.calls[i].size, step) << say();
                    }
                    auto first =
                        mem.begin() + static_cast<std::ptrdiff_t>(offset);
                    std::vector<uint8_t> bytes(first, first + size);
                    ASSERT_EQ(cut_bytes(value, size),
                              valid ? number(bytes, be) : 0)
                        << say();

                    dev.calls.clear();
                    std::vector<uint8_t> out = {0xa1, 0xb2, 0xc3, 0xd4,
                                                0xe5, 0xf6, 0x17, 0x28};
                    out.resize(size);
                    result = write(offset, size, be, number(out, be));
                    ASSERT_EQ(result, valid ? MEMTX_OK : MEMTX_DECODE_ERROR);
                    ASSERT_EQ(dev.calls.size(), n) << say();
                    std::vector<uint8_t> want = mem;
                    for (size_t i = 0; valid && i < std::max(step, size); i++) {
                        want[offset + i] = i < size ? out[i] : 0;
                    }
                    ASSERT_EQ(dev.mem, want) << say();
                    dev.mem = mem;
                }
            }
        }
        return;
    });
}

// The plan is what dispatch does: explain prints it.
TEST_F(Dispatch, the_plan_says_what_happens_and_why_not)
{
    for_all_rules([this](const Rules &r) {
        for (unsigned size : {1u, 2u, 4u, 8u}) {
            for (hwaddr offset = 0; offset < 9; offset++) {
                set(r);
                AccessPlan plan;
                access_plan(&mr, offset, size, false, kPlain, &plan);
                MemTxResult result;
                read(offset, size, false, &result);
                ASSERT_EQ(plan.valid, result == MEMTX_OK);
                ASSERT_EQ(plan.reason == nullptr, plan.valid);
                if (plan.valid) {
                    ASSERT_EQ(plan.pieces, dev.calls.size());
                    ASSERT_EQ(plan.step, dev.calls[0].size);
                    continue;
                }
                bool unaligned = offset % size && !r.valid_unaligned;
                std::string why = unaligned            ? "unaligned"
                                  : size > r.valid_max ? "max size"
                                                       : "min size";
                ASSERT_EQ(plan.reason, why) << words(r, offset, size, false);
            }
        }
    });
}

// -- single rules, by example
// ---------------------------------------------------

TEST_F(Dispatch, junk_above_the_size_stays_only_in_a_widened_unswapped_read)
{
    dev.ops.read = [](void *, hwaddr, unsigned) {
        return UINT64_C(0x8877665544332211);
    };
    set({1, 8, 4, 8, true, false});
    MemTxResult result;
    EXPECT_EQ(read(0, 1, false, &result), 0x44332211u);
    EXPECT_EQ(read(0, 2, false, &result), 0x44332211u);
    EXPECT_EQ(read(0, 2, true, &result), 0x1122u) << "a swap cuts";
    EXPECT_EQ(read(0, 1, true, &result), 0x44332211u) << "one byte does not";
    set({1, 8, 1, 8, true, false});
    EXPECT_EQ(read(0, 2, false, &result), 0x2211u) << "not widened";
    set({1, 8, 4, 8, true, true});
    EXPECT_EQ(read(0, 1, true, &result), 0x44u) << "big: the top byte";
}

TEST_F(Dispatch, a_byte_written_with_bits_above_keeps_them_when_widened)
{
    set({1, 8, 4, 4, true, false});
    write(0, 1, true, 0x12345678);
    EXPECT_EQ(dev.calls.back().value, 0x12345678u);
    write(0, 2, true, 0x12345678);
    EXPECT_EQ(dev.calls.back().value, 0x7856u);
    set({1, 8, 4, 4, true, true});
    write(2, 2, true, 0xaabb);
    EXPECT_EQ(dev.calls.back(), (Call{'w', 2, 4, 0xaabb0000}));
}

TEST_F(Dispatch, native_devices_follow_the_target)
{
    set({1, 8, 1, 8, true, false});
    dev.ops.endianness = DEVICE_NATIVE_ENDIAN;
    write(0, 4, false, 0x11223344);
    EXPECT_EQ(dev.calls.back().value, 0x11223344u);
    scope.world->target_big_endian = true;
    write(0, 4, false, 0x11223344);
    EXPECT_EQ(dev.calls.back().value, 0x44332211u);
    write(0, 4, true, 0x11223344);
    EXPECT_EQ(dev.calls.back().value, 0x11223344u);
}

TEST_F(Dispatch, accepts_is_asked_first_and_by_attributes)
{
    dev.ops.valid.accepts = [](void *opaque, hwaddr addr, unsigned size,
                               bool is_write, MemTxAttrs attrs) {
        static_cast<ByteDevice *>(opaque)->calls.push_back(
            {'a', addr, size, is_write});
        return attrs.secure == 1;
    };
    MemTxResult result;
    read(1, 4, false, &result); // misaligned as well
    EXPECT_EQ(result, MEMTX_DECODE_ERROR);
    EXPECT_EQ(dev.calls, (std::vector<Call>{{'a', 1, 4, 0}}));
    MemTxAttrs secure{};
    secure.secure = 1;
    AccessPlan plan;
    access_plan(&mr, 1, 4, true, kPlain, &plan);
    EXPECT_STREQ(plan.reason, "accepts");
    access_plan(&mr, 1, 4, true, secure, &plan);
    EXPECT_STREQ(plan.reason, "unaligned");
    dev.calls.clear();
    read(4, 4, false, &result, secure);
    EXPECT_EQ(result, MEMTX_OK);
    EXPECT_EQ(dev.calls.size(), 2u);
}

struct Failing {
    static MemTxResult read(void *, hwaddr addr, uint64_t *data, unsigned,
                            MemTxAttrs)
    {
        *data = addr;
        return addr == 1   ? MemTxResult{MEMTX_ERROR}
               : addr == 2 ? MemTxResult{MEMTX_DECODE_ERROR}
                           : MemTxResult{MEMTX_OK};
    }
};

TEST_F(Dispatch, all_pieces_run_and_results_are_ored)
{
    set({1, 8, 1, 1, true, false});
    dev.ops.read = nullptr;
    dev.ops.read_with_attrs = Failing::read;
    MemTxResult result;
    EXPECT_EQ(read(0, 4, false, &result), 0x03020100u);
    EXPECT_EQ(result, MemTxResult{MEMTX_ERROR | MEMTX_DECODE_ERROR});
    EXPECT_EQ(read(4, 4, false, &result), 0x07060504u);
    EXPECT_EQ(result, MemTxResult{MEMTX_OK});
}

TEST_F(Dispatch, plain_callbacks_win_over_those_with_attributes)
{
    dev.ops.read_with_attrs = Failing::read;
    MemTxResult result;
    read(1, 1, false, &result);
    EXPECT_EQ(result, MemTxResult{MEMTX_OK});
    EXPECT_EQ(dev.calls.size(), 1u);
}

TEST_F(Dispatch, without_a_callback_nothing_answers)
{
    dev.ops.write = nullptr;
    EXPECT_EQ(write(0, 4, false, 1), MemTxResult{MEMTX_DECODE_ERROR});
    MemTxResult result;
    read(0, 4, false, &result);
    EXPECT_EQ(result, MemTxResult{MEMTX_OK});
    MemoryRegion hole, ram, rom;
    memory_region_init_io(&hole, nullptr, nullptr, nullptr, "hole", 16);
    memory_region_init_ram(&ram, nullptr, "ram", 16, nullptr);
    memory_region_init_rom(&rom, nullptr, "rom", 16, nullptr);
    const struct {
        MemoryRegion *mr;
        const char *reason;
    } cases[] = {{&hole, "nothing there"},
                 {&scope.world->unassigned, "nothing there"},
                 {&ram, "not a device"},
                 {&rom, "read-only"}};
    for (const auto &c : cases) {
        AccessPlan plan;
        access_plan(c.mr, 0, 4, true, kPlain, &plan);
        EXPECT_STREQ(plan.reason, c.reason);
        uint64_t value = 7;
        EXPECT_EQ(memory_region_dispatch_read(c.mr, 0, &value, MO_32, kPlain),
                  MemTxResult{MEMTX_DECODE_ERROR});
        EXPECT_EQ(value, 0u);
    }
    for (MemoryRegion *m : {&hole, &ram, &rom}) {
        memory_region_fini(m);
    }
}

TEST_F(Dispatch, an_alias_passes_on_with_its_offset)
{
    MemoryRegion one, two;
    memory_region_init_alias(&one, nullptr, "one", &mr, 8, 4);
    memory_region_init_alias(&two, nullptr, "two", &one, 4, 4);
    uint64_t value;
    EXPECT_EQ(memory_region_dispatch_read(&two, 4, &value, MO_32, kPlain),
              MemTxResult{MEMTX_OK});
    EXPECT_EQ(dev.calls[0].offset, 16u);
    memory_region_fini(&one);
    memory_region_fini(&two);
}

TEST_F(Dispatch, a_ram_device_takes_everything_inside_its_memory)
{
    std::vector<uint8_t> bytes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x77, 0x77};
    MemoryRegion ramd;
    memory_region_init_ram_device_ptr(&ramd, nullptr, "ramd", 10, bytes.data());
    uint64_t value;
    memory_region_dispatch_read(&ramd, 1, &value, MO_64, kPlain);
    EXPECT_EQ(value, UINT64_C(0x0807060504030201));
    memory_region_dispatch_read(&ramd, 8, &value, MO_32, kPlain);
    EXPECT_EQ(value, 0x0908u) << "over the end: zeros";
    memory_region_dispatch_read(&ramd, UINT64_MAX, &value, MO_32, kPlain);
    EXPECT_EQ(value, 0u);
    memory_region_dispatch_write(&ramd, 9, 0xaabbccdd, MO_32, kPlain);
    EXPECT_EQ(bytes[9], 0xdd);
    EXPECT_EQ(bytes[10], 0x77);
    memory_region_fini(&ramd);
}

// -- pieces, for the port
// -----------------------------------------------------------

TEST_F(Dispatch, pieces_are_noted_with_their_bytes_in_address_order)
{
    std::vector<MemoryBeat> room(16);
    MemoryBeats beats{room.data(), 0, 16};
    set({1, 8, 2, 2, true, true});
    MemTxResult result;
    read(4, 8, false, &result);
    EXPECT_EQ(beats.count, 0u) << "nobody looks";
    scope.world->beats = &beats;
    read(4, 8, false, &result);
    write(4, 1, true, 0x5a);
    write(4, 2, true, 0x1234);
    dev.ops.valid.max_access_size = 4;
    read(4, 8, false, &result); // not valid: no piece
    scope.world->beats = nullptr;
    ASSERT_EQ(beats.count, 6u);
    for (unsigned i = 0; i < 4; i++) {
        EXPECT_EQ(room[i].mr, &mr);
        EXPECT_EQ(room[i].cause, BEAT_SPLIT);
        EXPECT_EQ(room[i].offset, 4 + 2 * i);
        EXPECT_EQ(room[i].size, 2u);
        hwaddr o = 4 + 2 * i;
        auto byte = [](hwaddr n) { return static_cast<uint8_t>(0x10 + 7 * n); };
        EXPECT_EQ(room[i].value, byte(o) | uint64_t{byte(o + 1)} << 8);
    }
    EXPECT_EQ(room[4].cause, BEAT_WIDEN);
    EXPECT_EQ(room[4].value, 0x5au);
    EXPECT_EQ(room[4].size, 2u);
    EXPECT_EQ(room[5].cause, BEAT_ACCESS);
    EXPECT_EQ(room[5].value, 0x3412u);
}

TEST_F(Dispatch, how_much_a_byte_string_may_move_at_once)
{
    set({0, 0, 0, 0, false, false});
    EXPECT_EQ(access_size(&mr, 100, 0), 4u) << "default";
    EXPECT_EQ(access_size(&mr, 3, 0), 2u);
    EXPECT_EQ(access_size(&mr, 100, 6), 2u);
    EXPECT_EQ(access_size(&mr, 100, 7), 1u);
    set({1, 8, 0, 0, false, false});
    EXPECT_EQ(access_size(&mr, 100, 8), 8u);
    EXPECT_EQ(access_size(&mr, 100, 0), 8u);
    EXPECT_EQ(access_size(&mr, 7, 8), 4u);
    EXPECT_EQ(access_size(&mr, 100, 4), 4u);
    dev.ops.impl.unaligned = true;
    EXPECT_EQ(access_size(&mr, 100, 3), 8u);
    set({1, 32, 0, 0, false, false});
    EXPECT_EQ(access_size(&mr, 100, 0), 8u) << "a value holds no more";
    EXPECT_EQ(access_size(&mr, UINT64_MAX, 0), 8u);
}

} // namespace
