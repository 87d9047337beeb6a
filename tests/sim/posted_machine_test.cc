// posted_machine_test.cc - posted stores of a machine: what a description may
// say, what harts wait for, and that speed settings change nothing.

#include <gtest/gtest.h>

#include "tests/sim/machine_kit.h"

namespace
{

using namespace kit;

const uint32_t FRAME = 0x90000000, CLINT = 0x02000000, GPIO = 0x18002000;

std::string machine(const std::string &posted, const char *quantum = "1us",
                    unsigned harts = 1, bool turned = false)
{
    std::string last = std::to_string(harts - 1);
    std::string fb = "  - {name: fb, bus: main, at: 0x90000000, size: 64KiB, "
                     "wait_states: {write: {first: 5, next: 1}}, posted: " +
                     posted + "}\n";
    std::string ram = "  - {name: ram, bus: main, at: 0x80000000, size: 64KiB, "
                      "wait_states: {read: 1}}\n";
    return "version: 1\nname: kit\nclock: 50MHz\nquantum: " +
           std::string(quantum) + "\ncpus:\n  - {name: 'cpu[0-" + last +
           "]', isa: rv32imac_zicsr_zifencei, bus: main, reset: 0x80000000}\n"
           "buses:\n  main: {width: 64, overhead: 1}\n"
           "memories:\n" +
           (turned ? ram + fb : fb + ram) +
           "devices:\n"
           "  - {name: uart0, type: ns16550a, bus: main, at: 0x10000000}\n"
           "  - {name: gpio0, type: gpio, bus: main, at: 0x18002000, posted: "
           "{depth: 2, merge: none}}\n"
           "  - {name: test0, type: sifive-test, bus: main, at: 0x00100000, "
           "flush_posted: true}\n"
           "  - {name: clint0, type: clint, bus: main, at: 0x02000000, timer: "
           "['cpu[0-" +
           last + "].mti'], soft: ['cpu[0-" + last + "].msi']}\n";
}

const PostedRegion *region(Kit &k, const char *name)
{
    for (PostedBuffer *b = machine_world(k.m)->posted_buffers; b; b = b->next) {
        for (PostedRegion *r = b->region; r; r = r->next) {
            if (r->mr && std::string(memory_region_name(r->mr)) == name) {
                return r;
            }
        }
    }
    return nullptr;
}

uint64_t flushes(Kit &k, PostedCause cause)
{
    return region(k, "fb")->cause[cause].flushes;
}

const uint32_t fence = 0x0ff0000f, fence_i = 0x0000100f;

// Draws `rows` of 64 bytes each; s0: the frame, a0: what is drawn.
Code draw(int rows)
{
    Code code = li(s0, FRAME) + li(t2, static_cast<uint32_t>(rows));
    Code row;
    for (int i = 0; i < 64; i += i < 16 ? 1 : 4) {
        row.push_back(i < 16 ? sb(a0, i, s0) : sw(a0, i, s0));
    }
    row = row + Code{addi(a0, a0, 7), addi(s0, s0, 64), addi(t2, t2, -1)};
    int back = -4 * static_cast<int>(row.size());
    return code + row + Code{bne(t2, zero, back)};
}

// -- harts
// ------------------------------------------------------------------------

TEST(Machine, FenceWaitsAndIsCounted)
{
    for (uint32_t op : {fence, fence_i}) {
        Kit with(machine("{merge: line, timeout: 0}"),
                 draw(2) + Code{op} + finish(0));
        Kit without(machine("{merge: line, timeout: 0}"),
                    draw(2) + Code{addi(zero, zero, 0)} + finish(0));
        ASSERT_TRUE(with.m) << with.error;
        HartCounters a, b;
        EXPECT_EQ(with.run().stop, MACHINE_FINISHED);
        EXPECT_EQ(without.run().stop, MACHINE_FINISHED);
        a = hart_counters(machine_hart(with.m, 0));
        b = hart_counters(machine_hart(without.m, 0));
        EXPECT_EQ(flushes(with, POSTED_FENCE), 1u);
        EXPECT_EQ(flushes(without, POSTED_FENCE), 0u);
        // the finisher flushes too, so somebody waits in any case
        EXPECT_EQ(flushes(without, POSTED_ACCESS), 1u);
        EXPECT_EQ(a.data_wait, b.data_wait);
        // a line: 1 + 8 + 5 + 7 cycles, twice
        EXPECT_EQ(region(with, "fb")->cause[POSTED_FENCE].wait_ps,
                  UINT64_C(42) * 20000);
        EXPECT_GE(a.data_wait, 42u);
    }
}

TEST(Machine, InterruptWaits)
{
    // The handler is behind the loop: it ends the run.
    Code set = li(t0, 0x80000800) + Code{csrw(MTVEC, t0)} + li(t0, 8) +
               Code{csrw(MIE, t0), csrw(MSTATUS, t0)} + li(t1, CLINT) +
               li(a0, 1) + li(s0, FRAME) +
               Code{sw(a0, 0, s0), sw(a0, 0, t1), j(0)};
    set.resize(0x800 / 4);
    set = set + finish(3);
    Kit k(machine("{timeout: 0}"), set);
    ASSERT_TRUE(k.m) << k.error;
    Outcome o = k.run();
    EXPECT_EQ(o.status, 3);
    EXPECT_EQ(flushes(k, POSTED_INTERRUPT), 1u);
    EXPECT_EQ(hart_counters(machine_hart(k.m, 0)).interrupts, 1u);
    // 1 + 1 + 5, less what the store that raised it took
    uint64_t waited = region(k, "fb")->cause[POSTED_INTERRUPT].wait_ps;
    EXPECT_GE(waited, 7u * 20000);
    EXPECT_LE(waited, 9u * 20000);
}

TEST(Machine, RunLastsUntilAllHasDrained)
{
    Kit k(machine("{timeout: 0}"), draw(1) + Code{j(0)});
    MachineLimits limits = {200, UINT64_MAX, TIME_NEVER};
    machine_set_limits(k.m, &limits);
    EXPECT_EQ(k.run().stop, MACHINE_LIMIT_INSNS);
    EXPECT_EQ(flushes(k, POSTED_STOP), 1u);
    EXPECT_EQ(machine_time(k.m),
              region(k, "fb")->buffer->port.world->posted_buffers->last_done);
    const MachineBus *bus = machine_bus(k.m, 0);
    EXPECT_EQ(machine_time(k.m), bus->bus.lane.free_at);
}

TEST(Machine, DevicePinsChangeWhenTheStoreArrives)
{
    Code code = li(s0, GPIO) + li(a0, 5) +
                Code{sw(a0, 8, s0), sw(a0, 4, s0), fence} + finish(0);
    Kit k(machine("none"), code);
    EXPECT_EQ(k.run().stop, MACHINE_FINISHED);
    const PostedRegion *gpio = region(k, "gpio0");
    EXPECT_EQ(gpio->stores, 2u);
    EXPECT_EQ(gpio->drains, 2u);
    EXPECT_EQ(gpio->cause[POSTED_FENCE].stores, 2u);
    EXPECT_EQ(region(k, "fb"), nullptr);
}

// -- nothing but the description changes a result
// -----------------------------------

TEST(Same, FastAndSlowAndPiecewise)
{
    for (const char *posted :
         {"{merge: line}", "{depth: 2, timeout: 5}",
          "{merge: ascending, depth: 1, timeout: 30, accept: 3}", "none"}) {
        Code code = draw(20) + Code{lw(a1, 0, s0), fence} + draw(3) + finish(0);
        Kit fast(machine(posted), code), slow(machine(posted), code, true);
        Kit pieces(machine(posted), code);
        Kit turned(machine(posted, "1us", 1, true), code);
        Outcome o = fast.run();
        EXPECT_EQ(o.stop, MACHINE_FINISHED);
        EXPECT_EQ(o, slow.run()) << posted;
        EXPECT_EQ(o, turned.run()) << posted;
        uint64_t at = 0;
        MachineStop stop = MACHINE_RUNNING;
        while (stop == MACHINE_RUNNING) {
            at += 777777;
            stop = machine_run(pieces.m, at);
        }
        EXPECT_EQ(o, pieces.outcome(stop)) << posted;
    }
}

TEST(Same, AnyQuantumWithOneHart)
{
    Code code = draw(9) + finish(0);
    Kit a(machine("{depth: 3, timeout: 9}", "1us"), code);
    Kit b(machine("{depth: 3, timeout: 9}", "20ns"), code);
    EXPECT_EQ(a.run(), b.run());
}

TEST(Same, TwoHartsFastAndSlow)
{
    Code code = draw(5) + Code{fence} + draw(5) + finish(0);
    Kit fast(machine("{merge: line}", "200ns", 2), code);
    Kit slow(machine("{merge: line}", "200ns", 2), code, true);
    Outcome o = fast.run();
    EXPECT_EQ(o, slow.run());
    EXPECT_GT(flushes(fast, POSTED_OTHER), 0u);
}

TEST(Same, FrameWithAndWithout)
{
    Code code = draw(30) + finish(0);
    Kit on(machine("{merge: line}"), code), off(machine("none"), code);
    uint64_t with = on.run().time, without = off.run().time;
    EXPECT_LT(with, without);
    const Bus *a = &machine_bus(on.m, 0)->bus, *b = &machine_bus(off.m, 0)->bus;
    EXPECT_LT(a->lane.beats, b->lane.beats);
    auto frame = [](Kit &k) {
        return std::string(static_cast<char *>(memory_region_get_ram_ptr(
                               &machine_memory(k.m, 0)->region)),
                           30 * 64);
    };
    EXPECT_EQ(std::string(machine_memory(on.m, 0)->name), "fb");
    EXPECT_EQ(frame(on), frame(off));
}

// -- descriptions
// ----------------------------------------------------------------

std::string wrong(const std::string &posted)
{
    Kit k(machine(posted));
    return k.error;
}

TEST(Description, SaysWhatIsWrong)
{
    const std::pair<const char *, const char *> cases[] = {
        {"{depth: 0}", "depth: 0 is"},
        {"{depth: 65}", "depth: 65 is"},
        {"{accept: 0}", "accept: 0 is"},
        {"{merge: words}", "merge: unknown value \"words\"; "},
        {"{line: 24}", "line: 24 is not a power of two; write 8, 16, 32, "},
        {"{line: 512}", "line: "},
        {"{from: 64KiB}", "from: "},
        {"{from: 60KiB, size: 8KiB}", "size: "},
        {"{domain: a.b}", "\"a.b\""},
        {"{deep: 2}", "unknown key \"deep\""},
        {"always", "section posted is a single value"},
    };
    for (auto [posted, says] : cases) {
        std::string error = wrong(posted);
        EXPECT_NE(error.find("kit.yaml:"), std::string::npos) << error;
        EXPECT_NE(error.find(says), std::string::npos) << error;
        EXPECT_EQ(error.find('\n'), std::string::npos) << error;
    }
}

TEST(Description, DomainsMustAgree)
{
    EXPECT_EQ(wrong("{depth: 2, merge: none, domain: gpio0}"), "");
    std::string error = wrong("{depth: 2, merge: word, domain: gpio0}");
    EXPECT_NE(error.find("share the buffer of domain \"gpio0\" but not its "
                         "merge; write the same there"),
              std::string::npos)
        << error;
    Kit k(machine("{depth: 2, merge: none, domain: gpio0}"));
    PostedBuffer *b = machine_world(k.m)->posted_buffers;
    EXPECT_EQ(b->next, nullptr);
    EXPECT_STREQ(b->port.name, "gpio0.posted");
    EXPECT_EQ(region(k, "fb")->next, region(k, "gpio0"));
}

TEST(Description, RomTakesNone)
{
    std::string text = machine("{}");
    text.replace(text.find("size: 64KiB, wait"), 11, "size: 64KiB, kind: rom");
    Kit k(text);
    EXPECT_NE(k.error.find("\"fb\" is a rom and takes no stores; remove it, or "
                           "write kind: ram"),
              std::string::npos)
        << k.error;
}

TEST(Description, ReadsBackWhatItWrites)
{
    for (const char *posted :
         {"{}", "none",
          "{depth: 3, merge: ascending, line: 128, timeout: 7, "
          "accept: 2, domain: d, from: 4KiB, size: 100}"}) {
        Kit k(machine(posted));
        ASSERT_TRUE(k.cfg) << k.error;
        char *text = config_text(k.cfg);
        Kit again(text);
        ASSERT_TRUE(again.cfg) << again.error;
        char *second = config_text(again.cfg);
        EXPECT_STREQ(text, second);
        const ConfigPosted &p = again.cfg->memory[0].posted;
        EXPECT_EQ(p.there, std::string(posted) != "none");
        EXPECT_TRUE(again.cfg->device[2].flush_posted ||
                    again.cfg->device[1].flush_posted);
        std::free(text);
        std::free(second);
    }
    Kit k(machine("{from: 4KiB, size: 100}"));
    EXPECT_EQ(k.cfg->memory[0].posted.size, 100u);
    EXPECT_EQ(k.cfg->memory[0].posted.depth, 16u);
    EXPECT_STREQ(k.cfg->memory[0].posted.domain, "fb");
}

TEST(Description, PartOfARegion)
{
    Code code = li(s0, FRAME) +
                Code{sw(s0, 0, s0), sw(s0, 4, s0), sw(s0, 8, s0)} + finish(0);
    Kit k(machine("{from: 4, size: 4}"), code);
    k.run();
    EXPECT_EQ(region(k, "fb")->stores, 1u);
    EXPECT_EQ(flushes(k, POSTED_ACCESS), 1u);
}

} // namespace
