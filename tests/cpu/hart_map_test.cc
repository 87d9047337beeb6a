// What a hart keeps about memory - decoded code, places, reservations - ends
// with the memory, and follows its bytes.
#include <memory>

#include "tests/cpu/hart_kit.h"

namespace
{

class HartMap : public testing::TestWithParam<Axis>
{
};

// Code that is taken away while blocks of it are kept, and its memory freed:
// by the program's own store, as a device would that unplugs another.
TEST_P(HartMap, CodeThatIsGoneIsNotTouched)
{
    for (bool by_device : {false, true}) {
        SCOPED_TRACE(by_device);
        Board b(axis_options(GetParam()));
        auto *extra = new MemoryRegion();
        memory_region_init_ram(extra, nullptr, "extra", 0x1000, nullptr);
        memory_region_add_subregion(&b.root, HOLE, extra);
        b.put_code(HOLE, {rv::addi(rv::a0, rv::a0, 1), rv::jalr(0, rv::ra, 0)});
        auto unplug = [&] {
            memory_region_del_subregion(&b.root, extra);
            memory_region_fini(extra);
            memset(static_cast<void *>(extra), 0x5a, sizeof(*extra));
            delete extra;
        };
        if (by_device) {
            b.device.told = [&](const Listener::Call &) { unplug(); };
        }
        b.set(rv::t0, HOLE);
        b.set(rv::t1, IO);
        b.run_code({rv::jalr(rv::ra, rv::t0, 0), rv::jalr(rv::ra, rv::t0, 0),
                    by_device ? rv::store(rv::W, 0, 0, rv::t1) : rv::nop(),
                    rv::addi(rv::a1, 0, 7)},
                   8);
        if (!by_device) {
            unplug();
        }
        b.run(10);
        EXPECT_EQ(b.x(rv::a0), 2u);
        EXPECT_EQ(b.x(rv::a1), 7u);
        uint32_t n = 0;
        const PortTraffic *t = port_traffic(hart_fetch_port(b.hart), &n);
        uint64_t there = 0;
        for (uint32_t i = 0; i < n; i++) {
            there += t[i].region_id == b.ram.id ? 0 : t[i].accesses;
        }
        EXPECT_EQ(there, 4u);
    }
}

// What the instruction behind a load reads decides what the load costs, also
// where a block ends between them and the other one is written just before.
TEST_P(HartMap, TheInstructionBehindALoadMayChange)
{
    BoardOptions o = axis_options(GetParam());
    o.profile = "generic-table";
    for (unsigned before : {0u, 61u, 62u, 63u, 64u}) {
        SCOPED_TRACE(before);
        Board b(o);
        const uint64_t behind = RAM + 4 * (2 + before);
        b.set(rv::a1, behind);
        b.set(rv::a3, rv::add(rv::a2, rv::a1, rv::a1));
        std::vector<uint32_t> code = {rv::store(rv::W, rv::a3, 0, rv::a1)};
        code.insert(code.end(), before, rv::nop());
        code.push_back(rv::load(rv::W, rv::a0, 0, rv::a1));
        code.push_back(rv::add(rv::a2, rv::a0, rv::a0)); // waits for the value
        b.run_code(code);
        EXPECT_EQ(b.x(rv::a2), b.sx(static_cast<int64_t>(2 * behind)));
        EXPECT_EQ(hart_counters(b.hart).cycles, code.size());
    }
}

// An instruction that lies in two pages changes with either half of it.
TEST_P(HartMap, AnInstructionInTwoPagesChangesWithBoth)
{
    Board b(axis_options(GetParam()));
    const uint64_t at = RAM + 0x1ffe;
    const uint32_t words[] = {rv::addi(rv::a0, 0, 1), rv::addi(rv::a0, 0, 2),
                              rv::addi(rv::a1, 0, 2)};
    b.put(at, &words[0], 4);
    b.put_code(at + 4, {rv::self()});
    for (unsigned i = 0; i < 3; i++) {
        SCOPED_TRACE(i);
        const uint32_t word = words[i];
        uint16_t half = static_cast<uint16_t>(i == 1 ? word >> 16 : word);
        port_debug(hart_data_port(b.hart), i == 1 ? at + 2 : at, &half, 2,
                   true);
        b.set(rv::a0, 0);
        b.set(rv::a1, 0);
        for (unsigned again = 0; again < 2; again++) {
            hart_set_pc(b.hart, at);
            b.run(20);
        }
        EXPECT_EQ(b.x(word >> 7 & 31), word >> 20);
    }
}

// The log names the instruction that ran, not what it wrote over itself.
TEST_P(HartMap, TheLogShowsWhatRan)
{
    struct Log {
        std::vector<HartCommit> lines;
    };
    Board b(axis_options(GetParam()));
    HartConfig c = *hart_config(b.hart);
    Log log;
    c.opaque = &log;
    c.trapped = nullptr;
    c.commit = [](void *self, Hart *, const HartCommit *line) {
        static_cast<Log *>(self)->lines.push_back(*line);
    };
    Hart *h = hart_new(&c, nullptr);
    b.harts.push_back(h);
    const uint32_t store = rv::store(rv::W, rv::a0, 0, rv::a1);
    b.put_code(RAM, {store, rv::self()});
    hart_set_x(h, rv::a0, rv::addi(rv::a3, 0, 1));
    hart_set_x(h, rv::a1, RAM);
    hart_step(h, 1);
    ASSERT_EQ(log.lines.size(), 1u);
    EXPECT_EQ(log.lines[0].word, store);
    EXPECT_EQ(log.lines[0].rd, 32u);
}

// Whoever sets pc - a debugger, an ELF file's entry - may name any number.
TEST_P(HartMap, AnyPcMayBeSet)
{
    Board b(axis_options(GetParam()));
    b.catch_traps();
    b.put_code(RAM + RAM_SIZE - 4, {rv::nop()});
    for (uint64_t pc : {RAM + RAM_SIZE - 1, RAM + RAM_SIZE - 3, ~UINT64_C(0),
                        ~UINT64_C(1), UINT64_C(1), RAM + 1}) {
        SCOPED_TRACE(pc);
        hart_set_pc(b.hart, pc);
        EXPECT_EQ(hart_pc(b.hart), pc & b.mask() & ~UINT64_C(1));
        b.run(3);
    }
}

ON_ALL_AXES(HartMap);

} // namespace
