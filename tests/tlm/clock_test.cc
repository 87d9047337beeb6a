// clock_test.cc - a machine whose clock comes from outside. Oracle: the same
// machine with that frequency in its configuration.
#include "tests/tlm/tlm_kit.h"

using namespace tlm_kit;

namespace
{

const std::string mcu = SOURCE_DIR "/configs/mcu.yaml"; // 50 MHz
const std::string elf = BINARY_DIR "/firmware/rv32/app.elf";

std::vector<uint64_t> counts(::Machine *m)
{
    const HartCounters c = hart_counters(machine_hart(m, 0));
    return {machine_time(m), c.cycles,   c.instructions,
            c.data_wait,     c.data_bus, machine_transactions(m)};
}

std::vector<uint64_t> without_kernel(const char *set)
{
    Error *err = nullptr;
    const char *const values[] = {set, nullptr};
    Config *cfg = config_load(mcu.c_str(), values, &err);
    ::Machine *m = machine_new(cfg, &err);
    EXPECT_TRUE(machine_load_elf(m, elf.c_str(), &err));
    EXPECT_EQ(machine_run(m, TIME_NEVER), MACHINE_FINISHED);
    std::vector<uint64_t> seen = counts(m);
    machine_free(m);
    config_free(cfg);
    return seen;
}

TEST(TlmClock, ItsFrequencyIsThatOfTheClock)
{
    sc_core::sc_clock clk("clk", ns(8));
    socscope::Machine soc("soc", clk, mcu, elf, {"clock=1MHz"});
    EXPECT_EQ(machine_clock(soc.handle())->hz, 125000000u);
    tlm::tlm_global_quantum::instance().set(sc_time(1, sc_core::SC_MS));
    soc.stop_at_end(true);
    sc_core::sc_start();
    EXPECT_EQ(soc.exit_status(), 0);
    EXPECT_EQ(counts(soc.handle()), without_kernel("clock=125MHz"));
    EXPECT_NE(counts(soc.handle()), without_kernel("clock=50MHz"));
}

const char *const board_text =
    "version: 1\nname: c\nclock: 50MHz\nbuses:\n  main: {width: 32}\n"
    "memories:\n  - {name: ram, bus: main, at: 0x80000000, size: 4KiB}\n";

// Bound by hand, through a port of the module around it. An access that begins
// with a rising edge does not wait for one.
TEST(TlmClock, EdgesAreThoseOfTheMachine)
{
    struct Chip : sc_core::sc_module {
        sc_core::sc_in<bool> clk{"clk"};
        Board board{board_text};
        socscope::Machine soc{"soc", board.m};
        socscope::TargetPort<32> port{"port", soc, "main"};
        explicit Chip(sc_core::sc_module_name name) : sc_core::sc_module(name)
        {
            soc.clock(clk);
        }
    };
    Chip chip("chip");
    // Falls first, at 10 ns; so it rises at 20 ns.
    sc_core::sc_clock clk("clk", ns(20), 0.5, ns(10), false);
    chip.clk(clk);
    unsigned edges = 0;
    Initiator initiator("initiator", [&](Initiator &i) {
        for (; edges < 100; edges++) {
            uint32_t value;
            sc_time delay;
            sc_core::wait(clk.posedge_event());
            i.access(tlm::TLM_READ_COMMAND, 0x80000000, &value, 4, delay);
            ASSERT_EQ(delay, ns(20));
            sc_core::wait(clk.negedge_event());
            delay = sc_core::SC_ZERO_TIME;
            i.access(tlm::TLM_READ_COMMAND, 0x80000000, &value, 4, delay);
            ASSERT_EQ(delay, ns(10 + 20));
            sc_core::wait(delay); // until the bus is free again
        }
    });
    initiator.socket.bind(chip.port.socket);
    sc_core::sc_start(sc_time(10, sc_core::SC_US));
    EXPECT_EQ(edges, 100u);
}

std::string failure(const std::function<void()> &fn)
{
    try {
        fn();
    } catch (const socscope::Failure &f) {
        return f.what();
    }
    return "accepted";
}

TEST(TlmClock, ClocksThatDoNotFitAreErrors)
{
    sc_core::sc_clock odd("odd", ns(30));
    sc_core::sc_clock late("late", ns(20), 0.5, ns(5), true);
    sc_core::sc_clock low("low", ns(20), 0.25, ns(0), false);
    auto make = [](sc_core::sc_clock &clk) {
        return failure([&] { socscope::Machine soc("soc", clk, mcu); });
    };
    EXPECT_EQ(make(odd), "odd: a period of 30 ns is no whole number of Hz; "
                         "take one that divides 1 s, such as 25 ns");
    EXPECT_EQ(make(late), "late: it first rises at 5 ns, cycles of a machine "
                          "begin at multiples of the period; let it start at 0 "
                          "with a rising edge");
    EXPECT_NE(make(low).find("first rises at 15 ns"), std::string::npos);
}

TEST(TlmClock, AnotherFrequencyThanTheConfigurationsIsAnError)
{
    Board board(board_text);
    sc_core::sc_clock clk("clk", ns(10));
    socscope::Machine soc("soc", board.m);
    soc.clock(clk);
    EXPECT_EQ(failure([] { sc_core::sc_start(); }),
              "soc.clock: clk has 100000000 Hz, `clock:` is 50000000Hz; give "
              "the clock to the constructor, or make them the same");
}

TEST(TlmClock, ASignalIsNoClock)
{
    Board board(board_text);
    sc_core::sc_signal<bool> line("line");
    socscope::Machine soc("soc", board.m);
    soc.clock(line);
    EXPECT_EQ(failure([] { sc_core::sc_start(); }),
              "soc.clock: what is bound is no sc_clock; bind one, or leave the "
              "port unbound");
}

} // namespace
